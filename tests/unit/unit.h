/*
 * What the unit tests share. A file test_X.c holds one suite and offers it as
 * suite_X(), which main.c calls; it must not know the other suites.
 */
#ifndef UNIT_H
#define UNIT_H

#include "base/base.h"

#include <CUnit/CUnit.h>

struct unit_test {
	const char *name;
	void (*run)(void);
};

/* Registers a suite with its tests; 0 when that worked. */
int unit_add(const char *suite, const struct unit_test *tests, size_t n);

/* The test that is running cannot be run here; it returns then. */
void unit_skip(const char *why);

/* Each registers itself with unit_add and answers what that says. */
int suite_base(void);
int suite_hmap(void);
int suite_text(void);
int suite_input(void);
int suite_read(void);
int suite_resolve(void);
int suite_share(void);
int suite_compact(void);
int suite_plan(void);
int suite_closing(void);
int suite_ports(void);
int suite_filter(void);
int suite_alloc(void);
int suite_haproxy(void);
int suite_nginx(void);
int suite_out(void);
int suite_trace(void);
int suite_iislog(void);
int suite_logbounds(void);
int suite_certificate(void);
int suite_audit(void);
int suite_topology(void);
int suite_topology_hostile(void);

#endif
