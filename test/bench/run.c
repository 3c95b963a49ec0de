/* One measured run: paced and unpaced streams, a latency probe, noise; then everything is waited for and counted. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 16, BURSTS_PER_TURN = 16 };
#define MS 1000000ull
#define LATE_NS (1 * MS)
#define GIVE_UP_NS (5000 * MS) /* nothing came for so long: the rest is lost */
#define DRAIN_STEP_NS (1 * MS)
#define RECONNECT_NS (10 * MS)

enum kind { MASTER, SOCKET, NOISE };

static struct port **ports;
static int port_count, epoll_fd, gone;
static const struct plan *plan;
static uint64_t start_ns, end_ns, last_received_ns;

static struct {
  struct stream *streams[2 * PORTS_MAX];
  uint64_t stream_count, next, total, late;
  double interval_ns;
} paced;

/* ---- epoll */

static uint64_t key(enum kind kind, int index) { return (uint64_t)kind << 32 | (uint32_t)index; }

static void watch(int operation, int fd, uint64_t data, bool writable) {
  struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0u), .data.u64 = data};
  if (epoll_ctl(epoll_fd, operation, fd, &event) < 0) fail("epoll: %s", strerror(errno));
}

static bool in_group(const struct group *group, int index) { return index >= group->from && index < group->to; }

static void watch_ports(int operation, bool bulk) {
  for (int i = 0; i < port_count; i++) {
    if (ports[i]->socket < 0) continue;
    bool both = bulk && in_group(&plan->bulk, i);
    watch(operation, ports[i]->master, key(MASTER, i), both && plan->bulk.to_net);
    watch(operation, ports[i]->socket, key(SOCKET, i), both && plan->bulk.to_device);
  }
}

/* ---- pace: the bursts of all streams are spread evenly, each stream at its own phase */

static void prepare_pace(void) {
  paced.stream_count = paced.next = paced.total = paced.late = 0;
  for (int i = plan->paced.from; i < plan->paced.to; i++) {
    if (plan->paced.to_net) paced.streams[paced.stream_count++] = &ports[i]->to_net;
    if (plan->paced.to_device) paced.streams[paced.stream_count++] = &ports[i]->to_device;
  }
  if (paced.stream_count == 0) return;
  paced.interval_ns = plan->burst * 1e9 / plan->bytes_per_second / (double)paced.stream_count;
  paced.total = (uint64_t)((double)plan->length_ns / paced.interval_ns);
}

static uint64_t burst_due(uint64_t number) { return start_ns + (uint64_t)((double)number * paced.interval_ns); }

/* A burst is a write of its own, even when it is late. */
static void send_owed(struct stream *stream) {
  while (stream->owed > 0) {
    size_t sent = port_send(stream, stream->owed < plan->burst ? stream->owed : plan->burst);
    if (sent == 0) return;
    age_sent(stream, now_ns());
    stream->owed -= sent;
  }
}

static void send_bursts(uint64_t now) {
  for (int left = BURSTS_PER_TURN; left > 0 && paced.next < paced.total; left--) {
    uint64_t due = burst_due(paced.next);
    if (due > now) return;
    struct stream *stream = paced.streams[paced.next++ % paced.stream_count];
    paced.late += now - due > LATE_NS;
    stream->owed += plan->burst;
    send_owed(stream);
  }
}

/* ---- the loop */

static void received(struct stream *stream) {
  struct port *port = stream->port;
  long count = port_receive(stream);
  if (count < 0 && stream->to_net) {
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, port->socket, NULL);
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, port->master, NULL);
    port_disconnect(port);
    gone++;
    return;
  }
  if (count <= 0) return;
  last_received_ns = now_ns();
  age_received(stream, (size_t)count, last_received_ns);
  if (plan->probe != NO_PROBE && port->index == plan->probe_port) probe_received(stream, (size_t)count);
}

static void handle(const struct epoll_event *event) {
  enum kind kind = (enum kind)(event->data.u64 >> 32);
  int index = (int)(uint32_t)event->data.u64;
  if (kind == NOISE) {
    noise_ready(&noises[index], event->events);
    return;
  }
  struct port *port = ports[index];
  if (event->events & ~(uint32_t)EPOLLOUT) received(kind == MASTER ? &port->to_device : &port->to_net);
  if (event->events & EPOLLOUT && port->socket >= 0) port_send(kind == MASTER ? &port->to_net : &port->to_device, CHUNK);
}

static bool is_probe(const struct epoll_event *event) {
  return plan->probe != NO_PROBE && event->data.u64 >> 32 != NOISE && (int)(uint32_t)event->data.u64 == plan->probe_port;
}

static void wait_until(uint64_t due) {
  struct epoll_event events[EVENTS];
  uint64_t now = now_ns(), left = due > now ? due - now : 0;
  struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000), .tv_nsec = (long)(left % 1000000000)};
  int count = epoll_pwait2(epoll_fd, events, EVENTS, &timeout, NULL);
  for (int i = 0; i < count; i++)
    if (is_probe(&events[i])) handle(&events[i]);
  for (int i = 0; i < count; i++)
    if (!is_probe(&events[i])) handle(&events[i]);
}

