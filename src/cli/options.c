/*
 * The command line: long options are never abbreviated, every value is
 * checked here, and what is wrong is said in one line that names the nearest
 * right word. Knows the words of the command, nothing of exports.
 */
#include "cli/options.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/summary.h"

#define INS CMD_INSPECT
#define CON CMD_CONVERT
#define EXP CMD_EXPLAIN
#define TRC CMD_TRACE
#define AUD CMD_AUDIT

/* clang-format off */
const struct option_row option_rows[] = {
	{ O_TARGET, 't', NULL, "TARGET[,TARGET...]", CON, "what to write for: nginx, haproxy or all; may be repeated" },
	{ O_OUTPUT, 'o', NULL, "FILE|DIR", AUD | INS | CON | TRC, "inspect, audit and trace: write to FILE instead of standard output; convert: the output directory" },
	{ O_FORMAT, 'f', NULL, "FORMAT", AUD | INS | TRC, "text (default) or json; audit: sarif, gcc, csv, markdown and html, too" },
	{ O_CERT_DIR, 0, "cert-dir", "DIR", CON, "where the certificates will lie on the proxy (default /etc/tmgport/certs)" },
	{ O_CA_FILE, 0, "ca-file", "FILE", CON, "authorities that the servers' certificates are checked against (default backend-ca.pem in --cert-dir)" },
	{ O_BIND, 0, "bind", "LISTENER=ADDRESS", CON | TRC, "the address of a listener (name or GUID) for which the export holds none; may be repeated" },
	{ O_PASS_THROUGH, 0, "pass-through", "RULE", CON | TRC, "open a rule (name or GUID, or all) that is closed because the proxy cannot enforce what it asks for; may be repeated" },
	{ O_FROM, 0, "from", "ADDRESS", TRC, "the client (default: somebody of no known network)" },
	{ O_ON, 0, "on", "ADDRESS[:PORT]", TRC, "where the request arrives (default: the listener that owns the URL's port)" },
	{ O_AT, 0, "at", "TIME", TRC, "local time for schedules, as 2026-11-22T14:05 (default: now)" },
	{ O_METHOD, 0, "method", "METHOD", TRC, "method of the request, for HTTP filters (default: GET)" },
	{ O_URLS, 0, "urls", "FILE", TRC, "read requests from FILE, or - for standard input, one a line: URL, client, address:port and method, with tabs between them" },
	{ O_TOPOLOGY, 0, "topology", "FILE", AUD, "pools and names: Get-CsTopology -AsXml, a .tbxml, Get-CsService -WebServer, Get-CsSimpleUrlConfiguration, Export-CsConfiguration, or our own JSON; may be repeated" },
	{ O_IIS_LOG, 0, "iis-log", "FILE", AUD, "log of a server's external web site; may be repeated" },
	{ O_CERT, 0, "cert", "[LISTENER=]FILE", AUD, "certificate of a listener, PEM or DER; may be repeated" },
	{ O_BASELINE, 0, "baseline", "FILE", AUD, "what an earlier run wrote with -f json: findings that it holds are hidden and do not count; those that are gone are listed" },
	{ O_FIX_PLAN, 0, "fix-plan", NULL, AUD, "print the changes that mend what was found: steps in the console, and a script (never run)" },
	{ O_FIXED, 0, "fixed", "FILE", AUD, "also write the export with these changes to FILE, everything else byte for byte; one FILE to read" },
	{ O_WITHOUT, 0, "without", "POOL|SITE", AUD, "what if it is down: which names go dead, where to point them, what still fails; needs a topology" },
	{ O_NO_VERIFY, 0, "no-verify", NULL, CON, "do not check the servers' certificates" },
	{ O_CLIENT_ADDRESS, 0, "client-address", "proxy|transparent", CON, "what servers see where a rule kept the client's address: the proxy's address (default), or the client's" },
	{ O_RUNTIME_DIR, 0, "runtime-dir", "DIR", CON, "sockets and process numbers on the proxy (default /run/tmgport)" },
	{ O_TARGET_VERSION, 0, "target-version", "TARGET=X.Y", CON, "the version that will run the output; one that is too old is refused; may be repeated" },
	{ O_FORCE, 0, "force", NULL, CON, "write into a directory that holds files already; files of the same name are replaced" },
	{ O_COMPARE, 0, "compare", "DIR", CON, "in place of -o: say whether DIR holds what would be written, and write nothing" },
	{ O_RESUME, 0, "resume", NULL, AUD | CON, "go on with a run over directories that was cut off; what is done and unchanged is not done again" },
	{ O_JOBS, 'j', NULL, "N", AUD | INS | CON, "exports of directories that are worked on at a time (default: as many as there are processors)" },
	{ O_SHARD, 0, "shard", "I/N", AUD | INS | CON, "only every Nth input, beginning with the Ith" },
	{ O_SUMMARY, 0, "summary", "FILE", AUD | INS | CON, "write a row for each input to FILE.json, FILE.csv or FILE.html" },
	{ O_NO_TIME, 0, "no-time", NULL, AUD | INS | CON, "leave the time out of the summary, the one thing in it that varies" },
	{ O_NO_SANDBOX, 0, "no-sandbox", NULL, AUD | INS | CON | TRC, "keep rights that are not needed to read the inputs" },
	{ O_ALLOW, 0, "allow", "ID[:DETAIL]", AUD | INS | CON | TRC, "accept messages of this id (with this detail): they count as notes; may be repeated" },
	{ O_FAIL_ON, 0, "fail-on", "LEVEL", AUD | INS | CON | TRC, "exit with 1 from this severity on: note, warning or error (default)" },
	{ O_SEVERITY, 'W', NULL, "LEVEL", AUD | INS | CON | TRC, "lowest severity shown: note, warning (default) or error" },
	{ O_QUIET, 'q', NULL, NULL, AUD | INS | CON | TRC, "show errors only; trace: the decision only" },
	{ O_VERBOSE, 'v', NULL, NULL, AUD | INS | CON | TRC, "show notes too, and how each file was read" },
	{ O_COLOR, 0, "color", "auto|always|never", AUD | INS | CON | TRC, "colours in messages (default auto; NO_COLOR is heeded)" },
	{ O_CHARSET, 0, "charset", "NAME", AUD | INS | CON | TRC, "charset of files that do not say it" },
	{ O_MAP, 0, "map", "PARENT/ELEMENT=ELEMENT", AUD | INS | CON | TRC, "read an element that is not known as one that is; may be repeated" },
	{ O_MAX_DEPTH, 0, "max-depth", "N", AUD | INS | CON | TRC, "limit on the nesting of elements (default 64)" },
	{ O_MAX_TEXT, 0, "max-text", "SIZE", AUD | INS | CON | TRC, "limit on the text of one element (default 16M)" },
	{ O_MAX_ELEMENTS, 0, "max-elements", "N", AUD | INS | CON | TRC, "limit on the elements of one file (default 400000000)" },
	{ O_MAX_SIZE, 0, "max-size", "SIZE", AUD | INS | CON | TRC, "limit on the size of one file, decompressed (default 16G)" },
	{ O_MAX_MEMORY, 0, "max-memory", "SIZE", AUD | INS | CON | TRC, "limit on the memory of a run (default none)" },
	{ O_LIST, 0, "list", NULL, EXP, "all checks of the audit, and what cannot be checked, with the reason" },
	{ O_HELP, 0, "help", NULL, AUD | INS | CON | EXP | TRC, "a page of help; --help all shows everything" },
	{ O_VERSION, 0, "version", NULL, AUD | INS | CON | EXP | TRC, "the version" },
};
/* clang-format on */
const size_t option_count = COUNT(option_rows);

