/*
 * Tests of the input stage. The same bytes are pumped in pieces of many sizes,
 * which must make no difference; sequences that are broken stand at every place.
 */
#include "unit.h"

#include <fcntl.h>
#include <iconv.h>
#include <stdlib.h>
#include <unistd.h>

#include <zlib.h>

#include "pump.h"

/* UTF-8 to something, by iconv: the second opinion on charsets. */
static size_t
to_charset(const char *charset, const char *s, char *out, size_t room)
{
	iconv_t cd = iconv_open(charset, "UTF-8");
	char *in = (char *)(uintptr_t)s, *to = out;
	size_t left = strlen(s), space = room;

	CU_ASSERT_FATAL(cd != (iconv_t)-1);
	CU_ASSERT_FATAL(iconv(cd, &in, &left, &to, &space) == 0 && left == 0);
	CU_ASSERT_FATAL(iconv(cd, NULL, NULL, &to, &space) == 0);
	iconv_close(cd);
	return room - space;
}

static void
test_plain(void)
{
	struct caught c;

	caught_init(&c);
	CU_ASSERT(PUMP(&c, "<a>x</a>", NULL) == INPUT_OK);
	CU_ASSERT_STRING_EQUAL(c.out.s, "<a>x</a>");
	CU_ASSERT_STRING_EQUAL(c.res.charset, "UTF-8");
	CU_ASSERT_STRING_EQUAL(c.res.declared, "");
	CU_ASSERT_STRING_EQUAL(c.res.sha256, "257e57f67758ddbecbef4f69e16ce8ef249988e2e0ea856290f82c6db1831591");
	CU_ASSERT(!c.res.bom && !c.res.gzip && !c.res.overruled && c.calls == 1);
	CU_ASSERT(PUMP(&c, "\xef\xbb\xbf \r\n\t<?xml version='1.0'?><\xc3\xa4/>", NULL) == INPUT_OK);
	CU_ASSERT_STRING_EQUAL(c.out.s, " \r\n\t<?xml version='1.0'?><\xc3\xa4/>");
	CU_ASSERT(c.res.bom && !c.res.overruled);
	CU_ASSERT(PUMP(&c, "", NULL) == INPUT_EMPTY);
	CU_ASSERT(pump(&c, NULL, 0, NULL) == INPUT_EMPTY);
	CU_ASSERT(c.calls == 0);
	CU_ASSERT(PUMP(&c, " \r\n", NULL) == INPUT_KIND);
	CU_ASSERT(PUMP(&c, "\xef\xbb\xbf", NULL) == INPUT_KIND);
	CU_ASSERT(PUMP(&c, "\xff\xfe", NULL) == INPUT_KIND);
	sb_free(&c.out);
}

static enum input_error
pump_file(struct caught *c, const char *path)
{
	struct input_options opt = { 0 };
	struct input_source src = { .path = path };

	sb_clear(&c->out);
	input_pump(&src, &opt, catch_piece, c, &c->res);
	CU_ASSERT(text_is_plain(c->res.detail));
	CU_ASSERT((c->res.error == INPUT_OK) == (c->res.sha256[0] != '\0'));
	return c->res.error;
}

static void
test_files(void)
{
	char name[] = "/tmp/tmgport-unit.XXXXXX", sum[65];
	enum { SIZE = 200001 };
	char *data = malloc(SIZE);
	int fd = mkstemp(name), stdin_was, ends[2];
	struct caught c;

	caught_init(&c);
	CU_ASSERT_FATAL(fd >= 0 && data != NULL);
	CU_ASSERT(pump_file(&c, name) == INPUT_EMPTY);
	memset(data, 'y', SIZE);
	memcpy(data, "<a>", 3);
	CU_ASSERT(write(fd, data, SIZE) == SIZE);
	close(fd);
	CU_ASSERT(pump_file(&c, name) == INPUT_OK);
	CU_ASSERT(c.out.len == SIZE && memcmp(c.out.s, data, SIZE) == 0);
	memcpy(sum, c.res.sha256, sizeof(sum));
	CU_ASSERT(pump(&c, data, SIZE, NULL) == INPUT_OK);
	CU_ASSERT_STRING_EQUAL(sum, c.res.sha256);
	unlink(name);
	CU_ASSERT(pump_file(&c, name) == INPUT_OPEN);
	CU_ASSERT_STRING_EQUAL(c.res.detail, "No such file or directory");
	CU_ASSERT(pump_file(&c, "") == INPUT_OPEN);
	CU_ASSERT(pump_file(&c, "/tmp") == INPUT_DIRECTORY);
	if (access("/proc/self/mem", R_OK) == 0) /* where reading at 0 is an error */
		CU_ASSERT(pump_file(&c, "/proc/self/mem") == INPUT_READ);
	/* Standard input, through a pipe that hands out little at a time. */
	stdin_was = dup(STDIN_FILENO);
	CU_ASSERT_FATAL(pipe(ends) == 0);
	CU_ASSERT(write(ends[1], "<piped/>", 8) == 8);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	CU_ASSERT(pump_file(&c, "-") == INPUT_OK);
	CU_ASSERT_STRING_EQUAL(c.out.s, "<piped/>");
	CU_ASSERT(fcntl(STDIN_FILENO, F_GETFD) >= 0); /* it is not ours to close */
	if (stdin_was >= 0) {
		dup2(stdin_was, STDIN_FILENO);
		close(stdin_was);
	}
	free(data);
	sb_free(&c.out);
}

