/*
 * Enters the sandbox of the workers, then tries what it must and must not
 * allow. Arguments: a file that may be read, one that may not, a folder that
 * may be written to, one that may not. Prints a line for each attempt. With a fifth
 * argument as on a kernel without Landlock, and with no folder to write to.
 */
#include "cli/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

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

/* What is typed into a terminal in this way, a shell takes for its user's. Not every system
 * allows it to everybody. */
static int
terminal(void)
{
	int main_side = posix_openpt(O_RDWR | O_NOCTTY);

	if (main_side < 0 || grantpt(main_side) != 0 || unlockpt(main_side) != 0)
		return -1;
	return open(ptsname(main_side), O_RDWR | O_NOCTTY);
}

/* What has no number in this kernel. */
static int
forget_landlock(void)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr) },
		{ BPF_JMP | BPF_JGE | BPF_K, 0, 2, 444 },
		{ BPF_JMP | BPF_JGT | BPF_K, 1, 0, 446 },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static int
without_landlock(const char *input, int elsewhere)
{
	struct sandbox s = { NULL, 0, NULL, -1, true };

	if (elsewhere < 0 || !forget_landlock() || sandbox_available() || sandbox_enter(&s)) {
		puts("not ok - sandbox: Landlock is still there");
		return 1;
	}
	judge("without Landlock: a file for reading", 1, open(input, O_RDONLY));
	judge("without Landlock: a file for writing", 0, open(input, O_WRONLY));
	judge("without Landlock: a file for both", 0, openat(AT_FDCWD, input, O_RDWR));
	judge("without Landlock: a file that is cut", 0, open(input, O_RDONLY | O_TRUNC));
	judge("without Landlock: a file made anew", 0, make(elsewhere, "after"));
	judge("without Landlock: a file without a name", 0, openat(elsewhere, ".", O_TMPFILE | O_RDWR, 0600));
	judge("without Landlock: a file removed", 0, unlinkat(elsewhere, "before", 0));
	judge("without Landlock: a file renamed", 0, renameat(elsewhere, "before", elsewhere, "after"));
	judge("without Landlock: a folder", 0, mkdirat(elsewhere, "folder", 0777));
	judge("without Landlock: a link", 0, symlinkat("/", elsewhere, "link"));
	judge("without Landlock: a mode", 0, fchmodat(elsewhere, "before", 0777, 0));
	judge("without Landlock: a signal to another process", 0, kill(getppid(), 0));
	judge("without Landlock: a signal to its thread", 0, (int)syscall(SYS_tgkill, getppid(), getppid(), 0));
	judge("without Landlock: a socket", 0, socket(AF_INET, SOCK_STREAM, 0));
	judge("without Landlock: another program", 0, execl("/bin/true", "true", (char *)NULL));
	return wrong;
}

int
main(int argc, char **argv)
{
	const char *files[1];
	struct sandbox s = { files, 1, NULL, -1, true };
	int elsewhere, tty = terminal();

	if (argc != 5 && argc != 6)
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
	judge("before: a signal to another process", 1, kill(getppid(), 0));
	if (ioctl(tty, TIOCSTI, "x") != 0)
		puts("ok - sandbox: nothing can be typed into a terminal here anyway");
	if (argc == 6)
		return without_landlock(argv[1], elsewhere);
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
	judge("a mode elsewhere", 0, fchmodat(elsewhere, "before", 0777, 0));
	judge("a mode in the output", 0, fchmodat(s.write, "made", 0777, 0));
	judge("an owner elsewhere", 0, fchownat(elsewhere, "before", getuid(), getgid(), 0));
	judge("a set-user-ID file in the output", 0, openat(s.write, "suid", O_WRONLY | O_CREAT, 04755));
	judge("one made otherwise", 0, mknodat(s.write, "other", S_IFREG | 04755, 0));
	judge("a text typed into a terminal", 0, ioctl(tty, TIOCSTI, "x"));
	judge("the size of a terminal", 1, ioctl(tty, TIOCGWINSZ, &(struct winsize){ 0 }));
	judge("a signal to another process", 0, kill(getppid(), 0));
	judge("a signal to a thread of another process", 0, (int)syscall(SYS_tgkill, getppid(), getppid(), 0));
	judge("a signal to itself", 1, (int)syscall(SYS_tgkill, getpid(), getpid(), 0));
	judge("a socket of the network", 0, socket(AF_INET, SOCK_STREAM, 0));
	judge("a socket of this machine", 0, socket(AF_UNIX, SOCK_STREAM, 0));
	judge("a pair of sockets", 0, socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0, 0 }));
	judge("another program", 0, execl("/bin/true", "true", (char *)NULL));
	judge("a converter that was not loaded", 1, convert("SHIFT_JIS"));
	return wrong;
}
