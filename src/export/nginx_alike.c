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
	for (uint32_t i = 0; i < t->n_routes; i++)
		if (t->routes[i]->rule != t->routes[0]->rule || t->routes[i]->deed->first == NULL ||
		    !shared[t->routes[i]->deed->first->id])
			return false;
	return t->n_routes > 0;
}

/* What tables must agree in: paths and clients, and what is done. */
static void
put_key(struct strbuf *key, const struct plan_table *t)
{
	sb_putn(key, (const char *)&t->shape, sizeof(t->shape));
	for (uint32_t i = 0; i < t->n_routes; i++)
		sb_putn(key, (const char *)&t->routes[i]->deed, sizeof(t->routes[i]->deed));
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

/* By the id of the first route of a deed: is it of other routes, too? */
static bool *
find_shared(struct ng_index *x, const struct plan *p, size_t routes)
{
	bool *shared = arena_array(&x->mem, routes, sizeof(*shared));

	for (const struct plan_route *r = p->routes; r != NULL && shared != NULL; r = r->next)
		if (r->deed->first != NULL && r->deed->first != r)
			shared[r->deed->first->id] = true;
	return shared;
}

void
ng_index_alike(struct ng_index *x, const struct plan *p, size_t routes)
{
	const struct plan_table *t;
	struct strbuf key;
	struct hmap seen;
	size_t tables = 1;
	bool *shared;

	for (t = p->tables; t != NULL; t = t->next)
		tables = t->id >= tables ? t->id + (size_t)1 : tables;
	x->alike = arena_array(&x->mem, tables, sizeof(*x->alike));
	shared = find_shared(x, p, routes);
	x->failed = x->failed || x->alike == NULL || shared == NULL;
	hmap_init(&seen, x->mem.budget);
	sb_init(&key, x->mem.budget);
	for (t = p->tables; t != NULL && !x->failed; t = t->next)
		if (may_share(t, shared))
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
