/*
 * HAProxy: choices that depend on the client's address or on the hour.
 *
 * The path maps name a list ("c7") where one route is not the answer. A
 * request that got one
 *
 *	collects the names of the conditions that hold for it in txn.tmg_holds,
 *	":-:s1:h2:" ("-" always holds),
 *	looks up the list in maps/choices.map, "s1/h2/r5 -/-/deny", and
 *	takes the route of the first choice both of whose conditions are among
 *	those names, with one regular expression.
 *
 * So a frontend has one line for each set of clients and each schedule, and
 * one for all lists, however many there are. What fits nothing is not the
 * name of a route and is denied.
 */
#include "export/haproxy.h"

#include "base/addr.h"

/* ---- lists -------------------------------------------------------------- */

bool
hap_is_conditional(const struct plan_path *path)
{
	const struct plan_choice *c = path->choices;

	return c != NULL && (c->sources != NULL || c->schedule != NULL);
}

struct plan_route
hap_only_route(const struct plan_table *t, const struct plan_path *path)
{
	return path->choices != NULL && !hap_is_conditional(path) ? plan_route_of(t, path->choices) : PLAN_NO_ROUTE;
}

#define WORDS_MAX 48 /* "s/h/r" with three numbers of ten digits */

static void
choice_words(const struct plan_choice *c, bool denies, uint32_t route, char words[WORDS_MAX])
{
	char s[16] = "-", h[16] = "-", r[16] = "deny";

	if (c->sources != NULL)
		snprintf(s, sizeof(s), "s%" PRIu32, c->sources->id);
	if (c->schedule != NULL)
		snprintf(h, sizeof(h), "h%" PRIu32, c->schedule->id);
	if (!denies)
		snprintf(r, sizeof(r), "r%" PRIu32, route);
	snprintf(words, WORDS_MAX, "%s/%s/%s", s, h, r);
}

static struct hap_list *
list_get(struct hap *h, const struct plan_table *t, const struct plan_path *path, bool create)
{
	struct hap_list *l = NULL;
	char words[WORDS_MAX], *copy;
	struct strbuf key;
	void **slot;

	sb_init(&key, h->p->budget);
	for (const struct plan_choice *c = path->choices; c != NULL; c = c->next) {
		struct plan_route r = plan_route_of(t, c);

		choice_words(c, r.deed->action == PLAN_DENY, r.id, words); /* by rule: each list names its own */
		sb_fmt(&key, "%s ", words);
	}
	slot = !key.failed ? hmap_slot(&h->list_of, key.s, key.len, false) : NULL;
	if (slot != NULL || !create)
		goto out;
	l = arena_alloc(&h->mem, sizeof(*l));
	copy = arena_strn(&h->mem, key.s, key.len);
	slot = l != NULL && copy != NULL && !key.failed ? hmap_slot(&h->list_of, copy, key.len, true) : NULL;
	if (slot == NULL)
		goto out;
	*slot = l;
	l->id = ++h->list_count;
	l->table = *t;
	l->choices = path->choices;
	*h->last_list = l;
	h->last_list = &l->next;
out:
	l = slot != NULL ? *slot : NULL;
	sb_free(&key);
	return l;
}

void
hap_list_add(struct hap *h, const struct plan_table *t, const struct plan_path *path)
{
	size_t n = 0;

	if (h->too_many || !hap_is_conditional(path) || list_get(h, t, path, true) == NULL)
		return;
	for (const struct plan_choice *c = path->choices; c != NULL; c = c->next)
		n++;
	n = (n + HAP_CHOICES_A_LINE - 1) / HAP_CHOICES_A_LINE;
	h->steps = n > h->steps ? n : h->steps;
}

void
hap_path_value(struct hap *h, struct out *o, const struct plan_table *t, const struct plan_path *path)
{
	struct plan_route r = hap_only_route(t, path);
	const struct hap_list *l = !h->too_many && hap_is_conditional(path) ? list_get(h, t, path, false) : NULL;

	if (l != NULL)
		out_fmt(o, "c%" PRIu32, l->id);
	else if (r.deed == NULL || r.deed->action == PLAN_DENY)
		out_str(o, "deny");
	else
		out_fmt(o, "r%" PRIu32, hap_answering(r));
}

/* ---- lines of a frontend ------------------------------------------------- */

struct used {
	bool *sources, *schedules; /* by id */
	bool any;
};

