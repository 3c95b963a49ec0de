/*
 * Watches descriptors with two epoll instances. A ready descriptor of the first one wakes the event loop at once, through a
 * libuv poll handle. The second one is looked at by a timer, at ticks that its descriptors have in common. Either way a wake-up
 * costs one epoll_wait and one call into JavaScript, however many descriptors are ready.
 */
#include "addon.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* The few parts of libuv's stable interface that are needed; its headers are not part of node-api-headers. */
typedef struct uv_poll_s uv_poll_t;
typedef struct uv_handle_s uv_handle_t;
typedef struct uv_timer_s uv_timer_t;
enum { UV_POLL_TYPE = 8, UV_TIMER_TYPE = 13, UV_READABLE = 1 };
size_t uv_handle_size(int type);
void uv_handle_set_data(uv_handle_t *handle, void *data);
void *uv_handle_get_data(const uv_handle_t *handle);
int uv_poll_init(struct uv_loop_s *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, void (*callback)(uv_poll_t *, int status, int events));
int uv_timer_init(struct uv_loop_s *loop, uv_timer_t *handle);
int uv_timer_start(uv_timer_t *handle, void (*callback)(uv_timer_t *), uint64_t timeout, uint64_t repeat);
int uv_timer_stop(uv_timer_t *handle);
void uv_ref(uv_handle_t *handle);
void uv_unref(uv_handle_t *handle);
void uv_close(uv_handle_t *handle, void (*callback)(uv_handle_t *));

/* Most events in one call; the rest keeps the epoll instance readable and comes with the next turn of the loop. */
#define BATCH 128
/* Most calls in one tick; the rest waits for the next tick. */
#define BATCHES_PER_TICK 8
/* After this many ticks without an event, JavaScript is called with a count of 0. */
#define QUIET_TICKS 32

enum { AT_ONCE, AT_TICKS };

struct poller {
  napi_env env;
  uv_handle_t *handle;
  uv_handle_t *timer;
  int epoll[2];
  int quiet_ticks;
  int open_handles;
  napi_ref batch;    /* Float64Array: id, events, id, events ... */
  double *slots;     /* the elements of batch; they do not move */
  napi_ref dispatch; /* (count) => void */
  napi_async_cleanup_hook_handle hook;
};

static struct poller *poller_of(struct call *call) {
  void *data = NULL;
  napi_get_instance_data(call->env, &data);
  return data;
}

static size_t collect(struct poller *poller, int epoll) {
  struct epoll_event events[BATCH];
  int count = epoll_wait(epoll, events, BATCH, 0);
  if (count <= 0) return 0;
  for (int i = 0; i < count; i++) {
    poller->slots[2 * i] = (double)events[i].data.u64;
    poller->slots[2 * i + 1] = events[i].events;
  }
  return (size_t)count;
}

static void dispatch(struct poller *poller, size_t ready) {
  napi_env env = poller->env;
  napi_value global, function, count, error;
  if (napi_get_global(env, &global) == napi_ok &&
      napi_get_reference_value(env, poller->dispatch, &function) == napi_ok &&
      napi_create_uint32(env, (uint32_t)ready, &count) == napi_ok &&
      napi_make_callback(env, NULL, global, function, 1, &count, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok)
    napi_fatal_exception(env, error); /* an ordinary uncaughtException */
}

/* Passes one batch of events to JavaScript. Returns its size. */
static size_t serve(struct poller *poller, int epoll) {
  napi_handle_scope scope;
  size_t ready = collect(poller, epoll);
  if (ready == 0 || napi_open_handle_scope(poller->env, &scope) != napi_ok) return 0;
  dispatch(poller, ready);
  napi_close_handle_scope(poller->env, scope);
  return ready;
}

static void on_ready(uv_poll_t *handle, int status, int events) {
  struct poller *poller = uv_handle_get_data((uv_handle_t *)handle);
  (void)status;
  (void)events;
  serve(poller, poller->epoll[AT_ONCE]);
}

static void on_tick(uv_timer_t *timer) {
  struct poller *poller = uv_handle_get_data((uv_handle_t *)timer);
  napi_handle_scope scope;
  size_t ready = serve(poller, poller->epoll[AT_TICKS]);
  for (int batches = 1; ready == BATCH && batches < BATCHES_PER_TICK; batches++)
    ready = serve(poller, poller->epoll[AT_TICKS]);
  if (ready > 0) {
    poller->quiet_ticks = 0;
  } else if (++poller->quiet_ticks == QUIET_TICKS && napi_open_handle_scope(poller->env, &scope) == napi_ok) {
    dispatch(poller, 0);
    napi_close_handle_scope(poller->env, scope);
  }
}

static void discard(struct poller *poller) {
  for (int which = AT_ONCE; which <= AT_TICKS; which++)
    if (poller->epoll[which] >= 0) close(poller->epoll[which]);
  free(poller->handle);
  free(poller->timer);
  free(poller);
}

static void on_closed(uv_handle_t *handle) {
  struct poller *poller = uv_handle_get_data(handle);
  if (--poller->open_handles > 0) return;
  napi_remove_async_cleanup_hook(poller->hook);
  discard(poller);
}

/* The environment ends (a worker thread, or the process): the loop must not keep our handles. */
static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  struct poller *poller = data;
  (void)hook;
  poller->open_handles = 2;
  uv_close(poller->handle, on_closed);
  uv_close(poller->timer, on_closed);
}

