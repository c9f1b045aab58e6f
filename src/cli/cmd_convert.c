/*
 * tmgport convert: the named files are converted together, each export of a
 * directory on its own. One that cannot be read does not stop the others, and
 * does not pass for success.
 */
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "export/names.h"
#include "export/out.h"
#include "model/diag.h"

struct convert {
	struct run *run;
	struct tmg_convert_options o;
	struct name_set names;
	bool by_name;
	bool some; /* something was written */
	bool stop; /* the place for output is bad: more would say the same */
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

/* With several jobs the place is looked at before the first one fills it. */
static bool
place_is_good(struct run *r)
{
	enum tmg_status rc = TMG_OK;
	char why[160];
	struct out_set *s = out_begin(r->args.output, r->args.force, NULL, &rc, why);

	if (s != NULL) {
		out_abort(s);
		return true;
	}
	if (rc == TMG_EUSAGE)
		message_say(r, D_OUTPUT_EXISTS, r->args.output, NULL);
	else
		message_say(r, D_OUTPUT, r->args.output, why);
	run_status(r, EXIT_OUTPUT);
	return false;
}

static bool
wanted(const struct args *a, const char *target)
{
	size_t i;

	for (i = 0; i < a->targets.n; i++)
		if (strcmp(a->targets.s[i], target) == 0 || strcmp(a->targets.s[i], "all") == 0)
			return true;
	return false;
}

/* What was written and what to read first. */
static void
announce(const struct convert *c, const char *name)
{
	const struct args *a = &c->run->args;
	const char *const *target = tmg_targets();
	struct strbuf b;

	if (a->quiet || c->run->stdout_closed)
		return;
	sb_init(&b, NULL);
	text_safe(&b, a->output, 4096);
	for (; *target != NULL; target++)
		if (wanted(a, *target))
			printf("%s/%s%s%s: written; read %s/REPORT.md before it goes live\n", b.s,
			    name != NULL ? name : "", name != NULL ? "/" : "", *target, *target);
	sb_free(&b);
}

/* The API names inputs in the same way, so that the names agree. */
static void
announce_all(struct convert *c, const struct tmg *t, const char *name)
{
	const struct tmg_input *in;

	if (!c->by_name || name != NULL) {
		announce(c, name);
		return;
	}
	for (in = tmg_inputs(t); in != NULL; in = in->next)
		announce(c, names_for(&c->names, in->file));
}

static void
convert(struct convert *c, struct tmg *t, const struct job *j)
{
	struct run *r = c->run;
	const char *name = NULL;
	enum tmg_status rc;

	c->o.by_name = c->by_name && !j->found;
	if (j->found) {
		name = names_for(&c->names, j->files.s[0]);
		c->o.dir = name == NULL ? NULL : arena_fmt(&r->args.mem, "%s/%s", r->args.output, name);
		if (c->o.dir == NULL) {
			out_of_memory(r);
			return;
		}
	}
	rc = tmg_convert(t, &c->o);
	if (rc == TMG_OK) {
		c->some = true;
		announce_all(c, t, name);
	} else if (rc == TMG_EOUTPUT) {
		c->stop = true;
		run_status(r, EXIT_OUTPUT);
	} else if (rc == TMG_ENOMEM) {
		out_of_memory(r);
	} else {
		run_status(r, rc == TMG_EINPUT ? EXIT_INPUT : EXIT_USAGE);
	}
}

static void
one_job(struct convert *c, const struct job *j)
{
	struct tmg *t = job_read(c->run, j);

	if (t == NULL)
		return;
	if (tmg_inputs(t) != NULL)
		convert(c, t, j);
	messages_job(c->run, t);
	tmg_free(t);
}

void
cmd_convert(struct run *r)
{
	struct convert c = { .run = r };
	const struct job *jobs = jobs_make(r), *j;

	if (jobs == NULL)
		return;
	c.by_name = jobs->found || jobs->next != NULL || r->args.files.n > 1;
	if (c.by_name && !place_is_good(r))
		return;
	fill(&c);
	names_init(&c.names, NULL);
	for (j = jobs; j != NULL && !c.stop; j = j->next)
		one_job(&c, j);
	names_free(&c.names);
	if (!c.some)
		run_status(r, EXIT_INPUT);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("tmgport: error: standard output could not be written\n", stderr);
		run_status(r, EXIT_OUTPUT);
	}
}
