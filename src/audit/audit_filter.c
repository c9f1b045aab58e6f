/*
 * Checks of section B that look at the HTTP filter of a rule. filter_of is the one
 * place that knows how the filter's settings come: as the XML text of its vendor
 * parameter set, which the reader has found to be well-formed and without a DTD.
 */
#include "audit/each.h"

/* ---- the settings ------------------------------------------------------------------- */

/* Methods that clients of the web services use. */
static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS" };
#define ALL_METHODS ((1u << ARRAY_LEN(methods)) - 1)

/* Extensions of pages, services, address books, updates and plug-ins. */
static const char *const extensions[] = { ".svc", ".aspx", ".ashx", ".upx", ".cab", ".lsabs", ".dabs", ".exe", ".msi",
	".js", ".css", ".htm", ".html", ".png" };

struct filter {
	uint32_t line;
	bool there, verify, no_high_bit, dots, executables;
	int64_t max_url, max_query, max_body;      /* 0: any */
	int method_condition, extension_condition; /* 0 all, 1 only those listed, 2 all but those listed */
	unsigned methods;                          /* listed, by bit */
	const char *extension;                     /* first listed of those above, in the view's memory */
	const char *signature;                     /* first that is on */
	const char *header;                        /* first that is refused */
	unsigned signatures, headers;
};

/* A start tag: name and the text of its attributes. */
struct tag {
	const char *name, *rest;
	size_t name_len, rest_len;
};

/* Leaves *s behind a part that ends in `end`. */
static void
skip_past(const char **s, const char *end)
{
	const char *at = strstr(*s, end);

	*s = at != NULL ? at + strlen(end) : *s + strlen(*s);
}

static bool
next_tag(const char **s, struct tag *t)
{
	while ((*s = strchr(*s, '<')) != NULL) {
		const char *p = *s + 1;
		char quote = '\0';

		if (strncmp(p, "!--", 3) == 0) {
			skip_past(s, "-->");
		} else if (strncmp(p, "![CDATA[", 8) == 0) {
			skip_past(s, "]]>");
		} else if (*p == '?' || *p == '/' || *p == '!') {
			skip_past(s, ">");
		} else {
			t->name = p;
			t->name_len = strcspn(p, " \t\r\n/>");
			t->rest = p + t->name_len;
			for (p = t->rest; *p != '\0' && (quote != '\0' || *p != '>'); p++)
				quote = quote == *p ? '\0' : quote == '\0' && (*p == '"' || *p == '\'') ? *p : quote;
			t->rest_len = (size_t)(p - t->rest);
			*s = p;
			return true;
		}
	}
	return false;
}

static bool
tag_is(const struct tag *t, const char *name)
{
	return strlen(name) == t->name_len && ascii_ncasecmp(t->name, name, t->name_len) == 0;
}

/* The value of an attribute, without blanks around it, in the view's memory; NULL: absent. */
static const char *
attribute(struct view *v, const struct tag *t, const char *name)
{
	const char *p = t->rest, *end = t->rest + t->rest_len;

	while (p < end) {
		const char *key, *value;
		size_t n;

		p += strspn(p, " \t\r\n/");
		key = p;
		n = strcspn(p, "= \t\r\n/>");
		p += n;
		p += strspn(p, " \t\r\n");
		if (p >= end || *p != '=' || n == 0)
			return NULL;
		p++;
		p += strspn(p, " \t\r\n");
		if (p >= end)
			return NULL;
		value = p + 1;
		if ((p = memchr(value, *p, (size_t)(end - value))) == NULL)
			return NULL;
		if (strlen(name) == n && ascii_ncasecmp(key, name, n) == 0) {
			value += strspn(value, " \t\r\n");
			n = value < p ? (size_t)(p - value) : 0;
			while (n > 0 && strchr(" \t\r\n", value[n - 1]) != NULL)
				n--;
			return arena_strn(v->mem, value, n);
		}
		p++;
	}
	return NULL;
}

