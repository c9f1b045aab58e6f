/*
 * What the input stage refused, as a message of the site.
 */
#ifndef IMPORT_UNREAD_H
#define IMPORT_UNREAD_H

#include "import/input.h"
#include "model/site.h"

/* Says why; `kind` is the message for a file that is plainly something else. TMG_ENOMEM says nothing. */
enum tmg_status unread(struct site *s, const char *file, const struct input_result *res, enum diag_id kind);

#endif
