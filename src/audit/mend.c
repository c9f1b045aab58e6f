/*
 * Mending: which change of an export does away with a finding. One case a row of the
 * catalogue; rows without one are for people to decide. Changes nothing itself.
 */
#include "audit/audit.h"

#define PROPERTIES "WebPublishingProperties"
#define LISTENER_PROPERTIES "WebListenerProperties"
#define LONG_TIMEOUT 960 /* seconds: what mobile clients need */

static struct tmg_mend *
mend_object(struct view *v, struct tmg_finding *f, const char *kind, const struct tmg_obj *o, const char *file,
    enum tmg_mend_op op)
{
	struct arena *mem = &v->a->mem;
	struct tmg_mend *m, **tail = &f->mends;
	char buffer[TMG_GUID_SIZE];
	const char *guid = tmg_guid(o, buffer);

	if (guid[0] == '\0')
		return NULL;
	if ((m = arena_alloc(mem, sizeof(*m))) == NULL) {
		v->failed = true;
		return NULL;
	}
	m->op = op;
	m->kind = kind;
	m->file = arena_str(mem, file);
	m->object = arena_str(mem, o->name);
	m->guid = arena_str(mem, guid);
	m->line = o->line;
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = m;
	return m;
}

static struct tmg_mend *
mend_new(struct view *v, struct tmg_finding *f, const struct view_rule *r, enum tmg_mend_op op)
{
	return r != NULL ? mend_object(v, f, "rule", &r->rule->o, r->via->input->file, op) : NULL;
}

static void
fill(struct view *v, struct tmg_mend *m, const char *parent, const char *element, const char *type, const char *value)
{
	if (m == NULL)
		return;
	m->parent = parent;
	m->element = element;
	m->type = type;
	m->value = arena_str(&v->a->mem, value);
}

static void
set(struct view *v, struct tmg_finding *f, const struct view_rule *r, const char *element, const char *type,
    const char *value)
{
	fill(v, mend_new(v, f, r, TMG_MEND_SET), PROPERTIES, element, type, value);
}

/* An element of the rule itself. */
static void
set_of_rule(struct view *v, struct tmg_finding *f, const struct view_rule *r, const char *element, bool value)
{
	fill(v, mend_new(v, f, r, TMG_MEND_SET), NULL, element, "boolean", value ? "1" : "0");
}

static void
set_int(struct view *v, struct tmg_finding *f, const struct view_rule *r, const char *element, int value)
{
	set(v, f, r, element, "int", audit_fmt(v, "%d", value));
}

static void
set_bool(struct view *v, struct tmg_finding *f, const struct view_rule *r, const char *element, bool value)
{
	set(v, f, r, element, "boolean", value ? "1" : "0");
}

static void
set_listener(
    struct view *v, struct tmg_finding *f, const struct view_listener *l, const char *element, bool is_int, int value)
{
	fill(v, mend_object(v, f, "listener", &l->listener->o, l->input->file, TMG_MEND_SET), LISTENER_PROPERTIES,
	    element, is_int ? "int" : "boolean", audit_fmt(v, "%d", value));
}

/* Nothing but web services of Lync and Office Web Apps would feel a change of it. */
static bool
is_ours(const struct view_listener *l)
{
	for (size_t i = 0; i < l->rule_count; i++)
		if (l->rules[i]->live && l->rules[i]->role == ROLE_NONE)
			return false;
	return true;
}

/* No other rule that is live uses it. */
static bool
is_alone(const struct view_listener *l, const struct view_rule *r)
{
	for (size_t i = 0; i < l->rule_count; i++)
		if (l->rules[i]->live && l->rules[i] != r)
			return false;
	return true;
}

/* The spelling of a public name in the file. */
static const char *
written(struct view *v, const struct view_rule *r, const char *host)
{
	const struct view_name *n = view_rule_name(v, r, host);

	return n != NULL ? n->written : NULL;
}

/* The last name of a rule is not removed: it would match nothing. */
static void
remove_name(struct view *v, struct tmg_finding *f, const struct view_rule *r, const char *host)
{
	const char *s = r != NULL && r->name_count > 1 && host != NULL ? written(v, r, host) : NULL;
	struct tmg_mend *m = s != NULL ? mend_new(v, f, r, TMG_MEND_REMOVE_NAME) : NULL;

	if (m != NULL)
		m->value = arena_str(&v->a->mem, s);
}

/* The live rule on TLS that names belong to which any pool may serve: the Director's, else the
 * first of a pool. The same for every finding. */
