/*
 * What PowerShell shows or saves of the objects of Get-CsService,
 * Get-CsSimpleUrlConfiguration and Get-CsSipDomain: named values, whichever form
 * they came in; and the elements of Export-Clixml that make such objects. Must
 * not know the parser.
 */
#include "import/topology_xml.h"

void
topo_object_init(struct topo_object *o, uint32_t line)
{
	memset(o, 0, sizeof(*o));
	o->last = &o->first;
	o->line = line;
}

void
topo_object_free(struct topo_object *o)
{
	for (struct topo_property *p = o->first; p != NULL; p = p->next)
		sb_free(&p->value);
	o->first = NULL;
	o->last = &o->first;
}

struct topo_property *
topo_object_add(struct topo *t, struct topo_object *o, const char *name, size_t n, uint32_t line)
{
	struct topo_property *p = topo_scratch(t, sizeof(*p));

	if (p == NULL || !topo_count(t, line))
		return NULL;
	p->name = topo_scratch_text(t, name, n);
	p->line = line;
	sb_init(&p->value, t->d.mem.budget);
	*o->last = p;
	o->last = &p->next;
	return p;
}

const char *
topo_object_get(const struct topo_object *o, const char *name)
{
	for (const struct topo_property *p = o->first; p != NULL; p = p->next) {
		if (str_caseeq(p->name, name))
			return p->value.s;
	}
	return NULL;
}

/* ---- Lists: "{a, b, c...}" --------------------------------------------------------- */

/* The next item at *s, in scratch memory; NULL at the end. `cut` says that PowerShell left the rest out. */
static const char *
list_next(struct topo *t, const char **s, bool *cut)
{
	const char *item = *s;
	size_t n;

	item += strspn(item, "{, \t");
	n = strcspn(item, ",}");
	*s = item + n;
	while (n > 0 && (item[n - 1] == ' ' || item[n - 1] == '\t'))
		n--;
	if (n >= 3 && memcmp(item + n - 3, "...", 3) == 0) {
		*cut = true;
		n -= 3;
	} else if (n >= 3 && memcmp(item + n - 3, "\xe2\x80\xa6", 3) == 0) {
		*cut = true; /* as one character, in newer versions */
		n -= 3;
	}
	return n > 0 ? topo_scratch_text(t, item, n) : NULL;
}

static void
list_cut(struct topo *t, const char *what, uint32_t line)
{
	topo_say(t, D_LIST_CUT_OFF, line, "%s", what);
}

/* The part behind "NAME=" in "Component=Meet;Domain=contoso.com;ActiveUrl=...", or NULL. */
static const char *
member(struct topo *t, const char *s, const char *name)
{
	size_t len = strlen(name);

	while (*s != '\0') {
		size_t n;

		s += strspn(s, "; \t{");
		n = strcspn(s, ";}");
		if (n > len && s[len] == '=' && ascii_ncasecmp(s, name, len) == 0)
			return topo_scratch_text(t, s + len + 1, n - len - 1);
		s += n + (s[n] != '\0');
	}
	return NULL;
}

/* ---- Simple URLs ------------------------------------------------------------------- */

static void
url_object(struct topo *t, const struct topo_object *o)
{
	struct topo_url u = { .component = topo_object_get(o, "Component"),
		.domain = topo_object_get(o, "Domain"),
		.url = topo_object_get(o, "ActiveUrl"),
		.scope = topo_scope(t, o->scope),
		.line = o->line,
		.current = true };
	const char *s, *item;
	bool cut = false;

	t->found = t->d.has_urls = true;
	topo_url(t, &u);
	u.current = false;
	for (const struct topo_property *p = o->first; p != NULL && !t->stopped; p = p->next) {
		if (!str_caseeq(p->name, "SimpleUrlEntry"))
			continue;
		for (s = p->value.s; (item = list_next(t, &s, &cut)) != NULL && !t->stopped;) {
			const char *url = member(t, item, "Url");

			u.url = url != NULL ? url : ascii_ncasecmp(item, "http", 4) == 0 ? item : NULL;
			topo_url(t, &u);
		}
	}
	if (cut)
		list_cut(t, "SimpleUrlEntry", o->line);
}

