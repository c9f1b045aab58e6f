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
#define ZIP_MAX_ENTRIES 1000u
#define LOG_MAX_LINE (1u << 20) /* a longer line is skipped and counted */
#define LOG_MAX_FLOWS 65536u    /* further client addresses are counted together */
#define LOG_MAX_CLIENTS 65536u  /* clients whose sign-in is followed */
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
/* PEM, DER or PKCS #7, chains. `listener` NULL: not stated. Private keys are passed over. */
enum tmg_status certificate_read(struct site *s, const char *listener, const char *path);

#endif
