/*
 * Tests of what is read from certificates: fixtures/certs, bounds, files that
 * are none, memory that fails, libcrypto's queue of errors. What is expected
 * was taken from `openssl x509`; no test asks what day it is.
 */
#include "unit.h"

#include <stdarg.h>
#include <unistd.h>

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "evidence.h"
#include "import/site.h"

#define CERTS "fixtures/certs/"

#define FROM 1293840000        /* 2011-01-01 00:00:00 */
#define TO INT64_C(3660681600) /* 2086-01-01 00:00:00 */

/* Reads one file into a new site. */
static const struct certificate *
take(struct site *s, const char *path)
{
	site_init(s);
	CU_ASSERT(certificate_read(s, NULL, path) == TMG_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->certs);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->certs->certificates);
	CU_ASSERT_STRING_EQUAL(s->certs->file, path);
	CU_ASSERT(ERR_peek_error() == 0);
	return s->certs->certificates;
}

/* The names, a blank behind each. */
static void
check_names(const struct certificate *c, const char *want)
{
	struct strbuf b;

	sb_init(&b, NULL);
	for (const struct tmg_text *t = c->names; t != NULL; t = t->next)
		sb_fmt(&b, "%s ", t->s);
	CU_ASSERT_STRING_EQUAL(b.s, want);
	sb_free(&b);
}

static void
test_values(void)
{
	static const char *const paths[] = { CERTS "all-names.pem", CERTS "all-names.der" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		struct site s;
		const struct certificate *c = take(&s, paths[i]);

		CU_ASSERT_STRING_EQUAL(c->subject, "CN=dirweb.contoso.com, O=Contoso");
		CU_ASSERT_STRING_EQUAL(c->issuer, "CN=Contoso Issuing, O=Contoso");
		CU_ASSERT_STRING_EQUAL(c->common_name, "dirweb.contoso.com");
		check_names(c,
		    "dirweb.contoso.com feweb.contoso.com abs.contoso.com meet.contoso.com dialin.contoso.com "
		    "lyncdiscover.contoso.com ");
		CU_ASSERT_STRING_EQUAL(c->sha1, "B32966E5DB00E8DA8B94319B44FC46E59663DA59");
		CU_ASSERT(c->not_before == FROM && c->not_after == TO);
		CU_ASSERT(c->key_bits == 2048 && c->server_auth && c->has_san);
		CU_ASSERT(!c->self_signed && !c->is_ca && !c->sha1_signature && c->next == NULL);
		CU_ASSERT(s.certs->chain_complete && s.certs->chain_open);
		CU_ASSERT(s.certs->listener == NULL && s.certs->next == NULL && s.diags.count == 0);
		site_free(&s);
		CU_ASSERT(s.budget.used == 0);
	}
}

static void
test_kinds(void)
{
	const struct certificate *c;
	struct site s;

	c = take(&s, CERTS "wildcard.pem");
	CU_ASSERT_STRING_EQUAL(c->common_name, "*.contoso.com");
	check_names(c, "*.contoso.com feweb.contoso.com ");
	site_free(&s);

	c = take(&s, CERTS "cn-only.pem");
	CU_ASSERT(!c->has_san && c->names == NULL);
	CU_ASSERT_STRING_EQUAL(c->common_name, "feweb.contoso.com");
	site_free(&s);

	c = take(&s, CERTS "missing-names.pem");
	check_names(c, "feweb.contoso.com meet.contoso.com ");
	site_free(&s);

	c = take(&s, CERTS "expired.pem");
	CU_ASSERT(c->not_after == 1362095999 && c->not_before == FROM);
	site_free(&s);

	c = take(&s, CERTS "client-auth.pem");
	CU_ASSERT(!c->server_auth);
	site_free(&s);

	c = take(&s, CERTS "no-usage.pem");
	CU_ASSERT(c->server_auth);
	site_free(&s);

	c = take(&s, CERTS "sha1.pem");
	CU_ASSERT(c->sha1_signature);
	CU_ASSERT_STRING_EQUAL(c->sha1, "E71F4EBCD49A38D26F6E1B8DFA1A1FE4F8C19EEC");
	site_free(&s);

	c = take(&s, CERTS "self-signed.pem");
	CU_ASSERT(c->self_signed && !c->is_ca && c->key_bits == 256);
	CU_ASSERT(s.certs->chain_complete && !s.certs->chain_open && s.diags.count == 0);
	site_free(&s);
}

