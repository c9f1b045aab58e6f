/*
 * Tests of the hash and the hash map: values that another implementation gave,
 * keys that collide, keys without regard to case, memory that fails.
 */
#include "unit.h"

#include <stdlib.h>

#include "base/hmap.h"
#include "base/text.h"

static uint64_t
turn(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

/* SipHash-1-3, byte by byte as it is defined. */
static uint64_t
sip_plain(const uint64_t key[2], const unsigned char *s, size_t n)
{
	uint64_t a = key[0] ^ 0x736f6d6570736575u, b = key[1] ^ 0x646f72616e646f6du;
	uint64_t c = key[0] ^ 0x6c7967656e657261u, d = key[1] ^ 0x7465646279746573u;

	for (size_t word = 0; word < n / 8 + 4; word++) {
		uint64_t m = word == n / 8 ? (uint64_t)n << 56 : 0;

		for (size_t i = 8 * word; i < n && i < 8 * word + 8; i++)
			m |= (uint64_t)s[i] << 8 * (i % 8);
		if (word == n / 8 + 1)
			c ^= 0xff;
		d ^= m;
		a += b;
		b = turn(b, 13) ^ a;
		a = turn(a, 32);
		c += d;
		d = turn(d, 16) ^ c;
		a += d;
		d = turn(d, 21) ^ a;
		c += b;
		b = turn(b, 17) ^ c;
		c = turn(c, 32);
		a ^= m;
	}
	return a ^ b ^ c ^ d;
}

/* SipHash-1-3 of bytes whose result another implementation gave. */
static void
test_hash(void)
{
	const uint64_t zero[2] = { 0, 0 };
	uint64_t a[2] = { 0, 0 }, b[2] = { 0, 0 };
	const uint64_t key[2] = { 0x0123456789abcdefu, 0xfedcba9876543210u };
	char odd[] = "xabcdefghi";
	unsigned char bytes[40];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(0xf1 * i + 7);
	CU_ASSERT(hash_bytes(zero, "a", 1) == 0x407448d2b89b1813u);
	CU_ASSERT(hash_bytes(zero, "abcdefgh", 8) == 0x3f7b849c0b8e35eau);
	CU_ASSERT(hash_bytes(zero, odd + 1, 9) == 0xf89b34a3d11eb6e5u);
	/* The last bytes, however many, are taken as one by one. */
	for (size_t n = 0; n <= sizeof(bytes); n++)
		CU_ASSERT(hash_bytes(key, bytes, n) == sip_plain(key, bytes, n));
	CU_ASSERT(hash_bytes(zero, "", 0) != hash_bytes(zero, "\0", 1));
	hash_seed(a);
	hash_seed(b);
	CU_ASSERT(a[0] != b[0] && a[1] != b[1]);
	CU_ASSERT(hash_bytes(a, "a", 1) != hash_bytes(b, "a", 1));
}

static void
test_hmap(void)
{
	enum { N = 20000 };
	static char keys[N][16];
	static int values[N];
	struct budget b = { 0 };
	struct hmap m;
	size_t bad = 0;
	void **slot;

	hmap_init(&m, &b);
	CU_ASSERT_PTR_NULL(hmap_get(&m, "a"));
	CU_ASSERT_PTR_NULL(hmap_slot(&m, "a", 1, false));
	CU_ASSERT(b.requests == 0 && !m.failed);
	for (int i = 0; i < N; i++) {
		snprintf(keys[i], sizeof(keys[i]), "k%d", i);
		bad += !hmap_put(&m, keys[i], &values[i]);
	}
	for (int i = 0; i < N; i++)
		bad += hmap_get(&m, keys[i]) != &values[i];
	CU_ASSERT(bad == 0);
	CU_ASSERT(m.count == N);
	CU_ASSERT_PTR_NULL(hmap_get(&m, "k20000"));
	CU_ASSERT(hmap_put(&m, "k7", &values[8]) && m.count == N);
	CU_ASSERT_PTR_EQUAL(hmap_get(&m, "k7"), &values[8]);
	/* Keys are bytes with a length: NUL counts, a prefix is another key. */
	slot = hmap_slot(&m, "k7\0", 3, true);
	CU_ASSERT_FATAL(slot != NULL);
	CU_ASSERT_PTR_NULL(*slot);
	*slot = &values[1];
	CU_ASSERT_PTR_EQUAL(hmap_get(&m, "k7"), &values[8]);
	CU_ASSERT_PTR_EQUAL(*hmap_slot(&m, "k7\0x", 3, false), &values[1]);
	CU_ASSERT_PTR_NULL(hmap_slot(&m, "", 0, false));
	CU_ASSERT(hmap_slot(&m, NULL, 0, true) != NULL);
	CU_ASSERT(hmap_slot(&m, "", 0, false) != NULL);
	CU_ASSERT(m.count == N + 2);
	hmap_free(&m);
	CU_ASSERT(b.used == 0);
}

struct pair {
	uint32_t hash;
	int n;
};

static int
by_hash(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

/* Keys that all belong into the last slot, and two with the same stored hash. */
static void
test_hmap_collisions(void)
{
	enum { MANY = 300000 };
	static char keys[64][12];
	struct hmap m;
	struct pair *all = calloc(MANY, sizeof(*all));
	char text[12], x[12] = "", y[12] = "";
	int found = 0;
	size_t bad = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
	hmap_init(&m, NULL);
	m.key[0] = 1;
	m.key[1] = 2;
	for (int i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text), "%d", i);
		all[i].hash = (uint32_t)hash_bytes(m.key, text, strlen(text));
		all[i].n = i;
		if (found < 64 && (all[i].hash & 1023) == 1023)
			memcpy(keys[found++], text, sizeof(text));
	}
	CU_ASSERT(found == 64);
	for (int i = 0; i < found; i++)
		bad += !hmap_put(&m, keys[i], keys[i]);
	for (int i = 0; i < found; i++)
		bad += hmap_get(&m, keys[i]) != keys[i];
	CU_ASSERT(bad == 0 && m.count == 64);
	qsort(all, MANY, sizeof(*all), by_hash);
	for (int i = 1; i < MANY && x[0] == '\0'; i++) {
		if (all[i].hash == all[i - 1].hash) {
			snprintf(x, sizeof(x), "%d", all[i].n);
			snprintf(y, sizeof(y), "%d", all[i - 1].n);
		}
	}
	CU_ASSERT(x[0] != '\0');
	CU_ASSERT(hmap_put(&m, x, x));
	CU_ASSERT_PTR_NULL(hmap_get(&m, y));
	CU_ASSERT(hmap_put(&m, y, y));
	CU_ASSERT_PTR_EQUAL(hmap_get(&m, x), x);
	CU_ASSERT_PTR_EQUAL(hmap_get(&m, y), y);
	hmap_free(&m);
	free(all);
}

