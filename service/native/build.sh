#!/bin/sh
# Compiles the addon. Usage: build.sh OUTPUT, with CC, CFLAGS and LDFLAGS as the builder of an image sets them.
# Node's own headers are not needed: the interface it uses, version 8 of Node-API, is in every Node from 20 on.
set -eu
output=$(realpath "$1")
cd "$(dirname "$0")"
# shellcheck disable=SC2086 # they are words
${CC:-cc} -shared -fPIC -std=c11 -D_GNU_SOURCE -fvisibility=hidden ${CFLAGS:-} -DNAPI_VERSION=8 \
  -isystem ../../node_modules/node-api-headers/include \
  addon.c tty.c socket.c unix.c inotify.c poll.c ${LDFLAGS:-} -o "$output"
