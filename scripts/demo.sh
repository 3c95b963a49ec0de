#!/bin/bash
# Builds the daemon and runs it with two simulated serial lines, until Ctrl-C. Other ports: DEMO_PORT_BASE=3000.
set -eu
cd "$(dirname "$0")/.."
scripts/prepare.sh
node_modules/.bin/esbuild scripts/demo.ts --bundle --platform=node --format=esm --log-level=error \
  --log-override:empty-import-meta=silent --outfile=dist/demo/demo.mjs
exec node dist/demo/demo.mjs
