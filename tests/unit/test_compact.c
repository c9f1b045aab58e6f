/*
 * Tests of what objects keep in little room: it comes out as the file spells
 * it, whatever it is. Must not know how an export is read.
 */
#include "unit.h"

#include "export.h"
#include "import/fields.h"
#include "model/guid.h"
#include "model/names.h"

#define SET "<RuleElements><ComputerSets><ComputerSet StorageName=\"%s\"/></ComputerSets></RuleElements>"

/* Of the usual form, nearly, and not at all; `same` are those that mean one object. */
static const struct {
	const char *s;
	int same;
	bool usual;
} spelt[] = {
	{ "{0123ABCD-4567-89EF-0a1b-2C3D4E5F6789}", 1, false },
	{ "{0123ABCD-4567-89EF-0A1B-2C3D4E5F6789}", 1, true },
	{ "{0123abcd-4567-89ef-0a1b-2c3d4e5f6789}", 1, true },
	{ "0123ABCD-4567-89EF-0A1B-2C3D4E5F6789", 2, false },
	{ "0123abcd-4567-89ef-0a1b-2c3d4e5f6789", 2, false },
	{ "{01234567-0123-4567-8901-234567890123}", 3, true },
	{ "{01234567-0123-4567-8901-234567890124}", 4, true },
	{ "{11234567-0123-4567-8901-234567890123}", 5, true },
	{ "{0123ABCD-4567-89EF-0A1B-2C3D4E5F678G}", 6, false },
	{ "{0123ABCD-4567-89EF-0A1B-2C3D4E5F678}", 7, false },
	{ "{0123ABCD-4567-89EF-0A1B-2C3D4E5F67890}", 8, false },
	{ "{0123ABCD-4567-89EF-0A1B02C3D4E5F6789}", 9, false },
	{ "(0123ABCD-4567-89EF-0A1B-2C3D4E5F6789)", 10, false },
	{ "{0123ABCD-4567-89EF-0A1B-2C3D4E5F678\xc3\xa9}", 11, false },
	{ "{00000000-0000-0000-0000-000000000000}", 12, true },
	{ "{FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF}", 13, true },
	{ "{}", 14, false },
	{ "x", 15, false },
	{ "X", 15, false },
	{ "Default Rule", 16, false },
};

static struct tmg *
read_set(const char *guid, const char *key)
{
	char xml[2048];

	snprintf(xml, sizeof(xml),
	    X_ARRAY(X_L1 SET X_PLAIN("1", "a.contoso.com",
		"<SelectionIPs><Refs>" X_REF("ComputerSet", "%s") "</Refs></SelectionIPs>", X_SITE)),
	    guid, key);
	return export_read(xml);
}

static void
test_guid(void)
{
	char buffer[TMG_GUID_SIZE];

	for (size_t i = 0; i < ARRAY_LEN(spelt); i++) {
		struct tmg *t = read_set(spelt[i].s, "");
		const struct tmg_obj *o = t->inputs->arrays->first[TMG_K_COMPUTER_SET];

		CU_ASSERT_STRING_EQUAL(tmg_guid(o, buffer), spelt[i].s);
		CU_ASSERT_STRING_EQUAL(o->name, spelt[i].s);
		CU_ASSERT(o->guid_bytes == spelt[i].usual && !o->named);
		for (size_t k = 0; k < ARRAY_LEN(spelt); k++)
			CU_ASSERT(guid_is(o, spelt[k].s) == (ascii_casecmp(spelt[i].s, spelt[k].s) == 0));
		CU_ASSERT(!guid_is(o, ""));
		tmg_free(t);
	}
}

/* Every byte, in both cases. */
static void
test_bytes(void)
{
	struct tmg_obj o = { .guid_bytes = true };
	char buffer[TMG_GUID_SIZE], want[TMG_GUID_SIZE];
	uint8_t back[16];

	for (unsigned n = 0; n < 512; n++) {
		uint8_t *b = o.guid.bytes;

		for (unsigned i = 0; i < 16; i++)
			b[i] = (uint8_t)(n + i * 17);
		o.guid_lower = n >= 256;
		snprintf(want, sizeof(want), "{%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X}",
		    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		    b[15]);
		for (size_t i = 0; n >= 256 && want[i] != '\0'; i++)
			want[i] = ascii_lower(want[i]);
		CU_ASSERT_STRING_EQUAL(tmg_guid(&o, buffer), want);
		CU_ASSERT(guid_bytes(want, strlen(want), back) == (n < 256 ? GUID_UPPER : GUID_LOWER));
		CU_ASSERT(memcmp(back, b, sizeof(back)) == 0);
	}
	/* Any other character, in any place, makes text of it. */
	for (size_t i = 0; i < TMG_GUID_SIZE - 1; i++) {
		for (unsigned c = 1; c < 256; c++) {
			bool digit = strchr("0123456789ABCDEFabcdef", (char)c) != NULL;
			bool mark = strchr("{-}", want[i]) != NULL;
			char was = want[i];

			want[i] = (char)c;
			CU_ASSERT(
			    (guid_bytes(want, TMG_GUID_SIZE - 1, back) != GUID_NOT) == (mark ? (char)c == was : digit));
			want[i] = was;
		}
	}
}

