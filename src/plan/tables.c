/*
 * Lowering: for each endpoint the host classes, for the rules that cover each
 * the shape (shapes.c) and with their routes the table. Equal tables have one
 * id; the host classes of an endpoint that share one are a site. Where another
 * endpoint of the listener would come to the same sites, but for what is done
 * there, it has those.
 */
#include "plan/lower.h"

#define MAX_ENTRIES UINT64_C(20000000)

/* Routes and deeds are among what is counted. */
_Static_assert(MAX_ENTRIES < UINT64_C(1) << 25, "kept_route.deed holds any index of a deed");

struct tabler {
	struct lower *lo;
	struct plan_endpoint *e;
	struct listener_rules *lr;
	const struct plan_endpoint *other; /* the one of the listener that came first, or NULL */
	struct arena mem;                  /* of one endpoint */
	struct hmap tables;                /* list of several rules -> number of a site, from 1 */
	struct rule_list rules;            /* of the class in hand */
	struct plan_host *copies; /* of the classes, when there is another endpoint, which has the names themselves */
	struct plan_list ids;     /* ... of tables by site */
};

/* A table that is no rule's home. */
struct known_table {
	uint32_t id, site; /* `site`: the number of the last one; or 0 */
};

void
plan_count(struct lower *lo, uint64_t n)
{
	lo->entries += n;
	if (lo->entries > MAX_ENTRIES)
		lo->too_large = true;
}

void
plan_count_up(struct lower *lo, uint64_t n)
{
	if (!lo->too_large)
		plan_count(lo, n <= MAX_ENTRIES - lo->entries ? n : MAX_ENTRIES - lo->entries + 1);
}

bool
always_holds(const struct manner *m)
{
	return m->sources == NULL && m->schedule == NULL;
}

/* ------------------------------------------------------------------- tables */

/* A TLS stream may carry hosts all of whose requests go to one server as they are.
 * (An endpoint without TLS has no streams, whatever its tables say.) */
const struct plan_pool *
plan_stream_of(const struct plan_table *t)
{
	const struct plan_path *p = t->shape->paths;
	const struct plan_deed *d;

	if (p == NULL || p->next != NULL || !p->prefix || p->path[0] != '\0')
		return NULL;
	if (p->choices->next != NULL || p->choices->sources != NULL || p->choices->schedule != NULL)
		return NULL;
	d = plan_route_of(t, p->choices).deed;
	if (d->action != PLAN_FORWARD || d->map != NULL || d->host != NULL || !d->pass_credentials || !d->pool->tls)
		return NULL;
	/* Neither a certificate, a request nor a cookie can be seen inside a stream. */
	if (d->client_cert || d->filter != NULL)
		return NULL;
	return d->pool->farm != NULL && d->pool->sticky_cookie ? NULL : d->pool;
}

static struct kept_site *
site_at(const struct lower *lo, uint32_t number)
{
	return (struct kept_site *)lo->p->sites.v + (number - 1);
}

/* A table while it is looked for. */
struct wanted {
	const struct plan_shape *shape;
	const uint32_t *routes; /* numbers, by slot */
	struct prule *own;      /* the rule that has all of them, or NULL */
};

/* Do the routes of a site lead where these do? */
static bool
same_table(const struct lower *lo, uint32_t site, const struct wanted *w)
{
	const struct kept_site *s = site_at(lo, site);
	const uint32_t *routes = w->shape->slots > 1 ? (uint32_t *)lo->p->slots.v + s->routes : &s->routes;

	return s->shape == w->shape->id - 1 && memcmp(routes, w->routes, w->shape->slots * sizeof(*routes)) == 0;
}

/* The id of the table of a site of the listener's other endpoint. */
static uint32_t
table_id(const struct tabler *tb, uint32_t site)
{
	return tb->other->first_table + (site - 1 - tb->other->first_site);
}

/* What is known of a table with these routes: nothing yet, when its id is 0. */
static struct known_table *
table_known(struct lower *lo, uint32_t shape, const uint32_t *routes, uint32_t n)
{
	struct strbuf *key = &lo->key;
	struct known_table *t;
	void **slot;

	sb_clear(key);
	sb_putn(key, (const char *)&shape, sizeof(shape));
	sb_putn(key, (const char *)routes, n * sizeof(*routes));
	t = !key->failed ? known(lo, &lo->tables, key->s, key->len, &slot) : NULL;
	if (t == NULL && !key->failed && slot != NULL && (t = arena_alloc(&lo->tmp, sizeof(*t))) != NULL)
		*slot = t;
	lo->failed |= t == NULL;
	return t;
}

