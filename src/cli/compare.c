/*
 * Compares what an export gives with what lies on the disk, folder by folder,
 * in the order of the names. Follows no symbolic link below the directory that
 * was named. Knows no format.
 */
#include "cli/compare.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_BYTES ((off_t)4 * 1024 * 1024) /* of a file whose lines are shown */

struct comparison {
	struct run *r;
	struct mem mem;
	struct product *p;
	const char *dir;
};

static void
say(struct comparison *c, const char *rel, const char *sentence, const char *detail, const char *id)
{
	message_say(c->r, mem_fmt(&c->mem, "%s/%s", c->dir, rel), sentence, detail, id);
}

static bool
list(struct comparison *c, int fd, struct strings *names)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *e;

	if (d == NULL) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			strings_add(&c->mem, names, mem_strn(&c->mem, e->d_name, strlen(e->d_name)));
	closedir(d);
	strings_sort(names);
	return !c->mem.failed;
}

/* All of a file that is not too long; NULL with *len 0 otherwise. */
static char *
contents(int fd, size_t *len)
{
	struct stat st;
	ssize_t n;
	char *s;

	*len = 0;
	if (fstat(fd, &st) != 0 || st.st_size > MOST_BYTES)
		return NULL;
	s = malloc((size_t)st.st_size + 1);
	while (s != NULL && *len < (size_t)st.st_size) {
		n = read(fd, s + *len, (size_t)st.st_size - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		*len += (size_t)n;
	}
	return s;
}

static ssize_t
read_all(int fd, char *buf, size_t size)
{
	size_t have = 0;
	ssize_t n = 1;

	while (have < size && n > 0) {
		n = read(fd, buf + have, size - have);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			have += (size_t)n;
	}
	return n < 0 ? -1 : (ssize_t)have;
}

/* 1: the same, 0: not, -1: one of them cannot be read. */
static int
same_bytes(int a, int b)
{
	char x[16384], y[sizeof(x)];
	ssize_t n, m;

	do {
		n = read_all(a, x, sizeof(x));
		m = read_all(b, y, sizeof(y));
		if (n < 0 || m < 0)
			return -1;
		if (n != m || memcmp(x, y, (size_t)n) != 0)
			return 0;
	} while (n > 0);
	return 1;
}

static void
show_difference(struct comparison *c, int made, int disk, const char *rel)
{
	const char *name = mem_fmt(&c->mem, "%s/%s", c->dir, rel);
	size_t made_len, disk_len;
	char *a, *b;

	if (name == NULL || lseek(made, 0, SEEK_SET) != 0 || lseek(disk, 0, SEEK_SET) != 0)
		return;
	a = contents(made, &made_len);
	b = contents(disk, &disk_len);
	if (a != NULL && b != NULL)
		diff_put(shown(&c->mem, name), a, made_len, b, disk_len, c->p);
	free(a);
	free(b);
}

static void
compare_files(struct comparison *c, int made_at, int disk_at, const char *name, const char *rel)
{
	int made = openat(made_at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int disk = openat(disk_at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int same;

	if (disk < 0 && errno == ENOENT) {
		say(c, rel, "file is not there, and the export gives it", NULL, "file-missing");
	} else if (disk < 0 ? errno == ELOOP : fstat(disk, &st) == 0 && !S_ISREG(st.st_mode)) {
		say(c, rel, "is no file, where the export gives one", disk < 0 ? "it is a symbolic link" : NULL,
		    "file-differs");
	} else if (made < 0 || disk < 0 || (same = same_bytes(made, disk)) < 0) {
		say(c, rel, "file could not be read", strerror(errno), "cannot-read");
		run_status(c->r, EXIT_INPUT);
	} else if (same == 0) {
		say(c, rel, "file is not what the export gives", NULL, "file-differs");
		show_difference(c, made, disk, rel);
	}
	if (made >= 0)
		close(made);
	if (disk >= 0)
		close(disk);
}

static void compare_below(struct comparison *c, int made, int disk, const char *rel);

static bool
is_folder_at(int at, const char *name)
{
	struct stat st;

	return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* A folder that is missing is told of once, not file by file. */
static void
compare_subfolders(struct comparison *c, int made_at, int disk_at, const char *name, const char *rel)
{
	int made = openat(made_at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int disk = openat(disk_at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (made >= 0 && disk >= 0)
		compare_below(c, made, disk, rel);
	else if (disk < 0 && errno == ENOENT)
		say(c, rel, "folder is not there, and the export gives it", NULL, "file-missing");
	else
		say(c, rel, "is no folder that can be read, where the export gives one", NULL, "file-differs");
	if (made >= 0)
		close(made);
	if (disk >= 0)
		close(disk);
}

/* In the directory itself lie other targets, other inputs and the journal. */
static bool
is_of_others(const char *rel)
{
	return strchr(rel, '/') == NULL;
}

static void
compare_below(struct comparison *c, int made, int disk, const char *rel)
{
	struct strings a = { NULL, 0, 0 }, b = { NULL, 0, 0 };
	size_t i = 0, k = 0;
	const char *path;
	int order;

	if (!list(c, made, &a) || !list(c, disk, &b)) {
		say(c, rel, "folder could not be read", strerror(errno), "cannot-read");
		run_status(c->r, EXIT_INPUT);
		return;
	}
	while (i < a.n || k < b.n) {
		order = i == a.n ? 1 : k == b.n ? -1 : strcmp(a.s[i], b.s[k]);
		path = mem_fmt(&c->mem, "%s%s%s", rel, rel[0] != '\0' ? "/" : "", order > 0 ? b.s[k] : a.s[i]);
		if (path == NULL)
			return;
		if (order > 0 && !is_of_others(path))
			say(c, path, "is there, and the export gives no such file", NULL, "file-added");
		else if (order <= 0 && is_folder_at(made, a.s[i]))
			compare_subfolders(c, made, disk, a.s[i], path);
		else if (order <= 0)
			compare_files(c, made, disk, a.s[i], path);
		i += order <= 0;
		k += order >= 0;
	}
}

void
compare_folders(struct run *r, int made, const char *dir, struct product *p)
{
	struct comparison c = { .r = r, .p = p, .dir = dir };
	int disk = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (disk < 0) {
		message_say(r, dir, "folder is not there, and the export gives it", strerror(errno), "file-missing");
		return;
	}
	compare_below(&c, made, disk, "");
	close(disk);
	if (c.mem.failed)
		out_of_memory(r);
	mem_free(&c.mem);
}
