/*
 * nginx's quoting: how a string of the export is written in each place of a
 * configuration where one can stand. Everything goes through here, also what
 * the plan has already found harmless.
 */
#ifndef EXPORT_QUOTE_NGINX_H
#define EXPORT_QUOTE_NGINX_H

#include "export/out.h"

/* nginx refuses a configuration with a longer word. */
#define NGINX_WORD_MAX 4000

/* Is "$" the beginning of a variable there? It has no escape, so that a literal
 * one is written with $tmg_d, which the configuration must then define. */
enum nginx_place { NGINX_LITERAL, NGINX_VARIABLES };

/* Does nothing in s mean anything to nginx? Then it needs no quotes. */
bool nginx_is_bare(const char *s);
/* One word, quoted where it must be. */
void nginx_word(struct out *o, const char *s, enum nginx_place place);
/* The same as a part of a word whose double quotes the caller writes. */
void nginx_part(struct out *o, const char *s, enum nginx_place place);

/* A host name, or all names below it ("*."), in server_name. */
void nginx_name(struct out *o, const char *name, bool suffix);
/* The same as the key of a map: never a regular expression, never a keyword. */
void nginx_name_key(struct out *o, const char *name, bool suffix);

/* A canonical path as a regular expression, between double quotes that the
 * caller writes, without anchors. */
enum nginx_path_form {
	NGINX_PATH_DECODED, /* as nginx matches locations: decoded, slashes merged */
	NGINX_PATH_WIDE, /* the same, and what a server may read as it that decodes more or drops ;parameters: for what is refused */
	NGINX_PATH_RAW /* as the client spells it: runs of slashes, and percent-encoding where a path needs it */
};
/* Answers the length; with `o` NULL nothing is written. */
size_t nginx_path_regex(struct out *o, const char *path, enum nginx_path_form form);
/* Is it no longer than a word may be? */
bool nginx_path_fits(const char *path, enum nginx_path_form form);

#endif
