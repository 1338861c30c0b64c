/*
 * A redis-server for tests, started and stopped by its process id.
 */
#define _GNU_SOURCE /* prctl, and nftw's flags */

#include "tests/support/redis_server.h"

#include "gateway/base/clock.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS_MAX = 32, START_LIMIT_MS = 20000, POLL_MS = 10 };

static void
give_up(const char *what)
{
	perror(what);
	exit(1);
}

/* The child's part; never returns. */
static void
run_server(const struct redis_server *server, const char *const *more)
{
	const char *args[ARGS_MAX] = {
		"redis-server", "--port",     "0",         "--unixsocket",
		server->socket, "--dir",      server->dir, "--appendonly",
		"no",           "--save",     "",          "--daemonize",
		"no",           "--loglevel", "warning",
	};
	/* execvp takes its list as it was before there was const. */
	union {
		const char **ours;
		char *const *theirs;
	} list = { .ours = args };
	size_t n = 15;
	int null = open("/dev/null", O_RDWR);

	for (; more && *more && n + 1 < ARGS_MAX; more++)
		args[n++] = *more;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)execvp(args[0], list.theirs);
	perror("redis-server");
	_exit(127);
}

/* Does somebody at the socket say PONG? */
static int
answers(const struct redis_server *server)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char pong[8] = "";
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int yes;

	if (fd < 0)
		give_up("socket");
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", server->socket);
	yes = connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 &&
	      send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
	      recv(fd, pong, 7, MSG_WAITALL) == 7 &&
	      strcmp(pong, "+PONG\r\n") == 0;
	(void)close(fd);
	return yes;
}

void
redis_server_again(struct redis_server *server, const char *const *more)
{
	int waited_ms = 0;
	int status;

	(void)unlink(server->socket);
	server->pid = fork();
	if (server->pid < 0)
		give_up("fork");
	if (server->pid == 0)
		run_server(server, more);
	while (!answers(server)) {
		if (waited_ms >= START_LIMIT_MS ||
		    waitpid(server->pid, &status, WNOHANG) != 0) {
			(void)fprintf(stderr, "redis-server does not start\n");
			exit(1);
		}
		clock_sleep_ms(POLL_MS);
		waited_ms += POLL_MS;
	}
}

void
redis_server_start(struct redis_server *out, const char *const *more)
{
	*out = (struct redis_server){ .pid = 0 };
	(void)snprintf(out->dir, sizeof(out->dir), "/tmp/test-redis-XXXXXX");
	if (!mkdtemp(out->dir))
		give_up("mkdtemp");
	(void)snprintf(out->socket, sizeof(out->socket), "%s/redis.sock",
	               out->dir);
	(void)snprintf(out->url, sizeof(out->url), "unix://%s", out->socket);
	redis_server_again(out, more);
}

void
redis_server_kill(struct redis_server *server)
{
	int status;

	if (!server->pid)
		return;
	(void)kill(server->pid, SIGKILL);
	(void)waitpid(server->pid, &status, 0);
	server->pid = 0;
}

static int
remove_one(const char *path, const struct stat *about, int type,
           struct FTW *where)
{
	(void)about;
	(void)type;
	(void)where;
	return remove(path);
}

void
redis_server_stop(struct redis_server *server)
{
	redis_server_kill(server);
	if (server->dir[0])
		(void)nftw(server->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	server->dir[0] = '\0';
}
