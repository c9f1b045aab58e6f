/*
 * Comparisons of strings as the whole library makes them: by ASCII rules,
 * whatever the locale is. Must not know what the strings mean.
 */
#include "base/base.h"

static int
diff(char a, char b)
{
	return (int)(unsigned char)ascii_lower(a) - (int)(unsigned char)ascii_lower(b);
}

int
ascii_casecmp(const char *a, const char *b)
{
	for (; *a == *b || diff(*a, *b) == 0; a++, b++)
		if (*a == '\0')
			return 0;
	return diff(*a, *b);
}

int
ascii_ncasecmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int d = diff(a[i], b[i]);

		if (d != 0 || a[i] == '\0')
			return d;
	}
	return 0;
}

bool
str_eq(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
str_caseeq(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && ascii_casecmp(a, b) == 0);
}

static void
swap(char *a, char *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		char c = a[i];

		a[i] = b[i];
		b[i] = c;
	}
}

void
sort(void *v, size_t n, size_t size, int (*cmp)(const void *, const void *))
{
	char *p = v;
	size_t up = 1, down = 1;

	while (up < n && cmp(p + (up - 1) * size, p + up * size) <= 0)
		up++;
	if (up >= n)
		return;
	while (down < n && cmp(p + (down - 1) * size, p + down * size) > 0)
		down++;
	if (down < n) {
		qsort(v, n, size, cmp);
		return;
	}
	for (size_t i = 0; i < n / 2; i++)
		swap(p + i * size, p + (n - 1 - i) * size, size);
}
