import type { Operation } from './kv-messages.js';
import type { NodeNews } from './node-news.js';

/** Said of a node, by itself or for it. */
export interface Word {
  readonly kind: 'alive' | 'left';
  readonly cluster: string;
  readonly nodeId: number;
  /** Registers the node, in the same transaction. */
  readonly registration?: Operation | undefined;
}

interface Waiting {
  readonly word: Word;
  readonly resolve: (isKnown: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** A transaction of etcd has at most 128 operations. */
const mostRegistrations = 100;
/** It has at most 1.5 MiB; of a node some 14 bytes are said, and mostly two. */
const mostWords = 20_000;

/** Words that are stored together; of a node, the last one. */
export class NodeBatch {
  readonly registrations: Operation[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #clusters = new Map<string, Map<number, Word['kind']>>();

  get isFull(): boolean {
    return this.registrations.length >= mostRegistrations || this.#waiting.length >= mostWords;
  }

  /** Resolves when it is stored: whether there is such a node. */
  add(word: Word): Promise<boolean> {
    const { kind, cluster, nodeId, registration } = word;
    const nodes = this.#clusters.get(cluster) ?? new Map<number, Word['kind']>();
    this.#clusters.set(cluster, nodes.set(nodeId, kind));
    if (registration) this.registrations.push(registration);
    return new Promise((resolve, reject) => this.#waiting.push({ word, resolve, reject }));
  }

  get news(): readonly NodeNews[] {
    return [...this.#clusters].map(([cluster, nodes]) => {
      const said = (kind: Word['kind']) => [...nodes].filter((node) => node[1] === kind).map(([id]) => id);
      return { cluster, alive: said('alive'), left: said('left') };
    });
  }

  /** The nodes that must be registered already, by cluster. */
  get asked(): ReadonlyMap<string, readonly number[]> {
    const asked = new Map<string, number[]>();
    for (const { word } of this.#waiting) {
      if (word.registration) continue;
      const nodes = asked.get(word.cluster);
      if (nodes) nodes.push(word.nodeId);
      else asked.set(word.cluster, [word.nodeId]);
    }
    return asked;
  }

  /** It is stored, and these are registered in the clusters that were asked for. */
  settle(rosters: ReadonlyMap<string, ReadonlySet<number>>): void {
    for (const { word, resolve } of this.#waiting) {
      resolve(word.registration !== undefined || rosters.get(word.cluster)?.has(word.nodeId) === true);
    }
  }

  fail(error: unknown): void {
    for (const { reject } of this.#waiting) reject(error);
  }
}
