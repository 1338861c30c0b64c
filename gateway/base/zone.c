/*
 * Local time of a named zone, from its TZif file (RFC 8536).
 *
 * A file holds a table of transitions and, behind it, a rule in the form of
 * TZ for all later moments. Only rules by month, week and day ("M3.5.0/3") are
 * understood, which is all that the world uses; with any other the last
 * transition stays in force.
 */
#include "gateway/base/zone.h"

#include "gateway/base/err.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum {
	FILE_MAX_BYTES = 65536, /* the largest of them has 4 KiB */
	HEADER_SIZE = 44,
	TYPE_SIZE = 6,
	TYPES_MAX = 256,
	DAY_S = 86400,
	OFFSET_MAX_S = 26 * 3600, /* RFC 8536, section 3.2 */
};

/* When summer time begins or ends: "M10.5.0/4". */
struct change {
	int month;    /* 1..12 */
	int week;     /* 1..5, 5: the last one */
	int weekday;  /* 0: Sunday */
	int32_t at_s; /* of local time */
};

struct zone {
	size_t n;          /* transitions */
	int64_t *at_s;     /* owned; UTC, ascending */
	int32_t *offset_s; /* owned; in force from at_s[i] */
	int32_t first_s;   /* in force before the first transition */
	bool has_rule;     /* for what follows the last transition */
	bool has_summer;
	int32_t standard_s;
	int32_t summer_s;
	struct change begins;
	struct change ends;
};

/* ---- calendar ---- */

/*
 * Days since 1970-01-01 of a date of the Gregorian calendar. Years begin in
 * March here, so that the leap day is their last.
 */
