/** Keys of an attached session that come in one piece with the command. */
import t from "tap";
import { Daemon } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";

t.test("what is typed behind the command is taken in order, keys included", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const config = [`127.0.0.1,${port}:raw:0:${device.path}:9600`];
  const daemon = await Daemon.start(t, { controlPort, config });
  const session = await daemon.control();
  session.send(`attach 127.0.0.1,${port} watch\rwatched\x1dtwritten`);
  t.equal(await device.expect("written"), "written");
  session.send("\x1d.");
  await session.expect("[left");
  await session.expect("-> ");
  session.send(`attach 127.0.0.1,${port}\rbefore\x1dtafter\x1dtand after`);
  t.equal(await device.expect("and after"), "beforeafterand after");
});
