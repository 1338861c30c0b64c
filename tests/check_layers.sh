#!/bin/sh
# Who may include whom. Prints every breach; fails if there is one.
#
#   gateway/base < model < ports < drivers < engine < the rest of gateway/
#   handlers/, adapters/   base, model, ports; handlers/api the store besides
#   gateway/main.c         alone names handlers/ and adapters/
#   one library            one file family, so that an upgrade stays there
#
# tests/ may include what it likes.

set -eu
cd "$(dirname "$0")/.."

find gateway handlers adapters -name '*.[ch]' \
	-exec grep -oHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"][^>"]+' {} + |
	sed 's/:[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]/ /' |
	awk '
BEGIN {
	height["base"] = 0
	height["model"] = 1
	height["ports"] = 2
	height["drivers"] = 3
	height["engine"] = 4
	home["civetweb"] = "^gateway/drivers/http_server[^/]*$"
	home["curl"] = "^gateway/drivers/http_client[^/]*$"
	home["hiredis"] = "^gateway/drivers/store[^/]*$"
	home["json-c"] = "^gateway/base/json[.]"
	home["mariadb"] = "^adapters/sql_(db|judge)[.]"
	home["openssl"] = "^gateway/(base/crypto|drivers/tls)[.]"
}

function breach(why) {
	print $1 ": " why
	n++
}

# The highest layer that file may include. 5 is above all of them.
function reach(file, header, part) {
	split(file, part, "/")
	if (part[1] == "gateway")
		return part[2] in height ? height[part[2]] : 5
	if (part[1] == "handlers" && part[2] == "api" &&
	    header ~ /^gateway\/drivers\/store[^\/]*$/)
		return height["drivers"]
	return height["ports"]
}

function own_height(header, part) {
	split(header, part, "/")
	return part[2] in height ? height[part[2]] : 5
}

{
	from = $1
	sub(/\/.*/, "", from)
	to = $2
	sub(/[\/.].*/, "", to)
}

to in home && $1 !~ home[to] {
	breach("includes " $2 ", whose place is " home[to])
}
to == "tests" {
	breach("includes " $2 ", which is not part of the program")
}
(to == "handlers" || to == "adapters") && to != from && $1 != "gateway/main.c" {
	breach("includes " $2 "; only gateway/main.c may")
}
to == "gateway" && own_height($2) > reach($1, $2) {
	breach("includes " $2 ", which is above it")
}

END {
	if (n > 0)
		exit 1
	print "layers: " NR " includes, each of its own layer or a lower one"
}'
