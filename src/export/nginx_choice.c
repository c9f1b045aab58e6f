/*
 * Who is answered how: path classes whose answer depends on the client. Each
 * set of clients is a `geo`; lists of choices are a `map` over these, tried in
 * the plan's order. See nginx.h.
 */
#include "export/nginx.h"

#include "base/addr.h"

#define LIST_PART 150  /* choices in one map: its key is a word of nginx */
#define LIST_MAX 10000 /* nginx follows a chain of less than a hundred maps */

/* ---- questions to the plan ------------------------------------------------ */

static bool
word_fits(const char *s)
{
	return strlen(s) <= NGINX_WORD_MAX / 8 || ng_word_length(s) <= NGINX_WORD_MAX;
}

bool
ng_route_too_long(struct plan_route r)
{
	if (r.deed == NULL || r.deed->action == PLAN_DENY)
		return false;
	if (r.deed->action == PLAN_REDIRECT)
		return r.deed->location != NULL && !word_fits(r.deed->location);
	return r.deed->map != NULL &&
	    (!word_fits(r.deed->map->internal) || !nginx_path_fits(r.deed->map->external, NGINX_PATH_RAW));
}

struct plan_route
ng_choice_route(const struct plan_table *t, const struct plan_choice *c)
{
	struct plan_route r = c->schedule == NULL ? plan_route_of(t, c) : PLAN_NO_ROUTE;

	return r.deed == NULL || r.deed->action == PLAN_DENY || ng_route_too_long(r) ? PLAN_NO_ROUTE : r;
}

/* The answer of a rule that allows: a forward, or the same over TLS first. */
static bool
lets_in(struct plan_route r)
{
	return r.deed != NULL &&
	    (r.deed->action == PLAN_FORWARD || (r.deed->action == PLAN_REDIRECT && r.deed->location == NULL));
}

/* A class that forwards some clients is written in its own spelling, so that no
 * other one gets there. When it also turns clients away by a rule, these must
 * not come in through a wider class under another spelling. (Clients that no
 * choice names need no guard: the rules of a wider class stand here, too.) */
struct ng_path
ng_path_of(const struct plan_table *t, const struct plan_path *path)
{
	struct ng_path is = { NG_REFUSE, false, false, false };
	const struct plan_choice *c = path->choices;
	bool any = false, first = false, others = c == NULL;
	struct plan_route r;
	size_t n = 0;

	for (; c != NULL; c = c->next, n++) {
		r = ng_choice_route(t, c);
		first = n == 0 ? r.deed != NULL : first;
		any = any || r.deed != NULL;
		is.lets_in = is.lets_in || lets_in(r);
		others = others || !lets_in(r);
	}
	c = path->choices;
	is.cut = n > LIST_MAX || !nginx_path_fits(path->path, others ? NGINX_PATH_WIDE : NGINX_PATH_DECODED);
	if (!is.cut && any && (first || c->sources != NULL))
		is.kind = c->sources == NULL ? NG_PLAIN : c->next == NULL ? NG_ONLY : NG_LIST;
	is.lets_in = is.lets_in && is.kind != NG_REFUSE;
	is.guarded = is.lets_in && others && (!path->prefix || path->path[0] != '\0');
	return is;
}

bool
ng_needs_block(struct plan_route r)
{
	return r.deed != NULL && (r.deed->action == PLAN_FORWARD || r.deed->location == NULL);
}

struct plan_route
ng_block_route(const struct plan_table *t, const struct plan_choice *c, bool *many)
{
	struct plan_route r, only = PLAN_NO_ROUTE;

	*many = false;
	for (; c != NULL; c = c->next) {
		r = ng_choice_route(t, c);
		if (!ng_needs_block(r))
			continue;
		*many = *many || (only.deed != NULL && only.id != r.id);
		only = r;
	}
	return only;
}

/* ---- lists ---------------------------------------------------------------- */

/* Where choices stand. */
struct place {
	uintptr_t table; /* its id */
	const struct plan_path *path;
};

static void
list_key(struct strbuf *key, const struct plan_table *t, const struct plan_choice *c)
{
	for (; c != NULL; c = c->next)
		sb_fmt(key, "%u %u %d\n", c->sources != NULL ? (unsigned)c->sources->id : 0,
		    (unsigned)plan_route_of(t, c).id, c->schedule != NULL);
}

static void
index_list(struct ng_index *x, const struct plan_table *t, const struct plan_path *path)
{
	struct place here = { t->id, path }, *place;
	void **at = hmap_slot(&x->by_place, (const char *)&here, sizeof(here), false), **slot;
	const char *copy = NULL;
	struct ng_list *l;
	struct strbuf key;

	if (at != NULL)
		return;
	sb_init(&key, x->mem.budget);
	list_key(&key, t, path->choices);
	slot = hmap_slot(&x->by_content, key.s, key.len, false);
	if (slot == NULL && !key.failed) {
		copy = arena_strn(&x->mem, key.s, key.len);
		l = arena_alloc(&x->mem, sizeof(*l));
		slot = copy != NULL && l != NULL ? hmap_slot(&x->by_content, copy, key.len, true) : NULL;
		if (slot != NULL) {
			l->id = ++x->list_count;
			l->table = *t;
			l->choices = path->choices;
			*x->last_list = l;
			x->last_list = &l->next;
			*slot = l;
		}
	}
	place = slot != NULL ? arena_alloc(&x->mem, sizeof(*place)) : NULL;
	if (place != NULL) {
		*place = here;
		at = hmap_slot(&x->by_place, (const char *)place, sizeof(*place), true);
	}
	if (at != NULL)
		*at = *slot;
	x->failed = x->failed || at == NULL || key.failed;
	sb_free(&key);
}

