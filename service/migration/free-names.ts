/** Names that are given once. Pure. */
export class FreeNames {
  readonly #taken = new Set<string>();
  /** Where the search for a name begins; without it many equal names would take quadratic time. */
  readonly #numbers = new Map<string, number>();

  /** The name itself if it is free, else with a number behind it. */
  take(wanted: string): string {
    let name = wanted;
    for (let number = this.#numbers.get(wanted) ?? 2; this.#taken.has(name); number++) {
      name = `${wanted}-${number}`;
      this.#numbers.set(wanted, number + 1);
    }
    this.#taken.add(name);
    return name;
  }
}
