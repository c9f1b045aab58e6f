/*
 * Output files: a staging directory that becomes the output in one step, and
 * buffered files in it with errors that stick. Knows nothing of targets.
 */
#ifndef EXPORT_OUT_H
#define EXPORT_OUT_H

#include "base/strbuf.h"
#include "tmgport.h"

struct out_set; /* everything that one run writes */

/* One file of it: the free part of its buffer, which is empty once something failed. The
 * rest is out_file.c's. */
struct out {
	char *at, *end;
};

/* Prepares a set for directory `dir`, which must not exist or be empty unless
 * `force`. Everything is written to a staging directory beside it. On failure
 * NULL, *rc and a reason in `why` (terminal-safe). */
struct out_set *out_begin(const char *dir, bool force, struct budget *b, enum tmg_status *rc, char why[160]);
/* The same, but DIR itself may not be a symbolic link. */
struct out_set *out_begin_no_link(const char *dir, bool force, struct budget *b, enum tmg_status *rc, char why[160]);
/* Opens DIR/REL for writing; intermediate folders are made (0777 & ~umask), file mode 0666 & ~umask.
 * Never NULL but for lack of memory; errors stick in the file and in the set. */
struct out *out_open(struct out_set *s, const char *rel);
/* The same for what is to be run: file mode 0777 & ~umask. */
struct out *out_open_program(struct out_set *s, const char *rel);
void out_close(struct out *o);
/* TMG_OK when everything was written so far. */
enum tmg_status out_check(const struct out_set *s, char why[160]);
/* Somebody else sees to it that all of it reaches the disk. */
void out_is_synced(struct out_set *s);
/* Moves everything into place, or leaves nothing behind. */
enum tmg_status out_commit(struct out_set *s, char why[160]);
void out_abort(struct out_set *s); /* removes the staging directory; accepts NULL */

int out_root(const struct out_set *s);          /* the directory that becomes DIR */
const char *out_stage(const struct out_set *s); /* name of the folder in which it lies */
/* Removes the staging folder `name` that a run left in `dir`; nothing that is called otherwise. */
void out_remove_stage(const char *dir, const char *name);

/* What does not fit into the buffer. */
void out_more(struct out *o, const char *s, size_t n);

static inline void
out_mem(struct out *o, const char *s, size_t n)
{
	if (o == NULL || o->at == NULL || n > (size_t)(o->end - o->at)) {
		out_more(o, s, n);
		return;
	}
	memcpy(o->at, s, n);
	o->at += n;
}

static inline void
out_str(struct out *o, const char *s)
{
	out_mem(o, s, strlen(s));
}

char *out_make_room(struct out *o, size_t n);

/* `n` bytes of the buffer to write at once, which must not be many; NULL: not now. Whoever
 * wrote there moves o->at. */
static inline char *
out_room(struct out *o, size_t n)
{
	return o != NULL && n <= (size_t)(o->end - o->at) ? o->at : out_make_room(o, n);
}

void out_fmt(struct out *o, const char *fmt, ...) PRINTF_LIKE(2, 3);
#define OUT_DIGITS 20 /* of the largest number */
/* Writes a number in decimal where there is room for it; gives the place behind it. */
char *out_digits(char *to, uint64_t n);
void out_number(struct out *o, uint64_t n);
bool out_failed(const struct out *o);

/* A stretch of a file that another file of the set holds as well. */
struct out_stretch {
	uint64_t from, to;
};
uint64_t out_tell(const struct out *o); /* bytes written so far */
/* Appends that stretch of the closed file `rel`. false: nothing was written, the caller
 * has to; what goes wrong later sticks. */
bool out_copy(struct out *o, const char *rel, struct out_stretch what);

/* The same interface on a caller's function (inspect, explain). */
struct out *out_to_fn(tmg_write_fn *fn, void *ctx, struct budget *b);
bool out_end_fn(struct out *o); /* flushes and frees; false when something failed */

#endif
