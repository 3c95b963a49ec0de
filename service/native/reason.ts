/** Why something failed: in the system's words where the error has them, such as `Input/output error`. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && "reason" in error && typeof error.reason === "string") return error.reason;
  return error instanceof Error ? error.message : String(error);
}
