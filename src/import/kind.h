/*
 * What a file is that is not XML, told by its first bytes. NULL: not known.
 */
#ifndef IMPORT_KIND_H
#define IMPORT_KIND_H

#include "base/base.h"

const char *kind_of_bytes(const void *s, size_t n); /* as they lie in the file */
const char *kind_of_text(const void *s, size_t n);  /* of what has become UTF-8 */

#endif
