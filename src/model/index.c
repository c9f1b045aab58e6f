/*
 * Finds objects by GUID, or by class and name: chains by a keyed hash of the
 * text. Must not know what a reference is for.
 */
#include "model/index.h"

#include "base/hmap.h"
#include "model/guid.h"

struct index_entry {
	struct tmg_obj *obj;
	struct index_entry *next;
	uint32_t hash;
	bool named; /* it stands here by its name */
};

/* Piece by piece, each with the hash of what went before: text of any length, and none is copied. */
static uint64_t
hash_text(const uint64_t key[2], uint64_t before, const char *s, bool fold)
{
	char piece[64];
	uint64_t h = before;

	do {
		size_t n = sizeof(h);

		memcpy(piece, &h, sizeof(h));
		for (; n < sizeof(piece) && *s != '\0'; s++)
			piece[n++] = fold ? ascii_lower(*s) : *s;
		h = hash_bytes(key, piece, n);
	} while (*s != '\0');
	return h;
}

/* What references call an object by: bytes when it is a GUID, in whatever case, else text. */
struct guid_key {
	uint8_t bytes[16];
	const char *text; /* NULL: the bytes */
};

static struct guid_key
key_of_text(const char *s)
{
	struct guid_key k = { .text = s };

	if (guid_bytes(s, strlen(s), k.bytes) != GUID_NOT)
		k.text = NULL;
	return k;
}

static struct guid_key
key_of(const struct tmg_obj *o)
{
	struct guid_key k = { .text = NULL };

	if (!o->guid_bytes)
		return key_of_text(o->guid.text != NULL ? o->guid.text : "");
	memcpy(k.bytes, o->guid.bytes, sizeof(k.bytes));
	return k;
}

static bool
same_guid(const struct guid_key *a, const struct guid_key *b)
{
	if (a->text != NULL && b->text != NULL)
		return ascii_casecmp(a->text, b->text) == 0;
	return a->text == NULL && b->text == NULL && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static uint32_t
hash_guid(const struct index *ix, const struct guid_key *k)
{
	return (uint32_t)(k->text != NULL ? hash_text(ix->key, 0, k->text, true)
					  : hash_bytes(ix->key, k->bytes, sizeof(k->bytes)));
}

/* Classes compare without regard to case, names as they are. */
static uint32_t
hash_name(const struct index *ix, const char *cls, const char *name)
{
	return (uint32_t)hash_text(ix->key, hash_text(ix->key, 1, cls, true), name, false);
}

static struct index_entry **
head_of(const struct index *ix, uint32_t hash)
{
	return &ix->heads[hash & (ix->count - 1)];
}

static bool
add(struct arena *mem, struct index *ix, struct tmg_obj *o, bool named)
{
	struct index_entry *e = arena_alloc(mem, sizeof(*e)), **head;
	struct guid_key key = key_of(o);

	if (e == NULL)
		return false;
	e->obj = o;
	e->named = named;
	e->hash = named ? hash_name(ix, tmg_class_name(o), o->name) : hash_guid(ix, &key);
	head = head_of(ix, e->hash);
	e->next = *head;
	*head = e;
	return true;
}

struct index *
index_make(struct arena *mem, const uint64_t key[2], const struct tmg_array *a)
{
	struct index *ix = arena_alloc(mem, sizeof(*ix));
	size_t n = 1, max = 0;

	if (ix == NULL)
		return NULL;
	ix->array = a;
	memcpy(ix->key, key, sizeof(ix->key));
	for (size_t k = 0; k < TMG_K_COUNT; k++)
		for (const struct tmg_obj *o = a->first[k]; o != NULL; o = o->next)
			max += 2;
	while (n < max && n <= UINT32_MAX / 2)
		n *= 2;
	ix->count = n;
	if ((ix->heads = arena_array(mem, n, sizeof(struct index_entry *))) == NULL)
		return NULL;
	for (size_t k = 0; k < TMG_K_COUNT; k++) {
		for (struct tmg_obj *o = a->first[k]; o != NULL; o = o->next) {
			bool stored = o->guid_bytes || (o->guid.text != NULL && o->guid.text[0] != '\0');

			if (stored && !add(mem, ix, o, false))
				return NULL;
			if (o->named && !add(mem, ix, o, true))
				return NULL;
		}
	}
	return ix;
}

void
index_find(const struct index *ix, const struct tmg_ref *ref, struct hits *h)
{
	struct guid_key key = key_of_text(ref->key), other;
	uint32_t hash = hash_guid(ix, &key);
	bool any = false;

	for (const struct index_entry *e = *head_of(ix, hash); e != NULL; e = e->next) {
		if (e->hash != hash || e->named)
			continue;
		other = key_of(e->obj);
		if (!same_guid(&key, &other))
			continue;
		any = true;
		if (ref->cls != NULL && ascii_casecmp(ref->cls, tmg_class_name(e->obj)) != 0)
			continue;
		h->obj = e->obj;
		h->count++;
	}
	if (any || ref->cls == NULL || ref->key[0] == '{')
		return;
	/* A file made by hand may name the target instead. */
	hash = hash_name(ix, ref->cls, ref->key);
	for (const struct index_entry *e = *head_of(ix, hash); e != NULL; e = e->next) {
		if (e->hash != hash || !e->named || ascii_casecmp(tmg_class_name(e->obj), ref->cls) != 0 ||
		    strcmp(e->obj->name, ref->key) != 0)
			continue;
		h->obj = e->obj;
		h->count++;
	}
}
