#!/bin/sh
# What cppcheck and shellcheck have to say, as far as they are here.

set -u
cd "$(dirname "$0")/.." || exit 1

bad=0
# Two of its checks cannot know C: a struct that a call returns is no holder of
# the pointers the call was given (struct outcome holds none), and an
# out-parameter is not read because it is handed on inside a struct.
if command -v cppcheck >/dev/null; then
	cppcheck --quiet --std=c11 --enable=warning,performance,portability \
		--inline-suppr --suppress=missingIncludeSystem \
		--suppress=returnDanglingLifetime --suppress=ctuuninitvar \
		--error-exitcode=1 -D_POSIX_C_SOURCE=200809L -I. \
		gateway handlers adapters tests || bad=1
else
	echo "lint: cppcheck is not here"
fi
if command -v shellcheck >/dev/null; then
	find tests certs packaging -name '*.sh' -exec shellcheck -S warning {} + || bad=1
	shellcheck -S warning .ci/run || bad=1
else
	echo "lint: shellcheck is not here"
fi
exit "$bad"
