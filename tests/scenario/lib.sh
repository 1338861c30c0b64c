# What every scenario stands on: simulator, daemon, Redis, certificates, waits.
#
#     . "${0%/*}/lib.sh"      the first line of a scenario
#
# A scenario runs in a folder of its own ($DIR) on ports of its own. Whatever
# it starts is ended by its exit, however that comes about. It fails when a
# command fails that nothing asks about, when an expectation is not met, when
# a program of ours ends with an unexpected status or a sanitizer has spoken,
# and when one secret of the run is found in what the programs said (I7).
#
# shellcheck shell=sh
# shellcheck disable=SC2034  # the scenarios use what is set here

set -eu

HERE=$(cd "${0%/*}" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
: "${TILLBRIDGE:=$ROOT/build/tillbridge}"
: "${TILLBRIDGE_SIM:=$ROOT/build/tillbridge-sim}"
NAME=${0##*/}
NAME=${NAME%.sh}

case ${BUILD:-} in
*address* | *thread* | *undefined*) SLOW=4 ;;
*) SLOW=1 ;;
esac

if [ -z "${SCENARIO_DIR:-}" ]; then
	SCENARIO_DIR=$(mktemp -d)
	is_own_dir=yes
fi
DIR=${SCENARIO_DIR%/}
CONFIG=$DIR/gateway.json
CSV=$DIR/items.csv
LOG=$DIR/daemon.log
SIM_LOG=$DIR/sim.log
is_own_dir=${is_own_dir:-}

# ---- Saying and judging -----------------------------------------------------

fail()
{
	echo "FAILED: $*" >&2
	exit 1
}

# expect WHAT FOUND EXPECTED
expect()
{
	[ "$2" = "$3" ] || fail "$1: expected \"$3\", found \"$2\""
}

# expect_at_most WHAT FOUND BOUND
expect_at_most()
{
	[ "$2" -le "$3" ] || fail "$1: expected at most $3, found \"$2\""
}

# expect_at_least WHAT FOUND BOUND
expect_at_least()
{
	[ "$2" -ge "$3" ] || fail "$1: expected at least $3, found \"$2\""
}

# has TEXT PATTERN: an extended regular expression, without case.
has()
{
	printf '%s\n' "$1" | grep -qiE -- "$2"
}

# expect_text WHAT TEXT PATTERN
expect_text()
{
	has "$2" "$3" || fail "$1: nothing like \"$3\" in: $2"
}

# expect_no_text WHAT TEXT PATTERN
expect_no_text()
{
	! has "$2" "$3" || fail "$1: \"$3\" is in: $2"
}

# Arguments are a function's own where variables are not: so waits may nest.
# without_one CALLED IGNORED ARGUMENT...; without_two IGNORED IGNORED CALLED ...
without_one()
{
	called=$1
	shift 2
	"$called" "$@"
}

without_two()
{
	shift 2
	"$@"
}

# till SECONDS SINCE COMMAND...: false when it did not succeed in that time. Who
# has waited for long asks less often: asking is work for the machine, too.
till()
{
	until without_two "$@" >/dev/null 2>&1; do
		till_took=$(($(date +%s) - $2))
		[ "$till_took" -lt "$1" ] || return 1
		[ "$till_took" -lt 3 ] || sleep 0.2
		sleep 0.1
	done
}

# poll SECONDS COMMAND...: false when it did not succeed in that time.
poll()
{
	poll_s=$(($1 * SLOW))
	shift
	till "$poll_s" "$(date +%s)" "$@"
}

# The same of wait_for: a busy machine takes longer than one thinks, and only
# who waits in vain pays for more. So it is twice the time, and never short.
poll_patiently()
{
	poll_s=$((($1 < 15 ? 15 : $1) * 2 * SLOW))
	shift
	till "$poll_s" "$(date +%s)" "$@"
}

# wait_for SENTENCE SECONDS COMMAND...: until COMMAND succeeds.
wait_for()
{
	without_one poll_patiently "$@" || fail "waited in vain: $1"
}

