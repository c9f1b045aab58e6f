/*
 * Checks of section A that start from the topology: pools, simple URLs, autodiscover
 * and Office Web Apps, and whether rules publish them.
 */
#include "audit/reach.h"

enum reach
reach_of(struct view *v, const char *host, const char *path, const struct view_rule **r)
{
	const struct view_rule *hidden, *taker = view_taker(v, host, path, true, &hidden);
	const struct view_host *h = view_naming(v, host);

	if (r != NULL)
		*r = taker != NULL ? taker : hidden;
	if (taker != NULL)
		return REACH_YES;
	if (hidden != NULL)
		return REACH_HIDDEN;
	taker = view_taker(v, host, path, false, NULL);
	if (r != NULL)
		*r = taker;
	if (taker != NULL)
		return REACH_PLAIN;
	if (h != NULL && h->live != NULL) {
		if (r != NULL)
			*r = h->live;
		return REACH_PATH;
	}
	if (r != NULL)
		*r = h != NULL ? h->disabled : NULL;
	return h != NULL && h->disabled != NULL ? REACH_DISABLED : REACH_NO;
}

const char *
url_path(struct view *v, const struct simple_url *u)
{
	struct strbuf b;
	const char *s;
	bool prefix;

	sb_init(&b, v->a->budget);
	s = path_canonical(u->path, &b, &prefix) && !b.failed ? arena_str(v->mem, b.s) : NULL;
	v->failed = v->failed || b.failed;
	sb_free(&b);
	return s == NULL || strcmp(s, "/") == 0 ? "" : s;
}

/* Not there at all: what other rows say is not said again. */
static bool
is_missing(struct view *v, const char *host, const char *path)
{
	return reach_of(v, host, path, NULL) == REACH_NO;
}

static bool
has_web(const struct pool *p)
{
	return p->web_services && p->role != POOL_WEB_APPS;
}

/* Is any pool of this role (or, for `not_director`, any that is no Director) published? */
static bool
any_published(struct view *v, bool director)
{
	for (const struct pool *p = v->site->pools; p != NULL; p = p->next)
		if (has_web(p) && (p->role == POOL_DIRECTOR) == director && p->external_host != NULL &&
		    reach_of(v, p->external_host, "", NULL) == REACH_YES)
			return true;
	return false;
}

static void
judge_pools(struct view *v, enum check_id id)
{
	bool directors = any_published(v, true), others = any_published(v, false);

	for (const struct pool *p = v->t != NULL ? v->site->pools : NULL; p != NULL; p = p->next) {
		struct about about = { .pool = p, .subject = p->external_host };
		enum check_id row = CHECK_POOL_UNPUBLISHED; /* which of A01 to A03 says it */
		enum reach reach;

		if (p->role == POOL_DIRECTOR && others)
			row = CHECK_DIRECTOR_UNPUBLISHED;
		else if (p->role != POOL_DIRECTOR && directors)
			row = CHECK_FRONT_END_UNPUBLISHED;
		if (!has_web(p) || row != id)
			continue;
		reach = p->external_host != NULL ? reach_of(v, p->external_host, "", NULL) : REACH_NO;
		if (reach != REACH_NO && reach != REACH_PLAIN)
			continue;
		if (p->external_host == NULL)
			found(v, id, &about, "the topology states no external web name for it");
		else
			found(v, id, &about, "%s%s", p->external_host, reach == REACH_PLAIN ? ": over HTTP only" : "");
	}
}

void
check_POOL_UNPUBLISHED(struct view *v)
{
	judge_pools(v, CHECK_POOL_UNPUBLISHED);
}

void
check_FRONT_END_UNPUBLISHED(struct view *v)
{
	judge_pools(v, CHECK_FRONT_END_UNPUBLISHED);
}

void
check_DIRECTOR_UNPUBLISHED(struct view *v)
{
	judge_pools(v, CHECK_DIRECTOR_UNPUBLISHED);
}

void
check_INTERNAL_NAME(struct view *v)
{
	for (const struct pool *p = v->site->pools; p != NULL; p = p->next)
		if (has_web(p) && p->external_host != NULL &&
		    (strcmp(p->external_host, p->fqdn) == 0 || str_eq(p->external_host, p->internal_host)))
			found(v, CHECK_INTERNAL_NAME, &(struct about){ .pool = p, .subject = p->external_host },
			    "%s is the name of the pool inside, too", p->external_host);
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		for (size_t k = 0; r->live && k < r->name_count; k++)
			if (name_kind(&r->names[k]) == NAME_INTERNAL)
				found(v, CHECK_INTERNAL_NAME,
				    &(struct about){
					.rule = r, .subject = name_host(&r->names[k]), .line = r->names[k].line },
				    "%s", r->names[k].written);
	}
}

