/*
 * The streaming reader: libxml2's SAX2 parser, which asks the input for bytes
 * and is walked along the element table. Counts every element in one of four
 * states, enforces the limits, refuses DOCTYPE. Knows the parser; does not know
 * what records mean.
 */
#include "import/read.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>

#include "base/text.h"

#define NAMESPACE "http://schemas.microsoft.com/isa/config-4"
#define NAME_CACHE 1024     /* a power of two */
#define TAG_MAX (64u << 10) /* bytes that may pass without an event: a start tag, a comment */
#define ATTR_MAX 64         /* libxml2 compares each attribute with each other */

/* libxml2 hands the same pointer for the same name: that is the key. */
struct name_entry {
	const void *name;
	const struct field *row;
	uint32_t cls;
	uint32_t bit; /* as in frame.bit */
};

struct names {
	struct name_entry e[NAME_CACHE];
	const void *storage_name,
	    *other_name;   /* the attribute that counts as it was spelled last, and one that does not */
	uint8_t bit[1024]; /* row number -> 1 + bit of frame.stated, 0 = none */
	const struct field *start[C_COUNT];
	size_t count[C_COUNT];
};

void
reader_stop(struct reader *r, enum diag_id id, const char *fmt, ...)
{
	va_list ap;

	if (r->stopped)
		return;
	r->stopped = true;
	r->error = id;
	r->where = r->asked ? r->last_line : reader_line(r);
	va_start(ap, fmt);
	vsnprintf(r->detail, sizeof(r->detail), fmt, ap);
	va_end(ap);
	/* While the parser asks for bytes, it may not lose its buffer; it is told of the end instead. */
	if (r->parser != NULL && !r->asked)
		xmlStopParser(r->parser);
}

void
reader_oom(struct reader *r)
{
	reader_stop(r, D_OUT_OF_MEMORY, "%s", "");
}

void *
reader_alloc(struct reader *r, size_t size)
{
	void *p = arena_alloc(r->mem, size);

	if (p == NULL)
		reader_oom(r);
	return p;
}

/* Where a string would stand among the recent ones. A poor hash will do: two strings
 * in one place are stored more often, no more. */
static const char **
recent_place(struct reader *r, const char *s, size_t n)
{
	return &r->recent[poor_hash(s, n) >> 40 & (RECENT - 1)];
}

const char *
reader_text(struct reader *r, const char *s, size_t n)
{
	const char **at = recent_place(r, s, n), *p = *at;

	if (p != NULL && strncmp(p, s, n) == 0 && p[n] == '\0')
		return p;
	p = arena_strn(r->mem, s, n);
	if (p == NULL)
		reader_oom(r);
	else
		*at = p;
	return p != NULL ? p : "";
}

static bool
in_rule(const struct reader *r)
{
	const struct tmg_obj *owner = r->frames[r->depth].owner;

	return owner != NULL && owner->kind == TMG_K_RULE;
}

void *
brief_alloc(struct reader *r, size_t size)
{
	void *p = arena_alloc(in_rule(r) ? &r->brief : r->mem, size);

	if (p == NULL)
		reader_oom(r);
	return p;
}

const char *
brief_text(struct reader *r, const char *s, size_t n)
{
	const char *p;

	if (!in_rule(r))
		return reader_text(r, s, n);
	p = arena_strn(&r->brief, s, n);
	if (p == NULL)
		reader_oom(r);
	return p != NULL ? p : "";
}

uint32_t
reader_line(const struct reader *r)
{
	const xmlParserCtxt *p = r->parser;

	return p != NULL && p->input != NULL && p->input->line > 0 ? (uint32_t)p->input->line : 0;
}

struct tmg_obj *
reader_owner(const struct reader *r)
{
	return r->frames[r->depth].owner;
}

/* ------------------------------------------------------------ element names */

static bool
names_init(struct reader *r)
{
	struct names *n = budget_realloc(&r->t->budget, NULL, 0, sizeof(*n));
	uint32_t next[C_COUNT] = { 0 };

	if (n == NULL)
		return false;
	memset(n, 0, sizeof(*n));
	r->names = n;
	for (size_t i = 0; i < field_count; i++) {
		const struct field *f = &fields[i];
		bool once =
		    f->op == F_OBJ && (f->begin == begin_web || f->begin == begin_selection || f->begin == begin_props);
		bool scalar = once || f->op == F_STR || f->op == F_INT || f->op == F_BOOL || f->op == F_FLAG ||
		    f->op == F_SITE || (f->op == F_FUNC && strcmp(f->name, "Str") != 0);
		if (n->start[f->parent] == NULL)
			n->start[f->parent] = f;
		n->count[f->parent]++;
		if (!scalar || i >= ARRAY_LEN(n->bit) || next[f->parent] >= 64)
			continue;
		if (f->has_default)
			r->default_bits[f->parent] |= UINT64_C(1) << next[f->parent];
		n->bit[i] = (uint8_t)(1 + next[f->parent]++);
	}
	return true;
}

