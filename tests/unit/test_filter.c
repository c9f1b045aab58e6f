/*
 * Tests of HTTP filters: what is read of them, what a plan takes over of them
 * and what it says of the rest, what trace answers. What proxies make of them
 * is tested in the proxies.
 */
#include "unit.h"

#include "model/filter.h"
#include "planned.h"

#define LISTENER_AND_RULES X_L1 "<ArrayPolicy><PolicyRules>"

/* One rule of order and name n, whose filter is this XML; NULL: none. */
static void
put_rule(struct strbuf *b, unsigned n, const char *policy, const char *paths)
{
	size_t len = policy != NULL ? strlen(policy) : 0;

	sb_fmt(b,
	    "<PolicyRule StorageName=\"{R%u}\"><Name>r%u</Name><Order>%02x00000000000000</Order><Enabled>1</Enabled>",
	    n, n, n);
	if (policy != NULL) {
		sb_puts(b,
		    "<VendorParametersSets><VendorParametersSet StorageName=\"{F1076E51-BBAF-48BA-A2D7-B0875211E80D}\">"
		    "<BlobData>010000000b000000");
		for (const char *s = "XML_POLICY"; *s != '\0'; s++)
			sb_fmt(b, "%02x00", *s);
		sb_fmt(b, "00000800%02x%02x0000", (unsigned)(len & 0xff), (unsigned)(len >> 8));
		for (const char *s = policy; *s != '\0'; s++)
			sb_fmt(b, "%02x00", (unsigned char)*s);
		sb_puts(b, "0000</BlobData></VendorParametersSet></VendorParametersSets>");
	}
	sb_fmt(b,
	    "<WebPublishingProperties>" X_NAMES(X_STR("www.contoso.com")) X_PATHS(X_PATH("%s", "%s"))
		X_REF("WebListener", "{L1}") X_SITE
	    "<CredentialsDelegationType>0</CredentialsDelegationType>"
	    "<SendOriginalHostHeader>1</SendOriginalHostHeader><PublishedServerType>1</PublishedServerType>"
	    "</WebPublishingProperties></PolicyRule>",
	    paths, paths);
}

/* An export of rules r1, r2, ... with these filters, for /p1/, /p2/, ...; one alone is for the whole site. */
static void
make(struct strbuf *b, const char *const *policies, unsigned count)
{
	char path[16];

	sb_init(b, NULL);
	sb_puts(
	    b, "<Root xmlns=\"" X_NS "\" StorageName=\"FPC\"><Arrays><Array StorageName=\"{A0}\">" LISTENER_AND_RULES);
	for (unsigned i = 0; i < count; i++) {
		snprintf(path, sizeof(path), count > 1 ? "/p%u/*" : "/*", i + 1);
		put_rule(b, i + 1, policies[i], path);
	}
	sb_puts(b, "</PolicyRules></ArrayPolicy></Array></Arrays></Root>");
}

static struct tmg *
read_one(const char *policy)
{
	struct strbuf b;
	struct tmg *t;

	make(&b, &policy, 1);
	t = export_read(b.s);
	sb_free(&b);
	return t;
}

static const struct tmg_http_filter *
filter_in(const struct tmg *t)
{
	const struct tmg_vendor *v = filter_of(rule_find(t, "r1"));

	CU_ASSERT_PTR_NOT_NULL_FATAL(v);
	return v->filter;
}

/* ---- reading --------------------------------------------------------------------- */

static void
check_filter(const char *policy, const char *part, bool broken)
{
	struct tmg *t = read_one(policy);
	const struct tmg_vendor *v = rule_find(t, "r1")->terms->vendors;

	CU_ASSERT_FATAL(v != NULL && v->kind == TMG_V_HTTP_FILTER);
	CU_ASSERT(v->broken == broken && (v->filter == NULL) == broken);
	if (part == NULL ? v->settings != NULL : v->settings == NULL || strstr(v->settings, part) == NULL) {
		fprintf(stderr, "%s: %s\n", policy, v->settings != NULL ? v->settings : "nothing");
		CU_FAIL("what the filter restricts is not said");
	}
	tmg_free(t);
}

