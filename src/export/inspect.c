/*
 * `inspect` as text: what one input holds, for a person at a terminal of 100
 * columns. Sees the model only; every string of the export passes through
 * text_safe. Charset and compression of the file are not shown, so that the
 * same export looks the same however it was saved.
 */
#include "export/inspect.h"

#include "base/addr.h"
#include "base/text.h"
#include "model/diag.h"

#define COLUMNS 100
#define LABEL 15
#define NAME_SHOWN 120
#define VALUE_SHOWN 200

/* ---- lines ------------------------------------------------------------------- */

static size_t
columns(const char *s, size_t n)
{
	size_t i, c = 0;

	for (i = 0; i < n; i++)
		c += ((unsigned char)s[i] & 0xc0) != 0x80;
	return c;
}

/* Words filled up to COLUMNS: the first line begins at column `col`, the
 * others after `start` blanks. */
static void
words(struct out *o, size_t col, size_t start, const char *s)
{
	size_t n, width;
	bool first = true;

	while (*s != '\0') {
		n = strcspn(s, " ");
		width = columns(s, n);
		if (!first && col + 1 + width > COLUMNS) {
			out_fmt(o, "\n%*s", (int)start, "");
			col = start;
		} else if (!first) {
			out_str(o, " ");
			col++;
		}
		out_mem(o, s, n);
		col += width;
		s += n;
		s += strspn(s, " ");
		first = false;
	}
	out_str(o, "\n");
}

/* "label   value" */
static void
line(struct out *o, size_t indent, const char *label, const struct strbuf *value)
{
	out_fmt(o, "%*s%-*s ", (int)indent, "", LABEL, label);
	words(o, indent + LABEL + 1, indent + LABEL + 1, value->s);
}

/* An item of a list, its later lines a little to the right. */
static void
entry(struct out *o, struct strbuf *value)
{
	out_str(o, "    ");
	words(o, 4, 8, value->s);
	sb_clear(value);
}

static void PRINTF_LIKE(4, 5) field(struct out *o, size_t indent, const char *label, const char *fmt, ...)
{
	struct strbuf b;
	va_list ap;

	sb_init(&b, NULL);
	va_start(ap, fmt);
	sb_vfmt(&b, fmt, ap);
	va_end(ap);
	line(o, indent, label, &b);
	sb_free(&b);
}

static void
put_name(struct strbuf *b, const char *s)
{
	text_safe(b, s != NULL ? s : "", NAME_SHOWN);
}

static void
put_item(struct strbuf *b, const char *s)
{
	if (b->len > 0)
		sb_puts(b, ", ");
	put_name(b, s);
}

static void
put_texts(struct strbuf *b, const struct tmg_text *x)
{
	for (; x != NULL; x = x->next)
		put_item(b, x->s);
}

static void
put_ref(struct strbuf *b, const struct tmg_ref *r)
{
	put_item(b, ref_name(r));
	if (r->excluded)
		sb_puts(b, " (except)");
	if (r->ambiguous)
		sb_puts(b, " (more than one)");
	else if (r->to == NULL && r->predefined == NULL)
		sb_puts(b, " (not in the file)");
	else if (r->elsewhere)
		sb_puts(b, " (from another input)");
}

static void
put_refs(struct strbuf *b, const struct tmg_ref *r)
{
	for (; r != NULL; r = r->next)
		put_ref(b, r);
}

/* A list, or what stands for an empty one. */
static void
list_line(struct out *o, size_t indent, const char *label, struct strbuf *b, const char *empty)
{
	if (b->len == 0)
		sb_puts(b, empty);
	line(o, indent, label, b);
	sb_clear(b);
}

