/** The cipher suites of RMCP+ (IPMI 2.0, sections 13.28 and 22.15.2) as far as they are supported. */

/** The hash of an authentication algorithm. */
export interface Authentication {
  readonly hash: "sha1" | "md5" | "sha256";
  /** Bytes of the hash that RAKP 4 carries. */
  readonly checkBytes: number;
}

export interface Integrity {
  readonly hash: "sha1" | "md5" | "sha256";
  /** Bytes of the AuthCode at the end of a packet. */
  readonly codeBytes: number;
}

/** By the algorithm numbers that Open Session carries; null: the number that means "none". */
const AUTHENTICATION: ReadonlyMap<number, Authentication | null> = new Map([
  [0, null],
  [1, { hash: "sha1", checkBytes: 12 }],
  [2, { hash: "md5", checkBytes: 16 }],
  [3, { hash: "sha256", checkBytes: 16 }],
]);

const INTEGRITY: ReadonlyMap<number, Integrity | null> = new Map([
  [0, null],
  [1, { hash: "sha1", codeBytes: 12 }],
  [2, { hash: "md5", codeBytes: 16 }],
  [4, { hash: "sha256", codeBytes: 16 }],
]);

/** The three algorithm numbers of a suite. */
export interface Algorithms {
  readonly authentication: number;
  readonly integrity: number;
  readonly confidentiality: number;
}

/** The algorithms that a console proposes; null leaves the choice to the BMC. */
export type Proposal = { readonly [Key in keyof Algorithms]: number | null };

const SUITES: ReadonlyMap<number, Algorithms> = new Map([
  [0, { authentication: 0, integrity: 0, confidentiality: 0 }],
  [1, { authentication: 1, integrity: 0, confidentiality: 0 }],
  [2, { authentication: 1, integrity: 1, confidentiality: 0 }],
  [3, { authentication: 1, integrity: 1, confidentiality: 1 }],
  [6, { authentication: 2, integrity: 0, confidentiality: 0 }],
  [7, { authentication: 2, integrity: 2, confidentiality: 0 }],
  [8, { authentication: 2, integrity: 2, confidentiality: 1 }],
  [15, { authentication: 3, integrity: 0, confidentiality: 0 }],
  [16, { authentication: 3, integrity: 4, confidentiality: 0 }],
  [17, { authentication: 3, integrity: 4, confidentiality: 1 }],
]);

/** Null: a number that is not a supported suite. */
export function supportedSuite(number: number): Algorithms | null {
  return SUITES.get(number) ?? null;
}

/** The number of the suite with these algorithms; null when it is not supported. */
export function suiteNumber(algorithms: Algorithms): number | null {
  for (const [number, one] of SUITES) if (accepts(one, algorithms)) return number;
  return null;
}

/** Whether the BMC's choice is one that the proposal allows. */
export function accepts(proposal: Proposal, chosen: Algorithms): boolean {
  const equal = (key: keyof Algorithms): boolean => proposal[key] === null || proposal[key] === chosen[key];
  return equal("authentication") && equal("integrity") && equal("confidentiality");
}

/** Null: no authentication. Call only with the number of a supported suite. */
export function authenticationOf({ authentication }: Algorithms): Authentication | null {
  return AUTHENTICATION.get(authentication) ?? null;
}

/** Null: packets carry no AuthCode. Call only with the number of a supported suite. */
export function integrityOf({ integrity }: Algorithms): Integrity | null {
  return INTEGRITY.get(integrity) ?? null;
}
