/* The functions of each file of the addon. */
#ifndef ADDON_H
#define ADDON_H

#include "arguments.h"

extern const struct entry tty_functions[];
extern const struct entry socket_functions[];
extern const struct entry unix_functions[];
extern const struct entry handover_functions[];
extern const struct entry inotify_functions[];
extern const struct entry poll_functions[];

#endif
