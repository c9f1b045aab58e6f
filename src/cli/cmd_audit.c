/*
 * tmgport audit: topologies, logs and certificates first, then every job in a worker
 * that starts with what they say; one document for all of them. What workers find goes
 * over the tape to their parent, and to the journal for --resume. That parent, which reads
 * all but the exports, works in a box: what it writes to is opened before.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/box.h"
#include "cli/journal.h"
#include "cli/summary.h"

static const struct {
	const char *word;
	enum tmg_audit_format format;
} formats[] = {
	{ "text", TMG_A_TEXT },
	{ "json", TMG_A_JSON },
	{ "sarif", TMG_A_SARIF },
	{ "gcc", TMG_A_GCC },
	{ "csv", TMG_A_CSV },
	{ "markdown", TMG_A_MARKDOWN },
	{ "html", TMG_A_HTML },
};

static void
answer(struct run *r, const char *file, enum tmg_status rc)
{
	if (rc == TMG_ENOMEM)
		memory_ran_out(r, file);
	else if (rc != TMG_OK)
		run_status(r, EXIT_INPUT);
}

/* Everything but exports. How many of them could be used. */
static size_t
read_site(struct run *r, struct tmg_audit *a, struct box *b)
{
	const struct args *o = &r->args;
	enum tmg_status rc;
	size_t i, n = 0;

	for (i = 0; i < o->topologies.n; i++, n += rc == TMG_OK) {
		box_reads(b, o->topologies.s[i]);
		answer(r, o->topologies.s[i], rc = tmg_audit_topology(a, o->topologies.s[i]));
	}
	for (i = 0; i < o->logs.n; i++, n += rc == TMG_OK) {
		box_reads(b, o->logs.s[i]);
		answer(r, o->logs.s[i], rc = tmg_audit_iis_log(a, o->logs.s[i]));
	}
	for (i = 0; i < o->certs.n; i++) {
		box_reads(b, o->certs.p[i].value);
		answer(r, o->certs.p[i].value, tmg_audit_certificate(a, o->certs.p[i].key, o->certs.p[i].value));
	}
	if (o->baseline != NULL) {
		box_reads(b, o->baseline);
		answer(r, o->baseline, tmg_audit_baseline(a, o->baseline));
	}
	box_reads(b, NULL);
	for (const struct tmg_message *m = tmg_audit_messages(a); m != NULL; m = m->next)
		message_show(r, m);
	return n;
}

/* --without names something that the topologies know? */
static bool
take_down(struct run *r, struct tmg_audit *a)
{
	switch (tmg_audit_without(a, r->args.without)) {
	case TMG_OK: return true;
	case TMG_ENOMEM: memory_ran_out(r, NULL); return false;
	default:
		usage_error("audit", "--without: no topology knows a pool or site `%s`", r->args.without);
		run_status(r, r->status >= EXIT_INPUT ? r->status : EXIT_USAGE);
		return false;
	}
}

/* ---- jobs ------------------------------------------------------------------------- */

struct audit {
	struct tmg_audit *a;
	struct job *jobs;
	struct pool *pool;             /* NULL: no exports */
	struct product product, fixed; /* the latter only with --fixed */
	struct product summary;
	struct journal *journal; /* NULL: none is kept */
	bool some;               /* something was read */
};

/* What belongs to a task. */
struct before {
	struct span records; /* what the journal has of it */
	const char **hash;   /* of its files, as the journal has them; NULL: nothing is known */
};

static bool
tape_record(void *ctx, const char *record, size_t len)
{
	FILE *tape = ctx;

	(void)len; /* it ends as a string does */
	TAPE_PUT(tape, "found", record);
	return !ferror(tape);
}

/* In a worker. */
static void
work(struct run *r, struct task *task, struct product *p, void *ctx)
{
	const struct before *known = task->own;
	struct audit *audit = ctx;
	struct tmg *t;

	(void)p;
	if (known != NULL && known->hash != NULL && journal_unchanged(known->hash, task->job)) {
		TAPE_PUT(r->tape, "same");
		return;
	}
	if ((t = job_read(r, task->job)) == NULL)
		return;
	if (tmg_inputs(t) != NULL && tmg_audit_send(audit->a, t, tape_record, r->tape) == TMG_ENOMEM)
		memory_ran_out(r, NULL);
	messages_job(r, t);
	tmg_free(t);
}

static void
before(struct run *r, struct task *t, void *ctx)
{
	const struct audit *audit = ctx;
	struct before *known;

	if (audit->journal == NULL || (known = mem_array(&r->mem, 1, sizeof(*known))) == NULL)
		return;
	t->own = known;
	if (!journal_find(audit->journal, t->job, &known->records))
		return;
	journal_keep(audit->journal, t, &known->records);
	known->hash = journal_hashes(&r->mem, &known->records, t->job);
}

