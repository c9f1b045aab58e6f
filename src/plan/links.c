/*
 * Link translation of a rule as pairs of texts: what a server calls its own
 * pages, and what clients call them. The rule's dictionary comes first, then its
 * own site, then the array's dictionary. It is a convenience: what cannot be
 * carried over is left out and said. Knows no target's language.
 */
#include "plan/lower.h"

#include "base/text.h"

#define TEXT_MAX 400    /* bytes of a text that is looked for, or put in its place */
#define ENTRIES_MAX 500 /* pairs of one rule */

struct linker {
	struct lower *lo;
	const struct prule *r;
	const char *site;
	struct plan_links *made;
	struct plan_link **last, **own; /* where pairs are added; where those of the own site begin */
	uint32_t count;
	bool full;
};

static void
left_out(struct linker *x, uint32_t line, const char *what)
{
	plan_note(x->lo->p, x->lo->t, D_LINK_TRANSLATION, &rule_made(x->lo, x->r)->r->o, line, "%s", what);
}

/* Adds a pair unless something else stands for the text already. The longest
 * of the rule's own site comes first: it is the most exact one. */
static void
link_add(struct linker *x, const char *from, const char *to, bool here, unsigned in)
{
	struct plan_link *l, **at = here ? x->own : x->last;

	if (from == NULL || to == NULL)
		return;
	for (l = x->made->list; l != NULL; l = l->next) {
		if (ascii_casecmp(l->from, from) == 0)
			return;
	}
	if (x->count == ENTRIES_MAX) {
		x->full = true;
		return;
	}
	if ((l = arena_alloc(x->lo->mem, sizeof(*l))) == NULL)
		return;
	x->count++;
	l->from = lower_str(x->lo, from);
	l->to = lower_str(x->lo, to);
	l->here = here;
	l->in = in;
	while (here && *at != NULL && strlen((*at)->from) >= strlen(from))
		at = &(*at)->next;
	l->next = *at;
	*at = l;
	while (*x->last != NULL)
		x->last = &(*x->last)->next;
}

/* ---- dictionaries ---------------------------------------------------------- */

static bool
usable(const char *s)
{
	return strlen(s) <= TEXT_MAX && text_is_plain(s);
}

static void
dictionary_add(struct linker *x, const char *from, const char *to, uint32_t line)
{
	bool url = ascii_ncasecmp(from, "http://", 7) == 0 || ascii_ncasecmp(from, "https://", 8) == 0;

	if (from[0] == '\0' || !usable(from) || !usable(to))
		left_out(x, line, "a pair that is empty, too long or holds control characters");
	else
		link_add(x, from, to, false, url ? PLAN_IN_PAGES | PLAN_IN_HEADERS : PLAN_IN_PAGES);
}

/* "text/css" and the like; parameters and wildcards are none. */
static bool
is_type(const char *s)
{
	size_t slash = strcspn(s, "/");

	if (slash == 0 || s[slash] == '\0' || s[slash + 1] == '\0' || strlen(s) > 100)
		return false;
	for (size_t i = 0; s[i] != '\0'; i++) {
		char c = ascii_lower(s[i]);
		if (i != slash && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && strchr("-.+_", c) == NULL)
			return false;
	}
	return true;
}

static void
types_add(struct linker *x, const struct tmg_vendor *v)
{
	struct tmg_text *t, **last = &x->made->types;
	bool strange = v->broken || v->secret;

	while (*last != NULL)
		last = &(*last)->next;
	for (const struct tmg_vendor_value *val = v->values; val != NULL; val = val->next) {
		const char *s = is_type(val->name) ? val->name : val->text;
		if (!is_type(s)) {
			strange = true;
			continue;
		}
		if (ascii_casecmp(s, "text/html") == 0)
			continue; /* always */
		if ((t = arena_alloc(x->lo->mem, sizeof(*t))) == NULL)
			return;
		t->s = lower_str(x->lo, s);
		*last = t;
		last = &t->next;
	}
	if (strange)
		left_out(x, v->line, "content types that cannot be read; text/html is translated");
}

static void
vendor_add(struct linker *x, const struct tmg_vendor *v)
{
	switch (v->kind) {
	case TMG_V_LINKS:
		if (v->broken || v->secret)
			left_out(x, v->line, "a dictionary that cannot be read");
		for (const struct tmg_vendor_value *val = v->values; val != NULL; val = val->next)
			dictionary_add(x, val->name, val->text, v->line);
		break;
	case TMG_V_LINK_TYPES: types_add(x, v); break;
	case TMG_V_LINK_SETTINGS: left_out(x, v->line, "settings of the translation"); break;
	default: break;
	}
}

/* ---- the rule's own site ------------------------------------------------------ */

