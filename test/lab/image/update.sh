#!/bin/bash
# Makes a board with two systems, RAUC, and what the examples of the docs say; two updates for it, of which the second
# has a daemon that cannot start; and three of the daemon alone: one that works, one that does not start, and one that
# crashes after some seconds. Needs root.
# Usage: update.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/../../.."
here=test/lab/image
# shellcheck source=test/lab/image/parts.sh
. $here/parts.sh
out=$1
overlay=$out/overlay data=$out/data-tree key=$out/key.pem certificate=$out/overlay/etc/rauc/keyring.pem

main() {
  mkdir -p "$out" "$data/ser2net" "$data/app"
  cp -a $here/update "$overlay"
  documented ota.md /usr/lib/update/may-reboot 755
  documented ota.md /etc/systemd/system/update-reboot.service 644
  documented ota.md /usr/lib/rauc/pre-install 755
  documented ota.md /usr/lib/rauc/post-install 755
  documented ota.md /etc/fstab 644
  documented ota.md /etc/systemd/system/rauc-mark-good.service 644
  documented ota.md /etc/systemd/system/ser2net@.service.d/70-app.conf 644
  documented ota.md /usr/lib/update/run-app 755
  documented ota.md /usr/lib/update/install-app 755
  documented ota.md /etc/systemd/system/undo-app.service 644
  documented units.md /usr/lib/systemd/system/ser2net@.service.d/60-ota.conf 644
  enabled multi-user.target.wants /usr/lib/systemd/system/ser2net@.service ser2net@lab.service
  enabled multi-user.target.wants /etc/systemd/system/rauc-mark-good.service rauc-mark-good.service
  enabled multi-user.target.wants /etc/systemd/system/undo-app.service undo-app.service
  enabled boot-complete.target.requires /usr/lib/systemd/system/ser2net-health@.service ser2net-health@lab.service
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=lab -keyout "$key" -out "$certificate" 2>/dev/null
  echo 1 >"$overlay/etc/lab-version"
  $here/board.sh arm64 "$out" "$overlay" rauc,rauc-service "loop dm-verity squashfs"
  bundle 2
  echo "}" | change /usr/lib/ser2net/ser2net.cjs
  bundle 3
  rm "$out/system"
  app_bundle 1.1.0 ""
  app_bundle 1.2.0 "1a if (!process.argv.includes('-v')) process.exit(1);"
  app_bundle 1.3.0 "\$a setTimeout(() => process.abort(), 8000);"
  truncate -s "$(stat -c %s "$out/disk")" "$out/slot-b"
  echo "AB 2 0" >"$out/boot" && truncate -s 64K "$out/boot"
  truncate -s 512M "$out/data" && mke2fs -q -t ext4 -L data -E root_owner=0:0 -d "$data" "$out/data"
  rm -r "$overlay" "$data" "$key"
}

# documented PAGE FILE MODE: puts the example that begins with the name of this file where it belongs.
documented() {
  mkdir -p "$overlay$(dirname "$2")"
  example "$1" "# $2" >"$overlay$2"
  chmod "$3" "$overlay$2"
}

# example PAGE LINE: the example that has this line as one of its first two.
example() {
  awk -v line="$2" '
    /^```/ { if (found) exit; inside = !inside; text = ""; count = 0; next }
    inside { text = text $0 "\n"; if (++count <= 2 && $0 == line) found = 1 }
    END { if (!found) exit 1; printf "%s", text }' "docs/$1"
}

# enabled FOLDER UNIT NAME
enabled() {
  mkdir -p "$overlay/etc/systemd/system/$1"
  ln -s "$2" "$overlay/etc/systemd/system/$1/$3"
}

# bundle VERSION: an update to the system as it is now.
bundle() {
  local folder=$out/bundle
  [ -e "$out/system" ] || cp --sparse=always "$out/disk" "$out/system"
  echo "$1" | change /etc/lab-version
  mkdir "$folder"
  ln "$out/system" "$folder/system.ext4"
  printf '%s\n' "[bundle]" format=verity "[image.rootfs]" filename=system.ext4 >"$folder/manifest"
  signed "$1" "$folder"
}

# app_bundle VERSION SED-SCRIPT: an update to a daemon that is changed so.
app_bundle() {
  local folder=$out/bundle tree=$out/app
  mkdir "$folder"
  versioned "$tree" "$1" linux-arm64
  sed -i "$2" "$tree/usr/lib/ser2net/ser2net.cjs"
  tar -c -f "$folder/app.tar" -C "$tree/usr/lib/ser2net" .
  rm -r "$tree"
  example ota.md "[bundle]" >"$folder/manifest"
  example ota.md "# hook" >"$folder/hook"
  chmod 755 "$folder/hook"
  signed "$1" "$folder"
}

# signed VERSION FOLDER: makes the bundle of the folder, which has all but the begin of its manifest.
signed() {
  { printf '%s\n' "[update]" compatible=lab "version=$1" && cat "$2/manifest"; } >"$2/manifest.raucm"
  rm "$2/manifest"
  rauc bundle --cert "$certificate" --key "$key" --mksquashfs-args="-comp zstd -Xcompression-level 3" \
    "$2" "$data/$1.raucb" >/dev/null 2>"$out/rauc.log" || { cat "$out/rauc.log" >&2 && exit 1; }
  rm -r "$2" "$out/rauc.log"
}

# change FILE: it says now what the standard input says.
change() {
  cat >"$out/changed"
  printf '%s\n' "rm $1" "write $out/changed $1" | debugfs -w -f - "$out/system" >/dev/null 2>&1
  [ "$(debugfs -R "cat $1" "$out/system" 2>/dev/null)" = "$(cat "$out/changed")" ]
  rm "$out/changed"
}

main
