/*
 * The input stage: file, descriptor or memory -> gzip -> charset -> checked
 * UTF-8 in pieces. Bytes are handed on where they lie as long as possible: an
 * ordinary UTF-8 file is read into one buffer and seen there by the sink.
 * Must not know XML beyond the first character and the declaration's encoding.
 */
#include "import/input.h"
#include "import/kind.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <zlib.h>

#include "base/text.h"

#define PIECE ((size_t)64 * 1024)
#define HEAD ((size_t)1024)       /* what charset and kind are judged by */
#define DECLARATION ((size_t)256) /* characters in which `encoding` is looked for */
#define CARRY 16                  /* longer than any character of any charset */

struct pump {
	const struct input_source *src;
	const struct input_options *opt;
	struct input_result *res;
	input_sink *sink;
	void *ctx;

	int fd;        /* -1: memory */
	bool opened;   /* by us, so that we close it */
	size_t at;     /* of the memory */
	bool ended;    /* no more raw bytes */
	uint8_t *raw;  /* PIECE bytes read from fd */
	uint8_t *flat; /* PIECE bytes inflated */
	char *out;     /* PIECE bytes converted */
	size_t piece;
	EVP_MD_CTX *hash;

	z_stream z;
	bool inflating, member_ended;

	iconv_t cd; /* (iconv_t)-1: the bytes are UTF-8 */
	char carry[CARRY];
	size_t carried;
	size_t unit;    /* bytes of a code unit: 2 for UTF-16 */
	bool guessed;   /* UTF-8 because of the declaration or for want of one */
	bool emitted;   /* something reached the sink */
	bool started;   /* the "<" among it */
	uint64_t total; /* bytes after inflating that were looked at */
};

/* Notes the first error; answers false for the caller to hand on. */
static bool PRINTF_LIKE(3, 4) fail(struct pump *p, enum input_error error, const char *fmt, ...)
{
	va_list ap;

	if (p->res->error != INPUT_OK)
		return false;
	p->res->error = error;
	va_start(ap, fmt);
	vsnprintf(p->res->detail, sizeof(p->res->detail), fmt, ap);
	va_end(ap);
	return false;
}

static bool
fail_system(struct pump *p, enum input_error error, int number)
{
	const char *why = NULL;

#if defined(__GLIBC__)
	why = strerrordesc_np(number); /* strerror speaks the locale's language */
#endif
	if (why != NULL)
		return fail(p, error, "%s", why);
	return fail(p, error, "system error %d", number);
}

static bool
no_memory(struct pump *p)
{
	return fail(p, INPUT_NOMEM, "out of memory");
}

static void *
buffer(struct pump *p)
{
	void *b = budget_realloc(p->opt->budget, NULL, 0, PIECE);

	if (b == NULL)
		no_memory(p);
	return b;
}

/* ---- Raw bytes ---------------------------------------------------------- */

static bool
source_open(struct pump *p)
{
	struct stat st;

	p->hash = EVP_MD_CTX_new();
	if (p->hash == NULL || EVP_DigestInit_ex(p->hash, EVP_sha256(), NULL) != 1)
		return no_memory(p);
	if (p->src->path == NULL)
		return true;
	p->raw = buffer(p);
	if (p->raw == NULL)
		return false;
	p->opened = strcmp(p->src->path, "-") != 0;
	p->fd = p->opened ? open(p->src->path, O_RDONLY | O_CLOEXEC | O_NOCTTY) : STDIN_FILENO;
	if (p->fd < 0)
		return fail_system(p, INPUT_OPEN, errno);
	if (fstat(p->fd, &st) == 0 && S_ISDIR(st.st_mode))
		return fail(p, INPUT_DIRECTORY, "is a directory");
	return true;
}

/* The next bytes of the file, `want` of them unless it ends before. */
static bool
raw_next(struct pump *p, size_t want, const uint8_t **s, size_t *n)
{
	*n = 0;
	if (p->src->path == NULL) {
		*n = p->src->len - p->at < want ? p->src->len - p->at : want;
		*s = *n > 0 ? (const uint8_t *)p->src->data + p->at : NULL;
		p->at += *n;
	} else {
		*s = p->raw;
		while (*n < want && !p->ended) {
			ssize_t got = read(p->fd, p->raw + *n, want - *n);

			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				return fail_system(p, INPUT_READ, errno);
			*n += (size_t)got;
			p->ended = got == 0;
		}
	}
	if (*n > 0 && EVP_DigestUpdate(p->hash, *s, *n) != 1)
		return no_memory(p);
	return true;
}

