/*
 * THE element table: one row for each element that is known, with its parent,
 * what becomes of it, its default when absent and the reason when it is not
 * used. Adding an element is adding a row in fields.c. Knows no XML library.
 */
#ifndef IMPORT_FIELDS_H
#define IMPORT_FIELDS_H

#include "base/base.h"
#include "tmgport.h"

/* What an element's children are looked up under. */
enum cls {
	C_DOC,
	C_ROOT,
	C_ARRAYS,
	C_ARRAY,
	C_ELEMENTS,
	C_NETCONFIG,
	C_POLICY,
	C_POLICIES,
	C_EPOLICY,
	C_ASSIGNMENT,
	C_WEBPROXY,
	C_LINKMAPS,
	C_LINKMAP,
	C_MAPPINGS,
	C_LISTENERS,
	C_FARMS,
	C_COMPUTERS,
	C_RANGES,
	C_SUBNETS,
	C_SETS,
	C_USERSETS,
	C_SCHEDULES,
	C_VERIFIERS,
	C_NETWORKS,
	C_NETSETS,
	C_OTHERS,
	C_RULES,
	C_RULE,
	C_ACCESS,
	C_SELECTION,
	C_SELREFS,
	C_REF,
	C_WEB,
	C_WEBREFS,
	C_NWUSERS,
	C_NAMES,
	C_NAMESTRS,
	C_PATHS,
	C_PATH,
	C_LB,
	C_LISTENER,
	C_LREFS,
	C_IPS,
	C_IP,
	C_IPLIST,
	C_IPSTRS,
	C_LPROPS,
	C_LPREFS,
	C_CERTS,
	C_CERT,
	C_CERTLIMITS,
	C_VENDORS,
	C_VENDOR,
	C_FARM,
	C_MEMBERS,
	C_MEMBER,
	C_VERIFIER,
	C_NETWORK,
	C_IPRANGES,
	C_IPRANGE,
	C_NETREFS,
	C_NETSET,
	C_NSREFS,
	C_COMPUTER,
	C_RANGE,
	C_SUBNET,
	C_COMPSET,
	C_CSREFS,
	C_USERSET,
	C_ACCOUNTS,
	C_ACCOUNT,
	C_SCHEDULE,
	C_OTHER,
	C_SKIP,    /* inside something irrelevant */
	C_LEAF,    /* a scalar: no element belongs there */
	C_LOST,    /* inside something known that cannot be converted */
	C_UNKNOWN, /* inside an unknown element */
	C_COUNT
};

enum op {
	F_NODE,  /* groups children; the record stays the same */
	F_OBJ,   /* starts a record: begin() makes it */
	F_STR,   /* text into a const char * member */
	F_INT,   /* decimal into an integer member */
	F_BOOL,  /* 0/1/true/false/-1 into a bool member */
	F_FLAG,  /* the same, into a bit of a rule */
	F_FUNC,  /* text to a function */
	F_SITE,  /* a candidate for the published site or server (`dflt`: role * 100 + rank) */
	F_SKIP,  /* irrelevant, with all that is in it: `why` */
	F_LOSS,  /* known, not convertible unless it holds its default; what is in it as well */
	F_SECRET /* known, never read; reported */
};

/* The bits of a rule. */
enum rule_flag { RULE_ENABLED, RULE_DENY, RULE_SYSTEM, RULE_IS_DEFAULT, RULE_APPLIES_ALWAYS };

struct reader;
struct frame;
struct attrs;

struct field {
	uint8_t parent; /* enum cls */
	uint8_t op;     /* enum op */
	uint8_t child;  /* enum cls of its content */
	uint8_t kind;   /* F_OBJ: enum tmg_kind when it is a plain object; F_FLAG: enum rule_flag */
	uint8_t size;   /* of the member, or the severity of a loss */
	bool has_default;
	bool restricts; /* a value that cannot be read closes the rule */
	uint16_t off;   /* of the member */
	uint32_t stated;
	int32_t dflt;
	const char *name;
	const char *why;
	void *(*begin)(struct reader *r, const struct frame *up, const struct attrs *at);
	bool (*func)(struct reader *r, void *rec, const char *text, size_t len);
};

extern const struct field fields[];
extern const size_t field_count;

/* The row for an element, or NULL. `name` need not be NUL-terminated. */
const struct field *field_find(enum cls parent, const char *name);
/* First row of a class; rows of a class stand together. */
const struct field *field_class(enum cls parent, size_t *count);

/* Begin functions and text functions, in build.c. */
void *begin_array(struct reader *, const struct frame *, const struct attrs *);
void *begin_enterprise(struct reader *, const struct frame *, const struct attrs *);
void *begin_object(struct reader *, const struct frame *, const struct attrs *);
void *begin_rule(struct reader *, const struct frame *, const struct attrs *);
void *begin_web(struct reader *, const struct frame *, const struct attrs *);
void *begin_selection(struct reader *, const struct frame *, const struct attrs *);
void *begin_props(struct reader *, const struct frame *, const struct attrs *);
void *begin_path(struct reader *, const struct frame *, const struct attrs *);
void *begin_bind(struct reader *, const struct frame *, const struct attrs *);
void *begin_loose_bind(struct reader *, const struct frame *, const struct attrs *);
void *begin_cert(struct reader *, const struct frame *, const struct attrs *);
void *begin_cert_limit(struct reader *, const struct frame *, const struct attrs *);
void *begin_link(struct reader *, const struct frame *, const struct attrs *);
void *begin_vendor(struct reader *, const struct frame *, const struct attrs *);
void *begin_member(struct reader *, const struct frame *, const struct attrs *);
void *begin_verifier(struct reader *, const struct frame *, const struct attrs *);
void *begin_set_member(struct reader *, const struct frame *, const struct attrs *);
void *begin_range(struct reader *, const struct frame *, const struct attrs *);
void *begin_ref(struct reader *, const struct frame *, const struct attrs *);
void *begin_non_windows(struct reader *, const struct frame *, const struct attrs *);
void *begin_account(struct reader *, const struct frame *, const struct attrs *);

bool text_order(struct reader *, void *, const char *, size_t);
bool text_hash(struct reader *, void *, const char *, size_t);
bool text_schedule(struct reader *, void *, const char *, size_t);
bool text_blob(struct reader *, void *, const char *, size_t);
bool text_vendor_name(struct reader *, void *, const char *, size_t);
bool text_public_name(struct reader *, void *, const char *, size_t);
bool text_address(struct reader *, void *, const char *, size_t);
bool text_range_from(struct reader *, void *, const char *, size_t);
bool text_range_to(struct reader *, void *, const char *, size_t);
bool text_ref_class(struct reader *, void *, const char *, size_t);
bool text_host_a(struct reader *, void *, const char *, size_t);
bool text_item_class(struct reader *, void *, const char *, size_t);
bool text_assignment(struct reader *, void *, const char *, size_t);
bool text_name(struct reader *, void *, const char *, size_t);
bool text_description(struct reader *, void *, const char *, size_t);

#endif
