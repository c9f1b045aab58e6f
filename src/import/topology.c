/*
 * Reads one topology of any form: tells the forms apart by their first bytes,
 * hands the text on in pieces, and joins what was found with the site when all
 * of the file was read. Must not know what any form looks like inside.
 */
#include "import/topology.h"

#include <stdarg.h>

#include "base/text.h"

/* ---- What all forms use ------------------------------------------------------- */

void
topo_stop(struct topo *t, enum diag_id id, uint32_t line, const char *fmt, ...)
{
	va_list ap;

	if (t->stopped)
		return;
	t->stopped = true;
	t->error = id;
	t->line = line;
	va_start(ap, fmt);
	vsnprintf(t->detail, sizeof(t->detail), fmt, ap);
	va_end(ap);
}

void
topo_oom(struct topo *t)
{
	t->d.mem.failed = true;
	topo_stop(t, D_OUT_OF_MEMORY, 0, "%s", "");
}

void
topo_say(struct topo *t, enum diag_id id, uint32_t line, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	if (t->said++ >= TOPOLOGY_MAX_MESSAGES) {
		t->unsaid++;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_file(&t->d.diags, id, t->file, line, "%s", text);
}

void *
topo_alloc(struct topo *t, size_t size)
{
	void *p = arena_alloc(&t->d.mem, size);

	if (p == NULL)
		topo_oom(t);
	return p;
}

const char *
topo_text(struct topo *t, const char *s)
{
	const char *c = arena_str(&t->d.mem, s);

	if (c == NULL)
		topo_oom(t);
	return c != NULL ? c : "";
}

void *
topo_scratch(struct topo *t, size_t size)
{
	void *p = arena_alloc(&t->scratch, size);

	if (p == NULL)
		topo_oom(t);
	return p;
}

const char *
topo_scratch_text(struct topo *t, const char *s, size_t n)
{
	const char *c = arena_strn(&t->scratch, s, n);

	if (c == NULL)
		topo_oom(t);
	return c != NULL ? c : "";
}

bool
topo_count(struct topo *t, uint32_t line)
{
	if (t->stopped)
		return false;
	if (++t->items > TOPOLOGY_MAX_ITEMS)
		topo_stop(t, D_LIMIT, line, "more than %u machines, addresses, domains, URLs, components and services",
		    TOPOLOGY_MAX_ITEMS);
	return !t->stopped;
}

void **
topo_slot(struct topo *t, const char *fmt, ...)
{
	struct strbuf b;
	const char *key;
	void **slot;
	va_list ap;

	if (t->stopped)
		return NULL;
	sb_init(&b, t->d.mem.budget);
	va_start(ap, fmt);
	sb_vfmt(&b, fmt, ap);
	va_end(ap);
	slot = hmap_slot(&t->seen, b.s, b.len, false);
	if (slot == NULL && !b.failed) {
		key = topo_scratch_text(t, b.s, b.len);
		if (!t->stopped)
			slot = hmap_slot(&t->seen, key, b.len, true);
	}
	if (b.failed || slot == NULL || t->stopped) {
		topo_oom(t);
		slot = NULL;
	}
	sb_free(&b);
	return slot;
}

/* ---- What was known before ----------------------------------------------------- */

static void
copy_texts(struct topo *t, struct tmg_text **list)
{
	for (; *list != NULL; list = &(*list)->next) {
		struct tmg_text *n = topo_alloc(t, sizeof(*n));

		if (n == NULL)
			return;
		*n = **list;
		*list = n;
	}
}

static void
remember(void **slot, void *value)
{
	if (slot != NULL)
		*slot = value;
}

static void
copy_machines(struct topo *t, struct pool *p)
{
	for (struct pool_machine **list = &p->machines; *list != NULL && !t->stopped; list = &(*list)->next) {
		struct pool_machine *m = topo_alloc(t, sizeof(*m));
		const char *name;

		if (m == NULL)
			return;
		*m = **list;
		*list = m;
		name = m->fqdn != NULL ? m->fqdn : "";
		remember(topo_slot(t, "m\1%s\1%s", p->fqdn, name), m);
		copy_texts(t, &m->addresses);
		for (const struct tmg_text *a = m->addresses; a != NULL && !t->stopped; a = a->next)
			remember(topo_slot(t, "a\1%s\1%s\1%s", p->fqdn, name, a->s), m);
	}
}

static void
copy_pools(struct topo *t)
{
	for (const struct pool *old = t->s->pools; old != NULL && !t->stopped; old = old->next) {
		struct pool *p = topo_alloc(t, sizeof(*p));

		if (p == NULL)
			return;
		*p = *old;
		p->next = NULL;
		*t->d.last_pool = p;
		t->d.last_pool = &p->next;
		remember(topo_slot(t, "p\1%s", p->fqdn), p);
		copy_machines(t, p);
		copy_texts(t, &p->components);
		for (const struct tmg_text *c = p->components; c != NULL && !t->stopped; c = c->next)
			remember(topo_slot(t, "c\1%s\1%s", p->fqdn, c->s), p);
	}
}

static void
copy_domains(struct topo *t)
{
	for (const struct sip_domain *old = t->s->domains; old != NULL && !t->stopped; old = old->next) {
		struct sip_domain *d = topo_alloc(t, sizeof(*d));

		if (d == NULL)
			return;
		*d = *old;
		d->next = NULL;
		*t->d.last_domain = d;
		t->d.last_domain = &d->next;
		remember(topo_slot(t, "d\1%s", d->name), d);
		if (d->is_default)
			remember(topo_slot(t, "D"), d);
	}
}

static void
copy_in(struct topo *t)
{
	t->d.topology = t->s->topology;
	t->d.has_urls = t->s->has_urls;
	t->d.draft = t->s->draft;
	t->d.passive_auth = t->s->passive_auth;
	copy_pools(t);
	copy_domains(t);
	topo_known_urls(t);
}

/* ---- Telling the forms apart ---------------------------------------------------- */

enum form { FORM_OPEN = 0, FORM_XML, FORM_LIST, FORM_JSON, FORM_ZIP };

struct feeder {
	struct topo *t;
	enum form form;
	uint32_t line; /* of the first character that is not blank */
	struct topo_xml *xml;
	struct topo_list *list;
	struct strbuf all; /* JSON and archives are looked at as a whole */
};

static void
choose(struct feeder *f, char first)
{
	if (first == '<') {
		f->form = FORM_XML;
		f->xml = topo_xml_open(f->t, f->line);
	} else if (first == '{') {
		f->form = FORM_JSON;
		for (uint32_t i = 1; i < f->line && i < TOPOLOGY_MAX_JSON; i++)
			sb_putc(&f->all, '\n'); /* so that its lines have their numbers */
	} else {
		f->form = FORM_LIST;
		f->list = topo_list_open(f->t, f->line);
	}
}

static void
collect(struct feeder *f, const char *s, size_t n, uint64_t max, const char *what)
{
	if (f->all.len + n > max)
		topo_stop(f->t, D_LIMIT, 0, "%s of more than %llu bytes", what, (unsigned long long)max);
	else
		sb_putn(&f->all, s, n);
	if (f->all.failed)
		topo_oom(f->t);
}

static bool
on_bytes(void *ctx, const char *s, size_t n)
{
	struct feeder *f = ctx;

	if (f->form == FORM_OPEN && n >= 4 && memcmp(s, "PK\003\004", 4) == 0)
		f->form = FORM_ZIP;
	while (f->form == FORM_OPEN && n > 0) {
		if (strchr(" \t\r\n\f", *s) == NULL)
			choose(f, *s);
		else if (*s == '\n')
			f->line++;
		if (f->form == FORM_OPEN) {
			s++;
			n--;
		}
	}
	if (f->t->stopped)
		return false;
	switch (f->form) {
	case FORM_XML: topo_xml_feed(f->xml, s, n); break;
	case FORM_LIST: topo_list_feed(f->list, s, n); break;
	case FORM_JSON: collect(f, s, n, TOPOLOGY_MAX_JSON, "a topology file"); break;
	case FORM_ZIP: collect(f, s, n, ZIP_MAX_SIZE, "an archive"); break;
	default: break;
	}
	return !f->t->stopped;
}

static enum diag_id
input_diag(enum input_error e)
{
	switch (e) {
	case INPUT_EMPTY: return D_EMPTY_INPUT;
	case INPUT_GZIP: return D_BAD_GZIP;
	case INPUT_CHARSET:
	case INPUT_BYTES: return D_BAD_CHARSET;
	case INPUT_SIZE: return D_LIMIT;
	case INPUT_KIND: return D_NOT_TOPOLOGY;
	default: return D_CANNOT_READ;
	}
}

static void
feed(struct topo *t, const struct input_source *src)
{
	struct input_options opt = { .max_size = TOPOLOGY_MAX_SIZE, .budget = t->d.mem.budget, .any = true };
	struct feeder f = { .t = t, .line = 1 };
	struct input_result res;
	bool complete;

	sb_init(&f.all, t->d.mem.budget);
	input_pump(src, &opt, on_bytes, &f, &res);
	complete = res.error == INPUT_OK && !t->stopped;
	topo_xml_close(f.xml, complete);
	topo_list_close(f.list, complete);
	if (complete && f.form == FORM_JSON)
		topo_json(t, f.all.s, f.all.len);
	else if (complete && f.form == FORM_ZIP)
		topo_zip(t, f.all.s, f.all.len);
	if (res.error == INPUT_NOMEM)
		topo_oom(t);
	else if (res.error != INPUT_OK && res.error != INPUT_STOPPED)
		topo_stop(t, input_diag(res.error), 0, "%s", res.detail);
	else if (complete && res.overruled)
		topo_say(t, D_WRONG_DECLARATION, 1, "declared %s, is %s", res.declared, res.charset);
	sb_free(&f.all);
}

/* ---- All of it ------------------------------------------------------------------ */

/* The copy takes the place of the lists. Asks for no memory. */
static void
join(struct topo *t)
{
	struct site *s = t->s, *d = &t->d;

	s->pools = d->pools;
	s->last_pool = d->pools != NULL ? d->last_pool : &s->pools;
	s->domains = d->domains;
	s->last_domain = d->domains != NULL ? d->last_domain : &s->domains;
	s->urls = d->urls;
	s->last_url = d->urls != NULL ? d->last_url : &s->urls;
	s->topology = true;
	s->has_urls = d->has_urls;
	s->draft = d->draft;
	s->passive_auth = d->passive_auth;
	if (d->diags.first != NULL) {
		*s->diags.last = d->diags.first;
		s->diags.last = d->diags.last;
		s->diags.count += d->diags.count;
	}
	arena_join(&s->mem, &d->mem);
}

static enum tmg_status
topo_run(struct topo *t, const struct input_source *src)
{
	struct budget *b = &t->s->budget;

	copy_in(t);
	if (!t->stopped)
		feed(t, src);
	if (!t->stopped && !t->found)
		topo_stop(t, D_NOT_TOPOLOGY, 0, "nothing of a topology is in it");
	if (!t->stopped)
		topo_finish(t);
	if (t->unsaid > 0)
		diag_file(&t->d.diags, D_TOPOLOGY_PART, t->file, 0, "%u further messages about this file are not shown",
		    t->unsaid);
	if (t->d.mem.failed || t->scratch.failed || t->seen.failed || t->d.diags.failed || b->refused)
		return TMG_ENOMEM;
	return t->stopped ? TMG_EINPUT : TMG_OK;
}

enum tmg_status
topology_read_source(struct site *s, const struct input_source *src, const char *name)
{
	struct topo t = { .s = s };
	enum tmg_status rc = TMG_ENOMEM;
	bool refused = s->budget.refused;

	s->budget.refused = false;
	site_init(&t.d);
	t.d.mem.budget = &s->budget;
	arena_init(&t.scratch, &s->budget);
	hmap_init(&t.seen, &s->budget);
	t.file = arena_str(&s->mem, name); /* messages name it, whatever comes of it */
	if (t.file != NULL)
		rc = topo_run(&t, src);
	hmap_free(&t.seen);
	arena_free(&t.scratch);
	if (rc == TMG_OK)
		join(&t);
	else
		arena_free(&t.d.mem);
	if (rc != TMG_OK && rc != TMG_ENOMEM) /* the caller says that */
		diag_file(&s->diags, t.error, t.file, t.line, "%s", t.detail);
	s->budget.refused = refused || s->mem.failed;
	return rc != TMG_OK && s->diags.failed ? TMG_ENOMEM : rc;
}

enum tmg_status
topology_read(struct site *s, const char *path)
{
	struct input_source src = { .path = path };

	return topology_read_source(s, &src, strcmp(path, "-") == 0 ? "standard input" : path);
}
