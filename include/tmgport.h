/*
 * tmgport: reads configuration exports of Microsoft ISA Server 2004/2006 and
 * Forefront TMG 2010, shows what they publish and writes equivalent
 * configurations for other proxies.
 *
 * How to use the library: make a job, add inputs, resolve, then look at the
 * model, or let the library show it (tmg_inspect) or convert it (tmg_convert).
 *
 *	struct tmg *t = tmg_new(NULL);
 *	tmg_add_file(t, "export.xml");
 *	tmg_resolve(t);
 *	for (const struct tmg_input *in = tmg_inputs(t); in != NULL; in = in->next)
 *		...
 *	tmg_free(t);
 *
 * The library neither prints nor exits and keeps no global state: two jobs in
 * two threads do not meet. Everything that a job hands out is const, belongs
 * to the job and lives until tmg_free.
 *
 * Where a field's meaning comes from is said beside it: [seen] in real files
 * or in code that reads them, [com] the documented object model, [guess] an
 * inference, listed by tmg_explain("assumptions").
 */
#ifndef TMGPORT_H
#define TMGPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TMG_API __attribute__((visibility("default")))
#else
#define TMG_API
#endif

/* What a function that can fail answers; the details are messages of the job. */
enum tmg_status {
	TMG_OK = 0,
	TMG_EUSAGE,  /* an option or argument that makes no sense */
	TMG_EINPUT,  /* an input that could not be read */
	TMG_EOUTPUT, /* an output that could not be written */
	TMG_ENOMEM   /* out of memory, or the job's own bound on it; no message is kept of that */
};

enum tmg_severity { TMG_NOTE = 0, TMG_WARNING, TMG_ERROR };

/* Kinds of object an export holds. The names are those of the file. */
enum tmg_kind {
	TMG_K_NONE = 0,
	TMG_K_ARRAY,
	TMG_K_RULE,
	TMG_K_LISTENER,
	TMG_K_FARM,
	TMG_K_NETWORK,
	TMG_K_NETWORK_SET,
	TMG_K_COMPUTER,
	TMG_K_SUBNET,
	TMG_K_RANGE,
	TMG_K_COMPUTER_SET,
	TMG_K_USER_SET,
	TMG_K_SCHEDULE,
	TMG_K_VERIFIER,
	TMG_K_OTHER, /* rule elements that publishing does not need: kept by name only */
	TMG_K_COUNT
};

/* The part that every object has. An export holds very many of them: what is rarely asked for is kept
 * in little room, and functions give it. */
struct tmg_obj {
	const char *name;           /* display name; the GUID where the file has none */
	const struct tmg_array *in; /* the array (or enterprise) that holds it */
	struct tmg_obj *next;       /* next of its kind in that array, document order; of rules: tmg_next_rule */
	union {
		uint8_t bytes[16];
		const char *text; /* NULL: there is none */
	} guid;                   /* StorageName: tmg_guid */
	uint32_t line;            /* of the start tag, from 1 */
	uint8_t kind;             /* enum tmg_kind */
	uint8_t cls;              /* element name: tmg_class_name */
	bool named : 1;           /* the file states a Name */
	bool broken : 1;          /* a value that restricts could not be read: what rests on it is closed */
	bool plain : 1;           /* a Name is stated, and it and the GUID are short, harmless ASCII */
	bool guid_bytes : 1;      /* the GUID is kept as bytes; it is in braces, in upper case or, if so, */
	bool described : 1;       /* a description stands behind the name: tmg_description */
	bool guid_lower : 1;      /* in lower case */
};

/* StorageName as the file spells it, or "". Valid as long as the buffer and the object are. */
#define TMG_GUID_SIZE 39
TMG_API const char *tmg_guid(const struct tmg_obj *o, char buffer[TMG_GUID_SIZE]);
/* NULL when absent. */
TMG_API const char *tmg_description(const struct tmg_obj *o);
/* The name of its element, as "WebListener"; "" for an object that was not read. */
TMG_API const char *tmg_class_name(const struct tmg_obj *o);

/*
 * Rules say much alike, and what they say alike is kept once for each array:
 * the records that say "shared" beside their name may belong to many rules, so
 * nothing in them depends on which rule it is. That is why they tell their
 * place as lines below the start tag of the object that holds them; tmg_line
 * says which line of the file that is.
 */
static inline uint32_t
tmg_line(const struct tmg_obj *holder, uint32_t below)
{
	return holder->line + below;
}

/* A piece of text with its place: a public name, an address, a hash. */
struct tmg_text {
	const char *s;
	struct tmg_text *next;
	uint32_t line;
};

/* A reference; those of rules are shared, list by list. `to` is NULL when nothing in the same
 * array (or, for scope 1, in the enterprise) answers to it; that is then a message, not a crash. */
struct tmg_ref {
	const char *key;  /* text of Name: GUID of the target, or its display name */
	const char *cls;  /* RefClass without "msFPC", or NULL */
	const char *role; /* StorageName of the Ref or of the Refs around it, or NULL */
	const struct tmg_obj *to;
	const char *predefined; /* name of the predefined object that `key` is, or NULL */
	struct tmg_ref *next;
	uint32_t below;     /* lines below the start tag of the object that holds it */
	bool enterprise;    /* Scope 1 */
	bool excluded;      /* IncludeStatus 1: the exceptions list */
	bool ambiguous : 1; /* more than one object answers: `to` is NULL */
	bool elsewhere : 1; /* found in another input of the same job */
	bool looked_up : 1; /* of a list's first: tmg_resolve is done with the list */
};

