/*
 * Checks of section G: what is wrong with publishing whatever is published. Where Lync has
 * a row of its own for the same thing, its rules are left to that row.
 */
#include "audit/audit.h"

#include "base/addr.h"

/* Does the array, its publishing and the rule itself let requests come at all? */
static bool
is_on(const struct view_rule *r)
{
	return r->rule->enabled && !r->rule->system;
}

/* ---- rules that match nothing ------------------------------------------------------------ */

static size_t
good_names(const struct view_rule *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->name_count; i++)
		n += !name_bad(&r->names[i]);
	return n;
}

static size_t
good_paths(const struct view_rule *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->via->path_count; i++)
		n += !r->via->paths[i].bad;
	return n;
}

void
check_RULE_NEVER_MATCHES(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];
		const char *why = NULL;

		if (!is_on(r))
			continue;
		if (!r->rule->web->all_public_names && r->name_count == 0)
			why = "it has no public name";
		else if (!r->rule->web->all_public_names && good_names(r) == 0)
			why = "none of its public names is a host name";
		else if (r->via->path_count == 0 && !r->rule->deny)
			why = "it has no path";
		else if (r->via->path_count > 0 && good_paths(r) == 0)
			why = "none of its paths has a form that the product takes";
		else if (r->via->listener != NULL && r->via->listener->http_port == 0 &&
		    r->via->listener->https_port == 0)
			why = "its listener has no port";
		if (why != NULL)
			found(v, CHECK_RULE_NEVER_MATCHES,
			    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) }, "%s",
			    why);
	}
}

void
check_PART_NEVER_MATCHES(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];
		bool names = is_on(r) && r->role != ROLE_LYNC && good_names(r) > 0;
		bool paths = is_on(r) && good_paths(r) > 0;

		for (size_t k = 0; names && k < r->name_count; k++)
			if (name_bad(&r->names[k]))
				found(v, CHECK_PART_NEVER_MATCHES,
				    &(struct about){
					.rule = r, .subject = r->names[k].written, .line = r->names[k].line },
				    "public name \"%s\"", r->names[k].written);
		for (size_t k = 0; paths && k < r->via->path_count; k++)
			if (r->via->paths[k].bad)
				found(v, CHECK_PART_NEVER_MATCHES,
				    &(struct about){ .rule = r,
					.subject = r->via->paths[k].path,
					.line = tmg_line(&r->rule->o, r->via->paths[k].mapping->below) },
				    "path \"%s\"", r->via->paths[k].path);
	}
}

/* ---- references ---------------------------------------------------------------------------- */

static void
judge_refs(struct view *v, const struct view_rule *r, const struct tmg_ref *ref, const char *what)
{
	for (; ref != NULL; ref = ref->next)
		if (ref->to == NULL && ref->predefined == NULL && ref->key[0] != '\0')
			found(v, CHECK_REFERENCE_DANGLES,
			    &(struct about){
				.rule = r, .subject = ref->key, .line = tmg_line(&r->rule->o, ref->below) },
			    "%s %s%s", what, ref->key, ref->ambiguous ? ": more than one object answers" : "");
}

void
check_REFERENCE_DANGLES(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];
		bool own_rows = r->live && r->role == ROLE_LYNC; /* for users and schedule */

		if (!is_on(r))
			continue;
		judge_refs(v, r, r->rule->terms->sources != NULL ? r->rule->terms->sources->refs : NULL, "source");
		judge_refs(v, r, own_rows ? NULL : r->rule->web->users, "user set");
		judge_refs(v, r, r->rule->web->lb_enabled ? r->rule->web->farm : NULL, "server farm");
		if (!own_rows && !r->rule->applies_always && r->rule->terms->schedule == NULL)
			found(v, CHECK_REFERENCE_DANGLES, &(struct about){ .rule = r, .subject = "schedule" },
			    "its schedule");
		if (r->via->listener == NULL)
			found(v, CHECK_REFERENCE_DANGLES,
			    &(struct about){
				.rule = r, .subject = "listener", .line = tmg_line(&r->rule->o, r->rule->web->below) },
			    "its web listener");
	}
}

