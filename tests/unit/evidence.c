/*
 * Logs made by tests, and what tests ask of a site. Must not know what is
 * tested with them.
 */
#include "evidence.h"

#include "unit.h"

#include <unistd.h>

#include "base/text.h"
#include "import/site.h"

const struct log_flow *
flow(const struct site *s, const char *server, int port, const char *client)
{
	for (const struct log_flow *f = s->flows; f != NULL; f = f->next) {
		if (strcmp(f->server, server) == 0 && f->port == port && str_eq(f->client, client))
			return f;
	}
	return NULL;
}

size_t
flow_count(const struct site *s)
{
	size_t n = 0;

	for (const struct log_flow *f = s->flows; f != NULL; f = f->next) {
		uint64_t parts = 0;

		for (int i = 0; i < LOG_PARTS; i++)
			parts += f->parts[i];
		CU_ASSERT(f->hits > 0 && parts == f->hits);
		n++;
	}
	return n;
}

const char *
said(const struct site *s, enum diag_id id)
{
	const char *detail = NULL;
	int n = 0;

	for (const struct tmg_message *m = s->diags.first; m != NULL; m = m->next) {
		if (strcmp(m->id, diag_row(id)->id) != 0)
			continue;
		n++;
		detail = m->detail != NULL ? m->detail : "";
		CU_ASSERT(text_is_plain(detail));
	}
	return n == 1 ? detail : NULL;
}

void
made_init(struct made *m)
{
	int fd;

	snprintf(m->path, sizeof(m->path), "/tmp/tmgport-unit.XXXXXX");
	fd = mkstemp(m->path);
	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	sb_init(&m->text, NULL);
}

void
made_free(struct made *m)
{
	unlink(m->path);
	sb_free(&m->text);
}

enum tmg_status
made_read_bytes(struct made *m, struct site *s, const void *data, size_t n)
{
	FILE *f = fopen(m->path, "wb");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_FATAL(fwrite(data, 1, n, f) == n && fclose(f) == 0);
	return iislog_read(s, m->path);
}

enum tmg_status
made_read(struct made *m, struct site *s)
{
	enum tmg_status rc;

	CU_ASSERT_FATAL(!m->text.failed);
	rc = made_read_bytes(m, s, m->text.s, m->text.len);
	sb_clear(&m->text);
	return rc;
}

void
ticket(struct made *m, const char *client, const char *agent, int status, int substatus, uint32_t win32)
{
	sb_fmt(&m->text, "2011-03-25 10:00:00 10.1.1.22 POST " TICKET " - 4443 %s %s %s %d %d %u 3\n",
	    status == 200 ? "CONTOSO\\anna" : "-", client, agent, status, substatus, (unsigned int)win32);
}

void
cut(struct made *m, const char *client, uint32_t taken)
{
	sb_fmt(&m->text, "2011-03-25 10:00:00 10.1.1.21 GET /ucwa/x - 4443 - %s a 200 0 64 %u\n", client,
	    (unsigned int)taken);
}

void
check_director(const struct site *s)
{
	const struct log_flow *f = flow(s, "10.1.1.22", 4443, "172.16.5.13");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT(f->hits == 9);
	CU_ASSERT(f->parts[LOG_WEB_TICKET] == 7 && f->parts[LOG_CERT_PROV] == 2);
	CU_ASSERT(f->signins_ok == 1 && f->signins_never == 0);
	CU_ASSERT(f->web_ticket_cert == 0 && f->cut == 0 && f->cut_ms == 0);
}
