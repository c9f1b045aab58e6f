/*
 * tmgport inspect: one document of all that the jobs hold, a job at a time,
 * so that a directory of exports needs no more memory than its largest.
 */
#include <errno.h>
#include <string.h>

#include "cli/work.h"

/* The library writes a whole document for each job:
 *	{"schema": ..., "inputs": [ NEWLINE inputs NEWLINE ]} NEWLINE
 * Joining them means to keep the first line of the first, the last line of
 * the last, and to put commas between what stands between. */
#define LAST_LINE "\n]}\n"
#define LAST_LEN (sizeof(LAST_LINE) - 1)

struct join {
	struct product *product;
	bool json, some;      /* something stands in the document */
	bool head, head_done; /* within the first line; it has been written */
	char held[LAST_LEN];  /* the end of what came, which may be the last line */
	size_t held_len;
	bool began; /* of this job something has been written */
};

static bool
put(struct join *j, const char *s, size_t n)
{
	if (n == 0)
		return true;
	if (!j->began && j->some && !product_write(j->product, j->json ? ",\n" : "\n", j->json ? 2 : 1))
		return false;
	j->began = j->some = true;
	return product_write(j->product, s, n);
}

/* All but the last bytes, which are held back. */
static bool
put_held(struct join *j, const char *s, size_t n)
{
	char both[2 * LAST_LEN];
	size_t all, out;

	if (n >= LAST_LEN) {
		if (!put(j, j->held, j->held_len) || !put(j, s, n - LAST_LEN))
			return false;
		memcpy(j->held, s + n - LAST_LEN, LAST_LEN);
		j->held_len = LAST_LEN;
		return true;
	}
	memcpy(both, j->held, j->held_len);
	memcpy(both + j->held_len, s, n);
	all = j->held_len + n;
	out = all > LAST_LEN ? all - LAST_LEN : 0;
	memcpy(j->held, both + out, all - out);
	j->held_len = all - out;
	return put(j, both, out);
}

static bool
join_write(void *ctx, const char *data, size_t len)
{
	struct join *j = ctx;
	const char *end;
	size_t n;

	if (!j->json)
		return put(j, data, len);
	if (j->head) {
		end = memchr(data, '\n', len);
		n = end != NULL ? (size_t)(end - data) + 1 : len;
		if (!j->head_done && !product_write(j->product, data, n))
			return false;
		j->head = end == NULL;
		j->head_done = j->head_done || end != NULL;
		data += n;
		len -= n;
	}
	return put_held(j, data, len);
}

static void
inspect(struct run *r, struct task *t, struct product *p, void *ctx)
{
	const struct join *join = ctx;
	struct tmg *job = job_read(r, t->job);

	if (job == NULL)
		return;
	if (tmg_inspect(job, join->json ? TMG_JSON : TMG_TEXT, product_write, p) == TMG_ENOMEM)
		memory_ran_out(r, NULL);
	messages_job(r, job);
	tmg_free(job);
}

static void
begin_job(struct join *j)
{
	j->head = true;
	j->began = false;
	j->held_len = 0;
}

static bool
show(struct run *r, struct task *t, void *ctx)
{
	struct join *j = ctx;

	(void)r;
	begin_job(j);
	if (t->spent)
		return true;
	if (!work_product(t, join_write, j) && j->product->error == 0)
		j->product->error = EIO;
	return j->product->error == 0;
}

/* Without any job the document is that of a job without inputs. */
static void
show_nothing(struct run *r, struct join *j)
{
	struct tmg *t = tmg_new(NULL);

	begin_job(j);
	if (t == NULL || tmg_inspect(t, TMG_JSON, join_write, j) == TMG_ENOMEM)
		out_of_memory(r);
	tmg_free(t);
}

void
cmd_inspect(struct run *r)
{
	const struct job *jobs = jobs_part(r, jobs_make(r));
	struct product product;
	struct join join;
	struct work w = { .run = inspect, .show = show, .ctx = &join };

	if (!product_open(r, &product, r->args.output))
		return;
	r->held[0] = product.fd;
	memset(&join, 0, sizeof(join));
	join.product = &product;
	join.json = strcmp(r->args.format, "json") == 0;
	work_do(r, &w, jobs);
	if (join.json && !join.head_done)
		show_nothing(r, &join);
	if (join.json)
		product_write(&product, LAST_LINE, LAST_LEN);
	product_close(r, &product);
	if (r->inputs_read == 0)
		run_status(r, EXIT_INPUT);
}
