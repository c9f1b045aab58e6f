/*
 * Plain matchers: short loops over the text, one rule of the contract each.
 * Must not know rules, listeners or the plan.
 */
#include "trace/match.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#define NAME_MAX_LEN 253
#define LABEL_MAX_LEN 63

/* ---- addresses ----------------------------------------------------------------- */

static bool
read_v4(const char *s, size_t n, uint8_t out[4])
{
	size_t i = 0, part;

	for (part = 0; part < 4; part++) {
		unsigned v = 0;
		size_t start = i;

		while (i < n && s[i] >= '0' && s[i] <= '9' && i - start < 4)
			v = v * 10 + (unsigned)(s[i++] - '0');
		if (i == start || v > 255 || (s[start] == '0' && i - start > 1))
			return false;
		out[part] = (uint8_t)v;
		if (part < 3 && (i >= n || s[i++] != '.'))
			return false;
	}
	return i == n;
}

bool
match_address(const char *s, size_t n, uint8_t out[16])
{
	char text[64];
	uint8_t v4[4];

	if (read_v4(s, n, v4)) {
		memset(out, 0, 10);
		memset(out + 10, 0xff, 2);
		memcpy(out + 12, v4, 4);
		return true;
	}
	if (n > 2 && s[0] == '[' && s[n - 1] == ']') {
		s++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof(text) || memchr(s, ':', n) == NULL)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	return inet_pton(AF_INET6, text, out) == 1;
}

bool
match_is_v4(const uint8_t a[16])
{
	size_t i;

	for (i = 0; i < 10; i++)
		if (a[i] != 0)
			return false;
	return a[10] == 0xff && a[11] == 0xff;
}

void
match_address_text(const uint8_t a[16], struct strbuf *out)
{
	char text[INET6_ADDRSTRLEN];

	if (match_is_v4(a))
		sb_fmt(out, "%d.%d.%d.%d", a[12], a[13], a[14], a[15]);
	else if (inet_ntop(AF_INET6, a, text, sizeof(text)) != NULL)
		sb_fmt(out, "[%s]", text);
}

bool
match_range_good(const uint8_t from[16], const uint8_t to[16])
{
	return match_is_v4(from) == match_is_v4(to) && memcmp(from, to, 16) <= 0;
}

bool
match_in_range(const uint8_t a[16], const uint8_t from[16], const uint8_t to[16])
{
	return match_is_v4(a) == match_is_v4(from) && memcmp(a, from, 16) >= 0 && memcmp(a, to, 16) <= 0;
}

/* Ones, then zeros, and nothing else. */
static bool
mask_good(const uint8_t *mask, size_t n)
{
	bool ended = false;
	size_t i;

	for (i = 0; i < n * 8; i++) {
		bool one = (mask[i / 8] >> (7 - i % 8) & 1) != 0;

		if (one && ended)
			return false;
		ended = ended || !one;
	}
	return true;
}

static bool
bits_to_mask(const char *s, uint8_t mask[16])
{
	unsigned bits = 0, i;

	if (*s == '\0' || strlen(s) > 3 || strspn(s, "0123456789") != strlen(s))
		return false;
	for (; *s != '\0'; s++)
		bits = bits * 10 + (unsigned)(*s - '0');
	if (bits > 128)
		return false;
	memset(mask, 0, 16);
	for (i = 0; i < bits; i++)
		mask[i / 8] = (uint8_t)(mask[i / 8] | 0x80 >> i % 8);
	return true;
}

bool
match_subnet(const char *address, const char *mask_text, uint8_t from[16], uint8_t to[16])
{
	uint8_t a[16], mask[16];
	size_t i;

	if (!match_address(address, strlen(address), a))
		return false;
	if (match_is_v4(a)) {
		memset(mask, 0xff, 12);
		if (!read_v4(mask_text, strlen(mask_text), mask + 12) || !mask_good(mask + 12, 4))
			return false;
	} else if (!bits_to_mask(mask_text, mask) &&
	    (!match_address(mask_text, strlen(mask_text), mask) || match_is_v4(mask) || !mask_good(mask, 16)))
		return false;
	for (i = 0; i < 16; i++) {
		from[i] = a[i] & mask[i];
		to[i] = (uint8_t)(from[i] | (uint8_t)~mask[i]);
	}
	return match_range_good(from, to);
}

/* ---- host names ------------------------------------------------------------------ */

/* One character of UTF-8; 0 when it is none. */
static size_t
take_character(const char *s, size_t n, uint32_t *cp)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : 0, i;

	if (len == 0 || len > n)
		return 0;
	*cp = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
	for (i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3fu);
	}
	return len == 3 && *cp < 0x800 ? 0 : len;
}

/* Lower case of the letters beyond ASCII that need no tables to be judged;
 * 0 for any other: a name that holds it is never matched, which only closes. */
