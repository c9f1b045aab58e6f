/*
 * Checks of section D that look at the certificates that were given for listeners. Who
 * issues them and how they are read is not known here; what day it is, the options say.
 */
#include "audit/audit.h"

#include "base/addr.h"

#define DAY INT64_C(86400)
#define SOON 30 /* days before the end of a certificate */

/* The next listener that a certificate was given for. */
static const struct view_listener *
next_given(const struct view *v, const struct view_listener *l)
{
	const struct view_listener *end = v->listeners + v->listener_count;

	for (l = l == NULL ? v->listeners : l + 1; l != end; l++)
		if (l->cert != NULL)
			return l;
	return NULL;
}

#define EACH_GIVEN(v, l)                                                                                       \
	for (const struct view_listener *l = (v)->listeners == NULL ? NULL : next_given((v), NULL); l != NULL; \
	     l = next_given((v), l))

/* ---- names --------------------------------------------------------------------------- */

/* Calls fn once for each name that clients use over TLS on this listener. */
static void
each_name(struct view *v, const struct view_listener *l,
    void (*fn)(struct view *v, const struct view_listener *l, const struct view_rule *r, const struct view_name *n,
	const char *host))
{
	struct hmap seen;

	hmap_init(&seen, v->a->budget);
	for (size_t i = 0; i < l->rule_count && !v->failed; i++) {
		const struct view_rule *r = l->rules[i];

		if (!r->live || !r->via->tls_in || r->autodiscover_plain || r->rule->web->all_public_names)
			continue;
		for (size_t k = 0; k < r->name_count && !v->failed; k++) {
			const struct view_name *n = &r->names[k];
			const char *host = name_wild(n) ? arena_fmt(v->mem, "*.%s", name_host(n)) : name_host(n);
			void **slot = name_bad(n) || host == NULL ? NULL : hmap_slot(&seen, host, strlen(host), true);

			v->failed = v->failed || (slot == NULL && !name_bad(n));
			if (slot == NULL || *slot != NULL)
				continue;
			*slot = (void *)(uintptr_t)n;
			fn(v, l, r, n, host);
		}
	}
	hmap_free(&seen);
}

static void
judge_missing(struct view *v, const struct view_listener *l, const struct view_rule *r, const struct view_name *n,
    const char *host)
{
	if (!certificate_covers(v, l->cert->certificates, host) &&
	    certificate_wildcard(v, l->cert->certificates, host) == NULL)
		found(v, CHECK_CERTIFICATE_NAME, &(struct about){ .rule = r, .subject = host, .line = n->line },
		    "%s is not in %s, given for listener \"%s\"", host, l->cert->file, l->listener->o.name);
}

void
check_CERTIFICATE_NAME(struct view *v)
{
	EACH_GIVEN(v, l)
	each_name(v, l, judge_missing);
}

static void
judge_depth(struct view *v, const struct view_listener *l, const struct view_rule *r, const struct view_name *n,
    const char *host)
{
	const char *wild = certificate_wildcard(v, l->cert->certificates, host);

	if (wild != NULL && !certificate_covers(v, l->cert->certificates, host))
		found(v, CHECK_CERTIFICATE_DEPTH, &(struct about){ .rule = r, .subject = host, .line = n->line },
		    "%s does not stand for %s (%s)", wild, host, l->cert->file);
}

void
check_CERTIFICATE_DEPTH(struct view *v)
{
	EACH_GIVEN(v, l)
	each_name(v, l, judge_depth);
}

/* The common name as hosts are compared, "*." kept; "": it is no host name. */
static const char *
common_name(struct view *v, const struct certificate *c)
{
	struct strbuf b;
	const char *s = "";
	bool wild;

	if (c->common_name == NULL || strchr(c->common_name, '.') == NULL)
		return s;
	sb_init(&b, v->a->budget);
	if (host_canonical(c->common_name, &b, &wild))
		s = arena_fmt(v->mem, "%s%s", wild ? "*." : "", b.s);
	v->failed = v->failed || b.failed || s == NULL;
	sb_free(&b);
	return s != NULL ? s : "";
}

