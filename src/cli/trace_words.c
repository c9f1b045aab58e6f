/*
 * What `trace` takes on its command line beside the words of all commands: a
 * time and a method. The only place that looks at the clock.
 */
#include <string.h>
#include <time.h>

#include "cli/cli.h"

/* 0 Sunday. The year begins with March, so that the odd day comes last. */
static int
weekday_of(int year, int month, int day)
{
	static const int shift[] = { 0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4 };

	year -= month < 3;
	return (year + year / 4 - year / 100 + year / 400 + shift[month - 1] + day) % 7;
}

static int
days_of(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Two or four digits. */
static bool
digits(const char **s, int n, int *to)
{
	*to = 0;
	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		*to = *to * 10 + (**s - '0');
	}
	return true;
}

static bool
skip(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

bool
trace_time_read(struct trace_time *t, const char *s)
{
	const char *start = s;
	int year, month, day, minute, second;

	if (!digits(&s, 4, &year) || !skip(&s, '-') || !digits(&s, 2, &month) || !skip(&s, '-') ||
	    !digits(&s, 2, &day) || !skip(&s, 'T') || !digits(&s, 2, &t->hour) || !skip(&s, ':') ||
	    !digits(&s, 2, &minute))
		return false;
	if (*s == ':' && (!skip(&s, ':') || !digits(&s, 2, &second) || second > 59))
		return false;
	if (*s != '\0' || year < 1900 || month < 1 || month > 12 || day < 1 || day > days_of(year, month) ||
	    t->hour > 23 || minute > 59)
		return false;
	t->weekday = weekday_of(year, month, day);
	t->stated = true;
	t->now = false;
	memset(t->text, 0, sizeof(t->text));
	memcpy(t->text, start, sizeof("2026-11-22T14:05") - 1);
	return true;
}

void
trace_time_now(struct trace_time *t)
{
	time_t now = time(NULL);
	struct tm tm;

	memset(t, 0, sizeof(*t));
	t->now = true;
	if (localtime_r(&now, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	t->weekday = tm.tm_wday;
	t->hour = tm.tm_hour;
	if (strftime(t->text, sizeof(t->text), "%Y-%m-%dT%H:%M", &tm) == 0)
		t->text[0] = '\0';
}

bool
trace_is_method(const char *s)
{
	static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";

	return *s != '\0' && strspn(s, token) == strlen(s);
}
