/*
 * Edits of markup, the second pass over an export's bytes, and an audit in which every
 * request for memory fails once. What checks find is tested by tests/check-audit.
 */
#include "unit.h"

#include <unistd.h>

#include "audit/audit.h"
#include "base/markup.h"
#include "export.h"
#include "import/rewrite.h"

/* ---- markup ---------------------------------------------------------------------- */

struct edit {
	const char *text, *name, *type, *value, *wanted; /* wanted NULL: cannot be made */
};

static const struct edit edits[] = {
	/* there already */
	{ "<r><a>1</a><b>2</b></r>", "b", "int", "3", "<r><a>1</a><b>3</b></r>" },
	{ "<r><a>1</a><B x='>'> 2 </B></r>", "b", "int", "3", "<r><a>1</a><B x='>'>3</B></r>" },
	{ "<p:r><p:b/></p:r>", "b", "int", "3", "<p:r><p:b>3</p:b></p:r>" },
	{ "<r><b  a=\"/\" /></r>", "b", "int", "3", "<r><b  a=\"/\">3</b></r>" },
	/* by the alphabet, among scalars, before what holds elements */
	{ "<r>\n\t<a>1</a>\n\t<c>2</c>\n</r>", "b", "int", "3", "<r>\n\t<a>1</a>\n\t<b>3</b>\n\t<c>2</c>\n</r>" },
	{ "<r>\n\t<a>1</a>\n</r>", "b", "int", "3", "<r>\n\t<a>1</a>\n\t<b>3</b>\n</r>" },
	{ "<r>\n\t<b>1</b>\n</r>", "a", "int", "3", "<r>\n\t<a>3</a>\n\t<b>1</b>\n</r>" },
	{ "<r>\n\t<a>1</a>\n\t<x><y/></x>\n</r>", "z", "int", "3", "<r>\n\t<a>1</a>\n\t<z>3</z>\n\t<x><y/></x>\n</r>" },
	{ "<p:r><p:a dt:dt=\"int\">1</p:a></p:r>", "b", "boolean", "1",
	    "<p:r><p:a dt:dt=\"int\">1</p:a><p:b dt:dt=\"boolean\">1</p:b></p:r>" },
	/* what looks like it, and is none: deeper, in a comment, in CDATA, in an attribute */
	{ "<r><x><b>1</b></x><!-- <b>2</b> --><a><![CDATA[<b>3</b>]]></a></r>", "b", "int", "4",
	    "<r><b>4</b><x><b>1</b></x><!-- <b>2</b> --><a><![CDATA[<b>3</b>]]></a></r>" },
	{ "<r><a t='<b>'>1</a><b>2</b></r>", "b", "int", "3", "<r><a t='<b>'>1</a><b>3</b></r>" },
	{ "<r><b><?x <b>?>1</b></r>", "b", "string", "<&>", "<r><b>&lt;&amp;&gt;</b></r>" },
	/* nothing beside it to be like; no element */
	{ "<r></r>", "b", "int", "1", NULL },
	{ "<r/>", "b", "int", "1", NULL },
	{ "<r><a>1</a>", "b", "int", "1", NULL },
	{ "text", "b", "int", "1", NULL },
};

static void
test_markup(void)
{
	for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
		const struct edit *e = &edits[i];
		struct strbuf out;
		struct markup root;
		size_t n = strlen(e->text);
		bool made;

		sb_init(&out, NULL);
		made =
		    markup_root(e->text, n, &root) && markup_set(&out, e->text, n, &root, e->name, e->type, e->value);
		CU_ASSERT_EQUAL(made, e->wanted != NULL);
		if (made && e->wanted != NULL) {
			CU_ASSERT_STRING_EQUAL(out.s, e->wanted);
			if (strcmp(out.s, e->wanted) != 0)
				fprintf(stderr, "%s\n", out.s);
		}
		sb_free(&out);
	}
}

