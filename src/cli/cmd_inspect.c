/*
 * tmgport inspect: one document of all that the jobs hold, a job at a time,
 * so that a directory of exports needs no more memory than its largest.
 */
#include "cli/cli.h"
#include "export/inspect.h"

struct show {
	struct out *o;
	bool json, first;
};

static bool
show_job(struct show *s, const struct tmg *t)
{
	const struct tmg_input *in;
	bool good = true;

	for (in = tmg_inputs(t); in != NULL && good; in = in->next) {
		if (s->json) {
			good = inspect_json_input(s->o, in, s->first);
		} else {
			out_str(s->o, s->first ? "" : "\n");
			inspect_text(s->o, in);
		}
		s->first = false;
	}
	return good;
}

static void
one_job(struct run *r, struct show *s, const struct job *j)
{
	struct tmg *t = job_read(r, j);

	if (t == NULL)
		return;
	if (!show_job(s, t))
		out_of_memory(r);
	messages_job(r, t);
	tmg_free(t);
}

void
cmd_inspect(struct run *r)
{
	const struct job *jobs = jobs_make(r), *j;
	struct product product;
	struct show s = { NULL, strcmp(r->args.format, "json") == 0, true };

	if (!product_open(r, &product, r->args.output))
		return;
	s.o = out_to_fn(product_write, &product, NULL);
	if (s.o == NULL) {
		out_of_memory(r);
	} else {
		if (s.json)
			inspect_json_begin(s.o);
		for (j = jobs; j != NULL && !out_failed(s.o); j = j->next)
			one_job(r, &s, j);
		if (s.json)
			inspect_json_end(s.o);
		out_end_fn(s.o);
	}
	product_close(r, &product);
	if (s.first)
		run_status(r, EXIT_INPUT);
}
