/*
 * Tests of the reader: what becomes of every element, limits, what is refused,
 * vendor parameters, secrets. Exports are small and made in memory.
 */
#include "unit.h"

#include <stdlib.h>

#include "export.h"
#include "import/fields.h"
#include "import/read.h"

static const struct tmg_web *
web_of(const struct tmg *t, const char *rule)
{
	const struct tmg_rule *r = rule_find(t, rule);

	CU_ASSERT_FATAL(r != NULL && r->web != NULL);
	return r->web;
}

static void
check_counts(const struct tmg_input *in)
{
	uint64_t n = 0;

	for (int i = 0; i < TMG_E_COUNT; i++)
		n += in->counts[i];
	CU_ASSERT(n == in->elements);
}

/* -------------------------------------------------------------- the element table */

static FILE *
open_elements(void)
{
	static const char *const places[] = { "tests/elements.txt", "../tests/elements.txt", "elements.txt" };
	const char *top = getenv("top_srcdir");
	char path[4096];
	FILE *f = NULL;

	if (top != NULL) {
		snprintf(path, sizeof(path), "%s/tests/elements.txt", top);
		f = fopen(path, "r");
	}
	for (size_t i = 0; i < ARRAY_LEN(places) && f == NULL; i++)
		f = fopen(places[i], "r");
	return f;
}

static void
test_elements(void)
{
	FILE *f = open_elements();
	size_t names = 0, missing = 0;
	char line[200];

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		size_t i = 0;
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		names++;
		while (i < field_count && ascii_casecmp(fields[i].name, line) != 0)
			i++;
		if (i == field_count) {
			missing++;
			fprintf(stderr, "no row for %s\n", line);
		}
	}
	fclose(f);
	CU_ASSERT(names > 300);
	CU_ASSERT(missing == 0);
}

static void
test_rows(void)
{
	bool closed[C_COUNT] = { false };

	for (size_t i = 0; i < field_count; i++) {
		const struct field *f = &fields[i];
		bool reason = f->op == F_SKIP || f->op == F_LOSS || f->op == F_SECRET;
		CU_ASSERT(f->name != NULL && f->name[0] != '\0' && f->parent < C_COUNT && f->child < C_COUNT);
		CU_ASSERT(reason == (f->why != NULL && f->why[0] != '\0'));
		CU_ASSERT((f->op == F_OBJ) == (f->begin != NULL) && (f->op == F_FUNC) == (f->func != NULL));
		/* Rows of a class stand together, and each name once in it. */
		if (i > 0 && fields[i - 1].parent != f->parent)
			closed[fields[i - 1].parent] = true;
		CU_ASSERT(!closed[f->parent]);
		for (size_t k = i; k-- > 0 && fields[k].parent == f->parent;)
			CU_ASSERT(ascii_casecmp(fields[k].name, f->name) != 0);
		if (f->parent != C_SKIP)
			CU_ASSERT_PTR_EQUAL(field_find((enum cls)f->parent, f->name), f);
	}
	CU_ASSERT_PTR_NULL(field_find(C_WEB, "Novelty"));
}

/* ------------------------------------------------------------ states, stated, defaults */

static void
test_states(void)
{
	struct tmg *t = export_read(X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "<EnableLogging>1</EnableLogging>",
	    X_SITE "<Novelty>new\nvalue</Novelty><Novelty>again</Novelty><LogoffURL>/bye</"
		   "LogoffURL><DenyTraceRequests>0</DenyTraceRequests>"
		   "<Deep><Er><Est>x</Est></Er></Deep>") "<Alerts><Alert><Anything/></Alert></Alerts>"));
	const struct tmg_input *in = t->inputs;
	const struct tmg_leftover *l = leftover_find(in, "WebPublishingProperties/Novelty");

	check_counts(in);
	CU_ASSERT(in->counts[TMG_E_UNKNOWN] == 5);
	CU_ASSERT(in->counts[TMG_E_NOT_CONVERTIBLE] == 1);
	CU_ASSERT(in->counts[TMG_E_IRRELEVANT] == 4); /* EnableLogging, Alerts and two below */
	CU_ASSERT_PTR_NOT_NULL_FATAL(l);
	CU_ASSERT(l->times == 2 && l->line == 1 && l->state == TMG_E_UNKNOWN);
	CU_ASSERT_PTR_EQUAL(l->owner, &rule_find(t, "r1")->o);
	CU_ASSERT_STRING_EQUAL(l->value, "new value"); /* no control character gets in */
	l = leftover_find(in, "WebPublishingProperties/LogoffURL");
	CU_ASSERT(l != NULL && l->state == TMG_E_NOT_CONVERTIBLE && l->why != NULL && l->severity == TMG_WARNING);
	CU_ASSERT_PTR_NULL(
	    leftover_find(in, "WebPublishingProperties/DenyTraceRequests")); /* its default loses nothing */
	CU_ASSERT_PTR_NOT_NULL(leftover_find(in, "Deep/Er"));
	CU_ASSERT_PTR_NOT_NULL(leftover_find(in, "Er/Est"));
	tmg_free(t);
	/* The same element of another owner is another entry, with its line. */
	t = export_read(X_ARRAY(X_L1 "\n" X_PLAIN("1", "a.contoso.com", "", X_SITE "<Novelty/>") "\n" X_PLAIN(
	    "2", "b.contoso.com", "", X_SITE "\n<novelty/>")));
	l = leftover_find(t->inputs, "WebPublishingProperties/Novelty");
	CU_ASSERT(l != NULL && l->line == 2 && l->times == 1 && l->value == NULL);
	l = leftover_find(t->inputs, "WebPublishingProperties/novelty");
	CU_ASSERT(l != NULL && l->line == 4 && l->owner == &rule_find(t, "r2")->o);
	check_counts(t->inputs);
	tmg_free(t);
}

