/*
 * trace: its matchers against slower ones written here in another way, its
 * sources against a walk over every address, requests that make no sense, and
 * every allocation failing once. Whole decisions lie in tests/trace.
 */
#include "unit.h"

#include "export.h"
#include "trace/match.h"

/* Numbers that look random and are the same everywhere. */
static uint32_t
next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void
v4(uint32_t n, uint8_t out[16])
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	for (int i = 0; i < 4; i++)
		out[12 + i] = (uint8_t)(n >> (24 - 8 * i));
}

static bool
parses(const char *s)
{
	uint8_t a[16];

	return match_address(s, strlen(s), a);
}

/* ---- addresses ----------------------------------------------------------------- */

static void
test_address(void)
{
	static const char *const good[] = { "0.0.0.0", "255.255.255.255", "2001:db8::1", "[2001:db8::1]",
		"::", "::ffff:192.0.2.1" };
	static const char *const bad[] = { "", "1.2.3", "1.2.3.4.", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4x",
		"1..2.3", "0x1.2.3.4", "[1.2.3.4]", "[]", "[2001:db8::1", "fe80::1%eth0", "www.contoso.com",
		"2001:db8:::1", " 1.2.3.4" };
	uint8_t a[16], b[16];

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CU_ASSERT(parses(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CU_ASSERT(!parses(bad[i]));
	CU_ASSERT(match_address("::ffff:192.0.2.1", 16, a) && match_address("192.0.2.1", 9, b));
	CU_ASSERT(memcmp(a, b, 16) == 0 && match_is_v4(a));
}

static void
test_range(void)
{
	uint8_t a[16], from[16], to[16], v6[16];
	uint32_t state = 1;

	for (int n = 0; n < 20000; n++) {
		/* Near each other, or the answer would nearly always be no. */
		uint32_t x = next(&state) % 600 + 0x0a0000f0u, f = next(&state) % 600 + 0x0a0000f0u,
			 t = next(&state) % 600 + 0x0a0000f0u;

		v4(x, a);
		v4(f, from);
		v4(t, to);
		CU_ASSERT(match_range_good(from, to) == (f <= t));
		CU_ASSERT(match_in_range(a, from, to) == (f <= x && x <= t));
	}
	/* All of IPv6 holds no IPv4 address, and a range has one family. */
	CU_ASSERT(match_address("::", 2, v6) && match_address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 39, to));
	CU_ASSERT(match_range_good(v6, to) && !match_in_range(a, v6, to) && !match_range_good(a, to) &&
	    !match_range_good(v6, a));
}

static void
test_subnet(void)
{
	uint8_t a[16], from[16], to[16];
	uint32_t state = 2;
	char mask[20];

	for (int bits = 0; bits <= 32; bits++) {
		uint32_t m = bits == 0 ? 0 : 0xffffffffu << (32 - bits);

		snprintf(mask, sizeof(mask), "%u.%u.%u.%u", m >> 24, m >> 16 & 255, m >> 8 & 255, m & 255);
		CU_ASSERT_FATAL(match_subnet("198.51.100.77", mask, from, to));
		for (int n = 0; n < 200; n++) {
			uint32_t x = n % 2 == 0 ? next(&state) << 8 | (next(&state) & 255) : 0xc6336400u + (uint32_t)n;

			v4(x, a);
			CU_ASSERT(match_in_range(a, from, to) == ((x & m) == (0xc633644du & m)));
		}
	}
	CU_ASSERT(!match_subnet("198.51.100.77", "255.0.255.0", from, to));
	CU_ASSERT(!match_subnet("198.51.100.77", "0.0.0.255", from, to));
	CU_ASSERT(!match_subnet("198.51.100.77", "24", from, to));
	CU_ASSERT(!match_subnet("198.51.100.77", "", from, to));
	CU_ASSERT(!match_subnet("2001:db8::1", "129", from, to));
	CU_ASSERT(!match_subnet("2001:db8::1", "255.255.255.0", from, to));
	CU_ASSERT(match_subnet("2001:db8:0:1::7", "64", from, to));
	CU_ASSERT(match_address("2001:db8:0:1:ffff::", 19, a) && match_in_range(a, from, to));
	CU_ASSERT(match_address("2001:db8:0:2::", 14, a) && !match_in_range(a, from, to));
	CU_ASSERT(match_subnet("2001:db8:0:1::7", "ffff:ffff:ffff:ffff::", from, to));
	CU_ASSERT(!match_in_range(a, from, to));
}

/* ---- hosts ------------------------------------------------------------------------ */

static void
test_host(void)
{
	static const char *const good[][2] = { { "www.contoso.com", "www.contoso.com" },
		{ "WWW.Contoso.COM.", "www.contoso.com" }, { "under_score.contoso.com", "under_score.contoso.com" },
		{ "localhost", "localhost" }, { "192.0.2.1", "192.0.2.1" }, { "2001:DB8:0::1", "[2001:db8::1]" },
		{ "[2001:db8::1]", "[2001:db8::1]" }, { "b\303\274cher.contoso.com", "xn--bcher-kva.contoso.com" },
		{ "B\303\234CHER.contoso.com", "xn--bcher-kva.contoso.com" },
		{ "stra\303\237e.example", "xn--strae-oqa.example" },
		{ "\320\277\321\200\320\270\320\274\320\265\321\200", "xn--e1afmkfd" },
		{ "\344\276\213\343\201\210.\343\203\206\343\202\271\343\203\210", "xn--r8jz45g.xn--zckzah" } };
	static const char *const bad[] = { "", ".", "..", "a..b", ".a", "-", "-a.b", "a-.b", "a b", "https://a", "a:80",
		"a/b", "*", "*.a", "a.*", "127.1", "a.1", "0x7f.1", "2130706433", "a.0x1f", "\374.contoso.com",
		"\360\237\222\251.contoso.com", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b" };
	struct strbuf b;
	char label[64], longest[300];

	sb_init(&b, NULL);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		sb_clear(&b);
		CU_ASSERT(match_host(good[i][0], strlen(good[i][0]), &b) != HOST_BAD);
		CU_ASSERT_STRING_EQUAL(b.s, good[i][1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		sb_clear(&b);
		CU_ASSERT(match_host(bad[i], strlen(bad[i]), &b) == HOST_BAD);
		CU_ASSERT(b.len == 0);
	}
	/* 253 characters are a name, 254 are none. */
	memset(label, 'a', 63);
	label[63] = '\0';
	for (size_t n = 60; n <= 62; n++) {
		int len = snprintf(longest, sizeof(longest), "%s.%s.%s.%.*s", label, label, label, (int)n, label);

		sb_clear(&b);
		CU_ASSERT((match_host(longest, (size_t)len, &b) == HOST_NAME) == (len <= 253));
	}
	CU_ASSERT(match_below("a.b.c", 5, "b.c", 3) && match_below("x.a.b.c", 7, "b.c", 3));
	CU_ASSERT(
	    !match_below("b.c", 3, "b.c", 3) && !match_below("ab.c", 4, "b.c", 3) && !match_below(".b.c", 4, "b.c", 3));
	sb_free(&b);
}

/* ---- paths ------------------------------------------------------------------------- */

static int
hex(char c)
{
	const char *digits = "0123456789abcdef", *at = c != '\0' ? strchr(digits, ascii_lower(c)) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* In three passes: decode, fold, squeeze. */
static size_t
slow_path(const char *s, char *out)
{
	size_t n = 0, kept = 0;

	for (; *s != '\0'; s++) {
		if (*s == '%' && hex(s[1]) >= 0 && hex(s[2]) >= 0) {
			out[n++] = (char)(hex(s[1]) << 4 | hex(s[2]));
			s += 2;
		} else {
			out[n++] = *s;
		}
	}
	for (size_t i = 0; i < n; i++)
		out[i] = ascii_lower(out[i]);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || out[i] != '/' || out[i - 1] != '/')
			out[kept++] = out[i];
	return kept;
}

static void
test_path(void)
{
	static const char letters[] = "//aAbB%%22fF5c.";
	struct strbuf b, head;
	char raw[24], slow[24];
	uint32_t state = 3;

	sb_init(&b, NULL);
	sb_init(&head, NULL);
	for (int n = 0; n < 20000; n++) {
		size_t len = next(&state) % 20 + 1, cut;

		raw[0] = '/';
		for (size_t i = 1; i < len; i++)
			raw[i] = letters[next(&state) % (sizeof(letters) - 1)];
		raw[len] = '\0';
		sb_clear(&b);
		match_path(raw, len, &b);
		CU_ASSERT(b.len == slow_path(raw, slow) && memcmp(b.s, slow, b.len) == 0);
		/* What lies before the cut is what was compared. */
		cut = next(&state) % (b.len + 1);
		sb_clear(&head);
		match_path(raw, match_path_end(raw, len, cut), &head);
		CU_ASSERT(head.len == cut && memcmp(head.s, b.s, cut) == 0);
	}
	sb_free(&b);
	sb_free(&head);
}

static void
test_inside(void)
{
	static const char *const words[] = { "", "/", "/a", "/a/", "/ab", "/a/b", "/a/bc", "/a/b/c", "/b" };
	char with_slash[16];

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		for (size_t k = 1; k < ARRAY_LEN(words); k++) {
			const char *published = words[i], *path = words[k];
			size_t p = strlen(published), n = strlen(path);
			bool same = strcmp(published, path) == 0;

			snprintf(with_slash, sizeof(with_slash), "%s/", published);
			CU_ASSERT(match_inside(path, n, published, p, false) == same);
			CU_ASSERT(match_inside(path, n, published, p, true) ==
			    (same || strncmp(path, with_slash, p + 1) == 0));
		}
	}
}

static void
test_published(void)
{
	static const struct {
		const char *s, *made;
		bool prefix;
	} good[] = { { "/*", "", true }, { "/", "/", false }, { "/A/b.HTM", "/a/b.htm", false }, { "/a/*", "/a", true },
		{ "/a//*", "/a", true }, { "//a/*", "/a", true }, { "/a b/*", "/a b", true },
		{ "/%C3%BC/*", "/\303\274", true }, { "/x;y/*", "/x;y", true }, { "/a.b/..c", "/a.b/..c", false } };
	static const char *const bad[] = { "", "a", "a/*", "*", "/mypath*", "/mypath*/", "/a/*/b", "/a/**", "/a?b",
		"/a#b", "/a%3Fb", "/a%zz", "/a%", "/a%2", "/a%2561", "/%00", "/a\nb", "/a/../b/*", "/a/.",
		"/a/%2e%2E/*", "/..", "/a\\b", "/%2A" };
	struct strbuf b;
	bool prefix;

	sb_init(&b, NULL);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		sb_clear(&b);
		CU_ASSERT(match_published(good[i].s, &prefix, &b));
		CU_ASSERT_STRING_EQUAL(b.s, good[i].made);
		CU_ASSERT(prefix == good[i].prefix);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		sb_clear(&b);
		CU_ASSERT(!match_published(bad[i], &prefix, &b));
	}
	sb_clear(&b);
	CU_ASSERT(match_internal("/exchange\\", &prefix, &b) && !prefix);
	CU_ASSERT_STRING_EQUAL(b.s, "/exchange%5c");
	sb_clear(&b);
	CU_ASSERT(match_internal("/a b/%2f\303\274/*", &prefix, &b) && prefix);
	CU_ASSERT_STRING_EQUAL(b.s, "/a%20b/%2f%c3%bc");
	sb_free(&b);
}

static void
test_hour(void)
{
	uint8_t hours[24];

	for (int day = 0; day < 7; day++) {
		for (int hour = 0; hour < 24; hour++) {
			memset(hours, 0, sizeof(hours));
			hours[hour] = (uint8_t)(1 << day);
			for (int i = 0; i < 7 * 24; i++)
				CU_ASSERT(match_hour(hours, i / 24, i % 24) == (i == day * 24 + hour));
		}
	}
}

/* ---- sources -------------------------------------------------------------------------- */

#define X_RANGE_SET(n, from, to)                                                                    \
	"<RuleElements><AddressRanges><AddressRange StorageName=\"{G" n "}\"><IPFrom>192.0.2." from \
	"</IPFrom><IPTo>192.0.2." to "</IPTo></AddressRange></AddressRanges></RuleElements>"
#define X_FROM(refs) "<SelectionIPs><Refs>" refs "</Refs></SelectionIPs>"
#define X_BUT(cls, key) \
	"<Ref><Name>" key "</Name><RefClass>msFPC" cls "</RefClass><IncludeStatus>1</IncludeStatus></Ref>"

/* The position of the rule that takes a client's request; 0: none. */
static uint32_t
taken(struct tmg_tracer *tr, const char *url, const char *from)
{
	struct tmg_request q = { url, from, NULL, 0, 0, true, NULL };
	struct tmg_verdict v;

	CU_ASSERT_FATAL(tmg_trace(tr, &q, &v) == TMG_OK);
	CU_ASSERT(v.steps == NULL && v.step_count == 0);
	return v.rule != NULL ? v.rule->position : 0;
}

static void
test_sources(void)
{
	struct tmg *t = export_read(
	    X_ARRAY(X_L1 X_RANGE_SET("1", "10", "99") X_RANGE_SET("2", "50", "150") X_RANGE_SET("3", "60", "69")
		    X_PLAIN("1", "www.contoso.com", X_FROM(X_REF("AddressRange", "{G1}") X_BUT("AddressRange", "{G3}")),
			X_SITE) X_PLAIN("2", "www.contoso.com", X_FROM(X_REF("AddressRange", "{G2}")), X_SITE)));
	struct tmg_tracer *tr = NULL;
	char from[32];

	CU_ASSERT_FATAL(tmg_tracer_new(t, NULL, &tr) == TMG_OK);
	for (unsigned n = 0; n < 256; n++) {
		bool one = n >= 10 && n <= 99 && !(n >= 60 && n <= 69), two = n >= 50 && n <= 150;

		snprintf(from, sizeof(from), "192.0.2.%u", n);
		CU_ASSERT(taken(tr, "http://www.contoso.com/", from) == (one ? 1u : two ? 2u : 0u));
		CU_ASSERT(taken(tr, "http://www.contoso.com/", NULL) == 0); /* keeps no answer of the client before */
	}
	tmg_tracer_free(tr);
	tmg_free(t);
}

/* Sets within sets far beyond what anybody makes: no crash, and closed. */
static void
test_deep(void)
{
	struct tmg *t = tmg_new(NULL);
	struct tmg_tracer *tr = NULL;
	struct tmg_request q = { "http://www.contoso.com/", NULL, NULL, 0, 0, false, NULL };
	struct tmg_verdict v;
	struct strbuf b;

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	sb_init(&b, NULL);
	sb_puts(&b, "<Root xmlns=\"" X_NS "\"><Arrays><Array StorageName=\"{A0}\"><NetConfig><NetworkSets>");
	for (int i = 0; i < 50000; i++)
		sb_fmt(&b,
		    "<NetworkSet StorageName=\"{S%d}\"><Refs>"
		    "<Ref><Name>{S%d}</Name><RefClass>msFPCNetworkSet</RefClass></Ref></Refs></NetworkSet>",
		    i, i + 1);
	sb_puts(&b,
	    "</NetworkSets></NetConfig>" X_L1 X_PLAIN(
		"1", "www.contoso.com", X_FROM(X_REF("NetworkSet", "{S0}")), X_SITE) "</Array></Arrays></Root>");
	CU_ASSERT_FATAL(export_add(t, "deep.xml", b.s) == TMG_OK && tmg_resolve(t) == TMG_OK);
	CU_ASSERT_FATAL(tmg_tracer_new(t, NULL, &tr) == TMG_OK && tmg_trace(tr, &q, &v) == TMG_OK);
	CU_ASSERT(v.decision == TMG_DENY && v.closed && v.step_count == 1 && v.steps[0].failed == TMG_F_MATCHED);
	tmg_tracer_free(tr);
	tmg_free(t);
	sb_free(&b);
}

/* ---- the interface ----------------------------------------------------------------------- */

static void
test_refused(void)
{
	static const struct tmg_request bad[] = { { "", NULL, NULL, 0, 0, false, NULL },
		{ "www.contoso.com", NULL, NULL, 0, 0, false, NULL }, { "http://a b/", NULL, NULL, 0, 0, false, NULL },
		{ "http://a:0/", NULL, NULL, 0, 0, false, NULL }, { "http://a:123456/", NULL, NULL, 0, 0, false, NULL },
		{ "http://a:8x/", NULL, NULL, 0, 0, false, NULL },
		{ "http://[2001:db8::1/", NULL, NULL, 0, 0, false, NULL },
		{ "http://u@a/", NULL, NULL, 0, 0, false, NULL },
		{ "http://www.contoso.com:81/", NULL, NULL, 0, 0, false, NULL },
		{ "http://www.contoso.com/", "client", NULL, 0, 0, false, NULL },
		{ "http://www.contoso.com/", NULL, "edge", 0, 0, false, NULL },
		{ "http://www.contoso.com/", NULL, "192.0.2.9", 0, 0, false, NULL },
		{ "http://www.contoso.com/", NULL, "192.0.2.1:0", 0, 0, false, NULL },
		{ "http://www.contoso.com/", NULL, "192.0.2.1:443", 0, 0, false, NULL },
		{ "http://www.contoso.com/", NULL, NULL, 7, 0, false, NULL },
		{ "http://www.contoso.com/", NULL, NULL, 0, 24, false, NULL } };
	static const struct tmg_pair no_address = { "listener {L1}", "edge" };
	static const struct tmg_trace_options options = { &no_address, 1, NULL, 0 };
	struct tmg *t = export_read(X_ARRAY(X_L1 X_PLAIN("1", "www.contoso.com", "", X_SITE)));
	struct tmg_tracer *tr = NULL;
	struct tmg_verdict v;

	CU_ASSERT(tmg_tracer_new(t, &options, &tr) == TMG_EUSAGE && tr == NULL);
	CU_ASSERT_FATAL(tmg_tracer_new(t, NULL, &tr) == TMG_OK);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CU_ASSERT(tmg_trace(tr, &bad[i], &v) == TMG_EUSAGE);
		CU_ASSERT(v.why != NULL && v.why[0] != '\0' && v.rule == NULL);
	}
	CU_ASSERT(taken(tr, "http://www.contoso.com/", NULL) == 1); /* and goes on as before */
	tmg_tracer_free(tr);
	tmg_tracer_free(NULL);
	tmg_free(t);
}

