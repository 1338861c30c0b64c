#!/bin/sh
# Does nginx accept nginx.conf.example? Without nginx: not asked.
#
# The example names files of an installed system; the copy that is checked
# names throw-away certificates in a folder of its own, which also takes what
# nginx writes. Nothing is started.

set -eu
cd "$(dirname "$0")/.."

nginx=$(PATH=$PATH:/usr/sbin:/sbin command -v nginx) || {
	echo "nginx: example not checked, nginx is not here"
	exit 0
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

certs/make-certs.sh "$dir" >/dev/null
mkdir "$dir/temp"
sed "s|/etc/tillbridge/|$dir/|; s|/var/log/nginx/|$dir/|" nginx.conf.example >"$dir/example.conf"
cat >"$dir/nginx.conf" <<END
pid $dir/nginx.pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path $dir/temp/body;
	proxy_temp_path $dir/temp/proxy;
	fastcgi_temp_path $dir/temp/fastcgi;
	uwsgi_temp_path $dir/temp/uwsgi;
	scgi_temp_path $dir/temp/scgi;
	include $dir/example.conf;
}
END
"$nginx" -q -t -p "$dir" -c "$dir/nginx.conf"
echo "nginx: accepts nginx.conf.example"
