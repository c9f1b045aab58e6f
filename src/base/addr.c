/*
 * IP addresses. What the system's functions take differs between systems
 * (octal, short forms, zones), so IPv4 is read here and IPv6 is looked at
 * before inet_pton sees it. Must not know what an address is used for.
 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <sys/socket.h>

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool
parse_v4(const char *s, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned int v = 0;
		int digits = 0;

		for (; *s >= '0' && *s <= '9'; s++) {
			if (digits > 0 && v == 0)
				return false; /* "010" is 8 to some and 10 to others */
			if (++digits > 3)
				return false;
			v = v * 10 + (unsigned int)(*s - '0');
		}
		if (digits == 0 || v > 255 || *s != (i < 3 ? '.' : '\0'))
			return false;
		out[i] = (uint8_t)v;
		s++;
	}
	return true;
}

bool
addr_parse(const char *s, uint8_t out[16])
{
	uint8_t a[16];
	char text[INET6_ADDRSTRLEN];
	size_t n;
	const char *dotted;

	if (parse_v4(s, a + 12)) {
		memcpy(out, v4_prefix, sizeof(v4_prefix));
		memcpy(out + 12, a + 12, 4);
		return true;
	}
	n = strlen(s);
	if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
		s++;
		n -= 2;
	}
	if (n >= sizeof(text) || memchr(s, ':', n) == NULL)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	/* What may end in a dotted address must end in a strict one. */
	dotted = strrchr(text, ':') + 1;
	if (strchr(text, '.') != NULL && !parse_v4(dotted, a))
		return false;
	if (inet_pton(AF_INET6, text, a) != 1)
		return false;
	memcpy(out, a, sizeof(a));
	return true;
}

bool
addr_is_v4(const uint8_t a[16])
{
	return memcmp(a, v4_prefix, sizeof(v4_prefix)) == 0;
}

void
addr_print(const uint8_t a[16], char out[ADDR_TEXT])
{
	if (addr_is_v4(a))
		snprintf(out, ADDR_TEXT, "%d.%d.%d.%d", a[12], a[13], a[14], a[15]);
	else if (inet_ntop(AF_INET6, a, out, ADDR_TEXT) == NULL)
		out[0] = '\0'; /* cannot be: there is room for every address */
}

void
addr_print_bracketed(const uint8_t a[16], char out[ADDR_TEXT])
{
	char text[ADDR_TEXT];

	addr_print(a, text);
	if (addr_is_v4(a))
		memcpy(out, text, sizeof(text));
	else
		snprintf(out, ADDR_TEXT, "[%.*s]", ADDR_TEXT - 3, text);
}

int
addr_cmp(const uint8_t a[16], const uint8_t b[16])
{
	return memcmp(a, b, 16);
}

int
addr_mask_bits(const char *s)
{
	uint8_t m[4];
	uint32_t v;
	int bits = 0;

	if (!parse_v4(s, m))
		return -1;
	v = (uint32_t)m[0] << 24 | (uint32_t)m[1] << 16 | (uint32_t)m[2] << 8 | m[3];
	for (; (v & 0x80000000u) != 0; v <<= 1)
		bits++;
	return v == 0 ? bits : -1;
}

void
addr_subnet(const uint8_t a[16], int bits, uint8_t from[16], uint8_t to[16])
{
	int max = addr_is_v4(a) ? 32 : 128;

	/* A number that makes no sense must not open a network. */
	if (bits < 0 || bits > max)
		bits = max;
	bits += 128 - max;
	for (int i = 0; i < 16; i++) {
		int n = bits - 8 * i;
		uint8_t host = n >= 8 ? 0 : n <= 0 ? 0xff : (uint8_t)(0xff >> n);
		uint8_t byte = a[i];

		from[i] = (uint8_t)(byte & ~host);
		to[i] = byte | host;
	}
}
