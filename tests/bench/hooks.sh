#!/bin/sh
# Hooks: load, and a check that every accepted id was worked off.
#
#     tests/bench/hooks.sh
#
# 1. The ceiling of this machine: redis-benchmark adding entries of the same
#    size to a stream of a Redis that fsyncs always.
# 2. Signed hooks over TLS into the daemon, on kept connections. The ratio to
#    1. is the figure to quote: these machines are noisy.
# 3. The way of a change from the hook to the count at the till, in the
#    daemon's own words (journey.done). A change that the look behind our own
#    last write took along is no journey, so there may be fewer than changes.
#
# EVENTS, CONNECTIONS, CHANGES, BUILD, TILLBRIDGE and TILLBRIDGE_SIM may be set.

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/../scenario/lib.sh"

EVENTS=${EVENTS:-20000}
CONNECTIONS=${CONNECTIONS:-32}
CHANGES=${CHANGES:-200}
: "${BUILD:=$ROOT/build/plain}"

build_load()
{
	load=$BUILD/bench-load
	# shellcheck disable=SC2046
	${CC:-cc} -std=c17 -D_POSIX_C_SOURCE=200809L -O2 -I"$ROOT" -o "$load" \
		"$ROOT/tests/bench/load.c" "$BUILD/libtillbridge.a" \
		$(pkg-config --libs libcurl json-c hiredis openssl) -lpthread
}

# What this machine's disk and Redis give: entries per second.
measure_ceiling()
{
	start_redis
	body=$(printf '%0400d' 0)
	ceiling=$(redis-benchmark -s "$REDIS_SOCKET" -c "$CONNECTIONS" \
		-n "$EVENTS" --csv XADD bench '*' account agora body "$body" |
		tail -n 1 | cut -d, -f2 | tr -d '"')
	stop_redis
	echo "Redis alone, fsync always, $CONNECTIONS clients: $ceiling XADD per second"
}

drained()
{
	metric tillbridge_events_drained_total
}

measure_hooks()
{
	before=$(drained)
	said=$("$load" "$HOOKS/hooks/agora" "$CERTS/ca.pem" \
		SQUARE_SIGNATURE_KEY "$CONNECTIONS" "$EVENTS" "$DIR/ids") ||
		fail "$said"
	echo "Hooks over TLS, $CONNECTIONS connections: $said"
	rate=$(echo "$said" | sed 's/.* s: \([0-9]*\) per second.*/\1/')
	echo "Ratio to Redis alone: $(echo "$rate $ceiling" |
		awk '{ printf "%.2f", $1 / $2 }')"
	expect "different ids" "$(sort -u "$DIR/ids" | wc -l)" "$EVENTS"
	wait_for "all are worked off" 120 is "$((before + EVENTS))" drained
	expect "events left" "$(status .queue.depth)" 0
	expect "dead letters" "$(dead length)" 0
	echo "All $EVENTS ids were worked off; resident memory $(awk \
		'/^VmRSS/ { print $2, $3 }' "/proc/$daemon/status")"
}

measure_journeys()
{
	n=0
	while [ "$n" -lt "$CHANGES" ]; do
		n=$((n + 1))
		order galaxy/balance '{"code":"21-0001","delta":"1"}'
		wait_for "change $n is at the till" 20 \
			is "$(balance_of 21-0001)" count_of 21-0001
	done
	sed -n 's/.*journey\.done .*account=agora .*total_ms=\([0-9]*\).*/\1/p' \
		"$LOG" | sort -n | awk '{ t[NR] = $1 } END {
		printf "From the hook to the till, %d changes: p50 %d ms, p99 %d ms\n",
			NR, t[int((NR + 1) / 2)], t[NR - int(NR / 100)] }'
}

echo "Machine: $(nproc) cores, $(awk -F': ' '/^model name/ { print $2; exit }' \
	/proc/cpuinfo), Redis $(redis-server --version | sed 's/.*v=\([^ ]*\).*/\1/')"
build_load
measure_ceiling
start_all
measure_journeys
measure_hooks
