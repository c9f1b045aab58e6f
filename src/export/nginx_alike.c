/*
 * Rules that do the very same for different names: their names stand in one
 * server, each below the rule that it is of. Decides which tables these are,
 * and which sites of an endpoint; writes nothing. See nginx.h.
 */
#include "export/nginx.h"

/* Does a table lead to servers only, all of it by one rule, and does another rule the
 * same? Nothing in its server then tells of the rule but the comment at the names. */
static bool
may_share(const struct plan_table *t, const bool *shared)
{
	const struct plan_route *const *r = plan_routes_of(t);

	for (uint32_t i = 0; i < t->n_routes; i++)
		if (r[i]->rule != r[0]->rule || r[i]->deed->first == NULL || !shared[r[i]->deed->first->id])
			return false;
	return t->n_routes > 0;
}

/* What tables must agree in: paths and clients, and what is done. */
static void
put_key(struct strbuf *key, const struct plan_table *t)
{
	sb_putn(key, (const char *)&t->shape, sizeof(t->shape));
	for (uint32_t i = 0; i < t->n_routes; i++)
		sb_putn(key, (const char *)&plan_routes_of(t)[i]->deed, sizeof(plan_routes_of(t)[i]->deed));
}

/* The number of the tables that do the same as this one; 0: no memory. */
static uint32_t
group_of(struct ng_index *x, struct hmap *seen, struct strbuf *key, const struct plan_table *t)
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
			*slot = (void *)(uintptr_t)seen->count;
	}
	return slot != NULL ? (uint32_t)(uintptr_t)*slot : 0;
}

/* By the id of the first route of a deed: is it of other routes, too? */
static bool *
find_shared(const struct ng_index *x, const struct plan *p)
{
	bool *shared = budget_realloc(x->mem.budget, NULL, 0, x->routes);

	if (shared != NULL)
		memset(shared, 0, x->routes);
	for (const struct plan_route *r = p->routes; r != NULL && shared != NULL; r = plan_route_next(r))
		if (r->deed->first != NULL && r->deed->first != r)
			shared[r->deed->first->id] = true;
	return shared;
}

void
ng_index_alike(struct ng_index *x, const struct plan *p)
{
	bool *shared = find_shared(x, p);
	const struct plan_table *t;
	struct strbuf key;
	struct hmap seen;
	size_t tables = 1;

	for (t = p->tables; t != NULL; t = plan_table_next(t))
		tables = t->id >= tables ? t->id + (size_t)1 : tables;
	x->alike = arena_array(&x->mem, tables, sizeof(*x->alike));
	x->failed = x->failed || x->alike == NULL || shared == NULL;
	hmap_init(&seen, x->mem.budget);
	sb_init(&key, x->mem.budget);
	for (t = p->tables; t != NULL && !x->failed; t = plan_table_next(t)) {
		if (!may_share(t, shared))
			continue;
		x->alike[t->id].group = group_of(x, &seen, &key, t) & 0x7fffffffu;
		x->failed = x->alike[t->id].group == 0;
	}
	x->groups = arena_array(&x->mem, seen.count + 1, sizeof(*x->groups));
	x->failed = x->failed || x->groups == NULL;
	sb_free(&key);
	hmap_free(&seen);
	budget_free(x->mem.budget, shared, x->routes);
}

void
ng_gather(struct ng_index *x, const struct plan_endpoint *e)
{
	struct ng_group *group;
	struct ng_alike *a;

	x->gathered++;
	for (const struct plan_site *s = e->sites; s != NULL; s = plan_site_next(s)) {
		a = &x->alike[s->table->id];
		a->next = NULL;
		a->begins = true;
		if (s->any || a->group == 0)
			continue;
		group = &x->groups[a->group];
		if (group->round == x->gathered) {
			a->begins = false;
			x->alike[group->last].next = s;
		}
		group->round = x->gathered;
		group->last = s->table->id;
	}
}
