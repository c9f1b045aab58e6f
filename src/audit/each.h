/*
 * What the checks of rules share: loops over rules, and small questions about
 * one. Private to src/audit.
 */
#ifndef AUDIT_EACH_H
#define AUDIT_EACH_H

#include "audit/audit.h"

/* Lync rules that are live, one after the other. */
#define EACH_LYNC(v, r)                                                                      \
	for (const struct view_rule *r = (v)->rules; r != (v)->rules + (v)->rule_count; r++) \
		if (r->live && r->role == ROLE_LYNC)

/* Listeners that a live rule of the Lync role uses. */
#define EACH_LYNC_LISTENER(v, l)                                                                             \
	for (const struct view_listener *l = (v)->listeners; l != (v)->listeners + (v)->listener_count; l++) \
		if (l->lync)

/* The server farm that a rule publishes to, or NULL. */
const struct tmg_farm *rule_farm(const struct view_rule *r);
/* The published site in the form in which names are compared; NULL when there is none. */
const char *rule_site(struct view *v, const struct view_rule *r);
bool rule_names_kind(const struct view_rule *r, enum name_kind kind);

/* Whom the From tab lets in (audit_rule.c). */
enum from_whom {
	FROM_ANYWHERE,
	FROM_OUTSIDE, /* External is among them */
	FROM_SOME,    /* clients outside are shut out, all or most of them */
	FROM_UNKNOWN  /* a reference leads nowhere, and nothing else opens the rule */
};
enum from_whom rule_from(struct view *v, const struct view_rule *r);

#endif
