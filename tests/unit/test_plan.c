/*
 * Tests of the plan: what is shared, what may go through a stream, listeners
 * and their certificates, what is reported. What closes a rule has its own file.
 * What a request is answered with is the differential test's (test_differ.c).
 */
#include "unit.h"

#include "planned.h"
#include "walk.h"

static size_t
path_count(const struct plan_table *t)
{
	size_t n = 0;

	for (const struct plan_path *p = t->shape->paths; p != NULL; p = p->next)
		n++;
	return n;
}

#define TLS_SITE "<PublishedServerType>1</PublishedServerType><SSLRedirectPort>4443</SSLRedirectPort>" X_SITE
#define STREAM                                                                                         \
	TLS_SITE "<CredentialsDelegationType>0</CredentialsDelegationType><SendOriginalHostHeader>1</" \
		 "SendOriginalHostHeader>"

/* ------------------------------------------------------------- sharing, classes */

#define BOTH "<PublishedServerType>2</PublishedServerType>" X_SITE

/* Two endpoints, two rules of the same server, one that gets another Host: routes stand by rule, and know their like. */
static void
test_routes(void)
{
	static const struct {
		const char *rule;
		uint32_t like; /* 0: it is the first of its kind */
		bool tls;
	} want[] = { { "r1", 0, false }, { "r1", 0, true }, { "r2", 1, false }, { "r2", 2, true }, { "r3", 0, false },
		{ "r3", 0, true }, { "r4", 0, false }, { "r4", 0, true } };
	struct planned x = { 0 };
	struct plan_route r;

	plan_xml(&x,
	    X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", BOTH) X_PLAIN("2", "b.contoso.com", "", BOTH) X_PLAIN(
		"3", "c.contoso.com", "", BOTH "<SendOriginalHostHeader>1</SendOriginalHostHeader>") X_PLAIN("4",
		"d.contoso.com", "", BOTH "<CredentialsDelegationType>0</CredentialsDelegationType>")));
	CU_ASSERT_EQUAL_FATAL(x.p.routes.count, ARRAY_LEN(want));
	for (uint32_t n = 0; n < ARRAY_LEN(want); n++) {
		r = plan_route(&x.p, n + 1);
		CU_ASSERT(r.id == n + 1);
		CU_ASSERT_STRING_EQUAL(plan_rule_of(r)->r->o.name, want[n].rule);
		CU_ASSERT_FATAL(r.deed->action == PLAN_FORWARD && r.deed->pool != NULL);
		CU_ASSERT(r.deed->pool->tls == want[n].tls);
		CU_ASSERT(r.deed->first == (want[n].like != 0 ? want[n].like : r.id));
	}
	/* Rules that do the same share the deed, tables that ask alike the shape. */
	r = plan_route(&x.p, 1);
	CU_ASSERT_PTR_EQUAL(r.deed, plan_route(&x.p, 3).deed);
	CU_ASSERT(r.deed != plan_route(&x.p, 2).deed && r.deed != plan_route(&x.p, 5).deed);
	CU_ASSERT_PTR_NOT_NULL_FATAL(x.p.shapes);
	CU_ASSERT_PTR_NULL(x.p.shapes->next);
	CU_ASSERT_EQUAL(x.p.shapes->slots, 1);
	CU_ASSERT_EQUAL(x.p.table_count, 8);
	for (const struct plan_endpoint *e = x.p.endpoints; e != NULL; e = e->next) {
		CU_ASSERT_EQUAL(e->site_count, 4);
		for (uint32_t i = 0; i < e->site_count; i++)
			CU_ASSERT(plan_site(e, i).table.shape == x.p.shapes && plan_site(e, i).table.n_routes == 1);
	}
	plan_done(&x);
	/* What belongs to a rule is never shared: its paths, and what it answers without a Host. */
	plan_xml(&x,
	    X_ARRAY(X_L1 X_RULE("1", "",
		X_NAMES(X_STR("a.contoso.com")) X_REF("WebListener", "{L1}") X_PATHS(X_PATH("/a/*", "/x/*"))
		    X_SITE) X_RULE("2", "",
		X_NAMES(X_STR("b.contoso.com")) X_REF("WebListener", "{L1}") X_PATHS(X_PATH("/a/*", "/x/*")) X_SITE)
		    X_RULE("3", "",
			X_REF("WebListener", "{L1}") X_PATHS(X_PATH("/b/*", "/b/*")) X_SITE
			"<AllPublicNames>1</AllPublicNames>") X_RULE("4", "",
			X_REF("WebListener", "{L1}") X_PATHS(X_PATH("/c/*", "/c/*")) X_SITE
			"<AllPublicNames>1</AllPublicNames>")));
	CU_ASSERT_EQUAL(x.p.routes.count, 4);
	for (uint32_t id = 1; id <= x.p.routes.count; id++)
		CU_ASSERT_EQUAL(plan_route(&x.p, id).deed->first, 0);
	plan_done(&x);
}

/* How many slots the only table of the first host of an endpoint has. */
static uint32_t
slots(const struct plan_endpoint *e)
{
	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_FATAL(e->site_count > 0);
	CU_ASSERT_EQUAL(plan_site(e, 0).table.n_routes, plan_site(e, 0).table.shape->slots);
	return plan_site(e, 0).table.n_routes;
}

