import t from "tap";
import { loader } from "../../service/app/bundles.js";

t.test("a bundle is loaded once, when it is needed first", async t => {
  let loads = 0;
  const get = loader("LEDs", () => ++loads, { error: text => t.fail(text) });
  t.equal(loads, 0);
  t.same([get(), get()], [1, 1]);
});

t.test("one that cannot be loaded is logged once for each reason, and tried again", async t => {
  const logged: string[] = [];
  const reasons = ["no such file", "no such file", "not permitted"];
  const get = loader(
    "LEDs",
    () => {
      const reason = reasons.shift();
      if (reason !== undefined) throw new Error(reason);
      return 7;
    },
    { error: text => void logged.push(text) },
  );
  t.same([get(), get(), get(), get()], [null, null, null, 7]);
  t.same(logged, ["LEDs cannot be loaded: no such file", "LEDs cannot be loaded: not permitted"]);
});
