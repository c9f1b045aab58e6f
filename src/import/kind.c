/*
 * What the first bytes say: of a file that is not XML, beginnings of common
 * formats; of a text, its charset. Must not know how the bytes were read.
 */
#include "import/kind.h"

static const struct magic {
	const char *bytes;
	size_t len;
	const char *kind;
} magics[] = {
	{ "PK\003\004", 4, "a ZIP archive (or a document in one, like .docx and .xlsx)" },
	{ "PK\005\006", 4, "an empty ZIP archive" },
	{ "%PDF-", 5, "a PDF document" },
	{ "MZ", 2, "a Windows program" },
	{ "\177ELF", 4, "a program" },
	{ "\037\213", 2, "gzip data inside gzip data" },
	{ "BZh", 3, "bzip2 data" },
	{ "\375" "7zXZ\000", 6, "xz data" },
	{ "\050\265\057\375", 4, "Zstandard data" },
	{ "7z\274\257\047\034", 6, "a 7-Zip archive" },
	{ "MSCF\000\000\000\000", 8, "a Windows cabinet file" },
	{ "Rar!\032\007", 6, "a RAR archive" },
	{ "SQLite format 3\000", 16, "an SQLite database" },
	{ "\320\317\021\340\241\261\032\341", 8,
	    "an OLE compound file (an old Office document or an installer package)" },
	{ "regf", 4, "a Windows registry hive" },
	{ "\211PNG\r\n\032\n", 8, "a PNG picture" },
	{ "\377\330\377", 3, "a JPEG picture" },
	{ "GIF8", 4, "a GIF picture" },
	{ "ElfFile\000", 8, "a Windows event log" },
}, texts[] = {
	{ "Windows Registry Editor", 23, "a registry file (.reg)" },
	{ "REGEDIT4", 8, "a registry file (.reg)" },
	{ "-----BEGIN ", 11, "a PEM file (certificates or keys)" },
	{ "%!PS", 4, "a PostScript document" },
	{ "#!", 2, "a script" },
	{ "{\\rtf", 5, "an RTF document" },
	{ "{", 1, "JSON or other text" },
	{ "[", 1, "JSON, an INI file or other text" },
	{ "#Software: ", 11, "a log of Internet Information Services" },
};

static const char *
kind_of(const struct magic *table, size_t rows, const void *s, size_t n)
{
	for (size_t i = 0; i < rows; i++) {
		if (n >= table[i].len && memcmp(s, table[i].bytes, table[i].len) == 0)
			return table[i].kind;
	}
	return NULL;
}

const char *
kind_of_bytes(const void *s, size_t n)
{
	return kind_of(magics, ARRAY_LEN(magics), s, n);
}

const char *
kind_of_text(const void *s, size_t n)
{
	return kind_of(texts, ARRAY_LEN(texts), s, n);
}

static const struct bom boms[] = {
	{ "\xff\xfe\0\0", 4, 4, "UTF-32LE" },
	{ "\0\0\xfe\xff", 4, 4, "UTF-32BE" },
	{ "\xef\xbb\xbf", 3, 3, "UTF-8" },
	{ "\xff\xfe", 2, 2, "UTF-16LE" },
	{ "\xfe\xff", 2, 2, "UTF-16BE" },
	/* No mark, but the zero bytes beside a "<" or blank. */
	{ "<\0\0\0", 4, 0, "UTF-32LE" },
	{ "\0\0\0<", 4, 0, "UTF-32BE" },
	{ "<\0", 2, 0, "UTF-16LE" },
	{ "\0<", 2, 0, "UTF-16BE" },
	{ "\r\0", 2, 0, "UTF-16LE" },
	{ "\0\r", 2, 0, "UTF-16BE" },
	{ "\n\0", 2, 0, "UTF-16LE" },
	{ "\0\n", 2, 0, "UTF-16BE" },
	{ " \0", 2, 0, "UTF-16LE" },
	{ "\0 ", 2, 0, "UTF-16BE" },
};

/* Without a mark the character behind must look like UTF-16, too: it is ASCII
 * in every export, and "<" and NUL alone may be broken UTF-8. */
const struct bom *
find_bom(const uint8_t *s, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(boms); i++) {
		const struct bom *b = &boms[i];

		if (n < b->len || memcmp(s, b->bytes, b->len) != 0)
			continue;
		if (b->skip == 0 && b->len == 2 && n >= 4 && s[s[0] == 0 ? 2 : 3] != 0)
			continue;
		return b;
	}
	return NULL;
}

const char *
wide_text(const uint8_t *s, size_t n)
{
	if (n < 4 || s[0] >= 0x80 || s[1] >= 0x80)
		return NULL;
	if (s[0] != 0 && s[1] == 0 && s[2] != 0 && s[3] == 0)
		return "UTF-16LE";
	if (s[0] == 0 && s[1] != 0 && s[2] == 0 && s[3] != 0)
		return "UTF-16BE";
	return NULL;
}
