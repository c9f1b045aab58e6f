/*
 * What the files of the command share. The command is the only part that
 * prints, reads the environment and ends the process; it sees the library
 * through its public header alone.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdint.h>
#include <stdio.h>

#include "cli/util.h"
#include "tmgport.h"

/* Exit statuses; the worst of a run counts. */
enum { EXIT_DONE = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_OUTPUT = 4 };

enum command { CMD_NONE = 0, CMD_INSPECT = 1, CMD_CONVERT = 2, CMD_EXPLAIN = 4, CMD_TRACE = 8, CMD_AUDIT = 16 };

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct pairs {
	struct tmg_pair *p;
	size_t n;
};

/* A local time, of which schedules look at the day and the hour. */
struct trace_time {
	int weekday, hour; /* 0 Sunday */
	bool stated, now;
	char text[24];
};

/* What the command line said. */
struct args {
	enum command command;
	const char *command_name;
	struct strings files, allow, targets, pass_through, topologies, logs;
	struct pairs binds, versions, certs;
	struct tmg_map *maps;
	struct tmg_options in;
	const char *format, *output, *cert_dir, *ca_file, *runtime_dir;
	const char *url, *urls, *from, *on, *method; /* trace */
	const char *without, *fixed, *baseline;      /* audit */
	int64_t now;                                 /* audit: seconds since 1970 */
	struct trace_time at;
	enum tmg_severity show, fail_on;
	enum color color;
	bool fix_plan; /* audit */
	bool list;     /* explain */
	const char *summary, *compare;
	size_t workers;     /* 0: as many as there are processors */
	size_t part, parts; /* --shard; 0: all */
	bool quiet, verbose, no_verify, transparent, force;
	bool no_sandbox, no_time, resume;
};

/* One thing to read: files of one job, or a single file found in a directory. */
struct job {
	const char **files;
	size_t count;
	bool found;       /* in a directory */
	const char *name; /* if it was found: of its folder below the output directory, or for the journal */
	struct job *next;
};

struct row;

struct run {
	struct mem mem;
	struct args args;
	int status; /* the worst so far */
	bool color, stdout_closed;
	bool memory_told; /* that a bound on memory was met */
	uint64_t inputs_read;
	uint64_t findings;       /* warnings and errors that were printed or counted */
	FILE *tape;              /* in a worker: what it says goes there */
	int held[2];             /* descriptors that are no worker's business, or 0 */
	struct row *rows;        /* of the summary */
	struct product *summary; /* open already, or NULL */
	size_t row_count, row_next;
};

void run_status(struct run *r, int status);

/* options.c: false when the process shall end with *status. */
bool args_parse(struct run *r, int argc, char **argv, int *status);
/* One line to standard error; answers false. */
bool usage_error(const char *command, const char *fmt, ...) CLI_PRINTF(2, 3);

/* nearest.c: " (did you mean `X`?)" for the nearest of the names, or "". */
const char *nearest(struct mem *mem, const char *word, const char *const *names, size_t n, const char *dashes);

/* help.c */
void help_short(enum command c);
void help_all(enum command c);
extern const char *const command_names[];
extern const size_t command_count;

/* files.c: the jobs of the command line; what is wrong with directories is printed. NULL: none. */
struct job *jobs_make(struct run *r);
/* Only those of --shard stay; NULL when that is none, which is then said. */
struct job *jobs_part(struct run *r, struct job *jobs);

/* Names of folders below the output directory, as the library gives them. */
struct names {
	struct name_slot *slot;
	size_t n, cap;
};
const char *folder_name(struct mem *mem, struct names *names, const char *file);

/* messages.c */
void messages_init(struct run *r);
/* Ids of all messages; empty without memory. */
struct strings message_ids(struct mem *mem);
/* Ids and rows of all checks that an audit makes; empty without memory. */
struct strings check_ids(struct mem *mem);
/* A message of the command's own. */
void message_say(struct run *r, const char *file, const char *sentence, const char *detail, const char *id);
/* Counts a message and prints it; a worker sends it. */
void message_take(struct run *r, const struct tmg_message *m);
/* All of a job's, sorted; how many there were. */
size_t messages_job(struct run *r, struct tmg *t);
void message_show(struct run *r, const struct tmg_message *m); /* one of another source; counts, too */
/* Those about files that could not be read. */
void messages_unread(struct run *r, struct tmg *t);
/* How a file was read: for -v. */
void input_told(struct run *r, const char *file, const char *charset, uint64_t elements);
/* The command itself has none left. */
void out_of_memory(struct run *r);
/* A job or an audit has: --max-memory, if it is set, and else the machine. `file` is what it was to be
 * for, NULL: all that was read so far, which is said unless more was. With the option this is an input
 * beyond a limit. */
void memory_ran_out(struct run *r, const char *file);
/* What memory_ran_out says, for one that did so in another process. */
void memory_say(struct run *r, const char *file);

/* product.c: where the product goes: standard output, or a file that comes into place at the end. */
struct product {
	int fd;
	const char *path; /* NULL: standard output */
	char *temporary;
	int error;
	bool complete; /* of one that is written in a box: it shall come into place */
};
bool product_open(struct run *r, struct product *p, const char *path);
bool product_write(void *product, const char *data, size_t len); /* a tmg_write_fn */
void product_close(struct run *r, struct product *p);            /* after an interrupt nothing comes into place */
void product_drop(struct product *p); /* instead of product_close: nothing comes into place */

/* main.c: makes a job and reads its files; NULL without memory. */
struct tmg *job_read(struct run *r, const struct job *j);

/* trace_words.c */
bool trace_time_read(struct trace_time *t, const char *s); /* 2026-11-22T14:05 */
void trace_time_now(struct trace_time *t);
bool trace_is_method(const char *s);

void cmd_audit(struct run *r);
/* cmd_convert.c: what was written for an input (NULL: in the directory itself). */
void convert_announce(struct run *r, const char *name);

void cmd_inspect(struct run *r);
void cmd_convert(struct run *r);
void cmd_explain(struct run *r);
void cmd_trace(struct run *r);

#endif
