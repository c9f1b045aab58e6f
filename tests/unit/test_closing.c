/*
 * Tests of the plan: what closes a rule, what opens it again, rules that do
 * not apply.
 */
#include "unit.h"

#include "planned.h"

#define ROOT_PATH X_PATH("/*", "/*")

/* -------------------------------------------------------- closing and opening */

enum opens { NEVER, OPENS };

static const struct closing {
	const char *xml;
	enum diag_id why;
	enum opens how;
} closings[] = {
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE X_USERS(X_REF("UserSet", AUTHENTICATED)))),
	    D_CLOSED_USERS, OPENS },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE X_USERS(X_REF("UserSet", "{NOT-THERE}")))),
	    D_CLOSED_USERS_UNKNOWN, OPENS },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE X_USERS(""))), D_CLOSED_USERS, OPENS },
	{ X_ARRAY(X_L1 X_PLAIN(
	      "1", "a.contoso.com", "", X_SITE "<Refs StorageName=\"x\">" X_REF("UserSet", AUTHENTICATED) "</Refs>")),
	    D_CLOSED_USERS, OPENS },
	{ X_ARRAY(
	      X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<NonWindows-Users><NonWindows-User/></NonWindows-Users>")),
	    D_CLOSED_USERS, OPENS },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "<AppliesAlways>0</AppliesAlways>", X_SITE)),
	    D_CLOSED_SCHEDULE_UNKNOWN, OPENS },
	{ X_ARRAY(X_L1 X_PLAIN(
	      "1", "a.contoso.com", "", X_SITE "<SSLClientCertificateClaim>1</SSLClientCertificateClaim>")),
	    D_CLOSED_CLIENT_CERT, OPENS },
	{ X_ARRAY(X_L1 X_PLAIN(
	      "1", "a.contoso.com", "", X_SITE "<RequireSSLClientCertificate>1</RequireSSLClientCertificate>")),
	    D_CLOSED_CLIENT_CERT, OPENS },
	{ X_ARRAY(X_LISTENER("{L1}", "192.0.2.1", "<SSLPort>443</SSLPort><AlwaysAuthenticate>1</AlwaysAuthenticate>")
		  X_PLAIN("1", "a.contoso.com", "", X_SITE)),
	    D_CLOSED_AUTH, OPENS },
	{ X_ARRAY(X_LISTENER("{L1}", "192.0.2.1",
	      "<SSLPort>443</SSLPort><SSLCertificateAuthentication>1</SSLCertificateAuthentication>")
		  X_PLAIN("1", "a.contoso.com", "", X_SITE X_USERS(X_REF("UserSet", AUTHENTICATED)))),
	    D_CLOSED_CLIENT_CERT, OPENS },
	{ X_ARRAY(X_L1 X_RULE("1", "", X_NAMES(X_STR("a.contoso.com")) X_REF("WebListener", "{L1}") X_SITE)),
	    D_CLOSED_PATHS, OPENS },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "<SelectionIPs><Refs/></SelectionIPs>", X_SITE)),
	    D_CLOSED_SOURCE_EMPTY, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN(
	      "1", "a.contoso.com", "<SelectionIPs><Refs>" X_REF("Network", "{NO}") "</Refs></SelectionIPs>", X_SITE)),
	    D_CLOSED_SOURCE_UNKNOWN, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com",
	      "<SelectionIPs><Refs>" X_REF("ComputerSet", ANYWHERE) "<Novelty/></Refs></SelectionIPs>", X_SITE)),
	    D_CLOSED_SOURCE_UNKNOWN, NEVER },
	/* External as an exception, and the file has no networks. */
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com",
	      "<SelectionIPs><Refs>" X_REF(
		  "ComputerSet", ANYWHERE) "<Ref><Name>" EXTERNAL "</Name>"
					   "<IncludeStatus>1</IncludeStatus></Ref></Refs></SelectionIPs>",
	      X_SITE)),
	    D_CLOSED_SOURCE_UNKNOWN, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<Refs StorageName=\"UserSets\"><Novelty/></Refs>")),
	    D_CLOSED_UNKNOWN, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<NonWindows-Users><Novelty/></NonWindows-Users>")),
	    D_CLOSED_UNKNOWN, NEVER },
	/* A reference without a class or role that nothing answers to may be a user set. */
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<Refs><Ref><Name>{WHO}</Name></Ref></Refs>")),
	    D_CLOSED_USERS_UNKNOWN, OPENS },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<PublishedServerType>3</PublishedServerType>")),
	    D_CLOSED_FTP, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<PublishedServerType>4</PublishedServerType>")),
	    D_CLOSED_UNKNOWN, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN(
	      "1", "a.contoso.com", "", X_SITE "<CredentialsDelegationType>7</CredentialsDelegationType>")),
	    D_CLOSED_UNKNOWN, NEVER },
	{ X_ARRAY(
	      X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<SSLRequireSecureChannel>yes</SSLRequireSecureChannel>")),
	    D_CLOSED_UNKNOWN, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN(
	      "1", "a.contoso.com", "", X_SITE "<SSLClientCertificateClaim>9</SSLClientCertificateClaim>")),
	    D_CLOSED_UNKNOWN, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "<Action>2</Action>", X_SITE)), D_CLOSED_UNKNOWN, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "<AppliesAlways>maybe</AppliesAlways>", X_SITE)), D_CLOSED_UNKNOWN,
	    NEVER },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<HTTPRedirectPort>0</HTTPRedirectPort>")),
	    D_BAD_SERVER, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<HTTPRedirectPort>65536</HTTPRedirectPort>")),
	    D_BAD_SERVER, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", "<WebSite>web contoso;local</WebSite>")), D_BAD_SERVER,
	    NEVER },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", "")), D_NO_SITE, NEVER },
	{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "",
	      X_SITE "<LoadBalancingConfig>" X_REF("ServerFarm", "{F}") "</LoadBalancingConfig>")),
	    D_CLOSED_FARM, NEVER },
	{ X_ARRAY(X_L1 X_RULE("1", "",
	      X_NAMES(X_STR("a.contoso.com")) X_PATHS(X_PATH("/a*", "/a*")) X_REF("WebListener", "{L1}") X_SITE)),
	    D_CLOSED_PATH_FORM, NEVER },
	{ X_ARRAY(X_L1 X_RULE("1", "",
	      X_NAMES(X_STR("a.contoso.com")) X_PATHS(X_PATH("/a/*", "/b")) X_REF("WebListener", "{L1}") X_SITE)),
	    D_CLOSED_PATH_FORM, NEVER },
	{ X_ARRAY(X_L1 X_RULE("1", "", X_PATHS(ROOT_PATH) X_REF("WebListener", "{L1}") X_SITE)), D_NO_NAMES, NEVER },
	{ X_ARRAY(X_L1 X_RULE(
	      "1", "", X_NAMES(X_STR("a.contoso.com")) X_PATHS(ROOT_PATH) X_REF("WebListener", "{LX}") X_SITE)),
	    D_LISTENER_MISSING, NEVER },
};

