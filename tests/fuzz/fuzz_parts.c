/*
 * Fuzz target: the readers that an export reaches only through a narrow gate, and
 * those of what an audit takes besides. The first byte picks the reader, the rest
 * is its input. What must hold is asserted here: see docs/fuzzing.md.
 */
#include "fuzz.h"

#include "base/text.h"
#include "import/read.h"
#include "import/topology.h"
#include "tmgport.h"

enum part { PART_HEX, PART_BLOB, PART_FILTER, PART_TOPOLOGY, PART_MORE_TOPOLOGY, PART_LOG, PART_CERTIFICATE, PARTS };

/* What a second topology meets. */
static const char known[] =
    "{\"schema\": \"tmgport-topology/1\", \"sip_domains\": [\"contoso.com\"], \"pools\": ["
    "{\"fqdn\": \"lyncdir.contoso.local\", \"role\": \"director\", \"external\": \"dirweb.contoso.com\","
    " \"machines\": [{\"fqdn\": \"lyncdir.contoso.local\", \"addresses\": [\"10.1.1.22\"]}]},"
    "{\"fqdn\": \"lyncfe.contoso.local\", \"role\": \"front-end\", \"https_port\": 4443}], \"simple_urls\": ["
    "{\"component\": \"Meet\", \"domain\": \"contoso.com\", \"url\": \"https://meet.contoso.com\"}]}";

static uint64_t
sum_text(uint64_t sum, const char *s)
{
	return s != NULL ? fz_sum(sum, s, strlen(s) + 1) : fz_sum(sum, "\1", 1);
}

/* ---- vendor parameter sets ------------------------------------------------------------ */

static uint64_t
blob(const char *hex, size_t n)
{
	struct budget b = { .limit = FZ_MEMORY };
	struct tmg_vendor v = { .guid = "" };
	uint64_t sum = FZ_SUM0;
	struct arena mem;

	arena_init(&mem, &b);
	if (blob_decode(&mem, &b, &v, hex, n)) {
		for (const struct tmg_vendor_value *x = v.values; x != NULL; x = x->next) {
			FZ(utf8_span(x->name, strlen(x->name)) == strlen(x->name), "a name is not UTF-8");
			FZ(utf8_span(x->text, strlen(x->text)) == strlen(x->text), "a text is not UTF-8");
			sum = sum_text(sum_text(sum, x->name), x->text);
		}
	}
	arena_free(&mem);
	FZ(b.used == 0, "%llu bytes stay", (unsigned long long)b.used);
	return sum;
}

static uint64_t
bytes(const uint8_t *data, size_t n)
{
	struct strbuf hex;
	uint64_t sum;

	sb_init(&hex, NULL);
	for (size_t i = 0; i < n; i++)
		sb_fmt(&hex, "%02X", data[i]);
	sum = blob(hex.s, hex.len);
	sb_free(&hex);
	return sum;
}

/* The reader decodes UTF-16, so that anything but UTF-8 never gets there. */
static uint64_t
filter(const char *s, size_t n)
{
	struct tmg_options opt = { .limits = { .max_memory = FZ_MEMORY } };
	struct tmg_vendor_value policy = { .name = "XML_POLICY" };
	struct tmg_vendor v = { .guid = "", .values = &policy };
	struct reader r = { .t = NULL };
	uint64_t sum;
	char *text;

	if (memchr(s, '\0', n) != NULL || utf8_span(s, n) != n)
		return 0;
	r.t = tmg_new(&opt);
	FZ(r.t != NULL, "no memory");
	r.mem = &r.t->mem;
	policy.text = text = strndup(s, n);
	filter_read(&r, &v);
	FZ(v.settings == NULL || (v.settings[0] != '\0' && text_is_plain(v.settings)), "what it restricts");
	sum = sum_text(FZ_SUM0, v.settings);
	sum = fz_sum(sum, &v.broken, sizeof(v.broken));
	free(text);
	tmg_free(r.t);
	return sum;
}

/* ---- topologies ------------------------------------------------------------------------- */

static void
check_host(const char *s, const char *what)
{
	struct strbuf b;
	bool wild;

	sb_init(&b, NULL);
	FZ(s == NULL || (host_canonical(s, &b, &wild) && strcmp(b.s, s) == 0), "%s: %s", what, s);
	sb_free(&b);
}

