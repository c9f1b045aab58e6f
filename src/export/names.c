/*
 * Names of inputs: the file's name without folders and ending, if that is a
 * harmless name for a folder, else "input"; the second of a kind gets "-2".
 */
#include "export/names.h"

#include <inttypes.h>

void
names_init(struct name_set *n, struct budget *b)
{
	arena_init(&n->mem, b);
	hmap_init(&n->used, b);
}

void
names_free(struct name_set *n)
{
	hmap_free(&n->used);
	arena_free(&n->mem);
}

static bool
harmless(const char *s, size_t n)
{
	size_t i;

	if (n == 0 || n > 200 || s[0] == '.')
		return false;
	for (i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= '0' && s[i] <= '9') ||
			s[i] == '.' || s[i] == '_' || s[i] == '-'))
			return false;
	return true;
}

/* Length of the name at s without ".xml", ".gz" or any other ending. */
static size_t
stem(const char *s)
{
	size_t n = strlen(s), i;

	if (n > 3 && ascii_casecmp(s + n - 3, ".gz") == 0)
		n -= 3;
	for (i = n; i > 0; i--)
		if (s[i - 1] == '.')
			return i - 1;
	return n;
}

const char *
names_for(struct name_set *n, const char *file)
{
	const char *slash = strrchr(file, '/'), *base = slash != NULL ? slash + 1 : file;
	size_t len = stem(base);
	uintptr_t number;
	const char *key, *name;
	void **slot;

	if (strcmp(file, "-") == 0 || !harmless(base, len)) {
		base = "input";
		len = 5;
	}
	key = arena_strn(&n->mem, base, len);
	slot = key != NULL ? hmap_slot(&n->used, key, len, true) : NULL;
	if (slot == NULL)
		return NULL;
	number = (uintptr_t)*slot; /* how often this stem was asked for */
	*slot = (void *)(number + 1);
	for (name = key; number > 0; number++) {
		name = arena_fmt(&n->mem, "%s-%" PRIuPTR, key, number + 1);
		slot = name != NULL ? hmap_slot(&n->used, name, strlen(name), true) : NULL;
		if (slot == NULL)
			return NULL;
		if (*slot == NULL) { /* "a-2" may be a file's own name */
			*slot = (void *)(uintptr_t)1;
			break;
		}
	}
	return name;
}
