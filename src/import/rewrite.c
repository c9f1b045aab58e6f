/*
 * The second pass: finds rules by their StorageName in the bytes of an export that has
 * been read before, edits their text and lets everything else through.
 */
#include "import/rewrite.h"

#include "base/markup.h"
#include "base/text.h"

#define RULE_MAX (64u << 20) /* bytes of one rule that is edited */
#define TAG_MAX (1u << 20)   /* of one tag */
#define BLANKS_MAX 256u      /* of the blanks before a rule, which its copies get */
#define MAX_KEY 256u
#define OUT_PIECE (64u << 10)
#define PROPERTIES "WebPublishingProperties" /* of a rule */

enum state { IN_TEXT, IN_OPENING, IN_TAG, IN_COMMENT, IN_CDATA, IN_PI };

struct rewriter {
	struct hmap *rules;
	struct budget *budget;
	tmg_write_fn *fn;
	void *ctx;
	struct strbuf out, token, rule, blanks;
	const struct rewrite_rule *edits; /* of the rule that is being held, or NULL */
	size_t depth, unmended;           /* depth inside that rule */
	enum state state;
	char quote;
	char last[2]; /* the two characters before this one */
	bool wide, big_endian, stopped, too_large;
};

/* ---- output ---------------------------------------------------------------------- */

static void
put_unit(struct strbuf *b, unsigned unit, bool big)
{
	sb_putc(b, (char)(big ? unit >> 8 : unit & 0xff));
	sb_putc(b, (char)(big ? unit & 0xff : unit >> 8));
}

/* UTF-8 to UTF-16; how many bytes were used: what is cut at the end waits. */
static size_t
widen(struct rewriter *w, struct strbuf *b)
{
	size_t i = 0, n;
	uint32_t cp;

	while (i < w->out.len && (n = utf8_decode(w->out.s + i, w->out.len - i, &cp)) > 0) {
		if (cp >= 0x10000) {
			put_unit(b, 0xd800 + ((cp - 0x10000) >> 10), w->big_endian);
			put_unit(b, 0xdc00 + ((cp - 0x10000) & 0x3ff), w->big_endian);
		} else {
			put_unit(b, cp, w->big_endian);
		}
		i += n;
	}
	return i;
}

static bool
flush(struct rewriter *w)
{
	struct strbuf b;
	size_t used = w->out.len;
	bool good;

	if (w->stopped || w->out.failed)
		return false;
	if (!w->wide) {
		good = used == 0 || w->fn(w->ctx, w->out.s, used);
		sb_clear(&w->out);
	} else {
		sb_init(&b, w->budget);
		used = widen(w, &b);
		good = !b.failed && (b.len == 0 || w->fn(w->ctx, b.s, b.len));
		sb_free(&b);
		memmove(w->out.s, w->out.s + used, w->out.len - used + 1);
		w->out.len -= used;
	}
	w->stopped = w->stopped || !good;
	return good;
}

static void
put(struct rewriter *w, const char *s, size_t n)
{
	if (w->edits != NULL) {
		sb_putn(&w->rule, s, n);
		w->too_large = w->too_large || w->rule.len > RULE_MAX;
		return;
	}
	sb_putn(&w->out, s, n);
	if (w->out.len >= OUT_PIECE)
		flush(w);
}

/* ---- edits of one rule --------------------------------------------------------------- */

/* The text becomes what `next` holds. */
static bool
take(struct strbuf *text, struct strbuf *next, bool made)
{
	struct strbuf swap = *text;

	if (made && !next->failed) {
		*text = *next;
		*next = swap;
	}
	sb_clear(next);
	return made;
}

static bool
properties(const struct strbuf *t, struct markup *root, struct markup *p)
{
	return markup_root(t->s, t->len, root) && markup_child(t->s, root, PROPERTIES, p);
}

/* The element at a path "A/B" below the object; NULL: the object itself. */
static bool
descend(const struct strbuf *t, const char *path, struct markup *m)
{
	char name[64];
	struct markup outer;
	size_t n;

	if (!markup_root(t->s, t->len, m))
		return false;
	for (; path != NULL && *path != '\0'; path += n + (path[n] == '/')) {
		n = strcspn(path, "/");
		if (n >= sizeof(name))
			return false;
		memcpy(name, path, n);
		name[n] = '\0';
		outer = *m;
		if (!markup_child(t->s, &outer, name, m))
			return false;
	}
	return true;
}

/* The site has several names in exports: a second one beside it would not be read. */
static bool
set_value(
    struct strbuf *t, struct strbuf *next, const char *parent, const char *element, const char *type, const char *value)
{
	struct markup p, m;

