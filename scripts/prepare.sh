#!/bin/bash
# Installs the npm packages when the lock file asks for others than there are, then builds.
set -eu
cd "$(dirname "$0")/.."
[ -z "${SER2NET_PREPARED:-}" ] || exit 0 # the tests have it all, and must not replace it while they run
# shellcheck source=scripts/requirements.sh
. scripts/requirements.sh

needs_node
needs_compiler
needs_npm
# On standard error: release.sh and deb print the name of their file.
installed=node_modules/.installed-lock.json # what the last npm ci was made from
if ! cmp -s package-lock.json "$installed"; then
  echo "Fetching the npm packages that the build needs; this takes about a minute." >&2
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  cp package-lock.json "$installed"
fi
echo "Building into dist/." >&2
node build.mjs
