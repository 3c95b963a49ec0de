#!/bin/bash
# Installs the programs that the tests need, builds, checks and tests: on Debian 12 with Node 20. It needs nothing outside this
# repository but Debian's and npm's packages; a test whose program is missing is skipped and says so. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/.." || exit 1
tap_output=$(mktemp)
trap 'rm -f "$tap_output"' EXIT

# command=package: the compiler, real clients, and checkers.
TOOLS="cc=build-essential telnet=inetutils-telnet socat=socat nc=netcat-openbsd kermit=ckermit gensiot=gensio-bin
  tcpdmatch=tcpd dbus-daemon=dbus-daemon lsof=lsof script=bsdutils systemd-analyze=systemd python3=python3 python3-serial=python3-serial
  shellcheck=shellcheck kconfig-conf=kconfig-frontends-nox busybox=busybox musl-gcc=musl-tools ipmi_sim=openipmi"

main() {
  install_tools
  echo "== packages and build"
  scripts/prepare.sh || finish 0 1
  echo "== check"
  local unchecked=0
  npm run --silent check || unchecked=1
  echo "== tests"
  scripts/tap.sh | tee "$tap_output" | sed -u '$d'
  local passed=0 failed=1
  if [[ $(tail -n 1 "$tap_output") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=${BASH_REMATCH[1]} failed=${BASH_REMATCH[2]}
  fi
  [ "$unchecked" -eq 0 ] || echo "npm run check failed: see above"
  finish "$passed" $((failed + unchecked))
}

install_tools() {
  local tool wanted=()
  for tool in $TOOLS; do has "${tool%=*}" || wanted+=("${tool#*=}"); done
  [ ${#wanted[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "== installing ${wanted[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends "${wanted[@]}" >/dev/null
  fi
  for tool in $TOOLS; do has "${tool%=*}" || echo "not installed, its tests are skipped: ${tool#*=}"; done
}

has() {
  case $1 in
    python3-serial) /usr/bin/python3 -c "import serial" 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

finish() {
  echo "$1 passed, $2 failed"
  [ "$2" -eq 0 ] && [ "$1" -gt 0 ]
  exit
}

main
