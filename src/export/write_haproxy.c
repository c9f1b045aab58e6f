/*
 * The HAProxy configuration: haproxy.cfg and its maps. Spells the plan and
 * decides nothing; knows neither XML nor the other targets.
 *
 * A request takes the same few steps however many rules there are:
 *
 *	defaults tmg-published	what could slip past a rule is refused; host and
 *				path are put into the form of the maps
 *	frontend lN-PORT	host -> table (its hosts map), table and path ->
 *				route (the paths maps, shared by all frontends);
 *				a list of choices -> route, by client and hour
 *	defaults tmg-fN		the HTTP filter that some backends begin with
 *	backend rN		what a route does, and all that do the same: Host,
 *				path, credentials, server
 *
 * HAProxy's default mode (keep-alive, http-reuse safe) is the one in which a
 * server connection that a client signed in on is never given to another.
 */
#include "export/haproxy.h"

#include "model/filter.h"

#define LONG_PATH 2048 /* bytes of a path or URL of the export that are many */

struct out *
hap_open(const struct hap *h, const char *rel)
{
	char path[HAP_REL_MAX];

	snprintf(path, sizeof(path), "%s%s", h->prefix, rel);
	return out_open(h->s, path);
}

void
hap_host(struct out *o, const char *host, void (*quote)(struct out *o, const char *s))
{
	bool v6 = strchr(host, ':') != NULL;

	out_str(o, v6 ? "[" : "");
	quote(o, host);
	out_str(o, v6 ? "]" : "");
}

/* ---- what the plan holds, looked at once ------------------------------- */

static bool
is_shareable(const struct plan_shape *shape)
{
	if (shape->slots > HAP_SLOTS_MAX)
		return false;
	for (const struct plan_path *path = shape->paths; path != NULL; path = path->next)
		if (hap_is_conditional(path))
			return false;
	return true;
}

static void
survey_shape(struct hap *h, const struct plan_shape *shape, bool *seen)
{
	if (seen[shape->id] && !h->shared[shape->id] && is_shareable(shape)) {
		h->shared[shape->id] = true;
		h->slots = shape->slots > h->slots ? shape->slots : h->slots;
	}
	seen[shape->id] = true;
}

/* Which shapes several tables have. Without memory each table is written by itself. */
static void
survey_shapes(struct hap *h)
{
	bool *seen;

	for (const struct plan_shape *s = h->p->shapes; s != NULL; s = s->next)
		h->shape_count = s->id > h->shape_count ? s->id : h->shape_count;
	seen = arena_array(&h->mem, h->shape_count + 1u, sizeof(*seen));
	h->shared = arena_array(&h->mem, h->shape_count + 1u, sizeof(*h->shared));
	if (seen == NULL || h->shared == NULL)
		return;
	for (const struct plan_endpoint *e = h->p->endpoints; e != NULL; e = e->next) {
		for (uint32_t i = 0; i < e->site_count; i++) {
			struct plan_site s = plan_site(e, i);

			if (plan_table_is_new(e, &s.table))
				survey_shape(h, s.table.shape, seen);
		}
	}
}

static void
survey_tables(struct hap *h)
{
	for (const struct plan_shape *s = h->p->shapes; s != NULL; s = s->next) {
		for (const struct plan_path *path = s->paths; path != NULL; path = path->next) {
			size_t n = strlen(path->path);

			h->exact |= !path->prefix;
			h->beneath |= path->prefix;
			h->conditional |= hap_is_conditional(path);
			h->encoded |= !hap_map_key_plain(path->path);
			h->long_heads |= n > LONG_PATH;
		}
	}
	for (const struct plan_endpoint *e = h->conditional ? h->p->endpoints : NULL; e != NULL; e = e->next) {
		for (uint32_t i = 0; i < e->site_count; i++) {
			struct plan_site s = plan_site(e, i);

			if (!plan_table_is_new(e, &s.table))
				continue;
			for (const struct plan_path *path = s.table.shape->paths; path != NULL; path = path->next)
				hap_list_add(h, &s.table, path);
		}
	}
}