static void
test_stated(void)
{
	struct tmg *t =
	    export_read(X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE) X_PLAIN("2", "b.contoso.com", "",
		X_SITE "<PublishedServerType>0</PublishedServerType><SSLRedirectPort>443</SSLRedirectPort>"
		       "<CredentialsDelegationType>1</CredentialsDelegationType><SendOriginalHostHeader>0</"
		       "SendOriginalHostHeader>")));
	const struct tmg_rule *a = rule_find(t, "r1"), *b = rule_find(t, "r2");
	const uint32_t four = TMG_S_SERVER_TYPE | TMG_S_SSL_PORT | TMG_S_DELEGATION | TMG_S_ORIGINAL_HOST;
	uint64_t defaults = t->inputs->defaults;

	CU_ASSERT((a->stated & (four | TMG_S_HTTP_PORT)) == 0);
	CU_ASSERT((b->stated & (four | TMG_S_HTTP_PORT)) == four);
	CU_ASSERT((a->stated & (TMG_S_ENABLED | TMG_S_ORDER)) == (TMG_S_ENABLED | TMG_S_ORDER));
	/* The values are the same all the same. */
	CU_ASSERT(a->web->server_type == 0 && b->web->server_type == 0 && a->web->https_port == 443 &&
	    b->web->https_port == 443);
	CU_ASSERT(a->web->http_port == 80 && a->web->delegation == 1 && !a->web->original_host &&
	    a->web->firewall_source && a->web->lb_enabled);
	CU_ASSERT(a->applies_always && !a->deny && !a->system && a->web->require_ssl == 0);
	tmg_free(t);
	/* Each element that is stated is one default less. */
	t = export_read(
	    X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE) X_PLAIN("2", "b.contoso.com", "", X_SITE)));
	CU_ASSERT(t->inputs->defaults == defaults + 4);
	tmg_free(t);
	/* A rule that does not say whether it is enabled is not, and that is said. */
	t = export_read(X_ARRAY("<ArrayPolicy><PolicyRules><PolicyRule><Name>r</Name><WebPublishingProperties/></"
				"PolicyRule></PolicyRules></ArrayPolicy>"));
	CU_ASSERT(!rule_find(t, "r")->enabled);
	CU_ASSERT(message_count(t, "enabled-not-stated") == 1);
	tmg_free(t);
}

