/*
 * The catalogue of messages and the list of assumptions as text.
 */
#ifndef EXPORT_EXPLAIN_H
#define EXPORT_EXPLAIN_H

#include "export/out.h"

/* false: `what` is no id and no list. NULL lists the ids. */
bool explain(struct out *o, const char *what);

#endif
