/*
 * SHA-256 of bytes as they come. Knows nothing of files that are exports.
 */
#ifndef IMPORT_HASH_H
#define IMPORT_HASH_H

#include "base/arena.h"

struct sha256;
/* NULL without memory. */
struct sha256 *sha256_new(struct budget *b);
bool sha256_add(struct sha256 *h, const void *s, size_t n);
/* The sum of what was added, in lower-case digits; nothing can be added after that. */
bool sha256_end(struct sha256 *h, char hex[65]);
void sha256_free(struct budget *b, struct sha256 *h); /* NULL: does nothing */

#endif
