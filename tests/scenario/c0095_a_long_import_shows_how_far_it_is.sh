#!/bin/sh
# A long import shows a bar to who looks at a terminal, and in the end nothing of
# it is left there: only what was done. Where it is no terminal none is drawn.
. "${0%/*}/lib.sh"

# import_on_a_terminal OPTION...: Redis lets its first write wait, so that it
# takes longer than what needs no bar. Sets $drawn and $code.
import_on_a_terminal()
{
	redis_cli flushall >/dev/null
	redis_cli client pause 1500 write >/dev/null
	code=0
	TERM=xterm timeout -k 5 $((60 * SLOW)) script -qec "stty cols 80
		'$TILLBRIDGE' items import '$DIR/many.csv' -c '$CONFIG' $*" \
		"$DIR/typescript" </dev/null >"$DIR/script.out" 2>&1 || code=$?
	drawn=$(sed '1d; /^Script done/d' "$DIR/typescript")
	printf '%s\n' "$drawn" >>"$DIR/cli.log"
}

# What a person sees of it when all is done: a line that was wiped holds what
# was written behind that.
seen()
{
	printf '%s\n' "$drawn" | tr -d '\r' | sed "s/.*$escape\\[K//"
}

escape=$(printf '\033')
start_redis
write_config ".redis.url = \"$REDIS_URL\""
awk 'BEGIN { print "sku,agora"; for (i = 0; i < 5000; i++)
	printf "%05d,V%d\n", i, i }' >"$DIR/many.csv"

import_on_a_terminal
expect "the exit status ($drawn)" "$code" 0
expect_text "a bar" "$drawn" "\\[=*>? *\\] +[0-9]+%"
expect_text "what is left of it" "$(seen | head -n 1)" \
	"^5000 items imported: [0-9]+ bindings new or changed\$"
expect_no_text "what a person sees in the end" "$(seen)" "$escape|%|=="

import_on_a_terminal --quiet
expect "the exit status ($drawn)" "$code" 0
expect "with --quiet" "$(seen)" ""
expect_no_text "with --quiet" "$drawn" "$escape"

import_on_a_terminal "2>'$DIR/stderr'"
expect "the exit status ($drawn)" "$code" 0
expect_no_text "what is no terminal" "$drawn" "$escape"
expect "what is no terminal" "$(cat "$DIR/stderr")" ""
