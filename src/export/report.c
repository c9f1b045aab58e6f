/*
 * REPORT.md: what to do before a configuration goes live, what became of each
 * rule, what is lost and what was taken for granted. Says to people what
 * manifest.json says to programs. Every string of the export passes through
 * text_safe and Markdown's escapes.
 */
#include "export/manifest.h"

#include "base/addr.h"
#include "base/text.h"
#include "export/inspect.h"
#include "export/versions.h"

#define FILE_NAME "REPORT.md"
#define SHOWN 260     /* a host name fits */
#define CELL_NAMES 20 /* in one cell of a table: who reads more of them? */

struct report {
	struct out *o;
	const struct plan *p;
	const struct writer *target;
	struct beside *beside;
	struct strbuf safe, name;
	unsigned step;
	bool failed;
};

/* ---- Markdown ------------------------------------------------------------------- */

static void
md(struct report *r, const char *s)
{
	static const char special[] = "\\`*_[]<>|#~&{}!";
	const char *c = s != NULL ? s : "";
	size_t left = strlen(c), n;

	if (!text_safe_as_is(c, left, SHOWN)) {
		sb_clear(&r->safe);
		text_safe(&r->safe, c, SHOWN);
		r->failed = r->failed || r->safe.failed;
		c = r->safe.s;
		left = r->safe.len;
	}
	while ((n = strcspn(c, special)) < left) {
		out_mem(r->o, c, n);
		out_mem(r->o, "\\", 1);
		out_mem(r->o, c + n, 1);
		c += n + 1;
		left -= n + 1;
	}
	out_mem(r->o, c, left);
}

static void
number(struct report *r, const char *before, uint64_t n)
{
	out_str(r->o, before);
	out_number(r->o, n);
}

static void
md_object(struct report *r, const struct tmg_obj *obj)
{
	struct strbuf b;

	sb_init(&b, r->p->budget);
	obj_label(&b, obj);
	md(r, b.s);
	r->failed = r->failed || b.failed;
	sb_free(&b);
}

static void
step(struct report *r, const char *title)
{
	out_fmt(r->o, "\n### %u. %s\n\n", ++r->step, title);
}

static void
md_addresses(struct report *r, const struct plan_listener *l)
{
	const struct plan_address *a;

	for (a = l->addresses; a != NULL; a = a->next) {
		if (a != l->addresses)
			out_str(r->o, ", ");
		out_str(r->o, a->text != NULL ? a->text : "any address of the proxy");
	}
}

/* ---- before going live --------------------------------------------------------------- */

static const char *
name_text(struct report *r, const struct plan_host *n)
{
	const char *s = plan_name_text(n, &r->name);

	r->failed = r->failed || r->name.failed;
	return s;
}

/* Names of a certificate: each, or how many there are and where they stand. */
static void
names_cell(struct report *r, const struct plan_listener *l)
{
	const struct plan_host *n, *after;
	size_t count = 0;

	for (n = plan_first_name(l); n != NULL; n = plan_name_after(l, n))
		count++;
	if (count > CELL_NAMES) {
		out_number(r->o, count);
		out_str(r->o, " names: `names` of this listener in `manifest.json`, and the table of names below");
	}
	for (n = count > CELL_NAMES ? NULL : plan_first_name(l); n != NULL; n = after) {
		after = plan_name_after(l, n);
		md(r, name_text(r, n));
		out_str(r->o, after != NULL ? ", " : "");
	}
	if (l->any_name)
		out_str(r->o, count > 0 ? ", and any other name" : "any name");
}

