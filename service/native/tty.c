/* Serial lines. The raw ioctls, not glibc's termios: it knows neither custom rates nor all drivers. */
#include "addon.h"

#include <asm/termbits.h> /* instead of <termios.h>, which has another struct termios */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/serial.h>
#include <string.h>
#include <sys/ioctl.h>

#ifndef TCGETS2 /* not in <sys/ioctl.h> of musl; as in the kernel's asm-generic/ioctls.h, which x86 and ARM have */
#define TCGETS2 _IOR('T', 0x2A, struct termios2)
#define TCSETS2 _IOW('T', 0x2B, struct termios2)
#endif

/* The Uint32Array that carries a termios: four flag words, two speeds in bit/s, then the control characters. */
enum { IFLAG, OFLAG, CFLAG, LFLAG, INPUT_SPEED, OUTPUT_SPEED, CC, TERMIOS_WORDS = CC + NCCS };

static const struct {
  uint32_t speed;
  tcflag_t code;
} standard_rates[] = {
    {0, B0},
    {50, B50},
    {75, B75},
    {110, B110},
    {134, B134},
    {150, B150},
    {200, B200},
    {300, B300},
    {600, B600},
    {1200, B1200},
    {1800, B1800},
    {2400, B2400},
    {4800, B4800},
    {9600, B9600},
    {19200, B19200},
    {38400, B38400},
    {57600, B57600},
    {115200, B115200},
    {230400, B230400},
    {460800, B460800},
    {500000, B500000},
    {576000, B576000},
    {921600, B921600},
    {1000000, B1000000},
    {1152000, B1152000},
    {1500000, B1500000},
    {2000000, B2000000},
    {2500000, B2500000},
    {3000000, B3000000},
    {3500000, B3500000},
    {4000000, B4000000},
};
#define RATES (sizeof standard_rates / sizeof standard_rates[0])

/* Standard rates keep their Bxxx code, so that programs with tcgetattr see them; all others are BOTHER. */
static tcflag_t code_of_speed(uint32_t speed) {
  for (size_t i = 0; i < RATES; i++)
    if (standard_rates[i].speed == speed) return standard_rates[i].code;
  return BOTHER;
}

static uint32_t speed_of_code(tcflag_t code) {
  for (size_t i = 0; i < RATES; i++)
    if (standard_rates[i].code == code) return standard_rates[i].speed;
  return 0;
}

/* qemu-user knows only the calls without speeds. ENOTTY is also what every other file says: then TCGETS says it too. */
static bool lacks_termios2(void) { return errno == ENOSYS || errno == ENOTTY; }

/* struct termios is the beginning of struct termios2. */
_Static_assert(offsetof(struct termios2, c_cc) == offsetof(struct termios, c_cc), "termios2 extends termios");
_Static_assert(sizeof(struct termios2) >= sizeof(struct termios), "termios2 extends termios");

static int load_termios(int fd, struct termios2 *t) {
  memset(t, 0, sizeof *t);
  if (ioctl(fd, TCGETS2, t) == 0) return 0;
  if (!lacks_termios2() || ioctl(fd, TCGETS, t) < 0) return -1;
  t->c_ospeed = speed_of_code(t->c_cflag & CBAUD);
  t->c_ispeed = t->c_ospeed;
  return 0;
}

static napi_value get_termios(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  uint32_t *words = take_words(&call, TERMIOS_WORDS);
  struct termios2 t;
  if (call.failed) return NULL;
  if (load_termios(fd, &t) < 0) return outcome(&call, -1);
  words[IFLAG] = t.c_iflag;
  words[OFLAG] = t.c_oflag;
  words[CFLAG] = t.c_cflag & ~(tcflag_t)(CBAUD | CIBAUD); /* speeds have their own words */
  words[LFLAG] = t.c_lflag;
  words[INPUT_SPEED] = t.c_ispeed;
  words[OUTPUT_SPEED] = t.c_ospeed;
  for (int i = 0; i < NCCS; i++) words[CC + i] = t.c_cc[i];
  return number(&call, 0);
}

/* At once (TCSANOW). Drivers may keep other values than asked for, without an error: read them back. */
static napi_value set_termios(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  uint32_t *words = take_words(&call, TERMIOS_WORDS);
  struct termios2 t;
  if (call.failed) return NULL;
  if (load_termios(fd, &t) < 0) return outcome(&call, -1); /* keeps the line discipline */
  t.c_iflag = words[IFLAG];
  t.c_oflag = words[OFLAG];
  t.c_cflag = words[CFLAG] & ~(tcflag_t)(CBAUD | CIBAUD);
  t.c_lflag = words[LFLAG];
  t.c_ispeed = words[INPUT_SPEED];
  t.c_ospeed = words[OUTPUT_SPEED];
  t.c_cflag |= code_of_speed(t.c_ospeed);
  if (t.c_ispeed != t.c_ospeed) t.c_cflag |= code_of_speed(t.c_ispeed) << IBSHIFT; /* no code there: the same speed */
  for (int i = 0; i < NCCS; i++) t.c_cc[i] = (cc_t)words[CC + i];
  int result = ioctl(fd, TCSETS2, &t);
  if (result < 0 && lacks_termios2() && code_of_speed(t.c_ospeed) != BOTHER) result = ioctl(fd, TCSETS, &t);
  return outcome(&call, result);
}

