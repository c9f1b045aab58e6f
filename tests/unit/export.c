/*
 * Small exports for tests. Must not know what is tested.
 */
#include "export.h"

#include "unit.h"

enum tmg_status
export_add(struct tmg *t, const char *name, const char *xml)
{
	return tmg_add_memory(t, name, xml, strlen(xml));
}

struct tmg *
export_job(const struct tmg_options *opt, const char *const *xml)
{
	struct tmg *t = tmg_new(opt);
	char name[] = "a.xml";

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (; *xml != NULL; xml++, name[0]++) {
		if (export_add(t, name, *xml) != TMG_OK) {
			const struct tmg_message *m = tmg_messages(t);
			fprintf(stderr, "%s: %s: %s\n", name, m != NULL ? m->sentence : "-",
			    m != NULL && m->detail != NULL ? m->detail : "-");
			CU_FAIL_FATAL("the export is not read");
		}
	}
	CU_ASSERT_FATAL(tmg_resolve(t) == TMG_OK);
	return t;
}

struct tmg *
export_read(const char *xml)
{
	const char *const list[] = { xml, NULL };

	return export_job(NULL, list);
}

const struct tmg_message *
message_find(struct tmg *t, const char *id, const char *part)
{
	const struct tmg_message *m;

	CU_ASSERT_FATAL(diag_find(id) >= 0); /* a misspelt id would never be found */
	for (m = tmg_messages(t); m != NULL; m = m->next) {
		if (strcmp(m->id, id) == 0 && (part == NULL || (m->detail != NULL && strstr(m->detail, part) != NULL)))
			break;
	}
	return m;
}

size_t
message_count(struct tmg *t, const char *id)
{
	size_t n = 0;

	CU_ASSERT_FATAL(diag_find(id) >= 0);
	for (const struct tmg_message *m = tmg_messages(t); m != NULL; m = m->next)
		n += strcmp(m->id, id) == 0;
	return n;
}

const struct tmg_rule *
rule_find(const struct tmg *t, const char *name)
{
	for (const struct tmg_input *in = tmg_inputs(t); in != NULL; in = in->next) {
		for (const struct tmg_array *a = in->arrays; a != NULL; a = a->next) {
			for (const struct tmg_rule *r = a->rules; r != NULL; r = tmg_next_rule(r)) {
				if (strcmp(r->o.name, name) == 0)
					return r;
			}
		}
	}
	return NULL;
}

const struct tmg_obj *
object_find(const struct tmg *t, enum tmg_kind kind, const char *name)
{
	for (const struct tmg_input *in = tmg_inputs(t); in != NULL; in = in->next) {
		for (const struct tmg_array *a = in->arrays; a != NULL; a = a->next) {
			for (const struct tmg_obj *o = a->first[kind]; o != NULL; o = o->next) {
				if (strcmp(o->name, name) == 0)
					return o;
			}
		}
	}
	return NULL;
}

const struct tmg_leftover *
leftover_find(const struct tmg_input *in, const char *path)
{
	for (const struct tmg_leftover *l = in->leftovers; l != NULL; l = l->next) {
		if (strcmp(l->path, path) == 0)
			return l;
	}
	return NULL;
}
