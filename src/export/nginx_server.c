/*
 * The servers of http.conf. nginx chooses one by the exact name, then by the
 * longest "*.suffix", then the default one, and tries regular-expression
 * locations as they stand: the order of the plan's classes. See nginx.h.
 */
#include "export/nginx.h"

#define LINE_WIDTH 100
#define SHARE_FROM 10 /* servers of an endpoint, from which on a file holds what they share */
#define CUT_PATH 90   /* bytes of a path too long for nginx that are still matched */
/* Bytes of the paths in one pattern: few enough to be read, and for one word of nginx
 * (no byte of a path becomes more than 4 there, or more than 40 when it is refused). */
#define PATHS_DECODED 400
#define PATHS_WIDE 90
#define IDLE_DEFAULT 120 /* seconds: TMG's own default */

static void
put_listens(struct ng *w, const struct plan_endpoint *e, bool is_default)
{
	const struct plan_address *a;
	const char *end = is_default ? " default_server;\n" : ";\n";

	if (e->streams) {
		out_str(w->o, "\tlisten ");
		ng_socket(w, e, NULL, NGINX_LITERAL);
		out_fmt(w->o, " ssl proxy_protocol%s", end);
		return;
	}
	for (a = e->listener->addresses; a != NULL; a = a->next) {
		out_str(w->o, "\tlisten ");
		if (a->text == NULL)
			out_fmt(w->o, "%u", (unsigned)e->port);
		else
			ng_address(w, a->text, e->port);
		out_str(w->o, e->tls ? " ssl" : "");
		out_str(w->o, end);
	}
}

static void
put_names(struct ng *w, const struct plan_site *site)
{
	const struct plan_host *h;
	size_t len, column = 12 + 8;
	bool wrap = site->host_count > 3;

	out_str(w->o, "\tserver_name");
	if (site->any) {
		/* First, so that a request without a host has an empty $host. */
		out_str(w->o, " \"\"");
		column += 3;
	}
	for (h = site->hosts; h != NULL; h = h->next) {
		if (h->kind == HOST_ANY)
			continue;
		len = strlen(h->name) + 3;
		if (wrap && (column + len > LINE_WIDTH || h == site->hosts)) {
			out_str(w->o, "\n\t\t");
			column = 16;
		} else {
			out_str(w->o, " ");
		}
		column += len;
		nginx_name(w->o, h->name, h->kind == HOST_SUFFIX);
	}
	out_str(w->o, ";\n");
}

/* Towards the client. nginx reads the first line of a request with the settings of
 * the server that TLS or the address chose, so that every server needs these. */
static void
put_client_side(struct ng *w, const struct plan_endpoint *e, bool forwards)
{
	int idle = e->listener->l->timeout > 0 ? e->listener->l->timeout : IDLE_DEFAULT;

	if (e->streams)
		out_str(w->o, "\tset_real_ip_from unix:;\n\treal_ip_header proxy_protocol;\n");
	out_fmt(w->o,
	    "\tserver_tokens off;\n\tmerge_slashes on;\n\tlarge_client_header_buffers 4 64k;\n"
	    "\tkeepalive_timeout %ds;\n",
	    idle);
	if (!e->streams)
		ng_put_limit(w, e);
	if (forwards)
		out_str(w->o, "\tclient_max_body_size 0;\n\tclient_body_timeout 960s;\n");
}

static void
put_host(struct ng *w, const char *indent, const struct plan_endpoint *e, const struct plan_site *site,
    const struct plan_route *r)
{
	out_str(w->o, indent);
	out_str(w->o, "proxy_set_header Host ");
	if (r->deed->host != NULL)
		nginx_word(w->o, r->deed->host, NGINX_VARIABLES);
	else if (site->any && ng_may_lack_host(r))
		out_fmt(w->o, "$tmg_host_%zu$tmg_port_%s", ng_rule_number(w->p, r), e->tls ? "https" : "http");
	else
		out_str(w->o, e->tls ? "$host$tmg_port_https" : "$host$tmg_port_http");
	out_str(w->o, ";\n");
}

