/*
 * Jobs in worker processes: one process a job, as many at a time as -j says.
 * What a worker says and makes goes to files without a name, and comes out in
 * the order of the jobs, so that nothing depends on how many there are. Knows
 * no command.
 */
#include "cli/work.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/box.h"
#include "cli/sandbox.h"
#include "cli/summary.h"

#define MOST_WORKERS 1024
#define SHORT_WAIT 200  /* milliseconds between looks at the progress line */
#define TOGETHER 64     /* jobs that are settled at once */
#define PATIENCE 1.0    /* seconds that one waits for others */
#define TAPE_LONG 65536 /* bytes after which the tape of a slot begins anew */

/* The place of a worker, and the files that it writes to. */
struct slot {
	struct task *task; /* NULL: free */
	pid_t pid;
	int tape, product;
	off_t from; /* where its tape begins: behind what was replayed */
	double started;
};

struct pool {
	struct run *r;
	const struct work *w;
	struct task *tasks;
	size_t count, head, next;
	struct slot *slots;
	size_t slot_count;
	int spool; /* what waits for its turn */
	off_t spooled;
	size_t aside; /* jobs that wait there */
	struct task *waiting[TOGETHER + MOST_WORKERS];
	size_t waiting_count;
	double waiting_since;
	size_t files;
	struct progress progress;
	bool good, stop;
};

/* ---- files without a name ----------------------------------------------------------- */

static int
nameless_file(void)
{
	const char *dir = getenv("TMPDIR");
	char name[4096];
	int fd;

	if (dir == NULL || dir[0] != '/')
		dir = "/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0 && snprintf(name, sizeof(name), "%s/tmgport-XXXXXX", dir) < (int)sizeof(name)) {
		fd = mkostemp(name, O_CLOEXEC);
		if (fd >= 0)
			unlink(name);
	}
	return fd >= 0 ? fd : memfd_create("tmgport", MFD_CLOEXEC);
}

static uint64_t
file_length(int fd)
{
	off_t n = lseek(fd, 0, SEEK_END);

	return n > 0 ? (uint64_t)n : 0;
}

/* Calls `fn` for the bytes of a part of a file. */
static bool
copy_span(const struct span *s, tmg_write_fn *fn, void *ctx)
{
	char buf[65536];
	off_t at = s->from;
	uint64_t left = s->len;
	ssize_t n;

	while (left > 0) {
		n = pread(s->fd, buf, left < sizeof(buf) ? (size_t)left : sizeof(buf), at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || !fn(ctx, buf, (size_t)n))
			return false;
		at += n;
		left -= (uint64_t)n;
	}
	return true;
}

bool
work_product(const struct task *t, tmg_write_fn *fn, void *ctx)
{
	return copy_span(&t->product, fn, ctx);
}

