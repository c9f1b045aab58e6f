/*
 * The list of public names: of each how many lines below the one before it
 * stands and one more, then its text with a NUL. A number takes seven bits a
 * byte, the lowest first; 0 ends the list. Must not know what the names mean.
 */
#include "model/names.h"

#define MORE 0x80u /* another byte follows */

void
names_begin(struct name_list *l, uint32_t line)
{
	sb_clear(&l->text);
	l->line = line;
}

void
names_put(struct name_list *l, const char *s, uint32_t line)
{
	uint64_t down = (uint64_t)(line - l->line) + 1; /* modulo 2^32: right wherever the line is */

	for (; down >= MORE; down >>= 7)
		sb_putc(&l->text, (char)(uint8_t)(down | MORE));
	sb_putc(&l->text, (char)(uint8_t)down);
	sb_putn(&l->text, s, strlen(s) + 1);
	l->line = line;
}

static const char *
behind(const char *s)
{
	return s + strlen(s) + 1;
}

const char *
tmg_description(const struct tmg_obj *o)
{
	return o->described ? behind(o->name) : NULL;
}

bool
tmg_next_name(const struct tmg_rule *rule, struct tmg_public_name *n)
{
	const char *p = n->s;
	uint64_t down = 0;
	unsigned bits = 0;

	if (p == NULL) {
		p = rule->o.described ? tmg_description(&rule->o) : rule->o.name;
		n->line = rule->o.line;
	}
	p = behind(p);
	for (; ((uint8_t)*p & MORE) != 0; p++, bits += 7)
		down |= (uint64_t)((uint8_t)*p & ~MORE) << bits;
	down |= (uint64_t)(uint8_t)*p << bits;
	if (down == 0)
		return false;
	n->line += (uint32_t)(down - 1);
	n->s = p + 1;
	return true;
}
