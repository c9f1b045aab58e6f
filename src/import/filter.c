/*
 * The HTTP filter: XML text inside a vendor parameter set. Says in words
 * what it restricts; what restricts nothing is not mentioned. Knows the XML
 * library, not the model beyond the record that it fills.
 */
#include "import/read.h"

#include <libxml/parser.h>

#include "base/text.h"

/* The product's own default for URL and query length; larger ones restrict nothing here. */
#define DEFAULT_LENGTH 10240

struct filter {
	struct strbuf out;
	bool stopped;
	xmlParserCtxtPtr parser;
};

/* What a value of an attribute means. */
enum rule_kind {
	R_HARMLESS,  /* whatever it says */
	R_ON,        /* restricts unless 0 */
	R_OFF,       /* restricts when 0 */
	R_LENGTH,    /* restricts when above 0 and below the default */
	R_POSITIVE,  /* restricts when above 0 */
	R_CONDITION, /* 1 only the listed, 2 all but the listed */
};

static const struct {
	const char *element, *attribute;
	enum rule_kind kind;
} known[] = {
	{ "Configuration", "BlockExecutables", R_ON },
	{ "Configuration", "ViaHeaderAction", R_ON },
	{ "Configuration", "NewViaHeaderValue", R_HARMLESS },
	{ "Configuration", "ServerHeaderAction", R_ON },
	{ "Configuration", "NewServerHeaderValue", R_HARMLESS },
	{ "Configuration", "MaxRequestBodyLen", R_POSITIVE },
	{ "UrlValidation", "NormalizeBeforeScan", R_HARMLESS },
	{ "UrlValidation", "VerifyNormalization", R_ON },
	{ "UrlValidation", "AllowHighBitCharacters", R_OFF },
	{ "UrlValidation", "BlockDotInPath", R_ON },
	{ "UrlValidation", "MaxLength", R_LENGTH },
	{ "UrlValidation", "MaxQueryLength", R_LENGTH },
	{ "Extensions", "AllowCondition", R_CONDITION },
	{ "Verbs", "AllowCondition", R_CONDITION },
	{ "Extension", "Value", R_HARMLESS },
	{ "Extension", "Description", R_HARMLESS },
	{ "Verb", "Value", R_HARMLESS },
	{ "Verb", "Description", R_HARMLESS },
	{ "RequestHeaders", NULL, R_HARMLESS },
	{ "RequestHeader", "HeaderName", R_HARMLESS },
	{ "RequestHeader", "Allow", R_OFF },
	{ "RequestHeader", "MaxValueLength", R_POSITIVE },
	{ "ResponseHeaders", NULL, R_HARMLESS },
	{ "ResponseHeader", "HeaderName", R_HARMLESS },
	{ "ResponseHeader", "Allow", R_OFF },
	{ "ResponseHeader", "MaxValueLength", R_POSITIVE },
	{ "DeniedSignatures", NULL, R_HARMLESS },
	{ "Signature", "Name", R_HARMLESS },
	{ "Signature", "Description", R_HARMLESS },
	{ "Signature", "Enabled", R_ON },
	{ "Signature", "Pattern", R_HARMLESS },
	{ "Signature", "FormatIsText", R_HARMLESS },
	{ "Signature", "SearchInType", R_HARMLESS },
	{ "Signature", "SearchInHeader", R_HARMLESS },
	{ "Signature", "From", R_HARMLESS },
	{ "Signature", "To", R_HARMLESS },
};

static bool
restricts(enum rule_kind kind, const char *s)
{
	bool yes = ascii_casecmp(s, "true") == 0;
	long v = yes ? 1 : strtol(s, NULL, 10);

	switch (kind) {
	case R_HARMLESS: return false;
	case R_ON:
	case R_CONDITION: return v != 0;
	case R_OFF: return v == 0;
	case R_LENGTH: return v > 0 && v < DEFAULT_LENGTH;
	case R_POSITIVE: return v > 0;
	}
	return true;
}