static const struct field *
row_in_class(const struct names *n, uint32_t cls, const char *name)
{
	const struct field *f = n->start[cls];

	for (size_t i = 0; i < n->count[cls]; i++) {
		if (ascii_casecmp(f[i].name, name) == 0)
			return &f[i];
	}
	return NULL;
}

/* The user's word (--map) goes before the table. */
static const struct field *
row_mapped(struct reader *r, const struct frame *up, const char *name)
{
	const struct field *row;

	for (size_t i = 0; i < r->t->opt.map_count; i++) {
		const char *from = r->t->opt.maps[i].from, *slash = strrchr(from, '/');
		size_t n = slash != NULL ? (size_t)(slash - from) : 0;
		if (slash == NULL || up->element == NULL || strlen(up->element) != n)
			continue;
		if (ascii_ncasecmp(up->element, from, n) != 0 || ascii_casecmp(slash + 1, name) != 0)
			continue;
		row = row_in_class(r->names, up->cls, r->t->opt.maps[i].to);
		if (row == NULL)
			continue; /* map-unused says that it had no effect */
		r->t->maps_used |= i < 64 ? UINT64_C(1) << i : 0;
		return row;
	}
	return NULL;
}

/* The row of an element, or NULL, into its frame. */
static void
row_find(struct reader *r, struct frame *f, const struct frame *up, const xmlChar *name)
{
	uintptr_t h = ((uintptr_t)name >> 3) * 31 + (uintptr_t)up->cls * 0x9E3779B1u;
	struct name_entry *e = &r->names->e[(h ^ h >> 13) & (NAME_CACHE - 1)];

	/* --map looks at the parent's name, which the cache does not hold. */
	if (e->name != name || e->cls != up->cls || r->t->opt.map_count != 0) {
		e->name = name;
		e->cls = up->cls;
		e->row = row_mapped(r, up, (const char *)name);
		if (e->row == NULL)
			e->row = row_in_class(r->names, up->cls, (const char *)name);
		e->bit = e->row != NULL ? r->names->bit[(size_t)(e->row - fields)] : 0;
	}
	f->row = e->row;
	f->bit = (uint8_t)e->bit;
}

/* ---------------------------------------------------------------- callbacks */

/* The parser has got somewhere: what it reads from here on is another piece of markup. */
static void
note_event(struct reader *r)
{
	r->last_event = r->fed;
	r->last_line = reader_line(r);
}

/* A comment is no event: many of them together are bounded like one. */
static void
on_comment(void *ctx, const xmlChar *text)
{
	struct reader *r = ctx;

	(void)text;
	r->last_line = reader_line(r);
}

static void
on_instruction(void *ctx, const xmlChar *target, const xmlChar *data)
{
	(void)data;
	on_comment(ctx, target);
}

static void
on_doctype(void *ctx, const xmlChar *name, const xmlChar *ext, const xmlChar *sys)
{
	struct reader *r = ctx;

	(void)ext;
	(void)sys;
	if (name != NULL && ascii_casecmp((const char *)name, "html") == 0)
		reader_stop(r, D_NOT_EXPORT, "it is an HTML page");
	else
		reader_stop(r, D_DOCTYPE, "%s", "");
}

static const char *
what_root(const char *name, const char *uri)
{
	static const struct {
		const char *name, *uri, *what;
	} known[] = {
		{ "Topology", NULL, "a Lync or Skype for Business topology" },
		{ "TopologyBuilder", NULL, "a Topology Builder file" },
		{ "html", NULL, "an HTML page" },
		{ "rss", NULL, "an RSS feed" },
		{ "feed", NULL, "an Atom feed" },
		{ "Objs", NULL, "objects saved by PowerShell (Export-Clixml)" },
		{ "configuration", NULL, "a .NET or IIS configuration" },
		{ "Workbook", NULL, "a spreadsheet" },
		{ "svg", NULL, "a picture" },
		{ "Envelope", NULL, "a SOAP message" },
		{ "Project", NULL, "a build project" },
		{ "ISAInfo", NULL, "a report of a documentation tool, not the export itself" },
	};

	(void)uri;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (ascii_casecmp(known[i].name, name) == 0)
			return known[i].what;
	}
	return NULL;
}

