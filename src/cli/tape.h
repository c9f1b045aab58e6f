/*
 * What a worker leaves for the process that prints: records, one a line, whose
 * fields stand between TABs. The journal keeps the same lines. Knows no record.
 */
#ifndef CLI_TAPE_H
#define CLI_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define TAPE_FIELDS 10

/* A part of a file. */
struct span {
	int fd;
	off_t from;
	uint64_t len;
};

/* A field that is NULL stays NULL. Errors stick in the stream. */
void tape_put(FILE *f, const char *const *fields, size_t n);
#define TAPE_PUT(f, ...)                                    \
	tape_put((f), (const char *const[]){ __VA_ARGS__ }, \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

/* Room for a number as a field. */
struct digits {
	char s[24];
};
const char *digits(struct digits *d, uint64_t n);
uint64_t digits_read(const char *s); /* 0 for NULL and what is none */

/* Reads the records of a part of a file, or of text in memory. */
struct reader {
	struct span rest;
	char *buf;
	size_t cap, len, pos;
	uint64_t read; /* bytes of the records so far */
	bool failed;   /* no memory, or a record without an end */
	const char *field[TAPE_FIELDS];
	size_t n; /* fields of the record; those beyond are NULL */
};
void reader_open(struct reader *r, const struct span *s);
bool reader_open_text(struct reader *r, const char *text, size_t len);
/* The next record, whose fields are valid until the next call. */
bool reader_next(struct reader *r);
bool reader_is(const struct reader *r, const char *kind);
void reader_close(struct reader *r);

#endif
