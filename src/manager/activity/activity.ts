import type { Deadlines } from '../../async/deadlines.js';
import { Deferred } from '../../async/deferred.js';
import { onAbort } from '../../async/on-abort.js';
import type { Clock } from '../../clock.js';
import type { AuditEntry } from '../audit.js';
import type { VersionRecord } from '../manager-store.js';
import { ActivityLog, type LoggedActivity } from './activity-log.js';

export interface ActivityParts {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  /** Reads the newest version of a cluster. */
  readonly latest: (cluster: string) => Promise<VersionRecord | undefined>;
  readonly onError: (error: unknown) => void;
}

/** A request for what happened after a place. */
export interface ActivityRequest {
  readonly after: number;
  /** Milliseconds to wait for something to happen. */
  readonly wait: number;
  readonly maySee: (cluster: string) => boolean;
  readonly signal?: AbortSignal | undefined;
  /** Called before the request is held; its result is called afterwards. */
  readonly takeSlot: () => () => void;
}

/** How long after a request the changes of other managers are looked up, in milliseconds. */
const interest = 120_000;
/** A change is followed by others: waits this long before it responds, in milliseconds. */
const gather = 100;

/** The activity of a manager's clusters: its own changes, and those of other managers while a dashboard is open. */
export class Activities {
  readonly #parts: ActivityParts;
  readonly #log = new ActivityLog();
  readonly #reading = new Set<string>();
  readonly #held = new Set<(reason: unknown) => void>();
  #interestEnds = Number.NEGATIVE_INFINITY;

  constructor(parts: ActivityParts) {
    this.#parts = parts;
  }

  add({ action, cluster, version, nodeId, author }: AuditEntry): void {
    this.#log.add({ at: this.#parts.clock.now(), action, cluster, version, nodeId, author });
  }

  /** The store reports that a cluster changed, by any manager; undefined: any cluster. */
  notified(cluster: string | undefined): void {
    if (cluster === undefined) this.#log.lost();
    else if (this.#parts.clock.monotonic() < this.#interestEnds)
      this.#look(cluster).catch(this.#parts.onError);
  }

  /** Resolves when something happened after the place, or the time is up. */
  async after({ after, wait, maySee, signal, takeSlot }: ActivityRequest): Promise<LoggedActivity> {
    const { clock, deadlines } = this.#parts;
    this.#interestEnds = clock.monotonic() + interest;
    const found = () => this.#log.after(after, maySee);
    const now = found();
    if (wait <= 0 || now.missed || now.clusters.length > 0) return now;
    const release = takeSlot();
    const done = new Deferred<void>();
    let cancel = deadlines.add(wait, () => done.resolve());
    const unwatch = this.#log.watch((cluster) => {
      if (cluster !== undefined && !maySee(cluster)) return;
      unwatch();
      cancel();
      cancel = deadlines.add(gather, () => done.resolve());
    });
    const unsubscribe = onAbort(signal, (reason) => done.reject(reason));
    this.#held.add(done.reject);
    try {
      await done.promise;
      return found();
    } finally {
      this.#interestEnds = clock.monotonic() + interest;
      this.#held.delete(done.reject);
      unsubscribe();
      unwatch();
      cancel();
      release();
    }
  }

  close(reason: unknown): void {
    for (const reject of this.#held) reject(reason);
  }

  async #look(cluster: string): Promise<void> {
    if (this.#reading.has(cluster)) return;
    this.#reading.add(cluster);
    try {
      // The push of this manager, which the store reports first, is logged by then; so are the next ones of a burst.
      await new Promise<void>((resolve) => this.#parts.deadlines.add(gather, resolve));
    } finally {
      this.#reading.delete(cluster);
    }
    const latest = await this.#parts.latest(cluster);
    if (latest === undefined) this.#log.changed(cluster);
    else {
      const { version, at, nodeId, author } = latest;
      this.#log.add({ at, action: 'push', cluster, version, nodeId, author });
    }
  }
}
