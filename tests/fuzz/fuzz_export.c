/*
 * Fuzz target: one export through everything that is done with exports: read,
 * resolve, inspect, trace, audit with and without a topology, the fix plan and the
 * mended export, plan and every writer. What must hold of any input is asserted
 * here, beyond that nothing crashes: see docs/fuzzing.md.
 */
#include "fuzz.h"

#include "base/text.h"
#include "tmgport.h"

#define REQUESTS 6 /* asked of one export */
#define TWICE 15   /* of so many inputs + 1, one is done twice */

/* A topology for the names that the seeds publish. */
static const char topology[] =
    "{\"schema\": \"tmgport-topology/1\", \"sip_domains\": [\"contoso.com\"], \"pools\": ["
    "{\"fqdn\": \"lyncdir.contoso.local\", \"role\": \"director\", \"external\": \"dirweb.contoso.com\","
    " \"https_port\": 4443, \"http_port\": 8080, \"machines\": [{\"addresses\": [\"10.1.1.22\"]}]},"
    "{\"fqdn\": \"lyncfe.contoso.local\", \"role\": \"front-end\", \"external\": \"feweb.contoso.com\","
    " \"https_port\": 4443, \"http_port\": 8080, \"machines\": [{\"addresses\": [\"10.1.1.21\"]}]},"
    "{\"fqdn\": \"owas.contoso.local\", \"role\": \"web-apps\","
    " \"discovery_url\": \"https://owas.contoso.com/hosting/discovery/\"}], \"simple_urls\": ["
    "{\"component\": \"Meet\", \"domain\": \"contoso.com\", \"url\": \"https://meet.contoso.com\"},"
    "{\"component\": \"Dialin\", \"url\": \"https://dialin.contoso.com\"}]}";

struct run {
	const uint8_t *data;
	size_t size;
	uint64_t sum; /* of everything that came out */
};

static const struct tmg_options options = {
	.limits = { .max_size = FZ_SIZE, .max_memory = FZ_MEMORY },
};

/* Only what may fail for want of memory may fail. */
static bool
went_well(enum tmg_status rc, const char *what)
{
	FZ(rc == TMG_OK || rc == TMG_ENOMEM, "%s: status %d", what, (int)rc);
	return rc == TMG_OK;
}

static void
note(struct run *r, const struct strbuf *b)
{
	r->sum = fz_sum(r->sum, b->s, b->len);
}

/* ---- what was read ----------------------------------------------------------------- */

static void
check_messages(struct run *r, struct tmg *t, bool read)
{
	bool error = false;

	for (const struct tmg_message *m = tmg_messages(t); m != NULL; m = m->next) {
		FZ(m->object == NULL || text_is_plain(m->object), "object of %s", m->id);
		FZ(m->detail == NULL || text_is_plain(m->detail), "detail of %s", m->id);
		error = error || m->severity == TMG_ERROR;
		r->sum = fz_sum(r->sum, m->id, strlen(m->id));
		r->sum = fz_sum(r->sum, m->detail != NULL ? m->detail : "", m->detail != NULL ? strlen(m->detail) : 0);
	}
	FZ(read || error, "refused without a message");
}

static void
check_counts(const struct tmg *t)
{
	for (const struct tmg_input *in = tmg_inputs(t); in != NULL; in = in->next) {
		uint64_t sum = 0;

		for (int i = 0; i < TMG_E_COUNT; i++)
			sum += in->counts[i];
		FZ(sum == in->elements, "%llu counted, %llu elements", (unsigned long long)sum,
		    (unsigned long long)in->elements);
		for (const struct tmg_array *a = in->arrays; a != NULL; a = a->next) {
			uint32_t n = 0, before = 0;

			/* Positions count through all arrays of the input. */
			for (const struct tmg_rule *x = a->rules; x != NULL;
			     before = x->position, x = tmg_next_rule(x), n++)
				FZ(x->position > before, "position %u behind %u", x->position, before);
			FZ(n == a->rule_count, "%u of %u rules in order", n, a->rule_count);
		}
	}
}

static void
inspect(struct run *r, struct tmg *t)
{
	struct strbuf b;

	sb_init(&b, NULL);
	if (went_well(tmg_inspect(t, TMG_TEXT, fz_sink, &b), "inspect"))
		fz_plain("inspect", b.s, b.len);
	note(r, &b);
	sb_clear(&b);
	if (went_well(tmg_inspect(t, TMG_JSON, fz_sink, &b), "inspect -f json"))
		fz_json("inspect -f json", b.s, b.len);
	note(r, &b);
	sb_free(&b);
}

