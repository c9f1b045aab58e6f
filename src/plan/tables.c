/*
 * Lowering: for each endpoint the host classes, for the rules that cover each
 * the shape (shapes.c) and with their routes the table. Equal tables are one;
 * the host classes of an endpoint that share one are a site.
 */
#include "plan/lower.h"

#define MAX_ENTRIES UINT64_C(20000000)

struct tabler {
	struct lower *lo;
	struct plan_endpoint *e;
	struct arena mem;        /* of one endpoint */
	struct hmap tables;      /* list of several rules -> plan_site */
	struct hmap sites;       /* plan_table pointer -> plan_site, where no rule remembers it */
	struct rule_list rules;  /* of the class in hand */
	struct plan_site **site; /* of each class */
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
	d = plan_route_of(t, p->choices)->deed;
	if (d->action != PLAN_FORWARD || d->map != NULL || d->host != NULL || !d->pass_credentials || !d->pool->tls)
		return NULL;
	/* Neither a certificate, a request nor a cookie can be seen inside a stream. */
	if (d->client_cert || d->filter != NULL)
		return NULL;
	return d->pool->farm != NULL && d->pool->sticky_cookie ? NULL : d->pool;
}

/* The only rule whose routes these are, or NULL. */
static struct prule *
only_rule(struct lower *lo, const struct plan_route *const *routes, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		if (routes[i]->rule != routes[0]->rule)
			return NULL;
	}
	return n > 0 ? &lo->rules[routes[0]->rule - 1] : NULL;
}

static bool
same_table(const struct plan_table *t, const struct plan_shape *shape, const struct plan_route *const *routes)
{
	return t->shape == shape && memcmp(plan_routes_of(t), routes, shape->slots * sizeof(*routes)) == 0;
}

static struct plan_table *
table_of(const struct lower *lo, uint32_t id)
{
	return stretch_at(&lo->tables_made, id - 1, sizeof(struct plan_table));
}

static struct plan_table *
table_new(struct lower *lo, const struct plan_shape *shape, const struct plan_route *const *routes)
{
	size_t size = shape->slots * sizeof(*routes);
	const struct plan_route **many = shape->slots != 1 ? arena_alloc(lo->mem, size) : NULL;
	enum plan_more more;
	struct plan_table *t;

	if ((shape->slots != 1 && many == NULL) || (t = stretch_add(lo, &lo->tables_made, sizeof(*t), &more)) == NULL)
		return NULL;
	t->id = lo->tables_made.count & 0x3fffffffu;
	t->shape = shape;
	t->n_routes = shape->slots;
	if (many != NULL)
		memcpy(many, routes, size);
	if (many != NULL)
		t->to.many = many;
	else
		t->to.one = routes[0];
	if (t->id > 1)
		table_of(lo, t->id - 1)->more = more;
	else
		lo->p->tables = t;
	return t;
}

/* The table of this shape with these routes, whichever endpoint was the first to have it. */
static struct plan_table *
table_get(struct lower *lo, const struct plan_shape *shape, const struct plan_route *const *routes)
{
	struct prule *own = only_rule(lo, routes, shape->slots);
	struct strbuf *key = &lo->key;
	struct plan_table *t;
	const char *copy;
	void **slot;

	for (size_t i = 0; own != NULL && i < ARRAY_LEN(own->tables); i++) {
		if (own->tables[i] == 0) {
			t = table_new(lo, shape, routes);
			own->tables[i] = t != NULL ? t->id : 0;
			return t;
		}
		t = table_of(lo, own->tables[i]);
		if (same_table(t, shape, routes))
			return t;
	}
	sb_clear(key);
	sb_putn(key, (const char *)&shape->id, sizeof(shape->id));
	sb_putn(key, (const char *)routes, shape->slots * sizeof(*routes));
	slot = hmap_slot(&lo->tables, key->s, key->len, false);
	if (slot != NULL)
		return *slot;
	copy = !key->failed ? arena_strn(&lo->tmp, key->s, key->len) : NULL;
	slot = copy != NULL ? hmap_slot(&lo->tables, copy, key->len, true) : NULL;
	return slot != NULL ? *slot = table_new(lo, shape, routes) : NULL;
}

