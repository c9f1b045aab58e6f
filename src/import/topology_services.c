/*
 * What a topology document means: clusters are pools, services are placed on
 * them, and together they say which role a pool has. Services may stand before
 * the clusters that they are placed on, so all is settled at the document's
 * end. Must not know the parser.
 */
#include "import/topology_xml.h"

/* The web site's ports are known by their owner; other services use the same numbers. */
#define WEB_SITE_OWNER "urn:component:OCSWebSite"

struct place {
	const char *id; /* SiteId */
	const char *name;
	struct place *up; /* the site around it */
};

struct cluster {
	struct pool *pool;
	const struct place *site;     /* around it, or NULL */
	const char *site_id;          /* of its ClusterId, or NULL */
	struct pool_machine *machine; /* the last one that was begun */
	bool registrar, user, web, wac;
	int director; /* IsDirector: 1, 0, -1 not stated */
	const char *version;
	int version_rank; /* of the service that stated it */
	uint32_t line;
	struct cluster *next;
};

struct statement {
	enum pool_fact fact;
	const char *text;
	uint32_t line;
	struct statement *next;
};

enum service_kind { S_OTHER, S_USER, S_REGISTRAR, S_WAC, S_WEB };

struct service {
	enum service_kind kind;
	const char *place; /* key of a cluster, or NULL */
	const char *version, *is_director, *discovery, *wac_external;
	struct statement *facts, *components;
	uint32_t line;
	struct service *next;
};

struct topo_services {
	struct topo *t;
	unsigned document;
	const char *default_domain;
	struct place *site; /* that is being read */
	struct cluster *clusters, **last_cluster, *cluster;
	struct service *services, **last_service, *service;
};

