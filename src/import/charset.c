/*
 * Names of charsets: which strings are names, which mean the same, and which
 * one an XML declaration gives. Must not know who converts, nor from where.
 */
#include "import/charset.h"

/* A name that iconv_open takes as a name: with "/" or "," in it glibc would
 * also hear orders ("//IGNORE" drops what it cannot convert). */
bool
charset_is_name(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++) {
		char c = ascii_lower(s[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && strchr("._:-", c) == NULL)
			return false;
	}
	return n > 0 && n < CHARSET_NAME;
}

/* The name in lower case without punctuation; of the usual aliases the shorter. */
void
charset_simplify(const char *name, char out[CHARSET_NAME])
{
	size_t n = 0;

	if (ascii_ncasecmp(name, "windows", 7) == 0) {
		out[n++] = 'c';
		out[n++] = 'p';
		name += 7;
	} else if (ascii_ncasecmp(name, "ISO-10646-", 10) == 0) {
		name += 10;
	}
	for (; *name != '\0' && n < CHARSET_NAME - 1; name++) {
		if (strchr("-_.:", *name) == NULL)
			out[n++] = ascii_lower(*name);
	}
	out[n] = '\0';
	if (strcmp(out, "ucs2") == 0)
		snprintf(out, CHARSET_NAME, "utf16");
}

/* "UTF-16" alone means either order of bytes. */
bool
charset_same(const char *a, const char *b)
{
	char x[CHARSET_NAME], y[CHARSET_NAME];

	charset_simplify(a, x);
	charset_simplify(b, y);
	if (strcmp(x, "utf16") == 0 || strcmp(y, "utf16") == 0)
		return strncmp(x, y, 5) == 0;
	return strcmp(x, y) == 0;
}

/* The declaration as ASCII, whatever the width of its characters. */
size_t
charset_head(const uint8_t *s, size_t n, size_t unit, size_t low, char out[CHARSET_HEAD + 1])
{
	size_t k = 0;

	for (size_t i = 0; k < CHARSET_HEAD && i + unit <= n; i += unit) {
		if (s[i + low] == 0 || s[i + low] >= 0x80 || (unit == 2 && s[i + 1 - low] != 0))
			break;
		out[k++] = (char)s[i + low];
	}
	out[k] = '\0';
	return k;
}

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* Finds encoding="..." in <?xml ...?>. False: there is one, but no name. */
bool
charset_declared(const char *s, char out[CHARSET_NAME])
{
	out[0] = '\0';
	if (strncmp(s, "<?xml", 5) != 0 || strchr(" \t\r\n", s[5]) == NULL || s[5] == '\0')
		return true;
	for (s = skip_blanks(s + 5); *s != '\0' && *s != '?';) {
		size_t name = strcspn(s, " \t\r\n=?"), n;
		bool hit = name == 8 && memcmp(s, "encoding", 8) == 0;
		char quote;

		s = skip_blanks(s + name);
		if (*s != '=')
			return !hit;
		s = skip_blanks(s + 1);
		quote = *s;
		if (quote != '"' && quote != '\'')
			return !hit;
		s++;
		n = strcspn(s, quote == '"' ? "\"" : "'");
		if (s[n] == '\0')
			return !hit;
		if (hit) {
			if (n >= CHARSET_NAME)
				return false;
			memcpy(out, s, n);
			out[n] = '\0';
			if (!charset_is_name(out))
				out[0] = '\0';
			return out[0] != '\0';
		}
		s = skip_blanks(s + n + 1);
	}
	return true;
}
