/** Port numbers by service name, from /etc/services; read when a configuration first uses a name. */
import { toText } from "../line/bytes.js";
import { readRegularFile } from "../native/read-file.js";

/** Null: no such service. `file` is a parameter for tests. */
export function createServiceLookup(file = "/etc/services"): (name: string, transport: "tcp" | "udp") => number | null {
  let table: ReadonlyMap<string, number> | null = null;
  return (name, transport) => {
    table ??= parseServices(contents(file));
    return table.get(`${name}/${transport}`) ?? null;
  };
}

/** `name port/transport alias... # remark` (services(5)). The first line for a name counts. */
export function parseServices(text: string): ReadonlyMap<string, number> {
  const table = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [name, place, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    const [, port, transport] = /^(\d+)\/(tcp|udp)$/.exec(place ?? "") ?? [];
    if (name === undefined || port === undefined) continue;
    for (const each of [name, ...aliases]) {
      const key = `${each}/${transport}`;
      if (!table.has(key)) table.set(key, Number(port));
    }
  }
  return table;
}

function contents(file: string): string {
  try {
    return toText(readRegularFile(file));
  } catch {
    return ""; // an image without the file knows numbers only
  }
}