static void
test_options(void)
{
	static const struct tmg_pair bind = { "{l1}", "203.0.113.5" }, unused = { "nobody", "203.0.113.6" };
	static const char *const pass[] = { "nothing" };
	const struct tmg_pair binds[] = { bind, unused };
	const struct tmg_trace_options options = { binds, 2, pass, 1 };
	struct tmg *t = export_read(X_ARRAY(X_L1 X_PLAIN("1", "www.contoso.com", "", X_SITE)));
	struct tmg_request q = { "http://www.contoso.com/", NULL, "203.0.113.5", 0, 0, false, NULL };
	struct tmg_tracer *tr = NULL;
	struct tmg_verdict v;

	CU_ASSERT_FATAL(tmg_tracer_new(t, &options, &tr) == TMG_OK);
	CU_ASSERT(tmg_trace(tr, &q, &v) == TMG_OK && v.decision == TMG_FORWARD);
	CU_ASSERT_STRING_EQUAL(v.on, "203.0.113.5:80");
	q.on = "192.0.2.1"; /* the user knows better than the file */
	CU_ASSERT(tmg_trace(tr, &q, &v) == TMG_EUSAGE);
	CU_ASSERT_PTR_NOT_NULL(message_find(t, "bind-unused", "nobody"));
	CU_ASSERT(message_count(t, "bind-unused") == 1);
	CU_ASSERT_PTR_NOT_NULL(message_find(t, "pass-through-unused", "nothing"));
	tmg_tracer_free(tr);
	tmg_free(t);
}

