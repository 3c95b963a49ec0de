/** Applies COM-PORT requests to line settings, and makes the replies (RFC 2217 section 3). */
import type { LineSettings } from "../line/settings.js";
import type { ComPortReply, ComPortRequest, FlowControl } from "./rfc2217.js";

/** A request about line settings, which a device takes as a whole. */
export type LineRequest = Extract<ComPortRequest, { readonly kind: (typeof LINE_KINDS)[number] }>;

const LINE_KINDS = ["baud", "data-size", "parity", "stop-size", "outbound-flow", "inbound-flow"] as const;

export function isLineRequest(request: ComPortRequest): request is LineRequest {
  return LINE_KINDS.some(kind => kind === request.kind);
}

/** The requested settings; `line` itself for a query. */
export function askedSettings(request: LineRequest, line: LineSettings): LineSettings {
  switch (request.kind) {
    case "baud":
      return request.speed === null ? line : { ...line, speed: request.speed };
    case "data-size":
      return request.bits === null ? line : { ...line, dataBits: request.bits };
    case "parity":
      return request.parity === null ? line : { ...line, parity: request.parity };
    case "stop-size":
      return request.bits === null ? line : { ...line, stopBits: request.bits };
    case "outbound-flow": {
      if (request.flow === null) return line;
      const xonxoff = request.flow === "xon-xoff"; // chosen for both directions, as the reference does
      const xonAny = xonxoff && line.xonAny;
      return { ...line, xonxoffOut: xonxoff, xonxoffIn: xonxoff, xonAny, rtscts: request.flow === "rts-cts" };
    }
    case "inbound-flow":
      return request.flow === null ? line : { ...line, xonxoffIn: true };
    default:
      return request satisfies never;
  }
}

/** The reply to a request about line settings: what is in force now. */
export function settingsReply(request: LineRequest, line: LineSettings): ComPortReply {
  switch (request.kind) {
    case "baud":
      return { kind: "baud", form: request.form, speed: line.speed };
    case "data-size":
      return { kind: "data-size", bits: line.dataBits };
    case "parity":
      return { kind: "parity", parity: line.parity };
    case "stop-size":
      return { kind: "stop-size", bits: line.stopBits };
    case "outbound-flow":
      return { kind: "outbound-flow", flow: flowOf(line.rtscts, line.xonxoffOut) };
    case "inbound-flow":
      return { kind: "inbound-flow", flow: flowOf(line.rtscts, line.xonxoffIn) };
    default:
      return request satisfies never;
  }
}

function flowOf(rtscts: boolean, xonxoff: boolean): FlowControl {
  if (rtscts) return "rts-cts";
  return xonxoff ? "xon-xoff" : "none";
}
