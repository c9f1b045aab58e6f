/*
 * From whom: the From tab of a rule as a set of addresses. Networks are their
 * ranges, External is everything that is in no other network of the file,
 * sets are expanded. What cannot be resolved is said, never guessed.
 */
#include "plan/lower.h"

#include "base/addr.h"
#include "base/text.h"

#define MAX_NESTING 32

struct expander {
	struct lower *lo;
	const struct tmg_rule *rule;
	const char *unknown; /* the first thing that could not be resolved */
	uint32_t line;
	enum diag_id why;
	bool complement; /* a part is "all but": it may come to nobody and still be meant */
	unsigned depth;
};

static void expand_ref(struct expander *x, const struct tmg_ref *ref, struct addrset *out);

static void
not_known(struct expander *x, const char *what, uint32_t line, enum diag_id why)
{
	if (x->unknown != NULL)
		return;
	x->unknown = what;
	x->line = line;
	x->why = why;
}

static void
expand_refs(struct expander *x, const struct tmg_ref *list, struct addrset *out)
{
	for (; list != NULL; list = list->next)
		expand_ref(x, list, out);
}

/* A range of one family; an IPv6 range holds no IPv4 address, although the
 * set keeps IPv4 inside the IPv6 space. False: inverted or of two families. */
static bool
range_add(struct addrset *out, const uint8_t from[16], const uint8_t to[16])
{
	static const uint8_t before_v4[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 254, 255, 255, 255, 255 };
	static const uint8_t behind_v4[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };

	if (addr_is_v4(from) != addr_is_v4(to) || memcmp(from, to, 16) > 0)
		return false;
	if (addr_is_v4(from) || memcmp(to, before_v4, 16) <= 0 || memcmp(from, behind_v4, 16) >= 0)
		return addrset_add(out, from, to);
	addrset_add(out, from, before_v4);
	addrset_add(out, behind_v4, to);
	return true;
}

static void
expand_network(struct expander *x, const struct tmg_network *n, struct addrset *out)
{
	if (n->bad || n->o.broken)
		not_known(x, n->o.name, n->o.line, D_CLOSED_SOURCE_UNKNOWN);
	for (const struct tmg_range *r = n->ranges; r != NULL; r = r->next) {
		if (!range_add(out, r->from, r->to))
			not_known(x, n->o.name, n->o.line, D_CLOSED_SOURCE_UNKNOWN);
	}
	expand_refs(x, n->refs, out);
}

static bool
network_is_external(const struct tmg_network *n)
{
	const struct predefined *p = predefined_find(n->o.guid);

	return n->type == 3 || (p != NULL && p->what == PRE_EXTERNAL);
}

/* Everything that is in no other network of the file; false for an exception when it has none. */
static bool
expand_external(struct expander *x, bool exception, struct addrset *out)
{
	struct addrset inside, all;
	bool any = false;

	addrset_init(&inside, x->lo->p->budget);
	addrset_init(&all, x->lo->p->budget);
	for (const struct tmg_array *a = x->lo->p->in->arrays; a != NULL; a = a->next) {
		for (const struct tmg_obj *o = a->first[TMG_K_NETWORK]; o != NULL; o = o->next) {
			const struct tmg_network *n = (const struct tmg_network *)(const void *)o;
			if (network_is_external(n))
				continue;
			any |= n->ranges != NULL || n->refs != NULL;
			expand_network(x, n, &inside);
		}
	}
	addrset_normalize(&inside);
	addrset_add_all(&all);
	addrset_subtract(&all, &inside);
	/* As an exception it would be everybody when there is nothing to leave out: then it is not known. */
	if (any || !exception)
		addrset_add_set(out, &all);
	x->complement = true;
	addrset_free(&inside);
	addrset_free(&all);
	return any || !exception;
}

static void
expand_network_set(struct expander *x, const struct tmg_network_set *s, struct addrset *out)
{
	struct addrset part, all;

	if (s->o.broken)
		not_known(x, s->o.name, s->o.line, D_CLOSED_SOURCE_UNKNOWN);
	if (!s->all_except) {
		expand_refs(x, s->refs, out);
		return;
	}
	x->complement = true;
	addrset_init(&part, x->lo->p->budget);
	addrset_init(&all, x->lo->p->budget);
	expand_refs(x, s->refs, &part);
	addrset_normalize(&part);
	addrset_add_all(&all);
	addrset_subtract(&all, &part);
	addrset_add_set(out, &all);
	addrset_free(&part);
	addrset_free(&all);
}