static bool
root_ok(struct reader *r, const char *name, const char *uri)
{
	const char *what;
	struct strbuf b;

	if (uri != NULL && strcmp(uri, NAMESPACE) == 0 && ascii_casecmp(name, "Root") == 0) {
		r->ns = uri;
		return true;
	}
	what = what_root(name, uri);
	sb_init(&b, &r->t->budget);
	text_safe(&b, name, 60);
	if (what != NULL)
		reader_stop(r, D_NOT_EXPORT, "it is %s", what);
	else if (uri == NULL)
		reader_stop(r, D_NOT_EXPORT, "its root element is %s, without a namespace", b.s);
	else {
		sb_puts(&b, " in ");
		text_safe(&b, uri, 80);
		reader_stop(r, D_NOT_EXPORT, "its root element is %s", b.s);
	}
	sb_free(&b);
	return false;
}

/* Roles repeat in every rule: the usual ones are not copied. */
static const char *
role_text(struct reader *r, const struct attrs *at)
{
	static const char *const usual[] = { "UserSets", "ComputerSets", "Networks", "NetworkSets", "SourceNetworkSets",
		"Computers", "AddressRanges", "Subnets", "EnterpriseNetworks", "AppliedSSLCertificates",
		"AuthenticationSchemes" };

	for (size_t i = 0; i < ARRAY_LEN(usual); i++) {
		if (strlen(usual[i]) == at->storage_len && memcmp(usual[i], at->storage, at->storage_len) == 0)
			return usual[i];
	}
	return brief_text(r, at->storage, at->storage_len);
}

/* libxml2 hands the same pointer for the same name here, too. */
static bool
is_storage_name(struct names *n, const xmlChar *name)
{
	if (name == n->storage_name || name == n->other_name)
		return name == n->storage_name;
	if (ascii_casecmp((const char *)name, "StorageName") != 0) {
		n->other_name = name;
		return false;
	}
	n->storage_name = name;
	return true;
}

static void
attrs_get(struct reader *r, struct attrs *at, int n, const xmlChar **a)
{
	for (int i = 0; i < n; i++, a += 5) {
		if (a[2] == NULL && is_storage_name(r->names, a[0])) {
			at->storage = (const char *)a[3];
			at->storage_len = (size_t)(a[4] - a[3]);
		}
	}
}

static void
start_unknown(struct reader *r, struct frame *f, const struct frame *up)
{
	f->cls = C_UNKNOWN;
	f->state = TMG_E_UNKNOWN;
	mark_unknown(r);
	f->left = leftover_add(r, up, f->element, TMG_E_UNKNOWN, f->line);
	r->collecting = true;
}

static void
start_record(struct reader *r, struct frame *f, const struct frame *up, int n_attr, const xmlChar **attr)
{
	const struct field *row = f->row;
	struct attrs at = { .element = f->element, .row = row, .line = f->line };

	if (f->bit != 0)
		mark_stated(r, f);
	attrs_get(r, &at, n_attr, attr);
	f->rec = row->begin(r, up, &at);
	if (f->rec == NULL)
		reader_oom(r);
	else if (row->child == C_RULE || row->child == C_LISTENER || row->child == C_ARRAY ||
	    row->begin == begin_object || row->begin == begin_verifier)
		f->owner = f->rec;
}

static void
start_list(struct reader *r, struct frame *f, const struct frame *up, int n_attr, const xmlChar **attr)
{
	struct attrs at = { .element = f->element, .row = f->row, .line = f->line };

	attrs_get(r, &at, n_attr, attr);
	f->role = at.storage_len != 0 ? role_text(r, &at) : NULL;
	if (f->cls == C_WEBREFS && f->role != NULL && ascii_casecmp(f->role, "UserSets") == 0)
		((struct tmg_web *)up->rec)->has_users = true;
}

