/*
 * Makes rules and listeners ready to be walked: what does not depend on a
 * request is judged once. Fail closed: what restricts and is not understood
 * ends in `closed`. Must not know the plan, which judges the same for itself.
 */
#include "model/filter.h"
#include "model/guid.h"
#include "trace/match.h"
#include "trace/trace.h"

static bool
is_named(const struct tmg_obj *o, const char *word)
{
	return strcmp(o->name, word) == 0 || (word[0] == '{' && guid_is(o, word));
}

static bool
port_good(int port)
{
	return port >= 1 && port <= 65535;
}

/* ---- listeners ----------------------------------------------------------------- */

static void
add_address(struct trace_listener *tl, const char *s)
{
	if (match_address(s, strlen(s), tl->addresses[tl->address_count]))
		tl->address_count++;
}

static bool
prepare_listener(struct tmg_tracer *tr, struct trace_listener *tl, const struct tmg_listener *l,
    const struct tmg_trace_options *opt, bool *used)
{
	const struct tmg_bind *b;
	const struct tmg_text *x;
	size_t n = opt->bind_count + 1, i;

	tl->listener = l;
	tl->http = port_good(l->http_port) ? l->http_port : 0;
	tl->https = port_good(l->https_port) ? l->https_port : 0;
	for (b = l->binds; b != NULL; b = b->next)
		for (x = b->addresses; x != NULL; x = x->next)
			n++;
	tl->addresses = arena_array(&tr->mem, n, 16);
	if (tl->addresses == NULL)
		return false;
	for (i = 0; i < opt->bind_count; i++) {
		if (is_named(&l->o, opt->binds[i].key)) {
			add_address(tl, opt->binds[i].value);
			used[i] = true;
		}
	}
	if (tl->address_count > 0)
		return true; /* the user knows better than the file */
	tl->any = l->binds == NULL;
	for (b = l->binds; b != NULL; b = b->next) {
		tl->any = tl->any || b->method != 2;
		for (x = b->method == 2 ? b->addresses : NULL; x != NULL; x = x->next)
			add_address(tl, x->s);
	}
	return true;
}

bool
prepare_listeners(struct tmg_tracer *tr, const struct tmg_trace_options *opt)
{
	const struct tmg_input *in;
	const struct tmg_array *a;
	const struct tmg_obj *o;
	bool *used = arena_array(&tr->mem, opt->bind_count + 1, sizeof(*used));
	size_t n = 0, i;

	for (in = tr->t->inputs; in != NULL; in = in->next)
		for (a = in->arrays; a != NULL; a = a->next)
			for (o = a->first[TMG_K_LISTENER]; o != NULL; o = o->next)
				n++;
	tr->listeners = arena_array(&tr->mem, n + 1, sizeof(*tr->listeners));
	if (tr->listeners == NULL || used == NULL)
		return false;
	for (in = tr->t->inputs; in != NULL; in = in->next)
		for (a = in->arrays; a != NULL; a = a->next)
			for (o = a->first[TMG_K_LISTENER]; o != NULL; o = o->next)
				if (!prepare_listener(tr, &tr->listeners[tr->listener_count++],
					(const struct tmg_listener *)(const void *)o, opt, used))
					return false;
	for (i = 0; i < opt->bind_count; i++)
		if (!used[i])
			diag_file(&tr->t->diags, D_BIND_UNUSED, NULL, 0, "%s", opt->binds[i].key);
	return true;
}

/* ---- conditions of a rule -------------------------------------------------------- */

/* Copies what stands in `b`, and empties it. */
static const char *
keep(struct tmg_tracer *tr, struct strbuf *b, size_t *len)
{
	const char *s = arena_strn(&tr->mem, b->s, b->len);

	*len = b->len;
	sb_clear(b);
	return b->failed ? NULL : s;
}

static bool
prepare_names(struct tmg_tracer *tr, struct trace_rule *r, const struct tmg_rule *rule)
{
	struct tmg_public_name x = { 0 };
	struct trace_name *name;
	size_t n = 1;

	r->all_names = rule->web->all_public_names;
	while (tmg_next_name(rule, &x))
		n++;
	r->names = arena_array(&tr->mem, n, sizeof(*r->names));
	if (r->names == NULL)
		return false;
	for (x.s = NULL; tmg_next_name(rule, &x);) {
		bool below = x.s[0] == '*' && x.s[1] == '.';
		const char *s = x.s + (below ? 2 : 0);
		enum match_host_kind kind = match_host(s, strlen(s), &tr->host);

		/* A form that no request has; or names below an address. */
		if (kind == HOST_BAD || (below && kind != HOST_NAME)) {
			sb_clear(&tr->host);
			continue;
		}
		name = &r->names[r->name_count++];
		name->below = below;
		name->s = keep(tr, &tr->host, &name->len);
		if (name->s == NULL)
			return false;
	}
	return true;
}