/* `"Name" {guid}`, cut so that the line stays a line. */
static void
title(struct out *o, size_t indent, const char *what, const struct tmg_obj *obj)
{
	char buffer[TMG_GUID_SIZE];
	const char *guid = tmg_guid(obj, buffer);
	struct strbuf b;

	sb_init(&b, NULL);
	sb_fmt(&b, "%*s%s \"", (int)indent, "", what);
	put_name(&b, obj->name);
	sb_putc(&b, '"');
	if (obj->line != 0)
		sb_fmt(&b, "  line %lu", (unsigned long)obj->line);
	if (guid[0] != '\0' && strcmp(guid, obj->name) != 0) {
		sb_puts(&b, "  ");
		put_name(&b, guid);
	}
	sb_putc(&b, '\n');
	out_mem(o, b.s, b.len);
	sb_free(&b);
}

/* ---- listeners ------------------------------------------------------------------ */

static void
put_bind(struct strbuf *b, const struct tmg_bind *bind)
{
	static const char *const method[] = { "all addresses", "the default address", "" };
	const struct tmg_text *x;

	for (x = bind->addresses; x != NULL; x = x->next)
		put_item(b, x->s);
	if (bind->method >= 0 && bind->method < 2)
		put_item(b, method[bind->method]);
	if (bind->network != NULL) {
		sb_puts(b, b->len > 0 ? " of " : "");
		put_name(b, ref_name(bind->network));
	}
}

static void
listener_ports(struct out *o, const struct tmg_listener *l)
{
	struct strbuf b;

	sb_init(&b, NULL);
	if (l->http_port != 0)
		sb_fmt(&b, "HTTP %d%s", l->http_port, l->stated & TMG_S_TCP_PORT ? "" : " (default)");
	if (l->https_port != 0)
		sb_fmt(&b, "%sHTTPS %d", b.len > 0 ? ", " : "", l->https_port);
	list_line(o, 4, "ports", &b, "none");
	if (l->redirect_http == 2)
		field(o, 4, "redirect", "every HTTP request to HTTPS");
	else if (l->redirect_http == 1)
		field(o, 4, "redirect", "to HTTPS where a user is demanded");
	sb_free(&b);
}

static void
listener_sign_in(struct out *o, const struct tmg_listener *l, struct strbuf *b)
{
	if (l->windows_auth)
		put_item(b, l->stated & TMG_S_WINDOWS_AUTH ? "Windows" : "Windows (default)");
	if (l->basic_auth)
		put_item(b, "Basic");
	if (l->digest_auth)
		put_item(b, "Digest");
	if (l->cert_auth)
		put_item(b, "client certificate");
	put_refs(b, l->schemes);
	if (l->always_authenticate)
		put_item(b, "demanded of every client");
	list_line(o, 4, "authentication", b, "none");
	if (l->trust != NULL) {
		put_texts(b, l->trust);
		list_line(o, 4, "client CAs", b, "");
	}
}

static void
vendors(struct out *o, size_t indent, const struct tmg_vendor *v)
{
	const struct tmg_vendor_value *x;
	struct strbuf b;

	sb_init(&b, NULL);
	for (; v != NULL; v = v->next) {
		if (vendor_word(v) != NULL)
			sb_puts(&b, vendor_word(v));
		else
			put_name(&b, v->guid);
		if (v->secret)
			sb_puts(&b, " (encrypted: not read)");
		if (v->broken)
			sb_puts(&b, " (could not be decoded)");
		line(o, indent, "extension", &b);
		sb_clear(&b);
		for (x = v->values; x != NULL; x = x->next) {
			put_name(&b, x->name);
			sb_puts(&b, " = ");
			text_safe(&b, x->text != NULL ? x->text : "", VALUE_SHOWN);
			line(o, indent, "", &b);
			sb_clear(&b);
		}
	}
	sb_free(&b);
}

