/*
 * The nginx target: nginx.conf, which includes http.conf and stream.conf, and
 * what nginx does differently. Spells the plan; decides nothing about rules
 * and sees no XML.
 */
#include "export/nginx.h"

/* Bits: where a rule is reached. */
enum {
	REACH_TLS = 1,
	REACH_SIGNIN_TLS = 2,
	REACH_SIGNIN_PLAIN = 4,
	REACH_STREAM = 8,
	REACH_LONG = 16,
	REACH_CHECKED = 32 /* members of its farm are watched */
};

static const char main_stream[] =
    "\nstream {\n"
    "\tlog_format tmg_stream '$remote_addr [$time_local] $server_addr:$server_port \"$ssl_preread_server_name\" '\n"
    "\t\t'$status $bytes_sent $bytes_received $session_time';\n"
    "\taccess_log /var/log/nginx/stream.log tmg_stream;\n"
    "\tinclude stream.conf;\n"
    "}\n";

static void
write_main(const struct plan *p, struct ng_index *x, struct out *o)
{
	bool streams = ng_has_streams(p), bare = nginx_is_bare(p->opt.runtime_dir);

	(void)x;
	out_fmt(o,
	    "# Complete: nginx -c /path/to/nginx.conf. An nginx that serves other sites already\n"
	    "# includes http.conf%s instead.\n",
	    streams ? " and stream.conf" : "");
	out_str(o,
	    "include /etc/nginx/modules-enabled/*.conf;\n\nuser www-data;\nworker_processes auto;\n"
	    "worker_rlimit_nofile 16384;\n\n# The directory must be there before nginx starts");
	out_str(o,
	    streams ? "; only root and www-data\n# may enter it (install -d -m 0750 -g www-data).\npid " : ".\npid ");
	out_str(o, bare ? "" : "\"");
	nginx_part(o, p->opt.runtime_dir, NGINX_LITERAL);
	out_str(o, bare ? "/nginx.pid" : "/nginx.pid\"");
	out_str(o,
	    ";\nerror_log /var/log/nginx/error.log;\n\nevents {\n\tworker_connections 8192;\n}\n\n"
	    "http {\n\taccess_log /var/log/nginx/access.log;\n\tinclude http.conf;\n}\n");
	if (streams)
		out_str(o, main_stream);
}

static void
write_file(const struct plan *p, struct ng_index *x, struct out_set *s, const char *prefix, const char *name,
    void (*fn)(const struct plan *, struct ng_index *, struct out *))
{
	struct strbuf path;
	struct out *o;

	sb_init(&path, p->budget);
	sb_fmt(&path, "%s%s", prefix, name);
	/* Without memory the name is wrong, and the set fails for it. */
	o = out_open(s, path.failed || x->failed ? "" : path.s);
	if (o != NULL) {
		if (!x->failed)
			fn(p, x, o);
		out_close(o);
	}
	sb_free(&path);
}

static void
nginx_write(const struct plan *p, struct out_set *s, const char *prefix)
{
	struct ng_index x;
	char name[40];

	ng_index_make(p, &x);
	write_file(p, &x, s, prefix, "nginx.conf", write_main);
	write_file(p, &x, s, prefix, "http.conf", ng_write_http);
	for (x.writing = 0; x.writing < x.settings_count; x.writing++) {
		snprintf(name, sizeof(name), NG_SETTINGS "%zu.conf", x.writing + 1);
		write_file(p, &x, s, prefix, name, ng_write_settings);
	}
	if (ng_has_streams(p))
		write_file(p, &x, s, prefix, "stream.conf", ng_write_stream);
	ng_index_free(&x);
}

static void
reach_forward(uint8_t *at, const struct plan_endpoint *e, const struct plan_site *s, struct plan_route r)
{
	if (ng_farm_checked(r.deed->pool->farm))
		*at |= REACH_CHECKED;
	if (ng_site_stream(e, s) != NULL)
		*at |= REACH_STREAM;
	else if (e->tls)
		*at |= r.deed->pass_credentials ? REACH_TLS | REACH_SIGNIN_TLS : REACH_TLS;
	else if (r.deed->pass_credentials)
		*at |= REACH_SIGNIN_PLAIN;
}

/* Only long paths and long lists can be. */
static void
reach_cut(struct plan *p, uint8_t *reach, const struct plan_table *t, const struct plan_path *path)
{
	struct plan_route r;

	if ((strlen(path->path) <= NGINX_WORD_MAX / 40 && (path->choices == NULL || path->choices->next == NULL)) ||
	    !ng_path_of(t, path).cut)
		return;
	for (const struct plan_choice *c = path->choices; c != NULL; c = c->next) {
		r = plan_route_of(t, c);
		if (r.deed->action != PLAN_DENY)
			reach[plan_rule_of(r) - p->rules] |= REACH_LONG;
	}
}

