/*
 * HAProxy's maps: host -> table, table and path -> route, route -> URL. Every
 * key and value goes through the quoting of map files, which have none.
 */
#include "export/haproxy.h"

static void
write_entry(struct hap *h, struct out *o, const struct plan_table *t, const struct plan_path *p)
{
	bool shared = h->shared != NULL && h->shared[t->shape->id];

	out_mem(o, shared ? "p" : "t", 1);
	out_number(o, shared ? t->shape->id : t->id);
	hap_map_key(o, p->path);
	out_str(o, p->prefix ? "/ " : " ");
	if (!shared) {
		hap_path_value(h, o, t, p);
	} else if (p->choices == NULL) {
		out_mem(o, "deny", 4);
	} else {
		out_mem(o, "own", 3);
		out_number(o, p->choices->slot + 1u);
	}
	out_mem(o, "\n", 1);
}

/* The comment above an entry, when it differs from the last one. Those of a
 * list of choices stand in choices.map. */
static void
write_rule_of(struct out *o, const struct plan_table *t, const struct plan_path *p, const struct plan_rule **last)
{
	struct plan_route r = hap_only_route(t, p);
	const struct plan_rule *rule = plan_rule_of(r);

	if (rule != NULL && rule != *last)
		out_comment_obj(o, "", &rule->r->o);
	if (rule != NULL || p->choices != NULL)
		*last = rule;
}

static void
write_table(
    struct hap *h, struct out *o, const struct plan_table *t, bool prefix, bool *done, const struct plan_rule **last)
{
	bool shared = h->shared != NULL && h->shared[t->shape->id];

	if (shared && done[t->shape->id])
		return;
	done[t->shape->id] = true;
	for (const struct plan_path *p = t->shape->paths; p != NULL; p = p->next) {
		if (p->prefix != prefix)
			continue;
		if (!shared)
			write_rule_of(o, t, p, last);
		write_entry(h, o, t, p);
	}
}

/* Exact paths, or those that stand for all below them, of each table; tables that differ in
 * nothing but their routes are written once, and hosts name the routes. */
static void
write_paths(struct hap *h, const char *rel, bool prefix, const char *head)
{
	bool *done = arena_array(&h->mem, h->shape_count + 1u, sizeof(*done));
	struct out *o = done != NULL ? hap_open(h, rel) : NULL;
	const struct plan_rule *last = NULL;

	if (o == NULL)
		return;
	out_str(o, head);
	if (h->slots > 0)
		out_str(o, "# own1 and the like: the first route that the map of hosts has beside \"p1\".\n");
	if (h->lists != NULL)
		out_str(o, "# c1 and the like are lists of routes, see choices.map.\n");
	for (const struct plan_endpoint *e = h->p->endpoints; e != NULL; e = e->next) {
		for (uint32_t i = 0; i < e->site_count; i++) {
			struct plan_site s = plan_site(e, i);

			if (plan_table_is_new(e, &s.table))
				write_table(h, o, &s.table, prefix, done, &last);
		}
	}
	out_close(o);
}

static void
write_redirects(const struct hap *h)
{
	struct out *o = hap_open(h, "maps/redirects.map");

	if (o == NULL)
		return;
	out_str(o, "# Route -> URL that its requests are sent to.\n");
	for (uint32_t id = 1; id <= h->p->routes.count; id++) {
		struct plan_route r = plan_route(h->p, id);

		if (r.deed->action != PLAN_REDIRECT)
			continue;
		if (plan_rule_of(r) != NULL)
			out_comment_obj(o, "", &plan_rule_of(r)->r->o);
		out_fmt(o, "r%" PRIu32 " ", r.id);
		if (r.deed->location != NULL)
			hap_map_url(o, r.deed->location);
		else
			out_str(o, HAP_SAME_OVER_TLS);
		out_str(o, "\n");
	}
	out_close(o);
}

/* "t5", or "p2:r5:r6": paths that many tables have, and this one's routes. */
void
hap_site_value(const struct hap *h, struct out *o, const struct plan_table *t)
{
	if (h->shared == NULL || !h->shared[t->shape->id]) {
		out_mem(o, "t", 1);
		out_number(o, t->id);
		return;
	}
	out_mem(o, "p", 1);
	out_number(o, t->shape->id);
	for (uint32_t i = 0; i < t->n_routes; i++) {
		struct plan_route r = plan_table_route(t, i);

		if (r.deed->action == PLAN_DENY) {
			out_mem(o, ":deny", 5);
		} else {
			out_mem(o, ":r", 2);
			out_number(o, hap_answering(r));
		}
	}
}

/* The rules whose routes stand beside the hosts below. */
static void
write_rules_of(const struct hap *h, struct out *o, const struct plan_table *t)
{
	const struct plan_rule *last = NULL;

	if (h->shared == NULL || !h->shared[t->shape->id])
		return;
	for (uint32_t i = 0; i < t->n_routes; i++) {
		const struct plan_rule *rule = plan_rule_of(plan_table_route(t, i));

		if (rule != NULL && rule != last) {
			last = rule;
			out_comment_obj(o, "", &last->r->o);
		}
	}
}

void
hap_write_hosts(const struct hap *h, const struct plan_endpoint *e, const char *rel, enum plan_host_kind kind)
{
	struct out *o = hap_open(h, rel);

	if (o == NULL)
		return;
	out_str(o,
	    kind == HOST_EXACT ? "# Host of a request -> table of paths.\n"
			       : "# End of a request's host -> table of paths. The longest is asked for first.\n");
	if (h->slots > 0)
		out_str(o, "# p1:r1 and the like: paths that many have, and the routes of this one.\n");
	for (uint32_t i = 0; i < e->site_count; i++) {
		struct plan_site s = plan_site(e, i);

		bool said = false;

		for (const struct plan_host *n = s.hosts; n != NULL; n = plan_host_next(n)) {
			bool v6 = strchr(n->name, ':') != NULL;

			if (n->kind != kind)
				continue;
			if (!said)
				write_rules_of(h, o, &s.table);
			said = true;
			out_str(o, kind == HOST_SUFFIX ? "*." : v6 ? "[" : "");
			hap_map_key(o, n->name);
			out_str(o, v6 ? "] " : " ");
			hap_site_value(h, o, &s.table);
			out_mem(o, "\n", 1);
		}
	}
	out_close(o);
}

void
hap_write_maps(struct hap *h)
{
	if (h->exact)
		write_paths(h, "maps/paths-exact.map", false,
		    "# Table and path of a request -> route. This map is asked first.\n");
	if (h->beneath)
		write_paths(h, "maps/paths-prefix.map", true,
		    "# Table and beginning of a request's path -> route. The longest key wins.\n");
	if (h->redirects)
		write_redirects(h);
	hap_write_lists(h);
}
