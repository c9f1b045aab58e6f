/*
 * Listeners: which addresses and ports the proxy listens on, collisions
 * between them, one endpoint for each port (section 2 of the semantics).
 */
#include "plan/lower.h"

#include "base/addr.h"
#include "base/text.h"
#include "model/guid.h"

/* One address and port that an endpoint wants. */
struct want {
	const char *address; /* NULL = all */
	struct plan_endpoint *e;
	uint16_t port;
};

static const char *
bind_option(struct lower *lo, const struct tmg_listener *l)
{
	const struct tmg_convert_options *o = lo->p->opt.o;
	const char *found = NULL;

	for (size_t i = 0; i < o->bind_count; i++) {
		if (strcmp(o->binds[i].key, l->o.name) == 0 ||
		    (o->binds[i].key[0] != '\0' && guid_is(&l->o, o->binds[i].key)))
			found = o->binds[i].value;
	}
	return found;
}

/* Addresses in the order in which they were stated, each once. */
struct address_list {
	struct plan_address *first, **last;
	struct hmap seen;
};

static void
addresses_init(struct lower *lo, struct address_list *list)
{
	list->first = NULL;
	list->last = &list->first;
	hmap_init(&list->seen, &lo->t->budget);
}

/* NULL in `s`: all addresses. false: not an address, or no memory. */
static bool
address_add(struct lower *lo, struct address_list *list, const char *s)
{
	struct plan_address *a;
	uint8_t raw[16];
	char text[ADDR_TEXT];
	void **slot = NULL;

	if (s != NULL && !addr_parse(s, raw))
		return false;
	if (s != NULL) {
		addr_print(raw, text);
		if (hmap_slot(&list->seen, text, strlen(text), false) != NULL)
			return true;
	}
	if ((a = arena_alloc(lo->mem, sizeof(*a))) == NULL)
		return false;
	a->text = s != NULL ? lower_str(lo, text) : NULL;
	a->v6 = s != NULL && !addr_is_v4(raw);
	if (a->text != NULL) {
		if ((slot = hmap_slot(&list->seen, a->text, strlen(a->text), true)) == NULL) {
			lo->mem->failed = true;
			return false;
		}
		*slot = a;
	}
	*list->last = a;
	list->last = &a->next;
	return true;
}

/* The addresses of a listener. An address that the file does not hold means
 * all addresses, unless the user states one. */
static struct plan_address *
listener_addresses(struct lower *lo, const struct tmg_listener *l)
{
	const char *option = bind_option(lo, l);
	struct address_list list;
	bool any = l->binds == NULL && option == NULL;

	addresses_init(lo, &list);
	if (option != NULL)
		address_add(lo, &list, option);
	for (const struct tmg_bind *b = option == NULL ? l->binds : NULL; b != NULL; b = b->next) {
		if (b->method == 0 || b->method == 1) {
			any = true;
			continue;
		}
		if (b->method != 2)
			plan_note(lo->p, lo->t, D_LISTENER_ADDRESS, &l->o, b->line, "IPSelectionMethod %d", b->method);
		for (const struct tmg_text *x = b->addresses; x != NULL; x = x->next) {
			if (!address_add(lo, &list, x->s) && !lo->mem->failed)
				plan_note(lo->p, lo->t, D_LISTENER_ADDRESS, &l->o, x->line, "%s", x->s);
		}
	}
	hmap_free(&list.seen);
	if (option == NULL && !any && list.first == NULL && !lo->mem->failed)
		plan_note(lo->p, lo->t, D_LISTENER_ADDRESS, &l->o, l->binds->line,
		    "no address is left; nothing is written for it");
	if (any) {
		plan_note(lo->p, lo->t, D_LISTENER_ANY, &l->o, 0, NULL);
		addresses_init(lo, &list);
		address_add(lo, &list, NULL);
	}
	return list.first;
}

