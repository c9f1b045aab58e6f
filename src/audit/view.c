/*
 * The view: what checks look at. Web publishing rules in their effective order,
 * with names, paths and ports in the form in which they are compared, and lists
 * from hosts to the rules that name them (lookup.c asks them). A list is made when it
 * holds more than one rule, or when it is asked for. Knows no check.
 */
#include "audit/audit.h"

#include <stdlib.h>

#include "base/addr.h"

/* ---- names, and which rules have them ------------------------------------------ */

static bool
host_push(struct view *v, struct view_host *h, struct view_rule *r)
{
	struct view_hosts *x;

	if (h->last != NULL && h->last->rule == r)
		return true;
	if ((x = arena_alloc(v->mem, sizeof(*x))) == NULL)
		return false;
	x->rule = r;
	if (h->last != NULL)
		h->last->next = x;
	else
		h->first = x;
	h->last = x;
	h->count++;
	if (r->live && h->live == NULL)
		h->live = r;
	if (!r->rule->enabled && !r->rule->deny && h->disabled == NULL)
		h->disabled = r;
	h->whole = h->whole || (r->live && r->via->all_paths);
	return true;
}

static struct view_host *
host_new(struct view *v, const char *host)
{
	struct view_host *h = arena_alloc(v->mem, sizeof(*h));

	if (h == NULL || (h->host = host) == NULL)
		v->failed = true;
	return v->failed ? NULL : h;
}

struct view_host *
view_list(struct view *v, struct view_rule *r, struct view_name *n)
{
	struct view_host *h;

	if (n->list != NULL)
		return n->list;
	if ((h = host_new(v, n->written)) == NULL || !host_push(v, h, r)) {
		v->failed = true;
		return NULL;
	}
	return n->list = h;
}

/* The rule that has this name: the last whose names do not begin behind it. */
static struct view_rule *
rule_of(struct view *v, const struct view_name *n)
{
	size_t low = 0, high = v->rule_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (v->rules[mid].names <= n)
			low = mid + 1;
		else
			high = mid;
	}
	return &v->rules[low - 1];
}

/* A table with room for all names: a slot holds the number of a name from 1 and, in the bits above
 * those that such numbers need, so much of the hash. */
static bool
hosts_make(struct view *v)
{
	size_t cap = 16;

	while (cap / 4 * 3 < v->name_count + 1)
		cap *= 2;
	v->host_slots = cap;
	v->hosts = v->name_count < UINT32_MAX / 4 ? arena_array(v->mem, cap, sizeof(*v->hosts)) : NULL;
	return v->hosts != NULL;
}

/* The slot of the first name that is this host, or the empty one where it belongs. */
static uint32_t *
host_slot(struct view *v, const char *host, uint32_t *tag)
{
	uint32_t hash = (uint32_t)hash_bytes(v->suffixes.key, host, strlen(host)), low = (uint32_t)(v->host_slots - 1);
	uint32_t *slot;

	*tag = hash & ~low;
	for (size_t at = hash & low; *(slot = &v->hosts[at]) != 0; at = (at + 1) & low)
		if (((*slot ^ hash) & ~low) == 0 && strcmp(name_host(&v->names[(*slot & low) - 1]), host) == 0)
			break;
	return slot;
}

struct view_host *
view_naming(struct view *v, const char *host)
{
	struct view_name *n;
	uint32_t *slot, tag;

	if (v->hosts == NULL || *(slot = host_slot(v, host, &tag)) == 0)
		return NULL;
	n = &v->names[(*slot & (v->host_slots - 1)) - 1];
	return view_list(v, rule_of(v, n), n);
}