/* A selection of clients: the From tab. Shared. */
struct tmg_selection {
	struct tmg_ref *refs;
	uint32_t below; /* lines below the start tag of the rule */
	bool unknown;   /* holds an element that no table row knows: closes its rule */
};

/* An address range, both ends included. 16 bytes each, IPv4 as ::ffff:a.b.c.d. */
struct tmg_range {
	uint8_t from[16], to[16];
	struct tmg_range *next;
};

struct tmg_network {
	struct tmg_obj o;
	int type; /* [seen] 0 standard 1 VPN 2 local host 3 external 4 internal 5 quarantined VPN */
	struct tmg_range *ranges;
	struct tmg_ref *refs; /* enterprise networks it takes in */
	bool bad;             /* an address in it could not be read */
};

struct tmg_network_set {
	struct tmg_obj o;
	bool all_except; /* NetworkSetType 1 */
	struct tmg_ref *refs;
};

/* Computer, subnet, address range: one record, told apart by o.kind. */
struct tmg_hosts {
	struct tmg_obj o;
	const char *a, *b; /* IPAddress / IPFrom, IPMask / IPTo, as written; NULL when absent */
	uint32_t line_a;
};

struct tmg_computer_set {
	struct tmg_obj o;
	struct tmg_hosts *members; /* chained by o.next (inline copies, not references) */
	struct tmg_ref *refs;      /* [guess] some files may refer instead */
};

struct tmg_user_set {
	struct tmg_obj o;
	struct tmg_text *accounts;
	bool unknown;
};

struct tmg_schedule {
	struct tmg_obj o;
	uint8_t hours[24]; /* [seen] bit 0 Sunday ... bit 6 Saturday */
	bool valid, unknown;
};

struct tmg_verifier {
	struct tmg_obj o;
	int request;   /* [seen] 0 HTTP GET, 1 ping, 2 TCP connect */
	int port;      /* of a TCP connect, 0 when absent */
	int threshold; /* milliseconds */
	const char *address, *host_header;
	bool enabled;
};

struct tmg_member {
	const char *address; /* NameOrIP */
	struct tmg_member *next;
	uint32_t line;
	bool drained;
};

struct tmg_farm {
	struct tmg_obj o;
	struct tmg_member *members;
	struct tmg_verifier *verifiers;
};

/* One IPOnNetwork of a listener. */
struct tmg_bind {
	int method; /* [seen] 0 all of the network, 1 (and absent) its default, 2 the listed ones */
	struct tmg_ref *network;
	struct tmg_text *addresses;
	struct tmg_bind *next;
	uint32_t line;
};

struct tmg_certificate {
	const char *hash;    /* 40 upper-case hex digits, or as written when it is no SHA-1 */
	const char *address; /* TMG: certificate for one address, or NULL */
	struct tmg_certificate *next;
	uint32_t line;
	bool valid;
};

/* Which scalars the file stated; the others hold their default. */
enum tmg_stated {
	/* of rules */
	TMG_S_ENABLED = 1u << 0,
	TMG_S_ORDER = 1u << 1,
	TMG_S_TYPE = 1u << 2,
	TMG_S_SERVER_TYPE = 1u << 3,
	TMG_S_HTTP_PORT = 1u << 4,
	TMG_S_SSL_PORT = 1u << 5,
	TMG_S_DELEGATION = 1u << 6,
	TMG_S_ORIGINAL_HOST = 1u << 7,
	TMG_S_LB_ENABLED = 1u << 8,
	TMG_S_BASIC_DELEGATION = 1u << 9,
	TMG_S_RULE = (1u << 11) - 1, /* all that a rule has room for */
	/* of listeners */
	TMG_S_TCP_PORT = 1u << 11,
	TMG_S_WINDOWS_AUTH = 1u << 12,
	TMG_S_TIMEOUT = 1u << 13,
	TMG_S_TRUST_LIST = 1u << 14,
	TMG_S_CERT_LIMITS = 1u << 15
};

struct tmg_listener {
	struct tmg_obj o;
	struct tmg_bind *binds;
	struct tmg_certificate *certificates;
	struct tmg_ref *networks; /* SourceNetworkSets */
	struct tmg_ref *schemes;  /* authentication schemes */
	struct tmg_text *trust;   /* client CA hashes; as tmg_certificate.hash, "" when absent */
	struct tmg_vendor *vendors;
	uint32_t stated;          /* enum tmg_stated */
	uint32_t properties_line; /* 0: no WebListenerProperties */
	int http_port;            /* 0 = off. Absent: see section 6.1 of the format notes */
	int https_port;           /* 0 = off, also when absent */
	int redirect_http;        /* 0 no, 1 if a user is demanded, 2 always */
	int max_connections;      /* <= 0 unlimited */
	int timeout;              /* seconds, 120 when absent */
	int client_cert;          /* reserved for SSLClientCertificate* settings; 0 = none */
	bool always_authenticate, windows_auth, basic_auth, digest_auth, cert_auth;
	bool trust_used;                     /* UseSSLClientCertificatesTrustList */
	bool trust_not_roots;                /* the list holds others than root authorities */
	bool trust_broken;                   /* an entry holds no thumbprint */
	bool cert_limited;                   /* SSLClientCertificateRestrictionsEnabled */
	bool cert_limits_there;              /* SSLClientCertificateRestrictions holds something */
	struct tmg_certificate *authorities; /* those of `trust`, in its order */
};

