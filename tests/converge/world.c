/*
 * The place of a run: its folder, ports, simulators and configuration; chance,
 * and what is said.
 */
#define _GNU_SOURCE /* mkdtemp, environ */

#include "tests/converge/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"

enum { CALL_MS = 5000, TIMEOUT_MS = 2000, START_MS = 30000, OPTIONS_MAX = 64 };

static const char *const secret_variables[SECRETS] = {
	[SECRET_PASSWORD] = "GALAXY_PASSWORD",
	[SECRET_GALAXY_HOOK] = "GALAXY_HOOK",
	[SECRET_TOKEN] = "SQUARE_TOKEN",
	[SECRET_KEY] = "SQUARE_SIGNATURE_KEY",
	[SECRET_HIBOUTIK_KEY] = "HIBOUTIK_KEY",
	[SECRET_HIBOUTIK_TOKEN] = "HIBOUTIK_TOKEN",
	[SECRET_X_TOKEN] = "LIGHTSPEED_X_TOKEN",
	[SECRET_X_SECRET] = "LIGHTSPEED_X_SECRET",
	[SECRET_R_SECRET] = "LIGHTSPEED_R_SECRET",
	[SECRET_R_REFRESH] = "LIGHTSPEED_R_REFRESH",
	[SECRET_TIPSI] = "TIPSI_PASSWORD",
};

/* ---- chance ---- */

/* splitmix64 */
uint64_t
chance_next(struct world *w)
{
	uint64_t z = w->chance += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

unsigned
below(struct world *w, unsigned n)
{
	return (unsigned)(chance_next(w) % n);
}

bool
percent(struct world *w, unsigned n)
{
	return below(w, 100) < n;
}

/* ---- saying ---- */

void
say(struct world *w, const char *format, ...)
{
	char now[CLOCK_TEXT_SIZE];
	char text[TEXT_SIZE];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	clock_format(now, clock_wall_ms());
	pthread_mutex_lock(&w->lock);
	buf_addf(&w->log, "%s -- %s\n", now, text);
	pthread_mutex_unlock(&w->lock);
}

void
violate(struct world *w, size_t item, size_t order, const char *format, ...)
{
	char text[TEXT_SIZE * 2];
	va_list ap;
	bool is_first;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	say(w, "VIOLATED: %.*s", TEXT_SIZE - 20, text);
	pthread_mutex_lock(&w->lock);
	is_first = w->violation.n == 0;
	if (is_first) {
		buf_adds(&w->violation, text);
		w->violated_item = item;
		w->violated_order = order;
	}
	pthread_mutex_unlock(&w->lock);
}

bool
is_violated(const struct world *w)
{
	return w->violation.n > 0;
}

/* ---- news ---- */

void
news_settled(struct world *w)
{
	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->n_items; i++) {
		w->items[i].galaxy.told = w->seq;
		for (size_t till = 0; till < w->n_tills; till++)
			w->items[i].till[till].told = w->seq;
	}
	for (size_t i = 0; i < w->n_orders; i++)
		w->orders[i].news.told = w->seq;
	pthread_mutex_unlock(&w->lock);
}

void
news_changed(struct world *w, struct news *news)
{
	pthread_mutex_lock(&w->lock);
	news->changed = ++w->seq;
	pthread_mutex_unlock(&w->lock);
}

bool
news_is_told(struct world *w, const struct news *news)
{
	bool is_told;

	pthread_mutex_lock(&w->lock);
	is_told = news->told >= news->changed;
	pthread_mutex_unlock(&w->lock);
	return is_told;
}

/* ---- starting ---- */

static int
free_port(struct world *w)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t n = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, n) ||
	    getsockname(fd, (struct sockaddr *)&address, &n))
		give_up(w, "no free port");
	(void)close(fd);
	return ntohs(address.sin_port);
}

/* What Hiboutik makes of the key and the account's name. */
static void
make_token(struct world *w)
{
	const char *key = w->secrets[SECRET_HIBOUTIK_KEY];
	const struct crypto_part account = { "demo", strlen("demo") };
	unsigned char mac[CRYPTO_MAC_MAX];
	size_t n = 0;

	if (crypto_hmac(mac, &n, CRYPTO_SHA256, key, strlen(key), &account, 1))
		give_up(w, "a token");
	crypto_hex_encode(w->secrets[SECRET_HIBOUTIK_TOKEN], mac, n);
}

/* Different in each run, so that a find is a find. */
static void
plant_secrets(struct world *w)
{
	for (size_t i = 0; i < SECRETS; i++) {
		(void)snprintf(w->secrets[i], sizeof(w->secrets[i]),
		               "planted-%zu-%08x%08x%08x", i, crypto_jitter(),
		               crypto_jitter(), crypto_jitter());
		if (i == SECRET_HIBOUTIK_TOKEN)
			make_token(w);
		if (setenv(secret_variables[i], w->secrets[i], 1))
			give_up(w, "setenv");
	}
}

