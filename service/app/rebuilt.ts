/** Makes the states with which connections, control sessions and devices go on after a crash that left descriptors alone. */
import type { PortConfig } from "../config/configuration.js";
import { NO_BREAK } from "../device/break.js";
import type { ConnectionState, ControlSessionState, DeviceState, TelnetState } from "../handover/state.js";
import { toBytes } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import { allAgreed, CONTROL_PORT_POLICY, dataPortPolicy } from "../telnet/negotiation.js";

const NOTHING = new Uint8Array(0);

export function rebuiltConnection(
  name: string,
  slot: number,
  { name: port, state, options }: PortConfig,
  clock: Clock = systemClock,
): ConnectionState {
  return {
    ...{ name, port, transport: "tcp", peer: { address: "unknown", port: 0 }, id: 0, slot, fixed: false },
    ...{ sinceMs: clock.date().getTime(), idleSeconds: 0, bytesFromNet: 0, bytesToNet: 0 },
    ...{
      unsent: NOTHING,
      unsentAnswers: 0,
      flooding: state === "telnet",
      suspended: false,
      endWhenSent: null,
      replayLeft: 0,
    },
    ...{ telnet: state === "telnet" ? rebuiltTelnet(options.remctl) : null, inbox: [] },
    ...{ attach: null, writes: true },
  };
}

/** As if the peer had agreed to all options that it may use. It gets no notices of line changes until it asks for them. */
function rebuiltTelnet(remctl: boolean): TelnetState {
  return {
    unfinished: NOTHING,
    negotiation: allAgreed(dataPortPolicy(remctl)),
    enter: { joinsCrLf: false, afterCr: false },
    ...{ lineStateMask: 0, modemStateMask: 0xff, modemState: null, lastSentModemBits: 0, isWatching: false },
  };
}

/** The line being typed is lost; a new prompt shows that. */
export function rebuiltSession(name: string, clock: Clock = systemClock): ControlSessionState {
  const now = clock.date().getTime();
  return {
    ...{ name, peer: { address: "unknown", port: 0 }, sinceMs: now, idleMs: 0, unfinished: NOTHING },
    ...{
      negotiation: allAgreed(CONTROL_PORT_POLICY),
      line: "",
      unsent: toBytes("\r\n-> "),
      isExiting: false,
      monitor: null,
    },
  };
}

export function rebuiltDevice(name: string, { name: port, device, state, line }: PortConfig): DeviceState {
  return {
    ...{
      name,
      port,
      path: device.path,
      kind: state === "rawlp" ? "printer" : "tty",
      secondName: "",
      pid: null,
      lock: null,
    },
    transfer: {
      ...{ bytesFromDevice: 0, bytesToDevice: 0, unwritten: NOTHING, postponed: null, gathered: null },
      ...{ closeOnSeen: NOTHING, deviceSilentSeconds: 0 },
    },
    ...{ line: null, configuredLine: line, virtualControl: null, driven: { dtr: null, rts: null }, break: NO_BREAK },
    ...{ counters: null, holdLeftMs: null, closing: null, sol: null },
  };
}
