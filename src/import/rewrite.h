/*
 * Writes an export anew with changes, everything else byte for byte as it was: a
 * second pass of its own over the bytes. Knows nothing of why something is changed.
 */
#ifndef IMPORT_REWRITE_H
#define IMPORT_REWRITE_H

#include "base/hmap.h"
#include "import/input.h"
#include "tmgport.h"

/* The changes to one rule or listener, in the order in which they are made. */
struct rewrite_rule {
	const struct tmg_mend **mends;
	size_t count, filled;
	bool seen; /* the rule was met */
};

/* `rules`: 'r' (rule) or 'l' (listener) and the StorageName as the file spells it -> struct rewrite_rule. `unmended` is raised
 * by changes that could not be made. TMG_EINPUT with a reason in `why`. */
enum tmg_status rewrite(const char *path, struct hmap *rules, struct budget *b, tmg_write_fn *fn, void *ctx,
    size_t *unmended, char why[160]);

#endif
