/*
 * Checks of the form of simple URLs, which rest on the topology alone. Whether they are
 * published is asked elsewhere; that one begins with https:// and has no port, the reader
 * of topologies says.
 */
#include "audit/audit.h"

/* Simple URLs in use, one after the other. */
#define EACH_URL(v, u)                                                             \
	for (const struct simple_url *u = (v)->site->urls; u != NULL; u = u->next) \
		if (u->active)

static void
say(struct view *v, enum check_id id, const struct simple_url *u, const char *detail)
{
	found(v, id, &(struct about){ .name = u->host, .subject = u->url, .file = u->file, .line = u->line }, "%s: %s",
	    u->url, detail);
}

/* Does a host end in this name, as a whole label? */
static bool
ends_in(const char *host, const char *name)
{
	size_t h = strlen(host), n = strlen(name);

	return h >= n && strcmp(host + h - n, name) == 0 && (h == n || host[h - n - 1] == '.');
}

static bool
is_segment(const char *path, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = path; (s = strchr(s, '/')) != NULL;) {
		s++;
		if (ascii_ncasecmp(s, name, n) == 0 && (s[n] == '/' || s[n] == '\0'))
			return true;
	}
	return false;
}

void
check_SIMPLE_POOL_NAME(struct view *v)
{
	EACH_URL(v, u)
	for (const struct pool *p = v->site->pools; p != NULL; p = p->next)
		if (p->role != POOL_OTHER && (ends_in(u->host, p->fqdn) || is_segment(u->path, p->fqdn))) {
			say(v, CHECK_SIMPLE_POOL_NAME, u, audit_fmt(v, "pool %s", p->fqdn));
			break;
		}
}

/* A URL without its scheme, as it is compared. */
struct address {
	const struct simple_url *u;
	char *text;
	size_t len;
};

static int
compare(const void *x, const void *y)
{
	const struct address *a = x, *b = y;
	int c = strcmp(a->text, b->text);

	/* Equal ones: in the order in which they were stated. */
	return c != 0                  ? c
	    : a->u->line != b->u->line ? (a->u->line < b->u->line ? -1 : 1)
				       : strcmp(a->u->url, b->u->url);
}

static bool
make_address(struct view *v, struct address *a, const struct simple_url *u)
{
	a->u = u;
	a->text = arena_fmt(v->mem, "%s%s", u->host, strcmp(u->path, "/") == 0 ? "" : u->path);
	if (a->text == NULL)
		return false;
	for (char *s = a->text; *s != '\0'; s++)
		*s = ascii_lower(*s);
	for (a->len = strlen(a->text); a->len > 0 && a->text[a->len - 1] == '/'; a->len--)
		a->text[a->len - 1] = '\0';
	return true;
}

/* In order, what begins like a URL stands right behind it. */
void
check_SIMPLE_PREFIX(struct view *v)
{
	struct address *all;
	size_t n = 0, i = 0;

	EACH_URL(v, u)
	n++;
	if (n < 2)
		return;
	if ((all = arena_array(v->mem, n, sizeof(*all))) == NULL) {
		v->failed = true;
		return;
	}
	EACH_URL(v, u)
	if (!make_address(v, &all[i++], u)) {
		v->failed = true;
		return;
	}
	qsort(all, n, sizeof(*all), compare);
	for (i = 0; i + 1 < n; i++) {
		const struct address *a = &all[i], *b = &all[i + 1];

		/* The same URL may serve several domains or scopes of one component. */
		if (strncmp(a->text, b->text, a->len) != 0 || (a->len == b->len && a->u->kind == b->u->kind))
			continue;
		say(v, CHECK_SIMPLE_PREFIX, a->u, audit_fmt(v, "%s begins like it", b->u->url));
	}
}

void
check_SIMPLE_CHARACTERS(struct view *v)
{
	EACH_URL(v, u)
	{
		const char *s = strstr(u->url, "://");
		size_t n;

		s = s != NULL ? s + 3 : u->url;
		n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./");
		if (s[n] != '\0')
			say(v, CHECK_SIMPLE_CHARACTERS, u, audit_fmt(v, "\"%s\"", s + n));
	}
}
