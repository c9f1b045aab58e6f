/*
 * The HTTP filter: XML text inside a vendor parameter set, read into its
 * record; what the record restricts, in words. What is not known, or cannot be
 * read, is kept in words: it may restrict. Knows the XML library, not the
 * model beyond the record that it fills.
 */
#include "import/read.h"

#include <libxml/parser.h>

#include "base/text.h"
#include "model/filter.h"

#define SETTINGS_MAX 400 /* bytes of the settings in words */

struct parse {
	struct reader *r;
	struct tmg_http_filter *f;
	struct strbuf value, word; /* for one attribute */
	struct tmg_filter_header *header;
	struct tmg_filter_signature *signature;
	bool stopped;
	xmlParserCtxtPtr parser;
};

/* What an attribute says. */
enum attribute_kind {
	A_NONE, /* nothing that matters */
	A_BOOL,
	A_INT,
	A_LONG,
	A_TEXT,
	A_ENTRY /* a member of the list of its element */
};

/* Whose member it is. */
enum attribute_owner { O_FILTER, O_HEADER, O_SIGNATURE };

#define F(member) O_FILTER, offsetof(struct tmg_http_filter, member)
#define H(member) O_HEADER, offsetof(struct tmg_filter_header, member)
#define S(member) O_SIGNATURE, offsetof(struct tmg_filter_signature, member)

static const struct known {
	const char *element, *attribute; /* NULL: the element itself, without attributes */
	enum attribute_kind kind;
	enum attribute_owner owner;
	size_t offset;
	uint32_t stated; /* enum tmg_filter_stated */
	int max;         /* of an A_INT that counts kinds: what is above is not known */
} known[] = {
	{ "Configuration", "BlockExecutables", A_BOOL, F(block_executables), TMG_FS_EXECUTABLES, 0 },
	{ "Configuration", "ViaHeaderAction", A_INT, F(via_header), TMG_FS_VIA, 1 },
	{ "Configuration", "NewViaHeaderValue", A_TEXT, F(via_value), 0, 0 },
	{ "Configuration", "ServerHeaderAction", A_INT, F(server_header), TMG_FS_SERVER, 2 },
	{ "Configuration", "NewServerHeaderValue", A_TEXT, F(server_value), 0, 0 },
	{ "Configuration", "MaxRequestBodyLen", A_LONG, F(max_body), TMG_FS_MAX_BODY, 0 },
	{ "UrlValidation", "NormalizeBeforeScan", A_BOOL, F(normalize), TMG_FS_NORMALIZE, 0 },
	{ "UrlValidation", "VerifyNormalization", A_BOOL, F(verify_normalization), TMG_FS_VERIFY, 0 },
	{ "UrlValidation", "AllowHighBitCharacters", A_BOOL, F(high_bit), TMG_FS_HIGH_BIT, 0 },
	{ "UrlValidation", "BlockDotInPath", A_BOOL, F(block_dot_in_path), TMG_FS_DOT_IN_PATH, 0 },
	{ "UrlValidation", "MaxLength", A_LONG, F(max_url), TMG_FS_MAX_URL, 0 },
	{ "UrlValidation", "MaxQueryLength", A_LONG, F(max_query), TMG_FS_MAX_QUERY, 0 },
	{ "Extensions", "AllowCondition", A_INT, F(extension_condition), TMG_FS_EXTENSIONS, 2 },
	{ "Verbs", "AllowCondition", A_INT, F(verb_condition), TMG_FS_VERBS, 2 },
	{ "Extension", "Value", A_ENTRY, F(extensions), 0, 0 },
	{ "Extension", "Description", A_NONE, F(unknown), 0, 0 },
	{ "Verb", "Value", A_ENTRY, F(verbs), 0, 0 },
	{ "Verb", "Description", A_NONE, F(unknown), 0, 0 },
	{ "RequestHeaders", NULL, A_NONE, F(unknown), 0, 0 },
	{ "RequestHeader", "HeaderName", A_TEXT, H(name), 0, 0 },
	{ "RequestHeader", "Allow", A_BOOL, H(allow), 0, 0 },
	{ "RequestHeader", "MaxValueLength", A_LONG, H(max_value), 0, 0 },
	{ "ResponseHeaders", NULL, A_NONE, F(unknown), 0, 0 },
	{ "ResponseHeader", "HeaderName", A_TEXT, H(name), 0, 0 },
	{ "ResponseHeader", "Allow", A_BOOL, H(allow), 0, 0 },
	{ "ResponseHeader", "MaxValueLength", A_LONG, H(max_value), 0, 0 },
	{ "DeniedSignatures", NULL, A_NONE, F(unknown), 0, 0 },
	{ "Signature", "Name", A_TEXT, S(name), 0, 0 },
	{ "Signature", "Description", A_NONE, F(unknown), 0, 0 },
	{ "Signature", "Enabled", A_BOOL, S(enabled), 0, 0 },
	{ "Signature", "Pattern", A_TEXT, S(pattern), 0, 0 },
	{ "Signature", "FormatIsText", A_BOOL, S(text), 0, 0 },
	{ "Signature", "SearchInType", A_INT, S(where), 0, 4 },
	{ "Signature", "SearchInHeader", A_TEXT, S(header), 0, 0 },
	{ "Signature", "From", A_LONG, S(from), 0, 0 },
	{ "Signature", "To", A_LONG, S(to), 0, 0 },
};