/* One mapping; *good false: a form that the product does not know. */
static bool
prepare_path(struct tmg_tracer *tr, struct trace_path *p, const struct tmg_path_mapping *m, bool *good)
{
	const char *external = m->external != NULL && !m->same ? m->external : m->internal;
	const char *internal = m->internal != NULL ? m->internal : m->external;
	bool inner;
	size_t unused;

	if (external == NULL)
		external = m->external;
	*good = false;
	sb_clear(&tr->path);
	if (external == NULL || internal == NULL || !match_published(external, &p->prefix, &tr->path))
		return true;
	p->published = keep(tr, &tr->path, &p->len);
	if (p->published == NULL)
		return false;
	if (!match_internal(internal, &inner, &tr->path) || inner != p->prefix)
		return true;
	*good = true;
	p->internal = keep(tr, &tr->path, &unused);
	if (p->internal == NULL)
		return false;
	if (strcmp(external, internal) == 0)
		p->internal = NULL;
	return true;
}

static bool
prepare_paths(struct tmg_tracer *tr, struct trace_rule *r, const struct tmg_web *w, bool *malformed)
{
	const struct tmg_path_mapping *m;
	size_t n = 0;
	bool good;

	r->all_paths = w->paths == NULL;
	for (m = w->paths; m != NULL; m = m->next)
		n++;
	r->paths = arena_array(&tr->mem, n + 1, sizeof(*r->paths));
	if (r->paths == NULL)
		return false;
	for (m = w->paths; m != NULL; m = m->next) {
		if (!prepare_path(tr, &r->paths[r->path_count], m, &good))
			return false;
		r->path_count += good;
		*malformed = *malformed || !good;
	}
	/* Nobody can say what a malformed path covers: perhaps everything. */
	r->all_paths = r->all_paths || *malformed;
	return true;
}

/* Is the set of hours known? Without hours the rule holds at all times. */
static bool
prepare_schedule(struct trace_rule *r, const struct tmg_rule *rule)
{
	const struct tmg_schedule *s = rule->terms->schedule;
	const struct tmg_ref *ref;
	unsigned n = 0;

	if (rule->applies_always)
		return true;
	for (ref = rule->terms->refs; ref != NULL; ref = ref->next)
		n += ref->cls != NULL ? ascii_casecmp(ref->cls, "ProxyScheduleTemplate") == 0
				      : ref->to != NULL && ref->to->kind == TMG_K_SCHEDULE;
	if (s == NULL || n != 1 || !s->valid || s->unknown || s->o.broken)
		return false;
	r->hours = s->hours;
	return true;
}

/* ---- where an allow rule leads ----------------------------------------------------- */

/* A host name or an address, as it stands there where that says the same; NULL: neither. */
static const char *
prepare_host(struct tmg_tracer *tr, const char *s, bool brackets)
{
	enum match_host_kind kind;
	const char *made;
	size_t n;

	if (s == NULL)
		return NULL;
	sb_clear(&tr->host);
	kind = match_host(s, strlen(s), &tr->host);
	if (kind == HOST_BAD)
		return NULL;
	made = keep(tr, &tr->host, &n);
	if (made == NULL)
		return NULL;
	if (kind == HOST_V6 && !brackets)
		return arena_strn(&tr->mem, made + 1, n - 2);
	return ascii_casecmp(made, s) == 0 ? s : made;
}

static const char *
prepare_farm(struct tmg_tracer *tr, struct trace_rule *r, const struct tmg_ref *ref)
{
	const struct tmg_farm *f;
	const struct tmg_member *m;
	const char **list, *s;
	size_t n = 1;

	r->farm = true;
	if (ref->to == NULL || ref->to->kind != TMG_K_FARM)
		return "its server farm is not in the file";
	f = (const struct tmg_farm *)(const void *)ref->to;
	if (f->o.broken)
		return "its server farm holds a value that cannot be read";
	for (m = f->members; m != NULL; m = m->next)
		n++;
	list = arena_array(&tr->mem, n, sizeof(*list));
	if (list == NULL)
		return "memory";
	for (m = f->members; m != NULL; m = m->next) {
		s = prepare_host(tr, m->address, false);
		if (s == NULL)
			return "a member of its farm is neither a host name nor an address";
		if (!m->drained)
			list[r->server_count++] = s;
	}
	r->servers = list;
	return r->server_count > 0 ? NULL : "its farm has no member for new clients";
}

