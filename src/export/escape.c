/*
 * Escapes of the audit's languages. Control and bidi characters and bytes that are no
 * UTF-8 come through none of them. Must not know what is written, or where.
 */
#include "export/escape.h"

#include "base/text.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* One character of *s: its bytes, or U+FFFD for what may reach no output. Moves on. */
static const char *
next_char(const char **s, size_t left, size_t *n, uint32_t *cp)
{
	const char *at = *s;

	*n = utf8_decode(at, left, cp);
	if (*n > 0 && !cp_is_unsafe(*cp)) {
		*s += *n;
		return at;
	}
	*s += *n > 0 ? *n : 1;
	*n = sizeof(REPLACEMENT) - 1;
	*cp = 0xfffd;
	return REPLACEMENT;
}

/* ---- HTML ------------------------------------------------------------------------ */

static const char *
entity(uint32_t cp)
{
	switch (cp) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	case '`': return "&#96;";
	default: return NULL;
	}
}

/* Columns of a fixed-width font: letters of East Asia and pictures take two. */
static size_t
columns_of(uint32_t cp)
{
	return cp >= 0x1100 ? 2 : 1;
}

size_t
esc_columns(const char *s)
{
	const char *end = s + strlen(s);
	size_t n, columns = 0;
	uint32_t cp;

	while (s < end) {
		next_char(&s, (size_t)(end - s), &n, &cp);
		columns += columns_of(cp);
	}
	return columns;
}

void
esc_html_cut(struct out *o, const char *s, size_t columns)
{
	const char *end = s + strlen(s), *c;
	size_t n, used = 0;
	uint32_t cp;

	while (s < end) {
		c = next_char(&s, (size_t)(end - s), &n, &cp);
		/* The last column is for the ellipsis, unless the text ends there. */
		used += columns_of(cp);
		if (used > columns || (used == columns && s < end)) {
			out_str(o, "\xe2\x80\xa6");
			return;
		}
		if (entity(cp) != NULL)
			out_str(o, entity(cp));
		else
			out_mem(o, c, n);
	}
}

void
esc_html(struct out *o, const char *s)
{
	esc_html_cut(o, s, SIZE_MAX);
}

/* ---- Markdown -------------------------------------------------------------------- */

void
esc_markdown(struct out *o, const char *s)
{
	static const char special[] = "\\`*_{}[]<>#|~&@$";
	const char *end = s + strlen(s), *c;
	char before = ' ';
	size_t n;
	uint32_t cp;

	while (s < end) {
		c = next_char(&s, (size_t)(end - s), &n, &cp);
		/* "www." and "://" make links where addresses are taken for links. */
		if (cp < 0x80 &&
		    (strchr(special, (int)cp) != NULL || (cp == '.' && ascii_lower(before) == 'w') ||
			(cp == ':' && *s == '/')))
			out_str(o, "\\");
		out_mem(o, c, n);
		before = n == 1 ? *c : ' ';
	}
}

/* ---- CSV ------------------------------------------------------------------------- */

/* Does a spreadsheet calculate what begins like this? The full-width signs count for some. */
static bool
is_formula(const char *s)
{
	static const char *const wide[] = { "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0" };

	while (*s != '\0' && (unsigned char)*s <= ' ')
		s++;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++)
		if (strncmp(s, wide[i], 3) == 0)
			return true;
	return *s != '\0' && strchr("=+-@|", *s) != NULL;
}

void
esc_csv(struct out *o, const char *s)
{
	const char *end = s + strlen(s), *c;
	bool quoted = strpbrk(s, "\",;\t\r\n") != NULL || s[0] == ' ' || (s < end && end[-1] == ' ');
	size_t n;
	uint32_t cp;

	if (quoted)
		out_str(o, "\"");
	if (is_formula(s))
		out_str(o, "'");
	while (s < end) {
		c = next_char(&s, (size_t)(end - s), &n, &cp);
		if (cp == '"')
			out_str(o, "\"");
		out_mem(o, c, n);
	}
	if (quoted)
		out_str(o, "\"");
}

/* ---- SARIF ----------------------------------------------------------------------- */

void
esc_uri(struct strbuf *b, const char *s)
{
	static const char plain[] = "-._~/";

	while (s[0] == '.' && s[1] == '/')
		s += 2 + strspn(s + 2, "/");
	s += strspn(s, "/");
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= '0' && c <= '9') || (ascii_lower(*s) >= 'a' && ascii_lower(*s) <= 'z') ||
		    strchr(plain, c) != NULL)
			sb_putc(b, *s);
		else
			sb_fmt(b, "%%%02X", c);
	}
}

void
esc_sarif(struct strbuf *b, const char *s)
{
	const char *end = s + strlen(s), *c;
	size_t n;
	uint32_t cp;

	while (s < end) {
		c = next_char(&s, (size_t)(end - s), &n, &cp);
		if (cp == '[' || cp == ']' || cp == '\\')
			sb_putc(b, '\\');
		else if (cp == '{' || cp == '}')
			sb_putn(b, c, n); /* doubled: else a placeholder */
		sb_putn(b, c, n);
	}
}
