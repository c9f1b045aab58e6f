/*
 * Tests of what is read from IIS logs: the fixtures of fixtures/iislog, lines
 * of all kinds, files that are none. Numbers were counted by hand from the
 * lines, not by the program.
 */
#include "unit.h"

#include <unistd.h>

#include "evidence.h"
#include "import/input.h"
#include "import/site.h"

/* ---- The article's pattern ------------------------------------------------ */

static void
check_front_end(const struct site *s)
{
	const struct log_flow *f = flow(s, "10.1.1.21", 4443, "172.16.5.13");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT(f->hits == 9);
	CU_ASSERT(f->parts[LOG_WEB_TICKET] == 2 && f->parts[LOG_RGS] == 2 && f->parts[LOG_GROUP] == 4);
	CU_ASSERT(f->parts[LOG_ADDRESS_BOOK] == 1 && f->web_ticket_cert == 1);
	CU_ASSERT(f->signins_ok == 0 && f->signins_never == 0);
}

static void
test_article(void)
{
	static const struct {
		const char *path;
		uint64_t lines;
		int site_id;
	} rows[] = {
		{ LOGS "article.log", 18, 0 },
		{ LOGS "pasted.log", 18, 0 },
		{ LOGS "W3SVC34578/u_ex110325.log", 22, 34578 },
		{ LOGS "article.log.gz", 22, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct site s;

		site_init(&s);
		CU_ASSERT(iislog_read(&s, rows[i].path) == TMG_OK);
		CU_ASSERT(flow_count(&s) == 2 && s.diags.count == 0);
		check_director(&s);
		check_front_end(&s);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s.logs);
		CU_ASSERT_STRING_EQUAL(s.logs->file, rows[i].path);
		CU_ASSERT(s.logs->lines == rows[i].lines && s.logs->requests == 18 && s.logs->skipped == 0);
		CU_ASSERT(s.logs->site_id == rows[i].site_id && s.logs->has_client && s.logs->next == NULL);
		site_free(&s);
		CU_ASSERT(s.budget.used == 0);
	}
}

static void
test_without_front_end(void)
{
	struct site s;

	site_init(&s);
	CU_ASSERT(iislog_read(&s, LOGS "without-front-end.log") == TMG_OK);
	CU_ASSERT(flow_count(&s) == 1);
	check_director(&s);
	/* The other half comes in another file: they add up. */
	CU_ASSERT(iislog_read(&s, LOGS "article.log") == TMG_OK);
	CU_ASSERT(flow_count(&s) == 2);
	check_front_end(&s);
	CU_ASSERT(s.flows->hits == 18 && s.flows->signins_ok == 2);
	CU_ASSERT(s.logs->next != NULL && s.logs->next->next == NULL);
	site_free(&s);
}

/* ---- Columns -------------------------------------------------------------- */

static void
test_fields_change(void)
{
	const struct log_flow *f;
	struct site s;

	site_init(&s);
	CU_ASSERT(iislog_read(&s, LOGS "fields-change.log") == TMG_OK);
	f = flow(&s, "10.1.1.22", 4443, "172.16.5.13");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT(f->hits == 3 && f->parts[LOG_CERT_PROV] == 1 && f->parts[LOG_SIMPLE_URL] == 2);
	f = flow(&s, "10.1.1.21", 0, ""); /* neither port nor client were logged */
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT(f->hits == 1 && f->parts[LOG_ADDRESS_BOOK] == 1);
	/* The last #Fields line names no server. */
	CU_ASSERT(s.logs->requests == 4 && s.logs->skipped == 1 && s.logs->has_client);
	CU_ASSERT_STRING_EQUAL(said(&s, D_LOG_SKIPPED), "1 of 12");
	CU_ASSERT(s.diags.count == 1);
	site_free(&s);
}

static void
test_columns(void)
{
	const struct log_flow *f;
	struct site s;

	site_init(&s);
	CU_ASSERT(iislog_read(&s, LOGS "columns-15.log") == TMG_OK);
	f = flow(&s, "10.1.1.21", 4443, "172.16.5.13");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT(f->hits == 6 && f->parts[LOG_AUTODISCOVER] == 2 && f->parts[LOG_SIMPLE_URL] == 1);
	CU_ASSERT(f->parts[LOG_UCWA] == 1 && f->parts[LOG_CONTENT] == 1 && f->parts[LOG_OTHER] == 1);
	CU_ASSERT(s.diags.count == 0);
	site_free(&s);
}