static int64_t
number(struct view *v, const struct tag *t, const char *name, int64_t absent)
{
	const char *s = attribute(v, t, name);

	if (s == NULL)
		return absent;
	return ascii_casecmp(s, "true") == 0 ? 1 : ascii_casecmp(s, "false") == 0 ? 0 : strtoll(s, NULL, 10);
}

static void
take_method(struct view *v, const struct tag *t, struct filter *f)
{
	const char *s = attribute(v, t, "Value");

	for (size_t i = 0; s != NULL && i < ARRAY_LEN(methods); i++)
		if (ascii_casecmp(s, methods[i]) == 0)
			f->methods |= 1u << i;
}

static void
take_extension(struct view *v, const struct tag *t, struct filter *f)
{
	const char *s = attribute(v, t, "Value");

	if (s == NULL || f->extension != NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
		if (ascii_casecmp(s, extensions[i] + (*s != '.')) == 0)
			f->extension = s;
}

/* A signature or header that does not say otherwise is taken to be refused. */
static void
take_refused(struct view *v, const struct tag *t, struct filter *f)
{
	const char *name;

	if (tag_is(t, "Signature") && number(v, t, "Enabled", 1) != 0) {
		name = attribute(v, t, "Name");
		f->signature = f->signature != NULL ? f->signature : name != NULL ? name : "";
		f->signatures++;
	} else if ((tag_is(t, "RequestHeader") || tag_is(t, "ResponseHeader")) && number(v, t, "Allow", 0) == 0) {
		name = attribute(v, t, "HeaderName");
		f->header = f->header != NULL ? f->header : name != NULL ? name : "";
		f->headers++;
	}
}

static void
take_tag(struct view *v, const struct tag *t, struct filter *f)
{
	if (tag_is(t, "Configuration")) {
		f->executables = number(v, t, "BlockExecutables", 0) != 0;
		f->max_body = number(v, t, "MaxRequestBodyLen", 0);
	} else if (tag_is(t, "UrlValidation")) {
		f->verify = number(v, t, "VerifyNormalization", 0) != 0;
		f->no_high_bit = number(v, t, "AllowHighBitCharacters", 1) == 0;
		f->dots = number(v, t, "BlockDotInPath", 0) != 0;
		f->max_url = number(v, t, "MaxLength", 0);
		f->max_query = number(v, t, "MaxQueryLength", 0);
	} else if (tag_is(t, "Verbs")) {
		f->method_condition = (int)number(v, t, "AllowCondition", 0);
	} else if (tag_is(t, "Extensions")) {
		f->extension_condition = (int)number(v, t, "AllowCondition", 0);
	} else if (tag_is(t, "Verb")) {
		take_method(v, t, f);
	} else if (tag_is(t, "Extension")) {
		take_extension(v, t, f);
	} else {
		take_refused(v, t, f);
	}
}

/* The HTTP filter of a rule; false: it has none that can be read. */
static bool
filter_of(struct view *v, const struct view_rule *r, struct filter *f)
{
	memset(f, 0, sizeof(*f));
	for (const struct tmg_vendor *x = r->rule->vendors; x != NULL; x = x->next) {
		const struct tmg_vendor_value *val = x->values;
		const char *s;
		struct tag t;

		if (x->kind != TMG_V_HTTP_FILTER || x->broken)
			continue;
		while (val != NULL && ascii_casecmp(val->name, "XML_POLICY") != 0)
			val = val->next;
		if (val == NULL)
			continue;
		f->line = x->line;
		f->there = true;
		s = val->text;
		while (next_tag(&s, &t))
			take_tag(v, &t, f);
		v->failed = v->failed || v->mem->failed;
	}
	return f->there;
}

/* ---- the checks ---------------------------------------------------------------------- */

#define EACH_RULE(v, r)                                                                      \
	for (const struct view_rule *r = (v)->rules; r != (v)->rules + (v)->rule_count; r++) \
		if (r->live && r->role != ROLE_NONE)

void
check_NORMALIZATION(struct view *v)
{
	struct filter f;

	EACH_RULE(v, r)
	{
		if (filter_of(v, r, &f) && f.verify)
			found(v, CHECK_NORMALIZATION,
			    &(struct about){ .rule = r, .line = f.line, .cls = r->role == ROLE_WEB_APPS ? 'H' : 'L' },
			    r->role == ROLE_WEB_APPS ? "addresses of documents hold %%3A and %%2F, and are refused"
						     : "nothing that Lync clients send is known to suffer; Microsoft "
						       "clears it for Office Web Apps only");
	}
}

void
check_HIGH_BIT(struct view *v)
{
	struct filter f;

	EACH_LYNC(v, r)
	{
		if (filter_of(v, r, &f) && f.no_high_bit)
			found(v, CHECK_HIGH_BIT, &(struct about){ .rule = r, .line = f.line },
			    "URLs with bytes above 127 are refused");
	}
}

#define WEB_APPS_LENGTH 4096 /* bytes: the address of a document and its access token */

void
check_URL_LENGTH(struct view *v)
{
	struct filter f;

	EACH_RULE(v, r)
	{
		bool url, query;

		if (r->role != ROLE_WEB_APPS || !filter_of(v, r, &f))
			continue;
		url = f.max_url > 0 && f.max_url < WEB_APPS_LENGTH;
		query = f.max_query > 0 && f.max_query < WEB_APPS_LENGTH;
		if (url || query)
			found(v, CHECK_URL_LENGTH, &(struct about){ .rule = r, .line = f.line },
			    "at most %lld bytes of %s", (long long)(url ? f.max_url : f.max_query),
			    url ? "URL" : "query");
	}
}

#define LARGEST_UPLOAD 500000000 /* bytes: 500 MB, what a meeting takes unless it is set otherwise */

void
check_BODY_LENGTH(struct view *v)
{
	struct filter f;

	EACH_LYNC(v, r)
	{
		if (filter_of(v, r, &f) && f.max_body > 0 && f.max_body < LARGEST_UPLOAD)
			found(v, CHECK_BODY_LENGTH, &(struct about){ .rule = r, .line = f.line }, "at most %lld bytes",
			    (long long)f.max_body);
	}
}

/* Methods of the clients that the filter refuses. */
static unsigned
refused_methods(const struct filter *f)
{
	return f->method_condition == 1 ? ALL_METHODS & ~f->methods : f->method_condition == 2 ? f->methods : 0;
}

static void
add(struct strbuf *b, const char *fmt, const char *arg, unsigned more)
{
	if (b->len != 0)
		sb_puts(b, "; ");
	sb_puts(b, fmt);
	if (arg != NULL)
		sb_fmt(b, " %s", *arg != '\0' ? arg : "(unnamed)");
	if (more > 0)
		sb_fmt(b, " and %u more", more);
}

static void
describe_refused(const struct filter *f, struct strbuf *b)
{
	unsigned refused = refused_methods(f);

	for (size_t i = 0, n = 0; i < ARRAY_LEN(methods); i++)
		if ((refused >> i & 1) != 0)
			sb_fmt(b, "%s%s", n++ == 0 ? "methods refused: " : ", ", methods[i]);
	if (f->extension_condition == 1)
		add(b, "only listed extensions are let through, services have paths without", NULL, 0);
	else if (f->extension_condition == 2 && f->extension != NULL)
		add(b, "extension refused:", f->extension, 0);
	if (f->dots)
		add(b, "paths with a dot before the last part refused, as in service.svc/mex", NULL, 0);
	if (f->executables)
		add(b, "Windows executables refused", NULL, 0);
	if (f->signatures > 0)
		add(b, "signature refused:", f->signature, f->signatures - 1);
	if (f->headers > 0)
		add(b, "header refused:", f->header, f->headers - 1);
}

void
check_FILTER(struct view *v)
{
	struct filter f;
	struct strbuf b;

	sb_init(&b, v->a->budget);
	EACH_LYNC(v, r)
	{
		sb_clear(&b);
		if (filter_of(v, r, &f))
			describe_refused(&f, &b);
		if (b.len != 0)
			found(v, CHECK_FILTER, &(struct about){ .rule = r, .line = f.line }, "%s", b.s);
	}
	v->failed = v->failed || b.failed;
	sb_free(&b);
}
