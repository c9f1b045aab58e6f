/*
 * The hash map: the entries stand densely in the order in which they came, and
 * a table of four bytes a slot says where; open addressing with linear probing,
 * SipHash-1-3 with a secret key. A slot holds the number of its entry and, in
 * the bits above it, so much of the hash as is left: other keys are told apart
 * there without a look at them. A few entries need no table. Must not know what
 * the keys are; nothing is ever taken out of a map, so there are no graves.
 */
#include "base/hmap.h"

#include <endian.h>
#include <errno.h>
#include <sys/random.h>
#include <time.h>

#define FEW ((size_t)8) /* entries that are looked through one by one */
#define CAP_MIN ((size_t)16)

struct hentry {
	const char *key;
	void *value;
	uint32_t len;
	uint32_t hash; /* lower half, enough to place it again when the table grows */
};

static inline uint64_t
rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] = rotl(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] = rotl(v[2], 32);
}

/* The bytes behind the last whole word, n < 8 of `len`, and the length above them. */
static inline uint64_t
last_word(const unsigned char *p, size_t n, size_t len)
{
	uint64_t m = 0;
	uint32_t low, high;
	uint16_t two;

	if (len >= 8 && n > 0) {
		/* The word that ends where they end, without what was seen of it. */
		memcpy(&m, p + n - 8, sizeof(m));
		m = le64toh(m) >> (64 - 8 * n);
	} else if (n >= 4) {
		memcpy(&low, p, sizeof(low));
		memcpy(&high, p + n - 4, sizeof(high));
		m = le32toh(low) | (uint64_t)le32toh(high) << (8 * (n - 4));
	} else if (n >= 2) {
		memcpy(&two, p, sizeof(two));
		m = le16toh(two) | (uint64_t)p[n - 1] << (8 * (n - 1));
	} else if (n == 1) {
		m = p[0];
	}
	return m | (uint64_t)(len & 0xff) << 56;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* ASCII capitals among the eight bytes made small. */
static inline uint64_t
lower_word(uint64_t w)
{
	uint64_t seven = w & EACH(0x7f), from_a = seven + EACH(0x80 - 'A'), above_z = seven + EACH(0x7f - 'Z');

	return w | ((from_a & ~above_z & ~w & EACH(0x80)) >> 2);
}

/* One for both kinds of map, made twice by the compiler. */
static inline uint64_t
hash_some(const uint64_t key[2], const unsigned char *p, size_t len, bool nocase)
{
	uint64_t v[4] = {
		key[0] ^ 0x736f6d6570736575u,
		key[1] ^ 0x646f72616e646f6du,
		key[0] ^ 0x6c7967656e657261u,
		key[1] ^ 0x7465646279746573u,
	};
	uint64_t m;
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&m, p, sizeof(m));
		m = le64toh(m);
		if (nocase)
			m = lower_word(m);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	m = last_word(p, left, len);
	if (nocase) /* not the length */
		m = (m & ~(UINT64_MAX >> 8)) | (lower_word(m) & UINT64_MAX >> 8);
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
hash_bytes(const uint64_t key[2], const void *data, size_t len)
{
	return hash_some(key, data, len, false);
}

void
hash_seed(uint64_t key[2])
{
	unsigned char *p = (unsigned char *)key;
	size_t got = 0, size = 2 * sizeof(key[0]);

	while (got < size) {
		ssize_t n = getrandom(p + got, size - got, 0);
		struct timespec ts = { 0, 0 };

		if (n > 0) {
			got += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		/* Kept from asking (a sandbox, an old kernel): a poor secret is
		 * better than none, and no result depends on it. */
		clock_gettime(CLOCK_MONOTONIC, &ts);
		key[0] = (uint64_t)ts.tv_nsec * 0x9e3779b97f4a7c15u ^ (uint64_t)(uintptr_t)&ts;
		key[1] = ((uint64_t)ts.tv_sec << 32) ^ (uint64_t)(uintptr_t)key;
		return;
	}
}

void
hmap_init(struct hmap *m, struct budget *b)
{
	m->entries = NULL;
	m->index = NULL;
	m->cap = m->room = m->count = 0;
	m->budget = b;
	m->failed = m->nocase = false;
	m->last = 0;
	if (b == NULL) {
		hash_seed(m->key);
		return;
	}
	if (!b->seeded)
		hash_seed(b->hash_key);
	b->seeded = true;
	/* A key of its own: what is read out of one map in its order and put into another would else collide there. */
	b->hash_key[1]++;
	memcpy(m->key, b->hash_key, sizeof(m->key));
}

void
hmap_init_nocase(struct hmap *m, struct budget *b)
{
	hmap_init(m, b);
	m->nocase = true;
}

void
hmap_free(struct hmap *m)
{
	budget_free(m->budget, m->index, m->cap * sizeof(m->index[0]));
	budget_free(m->budget, m->entries, m->room * sizeof(m->entries[0]));
	m->entries = NULL;
	m->index = NULL;
	m->cap = m->room = m->count = 0;
	m->last = 0;
	m->failed = false;
}

/* What the slot of the entry with this number holds. The number never fills
 * the bits that choose the slot, so that the others are free for the hash. */
static uint32_t
slot_of(const struct hmap *m, size_t i, uint32_t hash)
{
	return (hash & ~(uint32_t)(m->cap - 1)) | (uint32_t)(i + 1);
}

static void
place(struct hmap *m, size_t i)
{
	uint32_t hash = m->entries[i].hash;
	size_t at = hash & (m->cap - 1);

	while (m->index[at] != 0)
		at = (at + 1) & (m->cap - 1);
	m->index[at] = slot_of(m, i, hash);
}

/* Room for one more entry. */
static bool
entries_grow(struct hmap *m)
{
	size_t size = sizeof(m->entries[0]);
	size_t more = m->room < FEW ? FEW / 2 : m->room < 4096 ? m->room / 2 : m->room / 4;
	struct hentry *e;

	if (m->room > SIZE_MAX / size - more)
		return false;
	e = budget_realloc(m->budget, m->entries, m->room * size, (m->room + more) * size);
	if (e == NULL)
		return false;
	m->entries = e;
	m->room += more;
	return true;
}

/* A table with room for one more entry. When there is none, the old one is still good. */
static bool
index_grow(struct hmap *m)
{
	size_t cap = m->cap == 0 ? CAP_MIN : m->cap * 2;
	uint32_t *index;

	/* The stored halves of the hashes serve for so many slots only. */
	if (cap > SIZE_MAX / sizeof(index[0]) || cap - 1 > UINT32_MAX)
		return false;
	index = budget_realloc(m->budget, m->index, m->cap * sizeof(index[0]), cap * sizeof(index[0]));
	if (index == NULL)
		return false;
	memset(index, 0, cap * sizeof(index[0]));
	m->index = index;
	m->cap = cap;
	for (size_t i = 0; i < m->count; i++)
		place(m, i);
	return true;
}

static bool
same_letters(const char *a, const char *b, size_t n)
{
	uint64_t x, y;

	for (; n >= 8; n -= 8, a += 8, b += 8) {
		memcpy(&x, a, sizeof(x));
		memcpy(&y, b, sizeof(y));
		if (x != y && lower_word(x) != lower_word(y))
			return false;
	}
	while (n > 0 && ascii_lower(a[n - 1]) == ascii_lower(b[n - 1]))
		n--;
	return n == 0;
}

static inline bool
is_text(const struct hmap *m, const struct hentry *e, const char *key, size_t len)
{
	return e->len == len && (m->nocase ? same_letters(e->key, key, len) : memcmp(e->key, key, len) == 0);
}

static inline bool
is_key(const struct hmap *m, const struct hentry *e, const char *key, size_t len, uint32_t hash)
{
	return e->hash == hash && is_text(m, e, key, len);
}

/* The entry of the key, or NULL. A table is never full: there is a free slot that ends it. */
static struct hentry *
find(const struct hmap *m, const char *key, size_t len, uint32_t hash)
{
	uint32_t low, slot;

	if (m->cap == 0) {
		for (size_t i = 0; i < m->count; i++) {
			if (is_key(m, &m->entries[i], key, len, hash))
				return &m->entries[i];
		}
		return NULL;
	}
	low = (uint32_t)(m->cap - 1);
	for (size_t at = hash & low; (slot = m->index[at]) != 0; at = (at + 1) & low) {
		struct hentry *e = &m->entries[(slot & low) - 1];

		if (((slot ^ hash) & ~low) == 0 && is_key(m, e, key, len, hash))
			return e;
	}
	return NULL;
}

void **
hmap_slot(struct hmap *m, const char *key, size_t len, bool create)
{
	struct hentry *e;
	uint32_t hash;

	if (len == 0)
		key = "";
	if (m->count == 0 && !create)
		return NULL;
	if (len > UINT32_MAX) {
		m->failed = m->failed || create;
		return NULL;
	}
	if (m->last < m->count && is_text(m, &m->entries[m->last], key, len))
		return &m->entries[m->last].value;
	hash = (uint32_t)(m->nocase ? hash_some(m->key, (const unsigned char *)key, len, true)
				    : hash_bytes(m->key, key, len));
	e = find(m, key, len, hash);
	if (e != NULL) {
		m->last = (uint32_t)(e - m->entries);
		return &e->value;
	}
	if (!create)
		return NULL;
	if ((m->count == m->room && !entries_grow(m)) ||
	    (m->count >= (m->cap == 0 ? FEW : m->cap / 4 * 3) && !index_grow(m))) {
		m->failed = true;
		return NULL;
	}
	e = &m->entries[m->count];
	*e = (struct hentry){ .key = key, .len = (uint32_t)len, .hash = hash };
	if (m->cap != 0)
		place(m, m->count);
	m->last = (uint32_t)m->count++;
	return &e->value;
}

void *
hmap_get(struct hmap *m, const char *key)
{
	void **p = hmap_slot(m, key, strlen(key), false);

	return p != NULL ? *p : NULL;
}

bool
hmap_put(struct hmap *m, const char *key, void *value)
{
	void **p = hmap_slot(m, key, strlen(key), true);

	if (p == NULL)
		return false;
	*p = value;
	return true;
}
