/*
 * Plays changes of modem lines at their times, in a thread: the event loop of Node is busy for many milliseconds at a time,
 * and a reset circuit does not wait. A thread has a descriptor of its own, so that the device may be closed meanwhile.
 */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define MOST_STEPS 128
#define STACK_BYTES (128 * 1024)

/* A step in the Uint32Array: when, in ms since the start, and which lines. */
enum { AT_MS, SET, CLEAR, STEP_WORDS };

struct playing {
  struct playing *next;
  int id;
  int fd;
  int stop; /* an eventfd */
  int given; /* the descriptor of which `fd` is a duplicate */
  pthread_t thread;
  pthread_mutex_t lines;
  struct timespec start;
  atomic_bool over; /* only the last call may be under way */
  size_t driven, count;
  uint32_t steps[MOST_STEPS * STEP_WORDS];
};

/* Only the thread of JavaScript uses the list. */
static struct playing *all;

static bool is_past(const struct timespec *due, struct timespec *left) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  left->tv_sec = due->tv_sec - now.tv_sec;
  left->tv_nsec = due->tv_nsec - now.tv_nsec;
  if (left->tv_nsec < 0) {
    left->tv_nsec += 1000000000;
    left->tv_sec--;
  }
  return left->tv_sec < 0;
}

/* False: it was stopped, or the device hung up. */
static bool wait_until(const struct playing *playing, uint32_t at_ms) {
  struct timespec due = playing->start, left;
  due.tv_sec += at_ms / 1000;
  due.tv_nsec += (long)(at_ms % 1000) * 1000000;
  if (due.tv_nsec >= 1000000000) {
    due.tv_nsec -= 1000000000;
    due.tv_sec++;
  }
  while (!is_past(&due, &left)) {
    struct pollfd events[2] = {{.fd = playing->stop, .events = POLLIN}, {.fd = playing->fd}};
    int ready = ppoll(events, 2, &left, NULL);
    if (ready > 0 || (ready < 0 && errno != EINTR)) return false;
  }
  return true;
}

static void *play(void *argument) {
  struct playing *playing = argument;
  const struct sched_param first = {.sched_priority = 1};
  (void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &first); /* where the process may, it waits for no other program */
  for (size_t at = 0; at < playing->count; at++) {
    const uint32_t *step = playing->steps + at * STEP_WORDS;
    if (!wait_until(playing, step[AT_MS])) break;
    if (at + 1 == playing->count) playing->over = true;
    pthread_mutex_lock(&playing->lines);
    int result = (step[SET] | step[CLEAR]) == 0 ? 0 : change_lines(playing->fd, (int)step[SET], (int)step[CLEAR]);
    pthread_mutex_unlock(&playing->lines);
    if (result < 0) break;
    playing->driven = at + 1;
  }
  playing->over = true;
  return NULL;
}

static void release(struct playing *playing) {
  if (playing->fd >= 0) close(playing->fd);
  if (playing->stop >= 0) close(playing->stop);
  pthread_mutex_destroy(&playing->lines);
  free(playing);
}

/* No signal of the process is handled in it. Returns an error number. */
static int start_thread(struct playing *playing) {
  pthread_attr_t attributes;
  sigset_t every, before;
  sigfillset(&every);
  int error = pthread_attr_init(&attributes);
  if (error != 0) return error;
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  pthread_sigmask(SIG_SETMASK, &every, &before);
  clock_gettime(CLOCK_MONOTONIC, &playing->start);
  error = pthread_create(&playing->thread, &attributes, play, playing);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return error;
}

/* Returns the id of what plays now, for endLines. */
static napi_value play_lines(napi_env env, napi_callback_info info) {
  static int last_id;
  struct call call = begin(env, info);
  int fd = take_descriptor(&call);
  size_t count = (size_t)take_integer(&call, 1, MOST_STEPS);
  uint32_t *words = take_words(&call, count * STEP_WORDS);
  int lines;
  if (call.failed) return NULL;
  if (ioctl(fd, TIOCMGET, &lines) < 0) return outcome(&call, -1);
  struct playing *playing = calloc(1, sizeof *playing);
  if (playing == NULL) return outcome(&call, -1);
  pthread_mutex_init(&playing->lines, NULL);
  playing->count = count;
  for (size_t i = 0; i < count * STEP_WORDS; i++) playing->steps[i] = words[i];
  playing->given = fd;
  playing->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  playing->stop = eventfd(0, EFD_CLOEXEC);
  int error = playing->fd < 0 || playing->stop < 0 ? errno : start_thread(playing);
  if (error != 0) {
    release(playing);
    return number(&call, -error);
  }
  last_id = last_id == INT32_MAX ? 1 : last_id + 1;
  playing->id = last_id;
  playing->next = all;
  all = playing;
  return number(&call, playing->id);
}

/* How many steps were driven. -EBUSY: it still plays, and it is not to end now. Each id ends once. */
static napi_value end_lines(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int id = (int)take_integer(&call, 0, INT32_MAX);
  bool now = take_boolean(&call);
  if (call.failed) return NULL;
  struct playing **at = &all;
  while (*at != NULL && (*at)->id != id) at = &(*at)->next;
  struct playing *playing = *at;
  if (playing == NULL) return number(&call, -ENOENT);
  if (!now && !playing->over) return number(&call, -EBUSY);
  eventfd_write(playing->stop, 1);
  pthread_join(playing->thread, NULL);
  *at = playing->next;
  int64_t driven = (int64_t)playing->driven;
  release(playing);
  return number(&call, driven);
}

/* As change_lines, but not in the midst of a step of a pulse on the same device: it would be lost. */
int change_lines_now(int fd, int set, int clear) {
  struct playing *playing = all;
  while (playing != NULL && playing->given != fd) playing = playing->next;
  if (playing == NULL) return change_lines(fd, set, clear);
  pthread_mutex_lock(&playing->lines);
  int result = change_lines(fd, set, clear);
  int error = errno;
  pthread_mutex_unlock(&playing->lines);
  errno = error;
  return result;
}

const struct entry pulse_functions[] = {
    {"playLines", play_lines},
    {"endLines", end_lines},
    {NULL, NULL},
};
