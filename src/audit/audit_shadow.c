/*
 * Checks of section G on the order of rules: those that no request reaches, since rules
 * before them take everything that they could, and those that stand there twice. Says
 * nothing of Lync's own rules, which have rows of their own.
 *
 * A rule is followed by name and path: for each host there is a chain of the rules so far
 * that name it, with whom and when they admit. A request that a rule before takes from
 * everybody, or from the same clients at the same hours, is gone.
 */
#include "audit/audit.h"

/* Rules of one host that are looked at; beyond it nothing is claimed. */
#define CHAIN_MOST 256
/* Bytes of paths that are compared for one export; beyond it nothing is claimed, either. */
#define WORK_MOST (UINT64_C(1) << 28)

struct link {
	const struct view_rule *rule;
	struct link *next;
};

struct chain {
	const struct view_rule *whole; /* takes every path, from everybody, at all hours */
	struct link *first, **last;
	size_t count;
};

/* What a rule takes requests from, and what else is remembered of it. */
struct taken {
	const char *condition; /* "": everybody, always; NULL: cannot be compared */
	struct hmap paths;     /* canonical path, "/" + "*" behind a prefix -> its view_path */
};

struct order {
	struct view *v;
	const struct view_listener *l;
	struct hmap exact, below; /* host -> struct chain; `below` by the part behind "*." */
	struct chain any;         /* rules for all names */
	struct hmap twins;        /* all that a rule takes, as one text -> the first rule of it */
	struct taken *taken;      /* by place in the view */
	uint64_t work;
};

/* ---- conditions ------------------------------------------------------------------------ */

static bool
is_anywhere(const struct tmg_ref *ref)
{
	const struct predefined *p = predefined_find(ref->key);

	return !ref->excluded && p != NULL && p->what == PRE_ANYWHERE;
}

/* From whom and when, as a text that can be compared. */
static const char *
condition_of(struct view *v, const struct tmg_rule *rule)
{
	const struct tmg_selection *from = rule->sources;
	bool anywhere = from == NULL, except = false;
	struct strbuf b;
	const char *s;

	if (from != NULL && from->unknown)
		return NULL;
	for (const struct tmg_ref *ref = from != NULL ? from->refs : NULL; ref != NULL; ref = ref->next) {
		anywhere = anywhere || is_anywhere(ref);
		except = except || ref->excluded;
	}
	sb_init(&b, v->a->budget);
	if (!anywhere || except)
		for (const struct tmg_ref *ref = from != NULL ? from->refs : NULL; ref != NULL; ref = ref->next)
			sb_fmt(&b, "%d %d %s\n", ref->excluded, ref->enterprise, ref->key);
	if (!rule->applies_always)
		sb_fmt(&b, "at %s\n", rule->schedule != NULL ? rule->schedule->o.guid : "?");
	if (from != NULL && from->refs == NULL)
		sb_puts(&b, "nobody\n");
	s = arena_str(v->mem, b.s);
	v->failed = v->failed || b.failed || s == NULL;
	sb_free(&b);
	return s;
}

/* ---- paths ------------------------------------------------------------------------------ */

static bool
takes_everything(const struct view_rule *r)
{
	return r->all_paths || (r->rule->deny && r->path_count == 0);
}

static void
paths_add(struct order *o, const struct view_rule *r)
{
	struct taken *t = &o->taken[r->index];

	for (size_t i = 0; i < r->path_count; i++) {
		const struct view_path *p = &r->paths[i];
		const char *key = p->bad ? NULL : p->prefix ? arena_fmt(o->v->mem, "%s/*", p->path) : p->path;

		if (!p->bad && (key == NULL || !hmap_put(&t->paths, key, (void *)(uintptr_t)p)))
			o->v->failed = true;
	}
}

/* Does a rule before take all that this path of a later one stands for? */
static bool
path_taken(struct order *o, const struct view_rule *before, const struct view_path *p)
{
	struct taken *t = &o->taken[before->index];
	struct strbuf b;
	bool found_it = false;
	char *slash;

	o->work += 32;
	if (takes_everything(before))
		return true;
	if (!p->prefix && hmap_get(&t->paths, p->path) != NULL)
		return true;
	sb_init(&b, o->v->a->budget);
	sb_puts(&b, p->path);
	while (!found_it && !b.failed && o->work < WORK_MOST) {
		size_t len = b.len;

		o->work += len;
		sb_puts(&b, "/*");
		found_it = !b.failed && hmap_get(&t->paths, b.s) != NULL;
		b.s[len] = '\0';
		b.len = len;
		if ((slash = strrchr(b.s, '/')) == NULL)
			break;
		*slash = '\0';
		b.len = (size_t)(slash - b.s);
	}
	o->v->failed = o->v->failed || b.failed;
	sb_free(&b);
	return found_it;
}

