/*
 * Checks of section A that start from the rules: names that lead to the wrong pool,
 * stand in several rules or do not belong outside.
 */
#include "audit/audit.h"

static bool
is_simple(const struct view_name *n)
{
	return name_kind(n) == NAME_MEET || name_kind(n) == NAME_DIALIN;
}

void
check_NAME_OF_OTHER_POOL(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		for (size_t k = 0; r->live && r->via->to != NULL && k < r->name_count; k++) {
			const struct view_name *n = &r->names[k];

			if (name_kind(n) == NAME_EXTERNAL && name_pool(n) != NULL && name_pool(n) != r->via->to)
				found(v, CHECK_NAME_OF_OTHER_POOL,
				    &(struct about){ .rule = r, .subject = name_host(n), .line = n->line },
				    "%s is the %s %s; the rule leads to %s %s", name_host(n), pool_word(name_pool(n)),
				    name_pool(n)->fqdn, pool_word(r->via->to), r->via->to->fqdn);
		}
	}
}

static bool
inside(const struct view_rule *a, const struct view_rule *b)
{
	for (size_t i = 0; i < a->via->path_count; i++)
		if (!a->via->paths[i].bad && rule_covers_path(b, a->via->paths[i].path))
			return true;
	return false;
}

/* Do both take some request for the same host? */
static bool
overlap(const struct view_rule *a, const struct view_rule *b)
{
	return a->via->listener == b->via->listener &&
	    ((a->via->tls_in && b->via->tls_in) || (a->via->plain_in && b->via->plain_in)) &&
	    (inside(a, b) || inside(b, a));
}

#define TWICE_LOOK 64 /* rules before one that are compared with it */

/* The same of rules that share many names, remembered: both places as key. */
static bool
overlap_known(struct view *v, struct hmap *map, const struct view_rule *a, const struct view_rule *b)
{
	const uint64_t pair = (uint64_t)a->index << 32 | b->index;
	uint64_t *key;
	void **slot;

	if (b->name_count == 1)
		return overlap(a, b);
	if ((slot = hmap_slot(map, (const char *)&pair, sizeof(pair), false)) != NULL)
		return *slot != NULL;
	if ((key = arena_alloc(v->mem, sizeof(*key))) != NULL)
		*key = pair;
	slot = key == NULL ? NULL : hmap_slot(map, (const char *)key, sizeof(*key), true);
	if (slot == NULL) {
		v->failed = true;
		return false;
	}
	*slot = overlap(a, b) ? key : NULL;
	return *slot != NULL;
}

/* A rule whose name of this sort stands in a live rule before it. */
static void
judge_twice(struct view *v, enum check_id id, bool discover)
{
	struct hmap known;

	hmap_init(&known, v->a->budget);
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		for (size_t k = 0; r->live && r->role == ROLE_LYNC && k < r->name_count; k++) {
			const struct view_name *n = &r->names[k];
			const struct view_host *list =
			    name_bad(n) || name_wild(n) ? NULL : view_naming(v, name_host(n));
			const struct view_hosts *h = list != NULL ? list->first : NULL;

			if (discover ? name_kind(n) != NAME_AUTODISCOVER : !is_simple(n))
				continue;
			for (int look = 0; h != NULL && h->rule != r && look < TWICE_LOOK; h = h->next, look++) {
				if (!h->rule->live || !overlap_known(v, &known, h->rule, r))
					continue;
				found(v, id, &(struct about){ .rule = r, .subject = name_host(n), .line = n->line },
				    "%s stands in \"%s\", too", name_host(n), h->rule->rule->o.name);
				break;
			}
		}
	}
	hmap_free(&known);
}

void
check_SIMPLE_TWICE(struct view *v)
{
	judge_twice(v, CHECK_SIMPLE_TWICE, false);
}

void
check_AUTODISCOVER_TWICE(struct view *v)
{
	judge_twice(v, CHECK_AUTODISCOVER_TWICE, true);
}

/* Names of this sort whose rule leads to a pool that is no Director, where there is one. */
static void
judge_director(struct view *v, enum check_id id, bool discover)
{
	for (size_t i = 0; v->director && i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		if (!r->live || r->via->to == NULL || r->via->to->role == POOL_DIRECTOR ||
		    r->via->to->role == POOL_WEB_APPS)
			continue;
		for (size_t k = 0; k < r->name_count; k++) {
			const struct view_name *n = &r->names[k];

			if (discover ? name_kind(n) == NAME_AUTODISCOVER : is_simple(n))
				found(v, id, &(struct about){ .rule = r, .subject = name_host(n), .line = n->line },
				    "%s leads to %s", name_host(n), r->via->to->fqdn);
		}
	}
}

