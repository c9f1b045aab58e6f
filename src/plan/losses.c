/*
 * Losses: what the export says and no target of today carries over, where it
 * touches a live rule or listener (section 5 of the semantics).
 */
#include "plan/lower.h"

#include "model/filter.h"

static bool
owner_live(struct lower *lo, const struct tmg_obj *o)
{
	const struct tmg_array *a;

	if (o == NULL)
		return false;
	if (o->kind == TMG_K_RULE) {
		/* Rules stand in p->rules by position. */
		uint32_t pos = ((const struct tmg_rule *)(const void *)o)->position;
		return pos >= 1 && pos <= lo->p->rule_count && lo->p->rules[pos - 1].state == PLAN_LIVE;
	}
	if (o->kind == TMG_K_LISTENER) {
		const struct listener_rules *lr = listener_rules(lo, (const struct tmg_listener *)(const void *)o);
		return lr != NULL && lr->live;
	}
	if (o->kind != TMG_K_ARRAY)
		return false;
	a = (const struct tmg_array *)(const void *)o;
	if (lo->asked == a)
		return lo->answer;
	lo->asked = a;
	lo->answer = false;
	for (const struct tmg_rule *r = a->rules; r != NULL && !lo->answer; r = tmg_next_rule(r))
		lo->answer = owner_live(lo, &r->o);
	return lo->answer;
}

static void
leftover_note(struct lower *lo, const struct tmg_leftover *l)
{
	bool live = owner_live(lo, l->owner);
	const char *times = l->times > 1 ? " (and more of them)" : "";
	const char *eq = l->value != NULL ? " = " : "", *value = l->value != NULL ? l->value : "";

	if (l->state == TMG_E_UNKNOWN) {
		bool array = l->owner != NULL && l->owner->kind == TMG_K_ARRAY;
		plan_note(lo->p, lo->t, live && !array ? D_UNKNOWN_ELEMENT : D_UNKNOWN_ELSEWHERE, l->owner, l->line,
		    "%s%s%s%s", l->path, eq, value, times);
	} else if (live)
		plan_note(lo->p, lo->t, l->severity == TMG_ERROR ? D_NOT_CONVERTIBLE : D_CONVENIENCE_LOST, l->owner,
		    l->line, "%s%s%s: %s", l->path, eq, value, l->why != NULL ? l->why : "");
}

/* The filter of a rule was judged with the rule (filter.c). That of a listener has no place. */
static bool
judged(const struct tmg_obj *o, const struct tmg_vendor *v)
{
	return o->kind == TMG_K_RULE && filter_of((const struct tmg_rule *)(const void *)o) == v;
}

static void
vendor_notes(struct lower *lo, const struct tmg_obj *o, const struct tmg_vendor *v)
{
	for (; v != NULL; v = v->next) {
		switch (v->kind) {
		case TMG_V_LINKS:
		case TMG_V_LINK_TYPES:
		case TMG_V_LINK_SETTINGS:
			if (o->kind != TMG_K_RULE) /* links.c says what becomes of it there */
				plan_note(lo->p, lo->t, D_LINK_TRANSLATION, o, v->line, NULL);
			break;
		case TMG_V_WIZARD: break;
		case TMG_V_HTTP_FILTER:
			if (v->broken || v->secret)
				plan_note(lo->p, lo->t, D_BROKEN_BLOB, o, v->line, "HTTP filter");
			else if (v->settings != NULL && !judged(o, v))
				plan_note(lo->p, lo->t, D_HTTP_FILTER, o, v->line,
				    "a filter beside that of the rule: %s", v->settings);
			break;
		default:
			if (v->values != NULL || v->broken || v->secret)
				plan_note(
				    lo->p, lo->t, D_NOT_CONVERTIBLE, o, v->line, "VendorParametersSet %s", v->guid);
			break;
		}
	}
}

static void
rule_notes(struct lower *lo, const struct prule *r)
{
	const struct tmg_rule *rule = rule_made(lo, r)->r;
	const struct tmg_web *w = rule->web;
	const struct manner *m = manner_of(lo, r);

	vendor_notes(lo, &rule->o, rule->terms->vendors);
	if (!m->forwards)
		return;
	if (w->client_cert_claim == 2)
		plan_note(lo->p, lo->t, D_CONVENIENCE_LOST, &rule->o, tmg_line(&rule->o, w->below),
		    "WebPublishingProperties/SSLClientCertificateClaim = 2: clients are not asked for a certificate "
		    "that they may show");
	if (m->needs_cert && rule->o.in->client_crl)
		plan_note(lo->p, lo->t, D_CLIENT_REVOCATION, &rule->o, 0, "listener \"%s\"", w->listener->o.name);
	if (!w->firewall_source && !lo->p->opt.o->transparent)
		plan_note(lo->p, lo->t, D_CLIENT_ADDRESS, &rule->o, 0, NULL);
	if (w->server_type != 0 && m->site_is_address)
		plan_note(lo->p, lo->t, D_SITE_IS_ADDRESS, &rule->o, tmg_site_line(rule), "%s", m->site);
	for (uint32_t i = rule_names(lo, r); i < rule_names_end(lo, r) && !m->server_is_address && m->farm == NULL;
	     i++) {
		const struct plan_host *n = &lo->pnames[i];
		if (n->kind == HOST_EXACT && strcmp(n->name, m->server) == 0)
			plan_note(lo->p, lo->t, D_LOOP_NAME, &rule->o, tmg_server_line(rule), "%s", m->server);
	}
}

static void
listener_notes(struct lower *lo)
{
	const struct tmg_listener *last = NULL;

	for (const struct plan_listener *l = lo->p->listeners; l != NULL; l = l->next) {
		if (l->l == last)
			continue;
		last = l->l;
		if (!owner_live(lo, &l->l->o))
			continue;
		vendor_notes(lo, &l->l->o, l->l->vendors);
	}
}

/* A listener that another input gave brings its losses along. */
static void
foreign_leftovers(struct lower *lo)
{
	const struct tmg_listener *last = NULL;

	for (const struct plan_listener *pl = lo->p->listeners; pl != NULL; pl = pl->next) {
		const struct tmg_input *in = pl->l->o.in->input;
		if (in == lo->p->in || pl->l == last)
			continue;
		last = pl->l;
		for (const struct tmg_leftover *l = in->leftovers; l != NULL; l = l->next) {
			if (l->owner == &pl->l->o)
				leftover_note(lo, l);
		}
	}
}

void
plan_losses(struct lower *lo)
{
	for (size_t i = 0; i < lo->p->rule_count; i++) {
		if (lo->p->rules[i].state == PLAN_LIVE)
			rule_notes(lo, &lo->rules[i]);
	}
	listener_notes(lo);
	for (const struct tmg_leftover *l = lo->p->in->leftovers; l != NULL; l = l->next)
		leftover_note(lo, l);
	foreign_leftovers(lo);
	lo->failed |= lo->mem->failed;
}
