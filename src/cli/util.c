/*
 * Memory and text of the command. Knows no option and no message.
 */
#include "cli/util.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
	struct block *next;
	max_align_t data[];
};

void *
mem_array(struct mem *m, size_t n, size_t size)
{
	struct block *b = NULL;

	if (n == 0 || size <= (SIZE_MAX - sizeof(*b)) / n)
		b = calloc(1, sizeof(*b) + n * size);
	if (b == NULL) {
		m->failed = true;
		return NULL;
	}
	b->next = m->head;
	m->head = b;
	return b->data;
}

char *
mem_strn(struct mem *m, const char *s, size_t n)
{
	char *copy = mem_array(m, n + 1, 1);

	if (copy != NULL)
		memcpy(copy, s, n);
	return copy;
}

char *
mem_fmt(struct mem *m, const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0)
		s = mem_array(m, (size_t)n + 1, 1);
	if (s != NULL) {
		va_start(ap, fmt);
		vsnprintf(s, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	return s;
}

void
mem_free(struct mem *m)
{
	struct block *b;

	while ((b = m->head) != NULL) {
		m->head = b->next;
		free(b);
	}
}

/* What a list outgrows stays in `m` until the end. */
bool
strings_add(struct mem *m, struct strings *list, const char *s)
{
	const char **bigger;
	size_t cap = list->cap < 16 ? 16 : list->cap * 2;

	if (s == NULL)
		return false;
	if (list->n == list->cap) {
		bigger = mem_array(m, cap, sizeof(*bigger));
		if (bigger == NULL)
			return false;
		if (list->n > 0)
			memcpy(bigger, list->s, list->n * sizeof(*bigger));
		list->s = bigger;
		list->cap = cap;
	}
	list->s[list->n++] = s;
	return true;
}

bool
strings_have(const struct strings *list, const char *s)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strcmp(list->s[i], s) == 0)
			return true;
	return false;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void
strings_sort(struct strings *list)
{
	if (list->n > 1)
		qsort(list->s, list->n, sizeof(*list->s), compare);
}

/* Length of a character that may be shown, or 0. Overlong forms and
 * surrogates cannot deceive a terminal that decodes strictly; the ones below
 * can: C1 controls, bidi marks, line separators, the byte order mark. */
static size_t
good_character(const unsigned char *s)
{
	size_t n = s[0] < 0x80            ? 1
	    : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
	    : (s[0] & 0xf0) == 0xe0       ? 3
	    : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
					  : 0,
	       i;
	uint32_t c = n == 1 ? s[0] : n == 0 ? 0 : s[0] & (0xffu >> (n + 1));

	for (i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200e && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff)
		return 0;
	return n;
}

const char *
shown(struct mem *m, const char *s)
{
	size_t n = strlen(s), i, len;
	char *copy = mem_strn(m, s, n);

	if (copy == NULL)
		return "?";
	for (i = 0; i < n; i += len == 0 ? 1 : len) {
		len = good_character((const unsigned char *)copy + i);
		if (len == 0)
			copy[i] = '?';
	}
	return copy;
}

bool
is_plain(const char *s)
{
	size_t len;

	for (; *s != '\0'; s += len)
		if ((len = good_character((const unsigned char *)s)) == 0)
			return false;
	return true;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
same_letters(const char *a, const char *b, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (lower(a[i]) != lower(b[i]))
			return false;
		if (a[i] == '\0')
			return true;
	}
	return true;
}
