/*
 * What requests in IIS logs add up to: flows, sign-ins, cut connections. One
 * tally collects a file, and only when all of it was read is it added to the
 * site's. Knows nothing of lines and columns, and no check.
 */
#ifndef IMPORT_LOGTALLY_H
#define IMPORT_LOGTALLY_H

#include "import/site.h"

#define LOG_AGENT_MAX 200u     /* user agents are told apart by so many bytes */
#define LOG_MAX_SERVERS 1024u  /* servers and ports whose further clients are counted together */
#define LOG_MAX_PAGES 16384u   /* of durations, see struct tally_cuts */
#define LOG_CHALLENGES_NEVER 3 /* a client that was asked so often and never got in */
#define LOG_CUT_FROM 20u       /* seconds: what ends sooner tells of no time-out */
#define LOG_CUT_TO 1024u       /* the first second that is no longer counted */
#define LOG_CUT_NEAR 2u        /* seconds around a time-out */
#define LOG_CUT_LEAST 3u       /* requests that make a time-out */
#define LOG_CUT_SHARE 4u       /* and the part of all long ones: a quarter */

/* One request, as far as it counts here. */
struct log_request {
	uint8_t server[16], client[16];
	bool has_client; /* the address is logged */
	uint16_t port;   /* 0: not logged */
	enum log_part part;
	bool cert;   /* POST /WebTicket/.../cert */
	bool ticket; /* POST /WebTicket/WebTicketService.svc: where Windows sign-in takes place */
	bool user;   /* a user is named, or users are not logged */
	const char *agent;
	size_t agent_len;
	uint32_t status, substatus, win32, taken; /* 0: not logged */
};

struct tally_flow;
struct tally_client;

struct tally {
	struct arena *mem;
	struct hmap *flows, *clients;
	uint64_t *pages; /* of durations in use */
	struct tally_flow *first, **last;
	struct tally_client *first_client, **last_client;
	struct tally_flow *recent; /* of the last request: most lines of a log are of one client */
	bool bounded;              /* sticks: a bound was reached, something was counted together */
};

void tally_init(struct tally *t, struct arena *mem, struct hmap *flows, struct hmap *clients, uint64_t *pages);
/* Counts one request. false: no memory. */
bool tally_request(struct tally *t, const struct log_request *q);
/* Makes everything in the site that tally_commit will need; false: no memory, and the
 * site's numbers are as they were. Sets t->bounded when the site's bounds are reached. */
bool tally_prepare(struct tally *t, struct site *s);
/* Adds to the site; cannot fail. */
void tally_commit(struct tally *t, struct site *s);

#endif
