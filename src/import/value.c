/*
 * The text of an element: into its record as the table's row says, or into
 * the list of what is unknown or cannot be converted. Knows no XML library.
 */
#include "import/read.h"

#include "base/text.h"

#define VALUE_SHOWN 80 /* characters of a value or name that are kept for showing */

/* ---------------------------------------------------------------- leftovers */

/* One entry for each path and owner; the first place and how often. */
struct tmg_leftover *
leftover_add(struct reader *r, const struct frame *up, const char *element, enum tmg_state state, uint32_t line)
{
	const struct tmg_obj *owner = up->owner;
	struct strbuf key;
	struct tmg_leftover *l = NULL;
	void **slot;
	size_t path_len;
	const char *copy;

	sb_init(&key, &r->t->budget);
	text_safe(&key, up->element != NULL ? up->element : "", VALUE_SHOWN);
	sb_putc(&key, '/');
	text_safe(&key, element, VALUE_SHOWN);
	path_len = key.len;
	sb_putc(&key, '\n');
	sb_putn(&key, (const char *)&owner, sizeof(owner));
	if (key.failed)
		goto out;
	slot = hmap_slot(&r->leftovers, key.s, key.len, false);
	if (slot != NULL) {
		l = *slot;
		l->times++;
		goto out;
	}
	if ((l = arena_alloc(r->mem, sizeof(*l))) == NULL || (copy = arena_strn(r->mem, key.s, key.len)) == NULL)
		goto fail;
	if ((l->path = arena_strn(r->mem, key.s, path_len)) == NULL)
		goto fail;
	slot = hmap_slot(&r->leftovers, copy, key.len, true);
	if (slot == NULL)
		goto fail;
	*slot = l;
	l->owner = owner;
	l->state = (uint8_t)state;
	l->severity = TMG_ERROR;
	l->line = line;
	l->times = 1;
	*r->last_left = l;
	r->last_left = &l->next;
	goto out;
fail:
	l = NULL;
out:
	sb_free(&key);
	if (l == NULL)
		reader_oom(r);
	return l;
}

/* Elements that the table does not know may hold secrets: their names tell. */
static bool
name_is_secret(const char *name)
{
	static const char *const words[] = { "password", "passwd", "pwd", "passphrase", "secret", "credential",
		"encrypted", "key", "token", "pin" };

	for (; *name != '\0'; name++) {
		for (size_t i = 0; i < ARRAY_LEN(words); i++) {
			if (ascii_ncasecmp(name, words[i], strlen(words[i])) == 0)
				return true;
		}
	}
	return false;
}

static bool
inside_secret(struct reader *r)
{
	for (uint32_t d = r->depth; d > 0; d--) {
		if (r->frames[d].element != NULL && name_is_secret(r->frames[d].element))
			return true;
	}
	return false;
}

void
leftover_value(struct reader *r, struct tmg_leftover *l, const char *s)
{
	struct strbuf b;

	if (l == NULL || l->times != 1 || s[0] == '\0')
		return;
	if (inside_secret(r)) {
		diag_obj(&r->diags, D_SECRET_DROPPED, l->owner, l->line, "%s", l->path);
		return;
	}
	sb_init(&b, &r->t->budget);
	text_safe(&b, s, VALUE_SHOWN);
	l->value = reader_text(r, b.s, b.len);
	sb_free(&b);
}

/* What an unknown element restricts cannot be known: mark what stands around it. */
void
mark_unknown(struct reader *r)
{
	for (uint32_t d = r->depth; d > 0; d--) {
		struct frame *f = &r->frames[d];
		switch (f->cls) {
		case C_SELECTION: ((struct tmg_selection *)f->rec)->unknown = true; return;
		case C_WEBREFS: ((struct tmg_web *)f->rec)->users_unknown = true; return;
		case C_NWUSERS: ((struct tmg_web *)f->rec)->users_unknown = true; return;
		case C_USERSET: ((struct tmg_user_set *)f->rec)->unknown = true; return;
		case C_SCHEDULE: ((struct tmg_schedule *)f->rec)->unknown = true; return;
		case C_CERTLIMITS: ((struct tmg_listener *)f->rec)->cert_limits_there = true; return;
		case C_COMPSET:
		case C_NETWORK:
		case C_NETSET: f->owner->broken = true; return;
		default: break;
		}
	}
}

/* ------------------------------------------------------------------- values */

static bool
value_int(const char *s, int32_t *out)
{
	bool minus = *s == '-';
	int64_t v = 0;
	const char *p = s + (*s == '-' || *s == '+');

	if (*p == '\0')
		return false;
	for (; *p != '\0'; p++) {
		if (*p < '0' || *p > '9' || v > INT32_MAX)
			return false;
		v = v * 10 + (*p - '0');
	}
	v = minus ? -v : v;
	if (v > INT32_MAX || v < INT32_MIN)
		return false;
	*out = (int32_t)v;
	return true;
}

static bool
value_bool(const char *s, bool *out)
{
	if (strcmp(s, "1") == 0 || strcmp(s, "-1") == 0 || ascii_casecmp(s, "true") == 0)
		*out = true;
	else if (strcmp(s, "0") == 0 || ascii_casecmp(s, "false") == 0)
		*out = false;
	else
		return false;
	return true;
}