static void
index_path(struct ng_index *x, const struct plan_table *t, const struct plan_path *path)
{
	const struct plan_choice *c = path->choices;
	enum ng_path_kind kind;

	if (c == NULL || c->sources == NULL)
		return; /* one answer for everybody */
	kind = ng_path_of(t, path).kind;
	if (kind != NG_ONLY && kind != NG_LIST)
		return;
	for (; c != NULL; c = c->next) {
		if (c->sources == NULL || x->used[c->sources->id])
			continue;
		x->used[c->sources->id] = true;
		x->source_count++;
	}
	if (kind == NG_LIST)
		index_list(x, t, path);
}

/* Equal changes of paths are one map. */
static void
index_uri(struct ng_index *x, struct hmap *seen, uint32_t routes, struct plan_route r)
{
	const struct plan_mapping *m = r.deed->map;
	char *key = arena_fmt(&x->mem, "%c%s\n%s", m->prefix ? 'p' : 'e', m->external, m->internal);
	void **slot = key != NULL ? hmap_slot(seen, key, strlen(key), true) : NULL;
	uint32_t first;

	if (x->uri == NULL) {
		x->uri = arena_array(&x->mem, routes + (size_t)1, sizeof(*x->uri));
		x->uri_routes = arena_array(&x->mem, routes + (size_t)1, sizeof(*x->uri_routes));
	}
	if (slot == NULL || x->uri == NULL || x->uri_routes == NULL) {
		x->failed = true;
		return;
	}
	if (*slot == NULL)
		*slot = (void *)(uintptr_t)r.id;
	first = (uint32_t)(uintptr_t)*slot;
	x->uri[r.id] = first;
	x->uri_routes[first]++;
}

static void
index_uris(struct ng_index *x, const struct plan *p)
{
	struct hmap seen;

	hmap_init(&seen, x->mem.budget);
	for (uint32_t id = 1; id <= p->routes.count && !x->failed; id++) {
		struct plan_route r = plan_route(p, id);

		if (r.deed->action == PLAN_FORWARD && r.deed->map != NULL && !ng_route_too_long(r))
			index_uri(x, &seen, p->routes.count, r);
	}
	hmap_free(&seen);
}

static void
index_pools(struct ng_index *x, const struct plan *p)
{
	size_t size = 1;

	for (const struct plan_pool *pool = p->pools; pool != NULL; pool = pool->next)
		size = pool->id >= size ? pool->id + (size_t)1 : size;
	x->pools = arena_array(&x->mem, size, sizeof(*x->pools));
	for (uint32_t id = 1; id <= p->routes.count && x->pools != NULL; id++) {
		struct plan_route r = plan_route(p, id);
		struct ng_pool *of = r.deed->pool != NULL ? &x->pools[r.deed->pool->id] : NULL;

		if (of == NULL)
			continue;
		of->route = of->route != 0 ? of->route : id;
		of->searched = of->searched || r.deed->map != NULL;
	}
	x->failed = x->failed || x->pools == NULL;
}

void
ng_index_make(const struct plan *p, struct ng_index *x)
{
	const struct plan_endpoint *e;
	const struct plan_sources *s;
	size_t sources = 1;

	memset(x, 0, sizeof(*x));
	arena_init(&x->mem, p->budget);
	hmap_init(&x->by_place, p->budget);
	hmap_init(&x->by_content, p->budget);
	x->last_list = &x->lists;
	for (s = p->sources; s != NULL; s = s->next)
		sources = s->id >= sources ? s->id + (size_t)1 : sources;
	x->used = arena_array(&x->mem, sources, sizeof(*x->used));
	x->failed = x->used == NULL;
	if (x->failed)
		return;
	index_uris(x, p);
	index_pools(x, p);
	ng_index_shared(x, p);
	for (e = p->endpoints; e != NULL && !x->failed; e = e->next) {
		for (uint32_t i = 0; i < e->site_count && e->listener->addresses != NULL; i++) {
			struct plan_site site = plan_site(e, i);

			for (const struct plan_path *path = site.table.shape->paths; path != NULL; path = path->next)
				index_path(x, &site.table, path);
		}
	}
}

void
ng_index_free(struct ng_index *x)
{
	hmap_free(&x->by_place);
	hmap_free(&x->by_content);
	arena_free(&x->mem);
}

const struct ng_list *
ng_list_of(const struct ng *w, const struct plan_table *t, const struct plan_path *path)
{
	const struct place place = { t->id, path };
	void **at = hmap_slot(&w->x->by_place, (const char *)&place, sizeof(place), false);

	return at != NULL ? *at : NULL;
}

