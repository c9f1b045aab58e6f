/*
 * HAProxy's frontends: an address and port of a listener, and what every
 * request to it goes through: the guard against paths in disguise, host ->
 * table, table and path -> route, route -> backend.
 */
#include "export/haproxy.h"

#define LABELS_MAX 128 /* a host name of 253 bytes has no more */

/* Words between single slashes that do not begin with a dot: nothing in them can be in disguise. */
#define ORDINARY "'^/(?:[0-9A-Za-z_-][0-9A-Za-z_.-]*+/?+)*+\\z'"

/*
 * What every published frontend does first. A path is refused, not repaired,
 * where servers could disagree on what it means; "%(25)*" is a percent sign
 * that was encoded any number of times. Each expression says what may pass, so
 * that one that cannot be worked out refuses.
 */
static const char guard[] =
    "\t# Most paths are plain words between slashes: nothing else is asked of them, and their\n"
    "\t# lower case is what the maps are asked for.\n"
    "\thttp-request set-var(txn.tmg_path) path,lower if { path -m reg -- " ORDINARY " }\n"
    "\tacl ordinary var(txn.tmg_path) -m found\n"
    "\t# All others: \"*\" and CONNECT have no path; broken escapes, control characters\n"
    "\tacl whole path -m reg -i -- '^/(?![^?]*(%(?![0-9a-f]{2})|%[01][0-9a-f]|%7f))'\n"
    "\t# backslashes, which Windows reads as slashes\n"
    "\tacl no-backslash path -m reg -i -- '^(?![^?]*(\\\\|%(25)*5c))'\n"
    "\t# \".\" and \"..\" between slashes or before \";\"\n"
    "\tacl no-dots path -m reg -i -- "
    "'^(?![^?]*(/|%(25)*2f)(\\.|%(25)*2e)(\\.|%(25)*(2e|20))*(/|;|%(25)*(2f|3b)|$))'\n"
    "\t# escapes made of escapes, %uXXXX, overlong UTF-8: a dot or slash in disguise\n"
    "\tacl no-disguise path -m reg -i -- "
    "'^(?![^?]*(%(25)+[0-9a-f]?%(25)*(3[0-9]|[46][1-6])|%(25)*u[0-9a-f]{4}"
    "|%(25)*(c[01]%(25)*[89ab]|e0%(25)*[89]|f0%(25)*8)))'\n"
    "\thttp-request deny deny_status 403 unless ordinary or whole no-backslash no-dots no-disguise\n";

#define HOST_FORM "'^([0-9a-z_-][0-9a-z._-]*|\\[[0-9a-f:.]+\\])(:[0-9]{0,5})?$'"

void
hap_write_published(const struct hap *h)
{
	struct out *o = h->o;

	out_str(o,
	    "\n# All frontends that publish something begin with this.\n"
	    "defaults tmg-published from tmg\n");
	out_str(o, guard);
	out_str(o, "\t# decoded once, lower case, runs of slashes as one");
	if (h->encoded)
		out_str(o, "; blanks as the maps have them");
	out_str(o, "\n\thttp-request set-var(txn.tmg_path) ");
	if (h->encoded)
		out_str(o, "'path,url_dec,lower,regsub(//+,/,g),regsub(%,%25,g),regsub(\" \",%20,g)'");
	else
		out_str(o, "path,url_dec,lower,regsub(//+,/,g)");
	out_str(o,
	    " unless ordinary\n"
	    "\t# a request to a full URL goes on as a plain one\n"
	    "\thttp-request set-uri %[pathq] unless { url -m beg / }\n"
	    "\thttp-request set-header X-Forwarded-For %[src]\n");
}

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
			if (e->listener->client_ca != NULL) {
				out_str(o, " verify optional ca-file ");
				hap_word(o, e->listener->client_ca);
			}
		}
		out_str(o, "\n");
	}
}

/* All ports of a listener count together; who is one too many is cut off. */
static void
write_limit(const struct hap *h, const struct plan_endpoint *e)
{
	const struct plan_endpoint *x;
	struct out *o = h->o;
	bool some = false;

	if (e->listener->l->max_connections <= 0)
		return;
	for (x = h->p->endpoints; x != NULL; x = x->next) {
		if (x == e || x->listener->l != e->listener->l)
			continue;
		out_fmt(o, "\ttcp-request connection set-var(sess.tmg_others) fe_conn(l%" PRIu32 "-%u)%s\n",
		    x->listener->id, (unsigned)x->port, some ? ",add(sess.tmg_others)" : "");
		some = true;
	}
	out_fmt(o, "\ttcp-request connection reject if { fe_conn%s gt %d }\n", some ? ",add(sess.tmg_others)" : "",
	    e->listener->l->max_connections);
}