/* Puts a name where it is found by its host. */
static bool
host_add(struct view *v, struct view_rule *r, struct view_name *n)
{
	uint32_t *slot, tag;

	if (name_wild(n)) {
		void **suffix = hmap_slot(&v->suffixes, n->list->host, strlen(n->list->host), true);

		if (suffix == NULL)
			return false;
		if (*suffix == NULL)
			*suffix = n->list;
		n->list = *suffix;
		return host_push(v, n->list, r);
	}
	slot = host_slot(v, name_host(n), &tag);
	if (*slot == 0) {
		*slot = tag | (uint32_t)(n - v->names + 1);
		return n->list == NULL || host_push(v, n->list, r);
	}
	n->list = view_naming(v, name_host(n));
	return n->list != NULL && host_push(v, n->list, r);
}

/* What a name is as hosts are compared, if that is not what is written. */
static bool
read_name(struct view *v, struct view_name *n, struct strbuf *b)
{
	const char *s = n->written;
	bool wild, good;

	sb_clear(b);
	good = host_canonical(s, b, &wild);
	if (b->failed)
		return false;
	if (good && !wild && strcmp(b->s, s) == 0)
		return true;
	if ((n->list = host_new(v, good ? arena_str(v->mem, b->s) : s)) == NULL)
		return false;
	n->list->wild = good && wild;
	n->list->bad = !good;
	return true;
}

static bool
read_names(struct view *v, struct view_rule *r, struct strbuf *b)
{
	struct tmg_public_name x = { 0 };

	while (tmg_next_name(r->rule, &x)) {
		struct view_name *n = &r->names[r->name_count++];

		n->written = x.s;
		n->line = x.line;
		if (!read_name(v, n, b))
			return false;
		if (r->rule->web->all_public_names) { /* it is for none of them in particular */
			if (n->list == NULL && (n->list = host_new(v, x.s)) == NULL)
				return false;
		} else if (!name_bad(n) && !host_add(v, r, n)) {
			return false;
		}
	}
	if (!r->rule->web->all_public_names)
		return true;
	if (v->any == NULL)
		v->any = arena_alloc(v->mem, sizeof(*v->any));
	return v->any != NULL && host_push(v, v->any, r);
}

/* ---- paths and ports ------------------------------------------------------------ */

static void
read_paths(struct view *v, const struct tmg_web *web, struct view_web *r)
{
	const struct tmg_path_mapping *m;
	struct strbuf b;
	size_t n = 0;

	for (m = web->paths; m != NULL; m = m->next)
		n++;
	if (n == 0 || (r->paths = arena_array(v->mem, n, sizeof(*r->paths))) == NULL)
		return;
	sb_init(&b, v->a->budget);
	for (m = web->paths; m != NULL; m = m->next) {
		struct view_path *p = &r->paths[r->path_count++];

		sb_clear(&b);
		p->mapping = m;
		/* As clients see it, as the plan does; a mapping may state neither. */
		p->written = m->external != NULL && !m->same ? m->external : m->internal;
		if (p->written == NULL)
			p->written = m->external != NULL ? m->external : "";
		p->internal = m->internal != NULL ? m->internal : p->written;
		p->bad = !path_canonical(p->written, &b, &p->prefix);
		p->path = arena_str(v->mem, p->bad ? p->written : b.s);
		if (!p->bad && p->prefix && b.len == 0)
			r->all_paths = true;
	}
	v->failed = v->failed || b.failed;
	sb_free(&b);
}

/* By path_order; of the same path the prefix first. */
static int
by_path(const void *x, const void *y)
{
	const struct view_path *a = *(const struct view_path *const *)x, *b = *(const struct view_path *const *)y;
	int n = path_order(a->path, b->path);

	return n != 0 ? n : b->prefix - a->prefix;
}

/* The paths of a rule that no other of its paths holds, sorted: the last of them that is not
 * behind a path is the only one that can cover it. */
static void
read_tops(struct view *v, struct view_web *r)
{
	const struct view_path **list = arena_array(v->mem, r->path_count + 1, sizeof(*list));
	size_t n = 0, kept = 0;

	if (list == NULL) {
		v->failed = true;
		return;
	}
	for (size_t i = 0; i < r->path_count; i++)
		if (!r->paths[i].bad)
			list[n++] = &r->paths[i];
	qsort(list, n, sizeof(*list), by_path);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || !path_covers(list[kept - 1], list[i]->path))
			list[kept++] = list[i];
	r->tops = list;
	r->top_count = (uint32_t)kept;
}

