#ifndef TESTS_SUPPORT_REDIS_SERVER_H
#define TESTS_SUPPORT_REDIS_SERVER_H

#include <sys/types.h>

/*
 * A real redis-server for one test program: on a Unix socket in a folder of its
 * own, nothing on disk unless asked for. It dies with the program. Trouble in
 * starting it ends the program: there is nothing to test then.
 */
struct redis_server {
	char dir[64];
	char socket[96];
	char url[112]; /* unix://…, for store_options.url */
	pid_t pid;     /* 0: not running */
};

/*
 * Make the folder, start the server and wait until it answers.
 *
 * more  further options in pairs, ends with NULL: { "--appendonly", "yes",
 *       NULL }; NULL: none. Borrowed for the call.
 */
void redis_server_start(struct redis_server *out, const char *const *more);

/* Start it again in the same folder, on the same socket. */
void redis_server_again(struct redis_server *server, const char *const *more);

/* Kill it at once, like a crash. What it had on disk stays. */
void redis_server_kill(struct redis_server *server);

/* Stop it and remove the folder. May run twice. */
void redis_server_stop(struct redis_server *server);

#endif