static void
test_words(void)
{
	check_filter("<Configuration BlockExecutables=\"0\" ViaHeaderAction=\"0\" "
		     "MaxRequestBodyLen=\"-1\"><UrlValidation VerifyNormalization=\"0\""
		     " AllowHighBitCharacters=\"1\" MaxLength=\"10240\" MaxQueryLength=\"0\"><Extensions "
		     "AllowCondition=\"0\"/></UrlValidation>"
		     "<Verbs AllowCondition=\"0\"/><RequestHeaders/><DeniedSignatures/></Configuration>",
	    NULL, false);
	check_filter("<Configuration BlockExecutables=\"1\"/>", "BlockExecutables = 1", false);
	check_filter("<Configuration BlockExecutables=\"true\"/>", "BlockExecutables", false);
	check_filter("<Configuration MaxRequestBodyLen=\"1\"/>", "MaxRequestBodyLen = 1", false);
	check_filter("<Configuration><UrlValidation MaxLength=\"10239\"/></Configuration>", "MaxLength = 10239", false);
	check_filter("<Configuration><UrlValidation AllowHighBitCharacters=\"0\"/></Configuration>",
	    "AllowHighBitCharacters", false);
	check_filter("<Configuration><Verbs AllowCondition=\"1\"><Verb Value=\"GET\"/></Verbs></Configuration>",
	    "Verbs/AllowCondition = 1 (only GET)", false);
	check_filter("<Configuration><Verbs AllowCondition=\"2\"><Verb Value=\"PUT\"/></Verbs></Configuration>",
	    "Verbs/AllowCondition = 2 (not PUT)", false);
	check_filter("<Configuration><RequestHeaders><RequestHeader HeaderName=\"X\" "
		     "Allow=\"0\"/></RequestHeaders></Configuration>",
	    "RequestHeader X: Allow = 0", false);
	check_filter("<Configuration><DeniedSignatures><Signature Name=\"a\" Enabled=\"1\" "
		     "Pattern=\"x\"/></DeniedSignatures></Configuration>",
	    "Signature \"a\": Enabled = 1", false);
	check_filter("<Configuration><DeniedSignatures><Signature Name=\"a\" Enabled=\"0\" "
		     "Pattern=\"x\"/></DeniedSignatures></Configuration>",
	    NULL, false);
	/* It does not say whether it is enabled: that it is must be thought of. */
	check_filter(
	    "<Configuration><DeniedSignatures><Signature Name=\"a\" Pattern=\"x\"/></DeniedSignatures></Configuration>",
	    "Enabled = (absent)", false);
	check_filter("<Configuration><Novelty Level=\"3\"/></Configuration>", "Novelty/Level = 3", false);
	check_filter("<Configuration><Novelty/></Configuration>", "Novelty", false);
	check_filter("<Configuration Novelty=\"1\"/>", "Configuration/Novelty = 1", false);
	check_filter("<Configuration><UrlValidation", NULL, true);
	check_filter("<!DOCTYPE a><Configuration/>", NULL, true);
}

