/*
 * `explain`: what a message means and what to do, what this program takes for
 * granted, what each target can express, what a topology file of our own holds. (The
 * checks of the audit are told in explain_checks.c.) Everything comes from diag.def, assumption.def, feature.def and
 * topology_file.def.
 */
#include "export/explain.h"

#include "base/base.h"
#include "export/writer.h"
#include "model/diag.h"
#include "model/model.h"

#define COLUMNS 80
#define TARGETS 2 /* pairs of columns of feature.def, in the order of `writers` */

enum level { YES, PARTLY, CLOSED, NO };

struct feature {
	const char *section, *text;
	struct {
		enum level level;
		const char *note;
	} target[TARGETS];
};

static const struct feature features[] = {
#define F(sym, section, text, l1, n1, l2, n2) { section, text, { { l1, n1 }, { l2, n2 } } },
#include "plan/feature.def"
#undef F
};

static const char *const level_words[] = { [YES] = "yes", [PARTLY] = "partly", [CLOSED] = "closed", [NO] = "left out" };

static const char levels_meaning[] =
    "What each target can express. \"partly\": what is not is said beside it, and reported where it matters. "
    "\"closed\": a rule that needs it is written as a refusal and reported as an error. "
    "\"left out\": it is not written, and reported. The numbers: 2 addresses and ports, 3 choice of the rule, "
    "4 what it does, 5 and 6 what restricts and what is convenient, 7 Windows sign-in, 8 spellings of paths, 9 "
    "corners.";

/* Words of `s`, filled to COLUMNS, each line with `indent` blanks in front. */
void
explain_paragraph(struct out *o, const char *s, int indent)
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
		explain_paragraph(o, assumptions[i].text, 4);
	}
}

/* One feature: its name, then a line for each target; a line for all that agree. */
static void
feature_text(struct out *o, const struct feature *f)
{
	bool same = true;
	size_t i;

	for (i = 1; i < TARGETS; i++)
		same = same && f->target[i].level == f->target[0].level &&
		    strcmp(f->target[i].note, f->target[0].note) == 0;
	out_fmt(o, "%-4s %s\n", f->section, f->text);
	for (i = 0; i < (same ? 1 : TARGETS); i++) {
		out_fmt(o, "       %-8s %s%s%s\n", same ? "all" : writers[i]->name, level_words[f->target[i].level],
		    f->target[i].note[0] != '\0' ? ": " : "", f->target[i].note);
	}
}

static void
list_targets(struct out *o)
{
	size_t i;

	explain_paragraph(o, levels_meaning, 0);
	out_str(o, "\n");
	for (i = 0; writers[i] != NULL; i++)
		out_fmt(o, "%-8s run on version %s\n", writers[i]->name, writers[i]->tested);
	out_str(o, "\n");
	for (i = 0; i < ARRAY_LEN(features); i++)
		feature_text(o, &features[i]);
}

/* The same as docs/targets.md. */
static void
list_targets_markdown(struct out *o)
{
	size_t i, k;

	out_str(o,
	    "# What each target can express\n\n"
	    "Made of src/plan/feature.def by `tmgport explain targets.md`; tests/check-targets compares.\n\n");
	explain_paragraph(o, levels_meaning, 0);
	out_str(o, "\n| | feature |");
	for (k = 0; k < TARGETS; k++)
		out_fmt(o, " %s (run on %s) |", writers[k]->name, writers[k]->tested);
	out_str(o, "\n|---|---|");
	for (k = 0; k < TARGETS; k++)
		out_str(o, "---|");
	out_str(o, "\n");
	for (i = 0; i < ARRAY_LEN(features); i++) {
		out_fmt(o, "| %s | %s |", features[i].section, features[i].text);
		for (k = 0; k < TARGETS; k++)
			out_fmt(o, " **%s**%s%s |", level_words[features[i].target[k].level],
			    features[i].target[k].note[0] != '\0' ? ": " : "", features[i].target[k].note);
		out_str(o, "\n");
	}
}

/* ---- the topology file of our own ------------------------------------------------ */

static const struct {
	const char *level, *name, *type, *text;
} topology_keys[] = {
#define K(level, sym, key, type, text) { #level, key, type, text },
#include "model/topology_file.def"
#undef K
};

