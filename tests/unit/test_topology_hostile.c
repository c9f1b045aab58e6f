/*
 * Topologies that must be refused: broken ones, ones beyond a bound, and memory
 * that runs out anywhere. Whatever fails leaves the site as it was.
 */
#include "unit.h"

#include <stdlib.h>

#include <zip.h>

#include "base/text.h"
#include "topologies.h"

/* Nothing changes but the messages, and the one that is new has this id. */
static void
refused(struct site *s, enum tmg_status rc, const char *before, const char *id, const char *name)
{
	const struct tmg_message *m = s->diags.first;

	while (m != NULL && m->next != NULL)
		m = m->next;
	if (rc != TMG_EINPUT || m == NULL || strcmp(m->id, id) != 0)
		fprintf(stderr, "%s: status %d, %s: %s\n", name, (int)rc, m != NULL ? m->id : "-",
		    m != NULL && m->detail != NULL ? m->detail : "-");
	CU_ASSERT(rc == TMG_EINPUT);
	CU_ASSERT(m != NULL && strcmp(m->id, id) == 0 && m->severity == TMG_ERROR && m->file != NULL);
	CU_ASSERT(m == NULL || m->detail == NULL || text_is_plain(m->detail));
	CU_ASSERT(site_is(s, before));
}

static void
test_broken(void)
{
	static const struct {
		const char *name, *id;
	} files[] = {
		{ "truncated.xml", "broken-xml" },
		{ "truncated-utf16.xml", "bad-charset" },
		{ "doctype.xml", "doctype" },
		{ "deep.xml", "limit" },
		{ "wrong-root.xml", "not-a-topology" },
		{ "wrong-namespace.xml", "not-a-topology" },
		{ "nothing-in-it.xml", "not-a-topology" },
		{ "prose.txt", "not-a-topology" },
		{ "iis.log", "not-a-topology" },
		{ "empty.xml", "empty-input" },
		{ "nested.xml", "limit" },
		{ "inner-truncated.xml", "broken-xml" },
		{ "json-key.json", "broken-topology-file" },
		{ "json-syntax.json", "broken-topology-file" },
		{ "json-schema.json", "broken-topology-file" },
		{ "json-port.json", "broken-topology-file" },
		{ "json-role.json", "broken-topology-file" },
		{ "json-host.json", "broken-topology-file" },
		{ "json-twice.json", "broken-topology-file" },
		{ "no-document.zip", "not-a-topology" },
		{ "bomb.zip", "limit" },
		{ "truncated.zip", "broken-archive" },
		{ "damaged.zip", "broken-archive" },
		{ "there-is-no-such-file", "cannot-read" },
	};
	struct site s, empty;
	struct strbuf before;
	char name[100];

	sb_init(&before, NULL);
	site_init(&s);
	CU_ASSERT(topology_fixture(&s, "enterprise-draft.tbxml") == TMG_OK);
	site_text(&s, &before);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		snprintf(name, sizeof(name), "bad/%s", files[i].name);
		refused(&s, topology_fixture(&s, name), before.s, files[i].id, name);
		site_init(&empty);
		refused(&empty, topology_fixture(&empty, name), "nothing\n", files[i].id, name);
		CU_ASSERT(empty.diags.count == 1);
		site_free(&empty);
		CU_ASSERT(empty.budget.used == 0);
	}
	/* The site is as good as before. */
	CU_ASSERT(topology_fixture(&s, "lync-director.xml") == TMG_OK);
	CU_ASSERT(site_find_pool(&s, "lyncfe.contoso.local") != NULL);
	CU_ASSERT(strstr(site_message(&s, "broken-topology-file")->detail, "extrenal") != NULL);
	CU_ASSERT(site_message(&s, "broken-topology-file")->line == 3);
	site_free(&s);
	sb_free(&before);
}

/* Every beginning of a file but the whole is refused, or says less without harm (lists have no end of their own). */
static void
test_cut(void)
{
	static const char *const names[] = { "simple-urls-scopes.xml", "simple-urls.clixml", "lync-director.json",
		"export.zip", "export-escaped.zip", "article.xml.gz", "services-utf16le.txt" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[200], *data = malloc(1 << 16);
		size_t n, step;
		FILE *f;

		snprintf(path, sizeof(path), "fixtures/topology/%s", names[i]);
		f = fopen(path, "rb");
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		CU_ASSERT_PTR_NOT_NULL_FATAL(data);
		n = fread(data, 1, 1 << 16, f);
		fclose(f);
		step = 1 + n / 300;
		while (n > 0 && strchr("\r\n", data[n - 1]) != NULL)
			n--;
		for (size_t k = 0; k < n; k += step) {
			struct site s;
			enum tmg_status rc;
			bool list = strstr(names[i], ".txt") != NULL;

			site_init(&s);
			rc = topology_bytes(&s, data, k);
			if (rc == TMG_OK && !list)
				fprintf(stderr, "%s cut after %zu bytes is read\n", names[i], k);
			CU_ASSERT(rc == TMG_EINPUT || list);
			CU_ASSERT(
			    rc == TMG_OK || (s.pools == NULL && s.domains == NULL && s.urls == NULL && !s.topology));
			site_free(&s);
			CU_ASSERT(s.budget.used == 0);
		}
		free(data);
	}
}

