/*
 * Resolve: ties references to objects, puts rules in their effective order,
 * settles the published site of each rule. Works on the model alone.
 */
#include "base/text.h"
#include "model/guid.h"
#include "model/index.h"
#include "model/model.h"

struct resolver {
	struct tmg *t;
	struct arena mem; /* only while resolving */
	struct index *indexes;
	struct hmap sorted; /* direct references that were sorted out: by the list's head, and by who has it */
	const struct tmg_input *in;
	const struct tmg_array *array;
	const struct tmg_obj *owner;
	bool failed;
};

/* Scope 1 looks in the enterprise, everything else in the array itself. */
static void
look_here(struct resolver *rs, const struct tmg_ref *ref, struct hits *h)
{
	for (const struct index *ix = rs->indexes; ix != NULL; ix = ix->next) {
		if (ix->array->input != rs->in)
			continue;
		if (ref->enterprise ? ix->array->enterprise : ix->array == rs->array)
			index_find(ix, ref, h);
	}
}

/* Another input may hold what this one lacks. Predefined objects are the same
 * GUID everywhere, so there the array must be the same one. */
static void
look_elsewhere(struct resolver *rs, const struct tmg_ref *ref, struct hits *h)
{
	char here[TMG_GUID_SIZE];

	for (const struct index *ix = rs->indexes; ix != NULL; ix = ix->next) {
		if (ix->array->input == rs->in)
			continue;
		if (ref->predefined != NULL && !guid_is(&ix->array->o, tmg_guid(&rs->array->o, here)))
			continue;
		if (ref->key[0] != '{')
			continue;
		index_find(ix, ref, h);
	}
}

/* What answers to a reference; says nothing. */
static struct hits
look_up(struct resolver *rs, const struct tmg_ref *ref, bool *elsewhere)
{
	struct hits h = { NULL, 0 };

	look_here(rs, ref, &h);
	*elsewhere = false;
	if (h.count == 0) {
		look_elsewhere(rs, ref, &h);
		*elsewhere = h.count == 1;
	}
	return h;
}

static void
resolve_ref(struct resolver *rs, struct tmg_ref *ref)
{
	const struct predefined *p = predefined_find(ref->key);
	struct hits h;
	bool elsewhere;

	if (ref->key[0] == '\0')
		return; /* an empty reference refers to nothing */
	ref->predefined = p != NULL ? p->name : NULL;
	h = look_up(rs, ref, &elsewhere);
	ref->elsewhere = elsewhere;
	ref->ambiguous = h.count > 1;
	if (h.count == 1)
		ref->to = h.obj;
}

/* Is there something to say of it? */
static bool
ref_tells(const struct tmg_ref *ref)
{
	return ref->key[0] != '\0' &&
	    (ref->ambiguous || ref->elsewhere || (ref->to == NULL && ref->predefined == NULL));
}

static void
tell_ref(struct resolver *rs, const struct tmg_ref *ref)
{
	uint32_t line = tmg_line(rs->owner, ref->below);
	bool elsewhere;

	if (!ref_tells(ref))
		return;
	if (ref->ambiguous)
		diag_obj(&rs->t->diags, D_AMBIGUOUS, rs->owner, line, "%s (%s), %u objects", ref->key,
		    ref->cls != NULL ? ref->cls : "no class", look_up(rs, ref, &elsewhere).count);
	else if (ref->elsewhere)
		diag_obj(&rs->t->diags, D_ELSEWHERE, rs->owner, line, "%s \"%s\" in %s",
		    ref->cls != NULL ? ref->cls : "object", ref->to->name, ref->to->in->input->file);
	else
		diag_obj(&rs->t->diags, D_DANGLING, rs->owner, line, "%s %s", ref->cls != NULL ? ref->cls : "object",
		    ref->key);
}

/* A list may belong to many: it is looked up once, and told of each that has it. */
static void
look_up_refs(struct resolver *rs, struct tmg_ref *list)
{
	if (list == NULL || list->looked_up)
		return;
	list->looked_up = true;
	for (; list != NULL; list = list->next)
		resolve_ref(rs, list);
}

static void
tell_refs(struct resolver *rs, const struct tmg_ref *list)
{
	for (; list != NULL; list = list->next)
		tell_ref(rs, list);
}

static void
resolve_refs(struct resolver *rs, struct tmg_ref *list)
{
	look_up_refs(rs, list);
	tell_refs(rs, list);
}

/* ------------------------------------------------------------ the published site */