static void
step_certificates(struct report *r)
{
	const struct tmg_certificate *c;
	const struct plan_listener *l;
	bool first = true;

	for (l = r->p->listeners; l != NULL; l = l->next) {
		if (l->certificate == NULL)
			continue;
		if (first) {
			step(r, "Put the certificates in place");
			out_str(r->o,
			    "Each file holds the certificate, its chain and the private key, in this order, in PEM "
			    "form,\n"
			    "readable by root only. Exports never hold keys: take them from the old computer's store "
			    "by\n"
			    "the thumbprint, or have new certificates made for the names.\n\n"
			    "| File | Listener | Names it must cover | Thumbprint in the old configuration |\n"
			    "|---|---|---|---|\n");
			first = false;
		}
		out_str(r->o, "| ");
		md(r, l->certificate);
		out_str(r->o, " | ");
		md(r, l->l->o.name);
		out_str(r->o, " | ");
		names_cell(r, l);
		out_str(r->o, " | ");
		for (c = l->l->certificates; c != NULL; c = c->next) {
			md(r, c->hash);
			out_str(r->o, c->next != NULL ? ", " : "");
		}
		out_str(r->o, l->l->certificates == NULL ? "none stated |\n" : " |\n");
	}
}

/* Authorities of clients: the exact ones of the export, and no others. */
static void
step_client_authorities(struct report *r)
{
	const struct plan_listener *l;
	const struct tmg_text *x;
	bool some = false;

	for (l = r->p->listeners; l != NULL; l = l->next) {
		if (l->client_ca == NULL)
			continue;
		if (!some) {
			step(r, "Say whose client certificates are good");
			out_str(r->o,
			    "Rules of these listeners demand a client certificate. Put the certificates of the "
			    "authorities\n"
			    "(no keys, PEM, one behind the other) into the file: those with these thumbprints, and no\n"
			    "others, for whoever has a certificate of one of them is let in. `./check.sh` shows none, "
			    "and\n"
			    "expects to be refused.\n\n"
			    "| File | Listener | Thumbprints in the old configuration |\n|---|---|---|\n");
		}
		some = true;
		out_str(r->o, "| ");
		md(r, l->client_ca);
		out_str(r->o, " | ");
		md(r, l->l->o.name);
		out_str(r->o, " | ");
		for (x = l->l->trust; x != NULL; x = x->next) {
			md(r, x->s);
			out_str(r->o, x->next != NULL ? ", " : " |\n");
		}
	}
}

static void
dns_row(struct report *r, bool below, const char *name, const struct plan_listener *l, bool *some)
{
	uint8_t unused[16];

	if (name[0] == '\0' || addr_parse(name, unused))
		return;
	if (!*some) {
		step(r, "Point the names at the proxy");
		out_str(r->o, "| Name | Addresses of the listener | Listener |\n|---|---|---|\n");
	}
	*some = true;
	out_str(r->o, below ? "| \\*." : "| ");
	md(r, name);
	out_str(r->o, " | ");
	md_addresses(r, l);
	out_str(r->o, " | ");
	md(r, l->l->o.name);
	out_str(r->o, " |\n");
}

/* Names of a listener: those of its certificate, or of its plain port. */
static void
step_dns(struct report *r)
{
	const struct plan_endpoint *e;
	const struct plan_listener *l;
	const struct plan_host *h;
	bool some = false;

	for (l = r->p->listeners; l != NULL; l = l->next) {
		for (h = plan_first_name(l); h != NULL; h = plan_name_after(l, h))
			dns_row(r, false, name_text(r, h), l, &some);
		for (e = plan_first_name(l) == NULL ? r->p->endpoints : NULL; e != NULL; e = e->next)
			for (uint32_t i = 0; i < e->site_count && e->listener == l; i++)
				for (h = plan_site(e, i).hosts; h != NULL; h = plan_host_next(h))
					dns_row(r, h->kind == HOST_SUFFIX, h->name, l, &some);
	}
}

static void
step_addresses(struct report *r)
{
	const struct plan_listener *l;
	const struct plan_address *a;
	bool some = false;

	for (l = r->p->listeners; l != NULL; l = l->next) {
		for (a = l->addresses; a != NULL && a->text != NULL; a = a->next)
			;
		if (a == NULL)
			continue;
		if (!some) {
			step(r, "State the addresses that the export does not hold");
			out_str(r->o,
			    "These listeners are bound to every address of the proxy. Convert again with\n"
			    "`--bind \"LISTENER=ADDRESS\"` for each of them:\n\n");
		}
		some = true;
		out_str(r->o, "- ");
		md(r, l->l->o.name);
		out_str(r->o, "\n");
	}
}