static void
test_listener_ports(void)
{
	static const struct {
		const char *props;
		int http, https;
		bool said;
	} cases[] = {
		{ X_ARRAY(X_LISTENER("{L1}", "192.0.2.1", "")), 80, 0, true },
		{ X_ARRAY(X_LISTENER("{L1}", "192.0.2.1", "<SSLPort>443</SSLPort>")), 0, 443, true },
		{ X_ARRAY(X_LISTENER("{L1}", "192.0.2.1", "<TCPPort>0</TCPPort>")), 0, 0, false },
		{ X_ARRAY(X_LISTENER("{L1}", "192.0.2.1", "<TCPPort>8080</TCPPort><SSLPort>0</SSLPort>")), 8080, 0,
		    false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct tmg *t = export_read(cases[i].props);
		const struct tmg_listener *l = (const void *)object_find(t, TMG_K_LISTENER, "listener {L1}");
		CU_ASSERT_PTR_NOT_NULL_FATAL(l);
		CU_ASSERT(l->http_port == cases[i].http && l->https_port == cases[i].https && l->timeout == 120);
		CU_ASSERT((message_count(t, "listener-port-unknown") == 1) == cases[i].said);
		tmg_free(t);
	}
}

#define BARE(n, body)                                                                             \
	"<ArrayPolicy><PolicyRules><PolicyRule StorageName=\"{R" n "}\"><Name>r" n "</Name>" body \
	"</PolicyRule></PolicyRules></ArrayPolicy>"

/* Values that are no values: said, and what restricts closes. */
static void
test_values(void)
{
	struct tmg *t = export_read(X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "",
	    X_SITE "<SendOriginalHostHeader>perhaps</SendOriginalHostHeader>") X_PLAIN("2", "b.contoso.com", "",
	    X_SITE "<SSLRequireSecureChannel>99999999999</SSLRequireSecureChannel>") X_PLAIN("3", "c.contoso.com", "",
	    X_SITE "<SendOriginalHostHeader>TRUE</SendOriginalHostHeader><AllPublicNames>-1</AllPublicNames>")
		X_PLAIN(
		    "4", "d.contoso.com", "", X_SITE "<CredentialsDelegationType>1<b/>2</CredentialsDelegationType>")));

	CU_ASSERT(message_count(t, "broken-value") == 1 && message_count(t, "broken-restriction") == 2);
	CU_ASSERT(!rule_find(t, "r1")->o.broken && rule_find(t, "r2")->o.broken && rule_find(t, "r4")->o.broken);
	CU_ASSERT(
	    !web_of(t, "r1")->original_host && web_of(t, "r3")->original_host && web_of(t, "r3")->all_public_names);
	CU_ASSERT(web_of(t, "r4")->delegation == 1);
	check_counts(t->inputs);
	tmg_free(t);
	/* A rule that may deny is never left out: what is behind it would be open. */
	t = export_read(X_ARRAY(X_L1 BARE("1", "<Enabled>yes</Enabled><Action>1</Action>")
		BARE("2", "<Enabled>yes</Enabled><Action>no</Action>") BARE("3", "<Enabled>yes</Enabled>")
		    BARE("4", "<Action>1</Action><Enabled>0</Enabled>") BARE("5", "<System>of course</System>")
			BARE("6", "<Order>first</Order>")));
	CU_ASSERT(rule_find(t, "r1")->enabled && rule_find(t, "r1")->o.broken);
	CU_ASSERT(rule_find(t, "r2")->enabled && rule_find(t, "r2")->o.broken);
	CU_ASSERT(!rule_find(t, "r3")->enabled && !rule_find(t, "r3")->o.broken);
	CU_ASSERT(!rule_find(t, "r4")->enabled && !rule_find(t, "r4")->o.broken);
	CU_ASSERT(rule_find(t, "r5")->o.broken);
	/* Nor does one go before others whose place nobody knows. */
	CU_ASSERT(rule_find(t, "r6")->o.broken);
	tmg_free(t);
	/* Of two values, too, nobody knows which one holds. */
	t = export_read(X_ARRAY(X_L1 BARE("1", "<Enabled>1</Enabled><Action>1</Action><Enabled>0</Enabled>")
		BARE("2", "<Enabled>1</Enabled><Action>1</Action><Action>0</Action>")
		    BARE("3", "<Enabled>1</Enabled><Enabled>0</Enabled>")));
	CU_ASSERT(rule_find(t, "r1")->enabled && rule_find(t, "r1")->o.broken);
	CU_ASSERT(rule_find(t, "r2")->o.broken);
	CU_ASSERT(!rule_find(t, "r3")->enabled && !rule_find(t, "r3")->o.broken);
	CU_ASSERT_PTR_NOT_NULL(message_find(t, "restriction-twice", "Action"));
	CU_ASSERT(message_count(t, "restriction-twice") == 1 && message_count(t, "stated-twice") == 2);
	tmg_free(t);
}

/* What stands twice is said, whatever it is. */
static void
test_duplicates(void)
{
	static const struct {
		const char *xml, *what, *id;
	} cases[] = {
		{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "<Enabled>0</Enabled>", X_SITE)), "Enabled",
		    "stated-twice" },
		{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "",
		      X_SITE "<SSLRedirectPort>1</SSLRedirectPort><sslredirectport>2</sslredirectport>")),
		    "SSLRedirectPort", "restriction-twice" },
		{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<WebSite>other.contoso.local</WebSite>")),
		    "WebSite", "stated-twice" },
		{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "",
		      X_SITE "</WebPublishingProperties><WebPublishingProperties>"
			     "<AllPublicNames>1</AllPublicNames>")),
		    "WebPublishingProperties", "stated-twice" },
		{ X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "<SelectionIPs/><SelectionIPs/>", X_SITE)), "SelectionIPs",
		    "stated-twice" },
		{ X_ARRAY(X_LISTENER(
		      "{L1}", "192.0.2.1", "<TCPPort>80</TCPPort></WebListenerProperties><WebListenerProperties>")),
		    "WebListenerProperties", "stated-twice" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct tmg *t = export_read(cases[i].xml);
		if (message_find(t, cases[i].id, cases[i].what) == NULL)
			fprintf(stderr, "twice and not said: %s\n", cases[i].what);
		CU_ASSERT_PTR_NOT_NULL(message_find(t, cases[i].id, cases[i].what));
		tmg_free(t);
	}
}

