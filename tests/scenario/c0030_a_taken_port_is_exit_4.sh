#!/bin/sh
# A port that somebody else has: one clear message that names it, exit status
# 4, and no redis-server left behind.
. "${0%/*}/lib.sh"

start_sim
taken=${CONTROL#http://}
taken=${taken%/control}
for listener in public private; do
	write_config ".$listener.listen = [\"$taken\"]"
	tb run
	expect "run ($said)" "$code" 4
	expect_text "run" "$said" "$taken"
	wait_for "its redis-server ends with it" 5 has_no_private_redis
done
