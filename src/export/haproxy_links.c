/*
 * HAProxy: link translation in headers. It cannot change pages.
 */
#include "export/haproxy.h"

void
hap_write_links_request(const struct hap *h)
{
	out_str(h->o,
	    "\t# what the client calls the site, for link translation\n"
	    "\thttp-request set-var(txn.tmg_scheme) str(http)\n"
	    "\thttp-request set-var(txn.tmg_scheme) str(https) if { ssl_fc }\n"
	    "\thttp-request set-var(txn.tmg_public) req.fhdr(host)\n");
}

static void
write_header(const struct hap *h, const char *header, const struct plan_link *l)
{
	struct out *o = h->o;

	out_fmt(o, "\thttp-response replace-header %s '(?i)^", header);
	hap_text_regex(o, l->from);
	out_str(o, "(.*)$' '");
	if (l->here)
		out_str(o, "%[var(txn.tmg_scheme)]://%[var(txn.tmg_public)]");
	hap_replacement(o, l->to);
	out_fmt(o, "\\1'%s\n", l->here ? " if { var(txn.tmg_public) -m found }" : "");
}

void
hap_write_links_response(const struct hap *h, const struct plan_links *links)
{
	struct out *o = h->o;

	for (const struct plan_link *l = links->list; l != NULL; l = l->next) {
		if ((l->in & PLAN_IN_HEADERS) == 0)
			continue;
		write_header(h, "Location", l);
		write_header(h, "Content-Location", l);
	}
	out_str(o, "\thttp-response replace-header Set-Cookie '(?i)^(.*;\\s*domain=)\\.?");
	hap_text_regex(o, links->site);
	out_str(o, "(\\s*;.*|\\s*)$' '\\1%[var(txn.tmg_host)]\\2' if { var(txn.tmg_host) -m found }\n");
}

/* Pages stay as they are. */
void
hap_links_losses(struct plan *p, struct tmg *t)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].has_links && p->rules[i].routes > 0)
			plan_note(p, t, D_LINK_TRANSLATION, &p->rules[i].r->o, 0, "in pages; headers are translated");
}
