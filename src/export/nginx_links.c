/*
 * Link translation: texts in pages, Location and the domain of cookies. See
 * nginx.h.
 */
#include "export/nginx.h"

bool
ng_has_links(struct plan_route r)
{
	return r.deed->action == PLAN_FORWARD && plan_rule_of(r) != NULL && plan_rule_of(r)->has_links;
}

const struct plan_links *
ng_links_of(const struct plan *p, struct plan_route r)
{
	return ng_has_links(r) ? plan_links_of(p, plan_rule_of(r)) : NULL;
}

static bool
too_long(const struct plan_link *l)
{
	return ng_word_length(l->from) > NGINX_WORD_MAX - 100 || ng_word_length(l->to) > NGINX_WORD_MAX - 100 ||
	    nginx_path_regex(NULL, l->from, NGINX_PATH_DECODED) > NGINX_WORD_MAX - 100;
}

/* What stands in the place of a text, within quotes. */
static void
put_to(struct ng *w, const struct plan_link *l, bool tls)
{
	if (l->here)
		out_str(w->o, tls ? "https://$host$tmg_port_https" : "http://$host$tmg_port_http");
	nginx_part(w->o, l->to, NGINX_VARIABLES);
}

void
ng_put_links(struct ng *w, const char *indent, const struct plan_links *links, bool tls)
{
	const struct plan_link *l;
	const struct tmg_text *t;

	out_fmt(w->o, "%s# link translation\n", indent);
	for (l = links->list; l != NULL; l = l->next) {
		if ((l->in & PLAN_IN_HEADERS) == 0 || too_long(l))
			continue;
		out_fmt(w->o, "%sproxy_redirect \"~*^", indent);
		nginx_path_regex(w->o, l->from, NGINX_PATH_DECODED);
		out_str(w->o, "(?<tmg_rest>.*)\\z\" \"");
		put_to(w, l, tls);
		out_str(w->o, "$tmg_rest\";\n");
	}
	out_fmt(w->o, "%sproxy_cookie_domain ", indent);
	nginx_word(w->o, links->site, NGINX_VARIABLES);
	out_fmt(w->o, " $host;\n%ssub_filter_once off;\n", indent);
	if (links->types != NULL) {
		out_fmt(w->o, "%ssub_filter_types", indent);
		for (t = links->types; t != NULL; t = t->next) {
			out_str(w->o, " ");
			nginx_word(w->o, t->s, NGINX_LITERAL);
		}
		out_str(w->o, ";\n");
	}
	for (l = links->list; l != NULL; l = l->next) {
		if ((l->in & PLAN_IN_PAGES) == 0 || too_long(l))
			continue;
		out_fmt(w->o, "%ssub_filter \"", indent);
		nginx_part(w->o, l->from, NGINX_VARIABLES);
		out_str(w->o, "\" \"");
		put_to(w, l, tls);
		out_str(w->o, "\";\n");
	}
}
