/*
 * Certificates: PEM, DER or PKCS #7, one or a chain, by libcrypto. Private keys
 * in the same file are passed over and wiped; nothing here takes one apart.
 * Must not know which names a listener needs, nor what day it is.
 */
#include "import/unread.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "import/site.h"

#define NAME_SHOWN 200u /* characters of a subject */
#define CERT_TEXT(n) CERT_TEXT_OF(n)
#define CERT_TEXT_OF(n) #n

struct reader {
	struct site *s;
	const char *file;
	struct strbuf bytes; /* the whole file */
	struct certificate *first, **last;
	X509 **x; /* the same, as libcrypto holds them */
	size_t count;
	size_t names;       /* of all certificates */
	size_t odd_names;   /* left out */
	const char *odd;    /* the first of them */
	bool keys;          /* a private key was passed over */
	enum tmg_status rc; /* TMG_OK so far */
	enum diag_id error; /* and what else there is to say */
	const char *detail; /* a literal */
};

/* Notes the first error; answers false for the caller to hand on. */
static bool
fail(struct reader *r, enum diag_id id, const char *detail)
{
	if (r->rc == TMG_OK) {
		r->rc = TMG_EINPUT;
		r->error = id;
		r->detail = detail;
	}
	return false;
}

static bool
no_memory(struct reader *r)
{
	if (r->rc == TMG_OK)
		r->rc = TMG_ENOMEM;
	return false;
}

/* libcrypto refused something: for want of memory, or because it is broken. */
static bool
refused(struct reader *r, const char *what)
{
	if (ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE)
		return no_memory(r);
	return fail(r, D_CERT_BROKEN, what);
}

/* ---- What a certificate says -------------------------------------------- */

/* A name as one line, the most specific part first, as Windows shows it. */
static const char *
name_line(struct reader *r, const X509_NAME *name)
{
	static const unsigned long form =
	    (XN_FLAG_RFC2253 & ~XN_FLAG_SEP_MASK & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) | XN_FLAG_SEP_CPLUS_SPC;
	BIO *bio = BIO_new(BIO_s_mem());
	const char *line = NULL;
	struct strbuf raw, safe;
	char *text = NULL;
	long n;

	sb_init(&raw, &r->s->budget);
	sb_init(&safe, &r->s->budget);
	if (bio == NULL || X509_NAME_print_ex(bio, name, 0, form) < 0)
		goto out;
	n = BIO_get_mem_data(bio, &text);
	sb_putn(&raw, text, n > 0 ? (size_t)n : 0);
	text_safe(&safe, raw.s, NAME_SHOWN);
	if (!raw.failed && !safe.failed)
		line = arena_str(&r->s->mem, safe.s);
out:
	if (line == NULL)
		no_memory(r);
	BIO_free(bio);
	sb_free(&raw);
	sb_free(&safe);
	return line;
}

/* Keeps the first name that no client can match, for one message. */
static bool
odd_name(struct reader *r, const char *s, size_t n)
{
	if (r->odd_names++ == 0) {
		r->odd = arena_strn(&r->s->mem, s, n);
		if (r->odd == NULL)
			return no_memory(r);
	}
	return true;
}

