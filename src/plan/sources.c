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
	const char *unknown; /* the first thing that could not be resolved */
	uint32_t line;
	const struct tmg_ref *ref;    /* whose line that is, or NULL */
	const struct tmg_obj *holder; /* of the references that are being followed; NULL: a rule, any */
	bool itself;                  /* it is the object that is being expanded */
	enum diag_id why;
	bool complement; /* a part is "all but": it may come to nobody and still be meant */
	unsigned depth;
};

/* What an object comes to at one depth, since beyond MAX_NESTING nothing is followed. Sets may
 * hold sets several times over: each is expanded once. */
struct part {
	struct addrset set;
	const char *unknown;
	uint32_t line;
	enum diag_id why;
	bool complement, of_ref; /* the line is that of whoever refers to it */
	struct part *next;
};

/* What a From tab came to, for all rules that have the same. */
struct tab {
	const struct plan_sources *sources;
	const char *what;
	uint32_t line, ref; /* the line of what is not known; or of the rule's reference of this number, from 1 */
	enum diag_id why;
	bool nobody, fixed; /* the line is that of an object, whatever the rule */
};

static const char not_read[] = "an element in it is not known";

static void expand_ref(struct expander *x, const struct tmg_ref *ref, struct addrset *out);

static void
not_known(struct expander *x, const char *what, uint32_t line, enum diag_id why)
{
	if (x->unknown != NULL)
		return;
	x->unknown = what;
	x->line = line;
	x->ref = NULL;
	x->why = why;
}

static void
ref_not_known(struct expander *x, const char *what, const struct tmg_ref *ref, enum diag_id why)
{
	bool first = x->unknown == NULL;

	not_known(x, what, x->holder != NULL ? tmg_line(x->holder, ref->below) : 0, why);
	if (first)
		x->ref = ref;
}

static void
expand_refs(struct expander *x, const struct tmg_obj *holder, const struct tmg_ref *list, struct addrset *out)
{
	const struct tmg_obj *around = x->holder;

	x->holder = holder;
	for (; list != NULL; list = list->next)
		expand_ref(x, list, out);
	x->holder = around;
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
	expand_refs(x, &n->o, n->refs, out);
}

static bool
network_is_external(const struct tmg_network *n)
{
	const struct predefined *p = predefined_of(&n->o);

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
		expand_refs(x, &s->o, s->refs, out);
		return;
	}
	x->complement = true;
	addrset_init(&part, x->lo->p->budget);
	addrset_init(&all, x->lo->p->budget);
	expand_refs(x, &s->o, s->refs, &part);
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
	expand_refs(x, &s->o, s->refs, out);
}

static void
expand_kind(struct expander *x, const struct tmg_ref *ref, struct addrset *out)
{
	const struct tmg_obj *o = ref->to;
	bool known = true;

	switch (o != NULL ? o->kind : TMG_K_NETWORK) {
	case TMG_K_NETWORK:
		if (o != NULL && !network_is_external((const struct tmg_network *)(const void *)o))
			expand_network(x, (const struct tmg_network *)(const void *)o, out);
		else if (!expand_external(x, ref->excluded, out))
			known = false;
		break;
	case TMG_K_NETWORK_SET: expand_network_set(x, (const struct tmg_network_set *)(const void *)o, out); break;
	case TMG_K_COMPUTER_SET: expand_computer_set(x, (const struct tmg_computer_set *)(const void *)o, out); break;
	default: known = false; break;
	}
	if (known || x->unknown != NULL)
		return;
	ref_not_known(x, o != NULL ? o->name : predefined_find(ref->key)->name, ref, D_CLOSED_SOURCE_UNKNOWN);
	x->itself = true;
}

/* Where the part of an object is kept, at this depth; of an external network, which an exception
 * may not know, also for exceptions. NULL: no memory. */