/* One choice of a map whose key has a digit for each choice with a condition. */
static void
put_choice(struct ng *w, const struct plan_table *t, const struct plan_choice *c, unsigned digit)
{
	struct plan_route r = ng_choice_route(t, c), of = plan_route_of(t, c);

	ng_rule(w, "\t", plan_rule_of(of));
	if (c->schedule != NULL || ng_route_too_long(of))
		out_fmt(w->o, "\t# refused: %s\n",
		    c->schedule != NULL ? "nginx knows no hours" : "longer than nginx can express");
	if (c->sources == NULL)
		out_str(w->o, "\t\"~^\" ");
	else if (digit < 4)
		out_fmt(w->o, "\t\"~^%.*s1\" ", (int)digit, "...");
	else
		out_fmt(w->o, "\t\"~^.{%u}1\" ", digit);
	if (r.deed != NULL)
		out_fmt(w->o, "r%u;\n", (unsigned)r.id);
	else
		out_str(w->o, "deny;\n");
}

static void
put_list(struct ng *w, const struct ng_list *l)
{
	const struct plan_choice *c = l->choices, *k;
	unsigned part = 1, n, digit;

	while (c != NULL) {
		out_str(w->o, "\nmap \"");
		for (k = c, n = 0; k != NULL && n < LIST_PART; k = k->next, n++)
			if (k->sources != NULL)
				out_fmt(w->o, "$tmg_s%u", (unsigned)k->sources->id);
		out_fmt(w->o, part == 1 ? "\" $tmg_c%u" : "\" $tmg_c%u_%u", (unsigned)l->id, part);
		out_str(w->o, " {\n\tdefault deny;\n");
		for (n = digit = 0; c != NULL && n < LIST_PART; c = c->next, n++) {
			put_choice(w, &l->table, c, digit);
			digit += c->sources != NULL;
		}
		part++;
		if (c != NULL)
			out_fmt(w->o, "\t\"~^\" $tmg_c%u_%u;\n", (unsigned)l->id, part);
		out_str(w->o, "}\n");
	}
}

void
ng_put_lists(struct ng *w)
{
	const struct ng_list *l;

	if (w->x->lists != NULL)
		out_str(w->o,
		    "\n# Paths that rules share and tell apart by the client: the first rule whose clients\n"
		    "# these are (a 1 in its place) takes the request.\n");
	for (l = w->x->lists; l != NULL; l = l->next)
		put_list(w, l);
}

/* ---- sets of clients ------------------------------------------------------ */

struct blocks {
	struct out *o; /* NULL: only count */
	size_t n;
	char value;
};

static void
put_network(struct blocks *b, const char *address, int bits)
{
	b->n++;
	if (b->o != NULL)
		out_fmt(b->o, "\t%s/%d %c;\n", address, bits, b->value);
}

static bool
covers_v4(const uint8_t base[16], int bits)
{
	static const uint8_t v4[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0 };
	int full = bits / 8, rest = bits % 8;

	return bits <= 96 && memcmp(base, v4, (size_t)full) == 0 &&
	    (rest == 0 || ((base[full] ^ v4[full]) >> (8 - rest)) == 0);
}

/* nginx keeps a table for each family and reads 0.0.0.0/0 as a second default. */
static void
put_block(void *ctx, const uint8_t base[16], int bits)
{
	struct blocks *b = ctx;
	char text[ADDR_TEXT];

	if (covers_v4(base, bits)) {
		put_network(b, "0.0.0.0", 1);
		put_network(b, "128.0.0.0", 1);
	}
	addr_print(base, text);
	if (!addr_is_v4(base))
		put_network(b, text, bits);
	else if (bits > 96)
		put_network(b, text, bits - 96);
}

static void
put_geo(struct ng *w, const struct plan_sources *s)
{
	struct blocks in = { NULL, 0, '1' }, rest = { NULL, 0, '0' };
	struct addrset others;
	bool inverse;

	addrset_init(&others, w->p->budget);
	addrset_add_all(&others);
	addrset_subtract(&others, &s->set);
	addrset_each_block(&s->set, put_block, &in);
	addrset_each_block(&others, put_block, &rest);
	inverse = !others.failed && rest.n < in.n;
	if (s->label != NULL && s->label[0] != '\0')
		out_fmt(w->o, "\n# %s", s->label);
	out_fmt(w->o, "\ngeo $tmg_s%u {\n\tdefault %c;\n", (unsigned)s->id, inverse ? '1' : '0');
	in.o = rest.o = w->o;
	if (inverse)
		addrset_each_block(&others, put_block, &rest);
	else
		addrset_each_block(&s->set, put_block, &in);
	out_str(w->o, "}\n");
	addrset_free(&others);
}

void
ng_put_sources(struct ng *w)
{
	const struct plan_sources *s;

	if (w->x->source_count > 0)
		out_str(w->o, "\n# The clients that rules are for: 1 is yes.\n");
	for (s = w->p->sources; s != NULL; s = s->next)
		if (w->x->used[s->id])
			put_geo(w, s);
}
