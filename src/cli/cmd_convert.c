/*
 * tmgport convert: the named files are converted together, each export of a
 * directory on its own. One that cannot be read does not stop the others, and
 * does not pass for success.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

struct convert {
	struct run *run;
	struct tmg_convert_options o;
	struct strings names; /* of folders below the output directory */
	bool by_name;
	bool some; /* something was written */
	bool stop; /* the place for output or an option is bad: more would say the same */
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

/* What was written and what to read first. */
static void
announce(struct convert *c, const char *name)
{
	const struct args *a = &c->run->args;
	const char *const *target = tmg_targets();

	if (a->quiet || c->run->stdout_closed)
		return;
	for (; *target != NULL; target++)
		if (strings_have(&a->targets, *target) || strings_have(&a->targets, "all"))
			printf("%s/%s%s%s: written; read its REPORT.md before it goes live\n",
			    shown(&c->run->mem, a->output), name != NULL ? name : "", name != NULL ? "/" : "", *target);
}

static void
announce_all(struct convert *c, const struct tmg *t, const char *name)
{
	const struct tmg_input *in;

	if (!c->by_name || name != NULL) {
		announce(c, name);
		return;
	}
	for (in = tmg_inputs(t); in != NULL; in = in->next)
		announce(c, folder_name(c->run, &c->names, in->file));
}

/* The status of one job; what was refused is a message of the job. */
static enum tmg_status
convert(struct convert *c, struct tmg *t, const struct job *j)
{
	struct run *r = c->run;
	const char *name = NULL;
	enum tmg_status rc;

	c->o.by_name = c->by_name && !j->found;
	if (j->found) {
		name = folder_name(r, &c->names, j->files[0]);
		c->o.dir = name == NULL ? NULL : mem_fmt(&r->mem, "%s/%s", r->args.output, name);
		if (c->o.dir == NULL)
			return TMG_ENOMEM;
	}
	rc = tmg_convert(t, &c->o);
	if (rc == TMG_OK) {
		c->some = true;
		announce_all(c, t, name);
	}
	return rc;
}

static void
one_job(struct convert *c, const struct job *j)
{
	struct run *r = c->run;
	struct tmg *t = job_read(r, j);
	enum tmg_status rc = TMG_OK;

	if (t == NULL)
		return;
	if (tmg_inputs(t) != NULL)
		rc = convert(c, t, j);
	if (messages_job(r, t) == 0 && rc == TMG_EUSAGE)
		usage_error("convert", "an option cannot be used");
	tmg_free(t);
	c->stop = rc == TMG_EOUTPUT || rc == TMG_EUSAGE;
	if (rc == TMG_ENOMEM)
		out_of_memory(r);
	else if (rc == TMG_EOUTPUT)
		run_status(r, EXIT_OUTPUT);
	else if (rc != TMG_OK)
		run_status(r, rc == TMG_EINPUT ? EXIT_INPUT : EXIT_USAGE);
}

void
cmd_convert(struct run *r)
{
	struct convert c = { .run = r };
	const struct job *jobs = jobs_make(r), *j;

	if (jobs == NULL)
		return;
	c.by_name = jobs->found || jobs->next != NULL || r->args.files.n > 1;
	if (c.by_name && !r->args.force && !place_is_empty(r))
		return;
	fill(&c);
	for (j = jobs; j != NULL && !c.stop; j = j->next)
		one_job(&c, j);
	if (!c.some && r->status < EXIT_USAGE)
		run_status(r, EXIT_INPUT);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("tmgport: error: standard output could not be written\n", stderr);
		run_status(r, EXIT_OUTPUT);
	}
}
