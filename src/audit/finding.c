/*
 * Findings: the catalogue's rows, and how a check says what it found. Fingerprints
 * are made of the id, the object and the subject, never of lines or details.
 */
#include "audit/audit.h"

#include <stdarg.h>

static const struct check_row rows[] = {
#define C(sym, ref, id, cls, sentence, symptom, fix, converted, source) \
	{ ref, id, (#cls)[0], sentence, symptom, fix, converted, source, check_##sym },
#define U(ref, title, reason)
#include "audit/check.def"
#undef C
#undef U
};

const struct undecided_row undecided_rows[] = {
#define C(sym, ref, id, cls, sentence, symptom, fix, converted, source)
#define U(ref, title, reason) { ref, title, reason },
#include "audit/check.def"
#undef C
#undef U
	{ NULL, NULL, NULL },
};
const size_t undecided_count = ARRAY_LEN(undecided_rows) - 1;

const struct check_row *
check_row(enum check_id id)
{
	return &rows[id];
}

int
check_find(const char *word)
{
	for (int i = 0; i < CHECK_COUNT; i++)
		if (ascii_casecmp(rows[i].id, word) == 0 || ascii_casecmp(rows[i].ref, word) == 0)
			return i;
	return -1;
}

enum tmg_severity
check_severity(char cls)
{
	return cls == 'C' || cls == 'H' ? TMG_ERROR : cls == 'M' ? TMG_WARNING : TMG_NOTE;
}

/* ---- fingerprints ---------------------------------------------------------- */

/* FNV-1a over fields with a separator, twice with different beginnings: 128 bits that
 * tell findings apart. Nothing rests on it being hard to forge. */
static uint64_t
mix(uint64_t h, const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		h = (h ^ (uint8_t)ascii_lower(*s)) * UINT64_C(0x100000001b3);
	return (h ^ 0xff) * UINT64_C(0x100000001b3);
}

static void
fingerprint(struct tmg_finding *f)
{
	uint64_t a = UINT64_C(0xcbf29ce484222325), b = UINT64_C(0x84222325cbf29ce4);
	const char *object = f->guid != NULL && f->guid[0] != '\0' ? f->guid : f->name;
	const char *const parts[] = { f->id, f->kind, object, f->subject };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		a = mix(a, parts[i]);
		b = mix(b ^ a, parts[i]);
	}
	snprintf(
	    f->fingerprint, sizeof(f->fingerprint), "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
}

/* ---- what it is about ------------------------------------------------------------------- */

static bool
is_allowed(const struct tmg_audit *a, const struct check_row *row)
{
	for (size_t i = 0; i < a->opt.allow_count; i++)
		if (ascii_casecmp(a->opt.allow[i], row->id) == 0 || ascii_casecmp(a->opt.allow[i], row->ref) == 0)
			return true;
	return false;
}

static const char *
kind_word(const struct tmg_obj *o)
{
	switch (o->kind) {
	case TMG_K_RULE: return "rule";
	case TMG_K_LISTENER: return "listener";
	case TMG_K_FARM: return "farm";
	case TMG_K_NETWORK: return "network";
	case TMG_K_SCHEDULE: return "schedule";
	case TMG_K_USER_SET: return "user set";
	default: return "object";
	}
}

static void
place(struct view *v, struct tmg_finding *f, const struct about *about)
{
	struct arena *mem = &v->a->mem;
	const struct tmg_obj *o = about->obj;
	char buffer[TMG_GUID_SIZE];
	const char *guid;

	f->guess = about->guess;
	if (about->rule != NULL) {
		o = &about->rule->rule->o;
		f->guess = f->guess || about->rule->guess;
	} else if (about->listener != NULL) {
		o = &about->listener->listener->o;
		f->guess = f->guess || about->listener->guess;
	}
	if (o != NULL) {
		f->kind = kind_word(o);
		f->name = arena_str(mem, o->name);
		guid = tmg_guid(o, buffer);
		f->guid = guid[0] != '\0' ? arena_str(mem, guid) : NULL;
		f->line = o->line;
		f->file = o->in != NULL && o->in->input != NULL ? arena_str(mem, o->in->input->file) : NULL;
	} else if (about->pool != NULL) {
		f->kind = "pool";
		f->name = about->pool->fqdn;
		f->file = about->pool->file;
		f->line = about->pool->line;
	} else if (about->name != NULL) {
		f->kind = "name";
		f->name = arena_str(mem, about->name);
	}
	if (about->file != NULL)
		f->file = arena_str(mem, about->file);
	if (about->line != 0)
		f->line = about->line;
	if (about->subject != NULL)
		f->subject = arena_str(mem, about->subject);
}

/* ---- marks: which findings belong to what -------------------------------------- */

/* Of one id the first is enough: lists stay as short as the catalogue. */
static void
mark(struct view *v, struct view_mark **list, const struct tmg_finding *f)
{
	struct view_mark *m;

	for (m = *list; m != NULL; m = m->next)
		if (m->id == f->id)
			return;
	if ((m = arena_alloc(v->mem, sizeof(*m))) == NULL) {
		v->failed = true;
		return;
	}
	m->id = f->id;
	m->seq = v->mark_count++;
	m->last = m;
	if (*list == NULL) {
		*list = m;
	} else {
		(*list)->last->next = m;
		(*list)->last = m;
	}
}

static void
mark_key(struct view *v, struct hmap *map, const char *key, const struct tmg_finding *f)
{
	void **slot = key == NULL ? NULL : hmap_slot(map, key, strlen(key), true);
	struct view_mark *list;

	if (slot == NULL) {
		v->failed = true;
		return;
	}
	list = *slot;
	mark(v, &list, f);
	*slot = list;
}

/* What is found of one name of a rule is not felt at the others. */
static void
mark_rule(struct view *v, struct view_rule *r, const struct tmg_finding *f)
{
	if (f->subject == NULL || f->subject[0] == '/')
		mark_key(v, &v->name_marks, arena_fmt(v->mem, "%u", r->index), f);
	else
		mark_key(v, &v->name_marks, arena_fmt(v->mem, "%u %s", r->index, f->subject), f);
}

/* What is wrong with a listener is felt at every Lync rule that uses it. */
static void
mark_rules(struct view *v, const struct view_listener *l, const struct tmg_finding *f)
{
	for (size_t i = 0; i < l->rule_count; i++) {
		struct view_rule *r = l->rules[i];

		if (!r->live || r->role == ROLE_NONE || f->severity == TMG_NOTE)
			continue;
		mark_rule(v, r, f);
		if ((int)f->severity > r->worst)
			r->worst = (int16_t)f->severity;
	}
}

static void
mark_all(struct view *v, const struct about *about, const struct tmg_finding *f)
{
	struct view_rule *r = about->rule != NULL ? &v->rules[about->rule->index] : NULL;

	if (r != NULL) {
		mark_rule(v, r, f);
		if (!f->known && (int)f->severity > r->worst)
			r->worst = (int16_t)f->severity;
	} else if (about->listener != NULL) {
		mark_rules(v, about->listener, f);
	} else if (about->pool != NULL) {
		mark_key(v, &v->marks, about->pool->fqdn, f);
	} else if (about->name != NULL) {
		mark_key(v, &v->marks, f->name, f);
	}
}

void
finding_complete(struct tmg_audit *a, struct tmg_finding *f, const struct check_row *row)
{
	f->id = row->id;
	f->ref = row->ref;
	f->sentence = row->sentence;
	f->symptom = row->symptom;
	f->fix = row->fix;
	fingerprint(f);
	f->known = hmap_get(&a->site.known, f->fingerprint) != NULL;
}

void
found(struct view *v, enum check_id id, const struct about *about, const char *fmt, ...)
{
	const struct check_row *row = check_row(id);
	struct tmg_audit *a = v->a;
	struct tmg_finding *f = arena_alloc(&a->mem, sizeof(*f));
	struct strbuf b;
	va_list ap;

	if (f == NULL) {
		v->failed = true;
		return;
	}
	f->input = a->input;
	f->severity = is_allowed(a, row) ? TMG_NOTE : check_severity(about->cls != 0 ? about->cls : row->cls);
	place(v, f, about);
	if (fmt != NULL) {
		sb_init(&b, a->budget);
		va_start(ap, fmt);
		sb_vfmt(&b, fmt, ap);
		va_end(ap);
		f->detail = b.failed ? NULL : arena_str(&a->mem, b.s);
		v->failed = v->failed || b.failed;
		sb_free(&b);
	}
	finding_complete(a, f, row);
	*a->last_finding = f;
	a->last_finding = &f->next;
	mark_all(v, about, f);
	mend(v, id, about, f);
	v->failed = v->failed || a->mem.failed;
}

const char *
audit_fmt(struct view *v, const char *fmt, ...)
{
	struct strbuf b;
	const char *s;
	va_list ap;

	sb_init(&b, v->a->budget);
	va_start(ap, fmt);
	sb_vfmt(&b, fmt, ap);
	va_end(ap);
	s = b.failed ? NULL : arena_str(&v->a->mem, b.s);
	sb_free(&b);
	if (s == NULL)
		v->failed = true;
	return s != NULL ? s : "";
}

const char *
audit_bridging(struct view *v, const struct view_rule *r)
{
	const struct tmg_listener *l = r->via->listener;
	const char *tls = "", *plain = "";

	if (l == NULL || r->rule->web->server_type < 0 || r->rule->web->server_type > 2)
		return "";
	if (r->via->tls_in)
		tls = audit_fmt(
		    v, "HTTPS %d to %s %d", l->https_port, r->via->tls_to_tls ? "HTTPS" : "HTTP", r->via->tls_to_port);
	if (r->via->plain_in)
		plain = audit_fmt(v, "HTTP %d to %s %d", l->http_port, r->via->plain_to_tls ? "HTTPS" : "HTTP",
		    r->via->plain_to_port);
	return audit_fmt(v, "%s%s%s", tls, *tls != '\0' && *plain != '\0' ? ", " : "", plain);
}

const char *
audit_server(struct view *v, const struct view_rule *r)
{
	const struct tmg_web *w = r->rule->web;

	if (w->lb_enabled && w->farm != NULL && w->farm->to != NULL)
		return audit_fmt(v, "farm %s", w->farm->to->name);
	return w->server != NULL ? w->server : w->site != NULL ? w->site : "";
}
