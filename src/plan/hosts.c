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

/* Two sorted lists as one; what is equal of `a` first. */
static uint32_t
names_merge(
    struct plan_host *v, uint32_t a, uint32_t b, int (*cmp)(const struct plan_host *a, const struct plan_host *b))
{
	struct plan_host head = { .after = 0 }, *last = &head;

	while (a != 0 && b != 0) {
		uint32_t *from = cmp(&v[b - 1], &v[a - 1]) < 0 ? &b : &a;

		last->after = *from & PLAN_NAME_BITS;
		last = &v[*from - 1];
		*from = last->after;
	}
	last->after = (a != 0 ? a : b) & PLAN_NAME_BITS;
	return head.after;
}

uint32_t
names_sort(struct lower *lo, uint32_t first, int (*cmp)(const struct plan_host *a, const struct plan_host *b))
{
	struct plan_host *v = lo->pnames;
	uint32_t merged[32] = { 0 }, run, end, next; /* lists of ever more names, those of the export's end first */
	size_t k;

	while (first != 0) {
		for (run = end = first; (next = v[end - 1].after) != 0 && cmp(&v[end - 1], &v[next - 1]) <= 0;)
			end = next;
		first = next;
		v[end - 1].after = 0;
		for (k = 0; merged[k] != 0; k++) {
			run = names_merge(v, merged[k], run, cmp);
			merged[k] = 0;
		}
		merged[k] = run;
	}
	for (run = 0, k = 0; k < ARRAY_LEN(merged); k++)
		run = merged[k] != 0 ? names_merge(v, merged[k], run, cmp) : run;
	return run;
}

static int
name_cmp(const struct plan_host *a, const struct plan_host *b)
{
	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(a->name, b->name);
}

static void
class_add(struct lower *lo, struct plan_host *c)
{
	struct hosts *h = &lo->hosts;
	void **slot;

	h->count++;
	if (c->kind == HOST_ANY)
		h->any = c;
	if (c->kind != HOST_SUFFIX)
		return;
	if ((slot = hmap_slot(&h->suffixes, c->name, strlen(c->name), true)) == NULL)
		lo->failed = true;
	else
		*slot = c;
}

/* Of a sorted list: what is the same stays tied, the first of it is a class. */
static void
tie(struct lower *lo, uint32_t first)
{
	struct plan_host *before = NULL, *x;

	for (uint32_t at = first; at != 0; at = x->after, before = x) {
		x = &lo->pnames[at - 1];
		x->again = before != NULL && name_cmp(before, x) == 0;
		if (x->again)
			continue;
		if (before != NULL)
			before->after = 0;
		class_add(lo, x);
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
	struct plan_host none = { .after = 0 }, *last = &none;
	struct host_walk at;

	if (h->of != lr) {
		hosts_free(lo);
		h->of = lr;
		for (struct plan_host *x = host_first(lo, lr, &at); x != NULL; x = host_after(lo, &at)) {
			last->after = (at.name + 1) & PLAN_NAME_BITS;
			last = x;
		}
		last->after = 0;
		tie(lo, names_sort(lo, none.after, name_cmp));
	}
	plan_count(lo, h->count);
}

/* The first name of a rule that takes part, from this rule of the listener on. */
static struct plan_host *
name_from(struct lower *lo, uint32_t rule, struct host_walk *at)
{
	for (; rule != 0; rule = lo->rules[rule - 1].next_of_listener) {
		if (!lo->rules[rule - 1].takes_part)
			continue;
		at->rule = rule - 1;
		at->name = rule_names(lo, &lo->rules[rule - 1]);
		return &lo->pnames[at->name];
	}
	return NULL;
}

struct plan_host *
host_first(struct lower *lo, const struct listener_rules *lr, struct host_walk *at)
{
	return name_from(lo, lr->first, at);
}

struct plan_host *
host_after(struct lower *lo, struct host_walk *at)
{
	const struct prule *r = &lo->rules[at->rule];

	return ++at->name < rule_names_end(lo, r) ? &lo->pnames[at->name] : name_from(lo, r->next_of_listener, at);
}

/* The index of the rule that has a name: the last whose names begin there or before. */
static uint32_t
rule_of_name(const struct lower *lo, const struct plan_host *n)
{
	const struct plan_rule *rules = lo->p->rules;
	uint32_t name = (uint32_t)(n - lo->pnames);
	size_t low = 0, high = lo->p->rule_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (rules[middle].names <= name)
			low = middle;
		else
			high = middle;
	}
	return (uint32_t)low;
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
host_rules(struct lower *lo, struct plan_host *c, uint32_t rule, struct rule_list *l)
{
	const struct plan_host *lists[LISTS_MAX];
	uint32_t rules[LISTS_MAX] = { rule }; /* of the first of each list; UINT32_MAX: it is empty */
	size_t n = covering_lists(lo, c, lists), min;

	l->n = 0;
	for (size_t i = 1; i < n; i++)
		rules[i] = rule_of_name(lo, lists[i]);
	for (;;) {
		min = 0;
		for (size_t i = 1; i < n; i++)
			min = rules[i] < rules[min] ? i : min;
		rule = rules[min];
		if (rule == UINT32_MAX || ((l->n == 0 || l->v[l->n - 1] != rule) && !rules_add(lo, l, rule)))
			return;
		lists[min] = host_next(lo, lists[min]);
		rules[min] = lists[min] != NULL ? rule_of_name(lo, lists[min]) : UINT32_MAX;
		plan_count(lo, 1);
		if (lo->too_large || lo->rules[rule].takes_all)
			return;
	}
}
