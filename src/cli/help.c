/*
 * The pages of --help: a short one for each command (24 lines, 80 columns,
 * two examples), and the complete one, made from the table of options.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"

const char *const command_names[] = { "inspect", "audit", "convert", "explain", "trace" };
const size_t command_count = COUNT(command_names);

static const char overview[] = "usage: tmgport COMMAND [OPTION...] FILE...\n"
			       "\n"
			       "Reads configuration exports of Microsoft ISA Server 2004/2006 and Forefront TMG\n"
			       "2010, shows what they publish and writes the same for other proxies.\n"
			       "\n"
			       "  inspect   what is in an export: arrays, listeners, rules in effective order\n"
			       "  audit     what is wrong with what it publishes, above all of Lync\n"
			       "  convert   write configurations for nginx and HAProxy\n"
			       "  trace     which rule takes a request, and why the others do not\n"
			       "  explain   what a message means, and what is taken for granted\n"
			       "\n"
			       "FILE is an export, as it is or with gzip, a directory with exports below it, or\n"
			       "- for standard input. Exit status: 0 done, 1 findings at or above --fail-on,\n"
			       "2 usage, 3 an input could not be read, 4 output could not be written.\n"
			       "\n"
			       "  tmgport inspect export.xml\n"
			       "  tmgport convert -t nginx,haproxy -o out export.xml\n"
			       "\n"
			       "tmgport COMMAND --help says more; --help all shows every option.\n";

static const char inspect_page[] = "usage: tmgport inspect [OPTION...] FILE...\n"
				   "\n"
				   "Shows what exports hold: arrays, listeners, rules in the order in which they\n"
				   "apply, sets, farms, and which elements were not understood. Several FILEs may\n"
				   "hold what the others refer to; files of a directory are taken one by one.\n"
				   "\n"
				   "  -f text|json           form of the output (text)\n"
				   "  -o FILE                write to FILE instead of standard output\n"
				   "  -W LEVEL               lowest severity shown: note, warning (default), error\n"
				   "  -q, -v                 errors only; notes too\n"
				   "  --fail-on LEVEL        exit with 1 from this severity on (error)\n"
				   "  --allow ID[:DETAIL]    accept these messages\n"
				   "  --charset NAME         charset of files that do not say it\n"
				   "  --map PARENT/ELEMENT=ELEMENT\n"
				   "                         read an unknown element as a known one\n"
				   "  -j N                   exports of directories at a time (processors)\n"
				   "  --summary FILE         a row for each input: .json, .csv or .html\n"
				   "  --help all             every option\n"
				   "\n"
				   "  tmgport inspect export.xml | less\n"
				   "  tmgport inspect -f json exports/ | jq '.inputs[].counts'\n";

static const char audit_page[] = "usage: tmgport audit [OPTION...] FILE...\n"
				 "       tmgport audit [OPTION...] --iis-log FILE... --topology FILE\n"
				 "\n"
				 "Says what is wrong with what exports publish, above all web services of Lync and\n"
				 "Skype for Business: what users feel of it and how to mend it. Without a topology\n"
				 "roles are guessed from names and ports, and findings say so.\n"
				 "\n"
				 "  --topology FILE        pools and names, in any of six forms\n"
				 "  --iis-log FILE         what servers really got\n"
				 "  --cert [LISTENER=]FILE the certificate of a listener\n"
				 "  --without POOL|SITE    what if it is down\n"
				 "  --fix-plan, --fixed FILE  changes that mend; the export with them\n"
				 "  -f FORMAT              text (default), json, sarif, gcc, csv, markdown or html\n"
				 "  -o FILE                write to FILE instead of standard output\n"
				 "  -W LEVEL               lowest severity shown: note, warning (default), error\n"
				 "  --fail-on LEVEL        exit with 1 from this severity on (error)\n"
				 "  --allow ID             accept findings of a check: they count as notes\n"
				 "  --baseline FILE        hide what the JSON of an earlier run holds\n"
				 "  -j N, --summary FILE, --resume, --shard I/N   for directories of exports\n"
				 "  --help all             every option\n"
				 "\n"
				 "  tmgport audit --topology topology.xml export.xml\n"
				 "  tmgport audit -f html -o audit.html export.xml\n";

static const char convert_page[] = "usage: tmgport convert -t TARGET[,TARGET...] -o DIR [OPTION...] FILE...\n"
				   "\n"
				   "Writes DIR/TARGET/ with a configuration, manifest.json, REPORT.md and check.sh,\n"
				   "which tests a proxy; with more than one FILE, or a directory, DIR/NAME/TARGET/.\n"
				   "All of it, or nothing.\n"
				   "\n"
				   "  -t nginx,haproxy|all   what to write for\n"
				   "  -o DIR                 output directory, new or empty; --force if it is not\n"
				   "  --bind LISTENER=ADDRESS  address that the export does not hold\n"
				   "  --pass-through RULE    open a closed rule, by name; or all\n"
				   "  --cert-dir DIR         certificates on the proxy (/etc/tmgport/certs)\n"
				   "  --ca-file FILE         authorities of the servers' certificates\n"
				   "  --compare DIR          in place of -o: is that what DIR holds?\n"
				   "  -j N, --summary FILE, --resume, --shard I/N   for directories of exports\n"
				   "  --target-version TARGET=X.Y   the version that will run it\n"
				   "  --allow ID[:DETAIL]    accept these losses\n"
				   "  --fail-on LEVEL        exit with 1 from this severity on (error)\n"
				   "  --help all             every option\n"
				   "\n"
				   "  tmgport convert -t all -o out export.xml\n"
				   "  tmgport convert -t nginx -o out --bind 'Web=203.0.113.10' export.xml\n";

static const char explain_page[] = "usage: tmgport explain [--list|ID|assumptions|targets|topology-file]\n"
				   "\n"
				   "Without an argument: all messages with their severities. With the id that stands\n"
				   "in brackets behind a message or finding, or a row as B01: what it means and what\n"
				   "to do. --list: all checks of the audit, and what cannot be checked, and why.\n"
				   "`assumptions` lists what is taken for granted although no public source says it,\n"
				   "`targets` what each target can express, `topology-file` the JSON that states a\n"
				   "topology by hand. (`targets.md`, `checks.md`: as Markdown.)\n"
				   "\n"
				   "  tmgport explain windows-signin-lost\n"
				   "  tmgport explain B01\n";

static const char trace_page[] = "usage: tmgport trace [OPTION...] FILE... URL\n"
				 "       tmgport trace [OPTION...] --urls LIST FILE...\n"
				 "\n"
				 "Says what the listener does with a request: forward, redirect or deny, by which\n"
				 "rule, and for each other rule the first condition that fails.\n"
				 "\n"
				 "  --from ADDRESS         the client (somebody of no known network)\n"
				 "  --on ADDRESS[:PORT]    where it arrives (the listener of the URL's port)\n"
				 "  --at TIME              local time, as 2026-11-22T14:05 (now)\n"
				 "  --method METHOD        of the request (GET)\n"
				 "  --urls LIST            a file of requests, or -: URL, client, address:port,\n"
				 "                         method, with tabs between them\n"
				 "  --bind LISTENER=ADDRESS  address that the export does not hold\n"
				 "  --pass-through RULE    open a closed rule, by name; or all\n"
				 "  -f text|json           form of the output (text); json: an object a line\n"
				 "  -q                     the decision only, one line a request\n"
				 "  --help all             every option\n"
				 "\n"
				 "  tmgport trace export.xml https://mail.contoso.com/owa/\n"
				 "  tmgport trace -f json --urls - export.xml < requests\n";

static const char *
page(enum command c)
{
	switch (c) {
	case CMD_INSPECT: return inspect_page;
	case CMD_AUDIT: return audit_page;
	case CMD_CONVERT: return convert_page;
	case CMD_EXPLAIN: return explain_page;
	case CMD_TRACE: return trace_page;
	default: return overview;
	}
}

void
help_short(enum command c)
{
	fputs(page(c), stdout);
}

/* Help of one option, filled to 80 columns behind an indent. */
static void
fill(const char *s)
{
	const int indent = 6;
	int col = 0;

	while (*s != '\0') {
		int n = (int)strcspn(s, " ");

		if (col > 0 && col + 1 + n > 80) {
			putchar('\n');
			col = 0;
		}
		col += printf("%*s%.*s", col == 0 ? indent : 1, "", n, s);
		s += n;
		s += strspn(s, " ");
	}
	putchar('\n');
}

static void
option_help(const struct option_row *row)
{
	if (row->letter != 0)
		printf("  -%c", row->letter);
	else
		printf("  --%s", row->name);
	if (row->value != NULL)
		printf("%c%s", row->letter != 0 ? ' ' : '=', row->value);
	putchar('\n');
	fill(row->help);
}

void
help_all(enum command c)
{
	static const enum command commands[] = { CMD_INSPECT, CMD_AUDIT, CMD_CONVERT, CMD_EXPLAIN, CMD_TRACE };
	size_t i, k;

	fputs(page(c), stdout);
	for (i = 0; i < COUNT(commands); i++) {
		if (c != CMD_NONE && commands[i] != c)
			continue;
		printf("\nOptions of %s:\n", command_names[i]);
		for (k = 0; k < option_count; k++)
			if ((option_rows[k].commands & commands[i]) != 0)
				option_help(&option_rows[k]);
	}
}