/* A vendor parameter set: an HTTP filter, a link-translation dictionary... */
enum tmg_vendor_kind {
	TMG_V_OTHER,
	TMG_V_HTTP_FILTER,
	TMG_V_LINKS,
	TMG_V_LINK_TYPES,
	TMG_V_LINK_SETTINGS,
	TMG_V_WIZARD
};

struct tmg_vendor_value {
	const char *name;
	const char *text; /* UTF-8; numbers in decimal */
	struct tmg_vendor_value *next;
	uint16_t vartype;
};

/*
 * The HTTP filter of a rule: the XML text inside its vendor parameter set. It
 * is no part of the match: a request that the rule took and the filter refuses
 * is denied. Names and values [seen] in code that reads and writes them; what
 * the numbers count is [guess]ed where it says so.
 */
enum tmg_filter_stated {
	TMG_FS_VERBS = 1u << 0, /* Verbs AllowCondition */
	TMG_FS_EXTENSIONS = 1u << 1,
	TMG_FS_MAX_URL = 1u << 2,
	TMG_FS_MAX_QUERY = 1u << 3,
	TMG_FS_MAX_BODY = 1u << 4,
	TMG_FS_NORMALIZE = 1u << 5,
	TMG_FS_VERIFY = 1u << 6,
	TMG_FS_HIGH_BIT = 1u << 7,
	TMG_FS_DOT_IN_PATH = 1u << 8,
	TMG_FS_EXECUTABLES = 1u << 9,
	TMG_FS_SERVER = 1u << 10,
	TMG_FS_VIA = 1u << 11
};

/* AllowCondition of methods and extensions [seen]. */
enum tmg_filter_condition { TMG_FC_ALL = 0, TMG_FC_ONLY_LISTED = 1, TMG_FC_BLOCK_LISTED = 2 };

struct tmg_filter_header {
	const char *name; /* HeaderName, "" when absent */
	struct tmg_filter_header *next;
	int64_t max_value; /* MaxValueLength in bytes [guess]; 0 or less: any length */
	bool response;     /* of ResponseHeaders, else of RequestHeaders */
	bool allow;        /* false also when absent: listed for nothing else */
	bool allow_stated;
};

struct tmg_filter_signature {
	const char *name, *pattern; /* "" when absent */
	const char *header;         /* SearchInHeader; "" when absent: all of them [guess] */
	struct tmg_filter_signature *next;
	int64_t from, to; /* bytes of a body [guess]; -1 when absent */
	int where; /* SearchInType: 0 URL 1 request header 2 request body 3 response header 4 response body; -1 absent */
	bool enabled; /* true also when absent */
	bool enabled_stated;
	bool text, text_stated; /* FormatIsText; else the pattern spells bytes in a form that is not known */
};

struct tmg_http_filter {
	struct tmg_text *verbs, *extensions; /* as written, in their order */
	struct tmg_filter_header *headers;
	struct tmg_filter_signature *signatures;
	struct tmg_text *unknown;             /* settings that no one knows, or whose value cannot be read, in words */
	const char *server_value, *via_value; /* "" when absent */
	uint32_t stated;                      /* enum tmg_filter_stated; the others hold what restricts nothing */
	int verb_condition, extension_condition; /* enum tmg_filter_condition */
	int server_header;                       /* 0 keep, 1 strip, 2 set */
	int via_header;                          /* 0 default, 1 set */
	int64_t max_url, max_query; /* bytes of path and query, of the query, as sent [guess]; 0 or less: any [guess] */
	int64_t max_body;           /* bytes; 0 or less: any */
	bool normalize;             /* NormalizeBeforeScan: URLs are decoded before they are looked at */
	bool verify_normalization;  /* a URL that a second decoding changes is refused */
	bool high_bit;              /* AllowHighBitCharacters */
	bool block_dot_in_path;     /* URLs whose extension is ambiguous are refused */
	bool block_executables;     /* answers that are Windows programs are refused */
};

struct tmg_vendor {
	const char *guid;
	enum tmg_vendor_kind kind;
	struct tmg_vendor_value *values;
	const char *settings; /* HTTP filter: what it restricts, in words; NULL when nothing */
	struct tmg_vendor *next;
	uint32_t line;
	bool secret;                    /* EncryptedData stood there; it is not kept */
	bool broken;                    /* the blob could not be decoded */
	struct tmg_http_filter *filter; /* HTTP filter that could be decoded, else NULL */
};

/* Shared, list by list. */
struct tmg_path_mapping {
	const char *external; /* as written; NULL when absent */
	const char *internal;
	struct tmg_path_mapping *next;
	uint32_t below; /* lines below the start tag of the rule */
	bool same;      /* SameAsInternalPath 1 */
};