static const struct tmg_candidate *
best(const struct tmg_web *w, uint8_t role)
{
	const struct tmg_candidate *b = NULL;

	for (const struct tmg_candidate *c = w->candidates; c != NULL; c = c->next) {
		if (c->role == role && (b == NULL || c->rank <= b->rank))
			b = c;
	}
	return b;
}

/* "https://host:8443/path" -> "host" */
static const char *
host_of_url(struct arena *mem, const char *url)
{
	const char *s = strstr(url, "://"), *end;

	s = s != NULL ? s + 3 : url;
	for (const char *p = s; *p != '\0' && strchr("/\\?#", *p) == NULL; p++) {
		if (*p == '@')
			s = p + 1; /* no user name is a host */
	}
	if (*s == '[' && (end = strchr(s, ']')) != NULL)
		return arena_strn(mem, s, (size_t)(end - s) + 1);
	return arena_strn(mem, s, strcspn(s, ":/\\?#"));
}

static bool
looks_like_host(struct tmg *t, const char *s)
{
	struct strbuf b;
	bool wild, ok;

	sb_init(&b, &t->budget);
	ok = host_canonical(s, &b, &wild) && !wild && (strchr(b.s, '.') != NULL || strchr(b.s, ':') != NULL) &&
	    strspn(b.s, "0123456789.") != strlen(b.s);
	ok = ok || host_is_address(s);
	sb_free(&b);
	return ok;
}

static void
take_site(struct tmg_web *w, const struct tmg_candidate *c, const char *value)
{
	w->site = value;
	w->site_element = c->element;
	w->site_below = c->below;
}

static void
settle_server(struct tmg_web *w)
{
	const struct tmg_candidate *c = best(w, 1), *shared = NULL;

	/* PublishedServerName is on both lists (rank 8 of the sites, 2 of the servers). */
	for (const struct tmg_candidate *i = w->candidates; i != NULL; i = i->next) {
		if (i->role == 0 && i->rank == 8)
			shared = i;
	}
	if (shared != NULL && (c == NULL || c->rank > 2))
		c = shared;
	if (c == NULL)
		return;
	w->server = c->value;
	w->server_element = c->element;
	w->server_below = c->below;
}

/* Section 5.5 of the format notes, step by step. */
static void
settle_site(struct resolver *rs, struct tmg_web *w)
{
	const struct tmg_candidate *c = best(w, 0), *guess = NULL;
	unsigned guesses = 0;

	settle_server(w);
	if (c != NULL)
		take_site(w, c, c->value);
	if ((c = best(w, 2)) != NULL) {
		if (w->deny)
			w->redirect_url = c->value;
		else if (w->site == NULL)
			take_site(w, c, host_of_url(&rs->t->mem, c->value));
	}
	if (w->site == NULL && !w->deny) {
		for (const struct tmg_candidate *i = w->candidates; i != NULL; i = i->next) {
			if (i->role == 3 && looks_like_host(rs->t, i->value)) {
				guess = i;
				guesses++;
			}
		}
	}
	if (guesses == 1 && (w->farm == NULL || w->farm->key[0] == '\0')) {
		take_site(w, guess, guess->value);
		w->guessed = true;
	} else if (w->site == NULL && w->server != NULL) {
		w->site = w->server;
		w->site_element = w->server_element;
		w->site_below = w->server_below;
	} else
		w->uncertain = w->site != NULL && strcmp(w->site_element, "WebSite") != 0;
	if (w->server == NULL && w->site != NULL) {
		w->server = w->site;
		w->server_element = w->site_element;
		w->server_below = w->site_below;
	}
}

/* ------------------------------------------------------------------- rules */

static bool
ref_is(const struct tmg_ref *ref, const char *cls, enum tmg_kind kind)
{
	if (ref->cls != NULL)
		return ascii_casecmp(ref->cls, cls) == 0;
	return ref->to != NULL && ref->to->kind == kind;
}

/* One that lost its class and role may be a user set: then not everybody is meant. */
static bool
is_users(const struct tmg_ref *ref)
{
	return ref_is(ref, "UserSet", TMG_K_USER_SET) ||
	    (ref->role != NULL && ascii_casecmp(ref->role, "UserSets") == 0) ||
	    (ref->cls == NULL && ref->role == NULL && ref->to == NULL && ref->key[0] != '\0');
}