# is VALUE COMMAND...: that is what COMMAND prints.
is()
{
	is_value=$1
	shift
	[ "$("$@")" = "$is_value" ]
}

# at_least NUMBER COMMAND...: that or more is what COMMAND prints.
at_least()
{
	least=$1
	shift
	[ "$("$@")" -ge "$least" ]
}

# at_most NUMBER COMMAND...: that or less is what COMMAND prints.
at_most()
{
	most=$1
	shift
	[ "$("$@")" -le "$most" ]
}

# stays SENTENCE SECONDS COMMAND...: COMMAND succeeds all that time. Only for
# what must not happen: nothing to wait for shows that it did not.
stays()
{
	stays_what=$1
	stays_until=$(($(date +%s) + $2))
	shift 2
	while [ "$(date +%s)" -le "$stays_until" ]; do
		"$@" >/dev/null 2>&1 || fail "did not stay so: $stays_what"
		sleep 0.2
	done
}

# ---- Processes --------------------------------------------------------------

sim=
daemon=
redis=
started=
others=

# Gone, or waiting for us to ask how it ended.
is_gone()
{
	[ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

# The redis-server that works in the daemon's state folder.
private_redis()
{
	for found in $(pgrep -f redis-server); do
		case $({ tr "\0" " " <"/proc/$found/cmdline"; } 2>/dev/null)\
$(readlink "/proc/$found/cwd" 2>/dev/null) in
		*"$DIR/state"*) echo "$found" ;;
		esac
	done
}

has_private_redis()
{
	[ -n "$(private_redis)" ]
}

# end_well PID WHO SECONDS: by SIGTERM, and with status 0.
end_well()
{
	kill "$1" 2>/dev/null || :
	if ! poll "$3" is_gone "$1"; then
		echo "FAILED: $2 does not end" >&2
		return 1
	fi
	end_status=0
	wait "$1" || end_status=$?
	[ "$end_status" -ne 0 ] || return 0
	echo "FAILED: $2 ended with status $end_status" >&2
	return 1
}

end_all()
{
	for ended in $daemon $sim $redis $started $others; do
		kill "$ended" 2>/dev/null || :
	done
	sleep 0.1
	for ended in $daemon $sim $redis $started $others $(private_redis); do
		is_gone "$ended" || kill -9 "$ended" 2>/dev/null || :
	done
}

# Sanitizers and secrets have the last word, then everything goes.
finish()
{
	status=$?
	trap '' HUP INT TERM
	[ "$status" -ne 0 ] || end_in_order || status=1
	end_all
	[ "$status" -ne 0 ] || judge_logs || status=1
	if [ "$is_own_dir" ]; then
		if [ "$status" -eq 0 ]; then
			rm -rf "$DIR"
		else
			echo "kept: $DIR" >&2
		fi
	fi
	trap - EXIT
	exit "$status"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

end_in_order()
{
	if [ "$daemon" ]; then
		listen_to_it
		end_well "$daemon" "the daemon" 45 || return 1
		daemon=
		poll 15 has_no_private_redis || {
			echo "FAILED: its redis-server is still there" >&2
			return 1
		}
	fi
	[ -z "$sim" ] || end_well "$sim" "the simulator" 30 || return 1
	sim=
}

judge_logs()
{
	if grep -lE 'ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:' \
		"$DIR"/*.log; then
		echo "FAILED: a sanitizer has spoken" >&2
		return 1
	fi
	for secret in $GALAXY_PASSWORD $GALAXY_HOOK $SQUARE_TOKEN \
		$SQUARE_SIGNATURE_KEY ${MORE_SECRETS:-}; do
		coded=$(printf %s "$secret" | base64 | tr -d '=\n' | cut -c 1-24)
		if grep -lF -e "$secret" -e "$coded" "$DIR"/*.log "$DIR"/said/* \
			2>/dev/null; then
			echo "FAILED: a secret of this run was said there" >&2
			return 1
		fi
	done
}

# ---- Ports and certificates -------------------------------------------------

next_port=${PORT_BASE:-$((11000 + $$ % 900 * 20))}

is_taken()
{
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qE \
		"^ *[0-9]+: [0-9A-F]+:$(printf %04X "$1") [0-9A-F]+:[0-9A-F]+ 0[^6]"
}

# Sets $port to one that nobody uses; what is only remembered (6) is free.
free_port()
{
	next_port=$((next_port + 1))
	while is_taken "$next_port"; do
		next_port=$((next_port + 1))
	done
	port=$next_port
}

make_certificates()
{
	CERTS=$DIR/certs
	if [ -d "${SCENARIO_CERTS:-}" ]; then
		cp -R "$SCENARIO_CERTS" "$CERTS"
	else
		"$ROOT/certs/make-certs.sh" "$CERTS" >/dev/null
	fi
}

# ---- The simulator ----------------------------------------------------------

# Different in each run, so that a find is a find.
planted()
{
	printf 'planted-%s-%s' "$1" "$(od -An -N9 -tx1 /dev/urandom | tr -d ' \n')"
}

# start_sim [OPTION...]: sets GALAXY, SQUARE and CONTROL; writes $CSV.
start_sim()
{
	run_sim "$CSV" "$SIM_LOG" --galaxy-hook-url "$HOOKS/hooks/erp" \
		--galaxy-hook-secret-env GALAXY_HOOK \
		--square-hook-url "$HOOKS/hooks/agora" \
		--square-signature-key-env SQUARE_SIGNATURE_KEY \
		--ca "$CERTS/ca.pem" "$@"
	sim=$started
	started=
	GALAXY=$started_galaxy
	SQUARE=$started_square
	CONTROL=$started_control
}

# run_sim CSV LOG OPTION...: sets $started, $started_galaxy, …
run_sim()
{
	csv=$1
	sim_log=$2
	shift 2
	: >"$DIR/sim.out"
	"$TILLBRIDGE_SIM" --galaxy-password-env GALAXY_PASSWORD \
		--square-token-env SQUARE_TOKEN --write-csv "$csv" "$@" \
		>"$DIR/sim.out" 2>>"$sim_log" </dev/null &
	started=$!
	wait_for "the simulator opens its ports" 20 \
		grep -q '^ready ' "$DIR/sim.out"
	started_galaxy=http://$(sim_address galaxy)
	started_square=http://$(sim_address square)
	started_control=http://$(sim_address control)/control
}

sim_address()
{
	sed -n "s/.* $1=\([^ ]*\).*/\1/p" "$DIR/sim.out"
}

stop_sim()
{
	end_well "$sim" "the simulator" 30 || exit 1
	sim=
}

# control PATH JSON: make something happen; prints the answer.
control()
{
	curl -sS --max-time 30 --fail-with-body -o "$DIR/control.answer" \
		-d "$2" "$CONTROL/$1" ||
		fail "control $1 $2: $(cat "$DIR/control.answer")"
	cat "$DIR/control.answer"
}

# Without its answer.
order()
{
	control "$@" >/dev/null
}

# sim_state FILTER: of jq.
sim_state()
{
	curl -sS --max-time 30 "$CONTROL/state" | jq -r "$1"
}

# fault SYSTEM PATH MODE [NEXT]
fault()
{
	order faults "{\"system\":\"$1\",\"path\":\"$2\",\"mode\":\"$3\",
		\"next\":${4:-1}}"
}

clear_faults()
{
	order faults/clear '{}'
}

# What is late (late:MS, Tipsi's batch_ms) is answered now. So a call can be
# held for as long as a scenario needs, however slow the machine is.
release()
{
	order faults/release '{}'
}

# hooks SYSTEM MODE: on, off, double, reorder, forged
hooks()
{
	order hooks "{\"system\":\"$1\",\"mode\":\"$2\"}"
}

# set_balance CODE BALANCE: a receipt or correction in Galaxy, with its hook.
set_balance()
{
	order galaxy/balance "{\"code\":\"$1\",\"balance\":\"$2\"}"
}

# sell SKU [QUANTITY]: at the till; sets $sale to the order's id.
sell()
{
	sale=$(control square/sell \
		"{\"lines\":[{\"sku\":\"$1\",\"quantity\":\"${2:-1}\"}]}" |
		jq -r .order)
}

count_of()
{
	sim_state ".square.counts[] | select(.sku == \"$1\") | .count"
}

variation_of()
{
	sim_state ".square.counts[] | select(.sku == \"$1\") | .variation"
}

# How often a count was written by a call.
writes_of()
{
	sim_state ".square.counts[] | select(.sku == \"$1\") | .writes"
}

balance_of()
{
	sim_state ".galaxy.items[] | select(.code == \"$1\") | .balance"
}

# How often a balance was asked for by id.
asked_of()
{
	sim_state ".galaxy.items[] | select(.code == \"$1\") | .asked"
}

is_asked()
{
	at_least 1 asked_of "$1"
}

itemid_of()
{
	sim_state ".galaxy.items[] | select(.code == \"$1\") | .itemid"
}

entries()
{
	sim_state '.galaxy.entries | length'
}

# calls_of SYSTEM PATH: calls whose "METHOD path" holds PATH.
calls_of()
{
	sim_state "[.$1.calls | to_entries[] |
		select(.key | contains(\"$2\")) | .value.calls] | add // 0"
}

refused_calls()
{
	sim_state '[(.galaxy.calls, .square.calls)[] | .refused] | add // 0'
}

# Prints the SKUs whose channel does not show its target (I5).
disagreements()
{
	sim_state '(.galaxy.items | map({key: (.code | sub(":001"; "-S") |
			sub(":002"; "-M") | sub(":003"; "-L")),
			value: (.balance | tonumber)}) | from_entries) as $right |
		.square.counts[] | select((.count | tonumber) !=
			([$right[.sku], 0] | max)) | .sku'
}

