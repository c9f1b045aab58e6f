/*
 * Between the parts of the nginx target: write_nginx.c (nginx.conf, losses),
 * nginx_http.c and nginx_server.c (http.conf), nginx_stream.c (stream.conf),
 * nginx_choice.c (who is answered how), nginx_alike.c (names that share a
 * server), nginx_filter.c (HTTP filters), nginx_pool.c (servers and farms),
 * nginx_common.c (what they share). Of no use to anything else.
 */
#ifndef EXPORT_NGINX_H
#define EXPORT_NGINX_H

#include "base/hmap.h"
#include "export/quote_nginx.h"
#include "export/writer.h"

/* Choices that several path classes can have in common: one map answers for all. */
struct ng_list {
	uint32_t id;             /* from 1 */
	struct plan_table table; /* of the first class that has it */
	const struct plan_choice *choices;
	struct ng_list *next;
};

/* What the forwarding locations of one server have in common. */
struct ng_common {
	struct plan_route first, first_tls; /* forwarding ones, or none */
	const struct plan_rule *rule;       /* the only rule of the server, or NULL */
	bool same_headers, same_tls, same_bind, many_rules;
	bool lets_in; /* does any path forward, or send to HTTPS as it came? Then odd spellings are refused */
};

/* A site among those that do the same for other rules: their names share a server. */
struct ng_alike {
	uint32_t next : 31;  /* the number of the next one, from 1; 0: none */
	uint32_t begins : 1; /* there is no earlier one */
};

struct ng_pool {
	uint32_t route; /* id of the first that leads there, or 0 */
	bool searched;  /* a mapped path leads there: nginx searches for the upstream at each request */
};

/* Settings that many servers of an endpoint share: a file of their own, which these include. */
struct ng_settings {
	const struct plan_endpoint *e;
	struct ng_common c; /* of the first server that has them */
};

#define NG_SETTINGS_MAX 16
#define NG_SETTINGS "tmg_settings_" /* behind it the number, from 1, and ".conf" */

/* What is looked up while http.conf is written; made before it. */
struct ng_index {
	struct arena mem;
	struct hmap by_place, by_content; /* -> ng_list */
	struct ng_list *lists, **last_list;
	uint32_t list_count, source_count;
	struct ng_settings settings[NG_SETTINGS_MAX];
	size_t settings_count, writing; /* `writing`: the one whose file is being written */
	uint32_t *uri; /* by plan_route.id: the first route whose paths change in the same way, or 0; NULL: all 0 */
	uint32_t *uri_routes;     /* by the same of that first one: how many they are */
	struct ng_pool *pools;    /* by plan_pool.id */
	uint8_t *shared;          /* a bit by the id of the first route of a deed: it is of other routes, too */
	struct ng_alike *alike;   /* by site of the endpoint at hand, from 0 */
	bool *used;               /* by plan_sources.id */
	uint32_t *written, round; /* by plan_route.id: the last server that has it; NULL: none has any */
	bool failed;
};

struct ng {
	const struct plan *p;
	struct out *o;
	struct ng_index *x;
};

/* How a path class is written. */
enum ng_path_kind {
	NG_REFUSE, /* for everybody */
	NG_PLAIN,  /* one answer for everybody */
	NG_ONLY,   /* one answer for some clients, refused for the others */
	NG_LIST    /* several answers: a list */
};

struct ng_path {
	enum ng_path_kind kind;
	bool lets_in; /* somebody */
	bool guarded; /* its other spellings are refused apart */
	bool cut;     /* refused because it is longer than nginx can read */
};

/* Without memory x->failed. */
void ng_index_make(const struct plan *p, struct ng_index *x);
void ng_index_free(struct ng_index *x);
/* Which routes do the same: x->shared. */
void ng_index_shared(struct ng_index *x, const struct plan *p);
/* The first route whose paths change in the same way, or 0: they do not. */
static inline uint32_t
ng_uri(const struct ng_index *x, struct plan_route r)
{
	return x->uri != NULL ? x->uri[r.id] : 0;
}
/* The sites of an endpoint that share a server: x->alike, until ng_gather_end. Without memory x->failed. */
void ng_gather(struct ng_index *x, const struct plan_endpoint *e);
void ng_gather_end(struct ng_index *x, const struct plan_endpoint *e);
void ng_write_http(const struct plan *p, struct ng_index *x, struct out *o);
void ng_write_stream(const struct plan *p, struct ng_index *x, struct out *o);
void ng_write_settings(const struct plan *p, struct ng_index *x, struct out *o);
/* All servers of an address and port. */
void ng_endpoint(struct ng *w, const struct plan_endpoint *e);