static struct plan_endpoint *
endpoint_add(struct lower *lo, struct plan_listener *l, int port, bool tls)
{
	struct plan_endpoint *e;

	if (port == 0 || l->addresses == NULL)
		return NULL;
	if (port < 0 || port > 65535) {
		plan_note(lo->p, lo->t, D_LISTENER_ADDRESS, &l->l->o, 0, "port %d", port);
		return NULL;
	}
	if ((e = arena_alloc(lo->mem, sizeof(*e))) == NULL)
		return NULL;
	e->listener = l;
	e->port = (uint16_t)port;
	e->tls = tls;
	*lo->last_endpoint = e;
	lo->last_endpoint = &e->next;
	return e;
}

static void
listener_endpoints(struct lower *lo, struct plan_listener *pl)
{
	const struct tmg_listener *l = pl->l;
	struct plan_endpoint *e = endpoint_add(lo, pl, l->http_port, false);
	const struct listener_rules *lr;

	if (l->redirect_http < 0 || l->redirect_http > 2)
		plan_note(lo->p, lo->t, D_NOT_CONVERTIBLE, &l->o, l->properties_line,
		    "WebListenerProperties/RedirectHTTPAsHTTPS = %d: not a value that is known; the plain port refuses "
		    "everything",
		    l->redirect_http);
	if (e != NULL && l->redirect_http != 0) {
		if (l->https_port > 0 && l->https_port <= 65535) {
			e->redirect_all = l->redirect_http == 2;
			e->https_port = (uint16_t)l->https_port;
		} else
			plan_note(lo->p, lo->t, D_LISTENER_REDIRECT, &l->o, 0, NULL);
	}
	if (endpoint_add(lo, pl, l->https_port, true) == NULL)
		return;
	pl->certificate = arena_fmt(lo->mem, "%s/l%u.pem", lo->p->opt.cert_dir, pl->id);
	lr = listener_rules(lo, l);
	if (lr != NULL && lr->client_cert)
		pl->client_ca = arena_fmt(lo->mem, "%s/l%u-client-ca.pem", lo->p->opt.cert_dir, pl->id);
}

static const struct tmg_certificate *
own_certificate(const struct tmg_listener *l, const struct plan_address *a)
{
	uint8_t x[16], y[16];

	for (const struct tmg_certificate *c = l->certificates; c != NULL && a->text != NULL; c = c->next) {
		if (c->address != NULL && addr_parse(c->address, x) && addr_parse(a->text, y) && addr_cmp(x, y) == 0)
			return c;
	}
	return NULL;
}

static struct plan_listener *
listener_new(struct lower *lo, const struct tmg_listener *l, struct plan_listener ***tail, uint32_t *id)
{
	struct plan_listener *pl = arena_alloc(lo->mem, sizeof(*pl));

	if (pl == NULL)
		return NULL;
	pl->l = l;
	pl->id = ++*id;
	**tail = pl;
	*tail = &pl->next;
	return pl;
}

/* A listener with a certificate for one of its addresses becomes two: the
 * certificate belongs to the address. */
static void
listener_add(struct lower *lo, const struct tmg_listener *l, struct plan_listener ***tail, uint32_t *id)
{
	struct plan_address *list = listener_addresses(lo, l), *next, *rest = NULL, **rest_tail = &rest;
	struct plan_listener *pl;

	for (; list != NULL; list = next) {
		next = list->next;
		list->next = NULL;
		if (l->https_port != 0 && own_certificate(l, list) != NULL) {
			if ((pl = listener_new(lo, l, tail, id)) == NULL)
				return;
			pl->addresses = list;
			listener_endpoints(lo, pl);
			continue;
		}
		*rest_tail = list;
		rest_tail = &list->next;
	}
	if (rest == NULL || (pl = listener_new(lo, l, tail, id)) == NULL)
		return;
	pl->addresses = rest;
	listener_endpoints(lo, pl);
}

/* -------------------------------------------------------------- collisions */

