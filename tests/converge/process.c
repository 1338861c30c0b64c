/*
 * The processes of a run: started and ended here and nowhere else. The private
 * Redis is the daemon's child: it is found by its pid file, and only if it works
 * in our folder.
 */
#define _GNU_SOURCE /* realpath, environ, dprintf, prctl */

#include "tests/converge/world.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/base/clock.h"

enum { START_MS = 30000, CERTIFIED_AGO_S = 86400 };

void
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
	for (size_t i = 0; i < SIMS_MAX; i++)
		end_process(&w->sims[i].pid, SIGKILL);
	exit(2);
}

static pid_t
begin(struct world *w, const char *const *argv, char **environment,
      const char *out, const char *err)
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
		execve(argv[0], (char *const *)(uintptr_t)argv, environment);
		_exit(127);
	}
	free(path_out);
	free(path_err);
	return pid;
}

pid_t
launch(struct world *w, const char *const *argv, const char *out,
       const char *err)
{
	return begin(w, argv, environ, out, err);
}

pid_t
launch_there(struct world *w, const char *const *argv, const char *out,
             const char *err)
{
	return begin(w, argv, w->environment, out, err);
}

bool
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

	w->daemon = launch_there(w, argv, "daemon.out.log", "daemon.log");
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
redis_ends(struct world *w)
{
	int64_t until = clock_mono_ms() + START_MS;

	while (redis_pid(w) > 0) {
		if (clock_mono_ms() >= until)
			return false;
		clock_sleep_ms(5);
	}
	return true;
}

void
redis_empty(struct world *w)
{
	char *pid = text_format("%s/state/redis.pid", w->dir);
	char *log = text_format("%s/state/appendonlydir", w->dir);
	char *dump = text_format("%s/state/dump.rdb", w->dir);
	const char *argv[] = { "/bin/rm", "-rf", pid, log, dump, NULL };
	int status = 0;

	if (!pid || !log || !dump ||
	    !ends(launch(w, argv, "rm.log", "rm.log"), &status, START_MS) ||
	    status != 0)
		give_up(w, "cannot remove Redis' data");
	free(pid);
	free(log);
	free(dump);
}

/* ---- its machine's clock ---- */

static void
write_clock(struct world *w, int64_t offset_s)
{
	char *path = text_format("%s/clock", w->dir);
	char *fresh = text_format("%s/clock.new", w->dir);
	FILE *f = path && fresh ? fopen(fresh, "w") : NULL;

	if (!f || fprintf(f, "%+lld\n", (long long)offset_s) < 0 || fclose(f) ||
	    rename(fresh, path))
		give_up(w, "cannot set the clock");
	free(path);
	free(fresh);
}

void
clock_set(struct world *w, int64_t offset_s)
{
	write_clock(w, offset_s);
	w->clock_offset_s = offset_s;
	w->steps[++w->n_steps] =
		(struct clock_step){ clock_wall_ms(), offset_s };
}

/* Redis brings an allocator that does not bear the library: it has the true
   time, which it asks for nothing but how long a key still lives. */
static void
spare_redis(struct world *w)
{
	char *path = text_format("%s/bin/redis-server", w->dir);
	char *dir = text_format("%s/bin", w->dir);
	int fd = path && dir && !mkdir(dir, 0700)
	                 ? open(path, O_WRONLY | O_CREAT, 0700)
	                 : -1;

	if (fd < 0 ||
	    dprintf(fd, "#!/bin/sh\nunset LD_PRELOAD\n"
	                "PATH=${PATH#*:}\n"
	                "exec redis-server \"$@\"\n") < 0 ||
	    close(fd))
		give_up(w, "cannot write a script");
	free(path);
	free(dir);
}

/*
 * A library that is loaded before any other shifts the time of day, and nothing
 * else. The file that it reads may change at any moment. What comes first in an
 * environment counts. First it is yesterday: a certificate must have begun
 * however far the clock is set back.
 */
void
clock_prepare(struct world *w)
{
	const char *library = getenv("LIBFAKETIME");
	const char *path = getenv("PATH");
	char *const ours[] = {
		text_format("LD_PRELOAD=%s", library ? library : ""),
		text_format("FAKETIME_TIMESTAMP_FILE=%s/clock", w->dir),
		text_format("PATH=%s/bin:%s", w->dir, path ? path : ""),
		text_dup("FAKETIME_NO_CACHE=1"),
		text_dup("FAKETIME_DONT_FAKE_MONOTONIC=1"),
		text_dup("FAKETIME_FORCE_MONOTONIC_FIX=0"),
		text_dup("NO_FAKE_STAT=1"),
	};
	size_t n = 0;

	w->has_clock = library && *library;
	w->environment = environ;
	if (!w->has_clock)
		return;
	while (environ[n])
		n++;
	w->environment = calloc(n + sizeof(ours) / sizeof(*ours) + 1,
	                        sizeof(*w->environment));
	if (!w->environment)
		give_up(w, "out of memory");
	memcpy(w->environment, ours, sizeof(ours));
	memcpy(w->environment + sizeof(ours) / sizeof(*ours), environ,
	       n * sizeof(*environ));
	spare_redis(w);
	write_clock(w, -CERTIFIED_AGO_S);
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
	pid = launch_there(w, argv, "cli.log", "cli.log");
	if (!ends(pid, &status, START_MS)) {
		violate(w, ITEMS_MAX, SIZE_MAX, "items import does not end");
		end_process(&pid, SIGKILL);
	}
	free(config);
	free(path);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
