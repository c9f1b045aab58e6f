/*
 * What both fuzz targets and their replay share: a way to say that an assertion
 * failed, text that is collected and summed up, one file in memory for what is
 * read by its path, a scratch folder in memory for what writes folders, and a
 * guard on all files that the library opens. Must not know any reader or writer.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/strbuf.h"

#define FZ_MEMORY (UINT64_C(96) << 20) /* bytes that the library may hold */
#define FZ_SIZE (UINT64_C(2) << 20)    /* bytes of one export, inflated */

/* What libFuzzer, or replay.c, calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An assertion: says what is wrong and ends the process, which the engine takes for a crash. */
#define FZ(cond, ...)                                                    \
	do {                                                             \
		if (!(cond))                                             \
			fz_fail(__FILE__, __LINE__, #cond, __VA_ARGS__); \
	} while (0)
void fz_fail(const char *file, int line, const char *cond, const char *fmt, ...) PRINTF_LIKE(4, 5)
    __attribute__((noreturn));

/* A sum of bytes: two runs on one input must have the same. */
uint64_t fz_sum(uint64_t sum, const void *data, size_t n);
#define FZ_SUM0 UINT64_C(0xcbf29ce484222325)

/* tmg_write_fn on a struct strbuf. */
bool fz_sink(void *ctx, const char *s, size_t n);

/* The path of a file in memory that holds these bytes, until the next call. Always the same path. */
const char *fz_file(const void *data, size_t n);

/* A folder on a file system in memory, of this process; "out" below it does not exist. */
const char *fz_scratch(void);
/* Calls `see` for each file below the scratch folder, sorted by name (relative, with folders), then
 * removes everything. Anything in the scratch folder itself but "out" is an assertion. */
typedef void fz_see(void *ctx, const char *rel, const char *text, size_t n);
void fz_harvest(fz_see *see, void *ctx);

/* While the guard is up, the library may open and make nothing but fz_file and what lies in the scratch folder. */
void fz_guard(bool up);

/* ---- oracle.c: what any output must be ---------------------------------------- */

/* Valid UTF-8 without control, bidi or separator characters but line feeds and tabs. */
void fz_plain(const char *what, const char *s, size_t n);
void fz_json(const char *what, const char *s, size_t n);
/* Only statements that the writer has, quotes and braces that end: nothing got in as code. */
void fz_nginx(const char *what, const char *s, size_t n);
void fz_haproxy(const char *what, const char *s, size_t n);
void fz_map(const char *what, const char *s, size_t n);

#endif