/* ---- disabled rules ------------------------------------------------------------------------ */

static bool
is_carried(struct view *v, const char *host)
{
	const struct view_host *h = view_naming(v, host);

	if (h != NULL && h->live != NULL)
		return true;
	return view_taker(v, host, "", true, NULL) != NULL || view_taker(v, host, "", false, NULL) != NULL;
}

/* Each host is asked for once, at the first disabled rule that names it. */
void
check_NAME_ONLY_DISABLED(struct view *v)
{
	struct hmap seen;
	void **slot;

	hmap_init(&seen, v->a->budget);
	for (size_t i = 0; i < v->rule_count && !v->failed; i++) {
		const struct view_rule *r = &v->rules[i];

		if (r->rule->enabled || r->rule->deny || r->role != ROLE_NONE)
			continue;
		for (size_t k = 0; k < r->name_count && !v->failed; k++) {
			const struct view_name *n = &r->names[k];

			if (name_bad(n) || name_wild(n) || name_kind(n) != NAME_OTHER)
				continue;
			if ((slot = hmap_slot(&seen, name_host(n), strlen(name_host(n)), true)) == NULL) {
				v->failed = true;
			} else if (*slot == NULL) {
				*slot = (void *)(uintptr_t)n;
				if (!is_carried(v, name_host(n)))
					found(v, CHECK_NAME_ONLY_DISABLED,
					    &(struct about){ .rule = r, .subject = name_host(n), .line = n->line },
					    "%s", name_host(n));
			}
		}
	}
	hmap_free(&seen);
}

/* ---- the way to the server ------------------------------------------------------------------ */

void
check_PLAIN_TO_SERVER(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		if (r->live && r->role != ROLE_LYNC && r->via->tls_in && !r->via->tls_to_tls &&
		    r->via->tls_to_port != 0)
			found(v, CHECK_PLAIN_TO_SERVER,
			    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
			    "HTTPS requests go on as HTTP to port %d of %s", r->via->tls_to_port, audit_server(v, r));
	}
}

static const char *
canonical(struct view *v, const char *s)
{
	struct strbuf b;
	const char *out = NULL;
	bool wild;

	if (s == NULL)
		return NULL;
	sb_init(&b, v->a->budget);
	if (host_canonical(s, &b, &wild) && !wild)
		out = arena_str(v->mem, b.s);
	v->failed = v->failed || b.failed;
	sb_free(&b);
	return out;
}

/* Asked for once for all rules that lead there. */
static const char *
server_of(struct view *v, const struct view_rule *r)
{
	const struct tmg_web *w = r->rule->web;

	if (!r->via->served)
		r->via->server = canonical(v, w->server != NULL ? w->server : w->site);
	r->via->served = true;
	return r->via->server;
}

/* All addresses of the file's listeners, each with the first listener that has it. */
static void
add_addresses(struct view *v, struct hmap *map)
{
	for (size_t i = 0; i < v->listener_count; i++)
		for (const struct tmg_name *a = v->listeners[i].addresses; a != NULL; a = a->next)
			if (hmap_get(map, a->s) == NULL && !hmap_put(map, a->s, &v->listeners[i]))
				v->failed = true;
}

/* Servers of a farm go by addresses of their own. */
static bool
has_farm(const struct tmg_web *w)
{
	return w->lb_enabled && w->farm != NULL && w->farm->key[0] != '\0';
}

static bool
goes_to(const struct view_rule *r, const struct tmg_listener *l)
{
	return (r->via->tls_in && r->via->tls_to_port != 0 &&
		   (r->via->tls_to_port == l->https_port || r->via->tls_to_port == l->http_port)) ||
	    (r->via->plain_in && r->via->plain_to_port != 0 &&
		(r->via->plain_to_port == l->https_port || r->via->plain_to_port == l->http_port));
}

