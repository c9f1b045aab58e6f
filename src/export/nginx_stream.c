/*
 * stream.conf: hosts whose connections go to their server one for one, so that
 * Windows sign-in works. See nginx.h.
 */
#include "export/nginx.h"

static const char stream_head[] =
    "# Sites that Windows sign-in must reach: TLS ends here and starts again to the\n"
    "# server, one connection for one connection, so that nobody inherits an identity.\n"
    "# The name in the TLS handshake chooses the server. Belongs inside stream{}, together\n"
    "# with http.conf inside http{}.\n"
    "#\n"
    "# The sockets believe whoever connects about the client's address: only nginx may\n"
    "# enter the directory in which they lie.\n";

static void
put_split(struct ng *w, const struct plan_endpoint *e)
{
	struct plan_site s;
	const struct plan_host *h;
	const struct plan_pool *pool, *rest = ng_any_site(e, &s) ? ng_site_stream(e, &s) : NULL;
	bool wide = rest != NULL; /* may an entry cover names of sites that are no streams? */

	for (uint32_t i = 0; i < e->site_count && !wide; i++) {
		s = plan_site(e, i);
		for (h = s.hosts; h != NULL; h = plan_host_next(h))
			wide = wide || (h->kind == HOST_SUFFIX && ng_site_stream(e, &s) != NULL);
	}
	out_fmt(w->o, "map $ssl_preread_server_name $tmg_l%u_%u {\n\thostnames;\n\tdefault ", (unsigned)e->listener->id,
	    (unsigned)e->port);
	ng_socket(w, e, rest, NGINX_VARIABLES);
	out_str(w->o, ";\n");
	if (rest != NULL) {
		out_str(w->o, "\t\"\" "); /* no name in the handshake */
		ng_socket(w, e, NULL, NGINX_VARIABLES);
		out_str(w->o, ";\n");
	}
	for (uint32_t i = 0; i < e->site_count; i++) {
		s = plan_site(e, i);
		pool = ng_site_stream(e, &s);
		for (h = pool != NULL || wide ? s.hosts : NULL; h != NULL; h = plan_host_next(h)) {
			if (h->kind == HOST_ANY)
				continue;
			out_str(w->o, "\t");
			nginx_name_key(w->o, h->name, h->kind == HOST_SUFFIX);
			out_str(w->o, " ");
			ng_socket(w, e, pool, NGINX_VARIABLES);
			out_str(w->o, ";\n");
		}
	}
	out_str(w->o, "}\n");
}

static void
put_split_server(struct ng *w, const struct plan_endpoint *e)
{
	const struct plan_address *a;

	out_str(w->o, "\nserver {\n");
	for (a = e->listener->addresses; a != NULL; a = a->next) {
		out_str(w->o, "\tlisten ");
		if (a->text == NULL)
			out_fmt(w->o, "%u", (unsigned)e->port);
		else
			ng_address(w, a->text, e->port);
		out_str(w->o, ";\n");
	}
	ng_put_limit(w, e);
	out_fmt(w->o,
	    "\tssl_preread on;\n\tpreread_timeout 30s;\n\tproxy_pass $tmg_l%u_%u;\n\tproxy_protocol on;\n"
	    "\tproxy_connect_timeout 60s;\n\tproxy_timeout 1800s;\n}\n",
	    (unsigned)e->listener->id, (unsigned)e->port);
}

/* The second half: one server of our own per server that is published. */
static void
put_stream_server(
    struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct plan_pool *pool)
{
	struct ng_common c;

	ng_find_common(site, &c);
	out_str(w->o, "\nserver {\n");
	if (c.first.deed != NULL)
		ng_rule(w, "\t", plan_rule_of(c.first));
	out_str(w->o, "\tlisten ");
	ng_socket(w, e, pool, NGINX_LITERAL);
	out_str(w->o, " ssl proxy_protocol;\n\tset_real_ip_from unix:;\n");
	ng_certificate(w, e);
	out_str(w->o, "\taccess_log off; # the server above logs\n\n\tproxy_pass ");
	if (pool->farm != NULL)
		out_fmt(w->o, "tmg_p%u", (unsigned)pool->id);
	else
		ng_address(w, pool->host, pool->port);
	out_str(w->o,
	    pool->farm != NULL ? ";\n\tproxy_connect_timeout 5s;\n\tproxy_next_upstream on;\n"
				 "\tproxy_next_upstream_tries 3;\n"
			       : ";\n\tproxy_connect_timeout 60s;\n");
	out_str(w->o, "\tproxy_timeout 1800s;\n");
	if (pool->transparent)
		out_str(w->o, "\tproxy_bind $remote_addr transparent;\n");
	out_str(w->o, "\tproxy_ssl on;\n\tproxy_ssl_session_reuse off;\n");
	ng_tls(w);
	ng_tls_name(w, "\t", pool);
	out_str(w->o, "}\n");
}

/* Sites of one endpoint can share a pool; it gets one server. `seen` has a byte
 * for each pool; without memory for it the earlier sites are compared. */
static bool
stream_is_new(const struct plan_endpoint *e, uint32_t site, const struct plan_pool *pool, uint8_t *seen)
{
	struct plan_site s;

	if (pool == NULL)
		return false;
	if (seen != NULL) {
		if (seen[pool->id] != 0)
			return false;
		seen[pool->id] = 1;
		return true;
	}
	for (uint32_t i = 0; i < site; i++) {
		s = plan_site(e, i);
		if (ng_site_stream(e, &s) == pool)
			return false;
	}
	return true;
}

static void
put_streams(struct ng *w, const struct plan_endpoint *e)
{
	const struct plan_pool *pool;
	struct plan_site s;
	size_t size = 1;
	uint8_t *seen;

	for (pool = w->p->pools; pool != NULL; pool = pool->next)
		size = pool->id >= size ? pool->id + (size_t)1 : size;
	seen = budget_realloc(w->p->budget, NULL, 0, size);
	if (seen != NULL)
		memset(seen, 0, size);
	ng_endpoint_head(w, e);
	put_split(w, e);
	put_split_server(w, e);
	for (uint32_t i = 0; i < e->site_count; i++) {
		s = plan_site(e, i);
		pool = ng_site_stream(e, &s);
		if (stream_is_new(e, i, pool, seen))
			put_stream_server(w, e, &s, pool);
	}
	budget_free(w->p->budget, seen, size);
}

void
ng_write_stream(const struct plan *p, struct ng_index *x, struct out *o)
{
	struct ng w = { p, o, x };
	const struct plan_endpoint *e;

	out_str(o, stream_head);
	ng_hash_sizes(&w, "map_hash", true, 500);
	ng_dollar(&w, false);
	ng_put_limit_zones(&w, true);
	ng_put_stream_upstreams(&w);
	for (e = p->endpoints; e != NULL; e = e->next)
		if (e->streams && e->listener->addresses != NULL)
			put_streams(&w, e);
}
