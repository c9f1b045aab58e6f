/*
 * The input stage: file, descriptor or memory -> gzip -> charset -> checked
 * UTF-8, piece by piece as it is asked for. Bytes are handed on where they lie
 * as long as possible: an ordinary UTF-8 file is read into one buffer and seen
 * there by whoever asked.
 * Must not know XML beyond the first character and the declaration's encoding.
 */
#include "import/input.h"
#include "import/charset.h"
#include "import/hash.h"
#include "import/kind.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "base/text.h"

#define PIECE ((size_t)64 * 1024)
#define HEAD ((size_t)1024) /* what charset and kind are judged by */
#define CARRY 16            /* longer than any character of any charset */

struct input {
	const struct input_source *src;
	const struct input_options *opt;
	struct input_result *res;
	int fd;        /* -1: memory */
	bool opened;   /* by us, so that we close it */
	size_t at;     /* of the memory */
	bool ended;    /* no more raw bytes */
	uint8_t *raw;  /* PIECE bytes read from fd */
	uint8_t *flat; /* PIECE bytes inflated */
	char *out;     /* PIECE bytes converted */
	size_t piece;
	struct sha256 *hash;

	z_stream z;
	bool inflating, member_ended;

	iconv_t cd; /* (iconv_t)-1: the bytes are UTF-8 */
	char carry[CARRY];
	size_t carried;
	size_t unit;    /* bytes of a code unit: 2 for UTF-16 */
	bool guessed;   /* UTF-8 because of the declaration or for want of one */
	bool emitted;   /* something was handed on */
	bool started;   /* the "<" among it */
	bool drained;   /* no more blocks */
	bool finished;  /* nothing more to say */
	uint64_t total; /* bytes after inflating that were looked at */

	/* What is left of the block of bytes, and the piece that was made of its beginning. */
	const char *s, *made;
	size_t n, made_len;
};

/* Notes the first error; answers false for the caller to hand on. */
static bool PRINTF_LIKE(3, 4) fail(struct input *p, enum input_error error, const char *fmt, ...)
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
fail_system(struct input *p, enum input_error error, int number)
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
no_memory(struct input *p)
{
	return fail(p, INPUT_NOMEM, "out of memory");
}

static void *
buffer(struct input *p)
{
	void *b = budget_realloc(p->opt->budget, NULL, 0, PIECE);

	if (b == NULL)
		no_memory(p);
	return b;
}

/* ---- Raw bytes ---------------------------------------------------------- */

static bool
source_open(struct input *p)
{
	struct stat st;

	if (!p->opt->bytes) {
		p->hash = sha256_new(p->opt->budget);
		if (p->hash == NULL)
			return no_memory(p);
	}
	if (p->src->path == NULL && p->src->read == NULL)
		return true;
	p->raw = buffer(p);
	if (p->raw == NULL)
		return false;
	if (p->src->path == NULL)
		return true;
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
raw_next(struct input *p, size_t want, const uint8_t **s, size_t *n)
{
	*n = 0;
	if (p->src->path == NULL && p->src->read == NULL) {
		*n = p->src->len - p->at < want ? p->src->len - p->at : want;
		*s = *n > 0 ? (const uint8_t *)p->src->data + p->at : NULL;
		p->at += *n;
	} else {
		*s = p->raw;
		while (*n < want && !p->ended) {
			ptrdiff_t got;

			if (p->src->path == NULL)
				got = p->src->read(p->src->ctx, p->raw + *n, want - *n);
			else
				got = read(p->fd, p->raw + *n, want - *n);
			if (got < 0 && p->src->path == NULL)
				return fail(p, INPUT_READ, "data is broken");
			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				return fail_system(p, INPUT_READ, errno);
			*n += (size_t)got;
			p->ended = got == 0;
		}
	}
	if (*n > 0 && p->hash != NULL && !sha256_add(p->hash, *s, *n))
		return no_memory(p);
	return true;
}

/* ---- gzip --------------------------------------------------------------- */

/* Starts inflating with the n bytes that were read to recognise it. */
static bool
inflate_open(struct input *p, const uint8_t *s, size_t n)
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
inflate_next(struct input *p, size_t want, size_t *n)
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
bytes_next(struct input *p, size_t want, const uint8_t **s, size_t *n)
{
	if (!p->inflating)
		return raw_next(p, want, s, n);
	*s = p->flat;
	return inflate_next(p, want, n);
}

/* ---- Kinds of file that are not XML ------------------------------------- */

/* The text does not begin with "<": says what it seems to be. */
static bool
fail_text(struct input *p, const char *s, size_t n)
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

/* Text of no kind that is known to be something else; of JSON only what the first character says. */
static bool
text_may_be(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)s[i] < 0x20 && strchr("\t\r\n\f", s[i]) == NULL)
			return false;
	}
	return s[0] == '{' || kind_of_text(s, n) == NULL;
}

