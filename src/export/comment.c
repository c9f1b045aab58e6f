/*
 * The comment that every generated block carries: which object of the export
 * it comes from. Safe in a "# ..." line of any target, and of no use in any
 * other place.
 */
#include "base/text.h"
#include "export/writer.h"
#include "model/diag.h"

void
out_safe(struct out *o, const char *s, size_t max)
{
	size_t n = strlen(s);
	struct strbuf b;

	if (text_safe_as_is(s, n, max)) {
		out_mem(o, s, n);
		return;
	}
	sb_init(&b, NULL);
	text_safe(&b, s, max);
	out_mem(o, b.s, b.len); /* without memory less of it: the file fails as a whole soon enough */
	sb_free(&b);
}

void
out_label(struct out *o, const struct tmg_obj *obj)
{
	const char *name = obj_name(obj);

	out_safe(o, obj_kind(obj), OBJ_KIND_SHOWN);
	if (name == NULL)
		return;
	out_str(o, " \"");
	out_safe(o, name, OBJ_NAME_SHOWN);
	out_str(o, "\"");
}

void
out_comment_obj(struct out *o, const char *indent, const struct tmg_obj *obj)
{
	out_str(o, indent);
	out_str(o, "# ");
	out_label(o, obj);
	if (obj->guid != NULL && obj->guid[0] != '\0') {
		out_str(o, " ");
		out_safe(o, obj->guid, 60);
	}
	if (obj->line != 0) {
		out_str(o, " line ");
		out_number(o, obj->line);
	}
	out_str(o, "\n");
}
