/*
 * The changes that mend what an audit found: as steps in the console, and as a script
 * on the documented object model. The script has never been run against a TMG server.
 */
#include "export/audit_write.h"

#include "base/text.h"

/* Where the console has a setting. */
static const struct {
	const char *element, *tab, *field;
} fields[] = {
	{ "SSLRedirectPort", "Bridging", "Redirect requests to SSL port" },
	{ "HTTPRedirectPort", "Bridging", "Redirect requests to HTTP port" },
	{ "PublishedServerType", "Bridging", "both boxes ticked (type 2): HTTP goes on as HTTP, HTTPS as HTTPS" },
	{ "SendOriginalHostHeader", "To", "Forward the original host header instead of the actual one" },
	{ "UseFirewallIPAsSource", "To", "Requests appear to come from the Forefront TMG computer" },
	{ "CredentialsDelegationType", "Authentication Delegation",
	    "No delegation, but client may authenticate directly (type 0)" },
	{ "TranslateLinks", "Link Translation", "Apply link translation to this rule" },
	{ "Enabled", "General", "Enable" },
	{ "AppliesAlways", "Schedule", "Always" },
	{ "WebSite", "To", "This rule applies to this published site" },
	{ "PublishedServerIP", "To", "Computer name or IP address" },
	{ "AffinityType", "Web Farm", "Source-IP based (type 1)" },
	{ "SSLClientCertificateClaim", "Traffic", "Require SSL client certificate (0: no)" },
	{ "RequireSSLClientCertificate", "Traffic", "Require SSL client certificate" },
	{ "SSLRequireSecureChannel", "Traffic", "Notify HTTP users to use HTTPS instead (0: no)" },
	{ "ListenerConnectionTimeout", "Connections, Advanced", "Connection timeout (seconds)" },
	{ "RedirectHTTPAsHTTPS", "Connections", "Do not redirect traffic from HTTP to HTTPS (type 0)" },
	{ "TCPPort", "Connections", "Enable HTTP connections on port" },
	{ "IntegratedWindowsAuthentication", "Authentication", "HTTP authentication: Integrated" },
	{ "BasicAuthentication", "Authentication", "HTTP authentication: Basic" },
	{ "DigestAuthentication", "Authentication", "HTTP authentication: Digest" },
	{ "SSLCertificateAuthentication", "Authentication", "SSL client certificate authentication" },
	{ "AlwaysAuthenticate", "Authentication, Advanced", "Require all users to authenticate" },
};

/* What the object model calls otherwise than an export, or reaches otherwise. */
static const struct {
	const char *element, *line;
} members[] = {
	{ "ListenerConnectionTimeout", "ConnectionTimeout = " },
	{ "PublishedServerIP", "PublishedServer = " },
	{ "AffinityType", "LoadBalancingConfig.AffinityType = " },
};

static void
put_safe(struct out *o, const char *s)
{
	struct strbuf b;

	sb_init(&b, NULL);
	text_safe(&b, s, 500);
	out_str(o, b.s);
	sb_free(&b);
}

static void
put_field(struct out *o, const char *element)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(fields[i].element, element) == 0) {
			out_fmt(o, "tab %s, \"%s\"", fields[i].tab, fields[i].field);
			return;
		}
	out_fmt(o, "property %s", element);
}

