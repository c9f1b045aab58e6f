/*
 * What objects are called: GUID, name and description, and the public names of
 * rules. Must not know what else a record holds, nor any XML library.
 */
#include "import/read.h"
#include "model/guid.h"

#define NAMES_KEPT (64u << 10) /* bytes of buffers that the next rule finds */

struct tmg_obj *
object_init(struct reader *r, struct tmg_obj *o, enum tmg_kind kind, const struct attrs *at)
{
	enum guid_letters letters;

	if (o == NULL)
		return NULL;
	letters = guid_bytes(at->storage, at->storage_len, o->guid.bytes);
	o->guid_bytes = letters == GUID_UPPER || letters == GUID_LOWER;
	o->guid_lower = letters == GUID_LOWER;
	if (!o->guid_bytes)
		o->guid.text = at->storage_len != 0 ? reader_text(r, at->storage, at->storage_len) : NULL;
	o->kind = (uint8_t)kind;
	o->line = at->line;
	o->in = r->array;
	o->cls = class_number(at->row->name);
	return o;
}

/* The name of an object with its description, if it has one, behind it. */
static void
set_name(struct reader *r, struct tmg_obj *o, const char *s, size_t len, const char *description)
{
	size_t n = description != NULL ? strlen(description) + 1 : 0;
	char *p;

	if (n == 0) {
		o->name = brief_text(r, s, len);
		return;
	}
	if ((p = brief_alloc(r, len + 1 + n)) == NULL)
		return;
	memcpy(p, s, len);
	memcpy(p + len + 1, description, n);
	o->name = p;
	o->described = true;
}

void
object_end(struct reader *r, struct tmg_obj *o)
{
	char buffer[TMG_GUID_SIZE];
	const char *guid;

	if (o->named)
		return;
	guid = tmg_guid(o, buffer);
	set_name(r, o, guid, strlen(guid), tmg_description(o));
}

bool
text_name(struct reader *r, void *rec, const char *s, size_t len)
{
	struct tmg_obj *o = rec;

	if (len == 0)
		return true;
	set_name(r, o, s, len, tmg_description(o));
	o->named = true;
	o->plain = obj_is_plain(o);
	return true;
}

/* Either may come first. */
bool
text_description(struct reader *r, void *rec, const char *s, size_t len)
{
	struct tmg_obj *o = rec;
	const char *name = o->name != NULL ? o->name : "";

	(void)len;
	set_name(r, o, name, strlen(name), s);
	return true;
}

bool
text_public_name(struct reader *r, void *rec, const char *s, size_t len)
{
	(void)rec;
	(void)len;
	names_put(&r->names_read, s, reader_line(r));
	return true;
}

void
rule_named(struct reader *r, struct tmg_rule *rule)
{
	const char *description = tmg_description(&rule->o);
	size_t name = strlen(rule->o.name) + 1, more = description != NULL ? strlen(description) + 1 : 0;
	struct strbuf *names = &r->names_read.text;
	char *p = names->failed ? NULL : arena_room(r->mem, name + more + names->len + 1);

	if (p == NULL) {
		reader_oom(r);
		return;
	}
	memcpy(p, rule->o.name, name + more); /* a description stands behind the name as it is */
	memcpy(p + name + more, names->s, names->len + 1);
	rule->o.name = p;
	if (names->cap > NAMES_KEPT)
		sb_free(names);
}
