/*
 * The nginx target: spells the plan as nginx.conf, http.conf and stream.conf.
 * nginx chooses a server by the exact name, then by the longest "*.suffix",
 * then the default one, and regular-expression locations in the order in
 * which they stand: the order of the plan's classes. Decides nothing about
 * rules and sees no XML.
 */
#include "export/quote_nginx.h"
#include "export/writer.h"

#define LINE_WIDTH 100
#define COMMENT_MAX 600 /* bytes of a detail; a comment is a word, as nginx counts */
#define CUT_PATH 90     /* bytes of a path too long for nginx that are still matched */
#define IDLE_DEFAULT 120 /* seconds: TMG's own default */

/* Bits: where a rule is reached. */
enum { REACH_TLS = 1, REACH_SIGNIN_TLS = 2, REACH_SIGNIN_PLAIN = 4, REACH_STREAM = 8, REACH_LONG = 16 };

struct ng {
	const struct plan *p;
	struct out *o;
};

/* What the forwarding locations of one server have in common. */
struct common {
	const struct plan_route *first, *first_tls; /* forwarding ones, or NULL */
	const struct plan_rule *rule; /* the only rule, or NULL */
	bool same_headers, same_tls, same_bind, many_rules;
};

/* ---- small questions ------------------------------------------------------ */

/* The route of a path class. A condition that this target does not write yet
 * must not let anybody in: NULL is deny. */
static const struct plan_route *
path_route(const struct plan_path *path)
{
	const struct plan_choice *c = path->choices;

	return c != NULL && c->sources == NULL && c->schedule == NULL ? c->route : NULL;
}

static size_t
word_length(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == '$' ? 8 : *s == '"' || *s == '\\' ? 2 : 1;
	return n;
}

static enum nginx_path_form
location_form(const struct plan_route *r)
{
	return r == NULL || r->action == PLAN_DENY ? NGINX_PATH_WIDE : NGINX_PATH_DECODED;
}

/* nginx has a limit on words; what goes beyond it cannot be written. */
static bool
path_too_long(const struct plan_path *path, const struct plan_route *r)
{
	if (nginx_path_regex(NULL, path->path, location_form(r)) > NGINX_WORD_MAX)
		return true;
	if (r == NULL || r->action == PLAN_DENY)
		return false;
	if (r->action == PLAN_REDIRECT)
		return word_length(r->location) > NGINX_WORD_MAX;
	return r->map != NULL && (word_length(r->map->internal) > NGINX_WORD_MAX ||
	    nginx_path_regex(NULL, r->map->external, NGINX_PATH_RAW) > NGINX_WORD_MAX);
}

static bool
path_forwards(const struct plan_path *path)
{
	const struct plan_route *r = path_route(path);

	return r != NULL && r->action == PLAN_FORWARD && !path_too_long(path, r);
}

static const struct plan_pool *
site_stream(const struct plan_endpoint *e, const struct plan_site *s)
{
	return e->tls && e->streams ? s->table->stream : NULL;
}

static bool
has_streams(const struct plan *p)
{
	const struct plan_endpoint *e;

	for (e = p->endpoints; e != NULL; e = e->next)
		if (e->streams && e->listener->addresses != NULL)
			return true;
	return false;
}

static const struct plan_site *
any_site(const struct plan_endpoint *e)
{
	const struct plan_site *s;

	for (s = e->sites; s != NULL; s = s->next)
		if (s->any)
			return s;
	return NULL;
}

/* ---- pieces --------------------------------------------------------------- */

static void
put_directive(struct ng *w, const char *name, const char *value, enum nginx_place place)
{
	out_fmt(w->o, "\t%s ", name);
	nginx_word(w->o, value, place);
	out_str(w->o, ";\n");
}

