/*
 * The records of a job: a worker writes them, its parent prints what they say.
 * What a worker says has been made of a stranger's file, so nothing that it
 * says is believed beyond its form.
 *
 *	input FILE SHA256 CHARSET ELEMENTS RULES    it was read
 *	hash FILE SHA256                            it was not
 *	outcome FILE TARGET LIVE CLOSED DISABLED NOT-APPLICABLE LOSSES
 *	found RECORD                                of an audit, as the library writes it
 *	wrote NAME                                  the folder, none for the directory itself
 *	same                                        all is as the journal has it
 *	message SEVERITY FILE LINE OBJECT SENTENCE DETAIL ID
 *	usage TEXT
 *	memory FILE                                 there was not enough to read it; none: for all of the job
 *	result STATUS STOP                          the end, without which nothing counts
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/summary.h"
#include "cli/work.h"

static const char *const severities[] = { "note", "warning", "error" };

/* ---- writing -------------------------------------------------------------------- */

static uint64_t
rules_of(const struct tmg_input *in)
{
	const struct tmg_array *a;
	uint64_t n = 0;

	for (a = in->arrays; a != NULL; a = a->next)
		n += a->rule_count;
	return n;
}

static bool
was_read(const struct tmg *t, const char *file)
{
	const struct tmg_input *in;

	for (in = tmg_inputs(t); in != NULL; in = in->next)
		if (strcmp(in->file, file) == 0)
			return true;
	return false;
}

void
tape_inputs(struct run *r, const struct tmg *t, const struct job *j)
{
	const struct tmg_input *in;
	struct digits elements, rules;
	char sha256[65];
	size_t i;

	for (in = tmg_inputs(t); in != NULL; in = in->next)
		TAPE_PUT(r->tape, "input", in->file, in->sha256, in->charset, digits(&elements, in->elements),
		    digits(&rules, rules_of(in)));
	for (i = 0; i < j->count; i++)
		if (!was_read(t, j->files[i]) && tmg_file_hash(j->files[i], sha256) == TMG_OK)
			TAPE_PUT(r->tape, "hash", j->files[i], sha256);
}

void
tape_outcomes(struct run *r, const struct tmg *t)
{
	struct digits live, closed, disabled, other, losses;
	const struct tmg_outcome *o;
	const struct tmg_input *in;

	for (in = tmg_inputs(t); in != NULL; in = in->next)
		for (o = in->outcomes; o != NULL; o = o->next)
			TAPE_PUT(r->tape, "outcome", in->file, o->target, digits(&live, o->live),
			    digits(&closed, o->closed), digits(&disabled, o->disabled),
			    digits(&other, o->not_applicable), digits(&losses, o->losses));
}

void
tape_message(FILE *f, const struct tmg_message *m)
{
	struct digits line;

	TAPE_PUT(f, "message", severities[m->severity], m->file, digits(&line, m->line), m->object, m->sentence,
	    m->detail, m->id);
}

void
task_say(struct task *t, const char *file, const char *sentence, const char *detail, const char *id, int status)
{
	struct tmg_message m = { id, TMG_ERROR, file, 0, NULL, sentence, detail, NULL };
	char *text = NULL;
	size_t len = 0;
	FILE *f = t->extra == NULL ? open_memstream(&text, &len) : NULL;
	struct digits number;

	if (f == NULL) { /* without memory, or told already */
		t->broken = t->broken || t->extra == NULL;
		return;
	}
	tape_message(f, &m);
	TAPE_PUT(f, "result", digits(&number, (uint64_t)status));
	if (fclose(f) != 0) {
		free(text);
		t->broken = true;
		return;
	}
	t->extra = text;
	t->extra_len = len;
}

/* ---- reading ---------------------------------------------------------------------- */

static enum tmg_severity
severity_read(const char *s)
{
	int i;

	for (i = 0; s != NULL && i < 2; i++)
		if (strcmp(s, severities[i]) == 0)
			return (enum tmg_severity)i;
	return TMG_ERROR;
}

static int
status_read(const char *s)
{
	uint64_t n = digits_read(s);

	return n > EXIT_OUTPUT ? EXIT_OUTPUT : (int)n;
}

static void
take_message(struct run *r, const struct reader *in, struct rows *rows)
{
	struct tmg_message m = { .severity = severity_read(in->field[1]),
		.file = in->field[2],
		.line = (uint32_t)digits_read(in->field[3]),
		.object = in->field[4],
		.sentence = in->field[5] != NULL ? in->field[5] : "",
		.detail = in->field[6],
		.id = in->field[7] != NULL ? in->field[7] : "" };

	message_take(r, &m);
	rows_message(r, rows, &m);
}

