/*
 * Predefined objects, and small questions about records. Knows no XML and no target.
 */
#include "model/model.h"

static const struct predefined predefined[] = {
#define P(guid, name, what) { guid, name, PRE_##what },
#include "model/predefined.def"
#undef P
};

const struct predefined *
predefined_find(const char *guid)
{
	size_t lo = 0, hi = ARRAY_LEN(predefined);

	if (guid == NULL || guid[0] != '{')
		return NULL;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(predefined[mid].guid, guid); /* as they are spelled nearly always */
		if (c != 0)
			c = ascii_casecmp(predefined[mid].guid, guid);
		if (c == 0)
			return &predefined[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

bool
rule_is_web(const struct tmg_rule *r)
{
	return r->web != NULL;
}
