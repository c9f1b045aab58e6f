/*
 * Lowering: for each endpoint the host classes, for each the rules that
 * cover it in order, for those the path classes and the choices of each: the
 * covering rules in order, cut after the first that holds for every client
 * at every hour. Equal lists make one table.
 */
#include "plan/lower.h"

#include "base/text.h"

#define MAX_ENTRIES UINT64_C(20000000)

/* A host class while an endpoint is being lowered. */
struct hclass {
	enum plan_host_kind kind;
	const char *name;
	struct rule_item *rules, **last; /* that name this very class, in order */
	struct plan_host *host;
	struct hclass *next;
};

struct rule_item {
	uint32_t rule; /* index into lower.rules */
	struct rule_item *next;
};

/* A rule with a path class, by its place in the table's list of rules. */
struct path_item {
	uint32_t place, slot;
	const struct ppath *path;
	struct path_item *next;
};

/* A path class while a table is being made. */
struct pclass {
	const char *path;
	bool prefix;
	struct path_item item; /* the first rule with this very pattern; the others follow in order */
	struct path_item *last;
	uint32_t always;       /* the lowest place of one that always holds, or UINT32_MAX */
	struct pclass *same;   /* the class that this one repeats, or NULL */
	struct pclass *parent; /* the nearest class that holds all of it, or NULL */
	struct covering *covering;
	size_t n; /* of `covering` */
	struct plan_choice *choices;
};

/* The classes of a table: as rules bring them along, and sorted without those that repeat. */
struct pclasses {
	struct pclass *v, **sorted;
	size_t n, count;
	const struct plan_route **routes; /* by slot, as classes_make numbers them */
	uint32_t slots;
};

/* A rule that covers a class, and the most specific of its paths that does. */
struct covering {
	uint32_t place, slot;
	const struct ppath *path;
};

struct tabler {
	struct lower *lo;
	struct plan_endpoint *e;
	struct arena mem;   /* of one endpoint */
	struct arena tmp;   /* of one table */
	struct hmap hosts;  /* "e:name", "s:name", "a:" -> hclass */
	struct hmap tables; /* list of rules -> plan_table */
	struct hmap sites;  /* plan_table pointer -> plan_site */
	struct hclass *classes, **last_class;
	struct plan_site **last_site;
};

void
plan_count(struct lower *lo, size_t n)
{
	lo->entries += n;
	if (lo->entries > MAX_ENTRIES)
		lo->too_large = true;
}

static void
count_entry(struct lower *lo)
{
	plan_count(lo, 1);
}

/* Does the rule hold for every client at every hour? */
static bool
rule_always(const struct prule *r)
{
	return r->sources == NULL && r->schedule == NULL;
}

/* ------------------------------------------------------------------- tables */

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
class_cover(struct tabler *tb, struct pclass *c)
{
	const struct pclass *up = c->parent;
	const struct path_item *own = &c->item;
	size_t i = 0, above = up != NULL ? up->n : 0, most = above;

	for (const struct path_item *x = own; x != NULL && x->place <= c->always; x = x->next)
		most++;
	if (c->always < most)
		most = c->always + 1u; /* no place stands there twice */
	if ((c->covering = arena_array(&tb->tmp, most + 1, sizeof(*c->covering))) == NULL) {
		tb->lo->failed = true;
		return;
	}
	while (!tb->lo->too_large) {
		uint32_t mine = own != NULL ? own->place : UINT32_MAX;
		uint32_t theirs = i < above ? up->covering[i].place : UINT32_MAX;
		uint32_t place = mine <= theirs ? mine : theirs;

		if (place == UINT32_MAX || place > c->always)
			break;
		c->covering[c->n++] =
		    own != NULL && mine == place ? (struct covering){ place, own->slot, own->path } : up->covering[i];
		while (i < above && up->covering[i].place == place)
			i++;
		while (own != NULL && own->place == place)
			own = own->next;
		count_entry(tb->lo);
	}
}

/* Ties each class to the nearest that holds it, and finds the rules that cover it. */
static void
classes_cover(struct tabler *tb, const struct pclasses *k)
{
	struct pclass *up = NULL;

	for (size_t i = 0; i < k->count && !tb->lo->failed && !tb->lo->too_large; i++) {
		struct pclass *c = k->sorted[i];

		while (up != NULL && !prefix_holds(up, c->path))
			up = up->parent;
		c->parent = up;
		if (up != NULL && up->always < c->always)
			c->always = up->always;
		class_cover(tb, c);
		up = c;
	}
}

