/*
 * A part of a command that looks at strangers' files outside the workers: it runs in a
 * process of its own that gives up its rights first. What it needs is opened before.
 */
#ifndef CLI_BOX_H
#define CLI_BOX_H

#include "cli/cli.h"

#define BOX_PRODUCTS 3

struct box {
	/* In the box. Of the products that shall come into place it sets `complete`. */
	void (*run)(struct run *r, struct box *b);
	void *ctx;
	struct strings files; /* may be read; of directories all below */
	struct product *products[BOX_PRODUCTS];
	size_t product_count;
	struct box_shared *shared;
	int answer; /* set in the box, for outside: 0 unless it came to its end */
};

/* What libraries do when they are used for the first time, and read for it, is done once, before
 * rights are given up. */
void warm_up(void);
/* In the box: it now reads this one of `files` (NULL: none of them alone), should it break down. */
void box_reads(struct box *b, const char *file);
/* Runs it to its end, and says so when it broke down. Then the products come into place, or go. */
void box_run(struct run *r, struct box *b);
/* Instead: the products go. */
void box_drop(struct box *b);

#endif
