/*
 * Mutations that keep XML well-formed, for the export target: bytes changed at
 * random hardly ever get past the parser. Half of the time the engine's own
 * mutations run instead. Belongs to libFuzzer builds alone; must not know what
 * any element means.
 */
#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);

/* An element: [from, to), its content [inner, outer). */
struct span {
	size_t from, inner, outer, to;
};

static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* The n-th start tag, and where its element ends, counting tags only. */
static bool
element(const char *s, size_t n, size_t at, struct span *e)
{
	size_t depth = 0;
	const char *p = memchr(s + at, '<', n - at);

	while (p != NULL && (size_t)(p - s) + 1 < n && (p[1] == '/' || p[1] == '?' || p[1] == '!'))
		p = memchr(p + 1, '<', n - (size_t)(p + 1 - s));
	if (p == NULL)
		return false;
	e->from = (size_t)(p - s);
	e->inner = 0;
	for (; p != NULL; p = memchr(p, '<', n - (size_t)(p - s))) {
		const char *end = memchr(p, '>', n - (size_t)(p - s));

		if (end == NULL)
			return false;
		if (p[1] == '/')
			depth--;
		else if (p[1] != '?' && p[1] != '!' && end[-1] != '/')
			depth++;
		if (e->inner == 0)
			e->inner = (size_t)(end + 1 - s);
		e->outer = (size_t)(p - s);
		p = end + 1;
		if (depth == 0) {
			e->to = (size_t)(p - s);
			if (e->outer < e->inner)
				e->outer = e->inner;
			return true;
		}
	}
	return false;
}

static bool
any_element(const char *s, size_t n, uint32_t *state, struct span *e)
{
	return element(s, n, next_random(state) % n, e);
}

/* Puts [from, from + len) of the old bytes in the place of [at, end). */
static size_t
splice(uint8_t *data, size_t size, size_t max, size_t at, size_t end, const void *with, size_t len)
{
	size_t fresh = size - (end - at) + len;

	if (fresh > max)
		return size;
	memmove(data + at + len, data + end, size - end);
	memcpy(data + at, with, len);
	return fresh;
}

static size_t
new_text(uint8_t *data, size_t size, size_t max, const struct span *e, uint32_t *state)
{
	static const char *const texts[] = { "0", "1", "-1", "2", "256", "4443", "65536", "4294967296", "/*", "/", "*",
		"*.contoso.com", "lyncfe.contoso.local", "http://a.contoso.com/x y", "10.1.1.22", "255.255.255.0",
		"0100000000000000", "{8e85be33-e7dd-4afd-8c7f-6ac9f2ed6bcf}", "a\xe2\x80\xae;} $x '&quot;", "&#10;", "",
		"../..", "a%2e%2e/b", "[2001:db8::1]:443" };
	const char *t = texts[next_random(state) % ARRAY_LEN(texts)];

	return splice(data, size, max, e->inner, e->outer, t, strlen(t));
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
	uint32_t state = seed, what = next_random(&state) % 10;
	struct span a, b;
	size_t fresh = size, len;
	char *copy;

	if (size < 8 || what < 4 || !any_element((char *)data, size, &state, &a) ||
	    !any_element((char *)data, size, &state, &b))
		return LLVMFuzzerMutate(data, size, max);
	len = b.to - b.from;
	copy = malloc(len + 1);
	if (copy == NULL)
		return size;
	memcpy(copy, data + b.from, len);
	switch (what) {
	case 4: fresh = splice(data, size, max, a.from, a.to, "", 0); break;
	case 5: fresh = splice(data, size, max, a.from, a.from, copy, len); break;
	case 6: fresh = splice(data, size, max, a.from, a.to, copy, len); break;
	case 7: fresh = splice(data, size, max, a.inner, a.outer, copy + (b.inner - b.from), b.outer - b.inner); break;
	default: fresh = new_text(data, size, max, &a, &state); break;
	}
	free(copy);
	return fresh;
}
