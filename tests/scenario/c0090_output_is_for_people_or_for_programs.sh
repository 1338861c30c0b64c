#!/bin/sh
# What a command prints is text for a person: in colour, with a line that is
# drawn again, on a terminal only, and never where NO_COLOR or TERM=dumb forbids
# it. With --json it is JSON, whatever there is to say.
. "${0%/*}/lib.sh"

# on_a_terminal WORD...: sets $said to what a terminal would get.
on_a_terminal()
{
	said=$(script -qec "exec '$TILLBRIDGE' $* -c '$CONFIG'" /dev/null \
		</dev/null 2>&1) || :
}

# is_json FILTER WORD...: its JSON, and nothing else; FILTER holds.
is_json()
{
	filter=$1
	shift
	"$TILLBRIDGE" "$@" --json -c "$CONFIG" >"$DIR/json" 2>"$DIR/json.err" \
		</dev/null || :
	jq -e "$filter" "$DIR/json" >/dev/null ||
		fail "$*: not \"$filter\": $(cat "$DIR/json" "$DIR/json.err")"
}

escape=$(printf '\033')
start_all

# Piped, no command colours or redraws anything.
for words in check status reconcile "sync --full --dry-run" "items match" \
	"explain 21-0001" "items list" "dead list" help; do
	# shellcheck disable=SC2086  # its words
	TERM=xterm tb $words
	expect "exit status of $words ($said)" "$code" 0
	expect_no_text "$words, piped" "$said" "$escape"
done

# On a terminal; and there as well it can be forbidden.
export TERM=xterm
unset NO_COLOR
on_a_terminal check
expect_text "check" "$said" "^$escape\\[32mok$escape\\[0m    erp "
on_a_terminal status
expect_text "the one sentence" "$said" "^$escape\\[(1;)?3[123]m[A-Z].*\.$escape\\[0m"
expect_text "status" "$said" "^$escape\\[1maccount"
on_a_terminal sync
expect_text "sync's lines are drawn again" "$said" "$escape\\[K"
on_a_terminal sync --quiet
expect_no_text "sync --quiet" "$said" "$escape"
NO_COLOR=1
export NO_COLOR
on_a_terminal check
expect_text "check, with NO_COLOR" "$said" "^ok    erp "
on_a_terminal sync
expect_text "sync is drawn without colour, too" "$said" "$escape\\[K"
unset NO_COLOR
export TERM=dumb
on_a_terminal check
expect_text "check, with TERM=dumb" "$said" "^ok    erp "
on_a_terminal sync
expect_no_text "sync, with TERM=dumb" "$said" "$escape"

# What could not be written is no success; who reads no further is told nothing.
for words in "items export" "items list --json" "explain 21-0001" version; do
	code=0
	# shellcheck disable=SC2086  # its words
	"$TILLBRIDGE" $words -c "$CONFIG" >/dev/full 2>"$DIR/full" || code=$?
	expect "exit status of $words on a full disk" "$code" 1
	expect_text "$words on a full disk" "$(cat "$DIR/full")" \
		"not written whole: No space left"
done
{
	sleep 0.3
	code=0
	"$TILLBRIDGE" items export -c "$CONFIG" 2>"$DIR/full" || code=$?
	echo "$code" >"$DIR/code"
} | true
wait_for "the export has ended" 20 test -s "$DIR/code"
expect "exit status where nobody reads" "$(cat "$DIR/code")" 1
expect "what is said of that" "$(cat "$DIR/full")" ""

# A terminal obeys what an item is called; a file has it as it was.
printf 'sku,name\n21-0001,"a\033[31mb"\n' >"$DIR/red.csv"
tb items import "$DIR/red.csv"
expect "exit status ($said)" "$code" 0
on_a_terminal items export
expect_text "on a terminal" "$said" 'a \[31mb'
tb items export
expect_text "in a file" "$said" "a$escape\\[31mb"

# What did as it was told says nothing with --quiet; what is asked for is said.
for words in check "items import $DIR/red.csv" sync "sync --full" \
	"items import --json /nowhere" "dead retry --all" "dead list" reconcile; do
	# shellcheck disable=SC2086  # its words
	tb $words --quiet
	case $words in
	*nowhere) expect_text "$words --quiet" "$said" "^tillbridge: .*nowhere" ;;
	*) expect "what $words --quiet says" "$said" "" ;;
	esac
done
tb items import "$DIR/red.csv" --dry-run --quiet
expect_text "a dry run" "$said" "^1 item would be imported"

# For programs.
is_json '.ok and ([.checks[].name] | index("erp") and index("redis"))' check
is_json '.ok and ([.checks[].name] | index("erp") | not)' check --offline
is_json '.running and .accounts[1].name == "agora" and
	.accounts[1].bound > 0 and (.summary.text | length > 0)' status
expect "the same as the daemon's" \
	"$(jq -cS '[.accounts[] | {name, bound, state, cannot}]' "$DIR/json")" \
	"$(curl -s --max-time 10 "$API/api/status" | jq -cS '[.accounts[] | {name, bound, state, cannot}]')"
is_json '.accounts | length == 2 and all(.done)' sync
is_json '.dry_run and .accounts[0].report.verdict == "done"' sync --dry-run erp
is_json '.accounts | all(.done)' reconcile
is_json '.accounts[0].matched' items match erp
is_json 'length > 0' items list
is_json '.ok and .written and .items == 1' items import "$DIR/red.csv"
is_json 'length == 0' dead list
is_json '.ok and .decision == "retry" and .letters == [] and .left == []' \
	dead retry --all
is_json '(.ok | not) and (.letters[0].done | not) and
	(.letters[0].why | test("no such"))' dead drop entry/none
tb items export --json
expect "export is for programs already ($said)" "$code" 2
expect_text "what is" "$said" "items list --json"
is_json '.sku == "21-0001"' explain 21-0001
stop_daemon
is_json '.running == false and .accounts[0].name == "erp"' status
stop_sim
tb check
expect_text "what to look at" "$said" '^wrong erp .* is it up, and its url right\?$'
is_json '(.ok | not) and ([.checks[] | select(.state == "wrong") | .name] ==
	["erp", "agora"])' check

# What stands in the file is quoted as text as well.
write_config '.["x\u001b[31m"] = 1'
tb check --offline
expect "exit status ($said)" "$code" 3
expect_text "the mistake" "$said" 'unknown key'
expect_no_text "the mistake" "$said" "$escape"
