/*
 * The library's entry points: they put the stages together and hold no
 * knowledge of their own about exports or targets.
 */
#include "tmgport.h"

#include "base/addr.h"
#include "base/text.h"
#include "export/check.h"
#include "export/explain.h"
#include "export/inspect.h"
#include "export/manifest.h"
#include "export/names.h"
#include "export/versions.h"
#include "export/writer.h"
#include "import/input.h"
#include "import/read.h"
#include "model/model.h"
#include "plan/plan.h"
#include "trace/trace.h"

#define CERT_DIR "/etc/tmgport/certs"
#define RUNTIME_DIR "/run/tmgport"
#define WHY_LEN TMG_WHY

struct tmg_stage {
	struct out_set *set;
};

const char *
tmg_version(void)
{
	return PACKAGE_VERSION;
}

const char *const *
tmg_targets(void)
{
	static const char *const names[] = { "nginx", "haproxy", NULL };

	return names;
}

/* ---- the job --------------------------------------------------------------- */

static bool
copy_options(struct tmg *t, const struct tmg_options *opt)
{
	struct tmg_map *maps;
	size_t i;

	t->opt = *opt;
	if (opt->charset != NULL && (t->opt.charset = arena_str(&t->mem, opt->charset)) == NULL)
		return false;
	t->opt.maps = NULL;
	if (opt->map_count == 0)
		return true;
	maps = arena_array(&t->mem, opt->map_count, sizeof(*maps));
	if (maps == NULL)
		return false;
	for (i = 0; i < opt->map_count; i++) {
		maps[i].from = arena_str(&t->mem, opt->maps[i].from);
		maps[i].to = arena_str(&t->mem, opt->maps[i].to);
	}
	t->opt.maps = maps;
	return !t->mem.failed;
}

static void
fill_limits(struct tmg_limits *l)
{
	if (l->max_depth == 0)
		l->max_depth = LIMIT_DEPTH;
	if (l->max_text == 0)
		l->max_text = LIMIT_TEXT;
	if (l->max_elements == 0)
		l->max_elements = LIMIT_ELEMENTS;
	if (l->max_size == 0)
		l->max_size = LIMIT_SIZE;
}

struct tmg *
tmg_new(const struct tmg_options *opt)
{
	struct tmg *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	if (opt != NULL)
		t->budget.limit = opt->limits.max_memory;
	arena_init(&t->mem, &t->budget);
	t->diags.mem = &t->mem;
	t->diags.last = &t->diags.first;
	t->last_input = &t->inputs;
	if (opt != NULL && !copy_options(t, opt)) {
		tmg_free(t);
		return NULL;
	}
	fill_limits(&t->opt.limits);
	return t;
}

void
tmg_free(struct tmg *t)
{
	if (t == NULL)
		return;
	for (struct input_mem *m = t->input_mems, *next; m != NULL; m = next) {
		next = m->next;
		arena_free(&m->mem);
		budget_free(&t->budget, m, sizeof(*m));
	}
	arena_free(&t->mem);
	free(t);
}

static enum tmg_status
add_input(struct tmg *t, const struct input_source *src, const char *name)
{
	const char *copy;

	if (t->resolved)
		return TMG_EUSAGE;
	copy = arena_str(&t->mem, name);
	return copy == NULL ? TMG_ENOMEM : read_input(t, src, copy);
}

enum tmg_status
tmg_add_file(struct tmg *t, const char *path)
{
	struct input_source src = { .path = path };

	return add_input(t, &src, path);
}

enum tmg_status
tmg_add_memory(struct tmg *t, const char *name, const void *data, size_t len)
{
	struct input_source src = { .data = data, .len = len };

	return add_input(t, &src, name);
}

enum tmg_status
tmg_resolve(struct tmg *t)
{
	return resolve(t);
}

const struct tmg_input *
tmg_inputs(const struct tmg *t)
{
	return t->inputs;
}

/* ---- messages ---------------------------------------------------------------- */

