/*
 * What a target is: one file that ends in `const struct writer writer_X`.
 * A writer sees the plan, never XML. It quotes every string of the export
 * with the functions of its own language.
 */
#ifndef EXPORT_WRITER_H
#define EXPORT_WRITER_H

#include "export/out.h"
#include "plan/plan.h"

struct writer {
	const char *name;   /* "nginx" */
	const char *tested; /* version the output was run on */
	unsigned can;       /* enum plan_can: what it expresses of what a plan may hold */
	/* Losses that this target adds (called before write, may add notes to p). */
	void (*losses)(struct plan *p, struct tmg *t);
	/* Writes its files below `prefix` ("nginx/" or "NAME/nginx/"). */
	void (*write)(const struct plan *p, struct out_set *s, const char *prefix);
	/* Does a rule of this state go through "http" or "stream" (manifest `via`)? */
	const char *(*via)(const struct plan *p, const struct plan_rule *r);
};

extern const struct writer writer_nginx, writer_haproxy;
extern const struct writer *const writers[]; /* NULL at the end */

/* Text of the export, made safe for comments (text_safe). */
void out_safe(struct out *o, const char *s, size_t max);
/* What an object is called, as obj_label has it. */
void out_label(struct out *o, const struct tmg_obj *obj);
/* Comment text: name, GUID and line of a rule or listener, safe in a "# ..." line of any target. */
void out_comment_obj(struct out *o, const char *indent, const struct tmg_obj *obj);

#endif
