/*
 * A dialogue at the speed of the line: the client sends a block at once, the device takes it as fast as its line brings
 * it and answers, the client sends the next block as soon as it has the answer. So XMODEM, boot loaders and Modbus work.
 */
#include "load.h"

#include <stdio.h>

/* What a UART collects before it tells. */
enum { FIFO = 8 };

static const struct plan *plan;
static struct port *port;
static double byte_ns;
static uint64_t device_goal, net_goal; /* received when the block, or the answer, is whole */
static uint64_t line_free_ns, due_ns;
static unsigned left; /* of the answer */
static uint64_t started_ns, total_ns, exchanges;
static bool waiting;

void exchange_start(const struct plan *the_plan, struct port *the_port) {
  plan = the_plan;
  port = the_port;
  left = 0;
  total_ns = exchanges = 0;
  waiting = false;
  if (plan->probe == EXCHANGE) byte_ns = 1e9 / plan->probe_bytes_per_second;
}

static unsigned piece(void) { return left < FIFO ? left : FIFO; }

static void send_all(struct stream *stream, unsigned count) {
  if (port_send(stream, count) != count) fail("a piece of an exchange was not taken");
}

void exchange_send(uint64_t now, uint64_t end) {
  if (!waiting && now < end) {
    waiting = true;
    started_ns = line_free_ns = now_ns();
    device_goal = port->to_device.received + plan->frame;
    net_goal = port->to_net.received + plan->answer;
    send_all(&port->to_device, plan->frame);
  }
  if (left == 0 || now < due_ns) return;
  unsigned count = piece();
  left -= count;
  send_all(&port->to_net, count);
  due_ns += (uint64_t)(piece() * byte_ns);
}

void exchange_received(struct stream *stream, size_t count) {
  uint64_t now = now_ns();
  if (!waiting) return;
  if (!stream->to_net) {
    if (now > line_free_ns) line_free_ns = now;
    line_free_ns += (uint64_t)((double)count * byte_ns);
    if (port->to_device.received < device_goal) return;
    left = plan->answer;
    due_ns = line_free_ns + (uint64_t)(piece() * byte_ns);
  } else if (port->to_net.received >= net_goal) {
    total_ns += now - started_ns;
    exchanges++;
    waiting = false;
  }
}

bool exchange_waits(void) { return waiting; }

uint64_t exchange_due(void) { return left > 0 ? due_ns : waiting ? UINT64_MAX : 0; }

/* The share of the time in which the line carried something. */
void exchange_print(void) {
  double line_ns = byte_ns * (plan->frame + plan->answer) * (double)exchanges;
  printf("\"exchanges\":%llu,\"goodput\":%.4f,", (unsigned long long)exchanges,
         exchanges > 0 ? line_ns / (double)total_ns : 0);
}