/* ---- trace --------------------------------------------------------------------------- */

static void
ask(struct run *r, struct tmg_tracer *tr, const char *url, const char *from)
{
	struct tmg_request q = { .url = url, .from = from, .weekday = 3, .hour = 10 };
	struct tmg_verdict v;
	enum tmg_status rc;

	memset(&v, 0, sizeof(v));
	rc = tmg_trace(tr, &q, &v);
	FZ(rc == TMG_OK || rc == TMG_EUSAGE || rc == TMG_ENOMEM, "status %d", (int)rc);
	if (rc != TMG_OK)
		return;
	FZ(v.decision != TMG_FORWARD || v.closed || (v.rule != NULL && v.rule->enabled && !v.rule->deny),
	    "forwarded by no live rule: %s", url);
	FZ(v.decision != TMG_FORWARD || v.closed || v.server_count > 0, "forwarded to no server: %s", url);
	FZ(v.decision != TMG_REDIRECT || v.location != NULL, "redirected to nowhere: %s", url);
	r->sum = fz_sum(r->sum, &v.decision, sizeof(v.decision));
	r->sum = fz_sum(r->sum, &v.port, sizeof(v.port));
	if (v.path != NULL)
		r->sum = fz_sum(r->sum, v.path, strlen(v.path));
}

/* Names and paths that rules publish, from in and outside, and a name that hardly any rule has. */
static void
trace(struct run *r, struct tmg *t)
{
	static const char *const from[] = { NULL, "10.1.1.9", "203.0.113.7" };
	struct tmg_trace_options opt = { .bind_count = 0 };
	struct tmg_tracer *tr;
	unsigned asked = 0;

	if (!went_well(tmg_tracer_new(t, &opt, &tr), "tracer"))
		return;
	ask(r, tr, "https://nobody.contoso.com/", NULL);
	for (const struct tmg_input *in = tmg_inputs(t); in != NULL; in = in->next)
		for (const struct tmg_array *a = in->arrays; a != NULL; a = a->next)
			for (const struct tmg_rule *x = a->rules; x != NULL && asked < REQUESTS; x = tmg_next_rule(x)) {
				struct tmg_public_name n = { 0 };
				const struct tmg_path_mapping *p = x->web != NULL ? x->web->paths : NULL;
				struct strbuf url;

				if (!tmg_next_name(x, &n))
					continue;
				sb_init(&url, NULL);
				sb_fmt(&url, "%s://%s%s?q=1", asked % 2 == 0 ? "https" : "http", n.s,
				    p != NULL && p->external != NULL ? p->external : "/");
				ask(r, tr, url.s, from[asked % ARRAY_LEN(from)]);
				asked++;
				sb_free(&url);
			}
	tmg_tracer_free(tr);
}

/* ---- audit --------------------------------------------------------------------------- */

static void
check_findings(const struct tmg_audit_result *res)
{
	uint64_t n = 0;

	for (const struct tmg_finding *f = res->findings; f != NULL; f = f->next) {
		n++;
		FZ(f->id != NULL && f->ref != NULL && f->sentence != NULL && strlen(f->fingerprint) == 32,
		    "finding %llu", (unsigned long long)n);
	}
	FZ(n == res->count[0] + res->count[1] + res->count[2] + res->known, "%llu findings", (unsigned long long)n);
}

static void
show_audit(struct run *r, struct tmg_audit *a)
{
	struct strbuf b;

	sb_init(&b, NULL);
	for (enum tmg_audit_format f = TMG_A_TEXT; f <= TMG_A_HTML; f++) {
		enum tmg_status rc = tmg_audit_write(a, f, fz_sink, &b);

		if (rc != TMG_OK)
			FZ(rc == TMG_ENOMEM, "format %d: status %d", (int)f, (int)rc);
		else if (f == TMG_A_JSON || b.s[0] == '{') /* SARIF, too */
			fz_json("audit", b.s, b.len);
		else if (b.len > 0)
			fz_plain("audit", b.s, b.len);
		note(r, &b);
		sb_clear(&b);
	}
	if (went_well(tmg_audit_fix_plan(a, fz_sink, &b), "fix plan"))
		fz_plain("fix plan", b.s, b.len);
	note(r, &b);
	sb_free(&b);
}

