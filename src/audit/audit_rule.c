/*
 * Checks of section B that look at whom a rule lets in and what it changes on the
 * way: From tab, users, delegation, schedule, paths, links, spelling of names.
 */
#include "audit/each.h"

#include "base/addr.h"
#include "base/addrset.h"

/* ---- paths ----------------------------------------------------------------------- */

static bool
is_mapped(struct view *v, const struct view_path *p)
{
	struct strbuf b;
	bool prefix, same;

	sb_init(&b, v->a->budget);
	same = path_canonical(p->internal, &b, &prefix) && prefix == p->prefix && strcmp(b.s, p->path) == 0;
	v->failed = v->failed || b.failed;
	sb_free(&b);
	return !same;
}

void
check_PATH_MAPPED(struct view *v)
{
	EACH_LYNC(v, r)
	{
		for (size_t i = 0; i < r->via->path_count; i++) {
			const struct view_path *p = &r->via->paths[i];

			if (!p->bad && is_mapped(v, p))
				found(v, CHECK_PATH_MAPPED,
				    &(struct about){ .rule = r,
					.subject = p->written,
					.line = tmg_line(&r->rule->o, p->mapping->below) },
				    "goes to %s", p->internal);
		}
	}
}

/* ---- sign-in ----------------------------------------------------------------------- */

/* The plain half of autodiscover is anonymous: nothing to pass on. */
static bool
is_autodiscover(const struct view_rule *r)
{
	for (size_t i = 0; i < r->name_count; i++)
		if (name_kind(&r->names[i]) != NAME_AUTODISCOVER)
			return false;
	return r->name_count > 0;
}

void
check_DELEGATION(struct view *v)
{
	static const char *const words[] = { "", "none, and the client may not sign in at the server", "SecurID",
		"basic", "NTLM", "Negotiate", "Kerberos constrained delegation" };

	EACH_LYNC(v, r)
	{
		int d = r->rule->web->delegation;
		bool stated = (r->rule->stated & (TMG_S_DELEGATION | TMG_S_BASIC_DELEGATION)) != 0;

		/* The first hop of autodiscover wants no credentials, on a listener without TLS at all events. */
		if (d == 0 || r->autodiscover_plain || (d == 1 && !r->via->tls_in && is_autodiscover(r)))
			continue;
		found(v, CHECK_DELEGATION,
		    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
		    "delegation: %s%s", d > 0 && (size_t)d < ARRAY_LEN(words) ? words[d] : audit_fmt(v, "%d", d),
		    stated ? "" : ", since the rule states none");
	}
}

static bool
is_all_users(const struct tmg_ref *ref)
{
	const struct predefined *p = predefined_find(ref->key);

	return p != NULL && p->what == PRE_ALL_USERS && !ref->excluded && !ref->ambiguous;
}

/* All Users beside others admits everybody, unless the others are exceptions. */
void
check_USERS(struct view *v)
{
	EACH_LYNC(v, r)
	{
		const struct tmg_web *w = r->rule->web;
		const struct tmg_ref *who = NULL;
		bool all = !w->has_users, except = false;

		for (const struct tmg_ref *ref = w->users; ref != NULL; ref = ref->next) {
			all = all || is_all_users(ref);
			except = except || ref->excluded;
			if (who == NULL && !is_all_users(ref))
				who = ref;
		}
		if (!w->users_unknown && all && !except && (who != NULL || !w->non_windows_users))
			continue;
		found(v, CHECK_USERS,
		    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, who != NULL ? who->below : w->below) },
		    "%s",
		    who == NULL                   ? "who is admitted is not All Users"
			: who->to != NULL         ? who->to->name
			: who->predefined != NULL ? who->predefined
						  : who->key);
	}
}

/* ---- the From tab -------------------------------------------------------------------- */

#define MAX_NESTING 16
#define MAX_STEPS 4096u /* references followed for one From tab: sets may hold sets */

struct from {
	struct addrset set; /* what is told by addresses */
	unsigned depth, steps;
};

static enum from_whom from_object(struct from *f, const struct tmg_obj *o);

/* What is told by the identity of an object that every installation has. */
static enum from_whom
from_predefined(const struct predefined *p)
{
	if (p == NULL)
		return FROM_SOME;
	if (p->what == PRE_ANYWHERE)
		return FROM_ANYWHERE;
	if (p->what == PRE_EXTERNAL)
		return FROM_OUTSIDE;
	return strcmp(p->name, "All Networks (and Local Host)") == 0 ? FROM_ANYWHERE : FROM_SOME;
}

