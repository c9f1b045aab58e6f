/*
 * StorageNames: nearly all are GUIDs of one form, and such a one is kept as its
 * 16 bytes. Any other text stays text. Compared without regard to case, as the
 * product does.
 */
#ifndef MODEL_GUID_H
#define MODEL_GUID_H

#include "base/base.h"
#include "tmgport.h"

/* How the letters of {8-4-4-4-12} hexadecimal digits are written. */
enum guid_letters {
	GUID_NOT,   /* it is no such text, and the bytes are of no use */
	GUID_UPPER, /* or there are no letters */
	GUID_LOWER,
	GUID_MIXED
};

/* The bytes of the first `n` characters, in their order. */
enum guid_letters guid_bytes(const char *s, size_t n, uint8_t bytes[16]);
/* Is this how the object is stored? Without regard to case; "" is that of one without. */
bool guid_is(const struct tmg_obj *o, const char *s);

#endif