static void
test_parts(void)
{
	static const struct {
		const char *stem, *query;
		enum log_part part;
		bool cert;
	} rows[] = {
		{ "/WEBTICKET/webticketservice.svc/CERT", "-", LOG_WEB_TICKET, true },
		{ "/WebTicket/WebTicketService.svc/certs", "-", LOG_WEB_TICKET, false },
		{ "/WebTicket/cert", "-", LOG_WEB_TICKET, true },
		{ "/webticketcert", "-", LOG_OTHER, false },
		{ "/abs/WebTicket/cert", "-", LOG_ADDRESS_BOOK, false },
		{ "/%57ebTicket/x", "-", LOG_WEB_TICKET, false },
		{ "/%2557ebTicket/x", "-", LOG_OTHER, false }, /* decoded once */
		{ "/abs%2Fhandler", "-", LOG_OTHER, false },
		{ "/abs%", "-", LOG_OTHER, false },
		{ "/Meet", "-", LOG_SIMPLE_URL, false },
		{ "/DIALIN/", "-", LOG_SIMPLE_URL, false },
		{ "/groupexpansion", "-", LOG_GROUP, false },
		{ "/groupexpansions", "-", LOG_OTHER, false },
		{ "/groupexpansionsgroupexpansion", "-", LOG_OTHER, false },
		{ "/RgsClients/Tab.aspx", "-", LOG_RGS, false },
		{ "/mcx/McxService.svc", "-", LOG_UCWA, false },
		{ "/DataCollabWeb/x", "-", LOG_CONTENT, false },
		{ "/CollabContent/x", "-", LOG_CONTENT, false },
		{ "/Reach/sip.svc", "-", LOG_CONTENT, false },
		{ "/", "-", LOG_OTHER, false },
		{ "/", "a=1&SipUri=x", LOG_AUTODISCOVER, false },
		{ "/", "nosipuri=x", LOG_OTHER, false },
		{ "/", "sipuri", LOG_OTHER, false },
		{ "/x", "sipuri=x", LOG_OTHER, false },
		{ "*", "sipuri=x", LOG_OTHER, false },
		{ "//", "-", LOG_OTHER, false },
	};
	struct made m;

	made_init(&m);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct site s;

		site_init(&s);
		sb_fmt(&m.text, "2011-03-25 10:00:00 10.1.1.21 POST %s %s 4443 - 172.16.5.13 a 200 0 0 1", rows[i].stem,
		    rows[i].query);
		CU_ASSERT(made_read(&m, &s) == TMG_OK);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s.flows);
		CU_ASSERT(s.flows->parts[rows[i].part] == 1 && s.flows->web_ticket_cert == rows[i].cert);
		if (s.flows->parts[rows[i].part] != 1)
			printf("# %s\n", rows[i].stem);
		site_free(&s);
	}
	made_free(&m);
}

static void
test_addresses(void)
{
	struct site s;

	site_init(&s);
	CU_ASSERT(iislog_read(&s, LOGS "public-clients.log") == TMG_OK);
	CU_ASSERT(flow_count(&s) == 3);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "198.51.100.7")->hits == 2);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "203.0.113.80")->hits == 1);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "2001:db8::17")->hits == 1);
	CU_ASSERT_STRING_EQUAL(s.flows->client, "198.51.100.7"); /* in the order of the lines */
	site_free(&s);

	site_init(&s);
	CU_ASSERT(iislog_read(&s, LOGS "internal-site.log") == TMG_OK);
	CU_ASSERT(flow_count(&s) == 2);
	CU_ASSERT(flow(&s, "10.1.1.21", 443, "172.16.5.13")->hits == 2);
	CU_ASSERT(flow(&s, "10.1.1.21", 80, "172.16.5.13")->parts[LOG_AUTODISCOVER] == 1);
	site_free(&s);
}

/* ---- Sign-in -------------------------------------------------------------- */

static void
test_never(void)
{
	struct made m;
	struct site s;

	site_init(&s);
	CU_ASSERT(iislog_read(&s, LOGS "never.log") == TMG_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s.flows);
	CU_ASSERT(s.flows->hits == 8 && s.flows->signins_never == 1 && s.flows->signins_ok == 0);
	/* A later file in which the same client gets in: it is no "never" any more. */
	made_init(&m);
	ticket(&m, "172.16.5.13", "OC/4.0.7577.314+(Contoso+Client+4)", 200, 0, 0);
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(s.flows->hits == 9 && s.flows->signins_never == 0);
	CU_ASSERT(s.flows->signins_ok == 1); /* it began in the first file */
	site_free(&s);

	/* Two questions are not "again and again", three are; of each client by itself. */
	site_init(&s);
	for (int i = 0; i < 2; i++)
		ticket(&m, "172.16.5.13", "two", 401, 0, 0);
	for (int i = 0; i < 3; i++)
		ticket(&m, "172.16.5.13", "three", 401, i < 2 ? i : 2, 2148074254u);
	for (int i = 0; i < 3; i++)
		ticket(&m, "172.16.5.13", "forbidden", 401, 3, 0);
	for (int i = 0; i < 9; i++)
		ticket(&m, "172.16.5.13", "broken", 500, 0, 0);
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(s.flows->hits == 17 && s.flows->signins_never == 1 && s.flows->signins_ok == 0);
	/* The third question of the other comes in the next file. */
	ticket(&m, "172.16.5.13", "two", 401, 0, 0);
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(s.flows->signins_never == 2);
	site_free(&s);
	made_free(&m);
}