/* All that was sent has come; what could not be sent yet is tried again. */
static bool settled(void) {
  bool all = !probe_waits();
  for (int i = 0; i < port_count; i++) {
    if (ports[i]->socket < 0) continue;
    struct stream *both[2] = {&ports[i]->to_net, &ports[i]->to_device};
    port_flush(ports[i]);
    for (int j = 0; j < 2; j++) {
      send_owed(both[j]);
      all = all && both[j]->owed == 0 && both[j]->received >= both[j]->sent;
    }
  }
  return all;
}

static void watch_noise(uint64_t now) {
  static uint64_t next;
  if (now < next) return;
  next = now + RECONNECT_NS;
  for (int i = 0; i < noise_count; i++) {
    if (noises[i].socket >= 0) continue;
    noise_connect(&noises[i]);
    if (noises[i].socket >= 0) watch(EPOLL_CTL_ADD, noises[i].socket, key(NOISE, i), !noises[i].ask);
  }
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

static void loop(void) {
  bool ended = false;
  for (;;) {
    uint64_t now = now_ns();
    probe_send(now, end_ns);
    send_bursts(now);
    if (noise_count > 0) watch_noise(now);
    if (!ended && now >= end_ns) {
      ended = true;
      watch_ports(EPOLL_CTL_MOD, false);
    }
    if (ended && paced.next == paced.total) {
      if (settled() || now > last_received_ns + GIVE_UP_NS) return;
      wait_until(least(now + DRAIN_STEP_NS, probe_due()));
      continue;
    }
    uint64_t due = paced.next < paced.total ? burst_due(paced.next) : UINT64_MAX;
    if (noise_count > 0) due = least(due, now + RECONNECT_NS);
    wait_until(least(least(due, probe_due()), ended ? UINT64_MAX : end_ns));
  }
}

/*
 * Bytes come from a line and from a remote host: they do not wait for a CPU of this machine. So a run that is paced can
 * go before other work, where that is permitted; one that takes all it gets must share the CPU like any process.
 */
static void go_first(bool first) {
  struct sched_param parameters = {.sched_priority = first ? 1 : 0};
  sched_setscheduler(0, first ? SCHED_FIFO : SCHED_OTHER, &parameters); /* else the count of late bursts tells */
}

static double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct count {
  uint64_t sent, received, wrong, missing, surplus;
};

static void add(struct count *sum, const struct stream *stream) {
  sum->sent += stream->sent;
  sum->received += stream->received;
  sum->wrong += stream->wrong;
  if (stream->sent > stream->received) sum->missing += stream->sent - stream->received;
  else sum->surplus += stream->received - stream->sent;
}

static struct count count_all(bool to_net) {
  struct count sum = {0};
  for (int i = 0; i < port_count; i++) add(&sum, to_net ? &ports[i]->to_net : &ports[i]->to_device);
  return sum;
}

static void print_count(const char *name, struct count before, struct count after) {
  printf("\"%s\":{\"sent\":%lu,\"received\":%lu,\"wrong\":%lu,\"missing\":%lu,\"surplus\":%lu},", name,
         after.sent - before.sent, after.received - before.received, after.wrong - before.wrong, after.missing,
         after.surplus);
}

static void print_noise(void) {
  printf("\"noise\":[");
  for (int i = 0; i < noise_count; i++) {
    printf("%s{\"sent\":%lu,\"received\":%lu,\"lost\":%lu}", i > 0 ? "," : "", noises[i].sent, noises[i].received,
           noises[i].lost_connections);
    noises[i].sent = noises[i].received = noises[i].lost_connections = 0;
  }
  printf("]");
}

void run(struct port **all, int count, const struct plan *the_plan) {
  ports = all;
  port_count = count;
  plan = the_plan;
  gone = 0;
  for (int i = 0; i < count; i++) { /* what an earlier run lost is not lost again */
    ports[i]->to_net.received = ports[i]->to_net.sent;
    ports[i]->to_device.received = ports[i]->to_device.sent;
    age_forget(&ports[i]->to_net);
    age_forget(&ports[i]->to_device);
  }
  struct count before[2] = {count_all(false), count_all(true)};
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  watch_ports(EPOLL_CTL_ADD, true);
  for (int i = 0; i < noise_count; i++)
    if (noises[i].socket >= 0) watch(EPOLL_CTL_ADD, noises[i].socket, key(NOISE, i), !noises[i].ask);
  go_first(plan->first);
  double cpu = cpu_seconds();
  start_ns = last_received_ns = now_ns();
  end_ns = start_ns + plan->length_ns;
  prepare_pace();
  age_start();
  probe_start(plan, ports[plan->probe_port], start_ns);
  loop();
  go_first(false);
  close(epoll_fd);

  double seconds = (double)(last_received_ns - start_ns) / 1e9;
  printf("{\"seconds\":%.6f,\"loadCpu\":%.6f,", seconds, cpu_seconds() - cpu);
  print_count("toDevice", before[0], count_all(false));
  print_count("toNet", before[1], count_all(true));
  printf("\"gone\":%d,\"bursts\":%lu,\"late\":%lu,", gone, paced.total, paced.late);
  age_print();
  probe_print();
  print_noise();
  printf("}\n");
}