/* Something that may restrict, and nobody knows how. */
static void
unknown(struct parse *p, const char *element, const char *attribute, const char *value)
{
	struct tmg_text *x = reader_alloc(p->r, sizeof(*x));

	sb_clear(&p->word);
	text_safe(&p->word, element, 40);
	if (attribute != NULL) {
		sb_putc(&p->word, '/');
		text_safe(&p->word, attribute, 40);
		sb_puts(&p->word, " = ");
		text_safe(&p->word, value, 40);
	}
	if (x == NULL)
		return;
	x->s = reader_text(p->r, p->word.s, p->word.len);
	LIST_PUSH(p->f->unknown, x);
}

static bool
read_bool(const char *s, bool *out)
{
	bool yes = strcmp(s, "1") == 0 || strcmp(s, "-1") == 0 || ascii_casecmp(s, "true") == 0;

	if (!yes && strcmp(s, "0") != 0 && ascii_casecmp(s, "false") != 0)
		return false;
	*out = yes;
	return true;
}

static bool
read_long(const char *s, int64_t *out)
{
	bool minus = *s == '-';
	int64_t v = 0;

	s += minus;
	if (*s == '\0')
		return false;
	for (; *s >= '0' && *s <= '9' && v < INT64_MAX / 100; s++)
		v = v * 10 + (*s - '0');
	if (*s != '\0')
		return false;
	*out = minus ? -v : v;
	return true;
}

/* The record that a row belongs to. */
static char *
owner_of(struct parse *p, enum attribute_owner owner)
{
	switch (owner) {
	case O_HEADER: return (char *)p->header;
	case O_SIGNATURE: return (char *)p->signature;
	default: return (char *)p->f;
	}
}

static bool
store(struct parse *p, const struct known *k, const char *value, void *at)
{
	struct tmg_text *x;
	int64_t v;

	switch (k->kind) {
	case A_NONE: return true;
	case A_BOOL: return read_bool(value, at);
	case A_LONG: return read_long(value, at);
	case A_INT:
		if (!read_long(value, &v) || v < 0 || v > k->max)
			return false;
		*(int *)at = (int)v;
		return true;
	case A_TEXT: *(const char **)at = reader_text(p->r, value, strlen(value)); return true;
	case A_ENTRY:
		if ((x = reader_alloc(p->r, sizeof(*x))) != NULL) {
			x->s = reader_text(p->r, value, strlen(value));
			LIST_PUSH(*(struct tmg_text **)at, x);
		}
		return true;
	}
	return false;
}

static void
take_attribute(struct parse *p, const char *element, const char *attribute, const char *value, bool *element_known)
{
	const struct known *k;
	char *record;

	for (k = known; k < known + ARRAY_LEN(known); k++) {
		if (ascii_casecmp(k->element, element) != 0)
			continue;
		*element_known = true;
		if (attribute == NULL || k->attribute == NULL || ascii_casecmp(k->attribute, attribute) != 0)
			continue;
		record = owner_of(p, k->owner);
		if (record == NULL)
			return; /* no memory: the reader stops */
		if (!store(p, k, value, record + k->offset))
			unknown(p, element, attribute, value);
		p->f->stated |= k->stated;
		if (k->kind == A_BOOL && k->owner == O_HEADER)
			p->header->allow_stated = true;
		if (k->kind == A_BOOL && k->owner == O_SIGNATURE) {
			p->signature->enabled_stated |= k->offset == offsetof(struct tmg_filter_signature, enabled);
			p->signature->text_stated |= k->offset == offsetof(struct tmg_filter_signature, text);
		}
		return;
	}
	if (attribute != NULL || !*element_known)
		unknown(p, element, attribute, value);
}

/* Entries begin a record of their own. They refuse unless an attribute takes
 * it back: when it is absent, nobody knows that it does. */