static void
test_record(void)
{
	struct tmg *t = read_one(
	    "<Configuration BlockExecutables=\"1\" ServerHeaderAction=\"2\" NewServerHeaderValue=\"a&amp;b\" "
	    "MaxRequestBodyLen=\"-1\"><UrlValidation AllowHighBitCharacters=\"FALSE\" MaxLength=\"260\" "
	    "NormalizeBeforeScan=\"0\"><Extensions AllowCondition=\"2\"><Extension Value=\".a\"/><Extension "
	    "Value=\".b\"/></Extensions></UrlValidation><RequestHeaders><RequestHeader HeaderName=\"H\" "
	    "MaxValueLength=\"7\"/></RequestHeaders><ResponseHeaders><ResponseHeader HeaderName=\"I\" "
	    "Allow=\"1\"/></ResponseHeaders><DeniedSignatures><Signature Pattern=\"x\" SearchInType=\"2\" "
	    "SearchInHeader=\"K\" From=\"1\" To=\"100\" FormatIsText=\"0\" Enabled=\"maybe\"/></DeniedSignatures>"
	    "</Configuration>");
	const struct tmg_http_filter *f = filter_in(t);

	CU_ASSERT(f->block_executables && f->server_header == 2 && f->max_body == -1 && f->max_url == 260);
	CU_ASSERT_STRING_EQUAL(f->server_value, "a&b");
	CU_ASSERT(!f->high_bit && !f->normalize && !f->verify_normalization && f->verb_condition == TMG_FC_ALL);
	CU_ASSERT((f->stated & (TMG_FS_MAX_URL | TMG_FS_EXTENSIONS)) == (TMG_FS_MAX_URL | TMG_FS_EXTENSIONS));
	CU_ASSERT((f->stated & (TMG_FS_MAX_QUERY | TMG_FS_VERBS | TMG_FS_VERIFY)) == 0);
	CU_ASSERT_FATAL(f->extension_condition == TMG_FC_BLOCK_LISTED && f->extensions != NULL);
	CU_ASSERT_STRING_EQUAL(f->extensions->s, ".a");
	CU_ASSERT_STRING_EQUAL(f->extensions->next->s, ".b");
	CU_ASSERT_FATAL(f->headers != NULL && f->headers->next != NULL && f->signatures != NULL);
	CU_ASSERT(!f->headers->response && !f->headers->allow && !f->headers->allow_stated);
	CU_ASSERT(f->headers->max_value == 7);
	CU_ASSERT(f->headers->next->response && f->headers->next->allow && f->headers->next->allow_stated);
	CU_ASSERT(f->signatures->enabled && f->signatures->enabled_stated && !f->signatures->text);
	CU_ASSERT(f->signatures->where == 2 && f->signatures->from == 1 && f->signatures->to == 100);
	CU_ASSERT_STRING_EQUAL(f->signatures->header, "K");
	/* What cannot be read may restrict. */
	CU_ASSERT_FATAL(f->unknown != NULL && f->unknown->next == NULL);
	CU_ASSERT_STRING_EQUAL(f->unknown->s, "Signature/Enabled = maybe");
	tmg_free(t);
}

/* ---- the plan -------------------------------------------------------------------- */

static size_t
left_out(const struct planned *x, const char *part)
{
	size_t n = 0;

	for (const struct plan_note *k = x->p.losses; k != NULL; k = k->next)
		n += k->id == D_HTTP_FILTER && (part == NULL || strstr(k->detail, part) != NULL);
	return n;
}

static void
plan_filters(struct planned *x, const char *const *policies, unsigned count)
{
	struct strbuf b;

	make(&b, policies, count);
	plan_xml(x, b.s);
	sb_free(&b);
}

#define VERBS "<Configuration><Verbs AllowCondition=\"1\"><Verb Value=\"GET\"/></Verbs></Configuration>"

static void
test_shared(void)
{
	static const char *const policies[] = { VERBS, NULL, VERBS, "<Configuration BlockExecutables=\"0\"/>",
		"<Configuration><Verbs AllowCondition=\"1\"><Verb Value=\"get\"/></Verbs></Configuration>" };
	struct plan_route r;
	struct planned x = { 0 };

	plan_filters(&x, policies, ARRAY_LEN(policies));
	CU_ASSERT_FATAL(x.p.filters != NULL && x.p.filters->next != NULL && x.p.filters->next->next == NULL);
	for (uint32_t id = 1; id <= x.p.routes.count; id++) {
		r = plan_route(&x.p, id);
		switch (plan_rule_of(r)->r->position) {
		case 1:
		case 3: CU_ASSERT(r.deed->filter == x.p.filters); break;
		case 5: CU_ASSERT(r.deed->filter == x.p.filters->next); break;
		default: CU_ASSERT_PTR_NULL(r.deed->filter); break;
		}
	}
	CU_ASSERT(left_out(&x, NULL) == 0 && x.p.filters->id == 1 && x.p.filters->next->id == 2);
	plan_done(&x);
}

/* A stream shows no request: a rule with a filter cannot go there. */
static void
test_stream(void)
{
	static const char *const with[] = { VERBS }, *const without[] = { "<Configuration BlockExecutables=\"1\"/>" };
	struct planned x = { 0 };
	struct plan_table t;

	plan_filters(&x, with, 1);
	t = first_table(&x);
	CU_ASSERT(plan_stream_of(&t) == NULL && x.p.filters != NULL);
	plan_done(&x);
	/* Nothing of it can be expressed: there is nothing to ask. */
	plan_filters(&x, without, 1);
	t = first_table(&x);
	CU_ASSERT(plan_stream_of(&t) != NULL && x.p.filters == NULL && left_out(&x, "BlockExecutables = 1") == 1);
	plan_done(&x);
}

