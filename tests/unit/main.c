/*
 * Runs the suites of the unit tests. One line a test, the counts last; the
 * status is 1 when a test failed or none has run. Must not know what is tested.
 */
#include "unit.h"

#include <CUnit/TestRun.h>

static unsigned int passed, failed, skipped, asserted;
static const char *skip_why; /* of the test that is running */

int
unit_add(const char *suite, const struct unit_test *tests, size_t n)
{
	CU_pSuite s = CU_add_suite(suite, NULL, NULL);

	if (s == NULL)
		return 1;
	for (size_t i = 0; i < n; i++) {
		if (CU_add_test(s, tests[i].name, tests[i].run) == NULL)
			return 1;
	}
	return 0;
}

void
unit_skip(const char *why)
{
	skip_why = why;
}

static void
test_done(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
	unsigned int before = asserted;

	asserted = CU_get_number_of_asserts();
	if (failure != NULL) {
		failed++;
		printf("not ok - %s: %s: %s:%u: %s\n", suite->pName, test->pName, failure->strFileName,
		    failure->uiLineNumber, failure->strCondition);
	} else if (skip_why != NULL) {
		skipped++;
		printf("skip - %s: %s: %s\n", suite->pName, test->pName, skip_why);
	} else if (asserted == before) {
		failed++;
		printf("not ok - %s: %s: it asserts nothing\n", suite->pName, test->pName);
	} else {
		passed++;
		printf("ok - %s: %s\n", suite->pName, test->pName);
	}
	skip_why = NULL;
	fflush(stdout); /* a crash must not swallow what went before */
}

int
main(void)
{
	static int (*const suites[])(void) = {
		suite_base,
		suite_hmap,
		suite_text,
		suite_input,
		suite_read,
		suite_resolve,
		suite_share,
		suite_compact,
		suite_plan,
		suite_closing,
		suite_ports,
		suite_filter,
		suite_alloc,
		suite_haproxy,
		suite_nginx,
		suite_out,
		suite_trace,
		suite_iislog,
		suite_logbounds,
		suite_certificate,
		suite_audit,
		suite_topology,
		suite_topology_hostile,
	};

	if (CU_initialize_registry() != CUE_SUCCESS) {
		fprintf(stderr, "unit: CUnit does not start: %s\n", CU_get_error_msg());
		return 1;
	}
	CU_set_test_complete_handler(test_done);
	for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
		if (suites[i]() != 0) {
			failed++;
			printf("not ok - suite %zu: %s\n", i, CU_get_error_msg());
		}
	}
	if (CU_run_all_tests() != CUE_SUCCESS) {
		failed++;
		printf("not ok - run: %s\n", CU_get_error_msg());
	}
	CU_cleanup_registry();
	printf("unit: %u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed > 0 || passed == 0;
}