static bool
hash_end(struct pump *p)
{
	static const char hex[] = "0123456789abcdef";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (EVP_DigestFinal_ex(p->hash, sum, &n) != 1 || 2 * n >= sizeof(p->res->sha256))
		return no_memory(p);
	for (unsigned int i = 0; i < n; i++) {
		p->res->sha256[2 * i] = hex[sum[i] >> 4];
		p->res->sha256[2 * i + 1] = hex[sum[i] & 15];
	}
	p->res->sha256[2 * n] = '\0';
	return true;
}

/* ---- gzip --------------------------------------------------------------- */

/* Starts inflating with the n bytes that were read to recognise it. */
static bool
inflate_open(struct pump *p, const uint8_t *s, size_t n)
{
	p->res->gzip = true;
	p->flat = buffer(p);
	if (p->flat == NULL)
		return false;
	if (inflateInit2(&p->z, 16 + MAX_WBITS) != Z_OK)
		return no_memory(p);
	p->inflating = true;
	p->z.next_in = (Bytef *)(uintptr_t)s; /* zlib only reads from it */
	p->z.avail_in = (uInt)n;
	return true;
}

static bool
inflate_next(struct pump *p, size_t want, size_t *n)
{
	z_stream *z = &p->z;

	z->next_out = p->flat;
	z->avail_out = (uInt)want;
	*n = 0;
	while (z->avail_out > 0) {
		int rc;

		if (z->avail_in == 0) {
			const uint8_t *s;
			size_t got;

			if (!raw_next(p, p->piece, &s, &got))
				return false;
			if (got == 0 && p->member_ended)
				break;
			if (got == 0)
				return fail(p, INPUT_GZIP, "the gzip data is cut off");
			z->next_in = (Bytef *)(uintptr_t)s;
			z->avail_in = (uInt)got;
		}
		if (p->member_ended && inflateReset(z) != Z_OK)
			return fail(p, INPUT_GZIP, "the gzip data is broken");
		rc = inflate(z, Z_NO_FLUSH);
		if (rc == Z_MEM_ERROR)
			return no_memory(p);
		if (rc != Z_OK && rc != Z_STREAM_END)
			return fail(p, INPUT_GZIP, "the gzip data is broken%s",
			    p->member_ended ? ", or something else stands behind it" : "");
		p->member_ended = rc == Z_STREAM_END;
	}
	*n = want - z->avail_out;
	return true;
}

/* The next bytes as they were before compression; none at the end. */
static bool
bytes_next(struct pump *p, size_t want, const uint8_t **s, size_t *n)
{
	if (!p->inflating)
		return raw_next(p, want, s, n);
	*s = p->flat;
	return inflate_next(p, want, n);
}

/* ---- Kinds of file that are not XML ------------------------------------- */

/* The text does not begin with "<": says what it seems to be. */
static bool
fail_text(struct pump *p, const char *s, size_t n)
{
	const char *kind = kind_of_text(s, n);
	uint32_t cp;

	if (kind == NULL) {
		kind = "plain text";
		for (size_t i = 0, len; i < n; i += len) {
			len = utf8_decode(s + i, n - i, &cp);
			if (len == 0 || cp == 0x7f || (cp < 0x20 && !(cp >= '\t' && cp <= '\r') && cp != 0x1b)) {
				kind = "binary data";
				break;
			}
		}
	}
	if (p->opt->charset != NULL && !p->res->bom)
		return fail(p, INPUT_KIND, "%s (when it is read as %s)", kind, p->res->charset);
	return fail(p, INPUT_KIND, "%s", kind);
}

/* ---- Handing on --------------------------------------------------------- */

/* Whole, valid characters without NUL. The first that is not blank must be "<",
 * or nothing from there on reaches the sink. */
