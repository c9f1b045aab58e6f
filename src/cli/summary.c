/*
 * What the summary says of each input, filled from the records of its job.
 * Knows the records, not how the summary is spelled.
 */
#include "cli/summary.h"

#include <string.h>

#include "cli/work.h"

bool
summary_begin(struct run *r, const struct job *jobs)
{
	const struct job *j;
	size_t n = 0, i;

	if (r->args.summary == NULL)
		return true;
	for (j = jobs; j != NULL; j = j->next)
		n += j->count;
	r->rows = mem_array(&r->mem, n, sizeof(*r->rows));
	if (r->rows == NULL)
		return false;
	for (j = jobs; j != NULL; j = j->next)
		for (i = 0; i < j->count; i++)
			r->rows[r->row_count++].file = j->files[i];
	return true;
}

/* Jobs come in order, and each once. */
struct rows
rows_begin(struct run *r, const struct job *j)
{
	struct rows rows = { NULL, 0, false, false };

	if (r->rows != NULL) {
		rows.row = r->rows + r->row_next;
		rows.n = j->count;
		r->row_next += j->count;
	}
	return rows;
}

/* A file that is named twice has two rows, and two of each record in order. */
static struct row *
row_of(const struct rows *rows, const char *file, enum row_state state)
{
	size_t i;

	for (i = 0; file != NULL && i < rows->n; i++)
		if (rows->row[i].state == state && strcmp(rows->row[i].file, file) == 0)
			return &rows->row[i];
	return NULL;
}

void
rows_input(struct rows *rows, const struct reader *in)
{
	struct row *row = row_of(rows, in->field[1], ROW_UNDONE);

	if (row == NULL)
		return;
	row->state = ROW_READ;
	row->elements = digits_read(in->field[4]);
	row->rules = digits_read(in->field[5]);
}

static size_t
target_index(const char *name)
{
	const char *const *known = tmg_targets();
	size_t i;

	for (i = 0; known[i] != NULL; i++)
		if (name != NULL && strcmp(known[i], name) == 0)
			return i;
	return SUMMARY_TARGETS;
}

void
rows_outcome(struct rows *rows, const struct reader *in)
{
	size_t target = target_index(in->field[2]), i;
	struct row_target o = { true, digits_read(in->field[3]), digits_read(in->field[4]), digits_read(in->field[5]),
		digits_read(in->field[6]), digits_read(in->field[7]) };

	if (target >= SUMMARY_TARGETS || in->field[1] == NULL)
		return;
	for (i = 0; i < rows->n; i++) {
		if (rows->row[i].state != ROW_READ || rows->row[i].target[target].some ||
		    strcmp(rows->row[i].file, in->field[1]) != 0)
			continue;
		rows->row[i].target[target] = o;
		return;
	}
}

/* What is about none of the files, the output, counts with the first. */
void
rows_message(struct run *r, struct rows *rows, const struct tmg_message *m)
{
	struct row *row = NULL;
	size_t i;

	for (i = 0; m->file != NULL && row == NULL && i < rows->n; i++)
		if (strcmp(rows->row[i].file, m->file) == 0)
			row = &rows->row[i];
	if (row == NULL && rows->n > 0)
		row = &rows->row[0];
	if (row == NULL)
		return;
	row->messages[m->severity]++;
	if (m->severity == TMG_ERROR && row->reason == NULL)
		row->reason = mem_fmt(&r->mem, "%s%s%s [%s]", m->sentence, m->detail != NULL ? ": " : "",
		    m->detail != NULL ? m->detail : "", m->id);
}

/* Findings come by file, so that the row is mostly that of the one before. */
static struct row *
row_from(struct run *r, const char *file)
{
	size_t i, at;

	for (i = 0; file != NULL && i < r->row_count; i++) {
		at = (r->row_next + i) % r->row_count;
		if (strcmp(r->rows[at].file, file) == 0) {
			r->row_next = at;
			return &r->rows[at];
		}
	}
	return NULL;
}

void
rows_finding(struct run *r, const char *file, const char *input, enum tmg_severity severity)
{
	struct row *row = row_from(r, file);

	if (row == NULL)
		row = row_from(r, input);
	if (row == NULL && r->row_count > 0)
		row = &r->rows[0];
	if (row != NULL)
		row->messages[severity]++;
}

void
rows_failed(struct rows *rows, const char *reason)
{
	size_t i;

	for (i = 0; i < rows->n; i++) {
		rows->row[i].state = ROW_FAILED;
		rows->row[i].reason = reason;
		rows->row[i].messages[TMG_ERROR] += i == 0;
	}
}

void
rows_broken(struct run *r, struct rows *rows, const char *why)
{
	size_t i;

	for (i = 0; i < rows->n; i++) {
		rows->row[i].state = ROW_CRASHED;
		rows->row[i].messages[TMG_ERROR]++;
		rows->row[i].reason = mem_fmt(&r->mem, "%s [input-crashed]", why);
	}
}

void
rows_end(struct run *r, struct rows *rows, double seconds)
{
	bool writes = r->args.command == CMD_CONVERT && r->args.compare == NULL;
	struct row *row;
	size_t i;

	for (i = 0; i < rows->n; i++) {
		row = &rows->row[i];
		row->seconds = seconds;
		if (row->state == ROW_UNDONE)
			row->state = ROW_UNREADABLE;
		else if (row->state == ROW_READ && writes)
			row->state = rows->wrote ? ROW_CONVERTED : ROW_FAILED;
		/* What was lost is in the counts; a reason is for what there is not. */
		if (row->state == ROW_READ || row->state == ROW_CONVERTED)
			row->reason = NULL;
	}
}

void
summary_write(struct run *r)
{
	struct product own, *p = r->summary;

	if (r->args.summary == NULL || signal_caught() != 0 || (p == NULL && !product_open(r, &own, r->args.summary)))
		return;
	if (p == NULL)
		p = &own;
	p->complete = summary_put(r, r->args.summary, product_write, p);
	if (!p->complete)
		out_of_memory(r);
	if (p == &own)
		product_close(r, p);
}
