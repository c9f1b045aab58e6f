/*
 * Output files and what goes with them: staging, commit and refusal; names of
 * inputs; versions; JSON that deceives no terminal; the lists of targets. Each
 * test has a directory of its own, which it removes.
 */
#include "unit.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "export/names.h"
#include "export/out.h"
#include "export/versions.h"
#include "export/write_json.h"
#include "export/writer.h"
#include "model/diag.h"
#include "model/model.h"

struct place {
	char top[64];
	char path[320];
};

static bool
place_make(struct place *p)
{
	snprintf(p->top, sizeof(p->top), "/tmp/tmgport-unit.XXXXXX");
	return mkdtemp(p->top) != NULL;
}

static const char *
in(struct place *p, const char *rel)
{
	snprintf(p->path, sizeof(p->path), "%s/%s", p->top, rel);
	return p->path;
}

static void
remove_below(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	char sub[512];

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
		if (unlink(sub) != 0) {
			remove_below(sub);
			rmdir(sub);
		}
	}
	if (d != NULL)
		closedir(d);
}

static void
place_remove(struct place *p)
{
	remove_below(p->top);
	CU_ASSERT_EQUAL(rmdir(p->top), 0);
}

/* Number of names in a directory, hidden ones too; -1 when it is not there. */
static int
entries(const char *path)
{
	DIR *d = opendir(path);
	int n = -2;

	if (d == NULL)
		return -1;
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(text, f);
	fclose(f);
}

static bool
holds(const char *path, const char *text)
{
	static char buf[1 << 18];
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		return false;
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	fclose(f);
	return strcmp(buf, text) == 0;
}

static void
put(struct out_set *s, const char *rel, const char *text)
{
	struct out *o = out_open(s, rel);

	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	out_str(o, text);
	out_close(o);
}

/* ---- places ------------------------------------------------------------------ */

