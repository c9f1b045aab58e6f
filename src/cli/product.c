/*
 * Where the product of a command goes: standard output as it comes, or a file
 * that is written under a temporary name and renamed when it is complete.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/work.h"

static void
complain(struct run *r, const struct product *p)
{
	message_say(r, p->path,
	    p->path != NULL ? "output could not be written" : "standard output could not be written",
	    strerror(p->error), "cannot-write");
	run_status(r, EXIT_OUTPUT);
}

/* Something that is no plain file, /dev/null or a pipe, is written to as it is. */
static bool
is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

bool
product_open(struct run *r, struct product *p, const char *path)
{
	static const char suffix[] = ".tmp-XXXXXX";
	mode_t mask;
	size_t n;

	memset(p, 0, sizeof(*p));
	p->fd = STDOUT_FILENO;
	if (path == NULL || strcmp(path, "-") == 0) {
		if (r->stdout_closed) {
			p->error = EBADF;
			complain(r, p);
		}
		return !r->stdout_closed;
	}
	p->path = path;
	if (is_special(path)) {
		p->fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		n = strlen(path);
		p->temporary = malloc(n + sizeof(suffix));
		if (p->temporary == NULL) {
			out_of_memory(r);
			return false;
		}
		memcpy(p->temporary, path, n);
		memcpy(p->temporary + n, suffix, sizeof(suffix));
		p->fd = mkstemp(p->temporary);
		mask = umask(0);
		umask(mask);
		if (p->fd >= 0 && fchmod(p->fd, 0666 & ~mask) != 0)
			p->error = errno;
	}
	if (p->fd < 0) {
		p->error = errno;
		complain(r, p);
		free(p->temporary);
		return false;
	}
	return true;
}

bool
product_write(void *product, const char *data, size_t len)
{
	struct product *p = product;
	ssize_t n;

	while (len > 0 && p->error == 0) {
		n = write(p->fd, data, len);
		if (n < 0 && errno == EINTR && signal_caught() == 0)
			continue;
		if (n <= 0) {
			p->error = n < 0 ? errno : EIO;
		} else {
			data += n;
			len -= (size_t)n;
		}
	}
	return p->error == 0;
}

void
product_close(struct run *r, struct product *p)
{
	bool interrupted = signal_caught() != 0;

	if (interrupted && p->error == 0)
		p->error = EINTR;
	if (p->temporary != NULL && p->error == 0 && fsync(p->fd) != 0 && errno != EINVAL && errno != ENOTSUP)
		p->error = errno;
	if (p->path != NULL && close(p->fd) != 0 && p->error == 0)
		p->error = errno;
	if (p->temporary != NULL && p->error == 0 && rename(p->temporary, p->path) != 0)
		p->error = errno;
	if (p->temporary != NULL && p->error != 0)
		unlink(p->temporary);
	free(p->temporary);
	p->temporary = NULL;
	if (p->error != 0 && !interrupted)
		complain(r, p);
}

void
product_drop(struct product *p)
{
	if (p->path != NULL)
		close(p->fd);
	if (p->temporary != NULL)
		unlink(p->temporary);
	free(p->temporary);
	p->temporary = NULL;
}