static void
step(struct out *o, const struct tmg_mend *m)
{
	out_str(o, m->kind[0] == 'l' ? "   Listener \"" : "   Rule \"");
	put_safe(o, m->object);
	out_fmt(o, "\" (line %lu): ", (unsigned long)m->line);
	switch (m->op) {
	case TMG_MEND_SET:
		put_field(o, m->element);
		if (strcmp(m->type, "boolean") == 0) {
			out_str(o, m->value[0] == '1' ? ": tick it" : ": clear it");
		} else {
			out_str(o, ": enter ");
			put_safe(o, m->value);
		}
		break;
	case TMG_MEND_REMOVE: out_str(o, "tab Authentication: choose \"No Authentication\""); break;
	case TMG_MEND_RENAME:
		out_str(o, "tab Public Name, Edit: ");
		put_safe(o, m->value);
		out_str(o, " becomes ");
		put_safe(o, m->name);
		break;
	case TMG_MEND_ALL_USERS: out_str(o, "tab Users: remove what is there, add All Users"); break;
	case TMG_MEND_ADD_NAME:
		out_str(o, "tab Public Name, Add: ");
		put_safe(o, m->value);
		break;
	case TMG_MEND_REMOVE_NAME:
		out_str(o, "tab Public Name, Remove: ");
		put_safe(o, m->value);
		break;
	case TMG_MEND_ALL_PATHS: out_str(o, "tab Paths: one entry, /*, external path the same as internal"); break;
	case TMG_MEND_ADD_RULE:
		out_str(o, "copy and paste it; in the copy, name \"");
		put_safe(o, m->name);
		out_str(o, "\"; tab Public Name: ");
		put_safe(o, m->value);
		out_str(o, " alone; tab To: ");
		put_safe(o, m->site);
		if (m->server != NULL) {
			out_str(o, ", address ");
			put_safe(o, m->server);
		}
		out_fmt(o, "; tab Bridging: HTTP %d, SSL %d", m->http_port, m->https_port);
		break;
	}
	out_str(o, ".\n");
}

/* A literal of PowerShell: single quotes, doubled inside; typographic ones count as quotes
 * there, too. What a script must not hold is left out. */
static void
literal(struct out *o, const char *s)
{
	size_t n = strlen(s), len;
	uint32_t cp;

	out_str(o, "'");
	for (size_t i = 0; i < n; i += len) {
		len = utf8_decode(s + i, n - i, &cp);
		if (len == 0 || cp_is_unsafe(cp)) {
			out_str(o, "?");
			len = len == 0 ? 1 : len;
			continue;
		}
		if (cp == '\'' || (cp >= 0x2018 && cp <= 0x201b))
			out_mem(o, s + i, len);
		out_mem(o, s + i, len);
	}
	out_str(o, "'");
}