/* A direct child of WebPublishingProperties that may hold the target (format notes 5.5). Shared, list by list. */
struct tmg_candidate {
	const char *element, *value;
	struct tmg_candidate *next;
	uint32_t below; /* lines below the start tag of the rule */
	uint8_t rank;   /* place in the list of alternatives */
	uint8_t role;   /* 0 site, 1 server, 2 redirect URL, 3 unknown element */
};

/* What a rule publishes, its public names apart. Shared. */
struct tmg_web {
	struct tmg_candidate *candidates;
	struct tmg_path_mapping *paths;
	struct tmg_ref *refs; /* direct references: the listener is one of them */
	struct tmg_ref *users;
	struct tmg_ref *farm;
	/* from resolve: */
	const struct tmg_listener *listener;
	const char *site;                          /* internal site name, NULL when there is none */
	const char *server;                        /* where to connect when there is no farm, NULL when none */
	const char *redirect_url;                  /* of a deny rule, or NULL */
	const char *site_element, *server_element; /* which element held them */
	uint32_t site_below, server_below;         /* their lines below the start tag of the rule */
	uint32_t below;                            /* of WebPublishingProperties */
	int server_type;                           /* [seen] 0 HTTP 1 SSL 2 as it came 3 FTP; 0 when absent */
	int http_port, https_port;                 /* 80, 443 when absent */
	int require_ssl;
	int delegation;        /* 0..6; 1 when absent */
	int affinity;          /* 0 session cookie, 1 client address */
	int client_cert_claim; /* 1 required */
	bool all_public_names, original_host, firewall_source, lb_enabled, basic_delegation;
	bool require_client_cert, non_windows_users, users_unknown, has_users;
	bool translate_links;
	bool deny;      /* what its rules do: a redirect URL means something else then */
	int link_mode;  /* LinkTranslationMode [com] 0 normal 1 Outlook Web Access 2 and 3 patterns decide */
	bool resolved;  /* tmg_resolve is done with it */
	bool tells;     /* it had something to say, of each rule */
	bool guessed;   /* the site stands in an element that is not known to hold it */
	bool uncertain; /* the site does not stand in WebSite */
};

/* From whom and when, and what else rules of every type may have. Shared; one with vendor parameter sets is a
 * rule's own. */
struct tmg_terms {
	struct tmg_selection *sources;
	struct tmg_ref *refs; /* direct: schedule, policy group */
	struct tmg_vendor *vendors;
	const struct tmg_schedule *schedule; /* from resolve */
};

struct tmg_rule {
	struct tmg_obj o;
	struct tmg_terms *terms; /* never NULL */
	struct tmg_web *web;     /* web publishing rules only */
	uint32_t order;          /* first four bytes of Order, little-endian */
	uint32_t order_rest;     /* the other four, tie-break */
	uint32_t position;       /* effective position from 1, after tmg_resolve; before, its place in the file */
	uint16_t type;           /* 0 access 1 server publishing 2 web publishing 256 placeholder */
	bool enabled : 1, deny : 1, system : 1, is_default : 1, applies_always : 1;
	uint32_t stated : 11; /* enum tmg_stated, TMG_S_RULE */
};

/*
 * The public names of a rule, as written and in the order of the file:
 *
 *	struct tmg_public_name n = { 0 };
 *	while (tmg_next_name(rule, &n))
 *		... n.s, n.line ...
 *
 * They stand behind the rule's own name, one behind another.
 */
struct tmg_public_name {
	const char *s; /* lives as long as the rule; NULL: before the first */
	uint32_t line;
};
TMG_API bool tmg_next_name(const struct tmg_rule *rule, struct tmg_public_name *n);

/* The next rule of the array: in effective order, after tmg_resolve. */
static inline struct tmg_rule *
tmg_next_rule(const struct tmg_rule *r)
{
	return (struct tmg_rule *)(void *)r->o.next;
}

/* The lines of the elements that hold the site and the server of a web publishing rule; 0 without. */
static inline uint32_t
tmg_site_line(const struct tmg_rule *r)
{
	return r->web->site != NULL ? tmg_line(&r->o, r->web->site_below) : 0;
}

static inline uint32_t
tmg_server_line(const struct tmg_rule *r)
{
	return r->web->server != NULL ? tmg_line(&r->o, r->web->server_below) : 0;
}

/* A pair of the array's link translation dictionary. */
struct tmg_link {
	const char *from, *to; /* as written; NULL when absent */
	struct tmg_link *next;
	uint32_t line;
};

struct tmg_array {
	struct tmg_obj o;
	const struct tmg_input *input;
	bool enterprise;
	bool publishing;                    /* PolicyAssignment/EnablePublishingRules */
	struct tmg_obj *first[TMG_K_COUNT]; /* objects by kind, document order */
	struct tmg_rule *rules;             /* effective order, after tmg_resolve */
	uint32_t rule_count;
	struct tmg_array *next;
	struct tmg_link *links; /* ExplicitLinkTranslationMappings */
	bool client_crl;        /* client certificates are checked for revocation: ValidateClientCertificateCRL */
};

/* Every element is in one of these states (section 5 of the semantics). */
enum tmg_state { TMG_E_USED = 0, TMG_E_IRRELEVANT, TMG_E_NOT_CONVERTIBLE, TMG_E_UNKNOWN, TMG_E_COUNT };

