/*
 * What the files of the HAProxy writer share. Nobody else includes this.
 * Each of them spells a part of the plan; none decides anything. What lacks
 * memory says less or denies; the budget remembers that the run has failed.
 */
#ifndef EXPORT_HAPROXY_H
#define EXPORT_HAPROXY_H

#include "base/hmap.h"
#include "export/quote_haproxy.h"
#include "export/writer.h"

#include <inttypes.h>

#define HAP_REL_MAX 640       /* an input's folder is a file name, of 255 bytes at most */
#define HAP_TIMER_MAX 2147483 /* seconds that fit HAProxy's timers */
/* Sources and schedules that are told apart. Each is a line that conditional
 * requests go through and a file that is read at the start, and the names of
 * all that hold must fit in one buffer: run with this many, not with more. */
#define HAP_CONDITIONS_MAX 4000
/* In redirects.map: the same host and path over TLS; no URL is spelled so. */
#define HAP_SAME_OVER_TLS "same-over-tls"
/* Routes that a host may name beside the shape of its table: each is a line that requests go through. */
#define HAP_SLOTS_MAX 4
/* Choices in one line of maps/choices.map. */
#define HAP_CHOICES_A_LINE 24

/* The choices of some path classes: equal ones are one list, "c1". */
struct hap_list {
	uint32_t id;             /* from 1 */
	struct plan_table table; /* of the first class that has it */
	const struct plan_choice *choices;
	struct hap_list *next;
};

struct hap {
	const struct plan *p;
	struct out_set *s;
	struct out *o; /* haproxy.cfg */
	const char *prefix;
	struct arena mem;
	struct hmap list_of; /* choices in words -> hap_list */
	struct hap_list *lists, **last_list;
	uint32_t list_count;
	size_t steps; /* lines of maps/choices.map that a request may need */
	uint32_t source_count, schedule_count;
	bool *plain;    /* by route id: a port without TLS leads to it */
	bool *shared;   /* by shape id: several tables have it, and hosts name their routes */
	uint32_t slots; /* of the shared shape that has most */
	uint32_t shape_count;
	bool encoded;     /* some published path holds a blank: keys are encoded */
	bool host_asked;  /* something besides the maps wants to know the host */
	bool exact;       /* there is a paths-exact.map */
	bool beneath;     /* there is a paths-prefix.map */
	bool redirects;   /* there is a redirects.map */
	bool tls;         /* some server speaks TLS */
	bool conditional; /* some path class depends on the client or the hour */
	bool long_heads;  /* requests may have longer heads than TMG usually takes */
	bool transparent;
	bool too_many; /* conditions: what rests on them is denied */
};

/* Opens PREFIX/REL; NULL without memory. */
struct out *hap_open(const struct hap *h, const char *rel);
/* A host name or address, in brackets when it is IPv6, quoted by one of quote_haproxy.h. */
void hap_host(struct out *o, const char *host, void (*quote)(struct out *o, const char *s));

/* haproxy_choice.c: which route, when that depends on the client or the hour. */

bool hap_is_conditional(const struct plan_path *path);
/* Looks at the choices of a path class: a list is made when they are conditional. */
void hap_list_add(struct hap *h, const struct plan_table *t, const struct plan_path *path);
/* What the path leads to, as maps name it: "r5", "deny" or "c7". */
void hap_path_value(struct hap *h, struct out *o, const struct plan_table *t, const struct plan_path *path);
/* The only route of a path class whose choices are not conditional, or none. */
struct plan_route hap_only_route(const struct plan_table *t, const struct plan_path *path);
/* Lines of a frontend that turn "c7" into "r5" or "deny". */
void hap_write_choosing(struct hap *h, const struct plan_endpoint *e);
/* The lines of one list in maps/choices.map; all of maps/sources-N.map. */
void hap_put_list(struct out *o, const struct hap_list *l);
void hap_put_sources(struct out *o, const struct plan_sources *s, struct budget *budget);
/* maps/choices.map and maps/sources-N.map. */
void hap_write_lists(struct hap *h);

/* haproxy_maps.c: hosts, paths, URLs. */
void hap_site_value(const struct hap *h, struct out *o, const struct plan_table *t);
void hap_write_hosts(const struct hap *h, const struct plan_endpoint *e, const char *rel, enum plan_host_kind kind);
void hap_write_maps(struct hap *h);

/* haproxy_frontend.c */
void hap_write_published(const struct hap *h);
void hap_write_frontend(struct hap *h, const struct plan_endpoint *e);

/* haproxy_backend.c */

/* The id of the route whose backend answers for this one: servers that many rules publish are one backend, and
 * keep their connections together. */
uint32_t hap_answering(struct plan_route r);

/* " ssl sni ... verifyhost ..." of a server, nothing without TLS. */
void hap_tls_words(const struct hap *h, struct out *o, const struct plan_pool *pool);
/* Every rule of the export in its order, with its routes. */
void hap_write_rules(const struct hap *h);

/* haproxy_links.c: link translation, as far as headers go. */
void hap_write_links_request(const struct hap *h);
void hap_write_links_response(const struct hap *h, const struct plan_links *links);
void hap_links_losses(struct plan *p, struct tmg *t);
/* haproxy_filter.c: a defaults section for each HTTP filter, "tmg-f1". */
void hap_write_filters(const struct hap *h);

/* haproxy_farm.c: servers of a farm and how they are checked. */
void hap_write_farm(const struct hap *h, struct plan_route r);
/* Does a check of the farm need TLS? */
bool hap_farm_checks_tls(const struct tmg_farm *farm);
void hap_farm_losses(struct plan *p, struct tmg *t);

/* The address of a verifier: what is asked of each member. */
struct hap_url {
	bool tls;
	uint16_t port;
	const char *path; /* "" stands for "/" */
};
/* Strict: http or https, "*" as the host, at most a port and a path. */
bool hap_check_url(const char *s, struct hap_url *out);

#endif