static struct part **
part_slot(struct expander *x, const struct tmg_ref *ref)
{
	struct lower *lo = x->lo;
	const void *object = ref->to;
	char *key = arena_fmt(&lo->tmp, "%p|%u|%d", object, x->depth, ref->excluded);
	void **slot = key != NULL ? hmap_slot(&lo->parts, key, strlen(key), true) : NULL;

	lo->failed |= slot == NULL;
	return (struct part **)(void *)slot;
}

/* Expands a set, a network, or (without an object) what is External, once. */
static void
expand_part(struct expander *x, const struct tmg_ref *ref, struct addrset *out)
{
	struct part **slot = part_slot(x, ref), *p = slot != NULL ? *slot : NULL;
	struct expander y = { .lo = x->lo, .depth = x->depth };

	if (p == NULL) {
		if (slot == NULL || (p = arena_alloc(&x->lo->tmp, sizeof(*p))) == NULL)
			return;
		addrset_init(&p->set, x->lo->p->budget);
		expand_kind(&y, ref, &p->set);
		addrset_normalize(&p->set);
		p->unknown = y.unknown;
		p->line = y.line;
		p->why = y.why;
		p->complement = y.complement;
		p->of_ref = y.itself;
		p->next = x->lo->all_parts;
		x->lo->all_parts = p;
		/* The map may have grown meanwhile; a set within itself lies deeper, and has a place of its own. */
		if ((slot = part_slot(x, ref)) != NULL)
			*slot = p;
	}
	plan_count(x->lo, p->set.n);
	if (!x->lo->too_large)
		addrset_add_set(out, &p->set);
	x->complement |= p->complement;
	if (p->unknown != NULL && p->of_ref)
		ref_not_known(x, p->unknown, ref, p->why);
	else if (p->unknown != NULL)
		not_known(x, p->unknown, p->line, p->why);
}

static void
expand_ref(struct expander *x, const struct tmg_ref *ref, struct addrset *out)
{
	const struct tmg_obj *o = ref->to;
	const struct predefined *p = predefined_target(ref);

	if (x->lo->failed || x->lo->too_large)
		return;
	if (++x->depth > MAX_NESTING)
		ref_not_known(x, o != NULL ? o->name : ref->key, ref, D_CYCLE);
	else if (p != NULL && p->what == PRE_ANYWHERE)
		addrset_add_all(out); /* whatever ranges the file gives it */
	else if (o != NULL && (o->kind == TMG_K_COMPUTER || o->kind == TMG_K_SUBNET || o->kind == TMG_K_RANGE))
		expand_hosts(x, (const struct tmg_hosts *)(const void *)o, out);
	else if (o != NULL || (p != NULL && p->what == PRE_EXTERNAL))
		expand_part(x, ref, out);
	else
		ref_not_known(x, p != NULL ? p->name : ref->key, ref, D_CLOSED_SOURCE_UNKNOWN);
	x->depth--;
}

/* Fills `out` and says why the rule is closed (D_COUNT: it is not); then the set holds whom the
 * known parts cover. `x` says what is not known. */
