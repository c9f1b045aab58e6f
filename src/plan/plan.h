/*
 * The plan: what a proxy must do, decided once. A writer only spells it.
 *
 *	endpoint (address set, port, TLS?) -> host class -> table of path
 *	classes (its shape) -> ordered choices -> slot -> route
 *
 * Host classes are exact, "*.suffix" or any; of the classes that cover a
 * host the most specific holds: exact, then the longest suffix, then any.
 * Path classes are exact or prefix; exact first, then the longest prefix.
 * A host or a path without a class is denied with 403. The tables are already
 * lowered: each class holds the answer of *all* rules that cover it, so that
 * looking at the most specific class alone is exact. Identical routes and
 * tables (compare ids) and pools (compare pointers) are shared. Knows no
 * target's language.
 */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "base/addrset.h"
#include "base/strbuf.h"
#include "model/model.h"

enum plan_state { PLAN_LIVE, PLAN_DISABLED, PLAN_CLOSED, PLAN_NA };

/* A message of the plan about one rule or listener: reasons and losses. */
struct plan_note {
	enum diag_id id;
	enum tmg_severity severity; /* TMG_NOTE when --allow accepted it */
	bool allowed;
	const struct tmg_obj *obj; /* or NULL */
	const char *detail;        /* terminal-safe, or NULL */
	uint32_t line;
	struct plan_note *next;
};

enum plan_link_place { PLAN_IN_PAGES = 1, PLAN_IN_HEADERS = 2 };

/* Link translation: a text in what servers answer, without regard to case, and what takes its place. */
struct plan_link {
	const char *from; /* in Location and the like: its beginning */
	const char *to;
	bool here;   /* `to` stands behind scheme, name and port that the client used */
	unsigned in; /* enum plan_link_place */
	struct plan_link *next;
};

struct plan_links {
	struct plan_link *list;
	struct tmg_text *types; /* of pages beside text/html: "text/css" */
	const char *site;       /* in the domain of cookies: becomes the name that the client used */
};

struct plan_rule {
	const struct tmg_rule *r;
	uint32_t names;       /* of the plan's: from here to those of the next rule */
	uint8_t state;        /* enum plan_state */
	uint8_t routes;       /* how many routes of tables it has, 255 and more are 255; 0 = never reached */
	bool opened : 1;      /* by --pass-through */
	bool via_http : 1;    /* for the writer that needs to know: where it is reached */
	bool via_stream : 1;  /* ... */
	bool has_reasons : 1; /* see plan_reasons_of */
	bool has_links : 1;   /* see plan_links_of */
};

/* What few rules have. */
struct plan_aside {
	uint32_t rule;                  /* index in the plan */
	struct plan_note *reasons;      /* why it is closed, opened or not applicable */
	const struct plan_links *links; /* of a live rule with link translation, or NULL */
};

/* A set of clients. Equal sets are one. */
struct plan_sources {
	uint32_t id;        /* from 1 */
	struct addrset set; /* normalized; neither empty nor everything */
	const char *label;  /* the From tab in words, for comments; terminal-safe */
	struct plan_sources *next;
};

/* Hours in which a rule holds, in the proxy's local time. */
struct plan_schedule {
	uint32_t id; /* from 1 */
	const struct tmg_schedule *s;
	struct plan_schedule *next;
};

struct plan_member {
	const char *host; /* as plan_pool.host */
	bool host_is_address, drained;
	uint32_t id; /* from 1 within the farm */
	struct plan_member *next;
};

/* One server or one farm (and how to speak to it). Every setting that matters for TLS is
 * part of its identity, so sharing a pool never shares a TLS session wrongly. */
