/*
 * Bytes of one input as a stream of valid UTF-8, asked for piece by piece or
 * pumped through a function: opens a file, descriptor or memory, inflates gzip, finds out the charset (BOM, byte pattern, then the
 * caller's word, then the XML declaration, then UTF-8), converts, checks, hashes.
 * Knows nothing of XML beyond the declaration's `encoding`.
 */
#ifndef IMPORT_INPUT_H
#define IMPORT_INPUT_H

#include "base/strbuf.h"

enum input_error {
	INPUT_OK = 0,
	INPUT_OPEN,      /* could not be opened (detail: the system's reason) */
	INPUT_DIRECTORY, /* is a directory */
	INPUT_READ,      /* read error */
	INPUT_EMPTY,     /* no byte in it */
	INPUT_GZIP,      /* gzip data broken or cut off */
	INPUT_CHARSET,   /* charset unknown to iconv */
	INPUT_BYTES,     /* bytes that are not of the charset (detail: which charset, offset, hint at --charset) */
	INPUT_SIZE,      /* larger than max_size */
	INPUT_KIND,      /* plainly not XML (detail: what it is: zip, PDF, Windows program, registry hive, text...) */
	INPUT_STOPPED,   /* the sink asked to stop */
	INPUT_NOMEM
};

/* Puts up to `room` bytes into `buf`; answers how many, 0 at the end, -1 when it broke (INPUT_READ). */
typedef ptrdiff_t input_reader(void *ctx, void *buf, size_t room);

struct input_source {
	const char *path; /* "-" is standard input; NULL: `read`, or else memory */
	const void *data;
	size_t len;
	input_reader *read;
	void *ctx;
};

struct input_options {
	const char *charset; /* the user's word, or NULL */
	uint64_t max_size;   /* bytes after decompression; 0: no bound */
	struct budget *budget;
	size_t piece; /* work in pieces of this many bytes (tests); 0: 64 KiB */
	/* Not XML but a log: bytes are handed on as they lie, valid or not, NUL too, and are not
	 * hashed. Only what begins with the mark of UTF-16 is converted (and must be valid). */
	bool bytes;
	/* Not only XML: any text that is of no known other kind, and ZIP archives byte for byte
	 * (the first piece begins with "PK" then, and `zip` is set). */
	bool any;
};

/* What was found out. `declared` is the declaration's encoding or "". */
struct input_result {
	enum input_error error;
	char sha256[65];  /* of the bytes as they are in the file (before inflating); "" after any error */
	char charset[40]; /* what they turned out to be: "UTF-8", "UTF-16LE", ... */
	char declared[40];
	bool gzip, bom, zip;
	bool overruled;   /* the declaration said something else than the bytes */
	char detail[160]; /* terminal-safe */
};

struct input;
/* Opens the source and looks at its beginning; NULL only without memory. After an error,
 * which `res` tells, it has no pieces. What it is given must live as long. */
struct input *input_open(const struct input_source *src, const struct input_options *opt, struct input_result *res);
/* The next piece of UTF-8: at least a byte, at most 64 KiB, valid until the next call; no BOM;
 * see `bytes`. false: the end or an error, and `res` is complete. Before that, `res` may tell
 * of an error behind this piece already. */
bool input_next(struct input *in, const char **s, size_t *n);
void input_close(struct input *in); /* NULL: does nothing */

/* Called with such pieces. false stops the pump with INPUT_STOPPED. */
typedef bool input_sink(void *ctx, const char *utf8, size_t n);

/* Pumps everything through the sink, in bounded memory. */
void input_pump(const struct input_source *src, const struct input_options *opt, input_sink *sink, void *ctx,
    struct input_result *res);

/* The hash alone, of a plain file; "" and false when it cannot be read. */
bool input_hash(const char *path, char sha256[65]);

#endif