/* An element that is unknown or not convertible: once per path and owner. */
struct tmg_leftover {
	const char *path;            /* "Parent/Element" */
	const char *why;             /* what is lost, or NULL */
	const char *value;           /* its text, shortened; NULL when it has none */
	const struct tmg_obj *owner; /* rule, listener or other object, or NULL */
	struct tmg_leftover *next;
	uint32_t line; /* of the first */
	uint32_t times;
	uint8_t state;    /* enum tmg_state */
	uint8_t severity; /* when the owner is live */
};

struct tmg_input {
	const char *file; /* as given */
	char sha256[65];
	const char *product; /* "Forefront TMG 2010", ... or "unknown product" */
	const char *build, *xml_version, *comment;
	const char *item_class;                 /* coclass that was exported, or NULL */
	const char *charset;                    /* what the bytes were */
	int edition, item_scope, optional_data; /* -1 when absent */
	struct tmg_array *arrays;               /* the enterprise, when there is one, comes first */
	uint64_t counts[TMG_E_COUNT];           /* elements by state; they add up to `elements` */
	uint64_t elements;
	uint64_t defaults; /* absent elements for which a default stood in */
	struct tmg_leftover *leftovers;
	struct tmg_input *next;
	bool complete;                      /* read to the end */
	const struct tmg_outcome *outcomes; /* of tmg_convert, in the order of tmg_targets */
};

/* What became of the rules of an input for one target. */
struct tmg_outcome {
	const char *target;
	uint64_t live, closed, disabled, not_applicable; /* rules by state */
	uint64_t losses;                                 /* entries in the manifest's list */
	const struct tmg_outcome *next;
};

/* Bounds on what an input may hold; 0 takes the default (docs/limits.md). */
struct tmg_limits {
	uint32_t max_depth;    /* nesting of elements */
	uint64_t max_text;     /* bytes of text in one element */
	uint64_t max_elements; /* elements in one file */
	uint64_t max_size;     /* bytes of one file, after decompression */
	uint64_t max_memory;   /* bytes that the job may hold */
};

struct tmg_map {
	const char *from; /* "WebPublishingProperties/Target" */
	const char *to;   /* "WebSite" */
};

struct tmg_options {
	const char *charset; /* of inputs without a BOM, or NULL */
	const struct tmg_map *maps;
	size_t map_count;
	struct tmg_limits limits;
};

struct tmg_message {
	const char *id; /* permanent kebab-case name */
	enum tmg_severity severity;
	const char *file;   /* or NULL */
	uint32_t line;      /* or 0 */
	const char *object; /* "rule \"Name\"", or NULL; terminal-safe */
	const char *sentence;
	const char *detail; /* or NULL; terminal-safe */
	struct tmg_message *next;
};

struct tmg;

/* Makes a job. The options are copied. NULL when there is no memory. */
TMG_API struct tmg *tmg_new(const struct tmg_options *opt);
TMG_API void tmg_free(struct tmg *t);

/* Adds one input. On TMG_EINPUT a message says why, nothing of the input
 * stays in the model, and the job can go on with others. "-" is standard input. */
TMG_API enum tmg_status tmg_add_file(struct tmg *t, const char *path);
TMG_API enum tmg_status tmg_add_memory(struct tmg *t, const char *name, const void *data, size_t len);

/* Ties references to objects, puts rules in their effective order, settles
 * the published site. Call once, after the last input. */
TMG_API enum tmg_status tmg_resolve(struct tmg *t);

TMG_API const struct tmg_input *tmg_inputs(const struct tmg *t);

/* Messages so far, sorted by input and line; of one line, in the order in
 * which they were found. The list is valid until the next call on the job. */
TMG_API const struct tmg_message *tmg_messages(struct tmg *t);

/* Where text goes. Returns false to stop; the call then answers TMG_EOUTPUT. */
typedef bool tmg_write_fn(void *ctx, const char *data, size_t len);

enum tmg_format { TMG_TEXT, TMG_JSON };

/* Shows what the inputs hold: tmgport-inspect/1 for TMG_JSON. */
TMG_API enum tmg_status tmg_inspect(struct tmg *t, enum tmg_format fmt, tmg_write_fn *fn, void *ctx);

struct tmg_pair {
	const char *key, *value;
};

struct tmg_convert_options {
	const char *const *targets; /* names, as in tmg_targets */
	size_t target_count;
	const char *dir;              /* output directory */
	const char *cert_dir;         /* NULL: /etc/tmgport/certs */
	const char *ca_file;          /* NULL: backend-ca.pem in cert_dir */
	const char *runtime_dir;      /* NULL: /run/tmgport */
	const struct tmg_pair *binds; /* listener name or GUID -> address */
	size_t bind_count;
	const char *const *pass_through; /* rule names or GUIDs, or "all" */
	size_t pass_count;
	const char *const *allow; /* message ids, or id:detail, that do not count */
	size_t allow_count;
	const struct tmg_pair *versions; /* target -> version */
	size_t version_count;
	bool no_verify, transparent, force;
	bool by_name;            /* DIR/NAME/TARGET also for one input (a directory was given) */
	struct tmg_stage *stage; /* write there, and leave the commit to the caller; NULL: `dir` */
};