/* The widest of what references let in. */
static enum from_whom
from_refs(struct from *f, const struct tmg_ref *refs, bool excluded)
{
	enum from_whom widest = FROM_SOME;
	bool unknown = false;

	for (; refs != NULL; refs = refs->next) {
		enum from_whom one;

		if (refs->excluded != excluded)
			continue;
		if (f->steps++ >= MAX_STEPS)
			return FROM_UNKNOWN;
		one = from_predefined(predefined_find(refs->key));
		if (one == FROM_SOME && refs->to != NULL)
			one = from_object(f, refs->to);
		unknown = unknown || one == FROM_UNKNOWN ||
		    (one == FROM_SOME && refs->to == NULL && refs->predefined == NULL);
		if (one < widest)
			widest = one;
	}
	return widest == FROM_SOME && unknown ? FROM_UNKNOWN : widest;
}

static void
from_hosts(struct from *f, const struct tmg_hosts *h)
{
	uint8_t from[16], to[16];
	int bits;

	if (h->a == NULL || !addr_parse(h->a, from))
		return;
	memcpy(to, from, sizeof(to));
	if (h->o.kind == TMG_K_RANGE && (h->b == NULL || !addr_parse(h->b, to)))
		return;
	if (h->o.kind == TMG_K_SUBNET) {
		if (h->b == NULL || !addr_is_v4(from) || (bits = addr_mask_bits(h->b)) < 0)
			return;
		addr_subnet(from, bits, from, to);
	}
	addrset_add(&f->set, from, to);
}

static enum from_whom
from_network(struct from *f, const struct tmg_network *n)
{
	if (n->type == 3)
		return FROM_OUTSIDE;
	for (const struct tmg_range *x = n->ranges; x != NULL; x = x->next)
		addrset_add(&f->set, x->from, x->to);
	return FROM_SOME;
}

/* All networks but some hold External, unless it is one of them. */
static enum from_whom
from_network_set(struct from *f, const struct tmg_network_set *s)
{
	struct from left = { .depth = f->depth, .steps = f->steps };
	enum from_whom whom;

	if (!s->all_except)
		return from_refs(f, s->refs, false);
	addrset_init(&left.set, f->set.budget);
	whom = from_refs(&left, s->refs, false);
	addrset_free(&left.set);
	f->steps = left.steps;
	return whom == FROM_SOME ? FROM_OUTSIDE : whom == FROM_UNKNOWN ? FROM_UNKNOWN : FROM_SOME;
}

static enum from_whom
from_computer_set(struct from *f, const struct tmg_computer_set *s)
{
	for (const struct tmg_hosts *h = s->members; h != NULL; h = (const struct tmg_hosts *)(const void *)h->o.next)
		from_hosts(f, h);
	return from_refs(f, s->refs, false);
}

static enum from_whom
from_object(struct from *f, const struct tmg_obj *o)
{
	enum from_whom whom = from_predefined(predefined_of(o));

	if (whom != FROM_SOME)
		return whom;
	if (f->depth >= MAX_NESTING) /* it might hold everybody */
		return FROM_UNKNOWN;
	f->depth++;
	switch (o->kind) {
	case TMG_K_NETWORK: whom = from_network(f, (const struct tmg_network *)(const void *)o); break;
	case TMG_K_NETWORK_SET: whom = from_network_set(f, (const struct tmg_network_set *)(const void *)o); break;
	case TMG_K_COMPUTER_SET: whom = from_computer_set(f, (const struct tmg_computer_set *)(const void *)o); break;
	case TMG_K_COMPUTER:
	case TMG_K_SUBNET:
	case TMG_K_RANGE: from_hosts(f, (const struct tmg_hosts *)(const void *)o); break;
	default: break;
	}
	f->depth--;
	return whom;
}

/* Every address of IPv4 that a client can have: 0/8, 127/8 and what lies above 223 apart. */
static bool
is_everybody(const struct addrset *set)
{
	static const char *const needed[][2] = { { "1.0.0.0", "126.255.255.255" }, { "128.0.0.0", "223.255.255.255" } };
	uint8_t from[16], to[16];
	size_t k;

	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		if (!addr_parse(needed[i][0], from) || !addr_parse(needed[i][1], to))
			return false;
		for (k = 0; k < set->n; k++)
			if (memcmp(set->r[k].from, from, 16) <= 0 && memcmp(set->r[k].to, to, 16) >= 0)
				break;
		if (k == set->n)
			return false;
	}
	return true;
}

