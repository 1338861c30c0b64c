#!/bin/sh
# A small run of the benchmark: what it measures it still checks, and it names
# what the machine could do at best.
. "${0%/*}/lib.sh"

# It builds its own programs, and nobody times a sanitizer.
[ "$SLOW" = 1 ] || exit 0

env -u SCENARIO_DIR TMPDIR="$DIR" BUILD="${BUILD:-$ROOT/build/plain}" TILLBRIDGE="$TILLBRIDGE" \
	TILLBRIDGE_SIM="$TILLBRIDGE_SIM" "$ROOT/tests/bench/run.sh" --smoke \
	>"$DIR/bench" 2>&1 || { cat "$DIR/bench" >&2; fail "the benchmark"; }
expect_text "hooks" "$(cat "$DIR/bench")" 'hooks'
expect_text "a full sync" "$(cat "$DIR/bench")" 'rows/s'
expect_text "beside json-c alone" "$(cat "$DIR/bench")" 'json-c'
expect_text "the daemon's memory" "$(cat "$DIR/bench")" 'KiB|MiB'
