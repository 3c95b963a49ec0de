import t from "tap";
import { playPulse } from "../../service/pulse/player.js";
import { readPulse } from "../../service/pulse/steps.js";
import { FakeClock } from "../support/fake-clock.js";

function play(text: string, isThere: () => boolean = () => true) {
  const steps = readPulse(text);
  if ("message" in steps) throw new Error(steps.message);
  const clock = new FakeClock();
  const driven: string[] = [];
  const pulse = playPulse(
    steps,
    {
      drive(lines) {
        driven.push(`${clock.nowMs()} ${JSON.stringify(lines)}`);
        return isThere();
      },
      play: () => null,
    },
    clock,
  );
  return { clock, driven, pulse };
}

t.test("each step is driven in one call, at its time", t => {
  const { clock, driven, pulse } = play("DTR=0 RTS=1 100ms DTR=1 RTS=0 50ms DTR=0");
  t.equal(pulse.isOver, false);
  clock.pass(1000);
  t.same(driven, ['0 {"dtr":false,"rts":true}', '100 {"dtr":true,"rts":false}', '150 {"dtr":false}']);
  t.equal(pulse.isOver, true);
  t.end();
});

t.test("a late turn of the event loop delays no later step", t => {
  const { clock, driven } = play("DTR=0 10ms DTR=1 10ms DTR=0 10ms DTR=1");
  clock.stall(12);
  clock.pass(100);
  t.same(
    driven.map(line => line.split(" ")[0]),
    ["0", "12", "20", "30"],
  );
  t.end();
});

t.test("an early end drives what the lines have at the end, in one call, or nothing", t => {
  const { clock, driven, pulse } = play("DTR=0 RTS=1 100ms DTR=1 RTS=0 50ms DTR=0");
  clock.pass(20);
  pulse.end(true);
  pulse.end(true);
  clock.pass(1000);
  t.same(driven.slice(1), ['20 {"dtr":false,"rts":false}']);
  const lost = play("DTR=0 100ms DTR=1");
  lost.pulse.end(false);
  lost.clock.pass(1000);
  t.equal(lost.driven.length, 1);
  t.end();
});

t.test("a device that is gone ends the pulse", t => {
  const { clock, driven, pulse } = play("DTR=0 100ms DTR=1", () => false);
  clock.pass(1000);
  t.equal(driven.length, 1);
  t.equal(pulse.isOver, true);
  t.equal(clock.waiting, 0);
  t.end();
});
