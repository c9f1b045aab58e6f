/*
 * tmgport trace: which rule takes a request, and why the others do not, for
 * one URL or for a list of them. Export and list are read in a box. Decides
 * nothing itself.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "cli/box.h"

static const char *const decision_words[] = { "forward", "redirect", "deny" };
static const char *const failed_words[] = { "matched", "disabled", "listener", "source", "host", "path", "schedule",
	"not reached" };

struct trace {
	struct run *r;
	struct product product;
	struct tmg_tracer *tracer;
	struct tmg_request base; /* what the command line says of all requests */
	struct trace_time at;
	char text[65536]; /* on its way to the product */
	size_t len;
	bool json, beside_told;
};

/* ---- writing ------------------------------------------------------------------- */

static void
flush(struct trace *t)
{
	product_write(&t->product, t->text, t->len);
	t->len = 0;
}

static void
putn(struct trace *t, const char *s, size_t n)
{
	if (n > sizeof(t->text) - t->len)
		flush(t);
	if (n > sizeof(t->text)) {
		product_write(&t->product, s, n);
		return;
	}
	memcpy(t->text + t->len, s, n);
	t->len += n;
}

static void
put(struct trace *t, const char *s)
{
	putn(t, s, strlen(s));
}

/* What came from outside: fit for a terminal. */
static void
put_shown(struct trace *t, const char *s)
{
	struct mem mem = { NULL, false };

	put(t, is_plain(s) ? s : shown(&mem, s));
	mem_free(&mem);
}