static const char *
prepare_server(struct tmg_tracer *tr, struct trace_rule *r, const struct tmg_web *w)
{
	const struct tmg_ref *ref, *farm = NULL;
	const char **list = arena_array(&tr->mem, 1, sizeof(*list));
	unsigned farms = 0;

	for (ref = w->lb_enabled ? w->farm : NULL; ref != NULL; ref = ref->next) {
		if (ref->key != NULL && ref->key[0] != '\0') {
			farm = ref;
			farms++;
		}
	}
	if (w->site == NULL)
		return "it names no site";
	r->site = prepare_host(tr, w->site, true);
	if (r->site == NULL)
		return "its site is neither a host name nor an address";
	if (farms > 1)
		return "it names more than one server farm";
	if (farms == 1)
		return prepare_farm(tr, r, farm);
	if (list == NULL || (list[0] = prepare_host(tr, w->server != NULL ? w->server : w->site, false)) == NULL)
		return "its server is neither a host name nor an address";
	r->servers = list;
	r->server_count = 1;
	return NULL;
}

static const char *
prepare_bridging(const struct tmg_web *w)
{
	switch (w->server_type) {
	case 0: return port_good(w->http_port) ? NULL : "its HTTP port is none";
	case 1: return port_good(w->https_port) ? NULL : "its SSL port is none";
	case 2: return port_good(w->http_port) && port_good(w->https_port) ? NULL : "one of its ports is none";
	case 3: return "it publishes FTP";
	default: return "its kind of bridging is not known";
	}
}

/* ---- section 6 ------------------------------------------------------------------------ */

static bool
is_all_users(const struct tmg_ref *ref)
{
	const struct predefined *p = predefined_target(ref);

	return p != NULL && p->what == PRE_ALL_USERS && !ref->ambiguous;
}

/* Is the user set other than All Users? */
static bool
certain_users(const struct tmg_web *w)
{
	const struct tmg_ref *ref;
	bool all = !w->has_users;

	if (w->non_windows_users || w->users_unknown)
		return true;
	for (ref = w->users; ref != NULL; ref = ref->next) {
		if (ref->excluded)
			return true;
		all = all || is_all_users(ref);
	}
	return !all;
}

static bool
claims_certificate(const struct tmg_web *w)
{
	return w->require_client_cert || w->client_cert_claim == 1;
}

/* Does the file say all that a client certificate must fulfil: to be of one of
 * the root authorities that the listener lists, and nothing more? */
static bool
certificate_known(const struct tmg_listener *l)
{
	bool limits_off = (l->stated & TMG_S_CERT_LIMITS) != 0 && !l->cert_limited;
	bool list_off = (l->stated & TMG_S_TRUST_LIST) != 0 && !l->trust_used;

	if (l->https_port <= 0 || list_off || l->trust == NULL || l->trust_not_roots || l->trust_broken)
		return false;
	return limits_off || (!l->cert_limited && !l->cert_limits_there);
}

/* Why the product would demand what no target can ask for, or NULL. */
static const char *
demanded(const struct tmg_web *w, const struct tmg_listener *l)
{
	bool users = certain_users(w);

	if ((claims_certificate(w) && !certificate_known(l)) || (l->cert_auth && users))
		return "a client certificate is demanded that cannot be checked";
	if (users)
		return "it is for certain users only";
	return l->always_authenticate ? "its listener makes every client sign in" : NULL;
}

/* What no --pass-through opens. */
static const char *
closed_for_good(struct tmg_tracer *tr, struct trace_rule *r, bool malformed)
{
	const struct tmg_web *w = r->rule->web;
	const char *why;

	if (r->rule->o.broken)
		return "a value that restricts it cannot be read";
	if (r->listener->o.broken)
		return "a value that restricts its listener cannot be read";
	if (r->clients.unknown)
		return "its sources are empty, or a part of them is not known";
	if (w->users_unknown)
		return "an element that is not known restricts its users";
	if (w->client_cert_claim < 0 || w->client_cert_claim > 2)
		return "what it demands of client certificates is not known";
	if (malformed)
		return "a path has a form that the product does not know";
	why = prepare_bridging(w);
	return why != NULL ? why : prepare_server(tr, r, w);
}

