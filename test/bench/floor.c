/*
 * floor TCP_PORT:DEVICE ...: the least that can be done. Each port has one client; what is read is written on at once,
 * what is not taken stops its source. No options, no telnet, no delays, no checks beyond what keeps the bytes right.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { READ_SIZE = 16384, EVENTS = 64 };

struct end {
  int fd;
  struct port *port;
  struct end *other;
  char *unsent; /* what `fd` has not taken yet of what `other` sent */
  size_t unsent_count;
};

struct port {
  struct end listener, device, client;
  char *path;
};

static int epoll_fd;
static char shared[READ_SIZE];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int operation, struct end *end) {
  uint32_t events = (end->unsent_count > 0 ? EPOLLOUT : 0u) | (end->other && end->other->unsent_count > 0 ? 0u : EPOLLIN);
  struct epoll_event event = {.events = events, .data.ptr = end};
  if (epoll_ctl(epoll_fd, operation, end->fd, &event) < 0) fail("epoll_ctl");
}

static void start_listening(struct port *port, int tcp) {
  int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)tcp), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0) fail("listen");
  port->listener = (struct end){.fd = fd, .port = port};
  watch(EPOLL_CTL_ADD, &port->listener);
}

static void hang_up(struct port *port) {
  struct end *ends[2] = {&port->device, &port->client};
  for (int i = 0; i < 2; i++) {
    if (ends[i]->fd >= 0) close(ends[i]->fd);
    free(ends[i]->unsent);
    *ends[i] = (struct end){.fd = -1};
  }
}

static void welcome(struct port *port) {
  int one = 1, client = accept4(port->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  hang_up(port); /* a new client replaces the old one */
  setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  int device = open(port->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  struct termios line;
  if (device < 0 || tcgetattr(device, &line) < 0) fail(port->path);
  cfmakeraw(&line);
  tcsetattr(device, TCSANOW, &line);
  port->device = (struct end){.fd = device, .port = port, .other = &port->client};
  port->client = (struct end){.fd = client, .port = port, .other = &port->device};
  watch(EPOLL_CTL_ADD, &port->device);
  watch(EPOLL_CTL_ADD, &port->client);
}

static void pass_on(struct end *from) {
  struct end *to = from->other;
  ssize_t count = read(from->fd, shared, sizeof shared);
  if (count < 0 && errno == EAGAIN) return;
  if (count <= 0) {
    hang_up(from->port);
    return;
  }
  ssize_t sent = write(to->fd, shared, (size_t)count);
  if (sent < 0) sent = 0;
  if (sent == count) return;
  to->unsent_count = (size_t)(count - sent);
  to->unsent = malloc(to->unsent_count);
  if (to->unsent == NULL) fail("malloc");
  memcpy(to->unsent, shared + sent, to->unsent_count);
  watch(EPOLL_CTL_MOD, to);
  watch(EPOLL_CTL_MOD, from);
}

static void flush(struct end *end) {
  ssize_t sent = write(end->fd, end->unsent, end->unsent_count);
  if (sent <= 0) return;
  end->unsent_count -= (size_t)sent;
  memmove(end->unsent, end->unsent + sent, end->unsent_count);
  if (end->unsent_count > 0) return;
  free(end->unsent);
  end->unsent = NULL;
  watch(EPOLL_CTL_MOD, end);
  watch(EPOLL_CTL_MOD, end->other);
}

static void handle(struct end *end, uint32_t events) {
  if (end->fd < 0) return;
  if (end == &end->port->listener) {
    welcome(end->port);
    return;
  }
  if (events & EPOLLOUT && end->unsent_count > 0) flush(end);
  if (events & ~(uint32_t)EPOLLOUT && end->other->unsent_count == 0) pass_on(end);
}

int main(int count, char **words) {
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  struct port *ports = calloc((size_t)count, sizeof *ports);
  if (ports == NULL) fail("calloc");
  for (int i = 1; i < count; i++) {
    struct port *port = &ports[i];
    port->path = strchr(words[i], ':');
    if (port->path == NULL) return 2;
    *port->path++ = '\0';
    port->device.fd = port->client.fd = -1;
    start_listening(port, atoi(words[i]));
  }
  for (;;) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(epoll_fd, events, EVENTS, -1);
    for (int i = 0; i < ready; i++) handle(events[i].data.ptr, events[i].events);
  }
}