static void
test_chains(void)
{
	static const struct {
		const char *path;
		int count;
		bool complete, open;
	} rows[] = {
		{ CERTS "chain.pem", 3, true, false },
		{ CERTS "chain.p7b", 3, true, false }, /* its order means nothing */
		{ CERTS "chain-open.pem", 2, true, true },
		{ CERTS "chain-gap.pem", 2, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct site s;
		const struct certificate *c = take(&s, rows[i].path);
		int n = 0;

		CU_ASSERT_STRING_EQUAL(c->common_name, "dirweb.contoso.com");
		for (const struct certificate *p = c->next; p != NULL; p = p->next) {
			CU_ASSERT(p->is_ca && p->self_signed == (p->next == NULL && !rows[i].open));
			CU_ASSERT(p->key_bits == 256 && !p->has_san);
			n++;
		}
		CU_ASSERT(n + 1 == rows[i].count);
		CU_ASSERT(s.certs->chain_complete == rows[i].complete && s.certs->chain_open == rows[i].open);
		site_free(&s);
	}
}

static void
test_key(void)
{
	struct site s;
	const struct certificate *c = take(&s, CERTS "with-key.pem");

	CU_ASSERT_STRING_EQUAL(c->sha1, "C8B066B1F66FE90E24772CBFB81783200916A445");
	CU_ASSERT(c->next == NULL && s.diags.count == 1);
	CU_ASSERT_STRING_EQUAL(said(&s, D_CERT_KEY), "");
	site_free(&s);
}

static void
test_listener(void)
{
	struct site s;

	take(&s, CERTS "all-names.pem");
	CU_ASSERT(certificate_read(&s, "Lync \xc3\xa4", CERTS "self-signed.pem") == TMG_OK);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s.certs->next);
	CU_ASSERT_STRING_EQUAL(s.certs->next->listener, "Lync \xc3\xa4");
	CU_ASSERT(s.certs->listener == NULL);
	site_free(&s);
}

static void
test_hostile_names(void)
{
	struct site s;
	const struct certificate *c = take(&s, CERTS "odd-names.pem");

	check_names(c, "odd.contoso.com ");
	CU_ASSERT(c->has_san);
	CU_ASSERT_STRING_EQUAL(said(&s, D_CERT_NAME), "a_b c.contoso.com, and 2 more");
	site_free(&s);

	c = take(&s, CERTS "hostile-subject.pem");
	CU_ASSERT(text_is_plain(c->subject));
	CU_ASSERT_PTR_NOT_NULL(strstr(c->subject, "M\xc3\xbcller"));
	CU_ASSERT_PTR_NULL(strchr(c->subject, '\n'));
	site_free(&s);
}

static void
test_refused(void)
{
	static const struct {
		const char *path;
		enum diag_id id;
	} bad[] = {
		{ CERTS "broken.pem", D_CERT_BROKEN },
		{ CERTS "broken.der", D_CERT_BROKEN },
		{ CERTS "garbled.pem", D_CERT_BROKEN },
		{ CERTS "README.md", D_CERT_KIND },
		{ "fixtures/lync-director.xml", D_CERT_KIND },
		{ "fixtures/iislog/empty.log", D_EMPTY_INPUT },
		{ "fixtures/iislog/cut-off.log.gz", D_BAD_GZIP },
		{ CERTS "no-such.pem", D_CANNOT_READ },
		{ "fixtures/certs", D_CANNOT_READ },
	};
	struct site s;
	size_t i = 0;

	site_init(&s);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		CU_ASSERT(certificate_read(&s, "L", bad[i].path) == TMG_EINPUT);
		CU_ASSERT(s.certs == NULL && s.diags.count == i + 1 && ERR_peek_error() == 0);
	}
	i = 0;
	for (const struct tmg_message *m = s.diags.first; m != NULL; m = m->next, i++) {
		CU_ASSERT_STRING_EQUAL(m->id, diag_row(bad[i].id)->id);
		CU_ASSERT_STRING_EQUAL(m->file, bad[i].path);
	}
	CU_ASSERT(certificate_read(&s, NULL, CERTS "chain.pem") == TMG_OK);
	CU_ASSERT(s.certs != NULL && s.certs->next == NULL);
	site_free(&s);
}

