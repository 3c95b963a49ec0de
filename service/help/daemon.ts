/** The options of the daemon in words, and the shape of all help. Pure. */

export interface OptionHelp {
  /** With its value: `-c FILE`. */
  readonly form: string;
  readonly text: string;
  /** ser2net 3.5.4 does not have it. */
  readonly isOurs?: true;
}

export interface CommandHelp {
  /** `daemon` for the program without a command. */
  readonly name: string;
  /** For the list of all commands. */
  readonly summary: string;
  /** What may follow `ser2net`, one form each, and what that form does where there are several. */
  readonly forms: readonly (readonly [form: string, text: string])[];
  readonly options: readonly OptionHelp[];
  /** The target options belong to it too. */
  readonly hasTarget?: true;
  readonly notes?: readonly string[];
  readonly status: readonly (readonly [status: string, text: string])[];
}

export const DAEMON: CommandHelp = {
  name: "daemon",
  summary: "serial lines over the network",
  forms: [["[OPTION]...", ""]],
  options: [
    { form: "-c FILE", text: "configuration file instead of /etc/ser2net.conf" },
    {
      form: "-C LINE",
      text: "one configuration line; may be repeated. Without a -c after it no file is read",
    },
    { form: "-p PORT", text: "control port, [HOST,]PORT; overrides any CONTROLPORT line" },
    { form: "-P FILE", text: "file for the process id" },
    { form: "-n", text: "stay in the foreground" },
    { form: "-d", text: "stay in the foreground and log to standard error too" },
    { form: "-q", text: "do not log connects and disconnects", isOurs: true },
    { form: "-u", text: "no lock files in /var/lock" },
    { form: "-s TEXT", text: "signature for RFC 2217 clients" },
    { form: "-t N", text: "accepted and without effect: there are no threads to count" },
    { form: "-b", text: "accepted and without effect" },
    { form: "-l", text: "accepted and without effect" },
    { form: "-v", text: "print the version; also --version" },
    { form: "-h", text: "print this text; also --help", isOurs: true },
    { form: "--check", text: "report errors of the configuration and exit", isOurs: true },
    { form: "--print-config", text: "print the configuration in effect and exit", isOurs: true },
    {
      form: "--board NAME",
      text: "serve the ports of a board profile as well; auto detects the board",
      isOurs: true,
    },
    {
      form: "--control-socket PATH",
      text: "the control port as a local socket too, unless a CONTROLSOCKET line has another",
      isOurs: true,
    },
    { form: "--metrics PORT", text: "metrics over HTTP, [ADDRESS,]PORT; as a METRICS line", isOurs: true },
    { form: "--dbus BUS", text: "appear on D-Bus: system, session or an address; off: do not", isOurs: true },
  ],
  status: [
    ["0", "ended by a signal, or what was asked for is printed"],
    ["1", "wrong options, the daemon cannot start, or --check found an error"],
    ["78", "under systemd: the configuration cannot be read"],
  ],
};