static void
test_shapes(void)
{
	struct planned x = { 0 };
	const struct plan_endpoint *e;
	struct plan_table t, other;

	/* A rule that never gets a say in a host leaves no trace in its table. */
	plan_xml(&x,
	    X_ARRAY(X_L1 X_RULE("1", "",
		X_NAMES(X_STR("a.contoso.com") X_STR("b.contoso.com")) X_REF("WebListener", "{L1}")
		    X_PATHS(X_PATH("/a/*", "/a/*")) X_SITE) X_RULE("2", "",
		X_NAMES(X_STR("b.contoso.com")) X_REF("WebListener", "{L1}") X_PATHS(X_PATH("/a/b/*", "/a/b/*"))
		    X_SITE)));
	CU_ASSERT(x.p.table_count == 1 && x.p.shapes->next == NULL);
	e = x.p.endpoints;
	CU_ASSERT_FATAL(e->site_count == 1 && e->next->site_count == 1);
	CU_ASSERT_EQUAL(plan_site(e, 0).host_count, 2);
	CU_ASSERT_STRING_EQUAL(plan_host_next(plan_site(e, 0).hosts)->name, "b.contoso.com");
	/* Both endpoints have the same hosts, and with the same server behind both the same table. */
	CU_ASSERT_PTR_EQUAL(plan_site(e, 0).hosts, plan_site(e->next, 0).hosts);
	CU_ASSERT_EQUAL(plan_site(e, 0).table.id, plan_site(e->next, 0).table.id);
	plan_done(&x);

	/* Paths that are changed have routes of their own where the rule forwards, and one where it refuses. */
	plan_xml(&x,
	    X_ARRAY(X_L1 X_RULE("1", "",
		X_NAMES(X_STR("a.contoso.com")) X_REF("WebListener", "{L1}")
		    X_PATHS(X_PATH("/a/*", "/x/*") X_PATH("/b/*", "/y/*") X_PATH("/c/*", "/c/*")) X_SITE
		"<SSLRequireSecureChannel>1</SSLRequireSecureChannel>") X_RULE("2", "",
		X_NAMES(X_STR("b.contoso.com")) X_REF("WebListener", "{L1}")
		    X_PATHS(X_PATH("/a/*", "/z/*") X_PATH("/b/*", "/y/*") X_PATH("/c/*", "/c/*")) X_SITE
		"<SSLRequireSecureChannel>1</SSLRequireSecureChannel>")));
	CU_ASSERT_EQUAL(slots(x.p.endpoints), 1);
	CU_ASSERT_EQUAL(slots(x.p.endpoints->next), 3);
	/* What they become is no matter of the shape: each endpoint has one, for both hosts. */
	CU_ASSERT(x.p.shapes->next != NULL && x.p.shapes->next->next == NULL);
	t = plan_site(x.p.endpoints->next, 0).table;
	other = plan_site(x.p.endpoints->next, 1).table;
	CU_ASSERT_PTR_EQUAL(t.shape, other.shape);
	CU_ASSERT(plan_table_route(&t, 0).deed->map != NULL && plan_table_route(&t, 1).deed->map != NULL &&
	    plan_table_route(&t, 2).deed->map == NULL);
	CU_ASSERT_STRING_EQUAL(plan_table_route(&t, 0).deed->map->internal, "/x");
	CU_ASSERT_STRING_EQUAL(plan_table_route(&other, 0).deed->map->internal, "/z");
	plan_done(&x);
}

static void
test_sharing(void)
{
	struct planned x = { 0 };
	const struct plan_endpoint *e;
	const struct plan_host *name, *last = NULL;
	struct plan_site s;
	struct strbuf b;
	size_t n = 0;

	sb_init(&b, NULL);
	sb_puts(&b,
	    "<Root xmlns=\"" X_NS "\"><Arrays><Array>" X_L1
	    "<ArrayPolicy><PolicyRules><PolicyRule><Name>r</Name><Enabled>1</Enabled>"
	    "<WebPublishingProperties>" X_REF("WebListener", "{L1}") X_PATHS(X_PATH("/*", "/*")) TLS_SITE
	    "<PublicNames><PublicNameStrings>");
	for (int i = 0; i < 40; i++)
		sb_fmt(&b, "<Str>n%02d.contoso.com</Str><Str>N%02d.contoso.com.</Str>", 39 - i, 39 - i);
	sb_puts(&b,
	    "</PublicNameStrings></PublicNames></WebPublishingProperties></PolicyRule></PolicyRules></ArrayPolicy></"
	    "Array></Arrays></Root>");
	plan_xml(&x, b.s);
	e = endpoint_find(
	    &x.p, (const struct tmg_listener *)(const void *)object_find(x.t, TMG_K_LISTENER, "listener {L1}"), true);
	CU_ASSERT_PTR_NOT_NULL_FATAL(e);
	CU_ASSERT_EQUAL_FATAL(e->site_count, 1);
	s = plan_site(e, 0);
	CU_ASSERT(s.host_count == 40 && !s.any);
	CU_ASSERT(path_count(&s.table) == 1);
	CU_ASSERT(x.p.pools != NULL && x.p.pools->next == NULL);
	/* One rule, two endpoints that answer alike: one route. */
	CU_ASSERT_EQUAL(x.p.routes.count, 1);
	CU_ASSERT(x.p.rules[0].routes > 0);
	for (name = plan_first_name(x.p.listeners); name != NULL; name = plan_name_after(x.p.listeners, name), n++) {
		CU_ASSERT(last == NULL || strcmp(last->name, name->name) < 0);
		last = name;
	}
	CU_ASSERT(n == 40);
	n = 0;
	for (const struct plan_host *h = s.hosts; h != NULL; h = plan_host_next(h), n++)
		CU_ASSERT(plan_host_next(h) == NULL || strcmp(h->name, plan_host_next(h)->name) < 0);
	CU_ASSERT(n == 40);
	plan_done(&x);
	sb_free(&b);
}

