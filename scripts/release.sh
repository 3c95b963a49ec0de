#!/bin/sh
# Makes ser2net-edge-VERSION.tar.gz, from which an image is built without npm or a network: the sources, the bundles, and
# what service/native/build.sh needs to compile the addon. The same sources give the same archive.
# Usage: release.sh [OUTDIR], by default dist, where the recipes for Yocto and Buildroot look for it.
set -eu
umask 022
out=$(realpath "${1:-$(dirname "$0")/../dist}")
cd "$(dirname "$0")/.."
scripts/prepare.sh
version=$(node -p 'require("./package.json").version')
name=ser2net-edge-$version
archive=$out/$name.tar.gz

tar --create --file=- --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
  --mtime=@"${SOURCE_DATE_EPOCH:-946684800}" --transform="flags=r;s,^,$name/," \
  --exclude=scripts/yocto --exclude=scripts/buildroot \
  LICENSE README.md CONTRIBUTING.md CHANGELOG.md package.json package-lock.json tsconfig.json build.mjs board-profiles completion docs examples man scripts service units \
  node_modules/node-api-headers/package.json node_modules/node-api-headers/LICENSE node_modules/node-api-headers/include \
  dist/*.cjs dist/man dist/completion dist/board-units.mjs dist/LICENSES.txt | gzip -9n >"$archive"

sum() {
  echo "sha256  $(sha256sum "$1" | cut -d ' ' -f 1)  $2"
}
{
  echo "# What Buildroot checks; written by scripts/release.sh."
  sum "$archive" "$name.tar.gz"
  sum LICENSE LICENSE
  sum dist/LICENSES.txt dist/LICENSES.txt
} >"$out/ser2net-edge.hash"
# Buildroot reads it beside the package; without it there is no archive either.
package=scripts/buildroot/package/ser2net-edge
if [ "$out" = "$(realpath dist)" ] && [ -e $package ]; then cp "$out/ser2net-edge.hash" $package/; fi
echo "$archive"
