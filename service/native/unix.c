/* Datagrams to local sockets: the system log, the service manager. */
#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* The most one message may carry (SCM_MAX_FD of the kernel). */
#define MAX_DESCRIPTORS 253

static napi_value unix_datagram(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  if (call.failed) return NULL;
  return outcome(&call, socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

static uint32_t take_descriptors(struct call *call, int *into) {
  napi_value list = take_any(call), item;
  bool is_array = false;
  uint32_t count = 0;
  if (call->failed) return 0;
  if (napi_is_array(call->env, list, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(call->env, list, &count) != napi_ok || count > MAX_DESCRIPTORS) {
    refuse(call, "an array of at most 253 descriptors is expected");
    return 0;
  }
  for (uint32_t i = 0; i < count && !call->failed; i++) {
    double value = -1;
    if (napi_get_element(call->env, list, i, &item) != napi_ok ||
        napi_get_value_double(call->env, item, &value) != napi_ok || !(value >= 0 && value <= INT_MAX) ||
        value != (int)value)
      refuse(call, "an array of descriptors is expected");
    else
      into[i] = (int)value;
  }
  return count;
}

/* One datagram to a path ("@" stands for the NUL of an abstract name), with descriptors (SCM_RIGHTS). */
static napi_value send_unix(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  int descriptors[MAX_DESCRIPTORS];
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof descriptors)];
  } control;
  int fd = take_descriptor(&call);
  take_text(&call, to.sun_path, sizeof to.sun_path);
  struct bytes bytes = take_bytes(&call);
  uint32_t count = take_descriptors(&call, descriptors);
  if (call.failed) return NULL;

  struct iovec part = {.iov_base = bytes.data, .iov_len = bytes.length};
  struct msghdr message = {.msg_name = &to, .msg_iov = &part, .msg_iovlen = 1};
  message.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(to.sun_path));
  if (to.sun_path[0] == '@') to.sun_path[0] = 0;
  if (count > 0) {
    memset(&control, 0, sizeof control);
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(&control.header), descriptors, count * sizeof(int));
  }
  return outcome(&call, sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT));
}

const struct entry unix_functions[] = {
    {"unixDatagram", unix_datagram},
    {"sendUnix", send_unix},
    {NULL, NULL},
};
