#!/bin/sh
# A full sync of many items: how fast, in how much memory, and how far from
# what this machine could do at best.
#
#     tests/bench/sync.sh
#
# 1. The limits, each alone and with the same bytes: downloading the list of
#    items (libcurl), parsing it (json-c), writing its rows (hiredis, HSET in
#    pipelined batches of 500, into a Redis that fsyncs always).
# 2. The first full sync, into an empty mirror; the daemon's resident memory
#    against what it was before.
# 3. The same once more, with nothing changed: what Redis had to write.
# 4. A catch-up with nothing new.
# 5. Changes on their way from the hook to the till while a full sync fills an
#    empty mirror again.
#
# ITEMS, BUILD, TILLBRIDGE and TILLBRIDGE_SIM may be set.

# shellcheck source=tests/scenario/lib.sh
. "${0%/*}/../scenario/lib.sh"

ITEMS=${ITEMS:-100000}
MEMORY_MAX_KIB=65536 # more than idle
: "${BUILD:=$ROOT/build/plain}"

build_limits()
{
	limits=$BUILD/bench-limits
	# shellcheck disable=SC2046
	${CC:-cc} -std=c17 -D_POSIX_C_SOURCE=200809L -O2 -o "$limits" \
		"$ROOT/tests/bench/limits.c" \
		$(pkg-config --cflags --libs libcurl json-c hiredis)
}

# say WHAT "ROWS ROWS/S MB/S"
say()
{
	echo "$2" | awk -v what="$1" '{
		printf "%-42s %8d rows %9d rows/s %7.1f MB/s\n", what, $1, $2, $3 }'
}

# ratio WHAT "ROWS RATE…": how the sync compares with a limit.
ratio()
{
	echo "$rate ${2#* }" | awk -v what="$1" '{
		printf "  ratio to %-31s %.2f\n", what, $1 / $2 }'
}

measure_limits()
{
	galaxy_get webscenarios >"$DIR/scenarios"
	fetched=$("$limits" fetch "$GALAXY/services/sync/items?RevisionNumber=0" \
		"ss-id=$galaxy_session" "$DIR/items.json")
	say "libcurl alone: download" "$fetched"
	parsed=$("$limits" parse "$DIR/items.json")
	say "json-c alone: parse" "$parsed"
	start_redis
	stored=$("$limits" write "$DIR/items.json" "$REDIS_SOCKET" ItemID)
	say "hiredis alone: HSET, fsync always" "$stored"
	stop_redis
	REDIS_SOCKET=
	expect "rows of all three" "${parsed%% *} ${stored%% *}" \
		"${fetched%% *} ${fetched%% *}"
	bytes=$(wc -c <"$DIR/items.json")
}

# memory WHAT: VmRSS or VmHWM of the daemon, in KiB.
memory()
{
	awk -v what="$1:" '$1 == what { print $2 }' "/proc/$daemon/status"
}

is_at_rest()
{
	was=$(memory VmRSS)
	sleep 0.5
	[ "$(memory VmRSS)" = "$was" ]
}

# Full syncs of Galaxy that have ended.
syncs()
{
	times_logged "sync\.done account=erp kind=$1 "
}

# The last one's own words, "KEY=": milliseconds it took, and the like.
last_sync()
{
	grep -E "sync\.done account=erp kind=$1 " "$LOG" | tail -n 1 |
		sed "s/.* $2=\([0-9]*\).*/\1/"
}

# Rows of all lists, as the mirror has them.
rows_in_mirror()
{
	for list in $galaxy_lists; do
		daemon_cli hlen "tillbridge:mirror:erp:$list"
	done | awk '{ n += $1 } END { print n }'
}

# Bytes that Redis has put into its log, whatever for.
logged_bytes()
{
	daemon_cli info persistence | tr -d '\r' |
		awk -F: '$1 == "aof_current_size" { print $2 }'
}

# Commands that change something, whatever for: leases and facts included.
write_commands()
{
	daemon_cli info commandstats | tr -d '\r' | awk -F'[:=,]' '
		/^cmdstat_(hset|hdel|hmset|zadd|zrem|sadd|srem|set|del|unlink):/ {
			n += $3 } END { print n + 0 }'
}

# Milliseconds from the end of the list before the items' to the end of theirs.
items_took_ms()
{
	grep -E 'sync\.list account=erp ' "$LOG" |
		awk '/entity=items / { print was, $1; exit } { was = $1 }' | {
		read -r from to
		echo $((($(date -d "$to" +%s%N) - $(date -d "$from" +%s%N)) /
			1000000))
	}
}

