/*
 * Checks of section G on the order of rules: those that no request reaches, since rules
 * before them take everything that they could, and those that stand there twice. Says
 * nothing of Lync's own rules, which have rows of their own.
 *
 * A rule is followed by name and path: for each group of hosts that the same rules name,
 * each condition (from whom and when) and each path the first rule is remembered. A request
 * that a rule before takes from everybody, or from the same clients at the same hours, is gone.
 */
#include "audit/audit.h"

#include <stdlib.h>

/* What is remembered of one listener, and asked of one export; beyond it nothing is claimed. */
#define KEPT_MOST ((size_t)1 << 22)
#define WORK_MOST (UINT64_C(1) << 25)
/* The bounds of this audit. */
#define KEPT(o) ((o)->v->a->shadow_kept != 0 ? (o)->v->a->shadow_kept : KEPT_MOST)
#define WORK(o) ((o)->v->a->shadow_work != 0 ? (o)->v->a->shadow_work : WORK_MOST)

/* Where the first rule is found that takes a path of a group of hosts. */
struct place {
	uint32_t group, condition, cls;
};

/* A rule that no request reaches. */
struct shadow {
	const struct view_rule *rule, *by;
	const struct view_rule *twin; /* that takes exactly the same; NULL: none does */
	struct shadow *next;
};

struct order {
	struct view *v;
	struct arena mem; /* while one listener is looked at */
	struct shadow **last;
	struct hmap first;                /* struct place -> the first rule of it */
	struct hmap twins;                /* all that a rule takes, as one text -> the first rule of it */
	struct hmap conditions;           /* as text -> its number from 1 */
	uint32_t *condition;              /* by the rule's place in the view */
	const struct view_rule *numbered; /* the last that has one */
	uint64_t work[2];                 /* of rules without a twin, and with one */
	bool twice;                       /* the rule that is looked at has one */
};

/* ---- conditions ------------------------------------------------------------------------ */

static bool
is_anywhere(const struct tmg_ref *ref)
{
	const struct predefined *p = predefined_find(ref->key);

	return !ref->excluded && p != NULL && p->what == PRE_ANYWHERE;
}

/* From whom and when, as a text that can be compared. */
static void
put_condition(struct strbuf *b, const struct tmg_rule *rule)
{
	const struct tmg_selection *from = rule->terms->sources;
	char guid[TMG_GUID_SIZE];
	bool anywhere = from == NULL, except = false;

	for (const struct tmg_ref *ref = from != NULL ? from->refs : NULL; ref != NULL; ref = ref->next) {
		anywhere = anywhere || is_anywhere(ref);
		except = except || ref->excluded;
	}
	if (!anywhere || except)
		for (const struct tmg_ref *ref = from != NULL ? from->refs : NULL; ref != NULL; ref = ref->next)
			sb_fmt(b, "%d %d %s\n", ref->excluded, ref->enterprise, ref->key);
	if (!rule->applies_always)
		sb_fmt(b, "at %s\n", rule->terms->schedule != NULL ? tmg_guid(&rule->terms->schedule->o, guid) : "?");
	if (from != NULL && from->refs == NULL)
		sb_puts(b, "nobody\n");
}

#define EVERYBODY 1u /* the number of the condition that holds for everybody at all hours */

/* Gives the rule's condition its number; false: it cannot be compared. */
static bool
number_condition(struct order *o, const struct view_rule *r)
{
	const struct view_rule *last = o->numbered;
	const char *text;
	struct strbuf b;
	void **slot;

	if (r->rule->terms->sources != NULL && r->rule->terms->sources->unknown)
		return false;
	o->numbered = r;
	if (last != NULL && last->rule->terms->sources == r->rule->terms->sources &&
	    last->rule->terms->schedule == r->rule->terms->schedule &&
	    last->rule->applies_always == r->rule->applies_always) {
		o->condition[r->index] = o->condition[last->index];
		return true;
	}
	sb_init(&b, o->v->a->budget);
	put_condition(&b, r->rule);
	slot = b.failed ? NULL : hmap_slot(&o->conditions, b.s, b.len, false);
	if (slot == NULL && !b.failed && (text = arena_strn(o->v->mem, b.s, b.len)) != NULL &&
	    (slot = hmap_slot(&o->conditions, text, b.len, true)) != NULL)
		*slot = (void *)(uintptr_t)o->conditions.count;
	sb_free(&b);
	o->v->failed = o->v->failed || slot == NULL;
	if (slot != NULL)
		o->condition[r->index] = (uint32_t)(uintptr_t)*slot;
	return slot != NULL;
}

