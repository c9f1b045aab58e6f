/*
 * Tests of memory, buffers and addresses: sizes around every
 * boundary, and every request of memory failing once. test_text.c has the text.
 */
#include "unit.h"

#include <stdlib.h>

#include "base/addr.h"
#include "base/addrset.h"
#include "base/arena.h"
#include "base/hmap.h"
#include "base/strbuf.h"
#include "base/text.h"

#define TEN "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void
test_compare(void)
{
	CU_ASSERT(ascii_casecmp("WebListener", "wEBlISTENER") == 0);
	CU_ASSERT(ascii_casecmp("a", "b") < 0 && ascii_casecmp("B", "a") > 0);
	CU_ASSERT(ascii_casecmp("a", "ab") < 0 && ascii_casecmp("ab", "a") > 0);
	CU_ASSERT(ascii_casecmp("[", "{") != 0); /* 0x20 apart, but no letters */
	CU_ASSERT(ascii_casecmp("\xc4", "\xe4") != 0);
	CU_ASSERT(ascii_ncasecmp("abcX", "ABCy", 3) == 0);
	CU_ASSERT(ascii_ncasecmp("ab", "AB", 10) == 0);
	CU_ASSERT(ascii_ncasecmp("a", "", 0) == 0);
	CU_ASSERT(str_eq(NULL, NULL) && !str_eq(NULL, "") && !str_eq("", NULL));
	CU_ASSERT(str_eq("a", "a") && !str_eq("a", "A"));
	CU_ASSERT(str_caseeq("a", "A") && !str_caseeq(NULL, "a") && str_caseeq(NULL, NULL));
}

static void
test_budget(void)
{
	struct budget b = { .limit = 100 };
	char *p = budget_realloc(&b, NULL, 0, 60), *q;

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT(b.used == 60);
	CU_ASSERT_PTR_NULL(budget_realloc(&b, NULL, 0, 41));
	CU_ASSERT_PTR_NULL(budget_realloc(&b, p, 60, 101)); /* and p still lives */
	CU_ASSERT_PTR_NULL(budget_realloc(&b, NULL, 0, SIZE_MAX));
	p[59] = 'x';
	CU_ASSERT(b.used == 60);
	q = budget_realloc(&b, NULL, 0, 40);
	CU_ASSERT_PTR_NOT_NULL_FATAL(q);
	CU_ASSERT(b.used == 100);
	p = budget_realloc(&b, p, 60, 10);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT(b.used == 50);
	budget_free(&b, q, 40);
	q = budget_realloc(&b, NULL, 0, 0); /* nothing is still something to free */
	CU_ASSERT_PTR_NOT_NULL(q);
	q = budget_realloc(&b, q, 0, 7);
	CU_ASSERT(b.used == 17);
	budget_free(&b, q, 7);
	budget_free(&b, p, 10);
	budget_free(&b, NULL, 10);
	CU_ASSERT(b.used == 0);
	b.fail_at = b.requests + 2;
	p = budget_realloc(&b, NULL, 0, 1);
	CU_ASSERT_PTR_NOT_NULL(p);
	CU_ASSERT_PTR_NULL(budget_realloc(&b, p, 1, 2));
	p = budget_realloc(&b, p, 1, 2);
	CU_ASSERT_PTR_NOT_NULL(p);
	budget_free(&b, p, 2);
	p = budget_realloc(NULL, NULL, 0, 5);
	CU_ASSERT_PTR_NOT_NULL(p);
	budget_free(NULL, p, 5);
}

static bool
all_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != 0)
			return false;
	}
	return true;
}

/* Sizes around every block boundary; each piece is filled, then all are looked
 * at again: an overlap or a piece that was not cleared shows. */