static void
listener(struct out *o, const struct tmg_listener *l)
{
	const struct tmg_certificate *c;
	const struct tmg_bind *bind;
	struct strbuf b, one;

	sb_init(&b, NULL);
	sb_init(&one, NULL);
	title(o, 2, "Listener", &l->o);
	for (bind = l->binds; bind != NULL; bind = bind->next) {
		put_bind(&one, bind);
		sb_puts(&b, b.len > 0 ? "; " : "");
		sb_putn(&b, one.s, one.len);
		sb_clear(&one);
	}
	list_line(o, 4, "addresses", &b, "not stated");
	listener_ports(o, l);
	for (c = l->certificates; c != NULL; c = c->next) {
		put_item(&b, c->hash);
		if (c->address != NULL) {
			sb_puts(&b, " for ");
			put_name(&b, c->address);
		}
		if (!c->valid)
			sb_puts(&b, " (cannot be read)");
	}
	if (b.len > 0 || l->https_port != 0)
		list_line(o, 4, "certificates", &b, "none");
	listener_sign_in(o, l, &b);
	if (l->max_connections > 0)
		field(o, 4, "connections", "at most %d", l->max_connections);
	field(o, 4, "time-out", "%d s%s", l->timeout, l->stated & TMG_S_TIMEOUT ? "" : " (default)");
	vendors(o, 4, l->vendors);
	sb_free(&b);
	sb_free(&one);
}

/* ---- rules ------------------------------------------------------------------------ */

static const char *
mark(uint32_t stated, uint32_t bit)
{
	return stated & bit ? "" : " (default)";
}

static void
rule_bridging(struct out *o, const struct tmg_rule *r)
{
	const struct tmg_web *w = r->web;
	const char *type = mark(r->stated, TMG_S_SERVER_TYPE);

	switch (w->server_type) {
	case 0:
		field(o, 7, "bridging", "HTTP%s to port %d%s", type, w->http_port, mark(r->stated, TMG_S_HTTP_PORT));
		break;
	case 1:
		field(o, 7, "bridging", "SSL%s to port %d%s", type, w->https_port, mark(r->stated, TMG_S_SSL_PORT));
		break;
	case 2:
		field(o, 7, "bridging", "as it came%s: HTTP to port %d%s, SSL to port %d%s", type, w->http_port,
		    mark(r->stated, TMG_S_HTTP_PORT), w->https_port, mark(r->stated, TMG_S_SSL_PORT));
		break;
	case 3: field(o, 7, "bridging", "FTP"); break;
	default: field(o, 7, "bridging", "unknown (%d)", w->server_type); break;
	}
}

/* Site and server, and which elements they were read from if not from the usual ones. */
static void
rule_target(struct out *o, const struct tmg_rule *r)
{
	const struct tmg_web *w = r->web;
	struct strbuf b;

	sb_init(&b, NULL);
	if (w->site != NULL) {
		put_name(&b, w->site);
		if (w->site_element != NULL && !str_caseeq(w->site_element, "WebSite")) {
			sb_puts(&b, " (read from ");
			put_name(&b, w->site_element);
			sb_fmt(&b, ", line %lu)", (unsigned long)tmg_site_line(r));
		}
	}
	list_line(o, 7, "site", &b, "not stated");
	if (w->server != NULL && !str_eq(w->server, w->site)) {
		put_name(&b, w->server);
		if (w->server_element != NULL) {
			sb_puts(&b, " (");
			put_name(&b, w->server_element);
			sb_puts(&b, ")");
		}
		line(o, 7, "connects to", &b);
		sb_clear(&b);
	}
	if (w->farm != NULL) {
		put_ref(&b, w->farm);
		sb_puts(&b, w->affinity == 1 ? ", by client address" : ", by session cookie");
		line(o, 7, "farm", &b);
	}
	sb_free(&b);
}

static void
rule_paths(struct out *o, const struct tmg_web *w, struct strbuf *b)
{
	const struct tmg_path_mapping *m;

	for (m = w->paths; m != NULL; m = m->next) {
		put_item(b, m->external != NULL ? m->external : "a path that is not stated");
		if (m->external != NULL && m->internal != NULL && strcmp(m->internal, m->external) != 0) {
			sb_puts(b, " -> ");
			put_name(b, m->internal);
		}
	}
	list_line(o, 7, "paths", b, "none");
}