static void CLI_PRINTF(2, 3) put_fmt(struct trace *t, const char *fmt, ...)
{
	char line[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	put(t, line);
}

static void
put_server(struct trace *t, const struct tmg_verdict *v, size_t i)
{
	bool v6 = strchr(v->servers[i], ':') != NULL;

	put(t, v->tls ? "https://" : "http://");
	put(t, v6 ? "[" : "");
	put_shown(t, v->servers[i]);
	put_fmt(t, "%s:%d", v6 ? "]" : "", v->port);
}

/* ---- text ----------------------------------------------------------------------- */

/* One line: decision, where to, rule. Columns are separated by tabs. */
static void
show_brief(struct trace *t, const struct tmg_verdict *v)
{
	size_t i;

	put(t, decision_words[v->decision]);
	if (v->decision == TMG_FORWARD) {
		put(t, "\t");
		for (i = 0; i < v->server_count; i++) {
			put(t, i > 0 ? "," : "");
			put_server(t, v, i);
		}
		put(t, "\t");
		put_shown(t, v->host);
		put(t, "\t");
		put_shown(t, v->path);
	} else {
		put_fmt(t, "\t%d\t", v->status);
		put_shown(t, v->location != NULL ? v->location : "-");
		put(t, v->closed ? "\tclosed" : "\t-");
	}
	if (v->rule != NULL) {
		put_fmt(t, "\trule %lu line %lu\t", (unsigned long)v->rule->position, (unsigned long)v->rule->o.line);
		put_shown(t, v->rule->o.name);
	} else {
		put(t, "\tno rule\t-");
	}
	put(t, "\n");
}

static void
field(struct trace *t, const char *name)
{
	put_fmt(t, "  %-9s ", name);
}

static void
show_request(struct trace *t, const struct tmg_request *q, const struct tmg_verdict *v)
{
	put_shown(t, q->url);
	put(t, "\n");
	field(t, "from");
	put(t, v->from != NULL ? v->from : "an address of no known network");
	put(t, "\n");
	field(t, "on");
	put(t, v->on);
	put(t, ", listener \"");
	put_shown(t, v->listener->o.name);
	put(t, "\"");
	if (v->beside != NULL) {
		put(t, "; \"");
		put_shown(t, v->beside->o.name);
		put(t, "\" owns that port too, --on tells them apart");
	}
	put(t, "\n");
	field(t, "at");
	put_fmt(t, "%s%s\n", t->at.text, t->at.now ? " (now, local time)" : "");
}

static void
show_decision(struct trace *t, const struct tmg_verdict *v)
{
	char guid[TMG_GUID_SIZE];
	size_t i;

	field(t, "decision");
	put(t, decision_words[v->decision]);
	if (v->decision == TMG_FORWARD) {
		put(t, v->server_count > 1 ? " to one of " : " to ");
		for (i = 0; i < v->server_count; i++) {
			put(t, i > 0 ? ", " : "");
			put_server(t, v, i);
		}
	} else {
		put_fmt(t, " %d", v->status);
		if (v->location != NULL) {
			put(t, " to ");
			put_shown(t, v->location);
		}
	}
	if (v->why != NULL) {
		put(t, v->closed ? ", closed: " : ": ");
		put(t, v->why);
	}
	put(t, "\n");
	if (v->decision == TMG_FORWARD) {
		field(t, "host");
		put_shown(t, v->host);
		put(t, "\n");
		field(t, "path");
		put_shown(t, v->path);
		put(t, "\n");
	}
	field(t, "rule");
	if (v->rule == NULL) {
		put(t, "none\n");
		return;
	}
	put_fmt(t, "%lu \"", (unsigned long)v->rule->position);
	put_shown(t, v->rule->o.name);
	put(t, "\" ");
	put_shown(t, tmg_guid(&v->rule->o, guid));
	put_fmt(t, ", line %lu\n", (unsigned long)v->rule->o.line);
}

static void
show_text(struct trace *t, const struct tmg_request *q, const struct tmg_verdict *v)
{
	size_t i;

	show_request(t, q, v);
	show_decision(t, v);
	for (i = 0; i < v->step_count; i++) {
		const struct tmg_step *s = &v->steps[i];

		put_fmt(t, "  %5lu  %-11s  \"", (unsigned long)s->rule->position, failed_words[s->failed]);
		put_shown(t, s->rule->o.name);
		put_fmt(t, "\", line %lu%s%s\n", (unsigned long)s->rule->o.line, s->why != NULL ? ": " : "",
		    s->why != NULL ? s->why : "");
	}
	put(t, "\n");
}

/* ---- JSON --------------------------------------------------------------------------- */

/* Null for NULL; bytes that are no text, which a URL may hold, become '?'. */
static json_t *
text(const char *s)
{
	struct mem mem = { NULL, false };
	json_t *j;

	if (s == NULL)
		return json_null();
	j = json_string(s);
	if (j == NULL)
		j = json_string(shown(&mem, s));
	mem_free(&mem);
	return j;
}

static json_t *
servers(const struct tmg_verdict *v)
{
	json_t *list;
	size_t i;

	if (v->decision != TMG_FORWARD)
		return json_null();
	if (!v->farm)
		return text(v->servers[0]);
	list = json_array();
	for (i = 0; i < v->server_count; i++)
		json_array_append_new(list, text(v->servers[i]));
	return list;
}

static json_t *
number_or_null(int n)
{
	return n != 0 ? json_integer(n) : json_null();
}

static json_t *
rule_object(const struct tmg_rule *rule)
{
	char guid[TMG_GUID_SIZE];

	if (rule == NULL)
		return json_null();
	return json_pack("{s:o, s:o, s:I, s:I, s:I}", "name", text(rule->o.name), "guid",
	    text(tmg_guid(&rule->o, guid)), "position", (json_int_t)rule->position, "order", (json_int_t)rule->order,
	    "line", (json_int_t)rule->o.line);
}

static json_t *
step_list(const struct tmg_verdict *v)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < v->step_count; i++) {
		const struct tmg_step *s = &v->steps[i];

		json_array_append_new(list,
		    json_pack("{s:o, s:I, s:I, s:b, s:o}", "name", text(s->rule->o.name), "position",
			(json_int_t)s->rule->position, "line", (json_int_t)s->rule->o.line, "matched",
			s->failed == TMG_F_MATCHED, "failed",
			text(s->failed == TMG_F_MATCHED ? NULL : failed_words[s->failed])));
	}
	return list;
}