static int start(struct poller *poller) {
  struct uv_loop_s *loop;
  for (int which = AT_ONCE; which <= AT_TICKS; which++)
    if ((poller->epoll[which] = epoll_create1(EPOLL_CLOEXEC)) < 0) return -errno;
  poller->handle = calloc(1, uv_handle_size(UV_POLL_TYPE));
  poller->timer = calloc(1, uv_handle_size(UV_TIMER_TYPE));
  if (!poller->handle || !poller->timer || napi_get_uv_event_loop(poller->env, &loop) != napi_ok) return -ENOMEM;
  uv_handle_set_data(poller->handle, poller);
  int result = uv_poll_init(loop, (uv_poll_t *)poller->handle, poller->epoll[AT_ONCE]);
  if (result < 0) return result;
  /* Cannot fail, so no handle is left half open. */
  uv_timer_init(loop, (uv_timer_t *)poller->timer);
  uv_handle_set_data(poller->timer, poller);
  return 0;
}

/* pollStart(batch, dispatch): once for each environment, before the other calls. */
static napi_value poll_start(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  napi_value batch = take_any(&call), dispatch = take_any(&call);
  napi_typedarray_type type;
  napi_valuetype kind;
  size_t length = 0;
  double *slots = NULL;
  bool is_array = false;
  if (call.failed) return NULL;
  if (napi_is_typedarray(env, batch, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, batch, &type, &length, (void **)&slots, NULL, NULL) != napi_ok ||
      type != napi_float64_array || length < 2 * BATCH)
    refuse(&call, "a Float64Array of 256 is expected");
  if (napi_typeof(env, dispatch, &kind) != napi_ok || kind != napi_function) refuse(&call, "a function is expected");
  if (call.failed) return NULL;
  if (poller_of(&call)) return number(&call, -EALREADY);

  struct poller *poller = calloc(1, sizeof *poller);
  if (!poller) return number(&call, -ENOMEM);
  poller->env = env;
  poller->slots = slots;
  poller->epoll[AT_ONCE] = poller->epoll[AT_TICKS] = -1;
  int result = start(poller);
  if (result < 0) {
    discard(poller);
    return number(&call, result);
  }
  napi_create_reference(env, batch, 1, &poller->batch);
  napi_create_reference(env, dispatch, 1, &poller->dispatch);
  napi_add_async_cleanup_hook(env, on_environment_end, poller, &poller->hook);
  napi_set_instance_data(env, poller, NULL, NULL);
  uv_poll_start((uv_poll_t *)poller->handle, UV_READABLE, on_ready);
  uv_unref(poller->handle);
  uv_unref(poller->timer);
  return number(&call, 0);
}

/*
 * pollControl(operation, fd, id, events, at ticks): EPOLL_CTL_ADD 1, _DEL 2, _MOD 3. Events are level-triggered unless they
 * have EPOLLET. With no events, errors and hang-ups are reported still, but only once (EPOLLONESHOT): they would wake the loop
 * without end.
 */
static napi_value poll_control(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int operation = (int)take_integer(&call, EPOLL_CTL_ADD, EPOLL_CTL_MOD);
  int fd = take_descriptor(&call);
  int64_t id = take_integer(&call, 0, INT64_C(1) << 53);
  int64_t events = take_integer(&call, 0, UINT32_MAX);
  int which = take_boolean(&call) ? AT_TICKS : AT_ONCE;
  if (call.failed) return NULL;
  struct poller *poller = poller_of(&call);
  if (!poller) return number(&call, -EBADF);
  struct epoll_event event = {.events = events & 0xffff ? (uint32_t)events : EPOLLONESHOT, .data.u64 = (uint64_t)id};
  return outcome(&call, epoll_ctl(poller->epoll[which], operation, fd, &event));
}

/* pollTick(ms): the interval at which the second instance is looked at; 0: it is not. */
static napi_value poll_tick(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int64_t ms = take_integer(&call, 0, 1000);
  if (call.failed) return NULL;
  struct poller *poller = poller_of(&call);
  if (!poller) return number(&call, -EBADF);
  poller->quiet_ticks = 0;
  if (ms == 0) return number(&call, uv_timer_stop((uv_timer_t *)poller->timer));
  return number(&call, uv_timer_start((uv_timer_t *)poller->timer, on_tick, (uint64_t)ms, (uint64_t)ms));
}

/* pollHold(on): whether the poll handle keeps the process running. */
static napi_value poll_hold(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  bool on = take_boolean(&call);
  if (call.failed) return NULL;
  struct poller *poller = poller_of(&call);
  if (!poller) return number(&call, -EBADF);
  if (on)
    uv_ref(poller->handle);
  else
    uv_unref(poller->handle);
  return number(&call, 0);
}

const struct entry poll_functions[] = {
    {"pollStart", poll_start},
    {"pollControl", poll_control},
    {"pollTick", poll_tick},
    {"pollHold", poll_hold},
    {NULL, NULL},
};