static void
reach_site(struct plan *p, uint8_t *reach, const struct plan_endpoint *e, const struct plan_site *s)
{
	const struct plan_table *t = &s->table;
	struct plan_route r;
	uint8_t *at;

	for (uint32_t i = 0; i < t->n_routes; i++) {
		r = plan_table_route(t, i);
		at = &reach[plan_rule_of(r) - p->rules];
		if (ng_route_too_long(r))
			*at |= REACH_LONG;
		if (r.deed->action == PLAN_FORWARD)
			reach_forward(at, e, s, r);
	}
	for (const struct plan_path *path = t->shape->paths; path != NULL; path = path->next)
		reach_cut(p, reach, t, path);
}

static void
note_at(struct plan *p, struct tmg *t, enum diag_id id, const struct tmg_rule *r, int port)
{
	plan_note(p, t, id, &r->o, 0, "listener \"%s\", port %d", r->web->listener->o.name, port);
}

/* What a limit means differently, once a listener. */
static void
limit_losses(struct plan *p, struct tmg *t)
{
	const struct plan_listener *l, *last = NULL;

	for (l = p->listeners; l != NULL; l = l->next) {
		if (l->l->max_connections <= 0 || (last != NULL && last->l == l->l))
			continue;
		last = l;
		if (ng_is_limited(l))
			plan_note(
			    p, t, D_CONNECTION_LIMIT, &l->l->o, 0, "NumberOfConnections = %d", l->l->max_connections);
		else
			plan_note(p, t, D_NOT_CONVERTIBLE, &l->l->o, 0,
			    "WebListenerProperties/NumberOfConnections = %d: larger than nginx can count",
			    l->l->max_connections);
	}
}

static void
rule_losses(struct plan *p, struct tmg *t, const struct plan_rule *pr, uint8_t reach)
{
	const struct tmg_rule *r = pr->r;

	if (reach & REACH_STREAM)
		plan_note(p, t, D_SNI_DECIDES, &r->o, 0, "%s", "");
	if ((reach & REACH_STREAM) != 0 && pr->has_links)
		plan_note(
		    p, t, D_LINK_TRANSLATION, &r->o, 0, "where hosts go through stream, so that Windows sign-in works");
	if (reach & REACH_SIGNIN_TLS)
		note_at(p, t, D_WINDOWS_SIGNIN_TLS, r, r->web->listener->https_port);
	if (reach & REACH_SIGNIN_PLAIN)
		note_at(p, t, D_WINDOWS_SIGNIN_PLAIN, r, r->web->listener->http_port);
	if (reach & REACH_LONG)
		plan_note(
		    p, t, D_CLOSED_QUOTING, &r->o, 0, "a path or URL is longer than nginx can read; it is refused");
	if (reach & REACH_CHECKED)
		plan_note(p, t, D_FARM_CHECK, &r->o, 0, "%s", r->web->farm->to->name);
}

static void
nginx_losses(struct plan *p, struct tmg *t)
{
	size_t size = p->rule_count + 1;
	uint8_t *reach = budget_realloc(p->budget, NULL, 0, size);
	const struct plan_endpoint *e;
	struct plan_site s;
	struct plan_rule *r;
	size_t i;

	if (reach == NULL)
		return; /* the budget remembers */
	memset(reach, 0, size);
	limit_losses(p, t);
	for (e = p->endpoints; e != NULL; e = e->next) {
		for (uint32_t k = 0; k < e->site_count; k++) {
			s = plan_site(e, k);
			reach_site(p, reach, e, &s);
		}
	}
	for (i = 0; i < p->rule_count; i++) {
		r = &p->rules[i];
		/* What nginx_via answers: over TLS, http or stream or both. */
		r->via_http = (reach[i] & REACH_TLS) != 0;
		r->via_stream = (reach[i] & REACH_STREAM) != 0;
		if (reach[i] != 0)
			rule_losses(p, t, r, reach[i]);
	}
	budget_free(p->budget, reach, size);
}

static const char *
nginx_via(const struct plan *p, const struct plan_rule *r)
{
	(void)p;
	return r->via_stream && !r->via_http ? "stream" : "http";
}

const struct writer writer_nginx = { "nginx", "1.22.1", PLAN_CAN_CLIENT_CERT | PLAN_CAN_CLIENT_HEADERS, nginx_losses,
	nginx_write, nginx_via };
