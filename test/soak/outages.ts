/** A heartbeat may fail until this long after its manager is back: its attempts began before; milliseconds. */
const afterwards = 10_000;

/** When the manager was away; milliseconds since 1970. */
export class Outages {
  readonly #times: { readonly from: number; to: number }[] = [];

  get count(): number {
    return this.#times.length;
  }

  /** The longest, in milliseconds. */
  get longest(): number {
    return Math.max(0, ...this.#times.map(({ from, to }) => to - from));
  }

  begin(at: number): void {
    this.#times.push({ from: at, to: Number.POSITIVE_INFINITY });
  }

  end(at: number): void {
    const last = this.#times.at(-1);
    if (last !== undefined) last.to = at;
  }

  /** Whether something that failed at that time failed for want of a manager. */
  explains(at: number): boolean {
    return this.#times.some(({ from, to }) => at >= from && at <= to + afterwards);
  }
}