/* ---- Bounds ---------------------------------------------------------------------- */

/* At the bound it is read, one above it is not. */
static void
bound(void make(struct strbuf *b, size_t n), size_t at)
{
	for (size_t n = at; n <= at + 1; n++) {
		struct strbuf b;
		struct site s;
		enum tmg_status rc;

		sb_init(&b, NULL);
		make(&b, n);
		site_init(&s);
		rc = topology_bytes(&s, b.s, b.len);
		if (n > at) {
			refused(&s, rc, "nothing\n", "limit", "bound");
		} else {
			if (rc != TMG_OK)
				fprintf(
				    stderr, "bound %zu: %s\n", at, s.diags.first != NULL ? s.diags.first->detail : "-");
			CU_ASSERT(rc == TMG_OK && s.topology);
		}
		site_free(&s);
		sb_free(&b);
	}
}

#define URLS_NS "urn:schema:Microsoft.Rtc.Management.Settings.SimpleUrl.2008"
#define URLS_OPEN "<SimpleUrlConfiguration xmlns='" URLS_NS "'>"
#define URLS_CLOSE "</SimpleUrlConfiguration>"

static void
make_pools(struct strbuf *b, size_t n)
{
	sb_puts(b, "{\"schema\":\"tmgport-topology/1\",\"pools\":[");
	for (size_t i = 0; i < n; i++)
		sb_fmt(b, "%s{\"fqdn\":\"p%zu.contoso.com\",\"role\":\"other\"}", i > 0 ? ",\n" : "", i);
	sb_puts(b, "]}");
}

static void
make_items(struct strbuf *b, size_t n)
{
	sb_puts(b, "{\"schema\":\"tmgport-topology/1\",\"sip_domains\":[");
	for (size_t i = 0; i < n; i++)
		sb_fmt(b, "%s\"d%zu.contoso.com\"", i > 0 ? ",\n" : "", i);
	sb_puts(b, "]}");
}

static void
make_depth(struct strbuf *b, size_t n)
{
	sb_puts(b, URLS_OPEN);
	for (size_t i = 1; i < n; i++)
		sb_puts(b, "<a>");
	for (size_t i = 1; i < n; i++)
		sb_puts(b, "</a>");
	sb_puts(b, URLS_CLOSE);
}

static void
make_object_depth(struct strbuf *b, size_t n)
{
	sb_puts(b,
	    "<Objs xmlns='http://schemas.microsoft.com/powershell/2004/04'><Obj><S "
	    "N='UseWsFedPassiveAuth'>1</S></Obj>");
	for (size_t i = 1; i < n; i++)
		sb_puts(b, "<Obj>");
	for (size_t i = 1; i < n; i++)
		sb_puts(b, "</Obj>");
	sb_puts(b, "</Objs>");
}

static void
make_attributes(struct strbuf *b, size_t n)
{
	sb_puts(b, URLS_OPEN "<a");
	for (size_t i = 0; i < n; i++)
		sb_fmt(b, " a%zu='1'", i);
	sb_puts(b, "/>" URLS_CLOSE);
}

static void
make_line(struct strbuf *b, size_t n)
{
	sb_puts(b, "Name : contoso.com\nIsDefault : True\n\n#");
	for (size_t i = 1; i < n; i++)
		sb_putc(b, 'x');
	sb_puts(b, "\n");
}

/* Continuation lines add up. */
static void
make_value(struct strbuf *b, size_t n)
{
	sb_puts(b, "Name : contoso.com\nIsDefault : True\n\nOther : ");
	for (size_t i = 0; i < n; i++)
		sb_puts(b, i % 1000 == 999 ? "x\n  " : "x");
	sb_puts(b, "\n");
}

static void
make_json(struct strbuf *b, size_t n)
{
	sb_puts(b, "{\"schema\":\"tmgport-topology/1\"");
	while (b->len + 1 < n)
		sb_putc(b, ' ');
	sb_puts(b, "}");
}

