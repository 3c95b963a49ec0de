#!/bin/bash
# instructions.sh FOLDER: what the lane `instructions` needs: node, tree (Debian's ser2net with its libraries), instructions.so (a
# plugin of QEMU on this host) and old-termios.so (for the emulated program).
set -eu
. test/lab/image/parts.sh
folder=$1
mkdir -p "$folder/tree"
node_program arm64 "$folder/node"
debian_tar arm64 ser2net --variant=extract
tar xf "$TAR" -C "$folder/tree"
flags=(-O2 -Wall -Wextra -Werror -shared -fPIC)
cc "${flags[@]}" -fvisibility=hidden -o "$folder/instructions.so" test/lab/image/instructions.c
aarch64-linux-gnu-gcc "${flags[@]}" -o "$folder/old-termios.so" test/lab/image/old-termios.c
