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

struct out {
	struct out_set *set; /* NULL: a caller's function */
	tmg_write_fn *fn;
	void *ctx;
	struct budget *budget;
	int fd;
	bool failed;
	size_t len;
	char buf[OUT_BUFFER];
};

/* ---- files --------------------------------------------------------------- */

/* Opens the folder of `rel` below the staging root; *name is its last part. */
static int
open_folder(struct out_set *s, const char *rel, const char **name)
{
	int at = open_dir(s->root, "."), next, err;
	const char *slash;
	char part[NAME_MAX + 1];

	for (; at >= 0 && (slash = strchr(rel, '/')) != NULL; rel = slash + 1) {
		size_t n = (size_t)(slash - rel);

		if (n == 0 || n > NAME_MAX || (rel[0] == '.' && (n == 1 || (n == 2 && rel[1] == '.')))) {
			close(at);
			errno = EINVAL;
			return -1;
		}
		memcpy(part, rel, n);
		part[n] = '\0';
		next = mkdirat(at, part, 0777) == 0 || errno == EEXIST ? open_dir(at, part) : -1;
		err = errno;
		close(at);
		errno = err;
		at = next;
	}
	*name = rel;
	return at;
}

static struct out *
out_new(struct budget *b)
{
	struct out *o = budget_realloc(b, NULL, 0, sizeof(*o));

	if (o != NULL) {
		memset(o, 0, offsetof(struct out, buf));
		o->budget = b;
		o->fd = -1;
	}
	return o;
}

static struct out *
open_mode(struct out_set *s, const char *rel, mode_t mode)
{
	struct out *o = out_new(s->budget);
	const char *name = NULL;
	int at;

	if (o == NULL) {
		set_fail(s, NULL, ENOMEM);
		return NULL;
	}
	o->set = s;
	at = open_folder(s, rel, &name);
	if (at >= 0) {
		o->fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (o->fd < 0)
			set_fail(s, rel, errno);
		close(at);
	} else {
		set_fail(s, rel, errno);
	}
	o->failed = o->fd < 0;
	return o;
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
out_broken(struct out *o, int err)
{
	o->failed = true;
	if (o->set != NULL)
		set_fail(o->set, NULL, err);
}

static void
out_raw(struct out *o, const char *s, size_t n)
{
	ssize_t w;

	if (o->fn != NULL) {
		if (!o->fn(o->ctx, s, n))
			o->failed = true;
		return;
	}
	while (n > 0) {
		w = write(o->fd, s, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0) {
			out_broken(o, w < 0 ? errno : EIO);
			return;
		}
		s += w;
		n -= (size_t)w;
	}
}

static void
out_flush(struct out *o)
{
	if (!o->failed && o->len > 0)
		out_raw(o, o->buf, o->len);
	o->len = 0;
}

void
out_close(struct out *o)
{
	if (o == NULL)
		return;
	out_flush(o);
	if (o->fd >= 0 && close(o->fd) != 0 && !o->failed)
		out_broken(o, errno);
	budget_free(o->budget, o, sizeof(*o));
}

void
out_mem(struct out *o, const char *s, size_t n)
{
	if (o == NULL || o->failed)
		return;
	if (n > sizeof(o->buf) - o->len)
		out_flush(o);
	if (n > sizeof(o->buf)) {
		if (!o->failed)
			out_raw(o, s, n);
		return;
	}
	memcpy(o->buf + o->len, s, n);
	o->len += n;
}

char *
out_room(struct out *o, size_t n)
{
	if (o == NULL || o->failed || n > sizeof(o->buf) / 4)
		return NULL;
	if (n > sizeof(o->buf) - o->len)
		out_flush(o);
	return o->failed ? NULL : o->buf + o->len;
}

void
out_took(struct out *o, size_t n)
{
	o->len += n;
}

void
out_str(struct out *o, const char *s)
{
	out_mem(o, s, strlen(s));
}

void
out_number(struct out *o, uint64_t n)
{
	char digits[20], *end = digits + sizeof(digits), *s = fmt_digits(end, n);

	out_mem(o, s, (size_t)(end - s));
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

	if (o == NULL || o->failed)
		return;
	va_start(ap, fmt);
	if (!fmt_write(put_part, o, fmt, ap))
		out_broken(o, ENOMEM);
	va_end(ap);
}

bool
out_failed(const struct out *o)
{
	return o == NULL || o->failed;
}

struct out *
out_to_fn(tmg_write_fn *fn, void *ctx, struct budget *b)
{
	struct out *o = out_new(b);

	if (o != NULL) {
		o->fn = fn;
		o->ctx = ctx;
	}
	return o;
}

bool
out_end_fn(struct out *o)
{
	bool good;

	if (o == NULL)
		return false;
	out_flush(o);
	good = !o->failed;
	budget_free(o->budget, o, sizeof(*o));
	return good;
}
