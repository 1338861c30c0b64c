#!/bin/sh
# Behind `explain` bash and zsh offer the SKUs that begin as what is typed, a
# hundred at most, whatever a SKU holds, and behind `dead show` the letters that
# wait; and none, at once, where no Redis is.
. "${0%/*}/lib.sh"

PATH=$(dirname "$TILLBRIDGE"):$PATH
export PATH

# completes EXPECTED LINE: bash's offers, in one line, behind that line. Words
# are cut as readline does it: at blanks, and at each : = and @.
completes()
{
	found=$(LC_ALL=C.UTF-8 bash -c '
		. "$1/packaging/tillbridge.bash"
		COMP_LINE=$2 COMP_POINT=${#2}
		COMP_WORDBREAKS=" @=:"
		mapfile -t COMP_WORDS < <(grep -oE "(\\\\.|[^ :=])+|[:=]" <<<"$2")
		[[ $2 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_tillbridge
		echo "${COMPREPLY[*]}"' bash "$ROOT" "$2")
	expect "what follows \"$2\"" "$found" "$1"
}

# offers BEGINNING: as the shells ask.
offers()
{
	"$TILLBRIDGE" complete -c "$CONFIG" skus -- "$1"
}

start_redis
write_config ".redis.url = \"$REDIS_URL\""
{
	echo sku,name
	# shellcheck disable=SC2016  # nobody shall expand it
	printf '"%s",\n' 31-0001:L 31-0001:M 31-0001:M=2 '41 big one' \
		'41 big two' 'a@b1' "it's" '$(touch x)' -5 Äpfel 3
	awk 'BEGIN { for (i = 0; i < 250; i++) printf "21-%04d,\n", i }'
} >"$DIR/many.csv"
import_items "$DIR/many.csv"

tb="tillbridge -c $CONFIG explain"
completes "21-0017" "$tb 21-0017"
completes "31-0001:L 31-0001:M 31-0001:M=2" "$tb 31"
completes "L M M=2" "$tb 31-0001:"
completes "2" "$tb 31-0001:M="
completes '41\ big\ one 41\ big\ two' "$tb 4"
completes '41\ big\ two' "$tb 41\\ big\\ t"
completes "@b1" "$tb a@"
completes "it\\'s" "$tb it"
completes '\$\(touch\ x\)' "$tb \\\$"
completes "" "$tb nothing"
completes "" "$tb 21-0001 21"
completes "Äpfel" "tillbridge --config=$CONFIG explain Ä"
completes "" "tillbridge -c $CONFIG items list 21"
[ ! -e x ] || fail "a SKU was obeyed"

# Of more than a hundred the last stands for those between, so that nothing is
# filled in that only the first ones have.
expect "of few" "$(offers 21-000 | wc -l)" 10
expect "of many" "$(offers 21- | sed -n '1p; 99p; $p' | tr '\n' ' ')" \
	"21-0000 21-0098 21-0249 "
expect "how many" "$(offers 21- | wc -l)" 100
expect "what is no option" "$(offers -)" "-5"
[ -z "$(command -v zsh)" ] || expect "what zsh reads" "$(zsh -fc '
	compadd() { shift; echo "$@"; }
	words=("$1" explain -c "$2" "41\\ big\\ t") CURRENT=5 PREFIX=$words[5]
	. "$3"' zsh "$TILLBRIDGE" "$CONFIG" "$ROOT/packaging/_tillbridge")" \
	"41 big two"

# hold N: the zeros of so many channels wait for a person.
hold()
{
	redis_cli eval "for i = 1, $1 do
		redis.call('zadd', 'tillbridge:holds', 1, 'till-'..i)
		redis.call('hset', 'tillbridge:held:till-'..i, '21-0001', 1)
	end" 0 >/dev/null
}

# Of dead letters all are offered, or none where there are too many to read.
hold 11
tb dead list --json
expect "letters" "$(echo "$said" | jq length)" 11
completes "hold/till-1 hold/till-10 hold/till-11" \
	"tillbridge -c $CONFIG dead show hold/till-1"
completes "hold/till-2" "tillbridge -c $CONFIG dead drop hold/till-1 hold/till-2"
completes "" "tillbridge -c $CONFIG dead list hold"
hold 501
completes "" "tillbridge -c $CONFIG dead show hold/till-1"

# One that does not answer keeps nobody waiting; none is started for it.
kill -STOP "$redis"
began=$(date +%s)
expect "of a Redis that hangs" "$(offers 21- 2>/dev/null)" ""
expect_at_most "seconds that it took" "$(($(date +%s) - began))" $((3 * SLOW))
kill -CONT "$redis"
rm -rf "$DIR/state"
write_config
expect "without a daemon" "$(offers 21- 2>&1)" ""
[ ! -e "$DIR/state" ] || fail "a state folder was made"
