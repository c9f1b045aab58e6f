/*
 * Enters the sandbox of the workers, then tries what it must and must not
 * allow. Arguments: a file that may be read, one that may not, a folder that
 * may be written to, one that may not. Prints a line for each attempt.
 */
#include "cli/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int wrong;

/* `result` below 0: it was refused. */
static void
judge(const char *what, int allowed, int result)
{
	int good = (result >= 0) == allowed;

	printf("%s - sandbox: %s is %s\n", good ? "ok" : "not ok", what, allowed ? "allowed" : "refused");
	wrong |= !good;
}

static int
make(int at, const char *name)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL, 0666), rc = fd;

	if (fd >= 0 && write(fd, "x", 1) != 1)
		rc = -1;
	if (fd >= 0)
		close(fd);
	return rc;
}

static int
convert(const char *charset)
{
	char in[] = "abc", out[16], *from = in, *to = out;
	size_t left = 3, room = sizeof(out), rc;
	iconv_t cd = iconv_open("UTF-8", charset);

	if (cd == (iconv_t)-1)
		return -1;
	rc = iconv(cd, &from, &left, &to, &room);
	iconv_close(cd);
	return rc == (size_t)-1 ? -1 : 0;
}

int
main(int argc, char **argv)
{
	const char *files[1];
	struct sandbox s = { files, 1, NULL, -1 };
	int elsewhere;

	if (argc != 5)
		return 2;
	if (!sandbox_available()) {
		puts("none");
		return 0;
	}
	files[0] = argv[1];
	s.write = open(argv[3], O_RDONLY | O_DIRECTORY);
	elsewhere = open(argv[4], O_RDONLY | O_DIRECTORY);
	/* Without the sandbox all of it works: what is refused below is its doing. */
	judge("before: a file elsewhere", 1, make(elsewhere, "before"));
	judge("before: a socket", 1, socket(AF_UNIX, SOCK_STREAM, 0));
	judge("before: another file for reading", 1, open(argv[2], O_RDONLY));
	if (s.write < 0 || elsewhere < 0 || !sandbox_enter(&s)) {
		puts("not ok - sandbox: it could not be entered");
		return 1;
	}
	judge("the input for reading", 1, open(argv[1], O_RDONLY));
	judge("the input for writing", 0, open(argv[1], O_WRONLY));
	judge("another file for reading", 0, open(argv[2], O_RDONLY));
	judge("a file in the output", 1, make(s.write, "made"));
	judge("a folder in the output", 1, mkdirat(s.write, "folder", 0777));
	judge("a link in the output", 0, symlinkat("/", s.write, "link"));
	judge("a file elsewhere", 0, make(elsewhere, "after"));
	judge("a file removed elsewhere", 0, unlinkat(elsewhere, "before", 0));
	judge("a folder elsewhere", 0, mkdirat(elsewhere, "folder", 0777));
	judge("a socket of the network", 0, socket(AF_INET, SOCK_STREAM, 0));
	judge("a socket of this machine", 0, socket(AF_UNIX, SOCK_STREAM, 0));
	judge("a pair of sockets", 0, socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0, 0 }));
	judge("another program", 0, execl("/bin/true", "true", (char *)NULL));
	judge("a converter that was not loaded", 1, convert("SHIFT_JIS"));
	return wrong;
}
