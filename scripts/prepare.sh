#!/bin/bash
# Installs the npm packages when the lock file asks for others than there are, then builds.
set -eu
cd "$(dirname "$0")/.."
[ -z "${SER2NET_PREPARED:-}" ] || exit 0 # the tests have it all, and must not replace it while they run

if ! node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null; then
  echo "Node 20 or newer is needed" >&2
  exit 1
fi
installed=node_modules/.installed-lock.json # what the last npm ci was made from
if ! cmp -s package-lock.json "$installed"; then
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  cp package-lock.json "$installed"
fi
node build.mjs
