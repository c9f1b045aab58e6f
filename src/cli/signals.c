/*
 * Interrupts of a run with workers: the first one is noted, the run comes to a
 * tidy end, and the process then ends as it would have at once. The only part
 * with variables of its own, since a handler has no other way to say something.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <time.h>

#include "cli/work.h"

static volatile sig_atomic_t caught;
static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

static void
note(int number)
{
	if (number != SIGCHLD)
		caught = number;
}

static void
watched(sigset_t *set)
{
	size_t i;

	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (i = 0; i < COUNT(ends); i++)
		sigaddset(set, ends[i]);
}

void
signals_catch(void)
{
	struct sigaction sa = { .sa_handler = note }, old;
	sigset_t set;
	size_t i;

	sigemptyset(&sa.sa_mask);
	for (i = 0; i < COUNT(ends); i++)
		if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(ends[i], &sa, NULL);
	sa.sa_flags = SA_RESTART | SA_NOCLDSTOP;
	sigaction(SIGCHLD, &sa, NULL);
	watched(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* The terminal sends its interrupt to workers too; their parent ends them. */
void
signals_default(void)
{
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signals_hold(false);
}

int
signal_caught(void)
{
	return caught;
}

void
signals_hold(bool hold)
{
	sigset_t set;

	watched(&set);
	sigprocmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

/* To be called while they are held: what came since then ends it at once. */
void
signals_wait(unsigned milliseconds)
{
	struct timespec t = { milliseconds / 1000, (long)(milliseconds % 1000) * 1000000 };
	sigset_t now, set;
	size_t i;

	sigprocmask(SIG_BLOCK, NULL, &now);
	watched(&set);
	sigdelset(&now, SIGCHLD);
	for (i = 0; i < COUNT(ends); i++)
		sigdelset(&now, ends[i]);
	pselect(0, NULL, NULL, NULL, &t, &now);
}

void
signals_end(void)
{
	if (caught == 0)
		return;
	signal(caught, SIG_DFL);
	signals_hold(false);
	raise(caught);
}
