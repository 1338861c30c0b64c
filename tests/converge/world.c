/*
 * The place of a run: its folder, ports, processes and calls.
 *
 * Processes are started and ended here and nowhere else. The private Redis is
 * the daemon's child: it is found by its pid file, and only if it works in our
 * folder.
 */
#define _GNU_SOURCE /* mkdtemp, realpath, environ, prctl */

#include "tests/converge/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/crypto.h"

enum { CALL_MS = 5000, TIMEOUT_MS = 2000, START_MS = 30000 };

const char *const till_names[TILLS_MAX] = { "agora", "kiosk" };

static const char *const secret_variables[SECRETS] = {
	"GALAXY_PASSWORD", "GALAXY_HOOK", "SQUARE_TOKEN", "SQUARE_SIGNATURE_KEY"
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

/* ---- processes ---- */

static void
end_process(pid_t *pid, int signal_no)
{
	int status;

	if (*pid <= 0)
		return;
	(void)kill(*pid, signal_no);
	while (waitpid(*pid, &status, 0) < 0 && errno == EINTR)
		continue;
	*pid = 0;
}

static pid_t redis_pid(const struct world *w);

void
give_up(struct world *w, const char *what)
{
	pid_t redis = redis_pid(w);

	(void)fprintf(stderr, "seed %llu: the test itself failed: %s (%s)\n",
	              (unsigned long long)w->seed, what, w->dir);
	end_process(&w->daemon, SIGKILL);
	if (redis > 0)
		(void)kill(redis, SIGKILL);
	for (size_t i = 0; i < TILLS_MAX; i++)
		end_process(&w->sims[i].pid, SIGKILL);
	exit(2);
}

/* Start it with our environment; out and err are files of the folder. */
static pid_t
launch(struct world *w, const char *const *argv, const char *out,
       const char *err)
{
	char *path_out = text_format("%s/%s", w->dir, out);
	char *path_err = text_format("%s/%s", w->dir, err);
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid < 0 || !path_out || !path_err)
		give_up(w, "cannot start a process");
	if (pid == 0) {
		int to = open(path_out, O_WRONLY | O_CREAT | O_APPEND, 0600);
		int to_err =
			open(path_err, O_WRONLY | O_CREAT | O_APPEND, 0600);
		int from = open("/dev/null", O_RDONLY);

		/* It must not outlive a test that was killed. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent || to < 0 || to_err < 0 || from < 0)
			_exit(126);
		(void)dup2(from, 0);
		(void)dup2(to, 1);
		(void)dup2(to_err, 2);
		(void)close(from);
		(void)close(to);
		(void)close(to_err);
		execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	free(path_out);
	free(path_err);
	return pid;
}

/* True when it has ended by itself within that time. */
static bool
ends(pid_t pid, int *status, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;

	while (waitpid(pid, status, WNOHANG) != pid) {
		if (clock_mono_ms() >= until)
			return false;
		clock_sleep_ms(5);
	}
	return true;
}

void
daemon_start(struct world *w)
{
	char *config = text_format("%s/gateway.json", w->dir);
	const char *argv[] = { w->tillbridge, "run", "-c", config, NULL };

	w->daemon = launch(w, argv, "daemon.out.log", "daemon.log");
	free(config);
}

void
daemon_end(struct world *w, int signal_no)
{
	int status = 0;

	if (!w->daemon)
		return;
	(void)kill(w->daemon, signal_no);
	if (!ends(w->daemon, &status, 30000)) {
		violate(w, ITEMS_MAX, SIZE_MAX,
		        "the daemon does not end on signal %d", signal_no);
		end_process(&w->daemon, SIGKILL);
	} else if (signal_no == SIGTERM &&
	           (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
		violate(w, ITEMS_MAX, SIZE_MAX,
		        "told to end, the daemon ended with status %x",
		        (unsigned)status);
	}
	w->daemon = 0;
}

bool
daemon_lives(struct world *w)
{
	int status;

	if (!w->daemon)
		return false;
	if (waitpid(w->daemon, &status, WNOHANG) != w->daemon)
		return true;
	w->daemon = 0;
	violate(w, ITEMS_MAX, SIZE_MAX,
	        "the daemon ended by itself, with status %x", (unsigned)status);
	return false;
}

/* The redis-server that works in our state folder; 0: none. */
static pid_t
redis_pid(const struct world *w)
{
	char path[PATH_MAX];
	char link[64];
	char cwd[PATH_MAX];
	char state[PATH_MAX];
	ssize_t n;
	long pid = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/state/redis.pid", w->dir);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	(void)fclose(f);
	(void)snprintf(path, sizeof(path), "%s/state", w->dir);
	(void)snprintf(link, sizeof(link), "/proc/%ld/cwd", pid);
	n = pid > 1 ? readlink(link, cwd, sizeof(cwd) - 1) : -1;
	if (n < 0 || !realpath(path, state))
		return 0;
	cwd[n] = '\0';
	return strcmp(cwd, state) == 0 ? (pid_t)pid : 0;
}

bool
redis_kill(struct world *w)
{
	pid_t pid = redis_pid(w);

	return pid > 0 && kill(pid, SIGKILL) == 0;
}

bool
is_ready(struct world *w)
{
	return w->daemon && api_call(w, "GET", "/ready", NULL, NULL) == 200;
}

bool
wait_ready(struct world *w, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;

	while (daemon_lives(w) && !is_ready(w)) {
		if (clock_mono_ms() >= until)
			return false;
		clock_sleep_ms(20);
	}
	return w->daemon != 0;
}

bool
import_csv(struct world *w, const char *csv)
{
	char *config = text_format("%s/gateway.json", w->dir);
	char *path = text_format("%s/import.csv", w->dir);
	const char *argv[] = { w->tillbridge, "items", "import", path,
		               "-c",          config,  NULL };
	FILE *f = path ? fopen(path, "w") : NULL;
	int status = 0;
	pid_t pid;

	if (!f || !config || fputs(csv, f) < 0 || fclose(f) != 0)
		give_up(w, "cannot write a CSV");
	w->n_imports++;
	pid = launch(w, argv, "cli.log", "cli.log");
	if (!ends(pid, &status, START_MS)) {
		violate(w, ITEMS_MAX, SIZE_MAX, "items import does not end");
		end_process(&pid, SIGKILL);
	}
	free(config);
	free(path);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- calls ---- */

static int
call(struct world *w, struct http_request *request, struct json **out)
{
	struct http_answer answer = { 0 };
	int status;

	request->timeout_ms = CALL_MS;
	request->answer_max = SIZE_MAX / 2;
	if (http_client_send(w->http, request, &answer))
		give_up(w, "the HTTP client failed");
	status = answer.status;
	if (out) {
		*out = NULL;
		(void)json_parse(out, buf_text(&answer.body), answer.body.n);
	}
	http_answer_fini(&answer);
	return status;
}

int
api_call(struct world *w, const char *method, const char *path,
         const char *body, struct json **out)
{
	char *url = text_format("%s%s", w->api_url, path);
	struct http_request request = { .method = method, .url = url };
	int status;

	if (body) {
		request.headers[0] = (struct http_header){ "Content-Type",
			                                   "application/json" };
		request.n_headers = 1;
		request.body = body;
		request.n_body = strlen(body);
	}
	status = call(w, &request, out);
	free(url);
	return status;
}

static struct json *
call_control(struct world *w, size_t sim, const char *path, const char *body)
{
	char *url = text_format("%s/control/%s", w->sims[sim].control, path);
	struct http_request request = { .method = body ? "POST" : "GET",
		                        .url = url,
		                        .body = body,
		                        .n_body = body ? strlen(body) : 0 };
	struct json *doc = NULL;
	int status = call(w, &request, &doc);

	if (status != 200 || !doc) {
		char what[TEXT_SIZE];

		(void)snprintf(what, sizeof(what), "control %s %s: %d %s", path,
		               body ? body : "", status,
		               doc ? json_text_or(json_root(doc), "error", "")
		                   : "");
		give_up(w, what);
	}
	free(url);
	return doc;
}

struct json *
control(struct world *w, size_t sim, const char *path, const char *format, ...)
{
	char body[2000];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(body, sizeof(body), format, ap);
	va_end(ap);
	return call_control(w, sim, path, body);
}

void
order_control(struct world *w, size_t sim, const char *path, const char *format,
              ...)
{
	char body[2000];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(body, sizeof(body), format, ap);
	va_end(ap);
	json_free(call_control(w, sim, path, body));
}

struct json *
control_state(struct world *w, size_t sim)
{
	return call_control(w, sim, "state", NULL);
}

struct json *
square_orders(struct world *w, size_t sim, const char *const *ids, size_t n)
{
	char *url =
		text_format("%s/v2/orders/batch-retrieve", w->sims[sim].square);
	char *bearer = text_format("Bearer %s", w->secrets[SECRET_TOKEN]);
	struct buf body = BUF_INIT;
	struct json_out o = { .to = &body };
	struct json *doc = NULL;
	struct http_request request = {
		.method = "POST",
		.url = url,
		.headers = { { "Authorization", bearer },
		             { "Square-Version", "2025-08-20" },
		             { "Content-Type", "application/json" } },
		.n_headers = 3,
	};

	json_out_object(&o, NULL);
	json_out_text(&o, "location_id", "L1");
	json_out_array(&o, "order_ids");
	for (size_t i = 0; i < n; i++)
		json_out_text(&o, NULL, ids[i]);
	json_out_end_array(&o);
	json_out_end_object(&o);
	request.body = buf_text(&body);
	request.n_body = body.n;
	if (call(w, &request, &doc) != 200 || !doc)
		give_up(w, "Square's orders");
	buf_fini(&body);
	free(url);
	free(bearer);
	return doc;
}

/* ---- news ---- */

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

/* Different in each run, so that a find is a find. */
static void
plant_secrets(struct world *w)
{
	for (size_t i = 0; i < SECRETS; i++) {
		(void)snprintf(w->secrets[i], sizeof(w->secrets[i]),
		               "planted-%zu-%08x%08x%08x", i, crypto_jitter(),
		               crypto_jitter(), crypto_jitter());
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

	if (!ends(launch(w, argv, "certs.log", "certs.log"), &status,
	          START_MS) ||
	    status != 0)
		give_up(w, "certs/make-certs.sh");
	free(script);
	free(to);
}

static void
read_address(char out[64], const char *line, const char *name)
{
	const char *found = strstr(line, name);

	if (found)
		(void)snprintf(out, 64, "http://%.*s",
		               (int)strcspn(found + strlen(name), " \n"),
		               found + strlen(name));
}

static void
start_sim(struct world *w, size_t i)
{
	struct sim_process *sim = &w->sims[i];
	char *out = text_format("sim%zu.out", i);
	char *log = text_format("sim%zu.log", i);
	char *ca = text_format("%s/certs/ca.pem", w->dir);
	char *url = text_format("%s/hooks/%s", w->hooks_url, till_names[i]);
	char *path = text_format("%s/%s", w->dir, out);
	char *seed = text_format("%llu", (unsigned long long)w->seed + i);
	const char *argv[] = { w->simulator,
		               "--galaxy-password-env",
		               "GALAXY_PASSWORD",
		               "--square-token-env",
		               "SQUARE_TOKEN",
		               "--items",
		               "14",
		               "--sized",
		               "1",
		               "--seed",
		               seed,
		               "--ca",
		               ca,
		               "--square-hook-url",
		               url,
		               "--square-signature-key-env",
		               "SQUARE_SIGNATURE_KEY",
		               NULL };
	char line[300] = "";
	int64_t until = clock_mono_ms() + START_MS;

	sim->pid = launch(w, argv, out, log);
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
	read_address(sim->galaxy, line, " galaxy=");
	read_address(sim->square, line, " square=");
	read_address(sim->control, line, " control=");
	order_control(w, i, "hooks",
	              "{\"system\":\"square\",\"mode\":\"%s\","
	              "\"retry_ms\":[200,500]}",
	              w->has_echo ? "on" : "off");
	free(out);
	free(log);
	free(ca);
	free(url);
	free(path);
	free(seed);
}

static void
put_galaxy(struct world *w, struct json_out *o)
{
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
	json_out_raw(o, "entry",
	             "{\"returns\":\"negative\",\"company\":\"001\","
	             "\"companysite\":\"101\",\"trader\":\"30-0000\","
	             "\"currency\":\"EUR\",\"transport_mode\":\"01\","
	             "\"transporter\":\"01\",\"dispatch_purpose\":\"01\","
	             "\"payment_plan\":\"01\"}");
	json_out_end_object(o);
}

static void
put_till(struct world *w, struct json_out *o, size_t till)
{
	json_out_object(o, NULL);
	json_out_text(o, "name", till_names[till]);
	json_out_text(o, "type", "square");
	json_out_text(o, "url", w->sims[till].square);
	json_out_text(o, "access_token", "env:SQUARE_TOKEN");
	json_out_text(o, "location", "L1");
	json_out_int(o, "timeout_ms", TIMEOUT_MS);
	json_out_raw(o, "hook",
	             "{\"signature_key\":\"env:SQUARE_SIGNATURE_KEY\"}");
	json_out_end_object(o);
}

/* Schedules that never come: what happens, happens by hooks and by command. The
   zero guard would wait for a person; scenarios cover it. */
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
		put_till(w, &o, i);
	json_out_end_array(&o);
	json_out_raw(&o, "stock",
	             "{\"authority\":\"erp\",\"zero_guard_min\":1000000}");
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
	make_certificates(w);
	for (size_t i = 0; i < w->n_tills; i++)
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
	daemon_end(w, SIGTERM);
	for (size_t i = 0; i < w->n_tills; i++)
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