static napi_value get_modem(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  int lines = 0;
  if (call.failed) return NULL;
  int result = ioctl(fd, TIOCMGET, &lines);
  return outcome(&call, result < 0 ? result : lines & 0xffff);
}

/* All lines change in one call, as an adapter that watches DTR and RTS together wants it. */
int change_lines(int fd, int set, int clear) {
  int lines = 0;
  if (ioctl(fd, TIOCMGET, &lines) < 0) return -1;
  lines = (lines & ~clear) | set;
  return ioctl(fd, TIOCMSET, &lines);
}

static napi_value set_modem(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  int set = (int)take_integer(&call, 0, 0xffff);
  int clear = (int)take_integer(&call, 0, 0xffff);
  if (call.failed) return NULL;
  return outcome(&call, change_lines_now(fd, set, clear));
}

/*
 * A device, non-blocking. Its lines change directly after the open, with no step of JavaScript between: the driver raises
 * DTR and RTS within open(2), and they are to be on for as short a time as possible. A device without lines opens all the same.
 */
static napi_value open_device(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  char path[PATH_MAX];
  int fd;
  take_path(&call, path, sizeof path);
  bool write_only = take_boolean(&call);
  int set = (int)take_integer(&call, 0, 0xffff);
  int clear = (int)take_integer(&call, 0, 0xffff);
  if (call.failed) return NULL;
  do fd = open(path, (write_only ? O_WRONLY : O_RDWR) | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  if (fd >= 0 && (set | clear) != 0) (void)change_lines(fd, set, clear);
  return outcome(&call, fd);
}

static napi_value set_break(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  bool on = take_boolean(&call);
  if (call.failed) return NULL;
  return outcome(&call, ioctl(fd, on ? TIOCSBRK : TIOCCBRK));
}

static napi_value get_counters(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  uint32_t *words = take_words(&call, 11);
  struct serial_icounter_struct c;
  if (call.failed) return NULL;
  memset(&c, 0, sizeof c);
  int result = ioctl(fd, TIOCGICOUNT, &c);
  if (result == 0) {
    const int counts[11] = {c.cts,   c.dsr,     c.rng,    c.dcd, c.rx,         c.tx,
                            c.frame, c.overrun, c.parity, c.brk, c.buf_overrun};
    for (int i = 0; i < 11; i++) words[i] = (uint32_t)counts[i];
  }
  return outcome(&call, result);
}

static napi_value queued(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  uint32_t *words = take_words(&call, 2);
  int input = 0, output = 0;
  if (call.failed) return NULL;
  int result = ioctl(fd, FIONREAD, &input);
  if (result == 0) result = ioctl(fd, TIOCOUTQ, &output);
  words[0] = (uint32_t)input;
  words[1] = (uint32_t)output;
  return outcome(&call, result);
}

/* 0, 1, 2: input, output, both (TCIFLUSH, TCOFLUSH, TCIOFLUSH). */
static napi_value flush(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  int which = (int)take_integer(&call, 0, 2);
  if (call.failed) return NULL;
  return outcome(&call, ioctl(fd, TCFLSH, which));
}

/* Flags, then the delays before and after sending, in ms. The words become what the driver kept. */
static napi_value set_rs485(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  uint32_t *words = take_words(&call, 3);
  struct serial_rs485 rs;
  if (call.failed) return NULL;
  memset(&rs, 0, sizeof rs);
  rs.flags = words[0];
  rs.delay_rts_before_send = words[1];
  rs.delay_rts_after_send = words[2];
  int result = ioctl(fd, TIOCSRS485, &rs);
  if (result == 0) {
    words[0] = rs.flags;
    words[1] = rs.delay_rts_before_send;
    words[2] = rs.delay_rts_after_send;
  }
  return outcome(&call, result);
}

const struct entry tty_functions[] = {
    {"getTermios", get_termios},
    {"setTermios", set_termios},
    {"getModem", get_modem},
    {"setModem", set_modem},
    {"openDevice", open_device},
    {"setBreak", set_break},
    {"getCounters", get_counters},
    {"queued", queued},
    {"flush", flush},
    {"setRs485", set_rs485},
    {NULL, NULL},
};
