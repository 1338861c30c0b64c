#!/bin/sh
# Is every C file laid out as .clang-format says? Without the tool: not asked.

set -u
cd "$(dirname "$0")/.." || exit 1

if ! command -v clang-format >/dev/null; then
	echo "format: not checked, clang-format is not here"
	exit 0
fi
find gateway handlers adapters tests -name '*.[ch]' \
	-exec clang-format --dry-run -Werror {} + || {
	echo "format: make format puts it right" >&2
	exit 1
}
echo "format: as .clang-format says"