static void
find_used(const struct plan_endpoint *e, struct used *u)
{
	for (uint32_t i = 0; i < e->site_count; i++) {
		struct plan_site s = plan_site(e, i);

		for (const struct plan_path *p = s.table.shape->paths; p != NULL; p = p->next) {
			if (!hap_is_conditional(p))
				continue;
			u->any = true;
			for (const struct plan_choice *c = p->choices; c != NULL; c = c->next) {
				if (c->sources != NULL)
					u->sources[c->sources->id] = true;
				if (c->schedule != NULL)
					u->schedules[c->schedule->id] = true;
			}
		}
	}
}

static void
write_sources_test(struct out *o, const struct plan_sources *s)
{
	out_fmt(o, "\t# s%" PRIu32 ": %s\n", s->id, s->label);
	out_fmt(o,
	    "\thttp-request set-var(txn.tmg_holds) var(txn.tmg_holds),concat(s%" PRIu32 ":)"
	    " if a-list { src,map_ip(maps/sources-%" PRIu32 ".map) -m str in }\n",
	    s->id, s->id);
}

/* A line for each day, so that none has more words than HAProxy takes. */
static void
write_schedule_test(struct out *o, const struct plan_schedule *s)
{
	bool some = false;

	out_fmt(o, "\t# h%" PRIu32 ", local time, weekday (Sunday 0) and hour:\n", s->id);
	out_comment_obj(o, "\t", &s->s->o);
	for (int day = 0; day < 7; day++) {
		bool today = false;

		for (int hour = 0; hour < 24; hour++) {
			if ((s->s->hours[hour] >> day & 1) == 0)
				continue;
			if (!today)
				out_fmt(o, "\tacl h%" PRIu32 " date,ltime(%%w%%H) -m str", s->id);
			out_fmt(o, " %d%02d", day, hour);
			today = some = true;
		}
		if (today)
			out_str(o, "\n");
	}
	if (some)
		out_fmt(o,
		    "\thttp-request set-var(txn.tmg_holds) var(txn.tmg_holds),concat(h%" PRIu32 ":) if a-list h%" PRIu32
		    "\n",
		    s->id, s->id);
	else
		out_str(o, "\t# at no hour\n");
}

void
hap_write_choosing(struct hap *h, const struct plan_endpoint *e)
{
	struct used u = { 0 };
	struct out *o = h->o;

	if (h->lists == NULL)
		return;
	u.sources = arena_array(&h->mem, h->source_count + 1u, sizeof(bool));
	u.schedules = arena_array(&h->mem, h->schedule_count + 1u, sizeof(bool));
	if (u.sources == NULL || u.schedules == NULL)
		return;
	find_used(e, &u);
	if (!u.any)
		return;
	out_str(o,
	    "\t# a list of choices: which conditions hold, of clients (s) and of hours (h)\n"
	    "\tacl a-list var(txn.tmg_route) -m beg c\n"
	    "\thttp-request set-var(txn.tmg_holds) str(:-:)\n");
	for (const struct plan_sources *s = h->p->sources; s != NULL; s = s->next)
		if (u.sources[s->id])
			write_sources_test(o, s);
	for (const struct plan_schedule *s = h->p->schedules; s != NULL; s = s->next)
		if (u.schedules[s->id])
			write_schedule_test(o, s);
	out_str(o, "\t# and the first choice whose conditions do\n");
	for (size_t i = 0; i < h->steps; i++)
		out_str(o,
		    "\thttp-request set-var(txn.tmg_route) 'var(txn.tmg_route),map_str(maps/choices.map),"
		    "concat(|,txn.tmg_holds),"
		    "regsub(\"^(?:[^ |]++ )*?([^/ |]++)/([^/ |]++)/([^ "
		    "|]++)[^|]*+[|](?=.*:\\1:)(?=.*:\\2:).*$\",\"\\3\")'"
		    " if a-list\n");
}

/* ---- maps ---------------------------------------------------------------- */

static void
list_name(struct out *o, const struct hap_list *l, size_t part)
{
	out_fmt(o, "c%" PRIu32, l->id);
	if (part > 0)
		out_fmt(o, ".%zu", part);
}

