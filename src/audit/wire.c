/*
 * What an audit of one job found as records of text, so that a worker can hand it to
 * the process that puts all jobs together. One function a kind of record serves both
 * directions. What is read has been made of a stranger's export by a process that may
 * have been taken over by it: nothing is believed beyond its form. Knows no check.
 *
 * Fields end with US (0x1f); in a field ESC stands before a US or an ESC, and a field
 * that is ESC "N" is none. The first field is a letter that says what the record is.
 */
#include "audit/audit.h"

#define US '\x1f'
#define ESC '\x1b'
#define MOST_NAMES 10000000u

struct wire {
	struct tmg_audit *a;
	struct strbuf out; /* writing */
	const struct ends *ends;
	tmg_write_fn *fn;
	void *ctx;
	bool stopped;      /* writing: `fn` said so */
	struct arena *mem; /* reading: where texts and lists go */
	const char *at, *end;
	bool reading;
	bool bad; /* reading: this is no such record */
};

/* ---- fields ------------------------------------------------------------------------ */

static void
put(struct wire *w, const char *s)
{
	static const char special[] = { US, ESC, '\0' };

	if (s == NULL) {
		sb_putc(&w->out, ESC);
		sb_putc(&w->out, 'N');
	}
	for (; s != NULL && *s != '\0'; s++) {
		size_t n = strcspn(s, special);

		sb_putn(&w->out, s, n);
		s += n;
		if (*s == '\0')
			break;
		sb_putc(&w->out, ESC);
		sb_putc(&w->out, *s);
	}
	sb_putc(&w->out, US);
}

/* To the US that ends the field, over so many characters; false: there is none. */
static bool
skip(struct wire *w, size_t *chars, uint32_t *hash)
{
	size_t n = 0;
	uint32_t h = 0;

	for (; w->at < w->end && *w->at != US; w->at++, n++) {
		w->at += *w->at == ESC && w->at + 1 < w->end;
		h = h * 31 + (unsigned char)*w->at;
	}
	*chars = n;
	*hash = h * 0x9E3779B1u >> 16;
	w->bad = w->bad || w->at == w->end;
	return !w->bad;
}

static bool
is_none(const char *from, const char *end)
{
	return end - from == 2 && from[0] == ESC && from[1] == 'N';
}

/* Is this text what stands in a field? */
static bool
is_text(const char *from, const char *end, const char *s)
{
	if (is_none(from, end))
		return false;
	for (; from < end; from++, s++) {
		from += *from == ESC;
		if (*s == '\0' || *from != *s)
			return false;
	}
	return *s == '\0';
}

/* A field that holds nothing special and goes to brief memory: as it stands. */
static char *
get_plain(struct wire *w)
{
	size_t left = (size_t)(w->end - w->at), n;
	const char *end = left > 0 ? memchr(w->at, US, left) : NULL;
	char *s = NULL;

	n = end != NULL ? (size_t)(end - w->at) : 0;
	if (end != NULL && memchr(w->at, ESC, n) == NULL && (s = arena_strn(w->mem, w->at, n)) != NULL)
		w->at = end + 1;
	return s;
}

/* The next field as it was; in memory of the audit others may have it, too. NULL: none. */
static const char *
get(struct wire *w)
{
	const char *from = w->at, **recent, *none = NULL;
	bool brief = w->mem != &w->a->mem;
	uint32_t hash;
	size_t n;
	char *s;

	if (brief && (s = get_plain(w)) != NULL)
		return s;
	if (!skip(w, &n, &hash))
		return NULL;
	if (is_none(from, w->at)) {
		w->at++;
		return NULL;
	}
	recent = brief ? &none : &w->a->texts[hash % WIRE_RECENT];
	if (*recent != NULL && is_text(from, w->at, *recent)) {
		w->at++;
		return *recent;
	}
	if ((s = arena_strn(w->mem, from, n)) == NULL)
		return NULL;
	*recent = s;
	for (size_t i = 0; i < n; i++, from++) {
		from += *from == ESC;
		s[i] = *from;
	}
	w->at++;
	return s;
}

static void
text(struct wire *w, const char **s)
{
	if (w->reading)
		*s = get(w);
	else
		put(w, *s);
}

/* Text that is always there. */
static void
word(struct wire *w, const char **s)
{
	text(w, s);
	w->bad = w->bad || (w->reading && *s == NULL);
}