static void
check_messages(const struct site *s, enum tmg_status rc)
{
	const struct tmg_message *last = NULL;

	for (const struct tmg_message *m = s->diags.first; m != NULL; last = m, m = m->next) {
		FZ(m->object == NULL || text_is_plain(m->object), "object of %s", m->id);
		FZ(m->detail == NULL || text_is_plain(m->detail), "detail of %s", m->id);
	}
	FZ(rc == TMG_OK || rc == TMG_ENOMEM || (last != NULL && last->severity == TMG_ERROR),
	    "refused without a message");
	FZ(rc == TMG_OK || rc == TMG_EINPUT || rc == TMG_ENOMEM, "status %d", (int)rc);
}

static uint64_t
sum_site(const struct site *s)
{
	uint64_t sum = FZ_SUM0;

	for (const struct pool *p = s->pools; p != NULL; p = p->next) {
		const int ports[] = { p->https_port, p->http_port, p->published_https, p->published_http,
			p->internal_https, p->internal_http };

		check_host(p->fqdn, "pool");
		check_host(p->external_host, "external host");
		check_host(p->internal_host, "internal host");
		check_host(p->discovery_host, "discovery host");
		for (size_t i = 0; i < ARRAY_LEN(ports); i++)
			FZ(ports[i] >= 0 && ports[i] <= 65535, "port %d", ports[i]);
		sum = sum_text(sum_text(sum_text(sum, p->fqdn), p->external_host), p->discovery_url);
		sum = fz_sum(sum, ports, sizeof(ports));
		for (const struct pool_machine *m = p->machines; m != NULL; m = m->next) {
			check_host(m->fqdn, "machine");
			sum = sum_text(sum, m->fqdn);
			for (const struct tmg_text *a = m->addresses; a != NULL; a = a->next) {
				FZ(host_is_address(a->s), "address %s", a->s);
				sum = sum_text(sum, a->s);
			}
		}
	}
	for (const struct sip_domain *d = s->domains; d != NULL; d = d->next) {
		check_host(d->name, "domain");
		sum = sum_text(sum, d->name);
	}
	for (const struct simple_url *u = s->urls; u != NULL; u = u->next) {
		check_host(u->host, "host of a URL");
		FZ(u->path[0] == '/' && (u->current || !u->active), "URL %s", u->url);
		sum = sum_text(sum_text(sum_text(sum, u->url), u->scope), u->path);
	}
	for (const struct tmg_message *m = s->diags.first; m != NULL; m = m->next)
		sum = sum_text(sum_text(sum, m->id), m->detail);
	return sum;
}

/* What an audit says of the topology alone. */
static void
audit(const uint8_t *data, size_t n)
{
	struct tmg_audit_options opt = { .max_memory = FZ_MEMORY };
	struct tmg_audit *a;
	struct strbuf b;

	FZ(tmg_audit_new(&opt, &a) == TMG_OK, "no memory");
	sb_init(&b, NULL);
	if (tmg_audit_topology(a, fz_file(data, n)) == TMG_OK) {
		if (tmg_audit_write(a, TMG_A_JSON, fz_sink, &b) == TMG_OK)
			fz_json("audit", b.s, b.len);
		sb_clear(&b);
		if (tmg_audit_write(a, TMG_A_TEXT, fz_sink, &b) == TMG_OK)
			fz_plain("audit", b.s, b.len);
	}
	sb_free(&b);
	tmg_audit_free(a);
}

static uint64_t
read_topology(const uint8_t *data, size_t n, bool more)
{
	struct input_source before = { .data = known, .len = sizeof(known) - 1 };
	struct input_source src = { .data = data, .len = n };
	uint64_t sum, first = 0;
	const struct pool *pools;
	struct site s;
	enum tmg_status rc;

	site_init(&s);
	s.budget.limit = FZ_MEMORY;
	if (more)
		FZ(topology_read_source(&s, &before, "known") == TMG_OK, "the known topology is refused");
	pools = s.pools;
	first = sum_site(&s);
	fz_guard(true);
	rc = topology_read_source(&s, &src, "input");
	fz_guard(false);
	check_messages(&s, rc);
	sum = sum_site(&s);
	FZ(rc != TMG_OK || s.topology, "read, and there is none");
	FZ(rc == TMG_OK || (s.pools == pools && s.topology == more), "something stays of what was refused");
	FZ(rc == TMG_OK || s.diags.count > 0 || sum == first, "something stays of what was refused");
	site_free(&s);
	FZ(s.budget.used == 0, "%llu bytes stay", (unsigned long long)s.budget.used);
	if (rc == TMG_OK && !more)
		audit(data, n);
	return sum;
}

