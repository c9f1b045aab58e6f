/*
 * The plain matchers of trace: addresses, host names, paths, hours of a
 * schedule, written from the contract alone. They are the second opinion on
 * what the plan decides, so they must not share code with it: base/text.h and
 * base/addrset.h are not used here.
 */
#ifndef TRACE_MATCH_H
#define TRACE_MATCH_H

#include "base/strbuf.h"

/* An address: IPv4 as ::ffff:a.b.c.d, as the model holds it. */
bool match_address(const char *s, size_t n, uint8_t out[16]);
bool match_is_v4(const uint8_t a[16]);
/* As text, IPv6 in brackets. */
void match_address_text(const uint8_t a[16], struct strbuf *out);
/* Of one family and in order; a range of one family holds no address of the other. */
bool match_range_good(const uint8_t from[16], const uint8_t to[16]);
bool match_in_range(const uint8_t a[16], const uint8_t from[16], const uint8_t to[16]);
/* A dotted mask without holes for IPv4; for IPv6 the number of bits, or a mask without holes. */
bool match_subnet(const char *address, const char *mask, uint8_t from[16], uint8_t to[16]);

enum match_host_kind { HOST_BAD, HOST_NAME, HOST_V4, HOST_V6 };

/* A host as it is compared: lower case, without the trailing dot, outside
 * ASCII as punycode; addresses in one form, IPv6 in brackets. Appends to `out`
 * (nothing when it is none). */
enum match_host_kind match_host(const char *s, size_t n, struct strbuf *out);
/* Is `host` strictly below `suffix`? Both as match_host makes them. */
bool match_below(const char *host, size_t host_len, const char *suffix, size_t suffix_len);

/* A requested path as it is compared: percent-decoded once, runs of slashes
 * as one, ASCII lower case. May hold NUL: `out->len` counts. */
void match_path(const char *raw, size_t n, struct strbuf *out);
/* Where in the raw path its first `len` compared bytes end. */
size_t match_path_end(const char *raw, size_t n, size_t len);
/* A published path as it is compared; false: a form that the product does not
 * know. A prefix loses its slash and star; that of the whole site is "". */
bool match_published(const char *s, bool *prefix, struct strbuf *out);
/* An internal path as it is sent; the same of its form. */
bool match_internal(const char *s, bool *prefix, struct strbuf *out);
/* Is the compared path inside the published one? */
bool match_inside(const char *path, size_t n, const char *published, size_t published_len, bool prefix);

/* 24 bytes, one an hour, bit 0 Sunday to bit 6 Saturday. */
bool match_hour(const uint8_t hours[24], int weekday, int hour);

#endif
