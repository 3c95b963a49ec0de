/* Bytes that can be told apart by their place. */
#include "load.h"

#include <string.h>

/* Twice and a read more: every run of bytes is in one piece. */
static unsigned char table[2 * PATTERN_LENGTH + READ_SIZE];

void pattern_prepare(void) {
  uint32_t random = 2463534242u; /* xorshift32 */
  for (size_t i = 0; i < PATTERN_LENGTH; i++) {
    random ^= random << 13;
    random ^= random >> 17;
    random ^= random << 5;
    table[i] = (unsigned char)(random >> 11);
  }
  for (size_t i = PATTERN_LENGTH; i < sizeof table; i++) table[i] = table[i - PATTERN_LENGTH];
}

const unsigned char *pattern_at(const struct stream *stream, uint64_t offset) {
  return table + (stream->seed + offset) % PATTERN_LENGTH;
}

void pattern_check(struct stream *stream, const unsigned char *bytes, size_t count) {
  const unsigned char *expected = pattern_at(stream, stream->received);
  stream->received += count;
  if (memcmp(expected, bytes, count) == 0) return;
  for (size_t i = 0; i < count; i++) stream->wrong += expected[i] != bytes[i];
}