/* Writes DIR/TARGET/... (one input) or DIR/NAME/TARGET/... All or nothing. */
TMG_API enum tmg_status tmg_convert(struct tmg *t, const struct tmg_convert_options *opt);

/* An output directory in the making, for a program that reads exports in one
 * process and puts what was written into place in another. It belongs to no
 * job; the process that converts may be a forked child of the one that made it.
 * `why` takes a reason that is fit for a terminal. */
#define TMG_WHY 160
struct tmg_stage;

/* `dir` must not exist or be empty unless `force`; TMG_EUSAGE: it holds files. With `no_link` it
 * may not be a symbolic link: for a folder whose name nobody chose. */
TMG_API enum tmg_status tmg_stage_new(
    const char *dir, bool force, bool no_link, struct tmg_stage **out, char why[TMG_WHY]);
/* The folder that is written to, and how the folder around it is called beside or in `dir`. */
TMG_API int tmg_stage_fd(const struct tmg_stage *s);
TMG_API const char *tmg_stage_name(const struct tmg_stage *s);
/* Moves everything into place, or leaves nothing behind. Frees the stage.
 * `synced`: the caller sees to it that files and names reach the disk. */
TMG_API enum tmg_status tmg_stage_commit(struct tmg_stage *s, bool synced, char why[TMG_WHY]);
/* Removes what was written and frees the stage; accepts NULL. */
TMG_API void tmg_stage_abort(struct tmg_stage *s);
/* Removes the stage of that name that a killed process left in `dir`. */
TMG_API void tmg_stage_remove(const char *dir, const char *name);

/* SHA-256 of a file's bytes in hexadecimal, as in tmg_input; "-" and what is no regular file are refused. */
TMG_API enum tmg_status tmg_file_hash(const char *path, char sha256[65]);

/* Names of the targets, NULL at the end. */
TMG_API const char *const *tmg_targets(void);

/* The catalogue, offline: NULL lists the messages; a message id explains it;
 * "assumptions" prints that list, "targets" what each target can express
 * ("targets.md" as Markdown), "checks" the checks of the audit ("checks.md" as
 * Markdown), the id or row of a check explains that one, "topology-file" the JSON that states a topology
 * by hand. TMG_EUSAGE when unknown. */
TMG_API enum tmg_status tmg_explain(const char *what, tmg_write_fn *fn, void *ctx);

/* Does a user's word, "ID" or "ID:DETAIL", accept a message? DETAIL is the name
 * with which the message's detail begins, "Parent/Element" or "Element". */
TMG_API bool tmg_accepts(const char *word, const char *id, const char *detail);

/* ---- trace: which rule takes a request ------------------------------------- */

enum tmg_decision { TMG_FORWARD, TMG_REDIRECT, TMG_DENY };

/* The first condition of a rule that fails, in the order in which they are looked at. */
enum tmg_failed {
	TMG_F_MATCHED = 0,
	TMG_F_DISABLED,
	TMG_F_LISTENER,
	TMG_F_SOURCE,
	TMG_F_HOST,
	TMG_F_PATH,
	TMG_F_SCHEDULE,
	TMG_F_NOT_REACHED
};

struct tmg_step {
	const struct tmg_rule *rule;
	const char *why; /* of a rule that is no candidate, or NULL */
	enum tmg_failed failed;
};

struct tmg_trace_options {
	const struct tmg_pair *binds; /* listener name or GUID -> address */
	size_t bind_count;
	const char *const *pass_through; /* rule names or GUIDs, or "all" */
	size_t pass_count;
};

struct tmg_request {
	const char *url;    /* http:///path: a request without Host */
	const char *from;   /* client address; NULL: of no known network */
	const char *on;     /* ADDRESS or ADDRESS:PORT it goes to; NULL: by the URL's scheme and port */
	int weekday, hour;  /* local time; 0 Sunday */
	bool brief;         /* no steps */
	const char *method; /* NULL: GET. Rules do not look at it; their HTTP filters do */
};

struct tmg_verdict {
	enum tmg_decision decision;
	int status;                 /* of a redirect or a denial, else 0 */
	const char *const *servers; /* forward: where to; of a farm the members for new clients */
	size_t server_count;
	const char *host, *path;     /* forward: as sent, the path with its query */
	const char *location;        /* redirect */
	const char *why;             /* in words, or NULL; of a request that makes no sense: what is wrong */
	const char *from, *on;       /* client, or NULL; address:port */
	const struct tmg_rule *rule; /* NULL: the listener itself answers, or nothing matches */
	const struct tmg_listener *listener;
	const struct tmg_listener *beside; /* another that owns the port, when none was stated */
	const struct tmg_step *steps;      /* every web publishing rule, in effective order */
	size_t step_count;
	int port; /* forward */
	bool tls, farm;
	bool closed; /* the rule would forward, and may not: section 6 of the contract */
};

struct tmg_tracer;

/* Makes the rules of a resolved job ready to be asked; to be freed before the
 * job. TMG_EUSAGE: an address in the options is none. */
