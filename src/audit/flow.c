/*
 * Flows: one line for each web publishing rule, from public name over listener and
 * bridging to the server; and the work lists for DNS and certificates that follow
 * from them. No judgement: the checks have marked what they found. They are made one
 * by one and handed on, since there may be as many as there are rules: what becomes of
 * them is for whoever takes them.
 */
#include "audit/audit.h"

#include "base/addr.h"

bool
name_link(struct arena *mem, struct tmg_name ***tail, const char *s)
{
	struct tmg_name *n = arena_alloc(mem, sizeof(*n));

	if (n == NULL)
		return false;
	n->s = s;
	**tail = n;
	*tail = &n->next;
	return true;
}

bool
name_push(struct arena *mem, struct tmg_name ***tail, const char *s)
{
	struct tmg_name *n = arena_alloc(mem, sizeof(*n));

	if (n == NULL || (n->s = arena_str(mem, s)) == NULL)
		return false;
	**tail = n;
	*tail = &n->next;
	return true;
}

static const char *
endpoint(struct view *v, const char *host, int port)
{
	bool v6 = strchr(host, ':') != NULL;

	return audit_fmt(v, "%s%s%s:%d", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

/* The addresses that an export states, each once. */
static bool
addresses_make(struct view *v, struct view_listener *l)
{
	struct tmg_name **tail = &l->addresses, **last;
	struct hmap seen;
	uint8_t raw[16];
	char text[ADDR_TEXT];
	bool good = true;

	hmap_init(&seen, v->a->budget);
	for (const struct tmg_bind *b = l->listener->binds; b != NULL; b = b->next)
		for (const struct tmg_text *x = b->method == 2 ? b->addresses : NULL; x != NULL && good; x = x->next) {
			if (!addr_parse(x->s, raw))
				continue;
			addr_print(raw, text);
			if (hmap_get(&seen, text) != NULL)
				continue;
			last = tail;
			good = name_push(&v->a->mem, &tail, text) && hmap_put(&seen, (*last)->s, *last);
		}
	hmap_free(&seen);
	return good;
}

static bool
endpoints_make(struct view *v, struct view_listener *l)
{
	struct tmg_name **tail = &l->endpoints;
	const struct tmg_name *x = l->addresses;

	do {
		const char *host = x != NULL ? x->s : "*";

		if (l->listener->https_port != 0 &&
		    !name_push(&v->a->mem, &tail, endpoint(v, host, l->listener->https_port)))
			return false;
		if (l->listener->http_port != 0 &&
		    !name_push(&v->a->mem, &tail, endpoint(v, host, l->listener->http_port)))
			return false;
		x = x != NULL ? x->next : NULL;
	} while (x != NULL);
	return true;
}

static bool
flow_server(struct view *v, const struct view_rule *r, struct tmg_name ***tail, const char *host)
{
	bool tls = r->via->tls_in && r->via->tls_to_port != 0;

	if (tls && !name_push(v->mem, tail, endpoint(v, host, r->via->tls_to_port)))
		return false;
	if (!r->via->plain_in || r->via->plain_to_port == 0 || (tls && r->via->plain_to_port == r->via->tls_to_port))
		return true;
	return name_push(v->mem, tail, endpoint(v, host, r->via->plain_to_port));
}

static bool
flow_servers(struct view *v, const struct view_rule *r, struct tmg_way *way)
{
	const struct tmg_web *w = r->rule->web;
	const struct tmg_farm *farm;
	struct tmg_name **tail = &way->servers;

	if (r->rule->deny)
		return true;
	if (w->lb_enabled && w->farm != NULL && w->farm->to != NULL && w->farm->to->kind == TMG_K_FARM) {
		farm = (const struct tmg_farm *)(const void *)w->farm->to;
		for (const struct tmg_member *m = farm->members; m != NULL; m = m->next)
			if (m->address != NULL && !flow_server(v, r, &tail, m->address)) /* one without is left out */
				return false;
		return true;
	}
	if (w->server == NULL && w->site == NULL)
		return true;
	return flow_server(v, r, &tail, w->server != NULL ? w->server : w->site);
}

static const char *
role_word(const struct view_rule *r)
{
	switch (r->role) {
	case ROLE_LYNC: return r->pool != NULL ? pool_word(r->pool) : "Lync";
	case ROLE_WEB_APPS: return "Office Web Apps";
	case ROLE_NONE: break;
	}
	return "";
}

/* What follows from the web record; the role does not. */
static bool
way_make(struct view *v, const struct view_rule *r)
{
	const struct view_listener *l = view_listener(v, r->via->listener);
	struct tmg_way *way = arena_alloc(v->mem, sizeof(*way));

	if (way == NULL)
		return false;
	way->file = r->via->input->file;
	way->listener = r->via->listener != NULL ? r->via->listener->o.name : NULL;
	way->endpoints = l != NULL ? l->endpoints : NULL;
	way->bridging = audit_bridging(v, r);
	r->via->way = way;
	return flow_servers(v, r, way);
}

static bool
flow_make(struct view *v, const struct view_rule *r, const struct audit_sink *to)
{
	char guid[TMG_GUID_SIZE];
	struct tmg_flow f = { .rule = r->rule->o.name, .guid = tmg_guid(&r->rule->o, guid) };
	struct tmg_name **tail = &f.names;
	struct arena brief;
	struct tmg_way way;
	bool good;

	if (r->via->way == NULL && !way_make(v, r))
		return false;
	way = *r->via->way;
	way.role = role_word(r);
	f.way = &way;
	f.line = r->rule->o.line;
	f.position = r->rule->position;
	f.worst = r->worst;
	f.enabled = r->rule->enabled && r->bound;
	f.deny = r->rule->deny;
	f.lync = r->role != ROLE_NONE;
	arena_init(&brief, v->a->budget);
	for (size_t i = 0; i < r->name_count && !r->rule->web->all_public_names && !brief.failed; i++)
		name_link(&brief, &tail, r->names[i].written);
	good = !brief.failed && to->flow(to->ctx, &f);
	arena_free(&brief);
	return good;
}

bool
ways_begin(struct view *v)
{
	for (size_t i = 0; i < v->listener_count; i++)
		if (!addresses_make(v, &v->listeners[i]) || !endpoints_make(v, &v->listeners[i]))
			return false;
	return true;
}

bool
flows_make(struct view *v, const struct audit_sink *to)
{
	for (size_t i = 0; i < v->rule_count; i++)
		if (!flow_make(v, &v->rules[i], to))
			return false;
	return true;
}

/* ---- work lists -------------------------------------------------------------- */

typedef bool name_fn(void *ctx, const char *name);

/* The names that a listener's live rules publish, each once, in the order of the rules. False: `fn` said so, or
 * there was no memory. */
static bool
listener_names(struct view *v, const struct view_listener *l, bool tls_only, name_fn *fn, void *ctx)
{
	struct strbuf wild;
	bool good = true;

	v->lists++;
	sb_init(&wild, v->a->budget);
	for (size_t i = 0; i < l->rule_count && good; i++) {
		const struct view_rule *r = l->rules[i];

		if (!r->live || (tls_only && (!r->via->tls_in || r->autodiscover_plain)) ||
		    r->rule->web->all_public_names)
			continue;
		for (size_t k = 0; k < r->name_count && good; k++) {
			const struct view_name *n = &r->names[k];

			if (name_bad(n) || (n->list != NULL && n->list->listed == v->lists))
				continue;
			if (n->list != NULL)
				n->list->listed = v->lists;
			sb_clear(&wild);
			if (name_wild(n))
				sb_fmt(&wild, "*.%s", name_host(n));
			good = !wild.failed && fn(ctx, name_wild(n) ? wild.s : name_host(n));
		}
	}
	sb_free(&wild);
	return good;
}

struct needs {
	struct view *v;
	const struct view_listener *l;
	const struct audit_sink *to;
};

static bool
dns_need(void *ctx, const char *name)
{
	const struct needs *n = ctx;
	const struct tmg_dns_need d = {
		.name = name,
		.listener = n->l->listener->o.name,
		.addresses = n->l->addresses,
	};

	return n->to->dns(n->to->ctx, &d);
}

static bool
must_cover(void *ctx, const char *name)
{
	const struct needs *n = ctx;

	return n->to->covers(n->to->ctx, name, false);
}

static bool
must_cover_and_does_not(void *ctx, const char *name)
{
	const struct needs *n = ctx;

	return certificate_covers(n->v, n->l->cert->certificates, name) || n->to->covers(n->to->ctx, name, true);
}

static bool
certificate_need(struct needs *n)
{
	const struct view_listener *l = n->l;
	struct tmg_certificate_need c = { .listener = l->listener->o.name, .file = l->input->file };
	struct tmg_name **tail = &c.thumbprints;
	struct arena brief;
	bool good;

	if (l->listener->https_port == 0)
		return true;
	arena_init(&brief, n->v->a->budget);
	for (const struct tmg_certificate *x = l->listener->certificates; x != NULL && !brief.failed; x = x->next)
		if (x->hash != NULL) /* a reference without a hash stays unnamed */
			name_link(&brief, &tail, x->hash);
	c.given = l->cert != NULL ? l->cert->file : NULL;
	good = !brief.failed && n->to->certificate(n->to->ctx, &c);
	arena_free(&brief);
	return good && listener_names(n->v, l, true, must_cover, n) &&
	    (l->cert == NULL || listener_names(n->v, l, true, must_cover_and_does_not, n));
}

bool
needs_make(struct view *v, const struct audit_sink *to)
{
	for (size_t i = 0; i < v->listener_count; i++) {
		struct needs n = { v, &v->listeners[i], to };

		if (n.l->rule_count > 0 && (!listener_names(v, n.l, false, dns_need, &n) || !certificate_need(&n)))
			return false;
	}
	return true;
}
