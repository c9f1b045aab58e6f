/*
 * manifest.json, tmgport-manifest/1: what a configuration expects of the
 * machine it runs on and what became of each rule, for programs. REPORT.md
 * says the same to people. docs/manifest.md describes every field. Knows the
 * plan, not how any target spells it.
 */
#include "export/manifest.h"

#include "export/inspect.h"
#include "export/versions.h"
#include "export/write_json.h"

/* An object of a list that has a line for each. */
static void
open_line(struct jw *w, bool *some)
{
	out_str(w->o, *some ? ",\n   " : "\n   ");
	*some = true;
	w->begun = false;
	jw_open(w, NULL, '{');
}

static void
put_texts(struct jw *w, const char *key, const struct tmg_text *x)
{
	jw_open(w, key, '[');
	for (; x != NULL; x = x->next)
		jw_text(w, NULL, x->s);
	jw_close(w, ']');
}

static void
put_names(struct jw *w, const struct plan_listener *l)
{
	struct strbuf b;

	sb_init(&b, NULL);
	jw_open(w, "names", '[');
	for (const struct plan_host *n = plan_first_name(l); n != NULL; n = plan_name_after(l, n))
		jw_text(w, NULL, plan_name_text(n, &b));
	jw_close(w, ']');
	w->failed = w->failed || b.failed;
	sb_free(&b);
}

/* ---- options: all that shape the output, keys and lists in byte order ----------- */

static void
add_sorted(struct jw *w, json_t *list, const char *key, const char *value)
{
	struct strbuf b;
	size_t i, n = json_array_size(list);

	sb_init(&b, NULL);
	sb_puts(&b, key);
	if (value != NULL) {
		sb_putc(&b, '=');
		sb_puts(&b, value);
	}
	for (i = 0; i < n; i++)
		if (strcmp(json_string_value(json_array_get(list, i)), b.s) > 0)
			break;
	if (b.failed || json_array_insert_new(list, i, jw_string(b.s)) != 0)
		w->failed = true;
	sb_free(&b);
}

static json_t *
strings(struct jw *w, const char *const *s, size_t n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		add_sorted(w, list, s[i], NULL);
	return list;
}

static json_t *
pairs(struct jw *w, const struct tmg_pair *x, size_t n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		add_sorted(w, list, x[i].key, x[i].value);
	return list;
}

static json_t *
maps(struct jw *w, const struct tmg_options *o)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < o->map_count; i++)
		add_sorted(w, list, o->maps[i].from, o->maps[i].to);
	return list;
}

static json_t *
options(struct jw *w, const struct tmg *t, const struct plan_options *po)
{
	const struct tmg_convert_options *o = po->o;
	json_t *v = json_object();

	jw_set(w, v, "allow", strings(w, o->allow, o->allow_count));
	jw_set(w, v, "bind", pairs(w, o->binds, o->bind_count));
	jw_set(w, v, "ca_file", jw_string(po->ca_file));
	jw_set(w, v, "cert_dir", jw_string(po->cert_dir));
	jw_set(w, v, "charset", jw_string(t->opt.charset));
	jw_set(w, v, "client_address", jw_string(o->transparent ? "transparent" : "proxy"));
	jw_set(w, v, "map", maps(w, &t->opt));
	jw_set(w, v, "no_verify", json_boolean(o->no_verify));
	jw_set(w, v, "pass_through", strings(w, o->pass_through, o->pass_count));
	jw_set(w, v, "runtime_dir", jw_string(po->runtime_dir));
	jw_set(w, v, "target_version", pairs(w, o->versions, o->version_count));
	return v;
}

/* ---- listeners, rules, losses ----------------------------------------------------- */

static void
addresses(struct jw *w, const struct plan_listener *l)
{
	const struct plan_address *a;

	jw_open(w, "addresses", '[');
	for (a = l->addresses; a != NULL; a = a->next)
		jw_text(w, NULL, a->text != NULL ? a->text : "*");
	jw_close(w, ']');
}

