import { lifetimeController } from '../../../../async/lifetime.js';
import { repeat } from '../../../../async/repeat.js';
import { CfluxError } from '../../../../errors.js';
import { randomUuid } from '../../../../random.js';
import type { Commit, CommitResult, StoreContext } from '../../../manager-store.js';
import { type Contender, pusherOf } from '../../../pushes/pusher.js';
import { defaultConflictHold, Reservations } from '../../../pushes/reservations.js';
import type { Comparison, KeyValue, Operation, RangeResponse } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import { QueueView, type Ticket } from './queue-view.js';
import { RetainedTickets } from './retained-tickets.js';
import { decodeTicket, encodeTicket, type RecordedReservation } from './ticket-record.js';
import { untilFirst } from './until-first.js';

/** Milliseconds between two signs of one that is kept, or whose snapshot takes long to store. */
const signInterval = 150;
/** Clusters whose requesters are remembered. */
const maxClusters = 1_000;

/** A push on its way through the queue. */
export interface Entry {
  readonly cluster: string;
  /** Key of its place. */
  readonly key: string;
  readonly contender: Contender;
  /** The reservation in which it came. */
  readonly used?: RecordedReservation | undefined;
  /** The reservation that it wasted, for it was not made from what its requester was shown. */
  readonly wasted?: RecordedReservation | undefined;
}

/**
 * Fair turns for all who push to a cluster, at whichever managers (R26): behind a load balancer a node's next push reaches
 * another one than the last.
 *
 *     push ──► nobody queues, and it is made from the newest version ──────────────► committed
 *                │ otherwise: a place in the queue, a key in etcd
 *              waits until its place is the first: then no other push is committed
 *                ├── not made from the newest: 409 with that; the place is kept for the node's next push, if it gets a reservation
 *                └── made from the newest ──────────────────────────────────────────► committed, the place given up
 *
 * Where nobody conflicts, nothing of this is ever written. Each manager hears of places by its watch, and of reservations that were
 * wasted: each has the same picture of who gets another.
 */
export class EtcdPushQueue {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #context: StoreContext;
  /** Who this manager is among those that share the store. */
  readonly self: string;
  readonly #queues = new Map<string, QueueView>();
  readonly #reservations = new Map<string, Reservations>();
  readonly #kept: RetainedTickets;
  readonly #closing = lifetimeController();
  #anonymous = 0;

