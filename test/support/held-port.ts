/** A port with hold=3, whose device the test unplugs. */
import { World } from "./fake-environment.js";

export const PATH = "/dev/ttyA";

/** A port with such options, and its first peer. */
export async function hold(options = "", state = "raw", ...before: readonly string[]) {
  const world = new World();
  const port = world.port(...before, `7000:${state}:0:${PATH}:9600 hold=3 ${options}`);
  const link = await world.call("7000");
  /** Unplugs the device as the kernel does: the line hangs up, then the node is removed. */
  const unplug = async () => {
    world.device.hangUp();
    await world.settle();
    await world.unplug(PATH);
  };
  return { world, port, link, unplug };
}
