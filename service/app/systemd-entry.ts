/** The bundle systemd.cjs: what tells the service manager of the daemon, and gives it descriptors to keep. */
export { createDescriptorStore } from "../systemd/descriptor-store.js";
export { ServiceManager } from "./service-manager.js";
