/*
 * The plan as a whole: its life, its notes, the order in which it is made.
 * Each step stands in a file of its own.
 */
#include "plan/lower.h"

#include <stdarg.h>

#include "base/text.h"

static bool
allowed(const struct plan *p, enum diag_id id, const char *detail)
{
	for (size_t i = 0; i < p->opt.o->allow_count; i++) {
		if (tmg_accepts(p->opt.o->allow[i], diag_row(id)->id, detail))
			return true;
	}
	return false;
}

static struct plan_note *note_make(struct plan *p, enum diag_id id, const struct tmg_obj *obj, uint32_t line,
    const char *fmt, va_list ap) PRINTF_LIKE(5, 0);

static struct plan_note *
note_make(struct plan *p, enum diag_id id, const struct tmg_obj *obj, uint32_t line, const char *fmt, va_list ap)
{
	struct plan_note *n = arena_alloc(&p->mem, sizeof(*n));
	struct strbuf raw, safe;

	if (n == NULL)
		return NULL;
	sb_init(&raw, p->budget);
	sb_init(&safe, p->budget);
	if (fmt != NULL)
		sb_vfmt(&raw, fmt, ap);
	text_safe(&safe, raw.s, 200);
	n->id = id;
	n->obj = obj;
	n->line = line != 0 ? line : obj != NULL ? obj->line : 0;
	if (safe.len != 0)
		n->detail = arena_strn(&p->mem, safe.s, safe.len);
	n->allowed = allowed(p, id, n->detail);
	n->severity = n->allowed ? TMG_NOTE : diag_row(id)->severity;
	sb_free(&raw);
	sb_free(&safe);
	return n;
}

/* Plans of one input for several targets say mostly the same: once is enough. */
static bool
said_before(struct plan *p, struct tmg *t, const struct plan_note *n)
{
	char *key;
	void **slot;
	bool before;

	if (p->opt.said == NULL)
		return false;
	key = arena_fmt(&t->mem, "%d|%llu|%u|%s", (int)n->id, (unsigned long long)(uintptr_t)n->obj, n->line,
	    n->detail != NULL ? n->detail : "");
	slot = key != NULL ? hmap_slot(p->opt.said, key, strlen(key), true) : NULL;
	if (slot == NULL)
		return false;
	before = *slot != NULL;
	*slot = key;
	return before;
}

static void
note_publish(struct plan *p, struct tmg *t, struct plan_note *n)
{
	*p->last_loss = n;
	p->last_loss = &n->next;
	if (said_before(p, t, n))
		return;
	if (n->obj != NULL)
		diag_obj(&t->diags, n->id, n->obj, n->line, n->detail != NULL ? "%s" : NULL, n->detail);
	else
		diag_file(&t->diags, n->id, p->in->file, n->line, n->detail != NULL ? "%s" : NULL, n->detail);
	if (n->allowed)
		diag_allowed(&t->diags);
}

void
plan_note(
    struct plan *p, struct tmg *t, enum diag_id id, const struct tmg_obj *obj, uint32_t line, const char *fmt, ...)
{
	struct plan_note *n;
	va_list ap;

	va_start(ap, fmt);
	n = note_make(p, id, obj, line, fmt, ap);
	va_end(ap);
	if (n != NULL)
		note_publish(p, t, n);
}

/* The rule's place in the sorted list, or that of the first behind it. */
static size_t
aside_place(const struct plan *p, uint32_t rule)
{
	size_t low = 0, high = p->aside_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->asides[middle].rule < rule)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct plan_note *
plan_reasons_of(const struct plan *p, const struct plan_rule *r)
{
	return r->has_reasons ? p->asides[aside_place(p, (uint32_t)(r - p->rules))].reasons : NULL;
}

const struct plan_links *
plan_links_of(const struct plan *p, const struct plan_rule *r)
{
	return r->has_links ? p->asides[aside_place(p, (uint32_t)(r - p->rules))].links : NULL;
}

