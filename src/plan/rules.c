/*
 * The state of every rule: live, disabled, closed with reasons, not
 * applicable; and of those that take part, names and servers in the
 * form in which they are compared. What restricts access and cannot be
 * expressed closes the rule here (section 6 of the semantics).
 */
#include "plan/lower.h"

#include <stdarg.h>

#include "base/text.h"
#include "model/guid.h"

struct judge {
	struct lower *lo;
	struct prule *r;
	const struct tmg_rule *rule;
	const struct tmg_web *w;
	struct manner m; /* as far as it is known */
	bool named;      /* --pass-through names this rule (or all) */
	bool by_name;    /* by its own name, not by "all" */
	bool used;       /* it opened something */
	bool closed;
};

static bool
pass_through(struct lower *lo, const struct tmg_rule *r, bool *by_name)
{
	const struct tmg_convert_options *o = lo->p->opt.o;
	bool all = false;

	*by_name = false;
	for (size_t i = 0; i < o->pass_count; i++) {
		if (strcmp(o->pass_through[i], r->o.name) == 0 ||
		    (o->pass_through[i][0] != '\0' && guid_is(&r->o, o->pass_through[i])))
			*by_name = true;
		else if (strcmp(o->pass_through[i], "all") == 0)
			all = true;
	}
	return *by_name || all;
}