/* ------------------------------------------------------------------------- limits */

static enum tmg_status
limited(const struct tmg_limits *l, const char *xml)
{
	struct tmg_options opt = { .limits = *l };
	struct tmg *t = tmg_new(&opt);
	enum tmg_status rc = export_add(t, "x", xml);

	CU_ASSERT((rc == TMG_OK) == (t->inputs != NULL));
	CU_ASSERT((rc == TMG_EINPUT) == (message_find(t, "limit", NULL) != NULL));
	tmg_free(t);
	return rc;
}

static void
test_limits(void)
{
	static const char xml[] =
	    X_ROOT("<Comment>12345678</Comment><Arrays><Array/></Arrays>"); /* 4 elements, 3 deep */
	struct tmg_limits l = { 0 };

	CU_ASSERT(limited(&l, xml) == TMG_OK);
	for (uint32_t n = 2; n <= 4; n++) {
		l = (struct tmg_limits){ .max_depth = n };
		CU_ASSERT(limited(&l, xml) == (n >= 3 ? TMG_OK : TMG_EINPUT));
	}
	for (uint32_t n = 3; n <= 5; n++) {
		l = (struct tmg_limits){ .max_elements = n };
		CU_ASSERT(limited(&l, xml) == (n >= 4 ? TMG_OK : TMG_EINPUT));
	}
	for (uint32_t n = 7; n <= 9; n++) {
		l = (struct tmg_limits){ .max_text = n };
		CU_ASSERT(limited(&l, xml) == (n >= 8 ? TMG_OK : TMG_EINPUT));
	}
	for (size_t n = sizeof(xml) - 2; n <= sizeof(xml); n++) {
		l = (struct tmg_limits){ .max_size = n };
		CU_ASSERT(limited(&l, xml) == (n >= sizeof(xml) - 1 ? TMG_OK : TMG_EINPUT));
	}
	l = (struct tmg_limits){ .max_memory = 10000 };
	CU_ASSERT(limited(&l, xml) == TMG_ENOMEM);
	l = (struct tmg_limits){ .max_memory = 1 << 20 };
	CU_ASSERT(limited(&l, xml) == TMG_OK);
}

static void
fill(struct strbuf *b, char c, size_t n)
{
	while (n-- > 0)
		sb_putc(b, c);
}

static void
test_builtin_limits(void)
{
	struct tmg_limits none = { 0 };
	struct strbuf b;

	for (int n = 63; n <= 65; n++) { /* with StorageName */
		sb_init(&b, NULL);
		sb_puts(&b, "<Root xmlns=\"" X_NS "\"><Arrays StorageName=\"x\"");
		for (int i = 1; i < n; i++)
			sb_fmt(&b, " a%d=\"\"", i);
		sb_puts(&b, "/></Root>");
		CU_ASSERT(limited(&none, b.s) == (n <= 64 ? TMG_OK : TMG_EINPUT));
		sb_free(&b);
	}
	for (uint32_t n = 63; n <= 65; n++) { /* depth */
		sb_init(&b, NULL);
		sb_puts(&b, "<Root xmlns=\"" X_NS "\">");
		for (uint32_t i = 1; i < n; i++)
			sb_puts(&b, "<a>");
		for (uint32_t i = 1; i < n; i++)
			sb_puts(&b, "</a>");
		sb_puts(&b, "</Root>");
		CU_ASSERT(limited(&none, b.s) == (n <= LIMIT_DEPTH ? TMG_OK : TMG_EINPUT));
		sb_free(&b);
	}
	/* A tag without an end: looked at once a piece of 64 KiB, so the bound is not sharp. */
	for (size_t n = 32; n <= 512; n *= 4) {
		for (int comment = 0; comment < 2; comment++) {
			sb_init(&b, NULL);
			sb_puts(&b, "<Root xmlns=\"" X_NS "\">");
			sb_puts(&b, comment != 0 ? "<!--" : "<Arrays StorageName=\"");
			fill(&b, 'x', n << 10);
			sb_puts(&b, comment != 0 ? "-->" : "\"/>");
			sb_puts(&b, "</Root>");
			if (n <= 32 || n >= 512)
				CU_ASSERT(limited(&none, b.s) == (n <= 32 ? TMG_OK : TMG_EINPUT));
			sb_free(&b);
		}
	}
	/* Long text is no tag. */
	sb_init(&b, NULL);
	sb_puts(&b, "<Root xmlns=\"" X_NS "\"><Comment>");
	fill(&b, 'x', 1 << 20);
	sb_puts(&b, "</Comment></Root>");
	CU_ASSERT(limited(&none, b.s) == TMG_OK);
	sb_free(&b);
}