/* A rule's home gives way to another table: what there is of it is kept. */
static bool
home_leaves(struct tabler *tb, uint32_t home)
{
	struct lower *lo = tb->lo;
	const struct kept_site *s = site_at(lo, home);
	uint32_t n = ((const struct plan_shape *const *)lo->p->shape_list.v)[s->shape]->slots;
	struct known_table *t =
	    table_known(lo, s->shape, n > 1 ? (uint32_t *)lo->p->slots.v + s->routes : &s->routes, n);

	if (t != NULL && t->id == 0)
		t->id = table_id(tb, home);
	return t != NULL;
}

/* -------------------------------------------------------------------- sites */

/* The number of a new site, whose table has this id; 0: no memory. */
static uint32_t
site_new(struct tabler *tb, const struct wanted *w, uint32_t id)
{
	struct lower *lo = tb->lo;
	uint32_t n = w->shape->slots, *routes = n > 1 ? list_add(lo, &lo->p->slots, sizeof(*routes), n) : NULL, *listed;
	struct kept_site *s = n <= 1 || routes != NULL ? list_add(lo, &lo->p->sites, sizeof(*s), 1) : NULL;

	if (s == NULL)
		return 0;
	s->shape = w->shape->id - 1;
	if (routes != NULL)
		memcpy(routes, w->routes, n * sizeof(*routes));
	s->routes = n > 1 ? lo->p->slots.count - n : n == 1 ? w->routes[0] : 0;
	tb->e->site_count++;
	if (tb->other == NULL)
		return lo->p->sites.count;
	if ((listed = list_add(lo, &tb->ids, sizeof(*listed), 1)) == NULL)
		return 0;
	*listed = id;
	return lo->p->sites.count;
}

/* The endpoint's site of a table. Its number, from 1; 0: no memory. */
static uint32_t
site_get(struct tabler *tb, const struct wanted *w)
{
	struct lower *lo = tb->lo;
	uint32_t home = w->own != NULL ? w->own->home : 0, id;
	bool here = home > tb->e->first_site, same = home != 0 && same_table(lo, home, w);
	struct known_table *t;

	if (here && same)
		return home;
	if (w->own != NULL && (same || home == 0)) {
		id = same ? table_id(tb, home) : ++lo->p->table_count;
		w->own->alone = false;
		return w->own->home = site_new(tb, w, id) & 0x1fffffffu;
	}
	if (w->own != NULL && !here && !home_leaves(tb, home))
		return 0;
	if ((t = table_known(lo, w->shape->id - 1, w->routes, w->shape->slots)) == NULL)
		return 0;
	if (t->site <= tb->e->first_site) {
		t->id = t->id != 0 ? t->id : ++lo->p->table_count;
		t->site = site_new(tb, w, t->id);
	}
	if (w->own != NULL && !here) {
		w->own->alone = false;
		w->own->home = t->site & 0x1fffffffu;
	}
	return t->site;
}

/* The site of the rules in hand; 0: no memory, or too much of a plan. */
static uint32_t
site_make(struct tabler *tb)
{
	struct lower *lo = tb->lo;
	const struct recipe *r = recipe_get(lo, tb->e, tb->rules.v, tb->rules.n);
	uint32_t few[8] = { 0 }, *routes = few, site = 0;
	struct wanted w = { .own = NULL };
	struct plan_rule *made;

	if (r == NULL)
		return 0;
	if (r->shape->slots > ARRAY_LEN(few))
		routes = budget_realloc(&lo->t->budget, NULL, 0, r->shape->slots * sizeof(*routes));
	for (uint32_t i = 0; i < r->count && routes != NULL && !lo->failed; i++) {
		const struct slot_use *m = &r->uses[i];
		struct prule *rule = &lo->rules[tb->rules.v[m->place]];

		routes[m->slot] = route_get(lo, tb->e, rule, manner_of(lo, rule)->paths->v[m->path].map);
		w.own = i == 0 || w.own == rule ? rule : NULL;
		made = rule_made(lo, rule);
		made->routes += made->routes < UINT8_MAX;
	}
	w.shape = r->shape;
	w.routes = routes;
	if (routes != NULL && !lo->failed)
		site = site_get(tb, &w);
	if (routes != few)
		budget_free(&lo->t->budget, routes, r->shape->slots * sizeof(*routes));
	lo->failed |= site == 0;
	return site;
}

/* The site of hosts that several rules cover: a list of rules is looked at once. */
static uint32_t
site_of_many(struct tabler *tb)
{
	size_t len = tb->rules.n * sizeof(*tb->rules.v);
	void **slot = hmap_slot(&tb->tables, (const char *)tb->rules.v, len, false);
	uint32_t site;
	const char *key;

	if (slot != NULL)
		return (uint32_t)(uintptr_t)*slot;
	key = arena_strn(&tb->mem, (const char *)tb->rules.v, len);
	if (key == NULL || (site = site_make(tb)) == 0)
		return 0;
	if ((slot = hmap_slot(&tb->tables, key, len, true)) == NULL)
		return 0;
	*slot = (void *)(uintptr_t)site;
	return site;
}

