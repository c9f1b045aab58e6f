/*
 * A request against the rules: takes the URL apart, finds the listener, walks
 * the rules until one matches, and says what that rule does. Allocates only
 * where a request is longer than any before it.
 */
#include "trace/trace.h"

#include "trace/match.h"

/* ---- the job ------------------------------------------------------------------ */

static struct strbuf *const *
buffers(struct tmg_tracer *tr, struct strbuf *list[11])
{
	list[0] = &tr->host;
	list[1] = &tr->path;
	list[2] = &tr->target;
	list[3] = &tr->sent_host;
	list[4] = &tr->sent_path;
	list[5] = &tr->location;
	list[6] = &tr->on;
	list[7] = &tr->from;
	list[8] = &tr->why;
	list[9] = &tr->decoded;
	list[10] = NULL;
	return list;
}

static bool
buffers_failed(struct tmg_tracer *tr)
{
	struct strbuf *list[11], *const *b;

	for (b = buffers(tr, list); *b != NULL; b++)
		if ((*b)->failed)
			return true;
	return tr->clients.nodes.failed;
}

void
tracer_free(struct tmg_tracer *tr)
{
	struct strbuf *list[11], *const *b;
	struct budget *budget;

	if (tr == NULL)
		return;
	for (b = buffers(tr, list); *b != NULL; b++)
		sb_free(*b);
	clients_free(&tr->clients);
	arena_free(&tr->mem);
	budget = &tr->t->budget;
	budget_free(budget, tr, sizeof(*tr));
}

static const char *
bad_option(const struct tmg_trace_options *opt)
{
	uint8_t a[16];
	size_t i;

	for (i = 0; i < opt->bind_count; i++)
		if (!match_address(opt->binds[i].value, strlen(opt->binds[i].value), a))
			return opt->binds[i].value;
	return NULL;
}

enum tmg_status
tracer_new(struct tmg *t, const struct tmg_trace_options *opt, struct tmg_tracer **out)
{
	static const struct tmg_trace_options none;
	struct strbuf *list[11], *const *b;
	struct tmg_tracer *tr;

	*out = NULL;
	if (opt == NULL)
		opt = &none;
	if (bad_option(opt) != NULL)
		return TMG_EUSAGE;
	tr = budget_realloc(&t->budget, NULL, 0, sizeof(*tr));
	if (tr == NULL)
		return TMG_ENOMEM;
	memset(tr, 0, sizeof(*tr));
	tr->t = t;
	arena_init(&tr->mem, &t->budget);
	for (b = buffers(tr, list); *b != NULL; b++)
		sb_init(*b, &t->budget);
	if (!clients_init(&tr->clients, &tr->mem, &t->budget) || !prepare_listeners(tr, opt) ||
	    !prepare_rules(tr, opt) || buffers_failed(tr) || t->diags.failed) {
		tracer_free(tr);
		return TMG_ENOMEM;
	}
	*out = tr;
	return TMG_OK;
}

/* ---- the request ----------------------------------------------------------------- */

static bool
refuse(struct tmg_tracer *tr, const char *what)
{
	sb_clear(&tr->why);
	sb_puts(&tr->why, what);
	return false;
}

/* host, host:port, [v6]:port; nothing at all: a request without Host. */
static bool
read_authority(struct tmg_tracer *tr, struct trace_request *rq, const char *s, size_t n)
{
	const char *digits = memchr(s, ']', n);
	size_t host = n, i;
	int port = 0;

	for (i = digits != NULL ? (size_t)(digits - s) : 0; i < n; i++)
		if (s[i] == ':')
			break;
	if (i < n) {
		host = i++;
		if (n - i > 5)
			return refuse(tr, "the URL's port is none");
		for (; i < n; i++) {
			if (s[i] < '0' || s[i] > '9')
				return refuse(tr, "the URL's port is none");
			port = port * 10 + (s[i] - '0');
		}
		if (port > 65535 || (port == 0 && n - host > 1))
			return refuse(tr, "the URL's port is none");
	}
	rq->port = port != 0 ? port : rq->tls ? 443 : 80;
	rq->has_host = host > 0;
	if (rq->has_host && match_host(s, host, &tr->host) == HOST_BAD)
		return refuse(tr,
		    memchr(s, '@', n) != NULL ? "the URL holds a user name, which no request carries"
					      : "the URL's host is neither a name nor an address");
	return true;
}

static bool
read_url(struct tmg_tracer *tr, struct trace_request *rq, const char *url)
{
	const char *s = url;
	size_t n, i;

	sb_clear(&tr->host);
	sb_clear(&tr->target);
	sb_clear(&tr->path);
	if (ascii_ncasecmp(s, "http://", 7) == 0) {
		s += 7;
		rq->tls = false;
	} else if (ascii_ncasecmp(s, "https://", 8) == 0) {
		s += 8;
		rq->tls = true;
	} else {
		return refuse(tr, "the URL begins with neither http:// nor https://");
	}
	for (i = 0; url[i] != '\0'; i++)
		if ((uint8_t)url[i] <= 0x20 || url[i] == 0x7f)
			return refuse(tr, "the URL holds a blank or a control character");
	n = strcspn(s, "/?#");
	if (!read_authority(tr, rq, s, n))
		return false;
	s += n;
	if (*s != '/')
		sb_putc(&tr->target, '/');
	sb_putn(&tr->target, s, strcspn(s, "#"));
	rq->path_len = strcspn(tr->target.s, "?");
	match_path(tr->target.s, rq->path_len, &tr->path);
	return true;
}

