import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { SolSecret, SolTarget } from "../../service/config/sol-target.js";
import { DeviceError } from "../../service/device/device.js";
import { SolSecrets } from "../../service/device/sol-secrets.js";
import { loginSettings } from "../ipmi/console.js";
import { temporaryFolder } from "../support/daemon.js";

const DEVICE = "sol.lan -P *** h";
const NONE: SolSecret = { kind: "none" };

function target(password: SolSecret, bmcKey = NONE): SolTarget {
  return { addresses: [{ host: "h", port: 623 }], family: 0, login: loginSettings({}), password, bmcKey };
}

function padded(text: string): Uint8Array {
  const bytes = new Uint8Array(20);
  bytes.set(Buffer.from(text, "latin1"));
  return bytes;
}

t.test("a secret of the configuration is padded, and each login gets a copy", async t => {
  const secrets = new SolSecrets(() => t.fail("a warning"));
  const both = target({ kind: "text", value: "p\xe4ss" }, { kind: "text", value: "kg" });
  secrets.read(both, DEVICE).password.fill(0);
  t.same(secrets.read(both, DEVICE), { password: padded("p\xe4ss"), bmcKey: padded("kg") });
  t.same(secrets.read(target(NONE), DEVICE), { password: new Uint8Array(20), bmcKey: null });
});

t.test("a file is read at each login, without its line end", async t => {
  const path = join(temporaryFolder(t), "password");
  const secrets = new SolSecrets(() => t.fail("a warning"));
  const cases: readonly (readonly [bytes: string, password: string])[] = [
    ["secret\n", "secret"],
    ["secret\r\n", "secret"],
    ["secret", "secret"],
    [" a b \n\n", " a b \n"],
    ["", ""],
    ["01234567890123456789\n", "01234567890123456789"],
  ];
  for (const [bytes, password] of cases) {
    writeFileSync(path, bytes, { mode: 0o600 });
    t.same(secrets.read(target({ kind: "file", path }), DEVICE).password, padded(password), JSON.stringify(bytes));
  }
});

t.test("a file that cannot be used is named, and its text is not shown", async t => {
  const folder = temporaryFolder(t);
  const path = join(folder, "password");
  writeFileSync(path, "0123456789-too-long-secret", { mode: 0o600 });
  const secrets = new SolSecrets(() => t.fail("a warning"));
  const failure = (file: string, reason: string) => {
    const read = () => secrets.read(target({ kind: "file", path: file }), DEVICE);
    t.throws(read, new DeviceError("open-failed", DEVICE, `password file ${file}: ${reason}`));
  };
  failure(path, "longer than the 20 bytes of IPMI");
  failure(`${path}x`, "No such file or directory");
  failure(folder, "it is a directory, not a regular file");
  failure("/dev/zero", "it is a character device, not a regular file");
});

t.test("a file that others can read is warned of once", async t => {
  const path = join(temporaryFolder(t), "password");
  const warnings: string[] = [];
  const secrets = new SolSecrets(text => warnings.push(text));
  writeFileSync(path, "secret\n", { mode: 0o640 });
  const read = () => secrets.read(target({ kind: "file", path }), DEVICE);
  read();
  t.same(warnings, [], "our own group may");
  chmodSync(path, 0o604);
  read();
  read();
  t.same(warnings, [`The password file ${path} can be read by other users`]);
});

t.test("a credential is a file of the folder that systemd names", async t => {
  const folder = temporaryFolder(t);
  const before = process.env.CREDENTIALS_DIRECTORY;
  t.teardown(() => {
    if (before === undefined) delete process.env.CREDENTIALS_DIRECTORY;
    else process.env.CREDENTIALS_DIRECTORY = before;
  });
  const secrets = new SolSecrets(() => t.fail("a warning"));
  const read = () => secrets.read(target({ kind: "credential", name: "rack7" }), DEVICE);
  delete process.env.CREDENTIALS_DIRECTORY;
  t.throws(read, new DeviceError("open-failed", DEVICE, "credential rack7: CREDENTIALS_DIRECTORY is not set"));
  process.env.CREDENTIALS_DIRECTORY = folder;
  t.throws(read, new DeviceError("open-failed", DEVICE, "credential rack7: No such file or directory"));
  writeFileSync(join(folder, "rack7"), "secret\n");
  chmodSync(join(folder, "rack7"), 0o444); // an access list of systemd shows as the mode of the group
  t.same(read().password, padded("secret"));
});
