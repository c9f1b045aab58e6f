/*
 * The settings of an HTTP filter that restrict something, one by one and in
 * words. Must not know what a target does with them.
 */
#ifndef MODEL_FILTER_H
#define MODEL_FILTER_H

#include "base/strbuf.h"
#include "tmgport.h"

/* The product's own default for URL and query length: one as long, or longer, restricts nothing. */
#define FILTER_DEFAULT_LENGTH 10240

/* Groups of settings: a capability of targets each. */
enum filter_group {
	FG_METHODS,
	FG_EXTENSIONS,
	FG_AMBIGUOUS, /* BlockDotInPath */
	FG_URL_LENGTH,
	FG_HEADER_LENGTH,
	FG_BODY_LENGTH,
	FG_HIGH_BIT,
	FG_NORMALIZATION,
	FG_URL_SIGNATURE,
	FG_HEADER, /* denied request headers */
	FG_HEADER_SIGNATURE,
	FG_BODY_SIGNATURE, /* in bodies and answers */
	FG_RESPONSE,       /* headers of answers */
	FG_SERVER,         /* what becomes of Server, of Via */
	FG_VIA,
	FG_EXECUTABLES,
	FG_UNKNOWN
};

struct filter_setting {
	enum filter_group group;
	const char *words; /* "UrlValidation/MaxLength = 260" */
	const void *item;  /* tmg_filter_header or tmg_filter_signature that it is, or NULL */
};

/* Calls fn for each setting that restricts, in the order of the file's format. `b` is for the words. */
void filter_each(const struct tmg_http_filter *f, struct strbuf *b,
    void (*fn)(void *ctx, const struct filter_setting *s), void *ctx);

/* The HTTP filter that holds for a rule: the first one; NULL when there is none that could be read. */
const struct tmg_vendor *filter_of(const struct tmg_rule *r);

#endif
