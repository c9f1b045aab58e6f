/*
 * The end of reading: an input that was read whole joins the job; of any other
 * is said what went wrong. Does not know how it was read.
 */
#include "import/read.h"

static const char *
product_name(const struct tmg_input *in)
{
	const char *b = in->build != NULL ? in->build : "";

	if (strncmp(b, "4.", 2) == 0 || in->edition == 80 || in->edition == 81)
		return "ISA Server 2004";
	if (strncmp(b, "5.", 2) == 0)
		return "ISA Server 2006";
	if (strncmp(b, "7.", 2) == 0)
		return "Forefront TMG 2010";
	return "unknown product";
}

static enum diag_id
input_diag(enum input_error e)
{
	switch (e) {
	case INPUT_EMPTY: return D_EMPTY_INPUT;
	case INPUT_GZIP: return D_BAD_GZIP;
	case INPUT_CHARSET:
	case INPUT_BYTES: return D_BAD_CHARSET;
	case INPUT_SIZE: return D_LIMIT;
	case INPUT_KIND: return D_NOT_XML;
	default: return D_CANNOT_READ;
	}
}

void
reader_join(struct reader *r)
{
	const struct input_result *res = &r->res;
	struct tmg *t = r->t;
	struct tmg_input *in = r->in;

	/* The root's header was read into in->arrays' list backwards; the enterprise goes first. */
	LIST_REVERSE(struct tmg_array, in->arrays);
	for (struct tmg_array **p = &in->arrays; *p != NULL; p = &(*p)->next) {
		if ((*p)->enterprise && p != &in->arrays) {
			struct tmg_array *e = *p;
			*p = e->next;
			e->next = in->arrays;
			in->arrays = e;
			break;
		}
	}
	memcpy(in->sha256, res->sha256, sizeof(in->sha256));
	in->charset = arena_fmt(r->mem, "%s%s", res->charset, res->gzip ? ", gzip" : "");
	in->product = product_name(in);
	in->complete = true;
	*t->last_input = in;
	t->last_input = &in->next;
	r->own->next = t->input_mems;
	t->input_mems = r->own;
	r->own = NULL;
	if (res->overruled)
		diag_file(
		    &t->diags, D_WRONG_DECLARATION, in->file, 1, "declared %s, is %s", res->declared, res->charset);
	*t->diags.last = r->diags.first;
	if (r->diags.first != NULL)
		t->diags.last = r->diags.last;
	t->diags.count += r->diags.count;
}

enum tmg_status
reader_unread(struct reader *r, const char *name)
{
	struct tmg *t = r->t;

	if (t->budget.refused || r->error == D_OUT_OF_MEMORY || r->res.error == INPUT_NOMEM)
		return TMG_ENOMEM;
	if (r->stopped && !r->unread)
		diag_file(&t->diags, r->error, name,
		    r->error == D_BAD_XML || r->error == D_LIMIT || r->error == D_DOCTYPE ? r->where : 0, "%s",
		    r->detail);
	else
		diag_file(&t->diags, input_diag(r->res.error), name, 0, "%s", r->res.detail);
	return TMG_EINPUT;
}