static bool
spool_write(void *ctx, const char *data, size_t len)
{
	struct pool *p = ctx;
	ssize_t n;

	while (len > 0) {
		n = pwrite(p->spool, data, len, p->spooled);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p->spooled += n;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* The files of a worker are for the next one: what waits is kept elsewhere. */
static bool
put_aside(struct pool *p, struct span *s)
{
	off_t from = p->spooled;

	if (s->len == 0)
		return true;
	if (!copy_span(s, spool_write, p))
		return false;
	s->fd = p->spool;
	s->from = from;
	return true;
}

/* ---- workers -------------------------------------------------------------------------- */

static void
give_up_rest(struct run *r, const struct work *w, const struct task *t)
{
	struct sandbox s = {
		.files = t->job->files, .file_count = t->job->count, .folder = w->may_read, .write = -1, .alone = true
	};

	if (r->args.no_sandbox)
		return;
	if (w->may_write != NULL)
		s.write = w->may_write(t, w->ctx);
	sandbox_enter(&s); /* a kernel that cannot has been told of */
}

/* What the sandbox would not take away: files that are open already. */
static void
close_others(const struct pool *p, const struct slot *own)
{
	size_t i;

	for (i = 0; i < p->slot_count; i++) {
		if (&p->slots[i] != own) {
			close(p->slots[i].tape);
			close(p->slots[i].product);
		}
	}
	for (i = 0; i < COUNT(p->r->held); i++)
		if (p->r->held[i] > STDERR_FILENO)
			close(p->r->held[i]);
	if (p->spool >= 0)
		close(p->spool);
}

/* What libraries do at the end of a process takes a tenth of the time of a small job, and gives nothing
 * back that the end itself does not. Nothing waits in a stream: the tape is closed. */
static _Noreturn void
end_worker(int status)
{
#ifdef WATCHED_BUILD
	exit(status);
#else
	_exit(status);
#endif
}

static void
be_worker(struct pool *p, struct task *t, const struct slot *s)
{
	struct run *r = p->r;
	struct product product = { .fd = s->product };
	struct digits status, stop;
	bool good;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signals_default();
	close_others(p, s);
	r->tape = fdopen(s->tape, "w");
	if (r->tape == NULL)
		_exit(EXIT_OUTPUT);
	r->status = 0;
	give_up_rest(r, p->w, t);
	p->w->run(r, t, &product, p->w->ctx);
	if (product.error != 0) {
		message_say(r, NULL, "temporary file could not be written", strerror(product.error), "cannot-write");
		run_status(r, EXIT_OUTPUT);
		t->stop = true;
	}
	TAPE_PUT(r->tape, "result", digits(&status, (uint64_t)r->status), digits(&stop, t->stop));
	good = !ferror(r->tape);
	good = fclose(r->tape) == 0 && good;
	end_worker(good ? 0 : EXIT_OUTPUT);
}

/* Leaves the place to write at, which parent and worker share, at the end. */
static bool
begin_tape(struct slot *s)
{
	s->from = lseek(s->tape, 0, SEEK_END);
	if (s->from > TAPE_LONG)
		s->from = ftruncate(s->tape, 0) == 0 ? lseek(s->tape, 0, SEEK_SET) : -1;
	return s->from >= 0;
}

static bool
empty_product(const struct slot *s)
{
	off_t end = lseek(s->product, 0, SEEK_END);

	return end == 0 || (end > 0 && ftruncate(s->product, 0) == 0 && lseek(s->product, 0, SEEK_SET) == 0);
}

/* Of the tape, what this worker added. */
static struct span
tape_of(const struct slot *s)
{
	uint64_t end = file_length(s->tape), from = (uint64_t)s->from;

	return (struct span){ s->tape, s->from, end > from ? end - from : 0 };
}

static void
start(struct pool *p, struct slot *s, struct task *t)
{
	if (p->w->before != NULL)
		p->w->before(p->r, t, p->w->ctx);
	if (t->idle || t->stop) {
		p->progress.done += t->job->count;
		t->ended = true;
		return;
	}
	s->started = clock_now();
	fflush(stdout);
	fflush(stderr);
	signals_hold(true);
	s->pid = begin_tape(s) && empty_product(s) ? fork() : -1;
	if (s->pid == 0)
		be_worker(p, t, s);
	signals_hold(false);
	if (s->pid < 0) {
		t->broken = true;
		if (p->w->after != NULL)
			p->w->after(p->r, t, p->w->ctx);
		t->ended = true;
		return;
	}
	s->task = t;
}

static void
set_aside(struct pool *p, const struct slot *s, struct task *t)
{
	p->aside++;
	t->aside = true;
	if (t->broken)
		return;
	if ((t->tape.fd != s->tape || put_aside(p, &t->tape)) && put_aside(p, &t->product))
		return;
	t->broken = true;
	t->waiting = false;
	if (p->w->after != NULL)
		p->w->after(p->r, t, p->w->ctx);
}

/* The worker of a slot has ended. */
static void
finish(struct pool *p, struct slot *s, int how)
{
	struct task *t = s->task;
	struct replay look;

	s->task = NULL;
	t->how = how;
	t->seconds = clock_now() - s->started;
	t->tape = tape_of(s);
	t->product = (struct span){ s->product, 0, file_length(s->product) };
	replay_look(&t->tape, &look);
	t->broken = !WIFEXITED(how) || WEXITSTATUS(how) != 0 || !look.complete;
	t->stop = t->broken ? task_could_not_say(t) : look.stop;
	t->spent = !t->broken && look.spent;
	if (p->w->after != NULL)
		p->w->after(p->r, t, p->w->ctx);
	p->progress.done += t->job->count;
	if (t->waiting || t != &p->tasks[p->head])
		set_aside(p, s, t);
	t->ended = !t->waiting;
	if (!t->waiting)
		return;
	if (p->waiting_count == 0)
		p->waiting_since = clock_now();
	p->waiting[p->waiting_count++] = t;
}

/* When there are enough, or nothing else is under way. */
static void
settle(struct pool *p)
{
	bool busy = false;
	size_t i;

	for (i = 0; i < p->slot_count; i++)
		busy = busy || p->slots[i].task != NULL;
	busy = (busy || p->next < p->count) && !p->stop && signal_caught() == 0;
	if (p->waiting_count == 0 || (busy && p->waiting_count < TOGETHER && clock_now() - p->waiting_since < PATIENCE))
		return;
	p->w->settle(p->r, p->waiting, p->waiting_count, p->w->ctx);
	for (i = 0; i < p->waiting_count; i++)
		p->waiting[i]->ended = true;
	p->waiting_count = 0;
}

static bool
collect(struct pool *p)
{
	bool some = false;
	size_t i;
	int how;

	for (i = 0; i < p->slot_count; i++) {
		if (p->slots[i].task == NULL || waitpid(p->slots[i].pid, &how, WNOHANG) <= 0)
			continue;
		finish(p, &p->slots[i], how);
		some = true;
	}
	return some;
}

/* ---- in order -------------------------------------------------------------------------- */

static void
emit(struct pool *p)
{
	struct task *t = &p->tasks[p->head++];

	progress_hide(&p->progress);
	if (!t->broken && p->w->show != NULL && !p->w->show(p->r, t, p->w->ctx))
		p->stop = true;
	replay(p->r, t);
	p->stop = p->stop || t->stop;
	p->progress.findings = p->r->findings;
	p->aside -= t->aside;
	if (p->aside == 0 && p->spooled > 0 && ftruncate(p->spool, 0) == 0)
		p->spooled = 0;
	free(t->extra);
	t->extra = NULL;
}

/* As far as the next one that is not done. A job whose records lie in the
 * files of its slot is shown before the slot is used again. */
static void
emit_ended(struct pool *p)
{
	while (!p->stop && p->head < p->count && p->tasks[p->head].ended && signal_caught() == 0)
		emit(p);
}

static struct slot *
free_slot(struct pool *p)
{
	size_t i;

	for (i = 0; i < p->slot_count; i++)
		if (p->slots[i].task == NULL)
			return &p->slots[i];
	return NULL;
}

static void
start_some(struct pool *p)
{
	struct slot *s;

	while (!p->stop && p->next < p->count && signal_caught() == 0 && (s = free_slot(p)) != NULL) {
		start(p, s, &p->tasks[p->next++]);
		emit_ended(p);
	}
}

/* Those that still run are ended, and what they began is taken away. */
static void
end_workers(struct pool *p)
{
	struct task *t;
	size_t i;
	int how;

	for (i = 0; i < p->slot_count; i++)
		if (p->slots[i].task != NULL)
			kill(p->slots[i].pid, SIGKILL);
	for (i = 0; i < p->slot_count; i++) {
		t = p->slots[i].task;
		if (t == NULL)
			continue;
		while (waitpid(p->slots[i].pid, &how, 0) < 0 && errno == EINTR)
			;
		t->broken = true;
		if (p->w->after != NULL)
			p->w->after(p->r, t, p->w->ctx);
	}
	for (; p->head < p->count; p->head++)
		free(p->tasks[p->head].extra);
}

static void
loop(struct pool *p)
{
	while (!p->stop && p->head < p->count && signal_caught() == 0) {
		start_some(p);
		settle(p); /* now that the others are at work again */
		emit_ended(p);
		signals_hold(true);
		if (!collect(p) && signal_caught() == 0 && p->head < p->count && !p->stop) {
			progress_show(&p->progress, false);
			signals_wait(SHORT_WAIT);
			collect(p);
		}
		signals_hold(false);
		emit_ended(p);
	}
	settle(p);
	progress_hide(&p->progress);
}

static size_t
processors(void)
{
	cpu_set_t set;
	long n;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return (size_t)CPU_COUNT(&set);
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (size_t)n : 1;
}

static bool
pool_fill(struct pool *p, const struct job *jobs)
{
	const struct job *j;
	size_t files = 0, i;
	bool good = true;

	for (j = jobs; j != NULL; j = j->next) {
		p->count++;
		files += j->count;
	}
	p->slot_count = p->r->args.workers != 0 ? p->r->args.workers : processors();
	p->slot_count = p->slot_count < MOST_WORKERS ? p->slot_count : MOST_WORKERS;
	p->slot_count = p->slot_count < p->count ? p->slot_count : p->count;
	p->tasks = mem_array(&p->r->mem, p->count, sizeof(*p->tasks));
	p->slots = mem_array(&p->r->mem, p->slot_count, sizeof(*p->slots));
	if (p->tasks == NULL || p->slots == NULL || !summary_begin(p->r, jobs)) {
		out_of_memory(p->r);
		return false;
	}
	for (j = jobs, i = 0; j != NULL; j = j->next, i++) {
		p->tasks[i].job = j;
		p->tasks[i].number = i;
	}
	p->spool = nameless_file();
	for (i = 0; i < p->slot_count; i++) {
		p->slots[i].tape = nameless_file();
		p->slots[i].product = nameless_file();
		good = good && p->slots[i].tape >= 0 && p->slots[i].product >= 0;
	}
	p->files = files;
	if (good && p->spool >= 0)
		return true;
	message_say(p->r, NULL, "temporary file could not be made", strerror(errno), "cannot-write");
	run_status(p->r, EXIT_OUTPUT);
	return false;
}

static void
pool_close(struct pool *p)
{
	size_t i;

	for (i = 0; p->slots != NULL && i < p->slot_count; i++) {
		if (p->slots[i].tape > 0)
			close(p->slots[i].tape);
		if (p->slots[i].product > 0)
			close(p->slots[i].product);
	}
	if (p->spool > 0)
		close(p->spool);
}

struct pool *
work_open(struct run *r, const struct job *jobs)
{
	struct pool *p = mem_array(&r->mem, 1, sizeof(*p));

	if (p == NULL) {
		out_of_memory(r);
		return NULL;
	}
	p->r = r;
	p->spool = -1;
	p->good = pool_fill(p, jobs);
	return p;
}

bool
work_run(struct pool *p, const struct work *w)
{
	struct run *r = p->r;
	bool all = false;

	p->w = w;
	signals_catch();
	if (p->good) {
		progress_start(r, &p->progress, p->files);
		loop(p);
		all = !p->stop && p->head == p->count && signal_caught() == 0;
		end_workers(p);
		if (w->end != NULL && signal_caught() == 0)
			w->end(r, w->ctx);
		summary_write(r);
	}
	return all;
}

void
work_close(struct pool *p)
{
	if (p != NULL)
		pool_close(p);
}

bool
work_do(struct run *r, const struct work *w, const struct job *jobs)
{
	struct pool *p;
	bool all;

	if (r->args.verbose && !r->args.no_sandbox && !sandbox_available())
		fputs("tmgport: this system has no sandbox for workers; they run without\n", stderr);
	signals_catch();
	p = work_open(r, jobs);
	warm_up();
	all = p != NULL && work_run(p, w);
	work_close(p);
	return all;
}
