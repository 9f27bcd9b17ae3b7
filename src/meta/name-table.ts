export interface Named {
  readonly name: string;
}

interface Entry {
  readonly hash: number;
  readonly name: string;
  /** Where it stood when it was entered; removals of others may have moved it towards the front since. */
  readonly position: number;
}

/** More removals than this, and a look-up would search for longer than a new table takes, spread over the look-ups. */
const mostRemovals = 512;
/** Average entries of a bucket, times the number of buckets, beyond which a new table is better. */
const mostCrowded = 4;

function hashOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) | 0;
  // Names that differ in their last characters only (db-1, db-2) would fall into neighbouring buckets; that is fine.
  return hash;
}

/**
 * Positions of names in a list; immutable, like the list. A change copies one bucket and the list of buckets, both about the square
 * root of the list's length. So forks and versions have tables of their own, and a name that is not in the table is not in the list.
 */
export class NameTable {
  private constructor(
    private readonly buckets: readonly (readonly Entry[])[],
    private readonly size: number,
    private readonly removals: number,
  ) {}

  /** The table of `list`, or nothing if a name occurs twice in it. */
  static of(list: readonly Named[]): NameTable | undefined {
    const count = 2 ** Math.ceil(Math.log2(Math.sqrt(list.length + 1)));
    const buckets: Entry[][] = Array.from({ length: count }, () => []);
    for (const [position, { name }] of list.entries()) {
      const hash = hashOf(name);
      const bucket = buckets[hash & (count - 1)];
      if (bucket?.some((entry) => entry.hash === hash && entry.name === name)) return undefined;
      bucket?.push({ hash, name, position });
    }
    return new NameTable(buckets, list.length, 0);
  }

  /** It has changed so much since it was made that a new one would answer faster. */
  get isWorn(): boolean {
    return this.removals > mostRemovals || this.size > mostCrowded * this.buckets.length ** 2;
  }

  /** Where `name` stands in `list`, which this table is of; −1 if it does not. */
  positionOf(name: string, list: readonly Named[]): number {
    const entry = this.entry(name, hashOf(name));
    if (entry === undefined) return -1;
    let { position } = entry;
    while (position >= 0 && list[position]?.name !== name) position--;
    return position;
  }

  has(name: string): boolean {
    return this.entry(name, hashOf(name)) !== undefined;
  }

  /** With a name that it does not have yet. */
  with(name: string, position: number): NameTable {
    const hash = hashOf(name);
    const at = this.bucketOf(hash);
    const bucket = [...(this.buckets[at] ?? []), { hash, name, position }];
    return new NameTable(this.buckets.with(at, bucket), this.size + 1, this.removals);
  }

  without(name: string): NameTable {
    const at = this.bucketOf(hashOf(name));
    const bucket = (this.buckets[at] ?? []).filter((entry) => entry.name !== name);
    return new NameTable(this.buckets.with(at, bucket), this.size - 1, this.removals + 1);
  }

  private entry(name: string, hash: number): Entry | undefined {
    for (const entry of this.buckets[this.bucketOf(hash)] ?? []) {
      if (entry.hash === hash && entry.name === name) return entry;
    }
    return undefined;
  }

  private bucketOf(hash: number): number {
    return hash & (this.buckets.length - 1);
  }
}