static void
check_closing(const struct closing *c, const char *pass, bool opens)
{
	bool used = false;
	struct planned x = { .co = { .pass_through = &pass, .pass_count = pass != NULL },
		.po = { .pass_used = &used } };
	const struct plan_rule *r;
	bool good;

	plan_xml(&x, c->xml);
	r = planned_rule(&x, "r1");
	good = opens ? r->state == PLAN_LIVE && r->opened && forwards(&x) && has_reason(&x, r, D_OPENED)
		     : r->state == PLAN_CLOSED && !r->opened && !forwards(&x) && has_reason(&x, r, c->why);
	if (!good)
		fprintf(stderr, "%s with --pass-through %s: state %d\n%s", diag_row(c->why)->id,
		    pass != NULL ? pass : "(none)", (int)r->state, pass == NULL ? c->xml : "");
	CU_ASSERT(good);
	/* A word that opened nothing is reported; "all" is not a misspelt name. */
	if (pass != NULL && strcmp(pass, "all") != 0)
		CU_ASSERT(used == opens);
	plan_done(&x);
}

static void
test_closing(void)
{
	for (size_t i = 0; i < ARRAY_LEN(closings); i++) {
		bool opens = closings[i].how == OPENS;
		check_closing(&closings[i], NULL, false);
		check_closing(&closings[i], "r1", opens);
		check_closing(&closings[i], "{r1}", opens);
		check_closing(&closings[i], "all", opens);
		check_closing(&closings[i], "r2", false);
		check_closing(&closings[i], "R1", false); /* a name is a name, a GUID has no case */
	}
}

