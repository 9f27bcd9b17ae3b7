export interface Named {
  readonly name: string;
}

interface Entry {
  readonly hash: number;
  readonly name: string;
  /** Counted from the first name of the table, and never reused: so it stays when others are removed. */
  readonly order: number;
}

/** Beyond this, carrying the removals along costs more than a new table, spread over as many removals. */
const maxRemovals = 1024;
/** Beyond this, the buckets are so long that a new table with more of them is worth its cost. */
const maxNamesPerBucket = 4;

/** A random value per process, so that an attacker cannot choose names that all fall into one bucket. */
const multiplier = ((globalThis.crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) >>> 1) | 1;

function hashOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), multiplier);
    hash ^= hash >>> 15;
  }
  return hash;
}

/**
 * The positions of the names in a list; immutable, like the list. A change copies one bucket and the list of buckets, both about the
 * square root of the list's length. So every version of a list has its own table, including forks.
 */
export class NameTable {
  private constructor(
    private readonly buckets: readonly (readonly Entry[])[],
    /** Order of the next name. */
    private readonly nextOrder: number,
    /** Orders of the names that were removed, ascending: the positions of later names decrease by their number. */
    private readonly removed: readonly number[],
    /** Names that occur several times, or did. */
    private readonly repeated: ReadonlySet<string>,
  ) {}

  /** Creates the table of `list`; of a repeated name it contains the first position. */
  static of(list: readonly Named[]): NameTable {
    const count = 2 ** Math.ceil(Math.log2(Math.sqrt(list.length + 1)));
    const buckets: Entry[][] = Array.from({ length: count }, () => []);
    // Searching each bucket instead would make the table of a million names take minutes.
    const seen = new Set<string>();
    const repeated = new Set<string>();
    let order = 0;
    for (const { name } of list) {
      if (seen.has(name)) {
        repeated.add(name);
      } else {
        seen.add(name);
        const hash = hashOf(name);
        buckets[hash & (count - 1)]?.push({ hash, name, order });
      }
      order++;
    }
    return new NameTable(buckets, list.length, [], repeated);
  }

  /** It has changed so much since it was created that a new one would be better. */
  get isWorn(): boolean {
    return this.removed.length > maxRemovals || this.nextOrder > maxNamesPerBucket * this.buckets.length ** 2;
  }

  /** Returns the position of `name` in the list; −1 if it is not there. */
  positionOf(name: string): number {
    const entry = this.find(name);
    return entry === undefined ? -1 : entry.order - countBelow(this.removed, entry.order);
  }

  /** Returns the table with another name at the end. */
  with(name: string): NameTable {
    const { buckets, nextOrder, removed, repeated } = this;
    const hash = hashOf(name);
    const at = this.bucketOf(hash);
    if (this.find(name) !== undefined) {
      const more = repeated.has(name) ? repeated : new Set([...repeated, name]);
      return new NameTable(buckets, nextOrder + 1, removed, more);
    }
    const bucket = [...(buckets[at] ?? []), { hash, name, order: nextOrder }];
    return new NameTable(buckets.with(at, bucket), nextOrder + 1, removed, repeated);
  }

  /**
   * Returns the table without a name; `undefined` if the name occurs several times, because the table does not know its other positions.
   */
  without(name: string): NameTable | undefined {
    if (this.repeated.has(name)) return undefined;
    const removed = this.find(name);
    if (removed === undefined) return this;
    const at = this.bucketOf(removed.hash);
    const bucket = (this.buckets[at] ?? []).filter((entry) => entry !== removed);
    const orders = this.removed.toSpliced(countBelow(this.removed, removed.order), 0, removed.order);
    return new NameTable(this.buckets.with(at, bucket), this.nextOrder, orders, this.repeated);
  }

  private find(name: string): Entry | undefined {
    const hash = hashOf(name);
    for (const entry of this.buckets[this.bucketOf(hash)] ?? []) {
      if (entry.hash === hash && entry.name === name) return entry;
    }
    return undefined;
  }

  private bucketOf(hash: number): number {
    return hash & (this.buckets.length - 1);
  }
}

/** Returns how many of the ascending `numbers` are below `limit`. */
function countBelow(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? limit) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
