/*
 * A second opinion on what a listener does with a request: the rules of the
 * model walked one by one, and a look-up in the plan, both with the same kind
 * of answer. Must not know how the plan is made.
 */
#ifndef UNIT_WALK_H
#define UNIT_WALK_H

#include "plan/plan.h"

struct request {
	const struct tmg_listener *listener;
	const char *host; /* lower case, no port; NULL when there is none */
	const char *path; /* without dot segments, escapes or runs of slashes */
	bool tls;
};

enum answer_kind { ANSWER_DENY, ANSWER_REDIRECT, ANSWER_HTTPS, ANSWER_FORWARD };

struct answer {
	enum answer_kind kind;
	const struct tmg_rule *rule;          /* that matched, or NULL */
	const char *location;                 /* REDIRECT */
	const char *server, *tls_name, *host; /* FORWARD; lower case */
	int port;                             /* FORWARD: of the server; HTTPS: of the redirect */
	bool tls, credentials;
	char path[300]; /* FORWARD: as sent */
};

/* Rules opened by --pass-through are asked for by name. */
struct opened {
	const char *const *names;
	size_t count;
};

void walk(const struct tmg_input *in, const struct opened *o, const struct request *q, struct answer *a);
/* False when the plan has no such endpoint. */
bool look_up(const struct plan *p, const struct request *q, struct answer *a);
const struct plan_endpoint *endpoint_find(const struct plan *p, const struct tmg_listener *l, bool tls);

/* Random exports, each request asked of both (test_differ.c). */
void test_differential(void);

#endif
