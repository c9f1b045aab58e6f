/*
 * The baseline: the findings that an earlier audit wrote as JSON. They are kept by
 * their fingerprints; the rest is for telling which of them are gone. Must not know
 * what a finding is about.
 */
#include <jansson.h>

#include "import/site.h"
#include "import/unread.h"

#define SCHEMA "tmgport-findings/1"
#define FINGERPRINT 32

static bool
collect(void *ctx, const char *s, size_t n)
{
	struct strbuf *text = ctx;

	sb_putn(text, s, n);
	return !text->failed;
}

static bool
is_fingerprint(const char *s)
{
	return s != NULL && strlen(s) == FINGERPRINT && strspn(s, "0123456789abcdef") == FINGERPRINT;
}

static const char *
text(struct site *s, const json_t *of, const char *key)
{
	const char *value = json_string_value(json_object_get(of, key));

	return value != NULL ? arena_str(&s->mem, value) : NULL;
}

static bool
enlist(struct site *s, struct hmap *map, const char *key, struct known_finding *k, bool here)
{
	void **slot = key != NULL ? hmap_slot(map, key, strlen(key), true) : NULL;
	struct known_list *list;

	if (slot == NULL)
		return false;
	if (*slot == NULL) {
		if ((list = arena_alloc(&s->mem, sizeof(*list))) == NULL)
			return false;
		list->last = &list->first;
		*slot = list;
	}
	list = *slot;
	*list->last = k;
	list->last = here ? &k->next_here : &k->next_same;
	return true;
}

static bool
add(struct site *s, const json_t *one)
{
	const json_t *object = json_object_get(one, "object");
	const char *severity = json_string_value(json_object_get(one, "severity"));
	json_int_t line = json_integer_value(json_object_get(one, "line"));
	struct known_finding *k = arena_alloc(&s->mem, sizeof(*k));

	if (k == NULL)
		return false;
	k->fingerprint = text(s, one, "fingerprint");
	k->id = text(s, one, "id");
	k->sentence = text(s, one, "sentence");
	k->detail = text(s, one, "detail");
	k->subject = text(s, one, "subject");
	k->file = text(s, one, "file");
	k->input = text(s, one, "input");
	k->kind = text(s, object, "kind");
	k->name = text(s, object, "name");
	k->guid = text(s, object, "guid");
	k->line = line > 0 && line <= UINT32_MAX ? (uint32_t)line : 0;
	k->severity = TMG_ERROR;
	for (int i = TMG_NOTE; severity != NULL && i < TMG_ERROR; i++)
		if (strcmp(severity, severity_name((enum tmg_severity)i)) == 0)
			k->severity = (enum tmg_severity)i;
	*s->last_baselined = k;
	s->last_baselined = &k->next;
	return !s->mem.failed && enlist(s, &s->known, k->fingerprint, k, false) &&
	    (k->input == NULL ||
		enlist(s, &s->known_here, arena_fmt(&s->mem, "%s\x1f%s", k->fingerprint, k->input), k, true));
}

static bool
any_given(const json_t *certificates)
{
	const json_t *one;
	size_t i;

	json_array_foreach(certificates, i, one)
	{
		if (json_is_string(json_object_get(one, "given")))
			return true;
	}
	return false;
}

/* Adds them all, or says what is wrong. */
static const char *
take(struct site *s, const json_t *top)
{
	const char *schema = json_string_value(json_object_get(top, "schema"));
	const json_t *list = json_object_get(top, "findings"), *summary = json_object_get(top, "summary"), *one;
	size_t i;

	if (schema == NULL || strcmp(schema, SCHEMA) != 0)
		return "it is JSON, and not of the schema " SCHEMA;
	if (!json_is_array(list))
		return "it holds no list of findings";
	json_array_foreach(list, i, one)
	{
		if (!is_fingerprint(json_string_value(json_object_get(one, "fingerprint"))))
			return "a finding has no fingerprint of 32 hexadecimal digits";
	}
	json_array_foreach(list, i, one)
	{
		if (!add(s, one))
			break;
	}
	s->known_topology = s->known_topology || json_is_true(json_object_get(summary, "topology"));
	s->known_logs = s->known_logs || json_is_true(json_object_get(summary, "logs"));
	s->known_certs = s->known_certs || any_given(json_object_get(top, "certificates"));
	return NULL;
}

static enum tmg_status
parse(struct site *s, const char *path, const struct strbuf *text)
{
	json_error_t e;
	json_t *top = json_loadb(text->s, text->len, JSON_REJECT_DUPLICATES, &e);
	const char *why;
	enum tmg_status rc = TMG_EINPUT;

	if (top == NULL && json_error_code(&e) == json_error_out_of_memory)
		return TMG_ENOMEM;
	if (top == NULL) {
		diag_file(&s->diags, D_BASELINE, path, e.line > 0 ? (uint32_t)e.line : 0, "%s", e.text);
	} else if ((why = take(s, top)) != NULL) {
		diag_file(&s->diags, D_BASELINE, path, 0, "%s", why);
	} else {
		s->baseline = true;
		rc = TMG_OK;
	}
	json_decref(top);
	return s->known.failed || s->known_here.failed || s->mem.failed || s->diags.failed ? TMG_ENOMEM : rc;
}

enum tmg_status
baseline_read(struct site *s, const char *path)
{
	struct input_source src = { .path = path };
	struct input_options opt = { .max_size = BASELINE_MAX_SIZE, .budget = &s->budget, .any = true };
	struct input_result res;
	struct strbuf text;
	enum tmg_status rc;

	sb_init(&text, &s->budget);
	input_pump(&src, &opt, collect, &text, &res);
	if (text.failed)
		rc = TMG_ENOMEM;
	else if (res.error != INPUT_OK)
		rc = unread(s, path, &res, D_BASELINE);
	else
		rc = parse(s, path, &text);
	sb_free(&text);
	return rc;
}
