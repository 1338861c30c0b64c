#!/bin/sh
# What the command line does not understand: exit status 2 and what to do.
. "${0%/*}/lib.sh"

start_sim
write_config
for words in "rum" "" "dead" "dead shot x" "dead show" "items" \
	"items export extra words" "run twice" "check --ofline" "dead confirm" \
	"run --dry-run" "status --all" "items export --dry-run" \
	"dead drop x --dry-run" "dead retry x --dry-run" "dead list --all"; do
	# shellcheck disable=SC2086  # its words
	tb $words
	expect "'$words' ($said)" "$code" 2
	[ -n "$said" ] || fail "'$words' is refused without a word"
done
code=0
"$TILLBRIDGE" check -c >/dev/null 2>&1 || code=$?
expect "-c without a file" "$code" 2
for words in help --help version --version "help run"; do
	# shellcheck disable=SC2086  # its words
	tb $words
	expect "'$words' ($said)" "$code" 0
done
[ ! -d "$DIR/state" ] || fail "a state folder was made"

# -c may stand anywhere.
code=0
"$TILLBRIDGE" -c "$CONFIG" check --offline >/dev/null 2>&1 || code=$?
expect "-c in front" "$code" 0
