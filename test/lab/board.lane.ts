/** The appliance on a board in QEMU: scripts/board-lab board. */
import t from "tap";
import { testAppliance } from "./appliance.js";
import { testHardware } from "./hardware.js";
import { testLeds } from "./leds.js";
import { explain } from "./machine.js";
import { Board } from "./qemu.js";
import { testUartRestarts } from "./uart-restarts.js";
import { testUsb } from "./usb.js";

const megabytes = Number(process.env.BOARD_LAB_MEGABYTES ?? 256);
const ports = [2000, 2001, 2002, 2003, 2004, 2005, 2006, 2009];

t.test(`a board with ${megabytes} MB`, async t => {
  const board = await Board.boot(t, { folder: process.env.BOARD_LAB_BOARD ?? "", megabytes, ports });
  explain(t, board);
  t.comment((await board.run("uname -mr; systemd-analyze | head -n 1; free -m")).trim());
  const [one, two] = board.uarts;
  if (one === undefined || two === undefined) throw new Error("a board without UARTs");
  await testAppliance(t, { machine: board, board: "lab", host: "", lines: [one, two], watchdogSeconds: 10 });
  await testHardware(t, board);
  await testUartRestarts(t, board);
  await testLeds(t, board);
  await testUsb(t, board);
});
