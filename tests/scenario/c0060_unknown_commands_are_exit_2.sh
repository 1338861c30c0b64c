#!/bin/sh
# What the command line does not understand: exit status 2 and what to do.
. "${0%/*}/lib.sh"

start_sim
write_config
for words in "rum" "" "dead" "dead shot x" "dead show" "items" \
	"items export extra words" "run twice" "check --ofline" "dead confirm" \
	"run --dry-run" "status --all" "items export --dry-run" \
	"version x" "version --json" "help nothing" "nothing --help" \
	"sync nobody" "reconcile nobody" "items match nobody" \
	"hooks register nobody" "dead drop x --dry-run" "dead retry x --dry-run" "dead list --all"; do
	# shellcheck disable=SC2086  # its words
	tb $words
	expect "'$words' ($said)" "$code" 2
	[ -n "$said" ] || fail "'$words' is refused without a word"
done
code=0
"$TILLBRIDGE" check -c >/dev/null 2>&1 || code=$?
expect "-c without a file" "$code" 2
for words in help --help version --version "help run" "run --help" \
	"help version" "help help" "version --help" "items import --help"; do
	# shellcheck disable=SC2086  # its words
	tb $words
	expect "'$words' ($said)" "$code" 0
done
[ ! -d "$DIR/state" ] || fail "a state folder was made"

# -c may stand anywhere.
code=0
"$TILLBRIDGE" -c "$CONFIG" check --offline >/dev/null 2>&1 || code=$?
expect "-c in front" "$code" 0
code=0
"$TILLBRIDGE" check --offline --config="$CONFIG" >/dev/null 2>&1 || code=$?
expect "--config=" "$code" 0

# What is nearly right is named; what would be ignored is refused.
tb help statsu
expect_text "help about what is misspelt" "$said" 'did you mean status\?'
for words in "sync erb" "items match erb" "hooks register erb"; do
	# shellcheck disable=SC2086  # its words
	tb $words
	expect_text "$words" "$said" 'no account erb; there are: erp, agora$'
done
tb statsu
expect "exit status ($said)" "$code" 2
expect_text "a misspelt command" "$said" 'did you mean status\?'
tb status --jsno
expect_text "a misspelt option" "$said" 'did you mean --json\?'
tb status twice
expect_text "a word too many" "$said" 'twice: .*usage: tillbridge status'
for words in "dead retry --json" "items export --json" "run --json" \
	"status --json=yes"; do
	# shellcheck disable=SC2086  # its words
	tb $words
	expect "'$words' ($said)" "$code" 2
done

# Every command has an example, and help fits a terminal.
expect "lines wider than a terminal" \
	"$("$TILLBRIDGE" help | LC_ALL=C.UTF-8 awk 'length > 80')" ""
for command in $("$TILLBRIDGE" help | sed -n 's/^  \([a-z][a-z-]*\).*/\1/p'); do
	case $command in help | version) continue ;; esac
	tb "$command" --help
	expect "exit status of $command --help" "$code" 0
	expect_text "$command --help" "$said" "^  tillbridge $command"
	expect_text "$command --help" "$said" "^  -c, --config FILE "
	expect "lines wider than a terminal" \
		"$(echo "$said" | LC_ALL=C.UTF-8 awk 'length > 80')" ""
done
