#!/bin/sh
# Feed the parsers with rubbish.
#
#     tests/fuzz/run.sh [NAME...]         json, decimal, ...; default: all
#
# FOR    seconds in all, shared by the targets (60)
# BUILD  object tree (build/plain); everything goes under its fuzz/
# CC     compiler without libFuzzer to fall back on (cc)
#
# With clang and its libFuzzer each target runs for its share of the time, from
# tests/fuzz/corpus/NAME and what earlier runs found. Without, the seeds are
# replayed once. What breaks a target is left in fuzz/NAME-crash-*; a copy of
# it in the corpus keeps the bug from coming back.
#
# Exit: 0 nothing found, 1 something found or not built.

set -u
cd "$(dirname "$0")/../.." || exit 1

FOR=${FOR:-60}
dir=${BUILD:-build/plain}/fuzz
objects=$dir/objects
rm -rf "$objects"
mkdir -p "$objects" || exit 1

if [ $# -eq 0 ]; then
	for source in tests/fuzz/fuzz_*.c; do
		name=${source##*/fuzz_}
		set -- "$@" "${name%.c}"
	done
fi

checks=address,undefined
printf '%s\n' '#include <stddef.h>' '#include <stdint.h>' \
	'int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);' \
	'int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)' \
	'{ return p && n > 9999; }' >"$objects/probe.c"
if clang -fsanitize=fuzzer,$checks -o "$objects/probe" "$objects/probe.c" \
	2>/dev/null; then
	cc=clang
	has_fuzzer=yes
	instrument=-fsanitize=fuzzer-no-link,$checks
	link="-fsanitize=fuzzer,$checks"
else
	cc=${CC:-cc}
	has_fuzzer=no
	instrument=-fsanitize=$checks
	link="-fsanitize=$checks tests/fuzz/replay_main.c"
	echo "  no libFuzzer here (it comes with clang): replaying the seeds"
fi

# Parsers live in the layers without sockets; only what a target uses is linked.
compile()
{
	object=$objects/$(printf '%s' "${1%.c}" | tr / _).o
	# shellcheck disable=SC2046  # a list of flags
	$cc -std=c17 -D_POSIX_C_SOURCE=200809L -O1 -g -I. \
		-fno-omit-frame-pointer -fno-sanitize-recover=all \
		"$instrument" $(pkg-config --cflags-only-I json-c openssl) \
		-c -o "$object" "$1" && ar rc "$objects/all.a" "$object"
}

for source in $(find gateway/base gateway/model gateway/ports handlers \
	adapters -name '*.c' ! -path 'handlers/api/*' | sort); do
	compile "$source" || exit 1
done

build()
{
	# shellcheck disable=SC2046,SC2086  # lists of flags
	$cc -std=c17 -D_POSIX_C_SOURCE=200809L -O1 -g -I. \
		-fno-omit-frame-pointer -fno-sanitize-recover=all $link \
		-o "$dir/fuzz_$1" "tests/fuzz/fuzz_$1.c" "$objects/all.a" \
		$(pkg-config --libs json-c openssl) -lm -pthread
}

fuzz()
{
	if [ $has_fuzzer = no ]; then
		"$dir/fuzz_$1" "tests/fuzz/corpus/$1" >"$dir/$1.log" 2>&1
		return
	fi
	mkdir -p "$dir/corpus/$1"
	"$dir/fuzz_$1" -max_total_time="$share" -max_len=4096 -timeout=10 \
		-print_final_stats=1 -artifact_prefix="$dir/$1-" \
		"$dir/corpus/$1" "tests/fuzz/corpus/$1" >"$dir/$1.log" 2>&1
}

share=$((FOR / $#))
[ $share -gt 0 ] || share=1
status=0
for name; do
	if ! build "$name"; then
		status=1
	elif fuzz "$name"; then
		fed=$(sed -n -e 's/^stat::number_of_executed_units: *//p' \
			-e 's/^\([0-9]*\) inputs fed$/\1/p' "$dir/$name.log")
		printf '  %-12s %s inputs, nothing found\n' "$name" "$fed"
	else
		status=1
		printf '  %-12s FAILED\n' "$name"
		tail -n 40 "$dir/$name.log"
	fi
done
exit $status
