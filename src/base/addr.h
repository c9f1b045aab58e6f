/*
 * IP addresses and port numbers: parsed strictly, printed in one form.
 * IPv4 is held as ::ffff:a.b.c.d, so that ranges of both compare alike.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include "base/base.h"

#define ADDR_TEXT 48 /* enough for any printed address with brackets */

/* "203.0.113.10", "2001:db8::1", the latter also in brackets. No zones, no octal. */
bool addr_parse(const char *s, uint8_t out[16]);
bool addr_is_v4(const uint8_t a[16]);
/* Canonical text, without brackets. */
void addr_print(const uint8_t a[16], char out[ADDR_TEXT]);
/* The same with brackets around IPv6, as in URLs and `listen`. */
void addr_print_bracketed(const uint8_t a[16], char out[ADDR_TEXT]);
int addr_cmp(const uint8_t a[16], const uint8_t b[16]);
/* Number of leading ones of a dotted netmask, or -1 when it is not contiguous. */
int addr_mask_bits(const char *s);
/* First and last address of a/bits (bits counted in the IPv4 address for IPv4). */
void addr_subnet(const uint8_t a[16], int bits, uint8_t from[16], uint8_t to[16]);

#endif
