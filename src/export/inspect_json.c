/*
 * `inspect` as JSON, tmgport-inspect/1: docs/inspect.md describes every
 * field. One rule, listener or element at a time; fields are added, never
 * renamed. Sees the model only.
 */
#include "export/inspect.h"

#include "base/addr.h"
#include "export/write_json.h"

/* "," between the items of a list, each on a line of its own. */
struct list {
	struct jw *w;
	const char *indent;
	bool some;
};

static void
item(struct list *l, json_t *value)
{
	out_str(l->w->o, l->some ? ",\n" : "\n");
	jw_put(l->w, l->indent, value);
	l->some = true;
}

static json_t *
texts(struct jw *w, const struct tmg_text *x)
{
	json_t *list = json_array();

	for (; x != NULL; x = x->next)
		jw_add(w, list, jw_string(x->s));
	return list;
}

static json_t *
public_names(struct jw *w, const struct tmg_rule *r)
{
	json_t *list = json_array();
	struct tmg_public_name n = { 0 };

	while (tmg_next_name(r, &n))
		jw_add(w, list, jw_string(n.s));
	return list;
}

static json_t *
ref(struct jw *w, const struct tmg_obj *holder, const struct tmg_ref *r)
{
	json_t *v;

	if (r == NULL)
		return json_null();
	v = json_object();
	jw_set(w, v, "name", jw_string(ref_name(r)));
	jw_set(w, v, "class", jw_string(r->cls));
	jw_set(w, v, "key", jw_string(r->key));
	jw_set(w, v, "line", json_integer(tmg_line(holder, r->below)));
	jw_set(w, v, "found", json_boolean(r->to != NULL));
	jw_set(w, v, "predefined", json_boolean(r->predefined != NULL));
	jw_set(w, v, "except", json_boolean(r->excluded));
	return v;
}

static json_t *
refs(struct jw *w, const struct tmg_obj *holder, const struct tmg_ref *r)
{
	json_t *list = json_array();

	for (; r != NULL; r = r->next)
		jw_add(w, list, ref(w, holder, r));
	return list;
}

static json_t *
guid(const struct tmg_obj *o)
{
	char buffer[TMG_GUID_SIZE];

	return jw_string(tmg_guid(o, buffer));
}

/* What every object begins with. */
static json_t *
object(struct jw *w, const struct tmg_obj *o)
{
	json_t *v = json_object();

	jw_set(w, v, "name", jw_string(o->name));
	jw_set(w, v, "guid", guid(o));
	jw_set(w, v, "line", json_integer(o->line));
	return v;
}

static json_t *
vendors(struct jw *w, const struct tmg_vendor *x)
{
	json_t *list = json_array(), *v, *values, *pair;
	const struct tmg_vendor_value *y;

	for (; x != NULL; x = x->next) {
		v = json_object();
		jw_set(w, v, "guid", jw_string(x->guid));
		jw_set(w, v, "what", jw_string(vendor_word(x)));
		jw_set(w, v, "line", json_integer(x->line));
		jw_set(w, v, "encrypted", json_boolean(x->secret));
		jw_set(w, v, "broken", json_boolean(x->broken));
		values = json_array();
		for (y = x->values; y != NULL; y = y->next) {
			pair = json_object();
			jw_set(w, pair, "name", jw_string(y->name));
			jw_set(w, pair, "value", jw_string(y->text));
			jw_add(w, values, pair);
		}
		jw_set(w, v, "values", values);
		jw_add(w, list, v);
	}
	return list;
}

/* ---- listeners ----------------------------------------------------------------- */

static json_t *
binds(struct jw *w, const struct tmg_bind *b)
{
	static const char *const method[] = { "all", "default", "listed" };
	json_t *list = json_array(), *v;

	for (; b != NULL; b = b->next) {
		v = json_object();
		jw_set(w, v, "network", jw_string(b->network != NULL ? ref_name(b->network) : NULL));
		jw_set(w, v, "selection",
		    jw_string(b->method >= 0 && b->method < (int)ARRAY_LEN(method) ? method[b->method] : "unknown"));
		jw_set(w, v, "addresses", texts(w, b->addresses));
		jw_add(w, list, v);
	}
	return list;
}

static json_t *
certificates(struct jw *w, const struct tmg_certificate *c)
{
	json_t *list = json_array(), *v;

	for (; c != NULL; c = c->next) {
		v = json_object();
		jw_set(w, v, "thumbprint", jw_string(c->hash));
		jw_set(w, v, "address", jw_string(c->address));
		jw_set(w, v, "line", json_integer(c->line));
		jw_set(w, v, "valid", json_boolean(c->valid));
		jw_add(w, list, v);
	}
	return list;
}

