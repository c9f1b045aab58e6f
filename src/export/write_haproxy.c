/*
 * The HAProxy configuration: haproxy.cfg and its maps. Spells the plan and
 * decides nothing; knows neither XML nor the other targets.
 *
 * A request takes the same few steps however many rules there are:
 *
 *	defaults tmg-published	what could slip past a rule is refused; host and
 *				path are put into the form of the maps
 *	frontend lN-PORT	host -> table (its hosts map), table and path ->
 *				route (the paths maps, shared by all frontends)
 *	backend rN		one per route: Host, path, credentials, server
 *
 * HAProxy's default mode (keep-alive, http-reuse safe) is the one in which a
 * server connection that a client signed in on is never given to another.
 */
#include "export/quote_haproxy.h"
#include "export/writer.h"

#include <inttypes.h>

#define REL_MAX 640       /* an input's folder is a file name, of 255 bytes at most */
#define LABELS_MAX 128    /* a host name of 253 bytes has no more */
#define TIMER_MAX 2147483 /* seconds that fit HAProxy's timers */

struct hap {
	const struct plan *p;
	struct out_set *s;
	struct out *o; /* haproxy.cfg */
	const char *prefix;
	bool encoded;   /* some published path holds a blank: keys are encoded */
	bool exact;     /* there is a paths-exact.map */
	bool beneath;   /* there is a paths-prefix.map */
	bool redirects; /* there is a redirects.map */
	bool tls;       /* some server speaks TLS */
	bool transparent;
};

static struct out *
open_file(const struct hap *h, const char *rel)
{
	char path[REL_MAX];

	snprintf(path, sizeof(path), "%s%s", h->prefix, rel);
	return out_open(h->s, path);
}

/* ---- what the plan holds, looked at once ------------------------------- */

/* The route of a path class. No condition is written yet, so the first choice
 * holds; a class without one is denied. */
static const struct plan_route *
route_of(const struct plan_path *path)
{
	return path->choices != NULL ? path->choices->route : NULL;
}

/* The exact paths of a table, so that "/a" of "/a/" + "*" is not said twice.
 * Without memory it is, and the first one, which is the exact path, holds. */
static void
exact_paths(const struct plan_table *t, struct hmap *m)
{
	for (const struct plan_path *p = t->paths; p != NULL && !p->prefix; p = p->next)
		hmap_put(m, p->path, (void *)(uintptr_t)p);
}

static void
survey(struct hap *h)
{
	const struct plan *p = h->p;

	for (const struct plan_table *t = p->tables; t != NULL; t = t->next) {
		for (const struct plan_path *path = t->paths; path != NULL; path = path->next) {
			/* "/a" + "/" + "*" is also "/a" itself, which is an exact key. */
			if (!path->prefix || path->path[0] != '\0')
				h->exact = true;
			if (path->prefix)
				h->beneath = true;
			if (!hap_map_key_plain(path->path))
				h->encoded = true;
		}
	}
	for (const struct plan_route *r = p->routes; r != NULL; r = r->next)
		if (r->action == PLAN_REDIRECT)
			h->redirects = true;
	for (const struct plan_pool *pool = p->pools; pool != NULL; pool = pool->next) {
		h->tls |= pool->tls;
		h->transparent |= pool->transparent;
	}
}

/* ---- maps --------------------------------------------------------------- */

static void
map_key(struct out *o, const struct plan_table *t, const char *path, const char *end, const struct plan_route *r)
{
	out_fmt(o, "t%" PRIu32, t->id);
	hap_map_key(o, path);
	out_str(o, end);
	if (r == NULL || r->action == PLAN_DENY)
		out_str(o, " deny\n");
	else
		out_fmt(o, " r%" PRIu32 "\n", r->id);
}

/* The comment above an entry, when it differs from the last one. */
static void
map_rule(struct out *o, const struct plan_route *r, const struct plan_rule **last)
{
	if (r == NULL || r->rule == NULL || r->rule == *last)
		return;
	out_comment_obj(o, "", &r->rule->r->o);
	*last = r->rule;
}