/* The most specific common name. */
static bool
read_common_name(struct reader *r, struct certificate *c, const X509_NAME *subject)
{
	unsigned char *text = NULL;
	int at = -1, next, n;

	while ((next = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
		at = next;
	if (at < 0)
		return true;
	n = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
	if (n < 0)
		return refused(r, "its common name is not text");
	if (memchr(text, '\0', (size_t)n) != NULL) {
		odd_name(r, (const char *)text, (size_t)n); /* shown up to the NUL, never used */
	} else {
		c->common_name = arena_strn(&r->s->mem, (const char *)text, (size_t)n);
		if (c->common_name == NULL)
			no_memory(r);
	}
	OPENSSL_free(text);
	return r->rc == TMG_OK;
}

static bool
add_name(struct reader *r, struct tmg_text ***last, const char *s, size_t n)
{
	struct tmg_text *t = NULL;
	const char *given = arena_strn(&r->s->mem, s, n);
	struct strbuf host;
	bool wild, good;

	if (given == NULL)
		return no_memory(r);
	if (++r->names > CERT_MAX_NAMES)
		return fail(r, D_LIMIT, "more than " CERT_TEXT(CERT_MAX_NAMES) " names");
	sb_init(&host, &r->s->budget);
	/* An address is no DNS name: clients look for it elsewhere. */
	good = memchr(s, '\0', n) == NULL && !host_is_address(given) && host_canonical(given, &host, &wild);
	if (good && !host.failed) {
		t = arena_alloc(&r->s->mem, sizeof(*t));
		if (t != NULL)
			t->s = arena_fmt(&r->s->mem, "%s%s", wild ? "*." : "", host.s);
	}
	if (host.failed || (good && (t == NULL || t->s == NULL)))
		no_memory(r);
	else if (!good)
		odd_name(r, s, n);
	else {
		**last = t;
		*last = &t->next;
	}
	sb_free(&host);
	return r->rc == TMG_OK;
}

static bool
read_names(struct reader *r, struct certificate *c, const X509 *x)
{
	int critical = 0;
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, &critical, NULL);
	struct tmg_text **last = &c->names;

	c->has_san = critical != -1;
	if (all == NULL)
		return c->has_san ? refused(r, "its subjectAltName cannot be read") : true;
	for (int i = 0; i < sk_GENERAL_NAME_num(all) && r->rc == TMG_OK; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(all, i);

		int n = g->type == GEN_DNS ? ASN1_STRING_length(g->d.dNSName) : 0;

		if (g->type == GEN_DNS)
			add_name(r, &last, n > 0 ? (const char *)ASN1_STRING_get0_data(g->d.dNSName) : "", (size_t)n);
	}
	GENERAL_NAMES_free(all);
	return r->rc == TMG_OK;
}

/* Seconds since 1970; no time zone of the process takes part. */
static bool
read_time(const ASN1_TIME *t, int64_t *seconds)
{
	struct tm tm;
	int64_t y, m, days;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	/* Years that begin in March: the day that is there or not is the last one. */
	m = tm.tm_mon >= 2 ? tm.tm_mon - 2 : tm.tm_mon + 10;
	y = (int64_t)tm.tm_year + 1900 - (tm.tm_mon < 2);
	days = y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + tm.tm_mday - 1 - 719468;
	*seconds = ((days * 24 + tm.tm_hour) * 60 + tm.tm_min) * 60 + tm.tm_sec;
	return true;
}

static bool
read_thumbprint(struct reader *r, struct certificate *c, const X509 *x)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	if (X509_digest(x, EVP_sha1(), sum, &n) != 1 || 2 * n >= sizeof(c->sha1))
		return refused(r, "its SHA-1 thumbprint cannot be made here");
	for (unsigned int i = 0; i < n; i++) {
		c->sha1[2 * i] = hex[sum[i] >> 4];
		c->sha1[2 * i + 1] = hex[sum[i] & 15];
	}
	return true;
}

static void
read_usage(struct certificate *c, X509 *x)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	uint32_t usage;
	int md = NID_undef;

	c->key_bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;
	c->is_ca = (X509_get_extension_flags(x) & EXFLAG_CA) != 0;
	usage = X509_get_extended_key_usage(x); /* all bits when there is none */
	c->server_auth = (usage & (XKU_SSL_SERVER | XKU_ANYEKU)) != 0;
	c->self_signed = X509_self_signed(x, 1) == 1;
	X509_get_signature_info(x, &md, NULL, NULL, NULL);
	c->sha1_signature = md == NID_sha1 || md == NID_md5;
}

/* Takes x. */
static bool
add_certificate(struct reader *r, X509 *x)
{
	struct certificate *c;

	if (r->count == CERT_MAX_COUNT) {
		X509_free(x);
		return fail(r, D_LIMIT, "more than " CERT_TEXT(CERT_MAX_COUNT) " certificates");
	}
	r->x[r->count++] = x;
	c = arena_alloc(&r->s->mem, sizeof(*c));
	if (c == NULL)
		return no_memory(r);
	*r->last = c;
	r->last = &c->next;
	c->subject = name_line(r, X509_get_subject_name(x));
	c->issuer = name_line(r, X509_get_issuer_name(x));
	if (c->subject == NULL || c->issuer == NULL || !read_common_name(r, c, X509_get_subject_name(x)) ||
	    !read_names(r, c, x) || !read_thumbprint(r, c, x))
		return false;
	if (!read_time(X509_get0_notBefore(x), &c->not_before) || !read_time(X509_get0_notAfter(x), &c->not_after))
		return fail(r, D_CERT_BROKEN, "its validity cannot be read");
	read_usage(c, x);
	return true;
}

/* ---- Forms of files ----------------------------------------------------- */

static bool
issued_by(X509 *x, X509 *issuer)
{
	EVP_PKEY *key = X509_get0_pubkey(issuer);

	return X509_check_issued(issuer, x) == X509_V_OK && key != NULL && X509_verify(x, key) == 1;
}

