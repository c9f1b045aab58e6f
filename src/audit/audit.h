/*
 * The audit: the catalogue of checks (check.def), what checks look at (the view:
 * a job seen with its topology), and how they say what they find. A check reads
 * the view and calls found(); it prints nothing and knows no output.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "base/hmap.h"
#include "base/text.h"
#include "model/model.h"
#include "model/site.h"

/* ---- the catalogue ------------------------------------------------------- */

enum check_id {
#define C(sym, ref, id, cls, sentence, symptom, fix, converted, source) CHECK_##sym,
#define U(ref, title, reason)
#include "audit/check.def"
#undef C
#undef U
	CHECK_COUNT
};

struct view;

struct check_row {
	const char *ref, *id;
	char cls; /* C critical, H high, M medium, L low, I information */
	const char *sentence, *symptom, *fix;
	const char *converted; /* what it means for a generated configuration */
	const char *source;
	void (*run)(struct view *v);
};

/* A row of the catalogue that nothing given to an audit can decide. */
struct undecided_row {
	const char *ref, *title, *reason;
};

const struct check_row *check_row(enum check_id id);
int check_find(const char *word);           /* by id or row, without regard to case; -1 */
enum tmg_severity check_severity(char cls); /* C and H error, M warning, L and I note */
extern const struct undecided_row undecided_rows[];
extern const size_t undecided_count;

/* ---- the view ------------------------------------------------------------ */

enum name_kind {
	NAME_OTHER = 0,
	NAME_EXTERNAL, /* external web name of a pool */
	NAME_MEET,
	NAME_DIALIN,
	NAME_ADMIN,
	NAME_SCHEDULER,
	NAME_AUTODISCOVER,          /* lyncdiscover.DOMAIN */
	NAME_AUTODISCOVER_INTERNAL, /* lyncdiscoverinternal.DOMAIN */
	NAME_INTERNAL,              /* pool, machine or internal web name */
	NAME_WEB_APPS
};

struct view_host;

/* A public name of a rule. Most are host names as they are compared that no other rule has, and mean
 * nothing in particular: of those nothing more is kept. */
struct view_name {
	const char *written;    /* as it stands in the export */
	struct view_host *list; /* all else; NULL: there is nothing else */
	uint32_t line;
};

struct view_path {
	const char *path; /* canonical external path; the root prefix is "" */
	const char
	    *written; /* the external path as it stands; the internal one when it is the same; "" when none does */
	const char *internal; /* as it stands */
	const struct tmg_path_mapping *mapping;
	uint32_t cls; /* its place among view.classes, once classes_make was called */
	bool prefix;
	bool bad; /* no path the product takes */
};

/* A path of some rule, each once. Sorted by path_order, of the same path the prefix first;
 * the first is the root prefix. */
struct view_class {
	const char *path;
	uint32_t parent; /* the nearest prefix that holds it; of the root: itself */
	bool prefix;
};

enum rule_role { ROLE_NONE = 0, ROLE_LYNC, ROLE_WEB_APPS };

/* What follows from a web record alone: the rules that share it have this in common. */
struct view_web {
	const struct tmg_listener *listener; /* NULL: missing */
	const struct tmg_input *input;
	struct view_path *paths;
	const struct view_path **tops; /* view.c: what rule_covers_path looks at */
	const struct pool *to;         /* told by site name or server alone; NULL: unknown */
	const struct tmg_way *way;     /* flow.c */
	uint32_t path_count, top_count;
	const char *server;             /* audit_general.c: where it leads, as hosts are compared; NULL: nowhere */
	bool served;                    /* that is known */
	bool led;                       /* role.c: `to` is known */
	bool all_paths;                 /* one of its paths is all of them */
	bool plain_in, tls_in;          /* its listener has that port and does not redirect all of it */
	bool plain_to_tls, tls_to_tls;  /* which way each goes on */
	int plain_to_port, tls_to_port; /* and to which port; 0: FTP, or nowhere */
	struct view_web *next;          /* in the order in which rules first have them */
};

/* As small as can be: there is one for each rule of an export. */
struct view_rule {
	const struct tmg_rule *rule;
	struct view_web *via;
	struct view_name *names;
	const struct pool *pool; /* whose web services it publishes: via->to, else that of its first external name */
	uint32_t name_count;
	uint32_t index;          /* place among the view's rules */
	uint8_t role;            /* enum rule_role */
	int16_t worst;           /* severity of its findings; -1: none */
	bool guess;              /* the role rests on names or ports */
	bool bound;              /* a web publishing rule of a listener in the file, of an array that publishes */
	bool live;               /* bound, enabled, and allows */
	bool autodiscover_plain; /* the plain-port half of autodiscover: no rule of TLS */
};

