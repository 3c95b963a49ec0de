/* As much of RFC 854 as a client of binary data needs. */
#include "load.h"

enum { SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255 };
enum { BINARY = 0, ECHO_OPTION = 1, SUPPRESS_GO_AHEAD = 3 };
enum { DATA, COMMAND, OPTION, SUBOPTION, SUBOPTION_COMMAND };

/* Each offer or request is answered once, so that no answer answers an answer. */
static size_t answer(struct telnet *telnet, int verb, int option, unsigned char *to) {
  if (verb != DO && verb != WILL) return 0;
  unsigned char *seen = &telnet->answered[verb == WILL][option / 8];
  if (*seen & 1 << option % 8) return 0;
  *seen |= (unsigned char)(1 << option % 8);
  bool agreed = option == BINARY || option == SUPPRESS_GO_AHEAD || (verb == WILL && option == ECHO_OPTION);
  to[0] = IAC;
  to[1] = (unsigned char)(verb == DO ? (agreed ? WILL : WONT) : (agreed ? DO : DONT));
  to[2] = (unsigned char)option;
  return 3;
}

size_t telnet_decode(struct telnet *telnet, unsigned char *bytes, size_t count, unsigned char *answers, size_t *answer_count) {
  size_t kept = 0;
  *answer_count = 0;
  for (size_t i = 0; i < count; i++) {
    unsigned char byte = bytes[i];
    switch (telnet->state) {
      case DATA:
        if (byte == IAC) telnet->state = COMMAND;
        else bytes[kept++] = byte;
        break;
      case COMMAND:
        if (byte == IAC) bytes[kept++] = byte;
        telnet->verb = byte;
        telnet->state = byte == SB ? SUBOPTION : byte >= WILL && byte <= DONT ? OPTION : DATA;
        break;
      case OPTION:
        telnet->state = DATA;
        if (*answer_count + 3 <= ANSWERS_MAX) *answer_count += answer(telnet, telnet->verb, byte, answers + *answer_count);
        break;
      case SUBOPTION:
        if (byte == IAC) telnet->state = SUBOPTION_COMMAND;
        break;
      default:
        telnet->state = byte == SE ? DATA : SUBOPTION;
    }
  }
  return kept;
}

size_t telnet_escape(const unsigned char *from, size_t count, unsigned char *to) {
  size_t length = 0;
  for (size_t i = 0; i < count; i++) {
    to[length++] = from[i];
    if (from[i] == IAC) to[length++] = IAC;
  }
  return length;
}