static bool
emit(struct pump *p, const char *s, size_t n)
{
	size_t i = 0;

	if (!p->started) {
		if (!p->emitted && !p->res->bom && n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
			p->res->bom = true; /* one of a charset that has no row in boms[] */
			s += 3;
			n -= 3;
		}
		while (i < n && (s[i] == ' ' || s[i] == '\t' || s[i] == '\r' || s[i] == '\n'))
			i++;
		if (i < n && s[i] != '<')
			return fail_text(p, s + i, n - i);
		p->started = i < n;
		p->emitted = p->emitted || n > 0;
	}
	if (n == 0 || p->sink(p->ctx, s, n))
		return true;
	return fail(p, INPUT_STOPPED, "stopped");
}

/* The bytes at `offset` are no character of the charset. */
static bool
fail_bytes(struct pump *p, uint64_t offset, const char *s, size_t n, bool ended)
{
	const char *hint = p->guessed ? "; try --charset, for example windows-1252" : "";

	if (!p->started)
		return fail_text(p, s, n);
	if (ended)
		return fail(p, INPUT_BYTES, "it ends inside a character of %s, at byte offset %llu%s", p->res->charset,
		    (unsigned long long)offset, hint);
	return fail(p, INPUT_BYTES, "byte 0x%02x at byte offset %llu is not %s%s",
	    n > 0 ? (unsigned int)(unsigned char)s[0] : 0, (unsigned long long)offset, p->res->charset, hint);
}

static bool
fail_nul(struct pump *p, uint64_t offset)
{
	if (!p->started)
		return fail(p, INPUT_KIND, "binary data");
	return fail(p, INPUT_BYTES, "a NUL character (U+0000) at byte offset %llu", (unsigned long long)offset);
}

/* ---- UTF-8 -------------------------------------------------------------- */

/* Completes the character whose beginning the last piece left. */
static bool
utf8_carry(struct pump *p, const char **s, size_t *n)
{
	while (p->carried > 0 && *n > 0) {
		p->carry[p->carried++] = **s;
		if (utf8_span(p->carry, p->carried) == p->carried) {
			(*s)++;
			(*n)--;
			p->total++;
			if (!emit(p, p->carry, p->carried))
				return false;
			p->carried = 0;
		} else if (utf8_is_cut(p->carry, p->carried)) {
			(*s)++;
			(*n)--;
			p->total++;
		} else {
			p->carried--;
			return fail_bytes(p, p->total - p->carried, p->carry, p->carried + 1, false);
		}
	}
	return true;
}

static bool
feed_utf8(struct pump *p, const char *s, size_t n)
{
	const char *nul;
	size_t good, left;

	if (!utf8_carry(p, &s, &n))
		return false;
	if (n == 0)
		return true;
	nul = memchr(s, '\0', n);
	good = utf8_span(s, nul != NULL ? (size_t)(nul - s) : n);
	if (good > 0 && !emit(p, s, good))
		return false;
	p->total += good;
	left = n - good;
	if (left > 0 && s[good] == '\0')
		return fail_nul(p, p->total);
	if (left > 0 && !utf8_is_cut(s + good, left))
		return fail_bytes(p, p->total, s + good, left, false);
	memcpy(p->carry, s + good, left);
	p->carried = left;
	p->total += left;
	return true;
}

/* ---- Other charsets ----------------------------------------------------- */

/* What iconv made of the input from `from` on. */
static bool
emit_converted(struct pump *p, size_t n, const char *from, const char *to)
{
	const char *nul = memchr(p->out, '\0', n);
	size_t good = utf8_span(p->out, nul != NULL ? (size_t)(nul - p->out) : n);
	size_t i = 0, len = (size_t)(to - from);

	if (good > 0 && !emit(p, p->out, good))
		return false;
	if (good == n)
		return true;
	if (nul == NULL || p->out + good != nul)
		return fail_bytes(p, p->total, from, len, false);
	/* Where it was in the input: the first unit of zeros. */
	while (i + p->unit <= len && (from[i] != 0 || (p->unit == 2 && from[i + 1] != 0)))
		i += p->unit;
	return fail_nul(p, p->total + (i + p->unit <= len ? i : 0));
}