/* A direct reference whose purpose is not known; so is not what it restricts. */
static bool
is_strange(const struct tmg_ref *ref)
{
	return !ref_is(ref, "WebListener", TMG_K_LISTENER) && !ref_is(ref, "PolicyGroup", TMG_K_OTHER);
}

/* The direct references of web publishing properties, as the file has them and sorted out. */
struct sorted {
	const struct tmg_ref *head; /* of the list as it was read: the key */
	struct tmg_ref *rest, *users;
	struct tmg_ref **all; /* in the order of the file */
	size_t count;
	const struct tmg_listener *listener;
	bool strange, tells;
};

static void
sort_out(struct sorted *so, struct tmg_ref *list)
{
	struct tmg_ref **last = &so->rest, **users = &so->users, *next;
	unsigned listeners = 0;

	for (struct tmg_ref *ref = list; ref != NULL; ref = next) {
		next = ref->next;
		ref->next = NULL;
		so->all[so->count++] = ref;
		so->tells |= ref_tells(ref);
		if (is_users(ref)) {
			*users = ref;
			users = &ref->next;
			continue;
		}
		*last = ref;
		last = &ref->next;
		if (ref_is(ref, "WebListener", TMG_K_LISTENER)) {
			listeners++;
			so->listener = ref->to != NULL && ref->to->kind == TMG_K_LISTENER
			    ? (const struct tmg_listener *)(const void *)ref->to
			    : NULL;
		}
		so->strange |= is_strange(ref);
	}
	if (listeners > 1)
		so->listener = NULL;
	so->tells |= so->strange;
}

/* Several records may hold one list, which is sorted out for all of them at once. */
static struct sorted *
sorted_refs(struct resolver *rs, struct tmg_ref *list)
{
	void **slot = hmap_slot(&rs->sorted, (const char *)&list, sizeof(list), false);
	struct sorted *so = slot != NULL ? *slot : NULL;
	size_t n = 0;

	if (so != NULL)
		return so;
	look_up_refs(rs, list);
	for (const struct tmg_ref *ref = list; ref != NULL; ref = ref->next)
		n++;
	if ((so = arena_alloc(&rs->mem, sizeof(*so))) == NULL ||
	    (so->all = arena_array(&rs->mem, n, sizeof(struct tmg_ref *))) == NULL)
		return NULL;
	so->head = list;
	slot = hmap_slot(&rs->sorted, (const char *)&so->head, sizeof(so->head), true);
	if (slot == NULL)
		return NULL;
	*slot = so;
	sort_out(so, list);
	return so;
}

/* What a record of web publishing properties has to say of each rule is found where its references
 * were sorted out: that is kept by the record, too. */
static void
keep_sorted(struct resolver *rs, const struct tmg_web *w, struct sorted *so)
{
	const struct tmg_web **key = arena_alloc(&rs->mem, sizeof(struct tmg_web *));
	void **slot = NULL;

	if (key != NULL) {
		*key = w;
		slot = hmap_slot(&rs->sorted, (const char *)key, sizeof(w), true);
	}
	if (slot == NULL)
		rs->failed = true;
	else
		*slot = so;
}

/* Once for each record, whichever rule comes first. */
static void
resolve_web(struct resolver *rs, struct tmg_web *w)
{
	struct sorted *so = NULL;
	bool tells = false;

	w->resolved = true;
	if (w->refs != NULL) {
		if ((so = sorted_refs(rs, w->refs)) == NULL) {
			rs->failed = true;
			return;
		}
		w->refs = so->rest;
		w->users = so->users;
		w->has_users |= so->users != NULL;
		w->users_unknown |= so->strange;
		w->listener = so->listener;
		tells = so->tells;
	}
	look_up_refs(rs, w->farm);
	for (const struct tmg_ref *ref = w->farm; ref != NULL; ref = ref->next)
		tells |= ref_tells(ref);
	settle_site(rs, w);
	w->tells = tells || w->guessed || w->uncertain;
	if (w->tells && so != NULL)
		keep_sorted(rs, w, so);
}