/* Sorts the classes and makes one of those that are the same. */
static void
classes_merge(struct tabler *tb, struct pclasses *k)
{
	if ((k->sorted = arena_array(&tb->tmp, k->n + 1, sizeof(*k->sorted))) == NULL)
		return;
	for (size_t i = 0; i < k->n; i++)
		k->sorted[i] = &k->v[i];
	qsort(k->sorted, k->n, sizeof(*k->sorted), class_cmp);
	for (size_t i = 0; i < k->n; i++) {
		struct pclass *c = k->sorted[i], *first = k->count > 0 ? k->sorted[k->count - 1] : NULL;

		if (first == NULL || first->prefix != c->prefix || strcmp(first->path, c->path) != 0) {
			k->sorted[k->count++] = c;
			count_entry(tb->lo);
			continue;
		}
		c->same = first;
		first->last->next = &c->item;
		first->last = &c->item;
		if (c->always < first->always)
			first->always = c->always;
	}
}

static bool
classes_make(struct tabler *tb, const uint32_t *rules, uint32_t n, struct pclasses *k)
{
	struct lower *lo = tb->lo;
	size_t cap = 0;

	for (uint32_t i = 0; i < n; i++)
		for (const struct ppath *p = lo->rules[rules[i]].paths; p != NULL; p = p->next)
			cap++;
	if ((k->v = arena_array(&tb->tmp, cap + 1, sizeof(*k->v))) == NULL)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		bool always = rule_always(&lo->rules[rules[i]]);
		bool forwards = rule_action(tb->e, &lo->rules[rules[i]]) == PLAN_FORWARD;
		uint32_t slot, rest = UINT32_MAX; /* paths that do not change have one route */

		for (const struct ppath *p = lo->rules[rules[i]].paths; p != NULL; p = p->next) {
			struct pclass *c = &k->v[k->n++];

			c->path = p->path;
			c->prefix = p->prefix;
			if (p->map != NULL && forwards)
				slot = k->slots++;
			else if (rest == UINT32_MAX)
				slot = rest = k->slots++;
			else
				slot = rest;
			c->item = (struct path_item){ i, slot, p, NULL };
			c->last = &c->item;
			c->always = always ? i : UINT32_MAX;
		}
	}
	k->routes = arena_array(&tb->tmp, k->slots + 1u, sizeof(*k->routes));
	classes_merge(tb, k);
	return !tb->tmp.failed;
}

