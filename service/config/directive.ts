/** The parts of one logical line, before they are checked against anything else. */
import type { NamedText, PortState } from "./configuration.js";

export type Directive =
  | {
      readonly kind: "port";
      readonly name: string;
      readonly state: PortState;
      readonly timeout: Span;
      readonly device: Span;
      readonly options: Span;
    }
  | { readonly kind: "text"; readonly type: NamedText["kind"]; readonly name: string; readonly text: Span }
  | { readonly kind: "tracefile"; readonly name: string; readonly file: string }
  | { readonly kind: "rs485"; readonly name: string; readonly text: Span }
  | { readonly kind: "pulse" | "tls"; readonly name: string; readonly text: Span }
  | { readonly kind: "led"; readonly name: string; readonly text: Span }
  | { readonly kind: "default"; readonly name: Span; readonly value: Span | null }
  | { readonly kind: "rotator"; readonly name: Span; readonly ports: Span }
  | { readonly kind: "control-port" | "control-socket" | "metrics"; readonly spec: Span };

/** A part of a line and where in it that part begins. */
export interface Span {
  readonly text: string;
  readonly offset: number;
}

/** An error in a line: a diagnostic without its file. */
export interface LineDiagnostic {
  readonly offset: number;
  readonly message: string;
  readonly expected: string | null;
}
