/*
 * Sources: every object is one node with ranges and parts; a question walks
 * the nodes and keeps each answer for the client that was asked about.
 */
#include "trace/clients.h"

#include "model/model.h"
#include "trace/match.h"

#define DEEPEST 64 /* sets within sets; what is deeper counts as not known */

enum answer { NO, YES, MAYBE };

struct client_range {
	uint8_t from[16], to[16];
	struct client_range *next;
};

struct client_node {
	const void *object;
	struct client_range *ranges;
	struct client_node **parts;
	size_t part_count, part_room;
	bool all;       /* every client */
	bool except;    /* all but ranges and parts */
	bool network;   /* its ranges hold nobody of "no known network" */
	bool unknown;   /* here or in a part */
	bool empty;     /* holds nobody, whoever asks */
	bool boundless; /* External without networks is in it */
	bool building;
	uint64_t stamp;
	enum answer answer;
};

static struct client_node *
node_new(struct clients *c, const void *object)
{
	struct client_node *n = arena_alloc(c->mem, sizeof(*n));

	if (n != NULL)
		n->object = object;
	return n;
}

bool
clients_init(struct clients *c, struct arena *mem, struct budget *budget)
{
	memset(c, 0, sizeof(*c));
	c->mem = mem;
	c->stamp = 1;
	c->outside = true;
	hmap_init(&c->nodes, budget);
	c->anywhere = node_new(c, NULL);
	c->unknown = node_new(c, NULL);
	if (c->anywhere == NULL || c->unknown == NULL)
		return false;
	c->anywhere->all = true;
	c->unknown->unknown = true;
	return true;
}

void
clients_free(struct clients *c)
{
	hmap_free(&c->nodes);
}

/* ---- making nodes ------------------------------------------------------------- */

static struct client_node *ref_node(
    struct clients *c, const struct tmg_ref *ref, const struct tmg_input *in, unsigned depth);

/* The node of an object, made empty when there is none; *made says so. */
static struct client_node *
node_of(struct clients *c, const void *object, bool *made)
{
	void **slot = hmap_slot(&c->nodes, (const char *)&object, sizeof(object), false);
	struct client_node *n;

	*made = false;
	if (slot != NULL && *slot != NULL)
		return *slot;
	n = node_new(c, object);
	if (n == NULL || (slot = hmap_slot(&c->nodes, (const char *)&n->object, sizeof(object), true)) == NULL)
		return NULL;
	*slot = n;
	*made = true;
	return n;
}

static bool
add_range(struct clients *c, struct client_node *n, const uint8_t from[16], const uint8_t to[16])
{
	struct client_range *r;

	if (!match_range_good(from, to)) {
		n->unknown = true;
		return true;
	}
	r = arena_alloc(c->mem, sizeof(*r));
	if (r == NULL)
		return false;
	memcpy(r->from, from, 16);
	memcpy(r->to, to, 16);
	r->next = n->ranges;
	n->ranges = r;
	return true;
}

static bool
add_part(struct clients *c, struct client_node *n, struct client_node *part)
{
	struct client_node **bigger;

	if (part == NULL)
		return false;
	/* A part that is still being made is this very node, further up: a circle. */
	if (part->building)
		part = c->unknown;
	if (n->part_count == n->part_room) {
		n->part_room = n->part_room == 0 ? 4 : n->part_room * 2;
		bigger = arena_array(c->mem, n->part_room, sizeof(*bigger));
		if (bigger == NULL)
			return false;
		if (n->part_count > 0)
			memcpy(bigger, n->parts, n->part_count * sizeof(*bigger));
		n->parts = bigger;
	}
	n->parts[n->part_count++] = part;
	return true;
}

/* Once all is in it: what follows from the parts. */
static void
settle(struct client_node *n)
{
	size_t i;

	n->building = false;
	n->empty = !n->all && !n->except && n->ranges == NULL && !n->unknown;
	for (i = 0; i < n->part_count; i++) {
		n->unknown = n->unknown || n->parts[i]->unknown;
		n->boundless = n->boundless || n->parts[i]->boundless;
		n->empty = n->empty && n->parts[i]->empty;
	}
	/* "All but External" where External has no bounds. */
	if (n->except && n->boundless)
		n->unknown = true;
}