static const struct view_rule *
rule_of_names(struct view *v)
{
	const struct view_rule *any = NULL;

	for (size_t i = 0; i < v->rule_count && !v->names_rule_known; i++) {
		const struct view_rule *r = &v->rules[i];

		if (!r->live || r->role != ROLE_LYNC || !r->via->tls_in || r->rule->web->all_public_names)
			continue;
		if (any == NULL)
			any = r;
		if (r->via->to != NULL && r->via->to->role == POOL_DIRECTOR) {
			any = r;
			break;
		}
	}
	if (!v->names_rule_known)
		v->names_rule = any;
	v->names_rule_known = true;
	return v->names_rule;
}

static void
add_name(struct view *v, struct tmg_finding *f, const char *host)
{
	const struct view_rule *r = host != NULL ? rule_of_names(v) : NULL;
	struct tmg_mend *m = r != NULL ? mend_new(v, f, r, TMG_MEND_ADD_NAME) : NULL;

	if (m != NULL)
		m->value = arena_str(&v->a->mem, host);
}

/* Behind all rules of the array that are not its last. */
static uint32_t
next_order(struct view *v, const struct view_rule *like)
{
	if (v->next_order == 0) {
		for (const struct tmg_rule *r = like->rule->o.in->rules; r != NULL; r = tmg_next_rule(r))
			if (!r->is_default && !r->system && r->order < INT32_MAX - 1 && r->order >= v->next_order)
				v->next_order = r->order + 1;
	}
	return v->next_order++;
}

static const char *
address_of(const struct pool *p)
{
	const struct tmg_text *x = p->machines != NULL && p->machines->next == NULL ? p->machines->addresses : NULL;

	return x != NULL && x->next == NULL ? x->s : NULL;
}

/* A rule like the first Lync rule, for a pool that has none; or the name in the rule that leads to it. */
static void
add_rule(struct view *v, struct tmg_finding *f, const struct pool *p)
{
	const char *host = pool_public_host(p);
	const struct view_rule *like = host != NULL ? rule_of_names(v) : NULL;
	struct tmg_mend *m;

	if (like == NULL ||
	    (m = mend_new(v, f, like, like->via->to == p ? TMG_MEND_ADD_NAME : TMG_MEND_ADD_RULE)) == NULL)
		return;
	m->value = arena_str(&v->a->mem, host);
	if (like->via->to == p)
		return;
	m->name = audit_fmt(v, "%s %s", pool_word(p), host);
	m->site = p->internal_host != NULL ? p->internal_host : p->fqdn;
	m->server = address_of(p);
	m->https_port = pool_https(p);
	m->http_port = pool_http(p);
	m->order = next_order(v, like);
}

/* ---- one function a kind of mending ------------------------------------------------ */

struct job {
	struct view *v;
	const struct about *about;
	const struct view_rule *r; /* of the finding, or NULL */
	struct tmg_finding *f;
};

static void
bridge(const struct job *j)
{
	set_int(j->v, j->f, j->r, "SSLRedirectPort", pool_https(j->r->pool));
}

static void
bridge_plain(const struct job *j)
{
	set_int(j->v, j->f, j->r, "HTTPRedirectPort", pool_http(j->r->pool));
}

static void
bridge_tls(const struct job *j)
{
	set_int(j->v, j->f, j->r, "PublishedServerType", 2);
	bridge(j);
}

static void
bridge_web_apps(const struct job *j)
{
	set_int(j->v, j->f, j->r, "SSLRedirectPort", j->r->pool != NULL ? pool_https(j->r->pool) : 443);
	set_int(j->v, j->f, j->r, "HTTPRedirectPort", j->r->pool != NULL ? pool_http(j->r->pool) : 80);
}

static void
links_off(const struct job *j)
{
	set_bool(j->v, j->f, j->r, "TranslateLinks", false);
}

static void
proxy_address(const struct job *j)
{
	set_bool(j->v, j->f, j->r, "UseFirewallIPAsSource", true);
}

static void
may_sign_in(const struct job *j)
{
	set_int(j->v, j->f, j->r, "CredentialsDelegationType", 0);
}

static void
all_paths(const struct job *j)
{
	mend_new(j->v, j->f, j->r, TMG_MEND_ALL_PATHS);
}

static void
original_host(const struct job *j)
{
	set_bool(j->v, j->f, j->r, "SendOriginalHostHeader", true);
}

static void
new_rule(const struct job *j)
{
	add_rule(j->v, j->f, j->about->pool);
}