/* For each rule. */
static void
tell_web(struct resolver *rs, const struct tmg_rule *rule)
{
	const struct tmg_web *w = rule->web;
	void **slot = hmap_slot(&rs->sorted, (const char *)&w, sizeof(w), false);
	const struct sorted *so = slot != NULL ? *slot : NULL;

	for (size_t i = 0; so != NULL && i < so->count; i++)
		tell_ref(rs, so->all[i]);
	tell_refs(rs, w->farm);
	for (size_t i = 0; so != NULL && i < so->count; i++) {
		const struct tmg_ref *ref = so->all[i];

		if (!is_users(ref) && is_strange(ref))
			diag_obj(&rs->t->diags, D_UNKNOWN_REFERENCE, &rule->o, tmg_line(&rule->o, ref->below), "%s",
			    ref->cls != NULL ? ref->cls : ref->key);
	}
	if (w->guessed || w->uncertain)
		diag_obj(&rs->t->diags, w->guessed ? D_SITE_UNKNOWN : D_SITE_GUESSED, &rule->o, tmg_site_line(rule),
		    "%s is %s", w->site_element, w->site);
}

static void
resolve_rule(struct resolver *rs, struct tmg_rule *rule)
{
	rs->owner = &rule->o;
	resolve_refs(rs, rule->terms->refs);
	if (rule->terms->sources != NULL)
		resolve_refs(rs, rule->terms->sources->refs);
	for (struct tmg_ref *ref = rule->terms->refs; ref != NULL; ref = ref->next) {
		if (ref_is(ref, "ProxyScheduleTemplate", TMG_K_SCHEDULE)) {
			if (ref->to != NULL && ref->to->kind == TMG_K_SCHEDULE)
				rule->terms->schedule = (const struct tmg_schedule *)(const void *)ref->to;
		} else if (!ref_is(ref, "PolicyGroup", TMG_K_OTHER))
			diag_obj(&rs->t->diags, D_UNKNOWN_REFERENCE, &rule->o, tmg_line(&rule->o, ref->below), "%s",
			    ref->cls != NULL ? ref->cls : ref->key);
	}
	if (rule->web != NULL && !rule->web->resolved)
		resolve_web(rs, rule->web);
	if (rule->web != NULL && rule->web->tells)
		tell_web(rs, rule);
	/* What kind of rule it is shows in its properties before it shows in Type. */
	if (rule->web != NULL)
		rule->type = 2;
	if ((rule->stated & TMG_S_ENABLED) == 0 && rule->web != NULL && !rule->system)
		diag_obj(&rs->t->diags, D_NO_ENABLED, &rule->o, 0, NULL);
}

static int
rule_cmp(const void *pa, const void *pb)
{
	const struct tmg_rule *a = *(const struct tmg_rule *const *)pa, *b = *(const struct tmg_rule *const *)pb;

	if (a->system != b->system)
		return a->system ? -1 : 1;
	if (a->is_default != b->is_default)
		return a->is_default ? 1 : -1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if (a->order_rest != b->order_rest)
		return a->order_rest < b->order_rest ? -1 : 1;
	return a->position < b->position ? -1 : a->position > b->position;
}

/* A rule without an order takes the one of its neighbour above in the file. */
static void
fill_orders(struct resolver *rs, struct tmg_array *a)
{
	const struct tmg_rule *above = NULL;
	bool any = false;

	for (struct tmg_rule *r = a->rules; r != NULL; r = tmg_next_rule(r))
		any |= (r->stated & TMG_S_ORDER) != 0;
	for (struct tmg_rule *r = a->rules; r != NULL; r = tmg_next_rule(r)) {
		if ((r->stated & TMG_S_ORDER) == 0 && any) {
			r->order = above != NULL ? above->order : 0;
			r->order_rest = above != NULL ? above->order_rest : 0;
			if (r->web != NULL)
				diag_obj(&rs->t->diags, D_ORDER_ABSENT, &r->o, 0, NULL);
		}
		above = r;
	}
}

/* Most files have their rules in order. */
static bool
in_order(const struct tmg_array *a)
{
	for (const struct tmg_rule *r = a->rules; tmg_next_rule(r) != NULL; r = tmg_next_rule(r)) {
		const struct tmg_rule *next = tmg_next_rule(r);

		if (rule_cmp(&r, &next) > 0)
			return false;
	}
	return true;
}

static void
sort_rules(struct resolver *rs, struct tmg_array *a, uint32_t *position)
{
	size_t n = 0, size = (size_t)a->rule_count * sizeof(struct tmg_rule *);
	struct tmg_rule **v;

	if (a->rules == NULL)
		return;
	fill_orders(rs, a);
	if (in_order(a)) {
		for (struct tmg_rule *r = a->rules; r != NULL; r = tmg_next_rule(r))
			r->position = ++*position;
		return;
	}
	if ((v = budget_realloc(&rs->t->budget, NULL, 0, size)) == NULL) {
		rs->failed = true;
		return;
	}
	for (struct tmg_rule *r = a->rules; r != NULL; r = tmg_next_rule(r))
		v[n++] = r;
	qsort(v, n, sizeof(v[0]), rule_cmp);
	for (size_t i = 0; i < n; i++) {
		v[i]->position = ++*position;
		v[i]->o.next = i + 1 < n ? &v[i + 1]->o : NULL;
	}
	a->rules = v[0];
	budget_free(&rs->t->budget, v, size);
}