static void
test_redundant(void)
{
	struct planned x = { 0 };
	struct plan_table t;

	/* One rule, unmapped: its longer paths say nothing that its shorter ones do not. */
	plan_xml(&x,
	    X_ARRAY(X_L1 X_RULE("1", "",
		X_NAMES(X_STR("a.contoso.com")) X_REF("WebListener", "{L1}") X_SITE X_PATHS(X_PATH("/a/*", "/a/*")
			X_PATH("/*", "/*") X_PATH("/A/b.htm", "/A/b.htm"))) X_RULE("2", "<Action>1</Action>",
		X_NAMES(X_STR("a.contoso.com")) X_REF("WebListener", "{L1}") X_PATHS(X_PATH("/a/c/*", "/*")))));
	t = first_table(&x);
	CU_ASSERT(path_count(&t) == 1);
	CU_ASSERT(planned_rule(&x, "r2")->routes == 0);
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_NEVER_REACHED));
	CU_ASSERT_PTR_NOT_NULL(message_find(x.t, "path-inside-path", NULL));
	plan_done(&x);
	/* What differs stays, and what a later rule adds beside it. */
	plan_xml(&x,
	    X_ARRAY(X_L1 X_RULE("1", "",
		X_NAMES(X_STR("a.contoso.com")) X_REF("WebListener", "{L1}") X_SITE X_PATHS(
		    X_PATH("/a/*", "/m/*") X_PATH("/a/b/*", "/a/b/*"))) X_PLAIN("2", "a.contoso.com", "", X_SITE)));
	t = first_table(&x);
	CU_ASSERT(path_count(&t) == 3);
	CU_ASSERT_STRING_EQUAL(t.shape->paths->path, "/a/b"); /* the longest first */
	CU_ASSERT_PTR_NULL(loss(&x, D_NEVER_REACHED));
	plan_done(&x);
}

/* A path as long as text may be: a refusal would be a message, never "no memory". */
static void
test_long_path(void)
{
	struct planned x = { 0 };
	struct strbuf b;

	for (int len = 4000; len <= 12000; len += 2000) {
		sb_init(&b, NULL);
		sb_puts(&b,
		    "<Root xmlns=\"" X_NS "\"><Arrays><Array>" X_L1
		    "<ArrayPolicy><PolicyRules><PolicyRule><Name>r</Name><Enabled>1</Enabled>"
		    "<WebPublishingProperties>" X_REF("WebListener", "{L1}")
			X_SITE X_NAMES(X_STR("a.contoso.com")) "<PathMappings><PathMapping><InternalPath>");
		for (int i = 0; i < len; i++)
			sb_putc(&b, i == 0 ? '/' : 'x');
		sb_puts(&b,
		    "/*</InternalPath></PathMapping></PathMappings></WebPublishingProperties></PolicyRule></"
		    "PolicyRules></ArrayPolicy></Array></Arrays></Root>");
		x.po =
		    (struct plan_options){ .o = &x.co, .cert_dir = "/c", .ca_file = "/c/ca.pem", .runtime_dir = "/r" };
		x.t = export_read(b.s);
		CU_ASSERT(plan_make(x.t, x.t->inputs, &x.po, &x.p) == TMG_OK);
		plan_done(&x);
		sb_free(&b);
	}
}

/* ------------------------------------------------------------------ streams */

static void
check_stream(const char *xml, bool want, bool endpoint_wants)
{
	struct planned x = { 0 };
	bool found = false;

	plan_xml(&x, xml);
	for (const struct plan_endpoint *e = x.p.endpoints; e != NULL; e = e->next) {
		for (uint32_t i = 0; i < e->site_count; i++) {
			struct plan_table t = plan_site(e, i).table;

			found |= e->tls && plan_stream_of(&t) != NULL;
			CU_ASSERT(plan_stream_of(&t) == NULL || plan_stream_of(&t)->tls);
		}
		CU_ASSERT(e->streams == (e->tls && endpoint_wants));
	}
	CU_ASSERT(found == want);
	plan_done(&x);
}

#define S_RULE(paths, web) \
	X_RULE("5", "", X_NAMES(X_STR("a.contoso.com")) X_PATHS(paths) X_REF("WebListener", "{L1}") web)
#define ROOT_PATH X_PATH("/*", "/*")