static void
after(struct run *r, struct task *t, void *ctx)
{
	const struct audit *audit = ctx;
	const struct before *known = t->own;
	struct replay look = { 0 };

	(void)r;
	if (t->broken || audit->journal == NULL)
		return;
	replay_look(&t->tape, &look);
	if (look.same && known != NULL)
		t->tape = known->records;
	else
		t->waiting = look.status <= EXIT_INPUT && !look.memory;
}

static void
settle(struct run *r, struct task **t, size_t n, void *ctx)
{
	const struct audit *audit = ctx;
	size_t i;

	(void)r;
	for (i = 0; i < n; i++)
		journal_add(audit->journal, t[i]);
	journal_sync(audit->journal);
}

/* What a worker found becomes part of the whole. */
static bool
show(struct run *r, struct task *t, void *ctx)
{
	struct audit *audit = ctx;
	enum tmg_status rc = TMG_OK;
	struct reader in;

	if (t->spent)
		return true;
	reader_open(&in, &t->tape);
	while (rc == TMG_OK && reader_next(&in))
		if (reader_is(&in, "found"))
			rc = in.field[1] == NULL ? TMG_EINPUT
						 : tmg_audit_take(audit->a, in.field[1], strlen(in.field[1]));
	if (in.failed)
		out_of_memory(r);
	else if (rc == TMG_ENOMEM)
		memory_ran_out(r, t->job->files[0]);
	else if (rc != TMG_OK)
		task_say(t, t->job->files[0], "program broke down on this input; it gave nothing",
		    "what its worker handed over makes no sense", "input-crashed", EXIT_OUTPUT);
	reader_close(&in);
	return !in.failed && rc != TMG_ENOMEM;
}

/* ---- the end ---------------------------------------------------------------------- */

static void
count(struct run *r, const struct tmg_audit_result *result)
{
	const struct tmg_finding *f;

	for (int i = TMG_NOTE; i <= TMG_ERROR; i++)
		if (i >= (int)r->args.fail_on && result->count[i] > 0)
			run_status(r, EXIT_FINDINGS);
	r->row_next = 0;
	for (f = result->findings; f != NULL && r->rows != NULL; f = f->next)
		if (!f->known)
			rows_finding(r, f->file, f->input, f->severity);
}

static void
finish(struct run *r, void *ctx)
{
	struct audit *audit = ctx;
	const struct tmg_audit_result *result = tmg_audit_finish(audit->a);
	enum tmg_audit_format format = TMG_A_TEXT;
	enum tmg_status rc;

	audit->some = audit->some || r->inputs_read > 0;
	if (!audit->some)
		run_status(r, EXIT_INPUT);
	if (result == NULL) {
		memory_ran_out(r, NULL);
		return;
	}
	for (size_t i = 0; i < COUNT(formats); i++)
		if (strcmp(formats[i].word, r->args.format) == 0)
			format = formats[i].format;
	count(r, result);
	if (r->args.fix_plan)
		rc = tmg_audit_fix_plan(audit->a, product_write, &audit->product);
	else
		rc = tmg_audit_write(audit->a, format, product_write, &audit->product);
	if (rc == TMG_ENOMEM)
		memory_ran_out(r, NULL);
	audit->product.complete = rc != TMG_ENOMEM;
}

static void
write_fixed(struct run *r, struct audit *audit)
{
	const char *file = r->args.files.s[0];
	size_t unmended;
	char why[160];
	enum tmg_status rc = tmg_audit_fixed(audit->a, file, product_write, &audit->fixed, &unmended, why);

	if (rc == TMG_ENOMEM)
		memory_ran_out(r, file);
	if (rc == TMG_EINPUT) {
		message_say(r, file, "export could not be written anew", why, "cannot-read");
		run_status(r, EXIT_INPUT);
	}
	audit->fixed.complete = rc != TMG_ENOMEM && rc != TMG_EINPUT;
	if (rc == TMG_OK && unmended > 0)
		fprintf(stderr, "tmgport: %zu changes could not be made; audit the new file\n", unmended);
}

/* ---- in the box ------------------------------------------------------------------- */

/* The exports, each job in a process of its own; or none, when topologies and logs are all. */
static void
look_at(struct run *r, struct audit *audit, struct box *b)
{
	struct work w = { .run = work,
		.before = before,
		.after = after,
		.show = show,
		.settle = settle,
		.end = finish,
		.ctx = audit };
	bool all = true;

	if (r->args.files.n == 0)
		finish(r, audit);
	else
		all = work_run(audit->pool, &w);
	if (audit->journal != NULL)
		b->answer = (int)journal_finish(audit->journal, all, r->inputs_read > 0);
	if (all && audit->some && audit->product.complete && r->args.fixed != NULL)
		write_fixed(r, audit);
}

