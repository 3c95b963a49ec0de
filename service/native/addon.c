/* The addon: what a descriptor of any kind can do, and the list of what is exported. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static napi_value read_bytes(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  struct bytes into = take_bytes(&call);
  if (call.failed) return NULL;
  return outcome(&call, read(fd, into.data, into.length));
}

/* Node ignores SIGPIPE, so a socket without a reader gives -EPIPE here. */
static napi_value write_bytes(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  struct bytes bytes = take_bytes(&call);
  if (call.failed) return NULL;
  return outcome(&call, write(fd, bytes.data, bytes.length));
}

static napi_value set_nonblocking(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  if (call.failed) return NULL;
  int flags = fcntl(fd, F_GETFL);
  return outcome(&call, flags < 0 ? flags : fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

static napi_value set_close_on_exec(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  if (call.failed) return NULL;
  return outcome(&call, fcntl(fd, F_SETFD, FD_CLOEXEC));
}

/* flock(2), without waiting: -EWOULDBLOCK where another process has it. */
static napi_value lock_file(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  if (call.failed) return NULL;
  return outcome(&call, flock(fd, LOCK_EX | LOCK_NB));
}

static napi_value error_reason(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int error = (int)take_integer(&call, 0, INT_MAX);
  napi_value text = NULL;
  if (call.failed) return NULL;
  napi_create_string_utf8(env, strerror(error), NAPI_AUTO_LENGTH, &text);
  return text;
}

static const struct entry data_functions[] = {
    {"read", read_bytes},
    {"write", write_bytes},
    {"setNonBlocking", set_nonblocking},
    {"setCloseOnExec", set_close_on_exec},
    {"lockFile", lock_file},
    {"errorReason", error_reason},
    {NULL, NULL},
};

NAPI_MODULE_INIT() {
  bool complete = export_functions(env, exports, data_functions) && export_functions(env, exports, tty_functions) &&
                  export_functions(env, exports, socket_functions) && export_functions(env, exports, unix_functions) &&
                  export_functions(env, exports, handover_functions) &&
                  export_functions(env, exports, inotify_functions) && export_functions(env, exports, poll_functions);
  return complete ? exports : NULL;
}