static uint32_t
site_of_rules(struct tabler *tb)
{
	struct prule *r = &tb->lo->rules[tb->rules.v[0]];
	uint32_t site;

	if (tb->rules.n > 1)
		return site_of_many(tb);
	if (r->home > tb->e->first_site && r->alone)
		return r->home;
	site = site_make(tb);
	r->alone = site != 0 && r->home == site;
	return site;
}

/* -------------------------------------------------------------------- hosts */

static int
host_cmp(const void *pa, const void *pb)
{
	const struct plan_host *a = *(const struct plan_host *const *)pa, *b = *(const struct plan_host *const *)pb;

	return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(a->name, b->name);
}

static struct plan_host *
host_at(const struct tabler *tb, uint32_t number)
{
	return number != 0 ? (struct plan_host *)(uintptr_t)&tb->e->names[number - 1] : NULL;
}

static uint32_t
host_number(const struct tabler *tb, const struct plan_host *h)
{
	return (uint32_t)(h - tb->e->names) + 1;
}

static void
site_sort(struct tabler *tb, struct kept_site *s)
{
	struct plan_host **v = arena_array(&tb->mem, s->host_count + 1u, sizeof(*v));
	size_t n = 0;

	if (v == NULL)
		return;
	for (struct plan_host *h = host_at(tb, s->hosts); h != NULL; h = h->next != 0 ? h + h->next : NULL)
		v[n++] = h;
	sort(v, n, sizeof(*v), host_cmp);
	s->hosts = host_number(tb, v[0]);
	for (size_t i = 0; i < n; i++)
		v[i]->next = i + 1 < n ? (int32_t)(v[i + 1] - v[i]) : 0;
}

/* Gives the class to its site. */
static void
host_lower(struct tabler *tb, struct plan_host *c, uint32_t rule, size_t number)
{
	struct lower *lo = tb->lo;
	struct plan_host *mine = c;
	struct kept_site *s;
	uint32_t site;

	host_rules(lo, c, rule, &tb->rules);
	if (lo->failed || tb->rules.n == 0)
		return;
	if ((site = site_of_rules(tb)) == 0) {
		lo->failed |= !lo->too_large;
		return;
	}
	if (tb->other != NULL) {
		mine = &tb->copies[number];
		*mine = *c;
	}
	s = site_at(lo, site);
	mine->next = s->hosts != 0 ? (int32_t)(host_at(tb, s->hosts) - mine) : 0;
	s->hosts = host_number(tb, mine);
	s->host_count++;
	s->any |= c->kind == HOST_ANY;
}

/* The endpoint's own sites. */
static void
sites_make(struct tabler *tb)
{
	struct lower *lo = tb->lo;
	struct plan_endpoint *e = tb->e;
	struct host_walk at;
	size_t i = 0;

	hosts_of(lo, tb->lr);
	e->names = lo->pnames;
	if (tb->other != NULL)
		e->names = tb->copies = arena_array(lo->mem, lo->hosts.count + 1, sizeof(*tb->copies));
	for (struct plan_host *n = host_first(lo, tb->lr, &at);
	     n != NULL && e->names != NULL && !lo->failed && !lo->too_large; n = host_after(lo, &at)) {
		if (!n->again)
			host_lower(tb, n, at.rule, i++);
	}
	for (uint32_t k = 0; k < e->site_count && !lo->failed; k++) {
		if (site_at(lo, e->first_site + k + 1)->host_count > 1)
			site_sort(tb, site_at(lo, e->first_site + k + 1));
	}
	if (tb->ids.count > 0 && (e->tables = arena_array(lo->mem, tb->ids.count, sizeof(*e->tables))) != NULL)
		memcpy((void *)(uintptr_t)e->tables, tb->ids.v, tb->ids.count * sizeof(*e->tables));
	budget_free(&lo->t->budget, tb->ids.v, tb->ids.room * sizeof(*e->tables));
}

/* ---------------------------------------------------------------- endpoints */

/* Is what rules make of hosts and paths the same at both, whatever they do? What a rule does tells
 * paths apart only where it forwards and has paths that are changed. */
static bool
same_sites(const struct tabler *tb)
{
	const struct lower *lo = tb->lo;
	const struct manner *m;
	const struct prule *r;

	for (uint32_t i = tb->lr->first; i != 0; i = r->next_of_listener) {
		r = &lo->rules[i - 1];
		if (!r->takes_part)
			continue;
		m = manner_of(lo, r);
		if (m->paths->mapped &&
		    (rule_action(tb->other, m) == PLAN_FORWARD) != (rule_action(tb->e, m) == PLAN_FORWARD))
			return false;
		if (!routes_can_step(lo, r))
			return false;
	}
	return true;
}

