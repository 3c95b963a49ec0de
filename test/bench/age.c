/* How long bytes of paced streams are on their way: each write is stamped, and each byte that comes is compared with it. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STAMPS = 8192, BUCKETS = 50000 };
#define BUCKET_NS 10000ull /* the last bucket has all that is older than half a second */

struct stamp {
  uint64_t end; /* bytes of the stream, that write included */
  uint64_t ns;
};

struct stamps {
  struct stamp ring[STAMPS];
  uint64_t first, next;
};

static struct {
  uint64_t buckets[BUCKETS], bytes, unknown;
  double sum_ns;
} ages[2]; /* to the device, to the net */

void age_start(void) { memset(ages, 0, sizeof ages); }

void age_forget(struct stream *stream) {
  free(stream->stamps);
  stream->stamps = NULL;
}

void age_sent(struct stream *stream, uint64_t now) {
  if (stream->stamps == NULL && (stream->stamps = calloc(1, sizeof *stream->stamps)) == NULL) fail("no memory");
  struct stamps *stamps = stream->stamps;
  if (stamps->next - stamps->first == STAMPS) return; /* far behind: these bytes count as unknown */
  stamps->ring[stamps->next++ % STAMPS] = (struct stamp){.end = stream->sent, .ns = now};
}

static void count(bool to_net, uint64_t bytes, uint64_t age_ns) {
  uint64_t bucket = age_ns / BUCKET_NS;
  ages[to_net].buckets[bucket < BUCKETS ? bucket : BUCKETS - 1] += bytes;
  ages[to_net].bytes += bytes;
  ages[to_net].sum_ns += (double)bytes * (double)age_ns;
}

void age_received(struct stream *stream, size_t bytes, uint64_t now) {
  struct stamps *stamps = stream->stamps;
  if (stamps == NULL) return;
  uint64_t at = stream->received - bytes;
  while (at < stream->received && stamps->first < stamps->next) {
    const struct stamp *stamp = &stamps->ring[stamps->first % STAMPS];
    uint64_t end = stamp->end < stream->received ? stamp->end : stream->received;
    if (end > at) count(stream->to_net, end - at, now - stamp->ns);
    at = end > at ? end : at;
    if (stamp->end <= stream->received) stamps->first++;
    else return;
  }
  ages[stream->to_net].unknown += stream->received - at;
}

static double percentile(bool to_net, double share) {
  uint64_t below = 0, wanted = (uint64_t)((double)ages[to_net].bytes * share);
  int bucket = 0;
  while (bucket < BUCKETS - 1 && (below += ages[to_net].buckets[bucket]) <= wanted) bucket++;
  return ((double)bucket + 0.5) * (double)BUCKET_NS / 1e3;
}

static void print_one(const char *name, bool to_net) {
  double bytes = (double)ages[to_net].bytes;
  printf("\"%s\":{\"bytes\":%lu,\"unknown\":%lu,\"mean\":%.1f,\"p99\":%.1f}", name, ages[to_net].bytes,
         ages[to_net].unknown, bytes > 0 ? ages[to_net].sum_ns / bytes / 1e3 : 0, bytes > 0 ? percentile(to_net, 0.99) : 0);
}

void age_print(void) {
  printf("\"age\":{");
  print_one("toDevice", false);
  printf(",");
  print_one("toNet", true);
  printf("},");
}