static int64_t
days_of(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year =
		(153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

static void
date_of(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t y =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) /
		365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = y + era * 400 + (*month <= 2);
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Local seconds since 1970 at which a rule changes the clock in a year. */
static int64_t
change_at(const struct change *change, int64_t year)
{
	int64_t first = days_of(year, change->month, 1);
	int64_t next = change->month == 12
	                       ? days_of(year + 1, 1, 1)
	                       : days_of(year, change->month + 1, 1);
	int weekday =
		(int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01: Thursday */
	int64_t day = first + (change->weekday - weekday + 7) % 7;

	day += 7 * (change->week - 1);
	while (day >= next)
		day -= 7;
	return day * DAY_S + change->at_s;
}

static int32_t
rule_offset(const struct zone *zone, int64_t utc_s)
{
	int64_t year;
	int64_t begins;
	int64_t ends;
	int month;
	int day;
	bool is_summer;

	if (!zone->has_summer)
		return zone->standard_s;
	date_of(floor_div(utc_s + zone->standard_s, DAY_S), &year, &month,
	        &day);
	begins = change_at(&zone->begins, year) - zone->standard_s;
	ends = change_at(&zone->ends, year) - zone->summer_s;
	if (begins < ends)
		is_summer = utc_s >= begins && utc_s < ends;
	else /* the southern half of the world */
		is_summer = utc_s >= begins || utc_s < ends;
	return is_summer ? zone->summer_s : zone->standard_s;
}

/* ---- the rule behind the table ---- */

static bool
read_name(const char **p)
{
	const char *from = *p;

	if (*from == '<') {
		while (**p && **p != '>')
			(*p)++;
		if (**p != '>')
			return false;
		(*p)++;
		return true;
	}
	while (isalpha((unsigned char)**p))
		(*p)++;
	return *p - from >= 3;
}

static bool
read_number(const char **p, int max, int *out)
{
	int n = 0;

	if (!isdigit((unsigned char)**p))
		return false;
	while (isdigit((unsigned char)**p)) {
		n = n * 10 + (**p - '0');
		if (n > max)
			return false;
		(*p)++;
	}
	*out = n;
	return true;
}

/* [+-]hh[:mm[:ss]] in seconds; hours up to a week (RFC 8536, 3.3.1). */
static bool
read_time(const char **p, int32_t *out)
{
	int sign = **p == '-' ? -1 : 1;
	int part = 0;
	int32_t total;

	if (**p == '-' || **p == '+')
		(*p)++;
	if (!read_number(p, 167, &part))
		return false;
	total = part * 3600;
	for (int unit = 60; unit >= 1 && **p == ':'; unit /= 60) {
		(*p)++;
		if (!read_number(p, 59, &part))
			return false;
		total += part * unit;
	}
	*out = sign * total;
	return true;
}

static bool
read_change(const char **p, struct change *out)
{
	out->at_s = 2 * 3600;
	if (*(*p)++ != ',' || *(*p)++ != 'M')
		return false;
	if (!read_number(p, 12, &out->month) || out->month < 1 ||
	    *(*p)++ != '.')
		return false;
	if (!read_number(p, 5, &out->week) || out->week < 1 || *(*p)++ != '.')
		return false;
	if (!read_number(p, 6, &out->weekday))
		return false;
	if (**p != '/')
		return true;
	(*p)++;
	return read_time(p, &out->at_s);
}

/* "EET-2EEST,M3.5.0/3,M10.5.0/4"; offsets count west of Greenwich there. */
static bool
read_rule(struct zone *zone, const char *text)
{
	const char *p = text;
	int32_t west;

	if (!read_name(&p) || !read_time(&p, &west))
		return false;
	zone->standard_s = -west;
	if (*p == '\0')
		return true;
	if (!read_name(&p))
		return false;
	zone->summer_s = zone->standard_s + 3600;
	if (*p != ',') {
		if (!read_time(&p, &west))
			return false;
		zone->summer_s = -west;
	}
	zone->has_summer = true;
	return read_change(&p, &zone->begins) && read_change(&p, &zone->ends) &&
	       *p == '\0';
}

/* ---- the file ---- */

static uint32_t
big32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static int64_t
big64(const unsigned char *p)
{
	return (int64_t)((uint64_t)big32(p) << 32 | big32(p + 4));
}

/* Sizes of one block of a TZif file, from its header. */
struct block {
	size_t n_utc, n_standard, n_leaps, n_transitions, n_types, n_chars;
	size_t n_bytes; /* behind the header */
};

static bool
read_header(struct block *out, const unsigned char *p, size_t n, size_t time)
{
	if (n < HEADER_SIZE || memcmp(p, "TZif", 4) != 0)
		return false;
	for (size_t i = 20; i < HEADER_SIZE; i += 4)
		if (big32(p + i) > FILE_MAX_BYTES)
			return false;
	out->n_utc = big32(p + 20);
	out->n_standard = big32(p + 24);
	out->n_leaps = big32(p + 28);
	out->n_transitions = big32(p + 32);
	out->n_types = big32(p + 36);
	out->n_chars = big32(p + 40);
	out->n_bytes = out->n_transitions * (time + 1) +
	               out->n_types * TYPE_SIZE + out->n_chars +
	               out->n_leaps * (time + 4) + out->n_standard + out->n_utc;
	return out->n_types > 0 && out->n_types <= TYPES_MAX &&
	       out->n_bytes <= n - HEADER_SIZE;
}

static int
read_table(struct zone *zone, const unsigned char *p, const struct block *b)
{
	const unsigned char *index = p + b->n_transitions * 8;
	const unsigned char *types = index + b->n_transitions;
	int32_t offsets[TYPES_MAX] = { 0 };

	for (size_t i = 0; i < b->n_types; i++) {
		offsets[i] = (int32_t)big32(types + i * TYPE_SIZE);
		if (offsets[i] < -OFFSET_MAX_S || offsets[i] > OFFSET_MAX_S)
			return ZONE_UNKNOWN;
	}
	zone->first_s = offsets[0];
	zone->at_s = calloc(b->n_transitions + 1, sizeof(*zone->at_s));
	zone->offset_s = calloc(b->n_transitions + 1, sizeof(*zone->offset_s));
	if (!zone->at_s || !zone->offset_s)
		return err_raise(ERR_NOMEM, "zone");
	for (size_t i = 0; i < b->n_transitions; i++) {
		if (index[i] >= b->n_types)
			return ZONE_UNKNOWN;
		zone->at_s[i] = big64(p + i * 8);
		zone->offset_s[i] = offsets[index[i]];
	}
	zone->n = b->n_transitions;
	return 0;
}

/* The closing rule stands between two line ends. */
static void
read_footer(struct zone *zone, const unsigned char *p, size_t n)
{
	char rule[128];
	size_t length = 0;

	if (n < 2 || p[0] != '\n')
		return;
	while (length + 1 < n && p[length + 1] != '\n')
		length++;
	if (length == 0 || length >= sizeof(rule) || length + 1 == n)
		return;
	memcpy(rule, p + 1, length);
	rule[length] = '\0';
	zone->has_rule = read_rule(zone, rule);
}

/*
 * Version 2 and up: a block with 32-bit times for old readers, then the one
 * that counts, then the rule.
 */
static int
read_file(struct zone *zone, const unsigned char *p, size_t n)
{
	struct block block;
	size_t skip;
	int r;

	if (!read_header(&block, p, n, 4) || p[4] < '2')
		return ZONE_UNKNOWN;
	skip = HEADER_SIZE + block.n_bytes;
	if (!read_header(&block, p + skip, n - skip, 8))
		return ZONE_UNKNOWN;
	r = read_table(zone, p + skip + HEADER_SIZE, &block);
	if (r)
		return r;
	skip += HEADER_SIZE + block.n_bytes;
	read_footer(zone, p + skip, n - skip);
	return 0;
}

/* A name of the zone database: no absolute path, no way up. */
static bool
is_name(const char *name)
{
	if (!name[0] || name[0] == '/' || strstr(name, ".."))
		return false;
	return name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrs"
	                         "tuvwxyz0123456789/_+-")] == '\0';
}

static int
slurp(unsigned char *out, size_t *n_out, const char *name)
{
	const char *dir = getenv("TZDIR");
	char path[512];
	ssize_t got = 0;
	size_t n = 0;
	int fd;
	int length;

	length = snprintf(path, sizeof(path), "%s/%s",
	                  dir && dir[0] ? dir : "/usr/share/zoneinfo", name);
	if (length < 0 || (size_t)length >= sizeof(path))
		return ZONE_UNKNOWN;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ZONE_UNKNOWN;
	while (n < FILE_MAX_BYTES) {
		got = read(fd, out + n, FILE_MAX_BYTES - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	close(fd);
	*n_out = n;
	return got < 0 ? ZONE_UNKNOWN : 0;
}

int
zone_load(struct zone **out, const char *name)
{
	struct zone *zone = NULL;
	unsigned char *p = NULL;
	size_t n = 0;
	int r;

	if (!is_name(name))
		return ZONE_UNKNOWN;
	zone = calloc(1, sizeof(*zone));
	p = malloc(FILE_MAX_BYTES);
	r = zone && p ? slurp(p, &n, name) : err_raise(ERR_NOMEM, "zone");
	if (!r)
		r = read_file(zone, p, n);
	free(p);
	if (r) {
		zone_free(zone);
		return r;
	}
	*out = zone;
	return 0;
}

void
zone_free(struct zone *zone)
{
	if (!zone)
		return;
	free(zone->at_s);
	free(zone->offset_s);
	free(zone);
}

static int32_t
process_offset(int64_t utc_s)
{
	time_t t = (time_t)utc_s;
	struct tm local;

	if (!localtime_r(&t, &local))
		return 0;
	return (int32_t)(days_of((int64_t)local.tm_year + 1900,
	                         local.tm_mon + 1, local.tm_mday) *
	                         DAY_S +
	                 local.tm_hour * 3600 + local.tm_min * 60 +
	                 local.tm_sec - utc_s);
}

int32_t
zone_offset_s(const struct zone *zone, int64_t utc_ms)
{
	int64_t utc_s = floor_div(utc_ms, 1000);
	size_t low = 0;
	size_t high;

	if (!zone)
		return process_offset(utc_s);
	high = zone->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->at_s[middle] <= utc_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == zone->n && zone->has_rule)
		return rule_offset(zone, utc_s);
	return low == 0 ? zone->first_s : zone->offset_s[low - 1];
}

void
zone_format(char out[ZONE_TEXT_SIZE], const struct zone *zone, int64_t utc_ms)
{
	int64_t local = floor_div(utc_ms, 1000) + zone_offset_s(zone, utc_ms);
	int64_t days = floor_div(local, DAY_S);
	int rest = (int)(local - days * DAY_S);
	int64_t year;
	int month;
	int day;
	int length;

	date_of(days, &year, &month, &day);
	length = snprintf(out, ZONE_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d",
	                  (int)(year % 10000), month, day, rest / 3600,
	                  rest / 60 % 60, rest % 60);
	assert(length > 0 && length < ZONE_TEXT_SIZE);
}
