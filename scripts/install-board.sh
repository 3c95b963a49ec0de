#!/bin/sh
# Adds the board of an image to a tree that install.sh filled: the drop-ins of its units, and a preset that enables them.
# Usage: install-board.sh DESTDIR BOARD [UNIT...]; without units ser2net@BOARD.service and ser2net-health@BOARD.service.
# The profile is board-profiles/BOARD.json. `auto`, the board that is found at boot, has none, and no drop-ins.
set -eu
umask 022
if [ $# -lt 2 ]; then echo "usage: install-board.sh DESTDIR BOARD [UNIT...]" >&2 && exit 2; fi
root=${1%/} board=$2 && shift 2
[ $# -gt 0 ] || set -- "ser2net@$board.service" "ser2net-health@$board.service"
cd "$(dirname "$0")/.."
system=$root/usr/lib/systemd/system preset=$root/usr/lib/systemd/system-preset/70-board.preset

die() {
  echo "install-board.sh: $1" >&2 && exit 1
}

if [ "$board" != auto ]; then
  [ -e "board-profiles/$board.json" ] || die "there is no board-profiles/$board.json"
  node dist/board-units.mjs "board-profiles/$board.json" "$system"
fi
for unit; do
  case $unit in
    "ser2net@$board.service" | "ser2net-health@$board.service") ;;
    "ser2net@$board.socket")
      [ -e "$system/$unit.d" ] || die "$unit would listen on nothing: $board has no network ports of its own" ;;
    *) die "$unit is no unit of $board" ;;
  esac
done
mkdir -p "${preset%/*}"
for unit; do echo "enable ${unit%%@*}@.${unit##*.} $board"; done >"$preset"
