/*
 * An audit as text for people: a summary of one screen, findings by what they are
 * about with symptom and mending, the coverage matrix, the lists of DNS names and
 * certificates. 80 columns; a single word that is longer stays whole, so that it can
 * be copied. Sees the result alone.
 */
#include "export/audit_write.h"

#include "base/text.h"
#include "export/audit_words.h"
#include "model/diag.h"

#define COLUMNS 80
#define MAX_CHARS 4000 /* of one string */

struct text {
	struct out *o;
	struct strbuf raw, safe;
	size_t col, indent;
	bool fresh; /* the first word stands where the line is now */
	bool word;  /* the line ends in a word, not in a label */
	bool failed;
};

/* ---- filling --------------------------------------------------------------------- */

static size_t
width(const char *s, size_t n)
{
	size_t chars = 0;

	for (size_t i = 0; i < n; i++)
		chars += ((unsigned char)s[i] & 0xc0) != 0x80;
	return chars;
}

/* Words of our own or made safe already, filled. Goes on in the line that is open. */
static void
fill(struct text *t, const char *s)
{
	while (*(s += strspn(s, " ")) != '\0') {
		size_t n = strcspn(s, " "), w = width(s, n);

		if (t->col > t->indent && t->col + 1 + w > COLUMNS) {
			out_str(t->o, "\n");
			t->col = 0;
			t->word = false;
		}
		if (!t->fresh && !t->word && t->col < t->indent)
			out_fmt(t->o, "%*s", (int)(t->indent - t->col), ""), t->col = t->indent;
		else if (!t->fresh && t->col > 0)
			out_str(t->o, " "), t->col++;
		t->fresh = false;
		t->word = true;
		out_mem(t->o, s, n);
		t->col += w;
		s += n;
	}
}

/* Begins a line: `first` blanks and the label, or the first word; the rest below `indent`. */
static void
start(struct text *t, size_t first, size_t indent, const char *label)
{
	out_fmt(t->o, "%*s%s", (int)first, "", label);
	t->col = first + strlen(label);
	t->indent = indent;
	t->fresh = label[0] == '\0';
	t->word = false;
}

static void
end(struct text *t)
{
	out_str(t->o, "\n");
	t->col = 0;
}

/* From outside. */
static void
outside(struct text *t, const char *s)
{
	sb_clear(&t->safe);
	text_safe(&t->safe, s, MAX_CHARS);
	t->failed = t->failed || t->safe.failed;
	fill(t, t->safe.s);
}

/* What was put together in t->raw. */
static void
raw(struct text *t)
{
	t->failed = t->failed || t->raw.failed;
	outside(t, t->raw.s);
}

static void
heading(struct text *t, const char *s)
{
	out_fmt(t->o, "\n%s\n", s);
	for (size_t i = strlen(s); i > 0; i--)
		out_str(t->o, "-");
	end(t);
}

static void
paragraph(struct text *t, size_t first, const char *label, const char *s)
{
	start(t, first, first + strlen(label) + 1, label);
	outside(t, s);
	end(t);
}

/* ---- parts ----------------------------------------------------------------------- */

static bool
summary(struct text *t, const struct tmg_audit_result *r, struct arena *mem)
{
	const struct audit_fact *f = audit_facts(r, r->show, mem);

	if (f == NULL)
		return false;
	out_str(t->o, "Audit\n-----\n");
	for (; f != NULL; f = f->next) {
		start(t, 0, 15, f->name);
		outside(t, f->text);
		end(t);
	}
	return true;
}

static void
finding(struct text *t, const struct tmg_audit_result *r, const struct tmg_finding *f)
{
	start(t, 2, 4, severity_name(f->severity));
	out_str(t->o, ":");
	t->col++;
	/* One string: the colon must not begin or overrun a line. */
	sb_clear(&t->raw);
	sb_puts(&t->raw, f->sentence);
	if (f->detail != NULL)
		sb_fmt(&t->raw, ": %s", f->detail);
	raw(t);
	if (f->guess)
		fill(t, "(guessed from names and ports)");
	end(t);
	paragraph(t, 4, "Users feel:", f->symptom);
	paragraph(t, 4, "Mend:", f->fix);
	sb_clear(&t->raw);
	audit_place(&t->raw, r, f);
	sb_fmt(&t->raw, " [%s]", f->id);
	start(t, 4, 4, "");
	raw(t);
	end(t);
}

static bool
findings(struct text *t, const struct tmg_audit_result *r, struct arena *mem)
{
	struct audit_groups g;

	if (!audit_groups_make(r, r->show, mem, &g))
		return false;
	heading(t, "Findings");
	if (g.count == 0) {
		start(t, 0, 0, "");
		fill(t, audit_none(r, r->show));
		end(t);
	}
	for (size_t i = 0; i < g.count; i++) {
		if (i > 0)
			out_str(t->o, "\n");
		sb_clear(&t->raw);
		audit_object(&t->raw, g.f[g.group[i].first]);
		start(t, 0, 4, "");
		raw(t);
		end(t);
		for (size_t k = 0; k < g.group[i].n; k++)
			finding(t, r, g.f[g.group[i].first + k]);
	}
	return true;
}

