/*
 * Which listener takes a connection: addresses and ports, section 2 of the
 * contract. Knows of rules only which hosts they name.
 */
#include "trace/match.h"
#include "trace/trace.h"

#define PORT_TEXT 5 /* digits of 65535 */

static bool
owns_address(const struct trace_listener *l, const uint8_t a[16])
{
	size_t i;

	for (i = 0; i < l->address_count; i++)
		if (memcmp(l->addresses[i], a, 16) == 0)
			return true;
	return l->any;
}

static bool
owns_port(const struct trace_listener *l, int port, bool tls)
{
	return port != 0 && port == (tls ? l->https : l->http);
}

/* "192.0.2.1", "192.0.2.1:8080", "[2001:db8::1]:443", "2001:db8::1"; no port: 0. */
static bool
read_on(const char *on, uint8_t address[16], int *port)
{
	const char *colon = strrchr(on, ':'), *bracket = strchr(on, ']');
	size_t n = strlen(on);

	*port = 0;
	if (match_address(on, n, address))
		return true;
	if (colon == NULL || (bracket != NULL && colon != bracket + 1) || (bracket == NULL && strchr(on, ':') != colon))
		return false;
	if (!match_address(on, (size_t)(colon - on), address))
		return false;
	n = strlen(++colon);
	if (n == 0 || n > PORT_TEXT || strspn(colon, "0123456789") != n)
		return false;
	while (*colon != '\0')
		*port = *port * 10 + (*colon++ - '0');
	return *port >= 1 && *port <= 65535;
}

/* --on states the address: exactly one listener must own it. */
static const struct trace_listener *
stated(struct tmg_tracer *tr, const struct trace_request *rq, const char *on)
{
	const struct trace_listener *found = NULL, *l;
	uint8_t address[16];
	bool other = false;
	int port;
	size_t i;

	if (!read_on(on, address, &port)) {
		sb_fmt(&tr->why, "`%s` is no address and no address:port", on);
		return NULL;
	}
	if (port == 0)
		port = rq->port;
	for (i = 0; i < tr->listener_count; i++) {
		l = &tr->listeners[i];
		if (!owns_address(l, address))
			continue;
		if (!owns_port(l, port, rq->tls)) {
			other = other || owns_port(l, port, !rq->tls);
			continue;
		}
		if (found != NULL) {
			sb_fmt(&tr->why,
			    "listeners \"%s\" and \"%s\" both want port %d of that address; "
			    "give one of them its own with --bind \"LISTENER=ADDRESS\"",
			    found->listener->o.name, l->listener->o.name, port);
			return NULL;
		}
		found = l;
	}
	match_address_text(address, &tr->on);
	sb_fmt(&tr->on, ":%d", port);
	if (found == NULL && other)
		sb_fmt(&tr->why, "port %d of %s is %s, and the URL is not", port, tr->on.s, rq->tls ? "plain" : "TLS");
	else if (found == NULL)
		sb_fmt(&tr->why, "no listener owns %s", tr->on.s);
	return found;
}

static bool
names_host(const struct tmg_tracer *tr, const struct tmg_listener *l, bool has_host)
{
	size_t i;

	for (i = 0; i < tr->rule_count; i++)
		if (tr->rules[i].off == NULL && tr->rules[i].listener == l &&
		    trace_host_matches(tr, &tr->rules[i], has_host))
			return true;
	return false;
}

/* By scheme and port alone: the first that owns the port, unless exactly one
 * of several has a rule for the host. */
static const struct trace_listener *
guessed(struct tmg_tracer *tr, const struct trace_request *rq, const struct trace_listener **beside)
{
	const struct trace_listener *first = NULL, *named = NULL, *l;
	size_t owners = 0, named_count = 0, i;

	for (i = 0; i < tr->listener_count; i++) {
		l = &tr->listeners[i];
		if (!owns_port(l, rq->port, rq->tls) || (!l->any && l->address_count == 0))
			continue;
		*beside = owners == 1 ? l : *beside;
		first = owners++ == 0 ? l : first;
	}
	if (owners > 1) {
		for (i = 0; i < tr->listener_count; i++) {
			l = &tr->listeners[i];
			if (owns_port(l, rq->port, rq->tls) && (l->any || l->address_count > 0) &&
			    names_host(tr, l->listener, rq->has_host)) {
				named = l;
				named_count++;
			}
		}
	}
	if (named_count == 1) {
		*beside = NULL; /* the host tells them apart */
		first = named;
	}
	if (first == NULL) {
		sb_fmt(&tr->why, "no listener owns a %s port %d", rq->tls ? "TLS" : "plain", rq->port);
		return NULL;
	}
	if (first->address_count > 0)
		match_address_text(first->addresses[0], &tr->on);
	else
		sb_putc(&tr->on, '*');
	sb_fmt(&tr->on, ":%d", rq->port);
	return first;
}

const struct trace_listener *
trace_endpoint(
    struct tmg_tracer *tr, const struct trace_request *rq, const char *on, const struct trace_listener **beside)
{
	*beside = NULL;
	return on != NULL ? stated(tr, rq, on) : guessed(tr, rq, beside);
}
