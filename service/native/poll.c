/*
 * Descriptor watching: one epoll instance for all descriptors, itself watched by one libuv poll handle. A wake-up of
 * the loop costs one epoll_wait and one call into JavaScript, however many descriptors are ready.
 */
#include "addon.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

/* The few parts of libuv's stable interface that are needed; its headers are no part of node-api-headers. */
typedef struct uv_poll_s uv_poll_t;
typedef struct uv_handle_s uv_handle_t;
enum { UV_POLL_TYPE = 8, UV_READABLE = 1 };
size_t uv_handle_size(int type);
void uv_handle_set_data(uv_handle_t *handle, void *data);
void *uv_handle_get_data(const uv_handle_t *handle);
int uv_poll_init(struct uv_loop_s *loop, uv_poll_t *handle, int fd);
int uv_poll_start(uv_poll_t *handle, int events, void (*callback)(uv_poll_t *, int status, int events));
void uv_ref(uv_handle_t *handle);
void uv_unref(uv_handle_t *handle);
void uv_close(uv_handle_t *handle, void (*callback)(uv_handle_t *));

/* What one wake-up takes; the rest keeps the epoll instance readable and comes with the next turn of the loop. */
#define BATCH 128

struct poller {
  napi_env env;
  uv_handle_t *handle;
  int epoll;
  napi_ref batch;    /* Float64Array: id, events, id, events ... */
  napi_ref dispatch; /* (count) => void */
  napi_async_cleanup_hook_handle hook;
};

static struct poller *poller_of(struct call *call) {
  void *data = NULL;
  napi_get_instance_data(call->env, &data);
  return data;
}

static size_t collect(struct poller *poller) {
  struct epoll_event events[BATCH];
  napi_value batch;
  napi_typedarray_type type;
  size_t length = 0;
  double *slots = NULL;
  if (napi_get_reference_value(poller->env, poller->batch, &batch) != napi_ok ||
      napi_get_typedarray_info(poller->env, batch, &type, &length, (void **)&slots, NULL, NULL) != napi_ok ||
      length < 2 * BATCH)
    return 0;
  int count = epoll_wait(poller->epoll, events, BATCH, 0);
  for (int i = 0; i < count; i++) {
    slots[2 * i] = (double)events[i].data.u64;
    slots[2 * i + 1] = events[i].events;
  }
  return count > 0 ? (size_t)count : 0;
}

static void on_ready(uv_poll_t *handle, int status, int events) {
  struct poller *poller = uv_handle_get_data((uv_handle_t *)handle);
  napi_env env = poller->env;
  napi_handle_scope scope;
  napi_value global, dispatch, count, error;
  (void)status;
  (void)events;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  size_t ready = collect(poller);
  if (ready > 0 && napi_get_global(env, &global) == napi_ok &&
      napi_get_reference_value(env, poller->dispatch, &dispatch) == napi_ok &&
      napi_create_uint32(env, (uint32_t)ready, &count) == napi_ok &&
      napi_make_callback(env, NULL, global, dispatch, 1, &count, NULL) == napi_pending_exception &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok)
    napi_fatal_exception(env, error); /* an ordinary uncaughtException */
  napi_close_handle_scope(env, scope);
}

static void on_closed(uv_handle_t *handle) {
  struct poller *poller = uv_handle_get_data(handle);
  close(poller->epoll);
  napi_remove_async_cleanup_hook(poller->hook);
  free(handle);
  free(poller);
}

/* The environment ends (a worker thread, or the process): the loop must not keep our handle. */
static void on_environment_end(napi_async_cleanup_hook_handle hook, void *data) {
  struct poller *poller = data;
  (void)hook;
  uv_close(poller->handle, on_closed);
}

static int start(struct poller *poller) {
  struct uv_loop_s *loop;
  poller->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (poller->epoll < 0) return -errno;
  poller->handle = calloc(1, uv_handle_size(UV_POLL_TYPE));
  if (!poller->handle || napi_get_uv_event_loop(poller->env, &loop) != napi_ok) return -ENOMEM;
  uv_handle_set_data(poller->handle, poller);
  return uv_poll_init(loop, (uv_poll_t *)poller->handle, poller->epoll);
}

/* pollStart(batch, dispatch): once for each environment, before the other two. */
static napi_value poll_start(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  napi_value batch = take_any(&call), dispatch = take_any(&call);
  napi_typedarray_type type;
  napi_valuetype kind;
  size_t length = 0;
  bool is_array = false;
  if (call.failed) return NULL;
  if (napi_is_typedarray(env, batch, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, batch, &type, &length, NULL, NULL, NULL) != napi_ok ||
      type != napi_float64_array || length < 2 * BATCH)
    refuse(&call, "a Float64Array of 256 is expected");
  if (napi_typeof(env, dispatch, &kind) != napi_ok || kind != napi_function) refuse(&call, "a function is expected");
  if (call.failed) return NULL;
  if (poller_of(&call)) return number(&call, -EALREADY);

  struct poller *poller = calloc(1, sizeof *poller);
  if (!poller) return number(&call, -ENOMEM);
  poller->env = env;
  int result = start(poller);
  if (result < 0) {
    if (poller->epoll >= 0) close(poller->epoll);
    free(poller->handle);
    free(poller);
    return number(&call, result);
  }
  napi_create_reference(env, batch, 1, &poller->batch);
  napi_create_reference(env, dispatch, 1, &poller->dispatch);
  napi_add_async_cleanup_hook(env, on_environment_end, poller, &poller->hook);
  napi_set_instance_data(env, poller, NULL, NULL);
  uv_poll_start((uv_poll_t *)poller->handle, UV_READABLE, on_ready);
  uv_unref(poller->handle);
  return number(&call, 0);
}

/* pollControl(operation, fd, id, events): EPOLL_CTL_ADD 1, _DEL 2, _MOD 3. */
static napi_value poll_control(napi_env env, napi_callback_info info) {
  struct call call = begin(env, info);
  int operation = (int)take_integer(&call, EPOLL_CTL_ADD, EPOLL_CTL_MOD);
  int fd = take_descriptor(&call);
  int64_t id = take_integer(&call, 0, INT64_C(1) << 53);
  int64_t events = take_integer(&call, 0, 0xffff);
  if (call.failed) return NULL;
  struct poller *poller = poller_of(&call);
  if (!poller) return number(&call, -EBADF);
  struct epoll_event event = {.events = (uint32_t)events | EPOLLONESHOT, .data.u64 = (uint64_t)id};
  return outcome(&call, epoll_ctl(poller->epoll, operation, fd, &event));
}

/* pollHold(on): whether the watching keeps the process alive. */
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
    {"pollHold", poll_hold},
    {NULL, NULL},
};
