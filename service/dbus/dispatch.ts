/** A call to what it asks for. */
import type { Received } from "./codec.js";
import { BusError } from "./errors.js";
import { type MethodShape, type Result, signatureOf } from "./interface.js";
import type { ObjectTree } from "./object-tree.js";

export interface Matched {
  readonly path: string;
  readonly method: MethodShape;
  readonly args: readonly unknown[];
  /** Does it. Throws BusError. */
  run(): Result;
}

/** Throws BusError: no such object, interface or method, or arguments of other types. */
export function match(call: Received, whole: boolean, tree: ObjectTree): Matched {
  const found = tree.find(call.path);
  if (found === null) throw new BusError("UnknownObject", `no object ${call.path}`);
  // A call may leave the interface out.
  const interfaces = found.interfaces.filter(bound => call.interface === "" || bound.shape.name === call.interface);
  if (interfaces.length === 0) throw new BusError("UnknownInterface", `no interface ${call.interface} at ${call.path}`);
  for (const bound of interfaces) {
    const method = bound.shape.methods.find(({ name }) => name === call.member);
    if (method === undefined) continue;
    const args = readArguments(call, whole, method);
    return { path: call.path, method, args, run: () => bound.call(method, args) };
  }
  throw new BusError("UnknownMethod", `no method ${call.member} at ${call.path}`);
}

function readArguments(call: Received, whole: boolean, method: MethodShape): readonly unknown[] {
  const wanted = signatureOf(method.in);
  if (call.signature !== wanted) {
    throw new BusError("InvalidArgs", `${method.name} takes (${wanted}), not (${call.signature})`);
  }
  if (!whole) throw new BusError("LimitsExceeded", "the message is too long");
  try {
    return call.body();
  } catch {
    throw new BusError("InvalidArgs", "the arguments cannot be read");
  }
}