/* Which routes a port without TLS leads to: their cookies cannot be secure. */
static void
survey_plain(struct hap *h)
{
	if ((h->plain = arena_array(&h->mem, h->p->routes.count + 1u, sizeof(*h->plain))) == NULL)
		return;
	for (const struct plan_endpoint *e = h->p->endpoints; e != NULL; e = e->next) {
		for (uint32_t i = 0; i < e->site_count && !e->tls; i++) {
			struct plan_site s = plan_site(e, i);

			for (uint32_t slot = 0; slot < s.table.n_routes; slot++)
				h->plain[plan_table_route(&s.table, slot).id] = true;
		}
	}
}

/* The longest head of a request that TMG let through is in question when a server may ask for a Windows
 * sign-in, whose tickets are long, and when the export says that URLs may be longer than they usually may. */
static bool
is_long(struct plan_route r)
{
	const struct tmg_vendor *v = plan_rule_of(r) != NULL ? filter_of(plan_rule_of(r)->r) : NULL;
	const struct tmg_http_filter *f = v != NULL ? v->filter : NULL;

	if (r.deed->action == PLAN_REDIRECT)
		return r.deed->location != NULL && strlen(r.deed->location) > LONG_PATH;
	if (r.deed->action != PLAN_FORWARD)
		return false;
	if (r.deed->pass_credentials || (r.deed->map != NULL && strlen(r.deed->map->internal) > LONG_PATH))
		return true;
	if (f == NULL)
		return false;
	return ((f->stated & TMG_FS_MAX_URL) != 0 && (f->max_url <= 0 || f->max_url > FILTER_DEFAULT_LENGTH)) ||
	    ((f->stated & TMG_FS_MAX_QUERY) != 0 && (f->max_query <= 0 || f->max_query > FILTER_DEFAULT_LENGTH));
}

static void
survey_routes(struct hap *h)
{
	for (uint32_t id = 1; id <= h->p->routes.count; id++) {
		struct plan_route r = plan_route(h->p, id);

		if (r.deed->action == PLAN_REDIRECT) {
			h->redirects = true;
			h->host_asked |= r.deed->location == NULL;
		}
		h->host_asked |= plan_rule_of(r) != NULL && plan_rule_of(r)->has_links;
		h->long_heads = h->long_heads || is_long(r);
	}
}

static void
survey(struct hap *h)
{
	const struct plan *p = h->p;

	for (const struct plan_sources *s = p->sources; s != NULL; s = s->next)
		h->source_count++;
	for (const struct plan_schedule *s = p->schedules; s != NULL; s = s->next)
		h->schedule_count++;
	h->too_many = h->source_count + h->schedule_count > HAP_CONDITIONS_MAX;
	survey_shapes(h);
	survey_tables(h);
	survey_routes(h);
	h->long_heads |= h->lists != NULL; /* names of all conditions that hold */
	survey_plain(h);
	for (const struct plan_pool *pool = p->pools; pool != NULL; pool = pool->next) {
		h->tls |= pool->tls || (pool->farm != NULL && hap_farm_checks_tls(pool->farm));
		h->transparent |= pool->transparent;
	}
}

/* ---- global and defaults ------------------------------------------------ */

static size_t
client_ca_lists(const struct plan *p)
{
	size_t n = 0;

	for (const struct plan_listener *l = p->listeners; l != NULL; l = l->next)
		n += l->client_ca != NULL;
	return n;
}

static void
write_global(const struct hap *h)
{
	struct out *o = h->o;

	out_str(o,
	    "# Written by tmgport. A frontend is an address and port of a web listener,\n"
	    "# a backend is what one rule does, and those that do the same; maps/ ties hosts\n"
	    "# and paths to them.\n"
	    "# To check it: haproxy -c -f haproxy.cfg\n"
	    "\n"
	    "global\n"
	    "\tlog /dev/log local0\n"
	    "\tchroot /var/lib/haproxy\n");
	if (h->transparent)
		out_str(o, "\t# Stays root: connecting with the client's address needs it.\n");
	else
		out_str(o, "\tuser haproxy\n\tgroup haproxy\n");
	out_str(o,
	    "\t# Relative file names count from the folder of this file.\n"
	    "\tdefault-path config\n");
	if (h->long_heads)
		out_str(o,
		    "\t# Windows sign-in sends headers of tens of kilobytes.\n"
		    "\ttune.bufsize 131072\n"
		    "\ttune.maxrewrite 16384\n");
	else
		out_str(o,
		    "\t# Requests with 32 KiB of headers, 10 of URL and 10 of query, as TMG takes unless told "
		    "otherwise.\n"
		    "\ttune.bufsize 61440\n"
		    "\ttune.maxrewrite 4096\n");
	if (client_ca_lists(h->p) > 1)
		out_str(o,
		    "\t# Sessions of all listeners lie in one cache: one that was checked against the\n"
		    "\t# authorities of one listener could be resumed at another. Tickets remain.\n"
		    "\ttune.ssl.cachesize 0\n");
}

