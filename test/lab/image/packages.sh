#!/bin/bash
# Makes the tree of a container without the daemon: Debian with systemd and D-Bus, and in /root what a user would get there by apt:
# our packages of two versions, and in an archive of its own the packages of Debian that they need or replace.
# Usage: packages.sh TREE SUITE
set -euo pipefail
cd "$(dirname "$0")/../../.."
# shellcheck source=test/lab/image/parts.sh
. test/lab/image/parts.sh

tree=$1 SUITE=$2
arch=$(dpkg --print-architecture)
[ -n "${NODE_PACKAGES[$arch]:-}" ] || die "no Node is known for $arch"
# mmdebstrap(1), HOOKS: $1 is the tree.
# shellcheck disable=SC2016
debian_tar "$arch" systemd,systemd-sysv,dbus,apt,iproute2,procps,libstdc++6 --customize-hook='
  rm -f "$1"/var/cache/apt/archives/*.deb &&
  APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get install --yes --download-only --no-install-recommends ser2net nodejs &&
  mkdir "$1/root/archive" && mv "$1"/var/cache/apt/archives/*.deb "$1/root/archive/"'
mkdir "$tree"
tar xf "$TAR" -C "$tree"
cp -a --no-preserve=ownership test/lab/image/container/. "$tree/"
mkdir "$tree/lab" "$tree/lab-pts"
echo lab >"$tree/etc/hostname"
printf "%s\n" "127.0.0.1 localhost" "::1 localhost" >"$tree/etc/hosts"
: >"$tree/etc/machine-id"
(cd "$tree/root/archive" && dpkg-scanpackages --multiversion . >Packages 2>/dev/null)
rm -f "$tree"/etc/apt/sources.list "$tree"/etc/apt/sources.list.d/*
echo "deb [trusted=yes] file:/root/archive ./" >"$tree/etc/apt/sources.list"

# The package as released, and the same as version 1.0.1. Debian 12 has Node 18: there the package has a Node of its own.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
own=()
if [ "$SUITE" = bookworm ]; then
  node_program "$arch" "$work/node"
  own=(--with-node "$work/node")
fi
DPKG_DEB_COMPRESSOR_TYPE=none SER2NET_PREPARED=1 scripts/deb "${own[@]}" --out "$tree/root" >/dev/null
version=$(node -p 'require("./package.json").version')
dpkg-deb --raw-extract "$tree/root/ser2net-edge_${version}_$arch.deb" "$work/next"
sed -i "s/^Version: .*/Version: $version.1/" "$work/next/DEBIAN/control"
sed -i "s/\"$version\"/\"$version.1\"/" "$work/next/usr/lib/ser2net/ser2net.cjs"
grep -qF "\"$version.1\"" "$work/next/usr/lib/ser2net/ser2net.cjs" || die "no version in the bundle"
dpkg-deb --build --root-owner-group -Znone "$work/next" "$tree/root" >/dev/null
mv "$tree/root/ser2net-edge_${version}_$arch.deb" "$tree/root/older.deb"
mv "$tree/root/ser2net-edge_$version.1_$arch.deb" "$tree/root/newer.deb"
