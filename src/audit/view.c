/*
 * The view: what checks look at. Web publishing rules in their effective order,
 * with names, paths and ports in the form in which they are compared, and lists
 * from hosts to the rules that name them (lookup.c asks them). Knows no check.
 */
#include "audit/audit.h"

#include <stdlib.h>

#include "base/addr.h"

/* Canonical form of a host, `s` itself or in the view's memory; NULL when it is none. */
static const char *
canonical(struct view *v, const char *s, bool *wild)
{
	struct strbuf b;
	const char *out = NULL;

	sb_init(&b, v->a->budget);
	if (host_canonical(s, &b, wild) && !b.failed)
		out = strcmp(b.s, s) == 0 ? s : arena_str(v->mem, b.s);
	else if (b.failed)
		v->failed = true;
	sb_free(&b);
	return out;
}

static void
read_names(struct view *v, struct view_rule *r)
{
	struct tmg_public_name x = { 0 };
	size_t n = 0;

	while (tmg_next_name(r->rule, &x))
		n++;
	if (n == 0 || (r->names = arena_array(v->mem, n, sizeof(*r->names))) == NULL)
		return;
	for (x.s = NULL; tmg_next_name(r->rule, &x);) {
		struct view_name *name = &r->names[r->name_count++];

		name->written = x.s;
		name->line = x.line;
		name->host = canonical(v, x.s, &name->wild);
		if ((name->bad = name->host == NULL))
			name->host = x.s;
	}
}

static void
read_paths(struct view *v, struct view_rule *r)
{
	const struct tmg_path_mapping *m;
	struct strbuf b;
	size_t n = 0;

	for (m = r->web->paths; m != NULL; m = m->next)
		n++;
	if (n == 0 || (r->paths = arena_array(v->mem, n, sizeof(*r->paths))) == NULL)
		return;
	sb_init(&b, v->a->budget);
	for (m = r->web->paths; m != NULL; m = m->next) {
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
read_tops(struct view *v, struct view_rule *r)
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
	r->top_count = kept;
}

/* Where requests go on, by section 4 of the semantics. */
static void
read_ports(struct view_rule *r)
{
	const struct tmg_web *w = r->web;
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
	h->whole = h->whole || (r->live && r->all_paths);
	return true;
}

static bool
host_add(struct view *v, struct view_name *n, struct view_rule *r)
{
	void **slot = hmap_slot(n->wild ? &v->suffixes : &v->hosts, n->host, strlen(n->host), true);

	if (slot == NULL)
		return false;
	if (*slot == NULL)
		*slot = arena_alloc(v->mem, sizeof(struct view_host));
	n->list = *slot;
	return n->list != NULL && host_push(v, n->list, r);
}

static bool
index_names(struct view *v, struct view_rule *r)
{
	if (r->web->all_public_names) {
		if (v->any == NULL)
			v->any = arena_alloc(v->mem, sizeof(*v->any));
		return v->any != NULL && host_push(v, v->any, r);
	}
	for (size_t i = 0; i < r->name_count; i++) {
		if (!r->names[i].bad && !host_add(v, &r->names[i], r))
			return false;
	}
	return true;
}

/* What follows from the web record and its listener is made once for each such record. */
static bool
read_web(struct view *v, struct view_rule *r)
{
	void **slot = hmap_slot(&v->by_web, (const char *)&r->web, sizeof(r->web), true);
	const struct view_rule *first;

	if (slot == NULL)
		return false;
	if (*slot == NULL) {
		*slot = r;
		r->alike = r;
		read_paths(v, r);
		read_tops(v, r);
	} else {
		first = r->alike = *slot;
		r->paths = first->paths;
		r->path_count = first->path_count;
		r->tops = first->tops;
		r->top_count = first->top_count;
		r->all_paths = first->all_paths;
	}
	return true;
}

static void
make_rule(struct view *v, struct view_rule *r, const struct tmg_array *array, const struct tmg_rule *rule)
{
	r->rule = rule;
	r->web = rule->web;
	r->listener = rule->web->listener;
	r->input = array->input;
	r->index = (size_t)(r - v->rules);
	r->bound = r->listener != NULL && array->publishing && !rule->system;
	r->live = r->bound && rule->enabled && !rule->deny;
	r->worst = -1;
	read_names(v, r);
	v->failed = !read_web(v, r) || v->failed;
	read_ports(r);
}

static bool
make_rules(struct view *v)
{
	const struct tmg_input *in;
	const struct tmg_array *a;
	const struct tmg_rule *r;
	size_t n = 0;

	for (in = v->t->inputs; in != NULL; in = in->next)
		for (a = in->arrays; a != NULL; a = a->next)
			for (r = a->rules; r != NULL; r = tmg_next_rule(r))
				n += rule_is_web(r);
	if (n == 0)
		return true;
	if ((v->rules = arena_array(v->mem, n, sizeof(*v->rules))) == NULL)
		return false;
	for (in = v->t->inputs; in != NULL; in = in->next)
		for (a = in->arrays; a != NULL; a = a->next)
			for (r = a->rules; r != NULL; r = tmg_next_rule(r))
				if (rule_is_web(r))
					make_rule(v, &v->rules[v->rule_count++], a, r);
	for (size_t i = 0; i < v->rule_count; i++)
		if (!index_names(v, &v->rules[i]))
			return false;
	return true;
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
		if ((x = view_listener(v, v->rules[i].listener)) != NULL)
			x->rule_count++;
	for (i = 0; i < v->listener_count; i++) {
		x = &v->listeners[i];
		if (x->rule_count > 0 && (x->rules = arena_array(v->mem, x->rule_count, sizeof(*x->rules))) == NULL)
			return false;
		x->rule_count = 0;
	}
	for (i = 0; i < v->rule_count; i++)
		if ((x = view_listener(v, v->rules[i].listener)) != NULL) {
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
	hmap_init(&v->hosts, a->budget);
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
	hmap_free(&v->hosts);
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
