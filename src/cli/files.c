/*
 * From words of the command line to jobs: the files that were named form one
 * job, so that each can supply what the others refer to; every export found
 * in a directory is a job of its own. Does not look into files.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), e = strlen(end);

	return n > e && same_letters(s + n - e, end, e);
}

/* Folders that are symbolic links are left alone: they may lead in a circle,
 * and to the same exports twice. Links to files are followed. */
static bool
visit(struct run *r, const char *path, const char *name, struct strings *folders, struct strings *files)
{
	size_t n = strlen(path);
	const char *full = mem_fmt(&r->mem, "%s%s%s", path, n > 0 && path[n - 1] == '/' ? "" : "/", name);
	struct stat st;

	if (full == NULL)
		return false;
	if (lstat(full, &st) == 0 && S_ISDIR(st.st_mode))
		return strings_add(&r->mem, folders, full);
	if (!ends_in(name, ".xml") && !ends_in(name, ".xml.gz"))
		return true;
	/* A dangling link is reported when it is read. */
	if (stat(full, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	return strings_add(&r->mem, files, full);
}

static bool
list_folder(struct run *r, const char *path, struct strings *folders, struct strings *files)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool good = true;

	if (d == NULL) {
		message_say(r, path, "directory could not be read", strerror(errno), "cannot-read");
		run_status(r, EXIT_INPUT);
		return true;
	}
	while (good && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			good = visit(r, path, e->d_name, folders, files);
	closedir(d);
	return good;
}

/* All exports below a folder, in byte order of their paths. */
static bool
search(struct run *r, const char *path, struct strings *files)
{
	struct strings folders = { NULL, 0, 0 };
	size_t next;

	if (!strings_add(&r->mem, &folders, path))
		return false;
	for (next = 0; next < folders.n; next++)
		if (!list_folder(r, folders.s[next], &folders, files))
			return false;
	strings_sort(files);
	return true;
}

static struct job *
job_new(struct run *r, struct job ***last, const char **files, size_t count, bool found)
{
	struct job *j = mem_array(&r->mem, 1, sizeof(*j));

	if (j != NULL) {
		j->files = files;
		j->count = count;
		j->found = found;
		**last = j;
		*last = &j->next;
	}
	return j;
}

static bool
add_folder(struct run *r, const char *path, struct job ***last)
{
	struct strings files = { NULL, 0, 0 };
	size_t i;

	if (!search(r, path, &files))
		return false;
	if (files.n == 0) {
		message_say(r, path, "directory holds no *.xml or *.xml.gz", NULL, "no-inputs");
		run_status(r, EXIT_INPUT);
	}
	for (i = 0; i < files.n; i++)
		if (job_new(r, last, &files.s[i], 1, true) == NULL)
			return false;
	return true;
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

struct job *
jobs_make(struct run *r)
{
	struct job *first = NULL, **last = &first;
	const struct strings *words = &r->args.files;
	struct strings files = { NULL, 0, 0 };
	bool good = true;
	size_t i;

	for (i = 0; good && i < words->n; i++)
		if (!is_folder(words->s[i]))
			good = strings_add(&r->mem, &files, words->s[i]);
	if (good && files.n > 0)
		good = job_new(r, &last, files.s, files.n, false) != NULL;
	for (i = 0; good && i < words->n; i++)
		if (is_folder(words->s[i]))
			good = add_folder(r, words->s[i], &last);
	if (!good)
		out_of_memory(r);
	return good ? first : NULL;
}

struct job *
jobs_part(struct run *r, struct job *jobs)
{
	struct job *first = NULL, **last = &first, *j;
	size_t i = 0;

	if (r->args.parts == 0)
		return jobs;
	for (j = jobs; j != NULL; j = j->next) {
		if (i++ % r->args.parts != r->args.part - 1)
			continue;
		*last = j;
		last = &j->next;
	}
	*last = NULL;
	if (first == NULL && jobs != NULL)
		message_say(r, NULL, "this shard holds no inputs",
		    mem_fmt(&r->mem, "%zu/%zu", r->args.part, r->args.parts), "no-inputs");
	return first;
}

/* ---- names of folders --------------------------------------------------------- */

/* A name that was given, and the number that the next of its kind begins at. */
struct name_slot {
	const char *name;
	unsigned long next;
};

static bool
harmless(const char *s, size_t n)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

	return n > 0 && n <= 200 && s[0] != '.' && strspn(s, good) >= n;
}

/* Where the name is, or would be. There is always an empty slot. */
static struct name_slot *
find_name(const struct names *names, const char *name)
{
	uint64_t h = 14695981039346656037u;
	const char *s;
	size_t i;

	for (s = name; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	for (i = (size_t)(h ^ h >> 32) & (names->cap - 1); names->slot[i].name != NULL; i = (i + 1) & (names->cap - 1))
		if (strcmp(names->slot[i].name, name) == 0)
			break;
	return &names->slot[i];
}

static bool
make_room(struct mem *mem, struct names *names)
{
	struct names bigger = { NULL, names->n, names->cap < 64 ? 64 : 2 * names->cap };
	size_t i;

	if (2 * names->n < names->cap)
		return true;
	bigger.slot = mem_array(mem, bigger.cap, sizeof(*bigger.slot));
	if (bigger.slot == NULL)
		return false;
	for (i = 0; i < names->cap; i++)
		if (names->slot[i].name != NULL)
			*find_name(&bigger, names->slot[i].name) = names->slot[i];
	*names = bigger;
	return true;
}

/* The library names the inputs of one job (export/names.c); over several jobs
 * the command has to, and does it in the same way. */
const char *
folder_name(struct mem *mem, struct names *names, const char *file)
{
	const char *slash = strrchr(file, '/'), *base = slash != NULL ? slash + 1 : file, *name, *stem;
	size_t n = strlen(base), i;
	struct name_slot *first, *slot;

	if (ends_in(base, ".gz"))
		n -= 3;
	for (i = n; i > 0; i--) {
		if (base[i - 1] == '.') {
			n = i - 1;
			break;
		}
	}
	stem = strcmp(file, "-") == 0 || !harmless(base, n) ? "input" : mem_strn(mem, base, n);
	if (stem == NULL || !make_room(mem, names))
		return NULL;
	first = slot = find_name(names, stem);
	if (first->name != NULL && first->next == 0)
		first->next = 2;
	for (name = stem; name != NULL && slot->name != NULL;) {
		name = mem_fmt(mem, "%s-%lu", stem, first->next++);
		slot = name != NULL ? find_name(names, name) : slot;
	}
	if (name == NULL)
		return NULL;
	slot->name = name;
	names->n++;
	return name;
}
