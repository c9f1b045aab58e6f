/*
 * nginx's quoting. Within double quotes nginx knows the escapes \\ \" \' \t
 * \r \n and leaves every other backslash alone; that is why a regular
 * expression spells quotes and backslashes as \x22 and \x5c. Knows nothing of
 * plans and rules.
 */
#include "export/quote_nginx.h"

#include "base/text.h"

/* Never needs percent-encoding in a path (RFC 3986, "unreserved"). */
static bool
is_unreserved(char c)
{
	return ascii_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

static bool
means_nothing(char c)
{
	if (c >= 'a' && c <= 'z')
		return true; /* as nearly all are */
	switch (c) {
	case '-':
	case '.':
	case '_':
	case '~':
	case '/':
	case ':':
	case '*':
	case '%':
	case '@':
	case '+':
	case ',':
	case '=':
	case '[':
	case ']':
	case '?':
	case '&':
	case '!': return true;
	default: return ascii_alnum(c);
	}
}

bool
nginx_is_bare(const char *s)
{
	if (*s == '\0' || *s == '~')
		return false;
	while (means_nothing(*s))
		s++;
	return *s == '\0';
}

void
nginx_part(struct out *o, const char *s, enum nginx_place place)
{
	size_t n;

	for (; *s != '\0'; s += n) {
		for (n = 0; s[n] != '\0' && s[n] != '"' && s[n] != '\\' && s[n] != '$'; n++)
			continue;
		out_mem(o, s, n);
		if (s[n] == '\0')
			break;
		if (s[n] != '$')
			out_str(o, "\\");
		if (s[n] == '$' && place == NGINX_VARIABLES)
			out_str(o, "${tmg_d}");
		else
			out_mem(o, s + n, 1);
		n++;
	}
}

void
nginx_word(struct out *o, const char *s, enum nginx_place place)
{
	if (nginx_is_bare(s)) {
		out_str(o, s);
		return;
	}
	out_str(o, "\"");
	nginx_part(o, s, place);
	out_str(o, "\"");
}

static void
put_name(struct out *o, const char *name, bool suffix, bool escape)
{
	bool v6 = strchr(name, ':') != NULL;

	if (!v6 && !escape && nginx_is_bare(name)) {
		out_str(o, suffix ? "*." : "");
		out_str(o, name);
		return;
	}
	out_str(o, escape ? "\"\\\\" : "\"");
	out_str(o, suffix ? "*." : "");
	out_str(o, v6 ? "[" : "");
	nginx_part(o, name, NGINX_LITERAL);
	out_str(o, v6 ? "]\"" : "\"");
}

void
nginx_name(struct out *o, const char *name, bool suffix)
{
	put_name(o, name, suffix, false);
}

void
nginx_name_key(struct out *o, const char *name, bool suffix)
{
	static const char *const words[] = { "default", "hostnames", "include", "volatile" };
	bool escape = !suffix && (*name == '~' || *name == '\\');
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++)
		escape = escape || (!suffix && strcmp(name, words[i]) == 0);
	put_name(o, name, suffix, escape);
}

/* ---- paths as regular expressions ---------------------------------------- */

static size_t
put(struct out *o, const char *s, size_t n)
{
	if (o != NULL)
		out_mem(o, s, n);
	return n;
}

static size_t
puts_len(struct out *o, const char *s)
{
	return put(o, s, strlen(s));
}

/* The bytes themselves, without any meaning. */
static size_t
put_literal(struct out *o, const char *s, size_t n)
{
	char hex[8];

	if (n > 1 || ascii_alnum(*s) || (unsigned char)*s >= 0x80 || strchr("-_~/,=@!&:%", *s) != NULL)
		return put(o, s, n);
	if (strchr(".^$*+?()[]|", *s) != NULL)
		return puts_len(o, "\\") + put(o, s, 1);
	snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)*s);
	return puts_len(o, hex);
}

/* The bytes percent-encoded; `again` also admits that the "%" is encoded too. */
static size_t
put_encoded(struct out *o, const char *s, size_t n, bool again)
{
	char hex[8];
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		snprintf(hex, sizeof(hex), "%02x", (unsigned char)s[i]);
		len += puts_len(o, again ? "%(?:25)*" : "%") + puts_len(o, hex);
	}
	return len;
}

static size_t
put_slash(struct out *o, enum nginx_path_form form, bool first)
{
	switch (form) {
	case NGINX_PATH_RAW: return puts_len(o, "/+");
	case NGINX_PATH_WIDE:
		if (!first)
			return puts_len(o, "[.\\x20]*(?:;[^/]*)?(?:/|%(?:25)*2f)+");
		/* fall through */
	default: return puts_len(o, "/");
	}
}

bool
nginx_path_fits(const char *path, enum nginx_path_form form)
{
	/* No byte of a path becomes more than a slash of NGINX_PATH_WIDE, which is 40. */
	return strlen(path) <= NGINX_WORD_MAX / 40 || nginx_path_regex(NULL, path, form) <= NGINX_WORD_MAX;
}

size_t
nginx_path_regex(struct out *o, const char *path, enum nginx_path_form form)
{
	const char *p;
	size_t n, len = 0, left = strlen(path);
	uint32_t cp;

	for (p = path; left > 0; p += n, left -= n) {
		/* Letters and digits are themselves in every form. */
		for (n = 0; ascii_alnum(p[n]) || p[n] == '-' || p[n] == '_'; n++)
			continue;
		if (n > 0) {
			len += put(o, p, n);
			continue;
		}
		n = utf8_decode(p, left, &cp);
		if (n == 0)
			n = 1; /* no UTF-8: one byte that stands for itself */
		if (*p == '/') {
			len += put_slash(o, form, p == path);
		} else if (form == NGINX_PATH_DECODED || is_unreserved(*p)) {
			len += put_literal(o, p, n);
		} else {
			len += puts_len(o, "(?:") + put_literal(o, p, n) + puts_len(o, "|") +
			    put_encoded(o, p, n, form == NGINX_PATH_WIDE) + puts_len(o, ")");
		}
	}
	return len;
}
