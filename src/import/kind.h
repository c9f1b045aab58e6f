/*
 * What a file is that is not XML, told by its first bytes. NULL: not known.
 */
#ifndef IMPORT_KIND_H
#define IMPORT_KIND_H

#include "base/base.h"

const char *kind_of_bytes(const void *s, size_t n); /* as they lie in the file */
const char *kind_of_text(const void *s, size_t n);  /* of what has become UTF-8 */

/* A mark of a charset, or what the first characters of XML look like in it. */
struct bom {
	const char *bytes;
	size_t len, skip; /* how much of it is a mark, not text */
	const char *charset;
};
const struct bom *find_bom(const uint8_t *s, size_t n); /* or NULL */
/* UTF-16 without a mark that begins with a character of ASCII, whichever: its charset, or NULL. */
const char *wide_text(const uint8_t *s, size_t n);

#endif
