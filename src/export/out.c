/*
 * Output files. Everything of a run is written to a staging directory on the
 * same file system and comes into place in the end, or not at all:
 *
 *	DIR does not exist	staging lies beside it, one rename makes it DIR;
 *				missing parents are made and taken away again
 *	DIR exists		staging lies inside it, so that its owner, its mode
 *				and a mount point stay as they are; what is in it is
 *				moved up name by name, and back if one move fails
 *
 * All steps go through descriptors of directories and never follow a symbolic
 * link below DIR. Files reach the disk before their names do, so that a crash
 * of the machine leaves the old state or the new one. Knows nothing of targets
 * or of what the files say.
 */
#include "export/out_set.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define STAGE_PREFIX ".tmgport-"
#define INNER "out" /* the part of the staging directory that becomes DIR: made with the user's umask */

/* One step of a commit, so that it can be taken back. */
struct move {
	struct move *next;
	bool swapped; /* the old file lies in staging now */
	char rel[];
};

/* ---- reasons ------------------------------------------------------------ */

static void PRINTF_LIKE(3, 4) say(char why[WHY_LEN], const char *name, const char *fmt, ...)
{
	struct strbuf b;
	char reason[WHY_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	sb_init(&b, NULL);
	if (name != NULL) {
		text_safe(&b, name, 60);
		sb_puts(&b, ": ");
	}
	sb_puts(&b, reason);
	snprintf(why, WHY_LEN, "%s", b.failed ? "out of memory" : b.s);
	sb_free(&b);
}

void
set_fail(struct out_set *s, const char *name, int err)
{
	if (s->failed)
		return;
	s->failed = true;
	s->no_memory = err == ENOMEM;
	say(s->why, name, "%s", strerror(err));
}

/* ---- making the place ---------------------------------------------------- */

/* Splits a path that may end in slashes; `base` is "" for "/" and "". */
static bool
split_path(const char *dir, struct strbuf *parent, struct strbuf *base)
{
	size_t n = strlen(dir), b;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	for (b = n; b > 0 && dir[b - 1] != '/'; b--)
		;
	sb_putn(base, dir + b, n - b);
	while (b > 1 && dir[b - 1] == '/')
		b--;
	if (b == 0)
		sb_puts(parent, ".");
	else
		sb_putn(parent, dir, b);
	return !parent->failed && !base->failed;
}

/* mkdir -p, remembering what was made. */
static int
make_parents(struct out_set *s, const char *path)
{
	char *copy = budget_realloc(s->budget, NULL, 0, strlen(path) + 1);
	size_t size = strlen(path) + 1, i;
	int err = 0;

	if (copy == NULL)
		return ENOMEM;
	memcpy(copy, path, size);
	for (i = 1; i < size && err == 0; i++) {
		if (copy[i] != '/' && copy[i] != '\0')
			continue;
		copy[i] = '\0';
		if (mkdir(copy, 0777) == 0)
			sb_putn(&s->made, copy, i + 1);
		else if (errno != EEXIST)
			err = errno;
		if (i + 1 < size)
			copy[i] = '/';
	}
	if (s->made.failed)
		err = ENOMEM;
	budget_free(s->budget, copy, size);
	return err;
}

/* The directory in which DIR is to be, which is mostly there. */
static int
open_parent(struct out_set *s, const char *path)
{
	int err;

	s->home = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->home >= 0)
		return 0;
	if (errno != ENOENT)
		return errno;
	err = make_parents(s, path);
	if (err != 0)
		return err;
	s->home = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->home >= 0 ? 0 : errno;
}

static void
remove_parents(struct out_set *s)
{
	size_t end = s->made.len, i;

	while (end > 0) {
		for (i = end - 1; i > 0 && s->made.s[i - 1] != '\0'; i--)
			;
		rmdir(s->made.s + i); /* one that is in use by now stays */
		end = i;
	}
}

