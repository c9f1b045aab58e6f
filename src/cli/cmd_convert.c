/*
 * tmgport convert: the named files are converted together, each export of a
 * directory on its own. One that cannot be read does not stop the others, and
 * does not pass for success. Workers write to folders that this process made
 * and puts into place; --compare throws them away after a look.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/compare.h"
#include "cli/journal.h"

struct convert {
	struct run *run;
	struct tmg_convert_options o;
	struct journal *journal; /* NULL: none is kept */
	struct strings made;     /* folders above the output that were not there */
	const char *scratch;     /* --compare: where workers write */
	bool by_name, many;
	bool some; /* something was written, or is there already */
};

/* What belongs to a task. */
struct staging {
	struct tmg_stage *stage;
	const char *dir;   /* where it will lie, or lies */
	struct span known; /* what the journal has of it */
	const char **hash; /* of its files, as the journal has them */
	bool is_known;
};

static void
fill(struct convert *c)
{
	const struct args *a = &c->run->args;

	c->o.targets = a->targets.s;
	c->o.target_count = a->targets.n;
	c->o.dir = a->output;
	c->o.cert_dir = a->cert_dir;
	c->o.ca_file = a->ca_file;
	c->o.runtime_dir = a->runtime_dir;
	c->o.binds = a->binds.p;
	c->o.bind_count = a->binds.n;
	c->o.pass_through = a->pass_through.s;
	c->o.pass_count = a->pass_through.n;
	c->o.allow = a->allow.s;
	c->o.allow_count = a->allow.n;
	c->o.versions = a->versions.p;
	c->o.version_count = a->versions.n;
	c->o.no_verify = a->no_verify;
	c->o.transparent = a->transparent;
	c->o.force = a->force;
}

/* With several jobs the place is looked at before the first one fills it.
 * Whatever else is wrong with it, the first job meets. */
static bool
place_is_empty(struct run *r)
{
	DIR *d = opendir(r->args.output);
	const struct dirent *e;
	bool empty = true;

	if (d == NULL)
		return true;
	while ((e = readdir(d)) != NULL)
		empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
	closedir(d);
	if (!empty) {
		message_say(
		    r, r->args.output, "output directory is not empty; nothing was written", NULL, "output-not-empty");
		run_status(r, EXIT_OUTPUT);
	}
	return empty;
}

void
convert_announce(struct run *r, const char *name)
{
	const struct args *a = &r->args;
	const char *const *target = tmg_targets();

	if (a->quiet || r->stdout_closed)
		return;
	for (; *target != NULL; target++)
		if (strings_have(&a->targets, *target) || strings_have(&a->targets, "all"))
			printf("%s/%s%s%s: written; read its REPORT.md before it goes live\n",
			    shown(&r->mem, a->output), name != NULL ? shown(&r->mem, name) : "",
			    name != NULL ? "/" : "", *target);
}

/* ---- in a worker ------------------------------------------------------------------------ */

static void
tell_folders(struct convert *c, const struct tmg *t, const struct job *j)
{
	struct names names = { NULL, 0, 0 };
	const struct tmg_input *in;

	if (!c->by_name || j->found) {
		TAPE_PUT(c->run->tape, "wrote", j->name);
		return;
	}
	for (in = tmg_inputs(t); in != NULL; in = in->next)
		TAPE_PUT(c->run->tape, "wrote", folder_name(&c->run->mem, &names, in->file));
}

static void
convert_job(struct convert *c, struct task *task, struct tmg *t, struct product *p)
{
	const struct staging *s = task->own;
	struct run *r = c->run;
	enum tmg_status rc = TMG_OK;

	c->o.by_name = c->by_name && !task->job->found;
	c->o.dir = s->dir;
	c->o.stage = s->stage;
	if (tmg_inputs(t) != NULL)
		rc = tmg_convert(t, &c->o);
	if (tmg_inputs(t) != NULL && rc == TMG_OK) {
		tape_outcomes(r, t);
		if (c->scratch == NULL)
			tell_folders(c, t, task->job);
		else
			compare_folders(r, tmg_stage_fd(s->stage), s->dir, p);
	}
	if (c->scratch != NULL && rc == TMG_OK)
		messages_unread(r, t);
	else if (messages_job(r, t) == 0 && rc == TMG_EUSAGE)
		TAPE_PUT(r->tape, "usage", "an option cannot be used");
	task->stop = rc == TMG_EOUTPUT || rc == TMG_EUSAGE;
	if (rc == TMG_ENOMEM)
		memory_ran_out(r, NULL);
	else if (rc == TMG_EOUTPUT)
		run_status(r, EXIT_OUTPUT);
	else if (rc != TMG_OK)
		run_status(r, rc == TMG_EINPUT ? EXIT_INPUT : EXIT_USAGE);
}