static void
run_audit(struct run *r, struct box *b)
{
	struct audit *audit = b->ctx;
	struct tmg_audit_options opt;

	memset(&opt, 0, sizeof(opt));
	opt.allow = r->args.allow.s;
	opt.allow_count = r->args.allow.n;
	opt.max_memory = r->args.in.limits.max_memory;
	opt.now = r->args.now;
	opt.show = r->args.show;
	if (tmg_audit_new(&opt, &audit->a) != TMG_OK) {
		out_of_memory(r);
	} else {
		audit->some = read_site(r, audit->a, b) > 0 && r->args.files.n == 0;
		if (r->args.without == NULL || take_down(r, audit->a))
			look_at(r, audit, b);
		else if (audit->journal != NULL && journal_is_new(audit->journal))
			b->answer = JOURNAL_GOES;
	}
	tmg_audit_free(audit->a);
}

/* ---- around it -------------------------------------------------------------------- */

static bool
misused(struct run *r, const char *why)
{
	usage_error("audit", "%s", why);
	run_status(r, EXIT_USAGE);
	return false;
}

/* --fixed never goes over the export itself, since the file comes into place at the end. */
static bool
is_export(struct run *r)
{
	struct stat in, out;

	if (stat(r->args.files.s[0], &in) != 0 || stat(r->args.fixed, &out) != 0 || in.st_dev != out.st_dev ||
	    in.st_ino != out.st_ino)
		return false;
	usage_error("audit", "--fixed: `%s` is the export itself", r->args.fixed);
	run_status(r, EXIT_USAGE);
	return true;
}

/* false: an option makes no sense with them. */
static bool
find_jobs(struct run *r, struct audit *audit)
{
	struct job *jobs = r->args.files.n > 0 ? jobs_make(r) : NULL;
	bool many = jobs != NULL && (jobs->found || jobs->next != NULL);

	if (r->args.resume && !many)
		return misused(r, "--resume: files that are named are one piece of work; name a directory");
	if (r->args.fixed != NULL && many)
		return misused(r, "--fixed needs one FILE, not a directory");
	for (struct job *j = jobs; j != NULL; j = j->next) /* what the journal calls it */
		j->name = j->found ? j->files[0] : NULL;
	audit->jobs = jobs_part(r, jobs);
	return r->args.fixed == NULL || r->args.files.n == 0 || !is_export(r);
}

/* Without one of them, which has been said, the others are written. */
static const char *
open_product(struct run *r, struct box *b, struct product *p, const char *path)
{
	if (path == NULL || !product_open(r, p, path))
		return NULL;
	b->products[b->product_count++] = p;
	return path;
}

static bool
open_all(struct run *r, struct audit *audit, struct box *b)
{
	if (r->args.resume && ((audit->journal = journal_open(r)) == NULL || !journal_ready(audit->journal)))
		return false;
	if (r->args.files.n > 0 && (audit->pool = work_open(r, audit->jobs)) == NULL)
		return false;
	r->args.fixed = open_product(r, b, &audit->fixed, r->args.fixed);
	r->args.summary = r->args.files.n > 0 ? open_product(r, b, &audit->summary, r->args.summary) : NULL;
	r->summary = r->args.summary != NULL ? &audit->summary : NULL;
	return true;
}

/* What the box may read. Links that a directory holds lead out of it. */
static bool
name_files(struct run *r, const struct audit *audit, struct strings *files)
{
	const struct args *o = &r->args;
	const struct strings *const lists[] = { &o->files, &o->topologies, &o->logs };
	struct stat st;
	bool good = true;

	for (size_t i = 0; i < COUNT(lists); i++)
		for (size_t k = 0; k < lists[i]->n; k++)
			good = good && strings_add(&r->mem, files, lists[i]->s[k]);
	for (size_t i = 0; i < o->certs.n; i++)
		good = good && strings_add(&r->mem, files, o->certs.p[i].value);
	if (o->baseline != NULL)
		good = good && strings_add(&r->mem, files, o->baseline);
	for (const struct job *j = audit->jobs; j != NULL; j = j->next)
		if (j->found && lstat(j->files[0], &st) == 0 && S_ISLNK(st.st_mode))
			good = good && strings_add(&r->mem, files, j->files[0]);
	if (!good)
		out_of_memory(r);
	return good;
}

void
cmd_audit(struct run *r)
{
	struct audit audit = { .a = NULL };
	struct box box = { .run = run_audit, .ctx = &audit };

	r->args.now = (int64_t)time(NULL);
	if (!find_jobs(r, &audit) || !product_open(r, &audit.product, r->args.output))
		return;
	box.products[box.product_count++] = &audit.product;
	r->held[1] = audit.product.fd;
	if (open_all(r, &audit, &box) && name_files(r, &audit, &box.files))
		box_run(r, &box);
	else
		box_drop(&box);
	if (audit.journal != NULL)
		journal_place(audit.journal,
		    box.answer == JOURNAL_NEW        ? JOURNAL_NEW
			: box.answer == JOURNAL_GOES ? JOURNAL_GOES
						     : JOURNAL_STAYS);
	work_close(audit.pool);
}
