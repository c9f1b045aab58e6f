/*
 * The table of options: parser, --help all and the tests of the documents
 * read the same rows.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stddef.h>

enum option {
	O_ALLOW,
	O_AT,
	O_BASELINE,
	O_BIND,
	O_CA_FILE,
	O_CERT,
	O_CERT_DIR,
	O_CHARSET,
	O_CLIENT_ADDRESS,
	O_COLOR,
	O_COMPARE,
	O_FAIL_ON,
	O_FIXED,
	O_FIX_PLAN,
	O_FORCE,
	O_FORMAT,
	O_FROM,
	O_HELP,
	O_IIS_LOG,
	O_JOBS,
	O_LIST,
	O_MAP,
	O_MAX_DEPTH,
	O_MAX_ELEMENTS,
	O_MAX_MEMORY,
	O_MAX_SIZE,
	O_MAX_TEXT,
	O_METHOD,
	O_NO_SANDBOX,
	O_NO_TIME,
	O_NO_VERIFY,
	O_ON,
	O_OUTPUT,
	O_PASS_THROUGH,
	O_QUIET,
	O_RESUME,
	O_RUNTIME_DIR,
	O_SEVERITY,
	O_SHARD,
	O_SUMMARY,
	O_TARGET,
	O_TARGET_VERSION,
	O_TOPOLOGY,
	O_URLS,
	O_VERBOSE,
	O_VERSION,
	O_WITHOUT
};

struct option_row {
	enum option id;
	char letter;       /* or 0 */
	const char *name;  /* without the dashes, or NULL */
	const char *value; /* what its argument is called, or NULL */
	unsigned commands; /* enum command, or-ed */
	const char *help;
};

extern const struct option_row option_rows[];
extern const size_t option_count;

#endif
