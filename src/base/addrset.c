/*
 * Sets of IP addresses: union, difference, complement, splitting into blocks.
 */
#include "base/addrset.h"

#include "base/addr.h"

static const uint8_t lowest[16] = { 0 };
static const uint8_t highest[16] = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };

void
addrset_init(struct addrset *s, struct budget *b)
{
	memset(s, 0, sizeof(*s));
	s->budget = b;
}

void
addrset_free(struct addrset *s)
{
	budget_free(s->budget, s->r, s->cap * sizeof(*s->r));
	addrset_init(s, s->budget);
}

bool
addrset_add(struct addrset *s, const uint8_t from[16], const uint8_t to[16])
{
	struct addr_range *grown;
	size_t cap;

	if (memcmp(from, to, 16) > 0)
		return false;
	if (s->n == s->cap) {
		cap = s->cap != 0 ? s->cap * 2 : 8;
		grown = budget_realloc(s->budget, s->r, s->cap * sizeof(*s->r), cap * sizeof(*s->r));
		if (grown == NULL) {
			s->failed = true;
			return true;
		}
		s->r = grown;
		s->cap = cap;
	}
	memcpy(s->r[s->n].from, from, 16);
	memcpy(s->r[s->n].to, to, 16);
	s->n++;
	return true;
}

void
addrset_add_set(struct addrset *s, const struct addrset *other)
{
	for (size_t i = 0; i < other->n; i++)
		addrset_add(s, other->r[i].from, other->r[i].to);
	s->failed |= other->failed;
}

void
addrset_add_all(struct addrset *s)
{
	addrset_add(s, lowest, highest);
}

static int
range_cmp(const void *a, const void *b)
{
	return memcmp(((const struct addr_range *)a)->from, ((const struct addr_range *)b)->from, 16);
}

/* The address behind a; false behind the last one. */
static bool
next_address(const uint8_t a[16], uint8_t out[16])
{
	memcpy(out, a, 16);
	for (int i = 15; i >= 0; i--) {
		if (++out[i] != 0)
			return true;
	}
	return false;
}

/* The address before a; false before the first one. */
static bool
previous_address(const uint8_t a[16], uint8_t out[16])
{
	memcpy(out, a, 16);
	for (int i = 15; i >= 0; i--) {
		if (out[i]-- != 0)
			return true;
	}
	return false;
}

void
addrset_normalize(struct addrset *s)
{
	size_t n = 0;
	uint8_t next[16];

	if (s->n == 0)
		return;
	qsort(s->r, s->n, sizeof(*s->r), range_cmp);
	for (size_t i = 1; i < s->n; i++) {
		bool open = next_address(s->r[n].to, next);
		if (!open || memcmp(s->r[i].from, next, 16) <= 0) {
			if (memcmp(s->r[i].to, s->r[n].to, 16) > 0)
				memcpy(s->r[n].to, s->r[i].to, 16);
		} else
			s->r[++n] = s->r[i];
	}
	s->n = n + 1;
}

void
addrset_subtract(struct addrset *s, const struct addrset *other)
{
	struct addrset out;
	uint8_t from[16], edge[16];

	addrset_init(&out, s->budget);
	for (size_t i = 0, k = 0; i < s->n; i++) {
		bool open = true;
		memcpy(from, s->r[i].from, 16);
		while (k > 0 && memcmp(other->r[k - 1].to, from, 16) >= 0)
			k--;
		for (; open && k < other->n && memcmp(other->r[k].from, s->r[i].to, 16) <= 0; k++) {
			if (memcmp(other->r[k].to, from, 16) < 0)
				continue;
			if (memcmp(other->r[k].from, from, 16) > 0 && previous_address(other->r[k].from, edge))
				addrset_add(&out, from, edge);
			open = next_address(other->r[k].to, from);
		}
		if (open && memcmp(from, s->r[i].to, 16) <= 0)
			addrset_add(&out, from, s->r[i].to);
	}
	out.failed |= s->failed || other->failed;
	addrset_free(s);
	*s = out;
}

bool
addrset_is_all(const struct addrset *s)
{
	return s->n == 1 && memcmp(s->r[0].from, lowest, 16) == 0 && memcmp(s->r[0].to, highest, 16) == 0;
}

bool
addrset_has(const struct addrset *s, const uint8_t a[16])
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (memcmp(s->r[mid].to, a, 16) < 0)
			lo = mid + 1;
		else if (memcmp(s->r[mid].from, a, 16) > 0)
			hi = mid;
		else
			return true;
	}
	return false;
}

/* The last address of the block of `bits` that begins at `a`. */
static void
block_end(const uint8_t a[16], int bits, uint8_t out[16])
{
	for (int i = 0; i < 16; i++) {
		int inside = bits - 8 * i;
		uint8_t mask = inside >= 8 ? 0 : inside <= 0 ? 255 : (uint8_t)(255 >> inside);
		out[i] = a[i] | mask;
	}
}

static int
trailing_zeros(const uint8_t a[16])
{
	int n = 0;

	for (int i = 15; i >= 0; i--) {
		if (a[i] == 0) {
			n += 8;
			continue;
		}
		for (uint8_t v = a[i]; (v & 1) == 0; v >>= 1)
			n++;
		break;
	}
	return n;
}

void
addrset_each_block(const struct addrset *s, void (*fn)(void *ctx, const uint8_t base[16], int bits), void *ctx)
{
	uint8_t at[16], end[16];

	for (size_t i = 0; i < s->n; i++) {
		bool open = true;
		memcpy(at, s->r[i].from, 16);
		while (open && memcmp(at, s->r[i].to, 16) <= 0) {
			int bits = 128 - trailing_zeros(at);
			block_end(at, bits, end);
			while (memcmp(end, s->r[i].to, 16) > 0)
				block_end(at, ++bits, end);
			fn(ctx, at, bits);
			open = next_address(end, at);
		}
	}
}