/* Each length from nothing to three words: every way in which the last bytes are taken. */
static void
test_hmap_nocase(void)
{
	static char upper[26][32], lower[26][32], other[26][32];
	struct budget b = { 0 };
	struct hmap m, exact;
	size_t bad = 0;

	hmap_init_nocase(&m, &b);
	hmap_init(&exact, &b);
	for (size_t n = 0; n < 26; n++) {
		for (size_t i = 0; i < n; i++) {
			upper[n][i] = (char)('A' + (n + i) % 26);
			lower[n][i] = (char)('a' + (n + i) % 26);
			other[n][i] = lower[n][i];
		}
		if (n > 0)
			other[n][n - 1] = (char)(upper[n][n - 1] - 'A' + '['); /* differs beyond the case */
		bad += !hmap_put(&m, upper[n], upper[n]) || !hmap_put(&exact, upper[n], upper[n]);
	}
	CU_ASSERT(bad == 0 && m.count == 26 && exact.count == 26);
	for (size_t n = 0; n < 26; n++) {
		bad += hmap_get(&m, upper[n]) != upper[n] || hmap_get(&m, lower[n]) != upper[n];
		bad += n > 0 && (hmap_get(&m, other[n]) != NULL || hmap_get(&exact, lower[n]) != NULL);
		bad += hmap_get(&exact, upper[n]) != upper[n];
		bad += !hmap_put(&m, lower[n], lower[n]) || hmap_get(&m, upper[n]) != lower[n];
	}
	CU_ASSERT(bad == 0 && m.count == 26);
	/* Letters are ASCII's: "@", "[", "`", "{" beside them and bytes above are themselves. */
	CU_ASSERT(hmap_put(&m, "@[@[@[@[", upper) && hmap_get(&m, "`{`{`{`{") == NULL);
	CU_ASSERT(hmap_put(&m, "\xc3\x84-\xc3\x84-A", upper) && hmap_get(&m, "\xc3\x84-\xc3\x84-a") == upper);
	CU_ASSERT_PTR_NULL(hmap_get(&m, "\xc3\xa4-\xc3\xa4-a"));
	CU_ASSERT(hmap_put(&m, "\xc1\xda\xc1\xda\xc1\xda\xc1\xda", upper));
	CU_ASSERT_PTR_NULL(hmap_get(&m, "\xe1\xfa\xe1\xfa\xe1\xfa\xe1\xfa"));
	hmap_free(&m);
	hmap_free(&exact);
	CU_ASSERT(b.used == 0);
}

static void
test_hmap_failure(void)
{
	static char keys[100][16];
	struct budget b = { 0 };
	struct hmap m;
	int i = 0;

	for (int k = 0; k < 100; k++)
		snprintf(keys[k], sizeof(keys[k]), "%d", k);
	hmap_init(&m, &b);
	b.fail_at = 1;
	CU_ASSERT(!hmap_put(&m, "a", keys));
	CU_ASSERT(m.failed);
	CU_ASSERT_PTR_NULL(hmap_get(&m, "a"));
	hmap_free(&m);
	CU_ASSERT(!m.failed);
	/* Whatever fails, entries or table: what is in stays, and there is room the next time. */
	for (uint64_t fail = 1; fail <= 10; fail++) {
		hmap_init(&m, &b);
		b.fail_at = b.requests + fail;
		for (i = 0; i < 100 && hmap_put(&m, keys[i], keys[i]);)
			i++;
		CU_ASSERT(i < 100 && m.failed && m.count == (size_t)i);
		CU_ASSERT_PTR_NULL(hmap_get(&m, keys[i])); /* ends, too: the table is not full */
		for (int k = 0; k < i; k++)
			CU_ASSERT_PTR_EQUAL(hmap_get(&m, keys[k]), keys[k]);
		CU_ASSERT(hmap_put(&m, keys[i], keys[i]));
		CU_ASSERT(m.failed);
		hmap_free(&m);
		CU_ASSERT(b.used == 0);
	}
}

int
suite_hmap(void)
{
	static const struct unit_test tests[] = {
		{ "hash", test_hash },
		{ "hmap", test_hmap },
		{ "hmap: collisions", test_hmap_collisions },
		{ "hmap: without regard to case", test_hmap_nocase },
		{ "hmap: failure", test_hmap_failure },
	};

	return unit_add("hmap", tests, ARRAY_LEN(tests));
}