	if (!descend(t, parent, &p) || (strcmp(element, "WebSite") == 0 && !markup_child(t->s, &p, element, &m)))
		return false;
	return take(t, next, markup_set(next, t->s, t->len, &p, element, type, value));
}

/* Its StorageName is this. */
static bool
is_stored_as(const char *s, const struct markup *m, const char *name)
{
	static const char key[] = "StorageName=";
	size_t n = strlen(name), k = sizeof(key) - 1;

	for (size_t i = m->start; i + k + n + 2 <= m->tag_end; i++)
		if (memcmp(s + i, key, k) == 0 && memcmp(s + i + k + 1, name, n) == 0 &&
		    (s[i + k + 1 + n] == '"' || s[i + k + 1 + n] == '\''))
			return true;
	return false;
}

static bool
remove_element(struct strbuf *t, struct strbuf *next, const struct tmg_mend *c)
{
	struct markup p, m;
	size_t at;

	if (!descend(t, c->parent, &p))
		return false;
	for (at = p.inner; markup_next(t->s, &p, &at, &m);) {
		if (!markup_is(&m, c->element) || !is_stored_as(t->s, &m, c->value))
			continue;
		markup_remove(next, t->s, t->len, &m);
		return take(t, next, true);
	}
	return false;
}

/* The strings of the public names: below PublicNames, at any depth that is used. */
static bool
names_of(const struct strbuf *t, struct markup *list)
{
	struct markup root, p, inner;

	if (!properties(t, &root, &p) || !markup_child(t->s, &p, "PublicNames", list))
		return false;
	if (markup_child(t->s, list, "PublicNameStrings", &inner))
		*list = inner;
	return true;
}

static bool
says(const char *s, const struct markup *m, const char *value)
{
	size_t from = m->inner, to = m->inner_end;

	while (from < to && (unsigned char)s[from] <= ' ')
		from++;
	while (to > from && (unsigned char)s[to - 1] <= ' ')
		to--;
	return to - from == strlen(value) && memcmp(s + from, value, to - from) == 0;
}

static bool
add_name(struct strbuf *t, struct strbuf *next, const char *value)
{
	struct markup list, m, last;
	size_t at;
	bool some = false;

	if (!names_of(t, &list))
		return false;
	for (at = list.inner; markup_next(t->s, &list, &at, &m); some = true) {
		if (says(t->s, &m, value))
			return true;
		last = m;
	}
	if (!some)
		return false;
	markup_again(next, t->s, t->len, &last, value);
	return take(t, next, true);
}

static bool
remove_name(struct strbuf *t, struct strbuf *next, const char *value)
{
	struct markup list, m;
	size_t at, count = 0;
	bool found = false;

	if (!names_of(t, &list))
		return false;
	for (at = list.inner; markup_next(t->s, &list, &at, &m); count++)
		;
	for (at = list.inner; count > 1 && !found && markup_next(t->s, &list, &at, &m);)
		found = says(t->s, &m, value);
	if (!found)
		return false;
	markup_remove(next, t->s, t->len, &m);
	return take(t, next, true);
}

static bool
rename_name(struct strbuf *t, struct strbuf *next, const char *value, const char *name)
{
	struct markup list, m;
	size_t at;

	if (!names_of(t, &list))
		return false;
	for (at = list.inner; markup_next(t->s, &list, &at, &m);)
		if (says(t->s, &m, value))
			return take(t, next, markup_replace(next, t->s, t->len, &m, name));
	return false;
}

/* The references to user sets: one of them stays and becomes All Users. */
static bool
all_users(struct strbuf *t, struct strbuf *next)
{
	static const char everybody[] = "{DFFB7833-9365-4184-AABC-7CAFB018A7FA}";
	struct markup p, list, m, name;
	size_t at, count;

	do {
		if (!descend(t, PROPERTIES, &p))
			return false;
		for (at = p.inner; markup_next(t->s, &p, &at, &list);)
			if (markup_is(&list, "Refs") && is_stored_as(t->s, &list, "UserSets"))
				break;
			else
				list.end = 0;
		count = 0;
		for (at = list.inner; list.end != 0 && markup_next(t->s, &list, &at, &m);)
			count++;
		if (count > 1) {
			markup_remove(next, t->s, t->len, &m);
			take(t, next, true);
		}
	} while (count > 1 && !t->failed && !next->failed);
	at = list.inner;
	if (count != 1 || !markup_next(t->s, &list, &at, &m) || !markup_child(t->s, &m, "Name", &name))
		return false;
	return take(t, next, markup_replace(next, t->s, t->len, &name, everybody));
}