struct plan_pool {
	uint32_t id;      /* from 1 */
	const char *host; /* canonical host name or address (IPv6 without brackets); NULL for a farm */
	bool host_is_address;
	struct plan_member *members; /* of a farm, as the export lists them; NULL for one server */
	const struct tmg_farm *farm; /* NULL for one server; its verifiers say how to check the members */
	bool sticky_cookie;          /* farm: a cookie keeps a client at its member, else its address does */
	uint16_t port;
	bool tls;
	const char *tls_name;     /* name in the handshake and in the certificate; NULL without TLS */
	bool tls_name_is_address; /* then it must not be sent as SNI */
	bool transparent;         /* connect with the client's address */
	struct plan_pool *next;
};

/* How an external path becomes an internal one; NULL in a route: unchanged. */
struct plan_mapping {
	const char *external; /* canonical: "" root prefix, "/a" prefix, "/a/b.htm" exact */
	const char *internal; /* bytes to send, percent-encoded where needed: "" or "/b" or "/exchange%5c" */
	bool prefix;
};

/* What the HTTP filter of a rule demands of request headers. */
struct plan_filter_header {
	const char *name; /* a word; "": any header, with `patterns` only */
	bool denied;
	uint32_t max_value;        /* bytes; 0: any */
	struct tmg_text *patterns; /* printable ASCII, any case: a value that holds one is refused */
	struct plan_filter_header *next;
};

/* The HTTP filter of a rule, as far as the target can express it; equal ones
 * are one. It guards what the rule forwards, once the rule has matched: a
 * request that fails is refused and never falls to a later rule. "URL" is path
 * and query as the client sent them, "decoded" is percent-decoded once. */
struct plan_filter {
	uint32_t id;                  /* from 1 */
	const struct plan_rule *rule; /* the first that has it, for comments */
	enum tmg_filter_condition methods, extensions;
	struct tmg_text *method_list;    /* tokens; allowed in this spelling, refused in any case */
	struct tmg_text *extension_list; /* tokens in lower case without the dot */
	bool no_extension;               /* ONLY_LISTED: paths without an extension pass, too */
	bool ambiguous;                  /* refused: in the decoded path another dot or slash follows a dot */
	bool high_bit;                   /* refused: a byte over 127 in the URL, as it is or encoded */
	bool encoded_twice;              /* refused: a URL that a second decoding changes */
	bool executables;                /* refused: answers that begin like a Windows program */
	uint32_t max_url, max_query;     /* bytes; 0: any */
	uint64_t max_body;
	struct tmg_text *url_patterns; /* printable ASCII, any case, each byte also encoded */
	struct plan_filter_header *headers;
	struct tmg_text *hidden; /* headers that answers lose: words */
	bool hide_server;
	const char *server; /* value of Server in answers, or NULL */
	struct plan_filter *next;
};

enum plan_action { PLAN_FORWARD, PLAN_REDIRECT, PLAN_DENY };

/* What is done with a request. Equal deeds are one, whichever rules they are of. */
struct plan_deed {
	enum plan_action action;
	const struct plan_pool *pool;   /* FORWARD */
	const struct plan_mapping *map; /* FORWARD, or NULL: path unchanged */
	const char *host;               /* FORWARD: Host to send; NULL: the one decided on */
	const char *site;               /* FORWARD with host NULL: sent when the request has none */
	const char *location; /* REDIRECT: URL in plain ASCII without blanks or quotes, quoting left to the writer;
	                         * NULL: the same host (without port), path and query over https */
	uint16_t https_port;  /* REDIRECT with location NULL: its port */
	const struct plan_filter *filter; /* FORWARD, or NULL */
	bool pass_credentials;            /* delegation 0: Authorization and challenges pass; else both are stripped */
	bool client_cert; /* FORWARD, over TLS: 403 unless the client showed a certificate of plan_listener.client_ca */
	/* FORWARD, when it does not matter which rule asks: the id of the first route that does the same
	 * with every request it takes. 0: each of its routes stands for itself, by its rule's members of
	 * a farm, paths, links or the Host of requests that have none. */
	uint32_t first;
	const struct plan_rule *rules; /* of the plan */
};