static void
mention(struct filter *f, const char *element, const char *attribute, const char *value)
{
	if (f->out.len > 160)
		return;
	if (f->out.len != 0)
		sb_puts(&f->out, ", ");
	text_safe(&f->out, element, 40);
	if (attribute != NULL) {
		sb_putc(&f->out, ' ');
		text_safe(&f->out, attribute, 40);
		sb_puts(&f->out, " = ");
		text_safe(&f->out, value, 20);
	}
}

static void
judge_attribute(struct filter *f, const char *element, const char *attribute, const char *value, bool *seen)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (ascii_casecmp(known[i].element, element) != 0)
			continue;
		*seen = true;
		if (attribute == NULL || known[i].attribute == NULL ||
		    ascii_casecmp(known[i].attribute, attribute) != 0)
			continue;
		if (restricts(known[i].kind, value))
			mention(f, element, attribute, value);
		return;
	}
	if (attribute != NULL || !*seen)
		mention(f, element, attribute, value);
}

/* Entries that stand for a refusal unless an attribute takes it back: when it
 * is absent, nobody knows that it does. */
static void
judge_absent(struct filter *f, const char *element, int n_attr, const xmlChar **a)
{
	static const char *const pairs[][2] = { { "Signature", "Enabled" }, { "RequestHeader", "Allow" },
		{ "ResponseHeader", "Allow" } };

	for (size_t k = 0; k < ARRAY_LEN(pairs); k++) {
		bool there = false;
		if (ascii_casecmp(pairs[k][0], element) != 0)
			continue;
		for (int i = 0; i < n_attr; i++)
			there |= ascii_casecmp((const char *)a[5 * i], pairs[k][1]) == 0;
		if (!there)
			mention(f, element, pairs[k][1], "(absent)");
	}
}

static void
on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns, const xmlChar **ns,
    int n_attr, int n_dflt, const xmlChar **a)
{
	struct filter *f = ctx;
	bool seen = false;

	(void)prefix;
	(void)uri;
	(void)n_ns;
	(void)ns;
	(void)n_dflt;
	judge_absent(f, (const char *)name, n_attr, a);
	if (n_attr == 0)
		judge_attribute(f, (const char *)name, NULL, "", &seen);
	for (int i = 0; i < n_attr; i++, a += 5) {
		char value[64];
		size_t n = (size_t)(a[4] - a[3]);
		n = n < sizeof(value) - 1 ? n : sizeof(value) - 1;
		memcpy(value, a[3], n);
		value[n] = '\0';
		judge_attribute(f, (const char *)name, (const char *)a[0], value, &seen);
	}
}

static void
on_doctype(void *ctx, const xmlChar *name, const xmlChar *ext, const xmlChar *sys)
{
	struct filter *f = ctx;

	(void)name;
	(void)ext;
	(void)sys;
	f->stopped = true;
	xmlStopParser(f->parser);
}

static void
on_error(void *ctx, xmlErrorPtr e)
{
	(void)ctx;
	(void)e;
}

void
filter_read(struct reader *r, struct tmg_vendor *v)
{
	struct filter f = { .stopped = false };
	const struct tmg_vendor_value *val = v->values;
	xmlSAXHandler sax;
	size_t len;

	while (val != NULL && ascii_casecmp(val->name, "XML_POLICY") != 0)
		val = val->next;
	if (val == NULL || (len = strlen(val->text)) > INT32_MAX)
		return;
	memset(&sax, 0, sizeof(sax));
	sax.initialized = XML_SAX2_MAGIC;
	sax.startElementNs = on_start;
	sax.internalSubset = on_doctype;
	sax.serror = on_error;
	sb_init(&f.out, &r->t->budget);
	if ((f.parser = xmlCreatePushParserCtxt(&sax, &f, NULL, 0, NULL)) != NULL) {
		/* The text came out of UTF-16; what its declaration says no longer holds. */
		xmlCtxtUseOptions(f.parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
		xmlParseChunk(f.parser, val->text, (int)len, 1);
		v->broken |= f.stopped || !f.parser->wellFormed;
		xmlFreeDoc(f.parser->myDoc);
		xmlFreeParserCtxt(f.parser);
	} else
		v->broken = true;
	if (f.out.len != 0)
		v->settings = reader_text(r, f.out.s, f.out.len);
	sb_free(&f.out);
}