static bool
takes_everything(const struct view_rule *r)
{
	return r->via->all_paths || (r->rule->deny && r->via->path_count == 0);
}

/* ---- what rules before take -------------------------------------------------------------- */

static void
keep(struct order *o, const struct place *where, const struct view_rule *r)
{
	struct place *key;
	void **slot;

	if (o->first.count >= KEPT(o) || hmap_slot(&o->first, (const char *)where, sizeof(*where), false) != NULL)
		return;
	key = arena_alloc(&o->mem, sizeof(*key));
	slot = NULL;
	if (key != NULL) {
		*key = *where;
		slot = hmap_slot(&o->first, (const char *)key, sizeof(*key), true);
	}
	if (slot == NULL)
		o->v->failed = true;
	else
		*slot = (void *)(uintptr_t)r;
}

/* One list of rules that this one is in. Of a name of its own nobody asks again. */
static void
keep_paths(struct order *o, const struct view_rule *r, struct view_host *h, bool shared)
{
	struct place where = { .condition = o->condition[r->index] };

	if (h == NULL || (h->count == 1 && !shared))
		return;
	if (!group_of(o->v, h)) {
		o->v->failed = true;
		return;
	}
	if (h->group->kept == r->index + 1)
		return;
	h->group->kept = r->index + 1;
	where.group = h->group->id;
	if (takes_everything(r))
		keep(o, &where, r);
	for (size_t i = 0; i < r->via->top_count && !takes_everything(r) && !o->v->failed; i++) {
		where.cls = r->via->tops[i]->cls;
		keep(o, &where, r);
	}
}

static void
keep_name(struct order *o, const struct view_rule *r, const struct view_name *n)
{
	if (!name_is_own(n) || name_wild(n))
		keep_paths(o, r, host_list(o->v, n), name_wild(n));
}

static void
remember(struct order *o, const struct view_rule *r)
{
	if (r->rule->web->all_public_names) {
		keep_paths(o, r, o->v->any, true);
		return;
	}
	for (size_t i = 0; i < r->name_count && !o->v->failed; i++)
		if (!name_bad(&r->names[i]))
			keep_name(o, r, &r->names[i]);
}

/* The first rule of a list that takes this class of paths from whom `r` would admit. */
static const struct view_rule *
list_taker(struct order *o, struct view_host *h, const struct view_rule *r, uint32_t cls)
{
	struct place where = { .cls = cls };
	const struct view_rule *best = NULL;
	uint32_t mine = o->condition[r->index];

	/* It is not remembered yet itself. */
	if (h == NULL || (h->count == 1 && h->first->rule == r) || o->work[o->twice] >= WORK(o))
		return NULL;
	if (!group_of(o->v, h)) {
		o->v->failed = true;
		return NULL;
	}
	where.group = h->group->id;
	for (;; where.cls = o->v->classes[where.cls].parent) {
		for (where.condition = EVERYBODY;; where.condition = mine) {
			void **slot = hmap_slot(&o->first, (const char *)&where, sizeof(where), false);
			const struct view_rule *x = slot != NULL ? *slot : NULL;

			o->work[o->twice]++;
			if (x != NULL && (best == NULL || x->index < best->index))
				best = x;
			if (where.condition == mine)
				break;
		}
		if (where.cls == 0)
			return best;
	}
}

/* NULL as name: the rule is for all of them. */
static const struct view_rule *
taker(struct order *o, const struct view_rule *r, const struct view_name *n, uint32_t cls)
{
	const struct view_rule *t = list_taker(o, o->v->any, r, cls);
	const char *dot;

	if (t != NULL || n == NULL)
		return t;
	if (!name_is_own(n) || name_wild(n))
		t = list_taker(o, host_list(o->v, n), r, cls);
	for (dot = strchr(name_host(n), '.'); dot != NULL && t == NULL; dot = strchr(dot + 1, '.'))
		t = list_taker(o, hmap_get(&o->v->suffixes, dot + 1), r, cls);
	return t;
}

/* ---- judging ------------------------------------------------------------------------------ */

/* Where a name is looked for: rules of the same places take the same of it. */
struct spot {
	const void *group, *above;
};