static void
test_arena_blocks(void)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 900, 1000, 1020, 1021, 1024, 3000, 4080, 4096, 60000,
		64 * 1024, 256 * 1024, 300 * 1024 };
	enum { ROUNDS = 40 };
	struct {
		unsigned char *p;
		size_t n;
	} seen[ROUNDS * ARRAY_LEN(sizes)];
	struct budget b = { 0 };
	struct arena a;
	size_t count = 0, bad = 0, total = 0;

	/* What malloc hands out again must not be clean by chance. */
	for (size_t n = 4096; n <= 128 * 1024; n *= 2) {
		seen[count].n = n;
		seen[count].p = malloc(n);
		CU_ASSERT_PTR_NOT_NULL_FATAL(seen[count].p);
		memset(seen[count++].p, 0xee, n);
	}
	while (count > 0)
		free(seen[--count].p);
	arena_init(&a, &b);
	for (size_t r = 0; r < ROUNDS; r++) {
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			size_t n = sizes[i];
			unsigned char *p = arena_alloc(&a, n);

			CU_ASSERT_PTR_NOT_NULL_FATAL(p);
			bad += (uintptr_t)p % sizeof(uint64_t) != 0 || !all_zero((char *)p, n);
			memset(p, (int)(count % 251 + 1), n);
			seen[count].p = p;
			seen[count++].n = n;
			total += n;
			arena_strn(&a, "x", i % 3); /* puts the next one out of line */
			if (sizes[i] > 60000 && r > 2)
				break;
		}
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < seen[i].n; k++)
			bad += seen[i].p[k] != i % 251 + 1;
	}
	CU_ASSERT(bad == 0);
	CU_ASSERT(!a.failed);
	CU_ASSERT(b.used >= total && b.used < total + total / 3 + 512 * 1024);
	arena_free(&a);
	CU_ASSERT(b.used == 0);
	arena_free(&a);
	memset(&a, 0, sizeof(a));
	arena_free(&a);
}

/* A large request must not throw away the rest of the current block. */
static void
test_arena_large(void)
{
	struct budget b = { 0 };
	struct arena a;
	uint64_t before;
	char *p, *q;

	arena_init(&a, &b);
	p = arena_alloc(&a, 16);
	CU_ASSERT_PTR_NOT_NULL(arena_alloc(&a, 1000000));
	before = b.requests;
	q = arena_alloc(&a, 16);
	CU_ASSERT(b.requests == before);
	CU_ASSERT(q == p + 16);
	arena_free(&a);
	/* As the first request its block has no rest, not even for alignment. */
	CU_ASSERT_PTR_NOT_NULL(arena_alloc(&a, 5001));
	before = b.requests;
	CU_ASSERT_PTR_NOT_NULL(arena_alloc(&a, 1));
	CU_ASSERT(b.requests == before + 1);
	arena_free(&a);
	CU_ASSERT(b.used == 0);
}

/* Cleared, it begins again: in the memory that it has, but for a block that only one request needed. */
static void
test_arena_clear(void)
{
	struct budget b = { 0 };
	struct arena a;
	uint64_t used;
	unsigned char *p;

	arena_init(&a, &b);
	arena_clear(&a); /* nothing there */
	CU_ASSERT(b.used == 0);
	p = arena_alloc(&a, 100);
	CU_ASSERT_FATAL(p != NULL);
	memset(p, 0xff, 100);
	used = b.used;
	arena_clear(&a);
	CU_ASSERT(b.used == used);
	p = arena_alloc(&a, 100);
	CU_ASSERT_FATAL(p != NULL);
	CU_ASSERT(p[0] == 0 && p[99] == 0 && b.used == used);
	for (int i = 0; i < 3000; i++)
		CU_ASSERT_FATAL(arena_alloc(&a, 1000) != NULL);
	arena_clear(&a);
	CU_ASSERT(b.used < 600000);
	arena_free(&a);
	CU_ASSERT(b.used == 0);
	CU_ASSERT_PTR_NOT_NULL(arena_alloc(&a, 1000000));
	arena_clear(&a);
	CU_ASSERT(b.used == 0);
	arena_free(&a);
}

