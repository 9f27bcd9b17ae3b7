import { lifetimeController } from '../../../../async/lifetime.js';
import { repeat } from '../../../../async/repeat.js';
import { debugLog } from '../../../../debug-log.js';
import { CfluxError } from '../../../../errors.js';
import { randomUuid } from '../../../../random.js';
import { RecentMap } from '../../../../recent-map.js';
import type { Commit, CommitResult, StoreContext } from '../../../manager-store.js';
import { type Contender, type Pusher, pusherOf } from '../../../pushes/pusher.js';
import { defaultConflictHold, Reservations } from '../../../pushes/reservations.js';
import type { Comparison, KeyValue, Operation, RangeResponse } from '../api/kv-messages.js';
import { etcd } from '../api/methods.js';
import type { EtcdConnection } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import { QueueView, type Ticket } from './queue-view.js';
import { RetainedTickets } from './retained-tickets.js';
import { decodeTicket, encodeTicket, type RecordedReservation } from './ticket-record.js';
import { untilFirst } from './until-first.js';

const debug = debugLog('cflux:etcd');

/** Milliseconds between two keep-alive writes of a retained ticket, or of one whose snapshot takes long to store. */
const keepAliveInterval = 150;
/** Number of clusters whose requesters are remembered. */
const maxClusters = 1_000;

/** A push in the queue. */
export interface Entry {
  readonly cluster: string;
  /** Key of its ticket. */
  readonly key: string;
  readonly contender: Contender;
  /** The reservation in which the push was sent. */
  readonly used?: RecordedReservation | undefined;
  /** The reservation that the push wasted, because it was not made from the version that its requester was shown. */
  readonly wasted?: RecordedReservation | undefined;
}

/**
 * A fair queue for the pushes to a cluster, across all managers (R26): behind a load balancer a node's next push may reach
 * another manager than its last.
 *
 *     push ──► the queue is empty, and it is made from the newest version ────────────► committed
 *                │ otherwise: a ticket in the queue, a key in etcd
 *              waits until its ticket is the first: then no other push is committed
 *                ├── not made from the newest: 409 with that; the ticket is retained for the node's next push, if it gets a reservation
 *                └── made from the newest ──────────────────────────────────────────► committed, the ticket removed
 *
 * Without conflicts none of this is ever written. Each manager receives tickets, and wasted reservations, through its watch: all
 * managers have the same view of which requesters get another.
 */
