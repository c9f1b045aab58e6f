/*
 * The list of targets: a new one is one file and one row here. Help, the
 * command line and the documents take their lists from it.
 */
#include "export/writer.h"

const struct writer *const writers[] = { &writer_nginx, &writer_haproxy, NULL };