static bool
store_int(const struct field *f, void *rec, const char *s)
{
	int32_t v;

	if (!value_int(s, &v))
		return false;
	if (f->size == sizeof(uint16_t)) {
		if (v < 0 || v > UINT16_MAX)
			return false;
		*(uint16_t *)(void *)((char *)rec + f->off) = (uint16_t)v;
	} else
		*(int *)(void *)((char *)rec + f->off) = v;
	return true;
}

static void
store_flag(struct tmg_rule *rule, enum rule_flag which, bool flag)
{
	switch (which) {
	case RULE_ENABLED: rule->enabled = flag; break;
	case RULE_DENY: rule->deny = flag; break;
	case RULE_SYSTEM: rule->system = flag; break;
	case RULE_IS_DEFAULT: rule->is_default = flag; break;
	case RULE_APPLIES_ALWAYS: rule->applies_always = flag; break;
	}
}

void
store_site(struct reader *r, const struct frame *f, struct tmg_web *w, const char *s, size_t len)
{
	struct tmg_candidate *c;

	if (len == 0 || w == NULL || (f->row == NULL && inside_secret(r)) || (c = brief_alloc(r, sizeof(*c))) == NULL)
		return;
	c->element = f->row != NULL ? f->row->name : brief_text(r, f->element, strlen(f->element));
	c->value = brief_text(r, s, len);
	c->below = f->owner != NULL ? f->line - f->owner->line : f->line;
	c->role = f->row != NULL ? (uint8_t)(f->row->dflt / 100) : 3;
	c->rank = f->row != NULL ? (uint8_t)(f->row->dflt % 100) : 0;
	LIST_PUSH(w->candidates, c);
}

/* Which of two values holds, nobody knows: what one of them may restrict is closed. */
static void
value_twice(struct reader *r, struct frame *up, const struct field *f, uint32_t line)
{
	bool closes = f->restricts && up->owner != NULL;

	diag_obj(&r->diags, closes ? D_RESTRICTION_TWICE : D_DUPLICATE, up->owner, line, "%s", f->name);
	if (closes)
		up->owner->broken = true;
	if (f->stated == TMG_S_ENABLED)
		r->odd_enabled = line;
}

void
mark_stated(struct reader *r, struct frame *f)
{
	struct frame *up = f - 1;
	const struct field *row = f->row;
	uint64_t bit;

	if (row->stated == 0 || up->owner == NULL)
		;
	else if (up->owner->kind == TMG_K_RULE)
		((struct tmg_rule *)(void *)up->owner)->stated |= row->stated & TMG_S_RULE;
	else if (up->owner->kind == TMG_K_LISTENER)
		((struct tmg_listener *)(void *)up->owner)->stated |= row->stated;
	if (f->bit == 0)
		return;
	bit = UINT64_C(1) << (f->bit - 1);
	if ((up->stated & bit) != 0)
		value_twice(r, up, row, f->line);
	up->stated |= bit;
}

static void
value_broken(struct reader *r, struct frame *up, const struct field *f, const char *s, uint32_t line)
{
	diag_obj(
	    &r->diags, f->restricts ? D_BROKEN_RESTRICTION : D_BROKEN_VALUE, up->owner, line, "%s: %s", f->name, s);
	if (f->restricts && up->owner != NULL)
		up->owner->broken = true;
	if (f->stated == TMG_S_ENABLED)
		r->odd_enabled = line;
}

/* The text of a scalar, blanks at both ends gone, into the record. */
void
value_store(struct reader *r, struct frame *f, const char *s, size_t len)
{
	struct frame *up = f - 1;
	const struct field *row = f->row;
	bool ok = !f->has_children;
	bool flag;

	mark_stated(r, f);
	switch (ok ? (enum op)row->op : F_NODE) {
	case F_STR:
		*(const char **)(void *)((char *)up->rec + row->off) =
		    up->cls == C_REF || up->cls == C_PATH ? brief_text(r, s, len) : reader_text(r, s, len);
		break;
	case F_INT: ok = store_int(row, up->rec, s); break;
	case F_BOOL:
		ok = value_bool(s, &flag);
		if (ok)
			*(bool *)(void *)((char *)up->rec + row->off) = flag;
		break;
	case F_FLAG:
		ok = value_bool(s, &flag);
		if (ok)
			store_flag(up->rec, (enum rule_flag)row->kind, flag);
		break;
	case F_FUNC: ok = row->func(r, up->rec, s, len); break;
	case F_SITE: store_site(r, f, up->rec, s, len); break;
	default: break;
	}
	if (!ok)
		value_broken(r, up, row, s, f->line);
}

void
loss_end(struct reader *r, struct frame *f, const char *s, size_t len)
{
	struct frame *up = f - 1;
	struct tmg_leftover *l;
	int32_t v = 0;
	bool flag, harmless = !f->has_children && len == 0;

	if (!f->has_children && len != 0 && f->row->has_default) {
		if (value_int(s, &v))
			harmless = v == f->row->dflt || (v == -1 && f->row->dflt == 1);
		else if (value_bool(s, &flag))
			harmless = flag == (f->row->dflt != 0);
	}
	if (harmless) {
		f->state = TMG_E_USED;
		return;
	}
	f->state = TMG_E_NOT_CONVERTIBLE;
	l = leftover_add(r, up, f->row->name, TMG_E_NOT_CONVERTIBLE, f->line);
	if (l != NULL) {
		l->why = f->row->why;
		l->severity = f->row->size;
		leftover_value(r, l, s);
	}
}
