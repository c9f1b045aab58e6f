/*
 * What a result keeps of flows and work lists, of which there may be as many as there
 * are rules: what many of them say alike is kept once. Whether they come from a job of
 * this process or from elsewhere is not known here.
 */
#include "audit/audit.h"

/* How often, for each name that comes, others may be passed over in the search for it. */
#define LOOKS 8

/* ---- ways ------------------------------------------------------------------------ */

static uint32_t
hash_text(uint32_t h, const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return (h ^ 0x100) * 16777619u;
}

static uint32_t
hash_names(uint32_t h, const struct tmg_name *n)
{
	for (; n != NULL; n = n->next)
		h = hash_text(h, n->s);
	return (h ^ 0x101) * 16777619u;
}

static bool
same_names(const struct tmg_name *a, const struct tmg_name *b)
{
	while (a != b) {
		if (a == NULL || b == NULL || strcmp(a->s, b->s) != 0)
			return false;
		a = a->next;
		b = b->next;
	}
	return true;
}

static bool
same_way(const struct tmg_way *a, const struct tmg_way *b)
{
	return str_eq(a->listener, b->listener) && str_eq(a->bridging, b->bridging) && str_eq(a->role, b->role) &&
	    str_eq(a->file, b->file) && same_names(a->endpoints, b->endpoints) && same_names(a->servers, b->servers);
}

/* A copy of a text, or of NULL; the one of `like` if that says the same. */
static const char *
text(struct tmg_audit *a, const char *s, const char *like)
{
	return s == NULL ? NULL : str_eq(s, like) ? like : arena_str(&a->mem, s);
}

static struct tmg_name *
names(struct tmg_audit *a, const struct tmg_name *n, struct tmg_name *like)
{
	struct tmg_name *list = NULL, **tail = &list;

	if (n != NULL && same_names(n, like))
		return like;
	for (; n != NULL && !a->mem.failed; n = n->next)
		name_push(&a->mem, &tail, n->s);
	return list;
}

static const struct tmg_way *
way(struct tmg_audit *a, const struct tmg_way *w)
{
	static const struct tmg_way nothing;
	const struct tmg_way **slot, *like;
	struct tmg_way *own;
	uint32_t h = hash_names(hash_names(hash_text(2166136261u, w->bridging), w->servers), w->endpoints);

	h = hash_text(hash_text(hash_text(h, w->file), w->listener), w->role);
	slot = &a->kept.ways[(h ^ h >> 16) % KEEP_RECENT];
	if (*slot != NULL && same_way(*slot, w))
		return *slot;
	if ((own = arena_alloc(&a->mem, sizeof(*own))) == NULL)
		return NULL;
	like = *slot != NULL ? *slot : &nothing;
	own->file = text(a, w->file, like->file);
	own->listener = text(a, w->listener, like->listener);
	own->role = text(a, w->role, like->role);
	own->endpoints = names(a, w->endpoints, like->endpoints);
	own->servers = names(a, w->servers, like->servers);
	own->bridging = text(a, w->bridging, like->bridging);
	if (a->mem.failed)
		return NULL;
	*slot = own;
	return own;
}

/* ---- flows ----------------------------------------------------------------------- */

bool
keep_flow(struct tmg_audit *a, const struct tmg_flow *f)
{
	struct tmg_flow *own = arena_alloc(&a->mem, sizeof(*own));

	if (own == NULL)
		return false;
	*own = *f;
	own->next = NULL;
	own->rule = text(a, f->rule, NULL);
	own->guid = text(a, f->guid, NULL);
	own->names = names(a, f->names, NULL);
	own->way = way(a, f->way);
	if (a->mem.failed)
		return false;
	*a->last_flow = own;
	a->last_flow = &own->next;
	return true;
}

/* ---- names of flows, which work lists repeat -------------------------------------------- */

/* A name as flows have it, if it is found soon: work lists follow the order of the rules. One
 * that is not found does not lose the place. */
static const char *
flow_name(struct tmg_audit *a, const char *s)
{
	struct kept *k = &a->kept;
	const struct tmg_flow *f = k->flow;
	const struct tmg_name *n = k->name;

	for (k->looks += LOOKS; k->looks > 0; k->looks--) {
		n = n != NULL ? n->next : NULL;
		if (n == NULL) {
			f = f != NULL && f->next != NULL ? f->next : a->result.flows;
			n = f != NULL ? f->names : NULL;
		}
		if (n != NULL && strcmp(n->s, s) == 0) {
			k->flow = f;
			k->name = n;
			return n->s;
		}
	}
	return arena_str(&a->mem, s);
}

bool
keep_dns(struct tmg_audit *a, const struct tmg_dns_need *d)
{
	struct tmg_dns_need *own = arena_alloc(&a->mem, sizeof(*own)), *before = a->kept.dns;

	if (own == NULL)
		return false;
	own->name = flow_name(a, d->name);
	own->listener = text(a, d->listener, before != NULL ? before->listener : NULL);
	own->addresses = names(a, d->addresses, before != NULL ? before->addresses : NULL);
	if (a->mem.failed)
		return false;
	*a->last_dns = a->kept.dns = own;
	a->last_dns = &own->next;
	return true;
}

bool
keep_certificate(struct tmg_audit *a, const struct tmg_certificate_need *c)
{
	struct tmg_certificate_need *own = arena_alloc(&a->mem, sizeof(*own));

	if (own == NULL)
		return false;
	own->listener = text(a, c->listener, NULL);
	own->file = text(a, c->file, NULL);
	own->thumbprints = names(a, c->thumbprints, NULL);
	own->given = text(a, c->given, NULL);
	if (a->mem.failed)
		return false;
	*a->last_certificate = a->kept.certificate = own;
	a->last_certificate = &own->next;
	a->kept.names = &own->names;
	a->kept.missing = &own->missing;
	return true;
}

bool
keep_covers(struct tmg_audit *a, const char *name, bool missing)
{
	const char *s = flow_name(a, name);

	return s != NULL && name_link(&a->mem, missing ? &a->kept.missing : &a->kept.names, s);
}
