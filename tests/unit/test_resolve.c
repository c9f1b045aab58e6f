/*
 * Tests of resolve: what a reference refers to, the order of rules, the
 * published site. Must not know how an export is read.
 */
#include "unit.h"

#include "export.h"

static const struct tmg_web *
web_of(const struct tmg *t, const char *rule)
{
	const struct tmg_rule *r = rule_find(t, rule);

	CU_ASSERT_FATAL(r != NULL && r->web != NULL);
	return r->web;
}

/* --------------------------------------------------------------------- references */

#define SET(guid, name)                                                                 \
	"<RuleElements><ComputerSets><ComputerSet StorageName=\"" guid "\"><Name>" name \
	"</Name></ComputerSet></ComputerSets></RuleElements>"
#define FROM(ref) X_PLAIN("1", "a.contoso.com", "<SelectionIPs><Refs>" ref "</Refs></SelectionIPs>", X_SITE)

#define LONG "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "

static const struct tmg_ref *
first_source(const struct tmg *t)
{
	const struct tmg_rule *r = rule_find(t, "r1");

	CU_ASSERT_FATAL(r != NULL && r->terms->sources != NULL && r->terms->sources->refs != NULL);
	return r->terms->sources->refs;
}

static void
check_ref(const char *xml, const char *name, const char *message)
{
	struct tmg *t = export_read(xml);
	const struct tmg_ref *ref = first_source(t);

	CU_ASSERT((ref->to != NULL) == (name != NULL));
	if (ref->to != NULL && name != NULL)
		CU_ASSERT_STRING_EQUAL(ref->to->name, name);
	if (message != NULL)
		CU_ASSERT(message_count(t, message) == 1);
	tmg_free(t);
}

static void
test_references(void)
{
	check_ref(X_ARRAY(X_L1 SET("{ab}", "s") FROM(X_REF("ComputerSet", "{ab}"))), "s", NULL);
	check_ref(X_ARRAY(X_L1 SET("{ab}", "s") FROM(X_REF("ComputerSet", "{AB}"))), "s", NULL);
	check_ref(X_ARRAY(X_L1 SET("{ab}", "s") FROM(X_REF("computerset", "{AB}"))), "s", NULL);
	check_ref(X_ARRAY(X_L1 SET("{ab}", "s") FROM("<Ref><Name>{ab}</Name></Ref>")), "s", NULL);
	check_ref(X_ARRAY(X_L1 SET("{ab}", "s") FROM(X_REF("Network", "{ab}"))), NULL, "dangling-reference");
	check_ref(X_ARRAY(X_L1 SET("{ab}", "s") FROM(X_REF("ComputerSet", "{cd}"))), NULL, "dangling-reference");
	check_ref(X_ARRAY(X_L1 SET("{ab}", "s") SET("{AB}", "t") FROM(X_REF("ComputerSet", "{ab}"))), NULL,
	    "ambiguous-reference");
	check_ref(X_ARRAY(X_L1 SET("{ab}", "the set") FROM(X_REF("ComputerSet", "the set"))), "the set", NULL);
	check_ref(X_ARRAY(X_L1 SET("{ab}", "the set") FROM(X_REF("computerset", "the set"))), "the set", NULL);
	check_ref(X_ARRAY(X_L1 SET("{ab}", "the set") SET("{cd}", "the set") FROM(X_REF("ComputerSet", "the set"))),
	    NULL, "ambiguous-reference");
	check_ref(X_ARRAY(X_L1 SET("{ab}", "{cd}") FROM(X_REF("ComputerSet", "{cd}"))), NULL, "dangling-reference");
	/* Texts of any length, to their last character. */
	check_ref(
	    X_ARRAY(X_L1 SET("{" LONG "a}", "s") SET("{" LONG "b}", "t") FROM(X_REF("ComputerSet", "{" LONG "B}"))),
	    "t", NULL);
	check_ref(X_ARRAY(X_L1 SET("{a}", LONG "a") SET("{b}", LONG "b") FROM(X_REF("COMPUTERSET", LONG "b"))),
	    LONG "b", NULL);
	check_ref(X_ARRAY(X_L1 SET("{a}", LONG "a") SET("{b}", LONG "b") FROM(X_REF("ComputerSet", LONG "B"))), NULL,
	    "dangling-reference");
	/* In another array of the file: not ours. */
	check_ref(X_ROOT("<Arrays><Array StorageName=\"{A1}\">" SET(
		      "{ab}", "s") "</Array><Array StorageName=\"{A2}\">" X_L1 FROM(X_REF("ComputerSet",
		      "{ab}")) "</Array></Arrays>"),
	    NULL, "dangling-reference");
	/* The enterprise answers to Scope 1 only, and Scope 1 to it only. */
	check_ref(X_ROOT("<Enterprise>" SET("{ab}", "e") "</Enterprise><Arrays><Array>" X_L1 SET("{ab}", "a") FROM(
		      "<Ref><Name>{ab}</Name><RefClass>msFPCComputerSet</RefClass><Scope>1</Scope></Ref>") "</Array></"
													   "Arrays>"),
	    "e", NULL);
	check_ref(X_ROOT("<Enterprise>" SET("{ab}", "e") "</Enterprise><Arrays><Array>" X_L1 SET("{ab}", "a")
			  FROM(X_REF("ComputerSet", "{ab}")) "</Array></Arrays>"),
	    "a", NULL);
	check_ref(X_ROOT("<Enterprise>" SET("{ab}", "e") "</Enterprise><Arrays><Array>" X_L1 FROM(
		      X_REF("ComputerSet", "{ab}")) "</Array></Arrays>"),
	    NULL, "dangling-reference");
	check_ref(
	    X_ROOT("<Arrays><Array>" X_L1 SET("{ab}", "a") FROM("<Ref><Name>{ab}</Name><RefClass>msFPCComputerSet</"
								"RefClass><Scope>1</Scope></Ref>") "</Array></Arrays>"),
	    NULL, "dangling-reference");
}

