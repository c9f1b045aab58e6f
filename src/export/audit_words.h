/*
 * What the forms of an audit for people share: its summary in words, findings put
 * together by what they are about, and the words of evidence and lists. No form's
 * own syntax: strings are raw, each writer makes them safe.
 */
#ifndef EXPORT_AUDIT_WORDS_H
#define EXPORT_AUDIT_WORDS_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "tmgport.h"

/* A line of the summary. */
struct audit_fact {
	const char *name, *text;
	struct audit_fact *next;
};

/* Findings about one rule, listener, pool or name: n from `first`, worst first. */
struct audit_group {
	size_t first, n;
};

struct audit_groups {
	const struct tmg_finding **f;
	struct audit_group *group; /* the worst group first */
	size_t count, found;
};

/* From `show` up; what a baseline knows is left out. false: no memory. */
bool audit_groups_make(
    const struct tmg_audit_result *r, enum tmg_severity show, struct arena *mem, struct audit_groups *g);
/* What was found, looked at and known; `show` says what is left out. NULL without memory. */
struct audit_fact *audit_facts(const struct tmg_audit_result *r, enum tmg_severity show, struct arena *mem);

/* What a finding is about: rule "NAME"; raw. */
void audit_object(struct strbuf *b, const struct tmg_finding *f);
/* The one line of what is gone since the baseline: what it was about, sentence, detail, id. */
void audit_gone(struct strbuf *b, const struct tmg_finding *f);
/* FILE:LINE, or "" when no input holds it; and, of several exports, which one it is about. */
void audit_place(struct strbuf *b, const struct tmg_audit_result *r, const struct tmg_finding *f);
/* A sentence in place of findings when there is none to show from this severity on. */
const char *audit_none(const struct tmg_audit_result *r, enum tmg_severity show);
/* Which of several exports; NULL when there is one only. */
const char *audit_alone(const struct tmg_audit_result *r, const char *input);
void audit_evidence(struct strbuf *b, const struct tmg_evidence *e);
/* "a, b, c"; `none` for an empty list. */
void audit_names(struct strbuf *b, const struct tmg_name *n, const char *none);
/* The rule that publishes it, and, of several exports, in which one. */
void audit_rule(struct strbuf *b, const struct tmg_audit_result *r, const struct tmg_coverage *c);
/* "yes", "no", and whether that rests on a guess; without any export, that none was looked at. */
const char *audit_published(const struct tmg_audit_result *r, const struct tmg_coverage *c);

#endif
