/*
 * Topologies: what each form says, and what several say together. The same
 * deployment stands in every form (tests/mktopology.py).
 */
#include "unit.h"

#include <stdlib.h>
#include <unistd.h>

#include "topologies.h"

#define ARTICLE_COMPONENTS "  [ABHandler AutodiscoverService CAHandler Dialin DLExpansion Lwa Meet WebTicket]\n"
#define ARTICLE_POOLS                                                                                            \
	"lyncdir.contoso.local director site=Chicago dirweb.contoso.com - 4443/8080 443/80 443/80 v5 web\n"      \
	"  lyncdir.contoso.local 10.1.1.22\n" ARTICLE_COMPONENTS                                                 \
	"lyncfe.contoso.local front-end site=Chicago feweb.contoso.com - 4443/8080 443/80 443/80 v5 web users\n" \
	"  lyncfe.contoso.local 10.1.1.21\n" ARTICLE_COMPONENTS
#define ARTICLE_DOMAIN "domain contoso.com default\n"
#define ARTICLE_URLS                                                  \
	"dialin Dialin * dialin.contoso.com/ global current active\n" \
	"meet Meet contoso.com meet.contoso.com/ global current active\n"

#define LIST_COMPONENTS "  [ABHandler DLExpansion CAHandlerAnon Meet Cscp]\n"
#define LIST_POOLS                                                                                                    \
	"lyncdir.contoso.local director site=Chicago dirweb.contoso.com lyncdir.contoso.local 4443/8080 443/80 "      \
	"443/80 v5 "                                                                                                  \
	"web\n" LIST_COMPONENTS "lyncfe.contoso.local front-end site=Chicago feweb.contoso.com lyncfe.contoso.local " \
	"4443/8080 443/80 443/80 v5 "                                                                                 \
	"web users\n" LIST_COMPONENTS

#define ENTERPRISE_POOLS                                                                                               \
	"pool01.contoso.net front-end site=Redmond web01.contoso.com webint01.contoso.net 4443/8080 443/80 443/80 v7 " \
	"web "                                                                                                         \
	"users\n  fe01.contoso.net 10.2.0.11\n  fe02.contoso.net\n  fe03.contoso.net 10.2.0.13 "                       \
	"10.2.1.13\n" ARTICLE_COMPONENTS                                                                               \
	"dirpool.contoso.net director site=Redmond dirweb.contoso.com - 4443/8080 443/80 443/80 v7 web\n"              \
	"  dir01.contoso.net\n  dir02.contoso.net\n" ARTICLE_COMPONENTS                                                \
	"edge.contoso.net other site=Redmond - - 0/0 0/0 0/0 v0\n  edge.contoso.net 10.3.0.1 192.0.2.30\n"             \
	"owas.contoso.net web-apps site=Redmond - - 0/0 0/0 0/0 v7 "                                                   \
	"owas.contoso.com=https://owas.contoso.com/hosting/discovery/\n  owas.contoso.net\n"                           \
	"pool02.contoso.net front-end site=Dublin web02.contoso.com - 4444/8081 443/80 443/80 v8 web users\n"          \
	"  pool02.contoso.net 10.4.0.11\n" ARTICLE_COMPONENTS                                                          \
	"med.contoso.net other site=Dublin - - 0/0 0/0 0/0 v0\n  med.contoso.net\n"
#define ENTERPRISE_DOMAINS "domain contoso.com default\ndomain fabrikam.com\ndomain emea.contoso.com\n"
#define ENTERPRISE_URLS                                                                     \
	"dialin Dialin * lync.contoso.com/dialin global current active\n"                   \
	"dialin Dialin * dialin.contoso.com/ global\n"                                      \
	"meet meet contoso.com lync.contoso.com/contoso.com/meet global current active\n"   \
	"meet Meet fabrikam.com lync.contoso.com/fabrikam.com/meet global current active\n" \
	"admin Cscp * admin.contoso.com/ global current active\n"                           \
	"scheduler WebScheduler * lync.contoso.com/scheduler global current active\n"

