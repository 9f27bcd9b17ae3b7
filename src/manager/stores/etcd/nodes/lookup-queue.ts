/** Whether a node is registered, asked by a request that waits. */
export interface Lookup {
  readonly cluster: string;
  readonly nodeId: number;
  readonly resolve: (isRegistered: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Lookups that wait, by cluster: a flood of one cluster neither delays nor pushes out those of another. */
export class LookupQueue {
  readonly #most: number;
  /** The cluster that came last is last; of each, the oldest lookup is first. */
  readonly #clusters = new Map<string, Lookup[]>();
  #size = 0;

  /** @param most lookups that wait; beyond it the oldest of the cluster that has most of them gives way */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** Returns the lookup that gives way, if there are too many. */
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
   * Up to `most` lookups, one of each cluster in turn. The newest come first: of a flood the oldest are late anyhow, and a node that comes
   * into it is not.
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

  /** All of them, which wait no longer. */
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
