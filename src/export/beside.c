/*
 * Which stretches of the files beside a configuration are the same for the next
 * target. Knows no file's format: whoever writes one says what depends on what.
 */
#include "export/beside.h"

/* How all live rules of the target are reached; NULL when that is not the same for all. */
static const char *
via_of_all(const struct plan *p, const struct writer *target)
{
	const char *all = NULL, *via;

	for (size_t i = 0; i < p->rule_count; i++) {
		if (p->rules[i].state != PLAN_LIVE)
			continue;
		via = target->via(p, &p->rules[i]);
		if (all != NULL && strcmp(all, via) != 0)
			return NULL;
		all = via;
	}
	return all != NULL ? all : "";
}

void
beside_begin(struct beside *b, const struct plan *p, const struct writer *target)
{
	const char *via = via_of_all(p, target);

	if (b->prefix == NULL)
		b->via = via;
	b->mixed = via == NULL || b->via == NULL || strcmp(via, b->via) != 0;
}

void
beside_end(struct beside *b, const char *prefix)
{
	if (b->prefix == NULL)
		b->prefix = prefix;
}

bool
beside_copy(struct beside *b, struct out *o, const char *file, struct out_stretch *x)
{
	struct strbuf rel;
	bool copied = false;

	if (b->prefix == NULL) {
		x->from = out_tell(o);
		return false;
	}
	sb_init(&rel, NULL);
	sb_puts(&rel, b->prefix);
	sb_puts(&rel, file);
	if (!rel.failed)
		copied = out_copy(o, rel.s, *x);
	sb_free(&rel);
	return copied;
}

void
beside_wrote(const struct beside *b, const struct out *o, struct out_stretch *x)
{
	if (b->prefix == NULL)
		x->to = out_tell(o);
}
