/*
 * The files of an output directory in the making: buffered, with errors that
 * stick. The same buffer serves a caller's function. Knows nothing of how the
 * directory comes into place.
 */
#include "export/out_set.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fmt.h"

#define OUT_BUFFER 65536
#define LARGE (1u << 20)

struct out_file {
	struct out head;
	struct out_set *set; /* NULL: a caller's function */
	tmg_write_fn *fn;
	void *ctx;
	struct budget *budget;
	uint64_t flushed; /* bytes that left the buffer */
	int fd;
	bool failed;
	char buf[OUT_BUFFER];
};

/* ---- files --------------------------------------------------------------- */

/* Opens the folder below the staging root whose path is the first `len` bytes, which end in a slash. */
static int
open_folder(struct out_set *s, const char *rel, size_t len)
{
	const char *end = rel + len, *slash;
	int at = s->root, next, err;
	char part[NAME_MAX + 1];

	for (; rel < end; rel = slash + 1) {
		size_t n = (size_t)((slash = strchr(rel, '/')) - rel);

		if (n == 0 || n > NAME_MAX || (rel[0] == '.' && (n == 1 || (n == 2 && rel[1] == '.')))) {
			next = -1;
			errno = EINVAL;
		} else {
			memcpy(part, rel, n);
			part[n] = '\0';
			next = open_dir(at, part);
			if (next < 0 && errno == ENOENT && (mkdirat(at, part, 0777) == 0 || errno == EEXIST))
				next = open_dir(at, part);
		}
		err = errno;
		if (at != s->root)
			close(at);
		errno = err;
		if (next < 0)
			return -1;
		at = next;
	}
	return at;
}

static void
close_folder(struct out_set *s, struct out_folder *f)
{
	if (f->rel == NULL)
		return;
	close(f->fd);
	budget_free(s->budget, f->rel, strlen(f->rel) + 1);
	f->rel = NULL;
}

void
set_close_folders(struct out_set *s)
{
	for (size_t i = 0; i < OPEN_FOLDERS; i++)
		close_folder(s, &s->folder[i]);
}

int
set_folder(struct out_set *s, const char *rel, const char **name)
{
	const char *slash = strrchr(rel, '/');
	size_t len = slash != NULL ? (size_t)(slash - rel) + 1 : 0;
	struct out_folder *f = &s->folder[s->next_folder];
	char *copy;
	int fd;

	*name = rel + len;
	if (len == 0)
		return s->root;
	for (size_t i = 0; i < OPEN_FOLDERS; i++)
		if (s->folder[i].rel != NULL && strncmp(s->folder[i].rel, rel, len) == 0 &&
		    s->folder[i].rel[len] == '\0')
			return s->folder[i].fd;
	copy = budget_realloc(s->budget, NULL, 0, len + 1);
	if (copy == NULL) {
		errno = ENOMEM;
		return -1;
	}
	fd = open_folder(s, rel, len);
	if (fd < 0) {
		budget_free(s->budget, copy, len + 1);
		return -1;
	}
	memcpy(copy, rel, len);
	copy[len] = '\0';
	close_folder(s, f);
	*f = (struct out_folder){ copy, fd };
	s->next_folder = (s->next_folder + 1) % OPEN_FOLDERS;
	return fd;
}

static struct out_file *
out_new(struct budget *b)
{
	struct out_file *f = budget_realloc(b, NULL, 0, sizeof(*f));

	if (f != NULL) {
		memset(f, 0, offsetof(struct out_file, buf));
		f->budget = b;
		f->fd = -1;
		f->head.at = f->buf;
		f->head.end = f->buf + sizeof(f->buf);
	}
	return f;
}

static struct out_file *
file_of(struct out *o)
{
	return (struct out_file *)(void *)o;
}

/* From here on nothing is taken. */
static void
close_buffer(struct out_file *f)
{
	f->failed = true;
	f->head.at = f->head.end = f->buf;
}

static struct out *
open_mode(struct out_set *s, const char *rel, mode_t mode)
{
	struct out_file *f = out_new(s->budget);
	const char *name = NULL;
	int at;

	if (f == NULL) {
		set_fail(s, NULL, ENOMEM);
		return NULL;
	}
	f->set = s;
	at = set_folder(s, rel, &name);
	if (at >= 0)
		f->fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (f->fd < 0) {
		set_fail(s, rel, errno);
		close_buffer(f);
	}
	return &f->head;
}

struct out *
out_open(struct out_set *s, const char *rel)
{
	return open_mode(s, rel, 0666);
}

struct out *
out_open_program(struct out_set *s, const char *rel)
{
	return open_mode(s, rel, 0777);
}

static void
out_broken(struct out_file *f, int err)
{
	close_buffer(f);
	if (f->set != NULL)
		set_fail(f->set, NULL, err);
}

static void
out_raw(struct out_file *f, const char *s, size_t n)
{
	ssize_t w;

	f->flushed += n;
	if (f->fn != NULL) {
		if (!f->fn(f->ctx, s, n))
			close_buffer(f);
		return;
	}
	while (n > 0) {
		w = write(f->fd, s, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			out_broken(f, w < 0 ? errno : EIO);
			return;
		}
		s += w;
		n -= (size_t)w;
	}
}