static void
rule_access(struct out *o, const struct tmg_rule *r, struct strbuf *b)
{
	const struct tmg_web *w = r->web;

	put_refs(b, w->users);
	if (w->non_windows_users)
		put_item(b, "users of another directory");
	if (w->users_unknown)
		put_item(b, "something that is not known");
	list_line(o, 7, "users", b, "All Users (default)");
	if (w->require_client_cert || w->client_cert_claim == 1)
		field(o, 7, "certificate", "demanded of the client");
	if (w->require_ssl > 0)
		field(o, 7, "HTTPS only", "yes");
}

static void
rule_web(struct out *o, const struct tmg_rule *r)
{
	static const char *const delegation[] = { "none, the client signs in to the server itself",
		"none, and the client cannot sign in to the server", "SecurID", "Basic", "NTLM", "Negotiate",
		"Kerberos constrained delegation" };
	const struct tmg_web *w = r->web;
	const struct tmg_ref *ref = ref_of_class(w->refs, "WebListener");
	struct tmg_public_name name = { 0 };
	struct strbuf b;

	sb_init(&b, NULL);
	if (w->listener != NULL)
		put_name(&b, w->listener->o.name);
	else if (ref != NULL)
		put_ref(&b, ref);
	list_line(o, 7, "listener", &b, "none");
	if (w->all_public_names)
		put_item(&b, "all");
	while (tmg_next_name(r, &name))
		put_item(&b, name.s);
	list_line(o, 7, "public names", &b, "none");
	rule_paths(o, w, &b);
	if (r->deny && w->redirect_url != NULL) {
		put_name(&b, w->redirect_url);
		line(o, 7, "redirects to", &b);
		sb_clear(&b);
	}
	if (!r->deny || w->site != NULL || w->server != NULL) {
		rule_target(o, r);
		rule_bridging(o, r);
		field(o, 7, "Host", "%s%s", w->original_host ? "as the client sent it" : "the site's name",
		    mark(r->stated, TMG_S_ORIGINAL_HOST));
		field(o, 7, "delegation", "%s%s",
		    w->delegation >= 0 && w->delegation < (int)ARRAY_LEN(delegation) ? delegation[w->delegation]
										     : "unknown",
		    mark(r->stated, TMG_S_DELEGATION | TMG_S_BASIC_DELEGATION));
		field(o, 7, "server sees", "%s", w->firewall_source ? "the proxy's address" : "the client's address");
	}
	rule_access(o, r, &b);
	sb_free(&b);
}

static void
rule(struct out *o, const struct tmg_rule *r)
{
	const char *description = tmg_description(&r->o);
	struct strbuf b;

	sb_init(&b, NULL);
	sb_fmt(&b, "%5lu  \"", (unsigned long)r->position);
	put_name(&b, r->o.name);
	sb_fmt(&b, "\"  %s%s, %s, %s, line %lu\n", rule_state_word(r),
	    r->stated & TMG_S_ENABLED || r->type == 256 ? "" : " (not stated)", rule_type_word(r),
	    r->deny ? "deny" : "allow", (unsigned long)r->o.line);
	out_mem(o, b.s, b.len);
	sb_clear(&b);
	if (description != NULL && description[0] != '\0') {
		text_safe(&b, description, VALUE_SHOWN);
		line(o, 7, "description", &b);
		sb_clear(&b);
	}
	if (r->web != NULL)
		rule_web(o, r);
	if (r->web != NULL || r->terms->sources != NULL) {
		if (r->terms->sources != NULL)
			put_refs(&b, r->terms->sources->refs);
		list_line(o, 7, "from", &b, r->terms->sources != NULL ? "nothing" : "Anywhere (default)");
	}
	if (r->terms->schedule != NULL) {
		put_name(&b, r->terms->schedule->o.name);
		line(o, 7, "schedule", &b);
	} else if (!r->applies_always) {
		const struct tmg_ref *ref = ref_of_class(r->terms->refs, "ProxyScheduleTemplate");

		if (ref != NULL)
			put_ref(&b, ref);
		list_line(o, 7, "schedule", &b, "not stated");
	}
	vendors(o, 7, r->terms->vendors);
	sb_free(&b);
}