static void
test_stream(void)
{
	check_stream(X_ARRAY(X_L1 S_RULE(ROOT_PATH, STREAM)), true, true);
	check_stream(
	    X_ARRAY(X_L1 S_RULE(ROOT_PATH, STREAM "<SSLRequireSecureChannel>1</SSLRequireSecureChannel>")), true, true);
	/* As it came in: TLS on the TLS port. */
	check_stream(X_ARRAY(X_L1 S_RULE(ROOT_PATH,
			 X_SITE "<PublishedServerType>2</PublishedServerType>"
				"<CredentialsDelegationType>0</CredentialsDelegationType><SendOriginalHostHeader>1</"
				"SendOriginalHostHeader>")),
	    true, true);
	/* Each single condition rules it out. */
	check_stream(X_ARRAY(X_L1 S_RULE(ROOT_PATH, TLS_SITE "<SendOriginalHostHeader>1</SendOriginalHostHeader>")),
	    false, false);
	check_stream(X_ARRAY(X_L1 S_RULE(ROOT_PATH,
			 TLS_SITE "<CredentialsDelegationType>3</CredentialsDelegationType>"
				  "<SendOriginalHostHeader>1</SendOriginalHostHeader>")),
	    false, false);
	check_stream(
	    X_ARRAY(X_L1 S_RULE(ROOT_PATH, TLS_SITE "<CredentialsDelegationType>0</CredentialsDelegationType>")), false,
	    false);
	check_stream(X_ARRAY(X_L1 S_RULE(ROOT_PATH,
			 X_SITE "<CredentialsDelegationType>0</CredentialsDelegationType>"
				"<SendOriginalHostHeader>1</SendOriginalHostHeader>")),
	    false, false);
	check_stream(X_ARRAY(X_L1 S_RULE(X_PATH("/a/*", "/a/*"), STREAM)), false, false);
	check_stream(X_ARRAY(X_L1 S_RULE(X_PATH("/*", "/b/*"), STREAM)), false, false);
	check_stream(X_ARRAY(X_L1 S_RULE(ROOT_PATH X_PATH("/a/*", "/b/*"), STREAM)), false, false);
	check_stream(X_ARRAY(X_L1 S_RULE(ROOT_PATH, STREAM X_USERS(X_REF("UserSet", AUTHENTICATED)))), false, false);
	check_stream(X_ARRAY(X_L1 X_RULE("1", "<Action>1</Action>",
			 X_NAMES(X_STR("*.contoso.com")) X_PATHS(X_PATH("/x/*", "/*")) X_REF("WebListener", "{L1}"))
			     S_RULE(ROOT_PATH, STREAM)),
	    false, false);
	check_stream(X_ARRAY(X_L1 X_RULE("1", "<Action>1</Action>",
			 X_NAMES(X_STR("a.contoso.com")) X_PATHS(ROOT_PATH) X_REF("WebListener",
			     "{L1}") "<RedirectUrl>https://b.contoso.com/</RedirectUrl>") S_RULE(ROOT_PATH, STREAM)),
	    false, false);
	/* A deny behind it is never reached and does not count. */
	check_stream(X_ARRAY(X_L1 S_RULE(ROOT_PATH, STREAM) X_RULE("9", "<Action>1</Action>",
			 X_NAMES(X_STR("a.contoso.com")) X_PATHS(X_PATH("/x/*", "/*")) X_REF("WebListener", "{L1}"))),
	    true, true);
	/* Any host: there is no name that SNI could choose by. */
	check_stream(X_ARRAY(X_L1 X_RULE("1", "",
			 "<AllPublicNames>1</AllPublicNames>" X_PATHS(ROOT_PATH) X_REF("WebListener", "{L1}") STREAM)),
	    true, false);
	/* The plain port has no handshake. */
	check_stream(
	    X_ARRAY(X_LISTENER("{L1}", "192.0.2.1", "<TCPPort>80</TCPPort>") S_RULE(ROOT_PATH, STREAM)), false, false);
}

/* ---------------------------------------------------- certificates and listeners */

static bool
names_are(const struct plan_listener *l, const char *want)
{
	struct strbuf b, one;
	bool same;

	sb_init(&b, NULL);
	sb_init(&one, NULL);
	for (const struct plan_host *x = plan_first_name(l); x != NULL; x = plan_name_after(l, x))
		sb_fmt(&b, "%s ", plan_name_text(x, &one));
	sb_free(&one);
	same = strcmp(b.s, want) == 0;
	if (!same)
		fprintf(stderr, "the names are: %s\n", b.s);
	sb_free(&b);
	return same;
}

static void
test_certificate_names(void)
{
	struct planned x = { 0 };

	plan_xml(&x,
	    X_ARRAY(X_L1 X_PLAIN("1", "z.contoso.com", "", X_SITE) X_PLAIN("2", "*.Contoso.com", "", X_SITE)
		    X_PLAIN("3", "denied.contoso.com", "<Action>1</Action>", "") X_PLAIN("4", "moved.contoso.com",
			"<Action>1</Action>", "<RedirectUrl>https://z.contoso.com/</RedirectUrl>")
			X_PLAIN("5", "off.contoso.com", "<Enabled>0</Enabled>", X_SITE)
			    X_PLAIN("6", "closed.contoso.com", "<AppliesAlways>0</AppliesAlways>", X_SITE)
				X_PLAIN("7", "a.contoso.com", "", X_SITE)));
	CU_ASSERT_STRING_EQUAL(x.p.listeners->certificate, "/c/l1.pem");
	CU_ASSERT(names_are(x.p.listeners, "*.contoso.com a.contoso.com moved.contoso.com z.contoso.com "));
	CU_ASSERT(!x.p.listeners->any_name);
	plan_done(&x);
	plan_xml(&x,
	    X_ARRAY(X_L1 X_RULE("1", "",
		"<AllPublicNames>1</AllPublicNames>" X_NAMES(X_STR("b.contoso.com")) X_PATHS(ROOT_PATH)
		    X_REF("WebListener", "{L1}") X_SITE)));
	CU_ASSERT(x.p.listeners->any_name);
	CU_ASSERT(names_are(x.p.listeners, ""));
	plan_done(&x);
	/* No TLS, no certificate. */
	plan_xml(&x,
	    X_ARRAY(
		X_LISTENER("{L1}", "192.0.2.1", "<TCPPort>80</TCPPort>") X_PLAIN("1", "a.contoso.com", "", X_SITE)));
	CU_ASSERT_PTR_NULL(x.p.listeners->certificate);
	CU_ASSERT(x.p.endpoints != NULL && x.p.endpoints->next == NULL && !x.p.endpoints->tls);
	plan_done(&x);
}

#define TWO(a1, p1, a2, p2) \
	X_ARRAY(X_LISTENER("{L1}", a1, p1) X_LISTENER("{L2}", a2, p2) X_PLAIN("1", "a.contoso.com", "", X_SITE))

static size_t
endpoint_count(const struct planned *x)
{
	size_t n = 0;

	for (const struct plan_endpoint *e = x->p.endpoints; e != NULL; e = e->next)
		n++;
	return n;
}

