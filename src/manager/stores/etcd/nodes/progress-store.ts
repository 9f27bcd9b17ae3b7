import type { StoreContext } from '../../../manager-store.js';
import { storedProgressOf } from '../../../nodes/stored-progress.js';
import type { TrackedNodes } from '../../../nodes/tracked-nodes.js';
import { NodeSet } from '../../node-set.js';
import type { KeyValue } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import { decodeNode, encodeNode } from './node-record.js';

/** A transaction of etcd has at most 128 operations. */
const atOnce = 50;

interface Due {
  readonly cluster: string;
  readonly nodeId: number;
}

/**
 * Stores the last progress of a node in its record, once when the node is found dead and when its kind changes. The manager that
 * received the last heartbeat does so.
 */
export class ProgressStore {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #tracked: TrackedNodes;
  readonly #context: StoreContext;
  /** Nodes whose last heartbeat this manager received. */
  readonly #ours = new NodeSet();
  readonly #changed = new NodeSet();

  constructor(
    connection: EtcdConnection,
    { keys, tracked }: { readonly keys: Keys; readonly tracked: TrackedNodes },
    context: StoreContext,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#tracked = tracked;
    this.#context = context;
  }

  /** Records that this manager received a heartbeat of the node. */
  ours(cluster: string, nodeId: number): void {
    this.#ours.add(cluster, nodeId);
  }

  /** Records that another manager received a heartbeat of the node, or that it was removed. */
  notOurs(cluster: string, nodeId: number): void {
    this.#ours.delete(cluster, nodeId);
  }

  /** Records that the kind of the node changed. */
  changed(cluster: string, nodeId: number): void {
    this.#changed.add(cluster, nodeId);
  }

  /** Stores what is due. A failure is not retried: the next death, or change, stores it. */
  async store(): Promise<void> {
    const due = [...this.#changed, ...this.#dead()];
    this.#changed.clear();
    for (let at = 0; at < due.length; at += atOnce) await this.#storeAll(due.slice(at, at + atOnce));
  }

  #dead(): readonly Due[] {
    const { nodeTtl } = this.#context;
    const dead = [...this.#ours].filter(
      ({ cluster, nodeId }) => (this.#tracked.progress(cluster, nodeId)?.age ?? 0) > nodeTtl,
    );
    for (const { cluster, nodeId } of dead) this.notOurs(cluster, nodeId);
    return dead;
  }

  async #storeAll(due: readonly Due[]): Promise<void> {
    const success = due.map(({ cluster, nodeId }) => ({ get: { key: this.#keys.node(cluster, nodeId) } }));
    const { ranges } = await this.#connection.call(etcd.txn, { compare: [], success });
    const puts = due.flatMap((node, place) => this.#putOf(node, ranges[place]?.kvs[0]) ?? []);
    if (puts.length === 0) return;
    await this.#connection.call(etcd.txn, {
      // If a node was removed or updated concurrently, nothing is written.
      compare: puts.map(({ put, modRevision }) => ({ key: put, modRevision })),
      success: puts.map(({ put, value }) => ({ put, value })),
    });
  }

  #putOf({ cluster, nodeId }: Due, kv: KeyValue | undefined) {
    const progress = this.#tracked.progress(cluster, nodeId);
    if (kv === undefined || progress === undefined) return undefined;
    const last = storedProgressOf(progress, this.#context.clock.now());
    const value = encodeNode({ ...decodeNode(kv.key, kv.value), kind: progress.kind, last });
    return { put: kv.key, modRevision: kv.modRevision, value };
  }
}
