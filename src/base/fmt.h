/*
 * The few directives of printf that nearly all formats here need, without a
 * locale and many times as fast. What else a format holds is left to printf.
 */
#ifndef BASE_FMT_H
#define BASE_FMT_H

#include <stdarg.h>

#include "base/base.h"

typedef void fmt_put(void *ctx, const char *s, size_t n);

/* Writes fmt with %s %c %d %u %lu %llu %zu %%. false: it holds another directive, nothing was
 * written and `ap` is untouched. `ap` is used up otherwise. */
bool fmt_write(fmt_put *put, void *ctx, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);
/* Decimal digits of n, ending at `end`: where they begin. 20 bytes are always enough. */
char *fmt_digits(char *end, uint64_t n);

#endif
