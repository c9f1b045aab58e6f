/*
 * The library's entry points for audits: they put the stages together and hold no
 * knowledge of their own about exports, checks or outputs.
 */
#include "audit/audit.h"
#include "export/audit_write.h"
#include "import/rewrite.h"
#include "import/site.h"
#include "model/model.h"

enum tmg_status
tmg_audit_new(const struct tmg_audit_options *opt, struct tmg_audit **out)
{
	struct tmg_audit *a = calloc(1, sizeof(*a));

	*out = a;
	if (a == NULL)
		return TMG_ENOMEM;
	site_init(&a->site);
	a->budget = &a->site.budget;
	a->budget->limit = opt->max_memory;
	arena_init(&a->mem, a->budget);
	arena_init(&a->brief, a->budget);
	a->opt = *opt;
	a->last_finding = &a->result.findings;
	a->last_file = &a->result.files;
	a->last_coverage = &a->result.coverage;
	a->last_flow = &a->result.flows;
	a->last_dns = &a->result.dns;
	a->last_certificate = &a->result.certificates;
	a->result.show = opt->show;
	return TMG_OK;
}

void
tmg_audit_free(struct tmg_audit *a)
{
	if (a == NULL)
		return;
	arena_free(&a->mem);
	arena_free(&a->brief);
	site_free(&a->site);
	free(a);
}

enum tmg_status
tmg_audit_topology(struct tmg_audit *a, const char *path)
{
	return a->result.jobs > 0 ? TMG_EUSAGE : topology_read(&a->site, path);
}

enum tmg_status
tmg_audit_iis_log(struct tmg_audit *a, const char *path)
{
	return a->result.jobs > 0 ? TMG_EUSAGE : iislog_read(&a->site, path);
}

enum tmg_status
tmg_audit_certificate(struct tmg_audit *a, const char *listener, const char *path)
{
	return a->result.jobs > 0 ? TMG_EUSAGE : certificate_read(&a->site, listener, path);
}

enum tmg_status
tmg_audit_baseline(struct tmg_audit *a, const char *path)
{
	return a->result.jobs > 0 ? TMG_EUSAGE : baseline_read(&a->site, path);
}

enum tmg_status
tmg_audit_without(struct tmg_audit *a, const char *pool_or_site)
{
	const struct pool *p = a->site.pools;

	while (p != NULL && !pool_is_called(p, pool_or_site))
		p = p->next;
	if (a->result.jobs > 0 || p == NULL)
		return TMG_EUSAGE;
	a->result.without = arena_str(&a->mem, pool_or_site);
	return a->result.without != NULL ? TMG_OK : TMG_ENOMEM;
}

enum tmg_status
tmg_audit_add(struct tmg_audit *a, struct tmg *t)
{
	if (a->finished || !t->resolved)
		return TMG_EUSAGE;
	return audit_job(a, t, NULL) ? TMG_OK : TMG_ENOMEM;
}

enum tmg_status
tmg_audit_send(struct tmg_audit *a, struct tmg *t, tmg_write_fn *fn, void *ctx)
{
	bool stopped;

	if (a->finished || !t->resolved)
		return TMG_EUSAGE;
	if (!wire_job(a, t, fn, ctx, &stopped))
		return TMG_ENOMEM;
	return stopped ? TMG_EOUTPUT : TMG_OK;
}

enum tmg_status
tmg_audit_take(struct tmg_audit *a, const char *record, size_t len)
{
	return a->finished ? TMG_EUSAGE : wire_take(a, record, len);
}

const struct tmg_audit_result *
tmg_audit_finish(struct tmg_audit *a)
{
	if (a->finished)
		return &a->result;
	a->result.topology = a->site.topology;
	a->result.logs = a->site.logs != NULL;
	a->result.baseline = a->site.baseline;
	if ((a->result.jobs == 0 && !audit_job(a, NULL, NULL)) || !audit_finish(a))
		return NULL;
	a->finished = true;
	return &a->result;
}

const struct tmg_message *
tmg_audit_messages(const struct tmg_audit *a)
{
	return a->site.diags.first;
}

enum tmg_status
tmg_audit_write(struct tmg_audit *a, enum tmg_audit_format fmt, tmg_write_fn *fn, void *ctx)
{
	struct out *o;
	bool whole;

	if (tmg_audit_finish(a) == NULL || (o = out_to_fn(fn, ctx, a->budget)) == NULL)
		return TMG_ENOMEM;
	whole = audit_write(&a->result, fmt, o, a->budget);
	if (!out_end_fn(o))
		return TMG_EOUTPUT;
	return whole ? TMG_OK : TMG_ENOMEM;
}

enum tmg_status
tmg_audit_fix_plan(struct tmg_audit *a, tmg_write_fn *fn, void *ctx)
{
	struct out *o;

	if (tmg_audit_finish(a) == NULL || (o = out_to_fn(fn, ctx, a->budget)) == NULL)
		return TMG_ENOMEM;
	audit_fix_plan(&a->result, o);
	return out_end_fn(o) ? TMG_OK : TMG_EOUTPUT;
}

/* The changes to rules of `path`, by rule. First those that change a rule, then copies of it. */
static bool
collect_mends(struct tmg_audit *a, const char *path, struct hmap *rules, struct arena *mem)
{
	const struct tmg_finding *f;
	const struct tmg_mend *m;
	struct rewrite_rule *r;
	const char *key;
	void **slot;

	for (int pass = 0; pass < 3; pass++) { /* count, changes, copies */
		for (f = a->result.findings; f != NULL; f = f->next)
			for (m = f->known || f->severity < a->result.show ? NULL : f->mends; m != NULL; m = m->next) {
				if (m->file == NULL || strcmp(m->file, path) != 0)
					continue;
				key = arena_fmt(mem, "%c%s", m->kind[0], m->guid);
				if (key == NULL || (slot = hmap_slot(rules, key, strlen(key), true)) == NULL)
					return false;
				if (*slot == NULL && (*slot = arena_alloc(mem, sizeof(*r))) == NULL)
					return false;
				r = *slot;
				if (pass == 0) {
					r->count++;
					continue;
				}
				if (r->mends == NULL &&
				    (r->mends = arena_array(mem, r->count, sizeof(*r->mends))) == NULL)
					return false;
				if ((m->op == TMG_MEND_ADD_RULE) == (pass == 2))
					r->mends[r->filled++] = m;
			}
	}
	return true;
}

enum tmg_status
tmg_audit_fixed(struct tmg_audit *a, const char *path, tmg_write_fn *fn, void *ctx, size_t *unmended, char why[160])
{
	struct arena mem = { NULL, NULL, false };
	struct hmap rules;
	enum tmg_status rc = TMG_ENOMEM;

	*unmended = 0;
	why[0] = '\0';
	if (tmg_audit_finish(a) == NULL)
		return TMG_ENOMEM;
	arena_init(&mem, a->budget);
	hmap_init(&rules, a->budget);
	if (collect_mends(a, path, &rules, &mem))
		rc = rewrite(path, &rules, a->budget, fn, ctx, unmended, why);
	hmap_free(&rules);
	arena_free(&mem);
	return rc;
}
