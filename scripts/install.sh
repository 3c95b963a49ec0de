#!/bin/sh
# Copies a built daemon with its units and board profiles into the tree of a system.
# Usage: install.sh [--no-systemd] DESTDIR [TARGET]
# Takes dist/ or dist/TARGET as build.mjs made them. DESTDIR "" is this machine: where systemd runs, the users are made and
# systemd, udev and the message bus read the new files. No unit is started or enabled.
# Then install-board.sh, for an image of one board.
set -eu
umask 022
systemd=yes
if [ "${1:-}" = --no-systemd ]; then systemd=no && shift; fi
if [ $# -lt 1 ] || [ $# -gt 2 ]; then echo "usage: install.sh [--no-systemd] DESTDIR [TARGET]" >&2 && exit 2; fi
root=${1%/} target=${2:-}
cd "$(dirname "$0")/.."
built=dist${target:+/$target}
[ -e "$built/ser2net.cjs" ] || { echo "$built is not built: node build.mjs${target:+ --target $target}" >&2 && exit 1; }

# put MODE FOLDER FILE...
put() {
  mode=$1 folder=$root$2 && shift 2
  mkdir -p "$folder"
  install -m "$mode" "$@" "$folder/"
}

# The addon is executable: that is how the builders of images know what to strip.
put 644 /usr/lib/ser2net "$built"/*.cjs
put 755 /usr/lib/ser2net "$built/ser2net.cjs" "$built/native.node" units/ser2net-leds
mkdir -p "$root/usr/bin"
ln -sf ../lib/ser2net/ser2net.cjs "$root/usr/bin/ser2net"
put 644 /usr/share/ser2net/boards board-profiles/*.json
put 644 /usr/share/doc/ser2net "$built/LICENSES.txt" docs/*.md
put 644 /usr/lib/udev/rules.d units/udev/60-ser2net.rules
put 644 /usr/share/dbus-1/system.d units/dbus/org.ser2net.Ser2net1.conf
put 644 /usr/share/dbus-1/interfaces service/dbus/org.ser2net.Ser2net1.xml

[ $systemd = yes ] || exit 0
put 755 /usr/lib/ser2net units/ser2net-health
put 644 /usr/lib/systemd/system units/ser2net.service units/ser2net@.service units/ser2net@.socket units/ser2net-health@.service
put 644 /usr/lib/systemd/system-preset units/presets/80-ser2net.preset
put 644 /usr/lib/sysusers.d units/sysusers.d/ser2net.conf
put 644 /usr/lib/tmpfiles.d units/tmpfiles.d/ser2net.conf
put 644 /usr/lib/systemd/catalog units/catalog/ser2net.catalog

# The bus drops the part of a policy that names a user it does not know, and reads a policy as soon as its file is there:
# after the users it has to read it once more.
[ -z "$root" ] && [ -d /run/systemd/system ] || exit 0
systemd-sysusers ser2net.conf
systemd-tmpfiles --create ser2net.conf
systemctl daemon-reload
journalctl --update-catalog
if command -v udevadm >/dev/null; then udevadm control --reload; fi
if systemctl --quiet is-active dbus.service; then systemctl reload dbus.service; fi
