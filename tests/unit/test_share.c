/*
 * Tests of what rules share: what they say alike is one record, what differs
 * in anything is not, and all that depends on the rule comes out for each of
 * them. Must not know how records are compared.
 */
#include "unit.h"

#include <stdio.h>

#include "export.h"
#include "import/read.h"

/* The parts of a rule, each with some text of its own. */
struct parts {
	const char *more, *from, *target, *ref, *users, *paths, *farm;
};

#define REF_L1 X_REF("WebListener", "{L1}")
#define REF_ALL X_REF("UserSet", ALL_USERS)
#define REF_FARM X_REF("ServerFarm", "{F1}")
#define FROM(refs) "<SelectionIPs><Refs StorageName=\"Networks\">" refs "</Refs></SelectionIPs>"
#define FROM_ANY FROM(X_REF("Network", ANYWHERE))

static const struct parts usual = { "", FROM_ANY, X_SITE, REF_L1, X_USERS(REF_ALL), X_PATHS(X_PATH("/a/*", "/b/*")),
	"<LoadBalancingConfig>" REF_FARM "</LoadBalancingConfig>" };

static char text[2][8192];

/* Rule `n` in an array of its own element, which the reader takes for the same array. */
static const char *
rule_text(char *out, size_t size, int n, const struct parts *p)
{
	snprintf(out, size,
	    "<ArrayPolicy><PolicyRules><PolicyRule "
	    "StorageName=\"{R%d}\"><Name>r%d</Name><Order>0%d00000000000000</Order>"
	    "<Enabled>1</Enabled>%s%s<WebPublishingProperties><PublicNames><PublicNameStrings><Str>n%d.contoso.com</"
	    "Str>"
	    "</PublicNameStrings></PublicNames>%s%s%s%s%s</WebPublishingProperties></PolicyRule></PolicyRules>"
	    "</ArrayPolicy>",
	    n, n, n, p->more, p->from, n, p->target, p->ref, p->users, p->paths, p->farm);
	return out;
}

/* The two rules in one array, which begins the file's line 1; the second rule begins line 4. */
static struct tmg *
two(const struct parts *a, const struct parts *b)
{
	static char xml[20000];

	snprintf(xml, sizeof(xml),
	    X_ROOT("<Arrays><Array StorageName=\"{A0}\"><Name>edge</Name>" X_L1 "%s\n\n\n%s</Array></Arrays>"),
	    rule_text(text[0], sizeof(text[0]), 1, a), rule_text(text[1], sizeof(text[1]), 2, b));
	return export_read(xml);
}

static void
test_equal(void)
{
	struct tmg *t = two(&usual, &usual);
	const struct tmg_rule *a = rule_find(t, "r1"), *b = rule_find(t, "r2");
	struct tmg_public_name na = { 0 }, nb = { 0 };

	CU_ASSERT_FATAL(a != NULL && b != NULL && a->web != NULL && a->terms->sources != NULL);
	CU_ASSERT(a->web == b->web && a->terms == b->terms);
	CU_ASSERT_FATAL(tmg_next_name(a, &na) && tmg_next_name(b, &nb));
	CU_ASSERT_STRING_EQUAL(na.s, "n1.contoso.com");
	CU_ASSERT_STRING_EQUAL(nb.s, "n2.contoso.com");
	CU_ASSERT(a->web->listener != NULL && a->web->users != NULL && a->web->has_users);
	CU_ASSERT_STRING_EQUAL(a->web->site, "web.contoso.local");
	tmg_free(t);
}

/* Which records of the two rules are one. */
enum shared { WEB = 1, FROM_TAB = 2, FROM_REFS = 4, TARGET = 8, PATHS = 16, USERS = 32, REST = 64, FARM = 128 };
#define ALL (WEB | FROM_TAB | FROM_REFS | TARGET | PATHS | USERS | REST | FARM)

