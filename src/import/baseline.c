/*
 * The baseline: the findings that an earlier audit wrote as JSON. Only their
 * fingerprints are kept. Must not know what a finding is about.
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

/* Adds them all, or says what is wrong. */
static const char *
take(struct site *s, const json_t *top)
{
	const char *schema = json_string_value(json_object_get(top, "schema"));
	const json_t *list = json_object_get(top, "findings"), *one;
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
		const char *key = arena_str(&s->mem, json_string_value(json_object_get(one, "fingerprint")));

		if (key == NULL || !hmap_put(&s->known, key, s))
			break;
	}
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
		return unread_memory(s, path);
	if (top == NULL) {
		diag_file(&s->diags, D_BASELINE, path, e.line > 0 ? (uint32_t)e.line : 0, "%s", e.text);
	} else if ((why = take(s, top)) != NULL) {
		diag_file(&s->diags, D_BASELINE, path, 0, "%s", why);
	} else {
		s->baseline = true;
		rc = TMG_OK;
	}
	json_decref(top);
	return s->known.failed || s->mem.failed || s->diags.failed ? TMG_ENOMEM : rc;
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
		rc = unread_memory(s, path);
	else if (res.error != INPUT_OK)
		rc = unread(s, path, &res, D_BASELINE);
	else
		rc = parse(s, path, &text);
	sb_free(&text);
	return rc;
}
