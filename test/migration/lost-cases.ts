/** What is lost of YAML files of ser2net 4, and how it is told. */
import { type Case, N81 } from "./carried-cases.js";

export const LOST: readonly Case[] = [
  {
    title: "a port that is off",
    yaml: "connection: &a\n  accepter: telnet,tcp,4042\n  enable: off\n  connector: serialdev,/dev/ttyS0\n",
    lines: [`4042:off:0:/dev/ttyS0:${N81}`],
    said: [
      "3:3: warning: The port is off (to switch it on, write telnet in place of off, or setportenable PORT telnet)",
    ],
  },
  {
    title: "what the program does anyway",
    yaml: "connection: &a\n  accepter: tcp,4043\n  connector: serialdev,/dev/ttyS0\n  options:\n    accepter-retry-time: 10\n    mdns: false\n    sendon: ''\n    authdir: /x\n",
    lines: [`4043:raw:0:/dev/ttyS0:${N81}`],
    said: [
      "5:5: warning: accepter-retry-time is not carried over (a network port that is in use is tried again after 1 to 30 s)",
    ],
  },
  {
    title: "a port number that goes on in the next line",
    yaml: "admin:\n  accepter: tcp,4\n\n    le\nconnection: &a\n  accepter: tcp,4049\n  connector: serialdev,/dev/ttyS0\n",
    lines: ["# admin is not carried over: accepter: a network port has no blanks", `4049:raw:0:/dev/ttyS0:${N81}`],
    said: ["1:1: admin is not carried over (accepter: a network port has no blanks)"],
  },
  {
    title: "layers that would leave the port open, and others that are not there",
    yaml: "connection: &a\n  accepter: telnet,mux,certauth,ssl,tcp,4044\n  connector: serialdev,/dev/ttyS0\nconnection: &b\n  accepter: certauth,tcp,4045\n  connector: serialdev,/dev/ttyS1\nconnection: &c\n  accepter: telnet,sctp,4046\n  connector: serialdev,/dev/ttyS2\nconnection: &d\n  accepter: tcp,4047\n  connector: telnet,tcp,192.0.2.3,23\nconnection: &e\n  accepter: dummy\n  connector: serialdev,/dev/ttyS3\nrotator: &r\n  accepter: tcp,4048\n  connections: [ *e ]\n",
    lines: [
      "# connection a is not carried over: accepter: several channels in one connection: there is no counterpart",
      "# connection b is not carried over: accepter: authentication is not carried over; without it the port would be open to all",
      "# connection c is not carried over: accepter: SCTP is not served",
      "# connection d is not carried over: connector: connections to other hosts have no counterpart",
      "# connection e is not carried over: accepter: a port needs a network port of its own",
      "# rotator r is not carried over: it has no connections",
    ],
    said: [
      "1:1: connection a is not carried over (accepter: several channels in one connection: there is no counterpart)",
      "4:1: connection b is not carried over (accepter: authentication is not carried over; without it the port would be open to all)",
      "7:1: connection c is not carried over (accepter: SCTP is not served)",
      "10:1: connection d is not carried over (connector: connections to other hosts have no counterpart)",
      "13:1: connection e is not carried over (accepter: a port needs a network port of its own)",
      "16:1: rotator r is not carried over (it has no connections)",
      "18:18: rotator r: e is not in it (it is not carried over)",
    ],
  },
  {
    title: "parts of a connection that are lost",
    yaml: "connection: &a\n  accepter: tcp(tcpd=off),192.0.2.1,4049,192.0.2.2,4049\n  connector: serialdev,/dev/ttyS0,9600n81,nosuch\n  timeout: soon\n  options:\n    mdns: true\n    mdns-txt: a=b\n    connback: tcp,192.0.2.8,99\n    nosuch: 1\n    max-connections: 0\n    kickolduser: maybe\n    remaddr: '!tcp,192.0.2.8,99'\n    led-rx: *none\n",
    lines: [`192.0.2.1,4049:raw:0:/dev/ttyS0:${N81} mdns=a remaddr=0`],
    said: [
      "2:3: A part of the accepter is not carried over (tcpd=off has no counterpart: hosts.allow and hosts.deny always count)",
      "2:3: A part of the accepter is not carried over (only the first address is served, not 192.0.2.2,4049)",
      "3:3: A word of the connector is not carried over (the word nosuch of a serial device is not known)",
      "4:3: timeout: soon is not carried over (expected seconds)",
      "7:5: mdns-txt is not carried over (interface, address and texts follow from the port)",
      "8:5: connback is not carried over (connections that the daemon makes itself have no counterpart)",
      "9:5: nosuch is not an option of ser2net 4",
      "10:5: max-connections: 0 is not carried over (expected a whole number from 1 to 65536)",
      "11:5: kickolduser: maybe is neither true nor false",
      "12:5: remaddr: !tcp,192.0.2.8,99 is not carried over (connections that the daemon makes itself have no counterpart)",
      "13:5: led-rx is not carried over (expected the alias of an led before this line)",
    ],
  },
  {
    title: "two connections on one network port",
    yaml: "connection: &a\n  accepter: tcp,4050\n  connector: serialdev,/dev/ttyS0\nconnection: &b\n  accepter: tcp,4050\n  connector: serialdev,/dev/ttyS1\n",
    lines: [
      `4050:raw:0:/dev/ttyS0:${N81}`,
      "# connection b is not carried over: its network port is that of connection a",
    ],
    said: ["4:1: connection b is not carried over (its network port is that of connection a)"],
  },
  {
    title: "a line that the reader of the configuration refuses",
    yaml: "connection: &a\n  accepter: tcp,nosuchservice\n  connector: serialdev,/dev/ttyS0\nconnection: &b\n  accepter: tcp,4051\n  connector: serialdev,/dev/ttyS1\n",
    lines: [`# nosuchservice:raw:0:/dev/ttyS0:${N81}`, `4051:raw:0:/dev/ttyS1:${N81}`],
    said: [
      "1:1: connection a is not carried over (port number was invalid, expected a port number or the name of a service)",
    ],
  },
  {
    title: "a definition of a port that is refused stays for the others that use it",
    yaml: "define: &hi hello\nconnection: &a\n  accepter: tcp,nosuchservice\n  connector: serialdev,/dev/ttyS0\n  options:\n    banner: *hi\nconnection: &b\n  accepter: tcp,4052\n  connector: serialdev,/dev/ttyS1\n  options:\n    banner: *hi\n",
    lines: ["BANNER:hi:hello", `# nosuchservice:raw:0:/dev/ttyS0:${N81} hi`, `4052:raw:0:/dev/ttyS1:${N81} hi`],
    said: [
      "2:1: connection a is not carried over (port number was invalid, expected a port number or the name of a service)",
    ],
  },
  {
    title: "TLS that would admit more peers, or has no counterpart",
    yaml:
      "connection: &a\n  accepter: ssl(clientauth),tcp,4053\n  connector: serialdev,/dev/ttyS0\n" +
      "connection: &b\n  accepter: ssl(CA=/dir/,clientauth),tcp,4054\n  connector: serialdev,/dev/ttyS1\n" +
      "connection: &c\n  accepter: ssl(mode=client),tcp,4055\n  connector: serialdev,/dev/ttyS2\n" +
      "connection: &d\n  accepter: ssl,telnet,tcp,4056\n  connector: serialdev,/dev/ttyS3\n" +
      "connection: &e\n  accepter: ssl,udp,4057\n  connector: serialdev,/dev/ttyS4\n" +
      "connection: &f\n  accepter: ssl(key=/my\\ key),tcp,4058\n  connector: serialdev,/dev/ttyS5\n" +
      "connection: &g\n  accepter: ssl(key=/k,cert=/c,CA=/ca,clientauth,nosuch=1),tcp,4059\n  connector: serialdev,/dev/ttyS6\n" +
      "rotator: &r\n  accepter: ssl,tcp,4060\n  connections: [ *g ]\nrotator: &s\n  accepter: tcp,4061\n  connections: [ *g ]\n" +
      "connection: &h\n  accepter: ssl(key=/k,cert=/c,CA=/ca,clientauth),tcp,4062\n  connector: serialdev,/dev/ttyS7\n  options:\n    allowed-users: 'a,b'\n",
    lines: [
      "# connection a is not carried over: accepter: clientauth without a file in CA= is not carried over: certificates in folders are not read, and without them the port would be open to all",
      "# connection b is not carried over: accepter: clientauth without a file in CA= is not carried over: certificates in folders are not read, and without them the port would be open to all",
      "# connection c is not carried over: accepter: ssl with mode=client: a port is a server of TLS",
      "# connection d is not carried over: accepter: ssl on top of telnet has no counterpart",
      "# connection e is not carried over: accepter: UDP is served without TLS",
      "# connection f is not carried over: accepter: key=/my key: a file of a TLS line has no blanks and no backslashes",
      "TLS:g-tls:cert=/c key=/k ca=/ca",
      `4059:raw:0:/dev/ttyS6:${N81} tls=g-tls`,
      "# rotator r is not carried over: a rotator is served without TLS",
      "# rotator s is not carried over: it has no connections",
      "TLS:h-tls:cert=/c key=/k ca=/ca allow=,",
      `4062:raw:0:/dev/ttyS7:${N81} tls=h-tls`,
    ],
    said: [
      "1:1: connection a is not carried over (accepter: clientauth without a file in CA= is not carried over: certificates in folders are not read, and without them the port would be open to all)",
      "4:1: connection b is not carried over (accepter: clientauth without a file in CA= is not carried over: certificates in folders are not read, and without them the port would be open to all)",
      "7:1: connection c is not carried over (accepter: ssl with mode=client: a port is a server of TLS)",
      "10:1: connection d is not carried over (accepter: ssl on top of telnet has no counterpart)",
      "13:1: connection e is not carried over (accepter: UDP is served without TLS)",
      "16:1: connection f is not carried over (accepter: key=/my key: a file of a TLS line has no blanks and no backslashes)",
      "19:1: The users of authdir are not carried over (authdir is not read: a peer needs a certificate of ca=; allow=NAME,... limits them)",
      "20:3: A part of the accepter is not carried over (the option nosuch=1 of ssl has no counterpart)",
      "22:1: rotator r is not carried over (a rotator is served without TLS)",
      "24:18: rotator r: g is not in it (a rotator leaves out ports with TLS)",
      "25:1: rotator s is not carried over (it has no connections)",
      "27:18: rotator s: g is not in it (a rotator leaves out ports with TLS)",
      "28:1: warning: allowed-users become allow= (authdir is not read: a peer needs a certificate of ca=)",
      "32:5: allowed-users: a,b is not carried over (a name in allow= has no comma, no blank and no backslash)",
    ],
  },
  {
    title: "a device whose line would take in the next one",
    yaml: "connection: &a\n  accepter: tcp,4075\n  connector: 'serialdev,/dev/a:b\\\\'\nconnection: &b\n  accepter: tcp,4076\n  connector: 'ipmisol\\,lan'\nconnection: &c\n  accepter: tcp,4077\n  connector: serialdev,/dev/ttyS0\n",
    lines: [
      "# DEVICE:a-device:/dev/a:b\\",
      `# 4075:raw:0:a-device:${N81}`,
      "# DEVICE:b-device:sol.\\",
      "# 4076:raw:0:b-device:9600",
      `4077:raw:0:/dev/ttyS0:${N81}`,
    ],
    said: [
      "1:1: connection a is not carried over (a line of ser2net.conf cannot end in a backslash)",
      "4:1: connection b is not carried over (a line of ser2net.conf cannot end in a backslash)",
      "6:3: A word of the connector is not carried over (the word lan of a SOL device is not known)",
    ],
  },
];