static void
test_collisions(void)
{
	struct tmg_pair bind = { "listener {L2}", "192.0.2.9" };
	struct planned x = { 0 };

	plan_xml(&x,
	    TWO("192.0.2.1", "<TCPPort>80</TCPPort><SSLPort>443</SSLPort>", "192.0.2.2",
		"<TCPPort>80</TCPPort><SSLPort>443</SSLPort>"));
	CU_ASSERT(endpoint_count(&x) == 4);
	CU_ASSERT_PTR_NULL(loss(&x, D_LISTENER_CLASH));
	plan_done(&x);
	plan_xml(&x,
	    TWO("192.0.2.1", "<TCPPort>80</TCPPort><SSLPort>443</SSLPort>", "192.0.2.1",
		"<TCPPort>80</TCPPort><SSLPort>444</SSLPort>"));
	CU_ASSERT(endpoint_count(&x) == 2); /* 443 and 444 */
	CU_ASSERT_PTR_NOT_NULL(message_find(x.t, "listener-clash", "port 80 of 192.0.2.1"));
	CU_ASSERT_PTR_NOT_NULL(message_find(x.t, "listener-clash", "listener {L1}"));
	CU_ASSERT_PTR_NOT_NULL(message_find(x.t, "listener-clash", "--bind"));
	plan_done(&x);
	x.co.binds = &bind;
	x.co.bind_count = 1;
	plan_xml(&x, TWO("192.0.2.1", "<TCPPort>80</TCPPort>", "192.0.2.1", "<TCPPort>80</TCPPort>"));
	CU_ASSERT(endpoint_count(&x) == 2);
	CU_ASSERT_PTR_NULL(loss(&x, D_LISTENER_CLASH));
	CU_ASSERT_STRING_EQUAL(x.p.listeners->next->addresses->text, "192.0.2.9");
	plan_done(&x);
	/* One that takes all addresses meets every other. */
	plan_xml(&x,
	    X_ARRAY("<RuleElements><WebListeners><WebListener "
		    "StorageName=\"{L9}\"><Name>all</Name><WebListenerProperties><TCPPort>80"
		    "</TCPPort></WebListenerProperties></WebListener></WebListeners></RuleElements>" X_L1 X_PLAIN(
			"1", "a.contoso.com", "", X_SITE)));
	CU_ASSERT(endpoint_count(&x) == 1 && x.p.endpoints->tls);
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_LISTENER_ANY));
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_LISTENER_CLASH));
	plan_done(&x);
	/* A listener whose two ports are one. */
	plan_xml(
	    &x, TWO("192.0.2.1", "<TCPPort>443</TCPPort><SSLPort>443</SSLPort>", "192.0.2.2", "<TCPPort>80</TCPPort>"));
	CU_ASSERT(endpoint_count(&x) == 1);
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_LISTENER_CLASH));
	plan_done(&x);
}

static void
test_bind(void)
{
	static const struct tmg_pair binds[] = { { "listener {L1}", "192.0.2.5" }, { "{l1}", "[2001:db8::0:1]" },
		{ "nobody", "192.0.2.6" } };
	bool used[3] = { false };
	struct planned x = { .co = { .binds = binds, .bind_count = 3 }, .po = { .bind_used = used } };

	plan_xml(&x, X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE)));
	CU_ASSERT_STRING_EQUAL(x.p.listeners->addresses->text, "2001:db8::1"); /* the last one that fits */
	CU_ASSERT(x.p.listeners->addresses->v6 && x.p.listeners->addresses->next == NULL);
	CU_ASSERT(used[0] && used[1] && !used[2]);
	plan_done(&x);
}

static void
test_addresses(void)
{
	struct planned x = { 0 };
	const struct plan_address *a;

	/* Twice, once broken, once in another spelling. */
	plan_xml(&x,
	    X_ARRAY(X_LISTENER("{L1}", "192.0.2.1</Str><Str>2001:DB8:0::1</Str><Str>192.0.2.1</Str><Str>300.1.1.1",
		"<TCPPort>80</TCPPort>") X_PLAIN("1", "a.contoso.com", "", X_SITE)));
	a = x.p.listeners->addresses;
	CU_ASSERT_STRING_EQUAL(a->text, "192.0.2.1");
	CU_ASSERT_PTR_NOT_NULL_FATAL(a->next);
	CU_ASSERT_STRING_EQUAL(a->next->text, "2001:db8::1");
	CU_ASSERT_PTR_NULL(a->next->next);
	CU_ASSERT_PTR_NOT_NULL(message_find(x.t, "listener-address-broken", "300.1.1.1"));
	plan_done(&x);
	/* The listed ones, of which there are none: nothing listens, and that is said. */
	plan_xml(&x,
	    X_ARRAY("<RuleElements><WebListeners><WebListener "
		    "StorageName=\"{L1}\"><Name>none</Name><IPsOnNetworks><IPOnNetwork>"
		    "<IPSelectionMethod>2</IPSelectionMethod></IPOnNetwork></"
		    "IPsOnNetworks><WebListenerProperties><TCPPort>80</TCPPort>"
		    "</WebListenerProperties></WebListener></WebListeners></RuleElements>" X_PLAIN(
			"1", "a.contoso.com", "", X_SITE)));
	CU_ASSERT_PTR_NULL(x.p.endpoints);
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_LISTENER_ADDRESS));
	plan_done(&x);
	/* A listener without a rule listens all the same. */
	plan_xml(&x, X_ARRAY(X_L1));
	CU_ASSERT(endpoint_count(&x) == 2 && x.p.endpoints->site_count == 0);
	plan_done(&x);
}