TMG_API enum tmg_status tmg_tracer_new(struct tmg *t, const struct tmg_trace_options *opt, struct tmg_tracer **out);
/* TMG_EUSAGE: the request makes no sense, or no listener takes it; `why` says
 * which. What the verdict points to is valid until the next call. */
TMG_API enum tmg_status tmg_trace(struct tmg_tracer *tr, const struct tmg_request *q, struct tmg_verdict *v);
TMG_API void tmg_tracer_free(struct tmg_tracer *tr);

/* ---- audit: what is wrong with the publishing ------------------------------
 *
 *	tmg_audit_new(&opt, &a);
 *	tmg_audit_topology(a, "topology.xml");
 *	tmg_audit_add(a, t);                   for each resolved job; or never
 *	result = tmg_audit_finish(a);
 *	tmg_audit_write(a, TMG_A_HTML, fn, ctx);
 *	tmg_audit_free(a);
 *
 * An audit outlives its jobs: everything in its result is its own. */

enum tmg_mend_op {
	TMG_MEND_SET,         /* `element` below `parent` gets `value` */
	TMG_MEND_REMOVE,      /* `element` below `parent` whose StorageName is `value` goes */
	TMG_MEND_ADD_NAME,    /* public name `value` is added */
	TMG_MEND_REMOVE_NAME, /* public name `value` is removed */
	TMG_MEND_RENAME,      /* public name `value` becomes `name` */
	TMG_MEND_ALL_PATHS,   /* the path mappings become one, of all paths */
	TMG_MEND_ALL_USERS,   /* the user sets become one, All Users */
	TMG_MEND_ADD_RULE     /* a copy of the rule, for `value`, leading to `site`, `server` and the ports */
};

/* One change to an export that mends a finding. */
struct tmg_mend {
	enum tmg_mend_op op;
	const char *parent;         /* SET: the child of the object that holds the element; NULL: the object itself */
	const char *element, *type; /* SET: element name, and its dt:dt */
	const char *value;          /* SET: text; names: the name as the file spells it; ADD_RULE: public name */
	const char *kind;           /* of the object: "rule" or "listener" */
	const char *file, *object, *guid; /* where it is, its name; of ADD_RULE the rule that is copied */
	const char *name;                 /* ADD_RULE: what the new rule is called; RENAME */
	const char *site, *server;        /* ADD_RULE; server may be NULL */
	struct tmg_mend *next;
	uint32_t line;  /* of the object */
	uint32_t order; /* ADD_RULE */
	int https_port, http_port;
};

struct tmg_finding {
	const char *id, *ref; /* permanent name; row of the catalogue ("B01") */
	const char *sentence, *symptom,
	    *fix;          /* from the catalogue: what is the case, what users feel, how to mend it */
	const char *file;  /* NULL: no input holds it */
	const char *input; /* the export (the first of its job) whose audit says it; NULL: none was given */
	const char *kind, *name, *guid; /* the object: "rule", "listener", "pool", "name", ...; NULL: none */
	const char *subject;            /* the name, path or address in question; NULL: the object itself */
	const char *detail;             /* what varies, or NULL. Not made safe for any output */
	char fingerprint[33];           /* of id, object and subject: survives unrelated edits */
	struct tmg_mend *mends;         /* what changes in the export would mend it; NULL: people decide */
	struct tmg_finding *next;
	uint32_t line; /* 0: none */
	enum tmg_severity severity;
	bool guess; /* rests on names or ports, not on a topology */
	bool known; /* the baseline has it */
};

/* What IIS logs say of a pool or name. */
struct tmg_evidence {
	const char *via; /* client address that most requests came from, NULL: none */
	uint64_t hits;   /* requests on `port` */
	uint64_t signins_ok, signins_never, cut;
	int seen; /* 1 through the proxy, 0 not seen, -1 the logs prove nothing */
	int port; /* 0: none */
};

struct tmg_name {
	const char *s;
	struct tmg_name *next;
};

/* One thing that should be reachable from outside, and whether it is. */
struct tmg_coverage {
	const char *kind;        /* "director", "front-end", "simple-url", "autodiscover", "web-apps", "other" */
	const char *name;        /* pool or what the name is for */
	const char *public_name; /* with the path where that matters */
	const char *rule, *listener, *to, *bridging; /* NULL when nothing publishes it */
	const char *file;
	const char *input; /* the export (the first of its job) that was looked at; NULL: none */
	struct tmg_evidence evidence;
	struct tmg_name *findings; /* ids */
	struct tmg_coverage *next;
	uint32_t line; /* of the rule */
	bool published;
	bool guess;
};

/* From where to where a rule carries requests. Shared: rules that go the same way have the same record. */
struct tmg_way {
	const char *file, *listener;
	const char *role;           /* "Front End", "Director", "Office Web Apps", "Lync", "" */
	struct tmg_name *endpoints; /* "198.51.100.22:443" */
	struct tmg_name *servers;   /* "10.1.1.22:4443" */
	const char *bridging;       /* "HTTPS 443 to HTTPS 4443" */
};

/* How one web publishing rule carries requests: a line of the picture. */
struct tmg_flow {
	const char *rule, *guid;
	const struct tmg_way *way;
	struct tmg_name *names; /* public names as written; none: all */
	struct tmg_flow *next;
	uint32_t line, position;
	int16_t worst; /* enum tmg_severity of its findings, -1: none */
	bool enabled, deny, lync;
};