static bool
add_host(struct clients *c, struct client_node *n, const struct tmg_hosts *h)
{
	uint8_t from[16], to[16];
	bool good = h->a != NULL;

	switch (good ? (enum tmg_kind)h->o.kind : TMG_K_NONE) {
	case TMG_K_COMPUTER:
		good = match_address(h->a, strlen(h->a), from);
		memcpy(to, from, 16);
		break;
	case TMG_K_RANGE:
		good = h->b != NULL && match_address(h->a, strlen(h->a), from) && match_address(h->b, strlen(h->b), to);
		break;
	case TMG_K_SUBNET: good = h->b != NULL && match_subnet(h->a, h->b, from, to); break;
	default: good = false; break;
	}
	if (!good || h->o.broken) {
		n->unknown = true;
		return true;
	}
	return add_range(c, n, from, to);
}

static bool
add_refs(
    struct clients *c, struct client_node *n, const struct tmg_ref *ref, const struct tmg_input *in, unsigned depth)
{
	for (; ref != NULL; ref = ref->next) {
		/* No set has an exceptions list of its own: what this would mean is not known. */
		if (!add_part(c, n, ref->excluded ? c->unknown : ref_node(c, ref, in, depth + 1)))
			return false;
	}
	return true;
}

static bool
fill_computers(struct clients *c, struct client_node *n, const struct tmg_computer_set *s, unsigned depth)
{
	const struct tmg_obj *o;

	for (o = s->members != NULL ? &s->members->o : NULL; o != NULL; o = o->next)
		if (!add_host(c, n, (const struct tmg_hosts *)(const void *)o))
			return false;
	return add_refs(c, n, s->refs, s->o.in->input, depth);
}

static bool
fill_network(struct clients *c, struct client_node *n, const struct tmg_network *w, unsigned depth)
{
	static const uint8_t nowhere[16];
	const struct tmg_range *r;

	n->network = true;
	n->unknown = n->unknown || w->bad;
	for (r = w->ranges; r != NULL; r = r->next) {
		/* An entry without addresses. */
		if (memcmp(r->from, nowhere, 16) == 0 && memcmp(r->to, nowhere, 16) == 0)
			n->unknown = true;
		else if (!add_range(c, n, r->from, r->to))
			return false;
	}
	return add_refs(c, n, w->refs, w->o.in->input, depth);
}

static struct client_node *
object_node(struct clients *c, const struct tmg_obj *o, unsigned depth)
{
	struct client_node *n;
	bool made, good;

	if (depth >= DEEPEST)
		return c->unknown;
	n = node_of(c, o, &made);
	if (n == NULL || !made)
		return n;
	n->building = true;
	n->unknown = o->broken;
	switch (o->kind) {
	case TMG_K_COMPUTER:
	case TMG_K_SUBNET:
	case TMG_K_RANGE: good = add_host(c, n, (const struct tmg_hosts *)(const void *)o); break;
	case TMG_K_COMPUTER_SET:
		good = fill_computers(c, n, (const struct tmg_computer_set *)(const void *)o, depth);
		break;
	case TMG_K_NETWORK: good = fill_network(c, n, (const struct tmg_network *)(const void *)o, depth); break;
	case TMG_K_NETWORK_SET:
		n->except = ((const struct tmg_network_set *)(const void *)o)->all_except;
		good = add_refs(c, n, ((const struct tmg_network_set *)(const void *)o)->refs, o->in->input, depth);
		break;
	default: /* users, rules, listeners: no clients */
		n->unknown = true;
		good = true;
		break;
	}
	settle(n);
	return good ? n : NULL;
}

static bool
is(const struct predefined *p, enum predefined_what what)
{
	return p != NULL && p->what == what;
}

static bool
is_external(const struct tmg_obj *o)
{
	return is(predefined_of(o), PRE_EXTERNAL) ||
	    (o->kind == TMG_K_NETWORK && ((const struct tmg_network *)(const void *)o)->type == 3);
}

/* Everything that is in no other network of the file. */
static struct client_node *
external_node(struct clients *c, const struct tmg_input *in, unsigned depth)
{
	const struct tmg_array *a;
	const struct tmg_obj *o;
	struct client_node *n;
	bool made;

	n = node_of(c, in, &made);
	if (n == NULL || !made)
		return n;
	n->building = true;
	n->except = true;
	for (a = in->arrays; a != NULL; a = a->next)
		for (o = a->first[TMG_K_NETWORK]; o != NULL; o = o->next)
			if (!is_external(o) && !add_part(c, n, object_node(c, o, depth + 1)))
				return NULL;
	if (n->part_count == 0) {
		n->all = true;
		n->except = false;
		n->boundless = true;
	}
	settle(n);
	return n;
}