all_agree()
{
	[ -z "$(disagreements)" ]
}

# What Galaxy has booked of an item, in all documents.
booked_of()
{
	sim_state ".galaxy.items[] | select(.code == \"$1\") | .posted"
}

# No document has had two effects (I2).
expect_no_double()
{
	expect "documents posted twice" "$(sim_state \
		'[.galaxy.entries[] | select(.posts > 1) | .docid] | join(" ")')" ""
}

# ---- Redis ------------------------------------------------------------------

# start_redis [OPTION...]: one that is not the daemon's. Sets REDIS_URL.
start_redis()
{
	mkdir -p "$DIR/redis"
	REDIS_SOCKET=$DIR/redis/redis.sock
	REDIS_URL=unix://$REDIS_SOCKET
	redis-server --port 0 --unixsocket "$REDIS_SOCKET" --dir "$DIR/redis" \
		--save '' --appendonly yes --appendfsync always "$@" \
		>>"$DIR/redis.log" 2>&1 </dev/null &
	redis=$!
	wait_for "redis-server answers" 20 redis_cli ping
}

redis_cli()
{
	redis-cli -s "$REDIS_SOCKET" "$@"
}

stop_redis()
{
	kill "${1:--TERM}" "$redis"
	wait_for "redis-server ends" 20 is_gone "$redis"
	wait "$redis" 2>/dev/null || :
	redis=
}