static size_t
labels(const char *name)
{
	size_t n = 1;

	for (; *name != '\0'; name++)
		n += *name == '.';
	return n < LABELS_MAX ? n : LABELS_MAX - 1;
}

/* What stands in the way of looking a Host up as it came. The server sees the one that was decided on. */
static void
write_host_form(const struct hap *h, const struct plan_endpoint *e, const char *others)
{
	const char *and = others[0] != '\0' ? "!known " : "";
	struct out *o = h->o;

	out_fmt(o,
	    "\t# Host%s: one name or address, lower case, without trailing dot and the usual port\n"
	    "\thttp-request deny deny_status 400 if %s{ req.fhdr(host) -m found } "
	    "!{ req.fhdr(host) -m reg -i -- " HOST_FORM " }\n",
	    others[0] != '\0' ? " in another spelling" : "", and);
	out_fmt(o,
	    "\thttp-request set-var(txn.tmg_host) req.fhdr(host),host_only,lower,regsub([.]$,)%s\n"
	    "\thttp-request set-var(txn.tmg_port) req.fhdr(host),port_only%s\n",
	    others, others);
	out_fmt(o,
	    "\thttp-request set-header Host %%[var(txn.tmg_host)] if %s{ var(txn.tmg_host) -m found }\n"
	    "\thttp-request set-header Host %%[var(txn.tmg_host)]:%%[var(txn.tmg_port)]"
	    " if %s{ var(txn.tmg_port) -m found } !{ var(txn.tmg_port) -m int 0 %u }\n",
	    and, and, e->tls ? 443u : 80u);
}

struct host_kinds {
	bool named, suffixes, has[LABELS_MAX]; /* by the number of labels of suffixes */
	struct plan_table any;                 /* of the class of any host; its shape is NULL when there is none */
};

static void
find_host_kinds(const struct plan_endpoint *e, struct host_kinds *k)
{
	for (uint32_t i = 0; i < e->site_count; i++) {
		struct plan_site s = plan_site(e, i);

		for (const struct plan_host *n = s.hosts; n != NULL; n = plan_host_next(n)) {
			switch (n->kind) {
			case HOST_EXACT: k->named = true; break;
			case HOST_SUFFIX: k->suffixes = k->has[labels(n->name)] = true; break;
			case HOST_ANY: k->any = s.table; break;
			}
		}
	}
}

/* Looks the host up: as it came, which needs nothing more; in its usual
 * spelling; then its last labels, the longest suffix first, one line for each
 * number of labels that occurs; then any. */
static void
write_host_lookup(const struct hap *h, const struct plan_endpoint *e, const char *place)
{
	static const char lookup[] = "\thttp-request set-var(txn.tmg_site) ";
	struct host_kinds k = { 0 };
	char rel[80];
	struct out *o = h->o;

	find_host_kinds(e, &k);
	snprintf(rel, sizeof(rel), "%s-hosts.map", place);
	if (k.named) {
		hap_write_hosts(h, e, rel, HOST_EXACT);
		out_fmt(o,
		    "\t# most requests name a host as the map has it: nothing else is asked of it\n"
		    "\tacl known var(txn.tmg_site) -m found\n%sreq.fhdr(host),map_str(%s)\n",
		    lookup, rel);
		if (h->host_asked)
			out_str(o, "\thttp-request set-var(txn.tmg_host) req.fhdr(host) if known\n");
	} else if (k.suffixes) {
		out_str(o, "\tacl known var(txn.tmg_site) -m found\n");
	}
	write_host_form(h, e, k.named ? " unless known" : "");
	if (k.named)
		out_fmt(o, "%svar(txn.tmg_host),map_str(%s) unless known\n", lookup, rel);
	snprintf(rel, sizeof(rel), "%s-suffixes.map", place);
	if (k.suffixes)
		hap_write_hosts(h, e, rel, HOST_SUFFIX);
	for (size_t n = LABELS_MAX; n-- > 0;) {
		if (k.has[n])
			out_fmt(o,
			    "%s'var(txn.tmg_host),regsub(\"^.+(([.][^.]+){%zu})$\",\"*\\1\"),map_str(%s)' unless "
			    "known\n",
			    lookup, n, rel);
	}
	if (k.any.shape != NULL) {
		out_fmt(o, "%sstr(", lookup);
		hap_site_value(h, o, &k.any);
		out_fmt(o, ")%s\n", k.named || k.suffixes ? " unless known" : "");
	}
}

