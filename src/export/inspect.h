/*
 * What `inspect` shows: the model, nothing of any plan or target.
 */
#ifndef EXPORT_INSPECT_H
#define EXPORT_INSPECT_H

#include "export/out.h"

/* The text of one input, for a person at 100 columns. */
void inspect_text(struct out *o, const struct tmg_input *in);

/* The document tmgport-inspect/1 in three parts; `first` says that no input
 * has been written yet. false: no memory. The first line of the document ends
 * behind "[", its last one is "]}": whoever joins documents counts on it. */
void inspect_json_begin(struct out *o);
bool inspect_json_input(struct out *o, const struct tmg_input *in, bool first);
void inspect_json_end(struct out *o);

/* Words for numbers of the export, shared by both forms and by REPORT.md. */
const char *rule_type_word(const struct tmg_rule *r);  /* "web publishing" */
const char *rule_type_id(const struct tmg_rule *r);    /* "web-publishing", for programs */
const char *rule_state_word(const struct tmg_rule *r); /* "enabled", "disabled", "system", ... */
const char *bridging_word(int server_type);            /* "http", "ssl", "both", "ftp" */
const char *delegation_word(int delegation);
const char *redirect_word(int redirect_http);
const char *vendor_word(const struct tmg_vendor *v); /* NULL for kinds without a name */
const char *ref_name(const struct tmg_ref *r);       /* the target's name, a predefined one's, or the key */
/* The reference of class `cls` in a chain, or NULL. */
const struct tmg_ref *ref_of_class(const struct tmg_ref *r, const char *cls);

#endif
