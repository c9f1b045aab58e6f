/*
 * Topologies as XML: a table of the elements that say something, and libxml2's
 * SAX2 push parser walked along it. Topology and simple URLs are found at any
 * depth of a DocItemSet, and in escaped text of it. Knows the parser and what
 * the elements are called; what they mean is topology_services.c's.
 */
#include "import/topology_xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/SAX2.h>

#include "base/text.h"

#define SCHEMA "urn:schema:Microsoft.Rtc.Management."

/* Namespaces end in a year: what stands before it says which. */
enum ns { NS_TOPOLOGY, NS_WRITABLE, NS_BUILDER, NS_DEPLOY, NS_URLS, NS_SCOPE, NS_POWERSHELL, NS_ANY };

static const char *const namespaces[] = {
	[NS_TOPOLOGY] = SCHEMA "Deploy.Topology.",
	[NS_WRITABLE] = SCHEMA "Deploy.WritableTopology.",
	[NS_BUILDER] = SCHEMA "Deploy.TopologyBuilder.",
	[NS_DEPLOY] = SCHEMA "Deploy.",
	[NS_URLS] = SCHEMA "Settings.SimpleUrl.",
	[NS_SCOPE] = SCHEMA "ScopeFramework.",
	[NS_POWERSHELL] = "http://schemas.microsoft.com/powershell/",
	[NS_ANY] = "",
};

enum kind {
	K_DOC,  /* above the root */
	K_FIND, /* holds what is looked for somewhere below */
	K_SKIP,
	K_BUILDER,
	K_NEW,
	K_TOPOLOGY,
	K_DOMAINS,
	K_DOMAIN,
	K_SITES,
	K_SITE,
	K_SITE_NAME,
	K_CLUSTERS,
	K_CLUSTER,
	K_CLUSTER_ID,
	K_MACHINES,
	K_MACHINE,
	K_NET,
	K_SERVICES,
	K_SERVICE,
	K_SERVICE_ID,
	K_INSTALLED,
	K_PLACE,
	K_PORTS,
	K_PORT,
	K_REGISTRAR,
	K_WEB,
	K_EXTERNAL,
	K_INTERNAL,
	K_COMPONENTS,
	K_COMPONENT,
	K_WAC,
	K_URLS,
	K_URL,
	K_ENTRY,
	K_ANCHOR,
	K_KEY,
	K_AUTHORITY,
	K_OBJECTS, /* of Export-Clixml, from here on: topology_objects.c */
};