/* ---- simple URLs --------------------------------------------------------------- */

static void
judge_urls(struct view *v, enum simple_kind kind, enum check_id id)
{
	for (const struct simple_url *u = v->t != NULL ? v->site->urls : NULL; u != NULL; u = u->next) {
		enum reach reach;

		if (!u->active || u->kind != kind)
			continue;
		reach = reach_of(v, u->host, url_path(v, u), NULL);
		if (reach == REACH_NO || reach == REACH_PLAIN)
			found(v, id,
			    &(struct about){ .name = u->host, .subject = u->url, .file = u->file, .line = u->line },
			    "%s (%s)%s", u->url, strcmp(u->domain, "*") == 0 ? "all domains" : u->domain,
			    reach == REACH_PLAIN ? ": over HTTP only" : "");
	}
}

/* SIP domains that have a meeting URL, into `known`; true: one URL serves all. */
static bool
meet_domains(struct view *v, struct hmap *known)
{
	for (const struct simple_url *u = v->site->urls; u != NULL; u = u->next) {
		if (!u->active || u->kind != SIMPLE_MEET)
			continue;
		if (strcmp(u->domain, "*") == 0)
			return true;
		if (!hmap_put(known, u->domain, (void *)(uintptr_t)u))
			v->failed = true;
	}
	return false;
}

void
check_MEET_UNPUBLISHED(struct view *v)
{
	struct hmap known;

	judge_urls(v, SIMPLE_MEET, CHECK_MEET_UNPUBLISHED);
	hmap_init(&known, v->a->budget);
	if (v->site->has_urls && !meet_domains(v, &known))
		for (const struct sip_domain *d = v->site->domains; d != NULL; d = d->next)
			if (hmap_get(&known, d->name) == NULL)
				found(v, CHECK_MEET_UNPUBLISHED,
				    &(struct about){
					.name = d->name, .subject = d->name, .file = d->file, .line = d->line },
				    "the topology has no meeting URL for the SIP domain %s", d->name);
	hmap_free(&known);
}

void
check_DIALIN_UNPUBLISHED(struct view *v)
{
	judge_urls(v, SIMPLE_DIALIN, CHECK_DIALIN_UNPUBLISHED);
}

void
check_SIMPLE_PATH(struct view *v)
{
	const struct view_rule *r;

	for (const struct simple_url *u = v->t != NULL ? v->site->urls : NULL; u != NULL; u = u->next)
		if (u->active && (u->kind == SIMPLE_MEET || u->kind == SIMPLE_DIALIN || u->kind == SIMPLE_SCHEDULER) &&
		    reach_of(v, u->host, url_path(v, u), &r) == REACH_PATH)
			found(v, CHECK_SIMPLE_PATH, &(struct about){ .rule = r, .subject = u->url }, "%s", u->url);
}

/* Does the rule publish a path of its own for this, not just everything? */
static bool
lists_path(const struct view_rule *r, const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < r->via->path_count; i++)
		if (strncmp(r->via->paths[i].path, path, n) == 0 &&
		    (r->via->paths[i].path[n] == '/' || r->via->paths[i].path[n] == '\0'))
			return true;
	return false;
}

void
check_ADMIN_PUBLISHED(struct view *v)
{
	static const char *const paths[] = { "/cscp", "/admin", "/ocspowershell" };

	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];
		const char *what = NULL;
		uint32_t line = 0;
		char cls;

		if (!r->live || r->role != ROLE_LYNC)
			continue;
		for (size_t k = 0; k < r->name_count && what == NULL; k++)
			if (name_kind(&r->names[k]) == NAME_ADMIN) {
				what = name_host(&r->names[k]);
				line = r->names[k].line;
			}
		for (size_t k = 0; k < ARRAY_LEN(paths) && what == NULL; k++)
			if (lists_path(r, paths[k]))
				what = paths[k];
		cls = r->via->tls_to_port != pool_https(r->pool) ? 'C' : 'H';
		if (what != NULL)
			found(v, CHECK_ADMIN_PUBLISHED,
			    &(struct about){ .rule = r, .subject = what, .line = line, .cls = cls }, "%s, to port %d",
			    what, r->via->tls_to_port);
	}
}

