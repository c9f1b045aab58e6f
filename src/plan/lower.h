/*
 * What the files of the plan share. Nobody else includes this.
 */
#ifndef PLAN_LOWER_H
#define PLAN_LOWER_H

#include <stdarg.h>

#include "base/strbuf.h"
#include "plan/plan.h"

/* A published path in the form in which it is compared. */
struct ppath {
	const char *path;
	const struct plan_mapping *map; /* NULL: sent unchanged */
	bool prefix;
};

/* Published paths as a rule lists them. Equal lists are one. */
struct ppaths {
	uint32_t id; /* from 1; lists that differ only in what changed paths become have one */
	uint32_t count;
	struct ppath *v;
	bool all;                          /* one of them is the prefix of every path */
	bool mapped;                       /* one of them is sent changed */
	const struct ppath *inner, *outer; /* the first that lies inside another, or NULL */
};

/* What a rule does, apart from its names. Rules that say the same share it. */
struct manner {
	const struct ppaths *paths;
	const struct plan_sources *sources;   /* NULL: every client */
	const struct plan_schedule *schedule; /* NULL: always */
	const struct plan_filter *filter;     /* NULL: none, or nothing that the target can express */
	const char *location;                 /* where a rule that denies sends its requests, or NULL */
	const char *site, *server;            /* canonical; equal ones are one */
	const struct tmg_farm *farm;
	struct plan_member *members;
	const struct tmg_listener *listener;
	int32_t server_type, http_port, https_port, affinity;
	bool site_is_address, server_is_address;
	bool forwards;    /* else it denies or redirects */
	bool needs_cert;  /* it demands a client certificate, and the authorities are known */
	bool wanted_user; /* TMG would have asked for a user: matters for RedirectHTTPAsHTTPS 1 */
	bool nobody;      /* its sources hold no address: no request matches */
	bool tls_only, original_host, pass_credentials, transparent;
	bool each;            /* what it does with a request rests on the rule itself: on its links, or on
	                       * the Host of requests that have none */
	uint32_t id;          /* from 1 */
	struct deed *deed[2]; /* routes.c, of paths that are sent unchanged: forwards, without and with TLS */
};

#define MANNER_KEY offsetof(struct manner, id) /* so many bytes tell them apart */

/* What lowering needs to know of one rule. */
struct prule {
	uint32_t manner : 30;      /* see manner_of; 0: it does not publish, or is disabled */
	uint32_t takes_part : 1;   /* stands in the tables: live, or closed with known conditions */
	uint32_t takes_all : 1;    /* ... and answers every request of a host, whatever its path and client */
	uint32_t next_of_listener; /* index + 1 of the next rule of the same listener */
	uint32_t last_route;       /* routes.c: number of the last that was made, from 1; or 0 */
	uint32_t home : 29;        /* tables.c: number, from 1, of the first site whose routes are all its own, at the
	                            * last endpoint that has one; or 0 */
	uint32_t alone : 1;        /* ... the site is of hosts that no other rule covers */
};

/* The host classes of one listener. */
struct hosts {
	const struct listener_rules *of;
	size_t count;
	struct plan_host *any; /* the class of any host, or NULL */
	struct hmap suffixes;  /* name -> plan_host */
};

/* Rules that cover a host, by index, in order. */
struct rule_list {
	uint32_t *v;
	uint32_t n;
	size_t cap;
};

/* A path of a rule, by its place in a list of rules, and the slot of what the rule does with it. */
struct slot_use {
	uint32_t place, path, slot;
};

/* How a table is made of a list of rules. */
struct recipe {
	const struct plan_shape *shape;
	struct slot_use *uses; /* one for each slot, in the order in which routes are made */
	uint32_t count;
	uint64_t classes, coverings; /* what it adds to the count of a plan's parts */
};

/* A deed while the plan is made. */
struct deed {
	struct plan_deed d; /* first */
	uint32_t number;    /* index in plan.deeds */
	struct deed *like;  /* the first that does the same, whoever asks; NULL: none does */
};