static void
test_values(void)
{
	static const char *const policies[] = {
		"<Configuration><Verbs AllowCondition=\"2\"><Verb Value=\"P T\"/><Verb Value=\"a}b;\"/></Verbs>"
		"<UrlValidation><Extensions AllowCondition=\"1\"><Extension Value=\".a$b\"/><Extension Value=\".\"/>"
		"<Extension Value=\".c.d\"/><Extension Value=\"E\"/></Extensions></UrlValidation></Configuration>",
		"<Configuration><RequestHeaders><RequestHeader HeaderName=\"A-1\" Allow=\"1\" MaxValueLength=\"9\"/>"
		"<RequestHeader HeaderName=\"a-1\" Allow=\"0\"/><RequestHeader HeaderName=\"b c\" Allow=\"0\"/>"
		"<RequestHeader HeaderName=\"d_e\" Allow=\"0\"/></RequestHeaders><DeniedSignatures>"
		"<Signature Name=\"n\" Enabled=\"1\" FormatIsText=\"1\" SearchInType=\"0\" Pattern=\"a&#9;b\"/>"
		"<Signature Name=\"o\" Enabled=\"1\" FormatIsText=\"1\" SearchInType=\"1\" Pattern=\"P\"/>"
		"<Signature Name=\"p\" Enabled=\"1\" FormatIsText=\"1\" SearchInType=\"0\" Pattern=\"Q'\"/>"
		"</DeniedSignatures></Configuration>",
	};
	const struct plan_filter *f;
	struct planned x = { .po = { .target = "this" } };

	plan_filters(&x, policies, 2);
	CU_ASSERT(left_out(&x, "Verb/Value = P T (this: ") == 1 && left_out(&x, "Verb/Value = a}b;") == 1);
	CU_ASSERT(left_out(&x, "Extension/Value = .c.d") == 1 && left_out(&x, "RequestHeader b c") == 1);
	CU_ASSERT(left_out(&x, "RequestHeader d_e") == 1 && left_out(&x, "\"n\"") == 1 && left_out(&x, "\"o\"") == 1);
	CU_ASSERT(left_out(&x, NULL) == 7);
	CU_ASSERT_FATAL((f = x.p.filters) != NULL && f->next != NULL && f->extension_list != NULL);
	CU_ASSERT(f->methods == TMG_FC_ALL && f->extensions == TMG_FC_ONLY_LISTED && f->no_extension);
	CU_ASSERT_STRING_EQUAL(f->extension_list->s, "a$b");
	CU_ASSERT_STRING_EQUAL(f->extension_list->next->s, "e");
	CU_ASSERT_FATAL((f = f->next)->headers != NULL && f->headers->next == NULL && f->url_patterns != NULL);
	CU_ASSERT(f->headers->denied && f->headers->max_value == 9);
	CU_ASSERT_STRING_EQUAL(f->headers->name, "A-1");
	CU_ASSERT_STRING_EQUAL(f->url_patterns->s, "q'");
	CU_ASSERT(f->url_patterns->next == NULL);
	plan_done(&x);
	x.po.can = PLAN_CAN_HEADER_NAMES | PLAN_CAN_ALL_HEADERS;
	plan_filters(&x, policies, 2);
	CU_ASSERT(left_out(&x, "RequestHeader d_e") == 0 && left_out(&x, "\"o\"") == 0 && left_out(&x, NULL) == 5);
	plan_done(&x);
}

/* ---- trace ----------------------------------------------------------------------- */

static void
check_trace(const char *policy, const char *method, const char *rest, const char *why)
{
	struct tmg *t = read_one(policy);
	struct tmg_tracer *tr = NULL;
	struct strbuf url;
	struct tmg_request q = { NULL, NULL, NULL, 0, 0, true, method };
	struct tmg_verdict v;

	sb_init(&url, NULL);
	sb_fmt(&url, "https://www.contoso.com%s", rest);
	q.url = url.s;
	CU_ASSERT_FATAL(tmg_tracer_new(t, NULL, &tr) == TMG_OK && tmg_trace(tr, &q, &v) == TMG_OK);
	if (why == NULL ? v.decision != TMG_FORWARD
			: v.decision != TMG_DENY || v.status != 403 || v.closed || strstr(v.why, why) == NULL) {
		fprintf(stderr, "%s %s: %s\n", method != NULL ? method : "-", rest, v.why != NULL ? v.why : "nothing");
		CU_FAIL("trace answers otherwise");
	}
	tmg_tracer_free(tr);
	tmg_free(t);
	sb_free(&url);
}

