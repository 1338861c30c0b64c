#!/bin/sh
# Fetch civetweb's source from the distribution's own source package.
#
#     tests/fetch_civetweb.sh DIR
#
# Afterwards DIR/src/civetweb.c and DIR/include/civetweb.h are there. apt does
# the work and checks the archive's signature, from a deb-src list derived
# from what this machine's apt already trusts, into folders of its own:
# nothing of the system's apt is changed, and root is not needed
# (platform.md C4). Why the source and not the library: platform.md C1.

set -eu

dest=${1:?usage: fetch_civetweb.sh DIR}

die()
{
	echo "civetweb: $*" >&2
	exit 1
}

offline="or build offline: make CIVETWEB_SRC=dir, where dir holds
  src/civetweb.c and include/civetweb.h"

[ ! -e "$dest/src/civetweb.c" ] || exit 0
command -v apt-get >/dev/null ||
	die "no apt-get on this machine to fetch the source with;
  $offline"
command -v dpkg-source >/dev/null ||
	die "dpkg-source is missing (package dpkg-dev), it unpacks the source;
  $offline"

mkdir -p "$(dirname "$dest")"
work=$(mktemp -d "$(cd "$(dirname "$dest")" && pwd)/civetweb.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/lists/partial" "$work/parts"

# shellcheck disable=SC2016  # apt expands these names, not the shell
apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' \
	'Created-By: Packages' 'Origin: Debian' | sort -u >"$work/src.list"
[ -s "$work/src.list" ] ||
	die "apt knows no Debian archive yet. Update the package lists once:
  sudo apt-get update
  $offline"

# Root's downloads usually run as another user, who may not be able to enter
# this folder; what arrives is checked by signature and digest either way.
own_apt()
{
	apt-get -q \
		-o Dir::Etc::SourceList="$work/src.list" \
		-o Dir::Etc::SourceParts="$work/parts" \
		-o Dir::State::Lists="$work/lists" \
		-o Dir::Cache::PkgCache= -o Dir::Cache::SrcPkgCache= \
		-o APT::Sandbox::User="$(id -un)" \
		-o Acquire::AllowInsecureRepositories=false \
		-o APT::Get::AllowUnauthenticated=false "$@"
}

quietly()
{
	"$@" >"$work/log" 2>&1 && return
	cat "$work/log" >&2
	die "the source package could not be fetched, see above;
  $offline"
}

echo "civetweb: fetching the distribution's source package"
quietly own_apt update
cd "$work"
quietly own_apt source --download-only civetweb
quietly dpkg-source -x ./*.dsc "$work/source"
version=$(sed -n 's/^Version: *//p' ./*.dsc | head -n 1)
for file in src/civetweb.c include/civetweb.h; do
	[ -e "$work/source/$file" ] ||
		die "version $version of the package has no $file"
done
cd - >/dev/null

# Another make may have been quicker; then its copy is as good as ours.
[ -e "$dest/src/civetweb.c" ] || mv -T "$work/source" "$dest"
echo "civetweb: version $version, signature checked by apt"
case $version in
1.15*) ;;
*) echo "civetweb: this build is known to be right with 1.15;" \
	"read its notes before relying on $version" ;;
esac
