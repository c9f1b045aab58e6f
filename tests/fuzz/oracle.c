/*
 * What any output must be, whatever the input was: readable as its format, and
 * of configurations that every statement is one that a writer has. A name that
 * got out of its quotes shows up as a statement that nobody writes. The lists
 * are of the programs' words, not taken from the writers. Must not know the model.
 */
#include "fuzz.h"

#include <jansson.h>

#include "base/text.h"

void
fz_plain(const char *what, const char *s, size_t n)
{
	uint32_t cp;
	size_t used;

	for (size_t i = 0; i < n; i += used) {
		used = utf8_decode(s + i, n - i, &cp);
		FZ(used > 0, "%s: bad UTF-8 at %zu", what, i);
		if (cp == '\r' && i + 1 < n && s[i + 1] == '\n')
			continue; /* CSV ends its lines so */
		FZ(cp == '\n' || cp == '\t' || !cp_is_unsafe(cp), "%s: U+%04X at %zu", what, (unsigned)cp, i);
	}
}

void
fz_json(const char *what, const char *s, size_t n)
{
	json_error_t e;
	json_t *j = json_loadb(s, n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);

	FZ(j != NULL, "%s: line %d: %s", what, e.line, e.text);
	json_decref(j);
}

static bool
listed(const char *const *list, const char *word, size_t n)
{
	for (; *list != NULL; list++)
		if (strlen(*list) == n && memcmp(*list, word, n) == 0)
			return true;
	return false;
}

/* ---- nginx ---------------------------------------------------------------------- */

static const char *const nginx_words[] = { "access_log", "add_header", "allow", "client_body_timeout",
	"client_max_body_size", "default_type", "deny", "error_log", "error_page", "events", "geo", "hash", "http",
	"if", "include", "internal", "keepalive_timeout", "large_client_header_buffers", "limit_conn",
	"limit_conn_status", "limit_conn_zone", "listen", "location", "log_format", "map", "map_hash_bucket_size",
	"map_hash_max_size", "merge_slashes", "pid", "preread_timeout", "proxy_bind", "proxy_buffer_size",
	"proxy_buffering", "proxy_buffers", "proxy_busy_buffers_size", "proxy_connect_timeout", "proxy_cookie_domain",
	"proxy_hide_header", "proxy_http_version", "proxy_ignore_headers", "proxy_next_upstream",
	"proxy_next_upstream_tries", "proxy_pass", "proxy_protocol", "proxy_read_timeout", "proxy_redirect",
	"proxy_request_buffering", "proxy_send_timeout", "proxy_set_header", "proxy_ssl", "proxy_ssl_name",
	"proxy_ssl_protocols", "proxy_ssl_server_name", "proxy_ssl_session_reuse", "proxy_ssl_trusted_certificate",
	"proxy_ssl_verify", "proxy_ssl_verify_depth", "proxy_timeout", "real_ip_header", "return", "rewrite", "server",
	"server_name", "server_names_hash_bucket_size", "server_names_hash_max_size", "server_tokens", "set",
	"set_real_ip_from", "ssl_certificate", "ssl_certificate_key", "ssl_conf_command", "ssl_trusted_certificate",
	"ssl_verify_depth", "sub_filter", "sub_filter_once", "sub_filter_types", "ssl_preread", "ssl_protocols",
	"stream", "upstream", "user", "variables_hash_bucket_size", "variables_hash_max_size", "worker_connections",
	"worker_processes", "worker_rlimit_nofile", NULL };

struct nginx {
	const char *what, *s;
	size_t i, n, depth;
	bool table[16]; /* a map or geo block: what stands there are keys and values */
	const char *first;
	size_t first_len, words;
};

static bool
ends_word(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == ';' || c == '{';
}

/* One word as nginx reads it. */
static void
nginx_word(struct nginx *x)
{
	size_t from = x->i;
	char quote = x->s[from] == '"' || x->s[from] == '\'' ? x->s[x->i++] : '\0';

	for (; x->i < x->n && (quote != '\0' ? x->s[x->i] != quote : !ends_word(x->s[x->i])); x->i++) {
		if (x->s[x->i] == '\\' ||
		    (quote == '\0' && x->s[x->i] == '$' && x->i + 1 < x->n && x->s[x->i + 1] == '{'))
			x->i++;
	}
	FZ(x->i < x->n, "%s: no end of the word at %zu", x->what, from);
	if (quote != '\0') {
		x->i++;
		FZ(x->i < x->n && (ends_word(x->s[x->i]) || x->s[x->i] == ')'), "%s: text behind a quote at %zu",
		    x->what, x->i);
	}
	if (x->words++ == 0) {
		x->first = x->s + from;
		x->first_len = x->i - from;
	}
}

