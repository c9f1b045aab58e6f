/*
 * What the files beside the configurations of two targets have in common: where
 * one plan serves both, the files of the second hold stretches of those of the
 * first. They are copied, not made again.
 */
#ifndef EXPORT_BESIDE_H
#define EXPORT_BESIDE_H

#include "export/writer.h"

/* Of one plan. All zero before its first target. */
struct beside {
	const char *prefix; /* of the first target's files; NULL while it is written */
	const char *via;    /* of all live rules of the first target; NULL: not the same for all */
	bool mixed;         /* rules of this target are reached in other ways: nothing with `via` in it is copied */
	unsigned steps;     /* numbers given to the steps of the report */
	struct out_stretch list;                        /* of check.sh */
	struct out_stretch listeners, rules, losses;    /* of manifest.json */
	struct out_stretch before_live, table, details; /* of REPORT.md */
};

/* Called when a plan holds the losses of the target: looks how its rules are reached. */
void beside_begin(struct beside *b, const struct plan *p, const struct writer *target);
/* Called when the files of a target are written. */
void beside_end(struct beside *b, const char *prefix);

/* Copies a stretch of the first target's `file` if there is one. Else false; the
 * caller writes it, then calls beside_wrote. */
bool beside_copy(struct beside *b, struct out *o, const char *file, struct out_stretch *x);
void beside_wrote(const struct beside *b, const struct out *o, struct out_stretch *x);

#endif
