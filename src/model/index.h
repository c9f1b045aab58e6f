/*
 * The objects of one array, to be found by what references call them. Nothing
 * is copied: keys are the texts of the objects, hashed and compared without
 * regard to case where the product does so.
 */
#ifndef MODEL_INDEX_H
#define MODEL_INDEX_H

#include "base/arena.h"
#include "tmgport.h"

struct index_entry;
struct index {
	const struct tmg_array *array;
	struct index_entry **heads; /* by hash; their number is a power of two */
	size_t count;
	uint64_t key[2]; /* secret of the hash: an export cannot choose collisions */
	struct index *next;
};

struct hits {
	struct tmg_obj *obj; /* the last one */
	unsigned count;
};

/* NULL: no memory. */
struct index *index_make(struct arena *mem, const uint64_t key[2], const struct tmg_array *a);
/* Adds the objects that answer to a reference: by GUID, else by class and name. */
void index_find(const struct index *ix, const struct tmg_ref *ref, struct hits *h);

#endif