static void
start_known(struct reader *r, struct frame *f, const struct frame *up, int n_attr, const xmlChar **attr)
{
	const struct field *row = f->row;

	f->cls = row->child;
	switch ((enum op)row->op) {
	case F_OBJ: start_record(r, f, up, n_attr, attr); break;
	case F_NODE:
		if (row->child == C_SELREFS || row->child == C_WEBREFS || row->child == C_CERTS ||
		    row->child == C_LREFS || row->child == C_LPREFS)
			start_list(r, f, up, n_attr, attr);
		break;
	case F_SKIP: f->state = TMG_E_IRRELEVANT; break;
	case F_SECRET:
		f->state = TMG_E_IRRELEVANT;
		diag_obj(&r->diags, D_SECRET_DROPPED, up->owner, f->line, "%s", row->name);
		if (up->cls == C_VENDOR)
			((struct tmg_vendor *)up->rec)->secret = true;
		break;
	default: r->collecting = true; break;
	}
}

/* Most elements end without text between their children: nothing is to be done then. */
static void
text_clear(struct reader *r)
{
	if (r->text.len != 0)
		sb_clear(&r->text);
}

static void
on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns, const xmlChar **ns,
    int n_attr, int n_dflt, const xmlChar **attr)
{
	struct reader *r = ctx;
	struct frame *up, *f;

	(void)prefix;
	(void)ns;
	(void)n_dflt;
	if (r->stopped)
		return;
	note_event(r);
	if (n_attr > ATTR_MAX || n_ns > ATTR_MAX) {
		reader_stop(r, D_LIMIT, "more than %d attributes in one element", ATTR_MAX);
		return;
	}
	if (++r->in->elements > r->t->opt.limits.max_elements) {
		reader_stop(r, D_LIMIT, "more than %llu elements (--max-elements)",
		    (unsigned long long)r->t->opt.limits.max_elements);
		return;
	}
	if (r->depth >= r->max_depth) {
		reader_stop(r, D_LIMIT, "elements nested deeper than %u (--max-depth)", r->max_depth);
		return;
	}
	up = &r->frames[r->depth];
	f = &r->frames[++r->depth];
	*f = (struct frame){ .rec = up->rec, .owner = up->owner, .element = (const char *)name, .line = r->last_line };
	up->has_children = true;
	text_clear(r);
	r->collecting = false;
	if (up->cls == C_SKIP || up->cls == C_LOST) {
		f->cls = up->cls;
		f->state = up->cls == C_SKIP ? TMG_E_IRRELEVANT : TMG_E_NOT_CONVERTIBLE;
		return;
	}
	if (up->cls == C_DOC && !root_ok(r, (const char *)name, (const char *)uri))
		return;
	if (uri == (const xmlChar *)r->ns || (uri != NULL && strcmp((const char *)uri, NAMESPACE) == 0) ||
	    (uri == NULL && strcmp((const char *)name, "ISAInfoData") == 0))
		row_find(r, f, up, name);
	if (f->row == NULL)
		start_unknown(r, f, up);
	else
		start_known(r, f, up, n_attr, attr);
}

static void
trim(char **s, size_t *n)
{
	while (*n > 0 && ((*s)[*n - 1] == ' ' || (*s)[*n - 1] == '\t' || (*s)[*n - 1] == '\n' || (*s)[*n - 1] == '\r'))
		(*n)--;
	while (*n > 0 && (**s == ' ' || **s == '\t' || **s == '\n' || **s == '\r')) {
		(*s)++;
		(*n)--;
	}
	if ((*s)[*n] != '\0')
		(*s)[*n] = '\0'; /* never into the constant of an empty buffer */
}

/* The sums of pairs of bits, of fours, of bytes, of all. */
static unsigned
count_bits(uint64_t v)
{
	v -= v >> 1 & 0x5555555555555555u;
	v = (v & 0x3333333333333333u) + (v >> 2 & 0x3333333333333333u);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (unsigned)(v * 0x0101010101010101u >> 56);
}

static void
on_end(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reader *r = ctx;
	struct frame *f = &r->frames[r->depth];
	char *s = r->text.s;
	size_t len = r->text.len;

	(void)name;
	(void)prefix;
	(void)uri;
	if (r->stopped || r->depth == 0)
		return;
	note_event(r);
	if (r->text.failed) {
		reader_oom(r);
		return;
	}
	trim(&s, &len);
	if (f->row == NULL) {
		if (f->cls == C_UNKNOWN && !f->has_children) {
			leftover_value(r, f->left, s);
			if ((f - 1)->cls == C_WEB)
				store_site(r, f, (f - 1)->rec, s, len < 512 ? len : 0);
		}
	} else if (f->row->op == F_LOSS)
		loss_end(r, f, s, len);
	else if (f->row->op >= F_STR && f->row->op <= F_SITE)
		value_store(r, f, s, len);
	else if (f->row->op == F_OBJ && f->cls != C_SKIP) {
		r->in->defaults += count_bits(r->default_bits[f->cls] & ~f->stated);
		build_end(r, f);
	}
	r->in->counts[f->state]++;
	text_clear(r);
	r->collecting = false;
	r->depth--;
}

