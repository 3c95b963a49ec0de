#!/bin/sh
# Removes what install.sh has installed. The configuration stays: /etc/ser2net.conf and the files in /etc/ser2net.
# Usage: uninstall.sh [--purge] [DESTDIR], by default of this machine, as root.
# --purge: removes the configuration and the traces too.
set -eu
purge=no
if [ "${1:-}" = --purge ]; then purge=yes && shift; fi
case $#${1:-} in
  [01]-* | [2-9]*) sed -n '2,/^set/{/^#/s/^# \?//p}' "$0" >&2 && exit 2 ;;
esac
root=${1:-}
root=${root%/}
# shellcheck source=scripts/requirements.sh
. "$(dirname "$0")/requirements.sh"

if [ -z "$root" ]; then
  [ "$(id -u)" -eq 0 ] || { echo "Run it as root: sudo scripts/uninstall.sh" >&2 && exit 1; }
  if package_is_installed ser2net-edge; then
    echo "This is the Debian package: apt-get remove ser2net-edge" >&2
    exit 1
  fi
  if [ -d /run/systemd/system ]; then
    echo "Stopping the units."
    systemctl stop 'ser2net@*.socket' 'ser2net-health@*.service' 'ser2net-fleet@*.service' 'ser2net@*.service' ser2net.service 2>/dev/null || true
    systemctl reset-failed 'ser2net*' 2>/dev/null || true
  fi
fi

echo "Removing the program, its units and board profiles."
for folder in /etc/systemd/system/*.wants /etc/systemd/system/*.requires; do
  for link in "$root$folder"/ser2net.service "$root$folder"/ser2net@* "$root$folder"/ser2net-health@* "$root$folder"/ser2net-fleet@*; do
    if [ -L "$link" ]; then rm "$link"; fi
  done
done
usr=$root/usr lib=$root/usr/lib share=$root/usr/share
rm -rf "$usr/bin/ser2net" "$lib/ser2net" "$share/ser2net" "$share/doc/ser2net" \
  "$lib"/systemd/system/ser2net.service "$lib"/systemd/system/ser2net@* "$lib"/systemd/system/ser2net-health@* "$lib"/systemd/system/ser2net-fleet@* \
  "$lib"/systemd/system/ser2net-rollback.service "$lib"/systemd/system/multi-user.target.wants/ser2net-rollback.service \
  "$lib/systemd/system-preset/80-ser2net.preset" "$lib/systemd/catalog/ser2net.catalog" \
  "$lib/sysusers.d/ser2net.conf" "$lib/tmpfiles.d/ser2net.conf" "$lib/udev/rules.d/60-ser2net.rules" \
  "$share"/dbus-1/system.d/org.ser2net.* "$share"/dbus-1/interfaces/org.ser2net.* "$share"/man/man*/ser2net*.[158]* \
  "$share/bash-completion/completions/ser2net" "$share/zsh/vendor-completions/_ser2net" "$share/zsh/site-functions/_ser2net"
if [ $purge = yes ]; then
  echo "Removing the configuration and the traces."
  rm -rf "$root/etc/ser2net.conf" "$root/etc/ser2net" "$root/var/log/ser2net" "$root/var/lib/ser2net-fleet" "$root"/etc/systemd/system/ser2net@*.d \
    "$root/etc/systemd/system/ser2net.service.d"
fi
[ -z "$root" ] || exit 0

rm -rf /run/ser2net /var/cache/ser2net
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  journalctl --update-catalog
  if command -v udevadm >/dev/null; then udevadm control --reload; fi
  if systemctl --quiet is-active dbus.service; then systemctl reload dbus.service; fi
fi
echo "Removed. The user ser2net and the group ser2net-admin stay, since files may be theirs."
if [ $purge = no ]; then echo "/etc/ser2net.conf, /etc/ser2net and /var/log/ser2net stay: uninstall.sh --purge removes them too."; fi
