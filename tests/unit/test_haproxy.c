/*
 * Tests of HAProxy's quoting. What stands in strong quotes is read back by a
 * small reader of HAProxy's words, a second way to the same answer. And of the
 * pieces that decide whom a configuration lets in: choices, sources, hours,
 * farms, on plans put together by hand.
 */
#include "unit.h"

#include "base/addr.h"
#include "export/haproxy.h"

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
	CU_ASSERT_STRING_EQUAL(quoted(hap_text_regex, "http://a.b:80/c", &t), "http://a\\x2eb:80/c");
	CU_ASSERT_STRING_EQUAL(quoted(hap_text_regex, "'\\$(\xc3", &t), "\\x27\\x5c\\x24\\x28\\xc3");
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

/* ---- choices -------------------------------------------------------------- */

static struct out *
begin(struct text *t)
{
	struct out *o;

	t->len = 0;
	t->s[0] = '\0';
	o = out_to_fn(collect, t, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	return o;
}

static void
hap_begin(struct hap *h, const struct plan *p, struct text *t)
{
	memset(h, 0, sizeof(*h));
	h->p = p;
	h->o = begin(t);
	arena_init(&h->mem, NULL);
	hmap_init(&h->list_of, NULL);
	h->last_list = &h->lists;
}

static void
hap_end(struct hap *h)
{
	hmap_free(&h->list_of);
	arena_free(&h->mem);
}

static const char *
path_value(struct hap *h, const struct plan_table *table, const struct plan_path *p, struct text *t)
{
	struct out *o = begin(t);

	hap_path_value(h, o, table, p);
	return out_end_fn(o) ? t->s : "(failed)";
}

static void
test_lists(void)
{
	static const struct plan_deed forward = { .action = PLAN_FORWARD }, deny = { .action = PLAN_DENY };
	const struct plan_deed *deeds[] = { &deny, &forward };
	struct kept_route kept[] = { { 0, 0, 0 }, { 0, 1, 0 } };
	static const uint32_t routes[] = { 1, 2 };
	struct plan_sources s1 = { .id = 1 };
	struct plan_schedule h3 = { .id = 3 };
	struct plan p = { .routes = { kept, 2, 0 }, .deeds = { deeds, 2, 0 } };
	struct plan_table table = { .p = &p, .id = 1, .routes = routes, .n_routes = 2 };
	struct plan_choice always = { NULL, NULL, 1, NULL }, never = { NULL, NULL, 0, NULL };
	struct plan_choice a = { &s1, &h3, 0, &always }, b = { &s1, &h3, 0, &always }, c = { &s1, NULL, 1, NULL };
	struct plan_path paths[] = { { "/a", true, &always, NULL }, { "/b", true, &never, NULL },
		{ "/c", true, NULL, NULL }, { "/d", true, &a, NULL }, { "/e", true, &b, NULL },
		{ "/f", true, &c, NULL } };
	static const char *const want[] = { "r2", "deny", "deny", "c1", "c1", "c2" };
	struct text t;
	struct hap h;

	hap_begin(&h, &p, &t);
	CU_ASSERT_TRUE(out_end_fn(h.o));
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		hap_list_add(&h, &table, &paths[i]);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		CU_ASSERT_STRING_EQUAL(path_value(&h, &table, &paths[i], &t), want[i]);
	CU_ASSERT_EQUAL(h.steps, 1);
	h.o = begin(&t);
	hap_put_list(h.o, h.lists);
	hap_put_list(h.o, h.lists->next);
	CU_ASSERT_TRUE(out_end_fn(h.o));
	CU_ASSERT_STRING_EQUAL(t.s, "c1 s1/h3/deny -/-/r2\nc2 s1/-/r2\n");
	/* Too many conditions: nothing that rests on one is let through. */
	h.too_many = true;
	CU_ASSERT_STRING_EQUAL(path_value(&h, &table, &paths[5], &t), "deny");
	CU_ASSERT_STRING_EQUAL(path_value(&h, &table, &paths[0], &t), "r2");
	hap_end(&h);
}

/* A list that is longer than a line goes on in the next. */
static void
test_long_list(void)
{
	static const struct plan_deed forward = { .action = PLAN_FORWARD };
	const struct plan_deed *deeds[] = { &forward };
	struct kept_route kept[7] = { { 0, 0, 0 } };
	static const uint32_t route = 7;
	struct plan_sources s[HAP_CHOICES_A_LINE + 1];
	struct plan_choice c[HAP_CHOICES_A_LINE + 1];
	struct plan_path path = { "", true, c, NULL };
	struct plan p = { .routes = { kept, 7, 0 }, .deeds = { deeds, 1, 0 } };
	struct plan_table table = { .p = &p, .id = 1, .routes = &route, .n_routes = 1 };
	const char *second;
	struct text t;
	struct hap h;

	memset(s, 0, sizeof(s));
	for (uint32_t i = 0; i < ARRAY_LEN(c); i++) {
		s[i].id = i + 1;
		c[i] = (struct plan_choice){ &s[i], NULL, 0, i + 1 < ARRAY_LEN(c) ? &c[i + 1] : NULL };
	}
	hap_begin(&h, &p, &t);
	hap_list_add(&h, &table, &path);
	CU_ASSERT_EQUAL(h.steps, 2);
	hap_put_list(h.o, h.lists);
	CU_ASSERT_TRUE(out_end_fn(h.o));
	CU_ASSERT_PTR_NOT_NULL_FATAL(second = strchr(t.s, '\n'));
	CU_ASSERT_EQUAL(strncmp(second - strlen(" s24/-/r7 -/-/c1.1"), " s24/-/r7 -/-/c1.1\n", 19), 0);
	CU_ASSERT_STRING_EQUAL(second + 1, "c1.1 s25/-/r7\n");
	hap_end(&h);
}

static void
test_conditions(void)
{
	struct tmg_schedule template = { .o = { .name = "hours", .kind = TMG_K_SCHEDULE }, .valid = true },
			    none = template;
	struct plan_schedule h2 = { .id = 2, .s = &none }, h1 = { .id = 1, .s = &template, .next = &h2 };
	struct plan_sources s2 = { .id = 2, .label = "others" }, s1 = { .id = 1, .label = "some", .next = &s2 };
	static const struct plan_deed forward = { .action = PLAN_FORWARD };
	const struct plan_deed *deeds[] = { &forward };
	struct kept_route kept = { 0, 0, 0 };
	struct plan_choice c2 = { NULL, &h2, 0, NULL }, c1 = { &s1, &h1, 0, &c2 };
	struct plan_path path = { "", true, &c1, NULL };
	struct plan_shape shape = { .id = 1, .slots = 1, .paths = &path };
	const struct plan_shape *shapes[] = { &shape };
	struct kept_site site = { .routes = 1 };
	struct plan p = { .sources = &s1,
		.schedules = &h1,
		.routes = { &kept, 1, 0 },
		.sites = { &site, 1, 0 },
		.deeds = { deeds, 1, 0 },
		.shape_list = { shapes, 1, 0 } };
	struct plan_endpoint e = { .p = &p, .site_count = 1, .first_table = 1 };
	struct plan_table table = plan_site(&e, 0).table;
	struct text t;
	struct hap h;

	template.hours[0] = 0x41; /* Sunday and Saturday */
	template.hours[23] = 0x01;
	hap_begin(&h, &p, &t);
	h.source_count = h.schedule_count = 2;
	hap_list_add(&h, &table, &path);
	hap_write_choosing(&h, &e);
	CU_ASSERT_TRUE(out_end_fn(h.o));
	CU_ASSERT_PTR_NOT_NULL(strstr(t.s,
	    "# s1: some\n\thttp-request set-var(txn.tmg_holds) var(txn.tmg_holds),concat(s1:)"
	    " if a-list { src,map_ip(maps/sources-1.map) -m str in }\n"));
	CU_ASSERT_PTR_NULL(strstr(t.s, "sources-2")); /* no choice of this frontend asks for it */
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(t.s, "\tacl h1 date,ltime(%w%H) -m str 000 023\n\tacl h1 date,ltime(%w%H) -m str 600\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(t.s, "concat(h1:) if a-list h1\n"));
	CU_ASSERT_PTR_NULL(strstr(t.s, "acl h2"));
	CU_ASSERT_PTR_NULL(strstr(t.s, "concat(h2:)")); /* never holds */
	hap_end(&h);
	/* Nothing is conditional: no line. */
	path.choices = &(struct plan_choice){ NULL, NULL, 0, NULL };
	hap_begin(&h, &p, &t);
	hap_list_add(&h, &table, &path);
	hap_write_choosing(&h, &e);
	CU_ASSERT_TRUE(out_end_fn(h.o));
	CU_ASSERT_STRING_EQUAL(t.s, "");
	hap_end(&h);
}

/* The file of a set of one range. */
static void
expect_sources(const char *from, const char *to, const char *want)
{
	struct plan_sources s = { .id = 1, .label = "those" };
	uint8_t a[16], b[16];
	struct text t;
	struct out *o = begin(&t);

	CU_ASSERT_TRUE_FATAL(addr_parse(from, a) && addr_parse(to, b));
	addrset_init(&s.set, NULL);
	addrset_add(&s.set, a, b);
	addrset_normalize(&s.set);
	hap_put_sources(o, &s, NULL);
	CU_ASSERT_TRUE(out_end_fn(o));
	CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(t.s, "# Clients of s1: those\n"));
	CU_ASSERT_STRING_EQUAL(strchr(t.s, '\n') + 1, want);
	addrset_free(&s.set);
}

static void
test_sources(void)
{
#define HIDDEN "# These hold an IPv4 address and are not that client.\n"
	expect_sources("198.51.100.7", "198.51.100.9",
	    "198.51.100.7/32 in\n198.51.100.8/31 in\n" HIDDEN "::/96 out\n2002::/16 out\n");
	expect_sources("2001:db8::", "2001:db8::ffff", "2001:db8::/112 in\n" HIDDEN "::/96 out\n2002::/16 out\n");
	/* 6to4 addresses that are meant are no strangers. */
	expect_sources("2000::", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::/3 in\n" HIDDEN "::/96 out\n");
	expect_sources("2002::", "2002:7fff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "2002::/17 in\n" HIDDEN "::/96 out\n2002:8000::/17 out\n");
	/* An IPv6 block around IPv4 is all of it, and all of the compatible ones. */
	expect_sources("::", "::ffff:ffff:ffff:ffff", "0.0.0.0/0 in\n::/64 in\n" HIDDEN "2002::/16 out\n");
	expect_sources("0.0.0.0", "255.255.255.255", "0.0.0.0/0 in\n" HIDDEN "::/96 out\n2002::/16 out\n");
#undef HIDDEN
}

/* ---- farms ------------------------------------------------------------------ */

static void
test_check_url(void)
{
	static const char *const bad[] = { "", "*", "/", "http:/*/", "http://", "http://web01/",
		"http://*.contoso.local/", "http://**/", "ftp://*/", "http://*:/", "http://*:0/", "http://*:65536/",
		"http://*:4294967376/", "http://*:80x/", "http://*?a", "http://*/a b", "http://*/a\nb", "http://*/\"",
		"http://*/\xc3\xbc", "http://*/#a", "http://user@*/", " http://*/" };
	struct hap_url u;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CU_ASSERT_FALSE(hap_check_url(bad[i], &u));
	CU_ASSERT_TRUE(hap_check_url("http://*", &u));
	CU_ASSERT_TRUE(!u.tls && u.port == 80);
	CU_ASSERT_STRING_EQUAL(u.path, "");
	CU_ASSERT_TRUE(hap_check_url("HTTPS://*/owa/?a=b", &u));
	CU_ASSERT_TRUE(u.tls && u.port == 443);
	CU_ASSERT_STRING_EQUAL(u.path, "/owa/?a=b");
	CU_ASSERT_TRUE(hap_check_url("https://*:65535", &u));
	CU_ASSERT_EQUAL(u.port, 65535);
}

/* What is written of a farm with this verifier. */
static const char *
farm_text(struct tmg_verifier *v, bool cookie, bool tls, struct text *t)
{
	struct tmg_convert_options options = { 0 };
	struct tmg_farm farm = { .o = { .name = "web", .kind = TMG_K_FARM }, .verifiers = v };
	struct plan_member m2 = { .host = "2001:db8::2", .host_is_address = true, .drained = true, .id = 2 };
	struct plan_member m1 = { .host = "web01.contoso.local", .id = 1, .next = &m2 };
	struct plan_pool pool = { .id = 4,
		.members = &m1,
		.farm = &farm,
		.port = 8080,
		.sticky_cookie = cookie,
		.tls = tls,
		.tls_name = tls ? "www.contoso.local" : NULL };
	struct plan_deed deed = { .action = PLAN_FORWARD, .pool = &pool, .site = "www.contoso.local" };
	struct plan_route r = { &deed, 1, 0 };
	struct plan p = { .opt = { .o = &options } };
	struct hap h;

	hap_begin(&h, &p, t);
	hap_write_farm(&h, r);
	CU_ASSERT_TRUE(out_end_fn(h.o));
	hap_end(&h);
	return t->s;
}

static void
test_farm(void)
{
	struct tmg_verifier v = { .o = { .name = "v", .kind = TMG_K_VERIFIER },
		.enabled = true,
		.request = 0,
		.address = "https://*:8443/up",
		.threshold = 3000 };
	struct text t;

	farm_text(&v, true, false, &t);
	CU_ASSERT_PTR_NOT_NULL(strstr(t.s, "\tcookie tmg-4 insert indirect nocache httponly\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(t.s,
	    "\thttp-check connect port 8443 ssl sni www.contoso.local\n"
	    "\thttp-check send meth GET uri /up ver HTTP/1.1 hdr Host www.contoso.local\n"
	    "\thttp-check expect rstatus ^(1..|2..|3..|401)$\n\ttimeout check 3000ms\n"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(t.s, "\tdefault-server check inter 30s fall 1 rise 1 verifyhost www.contoso.local\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(t.s, "\tserver m1 web01.contoso.local:8080 cookie m1\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(t.s, "\tserver m2 [2001:db8::2]:8080 weight 0 cookie m2\n"));
	v.host_header = "a b";
	CU_ASSERT_PTR_NULL(strstr(farm_text(&v, false, true, &t), "check"));
	CU_ASSERT_PTR_NOT_NULL(strstr(t.s, "\tbalance source\n"));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(t.s, "\tdefault-server ssl sni str(www.contoso.local) verifyhost www.contoso.local\n"));
	v = (struct tmg_verifier){ .enabled = true, .request = 2, .port = 25, .address = "*" };
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(farm_text(&v, false, false, &t), "\ttcp-check connect port 25\n\ttimeout check 5000ms\n"));
	v.port = 0;
	CU_ASSERT_PTR_NULL(strstr(farm_text(&v, false, false, &t), "check"));
	v = (struct tmg_verifier){ .enabled = true, .request = 1 };
	CU_ASSERT_PTR_NULL(strstr(farm_text(&v, false, false, &t), "check"));
	v = (struct tmg_verifier){ .enabled = false, .request = 0, .address = "http://*/" };
	CU_ASSERT_PTR_NULL(strstr(farm_text(&v, false, false, &t), "check"));
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
		{ "choices", test_lists },
		{ "long lists of choices", test_long_list },
		{ "conditions", test_conditions },
		{ "sets of clients", test_sources },
		{ "addresses of verifiers", test_check_url },
		{ "farms", test_farm },
	};

	return unit_add("haproxy", tests, ARRAY_LEN(tests));
}
