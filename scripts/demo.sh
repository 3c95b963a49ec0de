#!/bin/bash
# Builds the daemon and runs it with two simulated serial lines, until Ctrl-C. Other ports: DEMO_PORT_BASE=3000.
set -eu
cd "$(dirname "$0")/.."
scripts/prepare.sh
node_modules/.bin/esbuild scripts/demo.ts --bundle --platform=node --format=cjs --log-level=error \
  --log-override:empty-import-meta=silent --outfile=dist/demo.cjs
exec node dist/demo.cjs
