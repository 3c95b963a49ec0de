/** TLS is a bundle of its own. Where it cannot be loaded, each TLS line is wrong, and peers of its ports are refused. */
import type { Configuration } from "../config/configuration.js";
import type { Diagnostic } from "../config/diagnostic.js";
import { reasonOf } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";

type TlsBundle = typeof import("./tls.js");

/** Throws when it cannot be loaded. */
export function loadTls(): TlsBundle {
  return loadModule<TlsBundle>("./tls.cjs");
}

export function readTls(...line: Parameters<TlsBundle["readTls"]>): ReturnType<TlsBundle["readTls"]> {
  try {
    return loadTls().readTls(...line);
  } catch (error) {
    return { value: null, diagnostics: [{ message: "TLS cannot be loaded", expected: reasonOf(error) }] };
  }
}

/** Of the files of TLS lines, and of a control port with TLS. @param given the control port of -p */
export function tlsDiagnostics(configuration: Configuration, given: string | null): readonly Diagnostic[] {
  const control = given ?? configuration.controlPort;
  const isUsed = configuration.finalContext.tls.size > 0 || control?.startsWith("tls:") === true;
  if (!isUsed) return [];
  try {
    return loadTls().tlsDiagnostics(configuration, control);
  } catch (error) {
    return [{ file: null, line: 0, column: 1, message: "TLS cannot be loaded", expected: reasonOf(error) }];
  }
}
