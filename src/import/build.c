/*
 * Makes the model's records while the parser walks: the begin and text
 * functions that rows of the element table name. Knows no XML library.
 */
#include "import/read.h"

#include "base/addr.h"
#include "base/text.h"

/* How far below the start tag of the object around it something stands. */
static uint32_t
below(const struct frame *up, const struct attrs *at)
{
	return up->owner != NULL ? at->line - up->owner->line : at->line;
}

static size_t
object_size(enum tmg_kind kind)
{
	switch (kind) {
	case TMG_K_LISTENER: return sizeof(struct tmg_listener);
	case TMG_K_FARM: return sizeof(struct tmg_farm);
	case TMG_K_NETWORK: return sizeof(struct tmg_network);
	case TMG_K_NETWORK_SET: return sizeof(struct tmg_network_set);
	case TMG_K_COMPUTER:
	case TMG_K_SUBNET:
	case TMG_K_RANGE: return sizeof(struct tmg_hosts);
	case TMG_K_COMPUTER_SET: return sizeof(struct tmg_computer_set);
	case TMG_K_USER_SET: return sizeof(struct tmg_user_set);
	case TMG_K_SCHEDULE: return sizeof(struct tmg_schedule);
	case TMG_K_VERIFIER: return sizeof(struct tmg_verifier);
	default: return sizeof(struct tmg_obj);
	}
}

/* An array that a partial export leaves out would hide its objects: one is made. */
static struct tmg_array *
array_new(struct reader *r, const struct attrs *at, bool enterprise)
{
	struct tmg_array *a = reader_alloc(r, sizeof(*a));

	if (a == NULL)
		return NULL;
	object_init(r, &a->o, TMG_K_ARRAY, at);
	a->o.in = a;
	a->input = r->in;
	a->enterprise = enterprise;
	a->publishing = true;
	a->client_crl = true;
	LIST_PUSH(r->in->arrays, a);
	r->array = a;
	return a;
}

void *
begin_array(struct reader *r, const struct frame *up, const struct attrs *at)
{
	(void)up;
	return array_new(r, at, false);
}

void *
begin_enterprise(struct reader *r, const struct frame *up, const struct attrs *at)
{
	(void)up;
	return array_new(r, at, true);
}

void *
begin_object(struct reader *r, const struct frame *up, const struct attrs *at)
{
	enum tmg_kind kind = at->row->kind != 0 ? (enum tmg_kind)at->row->kind : TMG_K_LISTENER;
	struct tmg_obj *o = object_init(r, reader_alloc(r, object_size(kind)), kind, at);

	(void)up;
	if (o == NULL)
		return NULL;
	if (kind == TMG_K_LISTENER)
		((struct tmg_listener *)(void *)o)->timeout = 120;
	LIST_PUSH(r->array->first[kind], o);
	return o;
}

void *
begin_verifier(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_verifier *v = reader_alloc(r, sizeof(*v));
	struct tmg_farm *farm;

	if (v == NULL)
		return NULL;
	object_init(r, &v->o, TMG_K_VERIFIER, at);
	v->enabled = true;
	v->threshold = 5000;
	if (up->cls == C_FARM) {
		farm = up->rec;
		v->o.next = farm->verifiers != NULL ? &farm->verifiers->o : NULL;
		farm->verifiers = v;
	} else
		LIST_PUSH(r->array->first[TMG_K_VERIFIER], &v->o);
	return v;
}

void *
begin_rule(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_rule *rule = reader_alloc(r, sizeof(*rule));

	(void)up;
	if (rule == NULL)
		return NULL;
	if ((rule->terms = arena_alloc(&r->brief, sizeof(*rule->terms))) == NULL) {
		reader_oom(r);
		return NULL;
	}
	object_init(r, &rule->o, TMG_K_RULE, at);
	names_begin(&r->names_read, at->line);
	rule->applies_always = true;
	rule->position = r->document++;
	rule->o.next = r->array->rules != NULL ? &r->array->rules->o : NULL;
	r->array->rules = rule;
	r->array->rule_count++;
	return rule;
}

void *
begin_web(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_rule *rule = up->rec;
	struct tmg_web *w = rule->web;

	/* Twice in one rule: both feed one record, and the table says "twice". */
	if (w == NULL && (w = brief_alloc(r, sizeof(*w))) == NULL)
		return NULL;
	if (rule->web == NULL) {
		w->below = below(up, at);
		w->http_port = 80;
		w->https_port = 443;
		w->delegation = 1;
		w->firewall_source = true;
		w->lb_enabled = true;
	}
	rule->web = w;
	return w;
}

