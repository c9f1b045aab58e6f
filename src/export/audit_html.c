/*
 * What an audit found as one page: no script, nothing loaded from elsewhere, all of
 * it in reach of the keyboard. Every string goes through esc_html. Sees the result
 * alone.
 */
#include "export/audit_html.h"

#include "export/audit_write.h"
#include "export/escape.h"
#include "model/diag.h"

struct page {
	struct out *o;
	const struct tmg_audit_result *r;
	struct audit_groups groups;
	struct anchors anchors;
	struct strbuf b;
	bool failed;
};

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"referrer\" content=\"no-referrer\">\n<title>Publishing audit</title>\n<style>\n";

static const char colours[] =
    ":root{color-scheme:light dark;--bg:#ffffff;--fg:#1a1c1f;--soft:#55595f;--line:#8b9097;--box:#f3f4f6;"
    "--link:#0b4f9e;--error:#a8071a;--warning:#7a4a00;--note:#0b4f9e;--ok:#1d6330}\n"
    "@media screen and (prefers-color-scheme:dark){:root{--bg:#15171a;--fg:#e9eaec;--soft:#b4b8be;--line:#80858c;"
    "--box:#1f2226;--link:#8fc0ff;--error:#ff9a94;--warning:#ffc36b;--note:#8fc0ff;--ok:#8ad39b}}\n";

static const char rules[] =
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:76rem;padding:0 1rem 3rem;background:var(--bg);color:var(--fg);"
    "font:1rem/1.5 system-ui,sans-serif}\n"
    "h1{margin:1rem 0 .5rem}h2{margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}"
    "h3{margin:1.5rem 0 .25rem;overflow-wrap:anywhere}h4{margin:0;font-size:1rem;overflow-wrap:anywhere}\n"
    "a{color:var(--link)}:focus-visible{outline:3px solid var(--link);outline-offset:2px}\n"
    ".skip{position:absolute;left:-99rem}.skip:focus{position:static}\n"
    "nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;padding:0;list-style:none}\n"
    "code{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}\n"
    ".scroll{overflow-x:auto}\n"
    "table{border-collapse:collapse;width:100%}caption{text-align:left;color:var(--soft);padding-bottom:.25rem}\n"
    "th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;"
    "overflow-wrap:break-word;max-width:24rem}th{background:var(--box)}\n"
    ".facts th{width:10rem}\n"
    ".tag{font-weight:700}h4 .tag,td .tag{border:1px solid currentColor;border-radius:.25rem;padding:0 .4rem;"
    "margin-right:.35rem}\n"
    ".error{color:var(--error)}.warning{color:var(--warning)}.note{color:var(--note)}.ok{color:var(--ok)}.idle{color:"
    "var(--soft)}\n"
    ".finding{border-left:4px solid var(--line);margin:.75rem 0;padding:.1rem 0 .1rem .75rem;color:var(--fg)}\n"
    ".finding.error{border-color:var(--error)}.finding.warning{border-color:var(--warning)}"
    ".finding.note{border-color:var(--note)}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .75rem;margin:.25rem 0}"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\n";

static const char drawing[] =
    ".flow{display:block;width:100%;min-width:60rem;height:auto;font:11px ui-monospace,monospace}\n"
    ".flow text{fill:var(--fg)}.flow .soft,.flow .head{fill:var(--soft)}.flow .head,.flow .b{font-weight:700}\n"
    ".flow .box{fill:var(--box);stroke:var(--line)}.flow .off .box{stroke-dasharray:4 3}\n"
    ".flow .edge{fill:none;stroke:currentColor;stroke-width:2}.flow .edge.off{stroke-dasharray:4 3}\n"
    ".flow .tip{fill:currentColor}.flow .edge.error{stroke-width:4}.flow .edge.warning{stroke-width:3}\n"
    ".flow .rule .box{stroke:currentColor;stroke-width:1.5}.flow .tag{fill:currentColor}\n"
    ".flow a:focus-visible .box{stroke-width:5}\n";

static const char paper[] =
    "@media print{nav,.skip{display:none}body{max-width:none;padding:0;font-size:10pt}.scroll{overflow:visible}"
    ".flow{min-width:0}.finding,tr{break-inside:avoid}h2,h3,h4{break-after:avoid}a{color:inherit}"
    "details::details-content{content-visibility:visible;display:block}}\n"
    "@media (max-width:40rem){dl{grid-template-columns:1fr}}\n</style>\n</head>\n<body>\n";

