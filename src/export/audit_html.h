/*
 * What the page of an audit and the picture in it share: where on the page the
 * findings about something stand.
 */
#ifndef EXPORT_AUDIT_HTML_H
#define EXPORT_AUDIT_HTML_H

#include "base/hmap.h"
#include "export/audit_words.h"
#include "export/out.h"

struct anchors {
	struct hmap map; /* what it is about -> number from 1 */
	struct arena *mem;
	struct strbuf asked; /* the key that is looked up */
	bool failed;
};

/* Groups are id="gN", findings id="fN"; 0: there is none. `name` may be NULL. */
size_t anchor_rule(struct anchors *a, const char *file, const char *guid, const char *name);
size_t anchor_finding(struct anchors *a, const char *id, const char *name);

/* audit_svg.c: the picture, with a note on what is not drawn. false: no memory. */
bool audit_svg(const struct tmg_audit_result *r, struct anchors *a, struct out *o);

/* "error", "warning" and "note" as classes of the style sheet; "ok" for -1. */
const char *severity_class(int worst);

#endif
