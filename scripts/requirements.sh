# What the build and the program need, told before anything is done. To be sourced.
# shellcheck shell=sh

# needs_node [COMMAND...]: ends the script unless that Node, by default the one in PATH, is new enough.
needs_node() {
  [ $# -gt 0 ] || set -- node
  found=$("$@" --version 2>/dev/null) || found=
  case $found in
    v[2-9][0-9].* | v[1-9][0-9][0-9].*) return 0 ;;
  esac
  cat >&2 <<END
Node 20 or newer is needed${found:+; this is $found}.
  Debian 13:             apt-get install nodejs npm
  Debian 12, Ubuntu 24:  apt-get install npm && npm install -g node@22    (into /usr/local)
  other systems:         https://nodejs.org/en/download
END
  exit 1
}

needs_compiler() {
  compiler=${CC:-cc}
  if command -v "${compiler%% *}" >/dev/null; then return 0; fi
  echo "A C compiler is needed, and there is no ${compiler%% *}: apt-get install build-essential" >&2
  exit 1
}

needs_npm() {
  if command -v npm >/dev/null; then return 0; fi
  echo "npm is needed to build from a checkout: apt-get install npm" >&2
  exit 1
}

# package_is_installed PACKAGE: on Debian and its relatives; elsewhere no.
package_is_installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}