/* Converts as much as there is; *left says how many bytes began a character. */
static bool
convert(struct pump *p, const char *s, size_t n, size_t *left)
{
	char *in = (char *)(uintptr_t)s; /* iconv only reads from it */

	*left = n;
	for (;;) {
		const char *from = in;
		char *to = p->out;
		size_t room = PIECE, rc;
		int why;

		errno = 0;
		rc = iconv(p->cd, &in, left, &to, &room);
		why = rc == (size_t)-1 ? errno : 0;
		if (!emit_converted(p, PIECE - room, from, in))
			return false;
		p->total += (uint64_t)(in - from);
		if (why == 0 || why == EINVAL)
			return true;
		if (why != E2BIG || (in == from && room == PIECE))
			return fail_bytes(p, p->total, in, *left, false);
	}
}

static bool
feed_iconv(struct pump *p, const char *s, size_t n)
{
	size_t left;

	while (p->carried > 0 && n > 0) {
		p->carry[p->carried++] = *s++;
		n--;
		if (!convert(p, p->carry, p->carried, &left))
			return false;
		memmove(p->carry, p->carry + p->carried - left, left);
		p->carried = left;
		if (left == CARRY)
			return fail_bytes(p, p->total, p->carry, left, false);
	}
	if (n == 0)
		return true;
	if (!convert(p, s, n, &left))
		return false;
	if (left >= CARRY)
		return fail_bytes(p, p->total, s + n - left, left, false);
	memcpy(p->carry, s + n - left, left);
	p->carried = left;
	return true;
}

/* Some converters keep the last character until they are told of the end. */
static bool
finish(struct pump *p)
{
	if (p->cd != (iconv_t)-1) {
		char *to = p->out;
		size_t room = PIECE;

		if (p->carried > 0)
			return fail_bytes(p, p->total, p->carry, p->carried, true);
		if (iconv(p->cd, NULL, NULL, &to, &room) == (size_t)-1)
			return fail_bytes(p, p->total, NULL, 0, true);
		if (!emit_converted(p, PIECE - room, p->out, p->out))
			return false;
	} else if (p->carried > 0) {
		return fail_bytes(p, p->total - p->carried, p->carry, p->carried, true);
	}
	if (!p->started)
		return fail(p, INPUT_KIND, "nothing but white space");
	return true;
}

/* ---- Which charset ------------------------------------------------------ */

/* A name that iconv_open takes as a name: with "/" or "," in it glibc would
 * also hear orders ("//IGNORE" drops what it cannot convert). */
static bool
is_charset_name(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++) {
		char c = ascii_lower(s[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && strchr("._:-", c) == NULL)
			return false;
	}
	return n > 0 && n < sizeof(((struct input_result *)NULL)->charset);
}

/* The name in lower case without punctuation; of the usual aliases the shorter. */
static void
simplify(const char *name, char out[40])
{
	size_t n = 0;

	if (ascii_ncasecmp(name, "windows", 7) == 0) {
		out[n++] = 'c';
		out[n++] = 'p';
		name += 7;
	} else if (ascii_ncasecmp(name, "ISO-10646-", 10) == 0) {
		name += 10;
	}
	for (; *name != '\0' && n < 39; name++) {
		if (strchr("-_.:", *name) == NULL)
			out[n++] = ascii_lower(*name);
	}
	out[n] = '\0';
	if (strcmp(out, "ucs2") == 0)
		snprintf(out, 40, "utf16");
}

/* "UTF-16" alone means either order of bytes. */
static bool
same_charset(const char *a, const char *b)
{
	char x[40], y[40];

	simplify(a, x);
	simplify(b, y);
	if (strcmp(x, "utf16") == 0 || strcmp(y, "utf16") == 0)
		return strncmp(x, y, 5) == 0;
	return strcmp(x, y) == 0;
}

static void
set_charset(struct pump *p, const char *name)
{
	char simple[40];

	simplify(name, simple);
	p->unit = strncmp(simple, "utf16", 5) == 0 ? 2 : 1;
	if (strcmp(simple, "utf8") == 0)
		name = "UTF-8";
	else if (strcmp(simple, "utf16be") == 0)
		name = "UTF-16BE";
	else if (p->unit == 2) /* without a mark: as Windows writes it */
		name = "UTF-16LE";
	snprintf(p->res->charset, sizeof(p->res->charset), "%s", name);
}

