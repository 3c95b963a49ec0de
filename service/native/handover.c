/* What outlives the process: descriptors in the service manager, sealed memory, and the next program in this process. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Sends a datagram with a descriptor to a path. A leading "@" stands for the NUL of an abstract name. */
static ssize_t send_with(int fd, const char *path, struct bytes text, int passed) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
  } control;
  struct iovec piece = {.iov_base = text.data, .iov_len = text.length};
  struct msghdr message = {.msg_name = &to, .msg_iov = &piece, .msg_iovlen = 1};
  size_t length = strlen(path); /* at most sizeof to.sun_path - 1: take_text */
  memcpy(to.sun_path, path, length + 1);
  if (to.sun_path[0] == '@') to.sun_path[0] = 0;
  message.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  memset(&control, 0, sizeof control);
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof passed);
  memcpy(CMSG_DATA(header), &passed, sizeof passed);
  return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* sendDescriptor(socket, path, text, fd) */
static napi_value send_descriptor(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
  int fd = take_descriptor(&call);
  take_text(&call, path, sizeof path);
  struct bytes text = take_bytes(&call);
  int passed = take_descriptor(&call);
  if (call.failed) return NULL;
  return outcome(&call, send_with(fd, path, text, passed));
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * sendBarrier(socket, path, limitMs): waits until the receiver has read all that was sent before, sd_notify(3) "BARRIER=1": it
 * then closes its end of a pipe. Returns 0, or -ETIME after limitMs. It blocks the process, so that its state does not change.
 */
static napi_value send_barrier(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
  static const char text[] = "BARRIER=1";
  struct bytes bytes = {.data = (uint8_t *)text, .length = sizeof text - 1};
  int ends[2];
  int fd = take_descriptor(&call);
  take_text(&call, path, sizeof path);
  int64_t end = now_ms() + take_integer(&call, 0, 60000);
  if (call.failed) return NULL;
  if (pipe2(ends, O_CLOEXEC) < 0) return outcome(&call, -1);
  ssize_t sent;
  int64_t left = end - now_ms();
  while ((sent = send_with(fd, path, bytes, ends[1])) < 0 && (errno == EAGAIN || errno == ENOBUFS) && left > 0) {
    struct timespec pause = {.tv_nsec = 1000000};
    nanosleep(&pause, NULL);
    left = end - now_ms();
  }
  int64_t result = sent < 0 ? -errno : -ETIME;
  close(ends[1]);
  while (sent >= 0 && left >= 0) {
    struct pollfd closed = {.fd = ends[0]};
    int ready = poll(&closed, 1, (int)left);
    if (ready > 0) result = 0;
    if (ready >= 0 || errno != EINTR) break;
    left = end - now_ms();
  }
  close(ends[0]);
  return number(&call, result);
}

/* An empty file in memory that can be sealed. */
static napi_value memory_file(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  if (call.failed) return NULL;
  return outcome(&call, memfd_create("ser2net", MFD_CLOEXEC | MFD_ALLOW_SEALING));
}

/* Seals a file in memory: no process can change it from now on. */
static napi_value seal(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  if (call.failed) return NULL;
  return outcome(&call, fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
}

/* 1 when all of these seals are on it. */
static napi_value is_sealed(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  const int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (call.failed) return NULL;
  int seals = fcntl(fd, F_GET_SEALS);
  return outcome(&call, seals < 0 ? seals : (seals & all) == all);
}

/* Ends a connection, or the listening of a socket, although copies of the descriptor are open elsewhere. */
static napi_value shutdown_socket(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  if (call.failed) return NULL;
  return outcome(&call, shutdown(fd, SHUT_RDWR));
}

/* setInheritable(fd, on): whether the next program in this process gets the descriptor. */
static napi_value set_inheritable(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  bool on = take_boolean(&call);
  if (call.failed) return NULL;
  return outcome(&call, fcntl(fd, F_SETFD, on ? 0 : FD_CLOEXEC));
}

/* Pointers to the NUL-terminated strings in a list, with NULL at the end. Returns NULL with errno set on failure. */
static char **strings(struct bytes list) {
  size_t count = 0;
  char *text = (char *)list.data;
  const char *end = text + list.length;
  if (list.length > 0 && end[-1] != 0) {
    errno = EINVAL;
    return NULL;
  }
  for (const char *at = text; at < end; at++) count += *at == 0;
  char **found = calloc(count + 1, sizeof *found);
  for (size_t at = 0; found && at < count; at++, text += strlen(text) + 1) found[at] = text;
  return found;
}

/* becomeProgram(path, arguments, environment): execve(2). Returns only when that fails. */
static napi_value become_program(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  char path[PATH_MAX];
  take_path(&call, path, sizeof path);
  struct bytes arguments = take_bytes(&call);
  struct bytes environment = take_bytes(&call);
  if (call.failed) return NULL;
  char **argv = strings(arguments);
  char **envp = argv ? strings(environment) : NULL;
  int64_t result = envp ? execve(path, argv, envp) : -1;
  int reason = errno;
  free(argv);
  free(envp);
  errno = reason;
  return outcome(&call, result);
}

const struct entry handover_functions[] = {
    {"sendDescriptor", send_descriptor},
    {"sendBarrier", send_barrier},
    {"memoryFile", memory_file},
    {"seal", seal},
    {"isSealed", is_sealed},
    {"shutdownSocket", shutdown_socket},
    {"setInheritable", set_inheritable},
    {"becomeProgram", become_program},
    {NULL, NULL},
};
