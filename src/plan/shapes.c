/*
 * Shapes: what the rules that cover a host make of paths. For each path class
 * the choices are the covering rules in order, cut after the first that holds
 * for every client at every hour; a class that answers as the one around it is
 * left out. Rules that publish the same paths to the same clients at the same
 * hours make the same shape, which is worked out once. Knows nothing of hosts,
 * and of routes only how many a rule has.
 */
#include "plan/lower.h"

#include "base/text.h"

/* A rule with a path class, by its place in the list of rules. */
struct path_item {
	uint32_t place, path; /* `path`: in the rule's list */
	uint32_t slot;        /* what the rule does with it; numbered anew in the end */
	struct path_item *next;
};

/* A path class while a shape is being made. */
struct pclass {
	const char *path;
	bool prefix;
	struct path_item item; /* the first rule with this very pattern; the others follow in order */
	struct path_item *last;
	uint32_t always;       /* the lowest place of one that always holds, or UINT32_MAX */
	struct pclass *same;   /* the class that this one repeats, or NULL */
	struct pclass *parent; /* the nearest class that holds all of it, or NULL */
	struct slot_use *covering;
	size_t n; /* of `covering` */
	struct plan_choice *choices;
};

/* The classes of a shape: as rules bring them along, and sorted without those that repeat. */
struct shaper {
	struct lower *lo;
	const struct plan_endpoint *e;
	const uint32_t *rules;
	uint32_t rule_count;
	struct arena tmp;
	struct pclass *v, **sorted;
	size_t n, count;
	uint32_t slots;        /* as rules bring them along */
	uint32_t *new_slot;    /* of each of these, + 1; 0: it has none yet */
	struct slot_use *uses; /* in the order of their first use */
	bool *made;
	uint32_t use_count;
	uint64_t classes, coverings; /* what the shape adds to the count of a plan's parts */
};

static const struct manner *
manner_at(const struct shaper *s, uint32_t place)
{
	return manner_of(s->lo, &s->lo->rules[s->rules[place]]);
}

/* ---- classes ------------------------------------------------------------------ */

/* By path_order; of the same path the prefix first: what holds a class stands before it. */
static int
class_cmp(const void *pa, const void *pb)
{
	const struct pclass *a = *(const struct pclass *const *)pa, *b = *(const struct pclass *const *)pb;
	int n = path_order(a->path, b->path);

	if (n == 0)
		n = b->prefix - a->prefix;
	return n != 0 ? n : (a > b) - (a < b); /* they lie in one array, in the order of rules */
}