static void
write_exact(const struct hap *h)
{
	struct out *o = open_file(h, "maps/paths-exact.map");
	const struct plan_rule *last = NULL;
	struct hmap exact;

	if (o == NULL)
		return;
	out_str(o, "# Table and path of a request -> route. This map is asked first.\n");
	for (const struct plan_table *t = h->p->tables; t != NULL; t = t->next) {
		hmap_init(&exact, h->p->budget);
		exact_paths(t, &exact);
		for (const struct plan_path *p = t->paths; p != NULL; p = p->next) {
			if (p->prefix && (p->path[0] == '\0' || hmap_get(&exact, p->path) != NULL))
				continue;
			map_rule(o, route_of(p), &last);
			map_key(o, t, p->path, "", route_of(p));
		}
		hmap_free(&exact);
	}
	out_close(o);
}

static void
write_prefixes(const struct hap *h)
{
	struct out *o = open_file(h, "maps/paths-prefix.map");
	const struct plan_rule *last = NULL;

	if (o == NULL)
		return;
	out_str(o, "# Table and beginning of a request's path -> route. The longest key wins.\n");
	for (const struct plan_table *t = h->p->tables; t != NULL; t = t->next) {
		for (const struct plan_path *p = t->paths; p != NULL; p = p->next) {
			if (!p->prefix)
				continue;
			map_rule(o, route_of(p), &last);
			map_key(o, t, p->path, "/", route_of(p));
		}
	}
	out_close(o);
}

static void
write_redirects(const struct hap *h)
{
	struct out *o = open_file(h, "maps/redirects.map");

	if (o == NULL)
		return;
	out_str(o, "# Route -> URL that its requests are sent to.\n");
	for (const struct plan_route *r = h->p->routes; r != NULL; r = r->next) {
		if (r->action != PLAN_REDIRECT)
			continue;
		if (r->rule != NULL)
			out_comment_obj(o, "", &r->rule->r->o);
		out_fmt(o, "r%" PRIu32 " ", r->id);
		hap_map_url(o, r->location);
		out_str(o, "\n");
	}
	out_close(o);
}

static void
write_hosts(const struct hap *h, const struct plan_endpoint *e, const char *rel)
{
	struct out *o = open_file(h, rel);

	if (o == NULL)
		return;
	out_str(o, "# Host of a request -> table of paths. The most specific name wins.\n");
	for (const struct plan_site *s = e->sites; s != NULL; s = s->next) {
		for (const struct plan_host *n = s->hosts; n != NULL; n = n->next) {
			bool v6 = strchr(n->name, ':') != NULL;

			if (n->kind == HOST_ANY)
				continue;
			out_str(o, n->kind == HOST_SUFFIX ? "*." : v6 ? "[" : "");
			hap_map_key(o, n->name);
			out_fmt(o, "%s t%" PRIu32 "\n", v6 ? "]" : "", s->table->id);
		}
	}
	out_close(o);
}

/* ---- global and defaults ------------------------------------------------ */

static void
write_global(const struct hap *h)
{
	struct out *o = h->o;

	out_str(o,
	    "# Written by tmgport. A frontend is an address and port of a web listener,\n"
	    "# a backend is what one rule does; maps/ ties hosts and paths to them.\n"
	    "# To check it: haproxy -c -f haproxy.cfg\n"
	    "\n"
	    "global\n"
	    "\tlog /dev/log local0\n"
	    "\tchroot /var/lib/haproxy\n");
	if (h->transparent)
		out_str(o, "\t# Stays root: connecting with the client's address needs it.\n");
	else
		out_str(o, "\tuser haproxy\n\tgroup haproxy\n");
	out_str(o,
	    "\t# Relative file names count from the folder of this file.\n"
	    "\tdefault-path config\n"
	    "\t# Windows sign-in sends headers of tens of kilobytes.\n"
	    "\ttune.bufsize 131072\n"
	    "\ttune.maxrewrite 16384\n");
}