static const struct row {
	enum kind parent;
	enum ns ns;
	const char *name;
	enum kind kind;
} rows[] = {
	/* clang-format off */
	{ K_FIND, NS_TOPOLOGY, "Topology", K_TOPOLOGY },
	{ K_FIND, NS_WRITABLE, "PartialTopology", K_TOPOLOGY },
	{ K_FIND, NS_BUILDER, "TopologyBuilder", K_BUILDER },
	{ K_FIND, NS_URLS, "SimpleUrlConfiguration", K_URLS },
	{ K_FIND, NS_SCOPE, "AnchoredXml", K_ANCHOR },
	{ K_BUILDER, NS_BUILDER, "NewTopology", K_NEW },
	{ K_NEW, NS_WRITABLE, "PartialTopology", K_TOPOLOGY },
	{ K_ANCHOR, NS_SCOPE, "Key", K_KEY },
	{ K_KEY, NS_SCOPE, "AuthorityId", K_AUTHORITY },
	{ K_TOPOLOGY, NS_DEPLOY, "InternalDomains", K_DOMAINS },
	{ K_DOMAINS, NS_DEPLOY, "InternalDomain", K_DOMAIN },
	{ K_TOPOLOGY, NS_URLS, "SimpleUrlConfiguration", K_URLS },
	{ K_URLS, NS_URLS, "SimpleUrl", K_URL },
	{ K_URL, NS_URLS, "SimpleUrlEntry", K_ENTRY },
	{ K_TOPOLOGY, NS_DEPLOY, "Sites", K_SITES },
	{ K_TOPOLOGY, NS_DEPLOY, "CentralSites", K_SITES },
	{ K_SITES, NS_DEPLOY, "CentralSite", K_SITE },
	{ K_SITES, NS_DEPLOY, "RemoteSite", K_SITE },
	{ K_SITE, NS_DEPLOY, "Name", K_SITE_NAME },
	{ K_SITE, NS_DEPLOY, "RemoteSites", K_SITES },
	{ K_SITE, NS_DEPLOY, "Clusters", K_CLUSTERS },
	{ K_TOPOLOGY, NS_DEPLOY, "Clusters", K_CLUSTERS },
	{ K_CLUSTERS, NS_DEPLOY, "Cluster", K_CLUSTER },
	{ K_CLUSTER, NS_DEPLOY, "ClusterId", K_CLUSTER_ID },
	{ K_CLUSTER, NS_DEPLOY, "Machines", K_MACHINES },
	{ K_CLUSTER, NS_DEPLOY, "Machine", K_MACHINE },
	{ K_MACHINES, NS_DEPLOY, "Machine", K_MACHINE },
	{ K_MACHINE, NS_DEPLOY, "NetInterface", K_NET },
	{ K_TOPOLOGY, NS_DEPLOY, "Services", K_SERVICES },
	{ K_SERVICES, NS_DEPLOY, "Service", K_SERVICE },
	{ K_SERVICE, NS_DEPLOY, "ServiceId", K_SERVICE_ID },
	{ K_SERVICE, NS_DEPLOY, "InstalledOn", K_INSTALLED },
	{ K_INSTALLED, NS_DEPLOY, "ClusterId", K_PLACE },
	{ K_SERVICE, NS_DEPLOY, "Ports", K_PORTS },
	{ K_PORTS, NS_DEPLOY, "Port", K_PORT },
	{ K_SERVICE, NS_DEPLOY, "RegistrarService", K_REGISTRAR },
	{ K_SERVICE, NS_DEPLOY, "WebService", K_WEB },
	{ K_WEB, NS_DEPLOY, "ExternalSettings", K_EXTERNAL },
	{ K_WEB, NS_DEPLOY, "InternalSettings", K_INTERNAL },
	{ K_WEB, NS_DEPLOY, "WebComponents", K_COMPONENTS },
	{ K_COMPONENTS, NS_DEPLOY, "Component", K_COMPONENT },
	{ K_SERVICE, NS_DEPLOY, "WacService", K_WAC },
	/* clang-format on */
};

/* What may stand at the root besides the rows of K_FIND. */
static const struct row roots[] = {
	{ K_DOC, NS_ANY, "DocItemSet", K_FIND },
	{ K_DOC, NS_POWERSHELL, "Objs", K_OBJECTS },
};

struct frame {
	enum kind kind;
	uint32_t line;
	bool has_children;
	const char *scope; /* of the nearest AnchoredXml around, or NULL */
};

struct topo_xml {
	struct topo *t;
	xmlParserCtxtPtr parser;
	uint64_t fed, last_event;
	uint32_t base; /* lines before the first */
	unsigned depth;
	struct frame frames[TOPOLOGY_MAX_DEPTH + 1];
	struct strbuf text;
	struct topo_services *services; /* of the topology that is being read */
	struct topo_objects *objects;
	struct topo_url url; /* that is being read */
};

static uint32_t
line_of(const struct topo_xml *x)
{
	int line = x->parser != NULL ? xmlSAX2GetLineNumber(x->parser) : 0;

	return x->base + (line > 0 ? (uint32_t)line : 1);
}

/* The parser stops with the reader. */
static bool
stopped(struct topo_xml *x)
{
	if (x->t->stopped && x->parser != NULL)
		xmlStopParser(x->parser);
	return x->t->stopped;
}

/* ---- Attributes -------------------------------------------------------------- */

