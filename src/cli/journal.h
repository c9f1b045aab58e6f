/*
 * The journal of a conversion or an audit of many inputs: what has been done, so that
 * --resume need not do it again.
 */
#ifndef CLI_JOURNAL_H
#define CLI_JOURNAL_H

#include "cli/work.h"

struct journal;

/* Opens the journal in the output directory, or beside the output of an audit; without --resume a new one. NULL:
 * it could not, which has been said. */
struct journal *journal_open(struct run *r);
/* What it holds of a job, when it was written by the same version with the same
 * options; false: nothing. */
bool journal_find(const struct journal *j, const struct job *job, struct span *records);
/* What the files of the job were then, one hash each; NULL: they were others. */
const char **journal_hashes(struct mem *mem, const struct span *records, const struct job *job);
/* Are the files still those? Reads all of them: for a worker. */
bool journal_unchanged(const char *const *hash, const struct job *job);
/* The folder in which a job is being staged, so that it is found after a crash. */
void journal_stage(struct journal *j, const char *name);
/* Keeps the records of a job, which are there from now on; on the disk they
 * are after the next journal_sync. false: it could not be written. */
bool journal_add(struct journal *j, struct task *t);
bool journal_sync(struct journal *j);
/* What it has of a job already stays, unless the job is done again. */
void journal_keep(struct journal *j, const struct task *t, const struct span *records);
/* In the order of the jobs, if the run came to its end; gone if nothing was written. */
void journal_close(struct journal *j, bool complete, bool some);

/* The same in steps, for a process that may not open, rename or remove anything: what it needs for the
 * end is opened first (false: it could not, which has been said), it writes, and another process puts
 * what it wrote into place and closes the journal. */
enum journal_end { JOURNAL_STAYS, JOURNAL_NEW, JOURNAL_GOES };
bool journal_ready(struct journal *j);
bool journal_is_new(const struct journal *j); /* nothing of an earlier run is in it, nor of this one */
enum journal_end journal_finish(struct journal *j, bool complete, bool some);
void journal_place(struct journal *j, enum journal_end what);

#endif