static void
new_name(const struct job *j)
{
	add_name(j->v, j->f, j->about->name);
}

/* That a SIP domain has no URL at all is for the topology. */
static void
new_url_name(const struct job *j)
{
	if (j->about->subject != NULL && strstr(j->about->subject, "://") != NULL)
		new_name(j);
}

static void
without_name(const struct job *j)
{
	remove_name(j->v, j->f, j->r, j->about->subject);
}

/* A rule that has no other name serves nothing else. */
static void
without_name_or_rule(const struct job *j)
{
	if (j->r != NULL && j->r->name_count == 1 && j->about->subject != NULL &&
	    written(j->v, j->r, j->about->subject) != NULL)
		set_of_rule(j->v, j->f, j->r, "Enabled", false);
	else
		without_name(j);
}

static void
enable(const struct job *j)
{
	set_of_rule(j->v, j->f, j->r, "Enabled", true);
}

/* A rule that takes exactly what another took already. */
static void
disable(const struct job *j)
{
	set_of_rule(j->v, j->f, j->r, "Enabled", false);
}

static void
always(const struct job *j)
{
	set_of_rule(j->v, j->f, j->r, "AppliesAlways", true);
}

static void
all_users(const struct job *j)
{
	if (j->r->rule->web->users != NULL)
		mend_new(j->v, j->f, j->r, TMG_MEND_ALL_USERS);
}

/* Where a rule leads. Without an address the site's name is looked up. */
static void
lead_to(const struct job *j, const struct pool *p)
{
	const char *site = p->internal_host != NULL ? p->internal_host : p->fqdn, *address = address_of(p);

	if (address == NULL && j->r->rule->web->server != NULL && p != j->r->via->to)
		return; /* the one that is stated is another pool's */
	set(j->v, j->f, j->r, "WebSite", "string", site);
	if (address != NULL && j->r->rule->web->server == NULL)
		set(j->v, j->f, j->r, "PublishedServerIP", "string", address);
	else if (address != NULL && p != j->r->via->to)
		set(j->v, j->f, j->r, "PublishedServerIP", "string", address);
}

static void
name_site(const struct job *j)
{
	if (j->r->pool != NULL)
		lead_to(j, j->r->pool);
}

static void
state_server(const struct job *j)
{
	const char *address = j->r->pool != NULL ? address_of(j->r->pool) : NULL;

	if (address != NULL)
		set(j->v, j->f, j->r, "PublishedServerIP", "string", address);
	else
		name_site(j);
}

/* Is the name in a rule that leads to this pool already? */
static bool
has_name(struct view *v, const struct pool *p, const char *host)
{
	const struct view_host *list = view_naming(v, host);

	for (const struct view_hosts *h = list != NULL ? list->first : NULL; h != NULL; h = h->next)
		if (h->rule->live && h->rule->via->to == p)
			return true;
	return false;
}

/* The first live rule on TLS that publishes the pool. */
static const struct view_rule *
rule_of_pool(struct view *v, const struct pool *p)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		if (r->pool == p && r->live && r->role == ROLE_LYNC && r->via->tls_in &&
		    !r->rule->web->all_public_names)
			return r;
	}
	return NULL;
}

/* The name goes to the rule of this pool; a rule that has no other name leads to the pool itself. */
static void
move_name(const struct job *j, const struct pool *p)
{
	const struct view_rule *to = p != NULL ? rule_of_pool(j->v, p) : NULL;
	struct tmg_mend *m;

	if (p == NULL || j->about->subject == NULL)
		return;
	if (j->r->name_count == 1) {
		lead_to(j, p);
		return;
	}
	if (to == NULL || to == j->r || written(j->v, j->r, j->about->subject) == NULL)
		return;
	without_name(j);
	if (!has_name(j->v, p, j->about->subject) && (m = mend_new(j->v, j->f, to, TMG_MEND_ADD_NAME)) != NULL)
		m->value = arena_str(&j->v->a->mem, j->about->subject);
}

static void
move_to_owner(const struct job *j)
{
	move_name(j, pool_of_host(j->v, j->about->subject));
}

/* Does a rule carry nothing but names that any pool may serve? */
static bool
is_entry(const struct view_rule *r)
{
	for (size_t i = 0; i < r->name_count; i++)
		if (name_kind(&r->names[i]) != NAME_MEET && name_kind(&r->names[i]) != NAME_DIALIN &&
		    name_kind(&r->names[i]) != NAME_AUTODISCOVER)
			return false;
	return true;
}