# ---- The daemon -------------------------------------------------------------

# Schedules that never come in a test: what happens, happens by hooks, by
# marks, or by a restart.
write_config()
{
	jq -n --arg hooks "127.0.0.1:$hooks_port" --arg api "127.0.0.1:$api_port" \
		--arg url "$HOOKS" --arg pem "$CERTS/server.pem" \
		--arg galaxy "${GALAXY:-http://127.0.0.1:9}" \
		--arg square "${SQUARE:-http://127.0.0.1:9}" '{
		public: { listen: [$hooks], url: $url, certificate: $pem },
		private: { listen: [$api] },
		state_dir: "state",
		redis: { namespace: "tillbridge" },
		accounts: [
			{ name: "erp", type: "galaxy", url: $galaxy,
			  username: "sync", password: "env:GALAXY_PASSWORD",
			  timeout_ms: 4000, hook: { secret: "env:GALAXY_HOOK" },
			  entry: { company: "001", companysite: "101",
			           trader: "30-0000", currency: "EUR",
			           transport_mode: "01", transporter: "01",
			           dispatch_purpose: "01", payment_plan: "01" } },
			{ name: "agora", type: "square", url: $square,
			  access_token: "env:SQUARE_TOKEN", location: "L1",
			  timeout_ms: 4000,
			  hook: { signature_key: "env:SQUARE_SIGNATURE_KEY" } }
		],
		stock: { authority: "erp" },
		schedule: { timezone: "Europe/Athens", catch_up: "0 0 1 1 *",
		            full: "0 0 1 1 *", reconcile: "0 0 1 1 *" }
	} | '"${1:-.}" >"$CONFIG"
}

