#!/bin/sh
# `make run` without CONFIG: a simulated Galaxy and a simulated till of each
# kind, the real gateway between them, a gentle stream of sales at all of them
# and of receipts, and one line for each journey that is completed.
#
# Everything lies in a folder of its own under build/run/, which goes with it.
# Ctrl-C (or SIGTERM) stops all of it.
#
# Environment: TILLBRIDGE, TILLBRIDGE_SIM (as the Makefile says them);
# TRAFFIC, events per second (0.4).

set -eu

root=$(cd "${0%/*}/../.." && pwd)
: "${TILLBRIDGE:=$root/build/tillbridge}"
: "${TILLBRIDGE_SIM:=$root/build/tillbridge-sim}"
status_port=8080
hooks_port=8443
month_calls=1000000
registers=20

umask 077
mkdir -p "$root/build/run"
dir=$(mktemp -d "$root/build/run/demo.XXXXXX")
log=$dir/tillbridge.log
sim_log=$dir/simulators.log
sim=
daemon=
narrator=

# ---- Ending -----------------------------------------------------------------

is_gone()
{
	[ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

# end PID SECONDS: ask it, and after that time insist.
end()
{
	[ -n "$1" ] || return 0
	kill "$1" 2>/dev/null || return 0
	end_tries=$(($2 * 10))
	while ! is_gone "$1" && [ "$end_tries" -gt 0 ]; do
		end_tries=$((end_tries - 1))
		sleep 0.1
	done
	is_gone "$1" || kill -9 "$1" 2>/dev/null || :
}

# What a gateway that died left running; known by our own folder.
end_leftover()
{
	for leftover in $(pgrep -f redis-server); do
		case $(readlink "/proc/$leftover/cwd" 2>/dev/null) in
		"$dir"/*) end "$leftover" 5 ;;
		esac
	done
}

finish()
{
	status=$?
	trap '' HUP INT TERM
	[ -z "$daemon" ] || echo "Stopping …"
	end "$daemon" 25
	end "$sim" 5
	end_leftover
	end "$narrator" 2
	rm -rf "$dir"
	trap - EXIT
	exit "$status"
}
trap finish EXIT
trap 'exit 0' HUP INT TERM

# fail MESSAGE [LOG]: the last thing that a program said explains most.
fail()
{
	echo "demo: $1" >&2
	[ -z "${2:-}" ] || tail -n 3 "$2" | sed 's/^/demo:   /' >&2
	exit 1
}

# ---- Ports ------------------------------------------------------------------

is_taken()
{
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -qE \
		"^ *[0-9]+: [0-9A-F]+:$(printf %04X "$1") [0-9A-F]+:[0-9A-F]+ 0A"
}

# Sets $port to this one, or to the next that is free.
take_port()
{
	port=$1
	while is_taken "$port"; do
		port=$((port + 1))
	done
	[ "$port" = "$1" ] || echo "Port $1 is taken; using $port."
}

# ---- Starting ---------------------------------------------------------------

secret()
{
	od -An -N18 -tx1 /dev/urandom | tr -d ' \n'
}

# wait_for WHAT LOG PID SECONDS COMMAND...
wait_for()
{
	what=$1
	said=$2
	pid=$3
	tries=$(($4 * 10))
	shift 4
	until "$@" >/dev/null 2>&1; do
		! is_gone "$pid" || fail "$what did not start:" "$said"
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || fail "$what takes too long to start:" "$said"
		sleep 0.1
	done
}

address_of()
{
	sed -n "s/.* $1=\([^ ]*\).*/\1/p" "$dir/ready"
}

control()
{
	curl -sf --max-time 10 -o /dev/null -d "$2" \
		"http://$(address_of control)/control/$1"
}

# In a session of its own: Ctrl-C reaches this script only, which ends the
# others in good order.
start_simulators()
{
	: >"$dir/ready"
	setsid "$TILLBRIDGE_SIM" --galaxy-password-env GALAXY_PASSWORD \
		--galaxy-hook-url "https://localhost:$hooks_port/hooks/erp" \
		--galaxy-hook-secret-env GALAXY_HOOK \
		--square-token-env SQUARE_TOKEN \
		--square-signature-key-env SQUARE_SIGNATURE_KEY \
		--square-hook-url "https://localhost:$hooks_port/hooks/agora" \
		--tipsi-password-env TIPSI_PASSWORD \
		--hiboutik-key-env HIBOUTIK_KEY \
		--hiboutik-hook-url "https://localhost:$hooks_port/hooks/kiosk" \
		--lightspeed-r-secret-env LIGHTSPEED_R_SECRET \
		--lightspeed-r-refresh-env LIGHTSPEED_R_REFRESH \
		--lightspeed-x-token-env LIGHTSPEED_X_TOKEN \
		--lightspeed-x-secret-env LIGHTSPEED_X_SECRET \
		--lightspeed-x-hook-url "https://localhost:$hooks_port/hooks/market" \
		--ca "$certs/ca.pem" --write-csv "$dir/items.csv" \
		--sized 4 --galaxy-items 400 --galaxy-customers 20 \
		--seed "$$" --traffic "${TRAFFIC:-0.4}" \
		>"$dir/ready" 2>"$sim_log" </dev/null &
	sim=$!
	wait_for "the simulator" "$sim_log" "$sim" 20 grep -q '^ready ' "$dir/ready"
	# Nothing is sold before the gateway knows the items.
	control traffic '{"paused":true}'
	# The tills of a busy street: the smallest plans have fewer calls.
	control hiboutik/switches "{\"calls_max\":$month_calls}"
	control lightspeed_r/switches '{"drip_milli":4000}'
	control lightspeed_x/switches "{\"registers\":$registers}"
}

write_config()
{
	cat >"$dir/gateway.json" <<END
{
  "public": { "listen": ["127.0.0.1:$hooks_port"],
              "url": "https://localhost:$hooks_port",
              "certificate": "$certs/server.pem" },
  "private": { "listen": ["127.0.0.1:$status_port"] },
  "state_dir": "state",
  "accounts": [
    { "name": "erp", "type": "galaxy", "url": "http://$(address_of galaxy)",
      "username": "sync", "password": "env:GALAXY_PASSWORD",
      "hook": { "secret": "env:GALAXY_HOOK" },
      "entry": { "company": "001", "companysite": "101",
                 "trader": "30-0000", "currency": "EUR",
                 "transport_mode": "01", "transporter": "01",
                 "dispatch_purpose": "01", "payment_plan": "01" } },
    { "name": "agora", "type": "square",
      "url": "http://$(address_of square)",
      "access_token": "env:SQUARE_TOKEN", "location": "L1",
      "hook": { "signature_key": "env:SQUARE_SIGNATURE_KEY" } },
    { "name": "kiosk", "type": "hiboutik",
      "url": "http://$(address_of hiboutik)/api",
      "email": "till@example.com", "api_key": "env:HIBOUTIK_KEY",
      "store": 1, "warehouse": 5, "timezone": "Europe/Athens",
      "monthly_calls": $month_calls,
      "hook": { "token": "env:HIBOUTIK_TOKEN" } },
    { "name": "bazaar", "type": "lightspeed_r",
      "url": "http://$(address_of lightspeed_r)", "account": 100,
      "client_id": "client-r", "client_secret": "env:LIGHTSPEED_R_SECRET",
      "refresh_token": "env:LIGHTSPEED_R_REFRESH",
      "shop": 1, "register": 1, "employee": 2, "payment_type": 7 },
    { "name": "market", "type": "lightspeed_x",
      "url": "http://$(address_of lightspeed_x)",
      "access_token": "env:LIGHTSPEED_X_TOKEN",
      "outlet": "0a000001-0000-4000-8000-000000000001",
      "register": "0a000002-0000-4000-8000-000000000001",
      "user": "0a000003-0000-4000-8000-000000000001",
      "payment_type": "0a000004-0000-4000-8000-000000000002",
      "registers": $registers,
      "hook": { "client_secret": "env:LIGHTSPEED_X_SECRET" } },
    { "name": "cellar", "type": "tipsi",
      "url": "http://$(address_of tipsi)", "username": "sync",
      "password": "env:TIPSI_PASSWORD", "store": "17" }
  ],
  "stock": { "authority": "erp" },
  "schedule": { "timezone": "Europe/Athens" }
}
END
}

start_gateway()
{
	setsid "$TILLBRIDGE" run -c "$dir/gateway.json" >>"$log" 2>&1 </dev/null &
	daemon=$!
	wait_for "the gateway" "$log" "$daemon" 30 curl -sf --max-time 5 \
		-o /dev/null "http://127.0.0.1:$status_port/ready"
}

# ---- Telling ----------------------------------------------------------------

# member NAME LINE: the value of name=… in a log line.
member()
{
	member_value=${2#* "$1"=}
	[ "$member_value" != "$2" ] || member_value=
	member_value=${member_value%% *}
	printf %s "$member_value"
}

name_of()
{
	sed -n "s/^$1,\"\([^\"]*\)\".*/\1/p" "$dir/items.csv"
}

tell_journey()
{
	total=$(member total_ms "$1")
	sku=$(member sku "$1")
	if [ -n "$sku" ]; then
		printf '%s  Galaxy → %s  %s: it shows %s (hook → fetch %s ms → write %s ms, %s ms in all)\n' \
			"$(date +%T)" "$(member account "$1")" \
			"$(name_of "$sku")" "$(member count "$1")" \
			"$(member to_fetch_ms "$1")" "$(member to_write_ms "$1")" \
			"$total"
	else
		lines=$(member lines "$1")
		[ "$lines" = 1 ] || lines="$lines lines"
		[ "$lines" != 1 ] || lines="one line"
		till=$(member entry "$1")
		printf '%s  %s → Galaxy  a sale of %s is booked (%s ms from hook to entry)\n' \
			"$(date +%T)" "${till%%/*}" "$lines" "$total"
	fi
}

# It ends with the gateway whose log it reads.
narrate()
{
	tail --pid="$daemon" -n +1 -s 0.2 -f "$log" | while read -r line; do
		case $line in
		*" journey.done "*) tell_journey "$line" ;;
		*" error "*) echo "$line" ;;
		esac
	done
}

for program in "$TILLBRIDGE" "$TILLBRIDGE_SIM"; do
	[ -x "$program" ] || fail "$program is not there: make builds it"
done
certs=$root/build/run/certs
"$root/certs/make-certs.sh" "$certs" >"$dir/certs.log" 2>&1 ||
	fail "no certificates:" "$dir/certs.log"
GALAXY_PASSWORD=$(secret)
GALAXY_HOOK=$(secret)
SQUARE_TOKEN=$(secret)
SQUARE_SIGNATURE_KEY=$(secret)
TIPSI_PASSWORD=$(secret)
HIBOUTIK_KEY=$(secret)
# What the vendor's plug-ins make of the key and the account's name.
HIBOUTIK_TOKEN=$(printf demo | openssl dgst -sha256 -hmac "$HIBOUTIK_KEY" |
	sed 's/.* //')
LIGHTSPEED_R_SECRET=$(secret)
LIGHTSPEED_R_REFRESH=$(secret)
LIGHTSPEED_X_TOKEN=$(secret)
LIGHTSPEED_X_SECRET=$(secret)
export GALAXY_PASSWORD GALAXY_HOOK SQUARE_TOKEN SQUARE_SIGNATURE_KEY \
	TIPSI_PASSWORD HIBOUTIK_KEY HIBOUTIK_TOKEN LIGHTSPEED_R_SECRET \
	LIGHTSPEED_R_REFRESH LIGHTSPEED_X_TOKEN LIGHTSPEED_X_SECRET
take_port "$status_port"
status_port=$port
take_port "$hooks_port"
hooks_port=$port

start_simulators
write_config
start_gateway
"$TILLBRIDGE" items import "$dir/items.csv" -c "$dir/gateway.json" \
	>"$dir/import.log" 2>&1 || fail "the items were not imported:" "$dir/import.log"

cat <<END

A simulated Galaxy and five kinds of tills, with the real gateway between: Square
(agora), Hiboutik (kiosk), Lightspeed R (bazaar), Lightspeed X (market) and Tipsi
(cellar, which sells nothing by itself).
$(cat "$dir/import.log")

  Status page  http://127.0.0.1:$status_port/status
  Log          ${log#"$root/"}

Every line below is a journey through real TLS and real Redis. Ctrl-C ends it.

END
narrate &
narrator=$!
control traffic '{"paused":false}'

status=0
wait "$daemon" || status=$?
daemon=
[ "$status" -eq 0 ] || fail "the gateway ended with status $status:" "$log"
