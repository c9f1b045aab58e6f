/*
 * The servers of http.conf. nginx chooses one by the exact name, then by the
 * longest "*.suffix", then the default one, and tries regular-expression
 * locations as they stand: the order of the plan's classes. See nginx.h.
 */
#include "export/nginx.h"

#define LINE_WIDTH 100
#define CUT_PATH 90      /* bytes of a path too long for nginx that are still matched */
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
		out_fmt(w->o, "%s%s", e->tls ? " ssl" : "", end);
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
	out_fmt(w->o, "\tserver_tokens off;\n\tmerge_slashes on;\n\tlarge_client_header_buffers 4 64k;\n"
	    "\tkeepalive_timeout %ds;\n", idle);
	if (forwards)
		out_str(w->o, "\tclient_max_body_size 0;\n\tclient_body_timeout 960s;\n");
}

static void
put_headers(struct ng *w, const char *indent, const struct plan_endpoint *e, const struct plan_site *site,
    const struct plan_route *r)
{
	out_fmt(w->o, "%sproxy_set_header Connection close;\n%sproxy_set_header Host ", indent, indent);
	if (r->host != NULL)
		nginx_word(w->o, r->host, NGINX_VARIABLES);
	else if (site->any && ng_may_lack_host(r))
		out_fmt(w->o, "$tmg_host_%zu$tmg_port_%s", ng_rule_number(w->p, r), e->tls ? "https" : "http");
	else
		out_fmt(w->o, "$host$tmg_port_%s", e->tls ? "https" : "http");
	out_fmt(w->o, ";\n%sproxy_set_header X-Forwarded-For $remote_addr;\n", indent);
	if (!r->pass_credentials)
		out_fmt(w->o, "%sproxy_set_header Authorization \"\";\n%sproxy_hide_header WWW-Authenticate;\n", indent, indent);
}

/* What all forwarding locations of a server share. */
static void
put_server_side(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct ng_common *c)
{
	out_str(w->o, "\n\tproxy_http_version 1.1;\n");
	if (c->same_headers)
		put_headers(w, "\t", e, site, c->first);
	out_str(w->o, "\tproxy_redirect off;\n"
	    "\tproxy_connect_timeout 60s;\n\tproxy_read_timeout 960s;\n\tproxy_send_timeout 960s;\n"
	    "\tproxy_request_buffering off;\n\tproxy_buffering off;\n"
	    "\tproxy_buffer_size 64k;\n\tproxy_buffers 4 64k;\n\tproxy_busy_buffers_size 128k;\n");
	if (c->same_bind && c->first->pool->transparent)
		out_str(w->o, "\tproxy_bind $remote_addr transparent;\n");
	if (c->first_tls == NULL)
		return;
	ng_tls(w);
	if (c->same_tls)
		ng_tls_name(w, "\t", c->first_tls->pool);
}

static void
put_forward(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct ng_common *c,
    const struct plan_route *r)
{
	if (!c->same_headers)
		put_headers(w, "\t\t", e, site, r);
	if (!c->same_tls && r->pool->tls)
		ng_tls_name(w, "\t\t", r->pool);
	if (!c->same_bind)
		out_fmt(w->o, "\t\tproxy_bind %s;\n", r->pool->transparent ? "$remote_addr transparent" : "off");
	if (r->map != NULL)
		out_fmt(w->o, "\t\tif ($tmg_uri_r%u = \"\") { return 403; }\n", (unsigned)r->id);
	out_fmt(w->o, "\t\tproxy_pass %s://tmg_p%u", r->pool->tls ? "https" : "http", (unsigned)r->pool->id);
	if (r->map != NULL)
		out_fmt(w->o, "$tmg_uri_r%u", (unsigned)r->id);
	out_str(w->o, ";\n");
}

/* The pattern of a location. One that is too long is cut: all below is refused. */
static void
put_pattern(struct ng *w, const struct plan_path *path, enum nginx_path_form form, bool cut)
{
	char start[CUT_PATH + 1];
	size_t n = CUT_PATH;

	out_str(w->o, "\tlocation ~* \"^");
	if (cut && strlen(path->path) > CUT_PATH) {
		while (n > 0 && ((unsigned char)path->path[n] & 0xc0) == 0x80)
			n--;
		memcpy(start, path->path, n);
		start[n] = '\0';
		nginx_path_regex(w->o, start, form);
		out_str(w->o, "\" {\n");
		return;
	}
	nginx_path_regex(w->o, path->path, form);
	if (form != NGINX_PATH_WIDE)
		out_str(w->o, path->prefix ? "(?:/|\\z)\" {\n" : "\\z\" {\n");
	else
		out_str(w->o, path->prefix ? "[.\\x20]*(?:[/;]|%(?:25)*(?:2f|3b)|\\z)\" {\n" :
		    "[.\\x20]*(?:;|%(?:25)*3b|\\z)\" {\n");
}

static void
put_location(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct ng_common *c,
    const struct plan_path *path)
{
	const struct plan_route *r = ng_path_route(path);
	bool cut = ng_path_too_long(path, r);

	out_str(w->o, "\n");
	if (path->prefix && path->path[0] == '\0')
		out_str(w->o, "\tlocation / {\n");
	else
		put_pattern(w, path, cut ? NGINX_PATH_WIDE : ng_location_form(r), cut);
	if (c->many_rules && r != NULL)
		ng_rule(w, "\t\t", r->rule);
	if (cut)
		out_str(w->o, "\t\t# refused: longer than nginx can express\n");
	if (r == NULL || r->action == PLAN_DENY || cut) {
		out_str(w->o, "\t\treturn 403;\n");
	} else if (r->action == PLAN_REDIRECT) {
		out_str(w->o, "\t\treturn 302 \"");
		nginx_part(w->o, r->location, NGINX_VARIABLES);
		out_str(w->o, "\";\n");
	} else {
		put_forward(w, e, site, c, r);
	}
	out_str(w->o, "\t}\n");
}

static void
put_locations(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct ng_common *c)
{
	const struct plan_path *path;
	bool root = false;

	for (path = site->table->paths; path != NULL; path = path->next) {
		put_location(w, e, site, c, path);
		root = root || (path->prefix && path->path[0] == '\0');
	}
	if (!root)
		out_str(w->o, "\n\tlocation / {\n\t\treturn 403;\n\t}\n");
}

/* One server: all names of a site; `site` NULL: all names that no rule has. */
static void
put_server(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site)
{
	bool is_default = site == NULL || site->any;
	struct ng_common c;

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
	if (is_default && e->tls)
		ng_certificate(w, e);
	out_str(w->o, "\n");
	put_client_side(w, e, c.first != NULL);
	if (site == NULL) {
		out_str(w->o, "\n\treturn 403;\n}\n");
		return;
	}
	if (c.first != NULL)
		put_server_side(w, e, site, &c);
	/* The name of the handshake has chosen the server; the rules ask for Host. */
	if (e->tls && !is_default)
		out_str(w->o, "\n\tif ($http_host = \"\") { return 403; }\n");
	else if (c.first != NULL)
		out_str(w->o, "\n");
	if (c.first != NULL)
		out_str(w->o, "\tif ($tmg_bad_path) { return 403; }\n");
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
	out_str(w->o, "\n\tif ($host = \"\") { return 400; }\n\treturn 302 https://$host");
	if (e->https_port != 443)
		out_fmt(w->o, ":%u", (unsigned)e->https_port);
	out_str(w->o, "$request_uri;\n}\n");
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
	for (s = e->sites; s != NULL; s = s->next)
		if (s != any)
			put_server(w, e, s);
}
