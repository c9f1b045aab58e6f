/*
 * JSON: one small object at a time through jansson, written at once; the
 * braces around them are written by the caller. Errors stick in the writer.
 */
#ifndef EXPORT_WRITE_JSON_H
#define EXPORT_WRITE_JSON_H

#include <jansson.h>

#include "export/out.h"

struct jw {
	struct out *o;
	bool failed; /* sticks: no memory for an object */
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

#endif