void
hap_put_list(struct out *o, const struct hap_list *l)
{
	const struct plan_rule *last = NULL;
	char words[WORDS_MAX];
	struct plan_route r;
	size_t n = 0;

	for (const struct plan_choice *c = l->choices; c != NULL; c = c->next) {
		const struct plan_rule *rule = plan_rule_of(plan_route_of(&l->table, c));

		if (rule != NULL && rule != last) {
			last = rule;
			out_comment_obj(o, "", &last->r->o);
		}
	}
	list_name(o, l, 0);
	for (const struct plan_choice *c = l->choices; c != NULL; c = c->next, n++) {
		if (n > 0 && n % HAP_CHOICES_A_LINE == 0) {
			out_str(o, " -/-/");
			list_name(o, l, n / HAP_CHOICES_A_LINE);
			out_str(o, "\n");
			list_name(o, l, n / HAP_CHOICES_A_LINE);
		}
		r = plan_route_of(&l->table, c);
		choice_words(c, r.deed->action == PLAN_DENY, hap_answering(r), words);
		out_fmt(o, " %s", words);
	}
	out_str(o, "\n");
}

static void
write_choices(const struct hap *h)
{
	struct out *o = hap_open(h, "maps/choices.map");

	if (o == NULL)
		return;
	out_str(o,
	    "# List of choices -> clients/hours/route of each; \"-\" is always.\n"
	    "# The first whose conditions hold is taken; when none does, the answer is 403.\n");
	for (const struct hap_list *l = h->lists; l != NULL; l = l->next)
		hap_put_list(o, l);
	out_close(o);
}

struct block_ctx {
	struct out *o;
	const char *value;
	bool v4; /* print IPv4, else all others */
};

/* Does a block of IPv6 addresses hold all of IPv4? */
static bool
holds_v4(const uint8_t base[16], int bits)
{
	static const uint8_t mapped[16] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0 };

	for (int i = 0; i < bits; i++) {
		if (((base[i / 8] ^ mapped[i / 8]) >> (7 - i % 8) & 1) != 0)
			return false;
	}
	return true;
}

static void
write_block(void *ctx, const uint8_t base[16], int bits)
{
	struct block_ctx *c = ctx;
	char text[ADDR_TEXT];
	bool v4 = bits >= 96 && addr_is_v4(base);

	if (c->v4 && bits < 96 && holds_v4(base, bits))
		out_fmt(c->o, "0.0.0.0/0 %s\n", c->value);
	if (c->v4 != v4)
		return;
	addr_print(base, text);
	out_fmt(c->o, "%s/%d %s\n", text, v4 ? bits - 96 : bits, c->value);
}

/*
 * HAProxy takes 2002:a:b::/48 and ::a.b for the IPv4 address inside where no
 * IPv6 entry says otherwise. They are addresses of their own here: entries
 * say so for those that are not in the set.
 */
static void
put_disguised(struct out *o, const struct addrset *set, struct budget *budget)
{
	static const uint8_t from[2][16] = { { 0 }, { 0x20, 0x02 } };
	static const uint8_t to[2][16] = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff },
		{ 0x20, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
	struct block_ctx c = { .o = o, .value = "out", .v4 = false };
	struct addrset s;

	addrset_init(&s, budget);
	for (int i = 0; i < 2; i++)
		addrset_add(&s, from[i], to[i]);
	addrset_normalize(&s);
	addrset_subtract(&s, set);
	if (s.n > 0) {
		out_str(o, "# These hold an IPv4 address and are not that client.\n");
		addrset_each_block(&s, write_block, &c);
	}
	addrset_free(&s);
}

void
hap_put_sources(struct out *o, const struct plan_sources *s, struct budget *budget)
{
	struct block_ctx c = { .o = o, .value = "in", .v4 = true };

	out_fmt(o, "# Clients of s%" PRIu32 ": %s\n", s->id, s->label);
	addrset_each_block(&s->set, write_block, &c);
	c.v4 = false;
	addrset_each_block(&s->set, write_block, &c);
	put_disguised(o, &s->set, budget);
}

void
hap_write_lists(struct hap *h)
{
	char rel[64];
	struct out *o;

	if (h->lists == NULL)
		return;
	write_choices(h);
	for (const struct plan_sources *s = h->p->sources; s != NULL; s = s->next) {
		snprintf(rel, sizeof(rel), "maps/sources-%" PRIu32 ".map", s->id);
		if ((o = hap_open(h, rel)) == NULL)
			return;
		hap_put_sources(o, s, h->p->budget);
		out_close(o);
	}
}
