#!/bin/bash
# Makes a board for QEMU: kernel, first file system, disk and device tree. Needs root.
# Usage: board.sh arm64|armhf FOLDER [OVERLAY PACKAGES MODULES], with what lies over its tree and what that needs
set -euo pipefail
cd "$(dirname "$0")/../../.."
here=test/lab/image
# shellcheck source=test/lab/image/parts.sh
. $here/parts.sh

arch=$1 out=$2 overlay=${3:-}
case $arch in
  arm64) kernel=linux-image-arm64 binfmt=qemu-aarch64 ;;
  armhf) kernel=linux-image-armmp binfmt=qemu-arm ;;
  *) die "no board for $arch" ;;
esac
packages=systemd,systemd-sysv,dbus,udev,kmod,iproute2,procps,busybox-static,libstdc++6,libatomic1${4:+,$4}
disk_modules="virtio_mmio virtio_blk ext4"
modules="virtio_net virtio_console virtio-rng leds-gpio ledtrig-transient xhci-pci ftdi_sio cdc_acm usbserial
  dummy_hcd g_serial usb_f_acm ${5:-}"
# Masked: a board of the lab has no use for them, and they take time.
idle="apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer e2scrub_reap.service
  systemd-network-generator.service systemd-logind.service systemd-pstore.service systemd-update-utmp.service
  systemd-update-utmp-runlevel.service modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service
  modprobe@loop.service modprobe@dm_mod.service dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount
  sys-kernel-tracing.mount getty@tty1.service"

main() {
  # The kernel is only unpacked: no installation, no scripts of its own.
  local fetch="cd \"\$1/boot\" && export APT_CONFIG=\"\$MMDEBSTRAP_APT_CONFIG\" && apt-get -q download \
\$(apt-cache depends $kernel | sed -n 's/ *Depends: \\(linux-image-[^:]*\\).*/\\1/p' | head -n 1)"
  emulate
  debian_tar "$arch" "$packages" --customize-hook="$fetch"
  mkdir -p "$out"
  tree=$out/tree first=$out/first kernel_tree=$out/kernel
  mkdir "$tree" "$first" "$kernel_tree"
  tar xf "$TAR" -C "$tree"
  dpkg-deb -x "$tree"/boot/linux-image-*.deb "$kernel_tree"
  rm "$tree"/boot/*.deb
  version=$(ls "$kernel_tree/lib/modules")
  depmod -b "$kernel_tree" "$version"
  make_tree
  make_first
  cp "$kernel_tree/boot/vmlinuz-$version" "$out/vmlinuz"
  make_device_tree
  truncate -s $(($(du -sm "$tree" | cut -f 1) * 5 / 4 + 32))M "$out/disk"
  mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1,root_owner=0:0 -d "$tree" "$out/disk"
  echo "${BOARDS[$arch]}" >"$out/qemu"
  rm -rf --one-file-system "$tree" "$first" "$kernel_tree" "$out"/*.dts "$out"/*.dtb*
}

make_tree() {
  local unit
  mkdir -p "$tree/lib/modules/$version"
  # shellcheck disable=SC2086
  copy_modules "$tree" $disk_modules $modules >/dev/null
  cp "$kernel_tree/lib/modules/$version"/modules.{builtin,order,builtin.modinfo} "$tree/lib/modules/$version/"
  depmod -b "$tree" "$version"
  cp -a --no-preserve=ownership $here/board/. "$tree/"
  echo board >"$tree/etc/hostname"
  echo "127.0.0.1 localhost board" >"$tree/etc/hosts"
  : >"$tree/etc/fstab"
  : >"$tree/etc/machine-id"
  passwd --root "$tree" --delete root >/dev/null
  for unit in $idle; do ln -s /dev/null "$tree/etc/systemd/system/$unit"; done
  node_program "$arch" "$tree/usr/bin/node"
  node build.mjs --target "${TARGETS[$arch]}"
  scripts/install.sh "$tree" "${TARGETS[$arch]}"
  node dist/board-units.mjs $here/board/usr/share/ser2net/boards/lab.json "$tree/etc/systemd/system"
  [ -z "$overlay" ] || cp -a --no-preserve=ownership "$overlay/." "$tree/"
}

make_first() {
  mkdir -p "$first"/{bin,dev,proc,sys,mnt}
  cp "$tree/bin/busybox" "$first/bin/"
  install -m 755 $here/board-init "$first/init"
  # shellcheck disable=SC2086
  copy_modules "$first" $disk_modules >"$first/modules"
  (cd "$first" && find . | cpio -o -H newc --quiet | gzip -1) >"$out/initrd"
}

# copy_modules TREE MODULE...: with those they depend on; prints the files in the order to load them.
copy_modules() {
  local into=$1 one file
  shift
  for one; do
    modprobe -d "$kernel_tree" -S "$version" --show-depends "$one" | awk '$1 == "insmod" { print $2 }' ||
      die "the kernel has no module $one"
  done | awk '!seen[$0]++' | while read -r file; do
    file=${file#"$kernel_tree"}
    install -D -m 644 "$kernel_tree$file" "$into$file"
    echo "$file"
  done
}

# The machine's own, with LEDs.
make_device_tree() {
  local phandle
  ${BOARDS[$arch]/virt,/virt,dumpdtb=$out/machine.dtb,} -nodefaults -smp 2 -m 256 -display none >/dev/null 2>&1
  phandle=$(fdtget -t u "$out/machine.dtb" /pl061@9030000 phandle)
  sed "s/@PL061@/$phandle/" $here/leds.dts >"$out/leds.dts"
  dtc -q -@ -I dts -O dtb -o "$out/leds.dtbo" "$out/leds.dts"
  fdtoverlay -i "$out/machine.dtb" -o "$out/devices" "$out/leds.dtbo"
}

# Lets this kernel start programs of that architecture, until the end. Where systemd has booted it, it does so by itself.
# One board at a time: the end of the first would be the end for all.
emulate() {
  local folder=/proc/sys/fs/binfmt_misc
  mkdir -p "$CACHE"
  exec 9>"$CACHE/lock"
  flock 9
  undo=()
  # shellcheck disable=SC2154
  trap 'for step in "${undo[@]}"; do eval "$step"; done' EXIT
  if [ ! -e $folder/register ]; then
    mount -t binfmt_misc binfmt_misc $folder && undo=("umount $folder")
  fi
  if [ ! -e "$folder/$binfmt" ]; then
    printf %s "$(cat "/usr/lib/binfmt.d/$binfmt.conf")" >$folder/register
    undo=("echo -1 >$folder/$binfmt" "${undo[@]}")
  fi
}

main
