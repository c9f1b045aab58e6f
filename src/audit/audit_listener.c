/*
 * Checks of section D that look at listeners: shared sign-in, addresses and ports,
 * client certificates, the names that lead to them. Knows nothing of certificates.
 */
#include "audit/audit.h"

#include "base/addr.h"

static bool
is_lync(const struct view_rule *r)
{
	return r->live && r->role == ROLE_LYNC;
}

/* ---- sharing ------------------------------------------------------------------------- */

void
check_LISTENER_SHARED(struct view *v)
{
	for (size_t i = 0; i < v->listener_count; i++) {
		const struct view_listener *l = &v->listeners[i];
		const struct pool *first = NULL, *other = NULL;

		for (size_t k = 0; k < l->rule_count; k++) {
			const struct pool *p = is_lync(l->rules[k]) ? l->rules[k]->pool : NULL;

			if (first == NULL)
				first = p;
			else if (p != NULL && p != first && other == NULL)
				other = p;
		}
		if (other != NULL)
			found(v, CHECK_LISTENER_SHARED, &(struct about){ .listener = l }, "%s and %s", first->fqdn,
			    other->fqdn);
	}
}

/* Something else on the listener has a use for the sign-in that Lync must not meet. */
void
check_LISTENER_FORMS(struct view *v)
{
	for (size_t i = 0; i < v->listener_count; i++) {
		const struct view_listener *l = &v->listeners[i];
		const struct tmg_listener *x = l->listener;
		const struct view_rule *other = NULL;

		if (!l->lync || (x->schemes == NULL && !x->basic_auth && !x->windows_auth && !x->digest_auth))
			continue;
		for (size_t k = 0; k < l->rule_count && other == NULL; k++)
			other = l->rules[k]->live && l->rules[k]->role == ROLE_NONE ? l->rules[k] : NULL;
		if (other != NULL)
			found(v, CHECK_LISTENER_FORMS, &(struct about){ .listener = l, .line = x->properties_line },
			    "it also serves \"%s\"", other->rule->o.name);
	}
}

/* Sign-in by certificate that every client must go through. */
void
check_LISTENER_CLIENT_CERTIFICATE(struct view *v)
{
	for (size_t i = 0; i < v->listener_count; i++) {
		const struct view_listener *l = &v->listeners[i];
		const struct view_rule *r = NULL;

		if (!l->lync)
			continue;
		if (l->listener->cert_auth) {
			found(v, CHECK_LISTENER_CLIENT_CERTIFICATE,
			    &(struct about){ .listener = l, .line = l->listener->properties_line },
			    "client certificates are a sign-in method of the listener");
			continue;
		}
		for (size_t k = 0; k < l->rule_count; k++) {
			r = l->rules[k];
			if (is_lync(r) && (r->rule->web->client_cert_claim == 1 || r->rule->web->require_client_cert))
				found(v, CHECK_LISTENER_CLIENT_CERTIFICATE,
				    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
				    "the rule demands one");
		}
	}
}

/* ---- addresses and ports ------------------------------------------------------------- */

/* What listeners hold already: keys are words of the kind of hold, array, port and place. */
struct holds {
	struct view *v;
	struct hmap map;
	const struct view_listener *l, *clash;
	char where[ADDR_TEXT]; /* of the clash: the address, or "" */
	int port;
};

static void
hold(struct holds *h, const char *kind, const char *place, bool take, bool look)
{
	const struct tmg_array *in = h->l->listener->o.in;
	char guid[TMG_GUID_SIZE];
	const char *array = in != NULL ? tmg_guid(&in->o, guid) : "";
	const char *key = arena_fmt(h->v->mem, "%s|%s|%s|%d|%s", kind, h->l->input->file, array, h->port, place);
	const struct view_listener *other;
	void **slot;

	if (key == NULL || (slot = hmap_slot(&h->map, key, strlen(key), true)) == NULL) {
		h->v->failed = true;
		return;
	}
	other = *slot;
	if (other != NULL && other != h->l && look && h->clash == NULL) {
		h->clash = other;
		snprintf(h->where, sizeof(h->where), "%s", strcmp(kind, "address") == 0 ? place : "");
	}
	if (other == NULL && take)
		*slot = (void *)(uintptr_t)h->l;
}

/* A network, "" when the export does not say which: then all of them. */
static const char *
network_of(const struct tmg_bind *b, char buffer[TMG_GUID_SIZE])
{
	const struct tmg_obj *to = b->network != NULL ? b->network->to : NULL;
	const char *guid = to != NULL ? tmg_guid(to, buffer) : "";

	if (b->network == NULL)
		return "";
	return guid[0] != '\0' ? guid : b->network->key;
}

/* A stated address meets the same address, and all addresses of its network; the default
 * address of a network, which no export states, meets that and the same default. */