static void
test_own_certificate(void)
{
	struct planned x = { 0 };
	const struct plan_listener *l;

	plan_xml(&x,
	    X_ARRAY(X_LISTENER("{L1}", "192.0.2.1</Str><Str>192.0.2.2</Str><Str>192.0.2.3",
		"<TCPPort>80</TCPPort><SSLPort>443</SSLPort>"
		"<AppliedSSLCertificates "
		"StorageName=\"AppliedSSLCertificates\"><AppliedSSLCertificate><SSLCertificateHash>"
		"0102030405060708090a0b0c0d0e0f1011121314</SSLCertificateHash></"
		"AppliedSSLCertificate><AppliedSSLCertificate><SSLCertificateHash>"
		"1102030405060708090a0b0c0d0e0f1011121314</SSLCertificateHash><IPAddress>192.0.2.2</IPAddress></"
		"AppliedSSLCertificate>"
		"</AppliedSSLCertificates>") X_PLAIN("1", "a.contoso.com", "", X_SITE)));
	l = x.p.listeners;
	CU_ASSERT(l != NULL && l->next != NULL && l->next->next == NULL && l->l == l->next->l);
	CU_ASSERT_STRING_NOT_EQUAL(l->certificate, l->next->certificate);
	CU_ASSERT_STRING_EQUAL(l->addresses->text, "192.0.2.2");
	CU_ASSERT_PTR_NULL(l->addresses->next);
	CU_ASSERT_STRING_EQUAL(l->next->addresses->text, "192.0.2.1");
	CU_ASSERT_STRING_EQUAL(l->next->addresses->next->text, "192.0.2.3");
	CU_ASSERT(endpoint_count(&x) == 4);
	CU_ASSERT(names_are(l, "a.contoso.com ") && names_are(l->next, "a.contoso.com "));
	for (const struct plan_endpoint *e = x.p.endpoints; e != NULL; e = e->next)
		CU_ASSERT(e->site_count == 1 && plan_site(e, 0).host_count == 1);
	plan_done(&x);
}

/* On the plain port with a redirect but nowhere to go, nothing is answered. */
static void
test_redirect_nowhere(void)
{
	static const char *const values[] = { "2", "3", "-1" };
	struct planned x = { 0 };
	struct strbuf b;

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		sb_init(&b, NULL);
		sb_fmt(&b, "%s%s%s",
		    "<Root xmlns=\"" X_NS
		    "\"><Arrays><Array><RuleElements><WebListeners><WebListener StorageName=\"{L1}\"><Name>l</Name>"
		    "<WebListenerProperties><TCPPort>80</TCPPort><RedirectHTTPAsHTTPS>",
		    values[i],
		    "</RedirectHTTPAsHTTPS></WebListenerProperties>"
		    "</WebListener></WebListeners></RuleElements>" X_PLAIN(
			"1", "a.contoso.com", "", X_SITE) "</Array></Arrays></Root>");
		plan_xml(&x, b.s);
		CU_ASSERT_PTR_NOT_NULL(loss(&x, D_LISTENER_REDIRECT));
		CU_ASSERT(x.p.endpoints != NULL && !x.p.endpoints->redirect_all);
		CU_ASSERT(!forwards(&x));
		plan_done(&x);
		sb_free(&b);
	}
}

/* ---------------------------------------------------------------------- losses */

#define LOSSY                                                        \
	X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "",               \
	    X_SITE "<Novelty>5</Novelty><LogoffURL>/bye</LogoffURL>" \
		   "<DenyTraceRequests>1</DenyTraceRequests>"))

static enum tmg_severity
allowed_severity(const char *allow, enum diag_id id)
{
	struct planned x = { .co = { .allow = &allow, .allow_count = allow != NULL } };
	enum tmg_severity s = TMG_ERROR;
	const struct plan_note *n;
	const struct tmg_message *m;

	plan_xml(&x, LOSSY);
	n = loss(&x, id);
	m = message_find(x.t, diag_row(id)->id, NULL);
	CU_ASSERT(n != NULL && m != NULL && n->severity == m->severity);
	if (n != NULL) {
		s = n->severity;
		CU_ASSERT(n->allowed == (s == TMG_NOTE));
	}
	plan_done(&x);
	return s;
}

static void
test_allow(void)
{
	CU_ASSERT(allowed_severity(NULL, D_UNKNOWN_ELEMENT) == TMG_ERROR);
	CU_ASSERT(allowed_severity("unknown-element", D_UNKNOWN_ELEMENT) == TMG_NOTE);
	CU_ASSERT(allowed_severity("unknown-element:Novelty", D_UNKNOWN_ELEMENT) == TMG_NOTE);
	CU_ASSERT(allowed_severity("unknown-element:novelty", D_UNKNOWN_ELEMENT) == TMG_NOTE);
	CU_ASSERT(allowed_severity("unknown-element:WebPublishingProperties/Novelty", D_UNKNOWN_ELEMENT) == TMG_NOTE);
	CU_ASSERT(allowed_severity("unknown-element:Novel", D_UNKNOWN_ELEMENT) == TMG_ERROR);
	CU_ASSERT(allowed_severity("unknown-element:", D_UNKNOWN_ELEMENT) == TMG_ERROR);
	CU_ASSERT(allowed_severity("unknown-elemen", D_UNKNOWN_ELEMENT) == TMG_ERROR);
	CU_ASSERT(allowed_severity("unknown-elements", D_UNKNOWN_ELEMENT) == TMG_ERROR);
	CU_ASSERT(allowed_severity("not-convertible", D_UNKNOWN_ELEMENT) == TMG_ERROR);
	CU_ASSERT(allowed_severity(NULL, D_NOT_CONVERTIBLE) == TMG_ERROR);
	CU_ASSERT(allowed_severity("not-convertible:DenyTraceRequests", D_NOT_CONVERTIBLE) == TMG_NOTE);
	CU_ASSERT(allowed_severity(NULL, D_CONVENIENCE_LOST) == TMG_WARNING);
}

/* ------------------------------------------------------------ link translation */