static void
show_json(struct trace *t, const struct tmg_request *q, const struct tmg_verdict *v)
{
	bool to = v->decision == TMG_FORWARD;
	json_t *o = json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "url", text(q->url),
	    "from", text(v->from), "on", text(v->on), "decision", decision_words[v->decision], "status",
	    number_or_null(v->status), "server", servers(v), "port", number_or_null(to ? v->port : 0), "tls",
	    to ? json_boolean(v->tls) : json_null(), "host", text(v->host), "path", text(v->path), "location",
	    text(v->location), "rule", rule_object(v->rule), "closed", v->closed);
	char *line;

	if (o != NULL && !q->brief)
		json_object_set_new(o, "rules", step_list(v));
	line = o != NULL ? json_dumps(o, JSON_COMPACT) : NULL;
	if (line != NULL) {
		put(t, line);
		put(t, "\n");
	} else {
		out_of_memory(t->r);
	}
	free(line);
	json_decref(o);
}

/* ---- requests -------------------------------------------------------------------------- */

/* Where the answer has no room for it. */
static void
tell_beside(struct trace *t, const struct tmg_verdict *v)
{
	struct mem mem = { NULL, false };

	if (v->beside == NULL || t->beside_told || (!t->json && !t->r->args.quiet))
		return;
	t->beside_told = true;
	fprintf(stderr,
	    "tmgport: note: more than one listener owns the port of the URL, among them \"%s\"; "
	    "\"%s\" was taken, --on tells them apart\n",
	    shown(&mem, v->beside->o.name), shown(&mem, v->listener->o.name));
	mem_free(&mem);
}

/* `place` names the line of a list, or is NULL. */
static void
one_request(struct trace *t, const struct tmg_request *q, const char *place, unsigned long line)
{
	struct mem mem = { NULL, false };
	struct tmg_verdict v;
	enum tmg_status rc = tmg_trace(t->tracer, q, &v);

	if (rc == TMG_EUSAGE) {
		fprintf(stderr, "tmgport: ");
		if (place != NULL)
			fprintf(stderr, "%s:%lu: ", shown(&mem, place), line);
		fprintf(stderr, "%s: %s\n", shown(&mem, v.why), shown(&mem, q->url));
		run_status(t->r, EXIT_USAGE);
	} else if (rc != TMG_OK) {
		memory_ran_out(t->r, t->r->args.files.s[0]);
	} else {
		tell_beside(t, &v);
		if (t->json)
			show_json(t, q, &v);
		else if (q->brief)
			show_brief(t, &v);
		else
			show_text(t, q, &v);
	}
	mem_free(&mem);
}

/* Cuts a column off; an empty one leaves what the command line said. */
static void
column(char **rest, const char **to)
{
	char *s = *rest, *tab;

	if (s == NULL)
		return;
	tab = strchr(s, '\t');
	if (tab != NULL)
		*tab = '\0';
	*rest = tab != NULL ? tab + 1 : NULL;
	if (*s != '\0')
		*to = s;
}

/* URL [TAB client [TAB address:port [TAB method]]]; empty lines and those that begin with "#" are left out. */
static void
one_line(struct trace *t, char *s, const char *place, unsigned long line)
{
	struct tmg_request q = t->base;
	char *rest = s;

	if (*s == '\0' || *s == '#')
		return;
	q.url = "";
	column(&rest, &q.url);
	column(&rest, &q.from);
	column(&rest, &q.on);
	column(&rest, &q.method);
	if (rest != NULL || (q.method != NULL && !trace_is_method(q.method))) {
		fprintf(stderr, "tmgport: line %lu of the requests: %s\n", line,
		    rest != NULL ? "more than four columns" : "the method is none");
		run_status(t->r, EXIT_USAGE);
		return;
	}
	one_request(t, &q, place, line);
}

