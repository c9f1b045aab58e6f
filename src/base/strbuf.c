/*
 * The growing buffer. Must not know what is written into it.
 */
#include "base/strbuf.h"

#include "base/fmt.h"

#define CAP_MIN ((size_t)64)

/* What an empty buffer points to; nothing ever writes into it. */
static const char nothing[1];

void
sb_init(struct strbuf *b, struct budget *budget)
{
	b->s = (char *)(uintptr_t)nothing;
	b->len = b->cap = 0;
	b->budget = budget;
	b->failed = false;
}

void
sb_free(struct strbuf *b)
{
	if (b->cap != 0)
		budget_free(b->budget, b->s, b->cap);
	sb_init(b, b->budget);
}

void
sb_clear(struct strbuf *b)
{
	b->len = 0;
	if (b->cap != 0)
		b->s[0] = '\0';
}

/* Makes room for n bytes and the NUL behind them. */
static bool
grow(struct strbuf *b, size_t n)
{
	size_t need, cap;
	char *s;

	if (b->failed)
		return false;
	if (b->cap != 0 && n < b->cap - b->len)
		return true;
	b->failed = true;
	if (n >= SIZE_MAX - b->len)
		return false;
	need = b->len + n + 1;
	cap = b->cap < CAP_MIN / 2 ? CAP_MIN : b->cap > SIZE_MAX / 2 ? SIZE_MAX : b->cap * 2;
	if (cap < need)
		cap = need;
	s = budget_realloc(b->budget, b->cap != 0 ? b->s : NULL, b->cap, cap);
	if (s == NULL)
		return false;
	s[b->len] = '\0';
	b->s = s;
	b->cap = cap;
	b->failed = false;
	return true;
}

void
sb_putn(struct strbuf *b, const char *s, size_t n)
{
	if (n == 0 || (n >= b->cap - b->len && !grow(b, n)) || b->failed)
		return;
	memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void
sb_puts(struct strbuf *b, const char *s)
{
	sb_putn(b, s, strlen(s));
}

void
sb_putc(struct strbuf *b, char c)
{
	sb_putn(b, &c, 1);
}

void
sb_fmt(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sb_vfmt(b, fmt, ap);
	va_end(ap);
}

static void
put_part(void *ctx, const char *s, size_t n)
{
	sb_putn(ctx, s, n);
}

void
sb_vfmt(struct strbuf *b, const char *fmt, va_list ap)
{
	if (!b->failed && !fmt_write(put_part, b, fmt, ap))
		b->failed = true;
}
