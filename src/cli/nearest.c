/*
 * The word that somebody meant who mistyped one.
 */
#include <stdint.h>
#include <string.h>

#include "cli/cli.h"

#define WORD_MAX 40

/* How many letters must change to make b of a. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], na = strlen(a), nb = strlen(b), i, k;

	if (na > WORD_MAX || nb > WORD_MAX)
		return WORD_MAX;
	for (k = 0; k <= nb; k++)
		row[k] = k;
	for (i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (k = 1; k <= nb; k++) {
			size_t above = row[k], best = diagonal + !same_letters(&a[i - 1], &b[k - 1], 1);

			if (above + 1 < best)
				best = above + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			diagonal = above;
			row[k] = best;
		}
	}
	return row[nb];
}

const char *
nearest(struct mem *mem, const char *word, const char *const *names, size_t n, const char *dashes)
{
	size_t i, best = SIZE_MAX, d;
	const char *name = NULL, *s;

	for (i = 0; i < n; i++) {
		d = distance(word, names[i]);
		if (strlen(word) >= 3 && strncmp(word, names[i], strlen(word)) == 0)
			d = 1; /* abbreviated */
		if (d < best) {
			best = d;
			name = names[i];
		}
	}
	/* Half of the letters wrong is another word, not a mistake in typing. */
	if (name == NULL || best * 2 > strlen(name))
		return "";
	s = mem_fmt(mem, " (did you mean `%s%s`?)", dashes, name);
	return s != NULL ? s : "";
}
