/*
 * Mending: which change of an export does away with a finding. One case a row of the
 * catalogue; rows without one are for people to decide. Changes nothing itself.
 */
#include "audit/audit.h"

static struct tmg_mend *
mend_new(struct view *v, struct tmg_finding *f, const struct view_rule *r, enum tmg_mend_op op)
{
	struct arena *mem = &v->a->mem;
	struct tmg_mend *m, **tail = &f->mends;

	if (r == NULL || r->rule->o.guid[0] == '\0')
		return NULL;
	if ((m = arena_alloc(mem, sizeof(*m))) == NULL) {
		v->failed = true;
		return NULL;
	}
	m->op = op;
	m->file = arena_str(mem, r->input->file);
	m->kind = "rule";
	m->object = arena_str(mem, r->rule->o.name);
	m->guid = arena_str(mem, r->rule->o.guid);
	m->line = r->rule->o.line;
	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = m;
	return m;
}

static void
set(struct view *v, struct tmg_finding *f, const struct view_rule *r, const char *element, const char *type,
    const char *value)
{
	struct tmg_mend *m = mend_new(v, f, r, TMG_MEND_SET);

	if (m == NULL)
		return;
	m->element = element;
	m->type = type;
	m->value = arena_str(&v->a->mem, value);
	m->parent = strcmp(element, "Enabled") == 0 ? NULL : "WebPublishingProperties";
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

		if (!r->live || r->role != ROLE_LYNC || !r->tls_in || r->web->all_public_names)
			continue;
		if (any == NULL)
			any = r;
		if (r->to != NULL && r->to->role == POOL_DIRECTOR) {
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
		for (const struct tmg_rule *r = like->rule->o.in->rules; r != NULL; r = r->next)
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

/* A rule like the first Lync rule, for a pool that has none. */
static void
add_rule(struct view *v, struct tmg_finding *f, const struct pool *p)
{
	const struct view_rule *like = p->external_host != NULL ? rule_of_names(v) : NULL;
	struct tmg_mend *m = like != NULL && like->to != p ? mend_new(v, f, like, TMG_MEND_ADD_RULE) : NULL;

	if (m == NULL)
		return;
	m->value = p->external_host;
	m->name = audit_fmt(v, "%s %s", pool_word(p), p->external_host);
	m->site = p->internal_host != NULL ? p->internal_host : p->fqdn;
	m->server = address_of(p);
	m->https_port = pool_https(p);
	m->http_port = pool_http(p);
	m->order = next_order(v, like);
}

void
mend(struct view *v, enum check_id id, const struct about *about, struct tmg_finding *f)
{
	const struct view_rule *r = about->rule;

	switch (id) {
	case CHECK_BRIDGED_PORT: set_int(v, f, r, "SSLRedirectPort", pool_https(r->pool)); break;
	case CHECK_BRIDGED_PLAIN_PORT: set_int(v, f, r, "HTTPRedirectPort", pool_http(r->pool)); break;
	case CHECK_TLS_ENDS:
		set_int(v, f, r, "PublishedServerType", 2);
		set_int(v, f, r, "SSLRedirectPort", pool_https(r->pool));
		break;
	case CHECK_WEB_APPS_PORT:
		set_int(v, f, r, "SSLRedirectPort", r->pool != NULL ? pool_https(r->pool) : 443);
		set_int(v, f, r, "HTTPRedirectPort", r->pool != NULL ? pool_http(r->pool) : 80);
		break;
	case CHECK_LINKS: set_bool(v, f, r, "TranslateLinks", false); break;
	case CHECK_CLIENT_ADDRESS: set_bool(v, f, r, "UseFirewallIPAsSource", true); break;
	case CHECK_DELEGATION: set_int(v, f, r, "CredentialsDelegationType", 0); break;
	case CHECK_PATHS:
	case CHECK_PATH_MAPPED:
	case CHECK_WEB_APPS_PATH: mend_new(v, f, r, TMG_MEND_ALL_PATHS); break;
	case CHECK_WEB_APPS_HOST:
	case CHECK_ORIGINAL_HOST: set_bool(v, f, r, "SendOriginalHostHeader", true); break;
	case CHECK_POOL_UNPUBLISHED:
	case CHECK_FRONT_END_UNPUBLISHED:
	case CHECK_DIRECTOR_UNPUBLISHED: add_rule(v, f, about->pool); break;
	case CHECK_AUTODISCOVER_UNPUBLISHED: add_name(v, f, about->name); break;
	case CHECK_MEET_UNPUBLISHED:
	case CHECK_DIALIN_UNPUBLISHED:
		if (about->subject != NULL && strstr(about->subject, "://") != NULL)
			add_name(v, f, about->name);
		break;
	case CHECK_SIMPLE_TWICE:
	case CHECK_AUTODISCOVER_TWICE:
	case CHECK_AUTODISCOVER_INTERNAL:
	case CHECK_ADMIN_PUBLISHED:
	case CHECK_INTERNAL_NAME: remove_name(v, f, r, about->subject); break;
	case CHECK_SIMPLE_PATH: mend_new(v, f, r, TMG_MEND_ALL_PATHS); break;
	case CHECK_ONLY_DISABLED: set_bool(v, f, r, "Enabled", true); break;
	default: break;
	}
}
