/** The help of `ser2net fleet`. Pure. */
import type { CommandHelp } from "./daemon.js";

export const FLEET: CommandHelp = {
  name: "fleet",
  summary: "connects this board with a broker of MQTT, or shows a console of another board",
  forms: [
    ["fleet run NAME [-c FILE]", "the process beside the daemon of that instance"],
    ["fleet check NAME [-c FILE]", "report errors of its configuration"],
    ["fleet console BOARD/PORT [OPTION]...", "the output of a device, from the broker"],
  ],
  options: [
    { form: "-c FILE", text: "the configuration, and not /etc/ser2net/fleet-NAME.conf" },
    { form: "--instance NAME", text: "for console: the configuration of that instance" },
    { form: "--broker URL", text: "for console, in place of a file: mqtt://HOST[:PORT] or mqtts://HOST[:PORT]" },
    { form: "--prefix PREFIX", text: "the first levels of the topics; ser2net without it" },
    { form: "--ca FILE", text: "the authorities of the broker's certificate" },
    { form: "--cert FILE", text: "the own certificate, with --key" },
    { form: "--key FILE", text: "the key of the own certificate" },
  ],
  status: [
    ["0", "ended by a signal, or the configuration is right"],
    ["1", "the spool cannot be opened"],
    ["2", "wrong words"],
    ["78", "the configuration cannot be read or has errors"],
  ],
};
