/*
 * Text from outside: UTF-8, what may not reach an output, host names and
 * paths as rules compare them. Must not know any target's quoting, nor where
 * a text comes from.
 */
#include "base/text.h"

#include <idn2.h>

#include "base/addr.h"

#define HOST_MAX 253
#define LABEL_MAX 63
#define HOST_INPUT_MAX 1024 /* more cannot become a name of 253 letters */

size_t
utf8_decode(const char *s, size_t n, uint32_t *cp)
{
	static const uint32_t lowest[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c;
	size_t len;

	if (n == 0)
		return 0;
	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	c = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < lowest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return len;
}

static inline bool
sixty_four_are_ascii(const char *s)
{
	uint64_t w[8];

	memcpy(w, s, sizeof(w));
	return ((w[0] | w[1] | w[2] | w[3] | w[4] | w[5] | w[6] | w[7]) & 0x8080808080808080u) == 0;
}

size_t
utf8_span(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		uint32_t cp;
		size_t len;

		/* Exports are ASCII nearly everywhere: look at many bytes at once. */
		while (n - i >= 64 && sixty_four_are_ascii(s + i))
			i += 64;
		for (size_t end = n - i > 64 ? i + 64 : n; i < end; i += len) {
			len = utf8_decode(s + i, n - i, &cp);
			if (len == 0)
				return i;
		}
	}
	return i;
}

bool
utf8_is_cut(const char *s, size_t n)
{
	char whole[4] = { 0, '\x80', '\x80', '\x80' };
	unsigned char lead = n > 0 ? (unsigned char)s[0] : 0;
	uint32_t cp;

	if (n == 0 || n > 3 || lead < 0xc2 || lead > 0xf4)
		return false;
	if (n == 1)
		return true;
	/* The second byte alone decides whether any rest makes it valid. */
	memcpy(whole, s, n);
	return utf8_decode(whole, sizeof(whole), &cp) > n;
}

