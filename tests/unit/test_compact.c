/*
 * Tests of what objects keep in little room: it comes out as the file spells
 * it, whatever it is. Must not know how an export is read.
 */
#include "unit.h"

#include "export.h"
#include "import/fields.h"
#include "model/guid.h"

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

int
suite_compact(void)
{
	static const struct unit_test tests[] = {
		{ "a GUID as it is spelt", test_guid },
		{ "a GUID's bytes", test_bytes },
		{ "no GUID", test_none },
		{ "references in all spellings", test_references },
		{ "names of elements", test_classes },
	};

	return unit_add("compact", tests, ARRAY_LEN(tests));
}
