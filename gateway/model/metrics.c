/*
 * Every counter and gauge, and the pulse of every loop.
 *
 * Values and beats are atomics, so counting never waits. The mutex is for the
 * names only: registering, retiring and listing who is late.
 */
#include "gateway/model/metrics.h"

#include "gateway/base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

enum {
	PULSES_MAX = 256,
	PULSE_NAME_SIZE = 64, /* "worker:" and an account's name */
};

struct metric_row {
	const char *name;
	const char *type;
	const char *meaning;
};

#define METRIC(id, name, type, meaning) { name, #type, meaning },
static const struct metric_row rows[METRIC_COUNT] = {
#include "gateway/model/metrics.def"
};
#undef METRIC

struct pulse {
	_Atomic int64_t beat_mono_ms;
	int64_t max_ms;             /* under names_lock */
	bool is_used;               /* under names_lock */
	char name[PULSE_NAME_SIZE]; /* under names_lock */
};

static _Atomic int64_t values[METRIC_COUNT];
static struct pulse pulses[PULSES_MAX];
static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int is_draining;

void
metrics_add(enum metric m, int64_t n)
{
	atomic_fetch_add_explicit(&values[m], n, memory_order_relaxed);
}

void
metrics_set(enum metric m, int64_t value)
{
	atomic_store_explicit(&values[m], value, memory_order_relaxed);
}

int64_t
metrics_get(enum metric m)
{
	return atomic_load_explicit(&values[m], memory_order_relaxed);
}

void
metrics_print(struct buf *out)
{
	for (int i = 0; i < METRIC_COUNT; i++)
		buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n",
		         rows[i].name, rows[i].meaning, rows[i].name,
		         rows[i].type, rows[i].name,
		         (long long)metrics_get((enum metric)i));
}

int
pulse_register(const char *name, int64_t max_ms)
{
	int found = -1;

	(void)pthread_mutex_lock(&names_lock);
	for (int i = 0; found < 0 && i < PULSES_MAX; i++)
		if (!pulses[i].is_used)
			found = i;
	if (found >= 0) {
		struct pulse *pulse = &pulses[found];

		pulse->is_used = true;
		pulse->max_ms = max_ms;
		/* a cut name still tells which loop it is */
		(void)snprintf(pulse->name, sizeof(pulse->name), "%s", name);
		pulse_beat(found);
	}
	(void)pthread_mutex_unlock(&names_lock);
	return found;
}

/* Without a place (-1) a loop runs unwatched rather than not at all. */
void
pulse_beat(int pulse)
{
	if (pulse >= 0 && pulse < PULSES_MAX)
		atomic_store(&pulses[pulse].beat_mono_ms, clock_mono_ms());
}

void
pulse_retire(int pulse)
{
	if (pulse < 0 || pulse >= PULSES_MAX)
		return;
	(void)pthread_mutex_lock(&names_lock);
	pulses[pulse].is_used = false;
	(void)pthread_mutex_unlock(&names_lock);
}

int
pulse_late(struct buf *names)
{
	int64_t now = clock_mono_ms();
	int n = 0;

	(void)pthread_mutex_lock(&names_lock);
	for (int i = 0; i < PULSES_MAX; i++) {
		const struct pulse *pulse = &pulses[i];

		if (!pulse->is_used ||
		    now - atomic_load(&pulse->beat_mono_ms) <= pulse->max_ms)
			continue;
		buf_addf(names, "%s%s", n ? ", " : "", pulse->name);
		n++;
	}
	(void)pthread_mutex_unlock(&names_lock);
	return n;
}

void
pulse_set_draining(int yes)
{
	atomic_store(&is_draining, yes != 0);
}

int
pulse_is_draining(void)
{
	return atomic_load(&is_draining);
}
