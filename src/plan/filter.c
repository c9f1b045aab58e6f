/*
 * The HTTP filter of a rule, as far as the target of the plan can express it.
 * Each setting is either taken over or said to be left out; where a setting
 * can be read in two ways, the one that refuses more is taken. Words and
 * values are checked here: nothing but tokens and printable ASCII goes on.
 */
#include "model/filter.h"

#include "base/text.h"
#include "plan/lower.h"

#define PATTERN_MAX 250    /* bytes of a signature: the pattern is written on one line */
#define LIST_BYTES_MAX 250 /* of all entries of a list of what alone may pass, for the same reason */
#define ENTRY_MAX 60

struct making {
	struct lower *lo;
	const struct plan_rule *pr;
	const struct tmg_vendor *v;
	const struct tmg_http_filter *f;
	struct plan_filter *out;
	bool any; /* something was taken over */
};

static bool
can(const struct making *m, enum plan_can what)
{
	return target_can(m->lo, what);
}

/* Letters, digits and the given others; not empty. */
static bool
is_word(const char *s, const char *others)
{
	size_t n = 0;

	for (; s[n] != '\0'; n++) {
		char c = ascii_lower(s[n]);
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr(others, c) != NULL))
			return false;
	}
	return n > 0 && n <= ENTRY_MAX;
}

static bool
is_printable(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)s[i] < 0x20 || (unsigned char)s[i] >= 0x7f)
			return false;
	}
	return n > 0 && n <= PATTERN_MAX;
}

static struct tmg_text *
text_new(struct making *m, const char *s, bool lower)
{
	struct tmg_text *x = arena_alloc(m->lo->mem, sizeof(*x));
	char *copy = arena_str(m->lo->mem, s);

	if (x == NULL || copy == NULL) {
		m->lo->failed = true;
		return NULL;
	}
	for (char *c = copy; lower && *c != '\0'; c++)
		*c = ascii_lower(*c);
	x->s = copy;
	return x;
}

static bool
text_append(struct making *m, struct tmg_text **list, const char *s, bool lower)
{
	struct tmg_text *x = text_new(m, s, lower);

	while (*list != NULL)
		list = &(*list)->next;
	*list = x;
	return x != NULL;
}

static void
leave_out(struct making *m, const char *words, const char *why)
{
	const char *target = m->lo->p->opt.target;

	m->lo->p->of_target = true;
	plan_note(m->lo->p, m->lo->t, D_HTTP_FILTER, &m->pr->r->o, m->v->line, "%s (%s%s%s)", words,
	    target != NULL ? target : "any target", why[0] != '\0' ? ": " : "", why);
}

/* ---- lists ------------------------------------------------------------------ */

static const char *
entry_of(const struct tmg_text *x, bool extension)
{
	return extension && x->s[0] == '.' ? x->s + 1 : x->s;
}

/* Methods or extensions. An entry that no request can be judged by is left out and said. */
static bool
take_list(struct making *m, const struct tmg_text *list, enum tmg_filter_condition condition, bool extension,
    struct tmg_text **out)
{
	static const char token[] = "!#$&'+-^_`|~";
	size_t bytes = 0;
	struct tmg_text **tail = out, *x;
	char words[120];

	for (const struct tmg_text *k = list; k != NULL; k = k->next)
		bytes += strlen(entry_of(k, extension)) + 1;
	if (bytes > LIST_BYTES_MAX && condition == TMG_FC_ONLY_LISTED)
		return false;
	for (; list != NULL; list = list->next) {
		const char *s = entry_of(list, extension);

		if (extension && s[0] == '\0') {
			m->out->no_extension = true;
			continue;
		}
		if (!is_word(s, extension ? token : "!#$&'+-.^_`|~")) {
			snprintf(words, sizeof(words), "%s/Value = %.80s", extension ? "Extension" : "Verb", list->s);
			leave_out(m, words, "a value of this form");
			continue;
		}
		if ((x = text_new(m, s, extension)) == NULL)
			return false;
		*tail = x;
		tail = &x->next;
	}
	return true;
}

