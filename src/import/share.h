/*
 * What rules of an array say alike, kept once: reference lists, selections,
 * path mappings, candidates, web publishing properties. A rule is read into
 * memory of its own; when it ends, each of its parts gives way to the equal
 * one that is there, or is copied to where records stay. Must not know what
 * the parts mean.
 */
#ifndef IMPORT_SHARE_H
#define IMPORT_SHARE_H

#include "base/strbuf.h"
#include "tmgport.h"

/* Direct references of web publishing properties are a kind of their own: resolving takes their lists apart. */
enum share_kind {
	SHARE_REFS,
	SHARE_WEB_REFS,
	SHARE_PATHS,
	SHARE_CANDIDATES,
	SHARE_SELECTION,
	SHARE_WEB,
	SHARE_TERMS,
	SHARE_KINDS
};

struct reader;
struct share_slot;

#define SHARE_RECENT 2048 /* records; a power of two */

struct share {
	struct share_slot *slots; /* open addressing; the hash is keyed with a secret, as that of base/hmap */
	size_t cap, count;
	uint64_t key[2];
	struct budget *budget;
	struct strbuf bytes;     /* of the record that is hashed */
	void *last[SHARE_KINDS]; /* what the rule before had: often this one has it, too */
	struct share_recent {
		void *rec;
		uint32_t kind;  /* enum share_kind */
	} recent[SHARE_RECENT]; /* what the rules before it had, by a poor hash */
};

void share_init(struct share *s, struct budget *b);
/* Forgets all records: those of another array are coming. */
void share_clear(struct share *s);
void share_free(struct share *s);

/* The record, or list of records, that equals `rec`, which must not have been resolved; copied into the
 * reader's memory when it is the first of its kind. What it points to beside text must be shared already.
 * NULL for NULL, and when there is no memory: then the reader was stopped. */
void *share_record(struct reader *r, struct share *s, enum share_kind kind, void *rec);
/* The same when its hash is known: two that differ may have one. */
void *share_hashed(struct reader *r, struct share *s, enum share_kind kind, void *rec, uint32_t hash);

/* All parts of a rule that was read to its end. */
void share_rule(struct reader *r, struct tmg_rule *rule);

#endif