/* An object without StorageName, and none at all. */
static void
test_none(void)
{
	char buffer[TMG_GUID_SIZE];
	struct tmg_obj o = { .kind = TMG_K_RULE };
	struct tmg *t = export_read(X_ROOT("<Arrays><Array/></Arrays>"));

	CU_ASSERT_STRING_EQUAL(tmg_guid(&t->inputs->arrays->o, buffer), "");
	CU_ASSERT_STRING_EQUAL(t->inputs->arrays->o.name, "");
	CU_ASSERT_STRING_EQUAL(tmg_guid(&o, buffer), "");
	CU_ASSERT(guid_is(&o, "") && !guid_is(&o, "x"));
	CU_ASSERT_STRING_EQUAL(tmg_class_name(&o), "");
	tmg_free(t);
}

/* A reference finds what is spelt as it is, in any case, and nothing else. */
static void
test_references(void)
{
	for (size_t i = 0; i < ARRAY_LEN(spelt); i++) {
		for (size_t k = 0; k < ARRAY_LEN(spelt); k++) {
			struct tmg *t = read_set(spelt[i].s, spelt[k].s);
			const struct tmg_rule *r = rule_find(t, "r1");
			const struct tmg_ref *ref = r->terms->sources->refs;

			CU_ASSERT((ref->to == t->inputs->arrays->first[TMG_K_COMPUTER_SET]) ==
			    (spelt[i].same == spelt[k].same));
			CU_ASSERT((ref->to == NULL) == (spelt[i].same != spelt[k].same));
			tmg_free(t);
		}
	}
}

/* The name of each element that is an object has its number. */
static void
test_classes(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < field_count; i++) {
		const struct field *f = &fields[i];
		struct tmg_obj o = { 0 };

		if (f->begin != begin_array && f->begin != begin_enterprise && f->begin != begin_object &&
		    f->begin != begin_rule && f->begin != begin_verifier && f->begin != begin_set_member)
			continue;
		n++;
		o.cls = class_number(f->name);
		CU_ASSERT(o.cls != 0);
		CU_ASSERT_STRING_EQUAL(tmg_class_name(&o), f->name);
	}
	CU_ASSERT(n > 20);
	CU_ASSERT(class_number("Ref") == 0);
}

/* What the elements of a rule, or of a set, make of its name and description. */
static void
check_names(const char *elements, const char *name, bool named, const char *description)
{
	static const char guid[] = "{01234567-0123-4567-8901-234567890123}";
	char xml[2048];
	struct tmg *t;

	snprintf(xml, sizeof(xml),
	    X_ARRAY(
		"<RuleElements><ComputerSets><ComputerSet StorageName=\"%s\">%s</ComputerSet></ComputerSets>"
		"</RuleElements><ArrayPolicy><PolicyRules><PolicyRule StorageName=\"%s\"><Enabled>1</Enabled>%s"
		"<WebPublishingProperties>" X_NAMES(
		    "<Str>a.contoso.com</Str>") "</WebPublishingProperties></PolicyRule></PolicyRules></ArrayPolicy>"),
	    guid, elements, guid, elements);
	t = export_read(xml);
	for (int i = 0; i < 2; i++) {
		const struct tmg_rule *r = t->inputs->arrays->rules;
		const struct tmg_obj *o = i == 0 ? t->inputs->arrays->first[TMG_K_COMPUTER_SET] : &r->o;
		const char *d = tmg_description(o);
		struct tmg_public_name n = { 0 };

		CU_ASSERT_STRING_EQUAL(o->name, name != NULL ? name : guid);
		CU_ASSERT(o->named == named);
		CU_ASSERT((d == NULL) == (description == NULL));
		if (d != NULL && description != NULL)
			CU_ASSERT_STRING_EQUAL(d, description);
		CU_ASSERT(tmg_next_name(r, &n) && strcmp(n.s, "a.contoso.com") == 0);
		CU_ASSERT(!tmg_next_name(r, &n));
	}
	tmg_free(t);
}

static void
test_description(void)
{
#define N(s) "<Name>" s "</Name>"
#define D(s) "<Description>" s "</Description>"
	check_names("", NULL, false, NULL);
	check_names(N("n"), "n", true, NULL);
	check_names(D("d"), NULL, false, "d");
	check_names(N("n") D("d"), "n", true, "d");
	check_names(D("d") N("n"), "n", true, "d");
	check_names(D("d") N("n") D("longer"), "n", true, "longer");
	check_names(N("n") D("d") N("another"), "another", true, "d");
	check_names(N("one") N("two"), "two", true, NULL);
	check_names(D("one") D("two"), NULL, false, "two");
	check_names(D("d") D("") N("n"), "n", true, "");
	check_names(D("") N(""), NULL, false, "");
	check_names(N("n") N(""), "n", true, NULL);
	check_names(N("") D("d"), NULL, false, "d");
#undef N
#undef D
}