/* Where requests go on, by section 4 of the semantics. */
static void
read_ports(const struct tmg_web *w, struct view_web *r)
{
	const struct tmg_listener *l = r->listener;

	if (w->server_type >= 0 && w->server_type <= 2) {
		r->plain_to_tls = w->server_type == 1;
		r->tls_to_tls = w->server_type != 0;
		r->plain_to_port = r->plain_to_tls ? w->https_port : w->http_port;
		r->tls_to_port = r->tls_to_tls ? w->https_port : w->http_port;
	}
	if (l == NULL)
		return;
	r->tls_in = l->https_port != 0;
	r->plain_in = l->http_port != 0 && l->redirect_http != 2 && w->require_ssl == 0;
}

/* What follows from the web record and its listener is made once for each such record. */
static bool
read_web(struct view *v, struct view_rule *r, const struct tmg_input *in)
{
	const struct tmg_web *web = r->rule->web;
	void **slot = hmap_slot(&v->by_web, (const char *)&r->rule->web, sizeof(r->rule->web), true);

	if (slot == NULL)
		return false;
	if (*slot == NULL) {
		if ((*slot = r->via = arena_alloc(v->mem, sizeof(*r->via))) == NULL)
			return false;
		*v->last_web = r->via;
		v->last_web = &r->via->next;
		r->via->listener = web->listener;
		r->via->input = in;
		read_paths(v, web, r->via);
		read_tops(v, r->via);
		read_ports(web, r->via);
	}
	r->via = *slot;
	return !v->failed && !v->mem->failed;
}

static bool
make_rule(struct view *v, const struct tmg_array *array, const struct tmg_rule *rule, struct strbuf *b)
{
	struct view_rule *r = &v->rules[v->rule_count];

	r->rule = rule;
	r->index = (uint32_t)v->rule_count++;
	r->names = r->index > 0 ? r[-1].names + r[-1].name_count : v->names;
	r->bound = rule->web->listener != NULL && array->publishing && !rule->system;
	r->live = r->bound && rule->enabled && !rule->deny;
	r->worst = -1;
	return read_web(v, r, array->input) && read_names(v, r, b);
}

static void
count_rule(struct view *v, const struct tmg_rule *r, size_t *n)
{
	struct tmg_public_name x = { 0 };

	++*n;
	while (tmg_next_name(r, &x))
		v->name_count++;
}

static bool
make_rules(struct view *v)
{
	const struct tmg_input *in;
	const struct tmg_array *a;
	const struct tmg_rule *r;
	struct strbuf b;
	bool good = true;
	size_t n = 0;

	for (in = v->t->inputs; in != NULL; in = in->next)
		for (a = in->arrays; a != NULL; a = a->next)
			for (r = a->rules; r != NULL; r = tmg_next_rule(r))
				if (rule_is_web(r))
					count_rule(v, r, &n);
	if (n == 0)
		return true;
	v->rules = arena_array(v->mem, n, sizeof(*v->rules));
	v->names = arena_array(v->mem, v->name_count + 1, sizeof(*v->names));
	if (n > UINT32_MAX - 1 || v->rules == NULL || v->names == NULL || !hosts_make(v))
		return false;
	sb_init(&b, v->a->budget);
	for (in = v->t->inputs; in != NULL; in = in->next)
		for (a = in->arrays; a != NULL; a = a->next)
			for (r = a->rules; r != NULL && good; r = tmg_next_rule(r))
				good = !rule_is_web(r) || make_rule(v, a, r, &b);
	sb_free(&b);
	return good;
}

/* ---- listeners ------------------------------------------------------------- */

struct view_listener *
view_listener(struct view *v, const struct tmg_listener *l)
{
	void **slot = l == NULL ? NULL : hmap_slot(&v->by_listener, (const char *)&l, sizeof(l), false);

	return slot != NULL ? *slot : NULL;
}

