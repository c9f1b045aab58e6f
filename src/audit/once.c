/*
 * What topology or logs alone say does not depend on which export is looked at; only
 * which server belongs to which pool may, since rules tie addresses to pools. When several
 * exports were looked at, each on its own, such findings are said once, and nothing
 * counts as not seen that another export shows to be seen. Knows no export.
 */
#include "audit/audit.h"

struct tally {
	struct tmg_finding *best;
	uint64_t jobs;
};

static bool
is_check(const struct tmg_finding *f, enum check_id id)
{
	return strcmp(f->id, check_row(id)->id) == 0;
}

/* Does it come from topology and logs alone? */
static bool
is_common(const struct tmg_finding *f)
{
	return f->ref[0] == 'L' || is_check(f, CHECK_SIMPLE_POOL_NAME) || is_check(f, CHECK_SIMPLE_PREFIX) ||
	    is_check(f, CHECK_SIMPLE_CHARACTERS) || is_check(f, CHECK_PASSIVE_AUTH);
}

static bool
is_unseen(const struct tmg_finding *f)
{
	return is_check(f, CHECK_LOG_NO_FRONT_END) || is_check(f, CHECK_LOG_NO_DIRECTOR) ||
	    is_check(f, CHECK_LOG_POOL_UNSEEN);
}

/* The worst of the same findings, and how many there are. */
static bool
count(struct tmg_audit *a, struct hmap *tallies, struct hmap *seen)
{
	for (struct tmg_finding *f = a->result.findings; f != NULL; f = f->next) {
		void **slot = is_common(f) ? hmap_slot(tallies, f->fingerprint, strlen(f->fingerprint), true) : NULL;
		struct tally *t;

		if (!is_common(f))
			continue;
		if (slot == NULL || (*slot == NULL && (*slot = arena_alloc(&a->mem, sizeof(*t))) == NULL))
			return false;
		t = *slot;
		t->jobs++;
		if (t->best == NULL || f->severity > t->best->severity)
			t->best = f;
	}
	for (struct tmg_coverage *c = a->result.coverage; c != NULL; c = c->next)
		if (c->evidence.seen == 1 && !hmap_put(seen, c->name, c))
			return false;
	return true;
}

static bool
stays(const struct tmg_audit *a, struct hmap *tallies, struct hmap *seen, const struct tmg_finding *f)
{
	const struct tally *t = is_common(f) ? hmap_get(tallies, f->fingerprint) : NULL;

	if (t == NULL)
		return true;
	if (is_unseen(f) && f->name != NULL && hmap_get(seen, f->name) != NULL)
		return false;
	/* A server that one export knows is not unknown. */
	if (is_check(f, CHECK_LOG_UNKNOWN_SERVER) && t->jobs < a->result.jobs)
		return false;
	return t->best == f;
}

/* The coverage does not speak of what is not found. */
static void
forget(struct tmg_audit *a, struct hmap *seen)
{
	static const enum check_id unseen[] = { CHECK_LOG_NO_FRONT_END, CHECK_LOG_NO_DIRECTOR, CHECK_LOG_POOL_UNSEEN };

	for (struct tmg_coverage *c = a->result.coverage; c != NULL; c = c->next) {
		struct tmg_name **n = &c->findings;

		while (hmap_get(seen, c->name) != NULL && *n != NULL) {
			bool gone = false;

			for (size_t i = 0; i < ARRAY_LEN(unseen); i++)
				gone = gone || strcmp((*n)->s, check_row(unseen[i])->id) == 0;
			if (gone)
				*n = (*n)->next;
			else
				n = &(*n)->next;
		}
	}
}

bool
audit_once(struct tmg_audit *a)
{
	struct hmap tallies, seen;
	struct tmg_finding **f = &a->result.findings;
	bool good;

	if (a->result.jobs < 2)
		return true;
	hmap_init(&tallies, a->budget);
	hmap_init(&seen, a->budget);
	good = count(a, &tallies, &seen);
	while (good && *f != NULL) {
		if (is_common(*f))
			(*f)->input = NULL;
		if (stays(a, &tallies, &seen, *f))
			f = &(*f)->next;
		else
			*f = (*f)->next;
	}
	a->last_finding = f;
	if (good)
		forget(a, &seen);
	hmap_free(&tallies);
	hmap_free(&seen);
	return good;
}
