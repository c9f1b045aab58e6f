/*
 * Budgets and arenas. An arena is a list of blocks that grow while it grows;
 * a request that would waste much of a block gets one of its own. Must not
 * know what is kept in it.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/fmt.h"

#define BLOCK_MIN ((size_t)4096)
#define BLOCK_MAX ((size_t)256 * 1024)
#define FMT_FEW 256                /* bytes of a text that are formatted once */
#define ALIGNMENT sizeof(uint64_t) /* nothing here needs more */

struct arena_block {
	struct arena_block *next;
	size_t used, size; /* of the bytes in `data` */
	max_align_t data[];
};

#define BLOCK_HEAD offsetof(struct arena_block, data)

void *
budget_realloc(struct budget *b, void *p, size_t old, size_t size)
{
	void *q;

	if (size == 0)
		size = 1; /* so that NULL means "no memory" and nothing else */
	if (p == NULL)
		old = 0;
	else if (old == 0)
		old = 1;
	if (b == NULL)
		return realloc(p, size);
	b->requests++;
	if (b->requests == b->fail_at) {
		b->refused = true;
		return NULL;
	}
	/* Making less of something is never refused. */
	if (b->limit != 0 && size > old && (b->used > b->limit || size - old > b->limit - b->used)) {
		b->refused = true;
		return NULL;
	}
	q = realloc(p, size);
	b->refused |= q == NULL;
	if (q != NULL)
		b->used += (uint64_t)size - old; /* modulo 2^64: right in both directions */
	return q;
}

void
budget_free(struct budget *b, void *p, size_t size)
{
	if (p == NULL)
		return;
	free(p);
	if (b != NULL)
		b->used -= size == 0 ? 1 : size;
}

void
arena_init(struct arena *a, struct budget *b)
{
	a->head = NULL;
	a->budget = b;
	a->failed = false;
}

void
arena_free(struct arena *a)
{
	while (a->head != NULL) {
		struct arena_block *b = a->head;

		a->head = b->next;
		budget_free(a->budget, b, BLOCK_HEAD + b->size);
	}
	a->failed = false;
}

void
arena_clear(struct arena *a)
{
	struct arena_block *keep = a->head;

	if (keep == NULL || keep->size > BLOCK_MAX) {
		arena_free(a);
		return;
	}
	a->head = keep->next;
	arena_free(a);
	keep->next = NULL;
	keep->used = 0;
	a->head = keep;
}

void
arena_join(struct arena *to, struct arena *from)
{
	struct arena_block **last = &from->head;

	while (*last != NULL)
		last = &(*last)->next;
	if (to->head == NULL) {
		to->head = from->head;
	} else {
		/* Behind the head, whose rest is still good for small requests. */
		*last = to->head->next;
		to->head->next = from->head;
	}
	from->head = NULL;
	to->failed |= from->failed;
	from->failed = false;
}

/* A block with room for `size` bytes; it is in the list already. */
static struct arena_block *
block_new(struct arena *a, size_t size)
{
	struct arena_block *b;
	size_t total = BLOCK_MIN;
	bool own;

	if (size > SIZE_MAX - BLOCK_HEAD)
		return NULL;
	if (a->head != NULL && a->head->size >= BLOCK_MIN / 2)
		total = a->head->size >= BLOCK_MAX / 2 ? BLOCK_MAX : (a->head->size + BLOCK_HEAD) * 2;
	own = size > (total - BLOCK_HEAD) / 4;
	if (own)
		total = BLOCK_HEAD + size;
	b = budget_realloc(a->budget, NULL, 0, total);
	if (b == NULL)
		return NULL;
	b->used = 0;
	b->size = total - BLOCK_HEAD;
	if (own && a->head != NULL) {
		/* Behind the head, whose rest is still good for small requests. */
		b->next = a->head->next;
		a->head->next = b;
	} else {
		b->next = a->head;
		a->head = b;
	}
	return b;
}

/* Room for `size` bytes at an offset that `align`, a power of two, divides; not zeroed. */
static inline void *
take(struct arena *a, size_t size, size_t align)
{
	struct arena_block *b = a->head;
	size_t at = 0;

	if (b != NULL)
		at = (b->used + align - 1) & ~(align - 1);
	if (b == NULL || at > b->size || size > b->size - at) {
		b = block_new(a, size);
		at = 0;
	}
	if (b == NULL) {
		a->failed = true;
		return NULL;
	}
	b->used = at + size;
	return (char *)b->data + at;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	void *p;

	if (size == 0)
		size = 1;
	p = take(a, size, ALIGNMENT);
	if (p != NULL)
		memset(p, 0, size);
	return p;
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
	if (size != 0 && n > SIZE_MAX / size) {
		a->failed = true;
		return NULL;
	}
	return arena_alloc(a, n * size);
}

char *
arena_strn(struct arena *a, const char *s, size_t n)
{
	char *p;

	if (n == SIZE_MAX) {
		a->failed = true;
		return NULL;
	}
	p = take(a, n + 1, 1);
	if (p == NULL)
		return NULL;
	if (n > 0)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

char *
arena_room(struct arena *a, size_t n)
{
	return take(a, n, 1);
}

char *
arena_str(struct arena *a, const char *s)
{
	return arena_strn(a, s, strlen(s));
}

/* Text that is counted, and written as far as there is room. */
struct fmt_text {
	char *s;
	size_t n, room;
};

static void
put_part(void *ctx, const char *s, size_t n)
{
	struct fmt_text *t = ctx;

	if (t->n < t->room && n <= t->room - t->n)
		memcpy(t->s + t->n, s, n);
	else
		t->room = 0; /* what follows would stand behind a hole */
	t->n += n;
}

char *
arena_fmt(struct arena *a, const char *fmt, ...)
{
	char few[FMT_FEW];
	struct fmt_text text = { few, 0, sizeof(few) };
	va_list ap;
	bool good;

	va_start(ap, fmt);
	good = fmt_write(put_part, &text, fmt, ap);
	va_end(ap);
	if (good && text.room != 0)
		return arena_strn(a, few, text.n);
	/* Too long, or without memory: once more, to where there is room. */
	text.s = good ? take(a, text.n + 1, 1) : NULL;
	if (text.s == NULL) {
		a->failed = true;
		return NULL;
	}
	text.room = text.n;
	text.n = 0;
	va_start(ap, fmt);
	good = fmt_write(put_part, &text, fmt, ap);
	va_end(ap);
	text.s[text.n] = '\0';
	if (!good)
		a->failed = true;
	return good ? text.s : NULL;
}
