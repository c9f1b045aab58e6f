/*
 * HAProxy's quoting: how a string of the export is written in each place of a
 * configuration or map file where one can stand. Everything goes through
 * here, also what the plan has already found harmless.
 */
#ifndef EXPORT_QUOTE_HAPROXY_H
#define EXPORT_QUOTE_HAPROXY_H

#include "export/out.h"

/* One word: bare when nothing in it means anything to HAProxy, else in strong
 * quotes, in which nothing is expanded. */
void hap_word(struct out *o, const char *s);
/* One word in a place that knows log-format: '%' stands for itself. */
void hap_format(struct out *o, const char *s);
/* The replacement of replace-path: log-format in which '\' is special too.
 * Goes between strong quotes that the caller writes. */
void hap_replacement(struct out *o, const char *s);
/* "str(s)" as one word. */
void hap_str(struct out *o, const char *s);
/* A canonical path as a regular expression for the path as it came: runs of
 * slashes, and the percent-encoded form of what does not travel bare. Goes
 * between strong quotes that the caller writes. */
void hap_path_regex(struct out *o, const char *path);
/* The text itself as a regular expression. Goes between strong quotes that the
 * caller writes. */
void hap_text_regex(struct out *o, const char *s);
/* A canonical path as a map key: '%' and blanks percent-encoded. */
void hap_map_key(struct out *o, const char *path);
bool hap_map_key_plain(const char *path); /* nothing is encoded in it */
/* A URL as a map value, and as a header may carry it: what no URL may hold is
 * percent-encoded, '%' stays. */
void hap_map_url(struct out *o, const char *url);

#endif
