/*
 * Roles: what a public name is for, which pool a rule leads to, and whether that
 * is known (from a topology) or guessed (from names and ports, section 1E of the
 * audit's notes). The one place that guesses.
 */
#include "audit/audit.h"

#include "base/addr.h"

/* What a topology says of a host. */
struct known_host {
	enum name_kind kind;
	const struct pool *pool;
};

#define WEB_PORT_HTTPS 4443
#define WEB_PORT_HTTP 8080

/* First labels that tell what a name is for when nothing better is known. */
static const struct {
	const char *label;
	enum name_kind kind;
} labels[] = {
	{ "lyncdiscover", NAME_AUTODISCOVER },
	{ "lyncdiscoverinternal", NAME_AUTODISCOVER_INTERNAL },
	{ "meet", NAME_MEET },
	{ "dialin", NAME_DIALIN },
};

int
pool_https(const struct pool *p)
{
	if (p != NULL && p->https_port != 0)
		return p->https_port;
	return p != NULL && p->role == POOL_WEB_APPS ? 443 : WEB_PORT_HTTPS;
}

int
pool_http(const struct pool *p)
{
	if (p != NULL && p->http_port != 0)
		return p->http_port;
	return p != NULL && p->role == POOL_WEB_APPS ? 80 : WEB_PORT_HTTP;
}

const char *
pool_public_host(const struct pool *p)
{
	return p->role == POOL_WEB_APPS && p->external_host == NULL ? p->discovery_host : p->external_host;
}

const char *
pool_word(const struct pool *p)
{
	switch (p->role) {
	case POOL_FRONT_END: return "Front End";
	case POOL_DIRECTOR: return "Director";
	case POOL_WEB_APPS: return "Office Web Apps";
	case POOL_OTHER: break;
	}
	return "pool";
}

/* The first to claim a host keeps it, but for a more telling claim. */
static bool
know(struct view *v, const char *host, enum name_kind kind, const struct pool *pool)
{
	struct known_host *k;
	void **slot;

	if (host == NULL || host[0] == '\0')
		return true;
	slot = hmap_slot(&v->known, host, strlen(host), true);
	if (slot == NULL)
		return false;
	if (*slot != NULL) {
		k = *slot;
		if (k->pool == NULL)
			k->pool = pool;
		if (k->kind == NAME_INTERNAL && kind == NAME_EXTERNAL) {
			k->kind = kind;
			k->pool = pool;
		}
		return true;
	}
	if ((k = arena_alloc(v->mem, sizeof(*k))) == NULL)
		return false;
	k->kind = kind;
	k->pool = pool;
	*slot = k;
	return true;
}

static bool
know_address(struct view *v, const char *address, const struct pool *p)
{
	uint8_t raw[16];
	char text[ADDR_TEXT];
	const char *key;

	if (!addr_parse(address, raw))
		return true;
	addr_print(raw, text);
	if (hmap_get(&v->addresses, text) != NULL)
		return true;
	key = arena_str(v->mem, text);
	return key != NULL && hmap_put(&v->addresses, key, (void *)(uintptr_t)p);
}

static bool
know_pool(struct view *v, const struct pool *p)
{
	const struct pool_machine *m;
	const struct tmg_text *x;

	if (!p->web_services && p->role != POOL_WEB_APPS)
		return true;
	if (p->role == POOL_WEB_APPS &&
	    (!know(v, p->external_host, NAME_WEB_APPS, p) || !know(v, p->discovery_host, NAME_WEB_APPS, p)))
		return false;
	if (p->role != POOL_WEB_APPS && !know(v, p->external_host, NAME_EXTERNAL, p))
		return false;
	if (!know(v, p->internal_host, NAME_INTERNAL, p) || !know(v, p->fqdn, NAME_INTERNAL, p))
		return false;
	for (m = p->machines; m != NULL; m = m->next) {
		if (!know(v, m->fqdn, NAME_INTERNAL, p))
			return false;
		for (x = m->addresses; x != NULL; x = x->next)
			if (!know_address(v, x->s, p))
				return false;
	}
	return true;
}

