/*
 * JSON, in two ways that mix: small values through jansson, written at once, with
 * the braces around them written by the caller; and, for what stands in a document
 * once for every rule, members that are written as they come, for which jansson
 * spells only the strings that need escapes. Errors stick in the writer.
 */
#ifndef EXPORT_WRITE_JSON_H
#define EXPORT_WRITE_JSON_H

#include <jansson.h>

#include "export/out.h"

struct jw {
	struct out *o;
	bool failed; /* sticks: no memory for an object */
	bool begun;  /* the object or list that is being written has members */
};

/* Values for objects and lists. NULL gives null; bad UTF-8 becomes U+FFFD. */
json_t *jw_string(const char *s);

/* Adds to an object or a list and takes over the value; NULL as value is a failure. */
void jw_set(struct jw *w, json_t *object, const char *key, json_t *value);
void jw_add(struct jw *w, json_t *list, json_t *value);

/* Writes `before`, then the value on one line, and frees it. */
void jw_put(struct jw *w, const char *before, json_t *value);
/* Writes `before`, then "key": value. */
void jw_member(struct jw *w, const char *before, const char *key, json_t *value);

/* Members as they come: `key` NULL in a list. A value opened with '{' or '[' is
 * closed with '}' or ']'. */
void jw_open(struct jw *w, const char *key, char bracket);
void jw_close(struct jw *w, char bracket);
void jw_put_text(struct jw *w, const char *key, size_t key_len, const char *s);
void jw_put_word(struct jw *w, const char *key, size_t key_len, const char *s);
void jw_put_number(struct jw *w, const char *key, size_t key_len, uint64_t n);
void jw_bool(struct jw *w, const char *key, bool value);

/* Keys are known where they are written, and so are their lengths. */
static inline void
jw_text(struct jw *w, const char *key, const char *s) /* NULL gives null */
{
	jw_put_text(w, key, key != NULL ? strlen(key) : 0, s);
}

/* One of this program's own words, which needs no escapes; NULL gives null. */
static inline void
jw_word(struct jw *w, const char *key, const char *s)
{
	jw_put_word(w, key, strlen(key), s);
}

static inline void
jw_number(struct jw *w, const char *key, uint64_t n)
{
	jw_put_number(w, key, key != NULL ? strlen(key) : 0, n);
}

#endif