static void
test_memory(void)
{
	struct tmg *t = export_read(X_ARRAY(X_L1 X_RANGE_SET("1", "10", "99") X_PLAIN(
	    "1", "www.contoso.com", X_FROM(X_REF("AddressRange", "{G1}") X_BUT("AddressRange", "{G1}")), X_SITE)
		X_PLAIN("2", "*.contoso.com", "", X_SITE)));
	struct tmg_request q = { "http://www.contoso.com/a?b", "192.0.2.1", NULL, 0, 0, false, NULL };
	struct tmg_verdict v;
	enum tmg_status rc = TMG_ENOMEM;
	uint64_t before = t->budget.used;
	int failures = 0;

	for (uint64_t n = 1; rc != TMG_OK && n < 1000; n++) {
		struct tmg_tracer *tr = NULL;

		t->budget.fail_at = t->budget.requests + n;
		rc = tmg_tracer_new(t, NULL, &tr);
		if (rc == TMG_OK)
			rc = tmg_trace(tr, &q, &v);
		CU_ASSERT(rc == TMG_OK || rc == TMG_ENOMEM);
		failures += rc != TMG_OK;
		if (rc == TMG_OK)
			CU_ASSERT(v.decision == TMG_FORWARD && v.rule->position == 2);
		tmg_tracer_free(tr);
		CU_ASSERT(t->budget.used == before);
	}
	CU_ASSERT(rc == TMG_OK);
	CU_ASSERT(failures >= 8); /* arena, map and a buffer for each text */
	tmg_free(t);
}

int
suite_trace(void)
{
	static const struct unit_test tests[] = {
		{ "an address is parsed strictly", test_address },
		{ "ranges hold what numbers say they hold", test_range },
		{ "subnets hold what the mask says", test_subnet },
		{ "host names in the form in which they are compared", test_host },
		{ "requested paths as a slower reading makes them", test_path },
		{ "inside a published path", test_inside },
		{ "forms of published and internal paths", test_published },
		{ "every hour of the week", test_hour },
		{ "sources with exceptions, address by address", test_sources },
		{ "sets nested 50,000 deep", test_deep },
		{ "requests that make no sense", test_refused },
		{ "addresses of listeners by option", test_options },
		{ "every allocation fails once", test_memory },
	};

	return unit_add("trace", tests, ARRAY_LEN(tests));
}
