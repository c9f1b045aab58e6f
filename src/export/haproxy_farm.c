/*
 * HAProxy: the servers of a farm, how clients stay with one, and the export's
 * connectivity verifiers as health checks. What a check cannot be is said.
 */
#include "export/haproxy.h"

#include "base/text.h"

enum request { GET = 0, PING = 1, CONNECT = 2 };

/* ---- verifiers ----------------------------------------------------------- */

bool
hap_check_url(const char *s, struct hap_url *out)
{
	unsigned port = 0;

	memset(out, 0, sizeof(*out));
	if (ascii_ncasecmp(s, "http://", 7) == 0) {
		s += 7;
	} else if (ascii_ncasecmp(s, "https://", 8) == 0) {
		s += 8;
		out->tls = true;
	} else {
		return false;
	}
	if (*s++ != '*')
		return false;
	out->port = out->tls ? 443 : 80;
	if (*s == ':') {
		int digits = 0;

		for (s++; *s >= '0' && *s <= '9' && digits < 6; s++, digits++)
			port = port * 10 + (unsigned)(*s - '0');
		if (port < 1 || port > 65535)
			return false;
		out->port = (uint16_t)port;
	}
	if (*s != '\0' && *s != '/')
		return false;
	out->path = s;
	for (; *s != '\0'; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s >= 0x7f || strchr("\"#<>\\^`{|}", *s) != NULL)
			return false;
	return true;
}

/* A Host header that a server can be sent: a name or address, maybe a port. */
static bool
host_header_ok(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		char c = ascii_lower(*s);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && strchr("-._:[]", c) == NULL)
			return false;
	}
	return true;
}

static const struct tmg_verifier *
next_verifier(const struct tmg_verifier *v)
{
	return (const struct tmg_verifier *)(const void *)v->o.next;
}

/* Why a verifier alone cannot be a check; NULL: it can. */
static const char *
why_not(const struct tmg_verifier *v)
{
	struct hap_url url;

	if (v->o.broken)
		return "a value in it cannot be read";
	switch (v->request) {
	case GET:
		if (v->address == NULL || !hap_check_url(v->address, &url))
			return "address is not of the form http://*/path";
		if (v->host_header != NULL && v->host_header[0] != '\0' && !host_header_ok(v->host_header))
			return "host header is no host name";
		return NULL;
	case PING: return "ping";
	case CONNECT:
		if (v->port < 1 || v->port > 65535)
			return "TCP connection without a port";
		if (v->address != NULL && v->address[0] != '\0' && strcmp(v->address, "*") != 0)
			return "TCP connection to another host than the member";
		return NULL;
	default: return "unknown kind";
	}
}

/* Which kind of check the farm gets: one check does not mix them. */
static enum request
check_kind(const struct tmg_farm *farm)
{
	enum request kind = PING;

	for (const struct tmg_verifier *v = farm->verifiers; v != NULL; v = next_verifier(v)) {
		if (!v->enabled || why_not(v) != NULL)
			continue;
		if (v->request == GET)
			return GET;
		kind = CONNECT;
	}
	return kind;
}

static bool
is_check(const struct tmg_verifier *v, enum request kind)
{
	return v->enabled && v->request == (int)kind && why_not(v) == NULL;
}

bool
hap_farm_checks_tls(const struct tmg_farm *farm)
{
	struct hap_url url;

	for (const struct tmg_verifier *v = farm->verifiers; v != NULL; v = next_verifier(v))
		if (is_check(v, GET) && hap_check_url(v->address, &url) && url.tls)
			return true;
	return false;
}

static void
rule_losses(struct plan *p, struct tmg *t, const struct plan_rule *rule, const struct tmg_farm *farm)
{
	enum request kind = check_kind(farm);

	for (const struct tmg_verifier *v = farm->verifiers; v != NULL; v = next_verifier(v)) {
		const char *why = v->enabled ? why_not(v) : NULL;

		if (v->enabled && why == NULL && !is_check(v, kind))
			why = "TCP connection beside an HTTP request";
		if (why != NULL)
			plan_note(p, t, D_FARM_CHECK, &rule->r->o, v->o.line, "%s: %s", v->o.name, why);
	}
}

/* Once for each rule: its routes follow each other, and have one farm. */
void
hap_farm_losses(struct plan *p, struct tmg *t)
{
	const struct plan_rule *last = NULL;

	for (uint32_t id = 1; id <= p->routes.count; id++) {
		struct plan_route r = plan_route(p, id);

		if (plan_rule_of(r) == NULL || plan_rule_of(r) == last || r.deed->pool == NULL ||
		    r.deed->pool->farm == NULL)
			continue;
		last = plan_rule_of(r);
		rule_losses(p, t, plan_rule_of(r), r.deed->pool->farm);
	}
}

