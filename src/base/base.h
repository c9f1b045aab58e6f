/*
 * What every file of the library may use. Knows nothing of exports.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h> /* before the poison below */
#include <stdlib.h>
#include <string.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#if defined(__GNUC__)
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#undef sprintf /* macros where the C library is fortified */
#undef vsprintf
#undef strcpy
#undef strcat
#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets
#else
#define PRINTF_LIKE(f, a)
#endif

/* ASCII only: the locale must not decide what a rule matches. */
static inline char
ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline bool
ascii_alnum(char c)
{
	return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

int ascii_casecmp(const char *a, const char *b);
int ascii_ncasecmp(const char *a, const char *b, size_t n);
/* qsort, at the price of a look where everything stands in order, or just the other way round. */
void sort(void *v, size_t n, size_t size, int (*cmp)(const void *, const void *));
bool str_eq(const char *a, const char *b);     /* NULL equals only NULL */
bool str_caseeq(const char *a, const char *b); /* the same, without regard to ASCII case */

#endif
