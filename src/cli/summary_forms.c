/*
 * The summary as JSON, CSV or HTML; the ending of its name says which. Every
 * text is quoted for its form, since file names are as foreign as exports.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/summary.h"

static const char *const states[] = { "not-done", "read", "converted", "unreadable", "failed", "crashed" };

struct form {
	const struct run *r;
	FILE *f;
	const char *const *targets;
	bool shown[SUMMARY_TARGETS]; /* the target has columns */
	struct mem mem;
	bool failed;
};

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), e = strlen(end);

	return n > e && same_letters(s + n - e, end, e);
}

bool
summary_is_form(const char *file)
{
	return ends_with(file, ".json") || ends_with(file, ".csv") || ends_with(file, ".html");
}

/* ---- JSON ------------------------------------------------------------------------ */

static void
set(struct form *f, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		f->failed = true;
}

static json_t *
number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *
json_targets(struct form *f, const struct row *row)
{
	json_t *all = json_object(), *one;
	size_t i;

	for (i = 0; i < SUMMARY_TARGETS && f->targets[i] != NULL; i++) {
		if (!row->target[i].some)
			continue;
		one = json_object();
		set(f, one, "live", number(row->target[i].live));
		set(f, one, "closed", number(row->target[i].closed));
		set(f, one, "disabled", number(row->target[i].disabled));
		set(f, one, "not_applicable", number(row->target[i].not_applicable));
		set(f, one, "losses", number(row->target[i].losses));
		set(f, all, f->targets[i], one);
	}
	return all;
}

static void
json_row(struct form *f, const struct row *row)
{
	json_t *v = json_object();
	char *text;

	set(f, v, "file", json_string(shown(&f->mem, row->file)));
	set(f, v, "state", json_string(states[row->state]));
	set(f, v, "reason", row->reason != NULL ? json_string(shown(&f->mem, row->reason)) : json_null());
	set(f, v, "elements", number(row->elements));
	set(f, v, "rules", number(row->rules));
	set(f, v, "targets", json_targets(f, row));
	set(f, v, "errors", number(row->messages[TMG_ERROR]));
	set(f, v, "warnings", number(row->messages[TMG_WARNING]));
	set(f, v, "notes", number(row->messages[TMG_NOTE]));
	if (!f->r->args.no_time)
		set(f, v, "seconds", json_real((double)(long long)(row->seconds * 1000) / 1000));
	text = json_dumps(v, JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9));
	fputs(text != NULL ? text : "", f->f);
	f->failed = f->failed || text == NULL;
	free(text);
	json_decref(v);
}

static void
form_json(struct form *f)
{
	size_t i;

	fputs("{\"schema\": \"tmgport-summary/1\",\n \"inputs\": [", f->f);
	for (i = 0; i < f->r->row_count; i++) {
		fputs(i > 0 ? ",\n  " : "\n  ", f->f);
		json_row(f, &f->r->rows[i]);
	}
	fputs("\n]}\n", f->f);
}

/* ---- CSV and HTML: the same table -------------------------------------------------- */

/* The cells of a line go through `cell`; a heading when there is no row. */
typedef void cell_fn(struct form *f, const char *text, bool first);

static void
cell_number(struct form *f, const struct row *row, const char *heading, uint64_t n, cell_fn *cell)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	cell(f, row != NULL ? text : heading, false);
}

static void
cells_of_target(struct form *f, const struct row *row, size_t i, cell_fn *cell)
{
	static const char *const what[] = { "live", "closed", "losses" };
	const struct row_target *t = row != NULL ? &row->target[i] : NULL;
	uint64_t n[3] = { 0, 0, 0 };
	char text[64];
	size_t k;

	if (t != NULL) {
		n[0] = t->live;
		n[1] = t->closed;
		n[2] = t->losses;
	}
	for (k = 0; k < COUNT(what); k++) {
		if (t == NULL)
			snprintf(text, sizeof(text), "%s_%s", f->targets[i], what[k]);
		else
			snprintf(text, sizeof(text), "%llu", (unsigned long long)n[k]);
		cell(f, t == NULL || t->some ? text : "", false);
	}
}

static void
cells(struct form *f, const struct row *row, cell_fn *cell)
{
	char seconds[32];
	size_t i;

	cell(f, row != NULL ? shown(&f->mem, row->file) : "file", true);
	cell(f, row != NULL ? states[row->state] : "state", false);
	cell(f, row == NULL ? "reason" : row->reason != NULL ? shown(&f->mem, row->reason) : "", false);
	cell_number(f, row, "elements", row != NULL ? row->elements : 0, cell);
	cell_number(f, row, "rules", row != NULL ? row->rules : 0, cell);
	for (i = 0; i < SUMMARY_TARGETS && f->targets[i] != NULL; i++)
		if (f->shown[i])
			cells_of_target(f, row, i, cell);
	cell_number(f, row, "errors", row != NULL ? row->messages[TMG_ERROR] : 0, cell);
	cell_number(f, row, "warnings", row != NULL ? row->messages[TMG_WARNING] : 0, cell);
	cell_number(f, row, "notes", row != NULL ? row->messages[TMG_NOTE] : 0, cell);
	if (f->r->args.no_time)
		return;
	snprintf(seconds, sizeof(seconds), "%.3f", row != NULL ? row->seconds : 0);
	cell(f, row != NULL ? seconds : "seconds", false);
}