/* The collection as a whole; its URLs may stand in one line. */
static void
url_collection(struct topo *t, const struct topo_object *o, const char *s)
{
	struct topo_url u = {
		.scope = topo_scope(t, topo_object_get(o, "Identity")), .line = o->line, .current = true
	};
	const char *item;
	bool cut = false;

	t->found = t->d.has_urls = true;
	while ((item = list_next(t, &s, &cut)) != NULL && !t->stopped) {
		u.component = member(t, item, "Component");
		u.domain = member(t, item, "Domain");
		u.url = member(t, item, "ActiveUrl");
		if (u.component == NULL || u.url == NULL)
			topo_say(t, D_TOPOLOGY_VALUE, o->line,
			    "simple URL \"%.120s\"; expand the list with Select-Object -ExpandProperty SimpleUrl",
			    item);
		else
			topo_url(t, &u);
	}
	if (cut)
		list_cut(t, "SimpleUrl", o->line);
}

/* ---- Services ---------------------------------------------------------------------- */

/* "WebServer:pool01.contoso.net": what stands behind the kind, or NULL when the kind is another one. */
static const char *
of_kind(const char *identity, const char *kind)
{
	size_t n = strlen(kind);

	if (identity == NULL || ascii_ncasecmp(identity, kind, n) != 0 || identity[n] != ':')
		return NULL;
	return identity + n + 1;
}

/* ABHandlerExternalUri names the component ABHandler. */
static void
components(struct topo *t, struct pool *p, const struct topo_object *o)
{
	static const struct {
		const char *end, *more;
	} ends[] = { { "ExternalUri", "" }, { "InternalUri", "" }, { "InternalAnonUri", "Anon" },
		{ "ExternalAnonUri", "Anon" } };

	for (const struct topo_property *q = o->first; q != NULL && !t->stopped; q = q->next) {
		size_t n = strlen(q->name);

		for (size_t i = 0; i < ARRAY_LEN(ends) && q->value.len > 0; i++) {
			size_t e = strlen(ends[i].end);
			struct strbuf b;

			if (n <= e || !str_caseeq(q->name + n - e, ends[i].end))
				continue;
			sb_init(&b, t->d.mem.budget);
			sb_putn(&b, q->name, n - e);
			sb_puts(&b, ends[i].more);
			topo_component(t, p, b.s, q->line);
			if (b.failed)
				topo_oom(t);
			sb_free(&b);
		}
	}
}

/* The services that depend on the web services say whether the pool is a Director. */
static void
dependents(struct topo *t, struct pool *p, const struct topo_object *o)
{
	const char *s = topo_object_get(o, "DependentServiceList"), *item, *user = topo_object_get(o, "UserServer");
	bool cut = false, director = false, registrar = false;

	while (s != NULL && (item = list_next(t, &s, &cut)) != NULL) {
		director |= of_kind(item, "Director") != NULL;
		registrar |= of_kind(item, "Registrar") != NULL;
	}
	user = of_kind(user, "UserServer");
	if (user != NULL && str_caseeq(user, p->fqdn))
		p->user_services = true;
	if (director)
		topo_role(t, p, POOL_DIRECTOR, false, o->line);
	else if (registrar)
		topo_role(t, p, POOL_FRONT_END, false, o->line);
	else if (cut)
		list_cut(t, "DependentServiceList", o->line);
	if (!director && !registrar && p->user_services)
		topo_role(t, p, POOL_FRONT_END, true, o->line);
}