/* Only the named rule is opened, and a closed one keeps its place in the order. */
static void
test_named_only(void)
{
	static const char *const pass[] = { "r2" };
	struct planned x = { .co = { .pass_through = pass, .pass_count = 1 } };

	plan_xml(&x,
	    X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "<AppliesAlways>0</AppliesAlways>", X_SITE)
		    X_PLAIN("2", "b.contoso.com", "<AppliesAlways>0</AppliesAlways>", X_SITE)
			X_PLAIN("3", "*.contoso.com", "", X_SITE)));
	CU_ASSERT(planned_rule(&x, "r1")->state == PLAN_CLOSED && planned_rule(&x, "r1")->routes > 0);
	CU_ASSERT(planned_rule(&x, "r2")->state == PLAN_LIVE && planned_rule(&x, "r2")->opened);
	CU_ASSERT(planned_rule(&x, "r3")->state == PLAN_LIVE && !planned_rule(&x, "r3")->opened);
	plan_done(&x);
	/* A deny rule is never opened: that would let pass what it denies. */
	x.co.pass_through = pass;
	x.co.pass_count = 1;
	plan_xml(&x,
	    X_ARRAY(X_L1 X_PLAIN("2", "b.contoso.com", "<Action>1</Action><AppliesAlways>0</AppliesAlways>", "")
		    X_PLAIN("3", "*.contoso.com", "", X_SITE)));
	CU_ASSERT(planned_rule(&x, "r2")->state == PLAN_CLOSED && planned_rule(&x, "r2")->routes > 0);
	plan_done(&x);
}

static void
test_other_states(void)
{
	struct planned x = { 0 };

	plan_xml(&x,
	    X_ARRAY(
		X_L1 "<PolicyAssignment><EnablePublishingRules>0</EnablePublishingRules></PolicyAssignment>" X_PLAIN(
		    "1", "a.contoso.com", "", X_SITE)));
	CU_ASSERT(planned_rule(&x, "r1")->state == PLAN_NA && has_reason(&x, planned_rule(&x, "r1"), D_PUBLISHING_OFF));
	CU_ASSERT_EQUAL(x.p.routes.count, 0);
	plan_done(&x);
	plan_xml(&x,
	    X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "<Enabled>0</Enabled>", X_SITE) X_PLAIN("2", "a.contoso.com",
		"<System>1</System>", X_SITE) "<ArrayPolicy><PolicyRules><PolicyRule><Name>access</Name><Enabled>1</"
					      "Enabled><AccessProperties/></PolicyRule></PolicyRules></ArrayPolicy>"));
	CU_ASSERT(planned_rule(&x, "r1")->state == PLAN_DISABLED);
	CU_ASSERT(planned_rule(&x, "r2")->state == PLAN_NA);
	CU_ASSERT(planned_rule(&x, "access")->state == PLAN_NA);
	CU_ASSERT_EQUAL(x.p.routes.count, 0);
	CU_ASSERT_PTR_NULL(loss(&x, D_NEVER_REACHED));
	plan_done(&x);
	/* A switch that cannot be read may stand for off. */
	plan_xml(&x,
	    X_ARRAY(
		X_L1 "<PolicyAssignment><EnablePublishingRules>no</EnablePublishingRules></PolicyAssignment>" X_PLAIN(
		    "1", "a.contoso.com", "", X_SITE)));
	CU_ASSERT(!forwards(&x));
	plan_done(&x);
}

/* A certificate of authorities that the listener lists is demanded; it keeps a host out of
 * streams and off plain ports, and --pass-through does not set it aside. */
#define AUTHORITY(role)                                                                                            \
	"<AppliedSSLCertificates StorageName=\"SSLClientCertificatesTrustList" role "\">"                          \
	"<AppliedSSLCertificate><SSLCertificateHash>c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1</SSLCertificateHash>" \
	"</AppliedSSLCertificate></AppliedSSLCertificates>"
#define CERT_ARRAY(props, web)                                                                       \
	X_ARRAY(X_LISTENER("{L1}", "192.0.2.1", "<TCPPort>80</TCPPort><SSLPort>443</SSLPort>" props) \
		X_PLAIN("1", "a.contoso.com", "",                                                    \
		    X_SITE "<SSLClientCertificateClaim>1</SSLClientCertificateClaim>"                \
			   "<SendOriginalHostHeader>1</SendOriginalHostHeader>"                      \
			   "<PublishedServerType>1</PublishedServerType>"                            \
			   "<CredentialsDelegationType>0</CredentialsDelegationType>" web))