static void
make_text(struct strbuf *b, size_t n)
{
	char piece[1024];

	memset(piece, 'x', sizeof(piece));
	sb_puts(b, "<DocItemSet><b>" URLS_OPEN URLS_CLOSE "</b><a>");
	for (; n >= sizeof(piece); n -= sizeof(piece))
		sb_putn(b, piece, sizeof(piece));
	sb_putn(b, piece, n);
	sb_puts(b, "</a></DocItemSet>");
}

static void
escaped(struct strbuf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '<')
			sb_puts(b, "&lt;");
		else if (*s == '&')
			sb_puts(b, "&amp;");
		else
			sb_putc(b, *s);
	}
}

static void
make_nesting(struct strbuf *b, size_t n)
{
	struct strbuf inner;

	sb_puts(b, URLS_OPEN URLS_CLOSE);
	for (size_t i = 0; i < n; i++) {
		sb_init(&inner, NULL);
		sb_puts(&inner, "<DocItemSet>");
		escaped(&inner, b->s);
		sb_puts(&inner, "</DocItemSet>");
		sb_clear(b);
		sb_puts(b, inner.s);
		sb_free(&inner);
	}
}

static void
test_bounds(void)
{
	bound(make_pools, TOPOLOGY_MAX_POOLS);
	bound(make_items, TOPOLOGY_MAX_ITEMS);
	bound(make_depth, TOPOLOGY_MAX_DEPTH);
	bound(make_object_depth, TOPOLOGY_MAX_DEPTH);
	bound(make_attributes, TOPOLOGY_MAX_ATTRIBUTES);
	bound(make_line, TOPOLOGY_MAX_LINE);
	bound(make_value, TOPOLOGY_MAX_LINE);
	bound(make_json, TOPOLOGY_MAX_JSON);
	bound(make_nesting, TOPOLOGY_MAX_NESTING - 1);
	bound(make_text, TOPOLOGY_MAX_TEXT);
}

/* A comment passes without an event as a tag does. */
static void
test_tag(void)
{
	struct strbuf b;
	struct site s;

	sb_init(&b, NULL);
	sb_puts(&b, URLS_OPEN "<!--");
	while (b.len < 3 * (size_t)TOPOLOGY_MAX_TAG)
		sb_puts(&b, "x");
	sb_puts(&b, "-->" URLS_CLOSE);
	site_init(&s);
	refused(&s, topology_bytes(&s, b.s, b.len), "nothing\n", "limit", "comment");
	site_free(&s);
	sb_free(&b);
}

static void
test_messages(void)
{
	struct strbuf b;
	struct site s;

	sb_init(&b, NULL);
	sb_puts(&b, URLS_OPEN);
	for (unsigned i = 0; i < TOPOLOGY_MAX_MESSAGES + 7; i++)
		sb_puts(&b, "<SimpleUrl Component='Meet\xe2\x80\xae' ActiveUrl='nowhere\x7f'/>");
	sb_puts(&b, URLS_CLOSE);
	site_init(&s);
	CU_ASSERT(topology_bytes(&s, b.s, b.len) == TMG_OK);
	CU_ASSERT(site_messages(&s, "simple-url-form") == TOPOLOGY_MAX_MESSAGES);
	CU_ASSERT(site_messages(&s, "topology-part-unused") == 1);
	CU_ASSERT(strncmp(site_message(&s, "topology-part-unused")->detail, "7 ", 2) == 0);
	CU_ASSERT(text_is_plain(s.diags.first->detail));
	site_free(&s);
	sb_free(&b);
}

/* An archive of `files` empty files and one document. The caller frees it. */
static void *
archive(size_t files, const char *document, size_t len, size_t *n)
{
	zip_error_t err;
	zip_source_t *src, *doc;
	zip_t *z;
	char name[40];
	void *out;

	zip_error_init(&err);
	src = zip_source_buffer_create(NULL, 0, 0, &err);
	z = zip_open_from_source(src, ZIP_CREATE | ZIP_TRUNCATE, &err);
	CU_ASSERT_PTR_NOT_NULL_FATAL(z);
	zip_source_keep(src);
	for (size_t i = 0; i < files; i++) {
		snprintf(name, sizeof(name), "f%zu", i);
		CU_ASSERT(zip_file_add(z, name, zip_source_buffer(z, "", 0, 0), 0) >= 0);
	}
	doc = zip_source_buffer(z, document, len, 0);
	CU_ASSERT(zip_file_add(z, "x\\DOCITEMSET.XML", doc, 0) >= 0);
	CU_ASSERT_FATAL(zip_close(z) == 0);
	CU_ASSERT_FATAL(zip_source_open(src) == 0);
	zip_source_seek(src, 0, SEEK_END);
	*n = (size_t)zip_source_tell(src);
	zip_source_seek(src, 0, SEEK_SET);
	out = malloc(*n);
	CU_ASSERT_FATAL(out != NULL && zip_source_read(src, out, *n) == (zip_int64_t)*n);
	zip_source_close(src);
	zip_source_free(src);
	zip_error_fini(&err);
	return out;
}

