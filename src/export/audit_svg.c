/*
 * The traffic-flow picture: public names, listener with address and port, rule with
 * bridging, server and port, from left to right. Rules are drawn in bands, one below
 * the other, so that no two edges cross and the picture grows in height alone. Sees
 * the flows of the result, and where on the page their findings stand.
 */
#include "export/audit_html.h"
#include "export/escape.h"
#include "model/diag.h"

#define MAX_RULES 400 /* drawn; the table below the picture holds all */
#define CHUNK 20      /* rules after which a listener's box is drawn anew, with its name */
#define MAX_LINES 4   /* of a box with names, endpoints or servers */
#define LINE 15
#define PAD 5
#define GAP 10
#define HEAD 26

enum column { COL_NAMES, COL_LISTENER, COL_RULE, COL_SERVERS, COL_COUNT };

/* Left edge, width, and how many letters fit. */
static const struct {
	int x, width;
	size_t letters;
	const char *head;
} cols[COL_COUNT] = {
	{ 0, 300, 42, "Public names" },
	{ 345, 195, 26, "Listener" },
	{ 585, 290, 41, "Rule and bridging" },
	{ 920, 220, 30, "Servers" },
};
#define WIDTH 1140

struct band {
	const struct tmg_flow *f;
	size_t seq;
	int y, height;
	bool chunk;   /* a listener's box begins here */
	bool servers; /* a box of servers begins here */
};

struct picture {
	struct out *o;
	struct anchors *anchors;
	struct band *band;
	size_t n, all;
	int height;
};

/* ---- which rules, in which order -------------------------------------------------- */

static int
text_order(const char *a, const char *b)
{
	return strcmp(a != NULL ? a : "", b != NULL ? b : "");
}

#define WEIGHTS ((TMG_ERROR + 2) * 2)

/* What must not be missing in the picture comes first: the worst finding, then Lync. */
static int
weight(const struct tmg_flow *f)
{
	return (f->worst + 1) * 2 + f->lync;
}

static int
by_listener(const void *x, const void *y)
{
	const struct band *a = x, *b = y;
	int c = text_order(a->f->way->file, b->f->way->file);

	if (c == 0)
		c = text_order(a->f->way->listener, b->f->way->listener);
	return c != 0 ? c : a->seq < b->seq ? -1 : a->seq > b->seq;
}

static bool
same_listener(const struct tmg_flow *a, const struct tmg_flow *b)
{
	return text_order(a->way->file, b->way->file) == 0 && text_order(a->way->listener, b->way->listener) == 0;
}

static bool
same_servers(const struct tmg_flow *a, const struct tmg_flow *b)
{
	const struct tmg_name *x = a->way->servers, *y = b->way->servers;

	if (x == NULL || a->enabled != b->enabled)
		return false;
	while (x != NULL && y != NULL && strcmp(x->s, y->s) == 0) {
		x = x->next;
		y = y->next;
	}
	return x == NULL && y == NULL;
}

/* ---- lay-out --------------------------------------------------------------------- */

static int
lines_of(const struct tmg_name *n)
{
	int lines = 0;

	for (; n != NULL; n = n->next)
		lines++;
	return lines == 0 ? 1 : lines > MAX_LINES ? MAX_LINES : lines;
}

static int
max_of(int a, int b)
{
	return a > b ? a : b;
}

/* Name, what it does (TLS and plain requests on lines of their own), worst finding. */
static int
rule_lines(const struct tmg_flow *f)
{
	bool two = f->enabled && !f->deny && strstr(f->way->bridging, ", ") != NULL;

	return 2 + two + (f->worst >= 0);
}

static int
box_height(int lines)
{
	return lines * LINE + 2 * PAD;
}

/* Heights and the beginnings of the boxes that span several bands. */
static void
place(struct picture *p)
{
	int y = HEAD, listener_end = HEAD;
	size_t since = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct band *b = &p->band[i];
		const struct tmg_flow *f = b->f;

		b->chunk = i == 0 || !same_listener(f, b[-1].f) || since == CHUNK;
		b->servers = b->chunk || !same_servers(f, b[-1].f);
		if (b->chunk) {
			since = 0;
			y = i == 0 ? y : max_of(y, listener_end) + GAP;
			listener_end = y + box_height(1 + lines_of(f->way->endpoints));
		}
		since++;
		b->y = y;
		b->height =
		    box_height(max_of(max_of(lines_of(f->names), rule_lines(f)), lines_of(f->way->servers))) + 4;
		y += b->height;
	}
	p->height = max_of(y, listener_end) + GAP;
}