static void
put_address(struct ng *w, const char *host, uint16_t port)
{
	bool v6 = strchr(host, ':') != NULL;

	out_str(w->o, v6 ? "[" : "");
	nginx_part(w->o, host, NGINX_LITERAL);
	out_fmt(w->o, v6 ? "]:%u" : ":%u", (unsigned)port);
}

/* The name of a socket between stream and what is behind it. */
static void
put_socket(struct ng *w, const struct plan_endpoint *e, const struct plan_pool *pool, enum nginx_place place)
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

static void
put_certificate(struct ng *w, const struct plan_endpoint *e)
{
	const char *pem = e->listener->certificate != NULL ? e->listener->certificate : "";

	put_directive(w, "ssl_certificate", pem, NGINX_VARIABLES);
	put_directive(w, "ssl_certificate_key", pem, NGINX_VARIABLES);
	out_str(w->o, "\tssl_protocols TLSv1.2 TLSv1.3;\n");
}

static void
put_notes(struct ng *w, const char *indent, const struct plan_note *n)
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
static void
put_rule(struct ng *w, const char *indent, const struct plan_rule *r)
{
	if (r == NULL)
		return;
	out_comment_obj(w->o, indent, &r->r->o);
	if (r->state == PLAN_CLOSED)
		put_notes(w, indent, r->reasons);
}

/* ---- head of http.conf ---------------------------------------------------- */

static const char http_head[] =
    "# The HTTP side of what the export publishes. Belongs inside http{}: nginx.conf\n"
    "# beside it includes it; a configuration of your own can do the same.\n"
    "# REPORT.md says what to do before it goes live.\n"
    "#\n"
    "# A location that refuses also takes spellings that a server may read as its path\n"
    "# (dots and blanks at the end, ;parameters, encoded twice); hence its expression.\n"
    "#\n"
    "# All names made here begin with tmg_. Each server holds its own settings, so\n"
    "# that other sites of the same nginx keep theirs.\n"
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
			out_str(w->o, "\n# Publishing rules that do not forward, or forward only because they were opened:\n");
		any = true;
		out_comment_obj(w->o, "", &r->r->o);
		if (r->state != PLAN_LIVE || r->routes == 0)
			out_fmt(w->o, "#   %s\n", words[r->state]);
		put_notes(w, "", r->reasons);
	}
}

