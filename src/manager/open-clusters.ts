import type { Cluster } from './cluster.js';

const maxIdleClusters = 1_000;
const maxCachedBytes = 256 * 1024 * 1024;

/** The clusters that this manager serves now or served recently. */
export class OpenClusters {
  readonly #create: (name: string) => Cluster;
  /** Least recently used first. */
  readonly #clusters = new Map<string, Cluster>();

  constructor(create: (name: string) => Cluster) {
    this.#create = create;
  }

  of(name: string): Cluster {
    const known = this.#clusters.get(name);
    if (known !== undefined) {
      this.#clusters.delete(name);
      this.#clusters.set(name, known);
      return known;
    }
    const cluster = this.#create(name);
    this.#clusters.set(name, cluster);
    this.#forgetIdle();
    return cluster;
  }

  /** Returns a cluster if it is open; does not count as a use. */
  get(name: string): Cluster | undefined {
    return this.#clusters.get(name);
  }

  /** Returns the open clusters that a change of `name` concerns; all of them if it is undefined. */
  concerned(name: string | undefined): readonly Cluster[] {
    if (name === undefined) return [...this.#clusters.values()];
    const cluster = this.#clusters.get(name);
    return cluster === undefined ? [] : [cluster];
  }

  #forgetIdle(): void {
    let bytes = 0;
    for (const cluster of this.#clusters.values()) bytes += cluster.cachedBytes;
    for (const [name, cluster] of this.#clusters) {
      if (this.#clusters.size <= maxIdleClusters && bytes <= maxCachedBytes) return;
      if (!cluster.isIdle) continue;
      bytes -= cluster.cachedBytes;
      this.#clusters.delete(name);
    }
  }
}