/* ---- logs and certificates ---------------------------------------------------------------- */

static uint64_t
read_log(const uint8_t *data, size_t n)
{
	uint64_t sum = FZ_SUM0, hits = 0, requests = 0;
	struct site s;
	enum tmg_status rc;

	site_init(&s);
	s.budget.limit = FZ_MEMORY;
	fz_guard(true);
	rc = iislog_read(&s, fz_file(data, n));
	fz_guard(false);
	check_messages(&s, rc);
	FZ((rc == TMG_OK) == (s.logs != NULL), "something stays of what was refused");
	for (const struct log_file *f = s.logs; f != NULL; f = f->next) {
		FZ(f->requests + f->skipped <= f->lines, "more than there are lines");
		requests += f->requests;
		sum = fz_sum(sum, &f->skipped, sizeof(f->skipped));
	}
	for (const struct log_flow *f = s.flows; f != NULL; f = f->next) {
		uint64_t parts = 0;

		for (int i = 0; i < LOG_PARTS; i++)
			parts += f->parts[i];
		FZ(parts == f->hits && f->cut <= f->hits && f->signins_ok <= f->hits, "parts of the requests of %s",
		    f->server);
		FZ(f->port >= 0 && f->port <= 65535, "port %d", f->port);
		hits += f->hits;
		sum = fz_sum(sum_text(sum_text(sum, f->server), f->client), f->parts, sizeof(f->parts));
		sum = fz_sum(sum, &f->cut, sizeof(f->cut));
	}
	FZ(hits == requests, "%llu of %llu requests", (unsigned long long)hits, (unsigned long long)requests);
	site_free(&s);
	FZ(s.budget.used == 0, "%llu bytes stay", (unsigned long long)s.budget.used);
	return sum;
}

static uint64_t
read_certificate(const uint8_t *data, size_t n)
{
	uint64_t sum = FZ_SUM0;
	struct site s;
	enum tmg_status rc;

	site_init(&s);
	s.budget.limit = FZ_MEMORY;
	fz_guard(true);
	rc = certificate_read(&s, NULL, fz_file(data, n));
	fz_guard(false);
	check_messages(&s, rc);
	FZ((rc == TMG_OK) == (s.certs != NULL), "something stays of what was refused");
	for (const struct certificate_file *f = s.certs; f != NULL; f = f->next) {
		FZ(f->certificates != NULL, "a file without a certificate");
		for (const struct certificate *c = f->certificates; c != NULL; c = c->next) {
			FZ(text_is_plain(c->subject) && text_is_plain(c->issuer), "subject or issuer");
			FZ(strlen(c->sha1) == 40 && strspn(c->sha1, "0123456789ABCDEF") == 40, "hash %s", c->sha1);
			sum = sum_text(sum_text(sum_text(sum, c->subject), c->common_name), c->sha1);
			for (const struct tmg_text *t = c->names; t != NULL; t = t->next) {
				check_host(strncmp(t->s, "*.", 2) == 0 ? t->s + 2 : t->s, "name");
				sum = sum_text(sum, t->s);
			}
		}
	}
	site_free(&s);
	FZ(s.budget.used == 0, "%llu bytes stay", (unsigned long long)s.budget.used);
	return sum;
}

/* ---- all of it ------------------------------------------------------------------------ */

static uint64_t
everything(enum part part, const uint8_t *data, size_t n)
{
	switch (part) {
	case PART_HEX: return blob((const char *)data, n);
	case PART_BLOB: return bytes(data, n);
	case PART_FILTER: return filter((const char *)data, n);
	case PART_TOPOLOGY: return read_topology(data, n, false);
	case PART_MORE_TOPOLOGY: return read_topology(data, n, true);
	case PART_LOG: return read_log(data, n);
	case PART_CERTIFICATE: return read_certificate(data, n);
	case PARTS: break;
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t sum;

	if (size == 0 || data[0] >= PARTS)
		return 0;
	sum = everything((enum part)data[0], data + 1, size - 1);
	if ((fz_sum(FZ_SUM0, data, size) & 7) == 0)
		FZ(everything((enum part)data[0], data + 1, size - 1) == sum, "the same input, other answers");
	return 0;
}
