/*
 * http.conf without its servers: what they look things up in. See nginx.h.
 */
#include "export/nginx.h"

static const char http_head[] = "# The HTTP side of what the export publishes. Belongs inside http{}: nginx.conf\n"
				"# beside it includes it; a configuration of your own can do the same.\n"
				"# REPORT.md says what to do before it goes live.\n"
				"#\n"
				"# A location that refuses also takes spellings that a server may read as its path\n"
				"# (dots and blanks at the end, ;parameters, encoded twice); hence its expression.\n"
				"#\n"
				"# Rules that do the very same share a server: each name stands below its rule.\n"
				"#\n"
				"# All names made here begin with tmg_. Each server holds its own settings, so\n"
				"# that other sites of the same nginx keep theirs; where a port has many servers,\n"
				"# they include them from tmg_settings_N.conf, which nginx looks for beside its\n"
				"# nginx.conf.\n"
				"#\n"
				"# \"Connection close\" to the servers is a guard, not a preference: Windows sign-in\n"
				"# belongs to a connection, and a kept connection would hand one client's identity\n"
				"# to the next. nginx 1.29.7 and later keep connections unless told otherwise.\n";

static const char bad_path[] =
    "# Spellings of a path that could mean another path to the server than to the\n"
    "# rules. nginx decides on the decoded path and sends the one that came.\n"
    "map $request_uri $tmg_bad_path {\n"
    "\tdefault 1; # also when an expression fails\n"
    "\n"
    "\t# What most requests look like, first, so that they need not go through all of the\n"
    "\t# others: letters, digits, - and _, dots behind them. None of the others has such a path.\n"
    "\t\"~^/(?:[0-9A-Za-z_-][0-9A-Za-z_.-]*+/?+)*+(?:\\?|\\z)\" 0;\n"
    "\n"
    "\t# a backslash, which IIS reads as a slash; a bare \"#\"\n"
    "\t\"~*^[^?]*(?:[\\x5c#]|%(?:25)*+5c)\" 1;\n"
    "\n"
    "\t# a control character\n"
    "\t\"~*^[^?]*(?:[\\x00-\\x1f\\x7f]|%(?:25)*+(?:[01][0-9a-f]|7f))\" 1;\n"
    "\n"
    "\t# a segment of nothing but dots and blanks, also with ;parameters behind it\n"
    "\t\"~*^[^?]*(?:/|%(?:25)*+2f)(?:\\.|%(?:25)*+2[0e])++(?:[/?;]|%(?:25)*+(?:2f|3b)|\\z)\" 1;\n"
    "\n"
    "\t# ;parameters that take the place of a segment\n"
    "\t\"~*^[^?]*(?:/|%(?:25)*+2f)(?:;|%(?:25)*+3b)[^?]*?(?:/|%(?:25)*+2f)\" 1;\n"
    "\n"
    "\t# a character that needs no encoding, encoded twice; a code that is encoded itself\n"
    "\t\"~*^[^?]*%(?:25)++(?:2[de]|3[0-9]|[46][1-9a-f]|5[0-9af]|7[0-9ae])\" 1;\n"
    "\t\"~*^[^?]*%(?:25)++[0-9a-f]?%(?:25)*+(?:3[0-9]|[46][1-6])\" 1;\n"
    "\n"
    "\t# %uXXXX, which only IIS knows; overlong UTF-8\n"
    "\t\"~*^[^?]*%(?:25)*+u[0-9a-f]{4}\" 1;\n"
    "\t\"~*^[^?]*(?:[\\xc0\\xc1]|%(?:25)*+c[01])(?:[\\x80-\\xbf]|%(?:25)*+[89ab][0-9a-f])\" 1;\n"
    "\t\"~*^[^?]*(?:\\xe0|%(?:25)*+e0)(?:[\\x80-\\x9f]|%(?:25)*+[89][0-9a-f])\" 1;\n"
    "\n"
    "\t\"~^\" 0;\n"
    "}\n";

