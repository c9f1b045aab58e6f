/*
 * Predefined objects, and small questions about records. Knows no XML and no target.
 */
#include "model/model.h"

/* Elements that are objects; rules are the most. */
static const char *const classes[] = { "", "PolicyRule", "WebListener", "ServerFarm", "Network", "EnterpriseNetwork",
	"NetworkSet", "Computer", "Subnet", "AddressRange", "ComputerSet", "UserSet", "ProxyScheduleTemplate",
	"ConnectivityVerifier", "URLSet", "DomainNameSet", "Protocol", "ContentTypeSet", "AuthenticationScheme",
	"PolicyGroup", "UrlCategorySet", "UrlCategory", "Array", "Enterprise" };

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

const struct predefined *
predefined_of(const struct tmg_obj *o)
{
	char guid[TMG_GUID_SIZE];

	return predefined_find(tmg_guid(o, guid));
}

const struct predefined *
predefined_target(const struct tmg_ref *ref)
{
	return ref->to != NULL ? predefined_of(ref->to) : predefined_find(ref->key);
}

_Static_assert(ARRAY_LEN(classes) <= UINT8_MAX + 1, "tmg_obj.cls is a byte");

uint8_t
class_number(const char *name)
{
	for (size_t k = 1; k < ARRAY_LEN(classes); k++) {
		if (strcmp(classes[k], name) == 0)
			return (uint8_t)k;
	}
	return 0;
}

const char *
tmg_class_name(const struct tmg_obj *o)
{
	return classes[o->cls < ARRAY_LEN(classes) ? o->cls : 0];
}

bool
rule_is_web(const struct tmg_rule *r)
{
	return r->web != NULL;
}
