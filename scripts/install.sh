#!/bin/sh
# Installs the daemon with its units and board profiles.
# Usage: install.sh                                      on this machine, as root; builds first where nothing is built
#        install.sh [--no-systemd] DESTDIR [TARGET]      into the tree of an image: only copies dist/, or dist/TARGET
# On this machine it also makes the users and the socket units of the shipped boards, and has systemd, udev and the message
# bus read the new files. No unit is started or enabled. Into a tree: then install-board.sh, for an image of one board.
# uninstall.sh removes what this script has installed.
set -eu
umask 022
systemd=yes
if [ "${1:-}" = --no-systemd ]; then systemd=no && shift; fi
case $#${1:-} in
  [012]-* | [3-9]*) sed -n '2,/^set/{/^#/s/^# \?//p}' "$0" >&2 && exit 2 ;;
esac
root=${1:-} target=${2:-}
root=${root%/}
cd "$(dirname "$0")/.."
built=dist${target:+/$target}
# shellcheck source=scripts/requirements.sh
. scripts/requirements.sh

# What would fail later, or install something that does not run, before anything is copied.
ready_for_this_machine() {
  [ "$(id -u)" -eq 0 ] || { echo "Run it as root: sudo scripts/install.sh" >&2 && exit 1; }
  needs_node env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin node # as systemd finds it
  for package in ser2net ser2net-edge; do
    if package_is_installed "$package"; then
      echo "The Debian package $package is installed, and has files in the same places: apt-get remove $package" >&2
      exit 1
    fi
  done
  # A release archive has the bundles; a checkout has nothing until it is built, and after an update something old.
  if [ ! -e dist/ser2net.cjs ]; then
    scripts/prepare.sh
  elif [ -e node_modules/esbuild ] && [ -n "$(find service man completion build.mjs -newer dist/ser2net.cjs -print -quit)" ]; then
    scripts/prepare.sh
  elif [ ! -e dist/native.node ]; then
    needs_compiler
    echo "Compiling the addon."
    sh service/native/build.sh dist/native.node
  fi
}

# put MODE FOLDER FILE...
put() {
  mode=$1 folder=$root$2 && shift 2
  mkdir -p "$folder"
  install -m "$mode" "$@" "$folder/"
}

# Not as a condition: a failure in it has to end this script.
if [ -z "$root" ]; then
  ready_for_this_machine
  echo "Installing the program, its units and board profiles below /usr."
fi
[ -e "$built/ser2net.cjs" ] || { echo "$built is not built: node build.mjs${target:+ --target $target}" >&2 && exit 1; }

# The addon is executable: that is how the builders of images know what to strip.
put 644 /usr/lib/ser2net "$built"/*.cjs
put 755 /usr/lib/ser2net "$built/ser2net.cjs" "$built/native.node" units/ser2net-leds
mkdir -p "$root/usr/bin"
ln -sf ../lib/ser2net/ser2net.cjs "$root/usr/bin/ser2net"
put 644 /usr/share/ser2net/boards board-profiles/*.json
put 644 /usr/share/doc/ser2net "$built/LICENSES.txt" docs/*.md
put 644 /usr/share/doc/ser2net/metrics docs/metrics/*
put 644 /usr/share/doc/ser2net/fleet docs/fleet/*
put 644 /usr/share/doc/ser2net/examples examples/*
for section in 1 5 8; do put 644 /usr/share/man/man$section dist/man/*.$section; done
put 644 /usr/share/bash-completion/completions dist/completion/ser2net.bash
mv "$root/usr/share/bash-completion/completions/ser2net.bash" "$root/usr/share/bash-completion/completions/ser2net"
put 644 /usr/share/zsh/vendor-completions dist/completion/_ser2net
put 644 /usr/lib/udev/rules.d units/udev/60-ser2net.rules
put 644 /usr/share/dbus-1/system.d units/dbus/org.ser2net.Ser2net1.conf
put 644 /usr/share/dbus-1/interfaces service/dbus/org.ser2net.Ser2net1.xml

if [ $systemd = yes ]; then
  put 755 /usr/lib/ser2net units/ser2net-health units/ser2net-rollback
  put 644 /usr/lib/systemd/system units/ser2net.service units/ser2net@.service units/ser2net@.socket \
    units/ser2net-health@.service units/ser2net-rollback.service units/ser2net-fleet@.service
  mkdir -p "$root/usr/lib/systemd/system/multi-user.target.wants"
  ln -sf ../ser2net-rollback.service "$root/usr/lib/systemd/system/multi-user.target.wants/"
  put 644 /usr/lib/systemd/system-preset units/presets/80-ser2net.preset
  put 644 /usr/lib/sysusers.d units/sysusers.d/ser2net.conf
  put 644 /usr/lib/tmpfiles.d units/tmpfiles.d/ser2net.conf
  put 644 /usr/lib/systemd/catalog units/catalog/ser2net.catalog
fi
[ -z "$root" ] || exit 0

# The bus drops the part of a policy that names a user it does not know, and reads a policy as soon as its file is there:
# after the users it has to read it once more.
if [ $systemd = yes ] && [ -d /run/systemd/system ]; then
  echo "Making the drop-ins of the shipped boards, the users and the folders; systemd, udev and the message bus read the new files."
  scripts/install-drop-ins.sh ""
  systemd-sysusers ser2net.conf
  systemd-tmpfiles --create ser2net.conf
  systemctl daemon-reload
  journalctl --update-catalog
  if command -v udevadm >/dev/null; then udevadm control --reload; fi
  if systemctl --quiet is-active dbus.service; then systemctl reload dbus.service; fi
  cat <<END

Installed. What to do next:
  systemctl enable --now ser2net@generic    serves every serial device of this machine over telnet, from port 2001 on
  systemctl enable --now ser2net            or: serves the ports of /etc/ser2net.conf
  ser2net ports                             the ports, when one of them runs
  ser2net board list                        boards with a profile of their own: ser2net@NAME
END
else
  cat <<END

Installed. What to do next:
  ser2net -c /etc/ser2net.conf              serves the ports of that file, as a user that may open the serial devices
  ser2net -n --board generic                or: serves every serial device of this machine over telnet, from port 2001 on
END
fi
