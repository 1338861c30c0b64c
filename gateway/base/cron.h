#ifndef BASE_CRON_H
#define BASE_CRON_H

#include <stdint.h>

/*
 * When a schedule is next due: arithmetic only.
 *
 * Five fields: minute, hour, day of month, month, day of week; lists, ranges,
 * steps, month and weekday names, 7 = Sunday. When both day fields are
 * restricted, either may match, as in crontab(5).
 */
struct cron {
	uint64_t minutes; /* bit 0..59 */
	uint32_t hours;   /* bit 0..23 */
	uint32_t days;    /* bit 1..31 */
	uint16_t months;  /* bit 1..12 */
	uint8_t weekdays; /* bit 0..6, 0 = Sunday */
	uint8_t any_day;  /* the day-of-month field was `*` */
	uint8_t any_weekday;
};

enum { CRON_MALFORMED = 1, CRON_NEVER = 2 };

/*
 * Parse. why receives a static sentence naming the field on CRON_MALFORMED;
 * may be NULL.
 *
 * Returns 0 or CRON_MALFORMED.
 */
int cron_parse(struct cron *out, const char *text, const char **why);

/*
 * First due minute strictly after a moment, in the process's time zone (TZ).
 * A local time that a change to summer time skips runs at the first minute
 * after the gap; one that happens twice runs at its first, but for a schedule
 * of every hour, which runs in both.
 *
 * Returns 0, or CRON_NEVER when nothing is due within five years (31 Feb).
 */
int cron_next(int64_t *out_wall_ms, const struct cron *c,
              int64_t after_wall_ms);

#endif
