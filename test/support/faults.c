/*
 * System calls that fail on demand, to be preloaded (LD_PRELOAD). $FAULTS is the file by which the test says which one:
 * see faults.ts. Descriptors 0 to 2 never fail: what the program says is the test's evidence.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* faults.ts has the same order. */
enum call { NONE, OPEN, READ, WRITE, SEND, RENAME, LINK, UNLINK, FCHMOD, FTRUNCATE, SOCKET, CONNECT, BIND, LISTEN, ACCEPT,
            EPOLL, INOTIFY, IOCTL, EXECVE };

struct plan {
  atomic_int call;   /* the one that fails */
  atomic_int at;     /* the first that fails, counted from 1 */
  atomic_int error;  /* errno */
  atomic_int until;  /* the last that fails */
  atomic_int seen;   /* how many there were */
  atomic_int failed; /* how many of them failed */
  char under[232];   /* only calls on a path that has this text in it; "": all */
};

static struct plan *plan;

__attribute__((constructor)) static void read_plan(void) {
  const char *name = getenv("FAULTS");
  int fd = name == NULL ? -1 : (int)syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CLOEXEC, 0);
  if (fd < 0) return;
  void *there = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (there != MAP_FAILED) plan = there;
}

static bool fails(enum call call, const char *path) {
  if (plan == NULL || atomic_load(&plan->call) != (int)call) return false;
  if (plan->under[0] != 0 && (path == NULL || strstr(path, plan->under) == NULL)) return false;
  int number = atomic_fetch_add(&plan->seen, 1) + 1;
  if (number < atomic_load(&plan->at) || number > atomic_load(&plan->until)) return false;
  atomic_fetch_add(&plan->failed, 1);
  errno = atomic_load(&plan->error);
  return true;
}

static bool is_planned(enum call call) { return plan != NULL && atomic_load(&plan->call) == (int)call; }

/* By what the descriptor leads to. */
static bool fails_on(enum call call, int fd) {
  char link[40], path[512];
  if (fd <= 2 || !is_planned(call)) return false;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = syscall(SYS_readlink, link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  return fails(call, path);
}

/* Files, serial lines and sockets. The pipes and events by which the threads of Node wake each other never fail. */
static bool transfer_fails(enum call of_file, int fd) {
  struct stat about;
  if (fd <= 2 || plan == NULL || atomic_load(&plan->call) == NONE || fstat(fd, &about) < 0) return false;
  if (S_ISSOCK(about.st_mode)) return of_file == WRITE && fails_on(SEND, fd);
  return (S_ISREG(about.st_mode) || S_ISCHR(about.st_mode)) && fails_on(of_file, fd);
}

#define NEXT(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))
#define FORWARD(failing, name, ...) return (failing) ? -1 : NEXT(name)(__VA_ARGS__)

static mode_t mode_of(int flags, va_list list) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(list, mode_t) : 0; }

int open64(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = mode_of(flags, list);
  va_end(list);
  FORWARD(fails(OPEN, path), open64, path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = mode_of(flags, list);
  va_end(list);
  FORWARD(fails(OPEN, path), open, path, flags, mode);
}

ssize_t read(int fd, void *into, size_t size) { FORWARD(transfer_fails(READ, fd), read, fd, into, size); }
ssize_t pread64(int fd, void *into, size_t size, off64_t at) {
  FORWARD(transfer_fails(READ, fd), pread64, fd, into, size, at);
}
ssize_t write(int fd, const void *from, size_t size) { FORWARD(transfer_fails(WRITE, fd), write, fd, from, size); }
ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
  FORWARD(transfer_fails(WRITE, fd), pwrite64, fd, from, size, at);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  FORWARD(fails_on(SEND, fd), sendmsg, fd, message, flags);
}
ssize_t sendto(int fd, const void *from, size_t size, int flags, const struct sockaddr *to, socklen_t length) {
  FORWARD(fails_on(SEND, fd), sendto, fd, from, size, flags, to, length);
}
int execve(const char *path, char *const args[], char *const environment[]) {
  FORWARD(fails(EXECVE, path), execve, path, args, environment);
}
int rename(const char *from, const char *to) { FORWARD(fails(RENAME, from), rename, from, to); }
int link(const char *from, const char *to) { FORWARD(fails(LINK, from), link, from, to); }
int unlink(const char *path) { FORWARD(fails(UNLINK, path), unlink, path); }
int fchmod(int fd, mode_t mode) { FORWARD(fails_on(FCHMOD, fd), fchmod, fd, mode); }
int ftruncate64(int fd, off64_t length) { FORWARD(fails_on(FTRUNCATE, fd), ftruncate64, fd, length); }
int socket(int domain, int type, int protocol) { FORWARD(fails(SOCKET, NULL), socket, domain, type, protocol); }
int connect(int fd, const struct sockaddr *to, socklen_t length) {
  FORWARD(fails_on(CONNECT, fd), connect, fd, to, length);
}
int bind(int fd, const struct sockaddr *to, socklen_t length) { FORWARD(fails_on(BIND, fd), bind, fd, to, length); }
int listen(int fd, int backlog) { FORWARD(fails_on(LISTEN, fd), listen, fd, backlog); }
int accept4(int fd, struct sockaddr *from, socklen_t *length, int flags) {
  FORWARD(fails_on(ACCEPT, fd), accept4, fd, from, length, flags);
}
/* Only for the daemon's own instance: libuv ends the process when it cannot watch a descriptor. */
static bool is_from_addon(const void *caller) {
  Dl_info from;
  return dladdr(caller, &from) != 0 && from.dli_fname != NULL && strstr(from.dli_fname, "native.node") != NULL;
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  bool is_ours = operation == EPOLL_CTL_ADD && is_from_addon(__builtin_return_address(0));
  FORWARD(is_ours && fails_on(EPOLL, fd), epoll_ctl, epoll, operation, fd, event);
}
int inotify_init1(int flags) { FORWARD(fails(INOTIFY, NULL), inotify_init1, flags); }
int inotify_add_watch(int fd, const char *path, unsigned int mask) {
  FORWARD(fails(INOTIFY, path), inotify_add_watch, fd, path, mask);
}

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  void *argument = va_arg(list, void *);
  va_end(list);
  struct stat about;
  bool is_device = is_planned(IOCTL) && fstat(fd, &about) == 0 && S_ISCHR(about.st_mode);
  FORWARD(is_device && fails_on(IOCTL, fd), ioctl, fd, request, argument);
}
