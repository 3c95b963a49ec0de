#!/bin/bash
# Installs what the tests need, builds, checks and tests: on Debian 12 with Node 20. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/.." || exit 1
tap_output=$(mktemp)
trap 'rm -f "$tap_output"' EXIT

# command=package: the compiler, and real clients. A test whose client is missing is skipped and says so.
TOOLS="cc=build-essential telnet=inetutils-telnet socat=socat nc=netcat-openbsd kermit=ckermit gensiot=gensio-bin
  tcpdmatch=tcpd dbus-daemon=dbus-daemon lsof=lsof script=bsdutils systemd-analyze=systemd python3=python3 python3-serial=python3-serial"

main() {
  install_tools
  echo "== packages and build"
  scripts/prepare.sh || finish 0 1
  echo "== check"
  local unchecked=0
  npm run --silent check || unchecked=1
  echo "== tests"
  node_modules/.bin/tap --reporter=tap </dev/null | tee "$tap_output" | show
  local status=${PIPESTATUS[0]} failed
  failed=$(counted fail)
  if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
  [ "$unchecked" -eq 0 ] || echo "npm run check failed: see above"
  finish "$(counted pass)" $((failed + unchecked))
}

install_tools() {
  local tool wanted=()
  for tool in $TOOLS; do has "${tool%=*}" || wanted+=("${tool#*=}"); done
  [ ${#wanted[@]} -gt 0 ] || return 0
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "== installing ${wanted[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -qq -y --no-install-recommends "${wanted[@]}" >/dev/null
  fi
  for tool in $TOOLS; do has "${tool%=*}" || echo "not installed, its tests are skipped: ${tool#*=}"; done
}

has() {
  case $1 in
    python3-serial) /usr/bin/python3 -c "import serial" 2>/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# Of all the TAP: one line a file, what was skipped, and failures whole.
show() {
  awk '
    /^(not )?ok / { print; next }
    /# (SKIP|TODO)/ { sub(/^ +/, ""); print "  " $0; next }
    /^ +not ok / { print; details = 1; next }
    details && /^ +---/ { inside = 1 }
    inside { print }
    /^ +\.\.\./ { inside = 0 }
    !inside { details = 0 }
  '
}

# The number tap gives for a word in its last line: # { total: 7, pass: 2, fail: 5 }
counted() {
  local number
  number=$(sed -n "s/^# {.* $1: \([0-9]*\).*/\1/p" "$tap_output" | tail -n 1)
  echo "${number:-0}"
}

finish() {
  echo "$1 passed, $2 failed"
  [ "$2" -eq 0 ] && [ "$1" -gt 0 ]
  exit
}

main