/* The endpoints of a listener follow one another, in the listeners' order. */
static void
ports(struct jw *w, const char *key, const struct plan_endpoint *e, const struct plan_listener *l, bool tls_only)
{
	jw_open(w, key, '[');
	for (; e != NULL && e->listener == l; e = e->next) {
		if (e->tls || !tls_only)
			jw_number(w, NULL, e->port);
	}
	jw_close(w, ']');
}

static void
listeners(struct jw *w, const struct plan *p)
{
	const struct plan_endpoint *e = p->endpoints;
	const struct tmg_certificate *c;
	const struct plan_listener *l;
	char guid[TMG_GUID_SIZE];
	bool some = false;

	for (l = p->listeners; l != NULL; l = l->next) {
		open_line(w, &some);
		jw_text(w, "name", l->l->o.name);
		jw_text(w, "guid", tmg_guid(&l->l->o, guid));
		jw_number(w, "line", l->l->o.line);
		addresses(w, l);
		ports(w, "ports", e, l, false);
		ports(w, "tls_ports", e, l, true);
		while (e != NULL && e->listener == l)
			e = e->next;
		jw_text(w, "certificate", l->certificate);
		put_names(w, l);
		jw_bool(w, "any_name", l->any_name);
		jw_open(w, "thumbprints", '[');
		for (c = l->l->certificates; c != NULL; c = c->next)
			jw_text(w, NULL, c->hash);
		jw_close(w, ']');
		jw_text(w, "client_ca_file", l->client_ca);
		put_texts(w, "client_ca_thumbprints", l->client_ca != NULL ? l->l->trust : NULL);
		jw_close(w, '}');
	}
}

const char *
plan_state_word(enum plan_state s)
{
	static const char *const words[] = { "live", "disabled", "closed", "not-applicable" };

	return words[s];
}

static void
note(struct jw *w, const struct plan_note *n)
{
	jw_word(w, "id", diag_row(n->id)->id);
	jw_word(w, "severity", severity_name(n->severity));
}

static void
rule(struct jw *w, const struct plan *p, const struct writer *target, const struct plan_rule *r)
{
	const struct plan_note *n;
	char guid[TMG_GUID_SIZE];

	jw_number(w, "position", r->r->position);
	jw_number(w, "order", r->r->order);
	jw_text(w, "name", r->r->o.name);
	jw_text(w, "guid", tmg_guid(&r->r->o, guid));
	jw_number(w, "line", r->r->o.line);
	jw_word(w, "type", rule_type_id(r->r));
	jw_word(w, "state", plan_state_word(r->state));
	jw_word(w, "via", r->state == PLAN_LIVE ? target->via(p, r) : NULL);
	jw_bool(w, "opened", r->opened);
	jw_open(w, "reasons", '[');
	for (n = plan_reasons_of(p, r); n != NULL; n = n->next) {
		jw_open(w, NULL, '{');
		note(w, n);
		jw_text(w, "detail", n->detail);
		jw_close(w, '}');
	}
	jw_close(w, ']');
}

static void
loss(struct jw *w, const struct plan_note *n)
{
	const struct tmg_obj *o = n->obj;
	char guid[TMG_GUID_SIZE];

	note(w, n);
	jw_text(w, "rule", o != NULL && o->kind == TMG_K_RULE ? o->name : NULL);
	jw_text(w, "listener", o != NULL && o->kind == TMG_K_LISTENER ? o->name : NULL);
	jw_text(w, "guid", o != NULL ? tmg_guid(o, guid) : NULL);
	jw_text(w, "detail", n->detail);
	jw_number(w, "line", n->line);
	jw_bool(w, "allowed", n->allowed);
}

static json_t *
counts(struct jw *w, const struct tmg_input *in)
{
	json_t *v = json_object();

	jw_set(w, v, "total", json_integer((json_int_t)in->elements));
	jw_set(w, v, "used", json_integer((json_int_t)in->counts[TMG_E_USED]));
	jw_set(w, v, "irrelevant", json_integer((json_int_t)in->counts[TMG_E_IRRELEVANT]));
	jw_set(w, v, "not_convertible", json_integer((json_int_t)in->counts[TMG_E_NOT_CONVERTIBLE]));
	jw_set(w, v, "unknown", json_integer((json_int_t)in->counts[TMG_E_UNKNOWN]));
	jw_set(w, v, "defaults", json_integer((json_int_t)in->defaults));
	return v;
}