static size_t
power_of_two(size_t least, size_t n)
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
	const struct plan_site *s;
	const struct plan_host *h;
	size_t count, len;

	*longest = *most = 0;
	for (e = p->endpoints; e != NULL; e = e->next) {
		if (streams && !e->streams)
			continue;
		count = 0;
		for (s = e->sites; s != NULL; s = s->next) {
			for (h = s->hosts; h != NULL; h = h->next) {
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
static void
put_hash_sizes(struct ng *w, const char *what, bool streams, size_t many)
{
	size_t longest, most, bucket;

	measure_names(w->p, streams, &longest, &most);
	bucket = power_of_two(64, ((longest + 2 + 7) & ~(size_t)7) + 16);
	if (most > many)
		bucket = power_of_two(bucket, 512);
	if (bucket == 64)
		return;
	out_fmt(w->o, "\n# Long or many names; these hold for the whole of %s{}. Where it has them already,\n"
	    "# keep the larger values there and remove them here.\n", streams ? "stream" : "http");
	if (most > many)
		out_fmt(w->o, "%s_max_size %zu;\n", what, power_of_two(2048, most));
	out_fmt(w->o, "%s_bucket_size %zu;\n", what, bucket);
}

static bool
has_dollar(const char *s)
{
	return s != NULL && strchr(s, '$') != NULL;
}

static void
put_dollar(struct ng *w, bool http)
{
	const struct plan_route *r;
	const struct plan_listener *l;
	bool needed = !http && has_dollar(w->p->opt.runtime_dir);

	for (l = w->p->listeners; l != NULL; l = l->next)
		needed = needed || has_dollar(l->certificate);
	for (r = w->p->routes; http && r != NULL && !needed; r = r->next)
		needed = has_dollar(r->location) || has_dollar(r->host) || has_dollar(r->site) ||
		    (r->map != NULL && has_dollar(r->map->internal)) || (r->pool != NULL && has_dollar(r->pool->tls_name));
	if (needed)
		out_str(w->o, "\n# A \"$\" that is no variable has no other spelling.\ngeo $tmg_d {\n\tdefault \"$\";\n}\n");
}

/* ---- maps of http.conf ---------------------------------------------------- */

static void
put_port_map(struct ng *w, bool tls)
{
	out_fmt(w->o, "map \"$host $http_host\" $tmg_port_%s {\n\tdefault \"\";\n"
	    "\t\"~*^(?<tmg_name>[^ ]+) \\k<tmg_name>\\.?:(?!%u\\z)(?<tmg_number>[0-9]{1,5})\\z\" \":$tmg_number\";\n}\n",
	    tls ? "https" : "http", tls ? 443u : 80u);
}

/* Does a server of this kind of endpoint send the name on that it was asked for? */
static bool
sends_name(const struct plan *p, bool tls)
{
	const struct plan_endpoint *e;
	const struct plan_site *s;
	const struct plan_path *path;

	for (e = p->endpoints; e != NULL; e = e->next)
		for (s = e->tls == tls ? e->sites : NULL; s != NULL; s = s->next)
			for (path = s->table->paths; path != NULL; path = path->next)
				if (path_forwards(path) && path_route(path)->host == NULL)
					return true;
	return false;
}

static void
put_port_maps(struct ng *w)
{
	bool http = sends_name(w->p, false), https = sends_name(w->p, true);

	if (!http && !https)
		return;
	out_str(w->o, "\n# The port of the Host header, when it is not the scheme's own. Host is rebuilt from\n"
	    "# the name that the decision was made on.\n");
	if (http)
		put_port_map(w, false);
	if (https)
		put_port_map(w, true);
}

static size_t
rule_number(const struct plan *p, const struct plan_route *r)
{
	return (size_t)(r->rule - p->rules) + 1;
}

/* A rule for all requests also takes those that name no host. */
static bool
may_lack_host(const struct plan_route *r)
{
	return r->action == PLAN_FORWARD && r->host == NULL && r->site != NULL && r->rule != NULL &&
	    r->rule->r->web != NULL && r->rule->r->web->all_public_names;
}

static void
put_host_map(struct ng *w, const struct plan_route *r)
{
	out_str(w->o, "\n");
	put_rule(w, "", r->rule);
	out_fmt(w->o, "map $host $tmg_host_%zu {\n\tdefault $host;\n\t\"\" ", rule_number(w->p, r));
	nginx_word(w->o, r->site, NGINX_VARIABLES);
	out_str(w->o, ";\n}\n");
}

static void
put_path_map(struct ng *w, const struct plan_route *r)
{
	const struct plan_mapping *m = r->map;
	bool root = m->internal[0] == '\0';

	out_str(w->o, "\n");
	put_rule(w, "", r->rule);
	out_fmt(w->o, "map $request_uri $tmg_uri_r%u {\n\tdefault \"\"; # refused\n\t\"~*^", (unsigned)r->id);
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

/* Is the route too long to be written wherever it stands? Then nothing asks for its map. */
static bool
map_too_long(const struct plan_mapping *m)
{
	return word_length(m->internal) > NGINX_WORD_MAX ||
	    nginx_path_regex(NULL, m->external, NGINX_PATH_RAW) > NGINX_WORD_MAX;
}

static void
put_maps(struct ng *w)
{
	const struct plan_route *r;
	const struct plan_rule *named = NULL;
	bool any = false;

	put_port_maps(w);
	for (r = w->p->routes; r != NULL; r = r->next) {
		if (r->action != PLAN_FORWARD)
			continue;
		if (may_lack_host(r) && r->rule != named) {
			put_host_map(w, r);
			named = r->rule; /* routes come in the order of rules */
		}
		if (r->map == NULL || map_too_long(r->map))
			continue;
		if (!any)
			out_str(w->o, "\n# Paths with another name inside, made from the URL as it came.\n");
		any = true;
		put_path_map(w, r);
	}
}

static void
put_upstreams(struct ng *w)
{
	const struct plan_pool *pool;
	const struct plan_route *r, *from = w->p->routes;

	if (w->p->pools != NULL)
		out_str(w->o, "\n# One upstream per server and way to speak to it: nginx remembers TLS sessions, and\n"
		    "# with them that a certificate was good, per upstream. Never add keepalive (see above).\n");
	for (pool = w->p->pools; pool != NULL; pool = pool->next) {
		/* Pools come in the order of the routes: the search goes on where the last one ended. */
		for (r = from; r != NULL && r->pool != pool; r = r->next)
			continue;
		for (r = r != NULL ? r : w->p->routes; r != NULL && r->pool != pool; r = r->next)
			continue;
		if (r == NULL)
			continue;
		from = r;
		put_rule(w, "", r->rule);
		out_fmt(w->o, "upstream tmg_p%u {\n\tserver ", (unsigned)pool->id);
		put_address(w, pool->host, pool->port);
		out_str(w->o, ";\n}\n");
	}
}

/* ---- servers -------------------------------------------------------------- */

static bool
same_headers(const struct plan_site *site, const struct plan_route *a, const struct plan_route *b)
{
	return a->pass_credentials == b->pass_credentials && str_eq(a->host, b->host) &&
	    (a->host != NULL || !site->any || (may_lack_host(a) == may_lack_host(b) && str_eq(a->site, b->site)));
}

static void
find_common(const struct plan_site *site, struct common *c)
{
	const struct plan_path *path;
	const struct plan_route *r;

	memset(c, 0, sizeof(*c));
	c->same_headers = c->same_tls = c->same_bind = true;
	for (path = site->table->paths; path != NULL; path = path->next) {
		r = path_route(path);
		if (r != NULL && r->rule != NULL) {
			c->many_rules = c->many_rules || (c->rule != NULL && c->rule != r->rule);
			c->rule = r->rule;
		}
		if (!path_forwards(path))
			continue;
		if (c->first == NULL)
			c->first = r;
		c->same_headers = c->same_headers && same_headers(site, c->first, r);
		c->same_bind = c->same_bind && c->first->pool->transparent == r->pool->transparent;
		if (!r->pool->tls)
			continue;
		if (c->first_tls == NULL)
			c->first_tls = r;
		c->same_tls = c->same_tls && str_eq(c->first_tls->pool->tls_name, r->pool->tls_name);
	}
	if (c->many_rules)
		c->rule = NULL;
}

static void
put_listens(struct ng *w, const struct plan_endpoint *e, bool is_default)
{
	const struct plan_address *a;
	const char *end = is_default ? " default_server;\n" : ";\n";

	if (e->streams) {
		out_str(w->o, "\tlisten ");
		put_socket(w, e, NULL, NGINX_LITERAL);
		out_fmt(w->o, " ssl proxy_protocol%s", end);
		return;
	}
	for (a = e->listener->addresses; a != NULL; a = a->next) {
		out_str(w->o, "\tlisten ");
		if (a->text == NULL)
			out_fmt(w->o, "%u", (unsigned)e->port);
		else
			put_address(w, a->text, e->port);
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
	else if (site->any && may_lack_host(r))
		out_fmt(w->o, "$tmg_host_%zu$tmg_port_%s", rule_number(w->p, r), e->tls ? "https" : "http");
	else
		out_fmt(w->o, "$host$tmg_port_%s", e->tls ? "https" : "http");
	out_fmt(w->o, ";\n%sproxy_set_header X-Forwarded-For $remote_addr;\n", indent);
	if (!r->pass_credentials)
		out_fmt(w->o, "%sproxy_set_header Authorization \"\";\n%sproxy_hide_header WWW-Authenticate;\n", indent, indent);
}

static void
put_tls_name(struct ng *w, const char *indent, const struct plan_pool *pool)
{
	out_fmt(w->o, "%sproxy_ssl_name ", indent);
	nginx_word(w->o, pool->tls_name, NGINX_VARIABLES);
	out_fmt(w->o, ";\n%sproxy_ssl_server_name %s;\n", indent, pool->tls_name_is_address ? "off" : "on");
}

static void
put_tls(struct ng *w)
{
	out_str(w->o, "\tproxy_ssl_protocols TLSv1.2 TLSv1.3;\n");
	if (w->p->opt.o->no_verify) {
		out_str(w->o, "\tproxy_ssl_verify off; # --no-verify\n");
		return;
	}
	out_str(w->o, "\tproxy_ssl_verify on;\n\tproxy_ssl_verify_depth 5;\n");
	put_directive(w, "proxy_ssl_trusted_certificate", w->p->opt.ca_file, NGINX_LITERAL);
}

/* What all forwarding locations of a server share. */
static void
put_server_side(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct common *c)
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
	put_tls(w);
	if (c->same_tls)
		put_tls_name(w, "\t", c->first_tls->pool);
}

static void
put_forward(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct common *c,
    const struct plan_route *r)
{
	if (!c->same_headers)
		put_headers(w, "\t\t", e, site, r);
	if (!c->same_tls && r->pool->tls)
		put_tls_name(w, "\t\t", r->pool);
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
put_location(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct common *c,
    const struct plan_path *path)
{
	const struct plan_route *r = path_route(path);
	bool cut = path_too_long(path, r);

	out_str(w->o, "\n");
	if (path->prefix && path->path[0] == '\0')
		out_str(w->o, "\tlocation / {\n");
	else
		put_pattern(w, path, cut ? NGINX_PATH_WIDE : location_form(r), cut);
	if (c->many_rules && r != NULL)
		put_rule(w, "\t\t", r->rule);
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
put_locations(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site, const struct common *c)
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
	struct common c;

	memset(&c, 0, sizeof(c));
	out_str(w->o, "\nserver {\n");
	if (site != NULL) {
		find_common(site, &c);
		put_rule(w, "\t", c.rule);
	} else {
		out_str(w->o, "\t# no rule has the name\n");
	}
	put_listens(w, e, is_default);
	if (site != NULL)
		put_names(w, site);
	if (is_default && e->tls)
		put_certificate(w, e);
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

static void
put_endpoint_head(struct ng *w, const struct plan_endpoint *e)
{
	const struct plan_address *a;

	out_str(w->o, "\n# -----------------------------------------------------------------------------\n");
	out_comment_obj(w->o, "", &e->listener->l->o);
	out_fmt(w->o, "# %s port %u,", e->tls ? "TLS" : "plain", (unsigned)e->port);
	for (a = e->listener->addresses; a != NULL; a = a->next)
		out_fmt(w->o, " %s", a->text != NULL ? a->text : "all addresses");
	out_str(w->o, e->listener->addresses != NULL ? "\n" : " no address: nothing is written\n");
}

static void
put_endpoint(struct ng *w, const struct plan_endpoint *e)
{
	const struct plan_site *any = any_site(e), *s;

	put_endpoint_head(w, e);
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

static bool
forwards_any(const struct plan *p)
{
	const struct plan_route *r;

	for (r = p->routes; r != NULL; r = r->next)
		if (r->action == PLAN_FORWARD)
			return true;
	return false;
}

/* Two variables for each map of a route; nginx warns above some hundred. */
static void
put_variable_size(struct ng *w)
{
	const struct plan_route *r;
	size_t n = 0;

	for (r = w->p->routes; r != NULL; r = r->next)
		n += (r->map != NULL) + (may_lack_host(r) ? 1u : 0u);
	if (n > 200)
		out_fmt(w->o, "variables_hash_max_size %zu;\nvariables_hash_bucket_size 128;\n", power_of_two(1024, n * 4));
}

static void
write_http(const struct plan *p, struct out *o)
{
	struct ng w = { p, o };
	const struct plan_endpoint *e;

	out_str(o, http_head);
	put_unpublished(&w);
	put_hash_sizes(&w, "server_names_hash", false, 128);
	put_variable_size(&w);
	put_dollar(&w, true);
	if (forwards_any(p)) {
		out_str(o, "\n");
		out_str(o, bad_path);
	}
	put_maps(&w);
	put_upstreams(&w);
	for (e = p->endpoints; e != NULL; e = e->next)
		put_endpoint(&w, e);
}

/* ---- stream.conf ---------------------------------------------------------- */

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
	const struct plan_site *any = any_site(e), *s;
	const struct plan_host *h;
	const struct plan_pool *pool, *rest = any != NULL ? site_stream(e, any) : NULL;
	bool wide = rest != NULL; /* may an entry cover names of sites that are no streams? */

	for (s = e->sites; s != NULL; s = s->next)
		for (h = s->hosts; h != NULL; h = h->next)
			wide = wide || (h->kind == HOST_SUFFIX && site_stream(e, s) != NULL);
	out_fmt(w->o, "map $ssl_preread_server_name $tmg_l%u_%u {\n\thostnames;\n\tdefault ",
	    (unsigned)e->listener->id, (unsigned)e->port);
	put_socket(w, e, rest, NGINX_VARIABLES);
	out_str(w->o, ";\n");
	if (rest != NULL) {
		out_str(w->o, "\t\"\" "); /* no name in the handshake */
		put_socket(w, e, NULL, NGINX_VARIABLES);
		out_str(w->o, ";\n");
	}
	for (s = e->sites; s != NULL; s = s->next) {
		pool = site_stream(e, s);
		for (h = pool != NULL || wide ? s->hosts : NULL; h != NULL; h = h->next) {
			if (h->kind == HOST_ANY)
				continue;
			out_str(w->o, "\t");
			nginx_name_key(w->o, h->name, h->kind == HOST_SUFFIX);
			out_str(w->o, " ");
			put_socket(w, e, pool, NGINX_VARIABLES);
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
			put_address(w, a->text, e->port);
		out_str(w->o, ";\n");
	}
	out_fmt(w->o, "\tssl_preread on;\n\tpreread_timeout 30s;\n\tproxy_pass $tmg_l%u_%u;\n\tproxy_protocol on;\n"
	    "\tproxy_connect_timeout 60s;\n\tproxy_timeout 1800s;\n}\n", (unsigned)e->listener->id, (unsigned)e->port);
}

/* The second half: one server of our own per server that is published. */
static void
put_stream_server(struct ng *w, const struct plan_endpoint *e, const struct plan_site *site,
    const struct plan_pool *pool)
{
	struct common c;

	find_common(site, &c);
	out_str(w->o, "\nserver {\n");
	if (c.first != NULL)
		put_rule(w, "\t", c.first->rule);
	out_str(w->o, "\tlisten ");
	put_socket(w, e, pool, NGINX_LITERAL);
	out_str(w->o, " ssl proxy_protocol;\n\tset_real_ip_from unix:;\n");
	put_certificate(w, e);
	out_str(w->o, "\taccess_log off; # the server above logs\n\n\tproxy_pass ");
	put_address(w, pool->host, pool->port);
	out_str(w->o, ";\n\tproxy_connect_timeout 60s;\n\tproxy_timeout 1800s;\n");
	if (pool->transparent)
		out_str(w->o, "\tproxy_bind $remote_addr transparent;\n");
	out_str(w->o, "\tproxy_ssl on;\n\tproxy_ssl_session_reuse off;\n");
	put_tls(w);
	put_tls_name(w, "\t", pool);
	out_str(w->o, "}\n");
}

/* Sites of one endpoint can share a pool; it gets one server. `seen` has a byte
 * for each pool; without memory for it the earlier sites are compared. */
static bool
stream_is_new(const struct plan_endpoint *e, const struct plan_site *site, uint8_t *seen)
{
	const struct plan_pool *pool = site_stream(e, site);
	const struct plan_site *s;

	if (pool == NULL)
		return false;
	if (seen != NULL) {
		if (seen[pool->id] != 0)
			return false;
		seen[pool->id] = 1;
		return true;
	}
	for (s = e->sites; s != site; s = s->next)
		if (site_stream(e, s) == pool)
			return false;
	return true;
}

static void
put_streams(struct ng *w, const struct plan_endpoint *e)
{
	const struct plan_site *s;
	const struct plan_pool *pool;
	size_t size = 1;
	uint8_t *seen;

	for (pool = w->p->pools; pool != NULL; pool = pool->next)
		size = pool->id >= size ? pool->id + (size_t)1 : size;
	seen = budget_realloc(w->p->budget, NULL, 0, size);
	if (seen != NULL)
		memset(seen, 0, size);
	put_endpoint_head(w, e);
	put_split(w, e);
	put_split_server(w, e);
	for (s = e->sites; s != NULL; s = s->next)
		if (stream_is_new(e, s, seen))
			put_stream_server(w, e, s, site_stream(e, s));
	budget_free(w->p->budget, seen, size);
}

static void
write_stream(const struct plan *p, struct out *o)
{
	struct ng w = { p, o };
	const struct plan_endpoint *e;

	out_str(o, stream_head);
	put_hash_sizes(&w, "map_hash", true, 500);
	put_dollar(&w, false);
	for (e = p->endpoints; e != NULL; e = e->next)
		if (e->streams && e->listener->addresses != NULL)
			put_streams(&w, e);
}

/* ---- nginx.conf and the rest ----------------------------------------------- */

static const char main_stream[] =
    "\nstream {\n"
    "\tlog_format tmg_stream '$remote_addr [$time_local] $server_addr:$server_port \"$ssl_preread_server_name\" '\n"
    "\t\t'$status $bytes_sent $bytes_received $session_time';\n"
    "\taccess_log /var/log/nginx/stream.log tmg_stream;\n"
    "\tinclude stream.conf;\n"
    "}\n";

static void
write_main(const struct plan *p, struct out *o)
{
	bool streams = has_streams(p), bare = nginx_is_bare(p->opt.runtime_dir);

	out_fmt(o, "# Complete: nginx -c /path/to/nginx.conf. An nginx that serves other sites already\n"
	    "# includes http.conf%s instead.\n", streams ? " and stream.conf" : "");
	out_str(o, "include /etc/nginx/modules-enabled/*.conf;\n\nuser www-data;\nworker_processes auto;\n"
	    "worker_rlimit_nofile 65536;\n\n# The directory must be there before nginx starts");
	out_str(o, streams ? "; only root and www-data\n# may enter it (install -d -m 0750 -g www-data).\npid " : ".\npid ");
	out_str(o, bare ? "" : "\"");
	nginx_part(o, p->opt.runtime_dir, NGINX_LITERAL);
	out_str(o, bare ? "/nginx.pid" : "/nginx.pid\"");
	out_str(o, ";\nerror_log /var/log/nginx/error.log;\n\nevents {\n\tworker_connections 16384;\n}\n\n"
	    "http {\n\taccess_log /var/log/nginx/access.log;\n\tinclude http.conf;\n}\n");
	if (streams)
		out_str(o, main_stream);
}

static void
write_file(const struct plan *p, struct out_set *s, const char *prefix, const char *name,
    void (*fn)(const struct plan *, struct out *))
{
	struct strbuf path;
	struct out *o;

	sb_init(&path, p->budget);
	sb_fmt(&path, "%s%s", prefix, name);
	/* Without memory the name is wrong, and the set fails for it. */
	o = out_open(s, path.failed ? "" : path.s);
	if (o != NULL) {
		fn(p, o);
		out_close(o);
	}
	sb_free(&path);
}

static void
nginx_write(const struct plan *p, struct out_set *s, const char *prefix)
{
	write_file(p, s, prefix, "nginx.conf", write_main);
	write_file(p, s, prefix, "http.conf", write_http);
	if (has_streams(p))
		write_file(p, s, prefix, "stream.conf", write_stream);
}

/* Where a rule is reached, and the first endpoint of each kind. */
struct reach {
	uint8_t bits;
	const struct plan_endpoint *tls, *plain;
};

static void
reach_site(struct plan *p, struct reach *reach, const struct plan_endpoint *e, const struct plan_site *s)
{
	const struct plan_path *path;
	const struct plan_route *r;
	struct reach *at;

	for (path = s->table->paths; path != NULL; path = path->next) {
		r = path_route(path);
		if (r == NULL || r->rule == NULL || r->action == PLAN_DENY)
			continue;
		at = &reach[r->rule - p->rules];
		if (path_too_long(path, r))
			at->bits |= REACH_LONG;
		if (r->action != PLAN_FORWARD)
			continue;
		if (site_stream(e, s) != NULL) {
			at->bits |= REACH_STREAM;
		} else if (e->tls) {
			at->bits |= r->pass_credentials ? REACH_TLS | REACH_SIGNIN_TLS : REACH_TLS;
			at->tls = at->tls != NULL ? at->tls : e;
		} else if (r->pass_credentials) {
			at->bits |= REACH_SIGNIN_PLAIN;
			at->plain = at->plain != NULL ? at->plain : e;
		}
	}
}

static void
note_at(struct plan *p, struct tmg *t, enum diag_id id, const struct tmg_rule *r, const struct plan_endpoint *e)
{
	plan_note(p, t, id, &r->o, 0, "listener \"%s\", port %u", e->listener->l->o.name, (unsigned)e->port);
}

static void
nginx_losses(struct plan *p, struct tmg *t)
{
	struct reach *reach = arena_array(&p->mem, p->rule_count + 1, sizeof(*reach));
	const struct plan_endpoint *e;
	const struct plan_site *s;
	struct plan_rule *r;
	size_t i;

	if (reach == NULL)
		return; /* the arena remembers */
	for (e = p->endpoints; e != NULL; e = e->next)
		for (s = e->sites; s != NULL; s = s->next)
			reach_site(p, reach, e, s);
	for (i = 0; i < p->rule_count; i++) {
		r = &p->rules[i];
		/* What nginx_via answers: over TLS, http or stream or both. */
		r->via_http = (reach[i].bits & REACH_TLS) != 0;
		r->via_stream = (reach[i].bits & REACH_STREAM) != 0;
		if (reach[i].bits & REACH_STREAM)
			plan_note(p, t, D_SNI_DECIDES, &r->r->o, 0, "%s", "");
		if (reach[i].bits & REACH_SIGNIN_TLS)
			note_at(p, t, D_WINDOWS_SIGNIN_TLS, r->r, reach[i].tls);
		if (reach[i].bits & REACH_SIGNIN_PLAIN)
			note_at(p, t, D_WINDOWS_SIGNIN_PLAIN, r->r, reach[i].plain);
		if (reach[i].bits & REACH_LONG)
			plan_note(p, t, D_CLOSED_QUOTING, &r->r->o, 0, "a path or URL is longer than nginx can read; it is refused");
	}
}

static const char *
nginx_via(const struct plan *p, const struct plan_rule *r)
{
	(void)p;
	return r->via_stream && !r->via_http ? "stream" : "http";
}

const struct writer writer_nginx = { "nginx", "1.22.1", nginx_losses, nginx_write, nginx_via };
