/*
 * Tests of text.h: UTF-8, safe text, host names, paths. Where a function has a
 * simple meaning, it is compared with a second, slow way to the same answer.
 */
#include "unit.h"

#include <stdlib.h>

#include "base/text.h"

#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN

static size_t
encode(uint32_t c, unsigned char s[4])
{
	if (c < 0x80) {
		s[0] = (unsigned char)c;
		return 1;
	}
	if (c < 0x800) {
		s[0] = (unsigned char)(0xc0 | c >> 6);
		s[1] = (unsigned char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		s[0] = (unsigned char)(0xe0 | c >> 12);
		s[1] = (unsigned char)(0x80 | (c >> 6 & 63));
		s[2] = (unsigned char)(0x80 | (c & 63));
		return 3;
	}
	s[0] = (unsigned char)(0xf0 | c >> 18);
	s[1] = (unsigned char)(0x80 | (c >> 12 & 63));
	s[2] = (unsigned char)(0x80 | (c >> 6 & 63));
	s[3] = (unsigned char)(0x80 | (c & 63));
	return 4;
}

/* Every character there is; and every beginning of one, which utf8_is_cut must
 * know, is noted in a table that says what all others are. */
static void
test_utf8_all(void)
{
	uint8_t *begins = calloc(1, (1u << 24) / 8);
	size_t bad = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(begins);
	for (uint32_t c = 0; c < 0x110000; c++) {
		unsigned char s[4] = { 0 };
		size_t n = encode(c, s), got;
		uint32_t cp = 0xffffffff, key = (uint32_t)s[0] << 16 | (uint32_t)s[1] << 8 | s[2];

		got = utf8_decode((char *)s, n, &cp);
		if (c >= 0xd800 && c < 0xe000) {
			bad += got != 0;
			continue;
		}
		bad += got != n || cp != c || utf8_decode((char *)s, n - 1, &cp) != 0;
		bad += utf8_is_cut((char *)s, n);
		if (n > 1)
			begins[s[0] << 13] |= 1; /* one byte: followed by zeros in the key */
		if (n > 2)
			begins[(key & 0xffff00) >> 3] |= 1;
		if (n > 3)
			begins[key >> 3] |= (uint8_t)(1 << (key & 7));
	}
	CU_ASSERT(bad == 0);
	for (uint32_t key = 0; key < 1u << 24; key++) {
		char s[3] = { (char)(key >> 16), (char)(key >> 8), (char)key };
		/* A byte of 0 is in no beginning, so the key says how long it is. */
		size_t n = s[2] != 0 ? 3 : s[1] != 0 ? 2 : 1;
		bool is = (begins[key >> 3] >> (key & 7) & 1) != 0;

		if (key >> 16 < 0xc0 && (key & 0xff) != 0x80)
			continue; /* no lead byte: a sample is enough */
		bad += utf8_is_cut(s, n) != is;
	}
	CU_ASSERT(bad == 0);
	CU_ASSERT(!utf8_is_cut("", 0));
	free(begins);
}

static void
test_utf8_bad(void)
{
	static const char *const bad[] = { "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
		"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "\xc3(", "\xe2\x82(", "\xe2(\xac",
		"\xf0\x9f\x98(" };
	uint32_t cp = 7;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CU_ASSERT(utf8_decode(bad[i], strlen(bad[i]), &cp) == 0);
	CU_ASSERT(cp == 7);
	CU_ASSERT(utf8_decode("", 0, &cp) == 0);
}

/* One odd thing at every place of a buffer, against the slow way. */
static void
test_utf8_span(void)
{
	static const char *const odd[] = { "\xff", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xc3",
		"\xed\xa0\x80", "\x80" };
	char buf[300];
	size_t bad = 0;

	for (size_t k = 0; k < ARRAY_LEN(odd); k++) {
		size_t len = strlen(odd[k]);

		for (size_t at = 0; at + len <= 200; at++) {
			memset(buf, 'a', sizeof(buf));
			memcpy(buf + at, odd[k], len);
			for (size_t n = at; n < at + 100; n++) {
				size_t slow = 0, step;
				uint32_t cp;

				while (slow < n && (step = utf8_decode(buf + slow, n - slow, &cp)) > 0)
					slow += step;
				bad += utf8_span(buf, n) != slow;
			}
		}
	}
	CU_ASSERT(bad == 0);
}

static void
test_text_safe(void)
{
	static const struct {
		const char *in;
		size_t max;
		const char *out;
	} rows[] = {
		{ "Lync web", 200, "Lync web" },
		{ "", 200, "" },
		{ "a\nb\tc\x7f"
		  "d\x1b[2J",
		    200, "a b c d [2J" },
		{ "a\xc2\x85"
		  "b\xe2\x80\xa8"
		  "c\xe2\x80\xae"
		  "d\xef\xbb\xbf"
		  "e",
		    200, "a b c d e" },
		{ "\xe2\x80\x8f\xd8\x9c\xe2\x81\xa6x", 200, "   x" },
		{ "a\xff"
		  "b\xc3",
		    200, "a?b?" },
		{ "M\xc3\xbcnchen", 200, "M\xc3\xbcnchen" },
		{ "trick\\", 200, "trick" },
		{ "trick\\ \\\n", 200, "trick" },
		{ "\\\\", 200, "" },
		{ "a\\b", 200, "a\\b" },
		{ "{{x}}", 200, "{ {x}}" },
		{ "{{{", 200, "{ { {" },
		{ "${HOME} {$HOME}", 200, "$ {HOME} { $HOME}" },
		{ "${${", 200, "$ { $ {" },
		{ "abcdef", 6, "abcdef" },
		{ "abcdefg", 6, "abcdef..." },
		{ "abcde\\g", 6, "abcde..." },
		{ "\xc3\xa4\xc3\xa4\xc3\xa4", 2, "\xc3\xa4\xc3\xa4..." },
		{ "x", 0, "..." },
	};
	struct strbuf b;

	sb_init(&b, NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		sb_clear(&b);
		text_safe(&b, rows[i].in, rows[i].max);
		CU_ASSERT_STRING_EQUAL(b.s, rows[i].out);
	}
	/* What stood before is not touched, and counts for what is broken up. */
	sb_clear(&b);
	sb_puts(&b, "# \\ ");
	text_safe(&b, " \\", 9);
	CU_ASSERT_STRING_EQUAL(b.s, "# \\ ");
	sb_puts(&b, "$");
	text_safe(&b, "{x", 9);
	CU_ASSERT_STRING_EQUAL(b.s, "# \\ $ {x");
	sb_free(&b);
	CU_ASSERT(text_is_plain("") && text_is_plain("M\xc3\xbcnchen") && text_is_plain("a b"));
	CU_ASSERT(!text_is_plain("a\tb") && !text_is_plain("\xe2\x80\xae") && !text_is_plain("\xff"));
	CU_ASSERT(!text_is_plain("\xef\xbb\xbf") && !text_is_plain("a\xc2\x9f"));
	CU_ASSERT(cp_is_unsafe(0) && cp_is_unsafe(0x1f) && !cp_is_unsafe(0x20) && !cp_is_unsafe(0x7e));
	CU_ASSERT(cp_is_unsafe(0x7f) && cp_is_unsafe(0x9f) && !cp_is_unsafe(0xa0));
	CU_ASSERT(!cp_is_unsafe(0x200d) && cp_is_unsafe(0x200e) && cp_is_unsafe(0x200f));
	CU_ASSERT(!cp_is_unsafe(0x2029 + 0x0a) && !cp_is_unsafe(0x2027) && !cp_is_unsafe(0x202f));
	CU_ASSERT(!cp_is_unsafe(0x2065) && cp_is_unsafe(0x2066) && cp_is_unsafe(0x2069) && !cp_is_unsafe(0x206a));
}

/* What is looked at in steps of eight bytes, beside what is said of single ones. */
static void
test_as_is(void)
{
	char s[26];
	size_t bad = 0;

	for (size_t n = 1; n < sizeof(s); n++) {
		for (size_t at = 0; at < n; at++) {
			for (int c = 0; c < 256; c++) {
				bool printable = c >= 0x20 && c < 0x7f;
				bool bare = printable && c != '"' && c != '\\';
				bool safe = printable && !(at == n - 1 && (c == ' ' || c == '\\'));

				memset(s, 'a' + (int)(n % 26), n);
				s[at] = (char)c;
				bad += text_is_bare(s, n) != bare;
				bad += text_safe_as_is(s, n, n) != safe || text_safe_as_is(s, n, n - 1);
				if (at == 0 || !printable)
					continue;
				/* "{{", "{$" and "${" open something; "$$" and either alone do not. */
				s[at - 1] = '{';
				bad += text_safe_as_is(s, n, n) != (safe && c != '{' && c != '$');
				s[at - 1] = '$';
				bad += text_safe_as_is(s, n, n) != (safe && c != '{');
			}
		}
	}
	CU_ASSERT(bad == 0);
}

static void
test_host(void)
{
	static const struct {
		const char *in, *out;
		bool wild;
	} good[] = {
		{ "lync.contoso.com", "lync.contoso.com", false },
		{ "LYNC.Contoso.COM.", "lync.contoso.com", false },
		{ "*.contoso.com", "contoso.com", true },
		{ "*.Contoso.com.", "contoso.com", true },
		{ "server_1", "server_1", false },
		{ "3com.contoso.com", "3com.contoso.com", false },
		{ "a--b", "a--b", false },
		{ "0xyz", "0xyz", false },
		{ "m\xc3\xbcnchen.contoso.com", "xn--mnchen-3ya.contoso.com", false },
		{ "M\xc3\x9cNCHEN.contoso.com", "xn--mnchen-3ya.contoso.com", false },
		{ "mu\xcc\x88nchen.contoso.com", "xn--mnchen-3ya.contoso.com", false },
		{ "*.m\xc3\xbcnchen.contoso.com", "xn--mnchen-3ya.contoso.com", true },
		{ "stra\xc3\x9f"
		  "e.contoso.com",
		    "xn--strae-oqa.contoso.com", false },
		{ "XN--Mnchen-3ya.contoso.com", "xn--mnchen-3ya.contoso.com", false },
		{ SIXTY "abc.contoso.com", SIXTY "abc.contoso.com", false },
		{ "192.0.2.7", "192.0.2.7", false },
		{ "2001:DB8::1", "2001:db8::1", false },
		{ "[2001:db8:0::1]", "2001:db8::1", false },
	};
	static const char *const bad[] = { "", ".", "..", "*", "*.", "*..", "**.contoso.com", "*.*.contoso.com",
		"a.*.com", "lync*.contoso.com", "*contoso.com", ".contoso.com", "a..b", "a.b..", "a b", " a", "a ",
		"a\tb", "a\n", "http://contoso.com", "contoso.com/", "contoso.com:443", "[::1]:443", "::1%eth0",
		"*.192.0.2.7", "*.[::1]", "-a", "a-", "a-.b", "a.-b", "1.2.3", "192.0.2.7.", "192.0.2.300", "127.1",
		"2130706433", "0x7f.1", "a.0x7f", "a.0x", "a;b", "a{b", "a\"b", "a$b", "a,b", "a@b", "a\\b", "\xff",
		"a\xff.com", "a\xe2\x80\xae.com", "\xef\xbc\x91.\xef\xbc\x92.\xef\xbc\x93.\xef\xbc\x94",
		"a\xe2\x84\x80.com" /* maps to "a/c" */, SIXTY "abcd.contoso.com",
		SIXTY "." SIXTY "." SIXTY "." SIXTY "." TEN };
	struct strbuf out;
	bool wild;

	sb_init(&out, NULL);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		wild = !good[i].wild;
		CU_ASSERT(host_canonical(good[i].in, &out, &wild));
		CU_ASSERT_STRING_EQUAL(out.s, good[i].out);
		CU_ASSERT(wild == good[i].wild);
		CU_ASSERT(host_canonical(good[i].in, &out, NULL));
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		bool taken;

		wild = true;
		sb_puts(&out, "left over");
		taken = host_canonical(bad[i], &out, &wild);
		CU_ASSERT(!taken && !wild && out.len == 0 && !out.failed);
		if (taken)
			printf("# taken: \"%s\"\n", bad[i]);
	}
	CU_ASSERT(host_is_address("192.0.2.7") && host_is_address("::1") && host_is_address("[::1]"));
	CU_ASSERT(!host_is_address("a") && !host_is_address("1.2.3") && !host_is_address("*"));
	sb_free(&out);
}

/* 253 letters are a name, 254 are none, however long the input is. */
static void
test_host_length(void)
{
	char name[5000];
	struct strbuf out;

	sb_init(&out, NULL);
	for (size_t n = 1; n<sizeof(name); n += n> 300 ? 97 : 1) {
		for (size_t i = 0; i < n; i++)
			name[i] = i % 50 == 49 && i + 1 < n ? '.' : 'a';
		name[n] = '\0';
		CU_ASSERT(host_canonical(name, &out, NULL) == (n <= 253));
		CU_ASSERT(out.len == (n <= 253 ? n : 0));
	}
	sb_free(&out);
}

static void
test_path(void)
{
	static const struct {
		const char *in, *out;
		bool prefix;
	} good[] = {
		{ "/", "/", false },
		{ "/*", "", true },
		{ "//*", "", true },
		{ "/OWA/*", "/owa", true },
		{ "/a//*", "/a", true },
		{ "/owa", "/owa", false },
		{ "/a/", "/a/", false },
		{ "//a///b", "/a/b", false },
		{ "/a%2Fb", "/a/b", false },
		{ "/a%2f/b", "/a/b", false },
		{ "/a%20b", "/a b", false },
		{ "/%41/*", "/a", true },
		{ "/exchange\\", "/exchange\\", false },
		{ "/exchange%5C", "/exchange\\", false },
		{ "/M\xc3\xbcnchen/*", "/m\xc3\xbcnchen", true },
		{ "/m%C3%BCnchen", "/m\xc3\xbcnchen", false },
		{ "/M\xc3\x9cNCHEN", "/m\xc3\x9cnchen", false }, /* ASCII case only */
		{ "/a;b{c}\"$'", "/a;b{c}\"$'", false },
	};
	static const char *const bad[] = { "", "a", "*", "a/*", "\\a", " /a", "/a*", "/a/*b", "/*/a", "/*/*", "/**",
		"/a/**", "/a?b", "/a#b", "/a%3fb", "/a%23", "/a%2a", "/%2a", "/a%2f*", "/a%25b", "/a%252e", "/%",
		"/a%4", "/a%4*", "/a%", "/a%g0", "/a%0g", "/a%+1", "/a%00b", "/a%0ab", "/a%7f", "/a\tb", "/a\x01",
		"/a%ff", "/a%c3", "/a\xff", "/a%c3/*", "/a%c3%28", "/a%e2%80%ae", "/a\xe2\x80\xa8", "/%c0%af", "%2fa" };
	struct strbuf out;
	bool prefix;

	sb_init(&out, NULL);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		prefix = !good[i].prefix;
		CU_ASSERT(path_canonical(good[i].in, &out, &prefix));
		CU_ASSERT_STRING_EQUAL(out.s, good[i].out);
		CU_ASSERT(prefix == good[i].prefix);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		bool taken;

		prefix = true;
		taken = path_canonical(bad[i], &out, &prefix);
		CU_ASSERT(!taken && !prefix && out.len == 0 && !out.failed);
		if (taken)
			printf("# taken: \"%s\"\n", bad[i]);
	}
	sb_free(&out);
}

int
suite_text(void)
{
	static const struct unit_test tests[] = {
		{ "UTF-8: every character", test_utf8_all },
		{ "UTF-8: bad sequences", test_utf8_bad },
		{ "UTF-8: spans", test_utf8_span },
		{ "safe text", test_text_safe },
		{ "text that needs no change: every byte at every place", test_as_is },
		{ "host names", test_host },
		{ "host names: length", test_host_length },
		{ "paths", test_path },
	};

	return unit_add("text", tests, ARRAY_LEN(tests));
}
