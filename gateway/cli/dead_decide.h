#ifndef CLI_DEAD_DECIDE_H
#define CLI_DEAD_DECIDE_H

#include "gateway/cli/dead_show.h"

/*
 * Do what the words say: retry, confirm or drop those named, or with --all
 * retry all but the uncertain ones. What came of each is said, with --json in
 * one object at the end.
 */
enum exit_code dead_decide(const struct dead *dead);

#endif