void
check_SIMPLE_NOT_DIRECTOR(struct view *v)
{
	judge_director(v, CHECK_SIMPLE_NOT_DIRECTOR, false);
}

void
check_AUTODISCOVER_NOT_DIRECTOR(struct view *v)
{
	judge_director(v, CHECK_AUTODISCOVER_NOT_DIRECTOR, true);
}

void
check_AUTODISCOVER_INTERNAL(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		for (size_t k = 0; r->live && k < r->name_count; k++)
			if (name_kind(&r->names[k]) == NAME_AUTODISCOVER_INTERNAL)
				found(v, CHECK_AUTODISCOVER_INTERNAL,
				    &(struct about){ .rule = r,
					.subject = name_host(&r->names[k]),
					.line = r->names[k].line,
					.guess = name_guess(&r->names[k]) },
				    "%s", name_host(&r->names[k]));
	}
}

/* ---- autodiscover over HTTP -------------------------------------------------------- */

static bool
all_autodiscover(const struct view_rule *r)
{
	for (size_t i = 0; i < r->name_count; i++)
		if (name_kind(&r->names[i]) != NAME_AUTODISCOVER)
			return false;
	return r->name_count > 0;
}

/* The live Lync rule before this one on its listener, NULL: it is the first. */
static const struct view_rule *
lync_before(struct view *v, const struct view_rule *r)
{
	const struct view_listener *l = view_listener(v, r->via->listener);
	const struct view_rule *first = l != NULL ? l->first_plain : NULL;

	return first != NULL && first->index < r->index ? first : NULL;
}

/* Rules of autodiscover alone that take only HTTP. Ports, host header, authentication
 * and paths have their own rows. */
void
check_AUTODISCOVER_PLAIN(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i], *before;
		struct about about = { .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) };

		if (!r->live || r->role != ROLE_LYNC || !all_autodiscover(r) || r->via->tls_in)
			continue;
		if (r->via->plain_to_tls)
			found(v, CHECK_AUTODISCOVER_PLAIN, &about, "requests go on over SSL, to port %d",
			    r->via->plain_to_port);
		if (r->rule->web->delegation != 1)
			found(v, CHECK_AUTODISCOVER_PLAIN, &about,
			    "delegation is not \"No delegation, and client cannot authenticate directly\"");
		if (r->via->listener->redirect_http != 0)
			found(v, CHECK_AUTODISCOVER_PLAIN, &about, "the listener redirects HTTP to HTTPS");
		if ((before = lync_before(v, r)) != NULL)
			found(v, CHECK_AUTODISCOVER_PLAIN, &about, "\"%s\" comes before it", before->rule->o.name);
	}
}

/* ---- what is only noted -------------------------------------------------------------- */

void
check_EXCHANGE_UNSEEN(struct view *v)
{
	const struct view_rule *first = NULL;

	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		if (r->live && r->role == ROLE_NONE && rule_covers_path(r, "/ews/exchange.asmx"))
			return;
		if (r->live && r->role == ROLE_LYNC && first == NULL)
			first = r;
	}
	if (first != NULL)
		found(v, CHECK_EXCHANGE_UNSEEN,
		    &(struct about){ .file = first->via->input->file, .line = 1, .guess = first->guess },
		    "no path /EWS/* in any rule");
}

void
check_PASSIVE_AUTH(struct view *v)
{
	bool said = false;

	for (const struct pool *p = v->site->pools; p != NULL; p = p->next)
		if (p->passive_auth) {
			found(v, CHECK_PASSIVE_AUTH, &(struct about){ .pool = p }, "%s", p->fqdn);
			said = true;
		}
	if (v->site->passive_auth && !said && v->site->pools != NULL)
		found(v, CHECK_PASSIVE_AUTH, &(struct about){ .file = v->site->pools->file, .line = 1 },
		    "said by the topology");
}

void
check_MCX_ONLY(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];
		size_t k = 0;

		if (!r->live || r->role != ROLE_LYNC || r->pool == NULL || r->pool->version < 8)
			continue;
		while (k < r->via->path_count && strncmp(r->via->paths[k].path, "/mcx", 4) == 0 &&
		    (r->via->paths[k].path[4] == '\0' || r->via->paths[k].path[4] == '/'))
			k++;
		if (k > 0 && k == r->via->path_count)
			found(v, CHECK_MCX_ONLY, &(struct about){ .rule = r }, "%s", r->via->paths[0].written);
	}
}
