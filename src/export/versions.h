/*
 * Which version of a target knows what the output uses (versions_*.def), and
 * whether an output for a stated version can be written. A version newer than
 * the one that was run is accepted and named as not run.
 */
#ifndef EXPORT_VERSIONS_H
#define EXPORT_VERSIONS_H

#include "base/base.h"
#include "tmgport.h"

enum version_answer {
	VERSION_OK,
	VERSION_NEWER, /* than the one that the output was run on */
	VERSION_OLDER, /* than something that the output uses */
	VERSION_FORM,  /* not a version number */
	VERSION_TARGET /* no such target */
};

/* With VERSION_OLDER, *directive and *since say why. */
enum version_answer version_check(const char *target, const char *asked, const char **directive, const char **since);
/* What --target-version says of this target, the last word counting; or NULL. */
const char *version_asked(const struct tmg_convert_options *o, const char *target);

#endif
