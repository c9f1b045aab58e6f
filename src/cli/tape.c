/*
 * Records as lines: TAB between fields; in a field "\t", "\n" and "\\" stand
 * for the bytes that would end it, and a field that is "\N" is none. Knows no
 * record.
 */
#include "cli/tape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
put_field(FILE *f, const char *s)
{
	size_t n;

	if (s == NULL) {
		fputs("\\N", f);
		return;
	}
	for (; *s != '\0'; s += n) {
		n = strcspn(s, "\t\n\\");
		fwrite(s, 1, n, f);
		if (s[n] != '\0') {
			fputs(s[n] == '\t' ? "\\t" : s[n] == '\n' ? "\\n" : "\\\\", f);
			n++;
		}
	}
}

void
tape_put(FILE *f, const char *const *fields, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i > 0)
			putc('\t', f);
		put_field(f, fields[i]);
	}
	putc('\n', f);
}

const char *
digits(struct digits *d, uint64_t n)
{
	snprintf(d->s, sizeof(d->s), "%llu", (unsigned long long)n);
	return d->s;
}

uint64_t
digits_read(const char *s)
{
	return s == NULL || *s < '0' || *s > '9' ? 0 : strtoull(s, NULL, 10);
}

void
reader_open(struct reader *r, const struct span *s)
{
	memset(r, 0, sizeof(*r));
	r->rest = *s;
}

bool
reader_open_text(struct reader *r, const char *text, size_t len)
{
	memset(r, 0, sizeof(*r));
	r->rest.fd = -1;
	r->buf = malloc(len + 1);
	if (r->buf == NULL)
		return false;
	if (len > 0)
		memcpy(r->buf, text, len);
	r->len = len;
	r->cap = len + 1;
	return true;
}

void
reader_close(struct reader *r)
{
	free(r->buf);
	r->buf = NULL;
}

/* More bytes behind what has not been taken yet; false at the end. */
static bool
more(struct reader *r)
{
	size_t cap, want;
	char *bigger;
	ssize_t got;

	if (r->rest.len == 0)
		return false;
	if (r->pos > 0) {
		memmove(r->buf, r->buf + r->pos, r->len - r->pos);
		r->len -= r->pos;
		r->pos = 0;
	}
	if (r->len == r->cap) {
		cap = r->cap == 0 ? 65536 : 2 * r->cap;
		bigger = realloc(r->buf, cap);
		if (bigger == NULL) {
			r->failed = true;
			return false;
		}
		r->buf = bigger;
		r->cap = cap;
	}
	want = r->cap - r->len < r->rest.len ? r->cap - r->len : (size_t)r->rest.len;
	do
		got = pread(r->rest.fd, r->buf + r->len, want, r->rest.from);
	while (got < 0 && errno == EINTR);
	if (got <= 0) {
		r->failed = r->failed || got < 0;
		r->rest.len = 0;
		return false;
	}
	r->len += (size_t)got;
	r->rest.from += got;
	r->rest.len -= (uint64_t)got;
	return true;
}

/* Ends the field at the next TAB and turns it back into what it was. */
static char *
take_field(char *s, const char **field)
{
	char *end = s + strcspn(s, "\t"), *next = *end == '\t' ? end + 1 : NULL, *to = s, *from = s;

	*end = '\0';
	*field = strcmp(s, "\\N") == 0 ? NULL : s;
	if (strchr(s, '\\') == NULL)
		return next;
	while (*from != '\0') {
		if (*from == '\\' && from[1] != '\0') {
			from++;
			*to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from;
			from++;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return next;
}

bool
reader_next(struct reader *r)
{
	char *end = NULL, *s;
	size_t seen = 0;

	while (end == NULL) {
		if (r->pos + seen < r->len)
			end = memchr(r->buf + r->pos + seen, '\n', r->len - r->pos - seen);
		seen = r->len - r->pos;
		if (end == NULL && !more(r)) {
			r->failed = r->failed || seen > 0;
			return false;
		}
	}
	s = r->buf + r->pos;
	*end = '\0';
	r->pos = (size_t)(end - r->buf) + 1;
	r->read += (uint64_t)(end - s) + 1;
	memset(r->field, 0, sizeof(r->field));
	for (r->n = 0; s != NULL && r->n < TAPE_FIELDS; r->n++)
		s = take_field(s, &r->field[r->n]);
	return true;
}

bool
reader_is(const struct reader *r, const char *kind)
{
	return r->field[0] != NULL && strcmp(r->field[0], kind) == 0;
}
