/*
 * What an audit found as SARIF 2.1.0: the catalogue as rules, findings as results with
 * fingerprints that survive unrelated edits. docs/findings.md says what goes where.
 */
#include "audit/audit.h"
#include "export/audit_write.h"
#include "export/escape.h"
#include "export/write_json.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"
#define FINGERPRINT_KEY "tmgport/v1"
#define ROOT "ROOT" /* base of paths that were given as absolute ones */

struct sarif {
	struct jw w;
	struct strbuf b;
	const struct tmg_audit_result *r;
};

static json_t *
message(struct sarif *s, const char *text)
{
	json_t *v = json_object();

	jw_set(&s->w, v, "text", jw_string(text));
	return v;
}

/* "bridged-to-internal-site" as "BridgedToInternalSite": what SARIF calls a name. */
static const char *
rule_name(struct sarif *s, const char *id)
{
	bool upper = true;

	sb_clear(&s->b);
	for (; *id != '\0'; id++) {
		if (*id != '-')
			sb_putc(&s->b, upper && *id >= 'a' && *id <= 'z' ? (char)(*id - 'a' + 'A') : *id);
		upper = *id == '-';
	}
	return s->b.s;
}

static json_t *
rule_help(struct sarif *s, const struct check_row *row)
{
	json_t *v = json_object();

	sb_clear(&s->b);
	sb_fmt(&s->b, "Mend: %s\nGenerated configuration: %s\nSource: %s", row->fix, row->converted, row->source);
	jw_set(&s->w, v, "text", jw_string(s->b.s));
	sb_clear(&s->b);
	sb_fmt(&s->b, "**Mend:** %s\n\n**Generated configuration:** %s\n\n**Source:** %s\n", row->fix, row->converted,
	    row->source);
	jw_set(&s->w, v, "markdown", jw_string(s->b.s));
	return v;
}

static json_t *
rule(struct sarif *s, const struct check_row *row)
{
	const char cls[2] = { row->cls, '\0' };
	json_t *v = json_object(), *set = json_object(), *more = json_object();

	jw_set(&s->w, v, "id", jw_string(row->id));
	jw_set(&s->w, v, "name", jw_string(rule_name(s, row->id)));
	jw_set(&s->w, v, "shortDescription", message(s, row->sentence));
	jw_set(&s->w, v, "fullDescription", message(s, row->symptom));
	jw_set(&s->w, v, "help", rule_help(s, row));
	jw_set(&s->w, set, "level", jw_string(severity_name(check_severity(row->cls))));
	jw_set(&s->w, v, "defaultConfiguration", set);
	jw_set(&s->w, more, "ref", jw_string(row->ref));
	jw_set(&s->w, more, "class", jw_string(cls));
	jw_set(&s->w, v, "properties", more);
	return v;
}

static json_t *
result_message(struct sarif *s, const struct tmg_finding *f)
{
	sb_clear(&s->b);
	esc_sarif(&s->b, f->sentence);
	if (f->detail != NULL) {
		sb_puts(&s->b, ": ");
		esc_sarif(&s->b, f->detail);
	}
	if (f->guess)
		sb_puts(&s->b, " (guessed from names and ports)");
	sb_puts(&s->b, ". Users feel: ");
	esc_sarif(&s->b, f->symptom);
	sb_puts(&s->b, " Mend: ");
	esc_sarif(&s->b, f->fix);
	return message(s, s->b.s);
}

