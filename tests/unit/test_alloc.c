/*
 * Every request for memory fails once, in a whole run: read, resolve, inspect,
 * plan, convert. Whatever says that it went well must give the same as a run
 * with memory; nothing is left behind otherwise. Leaks and crashes are for the
 * sanitizers. What libxml2 and other libraries ask for is not counted.
 */
#include "unit.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export.h"
#include "plan/plan.h"

/* An HTTP filter with one setting of most kinds. */
#define X_FILTER                                                                                                       \
	"<VendorParametersSets><VendorParametersSet StorageName=\"{F1076E51-BBAF-48BA-A2D7-B0875211E80D}\"><BlobData>" \
	"010000000b00000058004d004c005f0050004f004c0049004300590000000800520100003c0043006f006e00660069006700"         \
	"750072006100740069006f006e0020004d0061007800520065007100750065007300740042006f00640079004c0065006e00"         \
	"3d002200390022003e003c00550072006c00560061006c00690064006100740069006f006e0020004d00610078004c006500"         \
	"6e006700740068003d0022003900390022002f003e003c0056006500720062007300200041006c006c006f00770043006f00"         \
	"6e0064006900740069006f006e003d002200310022003e003c0056006500720062002000560061006c00750065003d002200"         \
	"47004500540022002f003e003c002f00560065007200620073003e003c005200650071007500650073007400480065006100"         \
	"64006500720073003e003c005200650071007500650073007400480065006100640065007200200048006500610064006500"         \
	"72004e0061006d0065003d00220058002200200041006c006c006f0077003d002200300022002f003e003c002f0052006500"         \
	"7100750065007300740048006500610064006500720073003e003c00440065006e006900650064005300690067006e006100"         \
	"740075007200650073003e003c005300690067006e006100740075007200650020004e0061006d0065003d00220073002200"         \
	"200045006e00610062006c00650064003d0022003100220020005000610074007400650072006e003d002200630022002000"         \
	"46006f0072006d00610074004900730054006500780074003d00220031002200200053006500610072006300680049006e00"         \
	"54007900700065003d002200300022002f003e003c002f00440065006e006900650064005300690067006e00610074007500"         \
	"7200650073003e003c004e006f00760065006c00740079002f003e003c002f0043006f006e00660069006700750072006100"         \
	"740069006f006e003e000000"                                                                                     \
	"</BlobData></VendorParametersSet></VendorParametersSets>"

/* Small, with a bit of everything: an HTTP filter, a mapping, a wildcard, a redirect, a closed rule, an IDN, an unknown element. */
static const char small[] = X_ARRAY(X_LISTENER("{L1}", "192.0.2.1",
    "<TCPPort>80</TCPPort><SSLPort>443</SSLPort>") "<NetConfig><Networks><Network "
						   "StorageName=\"{N}\"><Name>n</Name></Network></Networks></"
						   "NetConfig>" X_RULE("1", "",
						       X_NAMES(X_STR("*.contoso.com") X_STR("b\xc3\xbc"
											    "cher.contoso.com"))
							   X_PATHS(X_PATH("/a/*", "/b c/*") X_PATH("/*", "/*"))
							       X_REF("WebListener", "{l1}") X_SITE
						       "<Novelty>1</Novelty><PublishedServerType>1</"
						       "PublishedServerType>")
						       X_PLAIN("2", "d.contoso.com", "<Action>1</Action>",
							   "<RedirectUrl>https://e.contoso.com/ x</RedirectUrl>")
							   X_PLAIN("3", "f.contoso.com", "",
							       X_SITE X_USERS(X_REF("UserSet", AUTHENTICATED)))
							       X_PLAIN("4", "g.contoso.com", X_FILTER,
								   "<Novelty>host.contoso.local</"
								   "Novelty><CredentialsDelegationType>0</"
								   "CredentialsDelegationType>"
								   "<SendOriginalHostHeader>1</"
								   "SendOriginalHostHeader><PublishedServerType>1</"
								   "PublishedServerType>"));

struct outcome {
	enum tmg_status rc;  /* the first that is not TMG_OK */
	struct strbuf shown; /* what inspect gave, the messages, every file */
	uint64_t requests;
};

static bool
sink(void *ctx, const char *s, size_t n)
{
	sb_putn(ctx, s, n);
	return true;
}

/* Name and content of every file below a folder, sorted; removes them if asked to. */
static void
tree(const char *dir, struct strbuf *out, bool destroy)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		char path[1024], piece[4096];
		struct stat st;
		size_t got;
		FILE *f;
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && lstat(path, &st) == 0) {
			if (S_ISDIR(st.st_mode))
				tree(path, out, destroy);
			else if ((f = fopen(path, "r")) != NULL) {
				sb_fmt(out, "\n== %s\n", name);
				while ((got = fread(piece, 1, sizeof(piece), f)) > 0)
					sb_putn(out, piece, got);
				fclose(f);
			}
			if (destroy)
				remove(path);
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
}