/* All but Host. */
static void
put_headers(struct ng *w, const char *indent, const struct plan_route *r)
{
	out_fmt(w->o, "%sproxy_set_header Connection close;\n%sproxy_set_header X-Forwarded-For $remote_addr;\n",
	    indent, indent);
	if (r->deed->pool->sticky_cookie)
		out_fmt(w->o, "%sproxy_set_header Cookie $tmg_cookie_p%u;\n", indent, (unsigned)r->deed->pool->id);
	if (ng_links_of(r) != NULL)
		out_fmt(w->o, "%sproxy_set_header Accept-Encoding \"\"; # pages are changed\n", indent);
	if (!r->deed->pass_credentials)
		out_fmt(w->o, "%sproxy_set_header Authorization \"\";\n%sproxy_hide_header WWW-Authenticate;\n", indent,
		    indent);
	ng_put_filter_headers(w, indent, r);
}

/* Does the filter add to what put_headers writes? */
static bool
filter_sets_headers(const struct plan_filter *f)
{
	return f != NULL && (f->headers != NULL || f->hidden != NULL);
}

static bool
same_other_headers(const struct plan_route *a, const struct plan_route *b)
{
	return a->deed->pass_credentials == b->deed->pass_credentials &&
	    (ng_links_of(a) != NULL) == (ng_links_of(b) != NULL) &&
	    (a->deed->filter == b->deed->filter ||
		(!filter_sets_headers(a->deed->filter) && !filter_sets_headers(b->deed->filter))) &&
	    (a->deed->pool == b->deed->pool || (!a->deed->pool->sticky_cookie && !b->deed->pool->sticky_cookie));
}

static bool
same_headers(const struct plan_site *site, const struct plan_route *a, const struct plan_route *b)
{
	return same_other_headers(a, b) && str_eq(a->deed->host, b->deed->host) &&
	    (a->deed->host != NULL || !site->any ||
		(ng_may_lack_host(a) == ng_may_lack_host(b) && str_eq(a->deed->site, b->deed->site)));
}

static void
common_route(const struct plan_site *site, struct ng_common *c, const struct plan_route *r)
{
	if (r == NULL || r->deed->action != PLAN_FORWARD)
		return;
	if (c->first == NULL)
		c->first = r;
	c->same_headers = c->same_headers && same_headers(site, c->first, r);
	c->same_bind = c->same_bind && c->first->deed->pool->transparent == r->deed->pool->transparent;
	if (!r->deed->pool->tls)
		return;
	if (c->first_tls == NULL)
		c->first_tls = r;
	c->same_tls = c->same_tls && str_eq(c->first_tls->deed->pool->tls_name, r->deed->pool->tls_name);
}

void
ng_find_common(const struct plan_site *site, struct ng_common *c)
{
	const struct plan_table *t = site->table;
	const struct plan_path *path;
	const struct plan_choice *k;
	const struct plan_rule *rule;
	struct ng_path is;

	memset(c, 0, sizeof(*c));
	c->same_headers = c->same_tls = c->same_bind = true;
	for (path = t->shape->paths; path != NULL; path = path->next) {
		is = ng_path_of(t, path);
		c->lets_in = c->lets_in || is.lets_in;
		for (k = path->choices; k != NULL; k = k->next) {
			rule = plan_rule_of(plan_route_of(t, k));
			c->many_rules = c->many_rules || (c->rule != NULL && c->rule != rule);
			c->rule = rule;
			if (is.kind != NG_REFUSE)
				common_route(site, c, ng_choice_route(t, k));
		}
	}
	if (c->many_rules)
		c->rule = NULL;
}

