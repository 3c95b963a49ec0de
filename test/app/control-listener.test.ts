import t from "tap";
import { ControlListener } from "../../service/app/control-listener.js";
import { SystemError } from "../../service/native/errors.js";
import { createFakeControl, GREETING } from "../support/fake-control.js";
import { World } from "../support/fake-environment.js";

function open(): { world: World; listener: ControlListener } {
  const world = new World();
  const { server } = createFakeControl();
  const { log, listen, secure } = world.environment;
  const permitted = (link: Parameters<typeof world.permitted>[0]) => world.permitted(link);
  const serviceLookup = (name: string): number | null => (name === "console" ? 4000 : null);
  return {
    world,
    listener: new ControlListener({ createServer: () => server, log, listen, secure, permitted, serviceLookup }),
  };
}

t.test("operators are greeted where it listens", async t => {
  const { world, listener } = open();
  t.equal(listener.move("3000", false), null);
  const operator = await world.call("3000");
  t.equal(operator.received, GREETING);
  world.permitted = () => Promise.resolve(false);
  const stranger = await world.call("3000");
  t.equal(stranger.received, "Access denied\r\n");
});

t.test("it moves, and its sessions stay (BUG-26)", async t => {
  const { world, listener } = open();
  listener.move("3000", false);
  const old = world.listener("3000");
  const operator = await world.call("3000");
  t.equal(listener.move("3000", false), null);
  t.equal(world.listener("3000"), old, "the same is not opened anew");
  t.notOk(old.closed);
  listener.move("console", false);
  t.ok(old.closed);
  t.equal((await world.call("4000")).received, GREETING);
  operator.send("version\r");
  await world.settle();
  t.match(operator.received, /ser2net version/);
  listener.move(null, false);
  t.ok(world.listener("4000").closed);
  t.notOk(operator.closed);
  listener.close();
  t.ok(operator.closed);
});

t.test("where it cannot listen", async t => {
  const { world, listener } = open();
  for (const spec of ["0", "udp,3000", "nonsense", ""]) t.equal(listener.move(spec, false), "invalid", spec);
  world.listenFault = new SystemError("listenTcp", 98);
  t.equal(listener.move("3000", false), "not-open");
  t.same(world.logged, ["error Unable to create TCP socket: Address already in use"]);
  world.listenFault = null;
  t.equal(listener.move("3000", false), null, "and is tried again");
  t.equal((await world.call("3000")).received, GREETING);
});

t.test("a failing accept is logged", async t => {
  const { world, listener } = open();
  listener.move("3000", false);
  world.listener("3000").fail("Too many open files");
  t.same(world.logged, ["error Could not accept on controller port: Too many open files"]);
  listener.close();
});

t.test("without its bundle there is no control port, and all else goes on", async t => {
  const world = new World();
  const { log, listen, secure } = world.environment;
  const createServer = (): never => {
    throw new Error("Cannot find module './control.cjs'");
  };
  const permitted = (): boolean => true;
  const listener = new ControlListener({ createServer, log, listen, secure, permitted, serviceLookup: () => null });
  t.equal(listener.move("3000", false), null);
  t.equal(listener.sessions, null);
  listener.move(null, false);
  listener.move("3000", true);
  t.same(world.logged, ["error Commands of the control port cannot be loaded: Cannot find module './control.cjs'"]);
  listener.close();
});