static void
share_sites(struct plan_endpoint *e, const struct plan_endpoint *of)
{
	e->names = of->names;
	e->first_site = of->first_site;
	e->site_count = of->site_count;
	e->first_table = of->first_table;
	e->tables = of->tables;
	e->second = of->second;
}

/* Does the site's table lead anywhere else at an endpoint that is `second`? */
static bool
site_steps(const struct lower *lo, const struct kept_site *s)
{
	const struct plan_shape *shape = ((const struct plan_shape *const *)lo->p->shape_list.v)[s->shape];
	const uint32_t *routes = shape->slots > 1 ? (uint32_t *)lo->p->slots.v + s->routes : &s->routes;

	for (uint32_t i = 0; i < shape->slots; i++) {
		if (((const struct kept_route *)lo->p->routes.v)[routes[i] - 1].step != 0)
			return true;
	}
	return false;
}

/* The sites of the other endpoint, with this one's routes and tables: a table none of whose routes
 * differs is the same. */
static void
sites_follow(struct tabler *tb)
{
	struct lower *lo = tb->lo;
	struct plan_endpoint *e = tb->e;
	uint32_t *ids, steps = 0;

	share_sites(e, tb->other);
	for (uint32_t i = tb->lr->first; i != 0; i = lo->rules[i - 1].next_of_listener) {
		if (lo->rules[i - 1].takes_part)
			routes_step(lo, e, &lo->rules[i - 1]);
	}
	for (uint32_t i = 0; i < e->site_count && !lo->failed; i++)
		steps += site_steps(lo, site_at(lo, e->first_site + i + 1));
	if (steps == 0 || lo->failed)
		return;
	e->second = true;
	if (steps == e->site_count) {
		e->first_table = lo->p->table_count + 1;
		lo->p->table_count += steps;
		return;
	}
	if ((ids = arena_array(lo->mem, e->site_count, sizeof(*ids))) == NULL)
		return;
	for (uint32_t i = 0; i < e->site_count; i++)
		ids[i] = site_steps(lo, site_at(lo, e->first_site + i + 1)) ? ++lo->p->table_count
									    : tb->other->first_table + i;
	e->tables = ids;
}

static void
endpoint_lower(struct tabler *tb)
{
	const struct plan_endpoint *alike = tb->lr->lowered[tb->e->tls];
	struct lower *lo = tb->lo;
	uint64_t before = lo->entries;

	tb->other = tb->lr->lowered[!tb->e->tls];
	if (alike != NULL) {
		plan_count_up(lo, tb->lr->parts[tb->e->tls]);
		share_sites(tb->e, alike);
		return;
	}
	if (tb->other != NULL && same_sites(tb)) {
		plan_count_up(lo, tb->lr->parts[!tb->e->tls]);
		if (!lo->too_large)
			sites_follow(tb);
	} else {
		sites_make(tb);
	}
	tb->lr->parts[tb->e->tls] = lo->entries - before;
	tb->lr->lowered[tb->e->tls] = tb->e;
}

void
plan_tables(struct lower *lo, struct plan_endpoint *e)
{
	struct tabler tb = { .lo = lo, .e = e };
	const struct tmg_listener *l = e->listener->l;

	e->p = lo->p;
	e->tables_before = lo->p->table_count;
	e->first_site = lo->p->sites.count;
	e->first_table = lo->p->table_count + 1;
	if ((tb.lr = listener_rules(lo, l)) == NULL || e->redirect_all)
		return;
	/* RedirectHTTPAsHTTPS 2 without an HTTPS port, or of a value nobody knows: the plain port refuses everything. */
	if (!e->tls && l->redirect_http != 0 && l->redirect_http != 1)
		return;
	arena_init(&tb.mem, &lo->t->budget);
	hmap_init(&tb.tables, &lo->t->budget);
	endpoint_lower(&tb);
	hmap_free(&tb.tables);
	budget_free(&lo->t->budget, tb.rules.v, tb.rules.cap * sizeof(*tb.rules.v));
	lo->failed |= tb.mem.failed || lo->mem->failed;
	arena_free(&tb.mem);
}

static bool
has_stream(const struct plan_endpoint *e)
{
	for (uint32_t i = 0; i < e->site_count; i++) {
		struct plan_site s = plan_site(e, i);

		if (s.host_count > (s.any ? 1u : 0u) && plan_stream_of(&s.table) != NULL)
			return true;
	}
	return false;
}

void
plan_streams(struct lower *lo)
{
	for (struct plan_endpoint *e = lo->p->endpoints; e != NULL; e = e->next)
		e->streams = e->tls && has_stream(e);
}
