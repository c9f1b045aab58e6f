/*
 * What an audit found as tables: CSV for spreadsheets (findings alone) and Markdown
 * for documents. Sees the result alone.
 */
#include "export/audit_words.h"
#include "export/audit_write.h"
#include "export/escape.h"
#include "model/diag.h"

/* ---- CSV ------------------------------------------------------------------------- */

static const char csv_head[] = "severity,id,ref,file,line,kind,name,guid,subject,detail,sentence,symptom,fix,guess,"
			       "fingerprint,input\r\n";

static void
csv_field(struct out *o, const char *s)
{
	out_str(o, ",");
	if (s != NULL)
		esc_csv(o, s);
}

bool
audit_csv(const struct tmg_audit_result *r, struct out *o)
{
	out_str(o, csv_head);
	for (const struct tmg_finding *f = r->findings; f != NULL; f = f->next) {
		if (f->known)
			continue;
		out_str(o, severity_name(f->severity));
		csv_field(o, f->id);
		csv_field(o, f->ref);
		csv_field(o, f->file);
		out_str(o, ",");
		if (f->line != 0)
			out_fmt(o, "%lu", (unsigned long)f->line);
		csv_field(o, f->kind);
		csv_field(o, f->name);
		csv_field(o, f->guid);
		csv_field(o, f->subject);
		csv_field(o, f->detail);
		csv_field(o, f->sentence);
		csv_field(o, f->symptom);
		csv_field(o, f->fix);
		csv_field(o, f->guess ? "yes" : "no");
		csv_field(o, f->fingerprint);
		csv_field(o, f->input);
		out_str(o, "\r\n");
	}
	return true;
}

/* ---- Markdown -------------------------------------------------------------------- */

struct md {
	struct out *o;
	struct strbuf b;
	bool failed;
};

static void
md_labelled(struct md *m, const char *label, const char *s)
{
	out_str(m->o, label);
	if (s != NULL)
		esc_markdown(m->o, s);
}

/* What was put together in m->b. */
static void
md_put(struct md *m, const char *before)
{
	m->failed = m->failed || m->b.failed;
	md_labelled(m, before, m->b.s);
	sb_clear(&m->b);
}

static bool
md_summary(struct md *m, const struct tmg_audit_result *r, struct arena *mem)
{
	const struct audit_fact *f = audit_facts(r, TMG_NOTE, mem);

	if (f == NULL)
		return false;
	out_str(m->o, "# Audit\n\n| | |\n|---|---|\n");
	for (; f != NULL; f = f->next) {
		md_labelled(m, "| ", f->name);
		md_labelled(m, " | ", f->text);
		out_str(m->o, " |\n");
	}
	return true;
}

static void
md_finding(struct md *m, const struct tmg_audit_result *r, const struct tmg_finding *f)
{
	out_fmt(m->o, "\n- **%s**: ", severity_name(f->severity));
	md_labelled(m, "", f->sentence);
	if (f->detail != NULL)
		md_labelled(m, ": ", f->detail);
	if (f->guess)
		out_str(m->o, " (guessed from names and ports)");
	md_labelled(m, "\n  - Users feel: ", f->symptom);
	md_labelled(m, "\n  - Mend: ", f->fix);
	audit_place(&m->b, r, f);
	md_put(m, "\n  - ");
	md_labelled(m, f->file != NULL ? " " : "", "[");
	md_labelled(m, "", f->id);
	md_labelled(m, "", "]");
	out_str(m->o, "\n");
}

static bool
md_findings(struct md *m, const struct tmg_audit_result *r, struct arena *mem)
{
	struct audit_groups g;

	if (!audit_groups_make(r, TMG_NOTE, mem, &g))
		return false;
	out_str(m->o, "\n## Findings\n");
	if (g.count == 0)
		out_str(m->o, "\nNone. What was not looked at stands above.\n");
	for (size_t i = 0; i < g.count; i++) {
		audit_object(&m->b, g.f[g.group[i].first]);
		md_put(m, "\n### ");
		out_str(m->o, "\n");
		for (size_t k = 0; k < g.group[i].n; k++)
			md_finding(m, r, g.f[g.group[i].first + k]);
	}
	return true;
}

static void
md_gone(struct md *m, const struct tmg_audit_result *r)
{
	if (r->gone != NULL)
		out_str(m->o, "\n## Gone since the baseline\n\n");
	for (const struct tmg_finding *f = r->gone; f != NULL; f = f->next) {
		audit_gone(&m->b, f);
		md_put(m, "- ");
		out_str(m->o, "\n");
	}
}

static void
md_coverage(struct md *m, const struct tmg_audit_result *r)
{
	if (r->coverage == NULL)
		return;
	out_fmt(m->o,
	    "\n## Coverage\n\n| Kind | Name | Public name | Published | Rule | To | Bridging |%s Findings |\n",
	    r->logs ? " Evidence |" : "");
	out_fmt(m->o, "|---|---|---|---|---|---|---|%s---|\n", r->logs ? "---|" : "");
	for (const struct tmg_coverage *c = r->coverage; c != NULL; c = c->next) {
		md_labelled(m, "| ", c->kind);
		md_labelled(m, " | ", c->name);
		md_labelled(m, " | ", c->public_name);
		md_labelled(m, " | ", audit_published(r, c));
		audit_rule(&m->b, r, c);
		md_put(m, " | ");
		md_labelled(m, " | ", c->to);
		md_labelled(m, " | ", c->bridging);
		if (r->logs) {
			audit_evidence(&m->b, &c->evidence);
			md_put(m, " | ");
		}
		audit_names(&m->b, c->findings, "");
		md_put(m, " | ");
		out_str(m->o, " |\n");
	}
}

static void
md_needs(struct md *m, const struct tmg_audit_result *r)
{
	if (r->dns != NULL)
		out_str(m->o, "\n## DNS, seen from outside\n\n| Name | Addresses | Listener |\n|---|---|---|\n");
	for (const struct tmg_dns_need *d = r->dns; d != NULL; d = d->next) {
		md_labelled(m, "| ", d->name);
		audit_names(&m->b, d->addresses, "the export does not hold the address");
		md_put(m, " | ");
		md_labelled(m, " | ", d->listener);
		out_str(m->o, " |\n");
	}
	if (r->certificates != NULL)
		out_str(m->o,
		    "\n## Certificates\n\n| Listener | Must cover | Thumbprints in the export | Given | Does not cover "
		    "|\n|---|---|---|---|---|\n");
	for (const struct tmg_certificate_need *c = r->certificates; c != NULL; c = c->next) {
		md_labelled(m, "| ", c->listener);
		audit_names(&m->b, c->names, "no name: its rules are for all names");
		md_put(m, " | ");
		audit_names(&m->b, c->thumbprints, "none");
		md_put(m, " | ");
		md_labelled(m, " | ", c->given != NULL ? c->given : "none");
		audit_names(&m->b, c->missing, c->given != NULL ? "nothing" : "");
		md_put(m, " | ");
		out_str(m->o, " |\n");
	}
}

bool
audit_markdown(const struct tmg_audit_result *r, struct out *o, struct arena *mem)
{
	struct md m = { .o = o };
	bool good;

	sb_init(&m.b, mem->budget);
	good = md_summary(&m, r, mem) && md_findings(&m, r, mem);
	if (good) {
		md_gone(&m, r);
		md_coverage(&m, r);
		md_needs(&m, r);
	}
	sb_free(&m.b);
	return good && !m.failed;
}
