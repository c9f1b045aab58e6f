/*
 * Checks of section L: what the logs of the servers prove. They need no export. That
 * something was not seen is said only where the logs hold requests at all.
 */
#include "audit/audit.h"

#include "base/addr.h"

/* ---- what the flows of a pool add up to ----------------------------------------------- */

struct sum {
	uint64_t hits;    /* on the external site's HTTPS port */
	uint64_t clients; /* public addresses there */
	uint64_t signins_ok, signins_never;
	uint64_t cut, cut_ms, most_cut;
	const char *example; /* one of those addresses */
	bool any;            /* some request to one of its servers, on whatever port */
	bool no_port;        /* the port of some was not logged */
	bool addressed;      /* some server address of it is known */
};

struct sums {
	struct view *v;
	struct hmap map; /* pool's fqdn -> struct sum */
	bool requests;   /* the logs hold some */
	bool joined;     /* servers beyond the reader's bound were counted together */
};

static bool
is_web_pool(const struct pool *p)
{
	return p->role == POOL_FRONT_END || p->role == POOL_DIRECTOR;
}

static bool
is_public(const char *client)
{
	uint8_t a[16];

	if (client == NULL || !addr_parse(client, a))
		return false;
	if (!addr_is_v4(a))
		return (a[0] & 0xe0) == 0x20;
	return a[12] != 10 && a[12] != 127 && a[12] != 0 && a[12] < 224 && !(a[12] == 172 && (a[13] & 0xf0) == 16) &&
	    !(a[12] == 192 && a[13] == 168) && !(a[12] == 169 && a[13] == 254) &&
	    !(a[12] == 100 && (a[13] & 0xc0) == 64);
}

/* The sum of a pool, made if it is new; NULL: not a pool that counts here, or no memory. */
static struct sum *
sum_at(struct sums *s, const struct pool *p)
{
	void **slot = p != NULL && is_web_pool(p) ? hmap_slot(&s->map, p->fqdn, strlen(p->fqdn), true) : NULL;

	if (slot != NULL && *slot == NULL)
		*slot = arena_alloc(s->v->mem, sizeof(struct sum));
	if (p != NULL && is_web_pool(p) && (slot == NULL || *slot == NULL))
		s->v->failed = true;
	return slot != NULL ? *slot : NULL;
}

static void
add_flow(struct sums *s, const struct log_flow *f)
{
	const struct pool *p = pool_of_address(s->v, f->server);
	struct sum *x = sum_at(s, p);

	s->joined = s->joined || *f->server == '\0';
	if (x == NULL)
		return;
	x->any = true;
	x->no_port = x->no_port || f->port == 0;
	if (f->port != pool_https(p))
		return;
	x->hits += f->hits;
	x->signins_ok += f->signins_ok;
	x->signins_never += f->signins_never;
	x->cut += f->cut;
	if (f->cut > x->most_cut) {
		x->most_cut = f->cut;
		x->cut_ms = f->cut_ms;
	}
	if (is_public(f->client)) {
		x->clients++;
		x->example = x->example != NULL ? x->example : f->client;
	}
}

/* One pass over everything; the sums are gone with the view. */
static void
sums_make(struct sums *s, struct view *v)
{
	struct sum *x;

	memset(s, 0, sizeof(*s));
	s->v = v;
	hmap_init(&s->map, v->a->budget);
	for (const struct log_file *f = v->site->logs; f != NULL; f = f->next)
		s->requests = s->requests || f->requests > 0;
	for (const struct log_flow *f = v->site->flows; f != NULL && !v->failed; f = f->next)
		add_flow(s, f);
	for (const struct pool *p = v->site->pools; p != NULL && !v->failed; p = p->next)
		for (const struct pool_machine *m = p->machines; m != NULL; m = m->next)
			for (const struct tmg_text *a = m->addresses; a != NULL; a = a->next)
				if (pool_of_address(v, a->s) == p && (x = sum_at(s, p)) != NULL)
					x->addressed = true;
	for (size_t i = 0; i < v->rule_count && !v->failed; i++)
		if ((x = sum_at(s, pool_of_address(v, v->rules[i].rule->web->server))) != NULL)
			x->addressed = true;
}

