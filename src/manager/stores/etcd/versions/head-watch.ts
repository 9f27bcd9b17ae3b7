import { type Backoff, backoffDelay } from '../../../../async/backoff.js';
import { debugLog } from '../../../../debug-log.js';
import type { StoreContext } from '../../../manager-store.js';
import { etcd } from '../api/methods.js';
import type { WatchEvent, WatchRequest, WatchResponse } from '../api/watch-messages.js';
import type { EtcdConnection, EtcdStream } from '../connect/connection.js';
import type { Keys } from '../keys.js';
import type { EtcdPushQueue } from '../queue/etcd-push-queue.js';
import type { Heads } from './heads.js';

const debug = debugLog('cflux:etcd');

const backoff: Backoff = { first: 50, max: 2_000 };

/**
 * Reports which heads change, and which tickets are created and removed, at any manager.
 *
 *     watch from revision r ──► created ──────────► event ──► r = its revision + 1 ──► next event
 *            ▲                  after the first stream:
 *            │                  any cluster may have changed
 *            │
 *          pause ◄──┬── the stream ends: member, leader, network
 *   50 ms … 2 s,    ├── canceled, r was compacted away: any cluster may have changed, r = the compact revision
 *       jittered    └── canceled for any other reason: the token is forgotten, the next stream authenticates again
 *
 * Each stream begins after the last event that was DELIVERED: it reports what happened while there was no stream. A message other than a
 * cancellation resets the pause to its minimum.
 */
export class HeadWatch {
  readonly #connection: EtcdConnection;
  readonly #keys: Keys;
  readonly #heads: Heads;
  readonly #turns: EtcdPushQueue;
  readonly #context: StoreContext;
  readonly #onChange: (cluster: string | undefined) => void;
  #nextRevision: number;
  #stream: EtcdStream<WatchRequest> | undefined;
  #failures = 0;
  #cancelPause: (() => void) | undefined;
  #closed = false;
  #onFirst: (() => void) | undefined;

  constructor(
    parts: {
      readonly connection: EtcdConnection;
      readonly keys: Keys;
      readonly heads: Heads;
      readonly turns: EtcdPushQueue;
    },
    context: StoreContext,
    /** The last revision whose changes are known. */
    { after, onChange }: { readonly after: number; readonly onChange: (cluster: string | undefined) => void },
  ) {
    this.#connection = parts.connection;
    this.#keys = parts.keys;
    this.#heads = parts.heads;
    this.#turns = parts.turns;
    this.#context = context;
    this.#onChange = onChange;
    this.#nextRevision = after + 1;
  }

  /** Resolves when the watch is established; it continues until `close`. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFirst = resolve;
      this.#open();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelPause?.();
    this.#stream?.end();
    this.#onFirst?.();
  }

  #open(): void {
    if (this.#closed) return;
    this.#stream = this.#connection.stream(etcd.watch, {
      onMessage: (message) => this.#receive(message),
      onEnd: (error) => {
        debug('the watch ended: %s', error.message);
        this.#openAgain();
      },
    });
    this.#stream.write({ ...this.#keys.watched, startRevision: this.#nextRevision });
  }

  #openAgain(): void {
    if (this.#closed) return;
    this.#failures += 1;
    const pause = backoffDelay(backoff, this.#failures, this.#context.random);
    this.#cancelPause = this.#context.clock.after(pause, () => this.#open());
  }

  /** Keys that other programs have written below the prefix, and that cannot be parsed, fail their readers, not the watch. */
  #notify({ kind, kv }: WatchEvent): void {
    let cluster: string | undefined;
    try {
      if (this.#keys.isTurn(kv.key)) {
        this.#turns.onTicket(kind, kv);
        return;
      }
      cluster = this.#keys.clusterOf(kv.key);
      if (kind === 'put') this.#heads.note(cluster, kv, kv.modRevision);
    } catch (error) {
      debug('%s cannot be read: %s', kv.key, error);
    }
    this.#onChange(cluster);
  }

  #onCreated(): void {
    if (this.#onFirst === undefined) {
      // Reads for earlier events may have failed too: whatever ended the stream affects them as well.
      this.#onChange(undefined);
      return;
    }
    this.#onFirst();
    this.#onFirst = undefined;
  }

  #receive({ canceled, compactRevision, cancelReason, events, created }: WatchResponse): void {
    if (canceled) {
      debug('the watch was canceled: %s, compacted at %d', cancelReason, compactRevision);
      this.#stream?.end();
      // If etcd does not accept the token of a watch, it cancels it for lack of permission, without mentioning the token.
      if (compactRevision === 0) this.#stream?.forgetToken();
      if (compactRevision > 0) {
        // It is unknown what changed before that revision. The compaction itself is still to be watched.
        this.#nextRevision = compactRevision;
        this.#onChange(undefined);
      }
      this.#openAgain();
      return;
    }
    this.#failures = 0;
    if (created) this.#onCreated();
    for (const event of events) {
      this.#nextRevision = event.kv.modRevision + 1;
      this.#notify(event);
    }
  }
}