static void
write_defaults(const struct hap *h)
{
	const struct tmg_convert_options *opt = h->p->opt.o;
	struct out *o = h->o;

	out_str(o,
	    "\ndefaults tmg\n"
	    "\tmode http\n"
	    "\tlog global\n"
	    "\toption httplog\n"
	    "\toption dontlognull\n"
	    "\t# HTTP/1.1 only, as TMG speaks it: Windows sign-in belongs to a connection.\n"
	    "\toption disable-h2-upgrade\n"
	    "\t# A server connection that a client signed in on stays with that client.\n"
	    "\thttp-reuse safe\n"
	    "\t# a second try, a second later: a server that does not answer is known soon\n"
	    "\tretries 1\n"
	    "\ttimeout connect 10s\n"
	    "\ttimeout http-request 60s\n"
	    "\ttimeout client 1800s\n"
	    "\t# Lync and Exchange hold requests open for up to a quarter of an hour.\n"
	    "\ttimeout server 960s\n"
	    "\ttimeout tunnel 1800s\n");
	if (!h->tls)
		return;
	if (opt != NULL && opt->no_verify) {
		out_str(o,
		    "\t# --no-verify: any server certificate is accepted.\n"
		    "\tdefault-server verify none\n");
		return;
	}
	out_str(o, "\tdefault-server verify required ca-file ");
	hap_word(o, h->p->opt.ca_file);
	out_str(o, "\n");
}

static void
haproxy_write(const struct plan *p, struct out_set *s, const char *prefix)
{
	struct hap h = { .p = p, .s = s, .prefix = prefix };
	bool published = false;

	h.o = hap_open(&h, "haproxy.cfg");
	if (h.o == NULL)
		return;
	arena_init(&h.mem, p->budget);
	hmap_init(&h.list_of, p->budget);
	h.last_list = &h.lists;
	survey(&h);
	write_global(&h);
	write_defaults(&h);
	for (const struct plan_endpoint *e = p->endpoints; e != NULL; e = e->next)
		published |= !e->redirect_all && e->site_count > 0;
	if (published)
		hap_write_published(&h);
	hap_write_filters(&h);
	for (const struct plan_endpoint *e = p->endpoints; e != NULL; e = e->next)
		hap_write_frontend(&h, e);
	hap_write_rules(&h);
	out_close(h.o);
	if (published)
		hap_write_maps(&h);
	hmap_free(&h.list_of);
	arena_free(&h.mem);
}

/* Windows sign-in is not lost here: this proxy carries it in http mode. */
static void
haproxy_losses(struct plan *p, struct tmg *t)
{
	size_t n = 0;

	hap_farm_losses(p, t);
	hap_links_losses(p, t);
	for (const struct plan_sources *s = p->sources; s != NULL; s = s->next)
		n++;
	for (const struct plan_schedule *s = p->schedules; s != NULL; s = s->next)
		n++;
	if (n > HAP_CONDITIONS_MAX)
		plan_note(p, t, D_NOT_CONVERTIBLE, NULL, 0,
		    "%zu different sources and schedules, %d can be told apart: what depends on them is answered with "
		    "403",
		    n, HAP_CONDITIONS_MAX);
}

static const char *
haproxy_via(const struct plan *p, const struct plan_rule *r)
{
	(void)p;
	(void)r;
	return "http";
}

const struct writer writer_haproxy = {
	.name = "haproxy",
	.tested = "2.6.12",
	.can = PLAN_CAN_SCHEDULE | PLAN_CAN_CLIENT_CERT | PLAN_CAN_HEADER_NAMES | PLAN_CAN_ALL_HEADERS |
	    PLAN_CAN_SET_SERVER | PLAN_CAN_EXECUTABLES,
	.losses = haproxy_losses,
	.write = haproxy_write,
	.via = haproxy_via,
};