static const struct sum *
sum_of(struct sums *s, const struct pool *p)
{
	return is_web_pool(p) ? hmap_get(&s->map, p->fqdn) : NULL;
}

/* ---- the internal web site ----------------------------------------------------------- */

/* Clients that come to the external web site of some pool: the proxy, above all. */
static bool
know_proxies(struct view *v, struct hmap *proxies)
{
	for (const struct log_flow *f = v->site->flows; f != NULL; f = f->next) {
		const struct pool *p = pool_of_address(v, f->server);

		if (p == NULL || f->client == NULL || *f->client == '\0' || !is_web_pool(p))
			continue;
		if ((f->port == pool_https(p) || f->port == pool_http(p)) && f->hits > 0 &&
		    !hmap_put(proxies, f->client, (void *)(uintptr_t)f))
			return false;
	}
	return true;
}

void
check_LOG_INTERNAL_SITE(struct view *v)
{
	struct hmap proxies;

	hmap_init(&proxies, v->a->budget);
	v->failed = v->failed || !know_proxies(v, &proxies);
	for (const struct log_flow *f = v->site->flows; f != NULL && !v->failed; f = f->next) {
		const struct pool *p = pool_of_address(v, f->server);
		int https, http;

		if (p == NULL || !is_web_pool(p) || f->client == NULL || hmap_get(&proxies, f->client) == NULL)
			continue;
		https = p->internal_https != 0 ? p->internal_https : 443;
		http = p->internal_http != 0 ? p->internal_http : 80;
		if (f->port == pool_https(p) || f->port == pool_http(p) || (f->port != https && f->port != http))
			continue;
		found(v, CHECK_LOG_INTERNAL_SITE,
		    &(struct about){ .pool = p,
			.subject = audit_fmt(v, "%s:%d", f->server, f->port),
			.cls = f->port == https ? 0 : 'H' },
		    "%llu requests of %s to %s, port %d", (unsigned long long)f->hits, f->client, f->server, f->port);
	}
	hmap_free(&proxies);
}

/* ---- seen and not seen ---------------------------------------------------------------- */

static bool
is_published(struct view *v, const struct pool *p)
{
	return v->t != NULL && p->external_host != NULL && view_taker(v, p->external_host, "", true, NULL) != NULL;
}

static bool
role_seen(struct sums *s, enum pool_role role)
{
	const struct sum *x;

	for (const struct pool *p = s->v->site->pools; p != NULL; p = p->next)
		if (p->role == role && (x = sum_of(s, p)) != NULL && x->hits > 0)
			return true;
	return false;
}

/* Do the logs show that nothing came to the external site of this pool? */
static bool
is_unseen(struct sums *s, const struct pool *p)
{
	const struct sum *x = sum_of(s, p);

	return s->requests && !s->joined && x != NULL && x->addressed && !x->no_port && x->hits == 0;
}

/* An error where the logs hold requests to its servers, else a note, since the logs of those
 * servers may simply not have been given. */
static void
not_seen(struct sums *s, enum check_id id, const struct pool *p)
{
	bool any = sum_of(s, p)->any;
	struct about about = { .pool = p, .cls = any ? 0 : 'I' };

	if (any)
		found(s->v, id, &about, "requests reach its servers, but none on port %d", pool_https(p));
	else
		found(s->v, id, &about,
		    "no request to its servers is in the logs, so none on port %d: give their logs, too",
		    pool_https(p));
}

/* One half of sign-in is seen, the other is not, and no rule is known to publish it. */
static void
judge_half(struct view *v, enum check_id id, enum pool_role missing, enum pool_role seen)
{
	struct sums s;

	sums_make(&s, v);
	for (const struct pool *p = role_seen(&s, seen) ? v->site->pools : NULL; p != NULL; p = p->next)
		if (p->role == missing && p->external_host != NULL && !is_published(v, p) && is_unseen(&s, p))
			not_seen(&s, id, p);
	hmap_free(&s.map);
}

