/*
 * The naive walker and the look-up in a plan. The walker takes the rules in
 * order and each condition by itself, with plain matchers of its own; it must
 * not use anything of src/plan but the records of the look-up.
 */
#include "walk.h"

#include "unit.h"

/* ---------------------------------------------------------- the walker: matching */

/* Lower case, no trailing dot. The pools of the tests hold nothing harder. */
static void
simple_name(const char *s, char out[300])
{
	size_t n = 0;

	for (; s[n] != '\0' && n < 299; n++)
		out[n] = ascii_lower(s[n]);
	if (n > 0 && out[n - 1] == '.')
		n--;
	out[n] = '\0';
}

static bool
name_matches(const char *pattern, const char *host)
{
	char p[300];
	size_t n, m;

	simple_name(pattern, p);
	if (host == NULL)
		return false;
	if (p[0] != '*' || p[1] != '.')
		return strcmp(p, host) == 0;
	n = strlen(p + 1); /* with its dot: "*.x" is whatever ends in ".x" */
	m = strlen(host);
	return m > n && strcmp(host + m - n, p + 1) == 0;
}

static bool
names_match(const struct tmg_rule *r, const char *host)
{
	if (r->web->all_public_names)
		return true;
	for (struct tmg_public_name x = { 0 }; tmg_next_name(r, &x);) {
		if (name_matches(x.s, host))
			return true;
	}
	return false;
}

static bool
is_prefix_form(const char *path)
{
	size_t n = strlen(path);

	return n >= 2 && strcmp(path + n - 2, "/*") == 0;
}

static bool
path_form_ok(const char *path)
{
	const char *star = strchr(path, '*');

	return path[0] == '/' && (star == NULL || (is_prefix_form(path) && star[1] == '\0'));
}

static const char *
mapping_external(const struct tmg_path_mapping *m)
{
	return m->same || m->external == NULL ? m->internal : m->external;
}

/* 0: does not cover it; an exact path beats every prefix, a longer prefix a shorter one. */
static size_t
path_match(const char *pattern, const char *path)
{
	size_t n = strlen(pattern);

	if (!is_prefix_form(pattern))
		return ascii_casecmp(pattern, path) == 0 ? 100000 : 0;
	n -= 2; /* "/a" and what follows it after a slash */
	if (ascii_ncasecmp(pattern, path, n) != 0 || (path[n] != '\0' && path[n] != '/'))
		return 0;
	return n + 1;
}

static const struct tmg_path_mapping *
path_best(const struct tmg_web *w, const char *path)
{
	const struct tmg_path_mapping *hit = NULL;
	size_t best = 0;

	for (const struct tmg_path_mapping *m = w->paths; m != NULL; m = m->next) {
		size_t now = path_match(mapping_external(m), path);
		if (now > best) {
			best = now;
			hit = m;
		}
	}
	return hit;
}

static bool
paths_broken(const struct tmg_web *w)
{
	for (const struct tmg_path_mapping *m = w->paths; m != NULL; m = m->next) {
		const char *e = mapping_external(m), *i = m->internal != NULL ? m->internal : e;
		/* A backslash is for internal paths. */
		if (!path_form_ok(e) || strchr(e, '\\') != NULL || !path_form_ok(i) ||
		    is_prefix_form(e) != is_prefix_form(i))
			return true;
	}
	return false;
}

/* ---------------------------------------------------- the walker: what closes a rule */

static bool
key_is(const struct tmg_ref *ref, const char *guid)
{
	return ascii_casecmp(ref->key, guid) == 0;
}

static bool
sources_close(const struct tmg_rule *r)
{
	bool everyone = false;

	if (r->terms->sources == NULL)
		return false;
	for (const struct tmg_ref *ref = r->terms->sources->refs; ref != NULL; ref = ref->next) {
		/* The generator knows two sources that can be resolved; nothing else is written today. */
		if (ref->excluded ||
		    (!key_is(ref, "{BE20F10A-A274-436A-A7AD-63A9FC5ED19D}") &&
			!key_is(ref, "{F129EACF-778B-44FE-B339-5B752D7220A3}")))
			return true;
		everyone = true;
	}
	return !everyone;
}

static bool
wants_users(const struct tmg_web *w)
{
	bool all = false, others = false;

	for (const struct tmg_ref *ref = w->users; ref != NULL; ref = ref->next) {
		if (!ref->excluded && key_is(ref, "{DFFB7833-9365-4184-AABC-7CAFB018A7FA}"))
			all = true;
		else
			others = true;
	}
	return (others && !all) || (w->has_users && !all);
}