static void
work(struct run *r, struct task *task, struct product *p, void *ctx)
{
	const struct staging *s = task->own;
	struct tmg *t;

	if (s->is_known && journal_unchanged(s->hash, task->job)) {
		TAPE_PUT(r->tape, "same");
		return;
	}
	if (s->stage == NULL) {
		message_say(r, s->dir, "output directory is not empty; nothing was written",
		    "its input has changed since; --force replaces files", "output-not-empty");
		run_status(r, EXIT_OUTPUT);
		return;
	}
	t = job_read(r, task->job);
	if (t != NULL)
		convert_job(ctx, task, t, p);
	tmg_free(t);
}

/* ---- around it --------------------------------------------------------------------------- */

static bool
is_there(struct run *r, const char *name)
{
	const char *path = mem_fmt(&r->mem, "%s/%s", r->args.output, name);
	struct stat st;

	return path == NULL || lstat(path, &st) == 0;
}

/* Does something lie where the journal says that it was written? `all` of it? */
static bool
lies_there(struct convert *c, const struct span *records, bool all)
{
	const char *const *target;
	const char *name, *path;
	struct reader in;
	bool some = false, missing = false;

	reader_open(&in, records);
	while (reader_next(&in)) {
		if (!reader_is(&in, "wrote"))
			continue;
		name = in.field[1] != NULL ? in.field[1] : ".";
		for (target = tmg_targets(); *target != NULL; target++) {
			if (!strings_have(&c->run->args.targets, *target) &&
			    !strings_have(&c->run->args.targets, "all"))
				continue;
			path = mem_fmt(&c->run->mem, "%s/%s", name, *target);
			if (path != NULL && is_there(c->run, path))
				some = true;
			else
				missing = true;
		}
	}
	reader_close(&in);
	return all ? !missing : some;
}

static void
say_taken(const struct convert *c, struct task *t, const char *dir)
{
	task_say(t, dir, "output directory is not empty; nothing was written",
	    c->run->args.resume ? "the journal does not tell of it; --force replaces files" : NULL, "output-not-empty",
	    EXIT_OUTPUT);
}

/* The user's own word may be a link; a folder that is made below it may not. (One that comes
 * in between is refused when it is opened.) */
static bool
is_link(const struct convert *c, const char *dir)
{
	struct stat st;

	return c->many && lstat(dir, &st) == 0 && S_ISLNK(st.st_mode);
}

static void
make_stage(struct convert *c, struct task *t, struct staging *s, bool force)
{
	char why[TMG_WHY];
	const char *dir = s->dir;
	enum tmg_status rc;

	if (is_link(c, dir)) {
		t->idle = true;
		task_say(t, dir, "output could not be written; nothing is left behind", "a symbolic link is in the way",
		    "cannot-write", EXIT_OUTPUT);
		return;
	}

	if (c->scratch != NULL)
		dir = mem_fmt(&c->run->mem, "%s/%zu", c->scratch, t->number);
	rc = dir != NULL ? tmg_stage_new(dir, force, c->many, &s->stage, why) : TMG_ENOMEM;
	if (rc == TMG_OK) {
		if (c->journal != NULL)
			journal_stage(c->journal, tmg_stage_name(s->stage));
		return;
	}
	if (rc == TMG_EUSAGE && s->is_known)
		return; /* the worker finds out whether it is what it would write */
	t->idle = true;
	t->stop = rc != TMG_EUSAGE || !c->many;
	if (rc == TMG_EUSAGE)
		say_taken(c, t, dir);
	else
		task_say(t, dir, "output could not be written; nothing is left behind",
		    rc == TMG_ENOMEM ? "out of memory" : why, "cannot-write", EXIT_OUTPUT);
}

