/*
 * The difference of two short texts in the unified form: what is common in the
 * beginning and the end is set aside, the rest is matched by its longest common
 * subsequence, as long as that is affordable. Knows no file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compare.h"

#define CONTEXT 3
#define MOST_SHOWN 400                        /* lines of one file */
#define MOST_CELLS ((size_t)16 * 1024 * 1024) /* of the table that finds the longest */
#define MOST_WIDE 300                         /* bytes of a line */

struct line {
	const char *s;
	size_t n;
};

struct lines {
	struct line *l;
	size_t n;
};

/* One line of the answer: ' ', '-' or '+'. */
struct edit {
	char sign;
	size_t a, b; /* lines before it on either side */
};

struct diff {
	struct lines a, b;
	size_t head, tail; /* common */
	struct edit *edit;
	size_t n, put;
	struct product *p;
};

static bool
split(struct mem *mem, struct lines *to, const char *s, size_t len)
{
	const char *end = s + len, *next;
	size_t n = 1, i;

	for (i = 0; i < len; i++)
		n += s[i] == '\n';
	to->n = 0;
	to->l = mem_array(mem, n, sizeof(*to->l));
	if (to->l == NULL)
		return false;
	for (; s < end; s = next) {
		next = memchr(s, '\n', (size_t)(end - s));
		next = next != NULL ? next + 1 : end;
		to->l[to->n++] = (struct line){ s, (size_t)(next - s) };
	}
	return true;
}

static bool
same(const struct diff *d, size_t a, size_t b)
{
	return d->a.l[a].n == d->b.l[b].n && memcmp(d->a.l[a].s, d->b.l[b].s, d->a.l[a].n) == 0;
}

static void
add(struct diff *d, char sign, size_t a, size_t b)
{
	d->edit[d->n++] = (struct edit){ sign, a, b };
}

/* Lengths of the longest common ends, from behind, then one walk forward. */
static bool
match(struct diff *d)
{
	size_t n = d->a.n - d->head - d->tail, m = d->b.n - d->head - d->tail, wide = m + 1, i, k;
	uint32_t *best, down, right;

	if (n >= MOST_CELLS || m >= MOST_CELLS || (n + 1) * wide > MOST_CELLS)
		return false;
	best = calloc((n + 1) * wide, sizeof(*best));
	if (best == NULL)
		return false;
	for (i = n; i-- > 0;) {
		for (k = m; k-- > 0;) {
			down = best[(i + 1) * wide + k];
			right = best[i * wide + k + 1];
			best[i * wide + k] = same(d, d->head + i, d->head + k) ? best[(i + 1) * wide + k + 1] + 1
			    : down >= right                                    ? down
									       : right;
		}
	}
	for (i = k = 0; i < n || k < m;) {
		if (i < n && k < m && same(d, d->head + i, d->head + k)) {
			add(d, ' ', d->head + i++, d->head + k++);
		} else if (k == m || (i < n && best[(i + 1) * wide + k] >= best[i * wide + k + 1])) {
			add(d, '-', d->head + i, d->head + k);
			i++;
		} else {
			add(d, '+', d->head + i, d->head + k);
			k++;
		}
	}
	free(best);
	return true;
}

static void
put(struct diff *d, const char *s)
{
	product_write(d->p, s, strlen(s));
}

/* TABs are one blank; in a line that is not fit for a terminal all that is
 * not ASCII goes. */
static void
put_line(struct diff *d, const struct edit *e)
{
	const struct line *l = e->sign == '+' ? &d->b.l[e->b] : &d->a.l[e->a];
	size_t n = l->n > 0 && l->s[l->n - 1] == '\n' ? l->n - 1 : l->n, i;
	bool ends = n<l->n, cut = n> MOST_WIDE;
	char sign[2] = { e->sign, '\0' }, text[MOST_WIDE + 1];

	n = cut ? MOST_WIDE : n;
	for (i = 0; i < n; i++)
		text[i] = l->s[i] == '\t' ? ' ' : l->s[i] == '\0' ? '?' : l->s[i];
	text[n] = '\0';
	for (i = is_plain(text) ? n : 0; i < n; i++)
		if (text[i] < ' ' || text[i] == 0x7f || (text[i] & 0x80) != 0)
			text[i] = '?';
	put(d, sign);
	put(d, text);
	put(d, cut ? " [...]\n" : "\n");
	if (!ends)
		put(d, "\\ No newline at end of file\n");
	d->put++;
}

/* From `from`, the first edit of a hunk with its context, to behind its last. */
static void
put_hunk(struct diff *d, size_t from, size_t to)
{
	size_t lines_a = 0, lines_b = 0, i;
	char head[120];

	for (i = from; i < to; i++) {
		lines_a += d->edit[i].sign != '+';
		lines_b += d->edit[i].sign != '-';
	}
	snprintf(head, sizeof(head), "@@ -%zu,%zu +%zu,%zu @@\n", d->edit[from].a + (lines_a > 0), lines_a,
	    d->edit[from].b + (lines_b > 0), lines_b);
	put(d, head);
	for (i = from; i < to && d->put < MOST_SHOWN; i++)
		put_line(d, &d->edit[i]);
}

static void
put_hunks(struct diff *d)
{
	size_t i = 0, from, to, quiet;

	while (i < d->n && d->put < MOST_SHOWN) {
		if (d->edit[i].sign == ' ') {
			i++;
			continue;
		}
		from = i > CONTEXT ? i - CONTEXT : 0;
		for (to = i, quiet = 0; to < d->n && quiet <= 2 * CONTEXT; to++)
			quiet = d->edit[to].sign == ' ' ? quiet + 1 : 0;
		if (quiet > CONTEXT)
			to -= quiet - CONTEXT;
		put_hunk(d, from, to);
		i = to;
	}
	if (d->put >= MOST_SHOWN)
		put(d, "[more differences are not shown]\n");
}

static void
find(struct diff *d)
{
	size_t least = d->a.n < d->b.n ? d->a.n : d->b.n, i;

	while (d->head < least && same(d, d->head, d->head))
		d->head++;
	while (d->tail < least - d->head && same(d, d->a.n - 1 - d->tail, d->b.n - 1 - d->tail))
		d->tail++;
	for (i = d->head > CONTEXT ? d->head - CONTEXT : 0; i < d->head; i++)
		add(d, ' ', i, i);
	if (!match(d)) {
		for (i = d->head; i < d->a.n - d->tail; i++)
			add(d, '-', i, d->head);
		for (i = d->head; i < d->b.n - d->tail; i++)
			add(d, '+', d->a.n - d->tail, i);
	}
	for (i = 0; i < CONTEXT && i < d->tail; i++)
		add(d, ' ', d->a.n - d->tail + i, d->b.n - d->tail + i);
}

void
diff_put(const char *name, const char *made, size_t made_len, const char *disk, size_t disk_len, struct product *p)
{
	struct mem mem = { NULL, false };
	struct diff d = { .p = p };

	if (split(&mem, &d.a, made, made_len) && split(&mem, &d.b, disk, disk_len) &&
	    (d.edit = mem_array(&mem, d.a.n + d.b.n + 2 * CONTEXT + 1, sizeof(*d.edit))) != NULL) {
		put(&d, "--- ");
		put(&d, name);
		put(&d, " as the export gives it\n+++ ");
		put(&d, name);
		put(&d, " on the disk\n");
		find(&d);
		put_hunks(&d);
	}
	mem_free(&mem);
}
