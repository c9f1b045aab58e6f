/*
 * Flows: one line for each web publishing rule, from public name over listener and
 * bridging to the server; and the work lists for DNS and certificates that follow
 * from them. No judgement: the checks mark what they find.
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
	bool tls = r->tls_in && r->tls_to_port != 0;

	if (tls && !name_push(&v->a->mem, tail, endpoint(v, host, r->tls_to_port)))
		return false;
	if (!r->plain_in || r->plain_to_port == 0 || (tls && r->plain_to_port == r->tls_to_port))
		return true;
	return name_push(&v->a->mem, tail, endpoint(v, host, r->plain_to_port));
}

static bool
flow_servers(struct view *v, const struct view_rule *r, struct tmg_flow *f)
{
	const struct tmg_web *w = r->web;
	const struct tmg_farm *farm;
	struct tmg_name **tail = &f->servers;

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

/* The names as written. What the view has of them is the same text from then on, so that other
 * lists of the result need no copy. */
static bool
flow_names(struct view *v, const struct view_rule *r, struct tmg_flow *f)
{
	struct arena *mem = &v->a->mem;
	struct tmg_name **tail = &f->names;

	for (size_t i = 0; i < r->name_count && !r->web->all_public_names; i++) {
		struct view_name *n = &r->names[i];
		const char *kept = arena_str(mem, n->written);

		if (kept == NULL || !name_link(mem, &tail, kept))
			return false;
		if (n->host == n->written)
			n->host = kept;
		n->written = kept;
	}
	return true;
}

/* Where it leads, and what else follows from its web record. */
static bool
flow_way(struct view *v, const struct view_rule *r, struct tmg_flow *f)
{
	const struct tmg_flow *first = r->alike->flow;
	const struct view_listener *l;

	if (first != NULL) {
		f->listener = first->listener;
		f->endpoints = first->endpoints;
		f->bridging = first->bridging;
		f->servers = first->servers;
		return true;
	}
	l = view_listener(v, r->listener);
	f->endpoints = l != NULL ? l->endpoints : NULL;
	f->listener = r->listener != NULL ? arena_str(&v->a->mem, r->listener->o.name) : NULL;
	f->bridging = arena_str(&v->a->mem, audit_bridging(v, r));
	return flow_servers(v, r, f);
}

static bool
flow_make(struct view *v, struct view_rule *r)
{
	struct arena *mem = &v->a->mem;
	struct tmg_flow *f = arena_alloc(mem, sizeof(*f));
	char guid[TMG_GUID_SIZE];

	if (f == NULL)
		return false;
	f->file = r->index > 0 && r[-1].input == r->input ? r[-1].flow->file : arena_str(mem, r->input->file);
	f->rule = arena_str(mem, r->rule->o.name);
	f->guid = arena_str(mem, tmg_guid(&r->rule->o, guid));
	f->role = role_word(r);
	f->line = r->rule->o.line;
	f->position = r->rule->position;
	f->worst = -1;
	f->enabled = r->rule->enabled && r->bound;
	f->deny = r->rule->deny;
	f->lync = r->role != ROLE_NONE;
	if (!flow_way(v, r, f) || !flow_names(v, r, f))
		return false;
	r->flow = f;
	*v->a->last_flow = f;
	v->a->last_flow = &f->next;
	return !mem->failed;
}

bool
flows_make(struct view *v)
{
	for (size_t i = 0; i < v->listener_count; i++)
		if (!addresses_make(v, &v->listeners[i]) || !endpoints_make(v, &v->listeners[i]))
			return false;
	for (size_t i = 0; i < v->rule_count; i++)
		if (!flow_make(v, &v->rules[i]))
			return false;
	return true;
}

/* ---- work lists -------------------------------------------------------------- */

/* The text of a name in memory of the audit: flow_names has put it there already, if it is as written. */
static const char *
name_kept(struct view *v, const struct view_name *n)
{
	if (n->wild)
		return arena_fmt(&v->a->mem, "*.%s", n->host);
	return n->host == n->written ? n->host : arena_str(&v->a->mem, n->host);
}

/* The names that a listener's live rules publish, each once, in the order of the rules. The list
 * itself is in `mem`. */
static bool
listener_names(struct view *v, const struct view_listener *l, bool tls_only, struct arena *mem, struct tmg_name **list)
{
	struct tmg_name **tail = list;
	const char *s;

	v->lists++;
	for (size_t i = 0; i < l->rule_count; i++) {
		const struct view_rule *r = l->rules[i];

		if (!r->live || (tls_only && (!r->tls_in || r->autodiscover_plain)) || r->web->all_public_names)
			continue;
		for (size_t k = 0; k < r->name_count; k++) {
			const struct view_name *n = &r->names[k];

			if (n->bad || n->list->listed == v->lists)
				continue;
			n->list->listed = v->lists;
			if ((s = name_kept(v, n)) == NULL || !name_link(mem, &tail, s))
				return false;
		}
	}
	return true;
}

static bool
dns_make(struct view *v, const struct view_listener *l)
{
	struct arena *mem = &v->a->mem, brief;
	struct tmg_name *names = NULL;
	struct tmg_dns_need *d = NULL;
	const char *listener = arena_str(mem, l->listener->o.name);
	bool good;

	arena_init(&brief, v->a->budget);
	good = listener != NULL && listener_names(v, l, false, &brief, &names);
	for (; good && names != NULL; names = names->next) {
		if ((d = arena_alloc(mem, sizeof(*d))) == NULL) {
			good = false;
			break;
		}
		d->name = names->s;
		d->listener = listener;
		d->addresses = l->addresses;
		*v->a->last_dns = d;
		v->a->last_dns = &d->next;
	}
	arena_free(&brief);
	return good;
}

static bool
certificate_make(struct view *v, const struct view_listener *l)
{
	struct arena *mem = &v->a->mem;
	struct tmg_certificate_need *c;
	struct tmg_name **tail;
	const struct tmg_name *n;

	if (l->listener->https_port == 0)
		return true;
	if ((c = arena_alloc(mem, sizeof(*c))) == NULL || !listener_names(v, l, true, mem, &c->names))
		return false;
	c->listener = arena_str(mem, l->listener->o.name);
	c->file = arena_str(mem, l->input->file);
	tail = &c->thumbprints;
	for (const struct tmg_certificate *x = l->listener->certificates; x != NULL; x = x->next)
		if (x->hash != NULL && !name_push(mem, &tail, x->hash)) /* a reference without a hash stays unnamed */
			return false;
	if (l->cert != NULL) {
		c->given = l->cert->file;
		tail = &c->missing;
		for (n = c->names; n != NULL; n = n->next)
			if (!certificate_covers(v, l->cert->certificates, n->s) && !name_push(mem, &tail, n->s))
				return false;
	}
	*v->a->last_certificate = c;
	v->a->last_certificate = &c->next;
	return true;
}

bool
needs_make(struct view *v)
{
	for (size_t i = 0; i < v->listener_count; i++)
		if (v->listeners[i].rule_count > 0 &&
		    (!dns_make(v, &v->listeners[i]) || !certificate_make(v, &v->listeners[i])))
			return false;
	return true;
}
