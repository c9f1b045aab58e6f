/*
 * Memory and text of the command, which sees the library through its public
 * header alone.
 */
#ifndef CLI_UTIL_H
#define CLI_UTIL_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__GNUC__)
#define CLI_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define CLI_PRINTF(f, a)
#endif

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* All memory of a run: freed at its end, in one go. `failed` sticks. */
struct block;
struct mem {
	struct block *head;
	bool failed;
};

void *mem_array(struct mem *m, size_t n, size_t size); /* zeroed */
char *mem_strn(struct mem *m, const char *s, size_t n);
char *mem_fmt(struct mem *m, const char *fmt, ...) CLI_PRINTF(2, 3);
void mem_free(struct mem *m);

/* A growing list of strings, which are not copied. */
struct strings {
	const char **s;
	size_t n, cap;
};
bool strings_add(struct mem *m, struct strings *list, const char *s);
bool strings_have(const struct strings *list, const char *s);
void strings_sort(struct strings *list); /* by bytes */

/* Text from outside, fit for a terminal: control and bidi characters, and
 * bytes that are no UTF-8, become '?'. Never NULL. */
const char *shown(struct mem *m, const char *s);
/* Without such characters? */
bool is_plain(const char *s);

/* ASCII only: the locale must not decide. */
bool same_letters(const char *a, const char *b, size_t n);

#endif
