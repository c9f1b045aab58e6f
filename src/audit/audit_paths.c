/*
 * Checks of section B that look at paths and at the order of rules: what a list of
 * paths leaves out, and which rule really gets a request. The directories stand in
 * paths.def.
 */
#include "audit/each.h"

#define FE 1u
#define DIR 2u
#define BOTH (FE | DIR)

static const struct directory {
	const char *dir, *component, *probe, *feature;
	unsigned roles;
	int from, to;
	bool needed;
} directories[] = {
#define P(roles, dir, component, from, to, needed, probe, feature) \
	{ dir, component, probe, feature, roles, from, to, needed },
#include "audit/paths.def"
#undef P
};

/* ---- what is left out ------------------------------------------------------------------ */

enum need {
	NEED_NOT,
	NEED_PERHAPS, /* depends on what is not known: role or version of the pool */
	NEED_SURELY
};

static enum need
need_of(const struct directory *d, const struct pool *p)
{
	const struct tmg_text *c;
	bool known = p != NULL && (p->role == POOL_FRONT_END || p->role == POOL_DIRECTOR);

	if (known && (d->roles & (p->role == POOL_DIRECTOR ? DIR : FE)) == 0)
		return NEED_NOT;
	if (p != NULL && p->components != NULL) {
		for (c = p->components; c != NULL && ascii_casecmp(c->s, d->component) != 0; c = c->next)
			;
		if (c == NULL)
			return NEED_NOT;
		return d->needed ? NEED_SURELY : NEED_PERHAPS;
	}
	if (!d->needed)
		return NEED_NOT;
	if (p != NULL && p->version != 0 &&
	    ((d->from != 0 && p->version < d->from) || (d->to != 0 && p->version > d->to)))
		return NEED_NOT;
	if ((p == NULL || p->version == 0) && (d->from != 0 || d->to != 0))
		return NEED_PERHAPS;
	return known || d->roles == BOTH ? NEED_SURELY : NEED_PERHAPS;
}

/* Is a path of this host published by any rule? A host of many names is judged by the rule alone. */
static bool
is_published(struct view *v, const struct view_rule *r, const char *host, const char *path)
{
	if (host == NULL)
		return rule_covers_path(r, path);
	return view_taker(v, host, path, r->via->tls_in, NULL) != NULL;
}

/* Notes what is lost; true: a feature that is needed. */
static bool
lose(struct strbuf *b, const char *dir, const char *feature, enum need need)
{
	sb_fmt(b, "%s%s (%s)", b->len != 0 ? ", " : "", dir, feature);
	return need == NEED_SURELY;
}

static bool
lost_of_pool(struct view *v, const struct view_rule *r, const char *host, const struct pool *p, struct strbuf *b)
{
	bool needed = false;

	for (size_t i = 0; i < ARRAY_LEN(directories); i++) {
		const struct directory *d = &directories[i];
		enum need need = need_of(d, p);

		if (need != NEED_NOT && !is_published(v, r, host, d->probe))
			needed = lose(b, d->dir, d->feature, need) || needed;
	}
	return needed;
}

/* Names of one purpose: a meeting's URL may have any path, the others begin at the root. */
static bool
lost_of_name(struct view *v, const struct view_rule *r, const char *host, enum name_kind kind, struct strbuf *b)
{
	if (kind == NAME_MEET)
		return !is_published(v, r, host, "/user/id") && lose(b, "/*", "join pages of meetings", NEED_SURELY);
	if (is_published(v, r, host, "/"))
		return false;
	return lose(
	    b, "/", kind == NAME_DIALIN ? "dial-in numbers and PINs" : "clients finding their pool", NEED_SURELY);
}

/* Does another live rule take everything of this host? Then what it takes is a matter of order. */
static bool
has_whole_rule(struct view *v, const char *host)
{
	const struct view_host *h = host != NULL ? view_naming(v, host) : NULL;

	return h != NULL && h->whole;
}

/* Hosts of simple URLs that have a path of their own: whether that is published is another check's. */
static bool
urls_with_path(struct view *v, struct hmap *set)
{
	for (const struct simple_url *u = v->site->urls; u != NULL; u = u->next)
		if (u->active && strcmp(u->path, "/") != 0 && !hmap_put(set, u->host, (void *)(uintptr_t)u))
			return false;
	return true;
}

