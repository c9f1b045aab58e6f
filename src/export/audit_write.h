/*
 * What an audit found, in every form. The writers see the result alone: no view,
 * no export. Each makes every string safe for its own language.
 */
#ifndef EXPORT_AUDIT_WRITE_H
#define EXPORT_AUDIT_WRITE_H

#include "export/out.h"
#include "tmgport.h"

/* false: no memory. Errors of the output stick in it. */
bool audit_write(const struct tmg_audit_result *r, enum tmg_audit_format fmt, struct out *o);

bool audit_json(const struct tmg_audit_result *r, struct out *o);
bool audit_gcc(const struct tmg_audit_result *r, struct out *o);
bool audit_text(const struct tmg_audit_result *r, struct out *o);
void audit_fix_plan(const struct tmg_audit_result *r, struct out *o);

#endif
