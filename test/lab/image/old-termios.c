/*
 * For programs of the C library in QEMU's user-mode emulation, which lacks the calls of struct termios2 (QEMU 7.2): makes them
 * the older ones, whose struct is its begin. To be loaded with LD_PRELOAD. The speed is that of c_cflag.
 */
#include <asm/ioctls.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TERMIOS2_BYTES 44 /* with c_ispeed and c_ospeed after it */
#define SIZED(direction, bytes, number) ((direction) << 30 | (unsigned long)(bytes) << 16 | 0x5400 | (number))
#define GET SIZED(2UL, TERMIOS2_BYTES, 0x2a)
#define SET SIZED(1UL, TERMIOS2_BYTES, 0x2b) /* and, waiting and flushing, the next two */

int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void *argument = va_arg(rest, void *);
  va_end(rest);
  if (request == GET) {
    memset(argument, 0, TERMIOS2_BYTES);
    return syscall(SYS_ioctl, fd, TCGETS, argument);
  }
  if (request >= SET && request <= SET + 2) return syscall(SYS_ioctl, fd, TCSETS + (request - SET), argument);
  return syscall(SYS_ioctl, fd, request, argument);
}