struct plan_aside *
rule_aside(struct lower *lo, const struct plan_rule *pr)
{
	struct plan *p = lo->p;
	uint32_t rule = (uint32_t)(pr - p->rules);
	size_t cap = p->aside_cap != 0 ? p->aside_cap * 2 : 16;
	struct plan_aside *last, *grown;

	if (p->aside_count > 0 && p->asides[p->aside_count - 1].rule == rule)
		return &p->asides[p->aside_count - 1];
	if (p->aside_count == p->aside_cap) {
		grown = budget_realloc(p->budget, p->asides, p->aside_cap * sizeof(*grown), cap * sizeof(*grown));
		lo->failed |= grown == NULL;
		if (grown == NULL)
			return NULL;
		p->asides = grown;
		p->aside_cap = cap;
	}
	last = &p->asides[p->aside_count++];
	*last = (struct plan_aside){ .rule = rule };
	return last;
}

void
reason_vadd(struct lower *lo, struct plan_rule *pr, enum diag_id id, uint32_t line, const char *fmt, va_list ap)
{
	struct plan_aside *aside = rule_aside(lo, pr);
	struct plan_note *n, *twin, **at;

	if (aside == NULL)
		return;
	n = note_make(lo->p, id, &pr->r->o, line, fmt, ap);
	twin = n != NULL ? arena_alloc(&lo->p->mem, sizeof(*twin)) : NULL;
	if (twin == NULL) {
		lo->failed = true;
		return;
	}
	*twin = *n;
	for (at = &aside->reasons; *at != NULL; at = &(*at)->next)
		;
	*at = n;
	pr->has_reasons = true;
	note_publish(lo->p, lo->t, twin);
}

void
reason_add(struct lower *lo, struct plan_rule *pr, enum diag_id id, uint32_t line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	reason_vadd(lo, pr, id, line, fmt, ap);
	va_end(ap);
}

bool
target_can(struct lower *lo, enum plan_can what)
{
	bool can = (lo->p->opt.can & what) != 0;

	lo->p->asked |= what;
	lo->p->of_target = lo->p->of_target || !can;
	return can;
}

const char *
lower_str(struct lower *lo, const char *s)
{
	const char *c = arena_str(lo->mem, s);

	if (c == NULL)
		lo->failed = true;
	return c != NULL ? c : "";
}

const char *
lower_name(struct lower *lo, const char *s)
{
	void **slot = hmap_slot(&lo->names, s, strlen(s), false);
	const char *c;

	if (slot != NULL)
		return *slot;
	c = lower_str(lo, s);
	slot = !lo->failed ? hmap_slot(&lo->names, c, strlen(c), true) : NULL;
	if (slot != NULL)
		*slot = (void *)(uintptr_t)c;
	lo->failed |= slot == NULL;
	return c;
}

struct listener_rules *
listener_rules(struct lower *lo, const struct tmg_listener *l)
{
	const struct tmg_listener **key;
	struct listener_rules *lr;
	void **slot = hmap_slot(&lo->listeners, (const char *)&l, sizeof(l), false);

	if (slot != NULL)
		return *slot;
	key = arena_alloc(&lo->tmp, sizeof(*key));
	lr = arena_alloc(&lo->tmp, sizeof(*lr));
	if (key == NULL || lr == NULL) {
		lo->failed = true;
		return NULL;
	}
	*key = l;
	slot = hmap_slot(&lo->listeners, (const char *)key, sizeof(l), true);
	if (slot == NULL) {
		lo->failed = true;
		return NULL;
	}
	return *slot = lr;
}

static int
text_cmp(const void *a, const void *b)
{
	return strcmp((*(const struct tmg_text *const *)a)->s, (*(const struct tmg_text *const *)b)->s);
}

/* Sorts a list of texts and drops duplicates. */
static struct tmg_text *
text_sort(struct lower *lo, struct tmg_text *list)
{
	size_t n = 0, i = 0;
	struct tmg_text **v, *head = NULL, **tail = &head;

	for (struct tmg_text *x = list; x != NULL; x = x->next)
		n++;
	if (n == 0 || (v = arena_array(&lo->tmp, n, sizeof(v[0]))) == NULL)
		return list;
	for (struct tmg_text *x = list; x != NULL; x = x->next)
		v[i++] = x;
	sort(v, n, sizeof(v[0]), text_cmp);
	for (i = 0; i < n; i++) {
		if (i > 0 && strcmp(v[i]->s, v[i - 1]->s) == 0)
			continue;
		*tail = v[i];
		tail = &v[i]->next;
	}
	*tail = NULL;
	return head;
}

