/** Descriptions of the option words of a port line and of the escapes of texts, for the manual pages (scripts/man.ts). */
import type { DefaultValues } from "../service/config/configuration.js";
import type { FactLetter } from "../service/config/template.js";

export interface WordText {
  /** As they are written: `EVEN`, `hold=`. With `isFlag` each stands for itself and for `-` before it. */
  readonly words: readonly string[];
  readonly isFlag?: true;
  /** The name of the value behind `=`, where it is not one of a few words. */
  readonly value?: string;
  readonly text: string;
  /** The DEFAULT that sets it. */
  readonly default?: keyof DefaultValues;
  /** ser2net 3.5.4 does not have it. */
  readonly isOurs?: true;
}

const TRACE_FILES = ["tr=", "tw=", "tb="];

/** By section of ser2net.conf(5). Every word of the program has its row: the pages are not made without it. */
export const OPTION_TEXTS: Readonly<Record<string, readonly WordText[]>> = {
  "Line settings": [
    { words: ["1STOPBIT", "2STOPBITS"], text: "Stop bits.", default: "stopbits" },
    { words: ["5DATABITS", "6DATABITS", "7DATABITS", "8DATABITS"], text: "Data bits.", default: "databits" },
    {
      words: ["NONE", "EVEN", "ODD", "MARK", "SPACE", "none", "even", "odd", "mark", "space"],
      text: "Parity.",
      default: "parity",
    },
    { words: ["XONXOFF"], isFlag: true, text: "XON/XOFF flow control.", default: "xonxoff" },
    { words: ["RTSCTS"], isFlag: true, text: "RTS/CTS flow control.", default: "rtscts" },
    { words: ["LOCAL"], isFlag: true, text: "Modem control lines such as DCD are ignored.", default: "local" },
    {
      words: ["HANGUP_WHEN_DONE"],
      isFlag: true,
      text: "DTR and RTS fall when the device is closed.",
      default: "hangup_when_done",
    },
    {
      words: ["NOBREAK"],
      isFlag: true,
      text: "A break of the line is not cleared when the device is opened.",
      default: "nobreak",
    },
    { words: ["dtr=", "rts="], text: "State of DTR and RTS when the device is opened.", default: "dtr", isOurs: true },
    { words: ["rs485="], value: "NAME", text: "RS-485 settings, by the name of an RS485CONF line." },
  ],
  Connections: [
    { words: ["remctl"], isFlag: true, text: "Telnet clients may change the line by RFC 2217.", default: "remctl" },
    {
      words: ["kickolduser"],
      isFlag: true,
      text: "Where no connection slot is free, a new connection replaces the old one.",
      default: "kickolduser",
    },
    {
      words: ["max-connections="],
      value: "NUMBER",
      text: "Connections at the same time. Each gets the output of the device.",
      default: "max-connections",
    },
    {
      words: ["remaddr="],
      value: "ADDRESS[;ADDRESS]...",
      text: "Only these peers are admitted, each written as a network port; the port number 0 stands for any. The word may be repeated. On a UDP port an address with a port number is a fixed peer.",
      default: "remaddr",
    },
    {
      words: ["telnet_brk_on_sync"],
      isFlag: true,
      text: "A telnet SYNC sends a break.",
      default: "telnet_brk_on_sync",
    },
    {
      words: ["telnet-enter="],
      text: "What the device gets for CR LF from a telnet client without BINARY: CR LF, or one CR.",
      default: "telnet-enter",
      isOurs: true,
    },
    {
      words: ["writer="],
      text: "Which of several connections may write to the device: each, the one that came first, or the one that came last. The others watch.",
      default: "writer",
      isOurs: true,
    },
    {
      words: ["tls="],
      value: "NAME",
      text: "Peers are served by TLS, and no others: the name of a TLS line.",
      isOurs: true,
    },
    {
      words: ["tell-user"],
      isFlag: true,
      text: "A telnet client that finds the port in use is told by whom and for how long.",
      default: "tell-user",
      isOurs: true,
    },
    {
      words: ["hold="],
      value: "SECONDS",
      text: "How long connections stay while the device is away.",
      default: "hold",
      isOurs: true,
    },
    {
      words: ["always-open"],
      isFlag: true,
      text: "The device is open from the start on, whether there is a connection or not.",
      default: "always-open",
      isOurs: true,
    },
    {
      words: ["replay="],
      value: "BYTES",
      text: "The last bytes of the device that a new connection is shown first.",
      default: "replay",
      isOurs: true,
    },
    {
      words: ["mdns"],
      isFlag: true,
      text: "The port is announced in the network by mDNS, where avahi-daemon runs.",
      default: "mdns",
      isOurs: true,
    },
    { words: ["mdns="], value: "NAME", text: "As mdns, with this name, which has no blanks.", isOurs: true },
    {
      words: ["esp-auto-reset"],
      isFlag: true,
      text: "Resets that esptool requests by RFC 2217 are carried out in the order that ESP boards need.",
      default: "esp-auto-reset",
      isOurs: true,
    },
  ],
  "Delays and buffers": [
    {
      words: ["chardelay"],
      isFlag: true,
      text: "Characters of the device are collected for a moment before they are sent.",
      default: "chardelay",
    },
    { words: ["disable-chardelay"], isFlag: true, text: "The opposite of chardelay." },
    {
      words: ["chardelay-scale="],
      value: "NUMBER",
      text: "The delay, in tenths of the time of a character.",
      default: "chardelay-scale",
    },
    {
      words: ["chardelay-min="],
      value: "MICROSECONDS",
      text: "The shortest delay.",
      default: "chardelay-min",
    },
    {
      words: ["chardelay-max="],
      value: "MICROSECONDS",
      text: "The longest time that a character waits.",
      default: "chardelay-max",
    },
    {
      words: ["dev-to-net-bufsize=", "dev-to-tcp-bufsize="],
      value: "BYTES",
      text: "Size of one read from the device. The second word is the former name.",
      default: "dev-to-net-bufsize",
    },
    {
      words: ["net-to-dev-bufsize=", "tcp-to-dev-bufsize="],
      value: "BYTES",
      text: "Size of one read from a connection. The second word is the former name.",
      default: "net-to-dev-bufsize",
    },
  ],
  "Traces and LEDs": [
    {
      words: TRACE_FILES,
      value: "NAME",
      text: "What the device sends, what peers send, or both is appended to the file of this TRACEFILE line.",
    },
    { words: ["hexdump", "timestamp"], isFlag: true, text: "The form of all trace files of the port." },
    {
      words: ["tr-hexdump", "tr-timestamp", "tw-hexdump", "tw-timestamp", "tb-hexdump", "tb-timestamp"],
      isFlag: true,
      text: "The form of one of them.",
    },
    {
      words: ["trace-size="],
      value: "BYTES",
      text: "Before a trace file has more bytes than that it is renamed to FILE.1. 0: no limit.",
      default: "trace-size",
      isOurs: true,
    },
    {
      words: ["trace-keep="],
      value: "FILES",
      text: "How many old trace files are kept.",
      default: "trace-keep",
      isOurs: true,
    },
    {
      words: ["line-timestamp"],
      isFlag: true,
      text: "In a trace file without hexdump, each line of the device begins with the time (UTC).",
      default: "line-timestamp",
      isOurs: true,
    },
    {
      words: ["led-rx=", "led-tx="],
      value: "NAME",
      text: "The LED of this LED line flashes when the device sends, or when data is sent to it.",
    },
  ],
  "Serial over LAN": [
    {
      words: ["authenticated"],
      isFlag: true,
      text: "Packets carry an authentication code.",
      default: "authenticated",
    },
    { words: ["encrypted"], isFlag: true, text: "Packets are encrypted.", default: "encrypted" },
    {
      words: ["shared_serial_alert_fail", "shared_serial_alert_deferred", "shared_serial_alert_succeed"],
      text: "While another session has the console: connections are refused, wait for its end, or take it over.",
      default: "shared-serial-alert",
    },
    {
      words: ["deassert_CTS_DCD_DSR_on_connect"],
      isFlag: true,
      text: "CTS, DCD and DSR are off at the connection.",
      default: "deassert_CTS_DCD_DSR_on_connect",
    },
    {
      words: ["ack-timeout="],
      value: "MICROSECONDS",
      text: "When a packet without an answer is sent again.",
      default: "ack-timeout",
    },
    {
      words: ["ack-retries="],
      value: "NUMBER",
      text: "How often a packet is sent before the session counts as lost.",
      default: "ack-retries",
    },
  ],
};

/** The escapes that stand for a fact. */
export const FACT_TEXTS: Readonly<Record<FactLetter, string>> = {
  d: "device name; in the name of a file without its folder",
  o: "device name as the port line has it: the name of a DEVICE line",
  p: "network port",
  B: "line settings, such as 9600N81",
  s: "line settings; in the name of a file the second",
  I: "address of the peer",
  Y: "year",
  y: "day of the year, from 0",
  M: "month: Jan, Feb, Mar",
  m: "month as a number, from 0",
  A: "day of the week: Mon, Tue",
  D: "day of the month",
  H: "hour, 00 to 23",
  h: "hour, 01 to 12",
  i: "minute",
  S: "second",
  q: "am or pm",
  P: "AM or PM",
  T: "time, such as 17:05:09",
  e: "seconds since January 1, 1970",
  U: "microseconds in the second",
};