# Start it and do not wait.
launch_daemon()
{
	"$TILLBRIDGE" run -c "$CONFIG" >>"$DIR/daemon.out.log" 2>>"$LOG" \
		</dev/null &
	daemon=$!
}

start_daemon()
{
	launch_daemon
	wait_for "the daemon is ready" 30 is_ready_or_gone
	is_ready || fail "the daemon did not start"
}

is_ready()
{
	curl -sf --max-time 5 -o "$DIR/ready.answer" "$API/ready"
}

is_ready_or_gone()
{
	is_gone "$daemon" || is_ready
}

# What it tells about itself, kept for the search for secrets.
listen_to_it()
{
	mkdir -p "$DIR/said"
	for page in status api/status metrics api/dead api/items; do
		curl -s --max-time 10 ${TOKEN:+-H "Authorization: Bearer $TOKEN"} \
			-o "$DIR/said/$(echo "$page" | tr / _).$$.$(date +%s%N)" \
			"$API/$page" || :
	done
}

# By SIGTERM; it must end well.
stop_daemon()
{
	listen_to_it
	end_well "$daemon" "the daemon" 45 || exit 1
	daemon=
	wait_for "its redis-server ends with it" 5 has_no_private_redis
}

has_no_private_redis()
{
	! has_private_redis
}

kill_daemon()
{
	kill -9 "$daemon"
	wait_for "the daemon is dead" 10 is_gone "$daemon"
	wait "$daemon" 2>/dev/null || :
	daemon=
}

# tb ARGUMENT...: the command line, with our file. Sets $said and $code.
tb()
{
	code=0
	said=$(timeout -k 5 $((60 * SLOW)) "$TILLBRIDGE" "$@" -c "$CONFIG" 2>&1 \
		</dev/null) || code=$?
	printf '%s\n' "> $*" "$said" >>"$DIR/cli.log"
	[ "$code" -lt 90 ] || fail "tillbridge $*: status $code: $said"
}

# api PATH [CURL-OPTION...]: prints the body; sets nothing.
api()
{
	api_path=$1
	shift
	curl -sS --max-time 30 ${TOKEN:+-H "Authorization: Bearer $TOKEN"} "$@" \
		"$API/$api_path"
}

# Its HTTP status alone.
api_code()
{
	api "$@" -o /dev/null -w '%{http_code}'
}

# status FILTER: of jq, on /api/status.
status()
{
	api api/status | jq -r "$1"
}

# account NAME FILTER
account()
{
	status ".accounts[] | select(.name == \"$1\") | $2"
}

# metric NAME: its value, summed over labels.
metric()
{
	api metrics | awk -v name="$1" \
		'$1 == name || index($1, name "{") == 1 { n += $2 } END { print n + 0 }'
}

