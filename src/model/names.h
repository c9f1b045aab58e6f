/*
 * What stands behind the name of an object: its description, and of a rule the
 * list of its public names. One piece of memory holds all of it, since most
 * rules have a name or two and nothing else.
 */
#ifndef MODEL_NAMES_H
#define MODEL_NAMES_H

#include "base/strbuf.h"
#include "tmgport.h"

/* A list in the making. */
struct name_list {
	struct strbuf text;
	uint32_t line; /* of the last name */
};

/* Begins the list of the rule whose start tag stands in that line. */
void names_begin(struct name_list *l, uint32_t line);
void names_put(struct name_list *l, const char *s, uint32_t line);
/* The NUL behind the text ends the list. */

#endif