bool
usage_error(const char *command, const char *fmt, ...)
{
	struct mem mem = { NULL, false };
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "tmgport: %s; see `tmgport%s%s --help`\n", shown(&mem, text), command != NULL ? " " : "",
	    command != NULL ? command : "");
	mem_free(&mem);
	return false;
}

/* ---- values --------------------------------------------------------------------------- */

struct parse {
	struct args *a;
	struct mem *mem;
	int argc;
	char **argv;
	const char *shown; /* the option as it was spelled */
	bool done;         /* help or version was printed */
};

static bool
bad_value(struct parse *p, const char *value, const char *wanted)
{
	usage_error(p->a->command_name, "%s: `%s` is not %s", p->shown, value, wanted);
	return false;
}

/* LEFT=RIGHT, cut at the first or last "=". */
static bool
split(struct parse *p, const char *value, bool last, const char *wanted, struct tmg_pair *pair)
{
	const char *eq = last ? strrchr(value, '=') : strchr(value, '=');

	if (eq == NULL || eq == value || eq[1] == '\0')
		return bad_value(p, value, wanted);
	pair->key = mem_strn(p->mem, value, (size_t)(eq - value));
	pair->value = eq + 1;
	return pair->key != NULL;
}

static bool
set_word(struct parse *p, const char *value, const char *first, const char *second, const char *third, int *to)
{
	const char *const words[] = { first, second, third };
	int i;

	for (i = 0; i < 3; i++) {
		if (words[i] != NULL && strcmp(value, words[i]) == 0) {
			*to = i;
			return true;
		}
	}
	if (third == NULL)
		return usage_error(p->a->command_name, "%s: `%s` is neither %s nor %s", p->shown, value, first, second);
	return usage_error(p->a->command_name, "%s: `%s` is none of %s, %s, %s", p->shown, value, first, second, third);
}

