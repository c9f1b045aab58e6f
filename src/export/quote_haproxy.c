/*
 * HAProxy's quoting. Knows the language, not the plan.
 *
 * Strong quotes ('...') keep everything but the quote itself, which is written
 * '\''. Double quotes would expand $NAME from the environment. A map file has
 * no quoting at all: the first blank ends the key, the end of the line the
 * value, so what cannot stand there is percent-encoded.
 */
#include "export/quote_haproxy.h"

static const char hex[] = "0123456789ABCDEF";

static bool
is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-._/:*+,=@%", c) != NULL);
}

static bool
is_bare(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (!is_word_char(*s))
			return false;
	return true;
}

/* No line of the plan holds a control character; should one come all the same
 * it must not end the line. */
static char
one_line(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f ? '?' : c;
}

static void
put(struct out *o, char c)
{
	c = one_line(c);
	out_mem(o, &c, 1);
}

static void
put_quoted(struct out *o, char c)
{
	if (c == '\'')
		out_str(o, "'\\''");
	else
		put(o, c);
}

static void
put_hex(struct out *o, char c)
{
	unsigned char u = (unsigned char)c;
	const char s[3] = { '%', hex[u >> 4], hex[u & 15] };

	out_mem(o, s, sizeof(s));
}

void
hap_word(struct out *o, const char *s)
{
	if (is_bare(s)) {
		out_str(o, s);
		return;
	}
	out_str(o, "'");
	for (; *s != '\0'; s++)
		put_quoted(o, *s);
	out_str(o, "'");
}

void
hap_format(struct out *o, const char *s)
{
	bool bare = is_bare(s);

	if (!bare)
		out_str(o, "'");
	for (; *s != '\0'; s++) {
		if (*s == '%')
			out_str(o, "%");
		put_quoted(o, *s);
	}
	if (!bare)
		out_str(o, "'");
}

void
hap_replacement(struct out *o, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '%' || *s == '\\')
			put(o, *s);
		put_quoted(o, *s);
	}
}

void
hap_str(struct out *o, const char *s)
{
	if (is_bare(s) && strpbrk(s, ",%") == NULL) {
		out_str(o, "str(");
		out_str(o, s);
		out_str(o, ")");
		return;
	}
	/* An argument has quotes of its own, inside those of the word. */
	out_str(o, "'str(\"");
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			out_str(o, "\\");
		put_quoted(o, *s);
	}
	out_str(o, "\")'");
}

/* A character that clients send as it is, or that some of them encode. */
static void
put_regex_either(struct out *o, char c)
{
	out_str(o, "(?:");
	if (c == '\'') {
		out_str(o, "\\x27");
	} else {
		out_str(o, "\\");
		put(o, c);
	}
	out_str(o, "|");
	put_hex(o, c);
	out_str(o, ")");
}

void
hap_path_regex(struct out *o, const char *path)
{
	for (; *path != '\0'; path++) {
		unsigned char u = (unsigned char)*path;

		if (*path == '/')
			out_str(o, "/+");
		else if (*path == '.')
			out_str(o, "\\.");
		else if (u <= 0x20 || u >= 0x7f || *path == '%')
			put_hex(o, *path);
		else if (is_word_char(*path) && strchr(":*+,=@", *path) == NULL)
			put(o, *path);
		else
			put_regex_either(o, *path);
	}
}

void
hap_text_regex(struct out *o, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned char u = (unsigned char)*s;

		if (u < 0x80 && (is_word_char(*s) || *s == '/') && strchr(".*+,=@", *s) == NULL)
			put(o, *s);
		else
			out_fmt(o, "\\x%02x", u);
	}
}

bool
hap_map_key_plain(const char *path)
{
	for (; *path != '\0'; path++)
		if ((unsigned char)*path <= ' ' || *path == '%')
			return false;
	return true;
}

void
hap_map_key(struct out *o, const char *path)
{
	size_t n;

	for (; *path != '\0'; path += n) {
		for (n = 0; (unsigned char)path[n] > ' ' && path[n] != '%'; n++)
			continue;
		out_mem(o, path, n);
		if (path[n] != '\0')
			put_hex(o, path[n++]);
	}
}

void
hap_map_url(struct out *o, const char *url)
{
	for (; *url != '\0'; url++) {
		unsigned char u = (unsigned char)*url;

		if (u <= ' ' || u >= 0x7f || strchr("\"<>\\^`{|}", *url) != NULL)
			put_hex(o, *url);
		else
			put(o, *url);
	}
}
