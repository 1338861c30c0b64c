/*
 * Wall time, monotonic time, sleep; replaceable in tests.
 *
 * Calendar arithmetic is done here on the proleptic Gregorian calendar: the C
 * library has no portable way back from a UTC date to a number.
 */
#include "gateway/base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#define MS_PER_DAY ((int64_t)86400000)

/* The first and last moment with a four-digit year. */
#define FORMAT_MIN_MS ((int64_t)-62167219200000)
#define FORMAT_MAX_MS ((int64_t)253402300799999)

static int64_t (*fake_wall_ms)(void);
static int64_t (*fake_mono_ms)(void);

static int64_t
read_ms(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t) != 0)
		return 0; /* both clocks are mandatory: cannot happen */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(void)
{
	return fake_wall_ms ? fake_wall_ms() : read_ms(CLOCK_REALTIME);
}

int64_t
clock_mono_ms(void)
{
	return fake_mono_ms ? fake_mono_ms() : read_ms(CLOCK_MONOTONIC);
}

void
clock_sleep_ms(int64_t ms)
{
	struct timespec t;

	if (ms <= 0)
		return;
	t.tv_sec = (time_t)(ms / 1000);
	t.tv_nsec = (long)(ms % 1000) * 1000000;
	(void)nanosleep(&t, NULL);
}

void
clock_replace(int64_t (*wall_ms)(void), int64_t (*mono_ms)(void))
{
	fake_wall_ms = wall_ms;
	fake_mono_ms = mono_ms;
}

struct date {
	int64_t year;
	int month; /* 1..12 */
	int day;   /* 1..31 */
};

/*
 * Days since 1970-01-01 of a date with a year >= 0. Years are counted from
 * March, so that the leap day is a year's last and months repeat in fives.
 */
static int64_t
days_of(struct date d)
{
	int64_t year = d.year - (d.month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t month = (d.month + 9) % 12;
	int64_t day_of_year = (153 * month + 2) / 5 + d.day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 -
	       year_of_era / 100 + day_of_year - 719468;
}

static struct date
date_of(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t month = (5 * doy + 2) / 153;
	struct date d;

	d.day = (int)(doy - (153 * month + 2) / 5 + 1);
	d.month = (int)(month < 10 ? month + 3 : month - 9);
	d.year = yoe + era * 400 + (d.month <= 2);
	return d;
}

void
clock_format(char *out, int64_t wall_ms)
{
	int64_t days;
	int64_t rest;
	struct date d;

	if (wall_ms < FORMAT_MIN_MS)
		wall_ms = FORMAT_MIN_MS;
	if (wall_ms > FORMAT_MAX_MS)
		wall_ms = FORMAT_MAX_MS;
	days = wall_ms / MS_PER_DAY;
	rest = wall_ms % MS_PER_DAY;
	if (rest < 0) {
		rest += MS_PER_DAY;
		days--;
	}
	d = date_of(days);
	(void)snprintf(out, CLOCK_TEXT_SIZE,
	               "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
	               (unsigned)d.year % 10000, (unsigned)d.month % 100,
	               (unsigned)d.day % 100, (unsigned)(rest / 3600000) % 100,
	               (unsigned)(rest / 60000 % 60),
	               (unsigned)(rest / 1000 % 60), (unsigned)(rest % 1000));
}

/* A reader that stops for good at the first thing that does not fit. */
struct cursor {
	const char *at;
	bool is_bad;
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
take_number(struct cursor *c, int n_digits, int min, int max)
{
	int value = 0;
	int i;

	for (i = 0; i < n_digits && !c->is_bad; i++) {
		if (is_digit(*c->at))
			value = value * 10 + (*c->at++ - '0');
		else
			c->is_bad = true;
	}
	if (value < min || value > max)
		c->is_bad = true;
	return value;
}

static void
take_one_of(struct cursor *c, char a, char b)
{
	if (!c->is_bad && (*c->at == a || *c->at == b))
		c->at++;
	else
		c->is_bad = true;
}

/* Days since 1970; refuses 31 April by going there and back. */
static int64_t
take_date(struct cursor *c)
{
	struct date d;
	int64_t days;

	d.year = take_number(c, 4, 0, 9999);
	take_one_of(c, '-', '-');
	d.month = take_number(c, 2, 1, 12);
	take_one_of(c, '-', '-');
	d.day = take_number(c, 2, 1, 31);
	if (c->is_bad)
		return 0;
	days = days_of(d);
	if (date_of(days).day != d.day)
		c->is_bad = true;
	return days;
}

/* Milliseconds of the day; a leap second is the next minute's first. */
static int64_t
take_time(struct cursor *c)
{
	int64_t ms;
	int weight = 100;

	ms = take_number(c, 2, 0, 23) * (int64_t)3600000;
	take_one_of(c, ':', ':');
	ms += take_number(c, 2, 0, 59) * (int64_t)60000;
	take_one_of(c, ':', ':');
	ms += take_number(c, 2, 0, 60) * (int64_t)1000;
	if (c->is_bad || *c->at != '.')
		return ms;
	c->at++;
	if (!is_digit(*c->at))
		c->is_bad = true;
	for (; is_digit(*c->at); c->at++) {
		ms += (*c->at - '0') * weight;
		weight /= 10;
	}
	return ms;
}

/* Milliseconds that local time is ahead of UTC. */
static int64_t
take_zone(struct cursor *c, int assume_utc)
{
	int64_t ms;
	bool is_behind;

	if (c->is_bad || (*c->at == '\0' && assume_utc))
		return 0;
	if (*c->at == 'Z' || *c->at == 'z') {
		c->at++;
		return 0;
	}
	is_behind = *c->at == '-';
	take_one_of(c, '+', '-');
	ms = take_number(c, 2, 0, 23) * (int64_t)3600000;
	take_one_of(c, ':', ':');
	ms += take_number(c, 2, 0, 59) * (int64_t)60000;
	return is_behind ? -ms : ms;
}

int
clock_parse(int64_t *out_ms, const char *text, int assume_utc)
{
	struct cursor c = { text, false };
	int64_t ms;

	ms = take_date(&c) * MS_PER_DAY;
	if (!c.is_bad && *c.at == ' ')
		c.at++; /* RFC 3339 5.6 lets a blank stand for the T */
	else
		take_one_of(&c, 'T', 't');
	ms += take_time(&c);
	ms -= take_zone(&c, assume_utc);
	if (c.is_bad || *c.at != '\0')
		return CLOCK_MALFORMED;
	*out_ms = ms;
	return 0;
}
