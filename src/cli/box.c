/*
 * A process that gives up its rights before it reads, and the one that waits for it: it
 * hands on an interrupt, takes over status and errors, and puts into place what was
 * written. The two share a few numbers, none of which is believed beyond its range.
 * Knows no command.
 */
#include "cli/box.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/sandbox.h"
#include "cli/work.h"

#define A_WHILE 1000 /* milliseconds between looks, should a signal be missed */

/* What the process in the box says. */
struct box_shared {
	size_t at; /* which of the files it reads, from 1; 0: none of them alone */
	int status, answer;
	bool done;
	struct {
		int error;
		bool complete;
	} product[BOX_PRODUCTS];
};

void
warm_up(void)
{
	/* Not in UTF-16: each worker would carry what iconv loads, and hardly an export needs it. */
	static const char nothing[] = "<nothing/>";
	struct tmg *t = tmg_new(NULL);

	json_object_seed(0);
	if (t != NULL)
		tmg_add_memory(t, "nothing", nothing, sizeof(nothing) - 1);
	tmg_free(t);
#if defined(__GLIBC__)
	malloc_trim(0); /* what is free by now would be copied for each worker that writes to it */
#endif
}

void
box_reads(struct box *b, const char *file)
{
	b->shared->at = 0;
	for (size_t i = 0; file != NULL && i < b->files.n; i++)
		if (b->files.s[i] == file)
			b->shared->at = i + 1;
}

static void
be_boxed(struct run *r, struct box *b)
{
	struct box_shared *shared = b->shared;
	struct sandbox s = { .files = b->files.s, .file_count = b->files.n, .write = -1 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signals_default();
	if (!r->args.no_sandbox)
		sandbox_enter(&s); /* a kernel that cannot has been told of */
	b->run(r, b);
	signals_end();
	shared->status = r->status;
	shared->answer = b->answer;
	for (size_t i = 0; i < b->product_count; i++) {
		shared->product[i].error = b->products[i]->error;
		shared->product[i].complete = b->products[i]->complete;
	}
	shared->done = true;
	exit(EXIT_DONE);
}

static int
wait_for(pid_t pid)
{
	bool told = false;
	pid_t ended = 0;
	int how = 0;

	signals_hold(true);
	while (ended == 0 || (ended < 0 && errno == EINTR)) {
		if (signal_caught() != 0 && !told)
			told = kill(pid, SIGTERM) == 0;
		signals_wait(A_WHILE);
		ended = waitpid(pid, &how, WNOHANG);
	}
	signals_hold(false);
	return how;
}

static void
say_broken(struct run *r, const struct box *b, pid_t pid, int how)
{
	size_t at = b->shared != MAP_FAILED ? b->shared->at : 0;
	char why[80] = "its process could not be started";

	if (pid > 0 && WIFSIGNALED(how))
		snprintf(why, sizeof(why), "ended by signal %d", WTERMSIG(how));
	else if (pid > 0)
		snprintf(why, sizeof(why), "ended with status %d before it was done", WEXITSTATUS(how));
	run_status(r, EXIT_OUTPUT);
	if (signal_caught() == 0)
		message_say(r, at > 0 && at <= b->files.n ? b->files.s[at - 1] : NULL,
		    "program broke down on this input; it gave nothing", why, "input-crashed");
}

static void
take(struct run *r, struct box *b)
{
	const struct box_shared *shared = b->shared;

	b->answer = shared->answer;
	run_status(r, shared->status >= EXIT_DONE && shared->status <= EXIT_OUTPUT ? shared->status : EXIT_OUTPUT);
	for (size_t i = 0; i < b->product_count; i++) {
		b->products[i]->error = shared->product[i].error;
		b->products[i]->complete = shared->product[i].complete;
	}
}

void
box_drop(struct box *b)
{
	for (size_t i = 0; i < b->product_count; i++)
		product_drop(b->products[i]);
}

void
box_run(struct run *r, struct box *b)
{
	pid_t pid = -1;
	int how = 0;

	if (r->args.verbose && !r->args.no_sandbox && !sandbox_available())
		fputs("tmgport: this system has no sandbox; inputs are read without\n", stderr);
	warm_up();
	signals_catch();
	fflush(stdout);
	fflush(stderr);
	b->shared = mmap(NULL, sizeof(*b->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->shared != MAP_FAILED)
		pid = fork();
	if (pid == 0)
		be_boxed(r, b);
	if (pid > 0)
		how = wait_for(pid);
	if (pid > 0 && WIFEXITED(how) && WEXITSTATUS(how) == EXIT_DONE && b->shared->done)
		take(r, b);
	else
		say_broken(r, b, pid, how);
	if (b->shared != MAP_FAILED)
		munmap(b->shared, sizeof(*b->shared));
	for (size_t i = 0; i < b->product_count; i++) {
		if (b->products[i]->complete || b->products[i]->error != 0)
			product_close(r, b->products[i]);
		else
			product_drop(b->products[i]);
	}
}