static void
write_defaults(const struct hap *h)
{
	const struct tmg_convert_options *opt = h->p->opt.o;
	struct out *o = h->o;

	out_str(o,
	    "\ndefaults tmg\n"
	    "\tmode http\n"
	    "\tlog global\n"
	    "\toption httplog\n"
	    "\toption dontlognull\n"
	    "\t# HTTP/1.1 only, as TMG speaks it: Windows sign-in belongs to a connection.\n"
	    "\toption disable-h2-upgrade\n"
	    "\t# A server connection that a client signed in on stays with that client.\n"
	    "\thttp-reuse safe\n"
	    "\ttimeout connect 10s\n"
	    "\ttimeout http-request 60s\n"
	    "\ttimeout client 1800s\n"
	    "\t# Lync and Exchange hold requests open for up to a quarter of an hour.\n"
	    "\ttimeout server 960s\n"
	    "\ttimeout tunnel 1800s\n");
	if (!h->tls)
		return;
	if (opt != NULL && opt->no_verify) {
		out_str(o,
		    "\t# --no-verify: any server certificate is accepted.\n"
		    "\tdefault-server verify none\n");
		return;
	}
	out_str(o, "\tdefault-server verify required ca-file ");
	hap_word(o, h->p->opt.ca_file);
	out_str(o, "\n");
}

/*
 * What every published frontend does first. A path is refused, not repaired,
 * where servers could disagree on what it means; "%(25)*" is a percent sign
 * that was encoded any number of times.
 */
static const char guard[] =
    "\t# \"*\" and CONNECT have no path\n"
    "\thttp-request deny deny_status 403 unless { path -m beg / }\n"
    "\t# broken escapes, control characters\n"
    "\thttp-request deny deny_status 403 if { path -m reg -i -- '%(?![0-9a-f]{2})|%[01][0-9a-f]|%7f' }\n"
    "\t# backslashes, which Windows reads as slashes\n"
    "\thttp-request deny deny_status 403 if { path -m reg -i -- '\\\\|%(25)*5c' }\n"
    "\t# \".\" and \"..\" between slashes or before \";\"\n"
    "\thttp-request deny deny_status 403 if { path -m reg -i -- "
    "'(^|/|%(25)*2f)(\\.|%(25)*2e)(\\.|%(25)*(2e|20))*(/|;|%(25)*(2f|3b)|$)' }\n"
    "\t# escapes made of escapes, %uXXXX, overlong UTF-8: a dot or slash in disguise\n"
    "\thttp-request deny deny_status 403 if { path -m reg -i -- "
    "'%(25)+[0-9a-f]?%(25)*(3[0-9]|[46][1-6])|%(25)*u[0-9a-f]{4}"
    "|%(25)*(c[01]%(25)*[89ab]|e0%(25)*[89]|f0%(25)*8)' }\n";

#define HOST_FORM "'^([0-9a-z_-][0-9a-z._-]*|\\[[0-9a-f:.]+\\])(:[0-9]{0,5})?$'"

static void
write_published(const struct hap *h)
{
	struct out *o = h->o;

	out_str(o,
	    "\n# All frontends that publish something begin with this.\n"
	    "defaults tmg-published from tmg\n");
	out_str(o, guard);
	out_str(o,
	    "\t# Host: one name or address, lower case, without port and trailing dot\n"
	    "\thttp-request deny deny_status 400 if { req.fhdr(host) -m found } "
	    "!{ req.fhdr(host) -m reg -i -- " HOST_FORM " }\n"
	    "\thttp-request set-var(txn.tmg_host) req.fhdr(host),host_only,lower,regsub([.]$,)\n"
	    "\thttp-request set-var(txn.tmg_port) req.fhdr(host),port_only\n"
	    "\t# path: decoded once, lower case, runs of slashes as one");
	if (h->encoded)
		out_str(o, "; blanks as the maps have them");
	out_str(o, "\n\thttp-request set-var(txn.tmg_path) ");
	if (h->encoded)
		out_str(o, "'path,url_dec,lower,regsub(//+,/,g),regsub(%,%25,g),regsub(\" \",%20,g)'\n");
	else
		out_str(o, "path,url_dec,lower,regsub(//+,/,g)\n");
	out_str(o,
	    "\t# a request to a full URL goes on as a plain one\n"
	    "\thttp-request set-uri %[pathq] unless { url -m beg / }\n"
	    "\t# the server sees the Host that was decided on\n"
	    "\thttp-request set-header Host %[var(txn.tmg_host)] if { var(txn.tmg_host) -m found }\n"
	    "\thttp-request set-header X-Forwarded-For %[src]\n");
}

/* ---- frontends ---------------------------------------------------------- */