/* Rules that are not live, in their order, so that nothing is missing. */
static void
put_unpublished(struct ng *w)
{
	static const char *const words[] = { "never reached: earlier rules take its requests", "disabled",
		"closed: whatever it matches is refused", "not written" };
	const struct plan_rule *r;
	size_t i;
	bool any = false;

	for (i = 0; i < w->p->rule_count; i++) {
		r = &w->p->rules[i];
		if (r->r->web == NULL || (r->state == PLAN_LIVE && r->routes > 0 && !r->opened))
			continue;
		if (!any)
			out_str(w->o,
			    "\n# Publishing rules that do not forward, or forward only because they were opened:\n");
		any = true;
		out_comment_obj(w->o, "", &r->r->o);
		if (r->state != PLAN_LIVE || r->routes == 0)
			out_fmt(w->o, "#   %s\n", words[r->state]);
		ng_notes(w, "", plan_reasons_of(w->p, r));
	}
}

/* Two variables for each map of a route; nginx warns above some hundred. */
static void
put_variable_size(struct ng *w)
{
	const struct plan_pool *pool;
	size_t n = w->x->source_count + w->x->list_count + ng_filter_variables(w->p);

	for (uint32_t id = 1; id <= w->p->routes.count; id++) {
		struct plan_route r = plan_route(w->p, id);

		n += (ng_uri(w->x, r) == id) + (ng_may_lack_host(r) ? 1u : 0u);
	}
	for (pool = w->p->pools; pool != NULL; pool = pool->next)
		n += pool->sticky_cookie ? 4u : 0u;
	if (n > 200)
		out_fmt(w->o,
		    "\n# Many maps; these hold for the whole of http{}, too.\n"
		    "variables_hash_max_size %zu;\nvariables_hash_bucket_size 128;\n",
		    ng_power_of_two(1024, n * 4));
}

static void
put_port_map(struct ng *w, bool tls)
{
	const char *scheme = tls ? "https" : "http";

	/* Most requests name no port and need no more than the first look. */
	out_fmt(w->o,
	    "map $http_host $tmg_port_%s {\n\tdefault \"\";\n\t\"~:\" $tmg_own_port_%s;\n}\n"
	    "map \"$host $http_host\" $tmg_own_port_%s {\n\tdefault \"\";\n"
	    "\t\"~*^(?<tmg_name>[^ ]+) \\k<tmg_name>\\.?:(?!%u\\z)(?<tmg_number>[0-9]{1,5})\\z\" "
	    "\":$tmg_number\";\n}\n",
	    scheme, scheme, scheme, tls ? 443u : 80u);
}

/* Does it send the name on that it was asked for, or write it into links? */
static bool
route_sends_name(struct plan_route r)
{
	return r.deed->action == PLAN_FORWARD && (r.deed->host == NULL || ng_has_links(r));
}

static bool
table_sends_name(const struct plan_table *t)
{
	const struct plan_path *path;
	const struct plan_choice *c;
	struct plan_route r;
	uint32_t i = 0;

	while (i < t->n_routes && !route_sends_name(plan_table_route(t, i)))
		i++;
	for (path = i < t->n_routes ? t->shape->paths : NULL; path != NULL; path = path->next)
		for (c = ng_path_of(t, path).lets_in ? path->choices : NULL; c != NULL; c = c->next) {
			r = ng_choice_route(t, c);
			if (r.deed != NULL && route_sends_name(r))
				return true;
		}
	return false;
}

/* Does a server of this kind of endpoint send the name on that it was asked for? */
static bool
sends_name(const struct plan *p, bool tls)
{
	for (const struct plan_endpoint *e = p->endpoints; e != NULL; e = e->next) {
		for (uint32_t i = 0; i < e->site_count && e->tls == tls; i++) {
			struct plan_site s = plan_site(e, i);

			if (table_sends_name(&s.table))
				return true;
		}
	}
	return false;
}

static void
put_port_maps(struct ng *w)
{
	bool http = sends_name(w->p, false), https = sends_name(w->p, true);

	if (!http && !https)
		return;
	out_str(w->o,
	    "\n# The port of the Host header, when it is not the scheme's own. Host is rebuilt from\n"
	    "# the name that the decision was made on.\n");
	if (http)
		put_port_map(w, false);
	if (https)
		put_port_map(w, true);
}

static void
put_host_map(struct ng *w, struct plan_route r)
{
	out_str(w->o, "\n");
	ng_rule(w, "", plan_rule_of(r));
	out_fmt(w->o, "map $host $tmg_host_%u {\n\tdefault $host;\n\t\"\" ", (unsigned)r.rule);
	nginx_word(w->o, r.deed->site, NGINX_VARIABLES);
	out_str(w->o, ";\n}\n");
}