static int
want_cmp(const void *pa, const void *pb)
{
	const struct want *a = pa, *b = pb;

	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if ((a->address == NULL) != (b->address == NULL))
		return a->address == NULL ? -1 : 1;
	return a->address != NULL ? strcmp(a->address, b->address) : 0;
}

static void
clash(struct lower *lo, const struct want *a, const struct want *b)
{
	const struct tmg_obj *other = &a->e->listener->l->o;

	plan_note(lo->p, lo->t, D_LISTENER_CLASH, &b->e->listener->l->o, 0,
	    "port %u of %s, also wanted by \"%s\"; --bind \"%s=ADDRESS\"", b->port,
	    b->address != NULL ? b->address : "all addresses", other->name, b->e->listener->l->o.name);
	a->e->port = 0; /* dropped below */
	b->e->port = 0;
}

static void
drop_clashing(struct lower *lo)
{
	size_t n = 0, i = 0;
	struct want *v;

	for (const struct plan_endpoint *e = lo->p->endpoints; e != NULL; e = e->next) {
		for (const struct plan_address *a = e->listener->addresses; a != NULL; a = a->next)
			n++;
	}
	if ((v = arena_array(&lo->tmp, n + 1, sizeof(*v))) == NULL)
		return;
	for (struct plan_endpoint *e = lo->p->endpoints; e != NULL; e = e->next) {
		for (const struct plan_address *a = e->listener->addresses; a != NULL; a = a->next)
			v[i++] = (struct want){ a->text, e, e->port };
	}
	sort(v, n, sizeof(*v), want_cmp);
	/* Within a port an entry for all addresses stands first and meets every other one. */
	for (size_t first = 0; first < n; first = i) {
		for (i = first + 1; i < n && v[i].port == v[first].port; i++) {
			if (v[first].address == NULL)
				clash(lo, &v[first], &v[i]);
			else if (strcmp(v[i - 1].address, v[i].address) == 0)
				clash(lo, &v[i - 1], &v[i]);
		}
	}
	for (struct plan_endpoint **e = &lo->p->endpoints; *e != NULL;) {
		if ((*e)->port == 0)
			*e = (*e)->next;
		else
			e = &(*e)->next;
	}
}

/* Which --bind named a listener: the others are likely misspelt. */
static void
mark_used_bind(struct lower *lo)
{
	const struct tmg_convert_options *o = lo->p->opt.o;

	for (size_t i = 0; i < o->bind_count && lo->p->opt.bind_used != NULL; i++) {
		for (const struct plan_listener *l = lo->p->listeners; l != NULL; l = l->next)
			lo->p->opt.bind_used[i] |=
			    strcmp(o->binds[i].key, l->l->o.name) == 0 || guid_is(&l->l->o, o->binds[i].key);
	}
}

void
plan_listeners(struct lower *lo)
{
	struct plan_listener **tail = &lo->p->listeners;
	struct listener_rules *lr;
	uint32_t id = 0;

	for (const struct tmg_array *a = lo->p->in->arrays; a != NULL; a = a->next) {
		for (const struct tmg_obj *o = a->first[TMG_K_LISTENER]; o != NULL; o = o->next) {
			lr = listener_rules(lo, (const struct tmg_listener *)(const void *)o);
			listener_add(lo, (const struct tmg_listener *)(const void *)o, &tail, &id);
			if (lr != NULL)
				lr->made = lo->p->listeners;
		}
	}
	/* Listeners that another input gave. */
	for (size_t i = 0; i < lo->p->rule_count && !lo->failed; i++) {
		const struct tmg_rule *r = lo->p->rules[i].r;
		if (r->web == NULL || r->web->listener == NULL || r->web->listener->o.in->input == lo->p->in)
			continue;
		if (!lo->rules[i].takes_part || (lr = listener_rules(lo, r->web->listener)) == NULL || lr->made != NULL)
			continue;
		listener_add(lo, r->web->listener, &tail, &id);
		lr->made = lo->p->listeners;
	}
	mark_used_bind(lo);
	drop_clashing(lo);
	lo->failed |= lo->mem->failed;
}