static bool
set_severity(struct parse *p, const char *value, enum tmg_severity *to)
{
	int level = 0;

	if (!set_word(p, value, "note", "warning", "error", &level))
		return false;
	*to = (enum tmg_severity)level;
	return true;
}

static bool
set_number(struct parse *p, const char *value, uint64_t most, uint64_t *to)
{
	static const char suffixes[] = "kMGT";
	const char *s = value, *suffix;
	uint64_t n = 0;
	size_t shift = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		if (n > (UINT64_MAX >> 8) / 10)
			return bad_value(p, value, "a number in range");
		n = n * 10 + (uint64_t)(*s - '0');
	}
	if (s != value && *s != '\0' && s[1] == '\0') {
		suffix = strchr(*s == 'K' ? "k" : suffixes, *s == 'K' ? 'k' : *s);
		shift = suffix == NULL ? 0 : *s == 'K' ? 10 : 10 * (size_t)(suffix - suffixes + 1);
		s += suffix != NULL;
	}
	if (s == value || *s != '\0')
		return bad_value(p, value, "a number, or a number with k, M, G or T");
	if (n == 0 || n > most >> shift)
		return bad_value(p, value, "a number in range");
	*to = n << shift;
	return true;
}

static bool
is_target(const char *name)
{
	const char *const *known = tmg_targets();

	while (*known != NULL && strcmp(*known, name) != 0)
		known++;
	return *known != NULL;
}

static bool
set_targets(struct parse *p, const char *value)
{
	const char *const *known = tmg_targets();
	const char *end, *name;
	size_t count;

	for (count = 0; known[count] != NULL; count++)
		;
	for (; value != NULL; value = *end == ',' ? end + 1 : NULL) {
		end = value + strcspn(value, ",");
		name = mem_strn(p->mem, value, (size_t)(end - value));
		if (name == NULL)
			return false;
		if (!is_target(name) && strcmp(name, "all") != 0)
			return usage_error(p->a->command_name, "-t: there is no target `%s`%s", name,
			    nearest(p->mem, name, known, count, ""));
		if (!strings_have(&p->a->targets, name) && !strings_add(p->mem, &p->a->targets, name))
			return false;
	}
	return true;
}