static void
test_signins(void)
{
	struct made m;
	struct site s;

	made_init(&m);
	site_init(&s);
	/* Two users of one program behind the proxy, their lines mixed. */
	ticket(&m, "172.16.5.13", "a", 401, 0, 0);
	ticket(&m, "172.16.5.13", "a", 401, 2, 5);
	ticket(&m, "172.16.5.13", "a", 401, 1, 2148074254u);
	ticket(&m, "172.16.5.13", "a", 401, 1, 2148074254u);
	ticket(&m, "172.16.5.13", "a", 200, 0, 0);
	ticket(&m, "172.16.5.13", "a", 200, 0, 0);
	/* On the connection that is signed in already. */
	ticket(&m, "172.16.5.13", "a", 200, 0, 0);
	/* NTLM at once, without a first question. */
	ticket(&m, "172.16.5.13", "b", 401, 1, 2148074254u);
	ticket(&m, "172.16.5.13", "b", 200, 0, 0);
	/* Without a user it is no Windows sign-in, but neither is it "never". */
	for (int i = 0; i < 3; i++)
		ticket(&m, "172.16.5.13", "c", 401, 0, 0);
	sb_puts(&m.text, "2011-03-25 10:00:00 10.1.1.22 POST " TICKET " - 4443 \xe2\x80\x93 172.16.5.13 c 200 0 0 3\n");
	/* Asking the description, or with GET, is no sign-in. */
	for (int i = 0; i < 3; i++) {
		sb_puts(
		    &m.text, "2011-03-25 10:00:00 10.1.1.22 POST " TICKET "/mex - 4443 - 172.16.5.13 d 401 0 0 3\n");
		sb_puts(&m.text, "2011-03-25 10:00:00 10.1.1.22 GET " TICKET " - 4443 - 172.16.5.13 d 401 0 0 3\n");
	}
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(s.flows->next == NULL && s.flows->hits == 19);
	CU_ASSERT(s.flows->signins_ok == 3 && s.flows->signins_never == 0);
	site_free(&s);

	/* Users are not logged: the answer itself counts. */
	site_init(&s);
	sb_puts(&m.text,
	    "#Fields: s-ip cs-method cs-uri-stem sc-status\n10.1.1.22 POST " TICKET " 401\n10.1.1.22 POST " TICKET
	    " 200\n");
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(s.flows->signins_ok == 1 && !s.logs->has_client);
	site_free(&s);
	made_free(&m);
}

/* ---- Time-outs ------------------------------------------------------------ */

static void
test_timeout(void)
{
	struct made m;
	struct site s;

	site_init(&s);
	CU_ASSERT(iislog_read(&s, LOGS "time-out.log") == TMG_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s.flows);
	CU_ASSERT(s.flows->hits == 13 && s.flows->cut == 8 && s.flows->cut_ms == 120000);
	site_free(&s);

	made_init(&m);
	site_init(&s);
	for (int i = 0; i < 2; i++) /* two prove nothing */
		cut(&m, "10.0.0.1", 60000);
	for (int i = 0; i < 3; i++)
		cut(&m, "10.0.0.2", 60000);
	for (uint32_t i = 0; i < 100; i++) /* clients that leave whenever they like */
		cut(&m, "10.0.0.3", 30000 + i * 7000);
	for (int i = 0; i < 30; i++) /* quick ones are no time-outs */
		cut(&m, "10.0.0.4", 19499);
	for (int i = 0; i < 3; i++) /* the first second that counts, and the last */
		cut(&m, "10.0.0.5", 19500);
	for (int i = 0; i < 3; i++)
		cut(&m, "10.0.0.6", 1023499);
	for (int i = 0; i < 3; i++)
		cut(&m, "10.0.0.7", 1023500);
	for (uint32_t i = 0; i < 3; i++) /* within 2 s, and one that is not */
		cut(&m, "10.0.0.8", 198000 + i * 2000);
	cut(&m, "10.0.0.8", 203000);
	for (uint32_t i = 0; i < 12; i++) /* a quarter, and a little less */
		cut(&m, "10.0.0.9", i < 3 ? 300000 : 30000 + i * 10000);
	for (uint32_t i = 0; i < 13; i++)
		cut(&m, "10.0.0.10", i < 3 ? 300000 : 30000 + i * 10000);
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.1")->cut == 0);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.1")->cut_ms == 0);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.2")->cut == 3);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.2")->cut_ms == 60000);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.3")->cut == 0);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.4")->cut == 0);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.5")->cut_ms == 20000);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.6")->cut_ms == 1023000);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.7")->cut == 0);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.8")->cut == 3);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.8")->cut_ms == 200000);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.9")->cut == 3);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.10")->cut == 0);
	/* The third comes in another file. */
	cut(&m, "10.0.0.1", 61000);
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.1")->cut == 3);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.1")->cut_ms == 60000);
	site_free(&s);
	made_free(&m);
}

