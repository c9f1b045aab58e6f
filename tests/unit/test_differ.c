/*
 * The differential test of the plan: small random exports, and every request
 * of the pools asked of the plan and of a walk over the rules. Must not know
 * how the plan is made. UNIT_SEED and UNIT_EXPORTS choose other ones.
 */
#include "walk.h"

#include <stdlib.h>

#include "export.h"
#include "unit.h"

#define EXPORTS 2500

static const char *const hosts[] = { "contoso.com", "meet.contoso.com", "b.contoso.com", "a.b.contoso.com",
	"x.a.b.contoso.com", "notcontoso.com", "www.fabrikam.com", "fabrikam.com", "192.0.2.77", "com", NULL };
static const char *const names[] = { "contoso.com", "Meet.Contoso.COM", "meet.contoso.com.", "b.contoso.com",
	"a.b.contoso.com", "*.contoso.com", "*.B.contoso.com", "*.a.b.contoso.com", "*.com", "*.fabrikam.com",
	"www.fabrikam.com", "192.0.2.77", "bad name", "*", "" };
static const char *const paths[] = { "/", "/a", "/a/", "/a/x", "/A/b", "/a/b/", "/a/b/c.htm", "/a/b/c.htm/d", "/ab",
	"/c.htm", "/z/y", "/a/B/c.HTM" };
static const char *const externals[] = { "/*", "/*", "/*", "/a/*", "/A/b/*", "/a/b/c.htm", "/a", "/a/", "/", "/c.htm",
	"/ab/*", "/a/b/c.htm/*", "/a*", "a/*" };
static const char *const internals[] = { "/i/*", "/i/J/*", "/*", "/i.htm", "/exchange\\", "/", "/a/*" };

struct maker {
	uint64_t state;
	struct strbuf b;
};

static unsigned
pick(struct maker *m, unsigned n)
{
	m->state ^= m->state << 13;
	m->state ^= m->state >> 7;
	m->state ^= m->state << 17;
	return (unsigned)(m->state >> 33) % n;
}

static bool
one_in(struct maker *m, unsigned n)
{
	return pick(m, n) == 0;
}

/* An element with one of some values; half of the time it is absent. */
static void
perhaps(struct maker *m, const char *element, const char *const *values, unsigned n)
{
	if (one_in(m, 2))
		sb_fmt(&m->b, "<%s>%s</%s>", element, values[pick(m, n)], element);
}

static void
make_paths(struct maker *m)
{
	unsigned n = 1 + pick(m, 3);

	if (one_in(m, 25))
		return;
	sb_puts(&m->b, "<PathMappings>");
	for (unsigned i = 0; i < n; i++) {
		/* Broken forms stand last in the list: they are rare. */
		const char *e = externals[pick(m, one_in(m, 12) ? ARRAY_LEN(externals) : ARRAY_LEN(externals) - 2)];
		size_t len = strlen(e);
		const char *in = e;
		bool prefix = e[len - 1] == '*';
		if (one_in(m, 3)) {
			in = internals[pick(m, ARRAY_LEN(internals))];
			/* Mostly of the same form, or every other rule would be closed. */
			while (!one_in(m, 20) && (in[strlen(in) - 1] == '*') != prefix)
				in = internals[pick(m, ARRAY_LEN(internals))];
		}
		sb_puts(&m->b, "<PathMapping>");
		if (in != e || one_in(m, 2))
			sb_fmt(&m->b, "<ExternalPath>%s</ExternalPath>", e);
		if (one_in(m, 10))
			sb_puts(&m->b, "<SameAsInternalPath>1</SameAsInternalPath>");
		sb_fmt(&m->b, "<InternalPath>%s</InternalPath></PathMapping>", in);
	}
	sb_puts(&m->b, "</PathMappings>");
}