static void
make_certificates(struct world *w)
{
	char *script = text_format("%s/certs/make-certs.sh", w->root);
	char *to = text_format("%s/certs", w->dir);
	const char *argv[] = { script, to, NULL };
	int status = 0;

	if (!ends(launch_there(w, argv, "certs.log", "certs.log"), &status,
	          START_MS) ||
	    status != 0)
		give_up(w, "certs/make-certs.sh");
	free(script);
	free(to);
}

static void
read_address(char out[64], const char *line, const char *name)
{
	char key[32];
	const char *found;

	(void)snprintf(key, sizeof(key), " %s=", name);
	found = strstr(line, key);
	if (found)
		(void)snprintf(out, 64, "http://%.*s",
		               (int)strcspn(found + strlen(key), " \n"),
		               found + strlen(key));
}

/* Its ports, once it says them. */
static void
await_sim(struct world *w, struct sim_process *sim, const char *out)
{
	char *path = text_format("%s/%s", w->dir, out);
	char line[600] = "";
	int64_t until = clock_mono_ms() + START_MS;

	while (!strstr(line, "control=") || !strchr(line, '\n')) {
		FILE *f = fopen(path, "r");
		size_t n = f ? fread(line, 1, sizeof(line) - 1, f) : 0;

		line[n] = '\0';
		if (f)
			(void)fclose(f);
		if (clock_mono_ms() >= until)
			give_up(w, "the simulator does not start");
		clock_sleep_ms(10);
	}
	read_address(sim->galaxy, line, "galaxy");
	read_address(sim->control, line, "control");
	for (size_t till = 0; till < w->n_tills; till++)
		read_address(sim->tills[w->tills[till].kind], line,
		             w->tills[till].type->word);
	free(path);
}

/* Who announces by itself: what we write comes back as a call. */
static void
set_echo(struct world *w, size_t sim, const char *word)
{
	order_control(w, sim, "hooks",
	              "{\"system\":\"%s\",\"mode\":\"%s\","
	              "\"retry_ms\":[200,500]}",
	              word, w->has_echo ? "on" : "off");
}

/* The options of the tills that it plays; n grows. */
static void
add_till_options(const struct world *w, size_t sim, const char **argv,
                 size_t *n)
{
	for (size_t till = 0; till < w->n_tills; till++) {
		const char *const *more = till_sim_options(w->tills[till].kind);

		for (; w->tills[till].sim == sim && *more; more++)
			argv[(*n)++] = *more;
	}
}

static void
start_sim(struct world *w, size_t i)
{
	struct sim_process *sim = &w->sims[i];
	char *out = text_format("sim%zu.out", i);
	char *log = text_format("sim%zu.log", i);
	char *ca = text_format("%s/certs/ca.pem", w->dir);
	char *url = text_format("%s/hooks/%s", w->hooks_url, w->tills[i].name);
	char *url_x = text_format("%s/hooks/market", w->hooks_url);
	char *seed = text_format("%llu", (unsigned long long)w->seed + i);
	const char *argv[OPTIONS_MAX] = { w->simulator,
		                          "--galaxy-password-env",
		                          "GALAXY_PASSWORD",
		                          "--items",
		                          "14",
		                          "--sized",
		                          "1",
		                          "--seed",
		                          seed,
		                          "--ca",
		                          ca,
		                          "--square-hook-url",
		                          url };
	bool has_r = i == 0 && w->has_kind[TILL_LIGHTSPEED_R];
	bool has_x = i == 0 && w->has_kind[TILL_LIGHTSPEED_X];
	size_t n = 13;

	add_till_options(w, i, argv, &n);
	if (has_x && w->has_echo) {
		argv[n++] = "--lightspeed-x-hook-url";
		argv[n] = url_x;
	}
	sim->pid = launch(w, argv, out, log);
	await_sim(w, sim, out);
	set_echo(w, i, "square");
	if (has_x) {
		set_echo(w, i, "lightspeed_x");
		order_control(w, i, "lightspeed_x/switches",
		              "{\"registers\":1000}");
	}
	/* Who counts calls here is not who converges. */
	if (has_r)
		order_control(w, i, "lightspeed_r/switches",
		              "{\"bucket_size\":10000,\"drip_milli\":"
		              "1000000,\"burst_max\":1000}");
	free(out);
	free(log);
	free(ca);
	free(url);
	free(url_x);
	free(seed);
}

