/** The cases of the oracle: two tables, a client, the verdict of the library (tcpd 7.6.q-32). */
import { readFileSync } from "node:fs";
import type { HostsFiles } from "../../service/access/hosts-files.js";
import type { AccessRequest } from "../../service/access/request.js";
import { lookUpInSystem, type SystemLookup } from "../../service/access/system-lookups.js";

export interface GoldenCase {
  readonly id: string;
  readonly allow: string | null;
  readonly deny: string | null;
  readonly daemon: string;
  readonly client: { readonly address: string | null; readonly name: string | null; readonly user: string | null };
  readonly server?: { readonly address: string | null; readonly name: string | null; readonly port: number | null };
  readonly files?: Readonly<Record<string, string>>;
  readonly expected: "granted" | "denied";
  readonly matched: { readonly table: "allow" | "deny"; readonly line: number } | null;
  readonly warnings?: readonly string[];
  readonly tcpdmatch: "granted" | "denied" | "delegated" | null;
}

export function readGolden(): GoldenCase[] {
  const file = new URL("./hosts-access.json", import.meta.url);
  return (JSON.parse(readFileSync(file, "utf8")) as { cases: GoldenCase[] }).cases;
}

/** Makes the files of a case in `directory`; returns the places of its tables. */
export function layOut(one: GoldenCase, directory: string): { texts: Map<string, string>; files: HostsFiles } {
  const here = (text: string): string => text.replaceAll("@DIR@", directory);
  const files = { allow: `${directory}/hosts.allow`, deny: `${directory}/hosts.deny` };
  const texts = new Map(Object.entries(one.files ?? {}).map(([path, text]) => [here(path), text]));
  if (one.allow !== null) texts.set(files.allow, here(one.allow));
  if (one.deny !== null) texts.set(files.deny, here(one.deny));
  return { texts, files };
}

export function requestOf(one: GoldenCase): AccessRequest {
  return {
    daemon: one.daemon,
    client: { address: one.client.address, port: 0 },
    server: { address: one.server?.address ?? null, port: one.server?.port ?? 0 },
  };
}

/** Names and users as the case has them, after a turn of the event loop; the rest is the system's. */
export function systemOf(one: GoldenCase): SystemLookup {
  return need => {
    if (need.kind === "user") return Promise.resolve(one.client.user);
    if (need.kind !== "name") return lookUpInSystem(need);
    const server = one.server?.address;
    return Promise.resolve((server && need.address === server ? one.server?.name : one.client.name) ?? null);
  };
}