/* ---- sets and elements --------------------------------------------------------------- */

static void
put_ranges(struct strbuf *b, const struct tmg_range *r)
{
	char from[ADDR_TEXT], to[ADDR_TEXT];

	for (; r != NULL; r = r->next) {
		addr_print(r->from, from);
		addr_print(r->to, to);
		put_item(b, from);
		if (strcmp(from, to) != 0)
			sb_fmt(b, " - %s", to);
	}
}

static void
put_hosts(struct strbuf *b, const struct tmg_hosts *h)
{
	put_item(b, h->a != NULL ? h->a : "no address");
	if (h->b != NULL) {
		sb_puts(b, h->o.kind == TMG_K_SUBNET ? "/" : " - ");
		put_name(b, h->b);
	}
}

/* "Mon-Fri 09:00-17:00": runs of hours, days with the same hours together. */
static void
put_schedule(struct strbuf *b, const struct tmg_schedule *s)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	uint32_t mask[7] = { 0 };
	int day, end, hour, stop;

	for (day = 0; day < 7; day++)
		for (hour = 0; hour < 24; hour++)
			mask[day] |= (uint32_t)(s->hours[hour] >> ((day + 1) % 7) & 1) << hour;
	for (day = 0; day < 7; day = end) {
		for (end = day + 1; end < 7 && mask[end] == mask[day]; end++)
			;
		if (mask[day] == 0)
			continue;
		put_item(b, days[day]);
		if (end - day > 1)
			sb_fmt(b, "-%s", days[end - 1]);
		for (hour = 0; hour < 24; hour = stop + 1) {
			for (stop = hour; stop < 24 && (mask[day] >> stop & 1) != 0; stop++)
				;
			if (stop > hour)
				sb_fmt(b, " %02d:00-%02d:00", hour, stop);
		}
	}
}

static void
put_farm(struct strbuf *b, const struct tmg_farm *f)
{
	const struct tmg_member *m;
	const struct tmg_verifier *v;

	for (m = f->members; m != NULL; m = m->next) {
		put_item(b, m->address);
		if (m->drained)
			sb_puts(b, " (drained)");
	}
	for (v = f->verifiers; v != NULL; v = (const struct tmg_verifier *)v->o.next)
		sb_fmt(b, "; checked by %s%s",
		    v->request == 0       ? "HTTP GET"
			: v->request == 1 ? "ping"
					  : "TCP connect",
		    v->enabled ? "" : " (disabled)");
}

static void
put_object(struct strbuf *b, const struct tmg_obj *x)
{
	static const char *const types[] = { "standard", "VPN clients", "local host", "external", "internal",
		"quarantined VPN clients" };
	const struct tmg_network *n;
	const struct tmg_computer_set *c;
	const struct tmg_obj *m;

	switch (x->kind) {
	case TMG_K_FARM: put_farm(b, (const struct tmg_farm *)x); break;
	case TMG_K_NETWORK:
		n = (const struct tmg_network *)x;
		put_item(b, n->type >= 0 && n->type < (int)ARRAY_LEN(types) ? types[n->type] : "unknown type");
		put_ranges(b, n->ranges);
		put_refs(b, n->refs);
		sb_puts(b, n->bad ? ", an address cannot be read" : "");
		break;
	case TMG_K_NETWORK_SET:
		put_refs(b, ((const struct tmg_network_set *)x)->refs);
		if (((const struct tmg_network_set *)x)->all_except)
			sb_puts(b, b->len > 0 ? " left out of all networks" : "all networks");
		break;
	case TMG_K_COMPUTER:
	case TMG_K_SUBNET:
	case TMG_K_RANGE: put_hosts(b, (const struct tmg_hosts *)x); break;
	case TMG_K_COMPUTER_SET:
		c = (const struct tmg_computer_set *)x;
		for (m = c->members != NULL ? &c->members->o : NULL; m != NULL; m = m->next)
			put_hosts(b, (const struct tmg_hosts *)m);
		put_refs(b, c->refs);
		break;
	case TMG_K_USER_SET: put_texts(b, ((const struct tmg_user_set *)x)->accounts); break;
	case TMG_K_SCHEDULE: put_schedule(b, (const struct tmg_schedule *)x); break;
	default: break;
	}
}

