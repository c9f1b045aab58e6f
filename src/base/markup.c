/*
 * Edits of markup by offsets.
 */
#include "base/markup.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The place of `what` at or behind `at`, n when there is none. */
static size_t
find(const char *s, size_t n, size_t at, const char *what)
{
	size_t len = strlen(what);

	for (; at + len <= n; at++)
		if (memcmp(s + at, what, len) == 0)
			return at;
	return n;
}

/* Behind what begins with '<' at `at`: a comment, CDATA, an instruction or a tag. */
static size_t
skip_tag(const char *s, size_t n, size_t at)
{
	char quote = 0;

	if (n - at >= 4 && memcmp(s + at, "<!--", 4) == 0)
		return find(s, n, at, "-->") + 3;
	if (n - at >= 9 && memcmp(s + at, "<![CDATA[", 9) == 0)
		return find(s, n, at, "]]>") + 3;
	if (n - at >= 2 && s[at + 1] == '?')
		return find(s, n, at, "?>") + 2;
	for (; at < n && (quote != 0 || s[at] != '>'); at++) {
		if (quote == 0 && (s[at] == '"' || s[at] == '\''))
			quote = s[at];
		else if (s[at] == quote)
			quote = 0;
	}
	return at + 1;
}

static bool
is_element(const char *s, size_t n, size_t at)
{
	return at + 1 < n && s[at] == '<' && s[at + 1] != '!' && s[at + 1] != '?' && s[at + 1] != '/';
}

/* Fills the start tag at `at`. */
static size_t
read_tag(const char *s, size_t n, size_t at, struct markup *m)
{
	size_t i = at + 1, from = i;

	memset(m, 0, sizeof(*m));
	m->start = at;
	for (; i < n && !is_blank(s[i]) && s[i] != '>' && s[i] != '/'; i++)
		if (s[i] == ':')
			from = i + 1;
	m->name = s + from;
	m->name_len = i - from;
	m->prefix_len = from - at - 1;
	m->tag_end = skip_tag(s, n, at);
	if (m->tag_end > n)
		return n + 1;
	m->empty = s[m->tag_end - 2] == '/';
	m->inner = m->empty ? m->tag_end - 2 : m->tag_end;
	return m->tag_end;
}

/* Fills the element whose start tag is at `at`. */
static bool
read_element(const char *s, size_t n, size_t at, struct markup *m)
{
	size_t i = read_tag(s, n, at, m), depth = 1, next;

	if (i > n)
		return false;
	m->inner_end = m->inner;
	m->end = m->tag_end;
	if (m->empty)
		return true;
	while (i < n) {
		if (s[i] != '<') {
			i++;
			continue;
		}
		next = skip_tag(s, n, i);
		if (next > n)
			return false;
		if (s[i + 1] == '/')
			depth--;
		else if (is_element(s, n, i) && s[next - 2] != '/')
			depth++;
		if (depth == 0) {
			m->inner_end = i;
			m->end = next;
			return true;
		}
		i = next;
	}
	return false;
}

bool
markup_root(const char *s, size_t n, struct markup *m)
{
	return is_element(s, n, 0) && read_element(s, n, 0, m) && m->end == n;
}

bool
markup_next(const char *s, const struct markup *parent, size_t *at, struct markup *child)
{
	size_t i = *at, n = parent->inner_end;

	while (i < n) {
		if (s[i] != '<') {
			i++;
		} else if (is_element(s, n, i)) {
			if (!read_element(s, n, i, child))
				return false;
			*at = child->end;
			return true;
		} else {
			i = skip_tag(s, n, i);
		}
	}
	return false;
}

bool
markup_is(const struct markup *m, const char *name)
{
	return strlen(name) == m->name_len && ascii_ncasecmp(m->name, name, m->name_len) == 0;
}

bool
markup_child(const char *s, const struct markup *parent, const char *name, struct markup *child)
{
	size_t at = parent->inner;

	while (markup_next(s, parent, &at, child))
		if (markup_is(child, name))
			return true;
	return false;
}

/* ---- writing ------------------------------------------------------------------- */

