/*
 * The comment that every generated block carries: which object of the export
 * it comes from. Safe in a "# ..." line of any target, and of no use in any
 * other place.
 */
#include "base/text.h"
#include "export/writer.h"
#include "model/diag.h"

void
out_comment_obj(struct out *o, const char *indent, const struct tmg_obj *obj)
{
	struct strbuf b;

	sb_init(&b, NULL);
	obj_label(&b, obj);
	if (obj->guid != NULL && obj->guid[0] != '\0') {
		sb_putc(&b, ' ');
		text_safe(&b, obj->guid, 60);
	}
	/* Without memory no comment: the file fails as a whole soon enough. */
	if (!b.failed) {
		out_str(o, indent);
		out_str(o, "# ");
		out_mem(o, b.s, b.len);
		if (obj->line != 0) {
			out_str(o, " line ");
			out_number(o, obj->line);
		}
		out_str(o, "\n");
	}
	sb_free(&b);
}