/* A reason that closes the rule. */
static void shut(struct judge *j, enum diag_id id, uint32_t line, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* The same, of the kind that --pass-through may set aside. */
static void shut_or_open(struct judge *j, enum diag_id id, uint32_t line, const char *fmt, ...) PRINTF_LIKE(4, 5);

static void
shut(struct judge *j, enum diag_id id, uint32_t line, const char *fmt, ...)
{
	va_list ap;

	j->closed = true;
	va_start(ap, fmt);
	reason_vadd(j->lo, rule_made(j->lo, j->r), id, line, fmt, ap);
	va_end(ap);
}

static void
shut_or_open(struct judge *j, enum diag_id id, uint32_t line, const char *fmt, ...)
{
	va_list ap;

	if (j->named && !j->rule->deny) {
		j->used = true;
		reason_add(j->lo, rule_made(j->lo, j->r), D_OPENED, line, "%s", diag_row(id)->id);
		return;
	}
	j->closed = true;
	va_start(ap, fmt);
	reason_vadd(j->lo, rule_made(j->lo, j->r), id, line, fmt, ap);
	va_end(ap);
}

static const char *
ref_name(const struct tmg_ref *ref)
{
	return ref->to != NULL ? ref->to->name : ref->predefined != NULL ? ref->predefined : ref->key;
}

static enum predefined_what
ref_what(const struct tmg_ref *ref)
{
	const struct predefined *p = predefined_target(ref);

	return p != NULL ? p->what : PRE_OTHER;
}

static bool
is_external(const struct tmg_ref *ref)
{
	if (ref_what(ref) == PRE_EXTERNAL)
		return true;
	return ref->to != NULL && ref->to->kind == TMG_K_NETWORK &&
	    ((const struct tmg_network *)(const void *)ref->to)->type == 3;
}

/* Whom the rule admits; a part that is not known closes it. */
static void
judge_sources(struct judge *j)
{
	const char *what;
	uint32_t line;
	enum diag_id why = sources_of(j->lo, j->rule, &j->m.sources, &j->m.nobody, &what, &line);

	if (why != D_COUNT)
		shut(j, why, line, what != NULL ? "%s" : NULL, what);
	if (why != D_COUNT || j->rule->terms->sources == NULL || sources_know_networks(j->lo))
		return;
	for (const struct tmg_ref *ref = j->rule->terms->sources->refs; ref != NULL; ref = ref->next) {
		if (!ref->excluded && is_external(ref)) {
			plan_note(j->lo->p, j->lo->t, D_EXTERNAL_UNKNOWN, &j->rule->o,
			    tmg_line(&j->rule->o, ref->below), NULL);
			return;
		}
	}
}

static const struct plan_schedule *
schedule_share(struct lower *lo, const struct tmg_schedule *s)
{
	void **slot = hmap_slot(&lo->hours, (const char *)s->hours, sizeof(s->hours), true);
	struct plan_schedule *ps;

	if (slot == NULL) {
		lo->failed = true;
		return NULL;
	}
	if (*slot != NULL)
		return *slot;
	if ((ps = arena_alloc(lo->mem, sizeof(*ps))) == NULL)
		return NULL;
	*slot = ps;
	ps->id = ++lo->schedule_count;
	ps->s = s;
	*lo->last_schedule = ps;
	lo->last_schedule = &ps->next;
	return ps;
}

/* When the rule holds. In a target without schedules it is closed at all hours. */
static void
judge_schedule(struct judge *j)
{
	const struct tmg_schedule *s = j->rule->terms->schedule;

	if (j->rule->applies_always)
		return;
	if (s == NULL || !s->valid || s->unknown || s->o.broken)
		shut_or_open(j, D_CLOSED_SCHEDULE_UNKNOWN, 0, "%s", s != NULL ? s->o.name : "it is not in the file");
	else if (!target_can(j->lo, PLAN_CAN_SCHEDULE))
		shut_or_open(j, D_CLOSED_SCHEDULE, 0, "%s", s->o.name);
	else
		j->m.schedule = schedule_share(j->lo, s); /* --pass-through opens what is closed; this is not */
}

/* Who may use the rule: anything but All Users needs a sign-in at the proxy. */
static bool
judge_users(struct judge *j)
{
	const struct tmg_web *w = j->w;
	bool all = !w->has_users, some = w->non_windows_users;
	const struct tmg_ref *who = NULL;

	if (w->users_unknown) {
		shut(j, D_CLOSED_UNKNOWN, tmg_line(&j->rule->o, w->below), "in the user sets");
		return true;
	}
	for (const struct tmg_ref *ref = w->users; ref != NULL; ref = ref->next) {
		if (!ref->excluded && ref_what(ref) == PRE_ALL_USERS) {
			all = true;
			continue;
		}
		some = true;
		who = who == NULL || ref->to == NULL ? ref : who;
	}
	if (all && !some)
		return false;
	/* All Users beside others admits everybody, unless the others are exceptions. */
	if (all && who != NULL) {
		bool except = false;
		for (const struct tmg_ref *ref = w->users; ref != NULL; ref = ref->next)
			except |= ref->excluded;
		if (!except)
			return false;
	}
	if (who != NULL && who->to == NULL && who->predefined == NULL)
		shut_or_open(j, D_CLOSED_USERS_UNKNOWN, tmg_line(&j->rule->o, who->below), "%s", who->key);
	else
		shut_or_open(j, D_CLOSED_USERS,
		    who != NULL ? tmg_line(&j->rule->o, who->below) : tmg_line(&j->rule->o, w->below), "%s",
		    who != NULL ? ref_name(who) : "no user set");
	return true;
}

/* Why a certificate that the rule demands cannot be checked; NULL: it can. */
static const char *
cert_uncheckable(const struct judge *j)
{
	const struct tmg_listener *l = j->w->listener;

	if (!target_can(j->lo, PLAN_CAN_CLIENT_CERT))
		return "this target cannot check it";
	if (l->https_port <= 0)
		return "the listener has no HTTPS port";
	if (l->cert_limited || (l->cert_limits_there && (l->stated & TMG_S_CERT_LIMITS) == 0))
		return "the listener also restricts what is in the certificate";
	if (l->trust == NULL || ((l->stated & TMG_S_TRUST_LIST) != 0 && !l->trust_used))
		return "the listener trusts every authority that the computer trusts, and the file does not hold these";
	if (l->trust_broken)
		return "an authority that the listener trusts cannot be read";
	if (l->trust_not_roots)
		return "the listener's list holds intermediate authorities, and with their roots more would be let in";
	return NULL;
}

/* A demand that the proxy can enforce is kept, also when --pass-through opens the rule. */
static void
judge_client_cert(struct judge *j, bool users)
{
	const struct tmg_web *w = j->w;
	const char *why;

	if (w->client_cert_claim < 0 || w->client_cert_claim > 2) {
		shut(j, D_CLOSED_UNKNOWN, 0, "SSLClientCertificateClaim %d", w->client_cert_claim);
	} else if (w->client_cert_claim == 1 || w->require_client_cert) {
		why = cert_uncheckable(j);
		j->m.needs_cert = why == NULL;
		if (why != NULL)
			shut_or_open(j, D_CLOSED_CLIENT_CERT, 0, "%s", why);
	} else if (users && w->listener->cert_auth) {
		shut_or_open(j, D_CLOSED_CLIENT_CERT, 0, "listener \"%s\" takes it as sign-in", w->listener->o.name);
	}
}

static void
judge_authentication(struct judge *j)
{
	const struct tmg_web *w = j->w;
	bool users = judge_users(j), always = w->listener != NULL && w->listener->always_authenticate;

	if (j->rule->deny)
		return;
	if (always)
		shut_or_open(j, D_CLOSED_AUTH, 0, "listener \"%s\"", w->listener->o.name);
	judge_client_cert(j, users);
	j->m.wanted_user = users || always || w->client_cert_claim == 1 || w->require_client_cert;
	if (!j->m.wanted_user && w->delegation >= 2 && w->delegation <= 6)
		plan_note(j->lo->p, j->lo->t, D_DELEGATION_IGNORED, &j->rule->o, 0, "CredentialsDelegationType %d",
		    w->delegation);
}

/* ------------------------------------------------------------- names, paths */

/* Was the name not pushed before? The map holds those that were. */
static bool
name_is_new(struct judge *j, struct hmap *seen, enum plan_host_kind kind, const char *name)
{
	char *key = arena_fmt(&j->lo->tmp, "%d%s", (int)kind, name);
	void **slot = key != NULL ? hmap_slot(seen, key, strlen(key), true) : NULL;
	bool new = slot != NULL &&*slot == NULL;

	if (slot == NULL)
		j->lo->failed = true;
	else
		*slot = key;
	return new;
}

/* `seen` NULL: there is one name only. `own` is the text of the export, which serves when it is the name. */
static void
name_push(struct judge *j, struct hmap *seen, enum plan_host_kind kind, const char *name, const char *own)
{
	struct lower *lo = j->lo;
	struct plan_host *n = &lo->pnames[lo->pname_count];

	if (seen != NULL && !name_is_new(j, seen, kind, name))
		return;
	n->kind = kind;
	n->name = own != NULL && strcmp(own, name) == 0 ? own : lower_str(lo, name);
	lo->pname_count++;
}

static void
judge_names(struct judge *j)
{
	struct strbuf *b = &j->lo->key;
	struct tmg_public_name x = { 0 }, second;
	bool wild, some = !j->w->all_public_names && tmg_next_name(j->rule, &x), many;
	struct hmap seen;

	second = x;
	many = some && tmg_next_name(j->rule, &second);
	hmap_init(&seen, j->lo->p->budget);
	if (j->w->all_public_names)
		name_push(j, NULL, HOST_ANY, "", "");
	for (; some; some = many && tmg_next_name(j->rule, &x)) {
		if (x.s[0] == '\0')
			continue;
		sb_clear(b);
		if (!host_canonical(x.s, b, &wild) || b->failed)
			plan_note(j->lo->p, j->lo->t, D_NAME_FORM, &j->rule->o, x.line, "%s", x.s);
		else
			name_push(j, many ? &seen : NULL, wild ? HOST_SUFFIX : HOST_EXACT, b->s, wild ? x.s + 2 : x.s);
	}
	hmap_free(&seen);
	if (rule_names(j->lo, j->r) == j->lo->pname_count)
		shut(j, D_NO_NAMES, tmg_line(&j->rule->o, j->w->below), NULL);
}

static void
judge_paths(struct judge *j)
{
	const struct tmg_path_mapping *bad;
	const struct ppaths *l;

	if (j->w->paths == NULL) {
		j->m.paths = paths_all(j->lo);
		if (!j->rule->deny)
			shut_or_open(j, D_CLOSED_PATHS, tmg_line(&j->rule->o, j->w->below), NULL);
		return;
	}
	l = j->m.paths = paths_of(j->lo, j->w->paths, &bad);
	if (l != NULL && l->inner != NULL)
		plan_note(j->lo->p, j->lo->t, D_PATH_SHADOW, &j->rule->o, tmg_line(&j->rule->o, j->w->below),
		    "%s inside %s%s", l->inner->path, l->outer->path, l->outer->prefix ? "/*" : "");
	if (l != NULL || bad == NULL)
		return;
	shut(j, D_CLOSED_PATH_FORM, tmg_line(&j->rule->o, bad->below), "%s -> %s",
	    bad->external != NULL ? bad->external : "(none)", bad->internal != NULL ? bad->internal : "(none)");
	j->m.paths = paths_all(j->lo); /* which paths it meant is not known: all of them */
}

/* ----------------------------------------------------------------- servers */

/* A server's name as the export spells it. */
struct seen {
	const char *name; /* canonical, or NULL */
	bool address;
};

/* The name in the form in which it is compared; NULL: it is none. Rules name few servers: each spelling is read once. */
static const char *
host_of(struct judge *j, const char *s, bool *address)
{
	struct lower *lo = j->lo;
	struct strbuf *b = &lo->key;
	void **slot = s != NULL ? hmap_slot(&lo->hosts_seen, s, strlen(s), true) : NULL;
	struct seen *seen;
	bool wild;

	lo->failed |= s != NULL && slot == NULL;
	if (slot == NULL)
		return NULL;
	if ((seen = *slot) == NULL) {
		if ((seen = arena_alloc(&lo->tmp, sizeof(*seen))) == NULL)
			return NULL;
		*slot = seen;
		sb_clear(b);
		if (host_canonical(s, b, &wild) && !wild && !b->failed) {
			seen->address = host_is_address(b->s);
			seen->name = lower_name(lo, b->s);
		}
		lo->failed |= b->failed;
	}
	if (seen->name != NULL)
		*address = seen->address;
	return seen->name;
}

/* The members of the rule's farm. One that cannot be used is said; a farm without any closes. */
static void
judge_farm(struct judge *j)
{
	const struct tmg_ref *ref = j->w->farm;
	const struct tmg_farm *farm =
	    ref->to != NULL && ref->to->kind == TMG_K_FARM ? (const struct tmg_farm *)(const void *)ref->to : NULL;
	struct plan_member *m, **tail = &j->m.members;
	uint32_t id = 0, usable = 0;

	j->m.farm = farm;
	for (const struct tmg_member *x = farm != NULL ? farm->members : NULL; x != NULL; x = x->next) {
		if ((m = arena_alloc(j->lo->mem, sizeof(*m))) == NULL)
			return;
		m->host = host_of(j, x->address, &m->host_is_address);
		if (m->host == NULL) {
			shut(j, D_BAD_SERVER, x->line, "%s",
			    x->address != NULL ? x->address : "a member without address");
			return;
		}
		m->drained = x->drained;
		m->id = ++id;
		usable += !m->drained;
		*tail = m;
		tail = &m->next;
	}
	if (usable == 0 || ref->next != NULL || (farm != NULL && farm->o.broken))
		shut(j, D_CLOSED_FARM, tmg_line(&j->rule->o, ref->below), "%s", ref_name(ref));
	if (j->w->affinity != 0 && j->w->affinity != 1)
		shut(j, D_CLOSED_UNKNOWN, tmg_line(&j->rule->o, ref->below), "AffinityType %d", j->w->affinity);
}

static bool
port_ok(int port)
{
	return port >= 1 && port <= 65535;
}

static void
judge_target(struct judge *j)
{
	const struct tmg_web *w = j->w;
	struct manner *m = &j->m;

	if (w->server_type == 3)
		shut(j, D_CLOSED_FTP, tmg_line(&j->rule->o, w->below), NULL);
	else if (w->server_type < 0 || w->server_type > 3)
		shut(j, D_CLOSED_UNKNOWN, tmg_line(&j->rule->o, w->below), "PublishedServerType %d", w->server_type);
	if (w->delegation < 0 || w->delegation > 6)
		shut(j, D_CLOSED_UNKNOWN, tmg_line(&j->rule->o, w->below), "CredentialsDelegationType %d",
		    w->delegation);
	if (w->require_ssl < 0 || w->require_ssl > 3)
		shut(
		    j, D_CLOSED_UNKNOWN, tmg_line(&j->rule->o, w->below), "SSLRequireSecureChannel %d", w->require_ssl);
	if ((w->server_type != 1 && !port_ok(w->http_port)) || (w->server_type != 0 && !port_ok(w->https_port)))
		shut(j, D_BAD_SERVER, tmg_line(&j->rule->o, w->below), "port %d or %d", w->http_port, w->https_port);
	if (w->lb_enabled && w->farm != NULL && w->farm->key[0] != '\0')
		judge_farm(j);
	if (w->site == NULL) {
		shut(j, D_NO_SITE, tmg_line(&j->rule->o, w->below), NULL);
		return;
	}
	m->site = host_of(j, w->site, &m->site_is_address);
	m->server = host_of(j, w->server, &m->server_is_address);
	if (m->site == NULL)
		shut(j, D_BAD_SERVER, tmg_site_line(j->rule), "%s", w->site);
	else if (m->server == NULL && m->farm == NULL)
		shut(j, D_BAD_SERVER, tmg_server_line(j->rule), "%s", w->server);
}

/* http or https, a host, and nothing but visible ASCII. */
static bool
is_url(const char *s)
{
	size_t scheme = ascii_ncasecmp(s, "http://", 7) == 0 ? 7 : ascii_ncasecmp(s, "https://", 8) == 0 ? 8 : 0;

	if (scheme == 0 || s[scheme] == '\0' || strchr("/?#:", s[scheme]) != NULL || strlen(s) > 4096)
		return false;
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
			return false;
	}
	return true;
}