static void
elements(struct out *o, const struct tmg_array *a, enum tmg_kind kind, const char *heading)
{
	const struct tmg_obj *x = a->first[kind];
	struct strbuf b, value;

	if (x == NULL)
		return;
	sb_init(&b, NULL);
	sb_init(&value, NULL);
	out_fmt(o, "  %s\n", heading);
	for (; x != NULL; x = x->next) {
		put_object(&value, x);
		put_name(&b, x->name);
		sb_fmt(&b, " (line %lu)%s", (unsigned long)x->line, value.len > 0 ? ": " : "");
		sb_putn(&b, value.s, value.len);
		entry(o, &b);
		sb_clear(&value);
	}
	sb_free(&b);
	sb_free(&value);
}

/* Elements that publishing does not need: by class, in the order of the file. */
static void
others(struct out *o, const struct tmg_array *a)
{
	const struct tmg_obj *x = a->first[TMG_K_OTHER], *y;
	struct strbuf b, names;

	sb_init(&b, NULL);
	sb_init(&names, NULL);
	if (x != NULL)
		out_str(o, "  Other elements (publishing does not need them)\n");
	while (x != NULL) {
		size_t count = 0;

		for (y = x; y != NULL && y->cls == x->cls; y = y->next) {
			if (count++ < 10)
				put_item(&names, y->name);
		}
		if (count > 10)
			sb_fmt(&names, ", and %zu more", count - 10);
		sb_fmt(&b, "%zu ", count);
		put_name(&b, x->cls != 0 ? tmg_class_name(x) : "element");
		sb_puts(&b, ": ");
		sb_putn(&b, names.s, names.len);
		entry(o, &b);
		sb_clear(&names);
		x = y;
	}
	sb_free(&b);
	sb_free(&names);
}

static void
array(struct out *o, const struct tmg_array *a)
{
	const struct tmg_obj *x;
	const struct tmg_rule *r;

	out_str(o, "\n");
	title(o, 0, a->enterprise ? "Enterprise" : "Array", &a->o);
	if (!a->publishing)
		out_str(o, "  The policy switches publishing rules off.\n");
	for (x = a->first[TMG_K_LISTENER]; x != NULL; x = x->next)
		listener(o, (const struct tmg_listener *)x);
	if (a->rules != NULL)
		out_str(o, "  Rules, in the order in which they apply\n");
	for (r = a->rules; r != NULL; r = tmg_next_rule(r))
		rule(o, r);
	elements(o, a, TMG_K_FARM, "Server farms");
	elements(o, a, TMG_K_NETWORK, "Networks");
	elements(o, a, TMG_K_NETWORK_SET, "Network sets");
	elements(o, a, TMG_K_COMPUTER, "Computers");
	elements(o, a, TMG_K_SUBNET, "Subnets");
	elements(o, a, TMG_K_RANGE, "Address ranges");
	elements(o, a, TMG_K_COMPUTER_SET, "Computer sets");
	elements(o, a, TMG_K_USER_SET, "User sets");
	elements(o, a, TMG_K_SCHEDULE, "Schedules");
	elements(o, a, TMG_K_VERIFIER, "Connectivity verifiers");
	others(o, a);
}