static void
take_input(struct run *r, const struct reader *in, struct rows *rows)
{
	if (r->args.verbose && in->field[1] != NULL && in->field[3] != NULL)
		input_told(r, in->field[1], in->field[3], digits_read(in->field[4]));
	r->inputs_read++;
	rows_input(rows, in);
}

static void
take(struct run *r, const struct task *t, const struct reader *in, struct rows *rows)
{
	if (reader_is(in, "message")) {
		take_message(r, in, rows);
	} else if (reader_is(in, "input")) {
		take_input(r, in, rows);
	} else if (reader_is(in, "outcome")) {
		rows_outcome(rows, in);
	} else if (reader_is(in, "wrote")) {
		if (t->extra_len == 0) { /* else its parent could not put it into place */
			rows->wrote = true;
			convert_announce(r, in->field[1]);
		}
	} else if (reader_is(in, "usage")) {
		usage_error(r->args.command_name, "%s", in->field[1] != NULL ? in->field[1] : "");
	} else if (reader_is(in, "memory")) {
		if (in->field[1] != NULL || !rows->memory)
			memory_say(r, in->field[1] != NULL ? in->field[1] : t->job->files[0]);
		rows->memory = true;
		if (in->field[1] == NULL || t->job->count == 1)
			rows_failed(rows, "out-of-memory");
	} else if (reader_is(in, "result")) {
		run_status(r, status_read(in->field[1]));
	}
}

static void
all(struct run *r, const struct task *t, struct reader *in, struct rows *rows)
{
	while (reader_next(in))
		take(r, t, in, rows);
	if (in->failed)
		out_of_memory(r);
	reader_close(in);
}

bool
task_could_not_say(const struct task *t)
{
	return t->broken && WIFEXITED(t->how) && WEXITSTATUS(t->how) == EXIT_OUTPUT;
}

/* Nothing is wrong with the input: the next one would fare no better. */
static void
say_no_room(struct run *r, const struct task *t, struct rows *rows)
{
	message_say(r, t->job->files[0], "temporary file could not be written",
	    "there may be no room in the folder for them: TMPDIR, else /tmp", "cannot-write");
	rows_failed(rows, "temporary file could not be written [cannot-write]");
	run_status(r, EXIT_OUTPUT);
}

static void
say_broken(struct run *r, const struct task *t, struct rows *rows)
{
	char why[80] = "its worker could not be started";
	size_t i;

	if (WIFSIGNALED(t->how))
		snprintf(why, sizeof(why), "ended by signal %d", WTERMSIG(t->how));
	else if (t->ended)
		snprintf(why, sizeof(why), "ended with status %d before it was done", WEXITSTATUS(t->how));
	for (i = 0; i < t->job->count; i++)
		message_say(
		    r, t->job->files[i], "program broke down on this input; it gave nothing", why, "input-crashed");
	rows_broken(r, rows, why);
	run_status(r, EXIT_OUTPUT);
}

void
replay(struct run *r, const struct task *t)
{
	struct rows rows = rows_begin(r, t->job);
	struct reader in;

	fflush(stdout);
	if (task_could_not_say(t)) {
		say_no_room(r, t, &rows);
	} else if (t->broken) {
		say_broken(r, t, &rows);
	} else {
		reader_open(&in, &t->tape);
		all(r, t, &in, &rows);
		if (t->extra_len > 0 && reader_open_text(&in, t->extra, t->extra_len))
			all(r, t, &in, &rows);
		else if (t->extra_len > 0)
			out_of_memory(r);
	}
	fflush(stdout);
	rows_end(r, &rows, t->seconds);
}

void
replay_look(const struct span *tape, struct replay *p)
{
	struct reader in;

	memset(p, 0, sizeof(*p));
	reader_open(&in, tape);
	while (reader_next(&in)) {
		p->same = p->same || reader_is(&in, "same");
		p->wrote += reader_is(&in, "wrote");
		p->memory = p->memory || reader_is(&in, "memory");
		p->spent = p->spent || (reader_is(&in, "memory") && in.field[1] == NULL);
		p->complete = reader_is(&in, "result");
		if (p->complete) {
			p->status = status_read(in.field[1]);
			p->stop = digits_read(in.field[2]) != 0;
		}
	}
	p->complete = p->complete && !in.failed;
	reader_close(&in);
}