static void
nginx_statement(struct nginx *x, bool block)
{
	bool keys = x->depth > 0 && x->table[x->depth - 1];

	FZ(x->words > 0, "%s: empty statement at %zu", x->what, x->i);
	if (keys)
		FZ(!block && x->words <= 2, "%s: %zu words in a table at %zu", x->what, x->words, x->i);
	else
		FZ(listed(nginx_words, x->first, x->first_len), "%s: unknown directive at %zu: %.*s", x->what, x->i,
		    (int)(x->first_len < 80 ? x->first_len : 80), x->first);
	if (block) {
		FZ(x->depth < ARRAY_LEN(x->table), "%s: blocks too deep at %zu", x->what, x->i);
		x->table[x->depth++] =
		    (x->first_len == 3 && (memcmp(x->first, "map", 3) == 0 || memcmp(x->first, "geo", 3) == 0));
	}
	x->words = 0;
}

void
fz_nginx(const char *what, const char *s, size_t n)
{
	struct nginx x = { .what = what, .s = s, .n = n };

	while (x.i < n) {
		char c = s[x.i];

		if (c == ' ' || c == '\t' || c == '\n') {
			x.i++;
		} else if (c == '#') {
			while (x.i < n && s[x.i] != '\n')
				x.i++;
		} else if (c == ';' || c == '{') {
			nginx_statement(&x, c == '{');
			x.i++;
		} else if (c == '}' && x.words == 0) {
			FZ(x.depth > 0, "%s: brace at %zu closes nothing", what, x.i);
			x.depth--;
			x.i++;
		} else {
			nginx_word(&x);
		}
	}
	FZ(x.depth == 0 && x.words == 0, "%s: ends inside a block or statement", what);
}

/* ---- HAProxy ---------------------------------------------------------------------- */

static const char *const haproxy_sections[] = { "global", "defaults", "frontend", "backend", NULL };
static const char *const haproxy_words[] = { "acl", "balance", "bind", "chroot", "cookie", "default-path",
	"default-server", "default_backend", "group", "hash-type", "http-check", "http-request", "http-response",
	"http-reuse", "log", "maxconn", "mode", "monitor-uri", "no", "option", "pidfile", "retries", "server", "source",
	"stats", "tcp-check", "tcp-request", "timeout", "tune.bufsize", "tune.maxrewrite", "tune.ssl.cachesize",
	"use_backend", "user", NULL };

/* Quotes and escapes end in their line. */
static void
haproxy_quotes(const char *what, const char *line, size_t n)
{
	char quote = '\0';

	for (size_t i = 0; i < n; i++) {
		char c = line[i];

		if (c == '\\' && quote != '\'') {
			FZ(++i < n, "%s: a line that continues: %.*s", what, (int)n, line);
		} else if (quote != '\0') {
			quote = c == quote ? '\0' : quote;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '#') {
			return;
		}
	}
	FZ(quote == '\0', "%s: no end of a quote: %.*s", what, (int)n, line);
}

/* Calls `see` for each line that is neither blank nor a comment. */
static void
each_line(const char *what, const char *s, size_t n, void see(const char *what, const char *line, size_t n))
{
	while (n > 0) {
		const char *end = memchr(s, '\n', n);
		size_t len = end != NULL ? (size_t)(end - s) : n, skip = 0;

		FZ(end != NULL, "%s: no end of the last line", what);
		while (skip < len && (s[skip] == ' ' || s[skip] == '\t'))
			skip++;
		if (skip < len && s[skip] != '#')
			see(what, s, len);
		s += len + 1;
		n -= len + 1;
	}
}

static void
haproxy_line(const char *what, const char *line, size_t n)
{
	bool in = line[0] == '\t' || line[0] == ' ';
	size_t from = 0, to;

	while (from < n && (line[from] == '\t' || line[from] == ' '))
		from++;
	for (to = from; to < n && line[to] != ' ' && line[to] != '\t'; to++)
		;
	FZ(listed(in ? haproxy_words : haproxy_sections, line + from, to - from), "%s: unknown statement: %.*s", what,
	    (int)n, line);
	haproxy_quotes(what, line, n);
}

void
fz_haproxy(const char *what, const char *s, size_t n)
{
	each_line(what, s, n, haproxy_line);
}

/* A key, a blank, a value. */
static void
map_line(const char *what, const char *line, size_t n)
{
	const char *blank = memchr(line, ' ', n);

	FZ(blank != NULL && blank > line && blank + 1 < line + n, "%s: not a key and a value: %.*s", what, (int)n,
	    line);
}

void
fz_map(const char *what, const char *s, size_t n)
{
	each_line(what, s, n, map_line);
}
