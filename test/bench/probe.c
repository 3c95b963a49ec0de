/*
 * Latency, one sample after the other, each after a pause of random length. echo: the client sends a byte, the device
 * sends one back, until the client has it. frame: the device sends some bytes at once, until the client has the last.
 * drip: the same, byte by byte at the speed of the line, counted from the last byte.
 */
#include "load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SAMPLES_MAX = 65536 };

static const struct plan *plan;
static struct port *port;
static uint64_t next_ns, sent_ns, goal;
static uint64_t drip_ns; /* when the next byte of the frame is due */
static unsigned left;    /* bytes of the frame not sent yet */
static bool waiting;
static uint32_t random_state, samples[SAMPLES_MAX]; /* nanoseconds */
static int sample_count;

static void pause_from(uint64_t now) {
  random_state ^= random_state << 13; /* xorshift32 */
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  next_ns = now + plan->gap_ns / 2 + random_state % plan->gap_ns;
  waiting = false;
}

void probe_start(const struct plan *the_plan, struct port *the_port, uint64_t now) {
  plan = the_plan;
  port = the_port;
  random_state = 2463534242u;
  sample_count = 0;
  left = 0;
  waiting = false;
  exchange_start(plan, port);
  if (plan->probe != NO_PROBE && plan->probe != EXCHANGE) pause_from(now);
}

void probe_send(uint64_t now, uint64_t end) {
  if (plan->probe == NO_PROBE) return;
  if (plan->probe == EXCHANGE) {
    exchange_send(now, end);
    return;
  }
  if (left == 0) {
    if (waiting || now < next_ns || now >= end) return;
    waiting = true;
    left = plan->frame;
    goal = port->to_net.received + left;
    drip_ns = now;
  }
  if (now < drip_ns) return;
  unsigned count = plan->probe == DRIP ? 1 : left;
  sent_ns = now_ns();
  if (port_send(plan->probe == ECHO ? &port->to_device : &port->to_net, count) != count) fail("a probe was not taken");
  left -= count;
  drip_ns += (uint64_t)(1e9 / plan->probe_bytes_per_second);
}

void probe_received(struct stream *stream, size_t count) {
  if (plan->probe == EXCHANGE) {
    exchange_received(stream, count);
    return;
  }
  if (!stream->to_net) {
    if (plan->probe == ECHO && port_send(&port->to_net, count) != count) fail("an echo was not taken");
    return;
  }
  if (!waiting || left > 0 || port->to_net.received < goal) return;
  uint64_t now = now_ns(), took = now - sent_ns;
  if (sample_count < SAMPLES_MAX) samples[sample_count++] = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
  pause_from(now);
}

bool probe_waits(void) { return plan->probe == EXCHANGE ? exchange_waits() : waiting; }

uint64_t probe_due(void) {
  if (plan->probe == EXCHANGE) return exchange_due();
  if (plan->probe == NO_PROBE || (waiting && left == 0)) return UINT64_MAX;
  return left > 0 ? drip_ns : next_ns;
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

static double quantile_us(double share) {
  if (sample_count == 0) return 0;
  int rank = (int)ceil(share * sample_count);
  return samples[rank - 1] / 1000.0;
}

void probe_print(void) {
  exchange_print();
  qsort(samples, (size_t)sample_count, sizeof samples[0], by_size);
  printf("\"probes\":%d,\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f,", sample_count, quantile_us(0.5), quantile_us(0.99),
         quantile_us(1));
}