static void
before(struct run *r, struct task *t, void *ctx)
{
	struct convert *c = ctx;
	struct staging *s = mem_array(&r->mem, 1, sizeof(*s));
	const struct args *a = &r->args;
	bool force = a->force;

	if (s != NULL)
		s->dir = !t->job->found ? c->o.dir : mem_fmt(&r->mem, "%s/%s", c->o.dir, t->job->name);
	if (s == NULL || s->dir == NULL) {
		t->idle = t->broken = true;
		return;
	}
	t->own = s;
	if (c->journal != NULL && a->resume && journal_find(c->journal, t->job, &s->known)) {
		journal_keep(c->journal, t, &s->known);
		s->hash = journal_hashes(&r->mem, &s->known, t->job);
		s->is_known = s->hash != NULL;
	}
	/* Cut off while it came into place: the same bytes are written again. */
	if (s->is_known && !lies_there(c, &s->known, true)) {
		force = force || lies_there(c, &s->known, false);
		s->is_known = false;
	}
	/* The files that were named lie beside the others. */
	make_stage(c, t, s, force || (c->many && !t->job->found));
}

/* Names that files were given lie in a directory that may hold others. */
static bool
is_clear(struct convert *c, struct task *t)
{
	const char *name = NULL;
	struct reader in;

	if (t->job->found || !c->many || c->run->args.force || ((struct staging *)t->own)->is_known)
		return true;
	reader_open(&in, &t->tape);
	while (name == NULL && reader_next(&in))
		if (reader_is(&in, "wrote") && in.field[1] != NULL && is_there(c->run, in.field[1]))
			name = mem_fmt(&c->run->mem, "%s/%s", c->run->args.output, in.field[1]);
	reader_close(&in);
	if (name != NULL)
		say_taken(c, t, name);
	return name == NULL;
}

static void
say_unwritten(struct task *t, const char *why)
{
	const struct staging *s = t->own;

	t->stop = true;
	task_say(t, s->dir, "output could not be written; nothing is left behind", why, "cannot-write", EXIT_OUTPUT);
}

/* All that was staged reaches the disk, then the journal, before any of it
 * comes into place: after a crash of the machine, what the journal tells of is
 * whole. One sync for many files is far cheaper than one for each. */