/* --------------------------------------------------------------- documents, names */

static const char *
refusal(const char *xml)
{
	struct tmg *t = tmg_new(NULL);
	const char *id = "";

	if (export_add(t, "x", xml) == TMG_EINPUT && t->diags.first != NULL && t->inputs == NULL)
		id = t->diags.first->id;
	CU_ASSERT(t->diags.count == 1);
	tmg_free(t); /* the id is a constant */
	return id;
}

static void
test_refused(void)
{
	CU_ASSERT_STRING_EQUAL(refusal("<!DOCTYPE x><Root xmlns=\"" X_NS "\"/>"), "doctype");
	CU_ASSERT_STRING_EQUAL(
	    refusal("<!DOCTYPE x [<!ENTITY a \"b\">]><Root xmlns=\"" X_NS "\">&a;</Root>"), "doctype");
	CU_ASSERT_STRING_EQUAL(
	    refusal("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><Root xmlns=\"" X_NS "\"/>"), "doctype");
	CU_ASSERT_STRING_EQUAL(refusal("<!DOCTYPE html><html/>"), "not-an-export");
	CU_ASSERT_STRING_EQUAL(refusal("<Root/>"), "not-an-export");
	CU_ASSERT_STRING_EQUAL(refusal("<Root xmlns=\"" X_NS "/\"/>"), "not-an-export");
	CU_ASSERT_STRING_EQUAL(refusal("<Array xmlns=\"" X_NS "\"/>"), "not-an-export");
	CU_ASSERT_STRING_EQUAL(refusal("<Root xmlns=\"" X_NS "\">"), "broken-xml");
	CU_ASSERT_STRING_EQUAL(refusal("<Root xmlns=\"" X_NS "\"/><Root/>"), "broken-xml");
	CU_ASSERT_STRING_EQUAL(refusal("<Root xmlns=\"" X_NS "\">&nbsp;</Root>"), "broken-xml");
	CU_ASSERT_STRING_EQUAL(refusal("<Root xmlns=\"" X_NS "\"><Arrays></Root>"), "broken-xml");
	CU_ASSERT_STRING_EQUAL(refusal(""), "empty-input");
}

/* Wherever a file ends, or stops being text, it is refused, and nothing of its content is said. */
static void
test_cut_off(void)
{
	static const char whole[] = "<?xml version=\"1.0\"?>\n<!-- geheim -->\n<Root xmlns=\"" X_NS "\">\n<?x geheim?>"
				    "<Arrays><Array StorageName=\"geheim\"><Password>geheim&lt;<![CDATA[geheim]]>"
				    "</Password></Array></Arrays></Root>";
	char xml[sizeof(whole) + 1];

	CU_ASSERT_STRING_EQUAL(refusal(whole), ""); /* whole, it is good; the secret is reported */
	for (size_t n = sizeof("<?xml version=\"1.0\"?>\n"); n < sizeof(whole) - 1; n++) {
		for (int bytes = 0; bytes < 2; bytes++) {
			struct tmg *t = tmg_new(NULL);

			memcpy(xml, whole, n);
			snprintf(xml + n, sizeof(xml) - n, "%s", bytes == 0 ? "" : "\xff");
			CU_ASSERT(export_add(t, "x", xml) == TMG_EINPUT && t->inputs == NULL && t->diags.count == 1);
			CU_ASSERT_FATAL(t->diags.first != NULL);
			CU_ASSERT_PTR_NULL(strstr(t->diags.first->detail, "geheim"));
			tmg_free(t);
		}
	}
}

static void
test_names(void)
{
	char guid[TMG_GUID_SIZE];
	/* Another prefix, another case, no prefix: all the same. */
	struct tmg *t = export_read(
	    "<x:rOOT xmlns:x=\"" X_NS "\"><x:ARRAYS><y:array xmlns:y=\"" X_NS
	    "\" storagename=\"{q}\"><x:name>n</x:name>"
	    "<ARRAYPOLICY xmlns=\"" X_NS
	    "\"><policyrules><PolicyRULE><NAME>r</NAME><eNABLED>1</eNABLED></PolicyRULE></policyrules></ARRAYPOLICY>"
	    "</y:array></x:ARRAYS></x:rOOT>");

	CU_ASSERT(t->inputs->counts[TMG_E_UNKNOWN] == 0);
	CU_ASSERT_STRING_EQUAL(tmg_guid(&t->inputs->arrays->o, guid), "{q}");
	CU_ASSERT(rule_find(t, "r") != NULL && rule_find(t, "r")->enabled);
	tmg_free(t);
	/* Another namespace, or none, is another element. */
	t = export_read(X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com",
	    "<o:Enabled xmlns:o=\"urn:other\">0</o:Enabled><Action xmlns=\"\">1</Action>", X_SITE)));
	CU_ASSERT(rule_find(t, "r1")->enabled && !rule_find(t, "r1")->deny);
	CU_ASSERT(t->inputs->counts[TMG_E_UNKNOWN] == 2);
	CU_ASSERT_PTR_NOT_NULL(leftover_find(t->inputs, "PolicyRule/Enabled"));
	check_counts(t->inputs);
	tmg_free(t);
	/* The StorageName of another namespace is not ours. */
	t = export_read(
	    X_ROOT("<Arrays><Array StorageName=\"{A}\" o:StorageName=\"{B}\" xmlns:o=\"urn:other\"/></Arrays>"));
	CU_ASSERT_STRING_EQUAL(tmg_guid(&t->inputs->arrays->o, guid), "{A}");
	tmg_free(t);
	/* What a documentation tool leaves in the file has no namespace and is skipped. */
	t = export_read(X_ROOT("<ISAInfoData xmlns=\"\"><x/></ISAInfoData>"));
	CU_ASSERT(t->inputs->counts[TMG_E_IRRELEVANT] == 2);
	tmg_free(t);
}

