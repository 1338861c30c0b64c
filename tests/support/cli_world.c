/* A command among fakes: its parts, its configuration, its output. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h> /* wants the four above first */

#include "tests/support/cli_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "handlers/handlers.h"
#include "tests/support/fake_adapter.h"

static const struct conf_row no_rows[] = { { .key = NULL } };
static const struct conf_type types[] = {
	{ .name = "fake_erp",
	  .rows = no_rows,
	  .default_url = "https://127.0.0.1:1" },
	{ .name = "fake_till",
	  .rows = no_rows,
	  .default_url = "https://127.0.0.1:1" },
};
static const struct adapter_ops *const adapters[] = { &fake_erp_ops,
	                                              &fake_till_ops, NULL };
static const struct handler_ops *const handlers[] = { NULL };

const struct lifecycle_parts cli_world_parts = {
	.adapters = adapters,
	.handlers = handlers,
	.types = types,
	.n_types = 2,
	.routes = api_routes,
	.version = "1.2.3",
};

void
cli_world_path(const struct store_world *world, char path[CLI_WORLD_PATH],
               const char *name)
{
	(void)snprintf(path, CLI_WORLD_PATH, "%s/%s", world->redis.dir, name);
}

void
cli_world_write(const struct store_world *world, const char *name,
                const char *text)
{
	char path[CLI_WORLD_PATH];
	FILE *f;

	cli_world_path(world, path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

void
cli_world_read(const struct store_world *world, char text[CLI_WORLD_TEXT],
               const char *name)
{
	char path[CLI_WORLD_PATH];
	FILE *f;

	cli_world_path(world, path, name);
	f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, CLI_WORLD_TEXT - 1, f)] = '\0';
	(void)fclose(f);
}

void
cli_world_configure(const struct store_world *world, const char *redis_url,
                    const char *authority, bool is_kiosk_paused)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
	               "{ \"public\": { \"certificate\": \"server.pem\" },"
	               "  \"redis\": { \"url\": \"%s\","
	               "               \"namespace\": \"test\" },"
	               "  \"stock\": { \"authority\": \"%s\" },"
	               "  \"accounts\": ["
	               "    { \"name\": \"erp\", \"type\": \"fake_erp\" },"
	               "    { \"name\": \"agora\", \"type\": \"fake_till\" },"
	               "    { \"name\": \"kiosk\", \"type\": \"fake_till\","
	               "      \"paused\": %s } ] }",
	               redis_url, authority,
	               is_kiosk_paused ? "true" : "false");
	cli_world_write(world, "server.pem", "");
	cli_world_write(world, "gateway.json", text);
}

void
cli_world_redirect(const struct store_world *world, int fd, const char *name)
{
	char path[CLI_WORLD_PATH];
	int to;

	cli_world_path(world, path, name);
	to = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (to < 0 || dup2(to, fd) < 0)
		_exit(99);
	(void)close(to);
}

void
cli_world_assert_tame(const char *text)
{
	if (strpbrk(text, "\033\r\b") || strstr(text, "\xc2\x9b") ||
	    strstr(text, "\xe2\x80\xae") || strstr(text, "\nok "))
		fail_msg("not tame: %s", text);
}