static void
test_arena_strings(void)
{
	struct arena a;
	char *p, *longer, fmt[5000];

	arena_init(&a, NULL);
	p = arena_strn(&a, "a\0b", 3);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT(memcmp(p, "a\0b", 4) == 0);
	CU_ASSERT_STRING_EQUAL(arena_strn(&a, NULL, 0), "");
	CU_ASSERT_STRING_EQUAL(arena_str(&a, "rule"), "rule");
	CU_ASSERT_STRING_EQUAL(arena_fmt(&a, "%s-%d", "r", 12), "r-12");
	memset(fmt, 'z', sizeof(fmt) - 1);
	fmt[sizeof(fmt) - 1] = '\0';
	longer = arena_fmt(&a, "%s!", fmt);
	CU_ASSERT_PTR_NOT_NULL_FATAL(longer);
	CU_ASSERT(strlen(longer) == sizeof(fmt) && longer[sizeof(fmt) - 1] == '!');
	/* Around the length up to which a text is formatted once. */
	for (size_t n = 240; n < 270; n++) {
		longer = arena_fmt(&a, "%s<%u%s>", fmt + sizeof(fmt) - 1 - n, 7u, "");
		CU_ASSERT_PTR_NOT_NULL_FATAL(longer);
		CU_ASSERT(strlen(longer) == n + 3 && strcmp(longer + n, "<7>") == 0 && longer[n - 1] == 'z');
	}
	CU_ASSERT(!a.failed);
	arena_free(&a);
}

static void
test_arena_failure(void)
{
	struct budget b = { .limit = 20000 };
	struct arena a;

	arena_init(&a, &b);
	CU_ASSERT_PTR_NULL(arena_array(&a, SIZE_MAX / 8 + 1, 8));
	CU_ASSERT(a.failed);
	a.failed = false;
	CU_ASSERT_PTR_NULL(arena_alloc(&a, SIZE_MAX));
	CU_ASSERT_PTR_NULL(arena_alloc(&a, SIZE_MAX - 8));
	CU_ASSERT_PTR_NULL(arena_strn(&a, "", SIZE_MAX));
	CU_ASSERT(a.failed);
	CU_ASSERT_PTR_NOT_NULL(arena_array(&a, SIZE_MAX, 0));
	CU_ASSERT_PTR_NULL(arena_alloc(&a, 30000));
	CU_ASSERT_PTR_NOT_NULL(arena_alloc(&a, 10)); /* what is left can be had */
	CU_ASSERT(a.failed);                         /* but the failure is remembered */
	while (arena_alloc(&a, 100) != NULL)
		CU_ASSERT_FATAL(b.used <= b.limit);
	CU_ASSERT(b.used > 8000);
	arena_free(&a);
	CU_ASSERT(b.used == 0 && !a.failed);
}

static void
test_strbuf(void)
{
	struct budget b = { 0 };
	struct strbuf s, t;
	char same[2000] = "";
	size_t bad = 0;

	sb_init(&s, &b);
	CU_ASSERT_STRING_EQUAL(s.s, "");
	sb_clear(&s);
	sb_puts(&s, "");
	sb_fmt(&s, "%s", "");
	sb_putn(&s, NULL, 0);
	CU_ASSERT_STRING_EQUAL(s.s, "");
	for (int i = 0; i < 1500; i++) {
		sb_putc(&s, (char)('a' + i % 26));
		same[i] = (char)('a' + i % 26);
		bad += strcmp(s.s, same) != 0 || s.len != (size_t)i + 1;
	}
	CU_ASSERT(bad == 0);
	/* Text of every length into buffers of every fill, across each growth. */
	for (int fill = 0; fill < 140; fill++) {
		for (int n = 0; n < 140; n++) {
			sb_init(&t, &b);
			sb_putn(&t, same, (size_t)fill);
			sb_fmt(&t, "%.*s", n, same);
			bad += t.failed || t.len != (size_t)(fill + n) || strlen(t.s) != t.len ||
			    memcmp(t.s, same, (size_t)fill) != 0 || memcmp(t.s + fill, same, (size_t)n) != 0;
			sb_free(&t);
		}
	}
	CU_ASSERT(bad == 0);
	sb_clear(&s);
	CU_ASSERT(s.len == 0 && s.s[0] == '\0' && s.cap > 1500);
	sb_putn(&s, "a\0b", 3);
	CU_ASSERT(s.len == 3 && memcmp(s.s, "a\0b", 4) == 0);
	sb_free(&s);
	CU_ASSERT_STRING_EQUAL(s.s, "");
	CU_ASSERT(b.used == 0);
}

