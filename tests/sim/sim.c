/* What all parts of the simulator share; see sim.h. */
#define _DEFAULT_SOURCE 1 /* strncasecmp under -std=c17 */

#include "tests/sim/sim.h"

#include "gateway/base/clock.h"
#include "tests/sim/calls.h"
#include "tests/sim/fault.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

void
sim_init(struct sim *sim, uint64_t seed)
{
	pthread_mutex_init(&sim->lock, NULL);
	sim->chance = seed;
}

void
sim_fini(struct sim *sim)
{
	fault_clear(sim);
	calls_clear(sim);
	pthread_mutex_destroy(&sim->lock);
}

static const char *const system_names[SIM_N_SYSTEMS] = {
	[SIM_GALAXY] = "galaxy",
	[SIM_SQUARE] = "square",
	[SIM_HIBOUTIK] = "hiboutik",
	[SIM_LIGHTSPEED_R] = "lightspeed_r",
	[SIM_LIGHTSPEED_X] = "lightspeed_x",
	[SIM_TIPSI] = "tipsi",
};

const char *
sim_system_name(enum sim_system system)
{
	return system_names[system];
}

bool
sim_system_parse(enum sim_system *out, const char *name)
{
	int i;

	for (i = 0; i < SIM_N_SYSTEMS; i++) {
		if (strcmp(system_names[i], name) == 0) {
			*out = (enum sim_system)i;
			return true;
		}
	}
	return false;
}

/* ---- memory ---- */

void *
sim_alloc(size_t n)
{
	void *p = calloc(1, n);

	if (p == NULL)
		abort();
	return p;
}

char *
sim_dup(const char *text)
{
	char *copy = text_dup(text);

	if (copy == NULL)
		abort();
	return copy;
}

void
sim_grow(void **p, size_t *cap, size_t n, size_t size)
{
	size_t wanted;

	if (n < *cap)
		return;
	wanted = *cap > 0 ? *cap * 2 : 16;
	*p = realloc(*p, wanted * size);
	if (*p == NULL)
		abort();
	memset((char *)*p + *cap * size, 0, (wanted - *cap) * size);
	*cap = wanted;
}

/* ---- chance ---- */

/* splitmix64: small, and every seed is a good one. */
uint64_t
sim_random(struct sim *sim)
{
	uint64_t z;

	sim->chance += 0x9e3779b97f4a7c15u;
	z = sim->chance;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

unsigned
sim_below(struct sim *sim, unsigned n)
{
	return (unsigned)(sim_random(sim) % n);
}

void
sim_token(struct sim *sim, char *out, size_t n)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	size_t i;

	for (i = 0; i < n; i++)
		out[i] = letters[sim_below(sim, 32)];
	out[n] = '\0';
}

void
sim_uuid(struct sim *sim, char out[37])
{
	uint64_t a = sim_random(sim);
	uint64_t b = sim_random(sim);

	snprintf(out, 37, "%08x-%04x-4%03x-a%03x-%012llx", (unsigned)(a >> 32),
	         (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff,
	         (unsigned)(b >> 52), (unsigned long long)(b & 0xffffffffffff));
}

/* ---- time ---- */

int64_t
sim_now_us(struct sim *sim)
{
	struct timespec now;
	int64_t us;

	clock_gettime(CLOCK_REALTIME, &now);
	us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	if (us <= sim->last_us)
		us = sim->last_us + 1;
	sim->last_us = us;
	return us;
}

char *
sim_time_format(char out[SIM_TIME_SIZE], int64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(out, SIM_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, SIM_TIME_SIZE - n, ".%06dZ", (int)(us % 1000000));
	return out;
}

bool
sim_time_parse(int64_t *out_us, const char *text)
{
	const char *point = strchr(text, '.');
	int64_t ms;
	int64_t fraction = 0;
	int i;

	if (clock_parse(&ms, text, 0) != 0)
		return false;
	for (i = 1; i <= 6 && point != NULL; i++) {
		fraction *= 10;
		if (isdigit((unsigned char)point[i]))
			fraction += point[i] - '0';
		else
			break;
	}
	for (; i > 1 && i <= 5; i++)
		fraction *= 10;
	*out_us = ms / 1000 * 1000000 + fraction;
	return true;
}

/* ---- requests ---- */

static int
hex_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
sim_decode(struct buf *out, const char *p, size_t n)
{
	size_t i;
	int high;
	int low;

	for (i = 0; i < n; i++) {
		high = p[i] == '%' && i + 2 < n ? hex_of(p[i + 1]) : -1;
		low = high >= 0 ? hex_of(p[i + 2]) : -1;
		if (low >= 0) {
			buf_addc(out, (char)(high * 16 + low));
			i += 2;
		} else {
			buf_addc(out, p[i] == '+' ? ' ' : p[i]);
		}
	}
}

bool
sim_param(struct buf *out, const char *query, const char *name)
{
	size_t n_name = strlen(name);
	size_t n;

	while (*query != '\0') {
		n = strcspn(query, "&");
		if (n > n_name && query[n_name] == '=' &&
		    strncasecmp(query, name, n_name) == 0) {
			buf_reset(out);
			sim_decode(out, query + n_name + 1, n - n_name - 1);
			return true;
		}
		query += n;
		query += *query == '&';
	}
	return false;
}

const char *
sim_header(const struct http_call *call, const char *name)
{
	size_t i;

	for (i = 0; i < call->n_headers; i++) {
		if (strcasecmp(call->headers[i].name, name) == 0)
			return call->headers[i].value;
	}
	return "";
}

bool
sim_after(const char **rest, const char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(text, prefix, n) != 0)
		return false;
	*rest = text + n;
	return true;
}

bool
sim_decimal(struct decimal *out, const struct json_node *o, const char *key)
{
	return json_get_decimal_lax(out, o, key) == 0;
}
