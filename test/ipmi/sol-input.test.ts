/** The direction from the BMC to the console. */
import t from "tap";
import { SolInput } from "../../service/ipmi/sol-input.js";

const FULL = Buffer.alloc(250, "x");

t.test("refused data under other numbers is taken, also when the number comes round", async t => {
  const input = new SolInput();
  const receive = (sequence: number, data: Uint8Array) =>
    input.receive({ sequence, acknowledged: 0, acceptedCount: 0, flags: 0, data }, 0);
  for (let sequence = 1; sequence <= 4; sequence++) t.equal(receive(sequence, FULL)?.isNack, false);
  for (let at = 0; at < 14; at++) t.equal(receive(((4 + at) % 15) + 1, FULL)?.isNack, true);
  t.equal(input.read(Buffer.alloc(4096)), 1000);
  t.same(receive(4, Buffer.from("refused")), { acknowledged: 4, acceptedCount: 7, isNack: false });
  t.equal(input.length, 7);
});