/* ---- Handing on --------------------------------------------------------- */

/* Whole, valid characters without NUL: the next piece. The first that is not blank
 * must be "<", or nothing from there on is handed on. An error may be noted after this:
 * the piece is given out before it. */
static bool
emit(struct input *p, const char *s, size_t n)
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
		if (i < n && s[i] != '<' && !(p->opt->any && text_may_be(s + i, n - i)))
			return fail_text(p, s + i, n - i);
		p->started = i < n;
		p->emitted = p->emitted || n > 0;
	}
	p->made = s;
	p->made_len = n;
	return true;
}

/* The bytes at `offset` are no character of the charset. */
static bool
fail_bytes(struct input *p, uint64_t offset, const char *s, size_t n, bool ended)
{
	const char *hint = !p->guessed ? ""
	    : p->opt->any              ? "; save it as UTF-8 or UTF-16"
				       : "; try --charset, for example windows-1252";

	if (!p->started)
		return fail_text(p, s, n);
	if (ended)
		return fail(p, INPUT_BYTES, "it ends inside a character of %s, at byte offset %llu%s", p->res->charset,
		    (unsigned long long)offset, hint);
	return fail(p, INPUT_BYTES, "byte 0x%02x at byte offset %llu is not %s%s",
	    n > 0 ? (unsigned int)(unsigned char)s[0] : 0, (unsigned long long)offset, p->res->charset, hint);
}

static bool
fail_nul(struct input *p, uint64_t offset)
{
	if (!p->started)
		return fail(p, INPUT_KIND, "binary data");
	return fail(p, INPUT_BYTES, "a NUL character (U+0000) at byte offset %llu", (unsigned long long)offset);
}

/* ---- UTF-8 -------------------------------------------------------------- */

/* Completes the character whose beginning the last block left. */
static bool
utf8_carry(struct input *p)
{
	while (p->carried > 0 && p->n > 0) {
		bool whole;

		p->carry[p->carried++] = *p->s;
		whole = utf8_span(p->carry, p->carried) == p->carried;
		if (!whole && !utf8_is_cut(p->carry, p->carried)) {
			p->carried--;
			return fail_bytes(p, p->total - p->carried, p->carry, p->carried + 1, false);
		}
		p->s++;
		p->n--;
		p->total++;
		if (whole) {
			size_t len = p->carried;

			p->carried = 0;
			return emit(p, p->carry, len);
		}
	}
	return true;
}

static bool
step_utf8(struct input *p, size_t n)
{
	const char *s = p->s, *nul;
	size_t good, left;

	if (p->carried > 0)
		return utf8_carry(p);
	nul = memchr(s, '\0', n);
	good = utf8_span(s, nul != NULL ? (size_t)(nul - s) : n);
	if (good > 0) {
		p->s += good;
		p->n -= good;
		p->total += good;
		return emit(p, s, good);
	}
	left = n;
	if (*s == '\0')
		return fail_nul(p, p->total);
	if (!utf8_is_cut(s, left))
		return fail_bytes(p, p->total, s, left, false);
	memcpy(p->carry, s, left);
	p->carried = left;
	p->total += left;
	p->s += left;
	p->n -= left;
	return true;
}

/* ---- Other charsets ----------------------------------------------------- */

/* What iconv made of the input from `from` on. */
static bool
emit_converted(struct input *p, size_t n, const char *from, const char *to)
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

/* Converts as much as goes into one piece; *left says how many bytes are not. *cut: they begin
 * a character, or wait for the next piece. */
static bool
convert(struct input *p, const char *s, size_t n, size_t *left, bool *cut)
{
	char *in = (char *)(uintptr_t)s; /* iconv only reads from it */
	char *to = p->out;
	size_t room = PIECE, rc;
	int why;

	*left = n;
	errno = 0;
	rc = iconv(p->cd, &in, left, &to, &room);
	why = rc == (size_t)-1 ? errno : 0;
	*cut = why == EINVAL;
	if (!emit_converted(p, PIECE - room, s, in))
		return false;
	p->total += (uint64_t)(in - s);
	if (why == 0 || why == EINVAL || (why == E2BIG && (in != s || room != PIECE)))
		return true;
	return fail_bytes(p, p->total, in, *left, false);
}

