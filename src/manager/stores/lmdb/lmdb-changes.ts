import { repeat } from '../../../async/repeat.js';
import type { Clock } from '../../../clock.js';
import { isCfluxError } from '../../../errors.js';
import type { CommitResult } from '../../manager-store.js';
import { GroupCommit } from '../group-commit.js';
import type { Tables } from './lmdb-database.js';
import { lmdbError } from './lmdb-error.js';

type Listener = (cluster: string | undefined) => void;

/** Writes, and notifies listeners: of changes by this process at once, of changes by others at the next check. */
export class LmdbChanges {
  readonly #tables: Tables;
  readonly #dir: string;
  readonly #clock: Clock;
  /** Milliseconds between two checks. */
  readonly #interval: number;
  readonly #writes: GroupCommit;
  readonly #listeners = new Set<Listener>();
  readonly #onForeign: () => void;
  #stopLook: (() => void) | undefined;
  /** The change count up to which all listeners were notified. */
  #notified = 0;
  #isFailing = false;

  constructor(
    tables: Tables,
    parts: {
      readonly dir: string;
      readonly clock: Clock;
      readonly interval: number;
      /** Another process has changed something. */
      readonly onForeign: () => void;
    },
  ) {
    this.#tables = tables;
    this.#dir = parts.dir;
    this.#clock = parts.clock;
    this.#interval = parts.interval;
    this.#onForeign = parts.onForeign;
    this.#writes = new GroupCommit(tables.root);
  }

  /** The last write failed. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Changes by other processes are noticed. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Runs `work` in a transaction: all that it writes is stored, or nothing if it throws. */
  async write<T>(work: () => T): Promise<T> {
    try {
      const result = await this.#writes.write(work);
      this.#isFailing = false;
      return result;
    } catch (error) {
      if (isCfluxError(error)) throw error;
      this.#isFailing = true;
      throw lmdbError(error, this.#dir, 'notApplied');
    }
  }

  /** Runs a transaction that changes a cluster's head: it is counted, so that other processes notice. */
  async change<T extends CommitResult | boolean>(cluster: string, work: () => T): Promise<T> {
    let before = 0;
    let changed = false;
    const result = await this.write(() => {
      const outcome = work();
      changed = typeof outcome === 'boolean' ? outcome : outcome.kind === 'committed';
      before = this.#count();
      if (changed) this.#tables.store.putSync('changes', before + 1);
      return outcome;
    });
    if (changed) {
      // Other processes may have committed meanwhile: then anything may have changed.
      const isOurs = before === this.#notified;
      this.#notified = before + 1;
      if (isOurs) this.#notify(cluster);
      else this.#notifyAll();
    }
    return result;
  }

  watch(onChange: Listener): () => void {
    // A wrapper, so that the same function may be registered twice.
    const listener: Listener = (cluster) => onChange(cluster);
    this.#notified = this.#count();
    this.#listeners.add(listener);
    this.#lookLater();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stopLooking();
    };
  }

  /** Stores pending work, and notifies no longer. */
  close(): void {
    this.#writes.flush();
    this.#stopLooking();
    this.#listeners.clear();
  }

  #count(): number {
    const changes = this.#tables.store.get('changes');
    return typeof changes === 'number' ? changes : 0;
  }

  #notify(cluster: string | undefined): void {
    for (const listener of this.#listeners) listener(cluster);
  }

  #notifyAll(): void {
    this.#onForeign();
    this.#notify(undefined);
  }

  #lookLater(): void {
    this.#stopLook ??= repeat(this.#clock, this.#interval, () => {
      this.#tables.root.resetReadTxn();
      const changes = this.#count();
      if (changes !== this.#notified) {
        this.#notified = changes;
        this.#notifyAll();
      }
    });
  }

  #stopLooking(): void {
    this.#stopLook?.();
    this.#stopLook = undefined;
  }
}
