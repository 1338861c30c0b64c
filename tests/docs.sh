#!/bin/sh
# What the table of options says, for people and for editors.
#
#     tests/docs.sh [--check] TILLBRIDGE
#
#   gateway.schema.json   `tillbridge schema`
#   gateway/OPTIONS.md    `tillbridge schema --markdown`, between the two lines
#                         "<!-- options -->" and "<!-- /options -->"
#   packaging/            manual pages and completion (packaging/generate.sh),
#                         read by mandoc and the shells where they are there
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
# fill FILE BEGIN END: what lies between these two lines is $work/part. (What
# -v gives to awk would lose its backslashes.)
fill()
{
	grep -qxF -e "$2" "$1" || { echo "$1 has no line $2" >&2; bad=yes; }
	from=$2 to=$3 awk -v part="$work/part" '
	BEGIN { from = ENVIRON["from"]; to = ENVIRON["to"] }
	$0 == to { inside = 0 }
	!inside
	$0 == from {
		while ((getline line <part) > 0)
			print line
		inside = 1
	}' "$1" >"$work/new"
	put "$1"
}

"$program" schema --markdown >"$work/part"
fill gateway/OPTIONS.md '<!-- options -->' '<!-- /options -->'

generate=packaging/generate.sh
"$generate" commands "$program" >"$work/part"
fill packaging/tillbridge.1 '.\" commands' '.\" /commands'
"$generate" options "$program" >"$work/part"
fill packaging/gateway.json.5 '.\" options' '.\" /options'
"$generate" bash "$program" >"$work/new"
put packaging/tillbridge.bash
"$generate" zsh "$program" >"$work/new"
put packaging/_tillbridge

# What reads them has the last word.
if command -v mandoc >/dev/null; then
	# That they refer to each other is no mistake where none is installed.
	! mandoc -T lint packaging/tillbridge.1 packaging/gateway.json.5 |
		grep -vE 'not found: Xr (tillbridge 1|gateway.json 5)' >&2 ||
		bad=yes
fi
bash -n packaging/tillbridge.bash || bad=yes
! command -v zsh >/dev/null || zsh -n packaging/_tillbridge || bad=yes

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