static void
judge_host(struct view *v, const struct view_rule *r, const struct view_name *n, const char *subject)
{
	const char *host = n != NULL && !name_wild(n) ? name_host(n) : NULL;
	struct strbuf b;
	bool needed;

	sb_init(&b, v->a->budget);
	if (n == NULL || name_kind(n) == NAME_EXTERNAL || name_kind(n) == NAME_OTHER)
		needed = lost_of_pool(v, r, host, n != NULL && name_pool(n) != NULL ? name_pool(n) : r->pool, &b);
	else
		needed = lost_of_name(v, r, host, name_kind(n), &b);
	found(v, CHECK_PATHS, &(struct about){ .rule = r, .subject = subject, .cls = needed ? 'H' : 'L' }, "%s%s",
	    b.len == 0   ? "nothing that clients are known to ask for is left out today"
		: needed ? "lost: "
			 : "left out, which matters where it is used: ",
	    b.s);
	v->failed = v->failed || b.failed;
	sb_free(&b);
}

/* Is it a name whose paths this check knows? */
static bool
is_judged(struct view *v, const struct view_name *n, struct hmap *with_path)
{
	if (name_bad(n) || (!name_wild(n) && has_whole_rule(v, name_host(n))))
		return false;
	switch (name_kind(n)) {
	case NAME_EXTERNAL:
	case NAME_AUTODISCOVER: return true;
	case NAME_MEET:
	case NAME_DIALIN: return hmap_get(with_path, name_host(n)) == NULL;
	case NAME_OTHER: return name_wild(n) || !v->topology;
	default: return false;
	}
}

void
check_PATHS(struct view *v)
{
	struct hmap said, with_path;

	hmap_init(&said, v->a->budget);
	hmap_init(&with_path, v->a->budget);
	v->failed = !urls_with_path(v, &with_path) || v->failed;
	EACH_LYNC(v, r)
	{
		if (r->via->all_paths)
			continue;
		if (r->rule->web->all_public_names)
			judge_host(v, r, NULL, NULL);
		for (size_t i = 0; i < r->name_count && !r->rule->web->all_public_names; i++) {
			const struct view_name *n = &r->names[i];

			if (!is_judged(v, n, &with_path) || (!name_wild(n) && hmap_get(&said, name_host(n)) != NULL))
				continue;
			judge_host(v, r, n, name_wild(n) ? audit_fmt(v, "*.%s", name_host(n)) : name_host(n));
			if (!name_wild(n) && !hmap_put(&said, name_host(n), (void *)(uintptr_t)r))
				v->failed = true;
		}
	}
	hmap_free(&said);
	hmap_free(&with_path);
}

/* ---- who comes first ---------------------------------------------------------------------- */

#define PATHS_SHOWN 100 /* in one detail; further ones are counted */

/* What earlier rules take away from one host of a later one. */
struct order {
	struct view *v;
	const struct view_rule *r;
	const char *host;
	bool tls;
	uint8_t *everybody; /* by rule: 0 not looked at, 1 takes everybody, 2 does not */
	struct taken {
		const struct view_rule *by; /* the first of them */
		struct strbuf paths;
		size_t count;
	} took[2];         /* sent elsewhere, denied */
	struct hmap alike; /* struct alike -> struct known_order */
	struct hmap first; /* listener, host, path, port -> the first rule for everybody */
};

/* Names for which looking gives the same: those that the same rules name, of one purpose. */
struct alike {
	const void *rule, *group, *above, *pool;
	uint64_t kind;
};

/* What was taken of them, once it was looked for: sent elsewhere, denied. */
struct known_order {
	const struct view_rule *by[2];
	const char *paths[2];
};

/* A rule for some clients or hours leaves the others to the next one. */
static bool
takes_everybody(void *ctx, const struct view_rule *r)
{
	struct order *o = ctx;
	uint8_t *known = &o->everybody[r->index];

	if (*known == 0) {
		enum from_whom whom = rule_from(o->v, r);

		*known = r->rule->applies_always && (whom == FROM_ANYWHERE || whom == FROM_OUTSIDE) ? 1 : 2;
	}
	return *known == 1;
}

