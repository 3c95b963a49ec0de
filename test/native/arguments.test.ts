import t from "tap";
import { addon } from "../../service/native/addon.js";
import { call, NAMES, RIGHT, SIGNATURES, WRONG } from "../support/addon-arguments.js";

t.test("the signatures are complete", async t => {
  t.same(Object.keys(addon).sort(), [...NAMES].sort());
});

t.test("each wrong argument in an otherwise right call throws a TypeError", async t => {
  for (const name of NAMES) {
    const kinds = SIGNATURES[name];
    const right = kinds.map(kind => RIGHT[kind].at(-1));
    let accepted = 0;
    kinds.forEach((kind, at) => {
      for (const wrong of WRONG[kind]) {
        try {
          call(name, right.with(at, wrong));
          accepted++;
          t.fail(`${name}: argument ${at} ${String(wrong).slice(0, 30)}`);
        } catch (error) {
          if (!(error instanceof TypeError)) t.fail(`${name}: argument ${at} throws ${error}`);
        }
      }
    });
    if (kinds.length > 0) t.throws(() => call(name, []), TypeError, `${name} without arguments`);
    t.equal(accepted, 0, name);
  }
});