static bool
take_methods(struct making *m)
{
	enum tmg_filter_condition c = (enum tmg_filter_condition)m->f->verb_condition;

	if (!take_list(m, m->f->verbs, c, false, &m->out->method_list))
		return false;
	if (c == TMG_FC_BLOCK_LISTED && m->out->method_list == NULL)
		return true; /* each of its entries was said to be left out */
	m->out->methods = c;
	return m->any = true;
}

static bool
take_extensions(struct making *m)
{
	enum tmg_filter_condition c = (enum tmg_filter_condition)m->f->extension_condition;
	bool nameless; /* refusing what has no extension */

	if (!take_list(m, m->f->extensions, c, true, &m->out->extension_list))
		return false;
	nameless = m->out->no_extension && c == TMG_FC_BLOCK_LISTED;
	if (nameless)
		leave_out(m, "Extension/Value = .", "a value of this form");
	m->out->no_extension = m->out->no_extension && !nameless;
	if (c == TMG_FC_BLOCK_LISTED && m->out->extension_list == NULL)
		return true;
	m->out->extensions = c;
	return m->any = true;
}

/* ---- headers, signatures ------------------------------------------------------ */

static struct plan_filter_header *
header_get(struct making *m, const char *name)
{
	struct plan_filter_header **at = &m->out->headers, *h;
	struct tmg_text *copy;

	while (*at != NULL && ascii_casecmp((*at)->name, name) != 0)
		at = &(*at)->next;
	if (*at != NULL)
		return *at;
	h = arena_alloc(m->lo->mem, sizeof(*h));
	copy = text_new(m, name, false);
	if (h == NULL || copy == NULL)
		return NULL;
	h->name = copy->s;
	return *at = h;
}

/* Can requests be judged by this header? */
static bool
header_good(const struct making *m, const char *name, bool value)
{
	if (!is_word(name, can(m, PLAN_CAN_HEADER_NAMES) ? "-_." : "-"))
		return false;
	if (can(m, PLAN_CAN_CLIENT_HEADERS))
		return true;
	return ascii_casecmp(name, "X-Forwarded-For") != 0 && !(value && ascii_casecmp(name, "Host") == 0);
}

static bool
take_request_header(struct making *m, const struct tmg_filter_header *item)
{
	struct plan_filter_header *h;

	if (!header_good(m, item->name, item->allow) || (h = header_get(m, item->name)) == NULL)
		return false;
	h->denied |= !item->allow;
	if (item->allow && item->max_value < UINT32_MAX && (h->max_value == 0 || item->max_value < h->max_value))
		h->max_value = (uint32_t)item->max_value;
	return m->any = true;
}

/* Headers without which an answer has no end stay. */
static bool
take_response_header(struct making *m, const struct tmg_filter_header *item)
{
	static const char *const needed[] = { "Content-Length", "Transfer-Encoding", "Connection" };

	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		if (ascii_casecmp(needed[i], item->name) == 0)
			return false;
	}
	if (item->allow || !is_word(item->name, "-_.") || !text_append(m, &m->out->hidden, item->name, false))
		return false;
	return m->any = true;
}

static bool
take_signature(struct making *m, const struct tmg_filter_signature *s)
{
	struct plan_filter_header *h;

	if (!s->text_stated || !s->text || !is_printable(s->pattern))
		return false;
	if (s->where == 0) {
		if (!text_append(m, &m->out->url_patterns, s->pattern, true))
			return false;
		return m->any = true;
	}
	if (s->header[0] == '\0' ? !can(m, PLAN_CAN_ALL_HEADERS) : !header_good(m, s->header, true))
		return false;
	if ((h = header_get(m, s->header)) == NULL || !text_append(m, &h->patterns, s->pattern, true))
		return false;
	return m->any = true;
}

static bool
take_server(struct making *m)
{
	if (m->f->server_header == 2) {
		if (!can(m, PLAN_CAN_SET_SERVER) || !is_printable(m->f->server_value))
			return false;
		m->out->server = lower_str(m->lo, m->f->server_value);
	}
	m->out->hide_server = true;
	return m->any = true;
}

/* ---- one setting ---------------------------------------------------------------- */

static uint32_t
length(int64_t n)
{
	return n > 0 && n < FILTER_DEFAULT_LENGTH ? (uint32_t)n : 0;
}