/* What a choice answers; none is deny. A condition that this target does not
 * write must not let anybody in, and what nginx cannot read is refused. */
struct plan_route ng_choice_route(const struct plan_table *t, const struct plan_choice *c);
bool ng_route_too_long(struct plan_route r);
struct ng_path ng_path_of(const struct plan_table *t, const struct plan_path *path);
/* The list of a path class of kind NG_LIST, or NULL: nobody is let in. */
const struct ng_list *ng_list_of(const struct ng *w, const struct plan_table *t, const struct plan_path *path);
/* Does the route take more than a `return` inside an `if`? */
bool ng_needs_block(struct plan_route r);
/* The only route of the choices that does, or none; *many when there are more. */
struct plan_route ng_block_route(const struct plan_table *t, const struct plan_choice *c, bool *many);
/* Link translation of the rule that a route is of, or NULL. */
const struct plan_links *ng_links_of(const struct plan *p, struct plan_route r);
bool ng_has_links(struct plan_route r);
void ng_put_links(struct ng *w, const char *indent, const struct plan_links *links, bool tls);
void ng_put_sources(struct ng *w);
void ng_put_lists(struct ng *w);

/* nginx_filter.c: the maps of all filters, how many variables they are; what a
 * location asks before it forwards; headers that its filter settles. */
void ng_put_filters(struct ng *w);
size_t ng_filter_variables(const struct plan *p);
void ng_put_filter_tests(struct ng *w, const struct plan_filter *f);
void ng_put_filter_headers(struct ng *w, const char *indent, struct plan_route r);

size_t ng_word_length(const char *s);
/* The pool that the site's connections go to through stream, or NULL: http. */
const struct plan_pool *ng_site_stream(const struct plan_endpoint *e, const struct plan_site *s);
/* NumberOfConnections: zones of http{} or stream{}, and the limit in the server that owns the port. */
bool ng_is_limited(const struct plan_listener *l);
void ng_put_limit_zones(struct ng *w, bool stream);
void ng_put_limit(struct ng *w, const struct plan_endpoint *e);
bool ng_has_streams(const struct plan *p);
/* The site that has the class of any host. False: there is none. */
bool ng_any_site(const struct plan_endpoint *e, struct plan_site *site);
void ng_find_common(const struct plan_site *site, struct ng_common *c);
/* Is it of a rule for all requests, which also takes those that name no host? */
bool ng_may_lack_host(struct plan_route r);
size_t ng_power_of_two(size_t least, size_t n);

void ng_directive(struct ng *w, const char *name, const char *value, enum nginx_place place);
/* Servers: http{} (or stream{}) has one upstream for each pool that needs one. */
bool ng_pool_in_stream(const struct plan *p, const struct plan_pool *pool);
void ng_put_cookies(struct ng *w);
void ng_put_upstream(struct ng *w, const struct plan_pool *pool);
void ng_put_stream_upstreams(struct ng *w);
/* Members are watched by the requests that meet them. */
void ng_put_retries(struct ng *w, const char *indent);
bool ng_farm_checked(const struct tmg_farm *f);
void ng_address(struct ng *w, const char *host, uint16_t port);
/* The socket between stream and what is behind it; `pool` NULL: http. */
void ng_socket(struct ng *w, const struct plan_endpoint *e, const struct plan_pool *pool, enum nginx_place place);
void ng_certificate(struct ng *w, const struct plan_endpoint *e);
void ng_notes(struct ng *w, const char *indent, const struct plan_note *n);
/* The comment above what a rule became. A rule that admits nobody says why. */
void ng_rule(struct ng *w, const char *indent, const struct plan_rule *r);
void ng_endpoint_head(struct ng *w, const struct plan_endpoint *e);
void ng_tls_name(struct ng *w, const char *indent, const struct plan_pool *pool);
void ng_tls(struct ng *w);
/* nginx's tables of names must be told when names are long or more than `many`. */
void ng_hash_sizes(struct ng *w, const char *what, bool streams, size_t many);
/* Defines $tmg_d when a literal "$" needs it. */
void ng_dollar(struct ng *w, bool http);

#endif
