/*
 * Messages: the rows of the catalogues (diag.def, assumption.def) and the list
 * that a job collects. Text of an export gets into a message through
 * text_safe only. Knows neither XML nor any target, and prints nothing.
 */
#include "model/diag.h"

#include "base/text.h"
#include "model/model.h"

#define DETAIL_MAX 200

#define N TMG_NOTE
#define W TMG_WARNING
#define E TMG_ERROR
static const struct diag_row rows[D_COUNT] = {
#define D(sym, id, sev, sentence, help) [D_##sym] = { id, sentence, help, sev },
#include "model/diag.def"
#undef D
};
#undef N
#undef W
#undef E

const struct assumption assumptions[] = {
#define A(id, text, where) { id, text, where },
#include "model/assumption.def"
#undef A
};
const size_t assumption_count = ARRAY_LEN(assumptions);

const struct diag_row *
diag_row(enum diag_id id)
{
	return &rows[id];
}

int
diag_find(const char *id)
{
	int i;

	for (i = 0; i < D_COUNT; i++)
		if (str_eq(rows[i].id, id))
			return i;
	return -1;
}

/* Does the detail begin with this "Parent/Element", or with "any/Element"? */
static bool
detail_names(const char *text, const char *name)
{
	size_t len = strcspn(text, " ="), n = strlen(name);
	const char *slash = memchr(text, '/', len), *rest = slash != NULL ? slash + 1 : text;

	return (n == len && ascii_ncasecmp(text, name, n) == 0) ||
	    (n == len - (size_t)(rest - text) && ascii_ncasecmp(rest, name, n) == 0);
}

bool
tmg_accepts(const char *word, const char *id, const char *text)
{
	size_t n = strlen(id);

	if (strncmp(word, id, n) != 0)
		return false;
	return word[n] == '\0' || (word[n] == ':' && text != NULL && detail_names(text, word + n + 1));
}

const char *
severity_name(enum tmg_severity s)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[s];
}

const char *
obj_kind(const struct tmg_obj *o)
{
	static const char *const names[TMG_K_COUNT] = {
		[TMG_K_NONE] = "object",
		[TMG_K_ARRAY] = "array",
		[TMG_K_RULE] = "rule",
		[TMG_K_LISTENER] = "listener",
		[TMG_K_FARM] = "farm",
		[TMG_K_NETWORK] = "network",
		[TMG_K_NETWORK_SET] = "network set",
		[TMG_K_COMPUTER] = "computer",
		[TMG_K_SUBNET] = "subnet",
		[TMG_K_RANGE] = "address range",
		[TMG_K_COMPUTER_SET] = "computer set",
		[TMG_K_USER_SET] = "user set",
		[TMG_K_SCHEDULE] = "schedule",
		[TMG_K_VERIFIER] = "connectivity verifier",
	};

	if (o->kind == TMG_K_OTHER && o->cls != 0)
		return tmg_class_name(o);
	if (o->kind == TMG_K_ARRAY && strcmp(tmg_class_name(o), "Enterprise") == 0)
		return "enterprise";
	return o->kind < TMG_K_COUNT && names[o->kind] != NULL ? names[o->kind] : "object";
}

const char *
obj_name(const struct tmg_obj *o, char buffer[TMG_GUID_SIZE])
{
	const char *name = o->name != NULL && o->name[0] != '\0' ? o->name : tmg_guid(o, buffer);

	return name[0] != '\0' ? name : NULL;
}

bool
obj_is_plain(const struct tmg_obj *o)
{
	const char *guid = o->guid_bytes ? NULL : o->guid.text; /* digits and hyphens in braces are harmless */

	return o->name != NULL && o->name[0] != '\0' && text_safe_as_is(o->name, strlen(o->name), OBJ_NAME_SHOWN) &&
	    (o->guid_bytes || (guid != NULL && guid[0] != '\0' && text_safe_as_is(guid, strlen(guid), OBJ_GUID_SHOWN)));
}

void
obj_label(struct strbuf *b, const struct tmg_obj *o)
{
	char guid[TMG_GUID_SIZE];
	const char *name = obj_name(o, guid);

	text_safe(b, obj_kind(o), OBJ_KIND_SHOWN);
	if (name != NULL) {
		sb_puts(b, " \"");
		text_safe(b, name, OBJ_NAME_SHOWN);
		sb_putc(b, '"');
	}
}

static struct tmg_message *
add(struct diags *d, enum diag_id id, const char *file, uint32_t line)
{
	struct tmg_message *m = arena_alloc(d->mem, sizeof(*m));

	if (m == NULL) {
		d->failed = true;
		return NULL;
	}
	m->id = rows[id].id;
	m->severity = rows[id].severity;
	m->sentence = rows[id].sentence;
	m->file = file;
	m->line = line;
	*d->last = m;
	d->last = &m->next;
	d->count++;
	return m;
}

/* The detail, safe and shortened; NULL when it is empty. */
static const char *PRINTF_LIKE(2, 0) detail(struct diags *d, const char *fmt, va_list ap)
{
	struct strbuf raw, safe;
	const char *s = NULL;

	if (fmt == NULL || fmt[0] == '\0')
		return NULL;
	sb_init(&raw, d->mem->budget);
	sb_init(&safe, d->mem->budget);
	sb_vfmt(&raw, fmt, ap);
	text_safe(&safe, raw.s, DETAIL_MAX);
	if (raw.failed || safe.failed)
		d->failed = true;
	else if (safe.len > 0 && (s = arena_str(d->mem, safe.s)) == NULL)
		d->failed = true;
	sb_free(&raw);
	sb_free(&safe);
	return s;
}

void
diag_obj(struct diags *d, enum diag_id id, const struct tmg_obj *obj, uint32_t line, const char *fmt, ...)
{
	struct tmg_message *m;
	const char *file = NULL;
	struct strbuf label;
	va_list ap;

	if (obj != NULL && obj->in != NULL && obj->in->input != NULL)
		file = obj->in->input->file;
	else if (obj != NULL && obj->kind == TMG_K_ARRAY && ((const struct tmg_array *)obj)->input != NULL)
		file = ((const struct tmg_array *)obj)->input->file;
	if (obj != NULL && line == 0)
		line = obj->line;
	m = add(d, id, file, line);
	if (m == NULL)
		return;
	va_start(ap, fmt);
	m->detail = detail(d, fmt, ap);
	va_end(ap);
	if (obj != NULL) {
		sb_init(&label, d->mem->budget);
		obj_label(&label, obj);
		m->object = label.failed ? NULL : arena_str(d->mem, label.s);
		if (m->object == NULL)
			d->failed = true;
		sb_free(&label);
	}
}

void
diag_allowed(struct diags *d)
{
	struct tmg_message *m;

	if (d->count == 0)
		return;
	m = (struct tmg_message *)(void *)((char *)d->last - offsetof(struct tmg_message, next));
	m->severity = TMG_NOTE;
}

void
diag_file(struct diags *d, enum diag_id id, const char *file, uint32_t line, const char *fmt, ...)
{
	struct tmg_message *m = add(d, id, file, line);
	va_list ap;

	if (m == NULL)
		return;
	va_start(ap, fmt);
	m->detail = detail(d, fmt, ap);
	va_end(ap);
}
