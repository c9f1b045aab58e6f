/*
 * `explain`: what a message means and what to do, and what this program takes
 * for granted. Everything comes from diag.def and assumption.def.
 */
#include "export/explain.h"

#include "base/base.h"
#include "model/diag.h"
#include "model/model.h"

#define COLUMNS 80

/* Words of `s`, filled to COLUMNS, each line with `indent` blanks in front. */
static void
paragraph(struct out *o, const char *s, int indent)
{
	int col = 0;

	while (*s != '\0') {
		size_t n = strcspn(s, " ");

		if (col != 0 && col + 1 + (int)n > COLUMNS) {
			out_str(o, "\n");
			col = 0;
		}
		if (col == 0)
			out_fmt(o, "%*s", col = indent, "");
		else
			out_str(o, " "), col++;
		out_mem(o, s, n);
		col += (int)n;
		s += n;
		s += strspn(s, " ");
	}
	out_str(o, "\n");
}

static void
list_messages(struct out *o)
{
	const struct diag_row *r;
	int i, width = 0;

	for (i = 0; i < D_COUNT; i++)
		if ((int)strlen(diag_row((enum diag_id)i)->id) > width)
			width = (int)strlen(diag_row((enum diag_id)i)->id);
	for (i = 0; i < D_COUNT; i++) {
		r = diag_row((enum diag_id)i);
		out_fmt(o, "%-*s  %-7s  %s\n", width, r->id, severity_name(r->severity), r->sentence);
	}
}

static void
list_assumptions(struct out *o)
{
	size_t i;

	out_str(o, "What tmgport takes for granted although no public source says it:\n");
	for (i = 0; i < assumption_count; i++) {
		out_fmt(o, "\n%s (%s)\n", assumptions[i].id, assumptions[i].where);
		paragraph(o, assumptions[i].text, 4);
	}
}

static const struct assumption *
assumption_find(const char *id)
{
	size_t i;

	for (i = 0; i < assumption_count; i++)
		if (strcmp(assumptions[i].id, id) == 0)
			return &assumptions[i];
	return NULL;
}

/* A message and an assumption may share an id: both are meant then. */
static bool
one(struct out *o, const char *what)
{
	const struct assumption *a = assumption_find(what);
	int id = diag_find(what);
	const struct diag_row *r;

	if (id >= 0) {
		r = diag_row((enum diag_id)id);
		out_fmt(o, "%s: %s\n\n", r->id, severity_name(r->severity));
		paragraph(o, r->sentence, 0);
		out_str(o, "\n");
		paragraph(o, r->help, 0);
	}
	if (a != NULL) {
		out_fmt(o, "%s%s: assumption (%s)\n\n", id >= 0 ? "\n" : "", a->id, a->where);
		paragraph(o, a->text, 0);
	}
	return id >= 0 || a != NULL;
}

bool
explain(struct out *o, const char *what)
{
	if (what != NULL && strcmp(what, "assumptions") != 0)
		return one(o, what);
	if (what == NULL)
		list_messages(o);
	else
		list_assumptions(o);
	return true;
}
