#!/bin/sh
# On a terminal each account has one line, which is drawn anew in place.
. "${0%/*}/lib.sh"

start_all

fault galaxy /sync/items late:1500
code=0
drawn=$(TERM=xterm timeout -k 5 $((60 * SLOW)) script -qec \
	"stty cols 60; exec '$TILLBRIDGE' sync --full -c '$CONFIG'" /dev/null \
	</dev/null) || code=$?
printf '%s\n' "$drawn" >>"$DIR/cli.log"
expect "the exit status ($drawn)" "$code" 0
expect_text "a line drawn over another" "$drawn" "$(printf '\033')\[2A"
expect_text "the end of one" "$drawn" "erp .*full sync done"
expect_text "the end of the other" "$drawn" "agora .*full sync done"
longest=$(printf '%s' "$drawn" | tr -d '\r' |
	sed "s/$(printf '\033')\[[0-9]*[A-Z]//g" |
	awk '{ if (length($0) > n) n = length($0) } END { print n }')
expect_at_most "columns used of 60" "$longest" 60