static void
number(struct wire *w, uint64_t *n, uint64_t most)
{
	const char *s;
	char digits[24], *at = digits + sizeof(digits);
	uint64_t left = *n;

	if (!w->reading) {
		*--at = US;
		do
			*--at = (char)('0' + left % 10);
		while ((left /= 10) != 0);
		sb_putn(&w->out, at, (size_t)(digits + sizeof(digits) - at));
		return;
	}
	*n = 0;
	for (s = w->at; s < w->end && *s >= '0' && *s <= '9'; s++) {
		w->bad = w->bad || *n > (UINT64_MAX - 9) / 10;
		*n = *n * 10 + (uint64_t)(*s - '0');
	}
	w->bad = w->bad || s == w->at || s == w->end || *s != US;
	w->at = w->bad ? w->end : s + 1;
	w->bad = w->bad || *n > most;
}

/* A small whole number, which may be negative from `least` on. */
static void
small(struct wire *w, int *n, int least, int most)
{
	uint64_t shifted = (uint64_t)((int64_t)*n - least);

	number(w, &shifted, (uint64_t)((int64_t)most - least));
	if (w->reading && !w->bad)
		*n = (int)((int64_t)shifted + least);
}

static void
line(struct wire *w, uint32_t *n)
{
	uint64_t wide = *n;

	number(w, &wide, UINT32_MAX);
	if (w->reading && !w->bad)
		*n = (uint32_t)wide;
}

static void
yes(struct wire *w, bool *b)
{
	int n = *b;

	small(w, &n, 0, 1);
	*b = n == 1;
}

static void
worst(struct wire *w, int16_t *severity)
{
	int n = *severity;

	small(w, &n, -1, TMG_ERROR);
	*severity = (int16_t)n;
}

static void
names(struct wire *w, struct tmg_name **list)
{
	struct tmg_name **tail = list;
	uint64_t n = 0;

	for (const struct tmg_name *x = w->reading ? NULL : *list; x != NULL; x = x->next)
		n++;
	number(w, &n, MOST_NAMES);
	if (!w->reading) {
		for (const struct tmg_name *x = *list; x != NULL; x = x->next)
			put(w, x->s);
		return;
	}
	for (; n > 0 && !w->bad; n--) {
		const char *s = get(w);

		if (s == NULL || !name_link(w->mem, &tail, s))
			w->bad = true;
	}
}

/* ---- records ------------------------------------------------------------------------ */

static void
finding(struct wire *w, struct tmg_finding *f)
{
	int severity = (int)f->severity, check;

	word(w, &f->id);
	small(w, &severity, TMG_NOTE, TMG_ERROR);
	f->severity = (enum tmg_severity)severity;
	text(w, &f->file);
	text(w, &f->input);
	text(w, &f->kind);
	text(w, &f->name);
	text(w, &f->guid);
	text(w, &f->subject);
	text(w, &f->detail);
	line(w, &f->line);
	yes(w, &f->guess);
	w->bad = w->bad || (w->reading && f->kind != NULL && f->name == NULL);
	if (!w->reading || w->bad)
		return;
	check = check_find(f->id);
	if (check < 0)
		w->bad = true;
	else
		finding_complete(w->a, f, check_row((enum check_id)check));
}

/* What goes into an export as markup is a name and nothing else. */
static bool
is_element(const char *s)
{
	if (s == NULL)
		return true;
	for (const char *c = s; *c != '\0'; c++)
		if (*c != '/' && !(*c >= 'A' && *c <= 'Z') && !(*c >= 'a' && *c <= 'z') && !(*c >= '0' && *c <= '9'))
			return false;
	return *s != '\0';
}

/* What goes into a script as a number is one. */
static bool
is_value(const struct tmg_mend *m)
{
	return m->type == NULL || strcmp(m->type, "string") == 0 || m->value == NULL ||
	    (m->value[0] != '\0' && m->value[strspn(m->value, "0123456789")] == '\0');
}

static void
change(struct wire *w, struct tmg_mend *m)
{
	int op = (int)m->op;

	small(w, &op, TMG_MEND_SET, TMG_MEND_ADD_RULE);
	m->op = (enum tmg_mend_op)op;
	text(w, &m->parent);
	text(w, &m->element);
	text(w, &m->type);
	text(w, &m->value);
	word(w, &m->file);
	word(w, &m->kind);
	word(w, &m->object);
	word(w, &m->guid);
	text(w, &m->name);
	text(w, &m->site);
	text(w, &m->server);
	line(w, &m->line);
	line(w, &m->order);
	small(w, &m->https_port, 0, 65535);
	small(w, &m->http_port, 0, 65535);
	if (!w->reading || w->bad)
		return;
	w->bad = !is_element(m->parent) || !is_element(m->element) || !is_element(m->type) || !is_value(m) ||
	    (m->op == TMG_MEND_SET && (m->element == NULL || m->type == NULL)) ||
	    (m->op == TMG_MEND_REMOVE && m->element == NULL) || (m->op == TMG_MEND_RENAME && m->name == NULL) ||
	    (m->op != TMG_MEND_ALL_PATHS && m->op != TMG_MEND_ALL_USERS && m->value == NULL) ||
	    (m->op == TMG_MEND_ADD_RULE && (m->name == NULL || m->site == NULL));
}