/* The table of the rules in hand; NULL: no memory, or too much of a plan. */
static struct plan_table *
table_make(struct tabler *tb)
{
	struct lower *lo = tb->lo;
	const struct recipe *r = recipe_get(lo, tb->e, tb->rules.v, tb->rules.n);
	const struct plan_route *few[8], **routes = few;
	struct plan_table *t = NULL;
	struct plan_rule *made;

	if (r == NULL)
		return NULL;
	if (r->shape->slots > ARRAY_LEN(few))
		routes = budget_realloc(&lo->t->budget, NULL, 0, r->shape->slots * sizeof(*routes));
	for (uint32_t i = 0; i < r->count && routes != NULL && !lo->failed; i++) {
		const struct slot_use *m = &r->uses[i];
		struct prule *rule = &lo->rules[tb->rules.v[m->place]];

		routes[m->slot] = route_get(lo, tb->e, rule, manner_of(lo, rule)->paths->v[m->path].map);
		made = rule_made(lo, rule);
		made->routes += made->routes < UINT8_MAX;
	}
	if (routes != NULL && !lo->failed)
		t = table_get(lo, r->shape, routes);
	if (routes != few)
		budget_free(&lo->t->budget, routes, r->shape->slots * sizeof(*routes));
	lo->failed |= t == NULL;
	return t;
}

/* -------------------------------------------------------------------- sites */

static struct plan_site *
site_at(const struct lower *lo, uint32_t i)
{
	return stretch_at(&lo->sites_made, i, sizeof(struct plan_site));
}

static struct plan_site *
site_new(struct tabler *tb, const struct plan_table *t)
{
	struct stretches *made = &tb->lo->sites_made;
	enum plan_more more;
	struct plan_site *s = stretch_add(tb->lo, made, sizeof(*s), &more);

	if (s == NULL)
		return NULL;
	s->table = t;
	if (made->count > 1)
		site_at(tb->lo, made->count - 2)->more = more;
	else
		tb->e->sites = s;
	return s;
}

/* The endpoint's site of a table. */
static struct plan_site *
site_get(struct tabler *tb, const struct plan_table *t)
{
	struct lower *lo = tb->lo;
	struct prule *own = only_rule(lo, plan_routes_of(t), t->n_routes);
	const struct plan_table **key;
	struct plan_site *s;
	void **slot;

	if (own != NULL && own->endpoint != lo->endpoint)
		own->home = 0;
	if (own != NULL && own->home == 0) {
		own->endpoint = lo->endpoint & 0xfffffffu;
		own->alone = false;
		if ((s = site_new(tb, t)) != NULL)
			own->home = lo->sites_made.count;
		return s;
	}
	if (own != NULL && (s = site_at(lo, own->home - 1))->table == t)
		return s;
	if ((slot = hmap_slot(&tb->sites, (const char *)&t, sizeof(t), false)) != NULL)
		return *slot;
	if ((key = arena_alloc(&tb->mem, sizeof(*key))) != NULL) {
		*key = t;
		slot = hmap_slot(&tb->sites, (const char *)key, sizeof(*key), true);
	}
	lo->failed |= slot == NULL;
	return slot != NULL ? *slot = site_new(tb, t) : NULL;
}

/* The site of hosts that several rules cover: a list of rules is looked at once. */
static struct plan_site *
site_of_many(struct tabler *tb)
{
	size_t len = tb->rules.n * sizeof(*tb->rules.v);
	void **slot = hmap_slot(&tb->tables, (const char *)tb->rules.v, len, false);
	const char *key;
	struct plan_table *t;
	struct plan_site *s;

	if (slot != NULL)
		return *slot;
	key = arena_strn(&tb->mem, (const char *)tb->rules.v, len);
	if (key == NULL || (t = table_make(tb)) == NULL || (s = site_get(tb, t)) == NULL)
		return NULL;
	slot = hmap_slot(&tb->tables, key, len, true);
	return slot != NULL ? *slot = s : NULL;
}

static struct plan_site *
site_of_rules(struct tabler *tb)
{
	struct prule *r = &tb->lo->rules[tb->rules.v[0]];
	struct plan_table *t;
	struct plan_site *s;

	if (tb->rules.n > 1)
		return site_of_many(tb);
	if (r->endpoint == tb->lo->endpoint && r->alone)
		return site_at(tb->lo, r->home - 1);
	if ((t = table_make(tb)) == NULL || (s = site_get(tb, t)) == NULL)
		return NULL;
	r->alone = r->endpoint == tb->lo->endpoint && r->home != 0 && site_at(tb->lo, r->home - 1) == s;
	return s;
}

/* -------------------------------------------------------------------- hosts */

