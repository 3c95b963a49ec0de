import t from "tap";
import { forgedSourceWarnings } from "../../service/config/forged-sources.js";
import { messages, readLines } from "./read.js";

function warnings(network: string, options: string, state = "raw"): string[] {
  const configuration = readLines("BANNER:b:hello", `${network}:${state}:0:/dev/a:${options}`);
  t.same(messages(configuration), []);
  return forgedSourceWarnings(configuration.ports).map(({ message, isWarning }) => `${isWarning} ${message}`);
}

t.test("a UDP port with a banner or kickolduser and without remaddr is warned of", async t => {
  const can = (what: string) => [
    `true A datagram with a forged source address can ${what} at network port udp,2001 on line 2`,
  ];
  t.same(warnings("udp,2001", "b"), can("have a banner sent"));
  t.same(warnings("udp,2001", "kickolduser"), can("end a connection"));
  t.same(warnings("udp,2001", "kickolduser b max-connections=2"), can("have a banner sent and end a connection"));
  t.same(warnings("udp,2001", "9600"), []);
  t.same(warnings("udp,2001", "b kickolduser remaddr=udp,10.0.0.1,7"), []);
  t.same(warnings("udp,2001", "b", "off"), []);
  t.same(warnings("2001", "b kickolduser"), []);
});
