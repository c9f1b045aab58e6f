/*
 * The command: parses, runs one command and ends with the worst status.
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"

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

/* How files were read: for -v. */
static void
tell(const struct tmg *t)
{
	const struct tmg_input *in;
	struct strbuf b;

	for (in = tmg_inputs(t); in != NULL; in = in->next) {
		sb_init(&b, NULL);
		text_safe(&b, in->file, 4096);
		fprintf(stderr, "%s: read as %s, %llu elements\n", b.s, in->charset,
		    (unsigned long long)in->elements);
		sb_free(&b);
	}
}

struct tmg *
job_read(struct run *r, const struct job *j)
{
	struct tmg *t = tmg_new(&r->args.in);
	enum tmg_status rc;
	size_t i;

	if (t == NULL) {
		out_of_memory(r);
		return NULL;
	}
	for (i = 0; i < j->files.n; i++) {
		rc = tmg_add_file(t, j->files.s[i]);
		if (rc == TMG_ENOMEM)
			out_of_memory(r);
		else if (rc != TMG_OK)
			run_status(r, EXIT_INPUT);
	}
	if (r->args.verbose)
		tell(t);
	if (tmg_inputs(t) != NULL && tmg_resolve(t) != TMG_OK)
		out_of_memory(r);
	return t;
}

static void
dispatch(struct run *r)
{
	switch (r->args.command) {
	case CMD_INSPECT:
		cmd_inspect(r);
		break;
	case CMD_CONVERT:
		cmd_convert(r);
		break;
	default:
		cmd_explain(r);
		break;
	}
}

int
main(int argc, char **argv)
{
	struct run r;
	int status;

	memset(&r, 0, sizeof(r));
	hold_descriptors(&r);
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error like any other */
	arena_init(&r.args.mem, NULL);
	if (args_parse(&r.args, argc, argv, &status)) {
		messages_init(&r);
		dispatch(&r);
		status = r.status;
	}
	arena_free(&r.args.mem);
	return status;
}