/* What all forwarding locations of a server share, but for the name of the server and Host. */
static void
put_server_side(struct ng *w, const struct plan_endpoint *e, const struct ng_common *c)
{
	out_str(w->o, "\n\tproxy_http_version 1.1;\n");
	if (c->same_headers)
		put_headers(w, "\t", c->first);
	if (c->rule != NULL && c->rule->links != NULL)
		ng_put_links(w, "\t", c->rule->links, e->tls);
	else
		out_str(w->o, "\tproxy_redirect off;\n");
	out_str(w->o,
	    "\tproxy_ignore_headers X-Accel-Redirect;\n"
	    "\tproxy_connect_timeout 60s;\n\tproxy_read_timeout 960s;\n\tproxy_send_timeout 960s;\n"
	    "\tproxy_request_buffering off;\n\tproxy_buffering off;\n"
	    "\tproxy_buffer_size 64k;\n\tproxy_buffers 4 64k;\n\tproxy_busy_buffers_size 128k;\n");
	if (c->same_bind && c->first->deed->pool->transparent)
		out_str(w->o, "\tproxy_bind $remote_addr transparent;\n");
	if (c->first_tls == NULL)
		return;
	ng_tls(w);
}

/* What is refused whatever the path. */
static void
put_guards(struct ng *w, bool named, bool lets_in)
{
	if (named || lets_in)
		out_str(w->o, "\n");
	/* The name of the handshake has chosen the server; the rules ask for Host. */
	if (named)
		out_str(w->o, "\tif ($http_host = \"\") { return 403; }\n");
	if (lets_in)
		out_str(w->o, "\tif ($tmg_bad_path) { return 403; }\n");
}

/* ---- settings that many servers share --------------------------------------------- */

static bool
has_many_servers(const struct plan_endpoint *e)
{
	size_t n = 0;

	for (const struct plan_site *s = e->sites; s != NULL && n < SHARE_FROM; s = plan_site_next(s))
		n++;
	return n == SHARE_FROM;
}

/* Would put_client_side, put_server_side and put_guards write the same? */
static bool
same_settings(const struct ng_common *a, const struct ng_common *b)
{
	const struct plan_links *la = a->rule != NULL ? a->rule->links : NULL;
	const struct plan_links *lb = b->rule != NULL ? b->rule->links : NULL;

	return la == lb && a->lets_in == b->lets_in && a->same_headers == b->same_headers &&
	    (!a->same_headers || same_other_headers(a->first, b->first)) && a->same_bind == b->same_bind &&
	    (!a->same_bind || a->first->deed->pool->transparent == b->first->deed->pool->transparent) &&
	    (a->first_tls != NULL) == (b->first_tls != NULL);
}

/* The number of the file for such a server from 1, or 0 when it holds its own. */
static size_t
settings_of(struct ng *w, const struct plan_endpoint *e, const struct ng_common *c)
{
	struct ng_index *x = w->x;
	size_t i;

	if (c->first == NULL || !has_many_servers(e))
		return 0;
	for (i = 0; i < x->settings_count; i++)
		if (x->settings[i].e == e && same_settings(&x->settings[i].c, c))
			return i + 1;
	if (i == NG_SETTINGS_MAX)
		return 0;
	x->settings[i].e = e;
	x->settings[i].c = *c;
	return ++x->settings_count;
}

static void
put_include(struct ng *w, size_t number)
{
	out_str(w->o, "\tinclude " NG_SETTINGS);
	out_number(w->o, number);
	out_str(w->o, ".conf;\n");
}

void
ng_write_settings(const struct plan *p, struct ng_index *x, struct out *o)
{
	struct ng w = { p, o, x };
	const struct ng_settings *s = &x->settings[x->writing];

	out_str(o,
	    "# What servers of http.conf share. It belongs beside the nginx.conf that nginx is\n"
	    "# started with: that is where an include looks.\n");
	ng_endpoint_head(&w, s->e);
	out_str(o, "\n");
	put_client_side(&w, s->e, true);
	put_server_side(&w, s->e, &s->c);
	put_guards(&w, s->e->tls, s->c.lets_in);
}