bool
cp_is_unsafe(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0x61c || cp == 0x200e || cp == 0x200f || cp == 0x2028 ||
	    cp == 0x2029 || (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

static bool
plain(const char *s, size_t n)
{
	for (size_t i = 0, len; i < n; i += len) {
		uint32_t cp;

		len = utf8_decode(s + i, n - i, &cp);
		if (len == 0 || cp_is_unsafe(cp))
			return false;
	}
	return true;
}

bool
text_is_plain(const char *s)
{
	return plain(s, strlen(s));
}

/* Template and variable openings that some target expands even in comments. */
static bool
opens_template(char before, char c)
{
	return (before == '{' && (c == '{' || c == '$')) || (before == '$' && c == '{');
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Are the eight bytes surely printable ASCII without "{" and "$"? The highest bits tell, those
 * below them are of no interest; "{" and DEL differ in one bit. */
static inline bool
eight_are_harmless(const char *s)
{
	uint64_t w, bad;

	memcpy(&w, s, sizeof(w));
	bad = w | (w - EACH(0x20)) | (((w | EACH(4)) ^ EACH(0x7f)) - EACH(1)) | ((w ^ EACH('$')) - EACH(1));
	return (bad & EACH(0x80)) == 0;
}

/* The same without double quotes and backslashes; "{" and "$" may be there. */
static inline bool
eight_are_bare(const char *s)
{
	uint64_t w, bad;

	memcpy(&w, s, sizeof(w));
	bad = w | (w - EACH(0x20)) | ((w ^ EACH(0x7f)) - EACH(1)) | ((w ^ EACH('"')) - EACH(1)) |
	    ((w ^ EACH('\\')) - EACH(1));
	return (bad & EACH(0x80)) == 0;
}

bool
text_is_bare(const char *s, size_t n)
{
	size_t i = 0, stop;

	while (i < n) {
		/* The last eight again rather than a few bytes one by one. */
		if (n - i < 8 && n >= 8 && eight_are_bare(s + n - 8))
			return true;
		stop = n - i < 8 ? n : i + 8;
		if (stop - i < 8 || !eight_are_bare(s + i)) {
			for (; i < stop; i++)
				if (s[i] < 0x20 || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\')
					return false;
		}
		i = stop;
	}
	return true;
}

/* How many bytes of `s`, at most `max`, are printable ASCII that no target expands
 * behind the character `before`. */
static size_t
harmless_span(char before, const char *s, size_t n, size_t max)
{
	size_t i = 0, stop, end = n < max ? n : max;

	while (i < end) {
		/* The last eight again rather than a few bytes one by one. */
		if (end - i < 8 && end >= 8 && eight_are_harmless(s + end - 8))
			return end;
		stop = end - i < 8 ? end : i + 8;
		if (stop - i < 8 || !eight_are_harmless(s + i)) {
			for (; i < stop; i++) {
				if (s[i] < 0x20 || s[i] >= 0x7f)
					return i;
				if ((s[i] == '{' || s[i] == '$') && opens_template(i > 0 ? s[i - 1] : before, s[i]))
					return i;
			}
		}
		i = stop;
	}
	return i;
}

bool
text_safe_as_is(const char *s, size_t n, size_t max)
{
	return n <= max && harmless_span('\0', s, n, max) == n && (n == 0 || (s[n - 1] != '\\' && s[n - 1] != ' '));
}

void
text_safe(struct strbuf *b, const char *s, size_t max)
{
	size_t n = strlen(s), start = b->len, chars, first;

	chars = first = harmless_span(start > 0 ? b->s[start - 1] : '\0', s, n, max);
	sb_putn(b, s, first);
	if (chars == max && chars < n)
		chars++; /* there is more */
	for (size_t i = first, len; i < n && chars < max; i += len, chars++) {
		uint32_t cp;

		len = utf8_decode(s + i, n - i, &cp);
		if (len == 0) {
			sb_putc(b, '?');
			len = 1;
		} else if (cp_is_unsafe(cp)) {
			sb_putc(b, ' ');
		} else {
			if (b->len > 0 && opens_template(b->s[b->len - 1], s[i]))
				sb_putc(b, ' ');
			sb_putn(b, s + i, len);
		}
		if (i + len < n && chars + 1 == max)
			chars = max; /* there is more */
	}
	while (b->len > start && (b->s[b->len - 1] == '\\' || b->s[b->len - 1] == ' '))
		b->s[--b->len] = '\0';
	if (chars > max || (max == 0 && n > 0))
		sb_puts(b, "...");
}

/* A name that ends in a number is an address to some resolvers ("127.1",
 * "0x7f.1", "2130706433"); what is one by our rules never comes here. */
static bool
ends_in_number(const char *s, size_t n)
{
	size_t i = n;
	bool hex;

	while (i > 0 && s[i - 1] != '.')
		i--;
	hex = n - i >= 2 && s[i] == '0' && s[i + 1] == 'x';
	for (i += hex ? 2 : 0; i < n; i++) {
		if (!(s[i] >= '0' && s[i] <= '9') && !(hex && s[i] >= 'a' && s[i] <= 'f'))
			return false;
	}
	return true;
}

/* Labels of letters, digits, "_" and "-", in lower case already. */
static bool
labels_are_good(const char *s, size_t n)
{
	size_t label = 0;

	if (n == 0 || n > HOST_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || (c == '-' && label > 0)) {
			if (++label > LABEL_MAX)
				return false;
			continue;
		}
		if (c != '.' || label == 0 || s[i - 1] == '-')
			return false;
		label = 0;
	}
	return label > 0 && s[n - 1] != '-' && !ends_in_number(s, n);
}

/* Appends the name in ASCII lower case; it is checked afterwards. */
static bool
name_to_ascii(const char *s, size_t n, struct strbuf *out)
{
	char utf8[HOST_INPUT_MAX + 1], *ascii = NULL;
	bool ok;

	if (n > HOST_INPUT_MAX)
		return false;
	memcpy(utf8, s, n);
	utf8[n] = '\0';
	for (size_t i = 0;; i++) {
		if (i == n) {
			sb_putn(out, utf8, n);
			return true;
		}
		if ((unsigned char)utf8[i] >= 0x80)
			break;
		utf8[i] = ascii_lower(utf8[i]);
	}
	ok = plain(utf8, n) && idn2_to_ascii_8z(utf8, &ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT) == IDN2_OK;
	if (ok) {
		for (char *p = ascii; *p != '\0'; p++)
			sb_putc(out, ascii_lower(*p));
	}
	idn2_free(ascii);
	return ok;
}

bool
host_canonical(const char *s, struct strbuf *out, bool *wild)
{
	uint8_t a[16];
	char text[ADDR_TEXT];
	bool any = s[0] == '*' && s[1] == '.';
	size_t n;

	sb_clear(out);
	if (wild != NULL)
		*wild = false;
	if (addr_parse(s, a)) {
		addr_print(a, text);
		sb_puts(out, text);
		return !out->failed;
	}
	if (any)
		s += 2;
	n = strlen(s);
	if (n > 0 && s[n - 1] == '.')
		n--;
	if (!name_to_ascii(s, n, out) || out->failed || !labels_are_good(out->s, out->len)) {
		sb_clear(out);
		return false;
	}
	if (wild != NULL)
		*wild = any;
	return true;
}

bool
host_is_address(const char *s)
{
	uint8_t a[16];

	return addr_parse(s, a);
}

static int
hex_digit(char c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends the n bytes decoded, in lower case, with single slashes. */
static bool
decode_path(const char *s, size_t n, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '%') {
			int hi = n - i > 2 ? hex_digit(s[i + 1]) : -1;
			int lo = n - i > 2 ? hex_digit(s[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return false;
			c = (char)(hi << 4 | lo);
			i += 2;
			/* Written out again these would say something else: an escape
			 * decoded twice is the oldest way round a rule. */
			if (c == '%' || c == '\0')
				return false;
		}
		if (c == '*' || c == '?' || c == '#')
			return false;
		if (c == '/' && out->len > 0 && out->s[out->len - 1] == '/')
			continue;
		sb_putc(out, ascii_lower(c));
	}
	return plain(out->s, out->len);
}

bool
path_canonical(const char *s, struct strbuf *out, bool *prefix)
{
	size_t n = strlen(s);
	bool any = n >= 2 && s[n - 2] == '/' && s[n - 1] == '*';

	sb_clear(out);
	if (prefix != NULL)
		*prefix = false;
	if (any)
		n -= 2;
	if (s[0] != '/' || !decode_path(s, n, out) || out->failed) {
		sb_clear(out);
		return false;
	}
	/* A slash too many before the "/" + "*" is part of the same run. */
	if (any && out->len > 0 && out->s[out->len - 1] == '/')
		out->s[--out->len] = '\0';
	if (prefix != NULL)
		*prefix = any;
	return true;
}

/* The end before a slash, a slash before any other byte. */
static unsigned
weight(char c)
{
	return c == '\0' ? 0 : c == '/' ? 1 : (unsigned)(unsigned char)c + 2;
}

int
path_order(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return weight(*a) < weight(*b) ? -1 : weight(*a) > weight(*b);
}
