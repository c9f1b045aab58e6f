/*
 * W3C extended logs of IIS: bytes to lines, lines to columns, columns to
 * requests, in bounded memory whatever the size. Bytes need not be UTF-8: only
 * addresses, numbers and names in ASCII are ever understood, and of all texts
 * none leaves this file. What requests add up to is logtally.c's; must not know
 * what any of it proves.
 */
#include "import/input.h"
#include "import/logtally.h"
#include "import/unread.h"

#include "base/addr.h"

#define COLUMNS_MAX 128u

/* The columns that count; all others are skipped over. */
enum column {
	C_DATE,
	C_TIME,
	C_SERVER,
	C_METHOD,
	C_STEM,
	C_QUERY,
	C_PORT,
	C_USER,
	C_CLIENT,
	C_AGENT,
	C_STATUS,
	C_SUBSTATUS,
	C_WIN32,
	C_TAKEN,
	C_COUNT,
	C_OTHER = C_COUNT
};

static const char *const column_names[C_COUNT] = { "date", "time", "s-ip", "cs-method", "cs-uri-stem", "cs-uri-query",
	"s-port", "cs-username", "c-ip", "cs(user-agent)", "sc-status", "sc-substatus", "sc-win32-status",
	"time-taken" };

/* What IIS logs unless it is told otherwise: 7.x, and since 8 with the referrer. */
static const uint8_t usual_14[] = { C_DATE, C_TIME, C_SERVER, C_METHOD, C_STEM, C_QUERY, C_PORT, C_USER, C_CLIENT,
	C_AGENT, C_STATUS, C_SUBSTATUS, C_WIN32, C_TAKEN };
static const uint8_t usual_15[] = { C_DATE, C_TIME, C_SERVER, C_METHOD, C_STEM, C_QUERY, C_PORT, C_USER, C_CLIENT,
	C_AGENT, C_OTHER, C_STATUS, C_SUBSTATUS, C_WIN32, C_TAKEN };

struct slice {
	const char *s; /* NULL: the column is not logged */
	size_t n;
};

struct reader {
	struct tally tally;
	struct strbuf carry; /* the beginning of a line that the last piece left */
	bool overlong;       /* the line is beyond the bound; its rest is passed over */
	bool no_memory;

	uint8_t columns[COLUMNS_MAX];
	size_t count;   /* of columns */
	bool stated;    /* there was a #Fields line */
	bool useful;    /* and it names what is needed */
	bool directive; /* some directive was seen: it is a log, even without requests */

	/* The addresses of the last request: most lines repeat them. */
	char server_text[ADDR_TEXT], client_text[ADDR_TEXT];
	size_t server_len, client_len;
	uint8_t server[16], client[16];

	uint64_t lines, requests, skipped;
	bool has_client;
};

/* ---- Columns ------------------------------------------------------------ */

/* Length of the blank at s: also the no-break spaces of web pages. */
static inline size_t
blank_len(const char *s, const char *end)
{
	if (*s == ' ' || *s == '\t')
		return 1;
	return *s == '\xc2' && end - s > 1 && s[1] == '\xa0' ? 2 : 0;
}

/* Bytes at which a column may end. */
static const bool stops[256] = { [' '] = true, ['\t'] = true, [0xc2] = true };

/* Splits at blanks; answers how many columns there are, `max` + 1 for more than that. */
static size_t
split(const char *s, size_t n, struct slice *out, size_t max)
{
	const char *end = s + n;
	size_t count = 0, blank;

	for (;;) {
		const char *from;

		while (s < end && (blank = blank_len(s, end)) > 0)
			s += blank;
		if (s == end)
			return count;
		if (count == max)
			return max + 1;
		from = s;
		while (s < end && (!stops[(unsigned char)*s] || blank_len(s, end) == 0))
			s++;
		out[count].s = from;
		out[count++].n = (size_t)(s - from);
	}
}