bool
plan_needs_ca(const struct plan *p)
{
	const struct plan_pool *pool;

	for (pool = p->pools; pool != NULL; pool = pool->next)
		if (pool->tls && !p->opt.o->no_verify)
			return true;
	return false;
}

/* ---- the document ------------------------------------------------------------------- */

static void
head(struct jw *w, const struct tmg *t, const struct plan *p, const struct writer *target)
{
	const char *slash = strrchr(p->in->file, '/'), *asked = version_asked(p->opt.o, target->name);
	json_t *v;

	v = json_object();
	jw_set(w, v, "name", jw_string(slash != NULL ? slash + 1 : p->in->file));
	jw_set(w, v, "sha256", jw_string(p->in->sha256));
	jw_member(w, "{\"schema\": \"tmgport-manifest/1\",\n ", "input", v);
	v = json_object();
	jw_set(w, v, "name", jw_string("tmgport"));
	jw_set(w, v, "version", jw_string(tmg_version()));
	jw_member(w, ",\n ", "tool", v);
	v = json_object();
	jw_set(w, v, "name", jw_string(target->name));
	jw_set(w, v, "tested", jw_string(target->tested));
	jw_set(w, v, "asked", jw_string(asked));
	jw_member(w, ",\n ", "target", v);
	jw_member(w, ",\n ", "options", options(w, t, &p->opt));
	jw_member(w, ",\n ", "runtime_dir", jw_string(p->opt.runtime_dir));
	jw_member(w, ",\n ", "ca_file", jw_string(plan_needs_ca(p) ? p->opt.ca_file : NULL));
	out_str(w->o, ",\n ");
	w->begun = false;
	put_texts(w, "resolve", p->resolve);
}

static void
rules(struct jw *w, const struct plan *p, const struct writer *target)
{
	bool some = false;

	for (size_t i = 0; i < p->rule_count; i++) {
		open_line(w, &some);
		rule(w, p, target, &p->rules[i]);
		jw_close(w, '}');
	}
}

/* From one note to another. */
static void
losses(struct jw *w, const struct plan_note *n, const struct plan_note *end, bool some)
{
	for (; n != end; n = n->next) {
		open_line(w, &some);
		loss(w, n);
		jw_close(w, '}');
	}
}

bool
manifest_write(const struct tmg *t, const struct plan *p, const struct writer *target, struct beside *b,
    struct out_set *s, const char *prefix)
{
	static const char file[] = "manifest.json";
	struct jw writer = { 0 }, *w = &writer;
	const struct plan_note *own = *p->made_losses;
	struct strbuf name;

	sb_init(&name, p->budget);
	sb_puts(&name, prefix);
	sb_puts(&name, file);
	if (!name.failed)
		w->o = out_open(s, name.s);
	sb_free(&name);
	if (w->o == NULL)
		return false;
	head(w, t, p, target);
	out_str(w->o, ",\n \"listeners\": [");
	if (!beside_copy(b, w->o, file, &b->listeners)) {
		listeners(w, p);
		beside_wrote(b, w->o, &b->listeners);
	}
	out_str(w->o, "],\n \"rules\": [");
	if (b->mixed || !beside_copy(b, w->o, file, &b->rules)) {
		rules(w, p, target);
		beside_wrote(b, w->o, &b->rules);
	}
	out_str(w->o, "],\n \"losses\": [");
	if (!beside_copy(b, w->o, file, &b->losses)) {
		losses(w, p->losses, own, false);
		beside_wrote(b, w->o, &b->losses);
	}
	losses(w, own, NULL, own != p->losses);
	out_str(w->o, "]");
	jw_member(w, ",\n ", "counts", counts(w, p->in));
	out_str(w->o, "}\n");
	out_close(w->o);
	return !w->failed;
}
