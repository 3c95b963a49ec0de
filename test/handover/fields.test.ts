import t from "tap";
import { added, flag, integer, record } from "../../service/handover/fields.js";

t.test("a field that was added later has its value where an older version did not write it", async t => {
  const port = record({ speed: integer(0, 4_000_000), isNew: added(flag, true) });
  t.same(port.read({ speed: 9600 }, []), { speed: 9600, isNew: true });
  t.same(port.read({ speed: 9600, isNew: false }, []), { speed: 9600, isNew: false });
  t.throws(() => port.read({ speed: 9600, isNew: 1 }, []), { message: /isNew: not a flag/ });
  t.same(port.write({ speed: 9600, isNew: false }), { speed: 9600, isNew: false });
});
