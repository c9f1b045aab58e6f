/*
 * The journal: a file in the output directory (of an audit: beside its output) to which the records of each job
 * are added, and synced, before what it wrote comes into place. What stands in
 * it and lies in its folder is done; all else is done again. What a crash cut off or
 * damaged is not believed. Knows nothing of exports.
 *
 *	tmgport-journal/1 VERSION OPTIONS
 *	stage FOLDER          what may have been left behind
 *	job NAME              then the job's records (replay.c), then
 *	done NAME CHECKSUM    of the bytes of the records: what is damaged is not believed
 */
#include "cli/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SCHEMA "tmgport-journal/1"

struct entry {
	const char *name; /* NULL: the files that were named */
	struct span records;
	size_t number; /* as they stand in the file */
};

struct kept {
	const char *name;
	struct span records; /* empty: none */
};

struct journal {
	struct run *r;
	int fd;
	int fresh; /* what takes its place at the end; -1: not open */
	char *path, *fresh_path, *options;
	bool sure; /* the options tell of everything that a result depends on */
	off_t end;
	struct entry *entry; /* of an earlier run, sorted */
	size_t n, cap;
	struct kept *kept; /* by number of the task */
	size_t kept_count;
};

static bool
fail(const struct journal *j, const char *sentence, int err)
{
	message_say(j->r, j->path, sentence, err != 0 ? strerror(err) : NULL, "cannot-write");
	run_status(j->r, EXIT_OUTPUT);
	return false;
}

/* ---- what must be the same ------------------------------------------------------------ */

static void
put_pairs(FILE *f, const char *what, const struct pairs *pairs)
{
	size_t i;

	for (i = 0; i < pairs->n; i++)
		TAPE_PUT(f, what, pairs->p[i].key, pairs->p[i].value);
}

static void
put_words(FILE *f, const char *what, const struct strings *words)
{
	size_t i;

	for (i = 0; i < words->n; i++)
		TAPE_PUT(f, what, words->s[i]);
}

/* What an audit holds exports against: by content, since the files may change. Of standard
 * input and pipes nobody knows it before they are read. */
static bool
put_content(FILE *f, const char *what, const char *word, const char *file)
{
	char sha256[65] = "";
	bool known = tmg_file_hash(file, sha256) == TMG_OK;

	TAPE_PUT(f, what, word, file, known ? sha256 : "");
	return known;
}

static bool
put_audit(FILE *f, const struct args *a)
{
	struct digits day;
	bool known = true;
	size_t i;

	if (a->command != CMD_AUDIT)
		return true;
	for (i = 0; i < a->topologies.n; i++)
		known = put_content(f, "topology", NULL, a->topologies.s[i]) && known;
	for (i = 0; i < a->logs.n; i++)
		known = put_content(f, "iis-log", NULL, a->logs.s[i]) && known;
	for (i = 0; i < a->certs.n; i++)
		known = put_content(f, "cert", a->certs.p[i].key, a->certs.p[i].value) && known;
	if (a->certs.n > 0) /* they age */
		TAPE_PUT(f, "day", digits(&day, (uint64_t)a->now / 86400));
	if (a->baseline != NULL)
		known = put_content(f, "baseline", NULL, a->baseline) && known;
	TAPE_PUT(f, "without", a->without);
	return known;
}

/* Everything that may change a byte of the output or a message; `*sure`: all of it is known. */
static char *
options_text(const struct args *a, bool *sure)
{
	const struct tmg_limits *l = &a->in.limits;
	struct digits depth, text, elements, size, memory;
	char *s = NULL;
	size_t len = 0, i;
	FILE *f = open_memstream(&s, &len);

	if (f == NULL)
		return NULL;
	put_words(f, "t", &a->targets);
	put_words(f, "allow", &a->allow);
	put_words(f, "pass-through", &a->pass_through);
	put_pairs(f, "bind", &a->binds);
	put_pairs(f, "target-version", &a->versions);
	for (i = 0; i < a->in.map_count; i++)
		TAPE_PUT(f, "map", a->maps[i].from, a->maps[i].to);
	TAPE_PUT(f, "places", a->cert_dir, a->ca_file, a->runtime_dir);
	TAPE_PUT(f, "charset", a->in.charset);
	TAPE_PUT(f, "switches", a->no_verify ? "no-verify" : "", a->transparent ? "transparent" : "");
	*sure = put_audit(f, a);
	TAPE_PUT(f, "limits", digits(&depth, l->max_depth), digits(&text, l->max_text),
	    digits(&elements, l->max_elements), digits(&size, l->max_size), digits(&memory, l->max_memory));
	if (fclose(f) != 0) {
		free(s);
		return NULL;
	}
	return s;
}