struct sort_key {
	struct tmg_message *m;
	size_t file, seq;
};

static int
compare_keys(const void *a, const void *b)
{
	const struct sort_key *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->m->line != y->m->line)
		return x->m->line < y->m->line ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/* The place of a file in the order of messages: inputs as they were added,
 * then what could not be read as it was met, then what has no file. */
static bool
file_rank(struct hmap *ranks, const char *file, size_t *next, size_t *rank)
{
	void **slot;

	if (file == NULL) {
		*rank = SIZE_MAX;
		return true;
	}
	slot = hmap_slot(ranks, file, strlen(file), true);
	if (slot == NULL)
		return false;
	if (*slot == NULL)
		*slot = (void *)(uintptr_t)++ * next;
	*rank = (size_t)(uintptr_t)*slot;
	return true;
}

static bool
rank_messages(struct tmg *t, struct sort_key *keys)
{
	struct hmap ranks;
	struct tmg_message *m;
	const struct tmg_input *in;
	size_t next = 0, n = 0, unused;
	bool good = true;

	hmap_init(&ranks, &t->budget);
	for (in = t->inputs; good && in != NULL; in = in->next)
		good = file_rank(&ranks, in->file, &next, &unused);
	for (m = t->diags.first; good && m != NULL; m = m->next) {
		good = file_rank(&ranks, m->file, &next, &keys[n].file);
		keys[n].m = m;
		keys[n].seq = n;
		n++;
	}
	hmap_free(&ranks);
	return good;
}

const struct tmg_message *
tmg_messages(struct tmg *t)
{
	size_t n = t->diags.count, size = n * sizeof(struct sort_key), i;
	struct sort_key *keys = n > 1 ? budget_realloc(&t->budget, NULL, 0, size) : NULL;

	/* Without memory they stay in the order in which they were found. */
	if (keys != NULL && rank_messages(t, keys)) {
		qsort(keys, n, sizeof(*keys), compare_keys);
		t->diags.last = &t->diags.first;
		for (i = 0; i < n; i++) {
			*t->diags.last = keys[i].m;
			t->diags.last = &keys[i].m->next;
		}
		*t->diags.last = NULL;
	}
	if (keys != NULL)
		budget_free(&t->budget, keys, size);
	return t->diags.first;
}

/* ---- showing ------------------------------------------------------------------- */

enum tmg_status
tmg_inspect(struct tmg *t, enum tmg_format fmt, tmg_write_fn *fn, void *ctx)
{
	enum tmg_status rc = tmg_resolve(t);
	const struct tmg_input *in;
	struct out *o;
	bool good = true;

	if (rc != TMG_OK)
		return rc;
	o = out_to_fn(fn, ctx, &t->budget);
	if (o == NULL)
		return TMG_ENOMEM;
	if (fmt == TMG_JSON)
		inspect_json_begin(o);
	for (in = t->inputs; in != NULL && good; in = in->next) {
		if (fmt == TMG_JSON) {
			good = inspect_json_input(o, in, in == t->inputs);
		} else {
			out_str(o, in == t->inputs ? "" : "\n");
			inspect_text(o, in);
		}
	}
	if (fmt == TMG_JSON)
		inspect_json_end(o);
	if (!out_end_fn(o))
		return TMG_EOUTPUT;
	return good && !t->budget.refused ? TMG_OK : TMG_ENOMEM;
}

enum tmg_status
tmg_explain(const char *what, tmg_write_fn *fn, void *ctx)
{
	struct out *o = out_to_fn(fn, ctx, NULL);
	bool known;

	if (o == NULL)
		return TMG_ENOMEM;
	known = explain(o, what);
	if (!out_end_fn(o))
		return TMG_EOUTPUT;
	return known ? TMG_OK : TMG_EUSAGE;
}

/* ---- tracing --------------------------------------------------------------------- */

