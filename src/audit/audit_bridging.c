/*
 * Checks of section B that look at where a rule sends requests: ports, TLS to
 * the server, the host header, whose address the server sees.
 */
#include "audit/each.h"

bool
rule_names_kind(const struct view_rule *r, enum name_kind kind)
{
	for (size_t i = 0; i < r->name_count; i++)
		if (name_kind(&r->names[i]) == kind)
			return true;
	return false;
}

void
check_BRIDGED_PORT(struct view *v)
{
	EACH_LYNC(v, r)
	{
		int want = pool_https(r->pool);
		bool stated = (r->rule->stated & TMG_S_SSL_PORT) != 0;

		if (r->via->tls_in && r->via->tls_to_tls && r->via->tls_to_port != want)
			found(v, CHECK_BRIDGED_PORT,
			    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
			    "port %d%s; %s %d", r->via->tls_to_port, stated ? "" : ", since the rule states none",
			    r->pool != NULL && r->pool->https_port != 0 ? "the topology says" : "the usual one is",
			    want);
	}
}

/* Only where plain requests really come in and go on as such: a listener without a
 * plain port, or one that redirects it, leaves the field without a meaning. */
void
check_BRIDGED_PLAIN_PORT(struct view *v)
{
	EACH_LYNC(v, r)
	{
		int want = pool_http(r->pool);
		bool stated = (r->rule->stated & TMG_S_HTTP_PORT) != 0;

		if (r->via->plain_in && !r->via->plain_to_tls && r->via->plain_to_port != 0 &&
		    r->via->plain_to_port != want)
			found(v, CHECK_BRIDGED_PLAIN_PORT,
			    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
			    "port %d%s; %s %d", r->via->plain_to_port, stated ? "" : ", since the rule states none",
			    r->pool != NULL && r->pool->http_port != 0 ? "the topology says" : "the usual one is",
			    want);
	}
}

/* The plain half of autodiscover is meant to stay plain. */
void
check_TLS_ENDS(struct view *v)
{
	EACH_LYNC(v, r)
	{
		if (r->via->tls_in && !r->via->tls_to_tls && r->via->tls_to_port != 0 && !r->autodiscover_plain)
			found(v, CHECK_TLS_ENDS,
			    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
			    "HTTPS goes on as HTTP to port %d%s", r->via->tls_to_port,
			    (r->rule->stated & TMG_S_SERVER_TYPE) != 0 ? "" : ", since the rule states no bridging");
	}
}

/* meet, dialin and autodiscover fail without it; other web services still answer. */
void
check_ORIGINAL_HOST(struct view *v)
{
	EACH_LYNC(v, r)
	{
		bool by_host = r->rule->web->all_public_names || rule_names_kind(r, NAME_MEET) ||
		    rule_names_kind(r, NAME_DIALIN) || rule_names_kind(r, NAME_SCHEDULER) ||
		    rule_names_kind(r, NAME_AUTODISCOVER);

		if (!r->rule->web->original_host)
			found(v, CHECK_ORIGINAL_HOST,
			    &(struct about){ .rule = r,
				.line = tmg_line(&r->rule->o, r->rule->web->below),
				.cls = by_host ? 'C' : 'H' },
			    "servers get %s as Host",
			    r->rule->web->site != NULL ? r->rule->web->site : "the site's name");
	}
}

void
check_CLIENT_ADDRESS(struct view *v)
{
	EACH_LYNC(v, r)
	{
		if (!r->rule->web->firewall_source)
			found(v, CHECK_CLIENT_ADDRESS,
			    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
			    "%s sees clients outside and answers past the proxy unless its route back leads there",
			    audit_server(v, r));
	}
}