/* ---- reading ---------------------------------------------------------------------------- */

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->name != NULL ? x->name : "", y->name != NULL ? y->name : "");

	return c != 0 ? c : x->number < y->number ? -1 : x->number > y->number;
}

static bool
note_entry(struct journal *j, const char *name, off_t from, off_t to)
{
	struct entry *bigger;
	size_t cap = j->cap < 64 ? 64 : 2 * j->cap;

	if (j->n == j->cap) {
		bigger = realloc(j->entry, cap * sizeof(*bigger));
		if (bigger == NULL)
			return false;
		j->entry = bigger;
		j->cap = cap;
	}
	j->entry[j->n] = (struct entry){ name, { j->fd, from, (uint64_t)(to - from) }, j->n };
	j->n++;
	return true;
}

static bool
same_word(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* FNV-1a: a disk that lost a block is to be noticed, nobody is to be kept from writing here. */
static bool
checksum(void *ctx, const char *data, size_t len)
{
	uint64_t *sum = ctx;

	for (size_t i = 0; i < len; i++)
		*sum = (*sum ^ (unsigned char)data[i]) * 1099511628211u;
	return true;
}

/* As the line `done` has it; NULL when the records cannot be read. */
static const char *
checksum_of(const struct span *records, char text[17])
{
	const struct task source = { .product = *records };
	uint64_t sum = 14695981039346656037u;

	if (!work_product(&source, checksum, &sum))
		return NULL;
	snprintf(text, 17, "%016" PRIx64, sum);
	return text;
}

static bool
is_whole(const struct journal *j, const char *said, off_t from, off_t to)
{
	const struct span records = { j->fd, from, (uint64_t)(to - from) };
	char text[17];
	const char *sum = checksum_of(&records, text);

	return sum != NULL && same_word(said, sum);
}

/* Leaves `end` behind the last job that is whole. */
static bool
read_records(struct journal *j, struct reader *in)
{
	const char *name = NULL;
	bool inside = false, good = true;
	off_t from = 0, before = (off_t)in->read;

	j->end = before;
	while (good && reader_next(in)) {
		if (reader_is(in, "stage") && !inside) {
			if (j->r->args.command == CMD_CONVERT)
				tmg_stage_remove(j->r->args.output, in->field[1] != NULL ? in->field[1] : "");
			j->end = (off_t)in->read;
		} else if (reader_is(in, "job")) {
			inside = true;
			name = in->field[1] != NULL ? mem_strn(&j->r->mem, in->field[1], strlen(in->field[1])) : NULL;
			from = (off_t)in->read;
		} else if (reader_is(in, "done") && inside && same_word(in->field[1], name)) {
			good = !is_whole(j, in->field[2], from, before) || note_entry(j, name, from, before);
			inside = false;
			j->end = (off_t)in->read;
		}
		before = (off_t)in->read;
	}
	return good;
}

/* A journal of other options or of another version is worth nothing. */
static bool
read_journal(struct journal *j)
{
	struct span all = { j->fd, 0, 0 };
	struct reader in;
	struct stat st;
	bool good = true;

	if (!j->r->args.resume || !j->sure || fstat(j->fd, &st) != 0)
		return true;
	all.len = (uint64_t)st.st_size;
	reader_open(&in, &all);
	if (reader_next(&in) && reader_is(&in, SCHEMA) && same_word(in.field[1], tmg_version()) &&
	    same_word(in.field[2], j->options))
		good = read_records(j, &in);
	reader_close(&in);
	if (j->n > 1)
		qsort(j->entry, j->n, sizeof(*j->entry), compare_entries);
	return good;
}

/* Of several the last one counts. */
bool
journal_find(const struct journal *j, const struct job *job, struct span *records)
{
	struct entry key = { .name = job->name, .number = SIZE_MAX };
	size_t low = 0, high = j->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (compare_entries(&j->entry[mid], &key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || !same_word(j->entry[low - 1].name, job->name))
		return false;
	*records = j->entry[low - 1].records;
	return true;
}

const char **
journal_hashes(struct mem *mem, const struct span *records, const struct job *job)
{
	const char **hash = mem_array(mem, job->count, sizeof(*hash));
	struct reader in;
	size_t found = 0, i;

	reader_open(&in, records);
	while (hash != NULL && reader_next(&in)) {
		if (!reader_is(&in, "input") && !reader_is(&in, "hash"))
			continue;
		for (i = 0; i < job->count; i++) {
			if (hash[i] == NULL && in.field[2] != NULL && same_word(job->files[i], in.field[1])) {
				hash[i] = mem_strn(mem, in.field[2], strlen(in.field[2]));
				found++;
				break;
			}
		}
	}
	reader_close(&in);
	return found == job->count ? hash : NULL;
}

bool
journal_unchanged(const char *const *hash, const struct job *job)
{
	char now[65];
	size_t i;

	for (i = 0; i < job->count; i++)
		if (tmg_file_hash(job->files[i], now) != TMG_OK || strcmp(now, hash[i]) != 0)
			return false;
	return true;
}

/* ---- writing ---------------------------------------------------------------------------- */

static bool
append(void *ctx, const char *data, size_t len)
{
	struct journal *j = ctx;
	ssize_t n;

	while (len > 0) {
		n = pwrite(j->fd, data, len, j->end);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		j->end += n;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
append_record(struct journal *j, const char *kind, const char *a, const char *b)
{
	char *s = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&s, &len);
	bool good;

	if (f == NULL)
		return false;
	if (b != NULL)
		TAPE_PUT(f, kind, a, b);
	else
		TAPE_PUT(f, kind, a);
	good = fclose(f) == 0 && append(j, s, len);
	free(s);
	return good;
}

void
journal_stage(struct journal *j, const char *name)
{
	append_record(j, "stage", name, NULL); /* without it, a crash may leave the folder behind */
}

static bool
keep(struct journal *j, const struct task *t, const struct span *records)
{
	struct kept *bigger;
	size_t cap = 2 * t->number + 64;

	if (t->number >= j->kept_count) {
		bigger = realloc(j->kept, cap * sizeof(*bigger));
		if (bigger == NULL)
			return false;
		memset(bigger + j->kept_count, 0, (cap - j->kept_count) * sizeof(*bigger));
		j->kept = bigger;
		j->kept_count = cap;
	}
	j->kept[t->number] = (struct kept){ t->job->name, *records };
	return true;
}

/* Everything has a hash, so that a change can be seen. */
static bool
is_hashed(const struct task *t)
{
	struct reader in;
	size_t n = 0;

	reader_open(&in, &t->tape);
	while (reader_next(&in))
		n += reader_is(&in, "input") || reader_is(&in, "hash");
	reader_close(&in);
	return n == t->job->count;
}

static bool
copy(struct journal *j, const struct span *s, struct span *to)
{
	const struct task source = { .product = *s };

	*to = (struct span){ j->fd, j->end, s->len };
	return work_product(&source, append, j);
}

/* The records of a job between the lines that enclose them; `there`: where they lie now. */
static bool
append_job(struct journal *j, const char *name, const struct span *records, struct span *there)
{
	char text[17];
	const char *sum = checksum_of(records, text);

	return sum != NULL && append_record(j, "job", name, NULL) && copy(j, records, there) &&
	    append_record(j, "done", name, sum);
}

bool
journal_add(struct journal *j, struct task *t)
{
	struct span there;

	if (!is_hashed(t))
		return true;
	if (!append_job(j, t->job->name, &t->tape, &there) || !keep(j, t, &there))
		return fail(j, "journal could not be written", errno);
	t->tape = there;
	return true;
}

bool
journal_sync(struct journal *j)
{
	return fsync(j->fd) == 0 || fail(j, "journal could not be written", errno);
}

void
journal_keep(struct journal *j, const struct task *t, const struct span *records)
{
	if (!keep(j, t, records))
		fail(j, "journal could not be written", ENOMEM);
}

/* ---- opening and closing ------------------------------------------------------------------ */

static char *
journal_path(struct run *r)
{
	const struct args *a = &r->args;

	const char *slash;

	if (a->command == CMD_AUDIT) { /* beside the file, hidden */
		slash = strrchr(a->output, '/');
		slash = slash != NULL ? slash + 1 : a->output;
		return mem_fmt(&r->mem, "%.*s.%s.journal.tmgport", (int)(slash - a->output), a->output, slash);
	}
	if (a->parts == 0)
		return mem_fmt(&r->mem, "%s/.journal.tmgport", a->output);
	return mem_fmt(&r->mem, "%s/.journal-%zu-of-%zu.tmgport", a->output, a->part, a->parts);
}

static void
journal_free(struct journal *j)
{
	if (j->fd >= 0)
		close(j->fd);
	if (j->fresh >= 0)
		close(j->fresh);
	j->r->held[0] = 0;
	free(j->options);
	free(j->entry);
	free(j->kept);
	free(j);
}

/* What belonged to a run that was killed may hold it for a moment. */
static bool
lock(int fd)
{
	const struct timespec moment = { 0, 20000000 };

	for (int i = 0; i < 10; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

/* Two runs that write the same would undo each other's work. */
static bool
journal_begin(struct journal *j)
{
	struct stat st;

	if (!lock(j->fd))
		return fail(j, "another run is at work here; nothing was written", 0);
	if (!j->r->args.resume && !j->r->args.force && fstat(j->fd, &st) == 0 && st.st_size > 0) {
		message_say(j->r, j->path, "output directory is not empty; nothing was written",
		    "an earlier run left this journal; --resume goes on with it", "output-not-empty");
		run_status(j->r, EXIT_OUTPUT);
		return false;
	}
	if (!read_journal(j))
		return fail(j, "journal could not be read", ENOMEM);
	if (ftruncate(j->fd, j->end) != 0 || (j->end == 0 && !append_record(j, SCHEMA, tmg_version(), j->options)))
		return fail(j, "journal could not be written", errno);
	return true;
}

struct journal *
journal_open(struct run *r)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (j == NULL) {
		out_of_memory(r);
		return NULL;
	}
	j->r = r;
	j->fd = j->fresh = -1;
	j->path = journal_path(r);
	j->options = options_text(&r->args, &j->sure);
	if (j->path != NULL && j->options != NULL)
		j->fd = open(j->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
	r->held[0] = j->fd;
	if (j->path == NULL || j->options == NULL)
		out_of_memory(r);
	else if (j->fd < 0)
		fail(j, "journal could not be written", errno);
	else if (journal_begin(j))
		return j;
	journal_free(j);
	return NULL;
}

/* For a process that may open nothing later. */
bool
journal_ready(struct journal *j)
{
	j->fresh_path = mem_fmt(&j->r->mem, "%s.new", j->path);
	if (j->fresh_path == NULL)
		return fail(j, "journal could not be written", ENOMEM);
	unlink(j->fresh_path);
	j->fresh = open(j->fresh_path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	return j->fresh >= 0 || fail(j, "journal could not be written", errno);
}

bool
journal_is_new(const struct journal *j)
{
	return j->n == 0 && j->kept_count == 0;
}

/* The same as a run without an interruption leaves, whatever -j was. */
static bool
rewrite(struct journal *j)
{
	struct journal to = *j;
	struct span there;
	bool good;
	size_t i;

	if (j->fresh < 0 && !journal_ready(j))
		return false;
	to.fd = j->fresh;
	to.end = 0;
	good = append_record(&to, SCHEMA, tmg_version(), j->options);
	for (i = 0; good && i < j->kept_count; i++)
		if (j->kept[i].records.len > 0)
			good = append_job(&to, j->kept[i].name, &j->kept[i].records, &there);
	return (good && fsync(to.fd) == 0) || fail(j, "journal could not be written", errno);
}

enum journal_end
journal_finish(struct journal *j, bool complete, bool some)
{
	some = some || j->n > 0;
	if (!complete)
		return JOURNAL_STAYS;
	if (!some)
		return JOURNAL_GOES;
	return rewrite(j) ? JOURNAL_NEW : JOURNAL_STAYS;
}

void
journal_place(struct journal *j, enum journal_end what)
{
	if (what == JOURNAL_NEW && rename(j->fresh_path, j->path) != 0) {
		fail(j, "journal could not be written", errno);
		what = JOURNAL_STAYS;
	}
	if (what != JOURNAL_NEW && j->fresh_path != NULL)
		unlink(j->fresh_path);
	if (what == JOURNAL_GOES)
		unlink(j->path);
	journal_free(j);
}

void
journal_close(struct journal *j, bool complete, bool some)
{
	if (j != NULL)
		journal_place(j, journal_finish(j, complete, some));
}