static void
test_map(void)
{
	static const struct tmg_map maps[] = { { "webpublishingproperties/TARGET", "WebSite" },
		{ "PolicyRule/Never", "Name" } };
	struct tmg_options opt = { .maps = maps, .map_count = 2 };
	const char *const list[] = {
		X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", "<Target>web.contoso.local</Target>")), NULL
	};
	struct tmg *t = export_job(&opt, list);

	CU_ASSERT_STRING_EQUAL(web_of(t, "r1")->site, "web.contoso.local");
	CU_ASSERT(t->inputs->counts[TMG_E_UNKNOWN] == 0);
	CU_ASSERT(message_count(t, "map-unused") == 1);
	CU_ASSERT_PTR_NOT_NULL(message_find(t, "map-unused", "Never"));
	tmg_free(t);
}

/* A map is for one parent, also where two parents hold the same elements. */
static void
test_map_parent(void)
{
	static const struct tmg_map map = { "Computer/Alias", "Name" };
	struct tmg_options opt = { .maps = &map, .map_count = 1 };
	const char *const list[] = { X_ARRAY("<RuleElements><URLSets><URLSet><Alias>no</Alias></URLSet></"
					     "URLSets><Protocols><Protocol><Alias>no</Alias>"
					     "</Protocol></Protocols><Computers><Computer><Alias>yes</Alias></"
					     "Computer></Computers></RuleElements>"),
		NULL };
	static const struct tmg_map other = { "URLSet/Alias", "Name" };
	struct tmg *t = export_job(&opt, list);

	CU_ASSERT_PTR_NOT_NULL(object_find(t, TMG_K_COMPUTER, "yes"));
	CU_ASSERT(t->inputs->counts[TMG_E_UNKNOWN] == 2);
	tmg_free(t);
	opt.maps = &other;
	t = export_job(&opt, list);
	CU_ASSERT(t->inputs->counts[TMG_E_UNKNOWN] == 2); /* of Protocol and of Computer */
	tmg_free(t);
}

/* --------------------------------------------------------------- vendor parameters */

static bool
blob(struct tmg_vendor *v, struct arena *mem, const char *hex)
{
	v->values = NULL;
	return blob_decode(mem, NULL, v, hex, strlen(hex));
}

static void
test_blob(void)
{
	static const char vector[] =
	    "010000000b00000068007400740070003a002f002f00700075006200000008000c00000068007400740070"
	    "0073003a002f002f007000750062000000";
	struct tmg_vendor v = { 0 };
	struct arena mem;
	char cut[sizeof(vector)];

	arena_init(&mem, NULL);
	CU_ASSERT_FATAL(blob(&v, &mem, vector) && v.values != NULL);
	CU_ASSERT_STRING_EQUAL(v.values->name, "http://pub");
	CU_ASSERT_STRING_EQUAL(v.values->text, "https://pub");
	CU_ASSERT(v.values->vartype == 8 && v.values->next == NULL);
	CU_ASSERT(blob(&v, &mem, "") && v.values == NULL);
	CU_ASSERT(blob(&v, &mem, "00 00\n0000") && v.values == NULL);
	for (size_t n = 1; n < sizeof(vector) - 1; n++) { /* cut off anywhere */
		memcpy(cut, vector, n);
		cut[n] = '\0';
		CU_ASSERT(!blob(&v, &mem, cut));
	}
	snprintf(cut, sizeof(cut), "%s", vector);
	cut[1] = '2'; /* two values, of which one is there */
	CU_ASSERT(!blob(&v, &mem, cut));
	CU_ASSERT(!blob(&v, &mem, "0000000000")); /* something behind */
	CU_ASSERT(!blob(&v, &mem, "xyz"));
	CU_ASSERT(!blob(&v, &mem, "ffffffff"));                             /* a count of 2^32 - 1 */
	CU_ASSERT(!blob(&v, &mem, "01000000ffffffff41000000"));             /* a size beyond the end */
	CU_ASSERT(!blob(&v, &mem, "010000000400000000d8410000000b000100")); /* half a surrogate pair */
	CU_ASSERT(!blob(&v, &mem, "010000000400000000dc00000b000100"));
	CU_ASSERT(blob(&v, &mem, "010000000300000041003dd800de00000b00ffff"));
	CU_ASSERT_STRING_EQUAL(v.values->name, "A\xf0\x9f\x98\x80");
	CU_ASSERT_STRING_EQUAL(v.values->text, "-1");
	CU_ASSERT(blob(&v, &mem, "02000000020000004100000003000a00000002000000420000001500ffffffffffffff7f"));
	CU_ASSERT_STRING_EQUAL(v.values->text, "9223372036854775807"); /* built backwards */
	CU_ASSERT_STRING_EQUAL(v.values->next->text, "10");
	arena_free(&mem);
}

