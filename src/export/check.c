/*
 * check.sh: what a plan must answer, as a script of curl calls. The script
 * itself (check_script.def) is the same for every plan; behind it stands a list of
 * facts in a quoted here-document, which bash neither expands nor runs. Each fact
 * is a word of ours, then fields divided by tabs. Paths that are published in the
 * same way for several sites stand there once. Knows the plan, and of targets
 * only the name.
 */
#include "export/check.h"

#include "base/addr.h"
#include "base/text.h"

#define LONGEST 900 /* bytes of a path or URL; curl and proxies take more, but each its own */
#define MARK "tmgport-check"
#define KNOWN 256 /* lists of paths that are remembered; one that was forgotten is written again */

static const char *const script[] = {
#define L(s) s "\n",
#include "export/check_script.def"
#undef L
};

/* Paths that stand in the list already: those of this table. */
struct known {
	struct plan_table table;
	uint32_t hash, number;
};

struct check {
	const struct plan *p;
	struct out *o;
	struct known shapes[KNOWN], known[KNOWN];
	uint32_t lists; /* of paths, so far */
	struct strbuf text;
	bool failed;
};

/* ---- fields: never empty, never a tab or another control character ------------------- */

static void
put_text(struct check *k, const char *s)
{
	sb_clear(&k->text);
	text_safe(&k->text, s != NULL ? s : "", 200);
	k->failed = k->failed || k->text.failed;
	out_str(k->o, k->text.len > 0 ? k->text.s : "-");
}

/* Bytes that travel in a URL as they are; '%' only where it is an escape already. */
static void
put_url(struct check *k, const char *s, bool escaped)
{
	static const char bare[] = "-._~!$&'()*+,;=:@/";
	unsigned char c;
	size_t n;

	for (; *s != '\0'; s++) {
		for (n = 0; ascii_alnum(s[n]) || s[n] == '/' || (s[n] != '\0' && strchr(bare, s[n]) != NULL); n++)
			continue;
		out_mem(k->o, s, n);
		s += n;
		c = (unsigned char)*s;
		if (c == '\0')
			break;
		if (escaped && c > ' ' && c < 0x7f)
			out_mem(k->o, s, 1);
		else
			out_fmt(k->o, "%%%02X", c);
	}
}

/* ---- what a path class answers ------------------------------------------------------- */

/* What a client gets that has no certificate, as curl has none. */
static enum plan_action
answer_of(struct plan_route r)
{
	return r.deed == NULL || r.deed->client_cert ? PLAN_DENY : r.deed->action;
}

/* Does the class answer each of its requests in the same way, whoever asks and when? */
static bool
same_answer(struct plan_route a, struct plan_route b)
{
	if (answer_of(a) != answer_of(b))
		return false;
	return a.deed->action != PLAN_REDIRECT ||
	    (a.deed->https_port == b.deed->https_port && str_eq(a.deed->location, b.deed->location));
}

/* What the first choice of a class leads to, if it has any. */
static struct plan_route
answer_to(const struct plan_table *t, const struct plan_path *path)
{
	return path->choices != NULL ? plan_route_of(t, path->choices) : PLAN_NO_ROUTE;
}

/* NULL when one answer holds for all, else on what it depends. */
static const char *
depends_on(const struct plan_table *t, const struct plan_path *path)
{
	const struct plan_choice *c = path->choices;
	struct plan_route first = answer_to(t, path);
	bool sources = false, schedule = false, same = true;

	for (; c != NULL; c = c->next) {
		same = same && same_answer(first, plan_route_of(t, c));
		if (c->sources == NULL && c->schedule == NULL)
			break;
		sources = sources || c->sources != NULL;
		schedule = schedule || c->schedule != NULL;
	}
	/* Whom no choice takes is refused. */
	same = same && (c != NULL || answer_of(first) == PLAN_DENY);
	if (same)
		return NULL;
	if (sources && schedule)
		return "depends on the client's address and the time";
	return sources ? "depends on the client's address" : "depends on the time";
}

/* Why a path cannot be asked for in a spelling that every proxy must accept, or NULL. */
static const char *
unaskable(const char *path, struct plan_route r)
{
	const char *s = path, *segment;
	bool high = false, empty = false;

	if (strlen(path) > LONGEST ||
	    (r.deed != NULL && r.deed->location != NULL && strlen(r.deed->location) > LONGEST))
		return "too long to be asked for";
	while (*s != '\0') {
		segment = ++s; /* behind the slash */
		for (empty = true; *s != '\0' && *s != '/'; s++) {
			empty = empty && (*s == '.' || *s == ' ');
			high = high || (unsigned char)*s >= 0x80;
			if ((unsigned char)*s < ' ' || *s == 0x7f || strchr("%\\;#?", *s) != NULL)
				return "holds a character that a proxy may refuse";
		}
		if (empty && s != segment)
			return "holds a segment of dots and blanks, which a proxy may refuse";
	}
	if (high && r.deed != NULL && r.deed->action == PLAN_REDIRECT)
		return "holds a character that a proxy may refuse";
	return NULL;
}

