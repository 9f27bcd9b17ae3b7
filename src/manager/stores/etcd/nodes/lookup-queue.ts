/** A request that waits for whether a node is registered. */
export interface Lookup {
  readonly cluster: string;
  readonly nodeId: number;
  readonly resolve: (isRegistered: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Waiting lookups by cluster: a flood of one cluster neither delays nor displaces those of another. */
export class LookupQueue {
  readonly #most: number;
  /** The most recent cluster is last; within each, the oldest lookup is first. */
  readonly #clusters = new Map<string, Lookup[]>();
  #size = 0;

  /** @param most limit on waiting lookups; beyond it the oldest of the cluster with the most lookups is dropped */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** Returns the dropped lookup, if there are too many. */
  add(lookup: Lookup): Lookup | undefined {
    const ofCluster = this.#clusters.get(lookup.cluster);
    if (ofCluster) ofCluster.push(lookup);
    else this.#clusters.set(lookup.cluster, [lookup]);
    this.#size += 1;
    if (this.#size <= this.#most) return undefined;
    let longest: Lookup[] = [];
    for (const lookups of this.#clusters.values()) if (lookups.length > longest.length) longest = lookups;
    return this.#remove(longest, longest.shift());
  }

  /**
   * Returns up to `most` lookups, taking one of each cluster in turn. The newest come first: in a flood the oldest are late anyway, and a
   * node that arrives during it is not.
   */
  take(most: number): readonly Lookup[] {
    const taken: Lookup[] = [];
    while (taken.length < most && this.#size > 0) {
      for (const lookups of [...this.#clusters.values()].reverse()) {
        if (taken.length === most) break;
        const lookup = this.#remove(lookups, lookups.pop());
        if (lookup) taken.push(lookup);
      }
    }
    return taken;
  }

  /** Removes and returns all lookups. */
  drain(): readonly Lookup[] {
    const lookups = [...this.#clusters.values()].flat();
    this.#clusters.clear();
    this.#size = 0;
    return lookups;
  }

  #remove(from: readonly Lookup[], lookup: Lookup | undefined): Lookup | undefined {
    if (lookup === undefined) return undefined;
    this.#size -= 1;
    if (from.length === 0) this.#clusters.delete(lookup.cluster);
    return lookup;
  }
}