static void
web_server(struct topo *t, struct pool *p, const struct topo_object *o)
{
	static const struct {
		const char *name;
		enum pool_fact fact;
	} ports[] = {
		{ "ExternalHttpsPort", FACT_HTTPS },
		{ "ExternalHttpPort", FACT_HTTP },
		{ "PublishedExternalHttpsPort", FACT_PUBLISHED_HTTPS },
		{ "PublishedExternalHttpPort", FACT_PUBLISHED_HTTP },
		{ "PrimaryHttpsPort", FACT_INTERNAL_HTTPS },
		{ "PrimaryHttpPort", FACT_INTERNAL_HTTP },
	};

	p->web_services = true;
	topo_external(t, p, topo_object_get(o, "ExternalFqdn"), o->line);
	topo_internal(t, p, topo_object_get(o, "InternalFqdn"), o->line);
	for (size_t i = 0; i < ARRAY_LEN(ports); i++)
		topo_port(t, p, ports[i].fact, topo_object_get(o, ports[i].name), o->line);
	components(t, p, o);
	dependents(t, p, o);
}

static void
service_object(struct topo *t, const struct topo_object *o, const char *identity)
{
	const char *fqdn = topo_object_get(o, "PoolFqdn"), *site = topo_object_get(o, "SiteId"), *name;
	bool web = of_kind(identity, "WebServer") != NULL;
	struct pool *p;

	if (fqdn == NULL || fqdn[0] == '\0')
		fqdn = strchr(identity, ':') + 1;
	p = topo_pool(t, fqdn, o->line);
	if (p == NULL)
		return;
	name = of_kind(site, "Site");
	topo_site(t, p, name != NULL ? name : site, o->line);
	if (web)
		web_server(t, p, o);
	else if (of_kind(identity, "Director") != NULL)
		topo_role(t, p, POOL_DIRECTOR, false, o->line);
	else if (of_kind(identity, "UserServer") != NULL)
		p->user_services = true;
	if (web || of_kind(identity, "Director") != NULL || of_kind(identity, "Registrar") != NULL)
		topo_version(t, p, topo_object_get(o, "Version"), o->line);
}

void
topo_object(struct topo *t, const struct topo_object *o)
{
	const char *identity = topo_object_get(o, "Identity"), *urls = topo_object_get(o, "SimpleUrl");

	if (topo_true(topo_object_get(o, "UseWsFedPassiveAuth")))
		t->d.passive_auth = t->found = true;
	if (topo_object_get(o, "Component") != NULL && topo_object_get(o, "ActiveUrl") != NULL)
		url_object(t, o);
	else if (urls != NULL)
		url_collection(t, o, urls);
	else if (topo_object_get(o, "IsDefault") != NULL && topo_object_get(o, "Name") != NULL)
		topo_domain(t, topo_object_get(o, "Name"), topo_true(topo_object_get(o, "IsDefault")), o->line);
	else if (identity != NULL && strchr(identity, ':') != NULL &&
	    (topo_object_get(o, "PoolFqdn") != NULL || of_kind(identity, "WebServer") != NULL))
		service_object(t, o, identity);
}

/* ---- Export-Clixml ------------------------------------------------------------------- */

struct level {
	bool object;       /* an Obj; else a list or a simple value */
	bool holds_urls;   /* of an Obj: simple URLs stand in it and were taken */
	const char *name;  /* as a property of the Obj above, or NULL */
	const char *shown; /* ToString */
	struct topo_object o;
	struct strbuf items; /* values without a name */
};

struct topo_objects {
	struct topo *t;
	unsigned depth;
	struct level levels[TOPOLOGY_MAX_DEPTH + 2];
	struct pending {
		struct topo_object o;
		struct pending *next;
	} * first, **last; /* simple URLs, until their collection says its scope */
};

