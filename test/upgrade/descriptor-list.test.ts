import { openSync } from "node:fs";
import t from "tap";
import { descriptorList, LIST_VARIABLE, readDescriptorList } from "../../service/upgrade/descriptor-list.js";

t.test("the next version finds a descriptor of each kind under its name", async t => {
  const names = ["l-1", "u-2", "c-3", "m-4", "s-5.2t.1z8", "d-6", "t-7", "j-8", "r-9", "state"];
  const stored = new Map(names.map(name => [name, openSync("/dev/null", "r")]));
  const list = descriptorList({ sockets: [], stored });
  const environment = { [LIST_VARIABLE]: `${process.pid}:${list}` };
  t.strictSame([...readDescriptorList(environment, process.pid).stored], [...stored]);
});