static json_t *
authentication(struct jw *w, const struct tmg_listener *l)
{
	json_t *v = json_object(), *methods = json_array();

	if (l->windows_auth)
		jw_add(w, methods, jw_string("windows"));
	if (l->basic_auth)
		jw_add(w, methods, jw_string("basic"));
	if (l->digest_auth)
		jw_add(w, methods, jw_string("digest"));
	if (l->cert_auth)
		jw_add(w, methods, jw_string("client-certificate"));
	jw_set(w, v, "methods", methods);
	jw_set(w, v, "windows_stated", json_boolean((l->stated & TMG_S_WINDOWS_AUTH) != 0));
	jw_set(w, v, "schemes", refs(w, &l->o, l->schemes));
	jw_set(w, v, "always", json_boolean(l->always_authenticate));
	jw_set(w, v, "client_cas", texts(w, l->trust));
	return v;
}

static json_t *
listener(struct jw *w, const struct tmg_listener *l)
{
	json_t *v = object(w, &l->o), *addresses = json_array();
	const struct tmg_bind *b;
	const struct tmg_text *x;

	for (b = l->binds; b != NULL; b = b->next)
		for (x = b->addresses; x != NULL; x = x->next)
			jw_add(w, addresses, jw_string(x->s));
	jw_set(w, v, "addresses", addresses);
	jw_set(w, v, "http_port", json_integer(l->http_port));
	jw_set(w, v, "https_port", json_integer(l->https_port));
	jw_set(w, v, "redirect_http", jw_string(redirect_word(l->redirect_http)));
	jw_set(w, v, "certificates", certificates(w, l->certificates));
	jw_set(w, v, "authentication", authentication(w, l));
	jw_set(w, v, "binds", binds(w, l->binds));
	jw_set(w, v, "http_port_stated", json_boolean((l->stated & TMG_S_TCP_PORT) != 0));
	jw_set(w, v, "connections", json_integer(l->max_connections > 0 ? l->max_connections : 0));
	jw_set(w, v, "timeout", json_integer(l->timeout));
	jw_set(w, v, "extensions", vendors(w, l->vendors));
	return v;
}

/* ---- rules ------------------------------------------------------------------------- */

static json_t *
bridging(struct jw *w, const struct tmg_rule *r)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} fields[] = { { TMG_S_SERVER_TYPE, "type" }, { TMG_S_HTTP_PORT, "http_port" },
		{ TMG_S_SSL_PORT, "https_port" } };
	json_t *v = json_object(), *stated = json_array();
	size_t i;

	for (i = 0; i < ARRAY_LEN(fields); i++)
		if (r->stated & fields[i].bit)
			jw_add(w, stated, jw_string(fields[i].name));
	jw_set(w, v, "type", jw_string(bridging_word(r->web->server_type)));
	jw_set(w, v, "http_port", json_integer(r->web->http_port));
	jw_set(w, v, "https_port", json_integer(r->web->https_port));
	jw_set(w, v, "stated", stated);
	return v;
}

static json_t *
paths(struct jw *w, const struct tmg_path_mapping *m)
{
	json_t *list = json_array(), *v;

	for (; m != NULL; m = m->next) {
		v = json_object();
		jw_set(w, v, "external", jw_string(m->external));
		jw_set(w, v, "internal", jw_string(m->internal));
		jw_add(w, list, v);
	}
	return list;
}

static const char *
listener_name(const struct tmg_web *web)
{
	const struct tmg_ref *r = ref_of_class(web->refs, "WebListener");

	if (web->listener != NULL)
		return web->listener->o.name;
	return r != NULL ? ref_name(r) : NULL;
}

/* The fields that only web publishing rules have; null or empty for the others. */
static void
rule_web(struct jw *w, json_t *v, const struct tmg_rule *r)
{
	const struct tmg_web *web = r->web;

	jw_set(w, v, "listener", jw_string(web != NULL ? listener_name(web) : NULL));
	jw_set(w, v, "public_names", public_names(w, r));
	jw_set(w, v, "paths", paths(w, web != NULL ? web->paths : NULL));
	jw_set(w, v, "site", jw_string(web != NULL ? web->site : NULL));
	jw_set(w, v, "server", jw_string(web != NULL ? web->server : NULL));
	jw_set(w, v, "bridging", web != NULL ? bridging(w, r) : json_null());
	jw_set(w, v, "original_host", web != NULL ? json_boolean(web->original_host) : json_null());
	jw_set(w, v, "delegation", jw_string(web != NULL ? delegation_word(web->delegation) : NULL));
	jw_set(w, v, "users", refs(w, &r->o, web != NULL ? web->users : NULL));
}