/* One thing found, for the coverage list. */
struct view_mark {
	const char *id;
	struct view_mark *next, *last; /* `last` of the first only */
	size_t seq;                    /* when it was found */
};

/* A listener with the rules that are bound to it. */
struct view_listener {
	const struct tmg_listener *listener;
	const struct tmg_input *input;
	const struct certificate_file *cert;    /* given for it, or NULL */
	struct view_rule **rules;               /* bound to it, in order */
	struct tmg_name *addresses, *endpoints; /* as the export states them; "*:443" when it does not */
	size_t rule_count;
	const struct view_rule *first_plain; /* role.c: its first live Lync rule that takes HTTP, or NULL */
	bool used;                           /* an enabled rule is bound to it */
	bool lync;                           /* a live rule of the Lync role uses it */
	bool guess;
};

#define WIRE_RECENT 1024 /* a power of two */
#define KEEP_RECENT 4096 /* the same */

/* keep.c: what is likely to be said again. */
struct kept {
	const struct tmg_way *ways[KEEP_RECENT]; /* what was kept last, by a hash */
	const struct tmg_flow *flow;             /* where names of flows are looked for next; NULL: at the first */
	const struct tmg_name *name;             /* of that flow */
	uint64_t looks;                          /* how many more of them may be looked at */
	struct tmg_dns_need *dns;                /* the last; NULL: none yet */
	struct tmg_certificate_need *certificate;
	struct tmg_name **names, **missing; /* where the last one's lists end */
};

struct tmg_audit {
	struct budget *budget; /* the site's */
	struct arena mem;
	struct site site;
	struct tmg_audit_options opt;
	struct tmg_audit_result result;
	struct tmg_finding **last_finding;
	struct tmg_name **last_file;
	struct tmg_coverage **last_coverage;
	struct tmg_flow **last_flow;
	struct tmg_dns_need **last_dns;
	struct tmg_certificate_need **last_certificate;
	struct tmg_mend **last_mend;    /* wire.c: of the finding that was taken last */
	const char *texts[WIRE_RECENT]; /* wire.c: what was read last, by a hash */
	struct arena brief;             /* wire.c: of the record that is taken */
	struct kept kept;
	const char *input; /* the first export of the job that is looked at, or NULL */
	bool finished;
	/* Bounds of audit_shadow.c, which tests lower. */
	size_t shadow_kept;
	uint64_t shadow_work;
};

struct view {
	struct tmg_audit *a;
	const struct site *site;
	struct arena *mem;       /* of the view: gone when the job has been looked at */
	const struct tmg *t;     /* NULL: no export was given */
	struct view_rule *rules; /* web publishing rules: by array, in effective order */
	struct view_listener *listeners;
	size_t rule_count, listener_count;
	struct view_name *names; /* of all rules, in their order */
	uint32_t *hosts;         /* view.c: the first name of each exact host, by a hash */
	size_t name_count, host_slots;
	struct hmap suffixes;       /* host behind "*." -> struct view_host */
	struct view_host *any;      /* rules for all public names; NULL: none */
	struct view_class *classes; /* NULL until classes_make */
	size_t class_count;
	struct hmap groups;     /* lookup.c: lists of rules -> struct view_group */
	struct hmap spellings;  /* lookup.c: rule and host -> struct view_name */
	size_t pairs;           /* lookup.c: how many there are in all groups */
	struct hmap known;      /* topology: canonical host -> struct known_host */
	struct hmap addresses;  /* server address as text -> struct pool */
	struct hmap marks;      /* pool, host or other name -> struct view_mark */
	struct hmap name_marks; /* rule, or rule and one of its names -> struct view_mark */
	size_t mark_count;
	struct view_web *webs, **last_web;
	struct hmap by_web;                 /* the web record's pointer -> struct view_web */
	uint32_t lists;                     /* flow.c: lists of names that were made */
	struct shadow *shadows;             /* audit_shadow.c: what no request reaches */
	bool shadows_known;                 /* `shadows` was made */
	struct hmap by_listener;            /* the listener's pointer -> struct view_listener */
	struct hmap certified;              /* evidence.c: certificate and name -> struct certified */
	struct hmap evidence;               /* evidence.c: pool's pointer -> struct tmg_evidence */
	bool gathered;                      /* `evidence` was made */
	const struct view_rule *names_rule; /* mend.c */
	bool names_rule_known;
	enum check_id running;
	bool topology;       /* some topology was read */
	bool director;       /* the topology has one */
	uint32_t next_order; /* of a rule that is added; 0: not yet known */
	bool failed;
};

/* Rules that name a host, in order. */
struct view_hosts {
	struct view_rule *rule;
	struct view_hosts *next;
};

