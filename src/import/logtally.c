/*
 * Flows, sign-ins and cut connections of IIS logs. Keys are bytes: addresses
 * as numbers, so that two spellings of one address are one flow. The site's own
 * flows are made first and numbered last, so that a file counts as a whole or
 * not at all. Must not know how a line looks.
 */
#include "import/logtally.h"

#include "base/addr.h"

/* Windows' words in sc-win32-status. */
#define SEC_E_LOGON_DENIED 2148074252u
#define ERROR_NETNAME_DELETED 64u
#define ERROR_CONNECTION_ABORTED 1236u

enum { KEY_LEN = 1 + 16 + 16 + 2, PAGE = 64, PAGES = LOG_CUT_TO / PAGE };

/* How many requests were cut off after so many seconds. Pages are made when one is hit. */
struct tally_cuts {
	uint64_t *page[PAGES];
};

struct tally_flow {
	struct log_flow f;
	char key[KEY_LEN];
	struct tally_cuts *cuts;
	struct tally_flow *to; /* the site's, from tally_prepare on */
	struct tally_flow *next;
};

struct tally_client {
	struct tally_flow *flow;
	const char *key;
	size_t key_len;
	uint64_t challenges; /* answers 401 */
	uint64_t answers;    /* answers 200, with a user or not */
	uint64_t ok;         /* handshakes that ended well */
	uint64_t open;       /* begun, not ended */
	uint64_t early;      /* ended well, but began in no line of this file */
	struct tally_client *to, *next;
	bool never; /* counted as such in the flow */
};

enum { HAS_CLIENT = 1, JOINED = 2, ALL_JOINED = 4 }; /* the first byte of a key */

void
tally_init(struct tally *t, struct arena *mem, struct hmap *flows, struct hmap *clients, uint64_t *pages)
{
	*t = (struct tally){ .mem = mem, .flows = flows, .clients = clients, .pages = pages };
	t->last = &t->first;
	t->last_client = &t->first_client;
}

/* ---- Flows -------------------------------------------------------------- */

static void
make_key(char key[KEY_LEN], const struct log_request *q)
{
	memset(key, 0, KEY_LEN);
	key[0] = q->has_client ? HAS_CLIENT : 0;
	memcpy(key + 1, q->server, 16);
	if (q->has_client)
		memcpy(key + 17, q->client, 16);
	key[33] = (char)(q->port >> 8);
	key[34] = (char)(q->port & 0xff);
}

/* The flow of this key; when there are too many, that of all further clients of the
 * server, and in the end that of all further servers. NULL: no memory. */
static struct tally_flow *
flow_at(struct tally *t, const char wanted[KEY_LEN])
{
	char key[KEY_LEN];
	struct tally_flow *f;
	void **slot;

	memcpy(key, wanted, KEY_LEN);
	slot = hmap_slot(t->flows, key, KEY_LEN, false);
	if (slot == NULL && (key[0] & ~HAS_CLIENT) == 0 && t->flows->count >= LOG_MAX_FLOWS) {
		key[0] = JOINED;
		memset(key + 17, 0, 16);
		slot = hmap_slot(t->flows, key, KEY_LEN, false);
	}
	if (slot == NULL && key[0] == JOINED && t->flows->count >= LOG_MAX_FLOWS + LOG_MAX_SERVERS) {
		memset(key, 0, KEY_LEN);
		key[0] = ALL_JOINED;
		slot = hmap_slot(t->flows, key, KEY_LEN, false);
	}
	if (key[0] >= JOINED)
		t->bounded = true;
	if (slot != NULL)
		return *slot;
	/* The key lives in the flow, so the flow is made first. */
	f = arena_alloc(t->mem, sizeof(*f));
	if (f == NULL)
		return NULL;
	memcpy(f->key, key, KEY_LEN);
	slot = hmap_slot(t->flows, f->key, KEY_LEN, true);
	if (slot == NULL)
		return NULL;
	*slot = f;
	*t->last = f;
	t->last = &f->next;
	return f;
}

/* The texts of a flow that will be seen. */
static bool
name_flow(struct arena *mem, struct tally_flow *f)
{
	char text[ADDR_TEXT] = "";

	if (f->f.server != NULL)
		return true;
	f->f.port = (uint8_t)f->key[33] << 8 | (uint8_t)f->key[34];
	if ((f->key[0] & HAS_CLIENT) != 0)
		addr_print((const uint8_t *)f->key + 17, text);
	if (f->key[0] < JOINED && (f->f.client = arena_str(mem, text)) == NULL)
		return false;
	text[0] = '\0';
	if (f->key[0] != ALL_JOINED)
		addr_print((const uint8_t *)f->key + 1, text);
	f->f.server = arena_str(mem, text);
	return f->f.server != NULL;
}