/* --------------------------------------------------------------- listeners */

static void
resolve_listener(struct resolver *rs, struct tmg_listener *l)
{
	rs->owner = &l->o;
	for (struct tmg_bind *b = l->binds; b != NULL; b = b->next)
		resolve_refs(rs, b->network);
	resolve_refs(rs, l->networks);
	resolve_refs(rs, l->schemes);
	if ((l->stated & TMG_S_TCP_PORT) == 0) {
		l->http_port = l->https_port == 0 ? 80 : 0;
		diag_obj(&rs->t->diags, D_LISTENER_PORT, &l->o, 0, "port %d", l->http_port);
	}
	for (const struct tmg_certificate *c = l->certificates; c != NULL; c = c->next) {
		if (!c->valid)
			diag_obj(
			    &rs->t->diags, D_CERT_HASH, &l->o, c->line, "%s", c->hash != NULL ? c->hash : "no hash");
	}
	if (l->https_port != 0 && l->certificates == NULL)
		diag_obj(&rs->t->diags, D_NO_CERTIFICATE, &l->o, 0, NULL);
}

static void
resolve_array(struct resolver *rs, struct tmg_array *a, uint32_t *position)
{
	struct tmg_obj *o;

	rs->array = a;
	for (o = a->first[TMG_K_LISTENER]; o != NULL; o = o->next)
		resolve_listener(rs, (struct tmg_listener *)(void *)o);
	for (o = a->first[TMG_K_NETWORK]; o != NULL; o = o->next) {
		rs->owner = o;
		resolve_refs(rs, ((struct tmg_network *)(void *)o)->refs);
	}
	for (o = a->first[TMG_K_NETWORK_SET]; o != NULL; o = o->next) {
		rs->owner = o;
		resolve_refs(rs, ((struct tmg_network_set *)(void *)o)->refs);
	}
	for (o = a->first[TMG_K_COMPUTER_SET]; o != NULL; o = o->next) {
		rs->owner = o;
		resolve_refs(rs, ((struct tmg_computer_set *)(void *)o)->refs);
	}
	sort_rules(rs, a, position);
	for (struct tmg_rule *r = a->rules; r != NULL; r = tmg_next_rule(r))
		resolve_rule(rs, r);
}

static void
make_indexes(struct resolver *rs)
{
	uint64_t key[2];

	hash_seed(key);
	for (const struct tmg_input *in = rs->t->inputs; in != NULL; in = in->next) {
		for (const struct tmg_array *a = in->arrays; a != NULL && !rs->failed; a = a->next) {
			struct index *ix = index_make(&rs->mem, key, a);

			if (ix == NULL) {
				rs->failed = true;
				return;
			}
			ix->next = rs->indexes;
			rs->indexes = ix;
		}
	}
}

enum tmg_status
resolve(struct tmg *t)
{
	struct resolver rs = { .t = t };
	uint32_t position;

	if (t->resolved)
		return t->resolve_status;
	t->resolved = true;
	arena_init(&rs.mem, &t->budget);
	hmap_init(&rs.sorted, &t->budget);
	make_indexes(&rs);
	for (struct tmg_input *in = t->inputs; in != NULL && !rs.failed; in = in->next) {
		rs.in = in;
		position = 0;
		for (struct tmg_array *a = in->arrays; a != NULL; a = a->next)
			resolve_array(&rs, a, &position);
		for (size_t i = 0; i < t->opt.map_count && i < 64; i++) {
			if ((t->maps_used >> i & 1) == 0)
				diag_file(&t->diags, D_MAP_UNUSED, in->file, 0, "%s=%s", t->opt.maps[i].from,
				    t->opt.maps[i].to);
		}
	}
	hmap_free(&rs.sorted);
	rs.failed |= rs.mem.failed;
	arena_free(&rs.mem);
	rs.failed |= t->mem.failed || t->diags.failed || t->budget.refused;
	return t->resolve_status = rs.failed ? TMG_ENOMEM : TMG_OK;
}