static void
put_path_map(struct ng *w, struct plan_route r)
{
	const struct plan_mapping *m = r.deed->map;
	bool root = m->internal[0] == '\0';
	uint32_t others = w->x->uri_routes[r.id] - 1;

	out_str(w->o, "\n");
	ng_rule(w, "", plan_rule_of(r));
	if (others > 0)
		out_fmt(w->o, "#   and %u more that change paths in this way\n", (unsigned)others);
	out_fmt(w->o, "map $request_uri $tmg_uri_r%u {\n\tdefault \"\"; # refused\n\t\"~*^", (unsigned)r.id);
	nginx_path_regex(w->o, m->external, NGINX_PATH_RAW);
	if (!m->prefix)
		out_str(w->o, "(?=\\?|\\z)(?<tmg_rest>.*)\\z\" \"");
	else if (m->external[0] == '\0')
		out_str(w->o, "(?<tmg_rest>/.*)\\z\" \"");
	else if (root)
		out_str(w->o, "(?:/|(?=\\?|\\z))(?<tmg_rest>.*)\\z\" \"");
	else
		out_str(w->o, "(?=[/?]|\\z)(?<tmg_rest>.*)\\z\" \"");
	nginx_part(w->o, root && m->external[0] != '\0' ? "/" : m->internal, NGINX_VARIABLES);
	out_str(w->o, "$tmg_rest\";\n}\n");
}

static void
put_maps(struct ng *w)
{
	struct plan_route r;
	const struct plan_rule *named = NULL;
	bool any = false;

	put_port_maps(w);
	for (uint32_t id = 1; id <= w->p->routes.count; id++) {
		r = plan_route(w->p, id);
		if (r.deed->action != PLAN_FORWARD)
			continue;
		if (ng_may_lack_host(r) && plan_rule_of(r) != named) {
			put_host_map(w, r);
			named = plan_rule_of(r); /* routes come in the order of rules */
		}
		if (ng_uri(w->x, r) != id)
			continue;
		if (!any)
			out_str(w->o, "\n# Paths with another name inside, made from the URL as it came.\n");
		any = true;
		put_path_map(w, r);
	}
}

/* Those that are `searched`, or the others. */
static void
put_pools(struct ng *w, bool searched)
{
	const struct ng_pool *of;

	for (const struct plan_pool *pool = w->p->pools; pool != NULL; pool = pool->next) {
		of = &w->x->pools[pool->id];
		if (of->route == 0 || of->searched != searched)
			continue;
		ng_rule(w, "", plan_rule_of(plan_route(w->p, of->route)));
		ng_put_upstream(w, pool);
	}
}

static void
put_upstreams(struct ng *w)
{
	const struct plan_pool *pool = w->p->pools;

	if (pool != NULL)
		out_str(w->o,
		    "\n# One upstream per server and way to speak to it: nginx remembers TLS sessions, and\n"
		    "# with them that a certificate was good, per upstream. Never add keepalive (see above).\n");
	while (pool != NULL && !w->x->pools[pool->id].searched)
		pool = pool->next;
	if (pool != NULL)
		out_str(
		    w->o, "# Those of paths with another name inside come first: nginx searches the list for them.\n");
	put_pools(w, true);
	put_pools(w, false);
}

static bool
lets_in_any(const struct plan *p)
{
	for (uint32_t id = 1; id <= p->routes.count; id++) {
		struct plan_route r = plan_route(p, id);

		if (r.deed->action == PLAN_FORWARD || (r.deed->action == PLAN_REDIRECT && r.deed->location == NULL))
			return true;
	}
	return false;
}

void
ng_write_http(const struct plan *p, struct ng_index *x, struct out *o)
{
	struct ng w = { p, o, x };
	const struct plan_endpoint *e;

	out_str(o, http_head);
	put_unpublished(&w);
	ng_hash_sizes(&w, "server_names_hash", false, 128);
	put_variable_size(&w);
	ng_dollar(&w, true);
	if (lets_in_any(p)) {
		out_str(o, "\n");
		out_str(o, bad_path);
	}
	put_maps(&w);
	ng_put_sources(&w);
	ng_put_lists(&w);
	ng_put_filters(&w);
	ng_put_cookies(&w);
	ng_put_limit_zones(&w, false);
	put_upstreams(&w);
	for (e = p->endpoints; e != NULL; e = e->next)
		ng_endpoint(&w, e);
}