static bool
same_target(struct order *o, const struct view_rule *a)
{
	const struct view_rule *b = o->r;

	if (o->tls ? a->via->tls_to_port != b->via->tls_to_port || a->via->tls_to_tls != b->via->tls_to_tls
		   : a->via->plain_to_port != b->via->plain_to_port || a->via->plain_to_tls != b->via->plain_to_tls)
		return false;
	if (a->via->to != NULL && b->via->to != NULL)
		return a->via->to == b->via->to;
	if (rule_farm(a) != NULL || rule_farm(b) != NULL)
		return rule_farm(a) == rule_farm(b);
	return ascii_casecmp(audit_server(o->v, a), audit_server(o->v, b)) == 0;
}

#define LIST_LONG 16 /* rules of one host: then what was asked is remembered */

/* The first rule that takes a path of the host from everybody: the same for whoever asks. */
static const struct view_rule *
first_taker(struct order *o, const char *path)
{
	const struct tmg_listener *l = o->r->via->listener;
	const struct view_rule *x = NULL;
	void **slot = NULL;
	const char *key;
	struct strbuf b;

	if (view_naming(o->v, o->host)->count <= LIST_LONG)
		return view_first_of(o->v, l, o->host, path, o->tls, takes_everybody, o);
	sb_init(&b, o->v->a->budget);
	sb_fmt(&b, "%p %d %s %s", (const void *)l, o->tls, o->host, path);
	if (!b.failed && (slot = hmap_slot(&o->first, b.s, b.len, false)) != NULL) {
		x = *slot;
	} else {
		x = view_first_of(o->v, l, o->host, path, o->tls, takes_everybody, o);
		key = b.failed ? NULL : arena_strn(o->v->mem, b.s, b.len);
		slot = key != NULL ? hmap_slot(&o->first, key, b.len, true) : NULL;
		if (slot != NULL)
			*slot = (void *)(uintptr_t)x;
		o->v->failed = o->v->failed || slot == NULL;
	}
	sb_free(&b);
	return x;
}

/* Is a path of the rule taken by one before it? Notes one that denies it or leads elsewhere.
 * `label` is what the path stands for. */
static bool
look_at_path(struct order *o, const char *path, const char *label)
{
	const struct view_rule *x = first_taker(o, path);
	struct taken *t;

	if (x == NULL || x->index >= o->r->index)
		return false;
	if (!x->rule->deny && same_target(o, x))
		return true;
	t = &o->took[x->rule->deny];
	if (t->by == NULL)
		t->by = x;
	if (t->by == x && t->count++ < PATHS_SHOWN)
		sb_fmt(&t->paths, "%s%s", t->paths.len != 0 ? ", " : "", *label != '\0' ? label : "everything");
	return true;
}

/* Do clients ask a name of this kind for this directory? */
static bool
is_asked(const struct order *o, const struct view_name *n, const struct directory *d)
{
	switch (name_kind(n)) {
	case NAME_EXTERNAL:
	case NAME_OTHER: return need_of(d, name_pool(n) != NULL ? name_pool(n) : o->r->pool) != NEED_NOT;
	case NAME_AUTODISCOVER: return strcmp(d->dir, "/autodiscover") == 0;
	case NAME_MEET: return strcmp(d->dir, "/meet") == 0;
	case NAME_DIALIN: return strcmp(d->dir, "/dialin") == 0;
	case NAME_SCHEDULER: return strcmp(d->dir, "/scheduler") == 0;
	default: return false;
	}
}

/* The rule's own paths; and for one that really gets the rest, what clients ask for. */
static void
look_at_host(struct order *o, const struct view_name *n)
{
	const struct view_rule *r = o->r;
	const struct view_host *naming = view_naming(o->v, o->host);
	bool taken = false;

	if (naming->first->rule == r && o->v->suffixes.count == 0 && o->v->any == NULL)
		return; /* it is the first that has the host */
	for (size_t i = 0; i < r->via->path_count; i++)
		if (!r->via->paths[i].bad)
			taken = look_at_path(o, r->via->paths[i].path, r->via->paths[i].path) || taken;
	if (taken || !r->via->all_paths || !takes_everybody(o, r))
		return;
	for (size_t i = 0; i < ARRAY_LEN(directories); i++)
		if (is_asked(o, n, &directories[i]))
			look_at_path(o, directories[i].probe, directories[i].dir);
}