int
open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The names in a directory, one behind the other, each ending in NUL. */
static bool
list_names(int fd, struct strbuf *names)
{
	int copy = open_dir(fd, ".");
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *e;

	if (d == NULL) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	while ((e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			sb_putn(names, e->d_name, strlen(e->d_name) + 1);
	closedir(d);
	return !names->failed;
}

static bool
dir_is_empty(struct out_set *s)
{
	struct strbuf names;
	bool empty;

	sb_init(&names, s->budget);
	empty = list_names(s->home, &names) && names.len == 0;
	sb_free(&names);
	return empty;
}

static bool
make_stage(struct out_set *s)
{
	unsigned char r[8];
	int tries, top, err;

	for (tries = 0; tries < 100; tries++) {
		if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
			return false;
		snprintf(s->stage, sizeof(s->stage), STAGE_PREFIX "%02x%02x%02x%02x%02x%02x%02x%02x", r[0], r[1], r[2],
		    r[3], r[4], r[5], r[6], r[7]);
		if (mkdirat(s->home, s->stage, 0700) == 0)
			break;
		s->stage[0] = '\0';
		if (errno != EEXIST)
			return false;
	}
	top = open_dir(s->home, s->stage);
	if (top < 0)
		return false;
	if (mkdirat(top, INNER, 0777) == 0)
		s->root = open_dir(top, INNER);
	err = errno;
	close(top);
	errno = err;
	return s->root >= 0;
}

/* Opens the directory in which staging is made. */
static enum tmg_status
find_home(struct out_set *s, const char *dir, bool force, bool no_link, char why[WHY_LEN])
{
	struct strbuf parent, base;
	struct stat st;
	int err = 0;
	enum tmg_status rc = TMG_EOUTPUT;

	sb_init(&parent, s->budget);
	sb_init(&base, s->budget);
	if (stat(dir, &st) == 0) {
		s->inside = true;
		s->home = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (no_link ? O_NOFOLLOW : 0));
		if (s->home < 0 && no_link && (errno == ELOOP || errno == ENOTDIR) && lstat(dir, &st) == 0 &&
		    S_ISLNK(st.st_mode)) {
			say(why, NULL, "a symbolic link is in the way");
			goto out;
		} else if (s->home < 0)
			err = errno;
		else if (!force && !dir_is_empty(s)) {
			say(why, NULL, "holds files already");
			rc = TMG_EUSAGE;
			goto out;
		}
	} else if (errno != ENOENT) {
		err = errno;
	} else if (lstat(dir, &st) == 0) {
		say(why, NULL, "is a symbolic link to nothing");
		goto out;
	} else if (!split_path(dir, &parent, &base)) {
		err = ENOMEM;
	} else if (base.len == 0 || strcmp(base.s, ".") == 0 || strcmp(base.s, "..") == 0) {
		err = ENOENT;
	} else if ((s->base = budget_realloc(s->budget, NULL, 0, base.len + 1)) == NULL) {
		err = ENOMEM;
	} else {
		memcpy(s->base, base.s, base.len + 1);
		err = open_parent(s, parent.s);
	}
	if (err != 0) {
		say(why, NULL, "%s", strerror(err));
		rc = err == ENOMEM ? TMG_ENOMEM : TMG_EOUTPUT;
	} else {
		rc = TMG_OK;
	}
out:
	sb_free(&parent);
	sb_free(&base);
	return rc;
}

/* TMG_EUSAGE says that DIR is not empty; callers turn it into its own message. */
static struct out_set *
begin(const char *dir, bool force, bool no_link, struct budget *b, enum tmg_status *rc, char why[WHY_LEN])
{
	struct out_set *s = budget_realloc(b, NULL, 0, sizeof(*s));

	why[0] = '\0';
	if (s == NULL) {
		*rc = TMG_ENOMEM;
		say(why, NULL, "out of memory");
		return NULL;
	}
	memset(s, 0, sizeof(*s));
	s->budget = b;
	s->home = s->root = -1;
	sb_init(&s->made, b);
	*rc = find_home(s, dir, force, no_link, why);
	if (*rc == TMG_OK && !make_stage(s)) {
		say(why, NULL, "%s", strerror(errno));
		*rc = TMG_EOUTPUT;
	}
	if (*rc != TMG_OK) {
		out_abort(s);
		return NULL;
	}
	return s;
}

struct out_set *
out_begin(const char *dir, bool force, struct budget *b, enum tmg_status *rc, char why[WHY_LEN])
{
	return begin(dir, force, false, b, rc, why);
}

struct out_set *
out_begin_no_link(const char *dir, bool force, struct budget *b, enum tmg_status *rc, char why[WHY_LEN])
{
	return begin(dir, force, true, b, rc, why);
}

/* ---- into place ---------------------------------------------------------- */

/* Calls `visit` for each name in a directory until it answers false. The
 * list is made first, since visits change the directory. */
static bool
each_name(struct out_set *s, int fd, bool (*visit)(void *ctx, int fd, const char *name), void *ctx)
{
	struct strbuf names;
	size_t i;
	bool going;

	sb_init(&names, s->budget);
	going = list_names(fd, &names);
	for (i = 0; going && i < names.len; i += strlen(names.s + i) + 1)
		going = visit(ctx, fd, names.s + i);
	sb_free(&names);
	return going;
}

/* The staging tree is ours, and as deep as the folders of the writers. */
static bool
remove_visit(void *ctx, int fd, const char *name)
{
	int sub;

	if (unlinkat(fd, name, 0) == 0)
		return true;
	sub = open_dir(fd, name);
	if (sub >= 0) {
		each_name(ctx, sub, remove_visit, ctx);
		close(sub);
		unlinkat(fd, name, AT_REMOVEDIR);
	}
	return true;
}

/* Some file systems cannot, and say so. */
static bool
sync_fd(struct out_set *s, int fd)
{
	if (s->by_others || fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS)
		return true;
	set_fail(s, NULL, errno);
	return false;
}

static bool
sync_visit(void *ctx, int fd, const char *name)
{
	int sub = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool good = sub >= 0 && fstat(sub, &st) == 0;

	if (!good)
		set_fail(ctx, name, errno);
	if (good && S_ISDIR(st.st_mode))
		good = each_name(ctx, sub, sync_visit, ctx);
	good = good && sync_fd(ctx, sub);
	if (sub >= 0)
		close(sub);
	return good;
}

static bool
sync_all(struct out_set *s)
{
	if (s->failed || s->by_others)
		return !s->failed;
	if (!each_name(s, s->root, sync_visit, s))
		set_fail(s, NULL, ENOMEM); /* unless a reason is known */
	return !s->failed && sync_fd(s, s->root);
}

struct walk {
	struct out_set *s;
	int to;             /* where the names go */
	struct strbuf *rel; /* of that directory, ending in '/' or empty */
};

static bool
refuse(struct out_set *s, const struct strbuf *rel, const char *reason)
{
	if (!s->failed)
		say(s->why, rel->s, "%s", reason);
	s->failed = true;
	return false;
}

/* A step that can be taken back is noted before anything depends on it. */
static bool
note_move(struct out_set *s, const struct strbuf *rel, bool swapped)
{
	struct move *m = budget_realloc(s->budget, NULL, 0, sizeof(*m) + rel->len + 1);

	if (m == NULL)
		return false;
	memcpy(m->rel, rel->s, rel->len + 1);
	m->swapped = swapped;
	m->next = s->moves;
	s->moves = m;
	return true;
}

static bool
move_file(struct walk *w, int from, const char *name, bool exists)
{
	struct out_set *s = w->s;

	if (exists && renameat2(from, name, w->to, name, RENAME_EXCHANGE) == 0)
		return note_move(s, w->rel, true) || refuse(s, w->rel, "out of memory");
	if (renameat(from, name, w->to, name) != 0)
		return refuse(s, w->rel, strerror(errno));
	/* A file that could only be replaced (no exchange here) stays replaced. */
	return exists || note_move(s, w->rel, false) || refuse(s, w->rel, "out of memory");
}

static bool move_visit(void *ctx, int fd, const char *name);

static bool
move_folder(struct walk *w, int from, const char *name)
{
	struct walk down = { w->s, open_dir(w->to, name), w->rel };
	int sub = open_dir(from, name);
	bool good = down.to >= 0 && sub >= 0;

	if (!good)
		refuse(w->s, w->rel, strerror(errno));
	sb_putc(w->rel, '/');
	good = good && each_name(w->s, sub, move_visit, &down) && sync_fd(w->s, down.to);
	if (sub >= 0)
		close(sub);
	if (down.to >= 0)
		close(down.to);
	return good;
}

static bool
move_visit(void *ctx, int fd, const char *name)
{
	struct walk *w = ctx;
	struct stat st, old;
	size_t len = w->rel->len;
	bool exists, good;

	sb_puts(w->rel, name);
	if (w->rel->failed || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return refuse(w->s, w->rel, strerror(w->rel->failed ? ENOMEM : errno));
	exists = fstatat(w->to, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
	if (exists && S_ISLNK(old.st_mode))
		return refuse(w->s, w->rel, "a symbolic link is in the way");
	if (exists && S_ISDIR(old.st_mode) != S_ISDIR(st.st_mode))
		return refuse(
		    w->s, w->rel, S_ISDIR(old.st_mode) ? "a directory is in the way" : "a file is in the way");
	if (exists && !S_ISDIR(old.st_mode) && !S_ISREG(old.st_mode))
		return refuse(w->s, w->rel, "something that is not a file is in the way");
	if (exists && S_ISDIR(st.st_mode))
		good = move_folder(w, fd, name);
	else
		good = move_file(w, fd, name, exists);
	w->rel->s[len] = '\0';
	w->rel->len = len;
	return good;
}

/* Opens the folder of `rel` below `at`, all of which exists. */
static int
folder_of(int at, const char *rel, const char **name)
{
	int fd = open_dir(at, "."), next;
	const char *slash;
	char part[NAME_MAX + 1];

	for (; fd >= 0 && (slash = strchr(rel, '/')) != NULL; rel = slash + 1) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - rel), rel);
		next = open_dir(fd, part);
		close(fd);
		fd = next;
	}
	*name = rel;
	return fd;
}