/* Conditions that --pass-through sets aside. */
static bool
closed_softly(const struct tmg_rule *r)
{
	return wants_users(r->web) || r->web->listener->always_authenticate || r->web->client_cert_claim == 1 ||
	    r->web->require_client_cert || !r->applies_always || r->web->paths == NULL;
}

static bool
closed_hard(const struct tmg_rule *r)
{
	const struct tmg_web *w = r->web;
	bool farm = w->farm != NULL && w->farm->key[0] != '\0' && w->lb_enabled;

	return sources_close(r) || paths_broken(w) || w->server_type == 3 || farm || w->site == NULL;
}

static bool
was_opened(const struct opened *o, const struct tmg_rule *r)
{
	char guid[TMG_GUID_SIZE];

	for (size_t i = 0; i < o->count; i++) {
		if (strcmp(o->names[i], "all") == 0 || strcmp(o->names[i], r->o.name) == 0 ||
		    ascii_casecmp(o->names[i], tmg_guid(&r->o, guid)) == 0)
			return true;
	}
	return false;
}

static bool
covers(const struct tmg_rule *r, const struct request *q)
{
	const struct tmg_web *w = r->web;

	if (w == NULL || !r->enabled || r->system || w->listener != q->listener || !r->o.in->publishing)
		return false;
	if (!names_match(r, q->host))
		return false;
	/* What a broken path meant is not known: the rule is closed for all of them. */
	return w->paths == NULL || paths_broken(w) || path_best(w, q->path) != NULL;
}

/* ------------------------------------------------------- the walker: what the rule does */

static void
sent_path(const struct tmg_web *w, const struct request *q, char out[300])
{
	const struct tmg_path_mapping *m = path_best(w, q->path);
	const char *ext, *inn, *rest = "";
	char bytes[100];
	size_t n = 0;

	snprintf(out, 300, "%s", q->path);
	if (m == NULL)
		return;
	ext = mapping_external(m);
	inn = m->internal != NULL ? m->internal : ext;
	if (ascii_casecmp(ext, inn) == 0)
		return;
	for (; *inn != '\0' && n < sizeof(bytes) - 4; inn++) {
		if (*inn == '*')
			break;
		if (*inn == '\\')
			n += (size_t)snprintf(bytes + n, 4, "%%5c");
		else
			bytes[n++] = *inn;
	}
	if (is_prefix_form(ext)) {
		n--; /* the slash before the star: the rest begins with it */
		rest = q->path + strlen(ext) - 2;
	}
	bytes[n] = '\0';
	snprintf(out, 300, "%s%s", bytes, rest);
	if (out[0] == '\0')
		snprintf(out, 300, "/");
}

static void
forward(const struct tmg_rule *r, const struct request *q, struct answer *a)
{
	const struct tmg_web *w = r->web;

	a->kind = ANSWER_FORWARD;
	a->tls = w->server_type == 1 || (w->server_type == 2 && q->tls);
	a->port = a->tls ? w->https_port : w->http_port;
	a->server = w->server;
	a->tls_name = a->tls ? w->site : NULL;
	a->host = w->original_host && q->host != NULL ? q->host : w->site;
	a->credentials = w->delegation == 0;
	sent_path(w, q, a->path);
}

static void
act(const struct opened *o, const struct tmg_rule *r, const struct request *q, struct answer *a)
{
	const struct tmg_web *w = r->web;
	bool demands =
	    wants_users(w) || w->listener->always_authenticate || w->client_cert_claim == 1 || w->require_client_cert;

	a->rule = r;
	if (r->deny) {
		if (w->redirect_url != NULL && strncmp(w->redirect_url, "http", 4) == 0) {
			a->kind = ANSWER_REDIRECT;
			a->location = w->redirect_url;
		}
		return;
	}
	if (closed_hard(r) || (closed_softly(r) && !was_opened(o, r)))
		return;
	if (!q->tls && w->require_ssl >= 1)
		return;
	if (!q->tls && w->listener->redirect_http == 1 && demands) {
		if (w->listener->https_port != 0) {
			a->kind = ANSWER_HTTPS;
			a->port = w->listener->https_port;
		}
		return;
	}
	forward(r, q, a);
}

