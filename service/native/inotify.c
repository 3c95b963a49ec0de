/* Directories whose names come and go (inotify). Node's fs.watch asks for writes too: below /dev each byte sent to a tty. */
#include "addon.h"

#include <limits.h>
#include <string.h>
#include <sys/inotify.h>

static napi_value inotify_open(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  if (call.failed) return NULL;
  return outcome(&call, inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
}

static napi_value inotify_add(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  char path[PATH_MAX];
  int fd = take_descriptor(&call);
  take_path(&call, path, sizeof path);
  uint32_t mask = (uint32_t)take_integer(&call, 0, UINT32_MAX);
  if (call.failed) return NULL;
  return outcome(&call, inotify_add_watch(fd, path, mask));
}

static napi_value inotify_remove(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  int watch = (int)take_integer(&call, 0, INT_MAX);
  if (call.failed) return NULL;
  return outcome(&call, inotify_rm_watch(fd, watch));
}

const struct entry inotify_functions[] = {
    {"inotifyOpen", inotify_open},
    {"inotifyAdd", inotify_add},
    {"inotifyRemove", inotify_remove},
    {NULL, NULL},
};
