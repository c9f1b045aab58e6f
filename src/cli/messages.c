/*
 * Messages on standard error:
 *	file:line: severity: object: sentence: detail [id]
 * where parts that there are not are left out. Colours the severity only.
 */
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"
#include "model/diag.h"

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
	fputs("tmgport: error: out of memory\n", stderr);
	run_status(r, EXIT_OUTPUT);
}

void
message_print(struct run *r, const struct tmg_message *m)
{
	static const char *const colors[] = { "\033[36m", "\033[35m", "\033[31m" };
	struct strbuf b;

	sb_init(&b, NULL);
	text_safe(&b, m->file != NULL ? m->file : "tmgport", 4096);
	if (m->file != NULL && m->line != 0)
		sb_fmt(&b, ":%lu", (unsigned long)m->line);
	sb_fmt(&b, ": %s%s:%s ", r->color ? colors[m->severity] : "", severity_name(m->severity),
	    r->color ? "\033[0m" : "");
	if (m->object != NULL)
		sb_fmt(&b, "%s: ", m->object);
	sb_puts(&b, m->sentence);
	if (m->detail != NULL && m->detail[0] != '\0')
		sb_fmt(&b, ": %s", m->detail);
	sb_fmt(&b, " [%s]\n", m->id);
	if (b.failed)
		out_of_memory(r);
	else
		fwrite(b.s, 1, b.len, stderr);
	sb_free(&b);
}

void
message_say(struct run *r, int id, const char *file, const char *detail)
{
	const struct diag_row *row = diag_row((enum diag_id)id);
	struct tmg_message m = { row->id, row->severity, file, 0, NULL, row->sentence, detail, NULL };

	message_print(r, &m);
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Does the detail hold `name` as a word of its own? */
static bool
detail_names(const char *detail, const char *name)
{
	size_t n = strlen(name);
	const char *s;

	for (s = detail; *s != '\0'; s++)
		if ((s == detail || !is_word(s[-1])) && ascii_ncasecmp(s, name, n) == 0 && !is_word(s[n]))
			return true;
	return false;
}

static bool
allowed(const struct args *a, const struct tmg_message *m)
{
	size_t i, n = strlen(m->id);
	const char *s;

	for (i = 0; i < a->allow.n; i++) {
		s = a->allow.s[i];
		if (strncmp(s, m->id, n) != 0)
			continue;
		if (s[n] == '\0' || (s[n] == ':' && m->detail != NULL && detail_names(m->detail, s + n + 1)))
			return true;
	}
	return false;
}

void
messages_job(struct run *r, struct tmg *t)
{
	const struct tmg_message *m;
	struct tmg_message shown;

	fflush(stdout);
	for (m = tmg_messages(t); m != NULL; m = m->next) {
		shown = *m;
		if (allowed(&r->args, m))
			shown.severity = TMG_NOTE;
		if (shown.severity >= r->args.fail_on)
			run_status(r, EXIT_FINDINGS);
		if (shown.severity >= r->args.show)
			message_print(r, &shown);
	}
}
