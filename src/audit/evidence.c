/*
 * Evidence: IIS logs and certificates beside what is configured. Ties server
 * addresses of the logs to pools, and certificates to listeners.
 */
#include "audit/audit.h"

/* ---- logs -------------------------------------------------------------------- */

struct tmg_evidence
evidence_of(struct view *v, const struct pool *p)
{
	struct tmg_evidence e = { NULL, 0, 0, 0, 0, -1, 0 };
	const struct log_flow *f, *best = NULL;
	const struct log_file *file;
	uint64_t requests = 0;

	for (file = v->site->logs; file != NULL; file = file->next)
		requests += file->requests;
	if (requests == 0)
		return e; /* logs without a line prove nothing */
	e.seen = 0;
	for (f = v->site->flows; f != NULL; f = f->next) {
		if (pool_of_address(v, f->server) != p || f->port != pool_https(p))
			continue;
		e.seen = 1;
		e.port = f->port;
		e.hits += f->hits;
		e.signins_ok += f->signins_ok;
		e.signins_never += f->signins_never;
		e.cut += f->cut;
		if (f->client != NULL && (best == NULL || f->hits > best->hits))
			best = f;
	}
	e.via = best != NULL ? best->client : NULL;
	if (e.seen == 0 && p->role == POOL_WEB_APPS)
		e.seen = -1; /* the logs of Lync servers do not hold its requests */
	return e;
}

/* ---- certificates -------------------------------------------------------------- */

/* Does a name of a certificate cover a host? A wildcard stands for one label. */
static bool
name_covers(const char *name, const char *host)
{
	const char *dot;

	if (name[0] != '*' || name[1] != '.')
		return strcmp(name, host) == 0;
	if (host[0] == '*')
		return strcmp(name, host) == 0;
	dot = strchr(host, '.');
	return dot != NULL && dot != host && strcmp(dot + 1, name + 2) == 0;
}

bool
certificate_covers(const struct certificate *c, const char *host)
{
	for (const struct tmg_text *x = c->names; x != NULL; x = x->next)
		if (name_covers(x->s, host))
			return true;
	return !c->has_san && c->common_name != NULL && ascii_casecmp(c->common_name, host) == 0;
}

static bool
has_thumbprint(const struct tmg_listener *l, const struct certificate *c)
{
	for (const struct tmg_certificate *x = l->certificates; x != NULL; x = x->next)
		if (x->valid && ascii_casecmp(x->hash, c->sha1) == 0)
			return true;
	return false;
}

static size_t
names_covered(const struct view_listener *l, const struct certificate *c)
{
	size_t n = 0;

	for (size_t i = 0; i < l->rule_count; i++)
		for (size_t k = 0; l->rules[i]->live && k < l->rules[i]->name_count; k++)
			n += !l->rules[i]->names[k].bad && certificate_covers(c, l->rules[i]->names[k].host);
	return n;
}

/* By the user's word, else by thumbprint, else the listener most of whose names it covers. */
static void
tie(struct view *v, const struct certificate_file *f)
{
	struct view_listener *best = NULL, *l;
	size_t most = 0, n;

	for (size_t i = 0; i < v->listener_count; i++) {
		l = &v->listeners[i];
		if (f->listener != NULL) {
			if (ascii_casecmp(f->listener, l->listener->o.name) == 0 ||
			    ascii_casecmp(f->listener, l->listener->o.guid) == 0)
				l->cert = f;
			continue;
		}
		if (l->listener->https_port == 0)
			continue;
		if (has_thumbprint(l->listener, f->certificates)) {
			l->cert = f;
			most = SIZE_MAX;
		}
		n = most == SIZE_MAX || l->cert != NULL ? 0 : names_covered(l, f->certificates);
		if (n > most) {
			most = n;
			best = l;
		}
	}
	if (f->listener == NULL && most != SIZE_MAX && best != NULL)
		best->cert = f;
}

/* Those with a listener named or a thumbprint come before those that go by names. */
bool
certificates_tie(struct view *v)
{
	for (const struct certificate_file *f = v->site->certs; f != NULL; f = f->next)
		if (f->certificates != NULL)
			tie(v, f);
	return true;
}
