/*
 * Checks of section B that look at where a rule sends requests: ports, TLS to the
 * server, the host header, the published site.
 */
#include "audit/audit.h"

/* Lync rules that are live, one after the other. */
#define EACH_LYNC(v, r)                                                      \
	for (const struct view_rule *r = (v)->rules; left_of(v, r) > 0; r++) \
		if (r->live && r->role == ROLE_LYNC)

/* Rules from this one on. A view without rules has no list of them. */
static size_t
left_of(const struct view *v, const struct view_rule *r)
{
	return v->rule_count == 0 ? 0 : v->rule_count - (size_t)(r - v->rules);
}

void
check_BRIDGED_PORT(struct view *v)
{
	EACH_LYNC(v, r)
	{
		int want = pool_https(r->pool);
		bool stated = (r->rule->stated & TMG_S_SSL_PORT) != 0;

		if (r->tls_in && r->tls_to_tls && r->tls_to_port != want)
			found(v, CHECK_BRIDGED_PORT, &(struct about){ .rule = r, .line = r->web->line },
			    "port %d%s; %s %d", r->tls_to_port, stated ? "" : ", since the rule states none",
			    r->pool != NULL && r->pool->https_port != 0 ? "the topology says" : "the usual one is",
			    want);
	}
}

void
check_ORIGINAL_HOST(struct view *v)
{
	EACH_LYNC(v, r)
	{
		if (!r->web->original_host)
			found(v, CHECK_ORIGINAL_HOST, &(struct about){ .rule = r, .line = r->web->line },
			    "servers get %s as Host", r->web->site != NULL ? r->web->site : "the site's name");
	}
}
