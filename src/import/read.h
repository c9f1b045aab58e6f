/*
 * Reads one input into the model: a streaming parser driven by the element
 * table. Nothing of an input that fails stays in the model. The second half
 * is what build.c, which makes the records, shares with read.c.
 */
#ifndef IMPORT_READ_H
#define IMPORT_READ_H

#include "import/fields.h"
#include "import/input.h"
#include "import/share.h"
#include "model/model.h"
#include "model/names.h"

/* `name` is what messages call the input. */
enum tmg_status read_input(struct tmg *t, const struct input_source *src, const char *name);

#define LIMIT_DEPTH 64u
#define LIMIT_TEXT (16u << 20)
#define LIMIT_ELEMENTS UINT64_C(400000000)
#define LIMIT_SIZE (UINT64_C(16) << 30)

/* The attribute of a start tag that matters; not NUL-terminated. */
struct attrs {
	const char *storage;
	size_t storage_len;
	const char *element; /* local name as spelled */
	const struct field *row;
	uint32_t line;
};

struct frame {
	const struct field *row;   /* NULL: unknown element */
	void *rec;                 /* record that scalars go into */
	struct tmg_obj *owner;     /* rule, listener or other object around it */
	const char *role;          /* StorageName of a Refs element, or NULL */
	const char *element;       /* local name (lives as long as the parser) */
	struct tmg_leftover *left; /* of an unknown element */
	uint64_t stated;           /* scalar rows that were stated, by bit */
	uint32_t line;
	uint8_t cls;   /* enum cls of its content */
	uint8_t state; /* enum tmg_state */
	bool has_children;
	uint8_t bit; /* 1 + the bit of a scalar's row in `stated` of the frame around it; 0: it has none */
};

#define RECENT 1024 /* strings; a power of two */

struct reader {
	struct tmg *t;
	struct tmg_input *in;
	struct diags diags; /* joined to the job's when the input was read well */
	struct arena *mem;
	struct arena brief;                /* what a rule may have in common with others, until it ends */
	struct share share;                /* what the rules before it had */
	const struct tmg_array *shared_in; /* the array whose rules these are */
	struct input_mem *own;             /* of this input; joins the job with it */
	struct tmg_array *array;           /* the one being read */
	struct frame *frames;
	uint32_t depth, max_depth;
	struct strbuf text;          /* of the innermost scalar */
	struct name_list names_read; /* public names of the rule that is being read */
	bool collecting;
	struct hmap leftovers; /* path and owner -> tmg_leftover */
	uint32_t document;     /* rules so far */
	enum diag_id error;    /* the first thing that ended the reading */
	bool stopped;
	char detail[200];
	/* libxml2's parser and its cache of names, private to read.c */
	struct names *names;
	void *parser;
	struct input *input;
	const char *piece; /* of the input, with what the parser has not asked for yet */
	size_t piece_len;
	uint64_t fed, last_event;  /* bytes in the pieces so far, and at the last event */
	uint32_t last_line, where; /* of the last event, of the error */
	struct input_result res;
	bool asked, drained, unread; /* while it asks; no more pieces; because of an error */
	const char *ns;              /* the export's namespace, as the parser holds it */
	struct tmg_leftover **last_left;
	uint64_t default_bits[C_COUNT]; /* scalar rows with a default, by bit */
	bool stray;
	uint32_t odd_enabled;       /* line of the Enabled of this rule when nobody can read it, else 0 */
	const char *recent[RECENT]; /* what reader_text gave out last, by a hash */
};

/* Stops reading with a message; the first call counts. */
void reader_stop(struct reader *r, enum diag_id id, const char *fmt, ...) PRINTF_LIKE(3, 4);
void reader_oom(struct reader *r);
/* Zeroed record in the job's arena; stops the reader when there is no memory. */
void *reader_alloc(struct reader *r, size_t size);
/* A copy in the job's arena, which others may hold, too: exports say the same again and again. */
const char *reader_text(struct reader *r, const char *s, size_t n);
/* The same for what share_rule takes: inside a rule it lives only until the rule ends. */
void *brief_alloc(struct reader *r, size_t size);
const char *brief_text(struct reader *r, const char *s, size_t n);
uint32_t reader_line(const struct reader *r);
/* The innermost frame, its owner. */
struct tmg_obj *reader_owner(const struct reader *r);

/* join.c. The input was read to its end: it joins the job. */
void reader_join(struct reader *r);
/* What went wrong, as a message. That memory ran out is none, since it would have to be kept: the caller
 * is told, and says so. */
enum tmg_status reader_unread(struct reader *r, const char *name);

/* object.c. What every object has; NULL for NULL. */
struct tmg_obj *object_init(struct reader *r, struct tmg_obj *o, enum tmg_kind kind, const struct attrs *at);
/* One that ends without a name is called by its GUID. */
void object_end(struct reader *r, struct tmg_obj *o);
/* To where the rule stays: its name, its description, its public names. */
void rule_named(struct reader *r, struct tmg_rule *rule);

/* value.c. One leftover for each path and owner; NULL stops the reader. */
struct tmg_leftover *leftover_add(
    struct reader *r, const struct frame *up, const char *element, enum tmg_state state, uint32_t line);
void leftover_value(struct reader *r, struct tmg_leftover *l, const char *s);
/* Remembers in the frame around it that a row's element stood there; says so when it does twice. */
void mark_stated(struct reader *r, struct frame *f);
/* What an unknown element restricts cannot be known: marks what stands around it. */
void mark_unknown(struct reader *r);
/* The trimmed text of a scalar, of a candidate for the site, of a setting that cannot be converted. */
void value_store(struct reader *r, struct frame *f, const char *s, size_t len);
void store_site(struct reader *r, const struct frame *f, struct tmg_web *w, const char *s, size_t len);
void loss_end(struct reader *r, struct frame *f, const char *s, size_t len);

/* Lists are built backwards; this turns them when their object ends. */
void build_end(struct reader *r, const struct frame *f);

#define LIST_PUSH(head, item) ((item)->next = (head), (head) = (item))
#define LIST_REVERSE(type, head)                            \
	do {                                                \
		type *list_in_ = (head), *list_out_ = NULL; \
		while (list_in_ != NULL) {                  \
			type *list_next_ = list_in_->next;  \
			list_in_->next = list_out_;         \
			list_out_ = list_in_;               \
			list_in_ = list_next_;              \
		}                                           \
		(head) = list_out_;                         \
	} while (0)

/* blob.c: decodes a vendor parameter set's hex into values; false when broken. */
bool blob_decode(struct arena *mem, struct budget *b, struct tmg_vendor *v, const char *hex, size_t len);
/* filter.c: what an HTTP filter restricts, into v->settings; v->broken when it cannot be read. */
void filter_read(struct reader *r, struct tmg_vendor *v);
enum tmg_vendor_kind vendor_kind(const char *guid);

#endif