/* `moved`: the location was reached by a rewrite, after which nginx would send the new path. */
static void
put_forward(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct ng_common *c,
    const struct plan_route *r, bool moved)
{
	if (r->deed->client_cert)
		out_str(w->o, "\t\tif ($ssl_client_verify != SUCCESS) { return 403; }\n");
	ng_put_filter_tests(w, r->deed->filter);
	if (!c->same_headers) {
		put_headers(w, "\t\t", r);
		put_host(w, "\t\t", e, site, r);
	}
	if (!c->same_tls && r->deed->pool->tls)
		ng_tls_name(w, "\t\t", r->deed->pool);
	if (!c->same_bind)
		out_fmt(w->o, "\t\tproxy_bind %s;\n", r->deed->pool->transparent ? "$remote_addr transparent" : "off");
	if (c->rule == NULL && ng_links_of(r) != NULL)
		ng_put_links(w, "\t\t", ng_links_of(r), e->tls);
	if (r->deed->pool->farm != NULL)
		ng_put_retries(w, "\t\t");
	if (r->deed->pool->sticky_cookie)
		out_fmt(w->o, "\t\tadd_header Set-Cookie $tmg_set_p%u always;\n", (unsigned)r->deed->pool->id);
	if (r->deed->map != NULL)
		out_fmt(w->o, "\t\tif ($tmg_uri_r%u = \"\") { return 403; }\n", (unsigned)ng_uri(w->x, r));
	out_str(w->o, r->deed->pool->tls ? "\t\tproxy_pass https://tmg_p" : "\t\tproxy_pass http://tmg_p");
	out_number(w->o, r->deed->pool->id);
	if (r->deed->map != NULL)
		out_fmt(w->o, "$tmg_uri_r%u", (unsigned)ng_uri(w->x, r));
	else if (moved)
		out_str(w->o, "$request_uri");
	out_str(w->o, ";\n");
}

static void
put_redirect(struct ng *w, const struct plan_route *r)
{
	out_str(w->o, "return 302 \"");
	nginx_part(w->o, r->deed->location, NGINX_VARIABLES);
	out_str(w->o, "\";");
}

/* The same over https. */
static void
put_https(struct ng *w, const char *indent, uint16_t port)
{
	out_fmt(w->o, "%sif ($host = \"\") { return 400; }\n%sreturn 302 https://$host", indent, indent);
	if (port != 443)
		out_fmt(w->o, ":%u", (unsigned)port);
	out_str(w->o, "$request_uri;\n");
}

static void
put_answer(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct ng_common *c,
    const struct plan_route *r, bool moved)
{
	if (r == NULL) {
		out_str(w->o, "\t\treturn 403;\n");
	} else if (r->deed->action == PLAN_FORWARD) {
		put_forward(w, e, site, c, r, moved);
	} else if (r->deed->location == NULL) {
		put_https(w, "\t\t", r->deed->https_port);
	} else {
		out_str(w->o, "\t\t");
		put_redirect(w, r);
		out_str(w->o, "\n");
	}
}

/* What is answered in the location itself, and at the end the one route that
 * forwards; several have locations of their own (put_blocks). */
static void
put_list(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct ng_common *c,
    const struct plan_path *path)
{
	const struct plan_table *t = site->table;
	const struct ng_list *l = ng_list_of(w, t, path);
	const struct plan_choice *k, *before;
	const struct plan_route *r, *block;
	bool many;

	if (l == NULL) {
		put_answer(w, e, site, c, NULL, false);
		return;
	}
	block = ng_block_route(t, path->choices, &many);
	for (k = path->choices; k != NULL; k = k->next) {
		r = ng_choice_route(t, k);
		if (r == NULL || ng_needs_block(r))
			continue;
		for (before = path->choices; before != k && plan_route_of(t, before) != r; before = before->next)
			continue;
		if (before != k)
			continue;
		out_fmt(w->o, "\t\tif ($tmg_c%u = r%u) { ", (unsigned)l->id, (unsigned)r->id);
		put_redirect(w, r);
		out_str(w->o, " }\n");
	}
	if (block != NULL && !many)
		out_fmt(w->o, "\t\tif ($tmg_c%u != r%u) { return 403; }\n", (unsigned)l->id, (unsigned)block->id);
	if (!many) {
		put_answer(w, e, site, c, block, false);
		return;
	}
	/* No client can ask for a path that does not begin with a slash. */
	out_fmt(w->o, "\t\tif ($tmg_c%u = deny) { return 403; }\n\t\trewrite ^ tmg:$tmg_c%u last;\n", (unsigned)l->id,
	    (unsigned)l->id);
}

