/*
 * Checks of section B that look at the server behind a rule: its name, how it is
 * found, and what happens when there are several.
 */
#include "audit/each.h"

#include "base/text.h"

const struct tmg_farm *
rule_farm(const struct view_rule *r)
{
	const struct tmg_web *w = r->rule->web;

	if (!w->lb_enabled || w->farm == NULL || w->farm->to == NULL || w->farm->to->kind != TMG_K_FARM)
		return NULL;
	return (const struct tmg_farm *)(const void *)w->farm->to;
}

/* A name as it is compared; NULL: none, or no host name. */
static const char *
canonical(struct view *v, const char *s)
{
	struct strbuf b;
	const char *out = NULL;
	bool wild;

	if (s == NULL)
		return NULL;
	sb_init(&b, v->a->budget);
	if (host_canonical(s, &b, &wild) && !wild && !b.failed)
		out = arena_str(v->mem, b.s);
	v->failed = v->failed || b.failed;
	sb_free(&b);
	return out;
}

const char *
rule_site(struct view *v, const struct view_rule *r)
{
	return canonical(v, r->rule->web->site);
}

/* Lync must not use the sign-in forms without which the product's cookies do not stick. */
void
check_FARM_AFFINITY(struct view *v)
{
	EACH_LYNC(v, r)
	{
		const struct tmg_farm *f = rule_farm(r);

		if (f != NULL && r->rule->web->affinity == 0)
			found(v, CHECK_FARM_AFFINITY,
			    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
			    "farm \"%s\" by session cookie, which needs form-based sign-in", f->o.name);
		else if (f != NULL)
			found(v, CHECK_FARM_AFFINITY,
			    &(struct about){
				.rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below), .cls = 'L' },
			    "farm \"%s\" by client address, which works; Microsoft supports a hardware load balancer "
			    "only",
			    f->o.name);
	}
}

static bool
has_several(const struct pool *p)
{
	return p->machines != NULL && p->machines->next != NULL;
}

/* The name of a pool with several servers, and nothing else that says where they are. */
void
check_POOL_BY_DNS(struct view *v)
{
	EACH_LYNC(v, r)
	{
		const char *site = rule_site(v, r), *server = canonical(v, r->rule->web->server);
		const struct pool *p = r->via->to;

		if (p == NULL || site == NULL || strcmp(site, p->fqdn) != 0 || rule_farm(r) != NULL)
			continue;
		if (r->rule->web->server != NULL && (server == NULL || strcmp(server, site) != 0))
			continue; /* sent to a stated address or another name */
		if (p->internal_host != NULL && strcmp(p->internal_host, p->fqdn) != 0)
			continue;
		if (has_several(p))
			found(v, CHECK_POOL_BY_DNS, &(struct about){ .rule = r, .line = tmg_site_line(r->rule) },
			    "%s is a pool of several servers", p->fqdn);
	}
}

/* Is it among the names that the certificate of a pool's servers is made with? Those of
 * the pool, of its servers, and of what belongs to all pools: simple URLs, autodiscover. */
static bool
certificate_name(struct view *v, const struct pool *p, const char *site)
{
	const struct pool *owner = pool_of_host(v, site);

	return hmap_get(&v->known, site) != NULL && (owner == NULL || owner == p);
}

void
check_SITE_NAME(struct view *v)
{
	EACH_LYNC(v, r)
	{
		const char *site = rule_site(v, r);
		bool tls = (r->via->tls_in && r->via->tls_to_tls) || (r->via->plain_in && r->via->plain_to_tls);

		if (site == NULL || !tls)
			continue;
		if (host_is_address(site))
			found(v, CHECK_SITE_NAME, &(struct about){ .rule = r, .line = tmg_site_line(r->rule) },
			    "%s is an address, no certificate of a Lync server holds one", site);
		else if (r->pool != NULL && !certificate_name(v, r->pool, site))
			found(v, CHECK_SITE_NAME,
			    &(struct about){ .rule = r, .line = tmg_site_line(r->rule), .guess = true },
			    "%s is no name of %s that the topology tells of", site, r->pool->fqdn);
	}
}

static bool
is_public_name(const struct view_rule *r, const char *site)
{
	for (size_t i = 0; i < r->name_count; i++) {
		const struct view_name *n = &r->names[i];
		size_t host = strlen(name_host(n)), len = strlen(site);

		if (name_bad(n))
			continue;
		if (name_wild(n)
			? len > host + 1 && strcmp(site + len - host, name_host(n)) == 0 && site[len - host - 1] == '.'
			: strcmp(site, name_host(n)) == 0)
			return true;
	}
	return false;
}

void
check_SITE_IS_PUBLIC(struct view *v)
{
	EACH_LYNC(v, r)
	{
		const char *site = rule_site(v, r), *server = canonical(v, r->rule->web->server);

		if (site == NULL || rule_farm(r) != NULL || !is_public_name(r, site))
			continue;
		if (r->rule->web->server == NULL || (server != NULL && strcmp(server, site) == 0))
			found(v, CHECK_SITE_IS_PUBLIC, &(struct about){ .rule = r, .line = tmg_site_line(r->rule) },
			    "%s is found by its name alone", site);
	}
}

/* Only a topology tells the version. Said once for each pool. */
void
check_AFFINITY_2010(struct view *v)
{
	struct hmap said;

	hmap_init(&said, v->a->budget);
	EACH_LYNC(v, r)
	{
		const struct pool *p = r->pool;

		if (p == NULL || p->version != 5 || !has_several(p) || rule_farm(r) != NULL ||
		    hmap_get(&said, p->fqdn) != NULL)
			continue;
		v->failed = !hmap_put(&said, p->fqdn, (void *)(uintptr_t)p) || v->failed;
		found(v, CHECK_AFFINITY_2010, &(struct about){ .rule = r, .subject = p->fqdn },
		    "several servers of Lync Server 2010 behind %s", audit_server(v, r));
	}
	hmap_free(&said);
}
