/*
 * Tests of nginx's quoting. Words are read back by a small reader that does
 * what nginx's own does, a second way to the same answer; expressions are
 * compared as text (the live tests run them).
 */
#include "unit.h"

#include "export/quote_nginx.h"

struct text {
	char s[8192];
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

static struct out *
begin(struct text *t)
{
	t->len = 0;
	t->s[0] = '\0';
	return out_to_fn(collect, t, NULL);
}

/* Reads one word as nginx does; false when it ends early, or a "{", "}", ";"
 * or comment would begin in it. `vars`: "${tmg_d}" is a dollar, any other is
 * a variable and wrong. */
static bool
read_word(const char *w, bool vars, char *out)
{
	bool quoted = *w == '"';

	if (quoted)
		w++;
	for (; *w != '\0' && !(quoted && *w == '"'); w++) {
		if (!quoted && strchr(" \t\r\n;{}\"'\\#", *w) != NULL)
			return false;
		if (*w == '\\') {
			if (w[1] != '"' && w[1] != '\\')
				return false;
			w++;
		} else if (*w == '$' && vars) {
			if (strncmp(w, "${tmg_d}", 8) != 0)
				return false;
			w += 7;
			*out++ = '$';
			continue;
		}
		*out++ = *w;
	}
	*out = '\0';
	return !quoted || (w[0] == '"' && w[1] == '\0');
}

static void
test_words(void)
{
	static const char *const hostile[] = { "", " ", "plain", "a b", "a;b", "a{b", "a}b", "a\"b", "a'b", "a\\", "\\\"",
		"\\n", "$host", "${x}", "a$", "#x", "a#b", "~^x", "default", "unix:/run/x y/z", "\xc3\xbc", "a\\\"; } http {",
		"'", "\"\"", "%41", "[::1]:80", "$$" };
	struct text t;
	char back[256];
	struct out *o;
	size_t i;
	int vars;

	for (i = 0; i < ARRAY_LEN(hostile); i++) {
		for (vars = 0; vars < 2; vars++) {
			o = begin(&t);
			CU_ASSERT_PTR_NOT_NULL_FATAL(o);
			nginx_word(o, hostile[i], vars ? NGINX_VARIABLES : NGINX_LITERAL);
			CU_ASSERT_TRUE(out_end_fn(o));
			CU_ASSERT_TRUE_FATAL(t.len > 0);
			CU_ASSERT_TRUE(read_word(t.s, vars != 0, back));
			CU_ASSERT_STRING_EQUAL(back, hostile[i]);
		}
	}
}

static void
test_bare(void)
{
	CU_ASSERT_TRUE(nginx_is_bare("meet.contoso.com"));
	CU_ASSERT_TRUE(nginx_is_bare("/etc/tmgport/certs/l1.pem"));
	CU_ASSERT_FALSE(nginx_is_bare(""));
	CU_ASSERT_FALSE(nginx_is_bare("~x"));
	CU_ASSERT_FALSE(nginx_is_bare("a$b"));
	CU_ASSERT_FALSE(nginx_is_bare("a b"));
	CU_ASSERT_FALSE(nginx_is_bare("\xc3\xbc"));
}

static void
expect_name(const char *name, bool suffix, const char *in_server_name, const char *as_key)
{
	struct text t;
	struct out *o = begin(&t);

	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	nginx_name(o, name, suffix);
	CU_ASSERT_TRUE(out_end_fn(o));
	CU_ASSERT_STRING_EQUAL(t.s, in_server_name);
	o = begin(&t);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	nginx_name_key(o, name, suffix);
	CU_ASSERT_TRUE(out_end_fn(o));
	CU_ASSERT_STRING_EQUAL(t.s, as_key);
}

static void
test_names(void)
{
	expect_name("meet.contoso.com", false, "meet.contoso.com", "meet.contoso.com");
	expect_name("contoso.com", true, "*.contoso.com", "*.contoso.com");
	expect_name("default", false, "default", "\"\\\\default\"");
	expect_name("default", true, "*.default", "*.default");
	expect_name("volatile", false, "volatile", "\"\\\\volatile\"");
	expect_name("2001:db8::1", false, "\"[2001:db8::1]\"", "\"[2001:db8::1]\"");
	expect_name("a;b", true, "\"*.a;b\"", "\"*.a;b\"");
}

static void
expect_path(const char *path, enum nginx_path_form form, const char *regex)
{
	struct text t;
	struct out *o = begin(&t);

	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT_EQUAL(nginx_path_regex(o, path, form), strlen(regex));
	CU_ASSERT_TRUE(out_end_fn(o));
	CU_ASSERT_STRING_EQUAL(t.s, regex);
	CU_ASSERT_EQUAL(nginx_path_regex(NULL, path, form), strlen(regex));
}

static void
test_paths(void)
{
	expect_path("", NGINX_PATH_DECODED, "");
	expect_path("/owa", NGINX_PATH_DECODED, "/owa");
	expect_path("/a/b.htm", NGINX_PATH_DECODED, "/a/b\\.htm");
	expect_path("/a+(b)[c]{d}", NGINX_PATH_DECODED, "/a\\+\\(b\\)\\[c\\]\\x7bd\\x7d");
	expect_path("/\"';#\\ ", NGINX_PATH_DECODED, "/\\x22\\x27\\x3b\\x23\\x5c\\x20");
	expect_path("/$1^|*?", NGINX_PATH_DECODED, "/\\$1\\^\\|\\*\\?");
	expect_path("/gr\xc3\xbcn", NGINX_PATH_DECODED, "/gr\xc3\xbcn");
	expect_path("/\xff", NGINX_PATH_DECODED, "/\xff");
	expect_path("/a/b", NGINX_PATH_RAW, "/+a/+b");
	expect_path("/a b", NGINX_PATH_RAW, "/+a(?:\\x20|%20)b");
	expect_path("/gr\xc3\xbcn", NGINX_PATH_RAW, "/+gr(?:\xc3\xbc|%c3%bc)n");
	expect_path("/a", NGINX_PATH_WIDE, "/a");
	expect_path("/a b", NGINX_PATH_WIDE, "/a(?:\\x20|%(?:25)*20)b");
	expect_path("/a/b", NGINX_PATH_WIDE, "/a[.\\x20]*(?:;[^/]*)?(?:/|%(?:25)*2f)+b");
}

/* Nothing in a pattern may end the quotes around it or be unescaped by nginx. */
static void
test_paths_in_quotes(void)
{
	static const enum nginx_path_form forms[] = { NGINX_PATH_DECODED, NGINX_PATH_WIDE, NGINX_PATH_RAW };
	struct text t;
	char path[3] = "/?";
	struct out *o;
	const char *p;
	size_t i;
	int c;

	for (i = 0; i < ARRAY_LEN(forms); i++) {
		for (c = 0x20; c < 0x7f; c++) {
			path[1] = (char)c;
			o = begin(&t);
			CU_ASSERT_PTR_NOT_NULL_FATAL(o);
			nginx_path_regex(o, path, forms[i]);
			CU_ASSERT_TRUE(out_end_fn(o));
			CU_ASSERT_PTR_NULL(strchr(t.s, '"'));
			for (p = t.s; (p = strchr(p, '\\')) != NULL; p += 2)
				CU_ASSERT_TRUE(p[1] != '\0' && strchr("\\\"'trn", p[1]) == NULL);
		}
	}
}

int suite_nginx(void);

int
suite_nginx(void)
{
	static const struct unit_test tests[] = {
		{ "words", test_words },
		{ "bare words", test_bare },
		{ "names", test_names },
		{ "paths", test_paths },
		{ "paths in quotes", test_paths_in_quotes },
	};

	return unit_add("nginx", tests, ARRAY_LEN(tests));
}
