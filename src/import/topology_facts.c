/*
 * What inputs say of a topology: each fact is checked, brought into the form in
 * which names are compared, and joined with what was known before. Knows no
 * form of input.
 */
#include "import/topology.h"

#include "base/addr.h"
#include "base/text.h"

bool
topo_true(const char *s)
{
	return s != NULL && (str_caseeq(s, "true") || strcmp(s, "1") == 0);
}

int
topo_integer(const char *s)
{
	size_t n = strlen(s);
	int v = 0;

	if (n == 0 || n > 6)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

const char *
topo_host(struct topo *t, const char *s, const char *what, uint32_t line)
{
	struct strbuf b;
	const char *host = NULL;
	bool wild;

	if (s == NULL || s[0] == '\0')
		return NULL;
	sb_init(&b, t->d.mem.budget);
	if (host_canonical(s, &b, &wild) && !wild)
		host = topo_text(t, b.s);
	else if (b.failed)
		topo_oom(t);
	else
		topo_say(t, D_TOPOLOGY_VALUE, line, "%s \"%.80s\" is not a host name", what, s);
	sb_free(&b);
	return t->stopped ? NULL : host;
}

struct pool *
topo_pool(struct topo *t, const char *fqdn, uint32_t line)
{
	const char *host = topo_host(t, fqdn, "pool", line);
	void **slot = host != NULL ? topo_slot(t, "p\1%s", host) : NULL;
	struct pool *p;

	if (slot == NULL)
		return NULL;
	t->found = true;
	if (*slot != NULL)
		return *slot;
	if (++t->pools > TOPOLOGY_MAX_POOLS) {
		topo_stop(t, D_LIMIT, line, "more than %u pools", TOPOLOGY_MAX_POOLS);
		return NULL;
	}
	p = topo_alloc(t, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->fqdn = host;
	p->file = t->file;
	p->line = line;
	*t->d.last_pool = p;
	t->d.last_pool = &p->next;
	*slot = p;
	return p;
}

/* ---- What may be contradicted ---------------------------------------------- */

static const char *const fact_names[POOL_FACTS] = {
	[FACT_SITE] = "site",
	[FACT_EXTERNAL] = "external web name",
	[FACT_INTERNAL] = "internal web name",
	[FACT_HTTPS] = "external HTTPS port",
	[FACT_HTTP] = "external HTTP port",
	[FACT_PUBLISHED_HTTPS] = "published HTTPS port",
	[FACT_PUBLISHED_HTTP] = "published HTTP port",
	[FACT_INTERNAL_HTTPS] = "internal HTTPS port",
	[FACT_INTERNAL_HTTP] = "internal HTTP port",
	[FACT_DISCOVERY] = "discovery URL",
	[FACT_VERSION] = "version",
	[FACT_ROLE] = "role",
};

/* Is it the first statement of this fact? Another one that says `same` is fine. */
static bool
first_of(
    struct topo *t, struct pool *p, enum pool_fact f, bool same, const char *now, const char *before, uint32_t line)
{
	if (p->from[f] == NULL) {
		p->from[f] = t->file;
		return true;
	}
	if (!same)
		topo_say(t, D_TOPOLOGY_CONTRADICTION, line, "%.60s: %s is \"%.60s\" here, \"%.60s\" in %s", p->fqdn,
		    fact_names[f], now, before, p->from[f]);
	return false;
}

static void
fact_text(struct topo *t, struct pool *p, enum pool_fact f, const char **field, const char *s, uint32_t line)
{
	if (p == NULL || s == NULL || s[0] == '\0')
		return;
	if (first_of(t, p, f, *field != NULL && str_caseeq(*field, s), s, *field, line))
		*field = topo_text(t, s);
}

void
topo_site(struct topo *t, struct pool *p, const char *name, uint32_t line)
{
	if (p != NULL)
		fact_text(t, p, FACT_SITE, &p->site, name, line);
}

void
topo_external(struct topo *t, struct pool *p, const char *host, uint32_t line)
{
	if (p != NULL)
		fact_text(
		    t, p, FACT_EXTERNAL, &p->external_host, topo_host(t, host, fact_names[FACT_EXTERNAL], line), line);
}

void
topo_internal(struct topo *t, struct pool *p, const char *host, uint32_t line)
{
	if (p != NULL)
		fact_text(
		    t, p, FACT_INTERNAL, &p->internal_host, topo_host(t, host, fact_names[FACT_INTERNAL], line), line);
}

static int *
port_field(struct pool *p, enum pool_fact f)
{
	switch (f) {
	case FACT_HTTPS: return &p->https_port;
	case FACT_HTTP: return &p->http_port;
	case FACT_PUBLISHED_HTTPS: return &p->published_https;
	case FACT_PUBLISHED_HTTP: return &p->published_http;
	case FACT_INTERNAL_HTTPS: return &p->internal_https;
	case FACT_INTERNAL_HTTP: return &p->internal_http;
	default: return NULL;
	}
}

static void
fact_number(struct topo *t, struct pool *p, enum pool_fact f, int *field, int v, uint32_t line)
{
	char now[16], before[16];

	snprintf(now, sizeof(now), "%d", v);
	snprintf(before, sizeof(before), "%d", *field);
	if (first_of(t, p, f, *field == v, now, before, line))
		*field = v;
}

void
topo_port(struct topo *t, struct pool *p, enum pool_fact f, const char *port, uint32_t line)
{
	int *field = p != NULL ? port_field(p, f) : NULL;
	int v;

	if (field == NULL || port == NULL || port[0] == '\0')
		return;
	v = topo_integer(port);
	if (v < 1 || v > 65535)
		topo_say(t, D_TOPOLOGY_VALUE, line, "%.80s: %s \"%.40s\"", p->fqdn, fact_names[f], port);
	else
		fact_number(t, p, f, field, v, line);
}

void
topo_version(struct topo *t, struct pool *p, const char *version, uint32_t line)
{
	int v;

	if (p == NULL || version == NULL || version[0] == '\0')
		return;
	v = topo_integer(version);
	if (v < 1)
		topo_say(t, D_TOPOLOGY_VALUE, line, "%.80s: version \"%.40s\"", p->fqdn, version);
	else
		fact_number(t, p, FACT_VERSION, &p->version, v, line);
}

void
topo_role(struct topo *t, struct pool *p, enum pool_role role, bool inferred, uint32_t line)
{
	static const char *const names[] = { "other", "front-end", "director", "web-apps" };

	if (p == NULL)
		return;
	/* What is stated goes before what was concluded, whichever came first. */
	if (p->from[FACT_ROLE] != NULL && p->role_inferred && !inferred)
		p->from[FACT_ROLE] = NULL;
	else if (p->from[FACT_ROLE] != NULL && inferred)
		return;
	if (!first_of(t, p, FACT_ROLE, p->role == role, names[role], names[p->role], line))
		return;
	p->role = role;
	p->role_inferred = inferred;
	if (inferred)
		topo_say(t, D_ROLE_INFERRED, line, "%.80s: %s", p->fqdn, names[role]);
}

/* ---- Parts of a pool -------------------------------------------------------- */

/* `last` is the slot that remembers the end of the list, so that long lists are not walked each time. */
static void
add_text(struct topo *t, void **last, struct tmg_text **list, const char *s, uint32_t line)
{
	struct tmg_text *n = last != NULL ? topo_alloc(t, sizeof(*n)) : NULL;

	if (n == NULL)
		return;
	n->s = topo_text(t, s);
	n->line = line;
	if (*last != NULL)
		list = &((struct tmg_text *)*last)->next;
	while (*list != NULL)
		list = &(*list)->next;
	*list = n;
	*last = n;
}

void
topo_component(struct topo *t, struct pool *p, const char *name, uint32_t line)
{
	void **slot;

	if (p == NULL || name == NULL || name[0] == '\0')
		return;
	slot = topo_slot(t, "c\1%s\1%s", p->fqdn, name);
	if (slot == NULL || *slot != NULL || !topo_count(t, line))
		return;
	*slot = p;
	add_text(t, topo_slot(t, "C\1%s", p->fqdn), &p->components, name, line);
}

struct pool_machine *
topo_machine(struct topo *t, struct pool *p, const char *fqdn, uint32_t line)
{
	const char *host;
	struct pool_machine *m, **list;
	void **slot;

	if (p == NULL)
		return NULL;
	host = topo_host(t, fqdn, "machine", line);
	if (t->stopped || (host == NULL && fqdn != NULL && fqdn[0] != '\0'))
		return NULL;
	slot = topo_slot(t, "m\1%s\1%s", p->fqdn, host != NULL ? host : "");
	if (slot == NULL)
		return NULL;
	if (*slot != NULL)
		return *slot;
	if (!topo_count(t, line) || (m = topo_alloc(t, sizeof(*m))) == NULL)
		return NULL;
	m->fqdn = host;
	*slot = m;
	slot = topo_slot(t, "M\1%s", p->fqdn);
	if (slot == NULL)
		return NULL;
	list = *slot != NULL ? &((struct pool_machine *)*slot)->next : &p->machines;
	while (*list != NULL)
		list = &(*list)->next;
	*list = m;
	*slot = m;
	return m;
}

void
topo_address(struct topo *t, struct pool *p, struct pool_machine *m, const char *address, uint32_t line)
{
	uint8_t a[16];
	char text[ADDR_TEXT];
	void **slot;

	if (p == NULL || m == NULL || address == NULL || address[0] == '\0')
		return;
	if (!addr_parse(address, a)) {
		topo_say(t, D_TOPOLOGY_VALUE, line, "%.80s: address \"%.60s\"", p->fqdn, address);
		return;
	}
	addr_print(a, text);
	if (strcmp(text, "0.0.0.0") == 0 || strcmp(text, "::") == 0)
		return; /* all addresses of the machine: says nothing */
	slot = topo_slot(t, "a\1%s\1%s\1%s", p->fqdn, m->fqdn != NULL ? m->fqdn : "", text);
	if (slot == NULL || *slot != NULL || !topo_count(t, line))
		return;
	*slot = m;
	slot = topo_slot(t, "A\1%s\1%s", p->fqdn, m->fqdn != NULL ? m->fqdn : "");
	add_text(t, slot, &m->addresses, text, line);
}

/* ---- Domains and URLs ------------------------------------------------------- */

void
topo_domain(struct topo *t, const char *name, bool is_default, uint32_t line)
{
	const char *host = topo_host(t, name, "SIP domain", line);
	void **slot = host != NULL ? topo_slot(t, "d\1%s", host) : NULL;
	struct sip_domain *d;

	if (slot == NULL)
		return;
	t->found = true;
	d = *slot;
	if (d == NULL) {
		if (!topo_count(t, line) || (d = topo_alloc(t, sizeof(*d))) == NULL)
			return;
		d->name = host;
		d->file = t->file;
		d->line = line;
		*t->d.last_domain = d;
		t->d.last_domain = &d->next;
		*slot = d;
	}
	if (!is_default || d->is_default || (slot = topo_slot(t, "D")) == NULL)
		return;
	if (*slot == NULL) {
		d->is_default = true;
		*slot = d;
	} else {
		const struct sip_domain *o = *slot;
		topo_say(t, D_TOPOLOGY_CONTRADICTION, line, "default SIP domain is \"%.60s\" here, \"%.60s\" in %s",
		    d->name, o->name, o->file);
	}
}

/* Takes "https://host:port/path?query" apart. NULL: usable; else what is wrong, and *fatal when it is no use. */
static const char *
url_split(struct topo *t, const char *url, const char **host, const char **path, bool *fatal)
{
	const char *s = url, *wrong = NULL;
	struct strbuf b;
	size_t n;

	*fatal = true;
	*host = *path = NULL;
	if (ascii_ncasecmp(s, "https://", 8) == 0) {
		s += 8;
	} else if (ascii_ncasecmp(s, "http://", 7) == 0) {
		s += 7;
		wrong = "does not begin with https://";
	} else {
		return "does not begin with https://";
	}
	n = strcspn(s, "/?#");
	sb_init(&b, t->d.mem.budget);
	sb_putn(&b, s, n);
	s += n;
	if (memchr(b.s, '@', b.len) != NULL) {
		wrong = "holds a user name";
	} else {
		const char *name;
		char *colon = b.s[0] != '[' ? strchr(b.s, ':') : NULL;
		struct strbuf h;
		bool wild;

		if (colon != NULL) {
			*colon = '\0';
			wrong = "has a port";
		}
		sb_init(&h, t->d.mem.budget);
		name = host_canonical(b.s, &h, &wild) && !wild && !host_is_address(b.s) ? h.s : NULL;
		if (name == NULL)
			wrong = "has no host name";
		else
			*host = topo_text(t, name);
		*fatal = name == NULL;
		if (h.failed || b.failed)
			topo_oom(t);
		sb_free(&h);
	}
	sb_clear(&b);
	sb_putn(&b, s, strcspn(s, "?#"));
	*path = topo_text(t, b.s[0] == '/' ? b.s : "/");
	sb_free(&b);
	return wrong;
}

void
topo_discovery(struct topo *t, struct pool *p, const char *url, uint32_t line)
{
	const char *host, *path, *wrong;
	bool fatal;

	if (p == NULL || url == NULL || url[0] == '\0')
		return;
	wrong = url_split(t, url, &host, &path, &fatal);
	if (wrong != NULL)
		topo_say(t, D_TOPOLOGY_VALUE, line, "discovery URL \"%.120s\" %s", url, wrong);
	if (fatal || t->stopped ||
	    !first_of(t, p, FACT_DISCOVERY, p->discovery_url != NULL && strcmp(p->discovery_url, url) == 0, url,
		p->discovery_url, line))
		return;
	p->discovery_url = topo_text(t, url);
	p->discovery_host = host;
}

static enum simple_kind
kind_of_url(const char *component)
{
	static const struct {
		const char *name;
		enum simple_kind kind;
	} kinds[] = {
		{ "Meet", SIMPLE_MEET },
		{ "Dialin", SIMPLE_DIALIN },
		{ "Admin", SIMPLE_ADMIN },
		{ "Cscp", SIMPLE_ADMIN }, /* as scripts that set it up call it */
		{ "WebScheduler", SIMPLE_SCHEDULER },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (str_caseeq(component, kinds[i].name))
			return kinds[i].kind;
	}
	return SIMPLE_OTHER;
}

const char *
topo_scope(struct topo *t, const char *identity)
{
	const char *colon = identity != NULL ? strchr(identity, ':') : NULL;
	struct strbuf b;

	if (identity == NULL || ascii_ncasecmp(identity, "site", 4) != 0 ||
	    (colon != identity + 4 && identity[4] != '\0'))
		return "global";
	if (colon == NULL || colon[1] == '\0')
		return "site";
	sb_init(&b, t->d.mem.budget);
	sb_puts(&b, "site:");
	sb_puts(&b, colon + 1);
	identity = topo_text(t, b.s);
	if (b.failed)
		topo_oom(t);
	sb_free(&b);
	return identity;
}

/* Lower case, so that no spelling makes a second URL; without the slashes at the end. */
static const char *
folded(struct topo *t, const char *s)
{
	size_t n = strlen(s);
	char *c = topo_scratch(t, n + 1);

	if (c == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		c[i] = ascii_lower(s[i]);
	while (n > 0 && c[n - 1] == '/')
		n--;
	c[n] = '\0';
	return c;
}

/* Where the same URL stands, if it was stated before. */
static void **
url_slot(struct topo *t, const struct simple_url *u)
{
	const char *url = folded(t, u->url), *scope = folded(t, u->scope);
	const char *other = u->kind == SIMPLE_OTHER ? folded(t, u->component) : "";

	if (url == NULL || scope == NULL || other == NULL)
		return NULL;
	return topo_slot(t, "u\1%s\1%d%s\1%s\1%s", scope, (int)u->kind, other, u->domain, url);
}

/* Where the one that is handed out stands. */
static void **
active_slot(struct topo *t, const struct simple_url *u)
{
	const char *scope = folded(t, u->scope);
	const char *other = u->kind == SIMPLE_OTHER ? folded(t, u->component) : "";

	if (scope == NULL || other == NULL)
		return NULL;
	return topo_slot(t, "v\1%s\1%d%s\1%s", scope, (int)u->kind, other, u->domain);
}

void
topo_known_urls(struct topo *t)
{
	for (const struct simple_url *old = t->s->urls; old != NULL && !t->stopped; old = old->next) {
		struct simple_url *u = topo_alloc(t, sizeof(*u));
		void **slot;

		if (u == NULL)
			return;
		*u = *old;
		u->next = NULL;
		*t->d.last_url = u;
		t->d.last_url = &u->next;
		if ((slot = url_slot(t, u)) != NULL)
			*slot = u;
		if (u->current && (slot = active_slot(t, u)) != NULL)
			*slot = u;
	}
}

/* The record of this URL, old or new. NULL: stopped. */
static struct simple_url *
url_record(struct topo *t, const struct topo_url *u, const struct simple_url *made)
{
	void **slot = url_slot(t, made);
	struct simple_url *r;

	if (slot == NULL)
		return NULL;
	if (*slot != NULL)
		return *slot;
	if (!topo_count(t, u->line) || (r = topo_alloc(t, sizeof(*r))) == NULL)
		return NULL;
	*r = *made;
	r->component = topo_text(t, made->component);
	r->url = topo_text(t, made->url);
	r->scope = topo_text(t, made->scope);
	r->file = t->file;
	r->line = u->line;
	*t->d.last_url = r;
	t->d.last_url = &r->next;
	*slot = r;
	return r;
}

void
topo_url(struct topo *t, const struct topo_url *u)
{
	struct simple_url made = { .component = u->component, .url = u->url, .domain = "*" }, *r;
	const char *wrong;
	bool fatal;
	void **slot;

	if (u->url == NULL || u->url[0] == '\0' || u->component == NULL || t->stopped)
		return;
	made.scope = u->scope != NULL ? u->scope : "global";
	if (u->domain != NULL && u->domain[0] != '\0' && strcmp(u->domain, "*") != 0)
		made.domain = topo_host(t, u->domain, "domain of a simple URL", u->line);
	wrong = url_split(t, u->url, &made.host, &made.path, &fatal);
	if (wrong != NULL)
		topo_say(t, D_SIMPLE_URL_FORM, u->line, "%.40s: \"%.120s\" %s%s", u->component, u->url, wrong,
		    fatal ? "; left out" : "");
	if (fatal || made.domain == NULL || t->stopped)
		return;
	made.kind = kind_of_url(u->component);
	r = url_record(t, u, &made);
	if (r == NULL || !u->current || r->current)
		return;
	slot = active_slot(t, r);
	if (slot != NULL && *slot != NULL) {
		const struct simple_url *o = *slot;
		topo_say(t, D_TOPOLOGY_CONTRADICTION, u->line,
		    "active %.40s URL of %.60s (%.60s) is \"%.80s\" here, \"%.80s\" in %s", r->component, r->domain,
		    r->scope, r->url, o->url, o->file);
	} else if (slot != NULL) {
		*slot = r;
		r->current = true;
	}
}

/* ---- When a file is read ---------------------------------------------------- */

/* "site:1" becomes "site:NAME" where the file says what site 1 is called. */
static void
name_scopes(struct topo *t)
{
	for (struct simple_url *u = t->d.urls; u != NULL; u = u->next) {
		void **slot;

		if (u->file != t->file || strncmp(u->scope, "site:", 5) != 0)
			continue;
		slot = topo_slot(t, "s\1%s", u->scope + 5);
		if (slot != NULL && *slot != NULL) {
			struct strbuf b;

			sb_init(&b, t->d.mem.budget);
			sb_puts(&b, "site:");
			sb_puts(&b, *slot);
			u->scope = topo_text(t, b.s);
			sb_free(&b);
		}
	}
}

/* Sites that have web services: how many, and the only one when there is one. */
struct sites {
	size_t count;
	const char *only;
	bool nameless; /* a pool that has web services says no site: no statement on all sites is possible */
};

static void
sites_find(struct topo *t, struct sites *x)
{
	for (const struct pool *p = t->d.pools; p != NULL && !t->stopped; p = p->next) {
		const char *name;
		void **slot;

		if (!p->web_services)
			continue;
		x->nameless |= p->site == NULL;
		name = p->site != NULL ? folded(t, p->site) : NULL;
		slot = name != NULL ? topo_slot(t, "w\1%s", name) : NULL;
		if (slot == NULL || *slot != NULL)
			continue;
		*slot = t;
		x->count++;
		x->only = name;
	}
}

/* How many sites have an URL of their own for this component and domain. */
static void **
own_count(struct topo *t, const struct simple_url *u)
{
	const char *other = u->kind == SIMPLE_OTHER ? folded(t, u->component) : "";

	return other != NULL ? topo_slot(t, "n\1%d%s\1%s", (int)u->kind, other, u->domain) : NULL;
}

static void
own_find(struct topo *t, const struct sites *x)
{
	for (const struct simple_url *u = t->d.urls; u != NULL && !t->stopped; u = u->next) {
		const char *site = NULL;
		void **slot;

		if (u->current && strncmp(u->scope, "site:", 5) == 0)
			site = folded(t, u->scope + 5);
		else if (u->current && strcmp(u->scope, "site") == 0 && x->count == 1)
			site = x->only; /* whatever it is called */
		if (site == NULL || (slot = topo_slot(t, "w\1%s", site)) == NULL || *slot == NULL)
			continue;
		slot = topo_slot(
		    t, "o\1%s\1%d%s\1%s", site, (int)u->kind, u->kind == SIMPLE_OTHER ? u->component : "", u->domain);
		if (slot == NULL || *slot != NULL)
			continue;
		*slot = t;
		if ((slot = own_count(t, u)) != NULL)
			*slot = (void *)((uintptr_t)*slot + 1);
	}
}

void
topo_finish(struct topo *t)
{
	struct sites x = { 0 };

	name_scopes(t);
	sites_find(t, &x);
	own_find(t, &x);
	for (struct simple_url *u = t->d.urls; u != NULL && !t->stopped; u = u->next) {
		u->active = u->current;
		if (u->current && strcmp(u->scope, "global") == 0 && x.count > 0 && !x.nameless) {
			void **slot = own_count(t, u);
			u->active = slot == NULL || (uintptr_t)*slot < x.count;
		}
	}
}
