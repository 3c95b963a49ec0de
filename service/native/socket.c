/* Internet sockets. All are non-blocking and close-on-exec; addresses are numeric texts, never names. */
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* "fe80::...%interface" */
#define ADDRESS_TEXT (INET6_ADDRSTRLEN + 1 + IF_NAMESIZE)

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_un local;
  struct sockaddr_storage storage;
};

static bool parse_scope(const char *text, uint32_t *scope) {
  char *end;
  unsigned long value = strtoul(text, &end, 10);
  if (text[0] >= '0' && text[0] <= '9' && *end == 0 && value <= UINT32_MAX) {
    *scope = (uint32_t)value;
    return true;
  }
  *scope = if_nametoindex(text);
  return *scope != 0;
}

/* Takes an address and a port; the length of the result, 0 when it is not a numeric address. */
static socklen_t take_address(struct call *call, union address *into) {
  char text[ADDRESS_TEXT];
  take_text(call, text, sizeof text);
  in_port_t port = htons((uint16_t)take_integer(call, 0, 65535));
  memset(into, 0, sizeof *into);
  if (call->failed) return 0;
  if (inet_pton(AF_INET, text, &into->v4.sin_addr) == 1) {
    into->v4.sin_family = AF_INET;
    into->v4.sin_port = port;
    return sizeof into->v4;
  }
  memset(into, 0, sizeof *into);
  char *percent = strchr(text, '%');
  if (percent) *percent = 0;
  if (inet_pton(AF_INET6, text, &into->v6.sin6_addr) != 1 ||
      (percent && !parse_scope(percent + 1, &into->v6.sin6_scope_id))) {
    refuse(call, "a numeric address is expected");
    return 0;
  }
  into->v6.sin6_family = AF_INET6;
  into->v6.sin6_port = port;
  return sizeof into->v6;
}

static void put_text(napi_env env, napi_value object, const char *name, const char *text, size_t length) {
  napi_value value;
  if (napi_create_string_utf8(env, text, length, &value) == napi_ok) napi_set_named_property(env, object, name, value);
}

static void put_number(napi_env env, napi_value object, const char *name, int64_t number) {
  napi_value value;
  if (napi_create_int64(env, number, &value) == napi_ok) napi_set_named_property(env, object, name, value);
}

/* { value, family, address, port }: what a call gave and whom it concerns. */
static napi_value found(struct call *call, int64_t value, const union address *from, socklen_t length) {
  napi_value object = NULL;
  char text[ADDRESS_TEXT] = "";
  const char *family = "other";
  const char *address = text;
  size_t size = NAPI_AUTO_LENGTH;
  int port = 0;
  if (length >= sizeof from->v4 && from->any.sa_family == AF_INET) {
    family = "ipv4";
    inet_ntop(AF_INET, &from->v4.sin_addr, text, sizeof text);
    port = ntohs(from->v4.sin_port);
  } else if (length >= sizeof from->v6 && from->any.sa_family == AF_INET6) {
    family = "ipv6";
    inet_ntop(AF_INET6, &from->v6.sin6_addr, text, INET6_ADDRSTRLEN);
    char name[IF_NAMESIZE];
    if (from->v6.sin6_scope_id && if_indextoname(from->v6.sin6_scope_id, name)) strcat(strcat(text, "%"), name);
    port = ntohs(from->v6.sin6_port);
  } else if (length >= sizeof from->any.sa_family && from->any.sa_family == AF_UNIX) {
    family = "unix";
    address = from->local.sun_path;
    size = length - offsetof(struct sockaddr_un, sun_path);
    if (size > sizeof from->local.sun_path) size = sizeof from->local.sun_path;
    size = strnlen(address, size); /* 0: it has no path (an abstract name begins with NUL) */
  }
  if (napi_create_object(call->env, &object) != napi_ok) return NULL;
  put_number(call->env, object, "value", value);
  put_text(call->env, object, "family", family, NAPI_AUTO_LENGTH);
  put_text(call->env, object, "address", address, size);
  put_number(call->env, object, "port", port);
  return object;
}

