/** The TCP wrappers. Their rules are a bundle of their own, loaded for the first connection where there is a table. */
import { statSync } from "node:fs";
import type { HostsAccess, HostsFiles, Verdict } from "../access/hosts-files.js";
import { reasonOf } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";

type CreateAccess = (files: HostsFiles) => HostsAccess;

const TABLES: HostsFiles = { allow: "/etc/hosts.allow", deny: "/etc/hosts.deny" };
const NO_RULE: Verdict = { granted: true, matched: null, warnings: [], banner: null };

/** A connection is refused when the rules cannot be loaded; the next one tries again. */
export function createWrappers(files: HostsFiles = TABLES, load: () => CreateAccess = loadRules): HostsAccess {
  let rules: HostsAccess | null = null;
  return {
    check(request) {
      if (rules === null && isMissing(files.allow) && isMissing(files.deny)) return NO_RULE;
      try {
        rules ??= load()(files);
      } catch (error) {
        return { ...NO_RULE, granted: false, warnings: [`error: access check failed: ${reasonOf(error)}`] };
      }
      return rules.check(request);
    },
  };
}

function loadRules(): CreateAccess {
  return loadModule<typeof import("../access/hosts-files.js")>("./access.cjs").createHostsAccess;
}

/** A table that cannot be looked at is there: the rules say what it means. */
function isMissing(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}
