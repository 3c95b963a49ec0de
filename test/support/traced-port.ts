/** A daemon with one port that is traced into files of the test. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type Teardown } from "./client.js";
import { temporaryFolder } from "./daemon.js";
import { type PortLine, serveOnePort } from "./one-port.js";

export async function serveTraced(
  t: Teardown,
  options: string,
  line: PortLine & { readonly traces?: readonly string[] } = {},
) {
  const folder = temporaryFolder(t);
  const { traces = ["in", "out", "both"], before = [], ...rest } = line;
  const files = traces.map(name => `TRACEFILE:${name}:${join(folder, name)}`);
  const served = await serveOnePort(
    t,
    { ...rest, before: [...before, ...files], options: `9600 ${options}` },
    { foreground: "-d", env: { TZ: "UTC" } },
  );
  const read = (name: string) => readFileSync(join(folder, name), "latin1");
  return { ...served, folder, read };
}

/** One exchange: `question` to the device, `answer` from it; then the client leaves. */
export async function exchange(
  t: Teardown,
  served: Awaited<ReturnType<typeof serveTraced>>,
  question: string,
  answer: string,
) {
  const client = await Client.connect(t, served.port);
  client.send(question);
  await served.device.expect(question);
  served.device.send(answer);
  await client.expect(answer);
  const { localPort } = client.socket;
  await client.close();
  await served.untilFree();
  return `127.0.0.1:${localPort}`;
}
