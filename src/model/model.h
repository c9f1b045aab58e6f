/*
 * The job and what the floors above the public header need of the model.
 * Knows neither XML nor any target.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/arena.h"
#include "base/hmap.h"
#include "model/diag.h"
#include "tmgport.h"

/* The records of one input: given back when the input turns out broken. */
struct input_mem {
	struct arena mem;
	struct input_mem *next;
};

struct tmg {
	struct budget budget;
	struct arena mem;
	struct tmg_options opt;
	struct diags diags;
	struct tmg_input *inputs, **last_input;
	uint64_t maps_used; /* bit by option; the first 64 */
	struct input_mem *input_mems;
	bool resolved;
	enum tmg_status resolve_status;
};

/* A predefined object (reference/predefined GUIDs), or NULL. Case does not matter. */
enum predefined_what { PRE_OTHER, PRE_ALL_USERS, PRE_AUTHENTICATED, PRE_ANYWHERE, PRE_EXTERNAL, PRE_DEFAULT_RULE };
struct predefined {
	const char *guid, *name;
	enum predefined_what what;
};
const struct predefined *predefined_find(const char *guid);
const struct predefined *predefined_of(const struct tmg_obj *o);
/* What a reference leads to, or else what it says. */
const struct predefined *predefined_target(const struct tmg_ref *ref);

/* The number of an element's name, for tmg_obj.cls. 0: no element of that name is an object. */
uint8_t class_number(const char *name);

enum tmg_status resolve(struct tmg *t);

/* Candidates of a web publishing rule, sorted as section 3 of the semantics says. */
bool rule_is_web(const struct tmg_rule *r);

/* Assumptions (assumption.def): what this program takes for granted without a public source. */
struct assumption {
	const char *id, *text, *where;
};
extern const struct assumption assumptions[];
extern const size_t assumption_count;

#endif
