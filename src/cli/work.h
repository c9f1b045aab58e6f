/*
 * Jobs in worker processes. A command says what a worker does with a job, and
 * what its parent does before, after and, in the order of the jobs, with what
 * came back. A worker that breaks down takes its own job with it, nothing else.
 */
#ifndef CLI_WORK_H
#define CLI_WORK_H

#include "cli/cli.h"
#include "cli/tape.h"

struct task {
	const struct job *job;
	size_t number; /* its place in the run */
	void *own;     /* the command's: made by `before`, given back by `after` */
	struct span tape, product;
	char *extra; /* records of the parent's own about this job */
	size_t extra_len;
	double seconds;
	bool idle;   /* `before` says that there is nothing to do for a worker */
	bool stop;   /* what is wrong here would be wrong with the next ones */
	bool broken; /* the worker did not come to its end */
	bool spent;  /* memory ran out, and what it made is not whole */
	bool ended;
	bool aside;   /* its records wait elsewhere */
	bool waiting; /* `after` says that it is for `settle` */
	int how;      /* as waitpid has it */
};

struct work {
	/* In a worker. Messages and records go to the tape of the run. */
	void (*run)(struct run *r, struct task *t, struct product *p, void *ctx);
	/* In the parent; each may be NULL. `after` comes when a worker has ended,
	 * in any order, also for one that was ended; `show` in the order of the
	 * jobs, with what the worker wrote as its product: false to end the run. */
	void (*before)(struct run *r, struct task *t, void *ctx);
	void (*after)(struct run *r, struct task *t, void *ctx);
	bool (*show)(struct run *r, struct task *t, void *ctx);
	/* For what is cheaper for many at once: those that `after` let wait. */
	void (*settle)(struct run *r, struct task **t, size_t n, void *ctx);
	/* When all has been shown, before the summary is written. */
	void (*end)(struct run *r, void *ctx);
	/* Where the worker may write, when it has given up the rest; -1: nowhere. */
	int (*may_write)(const struct task *t, void *ctx);
	/* A folder that it may read besides its files, or NULL. */
	const char *may_read;
	void *ctx;
};

/* All jobs, in order. false when it ended before the last one: a signal came
 * or a job said so. Messages are printed, summary and status kept. */
bool work_do(struct run *r, const struct work *w, const struct job *jobs);
/* The same in steps, where the second may open no file: `work_open` opens what is needed, NULL when it
 * cannot even say so; what else is wrong it says. */
struct pool *work_open(struct run *r, const struct job *jobs);
bool work_run(struct pool *p, const struct work *w);
void work_close(struct pool *p); /* NULL is fine */
/* Copies what a worker wrote as its product; false when `fn` says so. */
bool work_product(const struct task *t, tmg_write_fn *fn, void *ctx);
/* A message of the parent's own about a job, printed in its place. */
void task_say(struct task *t, const char *file, const char *sentence, const char *detail, const char *id, int status);

/* signals.c: an interrupt is noted; what runs then comes to a tidy end. */
void signals_catch(void);
void signals_default(void);               /* in a worker */
int signal_caught(void);                  /* its number, or 0 */
void signals_wait(unsigned milliseconds); /* until a worker ends, a signal comes or the time is over */
void signals_hold(bool hold);
void signals_end(void); /* ends the process as the signal would have */

/* replay.c: prints what the tape of a job says, and counts. */
struct replay {
	uint64_t wrote; /* folders */
	bool same;      /* the journal has it */
	bool memory;    /* ran out, of an input or of all: */
	bool spent;
	bool stop, complete;
	int status;
};
void replay(struct run *r, const struct task *t);
/* Looks without printing. */
void replay_look(const struct span *tape, struct replay *p);
/* Did the worker of a broken job end because its own records could not be written? */
bool task_could_not_say(const struct task *t);
/* In a worker: what was read, what became of it, what there is to say. */
void tape_inputs(struct run *r, const struct tmg *t, const struct job *j);
void tape_outcomes(struct run *r, const struct tmg *t);
void tape_message(FILE *f, const struct tmg_message *m);

/* progress.c */
struct progress {
	bool on, shown;
	size_t files, done;
	uint64_t findings;
	double started, last;
};
void progress_start(struct run *r, struct progress *p, size_t files);
void progress_show(struct progress *p, bool now);
void progress_hide(struct progress *p);
double clock_now(void);

#endif