static void
write_binds(const struct hap *h, const struct plan_endpoint *e)
{
	struct out *o = h->o;

	for (const struct plan_address *a = e->listener->addresses; a != NULL; a = a->next) {
		out_str(o, "\tbind ");
		if (a->text != NULL && a->v6)
			out_str(o, "[");
		if (a->text != NULL)
			hap_word(o, a->text);
		if (a->text != NULL && a->v6)
			out_str(o, "]");
		out_fmt(o, ":%u", (unsigned)e->port);
		if (e->tls) {
			out_str(o, " ssl crt ");
			hap_word(o, e->listener->certificate);
			out_str(o, " alpn http/1.1 ssl-min-ver TLSv1.2");
		}
		out_str(o, "\n");
	}
}

static size_t
labels(const char *name)
{
	size_t n = 1;

	for (; *name != '\0'; name++)
		n += *name == '.';
	return n < LABELS_MAX ? n : LABELS_MAX - 1;
}

/* Looks the host up: as it is, then its last labels, the longest suffix
 * first, one line for each number of labels that occurs; then any. */
static void
write_host_lookup(const struct hap *h, const struct plan_endpoint *e, const char *rel)
{
	static const char miss[] = " unless { var(txn.tmg_table) -m found }\n";
	bool has[LABELS_MAX] = { false }, named = false;
	const struct plan_table *any = NULL;
	struct out *o = h->o;

	for (const struct plan_site *s = e->sites; s != NULL; s = s->next) {
		for (const struct plan_host *n = s->hosts; n != NULL; n = n->next) {
			if (n->kind == HOST_ANY)
				any = s->table;
			else
				named = true;
			if (n->kind == HOST_SUFFIX)
				has[labels(n->name)] = true;
		}
	}
	if (named) {
		write_hosts(h, e, rel);
		out_fmt(o, "\thttp-request set-var(txn.tmg_table) var(txn.tmg_host),map_str(%s)\n", rel);
	}
	for (size_t k = LABELS_MAX; k-- > 0;) {
		if (!has[k])
			continue;
		out_fmt(o,
		    "\thttp-request set-var(txn.tmg_table) 'var(txn.tmg_host),"
		    "regsub(\"^.+(([.][^.]+){%zu})$\",\"*\\1\"),map_str(%s)'%s",
		    k, rel, miss);
	}
	if (any != NULL)
		out_fmt(o, "\thttp-request set-var(txn.tmg_table) str(t%" PRIu32 ")%s", any->id, named ? miss : "\n");
}

static void
write_path_lookup(const struct hap *h)
{
	static const char start[] = "\thttp-request set-var(txn.tmg_route) var(txn.tmg_table),concat(,txn.tmg_path),";
	struct out *o = h->o;

	if (h->exact)
		out_fmt(o, "%smap_str(maps/paths-exact.map)\n", start);
	if (h->beneath)
		out_fmt(o, "%smap_beg(maps/paths-prefix.map)%s\n", start,
		    h->exact ? " unless { var(txn.tmg_route) -m found }" : "");
}

static void
write_redirect_all(const struct hap *h, const struct plan_endpoint *e)
{
	struct out *o = h->o;

	out_str(o,
	    "\t# RedirectHTTPAsHTTPS: every request goes to the HTTPS port\n"
	    "\thttp-request deny deny_status 400 unless { req.fhdr(host) -m reg -i -- " HOST_FORM " }\n"
	    "\thttp-request deny deny_status 403 unless { path -m beg / }\n"
	    "\thttp-request redirect location https://%[req.fhdr(host),host_only,lower,regsub([.]$,)]");
	if (e->https_port != 443)
		out_fmt(o, ":%u", (unsigned)e->https_port);
	out_str(o, "%[pathq] code 302\n");
}

static void
write_lookups(const struct hap *h, const struct plan_endpoint *e, const char *rel)
{
	struct out *o = h->o;

	write_host_lookup(h, e, rel);
	write_path_lookup(h);
	out_str(o,
	    "\thttp-request deny deny_status 403 if !{ var(txn.tmg_route) -m found }"
	    " or { var(txn.tmg_route) -m str deny }\n");
	if (h->redirects)
		out_str(o,
		    "\thttp-request set-var(txn.tmg_location) "
		    "var(txn.tmg_route),map_str(maps/redirects.map)\n"
		    "\thttp-request redirect location %[var(txn.tmg_location)] code 302"
		    " if { var(txn.tmg_location) -m found }\n");
	out_fmt(o,
	    "\thttp-request set-header Host %%[var(txn.tmg_host)]:%%[var(txn.tmg_port)]"
	    " if { var(txn.tmg_port) -m found } !{ var(txn.tmg_port) -m int 0 %u }\n",
	    e->tls ? 443u : 80u);
	out_str(o, "\tuse_backend %[var(txn.tmg_route)]\n");
}

