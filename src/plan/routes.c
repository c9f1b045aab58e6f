/*
 * Routes in their final order: by rule, as they were made for one rule; and
 * which of them do the same. Knows neither hosts nor paths nor any target.
 */
#include "plan/lower.h"

#define ROUTE_KEY_MAX 400 /* two pointers, flags, a host name */

struct routes_of {
	struct plan_route *first, **last;
};

/* The first route that does the same with every request. What is kept for each rule stays apart: members of a farm,
 * paths, links, the Host of requests that have none. */
static const struct plan_route *
find_like(struct lower *lo, struct hmap *likes, const struct plan_route *r)
{
	char key[ROUTE_KEY_MAX], *copy;
	void **slot;
	int n;

	if (r->action != PLAN_FORWARD || r->pool == NULL || r->pool->farm != NULL || r->map != NULL ||
	    r->rule->links != NULL || r->rule->r->web->all_public_names)
		return NULL;
	n = snprintf(key, sizeof(key), "%p|%p|%d%d%d|%s", (const void *)r->pool, (const void *)r->filter,
	    r->pass_credentials, r->client_cert, r->host != NULL, r->host != NULL ? r->host : "");
	if (n < 0 || (size_t)n >= sizeof(key))
		return NULL;
	slot = hmap_slot(likes, key, (size_t)n, false);
	if (slot != NULL)
		return *slot;
	copy = arena_strn(&lo->tmp, key, (size_t)n);
	slot = copy != NULL ? hmap_slot(likes, copy, (size_t)n, true) : NULL;
	if (slot != NULL)
		*slot = (void *)(uintptr_t)r;
	return NULL;
}

void
plan_routes(struct lower *lo)
{
	struct plan *p = lo->p;
	struct routes_of *of = arena_array(&lo->tmp, p->rule_count + 1, sizeof(*of));
	struct plan_route *next, **last = &p->routes;
	struct hmap likes;
	uint32_t id = 0;

	if (of == NULL) {
		lo->failed = true;
		return;
	}
	for (size_t i = 0; i < p->rule_count; i++)
		of[i].last = &of[i].first;
	for (struct plan_route *r = p->routes; r != NULL; r = next) {
		struct routes_of *mine = &of[r->rule - p->rules];

		next = r->next;
		r->next = NULL;
		*mine->last = r;
		mine->last = &r->next;
	}
	hmap_init(&likes, p->budget);
	for (size_t i = 0; i < p->rule_count; i++) {
		if (of[i].first == NULL)
			continue;
		*last = of[i].first;
		last = of[i].last;
		for (struct plan_route *r = of[i].first; r != NULL; r = r->next) {
			r->id = ++id;
			r->like = find_like(lo, &likes, r);
		}
	}
	*last = NULL;
	lo->last_route = last;
	lo->failed |= likes.failed;
	hmap_free(&likes);
}