static bool
read_client(struct tmg_tracer *tr, const char *from)
{
	uint8_t a[16];

	sb_clear(&tr->from);
	if (from == NULL) {
		clients_ask(&tr->clients, NULL);
		return true;
	}
	if (!match_address(from, strlen(from), a)) {
		sb_clear(&tr->why);
		sb_fmt(&tr->why, "the client `%s` is no IP address", from);
		return false;
	}
	match_address_text(a, &tr->from);
	clients_ask(&tr->clients, a);
	return true;
}

/* ---- one rule ------------------------------------------------------------------------ */

bool
trace_host_matches(const struct tmg_tracer *tr, const struct trace_rule *r, bool has_host)
{
	const struct trace_name *name;
	size_t i;

	if (r->all_names)
		return true;
	for (i = 0; has_host && i < r->name_count; i++) {
		name = &r->names[i];
		if (name->below ? match_below(tr->host.s, tr->host.len, name->s, name->len)
				: tr->host.len == name->len && memcmp(tr->host.s, name->s, name->len) == 0)
			return true;
	}
	return false;
}

/* The path of the rule that the request is inside: an exact one, else the
 * longest; the first of equals. */
static const struct trace_path *
find_path(const struct tmg_tracer *tr, const struct trace_rule *r)
{
	const struct trace_path *best = NULL, *p;
	size_t i;

	for (i = 0; i < r->path_count; i++) {
		p = &r->paths[i];
		if (!match_inside(tr->path.s, tr->path.len, p->published, p->len, p->prefix))
			continue;
		if (!p->prefix)
			return p;
		if (best == NULL || p->len > best->len)
			best = p;
	}
	return best;
}

/* The first condition that fails, in the order of the contract. */
static enum tmg_failed
try_rule(struct tmg_tracer *tr, const struct trace_rule *r, const struct tmg_listener *l,
    const struct trace_request *rq, const struct tmg_request *q, const struct trace_path **path)
{
	if (r->off != NULL)
		return TMG_F_DISABLED;
	if (r->listener == NULL || r->listener != l)
		return TMG_F_LISTENER;
	if (!clients_match(&tr->clients, &r->clients))
		return TMG_F_SOURCE;
	if (!trace_host_matches(tr, r, rq->has_host))
		return TMG_F_HOST;
	*path = find_path(tr, r);
	if (*path == NULL && !r->all_paths)
		return TMG_F_PATH;
	if (r->hours != NULL && !match_hour(r->hours, q->weekday, q->hour))
		return TMG_F_SCHEDULE;
	return TMG_F_MATCHED;
}

/* ---- what is answered ------------------------------------------------------------------ */

static void
deny(struct tmg_verdict *v, int status, const char *why)
{
	v->decision = TMG_DENY;
	v->status = status;
	v->why = why;
}

static void
redirect(struct tmg_verdict *v, const char *location, const char *why)
{
	v->decision = TMG_REDIRECT;
	v->status = 302;
	v->location = location;
	v->why = why;
}

/* From the plain port to the listener's TLS port, same host, path and query. */
static void
to_https(struct tmg_tracer *tr, struct tmg_verdict *v, const struct trace_listener *l, const struct trace_request *rq,
    const char *why)
{
	if (l->https == 0) {
		deny(v, 403, "the listener redirects to HTTPS and has no HTTPS port");
	} else if (!rq->has_host) {
		deny(v, 400, "a redirect to HTTPS needs a host, and the request has none");
	} else {
		sb_clear(&tr->location);
		sb_fmt(&tr->location, "https://%s", tr->host.s);
		if (l->https != 443)
			sb_fmt(&tr->location, ":%d", l->https);
		sb_putn(&tr->location, tr->target.s, tr->target.len);
		redirect(v, tr->location.s, why);
	}
}

/* The published prefix becomes the internal one; what is behind it, and the
 * query, go on byte for byte. */
static void
map_path(struct tmg_tracer *tr, const struct trace_request *rq, const struct trace_path *p)
{
	size_t end;

	sb_clear(&tr->sent_path);
	if (p == NULL || p->internal == NULL) {
		sb_putn(&tr->sent_path, tr->target.s, tr->target.len);
		return;
	}
	end = p->prefix ? match_path_end(tr->target.s, rq->path_len, p->len) : rq->path_len;
	sb_puts(&tr->sent_path, p->internal);
	if (tr->sent_path.len == 0 && tr->target.s[end] != '/')
		sb_putc(&tr->sent_path, '/');
	sb_putn(&tr->sent_path, tr->target.s + end, tr->target.len - end);
}

