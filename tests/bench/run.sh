#!/bin/sh
# The figures of this machine: hooks (hooks.sh) and a full sync (sync.sh),
# each beside what the machine could do at best.
#
#     tests/bench/run.sh [--smoke]      (make bench); small, for the tests
#
# What may be set is said in the two files.

set -eu
here=$(cd "${0%/*}" && pwd)
if [ "${1:-}" = --smoke ]; then
	EVENTS=500 CONNECTIONS=8 CHANGES=10 ITEMS=2000
	export EVENTS CONNECTIONS CHANGES ITEMS
fi
"$here/hooks.sh"
echo
"$here/sync.sh"
