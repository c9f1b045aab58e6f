/*
 * What a process gives up before it looks at a stranger's file.
 */
#ifndef CLI_SANDBOX_H
#define CLI_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* A build that looks at itself while it runs: its sanitizer reads /proc at the end of each process,
 * its measure writes what it counted. */
#if defined(__SANITIZE_ADDRESS__) || defined(TMGPORT_NO_SANDBOX)
#define WATCHED_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define WATCHED_BUILD 1
#endif
#endif

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