/* A rule and what it does, as plan_route shows it. */
struct plan_route {
	const struct plan_deed *deed; /* NULL: there is no route */
	uint32_t id;                  /* from 1, in the order of rules */
	uint32_t rule;                /* index + 1 of the rule in the plan: see plan_rule_of */
};

#define PLAN_NO_ROUTE ((struct plan_route){ NULL, 0, 0 })

static inline const struct plan_rule *
plan_rule_of(struct plan_route r)
{
	return r.rule != 0 ? &r.deed->rules[r.rule - 1] : NULL;
}

/* Ordered choices of a path class: the first whose conditions hold answers.
 * Conditions are NULL = always; when none holds, the answer is deny. */
struct plan_choice {
	const struct plan_sources *sources;
	const struct plan_schedule *schedule; /* only for a target that has PLAN_CAN_SCHEDULE */
	uint32_t slot;                        /* in the routes of the table: plan_route_of */
	struct plan_choice *next;
};

struct plan_path {
	const char *path; /* canonical, see plan_mapping.external */
	bool prefix;      /* "" = everything; "/a" = "/a", "/a/" and below */
	struct plan_choice *choices;
	struct plan_path *next; /* exact first (by name), then prefixes, longest first (then by name) */
};

/* Which paths a table tells apart and whom it asks for each, without the routes: most
 * rules are alike in that. Equal ones are one, so that tables of one shape differ in
 * their routes only. No two slots of a table have the same route. */
struct plan_shape {
	uint32_t id; /* from 1, in order of first use */
	uint32_t slots;
	struct plan_path *paths;
	struct plan_shape *next;
};

/* A shape and the routes of its slots, as plan_site shows it. */
struct plan_table {
	const struct plan *p;
	const struct plan_shape *shape;
	const uint32_t *routes; /* by slot: see plan_table_route */
	uint32_t n_routes;      /* as many as its shape has slots */
	uint32_t id;            /* from 1, in order of first use */
	bool second;            /* as plan_endpoint.second */
};

/* When every request of the table's hosts may go through a TLS stream (section 7): the pool; else NULL. */
const struct plan_pool *plan_stream_of(const struct plan_table *t);

enum plan_host_kind { HOST_EXACT, HOST_SUFFIX, HOST_ANY };

struct plan_host {
	const char *name;    /* canonical; for a suffix without "*."; "" for any */
	int32_t next;        /* see plan_host_next: where it stands from here; 0: there is none */
	uint32_t kind : 2;   /* enum plan_host_kind */
	uint32_t again : 1;  /* hosts.c: one that is the same, on the same listener, came before */
	uint32_t after : 29; /* index + 1 among all names: hosts.c: of the next that is the same; then of the next
	                      * that a certificate must cover */
};

#define PLAN_NAME_BITS 0x1fffffffu

/* Within its site: exact by name, suffixes by name, any last. */
static inline const struct plan_host *
plan_host_next(const struct plan_host *h)
{
	return h->next != 0 ? h + h->next : NULL;
}

/* All host classes of an endpoint that share one table, as plan_site shows them. */
struct plan_site {
	struct plan_table table;
	const struct plan_host *hosts;
	uint32_t host_count;
	bool any; /* the HOST_ANY class is one of them */
};

struct plan_address {
	const char *text; /* canonical, IPv6 without brackets; NULL = all addresses */
	bool v6;
	struct plan_address *next;
};

struct plan_listener {
	const struct tmg_listener *l;
	uint32_t id;                    /* from 1 */
	struct plan_address *addresses; /* after --bind; one entry with text NULL for all */
	const char *certificate;        /* path of the PEM file (chain and key), NULL without HTTPS */
	const char *
	    client_ca; /* path of the PEM file with the authorities of clients; NULL: none are asked for a certificate */
	const struct plan_host *all_names; /* of the plan */
	uint32_t first_name;               /* see plan_first_name */
	bool any_name; /* the certificate must cover any other name, too: a rule for all requests is live */
	struct plan_listener *next;
};

