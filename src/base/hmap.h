/*
 * A hash map from byte strings to pointers. The hash is keyed with a secret
 * of the process's random source, so that an export cannot choose collisions;
 * nothing may depend on the order of the slots, and no iteration is offered.
 * Keys are not copied: they must live as long as the map.
 */
#ifndef BASE_HMAP_H
#define BASE_HMAP_H

#include "base/arena.h"

struct hentry;
struct hmap {
	struct hentry *entries; /* `count` of them in `room` */
	uint32_t *index;        /* `cap` slots: a power of two, or none for a few entries */
	size_t cap, room, count;
	uint64_t key[2];
	struct budget *budget;
	bool failed; /* sticks: an insertion had no memory */
	bool nocase;
	uint32_t last; /* number of the entry that was asked for last: often the next one, too */
};

void hmap_init(struct hmap *m, struct budget *b);
/* A map whose keys compare without regard to ASCII case. It keeps the first spelling. */
void hmap_init_nocase(struct hmap *m, struct budget *b);
void hmap_free(struct hmap *m);
/* The place of the value for this key, made (holding NULL) if `create`; NULL
 * when absent or out of memory. Valid until the next creating call. */
void **hmap_slot(struct hmap *m, const char *key, size_t len, bool create);
void *hmap_get(struct hmap *m, const char *key); /* value, or NULL */
bool hmap_put(struct hmap *m, const char *key, void *value);

/* A word for the n bytes, made of their number and both ends: for places among what came last, where two
 * that share one cost time and no more. Whoever knows it can choose collisions. */
static inline uint64_t
poor_hash(const char *s, size_t n)
{
	uint64_t first = 0, last = 0;
	uint32_t half[2];

	if (n >= sizeof(first)) {
		memcpy(&first, s, sizeof(first));
		memcpy(&last, s + n - sizeof(last), sizeof(last));
	} else if (n >= sizeof(half[0])) {
		memcpy(&half[0], s, sizeof(half[0]));
		memcpy(&half[1], s + n - sizeof(half[1]), sizeof(half[1]));
		first = half[0];
		last = half[1];
	} else if (n > 0) {
		first = (uint64_t)(unsigned char)s[0] << 8 | (unsigned char)s[n - 1];
		last = (unsigned char)s[n / 2];
	}
	return (first + n) * UINT64_C(0x9e3779b97f4a7c15) ^ last * UINT64_C(0xc2b2ae3d27d4eb4f);
}

uint64_t hash_bytes(const uint64_t key[2], const void *data, size_t len);
void hash_seed(uint64_t key[2]);

#endif
