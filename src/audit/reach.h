/*
 * Whether a name can be reached from outside, for the checks of section A. Private
 * to src/audit.
 */
#ifndef AUDIT_REACH_H
#define AUDIT_REACH_H

#include "audit/audit.h"

enum reach {
	REACH_YES,
	REACH_PLAIN,    /* over HTTP only */
	REACH_HIDDEN,   /* a deny rule comes before */
	REACH_PATH,     /* the host, but not this path */
	REACH_DISABLED, /* named by disabled rules only */
	REACH_NO
};

/* `r`, if not NULL, is set to the rule that gets it (or that would). `path` is canonical. */
enum reach reach_of(struct view *v, const char *host, const char *path, const struct view_rule **r);
/* The path of a simple URL in canonical form. */
const char *url_path(struct view *v, const struct simple_url *u);

#endif