static bool
take(struct making *m, const struct filter_setting *s)
{
	struct plan_filter *out = m->out;

	switch (s->group) {
	case FG_METHODS: return take_methods(m);
	case FG_EXTENSIONS: return take_extensions(m);
	case FG_AMBIGUOUS: return m->any = out->ambiguous = true;
	case FG_URL_LENGTH:
		out->max_url = length(m->f->max_url);
		out->max_query = length(m->f->max_query);
		return m->any = true;
	case FG_BODY_LENGTH: out->max_body = (uint64_t)m->f->max_body; return m->any = true;
	case FG_HIGH_BIT: return m->any = out->high_bit = true;
	case FG_NORMALIZATION: return m->any = out->encoded_twice = true;
	case FG_URL_SIGNATURE:
	case FG_HEADER_SIGNATURE: return take_signature(m, s->item);
	case FG_HEADER:
	case FG_HEADER_LENGTH: return take_request_header(m, s->item);
	case FG_RESPONSE: return take_response_header(m, s->item);
	case FG_SERVER: return take_server(m);
	case FG_EXECUTABLES:
		out->executables = can(m, PLAN_CAN_EXECUTABLES);
		m->any |= out->executables;
		return out->executables;
	case FG_VIA:
	case FG_BODY_SIGNATURE:
	case FG_UNKNOWN: return false;
	}
	return false;
}

static void
one_setting(void *ctx, const struct filter_setting *s)
{
	struct making *m = ctx;

	if (!take(m, s))
		leave_out(m, s->words, s->group == FG_UNKNOWN ? "its meaning is not known" : "");
}

/* ---- sharing ---------------------------------------------------------------------- */

static void
key_list(struct strbuf *b, char mark, const struct tmg_text *list)
{
	for (; list != NULL; list = list->next)
		sb_fmt(b, "%c%s\n", mark, list->s);
}

static void
key_of(struct strbuf *b, const struct plan_filter *f)
{
	sb_fmt(b, "%d %d %d%d%d%d%d%d %u %u %llu %s\n", (int)f->methods, (int)f->extensions, f->no_extension,
	    f->ambiguous, f->high_bit, f->encoded_twice, f->executables, f->hide_server, f->max_url, f->max_query,
	    (unsigned long long)f->max_body, f->server != NULL ? f->server : "");
	key_list(b, 'm', f->method_list);
	key_list(b, 'e', f->extension_list);
	key_list(b, 'u', f->url_patterns);
	key_list(b, 'r', f->hidden);
	for (const struct plan_filter_header *h = f->headers; h != NULL; h = h->next) {
		sb_fmt(b, "h%s %d %u\n", h->name, h->denied, h->max_value);
		key_list(b, 'p', h->patterns);
	}
}

static const struct plan_filter *
share(struct lower *lo, struct plan_filter *f)
{
	struct strbuf key;
	const char *copy;
	void **slot;

	sb_init(&key, &lo->t->budget);
	key_of(&key, f);
	slot = hmap_slot(&lo->filters, key.s, key.len, false);
	if (slot == NULL) {
		copy = arena_strn(&lo->tmp, key.s, key.len);
		slot = copy != NULL ? hmap_slot(&lo->filters, copy, key.len, true) : NULL;
		if (slot != NULL) {
			*slot = f;
			f->id = ++lo->filter_count;
			*lo->last_filter = f;
			lo->last_filter = &f->next;
		}
	}
	lo->failed |= key.failed || slot == NULL;
	sb_free(&key);
	return slot != NULL ? *slot : NULL;
}

const struct plan_filter *
filter_make(struct lower *lo, const struct plan_rule *pr)
{
	const struct tmg_vendor *v = filter_of(pr->r);
	struct making m = { .lo = lo, .pr = pr, .v = v };
	struct strbuf words;

	if (v == NULL)
		return NULL;
	m.f = v->filter;
	if ((m.out = arena_alloc(lo->mem, sizeof(*m.out))) == NULL) {
		lo->failed = true;
		return NULL;
	}
	m.out->rule = pr;
	sb_init(&words, lo->p->budget);
	filter_each(m.f, &words, one_setting, &m);
	lo->failed |= words.failed;
	sb_free(&words);
	return m.any ? share(lo, m.out) : NULL;
}
