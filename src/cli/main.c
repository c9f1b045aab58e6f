/*
 * The command: parses, runs one command and ends with the worst status.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/work.h"

/* A descriptor that the caller closed would be given to the first file that
 * is opened, and text for a terminal would end up in it. */
static void
hold_descriptors(struct run *r)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (fd == STDOUT_FILENO)
			r->stdout_closed = true;
		if (open("/dev/null", O_RDONLY) != fd)
			return;
	}
}

static void
tell(struct run *r, const struct tmg *t)
{
	const struct tmg_input *in;

	for (in = tmg_inputs(t); in != NULL; in = in->next)
		input_told(r, in->file, in->charset, in->elements);
}

/* What is found in a directory was not named by the user: a pipe there would keep a worker waiting
 * for ever, and a device could do anything. What cannot be looked at, the library tells. */
static bool
is_refused(struct run *r, const struct job *j, const char *file)
{
	struct stat st;

	if (!j->found || stat(file, &st) != 0 || S_ISREG(st.st_mode))
		return false;
	message_say(
	    r, file, "input could not be read", "it is a pipe or a device; if it is meant, name it", "cannot-read");
	run_status(r, EXIT_INPUT);
	return true;
}

struct tmg *
job_read(struct run *r, const struct job *j)
{
	struct tmg *t = tmg_new(&r->args.in);
	enum tmg_status rc;
	size_t i;

	if (t == NULL) {
		memory_ran_out(r, r->tape == NULL ? j->files[0] : NULL);
		return NULL;
	}
	for (i = 0; i < j->count; i++) {
		if (is_refused(r, j, j->files[i]))
			continue;
		rc = tmg_add_file(t, j->files[i]);
		if (rc == TMG_ENOMEM)
			memory_ran_out(r, j->files[i]);
		else if (rc != TMG_OK)
			run_status(r, EXIT_INPUT);
	}
	if (tmg_inputs(t) != NULL && tmg_resolve(t) != TMG_OK)
		memory_ran_out(r, r->tape == NULL ? j->files[0] : NULL);
	if (r->tape != NULL)
		tape_inputs(r, t, j);
	else if (r->args.verbose)
		tell(r, t);
	return t;
}

static void
dispatch(struct run *r)
{
	switch (r->args.command) {
	case CMD_INSPECT: cmd_inspect(r); break;
	case CMD_AUDIT: cmd_audit(r); break;
	case CMD_CONVERT: cmd_convert(r); break;
	case CMD_TRACE: cmd_trace(r); break;
	default: cmd_explain(r); break;
	}
}

int
main(int argc, char **argv)
{
	struct run r;
	int status;

	memset(&r, 0, sizeof(r));
	hold_descriptors(&r);
	setvbuf(stderr, NULL, _IOLBF, BUFSIZ); /* a message is written at once, not word by word */
	signal(SIGPIPE, SIG_IGN);              /* a reader that went away is an error like any other */
	if (args_parse(&r, argc, argv, &status)) {
		messages_init(&r);
		dispatch(&r);
		status = r.status;
	}
	mem_free(&r.mem);
	signals_end();
	return status;
}
