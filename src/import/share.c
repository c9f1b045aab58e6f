/*
 * Keeps once what rules say alike. Records are compared byte by byte and text
 * by text, whatever their members are, so a new member needs nothing here
 * unless it is text. Must not know what the parts mean.
 */
#include "import/share.h"

#include "import/read.h"

#define CAP_MIN ((size_t)64)
#define TEXTS 3   /* members of a list's record that are text */
#define NO_NEXT 0 /* not a list: `next` never stands first */

/* Of a record the members that are not compared as they stand. */
struct shape {
	size_t size, next;
	uint32_t apart; /* which of its words they are, by bit */
	size_t texts, text[TEXTS];
};

#define WORD sizeof(uint64_t) /* records are made of words */
#define AT(type, member) (UINT32_C(1) << (offsetof(struct type, member) / WORD))
#define WHOLE(type) (sizeof(struct type) % WORD == 0)
_Static_assert(
    WHOLE(tmg_ref) && WHOLE(tmg_path_mapping) && WHOLE(tmg_candidate), "records of lists are compared by words");

static const struct shape shapes[SHARE_KINDS] = {
	[SHARE_REFS] = { sizeof(struct tmg_ref), offsetof(struct tmg_ref, next),
	    AT(tmg_ref, next) | AT(tmg_ref, key) | AT(tmg_ref, cls) | AT(tmg_ref, role), 3,
	    { offsetof(struct tmg_ref, key), offsetof(struct tmg_ref, cls), offsetof(struct tmg_ref, role) } },
	[SHARE_WEB_REFS] = { sizeof(struct tmg_ref), offsetof(struct tmg_ref, next),
	    AT(tmg_ref, next) | AT(tmg_ref, key) | AT(tmg_ref, cls) | AT(tmg_ref, role), 3,
	    { offsetof(struct tmg_ref, key), offsetof(struct tmg_ref, cls), offsetof(struct tmg_ref, role) } },
	[SHARE_PATHS] = { sizeof(struct tmg_path_mapping), offsetof(struct tmg_path_mapping, next),
	    AT(tmg_path_mapping, next) | AT(tmg_path_mapping, external) | AT(tmg_path_mapping, internal), 2,
	    { offsetof(struct tmg_path_mapping, external), offsetof(struct tmg_path_mapping, internal) } },
	[SHARE_CANDIDATES] = { sizeof(struct tmg_candidate), offsetof(struct tmg_candidate, next),
	    AT(tmg_candidate, next) | AT(tmg_candidate, element) | AT(tmg_candidate, value), 2,
	    { offsetof(struct tmg_candidate, element), offsetof(struct tmg_candidate, value) } },
	[SHARE_SELECTION] = { sizeof(struct tmg_selection), NO_NEXT, 0, 0, { 0 } },
	[SHARE_WEB] = { sizeof(struct tmg_web), NO_NEXT, 0, 0, { 0 } },
	[SHARE_TERMS] = { sizeof(struct tmg_terms), NO_NEXT, 0, 0, { 0 } },
};

/* Large enough for each kind. */
union any {
	struct tmg_ref ref;
	struct tmg_path_mapping path;
	struct tmg_candidate candidate;
	struct tmg_selection selection;
	struct tmg_web web;
	struct tmg_terms terms;
};

struct share_slot {
	void *rec; /* NULL: free */
	uint32_t hash;
	uint32_t kind; /* enum share_kind */
};

void
share_init(struct share *s, struct budget *b)
{
	memset(s, 0, sizeof(*s));
	s->budget = b;
	sb_init(&s->bytes, b);
	hash_seed(s->key);
}

void
share_clear(struct share *s)
{
	budget_free(s->budget, s->slots, s->cap * sizeof(*s->slots));
	s->slots = NULL;
	s->cap = s->count = 0;
	memset(s->last, 0, sizeof(s->last));
	memset(s->recent, 0, sizeof(s->recent));
}

void
share_free(struct share *s)
{
	share_clear(s);
	sb_free(&s->bytes);
}

static const char *
text_at(const void *rec, size_t off)
{
	return *(const char *const *)(const void *)((const char *)rec + off);
}