static void
host_lower(struct tabler *tb, struct plan_host *c, uint32_t rule, size_t number)
{
	struct lower *lo = tb->lo;
	struct plan_site *s;

	host_rules(lo, c, rule, &tb->rules);
	if (lo->failed || tb->rules.n == 0)
		return;
	if ((s = site_of_rules(tb)) == NULL) {
		lo->failed |= !lo->too_large;
		return;
	}
	tb->site[number] = s;
	s->host_count++;
	s->any |= c->kind == HOST_ANY;
	if (tb->e->tls && c->kind != HOST_ANY && !tb->e->streams && plan_stream_of(s->table) != NULL)
		tb->e->streams = true;
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
	struct plan_host **v = arena_array(&tb->mem, s->host_count + 1u, sizeof(*v));
	size_t n = 0;

	if (v == NULL)
		return;
	for (struct plan_host *h = s->hosts; h != NULL; h = h->next != 0 ? h + h->next : NULL)
		v[n++] = h;
	sort(v, n, sizeof(*v), host_cmp);
	s->hosts = v[0];
	for (size_t i = 0; i < n; i++)
		v[i]->next = i + 1 < n ? (int32_t)(v[i + 1] - v[i]) : 0;
}

/* The hosts of a listener lie in one array. */
static void
host_attach(struct plan_site *s, struct plan_host *h)
{
	h->next = s->hosts != NULL ? (int32_t)(s->hosts - h) : 0;
	s->hosts = h;
}

/* Do the sites have the same hosts as those of the listener's endpoint that came first? Then they share them. */
static bool
hosts_shared(struct tabler *tb)
{
	const struct hosts *h = &tb->lo->hosts;

	for (size_t i = 0; i < h->count; i++) {
		struct plan_site *s = tb->site[i];

		if (s->hosts == NULL)
			s->hosts = h->site[i]->hosts;
		if (s->hosts != h->site[i]->hosts || s->host_count != h->site[i]->host_count)
			return false;
	}
	return true;
}

/* Gives each site its hosts, sorted. */
static void
sites_fill(struct tabler *tb, const struct listener_rules *lr)
{
	struct lower *lo = tb->lo;
	struct hosts *h = &lo->hosts;
	struct plan_host *copies = NULL, *copy;
	struct host_walk at;
	bool first = h->site == NULL;
	size_t i = 0;

	if (!first && hosts_shared(tb))
		return;
	for (uint32_t k = 0; k < lo->sites_made.count; k++)
		site_at(lo, k)->hosts = NULL;
	if (!first && (copies = arena_array(lo->mem, h->count, sizeof(*copies))) == NULL)
		return;
	for (struct plan_host *n = host_first(lo, lr, &at); n != NULL; n = host_after(lo, &at)) {
		if (n->again)
			continue;
		copy = first ? n : &copies[i];
		if (!first)
			*copy = *n;
		host_attach(tb->site[i++], copy);
	}
	for (uint32_t k = 0; k < lo->sites_made.count; k++) {
		if (site_at(lo, k)->host_count > 1)
			site_sort(tb, site_at(lo, k));
	}
	if (first)
		h->site = tb->site;
}

static void
sites_make(struct tabler *tb, const struct listener_rules *lr)
{
	struct lower *lo = tb->lo;
	struct hosts *h = &lo->hosts;
	struct host_walk at;
	size_t i = 0, size;

	hosts_of(lo, lr);
	size = h->count * sizeof(*tb->site);
	if (lo->failed || (tb->site = budget_realloc(&lo->t->budget, NULL, 0, size)) == NULL) {
		lo->failed = true;
		return;
	}
	for (struct plan_host *n = host_first(lo, lr, &at); n != NULL && !lo->failed && !lo->too_large;
	     n = host_after(lo, &at)) {
		if (!n->again)
			host_lower(tb, n, at.rule, i++);
	}
	if (!lo->failed && !lo->too_large)
		sites_fill(tb, lr);
	if (h->site != tb->site)
		budget_free(&lo->t->budget, tb->site, size);
}

void
plan_tables(struct lower *lo, struct plan_endpoint *e)
{
	struct tabler tb = { .lo = lo, .e = e };
	const struct tmg_listener *l = e->listener->l;
	struct listener_rules *lr = listener_rules(lo, l);

	if (lr == NULL || e->redirect_all)
		return;
	lo->endpoint++;
	arena_init(&tb.mem, &lo->t->budget);
	hmap_init(&tb.tables, &lo->t->budget);
	hmap_init(&tb.sites, &lo->t->budget);
	/* RedirectHTTPAsHTTPS 2 without an HTTPS port, or of a value nobody knows: the plain port refuses everything. */
	if (e->tls || l->redirect_http == 0 || l->redirect_http == 1)
		sites_make(&tb, lr);
	hmap_free(&tb.tables);
	hmap_free(&tb.sites);
	stretch_free(lo, &lo->sites_made);
	budget_free(&lo->t->budget, tb.rules.v, tb.rules.cap * sizeof(*tb.rules.v));
	lo->failed |= tb.mem.failed || lo->mem->failed;
	arena_free(&tb.mem);
}
