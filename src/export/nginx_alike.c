/*
 * Rules that do the very same for different names: their names stand in one
 * server, each below the rule that it is of. Decides which sites of an endpoint
 * these are; writes nothing. See nginx.h.
 */
#include "export/nginx.h"

static bool
is_shared(const struct ng_index *x, uint32_t first)
{
	return (x->shared[first / 8] >> first % 8 & 1) != 0;
}

/* Does a table lead to servers only, all of it by one rule, and does another rule the
 * same? Nothing in its server then tells of the rule but the comment at the names. */
static bool
may_share(const struct ng_index *x, const struct plan_table *t)
{
	for (uint32_t i = 0; i < t->n_routes; i++) {
		struct plan_route r = plan_table_route(t, i);

		if (r.rule != plan_table_route(t, 0).rule || r.deed->first == 0 || !is_shared(x, r.deed->first))
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

void
ng_index_shared(struct ng_index *x, const struct plan *p)
{
	x->shared = arena_array(&x->mem, p->routes.count / 8 + (size_t)1, sizeof(*x->shared));
	x->failed = x->failed || x->shared == NULL;
	for (uint32_t id = 1; id <= p->routes.count && !x->failed; id++) {
		uint32_t first = plan_route(p, id).deed->first;

		if (first != 0 && first != id)
			x->shared[first / 8] |= (uint8_t)(1u << first % 8);
	}
}

/* The place for the number of the last site that does the same as this one; NULL: no memory. */
static void **
last_alike(struct hmap *seen, struct arena *keys, struct strbuf *key, const struct plan_table *t)
{
	const char *copy;
	void **slot;

	sb_clear(key);
	put_key(key, t);
	if (key->failed)
		return NULL;
	if ((slot = hmap_slot(seen, key->s, key->len, false)) != NULL)
		return slot;
	copy = arena_strn(keys, key->s, key->len);
	return copy != NULL ? hmap_slot(seen, copy, key->len, true) : NULL;
}

void
ng_gather(struct ng_index *x, const struct plan_endpoint *e)
{
	struct arena keys;
	struct strbuf key;
	struct hmap seen;
	uint32_t last;
	void **slot;

	arena_init(&keys, x->mem.budget);
	sb_init(&key, x->mem.budget);
	hmap_init(&seen, x->mem.budget);
	x->alike = budget_realloc(x->mem.budget, NULL, 0, e->site_count * sizeof(*x->alike));
	x->failed = x->failed || x->alike == NULL;
	for (uint32_t i = 0; i < e->site_count && !x->failed; i++) {
		struct plan_site s = plan_site(e, i);

		x->alike[i] = (struct ng_alike){ .begins = true };
		if (s.any || !may_share(x, &s.table))
			continue;
		if ((slot = last_alike(&seen, &keys, &key, &s.table)) == NULL) {
			x->failed = true;
			break;
		}
		last = (uint32_t)(uintptr_t)*slot;
		if (last != 0) {
			x->alike[i].begins = false;
			x->alike[last - 1].next = (i + 1) & 0x7fffffffu;
		}
		*slot = (void *)(uintptr_t)(i + 1);
	}
	hmap_free(&seen);
	sb_free(&key);
	arena_free(&keys);
}

void
ng_gather_end(struct ng_index *x, const struct plan_endpoint *e)
{
	budget_free(x->mem.budget, x->alike, e->site_count * sizeof(*x->alike));
	x->alike = NULL;
}
