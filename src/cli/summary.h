/*
 * The summary: a row for each input, kept until the run ends.
 */
#ifndef CLI_SUMMARY_H
#define CLI_SUMMARY_H

#include "cli/cli.h"
#include "cli/tape.h"

enum row_state { ROW_UNDONE, ROW_READ, ROW_CONVERTED, ROW_UNREADABLE, ROW_FAILED, ROW_CRASHED };

#define SUMMARY_TARGETS 8

struct row {
	const char *file;
	const char *reason; /* of what did not go well, or NULL */
	enum row_state state;
	uint64_t elements, rules, messages[3];
	struct row_target {
		bool some;
		uint64_t live, closed, disabled, not_applicable, losses;
	} target[SUMMARY_TARGETS];
	double seconds;
};

/* The rows of one job; none without --summary. */
struct rows {
	struct row *row;
	size_t n;
	bool wrote;
	bool memory; /* that it ran out has been said */
};

/* Room for all rows. */
bool summary_begin(struct run *r, const struct job *jobs);
void summary_write(struct run *r);
/* summary_forms.c: false when it could not be written or there is no memory. */
bool summary_is_form(const char *file);
bool summary_put(struct run *r, const char *file, tmg_write_fn *fn, void *ctx);

struct rows rows_begin(struct run *r, const struct job *j);
void rows_input(struct rows *rows, const struct reader *in);
void rows_outcome(struct rows *rows, const struct reader *in);
void rows_message(struct run *r, struct rows *rows, const struct tmg_message *m);
/* Counts a finding of an audit, which is no message, with the input that it is about: the first
 * of the two that is one, else the first input of all. */
void rows_finding(struct run *r, const char *file, const char *input, enum tmg_severity severity);
void rows_failed(struct rows *rows, const char *reason);
void rows_broken(struct run *r, struct rows *rows, const char *why);
void rows_end(struct run *r, struct rows *rows, double seconds);

#endif