static const char topology_example[] =
    "{\n"
    "  \"schema\": \"tmgport-topology/1\",\n"
    "  \"sip_domains\": [\"contoso.com\"],\n"
    "  \"pools\": [\n"
    "    {\"fqdn\": \"lyncdir.contoso.local\", \"role\": \"director\",\n"
    "     \"external\": \"dirweb.contoso.com\", \"https_port\": 4443, \"http_port\": 8080,\n"
    "     \"machines\": [{\"fqdn\": \"lyncdir.contoso.local\", \"addresses\": [\"10.1.1.22\"]}]},\n"
    "    {\"fqdn\": \"lyncfe.contoso.local\", \"role\": \"front-end\", \"version\": 2010,\n"
    "     \"external\": \"feweb.contoso.com\", \"https_port\": 4443, \"http_port\": 8080,\n"
    "     \"machines\": [{\"fqdn\": \"lyncfe.contoso.local\", \"addresses\": [\"10.1.1.21\"]}]}\n"
    "  ],\n"
    "  \"simple_urls\": [\n"
    "    {\"component\": \"Meet\", \"domain\": \"contoso.com\", \"url\": \"https://meet.contoso.com\"},\n"
    "    {\"component\": \"Dialin\", \"url\": \"https://dialin.contoso.com\"}\n"
    "  ]\n"
    "}\n";

/* The same as docs/topology.md holds; tests/check-docs compares. */
static void
list_topology_file(struct out *o)
{
	static const struct {
		const char *level, *title;
	} levels[] = {
		{ "TOP", "The file" },
		{ "POOL", "An object of \"pools\"" },
		{ "MACHINE", "An object of \"machines\"" },
		{ "URL", "An object of \"simple_urls\"" },
	};
	size_t i, k;

	explain_paragraph(o,
	    "A topology file is JSON that tells what Get-CsTopology would, for those who have no output of it. "
	    "A key that is not listed here is an error, so that no misspelling passes for a statement. "
	    "What is left out is not known.",
	    0);
	for (i = 0; i < ARRAY_LEN(levels); i++) {
		out_fmt(o, "\n%s:\n", levels[i].title);
		for (k = 0; k < ARRAY_LEN(topology_keys); k++) {
			if (strcmp(topology_keys[k].level, levels[i].level) != 0)
				continue;
			out_fmt(o, "  %-20s  %s\n", topology_keys[k].name, topology_keys[k].type);
			explain_paragraph(o, topology_keys[k].text, 24);
		}
	}
	out_fmt(o, "\nExample:\n%s", topology_example);
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

/* A check, a message and an assumption may share an id: all are meant then. */
static bool
one(struct out *o, const char *what)
{
	const struct assumption *a = assumption_find(what);
	int id = diag_find(what);
	bool check = explain_check(o, what);
	const struct diag_row *r;

	if (id >= 0) {
		r = diag_row((enum diag_id)id);
		out_fmt(o, "%s%s: %s\n\n", check ? "\n" : "", r->id, severity_name(r->severity));
		explain_paragraph(o, r->sentence, 0);
		out_str(o, "\n");
		explain_paragraph(o, r->help, 0);
	}
	if (a != NULL) {
		out_fmt(o, "%s%s: assumption (%s)\n\n", id >= 0 || check ? "\n" : "", a->id, a->where);
		explain_paragraph(o, a->text, 0);
	}
	return id >= 0 || a != NULL || check;
}

bool
explain(struct out *o, const char *what)
{
	if (what == NULL)
		list_messages(o);
	else if (strcmp(what, "assumptions") == 0)
		list_assumptions(o);
	else if (strcmp(what, "targets") == 0)
		list_targets(o);
	else if (strcmp(what, "targets.md") == 0)
		list_targets_markdown(o);
	else if (strcmp(what, "checks") == 0)
		explain_checks(o);
	else if (strcmp(what, "checks.md") == 0)
		explain_checks_markdown(o);
	else if (strcmp(what, "topology-file") == 0)
		list_topology_file(o);
	else
		return one(o, what);
	return true;
}
