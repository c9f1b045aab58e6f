/*
 * What an HTTP filter restricts, setting by setting. See filter.h.
 */
#include "model/filter.h"

#include "base/text.h"

#define LISTED_MAX 60 /* bytes of a list that are shown */

struct telling {
	struct strbuf *b;
	void (*fn)(void *ctx, const struct filter_setting *s);
	void *ctx;
};

static void
tell(struct telling *t, enum filter_group group, const void *item)
{
	struct filter_setting s = { group, t->b->s, item };

	t->fn(t->ctx, &s);
	sb_clear(t->b);
}

static void
tell_list(struct telling *t, enum filter_group group, const char *element, int condition, const struct tmg_text *list)
{
	const struct tmg_text *x;
	size_t start;

	if (condition == TMG_FC_ALL)
		return;
	sb_fmt(
	    t->b, "%s/AllowCondition = %d (%s", element, condition, condition == TMG_FC_ONLY_LISTED ? "only" : "not");
	start = t->b->len;
	for (x = list; x != NULL && t->b->len - start < LISTED_MAX; x = x->next) {
		sb_putc(t->b, ' ');
		text_safe(t->b, x->s, 20);
	}
	sb_puts(t->b, x != NULL ? " ...)" : list == NULL ? " those of an empty list)" : ")");
	if (condition == TMG_FC_ONLY_LISTED || list != NULL)
		tell(t, group, NULL);
	else
		sb_clear(t->b);
}

static void
tell_limit(struct telling *t, enum filter_group group, const char *name, int64_t n, bool restricts)
{
	if (!restricts)
		return;
	sb_fmt(t->b, "%s = %lld", name, (long long)n);
	tell(t, group, NULL);
}

static void
tell_flag(struct telling *t, enum filter_group group, const char *name, int value, bool restricts)
{
	if (!restricts)
		return;
	sb_fmt(t->b, "%s = %d", name, value);
	tell(t, group, NULL);
}

static void
tell_headers(struct telling *t, const struct tmg_http_filter *f)
{
	for (const struct tmg_filter_header *h = f->headers; h != NULL; h = h->next) {
		const char *element = h->response ? "ResponseHeader" : "RequestHeader";

		if (h->allow && h->max_value <= 0)
			continue;
		sb_fmt(t->b, "%s ", element);
		text_safe(t->b, h->name[0] != '\0' ? h->name : "(without a name)", 60);
		if (!h->allow)
			sb_puts(t->b, h->allow_stated ? ": Allow = 0" : ": Allow = (absent)");
		else
			sb_fmt(t->b, ": MaxValueLength = %lld", (long long)h->max_value);
		tell(t, h->response ? FG_RESPONSE : h->allow ? FG_HEADER_LENGTH : FG_HEADER, h);
	}
}

static void
tell_signatures(struct telling *t, const struct tmg_http_filter *f)
{
	static const char *const places[] = { "URL", "request header", "request body", "header of the answer",
		"body of the answer" };
	static const enum filter_group groups[] = { FG_URL_SIGNATURE, FG_HEADER_SIGNATURE, FG_BODY_SIGNATURE,
		FG_BODY_SIGNATURE, FG_BODY_SIGNATURE };

	for (const struct tmg_filter_signature *s = f->signatures; s != NULL; s = s->next) {
		bool known = s->where >= 0 && s->where < (int)ARRAY_LEN(places);

		if (!s->enabled)
			continue;
		sb_puts(t->b, "Signature \"");
		text_safe(t->b, s->name, 60);
		sb_fmt(t->b, "\": %s", s->enabled_stated ? "Enabled = 1" : "Enabled = (absent)");
		sb_fmt(t->b, ", in %s", known ? places[s->where] : "a place that is not known");
		if (s->header[0] != '\0') {
			sb_putc(t->b, ' ');
			text_safe(t->b, s->header, 40);
		}
		tell(t, known ? groups[s->where] : FG_UNKNOWN, s);
	}
}

void
filter_each(
    const struct tmg_http_filter *f, struct strbuf *b, void (*fn)(void *ctx, const struct filter_setting *s), void *ctx)
{
	struct telling t = { b, fn, ctx };

	sb_clear(b);
	tell_flag(&t, FG_EXECUTABLES, "Configuration/BlockExecutables", 1, f->block_executables);
	tell_flag(&t, FG_VIA, "Configuration/ViaHeaderAction", f->via_header, f->via_header != 0);
	tell_flag(&t, FG_SERVER, "Configuration/ServerHeaderAction", f->server_header, f->server_header != 0);
	tell_limit(&t, FG_BODY_LENGTH, "Configuration/MaxRequestBodyLen", f->max_body, f->max_body > 0);
	tell_flag(&t, FG_NORMALIZATION, "UrlValidation/VerifyNormalization", 1, f->verify_normalization);
	tell_flag(&t, FG_HIGH_BIT, "UrlValidation/AllowHighBitCharacters", 0, !f->high_bit);
	tell_flag(&t, FG_AMBIGUOUS, "UrlValidation/BlockDotInPath", 1, f->block_dot_in_path);
	tell_limit(&t, FG_URL_LENGTH, "UrlValidation/MaxLength", f->max_url,
	    f->max_url > 0 && f->max_url < FILTER_DEFAULT_LENGTH);
	tell_limit(&t, FG_URL_LENGTH, "UrlValidation/MaxQueryLength", f->max_query,
	    f->max_query > 0 && f->max_query < FILTER_DEFAULT_LENGTH);
	tell_list(&t, FG_EXTENSIONS, "Extensions", f->extension_condition, f->extensions);
	tell_list(&t, FG_METHODS, "Verbs", f->verb_condition, f->verbs);
	tell_headers(&t, f);
	tell_signatures(&t, f);
	for (const struct tmg_text *x = f->unknown; x != NULL; x = x->next) {
		sb_puts(b, x->s);
		tell(&t, FG_UNKNOWN, NULL);
	}
}

const struct tmg_vendor *
filter_of(const struct tmg_rule *r)
{
	for (const struct tmg_vendor *v = r->terms->vendors; v != NULL; v = v->next) {
		if (v->kind == TMG_V_HTTP_FILTER && v->filter != NULL)
			return v;
	}
	return NULL;
}
