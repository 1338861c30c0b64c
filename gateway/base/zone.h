#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include <stdint.h>

/*
 * Local time of a named zone, beside the process's own (TZ). tzset() would
 * change it for every thread, so the system's zone file is read instead.
 */
struct zone;

enum {
	ZONE_UNKNOWN = 1, /* condition: no such zone, or its file is broken */
	ZONE_TEXT_SIZE = 32, /* room for zone_format */
};

/*
 * Load by IANA name ("Europe/Athens") from $TZDIR or the system's folder.
 *
 * Returns  0, ZONE_UNKNOWN, ERR_NOMEM.
 * Owns     *out is the caller's on 0 (zone_free).
 * Source   RFC 8536 (TZif), read 2026-11-21.
 */
int zone_load(struct zone **out, const char *name);
void zone_free(struct zone *zone);

/*
 * Seconds east of UTC at a moment; zone NULL: the process's zone. Beyond the
 * file's table its closing rule counts. Threads: any.
 */
int32_t zone_offset_s(const struct zone *zone, int64_t utc_ms);

/* Local time without a zone, whole seconds: 2024-05-01T09:30:00. */
void zone_format(char out[ZONE_TEXT_SIZE], const struct zone *zone,
                 int64_t utc_ms);

#endif
