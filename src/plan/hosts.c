/*
 * Host classes: the public names of one listener's rules, each once, and the
 * rules that cover each in order: those that name it, those that name a suffix
 * above it, those for any host. Knows nothing of paths and routes.
 */
#include "plan/lower.h"

/* Names and the suffixes above them; canonical names have no more labels. */
#define LISTS_MAX 140

static const struct plan_host *
host_next(struct lower *lo, const struct plan_host *n)
{
	return n->after != 0 ? &lo->pnames[n->after - 1] : NULL;
}

/* By name; of the same name the first of the export first. */
static int
name_cmp(const void *pa, const void *pb)
{
	const struct plan_host *a = *(const struct plan_host *const *)pa, *b = *(const struct plan_host *const *)pb;
	int n = a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(a->name, b->name);

	return n != 0 ? n : (a > b) - (a < b); /* they lie in one array */
}

/* The first of a class knows the next, and so on. */
static void
tie(struct lower *lo, struct plan_host **v, size_t n)
{
	struct hosts *h = &lo->hosts;
	void **slot;

	for (size_t i = 0; i < n; i++) {
		bool first = i == 0 || v[i]->kind != v[i - 1]->kind || strcmp(v[i]->name, v[i - 1]->name) != 0;

		v[i]->again = !first;
		v[i]->after = 0;
		if (!first) {
			v[i - 1]->after = (uint32_t)(v[i] - lo->pnames) + 1;
			continue;
		}
		h->count++;
		if (v[i]->kind == HOST_ANY)
			h->any = v[i];
		if (v[i]->kind != HOST_SUFFIX)
			continue;
		if ((slot = hmap_slot(&h->suffixes, v[i]->name, strlen(v[i]->name), true)) == NULL)
			lo->failed = true;
		else
			*slot = v[i];
	}
}

void
hosts_free(struct lower *lo)
{
	struct hosts *h = &lo->hosts;

	hmap_free(&h->suffixes);
	memset(h, 0, sizeof(*h));
	hmap_init(&h->suffixes, &lo->t->budget);
}

void
hosts_of(struct lower *lo, const struct listener_rules *lr)
{
	struct hosts *h = &lo->hosts;
	struct plan_host **v;
	size_t n = 0, i = 0;

	if (h->of != lr) {
		hosts_free(lo);
		h->of = lr;
		for (const struct plan_host *x = host_first(lo, lr); x != NULL; x = host_after(lo, x))
			n++;
		v = budget_realloc(&lo->t->budget, NULL, 0, (n + 1) * sizeof(*v));
		if (v == NULL) {
			lo->failed = true;
			return;
		}
		for (struct plan_host *x = host_first(lo, lr); x != NULL; x = host_after(lo, x))
			v[i++] = x;
		sort(v, n, sizeof(*v), name_cmp);
		tie(lo, v, n);
		budget_free(&lo->t->budget, v, (n + 1) * sizeof(*v));
	}
	plan_count(lo, h->count);
}

/* The first name of a rule that takes part, from this rule of the listener on. */
static struct plan_host *
name_from(struct lower *lo, uint32_t rule)
{
	for (; rule != 0; rule = lo->rules[rule - 1].next_of_listener) {
		if (lo->rules[rule - 1].takes_part)
			return &lo->pnames[lo->rules[rule - 1].names];
	}
	return NULL;
}

struct plan_host *
host_first(struct lower *lo, const struct listener_rules *lr)
{
	return name_from(lo, lr->first);
}

struct plan_host *
host_after(struct lower *lo, const struct plan_host *n)
{
	const struct prule *r = &lo->rules[n->rule];
	uint32_t i = (uint32_t)(n - lo->pnames) + 1;

	return i < rule_names_end(lo, r) ? &lo->pnames[i] : name_from(lo, r->next_of_listener);
}

/* The lists of rules that cover a class: its own, those of the suffixes above it, those of any host. */
static size_t
covering_lists(struct lower *lo, struct plan_host *c, const struct plan_host *lists[LISTS_MAX])
{
	struct hosts *h = &lo->hosts;
	const char *dot = c->kind != HOST_ANY && h->suffixes.count > 0 ? strchr(c->name, '.') : NULL;
	size_t n = 0;
	void **slot;

	lists[n++] = c;
	for (; dot != NULL && n + 1 < LISTS_MAX; dot = strchr(dot + 1, '.')) {
		if ((slot = hmap_slot(&h->suffixes, dot + 1, strlen(dot + 1), false)) != NULL)
			lists[n++] = *slot;
	}
	if (c->kind != HOST_ANY && h->any != NULL)
		lists[n++] = h->any;
	return n;
}

/* One more rule at the end of the list. */
static bool
rules_add(struct lower *lo, struct rule_list *l, uint32_t rule)
{
	size_t more = l->cap != 0 ? l->cap * 2 : 64;
	uint32_t *grown;

	if (l->n == l->cap) {
		grown = budget_realloc(&lo->t->budget, l->v, l->cap * sizeof(*l->v), more * sizeof(*l->v));
		if (grown == NULL) {
			lo->failed = true;
			return false;
		}
		l->v = grown;
		l->cap = more;
	}
	l->v[l->n++] = rule;
	return true;
}

void
host_rules(struct lower *lo, struct plan_host *c, struct rule_list *l)
{
	const struct plan_host *lists[LISTS_MAX];
	size_t n = covering_lists(lo, c, lists), min;

	l->n = 0;
	for (;;) {
		min = n;
		for (size_t i = 0; i < n; i++) {
			if (lists[i] != NULL && (min == n || lists[i]->rule < lists[min]->rule))
				min = i;
		}
		if (min == n)
			return;
		if ((l->n == 0 || l->v[l->n - 1] != lists[min]->rule) && !rules_add(lo, l, lists[min]->rule))
			return;
		lists[min] = host_next(lo, lists[min]);
		plan_count(lo, 1);
		if (lo->too_large || lo->rules[l->v[l->n - 1]].takes_all)
			return;
	}
}