/* A bound socket, or -1. A closing server may still have connections in TIME_WAIT: SO_REUSEADDR. */
static int bound_socket(int type, const union address *address, socklen_t length, bool v6only) {
  int fd = socket(address->any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1, only = v6only;
  if (fd < 0) return -1;
  if ((type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0) ||
      (address->any.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) < 0) ||
      bind(fd, &address->any, length) < 0) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

static napi_value listen_tcp(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  union address address;
  socklen_t length = take_address(&call, &address);
  bool v6only = take_boolean(&call);
  int backlog = (int)take_integer(&call, 0, 65535);
  if (call.failed) return NULL;
  int fd = bound_socket(SOCK_STREAM, &address, length, v6only);
  if (fd >= 0 && listen(fd, backlog) < 0) {
    int error = errno;
    close(fd);
    return number(&call, -error);
  }
  return outcome(&call, fd);
}

static napi_value bind_udp(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  union address address;
  socklen_t length = take_address(&call, &address);
  bool v6only = take_boolean(&call);
  if (call.failed) return NULL;
  return outcome(&call, bound_socket(SOCK_DGRAM, &address, length, v6only));
}

static napi_value accept_connection(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int listener = take_descriptor(&call);
  union address peer;
  socklen_t length = sizeof peer;
  if (call.failed) return NULL;
  int fd = accept4(listener, &peer.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return fd < 0 ? outcome(&call, fd) : found(&call, fd, &peer, length);
}

static napi_value local_address(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  union address address;
  socklen_t length = sizeof address;
  if (call.failed) return NULL;
  int result = getsockname(fd, &address.any, &length);
  return result < 0 ? outcome(&call, result) : found(&call, 0, &address, length);
}

static napi_value peer_address(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  union address address;
  socklen_t length = sizeof address;
  if (call.failed) return NULL;
  int result = getpeername(fd, &address.any, &length);
  return result < 0 ? outcome(&call, result) : found(&call, 0, &address, length);
}

/* SO_TYPE, and whether it listens. */
static napi_value socket_kind(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  uint32_t *words = take_words(&call, 2);
  int type = 0, listening = 0;
  socklen_t length = sizeof type;
  if (call.failed) return NULL;
  int result = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length);
  length = sizeof listening;
  if (result == 0) result = getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length);
  words[0] = (uint32_t)type;
  words[1] = (uint32_t)listening;
  return outcome(&call, result);
}

/* Only the options listed in sockets.ts are ever named, all of them plain integers. */
static napi_value set_option(napi_env env, napi_callback_info info) {
  static const struct {
    int level, name;
  } options[] = {
      {SOL_SOCKET, SO_KEEPALIVE},    {IPPROTO_TCP, TCP_KEEPIDLE},     {IPPROTO_TCP, TCP_KEEPINTVL},
      {IPPROTO_TCP, TCP_KEEPCNT},    {IPPROTO_TCP, TCP_USER_TIMEOUT}, {IPPROTO_TCP, TCP_NODELAY},
      {SOL_SOCKET, SO_OOBINLINE},
  };
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  int64_t which = take_integer(&call, 0, sizeof options / sizeof options[0] - 1);
  int value = (int)take_integer(&call, 0, INT_MAX);
  if (call.failed) return NULL;
  return outcome(&call, setsockopt(fd, options[which].level, options[which].name, &value, sizeof value));
}

/* TCP_INFO (tcp(7)): the state, segments that are not acknowledged, probes without an answer, ms since the last ACK. */
static napi_value tcp_info(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  uint32_t *words = take_words(&call, 4);
  struct tcp_info facts;
  socklen_t length = sizeof facts;
  if (call.failed) return NULL;
  memset(&facts, 0, sizeof facts);
  int result = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &facts, &length);
  words[0] = facts.tcpi_state;
  words[1] = facts.tcpi_unacked;
  words[2] = facts.tcpi_probes;
  words[3] = facts.tcpi_last_ack_recv;
  return outcome(&call, result);
}

static napi_value receive_from(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  struct bytes into = take_bytes(&call);
  union address from;
  socklen_t length = sizeof from;
  if (call.failed) return NULL;
  memset(&from, 0, sizeof from);
  ssize_t size = recvfrom(fd, into.data, into.length, 0, &from.any, &length);
  return size < 0 ? outcome(&call, size) : found(&call, size, &from, length);
}

static napi_value send_to(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  struct bytes bytes = take_bytes(&call);
  union address to;
  socklen_t length = take_address(&call, &to);
  if (call.failed) return NULL;
  return outcome(&call, sendto(fd, bytes.data, bytes.length, MSG_NOSIGNAL, &to.any, length));
}

const struct entry socket_functions[] = {
    {"listenTcp", listen_tcp},
    {"bindUdp", bind_udp},
    {"accept", accept_connection},
    {"localAddress", local_address},
    {"peerAddress", peer_address},
    {"socketKind", socket_kind},
    {"setOption", set_option},
    {"tcpInfo", tcp_info},
    {"receiveFrom", receive_from},
    {"sendTo", send_to},
    {NULL, NULL},
};
