#!/bin/sh
# Name what is missing on this machine, and why it is needed.
#
#     tests/setup.sh [--install] GROUP...
#
# Groups: fetch (civetweb's source), build, run, test. With --install, root
# gets it through apt-get; anyone else reads the line to type. Without, it
# is only named. Exit status 1: something is still missing.
#
# Environment: CC, the compiler to be used (default cc).

set -eu

CC=${CC:-cc}
install=
[ "${1:-}" != --install ] || { install=yes; shift; }

# need PACKAGE WHY COMMAND...   COMMAND succeeds where PACKAGE is there.
need()
{
	package=$1
	why=$2
	shift 2
	"$@" >/dev/null 2>&1 && return
	missing="$missing $package"
	reasons="$reasons$(printf '  %-22s %s' "$package" "$why")
"
}

has()
{
	command -v "$1"
}

compiles()
{
	echo '#include <stdio.h>' | $CC -E -
}

compiler_package()
{
	case ${CC##*/} in
	*clang*) echo clang ;;
	*) echo gcc ;;
	esac
}

# The archive's indexes: without them apt knows no source to fetch from.
knows_archive()
{
	apt-get indextargets 'Created-By: Packages' 'Origin: Debian' | grep -q .
}

look_fetch()
{
	need dpkg-dev "unpacks civetweb's source package" has dpkg-source
	knows_archive >/dev/null 2>&1 || stale_lists=yes
}

look_build()
{
	need "$(compiler_package)" "compiles it" has "${CC%% *}"
	need libc6-dev "the C library's headers" compiles
	need pkg-config "knows where the libraries are" has pkg-config
	need libcurl4-openssl-dev "calls the systems we connect" \
		pkg-config --exists libcurl
	need libjson-c-dev "reads and writes JSON" \
		pkg-config --exists json-c
	need libhiredis-dev "speaks to Redis" \
		pkg-config --exists hiredis
	need libssl-dev "TLS, signatures, digests" \
		pkg-config --exists openssl
	need libmariadb-dev "reads and writes a web shop's own database" \
		pkg-config --exists libmariadb
}

look_run()
{
	need redis-server "keeps the queue, the ledger and the registry" \
		has redis-server
	need ca-certificates "recognises the vendors' servers" \
		test -s /etc/ssl/certs/ca-certificates.crt
	need tzdata "schedules in the shop's own time" \
		test -e /usr/share/zoneinfo/Europe/Athens
	need openssl "makes the throw-away certificates" has openssl
	need curl "plays the callers in demo and tests" has curl
	need jq "reads JSON in demo and tests" has jq
	need procps "finds processes in demo and tests" has ps
}

look_test()
{
	need libcmocka-dev "runs the unit tests" \
		pkg-config --exists cmocka
	need libfaketime "sets the clock in the convergence test" \
		ls /usr/lib/*/faketime/libfaketimeMT.so.1
	need mariadb-server-core "plays a web shop's database in tests" \
		test -x /usr/sbin/mariadbd
	need mariadb-client-core "asks that database in tests" has mariadb
}

look()
{
	missing=
	reasons=
	stale_lists=
	for group in "$@"; do
		"look_$group"
	done
}

# platform.md R30: earlier ones have memory and stream defects.
check_redis()
{
	has redis-server >/dev/null || return 0
	version=$(redis-server --version | sed 's/.* v=\([0-9.]*\).*/\1/')
	lowest=$(printf '%s\n' 7.0.10 "$version" | sort -V | head -n 1)
	[ "$lowest" = 7.0.10 ] && return
	echo "redis-server $version is too old: 7.0.10 or newer is needed" >&2
	exit 1
}

say()
{
	[ -z "$missing" ] || printf 'Missing here:\n%s' "$reasons" >&2
	[ -z "$stale_lists" ] ||
		echo "apt's package lists are empty: civetweb's source cannot be found" >&2
}

tell()
{
	{
		echo "Please type:"
		[ -z "$stale_lists$missing" ] || echo "  sudo apt-get update"
		[ -z "$missing" ] ||
			echo "  sudo apt-get install --no-install-recommends$missing"
	} >&2
	exit 1
}

# apt-get says a lot; only a failure is worth reading.
quietly()
{
	"$@" >"$log" 2>&1 && return
	cat "$log" >&2
	echo "$1 failed, see above" >&2
	exit 1
}

fetch()
{
	echo "Installing with apt-get:${missing:- (package lists only)}"
	export DEBIAN_FRONTEND=noninteractive
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	quietly apt-get -q update
	[ -n "$missing" ] || return 0
	# shellcheck disable=SC2086  # one word each
	quietly apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends \
		install $missing
	case $missing in
	*redis-server*)
		echo "Where Debian has started redis-server as a service now:" \
			"Tillbridge starts one of its own and does not use that."
		;;
	esac
}

look "$@"
if [ -n "$missing$stale_lists" ]; then
	say
	if [ -z "$install" ] || [ "$(id -u)" -ne 0 ]; then
		tell
	fi
	fetch
	look "$@"
	[ -z "$missing$stale_lists" ] || { say; exit 1; }
fi
case " $* " in
*" run "*) check_redis ;;
esac
