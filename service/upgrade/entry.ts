/** What the bundle upgrade.cjs offers: the upgrade in place (docs/ota.md), on each of its sides. */
export { acceptUpgrade } from "./accept.js";
export { sendAnswer } from "./answer.js";
export { runUpgradeCommand } from "./command.js";
export { readDescriptorList } from "./descriptor-list.js";
export { upgrade } from "./upgrade.js";