static void
test_predefined(void)
{
	struct tmg *t = export_read(X_ARRAY(X_L1 FROM(X_REF("ComputerSet", "{be20f10a-a274-436a-a7ad-63a9fc5ed19d}"))));

	CU_ASSERT_STRING_EQUAL(first_source(t)->predefined, "Anywhere");
	CU_ASSERT(first_source(t)->to == NULL && message_count(t, "dangling-reference") == 0);
	tmg_free(t);
	t = export_read(X_ARRAY(X_L1 SET(ANYWHERE, "mine") FROM(X_REF("ComputerSet", ANYWHERE))));
	CU_ASSERT_STRING_EQUAL(first_source(t)->to->name, "mine");
	CU_ASSERT_STRING_EQUAL(first_source(t)->predefined, "Anywhere");
	tmg_free(t);
}

static void
test_other_input(void)
{
	static const char *const two[] = { X_ARRAY(X_L1 FROM(X_REF("ComputerSet", "{ab}"))),
		X_ARRAY(SET("{AB}", "far")), NULL };
	static const char *const three[] = { X_ARRAY(X_L1 FROM(X_REF("ComputerSet", "{ab}"))),
		X_ARRAY(SET("{AB}", "far")), X_ARRAY(SET("{AB}", "away")), NULL };
	static const char *const own[] = { X_ARRAY(X_L1 SET("{ab}", "near") FROM(X_REF("ComputerSet", "{ab}"))),
		X_ARRAY(SET("{AB}", "far")), NULL };
	struct tmg *t = export_job(NULL, two);

	CU_ASSERT(first_source(t)->elsewhere && first_source(t)->to != NULL);
	CU_ASSERT_PTR_NOT_NULL(message_find(t, "found-in-other-input", "b.xml"));
	tmg_free(t);
	t = export_job(NULL, three);
	CU_ASSERT(first_source(t)->ambiguous && first_source(t)->to == NULL);
	tmg_free(t);
	t = export_job(NULL, own);
	CU_ASSERT_STRING_EQUAL(first_source(t)->to->name, "near");
	CU_ASSERT(!first_source(t)->elsewhere);
	tmg_free(t);
}

/* ---------------------------------------------------------------------- rule order */

#define ORDERED(name, order) \
	"<PolicyRule><Name>" name "</Name>" order "<Enabled>1</Enabled><WebPublishingProperties/></PolicyRule>"
#define RULES(list) X_ARRAY("<ArrayPolicy><PolicyRules>" list "</PolicyRules></ArrayPolicy>")