/* The URL of a redirect in plain ASCII, or NULL when it cannot be one. */
static const char *
redirect_url(struct judge *j)
{
	static const char encode[] = "\"<>\\^`{|} '";
	const char *s = j->w->redirect_url, *out = NULL;
	struct strbuf b;

	if (s == NULL || s[0] == '\0')
		return NULL;
	if (!is_url(s)) {
		plan_note(
		    j->lo->p, j->lo->t, D_REDIRECT_FORM, &j->rule->o, tmg_line(&j->rule->o, j->w->below), "%s", s);
		return NULL;
	}
	sb_init(&b, j->lo->p->budget);
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		if (c >= 0x7f || strchr(encode, (char)c) != NULL)
			sb_fmt(&b, "%%%02X", c);
		else
			sb_putc(&b, (char)c);
	}
	if (!b.failed)
		out = lower_name(j->lo, b.s);
	sb_free(&b);
	return out;
}

/* ----------------------------------------------------------------- judging */

/* One more manner, which has the next number. */
static struct manner *
manner_new(struct lower *lo, const struct manner *m)
{
	struct manner *made = arena_alloc(&lo->tmp, sizeof(*made)), **grown;
	size_t cap = lo->manner_cap != 0 ? lo->manner_cap * 2 : 16;

	if (made != NULL && lo->manner_count == lo->manner_cap) {
		grown = budget_realloc(
		    &lo->t->budget, lo->manners_made, lo->manner_cap * sizeof(*grown), cap * sizeof(*grown));
		if (grown == NULL)
			return NULL;
		lo->manners_made = grown;
		lo->manner_cap = cap;
	}
	if (made == NULL)
		return NULL;
	memcpy(made, m, MANNER_KEY);
	lo->manners_made[lo->manner_count++] = made;
	made->id = (uint32_t)lo->manner_count;
	return made;
}