static void
reads(const char *name, const char *want, size_t messages)
{
	struct site s;
	enum tmg_status rc;

	site_init(&s);
	rc = topology_fixture(&s, name);
	if (rc != TMG_OK || s.diags.count != messages)
		fprintf(stderr, "%s: status %d, %zu messages\n", name, (int)rc, s.diags.count);
	CU_ASSERT(rc == TMG_OK);
	CU_ASSERT(site_is(&s, want));
	CU_ASSERT(s.diags.count == messages);
	site_free(&s);
	CU_ASSERT(s.budget.used == 0);
}

static void
test_forms(void)
{
	static const char *const same[] = { "lync-director.xml", "article-utf16le.xml", "article-utf16be.xml",
		"article-declared.xml", "article.xml.gz", "prefixed.xml" };

	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		reads(same[i], ARTICLE_POOLS ARTICLE_DOMAIN "topology\n", 0);
	reads("lync-director-urls.xml", ARTICLE_URLS "topology urls\n", 0);
	reads("lync-director.tbxml", ARTICLE_POOLS ARTICLE_DOMAIN ARTICLE_URLS "topology urls\n", 0);
	reads("export.zip", ARTICLE_POOLS ARTICLE_DOMAIN ARTICLE_URLS "topology urls\n", 0);
	reads("export-escaped.zip", ARTICLE_POOLS ARTICLE_DOMAIN ARTICLE_URLS "topology urls\n", 0);
}

static void
test_enterprise(void)
{
	reads("enterprise.xml", ENTERPRISE_POOLS ENTERPRISE_DOMAINS "topology\n", 0);
	reads("enterprise-draft.tbxml", ENTERPRISE_POOLS ENTERPRISE_DOMAINS ENTERPRISE_URLS "topology urls draft\n", 1);
}

static void
test_lists(void)
{
	reads("services.txt", LIST_POOLS "topology\n", 0);
	reads("services-utf16le.txt", LIST_POOLS "topology\n", 0); /* with values that go on in the next line */
	reads("services-no-mark.txt", LIST_POOLS "topology\n", 0);
	reads("services-all.txt",
	    "edge.contoso.net other site=Chicago - - 0/0 0/0 0/0 v0\n"
	    "lyncdir.contoso.local director site=Chicago - - 0/0 0/0 0/0 v5\n"
	    "lyncfe.contoso.local other site=- - - 0/0 0/0 0/0 v0 users\ntopology\n",
	    0);
	reads("sip-domains.txt", "domain fabrikam.com\ndomain contoso.com default\ntopology\n", 0);
	reads("simple-urls-list.txt", ENTERPRISE_URLS "topology urls\n", 0);
}

/* No blank lines, a prompt in front, a list that PowerShell cut off. */
static void
test_list_dense(void)
{
	struct site s;

	site_init(&s);
	CU_ASSERT(topology_fixture(&s, "services-dense.txt") == TMG_OK);
	CU_ASSERT(site_is(&s,
	    LIST_POOLS
	    "pool09.contoso.net other site=Chicago web09.contoso.com webint09.contoso.net 4443/8080 443/80 443/80 "
	    "v5 web\n" LIST_COMPONENTS "topology\n"));
	CU_ASSERT(site_messages(&s, "list-cut-off") == 1 && site_messages(&s, "topology-part-unused") == 1);
	CU_ASSERT(site_message(&s, "list-cut-off")->line == 55);
	CU_ASSERT(s.pools->line == 3 && s.pools->next->line == 29);
	CU_ASSERT_STRING_EQUAL(s.pools->file, "fixtures/topology/services-dense.txt");
	site_free(&s);
}

