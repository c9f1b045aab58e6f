/*
 * Logs made by tests, and what tests ask of a site. Must not know what is
 * tested with them.
 */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include "model/site.h"

#define LOGS "fixtures/iislog/"
#define TICKET "/WebTicket/WebTicketService.svc"

/* The flow of these, NULL when there is none. */
const struct log_flow *flow(const struct site *s, const char *server, int port, const char *client);
/* How many there are; asserts that each adds up. */
size_t flow_count(const struct site *s);
/* That of the article's Director, as it stands there. */
void check_director(const struct site *s);
/* The detail of the only message of this kind, "" when it has none; NULL: no or several such. */
const char *said(const struct site *s, enum diag_id id);

struct made {
	char path[40];
	struct strbuf text;
};

void made_init(struct made *m);
void made_free(struct made *m);
enum tmg_status made_read_bytes(struct made *m, struct site *s, const void *data, size_t n);
/* Reads the text and empties it. */
enum tmg_status made_read(struct made *m, struct site *s);
/* Appends a POST request to the sign-in, with a user when it is answered 200. */
void ticket(struct made *m, const char *client, const char *agent, int status, int substatus, uint32_t win32);
/* Appends a request whose connection was gone after so many milliseconds. */
void cut(struct made *m, const char *client, uint32_t taken);

#endif