static void
test_markup_lists(void)
{
	static const char text[] = "<r>\n <s>1</s>\n <s a='b'>2</s>\n</r>";
	struct strbuf out;
	struct markup root, m;
	size_t at;

	sb_init(&out, NULL);
	CU_ASSERT_TRUE_FATAL(markup_root(text, sizeof(text) - 1, &root));
	at = root.inner;
	CU_ASSERT_TRUE(markup_next(text, &root, &at, &m));
	markup_remove(&out, text, sizeof(text) - 1, &m);
	CU_ASSERT_STRING_EQUAL(out.s, "<r>\n <s a='b'>2</s>\n</r>");
	sb_clear(&out);
	CU_ASSERT_TRUE(markup_next(text, &root, &at, &m));
	CU_ASSERT_TRUE(markup_is(&m, "S"));
	markup_again(&out, text, sizeof(text) - 1, &m, "3&");
	CU_ASSERT_STRING_EQUAL(out.s, "<r>\n <s>1</s>\n <s a='b'>2</s>\n <s a='b'>3&amp;</s>\n</r>");
	CU_ASSERT_FALSE(markup_next(text, &root, &at, &m));
	sb_free(&out);
}

/* ---- the second pass ---------------------------------------------------------------- */

static bool
sink(void *ctx, const char *s, size_t n)
{
	sb_putn(ctx, s, n);
	return true;
}

static void
write_file(const char *path, const char *s, size_t n)
{
	FILE *f = fopen(path, "wb");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(fwrite(s, 1, n, f), n);
	fclose(f);
}

#define RULE(guid, inner) "<PolicyRule StorageName=\"" guid "\">" inner "</PolicyRule>"
#define WEB(inner) "<Name>n</Name><WebPublishingProperties>" inner "</WebPublishingProperties>"

/* Rewrites `text` with one change to rule {A}. */
static enum tmg_status
change(const char *text, size_t n, struct tmg_mend *m, struct strbuf *out, size_t *unmended)
{
	char path[] = "/tmp/tmgport-unit-XXXXXX", why[160];
	const struct tmg_mend *list[1];
	struct rewrite_rule rule = { list, 1, 1, false };
	struct hmap rules;
	enum tmg_status rc;
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	list[0] = m;
	write_file(path, text, n);
	hmap_init(&rules, NULL);
	CU_ASSERT_TRUE(hmap_put(&rules, "r{A}", &rule));
	*unmended = 0;
	rc = rewrite(path, &rules, NULL, sink, out, unmended, why);
	hmap_free(&rules);
	unlink(path);
	return rc;
}

struct pass {
	const char *text, *wanted; /* NULL: unmended, the text stays as it is */
	struct tmg_mend mend;
};

#define SET_PORT                                                                                                      \
	{                                                                                                             \
		.op = TMG_MEND_SET, .parent = "WebPublishingProperties", .element = "SSLRedirectPort", .type = "int", \
		.value = "4443"                                                                                       \
	}
#define NAMES(s) WEB("<PublicNames><PublicNameStrings>" s "</PublicNameStrings></PublicNames>")

static const struct pass passes[] = {
	{ "<Root>" RULE("{B}", WEB("<WebSite>a</WebSite>")) RULE("{A}", WEB("<WebSite>a</WebSite>")) "</Root>",
	    "<Root>" RULE("{B}", WEB("<WebSite>a</WebSite>"))
		RULE("{A}", WEB("<SSLRedirectPort>4443</SSLRedirectPort><WebSite>a</WebSite>")) "</Root>",
	    SET_PORT },
	/* what only looks like the rule */
	{ "<Root><!-- " RULE("{A}", WEB("<WebSite>x</WebSite>")) " --><a><![CDATA[" RULE("{A}", "") "]]></a><?p " RULE(
	      "{A}", "") "?>" RULE("{A}", WEB("<SSLRedirectPort>1</SSLRedirectPort>")) "</Root>\n\n",
	    "<Root><!-- " RULE("{A}", WEB("<WebSite>x</WebSite>")) " --><a><![CDATA[" RULE(
		"{A}", "") "]]></a><?p " RULE("{A}", "") "?>" RULE("{A}",
		WEB("<SSLRedirectPort>4443</SSLRedirectPort>")) "</Root>\n\n",
	    SET_PORT },
	{ "<Root>" RULE("{A}", "<Name>n</Name>") "</Root>", NULL, SET_PORT },
	{ "<Root>" RULE("{A}", NAMES("<Str>a.example</Str>")) "</Root>",
	    "<Root>" RULE("{A}", NAMES("<Str>a.example</Str><Str>b.example</Str>")) "</Root>",
	    { .op = TMG_MEND_ADD_NAME, .value = "b.example" } },
	{ "<Root>" RULE("{A}", NAMES("<Str>a.example</Str> <Str> b.example</Str>")) "</Root>",
	    "<Root>" RULE("{A}", NAMES("<Str>a.example</Str>")) "</Root>",
	    { .op = TMG_MEND_REMOVE_NAME, .value = "b.example" } },
	{ "<Root>" RULE("{A}", NAMES("<Str>b.example</Str>")) "</Root>", NULL,
	    { .op = TMG_MEND_REMOVE_NAME, .value = "b.example" } },
	{ "<Root>" RULE("{A}",
	      WEB("<PathMappings><PathMapping><ExternalPath>/a</ExternalPath></PathMapping> "
		  "<PathMapping/></PathMappings>")) "</Root>",
	    "<Root>" RULE("{A}",
		WEB("<PathMappings><PathMapping><ExternalPath>/*</ExternalPath><InternalPath>/*"
		    "</InternalPath><SameAsInternalPath>1</SameAsInternalPath></PathMapping>"
		    "</PathMappings>")) "</Root>",
	    { .op = TMG_MEND_ALL_PATHS } },
};

