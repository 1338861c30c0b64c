/*
 * The private redis-server.
 *
 * The server runs with the state directory as its working directory and names
 * its socket relatively, so that a long path cannot exceed sun_path; store.c
 * connects through the folder's descriptor for the same reason. It dies with
 * its parent (PR_SET_PDEATHSIG), cleanly; one that was left over all the same
 * is found by its pid file and told to shut down before a new one starts.
 */
#define _GNU_SOURCE /* prctl, environ */

#include "gateway/drivers/redis_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/base/clock.h"
#include "gateway/base/err.h"
#include "gateway/base/log.h"
#include "gateway/drivers/store.h"
#include "gateway/model/metrics.h"

enum {
	UP_MS = 60000, /* loading a large file takes its time */
	DOWN_MS = 10000,
	STOP_MS = 2000, /* then it is killed: every answer is on disk */
	POLL_MS = 10,
	AGAIN_MS = 1000,
};

struct redis_child {
	char *state_dir; /* owned */
	char *url;       /* owned */
	pid_t pid;       /* 0: not running */
	int64_t started_mono_ms;
};

char *
redis_child_url(const char *state_dir)
{
	char full[PATH_MAX];

	if (!realpath(state_dir, full))
		return NULL;
	return text_format("unix://%s/redis.sock", full);
}

/* Is a server answering on the socket? */
static bool
answers(const char *url, struct buf *why)
{
	const struct store_options options = {
		.url = url,
		.prefix = "tillbridge",
		.timeout_ms = 1000,
	};
	struct store *store = NULL;
	bool ok;

	if (store_new(&store, &options))
		return false;
	ok = !store_ping(store, why);
	store_free(store);
	return ok;
}

/* ---- what a crash left behind ---- */

static pid_t
read_pid(const char *state_dir)
{
	char *path = text_format("%s/redis.pid", state_dir);
	FILE *f = path ? fopen(path, "re") : NULL;
	long pid = 0;

	if (f && fscanf(f, "%ld", &pid) != 1)
		pid = 0;
	if (f)
		(void)fclose(f);
	free(path);
	return (pid_t)pid;
}

/*
 * Is that process a redis-server working in our directory? A pid alone may
 * belong to anybody by now.
 */
static bool
is_ours(pid_t pid, const char *state_dir)
{
	char link[64];
	char cwd[PATH_MAX];
	char full[PATH_MAX];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/%ld/cwd", (long)pid);
	n = readlink(link, cwd, sizeof(cwd) - 1);
	if (n <= 0 || !realpath(state_dir, full))
		return false;
	cwd[n] = '\0';
	if (strcmp(cwd, full) != 0)
		return false;
	(void)snprintf(link, sizeof(link), "/proc/%ld/exe", (long)pid);
	n = readlink(link, cwd, sizeof(cwd) - 1);
	if (n <= 0)
		return false;
	cwd[n] = '\0';
	return strstr(cwd, "redis") != NULL;
}

static int
end_leftover(const char *state_dir, struct buf *why)
{
	pid_t pid = read_pid(state_dir);
	int64_t deadline = clock_mono_ms() + DOWN_MS;

	if (pid <= 1 || !is_ours(pid, state_dir))
		return 0;
	log_warn("redis.leftover", "pid=%ld why=%s", (long)pid,
	         log_quote("shutting down the server a crash left behind"));
	(void)kill(pid, SIGTERM);
	while (is_ours(pid, state_dir)) {
		if (clock_mono_ms() > deadline) {
			buf_addf(why,
			         "an earlier redis-server (pid %ld) does not "
			         "end: stop it and start again",
			         (long)pid);
			return REDIS_CHILD_FAILED;
		}
		clock_sleep_ms(POLL_MS);
	}
	return 0;
}

/* ---- starting ---- */