static void
gone(struct text *t, const struct tmg_audit_result *r)
{
	if (r->gone != NULL)
		heading(t, "What the baseline has and is no longer found");
	for (const struct tmg_finding *f = r->gone; f != NULL; f = f->next) {
		sb_clear(&t->raw);
		sb_puts(&t->raw, "gone since the baseline: ");
		audit_gone(&t->raw, f);
		start(t, 0, 4, "");
		raw(t);
		end(t);
	}
}

static void
coverage_row(struct text *t, const struct tmg_audit_result *r, const struct tmg_coverage *c)
{
	sb_clear(&t->raw);
	sb_fmt(&t->raw, "%s %s", c->kind, c->public_name != NULL ? c->public_name : "(no public name)");
	if (c->public_name == NULL || strcmp(c->name, c->public_name) != 0)
		sb_fmt(&t->raw, " (%s)", c->name);
	start(t, 0, 5, c->published ? "yes " : r->files != NULL ? "NO  " : "?   ");
	raw(t);
	if (c->guess)
		fill(t, "(guessed)");
	if (c->rule == NULL && audit_alone(r, c->input) != NULL) {
		fill(t, "in");
		outside(t, c->input);
	}
	end(t);
	if (c->rule != NULL) {
		sb_clear(&t->raw);
		sb_fmt(&t->raw, "rule \"%s\" to %s, %s", c->rule, c->to, c->bridging);
		if (audit_alone(r, c->input) != NULL)
			sb_fmt(&t->raw, " (%s)", c->input);
		start(t, 5, 7, "");
		raw(t);
		end(t);
	}
	if (r->logs) {
		sb_clear(&t->raw);
		audit_evidence(&t->raw, &c->evidence);
		paragraph(t, 5, "evidence:", t->raw.s);
	}
	if (c->findings != NULL) {
		sb_clear(&t->raw);
		audit_names(&t->raw, c->findings, "");
		paragraph(t, 5, "findings:", t->raw.s);
	}
}

static void
coverage(struct text *t, const struct tmg_audit_result *r)
{
	if (r->coverage == NULL)
		return;
	heading(t, "Coverage: is it published?");
	for (const struct tmg_coverage *c = r->coverage; c != NULL; c = c->next)
		coverage_row(t, r, c);
}

static void
dns(struct text *t, const struct tmg_audit_result *r)
{
	if (r->dns == NULL)
		return;
	heading(t, "DNS: where names must lead, seen from outside");
	for (const struct tmg_dns_need *d = r->dns; d != NULL; d = d->next) {
		sb_clear(&t->raw);
		sb_fmt(&t->raw, "%s: ", d->name);
		audit_names(&t->raw, d->addresses, "the export does not hold the address");
		sb_fmt(&t->raw, " (listener \"%s\")", d->listener);
		start(t, 0, 4, "");
		raw(t);
		end(t);
	}
}

static void
certificate(struct text *t, const struct tmg_certificate_need *c)
{
	sb_clear(&t->raw);
	sb_fmt(&t->raw, "listener \"%s\"", c->listener);
	start(t, 0, 0, "");
	raw(t);
	end(t);
	sb_clear(&t->raw);
	audit_names(&t->raw, c->names, "no name: its rules are for all names");
	paragraph(t, 4, "must cover:", t->raw.s);
	sb_clear(&t->raw);
	audit_names(&t->raw, c->thumbprints, "none");
	paragraph(t, 4, "thumbprints in the export:", t->raw.s);
	paragraph(t, 4, "given:", c->given != NULL ? c->given : "none");
	if (c->given == NULL)
		return;
	sb_clear(&t->raw);
	audit_names(&t->raw, c->missing, "nothing");
	paragraph(t, 4, "does not cover:", t->raw.s);
}

bool
audit_text(const struct tmg_audit_result *r, struct out *o, struct arena *mem)
{
	struct text t = { .o = o };
	bool good;

	sb_init(&t.raw, mem->budget);
	sb_init(&t.safe, mem->budget);
	good = summary(&t, r, mem) && findings(&t, r, mem);
	if (good) {
		gone(&t, r);
		coverage(&t, r);
		dns(&t, r);
		if (r->certificates != NULL)
			heading(&t, "Certificates: what each listener needs");
		for (const struct tmg_certificate_need *c = r->certificates; c != NULL; c = c->next)
			certificate(&t, c);
	}
	sb_free(&t.raw);
	sb_free(&t.safe);
	return good && !t.failed;
}