static void
step_servers(struct report *r)
{
	const struct tmg_text *n;

	if (plan_needs_ca(r->p)) {
		step(r, "Let the proxy trust the servers");
		out_str(r->o, "Put the certificates of the authorities that signed the servers' certificates into\n");
		md(r, r->p->opt.ca_file);
		out_str(r->o,
		    " (PEM, one behind the other). A server whose certificate is not signed by them, or does\n"
		    "not carry the name that the rule calls it by, is refused.\n");
	} else if (r->p->opt.o->no_verify) {
		step(r, "Mind that servers are not checked");
		out_str(r->o, "`--no-verify` was given: whoever answers at a server's address is taken for it.\n");
	}
	if (r->p->resolve == NULL)
		return;
	step(r, "Let the proxy resolve the servers' names");
	out_str(r->o,
	    "These names must resolve on the proxy when it starts, to the servers inside and not to the\n"
	    "proxy itself:\n\n");
	for (n = r->p->resolve; n != NULL; n = n->next) {
		out_str(r->o, "- ");
		md(r, n->s);
		out_str(r->o, "\n");
	}
}

static void
put_reasons(struct report *r, const struct plan_note *n)
{
	for (; n != NULL; n = n->next) {
		out_str(r->o, diag_row(n->id)->sentence);
		if (n->detail != NULL) {
			out_str(r->o, ": ");
			md(r, n->detail);
		}
		out_str(r->o, n->next != NULL ? "; " : "");
	}
}

static void
step_closed(struct report *r)
{
	const struct plan_rule *x;
	const struct plan_note *n;
	bool some = false;
	size_t i;

	for (i = 0; i < r->p->rule_count; i++) {
		x = &r->p->rules[i];
		if (x->state != PLAN_CLOSED)
			continue;
		if (!some) {
			step(r, "Decide on the closed rules");
			out_str(r->o,
			    "What restricts access and cannot be expressed is closed, never opened: requests for "
			    "these\n"
			    "rules are answered with 403.\n\n");
		}
		some = true;
		out_str(r->o, "- ");
		md_object(r, &x->r->o);
		number(r, " (position ", x->r->position);
		number(r, ", line ", x->r->o.line);
		out_str(r->o, "): ");
		put_reasons(r, plan_reasons_of(r->p, x));
		out_str(r->o, "\n");
		for (n = plan_reasons_of(r->p, x); n != NULL; n = n->next) {
			out_str(r->o, "  - ");
			out_str(r->o, diag_row(n->id)->help);
			out_str(r->o, "\n");
		}
	}
}

static void
step_opened(struct report *r)
{
	bool some = false;
	size_t i;

	for (i = 0; i < r->p->rule_count; i++) {
		if (!r->p->rules[i].opened)
			continue;
		if (!some) {
			step(r, "Check the rules that were opened");
			out_str(r->o,
			    "`--pass-through` opened these although the proxy cannot enforce what they ask for:\n\n");
		}
		some = true;
		out_str(r->o, "- ");
		md_object(r, &r->p->rules[i].r->o);
		out_str(r->o, ": ");
		put_reasons(r, plan_reasons_of(r->p, &r->p->rules[i]));
		out_str(r->o, "\n");
	}
}