/* ---- checks --------------------------------------------------------------- */

static void
write_get(struct out *o, const struct tmg_verifier *v, struct plan_route r)
{
	struct hap_url url;

	if (!hap_check_url(v->address, &url))
		return;
	out_fmt(o, "\thttp-check connect port %u", (unsigned)url.port);
	if (url.tls) {
		out_str(o, " ssl");
		if (!host_is_address(r.deed->site)) {
			out_str(o, " sni ");
			hap_word(o, r.deed->site);
		}
	}
	out_str(o, "\n\thttp-check send meth GET uri ");
	if (url.path[0] != '/')
		out_str(o, "/");
	else
		hap_word(o, url.path);
	out_str(o, " ver HTTP/1.1 hdr Host ");
	if (v->host_header != NULL && v->host_header[0] != '\0')
		hap_format(o, v->host_header);
	else
		hap_host(o, r.deed->site, hap_format);
	out_str(o, "\n\thttp-check expect rstatus ^(1..|2..|3..|401)$\n");
}

/* The enabled verifiers as one sequence, all of which must succeed; false
 * when there is none. */
static bool
write_checks(const struct hap *h, struct plan_route r)
{
	enum request kind = check_kind(r.deed->pool->farm);
	struct out *o = h->o;
	int limit = 0;

	if (kind == PING)
		return false;
	out_str(o, kind == GET ? "\toption httpchk\n" : "\toption tcp-check\n");
	for (const struct tmg_verifier *v = r.deed->pool->farm->verifiers; v != NULL; v = next_verifier(v)) {
		if (!is_check(v, kind))
			continue;
		out_comment_obj(o, "\t", &v->o);
		if (kind == GET)
			write_get(o, v, r);
		else
			out_fmt(o, "\ttcp-check connect port %d\n", v->port);
		limit = v->threshold > limit ? v->threshold : limit;
	}
	out_fmt(o, "\ttimeout check %dms\n", limit > 0 ? limit : 5000);
	return true;
}

/* ---- servers --------------------------------------------------------------- */

/* How a client stays with its server, which Windows sign-in needs as well. */
static void
write_affinity(const struct hap *h, struct plan_route r)
{
	struct out *o = h->o;

	if (!r.deed->pool->sticky_cookie) {
		out_str(o,
		    "\t# affinity: the client's address\n"
		    "\tbalance source\n"
		    "\thash-type consistent\n");
		return;
	}
	out_fmt(o,
	    "\t# affinity: a cookie; a client without it stays as long as its connection\n"
	    "\tbalance roundrobin\n"
	    "\toption prefer-last-server\n"
	    "\tcookie tmg-%" PRIu32 " insert indirect nocache httponly%s\n",
	    r.deed->pool->id, h->plain != NULL && !h->plain[r.id] ? " secure" : "");
}

/* What all servers of the farm have in common. */
static void
write_common(const struct hap *h, struct plan_route r, bool checked)
{
	const struct tmg_convert_options *opt = h->p->opt.o;
	const struct plan_pool *pool = r.deed->pool;
	struct out *o = h->o;

	if (!checked && !pool->tls)
		return;
	out_str(o, "\tdefault-server");
	if (checked)
		out_str(o, " check inter 30s fall 1 rise 1");
	hap_tls_words(h, o, pool);
	if (checked && !pool->tls && hap_farm_checks_tls(pool->farm) && (opt == NULL || !opt->no_verify)) {
		out_str(o, " verifyhost ");
		hap_word(o, r.deed->site);
	}
	out_str(o, "\n");
}

void
hap_write_farm(const struct hap *h, struct plan_route r)
{
	const struct plan_pool *pool = r.deed->pool;
	struct out *o = h->o;
	bool checked;

	out_comment_obj(o, "\t", &pool->farm->o);
	write_affinity(h, r);
	out_str(o,
	    "\t# a server that cannot be reached is left for another at once\n"
	    "\toption redispatch 1\n"
	    "\tretries 3\n");
	checked = write_checks(h, r);
	write_common(h, r, checked);
	for (const struct plan_member *m = pool->members; m != NULL; m = m->next) {
		if (m->drained)
			out_str(o, "\t# drained: takes no new clients\n");
		out_fmt(o, "\tserver m%" PRIu32 " ", m->id);
		hap_host(o, m->host, hap_word);
		out_fmt(o, ":%u", (unsigned)pool->port);
		if (m->drained)
			out_str(o, " weight 0");
		if (pool->sticky_cookie)
			out_fmt(o, " cookie m%" PRIu32, m->id);
		out_str(o, "\n");
	}
}