/* The certificates of a PKCS #7 file are a set, without order: the first that is no
 * authority's is put first, behind each the one that issued it, then the others. */
static void
put_in_order(X509 **x, size_t n)
{
	for (size_t at = 0; at < n; at++) {
		size_t pick = at;

		while (pick < n &&
		    (at == 0 ? (X509_get_extension_flags(x[pick]) & EXFLAG_CA) != 0 : !issued_by(x[at - 1], x[pick])))
			pick++;
		if (pick < n) {
			X509 *found = x[pick];

			memmove(&x[at + 1], &x[at], (pick - at) * sizeof(x[0]));
			x[at] = found;
		} else if (at > 0) {
			return; /* the rest belongs to no chain */
		}
	}
}

static bool
read_pkcs7(struct reader *r, const unsigned char *s, size_t n)
{
	const unsigned char *p = s;
	PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)n);
	STACK_OF(X509) *certs = NULL;
	X509 *x[CERT_MAX_SET];
	int count;

	if (p7 == NULL)
		return refused(r, "PKCS #7");
	if (PKCS7_type_is_signed(p7) && p7->d.sign != NULL)
		certs = p7->d.sign->cert;
	count = certs != NULL ? sk_X509_num(certs) : 0;
	if (count > (int)CERT_MAX_SET)
		fail(r, D_LIMIT, "more than " CERT_TEXT(CERT_MAX_SET) " certificates in PKCS #7");
	for (int i = 0; r->rc == TMG_OK && i < count; i++)
		x[i] = sk_X509_value(certs, i);
	if (r->rc == TMG_OK)
		put_in_order(x, (size_t)count);
	for (int i = 0; r->rc == TMG_OK && i < count; i++) {
		X509_up_ref(x[i]);
		add_certificate(r, x[i]);
	}
	PKCS7_free(p7);
	return r->rc == TMG_OK;
}

static bool
read_x509(struct reader *r, const unsigned char *s, size_t n, bool trusted)
{
	const unsigned char *p = s;
	X509 *x = trusted ? d2i_X509_AUX(NULL, &p, (long)n) : d2i_X509(NULL, &p, (long)n);

	if (x == NULL)
		return refused(r, "");
	if (p != s + n) {
		X509_free(x);
		return fail(r, D_CERT_BROKEN, "something else stands behind it");
	}
	return add_certificate(r, x);
}

/* One block of a PEM file by its name. */
static bool
read_block(struct reader *r, const char *name, const unsigned char *s, size_t n)
{
	static const char key[] = "PRIVATE KEY";
	size_t len = strlen(name);

	if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0)
		return read_x509(r, s, n, false);
	if (strcmp(name, PEM_STRING_X509_TRUSTED) == 0)
		return read_x509(r, s, n, true);
	if (strcmp(name, PEM_STRING_PKCS7) == 0)
		return read_pkcs7(r, s, n);
	if (len >= sizeof(key) - 1 && strcmp(name + len - (sizeof(key) - 1), key) == 0)
		r->keys = true;
	return true;
}

static bool
read_pem(struct reader *r)
{
	BIO *bio = BIO_new_mem_buf(r->bytes.s, (int)r->bytes.len);
	int reason;

	if (bio == NULL)
		return no_memory(r);
	for (;;) {
		char *name = NULL, *header = NULL;
		unsigned char *data = NULL;
		long n = 0;

		if (PEM_read_bio(bio, &name, &header, &data, &n) != 1)
			break;
		read_block(r, name, data, (size_t)n);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)n);
		if (r->rc != TMG_OK)
			break;
	}
	reason = ERR_GET_REASON(ERR_peek_last_error());
	if (r->rc == TMG_OK && reason != PEM_R_NO_START_LINE)
		refused(r, "a block of the PEM file is broken or cut off");
	BIO_free(bio);
	return r->rc == TMG_OK;
}

/* What a DER file is that is no certificate: a version number stands in front. */
static const char *
der_kind(const unsigned char *s, size_t n)
{
	size_t at = n > 1 && (s[1] & 0x80) != 0 ? 2u + (s[1] & 0x7fu) : 2u;

	if (n < at + 3 || s[at] != 2 || s[at + 1] != 1)
		return NULL;
	if (s[at + 2] == 3)
		return "a PKCS #12 file (.pfx, .p12)";
	return s[at + 2] <= 1 ? "a private key" : NULL;
}