static bool
step_iconv(struct input *p, size_t n)
{
	size_t left;
	bool cut;

	if (p->carried > 0) {
		p->carry[p->carried++] = *p->s++;
		p->n--;
		if (!convert(p, p->carry, p->carried, &left, &cut))
			return false;
		memmove(p->carry, p->carry + p->carried - left, left);
		p->carried = left;
		return left < CARRY || fail_bytes(p, p->total, p->carry, left, false);
	}
	if (!convert(p, p->s, n, &left, &cut))
		return false;
	p->s += n - left;
	p->n -= n - left;
	if (!cut)
		return true;
	if (left >= CARRY)
		return fail_bytes(p, p->total, p->s, left, false);
	memcpy(p->carry, p->s, left);
	p->carried = left;
	p->s += left;
	p->n -= left;
	return true;
}

/* Some converters keep the last character until they are told of the end. */
static bool
finish(struct input *p)
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

static void
set_charset(struct input *p, const char *name)
{
	char simple[CHARSET_NAME];

	charset_simplify(name, simple);
	p->unit = strncmp(simple, "utf16", 5) == 0 ? 2 : 1;
	if (strcmp(simple, "utf8") == 0)
		name = "UTF-8";
	else if (strcmp(simple, "utf16be") == 0)
		name = "UTF-16BE";
	else if (p->unit == 2) /* without a mark: as Windows writes it */
		name = "UTF-16LE";
	snprintf(p->res->charset, sizeof(p->res->charset), "%s", name);
}

static bool
converter_open(struct input *p)
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
reads_ascii(struct input *p)
{
	char text[] = "<?xml ", *in = text, *to = p->out;
	size_t left = 6, room = PIECE;
	bool ok;

	ok = iconv(p->cd, &in, &left, &to, &room) != (size_t)-1 && left == 0 && PIECE - room == 6 &&
	    memcmp(p->out, text, 6) == 0;
	iconv(p->cd, NULL, NULL, NULL, NULL);
	return ok;
}