/* ---- Files that are odd --------------------------------------------------- */

static void
test_hostile(void)
{
	struct site s;

	site_init(&s);
	CU_ASSERT(iislog_read(&s, LOGS "hostile.log") == TMG_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s.logs);
	CU_ASSERT(s.logs->lines == 23 && s.logs->requests == 9 && s.logs->skipped == 9);
	CU_ASSERT_STRING_EQUAL(said(&s, D_LOG_SKIPPED), "9 of 23");
	CU_ASSERT(flow_count(&s) == 2 && s.diags.count == 1);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "172.16.5.13")->hits == 7);
	CU_ASSERT(flow(&s, "fe80::7", 4443, "fe80::9")->hits == 2);
	site_free(&s);
}

static void
test_nothing(void)
{
	static const char *const empty[] = { LOGS "empty.log", LOGS "comments-only.log" };
	static const struct {
		const char *path;
		enum diag_id id;
	} bad[] = {
		{ LOGS "not-a-log.log", D_LOG_KIND },
		{ LOGS "cut-off.log.gz", D_BAD_GZIP },
		{ "fixtures/certs/all-names.pem", D_LOG_KIND },
		{ "fixtures/certs/all-names.der", D_LOG_KIND },
		{ "fixtures/lync-director.xml", D_LOG_KIND },
		{ LOGS "no-such.log", D_CANNOT_READ },
		{ "fixtures/iislog", D_CANNOT_READ },
	};
	struct made m;
	struct site s;

	for (size_t i = 0; i < ARRAY_LEN(empty); i++) {
		site_init(&s);
		CU_ASSERT(iislog_read(&s, empty[i]) == TMG_OK);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s.logs);
		CU_ASSERT(s.logs->requests == 0 && s.flows == NULL && s.diags.count == 1);
		CU_ASSERT_STRING_EQUAL(said(&s, D_LOG_EMPTY), "");
		site_free(&s);
	}
	site_init(&s);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CU_ASSERT(iislog_read(&s, bad[i].path) == TMG_EINPUT);
		CU_ASSERT(s.logs == NULL && s.flows == NULL && s.diags.count == i + 1);
	}
	for (const struct tmg_message *q = s.diags.first; q != NULL; q = q->next) {
		size_t i = 0;

		while (i < ARRAY_LEN(bad) && strcmp(q->file, bad[i].path) != 0)
			i++;
		CU_ASSERT_FATAL(i < ARRAY_LEN(bad));
		CU_ASSERT_STRING_EQUAL(q->id, diag_row(bad[i].id)->id);
	}
	/* After all that the site takes a log that is one. */
	CU_ASSERT(iislog_read(&s, LOGS "article.log") == TMG_OK);
	check_director(&s);
	site_free(&s);

	/* The log of something else: it says why nothing was found in it. */
	site_init(&s);
	made_init(&m);
	sb_puts(&m.text, "#Fields: c-ip cs-uri r-host\n172.16.5.13 http://a/ a\n");
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT_STRING_EQUAL(said(&s, D_LOG_EMPTY), "its #Fields line does not name s-ip and cs-uri-stem");
	CU_ASSERT_STRING_EQUAL(said(&s, D_LOG_SKIPPED), "1 of 2");
	made_free(&m);
	site_free(&s);
}