static bool
read_der(struct reader *r)
{
	/* PKCS #7 says what it is: signedData, 1.2.840.113549.1.7.2. */
	static const unsigned char signed_data[] = { 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2 };
	const unsigned char *s = (const unsigned char *)r->bytes.s;
	size_t n = r->bytes.len, at;
	const char *kind;

	if (n < 2 || s[0] != 0x30)
		return fail(r, D_CERT_KIND, "");
	kind = der_kind(s, n);
	if (kind != NULL)
		return fail(r, D_CERT_KIND, kind);
	at = (s[1] & 0x80) != 0 ? 2u + (s[1] & 0x7fu) : 2u;
	if (n >= at + sizeof(signed_data) && memcmp(s + at, signed_data, sizeof(signed_data)) == 0)
		return read_pkcs7(r, s, n);
	return read_x509(r, s, n, false);
}

static bool
is_pem(const struct strbuf *b)
{
	static const char begin[] = "-----BEGIN ";

	return b->len >= sizeof(begin) - 1 && memmem(b->s, b->len, begin, sizeof(begin) - 1) != NULL;
}

/* ---- All of it ---------------------------------------------------------- */

static bool
on_bytes(void *ctx, const char *s, size_t n)
{
	struct reader *r = ctx;

	sb_putn(&r->bytes, s, n);
	return !r->bytes.failed || no_memory(r);
}

/* Ties the certificates to a chain and puts the file into the site. */
static enum tmg_status
add_file(struct reader *r, const char *listener)
{
	struct site *s = r->s;
	struct certificate_file *f = arena_alloc(&s->mem, sizeof(*f));

	if (f == NULL || (listener != NULL && (f->listener = arena_str(&s->mem, listener)) == NULL))
		return TMG_ENOMEM;
	f->file = r->file;
	f->certificates = r->first;
	f->chain_complete = true;
	for (size_t i = 0; i + 1 < r->count; i++)
		f->chain_complete = f->chain_complete && issued_by(r->x[i], r->x[i + 1]);
	f->chain_open = X509_self_signed(r->x[r->count - 1], 1) != 1;
	if (r->keys)
		diag_file(&s->diags, D_CERT_KEY, r->file, 0, "%s", "");
	if (r->odd_names > 1)
		diag_file(&s->diags, D_CERT_NAME, r->file, 0, "%s, and %zu more", r->odd, r->odd_names - 1);
	else if (r->odd_names == 1)
		diag_file(&s->diags, D_CERT_NAME, r->file, 0, "%s", r->odd);
	if (s->diags.failed)
		return TMG_ENOMEM;
	*s->last_cert = f;
	s->last_cert = &f->next;
	return TMG_OK;
}

static enum tmg_status
read_file(struct reader *r, const char *listener)
{
	const struct input_source src = { .path = r->file };
	const struct input_options opt = { .max_size = CERT_MAX_SIZE, .budget = &r->s->budget, .bytes = true };
	struct input_result res;

	input_pump(&src, &opt, on_bytes, r, &res);
	if (r->rc == TMG_OK && res.error != INPUT_OK)
		return unread(r->s, r->file, &res, D_CERT_KIND);
	if (r->rc == TMG_OK && (is_pem(&r->bytes) ? read_pem(r) : read_der(r)) && r->count == 0)
		fail(r, D_CERT_KIND, r->keys ? "a private key and nothing else" : "");
	if (r->rc == TMG_OK)
		return add_file(r, listener);
	if (r->rc == TMG_ENOMEM)
		return r->rc;
	diag_file(&r->s->diags, r->error, r->file, 0, "%s", r->detail);
	return r->s->diags.failed ? TMG_ENOMEM : r->rc;
}

enum tmg_status
certificate_read(struct site *s, const char *listener, const char *path)
{
	struct reader r = { .s = s, .rc = TMG_OK };
	enum tmg_status rc;

	r.last = &r.first;
	sb_init(&r.bytes, &s->budget);
	r.file = arena_str(&s->mem, path);
	r.x = budget_realloc(&s->budget, NULL, 0, CERT_MAX_COUNT * sizeof(r.x[0]));
	/* libcrypto reports through a queue of the thread, which is left as it was. */
	ERR_set_mark();
	rc = r.file != NULL && r.x != NULL ? read_file(&r, listener) : TMG_ENOMEM;
	ERR_pop_to_mark();
	for (size_t i = 0; r.x != NULL && i < r.count; i++)
		X509_free(r.x[i]);
	budget_free(&s->budget, r.x, CERT_MAX_COUNT * sizeof(r.x[0]));
	OPENSSL_cleanse(r.bytes.s, r.bytes.len); /* a key may stand in it */
	sb_free(&r.bytes);
	return rc;
}
