/*
 * Servers and farms: the upstreams of http{} and stream{}, and the cookie that
 * keeps a client at its member. See nginx.h.
 */
#include "export/nginx.h"

/* Not after the first failure: one URL at which the servers hang up would take
 * all members away from everybody. */
static const char passive[] = " max_fails=3 fail_timeout=10s";

bool
ng_farm_checked(const struct tmg_farm *f)
{
	const struct tmg_verifier *v;

	for (v = f != NULL ? f->verifiers : NULL; v != NULL; v = (const struct tmg_verifier *)(const void *)v->o.next)
		if (v->enabled)
			return true;
	return false;
}

/* The variables of a farm's cookie: what members are chosen by, what the client
 * is told, what the members see of its cookies. */
static void
put_cookie(struct ng *w, const struct plan_pool *pool)
{
	unsigned id = (unsigned)pool->id;

	out_str(w->o, "\n");
	out_comment_obj(w->o, "", &pool->farm->o);
	out_fmt(w->o, "map $cookie_tmg_f%u $tmg_key_p%u {\n\tdefault $cookie_tmg_f%u;\n\t\"\" $request_id;\n}\n", id,
	    id, id);
	out_fmt(w->o,
	    "map \"$https:$cookie_tmg_f%u\" $tmg_set_p%u {\n\tdefault \"\";\n"
	    "\t\":\" \"tmg_f%u=$request_id; path=/; HttpOnly\";\n"
	    "\t\"on:\" \"tmg_f%u=$request_id; path=/; HttpOnly; Secure\";\n}\n",
	    id, id, id, id);
	out_fmt(w->o,
	    "map $http_cookie $tmg_cookie_p%u {\n\tdefault $http_cookie;\n"
	    "\t\"~^tmg_f%u=[^;]*+(?:; *(?<tmg_after>.*))?\\z\" $tmg_after;\n"
	    "\t\"~^(?<tmg_before>.*?); *tmg_f%u=[^;]*+(?<tmg_after>(?:;.*)?)\\z\" \"$tmg_before$tmg_after\";\n}\n",
	    id, id, id);
}

void
ng_put_cookies(struct ng *w)
{
	const struct plan_pool *pool;
	bool any = false;

	for (pool = w->p->pools; pool != NULL; pool = pool->next) {
		if (pool->farm == NULL || !pool->sticky_cookie)
			continue;
		if (!any)
			out_str(w->o,
			    "\n# Farms that keep a client at its member by a cookie: the key that chooses the member,\n"
			    "# the cookie for a client that has none, and the cookies that the members see.\n");
		any = true;
		put_cookie(w, pool);
	}
}

static void
put_members(struct ng *w, const struct plan_pool *pool)
{
	const struct plan_member *m;

	for (m = pool->members; m != NULL; m = m->next) {
		out_str(w->o, "\tserver ");
		ng_address(w, m->host, pool->port);
		out_str(w->o, m->drained ? " down; # drained: its clients move, too\n" : passive);
		out_str(w->o, m->drained ? "" : ";\n");
	}
}

void
ng_put_upstream(struct ng *w, const struct plan_pool *pool)
{
	if (pool->farm != NULL)
		out_comment_obj(w->o, "", &pool->farm->o);
	out_str(w->o, "upstream tmg_p");
	out_number(w->o, pool->id);
	out_str(w->o, " {\n");
	if (pool->farm == NULL) {
		out_str(w->o, "\tserver ");
		ng_address(w, pool->host, pool->port);
		out_str(w->o, ";\n");
	} else {
		if (pool->sticky_cookie)
			out_fmt(w->o, "\thash $tmg_key_p%u consistent;\n", (unsigned)pool->id);
		else
			out_str(w->o, "\thash $remote_addr consistent;\n");
		put_members(w, pool);
	}
	out_str(w->o, "}\n");
}

bool
ng_pool_in_stream(const struct plan *p, const struct plan_pool *pool)
{
	struct plan_site s;

	for (const struct plan_endpoint *e = p->endpoints; e != NULL; e = e->next) {
		for (uint32_t i = 0; i < e->site_count && e->listener->addresses != NULL; i++) {
			s = plan_site(e, i);
			if (ng_site_stream(e, &s) == pool)
				return true;
		}
	}
	return false;
}

void
ng_put_stream_upstreams(struct ng *w)
{
	const struct plan_pool *pool;

	for (pool = w->p->pools; pool != NULL; pool = pool->next) {
		if (pool->farm == NULL || !ng_pool_in_stream(w->p, pool))
			continue;
		out_str(w->o, "\n");
		ng_put_upstream(w, pool);
	}
}

/* A verifier of TMG waits 5 seconds. Once a request was sent, nginx never repeats
 * POST, PATCH and LOCK, nor what has a body that was still coming. */
void
ng_put_retries(struct ng *w, const char *indent)
{
	out_fmt(w->o,
	    "%sproxy_connect_timeout 5s;\n%sproxy_next_upstream error timeout;\n%sproxy_next_upstream_tries 3;\n",
	    indent, indent, indent);
}
