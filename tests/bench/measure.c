/*
 * measure: runs a command and says what it took.
 *
 *   measure OUTPUT COMMAND [ARGUMENT...]
 *
 * Standard output goes to the file OUTPUT, standard error nowhere. Prints
 * "STATUS WALL PROCESSOR PEAK": exit status (128 and the number of a signal
 * that ended it), seconds on the clock, seconds of processor time (user and
 * system, the command's own children included), and the resident kilobytes of
 * its largest process.
 *
 * It is a program of its own because the kernel carries the size of whoever
 * starts a program over into the peak of that program: it must be small.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
become(const char *output, char **argv)
{
	int in = open("/dev/null", O_RDWR);
	int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(in, 2) < 0)
		_exit(126);
	if (in > 2)
		close(in);
	execvp(argv[0], argv);
	_exit(127);
}

int
main(int argc, char **argv)
{
	struct rusage used;
	double begin;
	int status;
	pid_t pid;

	if (argc < 3) {
		fputs("usage: measure OUTPUT COMMAND [ARGUMENT...]\n", stderr);
		return 2;
	}
	begin = now();
	pid = fork();
	if (pid == 0)
		become(argv[1], argv + 2);
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0) {
		fprintf(stderr, "measure: %s\n", strerror(errno));
		return 1;
	}
	printf("%d %.6f %.6f %ld\n", WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), now() - begin,
	    seconds(used.ru_utime) + seconds(used.ru_stime), used.ru_maxrss);
	return 0;
}
