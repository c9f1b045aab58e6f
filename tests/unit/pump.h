/*
 * What tests of the input stage have in common: bytes are pumped, what comes
 * out is caught; and gzip members to pump.
 */
#ifndef UNIT_PUMP_H
#define UNIT_PUMP_H

#include "unit.h"

#include <stdlib.h>

#include <zlib.h>

#include "base/text.h"
#include "import/input.h"

struct caught {
	struct input_result res;
	struct strbuf out;
	size_t calls, stop_at, largest;
};

static inline bool
catch_piece(void *ctx, const char *utf8, size_t n)
{
	struct caught *c = ctx;

	c->calls++;
	if (n > c->largest)
		c->largest = n;
	sb_putn(&c->out, utf8, n);
	return c->calls != c->stop_at;
}

static inline enum input_error
pump(struct caught *c, const void *data, size_t len, const struct input_options *opt)
{
	struct input_options none = { 0 };
	struct input_source src = { .data = data, .len = len };

	sb_clear(&c->out);
	c->calls = c->largest = 0;
	input_pump(&src, opt != NULL ? opt : &none, catch_piece, c, &c->res);
	CU_ASSERT_FATAL(!c->out.failed);
	CU_ASSERT(c->largest <= 64 * 1024);
	CU_ASSERT((c->res.error == INPUT_OK) == (c->res.sha256[0] != '\0'));
	CU_ASSERT((c->res.error == INPUT_OK) == (c->res.detail[0] == '\0'));
	CU_ASSERT(text_is_plain(c->res.detail));
	return c->res.error;
}

static inline void
caught_init(struct caught *c)
{
	memset(c, 0, sizeof(*c));
	sb_init(&c->out, NULL);
}

/* Literals with bytes of 0 in them. */
#define PUMP(c, literal, opt) pump(c, "" literal, sizeof(literal) - 1, opt)

/* A whole gzip member. The caller frees it. */
static inline unsigned char *
gzip(const void *data, size_t len, size_t *n)
{
	size_t room = len + len / 100 + 1000;
	unsigned char *out = malloc(room);
	z_stream z;

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	memset(&z, 0, sizeof(z));
	CU_ASSERT_FATAL(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)len;
	z.next_out = out;
	z.avail_out = (uInt)room;
	CU_ASSERT_FATAL(deflate(&z, Z_FINISH) == Z_STREAM_END);
	*n = room - z.avail_out;
	deflateEnd(&z);
	return out;
}

#endif
