/* storm FIRST COUNT: connects to COUNT TCP ports of the loopback in turn and closes at once, until it is ended; does not wait
 * for anything. At SIGTERM it prints how many connections were made. It gives way to the others, as it stands for another
 * machine. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void end(int number) {
  (void)number;
  ended = 1;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int first = atoi(argv[1]), count = atoi(argv[2]);
  unsigned long made = 0;
  signal(SIGTERM, end);
  if (nice(10) < 0) return 1;
  for (int at = 0; !ended; at = (at + 1) % count) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) continue;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)(first + at)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connect(fd, (struct sockaddr *)&address, sizeof address); /* on the loopback it is made at once, or not at all */
    struct sockaddr_in peer;
    socklen_t peer_size = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0) made++;
    close(fd);
  }
  printf("%lu\n", made);
  return 0;
}
