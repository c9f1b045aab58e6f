/*
 * What if a pool or a site is down: which public names go dead, where simple URLs and
 * autodiscover can be pointed instead, what stays broken until users are moved.
 */
#include "audit/reach.h"

bool
pool_is_called(const struct pool *p, const char *word)
{
	return ascii_casecmp(p->fqdn, word) == 0 || (p->site != NULL && ascii_casecmp(p->site, word) == 0) ||
	    (p->external_host != NULL && ascii_casecmp(p->external_host, word) == 0);
}

static bool
is_down(struct view *v, const struct pool *p)
{
	return p != NULL && v->a->result.without != NULL && pool_is_called(p, v->a->result.without);
}

/* A pool that is up and whose external web name a rule publishes: a Director before others. */
static const struct pool *
other_pool(struct view *v, const struct view_rule **by)
{
	const struct pool *best = NULL;
	const struct view_rule *r;

	for (const struct pool *p = v->site->pools; p != NULL; p = p->next) {
		if (!p->web_services || p->role == POOL_WEB_APPS || p->external_host == NULL || is_down(v, p) ||
		    reach_of(v, p->external_host, "", &r) != REACH_YES)
			continue;
		if (best == NULL || (p->role == POOL_DIRECTOR && best->role != POOL_DIRECTOR)) {
			best = p;
			*by = r;
		}
	}
	return best;
}

/* Names that any pool can serve: they are dead until the rule leads elsewhere. */
void
check_NAME_GOES_DEAD(struct view *v)
{
	const struct view_rule *by = NULL;
	const struct pool *other = v->a->result.without != NULL ? other_pool(v, &by) : NULL;

	for (size_t i = 0; v->a->result.without != NULL && i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		for (size_t k = 0; r->live && is_down(v, r->via->to) && k < r->name_count; k++) {
			const struct view_name *n = &r->names[k];
			struct about about = { .rule = r, .subject = name_host(n), .line = n->line };

			if (name_kind(n) != NAME_MEET && name_kind(n) != NAME_DIALIN &&
			    name_kind(n) != NAME_AUTODISCOVER && name_kind(n) != NAME_SCHEDULER)
				continue;
			if (other == NULL)
				about.cls = 'H';
			if (other == NULL)
				found(v, CHECK_NAME_GOES_DEAD, &about,
				    "%s; no other pool is published that could serve it", name_host(n));
			else
				found(v, CHECK_NAME_GOES_DEAD, &about, "%s; point it to %s (%s %s), HTTPS port %d",
				    name_host(n), audit_server(v, by), pool_word(other), other->fqdn,
				    pool_https(other));
		}
	}
}

/* The external web names of what is down: no other pool can stand in for them. */
void
check_POOL_DOWN(struct view *v)
{
	for (const struct pool *p = v->a->result.without != NULL ? v->site->pools : NULL; p != NULL; p = p->next) {
		const char *host = pool_public_host(p);
		const char *lost;

		if (!is_down(v, p) || host == NULL || (!p->web_services && p->role != POOL_WEB_APPS))
			continue;
		lost = p->role == POOL_WEB_APPS ? "PowerPoint in meetings"
		    : p->role == POOL_DIRECTOR  ? "web tickets and certificates that clients still ask of it"
						: "all web services of the users whose home it is";
		found(v, CHECK_POOL_DOWN, &(struct about){ .pool = p, .subject = host }, "%s: %s", host, lost);
	}
}

/* A Director that is down while pools go on. */
void
check_DIRECTOR_DOWN(struct view *v)
{
	const struct view_rule *by;
	const struct pool *other = v->a->result.without != NULL ? other_pool(v, &by) : NULL;

	for (const struct pool *p = other != NULL ? v->site->pools : NULL; p != NULL; p = p->next)
		if (p->role == POOL_DIRECTOR && is_down(v, p) && other->role != POOL_DIRECTOR)
			found(v, CHECK_DIRECTOR_DOWN, &(struct about){ .pool = p },
			    "%s takes its place at sign-in once the Edge servers' next hop is %s", other->fqdn,
			    other->fqdn);
}