static void
report(struct order *o, const struct view_name *n, const struct known_order *k, bool denied)
{
	const struct about about = { .rule = o->r, .subject = name_host(n), .line = n->line };
	const struct view_rule *by = k->by[denied];

	if (by == NULL)
		return;
	if (denied)
		found(o->v, CHECK_DENIED_BEFORE, &about, "rule \"%s\" (%u) denies %s", by->rule->o.name,
		    by->rule->position, k->paths[1]);
	else
		found(o->v, CHECK_TAKEN_BEFORE, &about, "rule \"%s\" (%u) takes %s and sends it to %s",
		    by->rule->o.name, by->rule->position, k->paths[0], audit_server(o->v, by));
}

/* Looks at a name on TLS, and at HTTP when nothing is taken there. */
static void
look_at_name(struct order *o, const struct view_name *n, struct known_order *out)
{
	for (size_t k = 0; k < ARRAY_LEN(o->took); k++) {
		o->took[k].by = NULL;
		o->took[k].count = 0;
		sb_init(&o->took[k].paths, o->v->a->budget);
	}
	o->host = name_host(n);
	o->tls = true;
	if (o->r->via->tls_in && !o->r->autodiscover_plain)
		look_at_host(o, n);
	o->tls = false;
	if (o->r->via->plain_in && o->took[0].by == NULL && o->took[1].by == NULL)
		look_at_host(o, n);
	for (size_t k = 0; k < ARRAY_LEN(o->took); k++) {
		struct taken *t = &o->took[k];

		if (t->count > PATHS_SHOWN)
			sb_fmt(&t->paths, " and %zu more", t->count - PATHS_SHOWN);
		out->by[k] = t->by;
		out->paths[k] = t->by != NULL ? arena_str(o->v->mem, t->paths.s) : "";
		o->v->failed = o->v->failed || t->paths.failed || out->paths[k] == NULL;
		sb_free(&t->paths);
	}
}

/* Where the answer for a name is kept; NULL: no memory. */
static struct known_order *
alike_slot(struct order *o, const struct view_name *n, bool *known)
{
	struct view_host *own = name_is_own(n) ? NULL : host_list(o->v, n);
	struct alike want, *key;
	void **slot;

	memset(&want, 0, sizeof(want));
	*known = false;
	if (!name_is_own(n) && (own == NULL || !group_of(o->v, own)))
		return NULL;
	want.rule = o->r;
	want.group = own != NULL ? own->group : NULL; /* those of this rule alone are a group */
	want.above = host_above(o->v, name_host(n));
	want.pool = name_pool(n);
	want.kind = (uint64_t)name_kind(n);
	if ((slot = hmap_slot(&o->alike, (const char *)&want, sizeof(want), false)) != NULL) {
		*known = true;
		return *slot;
	}
	if ((key = arena_alloc(o->v->mem, sizeof(*key))) == NULL)
		return NULL;
	*key = want;
	if ((slot = hmap_slot(&o->alike, (const char *)key, sizeof(*key), true)) == NULL)
		return NULL;
	*slot = arena_alloc(o->v->mem, sizeof(struct known_order));
	return *slot;
}

static void
judge_name_order(struct order *o, const struct view_name *n, bool denied)
{
	struct known_order here, *k = &here;
	bool known = false;

	if (o->r->name_count > 1)
		k = alike_slot(o, n, &known);
	if (k != NULL && !known)
		look_at_name(o, n, k);
	if (k == NULL || o->v->failed)
		o->v->failed = true;
	else
		report(o, n, k, denied);
}

/* Both checks come from one look. */
static void
judge_order(struct view *v, bool denied)
{
	struct order o = { .v = v };

	if (v->rule_count == 0)
		return;
	if ((o.everybody = arena_array(v->mem, v->rule_count, 1)) == NULL) {
		v->failed = true;
		return;
	}
	hmap_init(&o.alike, v->a->budget);
	hmap_init(&o.first, v->a->budget);
	EACH_LYNC(v, r)
	{
		o.r = r;
		for (size_t i = 0; i < r->name_count && !r->rule->web->all_public_names; i++)
			if (!name_bad(&r->names[i]) && !name_wild(&r->names[i]))
				judge_name_order(&o, &r->names[i], denied);
	}
	hmap_free(&o.alike);
	hmap_free(&o.first);
}

void
check_TAKEN_BEFORE(struct view *v)
{
	judge_order(v, false);
}

void
check_DENIED_BEFORE(struct view *v)
{
	judge_order(v, true);
}
