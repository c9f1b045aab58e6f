/*
 * What an audit found as JSON: tmgport-findings/1 (docs/findings.md).
 */
#include "export/audit_write.h"

#include "export/write_json.h"
#include "model/diag.h"

static json_t *
names(struct jw *w, const struct tmg_name *n)
{
	json_t *list = json_array();

	for (; n != NULL; n = n->next)
		jw_add(w, list, jw_string(n->s));
	return list;
}

static json_t *
finding(struct jw *w, const struct tmg_finding *f)
{
	json_t *v = json_object(), *o = json_null();

	if (f->kind != NULL) {
		o = json_object();
		jw_set(w, o, "kind", jw_string(f->kind));
		jw_set(w, o, "name", jw_string(f->name));
		jw_set(w, o, "guid", jw_string(f->guid));
	}
	jw_set(w, v, "id", jw_string(f->id));
	jw_set(w, v, "ref", jw_string(f->ref));
	jw_set(w, v, "severity", jw_string(severity_name(f->severity)));
	jw_set(w, v, "file", jw_string(f->file));
	jw_set(w, v, "line", f->line != 0 ? json_integer(f->line) : json_null());
	jw_set(w, v, "object", o);
	jw_set(w, v, "subject", jw_string(f->subject));
	jw_set(w, v, "detail", jw_string(f->detail));
	jw_set(w, v, "sentence", jw_string(f->sentence));
	jw_set(w, v, "symptom", jw_string(f->symptom));
	jw_set(w, v, "fix", jw_string(f->fix));
	jw_set(w, v, "guess", json_boolean(f->guess));
	jw_set(w, v, "fingerprint", jw_string(f->fingerprint));
	jw_set(w, v, "known", json_boolean(f->known));
	jw_set(w, v, "input", jw_string(f->input));
	return v;
}

static json_t *
evidence(struct jw *w, const struct tmg_evidence *e)
{
	json_t *v = json_object();

	jw_set(w, v, "seen", e->seen < 0 ? json_null() : json_boolean(e->seen));
	jw_set(w, v, "port", e->port != 0 ? json_integer(e->port) : json_null());
	jw_set(w, v, "via", jw_string(e->via));
	jw_set(w, v, "hits", json_integer((json_int_t)e->hits));
	jw_set(w, v, "signins_ok", json_integer((json_int_t)e->signins_ok));
	jw_set(w, v, "signins_never", json_integer((json_int_t)e->signins_never));
	jw_set(w, v, "cut", json_integer((json_int_t)e->cut));
	return v;
}

static json_t *
coverage(struct jw *w, const struct tmg_coverage *c)
{
	json_t *v = json_object();

	jw_set(w, v, "kind", jw_string(c->kind));
	jw_set(w, v, "name", jw_string(c->name));
	jw_set(w, v, "public_name", jw_string(c->public_name));
	jw_set(w, v, "published", json_boolean(c->published));
	jw_set(w, v, "rule", jw_string(c->rule));
	jw_set(w, v, "file", jw_string(c->file));
	jw_set(w, v, "line", c->line != 0 ? json_integer(c->line) : json_null());
	jw_set(w, v, "listener", jw_string(c->listener));
	jw_set(w, v, "to", jw_string(c->to));
	jw_set(w, v, "bridging", jw_string(c->bridging));
	jw_set(w, v, "guess", json_boolean(c->guess));
	jw_set(w, v, "evidence", evidence(w, &c->evidence));
	jw_set(w, v, "findings", names(w, c->findings));
	jw_set(w, v, "input", jw_string(c->input));
	return v;
}

/* ---- what there may be as many of as rules: written as it comes --------------------- */

static void
put_names(struct jw *w, const char *key, const struct tmg_name *n)
{
	jw_open(w, key, '[');
	for (; n != NULL; n = n->next)
		jw_text(w, NULL, n->s);
	jw_close(w, ']');
}

