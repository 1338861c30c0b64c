#ifndef TESTS_CLI_WORLD_H
#define TESTS_CLI_WORLD_H

#include <stdbool.h>

#include "gateway/cli/cli.h"
#include "tests/support/store_world.h"

/*
 * What tests of a command need beside a Redis: the parts of a program with the
 * fake systems, a configuration in the folder of that Redis, and the command's
 * output in files there. Trouble of its own fails the test.
 */
enum { CLI_WORLD_PATH = 128, CLI_WORLD_TEXT = 4096 };

/* Version 1.2.3, account types fake_erp and fake_till. */
extern const struct lifecycle_parts cli_world_parts;

void cli_world_path(const struct store_world *world, char path[CLI_WORLD_PATH],
                    const char *name);
void cli_world_write(const struct store_world *world, const char *name,
                     const char *text);
void cli_world_read(const struct store_world *world, char text[CLI_WORLD_TEXT],
                    const char *name);

/* gateway.json with the accounts erp, agora and kiosk, and its certificate.
   authority: of the items that have none of their own. */
void cli_world_configure(const struct store_world *world, const char *redis_url,
                         const char *authority, bool is_kiosk_paused);

/* Words of a vendor that would clear a terminal, begin a line that we did not
   write, colour it (in two bytes) and turn it around; and how they are shown. */
#define CLI_WORLD_HOSTILE \
	"x\033[2J\nok    all is well\xc2\x9b" \
	"31m \xce\xb1\r\xe2\x80\xae" \
	"y"
#define CLI_WORLD_TAMED "x [2J ok    all is well  31m \xce\xb1    y"

/* Nothing in there that a terminal would obey, and no line "ok …" of theirs. */
void cli_world_assert_tame(const char *text);

/* In the command's own process: fd goes to a file. Exits with 99 on trouble. */
void cli_world_redirect(const struct store_world *world, int fd,
                        const char *name);

#endif
