/*
 * The hash map: open addressing with linear probing in a table whose size is a
 * power of two, and SipHash-1-3 with a secret key. Must not know what the keys
 * are; nothing is ever taken out of a map, so there are no graves.
 */
#include "base/hmap.h"

#include <endian.h>
#include <errno.h>
#include <sys/random.h>
#include <time.h>

#define CAP_MIN ((size_t)16)

struct hslot {
	const char *key; /* NULL: free */
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

uint64_t
hash_bytes(const uint64_t key[2], const void *data, size_t len)
{
	uint64_t v[4] = {
		key[0] ^ 0x736f6d6570736575u,
		key[1] ^ 0x646f72616e646f6du,
		key[0] ^ 0x6c7967656e657261u,
		key[1] ^ 0x7465646279746573u,
	};
	const unsigned char *p = data;
	uint64_t m;
	size_t left = len;

	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&m, p, sizeof(m));
		m = le64toh(m);
		v[3] ^= m;
		sip_round(v);
		v[0] ^= m;
	}
	m = (uint64_t)(len & 0xff) << 56;
	for (size_t i = 0; i < left; i++)
		m |= (uint64_t)p[i] << (8 * i);
	v[3] ^= m;
	sip_round(v);
	v[0] ^= m;
	v[2] ^= 0xff;
	sip_round(v);
	sip_round(v);
	sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
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
	m->slots = NULL;
	m->cap = m->count = 0;
	m->budget = b;
	m->failed = false;
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
hmap_free(struct hmap *m)
{
	if (m->slots != NULL)
		budget_free(m->budget, m->slots, m->cap * sizeof(m->slots[0]));
	m->slots = NULL;
	m->cap = m->count = 0;
	m->failed = false;
}

static bool
grow(struct hmap *m)
{
	size_t cap = m->cap == 0 ? CAP_MIN : m->cap * 2;
	struct hslot *slots;

	/* The stored halves of the hashes serve for so many slots only. */
	if (cap > SIZE_MAX / sizeof(slots[0]) || cap - 1 > UINT32_MAX)
		return false;
	slots = budget_realloc(m->budget, NULL, 0, cap * sizeof(slots[0]));
	if (slots == NULL)
		return false;
	memset(slots, 0, cap * sizeof(slots[0]));
	for (size_t i = 0; i < m->cap; i++) {
		size_t at;

		if (m->slots[i].key == NULL)
			continue;
		at = m->slots[i].hash & (cap - 1);
		while (slots[at].key != NULL)
			at = (at + 1) & (cap - 1);
		slots[at] = m->slots[i];
	}
	if (m->slots != NULL)
		budget_free(m->budget, m->slots, m->cap * sizeof(m->slots[0]));
	m->slots = slots;
	m->cap = cap;
	return true;
}

/* The slot of the key, or the free one where it belongs. There is always a
 * free one, since the table is never full. */
static struct hslot *
find(const struct hmap *m, const char *key, size_t len, uint32_t hash)
{
	size_t at = hash & (m->cap - 1);

	for (;; at = (at + 1) & (m->cap - 1)) {
		struct hslot *s = &m->slots[at];

		if (s->key == NULL)
			return s;
		if (s->hash == hash && s->len == len && memcmp(s->key, key, len) == 0)
			return s;
	}
}

void **
hmap_slot(struct hmap *m, const char *key, size_t len, bool create)
{
	struct hslot *s;
	uint32_t hash;

	if (len == 0)
		key = "";
	if (m->cap == 0 && !create)
		return NULL;
	if (len > UINT32_MAX || (m->cap == 0 && !grow(m))) {
		m->failed = m->failed || create;
		return NULL;
	}
	hash = (uint32_t)hash_bytes(m->key, key, len);
	s = find(m, key, len, hash);
	if (s->key != NULL)
		return &s->value;
	if (!create)
		return NULL;
	if (m->count >= m->cap / 4 * 3) {
		if (!grow(m)) {
			m->failed = true;
			return NULL;
		}
		s = find(m, key, len, hash);
	}
	s->key = key;
	s->len = (uint32_t)len;
	s->hash = hash;
	s->value = NULL;
	m->count++;
	return &s->value;
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
