#!/bin/sh
# What is installed with the program: bash completes commands, their words,
# options and files as the program's own help has them, and the manual pages
# name every command.
. "${0%/*}/lib.sh"

make -s -C "$ROOT" -o "$TILLBRIDGE" install \
	DESTDIR="$DIR/root" PREFIX=/usr "BIN=${TILLBRIDGE%/*}" >/dev/null
share=$DIR/root/usr/share

# completes EXPECTED WORD...: the last word is the one being typed.
completes()
{
	expected=$1
	shift
	found=$(cd "$DIR" && bash -c '
		. "$1/bash-completion/completions/tillbridge"
		shift
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_tillbridge
		echo "${COMPREPLY[*]}"' bash "$share" "$@")
	expect "what follows \"$*\"" "$found" "$expected"
}

: >"$DIR/prices.csv"
completes "items" tillbridge it
completes "import export list match" tillbridge items ""
completes "retry" tillbridge -c gateway.json dead re
completes "prices.csv" tillbridge items import pri
completes "prices.csv" tillbridge sync -c pri
completes "--skip-errors" tillbridge items import prices.csv --sk
completes "" tillbridge status --sk
for command in $("$TILLBRIDGE" help | sed -n 's/^  \([a-z][a-z-]*\).*/\1/p'); do
	completes "$command" tillbridge "$command"
	grep -q "^\.It Ic $command" "$share/man/man1/tillbridge.1" ||
		fail "tillbridge(1) does not name $command"
done
grep -q '^\.It Va schedule\.full$' "$share/man/man5/gateway.json.5" ||
	fail "gateway.json(5) lacks its options"
[ -s "$share/zsh/site-functions/_tillbridge" ] || fail "zsh has nothing"

# Accounts are those of the configuration that is named, and none without one.
write_config
PATH=$(dirname "$TILLBRIDGE"):$PATH
export PATH
completes "erp agora" tillbridge sync -c "$CONFIG" ""
completes "agora" tillbridge -c "$CONFIG" reconcile --fix erp a
completes "erp agora" tillbridge items --config "$CONFIG" match ""
completes "agora" tillbridge -c "$CONFIG" hooks register ag
completes "" tillbridge -c nothing.json sync ""
completes "" tillbridge -c "$CONFIG" items list ""
[ -z "$(command -v zsh)" ] || expect "what zsh reads" "$(zsh -fc '
	compadd() { shift; echo "$@"; }
	words=("$1" sync -c "$2" "") CURRENT=5 PREFIX=
	. "$3"' zsh "$TILLBRIDGE" "$CONFIG" \
	"$share/zsh/site-functions/_tillbridge")" "erp agora"