static bool
is_address(struct mem *mem, const char *s)
{
	unsigned char unused[16];
	size_t n = strlen(s);

	if (n > 2 && s[0] == '[' && s[n - 1] == ']')
		s = mem_strn(mem, s + 1, n - 2);
	return s != NULL && (inet_pton(AF_INET, s, unused) == 1 || inet_pton(AF_INET6, s, unused) == 1);
}

static bool
set_bind(struct parse *p, const char *value)
{
	struct tmg_pair pair = { NULL, NULL };

	if (!split(p, value, true, "LISTENER=ADDRESS", &pair))
		return false;
	if (!is_address(p->mem, pair.value))
		return bad_value(p, pair.value, "an IP address");
	p->a->binds.p[p->a->binds.n++] = pair;
	return true;
}

static bool
set_client(struct parse *p, const char *value)
{
	p->a->from = value;
	return is_address(p->mem, value) || bad_value(p, value, "an IP address");
}

/* Numbers with dots between them; the library compares them. */
static bool
is_version(const char *s)
{
	bool digit = false, dots = false;

	for (; *s != '\0'; s++) {
		if (*s == '.' && !digit)
			return false;
		if (*s != '.' && (*s < '0' || *s > '9'))
			return false;
		digit = *s != '.';
		dots = dots || *s == '.';
	}
	return digit && dots;
}

static bool
set_version(struct parse *p, const char *value)
{
	struct tmg_pair pair = { NULL, NULL };

	if (!split(p, value, false, "TARGET=VERSION", &pair))
		return false;
	if (!is_target(pair.key))
		return bad_value(p, pair.key, "a target");
	if (!is_version(pair.value))
		return bad_value(p, pair.value, "a version number");
	p->a->versions.p[p->a->versions.n++] = pair;
	return true;
}

static bool
set_map(struct parse *p, const char *value)
{
	struct tmg_pair pair = { NULL, NULL };

	if (!split(p, value, false, "PARENT/ELEMENT=ELEMENT", &pair))
		return false;
	if (strchr(pair.key, '/') == NULL)
		return bad_value(p, value, "PARENT/ELEMENT=ELEMENT");
	p->a->maps[p->a->in.map_count].from = pair.key;
	p->a->maps[p->a->in.map_count++].to = pair.value;
	return true;
}

/* An audit's findings are accepted by the id or the row of their check, and as a whole. */
static bool
is_check(const struct strings *checks, const char *value)
{
	for (size_t i = 0; i < checks->n; i++)
		if (strlen(value) == strlen(checks->s[i]) && same_letters(value, checks->s[i], strlen(value)))
			return true;
	return false;
}

static bool
set_allow(struct parse *p, const char *value)
{
	const char *id = mem_strn(p->mem, value, strcspn(value, ":"));
	struct strings ids = message_ids(p->mem), checks = { NULL, 0, 0 };

	if (p->a->command == CMD_AUDIT)
		checks = check_ids(p->mem);
	if (id == NULL || p->mem->failed)
		return false;
	if (is_check(&checks, value))
		return strings_add(p->mem, &p->a->allow, value);
	for (size_t i = 0; i < checks.n; i++)
		strings_add(p->mem, &ids, checks.s[i]);
	if (is_check(&checks, id))
		return usage_error(p->a->command_name, "%s: `%s` is a check, which takes no detail", p->shown, id);
	if (!strings_have(&ids, id))
		return usage_error(p->a->command_name, "%s: there is no message %s`%s`%s", p->shown,
		    p->a->command == CMD_AUDIT ? "or check " : "", id, nearest(p->mem, id, ids.s, ids.n, ""));
	return strings_add(p->mem, &p->a->allow, value);
}