/* {"http://pub": "https://pub"}, as a blob. */
#define DICTIONARY                                                                                               \
	"<VendorParametersSets><VendorParametersSet StorageName=\"{3563FFF5-DF93-40eb-ABC3-D24B5F14D8AA}\">"     \
	"<BlobData>010000000b00000068007400740070003a002f002f00700075006200000008000c00000068007400740070007300" \
	"3a002f002f007000750062000000</BlobData></VendorParametersSet></VendorParametersSets>"
#define LINKED(web, paths)                                                                                             \
	X_ARRAY(X_L1 X_RULE("1", DICTIONARY,                                                                           \
	    X_NAMES(X_STR("a.contoso.com")) X_PATHS(paths) X_REF("WebListener", "{L1}") X_SITE                         \
	    "<HTTPRedirectPort>8080</HTTPRedirectPort>" web) "<ArrayPolicy><WebProxy><"                                \
							     "ExplicitLinkTranslationMappings><"                       \
							     "ExplicitLinkTranslationMapping>"                         \
							     "<OriginalUrl>http://intranet/</"                         \
							     "OriginalUrl><TranslatedUrl>https://i.contoso.com/</"     \
							     "TranslatedUrl>"                                          \
							     "</"                                                      \
							     "ExplicitLinkTranslationMapping><"                        \
							     "ExplicitLinkTranslationMapping>"                         \
							     "<OriginalUrl>HTTP://PUB</"                               \
							     "OriginalUrl><TranslatedUrl>not this one</TranslatedUrl>" \
							     "</ExplicitLinkTranslationMapping></"                     \
							     "ExplicitLinkTranslationMappings></WebProxy></"           \
							     "ArrayPolicy>")

/* "from>to", with a "+" where `to` stands behind what the client used. */
static void
check_links(const char *xml, const char *const *want)
{
	struct planned x = { 0 };
	const struct plan_link *l;
	char pair[200];

	plan_xml(&x, xml);
	CU_ASSERT_PTR_NOT_NULL_FATAL(plan_links_of(&x.p, planned_rule(&x, "r1")));
	for (l = plan_links_of(&x.p, planned_rule(&x, "r1"))->list; l != NULL && *want != NULL; l = l->next, want++) {
		snprintf(pair, sizeof(pair), "%s>%s%s", l->from, l->here ? "+" : "", l->to);
		CU_ASSERT_STRING_EQUAL(pair, *want);
	}
	CU_ASSERT(l == NULL && *want == NULL);
	plan_done(&x);
}

static void
test_links(void)
{
	/* The dictionary first; of the site the longest text; of equals the first that stands there. */
	static const char *const want[] = { "http://pub>https://pub", "http://web.contoso.local:8080/deep/>+/B%20b/",
		"https://web.contoso.local/deep/>+/B%20b/", "http://web.contoso.local:8080/>+/a/",
		"http://web.contoso.local:8080\">+/a\"", "https://web.contoso.local/>+/a/",
		"https://web.contoso.local\">+/a\"", "http://intranet/>https://i.contoso.com/", NULL };
	static const char *const none[] = { LINKED("", X_PATH("/*", "/*")),
		LINKED("<TranslateLinks>0</TranslateLinks>", X_PATH("/*", "/*")),
		LINKED("<TranslateLinks>1</TranslateLinks><LinkTranslationMode>3</LinkTranslationMode>",
		    X_PATH("/*", "/*")) };

	check_links(
	    LINKED("<TranslateLinks>1</TranslateLinks>", X_PATH("/a/*", "/*") X_PATH("/B b/*", "/deep/*")), want);
	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		struct planned x = { 0 };
		plan_xml(&x, none[i]);
		CU_ASSERT_PTR_NULL(plan_links_of(&x.p, planned_rule(&x, "r1")));
		CU_ASSERT_PTR_NOT_NULL(loss(&x, D_LINK_TRANSLATION));
		plan_done(&x);
	}
}

/* Only what touches something live is an error. */
static void
test_liveness(void)
{
	struct planned x = { 0 };
	static const char *const split[] = { X_ARRAY(X_PLAIN("1", "a.contoso.com", "", X_SITE)),
		X_ARRAY(X_LISTENER("{L1}", "192.0.2.1",
		    "<TCPPort>80</TCPPort><SSLAcceleratorPort>8443</SSLAcceleratorPort><Novelty>1</Novelty>")),
		NULL };

	plan_xml(&x,
	    X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "<Enabled>0</Enabled>",
		X_SITE "<Novelty/><DenyTraceRequests>1</DenyTraceRequests>")));
	CU_ASSERT_PTR_NULL(loss(&x, D_UNKNOWN_ELEMENT));
	CU_ASSERT_PTR_NULL(loss(&x, D_NOT_CONVERTIBLE));
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_UNKNOWN_ELSEWHERE));
	plan_done(&x);
	plan_xml(&x,
	    X_ARRAY(X_LISTENER("{L1}", "192.0.2.1",
		"<TCPPort>80</TCPPort><SSLAcceleratorPort>8443</SSLAcceleratorPort><Novelty/>"
		"<NumberOfConnections>5</NumberOfConnections>") X_PLAIN("1", "a.contoso.com", "", X_SITE)));
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_UNKNOWN_ELEMENT));
	CU_ASSERT_PTR_NOT_NULL(message_find(x.t, "not-convertible", "SSLAcceleratorPort"));
	CU_ASSERT_PTR_NULL(message_find(x.t, "not-convertible", "NumberOfConnections"));
	plan_done(&x);
	/* The listener stands in another input: its losses are this rule's all the same. */
	plan_list(&x, split);
	CU_ASSERT(forwards(&x));
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_UNKNOWN_ELEMENT));
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_NOT_CONVERTIBLE));
	plan_done(&x);
}

