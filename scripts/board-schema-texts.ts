/** Descriptions of the keys of a board profile, for board-profiles/schema.json. A key without one does not compile. */
import type { PROFILE } from "../service/board/profile.js";

type SchemaOf<K> = K extends { readonly schema: infer S } ? S : never;
type TextOf<S> = S extends { readonly is: "object"; readonly keys: infer Keys }
  ? { readonly self: string; readonly keys: { readonly [Name in keyof Keys]: TextOf<SchemaOf<Keys[Name]>> } }
  : S extends { readonly is: "list"; readonly of: infer Item }
    ? { readonly self: string; readonly items: TextOf<Item> }
    : string;

const COMMENT = "For people. The daemon does not read it.";

const LINE = {
  self: "The line settings. A setting that is left out is the one of 9600 8N1 without flow control.",
  keys: {
    comment: COMMENT,
    speed: "In bits per second.",
    dataBits: "Data bits of a character.",
    parity: "Parity of a character.",
    stopBits: "Stop bits of a character.",
    flowControl: "How a full receiver stops the sender.",
    local: "LOCAL: modem control lines are ignored.",
    hangupWhenDone: "HANGUP_WHEN_DONE: DTR and RTS fall when the device is closed.",
    dtr: "DTR when the device is opened. Left out: the driver raises it.",
    rts: "RTS when the device is opened. Left out: the driver raises it.",
  },
};

const SERVICE = {
  comment: COMMENT,
  holdSeconds: "How many seconds connections are kept when the device goes away. 0 closes them at once.",
  state: "What travels between network and device. off: nothing, until the control port turns the port on.",
  timeoutSeconds: "Seconds without traffic after which a connection is closed. 0: never.",
  line: LINE,
  remctl: "RFC 2217: the peer may change the line settings.",
  kickolduser: "A new connection replaces the old one.",
  chardelay: "Whether characters are collected for a moment before they are sent.",
  alwaysOpen: "The device is open from the start on, whether there is a connection or not.",
  replayBytes: "The last bytes of the device that a new connection is shown. 0: none.",
  traceFile: "The file of what the device sends, a path in which the escapes of TRACEFILE count. Left out: none.",
  traceSize: "Bytes after which a trace file becomes an old one. 0: no limit.",
  traceKeep: "How many old trace files are kept. Left out: 4.",
  lineTimestamp: "Each line of the device in a trace begins with the time.",
  writer:
    "Which of several connections may write to the device: all of them, the first, or the last one. The others watch.",
  tellUser: "A telnet client that finds the port in use is told by whom and for how long.",
  espAutoReset: "Resets of esptool over RFC 2217 are recognised, and played in the time an ESP board needs.",
  mdns: "The port is announced by mDNS, where avahi-daemon runs.",
  telnetEnter: "What the device gets for CR LF from a telnet client without BINARY. crlf: CR LF. cr: one CR.",
  maxConnections: "Connections at the same time.",
};

const RS485 = {
  self: "Direction control of an RS-485 transceiver by the driver. Left out: the hardware does it.",
  keys: {
    delayBeforeMs: "Milliseconds between RTS and the first bit.",
    delayAfterMs: "Milliseconds between the last bit and RTS.",
    rtsOnSend: "True: RTS is on while sending. False: RTS is on while not sending.",
    rxDuringTx: "Whether sent bytes are received as well.",
  },
};

const SOL = {
  self: "For a SOL device.",
  keys: {
    authenticated: "Whether packets carry an authentication code. Left out: true.",
    encrypted: "Whether packets are encrypted. Left out: true.",
    sharedSerialAlert:
      "While another session has the console. fail: connections are refused. deferred: they wait. succeed: the console is taken over. Left out: fail.",
    deassertOnConnect: "Whether CTS, DCD and DSR are off at the connection. Left out: false.",
    ackTimeoutUs: "Microseconds until a packet without an answer is sent again. Left out: 1000000.",
    ackRetries: "How often a packet is sent before the session counts as lost. Left out: 10.",
  },
};

const PORT = {
  self: "One serial connector.",
  keys: {
    id: "The name of the port: a DEVICE name for ser2net.conf.",
    label: "The name printed on the case. Left out: the id.",
    connector: "The connector, in words.",
    device:
      "A name below /dev, an absolute path, or a path below /sys/devices for the tty that is found there; or a SOL device, sol.lan, without a password in it.",
    electrical: "The electrical interface.",
    lines: {
      self: "The modem lines that are wired. Without dcd the port is LOCAL. Left out: unknown.",
      items: "A modem line.",
    },
    maxSpeed: "The highest speed of driver and transceiver, in bits per second.",
    presence:
      "Whether the device must be there. required: the board is healthy only with it. absent: there is no such port.",
    networkPort: "As in ser2net.conf: [ipv4,|ipv6,][tcp,|udp,][host,]port. Left out: the port is only a DEVICE name.",
    ...SERVICE,
    leds: {
      self: "LEDs that show the state of this port: ids of leds.",
      keys: {
        rx: "Flashes when the device sends.",
        tx: "Flashes when data is sent to the device.",
        link: "On while a connection exists.",
        fault: "On while the device is missing or fails.",
      },
    },
    sol: SOL,
    rs485: RS485,
  },
};

const LED = {
  self: "One LED.",
  keys: {
    id: "The name of the LED: a LED name for ser2net.conf if its trigger is transient.",
    comment: COMMENT,
    sysfs: "Its directory below /sys/class/leds.",
    function: "What it shows. port: the state of a port. ok, fault: the state of the whole board.",
    trigger:
      "How it is lit. transient: it flashes. none: it is switched. Left out: transient for a port, none for the others.",
    durationMs: "Length of one flash, in milliseconds.",
    state: "Brightness during a flash. 0: for a LED that is on between flashes.",
  },
};

const MATCH = {
  self: "All values that are given must match.",
  keys: {
    compatible: "One of the compatible texts of the device tree. * stands for any text.",
    model: "The model of the device tree. * stands for any text.",
    dmi: {
      self: "Fields of /sys/class/dmi/id. * stands for any text.",
      keys: {
        sys_vendor: "Manufacturer of the system.",
        product_name: "Name of the product.",
        board_name: "Name of the mainboard.",
      },
    },
  },
};

export const TEXTS: TextOf<typeof PROFILE> = {
  self: "The serial ports and LEDs of one hardware model, for ser2net-edge. See docs/profiles.md.",
  keys: {
    $schema: "Where an editor finds this schema.",
    schema: "The version of this format.",
    id: "The name of the profile. The file is called id.json.",
    title: "The board, in a few words.",
    comment: COMMENT,
    extends: "The profile that this one changes, one level. Its own name stands for the file that it hides.",
    match: { self: "The hardware that this profile is for: one entry must match.", items: MATCH },
    controlPort: "The control port if ser2net.conf has no CONTROLPORT.",
    ports: { self: "The serial connectors, in the order in which they are printed on the case.", items: PORT },
    leds: { self: "The LEDs of the board.", items: LED },
    pulses: {
      self: "Pulses of DTR and RTS, for the command pulse.",
      items: {
        self: "One pulse.",
        keys: {
          id: "The name of the pulse.",
          comment: COMMENT,
          steps: "Lines that change together, then a time: DTR=0 RTS=1 100ms DTR=1 RTS=0.",
        },
      },
    },
    enumerate: {
      self: "Every serial device that exists and is not in ports becomes a port as well.",
      keys: { firstNetworkPort: "The network port of the first device. The others follow.", ...SERVICE },
    },
  },
};