struct lower {
	struct plan *p;
	struct tmg *t;
	struct arena *mem;        /* the plan's */
	struct arena tmp;         /* freed when the plan is made */
	struct prule *rules;      /* as many as p->rules */
	struct plan_host *pnames; /* of all rules in their order; as many as may come */
	uint32_t pname_count;
	size_t judged;                              /* rules so far */
	struct manner **manners_made, *last_manner; /* by id, from 1 */
	size_t manner_count, manner_cap;
	struct hosts hosts;
	struct strbuf key;           /* for a moment: a key, a text */
	struct hmap paths, patterns; /* paths.c: lists of the export, what lists tell apart -> ppaths */
	const struct tmg_path_mapping *last_list;
	const struct ppaths *last_paths, *all_paths;
	struct hmap recipes;   /* shapes.c */
	struct hmap listeners; /* tmg_listener pointer -> listener_rules */
	struct hmap hosts_seen, names, manners, routes, deeds, pools, shapes,
	    tables; /* what is shared, by its content */
	struct plan_pool **last_pool;
	struct plan_shape **last_shape;
	struct plan_endpoint **last_endpoint;
	struct plan_sources **last_sources;
	struct plan_schedule **last_schedule;
	struct plan_filter **last_filter;
	struct hmap sources, filters;
	struct hmap parts, tabs, hours; /* sources.c, rules.c: of objects, From tabs, schedules */
	struct part *all_parts;
	uint32_t filter_count, pool_count, pattern_count, sources_count, schedule_count;
	uint64_t entries;
	const struct tmg_array *asked; /* losses.c: is a rule of this array live? */
	bool answer;
	bool failed; /* no memory */
	bool too_large;
	bool networks, looked_for_networks; /* sources.c: does the file know any? */
};

/* The rules of one listener in order, and the listeners that the plan makes of it. */
struct listener_rules {
	uint32_t first, last; /* index + 1 into lower.rules */
	struct plan_listener *made;
	/* The first endpoints without and with TLS that have sites: at all others rules do the same. */
	const struct plan_endpoint *lowered[2];
	uint64_t parts[2]; /* what each added to the count of a plan's parts */
	bool live;         /* some live rule uses it */
	bool client_cert;  /* one of them demands a client certificate */
};

/* The plan's side of a rule. */
static inline struct plan_rule *
rule_made(const struct lower *lo, const struct prule *r)
{
	return &lo->p->rules[r - lo->rules];
}

static inline struct manner *
manner_of(const struct lower *lo, const struct prule *r)
{
	return r->manner != 0 ? lo->manners_made[r->manner - 1] : NULL;
}

/* The names of a rule: from rule_names to rule_names_end, not with it. */
static inline uint32_t
rule_names(const struct lower *lo, const struct prule *r)
{
	return rule_made(lo, r)->names;
}

static inline uint32_t
rule_names_end(const struct lower *lo, const struct prule *r)
{
	return (size_t)(r - lo->rules) + 1 < lo->judged ? rule_made(lo, r)[1].names : lo->pname_count;
}

/* So many more elements of a list, zeroed, behind each other; the first of them. NULL: no memory. */
void *list_add(struct lower *lo, struct plan_list *l, size_t size, uint32_t n);

/* rules.c: states and reasons of every rule; names, paths and servers of those that take part. */
void plan_rules(struct lower *lo);
/* What has these bytes in the map, or NULL; then *fresh is where something new must go: its key is copied. */
void *known(struct lower *lo, struct hmap *m, const void *key, size_t size, void ***fresh);
/* links.c: link translation of a rule that forwards. */
void plan_links(struct lower *lo, const struct prule *r, const char *site);
/* paths.c: the paths that a rule publishes. NULL: no memory, or *bad is no path. */
const struct ppaths *paths_of(
    struct lower *lo, const struct tmg_path_mapping *list, const struct tmg_path_mapping **bad);
const struct ppaths *paths_all(struct lower *lo);
/* paths.c: what is sent of a path of the export: as written, what no request line carries
 * percent-encoded; of a prefix without its slash and star. False: it is no path. */