static void
test_new_place(void)
{
	struct place p;
	enum tmg_status rc;
	struct out_set *s;
	char why[160];

	CU_ASSERT_FATAL(place_make(&p));
	s = out_begin(in(&p, "a/b/out/"), false, NULL, &rc, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	put(s, "nginx/maps/x.map", "x");
	put(s, "nginx/nginx.conf", "conf");
	CU_ASSERT_EQUAL(entries(in(&p, "a/b/out")), -1);
	CU_ASSERT_EQUAL(out_commit(s, why), TMG_OK);
	CU_ASSERT(holds(in(&p, "a/b/out/nginx/maps/x.map"), "x"));
	CU_ASSERT(holds(in(&p, "a/b/out/nginx/nginx.conf"), "conf"));
	CU_ASSERT_EQUAL(entries(in(&p, "a/b")), 1);
	place_remove(&p);
}

static void
test_abort(void)
{
	struct place p;
	enum tmg_status rc;
	struct out_set *s;
	char why[160];

	CU_ASSERT_FATAL(place_make(&p));
	s = out_begin(in(&p, "a/b/out"), false, NULL, &rc, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	put(s, "nginx/nginx.conf", "conf");
	out_abort(s);
	CU_ASSERT_EQUAL(entries(p.top), 0);
	/* A directory that was there stays, empty. */
	CU_ASSERT_EQUAL(mkdir(in(&p, "out"), 0750), 0);
	s = out_begin(in(&p, "out"), false, NULL, &rc, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	put(s, "x", "x");
	out_abort(s);
	CU_ASSERT_EQUAL(entries(in(&p, "out")), 0);
	out_abort(NULL);
	place_remove(&p);
}

static void
test_empty_place(void)
{
	struct place p;
	enum tmg_status rc;
	struct out_set *s;
	struct stat st;
	char why[160];

	CU_ASSERT_FATAL(place_make(&p));
	CU_ASSERT_EQUAL(mkdir(in(&p, "out"), 0750), 0);
	s = out_begin(in(&p, "out"), false, NULL, &rc, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	put(s, "nginx/nginx.conf", "conf");
	CU_ASSERT_EQUAL(out_commit(s, why), TMG_OK);
	CU_ASSERT_EQUAL(entries(in(&p, "out")), 1);
	CU_ASSERT(holds(in(&p, "out/nginx/nginx.conf"), "conf"));
	CU_ASSERT_EQUAL(stat(in(&p, "out"), &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0750);
	place_remove(&p);
}

static void
test_refused_places(void)
{
	struct place p;
	struct out_set *s;
	enum tmg_status rc;
	char why[160];

	CU_ASSERT_FATAL(place_make(&p));
	write_file(in(&p, "file"), "mine");
	CU_ASSERT_PTR_NULL(out_begin(p.top, false, NULL, &rc, why));
	CU_ASSERT_EQUAL(rc, TMG_EUSAGE); /* not empty */
	CU_ASSERT_PTR_NULL(out_begin(in(&p, "file"), true, NULL, &rc, why));
	CU_ASSERT_EQUAL(rc, TMG_EOUTPUT);
	CU_ASSERT_PTR_NULL(out_begin(in(&p, "file/out"), false, NULL, &rc, why));
	CU_ASSERT_EQUAL(rc, TMG_EOUTPUT);
	CU_ASSERT_EQUAL(symlink("nowhere", in(&p, "link")), 0);
	CU_ASSERT_PTR_NULL(out_begin(in(&p, "link"), false, NULL, &rc, why));
	CU_ASSERT_EQUAL(rc, TMG_EOUTPUT);
	CU_ASSERT_EQUAL(entries(p.top), 2);
	CU_ASSERT(holds(in(&p, "file"), "mine"));
	/* A link to a folder is the user's own word, or it is in the way. */
	CU_ASSERT_EQUAL(mkdir(in(&p, "real"), 0700), 0);
	CU_ASSERT_EQUAL(symlink("real", in(&p, "other")), 0);
	CU_ASSERT_PTR_NULL(out_begin_no_link(in(&p, "other"), true, NULL, &rc, why));
	CU_ASSERT_EQUAL(rc, TMG_EOUTPUT);
	CU_ASSERT_STRING_EQUAL(why, "a symbolic link is in the way");
	s = out_begin(in(&p, "other"), true, NULL, &rc, why);
	CU_ASSERT_PTR_NOT_NULL(s);
	out_abort(s);
	CU_ASSERT_EQUAL(entries(in(&p, "real")), 0);
	place_remove(&p);
}

static void
test_force(void)
{
	struct place p;
	enum tmg_status rc;
	struct out_set *s;
	char why[160];

	CU_ASSERT_FATAL(place_make(&p));
	CU_ASSERT_EQUAL(mkdir(in(&p, "nginx"), 0755), 0);
	write_file(in(&p, "nginx/nginx.conf"), "old");
	write_file(in(&p, "nginx/mine"), "mine");
	s = out_begin(p.top, true, NULL, &rc, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	put(s, "nginx/nginx.conf", "new");
	put(s, "haproxy/haproxy.cfg", "cfg");
	CU_ASSERT_EQUAL(out_commit(s, why), TMG_OK);
	CU_ASSERT(holds(in(&p, "nginx/nginx.conf"), "new"));
	CU_ASSERT(holds(in(&p, "nginx/mine"), "mine"));
	CU_ASSERT(holds(in(&p, "haproxy/haproxy.cfg"), "cfg"));
	CU_ASSERT_EQUAL(entries(p.top), 2);
	place_remove(&p);
}

/* One name that cannot be replaced: what was moved before comes back. */
static void
refuse_over(int what)
{
	struct place p;
	enum tmg_status rc;
	struct out_set *s;
	char why[160];

	CU_ASSERT_FATAL(place_make(&p));
	CU_ASSERT_EQUAL(mkdir(in(&p, "a"), 0755), 0);
	CU_ASSERT_EQUAL(mkdir(in(&p, "z"), 0755), 0);
	write_file(in(&p, "target"), "precious");
	write_file(in(&p, "a/conf"), "old a");
	write_file(in(&p, "z/conf"), "old z");
	if (what == 0)
		CU_ASSERT_EQUAL(symlink("../target", in(&p, "a/bad")), 0);
	if (what == 1)
		CU_ASSERT_EQUAL(mkdir(in(&p, "a/bad"), 0755), 0);
	if (what == 2)
		CU_ASSERT_EQUAL(mkfifo(in(&p, "a/bad"), 0600), 0);
	s = out_begin(p.top, true, NULL, &rc, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	put(s, "a/conf", "new a");
	put(s, "z/conf", "new z");
	put(s, "z/more", "more");
	put(s, "a/bad", "bad");
	CU_ASSERT_EQUAL(out_commit(s, why), TMG_EOUTPUT);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "a/bad"));
	CU_ASSERT(holds(in(&p, "target"), "precious"));
	CU_ASSERT(holds(in(&p, "a/conf"), "old a"));
	CU_ASSERT(holds(in(&p, "z/conf"), "old z"));
	CU_ASSERT_EQUAL(entries(in(&p, "z")), 1);
	CU_ASSERT_EQUAL(entries(p.top), 3);
	place_remove(&p);
}

static void
test_rollback(void)
{
	refuse_over(0);
	refuse_over(1);
	refuse_over(2);
}

/* A folder of the output that is a symbolic link is never followed. */
static void
test_linked_folder(void)
{
	struct place p;
	enum tmg_status rc;
	struct out_set *s;
	char why[160];

	CU_ASSERT_FATAL(place_make(&p));
	CU_ASSERT_EQUAL(mkdir(in(&p, "elsewhere"), 0755), 0);
	CU_ASSERT_EQUAL(mkdir(in(&p, "out"), 0755), 0);
	CU_ASSERT_EQUAL(symlink("../elsewhere", in(&p, "out/nginx")), 0);
	s = out_begin(in(&p, "out"), true, NULL, &rc, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	put(s, "nginx/nginx.conf", "conf");
	CU_ASSERT_EQUAL(out_commit(s, why), TMG_EOUTPUT);
	CU_ASSERT_EQUAL(entries(in(&p, "elsewhere")), 0);
	CU_ASSERT_EQUAL(entries(in(&p, "out")), 1);
	place_remove(&p);
}

static void
test_names_in_set(void)
{
	static const char *const bad[] = { "../x", "a/../x", "./x", "a//x", "/x" };
	struct place p;
	enum tmg_status rc;
	struct out_set *s;
	char why[160];
	size_t i;

	CU_ASSERT_FATAL(place_make(&p));
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		s = out_begin(in(&p, "out"), false, NULL, &rc, why);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s);
		put(s, bad[i], "x");
		CU_ASSERT_EQUAL(out_commit(s, why), TMG_EOUTPUT);
		CU_ASSERT_EQUAL(entries(p.top), 0);
	}
	s = out_begin(in(&p, "out"), false, NULL, &rc, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	put(s, "x", "once");
	put(s, "x", "twice");
	CU_ASSERT_EQUAL(out_commit(s, why), TMG_EOUTPUT);
	CU_ASSERT_EQUAL(entries(p.top), 0);
	place_remove(&p);
}

/* ---- copies ------------------------------------------------------------------------ */

/* Stretches of a file that is closed: short ones, none, and one that goes through the buffer in pieces. */
static void
test_copy(void)
{
	static const char first[] = "0123456789abcdefghij";
	static char large[200001];
	struct out_stretch all = { 0, 20 }, some = { 3, 18 }, none = { 5, 5 }, most = { 1, 199999 };
	enum tmg_status rc;
	struct out_set *s;
	struct place p;
	struct out *o;
	char why[160];

	CU_ASSERT_FATAL(place_make(&p));
	for (size_t i = 0; i < sizeof(large) - 1; i++)
		large[i] = (char)('a' + i * i % 23);
	s = out_begin(in(&p, "out"), true, NULL, &rc, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	put(s, "a/first", first);
	put(s, "a/large", large);
	o = out_open(s, "b/second");
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	out_str(o, "<");
	CU_ASSERT(out_copy(o, "a/first", some));
	CU_ASSERT_EQUAL(out_tell(o), 16);
	out_str(o, "|");
	CU_ASSERT(out_copy(o, "a/first", none));
	CU_ASSERT(!out_copy(o, "a/third", all));
	CU_ASSERT(!out_failed(o));
	CU_ASSERT(out_copy(o, "a/first", all));
	out_str(o, ">");
	CU_ASSERT_EQUAL(out_tell(o), 38);
	out_close(o);
	o = out_open(s, "b/third");
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT(out_copy(o, "a/large", most));
	CU_ASSERT_EQUAL(out_tell(o), 199998);
	out_close(o);
	CU_ASSERT_EQUAL(out_commit(s, why), TMG_OK);
	CU_ASSERT(holds(in(&p, "out/b/second"), "<3456789abcdefgh|0123456789abcdefghij>"));
	large[199999] = '\0';
	CU_ASSERT(holds(in(&p, "out/b/third"), large + 1));
	place_remove(&p);
}

/* More is asked for than there is: nothing comes into place. */
static void
test_copy_short(void)
{
	struct out_stretch beyond = { 3, 6 };
	enum tmg_status rc;
	struct out_set *s;
	struct place p;
	struct out *o;
	char why[160];

	CU_ASSERT_FATAL(place_make(&p));
	s = out_begin(in(&p, "out"), false, NULL, &rc, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	put(s, "first", "12345");
	o = out_open(s, "second");
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	CU_ASSERT(out_copy(o, "first", beyond));
	CU_ASSERT(out_failed(o));
	CU_ASSERT(!out_copy(o, "first", beyond));
	out_close(o);
	CU_ASSERT_EQUAL(out_commit(s, why), TMG_EOUTPUT);
	CU_ASSERT_EQUAL(entries(p.top), 0);
	place_remove(&p);
}

/* ---- text ---------------------------------------------------------------------- */

struct sink {
	struct strbuf b;
	size_t room;
};

static bool
sink_write(void *ctx, const char *data, size_t len)
{
	struct sink *s = ctx;

	if (len > s->room)
		return false;
	s->room -= len;
	sb_putn(&s->b, data, len);
	return true;
}

static void
test_text(void)
{
	struct sink s = { .room = SIZE_MAX };
	struct out *o;
	size_t i;

	sb_init(&s.b, NULL);
	o = out_to_fn(sink_write, &s, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	for (i = 0; i < 30000; i++)
		out_fmt(o, "%05zu", i);
	out_fmt(o, "%200000s", "end");
	out_str(o, "!");
	CU_ASSERT(!out_failed(o));
	CU_ASSERT(out_end_fn(o));
	CU_ASSERT_EQUAL(s.b.len, 350001);
	CU_ASSERT_EQUAL(memcmp(s.b.s + 29999 * 5, "29999", 5), 0);
	CU_ASSERT_STRING_EQUAL(s.b.s + 349997, "end!");
	sb_free(&s.b);
	s.room = 10;
	o = out_to_fn(sink_write, &s, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(o);
	out_str(o, "more than ten bytes");
	CU_ASSERT(!out_end_fn(o));
	sb_free(&s.b);
}

/* Numbers of every length, and those beside them, as printf has them. */
static void
test_numbers(void)
{
	char want[32], got[OUT_DIGITS + 1];
	uint64_t ten = 1;

	for (int digits = 1; digits <= 20; digits++, ten *= 10) {
		for (uint64_t d = 0; d < 3; d++) {
			uint64_t n = digits == 20 && d == 2 ? UINT64_MAX : ten - 1 + d;

			snprintf(want, sizeof(want), "%llu", (unsigned long long)n);
			*out_digits(got, n) = '\0';
			CU_ASSERT_STRING_EQUAL(got, want);
		}
	}
	for (unsigned n = 0; n < 20000; n++) {
		snprintf(want, sizeof(want), "%u", n);
		*out_digits(got, n) = '\0';
		CU_ASSERT_STRING_EQUAL(got, want);
	}
}

static void
comment_is(const struct tmg_obj *obj, const char *want)
{
	struct tmg_obj copy = *obj;
	struct sink s = { .room = SIZE_MAX };
	struct out *o;

	for (int i = 0; i < 2; i++) {
		copy.plain = i == 1 && obj_is_plain(obj);
		sb_init(&s.b, NULL);
		o = out_to_fn(sink_write, &s, NULL);
		CU_ASSERT_PTR_NOT_NULL_FATAL(o);
		out_comment_obj(o, "\t", &copy);
		CU_ASSERT(out_end_fn(o));
		CU_ASSERT_STRING_EQUAL(s.b.s, want);
		sb_free(&s.b);
	}
}

/* The quick way to write a comment lets through what the careful one does, and no more. */
static void
test_comment(void)
{
	struct tmg_obj o = { .guid.text = "{1-2}", .name = "Web", .kind = TMG_K_RULE, .line = 12 };

	CU_ASSERT(obj_is_plain(&o));
	comment_is(&o, "\t# rule \"Web\" {1-2} line 12\n");
	o.line = 0;
	comment_is(&o, "\t# rule \"Web\" {1-2}\n");
	o.guid.text = "";
	comment_is(&o, "\t# rule \"Web\"\n");
	o.guid.text = NULL;
	comment_is(&o, "\t# rule \"Web\"\n");
	o.name = NULL;
	comment_is(&o, "\t# rule\n");
	o.guid.text = "a\nlisten 1;";
	comment_is(&o, "\t# rule \"a listen 1;\" a listen 1;\n");
	o.name = "x\ny {{ {$ ${ \\";
	comment_is(&o, "\t# rule \"x y { { { $ $ {\" a listen 1;\n");
	o.guid.text = "{1}";
	comment_is(&o, "\t# rule \"x y { { { $ $ {\" {1}\n");
	o.name = "Web";
	o.guid.text = "{{1}}\\";
	comment_is(&o, "\t# rule \"Web\" { {1}}\n");
	CU_ASSERT(!obj_is_plain(&o));
	o.kind = TMG_K_LISTENER;
	comment_is(&o, "\t# listener \"Web\" { {1}}\n");
	o.kind = TMG_K_OTHER;
	o.cls = class_number("PolicyGroup");
	comment_is(&o, "\t# PolicyGroup \"Web\" { {1}}\n");
	o.kind = TMG_K_RULE;
	o.guid_bytes = true;
	memset(o.guid.bytes, 0x2a, sizeof(o.guid.bytes));
	CU_ASSERT(obj_is_plain(&o));
	comment_is(&o, "\t# rule \"Web\" {2A2A2A2A-2A2A-2A2A-2A2A-2A2A2A2A2A2A}\n");
	o.name = "x\ny";
	CU_ASSERT(!obj_is_plain(&o));
	comment_is(&o, "\t# rule \"x y\" {2A2A2A2A-2A2A-2A2A-2A2A-2A2A2A2A2A2A}\n");
}

static void
json_is(const char *text, const char *want)
{
	struct sink s = { .room = SIZE_MAX };
	struct jw w = { 0 };

	sb_init(&s.b, NULL);
	w.o = out_to_fn(sink_write, &s, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(w.o);
	jw_put(&w, "", jw_string(text));
	CU_ASSERT(!w.failed);
	CU_ASSERT(out_end_fn(w.o));
	CU_ASSERT_STRING_EQUAL(s.b.s, want);
	sb_free(&s.b);
}

static void
test_json(void)
{
	json_is(NULL, "null");
	json_is("plain \"quoted\" \\", "\"plain \\\"quoted\\\" \\\\\"");
	json_is("a\nb\x01", "\"a\\nb\\u0001\"");
	json_is("\x7f", "\"\\u007F\"");
	json_is("\xc3\xa9t\xc3\xa9", "\"\xc3\xa9t\xc3\xa9\"");
	json_is("x\xe2\x80\xae y\xe2\x80\xa8z", "\"x\\u202E y\\u2028z\"");
	json_is("\xc2\x9b[31m", "\"\\u009B[31m\"");
	json_is("bad \xff byte", "\"bad \xef\xbf\xbd byte\"");
}

/* ---- names, versions, targets ---------------------------------------------------- */

static void
test_input_names(void)
{
	static const char *const rows[][2] = {
		{ "dir/lync.xml", "lync" },
		{ "other/lync.xml.gz", "lync-2" },
		{ "lync-2.xml", "lync-2-2" },
		{ "lync", "lync-3" },
		{ "a.b.xml", "a.b" },
		{ ".hidden.xml", "input" },
		{ "with blank.xml", "input-2" },
		{ "-", "input-3" },
		{ "../..", "input-4" },
		{ "\xc3\xa9.xml", "input-5" },
	};
	struct name_set n;
	const char *name;
	size_t i;

	names_init(&n, NULL);
	for (i = 0; i < ARRAY_LEN(rows); i++) {
		name = names_for(&n, rows[i][0]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(name);
		CU_ASSERT_STRING_EQUAL(name, rows[i][1]);
	}
	names_free(&n);
}

static void
test_versions(void)
{
	const char *directive = NULL, *since = NULL;
	int i;

	for (i = 0; writers[i] != NULL; i++) {
		CU_ASSERT_EQUAL(version_check(writers[i]->name, writers[i]->tested, &directive, &since), VERSION_OK);
		CU_ASSERT_EQUAL(version_check(writers[i]->name, "99.1", &directive, &since), VERSION_NEWER);
		CU_ASSERT_EQUAL(version_check(writers[i]->name, "0.1.0", &directive, &since), VERSION_OLDER);
		CU_ASSERT_PTR_NOT_NULL(directive);
		CU_ASSERT_PTR_NOT_NULL(since);
		CU_ASSERT_EQUAL(version_check(writers[i]->name, "1", &directive, &since), VERSION_FORM);
		CU_ASSERT_EQUAL(version_check(writers[i]->name, "1.x", &directive, &since), VERSION_FORM);
		CU_ASSERT_EQUAL(version_check(writers[i]->name, "1.2.", &directive, &since), VERSION_FORM);
	}
	/* A branch is as new as its newest release. */
	CU_ASSERT_EQUAL(version_check("nginx", "1.22", &directive, &since), VERSION_OK);
	CU_ASSERT_EQUAL(version_check("squid", "5.7", &directive, &since), VERSION_TARGET);
}

static void
test_targets(void)
{
	const char *const *names = tmg_targets();
	int i;

	for (i = 0; writers[i] != NULL; i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(names[i]);
		CU_ASSERT_STRING_EQUAL(names[i], writers[i]->name);
	}
	CU_ASSERT_PTR_NULL(names[i]);
}

int
suite_out(void)
{
	static const struct unit_test tests[] = {
		{ "new place", test_new_place },
		{ "abort", test_abort },
		{ "empty place", test_empty_place },
		{ "refused places", test_refused_places },
		{ "force", test_force },
		{ "rollback", test_rollback },
		{ "linked folder", test_linked_folder },
		{ "names in a set", test_names_in_set },
		{ "copies", test_copy },
		{ "copies of too much", test_copy_short },
		{ "text", test_text },
		{ "numbers", test_numbers },
		{ "comments", test_comment },
		{ "json", test_json },
		{ "input names", test_input_names },
		{ "versions", test_versions },
		{ "targets", test_targets },
	};

	return unit_add("out", tests, ARRAY_LEN(tests));
}
