/* When an account's run is due: its cron, and a lag. */
#include "gateway/model/schedule.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/base/crypto.h"

static const uint64_t every_minute = (UINT64_C(1) << 60) - 1;

int64_t
schedule_lag_ms(const struct cron *cron, const char *installation,
                const char *account)
{
	const struct crypto_part parts[] = {
		{ installation, strlen(installation) },
		{ "\n", 1 },
		{ account, strlen(account) },
	};
	char hex[65];

	if (!*installation || cron->minutes == every_minute ||
	    crypto_sha256_hex(hex, parts, 3))
		return 0;
	hex[8] = '\0';
	return (int64_t)(strtoul(hex, NULL, 16) % SCHEDULE_LAG_MAX_MS);
}

int64_t
schedule_next_ms(const struct cron *cron, int64_t lag_ms, int64_t after_ms)
{
	int64_t due = 0;

	return cron_next(&due, cron, after_ms - lag_ms) ? 0 : due + lag_ms;
}

int64_t
schedule_first_ms(const struct cron *cron, int64_t lag_ms, int64_t last_ms,
                  int64_t now_ms)
{
	int64_t due = last_ms > 0 && last_ms < now_ms
	                      ? schedule_next_ms(cron, lag_ms, last_ms)
	                      : 0;

	if (due && due <= now_ms)
		return now_ms;
	return schedule_next_ms(cron, lag_ms, now_ms);
}