static bool
only_name(struct strbuf *t, struct strbuf *next, const char *value)
{
	struct markup list, m, second;
	size_t at;

	for (;;) {
		if (!names_of(t, &list))
			return false;
		at = list.inner;
		if (!markup_next(t->s, &list, &at, &m))
			return false;
		if (!markup_next(t->s, &list, &at, &second))
			break;
		markup_remove(next, t->s, t->len, &second);
		if (!take(t, next, true) || next->failed)
			return false;
	}
	return take(t, next, markup_replace(next, t->s, t->len, &m, value));
}

static bool
all_paths(struct strbuf *t, struct strbuf *next)
{
	static const char *const parts[][2] = { { "ExternalPath", "/*" }, { "InternalPath", "/*" },
		{ "SameAsInternalPath", "1" } };
	struct markup root, p, list, m;
	size_t at, count;

	do {
		if (!properties(t, &root, &p) || !markup_child(t->s, &p, "PathMappings", &list))
			return false;
		count = 0;
		for (at = list.inner; markup_next(t->s, &list, &at, &m); count++)
			;
		if (count > 1) {
			markup_remove(next, t->s, t->len, &m);
			take(t, next, true);
		}
	} while (count > 1 && !t->failed && !next->failed);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (!properties(t, &root, &p) || !markup_child(t->s, &p, "PathMappings", &list) ||
		    !markup_child(t->s, &list, "PathMapping", &m) ||
		    !take(t, next,
			markup_set(next, t->s, t->len, &m, parts[i][0], i < 2 ? "string" : "boolean", parts[i][1])))
			return false;
	}
	return true;
}

/* ---- a rule that is added --------------------------------------------------------------- */

static void
put_guid(struct strbuf *b, const char *old, size_t n, const char *salt)
{
	static const uint64_t keys[2][2] = { { 1, 2 }, { 3, 4 } };
	uint64_t h[2];

	for (int i = 0; i < 2; i++)
		h[i] = hash_bytes(keys[i], old, n) ^ hash_bytes(keys[1 - i], salt, strlen(salt));
	sb_fmt(b, "{%08X-%04X-4%03X-8%03X-%012llX}", (unsigned)(h[0] >> 32), (unsigned)(h[0] >> 16) & 0xffff,
	    (unsigned)h[0] & 0xfff, (unsigned)(h[1] >> 48) & 0xfff, (unsigned long long)h[1] & 0xffffffffffffULL);
}

/* StorageName="{...}" stands for an object: a copy has its own. */
static void
new_guids(struct strbuf *t, struct strbuf *next, const char *salt)
{
	static const char key[] = "StorageName=\"{";
	size_t i = 0, n = sizeof(key) - 1, end;

	while (i < t->len) {
		if (t->len - i < n || memcmp(t->s + i, key, n) != 0) {
			sb_putc(next, t->s[i++]);
			continue;
		}
		for (end = i + n; end < t->len && t->s[end] != '"'; end++)
			;
		sb_putn(next, key, n - 1);
		put_guid(next, t->s + i + n, end - i - n, salt);
		i = end;
	}
	take(t, next, true);
}

static bool
set_number(struct strbuf *t, struct strbuf *next, const char *element, int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", value);
	return set_value(t, next, PROPERTIES, element, "int", text);
}

static bool
set_server(struct strbuf *t, struct strbuf *next, const char *server)
{
	struct markup root, p, m;

	if (server != NULL)
		return set_value(t, next, PROPERTIES, "PublishedServerIP", "string", server);
	if (!properties(t, &root, &p))
		return false;
	if (!markup_child(t->s, &p, "PublishedServerIP", &m))
		return true;
	markup_remove(next, t->s, t->len, &m);
	return take(t, next, true);
}

static bool
make_copy(struct strbuf *t, struct strbuf *next, const struct tmg_mend *m)
{
	char order[20];
	uint32_t o = m->order;

	snprintf(order, sizeof(order), "%02X%02X%02X%02X00000000", (unsigned)o & 0xff, (unsigned)(o >> 8) & 0xff,
	    (unsigned)(o >> 16) & 0xff, (unsigned)(o >> 24));
	new_guids(t, next, m->value);
	return set_value(t, next, NULL, "Name", "string", m->name) &&
	    set_value(t, next, NULL, "Order", "bin.hex", order) && only_name(t, next, m->value) &&
	    set_value(t, next, PROPERTIES, "WebSite", "string", m->site) && set_server(t, next, m->server) &&
	    set_number(t, next, "SSLRedirectPort", m->https_port) &&
	    set_number(t, next, "HTTPRedirectPort", m->http_port);
}