static void
test_rewrite(void)
{
	for (size_t i = 0; i < ARRAY_LEN(passes); i++) {
		struct tmg_mend m = passes[i].mend;
		struct strbuf out;
		size_t unmended;

		sb_init(&out, NULL);
		CU_ASSERT_EQUAL(change(passes[i].text, strlen(passes[i].text), &m, &out, &unmended), TMG_OK);
		CU_ASSERT_EQUAL(unmended, passes[i].wanted == NULL);
		CU_ASSERT_STRING_EQUAL(out.s, passes[i].wanted != NULL ? passes[i].wanted : passes[i].text);
		sb_free(&out);
	}
}

/* UTF-16 goes out as it came in, mark and all. */
static void
test_rewrite_wide(void)
{
	static const char text[] =
	    "\xff\xfe<\0R\0>\0<\0P\0o\0l\0i\0c\0y\0R\0u\0l\0e\0 \0S\0t\0o\0r\0a\0g\0e\0N\0a\0m\0e\0=\0'\0{\0A\0"
	    "}\0'\0>\0<\0N\0>\0\xfc\0\x3d\xd8\x00\xde<\0/\0N\0>\0<\0/\0P\0o\0l\0i\0c\0y\0R\0u\0l\0e\0>\0<\0/\0R\0>";
	struct tmg_mend m = {
		.op = TMG_MEND_SET, .parent = "WebPublishingProperties", .element = "N", .type = "string", .value = "x"
	};
	struct strbuf out;
	size_t unmended;

	sb_init(&out, NULL);
	/* no publishing properties: nothing is changed, and every byte stays */
	CU_ASSERT_EQUAL(change(text, sizeof(text), &m, &out, &unmended), TMG_OK);
	CU_ASSERT_EQUAL(unmended, 1);
	CU_ASSERT_EQUAL(out.len, sizeof(text));
	CU_ASSERT_EQUAL(memcmp(out.s, text, sizeof(text)), 0);
	sb_free(&out);
}

/* A rule, or a tag somewhere before it, of so many bytes: at the bound it is edited. */
static void
test_rewrite_bounds(void)
{
	static const char head[] = "<PolicyRule StorageName=\"{A}\"><Name>n</Name><WebPublishingProperties><WebSite>",
			  tail[] = "</WebSite></WebPublishingProperties></PolicyRule>", tag_head[] = "<Root><a b='",
			  tag_tail[] = "'/>" RULE("{A}", WEB("<WebSite>a</WebSite>")) "</Root>";
	static const struct {
		const char *head, *tail;
		size_t bound, rest; /* of the bound: what of head and tail counts */
	} texts[] = {
		{ head, tail, (size_t)64 << 20, sizeof(head) + sizeof(tail) - 2 },
		{ tag_head, tag_tail, (size_t)1 << 20, sizeof("<a b=''/>") - 1 },
	};
	struct tmg_mend m = SET_PORT;
	struct strbuf text, out;
	size_t unmended;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		for (int by = -1; by <= 1; by++) {
			sb_init(&text, NULL);
			sb_init(&out, NULL);
			sb_puts(&text, texts[i].head);
			for (size_t n = texts[i].bound - texts[i].rest + (size_t)by; n > 0; n--)
				sb_putc(&text, 'x');
			sb_puts(&text, texts[i].tail);
			CU_ASSERT_EQUAL(change(text.s, text.len, &m, &out, &unmended), by > 0 ? TMG_EINPUT : TMG_OK);
			CU_ASSERT_EQUAL(unmended, 0);
			CU_ASSERT(by > 0 || out.len == text.len + strlen("<SSLRedirectPort>4443</SSLRedirectPort>"));
			sb_free(&out);
			sb_free(&text);
		}
	}
}