/* "-", also as the dashes into which web pages turn it: in UTF-8 (U+2010 to U+2015,
 * U+2212) and in windows-1252. */
static bool
is_nothing(const struct slice *c)
{
	const unsigned char *u = (const unsigned char *)c->s;

	if (c->s == NULL)
		return true;
	if (c->n == 1)
		return u[0] == '-' || u[0] == 0x96 || u[0] == 0x97;
	return c->n == 3 && u[0] == 0xe2 &&
	    ((u[1] == 0x80 && u[2] >= 0x90 && u[2] <= 0x95) || (u[1] == 0x88 && u[2] == 0x92));
}

static bool
is_word(const struct slice *c, const char *word)
{
	return c->s != NULL && strlen(word) == c->n && ascii_ncasecmp(c->s, word, c->n) == 0;
}

/* #Fields: NAME... holds for all lines up to the next one. One that does not name what is
 * needed, or too much, makes those lines no requests. */
static void
read_fields(struct reader *r, const char *s, size_t n)
{
	struct slice names[COLUMNS_MAX];
	bool have[C_COUNT + 1] = { false };

	r->stated = true;
	r->count = split(s, n, names, COLUMNS_MAX);
	for (size_t i = 0; r->count <= COLUMNS_MAX && i < r->count; i++) {
		uint8_t c = 0;

		while (c < C_COUNT && !is_word(&names[i], column_names[c]))
			c++;
		if (have[c])
			c = C_OTHER; /* named again */
		have[c] = true;
		r->columns[i] = c;
	}
	r->useful = r->count <= COLUMNS_MAX && have[C_SERVER] && have[C_STEM];
}

static void
read_directive(struct reader *r, const char *s, size_t n)
{
	static const char *const words[] = {
		"#Software:", "#Version:", "#Date:", "#Start-Date:", "#End-Date:", "#Remark:"
	};
	static const char fields[] = "#Fields:";
	size_t len = sizeof(fields) - 1;

	if (n >= len && ascii_ncasecmp(s, fields, len) == 0) {
		r->directive = true;
		read_fields(r, s + len, n - len);
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		len = strlen(words[i]);
		r->directive = r->directive || (n >= len && ascii_ncasecmp(s, words[i], len) == 0);
	}
}

/* ---- Values ------------------------------------------------------------- */

/* A number from 0 to max, 0 when it is not logged. false: anything else. */
static bool
number(const struct slice *c, uint32_t max, uint32_t *v)
{
	uint64_t sum = 0;

	*v = 0;
	if (is_nothing(c))
		return true;
	if (c->n > 10)
		return false;
	for (size_t i = 0; i < c->n; i++) {
		if (c->s[i] < '0' || c->s[i] > '9')
			return false;
		sum = sum * 10 + (uint64_t)(c->s[i] - '0');
	}
	*v = (uint32_t)sum;
	return sum <= max;
}

/* Digits where the pattern has 0, itself elsewhere. */
static bool
has_form(const struct slice *c, const char *pattern)
{
	if (c->s == NULL)
		return true;
	if (c->n != strlen(pattern))
		return false;
	for (size_t i = 0; i < c->n; i++) {
		if (pattern[i] == '0' ? c->s[i] < '0' || c->s[i] > '9' : c->s[i] != pattern[i])
			return false;
	}
	return true;
}

/* An address, with the zone that Windows appends. Text and bytes are those of the last line. */
static bool
address(const struct slice *c, char text[ADDR_TEXT], size_t *len, uint8_t a[16])
{
	const char *zone;

	if (c->s == NULL)
		return false;
	if (c->n == *len && memcmp(c->s, text, c->n) == 0)
		return true;
	*len = 0;
	if (c->n >= ADDR_TEXT)
		return false;
	memcpy(text, c->s, c->n);
	text[c->n] = '\0';
	if (memchr(c->s, '\0', c->n) != NULL)
		return false;
	zone = strchr(text, '%');
	if (zone != NULL)
		text[zone - text] = '\0';
	if (!addr_parse(text, a))
		return false;
	if (zone != NULL)
		text[zone - text] = '%';
	*len = c->n;
	return true;
}