static void
text_push(struct lower *lo, struct tmg_text **list, const char *s)
{
	struct tmg_text *x = arena_alloc(lo->mem, sizeof(*x));

	if (x == NULL) {
		lo->failed = true;
		return;
	}
	x->s = s;
	x->next = *list;
	*list = x;
}

/* As plan_name_text says it. */
static int
said_cmp(const struct plan_host *a, const struct plan_host *b)
{
	int n;

	if (a->kind == b->kind)
		return strcmp(a->name, b->name);
	if (a->kind != HOST_SUFFIX)
		return -said_cmp(b, a);
	n = strncmp("*.", b->name, 2);
	return n != 0 ? n : strcmp(a->name, b->name + 2);
}

/* Does the rule answer with anything but a refusal? Then a certificate must cover its names. */
static bool
wants_names(const struct lower *lo, const struct prule *r)
{
	const struct manner *m = manner_of(lo, r);

	return r->takes_part && rule_made(lo, r)->state == PLAN_LIVE && (m->forwards || m->location != NULL);
}

/* Ties those names of a listener into a list, in their order; the number of the first, or 0. */
static uint32_t
wanted_names(struct lower *lo, const struct listener_rules *lr, bool *any)
{
	struct plan_host none = { .after = 0 }, *last = &none;

	for (uint32_t i = lr->first; i != 0; i = lo->rules[i - 1].next_of_listener) {
		const struct prule *r = &lo->rules[i - 1];

		for (uint32_t k = rule_names(lo, r); k < rule_names_end(lo, r) && wants_names(lo, r); k++) {
			struct plan_host *x = &lo->pnames[k];

			if (x->kind == HOST_ANY) {
				*any = true;
				continue;
			}
			last->after = (k + 1) & PLAN_NAME_BITS;
			last = x;
		}
	}
	last->after = 0;
	return none.after;
}

/* Takes out of a sorted list what is the same as the one before. */
static void
names_once(struct lower *lo, uint32_t first)
{
	struct plan_host *last = first != 0 ? &lo->pnames[first - 1] : NULL, *x;

	while (last != NULL && last->after != 0) {
		x = &lo->pnames[last->after - 1];
		if (said_cmp(last, x) == 0)
			last->after = x->after;
		else
			last = x;
	}
}

/* Names that each listener's certificate must cover. */
static void
certificate_names(struct lower *lo)
{
	for (struct plan_listener *l = lo->p->listeners; l != NULL; l = l->next) {
		struct listener_rules *lr = listener_rules(lo, l->l);

		if (lr == NULL || l->certificate == NULL)
			continue;
		l->all_names = lo->pnames;
		l->first_name = names_sort(lo, wanted_names(lo, lr, &l->any_name), said_cmp);
		names_once(lo, l->first_name);
	}
}

const char *
plan_name_text(const struct plan_host *h, struct strbuf *b)
{
	if (h->kind != HOST_SUFFIX)
		return h->name;
	sb_clear(b);
	sb_fmt(b, "*.%s", h->name);
	return b->s;
}

static void
names_to_resolve(struct lower *lo)
{
	for (const struct plan_pool *pool = lo->p->pools; pool != NULL; pool = pool->next) {
		if (pool->host != NULL && !pool->host_is_address)
			text_push(lo, &lo->p->resolve, pool->host);
		for (const struct plan_member *m = pool->members; m != NULL; m = m->next) {
			if (!m->host_is_address)
				text_push(lo, &lo->p->resolve, m->host);
		}
	}
	lo->p->resolve = text_sort(lo, lo->p->resolve);
}

/* ---- lists ------------------------------------------------------------------- */