static void
forward(struct tmg_tracer *tr, struct tmg_verdict *v, const struct trace_rule *r, const struct trace_request *rq,
    const struct trace_path *path)
{
	const struct tmg_web *w = r->rule->web;

	v->decision = TMG_FORWARD;
	v->tls = w->server_type == 1 || (w->server_type == 2 && rq->tls);
	v->port = v->tls ? w->https_port : w->http_port;
	v->servers = r->servers;
	v->server_count = r->server_count;
	v->farm = r->farm;
	sb_clear(&tr->sent_host);
	if (w->original_host && rq->has_host) {
		sb_putn(&tr->sent_host, tr->host.s, tr->host.len);
		if (rq->port != (rq->tls ? 443 : 80))
			sb_fmt(&tr->sent_host, ":%d", rq->port);
	} else {
		sb_puts(&tr->sent_host, r->site);
	}
	v->host = tr->sent_host.s;
	map_path(tr, rq, path);
	v->path = tr->sent_path.s;
}

/* Section 4: the rule that matched. */
static void
answer(struct tmg_tracer *tr, struct tmg_verdict *v, const struct trace_rule *r, const struct trace_listener *l,
    const struct trace_request *rq, const struct tmg_request *q, const struct trace_path *path)
{
	const char *why;

	v->rule = r->rule;
	v->closed = r->closed != NULL;
	if (r->rule->deny) {
		if (r->redirect != NULL)
			redirect(v, r->redirect, "the rule denies and names a place to go instead");
		else
			deny(v, 403,
			    r->rule->web->redirect_url != NULL ? "the rule denies; its redirect cannot be used"
							       : "the rule denies");
	} else if (r->closed != NULL) {
		deny(v, 403, r->closed);
	} else if (!rq->tls && r->rule->web->require_ssl != 0) {
		deny(v, 403, "the rule demands TLS");
	} else if (!rq->tls && l->listener->redirect_http == 1 && r->demands_user) {
		to_https(tr, v, l, rq, "the listener sends users who must sign in to HTTPS");
	} else if (r->demands_certificate) {
		deny(v, 403,
		    rq->tls ? "the rule demands a client certificate, and a traced client has none"
			    : "the rule demands a client certificate, which a plain port cannot ask for");
	} else if ((why = trace_filter(tr, r, q->method, rq->path_len)) != NULL) {
		deny(v, 403, why);
	} else {
		forward(tr, v, r, rq, path);
	}
}

static void
walk(struct tmg_tracer *tr, struct tmg_verdict *v, const struct trace_listener *l, const struct trace_request *rq,
    const struct tmg_request *q)
{
	const struct trace_path *path = NULL;
	const struct trace_rule *r;
	bool done = false;
	enum tmg_failed failed;
	size_t i;

	/* The listener itself answers everything on its plain port. */
	if (!rq->tls && l->listener->redirect_http != 0 && l->listener->redirect_http != 1) {
		done = true;
		if (l->listener->redirect_http == 2)
			to_https(tr, v, l, rq, "the listener redirects its plain port to HTTPS");
		else
			deny(v, 403, "the listener's redirect to HTTPS is of a kind that is not known");
	}
	for (i = 0; i < tr->rule_count && !(done && q->brief); i++) {
		r = &tr->rules[i];
		failed = done ? TMG_F_NOT_REACHED : try_rule(tr, r, l->listener, rq, q, &path);
		if (failed == TMG_F_MATCHED) {
			done = true;
			answer(tr, v, r, l, rq, q, path);
		}
		if (!q->brief) {
			tr->steps[i].rule = r->rule;
			tr->steps[i].failed = failed;
			tr->steps[i].why = failed == TMG_F_DISABLED ? r->off : NULL;
		}
	}
	if (!done)
		deny(v, 403, "no rule takes the request");
	if (!q->brief) {
		v->steps = tr->steps;
		v->step_count = tr->rule_count;
	}
}

enum tmg_status
tracer_run(struct tmg_tracer *tr, const struct tmg_request *q, struct tmg_verdict *v)
{
	struct trace_request rq = { false, false, 0, 0 };
	const struct trace_listener *l = NULL, *beside = NULL;
	bool good;

	memset(v, 0, sizeof(*v));
	sb_clear(&tr->why);
	sb_clear(&tr->on);
	good = read_url(tr, &rq, q->url) && read_client(tr, q->from);
	if (good && (q->weekday < 0 || q->weekday > 6 || q->hour < 0 || q->hour > 23))
		good = refuse(tr, "the time is none");
	if (good)
		l = trace_endpoint(tr, &rq, q->on, &beside);
	if (l == NULL) {
		v->why = tr->why.s;
		return buffers_failed(tr) ? TMG_ENOMEM : TMG_EUSAGE;
	}
	v->listener = l->listener;
	v->beside = beside != NULL ? beside->listener : NULL;
	v->on = tr->on.s;
	v->from = q->from != NULL ? tr->from.s : NULL;
	walk(tr, v, l, &rq, q);
	return buffers_failed(tr) ? TMG_ENOMEM : TMG_OK;
}
