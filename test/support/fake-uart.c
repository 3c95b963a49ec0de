/*
 * A loop-back plug for pseudo-terminals, to be preloaded (LD_PRELOAD): DTR is wired to DSR and DCD, RTS to CTS. Every
 * terminal of the process has the same lines. Each change of a line is reported on standard error.
 */
#define _GNU_SOURCE
#include <asm/ioctls.h>
#include <linux/serial.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DTR = 0x002, RTS = 0x004, CTS = 0x020, DCD = 0x040, DSR = 0x100 };

static int driven = DTR | RTS;
static struct serial_icounter_struct counters = {
    .rng = 1, .rx = 2, .tx = 3, .frame = 4, .overrun = 5, .parity = 6, .buf_overrun = 7};
static struct serial_rs485 rs485;

static int wired(int lines) { return (lines & DTR ? DTR | DSR | DCD : 0) | (lines & RTS ? RTS | CTS : 0); }

static void drive(int lines) {
  int changed = wired(driven) ^ wired(lines);
  driven = lines & (DTR | RTS);
  counters.cts += !!(changed & CTS);
  counters.dsr += !!(changed & DSR);
  counters.dcd += !!(changed & DCD);
  fprintf(stderr, "lines %03x\n", wired(driven));
}

/* As drivers do: what the hardware cannot is left out, long delays are cut. */
static void keep_rs485(struct serial_rs485 *asked) {
  asked->flags &= ~(__u32)SER_RS485_TERMINATE_BUS;
  if (asked->delay_rts_before_send > 100) asked->delay_rts_before_send = 100;
  if (asked->delay_rts_after_send > 100) asked->delay_rts_after_send = 100;
  rs485 = *asked;
}

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  if (!isatty(fd)) return (int)syscall(SYS_ioctl, fd, request, argument);
  switch (request) {
    case TIOCMGET:
      *(int *)argument = wired(driven);
      return 0;
    case TIOCMSET:
      drive(*(int *)argument);
      return 0;
    case TIOCSBRK:
      counters.brk++;
      fputs("break on\n", stderr);
      return 0;
    case TIOCCBRK:
      fputs("break off\n", stderr);
      return 0;
    case TIOCGICOUNT:
      memcpy(argument, &counters, sizeof counters);
      return 0;
    case TIOCGRS485:
      memcpy(argument, &rs485, sizeof rs485);
      return 0;
    case TIOCSRS485:
      keep_rs485(argument);
      return 0;
    default:
      return (int)syscall(SYS_ioctl, fd, request, argument);
  }
}