static void *
next_of(const struct shape *sh, const void *rec)
{
	return sh->next != NO_NEXT ? *(void *const *)(const void *)((const char *)rec + sh->next) : NULL;
}

/* The record without its text and without what follows. */
static const void *
bare(const struct shape *sh, const void *rec, union any *room)
{
	const char *const none = NULL;

	if (sh->next == NO_NEXT)
		return rec;
	memcpy(room, rec, sh->size);
	memcpy((char *)room + sh->next, &none, sizeof(none));
	for (size_t i = 0; i < sh->texts; i++)
		memcpy((char *)room + sh->text[i], &none, sizeof(none));
	return room;
}

static bool
same_list(const struct shape *sh, const void *a, const void *b)
{
	uint32_t apart = sh->apart;
	uint64_t wa, wb;

	for (; a != NULL && b != NULL; a = next_of(sh, a), b = next_of(sh, b)) {
		for (size_t i = 0; i < sh->size / WORD; i++) {
			memcpy(&wa, (const char *)a + i * WORD, WORD);
			memcpy(&wb, (const char *)b + i * WORD, WORD);
			if (wa != wb && (apart >> i & 1) == 0)
				return false;
		}
		for (size_t i = 0; i < sh->texts; i++) {
			const char *ta = text_at(a, sh->text[i]), *tb = text_at(b, sh->text[i]);

			if (ta != tb && (ta == NULL || tb == NULL || strcmp(ta, tb) != 0))
				return false;
		}
	}
	return a == NULL && b == NULL;
}

static bool
same(const struct shape *sh, const void *a, const void *b)
{
	return sh->next == NO_NEXT ? memcmp(a, b, sh->size) == 0 : same_list(sh, a, b);
}

