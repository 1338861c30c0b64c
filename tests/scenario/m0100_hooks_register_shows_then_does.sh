#!/bin/sh
# `hooks register` has Square call us: shown first, done when it is agreed to,
# and nothing more to do the second time. The key that Square makes goes to the
# file that the configuration names, which may be missing until then, for its
# owner alone; it is never shown. With it the daemon believes what Square sends.
. "${0%/*}/lib.sh"

subscriptions()
{
	sim_state "[.square.subscriptions[] |
		select(.url == \"$HOOKS/hooks/agora\")] | length"
}

# What is not told of anybody: the key, once it is there.
keep_quiet()
{
	MORE_SECRETS="${MORE_SECRETS:-} $(cat "$DIR/secrets/agora")"
}

# One made by hand, for another URL: it is not ours.
start_sim --square-hook-url "$HOOKS/hooks/by-hand"
write_config '.accounts[1].hook.signature_key = "file:secrets/agora"'
mkdir "$DIR/secrets"
was=$(subscriptions)

tb hooks register agora --dry-run
expect "exit status of a dry run ($said)" "$code" 0
expect_text "what it says" "$said" "agora shall call $HOOKS/hooks/agora"
expect_text "the steps" "$said" "make a subscription .*inventory.count.updated"
expect "subscriptions after a dry run" "$(subscriptions)" "$was"
[ ! -e "$DIR/secrets/agora" ] || fail "a dry run wrote the key"

tb hooks register agora
expect "exit status where nobody can be asked ($said)" "$code" 2
expect_text "what it says" "$said" "nothing was done.*--yes"
expect "subscriptions after that" "$(subscriptions)" "$was"

# On a terminal somebody is asked.
code=0
said=$(echo n | TERM=xterm timeout -k 5 $((60 * SLOW)) script -qec \
	"'$TILLBRIDGE' hooks register agora -c '$CONFIG'" /dev/null) || code=$?
expect_text "the question" "$said" "Do this\? \[y/N\]"
expect_text "the answer" "$said" "Nothing was done"
expect "exit status of a no" "$code" 1
expect "subscriptions after a no" "$(subscriptions)" "$was"

tb hooks register agora --yes
expect "exit status ($said)" "$code" 0
keep_quiet
expect "subscriptions" "$(subscriptions)" $((was + 1))
expect "who may read the key" "$(stat -c %a "$DIR/secrets/agora")" 600
expect "files beside it" "$(find "$DIR/secrets" -type f | wc -l)" 1

tb hooks register agora --yes
expect "exit status of the second time ($said)" "$code" 0
expect_text "what it says" "$said" "nothing to do"
expect "subscriptions after it" "$(subscriptions)" $((was + 1))
tb hooks register agora --json
expect "nothing to do needs no agreement ($said)" "$code" 0
expect "as JSON" "$(echo "$said" | jq -r '"\(.account) \(.done) \(.steps | length) \(.error)"')" \
	"agora true 0 null"

# Another key there is not replaced.
cp "$DIR/secrets/agora" "$DIR/key"
printf 'somebody-elses-key' >"$DIR/secrets/agora"
tb hooks register agora --yes
expect "exit status with another key ($said)" "$code" 1
expect_text "what it says" "$said" "holds another key.*--secret-file"
expect "the file" "$(cat "$DIR/secrets/agora")" somebody-elses-key
tb hooks register agora --yes --secret-file "$DIR/secrets/new"
expect "exit status with a file of its own ($said)" "$code" 0
cmp "$DIR/secrets/new" "$DIR/key" || fail "another key than before"
cp "$DIR/key" "$DIR/secrets/agora"

start_daemon
import_items
wait_quiet
SQUARE_SIGNATURE_KEY=$(cat "$DIR/key")
expect "a call signed with that key" \
	"$(square_hook "$(count_event e-1 21-0001)")" 202