static void
write_frontend(const struct hap *h, const struct plan_endpoint *e)
{
	const struct tmg_listener *l = e->listener->l;
	int idle = l->timeout > 0 ? l->timeout : 120;
	bool lookups = !e->redirect_all && e->sites != NULL;
	char rel[64];
	struct out *o = h->o;

	out_str(o, "\n");
	out_comment_obj(o, "", &l->o);
	out_fmt(o, "frontend l%" PRIu32 "-%u from %s\n", e->listener->id, (unsigned)e->port,
	    lookups ? "tmg-published" : "tmg");
	write_binds(h, e);
	out_fmt(o, "\ttimeout http-keep-alive %ds\n", idle < TIMER_MAX ? idle : TIMER_MAX);
	if (e->redirect_all) {
		write_redirect_all(h, e);
	} else if (!lookups) {
		out_str(o, "\t# nothing is published here\n\thttp-request deny deny_status 403\n");
	} else {
		snprintf(rel, sizeof(rel), "maps/l%" PRIu32 "-%u-hosts.map", e->listener->id, (unsigned)e->port);
		write_lookups(h, e, rel);
	}
}

/* ---- backends ----------------------------------------------------------- */

static void
write_mapping(const struct hap *h, const struct plan_mapping *m)
{
	struct out *o = h->o;

	if (!m->prefix) {
		out_str(o, "\thttp-request set-path ");
		hap_format(o, m->internal[0] != '\0' ? m->internal : "/");
		out_str(o, "\n");
		return;
	}
	if (m->external[0] == '\0') {
		out_str(o, "\thttp-request set-path '");
		hap_replacement(o, m->internal);
		out_str(o, "%[path]'\n");
		return;
	}
	/* The path that is sent is cut from the one that came. One that reached
	 * this rule in another spelling would go on unmapped: refused. */
	out_str(o, "\thttp-request deny deny_status 403 unless { path -m reg -i -- '^");
	hap_path_regex(o, m->external);
	out_str(o, "(/|$)' }\n\thttp-request replace-path '(?i)^");
	hap_path_regex(o, m->external);
	if (m->internal[0] == '\0') {
		out_str(o, "/?(.*)$' '/\\1'\n");
	} else {
		out_str(o, "(/.*)?$' '");
		hap_replacement(o, m->internal);
		out_str(o, "\\1'\n");
	}
}

static void
write_server(const struct hap *h, const struct plan_pool *pool)
{
	bool brackets = pool->host_is_address && strchr(pool->host, ':') != NULL;
	const struct tmg_convert_options *opt = h->p->opt.o;
	struct out *o = h->o;

	if (pool->transparent)
		out_str(o, "\tsource 0.0.0.0 usesrc clientip\n");
	if (pool->tls && pool->tls_name_is_address)
		out_str(o, "\t# An address is never sent as SNI: the variable is not set.\n");
	out_str(o, "\tserver s1 ");
	out_str(o, brackets ? "[" : "");
	hap_word(o, pool->host);
	out_fmt(o, "%s:%u", brackets ? "]" : "", (unsigned)pool->port);
	if (pool->tls) {
		out_str(o, " ssl sni ");
		if (pool->tls_name_is_address)
			out_str(o, "var(txn.tmg_no_sni)");
		else
			hap_str(o, pool->tls_name);
		if (opt == NULL || !opt->no_verify) {
			out_str(o, " verifyhost ");
			hap_word(o, pool->tls_name);
		}
	}
	out_str(o, "\n");
}

