/*
 * tmgport explain: the catalogue, offline.
 */
#include "cli/cli.h"

void
cmd_explain(struct run *r)
{
	const char *what = r->args.list ? "checks" : r->args.files.n > 0 ? r->args.files.s[0] : NULL;
	struct product product;
	struct strings ids, checks;
	enum tmg_status rc;

	if (!product_open(r, &product, NULL))
		return;
	rc = tmg_explain(what, product_write, &product);
	product_close(r, &product);
	if (rc == TMG_EUSAGE) {
		ids = message_ids(&r->mem);
		strings_add(&r->mem, &ids, "assumptions");
		strings_add(&r->mem, &ids, "targets");
		strings_add(&r->mem, &ids, "topology-file");
		strings_add(&r->mem, &ids, "checks");
		checks = check_ids(&r->mem);
		for (size_t i = 0; i < checks.n; i++)
			strings_add(&r->mem, &ids, checks.s[i]);
		usage_error(
		    "explain", "there is no message or check `%s`%s", what, nearest(&r->mem, what, ids.s, ids.n, ""));
		run_status(r, EXIT_USAGE);
	} else if (rc == TMG_ENOMEM) {
		out_of_memory(r);
	}
}