/* The value, in scratch memory, or NULL. libxml2 leaves "&" as "&#38;" here. */
const char *
topo_attribute(struct topo *t, const struct topo_attributes *a, const char *name)
{
	for (int i = 0; i < a->count; i++) {
		const xmlChar *const *at = (const xmlChar *const *)a->at + (ptrdiff_t)i * 5;
		const char *s = (const char *)at[3];
		size_t n = (size_t)(at[4] - at[3]), k = 0;
		char *out;

		if (at[1] != NULL || !str_caseeq((const char *)at[0], name))
			continue;
		out = topo_scratch(t, n + 1);
		if (out == NULL)
			return NULL;
		for (size_t j = 0; j < n; j++) {
			out[k++] = s[j];
			if (s[j] == '&' && n - j >= 5 && memcmp(s + j, "&#38;", 5) == 0)
				j += 4;
		}
		out[k] = '\0';
		return out;
	}
	return NULL;
}

/* ---- Elements ---------------------------------------------------------------- */

static bool
in_namespace(enum ns ns, const char *uri)
{
	return strncmp(uri, namespaces[ns], strlen(namespaces[ns])) == 0;
}

static const struct row *
row_find(const struct row *table, size_t n, enum kind parent, const char *name, const char *uri)
{
	for (size_t i = 0; i < n; i++) {
		if (table[i].parent == parent && str_caseeq(table[i].name, name) && in_namespace(table[i].ns, uri))
			return &table[i];
	}
	return NULL;
}

static enum kind
kind_of(struct topo_xml *x, enum kind parent, const char *name, const char *uri)
{
	bool search = parent == K_DOC || parent == K_FIND || parent == K_ANCHOR;
	const struct row *r = row_find(rows, ARRAY_LEN(rows), parent, name, uri);
	struct strbuf b;

	if (r == NULL && search)
		r = row_find(rows, ARRAY_LEN(rows), K_FIND, name, uri);
	if (r == NULL && parent == K_DOC)
		r = row_find(roots, ARRAY_LEN(roots), K_DOC, name, uri);
	if (r != NULL)
		return r->kind;
	if (parent == K_DOC && x->t->nesting == 0) {
		sb_init(&b, x->t->d.mem.budget);
		text_safe(&b, name, 60);
		topo_stop(x->t, D_NOT_TOPOLOGY, line_of(x), "its root element is %s", b.s);
		sb_free(&b);
	} else if (parent == K_BUILDER) {
		topo_say(x->t, D_TOPOLOGY_PART, line_of(x), "%.80s beside NewTopology", name);
	}
	return search ? K_FIND : K_SKIP;
}

static void
start_anchor(struct topo_xml *x, struct frame *f, const struct topo_attributes *a)
{
	const char *s;

	if (f->kind == K_KEY) {
		s = topo_attribute(x->t, a, "ScopeClass");
		if (s != NULL)
			f[-1].scope = topo_scope(x->t, s);
	} else if (f->kind == K_AUTHORITY && str_caseeq(topo_attribute(x->t, a, "Class"), "Site")) {
		const char *id = topo_attribute(x->t, a, "InstanceId");
		struct strbuf b;

		if (id == NULL || f[-2].scope == NULL || strcmp(f[-2].scope, "site") != 0)
			return;
		sb_init(&b, x->t->d.mem.budget);
		sb_puts(&b, "Site:");
		sb_puts(&b, id);
		f[-2].scope = topo_scope(x->t, b.s);
		sb_free(&b);
	}
}

static void
start_url(struct topo_xml *x, struct frame *f, const struct topo_attributes *a)
{
	if (f->kind == K_URL) {
		x->url = (struct topo_url){ .component = topo_attribute(x->t, a, "Component"),
			.domain = topo_attribute(x->t, a, "Domain"),
			.url = topo_attribute(x->t, a, "ActiveUrl"),
			.scope = f->scope,
			.line = f->line,
			.current = true };
		if (x->url.component == NULL)
			topo_say(x->t, D_TOPOLOGY_VALUE, f->line, "a simple URL without a component");
	} else {
		struct topo_url entry = x->url;

		entry.url = topo_attribute(x->t, a, "Url");
		entry.current = false;
		entry.line = f->line;
		topo_url(x->t, &entry);
		return;
	}
	topo_url(x->t, &x->url);
}

