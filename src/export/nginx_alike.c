/*
 * Rules that do the very same for different names: their names stand in one
 * server, each below the rule that it is of. Decides which tables these are,
 * and which sites of an endpoint; writes nothing. See nginx.h.
 */
#include "export/nginx.h"

/* Does a table lead to servers only, all of it by one rule, and may another rule
 * do the same? Nothing in its server then tells of the rule but the comment. */
static bool
may_share(const struct plan_table *t, const bool *liked)
{
	const struct plan_rule *rule = NULL;
	const struct plan_route *r;

	for (const struct plan_path *path = t->paths; path != NULL; path = path->next) {
		for (const struct plan_choice *c = path->choices; c != NULL; c = c->next) {
			r = plan_route_of(t, c);
			if (c->schedule != NULL || r == NULL || r->action != PLAN_FORWARD || !liked[r->id] ||
			    (rule != NULL && r->rule != rule))
				return false;
			rule = r->rule;
		}
	}
	return rule != NULL;
}

/* What tables must agree in: paths, clients, and what the routes do. */
static void
put_key(struct strbuf *key, const struct plan_table *t)
{
	const struct plan_route *r;

	for (const struct plan_path *path = t->paths; path != NULL; path = path->next) {
		sb_putn(key, path->path, strlen(path->path) + 1);
		sb_putn(key, path->prefix ? "p" : "e", 1);
		for (const struct plan_choice *c = path->choices; c != NULL; c = c->next) {
			r = plan_route_of(t, c);
			r = r->like != NULL ? r->like : r;
			sb_putn(key, (const char *)&c->sources, sizeof(c->sources));
			sb_putn(key, (const char *)&r, sizeof(r));
		}
	}
}

static void
index_table(struct ng_index *x, struct hmap *seen, struct strbuf *key, const struct plan_table *t)
{
	const char *copy;
	void **slot;

	sb_clear(key);
	put_key(key, t);
	slot = key->failed ? NULL : hmap_slot(seen, key->s, key->len, false);
	if (slot == NULL && !key->failed) {
		copy = arena_strn(&x->mem, key->s, key->len);
		slot = copy != NULL ? hmap_slot(seen, copy, key->len, true) : NULL;
		if (slot != NULL)
			*slot = (void *)(uintptr_t)t;
	}
	if (slot == NULL)
		x->failed = true;
	else
		x->alike[t->id].first = ((const struct plan_table *)*slot)->id;
}

/* Routes that do the same as another one. */
static bool *
find_liked(struct ng_index *x, const struct plan *p, size_t routes)
{
	bool *liked = arena_array(&x->mem, routes, sizeof(*liked));

	for (const struct plan_route *r = p->routes; r != NULL && liked != NULL; r = r->next)
		if (r->like != NULL)
			liked[r->id] = liked[r->like->id] = true;
	return liked;
}

void
ng_index_alike(struct ng_index *x, const struct plan *p, size_t routes)
{
	const struct plan_table *t;
	struct strbuf key;
	struct hmap seen;
	size_t tables = 1;
	bool *liked;

	for (t = p->tables; t != NULL; t = t->next)
		tables = t->id >= tables ? t->id + (size_t)1 : tables;
	x->alike = arena_array(&x->mem, tables, sizeof(*x->alike));
	liked = find_liked(x, p, routes);
	x->failed = x->failed || x->alike == NULL || liked == NULL;
	hmap_init(&seen, x->mem.budget);
	sb_init(&key, x->mem.budget);
	for (t = p->tables; t != NULL && !x->failed; t = t->next)
		if (may_share(t, liked))
			index_table(x, &seen, &key, t);
	sb_free(&key);
	hmap_free(&seen);
}

void
ng_gather(struct ng_index *x, const struct plan_endpoint *e)
{
	struct ng_alike *a, *first;

	x->gathered++;
	for (const struct plan_site *s = e->sites; s != NULL; s = s->next) {
		a = &x->alike[s->table->id];
		a->site = s;
		a->next = 0;
		a->begins = true;
		if (s->any || a->first == 0)
			continue;
		first = &x->alike[a->first];
		if (first->round == x->gathered) {
			a->begins = false;
			x->alike[first->last].next = s->table->id;
		}
		first->round = x->gathered;
		first->last = s->table->id;
	}
}