#define LIST(condition, values)                                                              \
	"<Configuration><UrlValidation><Extensions AllowCondition=\"" condition "\">" values \
	"</Extensions></UrlValidation></Configuration>"
#define EXT(v) "<Extension Value=\"" v "\"/>"
#define URL(attribute) "<Configuration><UrlValidation " attribute "/></Configuration>"
#define SIGN(pattern)                                                                                      \
	"<Configuration><DeniedSignatures><Signature Enabled=\"1\" FormatIsText=\"1\" SearchInType=\"0\" " \
	"Pattern=\"" pattern "\"/></DeniedSignatures></Configuration>"

static void
test_trace(void)
{
	check_trace(VERBS, NULL, "/", NULL);
	check_trace(VERBS, "GET", "/", NULL);
	check_trace(VERBS, "get", "/", "Verbs");
	check_trace(LIST("2", EXT(".exe")), NULL, "/x.exe", "Extensions");
	check_trace(LIST("2", EXT(".exe")), NULL, "/x.E%78e%20./y?z", "Extensions");
	check_trace(LIST("2", EXT("exe")), NULL, "/x.exe:s", "Extensions");
	check_trace(LIST("2", EXT(".exe")), NULL, "/x.exes/exe?a.exe", NULL);
	check_trace(LIST("1", EXT(".htm")), NULL, "/x.HTM?a.exe", NULL);
	check_trace(LIST("1", EXT(".htm")), NULL, "/x.ht%6d", "Extensions");
	check_trace(LIST("1", EXT(".htm")), NULL, "/x.exe/y.htm", "Extensions");
	check_trace(LIST("1", EXT(".htm")), NULL, "/x.htm/y", "Extensions");
	check_trace(LIST("1", EXT(".htm") EXT(".")), NULL, "/x.htm/y", NULL);
	check_trace(LIST("1", EXT(".")), NULL, "/x.", "Extensions");
	check_trace(URL("BlockDotInPath=\"1\""), NULL, "/a/b.htm?c.d/", NULL);
	check_trace(URL("BlockDotInPath=\"1\""), NULL, "/a.b%2fc", "BlockDotInPath");
	check_trace(URL("MaxLength=\"5\""), NULL, "/abcd", NULL);
	check_trace(URL("MaxLength=\"5\""), NULL, "/abc?d", "MaxLength");
	check_trace(URL("MaxQueryLength=\"2\""), NULL, "/abcdef?12", NULL);
	check_trace(URL("MaxQueryLength=\"2\""), NULL, "/?123", "MaxQueryLength");
	check_trace(URL("AllowHighBitCharacters=\"0\""), NULL, "/?%7F", NULL);
	check_trace(URL("AllowHighBitCharacters=\"0\""), NULL, "/?%80", "AllowHighBit");
	check_trace(URL("AllowHighBitCharacters=\"0\""), NULL, "/\xc3\xa9", "AllowHighBit");
	check_trace(URL("VerifyNormalization=\"1\""), NULL, "/a%25b?%4", NULL);
	check_trace(URL("VerifyNormalization=\"1\""), NULL, "/?%2541", "VerifyNormalization");
	check_trace(URL("VerifyNormalization=\"1\""), NULL, "/?%4%31", "VerifyNormalization");
	check_trace(SIGN("cmd.exe"), NULL, "/?x=CMD%2e%45xe", "signature");
	check_trace(SIGN("cmd.exe"), NULL, "/cmdxexe", NULL);
	check_trace(SIGN("%%"), NULL, "/?%25%", "signature");
	check_trace(SIGN("%41"), NULL, "/?%2541", "signature");
	check_trace(SIGN("%41"), NULL, "/?A", NULL);
}

int
suite_filter(void)
{
	static const struct unit_test tests[] = {
		{ "what restricts, in words", test_words },
		{ "the record", test_record },
		{ "equal filters are one", test_shared },
		{ "no stream", test_stream },
		{ "values that no output carries", test_values },
		{ "trace", test_trace },
	};

	return unit_add("HTTP filter", tests, ARRAY_LEN(tests));
}