static size_t
entries(const char *dir)
{
	struct dirent **list;
	int n = scandir(dir, &list, NULL, alphasort);

	for (int i = 0; i < n; i++)
		free(list[i]);
	if (n >= 0)
		free(list);
	return n > 2 ? (size_t)n - 2 : 0;
}

static void
note(struct outcome *o, enum tmg_status rc)
{
	if (o->rc == TMG_OK)
		o->rc = rc;
}

/* `stubborn` goes on after a failure, as a careless caller would. */
static void
run(const char *dir, uint64_t fail_at, bool stubborn, struct outcome *o)
{
	static const char *const targets[] = { "nginx", "haproxy" };
	char out[600];
	struct tmg_convert_options co = { .targets = targets, .target_count = 2, .dir = out };
	struct tmg *t = tmg_new(NULL);
	enum tmg_status last;

	memset(o, 0, sizeof(*o));
	sb_init(&o->shown, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	snprintf(out, sizeof(out), "%s/out", dir);
	t->budget.fail_at = fail_at;
	note(o, export_add(t, "small.xml", small));
	if (o->rc == TMG_OK || stubborn)
		note(o, tmg_resolve(t));
	if (o->rc == TMG_OK || stubborn)
		note(o, tmg_inspect(t, TMG_TEXT, sink, &o->shown));
	if (o->rc == TMG_OK || stubborn)
		note(o, tmg_inspect(t, TMG_JSON, sink, &o->shown));
	if (o->rc == TMG_OK || stubborn) {
		last = tmg_convert(t, &co);
		note(o, last);
		if (stubborn) { /* only what is written counts */
			o->rc = last;
			sb_clear(&o->shown);
		}
	}
	if (o->rc == TMG_OK && !stubborn) {
		for (const struct tmg_message *m = tmg_messages(t); m != NULL; m = m->next)
			sb_fmt(&o->shown, "%u %s %d %s: %s\n", m->line, m->id, (int)m->severity,
			    m->object != NULL ? m->object : "-", m->detail != NULL ? m->detail : "-");
	}
	CU_ASSERT(o->rc == TMG_OK || entries(dir) == 0);
	tree(out, &o->shown, true);
	rmdir(out);
	CU_ASSERT(entries(dir) == 0);
	o->requests = t->budget.requests;
	tmg_free(t);
}

static void
every_point(bool stubborn)
{
	char dir[] = "/tmp/tmgport-unit-XXXXXX";
	struct outcome good, o;
	unsigned wrong = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	run(dir, 0, stubborn, &good);
	CU_ASSERT(good.rc == TMG_OK && good.shown.len > 5000 && !good.shown.failed && good.requests > 100);
	for (uint64_t n = 1; n <= good.requests; n++) {
		run(dir, n, stubborn, &o);
		if (o.rc == TMG_OK && strcmp(o.shown.s, good.shown.s) != 0) {
			size_t at = 0;
			while (o.shown.s[at] == good.shown.s[at])
				at++;
			at = at > 60 ? at - 60 : 0;
			if (++wrong <= 8)
				fprintf(stderr,
				    "request %llu fails, all is said to be well, and it differs:\nhave ...%.120s\nwant "
				    "...%.120s\n",
				    (unsigned long long)n, o.shown.s + at, good.shown.s + at);
		}
		sb_free(&o.shown);
	}
	if (wrong > 0)
		fprintf(stderr, "%u of %llu requests\n", wrong, (unsigned long long)good.requests);
	CU_ASSERT(wrong == 0);
	sb_free(&good.shown);
	CU_ASSERT(rmdir(dir) == 0);
}

static void
test_every_point(void)
{
	every_point(false);
}

static void
test_stubborn(void)
{
	every_point(true);
}

/* A bound on memory, at many sizes: the same, and never more than the bound. */
static void
test_bound(void)
{
	unsigned fine = 0, refused = 0;

	for (uint64_t limit = 1 << 10; limit <= 4 << 20; limit += limit / 4) {
		struct tmg_options opt = { .limits = { .max_memory = limit } };
		struct tmg *t = tmg_new(&opt);
		enum tmg_status rc = export_add(t, "small.xml", small);
		if (rc == TMG_OK)
			rc = tmg_resolve(t);
		CU_ASSERT(t->budget.used <= limit);
		fine += rc == TMG_OK;
		refused += rc != TMG_OK;
		tmg_free(t);
	}
	CU_ASSERT(fine > 3 && refused > 3);
}

int
suite_alloc(void)
{
	static const struct unit_test tests[] = {
		{ "every request fails once", test_every_point },
		{ "every request fails once and the caller goes on", test_stubborn },
		{ "a bound on memory", test_bound },
	};

	return unit_add("alloc", tests, ARRAY_LEN(tests));
}
