/** Exit status of the commands that several of them share. */

type Status = readonly (readonly [status: string, text: string])[];

export const CLIENT_STATUS: Status = [
  ["0", "done"],
  ["1", "refused or failed"],
  ["2", "wrong words"],
  ["3", "no daemon can be reached"],
];
export const ATTACHED_STATUS: Status = [
  ["0", "left by the user"],
  ...CLIENT_STATUS.slice(1),
  ["4", "the daemon ended the connection"],
  ["128 + N", "ended by signal N"],
];
export const DRAIN_STATUS: Status = [
  ["0", "no connection is left"],
  ["1", "a connection is left"],
  ["2", "a daemon did not answer, or wrong words"],
  ["3", "no daemon runs"],
];
export const MIGRATION_STATUS: Status = [
  ["0", "all is carried over"],
  ["1", "something is not carried over"],
  ["2", "nothing is written, or wrong words"],
];