static int
shared_of(const struct tmg_rule *a, const struct tmg_rule *b)
{
	int is = 0;

	is |= a->web == b->web ? WEB : 0;
	is |= a->terms->sources == b->terms->sources ? FROM_TAB : 0;
	is |=
	    a->terms->sources != NULL && b->terms->sources != NULL && a->terms->sources->refs == b->terms->sources->refs
	    ? FROM_REFS
	    : 0;
	is |= a->web->candidates == b->web->candidates ? TARGET : 0;
	is |= a->web->paths == b->web->paths ? PATHS : 0;
	is |= a->web->users == b->web->users ? USERS : 0;
	is |= a->web->refs == b->web->refs ? REST : 0;
	is |= a->web->farm == b->web->farm ? FARM : 0;
	return is;
}

static void
check_differ(const struct parts *other, int want)
{
	struct tmg *t = two(&usual, other);
	const struct tmg_rule *a = rule_find(t, "r1"), *b = rule_find(t, "r2");

	CU_ASSERT_FATAL(a != NULL && b != NULL && a->web != NULL && b->web != NULL);
	if (shared_of(a, b) != want)
		fprintf(stderr, "shared %d, not %d: %s%s%s%s%s%s\n", shared_of(a, b), want, other->from, other->target,
		    other->ref, other->users, other->paths, other->farm);
	CU_ASSERT(shared_of(a, b) == want);
	tmg_free(t);
}

/* Differences in WebPublishingProperties itself: one for each member that the file can set. */
static void
test_web(void)
{
	static const char *const settings[] = {
		"<PublishedServerType>1</PublishedServerType>",
		"<HTTPRedirectPort>81</HTTPRedirectPort>",
		"<SSLRedirectPort>444</SSLRedirectPort>",
		"<SSLRequireSecureChannel>1</SSLRequireSecureChannel>",
		"<SendOriginalHostHeader>1</SendOriginalHostHeader>",
		"<UseFirewallIPAsSource>0</UseFirewallIPAsSource>",
		"<AllPublicNames>1</AllPublicNames>",
		"<CredentialsDelegationType>3</CredentialsDelegationType>",
		"<DelegateBasicCredentials>1</DelegateBasicCredentials>",
		"<TranslateLinks>1</TranslateLinks>",
		"<LoadBalancingEnabled>0</LoadBalancingEnabled>",
		"<LinkTranslationMode>1</LinkTranslationMode>",
		"<SSLClientCertificateClaim>1</SSLClientCertificateClaim>",
		"<RequireSSLClientCertificate>1</RequireSSLClientCertificate>",
		"<NonWindows-Users><NonWindows-User/></NonWindows-Users>",
		"<NonWindows-Users><Novelty/></NonWindows-Users>",
	};
	char target[400];

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		struct parts p = usual;

		snprintf(target, sizeof(target), X_SITE "%s", settings[i]);
		p.target = target;
		check_differ(&p, ALL & ~WEB);
	}
	/* What a rule does and what it states decides about its web properties, too. */
	check_differ(
	    &(struct parts){ "<Action>1</Action>", FROM_ANY, X_SITE, REF_L1, usual.users, usual.paths, usual.farm },
	    ALL & ~WEB);
	/* Properties that begin elsewhere; then all in them does. */
	check_differ(&(struct parts){ "\n", FROM_ANY, X_SITE, REF_L1, usual.users, usual.paths, usual.farm }, 0);
}