/* Is a path the prefix itself, or below it? */
static bool
prefix_holds(const struct pclass *c, const char *path)
{
	size_t n = strlen(c->path);

	return c->prefix && strncmp(path, c->path, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The rules that cover the class, each with its most specific path, in order; none behind the
 * first that always holds. What covers the class around it, and its own. */
static void
class_cover(struct shaper *s, struct pclass *c)
{
	const struct pclass *up = c->parent;
	const struct path_item *own = &c->item;
	size_t i = 0, above = up != NULL ? up->n : 0, most = above;

	for (const struct path_item *x = own; x != NULL && x->place <= c->always; x = x->next)
		most++;
	if (c->always < most)
		most = c->always + 1u; /* no place stands there twice */
	if ((c->covering = arena_array(&s->tmp, most + 1, sizeof(*c->covering))) == NULL)
		return;
	while (!s->lo->too_large) {
		uint32_t mine = own != NULL ? own->place : UINT32_MAX;
		uint32_t theirs = i < above ? up->covering[i].place : UINT32_MAX;
		uint32_t place = mine <= theirs ? mine : theirs;

		if (place == UINT32_MAX || place > c->always)
			break;
		c->covering[c->n++] =
		    own != NULL && mine == place ? (struct slot_use){ place, own->path, own->slot } : up->covering[i];
		while (i < above && up->covering[i].place == place)
			i++;
		while (own != NULL && own->place == place)
			own = own->next;
		s->coverings++;
		plan_count(s->lo, 1);
	}
}

/* Ties each class to the nearest that holds it, and finds the rules that cover it. */
static void
classes_cover(struct shaper *s)
{
	struct pclass *up = NULL;

	for (size_t i = 0; i < s->count && !s->tmp.failed && !s->lo->too_large; i++) {
		struct pclass *c = s->sorted[i];

		while (up != NULL && !prefix_holds(up, c->path))
			up = up->parent;
		c->parent = up;
		if (up != NULL && up->always < c->always)
			c->always = up->always;
		class_cover(s, c);
		up = c;
	}
}

/* Sorts the classes and makes one of those that are the same. */
static void
classes_merge(struct shaper *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->sorted[i] = &s->v[i];
	qsort(s->sorted, s->n, sizeof(*s->sorted), class_cmp);
	for (size_t i = 0; i < s->n; i++) {
		struct pclass *c = s->sorted[i], *first = s->count > 0 ? s->sorted[s->count - 1] : NULL;

		if (first == NULL || first->prefix != c->prefix || strcmp(first->path, c->path) != 0) {
			s->sorted[s->count++] = c;
			continue;
		}
		c->same = first;
		first->last->next = &c->item;
		first->last = &c->item;
		if (c->always < first->always)
			first->always = c->always;
	}
	s->classes = s->count;
	plan_count(s->lo, s->count);
}

static void
classes_of_rule(struct shaper *s, uint32_t place)
{
	const struct manner *m = manner_at(s, place);
	bool forwards = rule_action(s->e, m) == PLAN_FORWARD;
	uint32_t rest = UINT32_MAX; /* paths that are sent unchanged have one slot */

	for (uint32_t i = 0; i < m->paths->count; i++) {
		const struct ppath *p = &m->paths->v[i];
		struct pclass *c = &s->v[s->n++];

		c->path = p->path;
		c->prefix = p->prefix;
		c->item = (struct path_item){ .place = place, .path = i, .slot = rest };
		if (rest == UINT32_MAX || (p->map != NULL && forwards))
			c->item.slot = s->slots++;
		if (p->map == NULL || !forwards)
			rest = c->item.slot;
		c->last = &c->item;
		c->always = always_holds(m) ? place : UINT32_MAX;
	}
}

static bool
classes_make(struct shaper *s)
{
	size_t most = 1;

	for (uint32_t i = 0; i < s->rule_count; i++)
		most += manner_at(s, i)->paths->count;
	s->v = arena_array(&s->tmp, most, sizeof(*s->v));
	s->sorted = arena_array(&s->tmp, most, sizeof(*s->sorted));
	s->new_slot = arena_array(&s->tmp, most, sizeof(*s->new_slot));
	s->made = arena_array(&s->tmp, most, sizeof(*s->made));
	s->uses = arena_array(&s->tmp, most, sizeof(*s->uses));
	if (s->tmp.failed)
		return false;
	for (uint32_t i = 0; i < s->rule_count; i++)
		classes_of_rule(s, i);
	classes_merge(s);
	return true;
}

/* ---- choices ------------------------------------------------------------------ */

static void
class_choices(struct shaper *s, struct pclass *c)
{
	struct lower *lo = s->lo;
	struct plan_choice *choice, **tail = &c->choices;

	for (size_t i = 0; i < c->n; i++) {
		const struct slot_use *m = &c->covering[i];
		const struct manner *by = manner_at(s, m->place);

		if ((choice = arena_alloc(lo->mem, sizeof(*choice))) == NULL)
			return;
		choice->sources = by->sources;
		choice->schedule = by->schedule;
		choice->slot = m->slot;
		if (!s->made[m->slot])
			s->uses[s->use_count++] = *m;
		s->made[m->slot] = true;
		*tail = choice;
		tail = &choice->next;
	}
}

static bool
same_choices(const struct plan_choice *a, const struct plan_choice *b)
{
	for (; a != NULL && b != NULL; a = a->next, b = b->next) {
		if (a->slot != b->slot || a->sources != b->sources || a->schedule != b->schedule)
			return false;
	}
	return a == b;
}

/* What stands around the class gives the same answers. */
static bool
class_is_redundant(const struct pclass *c)
{
	return c->parent != NULL ? same_choices(c->parent->choices, c->choices) : c->choices == NULL;
}

/* ---- shapes ------------------------------------------------------------------- */

static int
path_cmp(const void *pa, const void *pb)
{
	const struct plan_path *a = *(const struct plan_path *const *)pa, *b = *(const struct plan_path *const *)pb;
	size_t la = strlen(a->path), lb = strlen(b->path);

	if (a->prefix != b->prefix)
		return a->prefix ? 1 : -1;
	if (a->prefix && la != lb)
		return la > lb ? -1 : 1;
	return strcmp(a->path, b->path);
}

/* Slots by their first use in the paths, so that equal paths have equal slots. */
static void
slots_number(struct shaper *s, struct plan_shape *shape)
{
	for (const struct plan_path *p = shape->paths; p != NULL; p = p->next) {
		for (struct plan_choice *c = p->choices; c != NULL; c = c->next) {
			if (s->new_slot[c->slot] == 0)
				s->new_slot[c->slot] = ++shape->slots;
			c->slot = s->new_slot[c->slot] - 1;
		}
	}
	/* What a redundant class leads to, the class around it does, too: each has its slot. */
	for (uint32_t i = 0; i < s->use_count; i++)
		s->uses[i].slot = s->new_slot[s->uses[i].slot] - 1;
}

static struct plan_shape *
shape_make(struct shaper *s)
{
	struct lower *lo = s->lo;
	struct plan_shape *shape = arena_alloc(lo->mem, sizeof(*shape));
	struct plan_path *p, **v = arena_array(&s->tmp, s->count + 1, sizeof(*v)), **tail;
	size_t n = 0;

	if (shape == NULL || v == NULL)
		return NULL;
	for (const struct pclass *c = s->v; c != s->v + s->n; c++) {
		if (c->same != NULL || class_is_redundant(c))
			continue;
		if ((v[n++] = p = arena_alloc(lo->mem, sizeof(*p))) == NULL)
			return NULL;
		p->path = c->path;
		p->prefix = c->prefix;
		p->choices = c->choices;
	}
	qsort(v, n, sizeof(*v), path_cmp);
	tail = &shape->paths;
	for (size_t i = 0; i < n; i++) {
		*tail = v[i];
		tail = &v[i]->next;
	}
	slots_number(s, shape);
	return shape;
}

/* The first shape that is the same. */
static const struct plan_shape *
shape_share(struct lower *lo, struct plan_shape *made)
{
	const struct plan_shape **listed;
	struct strbuf *key = &lo->key;
	uint32_t words[3];
	const char *copy;
	void **slot;

	sb_clear(key);
	for (const struct plan_path *p = made->paths; p != NULL; p = p->next) {
		sb_putc(key, p->prefix ? 'p' : 'e');
		sb_putn(key, p->path, strlen(p->path) + 1);
		for (const struct plan_choice *c = p->choices; c != NULL; c = c->next) {
			words[0] = c->slot + 1;
			words[1] = c->sources != NULL ? c->sources->id : 0;
			words[2] = c->schedule != NULL ? c->schedule->id : 0;
			sb_putn(key, (const char *)words, sizeof(words));
		}
		memset(words, 0, sizeof(words));
		sb_putn(key, (const char *)words, sizeof(words));
	}
	slot = hmap_slot(&lo->shapes, key->s, key->len, false);
	if (slot != NULL)
		return *slot;
	copy = arena_strn(&lo->tmp, key->s, key->len);
	slot = copy != NULL && !key->failed ? hmap_slot(&lo->shapes, copy, key->len, true) : NULL;
	listed = slot != NULL ? list_add(lo, &lo->p->shape_list, sizeof(*listed), 1) : NULL;
	if (listed == NULL) {
		lo->failed = true;
		return NULL;
	}
	*slot = made;
	*listed = made;
	made->id = lo->p->shape_list.count;
	*lo->last_shape = made;
	lo->last_shape = &made->next;
	return made;
}

/* ---- recipes ------------------------------------------------------------------ */

static const struct recipe *
recipe_make(struct lower *lo, const struct plan_endpoint *e, const uint32_t *rules, uint32_t n)
{
	struct shaper s = { .lo = lo, .e = e, .rules = rules, .rule_count = n };
	struct plan_shape *shape = NULL;
	struct recipe *r = NULL;

	arena_init(&s.tmp, &lo->t->budget);
	if (classes_make(&s) && !lo->too_large)
		classes_cover(&s);
	if (lo->too_large)
		goto out;
	for (struct pclass *c = s.v; c != s.v + s.n && !s.tmp.failed && !lo->mem->failed; c++) {
		if (c->same == NULL)
			class_choices(&s, c);
	}
	if (!s.tmp.failed && !lo->mem->failed)
		shape = shape_make(&s);
	if (shape != NULL && (r = arena_alloc(&lo->tmp, sizeof(*r))) != NULL) {
		r->shape = shape_share(lo, shape);
		r->classes = s.classes;
		r->coverings = s.coverings;
		r->count = s.use_count;
		r->uses = arena_array(&lo->tmp, s.use_count, sizeof(*r->uses));
		if (r->uses != NULL)
			memcpy(r->uses, s.uses, s.use_count * sizeof(*r->uses));
	}
	if (r == NULL || r->shape == NULL || r->uses == NULL) {
		lo->failed = true;
		r = NULL;
	}
out:
	arena_free(&s.tmp);
	return r;
}

/* What a rule adds to a shape; its bytes are part of the key. */
struct form {
	uint32_t paths, sources, schedule, forwards;
};

const struct recipe *
recipe_get(struct lower *lo, const struct plan_endpoint *e, const uint32_t *rules, uint32_t n)
{
	struct strbuf *key = &lo->key;
	const struct recipe *r;
	const char *copy;
	size_t len;
	void **slot;

	sb_clear(key);
	for (uint32_t i = 0; i < n; i++) {
		const struct manner *m = manner_of(lo, &lo->rules[rules[i]]);
		struct form f = { .paths = m->paths->id,
			.sources = m->sources != NULL ? m->sources->id : 0,
			.schedule = m->schedule != NULL ? m->schedule->id : 0,
			.forwards = rule_action(e, m) == PLAN_FORWARD };

		sb_putn(key, (const char *)&f, sizeof(f));
	}
	if (key->failed) {
		lo->failed = true;
		return NULL;
	}
	slot = hmap_slot(&lo->recipes, key->s, key->len, false);
	if (slot != NULL) {
		r = *slot;
		plan_count(lo, r->classes);
		plan_count_up(lo, r->coverings);
		return lo->too_large ? NULL : r;
	}
	len = key->len;
	copy = arena_strn(&lo->tmp, key->s, len);
	if ((r = recipe_make(lo, e, rules, n)) == NULL)
		return NULL;
	slot = copy != NULL ? hmap_slot(&lo->recipes, copy, len, true) : NULL;
	if (slot == NULL) {
		lo->failed = true;
		return NULL;
	}
	*slot = (void *)(uintptr_t)r;
	return r;
}
