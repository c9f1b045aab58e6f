/*
 * What the parts of the nginx target share: questions to the plan and the
 * pieces that stand in more than one file. See nginx.h.
 */
#include "export/nginx.h"

#define COMMENT_MAX 600 /* bytes of a detail; nginx counts a comment as a word */

size_t
ng_word_length(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == '$' ? 8 : *s == '"' || *s == '\\' ? 2 : 1;
	return n;
}

const struct plan_pool *
ng_site_stream(const struct plan_endpoint *e, const struct plan_site *s)
{
	return e->tls && e->streams ? plan_stream_of(&s->table) : NULL;
}

/* ---- connection limits: one zone for all ports of a listener ----------------- */

#define LIMIT_MAX 65535 /* nginx takes no larger number */

bool
ng_is_limited(const struct plan_listener *l)
{
	return l->l->max_connections > 0 && l->l->max_connections <= LIMIT_MAX;
}

static bool
has_own_port(const struct plan *p, const struct tmg_listener *l, bool stream)
{
	const struct plan_endpoint *e;

	for (e = p->endpoints; e != NULL; e = e->next)
		if (e->listener->l == l && e->streams == stream && e->listener->addresses != NULL)
			return true;
	return false;
}

/* Plan listeners that a listener was split into share a zone: the first one's. */
static unsigned
limit_zone(const struct plan *p, const struct plan_listener *of)
{
	const struct plan_listener *l = p->listeners;

	while (l != NULL && l->l != of->l)
		l = l->next;
	return l != NULL ? (unsigned)l->id : (unsigned)of->id;
}

void
ng_put_limit_zones(struct ng *w, bool stream)
{
	const struct plan_listener *l;
	bool any = false;

	for (l = w->p->listeners; l != NULL; l = l->next) {
		if (!ng_is_limited(l) || limit_zone(w->p, l) != l->id || !has_own_port(w->p, l->l, stream))
			continue;
		if (!any)
			out_fmt(w->o, "\n# Limits of %s, one count for a listener.\n",
			    stream ? "connections" : "connections; nginx counts requests in work");
		any = true;
		out_fmt(w->o, "limit_conn_zone l%u zone=tmg_l%u%s:1m;\n", (unsigned)l->id, (unsigned)l->id,
		    stream ? "_stream" : "");
	}
}

void
ng_put_limit(struct ng *w, const struct plan_endpoint *e)
{
	if (ng_is_limited(e->listener))
		out_fmt(w->o, "\tlimit_conn tmg_l%u%s %d;\n", limit_zone(w->p, e->listener),
		    e->streams ? "_stream" : "", e->listener->l->max_connections);
}

bool
ng_has_streams(const struct plan *p)
{
	const struct plan_endpoint *e;

	for (e = p->endpoints; e != NULL; e = e->next)
		if (e->streams && e->listener->addresses != NULL)
			return true;
	return false;
}

bool
ng_any_site(const struct plan_endpoint *e, struct plan_site *site)
{
	for (uint32_t i = 0; i < e->site_count; i++) {
		*site = plan_site(e, i);
		if (site->any)
			return true;
	}
	return false;
}

void
ng_directive(struct ng *w, const char *name, const char *value, enum nginx_place place)
{
	out_fmt(w->o, "\t%s ", name);
	nginx_word(w->o, value, place);
	out_str(w->o, ";\n");
}

void
ng_address(struct ng *w, const char *host, uint16_t port)
{
	bool v6 = strchr(host, ':') != NULL;

	out_str(w->o, v6 ? "[" : "");
	nginx_part(w->o, host, NGINX_LITERAL);
	out_str(w->o, v6 ? "]:" : ":");
	out_number(w->o, port);
}

/* The name of a socket between stream and what is behind it. */
void
ng_socket(struct ng *w, const struct plan_endpoint *e, const struct plan_pool *pool, enum nginx_place place)
{
	bool bare = nginx_is_bare(w->p->opt.runtime_dir);

	out_str(w->o, bare ? "unix:" : "\"unix:");
	nginx_part(w->o, w->p->opt.runtime_dir, place);
	out_fmt(w->o, "/l%u-%u-", (unsigned)e->listener->id, (unsigned)e->port);
	if (pool == NULL)
		out_str(w->o, "http.sock");
	else
		out_fmt(w->o, "p%u.sock", (unsigned)pool->id);
	out_str(w->o, bare ? "" : "\"");
}

void
ng_certificate(struct ng *w, const struct plan_endpoint *e)
{
	const char *pem = e->listener->certificate != NULL ? e->listener->certificate : "";

	ng_directive(w, "ssl_certificate", pem, NGINX_VARIABLES);
	ng_directive(w, "ssl_certificate_key", pem, NGINX_VARIABLES);
	out_str(w->o, "\tssl_protocols TLSv1.2 TLSv1.3;\n");
}

void
ng_notes(struct ng *w, const char *indent, const struct plan_note *n)
{
	for (; n != NULL; n = n->next) {
		size_t len = n->detail != NULL ? strlen(n->detail) : 0;

		out_fmt(w->o, "%s#   %s [%s]", indent, diag_row(n->id)->sentence, diag_row(n->id)->id);
		if (len > COMMENT_MAX) {
			len = COMMENT_MAX;
			while (len > 0 && ((unsigned char)n->detail[len] & 0xc0) == 0x80)
				len--;
		}
		if (len > 0) {
			out_str(w->o, ": ");
			out_mem(w->o, n->detail, len);
		}
		out_str(w->o, "\n");
	}
}