static void
start_topology(struct topo_xml *x, struct frame *f, const struct topo_attributes *a)
{
	const char *published = topo_attribute(x->t, a, "IsPublished");

	x->t->found = true;
	if (published != NULL && !topo_true(published)) {
		x->t->d.draft = true;
		topo_say(x->t, D_TOPOLOGY_DRAFT, f->line, "%s", "");
	}
	x->services = topo_services_open(x->t);
}

static void
start_known(struct topo_xml *x, struct frame *f, const struct topo_attributes *a)
{
	struct topo *t = x->t;
	struct topo_services *s = x->services;

	switch (f->kind) {
	case K_TOPOLOGY: start_topology(x, f, a); break;
	case K_KEY:
	case K_AUTHORITY: start_anchor(x, f, a); break;
	case K_URLS:
		t->found = true;
		t->d.has_urls = true;
		break;
	case K_URL:
	case K_ENTRY: start_url(x, f, a); break;
	case K_DOMAINS: topo_services_default(s, topo_attribute(t, a, "DefaultDomain")); break;
	case K_DOMAIN: topo_services_domain(s, topo_attribute(t, a, "Name"), f->line); break;
	case K_SITE: topo_services_site(s, topo_attribute(t, a, "SiteId")); break;
	case K_CLUSTER: topo_services_cluster(s, a, f->line); break;
	case K_CLUSTER_ID: topo_services_cluster_id(s, a); break;
	case K_MACHINE: topo_services_machine(s, topo_attribute(t, a, "Fqdn"), f->line); break;
	case K_NET: topo_services_address(s, topo_attribute(t, a, "IPAddress"), f->line); break;
	case K_SERVICE: topo_services_service(s, a, f->line); break;
	case K_SERVICE_ID: topo_services_service_id(s, a); break;
	case K_PLACE: topo_services_place(s, a); break;
	case K_PORT: topo_services_port(s, a, f->line); break;
	case K_REGISTRAR: topo_services_registrar(s, a, f->line); break;
	case K_WEB:
	case K_EXTERNAL:
	case K_INTERNAL:
		topo_services_web(s, a, f->kind == K_WEB ? "" : f->kind == K_EXTERNAL ? "e" : "i", f->line);
		break;
	case K_COMPONENT: topo_services_component(s, topo_attribute(t, a, "ComponentName"), f->line); break;
	case K_WAC: topo_services_wac(s, a, f->line); break;
	case K_OBJECTS: x->objects = topo_objects_open(t); break;
	default: break;
	}
}

static void
on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns, const xmlChar **ns,
    int n_attr, int n_dflt, const xmlChar **attr)
{
	struct topo_xml *x = ctx;
	struct topo_attributes a = { .count = n_attr, .at = (const void *)attr };
	struct frame *f;

	(void)prefix;
	(void)ns;
	(void)n_dflt;
	x->last_event = x->fed;
	if (x->t->stopped)
		return;
	if (n_attr > (int)TOPOLOGY_MAX_ATTRIBUTES || n_ns > (int)TOPOLOGY_MAX_ATTRIBUTES)
		topo_stop(x->t, D_LIMIT, line_of(x), "more than %u attributes in one element", TOPOLOGY_MAX_ATTRIBUTES);
	if (++x->t->elements > TOPOLOGY_MAX_ELEMENTS)
		topo_stop(x->t, D_LIMIT, line_of(x), "more than %u elements", TOPOLOGY_MAX_ELEMENTS);
	if (x->depth >= TOPOLOGY_MAX_DEPTH)
		topo_stop(x->t, D_LIMIT, line_of(x), "elements nested deeper than %u", TOPOLOGY_MAX_DEPTH);
	if (stopped(x))
		return;
	f = &x->frames[++x->depth];
	*f = (struct frame){ .line = line_of(x), .scope = f[-1].scope };
	f[-1].has_children = true;
	sb_clear(&x->text);
	if (f[-1].kind == K_OBJECTS) {
		f->kind = K_OBJECTS;
		topo_objects_start(x->objects, (const char *)name, &a, f->line);
	} else {
		f->kind = kind_of(x, f[-1].kind, (const char *)name, uri != NULL ? (const char *)uri : "");
		if (!x->t->stopped)
			start_known(x, f, &a);
	}
	if (f->kind != K_OBJECTS && topo_true(topo_attribute(x->t, &a, "UseWsFedPassiveAuth")))
		x->t->d.passive_auth = true;
	stopped(x);
}