static bool
has_exact(const struct plan_table *t, const char *path, const char *end)
{
	size_t n = strlen(path);

	for (const struct plan_path *p = t->shape->paths; p != NULL && !p->prefix; p = p->next)
		if (strncmp(p->path, path, n) == 0 && strcmp(p->path + n, end) == 0)
			return true;
	return false;
}

/* A request of the class that no exact path takes away from it. */
static void
put_path(struct check *k, const struct plan_table *t, const struct plan_path *path)
{
	put_url(k, path->path, false);
	if (!path->prefix)
		return;
	if (!has_exact(t, path->path, "/"))
		out_str(k->o, "/");
	else if (path->path[0] == '\0' || has_exact(t, path->path, ""))
		out_str(k->o, "/" MARK);
}

static void
put_number(struct check *k, const struct plan_rule *rule)
{
	if (rule != NULL)
		out_number(k->o, (size_t)(rule - k->p->rules) + 1);
	else
		out_str(k->o, "-");
}

/* `own` is the rule of the site, whichever site it is. */
static void
put_class(struct check *k, const struct plan_table *t, const struct plan_path *path, const struct plan_rule *own)
{
	static const char *const words[] = {
		[PLAN_FORWARD] = "forward", [PLAN_REDIRECT] = "redirect", [PLAN_DENY] = "deny"
	};
	struct plan_route r = answer_to(t, path);
	const char *why = unaskable(path->path, r);

	if (why == NULL)
		why = depends_on(t, path);
	out_str(k->o, "path\t");
	out_str(k->o, why != NULL ? "skip" : words[answer_of(r)]);
	out_str(k->o, "\t");
	put_path(k, t, path);
	out_str(k->o, "\t");
	if (plan_rule_of(r) != NULL && plan_rule_of(r) == own)
		out_str(k->o, "=");
	else
		put_number(k, plan_rule_of(r));
	out_str(k->o, "\t");
	if (why != NULL)
		out_str(k->o, why);
	else if (r.deed == NULL || r.deed->action != PLAN_REDIRECT)
		out_str(k->o, "-");
	else if (r.deed->location != NULL)
		put_url(k, r.deed->location, true);
	else
		out_fmt(k->o, "=%u", (unsigned)r.deed->https_port);
	out_str(k->o, "\n");
}

static void
put_paths(struct check *k, const struct plan_table *t, const struct plan_rule *own)
{
	bool root = false;

	out_str(k->o, "paths\t");
	out_number(k->o, ++k->lists);
	out_str(k->o, "\n");
	for (const struct plan_path *path = t->shape->paths; path != NULL; path = path->next) {
		put_class(k, t, path, own);
		root = root || (path->prefix && path->path[0] == '\0');
	}
	if (!root && !has_exact(t, "", "/" MARK))
		out_str(k->o, "path\tdeny\t/" MARK "\t-\t-\n");
}

/* ---- tables that are spelled alike ------------------------------------------------------ */

/* The rule of the first path: most tables have no other. */
static const struct plan_rule *
rule_of_table(const struct plan_table *t)
{
	return t->n_routes > 0 ? plan_rule_of(plan_table_route(t, 0)) : NULL;
}

#define MIX(h, x) (((h) ^ (uint32_t)(x)) * 16777619u)

static uint32_t
hash_of_shape(const struct plan_table *t)
{
	uint32_t h = t->shape->id * 2654435761u;

	for (uint32_t i = 0; i < t->n_routes; i++)
		h = MIX(h, answer_of(plan_table_route(t, i)));
	return h ^ h >> 16;
}

static uint32_t
hash_of_paths(const struct plan_table *t)
{
	uint32_t h = 2166136261u;

	for (const struct plan_path *path = t->shape->paths; path != NULL; path = path->next) {
		for (const char *s = path->path; *s != '\0'; s++)
			h = MIX(h, (unsigned char)*s);
		h = MIX(h, path->prefix ? 256 : 257);
		h = MIX(h, answer_of(answer_to(t, path)));
	}
	return h ^ h >> 16;
}