/* What is known of a public name, and which rules have it. */
struct view_host {
	const char *host; /* canonical, without "*."; of a bad one as written */
	struct view_hosts *first, *last;
	const struct view_rule *live, *disabled; /* the first of them that is live; that is disabled and allows */
	struct view_group *group;                /* NULL until group_of */
	const struct pool *pool;
	uint32_t count;
	uint32_t listed; /* flow.c: the last list that has it */
	enum name_kind kind;
	bool whole; /* a live one takes every path */
	bool wild, guess;
	bool bad; /* no host name */
};

/* Of a name: */
static inline const char *
name_host(const struct view_name *n)
{
	return n->list != NULL ? n->list->host : n->written;
}

static inline enum name_kind
name_kind(const struct view_name *n)
{
	return n->list != NULL ? n->list->kind : NAME_OTHER;
}

static inline const struct pool *
name_pool(const struct view_name *n)
{
	return n->list != NULL ? n->list->pool : NULL;
}

static inline bool
name_wild(const struct view_name *n)
{
	return n->list != NULL && n->list->wild;
}

static inline bool
name_bad(const struct view_name *n)
{
	return n->list != NULL && n->list->bad;
}

static inline bool
name_guess(const struct view_name *n)
{
	return n->list != NULL && n->list->guess;
}

/* Has no other rule the name of this one? */
static inline bool
name_is_own(const struct view_name *n)
{
	return n->list == NULL || n->list->count == 1;
}

/* Hosts that the same rules name are one group: what is looked up for one holds for all. */
struct view_group {
	uint32_t id;     /* from 1 */
	bool indexed;    /* `pairs` was made, or was not to be */
	uint64_t *pairs; /* class << 32 | rule, sorted: what its enabled, bound rules take; NULL: look at each */
	size_t pair_count;
	size_t kept; /* audit_shadow.c: tells for which rule it was remembered last */
};

/* view.c */
bool view_make(struct view *v, struct tmg_audit *a, struct tmg *t, struct arena *mem);
void view_free(struct view *v);
struct view_listener *view_listener(struct view *v, const struct tmg_listener *l);
typedef bool view_fits_fn(void *ctx, const struct view_rule *r);
/* The first enabled rule that takes host and path on this listener and kind of port, among those
 * that fit (NULL: all do); NULL: none. `path` is canonical ("" is the root). Sources and schedules
 * are not looked at. */
const struct view_rule *view_first_of(struct view *v, const struct tmg_listener *l, const char *host, const char *path,
    bool tls, view_fits_fn *fits, void *ctx);
/* The first live rule, over all listeners, that really gets host and path; NULL: it is not published.
 * `hidden`, if not NULL, is set to a rule that would, were there not one before it that denies. */
const struct view_rule *view_taker(
    struct view *v, const char *host, const char *path, bool tls, const struct view_rule **hidden);
/* The rules that name this very host, also disabled or shadowed ones; NULL: none. */
struct view_host *view_naming(struct view *v, const char *host);
/* The list of a name of this rule, which is made where there is none yet; NULL: no memory. */
struct view_host *view_list(struct view *v, struct view_rule *r, struct view_name *n);
bool rule_covers_path(const struct view_rule *r, const char *path);

/* lookup.c, for the checks that look at many paths of many hosts. */
void lookup_init(struct view *v);
void lookup_free(struct view *v);
bool path_covers(const struct view_path *p, const char *path);
/* The list of a public name (NULL: for all names) itself; NULL: nobody has it. */
struct view_host *host_list(struct view *v, const struct view_name *n);
/* The list of the nearest "*." above the host; NULL: none. */
struct view_host *host_above(struct view *v, const char *host);
/* False, here and below: no memory. */
bool group_of(struct view *v, struct view_host *h);
bool classes_make(struct view *v);
/* The first name of a rule that is this host. */
const struct view_name *view_rule_name(struct view *v, const struct view_rule *r, const char *host);
/* role.c: what names are, which pool a rule leads to. */
bool roles_make(struct view *v);
const struct pool *pool_of_host(struct view *v, const char *host);       /* any name of a pool */
const struct pool *pool_of_address(struct view *v, const char *address); /* a server's address */
int pool_https(const struct pool *p); /* port of its external site: 4443 unless stated; web apps 443 */
int pool_http(const struct pool *p);
/* The name that clients outside use; of Office Web Apps the discovery URL's when nothing
 * else is stated. NULL: none. */
const char *pool_public_host(const struct pool *p);
const char *pool_word(const struct pool *p); /* "Front End pool", "Director", "Office Web Apps" */

/* ---- finding ------------------------------------------------------------- */