static void
test_strbuf_failure(void)
{
	struct budget b = { .limit = 200 };
	struct strbuf s;

	sb_init(&s, &b);
	sb_puts(&s, "kept");
	sb_putn(&s, "x", SIZE_MAX); /* len + n overflows: refused before it is read */
	CU_ASSERT(s.failed);
	sb_puts(&s, "more");
	sb_fmt(&s, "%d", 1);
	CU_ASSERT_STRING_EQUAL(s.s, "kept");
	sb_clear(&s);
	CU_ASSERT(s.failed);
	sb_free(&s);
	CU_ASSERT(!s.failed && b.used == 0);
	sb_putn(&s, "x", SIZE_MAX - 1);
	CU_ASSERT(s.failed);
	sb_free(&s);
	sb_puts(&s, "kept");
	sb_fmt(&s, "%300d", 7);
	CU_ASSERT(s.failed);
	CU_ASSERT_STRING_EQUAL(s.s, "kept");
	sb_free(&s);
	while (!s.failed)
		sb_puts(&s, "0123456789");
	CU_ASSERT(s.len % 10 == 0 && s.len >= 60 && strlen(s.s) == s.len);
	CU_ASSERT(b.used <= b.limit);
	sb_free(&s);
	CU_ASSERT(b.used == 0);
}

static void
test_addr_parse(void)
{
	static const struct {
		const char *in, *out;
	} good[] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "203.0.113.10", "203.0.113.10" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "::", "::" },
		{ "::1", "::1" },
		{ "[::1]", "::1" },
		{ "2001:DB8:0:0:0:0:0:A", "2001:db8::a" },
		{ "2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "[2001:db8::192.0.2.33]", "2001:db8::c000:221" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};
	static const char *const bad[] = { "", ".", "1.2.3", "1.2.3.4.5", "1.2.3.4.", ".1.2.3.4", "1..3.4", "256.1.1.1",
		"01.2.3.4", "1.2.3.04", "00.0.0.0", "0x1.2.3.4", "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "-1.2.3.4",
		"1.2.3.4/24", "1.2.3.4:80", "1e1.1.1.1", "1.2.3.1000", "3232235521", "[1.2.3.4]", "[", "[]", "]",
		"[::1", "::1]", "[[::1]]", ":", ":::", "1::2::3", "fe80::1%eth0", "::1%1",
		"12345::", "g::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1 ", " ::1", "::ffff:1.2.3",
		"::ffff:01.2.3.4", "::1.2.3.4.5", "::1.2.3.256", "1.2.3.4::", "::ffff:1.2.3.4.", "host",
		"1.2.3.\xd9\xa1", "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000" };
	uint8_t a[16], before[16];
	char text[ADDR_TEXT];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		CU_ASSERT(addr_parse(good[i].in, a));
		addr_print(a, text);
		CU_ASSERT_STRING_EQUAL(text, good[i].out);
		CU_ASSERT(addr_parse(text, before) && addr_cmp(a, before) == 0);
	}
	memcpy(before, a, sizeof(a));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		bool taken = addr_parse(bad[i], a);

		CU_ASSERT(!taken);
		if (taken)
			printf("# taken: \"%s\"\n", bad[i]);
	}
	CU_ASSERT(memcmp(a, before, sizeof(a)) == 0); /* a refusal writes nothing */
	addr_print_bracketed(a, text);
	CU_ASSERT_STRING_EQUAL(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]");
	CU_ASSERT(addr_parse("192.0.2.1", a) && addr_is_v4(a));
	addr_print_bracketed(a, text);
	CU_ASSERT_STRING_EQUAL(text, "192.0.2.1");
	CU_ASSERT(addr_parse("::192.0.2.1", before) && !addr_is_v4(before));
	CU_ASSERT(addr_cmp(a, before) > 0 && addr_cmp(before, a) < 0);
}

