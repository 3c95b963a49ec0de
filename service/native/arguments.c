/* How the functions of an addon take their arguments and hand results back. */
#include "arguments.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <string.h>

struct call begin(napi_env env, napi_callback_info info) {
  struct call call = {.env = env};
  size_t count = MAX_ARGUMENTS; /* N-API fills what is missing with undefined */
  if (napi_get_cb_info(env, info, &count, call.arguments, NULL, NULL) != napi_ok) refuse(&call, "a call");
  return call;
}

void refuse(struct call *call, const char *expected) {
  if (!call->failed) napi_throw_type_error(call->env, "ERR_INVALID_ARG_VALUE", expected);
  call->failed = true;
}

napi_value take_any(struct call *call) { return call->arguments[call->taken++]; }

int64_t take_integer(struct call *call, int64_t low, int64_t high) {
  napi_value argument = take_any(call);
  double value = 0;
  if (call->failed) return 0;
  if (napi_get_value_double(call->env, argument, &value) != napi_ok || !isfinite(value) || value != trunc(value) ||
      value < (double)low || value > (double)high) {
    refuse(call, "an integer within its range is expected");
    return 0;
  }
  return (int64_t)value;
}

int take_descriptor(struct call *call) { return (int)take_integer(call, 0, INT_MAX); }

bool take_boolean(struct call *call) {
  napi_value argument = take_any(call);
  bool value = false;
  if (!call->failed && napi_get_value_bool(call->env, argument, &value) != napi_ok)
    refuse(call, "a boolean is expected");
  return value;
}

static void *take_array(struct call *call, napi_typedarray_type wanted, size_t *length) {
  napi_value argument = take_any(call);
  napi_typedarray_type type;
  void *data = NULL;
  bool is_array = false;
  *length = 0;
  if (call->failed) return NULL;
  if (napi_is_typedarray(call->env, argument, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(call->env, argument, &type, length, &data, NULL, NULL) != napi_ok || type != wanted) {
    *length = 0;
    refuse(call, "a typed array of the right type is expected");
    return NULL;
  }
  return data;
}

struct bytes take_bytes(struct call *call) {
  static uint8_t nothing;
  struct bytes bytes;
  bytes.data = take_array(call, napi_uint8_array, &bytes.length);
  if (!bytes.data) bytes.data = &nothing; /* an array without elements; memcpy and its like take no NULL */
  return bytes;
}

uint32_t *take_words(struct call *call, size_t count) {
  size_t length;
  uint32_t *words = take_array(call, napi_uint32_array, &length);
  if (!call->failed && length < count) refuse(call, "the array is too short");
  return words;
}

void take_text(struct call *call, char *into, size_t size) {
  napi_value argument = take_any(call);
  size_t length = 0;
  into[0] = 0;
  if (call->failed) return;
  if (napi_get_value_string_utf8(call->env, argument, NULL, 0, &length) != napi_ok || length >= size ||
      napi_get_value_string_utf8(call->env, argument, into, size, &length) != napi_ok || strlen(into) != length)
    refuse(call, "a string that fits and holds no NUL is expected");
}

void take_path(struct call *call, char *into, size_t size) {
  struct bytes bytes = take_bytes(call);
  into[0] = 0;
  if (call->failed) return;
  if (bytes.length >= size || memchr(bytes.data, 0, bytes.length) != NULL) {
    refuse(call, "a path that holds no NUL is expected");
    return;
  }
  memcpy(into, bytes.data, bytes.length);
  into[bytes.length] = 0;
}

napi_value number(struct call *call, int64_t value) {
  napi_value result = NULL;
  napi_create_int64(call->env, value, &result);
  return result;
}

napi_value outcome(struct call *call, int64_t result) { return number(call, result < 0 ? -errno : result); }

bool export_functions(napi_env env, napi_value exports, const struct entry *entry) {
  for (; entry->name; entry++) {
    napi_value function;
    if (napi_create_function(env, entry->name, NAPI_AUTO_LENGTH, entry->function, NULL, &function) != napi_ok ||
        napi_set_named_property(env, exports, entry->name, function) != napi_ok)
      return false;
  }
  return true;
}