static void
evidence(struct wire *w, struct tmg_evidence *e)
{
	text(w, &e->via);
	number(w, &e->hits, UINT64_MAX);
	number(w, &e->signins_ok, UINT64_MAX);
	number(w, &e->signins_never, UINT64_MAX);
	number(w, &e->cut, UINT64_MAX);
	small(w, &e->seen, -1, 1);
	small(w, &e->port, 0, 65535);
}

static void
coverage(struct wire *w, struct tmg_coverage *c)
{
	word(w, &c->kind);
	word(w, &c->name);
	text(w, &c->public_name);
	text(w, &c->rule);
	text(w, &c->listener);
	text(w, &c->to);
	text(w, &c->bridging);
	text(w, &c->file);
	text(w, &c->input);
	line(w, &c->line);
	yes(w, &c->published);
	yes(w, &c->guess);
	evidence(w, &c->evidence);
	names(w, &c->findings);
	if (w->reading && c->rule != NULL && (c->to == NULL || c->bridging == NULL))
		w->bad = true;
}

static void
flow(struct wire *w, struct tmg_flow *f, struct tmg_way *way)
{
	word(w, &way->file);
	word(w, &f->rule);
	text(w, &f->guid);
	text(w, &way->listener);
	word(w, &way->role);
	names(w, &f->names);
	names(w, &way->endpoints);
	names(w, &way->servers);
	word(w, &way->bridging);
	line(w, &f->line);
	line(w, &f->position);
	worst(w, &f->worst);
	yes(w, &f->enabled);
	yes(w, &f->deny);
	yes(w, &f->lync);
}

static void
dns(struct wire *w, struct tmg_dns_need *d)
{
	word(w, &d->name);
	word(w, &d->listener);
	names(w, &d->addresses);
}

static void
certificate(struct wire *w, struct tmg_certificate_need *c)
{
	word(w, &c->listener);
	word(w, &c->file);
	names(w, &c->thumbprints);
	text(w, &c->given);
}

/* ---- all of a job -------------------------------------------------------------------- */

/* Where the lists of an audit ended before it looked at a job. */
struct ends {
	struct tmg_finding **finding;
	struct tmg_name **file;
	struct tmg_coverage **coverage;
};

static void
begin(struct wire *w, const char *kind)
{
	sb_clear(&w->out);
	put(w, kind);
}

static bool
send(struct wire *w)
{
	if (w->out.failed)
		return false;
	w->stopped = !w->fn(w->ctx, w->out.s, w->out.len);
	return !w->stopped;
}

#define SEND_LIST(w, letter, type, first, record)                 \
	for (type *x = (first); good && x != NULL; x = x->next) { \
		begin((w), letter);                               \
		record((w), x);                                   \
		good = send((w));                                 \
	}

static bool
send_findings(struct wire *w, struct tmg_finding *first)
{
	bool good = true;

	for (struct tmg_finding *f = first; good && f != NULL; f = f->next) {
		begin(w, "f");
		finding(w, f);
		good = send(w);
		SEND_LIST(w, "m", struct tmg_mend, f->mends, change)
	}
	return good;
}

static bool
send_begin(void *ctx)
{
	struct wire *w = ctx;
	bool good;

	begin(w, "j");
	good = send(w);
	for (const struct tmg_name *x = *w->ends->file; good && x != NULL; x = x->next) {
		begin(w, "e");
		put(w, x->s);
		good = send(w);
	}
	good = good && send_findings(w, *w->ends->finding);
	SEND_LIST(w, "c", struct tmg_coverage, *w->ends->coverage, coverage)
	return good;
}

static bool
send_flow(void *ctx, const struct tmg_flow *f)
{
	struct wire *w = ctx;
	struct tmg_flow same = *f;
	struct tmg_way way = *f->way;

	begin(w, "r");
	flow(w, &same, &way);
	return send(w);
}

static bool
send_dns(void *ctx, const struct tmg_dns_need *d)
{
	struct wire *w = ctx;
	struct tmg_dns_need same = *d;

	begin(w, "d");
	dns(w, &same);
	return send(w);
}

static bool
send_certificate(void *ctx, const struct tmg_certificate_need *c)
{
	struct wire *w = ctx;
	struct tmg_certificate_need same = *c;

	begin(w, "t");
	certificate(w, &same);
	return send(w);
}

