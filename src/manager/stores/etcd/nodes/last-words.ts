import type { StoreContext } from '../../../manager-store.js';
import { lastWordOf } from '../../../nodes/last-word.js';
import type { Voices } from '../../../nodes/voices.js';
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
 * Stores with the record of a node what it said last: once when it is found dead, and when it speaks another protocol than it did. The
 * manager that heard its last heartbeat does so.
 */
export class LastWords {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #voices: Voices;
  readonly #context: StoreContext;
  /** Nodes whose last heartbeat came to this manager. */
  readonly #ours = new NodeSet();
  readonly #changed = new NodeSet();

  constructor(
    connection: EtcdConnection,
    { keys, voices }: { readonly keys: Keys; readonly voices: Voices },
    context: StoreContext,
  ) {
    this.#connection = connection;
    this.#keys = keys;
    this.#voices = voices;
    this.#context = context;
  }

  /** The node beat at this manager. */
  ours(cluster: string, nodeId: number): void {
    this.#ours.add(cluster, nodeId);
  }

  /** The node beat at another manager, or was removed. */
  notOurs(cluster: string, nodeId: number): void {
    this.#ours.delete(cluster, nodeId);
  }

  /** The node speaks another protocol than it did. */
  changed(cluster: string, nodeId: number): void {
    this.#changed.add(cluster, nodeId);
  }

  /** Stores what is due. What fails is not tried again: the next death, or change, stores it. */
  async store(): Promise<void> {
    const due = [...this.#changed, ...this.#dead()];
    this.#changed.clear();
    for (let at = 0; at < due.length; at += atOnce) await this.#storeAll(due.slice(at, at + atOnce));
  }

  #dead(): readonly Due[] {
    const { nodeTtl } = this.#context;
    const dead = [...this.#ours].filter(
      ({ cluster, nodeId }) => (this.#voices.said(cluster, nodeId)?.age ?? 0) > nodeTtl,
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
      // A node that was removed, or described itself anew, in this moment stays as it is.
      compare: puts.map(({ put, modRevision }) => ({ key: put, modRevision })),
      success: puts.map(({ put, value }) => ({ put, value })),
    });
  }

  #putOf({ cluster, nodeId }: Due, kv: KeyValue | undefined) {
    const said = this.#voices.said(cluster, nodeId);
    if (kv === undefined || said === undefined) return undefined;
    const last = lastWordOf(said, this.#context.clock.now());
    const value = encodeNode({ ...decodeNode(kv.key, kv.value), kind: said.kind, last });
    return { put: kv.key, modRevision: kv.modRevision, value };
  }
}
