#!/bin/sh
# Compiles the addon. Usage: build.sh OUTPUT [SOURCE...], with CC, CFLAGS and LDFLAGS as the builder of an image sets them.
# SOURCE: the C files of another addon that takes its arguments in the same way; by default those of the daemon.
# Node's own headers are not needed: the interface it uses, version 8 of Node-API, is in every Node from 20 on.
set -eu
here=$(dirname "$0")
output=$1
shift
[ $# -gt 0 ] || set -- "$here/addon.c" "$here/tty.c" "$here/socket.c" "$here/unix.c" "$here/handover.c" "$here/inotify.c" "$here/poll.c" "$here/pulse.c"
# shellcheck disable=SC2086 # they are words
${CC:-cc} -shared -fPIC -pthread -std=c11 -D_GNU_SOURCE -fvisibility=hidden ${CFLAGS:-} -DNAPI_VERSION=8 \
  -isystem "$here/../../node_modules/node-api-headers/include" \
  "$here/arguments.c" "$@" ${LDFLAGS:-} -o "$output"