/* The bytes, then the caller, then the declaration, then UTF-8. */
static bool
choose_charset(struct input *p, const uint8_t *s, size_t n, size_t *skip)
{
	struct input_result *res = p->res;
	const struct bom *bom = find_bom(s, n);
	char head[CHARSET_HEAD + 1] = "";
	bool named, wide;

	*skip = 0;
	if (bom != NULL) {
		if (memcmp(bom->charset, "UTF-32", 6) == 0)
			return fail(p, INPUT_CHARSET, "%s is not read; save the file as UTF-8", bom->charset);
		*skip = bom->skip;
		res->bom = bom->skip > 0;
		set_charset(p, bom->charset);
	} else if (p->opt->any && wide_text(s, n) != NULL) {
		set_charset(p, wide_text(s, n));
	} else if (p->opt->charset != NULL) {
		if (!charset_is_name(p->opt->charset))
			return fail(p, INPUT_CHARSET, "the name given with --charset is not a name");
		set_charset(p, p->opt->charset);
	}
	wide = p->unit == 2 && (bom != NULL || p->opt->charset == NULL);
	charset_head(s + *skip, n - *skip, wide ? 2 : 1, wide && strcmp(res->charset, "UTF-16BE") == 0 ? 1 : 0, head);
	named = charset_declared(head, res->declared);
	if (res->charset[0] != '\0') {
		res->overruled = !named || (res->declared[0] != '\0' && !charset_same(res->declared, res->charset));
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

/* A log: nothing of it declares a charset, so that only a mark tells of one. */
static bool
choose_bytes(struct input *p, const uint8_t *s, size_t n, size_t *skip)
{
	const struct bom *bom = find_bom(s, n);

	p->started = true; /* it need not begin with "<" */
	if (bom != NULL && bom->skip > 0)
		return choose_charset(p, s, n, skip);
	*skip = 0;
	return true;
}

/* ---- All of it ---------------------------------------------------------- */

/* Takes over the next bytes as they were before compression; none at the end. */
static bool
take(struct input *p, const uint8_t *s, size_t n)
{
	/* Everything was looked at up to here, with what is carried over. */
	uint64_t seen = p->total + (p->cd != (iconv_t)-1 ? p->carried : 0);

	if (p->opt->max_size != 0 && (seen > p->opt->max_size || n > p->opt->max_size - seen))
		return fail(p, INPUT_SIZE, "more than %llu bytes%s", (unsigned long long)p->opt->max_size,
		    p->res->gzip ? " when inflated" : "");
	p->s = (const char *)s;
	p->n = n;
	return true;
}

/* Opens the source and finds out what is in it: kind and charset. */
static bool
begin(struct input *p)
{
	size_t first = p->piece < HEAD ? HEAD : p->piece, n, skip = 0;
	const char *kind;
	const uint8_t *s;

	if (!source_open(p) || !raw_next(p, first, &s, &n))
		return false;
	if (n >= 2 && s[0] == 0x1f && s[1] == 0x8b && (!inflate_open(p, s, n) || !bytes_next(p, first, &s, &n)))
		return false;
	if (n == 0)
		return fail(p, INPUT_EMPTY, "nothing in it");
	p->res->zip = p->opt->any && n >= 4 && memcmp(s, "PK\003\004", 4) == 0;
	if (p->res->zip)
		return take(p, s, n);
	kind = kind_of_bytes(s, n);
	if (kind != NULL)
		return fail(p, INPUT_KIND, "%s", kind);
	if (!(p->opt->bytes ? choose_bytes(p, s, n, &skip) : choose_charset(p, s, n, &skip)))
		return false;
	p->total = skip;
	return take(p, s + skip, n - skip);
}

/* Makes a piece of the block's beginning, or nothing when it only ends inside a character. */
static bool
step(struct input *p)
{
	size_t n = p->res->zip || p->n < p->piece ? p->n : p->piece;

	if (p->res->zip || (p->opt->bytes && p->cd == (iconv_t)-1)) {
		p->total += n;
		p->made = p->s;
		p->made_len = n;
		p->s += n;
		p->n -= n;
		return true;
	}
	return p->cd != (iconv_t)-1 ? step_iconv(p, n) : step_utf8(p, n);
}

/* One step further; false at the end and after an error. */
static bool
advance(struct input *p)
{
	const uint8_t *s;
	size_t n;

	if (p->res->error != INPUT_OK || p->finished)
		return false;
	if (p->n > 0)
		return step(p);
	if (p->drained) {
		p->finished = true;
		return p->hash == NULL || sha256_end(p->hash, p->res->sha256) || no_memory(p);
	}
	if (!bytes_next(p, p->piece, &s, &n))
		return false;
	p->drained = n == 0;
	if (p->drained)
		return p->res->zip || finish(p);
	return take(p, s, n);
}

bool
input_next(struct input *in, const char **s, size_t *n)
{
	in->made_len = 0;
	while (in->made_len == 0 && advance(in))
		continue;
	*s = in->made;
	*n = in->made_len;
	return in->made_len > 0;
}

static void
release(struct input *p)
{
	if (p->opened && p->fd >= 0)
		close(p->fd);
	if (p->inflating)
		inflateEnd(&p->z);
	if (p->cd != (iconv_t)-1)
		iconv_close(p->cd);
	sha256_free(p->opt->budget, p->hash);
	budget_free(p->opt->budget, p->raw, PIECE);
	budget_free(p->opt->budget, p->flat, PIECE);
	budget_free(p->opt->budget, p->out, PIECE);
}

struct input *
input_open(const struct input_source *src, const struct input_options *opt, struct input_result *res)
{
	struct input *p = budget_realloc(opt->budget, NULL, 0, sizeof(*p));

	memset(res, 0, sizeof(*res));
	if (p == NULL) {
		res->error = INPUT_NOMEM;
		snprintf(res->detail, sizeof(res->detail), "out of memory");
		return NULL;
	}
	*p = (struct input){ .src = src, .opt = opt, .res = res, .fd = -1, .unit = 1 };
	p->cd = (iconv_t)-1;
	p->piece = opt->piece == 0 || opt->piece > PIECE ? PIECE : opt->piece;
	begin(p);
	return p;
}

void
input_close(struct input *in)
{
	if (in == NULL)
		return;
	release(in);
	budget_free(in->opt->budget, in, sizeof(*in));
}

void
input_pump(const struct input_source *src, const struct input_options *opt, input_sink *sink, void *ctx,
    struct input_result *res)
{
	struct input *in = input_open(src, opt, res);
	const char *s;
	size_t n;

	while (in != NULL && input_next(in, &s, &n)) {
		if (sink(ctx, s, n))
			continue;
		res->error = INPUT_STOPPED;
		snprintf(res->detail, sizeof(res->detail), "stopped");
		break;
	}
	input_close(in);
}
