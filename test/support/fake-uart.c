/*
 * A loop-back plug for pseudo-terminals, to be preloaded (LD_PRELOAD): DTR is wired to DSR and DCD, RTS to CTS. Every
 * terminal of the process has the same lines. What is done to them is reported on standard error, one line each.
 * With $FAKE_UART, the name of a file, the test is the far end of the line: see uart.ts. With $FAKE_UART_TIMES changes of DTR
 * and RTS are reported with the time, in microseconds.
 */
#define _GNU_SOURCE
#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { DTR = 0x002, RTS = 0x004, CTS = 0x020, DCD = 0x040, DSR = 0x100 };

/* The file: what the far end does, and how often the driver was asked. uart.ts has the same order. */
struct far_end {
  int lines;                          /* that it drives, beside those of the plug */
  int frame, overrun, parity, breaks; /* what went wrong, beside what the counters begin with */
  int unsent;                         /* bytes it has not let the driver send */
  int asked;                          /* calls that read lines or counters */
};

static struct far_end nobody;
static volatile struct far_end *far_end = &nobody;
static int with_times;
static int driven = DTR | RTS;
static struct serial_icounter_struct counters = {
    .rng = 1, .rx = 2, .tx = 3, .frame = 4, .overrun = 5, .parity = 6, .buf_overrun = 7};
static struct serial_rs485 rs485;

__attribute__((constructor)) static void meet_far_end(void) {
  with_times = getenv("FAKE_UART_TIMES") != NULL;
  const char *name = getenv("FAKE_UART");
  int fd = name == NULL ? -1 : open(name, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *there = mmap(NULL, sizeof *far_end, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (there != MAP_FAILED) far_end = there;
}

static int wired(int lines) { return (lines & DTR ? DTR | DSR | DCD : 0) | (lines & RTS ? RTS | CTS : 0); }

static long long now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void drive(int lines) {
  int changed = wired(driven) ^ wired(lines);
  driven = lines & (DTR | RTS);
  counters.cts += !!(changed & CTS);
  counters.dsr += !!(changed & DSR);
  counters.dcd += !!(changed & DCD);
  if (with_times) fprintf(stderr, "lines %03x at %lld\n", wired(driven), now_us());
  else fprintf(stderr, "lines %03x\n", wired(driven));
}

/* As drivers do: what the hardware cannot is left out, long delays are cut. */
static void keep_rs485(struct serial_rs485 *asked) {
  fprintf(stderr, "rs485 %02x %u %u\n", asked->flags, asked->delay_rts_before_send, asked->delay_rts_after_send);
  asked->flags &= ~(__u32)SER_RS485_TERMINATE_BUS;
  if (asked->delay_rts_before_send > 100) asked->delay_rts_before_send = 100;
  if (asked->delay_rts_after_send > 100) asked->delay_rts_after_send = 100;
  rs485 = *asked;
}

static void count(struct serial_icounter_struct *to) {
  far_end->asked++;
  *to = counters;
  to->frame += far_end->frame;
  to->overrun += far_end->overrun;
  to->parity += far_end->parity;
  to->brk += far_end->breaks;
}

/* The kernel starts a break only when all is sent, however long that takes, and the caller waits in the call. */
static void start_break(void) {
  if (far_end->unsent > 0) fputs("break waits\n", stderr);
  while (far_end->unsent > 0) usleep(1000);
  counters.brk++;
  fputs("break on\n", stderr);
}

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  if (!isatty(fd)) return (int)syscall(SYS_ioctl, fd, request, argument);
  switch (request) {
    case TIOCMGET:
      far_end->asked++;
      *(int *)argument = wired(driven) | far_end->lines;
      return 0;
    case TIOCMSET:
      drive(*(int *)argument);
      return 0;
    case TIOCSBRK:
      start_break();
      return 0;
    case TIOCCBRK:
      fputs("break off\n", stderr);
      return 0;
    case TIOCGICOUNT:
      count(argument);
      return 0;
    case TIOCOUTQ:
      *(int *)argument = far_end->unsent;
      return 0;
    case TIOCGRS485:
      memcpy(argument, &rs485, sizeof rs485);
      return 0;
    case TIOCSRS485:
      keep_rs485(argument);
      return 0;
    case TCFLSH:
      fprintf(stderr, "flush %ld\n", (long)argument);
      break;
  }
  return (int)syscall(SYS_ioctl, fd, request, argument);
}

ssize_t write(int fd, const void *bytes, size_t length) {
  if (far_end != &nobody && isatty(fd)) fprintf(stderr, "write %.*s\n", (int)length, (const char *)bytes);
  return syscall(SYS_write, fd, bytes, length);
}
