/*
 * What a process gives up before it looks at a stranger's file.
 */
#ifndef CLI_SANDBOX_H
#define CLI_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

struct sandbox {
	const char *const *files; /* may be read */
	size_t file_count;
	const char *folder; /* may be read, with all below it; or NULL */
	int write;          /* descriptor of the folder in which files may be made; -1: none, anywhere */
	bool alone;         /* it starts no other process, and may signal none */
};

/* Does this system have all of it? */
bool sandbox_available(void);
/* For good, for this process and what it starts; descriptors that are open
 * stay so. false: not, or not all of it. */
bool sandbox_enter(const struct sandbox *s);

#endif
