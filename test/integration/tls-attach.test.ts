/** The client of a technician at a control port with TLS. */
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import t from "tap";
import { isRefused } from "../support/client.js";
import { BUNDLE, run, runProgram, runToEnd, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { alice, bob, ca, LINES } from "../support/tls-stage.js";
import { until } from "../support/wait.js";

t.test("ports and attach by TLS, with roles by certificate", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const config = join(temporaryFolder(t), "ser2net.conf");
  writeFileSync(config, [...LINES, `127.0.0.1,${port}:raw:0:${device.path}:9600 max-connections=4\n`].join("\n"));
  run(t, ["-d", "-u", "-c", config, "-p", `tls:people,127.0.0.1,${controlPort}`]);
  await until("it listens", async () => !(await isRefused(controlPort)));
  const own = ({ cert, key }: typeof alice) => ["--cert", cert, "--key", key];
  const at = ["-H", `127.0.0.1:${controlPort}`, "--tls"];
  const asAlice = [...at, "--ca", ca, ...own(alice)];
  const name = `127.0.0.1,${port}`;

  t.match(await runToEnd(t, ["ports", ...asAlice]), { code: 0, output: name, errors: "" });
  t.match(await runToEnd(t, ["break", ...at, "--ca", ca, ...own(bob), name]), { code: 1, errors: "Permission denied" });

  const attached = runProgram(t, process.execPath, [BUNDLE, "attach", "-8", ...asAlice, name]);
  await until("it is attached", async () => (await runToEnd(t, ["who", ...asAlice])).output.includes("alice"));
  attached.process.stdin.write("to the device");
  await device.expect("to the device");
  device.send("from the device");
  await attached.output.expect("from the device");
  attached.process.stdin.end();
  t.same(await attached.exit(), { code: 0, signal: null });

  t.match(
    await runToEnd(t, ["ports", ...at, ...own(alice)]),
    { code: 1, errors: /certificate.* \(--ca FILE names the authority of its certificate\)\n$/ },
    "the authority is not known",
  );
  t.match(
    await runToEnd(t, ["ports", ...at, "--ca", config]),
    { code: 1, errors: /^ser2net: 127\.0\.0\.1:/ },
    "not a certificate",
  );
  t.match(await runToEnd(t, ["ports", ...at, "--ca", "/nonexistent"]), {
    code: 1,
    errors: /cannot read \/nonexistent/,
  });
  t.match(await runToEnd(t, ["ports", "--tls"]), { code: 2, errors: /--tls is for a control port/ });
  t.match(await runToEnd(t, ["ports", ...at, "--cert", alice.cert]), { code: 2, errors: /--cert and --key/ });
});

t.test("a server that is not a control port, or not with TLS, is told as such", async t => {
  const port = await (await portNumbers(t))();
  let reply = "no TLS here\r\n";
  const server = createServer(socket => socket.on("error", () => {}).end(reply));
  await new Promise<void>(resolve => server.listen(port, "127.0.0.1", resolve));
  t.teardown(() => server.close());
  const at = ["-H", `127.0.0.1:${port}`];
  t.match(await runToEnd(t, ["ports", ...at, "--tls", "--ca", ca]), {
    code: 1,
    errors: /: it has no TLS \(try without --tls\)\n$/,
  });
  reply = "";
  t.match(await runToEnd(t, ["ports", ...at]), {
    code: 1,
    errors: /: it has ended \(expected a control port; --tls if it has TLS, else without\)\n$/,
  });
});
