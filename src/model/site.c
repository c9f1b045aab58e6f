/*
 * What an audit knows besides exports: making it, finding a pool in it.
 */
#include "model/site.h"

void
site_init(struct site *s)
{
	memset(s, 0, sizeof(*s));
	arena_init(&s->mem, &s->budget);
	s->diags.mem = &s->mem;
	s->diags.last = &s->diags.first;
	hmap_init(&s->log_flows, &s->budget);
	hmap_init(&s->log_clients, &s->budget);
	hmap_init(&s->known, &s->budget);
	hmap_init(&s->known_here, &s->budget);
	s->last_baselined = &s->baselined;
	s->last_pool = &s->pools;
	s->last_domain = &s->domains;
	s->last_url = &s->urls;
	s->last_flow = &s->flows;
	s->last_log = &s->logs;
	s->last_cert = &s->certs;
}

void
site_free(struct site *s)
{
	hmap_free(&s->log_flows);
	hmap_free(&s->log_clients);
	hmap_free(&s->known);
	hmap_free(&s->known_here);
	arena_free(&s->mem);
}

struct pool *
site_find_pool(const struct site *s, const char *fqdn)
{
	struct pool *p = s->pools;

	while (p != NULL && strcmp(p->fqdn, fqdn) != 0)
		p = p->next;
	return p;
}