/* -------------------------------------------------------------- failures and secrets */

#define SET(guid, name)                                                                 \
	"<RuleElements><ComputerSets><ComputerSet StorageName=\"" guid "\"><Name>" name \
	"</Name></ComputerSet></ComputerSets></RuleElements>"

/* Nothing of an input that fails stays, and the next one is read as if alone. */
static void
test_failed_input(void)
{
	static const char bad[] = "<Root xmlns=\"" X_NS "\"><Arrays><Array StorageName=\"{A0}\">" X_L1 X_PLAIN(
	    "9", "bad.contoso.com", "", X_SITE "<Novelty/>") SET("{ab}", "bad") "<Enabled>";
	static const char good[] = X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com",
	    "<SelectionIPs><Refs>" X_REF("ComputerSet", "{ab}") "</Refs></SelectionIPs>", X_SITE));
	struct tmg *t = tmg_new(NULL);

	CU_ASSERT(export_add(t, "bad", bad) == TMG_EINPUT);
	CU_ASSERT(export_add(t, "good", good) == TMG_OK);
	CU_ASSERT(export_add(t, "bad too", bad) == TMG_EINPUT);
	CU_ASSERT(tmg_resolve(t) == TMG_OK);
	CU_ASSERT(t->inputs != NULL && t->inputs->next == NULL);
	CU_ASSERT_PTR_NULL(rule_find(t, "r9"));
	CU_ASSERT_PTR_NULL(object_find(t, TMG_K_COMPUTER_SET, "bad"));
	CU_ASSERT_FATAL(rule_find(t, "r1") != NULL && rule_find(t, "r1")->terms->sources != NULL);
	CU_ASSERT_PTR_NULL(rule_find(t, "r1")->terms->sources->refs->to);
	CU_ASSERT(message_count(t, "broken-xml") == 2);
	CU_ASSERT(export_add(t, "late", good) == TMG_EUSAGE);
	tmg_free(t);
}

/* An input that is too much for the memory leaves room for one that is not. */
static void
test_after_memory(void)
{
	struct tmg_options opt = { .limits = { .max_memory = 2 << 20 } };
	struct tmg *t = tmg_new(&opt);
	struct strbuf b;

	sb_init(&b, NULL);
	sb_puts(&b, "<Root xmlns=\"" X_NS "\"><Arrays>");
	for (int i = 0; i < 20000; i++)
		sb_puts(&b, "<Array StorageName=\"{00000000-0000-0000-0000-000000000000}\"/>");
	sb_puts(&b, "</Arrays></Root>");
	CU_ASSERT(export_add(t, "large", b.s) == TMG_ENOMEM);
	CU_ASSERT(export_add(t, "small", X_ARRAY(X_L1)) == TMG_OK);
	CU_ASSERT(tmg_resolve(t) == TMG_OK);
	sb_free(&b);
	tmg_free(t);
}

#define SECRET "S3cr3t-do-not-keep"

static bool
sink(void *ctx, const char *s, size_t n)
{
	struct strbuf *b = ctx;

	sb_putn(b, s, n);
	return true;
}