static void
all_lines(struct trace *t, const char *path)
{
	bool in = strcmp(path, "-") == 0;
	FILE *f = in ? stdin : fopen(path, "re");
	unsigned long number = 0;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	while (f != NULL && t->product.error == 0 && (n = getline(&line, &room, f)) >= 0) {
		number++;
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			line[--n] = '\0';
		if (strlen(line) == (size_t)n) {
			one_line(t, line, in ? "standard input" : path, number);
		} else {
			fprintf(stderr, "tmgport: line %lu of the requests holds a NUL\n", number);
			run_status(t->r, EXIT_USAGE);
		}
	}
	if (f == NULL || ferror(f)) {
		message_say(t->r, path, "list of requests could not be read", strerror(errno), "cannot-read");
		run_status(t->r, EXIT_INPUT);
	}
	free(line);
	if (f != NULL && !in)
		fclose(f);
}

/* ---- the command ----------------------------------------------------------------------- */

/* Does any rule that is switched on hold at certain hours only? */
static bool
has_schedules(const struct tmg *t)
{
	const struct tmg_input *in;
	const struct tmg_array *a;
	const struct tmg_rule *rule;

	for (in = tmg_inputs(t); in != NULL; in = in->next)
		for (a = in->arrays; a != NULL; a = a->next)
			for (rule = a->rules; rule != NULL; rule = tmg_next_rule(rule))
				if (rule->web != NULL && rule->enabled && !rule->applies_always)
					return true;
	return false;
}

static void
answer_all(struct trace *t, struct tmg *job)
{
	const struct args *a = &t->r->args;

	/* The text names the time with each answer; where there is no room for it, once. */
	if (t->at.now && (t->json || a->quiet) && has_schedules(job))
		fprintf(
		    stderr, "tmgport: note: schedules are judged at %s, local time; --at names another\n", t->at.text);
	t->base.from = a->from;
	t->base.on = a->on;
	t->base.method = a->method;
	t->base.weekday = t->at.weekday;
	t->base.hour = t->at.hour;
	t->base.brief = a->quiet;
	t->base.url = a->url;
	if (a->urls != NULL)
		all_lines(t, a->urls);
	else
		one_request(t, &t->base, NULL, 0);
	flush(t);
}

static void
run_trace(struct run *r, struct box *b)
{
	struct tmg_trace_options opt = { r->args.binds.p, r->args.binds.n, r->args.pass_through.s,
		r->args.pass_through.n };
	struct job files = { .files = r->args.files.s, .count = r->args.files.n };
	struct trace *t = b->ctx;
	struct tmg *job;
	enum tmg_status rc;

	box_reads(b, files.files[0]);
	job = job_read(r, &files);
	if (job == NULL)
		return;
	if (tmg_inputs(job) == NULL) {
		messages_job(r, job);
		run_status(r, EXIT_INPUT);
	} else {
		rc = tmg_tracer_new(job, &opt, &t->tracer);
		if (r->args.urls != NULL)
			box_reads(b, r->args.urls);
		if (rc == TMG_OK)
			answer_all(t, job);
		else
			memory_ran_out(r, files.files[0]);
		tmg_tracer_free(t->tracer);
		messages_job(r, job);
		t->product.complete = rc == TMG_OK;
	}
	tmg_free(job);
}

void
cmd_trace(struct run *r)
{
	struct trace *t = mem_array(&r->mem, 1, sizeof(*t));
	struct box box = { .run = run_trace, .ctx = t };
	bool good = true;

	if (t == NULL) {
		out_of_memory(r);
		return;
	}
	t->r = r;
	t->json = strcmp(r->args.format, "json") == 0;
	t->at = r->args.at;
	if (!t->at.stated)
		trace_time_now(&t->at);
	for (size_t i = 0; i < r->args.files.n; i++)
		good = good && strings_add(&r->mem, &box.files, r->args.files.s[i]);
	if (r->args.urls != NULL)
		good = good && strings_add(&r->mem, &box.files, r->args.urls);
	if (!good) {
		out_of_memory(r);
	} else if (product_open(r, &t->product, r->args.output)) {
		box.products[box.product_count++] = &t->product;
		box_run(r, &box);
	}
}