static json_t *
location(struct sarif *s, const struct tmg_finding *f)
{
	json_t *v = json_object(), *physical = json_object(), *artifact = json_object(), *region, *logical, *names;

	sb_clear(&s->b);
	esc_uri(&s->b, f->file);
	jw_set(&s->w, artifact, "uri", jw_string(s->b.s));
	if (f->file[0] == '/')
		jw_set(&s->w, artifact, "uriBaseId", jw_string(ROOT));
	jw_set(&s->w, physical, "artifactLocation", artifact);
	if (f->line != 0) {
		region = json_object();
		jw_set(&s->w, region, "startLine", json_integer(f->line));
		jw_set(&s->w, physical, "region", region);
	}
	jw_set(&s->w, v, "physicalLocation", physical);
	if (f->kind != NULL) {
		logical = json_object();
		names = json_array();
		jw_set(&s->w, logical, "name", jw_string(f->name));
		jw_set(&s->w, logical, "kind", jw_string(f->kind));
		jw_add(&s->w, names, logical);
		jw_set(&s->w, v, "logicalLocations", names);
	}
	return v;
}

static json_t *
result(struct sarif *s, const struct tmg_finding *f, const char *state)
{
	json_t *v = json_object(), *places = json_array(), *prints = json_object(), *more = json_object();
	int index = check_find(f->id);

	jw_set(&s->w, v, "ruleId", jw_string(f->id));
	if (index >= 0)
		jw_set(&s->w, v, "ruleIndex", json_integer(index));
	jw_set(&s->w, v, "level", jw_string(severity_name(f->severity)));
	jw_set(&s->w, v, "message", result_message(s, f));
	if (f->file != NULL)
		jw_add(&s->w, places, location(s, f));
	jw_set(&s->w, v, "locations", places);
	jw_set(&s->w, prints, FINGERPRINT_KEY, jw_string(f->fingerprint));
	jw_set(&s->w, v, "partialFingerprints", prints);
	if (state != NULL)
		jw_set(&s->w, v, "baselineState", jw_string(state));
	jw_set(&s->w, more, "ref", jw_string(f->ref));
	jw_set(&s->w, more, "object", f->kind != NULL ? jw_string(f->name) : json_null());
	jw_set(&s->w, more, "kind", jw_string(f->kind));
	jw_set(&s->w, more, "guid", jw_string(f->guid));
	jw_set(&s->w, more, "subject", jw_string(f->subject));
	jw_set(&s->w, more, "guess", json_boolean(f->guess));
	jw_set(&s->w, more, "input", jw_string(f->input));
	jw_set(&s->w, v, "properties", more);
	return v;
}

static json_t *
bases(struct sarif *s)
{
	json_t *v = json_object(), *root = json_object();

	jw_set(&s->w, root, "uri", jw_string("file:///"));
	jw_set(&s->w, v, ROOT, root);
	return v;
}

bool
audit_sarif(const struct tmg_audit_result *r, struct out *o, struct budget *b)
{
	struct sarif s = { .w = { .o = o }, .r = r };
	const char *before = "\n";

	sb_init(&s.b, b);
	out_str(o,
	    "{\"$schema\": \"" SCHEMA "\",\n\"version\": \"2.1.0\",\n\"runs\": [{\n"
	    "\"tool\": {\"driver\": {\"name\": \"tmgport\",\n\"semanticVersion\": \"" PACKAGE_VERSION "\",\n"
	    "\"rules\": [");
	for (int i = 0; i < CHECK_COUNT; i++, before = ",\n")
		jw_put(&s.w, before, rule(&s, check_row((enum check_id)i)));
	out_str(o, "\n]}},\n");
	jw_member(&s.w, "", "originalUriBaseIds", bases(&s));
	out_str(o, ",\n\"results\": [");
	before = "\n";
	for (const struct tmg_finding *f = r->findings; f != NULL; f = f->next, before = ",\n")
		jw_put(&s.w, before, result(&s, f, !r->baseline ? NULL : f->known ? "unchanged" : "new"));
	for (const struct tmg_finding *f = r->gone; f != NULL; f = f->next, before = ",\n")
		jw_put(&s.w, before, result(&s, f, "absent"));
	out_str(o, "\n]}]}\n");
	s.w.failed = s.w.failed || s.b.failed;
	sb_free(&s.b);
	return !s.w.failed;
}
