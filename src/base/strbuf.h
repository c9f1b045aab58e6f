/*
 * A growing buffer of bytes. `s` is never NULL and always NUL-terminated;
 * once an append fails, `failed` sticks and further appends do nothing, so
 * that a caller looks once, at the end.
 */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include <stdarg.h>

#include "base/arena.h"

struct strbuf {
	char *s;
	size_t len, cap;
	struct budget *budget;
	bool failed;
};

void sb_init(struct strbuf *b, struct budget *budget);
void sb_free(struct strbuf *b);
void sb_clear(struct strbuf *b); /* keeps the memory, and `failed` */
void sb_putn(struct strbuf *b, const char *s, size_t n);
void sb_puts(struct strbuf *b, const char *s);
void sb_putc(struct strbuf *b, char c);
void sb_fmt(struct strbuf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void sb_vfmt(struct strbuf *b, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

#endif