/* Does the server at hand have a block for the route? It has, from now on. */
static bool
was_written(struct ng_index *x, const struct plan_route *r)
{
	bool was;

	if (x->written == NULL && (x->written = arena_array(&x->mem, x->routes, sizeof(*x->written))) == NULL)
		return true; /* the budget remembers */
	was = x->written[r->id] == x->round;
	x->written[r->id] = x->round;
	return was;
}

/* The routes that lists of this server lead to, each once. */
static void
put_blocks(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct ng_common *c)
{
	const struct plan_table *t = site->table;
	const struct plan_path *path;
	const struct plan_choice *k;
	const struct plan_route *r;
	bool many;

	w->x->round++;
	for (path = t->shape->paths; path != NULL; path = path->next) {
		if (path->choices == NULL || path->choices->sources == NULL || ng_path_of(t, path).kind != NG_LIST ||
		    ng_block_route(t, path->choices, &many) == NULL || !many)
			continue;
		for (k = path->choices; k != NULL; k = k->next) {
			r = ng_choice_route(t, k);
			if (!ng_needs_block(r) || was_written(w->x, r))
				continue;
			out_fmt(w->o, "\n\tlocation = tmg:r%u {\n\t\tinternal;\n", (unsigned)r->id);
			if (c->many_rules)
				ng_rule(w, "\t\t", plan_rule_of(r));
			put_answer(w, e, site, c, r, true);
			out_str(w->o, "\t}\n");
		}
	}
}

/* Neighbours that answer the same: the paths from `first` up to `end` (not with it). */
struct paths {
	const struct plan_path *first, *end;
	struct ng_path is; /* each of them */
};

static bool
same_choices(const struct plan_table *t, const struct plan_choice *a, const struct plan_choice *b)
{
	for (; a != NULL && b != NULL && a != b; a = a->next, b = b->next)
		if (a->sources != b->sources || a->schedule != b->schedule ||
		    plan_route_of(t, a) != plan_route_of(t, b))
			return false;
	return a == b;
}

/* Their order among themselves does not matter then. Where other spellings are refused
 * it does: those of the first may be spellings of the next one, too. */
static void
take_neighbours(const struct plan_table *t, struct paths *p)
{
	const struct plan_path *next = p->first->next;
	size_t left = p->is.lets_in ? PATHS_DECODED : PATHS_WIDE, len = strlen(p->first->path);
	struct ng_path is;

	p->end = next;
	if (p->is.guarded || p->is.cut)
		return;
	for (; next != NULL && len < left; next = next->next) {
		left -= len;
		len = strlen(next->path);
		if (next->prefix != p->first->prefix || len == 0 || len > left ||
		    !same_choices(t, p->first->choices, next->choices))
			return;
		is = ng_path_of(t, next);
		if (is.kind != p->is.kind || is.lets_in != p->is.lets_in || is.guarded || is.cut)
			return;
		p->end = next->next;
	}
}

/* The pattern of a location. One that is too long is cut: all below is refused. */
static void
put_pattern(struct ng *w, const struct paths *p, enum nginx_path_form form)
{
	const struct plan_path *path = p->first;
	char start[CUT_PATH + 1];
	size_t n = CUT_PATH;

	out_str(w->o, "\tlocation ~* \"^");
	if (p->is.cut && strlen(path->path) > CUT_PATH) {
		while (n > 0 && ((unsigned char)path->path[n] & 0xc0) == 0x80)
			n--;
		memcpy(start, path->path, n);
		start[n] = '\0';
		nginx_path_regex(w->o, start, form);
		out_str(w->o, "\" {\n");
		return;
	}
	if (path->next == p->end) {
		nginx_path_regex(w->o, path->path, form);
	} else {
		for (; path != p->end; path = path->next) {
			out_str(w->o, path == p->first ? "/(?:" : "|");
			nginx_path_regex(w->o, path->path + 1, form);
		}
		out_str(w->o, ")");
	}
	if (form != NGINX_PATH_WIDE)
		out_str(w->o, p->first->prefix ? "(?:/|\\z)\" {\n" : "\\z\" {\n");
	else
		out_str(w->o,
		    p->first->prefix ? "[.\\x20]*(?:[/;]|%(?:25)*(?:2f|3b)|\\z)\" {\n"
				     : "[.\\x20]*(?:;|%(?:25)*3b|\\z)\" {\n");
}

