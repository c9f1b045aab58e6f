/*
 * Evidence: IIS logs and certificates beside what is configured. Ties server
 * addresses of the logs to pools, and certificates to listeners.
 */
#include "audit/audit.h"

#include "model/guid.h"

/* ---- logs -------------------------------------------------------------------- */

/* The sum of a pool, made if it is new; NULL: no memory. */
static struct tmg_evidence *
evidence_at(struct view *v, const struct pool *p)
{
	const struct pool **key;
	void **slot = hmap_slot(&v->evidence, (const char *)&p, sizeof(p), false);

	if (slot != NULL)
		return *slot;
	if ((key = arena_alloc(v->mem, sizeof(struct pool *))) == NULL)
		return NULL;
	*key = p;
	if ((slot = hmap_slot(&v->evidence, (const char *)key, sizeof(*key), true)) != NULL)
		*slot = arena_alloc(v->mem, sizeof(struct tmg_evidence));
	return slot != NULL ? *slot : NULL;
}

/* What the logs hold of the pools' external sites, in one pass. */
static bool
gather(struct view *v)
{
	const struct log_flow *f;
	struct tmg_evidence *e;
	struct hmap most; /* of a pool: the client with the most requests */
	bool good = true;
	void **slot;

	v->gathered = true;
	hmap_init(&most, v->a->budget);
	for (f = v->site->flows; f != NULL && good; f = f->next) {
		const struct pool *p = pool_of_address(v, f->server);
		const struct log_flow *best;

		if (p == NULL || f->port != pool_https(p))
			continue;
		if ((e = evidence_at(v, p)) == NULL ||
		    (slot = hmap_slot(&most, p->fqdn, strlen(p->fqdn), true)) == NULL) {
			good = false;
			break;
		}
		best = *slot;
		e->seen = 1;
		e->port = f->port;
		e->hits += f->hits;
		e->signins_ok += f->signins_ok;
		e->signins_never += f->signins_never;
		e->cut += f->cut;
		if (f->client != NULL && (best == NULL || f->hits > best->hits)) {
			*slot = (void *)(uintptr_t)f;
			e->via = f->client;
		}
	}
	hmap_free(&most);
	return good;
}

struct tmg_evidence
evidence_of(struct view *v, const struct pool *p)
{
	struct tmg_evidence e = { NULL, 0, 0, 0, 0, -1, 0 };
	const struct log_file *file;
	uint64_t requests = 0;
	void **slot;

	for (file = v->site->logs; file != NULL; file = file->next)
		requests += file->requests;
	if (requests == 0)
		return e; /* logs without a line prove nothing */
	if (!v->gathered && !gather(v))
		v->failed = true;
	if ((slot = hmap_slot(&v->evidence, (const char *)&p, sizeof(p), false)) != NULL && *slot != NULL)
		return *(const struct tmg_evidence *)*slot;
	e.seen = p->role == POOL_WEB_APPS ? -1 : 0; /* the logs of Lync servers do not hold its requests */
	return e;
}

/* ---- certificates -------------------------------------------------------------- */

/* A name of a certificate. */
struct certified {
	const char *name;
	size_t place; /* among its names */
};

#define KEY_MOST 300 /* bytes: no host name is longer, nor what stands for one */

/* The certificate's pointer and a name as one key; 0: longer than names are. */
static size_t
certified_key(char key[KEY_MOST], const struct certificate *c, const char *star, const char *name)
{
	size_t stars = strlen(star), n = strlen(name);

	if (sizeof(c) + stars + n > KEY_MOST)
		return 0;
	memcpy(key, &c, sizeof(c));
	for (size_t i = 0; i < stars; i++)
		key[sizeof(c) + i] = star[i];
	for (size_t i = 0; i < n; i++)
		key[sizeof(c) + stars + i] = name[i];
	return sizeof(c) + stars + n;
}

static const struct certified *
certified(struct view *v, const struct certificate *c, const char *star, const char *name)
{
	char key[KEY_MOST];
	size_t n = certified_key(key, c, star, name);
	void **slot = n != 0 ? hmap_slot(&v->certified, key, n, false) : NULL;

	return slot != NULL ? *slot : NULL;
}

static bool
certify(struct view *v, const struct certificate *c)
{
	char key[KEY_MOST], *copy;
	struct certified *x;
	size_t place = 0, n;
	void **slot;

	for (const struct tmg_text *t = c->names; t != NULL; t = t->next, place++) {
		if ((n = certified_key(key, c, "", t->s)) == 0 || hmap_slot(&v->certified, key, n, false) != NULL)
			continue;
		x = arena_alloc(v->mem, sizeof(*x));
		copy = arena_strn(v->mem, key, n);
		if (x == NULL || copy == NULL || (slot = hmap_slot(&v->certified, copy, n, true)) == NULL)
			return false;
		*x = (struct certified){ t->s, place };
		*slot = x;
	}
	return true;
}

bool
certificate_names(struct view *v, const struct certificate *c, const char *name)
{
	return certified(v, c, "", name) != NULL;
}

/* A wildcard stands for one label. */
bool
certificate_covers(struct view *v, const struct certificate *c, const char *host)
{
	const char *dot = host[0] != '*' ? strchr(host, '.') : NULL;

	if (certificate_names(v, c, host) || (dot != NULL && dot != host && certified(v, c, "*", dot) != NULL))
		return true;
	return !c->has_san && c->common_name != NULL && ascii_casecmp(c->common_name, host) == 0;
}

const char *
certificate_wildcard(struct view *v, const struct certificate *c, const char *host)
{
	const struct certified *first = certified(v, c, "*.", host), *x;

	for (const char *dot = strchr(host, '.'); dot != NULL; dot = strchr(dot + 1, '.'))
		if ((x = certified(v, c, "*", dot)) != NULL && (first == NULL || x->place < first->place))
			first = x;
	return first != NULL ? first->name : NULL;
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
names_covered(struct view *v, const struct view_listener *l, const struct certificate *c)
{
	size_t n = 0;

	for (size_t i = 0; i < l->rule_count; i++)
		for (size_t k = 0; l->rules[i]->live && k < l->rules[i]->name_count; k++)
			n += !name_bad(&l->rules[i]->names[k]) &&
			    certificate_covers(v, c, name_host(&l->rules[i]->names[k]));
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
			    guid_is(&l->listener->o, f->listener))
				l->cert = f;
			continue;
		}
		if (l->listener->https_port == 0)
			continue;
		if (has_thumbprint(l->listener, f->certificates)) {
			l->cert = f;
			most = SIZE_MAX;
		}
		n = most == SIZE_MAX || l->cert != NULL ? 0 : names_covered(v, l, f->certificates);
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
	for (const struct certificate_file *f = v->site->certs; f != NULL; f = f->next) {
		if (f->certificates == NULL)
			continue;
		if (!certify(v, f->certificates))
			return false;
		tie(v, f);
	}
	return true;
}