static bool
send_covers(void *ctx, const char *name, bool missing)
{
	struct wire *w = ctx;

	begin(w, missing ? "u" : "n");
	put(w, name);
	return send(w);
}

bool
wire_job(struct tmg_audit *a, struct tmg *t, tmg_write_fn *fn, void *ctx, bool *stopped)
{
	const struct ends ends = { a->last_finding, a->last_file, a->last_coverage };
	struct wire w = { .a = a, .ends = &ends, .fn = fn, .ctx = ctx };
	const struct audit_sink to = { send_begin, send_flow, send_dns, send_certificate, send_covers, &w };
	bool good;

	sb_init(&w.out, a->budget);
	good = audit_job(a, t, &to);
	sb_free(&w.out);
	*stopped = w.stopped;
	return good || w.stopped;
}

/* ---- reading --------------------------------------------------------------------------- */

#define TAKE(w, type, last, record)                              \
	do {                                                     \
		type *x = arena_alloc(&(w)->a->mem, sizeof(*x)); \
		if (x == NULL)                                   \
			break;                                   \
		record((w), x);                                  \
		if ((w)->bad || (w)->a->mem.failed)              \
			break;                                   \
		*(w)->a->last = x;                               \
		(w)->a->last = &x->next;                         \
	} while (0)

static void
take_finding(struct wire *w)
{
	struct tmg_finding **before = w->a->last_finding;

	TAKE(w, struct tmg_finding, last_finding, finding);
	w->a->last_mend = *before != NULL ? &(*before)->mends : NULL;
}

/* It belongs to the finding before it. */
static void
take_change(struct wire *w)
{
	struct tmg_mend *m = arena_alloc(&w->a->mem, sizeof(*m));

	if (m == NULL)
		return;
	change(w, m);
	w->bad = w->bad || w->a->last_mend == NULL;
	if (w->bad || w->a->mem.failed)
		return;
	*w->a->last_mend = m;
	w->a->last_mend = &m->next;
}

static void
take_file(struct wire *w)
{
	const char *s = NULL;

	word(w, &s);
	if (!w->bad && !w->a->mem.failed)
		name_push(&w->a->mem, &w->a->last_file, s);
}

static void
take_flow(struct wire *w)
{
	struct tmg_way way = { 0 };
	struct tmg_flow f = { .way = &way };

	flow(w, &f, &way);
	if (!w->bad && !w->mem->failed)
		keep_flow(w->a, &f);
}

static void
take_dns(struct wire *w)
{
	struct tmg_dns_need d = { 0 };

	dns(w, &d);
	if (!w->bad && !w->mem->failed)
		keep_dns(w->a, &d);
}

static void
take_certificate(struct wire *w)
{
	struct tmg_certificate_need c = { 0 };

	certificate(w, &c);
	if (!w->bad && !w->mem->failed)
		keep_certificate(w->a, &c);
}

/* It belongs to the certificate before it. */
static void
take_covers(struct wire *w, bool missing)
{
	const char *s = NULL;

	word(w, &s);
	w->bad = w->bad || w->a->kept.certificate == NULL;
	if (!w->bad && !w->mem->failed)
		keep_covers(w->a, s, missing);
}

/* What grows with the rules: read into `brief`, and from there kept. */
static bool
take_brief(struct wire *w, char kind)
{
	struct tmg_audit *a = w->a;

	w->mem = &a->brief;
	switch (kind) {
	case 'r': take_flow(w); break;
	case 'd': take_dns(w); break;
	case 't': take_certificate(w); break;
	case 'n': take_covers(w, false); break;
	case 'u': take_covers(w, true); break;
	default: return false;
	}
	a->mem.failed = a->mem.failed || a->brief.failed;
	arena_clear(&a->brief);
	return true;
}

enum tmg_status
wire_take(struct tmg_audit *a, const char *record, size_t len)
{
	struct wire w = { .a = a, .reading = true, .mem = &a->mem };

	if (len < 2 || record[1] != US)
		return TMG_EINPUT;
	w.at = record + 2;
	w.end = record + len;
	switch (record[0]) {
	case 'j': a->result.jobs++; break;
	case 'e': take_file(&w); break;
	case 'f': take_finding(&w); break;
	case 'm': take_change(&w); break;
	case 'c': TAKE(&w, struct tmg_coverage, last_coverage, coverage); break;
	default:
		if (!take_brief(&w, record[0]))
			return TMG_EINPUT;
	}
	if (a->mem.failed)
		return TMG_ENOMEM;
	return w.bad ? TMG_EINPUT : TMG_OK;
}