/* The declaration as ASCII, whatever the width of its characters. */
static size_t
ascii_head(const uint8_t *s, size_t n, size_t unit, size_t low, char out[DECLARATION + 1])
{
	size_t k = 0;

	for (size_t i = 0; k < DECLARATION && i + unit <= n; i += unit) {
		if (s[i + low] == 0 || s[i + low] >= 0x80 || (unit == 2 && s[i + 1 - low] != 0))
			break;
		out[k++] = (char)s[i + low];
	}
	out[k] = '\0';
	return k;
}

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* Finds encoding="..." in <?xml ...?>. False: there is one, but no name. */
static bool
declared_charset(const char *s, char out[40])
{
	out[0] = '\0';
	if (strncmp(s, "<?xml", 5) != 0 || strchr(" \t\r\n", s[5]) == NULL || s[5] == '\0')
		return true;
	for (s = skip_blanks(s + 5); *s != '\0' && *s != '?';) {
		size_t name = strcspn(s, " \t\r\n=?"), n;
		bool hit = name == 8 && memcmp(s, "encoding", 8) == 0;
		char quote;

		s = skip_blanks(s + name);
		if (*s != '=')
			return !hit;
		s = skip_blanks(s + 1);
		quote = *s;
		if (quote != '"' && quote != '\'')
			return !hit;
		s++;
		n = strcspn(s, quote == '"' ? "\"" : "'");
		if (s[n] == '\0')
			return !hit;
		if (hit) {
			if (n >= 40)
				return false;
			memcpy(out, s, n);
			out[n] = '\0';
			if (!is_charset_name(out))
				out[0] = '\0';
			return out[0] != '\0';
		}
		s = skip_blanks(s + n + 1);
	}
	return true;
}

static bool
converter_open(struct pump *p)
{
	if (strcmp(p->res->charset, "UTF-8") == 0)
		return true;
	p->cd = iconv_open("UTF-8", p->res->charset);
	if (p->cd == (iconv_t)-1 && errno == ENOMEM)
		return no_memory(p);
	if (p->cd == (iconv_t)-1)
		return fail(p, INPUT_CHARSET, "%s is not a charset known here", p->res->charset);
	p->out = buffer(p);
	return p->out != NULL;
}

/* Bytes that read "<?xml" as ASCII cannot be of a charset that reads them otherwise. */
static bool
reads_ascii(struct pump *p)
{
	char text[] = "<?xml ", *in = text, *to = p->out;
	size_t left = 6, room = PIECE;
	bool ok;

	ok = iconv(p->cd, &in, &left, &to, &room) != (size_t)-1 && left == 0 && PIECE - room == 6 &&
	    memcmp(p->out, text, 6) == 0;
	iconv(p->cd, NULL, NULL, NULL, NULL);
	return ok;
}

