#ifndef TESTS_SUPPORT_MARIA_SERVER_H
#define TESTS_SUPPORT_MARIA_SERVER_H

#include <sys/types.h>

/*
 * A real mariadbd for one test program: its files in a folder of its own, on a
 * Unix socket, and on a port of loopback with TLS where one is asked for. It
 * dies with the program. Trouble in starting it ends the program: there is
 * nothing to test then.
 */
struct maria_server {
	char dir[64];
	char socket[96];
	int port;  /* 0: socket only */
	pid_t pid; /* 0: not running */
};

/*
 * Make folder and system tables, start it, and wait until it answers.
 *
 * certificate  PEM with key and certificate, for TLS on a free port; NULL:
 *              socket only
 */
void maria_server_start(struct maria_server *out, const char *certificate);

/* Start it again on the same files. */
void maria_server_again(struct maria_server *server, const char *certificate);

/* As its administrator: text is one statement. Trouble ends the program. */
void maria_server_do(const struct maria_server *server, const char *text);

/* The first value of the first row; "NULL" for NULL, "" without a row. In one
   of eight buffers in turn. */
const char *maria_server_ask(const struct maria_server *server,
                             const char *text);

/* Kill it at once, like a crash. */
void maria_server_kill(struct maria_server *server);

/* Stop it and remove the folder. May run twice. */
void maria_server_stop(struct maria_server *server);

#endif
