/*
 * Tests of HAProxy's quoting. What stands in strong quotes is read back by a
 * small reader of HAProxy's words, a second way to the same answer.
 */
#include "unit.h"

#include "export/quote_haproxy.h"

struct text {
	char s[4096];
	size_t len;
};

static bool
collect(void *ctx, const char *data, size_t len)
{
	struct text *t = ctx;

	if (len >= sizeof(t->s) - t->len)
		return false;
	memcpy(t->s + t->len, data, len);
	t->len += len;
	t->s[t->len] = '\0';
	return true;
}

typedef void quote_fn(struct out *o, const char *s);

static const char *
quoted(quote_fn *fn, const char *s, struct text *t)
{
	struct out *o;

	t->len = 0;
	t->s[0] = '\0';
	o = out_to_fn(collect, t, NULL);
	if (o == NULL)
		return "(no memory)";
	fn(o, s);
	return out_end_fn(o) ? t->s : "(failed)";
}

/* Reads one word as HAProxy does; false when it ends early or means more than
 * its characters. */
static bool
read_word(const char *w, char *out)
{
	bool in = false;

	for (; *w != '\0'; w++) {
		if (*w == '\'') {
			in = !in;
		} else if (in) {
			*out++ = *w;
		} else if (*w == '\\' && w[1] != '\0') {
			*out++ = *++w;
		} else if (strchr(" \t\r\n#\"$\\", *w) != NULL) {
			return false;
		} else {
			*out++ = *w;
		}
	}
	*out = '\0';
	return !in;
}

static void
test_word(void)
{
	struct text t;
	char back[64];
	int c;

	CU_ASSERT_STRING_EQUAL(quoted(hap_word, "/etc/tmgport/certs/l1.pem", &t), "/etc/tmgport/certs/l1.pem");
	CU_ASSERT_STRING_EQUAL(quoted(hap_word, "", &t), "''");
	CU_ASSERT_STRING_EQUAL(quoted(hap_word, "a b", &t), "'a b'");
	CU_ASSERT_STRING_EQUAL(quoted(hap_word, "it's", &t), "'it'\\''s'");
	CU_ASSERT_STRING_EQUAL(quoted(hap_word, "$HOME", &t), "'$HOME'");
	CU_ASSERT_STRING_EQUAL(quoted(hap_word, "a\nbackend x", &t), "'a?backend x'");
	for (c = 1; c < 256; c++) {
		char s[] = { 'a', (char)c, '\'', (char)c, '\\', '\0' };
		bool control = c < 0x20 || c == 0x7f;

		CU_ASSERT_TRUE(read_word(quoted(hap_word, s, &t), back));
		if (control)
			s[1] = s[3] = '?';
		CU_ASSERT_STRING_EQUAL(back, s);
	}
}

static void
test_format(void)
{
	struct text t;

	CU_ASSERT_STRING_EQUAL(quoted(hap_format, "/exchange%5c", &t), "/exchange%%5c");
	CU_ASSERT_STRING_EQUAL(quoted(hap_format, "%[src]", &t), "'%%[src]'");
	CU_ASSERT_STRING_EQUAL(quoted(hap_format, "a'%", &t), "'a'\\''%%'");
	CU_ASSERT_STRING_EQUAL(quoted(hap_replacement, "/b\\1%20'", &t), "/b\\\\1%%20'\\''");
}

static void
test_str(void)
{
	struct text t;

	CU_ASSERT_STRING_EQUAL(quoted(hap_str, "fe.contoso.local", &t), "str(fe.contoso.local)");
	CU_ASSERT_STRING_EQUAL(quoted(hap_str, "a,lower", &t), "'str(\"a,lower\")'");
	CU_ASSERT_STRING_EQUAL(quoted(hap_str, "a\"),b\\'", &t), "'str(\"a\\\"),b\\\\'\\''\")'");
}

static void
test_path_regex(void)
{
	struct text t;

	CU_ASSERT_STRING_EQUAL(quoted(hap_path_regex, "", &t), "");
	CU_ASSERT_STRING_EQUAL(quoted(hap_path_regex, "/a/b.htm", &t), "/+a/+b\\.htm");
	CU_ASSERT_STRING_EQUAL(quoted(hap_path_regex, "/a b", &t), "/+a%20b");
	CU_ASSERT_STRING_EQUAL(quoted(hap_path_regex, "/\xc3\xbc", &t), "/+%C3%BC");
	CU_ASSERT_STRING_EQUAL(quoted(hap_path_regex, "/a+(b)", &t), "/+a(?:\\+|%2B)(?:\\(|%28)b(?:\\)|%29)");
	CU_ASSERT_STRING_EQUAL(quoted(hap_path_regex, "/it's", &t), "/+it(?:\\x27|%27)s");
	CU_ASSERT_STRING_EQUAL(quoted(hap_path_regex, "/a^$|", &t), "/+a(?:\\^|%5E)(?:\\$|%24)(?:\\||%7C)");
}

static void
test_map(void)
{
	struct text t;

	CU_ASSERT_STRING_EQUAL(quoted(hap_map_key, "/a b%20#c", &t), "/a%20b%2520#c");
	CU_ASSERT_STRING_EQUAL(quoted(hap_map_key, "/a\nt1/ r1", &t), "/a%0At1/%20r1");
	CU_ASSERT_TRUE(hap_map_key_plain("/\xc3\xbc#"));
	CU_ASSERT_FALSE(hap_map_key_plain("/a b"));
	CU_ASSERT_FALSE(hap_map_key_plain("/a%b"));
	CU_ASSERT_STRING_EQUAL(
	    quoted(hap_map_url, "https://a/b c?x=%20&y='\"#z", &t), "https://a/b%20c?x=%20&y='%22#z");
	CU_ASSERT_STRING_EQUAL(quoted(hap_map_url, "https://a/\r\nX: y\xc3\xbc", &t), "https://a/%0D%0AX:%20y%C3%BC");
}

int
suite_haproxy(void)
{
	static const struct unit_test tests[] = {
		{ "words", test_word },
		{ "log-format", test_format },
		{ "str()", test_str },
		{ "paths as they come", test_path_regex },
		{ "map files", test_map },
	};

	return unit_add("haproxy", tests, ARRAY_LEN(tests));
}