static void
trim(char **s, size_t *n)
{
	while (*n > 0 && strchr(" \t\r\n", (*s)[*n - 1]) != NULL)
		(*n)--;
	while (*n > 0 && strchr(" \t\r\n", **s) != NULL) {
		(*s)++;
		(*n)--;
	}
	if ((*s)[*n] != '\0')
		(*s)[*n] = '\0'; /* never into the constant of an empty buffer */
}

/* Text that is XML itself, with something of a topology in it, is parsed again. */
static void
parse_text(struct topo_xml *x, const struct frame *f, const char *s, size_t n)
{
	struct topo_xml *inner;

	if (n == 0 || s[0] != '<' || strstr(s, SCHEMA) == NULL)
		return;
	if (x->t->nesting + 1 >= TOPOLOGY_MAX_NESTING) {
		topo_stop(
		    x->t, D_LIMIT, f->line, "XML inside the text of XML more than %u times", TOPOLOGY_MAX_NESTING - 1);
		return;
	}
	x->t->nesting++;
	inner = topo_xml_open(x->t, f->line);
	if (inner != NULL)
		inner->frames[0].scope = f->scope;
	topo_xml_feed(inner, s, n);
	topo_xml_close(inner, !x->t->stopped);
	x->t->nesting--;
}

static void
on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct topo_xml *x = ctx;
	const struct frame *f = &x->frames[x->depth];
	char *s = x->text.s;
	size_t n = x->text.len;

	(void)prefix;
	(void)uri;
	x->last_event = x->fed;
	if (x->t->stopped || x->depth == 0)
		return;
	if (x->text.failed) {
		topo_oom(x->t);
		stopped(x);
		return;
	}
	trim(&s, &n);
	if (f->kind == K_OBJECTS) {
		if (f[-1].kind == K_OBJECTS)
			topo_objects_end(x->objects, (const char *)name, s, f->has_children);
	} else if (f->kind == K_SITE_NAME) {
		topo_services_site_name(x->services, s);
	} else if (f->kind == K_SITE) {
		topo_services_site_end(x->services);
	} else if (f->kind == K_SERVICE) {
		topo_services_service_end(x->services);
	} else if (f->kind == K_TOPOLOGY) {
		topo_services_close(x->services);
		x->services = NULL;
	} else if ((f->kind == K_FIND || f->kind == K_ANCHOR) && !f->has_children) {
		parse_text(x, f, s, n);
	}
	sb_clear(&x->text);
	x->depth--;
	stopped(x);
}

static void
on_text(void *ctx, const xmlChar *s, int n)
{
	struct topo_xml *x = ctx;
	enum kind kind = x->frames[x->depth].kind;

	x->last_event = x->fed;
	if (x->t->stopped || (kind != K_FIND && kind != K_SITE_NAME && kind != K_OBJECTS && kind != K_ANCHOR))
		return;
	if (x->text.len + (size_t)n > TOPOLOGY_MAX_TEXT) {
		topo_stop(x->t, D_LIMIT, line_of(x), "text of one element longer than %u bytes", TOPOLOGY_MAX_TEXT);
		stopped(x);
		return;
	}
	sb_putn(&x->text, (const char *)s, (size_t)n);
}