static void
on_text(void *ctx, const xmlChar *s, int n)
{
	struct reader *r = ctx;
	const struct frame *f = &r->frames[r->depth];

	if (r->stopped)
		return;
	note_event(r);
	if (!r->collecting) {
		if (r->stray || f->cls == C_SKIP || f->cls == C_LOST || f->cls == C_UNKNOWN)
			return;
		for (int i = 0; i < n; i++) {
			if (s[i] != ' ' && s[i] != '\n' && s[i] != '\t' && s[i] != '\r') {
				r->stray = true;
				diag_obj(&r->diags, D_STRAY_TEXT, f->owner, reader_line(r), "in %s",
				    f->element != NULL ? f->element : "the file");
				return;
			}
		}
		return;
	}
	if (r->text.len + (size_t)n > r->t->opt.limits.max_text) {
		reader_stop(r, D_LIMIT, "text of one element longer than %llu bytes (--max-text)",
		    (unsigned long long)r->t->opt.limits.max_text);
		return;
	}
	/* Of what is only shown, the beginning is enough. */
	if ((f->row == NULL || f->row->op == F_LOSS) && r->text.len > 1024)
		return;
	sb_putn(&r->text, (const char *)s, (size_t)n);
}

/* Is the input at its end, and the parser, too? */
static bool
at_end(const struct reader *r)
{
	const xmlParserCtxt *p = r->parser;

	return r->drained && (p->input == NULL || p->input->cur >= p->input->end);
}

static void
on_error(void *ctx, xmlErrorPtr e)
{
	struct reader *r = ctx;
	struct strbuf b;
	char line[512], *quoted;

	/* Two attributes of one expanded name: libxml2 goes on, but nobody can say which one holds. */
	if (e == NULL || r->stopped || (e->level != XML_ERR_FATAL && e->code != XML_NS_ERR_ATTRIBUTE_REDEFINED))
		return;
	if (at_end(r) && e->code != XML_ERR_TAG_NAME_MISMATCH) {
		reader_stop(r, D_BAD_XML, "it ends before the root element does");
		return;
	}
	sb_init(&b, &r->t->budget);
	/* Further lines quote the text, one message a comment on its first: it may be secret. */
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(e->message != NULL ? e->message : "", "\n"),
	    e->message != NULL ? e->message : "");
	quoted = strstr(line, ": <!--");
	if (quoted != NULL)
		*quoted = '\0';
	text_safe(&b, line, 120);
	while (b.len > 0 && (b.s[b.len - 1] == ' ' || b.s[b.len - 1] == '.'))
		b.s[--b.len] = '\0';
	reader_stop(r, D_BAD_XML, "line %d: %s", e->line, b.s);
	sb_free(&b);
}

/* ------------------------------------------------------------------ the pump */

/* The next piece of the input, if there is one. */
static void
next_piece(struct reader *r)
{
	if (r->mem->failed)
		reader_oom(r);
	if (r->stopped || r->drained)
		return;
	r->drained = !input_next(r->input, &r->piece, &r->piece_len);
	/* A start tag that never ends makes no event: bound it like text. */
	if (!r->drained && r->fed - r->last_event > TAG_MAX)
		reader_stop(r, D_LIMIT, "a tag or comment longer than %u bytes", TAG_MAX);
	r->fed += r->piece_len;
	/* What stands before bytes that cannot be read may be cut off: it is not looked at. */
	if (r->drained && r->res.error != INPUT_OK)
		r->stopped = r->unread = true;
}

/* The parser asks for bytes: up to `room` of them, none at the end. Its own errors would go to
 * the standard error, so that it hears of none here. */
static int
on_read(void *ctx, char *buf, int room)
{
	struct reader *r = ctx;
	size_t n;

	if (r->piece_len == 0) {
		r->asked = true;
		next_piece(r);
		r->asked = false;
	}
	n = r->piece_len < (size_t)room ? r->piece_len : (size_t)room;
	if (r->stopped || n == 0)
		return 0;
	memcpy(buf, r->piece, n);
	r->piece += n;
	r->piece_len -= n;
	return (int)n;
}