static void
test_addr_nets(void)
{
	static const struct {
		const char *a;
		int bits;
		const char *from, *to;
	} rows[] = {
		{ "10.1.2.3", 8, "10.0.0.0", "10.255.255.255" },
		{ "10.1.2.3", 32, "10.1.2.3", "10.1.2.3" },
		{ "10.1.2.3", 31, "10.1.2.2", "10.1.2.3" },
		{ "10.1.2.3", 0, "0.0.0.0", "255.255.255.255" },
		{ "10.1.2.3", 33, "10.1.2.3", "10.1.2.3" },
		{ "10.1.2.3", -1, "10.1.2.3", "10.1.2.3" },
		{ "198.51.100.77", 20, "198.51.96.0", "198.51.111.255" },
		{ "2001:db8:1:2::5", 48, "2001:db8:1::", "2001:db8:1:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db8::5", 128, "2001:db8::5", "2001:db8::5" },
		{ "2001:db8::5", 127, "2001:db8::4", "2001:db8::5" },
		{ "2001:db8::5", 0, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
	};
	char mask[ADDR_TEXT], text[ADDR_TEXT];
	uint8_t a[16], from[16], to[16];

	for (int bits = 0; bits <= 32; bits++) {
		uint32_t v = bits == 0 ? 0 : 0xffffffffu << (32 - bits);

		snprintf(mask, sizeof(mask), "%u.%u.%u.%u", v >> 24, v >> 16 & 255, v >> 8 & 255, v & 255);
		CU_ASSERT(addr_mask_bits(mask) == bits);
	}
	CU_ASSERT(addr_mask_bits("255.0.255.0") == -1);
	CU_ASSERT(addr_mask_bits("0.0.0.255") == -1);
	CU_ASSERT(addr_mask_bits("255.255.255.253") == -1);
	CU_ASSERT(addr_mask_bits("::ffff:255.0.0.0") == -1);
	CU_ASSERT(addr_mask_bits("24") == -1);
	CU_ASSERT(addr_mask_bits("") == -1);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CU_ASSERT(addr_parse(rows[i].a, a));
		addr_subnet(a, rows[i].bits, from, to);
		addr_print(from, text);
		CU_ASSERT_STRING_EQUAL(text, rows[i].from);
		addr_print(to, text);
		CU_ASSERT_STRING_EQUAL(text, rows[i].to);
	}
	CU_ASSERT(addr_parse("10.1.2.3", a));
	addr_subnet(a, 24, a, to); /* in place */
	addr_print(a, text);
	CU_ASSERT_STRING_EQUAL(text, "10.1.2.0");
	addr_print(to, text);
	CU_ASSERT_STRING_EQUAL(text, "10.1.2.255");
}

/* Everything of this floor at once, with the n-th request failing, for all n. */
static void
every_allocation(struct budget *b, bool *failed)
{
	struct arena a;
	struct strbuf s;
	struct hmap m;
	bool ok = true;

	arena_init(&a, b);
	sb_init(&s, b);
	hmap_init(&m, b);
	for (int i = 0; i < 60; i++) {
		char *key = arena_fmt(&a, "%d", i), *big = arena_alloc(&a, 3000);

		if (key != NULL)
			hmap_put(&m, key, big);
	}
	ok = host_canonical("*.m\xc3\xbcnchen." SIXTY ".contoso.com", &s, NULL) && ok;
	ok = path_canonical("/" SIXTY SIXTY SIXTY "/*", &s, NULL) && ok;
	text_safe(&s, SIXTY SIXTY SIXTY SIXTY, 500);
	sb_fmt(&s, "%2000d", 1);
	*failed = a.failed || s.failed || m.failed;
	CU_ASSERT(ok || s.failed);
	CU_ASSERT(strlen(s.s) == s.len);
	hmap_free(&m);
	sb_free(&s);
	arena_free(&a);
}

static void
test_every_failure(void)
{
	struct budget b = { 0 };
	uint64_t all;
	bool failed;

	every_allocation(&b, &failed);
	CU_ASSERT(!failed && b.used == 0);
	all = b.requests;
	CU_ASSERT(all > 20);
	for (uint64_t n = 1; n <= all; n++) {
		b.requests = 0;
		b.fail_at = n;
		every_allocation(&b, &failed);
		CU_ASSERT(failed);
		CU_ASSERT(b.used == 0);
	}
}

/* Sets against a plain table of the 256 last octets. */
static void
octet(uint8_t a[16], unsigned n)
{
	static const uint8_t base[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 0 };

	memcpy(a, base, 16);
	a[15] = (uint8_t)n;
}

struct blocks {
	bool seen[256];
	bool twice, outside;
};

static void
on_block(void *ctx, const uint8_t base[16], int bits)
{
	struct blocks *b = ctx;

	b->outside |= bits < 120 || base[14] != 2;
	for (unsigned i = 0; i < 1u << (128 - bits) && !b->outside; i++) {
		b->twice |= b->seen[base[15] + i];
		b->seen[base[15] + i] = true;
	}
}

