#!/bin/bash
# Installs the programs that the tests need, builds, checks and tests: on Debian 12 with Node 20. It needs nothing outside this
# repository but Debian's and npm's packages; a test whose program is missing is skipped and says so. Last line: N passed, N failed.
set -u
cd "$(dirname "$0")/.." || exit 1
tap_output=$(mktemp)
trap 'rm -f "$tap_output"' EXIT

# command=package: the compiler, real clients, and checkers.
TOOLS="cc=build-essential tmux=tmux rz=lrzsz ssh=openssh-client sshd=openssh-server telnet=inetutils-telnet socat=socat nc=netcat-openbsd kermit=ckermit gensiot=gensio-bin telnet-ssl=telnet-ssl stunnel=stunnel4 openssl=openssl
  tcpdmatch=tcpd dbus-daemon=dbus-daemon lsof=lsof script=bsdutils systemd-analyze=systemd python3=python3 python3-serial=python3-serial
  shellcheck=shellcheck man=man-db mandoc=mandoc zsh=zsh kconfig-conf=kconfig-frontends-nox busybox=busybox musl-gcc=musl-tools ipmi_sim=openipmi promtool=prometheus dh=debhelper lintian=lintian logrotate=logrotate
  mosquitto=mosquitto mosquitto_sub=mosquitto-clients avahi-daemon=avahi-daemon avahi-browse=avahi-utils console=conserver-client conserver=conserver-server
  dropbear=dropbear-bin gpsd=gpsd gpspipe=gpsd-clients"

# Rooms whose tests run their code in the process of the test: CI prints how much of it ran. It does not decide about success.
# The other tests start the built program; they run without, since V8's counters would change what they measure.
COVERED="access board config control device ipmi led line log net port telnet trace"
passed=0 failed=0

main() {
  install_tools
  echo "== packages and build"
  scripts/prepare.sh || finish 0 1
  echo "== check"
  local unchecked=0
  npm run --silent check || unchecked=1
  echo "== tests"
  if [ "${CI:-}" = true ]; then
    local rooms others
    mapfile -t rooms < <(for room in $COVERED; do find "test/$room" -name '*.test.ts' | sort; done)
    mapfile -t others < <(find test -name '*.test.ts' | sort | grep -vxF "$(printf '%s\n' "${rooms[@]}")")
    run_tap --no-disable-coverage --allow-incomplete-coverage --coverage-report=json-summary "${rooms[@]}"
    # shellcheck disable=SC2086
    node scripts/coverage.mjs .tap/report/coverage-summary.json $COVERED
    run_tap "${others[@]}"
  else
    run_tap
  fi
  [ "$unchecked" -eq 0 ] || echo "npm run check failed: see above"
  finish "$passed" $((failed + unchecked))
}

# Runs tap with these options and files, and adds its counts to those of the runs before.
run_tap() {
  scripts/tap.sh "$@" | tee "$tap_output" | sed -u '$d'
  if [[ $(tail -n 1 "$tap_output") =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
    passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
  else
    failed=$((failed + 1))
  fi
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
