/*
 * Tests of what is read from IIS logs when there is too much of it or too
 * little memory, and when it is compressed.
 */
#include "unit.h"

#include <zlib.h>

#include "evidence.h"
#include "import/logtally.h"

/* ---- Bounds --------------------------------------------------------------- */

static void
request(struct made *m, unsigned int port, unsigned int client)
{
	sb_fmt(&m->text, "10.1.1.21 /abs %u 10.%u.%u.%u\n", port, client >> 16, client >> 8 & 255, client & 255);
}

static void
test_flow_bound(void)
{
	static const char fields[] = "#Fields: s-ip cs-uri-stem s-port c-ip\n";
	const struct log_flow *f;
	struct made m;
	struct site s;

	made_init(&m);
	site_init(&s);
	sb_puts(&m.text, fields);
	for (unsigned int i = 0; i < LOG_MAX_FLOWS; i++)
		request(&m, 4443, i);
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(flow_count(&s) == LOG_MAX_FLOWS && s.diags.count == 0);
	/* In another file, with one that is known; further ones of the server are joined. */
	sb_puts(&m.text, fields);
	request(&m, 4443, 5);
	request(&m, 4443, LOG_MAX_FLOWS);
	request(&m, 4443, LOG_MAX_FLOWS + 1);
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(flow_count(&s) == LOG_MAX_FLOWS + 1);
	f = flow(&s, "10.1.1.21", 4443, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT(f->hits == 2 && f->next == NULL);
	CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.0.0.5")->hits == 2);
	CU_ASSERT_STRING_EQUAL(said(&s, D_LOG_BOUND), "");
	site_free(&s);

	/* The same within one file, and so many servers that they are joined, too. */
	site_init(&s);
	sb_puts(&m.text, fields);
	for (unsigned int i = 0; i < LOG_MAX_FLOWS; i++)
		request(&m, 4443, i);
	for (unsigned int i = 1; i <= LOG_MAX_SERVERS + 2; i++)
		request(&m, i, 7);
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(flow_count(&s) == LOG_MAX_FLOWS + LOG_MAX_SERVERS + 1);
	CU_ASSERT_PTR_NOT_NULL(flow(&s, "10.1.1.21", LOG_MAX_SERVERS, NULL));
	CU_ASSERT_PTR_NULL(flow(&s, "10.1.1.21", LOG_MAX_SERVERS + 1, NULL));
	f = flow(&s, "", 0, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT(f->hits == 2);
	CU_ASSERT_STRING_EQUAL(said(&s, D_LOG_BOUND), "");
	site_free(&s);
	made_free(&m);
}

static void
test_client_bound(void)
{
	char agent[LOG_AGENT_MAX + 20];
	struct made m;
	struct site s;

	made_init(&m);
	site_init(&s);
	for (unsigned int i = 0; i < LOG_MAX_CLIENTS; i++) {
		snprintf(agent, sizeof(agent), "a%u", i);
		ticket(&m, "172.16.5.13", agent, 401, 0, 0);
	}
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(s.diags.count == 0);
	for (int i = 0; i < 3; i++) {
		ticket(&m, "172.16.5.13", "a5", 401, 0, 0);
		ticket(&m, "172.16.5.13", "more", 401, 0, 0);
	}
	ticket(&m, "172.16.5.13", "more", 200, 0, 0);
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT_STRING_EQUAL(said(&s, D_LOG_BOUND), "");
	/* "a5" was asked four times; of "more" only what ended well is known. */
	CU_ASSERT(s.flows->signins_never == 1 && s.flows->signins_ok == 1);
	site_free(&s);

	/* Agents are one beyond their bound. */
	site_init(&s);
	memset(agent, 'x', sizeof(agent));
	agent[LOG_AGENT_MAX + 1] = '\0';
	for (int i = 0; i < 4; i++) {
		agent[LOG_AGENT_MAX] = (char)('a' + i);
		ticket(&m, "172.16.5.13", agent, i < 3 ? 401 : 200, 0, 0);
	}
	agent[LOG_AGENT_MAX] = '\0';
	for (int i = 0; i < 3; i++) {
		agent[LOG_AGENT_MAX - 1] = (char)('a' + i);
		ticket(&m, "172.16.5.13", agent, 401, 0, 0);
	}
	CU_ASSERT(made_read(&m, &s) == TMG_OK);
	CU_ASSERT(s.flows->signins_never == 0 && s.flows->signins_ok == 1);
	site_free(&s);
	made_free(&m);
}

static void
test_page_bound(void)
{
	struct made m;
	struct site s;

	/* Each client spends 16 pages; the one beyond is not followed. */
	for (unsigned int more = 0; more < 2; more++) {
		made_init(&m);
		site_init(&s);
		for (unsigned int i = 0; i < LOG_MAX_PAGES / 16 + more; i++) {
			char client[20];

			snprintf(client, sizeof(client), "10.9.%u.%u", i >> 8, i & 255);
			for (uint32_t page = 0; page < 16; page++)
				cut(&m, client, (page * 64 + 30) * 1000);
			cut(&m, client, 30000);
			cut(&m, client, 30000);
			cut(&m, client, 30000);
			cut(&m, client, 30000);
		}
		CU_ASSERT(made_read(&m, &s) == TMG_OK);
		CU_ASSERT((said(&s, D_LOG_BOUND) != NULL) == (more > 0));
		CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.9.3.255")->cut == 5);
		if (more > 0)
			CU_ASSERT(flow(&s, "10.1.1.21", 4443, "10.9.4.0")->cut == 0);
		site_free(&s);
		made_free(&m);
	}
}

static void
test_line_bound(void)
{
	struct made m;
	struct site s;

	made_init(&m);
	for (int more = -1; more < 3; more++) {
		static const char head[] = "10.1.1.21 /abs/";
		size_t n = LOG_MAX_LINE + (size_t)(more + 1) - 1;

		site_init(&s);
		sb_puts(&m.text, "#Fields: s-ip cs-uri-stem\n");
		sb_puts(&m.text, head);
		for (size_t i = sizeof(head) - 1; i < n; i++)
			sb_putc(&m.text, 'x');
		if (more < 2) /* the last of the file lacks its end */
			sb_puts(&m.text, "\n10.1.1.21 /meet\n");
		CU_ASSERT(made_read(&m, &s) == TMG_OK);
		CU_ASSERT(s.logs->lines == (more < 2 ? 3 : 2) && s.logs->skipped == (more > 0));
		CU_ASSERT(s.logs->requests == (uint64_t)((more <= 0) + (more < 2)));
		site_free(&s);
	}
	made_free(&m);
}

static void
test_column_bound(void)
{
	struct made m;
	struct site s;

	made_init(&m);
	for (size_t n = 127; n <= 130; n++) {
		site_init(&s);
		sb_puts(&m.text, "#Fields: s-ip cs-uri-stem");
		for (size_t i = 2; i < n; i++)
			sb_puts(&m.text, " x");
		sb_puts(&m.text, "\n10.1.1.21 /meet");
		for (size_t i = 2; i < n; i++)
			sb_puts(&m.text, " 1");
		CU_ASSERT(made_read(&m, &s) == TMG_OK);
		CU_ASSERT(s.logs->requests == (n <= 128));
		site_free(&s);
	}
	made_free(&m);
}

/* ---- gzip ------------------------------------------------------------------ */

static void
test_gzip(void)
{
	unsigned char *out = malloc(70000);
	struct made m;
	struct site s;
	z_stream z;
	size_t n;

	CU_ASSERT_PTR_NOT_NULL_FATAL(out);
	made_init(&m);
	for (int i = 0; i < 10000; i++)
		ticket(&m, "172.16.5.13", "a", 401, 0, 0);
	memset(&z, 0, sizeof(z));
	CU_ASSERT_FATAL(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_in = (Bytef *)m.text.s;
	z.avail_in = (uInt)m.text.len;
	z.next_out = out;
	z.avail_out = 70000;
	CU_ASSERT_FATAL(deflate(&z, Z_FINISH) == Z_STREAM_END);
	n = 70000 - z.avail_out;
	deflateEnd(&z);
	site_init(&s);
	CU_ASSERT(made_read_bytes(&m, &s, out, n) == TMG_OK);
	CU_ASSERT(s.flows->hits == 10000);
	for (size_t less = 1; less <= 16; less++) { /* all lines were seen, but not the end */
		CU_ASSERT(made_read_bytes(&m, &s, out, n - less) == TMG_EINPUT);
		CU_ASSERT(s.flows->hits == 10000 && s.logs->next == NULL);
	}
	out[n / 2] ^= 1;
	CU_ASSERT(made_read_bytes(&m, &s, out, n) == TMG_EINPUT);
	CU_ASSERT(s.flows->hits == 10000 && s.diags.count == 17);
	site_free(&s);
	made_free(&m);
	free(out);
}

/* ---- Memory --------------------------------------------------------------- */

/* The same text as often as it is asked for. */
static enum tmg_status
made_read_again(struct made *m, struct site *s)
{
	return made_read_bytes(m, s, m->text.s, m->text.len);
}

static void
test_memory(void)
{
	static const char *const paths[] = { LOGS "article.log", LOGS "time-out.log", LOGS "fields-change.log",
		LOGS "hostile.log", LOGS "article.log.gz", LOGS "comments-only.log", NULL };
	size_t refused = 0;
	struct made m;

	/* Large enough for many blocks of every kind of thing. */
	made_init(&m);
	for (unsigned int i = 0; i < 600; i++) {
		char name[20];

		snprintf(name, sizeof(name), "10.9.%u.%u", i >> 8, i & 255);
		ticket(&m, name, name, 401, 0, 0);
		cut(&m, name, 60000);
		cut(&m, name, 900000);
	}

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		for (uint64_t n = 1;; n++) {
			enum tmg_status rc;
			uint64_t before;
			struct site s;

			site_init(&s);
			CU_ASSERT_FATAL(iislog_read(&s, LOGS "without-front-end.log") == TMG_OK);
			before = s.budget.requests;
			s.budget.fail_at = before + n;
			rc = paths[i] != NULL ? iislog_read(&s, paths[i]) : made_read_again(&m, &s);
			if (!s.budget.refused) {
				CU_ASSERT(rc == TMG_OK && n > 1);
				site_free(&s);
				break;
			}
			refused++;
			CU_ASSERT(rc == TMG_ENOMEM);
			CU_ASSERT(flow_count(&s) == 1 && s.logs->next == NULL);
			check_director(&s);
			site_free(&s);
			CU_ASSERT(s.budget.used == 0);
		}
	}
	CU_ASSERT(refused > 60);
	made_free(&m);
}

int
suite_logbounds(void)
{
	static const struct unit_test tests[] = {
		{ "bound on flows", test_flow_bound },
		{ "bound on clients", test_client_bound },
		{ "bound on durations", test_page_bound },
		{ "bound on lines", test_line_bound },
		{ "bound on columns", test_column_bound },
		{ "gzip", test_gzip },
		{ "memory that fails", test_memory },
	};

	return unit_add("log bounds", tests, ARRAY_LEN(tests));
}
