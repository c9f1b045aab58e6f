/*
 * Checks of section B that look at the HTTP filter of a rule. filter_of is the one
 * place that knows where a rule keeps it.
 */
#include "audit/each.h"

/* Methods that clients of the web services use. */
static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS" };

/* Extensions of pages, services, address books, updates and plug-ins. */
static const char *const extensions[] = { ".svc", ".aspx", ".ashx", ".upx", ".cab", ".lsabs", ".dabs", ".exe", ".msi",
	".js", ".css", ".htm", ".html", ".png" };

/* The HTTP filter of a rule; NULL: it has none that can be read. Settings that the export
 * does not state hold what restricts nothing. */
static const struct tmg_http_filter *
filter_of(const struct view_rule *r, uint32_t *line)
{
	for (const struct tmg_vendor *x = r->rule->terms->vendors; x != NULL; x = x->next) {
		if (x->filter != NULL) {
			*line = x->line;
			return x->filter;
		}
	}
	return NULL;
}

#define EACH_RULE(v, r)                                                                      \
	for (const struct view_rule *r = (v)->rules; r != (v)->rules + (v)->rule_count; r++) \
		if (r->live && r->role != ROLE_NONE)

void
check_NORMALIZATION(struct view *v)
{
	const struct tmg_http_filter *f;
	uint32_t line;

	EACH_RULE(v, r)
	{
		if ((f = filter_of(r, &line)) == NULL || !f->verify_normalization)
			continue;
		found(v, CHECK_NORMALIZATION,
		    &(struct about){ .rule = r, .line = line, .cls = r->role == ROLE_WEB_APPS ? 'H' : 'L' },
		    r->role == ROLE_WEB_APPS ? "addresses of documents hold %%3A and %%2F, and are refused"
					     : "nothing that Lync clients send is known to suffer; Microsoft clears it "
					       "for Office Web Apps only");
	}
}

void
check_HIGH_BIT(struct view *v)
{
	const struct tmg_http_filter *f;
	uint32_t line;

	EACH_LYNC(v, r)
	{
		if ((f = filter_of(r, &line)) != NULL && !f->high_bit)
			found(v, CHECK_HIGH_BIT, &(struct about){ .rule = r, .line = line },
			    "URLs with bytes above 127 are refused");
	}
}

#define WEB_APPS_LENGTH 4096 /* bytes: the address of a document and its access token */

void
check_URL_LENGTH(struct view *v)
{
	const struct tmg_http_filter *f;
	uint32_t line;

	EACH_RULE(v, r)
	{
		bool url, query;

		if (r->role != ROLE_WEB_APPS || (f = filter_of(r, &line)) == NULL)
			continue;
		url = f->max_url > 0 && f->max_url < WEB_APPS_LENGTH;
		query = f->max_query > 0 && f->max_query < WEB_APPS_LENGTH;
		if (url || query)
			found(v, CHECK_URL_LENGTH, &(struct about){ .rule = r, .line = line },
			    "at most %lld bytes of %s", (long long)(url ? f->max_url : f->max_query),
			    url ? "URL" : "query");
	}
}

#define LARGEST_UPLOAD 500000000 /* bytes: 500 MB, what a meeting takes unless it is set otherwise */

void
check_BODY_LENGTH(struct view *v)
{
	const struct tmg_http_filter *f;
	uint32_t line;

	EACH_LYNC(v, r)
	{
		if ((f = filter_of(r, &line)) != NULL && f->max_body > 0 && f->max_body < LARGEST_UPLOAD)
			found(v, CHECK_BODY_LENGTH, &(struct about){ .rule = r, .line = line }, "at most %lld bytes",
			    (long long)f->max_body);
	}
}

static bool
has_text(const struct tmg_text *list, const char *s)
{
	for (; list != NULL; list = list->next)
		if (ascii_casecmp(list->s, s) == 0)
			return true;
	return false;
}

static void
add(struct strbuf *b, const char *what, const char *arg, size_t more)
{
	sb_fmt(b, "%s%s", b->len != 0 ? "; " : "", what);
	if (arg != NULL)
		sb_fmt(b, " %s", *arg != '\0' ? arg : "(unnamed)");
	if (more > 0)
		sb_fmt(b, " and %zu more", more);
}

/* Methods and extensions of the clients that the filter refuses. */
static void
describe_lists(const struct tmg_http_filter *f, struct strbuf *b)
{
	for (size_t i = 0, n = 0; i < ARRAY_LEN(methods) && f->verb_condition != TMG_FC_ALL; i++)
		if (has_text(f->verbs, methods[i]) == (f->verb_condition == TMG_FC_BLOCK_LISTED))
			sb_fmt(b, "%s%s", n++ == 0 ? "methods refused: " : ", ", methods[i]);
	if (f->extension_condition == TMG_FC_ONLY_LISTED)
		add(b, "only listed extensions are let through, services have paths without", NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(extensions) && f->extension_condition == TMG_FC_BLOCK_LISTED; i++)
		if (has_text(f->extensions, extensions[i]) || has_text(f->extensions, extensions[i] + 1))
			add(b, "extension refused:", extensions[i], 0);
}

static void
describe_refused(const struct tmg_http_filter *f, struct strbuf *b)
{
	const char *signature = NULL, *header = NULL;
	size_t signatures = 0, headers = 0;

	for (const struct tmg_filter_signature *s = f->signatures; s != NULL; s = s->next)
		if (s->enabled && signatures++ == 0)
			signature = s->name;
	for (const struct tmg_filter_header *h = f->headers; h != NULL; h = h->next)
		if ((!h->allow || h->max_value > 0) && headers++ == 0)
			header = h->name;
	describe_lists(f, b);
	if (f->block_dot_in_path)
		add(b, "paths with a dot before the last part refused, as in service.svc/mex", NULL, 0);
	if (f->block_executables)
		add(b, "Windows executables refused", NULL, 0);
	if (signatures > 0)
		add(b, "signature refused:", signature, signatures - 1);
	if (headers > 0)
		add(b, "header refused or limited:", header, headers - 1);
}

void
check_FILTER(struct view *v)
{
	const struct tmg_http_filter *f;
	struct strbuf b;
	uint32_t line;

	sb_init(&b, v->a->budget);
	EACH_LYNC(v, r)
	{
		sb_clear(&b);
		if ((f = filter_of(r, &line)) == NULL)
			continue;
		describe_refused(f, &b);
		if (b.len != 0)
			found(v, CHECK_FILTER, &(struct about){ .rule = r, .line = line }, "%s", b.s);
	}
	v->failed = v->failed || b.failed;
	sb_free(&b);
}