static void
test_clixml(void)
{
	struct site s;

	reads("simple-urls.clixml",
	    "meet Meet emea.contoso.com meet.emea.contoso.com/ site:Dublin current active\n"
	    "dialin Dialin * dialin.emea.contoso.com/ site:Dublin current active\n"
	    "dialin Dialin * olddialin.emea.contoso.com/ site:Dublin\ntopology urls\n",
	    0);
	/* Where the objects are deeper than they were saved, only what they show is left of them. */
	site_init(&s);
	CU_ASSERT(topology_text(&s,
		      "<Objs xmlns='http://schemas.microsoft.com/powershell/2004/04'><Obj RefId='0'><Props><S "
		      "N='Identity'>Global"
		      "</S><Obj N='SimpleUrl' "
		      "RefId='1'><LST><S>Component=Meet;Domain=contoso.com;ActiveUrl=https://meet.contoso."
		      "com</S><S>nonsense</S></LST></Obj></Props></Obj></Objs>") == TMG_OK);
	CU_ASSERT(site_is(&s, "meet Meet contoso.com meet.contoso.com/ global current active\ntopology urls\n"));
	CU_ASSERT(site_messages(&s, "topology-value") == 1);
	site_free(&s);
}

static void
test_json(void)
{
	struct site s;

	site_init(&s);
	CU_ASSERT(topology_fixture(&s, "lync-director.json") == TMG_OK);
	CU_ASSERT(site_is(&s,
	    "lyncdir.contoso.local director site=Chicago dirweb.contoso.com - 4443/8080 443/80 443/80 v5 web\n"
	    "  lyncdir.contoso.local 10.1.1.22\n  [ABHandler Meet]\n"
	    "lyncfe.contoso.local front-end site=- feweb.contoso.com feint.contoso.local 4443/8080 0/0 0/0 v0 web "
	    "users\n"
	    "  - 10.1.1.21\n"
	    "owas.contoso.local web-apps site=- - - 0/0 0/0 0/0 v0 "
	    "owas.contoso.com=https://owas.contoso.com/hosting/discovery/ outside\n"
	    "domain contoso.com default\n"
	    "meet Meet contoso.com meet.contoso.com/ global current active\n"
	    "dialin Dialin * dialin.contoso.com/ global current active\n"
	    "dialin Dialin * olddialin.contoso.com/ site:Chicago\n"
	    "topology urls\n"));
	CU_ASSERT(s.domains->line == 3 && s.pools->line == 5 && s.pools->next->line == 10);
	CU_ASSERT(s.pools->next->next->line == 14 && s.urls->line == 18 && s.urls->next->next->line == 20);
	CU_ASSERT(s.diags.count == 0);
	site_free(&s);
}