static void
step_machine(struct report *r)
{
	if (strcmp(r->target->name, "nginx") == 0) {
		step(r, "Prepare nginx");
		out_str(r->o,
		    "`nginx.conf` is complete; who runs an nginx already takes `http.conf` and `stream.conf` into its\n"
		    "configuration. The folder ");
		md(r, r->p->opt.runtime_dir);
		out_str(r->o,
		    " must exist and belong to root: with systemd,\n"
		    "`RuntimeDirectory=` makes it at every start. After a crash remove the sockets that were left in\n"
		    "it, or nginx will not start again.\n");
	} else if (strcmp(r->target->name, "haproxy") == 0) {
		step(r, "Prepare HAProxy");
		out_str(r->o,
		    "`haproxy.cfg` is complete and finds the files under `maps/` beside it, from wherever it is "
		    "started.\n");
	}
	step(r, "Mind what the servers see");
	if (r->p->opt.o->transparent)
		out_str(r->o,
		    "Servers of rules that kept the client's address see it still: the proxy needs the rights for\n"
		    "that, and the servers must send their answers back through the proxy.\n");
	else
		out_str(r->o,
		    "Servers see the proxy's address; the client's stands in `X-Forwarded-For`, which replaces what\n"
		    "the client sent.\n");
}

static void
step_clock(struct report *r)
{
	bool some = false;
	size_t i;

	for (i = 0; i < r->p->rule_count; i++)
		some = some ||
		    (r->p->rules[i].state == PLAN_LIVE && r->p->rules[i].r->terms->schedule != NULL &&
			!r->p->rules[i].opened);
	if (!some)
		return;
	step(r, "Set the time zone");
	out_str(r->o, "Rules with schedules are live: the proxy must run in the time zone of the old array.\n");
}

static void
step_version(struct report *r)
{
	const char *asked = version_asked(r->p->opt.o, r->target->name), *unused;

	if (asked == NULL || version_check(r->target->name, asked, &unused, &unused) != VERSION_NEWER)
		return;
	step(r, "Check the version");
	out_fmt(r->o, "The configuration is for %s %s, but it was run on %s only.\n", r->target->name, asked,
	    r->target->tested);
}

static void
step_ask(struct report *r)
{
	if (r->p->endpoints == NULL)
		return;
	step(r, "Ask the new proxy before the DNS change");
	out_str(r->o,
	    "`./check.sh` beside this file asks the new proxy for every published name, from outside and without DNS:\n"
	    "`--cacert FILE` when the certificates are not from a public authority yet, `--help` for the rest.\n");
}

/* ---- what became of it ------------------------------------------------------------------- */

static void
rules(struct report *r)
{
	const struct plan_rule *x;
	const char *via;
	size_t i;

	if (r->p->rule_count == 0)
		return;
	out_str(r->o,
	    "\n## Rule by rule\n\n"
	    "| Position | Rule | Line | Kind | What became of it | Why |\n|---|---|---|---|---|---|\n");
	for (i = 0; i < r->p->rule_count; i++) {
		x = &r->p->rules[i];
		via = x->state == PLAN_LIVE ? r->target->via(r->p, x) : NULL;
		number(r, "| ", x->r->position);
		out_str(r->o, " | ");
		md(r, x->r->o.name);
		number(r, " | ", x->r->o.line);
		out_str(r->o, " | ");
		out_str(r->o, rule_type_word(x->r));
		out_str(r->o, " | ");
		out_str(r->o, plan_state_word(x->state));
		if (via != NULL) {
			out_str(r->o, " (");
			out_str(r->o, via);
			out_str(r->o, ")");
		}
		if (x->opened)
			out_str(r->o, ", opened by --pass-through");
		if (x->state == PLAN_LIVE && x->routes == 0)
			out_str(r->o, ", never reached");
		out_str(r->o, " | ");
		if (x->has_reasons)
			put_reasons(r, plan_reasons_of(r->p, x));
		else if (x->state == PLAN_DISABLED)
			out_str(r->o, "disabled in the export; kept as a comment");
		else if (x->state == PLAN_NA && x->r->web == NULL)
			out_str(r->o, "publishes no web site");
		out_str(r->o, " |\n");
	}
}