/* A path with a slash behind it begins with "/a/" when it is "/a" or below it. */
static void
write_path_lookup(const struct hap *h)
{
	static const char start[] =
	    "\thttp-request set-var(txn.tmg_route) 'var(txn.tmg_site),field(1,:),concat(,txn.tmg_path";
	struct out *o = h->o;

	if (h->exact)
		out_fmt(o, "%s),map_str(maps/paths-exact.map)'\n", start);
	if (h->beneath)
		out_fmt(o, "%s,/),map_beg(maps/paths-prefix.map)'%s\n", start,
		    h->exact ? " unless { var(txn.tmg_route) -m found }" : "");
	for (uint32_t i = 1; i <= h->slots; i++)
		out_fmt(o,
		    "\thttp-request set-var(txn.tmg_route) 'var(txn.tmg_site),field(%" PRIu32 ",:)'"
		    " if { var(txn.tmg_route) -m str own%" PRIu32 " }\n",
		    i + 1, i);
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

/* Rules that TMG sent to HTTPS before it asked for a user. */
static void
write_redirect_some(const struct hap *h, const struct plan_endpoint *e)
{
	struct out *o = h->o;

	out_str(o,
	    "\thttp-request deny deny_status 400 if { var(txn.tmg_location) -m str " HAP_SAME_OVER_TLS " }"
	    " !{ var(txn.tmg_host) -m found }\n"
	    "\thttp-request redirect location https://%[var(txn.tmg_host)]");
	if (e->https_port != 443)
		out_fmt(o, ":%u", (unsigned)e->https_port);
	out_str(o, "%[pathq] code 302 if { var(txn.tmg_location) -m str " HAP_SAME_OVER_TLS " }\n");
}

static void
write_lookups(struct hap *h, const struct plan_endpoint *e, const char *place)
{
	struct out *o = h->o;

	write_host_lookup(h, e, place);
	write_path_lookup(h);
	hap_write_choosing(h, e);
	if (h->lists != NULL)
		out_str(o, "\thttp-request deny deny_status 403 unless { var(txn.tmg_route) -m reg ^r[0-9]+$ }\n");
	else
		out_str(o, "\thttp-request deny deny_status 403 unless { var(txn.tmg_route) -m beg r }\n");
	if (h->redirects)
		out_str(o, "\thttp-request set-var(txn.tmg_location) var(txn.tmg_route),map_str(maps/redirects.map)\n");
	if (h->redirects && e->https_port != 0 && !e->tls && e->listener->l->redirect_http == 1)
		write_redirect_some(h, e);
	if (h->redirects)
		out_str(o,
		    "\thttp-request redirect location %[var(txn.tmg_location)] code 302"
		    " if { var(txn.tmg_location) -m found }\n");
	out_str(o, "\tuse_backend %[var(txn.tmg_route)]\n");
}

void
hap_write_frontend(struct hap *h, const struct plan_endpoint *e)
{
	const struct tmg_listener *l = e->listener->l;
	int idle = l->timeout > 0 ? l->timeout : 120;
	bool lookups = !e->redirect_all && e->site_count > 0;
	char place[64];
	struct out *o = h->o;

	out_str(o, "\n");
	out_comment_obj(o, "", &l->o);
	out_fmt(o, "frontend l%" PRIu32 "-%u from %s\n", e->listener->id, (unsigned)e->port,
	    lookups ? "tmg-published" : "tmg");
	write_binds(h, e);
	write_limit(h, e);
	out_fmt(o, "\ttimeout http-keep-alive %ds\n", idle < HAP_TIMER_MAX ? idle : HAP_TIMER_MAX);
	if (e->redirect_all) {
		write_redirect_all(h, e);
	} else if (!lookups) {
		out_str(o, "\t# nothing is published here\n\thttp-request deny deny_status 403\n");
	} else {
		snprintf(place, sizeof(place), "maps/l%" PRIu32 "-%u", e->listener->id, (unsigned)e->port);
		write_lookups(h, e, place);
	}
}
