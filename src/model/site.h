/*
 * What an audit knows besides exports: the pools and names of a Lync or Skype
 * for Business topology, what IIS logs prove, what certificates cover. Readers
 * in src/import fill it, the audit reads it. Knows neither XML nor checks.
 */
#ifndef MODEL_SITE_H
#define MODEL_SITE_H

#include "base/arena.h"
#include "base/hmap.h"
#include "model/diag.h"

/* ---- topology ------------------------------------------------------------ */

enum pool_role { POOL_OTHER = 0, POOL_FRONT_END, POOL_DIRECTOR, POOL_WEB_APPS };

/* What inputs may contradict each other in; pool.from says which file stated it first. */
enum pool_fact {
	FACT_SITE,
	FACT_EXTERNAL,
	FACT_INTERNAL,
	FACT_HTTPS,
	FACT_HTTP,
	FACT_PUBLISHED_HTTPS,
	FACT_PUBLISHED_HTTP,
	FACT_INTERNAL_HTTPS,
	FACT_INTERNAL_HTTP,
	FACT_DISCOVERY,
	FACT_VERSION,
	FACT_ROLE,
	POOL_FACTS
};

struct pool_machine {
	const char *fqdn;           /* canonical; NULL when only addresses are known */
	struct tmg_text *addresses; /* without 0.0.0.0, which stands for "all of its addresses" */
	struct pool_machine *next;
};

/* A pool (one Standard Edition server is one too) or an Office Web Apps farm. Host names
 * are canonical (host_canonical). A port is 0 when no input states it. */
struct pool {
	const char *fqdn;                    /* of the cluster; never NULL */
	const char *site;                    /* central site, NULL when not stated */
	const char *external_host;           /* external web name, NULL: none */
	const char *internal_host;           /* internal web name where it is stated, else NULL: the fqdn */
	int https_port, http_port;           /* the external web site LISTENS there (4443, 8080) */
	int published_https, published_http; /* what clients use (443, 80) */
	int internal_https, internal_http;   /* the internal web site listens there (443, 80) */
	struct tmg_text *components;         /* installed web components, as written ("ABHandler") */
	struct pool_machine *machines;
	const char *discovery_url, *discovery_host; /* Office Web Apps only */
	const char *file;                           /* the first that names the pool */
	const char *from[POOL_FACTS];               /* NULL: not stated */
	struct pool *next;
	uint32_t line;
	int version; /* ServiceVersion: 5 = 2010, 6 = 2013, 7 = 2015, 8 = 2019; 0 not stated */
	enum pool_role role;
	bool role_inferred;     /* concluded from the services it has; no input says it */
	bool web_services;      /* has web services of its own */
	bool user_services;     /* homes users: a Director does not */
	bool web_apps_external; /* Office Web Apps: deployed in an external network */
	bool passive_auth;      /* AD FS sign-in is on */
};

struct sip_domain {
	const char *name; /* canonical */
	const char *file;
	struct sip_domain *next;
	uint32_t line;
	bool is_default;
};

enum simple_kind { SIMPLE_MEET, SIMPLE_DIALIN, SIMPLE_ADMIN, SIMPLE_SCHEDULER, SIMPLE_OTHER };

struct simple_url {
	const char *component; /* as written */
	const char *domain;    /* canonical, or "*" */
	const char *url;       /* as written */
	const char *host;      /* canonical */
	const char *path;      /* "/" or what follows the host, without a query */
	const char *scope;     /* "global", "site:NAME" or, where the name is not stated, "site" */
	const char *file;
	struct simple_url *next;
	uint32_t line;
	enum simple_kind kind;
	bool current; /* it is the ActiveUrl of its collection */
	/* Handed out to users: current, and not a global one while every site with web services has one of its
	 * own for the same component and domain. false: it may still stand in old invitations. */
	bool active;
};

/* ---- IIS logs ------------------------------------------------------------ */

/* Which part of the web services a request was for. */
enum log_part {
	LOG_WEB_TICKET,   /* /WebTicket */
	LOG_CERT_PROV,    /* /CertProv */
	LOG_SIMPLE_URL,   /* /Meet, /Dialin */
	LOG_AUTODISCOVER, /* /Autodiscover, / with sipuri= */
	LOG_GROUP,        /* /groupexpansion */
	LOG_ADDRESS_BOOK, /* /abs */
	LOG_RGS,          /* /RgsClients */
	LOG_UCWA,         /* /ucwa, /Mcx */
	LOG_CONTENT,      /* /DataCollabWeb, /CollabContent, /Reach, /lwa */
	LOG_OTHER,
	LOG_PARTS
};