/* The number of the one of all rules that do the same; 0: no memory. */
static uint32_t
manner_share(struct judge *j)
{
	struct lower *lo = j->lo;
	const struct tmg_web *w = j->w;
	struct manner *m = &j->m, *shared;
	void **slot;

	m->listener = w->listener;
	m->server_type = w->server_type;
	m->http_port = w->http_port;
	m->https_port = w->https_port;
	m->affinity = w->affinity;
	m->tls_only = w->require_ssl >= 1;
	m->original_host = w->original_host;
	m->pass_credentials = w->delegation == 0;
	m->transparent = !w->firewall_source && lo->p->opt.o->transparent;
	m->each = w->all_public_names || rule_made(j->lo, j->r)->has_links;
	if (lo->last_manner != NULL && memcmp(lo->last_manner, m, MANNER_KEY) == 0)
		return lo->last_manner->id;
	slot = hmap_slot(&lo->manners, (const char *)m, MANNER_KEY, false);
	shared = slot != NULL ? *slot : manner_new(lo, m);
	if (slot == NULL && shared != NULL) {
		slot = hmap_slot(&lo->manners, (const char *)shared, MANNER_KEY, true);
		if (slot != NULL)
			*slot = shared;
	}
	lo->failed |= slot == NULL;
	lo->last_manner = shared;
	return slot != NULL ? shared->id : 0;
}