enum tmg_status
tmg_tracer_new(struct tmg *t, const struct tmg_trace_options *opt, struct tmg_tracer **out)
{
	enum tmg_status rc = tmg_resolve(t);

	*out = NULL;
	return rc != TMG_OK ? rc : tracer_new(t, opt, out);
}

enum tmg_status
tmg_trace(struct tmg_tracer *tr, const struct tmg_request *q, struct tmg_verdict *v)
{
	return tracer_run(tr, q, v);
}

void
tmg_tracer_free(struct tmg_tracer *tr)
{
	tracer_free(tr);
}

/* ---- converting ------------------------------------------------------------------ */

static const struct writer *
writer_named(const char *name)
{
	int i;

	for (i = 0; writers[i] != NULL; i++)
		if (strcmp(writers[i]->name, name) == 0)
			return writers[i];
	return NULL;
}

static bool
asked_for(const struct tmg_convert_options *o, const char *target)
{
	size_t i;

	for (i = 0; i < o->target_count; i++)
		if (strcmp(o->targets[i], target) == 0 || strcmp(o->targets[i], "all") == 0)
			return true;
	return false;
}

/* A place on the proxy's machine: it gets into configurations as it is. */
static bool
good_place(const char *path)
{
	return path == NULL || (path[0] == '/' && text_is_plain(path));
}

/* What is wrong with the options, or NULL. */
static const char *
bad_version(struct tmg *t, const struct tmg_convert_options *o)
{
	const char *directive = "", *since = "";
	const struct tmg_pair *v;
	size_t i;

	for (i = 0; i < o->version_count; i++) {
		v = &o->versions[i];
		switch (version_check(v->key, v->value, &directive, &since)) {
		case VERSION_TARGET: return "version of a target that there is not";
		case VERSION_FORM: return "target version is not a version number";
		case VERSION_OLDER:
			return arena_fmt(&t->mem, "%s %s does not know `%s`, which came with %s", v->key, v->value,
			    directive, since);
		default: break;
		}
	}
	return NULL;
}

static const char *
bad_option(struct tmg *t, const struct tmg_convert_options *o)
{
	uint8_t address[16];
	size_t i;

	if (o->dir == NULL || o->dir[0] == '\0')
		return "output directory is missing";
	if (o->target_count == 0)
		return "target is missing";
	for (i = 0; i < o->target_count; i++)
		if (strcmp(o->targets[i], "all") != 0 && writer_named(o->targets[i]) == NULL)
			return "there is no such target";
	for (i = 0; i < o->bind_count; i++)
		if (!addr_parse(o->binds[i].value, address))
			return "address of a listener is not an IP address";
	if (!good_place(o->cert_dir) || !good_place(o->ca_file) || !good_place(o->runtime_dir))
		return "directory or file on the proxy is not an absolute path that can be written down";
	return bad_version(t, o);
}

static enum tmg_status
refuse(struct tmg *t, const char *what)
{
	diag_file(&t->diags, D_BAD_OPTION, NULL, 0, "%s", what);
	return TMG_EUSAGE;
}

/* What the user named and no input has: likely misspelt. */
static void
say_unused(struct tmg *t, const struct plan_options *po)
{
	for (size_t i = 0; i < po->o->bind_count; i++) {
		if (!po->bind_used[i])
			diag_file(&t->diags, D_BIND_UNUSED, NULL, 0, "%s", po->o->binds[i].key);
	}
	for (size_t i = 0; i < po->o->pass_count; i++) {
		if (!po->pass_used[i])
			diag_file(&t->diags, D_PASS_UNUSED, NULL, 0, "%s", po->o->pass_through[i]);
	}
}

