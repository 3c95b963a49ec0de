/* Datagrams of local sockets: to the system log and the service manager, and the answer to a command. */
#include "addon.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static napi_value unix_datagram(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  if (call.failed) return NULL;
  return outcome(&call, socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/* A path; "@" stands for the NUL of an abstract name. */
static socklen_t take_name(struct call *call, struct sockaddr_un *name) {
  name->sun_family = AF_UNIX;
  take_text(call, name->sun_path, sizeof name->sun_path);
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name->sun_path));
  if (name->sun_path[0] == '@') name->sun_path[0] = 0;
  return length;
}

/* What is sent to that abstract name is read from the socket. */
static napi_value bind_unix(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  struct sockaddr_un name = {0};
  int fd = take_descriptor(&call);
  socklen_t length = take_name(&call, &name);
  if (call.failed) return NULL;
  if (name.sun_path[0] != 0 || length == offsetof(struct sockaddr_un, sun_path)) return number(&call, -EINVAL);
  return outcome(&call, bind(fd, (struct sockaddr *)&name, length));
}

/* One datagram. */
static napi_value send_unix(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  struct sockaddr_un to = {0};
  int fd = take_descriptor(&call);
  socklen_t length = take_name(&call, &to);
  struct bytes bytes = take_bytes(&call);
  if (call.failed) return NULL;
  return outcome(&call, sendto(fd, bytes.data, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT,
                               (struct sockaddr *)&to, length));
}

const struct entry unix_functions[] = {
    {"unixDatagram", unix_datagram},
    {"bindUnix", bind_unix},
    {"sendUnix", send_unix},
    {NULL, NULL},
};
