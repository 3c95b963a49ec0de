/*
 * How the functions of an addon take their arguments and hand results back.
 *
 * One rule for all functions: an argument of the wrong type, range or size throws and nothing happens; a failing
 * system call returns -errno as a number, which errors.ts turns into a SystemError where that is wanted.
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_ARGUMENTS 6

/* One call from JavaScript. After the first bad argument an exception is pending and `failed` stays true. */
struct call {
  napi_env env;
  napi_value arguments[MAX_ARGUMENTS];
  int taken;
  bool failed;
};

struct bytes {
  uint8_t *data;
  size_t length;
};

struct call begin(napi_env env, napi_callback_info info);

/* Each takes the next argument. What they return after a failure is zero and must not be used. */
napi_value take_any(struct call *call);
int64_t take_integer(struct call *call, int64_t low, int64_t high);
int take_descriptor(struct call *call);
bool take_boolean(struct call *call);
/* `data` is never NULL. */
struct bytes take_bytes(struct call *call);
/* A Uint32Array of at least `count` words. */
uint32_t *take_words(struct call *call, size_t count);
/* A string that fits `size` with its final NUL and holds no other NUL. */
void take_text(struct call *call, char *into, size_t size);
/* A path: bytes that fit `size` with a final NUL and hold no other NUL. */
void take_path(struct call *call, char *into, size_t size);
void refuse(struct call *call, const char *expected);

napi_value number(struct call *call, int64_t value);
/* The result of a system call: itself, or -errno when it is negative. */
napi_value outcome(struct call *call, int64_t result);

struct entry {
  const char *name;
  napi_callback function;
};

/* Sets each function of the list, which ends with a NULL name, on `exports`. */
bool export_functions(napi_env env, napi_value exports, const struct entry *entry);

#endif