/* ---- hosts ------------------------------------------------------------------------------- */

static struct chain *
chain_of(struct order *o, struct hmap *map, const char *host)
{
	void **slot = hmap_slot(map, host, strlen(host), true);

	if (slot != NULL && *slot == NULL && (*slot = arena_alloc(o->v->mem, sizeof(struct chain))) != NULL)
		((struct chain *)*slot)->last = &((struct chain *)*slot)->first;
	if (slot == NULL || *slot == NULL) {
		o->v->failed = true;
		return NULL;
	}
	return *slot;
}

static void
chain_add(struct order *o, struct chain *c, const struct view_rule *r)
{
	struct link *n;

	if (c == NULL || c->whole != NULL || c->count >= CHAIN_MOST)
		return;
	if (takes_everything(r) && *o->taken[r->index].condition == '\0')
		c->whole = r;
	if ((n = arena_alloc(o->v->mem, sizeof(*n))) == NULL) {
		o->v->failed = true;
		return;
	}
	n->rule = r;
	*c->last = n;
	c->last = &n->next;
	c->count++;
}

/* The first rule of a chain that takes this path of r; NULL: none. */
static const struct view_rule *
chain_taker(struct order *o, const struct chain *c, const struct view_rule *r, const struct view_path *p)
{
	const char *mine = o->taken[r->index].condition;

	for (const struct link *n = c != NULL ? c->first : NULL; n != NULL && o->work < WORK_MOST; n = n->next) {
		const char *its = o->taken[n->rule->index].condition;

		if ((*its == '\0' || strcmp(its, mine) == 0) && path_taken(o, n->rule, p))
			return n->rule;
	}
	return NULL;
}

/* NULL as name: the rule is for all of them. */
static const struct view_rule *
taker(struct order *o, const struct view_rule *r, const struct view_name *n, const struct view_path *p)
{
	const struct view_rule *t = chain_taker(o, &o->any, r, p);
	const char *dot;

	if (t != NULL || n == NULL)
		return t;
	if (!n->wild)
		t = chain_taker(o, hmap_get(&o->exact, n->host), r, p);
	else
		t = chain_taker(o, hmap_get(&o->below, n->host), r, p);
	for (dot = strchr(n->host, '.'); dot != NULL && t == NULL; dot = strchr(dot + 1, '.'))
		t = chain_taker(o, hmap_get(&o->below, dot + 1), r, p);
	return t;
}

/* ---- judging ------------------------------------------------------------------------------ */