static void
class_choices(struct tabler *tb, const struct pclasses *k, struct pclass *c, const uint32_t *rules)
{
	struct lower *lo = tb->lo;
	struct plan_choice *choice, **tail = &c->choices;

	for (size_t i = 0; i < c->n && !lo->failed; i++) {
		struct prule *r = &lo->rules[rules[c->covering[i].place]];
		if ((choice = arena_alloc(lo->mem, sizeof(*choice))) == NULL)
			return;
		choice->sources = r->sources;
		choice->schedule = r->schedule;
		choice->slot = c->covering[i].slot;
		if (k->routes[choice->slot] == NULL)
			k->routes[choice->slot] = route_get(lo, tb->e, r, c->covering[i].path->map);
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

static struct plan_path *
table_path(struct tabler *tb, const struct pclass *c)
{
	struct lower *lo = tb->lo;
	struct plan_path *p = arena_alloc(lo->mem, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->path = lower_str(lo, c->path);
	p->prefix = c->prefix;
	p->choices = c->choices;
	return p;
}

/* Slots by their first use in the table's paths, so that equal paths have equal slots. */
static void
slots_number(struct tabler *tb, struct plan_table *t, struct plan_shape *shape, const struct pclasses *k)
{
	struct lower *lo = tb->lo;
	uint32_t *of = arena_array(&tb->tmp, k->slots + 1u, sizeof(*of)); /* + 1; 0: none yet */

	t->routes = arena_array(lo->mem, k->slots + 1u, sizeof(*t->routes));
	if (of == NULL || t->routes == NULL) {
		lo->failed = true;
		return;
	}
	for (const struct plan_path *p = shape->paths; p != NULL; p = p->next) {
		for (struct plan_choice *c = p->choices; c != NULL; c = c->next) {
			const struct plan_route *r = k->routes[c->slot];

			lo->p->rules[r->rule - lo->p->rules].routes++;
			if (of[c->slot] == 0) {
				t->routes[shape->slots] = r;
				of[c->slot] = ++shape->slots;
			}
			c->slot = of[c->slot] - 1;
		}
	}
	t->n_routes = shape->slots;
}

static void
table_finish(struct tabler *tb, struct plan_table *t, struct plan_shape *shape, const struct pclasses *k)
{
	struct plan_path **v = arena_array(&tb->tmp, k->count + 1, sizeof(*v)), **tail = &shape->paths;
	size_t n = 0;

	if (v == NULL) {
		tb->lo->failed = true;
		return;
	}
	for (const struct pclass *c = k->v; c != k->v + k->n; c++) {
		if (c->same != NULL || class_is_redundant(c))
			continue;
		if ((v[n++] = table_path(tb, c)) == NULL) {
			tb->lo->failed = true;
			return;
		}
	}
	qsort(v, n, sizeof(*v), path_cmp);
	for (size_t i = 0; i < n; i++) {
		*tail = v[i];
		tail = &v[i]->next;
	}
	slots_number(tb, t, shape, k);
}

/* Section 7: a TLS stream may carry hosts all of whose requests go to one server as they are.
 * (An endpoint without TLS has no streams, whatever its tables say.) */
static const struct plan_pool *
stream_pool(const struct plan_table *t)
{
	const struct plan_path *p = t->shape->paths;
	const struct plan_deed *d;

	if (p == NULL || p->next != NULL || !p->prefix || p->path[0] != '\0')
		return NULL;
	if (p->choices->next != NULL || p->choices->sources != NULL || p->choices->schedule != NULL)
		return NULL;
	d = plan_route_of(t, p->choices)->deed;
	if (d->action != PLAN_FORWARD || d->map != NULL || d->host != NULL || !d->pass_credentials || !d->pool->tls)
		return NULL;
	/* Neither a certificate, a request nor a cookie can be seen inside a stream. */
	if (d->client_cert || d->filter != NULL)
		return NULL;
	return d->pool->farm != NULL && d->pool->sticky_cookie ? NULL : d->pool;
}

/* What has this key in the map, else `made`, whose key it becomes. */
static void *
share(struct lower *lo, struct hmap *m, const char *key, size_t len, void *made)
{
	void **slot = hmap_slot(m, key, len, false);
	const char *copy;

	if (slot != NULL)
		return *slot;
	copy = arena_strn(&lo->tmp, key, len);
	slot = copy != NULL ? hmap_slot(m, copy, len, true) : NULL;
	if (slot == NULL) {
		lo->failed = true;
		return NULL;
	}
	return *slot = made;
}

static const struct plan_shape *
shape_share(struct lower *lo, struct plan_shape *made)
{
	struct plan_shape *first = NULL;
	struct strbuf key;

	sb_init(&key, &lo->t->budget);
	for (const struct plan_path *p = made->paths; p != NULL; p = p->next) {
		sb_fmt(&key, "%c%s\n", p->prefix ? 'p' : 'e', p->path);
		for (const struct plan_choice *c = p->choices; c != NULL; c = c->next)
			sb_fmt(&key, "%u %u %u\n", c->slot, c->sources != NULL ? c->sources->id : 0,
			    c->schedule != NULL ? c->schedule->id : 0);
	}
	if (!key.failed)
		first = share(lo, &lo->shapes, key.s, key.len, made);
	lo->failed |= first == NULL;
	sb_free(&key);
	if (first == made) {
		made->id = ++lo->shape_count;
		*lo->last_shape = made;
		lo->last_shape = &made->next;
	}
	return first;
}

/* The same shape with the same routes was a table before, on whatever endpoint: that one serves. */
static struct plan_table *
table_share(struct lower *lo, struct plan_table *t)
{
	struct plan_table *first = NULL;
	struct strbuf key;

	sb_init(&key, &lo->t->budget);
	sb_putn(&key, (const char *)&t->shape->id, sizeof(t->shape->id));
	for (uint32_t i = 0; i < t->n_routes; i++)
		sb_putn(&key, (const char *)&t->routes[i]->id, sizeof(t->routes[i]->id));
	if (!key.failed)
		first = share(lo, &lo->tables, key.s, key.len, t);
	lo->failed |= first == NULL;
	sb_free(&key);
	if (first == t) {
		t->id = ++lo->table_count;
		*lo->last_table = t;
		lo->last_table = &t->next;
	}
	return first;
}

static struct plan_table *
table_make(struct tabler *tb, const uint32_t *rules, uint32_t n)
{
	struct lower *lo = tb->lo;
	struct plan_table *t = arena_alloc(lo->mem, sizeof(*t));
	struct plan_shape *shape = arena_alloc(lo->mem, sizeof(*shape));
	struct pclasses k = { NULL, NULL, 0, 0, NULL, 0 };

	if (t == NULL || shape == NULL)
		return NULL;
	arena_init(&tb->tmp, &lo->t->budget);
	if (classes_make(tb, rules, n, &k))
		classes_cover(tb, &k);
	else
		lo->failed = true;
	for (struct pclass *c = k.v; c != k.v + k.n && !lo->failed && !lo->too_large; c++) {
		if (c->same == NULL)
			class_choices(tb, &k, c, rules);
	}
	if (!lo->failed && !lo->too_large)
		table_finish(tb, t, shape, &k);
	arena_free(&tb->tmp);
	if (lo->failed || lo->too_large || (t->shape = shape_share(lo, shape)) == NULL)
		return NULL;
	t->stream = stream_pool(t);
	return table_share(lo, t);
}

/* -------------------------------------------------------------- host classes */

static struct hclass *
hclass_get(struct tabler *tb, enum plan_host_kind kind, const char *name, bool create)
{
	static const char letter[] = { 'e', 's', 'a' };
	char key[300], *copy;
	size_t n = strlen(name);
	struct hclass *c;
	void **slot;

	if (n + 2 > sizeof(key))
		return NULL;
	key[0] = letter[kind];
	memcpy(key + 1, name, n + 1);
	slot = hmap_slot(&tb->hosts, key, n + 1, false);
	if (slot != NULL || !create)
		return slot != NULL ? *slot : NULL;
	c = arena_alloc(&tb->mem, sizeof(*c));
	copy = arena_strn(&tb->mem, key, n + 1);
	if (c == NULL || copy == NULL || (slot = hmap_slot(&tb->hosts, copy, n + 1, true)) == NULL) {
		tb->lo->failed = true;
		return NULL;
	}
	*slot = c;
	c->kind = kind;
	c->name = name;
	c->last = &c->rules;
	*tb->last_class = c;
	tb->last_class = &c->next;
	count_entry(tb->lo);
	return c;
}

static void
hclass_collect(struct tabler *tb, const struct listener_rules *lr)
{
	struct lower *lo = tb->lo;

	for (uint32_t i = lr->first; i != 0 && !lo->failed; i = lo->rules[i - 1].next_of_listener) {
		const struct prule *r = &lo->rules[i - 1];
		if (!r->takes_part)
			continue;
		for (const struct pname *n = r->names; n != NULL && !lo->failed; n = n->next) {
			struct hclass *c = hclass_get(tb, n->kind, n->name, true);
			struct rule_item *item = arena_alloc(&tb->mem, sizeof(*item));
			if (c == NULL || item == NULL) {
				lo->failed = true;
				return;
			}
			item->rule = i - 1;
			*c->last = item;
			c->last = &item->next;
		}
	}
}

/* Does the rule answer every request of a host, whatever its path and client? */
static bool
rule_takes_all(const struct prule *r)
{
	if (!rule_always(r))
		return false;
	for (const struct ppath *p = r->paths; p != NULL; p = p->next) {
		if (p->prefix && p->path[0] == '\0')
			return true;
	}
	return false;
}

/* The lists of rules that cover a class: its own, those of the suffixes above it, those of any host. */
static size_t
covering_lists(struct tabler *tb, const struct hclass *c, const struct rule_item **lists, size_t max)
{
	size_t n = 0;
	const char *dot;
	const struct hclass *k;

	if (c->rules != NULL)
		lists[n++] = c->rules;
	for (dot = c->kind != HOST_ANY ? strchr(c->name, '.') : NULL; dot != NULL && n + 1 < max;
	     dot = strchr(dot + 1, '.')) {
		if ((k = hclass_get(tb, HOST_SUFFIX, dot + 1, false)) != NULL)
			lists[n++] = k->rules;
	}
	if (c->kind != HOST_ANY && (k = hclass_get(tb, HOST_ANY, "", false)) != NULL)
		lists[n++] = k->rules;
	return n;
}

static void
site_add(struct tabler *tb, struct hclass *c, struct plan_table *t)
{
	struct lower *lo = tb->lo;
	struct plan_host *h = arena_alloc(lo->mem, sizeof(*h));
	const struct plan_table **key = arena_alloc(&tb->mem, sizeof(*key));
	struct plan_site *s;
	void **slot;

	if (h == NULL || key == NULL) {
		lo->failed = true;
		return;
	}
	*key = t;
	slot = hmap_slot(&tb->sites, (const char *)key, sizeof(*key), true);
	if (slot == NULL) {
		lo->failed = true;
		return;
	}
	if (*slot == NULL) {
		if ((s = arena_alloc(lo->mem, sizeof(*s))) == NULL)
			return;
		*slot = s;
		s->table = t;
		*tb->last_site = s;
		tb->last_site = &s->next;
	}
	s = *slot;
	h->kind = c->kind;
	h->name = c->name;
	h->next = s->hosts;
	s->hosts = h;
	s->host_count++;
	s->any |= c->kind == HOST_ANY;
	if (tb->e->tls && t->stream != NULL && c->kind != HOST_ANY)
		tb->e->streams = true;
}

static void
hclass_lower(struct tabler *tb, struct hclass *c)
{
	struct lower *lo = tb->lo;
	const struct rule_item *lists[140];
	size_t n = covering_lists(tb, c, lists, ARRAY_LEN(lists)), cap = 0;
	uint32_t *rules = NULL, count = 0;
	const char *key;
	struct plan_table *t;
	void **slot;

	for (;;) {
		size_t min = n;
		for (size_t i = 0; i < n; i++) {
			if (lists[i] != NULL && (min == n || lists[i]->rule < lists[min]->rule))
				min = i;
		}
		if (min == n)
			break;
		if (count == cap) {
			size_t more = cap != 0 ? cap * 2 : 8;
			uint32_t *grown =
			    budget_realloc(&lo->t->budget, rules, cap * sizeof(*rules), more * sizeof(*rules));
			if (grown == NULL) {
				lo->failed = true;
				goto out;
			}
			rules = grown;
			cap = more;
		}
		if (count == 0 || rules[count - 1] != lists[min]->rule)
			rules[count++] = lists[min]->rule;
		lists[min] = lists[min]->next;
		count_entry(lo);
		if (lo->too_large || rule_takes_all(&lo->rules[rules[count - 1]]))
			break;
	}
	if (count == 0)
		goto out;
	slot = hmap_slot(&tb->tables, (const char *)rules, count * sizeof(*rules), false);
	t = slot != NULL ? *slot : NULL;
	if (t == NULL) {
		key = arena_strn(&tb->mem, (const char *)rules, count * sizeof(*rules));
		t = table_make(tb, rules, count);
		slot = key != NULL ? hmap_slot(&tb->tables, key, count * sizeof(*rules), true) : NULL;
		if (slot == NULL || t == NULL) {
			lo->failed |= !lo->too_large;
			goto out;
		}
		*slot = t;
	}
	site_add(tb, c, t);
out:
	budget_free(&lo->t->budget, rules, cap * sizeof(*rules));
}

static int
host_cmp(const void *pa, const void *pb)
{
	const struct plan_host *a = *(const struct plan_host *const *)pa, *b = *(const struct plan_host *const *)pb;

	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(a->name, b->name);
}

static void
site_sort(struct tabler *tb, struct plan_site *s)
{
	struct plan_host **v = arena_array(&tb->mem, s->host_count + 1u, sizeof(*v)), **tail = &s->hosts;
	size_t n = 0;

	if (v == NULL) {
		tb->lo->failed = true;
		return;
	}
	for (struct plan_host *h = s->hosts; h != NULL; h = h->next)
		v[n++] = h;
	qsort(v, n, sizeof(*v), host_cmp);
	for (size_t i = 0; i < n; i++) {
		*tail = v[i];
		tail = &v[i]->next;
	}
	*tail = NULL;
}

void
plan_tables(struct lower *lo, struct plan_endpoint *e)
{
	struct tabler tb = { .lo = lo, .e = e };
	struct listener_rules *lr = listener_rules(lo, e->listener->l);

	if (lr == NULL || e->redirect_all)
		return;
	arena_init(&tb.mem, &lo->t->budget);
	hmap_init(&tb.hosts, &lo->t->budget);
	hmap_init(&tb.tables, &lo->t->budget);
	hmap_init(&tb.sites, &lo->t->budget);
	tb.last_class = &tb.classes;
	tb.last_site = &e->sites;
	/* RedirectHTTPAsHTTPS 2 without an HTTPS port, or of a value nobody knows: the plain port refuses everything. */
	if (e->tls || e->listener->l->redirect_http == 0 || e->listener->l->redirect_http == 1)
		hclass_collect(&tb, lr);
	for (struct hclass *c = tb.classes; c != NULL && !lo->failed && !lo->too_large; c = c->next)
		hclass_lower(&tb, c);
	for (struct plan_site *s = e->sites; s != NULL && !lo->failed; s = s->next)
		site_sort(&tb, s);
	hmap_free(&tb.hosts);
	hmap_free(&tb.tables);
	hmap_free(&tb.sites);
	lo->failed |= tb.mem.failed || lo->mem->failed;
	arena_free(&tb.mem);
}