/* Names that the certificate must cover: exact ones and suffixes, sorted as plan_name_text says them; or NULL. */
static inline const struct plan_host *
plan_first_name(const struct plan_listener *l)
{
	return l->first_name != 0 ? &l->all_names[l->first_name - 1] : NULL;
}

const char *plan_name_text(const struct plan_host *h, struct strbuf *b); /* "*.contoso.com" made in `b` */

static inline const struct plan_host *
plan_name_after(const struct plan_listener *l, const struct plan_host *n)
{
	return n->after != 0 ? &l->all_names[n->after - 1] : NULL;
}

struct plan_endpoint {
	const struct plan *p;
	const struct plan_listener *listener;
	uint16_t port;
	bool tls;
	bool redirect_all;               /* every request: 302 to https://host[:https_port]uri */
	uint16_t https_port;             /* of that redirect */
	uint32_t first_site, site_count; /* in the plan: see plan_site; in the order of first rules */
	uint32_t first_table;          /* id of the table of the first site; one more for each that follows, but if: */
	const uint32_t *tables;        /* ids of the tables by site, or NULL */
	uint32_t tables_before;        /* highest id of a table of the endpoints before this one */
	bool second;                   /* its sites are those of an endpoint that came before, but for what is done */
	const struct plan_host *names; /* the hosts of its sites are among these */
	bool streams; /* TLS only: some table may go through a stream (a target that can, splits by SNI) */
	struct plan_endpoint *next;
};

/* What a target can express; what it cannot is closed in its plan. */
enum plan_can {
	PLAN_CAN_SCHEDULE = 1u << 0,
	PLAN_CAN_CLIENT_CERT = 1u << 6,
	/* of HTTP filters: */
	PLAN_CAN_HEADER_NAMES = 1u << 1,   /* request headers with "." or "_" in their names */
	PLAN_CAN_ALL_HEADERS = 1u << 2,    /* a pattern in any request header */
	PLAN_CAN_CLIENT_HEADERS = 1u << 3, /* Host and X-Forwarded-For as the client sent them */
	PLAN_CAN_SET_SERVER = 1u << 4,     /* another Server in answers */
	PLAN_CAN_EXECUTABLES = 1u << 5     /* refuse an answer by how it begins */
};

struct plan_options {
	const struct tmg_convert_options *o;
	unsigned can;                                 /* enum plan_can of the target */
	const char *target;                           /* its name, for messages; or NULL */
	bool *bind_used, *pass_used;                  /* as many as the options: set when one had an effect; or NULL */
	struct hmap *said;                            /* messages that a plan of the same input already gave, or NULL */
	const char *cert_dir, *ca_file, *runtime_dir; /* defaults filled in */
};

/* Routes and sites are many, so that the plan keeps them as numbers, in arrays. */
struct plan_list {
	void *v;
	uint32_t count, room;
};

struct kept_route {
	uint32_t rule;
	uint32_t deed : 25; /* index in plan.deeds */
	uint32_t step : 7;  /* so many places behind it is the route for endpoints that are `second` */
};

struct kept_site {
	uint32_t shape;  /* index in plan.shape_list */
	uint32_t routes; /* of one slot: id of its route; else index in plan.slots, where they follow each other */
	uint32_t hosts;  /* index + 1 in plan_endpoint.names */
	uint32_t host_count : 31, any : 1;
};