/* ---- Paths -------------------------------------------------------------- */

static int
hex_digit(char c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The first segment in lower case, percent-decoded once; "" when it is longer than any
 * that counts. Answers its length in the stem, with the slash in front. */
static size_t
first_segment(const struct slice *stem, char *out, size_t room)
{
	size_t i = 1, n = 0;

	out[0] = '\0';
	if (stem->n == 0 || stem->s[0] != '/')
		return 0;
	for (; i < stem->n && stem->s[i] != '/'; i++) {
		char c = stem->s[i];

		if (c == '%' && stem->n - i > 2 && hex_digit(stem->s[i + 1]) >= 0 && hex_digit(stem->s[i + 2]) >= 0) {
			c = (char)(hex_digit(stem->s[i + 1]) << 4 | hex_digit(stem->s[i + 2]));
			i += 2;
		}
		if (n + 1 < room)
			out[n] = ascii_lower(c);
		n++;
	}
	out[n + 1 <= room ? n : 0] = '\0';
	return i;
}

static enum log_part
part_of(const char *segment)
{
	static const struct {
		const char *segment;
		enum log_part part;
	} rows[] = {
		{ "webticket", LOG_WEB_TICKET },
		{ "certprov", LOG_CERT_PROV },
		{ "meet", LOG_SIMPLE_URL },
		{ "dialin", LOG_SIMPLE_URL },
		{ "autodiscover", LOG_AUTODISCOVER },
		{ "groupexpansion", LOG_GROUP },
		{ "abs", LOG_ADDRESS_BOOK },
		{ "rgsclients", LOG_RGS },
		{ "ucwa", LOG_UCWA },
		{ "mcx", LOG_UCWA },
		{ "datacollabweb", LOG_CONTENT },
		{ "collabcontent", LOG_CONTENT },
		{ "reach", LOG_CONTENT },
		{ "lwa", LOG_CONTENT },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].segment, segment) == 0)
			return rows[i].part;
	}
	return LOG_OTHER;
}

/* Does the query hold the parameter sipuri? */
static bool
asks_for_user(const struct slice *query)
{
	static const char name[] = "sipuri=";
	size_t len = sizeof(name) - 1;

	for (size_t i = 0; query->s != NULL && i + len <= query->n; i++) {
		if ((i == 0 || query->s[i - 1] == '&' || query->s[i - 1] == '?') &&
		    ascii_ncasecmp(query->s + i, name, len) == 0)
			return true;
	}
	return false;
}

static void
read_path(struct log_request *q, const struct slice *stem, const struct slice *query, bool post)
{
	static const char service[] = "/WebTicketService.svc", cert[] = "/cert";
	char segment[16]; /* "groupexpansion" and its end */
	size_t n = first_segment(stem, segment, sizeof(segment)), left;
	const char *rest = stem->s + n;

	left = stem->n - n;
	q->part = part_of(segment);
	if (n == 1 && stem->n == 1 && asks_for_user(query))
		q->part = LOG_AUTODISCOVER;
	if (q->part != LOG_WEB_TICKET || !post)
		return;
	q->ticket = left == sizeof(service) - 1 && ascii_ncasecmp(rest, service, left) == 0;
	q->cert =
	    left >= sizeof(cert) - 1 && ascii_ncasecmp(rest + left - (sizeof(cert) - 1), cert, sizeof(cert) - 1) == 0;
}

/* ---- Lines -------------------------------------------------------------- */