/* ---- autodiscover, Office Web Apps ------------------------------------------------ */

static const char *
discover_name(struct view *v, const struct sip_domain *d)
{
	const char *s = arena_fmt(v->mem, "lyncdiscover.%s", d->name);

	if (s == NULL)
		v->failed = true;
	return s != NULL ? s : "";
}

void
check_AUTODISCOVER_UNPUBLISHED(struct view *v)
{
	for (const struct sip_domain *d = v->t != NULL ? v->site->domains : NULL; d != NULL; d = d->next) {
		const char *host = discover_name(v, d);
		enum reach reach = reach_of(v, host, "", NULL);

		if (reach == REACH_NO || reach == REACH_PLAIN)
			found(v, CHECK_AUTODISCOVER_UNPUBLISHED,
			    &(struct about){ .name = host,
				.subject = host,
				.file = d->file,
				.line = d->line,
				.cls = reach == REACH_PLAIN ? 'M' : 0 },
			    "%s%s", host,
			    reach == REACH_PLAIN ? ": over HTTP only, which is enough for phones alone" : "");
	}
}

void
check_AUTODISCOVER_NO_FIRST_HOP(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];
		const struct view_listener *l = view_listener(v, r->via->listener);

		if (!r->live || r->role != ROLE_LYNC || !r->via->tls_in || l == NULL || l->cert == NULL)
			continue;
		for (size_t k = 0; k < r->name_count; k++) {
			const struct view_name *n = &r->names[k];

			if (name_kind(n) == NAME_AUTODISCOVER &&
			    !certificate_covers(v, l->cert->certificates, name_host(n)) &&
			    view_taker(v, name_host(n), "", false, NULL) == NULL)
				found(v, CHECK_AUTODISCOVER_NO_FIRST_HOP,
				    &(struct about){ .rule = r, .subject = name_host(n), .line = n->line }, "%s",
				    name_host(n));
		}
	}
}

/* The Office Web Apps farms that live rules lead to, by name. */
static bool
farms_led_to(struct view *v, struct hmap *led)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		if (r->live && r->via->to != NULL && r->via->to->role == POOL_WEB_APPS &&
		    !hmap_put(led, r->via->to->fqdn, (void *)(uintptr_t)r->via->to))
			return false;
	}
	return true;
}

void
check_WEB_APPS_UNPUBLISHED(struct view *v)
{
	struct hmap led;

	hmap_init(&led, v->a->budget);
	v->failed = !farms_led_to(v, &led) || v->failed;
	for (const struct pool *p = v->t != NULL ? v->site->pools : NULL; p != NULL; p = p->next) {
		const char *host = pool_public_host(p);

		if (p->role != POOL_WEB_APPS || p->web_apps_external)
			continue;
		if (hmap_get(&led, p->fqdn) == NULL && (host == NULL || is_missing(v, host, "")))
			found(v, CHECK_WEB_APPS_UNPUBLISHED, &(struct about){ .pool = p, .subject = host },
			    "%s inside; the external URL may have another name", host != NULL ? host : p->fqdn);
	}
	hmap_free(&led);
}

/* ---- disabled -------------------------------------------------------------------- */

static void
judge_disabled(struct view *v, const char *host, const char *path)
{
	const struct view_rule *r;

	if (host != NULL && reach_of(v, host, path, &r) == REACH_DISABLED)
		found(v, CHECK_ONLY_DISABLED, &(struct about){ .rule = r, .subject = host }, "%s", host);
}

void
check_ONLY_DISABLED(struct view *v)
{
	for (const struct pool *p = v->site->pools; p != NULL; p = p->next)
		if (has_web(p) || p->role == POOL_WEB_APPS)
			judge_disabled(v, pool_public_host(p), "");
	for (const struct simple_url *u = v->site->urls; u != NULL; u = u->next)
		if (u->active && (u->kind == SIMPLE_MEET || u->kind == SIMPLE_DIALIN))
			judge_disabled(v, u->host, url_path(v, u));
	for (const struct sip_domain *d = v->site->domains; d != NULL; d = d->next)
		judge_disabled(v, discover_name(v, d), "");
}