static uint32_t
fold_letter(uint32_t c)
{
	if (c >= 0xc0 && c <= 0xde && c != 0xd7)
		return c + 0x20;
	if (c >= 0xdf && c <= 0xff && c != 0xf7)
		return c;
	if ((c >= 0x100 && c <= 0x12f) || (c >= 0x14a && c <= 0x177))
		return c | 1;
	if ((c >= 0x139 && c <= 0x13e) || (c >= 0x141 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
		return (c & 1) != 0 ? c + 1 : c;
	if (c >= 0x391 && c <= 0x3a9 && c != 0x3a2)
		return c + 0x20;
	if (c >= 0x410 && c <= 0x42f)
		return c + 0x20;
	if (c >= 0x400 && c <= 0x40f)
		return c + 0x50;
	if ((c >= 0x3b1 && c <= 0x3c9) || (c >= 0x430 && c <= 0x45f) || (c >= 0x3041 && c <= 0x3094) ||
	    (c >= 0x30a1 && c <= 0x30fa) || (c >= 0x4e00 && c <= 0x9fa5) || (c >= 0xac00 && c <= 0xd7a3))
		return c;
	return 0;
}

static char
puny_digit(uint32_t d)
{
	return (char)(d < 26 ? 'a' + d : '0' + (d - 26));
}

/* RFC 3492, section 6.1: how steep the next variable-length number is. */
static uint32_t
puny_adapt(uint32_t delta, uint32_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / 700 : delta / 2;
	delta += delta / points;
	for (; delta > 455; k += 36)
		delta /= 35;
	return k + 36 * delta / (delta + 38);
}

static void
puny_number(uint32_t q, uint32_t bias, struct strbuf *out)
{
	uint32_t k, t;

	for (k = 36;; k += 36) {
		t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
		if (q < t)
			break;
		sb_putc(out, puny_digit(t + (q - t) % (36 - t)));
		q = (q - t) / (36 - t);
	}
	sb_putc(out, puny_digit(q));
}

/* RFC 3492, section 6.3. Labels are short, so nothing can overflow. */
static void
puny_label(const uint32_t *cp, uint32_t n, struct strbuf *out)
{
	uint32_t code = 128, delta = 0, bias = 72, done, basic = 0, i, least;

	sb_puts(out, "xn--");
	for (i = 0; i < n; i++) {
		if (cp[i] < 128) {
			sb_putc(out, (char)cp[i]);
			basic++;
		}
	}
	done = basic;
	if (basic > 0)
		sb_putc(out, '-');
	while (done < n) {
		least = UINT32_MAX;
		for (i = 0; i < n; i++)
			if (cp[i] >= code && cp[i] < least)
				least = cp[i];
		delta += (least - code) * (done + 1);
		code = least;
		for (i = 0; i < n; i++) {
			delta += cp[i] < code;
			if (cp[i] != code)
				continue;
			puny_number(delta, bias, out);
			bias = puny_adapt(delta, done + 1, done == basic);
			delta = 0;
			done++;
		}
		delta++;
		code++;
	}
}

/* Letters, digits, "_" and "-", the latter not at the ends. */
static bool
put_label(const char *s, size_t n, struct strbuf *out)
{
	uint32_t cp[LABEL_MAX_LEN], count = 0;
	size_t start = out->len, i, len;
	bool ascii = true;

	if (n == 0 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (i = 0; i < n; i += len) {
		if (count == LABEL_MAX_LEN || (len = take_character(s + i, n - i, &cp[count])) == 0)
			return false;
		if (len > 1) {
			ascii = false;
			if ((cp[count] = fold_letter(cp[count])) == 0)
				return false;
		} else {
			char c = ascii_lower(s[i]);

			if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
				return false;
			cp[count] = (uint8_t)c;
		}
		count++;
	}
	if (!ascii) {
		puny_label(cp, count, out);
	} else {
		for (i = 0; i < count; i++)
			sb_putc(out, (char)cp[i]);
	}
	return out->len - start <= LABEL_MAX_LEN;
}

/* What ends in a number is an address to whoever resolves it, or nothing. */
static bool
is_number(const char *s, size_t n)
{
	size_t i;

	if (n >= 2 && s[0] == '0' && s[1] == 'x') {
		for (i = 2; i < n; i++)
			if (strchr("0123456789abcdef", s[i]) == NULL)
				return false;
		return true;
	}
	for (i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

enum match_host_kind
match_host(const char *s, size_t n, struct strbuf *out)
{
	size_t start = out->len, last = start, i, from;
	uint8_t a[16];

	if (match_address(s, n, a)) {
		match_address_text(a, out);
		return match_is_v4(a) ? HOST_V4 : HOST_V6;
	}
	if (n > 0 && s[n - 1] == '.')
		n--;
	if (n == 0)
		return HOST_BAD;
	for (i = from = 0; i <= n; i++) {
		if (i < n && s[i] != '.')
			continue;
		if (from > 0)
			sb_putc(out, '.');
		last = out->len;
		if (!put_label(s + from, i - from, out))
			break;
		from = i + 1;
	}
	if (i > n && out->len - start <= NAME_MAX_LEN && !is_number(out->s + last, out->len - last))
		return HOST_NAME;
	if (out->len > start) {
		out->len = start;
		out->s[start] = '\0';
	}
	return HOST_BAD;
}

bool
match_below(const char *host, size_t host_len, const char *suffix, size_t suffix_len)
{
	return host_len > suffix_len + 1 && host[host_len - suffix_len - 1] == '.' &&
	    memcmp(host + host_len - suffix_len, suffix, suffix_len) == 0;
}

/* ---- paths ------------------------------------------------------------------------ */

static int
hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0'
	    : c >= 'a' && c <= 'f'  ? c - 'a' + 10
	    : c >= 'A' && c <= 'F'  ? c - 'A' + 10
				    : -1;
}

/* The byte at s, decoded once; how many bytes it takes. An escape that is none stands for itself. */
static size_t
take_byte(const char *s, size_t n, char *c)
{
	if (s[0] == '%' && n >= 3 && hex_value(s[1]) >= 0 && hex_value(s[2]) >= 0) {
		*c = (char)(hex_value(s[1]) * 16 + hex_value(s[2]));
		return 3;
	}
	*c = s[0];
	return 1;
}

void
match_path(const char *raw, size_t n, struct strbuf *out)
{
	size_t i = 0;
	char c, before = '\0';

	while (i < n) {
		i += take_byte(raw + i, n - i, &c);
		if (c != '/' || before != '/')
			sb_putc(out, ascii_lower(c));
		before = c;
	}
}

size_t
match_path_end(const char *raw, size_t n, size_t len)
{
	size_t i = 0, made = 0;
	char c, before = '\0';

	while (i < n && made < len) {
		i += take_byte(raw + i, n - i, &c);
		made += c != '/' || before != '/';
		before = c;
	}
	return i;
}

static bool
ends_in_star(const char *s, size_t n)
{
	return n >= 2 && s[n - 2] == '/' && s[n - 1] == '*';
}

/* A star in the middle, a query, a control character, an escape that is none
 * or would be decoded a second time, a segment that climbs: nobody can say
 * what such a path publishes. */
static bool
form_good(const char *s, size_t n)
{
	size_t i = 0, len = 0, dots = 0;
	char c;

	if (n > 0 && s[0] != '/')
		return false;
	while (i < n) {
		i += take_byte(s + i, n - i, &c);
		if (c == '*' || c == '?' || c == '#' || c == '%' || (uint8_t)c < 0x20 || c == 0x7f)
			return false;
		if (c != '/') {
			len++;
			dots += c == '.';
		}
		if (c == '/' || i == n) {
			if (len == dots && (len == 1 || len == 2))
				return false;
			len = dots = 0;
		}
	}
	return true;
}

bool
match_published(const char *s, bool *prefix, struct strbuf *out)
{
	size_t n = strlen(s), start = out->len;

	*prefix = ends_in_star(s, n);
	if (*prefix)
		n -= 2;
	if ((n == 0 && !*prefix) || !form_good(s, n) || memchr(s, '\\', n) != NULL)
		return false;
	match_path(s, n, out);
	/* A slash before the slash and star belongs to the same run. */
	if (*prefix && out->len > start && out->s[out->len - 1] == '/')
		out->s[--out->len] = '\0';
	return true;
}

bool
match_internal(const char *s, bool *prefix, struct strbuf *out)
{
	size_t n = strlen(s), i;

	*prefix = ends_in_star(s, n);
	if (*prefix)
		n -= 2;
	if ((n == 0 && !*prefix) || !form_good(s, n))
		return false;
	for (i = 0; i < n; i++) {
		/* What no request line can carry goes as an escape. */
		if ((uint8_t)s[i] <= 0x20 || (uint8_t)s[i] >= 0x7f || strchr("\\\"<>^`{|}", s[i]) != NULL)
			sb_fmt(out, "%%%02x", (uint8_t)s[i]);
		else
			sb_putc(out, s[i]);
	}
	return true;
}

bool
match_inside(const char *path, size_t n, const char *published, size_t published_len, bool prefix)
{
	if (n < published_len || memcmp(path, published, published_len) != 0)
		return false;
	return n == published_len || (prefix && path[published_len] == '/');
}

bool
match_hour(const uint8_t hours[24], int weekday, int hour)
{
	return (hours[hour] >> weekday & 1) != 0;
}
