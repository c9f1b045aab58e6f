/*
 * Sites made of topologies, and what is in them as text. Must not know what is
 * tested.
 */
#ifndef UNIT_TOPOLOGIES_H
#define UNIT_TOPOLOGIES_H

#include "base/strbuf.h"
#include "import/site.h"
#include "import/topology.h"

/* Reads fixtures/topology/NAME. */
enum tmg_status topology_fixture(struct site *s, const char *name);
enum tmg_status topology_text(struct site *s, const char *text);
enum tmg_status topology_bytes(struct site *s, const void *data, size_t n);
/* Everything of topologies, a line a record, without files and lines. */
void site_text(const struct site *s, struct strbuf *out);
/* Compares and shows what differs. */
bool site_is(const struct site *s, const char *want);
/* The first message with this id, or NULL. */
const struct tmg_message *site_message(const struct site *s, const char *id);
size_t site_messages(const struct site *s, const char *id);

#endif
