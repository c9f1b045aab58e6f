/*
 * tmgport explain: the catalogue, offline.
 */
#include "cli/cli.h"
#include "model/diag.h"

void
cmd_explain(struct run *r)
{
	const char *what = r->args.files.n > 0 ? r->args.files.s[0] : NULL, *names[D_COUNT + 1];
	struct product product;
	enum tmg_status rc;
	size_t i;

	if (!product_open(r, &product, NULL))
		return;
	rc = tmg_explain(what, product_write, &product);
	product_close(r, &product);
	if (rc == TMG_EUSAGE) {
		for (i = 0; i < D_COUNT; i++)
			names[i] = diag_row((enum diag_id)i)->id;
		names[D_COUNT] = "assumptions";
		usage_error("explain", "there is no message `%s`%s", what,
		    nearest(&r->args.mem, what, names, D_COUNT + 1, ""));
		run_status(r, EXIT_USAGE);
	} else if (rc == TMG_ENOMEM) {
		out_of_memory(r);
	}
}
