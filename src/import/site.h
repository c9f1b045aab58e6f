/*
 * Readers of what an audit takes besides exports. Each adds to the site; what
 * cannot be read is a message of the site (error) and TMG_EINPUT, and nothing of
 * that file stays. Nothing here knows a check.
 */
#ifndef IMPORT_SITE_H
#define IMPORT_SITE_H

#include "model/site.h"

/* Bounds on one file; a file beyond one is refused (docs/limits.md). */
#define TOPOLOGY_MAX_SIZE (UINT64_C(512) << 20) /* bytes, decompressed */
#define TOPOLOGY_MAX_POOLS 4096u
#define TOPOLOGY_MAX_ITEMS 100000u /* machines, domains, URLs, components together */
#define TOPOLOGY_MAX_ELEMENTS 20000000u
#define TOPOLOGY_MAX_DEPTH 64u            /* of elements, and of objects of Export-Clixml */
#define TOPOLOGY_MAX_NESTING 4u           /* XML in the text of XML in the text ... */
#define TOPOLOGY_MAX_TEXT (64u << 20)     /* bytes of one element's text */
#define TOPOLOGY_MAX_TAG (64u << 10)      /* bytes of one tag or comment */
#define TOPOLOGY_MAX_ATTRIBUTES 64u       /* of one element */
#define TOPOLOGY_MAX_LINE (1u << 20)      /* of a list text, continuation lines included */
#define TOPOLOGY_MAX_JSON (4u << 20)      /* bytes of a topology file of our own */
#define TOPOLOGY_MAX_MESSAGES 1000u       /* warnings and notes about one file; further ones are counted */
#define ZIP_MAX_SIZE (UINT64_C(64) << 20) /* bytes of the archive as it lies there */
#define ZIP_MAX_ENTRIES 1000u
#define ZIP_MAX_ENTRY (UINT64_C(256) << 20) /* bytes of one document, inflated; all: TOPOLOGY_MAX_SIZE */
#define ZIP_MAX_RATIO 200u                  /* inflated to packed, beyond the first MiB of a document */
#define LOG_MAX_LINE (1u << 20)             /* a longer line is skipped and counted */
#define LOG_MAX_FLOWS 65536u                /* further client addresses are counted together */
#define LOG_MAX_CLIENTS 65536u              /* clients whose sign-in is followed */
#define BASELINE_MAX_SIZE (64u << 20)
#define CERT_MAX_SIZE (16u << 20)
#define CERT_MAX_COUNT 1000  /* certificates of one file */
#define CERT_MAX_SET 64      /* of them in PKCS #7, which has no order */
#define CERT_MAX_NAMES 20000 /* DNS names of one file */

/* Get-CsTopology -AsXml, .tbxml, Get-CsService text, Get-CsSimpleUrlConfiguration (XML or
 * list text), Export-CsConfiguration zip, or our own JSON: told apart by content. */
enum tmg_status topology_read(struct site *s, const char *path);
/* W3C extended logs, gzip too; "-" is standard input. Files add up: clients and sign-ins are
 * followed from one to the next, so logs are best read in the order of their days. A file without
 * requests is read, and a warning says that it proves nothing. */
enum tmg_status iislog_read(struct site *s, const char *path);
/* A tmgport-findings/1 that an audit wrote; several add up. */
enum tmg_status baseline_read(struct site *s, const char *path);
/* PEM, DER or PKCS #7, chains. `listener` NULL: not stated. Private keys are passed over. */
enum tmg_status certificate_read(struct site *s, const char *listener, const char *path);

#endif