static bool
choose(struct picture *p, const struct tmg_audit_result *r)
{
	for (const struct tmg_flow *f = r->flows; f != NULL; f = f->next)
		p->all++;
	p->band = arena_array(p->anchors->mem, p->all < MAX_RULES ? p->all : MAX_RULES, sizeof(*p->band));
	if (p->band == NULL)
		return false;
	for (int w = WEIGHTS - 1; w >= 0; w--) {
		size_t seq = 0;

		for (const struct tmg_flow *f = r->flows; f != NULL && p->n < MAX_RULES; f = f->next, seq++)
			if (weight(f) == w)
				p->band[p->n++] = (struct band){ .f = f, .seq = seq };
	}
	qsort(p->band, p->n, sizeof(*p->band), by_listener);
	return true;
}

/* ---- drawing --------------------------------------------------------------------- */

static void
box(struct picture *p, enum column c, int y, int height, const char *cls)
{
	out_fmt(p->o, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\"/>", cls, cols[c].x, y,
	    cols[c].width, height);
}

/* A line of text in a box; the whole of it as a title where it is cut. */
static void
label(struct picture *p, enum column c, int y, const char *cls, const char *s)
{
	out_fmt(p->o, "<text class=\"%s\" x=\"%d\" y=\"%d\">", cls, cols[c].x + 8, y + LINE - 4);
	if (esc_columns(s) > cols[c].letters) {
		out_str(p->o, "<title>");
		esc_html(p->o, s);
		out_str(p->o, "</title>");
	}
	esc_html_cut(p->o, s, cols[c].letters);
	out_str(p->o, "</text>");
}

static void
labels(struct picture *p, enum column c, int y, const struct tmg_name *n, const char *none)
{
	int lines = 0, all = 0;

	for (const struct tmg_name *x = n; x != NULL; x = x->next)
		all++;
	if (n == NULL)
		label(p, c, y, "soft", none);
	for (; n != NULL && (lines < MAX_LINES - 1 || all <= MAX_LINES); n = n->next, lines++)
		label(p, c, y + lines * LINE, "t", n->s);
	if (n != NULL)
		out_fmt(p->o, "<text class=\"soft\" x=\"%d\" y=\"%d\">and %d more</text>", cols[c].x + 8,
		    y + lines * LINE + LINE - 4, all - lines);
}

/* From one column to the next, with a head. */
static void
edge(struct picture *p, enum column from, int y, const char *cls, bool enabled)
{
	int x1 = cols[from].x + cols[from].width, x2 = cols[from + 1].x;

	out_fmt(p->o, "<path class=\"edge %s%s\" d=\"M%d %dH%d\"/>", cls, enabled ? "" : " off", x1, y, x2 - 2);
	out_fmt(p->o, "<path class=\"tip %s\" d=\"M%d %dl-8 -4v8z\"/>", cls, x2, y);
}

static void
draw_listener(struct picture *p, size_t i)
{
	const struct tmg_flow *f = p->band[i].f;
	int least = box_height(1 + lines_of(f->way->endpoints)), end;
	size_t last = i;

	while (last + 1 < p->n && !p->band[last + 1].chunk)
		last++;
	end = p->band[last].y + p->band[last].height;
	out_str(p->o, "<g>");
	box(p, COL_LISTENER, p->band[i].y, max_of(end - p->band[i].y - 4, least), "box");
	label(p, COL_LISTENER, p->band[i].y + PAD, "b", f->way->listener != NULL ? f->way->listener : "no listener");
	labels(p, COL_LISTENER, p->band[i].y + PAD + LINE, f->way->endpoints, "no address");
	out_str(p->o, "</g>\n");
}

static void
draw_servers(struct picture *p, size_t i)
{
	const struct tmg_flow *f = p->band[i].f;
	int height, lines = lines_of(f->way->servers);
	size_t last = i;

	while (last + 1 < p->n && !p->band[last + 1].servers)
		last++;
	height = p->band[last].y + p->band[last].height - p->band[i].y - 4;
	out_str(p->o, "<g>");
	box(p, COL_SERVERS, p->band[i].y, height, "box");
	labels(p, COL_SERVERS, p->band[i].y + (height - lines * LINE) / 2, f->way->servers,
	    f->deny ? "refused" : "no server");
	out_str(p->o, "</g>\n");
}