static void
judge_loop(struct view *v, const struct view_rule *r, struct hmap *addresses)
{
	const char *server = server_of(v, r);
	const struct view_listener *l = server == NULL ? NULL : hmap_get(addresses, server);
	struct about about = { .rule = r, .line = tmg_server_line(r->rule) };

	if (server == NULL)
		return;
	if (l != NULL && goes_to(r, l->listener)) {
		about.cls = 'H';
		found(v, CHECK_LOOP, &about, "%s is an address of listener \"%s\"", server, l->listener->o.name);
		return;
	}
	for (size_t k = 0; r->role != ROLE_LYNC && k < r->name_count; k++)
		if (!name_bad(&r->names[k]) && !name_wild(&r->names[k]) &&
		    strcmp(name_host(&r->names[k]), server) == 0) {
			found(v, CHECK_LOOP, &about, "%s is found by its public name alone", server);
			return;
		}
}

void
check_LOOP(struct view *v)
{
	struct hmap addresses;

	hmap_init(&addresses, v->a->budget);
	add_addresses(v, &addresses);
	for (size_t i = 0; i < v->rule_count && !v->failed; i++)
		if (v->rules[i].live && !has_farm(v->rules[i].rule->web))
			judge_loop(v, &v->rules[i], &addresses);
	hmap_free(&addresses);
}

/* ---- whom and when -------------------------------------------------------------------------- */

void
check_ANY_HOST(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];

		if (!r->live)
			continue;
		if (r->rule->web->all_public_names) {
			found(v, CHECK_ANY_HOST,
			    &(struct about){ .rule = r, .line = tmg_line(&r->rule->o, r->rule->web->below) },
			    "requests for any name, and for the address itself, go to %s", audit_server(v, r));
			continue;
		}
		for (size_t k = 0; k < r->name_count; k++)
			if (name_wild(&r->names[k]) && !name_bad(&r->names[k]))
				found(v, CHECK_ANY_HOST,
				    &(struct about){ .rule = r,
					.subject = r->names[k].written,
					.line = r->names[k].line,
					.cls = 'L' },
				    "every name of %s", r->names[k].written);
	}
}

void
check_SCHEDULE_NEVER(struct view *v)
{
	for (size_t i = 0; i < v->rule_count; i++) {
		const struct view_rule *r = &v->rules[i];
		const struct tmg_schedule *s = r->rule->applies_always ? NULL : r->rule->terms->schedule;
		unsigned hours = 0;

		if (!r->live || r->role == ROLE_LYNC || s == NULL || !s->valid)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(s->hours); k++)
			hours |= s->hours[k] & 0x7fu;
		if (hours == 0)
			found(v, CHECK_SCHEDULE_NEVER, &(struct about){ .rule = r }, "schedule \"%s\"", s->o.name);
	}
}

/* ---- secrets ---------------------------------------------------------------------------------- */

#define PASSWORDS 1 /* of OptionalData: the export was made with passwords */

/* Remembers the file of whoever has a setting that was encrypted. */
static void
add_secrets(struct view *v, struct hmap *files, const struct tmg_vendor *x, const struct tmg_input *in)
{
	for (; x != NULL; x = x->next)
		if (x->secret && !hmap_put(files, in->file, (void *)(uintptr_t)x))
			v->failed = true;
}

void
check_SECRETS(struct view *v)
{
	const struct tmg_input *in = v->t != NULL ? v->t->inputs : NULL;
	struct hmap files;

	hmap_init(&files, v->a->budget);
	for (size_t i = 0; i < v->rule_count; i++)
		add_secrets(v, &files, v->rules[i].rule->terms->vendors, v->rules[i].via->input);
	for (size_t i = 0; i < v->listener_count; i++)
		add_secrets(v, &files, v->listeners[i].listener->vendors, v->listeners[i].input);
	for (; in != NULL && !v->failed; in = in->next) {
		bool passwords = in->optional_data > 0 && (in->optional_data & PASSWORDS) != 0;
		const struct tmg_vendor *x = hmap_get(&files, in->file);

		if (passwords || x != NULL)
			found(v, CHECK_SECRETS,
			    &(struct about){ .name = in->file, .file = in->file, .line = x != NULL ? x->line : 0 },
			    "%s%s%s", passwords ? "it was made with passwords" : "", passwords && x != NULL ? "; " : "",
			    x != NULL ? "rules or listeners hold encrypted settings" : "");
	}
	hmap_free(&files);
}
