/*
 * Checks of section C: rules for Office Web Apps (Office Online Server). Such a rule is
 * known by the topology alone; without one there is nothing here to say.
 */
#include "audit/audit.h"

/* The next live rule for Office Web Apps; begins with NULL, ends with NULL. */
static const struct view_rule *
next_rule(const struct view *v, const struct view_rule *r)
{
	const struct view_rule *end = v->rules + v->rule_count;

	for (r = r == NULL ? v->rules : r + 1; r != end; r++)
		if (r->live && r->role == ROLE_WEB_APPS)
			return r;
	return NULL;
}

void
check_WEB_APPS_PORT(struct view *v)
{
	const struct view_rule *r = NULL;

	while (v->rules != NULL && (r = next_rule(v, r)) != NULL) {
		const struct pool *p = r->pool != NULL && r->pool->role == POOL_WEB_APPS ? r->pool : NULL;
		int https = p != NULL ? pool_https(p) : 443, http = p != NULL ? pool_http(p) : 80;
		struct about about = { .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) };

		if (r->via->tls_in && r->via->tls_to_tls && r->via->tls_to_port != https)
			found(v, CHECK_WEB_APPS_PORT, &about, "HTTPS requests go to port %d, not to %d",
			    r->via->tls_to_port, https);
		else if (r->via->plain_in && !r->via->plain_to_tls && r->via->plain_to_port != http &&
		    r->via->plain_to_port != 0)
			found(v, CHECK_WEB_APPS_PORT, &about, "HTTP requests go to port %d, not to %d",
			    r->via->plain_to_port, http);
	}
}

/* What meetings ask for: where the service is, and the pages for presenter and audience. */
void
check_WEB_APPS_PATH(struct view *v)
{
	static const char *const needed[] = { "/hosting/discovery", "/m/presenter.aspx", "/m/participantframe.aspx" };
	static const char *const said[] = { "/hosting/discovery", "/m/Presenter.aspx", "/m/ParticipantFrame.aspx" };
	const struct view_rule *r = NULL;

	while (v->rules != NULL && (r = next_rule(v, r)) != NULL)
		for (size_t i = 0; i < ARRAY_LEN(needed); i++)
			if (r->via->path_count > 0 && !rule_covers_path(r, needed[i])) {
				found(v, CHECK_WEB_APPS_PATH,
				    &(struct about){
					.rule = r, .line = tmg_line(&r->rule->o, r->via->paths[0].mapping->below) },
				    "%s is left out", said[i]);
				break;
			}
}

void
check_WEB_APPS_HOST(struct view *v)
{
	const struct view_rule *r = NULL;

	while (v->rules != NULL && (r = next_rule(v, r)) != NULL)
		if (!r->rule->web->original_host)
			found(v, CHECK_WEB_APPS_HOST,
			    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
			    "servers get %s as Host",
			    r->rule->web->site != NULL ? r->rule->web->site : "the site's name");
}

/* ---- sign-in at the proxy ------------------------------------------------------------ */

static bool
all_users(const struct tmg_web *w)
{
	const struct predefined *p;
	bool all = !w->has_users && !w->non_windows_users;

	for (const struct tmg_ref *ref = w->users; ref != NULL; ref = ref->next) {
		p = predefined_find(ref->key);
		if (ref->excluded)
			return false;
		all = all || (p != NULL && p->what == PRE_ALL_USERS);
	}
	return all && !w->users_unknown;
}

/* A listener that it shares with Lync has a row of its own. */
static bool
asks(struct view *v, const struct view_rule *r)
{
	const struct view_listener *shared = view_listener(v, r->via->listener);
	const struct tmg_listener *l = r->via->listener;

	return (shared == NULL || !shared->lync) &&
	    (l->schemes != NULL || l->windows_auth || l->basic_auth || l->digest_auth || l->cert_auth ||
		l->always_authenticate);
}

void
check_WEB_APPS_SIGN_IN(struct view *v)
{
	const struct view_rule *r = NULL;

	while (v->rules != NULL && (r = next_rule(v, r)) != NULL) {
		bool forms = asks(v, r), users = !all_users(r->rule->web), delegated = r->rule->web->delegation != 0;

		if (forms || users || delegated)
			found(v, CHECK_WEB_APPS_SIGN_IN,
			    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
			    "%s%s%s%s%s", forms ? "the listener asks clients to sign in" : "",
			    forms && (users || delegated) ? "; " : "", users ? "not for All Users" : "",
			    users && delegated ? "; " : "", delegated ? "clients may not authenticate directly" : "");
	}
}

/* ---- names --------------------------------------------------------------------------- */

/* Does the topology know this name of the farm? Its certificate holds some of them. */
static bool
farm_knows(struct view *v, const struct pool *p, const char *site)
{
	return pool_of_host(v, site) == p;
}

void
check_WEB_APPS_SITE(struct view *v)
{
	const struct view_rule *r = NULL;

	while (v->rules != NULL && (r = next_rule(v, r)) != NULL) {
		const char *site = r->rule->web->site;
		struct about about = { .rule = r, .line = tmg_site_line(r->rule) };

		if (site == NULL ||
		    (!(r->via->tls_in && r->via->tls_to_tls) && !(r->via->plain_in && r->via->plain_to_tls)))
			continue;
		if (host_is_address(site)) {
			found(v, CHECK_WEB_APPS_SITE, &about, "%s is an address", site);
		} else if (r->pool != NULL && !farm_knows(v, r->pool, site)) {
			about.cls = 'L';
			about.guess = true;
			found(v, CHECK_WEB_APPS_SITE, &about, "%s is no name of %s that the topology tells of", site,
			    r->pool->fqdn);
		}
	}
}

/* A farm in an external network fetches presentations from the pools' external web sites. */
void
check_WEB_APPS_OUTSIDE(struct view *v)
{
	const struct pool *farm = v->site->pools, *p;

	while (farm != NULL && !(farm->role == POOL_WEB_APPS && farm->web_apps_external))
		farm = farm->next;
	if (farm == NULL || v->t == NULL)
		return;
	for (p = v->site->pools; p != NULL; p = p->next) {
		const struct view_rule *r = NULL;

		if (p->role != POOL_FRONT_END || p->external_host == NULL)
			continue;
		if (view_taker(v, p->external_host, "/datacollabweb/wopi", true, NULL) != NULL)
			continue;
		if (view_naming(v, p->external_host) == NULL)
			continue; /* not published at all: said by another row */
		r = view_naming(v, p->external_host)->live;
		if (r != NULL)
			found(v, CHECK_WEB_APPS_OUTSIDE,
			    &(struct about){ .rule = r,
				.line = tmg_line(&r->rule->o, r->rule->web->below),
				.subject = p->external_host },
			    "%s is outside and cannot reach /DataCollabWeb of %s", farm->fqdn, p->external_host);
	}
}

void
check_WEB_APPS_PLAIN(struct view *v)
{
	const struct view_rule *r = NULL;

	while (v->rules != NULL && (r = next_rule(v, r)) != NULL)
		if (r->via->tls_in && r->via->listener->http_port == 0)
			found(v, CHECK_WEB_APPS_PLAIN, &(struct about){ .rule = r }, "listener \"%s\" has no HTTP port",
			    r->via->listener->o.name);
}