void *
begin_selection(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_terms *terms = ((struct tmg_rule *)up->rec)->terms;

	if (terms->sources == NULL) {
		if ((terms->sources = brief_alloc(r, sizeof(*terms->sources))) == NULL)
			return NULL;
		terms->sources->below = below(up, at);
	}
	return terms->sources;
}

void *
begin_props(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_listener *l = up->rec;

	(void)r;
	l->properties_line = at->line;
	return l;
}

void *
begin_path(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_web *w = up->rec;
	struct tmg_path_mapping *m = brief_alloc(r, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->below = below(up, at);
	LIST_PUSH(w->paths, m);
	return m;
}

static struct tmg_bind *
bind_new(struct reader *r, struct tmg_listener *l, const struct attrs *at, int method)
{
	struct tmg_bind *b = reader_alloc(r, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->method = method;
	b->line = at->line;
	LIST_PUSH(l->binds, b);
	return b;
}

void *
begin_bind(struct reader *r, const struct frame *up, const struct attrs *at)
{
	return bind_new(r, up->rec, at, 1);
}

/* IPAddresses without an IPOnNetwork around them: they are the listed ones. */
void *
begin_loose_bind(struct reader *r, const struct frame *up, const struct attrs *at)
{
	return bind_new(r, up->rec, at, 2);
}

void *
begin_cert(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_listener *l = up->rec;
	struct tmg_certificate *c = reader_alloc(r, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->line = at->line;
	/* The role of the list around it tells what the certificate is for. */
	if (up->role != NULL && ascii_ncasecmp(up->role, "SSLClientCertificatesTrustList", 30) == 0) {
		struct tmg_text *x = reader_alloc(r, sizeof(*x));
		if (x == NULL)
			return NULL;
		x->line = at->line;
		x->s = "";
		LIST_PUSH(l->trust, x);
		LIST_PUSH(l->authorities, c);
		l->trust_not_roots |= ascii_casecmp(up->role + 30, "Root") != 0;
		return c;
	}
	LIST_PUSH(l->certificates, c);
	return c;
}

/* What a client's certificate must hold beside an authority that is trusted. */
void *
begin_cert_limit(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_listener *l = up->rec;

	(void)r;
	(void)at;
	l->cert_limits_there = true;
	return l;
}

void *
begin_link(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_array *a = up->rec;
	struct tmg_link *l = reader_alloc(r, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->line = at->line;
	LIST_PUSH(a->links, l);
	return l;
}

void *
begin_vendor(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_vendor *v = reader_alloc(r, sizeof(*v)), **list;
	struct tmg_obj *owner = up->owner;

	if (v == NULL)
		return NULL;
	v->line = at->line;
	v->guid = at->storage_len != 0 ? reader_text(r, at->storage, at->storage_len) : "";
	if (v->guid != NULL)
		v->kind = vendor_kind(v->guid);
	if (owner != NULL && owner->kind == TMG_K_RULE)
		list = &((struct tmg_rule *)(void *)owner)->terms->vendors;
	else if (owner != NULL && owner->kind == TMG_K_LISTENER)
		list = &((struct tmg_listener *)(void *)owner)->vendors;
	else
		return v;
	LIST_PUSH(*list, v);
	return v;
}

void *
begin_member(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_farm *f = up->rec;
	struct tmg_member *m = reader_alloc(r, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->line = at->line;
	LIST_PUSH(f->members, m);
	return m;
}

void *
begin_set_member(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_computer_set *s = up->rec;
	struct tmg_hosts *h = reader_alloc(r, sizeof(*h));
	enum tmg_kind kind = at->row->child == C_COMPUTER ? TMG_K_COMPUTER
	    : at->row->child == C_RANGE                   ? TMG_K_RANGE
							  : TMG_K_SUBNET;

	if (h == NULL)
		return NULL;
	object_init(r, &h->o, kind, at);
	object_end(r, &h->o);
	h->o.next = s->members != NULL ? &s->members->o : NULL;
	s->members = h;
	return h;
}

void *
begin_range(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_network *n = up->rec;
	struct tmg_range *x = reader_alloc(r, sizeof(*x));

	(void)at;
	if (x == NULL)
		return NULL;
	LIST_PUSH(n->ranges, x);
	return x;
}

void *
begin_account(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_user_set *u = up->rec;
	struct tmg_text *x = reader_alloc(r, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->s = at->storage_len != 0 ? reader_text(r, at->storage, at->storage_len) : "";
	x->line = at->line;
	LIST_PUSH(u->accounts, x);
	return x;
}

/* Users of another namespace: whoever they are, they are not everybody. */
void *
begin_non_windows(struct reader *r, const struct frame *up, const struct attrs *at)
{
	(void)r;
	(void)at;
	((struct tmg_web *)up->rec)->non_windows_users = true;
	return up->rec;
}

static struct tmg_ref **
ref_list(const struct frame *up)
{
	switch (up->cls) {
	case C_RULE: return &((struct tmg_rule *)up->rec)->terms->refs;
	case C_SELREFS: return &((struct tmg_selection *)up->rec)->refs;
	case C_WEB:
	case C_WEBREFS: return &((struct tmg_web *)up->rec)->refs;
	case C_LB: return &((struct tmg_web *)up->rec)->farm;
	case C_LREFS: return &((struct tmg_listener *)up->rec)->networks;
	case C_LPREFS: return &((struct tmg_listener *)up->rec)->schemes;
	case C_IP: return &((struct tmg_bind *)up->rec)->network;
	case C_NETREFS: return &((struct tmg_network *)up->rec)->refs;
	case C_NSREFS: return &((struct tmg_network_set *)up->rec)->refs;
	case C_CSREFS: return &((struct tmg_computer_set *)up->rec)->refs;
	default: return NULL;
	}
}

void *
begin_ref(struct reader *r, const struct frame *up, const struct attrs *at)
{
	struct tmg_ref *ref = brief_alloc(r, sizeof(*ref)), **list = ref_list(up);

	if (ref == NULL || list == NULL)
		return ref;
	ref->key = "";
	ref->below = below(up, at);
	ref->role = up->role;
	if (ref->role == NULL && at->storage_len != 0 && at->storage[0] != '{')
		ref->role = brief_text(r, at->storage, at->storage_len);
	LIST_PUSH(*list, ref);
	return ref;
}

/* ------------------------------------------------------------------ texts */

static int
hex_digit(char c)
{
	c = ascii_lower(c);
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hex digits with blanks and colons between them; false at anything else. */
static bool
hex_bytes(const char *s, size_t len, uint8_t *out, size_t max, size_t *n)
{
	int hi = -1;

	*n = 0;
	for (size_t i = 0; i < len; i++) {
		int d = hex_digit(s[i]);
		if (d < 0) {
			if (s[i] == ' ' || s[i] == ':' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r')
				continue;
			return false;
		}
		if (hi < 0) {
			hi = d;
			continue;
		}
		if (*n == max)
			return false;
		out[(*n)++] = (uint8_t)(hi << 4 | d);
		hi = -1;
	}
	return hi < 0;
}

static uint32_t
little_endian(const uint8_t *b)
{
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

bool
text_order(struct reader *r, void *rec, const char *s, size_t len)
{
	struct tmg_rule *rule = rec;
	uint8_t b[8] = { 0 };
	size_t n;

	(void)r;
	if (!hex_bytes(s, len, b, sizeof(b), &n) || n < 4)
		return false;
	rule->order = little_endian(b);
	rule->order_rest = little_endian(b + 4);
	rule->stated |= TMG_S_ORDER;
	return true;
}

/* A SHA-1 hash in hex or base64, as 40 upper-case digits. */
bool
text_hash(struct reader *r, void *rec, const char *s, size_t len)
{
	static const char b64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct tmg_certificate *c = rec;
	uint8_t b[24];
	char hex[41];
	size_t n;
	const char *at;

	c->hash = reader_text(r, s, len < 200 ? len : 200);
	if (!hex_bytes(s, len, b, 20, &n) || n != 20) {
		uint32_t acc = 0;
		size_t bits = 0;
		n = 0;
		if (len != 28 || s[27] != '=')
			return false;
		for (size_t i = 0; i < 27; i++) {
			if ((at = strchr(b64, s[i])) == NULL || s[i] == '\0')
				return false;
			acc = acc << 6 | (uint32_t)(at - b64);
			if ((bits += 6) >= 8) {
				bits -= 8;
				b[n++] = (uint8_t)(acc >> bits);
			}
		}
		if (n != 20)
			return false;
	}
	for (size_t i = 0; i < 20; i++)
		snprintf(hex + 2 * i, 3, "%02X", b[i]);
	c->hash = reader_text(r, hex, 40);
	c->valid = true;
	return true;
}

bool
text_schedule(struct reader *r, void *rec, const char *s, size_t len)
{
	struct tmg_schedule *sc = rec;
	size_t n;

	(void)r;
	sc->valid = hex_bytes(s, len, sc->hours, sizeof(sc->hours), &n) && n == sizeof(sc->hours);
	return sc->valid;
}

bool
text_vendor_name(struct reader *r, void *rec, const char *s, size_t len)
{
	struct tmg_vendor *v = rec;

	if (len == 0)
		return true;
	v->guid = reader_text(r, s, len);
	if (v->guid != NULL && vendor_kind(v->guid) != TMG_V_OTHER)
		v->kind = vendor_kind(v->guid);
	return true;
}

bool
text_blob(struct reader *r, void *rec, const char *s, size_t len)
{
	struct tmg_vendor *v = rec;

	if (!blob_decode(r->mem, &r->t->budget, v, s, len))
		v->broken = true;
	return true; /* what a broken blob means depends on its kind: the plan says it */
}

bool
text_address(struct reader *r, void *rec, const char *s, size_t len)
{
	struct tmg_bind *b = rec;
	struct tmg_text *x = reader_alloc(r, sizeof(*x));

	if (x == NULL)
		return true;
	x->s = reader_text(r, s, len);
	x->line = reader_line(r);
	LIST_PUSH(b->addresses, x);
	return true;
}

/* Range ends that cannot be read leave the network marked: what it covers is not known. */
static bool
range_end(struct reader *r, uint8_t out[16], const char *s)
{
	struct tmg_obj *o = reader_owner(r);

	if (addr_parse(s, out))
		return true;
	if (o != NULL && o->kind == TMG_K_NETWORK)
		((struct tmg_network *)(void *)o)->bad = true;
	return false;
}

bool
text_range_from(struct reader *r, void *rec, const char *s, size_t len)
{
	(void)len;
	return range_end(r, ((struct tmg_range *)rec)->from, s);
}

bool
text_range_to(struct reader *r, void *rec, const char *s, size_t len)
{
	(void)len;
	return range_end(r, ((struct tmg_range *)rec)->to, s);
}

bool
text_ref_class(struct reader *r, void *rec, const char *s, size_t len)
{
	struct tmg_ref *ref = rec;

	if (len > 5 && (memcmp(s, "msFPC", 5) == 0 || ascii_ncasecmp(s, "msFPC", 5) == 0)) {
		s += 5;
		len -= 5;
	}
	ref->cls = brief_text(r, s, len);
	return true;
}

bool
text_host_a(struct reader *r, void *rec, const char *s, size_t len)
{
	struct tmg_hosts *h = rec;

	h->a = reader_text(r, s, len);
	h->line_a = reader_line(r);
	return true;
}

bool
text_item_class(struct reader *r, void *rec, const char *s, size_t len)
{
	static const struct {
		const char *clsid, *name;
	} classes[] = {
#define C(clsid, name) { clsid, name },
#include "import/coclass.def"
#undef C
	};
	struct tmg_input *in = rec;

	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		if (ascii_casecmp(classes[i].clsid, s) == 0)
			in->item_class = classes[i].name;
	}
	if (in->item_class == NULL && len != 0)
		in->item_class = reader_text(r, s, len);
	return true;
}

bool
text_assignment(struct reader *r, void *rec, const char *s, size_t len)
{
	struct tmg_array *a = rec;

	(void)r;
	(void)len;
	if (strcmp(s, "0") == 0 || ascii_casecmp(s, "false") == 0)
		a->publishing = false;
	else if (strcmp(s, "1") != 0 && strcmp(s, "-1") != 0 && ascii_casecmp(s, "true") != 0) {
		a->publishing = false; /* what cannot be read does not publish */
		return false;
	}
	return true;
}

static void
reverse_hosts(struct tmg_computer_set *s)
{
	struct tmg_obj *list = s->members != NULL ? &s->members->o : NULL;

	LIST_REVERSE(struct tmg_obj, list);
	s->members = (struct tmg_hosts *)(void *)list;
}

static void
end_web(struct tmg_web *w)
{
	LIST_REVERSE(struct tmg_candidate, w->candidates);
	LIST_REVERSE(struct tmg_path_mapping, w->paths);
	LIST_REVERSE(struct tmg_ref, w->refs);
	LIST_REVERSE(struct tmg_ref, w->farm);
}

static void
end_rule(struct reader *r, struct tmg_rule *rule)
{
	/* Left out, a rule that denies would open what is behind it: it is closed in its place. */
	if (r->odd_enabled != 0 && (rule->deny || rule->o.broken)) {
		diag_obj(&r->diags, D_BROKEN_RESTRICTION, &rule->o, r->odd_enabled,
		    "Enabled of a rule that denies, which is taken for enabled");
		rule->o.broken = rule->enabled = true;
	}
	r->odd_enabled = 0;
	rule_named(r, rule);
	LIST_REVERSE(struct tmg_ref, rule->terms->refs);
	LIST_REVERSE(struct tmg_vendor, rule->terms->vendors);
	if (rule->web != NULL)
		end_web(rule->web);
	if (rule->terms->sources != NULL)
		LIST_REVERSE(struct tmg_ref, rule->terms->sources->refs);
	share_rule(r, rule);
}

/* Thumbprints are read behind the start of their entries. */
static void
end_trust(struct tmg_listener *l)
{
	const struct tmg_certificate *c = l->authorities;

	for (struct tmg_text *x = l->trust; x != NULL && c != NULL; x = x->next, c = c->next) {
		if (c->hash != NULL)
			x->s = c->hash;
		l->trust_broken |= !c->valid;
	}
}

static void
end_listener(struct tmg_listener *l)
{
	LIST_REVERSE(struct tmg_bind, l->binds);
	LIST_REVERSE(struct tmg_certificate, l->certificates);
	LIST_REVERSE(struct tmg_ref, l->networks);
	LIST_REVERSE(struct tmg_ref, l->schemes);
	LIST_REVERSE(struct tmg_text, l->trust);
	LIST_REVERSE(struct tmg_certificate, l->authorities);
	end_trust(l);
	LIST_REVERSE(struct tmg_vendor, l->vendors);
}

static void
end_array(struct tmg_array *a)
{
	struct tmg_obj *rules = a->rules != NULL ? &a->rules->o : NULL;

	for (size_t k = 0; k < TMG_K_COUNT; k++)
		LIST_REVERSE(struct tmg_obj, a->first[k]);
	LIST_REVERSE(struct tmg_obj, rules);
	a->rules = (struct tmg_rule *)(void *)rules;
	LIST_REVERSE(struct tmg_link, a->links);
}

static void
end_farm(struct tmg_farm *f)
{
	struct tmg_obj *list = f->verifiers != NULL ? &f->verifiers->o : NULL;

	LIST_REVERSE(struct tmg_obj, list);
	f->verifiers = (struct tmg_verifier *)(void *)list;
	LIST_REVERSE(struct tmg_member, f->members);
}

void
build_end(struct reader *r, const struct frame *f)
{
	if (f->rec == NULL || f->row == NULL || f->row->op != F_OBJ)
		return;
	if (f->rec == f->owner)
		object_end(r, f->owner);
	switch (f->cls) {
	case C_ARRAY:
		end_array(f->rec);
		r->array = NULL;
		break;
	case C_RULE: end_rule(r, f->rec); break;
	case C_LISTENER: end_listener(f->rec); break;
	case C_FARM: end_farm(f->rec); break;
	case C_IP:
	case C_IPLIST: {
		struct tmg_bind *b = f->rec;
		LIST_REVERSE(struct tmg_text, b->addresses);
		break;
	}
	case C_COMPSET:
		reverse_hosts(f->rec);
		LIST_REVERSE(struct tmg_ref, ((struct tmg_computer_set *)f->rec)->refs);
		break;
	case C_NETWORK:
		LIST_REVERSE(struct tmg_range, ((struct tmg_network *)f->rec)->ranges);
		LIST_REVERSE(struct tmg_ref, ((struct tmg_network *)f->rec)->refs);
		break;
	case C_NETSET: LIST_REVERSE(struct tmg_ref, ((struct tmg_network_set *)f->rec)->refs); break;
	case C_USERSET: LIST_REVERSE(struct tmg_text, ((struct tmg_user_set *)f->rec)->accounts); break;
	case C_VENDOR:
		LIST_REVERSE(struct tmg_vendor_value, ((struct tmg_vendor *)f->rec)->values);
		if (((struct tmg_vendor *)f->rec)->kind == TMG_V_HTTP_FILTER)
			filter_read(r, f->rec);
		break;
	default: break;
	}
}