/* In the child, after fork: only async-signal-safe calls. */
static void
become_server(const char *state_dir, int log_fd)
{
	static const char *const argv[] = {
		"redis-server",
		"--port",
		"0",
		"--unixsocket",
		"redis.sock",
		"--unixsocketperm",
		"600",
		"--dir",
		"./",
		"--pidfile",
		"redis.pid",
		"--daemonize",
		"no",
		"--save",
		"",
		"--appendonly",
		"yes",
		"--appendfsync",
		"always",
		"--maxmemory-policy",
		"noeviction",
		"--loglevel",
		"warning",
		"--auto-aof-rewrite-min-size",
		"64mb",
		NULL,
	};
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* A group of its own: Ctrl-C at the terminal is for us alone, we stop
	   it when everything else has stopped. */
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)dup2(log_fd, STDOUT_FILENO);
	(void)dup2(log_fd, STDERR_FILENO);
	if (chdir(state_dir))
		_exit(126);
	(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static int
spawn(struct redis_child *c)
{
	char *path = text_format("%s/redis.log", c->state_dir);
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
	                     0600)
	              : -1;
	pid_t pid;

	free(path);
	if (fd < 0)
		return err_raise(ERR_OS, "why=%s", log_quote(strerror(errno)));
	pid = fork();
	if (pid == 0)
		become_server(c->state_dir, fd);
	(void)close(fd);
	if (pid < 0)
		return err_raise(ERR_OS, "why=%s", log_quote(strerror(errno)));
	c->pid = pid;
	c->started_mono_ms = clock_mono_ms();
	return 0;
}

/* Reap without waiting. Returns its exit status, or -1 while it runs. */
static int
reap(struct redis_child *c)
{
	int status = 0;

	if (!c->pid || waitpid(c->pid, &status, WNOHANG) != c->pid)
		return -1;
	c->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int
wait_until_up(struct redis_child *c, struct buf *why)
{
	int64_t deadline = clock_mono_ms() + UP_MS;
	struct buf trouble = BUF_INIT;

	while (!answers(c->url, &trouble)) {
		int status = reap(c);

		if (status >= 0 || clock_mono_ms() > deadline) {
			buf_addf(why,
			         status == 127
			                 ? "there is no redis-server: install "
			                   "it, or set redis.url%s"
			                 : "the private redis-server did not "
			                   "start (%s); see redis.log in the "
			                   "state directory",
			         status == 127 ? "" : buf_text(&trouble));
			buf_fini(&trouble);
			return status == 127 ? REDIS_CHILD_MISSING
			                     : REDIS_CHILD_FAILED;
		}
		buf_reset(&trouble);
		clock_sleep_ms(POLL_MS);
	}
	buf_fini(&trouble);
	return 0;
}

int
redis_child_start(struct redis_child **out, const char *state_dir,
                  struct buf *why)
{
	struct redis_child *c = calloc(1, sizeof(*c));
	int r = 0;

	if (c) {
		c->state_dir = text_dup(state_dir);
		c->url = redis_child_url(state_dir);
	}
	if (!c || !c->state_dir || !c->url)
		r = err_raise(ERR_NOMEM, "why=%s", "redis");
	if (!r)
		r = end_leftover(state_dir, why);
	if (!r)
		r = spawn(c);
	if (r == ERR_OS)
		buf_addf(why, "cannot write to state_dir %s: %s", state_dir,
		         strerror(errno));
	if (!r)
		r = wait_until_up(c, why);
	if (r) {
		redis_child_stop(c);
		return r;
	}
	log_info("redis.started", "pid=%ld", (long)c->pid);
	*out = c;
	return 0;
}

bool
redis_child_supervise(struct redis_child *child)
{
	int status = reap(child);

	if (status >= 0)
		log_error("redis.died", "status=%d why=%s", status,
		          log_quote("the private redis-server ended; starting "
		                    "it again on the same data"));
	if (child->pid)
		return true;
	if (clock_mono_ms() - child->started_mono_ms < AGAIN_MS)
		return false;
	metrics_add(METRIC_redis_restarts, 1);
	return spawn(child) == 0;
}

/* It ends by itself, unless it or its disk hangs; we must end all the same. */
static void
end(struct redis_child *c)
{
	int64_t deadline = clock_mono_ms() + STOP_MS;

	(void)kill(c->pid, SIGTERM);
	while (reap(c) < 0 && clock_mono_ms() < deadline)
		clock_sleep_ms(POLL_MS);
	if (!c->pid)
		return;
	log_warn("redis.killed", "pid=%ld why=%s", (long)c->pid,
	         log_quote("the private redis-server did not end"));
	(void)kill(c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	c->pid = 0;
}

void
redis_child_stop(struct redis_child *child)
{
	if (!child)
		return;
	if (child->pid)
		end(child);
	free(child->state_dir);
	free(child->url);
	free(child);
}