# Nothing is on its way any more (I4).
is_quiet()
{
	[ "$(status '(.queue.depth == 0) and .entries.ready == 0 and
		.entries.posting == 0 and .entries.confirmed == 0 and
		([.accounts[] | .marks == 0 and
			(.last_full != null or .type == "webhook")] | all)')" = true ]
}

# No hook is on its way to us; one that is tried again later may be.
hooks_are_out()
{
	for simulated in "$CONTROL" ${BETA_CONTROL:-}; do
		[ "$(curl -sS --max-time 30 "$simulated/state" |
			jq '[.hooks[] | .queued] | add // 0')" = 0 ] || return 1
	done
}

# Nothing is left to do, and still nothing once all that was announced is here:
# one look may also miss what moves from the queue to marks, to entries, and to
# marks again.
is_at_rest()
{
	is_quiet || return 1
	[ -z "$sim" ] || poll 1 hooks_are_out || :
	is_quiet
}

wait_quiet()
{
	wait_for "everything has come to rest" 60 is_at_rest
}

# A till that tells the time in whole seconds says of what it sells now that it
# was sold when the second began; before the binding that is history.
wait_next_second()
{
	second=$(date +%s)
	wait_for "the next second" 5 is_after "$second"
}

is_after()
{
	[ "$(date +%s)" -gt "$1" ]
}

# says SKU PATTERN: what explain tells. A timeline is written when its thread
# has time for it, so what stands there is waited for.
says()
{
	tb explain "$1"
	[ "$code" -eq 0 ] && has "$said" "$2"
}

# import_items [FILE]
# shellcheck disable=SC2120  # scenarios give one
import_items()
{
	tb items import "${1:-$CSV}"
	expect "import's exit status ($said)" "$code" 0
}

# Bound, synced and at rest: where most scenarios begin.
start_all()
{
	start_sim ${SIM_OPTIONS:-}
	write_config "${1:-.}"
	start_daemon
	import_items
	wait_quiet
	wait_for "every channel shows its target" 20 all_agree
	order reset-calls '{}'
}

logged()
{
	grep -qE -- "$1" "$LOG"
}

# wait_logged PATTERN: what is done is told a moment later.
wait_logged()
{
	wait_for "the log says \"$1\"" 10 logged "$1"
}

times_logged()
{
	grep -cE -- "$1" "$LOG" || :
}

# dead FILTER: of jq, on the list of dead letters.
dead()
{
	api api/dead | jq -r ".dead | $1"
}

# ---- The mirror -------------------------------------------------------------

# The Redis that the daemon uses: its own, unless there was a start_redis.
daemon_cli()
{
	redis-cli -s "${REDIS_SOCKET:-$DIR/state/redis.sock}" "$@"
}

# Every list of the Sync service, as the simulator serves them.
galaxy_lists="webscenarios companies companysites companygroups banks countries
	prefectures cities currencies paymethods charges dispatchpurposes
	shippingmethods agencies vatsmaster prefixes customers customersites
	itemcategories itemattributes itemdimensions items itemaltercodes
	itembalances itemimages"

# galaxy_get NAME[?QUERY]: a list, read with our own eyes. It counts as a call.
galaxy_get()
{
	[ "${galaxy_session:-}" ] || galaxy_session=$(curl -sSf --max-time 10 \
		--json "{\"username\":\"sync\",\"password\":\"$GALAXY_PASSWORD\"}" \
		"$GALAXY/auth" | jq -r .SessionId)
	curl -sSf --max-time 60 -H "Cookie: ss-id=$galaxy_session" \
		-H 'Accept: application/json' "$GALAXY/services/sync/$1"
}

# galaxy_rows NAME [FILTER]: the same in one order, a row a line. mirror_rows:
# what the mirror has of it.
galaxy_rows()
{
	galaxy_get "$1" >"$DIR/rows.answer"
	jq -c ".[] ${2:-}" "$DIR/rows.answer" | LC_ALL=C sort
}

mirror_rows()
{
	daemon_cli --raw hvals "tillbridge:mirror:erp:$1" | jq -c . | LC_ALL=C sort
}

# mirror_note NAME: a cursor or another small fact; "" without it.
mirror_note()
{
	daemon_cli --raw hget tillbridge:notes:erp "$1"
}

# Names that lead to no row, and rows that are not found under their own key.
lost_names()
{
	{
		daemon_cli --raw hkeys "tillbridge:mirror:erp:$1" |
			sed 's/^/key /'
		daemon_cli --raw eval "local t = redis.call('zrange',
			KEYS[1], 0, -1)
			for i, m in ipairs(t) do
				t[i] = m:match('[^\\n]*$')
			end
			return t" 1 "tillbridge:names:erp:$1" | sed 's/^/name /'
	} | awk '$1 == "key" { is_key[$2] = 1 }
		$1 == "name" && $2 != "" && !is_key[$2] { print $2 }'
}

