/*
 * Routes: what a rule does with what it takes, and the servers behind it; in
 * the end all of them in their final order, by rule, as they were made for one
 * rule, and which of them do the same. Knows neither hosts nor any target.
 */
#include "plan/lower.h"

#define ROUTES_FEW 8 /* of one rule: so many are looked through one by one */

void *
known(struct lower *lo, struct hmap *m, const void *key, size_t size, void ***fresh)
{
	void **slot = hmap_slot(m, key, size, false);
	char *copy;

	*fresh = NULL;
	if (slot != NULL)
		return *slot;
	if ((copy = arena_alloc(&lo->tmp, size)) != NULL) {
		memcpy(copy, key, size);
		*fresh = hmap_slot(m, copy, size, true);
	}
	lo->failed |= *fresh == NULL;
	return NULL;
}

/* What tells pools apart; its bytes are the key, equal names are one. */
struct pool_key {
	const char *server, *site;
	const struct tmg_farm *farm;
	int32_t affinity, port;
	uint32_t tls, transparent;
};

static const struct plan_pool *
pool_get(struct lower *lo, const struct manner *m, bool tls)
{
	struct pool_key key;
	struct plan_pool *p;
	void **slot;

	memset(&key, 0, sizeof(key));
	key.server = m->farm != NULL ? NULL : m->server;
	key.site = tls ? m->site : NULL;
	key.farm = m->farm;
	key.affinity = m->affinity;
	key.port = tls ? m->https_port : m->http_port;
	key.tls = tls;
	key.transparent = m->transparent;
	p = known(lo, &lo->pools, &key, sizeof(key), &slot);
	if (p != NULL || slot == NULL || (p = arena_alloc(lo->mem, sizeof(*p))) == NULL)
		return p;
	*slot = p;
	p->id = ++lo->pool_count;
	if (m->farm != NULL) {
		p->farm = m->farm;
		p->members = m->members;
		p->sticky_cookie = m->affinity == 0;
	} else {
		p->host = m->server;
		p->host_is_address = m->server_is_address;
	}
	p->port = (uint16_t)key.port;
	p->tls = tls;
	p->tls_name = key.site;
	p->tls_name_is_address = tls && m->site_is_address;
	p->transparent = key.transparent != 0;
	*lo->last_pool = p;
	lo->last_pool = &p->next;
	return p;
}

/* ---- deeds ------------------------------------------------------------------- */

/* What tells deeds apart; its bytes are the key, equal texts are one. */
struct deed_key {
	const struct plan_pool *pool;
	const struct plan_mapping *map;
	const char *host, *site, *location;
	const struct plan_filter *filter;
	uint32_t action, https_port;
	bool pass_credentials, client_cert;
	bool each; /* the rule matters: its links, or the Host of requests that have none */
};

/* The deed; for one that does not depend on the rule `like` is the first that does the same. */
static struct deed *
deed_get(struct lower *lo, const struct deed_key *key)
{
	struct deed_key any_site = *key;
	struct deed *d;
	void **slot;

	d = known(lo, &lo->deeds, key, sizeof(*key), &slot);
	if (d != NULL || slot == NULL || (d = arena_alloc(lo->mem, sizeof(*d))) == NULL)
		return d;
	*slot = d;
	d->d.rules = lo->p->rules;
	d->d.action = (enum plan_action)key->action;
	d->d.pool = key->pool;
	d->d.map = key->map;
	d->d.host = key->host;
	d->d.site = key->site;
	d->d.location = key->location;
	d->d.https_port = (uint16_t)key->https_port;
	d->d.filter = key->filter;
	d->d.pass_credentials = key->pass_credentials;
	d->d.client_cert = key->client_cert;
	if (key->action != PLAN_FORWARD || key->each || key->map != NULL || key->pool == NULL ||
	    key->pool->farm != NULL)
		return d;
	/* The site is sent by rules for all requests only. */
	any_site.site = NULL;
	d->like = known(lo, &lo->deeds, &any_site, sizeof(any_site), &slot);
	if (d->like == NULL && slot != NULL)
		*slot = d->like = d;
	return d;
}

enum plan_action
rule_action(const struct plan_endpoint *e, const struct manner *m)
{
	if (!m->forwards)
		return m->location != NULL ? PLAN_REDIRECT : PLAN_DENY;
	if (e->tls)
		return PLAN_FORWARD;
	if (m->tls_only)
		return PLAN_DENY;
	if (m->wanted_user && m->listener->redirect_http == 1) {
		/* Opened by --pass-through; TMG sent these to HTTPS first. */
		return e->https_port != 0 ? PLAN_REDIRECT : PLAN_DENY;
	}
	/* A plain port has no certificate to look at. */
	return m->needs_cert ? PLAN_DENY : PLAN_FORWARD;
}

static struct deed *
forward(struct lower *lo, struct manner *m, bool tls, const struct plan_mapping *map)
{
	struct deed_key key;
	struct deed *d;

	if (map == NULL && m->deed[tls] != NULL)
		return m->deed[tls];
	memset(&key, 0, sizeof(key));
	key.action = PLAN_FORWARD;
	if ((key.pool = pool_get(lo, m, m->server_type == 1 || (m->server_type == 2 && tls))) == NULL)
		return NULL;
	key.map = map;
	key.host = m->original_host ? NULL : m->site;
	key.site = m->site;
	key.filter = m->filter;
	key.pass_credentials = m->pass_credentials;
	key.client_cert = m->needs_cert;
	key.each = m->each;
	d = deed_get(lo, &key);
	if (map == NULL)
		m->deed[tls] = d;
	return d;
}