/* Was a name of these places looked at before? */
static bool
was_seen(struct order *o, struct hmap *seen, const struct view_name *n)
{
	struct view_host *own = name_is_own(n) ? NULL : host_list(o->v, n);
	struct spot *key, want;
	void **slot;

	if (o->v->failed || (!name_is_own(n) && (own == NULL || !group_of(o->v, own)))) {
		o->v->failed = true;
		return true;
	}
	memset(&want, 0, sizeof(want));
	want.group = own != NULL ? own->group : NULL; /* those of this rule alone are a group */
	want.above = host_above(o->v, name_host(n));
	if (hmap_slot(seen, (const char *)&want, sizeof(want), false) != NULL)
		return true;
	if ((key = arena_alloc(&o->mem, sizeof(*key))) != NULL)
		*key = want;
	slot = key == NULL ? NULL : hmap_slot(seen, (const char *)key, sizeof(*key), true);
	o->v->failed = slot == NULL;
	return false;
}

/* One of the rules that take every path of a name of r; NULL: something is left of it. Counts
 * the paths. */
static const struct view_rule *
name_shadow(struct order *o, const struct view_rule *r, const struct view_name *n, size_t *good)
{
	const struct view_rule *by, *first = NULL;

	if (takes_everything(r)) {
		++*good;
		return taker(o, r, n, 0);
	}
	for (size_t k = 0; k < r->via->path_count; k++) {
		if (r->via->paths[k].bad)
			continue;
		++*good;
		if ((by = taker(o, r, n, r->via->paths[k].cls)) == NULL)
			return NULL;
		first = first == NULL ? by : first;
	}
	return first;
}

/* One of the rules that take everything of r away; NULL: something is left for it. */
static const struct view_rule *
shadow_of(struct order *o, const struct view_rule *r)
{
	const struct view_rule *by = NULL, *first = NULL;
	size_t good = 0;
	struct hmap seen;

	if (r->rule->web->all_public_names)
		return name_shadow(o, r, NULL, &good);
	hmap_init(&seen, o->v->a->budget);
	for (size_t i = 0; i < r->name_count && !o->v->failed; i++) {
		size_t before = good;

		if (name_bad(&r->names[i]) || (i > 0 && was_seen(o, &seen, &r->names[i])))
			continue;
		by = name_shadow(o, r, &r->names[i], &good);
		if (by == NULL && good > before) {
			first = NULL;
			break;
		}
		first = first == NULL ? by : first;
	}
	hmap_free(&seen);
	return first;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void
put_sorted(struct strbuf *b, const char **list, size_t n)
{
	qsort(list, n, sizeof(*list), compare);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(list[i], list[i - 1]) != 0)
			sb_fmt(b, "%s\n", list[i]);
	sb_putc(b, '\n');
}

/* All that a rule takes as one text, whatever the order of its names and paths. */
static const char *
everything(struct order *o, const struct view_rule *r)
{
	size_t n = r->name_count > r->via->path_count ? r->name_count : r->via->path_count, names = 0, paths = 0;
	const char **list = arena_array(&o->mem, n + 1, sizeof(*list)), *s = NULL;
	struct strbuf b;

	if (list == NULL)
		return NULL;
	sb_init(&b, o->v->a->budget);
	sb_fmt(&b, "%u\n", o->condition[r->index]);
	for (size_t i = 0; i < r->name_count && !r->rule->web->all_public_names; i++)
		if (!name_bad(&r->names[i]))
			list[names++] = name_wild(&r->names[i]) ? arena_fmt(&o->mem, "*.%s", name_host(&r->names[i]))
								: name_host(&r->names[i]);
	if (!o->mem.failed)
		put_sorted(&b, list, names);
	for (size_t i = 0; i < r->via->path_count && !takes_everything(r); i++)
		if (!r->via->paths[i].bad)
			list[paths++] = r->via->paths[i].prefix ? arena_fmt(&o->mem, "%s/*", r->via->paths[i].path)
								: r->via->paths[i].path;
	if (!o->mem.failed) {
		put_sorted(&b, list, paths);
		s = b.failed ? NULL : arena_str(&o->mem, b.s);
	}
	sb_free(&b);
	return s;
}

/* Has it a name that is in no other rule? */
static bool
has_own_name(const struct view_rule *r)
{
	for (size_t i = 0; i < r->name_count && !r->rule->web->all_public_names; i++)
		if (name_is_own(&r->names[i]))
			return true;
	return false;
}

