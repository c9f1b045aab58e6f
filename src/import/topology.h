/*
 * Inside the topology readers: what one file adds to a site. Everything goes
 * into a copy of the site (`d`), which takes the site's place when the file was
 * read to its end; a file that fails leaves nothing. Knows no form of input.
 */
#ifndef IMPORT_TOPOLOGY_H
#define IMPORT_TOPOLOGY_H

#include "base/strbuf.h"
#include "import/input.h"
#include "import/site.h"

struct topo {
	struct site *s;
	struct site d; /* all that `s` holds of topologies, and what this file adds */
	const char *file;
	struct arena scratch;
	/* "p" pool, "m" machine, "a" address, "c" component ("M", "A", "C": the last of a list), "d" domain,
	 * "D" the default one, "u" URL, "v" active URL, "s" name of a site id, "S" site by its id in a document,
	 * "k" cluster by its key in a document, "w" site with web services, "o" its own URL, "n" number of sites
	 * with one; the parts of a key are joined by \1 */
	struct hmap seen;
	unsigned said, unsaid; /* messages */
	unsigned pools, items;
	uint64_t elements;
	unsigned nesting, documents; /* how deep in escaped text; topologies that were begun */
	bool found;                  /* something of a topology was in it */
	bool stopped;
	enum diag_id error;
	uint32_t line; /* of the error */
	char detail[200];
};

/* The first error; what comes later does not count. */
void topo_stop(struct topo *t, enum diag_id id, uint32_t line, const char *fmt, ...) PRINTF_LIKE(4, 5);
void topo_oom(struct topo *t);
/* A warning or note about this file; of very many, the first TOPOLOGY_MAX_MESSAGES. */
void topo_say(struct topo *t, enum diag_id id, uint32_t line, const char *fmt, ...) PRINTF_LIKE(4, 5);
void *topo_alloc(struct topo *t, size_t size);        /* in the draft; NULL: stopped */
const char *topo_text(struct topo *t, const char *s); /* a copy in the draft; "": stopped */
bool topo_count(struct topo *t, uint32_t line);       /* one more item; false: stopped */
void *topo_scratch(struct topo *t, size_t size);      /* until the file ends */
const char *topo_scratch_text(struct topo *t, const char *s, size_t n);
/* The place for this key, made if need be; NULL: stopped. */
void **topo_slot(struct topo *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A host name as it is compared, in the draft; NULL and a warning when it is none. Empty text: NULL alone. */
const char *topo_host(struct topo *t, const char *s, const char *what, uint32_t line);

/* Facts. Each takes text as written; what cannot be used is a warning and left out, what contradicts an
 * earlier statement, too. A NULL pool, or text that is NULL or empty, states nothing. */
struct pool *topo_pool(struct topo *t, const char *fqdn, uint32_t line); /* NULL: no host name, or stopped */
void topo_site(struct topo *t, struct pool *p, const char *name, uint32_t line);
void topo_external(struct topo *t, struct pool *p, const char *host, uint32_t line);
void topo_internal(struct topo *t, struct pool *p, const char *host, uint32_t line);
void topo_port(struct topo *t, struct pool *p, enum pool_fact f, const char *port, uint32_t line);
void topo_version(struct topo *t, struct pool *p, const char *version, uint32_t line);
void topo_role(struct topo *t, struct pool *p, enum pool_role role, bool inferred, uint32_t line);
void topo_discovery(struct topo *t, struct pool *p, const char *url, uint32_t line);
void topo_component(struct topo *t, struct pool *p, const char *name, uint32_t line);
/* `fqdn` NULL: known by addresses only. */
struct pool_machine *topo_machine(struct topo *t, struct pool *p, const char *fqdn, uint32_t line);
void topo_address(struct topo *t, struct pool *p, struct pool_machine *m, const char *address, uint32_t line);
void topo_domain(struct topo *t, const char *name, bool is_default, uint32_t line);

struct topo_url {
	const char *component, *domain, *url, *scope; /* domain NULL or "": "*"; scope NULL: "global" */
	uint32_t line;
	bool current;
};
void topo_url(struct topo *t, const struct topo_url *u);
/* Those of earlier inputs, into the draft. */
void topo_known_urls(struct topo *t);
/* "Global" and "Site:NAME" as PowerShell writes them: what goes into a scope, in the draft. */
const char *topo_scope(struct topo *t, const char *identity);

/* When all of a file is read: which URLs are handed out. */
void topo_finish(struct topo *t);

/* "true" or "1" in any case; NULL is false. */
bool topo_true(const char *s);
int topo_integer(const char *s); /* -1: not a number up to 999999 */

/* Reads any source, for tests and for archives in memory; `name` stands in messages. */
enum tmg_status topology_read_source(struct site *s, const struct input_source *src, const char *name);

/* ---- forms ------------------------------------------------------------------ */

/* Text that begins with "<", fed in pieces. */
struct topo_xml;
struct topo_xml *topo_xml_open(struct topo *t, uint32_t line); /* first line; NULL: stopped */
void topo_xml_feed(struct topo_xml *x, const char *s, size_t n);
void topo_xml_close(struct topo_xml *x, bool complete); /* accepts NULL */

/* "Name : value" lines. */
struct topo_list;
struct topo_list *topo_list_open(struct topo *t, uint32_t line);
void topo_list_feed(struct topo_list *l, const char *s, size_t n);
void topo_list_close(struct topo_list *l, bool complete);

/* What PowerShell shows of one object, or keeps of it with Export-Clixml. */
struct topo_object {
	struct topo_property {
		const char *name;
		struct strbuf value; /* lists: "{a, b}" */
		uint32_t line;
		struct topo_property *next;
	} * first, **last;
	uint32_t line;
	const char *scope; /* of the collection around it, or NULL */
};
void topo_object_init(struct topo_object *o, uint32_t line);
void topo_object_free(struct topo_object *o);
struct topo_property *topo_object_add(
    struct topo *t, struct topo_object *o, const char *name, size_t n, uint32_t line); /* NULL: stopped */
const char *topo_object_get(const struct topo_object *o, const char *name);            /* or NULL */
void topo_object(struct topo *t, const struct topo_object *o);

void topo_json(struct topo *t, const char *s, size_t n);
void topo_zip(struct topo *t, const void *data, size_t n);

#endif