/* An error that somebody else left in the queue stays there. */
static void
test_queue(void)
{
	unsigned long error;
	struct site s;

	ERR_clear_error();
	ERR_raise(ERR_LIB_USER, 7);
	error = ERR_peek_error();
	CU_ASSERT(error != 0);
	site_init(&s);
	CU_ASSERT(certificate_read(&s, NULL, CERTS "garbled.pem") == TMG_EINPUT);
	CU_ASSERT(certificate_read(&s, NULL, CERTS "chain.pem") == TMG_OK);
	CU_ASSERT(ERR_get_error() == error && ERR_peek_error() == 0);
	site_free(&s);
}

/* ---- Files of the test's own ----------------------------------------------- */

static char *
slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	char *s = malloc(100000);

	CU_ASSERT_FATAL(f != NULL && s != NULL);
	*n = fread(s, 1, 100000, f);
	fclose(f);
	return s;
}

static enum tmg_status
read_bytes(struct site *s, const void *data, size_t n, size_t times)
{
	char path[] = "/tmp/tmgport-unit.XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;
	enum tmg_status rc;

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	for (size_t i = 0; i < times; i++)
		CU_ASSERT_FATAL(fwrite(data, 1, n, f) == n);
	CU_ASSERT_FATAL(fclose(f) == 0);
	rc = certificate_read(s, NULL, path);
	unlink(path);
	return rc;
}

static void
test_der(void)
{
	static const char pfx[] = "\x30\x82\x01\x00\x02\x01\x03\x30\x82", key[] = "\x30\x41\x02\x01\x00\x30\x13";
	struct site s;
	size_t n;
	char *der = slurp(CERTS "all-names.der", &n);

	site_init(&s);
	CU_ASSERT(read_bytes(&s, pfx, sizeof(pfx) - 1, 1) == TMG_EINPUT);
	CU_ASSERT_STRING_EQUAL(said(&s, D_CERT_KIND), "a PKCS #12 file (.pfx, .p12)");
	site_free(&s);
	site_init(&s);
	CU_ASSERT(read_bytes(&s, key, sizeof(key) - 1, 1) == TMG_EINPUT);
	CU_ASSERT_STRING_EQUAL(said(&s, D_CERT_KIND), "a private key");
	site_free(&s);
	site_init(&s);
	CU_ASSERT(read_bytes(&s, der, n, 2) == TMG_EINPUT);
	CU_ASSERT_STRING_EQUAL(said(&s, D_CERT_BROKEN), "something else stands behind it");
	/* Cut off anywhere: never a certificate. */
	for (size_t i = 1; i < n; i++)
		CU_ASSERT(read_bytes(&s, der, i, 1) == TMG_EINPUT);
	CU_ASSERT(s.certs == NULL && ERR_peek_error() == 0);
	site_free(&s);
	free(der);
}