/* ---- the input --------------------------------------------------------------------------- */

static void
leftovers(struct out *o, const struct tmg_input *in, enum tmg_state state, const char *heading)
{
	const struct tmg_leftover *l;
	struct strbuf b;
	bool any = false;

	sb_init(&b, NULL);
	for (l = in->leftovers; l != NULL; l = l->next) {
		if (l->state != state)
			continue;
		if (!any)
			out_fmt(o, "\n%s\n", heading);
		any = true;
		put_name(&b, l->path);
		if (l->value != NULL && l->value[0] != '\0') {
			sb_puts(&b, " = ");
			text_safe(&b, l->value, VALUE_SHOWN);
		}
		sb_fmt(&b, ", line %lu", (unsigned long)l->line);
		if (l->times > 1)
			sb_fmt(&b, ", %lu times", (unsigned long)l->times);
		if (l->owner != NULL) {
			sb_puts(&b, ", in ");
			obj_label(&b, l->owner);
		}
		if (l->why != NULL) {
			sb_puts(&b, ": ");
			put_name(&b, l->why);
		}
		out_str(o, "  ");
		out_mem(o, b.s, b.len);
		out_str(o, "\n");
		sb_clear(&b);
	}
	sb_free(&b);
}

static bool
is_whole(const char *item)
{
	return strcmp(item, "whole configuration") == 0 || strcmp(item, "arrays") == 0 || strcmp(item, "array") == 0;
}

static void
header(struct out *o, const struct tmg_input *in)
{
	struct strbuf b;

	sb_init(&b, NULL);
	text_safe(&b, in->file, 4096);
	sb_putc(&b, '\n');
	out_mem(o, b.s, b.len);
	sb_clear(&b);
	put_name(&b, in->product);
	if (in->build != NULL && in->build[0] != '\0') {
		sb_puts(&b, ", build ");
		put_name(&b, in->build);
	}
	if (in->xml_version != NULL && in->xml_version[0] != '\0') {
		sb_puts(&b, ", export format ");
		put_name(&b, in->xml_version);
	}
	line(o, 2, "product", &b);
	sb_clear(&b);
	if (in->item_class != NULL) {
		put_name(&b, in->item_class);
		if (!is_whole(in->item_class))
			sb_puts(&b, " (a part of a configuration: what else it had is not in this file)");
	}
	list_line(o, 2, "exported", &b, "not stated");
	if (in->comment != NULL && in->comment[0] != '\0') {
		text_safe(&b, in->comment, VALUE_SHOWN);
		line(o, 2, "comment", &b);
	}
	sb_free(&b);
}

void
inspect_text(struct out *o, const struct tmg_input *in)
{
	const struct tmg_array *a;
	bool publishes = false;

	header(o, in);
	field(o, 2, "sha256", "%s", in->sha256);
	field(o, 2, "elements", "%llu: %llu used, %llu irrelevant, %llu not convertible, %llu unknown",
	    (unsigned long long)in->elements, (unsigned long long)in->counts[TMG_E_USED],
	    (unsigned long long)in->counts[TMG_E_IRRELEVANT], (unsigned long long)in->counts[TMG_E_NOT_CONVERTIBLE],
	    (unsigned long long)in->counts[TMG_E_UNKNOWN]);
	field(
	    o, 2, "defaults", "%llu stand in for elements that the file leaves out", (unsigned long long)in->defaults);
	for (a = in->arrays; a != NULL; a = a->next) {
		publishes = publishes || a->rules != NULL || a->first[TMG_K_LISTENER] != NULL;
		array(o, a);
	}
	if (!publishes)
		out_str(o, "\nNo rule and no listener is in this file: there is nothing to publish.\n");
	leftovers(o, in, TMG_E_NOT_CONVERTIBLE, "Known, and not convertible");
	leftovers(o, in, TMG_E_UNKNOWN, "Unknown elements");
}
