#!/bin/bash
# Runs tap with the given options and files: one line a file, what was skipped and said, and failures whole.
# Last line: N passed, N failed
set -u
cd "$(dirname "$0")/.." || exit 1
output=$(mktemp)
trap 'rm -f "$output"' EXIT

show() {
  awk '
    /^(not )?ok / { print; fflush(); next } # each file is seen when it ends
    /# (SKIP|TODO)/ { sub(/^ +/, ""); print "  " $0; next }
    /^ +not ok / { print; details = 1; next }
    details && /^ +---/ { inside = 1 }
    inside { print }
    /^ +\.\.\./ { inside = 0 }
    !inside { details = 0 }
    !inside && /^ +# / && !/^ +# (Subtest:|time=)/ { print }
  '
}

# The number tap gives for a word in its last line: # { total: 7, pass: 2, fail: 5 }
counted() {
  local number
  number=$(sed -n "s/^# {.* $1: \([0-9]*\).*/\1/p" "$output" | tail -n 1)
  echo "${number:-0}"
}

node scripts/typescript/compile.mjs || exit 1
export NODE_OPTIONS=--import=file://$PWD/scripts/typescript/register.mjs
node_modules/.bin/tap --reporter=tap "$@" </dev/null | tee "$output" | show
status=${PIPESTATUS[0]} passed=$(counted pass) failed=$(counted fail)
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