/* One of the rules that take everything of r away; NULL: something is left for it. */
static const struct view_rule *
shadow_of(struct order *o, const struct view_rule *r)
{
	static const struct view_path root = { .path = "", .prefix = true };
	const struct view_rule *by = NULL, *first = NULL;
	size_t names = r->web->all_public_names ? 1 : r->name_count, good = 0;
	size_t paths = takes_everything(r) ? 1 : r->path_count;

	for (size_t i = 0; i < names; i++) {
		const struct view_name *n = r->web->all_public_names ? NULL : &r->names[i];

		for (size_t k = 0; k < paths && (n == NULL || !n->bad); k++) {
			const struct view_path *p = takes_everything(r) ? &root : &r->paths[k];

			if (p->bad)
				continue;
			good++;
			if ((by = taker(o, r, n, p)) == NULL)
				return NULL;
			first = first == NULL ? by : first;
		}
	}
	return good > 0 ? first : NULL;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
put_sorted(struct strbuf *b, const char **list, size_t n)
{
	qsort(list, n, sizeof(*list), compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(list[i], list[i - 1]) != 0)
			sb_fmt(b, "%s\n", list[i]);
	sb_putc(b, '\n');
}

/* All that a rule takes as one text, whatever the order of its names and paths. */
static const char *
everything(struct order *o, const struct view_rule *r)
{
	size_t n = r->name_count > r->path_count ? r->name_count : r->path_count, names = 0, paths = 0;
	const char **list = arena_array(o->v->mem, n + 1, sizeof(*list)), *s = NULL;
	struct strbuf b;

	if (list == NULL)
		return NULL;
	sb_init(&b, o->v->a->budget);
	sb_fmt(&b, "%s\n", o->taken[r->index].condition);
	for (size_t i = 0; i < r->name_count && !r->web->all_public_names; i++)
		if (!r->names[i].bad)
			list[names++] =
			    r->names[i].wild ? arena_fmt(o->v->mem, "*.%s", r->names[i].host) : r->names[i].host;
	if (!o->v->mem->failed)
		put_sorted(&b, list, names);
	for (size_t i = 0; i < r->path_count && !takes_everything(r); i++)
		if (!r->paths[i].bad)
			list[paths++] =
			    r->paths[i].prefix ? arena_fmt(o->v->mem, "%s/*", r->paths[i].path) : r->paths[i].path;
	if (!o->v->mem->failed) {
		put_sorted(&b, list, paths);
		s = b.failed ? NULL : arena_str(o->v->mem, b.s);
	}
	sb_free(&b);
	return s;
}

/* The rule before that takes exactly the same; remembers r if there is none. */
static const struct view_rule *
twin_of(struct order *o, const struct view_rule *r)
{
	const char *key = everything(o, r);
	void **slot = key == NULL ? NULL : hmap_slot(&o->twins, key, strlen(key), true);

	if (slot == NULL) {
		o->v->failed = true;
		return NULL;
	}
	if (*slot != NULL)
		return *slot;
	*slot = (void *)(uintptr_t)r;
	return NULL;
}

static bool
leads_alike(const struct view_rule *a, const struct view_rule *b)
{
	return a->rule->deny == b->rule->deny && str_eq(a->web->redirect_url, b->web->redirect_url) &&
	    (a->rule->deny ||
		(str_caseeq(a->web->server, b->web->server) && a->tls_to_port == b->tls_to_port &&
		    a->plain_to_port == b->plain_to_port && a->tls_to_tls == b->tls_to_tls &&
		    a->plain_to_tls == b->plain_to_tls));
}

static void
judge(struct order *o, const struct view_rule *r, bool twins)
{
	const struct view_rule *twin, *by = shadow_of(o, r);
	struct about about = { .rule = r };

	twin = twin_of(o, r);
	if (by == NULL || r->role == ROLE_LYNC || r->rule->is_default)
		return;
	if (twin != NULL && twins) {
		about.cls = leads_alike(twin, r) ? 'L' : 0;
		found(o->v, CHECK_RULE_TWICE, &about, "\"%s\" takes the same requests first%s", twin->rule->o.name,
		    leads_alike(twin, r) ? " and answers them alike" : ", and answers them otherwise");
	} else if (twin == NULL && !twins) {
		found(o->v, CHECK_RULE_SHADOWED, &about, "\"%s\" takes them%s", by->rule->o.name,
		    r->name_count + r->path_count > 2 ? ", or others beside it" : "");
	}
}

static void
remember(struct order *o, const struct view_rule *r)
{
	paths_add(o, r);
	if (r->web->all_public_names) {
		chain_add(o, &o->any, r);
		return;
	}
	for (size_t i = 0; i < r->name_count && !o->v->failed; i++)
		if (!r->names[i].bad)
			chain_add(o, chain_of(o, r->names[i].wild ? &o->below : &o->exact, r->names[i].host), r);
}

static void
judge_listener(struct order *o, bool twins)
{
	struct budget *budget = o->v->a->budget;

	hmap_init(&o->exact, budget);
	hmap_init(&o->below, budget);
	hmap_init(&o->twins, budget);
	memset(&o->any, 0, sizeof(o->any));
	o->any.last = &o->any.first;
	for (size_t i = 0; i < o->l->rule_count; i++)
		hmap_init(&o->taken[o->l->rules[i]->index].paths, budget);
	for (size_t i = 0; i < o->l->rule_count && !o->v->failed; i++) {
		const struct view_rule *r = o->l->rules[i];
		struct taken *t = &o->taken[r->index];

		if (!r->bound || !r->rule->enabled || (t->condition = condition_of(o->v, r->rule)) == NULL)
			continue;
		judge(o, r, twins);
		if (!o->v->failed)
			remember(o, r);
	}
	for (size_t i = 0; i < o->l->rule_count; i++)
		hmap_free(&o->taken[o->l->rules[i]->index].paths);
	hmap_free(&o->exact);
	hmap_free(&o->below);
	hmap_free(&o->twins);
}

static void
judge_all(struct view *v, bool twins)
{
	struct order o = { .v = v };

	if (v->rule_count == 0)
		return;
	if ((o.taken = arena_array(v->mem, v->rule_count, sizeof(*o.taken))) == NULL) {
		v->failed = true;
		return;
	}
	for (size_t i = 0; i < v->listener_count && !v->failed; i++) {
		o.l = &v->listeners[i];
		judge_listener(&o, twins);
	}
}

void
check_RULE_SHADOWED(struct view *v)
{
	judge_all(v, false);
}

void
check_RULE_TWICE(struct view *v)
{
	judge_all(v, true);
}
