/*
 * Coverage: what should be reachable from outside, whether a rule publishes it, to
 * where, and what logs and checks say of it. Lists; judges nothing.
 */
#include "audit/audit.h"

/* Adds the ids of two lists in the order in which they were found, each once. */
static bool
add_marks(struct view *v, struct tmg_coverage *c, const struct view_mark *a, const struct view_mark *b)
{
	struct tmg_name **tail;

	while (a != NULL || b != NULL) {
		const struct view_mark **m = b == NULL || (a != NULL && a->seq < b->seq) ? &a : &b;

		for (tail = &c->findings; *tail != NULL && strcmp((*tail)->s, (*m)->id) != 0; tail = &(*tail)->next)
			;
		if (*tail == NULL && !name_push(&v->a->mem, &tail, (*m)->id))
			return false;
		*m = (*m)->next;
	}
	return true;
}

/* What was found of a rule, and of this name of it. */
static bool
add_rule_marks(struct view *v, struct tmg_coverage *c, const struct view_rule *r, const char *host)
{
	const char *all = arena_fmt(v->mem, "%u", r->index), *key = arena_fmt(v->mem, "%u %s", r->index, host);

	return all != NULL && key != NULL &&
	    add_marks(v, c, hmap_get(&v->name_marks, all), hmap_get(&v->name_marks, key));
}

/* A row, and the rule that carries its name, if one does. */
static struct tmg_coverage *
row(struct view *v, const char *kind, const char *name, const char *host, const char *path)
{
	struct tmg_coverage *c = arena_alloc(&v->a->mem, sizeof(*c));
	const struct view_rule *r = host == NULL ? NULL : view_taker(v, host, path, true, NULL);

	if (c == NULL || name == NULL)
		return NULL;
	c->kind = kind;
	c->input = v->a->input;
	c->name = arena_str(&v->a->mem, name);
	c->public_name = host == NULL ? NULL : audit_fmt(v, "%s%s", host, path);
	c->evidence.seen = -1;
	if (r == NULL && host != NULL && strcmp(kind, "autodiscover") == 0)
		r = view_taker(v, host, path, false, NULL);
	if (r != NULL) {
		c->published = true;
		c->rule = arena_str(&v->a->mem, r->rule->o.name);
		c->listener = arena_str(&v->a->mem, r->via->listener->o.name);
		c->to = arena_str(&v->a->mem, audit_server(v, r));
		c->bridging = arena_str(&v->a->mem, audit_bridging(v, r));
		c->file = arena_str(&v->a->mem, r->via->input->file);
		c->line = r->rule->o.line;
		if (!add_rule_marks(v, c, r, host))
			return NULL;
	}
	if (host != NULL && !add_marks(v, c, hmap_get(&v->marks, host), NULL))
		return NULL;
	if (strcmp(name, host != NULL ? host : "") != 0 && !add_marks(v, c, hmap_get(&v->marks, name), NULL))
		return NULL;
	*v->a->last_coverage = c;
	v->a->last_coverage = &c->next;
	return v->a->mem.failed || v->failed ? NULL : c;
}

static bool
pool_row(struct view *v, const struct pool *p)
{
	static const char *const kinds[] = { [POOL_OTHER] = "other",
		[POOL_FRONT_END] = "front-end",
		[POOL_DIRECTOR] = "director",
		[POOL_WEB_APPS] = "web-apps" };
	struct tmg_coverage *c;

	if (!p->web_services && p->role != POOL_WEB_APPS)
		return true;
	/* It stands outside: clients need no proxy to reach it. */
	if (p->role == POOL_WEB_APPS && p->web_apps_external && pool_public_host(p) != NULL &&
	    view_naming(v, pool_public_host(p)) == NULL)
		return true;
	c = row(v, kinds[p->role], p->fqdn, pool_public_host(p), "");
	if (c == NULL)
		return false;
	c->evidence = evidence_of(v, p);
	return true;
}

static bool
topology_rows(struct view *v)
{
	for (const struct pool *p = v->site->pools; p != NULL; p = p->next)
		if (!pool_row(v, p))
			return false;
	for (const struct simple_url *u = v->site->urls; u != NULL; u = u->next) {
		const char *path = strcmp(u->path, "/") == 0 ? "" : u->path;

		if (u->active && (u->kind == SIMPLE_MEET || u->kind == SIMPLE_DIALIN || u->kind == SIMPLE_SCHEDULER) &&
		    row(v, "simple-url",
			audit_fmt(
			    v, "%s for %s", u->component, strcmp(u->domain, "*") == 0 ? "all domains" : u->domain),
			u->host, path) == NULL)
			return false;
	}
	for (const struct sip_domain *d = v->site->domains; d != NULL; d = d->next)
		if (row(v, "autodiscover", d->name, audit_fmt(v, "lyncdiscover.%s", d->name), "") == NULL)
			return false;
	return true;
}

/* Without a topology: the names that look like Lync's, as they are published. */
static bool
guessed_rows(struct view *v)
{
	struct hmap seen;
	struct tmg_coverage *c;
	bool good = true;

	hmap_init(&seen, v->a->budget);
	for (size_t i = 0; i < v->rule_count && good; i++) {
		const struct view_rule *r = &v->rules[i];

		for (size_t k = 0; r->live && r->role == ROLE_LYNC && k < r->name_count && good; k++) {
			const struct view_name *n = &r->names[k];

			if (name_bad(n) || name_wild(n) || hmap_get(&seen, name_host(n)) != NULL)
				continue;
			c = row(v,
			    name_kind(n) == NAME_AUTODISCOVER                              ? "autodiscover"
				: name_kind(n) == NAME_MEET || name_kind(n) == NAME_DIALIN ? "simple-url"
											   : "other",
			    name_host(n), name_host(n), "");
			good = c != NULL && hmap_put(&seen, name_host(n), c);
			if (good)
				c->guess = true;
		}
	}
	hmap_free(&seen);
	return good;
}

bool
coverage_make(struct view *v)
{
	return v->topology ? topology_rows(v) : guessed_rows(v);
}
