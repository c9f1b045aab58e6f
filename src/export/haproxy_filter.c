/*
 * HAProxy: the HTTP filters of rules. A filter is a defaults section that the
 * backends of its rules begin with, so that it is judged once the rule has
 * been chosen; no other rule is asked after a refusal.
 */
#include "export/haproxy.h"

#include "export/filter_regex.h"

#define DENY "\thttp-request deny deny_status 403 "

/* "unless" a look-ahead matches: should an expression fail, it refuses. */
static void
put_test(void *ctx, const struct filter_test *t)
{
	struct out *o = ctx;

	out_fmt(o, "\t# %s\n" DENY, t->what);
	if (!t->method)
		out_fmt(o, "unless { pathq -m reg -i -- '^(?!%s)' }\n", t->regex);
	else if (t->unless)
		out_fmt(o, "unless { method -m reg -- '^%s\\z' }\n", t->regex);
	else
		out_fmt(o, "unless { method -m reg -i -- '^(?!%s\\z)' }\n", t->regex);
}

static void
put_lengths(struct out *o, const struct plan_filter *f)
{
	if (f->max_url != 0)
		out_fmt(o, "\t# long URLs\n" DENY "if { pathq,length gt %" PRIu32 " }\n", f->max_url);
	if (f->max_query != 0)
		out_fmt(o, "\t# long queries\n" DENY "if { query,length gt %" PRIu32 " }\n", f->max_query);
	if (f->max_body != 0)
		out_fmt(o,
		    "\t# long bodies, and those that do not tell their length\n"
		    "\thttp-request deny deny_status 413 if { req.body_size gt %" PRIu64 " }\n"
		    "\thttp-request deny deny_status 413 if { req.fhdr(transfer-encoding) -m found }\n",
		    f->max_body);
}

static void
put_header(struct out *o, const struct plan_filter_header *h)
{
	char fetch[96];

	out_fmt(o, "\t# request header %s\n", h->name[0] != '\0' ? h->name : "(any)");
	if (h->name[0] != '\0')
		snprintf(fetch, sizeof(fetch), "req.fhdr(%s)", h->name);
	else
		snprintf(fetch, sizeof(fetch), "req.hdrs");
	if (h->denied)
		out_fmt(o, DENY "if { %s -m found }\n", fetch);
	if (h->max_value != 0)
		out_fmt(o, DENY "if { %s,length gt %" PRIu32 " }\n", fetch, h->max_value);
	for (const struct tmg_text *x = h->patterns; x != NULL; x = x->next) {
		out_fmt(o, DENY "if { %s -m sub -i -- ", fetch);
		hap_word(o, x->s);
		out_str(o, " }\n");
	}
}

static void
put_answers(struct out *o, const struct plan_filter *f)
{
	for (const struct tmg_text *x = f->hidden; x != NULL; x = x->next)
		out_fmt(o, "\thttp-response del-header %s\n", x->s);
	if (f->server != NULL) {
		out_str(o, "\thttp-response set-header Server ");
		hap_format(o, f->server);
		out_str(o, "\n");
	} else if (f->hide_server) {
		out_str(o, "\thttp-response del-header Server\n");
	}
	if (f->executables)
		out_str(o,
		    "\t# answers that are Windows programs; packed or in part they could not be told\n"
		    "\thttp-request del-header Accept-Encoding\n"
		    "\thttp-request del-header Range\n"
		    "\thttp-response wait-for-body time 960s at-least 2\n"
		    "\thttp-response deny deny_status 403 if { res.body,hex -m beg 4D5A }\n");
}

void
hap_write_filters(const struct hap *h)
{
	struct strbuf b;

	sb_init(&b, h->p->budget);
	for (const struct plan_filter *f = h->p->filters; f != NULL; f = f->next) {
		out_str(h->o,
		    "\n# The HTTP filter of this rule, and of those below that begin with it: what is refused.\n");
		out_comment_obj(h->o, "", &f->rule->r->o);
		out_fmt(h->o, "defaults tmg-f%" PRIu32 " from tmg\n", f->id);
		filter_tests(f, &b, put_test, h->o);
		put_lengths(h->o, f);
		for (const struct plan_filter_header *k = f->headers; k != NULL; k = k->next)
			put_header(h->o, k);
		put_answers(h->o, f);
	}
	sb_free(&b);
}
