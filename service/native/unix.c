/* Datagrams to local sockets: the system log, the service manager. */
#include "addon.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static napi_value unix_datagram(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  if (call.failed) return NULL;
  return outcome(&call, socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/* One datagram to a path ("@" stands for the NUL of an abstract name). */
static napi_value send_unix(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  int fd = take_descriptor(&call);
  take_text(&call, to.sun_path, sizeof to.sun_path);
  struct bytes bytes = take_bytes(&call);
  if (call.failed) return NULL;

  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(to.sun_path));
  if (to.sun_path[0] == '@') to.sun_path[0] = 0;
  return outcome(&call, sendto(fd, bytes.data, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT,
                               (struct sockaddr *)&to, length));
}

const struct entry unix_functions[] = {
    {"unixDatagram", unix_datagram},
    {"sendUnix", send_unix},
    {NULL, NULL},
};