/* The comment above what a rule became. A rule that admits nobody says why. */
void
ng_rule(struct ng *w, const char *indent, const struct plan_rule *r)
{
	if (r == NULL)
		return;
	out_comment_obj(w->o, indent, &r->r->o);
	if (r->state == PLAN_CLOSED)
		ng_notes(w, indent, plan_reasons_of(w->p, r));
}

void
ng_endpoint_head(struct ng *w, const struct plan_endpoint *e)
{
	const struct plan_address *a;

	out_str(w->o, "\n# -----------------------------------------------------------------------------\n");
	out_comment_obj(w->o, "", &e->listener->l->o);
	out_fmt(w->o, "# %s port %u,", e->tls ? "TLS" : "plain", (unsigned)e->port);
	for (a = e->listener->addresses; a != NULL; a = a->next)
		out_fmt(w->o, " %s", a->text != NULL ? a->text : "all addresses");
	out_str(w->o, e->listener->addresses != NULL ? "\n" : " no address: nothing is written\n");
}

void
ng_tls_name(struct ng *w, const char *indent, const struct plan_pool *pool)
{
	out_str(w->o, indent);
	out_str(w->o, "proxy_ssl_name ");
	nginx_word(w->o, pool->tls_name, NGINX_VARIABLES);
	out_str(w->o, ";\n");
	out_str(w->o, indent);
	out_str(w->o, pool->tls_name_is_address ? "proxy_ssl_server_name off;\n" : "proxy_ssl_server_name on;\n");
}

void
ng_tls(struct ng *w)
{
	out_str(w->o, "\tproxy_ssl_protocols TLSv1.2 TLSv1.3;\n");
	if (w->p->opt.o->no_verify) {
		out_str(w->o, "\tproxy_ssl_verify off; # --no-verify\n");
		return;
	}
	out_str(w->o, "\tproxy_ssl_verify on;\n\tproxy_ssl_verify_depth 5;\n");
	ng_directive(w, "proxy_ssl_trusted_certificate", w->p->opt.ca_file, NGINX_LITERAL);
}

size_t
ng_power_of_two(size_t least, size_t n)
{
	while (least < n)
		least *= 2;
	return least;
}

/* The longest name, and the most names in one table: per endpoint, or all. */
static void
measure_names(const struct plan *p, bool streams, size_t *longest, size_t *most)
{
	const struct plan_endpoint *e;
	const struct plan_host *h;
	size_t count, len;

	*longest = *most = 0;
	for (e = p->endpoints; e != NULL; e = e->next) {
		if (streams && !e->streams)
			continue;
		count = 0;
		for (uint32_t i = 0; i < e->site_count; i++) {
			for (h = plan_site(e, i).hosts; h != NULL; h = plan_host_next(h)) {
				len = strlen(h->name);
				*longest = len > *longest ? len : *longest;
				count++;
			}
		}
		*most = count > *most ? count : *most;
	}
}

/* nginx's tables of names must be told when names are long or many. An entry
 * takes a pointer, the name and two bytes, a bucket one pointer more. */
void
ng_hash_sizes(struct ng *w, const char *what, bool streams, size_t many)
{
	size_t longest, most, bucket;

	measure_names(w->p, streams, &longest, &most);
	bucket = ng_power_of_two(64, ((longest + 2 + 7) & ~(size_t)7) + 16);
	if (most > many)
		bucket = ng_power_of_two(bucket, 512);
	if (bucket == 64)
		return;
	out_fmt(w->o,
	    "\n# Long or many names; these hold for the whole of %s{}. Where it has them already,\n"
	    "# keep the larger values there and remove them here.\n",
	    streams ? "stream" : "http");
	if (most > many)
		out_fmt(w->o, "%s_max_size %zu;\n", what, ng_power_of_two(2048, most));
	out_fmt(w->o, "%s_bucket_size %zu;\n", what, bucket);
}

static bool
has_dollar(const char *s)
{
	return s != NULL && strchr(s, '$') != NULL;
}

static bool
links_have_dollar(const struct plan_links *links)
{
	const struct plan_link *l;

	for (l = links != NULL ? links->list : NULL; l != NULL; l = l->next)
		if (has_dollar(l->from) || has_dollar(l->to))
			return true;
	return false;
}

void
ng_dollar(struct ng *w, bool http)
{
	struct plan_route r;
	const struct plan_listener *l;
	bool needed = !http && has_dollar(w->p->opt.runtime_dir);

	for (l = w->p->listeners; l != NULL; l = l->next)
		needed = needed || has_dollar(l->certificate);
	for (uint32_t id = 1; http && id <= w->p->routes.count && !needed; id++) {
		r = plan_route(w->p, id);
		needed = links_have_dollar(ng_links_of(w->p, r)) || has_dollar(r.deed->location) ||
		    has_dollar(r.deed->host) || has_dollar(r.deed->site) ||
		    (r.deed->map != NULL && has_dollar(r.deed->map->internal)) ||
		    (r.deed->pool != NULL && has_dollar(r.deed->pool->tls_name));
	}
	if (needed)
		out_str(w->o,
		    "\n# A \"$\" that is no variable has no other spelling.\ngeo $tmg_d {\n\tdefault \"$\";\n}\n");
}

/* A rule for all requests also takes those that name no host. */
bool
ng_may_lack_host(struct plan_route r)
{
	return r.deed->action == PLAN_FORWARD && r.deed->host == NULL && r.deed->site != NULL &&
	    plan_rule_of(r) != NULL && plan_rule_of(r)->r->web != NULL && plan_rule_of(r)->r->web->all_public_names;
}
