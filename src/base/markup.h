/*
 * Edits of one element's markup that leave every other byte as it is. Works on text
 * that a parser has found well-formed; knows no export.
 */
#ifndef BASE_MARKUP_H
#define BASE_MARKUP_H

#include "base/strbuf.h"

/* One element in a text, by offsets. `name` is without a prefix. */
struct markup {
	size_t start, end;           /* of the whole element, from '<' to behind the last '>' */
	size_t inner, inner_end;     /* its content; both the place of "/>" when it is empty */
	size_t tag_end;              /* behind the '>' of the start tag */
	const char *name;            /* in the text, not terminated */
	size_t name_len, prefix_len; /* the prefix stands before the name, with its colon */
	bool empty;                  /* <x/> */
};

/* The whole text as an element: `s` begins with its start tag. false: it does not. */
bool markup_root(const char *s, size_t n, struct markup *m);
/* The next child of `parent` at or behind *at (begin with parent->inner). */
bool markup_next(const char *s, const struct markup *parent, size_t *at, struct markup *child);
/* The first child of this name. */
bool markup_child(const char *s, const struct markup *parent, const char *name, struct markup *child);
bool markup_is(const struct markup *m, const char *name); /* without regard to case */

/* Each makes a new text in `out` from the `n` bytes at `s`; nothing else changes. The value is
 * escaped. An element that is added takes its prefix and its place, by the alphabet, from the
 * scalars beside it. false: memory. */
bool markup_set(struct strbuf *out, const char *s, size_t n, const struct markup *parent, const char *name,
    const char *type, const char *value);
bool markup_replace(struct strbuf *out, const char *s, size_t n, const struct markup *m, const char *value);
/* Without the element, nor the blanks before it. */
void markup_remove(struct strbuf *out, const char *s, size_t n, const struct markup *m);
/* A copy of the element behind it, with other content. */
void markup_again(struct strbuf *out, const char *s, size_t n, const struct markup *m, const char *value);

#endif