/* ---- Cut connections ---------------------------------------------------- */

/* Where requests cut off after this second are counted; NULL without memory or, when the
 * pages are spent, with *bounded. */
static uint64_t *
cut_at(struct tally *t, struct tally_flow *f, uint32_t second)
{
	uint64_t **page;

	if (f->cuts == NULL && (f->cuts = arena_alloc(t->mem, sizeof(*f->cuts))) == NULL)
		return NULL;
	page = &f->cuts->page[second / PAGE];
	if (*page == NULL && *t->pages >= LOG_MAX_PAGES) {
		t->bounded = true;
		return NULL;
	}
	if (*page == NULL) {
		*page = arena_array(t->mem, PAGE, sizeof(**page));
		if (*page == NULL)
			return NULL;
		++*t->pages;
	}
	return &(*page)[second % PAGE];
}

static bool
count_cut(struct tally *t, struct tally_flow *f, const struct log_request *q)
{
	uint64_t second = ((uint64_t)q->taken + 500) / 1000, *n;

	if ((q->win32 != ERROR_NETNAME_DELETED && q->win32 != ERROR_CONNECTION_ABORTED) || second < LOG_CUT_FROM ||
	    second >= LOG_CUT_TO)
		return true;
	n = cut_at(t, f, (uint32_t)second);
	if (n != NULL)
		++*n;
	return !t->mem->failed;
}

static uint64_t
cuts_after(const struct tally_flow *f, uint32_t second)
{
	const uint64_t *page = second < LOG_CUT_TO ? f->cuts->page[second / PAGE] : NULL;

	return page != NULL ? page[second % PAGE] : 0;
}

/* Looks for the second around which most requests were cut off; of equals, the one that
 * holds most itself, then the first. */
static void
find_timeout(struct tally_flow *f)
{
	uint64_t all = 0, near = 0, best = 0, best_own = 0;

	f->f.cut = f->f.cut_ms = 0;
	if (f->cuts == NULL)
		return;
	/* `near` holds the seconds from s - NEAR to s + NEAR. */
	for (uint32_t s = LOG_CUT_FROM; s < LOG_CUT_FROM + LOG_CUT_NEAR; s++)
		near += cuts_after(f, s);
	for (uint32_t s = LOG_CUT_FROM; s < LOG_CUT_TO; s++) {
		uint64_t own = cuts_after(f, s);

		all += own;
		near += cuts_after(f, s + LOG_CUT_NEAR);
		if (near > best || (near == best && own > best_own)) {
			best = near;
			best_own = own;
			f->f.cut_ms = (uint64_t)s * 1000;
		}
		near -= cuts_after(f, s - LOG_CUT_NEAR);
	}
	f->f.cut = best;
	if (best < LOG_CUT_LEAST || best < (all + LOG_CUT_SHARE - 1) / LOG_CUT_SHARE)
		f->f.cut = f->f.cut_ms = 0;
}

/* ---- Sign-ins ----------------------------------------------------------- */

/* The client of this key (that of its flow and the user agent). NULL without memory or,
 * when there are too many, with t->bounded. */
static struct tally_client *
client_at(struct tally *t, struct tally_flow *flow, const char *key, size_t len)
{
	void **slot = hmap_slot(t->clients, key, len, false);
	struct tally_client *c;

	if (slot != NULL)
		return *slot;
	if (t->clients->count >= LOG_MAX_CLIENTS) {
		t->bounded = true;
		return NULL;
	}
	c = arena_alloc(t->mem, sizeof(*c));
	if (c == NULL || (c->key = arena_strn(t->mem, key, len)) == NULL)
		return NULL;
	c->key_len = len;
	c->flow = flow;
	slot = hmap_slot(t->clients, c->key, len, true);
	if (slot == NULL)
		return NULL;
	*slot = c;
	*t->last_client = c;
	t->last_client = &c->next;
	return c;
}

/* A handshake is a first question (401.0, 401.2, or a 401.1 where none was begun), further
 * ones (401.1), and either success or a refusal of the credentials, after which the
 * client begins anew. Several may be under way, since a client behind a proxy is
 * all who use the same program. */
