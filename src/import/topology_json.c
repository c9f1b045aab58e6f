/*
 * A topology file of our own: JSON with the keys of topology_file.def and no
 * others. jansson reads it; a second look at the text finds the lines of what
 * stands in lists. Must not know other forms.
 */
#include "import/topology.h"

#include <stdarg.h>

#include <jansson.h>

#include "base/text.h"

#define SCHEMA_NAME "tmgport-topology/1"

enum level { LEVEL_TOP, LEVEL_POOL, LEVEL_MACHINE, LEVEL_URL };

enum key {
#define K(level, sym, key, type, text) KEY_##level##_##sym,
#include "model/topology_file.def"
#undef K
	KEY_COUNT
};

static const struct {
	enum level level;
	const char *name;
} keys[KEY_COUNT] = {
#define K(level, sym, key, type, text) [KEY_##level##_##sym] = { LEVEL_##level, key },
#include "model/topology_file.def"
#undef K
};

static const char *const level_names[] = { "the file", "a pool", "a machine", "a simple URL" };

struct lines {
	const char *list; /* key of a list at the top */
	uint32_t *at;     /* line of each item */
	size_t count, cap;
};

struct reader {
	struct topo *t;
	uint32_t line; /* of the item that is looked at */
};

/* What is the matter, in whose words: diag_file makes it safe. */
static void PRINTF_LIKE(2, 3) wrong(struct reader *r, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	topo_stop(r->t, D_BAD_TOPOLOGY_FILE, r->line, "%s", text);
}

/* ---- Lines ---------------------------------------------------------------------- */

static void
lines_add(struct topo *t, struct lines *l, uint32_t line)
{
	if (l->count == l->cap) {
		size_t cap = l->cap == 0 ? 64 : l->cap * 2;
		uint32_t *at = budget_realloc(t->d.mem.budget, l->at, l->cap * sizeof(*at), cap * sizeof(*at));

		if (at == NULL) {
			topo_oom(t);
			return;
		}
		l->at = at;
		l->cap = cap;
	}
	l->at[l->count++] = line;
}

/* The text is valid JSON by now: at depth 1 stand the keys of the top, at depth 2 the items of its lists. */
static void
lines_find(struct topo *t, const char *s, size_t n, struct lines *ls, size_t count)
{
	unsigned depth = 0;
	uint32_t line = 1;
	struct lines *list = NULL;
	bool item = false; /* the next value begins an item */

	for (size_t i = 0; i < n && !t->stopped; i++) {
		if (list != NULL && depth == 2 && item && strchr(" \t\r\n]", s[i]) == NULL) {
			lines_add(t, list, line);
			item = false;
		}
		if (s[i] == '"') {
			size_t from = ++i;

			while (i < n && s[i] != '"')
				i += s[i] == '\\' ? 2 : 1;
			for (size_t k = 0; k < count && depth == 1; k++) {
				if (strlen(ls[k].list) == i - from && memcmp(ls[k].list, s + from, i - from) == 0)
					list = &ls[k];
			}
		} else if (s[i] == '{' || s[i] == '[') {
			item = ++depth == 2;
		} else if (s[i] == '}' || s[i] == ']') {
			depth--;
			if (depth == 1)
				list = NULL;
		} else if (s[i] == ',') {
			item = depth == 2;
		} else if (s[i] == '\n') {
			line++;
		}
	}
}

static uint32_t
line_at(const struct lines *l, size_t i)
{
	return i < l->count ? l->at[i] : 0;
}

/* ---- Values --------------------------------------------------------------------- */

static bool
keys_known(struct reader *r, const json_t *o, enum level level)
{
	const char *name;
	json_t *v;

	if (!json_is_object(o)) {
		wrong(r, "%s is no object", level_names[level]);
		return false;
	}
	/* jansson's macro wants a plain pointer and changes nothing. */
	json_object_foreach((json_t *)(uintptr_t)o, name, v)
	{
		bool known = false;

		for (size_t i = 0; i < KEY_COUNT; i++)
			known |= keys[i].level == level && strcmp(keys[i].name, name) == 0;
		if (!known) {
			wrong(r, "key \"%.60s\" of %s is not known", name, level_names[level]);
			return false;
		}
	}
	return true;
}

static const json_t *
get(const json_t *o, enum key k)
{
	return json_object_get(o, keys[k].name);
}

/* Text without characters that no output can carry; NULL when it is absent. */
static const char *
get_text(struct reader *r, const json_t *o, enum key k)
{
	const json_t *v = get(o, k);
	const char *s = json_string_value(v);

	if (v != NULL && (s == NULL || !text_is_plain(s)))
		wrong(r, "\"%s\" is no plain text", keys[k].name);
	return s;
}

static const char *
get_needed(struct reader *r, const json_t *o, enum key k)
{
	const char *s = get_text(r, o, k);

	if (s == NULL || s[0] == '\0')
		wrong(r, "\"%s\" of %s is missing", keys[k].name, level_names[keys[k].level]);
	return s;
}