/* Is all that put_class looks at the same in both? */
static bool
same_route(struct plan_route a, const struct plan_rule *own_a, struct plan_route b, const struct plan_rule *own_b)
{
	if (a.deed == NULL || b.deed == NULL)
		return a.deed == b.deed;
	return (plan_rule_of(a) == own_a ? plan_rule_of(b) == own_b : plan_rule_of(a) == plan_rule_of(b)) &&
	    a.deed->action == b.deed->action && same_answer(a, b);
}

/* Tables of one shape: paths and conditions are the same. */
static bool
same_routes(const struct plan_table *a, const struct plan_table *b)
{
	const struct plan_rule *own_a = rule_of_table(a), *own_b = rule_of_table(b);
	bool same = a->shape == b->shape;

	for (uint32_t i = 0; i < a->n_routes && same; i++)
		same = same_route(plan_table_route(a, i), own_a, plan_table_route(b, i), own_b);
	return same;
}

/* Tables of any shape: conditions that are not the same can be spelled alike. */
static bool
same_paths(const struct plan_table *a, const struct plan_table *b)
{
	const struct plan_rule *own_a = rule_of_table(a), *own_b = rule_of_table(b);
	const struct plan_path *x = a->shape->paths, *y = b->shape->paths;
	bool same = true;

	for (; same && x != NULL && y != NULL; x = x->next, y = y->next)
		same = x->prefix == y->prefix && strcmp(x->path, y->path) == 0 &&
		    same_route(answer_to(a, x), own_a, answer_to(b, y), own_b) &&
		    str_eq(depends_on(a, x), depends_on(b, y));
	return same && x == NULL && y == NULL;
}

/* The number of the list that has the paths of this table, written if need be. */
static uint32_t
list_of(struct check *k, const struct plan_table *t)
{
	uint32_t hash = hash_of_shape(t), paths;
	struct known *x = &k->shapes[hash % KNOWN], *y;

	if (x->table.shape != NULL && x->hash == hash && same_routes(&x->table, t))
		return x->number;
	paths = hash_of_paths(t);
	y = &k->known[paths % KNOWN];
	if (y->table.shape == NULL || y->hash != paths || !same_paths(&y->table, t)) {
		put_paths(k, t, rule_of_table(t));
		*y = (struct known){ .table = *t, .hash = paths, .number = k->lists };
	}
	*x = (struct known){ .table = *t, .hash = hash, .number = y->number };
	return x->number;
}

/* ---- listeners, rules ----------------------------------------------------------------- */

/* "-" where the export holds no address: the administrator has to say it. */
static void
put_listener(struct check *k, const struct plan_listener *l)
{
	bool stated = l->addresses != NULL;

	for (const struct plan_address *a = l->addresses; a != NULL; a = a->next)
		stated = stated && a->text != NULL;
	out_fmt(k->o, "listener\t%u\t%s", (unsigned)l->id, stated ? "" : "-");
	for (const struct plan_address *a = stated ? l->addresses : NULL; a != NULL; a = a->next)
		out_fmt(k->o, "%s%s", a == l->addresses ? "" : " ", a->text);
	out_str(k->o, "\t");
	put_text(k, l->l->o.name);
	out_str(k->o, "\n");
}

static void
put_rule(struct check *k, const struct plan_rule *r, size_t number)
{
	out_str(k->o, "rule\t");
	out_number(k->o, number);
	out_str(k->o, "\t");
	out_label(k->o, &r->r->o);
	if (r->r->o.line != 0) {
		out_str(k->o, " line ");
		out_number(k->o, r->r->o.line);
	}
	out_str(k->o, "\n");
}

/* ---- names ----------------------------------------------------------------------------- */

static bool
covers(const struct plan_host *h, const char *name)
{
	size_t n, len;

	if (h->kind == HOST_EXACT)
		return h->name[0] == name[0] && strcmp(h->name, name) == 0;
	n = strlen(name);
	len = strlen(h->name);
	return h->kind == HOST_SUFFIX && n > len + 1 && name[n - len - 1] == '.' &&
	    strcmp(name + n - len, h->name) == 0;
}

/* A name that no rule states; rules for all names have it. */
static const char *
unstated_name(const struct plan_endpoint *e)
{
	static const char *const names[] = { MARK ".invalid", MARK ".example", MARK ".test", NULL };
	const char *const *name;
	bool taken = true;

	for (name = names; *name != NULL && taken; name += taken ? 1 : 0) {
		taken = false;
		for (uint32_t i = 0; i < e->site_count && !taken; i++)
			for (const struct plan_host *h = plan_site(e, i).hosts; h != NULL && !taken;
			     h = plan_host_next(h))
				taken = covers(h, *name);
	}
	return taken ? NULL : *name;
}