/* Text of characters of one to four bytes, through every charset that can hold
 * it, in pieces of every small size. */
static void
test_charsets(void)
{
	static const struct {
		const char *charset, *mark, *text, *name;
		bool guess;
	} rows[] = {
		{ "UTF-8", "", "<a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z</a>", "UTF-8", true },
		{ "UTF-8", "\xef\xbb\xbf", "<a>\xc3\xa4\xf0\x9f\x98\x80</a>", "UTF-8", true },
		{ "UTF-16LE", "\xff\xfe", "<a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z</a>", "UTF-16LE", true },
		{ "UTF-16BE", "\xfe\xff", "<a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z</a>", "UTF-16BE", true },
		{ "UTF-16LE", "", "<a>\xe2\x82\xac\xf0\x9f\x98\x80</a>", "UTF-16LE", true },
		{ "UTF-16BE", "", "<a>\xe2\x82\xac\xf0\x9f\x98\x80</a>", "UTF-16BE", true },
		{ "UTF-16LE", "", "\r\n<a>\xe2\x82\xac</a>", "UTF-16LE", true },
		{ "UTF-16BE", "", " <a>\xe2\x82\xac</a>", "UTF-16BE", true },
		{ "windows-1252", "", "<a>\xc3\xa4\xe2\x82\xac</a>", "windows-1252", false },
		{ "ISO-8859-15", "", "<a>\xc3\xa4\xe2\x82\xac</a>", "ISO-8859-15", false },
		{ "SHIFT_JIS", "", "<a>\xe6\x97\xa5\xe6\x9c\xac</a>", "SHIFT_JIS", false },
		{ "GB18030", "", "<a>\xe6\x97\xa5\xf0\x9f\x98\x80</a>", "GB18030", false },
		{ "GB18030", "\x84\x31\x95\x33", "<a>\xe6\x97\xa5</a>", "GB18030", false },
		{ "ISO-2022-JP", "", "<a>\xe6\x97\xa5\xe6\x9c\xac</a>", "ISO-2022-JP", false },
		{ "CP1258", "", "<a>\xe1\xba\xa1</a>a", "CP1258", false },
		{ "BIG5-HKSCS", "", "<a>\xe6\x97\xa5\xc3\x8a", "BIG5-HKSCS", false },
		{ "UTF-7", "", "<a>\xe6\x97\xa5</a>", "UTF-7", false },
		{ "IBM037", "", "<a>\xc3\xa4</a>", "IBM037", false },
	};
	char bytes[300];
	struct caught c;

	caught_init(&c);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t mark = strlen(rows[i].mark), n;

		memcpy(bytes, rows[i].mark, mark);
		n = mark + to_charset(rows[i].charset, rows[i].text, bytes + mark, sizeof(bytes) - mark);
		for (size_t piece = 0; piece < 12; piece++) {
			struct input_options opt = { .piece = piece };
			enum input_error e;

			opt.charset = rows[i].guess ? NULL : rows[i].charset;
			e = pump(&c, bytes, n, &opt);
			CU_ASSERT(e == INPUT_OK);
			CU_ASSERT_STRING_EQUAL(c.out.s, rows[i].text);
			CU_ASSERT_STRING_EQUAL(c.res.charset, rows[i].name);
			CU_ASSERT(c.res.bom == (mark > 0));
			if (e != INPUT_OK)
				printf("# %s, pieces of %zu: %s\n", rows[i].charset, piece, c.res.detail);
		}
	}
	sb_free(&c.out);
}

#define DECL(e) "<?xml version=\"1.0\" encoding=\"" e "\"?>"

