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
	struct arena mem;       /* of one endpoint */
	struct hmap tables;     /* list of several rules -> plan_site */
	struct hmap sites;      /* plan_table pointer -> plan_site, where no rule remembers it */
	struct rule_list rules; /* of the class in hand */
	struct plan_site **last_site;
	struct plan_site **site; /* of each class */
	uint32_t site_count;
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
rule_always(const struct prule *r)
{
	return r->m->sources == NULL && r->m->schedule == NULL;
}

/* ------------------------------------------------------------------- tables */

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

/* The only rule whose routes these are, or NULL. */
static struct prule *
only_rule(struct lower *lo, const struct plan_route *const *routes, uint32_t n)
{
	for (uint32_t i = 1; i < n; i++) {
		if (routes[i]->rule != routes[0]->rule)
			return NULL;
	}
	return n > 0 ? &lo->rules[routes[0]->rule - lo->p->rules] : NULL;
}

static bool
same_table(const struct plan_table *t, const struct plan_shape *shape, const struct plan_route *const *routes)
{
	return t->shape == shape && memcmp(t->routes, routes, shape->slots * sizeof(*routes)) == 0;
}

static struct plan_table *
table_new(struct lower *lo, const struct plan_shape *shape, const struct plan_route *const *routes)
{
	size_t size = shape->slots * sizeof(*routes);
	struct plan_table *t = arena_alloc(lo->mem, sizeof(*t) + size);

	if (t == NULL)
		return NULL;
	t->id = ++lo->table_count;
	t->shape = shape;
	t->n_routes = shape->slots;
	t->routes = (const struct plan_route **)(void *)(t + 1);
	memcpy(t->routes, routes, size);
	t->stream = stream_pool(t);
	*lo->last_table = t;
	lo->last_table = &t->next;
	return t;
}

