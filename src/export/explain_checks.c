/*
 * `explain` for the audit: all rows of its catalogue, with the reason where a row
 * cannot be decided, and the whole story of one. Everything comes from check.def.
 */
#include "audit/audit.h"
#include "export/escape.h"
#include "export/explain.h"

#define NUMBER_MAX 99

/* The parts of the catalogue. `last` is the last row that the notes on Lync publishing
 * have: one of them without a check and without a reason is listed as missing. */
static const struct part {
	char letter;
	int last;
	const char *title;
} parts[] = {
	{ 'A', 22, "Coverage" },
	{ 'B', 30, "Settings of rules" },
	{ 'C', 7, "Office Web Apps" },
	{ 'D', 13, "Listeners and certificates" },
	{ 'G', 0, "Publishing in general" },
	{ 'L', 0, "Logs" },
	{ 'W', 0, "What if a pool or site is down" },
};

static const char missing_row[] = "No check looks at this row of the notes.";

/* One place of the catalogue: a check, a row that cannot be decided, or neither. */
struct place {
	char ref[4];
	const struct check_row *check;
	const struct undecided_row *undecided;
};

static const char *
class_word(char cls)
{
	switch (cls) {
	case 'C': return "critical";
	case 'H': return "high";
	case 'M': return "medium";
	case 'L': return "low";
	default: return "information";
	}
}

static const struct undecided_row *
undecided_find(const char *ref)
{
	for (size_t i = 0; i < undecided_count; i++)
		if (ascii_casecmp(undecided_rows[i].ref, ref) == 0)
			return &undecided_rows[i];
	return NULL;
}

/* false: there is nothing there, and nothing is missing. */
static bool
look(const struct part *part, int number, struct place *at)
{
	int check;

	snprintf(at->ref, sizeof(at->ref), "%c%02u", part->letter, (unsigned)number % 100u);
	check = check_find(at->ref);
	at->check = check >= 0 ? check_row((enum check_id)check) : NULL;
	at->undecided = undecided_find(at->ref);
	return at->check != NULL || at->undecided != NULL || number <= part->last;
}

/* What --fixed does about it. */
static const char *
mended_by(const struct check_row *row)
{
	return mend_is_known((enum check_id)check_find(row->id))
	    ? "Yes, where the export says what to change (--fix-plan lists it); else for people to decide."
	    : "No: for people to decide.";
}

void
explain_checks(struct out *o)
{
	struct place at;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		for (int n = 1; n <= NUMBER_MAX; n++) {
			if (!look(&parts[i], n, &at))
				continue;
			if (at.check != NULL) {
				out_fmt(o, "%s  %s  %s (%s)\n", at.ref, at.check->id,
				    severity_name(check_severity(at.check->cls)), class_word(at.check->cls));
				explain_paragraph(o, at.check->sentence, 5);
			} else if (at.undecided != NULL) {
				out_fmt(o, "%s  -  cannot be decided: ", at.ref);
				out_str(o, at.undecided->title);
				out_str(o, "\n");
				explain_paragraph(o, at.undecided->reason, 5);
			} else {
				out_fmt(o, "%s  -  %s\n", at.ref, missing_row);
			}
		}
}

static void
told(struct out *o, const char *label, const char *s)
{
	out_fmt(o, "\n%s:\n", label);
	explain_paragraph(o, s, 4);
}

bool
explain_check(struct out *o, const char *word)
{
	int id = check_find(word);
	const struct check_row *row = id >= 0 ? check_row((enum check_id)id) : NULL;
	const struct undecided_row *u = undecided_find(word);

	if (row != NULL) {
		out_fmt(o, "%s %s: %s (%s)\n\n", row->ref, row->id, severity_name(check_severity(row->cls)),
		    class_word(row->cls));
		explain_paragraph(o, row->sentence, 0);
		told(o, "Users feel", row->symptom);
		told(o, "Mend", row->fix);
		told(o, "Mended by --fixed", mended_by(row));
		told(o, "Generated configuration", row->converted);
		told(o, "Source", row->source);
	} else if (u != NULL) {
		out_fmt(o, "%s: cannot be decided\n\n", u->ref);
		explain_paragraph(o, u->title, 0);
		told(o, "Reason", u->reason);
	}
	return row != NULL || u != NULL;
}

/* ---- docs/checks.md -------------------------------------------------------------- */

static void
put(struct out *o, const char *before, const char *s)
{
	out_str(o, before);
	esc_markdown(o, s);
}

static void
story(struct out *o, const struct place *at)
{
	if (at->check != NULL) {
		out_fmt(o, "\n### %s %s\n\n**%s** (%s): ", at->ref, at->check->id,
		    severity_name(check_severity(at->check->cls)), class_word(at->check->cls));
		put(o, "", at->check->sentence);
		put(o, "\n\n- Users feel: ", at->check->symptom);
		put(o, "\n- Mend: ", at->check->fix);
		put(o, "\n- Mended by --fixed: ", mended_by(at->check));
		put(o, "\n- Generated configuration: ", at->check->converted);
		put(o, "\n- Source: ", at->check->source);
	} else {
		out_fmt(o, "\n### %s\n\n", at->ref);
		if (at->undecided != NULL) {
			put(o, "Cannot be decided: ", at->undecided->title);
			put(o, "\n\n- ", at->undecided->reason);
		} else {
			put(o, "", missing_row);
		}
	}
	out_str(o, "\n");
}

void
explain_checks_markdown(struct out *o)
{
	struct place at;

	out_str(o,
	    "# Checks of the audit\n\n"
	    "Made of src/audit/check.def by `tmgport explain checks.md`; tests/check-audit-output compares.\n\n"
	    "Severities: critical and high are errors, medium is a warning, low and information are notes. A check "
	    "may\n"
	    "lower its own where an export alone cannot decide. `--allow` takes the id or the row and makes notes of\n"
	    "what it finds; `tmgport explain ID` tells what stands here.\n");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		bool titled = false;

		for (int n = 1; n <= NUMBER_MAX; n++) {
			if (!look(&parts[i], n, &at))
				continue;
			if (!titled)
				out_fmt(o, "\n## %s\n", parts[i].title);
			titled = true;
			story(o, &at);
		}
	}
}