static void
test_declaration(void)
{
	static const struct {
		const char *in, *charset, *declared, *used;
		bool overruled;
	} rows[] = {
		{ DECL("UTF-8") "<a/>", NULL, "UTF-8", "UTF-8", false },
		{ DECL("utf8") "<a/>", NULL, "utf8", "UTF-8", false },
		{ "<?xml\n version='1.0'\tencoding = 'windows-1252' standalone='yes' ?><\xe4/>", NULL, "windows-1252",
		    "windows-1252", false },
		{ DECL("ISO-8859-1") "<\xe4/>", NULL, "ISO-8859-1", "ISO-8859-1", false },
		{ DECL("windows-1252") "<\xe4/>", "cp1252", "windows-1252", "cp1252", false },
		{ DECL("UTF-8") "<\xe4/>", "windows-1252", "UTF-8", "windows-1252", true },
		{ DECL("UTF-16") "<\xc3\xa4/>", NULL, "UTF-16", "UTF-8", true },
		{ DECL("UTF-16BE") "<a/>", NULL, "UTF-16BE", "UTF-8", true },
		{ DECL("UCS-2") "<a/>", NULL, "UCS-2", "UTF-8", true },
		{ DECL("ISO-10646-UCS-2") "<a/>", NULL, "ISO-10646-UCS-2", "UTF-8", true },
		{ DECL("UTF-32") "<a/>", NULL, "UTF-32", "UTF-8", true },
		{ DECL("UCS-4LE") "<a/>", NULL, "UCS-4LE", "UTF-8", true },
		{ DECL("IBM037") "<a/>", NULL, "IBM037", "UTF-8", true },
		{ "\xef\xbb\xbf" DECL("windows-1252") "<\xc3\xa4/>", NULL, "windows-1252", "UTF-8", true },
		{ "\xef\xbb\xbf" DECL("UTF-8") "<\xc3\xa4/>", "windows-1252", "UTF-8", "UTF-8", false },
		{ "\xef\xbb\xbf" DECL("no/name") "<a/>", NULL, "", "UTF-8", true },
		/* What only looks like a declaration of the charset. */
		{ "<?xml-stylesheet encoding=\"latin1\"?><a/>", NULL, "", "UTF-8", false },
		{ "<?xml version=\"encoding='latin1'\"?><a/>", NULL, "", "UTF-8", false },
		{ "<?xml version=\"1.0\"?><a encoding=\"latin1\"/>", NULL, "", "UTF-8", false },
		{ " " DECL("latin1") "<a/>", NULL, "", "UTF-8", false },
		{ "<?xml version ENCODING='latin1'?><a/>", NULL, "", "UTF-8", false },
		{ "<?xml", NULL, "", "UTF-8", false },
		{ "<?xml ", NULL, "", "UTF-8", false },
		{ "<?xml version=", NULL, "", "UTF-8", false },
		{ "<?xml version='1", NULL, "", "UTF-8", false },
	};
	struct caught c;

	caught_init(&c);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct input_options opt = { .charset = rows[i].charset };
		enum input_error e = pump(&c, rows[i].in, strlen(rows[i].in), &opt);

		CU_ASSERT(e == INPUT_OK);
		CU_ASSERT_STRING_EQUAL(c.res.declared, rows[i].declared);
		CU_ASSERT_STRING_EQUAL(c.res.charset, rows[i].used);
		CU_ASSERT(c.res.overruled == rows[i].overruled);
		if (e != INPUT_OK || c.res.overruled != rows[i].overruled)
			printf("# %s: %s\n", rows[i].in, c.res.detail);
		/* The declaration is handed on as it stands. */
		CU_ASSERT_PTR_NOT_NULL(strstr(c.out.s, "<?xml"));
	}
	sb_free(&c.out);
}

static void
test_declaration_wide(void)
{
	static const struct {
		const char *text, *charset, *mark;
		bool overruled;
	} rows[] = {
		{ DECL("UTF-16") "<a/>", "UTF-16LE", "\xff\xfe", false },
		{ DECL("UTF-16") "<a/>", "UTF-16BE", "\xfe\xff", false },
		{ DECL("utf-16le") "<a/>", "UTF-16LE", "", false },
		{ DECL("UTF-16BE") "<a/>", "UTF-16LE", "\xff\xfe", true },
		{ DECL("UTF-8") "<a/>", "UTF-16LE", "\xff\xfe", true },
		{ DECL("windows-1252") "<a/>", "UTF-16BE", "", true },
		{ "<a/>", "UTF-16BE", "", false },
	};
	char bytes[300];
	struct caught c;

	caught_init(&c);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t mark = strlen(rows[i].mark), n;

		memcpy(bytes, rows[i].mark, mark);
		n = mark + to_charset(rows[i].charset, rows[i].text, bytes + mark, sizeof(bytes) - mark);
		CU_ASSERT(pump(&c, bytes, n, NULL) == INPUT_OK);
		CU_ASSERT_STRING_EQUAL(c.out.s, rows[i].text);
		CU_ASSERT_STRING_EQUAL(c.res.charset, rows[i].charset);
		CU_ASSERT(c.res.overruled == rows[i].overruled);
	}
	sb_free(&c.out);
}

