/*
 * What out.c and out_file.c share: the folder in which the output is made.
 */
#ifndef EXPORT_OUT_SET_H
#define EXPORT_OUT_SET_H

#include "export/out.h"

#define WHY_LEN 160

struct move;

struct out_set {
	struct budget *budget;
	int home;    /* directory in which `stage` lies: DIR itself, or its parent */
	int root;    /* stage/INNER */
	bool inside; /* DIR existed */
	bool no_memory;
	bool by_others; /* somebody else sees to it that it reaches the disk */
	bool failed;    /* sticks */
	char why[WHY_LEN];
	char stage[32];
	char *base;         /* last component of DIR, when it did not exist */
	struct strbuf made; /* parents that were made here: paths, each ending in NUL */
	struct move *moves;
};

/* Notes the first failure; `name` may be NULL. */
void set_fail(struct out_set *s, const char *name, int err);
/* Never through a symbolic link. */
int open_dir(int at, const char *name);

#endif
