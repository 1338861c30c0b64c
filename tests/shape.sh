#!/bin/sh
# How long our functions and files are, against what we aim at. Never fails:
# it is there to be looked at.
#
# A function is what opens with a lone brace in the first column.

set -eu
cd "$(dirname "$0")/.."

lengths=$(mktemp)
trap 'rm -f "$lengths"' EXIT
trap 'exit 1' HUP INT TERM

find gateway handlers adapters tests -name '*.c' -exec awk '
FNR == 1 { name = "" }
/^[a-z_][a-z0-9_]*\(/ { name = $0; sub(/\(.*/, "", name); from = FNR }
/^[{]$/ { inside = name != "" }
/^[}]$/ && inside { print FNR - from + 1, FILENAME ":" from, name; inside = 0; name = "" }
' {} + | sort -n >"$lengths"

awk '
{ n[NR] = $1; line[NR] = $0 }
END {
	if (NR == 0) {
		print "no functions yet"
		exit
	}
	median = n[int((NR + 1) / 2)]
	tenth = n[int((NR * 9 + 9) / 10)]
	printf "%d functions: median %d lines (aim 15), ", NR, median
	printf "nine in ten under %d (aim 40), longest %d (aim 60)\n", tenth + 1, n[NR]
	for (i = NR; i > 0 && i > NR - 10 && n[i] > 40; i--)
		print "  " line[i]
}' "$lengths"

echo "longest files (aim 300):"
find gateway handlers adapters tests -name '*.[ch]' -exec wc -l {} + |
	awk '$2 != "total"' | sort -rn | head -n 8
