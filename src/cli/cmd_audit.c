/*
 * tmgport audit: topologies, logs and certificates first, then every job; one
 * document for all of them.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/cli.h"

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
answer(struct run *r, enum tmg_status rc)
{
	if (rc == TMG_ENOMEM)
		out_of_memory(r);
	else if (rc != TMG_OK)
		run_status(r, EXIT_INPUT);
}

/* Everything but exports. How many of them could be used. */
static size_t
read_site(struct run *r, struct tmg_audit *a)
{
	const struct args *o = &r->args;
	enum tmg_status rc;
	size_t i, n = 0;

	for (i = 0; i < o->topologies.n; i++, n += rc == TMG_OK)
		answer(r, rc = tmg_audit_topology(a, o->topologies.s[i]));
	for (i = 0; i < o->logs.n; i++, n += rc == TMG_OK)
		answer(r, rc = tmg_audit_iis_log(a, o->logs.s[i]));
	for (i = 0; i < o->certs.n; i++)
		answer(r, tmg_audit_certificate(a, o->certs.p[i].key, o->certs.p[i].value));
	if (o->baseline != NULL)
		answer(r, tmg_audit_baseline(a, o->baseline));
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
	case TMG_ENOMEM: out_of_memory(r); return false;
	default:
		usage_error("audit", "--without: no topology knows a pool or site `%s`", r->args.without);
		run_status(r, r->status >= EXIT_INPUT ? r->status : EXIT_USAGE);
		return false;
	}
}

static size_t
read_jobs(struct run *r, struct tmg_audit *a)
{
	const struct job *j = r->args.files.n > 0 ? jobs_make(r) : NULL;
	struct tmg *t;
	size_t n = 0;

	for (; j != NULL; j = j->next) {
		if ((t = job_read(r, j)) == NULL)
			continue;
		if (tmg_inputs(t) != NULL) {
			n++;
			if (tmg_audit_add(a, t) != TMG_OK)
				out_of_memory(r);
		}
		messages_job(r, t);
		tmg_free(t);
	}
	return n;
}

static void
write_result(struct run *r, struct tmg_audit *a, struct product *p)
{
	const struct tmg_audit_result *result = tmg_audit_finish(a);
	enum tmg_audit_format format = TMG_A_TEXT;

	if (result == NULL) {
		out_of_memory(r);
		return;
	}
	for (size_t i = 0; i < COUNT(formats); i++)
		if (strcmp(formats[i].word, r->args.format) == 0)
			format = formats[i].format;
	for (int i = TMG_NOTE; i <= TMG_ERROR; i++)
		if (i >= (int)r->args.fail_on && result->count[i] > 0)
			run_status(r, EXIT_FINDINGS);
	if (r->args.fix_plan ? tmg_audit_fix_plan(a, product_write, p) == TMG_ENOMEM
			     : tmg_audit_write(a, format, product_write, p) == TMG_ENOMEM)
		out_of_memory(r);
}

/* --fixed: never over the export itself, since the file comes into place at the end. */
static void
write_fixed(struct run *r, struct tmg_audit *a)
{
	struct product p;
	size_t unmended;
	char why[160];
	struct stat in, out;
	enum tmg_status rc;

	if (stat(r->args.files.s[0], &in) == 0 && stat(r->args.fixed, &out) == 0 && in.st_dev == out.st_dev &&
	    in.st_ino == out.st_ino) {
		usage_error("audit", "--fixed: `%s` is the export itself", r->args.fixed);
		run_status(r, EXIT_USAGE);
		return;
	}
	if (!product_open(r, &p, r->args.fixed))
		return;
	rc = tmg_audit_fixed(a, r->args.files.s[0], product_write, &p, &unmended, why);
	if (rc == TMG_ENOMEM)
		out_of_memory(r);
	if (rc == TMG_EINPUT) {
		message_say(r, r->args.files.s[0], "export could not be written anew", why, "cannot-read");
		run_status(r, EXIT_INPUT);
	}
	if (rc == TMG_ENOMEM || rc == TMG_EINPUT)
		product_drop(&p);
	else
		product_close(r, &p);
	if (rc == TMG_OK && unmended > 0)
		fprintf(stderr, "tmgport: %zu changes could not be made; audit the new file\n", unmended);
}

void
cmd_audit(struct run *r)
{
	struct tmg_audit_options opt;
	struct tmg_audit *a;
	struct product product;
	bool some;

	memset(&opt, 0, sizeof(opt));
	opt.allow = r->args.allow.s;
	opt.allow_count = r->args.allow.n;
	opt.max_memory = r->args.in.limits.max_memory;
	opt.now = (int64_t)time(NULL);
	opt.show = r->args.show;
	if (!product_open(r, &product, r->args.output))
		return;
	if (tmg_audit_new(&opt, &a) != TMG_OK) {
		out_of_memory(r);
	} else {
		some = read_site(r, a) > 0 && r->args.files.n == 0;
		if (r->args.without == NULL || take_down(r, a)) {
			some = read_jobs(r, a) > 0 || some;
			if (!some)
				run_status(r, EXIT_INPUT);
			write_result(r, a, &product);
			if (some && r->args.fixed != NULL)
				write_fixed(r, a);
		}
	}
	tmg_audit_free(a);
	product_close(r, &product);
}