static void
make_target(struct maker *m)
{
	static const char *const types[] = { "0", "1", "2", "2" }, *const http[] = { "80", "8080" },
				 *const https[] = { "443", "4443" };

	if (!one_in(m, 15))
		sb_fmt(&m->b, "<WebSite>%s</WebSite>", one_in(m, 2) ? "web.contoso.local" : "App.Contoso.Local");
	if (one_in(m, 3))
		sb_fmt(&m->b, "<PublishedServer>%s</PublishedServer>", one_in(m, 2) ? "10.0.0.1" : "srv.contoso.local");
	if (one_in(m, 4))
		sb_fmt(&m->b, "<RedirectUrl>http%s://go.contoso.com/x</RedirectUrl>", one_in(m, 2) ? "s" : "");
	if (one_in(m, 40))
		sb_puts(&m->b, "<PublishedServerType>3</PublishedServerType>");
	else
		perhaps(m, "PublishedServerType", types, ARRAY_LEN(types));
	perhaps(m, "HTTPRedirectPort", http, ARRAY_LEN(http));
	perhaps(m, "SSLRedirectPort", https, ARRAY_LEN(https));
	if (one_in(m, 40))
		sb_puts(&m->b, "<LoadBalancingConfig>" X_REF("ServerFarm", "{FA}") "</LoadBalancingConfig>");
}

static void
make_users(struct maker *m)
{
	switch (pick(m, 14)) {
	case 0: sb_puts(&m->b, X_USERS(X_REF("UserSet", AUTHENTICATED))); break;
	case 1: sb_puts(&m->b, X_USERS(X_REF("UserSet", "{0000}") X_REF("UserSet", ALL_USERS))); break;
	case 2: sb_puts(&m->b, X_USERS(X_REF("UserSet", "{0000}"))); break;
	case 3: sb_puts(&m->b, X_USERS("")); break;
	default:
		if (one_in(m, 2))
			sb_puts(&m->b, X_USERS(X_REF("UserSet", ALL_USERS)));
		break;
	}
}

static void
make_sources(struct maker *m)
{
	static const char open[] = "<SelectionIPs><Refs>", shut[] = "</Refs></SelectionIPs>";

	switch (pick(m, 16)) {
	case 0: /* not in the file */ sb_fmt(&m->b, "%s%s%s", open, X_REF("Network", "{0001}"), shut); break;
	case 1: sb_fmt(&m->b, "%s%s%s", open, "", shut); break;
	case 2:
		sb_fmt(&m->b,
		    "%s%s<Ref><IncludeSatus>1</IncludeSatus><Name>{0001}</Name><RefClass>msFPCNetwork</RefClass></"
		    "Ref>%s",
		    open, X_REF("ComputerSet", ANYWHERE), shut);
		break;
	case 3:
	case 4: sb_fmt(&m->b, "%s%s%s", open, X_REF("Network", EXTERNAL), shut); break;
	default:
		if (one_in(m, 2))
			sb_fmt(&m->b, "%s%s%s", open, X_REF("ComputerSet", ANYWHERE), shut);
		break;
	}
}

static void
make_web(struct maker *m)
{
	static const char *const delegation[] = { "0", "0", "1", "3" }, *const secure[] = { "0", "1", "2" },
				 *const bits[] = { "0", "1" };
	unsigned n = 1 + pick(m, 3);

	sb_puts(&m->b, "<WebPublishingProperties>");
	sb_fmt(&m->b, X_REF("WebListener", "{L%s}"), one_in(m, 3) ? "2" : "1");
	if (one_in(m, 8))
		sb_puts(&m->b, "<AllPublicNames>1</AllPublicNames>");
	sb_puts(&m->b, "<PublicNames><PublicNameStrings>");
	for (unsigned i = 0; i < n; i++)
		sb_fmt(&m->b, "<Str>%s</Str>", names[pick(m, one_in(m, 10) ? ARRAY_LEN(names) : ARRAY_LEN(names) - 3)]);
	sb_puts(&m->b, "</PublicNameStrings></PublicNames>");
	make_paths(m);
	make_target(m);
	make_users(m);
	perhaps(m, "CredentialsDelegationType", delegation, ARRAY_LEN(delegation));
	perhaps(m, "SendOriginalHostHeader", bits, ARRAY_LEN(bits));
	if (one_in(m, 3))
		perhaps(m, "SSLRequireSecureChannel", secure, ARRAY_LEN(secure));
	if (one_in(m, 25))
		sb_puts(&m->b, "<SSLClientCertificateClaim>1</SSLClientCertificateClaim>");
	sb_puts(&m->b, "</WebPublishingProperties>");
}