static void
check_order(const char *xml, const char *want)
{
	struct tmg *t = export_read(xml);
	struct strbuf b;
	uint32_t position = 0;

	sb_init(&b, NULL);
	for (const struct tmg_rule *r = t->inputs->arrays->rules; r != NULL; r = tmg_next_rule(r)) {
		sb_puts(&b, r->o.name);
		CU_ASSERT(r->position == ++position);
	}
	CU_ASSERT_STRING_EQUAL(b.s, want);
	sb_free(&b);
	tmg_free(t);
}

static void
test_order(void)
{
	/* Little-endian: 0x00000100 is more than 0xff. */
	check_order(RULES(ORDERED("a", "<Order>0001000000000000</Order>") ORDERED(
			"b", "<Order>FF00000000000000</Order>") ORDERED("c", "<Order>0200000000000000</Order>")),
	    "cba");
	check_order(RULES(ORDERED("a", "<Order>0100000001000000</Order>") ORDERED(
			"b", "<Order>0100000000000000</Order>") ORDERED("c", "<Order>0100000000000000</Order>")),
	    "bca");
	check_order(
	    RULES(ORDERED("a", "<Order>01000080</Order>") ORDERED("b", "<Order>01 00 00 7f 00000000</Order>")), "ba");
	/* No order at all: as in the file. Some: after the one above. */
	check_order(RULES(ORDERED("b", "") ORDERED("a", "") ORDERED("c", "")), "bac");
	check_order(RULES(ORDERED("a", "<Order>0900000000000000</Order>") ORDERED("b", "")
			    ORDERED("c", "<Order>0100000000000000</Order>")),
	    "cab");
	/* Not an order: said, and treated as absent. */
	check_order(RULES(ORDERED("a", "<Order>xyz</Order>") ORDERED("b", "<Order>0100000000000000</Order>")), "ab");
	/* System rules come first, the default rule last, whatever their order. */
	check_order(
	    RULES(ORDERED("d", "<IsDefaultRule>1</IsDefaultRule>") ORDERED("b", "<Order>0500000000000000</Order>")
		    ORDERED("s", "<Order>0900000000000000</Order><System>1</System>")),
	    "sbd");
}

/* ---------------------------------------------------------------- the published site */

static const struct siting {
	const char *xml, *site, *site_element, *server, *message;
} sitings[] = {
#define S(web) X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", web))
	{ S("<WebSite>w.x</WebSite>"), "w.x", "WebSite", "w.x", NULL },
	{ S("<RedirectHost>r.x</RedirectHost><SiteName>s.x</SiteName><WebSiteName>n.x</WebSiteName>"), "n.x",
	    "WebSiteName", "n.x", "site-element" },
	{ S("<WebSite/><PublishedSite>p.x</PublishedSite>"), "p.x", "PublishedSite", "p.x", "site-element" },
	{ S("<WebSite>w.x</WebSite><PublishedServerIP>10.0.0.1</PublishedServerIP>"), "w.x", "WebSite", "10.0.0.1",
	    NULL },
	{ S("<WebSite>w.x</WebSite><PublishedServerIP>10.0.0.1</PublishedServerIP><PublishedServer>s.x</"
	    "PublishedServer>"),
	    "w.x", "WebSite", "s.x", NULL },
	/* PublishedServerName is on both lists: before NameOrIP, after IP. */
	{ S("<PublishedServerName>n.x</PublishedServerName><PublishedServerNameOrIP>o.x</PublishedServerNameOrIP>"),
	    "n.x", "PublishedServerName", "n.x", "site-element" },
	{ S("<PublishedServerName>n.x</PublishedServerName><PublishedServerIP>10.0.0.1</PublishedServerIP>"), "n.x",
	    "PublishedServerName", "10.0.0.1", "site-element" },
	/* The redirect URL of an allow rule, stripped. */
	{ S("<RedirectUrl>https://r.x:8443/path?q</RedirectUrl>"), "r.x", "RedirectUrl", "r.x", "site-element" },
	{ S("<RedirectURL>r.x</RedirectURL>"), "r.x", "RedirectUrl", "r.x", "site-element" },
	{ S("<RedirectUrl>http://[2001:db8::1]:80/</RedirectUrl>"), "[2001:db8::1]", "RedirectUrl", "[2001:db8::1]",
	    "site-element" },
	{ S("<RedirectUrl>http://r.x/</RedirectUrl><PublishedServer>s.x</PublishedServer>"), "r.x", "RedirectUrl",
	    "s.x", "site-element" },
	{ S("<RedirectUrl>http://r.x/</RedirectUrl><WebSite>w.x</WebSite>"), "w.x", "WebSite", "w.x", NULL },
	{ S("<RedirectUrl>https://user:pw@r.x/</RedirectUrl>"), "r.x", "RedirectUrl", "r.x", "site-element" },
	/* An unknown element, if it is the only one that looks like a host. */
	{ S("<Novelty>host.contoso.local</Novelty><Other>5</Other>"), "host.contoso.local", "Novelty",
	    "host.contoso.local", "site-from-unknown-element" },
	{ S("<Novelty>10.0.0.7</Novelty>"), "10.0.0.7", "Novelty", "10.0.0.7", "site-from-unknown-element" },
	{ S("<Novelty>host.contoso.local</Novelty><Other>second.contoso.local</Other>"), NULL, NULL, NULL, NULL },
	{ S("<Novelty>1.5</Novelty><Other>some text.</Other><Third>*.contoso.local</Third>"), NULL, NULL, NULL, NULL },
	{ S("<Novelty>host.contoso.local</Novelty><LoadBalancingConfig>" X_REF(
	      "ServerFarm", "{F}") "</LoadBalancingConfig>"),
	    NULL, NULL, NULL, NULL },
	{ S("<Novelty>host.contoso.local</Novelty><WebSite>w.x</WebSite>"), "w.x", "WebSite", "w.x", NULL },
	/* The server alone is also the site. */
	{ S("<PublishedServer>s.x</PublishedServer>"), "s.x", "PublishedServer", "s.x", NULL },
	{ S(""), NULL, NULL, NULL, NULL },
#undef S
};