static void
loss(struct report *r, const struct plan_note *n)
{
	out_str(r->o, "| ");
	out_str(r->o, severity_name(n->severity));
	out_str(r->o, n->allowed ? " (accepted by --allow) | " : " | ");
	out_str(r->o, diag_row(n->id)->id);
	out_str(r->o, " | ");
	out_str(r->o, diag_row(n->id)->sentence);
	out_str(r->o, " | ");
	md(r, n->detail);
	out_str(r->o, " | ");
	if (n->obj != NULL)
		md_object(r, n->obj);
	if (n->line != 0)
		number(r, " | ", n->line);
	else
		out_str(r->o, " |");
	out_str(r->o, " |\n");
}

/* Those of the plan, then those of the target. */
static void
losses(struct report *r)
{
	const struct plan_note *own = *r->p->made_losses, *n;

	out_str(r->o, "\n## What is different or lost\n\n");
	if (r->p->losses == NULL) {
		out_str(r->o, "Nothing.\n");
		return;
	}
	out_str(r->o,
	    "`tmgport explain ID` says more.\n\n| Severity | Id | What | Detail | Object | Line "
	    "|\n|---|---|---|---|---|---|\n");
	if (!beside_copy(r->beside, r->o, FILE_NAME, &r->beside->details)) {
		for (n = r->p->losses; n != own; n = n->next)
			loss(r, n);
		beside_wrote(r->beside, r->o, &r->beside->details);
	}
	for (n = own; n != NULL; n = n->next)
		loss(r, n);
}

/* Which assumptions a conversion rests on; one without a row here always counts. */
struct facts {
	bool web, order_stated, port_absent, ip_absent, server, certificate, client_ca, schedule, enabled_absent;
};

static void
facts_of_rule(struct facts *f, const struct tmg_rule *r)
{
	f->order_stated = f->order_stated || (r->stated & TMG_S_ORDER) != 0;
	f->enabled_absent = f->enabled_absent || (r->stated & TMG_S_ENABLED) == 0;
	if (r->web == NULL)
		return;
	f->web = true;
	f->server = f->server || r->web->server_element != NULL;
	f->schedule = f->schedule || r->terms->schedule != NULL;
}

static void
facts_of_listener(struct facts *f, const struct plan_listener *pl)
{
	const struct tmg_listener *l = pl->l;
	const struct tmg_bind *b;

	f->port_absent = f->port_absent || (l->stated & TMG_S_TCP_PORT) == 0;
	f->certificate = f->certificate || l->certificates != NULL;
	f->client_ca = f->client_ca || pl->client_ca != NULL;
	for (b = l->binds; b != NULL; b = b->next)
		f->ip_absent = f->ip_absent || b->method == 1;
}

static bool
rests_on(const struct facts *f, const char *id)
{
	const struct {
		const char *id;
		bool holds;
	} rows[] = {
		{ "path-case", f->web },
		{ "path-decoded-once", f->web },
		{ "path-forms", f->web },
		{ "auth-on-demand", f->web },
		{ "site-element", f->web },
		{ "server-element", f->server },
		{ "enabled-absent", f->enabled_absent },
		{ "listener-port-absent", f->port_absent },
		{ "ip-selection-absent", f->ip_absent },
		{ "order", f->order_stated },
		{ "certificate-hash", f->certificate },
		{ "client-authorities", f->client_ca },
		{ "schedule-bits", f->schedule },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].id, id) == 0)
			return rows[i].holds;
	return true;
}

static void
taken_for_granted(struct report *r)
{
	const struct plan_listener *l;
	struct facts f;
	size_t i;

	memset(&f, 0, sizeof(f));
	for (i = 0; i < r->p->rule_count; i++)
		facts_of_rule(&f, r->p->rules[i].r);
	for (l = r->p->listeners; l != NULL; l = l->next)
		facts_of_listener(&f, l);
	out_str(r->o,
	    "\n## What was taken for granted\n\nNo public source says these; compare them with the old console.\n\n");
	for (i = 0; i < assumption_count; i++) {
		if (!rests_on(&f, assumptions[i].id))
			continue;
		out_str(r->o, "- ");
		md(r, assumptions[i].text);
		out_fmt(r->o, " (%s)\n", assumptions[i].id);
	}
}

