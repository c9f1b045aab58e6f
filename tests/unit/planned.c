/*
 * Plans of small exports for tests. Must not know what is tested.
 */
#include "planned.h"

#include "unit.h"

void
plan_list(struct planned *x, const char *const *xml)
{
	x->po.o = &x->co;
	x->po.cert_dir = "/c";
	x->po.ca_file = "/c/ca.pem";
	x->po.runtime_dir = "/r";
	x->t = export_job(NULL, xml);
	CU_ASSERT_FATAL(plan_make(x->t, x->t->inputs, &x->po, &x->p) == TMG_OK);
}

/* `x->co` is set by the caller beforehand. */
void
plan_xml(struct planned *x, const char *xml)
{
	const char *const list[] = { xml, NULL };

	plan_list(x, list);
}

void
plan_done(struct planned *x)
{
	plan_free(&x->p);
	tmg_free(x->t);
	memset(x, 0, sizeof(*x));
}

const struct plan_rule *
planned_rule(const struct planned *x, const char *name)
{
	for (size_t i = 0; i < x->p.rule_count; i++) {
		if (strcmp(x->p.rules[i].r->o.name, name) == 0)
			return &x->p.rules[i];
	}
	CU_FAIL_FATAL("no such rule");
	return NULL;
}

const struct plan_note *
loss(const struct planned *x, enum diag_id id)
{
	const struct plan_note *n = x->p.losses;

	while (n != NULL && n->id != id)
		n = n->next;
	return n;
}

bool
has_reason(const struct planned *x, const struct plan_rule *r, enum diag_id id)
{
	for (const struct plan_note *n = plan_reasons_of(&x->p, r); n != NULL; n = n->next) {
		if (n->id == id)
			return true;
	}
	return false;
}

struct plan_table
first_table(const struct planned *x)
{
	CU_ASSERT_FATAL(x->p.endpoints != NULL && x->p.endpoints->site_count > 0);
	return plan_site(x->p.endpoints, 0).table;
}

bool
forwards(const struct planned *x)
{
	for (uint32_t id = 1; id <= x->p.routes.count; id++) {
		if (plan_route(&x->p, id).deed->action == PLAN_FORWARD)
			return true;
	}
	return false;
}