static void
test_charset_errors(void)
{
	static const char *const names[] = { "", "no-such-charset", "UTF-8//IGNORE", "latin1,TRANSLIT", "a b",
		"\x1b[2J", "x\xc3\xa4", "0123456789012345678901234567890123456789" };
	struct caught c;

	caught_init(&c);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct input_options opt = { .charset = names[i] };

		CU_ASSERT(PUMP(&c, "<a/>", &opt) == INPUT_CHARSET);
		CU_ASSERT(c.calls == 0);
	}
	CU_ASSERT(PUMP(&c, DECL("x-unknown") "<a/>", NULL) == INPUT_CHARSET);
	CU_ASSERT_STRING_EQUAL(c.res.declared, "x-unknown");
	CU_ASSERT(PUMP(&c, DECL("UTF-8//IGNORE") "<a/>", NULL) == INPUT_CHARSET);
	CU_ASSERT(PUMP(&c, DECL("") "<a/>", NULL) == INPUT_CHARSET);
	CU_ASSERT(PUMP(&c, "<?xml encoding=latin1?><a/>", NULL) == INPUT_CHARSET);
	CU_ASSERT(PUMP(&c, "<?xml encoding='latin1?><a/>", NULL) == INPUT_CHARSET);
	CU_ASSERT(PUMP(&c, DECL("0123456789012345678901234567890123456789"), NULL) == INPUT_CHARSET);
	CU_ASSERT(PUMP(&c, "\xff\xfe\0\0<\0\0\0", NULL) == INPUT_CHARSET);
	CU_ASSERT(PUMP(&c, "\0\0\xfe\xff\0\0\0<", NULL) == INPUT_CHARSET);
	CU_ASSERT(PUMP(&c, "<\0\0\0a\0\0\0", NULL) == INPUT_CHARSET);
	CU_ASSERT(PUMP(&c, "\0\0\0<\0\0\0a", NULL) == INPUT_CHARSET);
	CU_ASSERT_PTR_NOT_NULL(strstr(c.res.detail, "UTF-32BE"));
	sb_free(&c.out);
}

/* Each kind of bad bytes at every place, in whole and in small pieces: always
 * found, with its offset, and everything before it handed on. */
static void
test_bad_bytes(void)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *what;
	} odd[] = {
		{ "\xff", 1, "byte 0xff" },
		{ "\xc3(", 2, "byte 0xc3" },
		{ "\xe2\x82(", 3, "byte 0xe2" },
		{ "\xed\xa0\x80", 3, "byte 0xed" },
		{ "\xf4\x90\x80\x80", 4, "byte 0xf4" },
		{ "\x80", 1, "byte 0x80" },
		{ "\0", 1, "a NUL character" },
	};
	char buf[140], where[40];
	struct caught c;
	size_t bad = 0;

	caught_init(&c);
	for (size_t k = 0; k < ARRAY_LEN(odd); k++) {
		for (size_t at = 1; at + odd[k].n <= sizeof(buf); at++) {
			for (size_t piece = 0; piece < 5; piece++) {
				struct input_options opt = { .piece = piece };

				memset(buf, 'a', sizeof(buf));
				buf[0] = '<';
				memcpy(buf + at, odd[k].bytes, odd[k].n);
				bad += pump(&c, buf, sizeof(buf), &opt) != INPUT_BYTES;
				snprintf(where, sizeof(where), "at byte offset %zu", at);
				bad += strstr(c.res.detail, where) == NULL;
				bad += strncmp(c.res.detail, odd[k].what, strlen(odd[k].what)) != 0;
				bad += c.out.len != at || memcmp(c.out.s, buf, at) != 0;
			}
		}
	}
	CU_ASSERT(bad == 0);
	CU_ASSERT(PUMP(&c, "<\xe4>", NULL) == INPUT_BYTES);
	CU_ASSERT_STRING_EQUAL(
	    c.res.detail, "byte 0xe4 at byte offset 1 is not UTF-8; try --charset, for example windows-1252");
	CU_ASSERT(PUMP(&c, "\xef\xbb\xbf<\xe4>", NULL) == INPUT_BYTES);
	CU_ASSERT_STRING_EQUAL(c.res.detail, "byte 0xe4 at byte offset 4 is not UTF-8");
	CU_ASSERT(PUMP(&c, DECL("us-ascii") "<\xe4>", NULL) == INPUT_BYTES);
	CU_ASSERT_PTR_NOT_NULL(strstr(c.res.detail, "is not us-ascii; try --charset"));
	for (size_t piece = 0; piece < 5; piece++) {
		struct input_options opt = { .piece = piece };

		CU_ASSERT(PUMP(&c, "<a>\xf0\x9f\x98", &opt) == INPUT_BYTES);
		CU_ASSERT_PTR_NOT_NULL(strstr(c.res.detail, "ends inside a character of UTF-8, at byte offset 3;"));
		CU_ASSERT_STRING_EQUAL(c.out.s, "<a>");
	}
	sb_free(&c.out);
}

