/*
 * Loaded into the command (LD_PRELOAD): stands for an input that has taken over what reads
 * it. The first time that the file INTRUDER_FILE is read ("-": standard input; "list": what
 * is read by lines), it tries what the sandbox of that process must refuse, and what it must
 * allow, and writes a line for each to the descriptor INTRUDER_OUT. INTRUDER_VICTIM is a folder
 * with a file `file`.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int watched = -1; /* descriptor of the file */
static int done;

static void
judge(const char *what, int allowed, long result)
{
	const char *out = getenv("INTRUDER_OUT");
	int good = (result >= 0) == allowed;

	dprintf(out != NULL ? atoi(out) : 2, "%s - %s is %s\n", good ? "ok" : "not ok", what,
	    result >= 0 ? "allowed" : "refused");
}

static int
in_victim(char path[4096], const char *name)
{
	const char *victim = getenv("INTRUDER_VICTIM");

	return victim != NULL && snprintf(path, 4096, "%s/%s", victim, name) < 4096;
}

static void
intrude(void)
{
	char file[4096], other[4096];

	if (done || !in_victim(file, "file") || !in_victim(other, "new"))
		return;
	done = 1;
	judge("a file elsewhere, for writing", 0, open(file, O_WRONLY));
	judge("a file elsewhere, made anew", 0, open(other, O_WRONLY | O_CREAT, 0666));
	judge("a file elsewhere, cut", 0, truncate(file, 0));
	judge("a file elsewhere, for reading", 0, open(file, O_RDONLY));
	judge("a list of a directory elsewhere", 0, open(getenv("INTRUDER_VICTIM"), O_RDONLY | O_DIRECTORY));
	judge("a file elsewhere, removed", 0, unlink(file));
	judge("a file elsewhere, renamed", 0, rename(file, other));
	judge("a link to a file elsewhere", 0, link(file, other));
	judge("a symbolic link elsewhere", 0, symlink("/", other));
	judge("a directory elsewhere", 0, mkdir(other, 0777));
	judge("the mode of a file elsewhere", 0, chmod(file, 0777));
	judge("the owner of a file elsewhere", 0, chown(file, getuid(), getgid()));
	judge("the times of a file elsewhere", 0, utimensat(AT_FDCWD, file, NULL, 0));
	judge("the list of users", 0, open("/etc/passwd", O_RDONLY));
	judge("a socket of the network", 0, socket(AF_INET, SOCK_STREAM, 0));
	judge("a socket of this machine", 0, socket(AF_UNIX, SOCK_STREAM, 0));
	judge("another program", 0, execl("/bin/true", "true", (char *)NULL));
	judge("new rights by a program", 0, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? -1 : 0);
	if (watched > STDERR_FILENO) {
		char self[64], name[4096];
		ssize_t n;

		snprintf(self, sizeof(self), "/proc/self/fd/%d", watched);
		n = readlink(self, name, sizeof(name) - 1);
		if (n > 0) {
			name[n] = '\0';
			judge("the input itself, for reading", 1, open(name, O_RDONLY));
			judge("the input itself, for writing", 0, open(name, O_WRONLY));
		}
	}
	judge("the end", 1, 0);
}

static int
is_watched(const char *path, int flags)
{
	const char *file = getenv("INTRUDER_FILE");

	/* Without waiting a file is opened to be hashed, which looks at nothing in it. */
	return !done && file != NULL && (flags & (O_ACCMODE | O_NONBLOCK)) == O_RDONLY && strcmp(file, path) == 0;
}

static int
note(const char *path, int flags, int fd)
{
	if (fd >= 0 && is_watched(path, flags))
		watched = fd;
	return fd;
}

int
open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return note(path, flags, real(path, flags, mode));
}

int
open64(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64");
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return note(path, flags, real(path, flags, mode));
}

ssize_t
read(int fd, void *buf, size_t n)
{
	ssize_t (*real)(int, void *, size_t) = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	const char *file = getenv("INTRUDER_FILE");
	ssize_t got = real(fd, buf, n);

	if (!done && got > 0 && ((fd == watched && fd >= 0) || (fd == 0 && file != NULL && strcmp(file, "-") == 0)))
		intrude();
	return got;
}

static ssize_t
by_lines(ssize_t got)
{
	const char *file = getenv("INTRUDER_FILE");

	if (!done && got > 0 && file != NULL && strcmp(file, "list") == 0)
		intrude();
	return got;
}

ssize_t
getline(char **line, size_t *room, FILE *f)
{
	return by_lines(getdelim(line, room, '\n', f));
}

/* What the C library's header makes of the above. */
ssize_t __getdelim(char **line, size_t *room, int end, FILE *f);

ssize_t
__getdelim(char **line, size_t *room, int end, FILE *f)
{
	ssize_t (*real)(char **, size_t *, int, FILE *) =
	    (ssize_t(*)(char **, size_t *, int, FILE *))dlsym(RTLD_NEXT, "getdelim");

	return by_lines(real(line, room, end, f));
}