static bool
set_format(struct parse *p, const char *value)
{
	static const char *const audit[] = { "text", "json", "sarif", "gcc", "csv", "markdown", "html" };
	int word = 0;

	p->a->format = value;
	if (p->a->command != CMD_AUDIT)
		return set_word(p, value, "text", "json", NULL, &word);
	for (size_t i = 0; i < COUNT(audit); i++)
		if (strcmp(value, audit[i]) == 0)
			return true;
	return usage_error(p->a->command_name, "%s: there is no format `%s`%s", p->shown, value,
	    nearest(p->mem, value, audit, COUNT(audit), ""));
}

/* "LISTENER=FILE" or "FILE": a file of the whole name comes first. */
static bool
set_certificate(struct parse *p, const char *value)
{
	const char *eq = strchr(value, '=');
	struct tmg_pair pair = { NULL, value };

	if (eq != NULL && eq != value && eq[1] != '\0' && access(value, F_OK) != 0) {
		pair.key = mem_strn(p->mem, value, (size_t)(eq - value));
		pair.value = eq + 1;
	}
	p->a->certs.p[p->a->certs.n++] = pair;
	return true;
}

/* A place on the proxy's machine. */
static bool
set_place(struct parse *p, const char *value, const char **to)
{
	if (value[0] != '/' || !is_plain(value))
		return bad_value(p, value, "an absolute path without control characters");
	*to = value;
	return true;
}

/* I/N */
static bool
set_shard(struct parse *p, const char *value)
{
	const char *slash = strchr(value, '/');
	char *first = slash != NULL ? mem_strn(p->mem, value, (size_t)(slash - value)) : NULL;
	uint64_t part = 0, parts = 0;

	if (first == NULL || strspn(first, "0123456789") != strlen(first) ||
	    strspn(slash + 1, "0123456789") != strlen(slash + 1))
		return bad_value(p, value, "I/N, as 2/8");
	if (!set_number(p, first, 1000000, &part) || !set_number(p, slash + 1, 1000000, &parts))
		return false;
	p->a->part = (size_t)part;
	p->a->parts = (size_t)parts;
	return part <= parts || bad_value(p, value, "I/N with I up to N");
}

static bool
set_jobs(struct parse *p, const char *value)
{
	uint64_t n = 0;

	if (!set_number(p, value, 1024, &n))
		return false;
	p->a->workers = (size_t)n;
	return true;
}

static bool
set_summary(struct parse *p, const char *value)
{
	p->a->summary = value;
	return summary_is_form(value) || bad_value(p, value, "a name that ends in .json, .csv or .html");
}

static bool
set_limit(struct parse *p, enum option id, const char *value)
{
	struct tmg_limits *l = &p->a->in.limits;
	uint64_t depth = 0;

	switch (id) {
	case O_MAX_DEPTH:
		if (!set_number(p, value, 100000, &depth))
			return false;
		l->max_depth = (uint32_t)depth;
		return true;
	case O_MAX_TEXT: return set_number(p, value, INT64_MAX, &l->max_text);
	case O_MAX_ELEMENTS: return set_number(p, value, INT64_MAX, &l->max_elements);
	case O_MAX_SIZE: return set_number(p, value, INT64_MAX, &l->max_size);
	default: return set_number(p, value, INT64_MAX, &l->max_memory);
	}
}

