/*
 * check.sh: a script with which an administrator tests the new proxy from
 * outside, before the DNS names point to it.
 */
#ifndef EXPORT_CHECK_H
#define EXPORT_CHECK_H

#include "export/beside.h"

/* Writes PREFIX/check.sh. false: no memory. */
bool check_write(
    const struct plan *p, const struct writer *target, struct beside *b, struct out_set *s, const char *prefix);

#endif
