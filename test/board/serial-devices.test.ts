import { join } from "node:path";
import t, { type Test } from "tap";
import { loadProfile } from "../../service/board/load.js";
import { findSerialDevices } from "../../service/board/serial-devices.js";
import { boards, folder, machineOf, plant, SHIPPED } from "./tree.js";

t.test("generic serves what is there: on board lines by number, USB ones by where they are plugged in", async t => {
  t.same(generic(t, "arm-gateway"), [
    "DEVICE:ttyS2:/dev/ttyS2",
    "2001:telnet:0:ttyS2:9600 8DATABITS NONE 1STOPBIT remctl",
    "DEVICE:ttyS10:/dev/ttyS10",
    "2002:telnet:0:ttyS10:9600 8DATABITS NONE 1STOPBIT remctl",
    "DEVICE:ttyACM0:/dev/ttyACM0",
    "2003:telnet:0:ttyACM0:9600 8DATABITS NONE 1STOPBIT remctl",
    "DEVICE:ttyUSB1:/dev/serial/by-path/platform-xhci-hcd.0-usb-0:1.2:1.0-port0",
    "2004:telnet:0:ttyUSB1:9600 8DATABITS NONE 1STOPBIT remctl",
    "DEVICE:ttyUSB2:/dev/serial/by-path/platform-xhci-hcd.0-usb-0:1.3:1.0-port0",
    "2005:telnet:0:ttyUSB2:9600 8DATABITS NONE 1STOPBIT remctl",
    "DEVICE:ttyUSB0:/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_FT4XYZ-if00-port0",
    "2006:telnet:0:ttyUSB0:9600 8DATABITS NONE 1STOPBIT remctl",
  ]);
});

t.test("places without a UART, ttys without a driver and the console are not ports", async t => {
  t.same(
    ["arm-gateway", "pc", "x86-vm"].map(name => findSerialDevices(machineOf(plant(t, name))).map(one => one.tty)),
    [["ttyS2", "ttyS10", "ttyACM0", "ttyUSB1", "ttyUSB2", "ttyUSB0"], ["ttyS0", "ttyS1"], []],
  );
  t.same(findSerialDevices(machineOf(folder(t))), [], "no /sys at all");
});

t.test("found devices come behind the ports listed, and pass over their devices and network ports", async t => {
  const root = plant(t, "pc");
  const roots = [
    boards(t, {
      x: {
        ports: [
          { id: "first", device: "ttyS1", networkPort: "3001" },
          { id: "ttyS0", device: "/nonexistent", networkPort: "3002" },
        ],
        enumerate: { firstNetworkPort: 3001, state: "raw" },
      },
    }),
  ];
  const { profile } = loadProfile("x", machineOf(root, roots));
  t.same(
    profile.ports.map(one => [one.id, one.networkPort, one.state]),
    [
      ["first", "3001", undefined],
      ["ttyS0", "3002", undefined],
      ["found-ttyS0", "3003", "raw"],
    ],
  );
});

t.test("numbering ends where the network ports do", async t => {
  const root = plant(t, "pc");
  const roots = [boards(t, { x: { enumerate: { firstNetworkPort: 65_535 } } })];
  const { profile } = loadProfile("x", machineOf(root, roots));
  t.same(
    profile.ports.map(one => one.networkPort),
    ["65535"],
  );
});

t.test("a path below /sys/devices stands for the tty found there", async t => {
  const device = (tree: string, path: string) => {
    const root = plant(t, tree);
    const roots = [boards(t, { x: { ports: [{ id: "p", device: path, networkPort: "2001" }] } })];
    const { profile, diagnostics } = loadProfile("x", machineOf(root, roots));
    const told = diagnostics.map(one => `${one.message}; ${one.expected}`);
    return [profile.ports[0]?.device.replace(root, ""), ...told];
  };
  t.same(device("arm-gateway", "/sys/devices/platform/soc/30860000.serial"), ["/dev/ttyS10"]);
  t.same(device("x86-vm", "/sys/devices/pnp0/00:00"), ["/dev/ttyS0"], "Linux 6.6 and later");
  t.same(device("arm-gateway", "/sys/devices/platform/soc/usb/usb1/1-1/1-1.3"), ["/dev/ttyUSB2"]);
  t.same(device("arm-gateway", "/sys/devices/platform/soc/30a60000.serial"), [
    "/sys/devices/platform/soc/30a60000.serial",
    "ports[0].device: there is no serial device; the port waits for it",
  ]);
  t.same(device("arm-gateway", "/sys/devices/platform/soc/usb/usb1/1-1"), [
    "/sys/devices/platform/soc/usb/usb1/1-1",
    "ports[0].device: stands for several: ttyACM0, ttyUSB0, ttyUSB1, ttyUSB2; the port waits for it",
  ]);
});

t.test("two names of one device are one device", async t => {
  const root = plant(t, "arm-gateway");
  const ports = [
    { id: "one", device: "ttyS10" },
    { id: "two", device: "/sys/devices/platform/soc/30860000.serial" },
  ];
  const { profile, diagnostics } = loadProfile("x", machineOf(root, [boards(t, { x: { ports } })]));
  t.match(diagnostics, [{ message: "ports[1].device: is the device of one already" }]);
  t.equal(profile.ports.length, 1);
});

t.test("generic says that a machine has no serial lines", async t => {
  const { text, diagnostics } = loadProfile("generic", machineOf(folder(t)));
  t.notMatch(text, /^\d/m);
  t.match(diagnostics, [
    { line: 6, column: 3, message: "enumerate: this machine has no serial lines", isWarning: true },
  ]);
  t.equal(diagnostics.length, 1);
  const listed = boards(t, { x: { ports: [{ id: "a", device: "ttyS0" }], enumerate: { firstNetworkPort: 2001 } } });
  t.same(loadProfile("x", machineOf(folder(t), [listed])).diagnostics, [], "a port that is listed is one");
});

function generic(t: Test, tree: string): string[] {
  const root = plant(t, tree);
  const { text, diagnostics } = loadProfile("generic", machineOf(root, [SHIPPED]));
  t.same(diagnostics, []);
  return text
    .replaceAll(join(root, "dev"), "/dev")
    .split("\n")
    .filter(line => line !== "" && !line.startsWith("#"));
}