static enum diag_id
tab_expand(struct expander *x, const struct tmg_rule *rule, struct addrset *out)
{
	const struct tmg_selection *s = rule->terms->sources;
	struct lower *lo = x->lo;
	struct addrset except;
	enum diag_id why = D_COUNT;

	addrset_init(&except, lo->p->budget);
	for (const struct tmg_ref *ref = s->refs; ref != NULL; ref = ref->next)
		expand_ref(x, ref, ref->excluded ? &except : out);
	if (s->unknown)
		not_known(x, not_read, tmg_line(&rule->o, s->below), D_CLOSED_SOURCE_UNKNOWN);
	if (x->unknown != NULL) {
		/* A part is not known: everybody matches, those in a known exception apart. */
		why = x->why;
		addrset_add_all(out);
	}
	addrset_normalize(out);
	addrset_normalize(&except);
	if (out->n == 0 && !x->complement) {
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

static bool
know_networks(const struct tmg_input *in)
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

bool
sources_know_networks(struct lower *lo)
{
	if (!lo->looked_for_networks)
		lo->networks = know_networks(lo->p->in);
	lo->looked_for_networks = true;
	return lo->networks;
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
		for (const struct tmg_ref *ref = rule->terms->sources != NULL ? rule->terms->sources->refs : NULL;
		     ref != NULL; ref = ref->next) {
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

/* The shared set, NULL for everybody; *nobody when it is empty. Takes `set` over. */
static const struct plan_sources *
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
	plan_count(lo, set->n);
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

/* All of a From tab that its meaning rests on, as a key. */
static bool
tab_key(struct strbuf *b, const struct tmg_selection *s)
{
	sb_clear(b);
	sb_putc(b, s->unknown);
	for (const struct tmg_ref *ref = s->refs; ref != NULL; ref = ref->next) {
		sb_putc(b, (char)((ref->excluded ? 1 : 0) + (ref->to != NULL ? 2 : 0)));
		if (ref->to != NULL)
			sb_putn(b, (const char *)&ref->to, sizeof(ref->to));
		else
			sb_putn(b, ref->key, strlen(ref->key) + 1);
	}
	return !b->failed;
}

static void
tab_make(struct lower *lo, const struct tmg_rule *rule, struct tab *t)
{
	const struct tmg_selection *s = rule->terms->sources;
	struct expander x = { .lo = lo };
	struct addrset set;
	uint32_t n = 1;

	addrset_init(&set, lo->p->budget);
	t->why = tab_expand(&x, rule, &set);
	t->what = x.unknown;
	if (x.unknown != NULL && x.unknown != not_read) {
		t->fixed = x.ref == NULL;
		t->line = x.line;
		for (const struct tmg_ref *ref = s->refs; x.ref != NULL && ref != NULL; ref = ref->next, n++)
			if (ref == x.ref)
				t->ref = n;
	}
	t->sources = sources_share(lo, rule, &set, &t->nobody);
}

static uint32_t
tab_line(const struct tab *t, const struct tmg_rule *rule)
{
	const struct tmg_ref *ref = rule->terms->sources->refs;

	if (t->fixed)
		return t->line;
	for (uint32_t n = 1; n < t->ref && ref != NULL; n++)
		ref = ref->next;
	return tmg_line(&rule->o, t->ref != 0 && ref != NULL ? ref->below : rule->terms->sources->below);
}

enum diag_id
sources_of(struct lower *lo, const struct tmg_rule *rule, const struct plan_sources **sources, bool *nobody,
    const char **what, uint32_t *line)
{
	const struct tmg_selection *s = rule->terms->sources;
	struct strbuf *b = &lo->key;
	struct tab *t = NULL;
	const char *key;
	size_t len;
	void **slot;

	*sources = NULL;
	*nobody = false;
	*what = NULL;
	*line = tmg_line(&rule->o, s != NULL ? s->below : 0);
	if (s == NULL)
		return D_COUNT;
	if (!tab_key(b, s)) {
		lo->failed = true;
	} else if ((slot = hmap_slot(&lo->tabs, b->s, b->len, false)) != NULL) {
		t = *slot;
	} else if ((t = arena_alloc(&lo->tmp, sizeof(*t))) != NULL) {
		len = b->len;
		key = arena_strn(&lo->tmp, b->s, len);
		tab_make(lo, rule, t);
		slot = key != NULL ? hmap_slot(&lo->tabs, key, len, true) : NULL;
		lo->failed |= slot == NULL;
		if (slot != NULL)
			*slot = t;
	}
	if (t == NULL)
		return D_COUNT;
	*sources = t->sources;
	*nobody = t->nobody;
	*what = t->what;
	*line = tab_line(t, rule);
	return t->why;
}

void
sources_begin(struct lower *lo)
{
	hmap_init(&lo->parts, &lo->t->budget);
	hmap_init(&lo->tabs, &lo->t->budget);
}

void
sources_end(struct lower *lo)
{
	for (struct part *p = lo->all_parts; p != NULL; p = p->next) {
		lo->failed |= p->set.failed;
		addrset_free(&p->set);
	}
	hmap_free(&lo->parts);
	hmap_free(&lo->tabs);
}