static bool
apply(struct strbuf *t, struct strbuf *next, const struct tmg_mend *m)
{
	switch (m->op) {
	case TMG_MEND_SET: return set_value(t, next, m->parent, m->element, m->type, m->value);
	case TMG_MEND_REMOVE: return remove_element(t, next, m);
	case TMG_MEND_ADD_NAME: return add_name(t, next, m->value);
	case TMG_MEND_REMOVE_NAME: return remove_name(t, next, m->value);
	case TMG_MEND_RENAME: return rename_name(t, next, m->value, m->name);
	case TMG_MEND_ALL_PATHS: return all_paths(t, next);
	case TMG_MEND_ALL_USERS: return all_users(t, next);
	case TMG_MEND_ADD_RULE: break;
	}
	return true;
}

/* The rule that was held, as it shall be, and its copies behind it. */
static void
release(struct rewriter *w)
{
	const struct rewrite_rule *e = w->edits;
	struct strbuf text = w->rule, next, copy;

	w->edits = NULL;
	sb_init(&w->rule, w->budget);
	sb_init(&next, w->budget);
	for (size_t i = 0; i < e->count; i++)
		w->unmended += !apply(&text, &next, e->mends[i]);
	put(w, text.s, text.len);
	for (size_t i = 0; i < e->count; i++) {
		if (e->mends[i]->op != TMG_MEND_ADD_RULE)
			continue;
		sb_init(&copy, w->budget);
		sb_putn(&copy, text.s, text.len);
		if (make_copy(&copy, &next, e->mends[i])) {
			put(w, w->blanks.s, w->blanks.len);
			put(w, copy.s, copy.len);
		} else {
			w->unmended++;
		}
		w->out.failed = w->out.failed || copy.failed;
		sb_free(&copy);
	}
	w->out.failed = w->out.failed || text.failed || next.failed;
	sb_free(&text);
	sb_free(&next);
}

/* ---- the pass ------------------------------------------------------------------------------ */

static const char *
storage_name(struct rewriter *w, size_t *len)
{
	static const char key[] = "StorageName=";
	const char *s = w->token.s, *end = s + w->token.len, *p;

	for (p = s; p + sizeof(key) < end; p++)
		if (memcmp(p, key, sizeof(key) - 1) == 0 && (unsigned char)p[-1] <= ' ') {
			p += sizeof(key);
			*len = strcspn(p, "\"'");
			return p;
		}
	return NULL;
}

static void
start_tag(struct rewriter *w)
{
	const char *name = w->token.s + 1, *colon, *guid;
	size_t n = strcspn(name, " \t\r\n/>"), len = 0;
	char key[MAX_KEY], kind = '\0';
	struct rewrite_rule *e;
	void **slot;

	if ((colon = memchr(name, ':', n)) != NULL) {
		n -= (size_t)(colon + 1 - name);
		name = colon + 1;
	}
	if (n == 10 && ascii_ncasecmp(name, "PolicyRule", n) == 0)
		kind = 'r';
	else if (n == 11 && ascii_ncasecmp(name, "WebListener", n) == 0)
		kind = 'l';
	if (kind == '\0' || (guid = storage_name(w, &len)) == NULL || len >= sizeof(key) - 1)
		return;
	key[0] = kind;
	memcpy(key + 1, guid, len);
	slot = hmap_slot(w->rules, key, len + 1, false);
	e = slot != NULL ? *slot : NULL;
	if (e == NULL || e->seen)
		return;
	e->seen = true;
	w->edits = e;
	w->depth = 0;
}

/* The token is a whole tag. */
static void
end_of_tag(struct rewriter *w)
{
	const char *s = w->token.s;
	bool empty = s[w->token.len - 2] == '/', closing = s[1] == '/';

	if (w->edits == NULL && !closing && !empty)
		start_tag(w);
	if (w->edits != NULL && closing)
		w->depth--;
	else if (w->edits != NULL && !empty)
		w->depth++;
	put(w, s, w->token.len);
	sb_clear(&w->token);
	w->state = IN_TEXT;
	if (w->edits != NULL && w->depth == 0)
		release(w);
	if (w->edits == NULL)
		sb_clear(&w->blanks);
}

static void
opening(struct rewriter *w, char c)
{
	static const char comment[] = "<!--", cdata[] = "<![CDATA[";
	size_t n;

	sb_putc(&w->token, c);
	n = w->token.len;
	if (w->token.s[1] == '?')
		w->state = IN_PI;
	else if (w->token.s[1] != '!')
		w->state = IN_TAG;
	else if (n == 4 && memcmp(w->token.s, comment, 4) == 0)
		w->state = IN_COMMENT;
	else if (n == 9 && memcmp(w->token.s, cdata, 9) == 0)
		w->state = IN_CDATA;
	else if (n < 9)
		return;
	else
		w->stopped = true; /* a declaration: the reader before would not have let it through */
	w->quote = 0;
	memset(w->last, 0, sizeof(w->last));
	if (w->state == IN_TAG) {
		if (c == '>')
			end_of_tag(w);
		return;
	}
	put(w, w->token.s, n);
	sb_clear(&w->token);
}

