/*
 * What the tests of the reader and of the plan share: pieces of XML from which
 * small exports are put together, and look-ups in what the library made of
 * them. Must not know what is tested.
 */
#ifndef UNIT_EXPORT_H
#define UNIT_EXPORT_H

#include "model/model.h"

/* Exports are long literals; every compiler that builds this takes them. */
#pragma GCC diagnostic ignored "-Woverlength-strings"

#define X_NS "http://schemas.microsoft.com/isa/config-4"
/* The default namespace keeps the tests short; the reader binds by URI. */
#define X_ROOT(body) "<Root xmlns=\"" X_NS "\" StorageName=\"FPC\">" body "</Root>"
#define X_ARRAY(body) X_ROOT("<Arrays><Array StorageName=\"{A0}\"><Name>edge</Name>" body "</Array></Arrays>")
#define X_LISTENER(guid, address, props)                                                                       \
	"<RuleElements><WebListeners><WebListener StorageName=\"" guid "\"><Name>listener " guid "</Name>"     \
	"<IPsOnNetworks><IPOnNetwork><IPSelectionMethod>2</"                                                   \
	"IPSelectionMethod><IPAddresses><IPAddressesStrings><Str>" address                                     \
	"</Str></IPAddressesStrings></IPAddresses></IPOnNetwork></IPsOnNetworks><WebListenerProperties>" props \
	"</WebListenerProperties></WebListener></WebListeners></RuleElements>"
#define X_L1 X_LISTENER("{L1}", "192.0.2.1", "<TCPPort>80</TCPPort><SSLPort>443</SSLPort>")
#define X_REF(cls, key) "<Ref><Name>" key "</Name><RefClass>msFPC" cls "</RefClass></Ref>"
#define X_STR(s) "<Str>" s "</Str>"
#define X_NAMES(strs) "<PublicNames><PublicNameStrings>" strs "</PublicNameStrings></PublicNames>"
#define X_PATH(ext, inn) \
	"<PathMapping><ExternalPath>" ext "</ExternalPath><InternalPath>" inn "</InternalPath></PathMapping>"
#define X_PATHS(list) "<PathMappings>" list "</PathMappings>"
#define X_SITE "<WebSite>web.contoso.local</WebSite>"
#define X_USERS(refs) "<Refs StorageName=\"UserSets\">" refs "</Refs>"
/* A rule called "r<n>", of order n (one digit); `more` is rule level, `web` inside its properties. */
#define X_RULE(n, more, web)                                                                           \
	"<ArrayPolicy><PolicyRules><PolicyRule StorageName=\"{R" n "}\"><Name>r" n "</Name><Order>0" n \
	"00000000000000</Order>"                                                                       \
	"<Enabled>1</Enabled>" more "<WebPublishingProperties>" web                                    \
	"</WebPublishingProperties></PolicyRule></PolicyRules></ArrayPolicy>"
/* The same on listener {L1}, whole site, for one name. */
#define X_PLAIN(n, name, more, web) \
	X_RULE(n, more, X_NAMES(X_STR(name)) X_PATHS(X_PATH("/*", "/*")) X_REF("WebListener", "{L1}") web)

#define ALL_USERS "{DFFB7833-9365-4184-AABC-7CAFB018A7FA}"
#define AUTHENTICATED "{DE8CB0AA-FBE3-4105-9BB7-C2E17C34DDF4}"
#define ANYWHERE "{BE20F10A-A274-436A-A7AD-63A9FC5ED19D}"
#define EXTERNAL "{F129EACF-778B-44FE-B339-5B752D7220A3}"

/* A job with these inputs, resolved; the list ends with NULL. The caller frees it. */
struct tmg *export_job(const struct tmg_options *opt, const char *const *xml);
/* The same for one. */
struct tmg *export_read(const char *xml);
enum tmg_status export_add(struct tmg *t, const char *name, const char *xml);

/* The first message with this id (and with `part` in its detail, unless NULL), or NULL. */
const struct tmg_message *message_find(struct tmg *t, const char *id, const char *part);
size_t message_count(struct tmg *t, const char *id);
/* NULL where there is none. */
const struct tmg_rule *rule_find(const struct tmg *t, const char *name);
const struct tmg_obj *object_find(const struct tmg *t, enum tmg_kind kind, const char *name);
const struct tmg_leftover *leftover_find(const struct tmg_input *in, const char *path);

#endif
