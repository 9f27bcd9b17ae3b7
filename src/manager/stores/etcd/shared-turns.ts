import { randomUuid } from '../../../random.js';
import type { StoreContext } from '../../manager-store.js';
import type { EtcdConnection } from './connection.js';
import type { Keys } from './keys.js';
import type { Comparison, KeyValue, Operation, RangeResponse } from './kv-messages.js';
import { etcd } from './methods.js';

/** Milliseconds that the place of a loser is kept for its next push: what a manager gives its own losers. */
const turn = 250;
/** Milliseconds after which a manager that is first, and neither pushes nor leaves, is passed over: it has died. */
const patience = 400;
const mostRemembered = 1_000;

/** A queue in which no manager is. */
export const nobody: RangeResponse = { revision: 0, kvs: [], more: false, count: 0 };

interface Place {
  /** Places are ordered by it. */
  readonly createRevision: number;
  cancelTimer: () => void;
}

/**
 * Fair turns among managers (R26). Each gives its own nodes their turns; without this, one whose nodes always have a push ready
 * would win every time, and the nodes of the others would never come through.
 *
 *     push ──► transaction, if nobody queues ─────────────────────────────────► committed
 *                   │ another manager was first: in the same transaction, a place in the queue
 *              waits until those before it are through
 *                   ├── lost meanwhile: 409 with what then is the newest; the place is kept for the node's next push, 250 ms
 *              transaction, if its place is the first
 *                   └──► committed, and in the same transaction the place is given up
 *
 * Where only one manager pushes, nothing of this is ever written. A manager that dies in the queue holds the others up once,
 * for 400 ms.
 */
export class SharedTurns {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #context: StoreContext;
  /** Who we are among those who share the store. */
  readonly self: string;
  readonly #places = new Map<string, Place>();
  /** What to do when a key is gone. */
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Keys that are gone, and when they went: the watch may tell before the transaction is answered that found them. */
  readonly #gone = new Map<string, number>();

  constructor(connection: EtcdConnection, keys: Keys, context: StoreContext) {
    this.#connection = connection;
    this.#keys = keys;
    this.#context = context;
    this.self = randomUuid(context.random);
  }

  /** It is our turn: we are the first of the queue, or nobody queues. */
  comparison(cluster: string): Comparison {
    const range = this.#keys.turnsOf(cluster);
    const place = this.#places.get(cluster);
    return { ...range, createdSince: place?.createRevision ?? 'never' };
  }

  /** Takes a place, unless we have one (or not `queueing`), and reads the queue. */
  enter(cluster: string, queueing = true): readonly Operation[] {
    const put: Operation = { put: this.#keys.turn(cluster, this.self), value: new Uint8Array() };
    const get: Operation = { get: { ...this.#keys.turnsOf(cluster), keysOnly: true } };
    return queueing && !this.#places.has(cluster) ? [put, get] : [get];
  }

  /** Takes note of what `enter` found. */
  entered(cluster: string, queue = nobody): RangeResponse {
    const own = queue.kvs.find(({ key }) => key === this.#keys.turn(cluster, this.self));
    this.#forget(cluster);
    if (own !== undefined) {
      this.#places.set(cluster, { createRevision: own.createRevision, cancelTimer: () => {} });
    }
    return queue;
  }

  /** A push takes the place that was kept for it. */
  use(cluster: string): void {
    this.#places.get(cluster)?.cancelTimer();
  }

  /** Gives the place up, within the transaction that it was for. */
  leave(cluster: string): readonly Operation[] {
    return this.#places.has(cluster) ? [{ deleteKey: this.#keys.turn(cluster, this.self) }] : [];
  }

  left(cluster: string): void {
    this.#forget(cluster);
  }

  /** The push lost, and its node will come back: keeps the place for it, for a while. */
  keep(cluster: string): void {
    const place = this.#places.get(cluster);
    if (place === undefined) return;
    place.cancelTimer();
    place.cancelTimer = this.#context.clock.after(turn, () => this.giveUp(cluster));
  }

  /** Nothing came of it: gives the place up. */
  giveUp(cluster: string): void {
    const place = this.#places.get(cluster);
    if (place === undefined) return;
    this.#forget(cluster);
    this.#remove(this.#keys.turn(cluster, this.self), place.createRevision);
  }

  /** Whether another manager is first in `queue`; if so, resolves when that has had its turn. */
  async wait(cluster: string, { kvs, revision }: RangeResponse): Promise<boolean> {
    const first = firstOf(kvs);
    if (first === undefined || first.key === this.#keys.turn(cluster, this.self)) return false;
    if ((this.#gone.get(first.key) ?? 0) > revision) return true;
    await new Promise<void>((resolve) => {
      const waiting = this.#waiting.get(first.key) ?? new Set();
      this.#waiting.set(first.key, waiting);
      const proceed = () => {
        cancelTimer();
        waiting.delete(proceed);
        if (waiting.size === 0) this.#waiting.delete(first.key);
        resolve();
      };
      const cancelTimer = this.#context.clock.after(patience, () => {
        this.#remove(first.key, first.modRevision);
        proceed();
      });
      waiting.add(proceed);
    });
    return true;
  }

  /** The watch tells that a place was given up. */
  onGone(key: string, revision: number): void {
    this.#gone.delete(key);
    this.#gone.set(key, revision);
    for (const [oldest] of this.#gone) {
      if (this.#gone.size <= mostRemembered) break;
      this.#gone.delete(oldest);
    }
    for (const proceed of [...(this.#waiting.get(key) ?? [])]) proceed();
  }

  /** Nobody waits any more, and no place is kept. */
  close(): void {
    for (const proceed of [...this.#waiting.values()].flatMap((each) => [...each])) proceed();
    for (const cluster of [...this.#places.keys()]) this.giveUp(cluster);
  }

  #forget(cluster: string): void {
    this.#places.get(cluster)?.cancelTimer();
    this.#places.delete(cluster);
  }

  /** What cannot be removed now is passed over by whoever waits for it. */
  #remove(key: string, modRevision: number): void {
    const removal = { compare: [{ key, modRevision }], success: [{ deleteKey: key }] };
    this.#connection.call(etcd.txn, removal).catch(() => {});
  }
}

function firstOf(kvs: readonly KeyValue[]): KeyValue | undefined {
  let first = kvs[0];
  for (const kv of kvs) if (first === undefined || kv.createRevision < first.createRevision) first = kv;
  return first;
}