void
check_LOG_NO_FRONT_END(struct view *v)
{
	judge_half(v, CHECK_LOG_NO_FRONT_END, POOL_FRONT_END, POOL_DIRECTOR);
}

void
check_LOG_NO_DIRECTOR(struct view *v)
{
	judge_half(v, CHECK_LOG_NO_DIRECTOR, POOL_DIRECTOR, POOL_FRONT_END);
}

void
check_LOG_POOL_UNSEEN(struct view *v)
{
	struct sums s;

	sums_make(&s, v);
	for (const struct pool *p = v->site->pools; p != NULL; p = p->next)
		if (is_published(v, p) && is_unseen(&s, p))
			not_seen(&s, CHECK_LOG_POOL_UNSEEN, p);
	hmap_free(&s.map);
}

/* ---- whose address the servers see ------------------------------------------------------ */

#define ADDRESSES_VARY 3 /* an array of proxies has a few addresses of its own */

void
check_LOG_CLIENTS_VARY(struct view *v)
{
	const struct sum *x;
	struct sums s;

	sums_make(&s, v);
	for (const struct pool *p = v->site->pools; p != NULL; p = p->next)
		if ((x = sum_of(&s, p)) != NULL && x->clients >= ADDRESSES_VARY)
			found(v, CHECK_LOG_CLIENTS_VARY, &(struct about){ .pool = p },
			    "%llu public addresses, %s among them", (unsigned long long)x->clients, x->example);
	hmap_free(&s.map);
}

/* ---- what goes wrong -------------------------------------------------------------------- */

void
check_LOG_SIGN_IN_NEVER(struct view *v)
{
	const struct sum *x;
	struct sums s;

	sums_make(&s, v);
	for (const struct pool *p = v->site->pools; p != NULL; p = p->next)
		if ((x = sum_of(&s, p)) != NULL && x->signins_never > 0)
			found(v, CHECK_LOG_SIGN_IN_NEVER,
			    &(struct about){ .pool = p, .cls = x->signins_ok > 0 ? 'L' : 0 },
			    "%llu never, %llu completed", (unsigned long long)x->signins_never,
			    (unsigned long long)x->signins_ok);
	hmap_free(&s.map);
}

#define SHORT_MS 200000u  /* below what Microsoft names as the least */
#define PHONES_MS 960000u /* what mobile clients need */

void
check_LOG_CUT(struct view *v)
{
	const struct sum *x;
	struct sums s;

	sums_make(&s, v);
	for (const struct pool *p = v->site->pools; p != NULL; p = p->next)
		if ((x = sum_of(&s, p)) != NULL && x->cut > 0)
			found(v, CHECK_LOG_CUT,
			    &(struct about){ .pool = p,
				.cls = x->cut_ms < SHORT_MS ? 0
				    : x->cut_ms < PHONES_MS ? 'M'
							    : 'L' },
			    "%llu requests, after about %llu s", (unsigned long long)x->cut,
			    (unsigned long long)((x->cut_ms + 500) / 1000));
	hmap_free(&s.map);
}

/* ---- servers that nothing names ------------------------------------------------------------ */

void
check_LOG_UNKNOWN_SERVER(struct view *v)
{
	struct hmap seen;
	void **slot;

	if (!v->topology)
		return;
	hmap_init(&seen, v->a->budget);
	for (const struct log_flow *f = v->site->flows; f != NULL && !v->failed; f = f->next) {
		if (*f->server == '\0' || pool_of_address(v, f->server) != NULL)
			continue;
		if ((slot = hmap_slot(&seen, f->server, strlen(f->server), true)) == NULL) {
			v->failed = true;
		} else if (*slot == NULL) {
			*slot = (void *)(uintptr_t)f;
			found(v, CHECK_LOG_UNKNOWN_SERVER, &(struct about){ .name = f->server }, "port %d", f->port);
		}
	}
	hmap_free(&seen);
}