static void
hold_bind(struct holds *h, const struct tmg_bind *b)
{
	char guid[TMG_GUID_SIZE];
	const char *network = network_of(b, guid);
	uint8_t raw[16];
	char text[ADDR_TEXT];

	for (const struct tmg_text *x = b->method == 2 ? b->addresses : NULL; x != NULL; x = x->next)
		if (addr_parse(x->s, raw)) {
			addr_print(raw, text);
			hold(h, "address", text, true, true);
		}
	if (b->method == 1)
		hold(h, "default", network, true, true);
	if (b->method == 0) {
		hold(h, "some", network, false, true);
		hold(h, "all", network, true, true);
	} else {
		hold(h, "all", network, false, true);
	}
	hold(h, "some", network, true, false);
	hold(h, "all", "", false, true);
	if (*network != '\0')
		hold(h, "some", "", true, false);
}

static void
judge_overlap(struct holds *h, int port)
{
	static const struct tmg_bind all = { .method = 0 };
	const struct tmg_bind *b = h->l->listener->binds;

	h->port = port;
	h->clash = NULL;
	if (port == 0)
		return;
	if (b == NULL)
		hold_bind(h, &all);
	for (; b != NULL; b = b->next)
		hold_bind(h, b);
	if (h->clash == NULL || h->v->failed)
		return;
	found(h->v, CHECK_LISTENER_OVERLAP,
	    &(struct about){ .listener = h->l,
		.subject = audit_fmt(h->v, "%d", port),
		.cls = h->l->used && h->clash->used ? 0 : 'L' },
	    "port %d, %s: listener \"%s\"", port, *h->where != '\0' ? h->where : "addresses of one network",
	    h->clash->listener->o.name);
}

void
check_LISTENER_OVERLAP(struct view *v)
{
	struct holds h = { .v = v };

	hmap_init(&h.map, v->a->budget);
	for (size_t i = 0; i < v->listener_count && !v->failed; i++) {
		h.l = &v->listeners[i];
		judge_overlap(&h, h.l->listener->https_port);
		if (h.l->listener->http_port != h.l->listener->https_port)
			judge_overlap(&h, h.l->listener->http_port);
	}
	hmap_free(&h.map);
}

/* ---- names --------------------------------------------------------------------------- */

/* How many names live rules publish here, each counted once. */
static size_t
count_names(struct view *v, const struct view_listener *l)
{
	size_t n = 0;

	v->lists++;
	for (size_t i = 0; i < l->rule_count; i++) {
		const struct view_rule *r = l->rules[i];

		for (size_t k = 0; r->live && !r->rule->web->all_public_names && k < r->name_count; k++) {
			struct view_host *h = r->names[k].list;

			n += !name_bad(&r->names[k]) && (h == NULL || h->listed != v->lists);
			if (h != NULL)
				h->listed = v->lists;
		}
	}
	return n;
}

void
check_LISTENER_DNS(struct view *v)
{
	for (size_t i = 0; i < v->listener_count && !v->failed; i++) {
		const struct view_listener *l = &v->listeners[i];
		const struct tmg_name *a = l->addresses;
		size_t n = count_names(v, l);
		const char *names = n == 0 ? "" : audit_fmt(v, "%zu name%s", n, n == 1 ? "" : "s");

		if (n > 0 && a == NULL)
			found(v, CHECK_LISTENER_DNS, &(struct about){ .listener = l },
			    "%s; the export does not hold the listener's addresses", names);
		else if (n > 0)
			found(v, CHECK_LISTENER_DNS, &(struct about){ .listener = l }, "%s to %s%s", names, a->s,
			    a->next != NULL ? " or another of its addresses" : "");
	}
}

/* A rule made for the first hop of phones: autodiscover alone, to the server without TLS. */
static bool
is_first_hop(const struct view_rule *r)
{
	for (size_t i = 0; i < r->name_count; i++)
		if (name_kind(&r->names[i]) != NAME_AUTODISCOVER)
			return false;
	return is_lync(r) && r->name_count > 0 && r->rule->web->server_type == 0;
}

void
check_LISTENER_NO_PLAIN(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		if (is_first_hop(r) && !r->via->plain_in)
			found(v, CHECK_LISTENER_NO_PLAIN, &(struct about){ .rule = r, .line = r->rule->o.line },
			    "listener \"%s\" %s", r->via->listener->o.name,
			    r->via->listener->http_port == 0 ? "has no HTTP port"
							     : "redirects HTTP, or the rule refuses it");
	}
}

void
check_LISTENER_NO_REDIRECT_TARGET(struct view *v)
{
	for (size_t i = 0; i < v->listener_count; i++) {
		const struct view_listener *l = &v->listeners[i];

		if (l->listener->redirect_http != 0 && l->listener->http_port != 0 && l->listener->https_port == 0)
			found(v, CHECK_LISTENER_NO_REDIRECT_TARGET,
			    &(struct about){ .listener = l, .line = l->listener->properties_line }, "HTTP port %d",
			    l->listener->http_port);
	}
}
