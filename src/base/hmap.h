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

uint64_t hash_bytes(const uint64_t key[2], const void *data, size_t len);
void hash_seed(uint64_t key[2]);

#endif
