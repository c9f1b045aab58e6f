/*
 * The tables of directives and the versions that brought them, and the
 * comparison of version numbers. Knows no configuration language: the rows
 * come from the files beside the writers.
 */
#include "export/versions.h"

#include "export/writer.h"

#define PARTS 4

struct version_row {
	const char *directive, *since;
};

static const struct version_row nginx_rows[] = {
#define V(directive, since) { directive, since },
#include "export/versions_nginx.def"
#undef V
};

static const struct version_row haproxy_rows[] = {
#define V(directive, since) { directive, since },
#include "export/versions_haproxy.def"
#undef V
};

static const struct {
	const char *target;
	const struct version_row *rows;
	size_t count;
} tables[] = {
	{ "nginx", nginx_rows, ARRAY_LEN(nginx_rows) },
	{ "haproxy", haproxy_rows, ARRAY_LEN(haproxy_rows) },
};

/* "1.22.1" or "2.6": up to four numbers, at least two; missing ones are 0. */
static bool
version_parse(const char *s, unsigned v[PARTS])
{
	int i, digits;

	memset(v, 0, PARTS * sizeof(v[0]));
	for (i = 0; i < PARTS; i++) {
		for (digits = 0; *s >= '0' && *s <= '9'; s++) {
			if (++digits > 6)
				return false;
			v[i] = v[i] * 10 + (unsigned)(*s - '0');
		}
		if (digits == 0)
			return false;
		if (*s == '\0')
			return i > 0;
		if (*s++ != '.')
			return false;
	}
	return false;
}

/* "2.6" asks for the branch: it is as new as any release of it that is named. */
static int
version_cmp(const unsigned a[PARTS], const unsigned b[PARTS])
{
	int i;

	for (i = 0; i < PARTS; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

static bool
branch_only(const char *s)
{
	const char *dot = strchr(s, '.');

	return dot != NULL && strchr(dot + 1, '.') == NULL;
}

static const struct writer *
find_writer(const char *target)
{
	int i;

	for (i = 0; writers[i] != NULL; i++)
		if (strcmp(writers[i]->name, target) == 0)
			return writers[i];
	return NULL;
}

enum version_answer
version_check(const char *target, const char *asked, const char **directive, const char **since)
{
	const struct writer *w = find_writer(target);
	unsigned want[PARTS], have[PARTS];
	size_t i, k;

	if (w == NULL)
		return VERSION_TARGET;
	if (!version_parse(asked, want))
		return VERSION_FORM;
	if (branch_only(asked))
		want[2] = want[3] = 999999;
	for (i = 0; i < ARRAY_LEN(tables); i++) {
		if (strcmp(tables[i].target, target) != 0)
			continue;
		for (k = 0; k < tables[i].count; k++) {
			if (!version_parse(tables[i].rows[k].since, have) || version_cmp(want, have) >= 0)
				continue;
			*directive = tables[i].rows[k].directive;
			*since = tables[i].rows[k].since;
			return VERSION_OLDER;
		}
	}
	if (!version_parse(w->tested, have))
		return VERSION_OK;
	if (branch_only(asked))
		want[2] = have[2], want[3] = have[3];
	return version_cmp(want, have) > 0 ? VERSION_NEWER : VERSION_OK;
}

const char *
version_asked(const struct tmg_convert_options *o, const char *target)
{
	size_t i = o->version_count;

	while (i-- > 0)
		if (strcmp(o->versions[i].key, target) == 0)
			return o->versions[i].value;
	return NULL;
}