/* ---- the document ---------------------------------------------------------------------------- */

static void
summary(struct report *r)
{
	const struct tmg_input *in = r->p->in;
	const char *slash = strrchr(in->file, '/'), *asked = version_asked(r->p->opt.o, r->target->name);
	unsigned long state[PLAN_NA + 1] = { 0 }, lost[TMG_ERROR + 1] = { 0 };
	const struct plan_note *n;
	size_t i;

	for (i = 0; i < r->p->rule_count; i++)
		state[r->p->rules[i].state]++;
	for (n = r->p->losses; n != NULL; n = n->next)
		lost[n->severity]++;
	out_fmt(r->o, "# %s configuration from ", r->target->name);
	md(r, slash != NULL ? slash + 1 : in->file);
	out_str(r->o, "\n\n- Export: ");
	md(r, in->product);
	if (in->build != NULL && in->build[0] != '\0') {
		out_str(r->o, ", build ");
		md(r, in->build);
	}
	out_fmt(r->o, ", SHA-256 %s\n- Written by tmgport %s; the output was run on %s %s", in->sha256, tmg_version(),
	    r->target->name, r->target->tested);
	if (asked != NULL)
		out_fmt(r->o, ", asked for was %s", asked);
	out_fmt(r->o, "\n- Rules: %lu live, %lu disabled, %lu closed, %lu not applicable\n", state[PLAN_LIVE],
	    state[PLAN_DISABLED], state[PLAN_CLOSED], state[PLAN_NA]);
	out_fmt(r->o, "- Differences: %lu errors, %lu warnings, %lu notes\n", lost[TMG_ERROR], lost[TMG_WARNING],
	    lost[TMG_NOTE]);
	out_fmt(r->o,
	    "- Elements of the export: %llu; %llu used, %llu irrelevant here, %llu not convertible, %llu unknown\n",
	    (unsigned long long)in->elements, (unsigned long long)in->counts[TMG_E_USED],
	    (unsigned long long)in->counts[TMG_E_IRRELEVANT], (unsigned long long)in->counts[TMG_E_NOT_CONVERTIBLE],
	    (unsigned long long)in->counts[TMG_E_UNKNOWN]);
}

/* What there is to do whatever the target. */
static void
steps_of_plan(struct report *r)
{
	struct beside *b = r->beside;

	if (beside_copy(b, r->o, FILE_NAME, &b->before_live)) {
		r->step = b->steps;
		return;
	}
	step_certificates(r);
	step_client_authorities(r);
	step_dns(r);
	step_servers(r);
	step_addresses(r);
	step_closed(r);
	step_opened(r);
	beside_wrote(b, r->o, &b->before_live);
	b->steps = r->step;
}

bool
report_write(const struct plan *p, const struct writer *target, struct beside *b, struct out_set *s, const char *prefix)
{
	struct report r = { .p = p, .target = target, .beside = b };

	sb_init(&r.safe, p->budget);
	sb_init(&r.name, p->budget);
	sb_puts(&r.safe, prefix);
	sb_puts(&r.safe, FILE_NAME);
	r.failed = r.safe.failed;
	r.o = r.failed ? NULL : out_open(s, r.safe.s);
	if (r.o != NULL) {
		summary(&r);
		out_str(r.o, "\n## Before going live\n");
		steps_of_plan(&r);
		step_machine(&r);
		step_clock(&r);
		step_version(&r);
		step_ask(&r);
		if (b->mixed || !beside_copy(b, r.o, FILE_NAME, &b->table)) {
			rules(&r);
			beside_wrote(b, r.o, &b->table);
		}
		losses(&r);
		taken_for_granted(&r);
		out_close(r.o);
	}
	sb_free(&r.safe);
	sb_free(&r.name);
	return r.o != NULL && !r.failed;
}