static bool
parser_open(struct reader *r)
{
	xmlSAXHandler sax;
	xmlParserCtxtPtr p;

	memset(&sax, 0, sizeof(sax));
	sax.initialized = XML_SAX2_MAGIC;
	sax.startElementNs = on_start;
	sax.endElementNs = on_end;
	sax.characters = sax.ignorableWhitespace = on_text; /* one and the same: else it looks which it is */
	sax.cdataBlock = on_text;
	sax.internalSubset = on_doctype;
	sax.comment = on_comment;
	sax.processingInstruction = on_instruction;
	sax.serror = on_error;
	p = xmlCreateIOParserCtxt(&sax, r, on_read, NULL, r, XML_CHAR_ENCODING_NONE);
	if (p == NULL)
		return false;
	/* HUGE: our own limits hold instead; IGNORE_ENC: the bytes are UTF-8 by now. */
	xmlCtxtUseOptions(p, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_HUGE | XML_PARSE_BIG_LINES);
	r->parser = p;
	return true;
}

static bool
reader_init(struct reader *r, struct tmg *t, const char *name)
{
	memset(r, 0, sizeof(*r));
	r->t = t;
	r->max_depth = t->opt.limits.max_depth;
	r->last_line = 1;
	if ((r->own = budget_realloc(&t->budget, NULL, 0, sizeof(*r->own))) == NULL)
		return false;
	memset(r->own, 0, sizeof(*r->own));
	arena_init(&r->own->mem, &t->budget);
	r->mem = &r->own->mem;
	arena_init(&r->brief, &t->budget);
	share_init(&r->share, &t->budget);
	r->diags.mem = r->mem;
	r->diags.last = &r->diags.first;
	sb_init(&r->text, &t->budget);
	sb_init(&r->names_read.text, &t->budget);
	hmap_init(&r->leftovers, &t->budget);
	r->frames = budget_realloc(&t->budget, NULL, 0, ((size_t)r->max_depth + 2) * sizeof(*r->frames));
	r->in = arena_alloc(r->mem, sizeof(*r->in));
	if (r->frames == NULL || r->in == NULL || !names_init(r) || !parser_open(r))
		return false;
	memset(r->frames, 0, ((size_t)r->max_depth + 2) * sizeof(*r->frames));
	r->last_left = &r->in->leftovers;
	r->frames[0].cls = C_DOC;
	r->frames[0].rec = r->in;
	r->in->file = arena_str(r->mem, name);
	r->in->edition = r->in->optional_data = -1;
	return r->in->file != NULL;
}

static void
reader_free(struct reader *r)
{
	if (r->parser != NULL) {
		xmlFreeDoc(((xmlParserCtxtPtr)r->parser)->myDoc);
		xmlFreeParserCtxt(r->parser);
	}
	sb_free(&r->text);
	sb_free(&r->names_read.text);
	hmap_free(&r->leftovers);
	arena_free(&r->brief);
	share_free(&r->share);
	budget_free(&r->t->budget, r->frames, ((size_t)r->max_depth + 2) * sizeof(*r->frames));
	budget_free(&r->t->budget, r->names, sizeof(*r->names));
	if (r->own != NULL) {
		/* Not joined: its memory goes back, and other inputs may be read. */
		arena_free(&r->own->mem);
		budget_free(&r->t->budget, r->own, sizeof(*r->own));
		r->t->budget.refused = r->t->mem.failed;
	}
}

enum tmg_status
read_input(struct tmg *t, const struct input_source *src, const char *name)
{
	struct input_options opt = {
		.charset = t->opt.charset, .max_size = t->opt.limits.max_size, .budget = &t->budget
	};
	struct reader r;
	enum tmg_status rc = TMG_EINPUT;

	if (!reader_init(&r, t, name)) {
		rc = TMG_ENOMEM;
		goto out;
	}
	r.input = input_open(src, &opt, &r.res);
	if (r.res.error == INPUT_OK)
		xmlParseDocument(r.parser);
	if (r.mem->failed)
		reader_oom(&r);
	if (r.res.error == INPUT_OK && !r.stopped && (!((xmlParserCtxtPtr)r.parser)->wellFormed || !r.drained))
		reader_stop(&r, D_BAD_XML, "it ends before the root element does");
	if (r.stopped || r.res.error != INPUT_OK || t->budget.refused) {
		rc = reader_unread(&r, name);
	} else {
		reader_join(&r);
		rc = TMG_OK;
	}
out:
	input_close(r.input);
	reader_free(&r);
	return rc;
}
