/* One serial device, played through the master of a pseudo-terminal, and the client that reaches it over TCP. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_MS = 15000, RETRY_MS = 5, ANSWER_MS = 1000 };
/* What the client's side may hold, so that the end of an upload is not megabytes behind. */
enum { SEND_BUFFER = 131072 };

void port_open_pty(struct port *port, int index, int tcp, bool telnet_mode) {
  port->index = index;
  port->tcp = tcp;
  port->socket = -1;
  port->telnet_mode = telnet_mode;
  port->to_net = (struct stream){.seed = (uint32_t)index * 2654435761u % PATTERN_LENGTH, .to_net = true, .port = port};
  port->to_device = (struct stream){.seed = (uint32_t)(index + PORTS_MAX) * 2654435761u % PATTERN_LENGTH, .port = port};
  port->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (port->master < 0 || grantpt(port->master) < 0 || unlockpt(port->master) < 0 ||
      ptsname_r(port->master, port->path, sizeof port->path) != 0)
    fail("pseudo-terminal: %s", strerror(errno));
  /* Held open, so that the line lives while the peer has it closed; raw, so that nothing echoes before it opens it. */
  port->slave = open(port->path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  struct termios line;
  if (port->slave < 0 || tcgetattr(port->slave, &line) < 0) fail("%s: %s", port->path, strerror(errno));
  cfmakeraw(&line);
  tcsetattr(port->slave, TCSANOW, &line);
}

static int connect_once(int tcp) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int one = 1, size = SEND_BUFFER;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)tcp), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    close(fd);
    return -1;
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/* Sends one byte and waits for it: false when it does not come, or something else does. */
static bool goes_through(struct stream *stream) {
  struct port *port = stream->port;
  if (port_send(stream, 1) != 1) return false;
  uint64_t end = now_ns() + ANSWER_MS * 1000000ull;
  while (stream->received < stream->sent) {
    struct pollfd both[2] = {{.fd = port->master, .events = POLLIN}, {.fd = port->socket, .events = POLLIN}};
    uint64_t now = now_ns();
    if (now >= end || poll(both, 2, (int)((end - now) / 1000000 + 1)) < 0) return false;
    if (both[0].revents && port_receive(&port->to_device) < 0) return false;
    if (both[1].revents && port_receive(&port->to_net) < 0) return false;
    if (!port_flush(port)) return false;
  }
  return stream->wrong == 0 && stream->received == stream->sent;
}

/* As if nothing had ever been sent. */
static void restart(struct stream *stream) {
  stream->sent = stream->received = stream->wrong = stream->owed = 0;
  age_forget(stream);
}

void port_connect(struct port *port) {
  uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;
  for (;;) {
    tcflush(port->slave, TCIOFLUSH);
    restart(&port->to_net);
    restart(&port->to_device);
    port->socket = connect_once(port->tcp);
    if (port->socket >= 0 && goes_through(&port->to_device) && goes_through(&port->to_net)) return;
    port_disconnect(port);
    if (now_ns() > end) fail("port %d: no byte goes through", port->tcp);
    usleep(RETRY_MS * 1000);
  }
}

void port_disconnect(struct port *port) {
  if (port->socket >= 0) close(port->socket);
  port->socket = -1;
  port->unsent_count = 0;
  port->telnet = (struct telnet){0};
}

bool port_flush(struct port *port) {
  if (port->unsent_count == 0) return true;
  ssize_t count = write(port->socket, port->unsent, port->unsent_count);
  if (count < 0) return errno == EAGAIN;
  port->unsent_count -= (size_t)count;
  memmove(port->unsent, port->unsent + count, port->unsent_count);
  return true;
}

/* All of it is taken: the caller sends nothing more while something is unsent. */
static void send_on_wire(struct port *port, const unsigned char *bytes, size_t count) {
  ssize_t sent = port->unsent_count == 0 ? write(port->socket, bytes, count) : 0;
  if (sent < 0) sent = 0;
  size_t rest = count - (size_t)sent;
  if (rest == 0) return;
  if (port->unsent_count + rest > sizeof port->unsent) fail("port %d: too much unsent", port->tcp);
  memcpy(port->unsent + port->unsent_count, bytes + sent, rest);
  port->unsent_count += rest;
}

size_t port_send(struct stream *stream, size_t count) {
  struct port *port = stream->port;
  const unsigned char *bytes = pattern_at(stream, stream->sent);
  size_t sent = 0;
  if (!stream->to_net && port->telnet_mode) {
    if (port->unsent_count > 0 && (!port_flush(port) || port->unsent_count > 0)) return 0;
    static unsigned char escaped[2 * CHUNK];
    sent = count < CHUNK ? count : CHUNK;
    send_on_wire(port, escaped, telnet_escape(bytes, sent, escaped));
  } else {
    ssize_t result = write(stream->to_net ? port->master : port->socket, bytes, count);
    if (result > 0) sent = (size_t)result;
  }
  stream->sent += sent;
  return sent;
}

long port_receive(struct stream *stream) {
  static unsigned char bytes[READ_SIZE];
  struct port *port = stream->port;
  ssize_t count = read(stream->to_net ? port->socket : port->master, bytes, sizeof bytes);
  if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  if (count == 0) return -1;
  size_t kept = (size_t)count;
  if (stream->to_net && port->telnet_mode) {
    unsigned char answers[ANSWERS_MAX];
    size_t answer_count;
    kept = telnet_decode(&port->telnet, bytes, kept, answers, &answer_count);
    if (answer_count > 0) send_on_wire(port, answers, answer_count);
  }
  pattern_check(stream, bytes, kept);
  return (long)kept;
}
