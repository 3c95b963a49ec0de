/* The addon: what a descriptor of any kind can do, memory, and the list of what is exported. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/resource.h>
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

/*
 * reserveDescriptors(count): the table of descriptors grows to it at once, or to RLIMIT_NOFILE. In a process with threads the kernel
 * waits each time that it doubles the table, 10 to 40 ms (synchronize_rcu in expand_fdtable, fs/file.c). A table never shrinks.
 */
static napi_value reserve_descriptors(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  rlim_t count = (rlim_t)take_integer(&call, 1, 1 << 16);
  if (call.failed) return NULL;
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < count) count = limit.rlim_cur;
  int any = eventfd(0, EFD_CLOEXEC);
  int last = any < 0 ? -1 : fcntl(any, F_DUPFD_CLOEXEC, (int)count - 1);
  int error = errno;
  if (last >= 0) close(last);
  if (any >= 0) close(any);
  return number(&call, last < 0 ? -error : 0);
}

static napi_value error_reason(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int error = (int)take_integer(&call, 0, INT_MAX);
  napi_value text = NULL;
  if (call.failed) return NULL;
  napi_create_string_utf8(env, strerror(error), NAPI_AUTO_LENGTH, &text);
  return text;
}

/*
 * V8 collects and compiles in threads of its own. glibc keeps the free memory of each thread apart (in an arena), and gives the free
 * end of one back above a limit, which it raises to twice the largest block that was mapped and freed (mallopt(3)). Instead, threads
 * that allocate for the first time from now on share the arena of the main thread, and the limit stays.
 */
#define KEPT_FREE (64 * 1024)

/* More than any heap may have: V8 then collects at once, compacts, and gives free pages back. */
#define PRESSURE (INT64_C(1) << 40)

/*
 * releaseMemory(): V8 has no call for this in Node-API, but it heeds memory outside of its heap. Only the second collection
 * knows which pages are worth to be moved.
 */
static napi_value release_memory(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int64_t total;
  if (call.failed) return NULL;
  for (int round = 0; round < 2; round++) {
    napi_adjust_external_memory(env, PRESSURE, &total);
    napi_adjust_external_memory(env, -PRESSURE, &total);
  }
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return number(&call, 0);
}

/* V8::SetFlagsFromString, by its name in C++; NULL where a Node does not export it. */
void set_v8_flags(const char *flags) __asm__("_ZN2v82V818SetFlagsFromStringEPKc") __attribute__((weak));

/* setV8Flags(flags): as v8.setFlagsFromString, which comes with all of Node's streams and costs 2 to 4 ms at the start. */
static napi_value set_flags(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  char flags[108]; /* as every text */
  take_text(&call, flags, sizeof flags);
  if (call.failed) return NULL;
  if (!set_v8_flags) return number(&call, -ENOSYS);
  set_v8_flags(flags);
  return number(&call, 0);
}

/* checksum(bytes): of 32 bits, for damage and other versions, not against an attacker: FNV-1a over words of 4 bytes. */
static napi_value checksum(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  struct bytes bytes = take_bytes(&call);
  if (call.failed) return NULL;
  uint64_t sum = 0xcbf29ce484222325;
  for (size_t at = 0; at < bytes.length; at += sizeof(uint32_t)) {
    size_t left = bytes.length - at;
    uint32_t word = 0;
    memcpy(&word, bytes.data + at, left < sizeof word ? left : sizeof word);
    sum = (sum ^ word) * 0x100000001b3;
  }
  return number(&call, (int64_t)((sum ^ sum >> 32) & 0xffffffff));
}

static const struct entry data_functions[] = {
    {"read", read_bytes},
    {"write", write_bytes},
    {"setNonBlocking", set_nonblocking},
    {"setCloseOnExec", set_close_on_exec},
    {"lockFile", lock_file},
    {"reserveDescriptors", reserve_descriptors},
    {"errorReason", error_reason},
    {"releaseMemory", release_memory},
    {"setV8Flags", set_flags},
    {"checksum", checksum},
    {NULL, NULL},
};

NAPI_MODULE_INIT() {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TRIM_THRESHOLD, KEPT_FREE);
#endif
  bool complete = export_functions(env, exports, data_functions) && export_functions(env, exports, tty_functions) &&
                  export_functions(env, exports, socket_functions) && export_functions(env, exports, unix_functions) &&
                  export_functions(env, exports, handover_functions) &&
                  export_functions(env, exports, inotify_functions) && export_functions(env, exports, poll_functions) &&
                  export_functions(env, exports, pulse_functions);
  return complete ? exports : NULL;
}