static bool
get_bool(struct reader *r, const json_t *o, enum key k, bool otherwise)
{
	const json_t *v = get(o, k);

	if (v == NULL)
		return otherwise;
	if (!json_is_boolean(v))
		wrong(r, "\"%s\" is neither true nor false", keys[k].name);
	return json_is_true(v);
}

/* The list, or NULL. */
static const json_t *
get_list(struct reader *r, const json_t *o, enum key k)
{
	const json_t *v = get(o, k);

	if (v != NULL && !json_is_array(v))
		wrong(r, "\"%s\" is no list", keys[k].name);
	return v;
}

/* ---- Records -------------------------------------------------------------------- */

/* A host name has to be one here: nobody else wrote this file. */
static const char *
get_host(struct reader *r, const json_t *o, enum key k)
{
	const char *s = get_text(r, o, k);
	struct strbuf b;
	bool wild;

	if (s == NULL || r->t->stopped)
		return NULL;
	sb_init(&b, r->t->d.mem.budget);
	if (!host_canonical(s, &b, &wild) || wild) {
		if (b.failed)
			topo_oom(r->t);
		else
			wrong(r, "\"%s\" of %s is not a host name", keys[k].name, level_names[keys[k].level]);
		s = NULL;
	}
	sb_free(&b);
	return s;
}

static void
read_ports(struct reader *r, struct pool *p, const json_t *o)
{
	static const struct {
		enum key key;
		enum pool_fact fact;
	} ports[] = {
		{ KEY_POOL_HTTPS, FACT_HTTPS },
		{ KEY_POOL_HTTP, FACT_HTTP },
		{ KEY_POOL_PUBLISHED_HTTPS, FACT_PUBLISHED_HTTPS },
		{ KEY_POOL_PUBLISHED_HTTP, FACT_PUBLISHED_HTTP },
		{ KEY_POOL_INTERNAL_HTTPS, FACT_INTERNAL_HTTPS },
		{ KEY_POOL_INTERNAL_HTTP, FACT_INTERNAL_HTTP },
	};
	char text[16];

	for (size_t i = 0; i < ARRAY_LEN(ports) && !r->t->stopped; i++) {
		const json_t *v = get(o, ports[i].key);

		if (v == NULL)
			continue;
		if (!json_is_integer(v) || json_integer_value(v) < 1 || json_integer_value(v) > 65535) {
			wrong(r, "\"%s\" is no port number", keys[ports[i].key].name);
			return;
		}
		snprintf(text, sizeof(text), "%d", (int)json_integer_value(v));
		topo_port(r->t, p, ports[i].fact, text, r->line);
	}
}

static void
read_version(struct reader *r, struct pool *p, const json_t *o)
{
	static const int years[] = { 2010, 2013, 2015, 2019 };
	const json_t *v = get(o, KEY_POOL_VERSION);
	char text[2] = "5";

	if (v == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(years); i++) {
		if (json_is_integer(v) && json_integer_value(v) == years[i]) {
			text[0] = (char)('5' + (char)i); /* as the products count their versions */
			topo_version(r->t, p, text, r->line);
			return;
		}
	}
	wrong(r, "\"%s\" is none of 2010, 2013, 2015 and 2019", keys[KEY_POOL_VERSION].name);
}

static void
read_machines(struct reader *r, struct pool *p, const json_t *o)
{
	const json_t *list = get_list(r, o, KEY_POOL_MACHINES), *addresses;
	struct pool_machine *m;

	for (size_t i = 0; i < json_array_size(list) && !r->t->stopped; i++) {
		const json_t *v = json_array_get(list, i);
		const char *fqdn;

		if (!keys_known(r, v, LEVEL_MACHINE))
			return;
		fqdn = get_host(r, v, KEY_MACHINE_FQDN);
		addresses = get_list(r, v, KEY_MACHINE_ADDRESSES);
		if (fqdn == NULL && json_array_size(addresses) == 0)
			wrong(r, "%s has neither a name nor an address", level_names[LEVEL_MACHINE]);
		m = !r->t->stopped ? topo_machine(r->t, p, fqdn, r->line) : NULL;
		for (size_t k = 0; k < json_array_size(addresses) && !r->t->stopped; k++) {
			const char *s = json_string_value(json_array_get(addresses, k));

			if (s == NULL || !host_is_address(s))
				wrong(r, "\"%s\" holds something that is no address", keys[KEY_MACHINE_ADDRESSES].name);
			else
				topo_address(r->t, p, m, s, r->line);
		}
	}
}

static void
read_role(struct reader *r, struct pool *p, const json_t *o)
{
	static const char *const names[] = { "other", "front-end", "director", "web-apps" };
	const char *s = get_needed(r, o, KEY_POOL_ROLE);

	for (size_t i = 0; i < ARRAY_LEN(names) && !r->t->stopped; i++) {
		if (strcmp(s, names[i]) != 0)
			continue;
		topo_role(r->t, p, (enum pool_role)i, false, r->line);
		p->web_services |= i == POOL_FRONT_END || i == POOL_DIRECTOR;
		p->user_services |= i == POOL_FRONT_END;
		return;
	}
	if (!r->t->stopped)
		wrong(r, "role \"%.60s\" is not known", s);
}

