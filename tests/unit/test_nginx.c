/*
 * Tests of nginx's quoting, and of how answers that depend on the client are
 * written. Words are read back by a small reader that does what nginx's own
 * does, a second way to the same answer; expressions and maps are compared as
 * text (the live tests run them).
 */
#include "unit.h"

#include "base/addr.h"
#include "export/nginx.h"

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
	static const char *const hostile[] = { "", " ", "plain", "a b", "a;b", "a{b", "a}b", "a\"b", "a'b", "a\\",
		"\\\"", "\\n", "$host", "${x}", "a$", "#x", "a#b", "~^x", "default", "unix:/run/x y/z", "\xc3\xbc",
		"a\\\"; } http {", "'", "\"\"", "%41", "[::1]:80", "$$" };
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

/* A plan of one plain endpoint whose site has these path classes. */
struct small {
	struct plan p;
	struct plan_listener listener;
	struct plan_address address;
	struct plan_endpoint endpoint;
	struct kept_site site;
	struct plan_shape shape;
	const struct plan_shape *shapes[1];
	struct plan_pool pool;
	struct kept_route routes[3];
	uint32_t slots[3];
	struct plan_table table;
	struct ng_index x;
	struct ng w;
	struct text t;
};

static void
small_begin(
    struct small *s, struct plan_sources *sources, const struct plan_deed **deeds, uint32_t n, struct plan_path *paths)
{
	memset(s, 0, sizeof(*s));
	s->p.sources = sources;
	s->p.endpoints = &s->endpoint;
	s->endpoint.p = &s->p;
	s->endpoint.listener = &s->listener;
	s->endpoint.site_count = s->endpoint.first_table = s->p.table_count = 1;
	s->listener.addresses = &s->address;
	for (uint32_t i = 0; i < n; i++) {
		s->routes[i].deed = i & 0x1ffffffu;
		s->slots[i] = i + 1;
		if (deeds[i]->pool == NULL || (s->pool.id >= deeds[i]->pool->id))
			continue;
		s->pool = *deeds[i]->pool; /* of the plan's list only the largest number matters */
		s->pool.next = NULL;
		s->p.pools = &s->pool;
	}
	s->site.routes = n == 1 ? 1 : 0;
	s->shape.slots = n;
	s->shape.paths = paths;
	s->shapes[0] = &s->shape;
	s->p.deeds = (struct plan_list){ deeds, n, 0 };
	s->p.routes = (struct plan_list){ s->routes, n, 0 };
	s->p.slots = (struct plan_list){ s->slots, n, 0 };
	s->p.sites = (struct plan_list){ &s->site, 1, 0 };
	s->p.shape_list = (struct plan_list){ s->shapes, 1, 0 };
	s->table = plan_site(&s->endpoint, 0).table;
	ng_index_make(&s->p, &s->x);
	CU_ASSERT_FALSE_FATAL(s->x.failed);
	s->w.p = &s->p;
	s->w.x = &s->x;
	s->w.o = begin(&s->t);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->w.o);
}

static void
add_range(struct addrset *set, const char *from, const char *to)
{
	uint8_t a[16], b[16];

	CU_ASSERT_TRUE_FATAL(addr_parse(from, a) && addr_parse(to, b));
	addrset_add(set, a, b);
}

/* The geo of one set, which the only path class asks for. */
static void
expect_geo(struct addrset *set, const char *text)
{
	static const struct plan_deed deed = { .action = PLAN_FORWARD };
	const struct plan_deed *deeds[] = { &deed };
	struct plan_sources sources = { .id = 1, .label = "those" };
	struct plan_choice choice = { .sources = &sources };
	struct plan_path path = { .path = "", .prefix = true, .choices = &choice };
	struct small s;

	addrset_normalize(set);
	sources.set = *set;
	small_begin(&s, &sources, deeds, 1, &path);
	CU_ASSERT_EQUAL(ng_path_of(&s.table, &path).kind, NG_ONLY);
	ng_put_sources(&s.w);
	CU_ASSERT_TRUE(out_end_fn(s.w.o));
	CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(s.t.s, "# those\ngeo $tmg_s1 {\n"));
	CU_ASSERT_STRING_EQUAL(strstr(s.t.s, "{\n") + 2, text);
	ng_index_free(&s.x);
	addrset_free(set);
}

