#!/bin/sh
# What the table of options says, for people and for editors.
#
#     tests/docs.sh [--check] TILLBRIDGE
#
#   gateway.schema.json   `tillbridge schema`
#   README.md             `tillbridge schema --markdown`, between the two lines
#                         "<!-- options -->" and "<!-- /options -->"
#
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

if [ -e README.md ] && grep -qx '<!-- options -->' README.md; then
	grep -qx '<!-- /options -->' README.md || {
		echo 'docs: README.md has no line <!-- /options -->' >&2
		exit 1
	}
	"$program" schema --markdown >"$work/options"
	awk -v table="$work/options" '
	$0 == "<!-- /options -->" { inside = 0 }
	!inside
	$0 == "<!-- options -->" {
		while ((getline line <table) > 0)
			print line
		inside = 1
	}' README.md >"$work/new"
	put README.md
fi

[ -z "$bad" ] || {
	echo "docs: out of date; make docs writes them" >&2
	exit 1
}
[ -z "$check" ] || echo "docs: as the table of options says"
