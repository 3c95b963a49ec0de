/**
 * What bundles take from the daemon in place of a copy of their own (build.mjs): modules that have a state, classes that
 * `instanceof` compares, and what is large. A name that a bundle needs and that is not here is an error of the build.
 */
export { parseArguments, VERSION } from "../cli.js";
export { errorsOf, formatDiagnostic, NOT_RELOADED } from "../config/diagnostic.js";
export { defaultOptions } from "../config/initial-options.js";
export { controlPortParts, isAnyHost, parseNetworkPort } from "../config/network-port.js";
export { controlPortProblem } from "../config/served-port.js";
export { suggest } from "../config/suggest.js";
export { NO_BREAK } from "../device/break.js";
export { DeviceError } from "../device/device.js";
export { adoptDevice, descriptorIdentity, deviceIdentity } from "../device/open.js";
export { EAGAIN, EINTR, ENOBUFS, ENODEV, errorReason, reasonOf, SystemError } from "../native/errors.js";
export { memoryFile, readSealedFile, sendBarrier, sendDescriptor } from "../native/handover.js";
export { DirectoryWatch } from "../native/inotify.js";
export { loadModule } from "../native/load-module.js";
export { isServed, listenUnix, peerCredentials } from "../native/local-sockets.js";
export { READABLE, Watch, WRITABLE } from "../native/poll.js";
export { mayBeReadByOthers, readRegularFile } from "../native/read-file.js";
export { bindUdp, localAddress, receiveFrom, sendTo, sendUnix, unixDatagram } from "../native/sockets.js";
export {
  claimDescriptor,
  endDescriptor,
  hasDescriptorStore,
  storeDescriptor,
  storedName,
  unclaimed,
} from "../native/stored-descriptors.js";
export { listenAddresses } from "../net/addresses.js";
export { LinkError } from "../net/link.js";
export { createServiceLookup } from "../net/services.js";
export { closeAll, openEach, openStored, serve, watchEach } from "../net/sockets.js";
export { adoptTcpLink } from "../net/tcp.js";
export { logConnection, peerText } from "../port/connection-log.js";
export { lossReason, pauseAfterLoss, RETRY_MS } from "../port/device-failures.js";
export { acceptPermitted, REFUSAL, refuse } from "../port/peers/admission.js";
export { TelnetDecoder } from "../telnet/decoder.js";
export { allAgreed, CONTROL_PORT_POLICY, dataPortPolicy, Negotiation } from "../telnet/negotiation.js";
export { ConfigurationError, loadConfiguration, readSources } from "./load-configuration.js";
