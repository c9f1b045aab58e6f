/*
 * Routes: what a rule does with what it takes, and the servers behind it; in
 * the end all of them in their final order, by rule, as they were made for one
 * rule, and which of them do the same. Knows neither hosts nor any target.
 */
#include "plan/lower.h"

#define ROUTE_KEY_MAX 400 /* two pointers, flags, a host name */

/* ---- made ------------------------------------------------------------------- */

static const struct plan_pool *
pool_get(struct lower *lo, const struct prule *r, bool tls)
{
	const struct tmg_web *w = r->pr->r->web;
	bool transparent = !w->firewall_source && lo->p->opt.o->transparent;
	int port = tls ? w->https_port : w->http_port;
	struct plan_pool *p;
	void **slot;
	char *key = arena_fmt(&lo->tmp, "%s|%llu|%d|%d|%d|%s|%d", r->farm != NULL ? "" : r->server,
	    (unsigned long long)(uintptr_t)r->farm, w->affinity, port, tls, tls ? r->site : "", transparent);

	if (key == NULL || (slot = hmap_slot(&lo->pools, key, strlen(key), true)) == NULL) {
		lo->failed = true;
		return NULL;
	}
	if (*slot != NULL)
		return *slot;
	if ((p = arena_alloc(lo->mem, sizeof(*p))) == NULL)
		return NULL;
	*slot = p;
	p->id = ++lo->pool_count;
	if (r->farm != NULL) {
		p->farm = r->farm;
		p->members = r->members;
		p->sticky_cookie = w->affinity == 0;
	} else {
		p->host = r->server;
		p->host_is_address = r->server_is_address;
	}
	p->port = (uint16_t)port;
	p->tls = tls;
	p->tls_name = tls ? r->site : NULL;
	p->tls_name_is_address = tls && r->site_is_address;
	p->transparent = transparent;
	*lo->last_pool = p;
	lo->last_pool = &p->next;
	return p;
}

static void
route_forward(struct lower *lo, const struct prule *r, const struct ppath *path, bool tls_in, struct plan_route *out)
{
	const struct tmg_web *w = r->pr->r->web;

	out->pool = pool_get(lo, r, w->server_type == 1 || (w->server_type == 2 && tls_in));
	out->map = path->map;
	out->host = w->original_host ? NULL : r->site;
	out->site = r->site;
	out->pass_credentials = w->delegation == 0;
	out->client_cert = r->needs_cert;
	out->filter = r->filter;
}

enum plan_action
rule_action(const struct plan_endpoint *e, const struct prule *r)
{
	const struct tmg_rule *rule = r->pr->r;

	if (!r->forwards)
		return rule->deny && r->location != NULL ? PLAN_REDIRECT : PLAN_DENY;
	if (e->tls)
		return PLAN_FORWARD;
	if (rule->web->require_ssl >= 1)
		return PLAN_DENY;
	if (r->wanted_user && rule->web->listener->redirect_http == 1) {
		/* Opened by --pass-through; TMG sent these to HTTPS first. */
		return e->https_port != 0 ? PLAN_REDIRECT : PLAN_DENY;
	}
	/* A plain port has no certificate to look at. */
	return r->needs_cert ? PLAN_DENY : PLAN_FORWARD;
}

static void
route_decide(struct lower *lo, const struct plan_endpoint *e, const struct prule *r, const struct ppath *path,
    struct plan_route *out)
{
	memset(out, 0, sizeof(*out));
	out->rule = r->pr;
	out->action = rule_action(e, r);
	if (out->action == PLAN_FORWARD)
		route_forward(lo, r, path, e->tls, out);
	else if (out->action == PLAN_REDIRECT && !r->forwards)
		out->location = r->location;
	else if (out->action == PLAN_REDIRECT)
		out->https_port = e->https_port;
}

/* What tells routes of a rule apart; its bytes are the key. */
struct route_key {
	const struct prule *rule;
	const struct plan_pool *pool;
	const struct plan_mapping *map;
	uint32_t action, https_port;
};

const struct plan_route *
route_get(struct lower *lo, const struct plan_endpoint *e, const struct prule *r, const struct ppath *path)
{
	struct plan_route want, *route;
	void **slot;
	struct route_key key, *copy;

	route_decide(lo, e, r, path, &want);
	memset(&key, 0, sizeof(key));
	key.rule = r;
	key.pool = want.pool;
	key.map = want.map;
	key.action = (uint32_t)want.action;
	key.https_port = want.https_port;
	if ((slot = hmap_slot(&lo->routes, (const char *)&key, sizeof(key), false)) != NULL)
		return *slot;
	copy = arena_alloc(&lo->tmp, sizeof(*copy));
	route = arena_alloc(lo->mem, sizeof(*route));
	if (copy != NULL && route != NULL) {
		*copy = key;
		slot = hmap_slot(&lo->routes, (const char *)copy, sizeof(*copy), true);
	}
	if (slot == NULL) {
		lo->failed = true;
		return NULL;
	}
	*slot = route;
	*route = want;
	route->id = ++lo->route_count;
	*lo->last_route = route;
	lo->last_route = &route->next;
	return route;
}

/* ---- in their order ---------------------------------------------------------- */

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
