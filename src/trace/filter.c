/*
 * What the HTTP filter of a rule refuses of a request, as far as its method
 * and URL tell; headers and bodies cannot be seen from here. Plain loops over
 * the model: they are the second opinion on the expressions that are written
 * for proxies.
 */
#include "model/filter.h"

#include "trace/trace.h"

#define PATTERN_MAX 4096 /* no URL that the product takes holds a longer one */

static int
digit(char c)
{
	return c >= '0' && c <= '9'                          ? c - '0'
	    : ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f' ? ascii_lower(c) - 'a' + 10
							     : -1;
}

/* The byte that an escape at s stands for, or -1. */
static int
escape(const char *s, size_t n)
{
	int high = n >= 3 && s[0] == '%' ? digit(s[1]) : -1, low = high >= 0 ? digit(s[2]) : -1;

	return low >= 0 ? high * 16 + low : -1;
}

static void
decode(const char *s, size_t n, struct strbuf *out)
{
	int c;

	sb_clear(out);
	for (size_t i = 0; i < n; i++) {
		c = escape(s + i, n - i);
		sb_putc(out, c >= 0 ? (char)c : s[i]);
		i += c >= 0 ? 2 : 0;
	}
}

/* ---- methods ------------------------------------------------------------------- */

static bool
method_refused(const struct tmg_http_filter *f, const char *method)
{
	const struct tmg_text *x;

	if (f->verb_condition == TMG_FC_ONLY_LISTED) {
		for (x = f->verbs; x != NULL; x = x->next)
			if (strcmp(x->s, method) == 0)
				return false;
		return true;
	}
	for (x = f->verb_condition == TMG_FC_BLOCK_LISTED ? f->verbs : NULL; x != NULL; x = x->next)
		if (ascii_casecmp(x->s, method) == 0)
			return true;
	return false;
}

/* ---- extensions ------------------------------------------------------------------ */

/* Where a name ends, to Windows: at a slash of either kind, a parameter, a stream, a query. */
static bool
ends_name(char c)
{
	return c == '/' || c == '\\' || c == ';' || c == ':' || c == '?';
}

static const char *
without_dot(const char *extension)
{
	return extension + (extension[0] == '.');
}

static bool
is_listed(const struct tmg_http_filter *f, const char *s, size_t n)
{
	for (const struct tmg_text *x = f->extensions; x != NULL; x = x->next) {
		const char *e = without_dot(x->s);
		if (n > 0 && strlen(e) == n && ascii_ncasecmp(e, s, n) == 0)
			return true;
	}
	return false;
}

static bool
lists_nothing(const struct tmg_http_filter *f)
{
	for (const struct tmg_text *x = f->extensions; x != NULL; x = x->next)
		if (without_dot(x->s)[0] == '\0')
			return true;
	return false;
}

/* Only listed: of every name in the path that has an extension, it is listed;
 * the last name has one, unless "." is listed. */
static bool
some_not_listed(const struct tmg_http_filter *f, const char *s, size_t n)
{
	size_t start = 0, end, dot;
	bool has = false;

	for (; start <= n; start = end + 1) {
		for (end = start, dot = SIZE_MAX; end < n && !ends_name(s[end]); end++)
			dot = s[end] == '.' ? end : dot;
		has = dot != SIZE_MAX;
		if (has && !is_listed(f, s + dot + 1, end - dot - 1))
			return true;
	}
	return !has && !lists_nothing(f);
}

/* Block listed: one of them ends a name, dots and blanks behind it left aside. */
static bool
some_listed(const struct tmg_http_filter *f, const char *s, size_t n)
{
	for (size_t dot = 0; dot < n; dot++) {
		for (const struct tmg_text *x = s[dot] == '.' ? f->extensions : NULL; x != NULL; x = x->next) {
			const char *e = without_dot(x->s);
			size_t end = dot + 1 + strlen(e);
			if (e[0] == '\0' || end > n || ascii_ncasecmp(s + dot + 1, e, strlen(e)) != 0)
				continue;
			while (end < n && (s[end] == '.' || s[end] == ' '))
				end++;
			if (end == n || ends_name(s[end]))
				return true;
		}
	}
	return false;
}