/* A spreadsheet would run what begins like a formula, some behind blanks, too. */
static bool
is_formula(const char *s)
{
	s += strspn(s, " ");
	return *s != '\0' && strchr("=+-@|", *s) != NULL;
}

static void
cell_csv(struct form *f, const char *s, bool first)
{
	bool formula = is_formula(s);

	if (!first)
		putc(',', f->f);
	if (!formula && strpbrk(s, ",\"\r\n") == NULL) {
		fputs(s, f->f);
		return;
	}
	fputs(formula ? "\"'" : "\"", f->f);
	for (; *s != '\0'; s++) {
		if (*s == '"')
			putc('"', f->f);
		putc(*s, f->f);
	}
	putc('"', f->f);
}

static void
form_csv(struct form *f)
{
	size_t i;

	cells(f, NULL, cell_csv);
	fputs("\r\n", f->f);
	for (i = 0; i < f->r->row_count; i++) {
		cells(f, &f->r->rows[i], cell_csv);
		fputs("\r\n", f->f);
	}
}

static void
cell_html(struct form *f, const char *s, bool first)
{
	(void)first;
	fputs("<td>", f->f);
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '<': fputs("&lt;", f->f); break;
		case '>': fputs("&gt;", f->f); break;
		case '&': fputs("&amp;", f->f); break;
		case '"': fputs("&quot;", f->f); break;
		default: putc(*s, f->f);
		}
	}
	fputs("</td>", f->f);
}

/* How many inputs are in each state, above the table. */
static void
html_counts(struct form *f)
{
	size_t count[COUNT(states)] = { 0 }, i;

	for (i = 0; i < f->r->row_count; i++)
		count[f->r->rows[i].state]++;
	fprintf(f->f, "<p>%zu input%s", f->r->row_count, f->r->row_count == 1 ? "" : "s");
	for (i = 0; i < COUNT(states); i++)
		if (count[i] > 0)
			fprintf(f->f, ", %zu %s", count[i], states[i]);
	fputs("</p>\n", f->f);
}

static void
form_html(struct form *f)
{
	size_t i;

	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>tmgport summary</title>\n"
	      "<style>body{font-family:sans-serif;margin:2em}table{border-collapse:collapse;font-size:.85em}"
	      "td{border:1px solid #999;padding:2px 6px;text-align:right}"
	      "td:nth-child(-n+3){text-align:left}td:first-child,td:nth-child(3){overflow-wrap:anywhere;min-width:14em}"
	      "thead{font-weight:bold;background:#eee}"
	      ".unreadable,.failed,.crashed,.not-done{background:#fde0e0}</style></head>\n"
	      "<body><h1>tmgport summary</h1>\n",
	    f->f);
	html_counts(f);
	fputs("<table><thead><tr>", f->f);
	cells(f, NULL, cell_html);
	fputs("</tr></thead>\n<tbody>\n", f->f);
	for (i = 0; i < f->r->row_count; i++) {
		fprintf(f->f, "<tr class=\"%s\">", states[f->r->rows[i].state]);
		cells(f, &f->r->rows[i], cell_html);
		fputs("</tr>\n", f->f);
	}
	fputs("</tbody></table></body></html>\n", f->f);
}

bool
summary_put(struct run *r, const char *file, tmg_write_fn *fn, void *ctx)
{
	struct form f = { .r = r, .targets = tmg_targets() };
	char *text = NULL;
	size_t len = 0, i, k;
	bool good;

	for (i = 0; i < SUMMARY_TARGETS && f.targets[i] != NULL; i++)
		for (k = 0; k < r->args.targets.n; k++)
			f.shown[i] = f.shown[i] || strcmp(r->args.targets.s[k], f.targets[i]) == 0 ||
			    strcmp(r->args.targets.s[k], "all") == 0;
	f.f = open_memstream(&text, &len);
	if (f.f == NULL)
		return false;
	if (ends_with(file, ".json"))
		form_json(&f);
	else if (ends_with(file, ".csv"))
		form_csv(&f);
	else
		form_html(&f);
	good = fclose(f.f) == 0 && !f.failed && !f.mem.failed;
	if (good)
		fn(ctx, text, len); /* an error sticks in the product */
	free(text);
	mem_free(&f.mem);
	return good;
}