static bool
set_option(struct parse *p, enum option id, const char *value)
{
	struct args *a = p->a;
	int word = 0;
	bool good = true;

	switch (id) {
	case O_ALLOW: return set_allow(p, value);
	case O_BIND: return set_bind(p, value);
	case O_CA_FILE: return set_place(p, value, &a->ca_file);
	case O_CERT_DIR: return set_place(p, value, &a->cert_dir);
	case O_RUNTIME_DIR: return set_place(p, value, &a->runtime_dir);
	case O_FAIL_ON: return set_severity(p, value, &a->fail_on);
	case O_SEVERITY: return set_severity(p, value, &a->show);
	case O_MAP: return set_map(p, value);
	case O_TARGET: return set_targets(p, value);
	case O_TARGET_VERSION: return set_version(p, value);
	case O_TOPOLOGY: return strings_add(p->mem, &a->topologies, value);
	case O_BASELINE: a->baseline = value; break;
	case O_LIST: a->list = true; break;
	case O_IIS_LOG: return strings_add(p->mem, &a->logs, value);
	case O_FIX_PLAN: a->fix_plan = true; break;
	case O_FIXED: a->fixed = value; break;
	case O_WITHOUT: a->without = value; break;
	case O_CERT: return set_certificate(p, value);
	case O_CHARSET: a->in.charset = value; break;
	case O_FROM: return set_client(p, value);
	case O_ON: a->on = value; break;
	case O_URLS: a->urls = value; break;
	case O_AT: return trace_time_read(&a->at, value) || bad_value(p, value, "a time as 2026-11-22T14:05");
	case O_METHOD: a->method = value; return trace_is_method(value) || bad_value(p, value, "a method");
	case O_COMPARE: a->compare = value; break;
	case O_JOBS: return set_jobs(p, value);
	case O_SHARD: return set_shard(p, value);
	case O_SUMMARY: return set_summary(p, value);
	case O_RESUME: a->resume = true; break;
	case O_NO_SANDBOX: a->no_sandbox = true; break;
	case O_NO_TIME: a->no_time = true; break;
	case O_FORCE: a->force = true; break;
	case O_NO_VERIFY: a->no_verify = true; break;
	case O_OUTPUT: a->output = value; break;
	case O_PASS_THROUGH: return strings_add(p->mem, &a->pass_through, value);
	case O_QUIET:
		a->quiet = true;
		a->show = TMG_ERROR;
		break;
	case O_VERBOSE:
		a->verbose = true;
		a->show = TMG_NOTE;
		break;
	case O_FORMAT: return set_format(p, value);
	case O_CLIENT_ADDRESS:
		good = set_word(p, value, "proxy", "transparent", NULL, &word);
		a->transparent = word == 1;
		break;
	case O_COLOR:
		good = set_word(p, value, "auto", "always", "never", &word);
		a->color = (enum color)word;
		break;
	default: return set_limit(p, id, value);
	}
	return good;
}

/* ---- words of the command line ------------------------------------------------------------ */

static const struct option_row *
find_long(const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < option_count; i++)
		if (option_rows[i].name != NULL && strlen(option_rows[i].name) == n &&
		    strncmp(option_rows[i].name, name, n) == 0)
			return &option_rows[i];
	return NULL;
}

static const struct option_row *
find_short(char letter)
{
	size_t i;

	for (i = 0; i < option_count; i++)
		if (option_rows[i].letter == letter)
			return &option_rows[i];
	return NULL;
}

static bool
unknown_long(struct parse *p, const char *name)
{
	const char *names[COUNT(option_rows)];
	size_t i, n = 0;

	for (i = 0; i < option_count; i++)
		if (option_rows[i].name != NULL && (option_rows[i].commands & p->a->command) != 0)
			names[n++] = option_rows[i].name;
	return usage_error(
	    p->a->command_name, "there is no option `--%s`%s", name, nearest(p->mem, name, names, n, "--"));
}

static bool
show_help(struct parse *p, enum command c, const char *more)
{
	if (more != NULL && strcmp(more, "all") == 0)
		help_all(c);
	else
		help_short(c);
	p->done = true;
	return true;
}

/* An option that was found; takes its value from behind "=" or from the next
 * word. *i is the place of the option in argv. */