static void
out_flush(struct out_file *f)
{
	size_t n = (size_t)(f->head.at - f->buf);

	f->head.at = f->failed ? f->head.at : f->buf;
	if (!f->failed && n > 0)
		out_raw(f, f->buf, n);
}

void
out_close(struct out *o)
{
	struct out_file *f = file_of(o);

	if (f == NULL)
		return;
	out_flush(f);
	if (f->fd >= 0 && f->flushed >= LARGE)
		sync_file_range(f->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* the disk may begin; out_commit waits for it */
	if (f->fd >= 0 && close(f->fd) != 0 && !f->failed)
		out_broken(f, errno);
	budget_free(f->budget, f, sizeof(*f));
}

void
out_more(struct out *o, const char *s, size_t n)
{
	struct out_file *f = file_of(o);

	if (f == NULL || f->failed)
		return;
	out_flush(f);
	if (f->failed)
		return;
	if (n > sizeof(f->buf)) {
		out_raw(f, s, n);
		return;
	}
	memcpy(o->at, s, n);
	o->at += n;
}

char *
out_make_room(struct out *o, size_t n)
{
	struct out_file *f = file_of(o);

	if (f == NULL || n > sizeof(f->buf) / 4)
		return NULL;
	if (n > (size_t)(o->end - o->at) && !f->failed)
		out_flush(f);
	return f->failed ? NULL : o->at;
}

char *
out_digits(char *to, uint64_t n)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
				    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";
	size_t digits = n < 100 ? 1 + (n >= 10) : n < 10000 ? 3 + (n >= 1000) : 5 + (n >= 100000);
	uint64_t limit = 1000000;
	char *at;

	for (; digits >= 6 && digits < OUT_DIGITS && n >= limit; digits++)
		limit *= 10; /* of 20 digits it is not looked at any more */
	for (at = to + digits; n >= 100; n /= 100) {
		at -= 2;
		memcpy(at, pairs + 2 * (n % 100), 2);
	}
	if (n >= 10)
		memcpy(to, pairs + 2 * n, 2);
	else
		*to = (char)('0' + n);
	return to + digits;
}

void
out_number(struct out *o, uint64_t n)
{
	char digits[OUT_DIGITS] = "", *room = out_room(o, OUT_DIGITS),
	     *end = out_digits(room != NULL ? room : digits, n);

	if (room != NULL)
		o->at = end;
	else
		out_mem(o, digits, (size_t)(end - digits));
}

uint64_t
out_tell(const struct out *o)
{
	const struct out_file *f = (const struct out_file *)(const void *)o;

	return f == NULL ? 0 : f->flushed + (uint64_t)(o->at - f->buf);
}

/* Through the buffer, which is empty. Not by copy_file_range: what stands at odd places in its file no
 * file system can share, and the kernel's own copy takes longer than this one. */
static void
copy_stretch(struct out_file *f, int fd, uint64_t left)
{
	ssize_t n;

	while (left > 0 && !f->failed) {
		n = read(fd, f->buf, left < sizeof(f->buf) ? (size_t)left : sizeof(f->buf));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			out_broken(f, n < 0 ? errno : EIO);
			return;
		}
		out_raw(f, f->buf, (size_t)n);
		left -= (uint64_t)n;
	}
}

/* Opens a file of the set that is closed already, at this place. */
static int
open_again(struct out_set *s, const char *rel, uint64_t at)
{
	const char *name = NULL;
	int folder = set_folder(s, rel, &name), fd;

	if (folder < 0)
		return -1;
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && lseek(fd, (off_t)at, SEEK_SET) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

bool
out_copy(struct out *o, const char *rel, struct out_stretch what)
{
	struct out_file *f = file_of(o);
	int fd;

	if (f == NULL || f->failed || f->set == NULL || (fd = open_again(f->set, rel, what.from)) < 0)
		return false;
	out_flush(f);
	copy_stretch(f, fd, what.to - what.from);
	close(fd);
	return true;
}

static void
put_part(void *ctx, const char *s, size_t n)
{
	out_mem(ctx, s, n);
}

void
out_fmt(struct out *o, const char *fmt, ...)
{
	va_list ap;

	if (out_failed(o))
		return;
	va_start(ap, fmt);
	if (!fmt_write(put_part, o, fmt, ap))
		out_broken(file_of(o), ENOMEM);
	va_end(ap);
}

bool
out_failed(const struct out *o)
{
	return o == NULL || ((const struct out_file *)(const void *)o)->failed;
}

struct out *
out_to_fn(tmg_write_fn *fn, void *ctx, struct budget *b)
{
	struct out_file *f = out_new(b);

	if (f == NULL)
		return NULL;
	f->fn = fn;
	f->ctx = ctx;
	return &f->head;
}

bool
out_end_fn(struct out *o)
{
	struct out_file *f = file_of(o);
	bool good;

	if (f == NULL)
		return false;
	out_flush(f);
	good = !f->failed;
	budget_free(f->budget, f, sizeof(*f));
	return good;
}
