#!/bin/sh
# Hooks and sales lie in state_dir: nobody else reads or writes them, whatever
# the umask and whoever made the folder.
. "${0%/*}/lib.sh"

mkdir -m 755 "$DIR/state"
umask 000
start_all
expect "files that others reach" \
	"$(find "$DIR/state" -mindepth 1 -perm /077)" ""
