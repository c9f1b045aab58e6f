/*
 * Tests of what the ports of a listener share in the plan. Where rules do the
 * same at both they have the same tables; where they only do something else,
 * the same sites. What a request is answered with is the differential test's.
 */
#include "unit.h"

#include "planned.h"

#define BOTH "<PublishedServerType>2</PublishedServerType>" X_SITE
#define L1(web) X_REF("WebListener", "{L1}") web

struct ports {
	struct planned x;
	const struct plan_endpoint *plain, *tls;
};

static void
ports_begin(struct ports *p, const char *xml)
{
	memset(p, 0, sizeof(*p));
	plan_xml(&p->x, xml);
	p->plain = p->x.p.endpoints;
	CU_ASSERT_FATAL(p->plain != NULL && !p->plain->tls && p->plain->next != NULL && p->plain->next->tls);
	p->tls = p->plain->next;
	CU_ASSERT_FATAL(p->plain->site_count > 0 && p->tls->site_count > 0);
}

static uint32_t
table_at(const struct plan_endpoint *e, uint32_t site)
{
	CU_ASSERT_FATAL(site < e->site_count);
	return plan_site(e, site).table.id;
}

/* The route of a slot of a site. */
static struct plan_route
route_at(const struct plan_endpoint *e, uint32_t site, uint32_t slot)
{
	struct plan_site s = plan_site(e, site);

	CU_ASSERT_FATAL(slot < s.table.n_routes);
	return plan_table_route(&s.table, slot);
}

/* The plan says of each table once whose it is, in the order of ids. */
static void
tables_are_new_once(const struct plan *p)
{
	uint32_t id = 0;

	for (const struct plan_endpoint *e = p->endpoints; e != NULL; e = e->next) {
		for (uint32_t i = 0; i < e->site_count; i++) {
			struct plan_table t = plan_site(e, i).table;

			CU_ASSERT(t.id > 0 && t.id <= p->table_count);
			if (plan_table_is_new(e, &t))
				CU_ASSERT_EQUAL(t.id, ++id);
		}
	}
	CU_ASSERT_EQUAL(id, p->table_count);
}

/* As the request came in, so it goes on: every route differs. */
static void
test_all_differ(void)
{
	struct ports p;

	ports_begin(&p, X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", BOTH) X_PLAIN("2", "b.contoso.com", "", BOTH)));
	CU_ASSERT(p.tls->second && !p.plain->second && p.tls->first_site == p.plain->first_site);
	CU_ASSERT_EQUAL(p.x.p.sites.count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		CU_ASSERT(table_at(p.plain, i) == i + 1 && table_at(p.tls, i) == i + 3);
		CU_ASSERT(route_at(p.plain, i, 0).id == 2 * i + 1 && route_at(p.tls, i, 0).id == 2 * i + 2);
		CU_ASSERT(!route_at(p.plain, i, 0).deed->pool->tls && route_at(p.tls, i, 0).deed->pool->tls);
		CU_ASSERT_EQUAL(route_at(p.tls, i, 0).rule, i + 1);
	}
	CU_ASSERT_PTR_EQUAL(plan_site(p.plain, 1).hosts, plan_site(p.tls, 1).hosts);
	tables_are_new_once(&p.x.p);
	plan_done(&p.x);
}

/* A rule that does the same at both ports keeps its route and its table, beside one that does not. */
static void
test_some_differ(void)
{
	struct ports p;

	ports_begin(&p,
	    X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE) X_PLAIN("2", "b.contoso.com", "", BOTH)
		    X_PLAIN("3", "c.contoso.com", "<Action>1</Action>", "") X_PLAIN("4", "d.contoso.com", "", BOTH)));
	CU_ASSERT(p.tls->second && p.tls->first_site == p.plain->first_site && p.tls->site_count == 4);
	CU_ASSERT(table_at(p.tls, 0) == 1 && table_at(p.tls, 1) == 5 && table_at(p.tls, 2) == 3);
	CU_ASSERT_EQUAL(table_at(p.tls, 3), 6);
	CU_ASSERT_EQUAL(route_at(p.plain, 0, 0).id, route_at(p.tls, 0, 0).id);
	CU_ASSERT_EQUAL(route_at(p.plain, 1, 0).id + 1, route_at(p.tls, 1, 0).id);
	CU_ASSERT(route_at(p.tls, 2, 0).deed->action == PLAN_DENY && route_at(p.tls, 3, 0).deed->pool->tls);
	tables_are_new_once(&p.x.p);
	plan_done(&p.x);
	/* None does anything else. */
	ports_begin(&p, X_ARRAY(X_L1 X_PLAIN("1", "a.contoso.com", "", X_SITE)));
	CU_ASSERT(!p.tls->second && table_at(p.tls, 0) == 1 && p.x.p.table_count == 1 && p.x.p.routes.count == 1);
	tables_are_new_once(&p.x.p);
	plan_done(&p.x);
}