/* The mask of an IPv6 subnet: "64" or "ffff:ffff:ffff:ffff::". -1 when it is none. */
static int
prefix_length(const char *s)
{
	uint8_t mask[16];
	int n = 0;

	if (strchr(s, ':') != NULL && addr_parse(s, mask)) {
		while (n < 128 && (mask[n / 8] >> (7 - n % 8) & 1) != 0)
			n++;
		for (int i = n; i < 128; i++) {
			if ((mask[i / 8] >> (7 - i % 8) & 1) != 0)
				return -1;
		}
		return n;
	}
	if (*s == '\0' || strlen(s) > 3 || strspn(s, "0123456789") != strlen(s))
		return -1;
	for (; *s != '\0'; s++)
		n = n * 10 + (*s - '0');
	return n <= 128 ? n : -1;
}

static void
expand_hosts(struct expander *x, const struct tmg_hosts *h, struct addrset *out)
{
	uint8_t from[16], to[16];
	int bits;
	bool ok = h->a != NULL && addr_parse(h->a, from) && !h->o.broken;

	memcpy(to, from, ok ? 16 : 0);
	if (ok && h->o.kind == TMG_K_RANGE)
		ok = h->b != NULL && addr_parse(h->b, to) && addr_is_v4(from) == addr_is_v4(to);
	if (ok && h->o.kind == TMG_K_SUBNET) {
		bits = h->b == NULL ? -1 : addr_is_v4(from) ? addr_mask_bits(h->b) : prefix_length(h->b);
		ok = bits >= 0;
		if (ok)
			addr_subnet(from, bits, from, to);
	}
	if (!ok || !range_add(out, from, to))
		not_known(x, h->o.name, h->o.line, D_CLOSED_SOURCE_UNKNOWN);
}

static void
expand_computer_set(struct expander *x, const struct tmg_computer_set *s, struct addrset *out)
{
	if (s->o.broken)
		not_known(x, s->o.name, s->o.line, D_CLOSED_SOURCE_UNKNOWN);
	for (const struct tmg_hosts *h = s->members; h != NULL; h = (const struct tmg_hosts *)(const void *)h->o.next)
		expand_hosts(x, h, out);
	expand_refs(x, s->refs, out);
}

static void
expand_object(struct expander *x, const struct tmg_ref *ref, struct addrset *out)
{
	const struct tmg_obj *o = ref->to;

	switch (o->kind) {
	case TMG_K_NETWORK:
		if (network_is_external((const struct tmg_network *)(const void *)o)) {
			if (!expand_external(x, ref->excluded, out))
				not_known(x, o->name, ref->line, D_CLOSED_SOURCE_UNKNOWN);
		} else
			expand_network(x, (const struct tmg_network *)(const void *)o, out);
		break;
	case TMG_K_NETWORK_SET: expand_network_set(x, (const struct tmg_network_set *)(const void *)o, out); break;
	case TMG_K_COMPUTER:
	case TMG_K_SUBNET:
	case TMG_K_RANGE: expand_hosts(x, (const struct tmg_hosts *)(const void *)o, out); break;
	case TMG_K_COMPUTER_SET: expand_computer_set(x, (const struct tmg_computer_set *)(const void *)o, out); break;
	default: not_known(x, o->name, ref->line, D_CLOSED_SOURCE_UNKNOWN); break;
	}
}

static void
expand_ref(struct expander *x, const struct tmg_ref *ref, struct addrset *out)
{
	const struct predefined *p = predefined_find(ref->to != NULL ? ref->to->guid : ref->key);

	if (++x->depth > MAX_NESTING)
		not_known(x, ref->to != NULL ? ref->to->name : ref->key, ref->line, D_CYCLE);
	else if (p != NULL && p->what == PRE_ANYWHERE)
		addrset_add_all(out); /* whatever ranges the file gives it */
	else if (ref->to != NULL)
		expand_object(x, ref, out);
	else if (p != NULL && p->what == PRE_EXTERNAL) {
		if (!expand_external(x, ref->excluded, out))
			not_known(x, p->name, ref->line, D_CLOSED_SOURCE_UNKNOWN);
	} else
		not_known(x, p != NULL ? p->name : ref->key, ref->line, D_CLOSED_SOURCE_UNKNOWN);
	x->depth--;
}