/* With two inputs, a word for the one is no mistake in the other. */
static void
test_two_inputs(void)
{
	static const struct tmg_pair binds[] = { { "listener {L1}", "192.0.2.5" } };
	static const char *const pass[] = { "r1" };
	static const char *const list[] = { X_ARRAY(X_L1 X_PLAIN(
						"1", "a.contoso.com", "<AppliesAlways>0</AppliesAlways>", X_SITE)),
		X_ARRAY(X_LISTENER("{L7}", "192.0.2.7", "<TCPPort>80</TCPPort>")), NULL };
	struct planned x = { .co = { .binds = binds, .bind_count = 1, .pass_through = pass, .pass_count = 1 } };
	struct plan second;

	plan_list(&x, list);
	CU_ASSERT(plan_make(x.t, x.t->inputs->next, &x.po, &second) == TMG_OK);
	CU_ASSERT(forwards(&x));
	CU_ASSERT(message_count(x.t, "bind-unused") == 0);
	CU_ASSERT(message_count(x.t, "pass-through-unused") == 0);
	plan_free(&second);
	plan_done(&x);
}

static void
test_notes(void)
{
	struct planned x = { 0 };

	plan_xml(&x,
	    X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "",
		"<WebSite>A.contoso.com</WebSite><CredentialsDelegationType>4</CredentialsDelegationType>"
		"<UseFirewallIPAsSource>0</UseFirewallIPAsSource>") X_PLAIN("2", "b.contoso.com", "",
		"<WebSite>10.0.0.9</WebSite><PublishedServerType>1</PublishedServerType>") X_PLAIN("3",
		"c.contoso.com</Str><Str>http://d.contoso.com/</Str><Str>e.contoso.com:8080", "", X_SITE) X_PLAIN("4",
		"f.contoso.com", "<Action>1</Action>", "<RedirectUrl>ftp://contoso.com</RedirectUrl>")));
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_LOOP_NAME));
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_DELEGATION_IGNORED));
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_CLIENT_ADDRESS));
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_SITE_IS_ADDRESS));
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_REDIRECT_FORM));
	CU_ASSERT(message_count(x.t, "public-name-form") == 2);
	CU_ASSERT(!plan_route(&x.p, 1).deed->pass_credentials);
	/* Names that the proxy must resolve: sorted, once each, no addresses. */
	CU_ASSERT_STRING_EQUAL(x.p.resolve->s, "a.contoso.com");
	CU_ASSERT_STRING_EQUAL(x.p.resolve->next->s, "web.contoso.local");
	CU_ASSERT_PTR_NULL(x.p.resolve->next->next);
	for (const struct plan_pool *pool = x.p.pools; pool != NULL; pool = pool->next)
		CU_ASSERT(!pool->transparent &&
		    pool->tls_name_is_address == (pool->tls && strcmp(pool->host, "10.0.0.9") == 0));
	plan_done(&x);
	x.co.transparent = true;
	plan_xml(&x,
	    X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<UseFirewallIPAsSource>0</UseFirewallIPAsSource>")
		    X_PLAIN("2", "b.contoso.com", "", X_SITE)));
	CU_ASSERT_PTR_NULL(loss(&x, D_CLIENT_ADDRESS));
	CU_ASSERT(x.p.pools->transparent && x.p.pools->next != NULL && !x.p.pools->next->transparent);
	plan_done(&x);
}

/* Servers that differ in the name in the handshake never share a pool. */
static void
test_pools(void)
{
	struct planned x = { 0 };
	size_t n = 0;

	plan_xml(&x,
	    X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "",
		"<WebSite>s1.contoso.local</WebSite><PublishedServer>10.0.0.1</PublishedServer><PublishedServerType>1</"
		"PublishedServerType>") X_PLAIN("2", "b.contoso.com", "",
		"<WebSite>s2.contoso.local</WebSite><PublishedServer>10.0.0.1</PublishedServer><PublishedServerType>1</"
		"PublishedServerType>") X_PLAIN("3", "c.contoso.com", "",
		"<WebSite>S1.contoso.local.</WebSite><PublishedServer>10.0.0.1</"
		"PublishedServer><PublishedServerType>1</PublishedServerType>") X_PLAIN("4", "d.contoso.com", "",
		"<WebSite>s1.contoso.local</WebSite><PublishedServer>10.0.0.1</PublishedServer>")
		    X_PLAIN("5", "e.contoso.com", "",
			"<WebSite>s2.contoso.local</WebSite><PublishedServer>10.0.0.1</PublishedServer>")));
	for (const struct plan_pool *pool = x.p.pools; pool != NULL; pool = pool->next)
		n++;
	CU_ASSERT(n == 3);
	plan_done(&x);
}

int
suite_plan(void)
{
	static const struct unit_test tests[] = {
		{ "equal answers are shared", test_sharing },
		{ "equal tables have one shape, equal hosts stand once", test_shapes },
		{ "routes stand by rule and know their like", test_routes },
		{ "redundant path classes are gone", test_redundant },
		{ "long paths", test_long_path },
		{ "what may go through a stream", test_stream },
		{ "names of certificates", test_certificate_names },
		{ "collisions of listeners", test_collisions },
		{ "--bind", test_bind },
		{ "addresses of listeners", test_addresses },
		{ "a certificate of one address", test_own_certificate },
		{ "a redirect to nowhere", test_redirect_nowhere },
		{ "link translation", test_links },
		{ "--allow", test_allow },
		{ "losses of what is live", test_liveness },
		{ "two inputs", test_two_inputs },
		{ "notes", test_notes },
		{ "pools", test_pools },
		{ "the plan answers as a walk over the rules does", test_differential },
	};

	return unit_add("plan", tests, ARRAY_LEN(tests));
}