static enum name_kind
kind_of_url(const struct simple_url *u)
{
	switch (u->kind) {
	case SIMPLE_MEET: return NAME_MEET;
	case SIMPLE_DIALIN: return NAME_DIALIN;
	case SIMPLE_ADMIN: return NAME_ADMIN;
	case SIMPLE_SCHEDULER: return NAME_SCHEDULER;
	case SIMPLE_OTHER: break;
	}
	return NAME_OTHER;
}

static bool
know_topology(struct view *v)
{
	for (const struct pool *p = v->site->pools; p != NULL; p = p->next)
		if (!know_pool(v, p))
			return false;
	for (const struct simple_url *u = v->site->urls; u != NULL; u = u->next)
		if (u->active && kind_of_url(u) != NAME_OTHER && !know(v, u->host, kind_of_url(u), NULL))
			return false;
	for (const struct sip_domain *d = v->site->domains; d != NULL; d = d->next) {
		const char *a = arena_fmt(v->mem, "lyncdiscover.%s", d->name);
		const char *b = arena_fmt(v->mem, "lyncdiscoverinternal.%s", d->name);

		if (a == NULL || b == NULL || !know(v, a, NAME_AUTODISCOVER, NULL) ||
		    !know(v, b, NAME_AUTODISCOVER_INTERNAL, NULL))
			return false;
	}
	return true;
}

/* Is this kind of name something the topology would have told? Then nothing is guessed. */
static bool
may_guess(struct view *v, enum name_kind kind)
{
	switch (kind) {
	case NAME_AUTODISCOVER:
	case NAME_AUTODISCOVER_INTERNAL: return v->site->domains == NULL;
	case NAME_MEET:
	case NAME_DIALIN: return !v->site->has_urls;
	default: return !v->topology;
	}
}

/* What a name is for depends on its host alone. */
static void
judge_name(struct view *v, struct view_rule *r, struct view_name *n)
{
	const struct known_host *k;
	const char *host = name_host(n);
	struct known_host guess = { NAME_OTHER, NULL };
	struct view_host *h;
	size_t len = strcspn(host, ".");

	if (name_bad(n) || name_wild(n))
		return;
	k = hmap_get(&v->known, host);
	for (size_t i = 0; i < ARRAY_LEN(labels) && k == NULL; i++)
		if (strncmp(host, labels[i].label, len) == 0 && labels[i].label[len] == '\0' && host[len] == '.' &&
		    may_guess(v, labels[i].kind))
			guess.kind = labels[i].kind;
	if (k == NULL && guess.kind == NAME_OTHER)
		return;
	if ((h = view_list(v, r, n)) == NULL)
		return; /* v->failed */
	h->kind = k != NULL ? k->kind : guess.kind;
	h->pool = k != NULL ? k->pool : NULL;
	h->guess = k == NULL;
}

const struct pool *
pool_of_address(struct view *v, const char *address)
{
	uint8_t raw[16];
	char text[ADDR_TEXT];

	if (address == NULL || v->addresses.count == 0 || !addr_parse(address, raw))
		return NULL;
	addr_print(raw, text);
	return hmap_get(&v->addresses, text);
}

const struct pool *
pool_of_host(struct view *v, const char *host)
{
	const struct known_host *k;
	const struct pool *p = NULL;
	struct strbuf b;
	bool wild;

	if (host == NULL)
		return NULL;
	sb_init(&b, v->a->budget);
	if (host_canonical(host, &b, &wild) && !wild && !b.failed) {
		k = hmap_get(&v->known, b.s);
		p = k != NULL ? k->pool : pool_of_address(v, b.s);
	}
	v->failed = v->failed || b.failed;
	sb_free(&b);
	return p;
}

/* The pool that a rule leads to: by its farm, its server, or its site. */
static const struct pool *
leads_to(struct view *v, const struct tmg_web *w)
{
	const struct tmg_farm *f;
	const struct pool *p;

	if (w->lb_enabled && w->farm != NULL && w->farm->to != NULL && w->farm->to->kind == TMG_K_FARM) {
		f = (const struct tmg_farm *)(const void *)w->farm->to;
		for (const struct tmg_member *m = f->members; m != NULL; m = m->next)
			if ((p = pool_of_host(v, m->address)) != NULL)
				return p;
	} else if ((p = pool_of_host(v, w->server)) != NULL) {
		return p;
	}
	return pool_of_host(v, w->site);
}

