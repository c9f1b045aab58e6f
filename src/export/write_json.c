/*
 * JSON values and how they get into a file. Knows no schema.
 */
#include "export/write_json.h"

#include "base/text.h"

/* jansson refuses text that is not UTF-8; file names may be anything. */
static json_t *
repaired(const char *s)
{
	struct strbuf b;
	size_t n = strlen(s), i, len;
	uint32_t cp;
	json_t *v;

	sb_init(&b, NULL);
	for (i = 0; i < n; i += len) {
		len = utf8_decode(s + i, n - i, &cp);
		if (len == 0) {
			sb_puts(&b, "\xef\xbf\xbd");
			len = 1;
		} else {
			sb_putn(&b, s + i, len);
		}
	}
	v = b.failed ? NULL : json_stringn(b.s, b.len);
	sb_free(&b);
	return v;
}

json_t *
jw_string(const char *s)
{
	json_t *v;

	if (s == NULL)
		return json_null();
	v = json_string(s);
	return v != NULL ? v : repaired(s);
}

void
jw_set(struct jw *w, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(object, key, value) != 0)
		w->failed = true;
}

void
jw_add(struct jw *w, json_t *list, json_t *value)
{
	if (json_array_append_new(list, value) != 0)
		w->failed = true;
}

/* Bytes that can begin a character of more than seven bits, or DEL. */
static bool
is_high(char c)
{
	return (unsigned char)c >= 0x7f;
}

/* jansson escapes quotes and what is below U+0020; characters that can
 * deceive a terminal or an editor stand in strings only, so that they can be
 * escaped in the finished text. */
static int
put_text(const char *s, size_t n, void *ctx)
{
	struct jw *w = ctx;
	size_t i = 0, from = 0, len;
	uint32_t cp;

	while (i < n) {
		if (!is_high(s[i])) {
			i++;
			continue;
		}
		len = utf8_decode(s + i, n - i, &cp);
		if (len > 0 && cp_is_unsafe(cp)) { /* all of them are below U+10000 */
			out_mem(w->o, s + from, i - from);
			out_fmt(w->o, "\\u%04X", (unsigned)cp);
			from = i + len;
		}
		i += len > 0 ? len : 1;
	}
	out_mem(w->o, s + from, n - from);
	return 0;
}

void
jw_put(struct jw *w, const char *before, json_t *value)
{
	out_str(w->o, before);
	if (value == NULL || json_dump_callback(value, put_text, w, JSON_ENCODE_ANY | JSON_PRESERVE_ORDER) != 0)
		w->failed = true;
	json_decref(value);
}

void
jw_member(struct jw *w, const char *before, const char *key, json_t *value)
{
	out_str(w->o, before);
	out_fmt(w->o, "\"%s\": ", key);
	jw_put(w, "", value);
}

/* ---- as they come --------------------------------------------------------------- */

static char *
copy(char *to, const char *s, size_t n)
{
	memcpy(to, s, n);
	return to + n;
}

#define AROUND_KEY 6 /* bytes: ", ", two quotes, ": " */

/* What stands in front of a value, for which there must be room. */
static char *
put_key(struct jw *w, char *p, const char *key, size_t n)
{
	if (w->begun)
		p = copy(p, ", ", 2);
	w->begun = true;
	if (key == NULL)
		return p;
	*p++ = '"';
	p = copy(p, key, n);
	return copy(p, "\": ", 3);
}

static void
begin(struct jw *w, const char *key, size_t n)
{
	char *p = out_room(w->o, n + AROUND_KEY);

	if (p != NULL) /* else the file has failed */
		w->o->at = put_key(w, p, key, n);
}

void
jw_open(struct jw *w, const char *key, char bracket)
{
	begin(w, key, key != NULL ? strlen(key) : 0);
	out_mem(w->o, &bracket, 1);
	w->begun = false;
}

void
jw_close(struct jw *w, char bracket)
{
	out_mem(w->o, &bracket, 1);
	w->begun = true;
}

/* A string without escapes. */
static void
put_bare(struct jw *w, const char *key, size_t key_len, const char *s, size_t n)
{
	char *p = out_room(w->o, key_len + n + AROUND_KEY + 2);

	if (p == NULL) { /* too long for that */
		begin(w, key, key_len);
		out_mem(w->o, "\"", 1);
		out_mem(w->o, s, n);
		out_mem(w->o, "\"", 1);
		return;
	}
	p = put_key(w, p, key, key_len);
	*p++ = '"';
	p = copy(p, s, n);
	*p++ = '"';
	w->o->at = p;
}

void
jw_put_text(struct jw *w, const char *key, size_t key_len, const char *s)
{
	size_t n = s != NULL ? strlen(s) : 0;

	if (s != NULL && text_is_bare(s, n)) {
		put_bare(w, key, key_len, s, n);
		return;
	}
	begin(w, key, key_len);
	jw_put(w, "", jw_string(s));
}

void
jw_put_word(struct jw *w, const char *key, size_t key_len, const char *s)
{
	if (s != NULL) {
		put_bare(w, key, key_len, s, strlen(s));
		return;
	}
	begin(w, key, key_len);
	out_str(w->o, "null");
}

void
jw_put_number(struct jw *w, const char *key, size_t key_len, uint64_t n)
{
	char *p = out_room(w->o, key_len + AROUND_KEY + OUT_DIGITS);

	if (p != NULL) /* else the file has failed */
		w->o->at = out_digits(put_key(w, p, key, key_len), n);
}

void
jw_bool(struct jw *w, const char *key, bool value)
{
	begin(w, key, strlen(key));
	out_str(w->o, value ? "true" : "false");
}
