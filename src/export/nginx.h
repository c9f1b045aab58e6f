/*
 * Between the parts of the nginx target: write_nginx.c (nginx.conf, losses),
 * nginx_http.c and nginx_server.c (http.conf), nginx_stream.c (stream.conf),
 * nginx_common.c (what they share). Of no use to anything else.
 */
#ifndef EXPORT_NGINX_H
#define EXPORT_NGINX_H

#include "export/quote_nginx.h"
#include "export/writer.h"

struct ng {
	const struct plan *p;
	struct out *o;
};

/* What the forwarding locations of one server have in common. */
struct ng_common {
	const struct plan_route *first, *first_tls; /* forwarding ones, or NULL */
	const struct plan_rule *rule;               /* the only rule of the server, or NULL */
	bool same_headers, same_tls, same_bind, many_rules;
};

void ng_write_http(const struct plan *p, struct out *o);
void ng_write_stream(const struct plan *p, struct out *o);
/* All servers of an address and port. */
void ng_endpoint(struct ng *w, const struct plan_endpoint *e);

/* The route of a path class. A condition that this target does not write yet
 * must not let anybody in: NULL is deny. */
const struct plan_route *ng_path_route(const struct plan_path *path);
enum nginx_path_form ng_location_form(const struct plan_route *r);
/* nginx has a limit on words; what goes beyond it cannot be written and is refused. */
bool ng_path_too_long(const struct plan_path *path, const struct plan_route *r);
bool ng_path_forwards(const struct plan_path *path);
size_t ng_word_length(const char *s);
/* The pool that the site's connections go to through stream, or NULL: http. */
const struct plan_pool *ng_site_stream(const struct plan_endpoint *e, const struct plan_site *s);
bool ng_has_streams(const struct plan *p);
const struct plan_site *ng_any_site(const struct plan_endpoint *e);
void ng_find_common(const struct plan_site *site, struct ng_common *c);
/* Number of the route's rule among all, from 1: a part of generated names. */
size_t ng_rule_number(const struct plan *p, const struct plan_route *r);
/* Is it of a rule for all requests, which also takes those that name no host? */
bool ng_may_lack_host(const struct plan_route *r);
size_t ng_power_of_two(size_t least, size_t n);

void ng_directive(struct ng *w, const char *name, const char *value, enum nginx_place place);
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
