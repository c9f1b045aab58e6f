/*
 * convert --compare: is what lies on the disk what the export gives?
 */
#ifndef CLI_COMPARE_H
#define CLI_COMPARE_H

#include "cli/cli.h"

/* In a worker: says which files below `dir` are changed, missing or added, by
 * what lies in the folder `made`; the changes go to the product. */
void compare_folders(struct run *r, int made, const char *dir, struct product *p);

/* diff.c: the lines that differ, in the unified form, not more than fit a
 * screen or ten of them. `name` is fit for a terminal. */
void diff_put(
    const char *name, const char *made, size_t made_len, const char *disk, size_t disk_len, struct product *p);

#endif