/* Of whose rule the location tells; lists tell it in their maps. */
static void
put_whose(struct ng *w, const struct plan_table *t, const struct ng_common *c, const struct paths *p)
{
	const struct plan_choice *k;
	const struct plan_route *r;
	bool lost = p->is.cut;

	for (k = p->first->choices; k != NULL && p->is.kind != NG_LIST; k = k->next) {
		r = plan_route_of(t, k);
		if (c->many_rules)
			ng_rule(w, "\t\t", plan_rule_of(r));
		lost = lost || ng_route_too_long(r);
	}
	if (p->is.kind == NG_REFUSE && lost)
		out_str(w->o, "\t\t# refused: longer than nginx can express\n");
}

static void
put_location(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct ng_common *c,
    const struct paths *p)
{
	const struct plan_choice *k = p->first->choices;

	out_str(w->o, "\n");
	if (p->first->prefix && p->first->path[0] == '\0')
		out_str(w->o, "\tlocation / {\n");
	else
		put_pattern(w, p, p->is.lets_in ? NGINX_PATH_DECODED : NGINX_PATH_WIDE);
	put_whose(w, site->table, c, p);
	if (p->is.kind == NG_ONLY) {
		out_str(w->o, "\t\tif ($tmg_s");
		out_number(w->o, k->sources->id);
		out_str(w->o, " != 1) { return 403; }\n");
	}
	if (p->is.kind == NG_LIST)
		put_list(w, e, site, c, p->first);
	else
		put_answer(w, e, site, c, p->is.kind != NG_REFUSE ? ng_choice_route(site->table, k) : NULL, false);
	out_str(w->o, "\t}\n");
	if (!p->is.guarded)
		return;
	out_str(w->o, "\n");
	put_pattern(w, p, NGINX_PATH_WIDE);
	out_str(w->o, "\t\t# other spellings of the path above\n\t\treturn 403;\n\t}\n");
}

static void
put_locations(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct ng_common *c)
{
	struct paths p;
	bool root = false;

	for (p.first = site->table->shape->paths; p.first != NULL; p.first = p.end) {
		p.is = ng_path_of(site->table, p.first);
		take_neighbours(site->table, &p);
		put_location(w, e, site, c, &p);
		root = root || (p.first->prefix && p.first->path[0] == '\0');
	}
	if (!root)
		out_str(w->o, "\n\tlocation / {\n\t\treturn 403;\n\t}\n");
	put_blocks(w, e, site, c);
}

/* The handshake asks every client of the address, before Host names a site: a
 * session that is resumed under another name was checked against the same list.
 * With ssl_verify_client nginx would answer 421 where the two names differ, also
 * to requests that need no certificate. */
static void
put_client_ca(struct ng *w, const struct plan_endpoint *e)
{
	out_str(w->o,
	    "\n\t# Clients are asked for a certificate of these authorities; rules that demand one refuse\n"
	    "\t# whoever shows none, or another.\n");
	ng_directive(w, "ssl_trusted_certificate", e->listener->client_ca, NGINX_LITERAL);
	out_str(w->o, "\tssl_verify_depth 5;\n\tssl_conf_command VerifyMode Request;\n");
	ng_directive(w, "ssl_conf_command ClientCAFile", e->listener->client_ca, NGINX_LITERAL);
}

#if defined(__GNUC__)
#define PREFETCH(p) __builtin_prefetch(p)
#else
#define PREFETCH(p) ((void)(p))
#endif

