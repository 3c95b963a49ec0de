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
extern const struct entry pulse_functions[];

/* Turns modem lines on and off, all in one call. Returns -1 with errno. */
int change_lines(int fd, int set, int clear);
int change_lines_now(int fd, int set, int clear);

#endif
