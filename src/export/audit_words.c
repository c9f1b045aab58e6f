/*
 * An audit in words: the summary, findings in groups, evidence. Sees the result
 * alone and knows the syntax of no form.
 */
#include "export/audit_words.h"

#include "base/base.h"

/* ---- groups ---------------------------------------------------------------------- */

struct key {
	const struct tmg_finding *f;
	size_t seq, group_seq; /* place among all findings, and that of the group's first */
	enum tmg_severity worst;
};

static int
compare_text(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

static const char *
identity(const struct tmg_finding *f)
{
	return f->guid != NULL ? f->guid : f->name;
}

static int
same_object(const struct tmg_finding *a, const struct tmg_finding *b)
{
	int c = compare_text(a->file, b->file);

	if (c == 0)
		c = compare_text(a->kind, b->kind);
	return c != 0 ? c : compare_text(identity(a), identity(b));
}

static int
by_object(const void *x, const void *y)
{
	const struct key *a = x, *b = y;
	int c = same_object(a->f, b->f);

	return c != 0 ? c : a->seq < b->seq ? -1 : a->seq > b->seq;
}

static int
by_worst(const void *x, const void *y)
{
	const struct key *a = x, *b = y;

	if (a->worst != b->worst)
		return a->worst > b->worst ? -1 : 1;
	if (a->group_seq != b->group_seq)
		return a->group_seq < b->group_seq ? -1 : 1;
	if (a->f->severity != b->f->severity)
		return a->f->severity > b->f->severity ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* Keys sorted by object get the worst and the first of theirs. */
static void
rank(struct key *keys, size_t n)
{
	size_t i, k, end;

	for (i = 0; i < n; i = end) {
		enum tmg_severity worst = keys[i].f->severity;

		for (end = i + 1; end < n && same_object(keys[i].f, keys[end].f) == 0; end++)
			if (keys[end].f->severity > worst)
				worst = keys[end].f->severity;
		for (k = i; k < end; k++) {
			keys[k].worst = worst;
			keys[k].group_seq = keys[i].seq;
		}
	}
}

bool
audit_groups_make(const struct tmg_audit_result *r, enum tmg_severity show, struct arena *mem, struct audit_groups *g)
{
	const struct tmg_finding *f;
	struct key *keys;
	size_t n = 0, i;

	memset(g, 0, sizeof(*g));
	for (f = r->findings; f != NULL; f = f->next)
		n += !f->known && f->severity >= show;
	if (n == 0)
		return true;
	keys = arena_array(mem, n, sizeof(*keys));
	g->f = arena_array(mem, n, sizeof(*g->f));
	g->group = arena_array(mem, n, sizeof(*g->group));
	if (keys == NULL || g->f == NULL || g->group == NULL)
		return false;
	for (f = r->findings; f != NULL; f = f->next)
		if (!f->known && f->severity >= show) {
			keys[g->found].f = f;
			keys[g->found].seq = g->found;
			g->found++;
		}
	qsort(keys, n, sizeof(*keys), by_object);
	rank(keys, n);
	qsort(keys, n, sizeof(*keys), by_worst);
	for (i = 0; i < n; i++) {
		g->f[i] = keys[i].f;
		if (i == 0 || keys[i].group_seq != keys[i - 1].group_seq)
			g->group[g->count++].first = i;
		g->group[g->count - 1].n++;
	}
	return true;
}

/* ---- words ----------------------------------------------------------------------- */

void
audit_object(struct strbuf *b, const struct tmg_finding *f)
{
	if (f->kind == NULL)
		sb_puts(b, "the configuration as a whole");
	else
		sb_fmt(b, "%s \"%s\"", f->kind, f->name != NULL ? f->name : "");
}

void
audit_gone(struct strbuf *b, const struct tmg_finding *f)
{
	audit_object(b, f);
	sb_fmt(b, ": %s", f->sentence);
	if (f->detail != NULL)
		sb_fmt(b, ": %s", f->detail);
	sb_fmt(b, " [%s]", f->id);
}

void
audit_place(struct strbuf *b, const struct tmg_audit_result *r, const struct tmg_finding *f)
{
	const char *input = audit_alone(r, f->input);

	if (f->file != NULL)
		sb_puts(b, f->file);
	if (f->file != NULL && f->line != 0)
		sb_fmt(b, ":%lu", (unsigned long)f->line);
	if (input != NULL && (f->file == NULL || strcmp(f->file, input) != 0))
		sb_fmt(b, "%swith export %s", f->file != NULL ? ", " : "", input);
}

void
audit_rule(struct strbuf *b, const struct tmg_audit_result *r, const struct tmg_coverage *c)
{
	const char *input = audit_alone(r, c->input);

	if (c->rule != NULL)
		sb_puts(b, c->rule);
	else if (input != NULL)
		sb_puts(b, "none");
	if (input != NULL)
		sb_fmt(b, " (%s)", input);
}

const char *
audit_none(const struct tmg_audit_result *r, enum tmg_severity show)
{
	for (int i = TMG_NOTE; i < (int)show; i++)
		if (r->count[i] > 0)
			return "None of the severities that were asked for. What was not looked at, and what is not "
			       "shown, "
			       "stands above.";
	return "None. What was not looked at stands above.";
}

const char *
audit_alone(const struct tmg_audit_result *r, const char *input)
{
	return r->jobs > 1 ? input : NULL;
}

void
audit_evidence(struct strbuf *b, const struct tmg_evidence *e)
{
	if (e->seen <= 0) {
		sb_puts(b, e->seen < 0 ? "the logs prove nothing" : "not seen in the logs");
		return;
	}
	sb_puts(b, "seen");
	if (e->via != NULL)
		sb_fmt(b, " through %s", e->via);
	if (e->port != 0)
		sb_fmt(b, " on port %d", e->port);
	sb_fmt(b, ": %llu request%s; sign-ins: %llu completed, %llu never did; %llu cut off",
	    (unsigned long long)e->hits, e->hits == 1 ? "" : "s", (unsigned long long)e->signins_ok,
	    (unsigned long long)e->signins_never, (unsigned long long)e->cut);
}

void
audit_names(struct strbuf *b, const struct tmg_name *n, const char *none)
{
	if (n == NULL)
		sb_puts(b, none);
	for (const char *before = ""; n != NULL; n = n->next, before = ", ") {
		sb_puts(b, before);
		sb_puts(b, n->s);
	}
}

const char *
audit_published(const struct tmg_audit_result *r, const struct tmg_coverage *c)
{
	if (r->files == NULL)
		return "not looked at";
	if (c->published)
		return c->guess ? "yes (guessed)" : "yes";
	return c->guess ? "no (guessed)" : "no";
}

/* ---- the summary ----------------------------------------------------------------- */

struct facts {
	struct arena *mem;
	struct audit_fact *first, **last;
	bool failed;
};

static void
fact(struct facts *fs, const char *name, const char *text)
{
	struct audit_fact *f = text != NULL ? arena_alloc(fs->mem, sizeof(*f)) : NULL;

	if (f == NULL) {
		fs->failed = true;
		return;
	}
	f->name = name;
	f->text = text;
	*fs->last = f;
	fs->last = &f->next;
}

static const char *
counted(struct facts *fs, unsigned long long n, const char *thing)
{
	const char *s = arena_fmt(fs->mem, "%llu %s%s", n, thing, n == 1 ? "" : "s");

	fs->failed = fs->failed || s == NULL;
	return s != NULL ? s : "";
}

static void
fact_inputs(struct facts *fs, const struct tmg_audit_result *r)
{
	unsigned long long files = 0, rules = 0;

	for (const struct tmg_name *n = r->files; n != NULL; n = n->next)
		files++;
	for (const struct tmg_flow *f = r->flows; f != NULL; f = f->next)
		rules++;
	fact(fs, "Exports",
	    files == 0 ? "none: only topologies and logs were looked at"
		       : arena_fmt(fs->mem, "%s%s%s, %s", counted(fs, files, "file"), files == 1 ? ": " : "",
			     files == 1 ? r->files->s : "", counted(fs, rules, "web publishing rule")));
}

static void
fact_findings(struct facts *fs, const struct tmg_audit_result *r, enum tmg_severity show)
{
	unsigned long long hidden = 0;

	for (int i = TMG_NOTE; i < (int)show; i++)
		hidden += r->count[i];
	fact(fs, "Findings",
	    arena_fmt(fs->mem, "%s, %s, %s", counted(fs, r->count[TMG_ERROR], "error"),
		counted(fs, r->count[TMG_WARNING], "warning"), counted(fs, r->count[TMG_NOTE], "note")));
	if (hidden > 0)
		fact(fs, "Not shown",
		    arena_fmt(fs->mem, "%s below the level that was asked for (-W note shows all)",
			counted(fs, hidden, "finding")));
	if (r->baseline)
		fact(fs, "Baseline",
		    arena_fmt(fs->mem, "knows %s, which %s hidden and not counted%s%s",
			counted(fs, r->known, "finding"), r->known == 1 ? "is" : "are",
			r->gone_count > 0 ? "; gone since then: " : "",
			r->gone_count > 0 ? counted(fs, r->gone_count, "finding") : ""));
	if (r->unjudged > 0)
		fact(fs, "Not judged",
		    arena_fmt(fs->mem,
			"%s of the baseline: the export, topology, logs or certificates that showed %s were not given "
			"now",
			counted(fs, r->unjudged, "finding"), r->unjudged == 1 ? "it" : "them"));
}

static void
fact_certificates(struct facts *fs, const struct tmg_audit_result *r)
{
	unsigned long long given = 0, all = 0;

	for (const struct tmg_certificate_need *c = r->certificates; c != NULL; c = c->next, all++)
		given += c->given != NULL;
	if (given == 0)
		fact(fs, "Certificates", "none given: names, dates and chains are not judged");
	else
		fact(fs, "Certificates",
		    arena_fmt(fs->mem, "given for %llu of %s", given, counted(fs, all, "HTTPS listener")));
}

static void
fact_coverage(struct facts *fs, const struct tmg_audit_result *r)
{
	unsigned long long all = 0, published = 0;

	for (const struct tmg_coverage *c = r->coverage; c != NULL; c = c->next, all++)
		published += c->published;
	if (all > 0 && r->files != NULL)
		fact(fs, "Published",
		    arena_fmt(fs->mem, "%llu of %llu pools and names that should be reachable", published, all));
}

struct audit_fact *
audit_facts(const struct tmg_audit_result *r, enum tmg_severity show, struct arena *mem)
{
	struct facts fs = { mem, NULL, NULL, false };

	fs.last = &fs.first;
	fact_inputs(&fs, r);
	fact_findings(&fs, r, show);
	fact_coverage(&fs, r);
	if (r->without != NULL)
		fact(&fs, "Taken as down", r->without);
	fact(&fs, "Topology",
	    r->topology ? "given: pools, ports and names as it states them"
			: "none given: roles are guessed from names and ports; what rests on it says so");
	fact(&fs, "Logs",
	    r->logs ? "given: see the evidence in the coverage" : "none given: what clients reach is not proven");
	fact_certificates(&fs, r);
	return fs.failed ? NULL : fs.first;
}