static void
read_pool(struct reader *r, const json_t *o)
{
	const json_t *list;
	struct topo *t = r->t;
	struct pool *p;

	if (!keys_known(r, o, LEVEL_POOL) || get_needed(r, o, KEY_POOL_FQDN) == NULL)
		return;
	p = topo_pool(t, get_host(r, o, KEY_POOL_FQDN), r->line);
	if (p == NULL)
		return;
	read_role(r, p, o);
	topo_site(t, p, get_text(r, o, KEY_POOL_SITE), r->line);
	topo_external(t, p, get_host(r, o, KEY_POOL_EXTERNAL), r->line);
	topo_internal(t, p, get_host(r, o, KEY_POOL_INTERNAL), r->line);
	read_ports(r, p, o);
	read_version(r, p, o);
	topo_discovery(t, p, get_text(r, o, KEY_POOL_DISCOVERY), r->line);
	p->web_apps_external |= get_bool(r, o, KEY_POOL_OUTSIDE, false);
	list = get_list(r, o, KEY_POOL_COMPONENTS);
	for (size_t i = 0; i < json_array_size(list) && !t->stopped; i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (s == NULL || !text_is_plain(s))
			wrong(r, "\"%s\" holds something that is no plain text", keys[KEY_POOL_COMPONENTS].name);
		else
			topo_component(t, p, s, r->line);
	}
	read_machines(r, p, o);
}

static void
read_url(struct reader *r, const json_t *o)
{
	struct topo_url u = { .line = r->line };

	if (!keys_known(r, o, LEVEL_URL))
		return;
	u.component = get_needed(r, o, KEY_URL_COMPONENT);
	u.url = get_needed(r, o, KEY_URL_URL);
	u.domain = get_text(r, o, KEY_URL_DOMAIN);
	u.current = get_bool(r, o, KEY_URL_ACTIVE, true);
	u.scope = topo_scope(r->t, get_text(r, o, KEY_URL_SCOPE));
	topo_url(r->t, &u);
}

static void
read_domain(struct reader *r, const json_t *v, bool is_default)
{
	const char *s = json_string_value(v);

	if (s == NULL || !text_is_plain(s))
		wrong(r, "\"%s\" holds something that is no name", keys[KEY_TOP_DOMAINS].name);
	else
		topo_domain(r->t, s, is_default, r->line);
}

static void
read_top(struct reader *r, const json_t *top, const struct lines *ls)
{
	const char *schema;
	const json_t *list;

	if (!keys_known(r, top, LEVEL_TOP))
		return;
	schema = get_needed(r, top, KEY_TOP_SCHEMA);
	if (schema != NULL && strcmp(schema, SCHEMA_NAME) != 0)
		wrong(r, "schema is \"%.60s\", not \"%s\"", schema, SCHEMA_NAME);
	r->t->d.passive_auth |= get_bool(r, top, KEY_TOP_PASSIVE, false);
	list = get_list(r, top, KEY_TOP_DOMAINS);
	for (size_t i = 0; i < json_array_size(list) && !r->t->stopped; i++) {
		r->line = line_at(&ls[0], i);
		read_domain(r, json_array_get(list, i), i == 0);
	}
	list = get_list(r, top, KEY_TOP_POOLS);
	for (size_t i = 0; i < json_array_size(list) && !r->t->stopped; i++) {
		r->line = line_at(&ls[1], i);
		read_pool(r, json_array_get(list, i));
	}
	list = get_list(r, top, KEY_TOP_URLS);
	r->t->d.has_urls |= list != NULL;
	for (size_t i = 0; i < json_array_size(list) && !r->t->stopped; i++) {
		r->line = line_at(&ls[2], i);
		read_url(r, json_array_get(list, i));
	}
	r->t->found = true;
}

void
topo_json(struct topo *t, const char *s, size_t n)
{
	struct lines ls[] = { { .list = keys[KEY_TOP_DOMAINS].name }, { .list = keys[KEY_TOP_POOLS].name },
		{ .list = keys[KEY_TOP_URLS].name } };
	struct reader r = { .t = t };
	json_error_t e;
	json_t *top = json_loadb(s, n, JSON_REJECT_DUPLICATES, &e);

	if (top == NULL) {
		r.line = e.line > 0 ? (uint32_t)e.line : 0;
		wrong(&r, "%s", e.text);
		return;
	}
	lines_find(t, s, n, ls, ARRAY_LEN(ls));
	if (!t->stopped)
		read_top(&r, top, ls);
	json_decref(top);
	for (size_t i = 0; i < ARRAY_LEN(ls); i++)
		budget_free(t->d.mem.budget, ls[i].at, ls[i].cap * sizeof(*ls[i].at));
}
