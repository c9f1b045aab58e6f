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
	for (uint32_t i = 0; i < t->n_routes; i++) {
		struct plan_route r = plan_table_route(t, i);

		if (r.rule != plan_table_route(t, 0).rule || r.deed->first == 0 || !shared[r.deed->first])
			return false;
	}
	return t->n_routes > 0;
}

/* What tables must agree in: paths and clients, and what is done. */
static void
put_key(struct strbuf *key, const struct plan_table *t)
{
	sb_putn(key, (const char *)&t->shape, sizeof(t->shape));
	for (uint32_t i = 0; i < t->n_routes; i++) {
		struct plan_route r = plan_table_route(t, i);

		sb_putn(key, (const char *)&r.deed, sizeof(r.deed));
	}
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
	size_t size = p->routes.count + (size_t)1;
	bool *shared = budget_realloc(x->mem.budget, NULL, 0, size);

	if (shared != NULL)
		memset(shared, 0, size);
	for (uint32_t id = 1; id <= p->routes.count && shared != NULL; id++) {
		struct plan_route r = plan_route(p, id);

		if (r.deed->first != 0 && r.deed->first != id)
			shared[r.deed->first] = true;
	}
	return shared;
}

void
ng_index_alike(struct ng_index *x, const struct plan *p)
{
	bool *shared = find_shared(x, p);
	struct strbuf key;
	struct hmap seen;

	x->alike = arena_array(&x->mem, p->table_count + (size_t)1, sizeof(*x->alike));
	x->failed = x->failed || x->alike == NULL || shared == NULL;
	hmap_init(&seen, x->mem.budget);
	sb_init(&key, x->mem.budget);
	for (const struct plan_endpoint *e = p->endpoints; e != NULL; e = e->next) {
		for (uint32_t i = 0; i < e->site_count && !x->failed; i++) {
			struct plan_site s = plan_site(e, i);

			if (!plan_table_is_new(e, &s.table) || !may_share(&s.table, shared))
				continue;
			x->alike[s.table.id].group = group_of(x, &seen, &key, &s.table) & 0x7fffffffu;
			x->failed = x->alike[s.table.id].group == 0;
		}
	}
	x->groups = arena_array(&x->mem, seen.count + 1, sizeof(*x->groups));
	x->failed = x->failed || x->groups == NULL;
	sb_free(&key);
	hmap_free(&seen);
	budget_free(x->mem.budget, shared, p->routes.count + (size_t)1);
}

void
ng_gather(struct ng_index *x, const struct plan_endpoint *e)
{
	struct ng_group *group;
	struct ng_alike *a;

	x->gathered++;
	for (uint32_t i = 0; i < e->site_count; i++) {
		struct plan_site s = plan_site(e, i);

		a = &x->alike[s.table.id];
		a->next = 0;
		a->begins = true;
		if (s.any || a->group == 0)
			continue;
		group = &x->groups[a->group];
		if (group->round == x->gathered) {
			a->begins = false;
			x->alike[group->last].next = i + 1;
		}
		group->round = x->gathered;
		group->last = s.table.id;
	}
}