static void
test_archives(void)
{
	static const char tail[] = URLS_OPEN URLS_CLOSE "</DocItemSet>";
	static const char document[] = "<DocItemSet>" URLS_OPEN URLS_CLOSE "</DocItemSet>";
	size_t n, room = 3u << 20;
	char *big = malloc(room);
	struct site s;
	void *data;

	for (size_t files = ZIP_MAX_ENTRIES - 1; files <= ZIP_MAX_ENTRIES; files++) {
		enum tmg_status rc;

		data = archive(files, document, strlen(document), &n);
		site_init(&s);
		rc = topology_bytes(&s, data, n);
		if (files < ZIP_MAX_ENTRIES) {
			CU_ASSERT(rc == TMG_OK && s.has_urls);
		} else {
			refused(&s, rc, "nothing\n", "limit", "entries");
		}
		site_free(&s);
		free(data);
	}
	/* Packed 1000 : 1, but small; then the same, too large for that. */
	CU_ASSERT_PTR_NOT_NULL_FATAL(big);
	for (size_t len = (1u << 20) - 4096; len <= room; len += room - (1u << 20)) {
		enum tmg_status rc;

		memset(big, ' ', len);
		memcpy(big, "<DocItemSet>", strlen("<DocItemSet>"));
		memcpy(big + len - strlen(tail), tail, strlen(tail));
		data = archive(0, big, len, &n);
		site_init(&s);
		rc = topology_bytes(&s, data, n);
		if (len < 1u << 20) {
			CU_ASSERT(rc == TMG_OK);
		} else {
			refused(&s, rc, "nothing\n", "limit", "ratio");
		}
		site_free(&s);
		free(data);
	}
	free(big);
}

/* ---- Memory ---------------------------------------------------------------------- */

/* Every request fails once, with a site that holds something already. */
static void
every_request(const char *name)
{
	struct strbuf before, good, have;
	uint64_t requests = 0, from = 0;
	unsigned wrong = 0;

	sb_init(&before, NULL);
	sb_init(&good, NULL);
	for (uint64_t n = 0; n == 0 || n <= requests; n++) {
		struct site s;
		enum tmg_status rc;

		site_init(&s);
		CU_ASSERT_FATAL(topology_fixture(&s, "simple-urls-odd.xml") == TMG_OK);
		if (n == 0) {
			site_text(&s, &before);
			from = s.budget.requests;
		}
		s.budget.fail_at = n > 0 ? from + n : 0;
		rc = topology_fixture(&s, name);
		sb_init(&have, NULL);
		site_text(&s, &have);
		if (n == 0) {
			CU_ASSERT(rc == TMG_OK);
			sb_puts(&good, have.s);
			requests = s.budget.requests - from;
		} else if (rc == TMG_OK ? strcmp(have.s, good.s) != 0 : strcmp(have.s, before.s) != 0) {
			if (wrong++ < 3)
				fprintf(stderr, "%s, request %llu fails, status %d:\n%s", name, (unsigned long long)n,
				    (int)rc, have.s);
		}
		CU_ASSERT(rc == TMG_OK || rc == TMG_ENOMEM);
		sb_free(&have);
		site_free(&s);
		CU_ASSERT(s.budget.used == 0);
	}
	CU_ASSERT(requests > 20 && wrong == 0);
	sb_free(&before);
	sb_free(&good);
}

static void
test_memory(void)
{
	static const char *const names[] = { "enterprise-draft.tbxml", "lync-director.xml", "services-utf16le.txt",
		"simple-urls-collections.txt", "simple-urls.clixml", "lync-director.json", "export-escaped.zip",
		"simple-urls-scopes.xml", "article.xml.gz" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		every_request(names[i]);
}

int
suite_topology_hostile(void)
{
	static const struct unit_test tests[] = {
		{ "broken files leave nothing", test_broken },
		{ "files that are cut off", test_cut },
		{ "bounds, at and above", test_bounds },
		{ "a tag without an end", test_tag },
		{ "very many messages", test_messages },
		{ "archives, at and above their bounds", test_archives },
		{ "every request for memory fails once", test_memory },
	};

	return unit_add("topology-hostile", tests, ARRAY_LEN(tests));
}
