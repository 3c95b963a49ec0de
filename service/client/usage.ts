/** The usage of the client, and its exit statuses. */

/** Exit statuses: stable (docs/console.md, "Exit status"). */
export const EXIT = { done: 0, refused: 1, usage: 2, unreachable: 3, ended: 4 } as const;

export const CLIENT_USAGE = `Usage:
  ser2net ports [--json | --watch] - the ports: who is connected, what they do
  ser2net attach [-r | -f] [--replay BYTES] [-8] PORT - the console of a port;
     -r only watches, -f takes over from the writer, -8 is without the escape
     character. Ctrl-] and then ? shows what can be done there, Ctrl-] q leaves
  ser2net watch [--timestamps] [--since BYTES] PORT... - the output of ports
  ser2net who [PORT] - who is connected
  ser2net take PORT - becomes the writer
  ser2net break PORT - sends a break
  ser2net pulse PORT NAME - plays a pulse of DTR and RTS
  ser2net disconnect PORT - ends the connections of a port
  ser2net set PORT WORDS - line settings and options, as on a port line
  ser2net say PORT TEXT - a message to the users of a port
  ser2net log PORT [OPTIONS OF journalctl] - who was connected, from the journal
  ser2net doctor [--json] [--archive FILE] [PORT] - looks for what is wrong
PORT is a network port, a label, the name or path of a device
Options:
  -H HOST[:PORT] - a control port (port 2000) and not a daemon of this machine
  --instance NAME - the daemon of that name, not all of this machine
  --socket PATH - the daemon behind this socket
Exit status: 0 done, 1 refused or failed, 2 wrong words, 3 no daemon can be
  reached, 4 the daemon ended the connection, 128 + N ended by signal N
`;