# Prints the lists in which the mirror is not what Galaxy shows.
mirror_differences()
{
	for list in $galaxy_lists; do
		galaxy_rows "$list" >"$DIR/galaxy.$list"
		mirror_rows "$list" >"$DIR/mirror.$list"
		cmp -s "$DIR/galaxy.$list" "$DIR/mirror.$list" || echo "$list"
		[ -z "$(lost_names "$list")" ] || echo "names of $list"
	done
}

mirror_is_right()
{
	[ -z "$(mirror_differences)" ]
}

# hasty_cursors [LIST...]: prints the lists, among these or all, whose cursor
# covers rows that are not stored (promise 6).
hasty_cursors()
{
	for list in ${*:-$galaxy_lists}; do
		note=$(mirror_note "$list.revision")
		[ "$note" ] || continue
		galaxy_rows "$list" "| select(.RevisionNumber <= $note)" \
			>"$DIR/covered"
		mirror_rows "$list" | LC_ALL=C comm -23 "$DIR/covered" - |
			grep -q . && echo "$list"
	done
	:
}

# full_sync: asked for by a person, and waited for.
full_sync()
{
	tb sync --full erp
	expect "a full sync ($said)" "$code" 0
}

# ---- Hooks by hand ----------------------------------------------------------

# hook ACCOUNT CURL-OPTION...: prints the HTTP status, 000 without one.
hook()
{
	hook_account=$1
	shift
	curl -s --max-time 30 --cacert "$CERTS/ca.pem" -o "$DIR/hook.answer" \
		-D "$DIR/hook.headers" -w '%{http_code}' "$@" \
		"$HOOKS/hooks/$hook_account${hook_query:-}" || :
}

# galaxy_hook CODE: as Galaxy sends it.
galaxy_hook()
{
	hook erp -H "Authorization: Bearer $GALAXY_HOOK" --json \
		"{\"ItemID\":\"$(itemid_of "$1")\"}"
}

# square_signature BODY [KEY]
square_signature()
{
	printf %s "$HOOKS/hooks/agora$1" | openssl dgst -sha256 \
		-hmac "${2:-$SQUARE_SIGNATURE_KEY}" -binary | base64
}

# square_hook BODY [KEY]
square_hook()
{
	hook agora --json "$1" \
		-H "x-square-hmacsha256-signature: $(square_signature "$@")"
}

# square_event TYPE EVENT-ID OBJECT: prints a body.
square_event()
{
	jq -cn --arg type "$1" --arg id "$2" --argjson object "$3" '{
		merchant_id: "MERCHANT1", type: $type, event_id: $id,
		created_at: "2026-01-01T00:00:00Z",
		data: { type: $type, id: $id, object: $object } }'
}

# count_event EVENT-ID SKU: a body that names an item, with a false count.
count_event()
{
	square_event inventory.count.updated "$1" "{\"inventory_counts\":[{
		\"catalog_object_id\":\"$(variation_of "$2")\",
		\"catalog_object_type\":\"ITEM_VARIATION\",\"state\":\"IN_STOCK\",
		\"location_id\":\"L1\",\"quantity\":\"0\",
		\"calculated_at\":\"2026-01-01T00:00:00Z\"}]}"
}

# ---- Making ready -----------------------------------------------------------

mkdir -p "$DIR"
GALAXY_PASSWORD=$(planted galaxy-password)
GALAXY_HOOK=$(planted galaxy-hook)
SQUARE_TOKEN=$(planted square-token)
SQUARE_SIGNATURE_KEY=$(planted square-key)
export GALAXY_PASSWORD GALAXY_HOOK SQUARE_TOKEN SQUARE_SIGNATURE_KEY
free_port
hooks_port=$port
free_port
api_port=$port
HOOKS=https://localhost:$hooks_port
API=http://127.0.0.1:$api_port
make_certificates
