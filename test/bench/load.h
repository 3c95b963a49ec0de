/* The load generator: plays the serial devices (masters of pseudo-terminals) and the TCP clients of one peer. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PORTS_MAX = 512, CHUNK = 4096, READ_SIZE = 65536 };

/* ---- pattern.c: what is sent. A stream has no period shorter than PATTERN_LENGTH, so no loss goes unseen. */

enum { PATTERN_LENGTH = 65521 };

/* One direction of one port: sent and received count the bytes before telnet doubles any. */
struct stream {
  uint32_t seed;
  bool to_net;
  uint64_t sent, received, wrong;
  uint64_t owed; /* due by the pace, not sent yet */
  struct stamps *stamps; /* age.c */
  struct port *port;
};

void pattern_prepare(void);
/* The next bytes to send; READ_SIZE of them are there. */
const unsigned char *pattern_at(const struct stream *stream, uint64_t offset);
/* Counts what came, and what of it is not what was sent. */
void pattern_check(struct stream *stream, const unsigned char *bytes, size_t count);

/* ---- telnet.c */

struct telnet {
  int state, verb;
  unsigned char answered[2][32]; /* one bit an option, for DO and for WILL */
};

/* Takes commands out of what was read, in place; answers to them are put into `answers`, at most ANSWERS_MAX bytes. */
enum { ANSWERS_MAX = 256 };
size_t telnet_decode(struct telnet *telnet, unsigned char *bytes, size_t count, unsigned char *answers, size_t *answer_count);
size_t telnet_escape(const unsigned char *from, size_t count, unsigned char *to);

/* ---- port.c: one device and its client */

struct port {
  int index, master, slave, tcp, socket;
  char path[64];
  bool telnet_mode;
  struct telnet telnet;
  struct stream to_net, to_device;
  unsigned char unsent[2 * READ_SIZE]; /* wire bytes the socket did not take */
  size_t unsent_count;
};

void port_open_pty(struct port *port, int index, int tcp, bool telnet_mode);
/* Ends when a byte has gone through in each direction: the peer has the device open and set up. */
void port_connect(struct port *port);
void port_disconnect(struct port *port);
/* Sends up to `count` pattern bytes; fewer when the way is full. */
size_t port_send(struct stream *stream, size_t count);
bool port_flush(struct port *port);
/* Reads what is there, once, and checks it: the number of pattern bytes, -1 when the other side is gone. */
long port_receive(struct stream *stream);

/* ---- run.c */

struct group { /* ports from <= index < to */
  int from, to;
  bool to_net, to_device;
};

enum probe { NO_PROBE, ECHO, FRAME, DRIP, EXCHANGE };

struct plan {
  uint64_t length_ns;
  bool first; /* before other work, to keep the pace */
  struct group paced, bulk;
  double bytes_per_second;
  unsigned burst;
  enum probe probe;
  int probe_port;
  unsigned frame, answer; /* bytes */
  double probe_bytes_per_second; /* of the line, for DRIP and EXCHANGE */
  uint64_t gap_ns; /* mean pause between two probes */
};

/* Prints one line of JSON. */
void run(struct port **ports, int count, const struct plan *plan);

/* ---- probe.c: how long one keystroke, or one short frame, is on its way */

void probe_start(const struct plan *plan, struct port *port, uint64_t now);
/* Sends what is due; no new one from `end` on. */
void probe_send(uint64_t now, uint64_t end);
void probe_received(struct stream *stream, size_t count);
bool probe_waits(void);
uint64_t probe_due(void);
void probe_print(void);

/* ---- exchange.c: how much of the line a dialogue uses */

void exchange_start(const struct plan *plan, struct port *port);
/* Sends what is due; no new block from `end` on. */
void exchange_send(uint64_t now, uint64_t end);
void exchange_received(struct stream *stream, size_t count);
bool exchange_waits(void);
uint64_t exchange_due(void);
void exchange_print(void);

/* ---- age.c: how long the bytes of paced streams are on their way, in microseconds */

void age_start(void);
/* What was noted of the stream counts no more. */
void age_forget(struct stream *stream);
/* A write has been taken; `sent` counts it already. */
void age_sent(struct stream *stream, uint64_t now);
/* So many bytes have come; `received` counts them already. */
void age_received(struct stream *stream, size_t bytes, uint64_t now);
void age_print(void);

/* ---- noise.c: other clients of the same daemon, whose bytes nobody checks */

enum { NOISES_MAX = 16 };
struct noise {
  int tcp, socket;
  bool ask; /* sends again after the prompt; else as fast as it is taken */
  unsigned char payload[CHUNK];
  size_t length, offset;
  uint64_t sent, received, lost_connections;
  char last[3]; /* for the prompt */
};
extern struct noise noises[NOISES_MAX];
extern int noise_count;
void noise_connect(struct noise *noise);
void noise_ready(struct noise *noise, uint32_t events);

/* ---- load.c */

uint64_t now_ns(void);
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);