static void
test_cut_pem(void)
{
	size_t n, first;
	char *pem = slurp(CERTS "chain-open.pem", &n), *end;
	struct site s;

	site_init(&s);
	end = strstr(pem, "-----END CERTIFICATE-----");
	CU_ASSERT_PTR_NOT_NULL_FATAL(end);
	first = (size_t)(end - pem) + strlen("-----END CERTIFICATE-----");
	for (size_t i = 0; i < n; i += 7) {
		enum tmg_status rc = read_bytes(&s, pem, i, 1);

		/* Within the first block nothing is found; a line of dashes without its word ends none. */
		if (i < first)
			CU_ASSERT(rc == TMG_EINPUT && s.certs == NULL);
		if (i > first + 35 && i + 30 < n)
			CU_ASSERT(rc == TMG_EINPUT);
	}
	site_free(&s);
	/* Only a key: it is no certificate. */
	free(pem);
	pem = slurp(CERTS "with-key.pem", &n);
	end = strstr(pem, "-----BEGIN CERTIFICATE");
	CU_ASSERT_PTR_NOT_NULL_FATAL(end);
	site_init(&s);
	CU_ASSERT(read_bytes(&s, pem, (size_t)(end - pem), 1) == TMG_EINPUT);
	CU_ASSERT_STRING_EQUAL(said(&s, D_CERT_KIND), "a private key and nothing else");
	CU_ASSERT(s.certs == NULL && said(&s, D_CERT_KEY) == NULL);
	site_free(&s);
	free(pem);
}

static void
test_count_bound(void)
{
	struct site s;
	size_t n;
	char *pem = slurp(CERTS "self-signed.pem", &n);

	site_init(&s);
	CU_ASSERT(read_bytes(&s, pem, n, CERT_MAX_COUNT) == TMG_OK);
	CU_ASSERT(s.certs != NULL && s.diags.count == 0);
	CU_ASSERT(read_bytes(&s, pem, n, CERT_MAX_COUNT + 1) == TMG_EINPUT);
	CU_ASSERT_STRING_EQUAL(said(&s, D_LIMIT), "more than 1000 certificates");
	CU_ASSERT(s.certs->next == NULL);
	site_free(&s);
	free(pem);
}

static void
test_size_bound(void)
{
	struct site s;
	size_t n, all = CERT_MAX_SIZE;
	char *pem = slurp(CERTS "self-signed.pem", &n), *big = malloc(all + 1);

	CU_ASSERT_PTR_NOT_NULL_FATAL(big);
	memset(big, '\n', all + 1);
	memcpy(big, pem, n);
	site_init(&s);
	CU_ASSERT(read_bytes(&s, big, all, 1) == TMG_OK);
	CU_ASSERT(read_bytes(&s, big, all + 1, 1) == TMG_EINPUT);
	CU_ASSERT_PTR_NOT_NULL(said(&s, D_LIMIT));
	site_free(&s);
	free(big);
	free(pem);
}

/* A certificate with so many names, as DER. The caller frees it. */
static unsigned char *
made_names(int names, const char *name, int name_len, int *n)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	GENERAL_NAMES *all = GENERAL_NAMES_new();
	unsigned char *der = NULL;
	X509 *x = X509_new();

	CU_ASSERT_FATAL(key != NULL && all != NULL && x != NULL);
	for (int i = 0; i < names; i++) {
		GENERAL_NAME *g = GENERAL_NAME_new();
		ASN1_IA5STRING *s = ASN1_IA5STRING_new();

		CU_ASSERT_FATAL(g != NULL && s != NULL && ASN1_STRING_set(s, name, name_len) == 1);
		GENERAL_NAME_set0_value(g, GEN_DNS, s);
		CU_ASSERT_FATAL(sk_GENERAL_NAME_push(all, g) > 0);
	}
	CU_ASSERT_FATAL(X509_set_version(x, 2) == 1 && X509_set_pubkey(x, key) == 1);
	CU_ASSERT_FATAL(ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "19500101000000Z") == 1);
	CU_ASSERT_FATAL(ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "99991231235959Z") == 1);
	CU_ASSERT_FATAL(X509_add1_ext_i2d(x, NID_subject_alt_name, all, 0, 0) == 1);
	CU_ASSERT_FATAL(X509_sign(x, key, EVP_sha256()) > 0);
	*n = i2d_X509(x, &der);
	CU_ASSERT_FATAL(*n > 0);
	X509_free(x);
	GENERAL_NAMES_free(all);
	EVP_PKEY_free(key);
	return der;
}

