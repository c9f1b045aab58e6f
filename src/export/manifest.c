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

static void
put_list_item(struct jw *w, bool *some, json_t *value)
{
	out_str(w->o, *some ? ",\n" : "\n");
	jw_put(w, "   ", value);
	*some = true;
}

static json_t *
texts(struct jw *w, const struct tmg_text *x)
{
	json_t *list = json_array();

	for (; x != NULL; x = x->next)
		jw_add(w, list, jw_string(x->s));
	return list;
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

static json_t *
addresses(struct jw *w, const struct plan_listener *l)
{
	const struct plan_address *a;
	json_t *list = json_array();

	for (a = l->addresses; a != NULL; a = a->next)
		jw_add(w, list, jw_string(a->text != NULL ? a->text : "*"));
	return list;
}

/* The endpoints of a listener follow one another, in the listeners' order. */
static json_t *
ports(struct jw *w, const struct plan_endpoint *e, const struct plan_listener *l, bool tls_only)
{
	json_t *list = json_array();

	for (; e != NULL && e->listener == l; e = e->next) {
		if (e->tls || !tls_only)
			jw_add(w, list, json_integer(e->port));
	}
	return list;
}

static void
listeners(struct jw *w, const struct plan *p)
{
	const struct plan_endpoint *e = p->endpoints;
	const struct tmg_certificate *c;
	const struct plan_listener *l;
	json_t *v, *thumbprints;
	bool some = false;

	for (l = p->listeners; l != NULL; l = l->next) {
		v = json_object();
		jw_set(w, v, "name", jw_string(l->l->o.name));
		jw_set(w, v, "guid", jw_string(l->l->o.guid));
		jw_set(w, v, "line", json_integer(l->l->o.line));
		jw_set(w, v, "addresses", addresses(w, l));
		jw_set(w, v, "ports", ports(w, e, l, false));
		jw_set(w, v, "tls_ports", ports(w, e, l, true));
		while (e != NULL && e->listener == l)
			e = e->next;
		jw_set(w, v, "certificate", jw_string(l->certificate));
		jw_set(w, v, "names", texts(w, l->names));
		jw_set(w, v, "any_name", json_boolean(l->any_name));
		thumbprints = json_array();
		for (c = l->l->certificates; c != NULL; c = c->next)
			jw_add(w, thumbprints, jw_string(c->hash));
		jw_set(w, v, "thumbprints", thumbprints);
		jw_set(w, v, "client_ca_file", jw_string(l->client_ca));
		jw_set(w, v, "client_ca_thumbprints", texts(w, l->client_ca != NULL ? l->l->trust : NULL));
		put_list_item(w, &some, v);
	}
}

const char *
plan_state_word(enum plan_state s)
{
	static const char *const words[] = { "live", "disabled", "closed", "not-applicable" };

	return words[s];
}

static json_t *
note(struct jw *w, const struct plan_note *n)
{
	json_t *v = json_object();

	jw_set(w, v, "id", jw_string(diag_row(n->id)->id));
	jw_set(w, v, "severity", jw_string(severity_name(n->severity)));
	return v;
}

static json_t *
rule(struct jw *w, const struct plan *p, const struct writer *target, const struct plan_rule *r)
{
	json_t *v = json_object(), *reasons = json_array(), *one;
	const struct plan_note *n;

	jw_set(w, v, "position", json_integer(r->r->position));
	jw_set(w, v, "order", json_integer(r->r->order));
	jw_set(w, v, "name", jw_string(r->r->o.name));
	jw_set(w, v, "guid", jw_string(r->r->o.guid));
	jw_set(w, v, "line", json_integer(r->r->o.line));
	jw_set(w, v, "type", jw_string(rule_type_id(r->r)));
	jw_set(w, v, "state", jw_string(plan_state_word(r->state)));
	jw_set(w, v, "via", jw_string(r->state == PLAN_LIVE ? target->via(p, r) : NULL));
	jw_set(w, v, "opened", json_boolean(r->opened));
	for (n = r->reasons; n != NULL; n = n->next) {
		one = note(w, n);
		jw_set(w, one, "detail", jw_string(n->detail));
		jw_add(w, reasons, one);
	}
	jw_set(w, v, "reasons", reasons);
	return v;
}

static json_t *
loss(struct jw *w, const struct plan_note *n)
{
	const struct tmg_obj *o = n->obj;
	json_t *v = note(w, n);

	jw_set(w, v, "rule", jw_string(o != NULL && o->kind == TMG_K_RULE ? o->name : NULL));
	jw_set(w, v, "listener", jw_string(o != NULL && o->kind == TMG_K_LISTENER ? o->name : NULL));
	jw_set(w, v, "guid", jw_string(o != NULL ? o->guid : NULL));
	jw_set(w, v, "detail", jw_string(n->detail));
	jw_set(w, v, "line", json_integer(n->line));
	jw_set(w, v, "allowed", json_boolean(n->allowed));
	return v;
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
	jw_member(w, ",\n ", "resolve", texts(w, p->resolve));
}

bool
manifest_write(
    const struct tmg *t, const struct plan *p, const struct writer *target, struct out_set *s, const char *prefix)
{
	struct jw writer = { NULL, false }, *w = &writer;
	const struct plan_note *n;
	struct strbuf name;
	bool some = false;
	size_t i;

	sb_init(&name, p->budget);
	sb_puts(&name, prefix);
	sb_puts(&name, "manifest.json");
	if (!name.failed)
		w->o = out_open(s, name.s);
	sb_free(&name);
	if (w->o == NULL)
		return false;
	head(w, t, p, target);
	out_str(w->o, ",\n \"listeners\": [");
	listeners(w, p);
	out_str(w->o, "],\n \"rules\": [");
	for (i = 0; i < p->rule_count; i++)
		put_list_item(w, &some, rule(w, p, target, &p->rules[i]));
	out_str(w->o, "],\n \"losses\": [");
	some = false;
	for (n = p->losses; n != NULL; n = n->next)
		put_list_item(w, &some, loss(w, n));
	out_str(w->o, "]");
	jw_member(w, ",\n ", "counts", counts(w, p->in));
	out_str(w->o, "}\n");
	out_close(w->o);
	return !w->failed;
}
