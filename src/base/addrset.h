/*
 * Sets of IP addresses as sorted ranges that neither touch nor overlap.
 * IPv4 lies inside the 128-bit space as ::ffff:a.b.c.d, so that one
 * complement serves both. Knows nothing of networks or rules.
 */
#ifndef BASE_ADDRSET_H
#define BASE_ADDRSET_H

#include "base/arena.h"

struct addr_range {
	uint8_t from[16], to[16]; /* both included */
};

struct addrset {
	struct addr_range *r;
	size_t n, cap;
	struct budget *budget;
	bool failed; /* sticks: some addition had no memory */
};

void addrset_init(struct addrset *s, struct budget *b);
void addrset_free(struct addrset *s);
/* Adds a range; an inverted one adds nothing and is answered with false. */
bool addrset_add(struct addrset *s, const uint8_t from[16], const uint8_t to[16]);
void addrset_add_set(struct addrset *s, const struct addrset *other);
void addrset_add_all(struct addrset *s); /* every address */
/* Sorts and joins; to be called before the questions below. */
void addrset_normalize(struct addrset *s);
/* Takes the other set's addresses away; both normalized, and so is the result. */
void addrset_subtract(struct addrset *s, const struct addrset *other);
bool addrset_is_all(const struct addrset *s);
bool addrset_has(const struct addrset *s, const uint8_t a[16]);
/* Each maximal block of a range: base address and prefix length (of 128). */
void addrset_each_block(const struct addrset *s, void (*fn)(void *ctx, const uint8_t base[16], int bits), void *ctx);

#endif