static void
put_names(struct check *k, const struct plan_host *h, const char *unstated)
{
	for (; h != NULL; h = plan_host_next(h)) {
		switch (h->kind) {
		case HOST_EXACT:
			out_str(k->o, "name\t");
			out_str(k->o, h->name);
			out_str(k->o, "\n");
			break;
		case HOST_SUFFIX:
			if (strlen(h->name) + sizeof(MARK) <= 253)
				out_fmt(k->o, "below\t%s\n", h->name);
			break;
		case HOST_ANY:
			if (unstated != NULL)
				out_fmt(k->o, "any\t%s\n", unstated);
			break;
		}
	}
}

/* The paths of a site, its rule, its first name in the same line, then the others. */
static void
put_site(struct check *k, const struct plan_site *s, const char *unstated)
{
	const struct plan_host *h = s->hosts;
	uint32_t list = list_of(k, &s->table);

	out_str(k->o, "site\t");
	out_number(k->o, list);
	out_str(k->o, "\t");
	put_number(k, rule_of_table(&s->table));
	if (h != NULL && h->kind == HOST_EXACT) {
		out_str(k->o, "\t");
		out_str(k->o, h->name);
		h = plan_host_next(h);
	}
	out_str(k->o, "\n");
	put_names(k, h, unstated);
}

/* A plain port all of whose requests are sent to HTTPS: the names are those of the other port. */
static const struct plan_endpoint *
named_endpoint(const struct plan *p, const struct plan_endpoint *e)
{
	if (!e->redirect_all)
		return e;
	for (const struct plan_endpoint *o = p->endpoints; o != NULL; o = o->next)
		if (o->listener == e->listener && o->tls)
			return o;
	return e;
}

static void
put_endpoint(struct check *k, const struct plan_endpoint *e)
{
	const char *unstated = unstated_name(e);
	const struct plan_endpoint *named = named_endpoint(k->p, e);
	bool any = false;

	if (e->listener->addresses == NULL)
		return; /* nothing listens there */
	out_fmt(k->o, "port\t%u\t%u\t%s\n", (unsigned)e->listener->id, (unsigned)e->port, e->tls ? "https" : "http");
	if (e->redirect_all && named->site_count > 0) {
		k->lists++;
		out_fmt(k->o, "paths\t%u\npath\tredirect\t/\t-\t=%u\nsite\t%u\t-\n", (unsigned)k->lists,
		    (unsigned)e->https_port, (unsigned)k->lists);
	}
	for (uint32_t i = 0; i < named->site_count; i++) {
		struct plan_site s = plan_site(named, i);

		if (e->redirect_all)
			put_names(k, s.hosts, unstated);
		else
			put_site(k, &s, unstated);
		any = any || s.any;
	}
	if (any || unstated == NULL)
		return;
	if (e->redirect_all)
		out_fmt(k->o, "unknown\t%s\tredirect\t=%u\n", unstated, (unsigned)e->https_port);
	else
		out_fmt(k->o, "unknown\t%s\tdeny\t-\n", unstated);
}

/* ---- the file -------------------------------------------------------------------------- */

static void
put_list(struct check *k)
{
	const struct plan *p = k->p;

	out_str(k->o, "main \"$@\" 3<<'TMGPORT_LIST'\n");
	for (const struct plan_listener *l = p->listeners; l != NULL; l = l->next)
		put_listener(k, l);
	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].routes > 0)
			put_rule(k, &p->rules[i], i + 1);
	for (const struct plan_endpoint *e = p->endpoints; e != NULL; e = e->next)
		put_endpoint(k, e);
	out_str(k->o, "TMGPORT_LIST\n");
}

bool
check_write(const struct plan *p, const struct writer *target, struct beside *b, struct out_set *s, const char *prefix)
{
	struct check k = { .p = p };

	sb_init(&k.text, p->budget);
	sb_fmt(&k.text, "%scheck.sh", prefix);
	k.failed = k.text.failed;
	k.o = k.failed ? NULL : out_open_program(s, k.text.s);
	if (k.o != NULL) {
		for (size_t i = 0; i < ARRAY_LEN(script); i++)
			out_str(k.o, script[i]);
		out_fmt(k.o, "# Made for %s.\n", target->name);
		if (!beside_copy(b, k.o, "check.sh", &b->list)) {
			put_list(&k);
			beside_wrote(b, k.o, &b->list);
		}
		out_close(k.o);
	}
	sb_free(&k.text);
	return k.o != NULL && !k.failed;
}