static void
rule_more(struct jw *w, json_t *v, const struct tmg_rule *r)
{
	const struct tmg_web *web = r->web;

	jw_set(w, v, "position", json_integer(r->position));
	jw_set(w, v, "description", jw_string(tmg_description(&r->o)));
	jw_set(w, v, "enabled_stated", json_boolean((r->stated & TMG_S_ENABLED) != 0));
	jw_set(w, v, "schedule", jw_string(r->terms->schedule != NULL ? r->terms->schedule->o.name : NULL));
	jw_set(w, v, "always", json_boolean(r->applies_always));
	if (web == NULL)
		return;
	jw_set(w, v, "all_public_names", json_boolean(web->all_public_names));
	jw_set(w, v, "listener_found", json_boolean(web->listener != NULL));
	jw_set(w, v, "site_element", jw_string(web->site_element));
	jw_set(w, v, "site_line", json_integer(tmg_site_line(r)));
	jw_set(w, v, "server_element", jw_string(web->server_element));
	jw_set(w, v, "original_host_stated", json_boolean((r->stated & TMG_S_ORIGINAL_HOST) != 0));
	jw_set(w, v, "delegation_stated", json_boolean((r->stated & (TMG_S_DELEGATION | TMG_S_BASIC_DELEGATION)) != 0));
	jw_set(w, v, "redirect_url", jw_string(web->redirect_url));
	jw_set(w, v, "require_https", json_boolean(web->require_ssl > 0));
	jw_set(w, v, "client_certificate", json_boolean(web->require_client_cert || web->client_cert_claim == 1));
	jw_set(w, v, "server_sees", jw_string(web->firewall_source ? "proxy" : "client"));
	jw_set(w, v, "affinity",
	    web->farm == NULL ? json_null() : jw_string(web->affinity == 1 ? "client-address" : "cookie"));
	jw_set(w, v, "extensions", vendors(w, r->terms->vendors));
}

static json_t *
rule(struct jw *w, const struct tmg_rule *r)
{
	json_t *v = json_object();

	jw_set(w, v, "order", json_integer(r->order));
	jw_set(w, v, "name", jw_string(r->o.name));
	jw_set(w, v, "guid", guid(&r->o));
	jw_set(w, v, "line", json_integer(r->o.line));
	jw_set(w, v, "type", jw_string(rule_type_id(r)));
	jw_set(w, v, "enabled", json_boolean(r->enabled));
	jw_set(w, v, "action", jw_string(r->deny ? "deny" : "allow"));
	rule_web(w, v, r);
	jw_set(w, v, "sources", r->terms->sources != NULL ? refs(w, &r->o, r->terms->sources->refs) : json_null());
	jw_set(w, v, "farm", jw_string(r->web != NULL && r->web->farm != NULL ? ref_name(r->web->farm) : NULL));
	jw_set(w, v, "state", jw_string(rule_state_word(r)));
	rule_more(w, v, r);
	return v;
}

/* ---- elements ---------------------------------------------------------------------- */

static json_t *
ranges(struct jw *w, const struct tmg_range *r)
{
	json_t *list = json_array(), *v;
	char text[ADDR_TEXT];

	for (; r != NULL; r = r->next) {
		v = json_object();
		addr_print(r->from, text);
		jw_set(w, v, "from", jw_string(text));
		addr_print(r->to, text);
		jw_set(w, v, "to", jw_string(text));
		jw_add(w, list, v);
	}
	return list;
}

static json_t *
hosts(struct jw *w, const struct tmg_hosts *h)
{
	json_t *v = object(w, &h->o);

	jw_set(w, v, h->o.kind == TMG_K_RANGE ? "from" : "address", jw_string(h->a));
	if (h->o.kind != TMG_K_COMPUTER)
		jw_set(w, v, h->o.kind == TMG_K_RANGE ? "to" : "mask", jw_string(h->b));
	return v;
}

static json_t *
verifier(struct jw *w, const struct tmg_verifier *x)
{
	static const char *const request[] = { "http", "ping", "tcp" };
	json_t *v = object(w, &x->o);

	jw_set(w, v, "request",
	    jw_string(x->request >= 0 && x->request < (int)ARRAY_LEN(request) ? request[x->request] : "unknown"));
	jw_set(w, v, "port", json_integer(x->port));
	jw_set(w, v, "threshold", json_integer(x->threshold));
	jw_set(w, v, "address", jw_string(x->address));
	jw_set(w, v, "host", jw_string(x->host_header));
	jw_set(w, v, "enabled", json_boolean(x->enabled));
	return v;
}

