/*
 * What out.c and out_file.c share: the folder in which the output is made.
 */
#ifndef EXPORT_OUT_SET_H
#define EXPORT_OUT_SET_H

#include "export/out.h"

#define WHY_LEN 160

#define OPEN_FOLDERS 4

struct move;

/* A folder below the root that is open already: many files lie beside each other. */
struct out_folder {
	char *rel; /* ends in a slash; NULL: none */
	int fd;
};

struct out_set {
	struct budget *budget;
	int home; /* directory in which `stage` lies: DIR itself, or its parent */
	int root; /* stage/INNER */
	struct out_folder folder[OPEN_FOLDERS];
	size_t next_folder; /* the one that gives way */
	bool inside;        /* DIR existed */
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
/* The folder of `rel`, made if it is not there; *name is the last part of `rel`. It stays the set's. */
int set_folder(struct out_set *s, const char *rel, const char **name);
void set_close_folders(struct out_set *s);
/* Never through a symbolic link. */
int open_dir(int at, const char *name);

#endif