static void
begin_entry(struct parse *p, const char *element)
{
	bool response = ascii_casecmp(element, "ResponseHeader") == 0;

	if (response || ascii_casecmp(element, "RequestHeader") == 0) {
		if ((p->header = reader_alloc(p->r, sizeof(*p->header))) == NULL)
			return;
		p->header->response = response;
		p->header->name = "";
		LIST_PUSH(p->f->headers, p->header);
	} else if (ascii_casecmp(element, "Signature") == 0) {
		if ((p->signature = reader_alloc(p->r, sizeof(*p->signature))) == NULL)
			return;
		p->signature->name = p->signature->pattern = p->signature->header = "";
		p->signature->enabled = true;
		p->signature->where = -1;
		p->signature->from = p->signature->to = -1;
		LIST_PUSH(p->f->signatures, p->signature);
	}
}

static void
on_start(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int n_ns, const xmlChar **ns,
    int n_attr, int n_dflt, const xmlChar **a)
{
	struct parse *p = ctx;
	bool seen = false;

	(void)prefix;
	(void)uri;
	(void)n_ns;
	(void)ns;
	(void)n_dflt;
	begin_entry(p, (const char *)name);
	if (n_attr == 0)
		take_attribute(p, (const char *)name, NULL, "", &seen);
	for (int i = 0; i < n_attr; i++, a += 5) {
		sb_clear(&p->value);
		sb_putn(&p->value, (const char *)a[3], (size_t)(a[4] - a[3]));
		take_attribute(p, (const char *)name, (const char *)a[0], p->value.s, &seen);
	}
}

static void
on_doctype(void *ctx, const xmlChar *name, const xmlChar *ext, const xmlChar *sys)
{
	struct parse *p = ctx;

	(void)name;
	(void)ext;
	(void)sys;
	p->stopped = true;
	xmlStopParser(p->parser);
}

static void
on_error(void *ctx, xmlErrorPtr e)
{
	(void)ctx;
	(void)e;
}

static bool
parse_policy(struct parse *p, const char *text, size_t len)
{
	xmlSAXHandler sax;
	bool good;

	memset(&sax, 0, sizeof(sax));
	sax.initialized = XML_SAX2_MAGIC;
	sax.startElementNs = on_start;
	sax.internalSubset = on_doctype;
	sax.serror = on_error;
	if ((p->parser = xmlCreatePushParserCtxt(&sax, p, NULL, 0, NULL)) == NULL)
		return false;
	/* The text came out of UTF-16; what its declaration says no longer holds. There are
	 * no entities but the five of XML: without NOENT these would come as written. */
	xmlCtxtUseOptions(p->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC | XML_PARSE_NOENT);
	xmlParseChunk(p->parser, text, (int)len, 1);
	good = !p->stopped && p->parser->wellFormed;
	xmlFreeDoc(p->parser->myDoc);
	xmlFreeParserCtxt(p->parser);
	return good;
}

static void
finish(struct parse *p)
{
	struct tmg_http_filter *f = p->f;

	/* A list without a word on what it is for. */
	if (f->verbs != NULL && (f->stated & TMG_FS_VERBS) == 0)
		unknown(p, "Verbs", "AllowCondition", "(absent)");
	if (f->extensions != NULL && (f->stated & TMG_FS_EXTENSIONS) == 0)
		unknown(p, "Extensions", "AllowCondition", "(absent)");
	LIST_REVERSE(struct tmg_text, f->verbs);
	LIST_REVERSE(struct tmg_text, f->extensions);
	LIST_REVERSE(struct tmg_text, f->unknown);
	LIST_REVERSE(struct tmg_filter_header, f->headers);
	LIST_REVERSE(struct tmg_filter_signature, f->signatures);
}

static void
mention(void *ctx, const struct filter_setting *s)
{
	struct strbuf *out = ctx;

	if (out->len > SETTINGS_MAX)
		return;
	if (out->len != 0)
		sb_puts(out, ", ");
	sb_puts(out, s->words);
}

void
filter_read(struct reader *r, struct tmg_vendor *v)
{
	struct parse p = { .r = r };
	const struct tmg_vendor_value *val = v->values;
	struct strbuf words;
	size_t len;

	while (val != NULL && ascii_casecmp(val->name, "XML_POLICY") != 0)
		val = val->next;
	if (val == NULL || (len = strlen(val->text)) > INT32_MAX)
		return;
	if ((p.f = reader_alloc(r, sizeof(*p.f))) == NULL)
		return;
	p.f->high_bit = p.f->normalize = true;
	p.f->server_value = p.f->via_value = "";
	sb_init(&p.value, &r->t->budget);
	sb_init(&p.word, &r->t->budget);
	sb_init(&words, &r->t->budget);
	if (parse_policy(&p, val->text, len) && !p.value.failed) {
		finish(&p);
		v->filter = p.f;
		filter_each(p.f, &p.word, mention, &words);
		if (words.len != 0)
			v->settings = reader_text(r, words.s, words.len);
	} else {
		v->broken = true;
	}
	sb_free(&p.value);
	sb_free(&p.word);
	sb_free(&words);
}