static bool
index_listener(struct view *v, struct view_listener *x)
{
	const struct tmg_listener **key = arena_alloc(v->mem, sizeof(struct tmg_listener *));
	void **slot;

	if (key == NULL)
		return false;
	*key = x->listener;
	slot = hmap_slot(&v->by_listener, (const char *)key, sizeof(*key), true);
	if (slot == NULL)
		return false;
	*slot = x;
	return true;
}

static bool
make_listeners(struct view *v)
{
	const struct tmg_input *in;
	const struct tmg_array *a;
	const struct tmg_obj *o;
	size_t n = 0;

	for (in = v->t->inputs; in != NULL; in = in->next)
		for (a = in->arrays; a != NULL; a = a->next)
			for (o = a->first[TMG_K_LISTENER]; o != NULL; o = o->next)
				n++;
	if (n == 0)
		return true;
	if ((v->listeners = arena_array(v->mem, n, sizeof(*v->listeners))) == NULL)
		return false;
	for (in = v->t->inputs; in != NULL; in = in->next)
		for (a = in->arrays; a != NULL; a = a->next)
			for (o = a->first[TMG_K_LISTENER]; o != NULL; o = o->next) {
				struct view_listener *x = &v->listeners[v->listener_count++];

				x->listener = (const struct tmg_listener *)(const void *)o;
				x->input = in;
				if (!index_listener(v, x))
					return false;
			}
	return true;
}

/* The rules of each listener, in order. */
static bool
tie_rules(struct view *v)
{
	struct view_listener *x;
	size_t i;

	for (i = 0; i < v->rule_count; i++)
		if ((x = view_listener(v, v->rules[i].via->listener)) != NULL)
			x->rule_count++;
	for (i = 0; i < v->listener_count; i++) {
		x = &v->listeners[i];
		if (x->rule_count > 0 && (x->rules = arena_array(v->mem, x->rule_count, sizeof(*x->rules))) == NULL)
			return false;
		x->rule_count = 0;
	}
	for (i = 0; i < v->rule_count; i++)
		if ((x = view_listener(v, v->rules[i].via->listener)) != NULL) {
			x->rules[x->rule_count++] = &v->rules[i];
			x->used = x->used || (v->rules[i].bound && v->rules[i].rule->enabled);
		}
	return true;
}

bool
view_make(struct view *v, struct tmg_audit *a, struct tmg *t, struct arena *mem)
{
	memset(v, 0, sizeof(*v));
	v->a = a;
	v->site = &a->site;
	v->mem = mem;
	v->t = t;
	v->topology = a->site.topology;
	v->last_web = &v->webs;
	hmap_init(&v->suffixes, a->budget);
	hmap_init(&v->known, a->budget);
	hmap_init(&v->addresses, a->budget);
	hmap_init(&v->marks, a->budget);
	hmap_init(&v->name_marks, a->budget);
	hmap_init(&v->by_web, a->budget);
	hmap_init(&v->by_listener, a->budget);
	hmap_init(&v->certified, a->budget);
	hmap_init(&v->evidence, a->budget);
	lookup_init(v);
	for (const struct pool *p = a->site.pools; p != NULL; p = p->next)
		v->director = v->director || p->role == POOL_DIRECTOR;
	/* Lists without an element, so that loops over them have something to begin with. */
	v->rules = arena_alloc(mem, sizeof(*v->rules));
	v->listeners = arena_alloc(mem, sizeof(*v->listeners));
	if (t != NULL && (!make_rules(v) || !make_listeners(v) || !tie_rules(v)))
		return false;
	return roles_make(v) && !v->failed && !mem->failed;
}

void
view_free(struct view *v)
{
	hmap_free(&v->suffixes);
	hmap_free(&v->known);
	hmap_free(&v->addresses);
	hmap_free(&v->marks);
	hmap_free(&v->name_marks);
	hmap_free(&v->by_web);
	hmap_free(&v->by_listener);
	hmap_free(&v->certified);
	hmap_free(&v->evidence);
	lookup_free(v);
}