static bool
take(struct parse *p, const struct option_row *row, const char *attached, int *i)
{
	if ((row->commands & p->a->command) == 0)
		return usage_error(p->a->command_name, "`%s` has no option %s", p->a->command_name, p->shown);
	if (row->id == O_HELP)
		return show_help(p, p->a->command,
		    attached != NULL       ? attached
			: *i + 1 < p->argc ? p->argv[*i + 1]
					   : NULL);
	if (row->id == O_VERSION) {
		printf("tmgport %s\n", tmg_version());
		p->done = true;
		return true;
	}
	if (row->value == NULL && attached != NULL)
		return usage_error(p->a->command_name, "%s takes no value", p->shown);
	if (row->value == NULL)
		return set_option(p, row->id, NULL);
	if (attached == NULL) {
		if (*i + 1 >= p->argc)
			return usage_error(p->a->command_name, "%s needs a value (%s)", p->shown, row->value);
		attached = p->argv[++*i];
	}
	if (attached[0] == '\0')
		return usage_error(p->a->command_name, "%s: the value is empty", p->shown);
	return set_option(p, row->id, attached);
}

static bool
take_long(struct parse *p, int *i)
{
	const char *name = p->argv[*i] + 2, *eq = strchr(name, '=');
	size_t n = eq != NULL ? (size_t)(eq - name) : strlen(name);
	const struct option_row *row = find_long(name, n);

	p->shown = mem_fmt(p->mem, "--%.*s", (int)n, name);
	if (p->shown == NULL)
		return false;
	if (row == NULL)
		return unknown_long(p, p->shown + 2);
	return take(p, row, eq != NULL ? eq + 1 : NULL, i);
}

/* "-qv", "-onginx", "-o nginx". */
static bool
take_short(struct parse *p, int *i)
{
	const char *s = p->argv[*i] + 1;
	const struct option_row *row;

	for (; *s != '\0' && !p->done; s++) {
		p->shown = mem_fmt(p->mem, "-%c", *s);
		row = find_short(*s);
		if (p->shown == NULL)
			return false;
		if (row == NULL)
			return usage_error(p->a->command_name, "there is no option `%s`", p->shown);
		if (row->value != NULL)
			return take(p, row, s[1] != '\0' ? s + 1 : NULL, i);
		if (!take(p, row, NULL, i))
			return false;
	}
	return true;
}

static bool
take_words(struct parse *p)
{
	bool options = true, good = true;
	int i;

	for (i = 2; i < p->argc && good && !p->done; i++) {
		const char *s = p->argv[i];

		if (options && strcmp(s, "--") == 0)
			options = false;
		else if (options && strncmp(s, "--", 2) == 0)
			good = take_long(p, &i);
		else if (options && s[0] == '-' && s[1] != '\0')
			good = take_short(p, &i);
		else if (s[0] == '\0')
			good = usage_error(p->a->command_name, "a file name is empty");
		else
			good = strings_add(p->mem, &p->a->files, s);
	}
	return good;
}

static bool
take_command(struct parse *p)
{
	static const enum command commands[] = { CMD_INSPECT, CMD_AUDIT, CMD_CONVERT, CMD_EXPLAIN, CMD_TRACE };
	const char *word = p->argc > 1 ? p->argv[1] : NULL;
	size_t i;

	if (word == NULL)
		return usage_error(NULL, "a command is missing: inspect, audit, convert, trace or explain");
	if (strcmp(word, "--help") == 0)
		return show_help(p, CMD_NONE, p->argc > 2 ? p->argv[2] : NULL);
	if (strcmp(word, "--version") == 0) {
		printf("tmgport %s\n", tmg_version());
		p->done = true;
		return true;
	}
	for (i = 0; i < command_count; i++) {
		if (strcmp(word, command_names[i]) == 0) {
			p->a->command = commands[i];
			p->a->command_name = command_names[i];
			return true;
		}
	}
	if (word[0] == '-')
		return usage_error(NULL, "the command comes first, then `%s`", word);
	return usage_error(
	    NULL, "there is no command `%s`%s", word, nearest(p->mem, word, command_names, command_count, ""));
}