static void
test_bad_utf16(void)
{
	struct caught c;

	caught_init(&c);
	for (size_t piece = 0; piece < 8; piece++) {
		struct input_options opt = { .piece = piece };

		CU_ASSERT(PUMP(&c, "\xff\xfe<\0a", &opt) == INPUT_BYTES);
		CU_ASSERT_PTR_NOT_NULL(strstr(c.res.detail, "ends inside a character of UTF-16LE, at byte offset 4"));
		CU_ASSERT(PUMP(&c, "\xff\xfe<\0\x3d\xd8", &opt) == INPUT_BYTES);
		CU_ASSERT_PTR_NOT_NULL(strstr(c.res.detail, "offset 4"));
		CU_ASSERT(PUMP(&c, "\xff\xfe<\0a\0\x00\xdc>\0", &opt) == INPUT_BYTES);
		CU_ASSERT_PTR_NOT_NULL(strstr(c.res.detail, "offset 6 is not UTF-16LE"));
		CU_ASSERT(PUMP(&c, "\xfe\xff\0<\xd8\x3d\0a", &opt) == INPUT_BYTES);
		CU_ASSERT_PTR_NOT_NULL(strstr(c.res.detail, "offset 4 is not UTF-16BE"));
		/* U+0100 has a byte of 0 that is no NUL. */
		CU_ASSERT(PUMP(&c, "\xff\xfe<\0\0\1\0\0>\0", &opt) == INPUT_BYTES);
		CU_ASSERT_STRING_EQUAL(c.res.detail, "a NUL character (U+0000) at byte offset 6");
		CU_ASSERT_STRING_EQUAL(c.out.s, "<\xc4\x80");
	}
	sb_free(&c.out);
}

static void
test_kinds(void)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *kind;
	} rows[] = {
		{ "PK\3\4rest", 8, "ZIP" },
		{ "%PDF-1.7", 8, "PDF" },
		{ "MZ\x90\0", 4, "Windows program" },
		{ "\x7f"
		  "ELF\2",
		    5, "program" },
		{ "SQLite format 3\0..", 18, "SQLite" },
		{ "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, "OLE" },
		{ "regf\0\0", 6, "registry hive" },
		{ "\x89PNG\r\n\x1a\n", 8, "PNG" },
		{ "\xff\xd8\xff\xe0", 4, "JPEG" },
		{ "{\"a\":1}", 7, "JSON" },
		{ "\xef\xbb\xbf [1]", 7, "JSON" },
		{ "Windows Registry Editor Version 5.00", 36, "registry file" },
		{ "\xff\xfeW\0i\0n\0d\0o\0w\0s\0 \0R\0e\0g\0i\0s\0t\0r\0y\0 \0E\0d\0i\0t\0o\0r\0", 48,
		    "registry file" },
		{ "-----BEGIN CERTIFICATE-----", 27, "PEM" },
		{ "hello", 5, "plain text" },
		{ "\n\n  hello <a/>", 14, "plain text" },
		{ "M\xc3\xbcnchen", 8, "plain text" },
		{ "M\xfcnchen", 7, "plain text" },
		{ "\x80\x81", 2, "binary data" },
		{ "\0\0\0", 3, "binary data" },
		{ "\1\2\3", 3, "binary data" },
		{ "\xff\xfe\0\xd8", 4, "binary data" },
		{ "\xef\xbb\xbf\xef\xbb\xbf<a/>", 10, "plain text" },
	};
	struct input_options wrong = { .charset = "UTF-16" };
	struct caught c;

	caught_init(&c);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum input_error e = pump(&c, rows[i].bytes, rows[i].n, NULL);

		CU_ASSERT(e == INPUT_KIND);
		CU_ASSERT_PTR_NOT_NULL(strstr(c.res.detail, rows[i].kind));
		CU_ASSERT(c.calls == 0);
		if (e != INPUT_KIND || strstr(c.res.detail, rows[i].kind) == NULL)
			printf("# %s: %d %s\n", rows[i].kind, e, c.res.detail);
	}
	CU_ASSERT(PUMP(&c, "<a></a>.", &wrong) == INPUT_KIND);
	CU_ASSERT_PTR_NOT_NULL(strstr(c.res.detail, "read as UTF-16LE"));
	sb_free(&c.out);
}

