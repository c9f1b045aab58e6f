/*
 * Path lists: what a rule publishes, in the form in which paths are compared.
 * Rules that publish the same share the list, and lists that tell the same
 * paths apart have one number. Knows neither rules nor routes.
 */
#include "plan/lower.h"

#include "base/text.h"

#define PATH_LENGTH_MAX 4000 /* longer than any URL that the product takes */
#define SHADOW_MAX 100       /* paths of a list that are compared with one another */

bool
path_bytes(struct lower *lo, const char *s, bool prefix, const char **out)
{
	static const char encode[] = "\"<>\\^`{|} ";
	struct strbuf b;
	size_t n = strlen(s);
	bool ok = text_is_plain(s) && s[0] == '/' && strpbrk(s, "?#") == NULL;

	if (prefix)
		n -= 2; /* the slash and star that path_canonical saw */
	sb_init(&b, lo->p->budget);
	for (size_t i = 0; ok && i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		if (c == '*')
			ok = false;
		else if (c >= 0x7f || c < 0x20 || strchr(encode, (char)c) != NULL)
			sb_fmt(&b, "%%%02x", c);
		else
			sb_putc(&b, (char)c);
	}
	ok = ok && !b.failed;
	*out = ok ? lower_str(lo, b.s) : NULL;
	sb_free(&b);
	return ok;
}

/* A dot segment or a backslash in a published path: what it means to the product is not known. */
static bool
path_hides(const char *path)
{
	const char *end;

	if (strchr(path, '\\') != NULL)
		return true;
	for (; *path == '/'; path = end) {
		end = path + 1 + strcspn(path + 1, "/");
		if ((end - path == 2 && path[1] == '.') || (end - path == 3 && path[1] == '.' && path[2] == '.'))
			return true;
	}
	return false;
}

static bool
path_make(struct lower *lo, const struct tmg_path_mapping *m, struct ppath *p)
{
	const char *ext = m->external != NULL && (!m->same || m->internal == NULL) ? m->external : m->internal;
	const char *inn = m->internal != NULL ? m->internal : ext;
	struct plan_mapping *map;
	struct strbuf e, i;
	bool pe, pi, ok;

	if (ext == NULL)
		return false;
	sb_init(&e, lo->p->budget);
	sb_init(&i, lo->p->budget);
	ok = path_canonical(ext, &e, &pe) && path_canonical(inn, &i, &pi) && pe == pi && !e.failed && !i.failed &&
	    e.len <= PATH_LENGTH_MAX;
	ok = ok && !path_hides(e.s);
	if (ok) {
		p->path = lower_str(lo, e.s);
		p->prefix = pe;
		if (strcmp(e.s, i.s) != 0 && (map = arena_alloc(lo->mem, sizeof(*map))) != NULL) {
			map->external = p->path;
			map->prefix = pe;
			ok = path_bytes(lo, inn, pi, &map->internal);
			p->map = map;
		}
	}
	sb_free(&e);
	sb_free(&i);
	return ok;
}

static bool
path_inside(const struct ppath *inner, const struct ppath *outer)
{
	size_t n = strlen(outer->path);

	if (inner == outer || !outer->prefix)
		return false;
	return strncmp(inner->path, outer->path, n) == 0 &&
	    (inner->path[n] == '/' || (inner->path[n] == '\0' && !inner->prefix));
}

static void
find_shadow(struct ppaths *l)
{
	for (uint32_t a = 0; a < l->count && l->count <= SHADOW_MAX; a++) {
		for (uint32_t b = 0; b < l->count; b++) {
			if (path_inside(&l->v[a], &l->v[b])) {
				l->inner = &l->v[a];
				l->outer = &l->v[b];
				return;
			}
		}
	}
}

/* The number of what the list tells apart: its paths, and which of them are sent changed. Is one of them all paths? */
static void
number(struct lower *lo, struct ppaths *l)
{
	struct strbuf *b = &lo->key;
	const char *copy;
	void **slot;

	sb_clear(b);
	for (uint32_t i = 0; i < l->count; i++) {
		l->all |= l->v[i].prefix && l->v[i].path[0] == '\0';
		l->mapped |= l->v[i].map != NULL;
		sb_putc(b, (char)((l->v[i].prefix ? 1 : 0) + (l->v[i].map != NULL ? 2 : 0)));
		sb_putn(b, l->v[i].path, strlen(l->v[i].path) + 1);
	}
	slot = hmap_slot(&lo->patterns, b->s, b->len, false);
	if (slot != NULL) {
		l->id = ((const struct ppaths *)*slot)->id;
		return;
	}
	copy = arena_strn(&lo->tmp, b->s, b->len);
	slot = copy != NULL && !b->failed ? hmap_slot(&lo->patterns, copy, b->len, true) : NULL;
	if (slot == NULL) {
		lo->failed = true;
		return;
	}
	*slot = l;
	l->id = ++lo->pattern_count;
}

static void
put_text(struct strbuf *b, const char *s)
{
	sb_putc(b, s != NULL ? 1 : 0);
	if (s != NULL)
		sb_putn(b, s, strlen(s) + 1);
}

static struct ppaths *
paths_make(struct lower *lo, const struct tmg_path_mapping *list, const struct tmg_path_mapping **bad)
{
	struct ppaths *l = arena_alloc(&lo->tmp, sizeof(*l));
	uint32_t n = 0;

	for (const struct tmg_path_mapping *m = list; m != NULL; m = m->next)
		n++;
	if (l == NULL || (l->v = arena_array(&lo->tmp, n, sizeof(*l->v))) == NULL)
		return NULL;
	for (const struct tmg_path_mapping *m = list; m != NULL; m = m->next) {
		if (!path_make(lo, m, &l->v[l->count])) {
			*bad = m;
			return NULL;
		}
		l->count++;
	}
	find_shadow(l);
	number(lo, l);
	return l;
}

const struct ppaths *
paths_of(struct lower *lo, const struct tmg_path_mapping *list, const struct tmg_path_mapping **bad)
{
	struct strbuf *b = &lo->key;
	struct ppaths *l;
	const char *copy;
	size_t len;
	void **slot;

	*bad = NULL;
	if (list == lo->last_list)
		return lo->last_paths;
	sb_clear(b);
	for (const struct tmg_path_mapping *m = list; m != NULL; m = m->next) {
		sb_putc(b, m->same);
		put_text(b, m->external);
		put_text(b, m->internal);
	}
	if (b->failed) {
		lo->failed = true;
		return NULL;
	}
	if ((slot = hmap_slot(&lo->paths, b->s, b->len, false)) != NULL) {
		l = *slot;
	} else {
		len = b->len;
		copy = arena_strn(&lo->tmp, b->s, len);
		if ((l = paths_make(lo, list, bad)) == NULL)
			return NULL;
		slot = copy != NULL ? hmap_slot(&lo->paths, copy, len, true) : NULL;
		lo->failed |= slot == NULL;
		if (slot != NULL)
			*slot = l;
	}
	lo->last_list = list;
	return lo->last_paths = l;
}

const struct ppaths *
paths_all(struct lower *lo)
{
	struct ppaths *l;

	if (lo->all_paths != NULL)
		return lo->all_paths;
	l = arena_alloc(&lo->tmp, sizeof(*l));
	if (l == NULL || (l->v = arena_alloc(&lo->tmp, sizeof(*l->v))) == NULL)
		return NULL;
	l->v->path = "";
	l->v->prefix = true;
	l->count = 1;
	number(lo, l);
	return lo->all_paths = l;
}