/* The example that `explain topology-file` prints is read. */
static void
test_json_example(void)
{
	FILE *f = fopen("docs/topology.md", "r");
	char text[20000];
	size_t n;
	char *from, *to;
	struct site s;

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	from = strstr(text, "\nExample:\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(from);
	to = strstr(from, "```");
	CU_ASSERT_PTR_NOT_NULL_FATAL(to);
	from += strlen("\nExample:\n");
	site_init(&s);
	CU_ASSERT(topology_bytes(&s, from, (size_t)(to - from)) == TMG_OK);
	CU_ASSERT(s.pools != NULL && s.pools->role == POOL_DIRECTOR && s.pools->next->version == 5 && s.urls->active);
	site_free(&s);
}

static void
test_roles(void)
{
	struct site s;

	site_init(&s);
	CU_ASSERT(topology_fixture(&s, "director-inferred.xml") == TMG_OK);
	CU_ASSERT(s.pools->role == POOL_DIRECTOR && s.pools->role_inferred);
	CU_ASSERT(!s.pools->next->role_inferred && site_messages(&s, "pool-role-inferred") == 1);
	/* What another input states takes the place of what was concluded. */
	CU_ASSERT(topology_fixture(&s, "services.txt") == TMG_OK);
	CU_ASSERT(s.pools->role == POOL_DIRECTOR && !s.pools->role_inferred);
	CU_ASSERT(site_messages(&s, "topology-contradiction") == 0);
	site_free(&s);
	site_init(&s);
	CU_ASSERT(topology_fixture(&s, "foreign-clusters.xml") == TMG_OK);
	CU_ASSERT(s.pools == NULL && site_messages(&s, "topology-value") == 5);
	site_free(&s);
}

static void
test_urls(void)
{
	struct site s;

	site_init(&s);
	CU_ASSERT(topology_fixture(&s, "simple-urls-odd.xml") == TMG_OK);
	CU_ASSERT(site_is(&s,
	    "meet Meet contoso.com meet.contoso.com/ global current active\n"
	    "meet Meet fabrikam.com meet.fabrikam.com/x global current active\n"
	    "dialin dialin * xn--bcher-kva.contoso.com/a global current active\n"
	    "dialin dialin * xn--bcher-kva.contoso.com/a global\n"
	    "dialin dialin * old.contoso.com/ global\n"
	    "topology urls\n"));
	CU_ASSERT_STRING_EQUAL(s.urls->next->url, "https://meet.fabrikam.com:8443/x?y=1&z#f");
	CU_ASSERT(site_messages(&s, "simple-url-form") == 6 && site_messages(&s, "topology-value") == 1);
	site_free(&s);
}

/* A site's own URL goes before the global one, in whichever order and from whichever files they come. */
static void
test_scopes(void)
{
	struct site s;

	reads("simple-urls-scopes.xml",
	    ARTICLE_POOLS ARTICLE_DOMAIN "dialin Dialin * dialin.contoso.com/ global current active\n"
					 "meet Meet contoso.com meet.contoso.com/ global current\n"
					 "meet Meet contoso.com meet-chi.contoso.com/ site:Chicago current active\n"
					 "topology urls\n",
	    0);
	site_init(&s);
	CU_ASSERT(topology_fixture(&s, "simple-urls-collections.txt") == TMG_OK);
	CU_ASSERT(s.urls->next->active && s.urls->next->next->active);
	CU_ASSERT(site_messages(&s, "list-cut-off") == 1);
	CU_ASSERT(topology_fixture(&s, "lync-director.xml") == TMG_OK);
	CU_ASSERT(s.urls->active && !s.urls->next->active && s.urls->next->current && s.urls->next->next->active);
	/* A second site, which has none: the global one is in use again. */
	CU_ASSERT(topology_fixture(&s, "enterprise.xml") == TMG_OK);
	CU_ASSERT(s.urls->next->active);
	site_free(&s);
}

static void
test_merge(void)
{
	struct site s;

	site_init(&s);
	CU_ASSERT(topology_fixture(&s, "lync-director.xml") == TMG_OK);
	CU_ASSERT(topology_fixture(&s, "services.txt") == TMG_OK);
	CU_ASSERT(topology_fixture(&s, "lync-director-urls.xml") == TMG_OK);
	CU_ASSERT(topology_fixture(&s, "lync-director.tbxml") == TMG_OK);
	CU_ASSERT(s.diags.count == 0);
	CU_ASSERT(site_is(&s,
	    "lyncdir.contoso.local director site=Chicago dirweb.contoso.com lyncdir.contoso.local 4443/8080 443/80 "
	    "443/80 "
	    "v5 web\n  lyncdir.contoso.local 10.1.1.22\n"
	    "  [ABHandler AutodiscoverService CAHandler Dialin DLExpansion Lwa Meet WebTicket CAHandlerAnon Cscp]\n"
	    "lyncfe.contoso.local front-end site=Chicago feweb.contoso.com lyncfe.contoso.local 4443/8080 443/80 "
	    "443/80 v5 "
	    "web users\n  lyncfe.contoso.local 10.1.1.21\n"
	    "  [ABHandler AutodiscoverService CAHandler Dialin DLExpansion Lwa Meet WebTicket CAHandlerAnon "
	    "Cscp]\n" ARTICLE_DOMAIN ARTICLE_URLS "topology urls\n"));
	CU_ASSERT_STRING_EQUAL(s.pools->from[FACT_EXTERNAL], "fixtures/topology/lync-director.xml");
	CU_ASSERT_STRING_EQUAL(s.pools->from[FACT_INTERNAL], "fixtures/topology/services.txt");
	CU_ASSERT(s.pools->from[FACT_DISCOVERY] == NULL);
	site_free(&s);
	CU_ASSERT(s.budget.used == 0);
}

static void
test_contradictions(void)
{
	static const char other[] =
	    "{\"schema\": \"tmgport-topology/1\", \"sip_domains\": [\"fabrikam.com\"], \"pools\": [\n"
	    "{\"fqdn\": \"LYNCFE.contoso.local.\", \"role\": \"director\", \"site\": \"chicago\", \"external\": "
	    "\"other.contoso.com\", \"https_port\": 443, \"version\": 2013}],\n"
	    "\"simple_urls\": [{\"component\": \"DIALIN\", \"url\": \"https://phone.contoso.com\"},"
	    "{\"component\": \"meet\", \"domain\": \"contoso.com\", \"url\": \"HTTPS://Meet.contoso.com/\"}]}";
	struct site s;
	const struct tmg_message *m;

	site_init(&s);
	CU_ASSERT(topology_fixture(&s, "lync-director.tbxml") == TMG_OK);
	CU_ASSERT(topology_text(&s, other) == TMG_OK);
	CU_ASSERT(site_is(&s,
	    ARTICLE_POOLS ARTICLE_DOMAIN "domain fabrikam.com\n" ARTICLE_URLS
					 "dialin DIALIN * phone.contoso.com/ global\ntopology urls\n"));
	/* Role, external name, HTTPS port, version, default domain, active dialin URL. */
	CU_ASSERT(site_messages(&s, "topology-contradiction") == 6 && s.diags.count == 6);
	for (m = s.diags.first; m != NULL; m = m->next) {
		CU_ASSERT_STRING_EQUAL(m->file, "memory");
		CU_ASSERT(strstr(m->detail, "fixtures/topology/lync-director.tbxml") != NULL);
		CU_ASSERT(m->line > 0);
	}
	site_free(&s);
}

/* Longer than the pieces in which input comes, so that every kind of token is cut somewhere. */
static void
test_long(void)
{
	struct strbuf b;
	struct site s;
	size_t n = 0;

	sb_init(&b, NULL);
	for (int i = 0; i < 9000; i++)
		sb_fmt(&b, "Name      : d%d.contoso.com\r\nIsDefault : False\r\n\r\n", i);
	site_init(&s);
	CU_ASSERT(b.len > 400000 && topology_bytes(&s, b.s, b.len) == TMG_OK && s.diags.count == 0);
	for (const struct sip_domain *d = s.domains; d != NULL; d = d->next, n++)
		CU_ASSERT(d->line == 1 + 3 * n);
	CU_ASSERT(n == 9000);
	site_free(&s);
	sb_clear(&b);
	sb_puts(&b, "\n\n<Topology xmlns='urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008'><Clusters>\n");
	for (int i = 0; i < 4000; i++)
		sb_fmt(&b,
		    "<Cluster Fqdn='p%d.contoso.com'>\n<Machine><NetInterface "
		    "IPAddress='10.0.%d.%d'/></Machine></Cluster>\n",
		    i, i / 200, i % 200);
	sb_puts(&b, "</Clusters></Topology>");
	site_init(&s);
	CU_ASSERT(topology_bytes(&s, b.s, b.len) == TMG_OK && s.diags.count == 0);
	n = 0;
	for (const struct pool *p = s.pools; p != NULL; p = p->next, n++) {
		CU_ASSERT(p->line == 4 + 2 * n);
		CU_ASSERT_STRING_EQUAL(p->machines->fqdn, p->fqdn);
	}
	CU_ASSERT(n == 4000);
	site_free(&s);
	sb_free(&b);
}

static void
test_passive(void)
{
	struct site s;

	site_init(&s);
	CU_ASSERT(topology_text(&s, "Identity : Global\nUseWsFedPassiveAuth : True\n") == TMG_OK && s.passive_auth);
	site_free(&s);
}

/* The real ones; their facts were read off the files by eye. */
static void
test_samples(void)
{
	const char *dir = getenv("TMGPORT_SAMPLES");
	char path[500];
	struct site s;

	snprintf(path, sizeof(path), "%s/Contoso.tbxml", dir != NULL ? dir : "");
	if (dir == NULL || access(path, R_OK) != 0) {
		unit_skip("TMGPORT_SAMPLES names no folder with Contoso.tbxml");
		return;
	}
	site_init(&s);
	CU_ASSERT(topology_read(&s, path) == TMG_OK && s.draft && s.has_urls);
	CU_ASSERT_STRING_EQUAL(s.pools->fqdn, "frontendpool.contoso.com");
	CU_ASSERT_STRING_EQUAL(s.pools->external_host, "frontendpool.contoso.com");
	CU_ASSERT(s.pools->https_port == 4443 && s.pools->http_port == 8080 && s.pools->role == POOL_FRONT_END);
	CU_ASSERT(!s.pools->next->web_services && s.pools->next->https_port == 0); /* the Edge's 4443 is another one */
	CU_ASSERT(s.pools->next->next->role == POOL_WEB_APPS);
	CU_ASSERT_STRING_EQUAL(s.urls->host, "dialin.contoso.com");
	site_free(&s);
	site_init(&s);
	snprintf(path, sizeof(path), "%s/DefaultTopology_Skype.xml", dir);
	CU_ASSERT(topology_read(&s, path) == TMG_OK && !s.has_urls && s.diags.count == 0);
	CU_ASSERT_STRING_EQUAL(s.pools->external_host, "skypefe.contoso.com");
	CU_ASSERT(s.pools->version == 7 && s.pools->published_https == 443 && s.pools->machines->addresses == NULL);
	site_free(&s);
	site_init(&s);
	snprintf(path, sizeof(path), "%s/Get-CsService-WebServer.txt", dir);
	CU_ASSERT(topology_read(&s, path) == TMG_OK && s.diags.count == 0);
	CU_ASSERT(site_is(&s,
	    "pool01.contoso.net front-end site=Redmond csweb.contoso.com internalweb.contoso.net 4443/8080 443/80 "
	    "443/80 v5 "
	    "web users\n  [LIService ABHandler DLExpansion CAHandler CAHandlerAnon CollabContent DeviceUpdateDownload "
	    "DeviceUpdateStore RgsAgentService Meet Dialin Cscp Reach WebTicket]\ntopology\n"));
	site_free(&s);
	site_init(&s);
	snprintf(path, sizeof(path), "%s/tmg2010-urlset-export.xml", dir);
	CU_ASSERT(topology_read(&s, path) == TMG_EINPUT && site_message(&s, "not-a-topology") != NULL);
	site_free(&s);
}

int
suite_topology(void)
{
	static const struct unit_test tests[] = {
		{ "one deployment in every form of XML", test_forms },
		{ "several pools, sites and domains; ports of others", test_enterprise },
		{ "lists", test_lists },
		{ "a list without blank lines, cut off", test_list_dense },
		{ "Export-Clixml", test_clixml },
		{ "a file of our own", test_json },
		{ "the example of the documentation", test_json_example },
		{ "roles that are not stated", test_roles },
		{ "forms of simple URLs", test_urls },
		{ "simple URLs of sites", test_scopes },
		{ "several inputs", test_merge },
		{ "contradictions", test_contradictions },
		{ "long inputs", test_long },
		{ "sign-in through AD FS", test_passive },
		{ "samples", test_samples },
	};

	return unit_add("topology", tests, ARRAY_LEN(tests));
}
