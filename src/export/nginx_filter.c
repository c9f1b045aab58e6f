/*
 * nginx: the HTTP filters of rules. Method and URL are judged by one map, each
 * request header by one of its own; a location asks them once its rule has
 * been chosen. See nginx.h.
 */
#include "export/nginx.h"

#include "export/filter_regex.h"

/* A request line is never longer than its buffer; no header value, either. */
#define HEADER_BUFFER 65535

static void
put_test(void *ctx, const struct filter_test *t)
{
	struct ng *w = ctx;

	out_fmt(w->o, "\t# %s\n", t->what);
	if (!t->method)
		out_fmt(w->o, "\t\"~*^[^ ]+ %s\" 1;\n", t->regex);
	else
		out_fmt(w->o, t->unless ? "\t\"~^(?!%s )\" 1;\n" : "\t\"~*^%s \" 1;\n", t->regex);
}

static bool
judges_line(const struct plan_filter *f)
{
	return f->methods != TMG_FC_ALL || f->extensions != TMG_FC_ALL || f->ambiguous || f->high_bit ||
	    f->encoded_twice || f->max_url != 0 || f->max_query != 0 || f->url_patterns != NULL;
}

static bool
judges_header(const struct plan_filter_header *h)
{
	return h->denied || h->patterns != NULL || (h->max_value != 0 && h->max_value < HEADER_BUFFER);
}

static void
put_variable(struct out *o, const char *name)
{
	out_str(o, "$http_");
	for (; *name != '\0'; name++) {
		char c = *name == '-' ? '_' : ascii_lower(*name);
		out_mem(o, &c, 1);
	}
}

static void
put_header_map(struct ng *w, const struct plan_filter *f, const struct plan_filter_header *h, unsigned number)
{
	struct strbuf b;

	out_str(w->o, "map ");
	put_variable(w->o, h->name);
	out_fmt(w->o, " $tmg_f%u_h%u {\n\tdefault 1;\n\t\"\" 0;\n", (unsigned)f->id, number);
	if (!h->denied && h->max_value != 0 && h->max_value < HEADER_BUFFER)
		out_fmt(w->o, "\t\"~^.{%u}\" 1;\n", (unsigned)h->max_value + 1);
	sb_init(&b, w->p->budget);
	for (const struct tmg_text *x = h->denied ? NULL : h->patterns; x != NULL; x = x->next) {
		sb_clear(&b);
		filter_literal(&b, x->s);
		out_fmt(w->o, "\t\"~*%s\" 1;\n", b.s);
	}
	sb_free(&b);
	out_str(w->o, h->denied ? "}\n" : "\t\"~^\" 0;\n}\n");
}

static void
put_filter(struct ng *w, const struct plan_filter *f)
{
	unsigned number = 0;
	struct strbuf b;

	out_str(w->o, "\n");
	ng_rule(w, "", f->rule);
	if (judges_line(f)) {
		out_fmt(w->o,
		    "map \"$request_method $request_uri\" $tmg_f%u {\n\tdefault 1; # also when an expression fails\n",
		    (unsigned)f->id);
		sb_init(&b, w->p->budget);
		filter_tests(f, &b, put_test, w);
		sb_free(&b);
		if (f->max_url != 0)
			out_fmt(w->o, "\t# long URLs\n\t\"~^[^ ]+ .{%u}\" 1;\n", (unsigned)f->max_url + 1);
		if (f->max_query != 0)
			out_fmt(w->o, "\t# long queries\n\t\"~^[^?]*\\?.{%u}\" 1;\n", (unsigned)f->max_query + 1);
		out_str(w->o, "\t\"~^\" 0;\n}\n");
	}
	for (const struct plan_filter_header *h = f->headers; h != NULL; h = h->next)
		if (judges_header(h))
			put_header_map(w, f, h, ++number);
}

void
ng_put_filters(struct ng *w)
{
	const struct plan_filter *f;

	if (w->p->filters != NULL)
		out_str(w->o,
		    "\n# HTTP filters: what is refused of the requests that a rule has taken. Rules with\n"
		    "# the same filter share that of the first.\n");
	for (f = w->p->filters; f != NULL; f = f->next)
		put_filter(w, f);
}

size_t
ng_filter_variables(const struct plan *p)
{
	size_t n = 0;

	for (const struct plan_filter *f = p->filters; f != NULL; f = f->next) {
		n++;
		for (const struct plan_filter_header *h = f->headers; h != NULL; h = h->next)
			n += 2;
	}
	return n;
}

void
ng_put_filter_tests(struct ng *w, const struct plan_filter *f)
{
	unsigned number = 0;

	if (f == NULL)
		return;
	if (judges_line(f))
		out_fmt(w->o, "\t\tif ($tmg_f%u) { return 403; }\n", (unsigned)f->id);
	for (const struct plan_filter_header *h = f->headers; h != NULL; h = h->next)
		if (judges_header(h))
			out_fmt(w->o, "\t\tif ($tmg_f%u_h%u) { return 403; }\n", (unsigned)f->id, ++number);
	if (f->max_body != 0)
		out_fmt(w->o, "\t\tclient_max_body_size %llu;\n", (unsigned long long)f->max_body);
}

/* Headers that nginx or the route decides on, or that belong to the connection. */
static bool
is_settled(struct plan_route r, const char *name)
{
	static const char *const own[] = { "host", "x-forwarded-for", "connection", "content-length",
		"transfer-encoding", "te", "keep-alive", "expect", "upgrade" };

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		if (ascii_casecmp(own[i], name) == 0)
			return true;
	}
	return (r.deed->pool->sticky_cookie && ascii_casecmp(name, "cookie") == 0) ||
	    (!r.deed->pass_credentials && ascii_casecmp(name, "authorization") == 0);
}

void
ng_put_filter_headers(struct ng *w, const char *indent, struct plan_route r)
{
	const struct plan_filter *f = r.deed->filter;

	if (f == NULL)
		return;
	/* Of a header that comes twice nginx judges one: only that one goes on. */
	for (const struct plan_filter_header *h = f->headers; h != NULL; h = h->next) {
		if (!judges_header(h) || is_settled(r, h->name))
			continue;
		out_fmt(w->o, "%sproxy_set_header %s ", indent, h->name);
		if (h->denied)
			out_str(w->o, "\"\"");
		else
			put_variable(w->o, h->name);
		out_str(w->o, ";\n");
	}
	for (const struct tmg_text *x = f->hidden; x != NULL; x = x->next) {
		if (r.deed->pass_credentials || ascii_casecmp(x->s, "WWW-Authenticate") != 0)
			out_fmt(w->o, "%sproxy_hide_header %s;\n", indent, x->s);
	}
}