void
check_CERTIFICATE_COMMON_NAME(struct view *v)
{
	EACH_GIVEN(v, l)
	{
		const struct certificate *c = l->cert->certificates;
		const char *name = common_name(v, c);

		if (!certificate_names(v, c, name) && (*name != '\0' || !c->has_san))
			found(v, CHECK_CERTIFICATE_COMMON_NAME, &(struct about){ .listener = l },
			    c->has_san ? "%s is not among the alternative names of %s" : "%s is the only name in %s",
			    *name != '\0' ? name : "the subject", l->cert->file);
	}
}

/* ---- wildcards ----------------------------------------------------------------------- */

/* Wildcards may stand for simple URLs and autodiscover; what else Lync publishes has to be
 * written out. */
static void
judge_wildcard(struct view *v, const struct view_listener *l, const struct view_rule *r, const struct view_name *n,
    const char *host)
{
	if (r->role != ROLE_LYNC || name_wild(n) || name_kind(n) == NAME_MEET || name_kind(n) == NAME_DIALIN ||
	    name_kind(n) == NAME_SCHEDULER || name_kind(n) == NAME_AUTODISCOVER)
		return;
	if (!certificate_covers(v, l->cert->certificates, host))
		return;
	if (!certificate_names(v, l->cert->certificates, host) && l->cert->certificates->has_san)
		found(v, CHECK_CERTIFICATE_WILDCARD, &(struct about){ .rule = r, .subject = host, .line = n->line },
		    "only a wildcard of %s covers %s", l->cert->file, host);
}

void
check_CERTIFICATE_WILDCARD(struct view *v)
{
	EACH_GIVEN(v, l)
	{
		const char *name = common_name(v, l->cert->certificates);

		if (l->lync && strncmp(name, "*.", 2) == 0)
			found(v, CHECK_CERTIFICATE_WILDCARD, &(struct about){ .listener = l, .subject = name },
			    "the subject of %s is a wildcard", l->cert->file);
		each_name(v, l, judge_wildcard);
	}
}

/* ---- age, use, chain ------------------------------------------------------------------- */

/* A day as people write it (the proleptic Gregorian calendar, UTC). */
static const char *
day(struct view *v, int64_t t)
{
	int64_t z = (t >= 0 ? t : t - (DAY - 1)) / DAY + 719468;
	int64_t year, era = (z >= 0 ? z : z - 146096) / 146097;
	unsigned doe = (unsigned)(z - era * 146097);
	unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned mp = (5 * doy + 2) / 153, d = doy - (153 * mp + 2) / 5 + 1;
	unsigned m = mp < 10 ? mp + 3 : mp - 9;

	year = era * 400 + yoe + (m <= 2 ? 1 : 0);
	return audit_fmt(v, "%04lld-%02u-%02u", (long long)year, m, d);
}

void
check_CERTIFICATE_AGE(struct view *v)
{
	int64_t now = v->a->opt.now;

	EACH_GIVEN(v, l)
	{
		const struct certificate *c = l->cert->certificates;
		struct about about = { .listener = l };

		if (now == 0)
			continue;
		if (now > c->not_after) {
			found(v, CHECK_CERTIFICATE_AGE, &about, "%s ended on %s", l->cert->file, day(v, c->not_after));
		} else if (now < c->not_before) {
			found(
			    v, CHECK_CERTIFICATE_AGE, &about, "%s begins on %s", l->cert->file, day(v, c->not_before));
		} else if (c->not_after - now < SOON * DAY) {
			about.cls = 'M';
			found(v, CHECK_CERTIFICATE_AGE, &about, "%s ends on %s, in less than %d days", l->cert->file,
			    day(v, c->not_after), SOON);
		}
	}
}

void
check_CERTIFICATE_USE(struct view *v)
{
	EACH_GIVEN(v, l)
	if (!l->cert->certificates->server_auth)
		found(v, CHECK_CERTIFICATE_USE, &(struct about){ .listener = l }, "%s", l->cert->file);
}

/* A file with the server's certificate alone shows nothing of the chain: it may be whole
 * where the listener takes it from. */
