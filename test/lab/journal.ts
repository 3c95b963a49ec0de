/** The journal of people in the journal of systemd itself, and its catalog (docs/units.md, "Journal"). */
import type { Test } from "tap";
import { Client } from "../support/client.js";
import type { PtyDevice } from "../support/pty.js";
import { configure } from "./appliance.js";
import { eventually, type Machine } from "./machine.js";

const [KICKING, SHARED] = [2021, 2022];

/** @param place gives the path of a device inside the machine */
export async function testJournal(
  t: Test,
  {
    machine,
    board,
    lines,
  }: { readonly machine: Machine; readonly board: string; readonly lines: readonly [PtyDevice, PtyDevice] },
  place: readonly [string, string],
): Promise<void> {
  const unit = `ser2net@${board}.service`;
  await configure(machine, board, [
    `${KICKING}:raw:0:${place[0]}:115200 kickolduser`,
    `${SHARED}:raw:0:${place[1]}:115200 max-connections=2 writer=last`,
  ]);
  await machine.run(`systemctl restart ${unit}`);
  const asked = (port: number, options: string) => `journalctl --no-pager --boot SER2NET_PORT=${port} ${options}`;

  const addresses = new Map<Client, string>(); // a socket that is closed has none any more
  const address = (client: Client) => addresses.get(client) ?? "";
  const connect = async (port: number): Promise<Client> => {
    const client = await Client.connect(t, port);
    addresses.set(client, `127.0.0.1,${client.socket.localPort}`);
    return client;
  };
  const first = await connect(KICKING);
  first.send("typed");
  await lines[0].expect("typed");
  lines[0].send("answered");
  await first.expect("answered");
  const second = await connect(KICKING);
  await first.untilEnd();
  const shared = [await connect(SHARED), await connect(SHARED)] as const;
  shared[1].send("it writes");
  await lines[1].expect("it writes");
  t.match(await (await connect(SHARED)).untilEnd(), "Port already in use");
  for (const client of [second, ...shared]) await client.close();

  const entries = async (port: number): Promise<readonly Readonly<Record<string, string>>[]> => {
    await eventually(
      machine,
      `test "$(${asked(port, "-o cat")} | grep -c ' disconnected')" -ge ${port === SHARED ? 2 : 1}`,
    );
    const shown = await machine.run(asked(port, "-o json"));
    return shown
      .trim()
      .split("\n")
      .map(line => JSON.parse(line));
  };

  await t.test("journalctl SER2NET_PORT= answers who was there, with the fields that are documented", async t => {
    const found = await entries(KICKING);
    t.ok(found.every(one => one.SER2NET_PORT === String(KICKING) && one._SYSTEMD_UNIT === unit));
    const said = found.map(({ MESSAGE }) => MESSAGE).join("\n");
    for (const text of [
      `Port ${KICKING} serves ${place[0]}: raw, 115200 N81`,
      `${address(first)} connected, device ${place[0]}`,
      `${address(first)} kicked off by ${address(second)}, after `,
      `${address(second)} connected`,
      `${address(second)} disconnected: network read close, after `,
    ])
      t.match(said, text);
    t.equal(found.length, 5, said);
    const kick = found.find(({ MESSAGE = "" }) => MESSAGE.includes("kicked"));
    t.match(kick, {
      ...{ SER2NET_PEER: address(first), SER2NET_DEVICE: place[0], SER2NET_REASON: `by ${address(second)}` },
      ...{ SER2NET_BYTES_IN: "5", SER2NET_BYTES_OUT: "8", SER2NET_DURATION: /^\d+$/, PRIORITY: "5" },
      SYSLOG_IDENTIFIER: "ser2net",
    });
    const others = (await entries(SHARED)).map(({ MESSAGE }) => MESSAGE).join("\n");
    t.match(others, `${address(shared[1])} took over from ${address(shared[0])}`);
    t.match(others, / refused: Port already in use/);
    t.equal(
      await machine.run(`ser2net log ${KICKING} --no-pager --boot -o cat`),
      await machine.run(asked(KICKING, "-o cat")),
    );
  });

  await t.test("journalctl -x explains each kind of line", async t => {
    const shown = ((await machine.run(asked(KICKING, "-x"))) + (await machine.run(asked(SHARED, "-x")))).replace(
      /^[^ -~\n]+ ?/gm,
      "",
    );
    const entries = ["served", "connected to", "refused at", "leave .* for a new one", "taken over", "has left"];
    for (const entry of entries) t.match(shown, new RegExp(`^Subject: A .*${entry}.*$`, "m"));
    t.notMatch(shown, "@", "what systemd does not fill in is not in the texts");
  });
}
