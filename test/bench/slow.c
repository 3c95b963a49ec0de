/* A slow disk, to be preloaded (LD_PRELOAD): each write to a file whose name begins with $SLOW_FILES takes 300 ms. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCRIPTORS = 4096, WRITE_US = 300000 };
static volatile bool slow[DESCRIPTORS];

static int open_file(const char *path, int flags, mode_t mode) {
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  const char *prefix = getenv("SLOW_FILES");
  if (fd >= 0 && fd < DESCRIPTORS) slow[fd] = prefix != NULL && strncmp(path, prefix, strlen(prefix)) == 0;
  return fd;
}

int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = flags & (O_CREAT) ? va_arg(list, mode_t) : 0;
  va_end(list);
  return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = flags & (O_CREAT) ? va_arg(list, mode_t) : 0;
  va_end(list);
  return open_file(path, flags | O_LARGEFILE, mode);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  if (fd >= 0 && fd < DESCRIPTORS && slow[fd]) usleep(WRITE_US);
  return syscall(SYS_write, fd, bytes, count);
}

int close(int fd) {
  if (fd >= 0 && fd < DESCRIPTORS) slow[fd] = false;
  return (int)syscall(SYS_close, fd);
}