  constructor(connection: EtcdConnection, keys: Keys, context: StoreContext) {
    this.#connection = connection;
    this.#keys = keys;
    this.#context = context;
    this.self = randomUuid(context.random);
    this.#kept = new RetainedTickets(connection, context.clock, {
      by: this.self,
      signInterval,
      onWasted: (kept, lasted) => this.#reservationsOf(kept.cluster).waste(kept, lasted, this.#now()),
    });
  }

  /** A push has arrived: takes up the place that is kept for it. `latest`: the newest version that is known. */
  arrive({ cluster, nodeId, remote, base }: Commit, latest: number | undefined): Entry {
    const contender = { requester: pusherOf(nodeId, remote), base };
    this.#reservationsOf(cluster).arrived(contender, this.#now());
    const key =
      nodeId === undefined ? this.#anonymousPlace(cluster, contender) : this.#placeOf(cluster, nodeId);
    const kept = this.#kept.has(key)
      ? this.#kept.take(key)
      : this.#keptElsewhere(cluster, key, contender, latest);
    if (kept === undefined) return { cluster, key, contender };
    if (base >= kept.shown) return { cluster, key, contender, used: kept };
    this.#reservationsOf(cluster).waste(kept, kept.since, this.#now());
    return { cluster, key, contender, wasted: kept };
  }

  /** Nobody queues, or the place with `key` is the first. */
  mayGo({ cluster, key }: Entry): boolean {
    const first = this.#queues.get(cluster)?.first;
    return first === undefined || first.key === key;
  }

  isFirst({ cluster, key }: Entry): boolean {
    return this.#queues.get(cluster)?.first?.key === key;
  }

  /** What must hold for a commit: what `mayGo` says. */
  comparison({ cluster, key }: Entry): Comparison {
    const place = this.#queues.get(cluster)?.get(key);
    return { ...this.#keys.turnsOf(cluster), createdSince: place?.createRevision ?? 'never' };
  }

  /** Takes a place, or shows that it is in use, and reads the queue. */
  enter({ cluster, key, wasted }: Entry): readonly Operation[] {
    const value = encodeTicket({ by: this.self, wasted });
    return [{ put: key, value }, { get: { ...this.#keys.turnsOf(cluster), keysOnly: true } }];
  }

  /** Takes note of a queue that was read in `revision`. */
  note(cluster: string, queue: RangeResponse, revision: number): void {
    this.#queueOf(cluster).replace(queue.kvs, revision);
    this.#tidy(cluster);
  }

  /** Gives a place up, within the transaction that it was for. */
  leave({ cluster, key }: Entry): readonly Operation[] {
    return this.#queues.get(cluster)?.get(key) ? [{ deleteKey: key }] : [];
  }

  left({ cluster, key }: Entry): void {
    this.#queues.get(cluster)?.drop(key);
    this.#tidy(cluster);
  }

  /** How the push ended: keeps the place for the next one of the same requester where it gets a reservation, and gives it up otherwise. */
  settle(entry: Entry, result: CommitResult): void {
    const { cluster, key, contender, used } = entry;
    const reservations = this.#reservationsOf(cluster);
    const now = this.#now();
    if (result.kind === 'committed') {
      reservations.committed(contender.requester);
      return;
    }
    if (used !== undefined) reservations.waste(used, used.since, now);
    const shown = result.kind === 'conflict' ? result.latest.version : undefined;
    const ms = shown === undefined ? 0 : reservations.grant(contender, shown, now);
    const place = this.#queues.get(cluster)?.get(key);
    if (shown === undefined || ms === 0 || place === undefined) this.#giveUp(cluster, key);
    else this.#kept.keep({ ...place, cluster, requester: contender.requester, shown }, ms);
  }

  /** The push failed, and perhaps comes again: a node finds its place, if nobody loses patience before. */
  failed({ cluster, key, contender }: Entry): void {
    const { conflictHold = defaultConflictHold } = this.#context;
    if (contender.requester.isShared || conflictHold === 0) this.#giveUp(cluster, key);
    else this.#kept.keepForRetry(key, conflictHold, () => this.#giveUp(cluster, key));
  }

  /** A requester has nothing to push after all. */
  yield(cluster: string, nodeId: number | undefined, remote: string | undefined): void {
    const requester = pusherOf(nodeId, remote);
    const kept = this.#kept.of(cluster, requester);
    const key = kept?.key ?? (nodeId === undefined ? undefined : this.#placeOf(cluster, nodeId));
    if (key === undefined) return;
    const taken = this.#kept.take(key);
    if (taken) this.#reservationsOf(cluster).givenUp(taken, taken.since, this.#now());
    this.#giveUp(cluster, key);
  }

  /** Resolves when the place is the first, or gone. Rejects with the signal's reason, the place given up. */
  async wait({ cluster, key }: Entry, signal?: AbortSignal): Promise<void> {
    const queue = this.#queueOf(cluster);
    try {
      await untilFirst(queue, key, {
        clock: this.#context.clock,
        signals: [signal, this.#closing.signal],
        passOver: (idle) => this.#remove(idle),
      });
    } catch (error) {
      this.#giveUp(cluster, key);
      throw error;
    } finally {
      this.#tidy(cluster);
    }
  }

  /** Runs `work`, which may take long, and shows meanwhile that the place is in use. */
  async holding<T>({ cluster, key }: Entry, work: Promise<T>): Promise<T> {
    const stop = repeat(this.#context.clock, signInterval, () => {
      if (!this.#queues.get(cluster)?.get(key)) return;
      const success: readonly Operation[] = [{ put: key, value: encodeTicket({ by: this.self }) }];
      this.#connection.call(etcd.txn, { compare: [{ key, exists: true }], success }).catch(() => {});
    });
    try {
      return await work;
    } finally {
      stop();
    }
  }

  /** The watch tells of a place. */
  onPlace(kind: 'put' | 'delete', kv: KeyValue): void {
    const cluster = this.#keys.clusterOf(kv.key);
    if (kind === 'put') {
      this.#queueOf(cluster).put(kv);
      this.#hear(cluster, kv);
    } else {
      this.#kept.drop(kv.key);
      this.#queues.get(cluster)?.delete(kv.key, kv.modRevision);
      this.#tidy(cluster);
    }
  }

  /** Refuses whoever waits. */
  close(reason = managerCloses()): void {
    this.#closing.abort(reason);
    this.#kept.close();
  }

  /** What another manager says of a place. */
  #hear(cluster: string, { key, value }: KeyValue): void {
    const note = decodeTicket(key, value);
    if (note?.by === this.self) return;
    const now = this.#now();
    const notified = note?.kept ?? note?.wasted;
    if (notified) this.#reservationsOf(cluster).shown(notified, now - notified.since);
    // Its requester came there.
    const kept = note?.kept === undefined ? this.#kept.take(key) : undefined;
    if (note?.wasted) {
      this.#reservationsOf(cluster).waste(note.wasted, kept?.since ?? note.wasted.since, now);
    }
    this.#queueOf(cluster).noteKept(key, note?.kept && { ...note.kept, since: now - note.kept.since });
  }

  /** A node's place is the first, though no push of it is here: it is kept by another manager, which shows the newest version. */
  #keptElsewhere(
    cluster: string,
    key: string,
    { requester }: Contender,
    latest: number | undefined,
  ): RecordedReservation | undefined {
    const first = this.#queues.get(cluster)?.first;
    if (first?.key !== key || latest === undefined) return undefined;
    // Of one that gave no sign yet its own manager knows how long it was kept.
    const since = first.kept === undefined ? 0 : this.#now() - first.kept.since;
    return { requester, shown: first.kept?.shown ?? latest, since };
  }

  /** The place of a node, at all managers the same. */
  #placeOf(cluster: string, nodeId: number): string {
    return this.#keys.turn(cluster, `node-${nodeId}`);
  }

  /** Of clients without a node id each push has a place of its own, but for the one that a place is kept for. */
  #anonymousPlace(cluster: string, { requester, base }: Contender): string {
    const kept = this.#kept.of(cluster, requester);
    if (kept !== undefined && base >= kept.shown) return kept.key;
    return this.#keys.turn(cluster, `${this.self}.${this.#anonymous++}`);
  }

  /** Nothing came of it. */
  #giveUp(cluster: string, key: string): void {
    this.#kept.drop(key);
    const place = this.#queues.get(cluster)?.get(key);
    if (place) this.#remove(place);
  }

  /** Unless it showed meanwhile that it is in use. What cannot be removed is passed over by whoever waits for it. */
  #remove({ key, modRevision }: Ticket): void {
    const removal = { compare: [{ key, modRevision }], success: [{ deleteKey: key }] };
    this.#connection.call(etcd.txn, removal).catch(() => {});
  }

  #queueOf(cluster: string): QueueView {
    const known = this.#queues.get(cluster);
    if (known !== undefined) return known;
    const queue = new QueueView();
    this.#queues.set(cluster, queue);
    return queue;
  }

  #tidy(cluster: string): void {
    if (this.#queues.get(cluster)?.isUnused) this.#queues.delete(cluster);
  }

  #reservationsOf(cluster: string): Reservations {
    const reservations = this.#reservations.get(cluster) ?? new Reservations(this.#context.conflictHold);
    this.#reservations.delete(cluster);
    this.#reservations.set(cluster, reservations);
    if (this.#reservations.size > maxClusters) {
      for (const oldest of this.#reservations.keys()) {
        this.#reservations.delete(oldest);
        break;
      }
    }
    return reservations;
  }

  #now(): number {
    return this.#context.clock.monotonic();
  }
}

const managerCloses = () =>
  new CfluxError('UNAVAILABLE', 'the manager is closing', { retryable: true, outcome: 'notApplied' });