static void
test_gzip(void)
{
	static const char text[] = "<a>contoso fabrikam contoso fabrikam \xc3\xa4</a>";
	size_t len = sizeof(text) - 1, n, bad = 0, same = 0;
	unsigned char *z = gzip(text, len, &n);
	struct caught c;
	char sum[65];

	caught_init(&c);
	CU_ASSERT(pump(&c, z, n, NULL) == INPUT_OK);
	CU_ASSERT_STRING_EQUAL(c.out.s, text);
	CU_ASSERT(c.res.gzip);
	memcpy(sum, c.res.sha256, sizeof(sum));
	for (size_t piece = 1; piece < 9; piece++) {
		struct input_options opt = { .piece = piece };

		CU_ASSERT(pump(&c, z, n, &opt) == INPUT_OK);
		CU_ASSERT_STRING_EQUAL(c.out.s, text);
		CU_ASSERT_STRING_EQUAL(c.res.sha256, sum);
		for (size_t cut = 2; cut < n; cut++)
			bad += pump(&c, z, cut, &opt) != INPUT_GZIP;
	}
	CU_ASSERT(bad == 0);
	CU_ASSERT_STRING_EQUAL(c.res.detail, "the gzip data is cut off");
	/* Every bit turned: an error, or (time stamp, system) the same text. */
	for (size_t bit = 16; bit < n * 8; bit++) {
		z[bit / 8] ^= (unsigned char)(1u << bit % 8);
		if (pump(&c, z, n, NULL) == INPUT_OK) {
			same++;
			bad += strcmp(c.out.s, text) != 0;
		} else {
			bad += c.res.error != INPUT_GZIP;
		}
		z[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	CU_ASSERT(bad == 0 && same < 8 * 8);
	free(z);
	sb_free(&c.out);
}

/* Two members, with a character cut in two; then what does not belong there. */
static void
test_gzip_members(void)
{
	static const char text[] = "<a>contoso \xc3\xa4</a>";
	size_t len = sizeof(text) - 1, n, n2;
	unsigned char *z = gzip(text, len - 5, &n), *zz = gzip(text + len - 5, 5, &n2);
	unsigned char *all = malloc(n + n2 + 2);
	struct caught c;

	caught_init(&c);
	CU_ASSERT_PTR_NOT_NULL_FATAL(all);
	memcpy(all, z, n);
	memcpy(all + n, zz, n2);
	for (size_t piece = 0; piece < 9; piece++) {
		struct input_options opt = { .piece = piece };

		CU_ASSERT(pump(&c, all, n + n2, &opt) == INPUT_OK);
		CU_ASSERT_STRING_EQUAL(c.out.s, text);
		memcpy(all + n + n2, "\0\0", 2);
		CU_ASSERT(pump(&c, all, n + n2 + 1, &opt) == INPUT_GZIP);
		CU_ASSERT(pump(&c, all, n + n2 + 2, &opt) == INPUT_GZIP);
		memcpy(all + n + n2, "\x1f\x8b", 2);
		CU_ASSERT(pump(&c, all, n + n2 + 1, &opt) == INPUT_GZIP);
		CU_ASSERT(pump(&c, all, n + n2 + 2, &opt) == INPUT_GZIP);
	}
	free(all);
	free(zz);
	zz = gzip(z, n, &n2);
	CU_ASSERT(pump(&c, zz, n2, NULL) == INPUT_KIND);
	CU_ASSERT_STRING_EQUAL(c.res.detail, "gzip data inside gzip data");
	free(zz);
	zz = gzip("", 0, &n2);
	CU_ASSERT(pump(&c, zz, n2, NULL) == INPUT_EMPTY);
	CU_ASSERT(PUMP(&c, "\x1f\x8b", NULL) == INPUT_GZIP);
	CU_ASSERT(PUMP(&c, "\x1f", NULL) == INPUT_KIND);
	free(zz);
	free(z);
	sb_free(&c.out);
}

/* Text larger than a piece whose characters lie across every boundary. */
static void
test_large(void)
{
	enum { SIZE = 300000 };
	static const char *const chars[] = { "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80" };
	char *text = malloc(SIZE + 1);
	struct caught c;
	unsigned char *z;
	size_t n;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	caught_init(&c);
	for (size_t k = 0; k < ARRAY_LEN(chars); k++) {
		size_t w = strlen(chars[k]);

		for (size_t shift = 1; shift <= w; shift++) {
			memset(text, '<', SIZE);
			for (size_t i = shift; i + w <= SIZE; i += w)
				memcpy(text + i, chars[k], w);
			text[SIZE] = '\0';
			CU_ASSERT(pump(&c, text, SIZE, NULL) == INPUT_OK);
			CU_ASSERT(c.out.len == SIZE && memcmp(c.out.s, text, SIZE) == 0);
		}
	}
	z = gzip(text, SIZE, &n);
	CU_ASSERT(pump(&c, z, n, NULL) == INPUT_OK);
	CU_ASSERT(c.out.len == SIZE && memcmp(c.out.s, text, SIZE) == 0);
	free(z);
	/* More blanks than fit a piece before the first "<". */
	memset(text, ' ', SIZE);
	text[SIZE - 1] = '<';
	CU_ASSERT(pump(&c, text, SIZE, NULL) == INPUT_OK && c.out.len == SIZE);
	text[SIZE - 1] = 'x';
	CU_ASSERT(pump(&c, text, SIZE, NULL) == INPUT_KIND);
	/* Three bytes of UTF-8 for each byte of the input: the converter's room. */
	memset(text, '\x80', SIZE);
	text[0] = '<';
	CU_ASSERT(pump(&c, text, SIZE, &(struct input_options){ .charset = "windows-1252" }) == INPUT_OK);
	CU_ASSERT(c.out.len == 1 + 3 * (size_t)(SIZE - 1));
	CU_ASSERT(utf8_span(c.out.s, c.out.len) == c.out.len);
	free(text);
	sb_free(&c.out);
}

static void
test_limits(void)
{
	char zeros[100000];
	struct input_options opt = { .max_size = 10 };
	struct caught c;
	unsigned char *z;
	size_t n;

	caught_init(&c);
	CU_ASSERT(PUMP(&c, "<23456789>", &opt) == INPUT_OK);
	CU_ASSERT(PUMP(&c, "<23456789>.", &opt) == INPUT_SIZE);
	CU_ASSERT_STRING_EQUAL(c.res.detail, "more than 10 bytes");
	for (opt.piece = 1; opt.piece < 5; opt.piece++) {
		CU_ASSERT(PUMP(&c, "\xff\xfe<\0a\0b\0c\0", &opt) == INPUT_OK);
		CU_ASSERT(PUMP(&c, "\xff\xfe<\0a\0b\0c\0d\0", &opt) == INPUT_SIZE);
		CU_ASSERT(PUMP(&c, "<2345678\xc3\xa4", &opt) == INPUT_OK);
		CU_ASSERT(PUMP(&c, "<23456789\xc3\xa4", &opt) == INPUT_SIZE);
	}
	memset(zeros, 'a', sizeof(zeros));
	zeros[0] = '<';
	z = gzip(zeros, sizeof(zeros), &n);
	CU_ASSERT(n < 1000);
	opt = (struct input_options){ .max_size = sizeof(zeros) };
	CU_ASSERT(pump(&c, z, n, &opt) == INPUT_OK);
	opt.max_size--;
	CU_ASSERT(pump(&c, z, n, &opt) == INPUT_SIZE);
	CU_ASSERT_STRING_EQUAL(c.res.detail, "more than 99999 bytes when inflated");
	CU_ASSERT(c.out.len <= opt.max_size);
	free(z);
	/* The sink's word is the last. */
	c.stop_at = 2;
	CU_ASSERT(pump(&c, zeros, sizeof(zeros), NULL) == INPUT_STOPPED);
	CU_ASSERT(c.calls == 2);
	sb_free(&c.out);
}

/* The n-th request of memory fails, for all n, on the way that needs most. */
static void
test_memory(void)
{
	char utf16[] = "\xff\xfe<\0a\0>\0", path[] = "/tmp/tmgport-unit.XXXXXX";
	int fd = mkstemp(path);
	struct budget b = { 0 };
	struct input_options opt = { .budget = &b };
	struct input_source src = { .path = path };
	struct caught c;
	unsigned char *z;
	uint64_t all;
	size_t n;

	caught_init(&c);
	z = gzip(utf16, sizeof(utf16) - 1, &n);
	CU_ASSERT_FATAL(fd >= 0 && write(fd, z, n) == (ssize_t)n);
	close(fd);
	input_pump(&src, &opt, catch_piece, &c, &c.res);
	CU_ASSERT(c.res.error == INPUT_OK);
	CU_ASSERT_STRING_EQUAL(c.out.s, "<a>");
	CU_ASSERT(b.used == 0);
	all = b.requests;
	CU_ASSERT(all >= 3);
	for (uint64_t k = 1; k <= all; k++) {
		b.requests = 0;
		b.fail_at = k;
		sb_clear(&c.out);
		input_pump(&src, &opt, catch_piece, &c, &c.res);
		CU_ASSERT(c.res.error == INPUT_NOMEM);
		CU_ASSERT(c.res.detail[0] != '\0' && c.res.sha256[0] == '\0');
		CU_ASSERT(c.out.len == 0 && b.used == 0);
	}
	b.fail_at = 0;
	b.limit = 1000;
	input_pump(&src, &opt, catch_piece, &c, &c.res);
	CU_ASSERT(c.res.error == INPUT_NOMEM && b.used == 0);
	unlink(path);
	free(z);
	sb_free(&c.out);
}

/* Asked for piece by piece: what is good comes before the error behind it, and the end stays the end. */
static void
test_on_demand(void)
{
	static const char text[] = "<a>\xc3\xa4 \xff</a>", good[] = "<a>b</a>";
	struct budget b = { 0 };
	struct input_options opt = { .budget = &b, .piece = 4 };
	struct input_source src = { .data = text, .len = sizeof(text) - 1 };
	struct input_result res;
	struct input *in = input_open(&src, &opt, &res);
	const char *s;
	size_t n, len = 0;
	char out[16];

	CU_ASSERT_FATAL(in != NULL && res.error == INPUT_OK);
	while (input_next(in, &s, &n) && len + n <= sizeof(out)) {
		memcpy(out + len, s, n);
		len += n;
	}
	CU_ASSERT(len == 6 && memcmp(out, text, 6) == 0);
	CU_ASSERT(res.error == INPUT_BYTES && res.sha256[0] == '\0');
	CU_ASSERT(!input_next(in, &s, &n) && n == 0);
	input_close(in);
	CU_ASSERT(b.used == 0);
	src = (struct input_source){ .data = good, .len = sizeof(good) - 1 };
	in = input_open(&src, &opt, &res);
	CU_ASSERT_FATAL(in != NULL);
	CU_ASSERT(input_next(in, &s, &n) && n == 4 && memcmp(s, "<a>b", 4) == 0 && res.sha256[0] == '\0');
	CU_ASSERT(input_next(in, &s, &n) && n == 4 && memcmp(s, "</a>", 4) == 0);
	CU_ASSERT(!input_next(in, &s, &n) && res.error == INPUT_OK && strlen(res.sha256) == 64);
	CU_ASSERT(!input_next(in, &s, &n) && res.error == INPUT_OK);
	input_close(in);
	in = input_open(&src, &opt, &res); /* and given up in between */
	CU_ASSERT(in != NULL && input_next(in, &s, &n));
	input_close(in);
	input_close(NULL);
	src = (struct input_source){ .data = "MZ", .len = 2 };
	in = input_open(&src, &opt, &res);
	CU_ASSERT(in != NULL && res.error != INPUT_OK && !input_next(in, &s, &n));
	input_close(in);
	CU_ASSERT(b.used == 0);
}

static uint32_t
next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

/* Changed seeds, in whole and in small pieces: the same answer, and what the
 * sink gets is always UTF-8 without NUL, whatever comes in. */
static void
test_mutations(void)
{
	static const struct {
		const char *s;
		size_t n;
	} seeds[] = {
#define SEED(s) { s, sizeof(s) - 1 }
		SEED("<a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 z \xc3\xa4\xe2\x82\xac</a>"),
		SEED("\xef\xbb\xbf" DECL("UTF-8") "<a/>"),
		SEED("\xff\xfe<\0a\0>\0\x3d\xd8\x00\xde<\0/\0a\0>\0"),
		SEED("\xfe\xff\0<\0a\0>\xd8\x3d\xde\x00\0<\0/\0a\0>"),
		SEED(DECL("windows-1252") "<\xe4\x80/>"),
		SEED(DECL("SHIFT_JIS") "<\x93\xfa\x96\x7b/>"),
		SEED(DECL("GB18030") "<\x84\x31\x95\x33\xc8\xd5/>"),
		SEED(DECL("ISO-2022-JP") "<\x1b$BF|K\\\x1b(B/>"),
		SEED(DECL("UTF-7") "<+ZeU-/>"),
#undef SEED
	};
	static const char odd[] = { 0, '<', '?', ' ', '"', '\x1b', '\x80', '\xbf', '\xc3', '\xe2', '\xed', '\xf0',
		'\xf4', '\xff', '\xfe', '\xd8', '\xdc', '\x81' };
	uint32_t state = 1;
	size_t bad = 0, fine = 0, broken = 0;
	struct caught a, b;
	char buf[200];

	caught_init(&a);
	caught_init(&b);
	for (int round = 0; round < 20000; round++) {
		size_t k = next_random(&state) % ARRAY_LEN(seeds), n = seeds[k].n;
		struct input_options small = { .piece = 1 + next_random(&state) % 7 };

		memcpy(buf, seeds[k].s, n);
		for (uint32_t times = next_random(&state) % 4; times > 0; times--)
			buf[next_random(&state) % n] = odd[next_random(&state) % sizeof(odd)];
		n -= next_random(&state) % 3;
		pump(&a, buf, n, NULL);
		pump(&b, buf, n, &small);
		bad += a.res.error != b.res.error;
		fine += a.res.error == INPUT_OK;
		broken += a.res.error == INPUT_BYTES;
		bad += utf8_span(a.out.s, a.out.len) != a.out.len;
		bad += memchr(a.out.s, '\0', a.out.len) != NULL;
		if (a.res.error == INPUT_KIND)
			continue; /* what it looks like depends on how much is seen */
		bad += a.out.len != b.out.len || memcmp(a.out.s, b.out.s, a.out.len) != 0;
		bad += strcmp(a.res.charset, b.res.charset) != 0;
		bad += strcmp(a.res.detail, b.res.detail) != 0;
		bad += strcmp(a.res.sha256, b.res.sha256) != 0;
		if (bad > 0) {
			printf("# seed %zu, round %d: %d %s / %d %s\n", k, round, a.res.error, a.res.detail,
			    b.res.error, b.res.detail);
			break;
		}
	}
	CU_ASSERT(bad == 0);
	CU_ASSERT(fine > 1000 && broken > 1000); /* both ways were tried */
	sb_free(&a.out);
	sb_free(&b.out);
}

int
suite_input(void)
{
	static const struct unit_test tests[] = {
		{ "plain input", test_plain },
		{ "files, directories, standard input", test_files },
		{ "charsets in pieces of every size", test_charsets },
		{ "declarations", test_declaration },
		{ "declarations in UTF-16", test_declaration_wide },
		{ "charsets that are none", test_charset_errors },
		{ "bad bytes at every place", test_bad_bytes },
		{ "bad UTF-16", test_bad_utf16 },
		{ "files that are not XML", test_kinds },
		{ "gzip", test_gzip },
		{ "gzip: members", test_gzip_members },
		{ "more than a piece", test_large },
		{ "limits", test_limits },
		{ "memory that fails", test_memory },
		{ "pieces on demand", test_on_demand },
		{ "mutations", test_mutations },
	};

	return unit_add("input", tests, ARRAY_LEN(tests));
}