static const char *
sync_all(struct convert *c)
{
	int fd = open(c->run->args.output, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *why = NULL;

	if (fd < 0 || syncfs(fd) != 0)
		why = strerror(errno);
	if (fd >= 0)
		close(fd);
	return why == NULL && !journal_sync(c->journal) ? "no journal" : why;
}

static void
put_into_place(struct convert *c, struct task *t)
{
	struct staging *s = t->own;
	char why[TMG_WHY];

	if (s->stage == NULL)
		return;
	if (tmg_stage_commit(s->stage, c->journal != NULL, why) != TMG_OK)
		say_unwritten(t, why);
	else
		c->some = true;
	s->stage = NULL;
}

/* What workers wrote comes into place, after the journal knows of it. */
static void
settle(struct run *r, struct task **t, size_t n, void *ctx)
{
	struct convert *c = ctx;
	const char *why = NULL;
	struct staging *s;
	size_t i;

	(void)r;
	for (i = 0; i < n; i++) {
		s = t[i]->own;
		if (is_clear(c, t[i]) && (c->journal == NULL || journal_add(c->journal, t[i])))
			continue;
		if (t[i]->extra == NULL)
			say_unwritten(t[i], "no journal");
		tmg_stage_abort(s->stage);
		s->stage = NULL;
	}
	if (c->journal != NULL)
		why = sync_all(c);
	for (i = 0; i < n; i++) {
		s = t[i]->own;
		if (why == NULL) {
			put_into_place(c, t[i]);
		} else if (s->stage != NULL) {
			say_unwritten(t[i], why);
			tmg_stage_abort(s->stage);
			s->stage = NULL;
		}
	}
}

static void
after(struct run *r, struct task *t, void *ctx)
{
	struct convert *c = ctx;
	struct staging *s = t->own;
	struct replay look = { 0 };

	(void)r;
	if (!t->broken)
		replay_look(&t->tape, &look);
	if (!t->broken && look.same) {
		tmg_stage_abort(s->stage);
		t->tape = s->known;
		c->some = true;
	} else if (!t->broken && look.wrote > 0 && s->stage != NULL) {
		t->waiting = true;
		return;
	} else {
		tmg_stage_abort(s->stage);
		if (!t->broken && c->journal != NULL && look.status <= EXIT_INPUT && !look.memory)
			journal_add(c->journal, t);
	}
	s->stage = NULL;
}

static int
may_write(const struct task *t, void *ctx)
{
	const struct staging *s = t->own;

	(void)ctx;
	return s->stage != NULL ? tmg_stage_fd(s->stage) : -1;
}

static bool
show(struct run *r, struct task *t, void *ctx)
{
	struct product p = { .fd = STDOUT_FILENO };

	(void)ctx;
	fflush(stdout);
	if (!work_product(t, product_write, &p) && signal_caught() == 0) {
		message_say(r, NULL, "standard output could not be written", strerror(p.error), "cannot-write");
		run_status(r, EXIT_OUTPUT);
		return false;
	}
	return true;
}

/* ---- the place ---------------------------------------------------------------------------- */

/* The directory and those above it, noted so that they can be taken away. */
static bool
make_place(struct convert *c)
{
	struct run *r = c->run;
	char *path = mem_strn(&r->mem, r->args.output, strlen(r->args.output)), *s;
	bool last = false;
	char end;

	for (s = path; s != NULL && !last; s++) {
		if (s == path || (*s != '/' && *s != '\0'))
			continue;
		end = *s;
		last = end == '\0';
		*s = '\0';
		if (mkdir(path, 0777) == 0)
			strings_add(&r->mem, &c->made, mem_strn(&r->mem, path, strlen(path)));
		else if (errno != EEXIST) {
			message_say(r, r->args.output, "output could not be written; nothing is left behind",
			    strerror(errno), "cannot-write");
			run_status(r, EXIT_OUTPUT);
			return false;
		}
		*s = end;
	}
	return path != NULL && !r->mem.failed;
}

static bool
open_place(struct convert *c)
{
	const struct args *a = &c->run->args;
	bool shares = a->force || a->resume || a->parts != 0;

	if (!c->many)
		return true;
	if (!shares && !place_is_empty(c->run))
		return false;
	if (!make_place(c))
		return false;
	c->journal = journal_open(c->run);
	return c->journal != NULL;
}

/* Folders that were made for nothing. */
static void
leave_place(struct convert *c, bool complete)
{
	size_t i;

	journal_close(c->journal, complete, c->some);
	for (i = c->made.n; i > 0 && !c->some; i--)
		rmdir(c->made.s[i - 1]);
}

static bool
open_scratch(struct convert *c)
{
	const char *dir = getenv("TMPDIR");
	char *path = mem_fmt(&c->run->mem, "%s/tmgport-XXXXXX", dir != NULL && dir[0] == '/' ? dir : "/tmp");

	c->scratch = path != NULL ? mkdtemp(path) : NULL;
	if (c->scratch != NULL)
		return true;
	message_say(c->run, NULL, "temporary directory could not be made", strerror(errno), "cannot-write");
	run_status(c->run, EXIT_OUTPUT);
	return false;
}

static bool
name_folders(struct run *r, struct job *jobs)
{
	struct names names = { NULL, 0, 0 };
	struct job *j;
	size_t i;

	for (j = jobs; j != NULL; j = j->next)
		for (i = 0; i < j->count; i++)
			if ((j->name = folder_name(&r->mem, &names, j->files[i])) == NULL) {
				out_of_memory(r);
				return false;
			}
	for (j = jobs; j != NULL; j = j->next)
		if (!j->found)
			j->name = NULL;
	return true;
}

static void
convert_all(struct convert *c, const struct job *jobs)
{
	struct work w = { .run = work,
		.before = before,
		.after = after,
		.show = show,
		.settle = settle,
		.may_write = may_write,
		.may_read = c->run->args.compare,
		.ctx = c };
	bool complete = work_do(c->run, &w, jobs);

	if (c->scratch != NULL)
		rmdir(c->scratch);
	else
		leave_place(c, complete);
	if (c->run->inputs_read == 0 && c->run->status < EXIT_USAGE)
		run_status(c->run, EXIT_INPUT);
}

void
cmd_convert(struct run *r)
{
	struct convert c = { .run = r };
	struct job *jobs = jobs_make(r);

	if (jobs == NULL || !name_folders(r, jobs))
		return;
	c.by_name = jobs->found || jobs->next != NULL || r->args.files.n > 1;
	c.many = jobs->found || jobs->next != NULL;
	if (r->args.resume && !c.many) {
		usage_error(
		    r->args.command_name, "--resume: files that are named are one piece of work; name a directory");
		run_status(r, EXIT_USAGE);
		return;
	}
	jobs = jobs_part(r, jobs);
	if (jobs == NULL)
		run_status(r, EXIT_INPUT);
	if (jobs == NULL || (r->args.compare != NULL ? !open_scratch(&c) : !open_place(&c)))
		return;
	fill(&c);
	if (r->args.compare != NULL)
		c.o.dir = r->args.compare;
	convert_all(&c, jobs);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("tmgport: error: standard output could not be written\n", stderr);
		run_status(r, EXIT_OUTPUT);
	}
}
