#!/bin/bash
# Makes the tree of a container: Debian with systemd and D-Bus for this host's architecture, Node, and the built daemon.
# Usage: container.sh TREE
set -euo pipefail
cd "$(dirname "$0")/../../.."
# shellcheck source=test/lab/image/parts.sh
. test/lab/image/parts.sh

tree=$1
arch=$(dpkg --print-architecture)
[ -n "${NODE_PACKAGES[$arch]:-}" ] || die "no Node is known for $arch"
debian_tar "$arch" systemd,systemd-sysv,dbus,iproute2,procps,libstdc++6
mkdir "$tree"
tar xf "$TAR" -C "$tree"
cp -a --no-preserve=ownership test/lab/image/container/. "$tree/"
mkdir "$tree/lab" "$tree/lab-pts"
echo lab >"$tree/etc/hostname"
: >"$tree/etc/machine-id"
node_program "$arch" "$tree/usr/bin/node"
scripts/install.sh "$tree"
node dist/board-units.mjs board-profiles/demo.json "$tree/usr/lib/systemd/system"
