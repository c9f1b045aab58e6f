/*
 * The shared part of the fuzz targets (fuzz.h). The guard stands in front of the
 * calls that open, make, rename and remove (the linker puts it there, --wrap), so
 * that the library itself stays as it is. Must not know any reader or writer.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMORY_FD 200 /* of the file in memory: a fixed number makes a fixed path */
#define MEMORY_PATH "/proc/self/fd/200"

static char scratch[200];
static bool guarded;

void
fz_fail(const char *file, int line, const char *cond, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s:%d: assertion failed: %s: ", file, line, cond);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	abort();
}

uint64_t
fz_sum(uint64_t sum, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ p[i]) * UINT64_C(0x100000001b3);
	return sum;
}

bool
fz_sink(void *ctx, const char *s, size_t n)
{
	sb_putn(ctx, s, n);
	return true;
}

/* ---- files in memory -------------------------------------------------------- */

const char *
fz_file(const void *data, size_t n)
{
	static bool made;

	if (!made) {
		int fd = memfd_create("fuzz", 0);

		FZ(fd >= 0 && dup2(fd, MEMORY_FD) == MEMORY_FD, "no file in memory: %s", strerror(errno));
		if (fd != MEMORY_FD)
			close(fd);
		made = true;
	}
	FZ(ftruncate(MEMORY_FD, 0) == 0, "%s", strerror(errno));
	for (size_t at = 0; at < n;) {
		ssize_t w = pwrite(MEMORY_FD, (const char *)data + at, n - at, (off_t)at);

		FZ(w > 0, "%s", strerror(errno));
		at += (size_t)w;
	}
	return MEMORY_PATH;
}

static void
remove_scratch(void)
{
	guarded = false;
	rmdir(scratch);
}

const char *
fz_scratch(void)
{
	if (scratch[0] == '\0') {
		bool up = guarded;

		guarded = false;
		const char *below = getenv("TMGPORT_FUZZ_DIR"); /* a crash leaves the folder to whoever set it */

		snprintf(scratch, sizeof(scratch), "%s/tmgport-fuzz-XXXXXX", below != NULL ? below : "/dev/shm");
		FZ(mkdtemp(scratch) != NULL, "%s: %s", scratch, strerror(errno));
		atexit(remove_scratch);
		guarded = up;
	}
	return scratch;
}

static void
see_file(const char *path, const char *rel, fz_see *see, void *ctx)
{
	struct strbuf b;
	char piece[8192];
	size_t n;
	FILE *f = fopen(path, "rb");

	FZ(f != NULL, "%s: %s", rel, strerror(errno));
	sb_init(&b, NULL);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		sb_putn(&b, piece, n);
	fclose(f);
	see(ctx, rel, b.s, b.len);
	sb_free(&b);
}

/* As deep as the folders that writers make. */
static void
harvest(const char *dir, size_t top, fz_see *see, void *ctx)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		char path[PATH_MAX];
		struct stat st;

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			FZ(strlen(dir) > top || strcmp(name, "out") == 0, "left beside the output: %s", name);
			FZ(snprintf(path, sizeof(path), "%s/%s", dir, name) < (int)sizeof(path), "%s", name);
			FZ(lstat(path, &st) == 0 && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)), "%s", path + top);
			if (S_ISDIR(st.st_mode)) {
				harvest(path, top, see, ctx);
				rmdir(path);
			} else {
				see_file(path, path + top + 1, see, ctx);
				unlink(path);
			}
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

void
fz_harvest(fz_see *see, void *ctx)
{
	bool up = guarded;

	guarded = false;
	harvest(fz_scratch(), strlen(fz_scratch()), see, ctx);
	guarded = up;
}

/* ---- the guard ---------------------------------------------------------------- */

void
fz_guard(bool up)
{
	guarded = up;
}

/* Does the name lie in the scratch folder, or is it that? Names below a descriptor must be single ones. */
static bool
inside(int at, const char *path)
{
	char link[40], where[PATH_MAX];
	size_t n = strlen(scratch);
	ssize_t len;

	if (n == 0)
		return false;
	if (path[0] == '/')
		return strncmp(path, scratch, n) == 0 && (path[n] == '/' || path[n] == '\0') &&
		    strstr(path, "/..") == NULL;
	if (at == AT_FDCWD || strchr(path, '/') != NULL || strcmp(path, "..") == 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	len = readlink(link, where, sizeof(where) - 1);
	if (len < 0)
		return false;
	where[len] = '\0';
	return strncmp(where, scratch, n) == 0 && (where[n] == '/' || where[n] == '\0');
}

static void
check(const char *call, int at, const char *path)
{
	FZ(!guarded || inside(at, path), "%s of %s", call, path);
}

static void
check_open(int at, const char *path, int flags)
{
	if (!guarded || ((flags & (O_ACCMODE | O_CREAT | O_TRUNC)) == O_RDONLY && strcmp(path, MEMORY_PATH) == 0))
		return;
	check("open", at, path);
}

/* The linker's names for a call and for what stands in its place. */
#define WRAPPED(type, name, ...)         \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

WRAPPED(int, open, const char *path, int flags, mode_t mode)
{
	check_open(AT_FDCWD, path, flags);
	return __real_open(path, flags, mode);
}

WRAPPED(int, open64, const char *path, int flags, mode_t mode)
{
	check_open(AT_FDCWD, path, flags);
	return __real_open64(path, flags, mode);
}

WRAPPED(int, openat, int at, const char *path, int flags, mode_t mode)
{
	check_open(at, path, flags);
	return __real_openat(at, path, flags, mode);
}

WRAPPED(int, openat64, int at, const char *path, int flags, mode_t mode)
{
	check_open(at, path, flags);
	return __real_openat64(at, path, flags, mode);
}

WRAPPED(int, mkdir, const char *path, mode_t mode)
{
	/* Parents of the output are tried one by one: what is there already stays as it is. */
	FZ(!guarded || inside(AT_FDCWD, path) || access(path, F_OK) == 0, "mkdir of %s", path);
	return __real_mkdir(path, mode);
}

WRAPPED(int, mkdirat, int at, const char *path, mode_t mode)
{
	check("mkdirat", at, path);
	return __real_mkdirat(at, path, mode);
}

WRAPPED(int, rmdir, const char *path)
{
	check("rmdir", AT_FDCWD, path);
	return __real_rmdir(path);
}

WRAPPED(int, unlinkat, int at, const char *path, int flags)
{
	check("unlinkat", at, path);
	return __real_unlinkat(at, path, flags);
}

WRAPPED(int, renameat, int from, const char *old, int to, const char *new)
{
	check("renameat", from, old);
	check("renameat", to, new);
	return __real_renameat(from, old, to, new);
}

WRAPPED(int, renameat2, int from, const char *old, int to, const char *new, unsigned flags)
{
	check("renameat2", from, old);
	check("renameat2", to, new);
	return __real_renameat2(from, old, to, new, flags);
}
