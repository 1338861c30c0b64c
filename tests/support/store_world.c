/*
 * A store on a real Redis, and a second way to the same keys.
 */
#include "tests/support/store_world.h"

#include "gateway/base/buf.h"
#include "gateway/drivers/store_marks.h"
#include "gateway/drivers/store_registry.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void
give_up(const char *what)
{
	(void)fprintf(stderr, "store_world: %s\n", what);
	exit(1);
}

/* ---- past the store ---- */

static FILE *
connect_socket(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	FILE *f;

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)))
		give_up("cannot connect");
	f = fdopen(fd, "r+");
	if (!f)
		give_up("no memory");
	return f;
}

static void
read_bulk(FILE *f, struct buf *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addc(out, (char)fgetc(f));
	(void)fgetc(f); /* CR */
	(void)fgetc(f); /* LF */
}

static void
read_reply(FILE *f, struct buf *out)
{
	char line[512];
	long n;

	if (!fgets(line, sizeof(line), f))
		give_up("no reply");
	line[strcspn(line, "\r")] = '\0';
	n = strtol(line + 1, NULL, 10);
	if (line[0] == '$' && n >= 0) {
		read_bulk(f, out, (size_t)n);
	} else if (line[0] == '*' && n >= 0) {
		for (long i = 0; i < n; i++) {
			if (i)
				buf_addc(out, ' ');
			read_reply(f, out);
		}
	} else {
		buf_adds(out,
		         line[0] == '$' || line[0] == '*' ? "(nil)" : line + 1);
	}
}

const char *
store_world_say(struct store_world *world, const char *format, ...)
{
	static char text[4096];
	struct buf reply = BUF_INIT;
	FILE *f = connect_socket(world->redis.socket);
	va_list ap;

	va_start(ap, format);
	(void)vfprintf(f, format, ap);
	va_end(ap);
	(void)fputs("\r\n", f);
	(void)fflush(f);
	read_reply(f, &reply);
	(void)fclose(f);
	(void)snprintf(text, sizeof(text), "%s", buf_text(&reply));
	buf_fini(&reply);
	return text;
}

/* ---- the world ---- */

static void
set_options(struct store_world *world)
{
	world->options = (struct store_options){
		.url = world->redis.url,
		.prefix = "test",
		.timeout_ms = 2000,
		.backlog_max = 1000,
		.backlog_max_bytes = 1 << 20,
		.dead_max = 100,
	};
}

void
store_world_init(struct store_world *world, const char *const *more)
{
	(void)signal(SIGPIPE, SIG_IGN); /* as the daemon does */
	redis_server_start(&world->redis, more);
	set_options(world);
	if (store_new(&world->store, &world->options))
		give_up("no store");
}

void
store_world_fini(struct store_world *world)
{
	store_free(world->store);
	redis_server_stop(&world->redis);
}

void
store_world_flush(struct store_world *world)
{
	(void)store_world_say(world, "FLUSHALL");
	set_options(world);
}

int
store_world_setup(void **state)
{
	struct store_world *world = calloc(1, sizeof(*world));

	if (!world)
		give_up("no memory");
	store_world_init(world, NULL);
	*state = world;
	return 0;
}

int
store_world_teardown(void **state)
{
	store_world_fini(*state);
	free(*state);
	return 0;
}

int
store_world_empty(void **state)
{
	store_world_flush(*state);
	return 0;
}

void
store_world_bind(struct store_world *world, const char *sku,
                 const char *account, const char *external)
{
	struct item item = { .sku = text_dup(sku) };
	struct binding *b = item_add_binding(&item);
	char *ref = text_dup(external);

	if (!b || !ref)
		give_up("no memory");
	b->account = text_dup(account);
	b->typed = text_dup(external);
	if (store_registry_put(world->store, &item, NULL) ||
	    store_registry_resolved(world->store, account,
	                            &(struct registry_resolution){
					    sku, external, external, &ref, 1 }))
		give_up("cannot bind");
	free(ref);
	item_fini(&item);
}

struct mark_batch
store_world_take(struct store_world *world, const char *account)
{
	struct mark_batch batch;

	if (store_marks_take(world->store, &batch, account, 1000))
		give_up("cannot take marks");
	return batch;
}

const char *
store_world_marks(struct store_world *world, const char *account)
{
	static char text[2048];
	struct mark_batch batch = store_world_take(world, account);
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < batch.n && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
		                      i ? " " : "", batch.marks[i].member);
	mark_batch_fini(&batch);
	return text;
}

void
store_world_unmark(struct store_world *world, const char *account)
{
	(void)store_world_say(world, "DEL test:marks:%s test:mark:%s", account,
	                      account);
}
