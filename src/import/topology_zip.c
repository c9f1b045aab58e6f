/*
 * Archives of Export-CsConfiguration: every DocItemSet.xml in it is read as XML,
 * within bounds on number, size and ratio. Must not know what stands in them.
 */
#include "import/topology.h"

#include <zip.h>

#define DOCUMENT "DocItemSet.xml"

struct entry {
	struct topo *t;
	zip_file_t *file;
	uint64_t packed, flat; /* bytes */
	uint64_t *all;         /* of the archive, inflated */
	struct topo_xml *xml;
	bool begun;
};

/* Inflates, and stops where no honest document would. */
static ptrdiff_t
entry_read(void *ctx, void *buf, size_t room)
{
	struct entry *e = ctx;
	zip_int64_t n = zip_fread(e->file, buf, room);

	if (n <= 0)
		return n < 0 ? -1 : 0;
	e->flat += (uint64_t)n;
	*e->all += (uint64_t)n;
	if (e->flat > ZIP_MAX_ENTRY || *e->all > TOPOLOGY_MAX_SIZE) {
		topo_stop(e->t, D_LIMIT, 0, "documents of more than %llu bytes in the archive",
		    (unsigned long long)(e->flat > ZIP_MAX_ENTRY ? ZIP_MAX_ENTRY : TOPOLOGY_MAX_SIZE));
		return -1;
	}
	if (e->flat > (UINT64_C(1) << 20) && e->flat / ZIP_MAX_RATIO > e->packed) {
		topo_stop(e->t, D_LIMIT, 0, "a document that is more than %u times as large as what is packed",
		    ZIP_MAX_RATIO);
		return -1;
	}
	return (ptrdiff_t)n;
}

static bool
on_bytes(void *ctx, const char *s, size_t n)
{
	struct entry *e = ctx;

	if (!e->begun)
		e->xml = topo_xml_open(e->t, 1);
	e->begun = true;
	topo_xml_feed(e->xml, s, n);
	return !e->t->stopped;
}

static void
read_entry(struct topo *t, zip_t *z, zip_uint64_t i, const zip_stat_t *st, uint64_t *all)
{
	struct entry e = { .t = t, .packed = st->comp_size, .all = all };
	struct input_source src = { .read = entry_read, .ctx = &e };
	struct input_options opt = { .max_size = ZIP_MAX_ENTRY, .budget = t->d.mem.budget };
	struct input_result res;

	if ((st->valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && st->encryption_method != ZIP_EM_NONE) {
		topo_stop(t, D_BAD_ARCHIVE, 0, "%s", "it is encrypted");
		return;
	}
	e.file = zip_fopen_index(z, i, 0);
	if (e.file == NULL) {
		topo_stop(t, D_BAD_ARCHIVE, 0, "%s", "a document in it cannot be opened");
		return;
	}
	input_pump(&src, &opt, on_bytes, &e, &res);
	topo_xml_close(e.xml, res.error == INPUT_OK && !t->stopped);
	zip_fclose(e.file);
	if (res.error == INPUT_NOMEM)
		topo_oom(t);
	else if (res.error == INPUT_KIND)
		topo_stop(t, D_NOT_TOPOLOGY, 0, "a document in the archive is %s", res.detail);
	else if (res.error == INPUT_SIZE)
		topo_stop(t, D_LIMIT, 0, "%s", res.detail);
	else if (res.error != INPUT_OK && res.error != INPUT_STOPPED)
		topo_stop(t, D_BAD_ARCHIVE, 0, "%s", res.detail);
}

static bool
is_document(const char *name)
{
	size_t n = strlen(name), k = strlen(DOCUMENT);

	return n >= k && str_caseeq(name + n - k, DOCUMENT) &&
	    (n == k || name[n - k - 1] == '/' || name[n - k - 1] == '\\');
}

static void
read_all(struct topo *t, zip_t *z)
{
	zip_int64_t count = zip_get_num_entries(z, 0);
	uint64_t all = 0;
	bool any = false;

	if (count > (zip_int64_t)ZIP_MAX_ENTRIES) {
		topo_stop(t, D_LIMIT, 0, "an archive of more than %u files", ZIP_MAX_ENTRIES);
		return;
	}
	for (zip_int64_t i = 0; i < count && !t->stopped; i++) {
		zip_stat_t st;

		zip_stat_init(&st);
		if (zip_stat_index(z, (zip_uint64_t)i, 0, &st) != 0 || (st.valid & ZIP_STAT_NAME) == 0 ||
		    (st.valid & ZIP_STAT_COMP_SIZE) == 0) {
			topo_stop(t, D_BAD_ARCHIVE, 0, "%s", "its directory is broken");
		} else if (is_document(st.name)) {
			any = true;
			read_entry(t, z, (zip_uint64_t)i, &st, &all);
		}
	}
	if (!any && !t->stopped)
		topo_stop(t, D_NOT_TOPOLOGY, 0, "%s", "an archive without " DOCUMENT);
}

void
topo_zip(struct topo *t, const void *data, size_t n)
{
	zip_source_t *src;
	zip_error_t err;
	zip_t *z;

	zip_error_init(&err);
	src = zip_source_buffer_create(data, n, 0, &err);
	z = src != NULL ? zip_open_from_source(src, ZIP_RDONLY, &err) : NULL;
	if (z != NULL) {
		read_all(t, z);
		zip_discard(z);
	} else if (zip_error_code_zip(&err) == ZIP_ER_MEMORY) {
		topo_oom(t);
	} else {
		topo_stop(t, D_BAD_ARCHIVE, 0, "%s", "its directory cannot be read");
	}
	if (z == NULL && src != NULL)
		zip_source_free(src);
	zip_error_fini(&err);
}
