/*
 * Sites made of topologies, and what is in them as text.
 */
#include "topologies.h"

#include "unit.h"

enum tmg_status
topology_fixture(struct site *s, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "fixtures/topology/%s", name);
	return topology_read(s, path);
}

enum tmg_status
topology_bytes(struct site *s, const void *data, size_t n)
{
	struct input_source src = { .data = data, .len = n };

	return topology_read_source(s, &src, "memory");
}

enum tmg_status
topology_text(struct site *s, const char *text)
{
	return topology_bytes(s, text, strlen(text));
}

static const char *
or_none(const char *s)
{
	return s != NULL ? s : "-";
}

static void
pool_text(const struct pool *p, struct strbuf *out)
{
	static const char *const roles[] = { "other", "front-end", "director", "web-apps" };

	sb_fmt(out, "%s %s%s site=%s %s %s %d/%d %d/%d %d/%d v%d%s%s", p->fqdn, roles[p->role],
	    p->role_inferred ? "?" : "", or_none(p->site), or_none(p->external_host), or_none(p->internal_host),
	    p->https_port, p->http_port, p->published_https, p->published_http, p->internal_https, p->internal_http,
	    p->version, p->web_services ? " web" : "", p->user_services ? " users" : "");
	if (p->discovery_url != NULL)
		sb_fmt(out, " %s=%s%s", p->discovery_host, p->discovery_url, p->web_apps_external ? " outside" : "");
	sb_puts(out, "\n");
	for (const struct pool_machine *m = p->machines; m != NULL; m = m->next) {
		sb_fmt(out, "  %s", or_none(m->fqdn));
		for (const struct tmg_text *a = m->addresses; a != NULL; a = a->next)
			sb_fmt(out, " %s", a->s);
		sb_puts(out, "\n");
	}
	for (const struct tmg_text *c = p->components; c != NULL; c = c->next)
		sb_fmt(out, "%s%s%s", c == p->components ? "  [" : " ", c->s, c->next == NULL ? "]\n" : "");
}

void
site_text(const struct site *s, struct strbuf *out)
{
	static const char *const kinds[] = { "meet", "dialin", "admin", "scheduler", "other" };

	for (const struct pool *p = s->pools; p != NULL; p = p->next)
		pool_text(p, out);
	for (const struct sip_domain *d = s->domains; d != NULL; d = d->next)
		sb_fmt(out, "domain %s%s\n", d->name, d->is_default ? " default" : "");
	for (const struct simple_url *u = s->urls; u != NULL; u = u->next)
		sb_fmt(out, "%s %s %s %s%s %s%s%s\n", kinds[u->kind], u->component, u->domain, u->host, u->path,
		    u->scope, u->current ? " current" : "", u->active ? " active" : "");
	sb_fmt(out, "%s%s%s%s\n", s->topology ? "topology" : "nothing", s->has_urls ? " urls" : "",
	    s->draft ? " draft" : "", s->passive_auth ? " passive" : "");
}

bool
site_is(const struct site *s, const char *want)
{
	struct strbuf b;
	bool same;

	sb_init(&b, NULL);
	site_text(s, &b);
	same = !b.failed && strcmp(b.s, want) == 0;
	if (!same)
		fprintf(stderr, "have\n%swant\n%s", b.s, want);
	sb_free(&b);
	return same;
}

const struct tmg_message *
site_message(const struct site *s, const char *id)
{
	const struct tmg_message *m = s->diags.first;

	while (m != NULL && strcmp(m->id, id) != 0)
		m = m->next;
	return m;
}

size_t
site_messages(const struct site *s, const char *id)
{
	size_t n = 0;

	for (const struct tmg_message *m = s->diags.first; m != NULL; m = m->next)
		n += strcmp(m->id, id) == 0;
	return n;
}
