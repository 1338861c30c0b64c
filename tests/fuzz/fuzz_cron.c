/*
 * Schedules: the first eight bytes are a moment, the rest is the text. What is
 * taken runs later than the moment, on a whole minute, and moments ascend.
 */
#include "gateway/base/cron.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { MOMENT_BYTES = 8, N_RUNS = 3 };

/* Moments from 1970 to 2199. */
#define RANGE_MS ((uint64_t)7226582400000)

static void
use_zone_with_changes(void)
{
	static int is_done;

	if (is_done)
		return;
	assert(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1) == 0);
	tzset();
	is_done = 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct cron c;
	const char *why = NULL;
	char *text;
	uint64_t moment = 0;
	int64_t now;
	int64_t next;
	int i;

	if (n < MOMENT_BYTES)
		return 0;
	use_zone_with_changes();
	for (i = 0; i < MOMENT_BYTES; i++)
		moment = moment << 8 | p[i];
	now = (int64_t)(moment % RANGE_MS);
	n -= MOMENT_BYTES;
	text = malloc(n + 1);
	assert(text);
	memcpy(text, p + MOMENT_BYTES, n);
	text[n] = '\0';
	if (cron_parse(&c, text, &why) == 0) {
		for (i = 0; i < N_RUNS && !cron_next(&next, &c, now); i++) {
			assert(next > now && next % 60000 == 0);
			now = next;
		}
	} else {
		assert(why);
	}
	free(text);
	return 0;
}
