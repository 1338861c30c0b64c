/*
 * Load: sends signed Square events over kept TLS connections and writes down
 * the id of every one that was accepted, so that hooks.sh can ask for each of
 * them by name afterwards. Prints rate and latencies.
 *
 *     load URL CA KEY_VARIABLE CONNECTIONS EVENTS IDS_FILE
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"
#include "gateway/drivers/http_client.h"

enum { CONNECTIONS_MAX = 256 };

struct work {
	const char *url, *ca, *key;
	int first, n;     /* numbers of its events */
	int64_t *took_us; /* borrowed: one place per event */
	char (*ids)[64];  /* borrowed; "" where it was not accepted */
};

static int64_t
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
build(struct buf *body, char signature[64], const struct work *w, int number)
{
	unsigned char mac[CRYPTO_MAC_MAX];
	size_t n_mac = 0;
	struct crypto_part parts[2];

	buf_reset(body);
	buf_addf(body,
	         "{\"merchant_id\":\"M\",\"type\":\"inventory.count.updated\","
	         "\"event_id\":\"bench-%d\",\"created_at\":"
	         "\"2026-11-21T10:00:00.123Z\",\"data\":{\"type\":"
	         "\"inventory_counts\",\"id\":\"x\",\"object\":"
	         "{\"inventory_counts\":[{\"calculated_at\":"
	         "\"2026-11-21T10:00:00.1Z\",\"catalog_object_id\":"
	         "\"BENCH%d\",\"catalog_object_type\":\"ITEM_VARIATION\","
	         "\"location_id\":\"L1\",\"quantity\":\"41\",\"state\":"
	         "\"IN_STOCK\"}]}}}",
	         number, number);
	parts[0] = (struct crypto_part){ w->url, strlen(w->url) };
	parts[1] = (struct crypto_part){ body->p, body->n };
	if (crypto_hmac(mac, &n_mac, CRYPTO_SHA256, w->key, strlen(w->key),
	                parts, 2))
		exit(1);
	crypto_base64_encode(signature, mac, n_mac);
}

/* The id in {"event":"…"}. */
static void
take_id(char out[64], const struct http_answer *answer)
{
	const char *begin = strstr(buf_text(&answer->body), "\"event\":\"");

	if (answer->status == 202 && begin)
		(void)snprintf(out, 64, "%.*s", (int)strcspn(begin + 9, "\""),
		               begin + 9);
}

static void *
run(void *arg)
{
	struct work *w = arg;
	const struct http_client_options options = { .timeout_ms = 20000,
		                                     .ca_file = w->ca };
	struct http_client *client = NULL;
	struct buf body = BUF_INIT;

	if (http_client_new(&client, &options))
		exit(1);
	for (int i = 0; i < w->n; i++) {
		char signature[64];
		struct http_answer answer = { 0 };
		struct http_request request = { .method = "POST",
			                        .url = w->url };
		int64_t began;

		build(&body, signature, w, w->first + i);
		request.headers[0] = (struct http_header){ "content-type",
			                                   "application/json" };
		request.headers[1] =
			(struct http_header){ "x-square-hmacsha256-signature",
			                      signature };
		request.n_headers = 2;
		request.body = body.p;
		request.n_body = body.n;
		began = now_us();
		if (http_client_send(client, &request, &answer))
			exit(1);
		w->took_us[w->first + i] = now_us() - began;
		take_id(w->ids[w->first + i], &answer);
		http_answer_fini(&answer);
	}
	buf_fini(&body);
	http_client_free(client);
	return NULL;
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int
write_ids(const char *path, char (*ids)[64], int n)
{
	FILE *f = fopen(path, "w");
	int accepted = 0;

	if (!f)
		return -1;
	for (int i = 0; i < n; i++) {
		if (!ids[i][0])
			continue;
		accepted++;
		(void)fprintf(f, "%s\n", ids[i]);
	}
	(void)fclose(f);
	return accepted;
}

int
main(int argc, char **argv)
{
	struct work works[CONNECTIONS_MAX];
	pthread_t threads[CONNECTIONS_MAX];
	int connections = argc == 7 ? atoi(argv[4]) : 0;
	int n = argc == 7 ? atoi(argv[5]) : 0;
	const char *key = argc == 7 ? getenv(argv[3]) : NULL;
	int64_t *took = calloc((size_t)n + 1, sizeof(*took));
	char(*ids)[64] = calloc((size_t)n + 1, sizeof(*ids));
	int64_t began;
	int accepted;

	if (!key || !took || !ids || connections < 1 ||
	    connections > CONNECTIONS_MAX || n < connections) {
		(void)fputs("usage: load URL CA KEY_VARIABLE CONNECTIONS "
		            "EVENTS IDS_FILE\n",
		            stderr);
		return 2;
	}
	if (http_client_setup())
		return 1; /* cppcheck-suppress memleak ; the process ends */
	began = now_us();
	for (int i = 0; i < connections; i++) {
		int share = n / connections;

		works[i] = (struct work){ argv[1], argv[2], key, i * share,
			                  share,   took,    ids };
		if (i == connections - 1)
			works[i].n = n - i * share;
		if (pthread_create(&threads[i], NULL, run, &works[i]))
			return 1;
	}
	for (int i = 0; i < connections; i++)
		(void)pthread_join(threads[i], NULL);
	began = now_us() - began;
	accepted = write_ids(argv[6], ids, n);
	qsort(took, (size_t)n, sizeof(*took), by_value);
	(void)printf("accepted %d of %d hooks in %.2f s: %.0f per second, p50 "
	             "%.1f ms, p99 %.1f ms\n",
	             accepted, n, (double)began / 1e6,
	             (double)accepted / ((double)began / 1e6),
	             (double)took[n / 2] / 1e3,
	             (double)took[n - 1 - n / 100] / 1e3);
	http_client_teardown();
	free(took);
	free(ids);
	return accepted == n ? 0 : 1;
}
