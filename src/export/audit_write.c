/*
 * What an audit found as lines for editors, and which writer serves which form.
 */
#include "export/audit_write.h"

#include "base/text.h"
#include "export/audit_words.h"
#include "model/diag.h"

#define LINE_MAX_CHARS 2000

/* Text from outside on one line of a terminal. */
static void
put_safe(struct out *o, const char *s)
{
	struct strbuf b;

	sb_init(&b, NULL);
	text_safe(&b, s, LINE_MAX_CHARS);
	out_str(o, b.s);
	sb_free(&b);
}

/* file:line: severity: object: sentence: detail [id], as all messages. */
static void
put_line(struct out *o, const struct tmg_audit_result *r, const struct tmg_finding *f)
{
	const char *input = audit_alone(r, f->input);

	put_safe(o, f->file != NULL ? f->file : "tmgport");
	if (f->line != 0)
		out_fmt(o, ":%lu", (unsigned long)f->line);
	out_fmt(o, ": %s: ", severity_name(f->severity));
	if (f->kind != NULL) {
		out_fmt(o, "%s \"", f->kind);
		put_safe(o, f->name);
		out_str(o, "\": ");
	}
	out_str(o, f->sentence);
	if (f->detail != NULL) {
		out_str(o, ": ");
		put_safe(o, f->detail);
	}
	if (input != NULL && (f->file == NULL || strcmp(f->file, input) != 0)) {
		out_str(o, " (with export ");
		put_safe(o, input);
		out_str(o, ")");
	}
	out_fmt(o, "%s [%s]\n", f->guess ? " (guessed from names and ports)" : "", f->id);
}

bool
audit_gcc(const struct tmg_audit_result *r, struct out *o)
{
	for (const struct tmg_finding *f = r->findings; f != NULL; f = f->next)
		if (!f->known && f->severity >= r->show)
			put_line(o, r, f);
	return true;
}

bool
audit_write(const struct tmg_audit_result *r, enum tmg_audit_format fmt, struct out *o, struct budget *b)
{
	struct arena mem;
	bool good = false;

	arena_init(&mem, b);
	switch (fmt) {
	case TMG_A_TEXT: good = audit_text(r, o, &mem); break;
	case TMG_A_JSON: good = audit_json(r, o); break;
	case TMG_A_SARIF: good = audit_sarif(r, o, b); break;
	case TMG_A_GCC: good = audit_gcc(r, o); break;
	case TMG_A_CSV: good = audit_csv(r, o); break;
	case TMG_A_MARKDOWN: good = audit_markdown(r, o, &mem); break;
	case TMG_A_HTML: good = audit_html(r, o, &mem); break;
	}
	arena_free(&mem);
	return good;
}
