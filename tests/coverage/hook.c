/*
 * Linked into the programs of tools/coverage alone, in front of the calls after
 * which gcc's counts would be lost: a process that ends itself by a signal or by
 * _exit writes them first, and a worker's sandbox, which would forbid writing
 * them, closes around a thread that ends there. Knows nothing of what is counted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct sandbox;

void __gcov_dump(void);
int __real_raise(int number);
int __wrap_raise(int number);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
bool __real_sandbox_enter(const struct sandbox *s) __attribute__((weak));
bool __wrap_sandbox_enter(const struct sandbox *s);

int
__wrap_raise(int number)
{
	__gcov_dump();
	return __real_raise(number);
}

void
__wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

struct attempt {
	const struct sandbox *s;
	bool entered;
};

static void *
enter(void *ctx)
{
	struct attempt *a = ctx;

	a->entered = __real_sandbox_enter(a->s);
	return NULL;
}

/* Both halves of the sandbox are the thread's own. The program that tries the
 * sandbox itself needs it, and is only measured through the others. */
bool
__wrap_sandbox_enter(const struct sandbox *s)
{
	struct attempt a = { s, false };
	pthread_t thread;

	if (strcmp(program_invocation_short_name, "sandbox") == 0)
		return __real_sandbox_enter(s);
	if (pthread_create(&thread, NULL, enter, &a) != 0)
		return false;
	pthread_join(thread, NULL);
	return a.entered;
}
