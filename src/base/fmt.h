/*
 * Formatting without a locale and many times as fast as printf, which does
 * what is left: for formats of our own, whose directives are few and simple.
 */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <stdarg.h>

#include "base/base.h"

typedef void fmt_put(void *ctx, const char *s, size_t n);

/* Writes as printf would, piece by piece. false: no memory, or a format that printf refuses. */
bool fmt_write(fmt_put *put, void *ctx, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);
/* Decimal digits of n, ending at `end`: where they begin. 20 bytes are always enough. */
char *fmt_digits(char *end, uint64_t n);

#endif
