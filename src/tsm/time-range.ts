/** The times of the first and the last point, both inclusive, in nanoseconds since 1970. */
export interface TimeRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** Returns the smallest range that includes both; `undefined` includes nothing. */
export function union(one: TimeRange | undefined, other: TimeRange | undefined): TimeRange | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return {
    first: least(one.first, other.first),
    last: -least(-one.last, -other.last),
  };
}

const least = (one: bigint, other: bigint) => (one < other ? one : other);

/**
 * The range of many times, added as the two halves of 64-bit integers: comparing numbers takes a tenth of the time of creating and
 * comparing a bigint for each.
 */
export class RangeOfTimes {
  #firstHigh = Number.POSITIVE_INFINITY;
  #firstLow = 0;
  #lastHigh = Number.NEGATIVE_INFINITY;
  #lastLow = 0;

  /**
   * @param high signed upper 32 bits
   * @param low unsigned lower 32 bits
   */
  add(high: number, low: number): void {
    if (high < this.#firstHigh || (high === this.#firstHigh && low < this.#firstLow)) {
      this.#firstHigh = high;
      this.#firstLow = low;
    }
    if (high > this.#lastHigh || (high === this.#lastHigh && low > this.#lastLow)) {
      this.#lastHigh = high;
      this.#lastLow = low;
    }
  }

  /** The range; `undefined` if nothing was added. */
  get range(): TimeRange | undefined {
    if (this.#lastHigh === Number.NEGATIVE_INFINITY) return undefined;
    return {
      first: joined(this.#firstHigh, this.#firstLow),
      last: joined(this.#lastHigh, this.#lastLow),
    };
  }
}

const joined = (high: number, low: number) => (BigInt(high) << 32n) | BigInt(low);
