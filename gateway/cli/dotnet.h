#ifndef CLI_DOTNET_H
#define CLI_DOTNET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Forms that .NET programs keep their configuration in. Pure.
 *
 * Source   learn.microsoft.com, "Configuration providers in .NET" (comments)
 *          and "How to allow some kinds of invalid JSON" (commas before an
 *          end); dev.mysql.com, "Connector/NET Connection Options Reference"
 *          and MySqlConnection.ConnectionString (no server: localhost). Read
 *          2026-11-22.
 */

/* JSON with comments and spare commas, in place: those become blanks, so that
   the rest stays where it was. */
void dotnet_plain_json(char *text);

/*
 * The value of the first of these keywords that a connection string has: in
 * any case, perhaps in quotes. Returns owned text; NULL: it has none (or an
 * empty one), or memory ran out.
 *
 * keywords  NULL ends them
 */
char *dotnet_connection_value(const char *connection,
                              const char *const *keywords);

#endif
