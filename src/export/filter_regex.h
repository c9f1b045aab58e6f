/*
 * What an HTTP filter refuses, as regular expressions (PCRE) that nginx and
 * HAProxy share. They hold neither quotes nor dollar signs, and a backslash
 * only before a letter or digit, so that both take them as they are, between
 * double or single quotes. Of what the export says they hold letters and
 * digits; every other character is written as its number.
 */
#ifndef EXPORT_FILTER_REGEX_H
#define EXPORT_FILTER_REGEX_H

#include "base/strbuf.h"
#include "plan/plan.h"

struct filter_test {
	const char *what;  /* refused for, in words */
	const char *regex; /* of a method: all of it; of a URL: how it begins */
	bool method;       /* judges the method, else the URL: path and query as sent */
	bool unless;       /* refused unless it matches */
	bool any_case;
};

/* Calls fn for every test of method and URL but the lengths. `b` is for the expressions. */
void filter_tests(
    const struct plan_filter *f, struct strbuf *b, void (*fn)(void *ctx, const struct filter_test *t), void *ctx);
/* Plain text, any case being left to the caller. */
void filter_literal(struct strbuf *b, const char *s);

#endif
