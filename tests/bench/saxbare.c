/*
 * saxbare: what libxml2's push parser takes to walk over a file when nothing
 * is done with what it finds. The floor under any reader that stands on it.
 *
 *   saxbare FILE
 *
 * It counts elements and bytes of text and prints them, so that the callbacks
 * cannot be left out. It knows nothing of exports.
 */
#include <fcntl.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <unistd.h>

enum { BLOCK = 65536 };

struct counts {
	unsigned long elements;
	unsigned long bytes;
};

static void
start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns, const xmlChar **ns,
    int n_attr, int n_default, const xmlChar **attr)
{
	struct counts *c = user;

	(void)name;
	(void)prefix;
	(void)uri;
	(void)n_ns;
	(void)ns;
	(void)n_attr;
	(void)n_default;
	(void)attr;
	c->elements++;
}

static void
end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	(void)user;
	(void)name;
	(void)prefix;
	(void)uri;
}

static void
text(void *user, const xmlChar *s, int len)
{
	struct counts *c = user;

	(void)s;
	c->bytes += (unsigned long)len;
}

/* 0, or what libxml2 says is wrong, or -1 when the file cannot be read. */
static int
walk(int fd, struct counts *c)
{
	static char block[BLOCK];
	xmlSAXHandler sax = {
		.initialized = XML_SAX2_MAGIC, .startElementNs = start, .endElementNs = end, .characters = text
	};
	xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(&sax, c, NULL, 0, NULL);
	ssize_t n;
	int rc = 0;

	if (!parser)
		return -1;
	xmlCtxtUseOptions(parser, XML_PARSE_HUGE | XML_PARSE_NONET);
	while (rc == 0 && (n = read(fd, block, sizeof(block))) > 0)
		rc = xmlParseChunk(parser, block, (int)n, 0);
	if (rc == 0)
		rc = n < 0 ? -1 : xmlParseChunk(parser, block, 0, 1);
	xmlFreeParserCtxt(parser);
	return rc;
}

int
main(int argc, char **argv)
{
	struct counts c = { 0, 0 };
	int fd, rc;

	if (argc != 2) {
		fputs("usage: saxbare FILE\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 3;
	}
	rc = walk(fd, &c);
	close(fd);
	xmlCleanupParser();
	printf("%lu elements, %lu bytes of text\n", c.elements, c.bytes);
	if (rc != 0)
		fprintf(stderr, "%s: cannot be parsed (%d)\n", argv[1], rc);
	return rc != 0;
}
