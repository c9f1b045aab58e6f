/*
 * trace: which rule takes a request, and why the others do not. Walks the
 * rules of the model one by one, as the contract says, and shares nothing with
 * the plan, so that the two can be compared.
 */
#ifndef TRACE_TRACE_H
#define TRACE_TRACE_H

#include "model/model.h"
#include "trace/clients.h"

/* A published name: exact, or all names below it. */
struct trace_name {
	const char *s;
	size_t len;
	bool below;
};

struct trace_path {
	const char *published; /* as compared */
	size_t len;
	const char *internal; /* as sent; NULL: the client's own spelling */
	bool prefix;
};

/* A rule made ready: everything that does not depend on the request. */
struct trace_rule {
	const struct tmg_rule *rule;
	const struct tmg_listener *listener; /* NULL: none, or not one */
	const char *off;                     /* why it is no candidate, or NULL */
	const char *closed;                  /* why it may not forward, or NULL */
	struct client_set clients;
	struct trace_name *names;
	struct trace_path *paths;
	size_t name_count, path_count;
	const uint8_t *hours; /* NULL: at all hours */
	const char *redirect; /* of a deny rule, or NULL */
	const char *site;     /* name sent as Host */
	const char *const *servers;
	size_t server_count;
	const struct tmg_http_filter *filter; /* NULL: none */
	bool all_names, all_paths, demands_user, farm;
	bool demands_certificate; /* and would forward for one */
};

/* A listener and what it owns. */
struct trace_listener {
	const struct tmg_listener *listener;
	uint8_t (*addresses)[16];
	size_t address_count;
	bool any;
	int http, https; /* 0: off */
};

struct tmg_tracer {
	struct tmg *t;
	struct arena mem;
	struct clients clients;
	struct trace_rule *rules;
	struct trace_listener *listeners;
	size_t rule_count, listener_count;
	struct tmg_step *steps;
	/* of the request at hand; kept for their memory */
	struct strbuf host, path, target, sent_host, sent_path, location, on, from, why, decoded;
};

/* prepare.c: false without memory. */
bool prepare_listeners(struct tmg_tracer *tr, const struct tmg_trace_options *opt);
bool prepare_rules(struct tmg_tracer *tr, const struct tmg_trace_options *opt);

/* endpoint.c: the listener that owns what the request goes to; NULL: none, and
 * tr->why says why. `host_len` of tr->host is 0 when the request has no host. */
struct trace_request {
	bool tls, has_host;
	int port;        /* of the URL, or its scheme's */
	size_t path_len; /* of tr->target, without the query */
};
const struct trace_listener *trace_endpoint(
    struct tmg_tracer *tr, const struct trace_request *rq, const char *on, const struct trace_listener **beside);

/* filter.c: why the rule's HTTP filter refuses tr->target, or NULL; `method` NULL is GET. */
const char *trace_filter(struct tmg_tracer *tr, const struct trace_rule *r, const char *method, size_t path_len);

/* Does the rule's host condition hold for tr->host? */
bool trace_host_matches(const struct tmg_tracer *tr, const struct trace_rule *r, bool has_host);

enum tmg_status tracer_new(struct tmg *t, const struct tmg_trace_options *opt, struct tmg_tracer **out);
void tracer_free(struct tmg_tracer *tr);
enum tmg_status tracer_run(struct tmg_tracer *tr, const struct tmg_request *q, struct tmg_verdict *v);

#endif
