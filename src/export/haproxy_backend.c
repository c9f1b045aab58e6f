/*
 * HAProxy's backends: what rules do with some of their requests: Host, path,
 * credentials, server or farm. Rules that do the very same share the backend
 * of the first. All rules of the export stand here in their order, at least as
 * comments.
 */
#include "export/haproxy.h"

static void
write_mapping(const struct hap *h, const struct plan_mapping *m)
{
	struct out *o = h->o;

	if (!m->prefix) {
		out_str(o, "\thttp-request set-path ");
		hap_format(o, m->internal[0] != '\0' ? m->internal : "/");
		out_str(o, "\n");
		return;
	}
	if (m->external[0] == '\0') {
		out_str(o, "\thttp-request set-path '");
		hap_replacement(o, m->internal);
		out_str(o, "%[path]'\n");
		return;
	}
	/* The path that is sent is cut from the one that came. One that reached
	 * this rule in another spelling would go on unmapped: refused. */
	out_str(o, "\thttp-request deny deny_status 403 unless { path -m reg -i -- '^");
	hap_path_regex(o, m->external);
	out_str(o, "(/|$)' }\n\thttp-request replace-path '(?i)^");
	hap_path_regex(o, m->external);
	if (m->internal[0] == '\0') {
		out_str(o, "/?(.*)$' '/\\1'\n");
	} else {
		out_str(o, "(/.*)?$' '");
		hap_replacement(o, m->internal);
		out_str(o, "\\1'\n");
	}
}

void
hap_tls_words(const struct hap *h, struct out *o, const struct plan_pool *pool)
{
	const struct tmg_convert_options *opt = h->p->opt.o;

	if (!pool->tls)
		return;
	out_str(o, " ssl sni ");
	if (pool->tls_name_is_address)
		out_str(o, "var(txn.tmg_no_sni)");
	else
		hap_str(o, pool->tls_name);
	if (opt == NULL || !opt->no_verify) {
		out_str(o, " verifyhost ");
		hap_word(o, pool->tls_name);
	}
}

static void
write_server(const struct hap *h, const struct plan_pool *pool)
{
	struct out *o = h->o;

	out_str(o, "\tserver s1 ");
	hap_host(o, pool->host, hap_word);
	out_str(o, ":");
	out_number(o, pool->port);
	hap_tls_words(h, o, pool);
	out_str(o, "\n");
}

static void
write_backend(const struct hap *h, struct plan_route r)
{
	const struct tmg_web *web = plan_rule_of(r) != NULL ? plan_rule_of(r)->r->web : NULL;
	struct out *o = h->o;

	out_str(o, "backend r");
	out_number(o, r.id);
	out_str(o, " from tmg");
	if (r.deed->filter != NULL) {
		out_str(o, "-f");
		out_number(o, r.deed->filter->id);
	}
	out_str(o, "\n");
	if (r.deed->client_cert)
		out_str(o,
		    "\t# the rule demands a client certificate of the listener's authorities\n"
		    "\thttp-request deny deny_status 403 unless { ssl_c_used } { ssl_c_verify 0 }\n");
	if (plan_rule_of(r) != NULL && plan_rule_of(r)->has_links)
		hap_write_links_request(h);
	if (r.deed->host != NULL) {
		out_str(o, "\thttp-request set-header Host ");
		hap_host(o, r.deed->host, hap_format);
		out_str(o, "\n");
	} else if (r.deed->site != NULL && web != NULL && web->all_public_names) {
		/* Only such a rule takes a request that names no host. */
		out_str(o, "\thttp-request set-header Host ");
		hap_host(o, r.deed->site, hap_format);
		out_str(o, " unless { req.fhdr(host) -m found }\n");
	}
	if (r.deed->map != NULL)
		write_mapping(h, r.deed->map);
	if (!r.deed->pass_credentials)
		out_str(o,
		    "\thttp-request del-header Authorization\n"
		    "\thttp-response del-header WWW-Authenticate\n");
	if (plan_rule_of(r) != NULL && plan_rule_of(r)->has_links)
		hap_write_links_response(h, plan_links_of(h->p, plan_rule_of(r)));
	if (r.deed->pool->transparent)
		out_str(o, "\tsource 0.0.0.0 usesrc clientip\n");
	if (r.deed->pool->tls && r.deed->pool->tls_name_is_address)
		out_str(o, "\t# An address is never sent as SNI: the variable is not set.\n");
	if (r.deed->pool->farm != NULL)
		hap_write_farm(h, r);
	else
		write_server(h, r.deed->pool);
}

uint32_t
hap_answering(struct plan_route r)
{
	return r.deed->first != 0 ? r.deed->first : r.id;
}

static void
write_route(const struct hap *h, struct plan_route r)
{
	uint32_t answering = hap_answering(r);
	struct out *o = h->o;

	if (r.deed->action == PLAN_FORWARD && answering == r.id) {
		write_backend(h, r);
		return;
	}
	out_str(o, "# r");
	out_number(o, r.id);
	switch (r.deed->action) {
	case PLAN_FORWARD:
		out_str(o, ": the same as backend r");
		out_number(o, answering);
		out_str(o, " above, which answers for it\n");
		break;
	case PLAN_REDIRECT: out_str(o, ": redirect, see maps/redirects.map\n"); break;
	case PLAN_DENY: out_str(o, ": answered with 403\n"); break;
	}
}

static void
write_rule_head(const struct hap *h, const struct plan_rule *r)
{
	static const char *const states[] = {
		[PLAN_LIVE] = NULL,
		[PLAN_DISABLED] = "disabled: not written",
		[PLAN_CLOSED] = "closed: what it would take is answered with 403",
		[PLAN_NA] = "not written",
	};
	struct out *o = h->o;

	out_str(o, "\n");
	out_comment_obj(o, "", &r->r->o);
	if (r->state == PLAN_NA && !r->has_reasons && !rule_is_web(r->r))
		out_str(o, "# not written: no web publishing rule\n");
	else if (states[r->state] != NULL)
		out_fmt(o, "# %s\n", states[r->state]);
	for (const struct plan_note *n = plan_reasons_of(h->p, r); n != NULL; n = n->next) {
		const struct diag_row *row = diag_row(n->id);

		out_fmt(o, "# %s%s%s [%s]\n", row->sentence, n->detail != NULL ? ": " : "",
		    n->detail != NULL ? n->detail : "", row->id);
	}
	if (r->state == PLAN_LIVE && r->routes == 0)
		out_str(o, "# never reached: rules before it take all of its requests\n");
}

void
hap_write_rules(const struct hap *h)
{
	const struct plan *p = h->p;
	uint32_t id = 1;

	for (size_t i = 0; i < p->rule_count; i++) {
		write_rule_head(h, &p->rules[i]);
		for (; id <= p->routes.count && plan_route(p, id).rule == i + 1; id++)
			write_route(h, plan_route(p, id));
	}
}