static void
write_backend(const struct hap *h, const struct plan_route *r)
{
	const struct tmg_web *web = r->rule != NULL ? r->rule->r->web : NULL;
	struct out *o = h->o;

	out_fmt(o, "backend r%" PRIu32 " from tmg\n", r->id);
	if (r->host != NULL) {
		out_str(o, "\thttp-request set-header Host ");
		hap_format(o, r->host);
		out_str(o, "\n");
	} else if (r->site != NULL && web != NULL && web->all_public_names) {
		/* Only such a rule takes a request that names no host. */
		out_str(o, "\thttp-request set-header Host ");
		hap_format(o, r->site);
		out_str(o, " unless { req.fhdr(host) -m found }\n");
	}
	if (r->map != NULL)
		write_mapping(h, r->map);
	if (!r->pass_credentials)
		out_str(o,
		    "\thttp-request del-header Authorization\n"
		    "\thttp-response del-header WWW-Authenticate\n");
	write_server(h, r->pool);
}

static void
write_route(const struct hap *h, const struct plan_route *r)
{
	switch (r->action) {
	case PLAN_FORWARD: write_backend(h, r); break;
	case PLAN_REDIRECT: out_fmt(h->o, "# r%" PRIu32 ": redirect, see maps/redirects.map\n", r->id); break;
	case PLAN_DENY: out_fmt(h->o, "# r%" PRIu32 ": answered with 403\n", r->id); break;
	}
}

static void
write_rule_head(const struct hap *h, const struct plan_rule *r)
{
	static const char *const states[] = {
		[PLAN_LIVE] = NULL,
		[PLAN_DISABLED] = "disabled: not written",
		[PLAN_CLOSED] = "closed: what it would take is answered with 403",
		[PLAN_NA] = "not written",
	};
	struct out *o = h->o;

	out_str(o, "\n");
	out_comment_obj(o, "", &r->r->o);
	if (r->state == PLAN_NA && r->reasons == NULL && !rule_is_web(r->r))
		out_str(o, "# not written: no web publishing rule\n");
	else if (states[r->state] != NULL)
		out_fmt(o, "# %s\n", states[r->state]);
	for (const struct plan_note *n = r->reasons; n != NULL; n = n->next) {
		const struct diag_row *row = diag_row(n->id);

		out_fmt(o, "# %s%s%s [%s]\n", row->sentence, n->detail != NULL ? ": " : "",
		    n->detail != NULL ? n->detail : "", row->id);
	}
	if (r->state == PLAN_LIVE && r->routes == 0)
		out_str(o, "# never reached: rules before it take all of its requests\n");
}

/* Every rule of the export in its order, each with its routes. */
static void
write_rules(const struct hap *h)
{
	const struct plan *p = h->p;
	const struct plan_route *r = p->routes;

	for (size_t i = 0; i < p->rule_count; i++) {
		write_rule_head(h, &p->rules[i]);
		for (; r != NULL && (r->rule == NULL || r->rule <= &p->rules[i]); r = r->next)
			if (r->rule != NULL)
				write_route(h, r);
	}
}

static void
haproxy_write(const struct plan *p, struct out_set *s, const char *prefix)
{
	struct hap h = { .p = p, .s = s, .prefix = prefix };
	bool published = false;

	h.o = open_file(&h, "haproxy.cfg");
	if (h.o == NULL)
		return;
	survey(&h);
	write_global(&h);
	write_defaults(&h);
	for (const struct plan_endpoint *e = p->endpoints; e != NULL; e = e->next)
		published |= !e->redirect_all && e->sites != NULL;
	if (published)
		write_published(&h);
	for (const struct plan_endpoint *e = p->endpoints; e != NULL; e = e->next)
		write_frontend(&h, e);
	write_rules(&h);
	out_close(h.o);
	if (!published)
		return;
	if (h.exact)
		write_exact(&h);
	if (h.beneath)
		write_prefixes(&h);
	if (h.redirects)
		write_redirects(&h);
}

/* Nothing is lost here that is not lost everywhere: this proxy carries Windows
 * sign-in in http mode. */
static void
haproxy_losses(struct plan *p, struct tmg *t)
{
	(void)p;
	(void)t;
}

static const char *
haproxy_via(const struct plan *p, const struct plan_rule *r)
{
	(void)p;
	(void)r;
	return "http";
}

const struct writer writer_haproxy = {
	.name = "haproxy",
	.tested = "2.6.12",
	.losses = haproxy_losses,
	.write = haproxy_write,
	.via = haproxy_via,
};
