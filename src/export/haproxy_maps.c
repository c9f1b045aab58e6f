/*
 * HAProxy's maps: host -> table, table and path -> route, route -> URL. Every
 * key and value goes through the quoting of map files, which have none.
 */
#include "export/haproxy.h"

/* The exact paths of a table, so that "/a" of "/a/" + "*" is not said twice.
 * Without memory it is, and the first one, which is the exact path, holds. */
static void
exact_paths(const struct plan_table *t, struct hmap *m)
{
	for (const struct plan_path *p = t->shape->paths; p != NULL && !p->prefix; p = p->next)
		hmap_put(m, p->path, (void *)(uintptr_t)p);
}

static void
write_entry(struct hap *h, struct out *o, const struct plan_table *t, const struct plan_path *p, const char *end)
{
	out_str(o, "t");
	out_number(o, t->id);
	hap_map_key(o, p->path);
	out_str(o, end);
	out_str(o, " ");
	hap_path_value(h, o, t, p);
	out_str(o, "\n");
}

/* The comment above an entry, when it differs from the last one. Those of a
 * list of choices stand in choices.map. */
static void
write_rule_of(struct out *o, const struct plan_table *t, const struct plan_path *p, const struct plan_rule **last)
{
	const struct plan_route *r = hap_only_route(t, p);
	const struct plan_rule *rule = r != NULL ? r->rule : NULL;

	if (rule != NULL && rule != *last)
		out_comment_obj(o, "", &rule->r->o);
	if (rule != NULL || p->choices != NULL)
		*last = rule;
}

static void
write_exact(struct hap *h)
{
	struct out *o = hap_open(h, "maps/paths-exact.map");
	const struct plan_rule *last = NULL;
	struct hmap exact;

	if (o == NULL)
		return;
	out_str(o, "# Table and path of a request -> route. This map is asked first.\n");
	if (h->lists != NULL)
		out_str(o, "# c1 and the like are lists of routes, see choices.map.\n");
	for (const struct plan_table *t = h->p->tables; t != NULL; t = t->next) {
		hmap_init(&exact, h->p->budget);
		exact_paths(t, &exact);
		for (const struct plan_path *p = t->shape->paths; p != NULL; p = p->next) {
			if (p->prefix && (p->path[0] == '\0' || hmap_get(&exact, p->path) != NULL))
				continue;
			write_rule_of(o, t, p, &last);
			write_entry(h, o, t, p, "");
		}
		hmap_free(&exact);
	}
	out_close(o);
}

static void
write_prefixes(struct hap *h)
{
	struct out *o = hap_open(h, "maps/paths-prefix.map");
	const struct plan_rule *last = NULL;

	if (o == NULL)
		return;
	out_str(o, "# Table and beginning of a request's path -> route. The longest key wins.\n");
	if (h->lists != NULL)
		out_str(o, "# c1 and the like are lists of routes, see choices.map.\n");
	for (const struct plan_table *t = h->p->tables; t != NULL; t = t->next) {
		for (const struct plan_path *p = t->shape->paths; p != NULL; p = p->next) {
			if (!p->prefix)
				continue;
			write_rule_of(o, t, p, &last);
			write_entry(h, o, t, p, "/");
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
	for (const struct plan_route *r = h->p->routes; r != NULL; r = r->next) {
		if (r->deed->action != PLAN_REDIRECT)
			continue;
		if (r->rule != NULL)
			out_comment_obj(o, "", &r->rule->r->o);
		out_fmt(o, "r%" PRIu32 " ", r->id);
		if (r->deed->location != NULL)
			hap_map_url(o, r->deed->location);
		else
			out_str(o, HAP_SAME_OVER_TLS);
		out_str(o, "\n");
	}
	out_close(o);
}

void
hap_write_hosts(const struct hap *h, const struct plan_endpoint *e, const char *rel)
{
	struct out *o = hap_open(h, rel);

	if (o == NULL)
		return;
	out_str(o, "# Host of a request -> table of paths. The most specific name wins.\n");
	for (const struct plan_site *s = e->sites; s != NULL; s = s->next) {
		for (const struct plan_host *n = s->hosts; n != NULL; n = n->next) {
			bool v6 = strchr(n->name, ':') != NULL;

			if (n->kind == HOST_ANY)
				continue;
			out_str(o, n->kind == HOST_SUFFIX ? "*." : v6 ? "[" : "");
			hap_map_key(o, n->name);
			out_str(o, v6 ? "] t" : " t");
			out_number(o, s->table->id);
			out_str(o, "\n");
		}
	}
	out_close(o);
}

void
hap_write_maps(struct hap *h)
{
	if (h->exact)
		write_exact(h);
	if (h->beneath)
		write_prefixes(h);
	if (h->redirects)
		write_redirects(h);
	hap_write_lists(h);
}
