/* System calls that only tests use. Built by build.mjs as dist/test-addon.node, never shipped. */
#include "../../service/native/arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* A raw pseudo-terminal, both ends non-blocking: master, slave, and the number in /dev/pts. */
static napi_value open_pty(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  uint32_t *words = take_words(&call, 3);
  struct termios t;
  unsigned int name = 0;
  int slave = -1;
  char path[32];
  if (call.failed) return NULL;
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (master < 0) return outcome(&call, -1);
  if (unlockpt(master) == 0 && ioctl(master, TIOCGPTN, &name) == 0 && ptsname_r(master, path, sizeof path) == 0)
    slave = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (slave >= 0 && tcgetattr(slave, &t) == 0) {
    t.c_iflag = t.c_oflag = t.c_lflag = 0;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (tcsetattr(slave, TCSANOW, &t) == 0) {
      words[0] = (uint32_t)master;
      words[1] = (uint32_t)slave;
      words[2] = name;
      return number(&call, 0);
    }
  }
  int error = errno;
  close(master);
  if (slave >= 0) close(slave);
  return number(&call, -error);
}

/* Flags, then the delays before and after sending, in ms. */
static napi_value get_rs485(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  uint32_t *words = take_words(&call, 3);
  struct serial_rs485 rs;
  if (call.failed) return NULL;
  memset(&rs, 0, sizeof rs);
  int result = ioctl(fd, TIOCGRS485, &rs);
  words[0] = rs.flags;
  words[1] = rs.delay_rts_before_send;
  words[2] = rs.delay_rts_after_send;
  return outcome(&call, result);
}

static const struct entry functions[] = {
    {"openPty", open_pty},
    {"getRs485", get_rs485},
    {NULL, NULL},
};

NAPI_MODULE_INIT() { return export_functions(env, exports, functions) ? exports : NULL; }
