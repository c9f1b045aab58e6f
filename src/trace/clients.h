/*
 * Which clients a rule's sources admit: sets of sets, networks, External, told
 * in three values, because a part of a set may not be known. Knows rules only
 * by their selection.
 */
#ifndef TRACE_CLIENTS_H
#define TRACE_CLIENTS_H

#include "base/arena.h"
#include "base/hmap.h"
#include "tmgport.h"

struct client_node;

struct clients {
	struct arena *mem;
	struct hmap nodes; /* by the address of the object they stand for */
	struct client_node *anywhere, *unknown;
	/* the client in question */
	uint8_t address[16];
	bool outside;   /* no address: somebody of no known network */
	uint64_t stamp; /* answers with another stamp are of another client */
};

/* The sources of one rule, ready to be asked. */
struct client_set {
	struct client_node **in, **out;
	size_t in_count, out_count;
	bool unknown; /* a part of it is not known, or nothing is in it: closed */
};

bool clients_init(struct clients *c, struct arena *mem, struct budget *budget);
void clients_free(struct clients *c);
/* false: no memory. */
bool clients_compile(
    struct clients *c, const struct tmg_selection *s, const struct tmg_input *in, struct client_set *set);
/* The client that is asked about from now on; NULL: outside. */
void clients_ask(struct clients *c, const uint8_t *address);
bool clients_match(struct clients *c, const struct client_set *set);

#endif
