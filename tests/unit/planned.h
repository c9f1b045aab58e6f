/*
 * A plan made of a small export, and look-ups in it. Must not know what is
 * tested.
 */
#ifndef UNIT_PLANNED_H
#define UNIT_PLANNED_H

#include "export.h"
#include "plan/plan.h"

struct planned {
	struct tmg *t;
	struct tmg_convert_options co;
	struct plan_options po;
	struct plan p;
};

/* Options are set in `x->co` beforehand. The plan is that of the first input. */
void plan_list(struct planned *x, const char *const *xml);
void plan_xml(struct planned *x, const char *xml);
void plan_done(struct planned *x);

const struct plan_rule *planned_rule(const struct planned *x, const char *name);
/* The first note of this kind, or NULL. */
const struct plan_note *loss(const struct planned *x, enum diag_id id);
bool has_reason(const struct planned *x, const struct plan_rule *r, enum diag_id id);
/* The table of the first site of the first endpoint. */
struct plan_table first_table(const struct planned *x);
/* Does any route lead to a server? */
bool forwards(const struct planned *x);

#endif
