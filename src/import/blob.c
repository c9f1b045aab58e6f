/*
 * Vendor parameter sets: hex that holds named values, little-endian, text in
 * UTF-16. Strings are read up to their NUL; the size in front of them is only
 * a bound, since its unit is not known. Knows nothing of what values mean.
 */
#include "import/read.h"

struct cursor {
	const uint8_t *p;
	size_t left;
	bool failed;
};

enum tmg_vendor_kind
vendor_kind(const char *guid)
{
	static const struct {
		const char *guid;
		enum tmg_vendor_kind kind;
	} known[] = {
		{ "{f1076e51-bbaf-48ba-a2d7-b0875211e80d}", TMG_V_HTTP_FILTER },
		{ "{3563FFF5-DF93-40eb-ABC3-D24B5F14D8AA}", TMG_V_LINKS },
		{ "{E4FA56DB-7A77-4d13-B421-6641DF2D1AF0}", TMG_V_LINK_TYPES },
		{ "{FDBB98B8-08F0-4903-BA04-4855E9DD4AD4}", TMG_V_LINK_SETTINGS },
		{ "{5e302ed5-f5d5-4fad-9b8a-01c72e1569f3}", TMG_V_WIZARD },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (ascii_casecmp(known[i].guid, guid) == 0)
			return known[i].kind;
	}
	return TMG_V_OTHER;
}

static uint64_t
take(struct cursor *c, size_t n)
{
	uint64_t v = 0;

	if (c->failed || c->left < n) {
		c->failed = true;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)c->p[i] << (8 * i);
	c->p += n;
	c->left -= n;
	return v;
}

static void
put_utf8(struct strbuf *b, uint32_t cp)
{
	if (cp < 0x80)
		sb_putc(b, (char)cp);
	else if (cp < 0x800) {
		sb_putc(b, (char)(0xC0 | cp >> 6));
		sb_putc(b, (char)(0x80 | (cp & 0x3F)));
	} else if (cp < 0x10000) {
		sb_putc(b, (char)(0xE0 | cp >> 12));
		sb_putc(b, (char)(0x80 | (cp >> 6 & 0x3F)));
		sb_putc(b, (char)(0x80 | (cp & 0x3F)));
	} else {
		sb_putc(b, (char)(0xF0 | cp >> 18));
		sb_putc(b, (char)(0x80 | (cp >> 12 & 0x3F)));
		sb_putc(b, (char)(0x80 | (cp >> 6 & 0x3F)));
		sb_putc(b, (char)(0x80 | (cp & 0x3F)));
	}
}

/* UTF-16LE up to its NUL. A lone surrogate breaks the blob. */
static const char *
take_string(struct cursor *c, struct arena *mem, struct strbuf *b)
{
	uint64_t size = take(c, 4);
	uint32_t u, low;

	if (size > c->left)
		c->failed = true;
	sb_clear(b);
	while (!c->failed) {
		u = (uint32_t)take(c, 2);
		if (u == 0)
			break;
		if (u >= 0xD800 && u < 0xDC00) {
			low = (uint32_t)take(c, 2);
			if (low < 0xDC00 || low > 0xDFFF)
				c->failed = true;
			else
				u = 0x10000 + ((u - 0xD800) << 10) + (low - 0xDC00);
		} else if (u >= 0xDC00 && u < 0xE000)
			c->failed = true;
		if (!c->failed)
			put_utf8(b, u);
	}
	if (c->failed || b->failed)
		return NULL;
	return arena_strn(mem, b->s, b->len);
}

static const char *
take_value(struct cursor *c, struct arena *mem, struct strbuf *b, uint16_t type)
{
	switch (type) {
	case 11: /* VT_BOOL */
	case 2:
	case 18: return arena_fmt(mem, "%d", (int)(int16_t)take(c, 2));
	case 16:
	case 17: return arena_fmt(mem, "%d", (int)take(c, 1));
	case 3:
	case 4:
	case 10:
	case 19:
	case 22:
	case 23: return arena_fmt(mem, "%ld", (long)(int32_t)take(c, 4));
	case 20:
	case 21: return arena_fmt(mem, "%lld", (long long)(int64_t)take(c, 8));
	default: return take_string(c, mem, b);
	}
}

/* Bytes of the hex text, blanks ignored; NULL when it is no hex. */
static uint8_t *
unhex(struct budget *b, const char *hex, size_t len, size_t *n)
{
	uint8_t *out = budget_realloc(b, NULL, 0, len / 2 + 1);
	size_t digits = 0, i;

	for (i = 0; out != NULL && i < len; i++) {
		char c = ascii_lower(hex[i]);
		int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		if (d < 0 && (c == ' ' || c == '\n' || c == '\r' || c == '\t'))
			continue;
		if (d < 0)
			break;
		if (digits % 2 == 0)
			out[digits / 2] = (uint8_t)(d << 4);
		else
			out[digits / 2] |= (uint8_t)d;
		digits++;
	}
	*n = digits / 2;
	if (out != NULL && (i < len || digits % 2 != 0)) {
		budget_free(b, out, len / 2 + 1);
		return NULL;
	}
	return out;
}

bool
blob_decode(struct arena *mem, struct budget *budget, struct tmg_vendor *v, const char *hex, size_t len)
{
	struct cursor c = { 0 };
	struct strbuf b;
	struct tmg_vendor_value *val;
	uint8_t *bytes;
	uint64_t count;

	if (len == 0)
		return true;
	bytes = unhex(budget, hex, len, &c.left);
	if (bytes == NULL)
		return false;
	c.p = bytes;
	sb_init(&b, budget);
	count = take(&c, 4);
	while (!c.failed && count-- > 0) {
		if ((val = arena_alloc(mem, sizeof(*val))) == NULL) {
			c.failed = true;
			break;
		}
		val->name = take_string(&c, mem, &b);
		val->vartype = (uint16_t)take(&c, 2);
		val->text = take_value(&c, mem, &b, val->vartype);
		if (c.failed || val->name == NULL || val->text == NULL) {
			c.failed = true;
			break;
		}
		LIST_PUSH(v->values, val);
	}
	if (c.left != 0)
		c.failed = true; /* something stands behind that we did not understand */
	sb_free(&b);
	budget_free(budget, bytes, len / 2 + 1);
	return !c.failed;
}
