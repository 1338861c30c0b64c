#!/bin/sh
# Builds the convergence test against an object tree: tests/converge/build.sh
# writes $BUILD/converge and says nothing.

set -eu
ROOT=$(cd "${0%/*}/../.." && pwd)
: "${BUILD:=$ROOT/build/plain}"
# A tree with a sanitizer is linked with it.
case ${BUILD##*/} in
*address*) san=-fsanitize=address,undefined ;;
*thread*) san=-fsanitize=thread ;;
*) san= ;;
esac
# shellcheck disable=SC2046,SC2086
exec "${CC:-cc}" -std=c17 -D_POSIX_C_SOURCE=200809L -O2 -g -Wall -Wextra \
	${CFLAGS:-} $san -I"$ROOT" -o "$BUILD/converge" "$ROOT"/tests/converge/*.c \
	"$BUILD/libtillbridge.a" $(pkg-config --libs libcurl json-c hiredis \
	openssl) -lpthread
