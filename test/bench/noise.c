/* Clients that make work: one that sends as fast as it is taken, one that asks again and again at a prompt. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct noise noises[NOISES_MAX];
int noise_count;

static const char PROMPT[3] = {'-', '>', ' '};

void noise_connect(struct noise *noise) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)noise->tcp), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    close(fd);
    return;
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
  noise->socket = fd;
  noise->offset = noise->ask ? noise->length : 0;
}

static void lose(struct noise *noise) {
  close(noise->socket);
  noise->socket = -1;
  noise->lost_connections++;
}

static void take_in(struct noise *noise) {
  static char bytes[READ_SIZE];
  ssize_t count = read(noise->socket, bytes, sizeof bytes);
  if (count == 0) lose(noise);
  if (count <= 0) return;
  noise->received += (uint64_t)count;
  char tail[sizeof noise->last + sizeof noise->last];
  size_t size = sizeof noise->last, fresh = (size_t)count < size ? (size_t)count : size;
  memcpy(tail, noise->last, size);
  memcpy(tail + size, bytes + count - fresh, fresh);
  memcpy(noise->last, tail + fresh, size);
}

void noise_ready(struct noise *noise, uint32_t events) {
  if (noise->socket < 0) return;
  if (events & ~(uint32_t)EPOLLOUT) take_in(noise);
  if (noise->socket < 0) return;
  if (noise->offset == noise->length) {
    if (noise->ask && memcmp(noise->last, PROMPT, sizeof PROMPT) != 0) return;
    noise->offset = 0;
    noise->last[0] = '\0';
  }
  ssize_t count = write(noise->socket, noise->payload + noise->offset, noise->length - noise->offset);
  if (count <= 0) return;
  noise->offset += (size_t)count;
  noise->sent += (uint64_t)count;
}
