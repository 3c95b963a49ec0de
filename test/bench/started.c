/*
 * started TCP_PORT READY_MS PROGRAM [ARGUMENT...]: how long PROGRAM takes from exec until it accepts connections, and
 * until it says READY=1 to a service manager (waited for READY_MS after it listens). With TCP_PORT 0: until it ends.
 * Prints one line of JSON, in milliseconds; then the program is stopped.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STEP_US = 250, LONGEST_MS = 30000, STOP_MS = 8000 };

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* An abstract socket: nothing to remove. */
static int listen_for_ready(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char name[64];
  snprintf(name, sizeof name, "@ser2net-bench-%d", (int)getpid());
  memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
  if (bind(fd, (struct sockaddr *)&address, length) < 0) fail("bind");
  setenv("NOTIFY_SOCKET", name, 1);
  return fd;
}

static bool says_ready(int fd) {
  char text[4097];
  ssize_t count;
  while ((count = recv(fd, text, sizeof text - 1, 0)) >= 0) {
    text[count] = '\0';
    if (strncmp(text, "READY=1", 7) == 0 || strstr(text, "\nREADY=1") != NULL) return true;
  }
  return false;
}

static bool accepts(int tcp) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)tcp), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bool open = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
  close(fd);
  return open;
}

static void stop(pid_t child) {
  kill(child, SIGTERM);
  for (double end = now_ms() + STOP_MS; now_ms() < end; usleep(1000))
    if (waitpid(child, NULL, WNOHANG) == child) return;
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

static pid_t start(char **words) {
  pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execvp(words[0], words);
  fail(words[0]);
  return -1;
}

int main(int count, char **words) {
  if (count < 4) return 2;
  int tcp = atoi(words[1]), notify = listen_for_ready();
  double ready_wait = atof(words[2]), listening = -1, ready = -1, began = now_ms();
  pid_t child = start(words + 3);
  if (tcp == 0) {
    waitpid(child, NULL, 0);
    printf("{\"ended\":%.3f}\n", now_ms() - began);
    return 0;
  }
  for (double now; (now = now_ms() - began) < LONGEST_MS; usleep(STEP_US)) {
    if (ready < 0 && says_ready(notify)) ready = now_ms() - began;
    if (listening < 0 && accepts(tcp)) listening = now_ms() - began;
    if (listening >= 0 && (ready >= 0 || now > listening + ready_wait)) break;
    if (waitpid(child, NULL, WNOHANG) == child) break;
  }
  printf("{\"listening\":%.3f,\"ready\":%.3f}\n", listening, ready);
  stop(child);
  return 0;
}