static bool
site_is_public(const struct lower *lo, const struct prule *r, const char *own)
{
	for (uint32_t i = rule_names(lo, r); i < rule_names_end(lo, r); i++) {
		const struct plan_host *n = &lo->pnames[i];
		size_t len = strlen(n->name), site = strlen(own);
		if (n->kind == HOST_ANY || (n->kind == HOST_EXACT && strcmp(n->name, own) == 0))
			return true;
		if (n->kind == HOST_SUFFIX && site > len + 1 && own[site - len - 1] == '.' &&
		    strcmp(own + site - len, n->name) == 0)
			return true;
	}
	return false;
}

/* One path of one scheme. Text that only begins like the site's name is not it:
 * a slash must follow, or in pages the end of an attribute. */
static void
own_path(struct linker *x, bool tls, const char *inner, const char *outer, bool prefix)
{
	const struct tmg_web *w = rule_made(x->lo, x->r)->r->web;
	int port = tls ? w->https_port : w->http_port;
	struct arena *mem = x->lo->mem;
	const char *base =
	    arena_fmt(mem, strchr(x->site, ':') != NULL ? "http%s://[%s]" : "http%s://%s", tls ? "s" : "", x->site);

	if (base != NULL && port != (tls ? 443 : 80))
		base = arena_fmt(mem, "%s:%d", base, port);
	if (base == NULL)
		return;
	if (prefix)
		link_add(x, arena_fmt(mem, "%s%s/", base, inner), arena_fmt(mem, "%s/", outer), true,
		    PLAN_IN_PAGES | PLAN_IN_HEADERS);
	else
		link_add(x, arena_fmt(mem, "%s%s", base, inner), outer, true, PLAN_IN_HEADERS);
	if (!prefix || inner[0] == '\0')
		link_add(x, arena_fmt(mem, "%s%s\"", base, inner), arena_fmt(mem, "%s\"", outer), true, PLAN_IN_PAGES);
}

static void
own_site(struct linker *x)
{
	const struct tmg_web *w = rule_made(x->lo, x->r)->r->web;
	bool same = site_is_public(x->lo, x->r, x->site);
	const char *inner, *outer;

	for (const struct tmg_path_mapping *m = w->paths; m != NULL && !x->lo->mem->failed; m = m->next) {
		const char *ext = m->external != NULL && !m->same ? m->external : m->internal;
		const char *in = m->internal != NULL ? m->internal : ext;
		size_t len = ext != NULL ? strlen(ext) : 0;
		bool prefix = len >= 2 && strcmp(ext + len - 2, "/*") == 0;

		if (ext == NULL || len > TEXT_MAX || strlen(in) > TEXT_MAX)
			continue;
		if (!path_bytes(x->lo, ext, prefix, &outer) || !path_bytes(x->lo, in, prefix, &inner))
			continue;
		/* A page that names itself as clients do: nothing but its scheme can be wrong. */
		if (same && strcmp(inner, outer) != 0)
			continue;
		own_path(x, false, inner, outer, prefix);
		own_path(x, true, inner, outer, prefix);
	}
	if (w->paths == NULL) {
		own_path(x, false, "", "", true);
		own_path(x, true, "", "", true);
	}
}

/* ---- the whole ------------------------------------------------------------------ */

static void
unused(struct linker *x)
{
	for (const struct tmg_vendor *v = rule_made(x->lo, x->r)->r->terms->vendors; v != NULL; v = v->next) {
		if (v->kind == TMG_V_LINKS || v->kind == TMG_V_LINK_TYPES || v->kind == TMG_V_LINK_SETTINGS)
			left_out(x, v->line, "TranslateLinks is off, so that what is set for it has no use");
	}
}

void
plan_links(struct lower *lo, const struct prule *r, const char *site)
{
	const struct tmg_rule *rule = rule_made(lo, r)->r;
	const struct tmg_web *w = rule->web;
	struct linker x = { .lo = lo, .r = r, .site = site };
	struct plan_aside *aside;

	if (!w->translate_links) {
		unused(&x);
		return;
	}
	if (w->link_mode != 0 && w->link_mode != 1) {
		left_out(&x, tmg_line(&rule->o, w->below),
		    "LinkTranslationMode: patterns say where it holds, and no target can follow them");
		return;
	}
	if ((x.made = arena_alloc(lo->mem, sizeof(*x.made))) == NULL)
		return;
	x.last = x.own = &x.made->list;
	for (const struct tmg_vendor *v = rule->terms->vendors; v != NULL; v = v->next)
		vendor_add(&x, v);
	x.own = x.last;
	own_site(&x);
	for (const struct tmg_link *l = rule->o.in->links; l != NULL; l = l->next)
		dictionary_add(&x, l->from != NULL ? l->from : "", l->to != NULL ? l->to : "", l->line);
	if (x.full)
		left_out(&x, tmg_line(&rule->o, w->below), "more pairs than are written");
	x.made->site = site;
	if (x.made->list == NULL || (aside = rule_aside(lo, rule_made(lo, r))) == NULL)
		return;
	aside->links = x.made;
	rule_made(lo, r)->has_links = true;
}
