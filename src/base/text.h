/*
 * Text that came from outside: UTF-8 checks, what may not reach an output,
 * forms that are safe in a terminal or a comment; host names and paths as
 * rules compare them. Knows no target's quoting.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/strbuf.h"

/* Decodes one character at s (n bytes left); 0 bytes consumed at bad UTF-8. */
size_t utf8_decode(const char *s, size_t n, uint32_t *cp);
/* How many of the n bytes are whole, valid characters before the first that is not. */
size_t utf8_span(const char *s, size_t n);
/* The n bytes are the beginning of a valid character, but not all of it. */
bool utf8_is_cut(const char *s, size_t n);
/* A control, line separator, BOM or bidi character: never in an output. */
bool cp_is_unsafe(uint32_t cp);
/* Valid UTF-8 without any such character. */
bool text_is_plain(const char *s);
/* Appends s with unsafe characters as blanks, bad bytes as '?', cut after
 * `max` characters with "..." behind; trailing backslashes and blanks gone;
 * "{{", "{$", "${" broken up: for comments and terminals. */
void text_safe(struct strbuf *b, const char *s, size_t max);

/* Nothing but printable ASCII without double quotes and backslashes. */
bool text_is_bare(const char *s, size_t n);
/* Would text_safe leave the n bytes as they are? Says no rather than look closely. */
bool text_safe_as_is(const char *s, size_t n, size_t max);

/* A host name in the form in which it is compared: ASCII lower case, IDN as
 * punycode, no trailing dot. `wild` says that it had "*." in front (dropped).
 * false: not a host name or address; `out` is then empty. */
bool host_canonical(const char *s, struct strbuf *out, bool *wild);
/* True for a literal IPv4 or IPv6 address. */
bool host_is_address(const char *s);

/* A published path in the form in which it is compared: percent-decoded
 * once, runs of slashes as one, ASCII lower case; a prefix loses its "/" + "*".
 * The root prefix is "". false: a form that the product refuses, or a
 * character no output can carry. */
bool path_canonical(const char *s, struct strbuf *out, bool *prefix);
/* Orders canonical paths by their parts: what lies below a path comes directly behind it. */
int path_order(const char *a, const char *b);

#endif