void
walk(const struct tmg_input *in, const struct opened *o, const struct request *q, struct answer *a)
{
	memset(a, 0, sizeof(*a));
	if (!q->tls && q->listener->redirect_http == 2) {
		if (q->listener->https_port != 0) {
			a->kind = ANSWER_HTTPS;
			a->port = q->listener->https_port;
		}
		return;
	}
	for (const struct tmg_array *x = in->arrays; x != NULL; x = x->next) {
		for (const struct tmg_rule *r = x->rules; r != NULL; r = tmg_next_rule(r)) {
			if (covers(r, q)) {
				act(o, r, q, a);
				return;
			}
		}
	}
}

/* ------------------------------------------------------------- the look-up in the plan */

const struct plan_endpoint *
endpoint_find(const struct plan *p, const struct tmg_listener *l, bool tls)
{
	for (const struct plan_endpoint *e = p->endpoints; e != NULL; e = e->next) {
		if (e->listener->l == l && e->tls == tls)
			return e;
	}
	return NULL;
}

static size_t
host_rank(const struct plan_host *h, const char *host)
{
	size_t n = strlen(h->name), m = host != NULL ? strlen(host) : 0;

	switch (h->kind) {
	case HOST_EXACT: return host != NULL && strcmp(h->name, host) == 0 ? 100000 : 0;
	case HOST_SUFFIX: return m > n + 1 && host[m - n - 1] == '.' && strcmp(host + m - n, h->name) == 0 ? n + 2 : 0;
	default: return 1;
	}
}

/* Its shape is NULL when nothing has the host. */
static struct plan_table
table_find(const struct plan_endpoint *e, const char *host)
{
	struct plan_table t = { 0 };
	size_t best = 0;

	for (uint32_t i = 0; i < e->site_count; i++) {
		for (const struct plan_host *h = plan_site(e, i).hosts; h != NULL; h = plan_host_next(h)) {
			size_t now = host_rank(h, host);
			if (now > best) {
				best = now;
				t = plan_site(e, i).table;
			}
		}
	}
	return t;
}

static struct plan_route
route_find(const struct plan_table *t, const char *path)
{
	const struct plan_path *hit = NULL;
	size_t best = 0;

	for (const struct plan_path *p = t->shape != NULL ? t->shape->paths : NULL; p != NULL; p = p->next) {
		size_t n = strlen(p->path), now = 0;
		if (!p->prefix)
			now = strcmp(p->path, path) == 0 ? 100000 : 0;
		else if (strncmp(p->path, path, n) == 0 && (path[n] == '/' || path[n] == '\0'))
			now = n + 1;
		if (now > best) {
			best = now;
			hit = p;
		}
	}
	/* No condition is written today: the first choice always holds. */
	return hit != NULL ? plan_route_of(t, hit->choices) : PLAN_NO_ROUTE;
}

static void
route_path(const struct plan_mapping *m, const char *path, char out[300])
{
	snprintf(out, 300, "%s", path);
	if (m == NULL)
		return;
	snprintf(out, 300, "%s%s", m->internal, m->prefix ? path + strlen(m->external) : "");
	if (out[0] == '\0')
		snprintf(out, 300, "/");
}

static void
route_answer(struct plan_route r, const struct request *q, struct answer *a)
{
	a->rule = plan_rule_of(r) != NULL ? plan_rule_of(r)->r : NULL;
	switch (r.deed->action) {
	case PLAN_FORWARD:
		a->kind = ANSWER_FORWARD;
		a->server = r.deed->pool->host;
		a->port = r.deed->pool->port;
		a->tls = r.deed->pool->tls;
		a->tls_name = r.deed->pool->tls_name;
		a->host = r.deed->host != NULL ? r.deed->host : q->host != NULL ? q->host : r.deed->site;
		a->credentials = r.deed->pass_credentials;
		route_path(r.deed->map, q->path, a->path);
		break;
	case PLAN_REDIRECT:
		a->kind = r.deed->location != NULL ? ANSWER_REDIRECT : ANSWER_HTTPS;
		a->location = r.deed->location;
		a->port = r.deed->location != NULL ? 0 : r.deed->https_port;
		break;
	case PLAN_DENY: break;
	}
}

bool
look_up(const struct plan *p, const struct request *q, struct answer *a)
{
	const struct plan_endpoint *e = endpoint_find(p, q->listener, q->tls);
	struct plan_table t;
	struct plan_route r;
	char lower[300];

	memset(a, 0, sizeof(*a));
	if (e == NULL)
		return false;
	if (e->redirect_all) {
		a->kind = ANSWER_HTTPS;
		a->port = e->https_port;
		return true;
	}
	simple_name(q->path, lower);
	t = table_find(e, q->host);
	r = route_find(&t, lower);
	if (r.deed == NULL)
		return true;
	route_answer(r, q, a);
	return true;
}