static const struct bom {
	const char *bytes;
	size_t len, skip; /* how much of it is a mark, not text */
	const char *charset;
} boms[] = {
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
static const struct bom *
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

/* The bytes, then the caller, then the declaration, then UTF-8. */
static bool
choose_charset(struct pump *p, const uint8_t *s, size_t n, size_t *skip)
{
	struct input_result *res = p->res;
	const struct bom *bom = find_bom(s, n);
	char head[DECLARATION + 1] = "";
	bool named, wide;

	*skip = 0;
	if (bom != NULL) {
		if (memcmp(bom->charset, "UTF-32", 6) == 0)
			return fail(p, INPUT_CHARSET, "%s is not read; save the file as UTF-8", bom->charset);
		*skip = bom->skip;
		res->bom = bom->skip > 0;
		set_charset(p, bom->charset);
	} else if (p->opt->charset != NULL) {
		if (!is_charset_name(p->opt->charset))
			return fail(p, INPUT_CHARSET, "the name given with --charset is not a name");
		set_charset(p, p->opt->charset);
	}
	wide = bom != NULL && p->unit == 2;
	ascii_head(s + *skip, n - *skip, wide ? 2 : 1, wide && strcmp(res->charset, "UTF-16BE") == 0 ? 1 : 0, head);
	named = declared_charset(head, res->declared);
	if (res->charset[0] != '\0') {
		res->overruled = !named || (res->declared[0] != '\0' && !same_charset(res->declared, res->charset));
		return converter_open(p);
	}
	if (!named)
		return fail(p, INPUT_CHARSET, "the encoding that the file declares is not a name; try --charset");
	p->guessed = true;
	set_charset(p, res->declared[0] != '\0' ? res->declared : "UTF-8");
	if (!converter_open(p))
		return false;
	if (p->cd != (iconv_t)-1 && !reads_ascii(p)) {
		iconv_close(p->cd);
		p->cd = (iconv_t)-1;
		res->overruled = true;
		set_charset(p, "UTF-8");
	}
	return true;
}

/* ---- All of it ---------------------------------------------------------- */

static bool
feed(struct pump *p, const uint8_t *s, size_t n)
{
	/* Everything was looked at up to here, with what is carried over. */
	uint64_t seen = p->total + (p->cd != (iconv_t)-1 ? p->carried : 0);

	if (p->opt->max_size != 0 && (seen > p->opt->max_size || n > p->opt->max_size - seen))
		return fail(p, INPUT_SIZE, "more than %llu bytes%s", (unsigned long long)p->opt->max_size,
		    p->res->gzip ? " when inflated" : "");
	while (n > 0) {
		size_t k = n < p->piece ? n : p->piece;

		if (!(p->cd == (iconv_t)-1 ? feed_utf8(p, (const char *)s, k) : feed_iconv(p, (const char *)s, k)))
			return false;
		s += k;
		n -= k;
	}
	return true;
}

static bool
run(struct pump *p)
{
	size_t first = p->piece < HEAD ? HEAD : p->piece, n, skip;
	const char *kind;
	const uint8_t *s;

	if (!source_open(p) || !raw_next(p, first, &s, &n))
		return false;
	if (n >= 2 && s[0] == 0x1f && s[1] == 0x8b && (!inflate_open(p, s, n) || !bytes_next(p, first, &s, &n)))
		return false;
	if (n == 0)
		return fail(p, INPUT_EMPTY, "nothing in it");
	kind = kind_of_bytes(s, n);
	if (kind != NULL)
		return fail(p, INPUT_KIND, "%s", kind);
	if (!choose_charset(p, s, n, &skip))
		return false;
	p->total = skip;
	s += skip;
	n -= skip;
	do {
		if (!feed(p, s, n) || !bytes_next(p, p->piece, &s, &n))
			return false;
	} while (n > 0);
	return finish(p) && hash_end(p);
}

void
input_pump(const struct input_source *src, const struct input_options *opt, input_sink *sink, void *ctx,
    struct input_result *res)
{
	struct pump p = { .src = src, .opt = opt, .res = res, .sink = sink, .ctx = ctx };

	memset(res, 0, sizeof(*res));
	p.fd = -1;
	p.cd = (iconv_t)-1;
	p.unit = 1;
	p.piece = opt->piece == 0 || opt->piece > PIECE ? PIECE : opt->piece;
	run(&p);
	if (p.opened && p.fd >= 0)
		close(p.fd);
	if (p.inflating)
		inflateEnd(&p.z);
	if (p.cd != (iconv_t)-1)
		iconv_close(p.cd);
	EVP_MD_CTX_free(p.hash);
	budget_free(opt->budget, p.raw, PIECE);
	budget_free(opt->budget, p.flat, PIECE);
	budget_free(opt->budget, p.out, PIECE);
}

bool
input_hash(const char *path, char sha256[65])
{
	struct input_source src = { path, NULL, 0 };
	struct input_options opt = { 0 };
	struct input_result res = { 0 };
	struct pump p = { .src = &src, .opt = &opt, .res = &res, .fd = -1, .piece = PIECE };
	const uint8_t *s;
	struct stat st;
	size_t n = 1;
	bool good;

	/* Only what can be read again: a pipe would be eaten. */
	good = stat(path, &st) == 0 && S_ISREG(st.st_mode) && source_open(&p);
	while (good && n > 0)
		good = raw_next(&p, PIECE, &s, &n);
	good = good && hash_end(&p);
	memcpy(sha256, good ? res.sha256 : "", good ? sizeof(res.sha256) : 1);
	if (p.opened && p.fd >= 0)
		close(p.fd);
	EVP_MD_CTX_free(p.hash);
	budget_free(NULL, p.raw, PIECE);
	return good;
}