static void
on_doctype(void *ctx, const xmlChar *name, const xmlChar *ext, const xmlChar *sys)
{
	struct topo_xml *x = ctx;

	(void)ext;
	(void)sys;
	if (name != NULL && str_caseeq((const char *)name, "html"))
		topo_stop(x->t, D_NOT_TOPOLOGY, line_of(x), "it is an HTML page");
	else
		topo_stop(x->t, D_DOCTYPE, line_of(x), "%s", "");
	stopped(x);
}

static void
on_error(void *ctx, xmlErrorPtr e)
{
	struct topo_xml *x = ctx;
	struct strbuf b;

	/* Two attributes of one expanded name: libxml2 goes on, but nobody can say which one holds. */
	if (e == NULL || x->t->stopped || (e->level != XML_ERR_FATAL && e->code != XML_NS_ERR_ATTRIBUTE_REDEFINED))
		return;
	sb_init(&b, x->t->d.mem.budget);
	text_safe(&b, e->message != NULL ? e->message : "", 120);
	while (b.len > 0 && (b.s[b.len - 1] == ' ' || b.s[b.len - 1] == '.'))
		b.s[--b.len] = '\0';
	topo_stop(x->t, D_BAD_XML, x->base + (e->line > 0 ? (uint32_t)e->line : 1), "%s", b.s);
	stopped(x);
	sb_free(&b);
}

/* ---- The pump ------------------------------------------------------------------ */

struct topo_xml *
topo_xml_open(struct topo *t, uint32_t line)
{
	struct topo_xml *x = topo_scratch(t, sizeof(*x));
	xmlSAXHandler sax;

	if (x == NULL)
		return NULL;
	x->t = t;
	x->base = line - 1;
	sb_init(&x->text, t->d.mem.budget);
	memset(&sax, 0, sizeof(sax));
	sax.initialized = XML_SAX2_MAGIC;
	sax.startElementNs = on_start;
	sax.endElementNs = on_end;
	sax.characters = on_text;
	sax.cdataBlock = on_text;
	sax.internalSubset = on_doctype;
	sax.serror = on_error;
	x->parser = xmlCreatePushParserCtxt(&sax, x, NULL, 0, NULL);
	if (x->parser == NULL) {
		topo_oom(t);
		return x;
	}
	/* HUGE: our own limits hold instead; IGNORE_ENC: the bytes are UTF-8 by now. */
	xmlCtxtUseOptions(x->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_HUGE | XML_PARSE_BIG_LINES);
	return x;
}

void
topo_xml_feed(struct topo_xml *x, const char *s, size_t n)
{
	while (x != NULL && n > 0 && !x->t->stopped) {
		size_t k = n < TOPOLOGY_MAX_TAG / 2 ? n : TOPOLOGY_MAX_TAG / 2;

		x->fed += k;
		xmlParseChunk(x->parser, s, (int)k, 0);
		/* A start tag that never ends makes no event: bound it like text. */
		if (!x->t->stopped && x->fed - x->last_event > TOPOLOGY_MAX_TAG)
			topo_stop(x->t, D_LIMIT, line_of(x), "a tag or comment longer than %u bytes", TOPOLOGY_MAX_TAG);
		s += k;
		n -= k;
	}
}

void
topo_xml_close(struct topo_xml *x, bool complete)
{
	if (x == NULL)
		return;
	if (complete && x->parser != NULL) {
		xmlParseChunk(x->parser, "", 0, 1);
		if (!x->t->stopped && !x->parser->wellFormed)
			topo_stop(x->t, D_BAD_XML, line_of(x), "it ends before the root element does");
	}
	if (x->parser != NULL) {
		xmlFreeDoc(x->parser->myDoc);
		xmlFreeParserCtxt(x->parser);
	}
	topo_objects_close(x->objects, complete && !x->t->stopped);
	sb_free(&x->text);
}