/* The rule before that takes exactly the same; remembers r if there is none. */
static const struct view_rule *
twin_of(struct order *o, const struct view_rule *r)
{
	const char *key;
	void **slot;

	if (has_own_name(r))
		return NULL;
	key = everything(o, r);
	slot = key == NULL ? NULL : hmap_slot(&o->twins, key, strlen(key), true);
	if (slot == NULL) {
		o->v->failed = true;
		return NULL;
	}
	if (*slot != NULL)
		return *slot;
	*slot = (void *)(uintptr_t)r;
	return NULL;
}

static bool
leads_alike(const struct view_rule *a, const struct view_rule *b)
{
	return a->rule->deny == b->rule->deny && str_eq(a->rule->web->redirect_url, b->rule->web->redirect_url) &&
	    (a->rule->deny ||
		(str_caseeq(a->rule->web->server, b->rule->web->server) && a->via->tls_to_port == b->via->tls_to_port &&
		    a->via->plain_to_port == b->via->plain_to_port && a->via->tls_to_tls == b->via->tls_to_tls &&
		    a->via->plain_to_tls == b->via->plain_to_tls));
}

/* A twin takes all of a rule that takes something: then nothing else is to be looked up. */
static void
judge(struct order *o, const struct view_rule *r)
{
	const struct view_rule *twin = twin_of(o, r), *by;
	struct shadow *s;

	o->twice = twin != NULL;
	if (r->role == ROLE_LYNC || r->rule->is_default || o->v->failed || (by = shadow_of(o, r)) == NULL)
		return;
	if ((s = arena_alloc(o->v->mem, sizeof(*s))) == NULL) {
		o->v->failed = true;
		return;
	}
	s->rule = r;
	s->by = by;
	s->twin = twin;
	*o->last = s;
	o->last = &s->next;
}

static void
judge_listener(struct order *o, const struct view_listener *l)
{
	struct budget *budget = o->v->a->budget;

	arena_init(&o->mem, budget);
	hmap_init(&o->first, budget);
	hmap_init(&o->twins, budget);
	for (size_t i = 0; i < l->rule_count && !o->v->failed; i++) {
		const struct view_rule *r = l->rules[i];

		if (!r->bound || !r->rule->enabled || !number_condition(o, r))
			continue;
		judge(o, r);
		if (!o->v->failed)
			remember(o, r);
	}
	hmap_free(&o->first);
	hmap_free(&o->twins);
	o->v->failed = o->v->failed || o->mem.failed;
	arena_free(&o->mem);
}

static void
judge_all(struct view *v)
{
	struct order o = { .v = v, .last = &v->shadows };
	struct arena brief;
	void **slot;

	if (v->rule_count == 0)
		return;
	arena_init(&brief, v->a->budget);
	hmap_init(&o.conditions, v->a->budget);
	o.condition = arena_array(&brief, v->rule_count, sizeof(*o.condition));
	slot = hmap_slot(&o.conditions, "", 0, true);
	if (slot == NULL || o.condition == NULL || !classes_make(v)) {
		v->failed = true;
	} else {
		*slot = (void *)(uintptr_t)EVERYBODY;
		for (size_t i = 0; i < v->listener_count && !v->failed; i++)
			judge_listener(&o, &v->listeners[i]);
	}
	hmap_free(&o.conditions);
	arena_free(&brief);
}

/* For both checks at once, whichever comes first. */
static const struct shadow *
shadows(struct view *v)
{
	if (!v->shadows_known)
		judge_all(v);
	v->shadows_known = true;
	return v->failed ? NULL : v->shadows;
}

void
check_RULE_SHADOWED(struct view *v)
{
	for (const struct shadow *s = shadows(v); s != NULL; s = s->next)
		if (s->twin == NULL)
			found(v, CHECK_RULE_SHADOWED, &(struct about){ .rule = s->rule }, "\"%s\" takes them%s",
			    s->by->rule->o.name,
			    s->rule->name_count + s->rule->via->path_count > 2 ? ", or others beside it" : "");
}

void
check_RULE_TWICE(struct view *v)
{
	for (const struct shadow *s = shadows(v); s != NULL; s = s->next)
		if (s->twin != NULL) {
			bool alike = leads_alike(s->twin, s->rule);
			struct about about = { .rule = s->rule, .cls = alike ? 'L' : 0 };

			found(v, CHECK_RULE_TWICE, &about, "\"%s\" takes the same requests first%s",
			    s->twin->rule->o.name, alike ? " and answers them alike" : ", and answers them otherwise");
		}
}