static void
judge_web(struct judge *j)
{
	struct prule *r = j->r;
	struct plan_rule *pr = rule_made(j->lo, r);
	struct manner *m = &j->m;

	if (j->rule->o.broken || (j->w->listener != NULL && j->w->listener->o.broken))
		shut(j, D_CLOSED_UNKNOWN, 0, "a value that restricts cannot be read");
	judge_names(j);
	judge_paths(j);
	judge_sources(j);
	judge_schedule(j);
	judge_authentication(j);
	if (j->rule->deny)
		m->location = redirect_url(j);
	else
		judge_target(j);
	if (j->named && j->closed && j->used)
		plan_note(j->lo->p, j->lo->t, D_PASS_UNUSED, &j->rule->o, 0, "it stays closed for another reason");
	pr->state = j->closed ? PLAN_CLOSED : PLAN_LIVE;
	pr->opened = !j->closed && j->used;
	m->forwards = !j->closed && !j->rule->deny;
	if (m->forwards)
		m->filter = filter_make(j->lo, pr);
	r->takes_part = pr->names != j->lo->pname_count && !m->nobody;
	if (m->forwards)
		plan_links(j->lo, r, m->site);
	r->manner = manner_share(j) & 0x3fffffffu;
	r->takes_all = always_holds(m) && m->paths != NULL && m->paths->all;
}

