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
	const struct plan_deed **listed;
	struct deed *d;
	void **slot;

	d = known(lo, &lo->deeds, key, sizeof(*key), &slot);
	if (d != NULL || slot == NULL || (d = arena_alloc(lo->mem, sizeof(*d))) == NULL)
		return d;
	if ((listed = list_add(lo, &lo->p->deeds, sizeof(*listed), 1)) == NULL)
		return NULL;
	*slot = d;
	*listed = &d->d;
	d->number = lo->p->deeds.count - 1;
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

#define STEP_MAX 127 /* of kept_route.step */

/* Until all are made, what a route has as its rule is the number of the rule's next one; of its last one, of its first.
 */
static struct kept_route *
route_at(const struct lower *lo, uint32_t number)
{
	return (struct kept_route *)lo->p->routes.v + (number - 1);
}

/* The rule's own route of this deed, or 0; *slot is its place in the map, when they are many. */
static uint32_t
route_find(struct lower *lo, const struct prule *r, const struct deed *d, void ***slot)
{
	const void *key[2] = { r, d };
	uint32_t number = r->last_route;

	*slot = NULL;
	if (number == 0)
		return 0;
	for (uint32_t i = 1; i <= ROUTES_FEW; i++) {
		number = route_at(lo, number)->rule;
		if (route_at(lo, number)->deed == d->number)
			return number;
		if (number == r->last_route && i < ROUTES_FEW)
			return 0;
	}
	return (uint32_t)(uintptr_t)known(lo, &lo->routes, key, sizeof(key), slot);
}

uint32_t
route_get(struct lower *lo, const struct plan_endpoint *e, struct prule *r, const struct plan_mapping *map)
{
	const struct deed *d = deed_decide(lo, e, manner_of(lo, r), map);
	struct kept_route *route;
	uint32_t number = 0;
	void **slot;

	if (d != NULL && (number = route_find(lo, r, d, &slot)) != 0)
		return number;
	if (d == NULL || lo->failed || (route = list_add(lo, &lo->p->routes, sizeof(*route), 1)) == NULL) {
		lo->failed = true;
		return 0;
	}
	number = lo->p->routes.count;
	if (slot != NULL)
		*slot = (void *)(uintptr_t)number;
	route->deed = d->number & 0x1ffffffu;
	route->rule = number;
	if (r->last_route != 0) {
		route->rule = route_at(lo, r->last_route)->rule;
		route_at(lo, r->last_route)->rule = number;
	}
	r->last_route = number;
	return number;
}

bool
routes_can_step(const struct lower *lo, const struct prule *r)
{
	uint32_t n = 0;

	for (uint32_t i = r->last_route; i != 0 && n <= STEP_MAX; n++) {
		i = route_at(lo, i)->rule;
		if (i == r->last_route)
			i = 0;
	}
	return n <= STEP_MAX;
}

/* An endpoint where the rule does another thing has as many routes, in the same order. */
void
routes_step(struct lower *lo, const struct plan_endpoint *e, struct prule *r)
{
	uint32_t last = r->last_route, number = last, n = 0;
	const struct plan_deed *d;

	if (last == 0)
		return;
	do
		n++;
	while ((number = route_at(lo, number)->rule) != last);
	for (uint32_t i = 0; i < n && !lo->failed; i++) {
		number = route_at(lo, number)->rule;
		d = ((const struct plan_deed *const *)lo->p->deeds.v)[route_at(lo, number)->deed];
		if (route_get(lo, e, r, d->map) != number)
			route_at(lo, number)->step = n & STEP_MAX;
	}
}

/* Gives the routes their ids: by rule, those of a rule as they were made. The rule knows the
 * highest one up to its own then, and a route has the id instead of the next one. */
static void
routes_number(struct lower *lo)
{
	uint32_t id = 0;

	for (size_t i = 0; i < lo->p->rule_count; i++) {
		uint32_t last = lo->rules[i].last_route, number = last != 0 ? route_at(lo, last)->rule : 0, next;

		for (; number != 0; number = next) {
			next = number != last ? route_at(lo, number)->rule : 0;
			route_at(lo, number)->rule = ++id;
		}
		lo->rules[i].last_route = id;
	}
}

static void
sites_follow(struct lower *lo)
{
	struct kept_site *sites = lo->p->sites.v;
	uint32_t *slots = lo->p->slots.v;

	for (uint32_t i = 0; i < lo->p->slots.count; i++)
		slots[i] = route_at(lo, slots[i])->rule;
	for (uint32_t i = 0; i < lo->p->sites.count; i++) {
		if (((const struct plan_shape *const *)lo->p->shape_list.v)[sites[i].shape]->slots == 1)
			sites[i].routes = route_at(lo, sites[i].routes)->rule;
	}
}

/* Brings the routes into the order of their ids, each where it belongs at once. */
static void
routes_sort(struct lower *lo)
{
	struct kept_route *x, *there, held;

	for (uint32_t i = 1; i <= lo->p->routes.count; i++) {
		x = route_at(lo, i);
		while (x->rule != i) {
			there = route_at(lo, x->rule);
			held = *there;
			*there = *x;
			*x = held;
		}
	}
}

/* Tells each its rule, and each deed its first one. */
static void
routes_tell(struct lower *lo)
{
	const struct plan_deed *const *deeds = lo->p->deeds.v;
	struct deed *d;
	uint32_t id = 0;

	for (size_t i = 0; i < lo->p->rule_count; i++) {
		while (id < lo->rules[i].last_route) {
			route_at(lo, ++id)->rule = (uint32_t)i + 1;
			d = (struct deed *)(uintptr_t)deeds[route_at(lo, id)->deed];
			if (d->like == NULL)
				continue;
			if (d->like->d.first == 0)
				d->like->d.first = id;
			d->d.first = d->like->d.first;
		}
	}
}

void
plan_routes(struct lower *lo)
{
	routes_number(lo);
	sites_follow(lo);
	routes_sort(lo);
	routes_tell(lo);
}