/* ---- bounds on shadows ------------------------------------------------------------------- */

#define SHADOWS 5

/* How many rules an audit with these bounds says are never reached: of ten, the second five lie
 * behind one of the first five each. */
static size_t
shadows(size_t kept, uint64_t work)
{
	struct tmg_audit_options opt = { .now = 1 };
	struct tmg *t = tmg_new(NULL);
	const struct tmg_finding *f;
	struct tmg_audit *a;
	struct strbuf b;
	size_t n = 0;

	sb_init(&b, NULL);
	sb_puts(&b,
	    "<Root xmlns=\"" X_NS "\"><Arrays><Array StorageName=\"{1}\"><Name>A</Name>" X_L1
	    "<ArrayPolicy><PolicyRules>");
	for (int i = 0; i < 2 * SHADOWS; i++)
		sb_fmt(&b,
		    "<PolicyRule StorageName=\"{R%d}\"><Enabled>1</Enabled><Name>r%d</Name><Order>%02d00000000000000"
		    "</Order><Type>2</Type><WebPublishingProperties>" X_SITE X_REF("WebListener", "{L1}")
			X_NAMES(X_STR("www.contoso.com"))
			    X_PATHS(X_PATH("/p%d%s", "/p%d%s")) "</WebPublishingProperties></PolicyRule>",
		    i, i, i, i % SHADOWS, i < SHADOWS ? "/*" : "/x/*", i % SHADOWS, i < SHADOWS ? "/*" : "/x/*");
	sb_puts(&b, "</PolicyRules></ArrayPolicy></Array></Arrays></Root>");
	CU_ASSERT_EQUAL_FATAL(tmg_add_memory(t, "e.xml", b.s, b.len), TMG_OK);
	CU_ASSERT_EQUAL_FATAL(tmg_resolve(t), TMG_OK);
	CU_ASSERT_EQUAL_FATAL(tmg_audit_new(&opt, &a), TMG_OK);
	a->shadow_kept = kept;
	a->shadow_work = work;
	CU_ASSERT_EQUAL(tmg_audit_add(a, t), TMG_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(tmg_audit_finish(a));
	for (f = tmg_audit_finish(a)->findings; f != NULL; f = f->next)
		n += strcmp(f->id, "rule-shadowed") == 0;
	tmg_audit_free(a);
	tmg_free(t);
	sb_free(&b);
	return n;
}

/* Beyond a bound nothing is claimed; short of it everything. */
static void
test_shadow_bounds(void)
{
	size_t found, before = 0;

	CU_ASSERT_EQUAL(shadows(0, 0), SHADOWS);
	for (size_t kept = 1; kept <= SHADOWS + 1; kept++)
		CU_ASSERT_EQUAL(shadows(kept, 0), kept < SHADOWS ? kept : SHADOWS);
	/* Rules are looked at in order, and each takes some look-ups: so many more are found, one by one. */
	for (uint64_t work = 1; before < SHADOWS && work < 1000; work++) {
		found = shadows(0, work);
		CU_ASSERT(found == before || found == before + 1);
		before = found;
	}
	CU_ASSERT_EQUAL(before, SHADOWS);
}

/* ---- memory ------------------------------------------------------------------------------ */

static const char export[] =
    "<Root xmlns=\"http://schemas.microsoft.com/isa/config-4\"><Arrays><Array StorageName=\"{R}\"><Name>a</Name>"
    "<RuleElements><WebListeners><WebListener StorageName=\"{L}\"><Name>l</Name><IPsOnNetworks><IPOnNetwork "
    "StorageName=\"{I}\"><IPSelectionMethod>2</IPSelectionMethod><IPAddresses><IPAddressesStrings><Str>192.0.2.1</Str>"
    "<Str>192.0.2.1</Str></IPAddressesStrings></IPAddresses></IPOnNetwork></IPsOnNetworks><WebListenerProperties>"
    "<SSLPort>443</SSLPort><TCPPort>80</TCPPort></WebListenerProperties></WebListener></WebListeners></RuleElements>"
    "<ArrayPolicy><PolicyRules><PolicyRule StorageName=\"{P}\"><Enabled>1</Enabled><Name>p</Name><Type>2</Type>"
    "<WebPublishingProperties><WebSite>dir.contoso.local</WebSite><Ref StorageName=\"WebListenerUsed\"><Name>{L}</Name>"
    "<RefClass>msFPCWebListener</RefClass></Ref><PublicNames><PublicNameStrings><Str>meet.contoso.com</Str>"
    "<Str>*.fabrikam.com</Str></PublicNameStrings></PublicNames><PathMappings><PathMapping StorageName=\"{M}\">"
    "<ExternalPath>/*</ExternalPath></PathMapping></PathMappings></WebPublishingProperties></PolicyRule></PolicyRules>"
    "</ArrayPolicy></Array></Arrays></Root>";
static const char topology[] =
    "{\"schema\":\"tmgport-topology/1\",\"sip_domains\":[\"contoso.com\"],\"pools\":[{\"fqdn\":\"dir.contoso.local\","
    "\"role\":\"director\",\"external\":\"dirweb.contoso.com\"},{\"fqdn\":\"fe.contoso.local\",\"role\":\"front-end\","
    "\"external\":\"feweb.contoso.com\"}],\"simple_urls\":[{\"component\":\"Meet\",\"domain\":\"contoso.com\",\"url\":"
    "\"https://meet.contoso.com\"}]}";

static const char baseline[] = "{\"schema\":\"tmgport-findings/1\",\"findings\":[{\"fingerprint\":"
			       "\"0123456789abcdef0123456789abcdef\",\"id\":\"rule-twice\",\"input\":\"e.xml\","
			       "\"object\":{\"kind\":\"rule\",\"name\":\"Old\",\"guid\":null}}]}";

/* One whole audit, written in every form, whose `fail_at`-th request for memory is refused. */
static enum tmg_status
audit_all(const char *path, const char *known, uint64_t fail_at, struct strbuf *out, uint64_t *requests)
{
	struct tmg_audit_options opt = { .now = 1 };
	struct tmg *t = tmg_new(NULL);
	struct tmg_audit *a;
	enum tmg_status rc;

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_EQUAL_FATAL(tmg_add_memory(t, "e.xml", export, sizeof(export) - 1), TMG_OK);
	CU_ASSERT_EQUAL_FATAL(tmg_resolve(t), TMG_OK);
	CU_ASSERT_EQUAL_FATAL(tmg_audit_new(&opt, &a), TMG_OK);
	a->budget->fail_at = fail_at;
	rc = tmg_audit_topology(a, path);
	if (rc == TMG_OK)
		rc = tmg_audit_baseline(a, known);
	if (rc == TMG_OK)
		rc = tmg_audit_without(a, "dir.contoso.local");
	if (rc == TMG_OK)
		rc = tmg_audit_add(a, t);
	tmg_free(t); /* the result is the audit's own */
	for (int form = TMG_A_TEXT; form <= TMG_A_HTML && rc == TMG_OK; form++)
		rc = tmg_audit_write(a, (enum tmg_audit_format)form, sink, out);
	if (rc == TMG_OK)
		rc = tmg_audit_fix_plan(a, sink, out);
	*requests = a->budget->requests;
	tmg_audit_free(a);
	return rc;
}

static void
test_memory(void)
{
	char path[] = "/tmp/tmgport-unit-XXXXXX", known[] = "/tmp/tmgport-unit-XXXXXX";
	struct strbuf good, out;
	uint64_t requests, unused;
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	fd = mkstemp(known);

	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	write_file(path, topology, sizeof(topology) - 1);
	write_file(known, baseline, sizeof(baseline) - 1);
	sb_init(&good, NULL);
	sb_init(&out, NULL);
	CU_ASSERT_EQUAL(audit_all(path, known, 0, &good, &requests), TMG_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(good.s, "pool-not-published"));
	CU_ASSERT_PTR_NOT_NULL(strstr(good.s, "name-goes-dead"));
	CU_ASSERT_PTR_NOT_NULL(strstr(good.s, "</html>"));
	CU_ASSERT_PTR_NOT_NULL(strstr(good.s, "gone since the baseline: rule \"Old\""));
	for (uint64_t i = 1; i <= requests; i++) {
		enum tmg_status rc = audit_all(path, known, i, &out, &unused);

		CU_ASSERT(rc != TMG_OK || strcmp(out.s, good.s) == 0);
		sb_clear(&out);
	}
	sb_free(&good);
	sb_free(&out);
	unlink(path);
	unlink(known);
}

/* ---- records of another process ---------------------------------------------------- */

#define MOST_RECORDS 200

struct records {
	char *s[MOST_RECORDS];
	size_t len[MOST_RECORDS], n;
};

static bool
keep(void *ctx, const char *s, size_t n)
{
	struct records *r = ctx;

	if (r->n == MOST_RECORDS)
		return false;
	r->s[r->n] = malloc(n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->s[r->n]);
	memcpy(r->s[r->n], s, n);
	r->len[r->n++] = n;
	return true;
}

static struct tmg_audit *
audit_with(const char *path)
{
	struct tmg_audit_options opt = { .now = 1 };
	struct tmg_audit *a;

	CU_ASSERT_EQUAL_FATAL(tmg_audit_new(&opt, &a), TMG_OK);
	CU_ASSERT_EQUAL_FATAL(tmg_audit_topology(a, path), TMG_OK);
	return a;
}

static void
finish_all(struct tmg_audit *a, struct strbuf *out)
{
	for (int form = TMG_A_TEXT; form <= TMG_A_HTML; form++)
		CU_ASSERT_EQUAL(tmg_audit_write(a, (enum tmg_audit_format)form, sink, out), TMG_OK);
	CU_ASSERT_EQUAL(tmg_audit_fix_plan(a, sink, out), TMG_OK);
	tmg_audit_free(a);
}

/* What is handed over and taken is what one audit alone makes; what is cut or changed anywhere
 * is refused or taken for some other text, and breaks nothing. */
static void
test_records(void)
{
	char path[] = "/tmp/tmgport-unit-XXXXXX";
	struct tmg *t = tmg_new(NULL);
	struct tmg_audit *a;
	struct records r = { .n = 0 };
	struct strbuf alone, taken;
	int fd = mkstemp(path);

	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	write_file(path, topology, sizeof(topology) - 1);
	sb_init(&alone, NULL);
	sb_init(&taken, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_EQUAL_FATAL(tmg_add_memory(t, "e\x1f\x1b.xml", export, sizeof(export) - 1), TMG_OK);
	CU_ASSERT_EQUAL_FATAL(tmg_resolve(t), TMG_OK);
	a = audit_with(path);
	CU_ASSERT_EQUAL(tmg_audit_add(a, t), TMG_OK);
	CU_ASSERT_EQUAL(tmg_audit_add(a, t), TMG_OK);
	finish_all(a, &alone);
	a = audit_with(path);
	CU_ASSERT_EQUAL(tmg_audit_send(a, t, keep, &r), TMG_OK);
	tmg_audit_free(a);
	tmg_free(t);
	CU_ASSERT(r.n > 8);
	a = audit_with(path);
	for (int job = 0; job < 2; job++)
		for (size_t i = 0; i < r.n; i++)
			CU_ASSERT_EQUAL(tmg_audit_take(a, r.s[i], r.len[i]), TMG_OK);
	finish_all(a, &taken);
	CU_ASSERT_STRING_EQUAL(taken.s, alone.s);
	sb_clear(&taken);
	a = audit_with(path);
	for (size_t i = 0; i < r.n; i++) {
		for (size_t cut = 0; cut < r.len[i]; cut++)
			CU_ASSERT(r.s[i][0] == 'j' || tmg_audit_take(a, r.s[i], cut) == TMG_EINPUT);
		for (size_t at = 0; at < r.len[i]; at++) {
			char was = r.s[i][at];

			r.s[i][at] = (char)(was == '\x1f' ? '9' : '\x1f');
			tmg_audit_take(a, r.s[i], r.len[i]);
			r.s[i][at] = was;
		}
		free(r.s[i]);
	}
	finish_all(a, &taken);
	sb_free(&alone);
	sb_free(&taken);
	unlink(path);
}

static const struct unit_test tests[] = {
	{ "edits of one element", test_markup },
	{ "edits of lists", test_markup_lists },
	{ "second pass", test_rewrite },
	{ "second pass over UTF-16", test_rewrite_wide },
	{ "bounds of the second pass", test_rewrite_bounds },
	{ "bounds on what is looked for behind other rules", test_shadow_bounds },
	{ "records of another process", test_records },
	{ "every request for memory fails once", test_memory },
};

int
suite_audit(void)
{
	return unit_add("audit", tests, ARRAY_LEN(tests));
}