/* Adds a word to a poor hash. */
static uint64_t
stir(uint64_t h, uint64_t word)
{
	h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

/* Where a record would stand among the recent ones. A poor hash will do: of two records in one
 * place the second is looked up as if there were no such place. */
static struct share_recent *
recent_place(struct share *s, enum share_kind kind, const void *rec)
{
	const struct shape *sh = &shapes[kind];
	uint64_t h = kind, w;

	for (; rec != NULL; rec = next_of(sh, rec)) {
		for (size_t i = 0; i < sh->size / WORD; i++) {
			memcpy(&w, (const char *)rec + i * WORD, WORD);
			if ((sh->apart >> i & 1) == 0)
				h = stir(h, w);
		}
		for (size_t i = 0; i < sh->texts; i++) {
			const char *text = text_at(rec, sh->text[i]);

			if (text != NULL)
				h = stir(h, poor_hash(text, strlen(text)));
		}
	}
	return &s->recent[h >> 40 & (SHARE_RECENT - 1)];
}

static uint32_t
hash_of(struct share *s, enum share_kind kind, const void *rec)
{
	const struct shape *sh = &shapes[kind];
	struct strbuf *b = &s->bytes;
	union any room;

	sb_clear(b);
	sb_putc(b, (char)kind);
	for (; rec != NULL; rec = next_of(sh, rec)) {
		sb_putn(b, bare(sh, rec, &room), sh->size);
		for (size_t i = 0; i < sh->texts; i++) {
			const char *text = text_at(rec, sh->text[i]);

			if (text != NULL)
				sb_putn(b, text, strlen(text) + 1);
		}
	}
	return (uint32_t)hash_bytes(s->key, b->s, b->len);
}

static void *
list_copy(struct reader *r, const struct shape *sh, const void *rec)
{
	void *first = NULL;
	char *tail = NULL;

	for (; rec != NULL; rec = next_of(sh, rec)) {
		char *copy = reader_alloc(r, sh->size);

		if (copy == NULL)
			return NULL;
		memcpy(copy, rec, sh->size);
		for (size_t i = 0; i < sh->texts; i++) {
			const char *text = text_at(rec, sh->text[i]);

			if (text != NULL)
				text = reader_text(r, text, strlen(text));
			memcpy(copy + sh->text[i], &text, sizeof(text));
		}
		if (tail == NULL)
			first = copy;
		else
			memcpy(tail + sh->next, &copy, sizeof(copy));
		tail = copy;
	}
	return first;
}

static bool
grow(struct share *s)
{
	size_t cap = s->cap == 0 ? CAP_MIN : s->cap * 2;
	struct share_slot *slots;

	/* The stored hashes serve for so many slots only. */
	if (cap > SIZE_MAX / sizeof(*slots) || cap - 1 > UINT32_MAX)
		return false;
	if ((slots = budget_realloc(s->budget, NULL, 0, cap * sizeof(*slots))) == NULL)
		return false;
	memset(slots, 0, cap * sizeof(*slots));
	for (size_t i = 0; i < s->cap; i++) {
		size_t at = s->slots[i].hash & (cap - 1);

		if (s->slots[i].rec == NULL)
			continue;
		while (slots[at].rec != NULL)
			at = (at + 1) & (cap - 1);
		slots[at] = s->slots[i];
	}
	budget_free(s->budget, s->slots, s->cap * sizeof(*s->slots));
	s->slots = slots;
	s->cap = cap;
	return true;
}

void *
share_hashed(struct reader *r, struct share *s, enum share_kind kind, void *rec, uint32_t hash)
{
	const struct shape *sh = &shapes[kind];
	struct share_slot *at;
	size_t i;

	/* A quarter stays free: each search ends. */
	if (s->count >= s->cap / 4 * 3 && !grow(s)) {
		reader_oom(r);
		return NULL;
	}
	for (i = hash & (s->cap - 1); s->slots[i].rec != NULL; i = (i + 1) & (s->cap - 1)) {
		at = &s->slots[i];
		if (at->hash == hash && at->kind == kind && same(sh, at->rec, rec))
			return s->last[kind] = at->rec;
	}
	at = &s->slots[i];
	if ((rec = list_copy(r, sh, rec)) == NULL)
		return NULL;
	*at = (struct share_slot){ .rec = rec, .hash = hash, .kind = kind };
	s->count++;
	return s->last[kind] = rec;
}

void *
share_record(struct reader *r, struct share *s, enum share_kind kind, void *rec)
{
	uint32_t hash;
	struct share_recent *recent;

	if (rec == NULL)
		return NULL;
	if (s->last[kind] != NULL && same(&shapes[kind], s->last[kind], rec))
		return s->last[kind];
	recent = recent_place(s, kind, rec);
	if (recent->rec != NULL && recent->kind == kind && same(&shapes[kind], recent->rec, rec))
		return s->last[kind] = recent->rec;
	hash = hash_of(s, kind, rec);
	if (s->bytes.failed) {
		reader_oom(r);
		return NULL;
	}
	*recent = (struct share_recent){ .rec = share_hashed(r, s, kind, rec, hash), .kind = kind };
	return recent->rec;
}

static void
share_web(struct reader *r, struct tmg_rule *rule)
{
	struct tmg_web *w = rule->web;

	w->candidates = share_record(r, &r->share, SHARE_CANDIDATES, w->candidates);
	w->paths = share_record(r, &r->share, SHARE_PATHS, w->paths);
	w->refs = share_record(r, &r->share, SHARE_WEB_REFS, w->refs);
	w->farm = share_record(r, &r->share, SHARE_REFS, w->farm);
	/* What the rule decides: only ISA Server 2004 writes DelegateBasicCredentials. */
	w->deny = rule->deny;
	if ((rule->stated & TMG_S_DELEGATION) == 0 && (rule->stated & TMG_S_BASIC_DELEGATION) != 0)
		w->delegation = w->basic_delegation ? 3 : 1;
	rule->web = share_record(r, &r->share, SHARE_WEB, w);
}

void
share_rule(struct reader *r, struct tmg_rule *rule)
{
	struct tmg_terms *terms = rule->terms;
	struct tmg_selection *from = terms->sources;

	if (r->shared_in != r->array)
		share_clear(&r->share);
	r->shared_in = r->array;
	terms->refs = share_record(r, &r->share, SHARE_REFS, terms->refs);
	if (from != NULL) {
		from->refs = share_record(r, &r->share, SHARE_REFS, from->refs);
		terms->sources = share_record(r, &r->share, SHARE_SELECTION, from);
	}
	rule->terms = share_record(r, &r->share, SHARE_TERMS, terms);
	if (rule->web != NULL)
		share_web(r, rule);
	arena_clear(&r->brief);
}