static const struct plan_site *
alike_after(const struct ng *w, const struct plan_site *site)
{
	return site != NULL ? w->x->alike[site->table->id].next : NULL;
}

/* The one rule of a site that is like others. */
static const struct plan_rule *
rule_of_alike(const struct plan_site *site)
{
	return site != NULL ? plan_rule_of(plan_routes_of(site->table)[0]) : NULL;
}

/* Such rules stand far from each other: the processor is told in time of the texts of the
 * next, and of the records of the one after it. */
static void
look_ahead(const struct plan_site *next, const struct plan_site *later)
{
	const struct plan_rule *near = rule_of_alike(next), *far = rule_of_alike(later);

	if (near != NULL && next->hosts != NULL) {
		PREFETCH(near->r->o.name);
		PREFETCH(near->r->o.guid);
		PREFETCH(next->hosts->name);
	}
	if (far != NULL) {
		PREFETCH(far->r);
		PREFETCH(later->hosts);
	}
}

/* The names of other rules that do the same, each below its rule. */
static void
put_alike(struct ng *w, const struct plan_site *site)
{
	const struct plan_site *next = alike_after(w, site), *later = alike_after(w, next);

	while ((site = next) != NULL) {
		next = later;
		later = alike_after(w, next);
		look_ahead(next, later);
		ng_rule(w, "\t", rule_of_alike(site));
		put_names(w, site);
	}
}

/* One server: all names of a site, and of those that do the same; `site` NULL: all names that no rule has. */
static void
put_server(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site)
{
	bool is_default = site == NULL || site->any;
	struct ng_common c;
	size_t shared;

	memset(&c, 0, sizeof(c));
	out_str(w->o, "\nserver {\n");
	if (site != NULL) {
		ng_find_common(site, &c);
		ng_rule(w, "\t", c.rule);
	} else {
		out_str(w->o, "\t# no rule has the name\n");
	}
	put_listens(w, e, is_default);
	if (site != NULL)
		put_names(w, site);
	if (!is_default)
		put_alike(w, site);
	if (is_default && e->tls)
		ng_certificate(w, e);
	if (is_default && e->tls && e->listener->client_ca != NULL)
		put_client_ca(w, e);
	out_str(w->o, "\n");
	shared = is_default ? 0 : settings_of(w, e, &c);
	if (shared == 0)
		put_client_side(w, e, c.first != NULL);
	if (site == NULL) {
		out_str(w->o, "\n\treturn 403;\n}\n");
		return;
	}
	if (shared != 0)
		put_include(w, shared);
	else if (c.first != NULL)
		put_server_side(w, e, &c);
	if (c.first != NULL && c.same_headers)
		put_host(w, "\t", e, site, c.first);
	if (c.first_tls != NULL && c.same_tls)
		ng_tls_name(w, "\t", c.first_tls->deed->pool);
	if (shared == 0)
		put_guards(w, e->tls && !is_default, c.lets_in);
	put_locations(w, e, site, &c);
	out_str(w->o, "}\n");
}

static void
put_redirect_server(struct ng *w, const struct plan_endpoint *e)
{
	out_str(w->o, "\nserver {\n");
	put_listens(w, e, true);
	out_str(w->o, "\n");
	put_client_side(w, e, false);
	out_str(w->o, "\n");
	put_https(w, "\t", e->https_port);
	out_str(w->o, "}\n");
}

void
ng_endpoint(struct ng *w, const struct plan_endpoint *e)
{
	const struct plan_site *any = ng_any_site(e), *s;

	ng_endpoint_head(w, e);
	if (e->listener->addresses == NULL)
		return; /* a server without `listen` would take port 80 */
	if (e->streams)
		out_str(w->o, "# stream.conf owns the port and hands over what it does not carry itself.\n");
	if (e->redirect_all) {
		put_redirect_server(w, e);
		return;
	}
	put_server(w, e, any);
	ng_gather(w->x, e);
	for (s = e->sites; s != NULL; s = plan_site_next(s))
		if (s != any && w->x->alike[s->table->id].begins)
			put_server(w, e, s);
}
