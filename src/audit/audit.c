/*
 * The order of an audit: view, every check of the catalogue, coverage, flows,
 * work lists; and in the end the order of the findings.
 */
#include "audit/audit.h"

/* ---- keeping all that comes ----------------------------------------------------- */

static bool
keeps_flow(void *ctx, const struct tmg_flow *f)
{
	return keep_flow(ctx, f);
}

static bool
keeps_dns(void *ctx, const struct tmg_dns_need *d)
{
	return keep_dns(ctx, d);
}

static bool
keeps_certificate(void *ctx, const struct tmg_certificate_need *c)
{
	return keep_certificate(ctx, c);
}

static bool
keeps_covers(void *ctx, const char *name, bool missing)
{
	return keep_covers(ctx, name, missing);
}

/* ---- a job ----------------------------------------------------------------------- */

bool
audit_job(struct tmg_audit *a, struct tmg *t, const struct audit_sink *to)
{
	const struct audit_sink keep = { NULL, keeps_flow, keeps_dns, keeps_certificate, keeps_covers, a };
	struct arena mem = { NULL, NULL, false };
	struct view v;
	bool good;

	to = to != NULL ? to : &keep;
	a->input = NULL;
	for (const struct tmg_input *in = t != NULL ? t->inputs : NULL; in != NULL; in = in->next) {
		struct tmg_name **place = a->last_file;

		if (!name_push(&a->mem, &a->last_file, in->file))
			return false;
		a->input = a->input != NULL ? a->input : (*place)->s;
	}
	arena_init(&mem, a->budget);
	good = view_make(&v, a, t, &mem) && certificates_tie(&v) && ways_begin(&v);
	for (int i = 0; i < CHECK_COUNT && good && !v.failed; i++) {
		v.running = (enum check_id)i;
		check_row((enum check_id)i)->run(&v);
	}
	good = good && !v.failed && coverage_make(&v) && (to->begin == NULL || to->begin(to->ctx)) &&
	    flows_make(&v, to) && needs_make(&v, to);
	good = good && !v.failed && !mem.failed && !a->mem.failed;
	view_free(&v);
	arena_free(&mem);
	a->result.jobs++;
	return good;
}

/* ---- the order of findings ------------------------------------------------------ */

struct key {
	struct tmg_finding *f;
	size_t file, seq;
};

static int
compare(const void *x, const void *y)
{
	const struct key *a = x, *b = y;
	uint32_t la = a->f->file != NULL ? a->f->line : 0, lb = b->f->file != NULL ? b->f->line : 0;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (la != lb)
		return la < lb ? -1 : 1;
	if (a->f->severity != b->f->severity)
		return a->f->severity > b->f->severity ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

/* Files in the order in which findings first name them; what has no file comes first. */
static bool
rank(struct tmg_audit *a, struct key *keys)
{
	struct hmap files;
	struct tmg_finding *f;
	size_t n = 0, next = 1;
	bool good = true;
	void **slot;

	hmap_init(&files, a->budget);
	for (f = a->result.findings; f != NULL && good; f = f->next, n++) {
		keys[n].f = f;
		keys[n].seq = n;
		if (f->file == NULL)
			continue;
		if ((slot = hmap_slot(&files, f->file, strlen(f->file), true)) == NULL) {
			good = false;
		} else {
			if (*slot == NULL)
				*slot = (void *)(uintptr_t)next++;
			keys[n].file = (size_t)(uintptr_t)*slot;
		}
	}
	hmap_free(&files);
	return good;
}

bool
audit_finish(struct tmg_audit *a)
{
	struct tmg_finding *f, **tail = &a->result.findings;
	struct key *keys;
	size_t n = 0;

	if (!audit_once(a) || !audit_known(a))
		return false;
	for (f = a->result.findings; f != NULL; f = f->next) {
		n++;
		if (f->known)
			a->result.known++;
		else
			a->result.count[f->severity]++;
	}
	if (n == 0)
		return true;
	if ((keys = arena_array(&a->mem, n, sizeof(*keys))) == NULL || !rank(a, keys))
		return false;
	qsort(keys, n, sizeof(*keys), compare);
	for (size_t i = 0; i < n; i++) {
		*tail = keys[i].f;
		tail = &keys[i].f->next;
	}
	*tail = NULL;
	return true;
}
