#!/bin/sh
# What the table of options says, for people and for editors.
#
#     tests/docs.sh [--check] TILLBRIDGE
#
#   gateway.schema.json   `tillbridge schema`
#   gateway/OPTIONS.md    `tillbridge schema --markdown`, between the two lines
#                         "<!-- options -->" and "<!-- /options -->"
#
# gateway/LOG.md must name every event of the log, and none that there is not.
# With --check nothing is written; the exit status says whether they are right.

set -eu

check=
[ "$1" != --check ] || { check=yes; shift; }
program=$1
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
bad=

# put FILE: the new text of FILE is in $work/new.
put()
{
	cmp -s "$work/new" "$1" && return
	if [ -n "$check" ]; then
		diff -u "$1" "$work/new" >&2 || bad=yes
	else
		cat "$work/new" >"$1"
		echo "docs: wrote $1"
	fi
}

"$program" schema >"$work/new"
put gateway.schema.json

"$program" schema --markdown >"$work/options"
awk -v table="$work/options" '
$0 == "<!-- /options -->" { inside = 0 }
!inside
$0 == "<!-- options -->" {
	while ((getline line <table) > 0)
		print line
	inside = 1
}' gateway/OPTIONS.md >"$work/new"
put gateway/OPTIONS.md

cat gateway/*.c gateway/*/*.c handlers/*/*.c adapters/*.c | tr '\n' ' ' |
	grep -oE 'log_(info|warn|error)\([[:space:]]*"[^"]*"' |
	sed 's/.*"\(.*\)"/\1/' | sort -u >"$work/events"
sed -n 's/^| \(`.*`\) | .* | .* |$/\1/p' gateway/LOG.md | tr -d '\140 ' |
	tr ',' '\n' | sort -u >"$work/told"
for event in $(comm -23 "$work/events" "$work/told"); do
	echo "docs: gateway/LOG.md lacks $event" >&2
	bad=yes
done
for event in $(comm -13 "$work/events" "$work/told"); do
	grep -qrF "\"$event\"" gateway handlers adapters && continue
	echo "docs: gateway/LOG.md names $event, which is no event" >&2
	bad=yes
done

[ -z "$bad" ] || {
	echo "docs: out of date; make docs writes them" >&2
	exit 1
}
[ -z "$check" ] || echo "docs: as the table of options says"
