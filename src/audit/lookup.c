/*
 * Look-ups in the view: which rule gets a host and a path, without looking at every
 * rule that names the host. A list of many rules gets an index: which of them take
 * which path. Lists of the same rules share it. Judges nothing, and knows no check.
 */
#include "audit/audit.h"

#include <stdlib.h>

#define LIST_LONG 16                 /* rules; shorter lists are looked through */
#define PAIRS_MOST ((size_t)1 << 23) /* of all groups; beyond, lists are looked through */

void
lookup_init(struct view *v)
{
	hmap_init(&v->groups, v->a->budget);
	hmap_init(&v->spellings, v->a->budget);
}

void
lookup_free(struct view *v)
{
	hmap_free(&v->groups);
	hmap_free(&v->spellings);
}

/* ---- paths ----------------------------------------------------------------------- */

bool
path_covers(const struct view_path *p, const char *path)
{
	size_t n;

	if (!p->prefix)
		return strcmp(path, p->path) == 0;
	n = strlen(p->path);
	return strncmp(path, p->path, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

bool
rule_covers_path(const struct view_rule *r, const char *path)
{
	size_t low = 0, high = r->via->top_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (path_order(r->via->tops[mid]->path, path) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && path_covers(r->via->tops[low - 1], path);
}

/* ---- classes of paths --------------------------------------------------------------- */

static int
by_class(const void *x, const void *y)
{
	const struct view_class *a = x, *b = y;
	int n = path_order(a->path, b->path);

	return n != 0 ? n : b->prefix - a->prefix;
}

/* "p/owa" or "e/owa/": where the class of a path is found while they are gathered. */
static void **
class_slot(struct hmap *map, struct strbuf *b, const struct view_path *p, bool create)
{
	sb_clear(b);
	sb_putc(b, p->prefix ? 'p' : 'e');
	sb_puts(b, p->path);
	return b->failed ? NULL : hmap_slot(map, b->s, b->len, create);
}

/* Every path of every rule once, with the root; places are not final yet. */
static bool
classes_gather(struct view *v, struct hmap *map, struct strbuf *b)
{
	struct view_class *list = NULL;
	size_t cap = 0;

	for (const struct view_web *w = v->webs; w != NULL; w = w->next)
		cap += w->path_count;
	if ((list = arena_array(v->mem, cap + 1, sizeof(*list))) == NULL)
		return false;
	list[v->class_count++] = (struct view_class){ .path = "", .prefix = true };
	for (const struct view_web *w = v->webs; w != NULL; w = w->next)
		for (size_t k = 0; k < w->path_count; k++) {
			const struct view_path *p = &w->paths[k];
			const char *key;

			if (p->bad || (p->prefix && *p->path == '\0') || class_slot(map, b, p, false) != NULL)
				continue;
			key = b->failed ? NULL : arena_strn(v->mem, b->s, b->len);
			if (key == NULL || hmap_slot(map, key, b->len, true) == NULL)
				return false;
			list[v->class_count++] = (struct view_class){ .path = key + 1, .prefix = p->prefix };
		}
	v->classes = list;
	return true;
}

static bool
class_holds(const struct view_class *c, const char *path)
{
	size_t n = strlen(c->path);

	return c->prefix ? strncmp(path, c->path, n) == 0 && (path[n] == '/' || path[n] == '\0')
			 : strcmp(path, c->path) == 0;
}

/* Parents stand before their children: the nearest is the class before, or above that. */
static void
classes_tie(struct view *v)
{
	for (uint32_t i = 1; i < v->class_count; i++) {
		uint32_t up = i - 1;

		while (up != 0 && (!v->classes[up].prefix || !class_holds(&v->classes[up], v->classes[i].path)))
			up = v->classes[up].parent;
		v->classes[i].parent = up;
	}
}

static bool
classes_place(struct view *v, struct hmap *map, struct strbuf *b)
{
	void **slot;

	for (uint32_t i = 1; i < v->class_count; i++) {
		const struct view_path p = { .path = v->classes[i].path, .prefix = v->classes[i].prefix };

		if ((slot = class_slot(map, b, &p, false)) == NULL)
			return false;
		*slot = (void *)(uintptr_t)i;
	}
	for (struct view_web *w = v->webs; w != NULL; w = w->next)
		for (size_t k = 0; k < w->path_count; k++) {
			struct view_path *p = &w->paths[k];

			if (p->bad || (p->prefix && *p->path == '\0'))
				continue; /* the root is class 0 */
			if ((slot = class_slot(map, b, p, false)) == NULL)
				return false;
			p->cls = (uint32_t)(uintptr_t)*slot;
		}
	return true;
}

bool
classes_make(struct view *v)
{
	struct strbuf b;
	struct hmap map;
	bool good;

	if (v->classes != NULL)
		return true;
	hmap_init(&map, v->a->budget);
	sb_init(&b, v->a->budget);
	good = classes_gather(v, &map, &b);
	if (good) {
		qsort(v->classes, v->class_count, sizeof(*v->classes), by_class);
		classes_tie(v);
		good = classes_place(v, &map, &b);
	}
	sb_free(&b);
	hmap_free(&map);
	v->failed = v->failed || !good;
	return good;
}

/* The nearest class that holds a path, whichever: the others are above it. */
static uint32_t
class_of(const struct view *v, const char *path)
{
	size_t low = 0, high = v->class_count;
	uint32_t at;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (path_order(v->classes[mid].path, path) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	at = low > 0 ? (uint32_t)(low - 1) : 0;
	while (at != 0 && !class_holds(&v->classes[at], path))
		at = v->classes[at].parent;
	return at;
}

/* ---- lists of rules --------------------------------------------------------------------- */

struct view_host *
host_list(struct view *v, const struct view_name *n)
{
	if (n != NULL && n->list != NULL && n->list->count > 0)
		return n->list;
	return n == NULL ? v->any : name_wild(n) ? hmap_get(&v->suffixes, name_host(n)) : view_naming(v, name_host(n));
}

struct view_host *
host_above(struct view *v, const char *host)
{
	struct view_host *h = NULL;

	for (const char *dot = strchr(host, '.'); dot != NULL && h == NULL; dot = strchr(dot + 1, '.'))
		h = hmap_get(&v->suffixes, dot + 1);
	return h;
}

bool
group_of(struct view *v, struct view_host *h)
{
	uint32_t *list, n = 0;
	void **slot;

	if (h->group != NULL)
		return true;
	if ((list = arena_array(v->mem, h->count + 1u, sizeof(*list))) == NULL)
		return false;
	for (const struct view_hosts *x = h->first; x != NULL; x = x->next)
		list[n++] = (uint32_t)x->rule->index;
	if ((slot = hmap_slot(&v->groups, (const char *)list, n * sizeof(*list), true)) == NULL)
		return false;
	if (*slot == NULL) {
		if ((*slot = arena_alloc(v->mem, sizeof(struct view_group))) == NULL)
			return false;
		((struct view_group *)*slot)->id = (uint32_t)v->groups.count;
	}
	h->group = *slot;
	return true;
}

static int
by_number(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, b = *(const uint64_t *)y;

	return a < b ? -1 : a > b;
}

static bool
is_on(const struct view_rule *r)
{
	return r->bound && r->rule->enabled;
}

static size_t
pairs_fill(const struct view_host *h, uint64_t *out)
{
	size_t n = 0;

	for (const struct view_hosts *x = h->first; x != NULL; x = x->next) {
		const struct view_rule *r = x->rule;

		if (!is_on(r))
			continue;
		if (r->rule->deny && r->via->path_count == 0) {
			if (out != NULL)
				out[n] = r->index;
			n++;
		}
		for (size_t i = 0; i < r->via->top_count; i++, n++)
			if (out != NULL)
				out[n] = (uint64_t)r->via->tops[i]->cls << 32 | r->index;
	}
	return n;
}

/* The index of a long list, once it is asked for; NULL: its rules are looked at one by one. */
static const struct view_group *
index_of(struct view *v, struct view_host *h)
{
	struct view_group *g;
	size_t n;

	if (h->count <= LIST_LONG || v->failed)
		return NULL;
	if (!classes_make(v) || !group_of(v, h)) {
		v->failed = true;
		return NULL;
	}
	g = h->group;
	if (!g->indexed) {
		g->indexed = true;
		n = pairs_fill(h, NULL);
		if (n <= PAIRS_MOST - v->pairs) {
			if ((g->pairs = arena_array(v->mem, n + 1, sizeof(*g->pairs))) == NULL) {
				v->failed = true;
				return NULL;
			}
			g->pair_count = pairs_fill(h, g->pairs);
			qsort(g->pairs, n, sizeof(*g->pairs), by_number);
			v->pairs += n;
		}
	}
	return g->pairs != NULL ? g : NULL;
}

/* ---- who gets a request -------------------------------------------------------------------- */

#define LANES 130 /* labels of a host name, and two */

/* One of the lists whose rules cover the host. */
struct lane {
	const struct view_hosts *at;    /* of a short list: what comes next */
	const struct view_group *index; /* of a long one */
	const struct view_rule *next;   /* the next that takes the path */
	bool ended;
};

struct search {
	struct view *v;
	struct lane lanes[LANES];
	size_t n, from; /* rules before `from` have been looked at */
	const char *path;
	uint32_t cls;
	bool tls;
};

static void
lane_add(struct search *s, struct view_host *h)
{
	struct lane *l = &s->lanes[s->n];

	if (h == NULL || s->n == LANES)
		return;
	*l = (struct lane){ .at = h->first, .index = index_of(s->v, h) };
	s->n++;
}

/* The rules whose names cover a host: those of the exact name, of every suffix, and of all names. */
static void
search_make(struct search *s, struct view *v, const char *host, const char *path, bool tls)
{
	s->v = v;
	s->n = s->from = 0;
	s->path = path;
	s->tls = tls;
	s->cls = 0;
	lane_add(s, view_naming(v, host));
	for (const char *dot = strchr(host, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
		lane_add(s, hmap_get(&v->suffixes, dot + 1));
	lane_add(s, v->any);
	for (size_t i = 0; i < s->n; i++)
		if (s->lanes[i].index != NULL) {
			s->cls = class_of(v, path);
			break;
		}
}

static bool
takes_port(const struct view_rule *r, bool tls)
{
	return tls ? r->via->tls_in : r->via->plain_in;
}

static bool
takes(const struct view_rule *r, const char *path, bool tls)
{
	return is_on(r) && takes_port(r, tls) &&
	    (rule_covers_path(r, path) || (r->rule->deny && r->via->path_count == 0));
}

/* The first rule from `from` on that takes exactly this class. */
static const struct view_rule *
class_next(const struct search *s, const struct view_group *g, uint32_t cls)
{
	uint64_t key = (uint64_t)cls << 32 | s->from;
	size_t low = 0, high = g->pair_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (g->pairs[mid] < key)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < g->pair_count && g->pairs[low] >> 32 == cls; low++) {
		const struct view_rule *r = &s->v->rules[g->pairs[low] & UINT32_MAX];

		if (takes_port(r, s->tls))
			return r;
	}
	return NULL;
}

static void
lane_forward(const struct search *s, struct lane *l)
{
	const struct view_rule *r;

	l->next = NULL;
	if (l->index != NULL) {
		for (uint32_t c = s->cls;; c = s->v->classes[c].parent) {
			r = class_next(s, l->index, c);
			if (r != NULL && (l->next == NULL || r->index < l->next->index))
				l->next = r;
			if (c == 0)
				break;
		}
	} else {
		while (l->at != NULL && (l->at->rule->index < s->from || !takes(l->at->rule, s->path, s->tls)))
			l->at = l->at->next;
		l->next = l->at != NULL ? l->at->rule : NULL;
	}
	l->ended = l->next == NULL;
}

/* The next rule, in order, that takes host and path; NULL: none is left. */
static const struct view_rule *
search_next(struct search *s)
{
	const struct view_rule *r = NULL;

	for (size_t i = 0; i < s->n; i++) {
		struct lane *l = &s->lanes[i];

		if (!l->ended && (l->next == NULL || l->next->index < s->from))
			lane_forward(s, l);
		if (l->next != NULL && (r == NULL || l->next->index < r->index))
			r = l->next;
	}
	if (r != NULL)
		s->from = r->index + 1;
	return r;
}

const struct view_rule *
view_first_of(struct view *v, const struct tmg_listener *l, const char *host, const char *path, bool tls,
    view_fits_fn *fits, void *ctx)
{
	const struct view_rule *r;
	struct search s;

	search_make(&s, v, host, path, tls);
	while ((r = search_next(&s)) != NULL)
		if (r->via->listener == l && (fits == NULL || fits(ctx, r)))
			return r;
	return NULL;
}

#define DENIERS 16 /* listeners that deny a host before they allow it; more are not looked at */

const struct view_rule *
view_taker(struct view *v, const char *host, const char *path, bool tls, const struct view_rule **hidden)
{
	const struct tmg_listener *denied[DENIERS];
	const struct view_rule *r;
	struct search s;
	size_t n = 0, i;

	if (hidden != NULL)
		*hidden = NULL;
	search_make(&s, v, host, path, tls);
	while ((r = search_next(&s)) != NULL) {
		for (i = 0; i < n && denied[i] != r->via->listener; i++)
			;
		if (i < n) {
			if (!r->rule->deny && hidden != NULL && *hidden == NULL)
				*hidden = r;
		} else if (!r->rule->deny) {
			return r;
		} else if (n < DENIERS) {
			denied[n++] = r->via->listener;
		} else {
			return NULL;
		}
	}
	return NULL;
}

/* ---- names of a rule ------------------------------------------------------------------------ */

#define NAMES_FEW 16

/* All names of a rule, for those that have many. The first of the same host stays. */
static bool
spellings_add(struct view *v, const struct view_rule *r)
{
	for (size_t i = 0; i < r->name_count; i++) {
		const char *key = arena_fmt(v->mem, "%u %s", r->index, name_host(&r->names[i]));
		void **slot = key == NULL ? NULL : hmap_slot(&v->spellings, key, strlen(key), true);

		if (slot == NULL)
			return false;
		if (*slot == NULL)
			*slot = (void *)(uintptr_t)&r->names[i];
	}
	return true;
}

const struct view_name *
view_rule_name(struct view *v, const struct view_rule *r, const char *host)
{
	const struct view_name *n = NULL;
	struct strbuf b;

	if (r->name_count <= NAMES_FEW) {
		for (size_t i = 0; i < r->name_count; i++)
			if (strcmp(name_host(&r->names[i]), host) == 0)
				return &r->names[i];
		return NULL;
	}
	sb_init(&b, v->a->budget);
	sb_fmt(&b, "%u %s", r->index, name_host(&r->names[0]));
	if (!b.failed && hmap_get(&v->spellings, b.s) == NULL && !spellings_add(v, r))
		v->failed = true;
	sb_clear(&b);
	sb_fmt(&b, "%u %s", r->index, host);
	if (!b.failed)
		n = hmap_get(&v->spellings, b.s);
	v->failed = v->failed || b.failed;
	sb_free(&b);
	return n;
}