/* All requests of one client address to one address and port of a server, over all files.
 * A sign-in is followed by server, client and user agent, so behind a proxy all clients of one
 * version are followed together. */
struct log_flow {
	const char *server; /* address as text; "" beyond the bound: requests to further servers together */
	const char *client; /* address as text; "": not logged; NULL beyond the bound: all further ones together */
	int port;           /* 0: not logged (and with a server of "") */
	uint64_t hits, parts[LOG_PARTS];
	uint64_t web_ticket_cert; /* POST /WebTicket/.../cert: what a signed-in client does at its pool */
	uint64_t signins_ok;      /* handshakes of Windows sign-in that ended in success */
	uint64_t signins_never;   /* clients that were asked three times or more and never got in, in any file */
	/* Requests whose connection was gone after a long and nearly constant time: a time-out in
	 * between. They lie within 2 s of cut_ms, are 3 or more and a quarter or more of all requests
	 * of the flow that ended so after 20 to 1,023 s. Else both are 0. */
	uint64_t cut;
	uint64_t cut_ms; /* that time, milliseconds, to the second */
	struct log_flow *next;
};

struct log_file {
	const char *file;
	uint64_t lines;    /* all of them */
	uint64_t requests; /* 0: the file proves nothing */
	uint64_t skipped;  /* lines that are neither requests nor comments nor blank; reported once */
	int site_id;       /* from the folder's name W3SVC34578, 0 unknown */
	bool has_client;   /* c-ip is logged */
	struct log_file *next;
};

/* ---- certificates -------------------------------------------------------- */

struct certificate {
	const char *subject, *issuer;  /* one line each, terminal-safe */
	const char *common_name;       /* as written, NULL: none */
	struct tmg_text *names;        /* DNS names of subjectAltName, canonical, "*." kept in front */
	char sha1[41];                 /* upper-case hex, as exports hold it */
	int64_t not_before, not_after; /* seconds since 1970 */
	int key_bits;                  /* 0: a kind of key that is not known */
	bool server_auth;              /* extended key usage allows it, or there is none */
	bool has_san;                  /* there is a subjectAltName, with DNS names or not */
	bool self_signed, is_ca;
	bool sha1_signature;      /* signed over SHA-1 or MD5 */
	struct certificate *next; /* the next of the file: the chain as it stands there */
};

struct certificate_file {
	const char *file;
	const char *listener;             /* the user's word, NULL: to be tied by thumbprint or names */
	struct certificate *certificates; /* the first is the server's own */
	bool chain_complete;              /* every certificate is issued by the next one */
	bool chain_open;                  /* the last one is not issued by itself: its issuer is not in the file */
	struct certificate_file *next;
};

/* ---- baseline ------------------------------------------------------------ */

/* A finding of an earlier audit, as its JSON has it; only the fingerprint is sure to be there. */
struct known_finding {
	const char *fingerprint;
	const char *id, *sentence, *detail, *kind, *name, *guid, *subject, *file, *input;
	struct known_finding *next, *next_same, *next_here; /* of all; of this fingerprint; of this input, too */
	uint32_t line;
	enum tmg_severity severity;
	bool matched; /* it was found again */
};

/* Those that have something in common, from the first that may not be matched yet. */
struct known_list {
	struct known_finding *first, **last;
};

/* ---- all of it ----------------------------------------------------------- */

struct site {
	struct budget budget;
	struct arena mem;
	struct diags diags; /* what could not be read, and what was odd */
	struct pool *pools, **last_pool;
	struct sip_domain *domains, **last_domain;
	struct simple_url *urls, **last_url;
	struct log_flow *flows, **last_flow; /* in the order in which they were first seen */
	struct log_file *logs, **last_log;
	struct hmap log_flows, log_clients; /* the log reader's own, so that files are counted together */
	uint64_t log_pages;                 /* the same */
	struct certificate_file *certs, **last_cert;
	struct known_finding *baselined, **last_baselined;
	struct hmap known, known_here; /* fingerprint, and with US and the input behind it -> struct known_list */
	bool baseline;                 /* one was read */
	bool known_topology, known_logs, known_certs; /* the audit before was given these */
	bool topology;                                /* at least one topology input was read */
	bool has_urls;                                /* some input states the simple URLs */
	bool draft;                                   /* a topology that was not published */
	bool passive_auth;
};

void site_init(struct site *s);
void site_free(struct site *s);
/* The pool of this canonical cluster name; NULL: there is none. */
struct pool *site_find_pool(const struct site *s, const char *fqdn);

#endif
