/*
 * The line on a terminal that says how far a run is. Nothing of it reaches a
 * pipe or a file.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cli/work.h"

#define EVERY 0.2 /* seconds */
#define FIRST 0.5 /* what is over by then needs no line */

double
clock_now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
progress_start(struct run *r, struct progress *p, size_t files)
{
	p->on = files > 1 && !r->args.quiet && isatty(STDERR_FILENO);
	p->files = files;
	p->started = p->last = clock_now();
}

/* Hours and minutes only when there are such. */
static void
put_left(double seconds)
{
	unsigned long s = (unsigned long)(seconds + 0.5);

	if (s >= 3600)
		fprintf(stderr, ", %lu h %02lu min left", s / 3600, s / 60 % 60);
	else if (s >= 60)
		fprintf(stderr, ", %lu min %02lu s left", s / 60, s % 60);
	else
		fprintf(stderr, ", %lu s left", s);
}

void
progress_show(struct progress *p, bool now)
{
	double t = p->on ? clock_now() : 0, rate;

	if (!p->on || t - p->started < FIRST || (!now && t - p->last < EVERY))
		return;
	p->last = t;
	p->shown = true;
	rate = (double)p->done / (t - p->started);
	fprintf(stderr, "\r\033[K%zu of %zu files, %llu findings, %.1f/s", p->done, p->files,
	    (unsigned long long)p->findings, rate);
	if (p->done > 0)
		put_left((double)(p->files - p->done) / rate);
	fflush(stderr);
}

void
progress_hide(struct progress *p)
{
	if (!p->shown)
		return;
	fputs("\r\033[K", stderr);
	p->shown = false;
}