/* The line's columns by name. false: it does not have as many as it should. */
static bool
read_columns(const struct reader *r, const char *s, size_t n, struct slice col[C_COUNT + 1])
{
	struct slice all[COLUMNS_MAX];
	size_t count = split(s, n, all, COLUMNS_MAX);
	const uint8_t *which = r->columns;

	if (r->stated ? !r->useful || count != r->count : count != sizeof(usual_14) && count != sizeof(usual_15))
		return false;
	if (!r->stated)
		which = count == sizeof(usual_14) ? usual_14 : usual_15;
	memset(col, 0, (C_COUNT + 1) * sizeof(col[0]));
	for (size_t i = 0; i < count; i++)
		col[which[i]] = all[i];
	return true;
}

/* false: the line makes no sense. */
static bool
read_request(struct reader *r, const char *s, size_t n)
{
	struct slice col[C_COUNT + 1];
	struct log_request q = { .has_client = false };
	uint32_t port;

	if (memchr(s, '\0', n) != NULL || !read_columns(r, s, n, col))
		return false;
	if (!has_form(&col[C_DATE], "0000-00-00") || !has_form(&col[C_TIME], "00:00:00") ||
	    !number(&col[C_PORT], 65535, &port) || !number(&col[C_STATUS], 999, &q.status) ||
	    !number(&col[C_SUBSTATUS], 999, &q.substatus) || !number(&col[C_WIN32], UINT32_MAX, &q.win32) ||
	    !number(&col[C_TAKEN], UINT32_MAX, &q.taken))
		return false;
	q.has_client = !is_nothing(&col[C_CLIENT]);
	if (!address(&col[C_SERVER], r->server_text, &r->server_len, r->server) ||
	    (q.has_client && !address(&col[C_CLIENT], r->client_text, &r->client_len, r->client)))
		return false;
	memcpy(q.server, r->server, sizeof(q.server));
	memcpy(q.client, r->client, sizeof(q.client));
	q.port = (uint16_t)port;
	q.user = col[C_USER].s == NULL || !is_nothing(&col[C_USER]);
	q.agent = col[C_AGENT].s;
	q.agent_len = col[C_AGENT].n;
	/* A log without methods says nothing of sign-ins. */
	read_path(&q, &col[C_STEM], &col[C_QUERY], is_word(&col[C_METHOD], "POST"));
	r->requests++;
	r->has_client = r->has_client || q.has_client;
	if (!tally_request(&r->tally, &q))
		r->no_memory = true;
	return true;
}

/* One line without its end. NUL at its ends is what a server leaves that was switched off;
 * a BOM stands where files were joined. */