/* Of one or two parts, which were made by us; answers where the last line begins. */
static int
draw_bridging(struct picture *p, int y, const char *s)
{
	const char *cut = strstr(s, ", ");

	if (cut == NULL) {
		label(p, COL_RULE, y, "t", s[0] != '\0' ? s : "goes nowhere");
		return y;
	}
	out_fmt(p->o, "<text class=\"t\" x=\"%d\" y=\"%d\">%.*s</text>", cols[COL_RULE].x + 8, y + LINE - 4,
	    (int)(cut - s), s);
	label(p, COL_RULE, y + LINE, "t", cut + 2);
	return y + LINE;
}

static void
draw_rule(struct picture *p, const struct band *b, const char *cls)
{
	const struct tmg_flow *f = b->f;
	size_t anchor = anchor_rule(p->anchors, f->way->file, f->guid, f->rule);
	int height = box_height(rule_lines(f)), y = b->y + (b->height - 4 - height) / 2 + PAD;

	if (anchor != 0)
		out_fmt(p->o, "<a href=\"#g%zu\">", anchor);
	out_fmt(p->o, "<g class=\"rule %s%s\">", cls, f->enabled ? "" : " off");
	box(p, COL_RULE, y - PAD, height, "box");
	label(p, COL_RULE, y, "b", f->rule);
	y += LINE;
	if (!f->enabled || f->deny)
		label(p, COL_RULE, y, "t", f->enabled ? "denies" : "disabled");
	else
		y = draw_bridging(p, y, f->way->bridging);
	if (f->worst >= 0)
		label(p, COL_RULE, y + LINE, "tag", severity_name((enum tmg_severity)f->worst));
	out_str(p->o, anchor != 0 ? "</g></a>\n" : "</g>\n");
}

static void
draw_band(struct picture *p, size_t i)
{
	const struct band *b = &p->band[i];
	const struct tmg_flow *f = b->f;
	const char *cls = f->worst < 0 && !f->enabled ? "idle" : severity_class(f->worst);
	int mid = b->y + (b->height - 4) / 2, lines = lines_of(f->names);

	if (b->chunk)
		draw_listener(p, i);
	if (b->servers)
		draw_servers(p, i);
	out_str(p->o, "<g>");
	box(p, COL_NAMES, mid - box_height(lines) / 2, box_height(lines), "box");
	labels(p, COL_NAMES, mid - box_height(lines) / 2 + PAD, f->names, "every name");
	edge(p, COL_NAMES, mid, cls, f->enabled);
	edge(p, COL_LISTENER, mid, cls, f->enabled);
	if (!f->deny)
		edge(p, COL_RULE, mid, cls, f->enabled);
	out_str(p->o, "</g>\n");
	draw_rule(p, b, cls);
}

bool
audit_svg(const struct tmg_audit_result *r, struct anchors *a, struct out *o)
{
	struct picture p = { .o = o, .anchors = a };

	if (r->flows == NULL) {
		out_str(o, "<p>No export holds a web publishing rule.</p>\n");
		return true;
	}
	if (!choose(&p, r))
		return false;
	place(&p);
	if (p.n < p.all)
		out_fmt(o,
		    "<p>%zu of %zu rules are drawn: those with the worst findings, then those of Lync. The table below "
		    "holds all.</p>\n",
		    p.n, p.all);
	out_fmt(o,
	    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Traffic flow, picture\">\n"
	    "<svg class=\"flow\" viewBox=\"0 0 %d %d\" role=\"group\" aria-labelledby=\"flow-title flow-desc\">\n"
	    "<title id=\"flow-title\">Traffic flow</title>\n"
	    "<desc id=\"flow-desc\">From left to right: public names, the listener with its addresses and ports, the "
	    "rule with its bridging, the servers. Each rule is coloured by its worst finding, which is also written "
	    "in its box. The table below the picture says the same.</desc>\n",
	    WIDTH, p.height);
	for (int c = 0; c < COL_COUNT; c++)
		out_fmt(o, "<text class=\"head\" x=\"%d\" y=\"14\">%s</text>\n", cols[c].x, cols[c].head);
	for (size_t i = 0; i < p.n; i++)
		draw_band(&p, i);
	out_str(o, "</svg>\n</div>\n");
	return !a->failed;
}