void
check_CERTIFICATE_CHAIN(struct view *v)
{
	EACH_GIVEN(v, l)
	{
		const struct certificate *c = l->cert->certificates;
		struct about about = { .listener = l };

		if (c->self_signed) {
			found(v, CHECK_CERTIFICATE_CHAIN, &about, "%s is signed by itself: no client trusts it",
			    l->cert->file);
		} else if (!l->cert->chain_complete) {
			found(v, CHECK_CERTIFICATE_CHAIN, &about,
			    "a certificate in %s is not issued by the one behind it", l->cert->file);
		} else if (c->next == NULL) {
			about.cls = 'I';
			found(v, CHECK_CERTIFICATE_CHAIN, &about,
			    "%s holds the server's certificate alone, so the chain is not judged", l->cert->file);
		}
	}
}

#define RSA_LEAST 2048
#define CURVE_MOST 600 /* bits: keys on elliptic curves are shorter, and strong */

void
check_CERTIFICATE_WEAK(struct view *v)
{
	EACH_GIVEN(v, l)
	{
		const struct certificate *c = l->cert->certificates;

		if (c->sha1_signature && !c->self_signed)
			found(v, CHECK_CERTIFICATE_WEAK, &(struct about){ .listener = l },
			    "%s is signed over SHA-1 or MD5", l->cert->file);
		else if (c->key_bits > CURVE_MOST && c->key_bits < RSA_LEAST)
			found(v, CHECK_CERTIFICATE_WEAK, &(struct about){ .listener = l }, "the key of %s has %d bits",
			    l->cert->file, c->key_bits);
	}
}

/* ---- against the export ---------------------------------------------------------------- */

void
check_CERTIFICATE_THUMBPRINT(struct view *v)
{
	EACH_GIVEN(v, l)
	{
		const struct tmg_certificate *x = l->listener->certificates;
		bool some = false, same = false;

		for (; x != NULL; x = x->next) {
			some = some || x->valid;
			same = same || (x->valid && ascii_casecmp(x->hash, l->cert->certificates->sha1) == 0);
		}
		if (some && !same)
			found(v, CHECK_CERTIFICATE_THUMBPRINT, &(struct about){ .listener = l },
			    "%s has %s, the export says %s", l->cert->file, l->cert->certificates->sha1,
			    l->listener->certificates->hash);
	}
}

static bool
serves_tls(const struct view_listener *l)
{
	for (size_t i = 0; l->listener->https_port != 0 && i < l->rule_count; i++)
		if (l->rules[i]->live)
			return true;
	return false;
}

void
check_CERTIFICATE_NOT_GIVEN(struct view *v)
{
	for (size_t i = 0; i < v->listener_count; i++)
		if (v->listeners[i].cert == NULL && serves_tls(&v->listeners[i]))
			found(v, CHECK_CERTIFICATE_NOT_GIVEN, &(struct about){ .listener = &v->listeners[i] },
			    "HTTPS port %d", v->listeners[i].listener->https_port);
}

void
check_CERTIFICATE_NOT_SET(struct view *v)
{
	for (size_t i = 0; i < v->listener_count; i++)
		if (v->listeners[i].listener->certificates == NULL && serves_tls(&v->listeners[i]))
			found(v, CHECK_CERTIFICATE_NOT_SET,
			    &(struct about){
				.listener = &v->listeners[i], .line = v->listeners[i].listener->properties_line },
			    "HTTPS port %d", v->listeners[i].listener->https_port);
}

void
check_CERTIFICATE_UNTIED(struct view *v)
{
	const struct certificate_file *f = v->t != NULL ? v->site->certs : NULL;
	struct hmap tied;

	hmap_init(&tied, v->a->budget);
	for (size_t i = 0; f != NULL && i < v->listener_count; i++)
		if (v->listeners[i].cert != NULL &&
		    hmap_slot(&tied, (const char *)&v->listeners[i].cert, sizeof(f), true) == NULL)
			v->failed = true;
	for (; f != NULL && !v->failed; f = f->next) {
		if (f->certificates == NULL || hmap_slot(&tied, (const char *)&f, sizeof(f), false) != NULL)
			continue;
		if (f->listener != NULL)
			found(v, CHECK_CERTIFICATE_UNTIED, &(struct about){ .name = f->file, .file = f->file },
			    "no listener is called \"%s\", or another certificate was given for it", f->listener);
		else
			found(v, CHECK_CERTIFICATE_UNTIED, &(struct about){ .name = f->file, .file = f->file },
			    "none has its thumbprint, or a name that it covers");
	}
	hmap_free(&tied);
}