static void
move_to_director(const struct job *j)
{
	for (const struct pool *p = j->v->site->pools; p != NULL; p = p->next) {
		if (p->role != POOL_DIRECTOR || rule_of_pool(j->v, p) == NULL)
			continue;
		if (is_entry(j->r))
			lead_to(j, p);
		else
			move_name(j, p);
		return;
	}
}

static void
bare_name(const struct job *j)
{
	const char *from = j->about->subject, *bare = from;
	const struct view_name *name = NULL;
	struct tmg_mend *m;
	struct strbuf b;
	bool wild;

	for (size_t i = 0; i < j->r->name_count; i++)
		if (strcmp(j->r->names[i].written, from) == 0)
			name = &j->r->names[i];
	if (strstr(bare, "://") != NULL)
		bare = strstr(bare, "://") + 3;
	sb_init(&b, j->v->a->budget);
	if (name != NULL && host_canonical(arena_strn(j->v->mem, bare, strcspn(bare, ":/")), &b, &wild)) {
		bare = audit_fmt(j->v, "%s%s", wild ? "*." : "", b.s);
		m = mend_new(j->v, j->f, j->r,
		    name_bad(name) && written(j->v, j->r, b.s) != NULL ? TMG_MEND_REMOVE_NAME : TMG_MEND_RENAME);
		if (m != NULL) {
			m->value = arena_str(&j->v->a->mem, from);
			m->name = bare;
		}
	}
	sb_free(&b);
}

/* Changes that other applications on the listener would feel are not made. */
static void
listener_sign_in(const struct job *j)
{
	const struct view_listener *l = j->about->listener;
	const struct tmg_listener *x = l->listener;
	struct tmg_mend *m;

	if (!is_ours(l))
		return;
	if (x->windows_auth || (x->stated & TMG_S_WINDOWS_AUTH) == 0)
		set_listener(j->v, j->f, l, "IntegratedWindowsAuthentication", false, 0);
	if (x->basic_auth)
		set_listener(j->v, j->f, l, "BasicAuthentication", false, 0);
	if (x->digest_auth)
		set_listener(j->v, j->f, l, "DigestAuthentication", false, 0);
	if (x->cert_auth)
		set_listener(j->v, j->f, l, "SSLCertificateAuthentication", false, 0);
	if (x->always_authenticate)
		set_listener(j->v, j->f, l, "AlwaysAuthenticate", false, 0);
	if (x->schemes != NULL) {
		m = mend_object(j->v, j->f, "listener", &x->o, l->input->file, TMG_MEND_REMOVE);
		fill(j->v, m, LISTENER_PROPERTIES, "Refs", NULL, "AuthenticationSchemes");
	}
}

static void
no_client_certificate(const struct job *j)
{
	if (j->about->listener != NULL) {
		if (is_ours(j->about->listener))
			set_listener(j->v, j->f, j->about->listener, "SSLCertificateAuthentication", false, 0);
		return;
	}
	if (j->r->rule->web->client_cert_claim != 0)
		set_int(j->v, j->f, j->r, "SSLClientCertificateClaim", 0);
	if (j->r->rule->web->require_client_cert)
		set_bool(j->v, j->f, j->r, "RequireSSLClientCertificate", false);
}

static void
web_apps_sign_in(const struct job *j)
{
	const struct view_listener *l = view_listener(j->v, j->r->via->listener);
	struct about about = { .listener = l };
	struct job of_listener = { j->v, &about, NULL, j->f };

	if (j->r->rule->web->delegation != 0)
		may_sign_in(j);
	if (j->r->rule->web->has_users)
		all_users(j);
	if (l != NULL)
		listener_sign_in(&of_listener);
}

static void
longer(const struct job *j)
{
	set_listener(j->v, j->f, j->about->listener, "ListenerConnectionTimeout", true, LONG_TIMEOUT);
}

static void
no_redirect(const struct job *j)
{
	set_listener(j->v, j->f, j->about->listener, "RedirectHTTPAsHTTPS", true, 0);
}

static void
plain_port(const struct job *j)
{
	const struct view_listener *l = view_listener(j->v, j->r->via->listener);

	if (l == NULL || !is_alone(l, j->r))
		return;
	if (l->listener->http_port == 0)
		set_listener(j->v, j->f, l, "TCPPort", true, 80);
	if (l->listener->redirect_http != 0)
		set_listener(j->v, j->f, l, "RedirectHTTPAsHTTPS", true, 0);
	if (j->r->rule->web->require_ssl != 0)
		set_int(j->v, j->f, j->r, "SSLRequireSecureChannel", 0);
}