static json_t *
farm(struct jw *w, const struct tmg_farm *f)
{
	json_t *v = object(w, &f->o), *members = json_array(), *checks = json_array(), *m;
	const struct tmg_member *x;
	const struct tmg_verifier *y;

	for (x = f->members; x != NULL; x = x->next) {
		m = json_object();
		jw_set(w, m, "address", jw_string(x->address));
		jw_set(w, m, "line", json_integer(x->line));
		jw_set(w, m, "drained", json_boolean(x->drained));
		jw_add(w, members, m);
	}
	for (y = f->verifiers; y != NULL; y = (const struct tmg_verifier *)y->o.next)
		jw_add(w, checks, verifier(w, y));
	jw_set(w, v, "members", members);
	jw_set(w, v, "verifiers", checks);
	return v;
}

/* 24 numbers, one an hour from 0; bit 0 is Sunday. */
static json_t *
schedule(struct jw *w, const struct tmg_schedule *s)
{
	json_t *v = object(w, &s->o), *hours = json_array();
	size_t i;

	for (i = 0; i < ARRAY_LEN(s->hours); i++)
		jw_add(w, hours, json_integer(s->hours[i]));
	jw_set(w, v, "hours", s->valid ? hours : json_null());
	if (!s->valid)
		json_decref(hours);
	return v;
}

static json_t *
network(struct jw *w, const struct tmg_network *n)
{
	static const char *const types[] = { "standard", "vpn-clients", "local-host", "external", "internal",
		"quarantined-vpn-clients" };
	json_t *v = object(w, &n->o);

	jw_set(w, v, "type", jw_string(n->type >= 0 && n->type < (int)ARRAY_LEN(types) ? types[n->type] : "unknown"));
	jw_set(w, v, "ranges", ranges(w, n->ranges));
	jw_set(w, v, "networks", refs(w, &n->o, n->refs));
	return v;
}

static json_t *
computer_set(struct jw *w, const struct tmg_computer_set *c)
{
	json_t *v = object(w, &c->o), *members = json_array();
	const struct tmg_obj *m;

	for (m = c->members != NULL ? &c->members->o : NULL; m != NULL; m = m->next)
		jw_add(w, members, hosts(w, (const struct tmg_hosts *)m));
	jw_set(w, v, "members", members);
	jw_set(w, v, "references", refs(w, &c->o, c->refs));
	return v;
}

static json_t *
element(struct jw *w, const struct tmg_obj *x)
{
	json_t *v;

	switch (x->kind) {
	case TMG_K_LISTENER: return listener(w, (const struct tmg_listener *)x);
	case TMG_K_FARM: return farm(w, (const struct tmg_farm *)x);
	case TMG_K_NETWORK: return network(w, (const struct tmg_network *)x);
	case TMG_K_COMPUTER:
	case TMG_K_SUBNET:
	case TMG_K_RANGE: return hosts(w, (const struct tmg_hosts *)x);
	case TMG_K_COMPUTER_SET: return computer_set(w, (const struct tmg_computer_set *)x);
	case TMG_K_SCHEDULE: return schedule(w, (const struct tmg_schedule *)x);
	case TMG_K_VERIFIER: return verifier(w, (const struct tmg_verifier *)x);
	default: break;
	}
	v = object(w, x);
	if (x->kind == TMG_K_NETWORK_SET) {
		const struct tmg_network_set *s = (const struct tmg_network_set *)x;

		jw_set(w, v, "all_except", json_boolean(s->all_except));
		jw_set(w, v, "networks", refs(w, &s->o, s->refs));
	} else if (x->kind == TMG_K_USER_SET) {
		jw_set(w, v, "accounts", texts(w, ((const struct tmg_user_set *)x)->accounts));
	} else {
		jw_set(w, v, "class", jw_string(tmg_class_name(x)));
	}
	return v;
}

static void
elements(struct jw *w, const char *key, const struct tmg_obj *x)
{
	struct list l = { w, "     ", false };

	out_fmt(w->o, "\"%s\": [", key);
	for (; x != NULL; x = x->next)
		item(&l, element(w, x));
	out_str(w->o, "]");
}

