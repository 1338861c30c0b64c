#!/bin/sh
# Every shell script is at least read to its end by the shell it names.

set -u
cd "$(dirname "$0")/.." || exit 1

n=0
bad=0
for script in $(find tests certs packaging -name '*.sh') .ci/run; do
	read -r first <"$script"
	case $first in
	*bash*) shell='bash' ;;
	*) shell='sh' ;;
	esac
	n=$((n + 1))
	"$shell" -n "$script" || bad=$((bad + 1))
done
[ "$bad" -eq 0 ] || exit 1
echo "scripts: $n, all readable"
