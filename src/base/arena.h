/*
 * Memory that is freed all at once. Everything that lives as long as a job
 * or a plan comes from an arena; nothing in it is freed alone.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/base.h"

/* One budget for all memory of a job: arenas and buffers draw on it.
 * `fail_at` makes the n-th request fail (tests); 0 never. */
struct budget {
	uint64_t used, limit; /* bytes; limit 0 = none */
	uint64_t requests, fail_at;
	uint64_t hash_key[2]; /* secret of its maps, asked for once; each map has it with another number */
	bool seeded;
	bool refused; /* sticks: some request was not met, so what was made may lack something */
};

/* malloc and realloc against a budget; NULL when it is spent. `b` may be NULL.
 * The caller says the old size, since the budget counts bytes. */
void *budget_realloc(struct budget *b, void *p, size_t old, size_t size);
void budget_free(struct budget *b, void *p, size_t size);

struct arena_block;
struct arena {
	struct arena_block *head;
	struct budget *budget;
	bool failed; /* sticks: some request was not met */
};

void arena_init(struct arena *a, struct budget *b);
void arena_free(struct arena *a); /* accepts a zeroed arena */
/* Forgets what is in it, and keeps one block for what comes. */
void arena_clear(struct arena *a);
/* Gives all memory of `from` to `to`, which frees it then. Both draw on one budget. Never fails. */
void arena_join(struct arena *to, struct arena *from);
/* Zeroed memory, aligned for any object; NULL (and a->failed) when there is none. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t n, size_t size); /* checked multiplication */
/* Unaligned copy of `n` bytes with a NUL behind it. */
char *arena_strn(struct arena *a, const char *s, size_t n);
char *arena_str(struct arena *a, const char *s);
/* Room for `n` bytes, unaligned and not zeroed. */
char *arena_room(struct arena *a, size_t n);
char *arena_fmt(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
