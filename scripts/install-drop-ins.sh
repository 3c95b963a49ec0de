#!/bin/sh
# Makes the drop-ins of every shipped board, so that systemd can open the network ports of any of them.
# Usage: install-drop-ins.sh DESTDIR, a tree that install.sh filled; "" is this machine.
set -eu
umask 022
root=${1%/}
cd "$(dirname "$0")/.."
for profile in board-profiles/*.json; do
  if [ "${profile##*/}" != schema.json ]; then node dist/board-units.mjs "$profile" "$root/usr/lib/systemd/system"; fi
done