/* trace FILE... URL, or trace FILE... --urls LIST. */
static bool
complete_trace(struct args *a)
{
	if (a->urls == NULL && a->files.n == 1)
		return usage_error(a->command_name, "a URL is missing, or --urls");
	if (a->urls == NULL)
		a->url = a->files.s[--a->files.n];
	else if (strcmp(a->urls, "-") == 0 && strings_have(&a->files, "-"))
		return usage_error(a->command_name, "standard input can be read once only");
	return true;
}

static bool
complete_convert(struct args *a)
{
	if (a->targets.n == 0)
		return usage_error(a->command_name, "a target is missing: -t nginx, -t haproxy or -t all");
	if (a->compare != NULL && (a->output != NULL || a->resume || a->force))
		return usage_error(
		    a->command_name, "--compare writes nothing: -o, --resume and --force do not go with it");
	if (a->output == NULL && a->compare == NULL)
		return usage_error(a->command_name, "an output directory is missing: -o DIR");
	if (a->output != NULL && strcmp(a->output, "-") == 0)
		return usage_error(a->command_name, "-o: a directory is needed, not standard output");
	return true;
}

static bool
complete(struct args *a)
{
	size_t i, inputs = 0;

	for (i = 0; i < a->files.n; i++)
		inputs += strcmp(a->files.s[i], "-") == 0;
	if (a->command == CMD_EXPLAIN && a->list && a->files.n > 0)
		return usage_error(a->command_name, "--list takes no word");
	if (a->command == CMD_EXPLAIN)
		return a->files.n <= 1 || usage_error(a->command_name, "one word at most, not %zu", a->files.n);
	if (a->fixed != NULL && (a->files.n != 1 || inputs > 0))
		return usage_error(a->command_name, "--fixed needs one FILE, and not standard input");
	if (a->fixed != NULL && strcmp(a->fixed, "-") == 0 && (a->output == NULL || strcmp(a->output, "-") == 0))
		return usage_error(
		    a->command_name, "--fixed -: standard output takes the findings; give them a file (-o)");
	if (a->without != NULL && a->topologies.n == 0)
		return usage_error(a->command_name, "--without needs a topology: --topology FILE");
	if (a->command == CMD_AUDIT && a->resume && (a->output == NULL || strcmp(a->output, "-") == 0))
		return usage_error(a->command_name, "--resume needs a file to write to: -o FILE");
	if (a->command == CMD_AUDIT && a->files.n == 0 && (a->topologies.n > 0 || a->logs.n > 0))
		return true;
	if (a->files.n == 0)
		return usage_error(a->command_name, "a file is missing");
	if (inputs > 1)
		return usage_error(a->command_name, "standard input can be read once only");
	if (a->command == CMD_TRACE)
		return complete_trace(a);
	return a->command != CMD_CONVERT || complete_convert(a);
}

bool
args_parse(struct run *r, int argc, char **argv, int *status)
{
	struct args *a = &r->args;
	struct parse p = { a, &r->mem, argc, argv, NULL, false };
	size_t n = (size_t)argc + 1; /* no list of pairs can be longer */

	a->binds.p = mem_array(&r->mem, n, sizeof(struct tmg_pair));
	a->versions.p = mem_array(&r->mem, n, sizeof(struct tmg_pair));
	a->certs.p = mem_array(&r->mem, n, sizeof(struct tmg_pair));
	a->maps = mem_array(&r->mem, n, sizeof(struct tmg_map));
	a->in.maps = a->maps;
	a->format = "text";
	a->show = TMG_WARNING;
	a->fail_on = TMG_ERROR;
	*status = EXIT_USAGE;
	if (r->mem.failed || !take_command(&p) || (!p.done && !take_words(&p)) || r->mem.failed) {
		if (r->mem.failed) {
			out_of_memory(r);
			*status = EXIT_OUTPUT;
		}
		return false;
	}
	if (p.done) {
		*status = fflush(stdout) == 0 && !ferror(stdout) ? EXIT_DONE : EXIT_OUTPUT;
		return false;
	}
	return complete(a);
}