/* A rule that demands TLS has one answer on the plain port for paths that it sends changed on the other. */
static void
test_other_sites(void)
{
	struct ports p;

	ports_begin(&p,
	    X_ARRAY(X_L1 X_RULE("1", "",
		X_NAMES(X_STR("a.contoso.com")) X_PATHS(X_PATH("/a/*", "/x/*") X_PATH("/b/*", "/y/*"))
		    L1(X_SITE) "<SSLRequireSecureChannel>1</SSLRequireSecureChannel>") X_PLAIN("2", "b.contoso.com", "",
		X_SITE) X_PLAIN("3", "d.contoso.com</Str><Str>c.contoso.com", "", BOTH)));
	CU_ASSERT(!p.tls->second && p.tls->first_site == 3 && p.x.p.sites.count == 6);
	CU_ASSERT(table_at(p.tls, 0) == 4 && table_at(p.tls, 1) == 2 && table_at(p.tls, 2) == 5);
	CU_ASSERT(route_at(p.plain, 0, 0).deed->action == PLAN_DENY && route_at(p.plain, 0, 0).id == 1);
	CU_ASSERT(route_at(p.tls, 0, 0).id == 2 && route_at(p.tls, 0, 1).id == 3);
	CU_ASSERT_STRING_EQUAL(route_at(p.tls, 0, 1).deed->map->internal, "/y");
	CU_ASSERT(!route_at(p.plain, 2, 0).deed->pool->tls && route_at(p.tls, 2, 0).deed->pool->tls);
	for (const struct plan_endpoint *e = p.plain; e != NULL; e = e->next) {
		CU_ASSERT(
		    plan_site(e, 2).host_count == 2 && plan_host_next(plan_host_next(plan_site(e, 2).hosts)) == NULL);
		CU_ASSERT_STRING_EQUAL(plan_site(e, 2).hosts->name, "c.contoso.com");
		CU_ASSERT_STRING_EQUAL(plan_host_next(plan_site(e, 2).hosts)->name, "d.contoso.com");
	}
	tables_are_new_once(&p.x.p);
	plan_done(&p.x);
}

/* A rule of so many paths that are sent changed. */
static void
check_many(int n, bool shared)
{
	struct strbuf b;
	struct ports p;

	sb_init(&b, NULL);
	sb_puts(&b,
	    "<Root xmlns=\"" X_NS "\"><Arrays><Array>" X_L1
	    "<ArrayPolicy><PolicyRules><PolicyRule><Name>r</Name><Enabled>1</Enabled><WebPublishingProperties>" L1(BOTH)
		X_NAMES(X_STR("a.contoso.com")) "<PathMappings>");
	for (int i = 0; i < n; i++)
		sb_fmt(&b, X_PATH("/o%03d/*", "/i%03d/*"), i, i);
	sb_puts(&b,
	    "</PathMappings></WebPublishingProperties></PolicyRule></PolicyRules></ArrayPolicy></Array></Arrays></"
	    "Root>");
	ports_begin(&p, b.s);
	CU_ASSERT(p.tls->second == shared && p.x.p.sites.count == (shared ? 1u : 2u));
	CU_ASSERT_EQUAL(p.x.p.routes.count, 2u * (uint32_t)n);
	for (uint32_t i = 0; i < (uint32_t)n; i++) {
		struct plan_route plain = route_at(p.plain, 0, i), tls = route_at(p.tls, 0, i);

		CU_ASSERT(plain.id == i + 1 && tls.id == plain.id + (uint32_t)n);
		CU_ASSERT(plain.deed->map != NULL && tls.deed->map == plain.deed->map);
		CU_ASSERT(!plain.deed->pool->tls && tls.deed->pool->tls && plain.rule == 1 && tls.rule == 1);
	}
	tables_are_new_once(&p.x.p);
	plan_done(&p.x);
	sb_free(&b);
}

static void
test_many(void)
{
	check_many(2, true);
	check_many(9, true);
	check_many(127, true);
	check_many(128, false); /* more than the plan can say of a rule */
}

/* A listener that became two, each with both ports: what came before is there. */
static void
test_four_ports(void)
{
	struct ports p;
	const struct plan_endpoint *e;

	ports_begin(&p,
	    X_ARRAY(X_LISTENER("{L1}", "192.0.2.1</Str><Str>192.0.2.2",
		"<TCPPort>80</TCPPort><SSLPort>443</SSLPort><AppliedSSLCertificates "
		"StorageName=\"AppliedSSLCertificates\"><AppliedSSLCertificate><SSLCertificateHash>"
		"1102030405060708090a0b0c0d0e0f1011121314</SSLCertificateHash><IPAddress>192.0.2.2</IPAddress></"
		"AppliedSSLCertificate></AppliedSSLCertificates>") X_PLAIN("1", "a.contoso.com", "", BOTH)));
	e = p.tls->next;
	CU_ASSERT_FATAL(e != NULL && !e->tls && e->next != NULL && e->next->tls && e->next->next == NULL);
	CU_ASSERT(p.x.p.table_count == 2 && p.x.p.sites.count == 1 && p.x.p.routes.count == 2);
	CU_ASSERT(table_at(e, 0) == 1 && table_at(e->next, 0) == 2);
	CU_ASSERT(!route_at(e, 0, 0).deed->pool->tls && route_at(e->next, 0, 0).deed->pool->tls);
	tables_are_new_once(&p.x.p);
	plan_done(&p.x);
}

int
suite_ports(void)
{
	static const struct unit_test tests[] = {
		{ "a rule that does something else at each has one site", test_all_differ },
		{ "a rule that does the same at each has one table", test_some_differ },
		{ "what tells paths apart at one of them only", test_other_sites },
		{ "rules of many routes", test_many },
		{ "a listener that became two", test_four_ports },
	};

	return unit_add("ports", tests, ARRAY_LEN(tests));
}
