/*
 * Messages on standard error:
 *	file:line: severity: object: sentence: detail [id]
 * where parts that there are not are left out. Colours the severity only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/work.h"

void
run_status(struct run *r, int status)
{
	if (status > r->status)
		r->status = status;
}

void
messages_init(struct run *r)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	r->color = r->args.color == COLOR_ALWAYS ||
	    (r->args.color == COLOR_AUTO && (no == NULL || no[0] == '\0') && term != NULL &&
		strcmp(term, "dumb") != 0 && isatty(STDERR_FILENO));
}

void
out_of_memory(struct run *r)
{
	run_status(r, EXIT_OUTPUT);
	if (r->tape != NULL) {
		TAPE_PUT(r->tape, "memory", NULL);
		return;
	}
	fputs("tmgport: error: out of memory\n", stderr);
}

void
memory_say(struct run *r, const char *file)
{
	unsigned long long bound = r->args.in.limits.max_memory;

	r->memory_told = true;
	message_say(r, file, "memory ran out",
	    mem_fmt(&r->mem,
		bound == 0 ? "%s; the machine has no more"
			   : "%s; --max-memory allows %llu bytes: give it more, or leave it out",
		file != NULL ? "nothing was made of this input" : "for all inputs together", bound),
	    "out-of-memory");
	run_status(r, bound == 0 ? EXIT_OUTPUT : EXIT_INPUT);
}

void
memory_ran_out(struct run *r, const char *file)
{
	if (r->tape != NULL) {
		TAPE_PUT(r->tape, "memory", file);
		run_status(r, r->args.in.limits.max_memory == 0 ? EXIT_OUTPUT : EXIT_INPUT);
	} else if (file != NULL || !r->memory_told) {
		memory_say(r, file);
	}
}

static void
print(const struct run *r, const struct tmg_message *m)
{
	static const char *const names[] = { "note", "warning", "error" };
	static const char *const colors[] = { "\033[36m", "\033[35m", "\033[31m" };
	struct mem mem = { NULL, false };

	fputs(m->file != NULL ? shown(&mem, m->file) : "tmgport", stderr);
	if (m->file != NULL && m->line != 0)
		fprintf(stderr, ":%lu", (unsigned long)m->line);
	fprintf(
	    stderr, ": %s%s:%s ", r->color ? colors[m->severity] : "", names[m->severity], r->color ? "\033[0m" : "");
	if (m->object != NULL)
		fprintf(stderr, "%s: ", shown(&mem, m->object));
	fputs(shown(&mem, m->sentence), stderr);
	if (m->detail != NULL && m->detail[0] != '\0')
		fprintf(stderr, ": %s", shown(&mem, m->detail));
	fprintf(stderr, " [%s]\n", shown(&mem, m->id));
	mem_free(&mem);
}

void
message_say(struct run *r, const char *file, const char *sentence, const char *detail, const char *id)
{
	struct tmg_message m = { id, TMG_ERROR, file, 0, NULL, sentence, detail, NULL };

	message_take(r, &m);
}

void
input_told(struct run *r, const char *file, const char *charset, uint64_t elements)
{
	fprintf(stderr, "%s: read as %s, %llu elements\n", shown(&r->mem, file), shown(&r->mem, charset),
	    (unsigned long long)elements);
}

/* A worker judges nothing by -W or --fail-on, so that what it says can be
 * kept for a run with others. */
void
message_take(struct run *r, const struct tmg_message *m)
{
	if (r->tape != NULL) {
		tape_message(r->tape, m);
		return;
	}
	r->findings += m->severity >= TMG_WARNING;
	if (m->severity >= r->args.fail_on)
		run_status(r, EXIT_FINDINGS);
	if (m->severity >= r->args.show)
		print(r, m);
}

/* What conversion itself reports has been judged by the library already. */
static bool
allowed(const struct args *a, const struct tmg_message *m)
{
	for (size_t i = 0; i < a->allow.n; i++) {
		if (tmg_accepts(a->allow.s[i], m->id, m->detail))
			return true;
	}
	return false;
}

void
message_show(struct run *r, const struct tmg_message *m)
{
	struct tmg_message one = *m;

	if (allowed(&r->args, m))
		one.severity = TMG_NOTE;
	message_take(r, &one);
}

size_t
messages_job(struct run *r, struct tmg *t)
{
	const struct tmg_message *m;
	size_t n = 0;

	fflush(stdout);
	for (m = tmg_messages(t); m != NULL; m = m->next, n++)
		message_show(r, m);
	return n;
}

static bool
is_input(const struct tmg *t, const char *file)
{
	const struct tmg_input *in;

	for (in = tmg_inputs(t); in != NULL; in = in->next)
		if (file == NULL || strcmp(in->file, file) == 0)
			return true;
	return false;
}

void
messages_unread(struct run *r, struct tmg *t)
{
	const struct tmg_message *m;

	for (m = tmg_messages(t); m != NULL; m = m->next)
		if (!is_input(t, m->file))
			message_take(r, m);
}

/* ---- the catalogue, as the library tells it -------------------------------------- */

struct catalogue {
	struct mem *mem;
	char *text;
	size_t len;
};

static bool
collect(void *ctx, const char *data, size_t len)
{
	struct catalogue *c = ctx;
	char *bigger = mem_array(c->mem, c->len + len + 1, 1);

	if (bigger == NULL)
		return false;
	if (c->len > 0)
		memcpy(bigger, c->text, c->len);
	memcpy(bigger + c->len, data, len);
	c->text = bigger;
	c->len += len;
	return true;
}

/* The first `words` words of each line of a list, but those of lines whose second is "-". */
static struct strings
first_words(struct mem *mem, const char *list, int words)
{
	struct catalogue c = { mem, NULL, 0 };
	struct strings ids = { NULL, 0, 0 };
	const char *s, *end, *next;

	if (tmg_explain(list, collect, &c) != TMG_OK || c.text == NULL)
		return ids;
	for (s = c.text; *s != '\0'; s = *end != '\0' ? end + 1 : end) {
		end = s + strcspn(s, "\n");
		for (int i = 0; i < words && s < end && *s != ' '; i++) {
			next = s + strcspn(s, " \n");
			if (i + 1 < words && strncmp(next + strspn(next, " "), "- ", 2) == 0)
				break;
			strings_add(mem, &ids, mem_strn(mem, s, (size_t)(next - s)));
			s = next + strspn(next, " ");
		}
	}
	return ids;
}

struct strings
message_ids(struct mem *mem)
{
	return first_words(mem, NULL, 1);
}

struct strings
check_ids(struct mem *mem)
{
	return first_words(mem, "checks", 2);
}
