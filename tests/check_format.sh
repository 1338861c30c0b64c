#!/bin/sh
# Is every C file laid out as .clang-format says? Names those that are not.
# Without the tool: not asked.

set -u
cd "$(dirname "$0")/.." || exit 1

if ! command -v clang-format >/dev/null; then
	echo "format: not checked, clang-format is not here"
	exit 0
fi
bad=0
for file in $(find gateway handlers adapters tests -name '*.[ch]' | sort); do
	clang-format --dry-run -Werror "$file" 2>/dev/null && continue
	echo "$file: not laid out as .clang-format says"
	bad=$((bad + 1))
done
if [ "$bad" -gt 0 ]; then
	echo "format: $bad files; make format puts them right" >&2
	exit 1
fi
echo "format: as .clang-format says"