static bool
names_any(const struct view_rule *r, enum name_kind kind)
{
	for (size_t i = 0; i < r->name_count; i++)
		if (name_kind(&r->names[i]) == kind)
			return true;
	return false;
}

/* A rule of which everything is autodiscover, and which goes on without TLS: the first
 * hop on port 80 that phones may use. */
static bool
is_autodiscover_plain(const struct view_rule *r)
{
	for (size_t i = 0; i < r->name_count; i++)
		if (name_kind(&r->names[i]) != NAME_AUTODISCOVER)
			return false;
	return r->name_count > 0 && r->via->plain_in && (!r->via->tls_in || r->rule->web->server_type == 0) &&
	    !r->via->plain_to_tls;
}

static void
judge_rule(struct view *v, struct view_rule *r)
{
	bool lync = false, guess = true;
	const struct pool *named = NULL;

	for (size_t i = 0; i < r->name_count; i++) {
		struct view_name *n = &r->names[i];

		judge_name(v, r, n);
		if (name_kind(n) == NAME_OTHER || name_kind(n) == NAME_WEB_APPS)
			continue;
		lync = true;
		guess = guess && name_guess(n);
		if (named == NULL && name_kind(n) == NAME_EXTERNAL)
			named = name_pool(n);
	}
	if (!r->via->led)
		r->via->to = leads_to(v, r->rule->web);
	r->via->led = true;
	r->pool = r->via->to != NULL ? r->via->to : named;
	if (names_any(r, NAME_WEB_APPS) || (r->via->to != NULL && r->via->to->role == POOL_WEB_APPS && !lync)) {
		r->role = ROLE_WEB_APPS;
		return;
	}
	if (lync || r->via->to != NULL) {
		r->role = ROLE_LYNC;
		r->guess = r->via->to == NULL && guess;
	} else if (!v->topology && r->via->listener != NULL &&
	    (r->rule->web->https_port == WEB_PORT_HTTPS ||
		(r->rule->web->http_port == WEB_PORT_HTTP && !r->via->tls_to_tls))) {
		r->role = ROLE_LYNC;
		r->guess = true;
	}
	r->autodiscover_plain = r->role == ROLE_LYNC && is_autodiscover_plain(r);
}

/* A server whose address no topology states belongs to the pool whose external name
 * the rule publishes: topologies often hold 0.0.0.0. */
static bool
tie_addresses(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];
		bool farm =
		    r->rule->web->lb_enabled && r->rule->web->farm != NULL && r->rule->web->farm->key[0] != '\0';

		if (r->live && r->pool != NULL && r->rule->web->server != NULL && !farm &&
		    !know_address(v, r->rule->web->server, r->pool))
			return false;
	}
	return true;
}

/* Where some rule looks like Lync's, one that goes to 8080 and states no SSL port is most
 * likely the commonest of its mistakes. */
static void
guess_forgotten_port(struct view *v)
{
	bool some = false;

	for (size_t i = 0; i < v->rule_count; i++)
		some = some || (v->rules[i].live && v->rules[i].role == ROLE_LYNC);
	for (size_t i = 0; some && !v->topology && i < v->rule_count; i++) {
		struct view_rule *r = &v->rules[i];

		if (r->role == ROLE_NONE && r->via->listener != NULL && r->rule->web->http_port == WEB_PORT_HTTP &&
		    r->via->tls_to_tls && (r->rule->stated & TMG_S_SSL_PORT) == 0) {
			r->role = ROLE_LYNC;
			r->guess = true;
		}
	}
}

bool
roles_make(struct view *v)
{
	if (!know_topology(v))
		return false;
	for (size_t i = 0; i < v->rule_count; i++)
		judge_rule(v, &v->rules[i]);
	guess_forgotten_port(v);
	for (size_t i = 0; i < v->listener_count; i++) {
		struct view_listener *l = &v->listeners[i];

		for (size_t k = 0; k < l->rule_count; k++) {
			if (!l->rules[k]->live || l->rules[k]->role != ROLE_LYNC)
				continue;
			if (l->first_plain == NULL && l->rules[k]->via->plain_in)
				l->first_plain = l->rules[k];
			l->guess = !l->lync ? l->rules[k]->guess : l->guess && l->rules[k]->guess;
			l->lync = true;
		}
	}
	return tie_addresses(v);
}
