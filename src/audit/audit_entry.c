/*
 * Checks of section B that look at what a listener does before any rule: sign-in,
 * time-outs, the redirect of its plain port.
 */
#include "audit/each.h"

/* The sign-in methods that are switched on, in words; "" when none is. */
static const char *
methods(struct view *v, const struct tmg_listener *l)
{
	const char *forms = l->schemes == NULL ? "" : l->schemes->to != NULL ? l->schemes->to->name : l->schemes->key;
	const char *s;

	if (l->schemes != NULL && l->schemes->predefined != NULL)
		forms = l->schemes->predefined;
	s = audit_fmt(v, "%s%s%s%s%s%s%s%s", l->windows_auth ? ", integrated Windows" : "",
	    l->basic_auth ? ", basic" : "", l->digest_auth ? ", digest" : "",
	    l->cert_auth ? ", client certificate" : "", *forms != '\0' ? ", " : "", forms,
	    l->schemes != NULL && l->schemes->next != NULL ? " and more" : "",
	    l->always_authenticate ? ", all users must sign in" : "");
	return *s == ',' ? s + 2 : s;
}

/* An export that says nothing of Windows sign-in leaves it open whether it is on. */
void
check_LISTENER_SIGN_IN(struct view *v)
{
	EACH_LYNC_LISTENER(v, l)
	{
		const char *on = methods(v, l->listener);
		struct about about = { .listener = l, .line = l->listener->properties_line };

		if (*on != '\0') {
			found(v, CHECK_LISTENER_SIGN_IN, &about, "%s", on);
		} else if ((l->listener->stated & TMG_S_WINDOWS_AUTH) == 0) {
			about.cls = 'I';
			about.guess = true;
			found(v, CHECK_LISTENER_SIGN_IN, &about,
			    "the export does not say whether integrated Windows sign-in is off: look at the console");
		}
	}
}

#define LEAST_TIMEOUT 200  /* seconds, the lowest that Microsoft names */
#define PHONES_TIMEOUT 960 /* with mobile clients: their request stays open for 900 */

static bool
all_plain_autodiscover(const struct view_listener *l)
{
	for (size_t i = 0; i < l->rule_count; i++)
		if (l->rules[i]->live && l->rules[i]->role == ROLE_LYNC && !l->rules[i]->autodiscover_plain)
			return false;
	return true;
}

/* An export holds one time-out: how long a listener keeps a client's connection on which
 * nothing moves. How long the product waits for a server's answer is not in it. */
void
check_TIMEOUT(struct view *v)
{
	EACH_LYNC_LISTENER(v, l)
	{
		bool stated = (l->listener->stated & TMG_S_TIMEOUT) != 0;
		struct about about = { .listener = l, .line = l->listener->properties_line };

		if (all_plain_autodiscover(l) || (stated && l->listener->timeout >= PHONES_TIMEOUT))
			continue;
		about.cls = !stated ? 'I' : l->listener->timeout < LEAST_TIMEOUT ? 'H' : 'M';
		found(v, CHECK_TIMEOUT, &about,
		    stated ? "clients' connections end after %d seconds without traffic"
			   : "not stated: the product's own, %d seconds",
		    l->listener->timeout);
	}
}

void
check_REDIRECTED_AUTODISCOVER(struct view *v)
{
	EACH_LYNC_LISTENER(v, l)
	{
		const struct certificate *cert = l->cert != NULL ? l->cert->certificates : NULL;

		if (l->listener->redirect_http != 2 || l->listener->http_port == 0)
			continue;
		for (size_t i = 0; i < l->rule_count; i++) {
			const struct view_rule *r = l->rules[i];

			for (size_t k = 0; r->live && k < r->name_count; k++) {
				const struct view_name *n = &r->names[k];
				bool uncovered = cert != NULL && !certificate_covers(v, cert, name_host(n));

				if (name_kind(n) != NAME_AUTODISCOVER)
					continue;
				found(v, CHECK_REDIRECTED_AUTODISCOVER,
				    &(struct about){ .rule = r,
					.subject = name_host(n),
					.line = n->line,
					.cls = uncovered ? 'M' : 'I' },
				    "listener \"%s\" redirects; %s", l->listener->o.name,
				    uncovered          ? "the certificate given for it does not cover the name"
					: cert != NULL ? "the certificate given for it covers the name"
						       : "its certificate must cover the name");
			}
		}
	}
}
