import { CfluxError } from '../../../../errors.js';
import type { NodeProgress } from '../../../../protocol/node-progress.js';
import type { Operation } from '../api/kv-messages.js';
import type { LivenessDelta } from './liveness-delta.js';
import { type ProgressUpdate, updateBytes } from './progress-updates.js';

/** A liveness change of a node, reported by itself or on its behalf. */
export interface NodeChange {
  readonly kind: 'alive' | 'left';
  readonly cluster: string;
  readonly nodeId: number;
  /** Progress that the node reported with the change. */
  readonly progress?: NodeProgress | undefined;
  /** Registers the node, in the same transaction. */
  readonly registration?: Extract<Operation, { readonly put: string }> | undefined;
}

interface Waiting {
  readonly change: NodeChange;
  readonly resolve: (isKnown: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** A transaction of etcd has at most 128 operations. */
const maxRegistrations = 100;
/** It has at most 1.5 MiB by default, and may have less: then the batch is split. */
const maxBytes = 512 * 1024;
/** Largest size of an id in JSON. */
const idBytes = 17;

/** Changes that are stored together; of each node, the last one. */
export class NodeBatch {
  readonly #waiting: Waiting[] = [];
  readonly #clusters = new Map<string, Map<number, NodeChange['kind']>>();
  /** By cluster: the last progress of each node and instance, in order. */
  readonly #words = new Map<string, Map<string, ProgressUpdate>>();
  #registrations = 0;
  #bytes = 0;

  get isFull(): boolean {
    return this.#registrations >= maxRegistrations || this.#bytes >= maxBytes;
  }

  /** Resolves when the change is stored, with whether the node exists. */
  add(change: NodeChange): Promise<boolean> {
    return new Promise((resolve, reject) => this.#push({ change, resolve, reject }));
  }

  get news(): readonly LivenessDelta[] {
    return [...this.#clusters].map(([cluster, nodes]) => {
      const idsOf = (kind: NodeChange['kind']) =>
        [...nodes].filter((node) => node[1] === kind).map(([id]) => id);
      const words = [...(this.#words.get(cluster)?.values() ?? [])];
      return { cluster, alive: idsOf('alive'), left: idsOf('left'), words };
    });
  }

  /** Adds the progress of a node. */
  addProgress(cluster: string, update: ProgressUpdate): void {
    this.#nodesOf(cluster);
    let words = this.#words.get(cluster);
    if (words === undefined) {
      words = new Map();
      this.#words.set(cluster, words);
    }
    const key = `${update.nodeId} ${update.progress.instance ?? ''}`;
    const before = words.get(key);
    // A poll contains only the version; keep the rest from the heartbeat before it.
    const progress =
      update.isPoll && before !== undefined
        ? { ...before.progress, ...definedOf(update.progress) }
        : update.progress;
    const isPoll = update.isPoll && (before === undefined || before.isPoll);
    if (before === undefined)
      this.#bytes += updateBytes + Buffer.byteLength(JSON.stringify(progress.epoch ?? ''));
    words.delete(key);
    words.set(key, { nodeId: update.nodeId, isPoll, progress });
  }

  get registrations(): readonly Operation[] {
    return this.#waiting.flatMap(({ change }) => change.registration ?? []);
  }

  /** The nodes that must be registered already, by cluster. */
  get asked(): ReadonlyMap<string, readonly number[]> {
    const asked = new Map<string, number[]>();
    for (const { change } of this.#waiting) {
      if (change.registration) continue;
      const nodes = asked.get(change.cluster);
      if (nodes) nodes.push(change.nodeId);
      else asked.set(change.cluster, [change.nodeId]);
    }
    return asked;
  }

  /** Splits the batch in two, for a store that refuses so many changes at once; undefined for a single change. */
  halves(): readonly [NodeBatch, NodeBatch] | undefined {
    if (this.#waiting.length < 2) return undefined;
    const halves = [new NodeBatch(), new NodeBatch()] as const;
    const middle = Math.ceil(this.#waiting.length / 2);
    for (const [place, waiting] of this.#waiting.entries()) halves[place < middle ? 0 : 1].#push(waiting);
    return halves;
  }

  /** The batch was stored. `registrations`: the registered nodes of the clusters in question, or the error of reading them. */
  settle(registrations: ReadonlyMap<string, ReadonlySet<number> | CfluxError>): void {
    for (const { change, resolve, reject } of this.#waiting) {
      const registration = registrations.get(change.cluster);
      if (change.registration) resolve(true);
      else if (registration instanceof CfluxError) reject(registration);
      else resolve(registration?.has(change.nodeId) === true);
    }
  }

  fail(error: unknown): void {
    for (const { reject } of this.#waiting) reject(error);
  }

  #push(waiting: Waiting): void {
    const { kind, cluster, nodeId, registration, progress } = waiting.change;
    this.#nodesOf(cluster).set(nodeId, kind);
    this.#bytes += idBytes;
    if (registration) {
      this.#registrations += 1;
      this.#bytes += Buffer.byteLength(registration.put) + registration.value.byteLength;
    }
    if (progress !== undefined) this.addProgress(cluster, { nodeId, isPoll: false, progress });
    this.#waiting.push(waiting);
  }

  /** Returns the changes of a cluster, and counts the size of its name. */
  #nodesOf(cluster: string): Map<number, NodeChange['kind']> {
    const known = this.#clusters.get(cluster);
    if (known !== undefined) return known;
    const nodes = new Map<number, NodeChange['kind']>();
    this.#clusters.set(cluster, nodes);
    // There may be a second record, for the nodes that left.
    this.#bytes +=
      2 * (Buffer.byteLength(JSON.stringify(cluster)) + '{"cluster":,"alive":[],"left":[]},'.length);
    return nodes;
  }
}

const definedOf = ({ epoch, version }: NodeProgress): NodeProgress => ({
  ...(epoch === undefined ? {} : { epoch }),
  ...(version === undefined ? {} : { version }),
});
