/* Local sockets: datagrams to the system log and the service manager, the answer to a command, and the control socket. */
#include "addon.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

/* Groups of a peer that are looked at; a user of more counts as one without. */
#define MOST_GROUPS 1024

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

static int stream_socket(void) { return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

/* -errno of the call that failed before; the descriptor is closed. */
static int failed_with(int fd) {
  int error = errno;
  close(fd);
  return -error;
}

/* A listening socket at a path that must not exist: bind(2) follows no link there. Only its owner may connect at first. */
static napi_value listen_unix(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  take_path(&call, at.sun_path, sizeof at.sun_path);
  int backlog = (int)take_integer(&call, 0, 65535);
  if (call.failed) return NULL;
  if (at.sun_path[0] == 0) return number(&call, -ENOENT); /* that would be an abstract name */
  int fd = stream_socket();
  if (fd < 0) return outcome(&call, fd);
  mode_t mask = umask(0177);
  int result = bind(fd, (struct sockaddr *)&at, sizeof at);
  int error = errno;
  umask(mask);
  errno = error;
  if (result < 0 || listen(fd, backlog) < 0) return number(&call, failed_with(fd));
  return number(&call, fd);
}

/* Whether a program listens at the path: 0, or -errno (-ECONNREFUSED: it does not). */
static napi_value try_unix(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  take_path(&call, at.sun_path, sizeof at.sun_path);
  if (call.failed) return NULL;
  int fd = stream_socket();
  if (fd < 0) return outcome(&call, fd);
  if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0) return number(&call, failed_with(fd));
  close(fd);
  return number(&call, 0);
}

/*
 * Who connected a stream socket, unix(7): user, group and process, then the groups (SO_PEERGROUPS, Linux 4.13). All as they
 * were at connect(2). How many groups there are, or -errno.
 */
static napi_value peer_credentials(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  uint32_t *words = take_words(&call, 3 + MOST_GROUPS);
  struct ucred who;
  int family = 0;
  socklen_t length = sizeof family;
  if (call.failed) return NULL;
  int result = getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &length);
  if (result == 0 && family != AF_UNIX) return number(&call, -EOPNOTSUPP);
  length = sizeof who;
  if (result == 0) result = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &length);
  if (result < 0) return outcome(&call, result);
  words[0] = who.uid;
  words[1] = who.gid;
  words[2] = (uint32_t)who.pid;
  length = MOST_GROUPS * sizeof *words;
  result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, words + 3, &length);
  return number(&call, result < 0 ? 0 : (int64_t)(length / sizeof *words));
}

const struct entry unix_functions[] = {
    {"listenUnix", listen_unix},
    {"tryUnix", try_unix},
    {"peerCredentials", peer_credentials},
    {"unixDatagram", unix_datagram},
    {"bindUnix", bind_unix},
    {"sendUnix", send_unix},
    {NULL, NULL},
};