static void
put_galaxy(struct world *w, struct json_out *o)
{
	static const char *const terms[][2] = {
		{ "company", "001" },         { "companysite", "101" },
		{ "trader", "30-0000" },      { "currency", "EUR" },
		{ "transport_mode", "01" },   { "transporter", "01" },
		{ "dispatch_purpose", "01" }, { "payment_plan", "01" },
	};

	json_out_object(o, NULL);
	json_out_text(o, "name", "erp");
	json_out_text(o, "type", "galaxy");
	json_out_text(o, "url", w->sims[0].galaxy);
	json_out_text(o, "username", "sync");
	json_out_text(o, "password", "env:GALAXY_PASSWORD");
	json_out_int(o, "timeout_ms", TIMEOUT_MS);
	if (w->has_lookup)
		json_out_raw(o, "lookup",
		             "{\"view\":\"CommercialEntry/ByDocID\","
		             "\"field\":\"DOCID\"}");
	json_out_raw(o, "hook", "{\"secret\":\"env:GALAXY_HOOK\"}");
	json_out_object(o, "entry");
	json_out_text(o, "returns", w->holds_returns ? "hold" : "negative");
	for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++)
		json_out_text(o, terms[i][0], terms[i][1]);
	json_out_end_object(o);
	json_out_end_object(o);
}

/* Schedules that never come: what happens, happens by hooks and by command. */
static void
write_config(struct world *w)
{
	char *path = text_format("%s/gateway.json", w->dir);
	struct buf b = BUF_INIT;
	struct json_out o = { .to = &b };
	FILE *f;

	json_out_object(&o, NULL);
	json_out_object(&o, "public");
	json_out_array(&o, "listen");
	buf_addf(&b, "\"127.0.0.1%s\"", strrchr(w->hooks_url, ':'));
	json_out_end_array(&o);
	json_out_text(&o, "url", w->hooks_url);
	json_out_text(&o, "certificate", "certs/server.pem");
	json_out_end_object(&o);
	json_out_object(&o, "private");
	json_out_array(&o, "listen");
	buf_addf(&b, "\"127.0.0.1%s\"", strrchr(w->api_url, ':'));
	json_out_end_array(&o);
	json_out_end_object(&o);
	json_out_text(&o, "state_dir", "state");
	json_out_array(&o, "accounts");
	put_galaxy(w, &o);
	for (size_t i = 0; i < w->n_tills; i++)
		till_configure(w, &o, i);
	json_out_end_array(&o);
	json_out_raw(&o, "stock", "{\"authority\":\"erp\"}");
	json_out_raw(&o, "schedule",
	             "{\"timezone\":\"Europe/Athens\",\"catch_up\":"
	             "\"0 0 1 1 *\",\"full\":\"0 0 1 1 *\","
	             "\"reconcile\":\"0 0 1 1 *\"}");
	json_out_end_object(&o);
	f = path ? fopen(path, "w") : NULL;
	if (buf_check(&b) || !f || fputs(buf_text(&b), f) < 0 || fclose(f))
		give_up(w, "cannot write the configuration");
	buf_fini(&b);
	free(path);
}

void
world_start(struct world *w)
{
	const struct http_client_options options = { .timeout_ms = CALL_MS,
		                                     .may_http = true };
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(w->dir, sizeof(w->dir), "%s/converge-XXXXXX",
	               tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(w->dir) || pthread_mutex_init(&w->lock, NULL) ||
	    http_client_new(&w->http, &options))
		give_up(w, "cannot begin");
	(void)snprintf(w->hooks_url, sizeof(w->hooks_url),
	               "https://localhost:%d", free_port(w));
	(void)snprintf(w->api_url, sizeof(w->api_url), "http://127.0.0.1:%d",
	               free_port(w));
	plant_secrets(w);
	clock_prepare(w);
	make_certificates(w);
	if (w->has_clock)
		clock_set(w, 0);
	for (size_t i = 0; i < w->n_sims; i++)
		start_sim(w, i);
	write_config(w);
	daemon_start(w);
	if (!wait_ready(w, w->rest_ms))
		give_up(w, "the daemon does not start");
	hooks_start(w);
}

static void
remove_folder(const struct world *w)
{
	const char *argv[] = { "/bin/rm", "-rf", w->dir, NULL };
	extern char **environ;
	pid_t pid;

	if (!posix_spawn(&pid, argv[0], NULL, NULL,
	                 (char *const *)(uintptr_t)argv, environ))
		(void)waitpid(pid, NULL, 0);
}

void
world_stop(struct world *w)
{
	hooks_stop(w);
	if (is_violated(w) && w->daemon)
		report_explain(w);
	daemon_end(w, SIGTERM);
	for (size_t i = 0; i < w->n_sims; i++)
		end_process(&w->sims[i].pid, SIGTERM);
	check_secrets(w);
	if (is_violated(w))
		report(w);
	else if (w->keeps)
		free(report_actions(w));
	if (!is_violated(w) && !w->keeps)
		remove_folder(w);
	http_client_free(w->http);
	free(w->orders);
	buf_fini(&w->log);
}
