/*
 * From words of the command line to jobs: the files that were named form one
 * job, so that each can supply what the others refer to; every export found
 * in a directory is a job of its own. Does not look into files.
 */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "model/diag.h"

/* A growing list in the arena; what it outgrows stays there until the end. */
struct found {
	struct strings list;
	size_t cap;
};

static bool
add(struct arena *mem, struct found *f, const char *s)
{
	size_t cap = f->cap < 16 ? 16 : f->cap * 2;
	const char **bigger;

	if (s == NULL)
		return false;
	if (f->list.n == f->cap) {
		bigger = arena_array(mem, cap, sizeof(*bigger));
		if (bigger == NULL)
			return false;
		if (f->list.n > 0)
			memcpy(bigger, f->list.s, f->list.n * sizeof(*bigger));
		f->list.s = bigger;
		f->cap = cap;
	}
	f->list.s[f->list.n++] = s;
	return true;
}

static bool
is_export_name(const char *s)
{
	size_t n = strlen(s);

	return (n > 4 && ascii_casecmp(s + n - 4, ".xml") == 0) ||
	    (n > 7 && ascii_casecmp(s + n - 7, ".xml.gz") == 0);
}

/* Folders that are symbolic links are left alone: they may lead in a circle,
 * and to the same exports twice. Links to files are followed. */
static bool
visit(struct run *r, const char *path, const char *name, struct found *folders, struct found *files)
{
	struct arena *mem = &r->args.mem;
	size_t n = strlen(path);
	const char *full = arena_fmt(mem, "%s%s%s", path, n > 0 && path[n - 1] == '/' ? "" : "/", name);
	struct stat st;

	if (full == NULL)
		return false;
	if (lstat(full, &st) == 0 && S_ISDIR(st.st_mode))
		return add(mem, folders, full);
	if (!is_export_name(name))
		return true;
	/* A dangling link is reported when it is read. */
	if (stat(full, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	return add(mem, files, full);
}

static bool
list_folder(struct run *r, const char *path, struct found *folders, struct found *files)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool good = true;

	if (d == NULL) {
		message_say(r, D_CANNOT_READ, path, strerror(errno));
		run_status(r, EXIT_INPUT);
		return true;
	}
	while (good && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			good = visit(r, path, e->d_name, folders, files);
	closedir(d);
	return good;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All exports below a folder, in byte order of their paths. */
static bool
search(struct run *r, const char *path, struct found *files)
{
	struct found folders = { { NULL, 0 }, 0 };
	size_t next;

	if (!add(&r->args.mem, &folders, path))
		return false;
	for (next = 0; next < folders.list.n; next++)
		if (!list_folder(r, folders.list.s[next], &folders, files))
			return false;
	if (files->list.n > 0)
		qsort(files->list.s, files->list.n, sizeof(*files->list.s), compare);
	return true;
}

static struct job *
job_new(struct run *r, struct job ***last, bool found)
{
	struct job *j = arena_alloc(&r->args.mem, sizeof(*j));

	if (j != NULL) {
		j->found = found;
		**last = j;
		*last = &j->next;
	}
	return j;
}

static bool
add_folder(struct run *r, const char *path, struct job ***last)
{
	struct found files = { { NULL, 0 }, 0 };
	struct job *j;
	size_t i;

	if (!search(r, path, &files))
		return false;
	if (files.list.n == 0 && r->status < EXIT_INPUT) {
		message_say(r, D_NO_INPUTS, path, NULL);
		run_status(r, EXIT_INPUT);
	}
	for (i = 0; i < files.list.n; i++) {
		j = job_new(r, last, true);
		if (j == NULL)
			return false;
		j->files.s = &files.list.s[i];
		j->files.n = 1;
	}
	return true;
}

struct job *
jobs_make(struct run *r)
{
	struct job *first = NULL, **last = &first, *named;
	const struct strings *words = &r->args.files;
	struct found files = { { NULL, 0 }, 0 };
	struct stat st;
	bool good = true;
	size_t i;

	for (i = 0; good && i < words->n; i++)
		if (stat(words->s[i], &st) != 0 || !S_ISDIR(st.st_mode))
			good = add(&r->args.mem, &files, words->s[i]);
	if (good && files.list.n > 0) {
		named = job_new(r, &last, false);
		good = named != NULL;
		if (good)
			named->files = files.list;
	}
	for (i = 0; good && i < words->n; i++)
		if (stat(words->s[i], &st) == 0 && S_ISDIR(st.st_mode))
			good = add_folder(r, words->s[i], &last);
	if (!good)
		out_of_memory(r);
	return good ? first : NULL;
}