void *
list_add(struct lower *lo, struct plan_list *l, size_t size, uint32_t n)
{
	size_t room = l->room != 0 ? l->room : 16;
	char *added;
	void *grown;

	while (room - l->count < n)
		room *= 2;
	if (room != l->room) {
		grown = budget_realloc(&lo->t->budget, l->v, l->room * size, room * size);
		lo->failed |= grown == NULL;
		if (grown == NULL)
			return NULL;
		l->v = grown;
		l->room = (uint32_t)room;
	}
	added = (char *)l->v + l->count * size;
	memset(added, 0, n * size);
	l->count += n;
	return added;
}

/* Gives back what was room for more. */
static void
list_fit(struct lower *lo, struct plan_list *l, size_t size)
{
	void *v = l->room != 0 ? budget_realloc(&lo->t->budget, l->v, l->room * size, l->count * size) : NULL;

	if (v != NULL) {
		l->v = v;
		l->room = l->count;
	}
	lo->failed |= v == NULL && l->room != 0;
}

static void
list_free(struct plan *p, struct plan_list *l, size_t size)
{
	budget_free(p->budget, l->v, l->room * size);
}

static void
lists_fit(struct lower *lo)
{
	list_fit(lo, &lo->p->routes, sizeof(struct kept_route));
	list_fit(lo, &lo->p->sites, sizeof(struct kept_site));
	list_fit(lo, &lo->p->slots, sizeof(uint32_t));
}

static void
note_unreached(struct lower *lo)
{
	struct plan *p = lo->p;

	for (size_t i = 0; i < p->rule_count; i++) {
		struct plan_rule *pr = &p->rules[i];
		if (pr->state == PLAN_LIVE && pr->routes == 0 && lo->rules[i].takes_part)
			plan_note(p, lo->t, D_NEVER_REACHED, &pr->r->o, 0, NULL);
	}
}

static size_t
count_rules(const struct tmg_input *in)
{
	size_t n = 0;

	for (const struct tmg_array *a = in->arrays; a != NULL; a = a->next)
		n += a->rule_count;
	return n;
}

/* How many public names the rules may have. */
static size_t
count_names(const struct tmg_input *in)
{
	size_t n = 0;

	for (const struct tmg_array *a = in->arrays; a != NULL; a = a->next) {
		for (const struct tmg_rule *r = a->rules; r != NULL; r = tmg_next_rule(r)) {
			if (!rule_is_web(r) || !r->enabled)
				continue;
			n += r->web->all_public_names;
			for (struct tmg_public_name x = { 0 }; tmg_next_name(r, &x);)
				n++;
		}
	}
	return n;
}

static void
lower_begin(struct lower *lo)
{
	arena_init(&lo->tmp, &lo->t->budget);
	hmap_init(&lo->listeners, &lo->t->budget);
	sb_init(&lo->key, &lo->t->budget);
	hmap_init(&lo->hosts.suffixes, &lo->t->budget);
	hmap_init(&lo->paths, &lo->t->budget);
	hmap_init(&lo->patterns, &lo->t->budget);
	hmap_init(&lo->recipes, &lo->t->budget);
	hmap_init(&lo->hosts_seen, &lo->t->budget);
	hmap_init(&lo->names, &lo->t->budget);
	hmap_init(&lo->manners, &lo->t->budget);
	hmap_init(&lo->routes, &lo->t->budget);
	hmap_init(&lo->deeds, &lo->t->budget);
	hmap_init(&lo->pools, &lo->t->budget);
	hmap_init(&lo->shapes, &lo->t->budget);
	hmap_init(&lo->tables, &lo->t->budget);
	hmap_init(&lo->sources, &lo->t->budget);
	hmap_init(&lo->filters, &lo->t->budget);
	lo->last_filter = &lo->p->filters;
	lo->last_sources = &lo->p->sources;
	lo->last_schedule = &lo->p->schedules;
	lo->last_pool = &lo->p->pools;
	lo->last_shape = &lo->p->shapes;
	lo->last_endpoint = &lo->p->endpoints;
}

