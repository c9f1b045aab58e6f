/*
 * Messages: the catalogue (diag.def) and the list that a job collects.
 */
#ifndef MODEL_DIAG_H
#define MODEL_DIAG_H

#include "base/strbuf.h"
#include "tmgport.h"

enum diag_id {
#define D(sym, id, sev, sentence, help) D_##sym,
#include "model/diag.def"
#undef D
	D_COUNT
};

struct diag_row {
	const char *id, *sentence, *help;
	enum tmg_severity severity;
};

const struct diag_row *diag_row(enum diag_id id);
int diag_find(const char *id);                  /* enum diag_id, or -1 */
const char *severity_name(enum tmg_severity s); /* "error", "warning", "note" */

struct diags {
	struct arena *mem;
	struct tmg_message *first, **last;
	size_t count;
	bool failed;
};

/* A message about an object (or, with obj NULL, about the file). `line` 0
 * takes the object's. The detail is made safe for terminals. */
void diag_obj(struct diags *d, enum diag_id id, const struct tmg_obj *obj, uint32_t line, const char *fmt, ...)
    PRINTF_LIKE(5, 6);
void diag_file(struct diags *d, enum diag_id id, const char *file, uint32_t line, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

/* The last message was accepted by --allow: it counts as a note. */
void diag_allowed(struct diags *d);

/* The two parts of what an object is called: its kind, and its name or GUID or NULL. From
 * the export, both. */
const char *obj_kind(const struct tmg_obj *o);
const char *obj_name(const struct tmg_obj *o, char buffer[TMG_GUID_SIZE]);
#define OBJ_KIND_SHOWN 60 /* characters of them */
#define OBJ_NAME_SHOWN 200
#define OBJ_GUID_SHOWN 60
/* What an object is called in messages: rule "Name". Terminal-safe. */
void obj_label(struct strbuf *b, const struct tmg_obj *o);
/* Has it a name and a GUID that text_safe leaves as they are? The reader asks, once (tmg_obj.plain). */
bool obj_is_plain(const struct tmg_obj *o);

#endif