struct plan {
	struct arena mem;
	struct budget *budget;
	const struct tmg_input *in;
	struct plan_options opt;
	struct plan_rule *rules; /* array: every rule of the input in effective order */
	size_t rule_count;
	struct plan_aside *asides; /* in the order of rules */
	size_t aside_count, aside_cap;
	struct plan_listener *listeners;
	struct plan_endpoint *endpoints; /* listener order, HTTP before HTTPS */
	struct plan_pool *pools;
	struct plan_sources *sources;
	struct plan_schedule *schedules;
	struct plan_filter *filters;
	struct plan_shape *shapes;
	struct plan_list routes;     /* of struct kept_route: see plan_route */
	struct plan_list sites;      /* of struct kept_site: see plan_site */
	struct plan_list slots;      /* of uint32_t */
	struct plan_list deeds;      /* of pointers: to struct plan_deed */
	struct plan_list shape_list; /* of pointers: to struct plan_shape */
	uint32_t table_count;
	unsigned asked;                        /* enum plan_can: abilities of the target that something needed */
	bool of_target;                        /* it lacks one of them, or a note names the target */
	struct plan_note *losses, **last_loss; /* in order of finding; rule reasons are among them */
	struct plan_note **made_losses;        /* where those of plan_make end */
	struct tmg_text *resolve;              /* host names that the proxy must resolve, sorted, no duplicates */
};

/* Of a rule of the plan; NULL: none. */
const struct plan_note *plan_reasons_of(const struct plan *p, const struct plan_rule *r);
const struct plan_links *plan_links_of(const struct plan *p, const struct plan_rule *r);

/* A route by its id. */
static inline struct plan_route
plan_route(const struct plan *p, uint32_t id)
{
	const struct kept_route *r = (const struct kept_route *)p->routes.v + (id - 1);

	return (struct plan_route){ ((const struct plan_deed *const *)p->deeds.v)[r->deed], id, r->rule };
}

/* The route of a slot. */
static inline struct plan_route
plan_table_route(const struct plan_table *t, uint32_t slot)
{
	uint32_t id = t->routes[slot];

	return plan_route(t->p, t->second ? id + ((const struct kept_route *)t->p->routes.v)[id - 1].step : id);
}

/* What a choice of a table leads to. */
static inline struct plan_route
plan_route_of(const struct plan_table *t, const struct plan_choice *c)
{
	return plan_table_route(t, c->slot);
}

/* A site of an endpoint, from 0. */
static inline struct plan_site
plan_site(const struct plan_endpoint *e, uint32_t i)
{
	const struct plan *p = e->p;
	const struct kept_site *s = (const struct kept_site *)p->sites.v + e->first_site + i;
	const struct plan_shape *shape = ((const struct plan_shape *const *)p->shape_list.v)[s->shape];

	return (struct plan_site){
		.table = { .p = p,
		    .shape = shape,
		    .routes = shape->slots > 1 ? (const uint32_t *)p->slots.v + s->routes : &s->routes,
		    .n_routes = shape->slots,
		    .id = e->tables != NULL ? e->tables[i] : e->first_table + i,
		    .second = e->second },
		.hosts = s->hosts != 0 ? &e->names[s->hosts - 1] : NULL,
		.host_count = s->host_count,
		.any = s->any != 0,
	};
}

/* Was this endpoint the first to have the table? Looking at all sites of all endpoints then
 * comes by each table once, in the order of ids. */
static inline bool
plan_table_is_new(const struct plan_endpoint *e, const struct plan_table *t)
{
	return t->id > e->tables_before;
}

/* Makes the plan of one input for one kind of target. Messages go into t->diags as well. */
enum tmg_status plan_make(struct tmg *t, const struct tmg_input *in, const struct plan_options *opt, struct plan *p);
/* Does the plan serve this target as it serves the one it was made for? Then it is
 * as plan_make left it, but for what `losses` of the first one added to its arena. */
bool plan_reuse(struct plan *p, const struct plan_options *opt);
void plan_free(struct plan *p);

/* Adds a note to the plan and to the job's messages; --allow is applied here.
 * Targets call it for what they do differently. */
void plan_note(struct plan *p, struct tmg *t, enum diag_id id, const struct tmg_obj *obj, uint32_t line,
    const char *fmt, ...) PRINTF_LIKE(6, 7);

#endif