static void
feed(struct rewriter *w, char c)
{
	bool closed = false;

	switch (w->state) {
	case IN_TEXT:
		if (c == '<') {
			sb_putc(&w->token, c);
			w->state = IN_OPENING;
			return;
		}
		if (w->edits == NULL && w->blanks.len < BLANKS_MAX && (unsigned char)c <= ' ')
			sb_putc(&w->blanks, c);
		put(w, &c, 1);
		return;
	case IN_OPENING: opening(w, c); return;
	case IN_TAG:
		sb_putc(&w->token, c);
		w->too_large = w->too_large || w->token.len > TAG_MAX;
		if (w->quote == 0 && (c == '"' || c == '\''))
			w->quote = c;
		else if (w->quote == c)
			w->quote = 0;
		else if (w->quote == 0 && c == '>')
			end_of_tag(w);
		return;
	case IN_COMMENT: closed = c == '>' && w->last[0] == '-' && w->last[1] == '-'; break;
	case IN_CDATA: closed = c == '>' && w->last[0] == ']' && w->last[1] == ']'; break;
	case IN_PI: closed = c == '>' && w->last[1] == '?'; break;
	}
	put(w, &c, 1);
	w->last[0] = w->last[1];
	w->last[1] = c;
	if (closed)
		w->state = IN_TEXT;
}

static bool
sink(void *ctx, const char *s, size_t n)
{
	struct rewriter *w = ctx;

	for (size_t i = 0; i < n && !w->stopped; i++)
		feed(w, s[i]);
	return !w->stopped && !w->too_large && !w->out.failed && !w->rule.failed && !w->token.failed;
}

static bool
nothing(void *ctx, const char *s, size_t n)
{
	(void)ctx;
	(void)s;
	(void)n;
	return true;
}

/* What the bytes are, so that they come out as they went in. */
static bool
look(struct rewriter *w, const struct input_source *src, const struct input_options *opt, char why[160])
{
	struct input_result res;

	input_pump(src, opt, nothing, NULL, &res);
	if (res.error != INPUT_OK) {
		snprintf(why, 160, "%s", res.detail[0] != '\0' ? res.detail : "it cannot be read");
		return false;
	}
	w->wide = strncmp(res.charset, "UTF-16", 6) == 0;
	w->big_endian = strcmp(res.charset, "UTF-16BE") == 0;
	if (!w->wide && strcmp(res.charset, "UTF-8") != 0) {
		snprintf(why, 160, "it is in %s; only UTF-8 and UTF-16 can be written byte for byte", res.charset);
		return false;
	}
	if (res.bom)
		sb_puts(&w->out, "\xef\xbb\xbf");
	return true;
}

enum tmg_status
rewrite(const char *path, struct hmap *rules, struct budget *b, tmg_write_fn *fn, void *ctx, size_t *unmended,
    char why[160])
{
	struct input_source src = { .path = path };
	struct input_options opt = { .budget = b };
	struct rewriter w = { .rules = rules, .budget = b, .fn = fn, .ctx = ctx };
	struct input_result res;
	enum tmg_status rc = TMG_OK;

	sb_init(&w.out, b);
	sb_init(&w.token, b);
	sb_init(&w.rule, b);
	sb_init(&w.blanks, b);
	why[0] = '\0';
	if (!look(&w, &src, &opt, why)) {
		rc = TMG_EINPUT;
	} else {
		input_pump(&src, &opt, sink, &w, &res);
		flush(&w);
		if (w.out.failed || w.rule.failed || w.token.failed || res.error == INPUT_NOMEM)
			rc = TMG_ENOMEM;
		else if (w.stopped)
			rc = TMG_EOUTPUT;
		else if (res.error != INPUT_OK || w.too_large || w.edits != NULL || w.out.len > 0)
			rc = TMG_EINPUT;
		if (rc == TMG_EINPUT)
			snprintf(why, 160, "%s",
			    w.too_large ? "a rule or a tag is too large to be edited" : "it changed while it was read");
	}
	*unmended += w.unmended;
	sb_free(&w.out);
	sb_free(&w.token);
	sb_free(&w.rule);
	sb_free(&w.blanks);
	return rc;
}
