import t from "tap";
import { type AdmissionRequest, decideAdmission, REFUSAL } from "../../../service/port/peers/admission.js";

/** A port with one free place. */
const FREE: AdmissionRequest = {
  admittedByAddress: true,
  draining: false,
  slots: [false],
  fixed: [false],
  kickolduser: false,
  deviceBusy: false,
};

t.test("the first check that fails gives the answer", async t => {
  const cases: readonly [string, Partial<AdmissionRequest>, ReturnType<typeof decideAdmission>][] = [
    ["a free port", {}, { verdict: "attach", slot: 0 }],
    [
      "the lowest free place",
      { slots: [true, false, false], fixed: [false, false, false] },
      { verdict: "attach", slot: 1 },
    ],
    [
      "not in remaddr, whatever else",
      { admittedByAddress: false, slots: [true], deviceBusy: true },
      refused("Access denied\r\n"),
    ],
    [
      "not in remaddr while the port drains",
      { admittedByAddress: false, draining: true },
      refused("Access denied\r\n"),
    ],
    [
      "the port drains, whatever else",
      { draining: true, slots: [true], kickolduser: true },
      refused("Port is draining: no new connections for now, try again later\r\n"),
    ],
    ["all places taken", { slots: [true] }, refused("Port already in use\r\n")],
    [
      "all places taken, and kickolduser",
      { slots: [true, true], fixed: [false, false], kickolduser: true },
      { verdict: "kick", slot: 0 },
    ],
    [
      "the first one is a fixed peer",
      { slots: [true, true], fixed: [true, false], kickolduser: true },
      { verdict: "kick", slot: 1 },
    ],
    ["all are fixed peers", { slots: [true], fixed: [true], kickolduser: true }, refused("Port already in use\r\n")],
    ["kickolduser, but room", { kickolduser: true }, { verdict: "attach", slot: 0 }],
    ["another port has the device", { deviceBusy: true }, refused("Port's device already in use\r\n")],
  ];
  for (const [name, arrival, verdict] of cases) t.same(decideAdmission({ ...FREE, ...arrival }), verdict, name);
});

t.test("the texts are the reference's, to the byte, and that of a drain", async t => {
  t.same(REFUSAL, {
    denied: "Access denied\r\n",
    portInUse: "Port already in use\r\n",
    deviceInUse: "Port's device already in use\r\n",
    locked: "Port already in use by another process\r\n",
    lockFailed: "Error creating port lock file\r\n",
    kicked: "kicked off, new user is coming\r\n",
    noFreePort: "No free port found\r\n",
    draining: "Port is draining: no new connections for now, try again later\r\n",
  });
});

function refused(text: string): { verdict: "refuse"; text: string } {
  return { verdict: "refuse", text };
}
