/*
 * GUIDs as text and as bytes. Both ways lie on the path of each rule, so both
 * go by tables. Must not know what a GUID stands for.
 */
#include "model/guid.h"

#define GUID_LEN (TMG_GUID_SIZE - 1)

/* Does something for each byte: its number, and where its two digits stand. */
#define EACH(x)                                                                                                   \
	x(0, 1) x(1, 3) x(2, 5) x(3, 7) x(4, 10) x(5, 12) x(6, 15) x(7, 17) x(8, 20) x(9, 22) x(10, 25) x(11, 27) \
	    x(12, 29) x(13, 31) x(14, 33) x(15, 35)

/* What a character is as a digit: its value, and a bit for each way to write it. */
#define DIGIT 0x80
#define UPPER 0x20
#define LOWER 0x40
#define D(c, value) [c] = DIGIT | (value)
#define L(upper, lower, value) [upper] = DIGIT | UPPER | (value), [lower] = DIGIT | LOWER | (value)
static const uint8_t digits[256] = { D('0', 0), D('1', 1), D('2', 2), D('3', 3), D('4', 4), D('5', 5), D('6', 6),
	D('7', 7), D('8', 8), D('9', 9), L('A', 'a', 10), L('B', 'b', 11), L('C', 'c', 12), L('D', 'd', 13),
	L('E', 'e', 14), L('F', 'f', 15) };
#undef D
#undef L

/* The two digits of each byte. */
#define ROW(d, a, b, c, e, f, g) d "0" d "1" d "2" d "3" d "4" d "5" d "6" d "7" d "8" d "9" d a d b d c d e d f d g
#define UPPER_ROW(d) ROW(d, "A", "B", "C", "D", "E", "F")
#define LOWER_ROW(d) ROW(d, "a", "b", "c", "d", "e", "f")
#define DECIMAL(row) row("0") row("1") row("2") row("3") row("4") row("5") row("6") row("7") row("8") row("9")
static const char pairs[2][513] = {
	DECIMAL(UPPER_ROW) UPPER_ROW("A") UPPER_ROW("B") UPPER_ROW("C") UPPER_ROW("D") UPPER_ROW("E") UPPER_ROW("F"),
	DECIMAL(LOWER_ROW) LOWER_ROW("a") LOWER_ROW("b") LOWER_ROW("c") LOWER_ROW("d") LOWER_ROW("e") LOWER_ROW("f"),
};

enum guid_letters
guid_bytes(const char *s, size_t n, uint8_t bytes[16])
{
	uint8_t all = DIGIT, any = 0, high, low;

	if (n != GUID_LEN || s[0] != '{' || s[9] != '-' || s[14] != '-' || s[19] != '-' || s[24] != '-' || s[37] != '}')
		return GUID_NOT;
#define READ(i, at)                         \
	high = digits[(uint8_t)s[at]];      \
	low = digits[(uint8_t)s[(at) + 1]]; \
	all &= high & low;                  \
	any |= high | low;                  \
	bytes[i] = (uint8_t)(high << 4 | (low & 0x0f));
	EACH(READ)
#undef READ
	if ((all & DIGIT) == 0)
		return GUID_NOT;
	if ((any & LOWER) == 0)
		return GUID_UPPER;
	return (any & UPPER) == 0 ? GUID_LOWER : GUID_MIXED;
}

const char *
tmg_guid(const struct tmg_obj *o, char buffer[TMG_GUID_SIZE])
{
	const char *pair;

	if (!o->guid_bytes)
		return o->guid.text != NULL ? o->guid.text : "";
	pair = pairs[o->guid_lower];
#define WRITE(i, at) memcpy(buffer + (at), pair + (size_t)2 * o->guid.bytes[i], 2);
	EACH(WRITE)
#undef WRITE
	buffer[0] = '{';
	buffer[9] = buffer[14] = buffer[19] = buffer[24] = '-';
	buffer[37] = '}';
	buffer[GUID_LEN] = '\0';
	return buffer;
}

bool
guid_is(const struct tmg_obj *o, const char *s)
{
	uint8_t bytes[16];

	if (!o->guid_bytes)
		return ascii_casecmp(o->guid.text != NULL ? o->guid.text : "", s) == 0;
	return guid_bytes(s, strlen(s), bytes) != GUID_NOT && memcmp(bytes, o->guid.bytes, sizeof(bytes)) == 0;
}