static bool
text_is(const char *have, const char *want)
{
	bool same = have == want || (have != NULL && want != NULL && strcmp(have, want) == 0);

	if (!same)
		fprintf(stderr, "have %s, want %s\n", have != NULL ? have : "nothing", want != NULL ? want : "nothing");
	return same;
}

static void
test_site(void)
{
	for (size_t i = 0; i < ARRAY_LEN(sitings); i++) {
		const struct siting *s = &sitings[i];
		struct tmg *t = export_read(s->xml);
		const struct tmg_web *w = web_of(t, "r1");
		CU_ASSERT(text_is(w->site, s->site));
		CU_ASSERT(text_is(w->site_element, s->site_element));
		CU_ASSERT(text_is(w->server, s->server));
		CU_ASSERT(w->redirect_url == NULL);
		CU_ASSERT(message_count(t, "site-element") + message_count(t, "site-from-unknown-element") ==
		    (s->message != NULL));
		CU_ASSERT(s->message == NULL || message_count(t, s->message) == 1);
		tmg_free(t);
	}
}

/* On a deny rule the same element says where the denied are sent. */
static void
test_site_of_deny(void)
{
	struct tmg *t = export_read(X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "<Action>1</Action>",
	    "<RedirectUrl>https://r.x/y</RedirectUrl><Novelty>host.contoso.local</Novelty>")));

	CU_ASSERT_STRING_EQUAL(web_of(t, "r1")->redirect_url, "https://r.x/y");
	CU_ASSERT_PTR_NULL(web_of(t, "r1")->site);
	tmg_free(t);
}

static void
test_2004(void)
{
	struct tmg *t = export_read(X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "",
	    X_SITE "<DelegateBasicCredentials>1</DelegateBasicCredentials>") X_PLAIN("2", "a.contoso.com", "",
	    X_SITE "<DelegateBasicCredentials>0</DelegateBasicCredentials>") X_PLAIN("3", "a.contoso.com", "",
	    X_SITE "<DelegateBasicCredentials>1</DelegateBasicCredentials><CredentialsDelegationType>0"
		   "</CredentialsDelegationType>")));

	CU_ASSERT(
	    web_of(t, "r1")->delegation == 3 && web_of(t, "r2")->delegation == 1 && web_of(t, "r3")->delegation == 0);
	tmg_free(t);
}

int
suite_resolve(void)
{
	static const struct unit_test tests[] = {
		{ "references", test_references },
		{ "predefined objects", test_predefined },
		{ "objects of other inputs", test_other_input },
		{ "order of rules", test_order },
		{ "the published site", test_site },
		{ "the redirect of a deny rule", test_site_of_deny },
		{ "delegation in ISA Server 2004", test_2004 },
	};

	return unit_add("resolve", tests, ARRAY_LEN(tests));
}