static enum from_whom
from_list(struct view *v, const struct tmg_ref *refs, bool excluded)
{
	struct from f = { .depth = 0 };
	enum from_whom whom;

	addrset_init(&f.set, v->a->budget);
	whom = from_refs(&f, refs, excluded);
	addrset_normalize(&f.set);
	if (whom != FROM_ANYWHERE && is_everybody(&f.set))
		whom = FROM_ANYWHERE;
	v->failed = v->failed || f.set.failed;
	addrset_free(&f.set);
	return whom;
}

enum from_whom
rule_from(struct view *v, const struct view_rule *r)
{
	const struct tmg_selection *s = r->rule->terms->sources;
	enum from_whom in, out;

	if (s == NULL)
		return FROM_ANYWHERE;
	if (s->unknown)
		return FROM_UNKNOWN;
	in = from_list(v, s->refs, false);
	out = from_list(v, s->refs, true);
	if (out == FROM_ANYWHERE || out == FROM_OUTSIDE)
		return FROM_SOME;
	return out == FROM_UNKNOWN ? FROM_UNKNOWN : in;
}

void
check_SOURCES(struct view *v)
{
	EACH_LYNC(v, r)
	{
		const struct tmg_selection *s = r->rule->terms->sources;
		struct about about = { .rule = r, .line = s != NULL ? tmg_line(&r->rule->o, s->below) : 0 };
		enum from_whom whom = rule_from(v, r);

		if (whom == FROM_ANYWHERE) {
			found(v, CHECK_SOURCES, &about,
			    "Anywhere; Microsoft names External, and Internal beside it for phones on the inner Wi-Fi");
		} else if (whom == FROM_SOME) {
			about.cls = 'C';
			found(v, CHECK_SOURCES, &about,
			    "clients outside are shut out: External is not among those who may come");
		}
	}
}

/* ---- conveniences ----------------------------------------------------------------------- */

void
check_LINKS(struct view *v)
{
	EACH_LYNC(v, r)
	{
		if (r->rule->web->translate_links)
			found(v, CHECK_LINKS,
			    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
			    "links to %s are rewritten",
			    r->rule->web->site != NULL ? r->rule->web->site : "the published site");
	}
}

static bool
is_always(const struct tmg_schedule *s)
{
	for (size_t i = 0; i < ARRAY_LEN(s->hours); i++)
		if ((s->hours[i] & 0x7f) != 0x7f)
			return false;
	return s->valid && !s->unknown;
}

void
check_SCHEDULE(struct view *v)
{
	EACH_LYNC(v, r)
	{
		const struct tmg_schedule *s = r->rule->terms->schedule;

		if (!r->rule->applies_always && (s == NULL || !is_always(s)))
			found(v, CHECK_SCHEDULE, &(struct about){ .rule = r }, "schedule %s",
			    s != NULL ? s->o.name : "that the export does not hold");
	}
}

/* ---- spelling ---------------------------------------------------------------------------- */

/* What is wrong with a public name as it is written; NULL: nothing. */
static const char *
name_fault(const struct view_name *n)
{
	const char *s = n->written;
	size_t len = strlen(s);

	if (strstr(s, "://") != NULL)
		return "it begins with a scheme";
	if (strchr(s, '/') != NULL)
		return "it holds a path";
	if (name_bad(n) && strchr(s, ':') != NULL)
		return "it holds a port";
	if (name_bad(n))
		return "it is no host name";
	if (len > 0 && s[len - 1] == '.')
		return "it ends in a dot";
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			return "names are compared in lower case";
	return NULL;
}

void
check_NAME_SPELLING(struct view *v)
{
	EACH_LYNC(v, r)
	{
		for (size_t i = 0; i < r->name_count; i++) {
			const struct view_name *n = &r->names[i];
			const char *fault = name_fault(n);

			if (fault != NULL)
				found(v, CHECK_NAME_SPELLING,
				    &(struct about){ .rule = r, .subject = n->written, .line = n->line }, "%s", fault);
		}
	}
}
