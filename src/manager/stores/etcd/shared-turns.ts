import { setMaxListeners } from 'node:events';
import { CfluxError } from '../../../errors.js';
import { randomUuid } from '../../../random.js';
import type { StoreContext } from '../../manager-store.js';
import type { EtcdConnection } from './connection.js';
import type { Keys } from './keys.js';
import type { Comparison, KeyValue, Operation, RangeResponse } from './kv-messages.js';
import { etcd } from './methods.js';
import { type Place, TurnQueue } from './turn-queue.js';

/** Milliseconds that a loser's place is kept for its next push (R26). */
const turn = 250;
/** Milliseconds after which a first that neither pushes nor shows that it is there is passed over: its manager has died. */
const patience = 400;
/** Milliseconds between two signs of one whose snapshot takes long to store. */
const signInterval = 150;

/**
 * Fair turns for all who push to a cluster, at whichever managers (R26): behind a load balancer a node's next push reaches
 * another one than the last.
 *
 *     push ──► nobody queues, and it is made from the newest version ──────────────► committed
 *                │ otherwise: a place in the queue, a key in etcd
 *              waits until its place is the first: then no other push is committed
 *                ├── not made from the newest: 409 with that; the place is kept for the node's next push, 250 ms
 *                └── made from the newest ──────────────────────────────────────────► committed, the place given up
 *
 * Where nobody conflicts, nothing of this is ever written. Each manager hears of places by its watch.
 */
export class SharedTurns {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #context: StoreContext;
  /** Who this manager is among those that share the store. */
  readonly self: string;
  readonly #queues = new Map<string, TurnQueue>();
  /** Ends places that are kept and not used, by their keys. */
  readonly #keeping = new Map<string, () => void>();
  readonly #closing = new AbortController();