struct topo_services *
topo_services_open(struct topo *t)
{
	struct topo_services *s = topo_scratch(t, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->t = t;
	s->document = ++t->documents;
	s->last_cluster = &s->clusters;
	s->last_service = &s->services;
	return s;
}

/* ---- Domains and sites ---------------------------------------------------------- */

void
topo_services_default(struct topo_services *s, const char *domain)
{
	s->default_domain = domain;
}

void
topo_services_domain(struct topo_services *s, const char *name, uint32_t line)
{
	topo_domain(s->t, name, str_caseeq(name, s->default_domain) && name != NULL, line);
}

void
topo_services_site(struct topo_services *s, const char *id)
{
	struct place *p = topo_scratch(s->t, sizeof(*p));
	void **slot;

	if (p == NULL || !topo_count(s->t, 0))
		return;
	p->id = id;
	p->up = s->site;
	s->site = p;
	slot = id != NULL ? topo_slot(s->t, "S\1%u\1%s", s->document, id) : NULL;
	if (slot != NULL && *slot == NULL)
		*slot = p;
}

void
topo_services_site_end(struct topo_services *s)
{
	if (s->site != NULL)
		s->site = s->site->up;
}

void
topo_services_site_name(struct topo_services *s, const char *name)
{
	void **slot;

	if (s->site == NULL || name[0] == '\0')
		return;
	s->site->name = topo_scratch_text(s->t, name, strlen(name));
	slot = s->site->id != NULL ? topo_slot(s->t, "s\1%s", s->site->id) : NULL;
	if (slot != NULL)
		*slot = (void *)(uintptr_t)s->site->name;
}

/* ---- Clusters ------------------------------------------------------------------- */

static void **
cluster_slot(struct topo_services *s, const char *key)
{
	char folded[200];
	size_t n = 0;

	for (; key[n] != '\0' && n + 1 < sizeof(folded); n++)
		folded[n] = ascii_lower(key[n]);
	folded[n] = '\0';
	return topo_slot(s->t, "k\1%u\1%s", s->document, folded);
}

static const char *
id_key(struct topo_services *s, const struct topo_attributes *a)
{
	const char *site = topo_attribute(s->t, a, "SiteId"), *number = topo_attribute(s->t, a, "Number");
	char key[100];

	int n = site == NULL || number == NULL ? -1 : snprintf(key, sizeof(key), "%s\1%s", site, number);

	return n < 0 || (size_t)n >= sizeof(key) ? NULL : topo_scratch_text(s->t, key, (size_t)n);
}

void
topo_services_cluster(struct topo_services *s, const struct topo_attributes *a, uint32_t line)
{
	struct cluster *c = topo_scratch(s->t, sizeof(*c));
	const char *id = topo_attribute(s->t, a, "UniqueId");
	void **slot;

	s->cluster = NULL;
	if (c == NULL)
		return;
	c->pool = topo_pool(s->t, topo_attribute(s->t, a, "Fqdn"), line);
	if (c->pool == NULL)
		return;
	c->site = s->site;
	c->director = -1;
	c->line = line;
	*s->last_cluster = c;
	s->last_cluster = &c->next;
	s->cluster = c;
	if (id != NULL && (slot = cluster_slot(s, id)) != NULL)
		*slot = c;
}

void
topo_services_cluster_id(struct topo_services *s, const struct topo_attributes *a)
{
	const char *key = id_key(s, a);
	void **slot;

	if (s->cluster == NULL || key == NULL)
		return;
	s->cluster->site_id = topo_attribute(s->t, a, "SiteId");
	if ((slot = cluster_slot(s, key)) != NULL)
		*slot = s->cluster;
}

void
topo_services_machine(struct topo_services *s, const char *fqdn, uint32_t line)
{
	struct cluster *c = s->cluster;

	if (c == NULL)
		return;
	/* Topology Builder leaves the name out where the only machine has the cluster's. */
	if (fqdn == NULL || fqdn[0] == '\0')
		fqdn = c->pool->fqdn;
	c->machine = topo_machine(s->t, c->pool, fqdn, line);
}

void
topo_services_address(struct topo_services *s, const char *address, uint32_t line)
{
	if (s->cluster != NULL)
		topo_address(s->t, s->cluster->pool, s->cluster->machine, address, line);
}

/* ---- Services -------------------------------------------------------------------- */

static enum service_kind
service_kind(const char *role)
{
	static const struct {
		const char *name;
		enum service_kind kind;
	} kinds[] = {
		{ "Registrar", S_REGISTRAR },
		{ "UserServices", S_USER },
		{ "WebServices", S_WEB },
		{ "WacService", S_WAC },
	};

	for (size_t i = 0; role != NULL && i < ARRAY_LEN(kinds); i++) {
		if (str_caseeq(kinds[i].name, role))
			return kinds[i].kind;
	}
	return S_OTHER;
}

void
topo_services_service(struct topo_services *s, const struct topo_attributes *a, uint32_t line)
{
	struct service *v = topo_scratch(s->t, sizeof(*v));

	s->service = v;
	if (v == NULL || !topo_count(s->t, line))
		return;
	v->kind = service_kind(topo_attribute(s->t, a, "RoleName"));
	v->version = topo_attribute(s->t, a, "ServiceVersion");
	v->place = topo_attribute(s->t, a, "InstalledOn");
	v->line = line;
}

void
topo_services_service_id(struct topo_services *s, const struct topo_attributes *a)
{
	if (s->service != NULL && s->service->kind == S_OTHER)
		s->service->kind = service_kind(topo_attribute(s->t, a, "RoleName"));
}

void
topo_services_place(struct topo_services *s, const struct topo_attributes *a)
{
	if (s->service != NULL)
		s->service->place = id_key(s, a);
}

static void
state(struct topo_services *s, struct statement **list, enum pool_fact fact, const char *text, uint32_t line)
{
	struct statement *n;

	if (text == NULL || text[0] == '\0' || (n = topo_scratch(s->t, sizeof(*n))) == NULL)
		return;
	n->fact = fact;
	n->text = text;
	n->line = line;
	n->next = *list; /* reversed when the service ends */
	*list = n;
}

void
topo_services_port(struct topo_services *s, const struct topo_attributes *a, uint32_t line)
{
	const char *side = topo_attribute(s->t, a, "InterfaceSide"), *protocol = topo_attribute(s->t, a, "Protocol");
	bool outside = str_caseeq(side, "External"), tls = str_caseeq(protocol, "Https");
	const char *port;

	if (s->service == NULL || !str_caseeq(topo_attribute(s->t, a, "Owner"), WEB_SITE_OWNER) ||
	    !str_caseeq(topo_attribute(s->t, a, "Usage"), "WebSite"))
		return;
	if ((!outside && !str_caseeq(side, "Primary")) || (!tls && !str_caseeq(protocol, "Http")))
		return;
	port = topo_attribute(s->t, a, "Port");
	if (!outside) {
		state(s, &s->service->facts, tls ? FACT_INTERNAL_HTTPS : FACT_INTERNAL_HTTP, port, line);
		return;
	}
	state(s, &s->service->facts, tls ? FACT_HTTPS : FACT_HTTP, port, line);
	state(s, &s->service->facts, tls ? FACT_PUBLISHED_HTTPS : FACT_PUBLISHED_HTTP,
	    topo_attribute(s->t, a, "ConfiguredPort"), line);
}

void
topo_services_registrar(struct topo_services *s, const struct topo_attributes *a, uint32_t line)
{
	(void)line;
	if (s->service == NULL)
		return;
	if (s->service->kind == S_OTHER)
		s->service->kind = S_REGISTRAR;
	s->service->is_director = topo_attribute(s->t, a, "IsDirector");
}

void
topo_services_web(struct topo_services *s, const struct topo_attributes *a, const char *side, uint32_t line)
{
	if (s->service == NULL)
		return;
	if (s->service->kind == S_OTHER)
		s->service->kind = S_WEB;
	if (side[0] != '\0')
		state(s, &s->service->facts, side[0] == 'e' ? FACT_EXTERNAL : FACT_INTERNAL,
		    topo_attribute(s->t, a, "Host"), line);
}

void
topo_services_component(struct topo_services *s, const char *name, uint32_t line)
{
	if (s->service != NULL)
		state(s, &s->service->components, FACT_SITE, name, line);
}

void
topo_services_wac(struct topo_services *s, const struct topo_attributes *a, uint32_t line)
{
	if (s->service == NULL)
		return;
	if (s->service->kind == S_OTHER)
		s->service->kind = S_WAC;
	s->service->discovery = topo_attribute(s->t, a, "DiscoveryUrl");
	s->service->wac_external = topo_attribute(s->t, a, "IsExternal");
	s->service->line = line;
}

static void
reverse(struct statement **list)
{
	struct statement *back = NULL, *n;

	for (; (n = *list) != NULL;) {
		*list = n->next;
		n->next = back;
		back = n;
	}
	*list = back;
}

void
topo_services_service_end(struct topo_services *s)
{
	struct service *v = s->service;

	s->service = NULL;
	if (v == NULL || v->kind == S_OTHER)
		return;
	reverse(&v->facts);
	reverse(&v->components);
	*s->last_service = v;
	s->last_service = &v->next;
}

/* ---- The document's end ------------------------------------------------------------ */

static void
apply_facts(struct topo *t, struct pool *p, const struct service *v)
{
	for (const struct statement *f = v->facts; f != NULL; f = f->next) {
		if (f->fact == FACT_EXTERNAL)
			topo_external(t, p, f->text, f->line);
		else if (f->fact == FACT_INTERNAL)
			topo_internal(t, p, f->text, f->line);
		else
			topo_port(t, p, f->fact, f->text, f->line);
	}
	for (const struct statement *c = v->components; c != NULL; c = c->next)
		topo_component(t, p, c->text, c->line);
	topo_discovery(t, p, v->discovery, v->line);
}

static const char *const service_names[] = {
	[S_OTHER] = "",
	[S_USER] = "UserServices",
	[S_REGISTRAR] = "Registrar",
	[S_WAC] = "WacService",
	[S_WEB] = "WebServices",
};

static void
place_service(struct topo_services *s, const struct service *v)
{
	void **slot = v->place != NULL ? cluster_slot(s, v->place) : NULL;
	struct cluster *c = slot != NULL ? *slot : NULL;

	if (c == NULL) {
		topo_say(s->t, D_TOPOLOGY_VALUE, v->line, "service %s on a cluster that is not in the file",
		    service_names[v->kind]);
		return;
	}
	switch (v->kind) {
	case S_REGISTRAR:
		c->registrar = true;
		if (v->is_director != NULL)
			c->director = topo_true(v->is_director) ? 1 : 0;
		break;
	case S_USER: c->user = c->pool->user_services = true; break;
	case S_WEB: c->web = c->pool->web_services = true; break;
	case S_WAC:
		c->wac = true;
		c->pool->web_apps_external |= topo_true(v->wac_external);
		break;
	default: break;
	}
	/* A pool's services may differ while it is upgraded: that of the web services counts. */
	if (v->version != NULL && (int)v->kind > c->version_rank) {
		c->version_rank = (int)v->kind;
		c->version = v->version;
	}
	apply_facts(s->t, c->pool, v);
}

static void
conclude_role(struct topo *t, const struct cluster *c)
{
	if (c->wac)
		topo_role(t, c->pool, POOL_WEB_APPS, false, c->line);
	else if (c->director == 1)
		topo_role(t, c->pool, POOL_DIRECTOR, false, c->line);
	else if (c->director == 0 && c->user)
		topo_role(t, c->pool, POOL_FRONT_END, false, c->line);
	else if (c->registrar && c->web && !c->user && c->director < 0)
		topo_role(t, c->pool, POOL_DIRECTOR, true, c->line);
	else if (c->web || c->user)
		topo_role(t, c->pool, POOL_FRONT_END, true, c->line);
}

static const char *
site_of(const struct topo_services *s, const struct cluster *c)
{
	const struct place *p = c->site;

	if (p == NULL && c->site_id != NULL) {
		void **slot = topo_slot(s->t, "S\1%u\1%s", s->document, c->site_id);
		p = slot != NULL ? *slot : NULL;
	}
	if (p != NULL)
		return p->name != NULL ? p->name : p->id;
	return c->site_id;
}

void
topo_services_close(struct topo_services *s)
{
	if (s == NULL || s->t->stopped)
		return;
	for (const struct service *v = s->services; v != NULL && !s->t->stopped; v = v->next)
		place_service(s, v);
	for (const struct cluster *c = s->clusters; c != NULL && !s->t->stopped; c = c->next) {
		topo_site(s->t, c->pool, site_of(s, c), c->line);
		topo_version(s->t, c->pool, c->version, c->line);
		conclude_role(s->t, c);
	}
}