/* A name and the addresses it has to resolve to outside. */
struct tmg_dns_need {
	const char *name, *listener;
	struct tmg_name *addresses; /* none: the export does not hold them */
	struct tmg_dns_need *next;
};

/* What the certificate of a listener must cover. */
struct tmg_certificate_need {
	const char *listener, *file;
	struct tmg_name *names, *thumbprints;
	const char *given;        /* the file that was given for it, NULL: none */
	struct tmg_name *missing; /* names that the given one does not cover */
	struct tmg_certificate_need *next;
};

struct tmg_audit_result {
	struct tmg_finding *findings; /* by input, rule, severity: the order of every output */
	struct tmg_finding *gone;     /* what the baseline has and was not found again, in its order */
	struct tmg_coverage *coverage;
	struct tmg_flow *flows;
	struct tmg_dns_need *dns;
	struct tmg_certificate_need *certificates;
	struct tmg_name *files; /* the exports that were looked at */
	uint64_t count[3];      /* by enum tmg_severity; what the baseline knows apart */
	uint64_t known;
	uint64_t gone_count;
	uint64_t unjudged;   /* of the baseline: not found again, but not everything was given that showed it */
	uint64_t jobs;       /* jobs that were looked at; 1 also when there was no export */
	const char *without; /* the pool that is taken to be down, or NULL */
	enum tmg_severity show;
	bool topology, logs, baseline; /* were given */
};

struct tmg_audit_options {
	const char *const *allow; /* ids or rows of the catalogue: notes */
	size_t allow_count;
	const char *without;    /* pool or site that is down, or NULL */
	int64_t now;            /* seconds since 1970 for the age of certificates; 0: not judged */
	uint64_t max_memory;    /* bytes, 0: no bound */
	enum tmg_severity show; /* lowest severity that text shows; other forms hold everything */
};

struct tmg_audit;

enum tmg_audit_format { TMG_A_TEXT, TMG_A_JSON, TMG_A_SARIF, TMG_A_GCC, TMG_A_CSV, TMG_A_MARKDOWN, TMG_A_HTML };

TMG_API enum tmg_status tmg_audit_new(const struct tmg_audit_options *opt, struct tmg_audit **out);
TMG_API void tmg_audit_free(struct tmg_audit *a);
/* Before the first job. TMG_EINPUT: it could not be read; a message says why. */
TMG_API enum tmg_status tmg_audit_topology(struct tmg_audit *a, const char *path);
TMG_API enum tmg_status tmg_audit_iis_log(struct tmg_audit *a, const char *path);
TMG_API enum tmg_status tmg_audit_certificate(struct tmg_audit *a, const char *listener, const char *path);
/* A tmgport-findings/1 of an earlier run: what it holds is marked as known from now on, and
 * counted apart. Before the first job; TMG_EINPUT as above. */
TMG_API enum tmg_status tmg_audit_baseline(struct tmg_audit *a, const char *path);
/* Takes a pool, or all pools of a site, for down. After the topologies, before the
 * first job. TMG_EUSAGE: no topology knows it. */
TMG_API enum tmg_status tmg_audit_without(struct tmg_audit *a, const char *pool_or_site);
/* Looks at a resolved job. */
TMG_API enum tmg_status tmg_audit_add(struct tmg_audit *a, struct tmg *t);
/* The same in a process of its own: calls `fn` once for each record of what came of it. That
 * process hands them over as it likes; another audit with the same topologies, logs, certificates
 * and options takes them, job by job and in order, and ends with the same result. */
TMG_API enum tmg_status tmg_audit_send(struct tmg_audit *a, struct tmg *t, tmg_write_fn *fn, void *ctx);
/* TMG_EINPUT: that is no record; nothing in it is trusted beyond its form. */
TMG_API enum tmg_status tmg_audit_take(struct tmg_audit *a, const char *record, size_t len);
/* Ends it: NULL without memory. Without any job, what topology and logs say alone. */
TMG_API const struct tmg_audit_result *tmg_audit_finish(struct tmg_audit *a);
/* What was wrong with topologies, logs and certificates. */
TMG_API const struct tmg_message *tmg_audit_messages(const struct tmg_audit *a);
/* The changes as steps in the console and as a script on the documented object model. */
TMG_API enum tmg_status tmg_audit_fix_plan(struct tmg_audit *a, tmg_write_fn *fn, void *ctx);
/* Writes the export `path` with the changes of the findings that are shown (options' `show`), as the
 * plan has them, and everything else byte for byte as it was. `unmended` counts changes that could not be made. TMG_EINPUT: it cannot
 * be read, is no XML of UTF-8 or UTF-16, or is not one of the audit's inputs; `why` says so. */
TMG_API enum tmg_status tmg_audit_fixed(
    struct tmg_audit *a, const char *path, tmg_write_fn *fn, void *ctx, size_t *unmended, char why[160]);
TMG_API enum tmg_status tmg_audit_write(struct tmg_audit *a, enum tmg_audit_format fmt, tmg_write_fn *fn, void *ctx);

TMG_API const char *tmg_version(void);

#ifdef __cplusplus
}
#endif

#endif