/* The table of this shape with these routes, whichever endpoint was the first to have it. */
static struct plan_table *
table_get(struct lower *lo, const struct plan_shape *shape, const struct plan_route *const *routes)
{
	struct prule *own = only_rule(lo, routes, shape->slots);
	struct strbuf *key = &lo->key;
	const char *copy;
	void **slot;

	for (size_t i = 0; own != NULL && i < ARRAY_LEN(own->tables); i++) {
		if (own->tables[i] == NULL)
			return own->tables[i] = table_new(lo, shape, routes);
		if (same_table(own->tables[i], shape, routes))
			return own->tables[i];
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

	if (r == NULL)
		return NULL;
	if (r->shape->slots > ARRAY_LEN(few))
		routes = budget_realloc(&lo->t->budget, NULL, 0, r->shape->slots * sizeof(*routes));
	for (uint32_t i = 0; i < r->count && routes != NULL && !lo->failed; i++) {
		const struct slot_use *m = &r->uses[i];
		struct prule *rule = &lo->rules[tb->rules.v[m->place]];

		routes[m->slot] = route_get(lo, tb->e, rule, rule->m->paths->v[m->path].map);
		rule->pr->routes += rule->pr->routes < UINT8_MAX;
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
site_new(struct tabler *tb, const struct plan_table *t)
{
	struct plan_site *s = arena_alloc(tb->lo->mem, sizeof(*s));

	if (s == NULL) {
		tb->lo->failed = true;
		return NULL;
	}
	s->table = t;
	tb->site_count++;
	*tb->last_site = s;
	tb->last_site = &s->next;
	return s;
}

/* The endpoint's site of a table. */
static struct plan_site *
site_get(struct tabler *tb, const struct plan_table *t)
{
	struct lower *lo = tb->lo;
	struct prule *own = only_rule(lo, t->routes, t->n_routes);
	const struct plan_table **key;
	void **slot;

	if (own != NULL && own->endpoint != tb->e)
		own->home = NULL;
	if (own != NULL && own->home == NULL) {
		own->endpoint = tb->e;
		own->alone = false;
		return own->home = site_new(tb, t);
	}
	if (own != NULL && own->home->table == t)
		return own->home;
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
	if (r->endpoint == tb->e && r->alone)
		return r->home;
	if ((t = table_make(tb)) == NULL || (s = site_get(tb, t)) == NULL)
		return NULL;
	r->alone = r->home == s;
	return s;
}

/* -------------------------------------------------------------------- hosts */

static void
host_lower(struct tabler *tb, struct pname *c, size_t number)
{
	struct lower *lo = tb->lo;
	struct plan_site *s;

	host_rules(lo, c, &tb->rules);
	if (lo->failed || tb->rules.n == 0)
		return;
	if ((s = site_of_rules(tb)) == NULL) {
		lo->failed |= !lo->too_large;
		return;
	}
	tb->site[number] = s;
	s->host_count++;
	s->any |= c->h.kind == HOST_ANY;
	if (tb->e->tls && s->table->stream != NULL && c->h.kind != HOST_ANY)
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
	struct plan_host **v = arena_array(&tb->mem, s->host_count + 1u, sizeof(*v)), **tail = &s->hosts;
	size_t n = 0;

	if (v == NULL)
		return;
	for (struct plan_host *h = s->hosts; h != NULL; h = h->next)
		v[n++] = h;
	sort(v, n, sizeof(*v), host_cmp);
	for (size_t i = 0; i < n; i++) {
		*tail = v[i];
		tail = &v[i]->next;
	}
	*tail = NULL;
}

static void
host_attach(struct plan_site *s, struct plan_host *h)
{
	h->next = s->hosts;
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
	struct plan_host *copy;
	bool first = h->site == NULL;
	size_t i = 0;

	if (!first && hosts_shared(tb))
		return;
	for (struct plan_site *s = tb->e->sites; s != NULL; s = s->next)
		s->hosts = NULL;
	for (struct pname *n = host_first(lo, lr); n != NULL; n = host_after(lo, n)) {
		if (n->again)
			continue;
		copy = first ? &n->h : arena_alloc(lo->mem, sizeof(*copy));
		if (copy == NULL)
			return;
		if (!first)
			*copy = n->h;
		host_attach(tb->site[i++], copy);
	}
	for (struct plan_site *s = tb->e->sites; s != NULL; s = s->next) {
		if (s->host_count > 1)
			site_sort(tb, s);
	}
	if (first)
		h->site = tb->site;
}

static void
sites_make(struct tabler *tb, const struct listener_rules *lr)
{
	struct lower *lo = tb->lo;
	struct hosts *h = &lo->hosts;
	size_t i = 0, size;

	hosts_of(lo, lr);
	size = h->count * sizeof(*tb->site);
	if (lo->failed || (tb->site = budget_realloc(&lo->t->budget, NULL, 0, size)) == NULL) {
		lo->failed = true;
		return;
	}
	for (struct pname *n = host_first(lo, lr); n != NULL && !lo->failed && !lo->too_large; n = host_after(lo, n)) {
		if (!n->again)
			host_lower(tb, n, i++);
	}
	if (!lo->failed && !lo->too_large)
		sites_fill(tb, lr);
	if (h->site != tb->site)
		budget_free(&lo->t->budget, tb->site, size);
}

void
plan_tables(struct lower *lo, struct plan_endpoint *e)
{
	struct tabler tb = { .lo = lo, .e = e, .last_site = &e->sites };
	const struct tmg_listener *l = e->listener->l;
	struct listener_rules *lr = listener_rules(lo, l);

	if (lr == NULL || e->redirect_all)
		return;
	arena_init(&tb.mem, &lo->t->budget);
	hmap_init(&tb.tables, &lo->t->budget);
	hmap_init(&tb.sites, &lo->t->budget);
	/* RedirectHTTPAsHTTPS 2 without an HTTPS port, or of a value nobody knows: the plain port refuses everything. */
	if (e->tls || l->redirect_http == 0 || l->redirect_http == 1)
		sites_make(&tb, lr);
	hmap_free(&tb.tables);
	hmap_free(&tb.sites);
	budget_free(&lo->t->budget, tb.rules.v, tb.rules.cap * sizeof(*tb.rules.v));
	lo->failed |= tb.mem.failed || lo->mem->failed;
	arena_free(&tb.mem);
}