static void
take_back(struct out_set *s)
{
	struct move *m;
	const char *name;
	int to, from;

	for (m = s->moves; m != NULL; m = m->next) { /* last step first */
		to = folder_of(s->home, m->rel, &name);
		from = folder_of(s->root, m->rel, &name);
		if (to >= 0 && from >= 0)
			renameat2(to, name, from, name, m->swapped ? RENAME_EXCHANGE : 0);
		if (to >= 0)
			close(to);
		if (from >= 0)
			close(from);
	}
}

static void
commit_inside(struct out_set *s)
{
	struct strbuf rel;
	struct walk w = { s, s->home, &rel };

	sb_init(&rel, s->budget);
	if (!each_name(s, s->root, move_visit, &w)) {
		set_fail(s, NULL, errno != 0 ? errno : EIO);
		take_back(s);
	}
	sb_free(&rel);
}

static void
commit_beside(struct out_set *s)
{
	int top = open_dir(s->home, s->stage);

	if (top < 0 || renameat(top, INNER, s->home, s->base) != 0)
		set_fail(s, NULL, errno);
	if (top >= 0)
		close(top);
}

enum tmg_status
out_commit(struct out_set *s, char why[WHY_LEN])
{
	enum tmg_status rc = TMG_OK;

	sync_all(s);
	if (!s->failed && s->inside)
		commit_inside(s);
	else if (!s->failed)
		commit_beside(s);
	if (!s->failed) {
		remove_visit(s, s->home, s->stage);
		s->stage[0] = '\0';
		if (!s->by_others)
			fsync(s->home); /* in place already: an error could not be acted upon */
	}
	why[0] = '\0';
	if (s->failed) {
		rc = s->no_memory ? TMG_ENOMEM : TMG_EOUTPUT;
		memcpy(why, s->why, WHY_LEN);
	} else {
		sb_clear(&s->made); /* the parents are wanted now */
	}
	out_abort(s);
	return rc;
}