enum diag_id
sources_expand(struct lower *lo, const struct tmg_rule *rule, struct addrset *out, const char **what, uint32_t *line)
{
	const struct tmg_selection *s = rule->sources;
	struct expander x = { .lo = lo, .rule = rule };
	struct addrset except;
	enum diag_id why = D_COUNT;

	*what = NULL;
	*line = s != NULL ? s->line : rule->o.line;
	if (s == NULL) {
		addrset_add_all(out);
		addrset_normalize(out);
		return D_COUNT;
	}
	addrset_init(&except, lo->p->budget);
	for (const struct tmg_ref *ref = s->refs; ref != NULL; ref = ref->next) {
		expand_ref(&x, ref, ref->excluded ? &except : out);
	}
	if (s->unknown)
		not_known(&x, "an element in it is not known", s->line, D_CLOSED_SOURCE_UNKNOWN);
	if (x.unknown != NULL) {
		/* A part is not known: everybody matches, those in a known exception apart. */
		why = x.why;
		*what = x.unknown;
		*line = x.line;
		addrset_add_all(out);
	}
	addrset_normalize(out);
	addrset_normalize(&except);
	if (out->n == 0 && !x.complement) {
		/* Nobody in particular is meant: closed for all but those in a known exception. */
		why = D_CLOSED_SOURCE_EMPTY;
		addrset_add_all(out);
		addrset_normalize(out);
	}
	addrset_subtract(out, &except);
	if (why == D_COUNT && out->n == 0)
		why = D_CLOSED_SOURCE_EMPTY;
	lo->failed |= out->failed || except.failed;
	addrset_free(&except);
	return why;
}

bool
sources_know_networks(const struct tmg_input *in)
{
	for (const struct tmg_array *a = in->arrays; a != NULL; a = a->next) {
		for (const struct tmg_obj *o = a->first[TMG_K_NETWORK]; o != NULL; o = o->next) {
			const struct tmg_network *n = (const struct tmg_network *)(const void *)o;
			if (!network_is_external(n) && (n->ranges != NULL || n->refs != NULL))
				return true;
		}
	}
	return false;
}

/* "Internal, Lab; not Guests" */
static const char *
sources_label(struct lower *lo, const struct tmg_rule *rule)
{
	struct strbuf b, safe;
	const char *out;

	sb_init(&b, lo->p->budget);
	sb_init(&safe, lo->p->budget);
	for (int except = 0; except <= 1; except++) {
		bool first = true;
		for (const struct tmg_ref *ref = rule->sources != NULL ? rule->sources->refs : NULL; ref != NULL;
		     ref = ref->next) {
			if (ref->excluded != (except == 1) || b.len > 150)
				continue;
			sb_puts(&b, !first ? ", " : except == 1 ? "; not " : "");
			sb_puts(&b,
			    ref->to != NULL               ? ref->to->name
				: ref->predefined != NULL ? ref->predefined
							  : ref->key);
			first = false;
		}
	}
	text_safe(&safe, b.s, 160);
	out = lower_str(lo, safe.s);
	sb_free(&b);
	sb_free(&safe);
	return out;
}

const struct plan_sources *
sources_share(struct lower *lo, const struct tmg_rule *rule, struct addrset *set, bool *nobody)
{
	size_t len = set->n * sizeof(*set->r);
	struct plan_sources *s = NULL;
	const char *key;
	void **slot;

	*nobody = set->n == 0;
	if (*nobody || addrset_is_all(set))
		goto out;
	slot = hmap_slot(&lo->sources, (const char *)set->r, len, false);
	if (slot != NULL) {
		s = *slot;
		goto out;
	}
	key = arena_strn(&lo->tmp, (const char *)set->r, len);
	s = arena_alloc(lo->mem, sizeof(*s));
	slot = s != NULL && key != NULL ? hmap_slot(&lo->sources, key, len, true) : NULL;
	if (slot == NULL) {
		lo->failed = true;
		s = NULL;
		goto out;
	}
	*slot = s;
	s->id = ++lo->sources_count;
	s->set = *set;
	addrset_init(set, set->budget);
	s->label = sources_label(lo, rule);
	*lo->last_sources = s;
	lo->last_sources = &s->next;
out:
	addrset_free(set);
	return s;
}