static void
escape(struct strbuf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '<': sb_puts(out, "&lt;"); break;
		case '>': sb_puts(out, "&gt;"); break;
		case '&': sb_puts(out, "&amp;"); break;
		default: sb_putc(out, *s); break;
		}
	}
}

static void
end_tag(struct strbuf *out, const struct markup *m)
{
	sb_puts(out, "</");
	sb_putn(out, m->name - m->prefix_len, m->prefix_len + m->name_len);
	sb_putc(out, '>');
}

/* The element with other content. */
static void
put_with(struct strbuf *out, const char *s, const struct markup *m, const char *value)
{
	size_t tag = m->tag_end - m->start;

	if (!m->empty) {
		sb_putn(out, s + m->start, tag);
	} else {
		tag -= 2;
		while (is_blank(s[m->start + tag - 1]))
			tag--;
		sb_putn(out, s + m->start, tag);
		sb_putc(out, '>');
	}
	escape(out, value);
	end_tag(out, m);
}

bool
markup_replace(struct strbuf *out, const char *s, size_t n, const struct markup *m, const char *value)
{
	sb_putn(out, s, m->start);
	put_with(out, s, m, value);
	sb_putn(out, s + m->end, n - m->end);
	return !out->failed;
}

/* Where the blanks before an element begin. */
static size_t
before(const char *s, size_t at)
{
	while (at > 0 && is_blank(s[at - 1]))
		at--;
	return at;
}

void
markup_remove(struct strbuf *out, const char *s, size_t n, const struct markup *m)
{
	sb_putn(out, s, before(s, m->start));
	sb_putn(out, s + m->end, n - m->end);
}

void
markup_again(struct strbuf *out, const char *s, size_t n, const struct markup *m, const char *value)
{
	size_t from = before(s, m->start);

	sb_putn(out, s, m->end);
	sb_putn(out, s + from, m->start - from);
	put_with(out, s, m, value);
	sb_putn(out, s + m->end, n - m->end);
}

static bool
is_scalar(const char *s, const struct markup *m)
{
	for (size_t i = m->inner; i < m->inner_end; i++)
		if (is_element(s, m->inner_end, i))
			return false;
	return true;
}

/* The first scalar that comes behind `name` in the alphabet, else the first child that
 * is no scalar; `like` is a scalar beside it. false: the parent has no child. */
static bool
place_of(const char *s, const struct markup *parent, const char *name, struct markup *behind, struct markup *like)
{
	size_t at = parent->inner, len;
	bool some = false;

	while (markup_next(s, parent, &at, behind)) {
		if (!some)
			*like = *behind;
		some = true;
		if (!is_scalar(s, behind))
			return true;
		*like = *behind;
		len = behind->name_len < strlen(name) ? behind->name_len : strlen(name);
		if (ascii_ncasecmp(behind->name, name, len) > 0)
			return true;
	}
	if (some) {
		*behind = *like; /* after the last: in front of the end tag */
		behind->start = behind->end;
	}
	return some;
}

bool
markup_set(struct strbuf *out, const char *s, size_t n, const struct markup *parent, const char *name, const char *type,
    const char *value)
{
	struct markup m, like;
	size_t from, tag;

	if (markup_child(s, parent, name, &m))
		return markup_replace(out, s, n, &m, value);
	if (!place_of(s, parent, name, &m, &like))
		return false;
	tag = like.tag_end - like.start;
	from = before(s, like.start);
	sb_putn(out, s, m.start);
	if (m.start == like.end)
		sb_putn(out, s + from, like.start - from);
	sb_putc(out, '<');
	sb_putn(out, like.name - like.prefix_len, like.prefix_len);
	sb_puts(out, name);
	if (find(s, like.start + tag, like.start, "dt:dt=") < like.start + tag)
		sb_fmt(out, " dt:dt=\"%s\"", type);
	sb_putc(out, '>');
	escape(out, value);
	sb_puts(out, "</");
	sb_putn(out, like.name - like.prefix_len, like.prefix_len);
	sb_puts(out, name);
	sb_putc(out, '>');
	if (m.start != like.end) {
		from = before(s, m.start);
		sb_putn(out, s + from, m.start - from);
	}
	sb_putn(out, s + m.start, n - m.start);
	return !out->failed;
}
