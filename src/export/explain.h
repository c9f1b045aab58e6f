/*
 * The catalogue of messages and the list of assumptions as text.
 */
#ifndef EXPORT_EXPLAIN_H
#define EXPORT_EXPLAIN_H

#include "export/out.h"

/* false: `what` is no id and no list. NULL lists the ids. */
bool explain(struct out *o, const char *what);

/* explain_checks.c: every row of the audit's catalogue, with those that nothing decides. */
void explain_checks(struct out *o);
void explain_checks_markdown(struct out *o); /* docs/checks.md */
/* The whole story of one, by id or row. false: there is none. */
bool explain_check(struct out *o, const char *word);

/* Words of `s`, filled to 80 columns, each line with `indent` blanks in front. */
void explain_paragraph(struct out *o, const char *s, int indent);

#endif
