/** A map with a limit: beyond it, the entry that was renewed least recently is removed. */
export class RecentMap<Key, Value> extends Map<Key, Value> {
  readonly #limit: number;

  /** @param limit number of entries */
  constructor(limit: number) {
    super();
    this.#limit = limit;
  }

  /** Sets an entry, and makes it the one that was renewed last. */
  renew(key: Key, value: Value): void {
    this.delete(key);
    // A map keeps the order of insertion.
    for (const oldest of this.keys()) {
      if (this.size < this.#limit) break;
      this.delete(oldest);
    }
    this.set(key, value);
  }
}