enum tmg_status
out_check(const struct out_set *s, char why[WHY_LEN])
{
	memcpy(why, s->why, WHY_LEN);
	return !s->failed ? TMG_OK : s->no_memory ? TMG_ENOMEM : TMG_EOUTPUT;
}

void
out_is_synced(struct out_set *s)
{
	s->by_others = true;
}

int
out_root(const struct out_set *s)
{
	return s->root;
}

const char *
out_stage(const struct out_set *s)
{
	return s->stage;
}

void
out_remove_stage(const char *dir, const char *name)
{
	struct out_set s = { .home = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };

	if (s.home < 0)
		return;
	if (strncmp(name, STAGE_PREFIX, sizeof(STAGE_PREFIX) - 1) == 0 && strchr(name, '/') == NULL)
		remove_visit(&s, s.home, name);
	close(s.home);
}

void
out_abort(struct out_set *s)
{
	struct move *m;

	if (s == NULL)
		return;
	if (s->stage[0] != '\0')
		remove_visit(s, s->home, s->stage);
	set_close_folders(s);
	if (s->root >= 0)
		close(s->root);
	if (s->home >= 0)
		close(s->home);
	remove_parents(s);
	sb_free(&s->made);
	while ((m = s->moves) != NULL) {
		s->moves = m->next;
		budget_free(s->budget, m, sizeof(*m) + strlen(m->rel) + 1);
	}
	if (s->base != NULL)
		budget_free(s->budget, s->base, strlen(s->base) + 1);
	budget_free(s->budget, s, sizeof(*s));
}