/* The order of rules is for people. */
static void
first_hop(const struct job *j)
{
	if (j->r->via->plain_to_tls)
		set_int(j->v, j->f, j->r, "PublishedServerType", 0);
	if (j->r->rule->web->delegation != 1)
		set_int(j->v, j->f, j->r, "CredentialsDelegationType", 1);
}

static void
affinity(const struct job *j)
{
	if (j->r->rule->web->affinity == 0)
		fill(j->v, mend_new(j->v, j->f, j->r, TMG_MEND_SET), PROPERTIES "/LoadBalancingConfig", "AffinityType",
		    "int", "1");
}

/* THE list of what a change of the export can mend; what is not in it is for people. */
static const struct {
	enum check_id id;
	void (*make)(const struct job *j);
} menders[] = {
	{ CHECK_POOL_UNPUBLISHED, new_rule },
	{ CHECK_FRONT_END_UNPUBLISHED, new_rule },
	{ CHECK_DIRECTOR_UNPUBLISHED, new_rule },
	{ CHECK_NAME_OF_OTHER_POOL, move_to_owner },
	{ CHECK_MEET_UNPUBLISHED, new_url_name },
	{ CHECK_DIALIN_UNPUBLISHED, new_url_name },
	{ CHECK_SIMPLE_TWICE, without_name_or_rule },
	{ CHECK_SIMPLE_NOT_DIRECTOR, move_to_director },
	{ CHECK_SIMPLE_PATH, all_paths },
	{ CHECK_ADMIN_PUBLISHED, without_name_or_rule },
	{ CHECK_AUTODISCOVER_UNPUBLISHED, new_name },
	{ CHECK_AUTODISCOVER_PLAIN, first_hop },
	{ CHECK_AUTODISCOVER_TWICE, without_name_or_rule },
	{ CHECK_AUTODISCOVER_NOT_DIRECTOR, move_to_director },
	{ CHECK_AUTODISCOVER_INTERNAL, without_name_or_rule },
	{ CHECK_INTERNAL_NAME, without_name },
	{ CHECK_WEB_APPS_UNPUBLISHED, new_rule },
	{ CHECK_ONLY_DISABLED, enable },
	{ CHECK_BRIDGED_PORT, bridge },
	{ CHECK_BRIDGED_PLAIN_PORT, bridge_plain },
	{ CHECK_TLS_ENDS, bridge_tls },
	{ CHECK_ORIGINAL_HOST, original_host },
	{ CHECK_CLIENT_ADDRESS, proxy_address },
	{ CHECK_PATHS, all_paths },
	{ CHECK_PATH_MAPPED, all_paths },
	{ CHECK_DELEGATION, may_sign_in },
	{ CHECK_LISTENER_SIGN_IN, listener_sign_in },
	{ CHECK_USERS, all_users },
	{ CHECK_LINKS, links_off },
	{ CHECK_FARM_AFFINITY, affinity },
	{ CHECK_SITE_NAME, name_site },
	{ CHECK_SITE_IS_PUBLIC, state_server },
	{ CHECK_SCHEDULE, always },
	{ CHECK_TIMEOUT, longer },
	{ CHECK_NAME_SPELLING, bare_name },
	{ CHECK_WEB_APPS_PORT, bridge_web_apps },
	{ CHECK_WEB_APPS_PATH, all_paths },
	{ CHECK_WEB_APPS_HOST, original_host },
	{ CHECK_WEB_APPS_SITE, name_site },
	{ CHECK_WEB_APPS_OUTSIDE, all_paths },
	{ CHECK_WEB_APPS_SIGN_IN, web_apps_sign_in },
	{ CHECK_LISTENER_CLIENT_CERTIFICATE, no_client_certificate },
	{ CHECK_LISTENER_NO_PLAIN, plain_port },
	{ CHECK_RULE_TWICE, disable },
	{ CHECK_SCHEDULE_NEVER, always },
	{ CHECK_LISTENER_NO_REDIRECT_TARGET, no_redirect },
};

bool
mend_is_known(enum check_id id)
{
	for (size_t i = 0; i < ARRAY_LEN(menders); i++)
		if (menders[i].id == id)
			return true;
	return false;
}

void
mend(struct view *v, enum check_id id, const struct about *about, struct tmg_finding *f)
{
	struct job j = { v, about, about->rule, f };

	for (size_t i = 0; i < ARRAY_LEN(menders); i++)
		if (menders[i].id == id)
			menders[i].make(&j);
}
