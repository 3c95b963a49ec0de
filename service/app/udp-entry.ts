/** The bundle udp.cjs: sockets and peers of UDP, and refusals to senders. */
export { adoptUdp, listenUdp } from "../net/udp.js";
export { UdpRefusals } from "../port/peers/udp-refusals.js";