static void
lower_end(struct lower *lo)
{
	hmap_free(&lo->listeners);
	sb_free(&lo->key);
	hosts_free(lo);
	hmap_free(&lo->paths);
	hmap_free(&lo->patterns);
	hmap_free(&lo->recipes);
	hmap_free(&lo->hosts_seen);
	hmap_free(&lo->names);
	hmap_free(&lo->manners);
	budget_free(&lo->t->budget, lo->manners_made, lo->manner_cap * sizeof(*lo->manners_made));
	hmap_free(&lo->routes);
	hmap_free(&lo->deeds);
	hmap_free(&lo->pools);
	hmap_free(&lo->shapes);
	hmap_free(&lo->tables);
	hmap_free(&lo->sources);
	hmap_free(&lo->filters);
	arena_free(&lo->tmp);
}

enum tmg_status
plan_make(struct tmg *t, const struct tmg_input *in, const struct plan_options *opt, struct plan *p)
{
	struct lower lo = { .p = p, .t = t, .mem = &p->mem };
	size_t i = 0, names;

	memset(p, 0, sizeof(*p));
	arena_init(&p->mem, &t->budget);
	p->budget = &t->budget;
	p->in = in;
	p->opt = *opt;
	p->last_loss = &p->losses;
	lower_begin(&lo);
	p->rule_count = count_rules(in);
	p->rules = arena_array(&p->mem, p->rule_count + 1, sizeof(p->rules[0]));
	lo.rules = arena_array(&lo.tmp, p->rule_count + 1, sizeof(lo.rules[0]));
	names = count_names(in);
	if (names >= PLAN_NAME_BITS) {
		plan_count(&lo, names);
		names = 0;
	}
	lo.pnames = arena_array(&p->mem, names + 1, sizeof(lo.pnames[0]));
	if (p->rules == NULL || lo.rules == NULL || lo.pnames == NULL)
		lo.failed = true;
	for (const struct tmg_array *a = in->arrays; a != NULL && !lo.failed; a = a->next) {
		for (const struct tmg_rule *r = a->rules; r != NULL; r = tmg_next_rule(r), i++)
			p->rules[i].r = r;
	}
	if (!lo.failed)
		plan_rules(&lo);
	if (!lo.failed)
		plan_listeners(&lo);
	for (struct plan_endpoint *e = p->endpoints; e != NULL && !lo.failed && !lo.too_large; e = e->next)
		plan_tables(&lo, e);
	hosts_free(&lo);
	if (!lo.failed && !lo.too_large) {
		lists_fit(&lo);
		plan_routes(&lo);
		plan_streams(&lo);
		certificate_names(&lo);
		names_to_resolve(&lo);
		note_unreached(&lo);
		plan_losses(&lo);
		if (p->endpoints == NULL)
			plan_note(p, t, D_NOTHING_PUBLISHED, NULL, 0, NULL);
	}
	if (lo.too_large)
		plan_note(p, t, D_TOO_LARGE, NULL, 0, "%llu entries", (unsigned long long)lo.entries);
	lo.failed |= p->mem.failed || lo.tmp.failed;
	p->made_losses = p->last_loss;
	lower_end(&lo);
	return lo.failed ? TMG_ENOMEM : lo.too_large ? TMG_EINPUT : TMG_OK;
}

bool
plan_reuse(struct plan *p, const struct plan_options *opt)
{
	if (p->of_target || (p->asked & ~opt->can) != 0)
		return false;
	p->opt = *opt;
	*p->made_losses = NULL;
	p->last_loss = p->made_losses;
	for (size_t i = 0; i < p->rule_count; i++)
		p->rules[i].via_http = p->rules[i].via_stream = false;
	return true;
}

void
plan_free(struct plan *p)
{
	for (struct plan_sources *s = p->sources; s != NULL; s = s->next)
		addrset_free(&s->set);
	budget_free(p->budget, p->asides, p->aside_cap * sizeof(*p->asides));
	list_free(p, &p->routes, sizeof(struct kept_route));
	list_free(p, &p->sites, sizeof(struct kept_site));
	list_free(p, &p->slots, sizeof(uint32_t));
	list_free(p, &p->deeds, sizeof(const struct plan_deed *));
	list_free(p, &p->shape_list, sizeof(const struct plan_shape *));
	arena_free(&p->mem);
}