static void
script_set(struct out *o, const struct tmg_mend *m)
{
	const char *member = NULL;

	if (strcmp(m->element, "AppliesAlways") == 0) {
		out_str(o, "$rule.SetAppliesAlways()\n");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (strcmp(members[i].element, m->element) == 0)
			member = members[i].line;
	out_str(o,
	    m->kind[0] == 'l'       ? "$listener.Properties."
		: m->parent == NULL ? "$rule."
				    : "$rule.WebPublishingProperties.");
	if (member != NULL)
		out_str(o, member);
	else
		out_fmt(o, "%s = ", m->element);
	if (strcmp(m->type, "boolean") == 0)
		out_fmt(o, "$%s", m->value[0] == '1' ? "true" : "false");
	else if (strcmp(m->type, "int") == 0)
		out_fmt(o, "%s", m->value); /* a number of our own */
	else
		literal(o, m->value);
	out_str(o, "\n");
}

static void
script_names(struct out *o, const char *method, const char *name)
{
	out_fmt(o, "$rule.WebPublishingProperties.PublicNames.%s(", method);
	literal(o, name);
	out_str(o, ")\n");
}

static void
script_rule(struct out *o, const struct tmg_mend *m)
{
	out_str(o, "$new = $rules.AddWebPublishingRule(");
	literal(o, m->name);
	out_str(o, ")\n$p = $new.WebPublishingProperties\n$p.WebSite = ");
	literal(o, m->site);
	out_str(o, "\n");
	if (m->server != NULL) {
		out_str(o, "$p.PublishedServer = ");
		literal(o, m->server);
		out_str(o, "\n");
	}
	out_fmt(o,
	    "$p.PublishedServerType = 2\n$p.HTTPRedirectPort = %d\n$p.SSLRedirectPort = %d\n"
	    "$p.SendOriginalHostHeader = $true\n$p.CredentialsDelegationType = 0\n",
	    m->http_port, m->https_port);
	out_str(o,
	    "$p.SetWebListener($rule.WebPublishingProperties.WebListenerUsed.Name)\n"
	    "$p.PublicNames.Add(");
	literal(o, m->value);
	out_str(o, ")\n$p.PathMappings.Add('/*', $true, '/*') | Out-Null\n$new.Enabled = $true\n");
}

static void
script(struct out *o, const struct tmg_mend *m)
{
	out_str(o, m->kind[0] == 'l' ? "\n$listener = $listeners.Item(" : "\n$rule = $rules.Item(");
	literal(o, m->object);
	out_str(o, ")\n");
	switch (m->op) {
	case TMG_MEND_SET: script_set(o, m); break;
	case TMG_MEND_REMOVE:
		out_str(o,
		    "$schemes = $listener.Properties.AuthenticationSchemes\n"
		    "while ($schemes.Count -gt 0) { $schemes.Remove(1) }\n");
		break;
	case TMG_MEND_RENAME:
		script_names(o, "Remove", m->value);
		script_names(o, "Add", m->name);
		break;
	case TMG_MEND_ALL_USERS:
		out_str(o,
		    "$users = $rule.WebPublishingProperties.UserSets\n"
		    "while ($users.Count -gt 0) { $users.Remove(1) }\n"
		    "$users.Add('All Users') | Out-Null\n");
		break;
	case TMG_MEND_ADD_NAME: script_names(o, "Add", m->value); break;
	case TMG_MEND_REMOVE_NAME: script_names(o, "Remove", m->value); break;
	case TMG_MEND_ALL_PATHS:
		out_str(o,
		    "$paths = $rule.WebPublishingProperties.PathMappings\n"
		    "while ($paths.Count -gt 0) { $paths.Remove(1) }\n"
		    "$paths.Add('/*', $true, '/*') | Out-Null\n");
		break;
	case TMG_MEND_ADD_RULE: script_rule(o, m); break;
	}
}

void
audit_fix_plan(const struct tmg_audit_result *r, struct out *o)
{
	const struct tmg_finding *f;
	unsigned long n = 0, left = 0;

	out_str(o,
	    "# Changes that mend what the audit found. Export the configuration first.\n\n"
	    "# 1. Steps in the console\n\n");
	for (f = r->findings; f != NULL; f = f->next) {
		if (f->known || f->severity < r->show)
			continue;
		if (f->mends == NULL) {
			left++;
			continue;
		}
		out_fmt(o, "%lu. %s: ", ++n, f->id);
		put_safe(o, f->sentence);
		out_str(o, "\n");
		for (const struct tmg_mend *m = f->mends; m != NULL; m = m->next)
			step(o, m);
	}
	if (n == 0)
		out_str(o, "None.\n");
	out_fmt(o, "\n# 2. For people to decide: %lu\n\n", left);
	for (f = r->findings; f != NULL; f = f->next)
		if (!f->known && f->severity >= r->show && f->mends == NULL) {
			out_fmt(o, "- %s: %s: ", f->id, f->sentence);
			put_safe(o, f->detail != NULL ? f->detail : "");
			out_str(o, "\n  ");
			out_str(o, f->fix);
			out_str(o, "\n");
		}
	if (n == 0)
		return;
	out_str(o,
	    "\n# 3. The same as a script for Windows PowerShell on the TMG computer. It uses the\n"
	    "# documented object model and HAS NEVER BEEN RUN: read it, try it on a copy.\n\n"
	    "$root = New-Object -ComObject FPC.Root\n"
	    "$array = $root.GetContainingArray()\n"
	    "$rules = $array.ArrayPolicy.PolicyRules\n"
	    "$listeners = $array.RuleElements.WebListeners\n");
	for (f = r->findings; f != NULL; f = f->next)
		for (const struct tmg_mend *m = !f->known && f->severity >= r->show ? f->mends : NULL; m != NULL;
		     m = m->next)
			script(o, m);
	out_str(o, "\n$listeners.Save()\n$rules.Save()\n");
}