static struct client_node *
ref_node(struct clients *c, const struct tmg_ref *ref, const struct tmg_input *in, unsigned depth)
{
	if (ref->ambiguous)
		return c->unknown;
	if (is(predefined_find(ref->key), PRE_ANYWHERE) || is(predefined_target(ref), PRE_ANYWHERE))
		return c->anywhere;
	if (ref->to != NULL && is_external(ref->to))
		return external_node(c, ref->to->in->input, depth);
	if (is(predefined_find(ref->key), PRE_EXTERNAL))
		return external_node(c, in, depth);
	return ref->to == NULL ? c->unknown : object_node(c, ref->to, depth);
}

/* ---- a rule's sources ----------------------------------------------------------- */

static bool
add_to_list(
    struct clients *c, struct client_set *set, const struct tmg_ref *ref, const struct tmg_input *in, bool *anybody)
{
	struct client_node *n = ref_node(c, ref, in, 0);

	if (n == NULL)
		return false;
	set->unknown = set->unknown || n->unknown || (ref->excluded && n->boundless);
	if (ref->excluded) {
		/* External without networks is no known exception. */
		set->out[set->out_count++] = n->boundless ? c->unknown : n;
	} else {
		set->in[set->in_count++] = n;
		*anybody = *anybody || !n->empty;
	}
	return true;
}

bool
clients_compile(struct clients *c, const struct tmg_selection *s, const struct tmg_input *in, struct client_set *set)
{
	const struct tmg_ref *ref;
	bool anybody = false;
	size_t n = 1;

	memset(set, 0, sizeof(*set));
	for (ref = s != NULL ? s->refs : NULL; ref != NULL; ref = ref->next)
		n++;
	set->in = arena_array(c->mem, n, sizeof(*set->in));
	set->out = arena_array(c->mem, n, sizeof(*set->out));
	if (set->in == NULL || set->out == NULL)
		return false;
	if (s == NULL) { /* no From tab at all */
		set->in[set->in_count++] = c->anywhere;
		return true;
	}
	set->unknown = s->unknown;
	for (ref = s->refs; ref != NULL; ref = ref->next)
		if (!add_to_list(c, set, ref, in, &anybody))
			return false;
	set->unknown = set->unknown || !anybody;
	return true;
}

/* ---- questions --------------------------------------------------------------------- */

void
clients_ask(struct clients *c, const uint8_t *address)
{
	bool outside = address == NULL;

	if (outside == c->outside && (outside || memcmp(c->address, address, 16) == 0))
		return;
	c->outside = outside;
	if (!outside)
		memcpy(c->address, address, 16);
	c->stamp++;
}

/* Somebody of no known network has an address all the same: a range that
 * holds every IPv4 address holds it. */
static bool
range_holds(const struct clients *c, const struct client_node *n, const struct client_range *r)
{
	static const uint8_t none[4], full[4] = { 255, 255, 255, 255 };

	if (!c->outside)
		return match_in_range(c->address, r->from, r->to);
	return !n->network && match_is_v4(r->from) && memcmp(r->from + 12, none, 4) == 0 &&
	    memcmp(r->to + 12, full, 4) == 0;
}

static enum answer
ask(struct clients *c, struct client_node *n)
{
	const struct client_range *r;
	enum answer a = NO, part;
	bool maybe = n == c->unknown;
	size_t i;

	if (n->stamp == c->stamp)
		return n->answer;
	if (n->all)
		a = YES;
	for (r = n->ranges; a != YES && r != NULL; r = r->next)
		if (range_holds(c, n, r))
			a = YES;
	for (i = 0; a != YES && i < n->part_count; i++) {
		part = ask(c, n->parts[i]);
		maybe = maybe || part == MAYBE;
		a = part == YES ? YES : a;
	}
	/* What could not be read of it might have held the client. */
	if (a == NO && (maybe || n->unknown))
		a = MAYBE;
	if (n->except && a != MAYBE)
		a = a == YES ? NO : YES;
	n->stamp = c->stamp;
	n->answer = a;
	return a;
}

bool
clients_match(struct clients *c, const struct client_set *set)
{
	size_t i;

	for (i = 0; i < set->out_count; i++)
		if (ask(c, set->out[i]) == YES)
			return false;
	/* Where a part of the sources is not known, every client matches. */
	if (set->unknown)
		return true;
	for (i = 0; i < set->in_count; i++)
		if (ask(c, set->in[i]) == YES)
			return true;
	return false;
}