measure_first()
{
	fault galaxy /services status:503 1000000
	launch_daemon
	wait_for "the daemon answers" 30 api_code ready
	wait_for "it is at rest" 30 is_at_rest
	idle=$(memory VmRSS)
	clear_faults
	"$TILLBRIDGE" sync --full erp -c "$CONFIG" >>"$DIR/cli.log" 2>&1 &
	others="$others $!"
	wait_for "the first full sync" 900 at_least 1 syncs full
	peak=$(memory VmHWM)
	took_ms=$(last_sync full took_ms)
	rows=$(rows_in_mirror)
	rate=$(echo "$rows $took_ms" | awk '{ printf "%d", $1 * 1000 / $2 }')
	echo "First full sync: $rows rows of all lists in $took_ms ms:" \
		"$rate rows/s"
	items_ms=$(items_took_ms)
	say "The list of items in it" "$(echo "${fetched%% *} $items_ms $bytes" |
		awk '{ print $1, $1 * 1000 / $2, $3 / $2 / 1000 }')"
	rate=$(echo "${fetched%% *} $items_ms" | awk '{ print $1 * 1000 / $2 }')
	ratio "downloading alone" "$fetched"
	ratio "parsing alone" "$parsed"
	ratio "writing alone" "$stored"
	echo "Resident memory: $idle KiB idle, $peak KiB at its peak:" \
		"$((peak - idle)) KiB more, of $MEMORY_MAX_KIB allowed"
	[ "$((peak - idle))" -le "$MEMORY_MAX_KIB" ] || fail "too much memory"
	expect "items in the mirror" \
		"$(daemon_cli hlen tillbridge:mirror:erp:items)" "${fetched%% *}"
	[ "$ITEMS" -gt 5000 ] || expect "lists that are not what Galaxy shows" \
		"$(mirror_differences)" ""
}

# measure_again WHAT KIND [OPTION]
measure_again()
{
	order reset-calls '{}'
	bytes_before=$(logged_bytes)
	commands_before=$(write_commands)
	# shellcheck disable=SC2086  # an option or none
	tb sync ${3:-} erp
	expect "$1 ($said)" "$code" 0
	echo "$1: $(last_sync "$2" took_ms) ms," \
		"$(calls_of galaxy /sync/) requests," \
		"$(($(write_commands) - commands_before)) writes and" \
		"$(($(logged_bytes) - bytes_before)) bytes in Redis," \
		"leases and progress included"
}

measure_journeys()
{
	import_items
	wait_quiet
	daemon_cli --raw eval "local n = 0
		for _, kind in ipairs({'mirror', 'names', 'alias', 'revs'}) do
			for _, key in ipairs(redis.call('keys',
					'tillbridge:'..kind..':erp:item*')) do
				n = n + redis.call('unlink', key)
			end
		end
		return n" 0 >/dev/null
	log_from=$(($(wc -l <"$LOG") + 1))
	before=$(syncs full)
	"$TILLBRIDGE" sync --full erp -c "$CONFIG" >>"$DIR/cli.log" 2>&1 &
	others="$others $!"
	wait_for "it has begun" 30 at_least 1 \
		daemon_cli hlen tillbridge:mirror:erp:items
	n=0
	while [ "$(syncs full)" = "$before" ]; do
		n=$((n + 1))
		order galaxy/balance '{"code":"21-0001","delta":"1"}'
		wait_for "change $n is at the till" 30 \
			is "$(balance_of 21-0001)" count_of 21-0001
	done
	tail -n "+$log_from" "$LOG" |
		sed -n 's/.*journey\.done .*account=agora .*total_ms=\([0-9]*\).*/\1/p' |
		sort -n | awk '{ t[NR] = $1 } END {
		if (NR) printf "From the hook to the till during a full sync, " \
			"%d changes: p50 %d ms, p99 %d ms\n",
			NR, t[int((NR + 1) / 2)], t[NR - int(NR / 100)] }'
}

echo "Machine: $(nproc) cores, $(awk -F': ' '/^model name/ { print $2; exit }' \
	/proc/cpuinfo), Redis $(redis-server --version | sed 's/.*v=\([^ ]*\).*/\1/')"
build_limits
start_sim --galaxy-items "$ITEMS"
write_config '.accounts[0].timeout_ms = 60000'
measure_limits
measure_first
measure_again "Full sync again, nothing changed" full --full
measure_again "Catch-up, nothing new" catch-up
measure_journeys