static void
test_geo(void)
{
	struct addrset set;

	addrset_init(&set, NULL);
	add_range(&set, "198.51.100.7", "198.51.100.9");
	add_range(&set, "2001:db8::", "2001:db8::ffff");
	expect_geo(&set, "\tdefault 0;\n\t198.51.100.7/32 1;\n\t198.51.100.8/31 1;\n\t2001:db8::/112 1;\n}\n");
	/* The end of the address space, which nginx's ranges refuse. */
	addrset_init(&set, NULL);
	add_range(&set, "255.255.255.254", "255.255.255.255");
	expect_geo(&set, "\tdefault 0;\n\t255.255.255.254/31 1;\n}\n");
	/* Fewer are outside than inside. */
	addrset_init(&set, NULL);
	add_range(&set, "::", "9.255.255.255");
	add_range(&set, "11.0.0.0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	expect_geo(&set, "\tdefault 1;\n\t10.0.0.0/8 0;\n}\n");
	/* All of IPv4: 0.0.0.0/0 would be the default again. */
	addrset_init(&set, NULL);
	add_range(&set, "0.0.0.0", "255.255.255.255");
	expect_geo(&set, "\tdefault 0;\n\t0.0.0.0/1 1;\n\t128.0.0.0/1 1;\n}\n");
	/* An IPv6 block around it. */
	addrset_init(&set, NULL);
	add_range(&set, "::", "::ffff:ffff:ffff:ffff");
	expect_geo(&set, "\tdefault 0;\n\t0.0.0.0/1 1;\n\t128.0.0.0/1 1;\n\t::/64 1;\n}\n");
}

static void
test_lists(void)
{
	static const char want[] =
	    "\nmap \"$tmg_s2$tmg_s1\" $tmg_c1 {\n\tdefault deny;\n\t\"~^1\" deny;\n\t\"~^.1\" r2;\n\t\"~^\" r3;\n}\n";
	static const struct plan_deed forward = { .action = PLAN_FORWARD }, deny = { .action = PLAN_DENY };
	const struct plan_deed *deeds[] = { &deny, &forward, &forward };
	struct plan_sources s2 = { .id = 2 }, s1 = { .id = 1, .next = &s2 };
	/* Two path classes with equal lists, one with a single answer. */
	struct plan_choice list[2][3] = { { { &s2, NULL, 0, &list[0][1] }, { &s1, NULL, 1, &list[0][2] },
					      { NULL, NULL, 2, NULL } },
		{ { &s2, NULL, 0, &list[1][1] }, { &s1, NULL, 1, &list[1][2] }, { NULL, NULL, 2, NULL } } };
	struct plan_choice plain = { NULL, NULL, 2, NULL };
	struct plan_path root = { "", true, &plain, NULL }, b = { "/b", true, list[1], &root },
			 a = { "/a", true, list[0], &b };
	struct small s;
	bool many;

	addrset_init(&s1.set, NULL);
	addrset_init(&s2.set, NULL);
	small_begin(&s, &s1, deeds, 3, &a);
	ng_put_lists(&s.w);
	CU_ASSERT_TRUE(out_end_fn(s.w.o));
	CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(s.t.s, "\nmap"));
	CU_ASSERT_STRING_EQUAL(strstr(s.t.s, "\nmap"), want);
	CU_ASSERT_EQUAL(ng_path_of(&s.table, &root).kind, NG_PLAIN);
	CU_ASSERT_EQUAL(ng_path_of(&s.table, &a).kind, NG_LIST);
	CU_ASSERT_PTR_NOT_NULL(ng_list_of(&s.w, &s.table, &a));
	CU_ASSERT_PTR_EQUAL(ng_list_of(&s.w, &s.table, &a), ng_list_of(&s.w, &s.table, &b));
	CU_ASSERT_PTR_NULL(ng_list_of(&s.w, &s.table, &root));
	CU_ASSERT_EQUAL(ng_block_route(&s.table, list[0], &many).id, 3);
	CU_ASSERT_TRUE(many);
	ng_index_free(&s.x);
}