static bool
is_opened(const struct tmg_trace_options *opt, const struct tmg_obj *o, bool *used)
{
	bool opened = false;
	size_t i;

	for (i = 0; i < opt->pass_count; i++) {
		if (strcmp(opt->pass_through[i], "all") == 0 || is_named(o, opt->pass_through[i])) {
			used[i] = true;
			opened = true;
		}
	}
	return opened;
}

static void
prepare_allow(struct tmg_tracer *tr, struct trace_rule *r, bool malformed, bool schedule_known,
    const struct tmg_trace_options *opt, bool *used)
{
	const struct tmg_web *w = r->rule->web;
	const struct tmg_vendor *v = filter_of(r->rule);
	const char *user = demanded(w, r->listener), *open_to_ask;

	r->filter = v != NULL ? v->filter : NULL;
	r->demands_user = user != NULL || claims_certificate(w);
	r->demands_certificate = claims_certificate(w) && certificate_known(r->listener);
	r->closed = closed_for_good(tr, r, malformed);
	open_to_ask = user != NULL ? user
	    : w->paths == NULL     ? "it has no path"
	    : !schedule_known      ? "its schedule is not known"
				   : NULL;
	if (r->closed == NULL && open_to_ask != NULL && !is_opened(opt, &r->rule->o, used))
		r->closed = open_to_ask;
}

/* A redirect goes out as it is written, so it must be fit to. */
static const char *
prepare_redirect(const struct tmg_web *w)
{
	const char *s = w->redirect_url, *rest;

	if (s == NULL)
		return NULL;
	rest = ascii_ncasecmp(s, "http://", 7) == 0 ? s + 7 : ascii_ncasecmp(s, "https://", 8) == 0 ? s + 8 : NULL;
	if (rest == NULL || *rest == '\0' || strchr("/?#:", *rest) != NULL)
		return NULL;
	for (rest = s; *rest != '\0'; rest++)
		if (*rest <= 0x20 || *rest >= 0x7f || strchr("\"<>\\^`{|}", *rest) != NULL)
			return NULL;
	return s;
}

static bool
prepare_rule(struct tmg_tracer *tr, struct trace_rule *r, const struct tmg_array *a, const struct tmg_rule *rule,
    const struct tmg_trace_options *opt, bool *used)
{
	bool malformed = false, schedule_known;

	r->rule = rule;
	r->listener = rule->web->listener;
	r->off = !rule->enabled ? "it is disabled"
	    : rule->system      ? "it is a system rule"
	    : !a->publishing    ? "the array's policy switches publishing rules off"
				: NULL;
	if (r->off != NULL || r->listener == NULL)
		return true;
	if (!clients_compile(&tr->clients, rule->terms->sources, a->input, &r->clients) ||
	    !prepare_names(tr, r, rule) || !prepare_paths(tr, r, rule->web, &malformed))
		return false;
	schedule_known = prepare_schedule(r, rule);
	if (rule->deny)
		r->redirect = prepare_redirect(rule->web);
	/* A deny rule whose Action could not be read is no deny rule, and closed. */
	else
		prepare_allow(tr, r, malformed, schedule_known, opt, used);
	return !tr->mem.failed;
}

bool
prepare_rules(struct tmg_tracer *tr, const struct tmg_trace_options *opt)
{
	const struct tmg_input *in;
	const struct tmg_array *a;
	const struct tmg_rule *rule;
	bool *used = arena_array(&tr->mem, opt->pass_count + 1, sizeof(*used));
	size_t n = 0, i;

	for (in = tr->t->inputs; in != NULL; in = in->next)
		for (a = in->arrays; a != NULL; a = a->next)
			for (rule = a->rules; rule != NULL; rule = tmg_next_rule(rule))
				n += rule->web != NULL;
	tr->rules = arena_array(&tr->mem, n + 1, sizeof(*tr->rules));
	tr->steps = arena_array(&tr->mem, n + 1, sizeof(*tr->steps));
	if (tr->rules == NULL || tr->steps == NULL || used == NULL)
		return false;
	for (in = tr->t->inputs; in != NULL; in = in->next)
		for (a = in->arrays; a != NULL; a = a->next)
			for (rule = a->rules; rule != NULL; rule = tmg_next_rule(rule))
				if (rule->web != NULL &&
				    !prepare_rule(tr, &tr->rules[tr->rule_count++], a, rule, opt, used))
					return false;
	for (i = 0; i < opt->pass_count; i++)
		if (!used[i] && strcmp(opt->pass_through[i], "all") != 0)
			diag_file(&tr->t->diags, D_PASS_UNUSED, NULL, 0, "%s", opt->pass_through[i]);
	return true;
}