  constructor(connection: EtcdConnection, keys: Keys, context: StoreContext) {
    this.#connection = connection;
    this.#keys = keys;
    this.#context = context;
    this.self = randomUuid(context.random);
    // Every push that waits listens.
    setMaxListeners(0, this.#closing.signal);
  }

  /** The place of a node, at all managers the same; of clients of 2016, which do not say who they are, this manager's. */
  placeOf(cluster: string, nodeId: number | undefined): string {
    return this.#keys.turn(cluster, nodeId === undefined ? this.self : `node-${nodeId}`);
  }

  /** Nobody queues, or the place with `key` is the first. */
  mayGo(cluster: string, key: string): boolean {
    const first = this.#queues.get(cluster)?.first;
    return first === undefined || first.key === key;
  }

  isFirst(cluster: string, key: string): boolean {
    return this.#queues.get(cluster)?.first?.key === key;
  }

  /** What must hold for a commit: what `mayGo` says. */
  comparison(cluster: string, key: string): Comparison {
    const place = this.#queues.get(cluster)?.get(key);
    return { ...this.#keys.turnsOf(cluster), createdSince: place?.createRevision ?? 'never' };
  }

  /** Takes a place, or shows that it is in use, and reads the queue. */
  enter(cluster: string, key: string): readonly Operation[] {
    return [{ put: key, value: new Uint8Array() }, this.read(cluster)];
  }

  read(cluster: string): Operation {
    return { get: { ...this.#keys.turnsOf(cluster), keysOnly: true } };
  }

  /** Takes note of a queue that was read in `revision`. */
  note(cluster: string, queue: RangeResponse, revision: number): void {
    this.#queueOf(cluster).replace(queue.kvs, revision);
    this.#tidy(cluster);
  }

  /** Gives a place up, within the transaction that it was for. */
  leave(cluster: string, key: string): readonly Operation[] {
    return this.#queues.get(cluster)?.get(key) ? [{ deleteKey: key }] : [];
  }

  left(cluster: string, key: string): void {
    this.use(key);
    this.#queues.get(cluster)?.drop(key);
    this.#tidy(cluster);
  }

  /** A push takes the place that was kept for it. */
  use(key: string): void {
    this.#keeping.get(key)?.();
    this.#keeping.delete(key);
  }

  /** The push lost, and its node will come back, to whichever manager: keeps its place for a while. */
  keep(cluster: string, key: string): void {
    this.use(key);
    if (!this.#queues.get(cluster)?.get(key)) return;
    const cancel = this.#context.clock.after(turn, () => this.giveUp(cluster, key));
    this.#keeping.set(key, cancel);
  }

  /** Nothing came of it. */
  giveUp(cluster: string, key: string): void {
    this.use(key);
    const place = this.#queues.get(cluster)?.get(key);
    if (place) this.#remove(place);
  }

  /** Resolves when the place with `key` is the first, or gone. Rejects with the signal's reason, the place given up. */
  async wait(cluster: string, key: string, signal?: AbortSignal): Promise<void> {
    const queue = this.#queueOf(cluster);
    const signals = [signal, this.#closing.signal];
    let cancelPatience: (() => void) | undefined;
    let awaited: Place | undefined;
    let wake = () => {};
    /** Whoever is first and does nothing for too long is passed over. */
    const watchFirst = () => {
      const { first } = queue;
      if (first?.modRevision === awaited?.modRevision) return;
      awaited = first;
      cancelPatience?.();
      cancelPatience =
        first &&
        this.#context.clock.after(patience, () => {
          this.#remove(first);
          awaited = undefined;
          wake();
        });
    };
    const unsubscribe = queue.onChange(() => wake());
    for (const each of signals) each?.addEventListener('abort', wakeUp);
    function wakeUp() {
      wake();
    }
    try {
      for (;;) {
        for (const each of signals) each?.throwIfAborted();
        if (queue.first?.key === key || !queue.get(key)) return;
        watchFirst();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } catch (error) {
      this.giveUp(cluster, key);
      throw error;
    } finally {
      cancelPatience?.();
      unsubscribe();
      for (const each of signals) each?.removeEventListener('abort', wakeUp);
      this.#tidy(cluster);
    }
  }

  /** Runs `work`, which may take long, and shows meanwhile that the place is in use. */
  async holding<T>(cluster: string, key: string, work: Promise<T>): Promise<T> {
    let cancel = () => {};
    const sign = () => {
      cancel = this.#context.clock.after(signInterval, () => {
        if (this.#queues.get(cluster)?.get(key)) {
          const success: readonly Operation[] = [{ put: key, value: new Uint8Array() }];
          this.#connection.call(etcd.txn, { compare: [{ key, exists: true }], success }).catch(() => {});
        }
        sign();
      });
    };
    sign();
    try {
      return await work;
    } finally {
      cancel();
    }
  }

  /** The watch tells of a place. */
  onPlace(kind: 'put' | 'delete', kv: KeyValue): void {
    const cluster = this.#keys.clusterOf(kv.key);
    if (kind === 'put') this.#queueOf(cluster).put(kv);
    else {
      this.use(kv.key);
      this.#queues.get(cluster)?.delete(kv.key, kv.modRevision);
      this.#tidy(cluster);
    }
  }

  /** Refuses whoever waits. */
  close(reason = managerCloses()): void {
    this.#closing.abort(reason);
    for (const cancel of this.#keeping.values()) cancel();
    this.#keeping.clear();
  }

  #queueOf(cluster: string): TurnQueue {
    const known = this.#queues.get(cluster);
    if (known !== undefined) return known;
    const queue = new TurnQueue();
    this.#queues.set(cluster, queue);
    return queue;
  }

  #tidy(cluster: string): void {
    if (this.#queues.get(cluster)?.isUnused) this.#queues.delete(cluster);
  }

  /** Unless it showed meanwhile that it is in use. What cannot be removed is passed over by whoever waits for it. */
  #remove({ key, modRevision }: Place): void {
    const removal = { compare: [{ key, modRevision }], success: [{ deleteKey: key }] };
    this.#connection.call(etcd.txn, removal).catch(() => {});
  }
}

const managerCloses = () =>
  new CfluxError('UNAVAILABLE', 'the manager is closing', { retryable: true, outcome: 'none' });
