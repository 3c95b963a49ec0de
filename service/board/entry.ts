/** The bundle board.cjs: board profiles, loaded for `--board` and for the command `board`. */
import { type BoardIo, boardCommand } from "./command.js";
import { detectBoard, STANDARD_EVIDENCE } from "./detect.js";
import { BoardError } from "./error.js";
import { type LoadedProfile, listBoards, loadProfile, readBoards, standardFolders } from "./load.js";
import { deviceLookup } from "./serial-devices.js";
import type { DeviceLookup } from "./validate.js";

export { profileFacts, tooFastPorts } from "./load.js";

export interface ChosenBoard {
  readonly name: string;
  readonly because: string;
  readonly profile: LoadedProfile;
}

/** Whether there is a profile file of this name, whatever is in it. */
export function hasProfile(name: string): boolean {
  return listBoards(standardFolders(process.env).roots).some(board => board.name === name);
}

/** Chooses the named board; `auto` detects it. A text says why there is none. */
export function chooseBoard(wanted: string): ChosenBoard | string {
  const places = standardFolders(process.env);
  try {
    const { name, because } =
      wanted === "auto"
        ? detectBoard(STANDARD_EVIDENCE, readBoards(places.roots))
        : { name: wanted, because: "--board" };
    return { name, because, profile: loadProfile(name, places) };
  } catch (error) {
    if (error instanceof BoardError) return error.message;
    throw error;
  }
}

/** The folder of the device files, and what a device of a profile stands for here. */
export function thisMachine(): { readonly dev: string; readonly lookUp: DeviceLookup } {
  const places = standardFolders(process.env);
  return { dev: places.dev, lookUp: deviceLookup(places) };
}

/** `ser2net board ...`. Returns the exit status. */
export function runBoardCommand(words: readonly string[], io: Omit<BoardIo, "places" | "evidence">): number {
  return boardCommand(words, { ...io, places: standardFolders(process.env), evidence: STANDARD_EVIDENCE });
}