static void
test_lists(void)
{
	static const struct {
		struct parts p;
		int want;
	} differ[] = {
#define P(from, target, ref, users, paths, farm) { "", from, target, ref, users, paths, farm }
#define F "<LoadBalancingConfig>" REF_FARM "</LoadBalancingConfig>"
#define U X_USERS(REF_ALL)
#define M X_PATHS(X_PATH("/a/*", "/b/*"))
		{ P(FROM_ANY, X_SITE, REF_L1, U, M, F), ALL },
		/* who may come from where */
		{ P("", X_SITE, REF_L1, U, M, F), ALL & ~FROM_TAB & ~FROM_REFS },
		{ P(FROM(X_REF("Network", EXTERNAL)), X_SITE, REF_L1, U, M, F), ALL & ~FROM_TAB & ~FROM_REFS },
		{ P(FROM(X_REF("NetworkSet", ANYWHERE)), X_SITE, REF_L1, U, M, F), ALL & ~FROM_TAB & ~FROM_REFS },
		{ P(FROM(X_REF("Network", ANYWHERE) X_REF("Network", ANYWHERE)), X_SITE, REF_L1, U, M, F),
		    ALL & ~FROM_TAB & ~FROM_REFS },
		{ P(FROM("<Ref><Name>" ANYWHERE "</Name></Ref>"), X_SITE, REF_L1, U, M, F),
		    ALL & ~FROM_TAB & ~FROM_REFS },
		{ P(FROM("<Ref><Name>" ANYWHERE "</Name><RefClass>msFPCNetwork</RefClass><Scope>1</Scope></Ref>"),
		      X_SITE, REF_L1, U, M, F),
		    ALL & ~FROM_TAB & ~FROM_REFS },
		{ P(FROM("<Ref><Name>" ANYWHERE
			 "</Name><RefClass>msFPCNetwork</RefClass><IncludeStatus>1</IncludeStatus></Ref>"),
		      X_SITE, REF_L1, U, M, F),
		    ALL & ~FROM_TAB & ~FROM_REFS },
		{ P("<SelectionIPs><Refs StorageName=\"Others\">" X_REF("Network", ANYWHERE) "</Refs></SelectionIPs>",
		      X_SITE, REF_L1, U, M, F),
		    ALL & ~FROM_TAB & ~FROM_REFS },
		{ P("<SelectionIPs><Refs StorageName=\"Networks\">" X_REF(
			"Network", ANYWHERE) "</Refs><Novelty/></SelectionIPs>",
		      X_SITE, REF_L1, U, M, F),
		    ALL & ~FROM_TAB },
		/* where to */
		{ P(FROM_ANY, "<WebSite>web2.contoso.local</WebSite>", REF_L1, U, M, F), ALL & ~WEB & ~TARGET },
		{ P(FROM_ANY, "<SiteName>web.contoso.local</SiteName>", REF_L1, U, M, F), ALL & ~WEB & ~TARGET },
		{ P(FROM_ANY, "<Novelty>web.contoso.local</Novelty>", REF_L1, U, M, F), ALL & ~WEB & ~TARGET },
		{ P(FROM_ANY, X_SITE "<PublishedServerIP>10.0.0.1</PublishedServerIP>", REF_L1, U, M, F),
		    ALL & ~WEB & ~TARGET },
		{ P(FROM_ANY, "", REF_L1, U, M, F), ALL & ~WEB & ~TARGET },
		/* on which listener, for whom */
		{ P(FROM_ANY, X_SITE, X_REF("WebListener", "{L2}"), U, M, F), ALL & ~WEB & ~REST & ~USERS },
		{ P(FROM_ANY, X_SITE, REF_L1, X_USERS(X_REF("UserSet", AUTHENTICATED)), M, F),
		    ALL & ~WEB & ~REST & ~USERS },
		{ P(FROM_ANY, X_SITE, REF_L1, "<Refs>" REF_ALL "</Refs>", M, F), ALL & ~WEB & ~REST & ~USERS },
		/* paths */
		{ P(FROM_ANY, X_SITE, REF_L1, U, X_PATHS(X_PATH("/c/*", "/b/*")), F), ALL & ~WEB & ~PATHS },
		{ P(FROM_ANY, X_SITE, REF_L1, U, X_PATHS(X_PATH("/a/*", "/c/*")), F), ALL & ~WEB & ~PATHS },
		{ P(FROM_ANY, X_SITE, REF_L1, U, X_PATHS(X_PATH("/a/*", "/b/*") X_PATH("/c", "/c")), F),
		    ALL & ~WEB & ~PATHS },
		{ P(FROM_ANY, X_SITE, REF_L1, U,
		      X_PATHS("<PathMapping><ExternalPath>/a/*</ExternalPath><InternalPath>/b/*</InternalPath>"
			      "<SameAsInternalPath>1</SameAsInternalPath></PathMapping>"),
		      F),
		    ALL & ~WEB & ~PATHS },
		{ P(FROM_ANY, X_SITE, REF_L1, U,
		      X_PATHS("<PathMapping><InternalPath>/b/*</InternalPath></PathMapping>"), F),
		    ALL & ~WEB & ~PATHS },
		{ P(FROM_ANY, X_SITE, REF_L1, U, "\n" M, F), ALL & ~WEB & ~PATHS & ~FARM },
		{ P(FROM_ANY, X_SITE, REF_L1, U, "", F), ALL & ~WEB & ~PATHS },
		/* farms */
		{ P(FROM_ANY, X_SITE, REF_L1, U, M, ""), ALL & ~WEB & ~FARM },
		{ P(FROM_ANY, X_SITE, REF_L1, U, M,
		      "<LoadBalancingConfig>" X_REF("ServerFarm", "{F2}") "</LoadBalancingConfig>"),
		    ALL & ~WEB & ~FARM },
		{ P(FROM_ANY, X_SITE, REF_L1, U, M,
		      "<LoadBalancingConfig>" REF_FARM "<AffinityType>1</AffinityType></LoadBalancingConfig>"),
		    ALL & ~WEB },
	};

	for (size_t i = 0; i < ARRAY_LEN(differ); i++)
		check_differ(&differ[i].p, differ[i].want);
}