static struct deed *
deed_decide(struct lower *lo, const struct plan_endpoint *e, struct manner *m, const struct plan_mapping *map)
{
	enum plan_action action = rule_action(e, m);
	struct deed_key key;

	if (action == PLAN_FORWARD)
		return forward(lo, m, e->tls, map);
	memset(&key, 0, sizeof(key));
	key.action = (uint32_t)action;
	if (action == PLAN_REDIRECT && !m->forwards)
		key.location = m->location;
	else if (action == PLAN_REDIRECT)
		key.https_port = e->https_port;
	return deed_get(lo, &key);
}

/* ---- routes ------------------------------------------------------------------- */

/* Until all are made, the id of a route is the number of the rule's next one; of its last one, of its first. */
static struct plan_route *
route_at(const struct lower *lo, uint32_t number)
{
	return stretch_at(&lo->routes_made, number - 1, sizeof(struct plan_route));
}

/* The rule's own route of this deed, or NULL; *slot is its place in the map, when they are many. */
static struct plan_route *
route_find(struct lower *lo, const struct prule *r, const struct plan_deed *d, void ***slot)
{
	const void *key[2] = { r, d };
	uint32_t number = r->last_route;

	*slot = NULL;
	if (number == 0)
		return NULL;
	for (uint32_t i = 1; i <= ROUTES_FEW; i++) {
		number = route_at(lo, number)->id;
		if (route_at(lo, number)->deed == d)
			return route_at(lo, number);
		if (number == r->last_route && i < ROUTES_FEW)
			return NULL;
	}
	return known(lo, &lo->routes, key, sizeof(key), slot);
}

const struct plan_route *
route_get(struct lower *lo, const struct plan_endpoint *e, struct prule *r, const struct plan_mapping *map)
{
	struct deed *d = deed_decide(lo, e, manner_of(lo, r), map);
	struct plan_route *route = NULL, *last;
	enum plan_more more;
	void **slot;

	if (d != NULL && (route = route_find(lo, r, &d->d, &slot)) != NULL)
		return route;
	if (d == NULL || lo->failed || (route = stretch_add(lo, &lo->routes_made, sizeof(*route), &more)) == NULL) {
		lo->failed = true;
		return NULL;
	}
	if (slot != NULL)
		*slot = route;
	route->rule = (uint32_t)(r - lo->rules) + 1;
	route->deed = &d->d;
	last = r->last_route != 0 ? route_at(lo, r->last_route) : route;
	route->id = r->last_route != 0 ? last->id : lo->routes_made.count & 0x3fffffffu;
	last->id = lo->routes_made.count & 0x3fffffffu;
	r->last_route = lo->routes_made.count;
	return route;
}

/* Gives the routes their ids: by rule, those of a rule as they were made. */
static void
routes_number(struct lower *lo)
{
	uint32_t id = 0;

	for (size_t i = 0; i < lo->p->rule_count; i++) {
		uint32_t last = lo->rules[i].last_route, number = last != 0 ? route_at(lo, last)->id : 0, next;

		for (; number != 0; number = next) {
			next = number != last ? route_at(lo, number)->id : 0;
			route_at(lo, number)->id = ++id & 0x3fffffffu;
		}
	}
}

/* Where a route of this id will lie. */
static const struct plan_route *
route_place(const struct lower *lo, const struct plan_route *r)
{
	return stretch_at(&lo->routes_made, r->id - 1, sizeof(*r));
}

static void
tables_follow(struct lower *lo)
{
	for (uint32_t i = 0; i < lo->tables_made.count; i++) {
		struct plan_table *t = stretch_at(&lo->tables_made, i, sizeof(*t));

		if (t->n_routes == 1)
			t->to.one = route_place(lo, t->to.one);
		for (uint32_t k = 0; t->n_routes > 1 && k < t->n_routes; k++)
			t->to.many[k] = route_place(lo, t->to.many[k]);
	}
}

/* Brings the routes into the order of their ids, each where it belongs at once. */
static void
routes_sort(struct lower *lo)
{
	struct plan_route *x, *there, held;
	uint32_t count = lo->routes_made.count;

	for (uint32_t i = 0; i < count; i++) {
		x = stretch_at(&lo->routes_made, i, sizeof(*x));
		while (x->id != i + 1) {
			there = stretch_at(&lo->routes_made, x->id - 1, sizeof(*there));
			held = *there;
			*there = *x;
			*x = held;
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		x = stretch_at(&lo->routes_made, i, sizeof(*x));
		x->more = i + 1 == count ? PLAN_LAST : (i + 1) % STRETCH != 0 ? PLAN_BEHIND : PLAN_FURTHER;
	}
	lo->p->routes = count > 0 ? lo->routes_made.v[0] : NULL;
}

void
plan_routes(struct lower *lo)
{
	routes_number(lo);
	tables_follow(lo);
	routes_sort(lo);
	for (const struct plan_route *route = lo->p->routes; route != NULL; route = plan_route_next(route)) {
		struct deed *d = (struct deed *)(uintptr_t)route->deed;

		if (d->like == NULL)
			continue;
		if (d->like->d.first == NULL)
			d->like->d.first = route;
		d->d.first = d->like->d.first;
	}
}