static void
make_rule(struct maker *m, unsigned i)
{
	sb_fmt(&m->b, "<PolicyRule StorageName=\"{R%u}\"><Name>rule %u</Name>", i, i);
	/* Few numbers, so that ties and gaps come up; a high second byte is large in little-endian. */
	if (!one_in(m, 12))
		sb_fmt(&m->b, "<Order>%02x%02x0000%02x000000</Order>", pick(m, 6), one_in(m, 4), pick(m, 2));
	if (!one_in(m, 20))
		sb_fmt(&m->b, "<Enabled>%d</Enabled>", !one_in(m, 8));
	if (one_in(m, 40))
		sb_puts(&m->b, "<System>1</System>");
	if (one_in(m, 4))
		sb_puts(&m->b, "<Action>1</Action>");
	if (one_in(m, 15))
		sb_puts(&m->b, "<AppliesAlways>0</AppliesAlways>");
	make_sources(m);
	make_web(m);
	sb_puts(&m->b, "</PolicyRule>");
}

static void
make_export(struct maker *m)
{
	unsigned rules = 1 + pick(m, 8);

	sb_clear(&m->b);
	sb_puts(&m->b, "<Root xmlns=\"" X_NS "\"><Arrays><Array StorageName=\"{A}\"><RuleElements><WebListeners>");
	for (unsigned i = 1; i <= 2; i++) {
		static const char *const ssl[] = { "443", "443", "8443", "0" };
		sb_fmt(&m->b,
		    "<WebListener "
		    "StorageName=\"{L%u}\"><Name>l%u</Name><IPsOnNetworks><IPOnNetwork><IPSelectionMethod>2</"
		    "IPSelectionMethod>"
		    "<IPAddresses><IPAddressesStrings><Str>192.0.2.%u</Str></IPAddressesStrings></IPAddresses></"
		    "IPOnNetwork></IPsOnNetworks>"
		    "<WebListenerProperties><TCPPort>%s</TCPPort><SSLPort>%s</SSLPort>",
		    i, i, i, one_in(m, 8) ? "0" : "80", ssl[pick(m, 4)]);
		if (one_in(m, 3))
			sb_fmt(&m->b, "<RedirectHTTPAsHTTPS>%u</RedirectHTTPAsHTTPS>", pick(m, 3));
		if (one_in(m, 12))
			sb_puts(&m->b, "<AlwaysAuthenticate>1</AlwaysAuthenticate>");
		sb_puts(&m->b, "</WebListenerProperties></WebListener>");
	}
	sb_puts(&m->b, "</WebListeners></RuleElements><ArrayPolicy><PolicyRules>");
	for (unsigned i = 0; i < rules; i++)
		make_rule(m, i);
	sb_puts(&m->b, "</PolicyRules></ArrayPolicy>");
	if (one_in(m, 30))
		sb_puts(&m->b, "<PolicyAssignment><EnablePublishingRules>0</EnablePublishingRules></PolicyAssignment>");
	sb_puts(&m->b, "</Array></Arrays></Root>");
}

/* ---------------------------------------------------------------- comparing */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && ascii_casecmp(a, b) == 0);
}

static bool
same_answer(const struct answer *a, const struct answer *b)
{
	return a->kind == b->kind && a->rule == b->rule && a->port == b->port && a->tls == b->tls &&
	    a->credentials == b->credentials && same_text(a->location, b->location) &&
	    same_text(a->server, b->server) && same_text(a->tls_name, b->tls_name) && same_text(a->host, b->host) &&
	    strcmp(a->path, b->path) == 0;
}