static void
test_site_id(void)
{
	static const struct {
		const char *dir, *file;
		int id;
	} rows[] = {
		{ "W3SVC34577", "a.log", 34577 }, { "w3svc7", "a.log", 7 }, { "W3SVC", "a.log", 0 },
		{ "W3SVC2147483647", "a.log", 2147483647 }, { "W3SVC2147483648", "a.log", 0 },
		{ "W3SVC99999999999", "a.log", 0 }, { "W3SVC-1", "a.log", 0 }, { "W3SVC1x", "a.log", 0 },
		{ "xW3SVC1", "a.log", 0 }, { "logs", "W3SVC1", 0 },
		{ "logs", "W3SVC12\\a.log", 12 }, /* a path of Windows, kept in the name */
	};
	char dir[] = "/tmp/tmgport-unit.XXXXXX", folder[60], path[90];

	CU_ASSERT_FATAL(mkdtemp(dir) != NULL);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char target[200];
		struct site s;

		snprintf(folder, sizeof(folder), "%s/%s", dir, rows[i].dir);
		snprintf(path, sizeof(path), "%s/%s", folder, rows[i].file);
		CU_ASSERT_FATAL(getcwd(target, 150) != NULL);
		snprintf(target + strlen(target), 50, "/" LOGS "article.log");
		CU_ASSERT_FATAL(symlink(".", folder) == 0 && symlink(target, path) == 0);
		site_init(&s);
		CU_ASSERT(iislog_read(&s, path) == TMG_OK);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s.logs);
		CU_ASSERT(s.logs->site_id == rows[i].id);
		site_free(&s);
		unlink(path);
		unlink(folder);
	}
	rmdir(dir);
}

static void
test_utf16(void)
{
	static const char text[] =
	    "\xff\xfe#\0F\0i\0e\0l\0d\0s\0:\0 \0s\0-\0i\0p\0 \0c\0s\0-\0u\0r\0i\0-\0s\0t\0e\0m\0\r\0"
	    "\n\0"
	    "1\0.\0002\0.\0003\0.\0004\0 \0/\0a\0b\0s\0\n\0\x13\x20 \0/\0a\0\n\0";
	struct made m;
	struct site s;

	made_init(&m);
	site_init(&s);
	CU_ASSERT(made_read_bytes(&m, &s, text, sizeof(text) - 1) == TMG_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s.flows);
	CU_ASSERT_STRING_EQUAL(s.flows->server, "1.2.3.4");
	CU_ASSERT(s.flows->parts[LOG_ADDRESS_BOOK] == 1 && s.logs->lines == 3 && s.logs->skipped == 1);
	CU_ASSERT(made_read_bytes(&m, &s, text, sizeof(text) - 2) == TMG_EINPUT); /* half a character */
	CU_ASSERT_PTR_NOT_NULL(said(&s, D_BAD_CHARSET));
	CU_ASSERT(s.flows->hits == 1);
	site_free(&s);
	made_free(&m);
}

/* ---- Bytes as they are ---------------------------------------------------- */

static bool
catch_bytes(void *ctx, const char *s, size_t n)
{
	sb_putn(ctx, s, n);
	return true;
}

static void
test_bytes(void)
{
	static const char text[] = "\xef\xbb\xbf"
				   "a\0\xff\xfe\xc3"
				   "b\n\xe2\x80";
	struct input_source src = { .data = text, .len = sizeof(text) - 1 };
	struct input_result res;
	struct strbuf out;

	sb_init(&out, NULL);
	for (size_t piece = 0; piece < 12; piece++) {
		struct input_options opt = { .bytes = true, .piece = piece, .max_size = sizeof(text) - 1 };

		sb_clear(&out);
		input_pump(&src, &opt, catch_bytes, &out, &res);
		CU_ASSERT(res.error == INPUT_OK && res.bom && res.sha256[0] == '\0');
		CU_ASSERT(out.len == sizeof(text) - 4 && memcmp(out.s, text + 3, out.len) == 0);
		opt.max_size--;
		input_pump(&src, &opt, catch_bytes, &out, &res);
		CU_ASSERT(res.error == INPUT_SIZE);
	}
	sb_free(&out);
}

int
suite_iislog(void)
{
	static const struct unit_test tests[] = {
		{ "the article's pattern", test_article },
		{ "without the Front End, then with it", test_without_front_end },
		{ "#Fields changes", test_fields_change },
		{ "15 columns", test_columns },
		{ "parts of the web services", test_parts },
		{ "addresses and ports", test_addresses },
		{ "sign-ins that never end", test_never },
		{ "sign-ins", test_signins },
		{ "time-outs", test_timeout },
		{ "hostile lines", test_hostile },
		{ "logs that hold nothing, files that are none", test_nothing },
		{ "the number of the web site", test_site_id },
		{ "UTF-16", test_utf16 },
		{ "bytes as they are", test_bytes },
	};

	return unit_add("iislog", tests, ARRAY_LEN(tests));
}