/* What must never open anything. */
static void
test_fail_closed(void)
{
	static const struct plan_deed forwards = { .action = PLAN_FORWARD }, denies = { .action = PLAN_DENY };
	const struct plan_deed *deeds[] = { &forwards, &denies };
	struct kept_route kept[] = { { 1, 0, 0 }, { 1, 1, 0 } };
	static const uint32_t routes[] = { 1, 2 };
	struct plan_schedule hours = { .id = 1 };
	struct plan_sources some = { .id = 1 };
	struct plan p = { .routes = { kept, 2, 0 }, .deeds = { deeds, 2, 0 } };
	struct plan_table table = { .p = &p, .routes = routes, .n_routes = 2 };
	struct plan_choice always = { NULL, NULL, 0, NULL }, only = { &some, NULL, 0, NULL };
	struct plan_choice timed = { NULL, &hours, 0, &always }, denied = { &some, NULL, 1, &always };
	struct plan_choice nobody = { &some, NULL, 1, NULL };
	struct plan_path path = { "/a", true, NULL, NULL };

	CU_ASSERT_EQUAL(ng_path_of(&table, &path).kind, NG_REFUSE);
	path.choices = &timed;
	CU_ASSERT_EQUAL(ng_path_of(&table, &path).kind, NG_REFUSE);
	CU_ASSERT_FALSE(ng_path_of(&table, &path).lets_in);
	path.choices = &nobody;
	CU_ASSERT_EQUAL(ng_path_of(&table, &path).kind, NG_REFUSE);
	/* Refused clients must not get round the path; others must not get there by another spelling. */
	path.choices = &denied;
	CU_ASSERT_EQUAL(ng_path_of(&table, &path).kind, NG_LIST);
	CU_ASSERT_TRUE(ng_path_of(&table, &path).guarded);
	path.path = "";
	CU_ASSERT_FALSE(ng_path_of(&table, &path).guarded);
	path.path = "/a";
	path.choices = &only;
	CU_ASSERT_EQUAL(ng_path_of(&table, &path).kind, NG_ONLY);
	CU_ASSERT_FALSE(ng_path_of(&table, &path).guarded);
	path.choices = &always;
	CU_ASSERT_EQUAL(ng_path_of(&table, &path).kind, NG_PLAIN);
}

/* Paths with one answer are one location, unless their order among themselves matters. */
static void
test_neighbours(void)
{
	static const struct plan_pool pool = { .id = 7 };
	static const struct plan_deed forwards = { .action = PLAN_FORWARD, .pool = &pool };
	static const struct plan_deed denies = { .action = PLAN_DENY };
	const struct plan_deed *deeds[] = { &forwards, &denies };
	struct plan_sources some = { .id = 1 };
	struct plan_choice always = { NULL, NULL, 0, NULL }, never = { NULL, NULL, 1, NULL };
	struct plan_choice denied = { &some, NULL, 1, &always };
	struct plan_path e = { "/e", true, &never, NULL }, d = { "/d", true, &never, &e },
			 c = { "/c", true, &always, &d }, b = { "/b.c", true, &always, &c },
			 a = { "/a", false, &always, &b };
	struct tmg_listener listener = { .o = { .name = "L" } };
	struct small s;

	addrset_init(&some.set, NULL);
	small_begin(&s, &some, deeds, 2, &a);
	s.listener.l = &listener;
	ng_endpoint(&s.w, &s.endpoint);
	CU_ASSERT_TRUE(out_end_fn(s.w.o));
	CU_ASSERT_PTR_NOT_NULL(strstr(s.t.s, "\tlocation ~* \"^/a\\z\" {\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(s.t.s, "\tlocation ~* \"^/(?:b\\.c|c)(?:/|\\z)\" {\n\t\tproxy_pass"));
	CU_ASSERT_PTR_NOT_NULL(strstr(s.t.s, "\tlocation ~* \"^/(?:d|e)[.\\x20]*(?:[/;]|%"));
	ng_index_free(&s.x);
	/* Spellings of /b.c that are refused could be spellings of /c. */
	b.choices = c.choices = &denied;
	small_begin(&s, &some, deeds, 2, &b);
	s.listener.l = &listener;
	ng_endpoint(&s.w, &s.endpoint);
	CU_ASSERT_TRUE(out_end_fn(s.w.o));
	CU_ASSERT_PTR_NOT_NULL(strstr(s.t.s, "\tlocation ~* \"^/b\\.c(?:/|\\z)\" {\n"));
	CU_ASSERT_PTR_NOT_NULL(strstr(s.t.s, "\tlocation ~* \"^/c(?:/|\\z)\" {\n"));
	ng_index_free(&s.x);
}