struct topo_objects *
topo_objects_open(struct topo *t)
{
	struct topo_objects *s = topo_scratch(t, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->t = t;
	s->last = &s->first;
	return s;
}

void
topo_objects_start(struct topo_objects *s, const char *name, const struct topo_attributes *a, uint32_t line)
{
	struct level *l;

	if (s == NULL || s->depth + 1 >= ARRAY_LEN(s->levels))
		return;
	l = &s->levels[++s->depth];
	memset(l, 0, sizeof(*l));
	l->object = str_caseeq(name, "Obj");
	l->name = topo_attribute(s->t, a, "N");
	topo_object_init(&l->o, line);
	sb_init(&l->items, s->t->d.mem.budget);
}

/* The nearest Obj above the innermost level; NULL at the top. */
static struct level *
owner(struct topo_objects *s)
{
	for (unsigned i = s->depth - 1; i > 0; i--) {
		if (s->levels[i].object)
			return &s->levels[i];
	}
	return NULL;
}

/* A value belongs to the object above: under its name, or to the list that the object is. */
static void
give(struct topo_objects *s, struct level *up, const char *name, const char *value, uint32_t line)
{
	struct topo_property *p = NULL;

	if (up == NULL || value == NULL)
		return;
	if (name != NULL) {
		p = topo_object_add(s->t, &up->o, name, strlen(name), line);
		if (p != NULL)
			sb_puts(&p->value, value);
	} else {
		sb_puts(&up->items, up->items.len > 0 ? ", " : "");
		sb_puts(&up->items, value);
	}
	if (up->items.failed || (p != NULL && p->value.failed))
		topo_oom(s->t);
}

static void
flush(struct topo_objects *s, const char *scope, bool use)
{
	struct pending *p;

	for (; (p = s->first) != NULL; s->first = p->next) {
		p->o.scope = scope;
		if (use && !s->t->stopped)
			topo_object(s->t, &p->o);
		topo_object_free(&p->o);
	}
	s->last = &s->first;
}

static void
end_object(struct topo_objects *s, struct level *l)
{
	const char *url = topo_object_get(&l->o, "Url");
	struct level *up = owner(s);
	struct pending *p;

	if (topo_object_get(&l->o, "Component") != NULL && topo_object_get(&l->o, "ActiveUrl") != NULL) {
		p = topo_scratch(s->t, sizeof(*p));
		if (p == NULL)
			return;
		p->o = l->o;
		if (l->o.first == NULL)
			p->o.last = &p->o.first;
		topo_object_init(&l->o, 0);
		*s->last = p;
		s->last = &p->next;
		if (up != NULL)
			up->holds_urls = true;
	} else if (up != NULL && l->holds_urls) {
		; /* a list of them says nothing more */
	} else if (up != NULL && l->items.len > 0) {
		give(s, up, l->name, l->items.s, l->o.line);
	} else if (up != NULL) {
		give(s, up, l->name, url != NULL ? url : l->shown, l->o.line);
	} else {
		topo_object(s->t, &l->o);
	}
	if (up == NULL)
		flush(s, topo_object_get(&l->o, "Identity"), true);
}

void
topo_objects_end(struct topo_objects *s, const char *name, const char *text, bool has_children)
{
	struct level *l, *up;

	if (s == NULL || s->depth == 0)
		return;
	l = &s->levels[s->depth];
	up = owner(s);
	if (l->object)
		end_object(s, l);
	else if (str_caseeq(name, "ToString") && up != NULL)
		up->shown = topo_scratch_text(s->t, text, strlen(text));
	else if (!has_children && text[0] != '\0' && !str_caseeq(name, "T"))
		give(s, up, l->name, text, l->o.line);
	topo_object_free(&l->o);
	sb_free(&l->items);
	s->depth--;
}

void
topo_objects_close(struct topo_objects *s, bool complete)
{
	if (s == NULL)
		return;
	for (; s->depth > 0; s->depth--) {
		topo_object_free(&s->levels[s->depth].o);
		sb_free(&s->levels[s->depth].items);
	}
	flush(s, NULL, complete);
}