static void
test_secrets(void)
{
	static const char *const places[] = {
		X_ARRAY("<Credentials><UserName>u</UserName><Password>" SECRET "</Password></Credentials>"),
		X_ARRAY("<ArrayPolicy><WebProxy><WebProxyFtpClientPassword>" SECRET
			"</WebProxyFtpClientPassword></WebProxy></ArrayPolicy>"),
		X_ARRAY("<RuleElements><RadiusServers><RadiusServer><SharedSecret>" SECRET
			"</SharedSecret></RadiusServer></RadiusServers></RuleElements>"),
		X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com",
		    "<VendorParametersSets><VendorParametersSet><Name>{X}</Name><EncryptedData>" SECRET
		    "</EncryptedData></VendorParametersSet></VendorParametersSets>",
		    X_SITE)),
		/* Where nobody has seen one so far. */
		X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE "<Password>" SECRET "</Password>")),
		X_ARRAY(X_LISTENER("{L1}", "192.0.2.1", "<SharedSecret>" SECRET "</SharedSecret>")),
		X_ARRAY("<EncryptedData>" SECRET "</EncryptedData>"),
		X_ARRAY("<Novelty><Credentials><Password>" SECRET "</Password></Credentials></Novelty>"),
		X_ROOT("<Password>" SECRET "</Password>"),
	};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct tmg *t = export_read(places[i]);
		struct strbuf b;
		sb_init(&b, NULL);
		CU_ASSERT(tmg_inspect(t, TMG_TEXT, sink, &b) == TMG_OK && tmg_inspect(t, TMG_JSON, sink, &b) == TMG_OK);
		for (const struct tmg_message *m = tmg_messages(t); m != NULL; m = m->next)
			sb_fmt(&b, "%s %s\n", m->object != NULL ? m->object : "", m->detail != NULL ? m->detail : "");
		for (const struct tmg_leftover *l = t->inputs->leftovers; l != NULL; l = l->next)
			sb_fmt(&b, "%s\n", l->value != NULL ? l->value : "");
		if (strstr(b.s, "S3cr3t") != NULL)
			fprintf(stderr, "shown: %s\n", places[i]);
		CU_ASSERT_PTR_NULL(strstr(b.s, "S3cr3t"));
		CU_ASSERT(i >= 4 || i == 2 || message_count(t, "secret-dropped") == 1);
		sb_free(&b);
		tmg_free(t);
	}
}

/* What an unknown element in a set restricts is not known: the set is marked. */
static void
test_unknown_in_sets(void)
{
	struct tmg *t = export_read(
	    X_ARRAY(X_L1 "<RuleElements><UserSets><UserSet><Name>u</Name><Novelty/></UserSet></UserSets>"
			 "<ProxyScheduleTemplates><ProxyScheduleTemplate><Name>s</Name><ScheduleTemplate>00</"
			 "ScheduleTemplate><Novelty/></ProxyScheduleTemplate>"
			 "</ProxyScheduleTemplates><ComputerSets><ComputerSet><Name>c</Name><Novelty/></ComputerSet></"
			 "ComputerSets></RuleElements>"
			 "<NetConfig><Networks><Network><Name>n</Name><IpRangeSet><IpRangeEntry><IPFrom>10.0.0.1</"
			 "IPFrom><IPTo>10.0.0.x</IPTo></IpRangeEntry>"
			 "</IpRangeSet></Network></Networks></NetConfig>" X_PLAIN(
			     "1", "a.contoso.com", "<SelectionIPs><Novelty/></SelectionIPs>", X_SITE)
			     X_PLAIN("2", "a.contoso.com", "", X_SITE X_USERS("<Ref><Novelty/></Ref>"))));

	CU_ASSERT(((const struct tmg_user_set *)(const void *)object_find(t, TMG_K_USER_SET, "u"))->unknown);
	CU_ASSERT(((const struct tmg_schedule *)(const void *)object_find(t, TMG_K_SCHEDULE, "s"))->unknown);
	CU_ASSERT(!((const struct tmg_schedule *)(const void *)object_find(t, TMG_K_SCHEDULE, "s"))->valid);
	CU_ASSERT(object_find(t, TMG_K_COMPUTER_SET, "c")->broken);
	CU_ASSERT(((const struct tmg_network *)(const void *)object_find(t, TMG_K_NETWORK, "n"))->bad);
	CU_ASSERT(rule_find(t, "r1")->terms->sources->unknown);
	CU_ASSERT(web_of(t, "r2")->users_unknown);
	check_counts(t->inputs);
	tmg_free(t);
}

int
suite_read(void)
{
	static const struct unit_test tests[] = {
		{ "every known name has a row", test_elements },
		{ "rows are well made", test_rows },
		{ "states, counts, leftovers", test_states },
		{ "stated and absent", test_stated },
		{ "ports of a listener", test_listener_ports },
		{ "values that are none", test_values },
		{ "what stands twice", test_duplicates },
		{ "limits", test_limits },
		{ "built-in limits", test_builtin_limits },
		{ "what is refused", test_refused },
		{ "cut off anywhere", test_cut_off },
		{ "element names and namespaces", test_names },
		{ "--map", test_map },
		{ "--map is for one parent", test_map_parent },
		{ "vendor parameters", test_blob },
		{ "failed inputs", test_failed_input },
		{ "after an input beyond the memory", test_after_memory },
		{ "secrets", test_secrets },
		{ "unknown elements in sets", test_unknown_in_sets },
	};

	return unit_add("read", tests, ARRAY_LEN(tests));
}
