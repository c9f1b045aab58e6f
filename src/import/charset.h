/*
 * Names of charsets, as users and XML declarations give them.
 */
#ifndef IMPORT_CHARSET_H
#define IMPORT_CHARSET_H

#include "base/base.h"

#define CHARSET_NAME 40            /* bytes of a name with its NUL */
#define CHARSET_HEAD ((size_t)256) /* characters in which `encoding` is looked for */

/* A name that iconv_open takes as a name, not as an order. */
bool charset_is_name(const char *s);
/* In lower case without punctuation; of the usual aliases the shorter. */
void charset_simplify(const char *name, char out[CHARSET_NAME]);
/* "UTF-16" alone means either order of bytes. */
bool charset_same(const char *a, const char *b);
/* The beginning of n bytes, in units of `unit` bytes whose byte `low` counts: how long it is. */
size_t charset_head(const uint8_t *s, size_t n, size_t unit, size_t low, char out[CHARSET_HEAD + 1]);
/* encoding="..." of <?xml ...?>, "" without one. false: there is one, but it is no name. */
bool charset_declared(const char *s, char out[CHARSET_NAME]);

#endif