static void
read_line(struct reader *r, const char *s, size_t n)
{
	const char *end = s + n;
	size_t blank;

	r->lines++;
	for (;;) {
		if (s < end && (*s == '\0' || *s == '\r'))
			s++;
		else if (s < end && (blank = blank_len(s, end)) > 0)
			s += blank;
		else if (end - s >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
			s += 3;
		else
			break;
	}
	while (end > s && (end[-1] == '\0' || end[-1] == '\r' || end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (s == end)
		return;
	if (*s == '#')
		read_directive(r, s, (size_t)(end - s));
	else if (!read_request(r, s, (size_t)(end - s)))
		r->skipped++;
}

static void
end_line(struct reader *r)
{
	if (r->overlong) {
		r->lines++;
		r->skipped++;
	} else {
		read_line(r, r->carry.s, r->carry.len);
	}
	r->overlong = false;
	sb_clear(&r->carry);
}

static bool
on_bytes(void *ctx, const char *s, size_t n)
{
	struct reader *r = ctx;
	const char *end = s + n;

	while (s < end && !r->no_memory) {
		const char *nl = memchr(s, '\n', (size_t)(end - s));
		size_t len = (size_t)((nl != NULL ? nl : end) - s);

		if (nl != NULL && r->carry.len == 0 && !r->overlong && len <= LOG_MAX_LINE) {
			read_line(r, s, len);
		} else {
			r->overlong = r->overlong || len > LOG_MAX_LINE - r->carry.len;
			if (!r->overlong)
				sb_putn(&r->carry, s, len);
			r->no_memory = r->no_memory || r->carry.failed;
			if (nl != NULL && !r->no_memory)
				end_line(r);
		}
		s = nl != NULL ? nl + 1 : end;
	}
	return !r->no_memory;
}

/* ---- Files -------------------------------------------------------------- */

/* The number in the folder's name W3SVCn, 0 when there is none. */
static int
site_of(const char *path)
{
	static const char prefix[] = "W3SVC";
	size_t len = sizeof(prefix) - 1;
	int id = 0;

	for (;;) {
		size_t n = strcspn(path, "/\\");
		struct slice digits = { path + len, n - len };
		uint32_t v;

		if (path[n] == '\0')
			return id; /* the file itself */
		if (n > len && ascii_ncasecmp(path, prefix, len) == 0 && number(&digits, INT32_MAX, &v))
			id = (int)v;
		path += n + 1;
	}
}

/* Puts what was read into the site, all of it or nothing. */
static enum tmg_status
add_file(struct reader *r, struct site *s, const char *file)
{
	struct log_file *log = arena_alloc(&s->mem, sizeof(*log));

	if (log == NULL || !tally_prepare(&r->tally, s))
		return TMG_ENOMEM;
	*log = (struct log_file){ .file = file, .lines = r->lines, .requests = r->requests, .skipped = r->skipped };
	log->site_id = site_of(file);
	log->has_client = r->has_client;
	if (r->requests == 0)
		diag_file(&s->diags, D_LOG_EMPTY, file, 0, "%s",
		    r->stated && !r->useful ? "its #Fields line does not name s-ip and cs-uri-stem" : "");
	if (r->skipped > 0)
		diag_file(&s->diags, D_LOG_SKIPPED, file, 0, "%llu of %llu", (unsigned long long)r->skipped,
		    (unsigned long long)r->lines);
	if (r->tally.bounded)
		diag_file(&s->diags, D_LOG_BOUND, file, 0, "%s", "");
	if (s->diags.failed)
		return TMG_ENOMEM;
	tally_commit(&r->tally, s);
	*s->last_log = log;
	s->last_log = &log->next;
	return TMG_OK;
}

enum tmg_status
iislog_read(struct site *s, const char *path)
{
	const struct input_source src = { .path = path };
	const struct input_options opt = { .budget = &s->budget, .bytes = true };
	struct reader r = { .no_memory = false };
	enum tmg_status rc = TMG_ENOMEM;
	struct input_result res;
	struct hmap flows, clients;
	struct arena mem;
	uint64_t pages = 0;
	const char *file;

	arena_init(&mem, &s->budget);
	hmap_init(&flows, &s->budget);
	hmap_init(&clients, &s->budget);
	tally_init(&r.tally, &mem, &flows, &clients, &pages);
	sb_init(&r.carry, &s->budget);
	file = arena_str(&s->mem, path);
	if (file == NULL) {
		rc = TMG_ENOMEM;
		goto out;
	}
	input_pump(&src, &opt, on_bytes, &r, &res);
	if (res.error == INPUT_OK && (r.carry.len > 0 || r.overlong))
		end_line(&r);
	if (r.no_memory)
		rc = TMG_ENOMEM;
	else if (res.error != INPUT_OK && res.error != INPUT_EMPTY)
		rc = unread(s, file, &res, D_LOG_KIND);
	else if (r.requests == 0 && !r.directive && r.lines > 0 && r.skipped > 0) {
		diag_file(&s->diags, D_LOG_KIND, file, 0, "%s", "");
		rc = s->diags.failed ? TMG_ENOMEM : TMG_EINPUT;
	} else {
		rc = add_file(&r, s, file);
	}
out:
	sb_free(&r.carry);
	hmap_free(&clients);
	hmap_free(&flows);
	arena_free(&mem);
	return rc;
}