/* The mended export is one; without anything to mend it is the same, byte for byte. */
static void
mend(struct run *r, struct tmg_audit *a, const struct tmg_audit_result *res)
{
	const char *path = fz_file(r->data, r->size);
	struct tmg_options wide = options;
	size_t unmended = 0, mends = 0;
	enum tmg_status rc;
	struct strbuf b;
	char why[160];
	struct tmg *t;

	for (const struct tmg_finding *f = res->findings; f != NULL; f = f->next)
		for (const struct tmg_mend *m = f->mends; m != NULL; m = m->next)
			mends++;
	sb_init(&b, NULL);
	rc = tmg_audit_fixed(a, path, fz_sink, &b, &unmended, why);
	FZ(rc == TMG_OK || rc == TMG_EINPUT || rc == TMG_ENOMEM, "status %d: %s", (int)rc, why);
	FZ(rc != TMG_EINPUT || text_is_plain(why), "reason");
	FZ(unmended <= mends, "%zu of %zu", unmended, mends);
	if (rc == TMG_OK) {
		note(r, &b);
		if (mends == 0 && r->size > 2 && !(r->data[0] == 0x1f && r->data[1] == 0x8b))
			FZ(b.len == r->size && memcmp(b.s, r->data, b.len) == 0, "changed without a reason");
		wide.limits.max_size = 0;
		wide.limits.max_memory = 0;
		t = tmg_new(&wide);
		FZ(t != NULL, "no memory");
		rc = tmg_add_file(t, fz_file(b.s, b.len));
		FZ(rc == TMG_OK, "the mended export is refused: %s",
		    tmg_messages(t) != NULL ? tmg_messages(t)->id : "without a message");
		tmg_free(t);
		fz_file(r->data, r->size);
	}
	sb_free(&b);
}

static void
audit(struct run *r, struct tmg *t, bool with_topology)
{
	struct tmg_audit_options opt = { .max_memory = FZ_MEMORY };
	const struct tmg_audit_result *res;
	struct tmg_audit *a;

	FZ(tmg_audit_new(&opt, &a) == TMG_OK, "no memory");
	if (with_topology)
		FZ(tmg_audit_topology(a, fz_file(topology, sizeof(topology) - 1)) == TMG_OK, "the topology is refused");
	fz_file(r->data, r->size);
	if (went_well(tmg_audit_add(a, t), "audit") && (res = tmg_audit_finish(a)) != NULL) {
		check_findings(res);
		show_audit(r, a);
		mend(r, a, res);
	}
	tmg_audit_free(a);
}

/* ---- writers ------------------------------------------------------------------------- */

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && strcmp(s + n - k, end) == 0;
}

static void
see(void *ctx, const char *rel, const char *text, size_t n)
{
	struct run *r = ctx;

	if (ends_with(rel, ".json"))
		fz_json(rel, text, n);
	else
		fz_plain(rel, text, n);
	if (ends_with(rel, ".conf"))
		fz_nginx(rel, text, n);
	else if (ends_with(rel, ".cfg"))
		fz_haproxy(rel, text, n);
	else if (ends_with(rel, ".map"))
		fz_map(rel, text, n);
	r->sum = fz_sum(r->sum, rel, strlen(rel));
	r->sum = fz_sum(r->sum, text, n);
}

static void
convert(struct run *r, struct tmg *t)
{
	static const char *const targets[] = { "all" };
	char dir[100];
	struct tmg_convert_options opt = { .targets = targets, .target_count = 1, .dir = dir };

	snprintf(dir, sizeof(dir), "%s/out", fz_scratch());
	fz_guard(true);
	went_well(tmg_convert(t, &opt), "convert");
	fz_guard(false);
	fz_harvest(see, r);
}

/* ---- all of it ------------------------------------------------------------------------ */

static uint64_t
everything(const uint8_t *data, size_t size)
{
	struct run r = { .data = data, .size = size, .sum = FZ_SUM0 };
	struct tmg *t = tmg_new(&options);
	const char *path = fz_file(data, size);
	enum tmg_status rc;

	FZ(t != NULL, "no memory");
	fz_guard(true);
	rc = tmg_add_file(t, path);
	FZ(rc == TMG_OK || rc == TMG_EINPUT || rc == TMG_ENOMEM, "status %d", (int)rc);
	FZ((rc == TMG_OK) == (tmg_inputs(t) != NULL), "something stays of what was refused");
	if (rc == TMG_OK && went_well(tmg_resolve(t), "resolve")) {
		check_counts(t);
		inspect(&r, t);
		trace(&r, t);
		fz_guard(false);
		audit(&r, t, false);
		audit(&r, t, true);
		convert(&r, t);
	}
	fz_guard(false);
	check_messages(&r, t, rc == TMG_OK);
	tmg_free(t);
	return r.sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t sum = everything(data, size);

	if ((fz_sum(FZ_SUM0, data, size) & TWICE) == 0)
		FZ(everything(data, size) == sum, "the same input, other bytes");
	return 0;
}
