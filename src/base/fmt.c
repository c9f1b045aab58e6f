/*
 * Formatting of the common directives. Must not know where the text goes.
 */
#include "base/fmt.h"

#define DIGITS 20 /* of 2^64 */

/* The length of a directive of ours behind its "%", or 0. */
static size_t
directive(const char *s)
{
	size_t n = s[0] == 'z' ? 1 : s[0] == 'l' && s[1] == 'l' ? 2 : s[0] == 'l' ? 1 : 0;

	if (n > 0)
		return s[n] == 'u' ? n + 1 : 0;
	return *s == 's' || *s == 'c' || *s == 'd' || *s == 'u' || *s == '%' ? 1 : 0;
}

/* The next "%" of fmt, or its end. */
static const char *
next(const char *fmt)
{
	while (*fmt != '\0' && *fmt != '%')
		fmt++;
	return fmt;
}

static bool
is_ours(const char *fmt)
{
	size_t n;

	for (fmt = next(fmt); *fmt == '%'; fmt = next(fmt + 1 + n)) {
		n = directive(fmt + 1);
		if (n == 0)
			return false;
	}
	return true;
}

char *
fmt_digits(char *end, uint64_t n)
{
	do {
		*--end = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	return end;
}

bool
fmt_write(fmt_put *put, void *ctx, const char *fmt, va_list ap)
{
	char number[DIGITS + 1], *end = number + sizeof(number), *s;
	const char *from, *text;
	uint64_t n;
	int i;

	if (!is_ours(fmt))
		return false;
	for (from = fmt; *from != '\0'; from = fmt) {
		fmt = next(from);
		if (fmt > from)
			put(ctx, from, (size_t)(fmt - from));
		if (*fmt == '\0')
			break;
		fmt++;
		switch (*fmt) {
		case '%': put(ctx, "%", 1); break;
		case 's':
			text = va_arg(ap, const char *);
			if (text == NULL)
				text = "(null)";
			put(ctx, text, strlen(text));
			break;
		case 'c':
			number[0] = (char)va_arg(ap, int);
			put(ctx, number, 1);
			break;
		case 'd':
			i = va_arg(ap, int);
			s = fmt_digits(end, i < 0 ? (uint64_t)0 - (uint64_t)(int64_t)i : (uint64_t)i);
			if (i < 0)
				*--s = '-';
			put(ctx, s, (size_t)(end - s));
			break;
		default:
			n = *fmt == 'u'     ? va_arg(ap, unsigned)
			    : *fmt == 'z'   ? va_arg(ap, size_t)
			    : fmt[1] == 'l' ? va_arg(ap, unsigned long long)
					    : va_arg(ap, unsigned long);
			s = fmt_digits(end, n);
			put(ctx, s, (size_t)(end - s));
			break;
		}
		fmt += directive(fmt);
	}
	return true;
}