static void
dns(struct jw *w, const struct tmg_dns_need *d)
{
	jw_text(w, "name", d->name);
	jw_text(w, "listener", d->listener);
	put_names(w, "addresses", d->addresses);
}

static void
certificate(struct jw *w, const struct tmg_certificate_need *c)
{
	jw_text(w, "listener", c->listener);
	jw_text(w, "file", c->file);
	put_names(w, "names", c->names);
	put_names(w, "thumbprints", c->thumbprints);
	jw_text(w, "given", c->given);
	put_names(w, "missing", c->missing);
}

static void
flow(struct jw *w, const struct tmg_flow *f)
{
	jw_text(w, "rule", f->rule);
	jw_text(w, "guid", f->guid);
	jw_text(w, "file", f->way->file);
	jw_number(w, "line", f->line);
	jw_number(w, "position", f->position);
	jw_bool(w, "enabled", f->enabled);
	jw_bool(w, "deny", f->deny);
	jw_text(w, "role", f->way->role);
	put_names(w, "names", f->names);
	jw_text(w, "listener", f->way->listener);
	put_names(w, "endpoints", f->way->endpoints);
	jw_text(w, "bridging", f->way->bridging);
	put_names(w, "servers", f->way->servers);
	jw_word(w, "worst", f->worst < 0 ? NULL : severity_name((enum tmg_severity)f->worst));
}

#define LIST(o, w, title, type, first, make)                            \
	do {                                                            \
		const char *before = "\n";                              \
		out_str(o, "\"" title "\":[");                          \
		for (const type *x = (first); x != NULL; x = x->next) { \
			jw_put(w, before, make(w, x));                  \
			before = ",\n";                                 \
		}                                                       \
		out_str(o, "\n]");                                      \
	} while (0)

/* The same of those that are written as they come. */
#define STREAM(o, w, title, type, first, put)                           \
	do {                                                            \
		const char *before = "\n";                              \
		out_str(o, "\"" title "\":[");                          \
		for (const type *x = (first); x != NULL; x = x->next) { \
			out_str(o, before);                             \
			(w)->begun = false;                             \
			jw_open(w, NULL, '{');                          \
			put(w, x);                                      \
			jw_close(w, '}');                               \
			before = ",\n";                                 \
		}                                                       \
		out_str(o, "\n]");                                      \
	} while (0)

bool
audit_json(const struct tmg_audit_result *r, struct out *o)
{
	struct jw w = { .o = o };
	json_t *sum = json_object();

	out_str(o, "{\"schema\":\"tmgport-findings/1\",\n");
	LIST(o, &w, "findings", struct tmg_finding, r->findings, finding);
	out_str(o, ",\n");
	LIST(o, &w, "gone", struct tmg_finding, r->gone, finding);
	out_str(o, ",\n");
	LIST(o, &w, "coverage", struct tmg_coverage, r->coverage, coverage);
	out_str(o, ",\n");
	STREAM(o, &w, "flows", struct tmg_flow, r->flows, flow);
	out_str(o, ",\n");
	STREAM(o, &w, "dns", struct tmg_dns_need, r->dns, dns);
	out_str(o, ",\n");
	STREAM(o, &w, "certificates", struct tmg_certificate_need, r->certificates, certificate);
	for (int i = TMG_ERROR; i >= TMG_NOTE; i--)
		jw_set(&w, sum, severity_name((enum tmg_severity)i), json_integer((json_int_t)r->count[i]));
	jw_set(&w, sum, "known", json_integer((json_int_t)r->known));
	jw_set(&w, sum, "gone", json_integer((json_int_t)r->gone_count));
	jw_set(&w, sum, "unjudged", json_integer((json_int_t)r->unjudged));
	jw_set(&w, sum, "topology", json_boolean(r->topology));
	jw_set(&w, sum, "logs", json_boolean(r->logs));
	jw_set(&w, sum, "without", jw_string(r->without));
	jw_member(&w, ",\n", "summary", sum);
	out_str(o, "}\n");
	return !w.failed;
}
