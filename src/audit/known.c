/*
 * What a baseline knows: each finding of it stands for one of now, so that a further one
 * of the same kind is new; what stands for none is gone. Knows no check.
 */
#include "audit/audit.h"

/* The first of a list that stands for none yet. */
static struct known_finding *
unmatched(struct known_list *l, bool here)
{
	if (l == NULL)
		return NULL;
	while (l->first != NULL && l->first->matched)
		l->first = here ? l->first->next_here : l->first->next_same;
	return l->first;
}

/* First those of the same export, then those whose export has another name now. */
static bool
match(struct tmg_audit *a)
{
	struct tmg_finding *f;

	for (f = a->result.findings; f != NULL; f = f->next) {
		struct known_finding *k = NULL;
		const char *key;

		if (f->input != NULL) {
			if ((key = arena_fmt(&a->mem, "%s\x1f%s", f->fingerprint, f->input)) == NULL)
				return false;
			k = unmatched(hmap_get(&a->site.known_here, key), true);
		}
		if ((f->known = k != NULL))
			k->matched = true;
	}
	for (f = a->result.findings; f != NULL; f = f->next) {
		struct known_finding *k = f->known ? NULL : unmatched(hmap_get(&a->site.known, f->fingerprint), false);

		if (k != NULL)
			f->known = k->matched = true;
	}
	return true;
}

static bool
any_certificate(const struct tmg_audit_result *r)
{
	for (const struct tmg_certificate_need *c = r->certificates; c != NULL; c = c->next)
		if (c->given != NULL)
			return true;
	return false;
}

/* Exports that were looked at -> not NULL. */
static bool
know_files(struct tmg_audit *a, struct hmap *files)
{
	for (struct tmg_name *x = a->result.files; x != NULL; x = x->next)
		if (!hmap_put(files, x->s, x))
			return false;
	return true;
}

/* One export before and one now: it may have another name. */
static bool
is_one(const struct tmg_audit *a)
{
	const char *first = NULL;

	for (const struct known_finding *k = a->site.baselined; k != NULL; k = k->next) {
		if (first != NULL && k->input != NULL && strcmp(k->input, first) != 0)
			return false;
		first = first != NULL ? first : k->input;
	}
	return a->result.jobs == 1 && a->result.files != NULL;
}

static bool
add_gone(struct tmg_audit *a, struct tmg_finding ***tail, const struct known_finding *k)
{
	struct tmg_finding *f = arena_alloc(&a->mem, sizeof(*f));
	int check = k->id != NULL ? check_find(k->id) : -1;

	if (f == NULL)
		return false;
	f->kind = k->kind;
	f->name = k->name != NULL ? k->name : "";
	f->guid = k->guid;
	f->subject = k->subject;
	f->detail = k->detail;
	f->file = k->file;
	f->input = k->input;
	f->line = k->line;
	f->severity = k->severity;
	if (check >= 0) {
		finding_complete(a, f, check_row((enum check_id)check));
	} else { /* of another version */
		f->id = k->id != NULL ? k->id : "unknown";
		f->ref = f->symptom = f->fix = "";
		f->sentence = k->sentence != NULL ? k->sentence : "";
	}
	memcpy(f->fingerprint, k->fingerprint, sizeof(f->fingerprint) - 1);
	f->known = true;
	**tail = f;
	*tail = &f->next;
	return true;
}

/* Without what showed it, or without its export, nothing can be said to be gone. */
static bool
list_gone(struct tmg_audit *a, struct hmap *files)
{
	const struct site *s = &a->site;
	struct tmg_finding **tail = &a->result.gone;
	bool one = is_one(a);
	bool same = (a->result.topology || !s->known_topology) && (a->result.logs || !s->known_logs) &&
	    (any_certificate(&a->result) || !s->known_certs);

	for (const struct known_finding *k = s->baselined; k != NULL; k = k->next) {
		if (k->matched)
			continue;
		if (!same || !(one || k->input == NULL || hmap_get(files, k->input) != NULL)) {
			a->result.unjudged++;
			continue;
		}
		if (!add_gone(a, &tail, k))
			return false;
		a->result.gone_count++;
	}
	return true;
}

bool
audit_known(struct tmg_audit *a)
{
	struct hmap files;
	bool good;

	if (!a->site.baseline)
		return true;
	hmap_init(&files, a->budget);
	good = match(a) && know_files(a, &files) && list_gone(a, &files);
	hmap_free(&files);
	return good;
}
