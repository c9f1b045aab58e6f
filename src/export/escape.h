/*
 * What makes a string from outside safe in each language that an audit is written
 * in: one function for each. Knows the languages, nothing of what is written.
 */
#ifndef EXPORT_ESCAPE_H
#define EXPORT_ESCAPE_H

#include "export/out.h"

/* HTML and SVG inside it: text and attribute values in double quotes. */
void esc_html(struct out *o, const char *s);
/* The same, cut after `columns` columns with an ellipsis. */
void esc_html_cut(struct out *o, const char *s, size_t columns);
/* How many columns of a fixed-width font it takes. */
size_t esc_columns(const char *s);
/* Markdown: running text and table cells. No emphasis, link, cell, code or HTML comes of it. */
void esc_markdown(struct out *o, const char *s);
/* One field of RFC 4180. What a spreadsheet would take for a formula gets "'" in front. */
void esc_csv(struct out *o, const char *s);
/* A path as a relative URI reference: percent-encoded. A leading "/" or "./" is dropped. */
void esc_uri(struct strbuf *b, const char *s);
/* A message string of SARIF: no placeholder and no embedded link comes of it. */
void esc_sarif(struct strbuf *b, const char *s);

#endif