/* What a finding is about. One of the first four; all NULL: the whole input. */
struct about {
	const struct view_rule *rule;
	const struct view_listener *listener;
	const struct pool *pool;
	const struct tmg_obj *obj;
	const char *name;    /* a public name or host that no rule holds */
	const char *subject; /* which name, path or address of it, or NULL */
	const char *file;    /* NULL: the object's */
	uint32_t line;       /* 0: the object's */
	bool guess;          /* added to what rule and listener say */
	char cls;            /* 0: the row's */
};
void found(struct view *v, enum check_id id, const struct about *about, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* What the catalogue says of a finding whose id, object and subject are known; its fingerprint, and
 * whether the baseline has it. */
void finding_complete(struct tmg_audit *a, struct tmg_finding *f, const struct check_row *row);

/* Adds a name to a list that ends at *tail. */
bool name_push(struct arena *mem, struct tmg_name ***tail, const char *s);
/* The same without a copy. */
bool name_link(struct arena *mem, struct tmg_name ***tail, const char *s);

/* mend.c: the changes that mend a finding, by the catalogue's row. */
void mend(struct view *v, enum check_id id, const struct about *about, struct tmg_finding *f);
/* Does a change of the export mend what this check finds, in some cases at least? */
bool mend_is_known(enum check_id id);

/* Words for details. */
const char *audit_fmt(struct view *v, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *audit_bridging(struct view *v, const struct view_rule *r); /* "HTTPS 443 to HTTPS 4443" */
const char *audit_server(struct view *v, const struct view_rule *r);   /* "10.1.1.22" or "farm NAME" or site */

/* What takes the parts of a result that grow with the rules, one at a time: what they point to may be
 * gone after the call. Each says false without memory, or when it wants no more. */
struct audit_sink {
	bool (*begin)(void *ctx); /* findings and coverage are complete; NULL: nobody asks */
	bool (*flow)(void *ctx, const struct tmg_flow *f);
	bool (*dns)(void *ctx, const struct tmg_dns_need *d);
	/* Without its names, which follow; those that the given one does not cover once more, as missing. */
	bool (*certificate)(void *ctx, const struct tmg_certificate_need *c);
	bool (*covers)(void *ctx, const char *name, bool missing);
	void *ctx;
};

/* keep.c: keeps them in the result. */
bool keep_flow(struct tmg_audit *a, const struct tmg_flow *f);
bool keep_dns(struct tmg_audit *a, const struct tmg_dns_need *d);
bool keep_certificate(struct tmg_audit *a, const struct tmg_certificate_need *c);
bool keep_covers(struct tmg_audit *a, const char *name, bool missing); /* of the last certificate; there is one */

/* coverage.c, flow.c, evidence.c: the lists of the result, after the checks. */
bool coverage_make(struct view *v);
bool ways_begin(struct view *v); /* before the checks: addresses of listeners */
bool flows_make(struct view *v, const struct audit_sink *to);
bool needs_make(struct view *v, const struct audit_sink *to); /* DNS and certificates */
bool certificates_tie(struct view *v);                        /* before the checks */
/* What the logs say of a pool; topology and rules tie addresses to it. */
struct tmg_evidence evidence_of(struct view *v, const struct pool *p);
bool certificate_covers(struct view *v, const struct certificate *c, const char *host); /* `host` may be "*.NAME" */
/* Has the certificate this very name, as it is compared? */
bool certificate_names(struct view *v, const struct certificate *c, const char *name);
/* The first wildcard of a certificate that is above the host, or stands for its parent; NULL: none. */
const char *certificate_wildcard(struct view *v, const struct certificate *c, const char *host);

/* Is it the pool of this name, or in the site of this name? */
bool pool_is_called(const struct pool *p, const char *word);

/* audit.c */
/* t NULL: topology and logs alone. `to` NULL: all is kept. */
bool audit_job(struct tmg_audit *a, struct tmg *t, const struct audit_sink *to);
bool audit_finish(struct tmg_audit *a);

/* once.c: what the logs say is said once, however many exports there are; false: no memory. */
bool audit_once(struct tmg_audit *a);

/* known.c: what of it the baseline knows, and what of the baseline is gone; false: no memory. */
bool audit_known(struct tmg_audit *a);

/* wire.c: looks at a job and calls `fn` once for each record of what came of it; false: no
 * memory. `stopped`: `fn` said so. */
bool wire_job(struct tmg_audit *a, struct tmg *t, tmg_write_fn *fn, void *ctx, bool *stopped);
/* Takes such a record from elsewhere. TMG_EINPUT: it is none. */
enum tmg_status wire_take(struct tmg_audit *a, const char *record, size_t len);

#define C(sym, ref, id, cls, sentence, symptom, fix, converted, source) void check_##sym(struct view *v);
#define U(ref, title, reason)
#include "audit/check.def"
#undef C
#undef U

#endif