/* A list in another place of a rule means something else, and one in another array. */
static void
test_apart(void)
{
	static const char *const arrays[] = {
		X_ROOT("<Arrays><Array StorageName=\"{A0}\">" X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE)
			X_PLAIN("2", "a.contoso.com", "", X_SITE) "</Array><Array StorageName=\"{A1}\">" X_L1 X_PLAIN(
			    "3", "a.contoso.com", "", X_SITE) "</Array></Arrays>"),
		NULL
	};
	struct tmg *t = export_job(NULL, arrays);
	const struct tmg_rule *a = rule_find(t, "r1"), *b = rule_find(t, "r2"), *c = rule_find(t, "r3");

	CU_ASSERT_FATAL(a != NULL && b != NULL && c != NULL);
	CU_ASSERT(a->web == b->web && a->web != c->web && a->web->refs != c->web->refs);
	CU_ASSERT(a->web->listener != NULL && c->web->listener != NULL && a->web->listener != c->web->listener);
	tmg_free(t);
	/* The same references outside of WebPublishingProperties: resolving takes the inner list apart. */
	t = export_read(X_ARRAY(X_L1 X_RULE("1", REF_L1 REF_ALL, REF_L1 REF_ALL X_SITE)));
	a = rule_find(t, "r1");
	CU_ASSERT_FATAL(a != NULL && a->terms->refs != NULL);
	CU_ASSERT(a->terms->refs->next != NULL && a->web->refs != NULL && a->web->refs->next == NULL &&
	    a->web->users != NULL);
	tmg_free(t);
}

static void
check_line(struct tmg *t, const char *id, const char *rule, uint32_t line)
{
	size_t n = 0;

	for (const struct tmg_message *m = t->diags.first; m != NULL; m = m->next)
		n += strcmp(m->id, id) == 0 && m->object != NULL && strstr(m->object, rule) != NULL && m->line == line;
	if (n != 1)
		fprintf(stderr, "%zu messages %s of %s in line %lu\n", n, id, rule, (unsigned long)line);
	CU_ASSERT(n == 1);
}

