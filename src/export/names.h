/*
 * What the folder of an input is called below the output directory.
 */
#ifndef EXPORT_NAMES_H
#define EXPORT_NAMES_H

#include "base/hmap.h"
#include "base/strbuf.h"

struct name_set {
	struct arena mem; /* keys */
	struct hmap used;
};

void names_init(struct name_set *n, struct budget *b);
void names_free(struct name_set *n);
/* The name for this file, unlike all that were given out before; it lives as
 * long as `n`. NULL without memory. */
const char *names_for(struct name_set *n, const char *file);

#endif