static void
print_answer(const char *who, const struct answer *a)
{
	static const char *const kinds[] = { "deny", "redirect", "https", "forward" };

	fprintf(stderr, "  %s: %s, %s, to %s:%d%s (%s), host %s, path %s, location %s%s\n", who, kinds[a->kind],
	    a->rule != NULL ? a->rule->o.name : "no rule", a->server != NULL ? a->server : "-", a->port,
	    a->tls ? " tls" : "", a->tls_name != NULL ? a->tls_name : "-", a->host != NULL ? a->host : "-", a->path,
	    a->location != NULL ? a->location : "-", a->credentials ? ", credentials pass" : "");
}

struct tally {
	unsigned long kinds[4], asked;
	unsigned wrong;
};

static void
ask(const struct tmg_input *in, const struct plan *p, const struct opened *o, const struct request *q, struct tally *n,
    const char *xml)
{
	struct answer want, got;

	walk(in, o, q, &want);
	n->asked++;
	n->kinds[want.kind]++;
	if (look_up(p, q, &got) && same_answer(&want, &got))
		return;
	n->wrong++;
	fprintf(stderr, "%s\n%s %s, host %s, path %s, pass-through %s\n", xml, q->listener->o.name,
	    q->tls ? "https" : "http", q->host != NULL ? q->host : "(none)", q->path,
	    o->count != 0 ? o->names[0] : "(none)");
	print_answer("walk", &want);
	print_answer("plan", &got);
}

static void
ask_all(const struct tmg_input *in, const struct plan *p, const struct opened *o, struct tally *n, const char *xml)
{
	struct request q;

	for (const struct tmg_obj *l = in->arrays->first[TMG_K_LISTENER]; l != NULL; l = l->next) {
		q.listener = (const struct tmg_listener *)(const void *)l;
		for (int tls = 0; tls < 2; tls++) {
			q.tls = tls != 0;
			if ((q.tls ? q.listener->https_port : q.listener->http_port) == 0) {
				CU_ASSERT_PTR_NULL(endpoint_find(p, q.listener, q.tls));
				continue;
			}
			for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
				q.host = hosts[h];
				for (size_t i = 0; i < ARRAY_LEN(paths) && n->wrong == 0; i++) {
					q.path = paths[i];
					ask(in, p, o, &q, n, xml);
				}
			}
		}
	}
}

static void
one_export(struct maker *m, struct tally *n)
{
	static const char *const openings[] = { "all", "rule 0", "{r1}" };
	const char *pass = openings[pick(m, ARRAY_LEN(openings))];
	struct opened o = { &pass, one_in(m, 2) };
	struct tmg_convert_options co = { .pass_through = o.names, .pass_count = o.count };
	struct plan_options po = { .o = &co, .cert_dir = "/c", .ca_file = "/c/ca", .runtime_dir = "/r" };
	struct plan p;
	struct tmg *t;

	make_export(m);
	CU_ASSERT_FATAL(!m->b.failed);
	t = export_read(m->b.s);
	if (plan_make(t, t->inputs, &po, &p) == TMG_OK)
		ask_all(t->inputs, &p, &o, n, m->b.s);
	else
		CU_FAIL("no plan");
	plan_free(&p);
	tmg_free(t);
}

void
test_differential(void)
{
	const char *seed = getenv("UNIT_SEED"), *count = getenv("UNIT_EXPORTS");
	unsigned long exports = count != NULL ? strtoul(count, NULL, 10) : EXPORTS;
	struct maker m = { .state = seed != NULL ? strtoull(seed, NULL, 10) * 2 + 1 : 88172645463325252u };
	struct tally n = { 0 };

	sb_init(&m.b, NULL);
	for (unsigned long i = 0; i < exports && n.wrong == 0; i++)
		one_export(&m, &n);
	sb_free(&m.b);
	CU_ASSERT(n.wrong == 0);
	/* Every kind of answer must have come up, or the test says little. */
	for (size_t k = 0; k < ARRAY_LEN(n.kinds); k++)
		CU_ASSERT(n.wrong != 0 || n.kinds[k] > n.asked / 500);
	if (seed != NULL)
		fprintf(stderr, "differential: %lu asked, %lu denied, %lu redirected, %lu to https, %lu forwarded\n",
		    n.asked, n.kinds[0], n.kinds[1], n.kinds[2], n.kinds[3]);
}