/* Lines and messages are those of each rule, whatever the rules share. */
static void
test_lines(void)
{
	static const struct parts p = { "", "\n" FROM("\n" X_REF("Network", "{gone}")), "\n<SiteName>s.x</SiteName>",
		"\n" X_REF("WebListener", "{L1}") X_REF("Novelty", "{N}"), "\n" X_USERS(X_REF("UserSet", "{nobody}")),
		"\n\n" X_PATHS(X_PATH("/a/*", "/b/*")), "" };
	struct tmg *t = two(&p, &p);
	const struct tmg_rule *a = rule_find(t, "r1"), *b = rule_find(t, "r2");
	struct tmg_public_name na = { 0 }, nb = { 0 };
	uint32_t by;

	CU_ASSERT_FATAL(a != NULL && b != NULL && a->web != NULL);
	CU_ASSERT(a->web == b->web && a->terms->sources == b->terms->sources);
	by = b->o.line - a->o.line;
	CU_ASSERT(a->o.line == 1 && by == 10);
	CU_ASSERT(
	    tmg_line(&a->o, a->terms->sources->below) == 2 && tmg_line(&b->o, b->terms->sources->below) == 2 + by);
	CU_ASSERT(tmg_line(&a->o, a->terms->sources->refs->below) == 3 &&
	    tmg_line(&b->o, b->terms->sources->refs->below) == 3 + by);
	CU_ASSERT(tmg_site_line(a) == 4 && tmg_site_line(b) == 4 + by);
	CU_ASSERT(tmg_server_line(a) == 4 && tmg_server_line(b) == 4 + by);
	CU_ASSERT(tmg_line(&b->o, b->web->paths->below) == 8 + by);
	CU_ASSERT_FATAL(tmg_next_name(a, &na) && tmg_next_name(b, &nb));
	CU_ASSERT(na.line == 3 && nb.line == 3 + by);
	check_line(t, "dangling-reference", "r1", 3);
	check_line(t, "dangling-reference", "r2", 3 + by);
	check_line(t, "dangling-reference", "r1", 6);
	check_line(t, "dangling-reference", "r2", 6 + by);
	check_line(t, "unknown-reference", "r1", 5);
	check_line(t, "unknown-reference", "r2", 5 + by);
	check_line(t, "site-element", "r1", 4);
	check_line(t, "site-element", "r2", 4 + by);
	tmg_free(t);
	t = two(&(struct parts){ "", "", "\n<Novelty>s.contoso.local</Novelty>", "", "", "", "" },
	    &(struct parts){ "", "", "\n<Novelty>s.contoso.local</Novelty>", "", "", "", "" });
	check_line(t, "site-from-unknown-element", "r1", 2);
	check_line(t, "site-from-unknown-element", "r2", 6);
	tmg_free(t);
}

/* Records that only have their hash in common are two; many of them are found again. */
static void
test_hash(void)
{
	struct budget budget = { 0 };
	struct arena mem;
	static struct reader r;
	void *made[300];

	memset(&r, 0, sizeof(r));
	arena_init(&mem, &budget);
	r.mem = &mem;
	share_init(&r.share, &budget);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 300; i++) {
			struct tmg_candidate c = { .element = "WebSite", .value = "x" };
			void *got;

			c.below = (uint32_t)i;
			got = share_hashed(&r, &r.share, SHARE_CANDIDATES, &c, i % 2 == 0 ? 7 : 0xffffffffu);
			CU_ASSERT_FATAL(got != NULL);
			if (round == 0)
				made[i] = got;
			CU_ASSERT(got == made[i] && ((struct tmg_candidate *)got)->below == (uint32_t)i);
			CU_ASSERT(i == 0 || made[i] != made[i - 1]);
		}
	}
	CU_ASSERT(r.share.count == 300);
	share_free(&r.share);
	arena_free(&mem);
	CU_ASSERT(budget.used == 0);
}

/* What a thousand equal rules take, beside what is their own. */
static void
test_size(void)
{
	const size_t rules = 1000;
	struct strbuf b;
	struct tmg *t;
	uint64_t used;

	sb_init(&b, NULL);
	sb_puts(&b, "<Root xmlns=\"" X_NS "\"><Arrays><Array StorageName=\"{A0}\">" X_L1);
	for (size_t i = 0; i < rules; i++)
		sb_fmt(&b,
		    X_RULE("1", FROM_ANY,
			X_NAMES("<Str>n%zu.contoso.com</Str>") X_PATHS(X_PATH("/a/*", "/b/*")) REF_L1 X_USERS(REF_ALL)
			    X_SITE),
		    i);
	sb_puts(&b, "</Array></Arrays></Root>");
	t = export_read(b.s);
	used = t->budget.used;
	CU_ASSERT(t->inputs != NULL && t->inputs->arrays->rule_count == rules);
	CU_ASSERT(used / rules < 300);
	if (used / rules >= 300)
		fprintf(stderr, "%lu bytes a rule\n", (unsigned long)(used / rules));
	tmg_free(t);
	sb_free(&b);
}

int
suite_share(void)
{
	static const struct unit_test tests[] = {
		{ "rules that say the same", test_equal },
		{ "web publishing properties that differ", test_web },
		{ "lists that differ", test_lists },
		{ "lists elsewhere", test_apart },
		{ "lines and messages", test_lines },
		{ "equal hashes", test_hash },
		{ "memory of a rule", test_size },
	};

	return unit_add("share", tests, ARRAY_LEN(tests));
}