static bool
follow_signin(struct tally *t, struct tally_flow *flow, const struct log_request *q)
{
	size_t n = q->agent_len < LOG_AGENT_MAX ? q->agent_len : LOG_AGENT_MAX;
	char key[KEY_LEN + LOG_AGENT_MAX];
	struct tally_client *c;

	if (flow->key[0] >= JOINED || (q->status != 200 && q->status != 401) || q->substatus > 2)
		return true;
	memcpy(key, flow->key, KEY_LEN);
	if (n > 0)
		memcpy(key + KEY_LEN, q->agent, n);
	c = client_at(t, flow, key, KEY_LEN + n);
	if (c == NULL)
		return !t->mem->failed && !t->clients->failed;
	if (q->status == 401) {
		c->challenges++;
		if (q->substatus == 1 && q->win32 == SEC_E_LOGON_DENIED)
			c->open -= c->open > 0;
		else if (q->substatus != 1 || c->open == 0)
			c->open++;
		return true;
	}
	c->answers++;
	if (q->user && c->open > 0) {
		c->open--;
		c->ok++;
	} else if (q->user) {
		c->early++;
	}
	return true;
}

bool
tally_request(struct tally *t, const struct log_request *q)
{
	char key[KEY_LEN];
	struct tally_flow *f = t->recent;

	make_key(key, q);
	if (f == NULL || memcmp(key, f->key, KEY_LEN) != 0)
		t->recent = f = flow_at(t, key);
	if (f == NULL)
		return false;
	f->f.hits++;
	f->f.parts[q->part]++;
	f->f.web_ticket_cert += q->cert;
	return count_cut(t, f, q) && (!q->ticket || follow_signin(t, f, q));
}

/* ---- Adding a file to the site ------------------------------------------ */

static bool
prepare_cuts(struct tally *site, const struct tally_flow *f)
{
	for (uint32_t s = 0; f->cuts != NULL && s < LOG_CUT_TO; s++) {
		if (f->cuts->page[s / PAGE] == NULL)
			s += PAGE - 1;
		else
			cut_at(site, f->to, s); /* NULL: no memory, seen below, or no pages: left out */
		if (site->mem->failed)
			return false;
	}
	return true;
}

bool
tally_prepare(struct tally *t, struct site *s)
{
	struct tally site;

	tally_init(&site, &s->mem, &s->log_flows, &s->log_clients, &s->log_pages);
	for (struct tally_flow *f = t->first; f != NULL; f = f->next) {
		/* What was joined in the file stays joined. */
		f->to = flow_at(&site, f->key);
		if (f->to == NULL || !name_flow(site.mem, f->to) || !prepare_cuts(&site, f))
			return false;
	}
	for (struct tally_client *c = t->first_client; c != NULL; c = c->next) {
		if (c->flow->to->key[0] >= JOINED)
			continue;
		c->to = client_at(&site, c->flow->to, c->key, c->key_len);
		if (c->to == NULL && (site.mem->failed || site.clients->failed))
			return false;
	}
	t->bounded = t->bounded || site.bounded;
	return true;
}

static void
add_cuts(const struct tally_flow *from, struct tally_flow *to)
{
	if (from->cuts == NULL || to->cuts == NULL)
		return;
	for (uint32_t p = 0; p < PAGES; p++) {
		for (uint32_t i = 0; from->cuts->page[p] != NULL && to->cuts->page[p] != NULL && i < PAGE; i++)
			to->cuts->page[p][i] += from->cuts->page[p][i];
	}
	find_timeout(to);
}

static void
add_client(const struct tally_client *c)
{
	struct tally_client *to = c->to;
	struct log_flow *f = &c->flow->to->f;
	uint64_t over;
	bool never;

	if (to == NULL) { /* beyond the bound: only what ended well is known */
		f->signins_ok += c->ok;
		return;
	}
	/* Those under way when the last file ended. */
	over = c->early < to->open ? c->early : to->open;
	f->signins_ok += c->ok + over;
	to->ok += c->ok + over;
	to->open += c->open - over;
	to->challenges += c->challenges;
	to->answers += c->answers;
	never = to->challenges >= LOG_CHALLENGES_NEVER && to->answers == 0;
	if (never && !to->never)
		f->signins_never++;
	if (!never && to->never)
		f->signins_never--;
	to->never = never;
}

void
tally_commit(struct tally *t, struct site *s)
{
	for (struct tally_flow *f = t->first; f != NULL; f = f->next) {
		struct log_flow *to = &f->to->f;

		if (to->hits == 0) {
			*s->last_flow = to;
			s->last_flow = &to->next;
		}
		to->hits += f->f.hits;
		for (int i = 0; i < LOG_PARTS; i++)
			to->parts[i] += f->f.parts[i];
		to->web_ticket_cert += f->f.web_ticket_cert;
		add_cuts(f, f->to);
	}
	for (struct tally_client *c = t->first_client; c != NULL; c = c->next)
		add_client(c);
}