static const char top[] =
    "<a class=\"skip\" href=\"#findings\">Skip to the findings</a>\n<header><h1>Publishing audit</h1></header>\n"
    "<nav aria-label=\"Parts of this page\"><ul>\n<li><a href=\"#summary\">Summary</a></li>\n"
    "<li><a href=\"#coverage\">Coverage</a></li>\n<li><a href=\"#flow\">Traffic flow</a></li>\n"
    "<li><a href=\"#findings\">Findings</a></li>\n<li><a href=\"#dns\">DNS</a></li>\n"
    "<li><a href=\"#certificates\">Certificates</a></li>\n</ul></nav>\n<main>\n";

/* ---- anchors --------------------------------------------------------------------- */

const char *
severity_class(int worst)
{
	return worst < 0 ? "ok" : severity_name((enum tmg_severity)worst);
}

/* What something is called in the map, until the next call. */
static const char *
anchor_key(struct anchors *a, const char *what, const char *x, const char *y)
{
	sb_clear(&a->asked);
	sb_fmt(&a->asked, "%s\x1f%s\x1f%s", what, x != NULL ? x : "", y != NULL ? y : "");
	a->failed = a->failed || a->asked.failed;
	return a->asked.failed ? "" : a->asked.s;
}

static size_t
anchor_get(struct anchors *a, const char *key)
{
	return (size_t)(uintptr_t)hmap_get(&a->map, key);
}

/* The first one stays. */
static void
anchor_add(struct anchors *a, const char *key, size_t number)
{
	const char *own = anchor_get(a, key) == 0 ? arena_str(a->mem, key) : key;

	if (own != key && (own == NULL || !hmap_put(&a->map, own, (void *)(uintptr_t)number)))
		a->failed = true;
}

size_t
anchor_rule(struct anchors *a, const char *file, const char *guid, const char *name)
{
	if (a->map.count == 0)
		return 0;
	return anchor_get(a, anchor_key(a, "rule", file, guid != NULL && guid[0] != '\0' ? guid : name));
}

size_t
anchor_finding(struct anchors *a, const char *id, const char *name)
{
	return anchor_get(a, anchor_key(a, "finding", id, name));
}

static void
anchors_make(struct page *p)
{
	struct anchors *a = &p->anchors;
	size_t i, k;

	for (i = 0; i < p->groups.count; i++) {
		const struct audit_group *g = &p->groups.group[i];
		const struct tmg_finding *f = p->groups.f[g->first];

		if (f->kind != NULL && strcmp(f->kind, "rule") == 0)
			anchor_add(a, anchor_key(a, "rule", f->file, f->guid != NULL ? f->guid : f->name), i + 1);
		for (k = g->first; k < g->first + g->n; k++)
			anchor_add(a, anchor_key(a, "finding", p->groups.f[k]->id, p->groups.f[k]->name), k + 1);
	}
}

/* ---- pieces ---------------------------------------------------------------------- */

static void
put(struct page *p, const char *before, const char *s, const char *after)
{
	out_str(p->o, before);
	if (s != NULL)
		esc_html(p->o, s);
	out_str(p->o, after);
}

/* What was put together in p->b. */
static void
put_words(struct page *p, const char *before, const char *after)
{
	p->failed = p->failed || p->b.failed;
	put(p, before, p->b.s, after);
	sb_clear(&p->b);
}

static void
cell(struct page *p, const char *s)
{
	put(p, "<td>", s, "</td>");
}

static void
cell_names(struct page *p, const struct tmg_name *n, const char *none)
{
	out_str(p->o, "<td>");
	if (n == NULL)
		out_str(p->o, none);
	for (const char *before = ""; n != NULL; n = n->next, before = "<br>")
		put(p, before, n->s, "");
	out_str(p->o, "</td>");
}