static void
test_addrset(void)
{
	uint32_t seed = 1;

	for (int round = 0; round < 300; round++) {
		bool in[2][256] = { { false } };
		struct addrset s[2];
		struct blocks b = { { false }, false, false };
		uint8_t from[16], to[16];

		for (int k = 0; k < 2; k++) {
			addrset_init(&s[k], NULL);
			for (int r = 0; r < 6; r++) {
				unsigned x = (seed = seed * 1103515245u + 12345u) >> 24,
					 y = (seed = seed * 1103515245u + 12345u) >> 24;
				octet(from, x);
				octet(to, y);
				CU_ASSERT_EQUAL(addrset_add(&s[k], from, to), x <= y);
				for (unsigned i = x; i <= y; i++)
					in[k][i] = true;
			}
			addrset_normalize(&s[k]);
		}
		addrset_subtract(&s[0], &s[1]);
		addrset_each_block(&s[0], on_block, &b);
		CU_ASSERT(!b.twice && !b.outside);
		for (unsigned i = 0; i < 256; i++) {
			octet(from, i);
			CU_ASSERT_EQUAL(addrset_has(&s[0], from), in[0][i] && !in[1][i]);
			CU_ASSERT_EQUAL(b.seen[i], in[0][i] && !in[1][i]);
		}
		addrset_free(&s[0]);
		addrset_free(&s[1]);
	}
}

static void
test_addrset_all(void)
{
	struct addrset all, some;
	uint8_t a[16];

	addrset_init(&all, NULL);
	addrset_init(&some, NULL);
	addrset_add_all(&all);
	addrset_normalize(&all);
	CU_ASSERT(addrset_is_all(&all));
	octet(a, 7);
	addrset_add(&some, a, a);
	addrset_normalize(&some);
	addrset_subtract(&all, &some);
	CU_ASSERT(!addrset_is_all(&all));
	CU_ASSERT_EQUAL(all.n, 2);
	CU_ASSERT(!addrset_has(&all, a));
	octet(a, 8);
	CU_ASSERT(addrset_has(&all, a));
	addrset_add_set(&all, &some);
	addrset_normalize(&all);
	CU_ASSERT(addrset_is_all(&all));
	addrset_free(&all);
	addrset_free(&some);
}

static int
by_number(const void *a, const void *b)
{
	const uint16_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* In order, the other way round, with equals, and neither. */
static void
test_sort(void)
{
	static const uint16_t given[][5] = { { 1, 2, 3, 4, 5 }, { 5, 4, 3, 2, 1 }, { 2, 2, 2, 2, 2 }, { 5, 4, 4, 2, 1 },
		{ 3, 1, 2, 5, 4 }, { 5, 4, 3, 1, 2 }, { 1, 2, 3, 5, 4 } };

	for (size_t i = 0; i < ARRAY_LEN(given); i++) {
		for (size_t n = 0; n <= ARRAY_LEN(given[i]); n++) {
			uint16_t v[5], want[5];

			memcpy(v, given[i], sizeof(v));
			memcpy(want, given[i], sizeof(want));
			sort(v, n, sizeof(v[0]), by_number);
			qsort(want, n, sizeof(want[0]), by_number);
			CU_ASSERT(memcmp(v, want, sizeof(v)) == 0);
		}
	}
}

int
suite_base(void)
{
	static const struct unit_test tests[] = {
		{ "comparisons", test_compare },
		{ "sorting", test_sort },
		{ "budget", test_budget },
		{ "arena: block boundaries", test_arena_blocks },
		{ "arena: large requests", test_arena_large },
		{ "arena: cleared", test_arena_clear },
		{ "arena: strings", test_arena_strings },
		{ "arena: failure", test_arena_failure },
		{ "strbuf", test_strbuf },
		{ "strbuf: failure", test_strbuf_failure },
		{ "addresses", test_addr_parse },
		{ "masks and subnets", test_addr_nets },
		{ "every allocation fails once", test_every_failure },
		{ "address sets", test_addrset },
		{ "address sets: everything", test_addrset_all },
	};

	return unit_add("base", tests, ARRAY_LEN(tests));
}
