/*
 * Formatting: %s %c %d %u %lu %llu %zu %% here, and from the first other
 * directive on by printf. Must not know where the text goes.
 */
#include "base/fmt.h"

#define DIGITS 20 /* of 2^64 */
#define SHORT 256

char *
fmt_digits(char *end, uint64_t n)
{
	do {
		*--end = (char)('0' + n % 10);
		n /= 10;
	} while (n != 0);
	return end;
}

static bool put_rest(fmt_put *put, void *ctx, const char *fmt, va_list ap) PRINTF_LIKE(3, 0);

static bool
put_rest(fmt_put *put, void *ctx, const char *fmt, va_list ap)
{
	char few[SHORT], *many;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(few, sizeof(few), fmt, again);
	va_end(again);
	if (n >= 0 && (size_t)n < sizeof(few)) {
		put(ctx, few, (size_t)n);
		return true;
	}
	many = n < 0 ? NULL : malloc((size_t)n + 1);
	if (many == NULL)
		return false;
	n = vsnprintf(many, (size_t)n + 1, fmt, ap);
	if (n > 0)
		put(ctx, many, (size_t)n);
	free(many);
	return n >= 0;
}

/* %u with its length modifier, or nothing of the kind: 0. */
static size_t
unsigned_directive(const char *s)
{
	size_t n = s[0] == 'z' ? 1 : s[0] == 'l' && s[1] == 'l' ? 2 : s[0] == 'l' ? 1 : 0;

	return s[n] == 'u' ? n + 1 : 0;
}

bool
fmt_write(fmt_put *put, void *ctx, const char *fmt, va_list ap)
{
	char number[DIGITS + 1], *end = number + sizeof(number), *s;
	const char *from = fmt, *text;
	uint64_t n;
	size_t len;
	int i;

	for (;; from = fmt) {
		if (*fmt != '%') {
			fmt = strchr(fmt, '%');
			len = fmt != NULL ? (size_t)(fmt - from) : strlen(from);
			if (len > 0)
				put(ctx, from, len);
			if (fmt == NULL)
				return true;
		}
		switch (fmt[1]) {
		case '%':
			put(ctx, fmt, 1);
			fmt += 2;
			break;
		case 's':
			text = va_arg(ap, const char *);
			text = text != NULL ? text : "(null)";
			put(ctx, text, strlen(text));
			fmt += 2;
			break;
		case 'c':
			number[0] = (char)va_arg(ap, int);
			put(ctx, number, 1);
			fmt += 2;
			break;
		case 'd':
			i = va_arg(ap, int);
			s = fmt_digits(end, i < 0 ? 0 - (uint64_t)(int64_t)i : (uint64_t)i);
			if (i < 0)
				*--s = '-';
			put(ctx, s, (size_t)(end - s));
			fmt += 2;
			break;
		default:
			len = unsigned_directive(fmt + 1);
			if (len == 0)
				return put_rest(put, ctx, fmt, ap);
			if (len == 1)
				n = va_arg(ap, unsigned);
			else if (fmt[1] == 'z')
				n = va_arg(ap, size_t);
			else if (len == 2)
				n = va_arg(ap, unsigned long);
			else
				n = va_arg(ap, unsigned long long);
			s = fmt_digits(end, n);
			put(ctx, s, (size_t)(end - s));
			fmt += 1 + len;
			break;
		}
	}
}