static void
array(struct jw *w, const struct tmg_array *a)
{
	static const struct {
		enum tmg_kind kind;
		const char *key;
	} lists[] = { { TMG_K_FARM, "farms" }, { TMG_K_NETWORK, "networks" }, { TMG_K_NETWORK_SET, "network_sets" },
		{ TMG_K_COMPUTER, "computers" }, { TMG_K_SUBNET, "subnets" }, { TMG_K_RANGE, "address_ranges" },
		{ TMG_K_COMPUTER_SET, "computer_sets" }, { TMG_K_USER_SET, "user_sets" },
		{ TMG_K_SCHEDULE, "schedules" }, { TMG_K_VERIFIER, "verifiers" }, { TMG_K_OTHER, "others" } };
	struct list l = { w, "     ", false };
	const struct tmg_rule *r;
	size_t i;

	jw_member(w, "{", "name", jw_string(a->o.name));
	jw_member(w, ", ", "guid", guid(&a->o));
	jw_member(w, ", ", "line", json_integer(a->o.line));
	jw_member(w, ", ", "enterprise", json_boolean(a->enterprise));
	jw_member(w, ", ", "publishing", json_boolean(a->publishing));
	out_str(w->o, ",\n    ");
	elements(w, "listeners", a->first[TMG_K_LISTENER]);
	out_str(w->o, ",\n    \"rules\": [");
	for (r = a->rules; r != NULL; r = tmg_next_rule(r))
		item(&l, rule(w, r));
	out_str(w->o, "]");
	for (i = 0; i < ARRAY_LEN(lists); i++) {
		out_str(w->o, ",\n    ");
		elements(w, lists[i].key, a->first[lists[i].kind]);
	}
	out_str(w->o, "}");
}

/* ---- the document -------------------------------------------------------------------- */

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

static void
leftovers(struct jw *w, const struct tmg_input *in, enum tmg_state state, const char *key)
{
	struct list list = { w, "   ", false };
	const struct tmg_leftover *l;
	json_t *v, *owner;

	out_fmt(w->o, "\"%s\": [", key);
	for (l = in->leftovers; l != NULL; l = l->next) {
		if (l->state != state)
			continue;
		v = json_object();
		jw_set(w, v, "path", jw_string(l->path));
		jw_set(w, v, "line", json_integer(l->line));
		jw_set(w, v, "times", json_integer(l->times));
		jw_set(w, v, "value", jw_string(l->value));
		jw_set(w, v, "why", jw_string(l->why));
		owner = l->owner != NULL ? object(w, l->owner) : json_null();
		if (l->owner != NULL)
			jw_set(w, owner, "class", jw_string(tmg_class_name(l->owner)));
		jw_set(w, v, "owner", owner);
		item(&list, v);
	}
	out_str(w->o, "]");
}

static json_t *
stated_number(int n)
{
	return n >= 0 ? json_integer(n) : json_null();
}

void
inspect_json_begin(struct out *o)
{
	out_str(o, "{\"schema\": \"tmgport-inspect/1\", \"inputs\": [\n");
}

void
inspect_json_end(struct out *o)
{
	out_str(o, "\n]}\n");
}

bool
inspect_json_input(struct out *o, const struct tmg_input *in, bool first)
{
	struct jw writer = { .o = o }, *w = &writer;
	const struct tmg_array *a;

	jw_member(w, first ? " {" : ",\n {", "file", jw_string(in->file));
	jw_member(w, ", ", "sha256", jw_string(in->sha256));
	jw_member(w, ", ", "product", jw_string(in->product));
	jw_member(w, ", ", "build", jw_string(in->build));
	jw_member(w, ",\n  ", "exported", jw_string(in->item_class));
	jw_member(w, ", ", "xml_version", jw_string(in->xml_version));
	jw_member(w, ", ", "edition", stated_number(in->edition));
	jw_member(w, ", ", "scope", stated_number(in->item_scope));
	jw_member(w, ", ", "optional_data", stated_number(in->optional_data));
	jw_member(w, ", ", "comment", jw_string(in->comment));
	out_str(o, ",\n  \"arrays\": [");
	for (a = in->arrays; a != NULL; a = a->next) {
		out_str(o, a == in->arrays ? "\n   " : ",\n   ");
		array(w, a);
	}
	jw_member(w, "],\n  ", "counts", counts(w, in));
	out_str(o, ",\n  ");
	leftovers(w, in, TMG_E_UNKNOWN, "unknown");
	out_str(o, ",\n  ");
	leftovers(w, in, TMG_E_NOT_CONVERTIBLE, "not_convertible");
	out_str(o, "}");
	return !writer.failed;
}
