/*
 * The comment that every generated block carries: which object of the export
 * it comes from. Safe in a "# ..." line of any target, and of no use in any
 * other place.
 */
#include "base/text.h"
#include "export/writer.h"
#include "model/diag.h"

#define BETWEEN 40 /* bytes that stand between the parts at most, and the number of the line */

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

static char *
add(char *to, const char *s, size_t n)
{
	memcpy(to, s, n);
	return to + n;
}

void
out_label(struct out *o, const struct tmg_obj *obj)
{
	char guid[TMG_GUID_SIZE];
	const char *name = obj_name(obj, guid);

	out_str(o, obj_kind(obj)); /* a word of this program, or of the element table */
	if (name == NULL)
		return;
	out_mem(o, " \"", 2);
	if (obj->plain)
		out_str(o, name);
	else
		out_safe(o, name, OBJ_NAME_SHOWN);
	out_mem(o, "\"", 1);
}

/* The comment of a rule whose name and GUID need no care, which is nearly every
 * comment: at once. false: there is no room now. */
static bool
put_plain_rule(struct out *o, const char *indent, const struct tmg_obj *obj)
{
	size_t indent_len = strlen(indent), name_len = strlen(obj->name);
	size_t guid_len = obj->guid_bytes ? TMG_GUID_SIZE : strlen(obj->guid.text);
	char *p = out_room(o, indent_len + name_len + guid_len + BETWEEN);

	if (p == NULL)
		return false;
	p = add(p, indent, indent_len);
	p = add(p, "# rule \"", 8);
	p = add(p, obj->name, name_len);
	p = add(p, "\" ", 2);
	if (obj->guid_bytes) {
		tmg_guid(obj, p);
		p += TMG_GUID_SIZE - 1;
	} else {
		p = add(p, obj->guid.text, guid_len);
	}
	if (obj->line != 0)
		p = out_digits(add(p, " line ", 6), obj->line);
	o->at = add(p, "\n", 1);
	return true;
}

void
out_comment_obj(struct out *o, const char *indent, const struct tmg_obj *obj)
{
	char buffer[TMG_GUID_SIZE];
	const char *guid;

	if (obj->plain && obj->kind == TMG_K_RULE && put_plain_rule(o, indent, obj))
		return;
	guid = tmg_guid(obj, buffer);
	out_str(o, indent);
	out_str(o, "# ");
	out_label(o, obj);
	if (guid[0] != '\0') {
		out_str(o, " ");
		out_safe(o, guid, OBJ_GUID_SHOWN);
	}
	if (obj->line != 0) {
		out_str(o, " line ");
		out_number(o, obj->line);
	}
	out_str(o, "\n");
}
