#!/bin/bash
# Makes the tree of a container: Debian with systemd and D-Bus for this host's architecture, Node, and the built daemon.
# /root has two versions of it as Debian packages.
# Usage: container.sh TREE [SUITE]
set -euo pipefail
cd "$(dirname "$0")/../../.."
# shellcheck source=test/lab/image/parts.sh
. test/lab/image/parts.sh

tree=$1 SUITE=${2:-$SUITE}
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

# package VERSION: what a distribution would make, as far as an update goes: it restarts what runs, and stops nothing before.
package() {
  local folder
  folder=$(mktemp -d)
  versioned "$folder" "$1"
  mkdir "$folder/DEBIAN"
  printf '%s\n' "Package: ser2net-edge" "Version: $1" "Architecture: $arch" "Maintainer: lab" "Description: lab" \
    >"$folder/DEBIAN/control"
  printf '%s\n' "#!/bin/sh" "set -e" "systemctl daemon-reload" "systemctl try-restart 'ser2net@*.service'" \
    >"$folder/DEBIAN/postinst"
  chmod 755 "$folder" "$folder/DEBIAN/postinst"
  dpkg-deb --build --root-owner-group -Znone "$folder" "$tree/root/ser2net-edge_$1.deb" >/dev/null
  rm -r "$folder"
}

package 1.0.1
package 1.0.2