static void
check_certificate(const char *xml, const char *pass, enum plan_state state, bool demanded)
{
	struct planned x = { .co = { .pass_through = &pass, .pass_count = pass != NULL },
		.po = { .can = PLAN_CAN_CLIENT_CERT } };
	const struct plan_rule *r;

	plan_xml(&x, xml);
	r = planned_rule(&x, "r1");
	CU_ASSERT_EQUAL(r->state, state);
	CU_ASSERT_EQUAL(x.p.listeners->client_ca != NULL, demanded);
	for (uint32_t id = 1; id <= x.p.routes.count; id++) {
		if (plan_route(&x.p, id).deed->action == PLAN_FORWARD)
			CU_ASSERT_EQUAL(plan_route(&x.p, id).deed->client_cert, demanded);
	}
	/* Rules come to the plain endpoint first. */
	if (demanded)
		CU_ASSERT_EQUAL(plan_route(&x.p, 1).deed->action, PLAN_DENY);
	for (const struct plan_endpoint *e = x.p.endpoints; e != NULL && demanded; e = e->next)
		CU_ASSERT(!e->streams);
	CU_ASSERT_EQUAL(loss(&x, D_CLIENT_REVOCATION) != NULL, demanded && strstr(xml, "CRL") == NULL);
	plan_done(&x);
}

static void
test_certificates(void)
{
#define NO_CRL                                                                                               \
	"<ArrayPolicy><WebProxy><ValidateClientCertificateCRL>0</ValidateClientCertificateCRL></WebProxy></" \
	"ArrayPolicy>"
#define UNUSED "<UseSSLClientCertificatesTrustList>0</UseSSLClientCertificatesTrustList>"
#define LIMITS "<SSLClientCertificateRestrictions><Novelty/></SSLClientCertificateRestrictions>"
#define NO_LIMITS "<SSLClientCertificateRestrictionsEnabled>0</SSLClientCertificateRestrictionsEnabled>"
#define NOBODY X_USERS(X_REF("UserSet", AUTHENTICATED))
	static const struct {
		const char *xml;
		enum plan_state state, opened;
		bool demanded;
	} rows[] = {
		{ CERT_ARRAY(AUTHORITY("Root"), ""), PLAN_LIVE, PLAN_LIVE, true },
		{ CERT_ARRAY(AUTHORITY("Root") NO_LIMITS LIMITS, ""), PLAN_LIVE, PLAN_LIVE, true },
		{ CERT_ARRAY("", ""), PLAN_CLOSED, PLAN_LIVE, false },
		{ CERT_ARRAY(UNUSED AUTHORITY("Root"), ""), PLAN_CLOSED, PLAN_LIVE, false },
		{ CERT_ARRAY(LIMITS AUTHORITY("Root"), ""), PLAN_CLOSED, PLAN_LIVE, false },
		{ CERT_ARRAY(AUTHORITY("Root") AUTHORITY("Intermediate"), ""), PLAN_CLOSED, PLAN_LIVE, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		check_certificate(rows[i].xml, NULL, rows[i].state, rows[i].demanded);
		check_certificate(rows[i].xml, "r1", rows[i].opened, rows[i].demanded);
	}
	/* For certain users: closed; opened, the certificate is still demanded. */
	check_certificate(CERT_ARRAY(AUTHORITY("Root"), NOBODY), NULL, PLAN_CLOSED, false);
	check_certificate(CERT_ARRAY(AUTHORITY("Root"), NOBODY), "all", PLAN_LIVE, true);
	check_certificate(
	    X_ARRAY(NO_CRL X_LISTENER(
		"{L1}", "192.0.2.1", "<TCPPort>80</TCPPort><SSLPort>443</SSLPort>" AUTHORITY("Root")) X_PLAIN("1",
		"a.contoso.com", "", X_SITE "<RequireSSLClientCertificate>1</RequireSSLClientCertificate>")),
	    NULL, PLAN_LIVE, true);
}

static const uint8_t INSIDE[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 9, 8, 7 };
static const uint8_t OUTSIDE[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 198, 51, 100, 7 };

/* A restricted rule is followed by the one behind it for everybody else. */
static void
test_sources(void)
{
	struct plan_table t;
	struct planned x = { 0 };
	const struct plan_choice *c;

	plan_xml(&x,
	    X_ARRAY(X_L1
		"<RuleElements><Subnets><Subnet StorageName=\"{S}\"><IPAddress>10.0.0.0</IPAddress>"
		"<IPMask>255.0.0.0</IPMask></Subnet></Subnets><Computers><Computer StorageName=\"{C}\">"
		"<IPAddress>10.9.8.7</IPAddress></Computer></Computers></RuleElements>" X_PLAIN("1", "a.contoso.com",
		    "<SelectionIPs><Refs>" X_REF(
			"Subnet", "{S}") "<Ref><Name>{C}</Name><RefClass>msFPCComputer</RefClass>"
					 "<IncludeSatus>1</IncludeSatus></Ref></Refs></SelectionIPs>",
		    X_SITE) X_PLAIN("2", "a.contoso.com", "", X_SITE)));
	t = first_table(&x);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t.shape->paths);
	c = t.shape->paths->choices;
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c->sources);
	CU_ASSERT(!addrset_has(&c->sources->set, INSIDE)); /* the exception */
	CU_ASSERT(!addrset_has(&c->sources->set, OUTSIDE));
	CU_ASSERT_EQUAL(c->sources->set.n, 2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c->next);
	CU_ASSERT_PTR_NULL(c->next->sources);
	CU_ASSERT_PTR_NULL(c->next->next);
	CU_ASSERT(plan_route_of(&t, c).rule == 1 && plan_route_of(&t, c->next).rule == 2);
	CU_ASSERT_PTR_NULL(plan_stream_of(&t));
	plan_done(&x);
}