/* Names share a server when one rule each does the same for them, and no other. */
static void
test_alike(void)
{
	static struct plan_pool pool = { .id = 7 };
	static const struct plan_rule rules[3];
	struct plan_deed same = { .action = PLAN_FORWARD, .pool = &pool, .rules = rules, .first = 1 }, other = same;
	const struct plan_deed *deeds[] = { &same, &other };
	struct kept_route r[] = { { 1, 0, 0 }, { 2, 0, 0 }, { 3, 0, 0 }, { 3, 1, 0 } };
	uint32_t both[] = { 3, 1 };
	struct plan_shape shape = { .id = 1, .slots = 1 }, wide = { .id = 2, .slots = 2 },
			  longer = { .id = 3, .slots = 1 };
	const struct plan_shape *shapes[] = { &shape, &wide, &longer };
	struct kept_site s[] = { { .routes = 1 }, { .routes = 2 }, { .shape = 1, .routes = 0 }, { .routes = 4 },
		{ .shape = 2, .routes = 2 } };
	struct plan_listener nowhere = { .id = 1 };
	struct plan p = { .routes = { r, 4, 0 },
		.sites = { s, 5, 0 },
		.slots = { both, 2, 0 },
		.deeds = { deeds, 2, 0 },
		.shape_list = { shapes, 3, 0 },
		.table_count = 5,
		.pools = &pool };
	struct plan_endpoint others = {
		.p = &p, .listener = &nowhere, .first_site = 2, .site_count = 3, .first_table = 3, .tables_before = 2
	};
	struct plan_endpoint e = { .p = &p, .listener = &nowhere, .site_count = 2, .first_table = 1, .next = &others };
	struct ng_index x;

	other.first = 0;
	p.endpoints = &e;
	ng_index_make(&p, &x);
	CU_ASSERT_FALSE_FATAL(x.failed);
	e.site_count = 5;
	ng_gather(&x, &e);
	CU_ASSERT_FALSE_FATAL(x.failed);
	for (uint32_t i = 0; i < e.site_count; i++) {
		/* The third is of two rules, the fourth does something else, the last has other paths. */
		CU_ASSERT_EQUAL(x.alike[i].begins, i != 1);
		CU_ASSERT_EQUAL(x.alike[i].next, i == 0 ? 2 : 0);
	}
	ng_gather_end(&x, &e);
	/* The server of an address and port for all names is of one rule only. */
	s[1].any = true;
	ng_gather(&x, &e);
	CU_ASSERT_TRUE(x.alike[0].begins && x.alike[1].begins);
	CU_ASSERT_EQUAL(x.alike[0].next, 0);
	ng_gather_end(&x, &e);
	s[1].any = false;
	/* What stands at another endpoint only does not count; there the last two do the same. */
	s[3] = s[4];
	e.first_site = 1;
	e.site_count = 4;
	ng_gather(&x, &e);
	CU_ASSERT_TRUE(x.alike[0].begins && x.alike[2].begins);
	CU_ASSERT_EQUAL(x.alike[2].next, 4);
	CU_ASSERT_FALSE(x.alike[3].begins);
	ng_gather_end(&x, &e);
	ng_index_free(&x);
}

static void
test_farm(void)
{
	struct tmg_verifier off = { .enabled = false }, on = { .enabled = true };
	struct tmg_farm farm = { .o = { .name = "web" } };
	struct plan_member m2 = { .host = "2001:db8::2", .host_is_address = true, .drained = true, .id = 2 };
	struct plan_member m1 = { .host = "10.1.1.1", .host_is_address = true, .id = 1, .next = &m2 };
	struct plan_pool pool = { .id = 4, .members = &m1, .farm = &farm, .port = 8080 };
	struct text t;
	struct ng w = { NULL, NULL, NULL };

	CU_ASSERT_FALSE(ng_farm_checked(&farm));
	farm.verifiers = &off;
	CU_ASSERT_FALSE(ng_farm_checked(&farm));
	off.o.next = &on.o;
	CU_ASSERT_TRUE(ng_farm_checked(&farm));
	w.o = begin(&t);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w.o);
	ng_put_upstream(&w, &pool);
	CU_ASSERT_TRUE(out_end_fn(w.o));
	CU_ASSERT_PTR_NOT_NULL(
	    strstr(t.s, "upstream tmg_p4 {\n\thash $remote_addr consistent;\n\tserver 10.1.1.1:8080 max_fails="));
	CU_ASSERT_PTR_NOT_NULL(strstr(t.s, "\tserver [2001:db8::2]:8080 down;"));
	pool.sticky_cookie = true;
	w.o = begin(&t);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w.o);
	ng_put_upstream(&w, &pool);
	CU_ASSERT_TRUE(out_end_fn(w.o));
	CU_ASSERT_PTR_NOT_NULL(strstr(t.s, "\thash $tmg_key_p4 consistent;\n"));
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
		{ "sets of clients", test_geo },
		{ "lists of choices", test_lists },
		{ "fail closed", test_fail_closed },
		{ "paths with one answer", test_neighbours },
		{ "names that share a server", test_alike },
		{ "farms", test_farm },
	};

	return unit_add("nginx", tests, ARRAY_LEN(tests));
}
