/*
 * What an audit found, in every form. The writers see the result alone: no view,
 * no export. Each makes every string safe for its own language.
 */
#ifndef EXPORT_AUDIT_WRITE_H
#define EXPORT_AUDIT_WRITE_H

#include "base/arena.h"
#include "export/out.h"
#include "tmgport.h"

/* false: no memory. Errors of the output stick in it. */
bool audit_write(const struct tmg_audit_result *r, enum tmg_audit_format fmt, struct out *o, struct budget *b);

bool audit_json(const struct tmg_audit_result *r, struct out *o);
bool audit_sarif(const struct tmg_audit_result *r, struct out *o, struct budget *b);
bool audit_gcc(const struct tmg_audit_result *r, struct out *o);
bool audit_text(const struct tmg_audit_result *r, struct out *o, struct arena *mem);
bool audit_csv(const struct tmg_audit_result *r, struct out *o);
bool audit_markdown(const struct tmg_audit_result *r, struct out *o, struct arena *mem);
bool audit_html(const struct tmg_audit_result *r, struct out *o, struct arena *mem);
void audit_fix_plan(const struct tmg_audit_result *r, struct out *o);

#endif