static void
judge_rule(struct lower *lo, size_t i)
{
	struct prule *r = &lo->rules[i];
	struct plan_rule *pr = &lo->p->rules[i];
	const struct tmg_rule *rule = pr->r;
	struct listener_rules *lr;
	struct judge j;

	memset(&j, 0, sizeof(j)); /* also what lies between the members: a manner's bytes are its key */
	j.lo = lo;
	j.r = r;
	j.rule = rule;
	j.w = rule->web;
	pr->state = PLAN_NA;
	pr->names = lo->pname_count;
	lo->judged = i + 1;
	if (rule->type == 2 && !rule_is_web(rule) && rule->enabled && !rule->system) {
		pr->state = PLAN_CLOSED;
		reason_add(lo, pr, D_CLOSED_UNKNOWN, 0, "a web publishing rule without WebPublishingProperties");
	}
	if (!rule_is_web(rule) || rule->system)
		return;
	if (!rule->enabled) {
		pr->state = PLAN_DISABLED;
		return;
	}
	if (!rule->o.in->publishing) {
		reason_add(lo, pr, D_PUBLISHING_OFF, 0, NULL);
		return;
	}
	if (rule->web->listener == NULL) {
		pr->state = PLAN_CLOSED;
		reason_add(lo, pr, D_LISTENER_MISSING, tmg_line(&rule->o, rule->web->below), NULL);
		return;
	}
	j.named = pass_through(lo, rule, &j.by_name);
	judge_web(&j);
	if ((lr = listener_rules(lo, rule->web->listener)) == NULL)
		return;
	if (lr->first == 0)
		lr->first = (uint32_t)i + 1;
	else
		lo->rules[lr->last - 1].next_of_listener = (uint32_t)i + 1;
	lr->last = (uint32_t)i + 1;
	lr->live |= pr->state == PLAN_LIVE;
	lr->client_cert |= j.m.forwards && j.m.needs_cert;
}

/* Which --pass-through opened something: the others are likely misspelt. */
static void
mark_used_pass(struct lower *lo)
{
	const struct tmg_convert_options *o = lo->p->opt.o;

	for (size_t i = 0; i < o->pass_count && lo->p->opt.pass_used != NULL; i++) {
		bool hit = strcmp(o->pass_through[i], "all") == 0;
		for (size_t k = 0; k < lo->p->rule_count && !hit; k++) {
			const struct plan_rule *pr = &lo->p->rules[k];
			hit = pr->opened &&
			    (strcmp(pr->r->o.name, o->pass_through[i]) == 0 || guid_is(&pr->r->o, o->pass_through[i]));
		}
		lo->p->opt.pass_used[i] |= hit;
	}
}

void
plan_rules(struct lower *lo)
{
	sources_begin(lo);
	hmap_init(&lo->hours, &lo->t->budget);
	for (size_t i = 0; i < lo->p->rule_count && !lo->failed && !lo->too_large; i++)
		judge_rule(lo, i);
	hmap_free(&lo->hours);
	sources_end(lo);
	mark_used_pass(lo);
	lo->failed |= lo->mem->failed || lo->tmp.failed;
}
