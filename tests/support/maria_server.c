/*
 * A mariadbd for tests, started and stopped by its process id.
 *
 * Statements of the tests themselves go over a connection of their own each,
 * so that they see and do what a shop would.
 */
#define _GNU_SOURCE /* prctl, and nftw's flags */

#include "tests/support/maria_server.h"

#include "gateway/base/clock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <mariadb/mysql.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGS_MAX = 32, START_LIMIT_MS = 60000, POLL_MS = 20, TEXT_SIZE = 256 };

#define SERVER "/usr/sbin/mariadbd"

static void
give_up(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- programs ---- */

struct args {
	const char *v[ARGS_MAX];
	size_t n;
	char texts[8][192];
	size_t n_texts;
};

static void
add(struct args *a, const char *arg)
{
	if (a->n + 1 >= ARGS_MAX)
		give_up("too many arguments");
	a->v[a->n++] = arg;
}

/* "--key=value" */
static void
add_pair(struct args *a, const char *key, const char *value)
{
	char *text = a->texts[a->n_texts++];

	(void)snprintf(text, sizeof(a->texts[0]), "--%s=%s", key, value);
	add(a, text);
}

/* What installing and running have in common: small, and a commit survives a
   kill of the server but not of the machine: nobody waits for a disk here. */
static void
add_common(struct args *a, const struct maria_server *server)
{
	char data[80];

	(void)snprintf(data, sizeof(data), "%s/files", server->dir);
	add_pair(a, "datadir", data);
	/* Each one that starts clears it, of what others use there as well. */
	add_pair(a, "tmpdir", server->dir);
	add(a, "--innodb-log-file-size=4M");
	add(a, "--innodb-buffer-pool-size=8M");
	add(a, "--innodb-flush-log-at-trx-commit=2");
	if (geteuid() == 0)
		add(a, "--user=root");
}

/* The child's part; never returns. */
static void
become(const struct maria_server *server, const struct args *a)
{
	/* execvp takes its list as it was before there was const. */
	union {
		const char *const *ours;
		char *const *theirs;
	} list = { .ours = a->v };
	char path[96];
	int null = open("/dev/null", O_RDONLY);
	int out;

	(void)snprintf(path, sizeof(path), "%s/said", server->dir);
	out = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(out, STDERR_FILENO);
	(void)execvp(a->v[0], list.theirs);
	perror(a->v[0]);
	_exit(127);
}

static pid_t
spawn(const struct maria_server *server, const struct args *a)
{
	pid_t pid = fork();

	if (pid < 0)
		give_up("fork");
	if (pid == 0)
		become(server, a);
	return pid;
}

static void
make_files(const struct maria_server *server)
{
	struct args a = { .n = 0 };
	int status = 1;
	pid_t pid;

	add(&a, "mariadb-install-db");
	add(&a, "--no-defaults");
	add(&a, "--force"); /* also where no host has a name */
	add(&a, "--auth-root-authentication-method=normal");
	add(&a, "--skip-test-db");
	add_common(&a, server);
	pid = spawn(server, &a);
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		(void)fprintf(stderr, "mariadb-install-db fails\n");
		exit(1);
	}
}

/* ---- talking to it ---- */

static MYSQL *
dial(const struct maria_server *server)
{
	MYSQL *m = mysql_init(NULL);

	if (!m)
		give_up("mysql_init");
	(void)mysql_options(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (mysql_real_connect(m, NULL, "root", NULL, NULL, 0, server->socket,
	                       0))
		return m;
	mysql_close(m);
	return NULL;
}

static int
answers(const struct maria_server *server)
{
	MYSQL *m = dial(server);

	if (!m)
		return 0;
	mysql_close(m);
	return 1;
}

const char *
maria_server_ask(const struct maria_server *server, const char *text)
{
	static char texts[8][TEXT_SIZE];
	static unsigned turn;
	char *out = texts[turn++ % 8];
	MYSQL *m = dial(server);
	MYSQL_RES *rows;
	MYSQL_ROW row;

	out[0] = '\0';
	if (!m || mysql_query(m, text)) {
		(void)fprintf(stderr, "%s: %s\n", text,
		              m ? mysql_error(m) : "no server");
		exit(1);
	}
	rows = mysql_store_result(m);
	row = rows ? mysql_fetch_row(rows) : NULL;
	if (row)
		(void)snprintf(out, TEXT_SIZE, "%s", row[0] ? row[0] : "NULL");
	mysql_free_result(rows);
	mysql_close(m);
	return out;
}

void
maria_server_do(const struct maria_server *server, const char *text)
{
	(void)maria_server_ask(server, text);
}

/* ---- its life ---- */

static int
free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, n) ||
	    getsockname(fd, (struct sockaddr *)&at, &n))
		give_up("port");
	(void)close(fd);
	return ntohs(at.sin_port);
}

void
maria_server_again(struct maria_server *server, const char *certificate)
{
	struct args a = { .n = 0 };
	char port[16];
	int waited_ms = 0;
	int status;

	add(&a, SERVER);
	add(&a, "--no-defaults");
	add_common(&a, server);
	add_pair(&a, "socket", server->socket);
	add_pair(&a, "pid-file", "pid");
	if (certificate) {
		(void)snprintf(port, sizeof(port), "%d", server->port);
		add_pair(&a, "port", port);
		add(&a, "--bind-address=127.0.0.1");
		add_pair(&a, "ssl-cert", certificate);
		add_pair(&a, "ssl-key", certificate);
	} else {
		add(&a, "--skip-networking");
	}
	(void)unlink(server->socket);
	server->pid = spawn(server, &a);
	while (!answers(server)) {
		if (waited_ms >= START_LIMIT_MS ||
		    waitpid(server->pid, &status, WNOHANG) != 0) {
			(void)fprintf(stderr, "mariadbd does not start\n");
			exit(1);
		}
		clock_sleep_ms(POLL_MS);
		waited_ms += POLL_MS;
	}
}

void
maria_server_start(struct maria_server *out, const char *certificate)
{
	*out = (struct maria_server){ .pid = 0 };
	(void)snprintf(out->dir, sizeof(out->dir), "/tmp/test-maria-XXXXXX");
	if (!mkdtemp(out->dir))
		give_up("mkdtemp");
	(void)snprintf(out->socket, sizeof(out->socket), "%s/socket", out->dir);
	out->port = certificate ? free_port() : 0;
	make_files(out);
	maria_server_again(out, certificate);
}

void
maria_server_kill(struct maria_server *server)
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
maria_server_stop(struct maria_server *server)
{
	maria_server_kill(server);
	if (server->dir[0])
		(void)nftw(server->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	server->dir[0] = '\0';
}
