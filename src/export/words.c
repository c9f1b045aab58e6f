/*
 * Words for the numbers of an export, the same in every output for people and
 * in the JSON of inspect. Knows the model only.
 */
#include "export/inspect.h"

#include "base/base.h"

const char *
rule_type_word(const struct tmg_rule *r)
{
	switch (r->type) {
	case 0: return "access";
	case 1: return "server publishing";
	case 2: return "web publishing";
	case 256: return "placeholder of the array's rules";
	default: return "rule of an unknown type";
	}
}

const char *
rule_type_id(const struct tmg_rule *r)
{
	switch (r->type) {
	case 0: return "access";
	case 1: return "server-publishing";
	case 2: return "web-publishing";
	case 256: return "placeholder";
	default: return "unknown";
	}
}

const char *
rule_state_word(const struct tmg_rule *r)
{
	if (r->type == 256)
		return "placeholder";
	if (r->is_default)
		return "default";
	if (r->system)
		return "system";
	return r->enabled ? "enabled" : "disabled";
}

const char *
bridging_word(int server_type)
{
	static const char *const words[] = { "http", "ssl", "both", "ftp" };

	return server_type >= 0 && server_type < (int)ARRAY_LEN(words) ? words[server_type] : "unknown";
}

const char *
delegation_word(int delegation)
{
	static const char *const words[] = { "pass-through", "none", "securid", "basic", "ntlm", "negotiate",
		"kerberos" };

	return delegation >= 0 && delegation < (int)ARRAY_LEN(words) ? words[delegation] : "unknown";
}

const char *
redirect_word(int redirect_http)
{
	static const char *const words[] = { "no", "authenticated", "always" };

	return redirect_http >= 0 && redirect_http < (int)ARRAY_LEN(words) ? words[redirect_http] : "unknown";
}

const char *
vendor_word(const struct tmg_vendor *v)
{
	switch (v->kind) {
	case TMG_V_HTTP_FILTER: return "HTTP filter";
	case TMG_V_LINKS: return "link translation dictionary";
	case TMG_V_LINK_TYPES: return "link translation content types";
	case TMG_V_LINK_SETTINGS: return "link translation settings";
	case TMG_V_WIZARD: return "publishing wizard settings";
	default: return NULL;
	}
}

const char *
ref_name(const struct tmg_ref *r)
{
	if (r->to != NULL)
		return r->to->name;
	if (r->predefined != NULL)
		return r->predefined;
	return r->key != NULL ? r->key : "";
}

const struct tmg_ref *
ref_of_class(const struct tmg_ref *r, const char *cls)
{
	for (; r != NULL; r = r->next)
		if (r->cls != NULL && str_caseeq(r->cls, cls))
			return r;
	return NULL;
}
