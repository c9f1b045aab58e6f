/*
 * What the input stage refused, as a message of the site. Must not know what
 * the file would have been read for.
 */
#include "import/unread.h"

enum tmg_status
unread(struct site *s, const char *file, const struct input_result *res, enum diag_id kind)
{
	enum diag_id id = D_CANNOT_READ;

	if (res->error == INPUT_NOMEM)
		return TMG_ENOMEM; /* no message, since it would have to be kept: the caller is told */
	if (res->error == INPUT_EMPTY)
		id = D_EMPTY_INPUT;
	else if (res->error == INPUT_GZIP)
		id = D_BAD_GZIP;
	else if (res->error == INPUT_CHARSET || res->error == INPUT_BYTES)
		id = D_BAD_CHARSET;
	else if (res->error == INPUT_SIZE)
		id = D_LIMIT;
	else if (res->error == INPUT_KIND)
		id = kind;
	diag_file(&s->diags, id, file, 0, "%s", res->detail);
	return s->diags.failed ? TMG_ENOMEM : TMG_EINPUT;
}