static void
test_external(void)
{
	struct planned x = { 0 };
#define FOR_EXTERNAL \
	X_PLAIN(     \
	    "1", "a.contoso.com", "<SelectionIPs><Refs>" X_REF("Network", EXTERNAL) "</Refs></SelectionIPs>", X_SITE)

	plan_xml(&x, X_ARRAY(X_L1 FOR_EXTERNAL));
	CU_ASSERT(forwards(&x));
	CU_ASSERT_PTR_NOT_NULL(loss(&x, D_EXTERNAL_UNKNOWN));
	plan_done(&x);
	plan_xml(&x,
	    X_ARRAY(X_L1
		"<NetConfig><Networks><Network StorageName=\"{N}\"><IpRangeSet><IpRangeEntry><IPFrom>10.0.0.0</IPFrom>"
		"<IPTo>10.255.255.255</IPTo></IpRangeEntry></IpRangeSet></Network></Networks></"
		"NetConfig>" FOR_EXTERNAL));
	CU_ASSERT(forwards(&x));
	CU_ASSERT_PTR_NULL(loss(&x, D_EXTERNAL_UNKNOWN));
	CU_ASSERT_PTR_NOT_NULL_FATAL(x.p.sources);
	CU_ASSERT(!addrset_has(&x.p.sources->set, INSIDE));
	CU_ASSERT(addrset_has(&x.p.sources->set, OUTSIDE));
	plan_done(&x);
}

/* A rule's routes are one for each thing that it does, however many these are and however often they are needed. */
static void
test_many_routes(void)
{
	struct planned x = { 0 };
	struct strbuf b;

	sb_init(&b, NULL);
	sb_puts(&b,
	    "<Root xmlns=\"" X_NS "\"><Arrays><Array>" X_L1
	    "<ArrayPolicy><PolicyRules><PolicyRule><Name>r</Name><Enabled>1</Enabled>"
	    "<WebPublishingProperties>" X_REF("WebListener", "{L1}") X_SITE X_NAMES(X_STR("a.contoso.com")));
	sb_puts(&b, "<PathMappings>");
	for (int i = 0; i < 40; i++)
		sb_fmt(&b, X_PATH("/o%02d/*", "/i%02d/*"), i, i);
	sb_puts(&b,
	    "</PathMappings></WebPublishingProperties></PolicyRule></PolicyRules></ArrayPolicy></Array></Arrays></"
	    "Root>");
	plan_xml(&x, b.s);
	CU_ASSERT(x.p.endpoints != NULL && x.p.endpoints->next != NULL);
	CU_ASSERT_EQUAL(x.p.routes.count, 40);
	for (uint32_t id = 1; id <= x.p.routes.count; id++)
		CU_ASSERT(plan_route(&x.p, id).id == id && plan_rule_of(plan_route(&x.p, id)) == &x.p.rules[0]);
	CU_ASSERT(x.p.table_count == 1 && plan_site(x.p.endpoints->next, 0).table.id == 1);
	plan_done(&x);
	sb_free(&b);
}

int
suite_closing(void)
{
	static const struct unit_test tests[] = {
		{ "a rule has one route for each thing that it does, however many", test_many_routes },
		{ "what closes a rule and what opens it", test_closing },
		{ "only the named rule is opened", test_named_only },
		{ "client certificates", test_certificates },
		{ "rules that do not apply", test_other_states },
		{ "External", test_external },
		{ "sources", test_sources },
	};

	return unit_add("closing", tests, ARRAY_LEN(tests));
}