static void
section(struct page *p, const char *id, const char *title)
{
	out_fmt(p->o, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", id, id, title);
}

/* A table in a part that can be moved by keyboard; `columns` in the order of the cells. */
static void
table(struct page *p, const char *title, const char *const *columns)
{
	out_fmt(p->o,
	    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s, table\">\n<table>\n<thead><tr>",
	    title);
	for (; *columns != NULL; columns++)
		out_fmt(p->o, "<th scope=\"col\">%s</th>", *columns);
	out_str(p->o, "</tr></thead>\n<tbody>\n");
}

static void
table_end(struct page *p)
{
	out_str(p->o, "</tbody>\n</table>\n</div>\n");
}

/* ---- parts ----------------------------------------------------------------------- */

static bool
summary(struct page *p, struct arena *mem)
{
	const struct audit_fact *f = audit_facts(p->r, TMG_NOTE, mem);

	if (f == NULL)
		return false;
	section(p, "summary", "Summary");
	out_str(p->o, "<table class=\"facts\">\n<tbody>\n");
	for (; f != NULL; f = f->next) {
		put(p, "<tr><th scope=\"row\">", f->name, "</th>");
		put(p, "<td>", f->text, "</td></tr>\n");
	}
	out_str(p->o, "</tbody>\n</table>\n</section>\n");
	return true;
}

/* The ids of a row, each linked to where it is told. */
static void
coverage_findings(struct page *p, const struct tmg_coverage *c)
{
	const char *before = "";

	out_str(p->o, "<td>");
	for (const struct tmg_name *n = c->findings; n != NULL; n = n->next, before = "<br>") {
		size_t at = c->rule != NULL ? anchor_finding(&p->anchors, n->s, c->rule) : 0;

		if (at == 0)
			at = anchor_finding(&p->anchors, n->s, c->name);
		if (at == 0 && c->public_name != NULL)
			at = anchor_finding(&p->anchors, n->s, c->public_name);
		out_str(p->o, before);
		if (at != 0)
			out_fmt(p->o, "<a href=\"#f%zu\">", at);
		put(p, "", n->s, at != 0 ? "</a>" : "");
	}
	out_str(p->o, "</td>");
}

static void
coverage(struct page *p)
{
	static const char *const with_logs[] = { "Published", "Kind", "Name", "Public name", "Rule", "To", "Bridging",
		"Evidence", "Findings", NULL };
	static const char *const without[] = { "Published", "Kind", "Name", "Public name", "Rule", "To", "Bridging",
		"Findings", NULL };

	section(p, "coverage", "Coverage");
	if (p->r->coverage == NULL) {
		out_str(p->o, "<p>Nothing of Lync is known that should be published.</p>\n</section>\n");
		return;
	}
	table(p, "Coverage", p->r->logs ? with_logs : without);
	for (const struct tmg_coverage *c = p->r->coverage; c != NULL; c = c->next) {
		out_fmt(p->o, "<tr><td><span class=\"tag %s\">%s</span></td>",
		    c->published              ? "ok"
			: p->r->files != NULL ? "error"
					      : "note",
		    audit_published(p->r, c));
		cell(p, c->kind);
		cell(p, c->name);
		cell(p, c->public_name);
		audit_rule(&p->b, p->r, c);
		put_words(p, "<td>", "</td>");
		cell(p, c->to);
		cell(p, c->bridging);
		if (p->r->logs) {
			audit_evidence(&p->b, &c->evidence);
			put_words(p, "<td>", "</td>");
		}
		coverage_findings(p, c);
		out_str(p->o, "</tr>\n");
	}
	table_end(p);
	out_str(p->o, "</section>\n");
}

/* The picture again, for those who do not see it, and whole where it is cut. */
static void
flow_table(struct page *p)
{
	static const char *const columns[] = { "Public names", "Listener", "Addresses", "Rule", "Bridging", "Servers",
		"Worst finding", NULL };

	out_str(p->o, "<details>\n<summary>The same as a table</summary>\n");
	table(p, "Traffic flow", columns);
	for (const struct tmg_flow *f = p->r->flows; f != NULL; f = f->next) {
		size_t at = anchor_rule(&p->anchors, f->way->file, f->guid, f->rule);

		out_str(p->o, "<tr>");
		cell_names(p, f->names, "every name");
		cell(p, f->way->listener);
		cell_names(p, f->way->endpoints, "");
		put(p, "<td>", f->rule, f->enabled ? "" : " (disabled)");
		out_str(p->o, f->deny ? " (denies)</td>" : "</td>");
		cell(p, f->way->bridging);
		cell_names(p, f->way->servers, "");
		out_str(p->o, "<td>");
		if (at != 0)
			out_fmt(p->o, "<a href=\"#g%zu\">", at);
		out_str(p->o, f->worst < 0 ? "none" : severity_name((enum tmg_severity)f->worst));
		out_str(p->o, at != 0 ? "</a></td></tr>\n" : "</td></tr>\n");
	}
	table_end(p);
	out_str(p->o, "</details>\n");
}

static bool
flow(struct page *p)
{
	section(p, "flow", "Traffic flow");
	if (!audit_svg(p->r, &p->anchors, p->o))
		return false;
	if (p->r->flows != NULL)
		flow_table(p);
	out_str(p->o, "</section>\n");
	return true;
}

static void
finding(struct page *p, size_t number)
{
	const struct tmg_finding *f = p->groups.f[number - 1];
	const char *word = severity_name(f->severity);

	out_fmt(p->o, "<article class=\"finding %s\" id=\"f%zu\">\n<h4><span class=\"tag %s\">%s</span>", word, number,
	    word, word);
	put(p, "", f->sentence, "");
	if (f->detail != NULL)
		put(p, ": ", f->detail, "");
	out_str(p->o, f->guess ? " <small>(guessed from names and ports)</small></h4>\n<dl>\n" : "</h4>\n<dl>\n");
	put(p, "<dt>Users feel</dt><dd>", f->symptom, "</dd>\n");
	put(p, "<dt>Mend</dt><dd>", f->fix, "</dd>\n");
	audit_place(&p->b, p->r, f);
	put_words(p, "<dt>Where</dt><dd><code>", "</code></dd>\n");
	put(p, "<dt>Check</dt><dd><code>", f->id, "</code>");
	put(p, " (", f->ref, ")</dd>\n</dl>\n</article>\n");
}

static void
findings(struct page *p)
{
	section(p, "findings", "Findings");
	if (p->groups.count == 0)
		out_str(p->o, "<p>None. What was not looked at stands in the summary.</p>\n");
	for (size_t i = 0; i < p->groups.count; i++) {
		const struct audit_group *g = &p->groups.group[i];

		out_fmt(p->o, "<section aria-labelledby=\"g%zu\">\n<h3 id=\"g%zu\">", i + 1, i + 1);
		audit_object(&p->b, p->groups.f[g->first]);
		put_words(p, "", "</h3>\n");
		for (size_t k = g->first; k < g->first + g->n; k++)
			finding(p, k + 1);
		out_str(p->o, "</section>\n");
	}
	out_str(p->o, "</section>\n");
}

static void
gone(struct page *p)
{
	if (p->r->gone == NULL)
		return;
	section(p, "gone", "Gone since the baseline");
	out_str(p->o, "<ul>\n");
	for (const struct tmg_finding *f = p->r->gone; f != NULL; f = f->next) {
		audit_gone(&p->b, f);
		put_words(p, "<li>", "</li>\n");
	}
	out_str(p->o, "</ul>\n</section>\n");
}

static void
dns(struct page *p)
{
	static const char *const columns[] = { "Name", "Must lead to", "Listener", NULL };

	section(p, "dns", "DNS, seen from outside");
	if (p->r->dns == NULL) {
		out_str(p->o, "<p>No rule publishes a name.</p>\n</section>\n");
		return;
	}
	table(p, "DNS", columns);
	for (const struct tmg_dns_need *d = p->r->dns; d != NULL; d = d->next) {
		out_str(p->o, "<tr>");
		cell(p, d->name);
		cell_names(p, d->addresses, "the export does not hold the address");
		cell(p, d->listener);
		out_str(p->o, "</tr>\n");
	}
	table_end(p);
	out_str(p->o, "</section>\n");
}

static void
certificates(struct page *p)
{
	static const char *const columns[] = { "Listener", "Must cover", "Thumbprints in the export", "Given",
		"Does not cover", NULL };

	section(p, "certificates", "Certificates");
	if (p->r->certificates == NULL) {
		out_str(p->o, "<p>No listener takes HTTPS.</p>\n</section>\n");
		return;
	}
	table(p, "Certificates", columns);
	for (const struct tmg_certificate_need *c = p->r->certificates; c != NULL; c = c->next) {
		out_str(p->o, "<tr>");
		cell(p, c->listener);
		cell_names(p, c->names, "no name: its rules are for all names");
		cell_names(p, c->thumbprints, "none");
		cell(p, c->given != NULL ? c->given : "none");
		cell_names(p, c->missing, c->given != NULL ? "nothing" : "");
		out_str(p->o, "</tr>\n");
	}
	table_end(p);
	out_str(p->o, "</section>\n");
}

bool
audit_html(const struct tmg_audit_result *r, struct out *o, struct arena *mem)
{
	struct page p = { .o = o, .r = r, .anchors = { .mem = mem } };
	bool good;

	sb_init(&p.b, mem->budget);
	sb_init(&p.anchors.asked, mem->budget);
	hmap_init(&p.anchors.map, mem->budget);
	good = audit_groups_make(r, TMG_NOTE, mem, &p.groups);
	if (good) {
		anchors_make(&p);
		out_str(o, head);
		out_str(o, colours);
		out_str(o, rules);
		out_str(o, drawing);
		out_str(o, paper);
		out_str(o, top);
		good = summary(&p, mem);
	}
	if (good) {
		coverage(&p);
		good = flow(&p);
	}
	if (good) {
		findings(&p);
		gone(&p);
		dns(&p);
		certificates(&p);
		out_str(o, "</main>\n</body>\n</html>\n");
	}
	hmap_free(&p.anchors.map);
	sb_free(&p.anchors.asked);
	sb_free(&p.b);
	return good && !p.failed && !p.anchors.failed;
}