bool path_bytes(struct lower *lo, const char *s, bool prefix, const char **out);
/* losses.c: what touched something live and cannot be carried over. */
void plan_losses(struct lower *lo);
/* listeners.c: addresses, collisions, endpoints. */
void plan_listeners(struct lower *lo);
/* routes.c: the routes of all endpoints by rule, with their numbers; which of them do the same. */
void plan_routes(struct lower *lo);
/* routes.c: what a rule does with a request of this kind of endpoint; the number of the route of that,
 * from 1, or 0: no memory. */
enum plan_action rule_action(const struct plan_endpoint *e, const struct manner *m);
uint32_t route_get(struct lower *lo, const struct plan_endpoint *e, struct prule *r, const struct plan_mapping *map);
/* routes.c: a rule's routes for another endpoint of a listener that had one: those that differ have
 * their ids so many steps (kept_route) behind. Can it be said of the rule, or has it too many? */
bool routes_can_step(const struct lower *lo, const struct prule *r);
void routes_step(struct lower *lo, const struct plan_endpoint *e, struct prule *r);
/* hosts.c: the names of the rules that take part, in order; those of which no other is the same before are classes. */
struct host_walk {
	uint32_t rule; /* index of the rule that has the name at hand */
	uint32_t name; /* its index */
};
struct plan_host *host_first(struct lower *lo, const struct listener_rules *lr, struct host_walk *at);
struct plan_host *host_after(struct lower *lo, struct host_walk *at);
/* Sorts names that `after` ties into a list; what is equal keeps its order. Numbers count from 1. */
uint32_t names_sort(struct lower *lo, uint32_t first, int (*cmp)(const struct plan_host *a, const struct plan_host *b));
/* Finds the classes of a listener, and counts them. */
void hosts_of(struct lower *lo, const struct listener_rules *lr);
void hosts_free(struct lower *lo);
/* The rules that cover a class, which is of this rule; none behind one that takes every request. */
void host_rules(struct lower *lo, struct plan_host *c, uint32_t rule, struct rule_list *l);
/* shapes.c: the shape of what these rules make of paths; NULL: no memory, or too much. */
const struct recipe *recipe_get(struct lower *lo, const struct plan_endpoint *e, const uint32_t *rules, uint32_t n);
/* tables.c: do such rules hold for every client at every hour? */
bool always_holds(const struct manner *m);
/* tables.c: sites and tables of one endpoint; when all have theirs, and routes their ids: which have streams. */
void plan_tables(struct lower *lo, struct plan_endpoint *e);
void plan_streams(struct lower *lo);

/* sources.c: the From tab of a rule as a shared set, NULL for everybody; *nobody when it is
 * empty. D_COUNT, or why the rule is closed; then the set holds whom its known parts cover, and
 * `what` names what is not known. Between begin and end. */
void sources_begin(struct lower *lo);
void sources_end(struct lower *lo);
enum diag_id sources_of(struct lower *lo, const struct tmg_rule *rule, const struct plan_sources **sources,
    bool *nobody, const char **what, uint32_t *line);
/* filter.c: the shared HTTP filter of a rule that forwards, or NULL; says what of it is left out. */
const struct plan_filter *filter_make(struct lower *lo, const struct plan_rule *pr);
bool sources_know_networks(struct lower *lo);
/* tables.c: counts what the plan is made of; too much of it ends the lowering. */
void plan_count(struct lower *lo, uint64_t n);
/* The same one by one: it ends with the first that is too much. */
void plan_count_up(struct lower *lo, uint64_t n);

/* Can the target do this? The plan remembers that it was asked. */
bool target_can(struct lower *lo, enum plan_can what);
struct listener_rules *listener_rules(struct lower *lo, const struct tmg_listener *l);
const char *lower_str(struct lower *lo, const char *s);
/* The same, and equal texts are one. */
const char *lower_name(struct lower *lo, const char *s);
/* What stands beside a rule: the one that is being judged, or the last that has something. NULL: no memory. */
struct plan_aside *rule_aside(struct lower *lo, const struct plan_rule *pr);
/* Adds a reason to a rule, and a loss and a message of the same text. */
void reason_vadd(struct lower *lo, struct plan_rule *pr, enum diag_id id, uint32_t line, const char *fmt, va_list ap)
    PRINTF_LIKE(5, 0);
void reason_add(struct lower *lo, struct plan_rule *pr, enum diag_id id, uint32_t line, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

#endif