/* Places with their defaults. */
static bool
fill_places(struct tmg *t, const struct tmg_convert_options *o, struct plan_options *po)
{
	size_t n;

	po->o = o;
	po->bind_used = arena_array(&t->mem, o->bind_count + 1, sizeof(bool));
	po->pass_used = arena_array(&t->mem, o->pass_count + 1, sizeof(bool));
	if (po->bind_used == NULL || po->pass_used == NULL)
		return false;
	po->cert_dir = o->cert_dir != NULL ? o->cert_dir : CERT_DIR;
	po->runtime_dir = o->runtime_dir != NULL ? o->runtime_dir : RUNTIME_DIR;
	n = strlen(po->cert_dir);
	po->ca_file = o->ca_file != NULL
	    ? o->ca_file
	    : arena_fmt(&t->mem, "%s%sbackend-ca.pem", po->cert_dir, po->cert_dir[n - 1] == '/' ? "" : "/");
	return po->ca_file != NULL;
}

/* Noted beside the input; `slot` is where the list of outcomes ends. */
static bool
note_outcome(struct tmg *t, const struct plan *p, const struct writer *w, const struct tmg_outcome ***slot)
{
	struct tmg_outcome *o = arena_array(&t->mem, 1, sizeof(*o));
	uint64_t states[PLAN_NA + 1] = { 0 };
	const struct plan_note *n;

	if (o == NULL)
		return false;
	for (size_t i = 0; i < p->rule_count; i++)
		states[p->rules[i].state]++;
	o->target = w->name;
	o->live = states[PLAN_LIVE];
	o->closed = states[PLAN_CLOSED];
	o->disabled = states[PLAN_DISABLED];
	o->not_applicable = states[PLAN_NA];
	for (n = p->losses; n != NULL; n = n->next)
		o->losses++;
	**slot = o;
	*slot = &o->next;
	return true;
}

/* One target of one input, in a plan of its own where the last one does not serve:
 * what a target cannot express is closed there. `p` holds a plan or is zeroed. */
static enum tmg_status
convert_target(struct tmg *t, const struct tmg_input *in, const struct plan_options *po, const struct writer *w,
    struct out_set *s, const char *folder, const struct tmg_outcome ***slot, struct plan *p, struct beside *b)
{
	struct plan_options own = *po;
	enum tmg_status rc = TMG_OK;
	const char *prefix;

	own.can = w->can;
	own.target = w->name;
	if (p->in == NULL || !plan_reuse(p, &own)) {
		plan_free(p);
		*b = (struct beside){ 0 };
		rc = plan_make(t, in, &own, p);
	}
	if (rc != TMG_OK)
		return rc;
	prefix = arena_fmt(&p->mem, "%s%s%s/", folder, folder[0] != '\0' ? "/" : "", w->name);
	w->losses(p, t);
	beside_begin(b, p, w);
	if (prefix != NULL)
		w->write(p, s, prefix);
	if (prefix == NULL || !manifest_write(t, p, w, b, s, prefix) || !report_write(p, w, b, s, prefix) ||
	    !check_write(p, w, b, s, prefix) || !note_outcome(t, p, w, slot) || p->mem.failed)
		rc = TMG_ENOMEM;
	beside_end(b, prefix);
	return rc;
}

static enum tmg_status
convert_input(struct tmg *t, struct tmg_input *in, const struct plan_options *po, struct out_set *s, const char *folder)
{
	const struct tmg_outcome **slot = &in->outcomes;
	struct plan_options own = *po;
	enum tmg_status rc = TMG_OK;
	struct plan p = { 0 };
	struct beside b = { 0 };
	struct hmap said;

	hmap_init(&said, &t->budget);
	own.said = &said;
	in->outcomes = NULL;
	for (int i = 0; rc == TMG_OK && writers[i] != NULL; i++) {
		if (asked_for(po->o, writers[i]->name))
			rc = convert_target(t, in, &own, writers[i], s, folder, &slot, &p, &b);
	}
	plan_free(&p);
	hmap_free(&said);
	return rc == TMG_OK && t->budget.refused ? TMG_ENOMEM : rc;
}

