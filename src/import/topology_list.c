/*
 * Lists as PowerShell's Format-List writes them: "Name : value" lines, a blank
 * line between objects, long values continued on indented lines. What the names
 * mean is topology_objects.c's.
 */
#include "import/topology.h"

struct topo_list {
	struct topo *t;
	struct strbuf line;
	uint32_t number;
	struct topo_object o;
	struct topo_property *last; /* that a continuation line belongs to */
	uint32_t odd, odd_line;     /* lines of no known shape, and the first of them */
};

struct topo_list *
topo_list_open(struct topo *t, uint32_t line)
{
	struct topo_list *l = topo_scratch(t, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->t = t;
	l->number = line;
	sb_init(&l->line, t->d.mem.budget);
	topo_object_init(&l->o, line);
	return l;
}

static void
object_end(struct topo_list *l)
{
	if (l->o.first != NULL && !l->t->stopped)
		topo_object(l->t, &l->o);
	topo_object_free(&l->o);
	l->last = NULL;
}

/* How long the name in front of " : " is; 0: the line is no such line. */
static size_t
name_length(const char *s, size_t n, const char **value)
{
	size_t len = 0, i;

	while (len < n &&
	    ((s[len] >= '0' && s[len] <= '9') || s[len] == '_' ||
		(ascii_lower(s[len]) >= 'a' && ascii_lower(s[len]) <= 'z')))
		len++;
	for (i = len; i < n && s[i] == ' '; i++)
		;
	if (len == 0 || i >= n || s[i] != ':' || (i + 1 < n && s[i + 1] != ' '))
		return 0;
	for (i++; i < n && s[i] == ' '; i++)
		;
	*value = s + i;
	return len;
}

static void
append(struct topo_list *l, const char *s, size_t n)
{
	if (l->last->value.len + n > TOPOLOGY_MAX_LINE) {
		topo_stop(l->t, D_LIMIT, l->number, "a value longer than %u bytes", TOPOLOGY_MAX_LINE);
		return;
	}
	sb_putn(&l->last->value, s, n);
	if (l->last->value.failed)
		topo_oom(l->t);
}

static void
line_end(struct topo_list *l)
{
	const char *s = l->line.s, *value = NULL;
	size_t n = l->line.len, blanks, name;

	while (n > 0 && strchr(" \t\r\f", s[n - 1]) != NULL)
		n--;
	for (blanks = 0; blanks < n && (s[blanks] == ' ' || s[blanks] == '\t'); blanks++)
		;
	name = name_length(s, n, &value);
	if (n == 0) {
		object_end(l);
	} else if (s[0] == '#') {
		; /* a remark of whoever kept the list */
	} else if (blanks > 0 && l->last != NULL) {
		append(l, s + blanks, n - blanks);
	} else if (name > 0) {
		/* Where the blank lines were lost: these names stand once in an object, in front of it. */
		char first[16] = "";

		if (name < sizeof(first))
			memcpy(first, s, name);
		if (l->o.first != NULL && str_caseeq(first, "Identity") && topo_object_get(&l->o, "Identity") != NULL)
			object_end(l);
		if (l->o.first == NULL)
			topo_object_init(&l->o, l->number);
		l->last = topo_object_add(l->t, &l->o, s, name, l->number);
		if (l->last != NULL)
			append(l, value, (size_t)(s + n - value));
	} else if (l->odd++ == 0) {
		l->odd_line = l->number;
	}
	sb_clear(&l->line);
	l->number++;
}

void
topo_list_feed(struct topo_list *l, const char *s, size_t n)
{
	while (l != NULL && n > 0 && !l->t->stopped) {
		const char *nl = memchr(s, '\n', n);
		size_t k = nl != NULL ? (size_t)(nl - s) : n;

		if (l->line.len + k > TOPOLOGY_MAX_LINE) {
			topo_stop(l->t, D_LIMIT, l->number, "a line longer than %u bytes", TOPOLOGY_MAX_LINE);
			return;
		}
		sb_putn(&l->line, s, k);
		if (l->line.failed) {
			topo_oom(l->t);
			return;
		}
		if (nl != NULL) {
			line_end(l);
			k++;
		}
		s += k;
		n -= k;
	}
}

void
topo_list_close(struct topo_list *l, bool complete)
{
	if (l == NULL)
		return;
	if (complete && !l->t->stopped) {
		line_end(l);
		object_end(l);
		if (l->odd > 0 && l->t->found)
			topo_say(l->t, D_TOPOLOGY_PART, l->odd_line, "%u lines that are not \"Name : value\"",
			    (unsigned)l->odd);
	}
	topo_object_free(&l->o);
	sb_free(&l->line);
}