static bool
is_ambiguous(const char *s, size_t n)
{
	bool dot = false;

	for (size_t i = 0; i < n; i++) {
		if (dot && (s[i] == '.' || s[i] == '/' || s[i] == '\\'))
			return true;
		dot = dot || s[i] == '.';
	}
	return false;
}

/* ---- the whole URL ----------------------------------------------------------------- */

static bool
has_high_bit(const struct strbuf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if ((uint8_t)b->s[i] >= 0x80)
			return true;
	return false;
}

static bool
has_escape(const struct strbuf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (escape(b->s + i, b->len - i) >= 0)
			return true;
	return false;
}

/* Does the text stand at the beginning of s, each byte as it is or escaped? */
static bool
begins(const char *s, size_t n, const char *text)
{
	size_t i = 0;
	int c;

	for (; *text != '\0'; text++) {
		if (i >= n)
			return false;
		c = escape(s + i, n - i);
		if (*text == '%' && c == '%' && begins(s + i + 3, n - i - 3, text + 1))
			return true;
		if (*text != '%' && c >= 0 && ascii_lower((char)c) == ascii_lower(*text))
			i += 3;
		else if (ascii_lower(s[i]) == ascii_lower(*text))
			i++;
		else
			return false;
	}
	return true;
}

static bool
signature_found(const struct tmg_filter_signature *s, const struct strbuf *target)
{
	if (!s->enabled || s->where != 0 || !s->text || s->pattern[0] == '\0' || strlen(s->pattern) > PATTERN_MAX)
		return false;
	for (size_t i = 0; i < target->len; i++)
		if (begins(target->s + i, target->len - i, s->pattern))
			return true;
	return false;
}

static bool
longer(size_t n, int64_t max)
{
	return max > 0 && max < FILTER_DEFAULT_LENGTH && n > (size_t)max;
}

static const char *
path_refused(struct tmg_tracer *tr, const struct tmg_http_filter *f, size_t path_len)
{
	struct strbuf *d = &tr->decoded;

	if (f->extension_condition == TMG_FC_ONLY_LISTED && some_not_listed(f, tr->target.s, path_len))
		return "its HTTP filter does not list the extension (Extensions)";
	decode(tr->target.s, path_len, d);
	if (f->extension_condition == TMG_FC_ONLY_LISTED && some_not_listed(f, d->s, d->len))
		return "its HTTP filter does not list the extension (Extensions)";
	if (f->extension_condition == TMG_FC_BLOCK_LISTED && some_listed(f, d->s, d->len))
		return "its HTTP filter refuses the extension (Extensions)";
	if (f->block_dot_in_path && is_ambiguous(d->s, d->len))
		return "its HTTP filter refuses ambiguous extensions (BlockDotInPath)";
	return NULL;
}

const char *
trace_filter(struct tmg_tracer *tr, const struct trace_rule *r, const char *method, size_t path_len)
{
	const struct tmg_http_filter *f = r->filter;
	const struct strbuf *url = &tr->target;
	const char *why;

	if (f == NULL)
		return NULL;
	if (method_refused(f, method != NULL ? method : "GET"))
		return "its HTTP filter refuses the method (Verbs)";
	if (longer(url->len, f->max_url))
		return "its HTTP filter refuses URLs of this length (MaxLength)";
	if (url->len > path_len && longer(url->len - path_len - 1, f->max_query))
		return "its HTTP filter refuses queries of this length (MaxQueryLength)";
	why = path_refused(tr, f, path_len);
	if (why != NULL)
		return why;
	decode(url->s, url->len, &tr->decoded);
	if (!f->high_bit && (has_high_bit(url) || has_high_bit(&tr->decoded)))
		return "its HTTP filter refuses bytes over 127 in a URL (AllowHighBitCharacters)";
	if (f->verify_normalization && has_escape(&tr->decoded))
		return "its HTTP filter refuses what is encoded twice (VerifyNormalization)";
	for (const struct tmg_filter_signature *s = f->signatures; s != NULL; s = s->next)
		if (signature_found(s, url))
			return "its HTTP filter found a signature in the URL (DeniedSignatures)";
	return NULL;
}
