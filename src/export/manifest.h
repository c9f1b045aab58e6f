/*
 * What stands beside every configuration: manifest.json for programs and
 * REPORT.md for people.
 */
#ifndef EXPORT_MANIFEST_H
#define EXPORT_MANIFEST_H

#include "export/beside.h"

/* Both are written after the target's own files; false without memory. `t`
 * gives the options that the inputs were read with. */
bool manifest_write(const struct tmg *t, const struct plan *p, const struct writer *target, struct beside *b,
    struct out_set *s, const char *prefix);
bool report_write(
    const struct plan *p, const struct writer *target, struct beside *b, struct out_set *s, const char *prefix);

/* Does the configuration check servers' certificates against the CA file? */
bool plan_needs_ca(const struct plan *p);
const char *plan_state_word(enum plan_state s); /* "live", "disabled", "closed", "not-applicable" */

#endif