static void
test_name_bound(void)
{
	for (int more = 0; more < 2; more++) {
		int n;
		unsigned char *der = made_names(CERT_MAX_NAMES + more, "a.contoso.com", 13, &n);
		struct site s;

		site_init(&s);
		CU_ASSERT(read_bytes(&s, der, (size_t)n, 1) == (more > 0 ? TMG_EINPUT : TMG_OK));
		CU_ASSERT((said(&s, D_LIMIT) != NULL) == (more > 0));
		CU_ASSERT((s.certs != NULL) == (more == 0));
		if (more == 0) { /* and an empty subject, dates at the ends of what there is */
			CU_ASSERT_STRING_EQUAL(s.certs->certificates->subject, "");
			CU_ASSERT_PTR_NULL(s.certs->certificates->common_name);
			CU_ASSERT(s.certs->certificates->not_before == INT64_C(-631152000));
			CU_ASSERT(s.certs->certificates->not_after == INT64_C(253402300799));
		}
		site_free(&s);
		OPENSSL_free(der);
	}
}

/* A NUL hides the rest of the name from careless readers. */
static void
test_nul_name(void)
{
	static const struct {
		const char *name;
		int len;
	} rows[] = { { "feweb.contoso.com\0.fabrikam.com", 31 }, { "", 0 }, { "*", 1 }, { "a.*.contoso.com", 15 } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int n;
		unsigned char *der = made_names(1, rows[i].name, rows[i].len, &n);
		struct site s;

		site_init(&s);
		CU_ASSERT(read_bytes(&s, der, (size_t)n, 1) == TMG_OK);
		CU_ASSERT_PTR_NOT_NULL_FATAL(s.certs);
		CU_ASSERT(s.certs->certificates->names == NULL && s.certs->certificates->has_san);
		CU_ASSERT_PTR_NOT_NULL(said(&s, D_CERT_NAME));
		site_free(&s);
		OPENSSL_free(der);
	}
}

static void
test_memory(void)
{
	static const char *const paths[] = { CERTS "chain.pem", CERTS "chain.p7b", CERTS "all-names.der",
		CERTS "with-key.pem", CERTS "odd-names.pem", CERTS "hostile-subject.pem" };
	size_t refused = 0;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		for (uint64_t n = 1;; n++) {
			enum tmg_status rc;
			struct site s;

			site_init(&s);
			s.budget.fail_at = n;
			rc = certificate_read(&s, "L", paths[i]);
			CU_ASSERT(ERR_peek_error() == 0);
			if (!s.budget.refused) {
				CU_ASSERT(rc == TMG_OK && n > 3);
				site_free(&s);
				break;
			}
			refused++;
			CU_ASSERT(rc == TMG_ENOMEM && s.certs == NULL);
			site_free(&s);
			CU_ASSERT(s.budget.used == 0);
		}
	}
	CU_ASSERT(refused > 50);
}

int
suite_certificate(void)
{
	static const struct unit_test tests[] = {
		{ "what a certificate says", test_values },
		{ "kinds of certificates", test_kinds },
		{ "chains", test_chains },
		{ "a key beside it", test_key },
		{ "the listener", test_listener },
		{ "hostile names", test_hostile_names },
		{ "files that are refused", test_refused },
		{ "libcrypto's queue", test_queue },
		{ "DER that is cut off, or something else", test_der },
		{ "PEM that is cut off", test_cut_pem },
		{ "bound on certificates", test_count_bound },
		{ "bound on size", test_size_bound },
		{ "bound on names", test_name_bound },
		{ "names that no client can match", test_nul_name },
		{ "memory that fails", test_memory },
	};

	return unit_add("certificate", tests, ARRAY_LEN(tests));
}