/* Names in two lists, empty ones among them, with any number of lines between. */
static void
test_public_names(void)
{
	static const struct {
		const char *s;
		uint32_t line;
	} want[] = { { "a", 2 }, { "b", 2 }, { "", 3 }, { "c", 131 }, { "d", 259 }, { "e", 20004 } };
	struct tmg_public_name n = { 0 };
	struct strbuf b;
	struct tmg *t;
	size_t i = 0;

	sb_init(&b, NULL);
	sb_puts(&b,
	    "<Root xmlns=\"" X_NS "\"><Arrays><Array><ArrayPolicy><PolicyRules><PolicyRule>\n"
	    "<WebPublishingProperties><PublicNames><PublicNameStrings><Str>a</Str><Str>b</Str>\n<Str/>");
	for (uint32_t line = 3; line < 20004; line++) {
		sb_puts(&b, "\n");
		if (line == 130)
			sb_puts(&b, "<Str>c</Str></PublicNameStrings></PublicNames><PublicNames><PublicNameStrings>");
		if (line == 258)
			sb_puts(&b, "<Str> d </Str>");
	}
	sb_puts(&b,
	    "<Str>e</Str></PublicNameStrings></PublicNames></WebPublishingProperties></PolicyRule>"
	    "<PolicyRule><Name>no names</Name></PolicyRule></PolicyRules></ArrayPolicy></Array></Arrays></Root>");
	t = export_read(b.s);
	CU_ASSERT_FATAL(t->inputs != NULL && t->inputs->arrays->rule_count == 2);
	for (; tmg_next_name(t->inputs->arrays->rules, &n); i++) {
		CU_ASSERT_FATAL(i < ARRAY_LEN(want));
		CU_ASSERT_STRING_EQUAL(n.s, want[i].s);
		CU_ASSERT(n.line == want[i].line);
	}
	CU_ASSERT(i == ARRAY_LEN(want));
	n.s = NULL;
	CU_ASSERT(!tmg_next_name(rule_find(t, "no names"), &n));
	tmg_free(t);
	sb_free(&b);
}

/* Any line, even one above the name before it, as a reader at its wits' end might say. */
static void
test_lines(void)
{
	static const uint32_t lines[] = { 7, 7, 8, 134, 135, 16519, UINT32_MAX - 1, UINT32_MAX, 0, UINT32_MAX, 5, 4,
		0 };
	struct tmg_rule rule = { .o.line = 7 };
	struct tmg_public_name n = { 0 };
	struct name_list l = { 0 };
	struct strbuf b;

	sb_init(&l.text, NULL);
	sb_init(&b, NULL);
	names_begin(&l, rule.o.line);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		names_put(&l, i % 2 == 0 ? "" : "x", lines[i]);
	sb_putn(&b, "rule", 5);
	sb_putn(&b, l.text.s, l.text.len + 1);
	rule.o.name = b.s;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		CU_ASSERT_FATAL(tmg_next_name(&rule, &n));
		CU_ASSERT(n.line == lines[i] && strlen(n.s) == i % 2);
	}
	CU_ASSERT(!tmg_next_name(&rule, &n));
	sb_free(&b);
	sb_free(&l.text);
}

/* Very many names of one rule. */
static void
test_many(void)
{
	struct tmg_public_name n = { 0 };
	char want[32];
	struct strbuf b;
	struct tmg *t;
	unsigned i = 0;

	sb_init(&b, NULL);
	sb_puts(&b,
	    "<Root xmlns=\"" X_NS "\"><Arrays><Array><ArrayPolicy><PolicyRules><PolicyRule><Name>r</Name>"
	    "<WebPublishingProperties><PublicNames><PublicNameStrings>");
	for (unsigned k = 0; k < 20000; k++)
		sb_fmt(&b, "\n<Str>n%u.contoso.com</Str>", k);
	sb_puts(&b,
	    "</PublicNameStrings></PublicNames></WebPublishingProperties></PolicyRule></PolicyRules>"
	    "</ArrayPolicy></Array></Arrays></Root>");
	t = export_read(b.s);
	for (; tmg_next_name(rule_find(t, "r"), &n); i++) {
		snprintf(want, sizeof(want), "n%u.contoso.com", i);
		if (strcmp(n.s, want) != 0 || n.line != i + 2)
			break;
	}
	CU_ASSERT(i == 20000);
	tmg_free(t);
	sb_free(&b);
}

/* What 60,000 of may lie in memory. */
static void
test_sizes(void)
{
	CU_ASSERT(sizeof(struct tmg_obj) <= 48);
	CU_ASSERT(sizeof(struct tmg_rule) <= 80);
}

int
suite_compact(void)
{
	static const struct unit_test tests[] = {
		{ "a GUID as it is spelt", test_guid },
		{ "a GUID's bytes", test_bytes },
		{ "no GUID", test_none },
		{ "references in all spellings", test_references },
		{ "names of elements", test_classes },
		{ "name and description in any order", test_description },
		{ "public names and their lines", test_public_names },
		{ "lines of public names", test_lines },
		{ "very many public names", test_many },
		{ "sizes", test_sizes },
	};

	return unit_add("compact", tests, ARRAY_LEN(tests));
}
