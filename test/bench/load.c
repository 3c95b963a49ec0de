/*
 * load PORTS FIRST_TCP_PORT raw|telnet: opens as many pseudo-terminals, prints their names, then does what the lines on
 * standard input say. Each is answered with a line of JSON; the first thing that goes wrong ends it, with a reason.
 *
 *   connect FROM TO                        ports FROM up to, but not including, TO
 *   disconnect FROM TO
 *   run MS [first] [paced FROM TO net|device|both BYTES_PER_SECOND BURST]
 *          [bulk FROM TO net|device|both] [echo|frame|drip PORT BYTES BYTES_PER_SECOND GAP_MS]
 *          [exchange PORT BYTES ANSWER_BYTES BYTES_PER_SECOND]
 *   noise TCP_PORT flood|ask HEX           another client, from the next run on
 *   quiet                                  no more of those
 */
#define _GNU_SOURCE
#include "load.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static struct port *ports[PORTS_MAX];
static int port_count;

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

void fail(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fputs("load: ", stderr);
  vfprintf(stderr, format, list);
  fputs("\n", stderr);
  exit(1);
}

/* ---- words of the line being read */

static const char *word(void) {
  const char *next = strtok(NULL, " \n");
  if (next == NULL) fail("a word is missing");
  return next;
}

static double number(void) { return strtod(word(), NULL); }

static int port_index(void) {
  int index = (int)number();
  if (index < 0 || index > port_count) fail("no port %d", index);
  return index;
}

static struct group group(void) {
  struct group group = {.from = port_index(), .to = port_index()};
  const char *direction = word();
  bool both = strcmp(direction, "both") == 0;
  group.to_net = both || strcmp(direction, "net") == 0;
  group.to_device = both || strcmp(direction, "device") == 0;
  return group;
}

static size_t unhex(const char *hex, unsigned char *to) {
  size_t length = strlen(hex) / 2;
  if (length > CHUNK) fail("too long");
  for (size_t i = 0; i < length; i++)
    if (sscanf(hex + 2 * i, "%2hhx", &to[i]) != 1) fail("not hexadecimal: %s", hex);
  return length;
}

/* ---- commands */

static void connect_ports(void) {
  int from = port_index(), to = port_index();
  for (int i = from; i < to; i++) port_connect(ports[i]);
}

static void disconnect_ports(void) {
  int from = port_index(), to = port_index();
  for (int i = from; i < to; i++) port_disconnect(ports[i]);
}

static void read_probe(struct plan *plan, const char *name) {
  static const char *const names[] = {"", "echo", "frame", "drip", "exchange"};
  for (plan->probe = ECHO; strcmp(name, names[plan->probe]) != 0; plan->probe++)
    if (plan->probe == EXCHANGE) fail("unknown word %s", name);
  plan->probe_port = port_index();
  plan->frame = (unsigned)number();
  if (plan->probe == EXCHANGE) plan->answer = (unsigned)number();
  plan->probe_bytes_per_second = number();
  if (plan->probe != EXCHANGE) plan->gap_ns = (uint64_t)(number() * 1e6);
}

static void run_plan(void) {
  struct plan plan = {.length_ns = (uint64_t)(number() * 1e6)};
  for (const char *name; (name = strtok(NULL, " \n")) != NULL;) {
    if (strcmp(name, "first") == 0) {
      plan.first = true;
    } else if (strcmp(name, "paced") == 0) {
      plan.paced = group();
      plan.bytes_per_second = number();
      plan.burst = (unsigned)number();
    } else if (strcmp(name, "bulk") == 0) {
      plan.bulk = group();
    } else {
      read_probe(&plan, name);
    }
  }
  run(ports, port_count, &plan);
}

static void add_noise(void) {
  if (noise_count == NOISES_MAX) fail("too much noise");
  struct noise *noise = &noises[noise_count++];
  *noise = (struct noise){.tcp = (int)number(), .socket = -1};
  noise->ask = strcmp(word(), "ask") == 0;
  noise->length = unhex(word(), noise->payload);
}

static void end_noise(void) {
  for (int i = 0; i < noise_count; i++)
    if (noises[i].socket >= 0) close(noises[i].socket);
  noise_count = 0;
}

static void obey(char *line) {
  const char *command = strtok(line, " \n");
  if (command == NULL) return;
  if (strcmp(command, "run") == 0) {
    run_plan();
    return;
  }
  if (strcmp(command, "connect") == 0) connect_ports();
  else if (strcmp(command, "disconnect") == 0) disconnect_ports();
  else if (strcmp(command, "noise") == 0) add_noise();
  else if (strcmp(command, "quiet") == 0) end_noise();
  else fail("unknown command %s", command);
  printf("{}\n");
}

int main(int count, char **words) {
  if (count != 4) fail("usage: load PORTS FIRST_TCP_PORT raw|telnet");
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_TIMERSLACK, 1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  pattern_prepare();
  int asked = atoi(words[1]), tcp = atoi(words[2]);
  if (asked < 1 || asked > PORTS_MAX) fail("1 to %d ports", PORTS_MAX);
  printf("{\"paths\":[");
  for (; port_count < asked; port_count++) {
    ports[port_count] = calloc(1, sizeof *ports[0]);
    if (ports[port_count] == NULL) fail("no memory");
    port_open_pty(ports[port_count], port_count, tcp + port_count, strcmp(words[3], "telnet") == 0);
    printf("%s\"%s\"", port_count > 0 ? "," : "", ports[port_count]->path);
  }
  printf("]}\n");
  char line[3 * CHUNK];
  while (fgets(line, sizeof line, stdin) != NULL) obey(line);
  return 0;
}
