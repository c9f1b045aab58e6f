/*
 * HTTP filters as regular expressions. See filter_regex.h. All of them are
 * written so that a long URL costs time in proportion to its length: nothing
 * that repeats stands inside something that repeats, but for possessive ones.
 */
#include "export/filter_regex.h"

#define CHUNK 2500 /* bytes of one expression, well below a word of nginx */

/* What may stand behind an extension: the end of a path or of a segment, as
 * IIS reads it; in the path as sent, and with its percent-encodings. */
#define ENDS "[/;:\\x5c?]"
#define ENDS_SENT "(?:" ENDS "|\\z)"
#define ENDS_CODE "%(?:2f|3b|3a|5c|3f)"
#define ENDS_ANY "(?:" ENDS "|" ENDS_CODE "|\\z)"
#define DOT "(?:\\x2e|%2e)"
/* A hex digit, encoded itself; either. */
#define HEX_CODE "%(?:3[0-9]|[46][1-6])"
#define HEX_ANY "(?:[0-9a-f]|" HEX_CODE ")"

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

void
filter_literal(struct strbuf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (is_alnum(*s))
			sb_putc(b, *s);
		else
			sb_fmt(b, "\\x%02x", (unsigned char)*s);
	}
}

/* The same, each byte as it is or percent-encoded, of a letter in either case. */
static void
put_either(struct strbuf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		unsigned u = (unsigned char)ascii_lower(*s);

		if (u >= 'a' && u <= 'z')
			sb_fmt(b, "(?:%c|%%[%x%x]%x)", (char)u, (u >> 4) - 2, u >> 4, u & 15);
		else if (is_alnum((char)u))
			sb_fmt(b, "(?:%c|%%%02x)", (char)u, u);
		else
			sb_fmt(b, "(?:\\x%02x|%%%02x)", u, u);
	}
}

struct testing {
	struct strbuf *b;
	void (*fn)(void *ctx, const struct filter_test *t);
	void *ctx;
};

static void
url_test(struct testing *t, const char *what)
{
	struct filter_test test = { what, t->b->s, false, false, true };

	t->fn(t->ctx, &test);
	sb_clear(t->b);
}

/* One after the other, as long as there is room; what is left. */
static const struct tmg_text *
put_words(struct strbuf *b, const struct tmg_text *list, void (*put)(struct strbuf *b, const char *s), size_t room)
{
	size_t start = b->len;

	sb_puts(b, list != NULL ? "(?:" : "(?!"); /* nothing listed: never */
	for (bool first = true; list != NULL && b->len - start < room; list = list->next, first = false) {
		sb_puts(b, first ? "" : "|");
		put(b, list->s);
	}
	sb_putc(b, ')');
	return list;
}

static void
test_methods(struct testing *t, const struct plan_filter *f)
{
	struct filter_test test = { "methods that are not listed", NULL, true, true, false };
	const struct tmg_text *rest = f->method_list;

	if (f->methods == TMG_FC_ALL)
		return;
	if (f->methods == TMG_FC_BLOCK_LISTED)
		test = (struct filter_test){ "methods that are listed", NULL, true, false, true };
	do {
		rest = put_words(t->b, rest, filter_literal, test.unless ? SIZE_MAX : CHUNK);
		test.regex = t->b->s;
		t->fn(t->ctx, &test);
		sb_clear(t->b);
	} while (rest != NULL);
}

/* The last dot of each segment must begin a listed extension, in the path as
 * sent and decoded; the last segment must have one. */
static void
test_listed_extensions(struct testing *t, const struct plan_filter *f)
{
	sb_puts(t->b, "[^?]*\\x2e(?!");
	put_words(t->b, f->extension_list, filter_literal, SIZE_MAX);
	sb_puts(t->b, ENDS_SENT ")[^./;:\\x5c?]*+" ENDS_SENT);
	url_test(t, "extensions that are not listed");
	sb_puts(t->b, "[^?]*" DOT "(?!");
	put_words(t->b, f->extension_list, put_either, SIZE_MAX);
	sb_puts(t->b, ENDS_ANY ")(?:[^%./;:\\x5c?]|%(?!2e|2f|3b|3a|5c|3f))*+" ENDS_ANY);
	url_test(t, "the same, percent-encoded");
	if (f->no_extension)
		return;
	sb_puts(t->b, "[^?]*[/;:\\x5c][^./;:\\x5c?]*+(?:\\?|\\z)");
	url_test(t, "paths without an extension");
	sb_puts(t->b, "[^?]*(?:[/;:\\x5c]|" ENDS_CODE ")(?:[^%./;:\\x5c?]|%(?!2e|2f|3b|3a|5c|3f))*+(?:\\?|\\z)");
	url_test(t, "the same, percent-encoded");
}

/* Dots and blanks that end a name are dropped by Windows. */
static void
test_blocked_extensions(struct testing *t, const struct plan_filter *f)
{
	const struct tmg_text *rest = f->extension_list;

	while (rest != NULL) {
		sb_puts(t->b, "[^?]*" DOT);
		rest = put_words(t->b, rest, put_either, CHUNK);
		sb_puts(t->b, "(?:[.\\x20]|%2[0e])*+" ENDS_ANY);
		url_test(t, "extensions that are listed");
	}
}

void
filter_tests(
    const struct plan_filter *f, struct strbuf *b, void (*fn)(void *ctx, const struct filter_test *t), void *ctx)
{
	struct testing t = { b, fn, ctx };

	sb_clear(b);
	test_methods(&t, f);
	if (f->high_bit) {
		sb_puts(b, ".*(?:[\\x80-\\xff]|%[89a-f][0-9a-f])");
		url_test(&t, "bytes over 127");
	}
	if (f->encoded_twice) {
		sb_puts(b, ".*(?:%25" HEX_ANY HEX_ANY "|%" HEX_CODE HEX_ANY "|%[0-9a-f]" HEX_CODE ")");
		url_test(&t, "what a second decoding would change");
	}
	if (f->ambiguous) {
		sb_puts(b, "[^?]*" DOT "[^?]*(?:[./\\x5c]|%(?:2e|2f|5c))");
		url_test(&t, "a dot before another dot or a slash: the extension is ambiguous");
	}
	if (f->extensions == TMG_FC_ONLY_LISTED)
		test_listed_extensions(&t, f);
	else if (f->extensions == TMG_FC_BLOCK_LISTED)
		test_blocked_extensions(&t, f);
	for (const struct tmg_text *x = f->url_patterns; x != NULL; x = x->next) {
		sb_puts(b, ".*");
		put_either(b, x->s);
		url_test(&t, "a signature");
	}
}