export class EtcdPushQueue {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #context: StoreContext;
  /** The id of this manager among those that share the store. */
  readonly self: string;
  readonly #queues = new Map<string, QueueView>();
  readonly #reservations = new RecentMap<string, Reservations>(maxClusters);
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
      keepAliveInterval,
      onWasted: (kept, lasted) => this.#reservationsOf(kept.cluster).waste(kept, lasted, this.#now()),
    });
  }

  /** A push has arrived: takes the ticket that is retained for it. `latest`: the newest known version. */
  arrive(commit: Commit, latest: number | undefined): Entry {
    const { cluster, nodeId, pusher: requester = pusherOf({ nodeId }, {}), base } = commit;
    const reservations = this.#reservationsOf(cluster);
    const contender = reservations.identify({ requester, base });
    reservations.arrived(contender, this.#now());
    const key = this.#keyOf(cluster, contender.requester) ?? this.#keyOfPush(cluster, contender);
    const kept = this.#kept.has(key)
      ? this.#kept.take(key)
      : this.#retainedElsewhere(cluster, key, contender, latest);
    if (kept === undefined) return { cluster, key, contender };
    if (base >= kept.shown) return { cluster, key, contender, used: kept };
    reservations.waste(kept, kept.since, this.#now());
    return { cluster, key, contender, wasted: kept };
  }

  /** Whether the queue is empty, or the ticket with `key` is the first. */
  mayGo({ cluster, key }: Entry): boolean {
    const first = this.#queues.get(cluster)?.first;
    return first === undefined || first.key === key;
  }

  isFirst({ cluster, key }: Entry): boolean {
    return this.#queues.get(cluster)?.first?.key === key;
  }

  /** The condition of a commit: the one that `mayGo` checks. */
  comparison({ cluster, key }: Entry): Comparison {
    const place = this.#queues.get(cluster)?.get(key);
    return { ...this.#keys.turnsOf(cluster), createdSince: place?.createRevision ?? 'never' };
  }

  /** Creates a ticket, or keeps it alive, and reads the queue. */
  enter({ cluster, key, wasted }: Entry): readonly Operation[] {
    return [{ put: key, value: encodeTicket({ by: this.self, wasted }) }, this.#readOf(cluster)];
  }

  /** Records a queue that was read in `revision`. */
  note(cluster: string, queue: RangeResponse, revision: number): void {
    this.#queueOf(cluster).replace(queue.kvs, revision);
    this.#tidy(cluster);
  }

  /** Removes a ticket, within the transaction that it was for. */
  leave({ cluster, key }: Entry): readonly Operation[] {
    return this.#queues.get(cluster)?.get(key) ? [{ deleteKey: key }] : [];
  }

  left({ cluster, key }: Entry): void {
    this.#queues.get(cluster)?.drop(key);
    this.#tidy(cluster);
  }

  /**
   * The push ended with `result`: retains the ticket for the requester's next push if it gets a reservation, and removes it otherwise.
   */
  settle(entry: Entry, result: CommitResult): void {
    const { cluster, key, contender, used } = entry;
    const reservations = this.#reservationsOf(cluster);
    const now = this.#now();
    if (result.kind === 'committed') {
      reservations.committed(contender, result.record.version);
      return;
    }
    if (used !== undefined) reservations.waste(used, used.since, now);
    const shown = result.kind === 'conflict' ? result.latest.version : undefined;
    const ms = shown === undefined ? 0 : reservations.grant(contender, shown, now);
    const place = this.#queues.get(cluster)?.get(key);
    if (shown === undefined || ms === 0 || place === undefined) this.#giveUp(cluster, key);
    else this.#kept.keep({ ...place, cluster, requester: contender.requester, shown }, ms);
  }

  /** The push failed, and may be retried: a node finds its ticket again, unless another push passes it over first. */
  failed({ cluster, key, contender }: Entry): void {
    const { conflictHold = defaultConflictHold } = this.#context;
    const isFoundAgain = this.#keyOf(cluster, contender.requester) === key;
    if (!isFoundAgain || conflictHold === 0) this.#giveUp(cluster, key);
    else this.#kept.keepForRetry(key, conflictHold, () => this.#giveUp(cluster, key));
  }

  /** A requester has nothing to push after all. */
  yield(cluster: string, requester: Pusher): void {
    const key = this.#kept.of(cluster, requester)?.key ?? this.#keyOf(cluster, requester);
    if (key === undefined) return;
    const taken = this.#kept.take(key);
    if (taken) this.#reservationsOf(cluster).givenUp(taken, taken.since, this.#now());
    this.#giveUp(cluster, key);
  }

  /** Resolves when the ticket is the first, or gone. Rejects with the signal's reason, after removing the ticket. */
  async wait({ cluster, key }: Entry, signal?: AbortSignal): Promise<void> {
    const queue = this.#queueOf(cluster);
    try {
      await untilFirst(queue, key, {
        clock: this.#context.clock,
        signals: [signal, this.#closing.signal],
        passOver: (idle) => this.#passOver(cluster, idle),
      });
    } catch (error) {
      this.#giveUp(cluster, key);
      throw error;
    } finally {
      this.#tidy(cluster);
    }
  }

  /** Runs `work`, which may take long, and keeps the ticket alive meanwhile. */
  async holding<T>({ cluster, key }: Entry, work: Promise<T>): Promise<T> {
    const stop = repeat(this.#context.clock, keepAliveInterval, () => {
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

  /** The watch reported a ticket. */
  onTicket(kind: 'put' | 'delete', kv: KeyValue): void {
    const cluster = this.#keys.clusterOf(kv.key);
    if (kind === 'put') {
      this.#queueOf(cluster).put(kv);
      this.#applyRecord(cluster, kv);
    } else {
      this.#kept.drop(kv.key);
      this.#queues.get(cluster)?.delete(kv.key, kv.modRevision);
      this.#tidy(cluster);
    }
  }

  /** Refuses every waiting push. */
  close(reason = managerCloses()): void {
    this.#closing.abort(reason);
    this.#kept.close();
  }

  /** Applies what another manager wrote into a ticket. */
  #applyRecord(cluster: string, { key, value }: KeyValue): void {
    const note = decodeTicket(key, value);
    if (note?.by === this.self) return;
    const now = this.#now();
    const notified = note?.kept ?? note?.wasted;
    if (notified) this.#reservationsOf(cluster).shown(notified, now - notified.since);
    // Its requester sent its push to that manager.
    const kept = note?.kept === undefined ? this.#kept.take(key) : undefined;
    if (note?.wasted) {
      this.#reservationsOf(cluster).waste(note.wasted, kept?.since ?? note.wasted.since, now);
    }
    this.#queueOf(cluster).noteReservation(key, note?.kept && { ...note.kept, since: now - note.kept.since });
  }

  /** A node's ticket is the first, although no push of it is here: another manager retains it, and shows the newest version. */
  #retainedElsewhere(
    cluster: string,
    key: string,
    { requester }: Contender,
    latest: number | undefined,
  ): RecordedReservation | undefined {
    const first = this.#queues.get(cluster)?.first;
    if (first?.key !== key || latest === undefined) return undefined;
    // Without a keep-alive so far, only the managing side knows how long it was retained.
    const since = first.kept === undefined ? 0 : this.#now() - first.kept.since;
    return { requester, shown: first.kept?.shown ?? latest, since };
  }

  /** Key of the ticket of a node or a command, the same at all managers; undefined for a client of which only the connection is known. */
  #keyOf(cluster: string, { name, address, nodeId }: Pusher): string | undefined {
    if (address !== undefined && nodeId === undefined) return undefined;
    return this.#keys.turn(cluster, encodeURIComponent(name.replace(' ', '-')));
  }

  /** Each push of any other client has a ticket of its own, except the one for which a ticket is retained. */
  #keyOfPush(cluster: string, { requester, base }: Contender): string {
    const kept = this.#kept.of(cluster, requester);
    if (kept !== undefined && (base >= kept.shown || !requester.isShared)) return kept.key;
    return this.#keys.turn(cluster, `${this.self}.${this.#anonymous++}`);
  }

  /** Removes the ticket of a push that ended without a commit. */
  #giveUp(cluster: string, key: string): void {
    this.#kept.drop(key);
    const place = this.#queues.get(cluster)?.get(key);
    if (place) this.#remove(place);
  }

  /** Has no effect if the ticket was kept alive meanwhile. A ticket that cannot be removed is passed over by the other pushes. */
  #remove({ key, modRevision }: Ticket): void {
    const removal = { compare: [{ key, modRevision }], success: [{ deleteKey: key }] };
    this.#connection.call(etcd.txn, removal).catch(() => {});
  }

  /**
   * Removes a ticket that seems inactive. If it is not as this manager knows it, the queue is read again: the watch may have reported its
   * removal before the response of an earlier read showed it, and then nothing else would ever remove it from the view.
   */
  async #passOver(cluster: string, { key, modRevision }: Ticket): Promise<void> {
    const removal = {
      compare: [{ key, modRevision }],
      success: [{ deleteKey: key }],
      failure: [this.#readOf(cluster)],
    };
    try {
      const { succeeded, ranges, revision } = await this.#connection.call(etcd.txn, removal);
      const [queue] = ranges;
      if (!succeeded && queue) this.note(cluster, queue, revision);
    } catch (error) {
      debug('%s cannot be passed over yet: %s', key, error);
    }
  }

  #readOf(cluster: string): Operation {
    return { get: { ...this.#keys.turnsOf(cluster), keysOnly: true } };
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
    this.#reservations.renew(cluster, reservations);
    return reservations;
  }

  #now(): number {
    return this.#context.clock.monotonic();
  }
}

const managerCloses = () =>
  new CfluxError('UNAVAILABLE', 'the manager is closing: nothing was stored; use another manager or retry', {
    retryable: true,
    outcome: 'notApplied',
  });