static enum tmg_status
convert_all(struct tmg *t, const struct plan_options *po, struct out_set *s)
{
	bool by_name = po->o->by_name || (t->inputs != NULL && t->inputs->next != NULL);
	enum tmg_status rc = TMG_OK;
	const char *folder = "";
	struct tmg_input *in;
	struct name_set names;

	names_init(&names, &t->budget);
	for (in = t->inputs; in != NULL && rc == TMG_OK; in = in->next) {
		if (by_name)
			folder = names_for(&names, in->file);
		rc = folder != NULL ? convert_input(t, in, po, s, folder) : TMG_ENOMEM;
	}
	names_free(&names);
	return rc;
}

/* A stage that the caller made stays for the caller to commit. */
static enum tmg_status
convert_staged(struct tmg *t, const struct plan_options *po, struct out_set *s, char why[WHY_LEN])
{
	enum tmg_status rc = convert_all(t, po, s);

	if (rc == TMG_OK)
		say_unused(t, po);
	if (po->o->stage != NULL) {
		if (rc == TMG_OK)
			rc = out_check(s, why);
	} else if (rc == TMG_OK) {
		rc = out_commit(s, why);
	} else {
		out_abort(s);
	}
	return rc;
}

enum tmg_status
tmg_convert(struct tmg *t, const struct tmg_convert_options *opt)
{
	struct plan_options po = { 0 };
	enum tmg_status rc;
	struct out_set *s;
	const char *bad;
	char why[WHY_LEN] = "";

	bad = bad_option(t, opt);
	if (bad != NULL)
		return refuse(t, bad);
	rc = tmg_resolve(t);
	if (rc != TMG_OK)
		return rc;
	if (t->inputs == NULL)
		return TMG_EINPUT;
	if (!fill_places(t, opt, &po))
		return TMG_ENOMEM;
	s = opt->stage != NULL ? opt->stage->set : out_begin(opt->dir, opt->force, &t->budget, &rc, why);
	if (s != NULL) {
		rc = convert_staged(t, &po, s, why);
	} else if (rc == TMG_EUSAGE) {
		diag_file(&t->diags, D_OUTPUT_EXISTS, arena_str(&t->mem, opt->dir), 0, "%s", "");
		return TMG_EOUTPUT;
	}
	if (rc == TMG_EOUTPUT)
		diag_file(&t->diags, D_OUTPUT, arena_str(&t->mem, opt->dir), 0, "%s", why);
	return rc;
}

/* ---- staging by the caller ---------------------------------------------------------- */

enum tmg_status
tmg_stage_new(const char *dir, bool force, bool no_link, struct tmg_stage **out, char why[TMG_WHY])
{
	struct tmg_stage *stage = malloc(sizeof(*stage));
	enum tmg_status rc = TMG_ENOMEM;

	*out = NULL;
	snprintf(why, WHY_LEN, "out of memory");
	if (stage == NULL)
		return rc;
	stage->set = no_link ? out_begin_no_link(dir, force, NULL, &rc, why) : out_begin(dir, force, NULL, &rc, why);
	if (stage->set == NULL) {
		free(stage);
		return rc;
	}
	*out = stage;
	return TMG_OK;
}

int
tmg_stage_fd(const struct tmg_stage *s)
{
	return out_root(s->set);
}

const char *
tmg_stage_name(const struct tmg_stage *s)
{
	return out_stage(s->set);
}

enum tmg_status
tmg_stage_commit(struct tmg_stage *s, bool synced, char why[TMG_WHY])
{
	enum tmg_status rc;

	if (synced)
		out_is_synced(s->set);
	rc = out_commit(s->set, why);

	free(s);
	return rc;
}

void
tmg_stage_abort(struct tmg_stage *s)
{
	if (s != NULL)
		out_abort(s->set);
	free(s);
}

void
tmg_stage_remove(const char *dir, const char *name)
{
	out_remove_stage(dir, name);
}

enum tmg_status
tmg_file_hash(const char *path, char sha256[65])
{
	return input_hash(path, sha256) ? TMG_OK : TMG_EINPUT;
}
