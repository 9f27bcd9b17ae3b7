import { setImmediate as nextTurn } from 'node:timers/promises';
import { isCfluxError } from '../errors.js';
import { breathe } from '../event-loop.js';
import { Journal, newOwnership, release, withOwnership } from './in-place.js';
import type { Outcome } from './operations/outcome.js';
import type { MetaData } from './records.js';

export type Operation<T> = (data: MetaData) => Outcome<T>;

/** Makes the metadata durable; rejects if that failed. */
export type Persist = (data: MetaData) => Promise<void>;

/** A queued operation. */
interface Waiting {
  /** Returns the metadata with the operation applied; the same object if it refuses, or commits nothing. */
  apply(data: MetaData): MetaData;
  /** Settles the caller with the result, or the error, of {@link apply}. */
  settle(): void;
  reject(error: unknown): void;
}

/**
 * Applies operations one after another. Without `persist` each is applied at once. With it, all queued operations are applied together
 * and persisted in one write, and none settles before that.
 */
export class CommitSequence {
  private waiting: Waiting[] = [];
  private draining: Promise<void> | undefined;
  private ownership = newOwnership();
  private journal: Journal | undefined;

  /** @param onCommit called after each successful commit, or group of them */
  constructor(
    private committed: MetaData,
    private readonly onCommit: () => void,
    private readonly persist?: Persist,
  ) {}

  /** The caller sees all of its lists: none of them is changed in place from now on. */
  get data(): MetaData {
    this.journal?.see();
    this.ownership = newOwnership();
    return this.committed;
  }

  /** Returns the result of `read` on the committed metadata: a record, or a plain value, but no list of the metadata itself. */
  read<T>(read: (data: MetaData) => T): T {
    const found = read(this.committed);
    release(found, this.journal);
    return found;
  }

  async run<T>(operation: Operation<T>): Promise<T> {
    if (this.persist === undefined) {
      const { data, result } = withOwnership(this.ownership, this.journal, () => operation(this.committed));
      release(result, this.journal);
      this.install(data);
      await breathe();
      return result;
    }
    const { persist } = this;
    return new Promise<T>((resolve, reject) => {
      this.waiting.push(waitingFor(operation, resolve, reject));
      this.draining ??= this.drain(persist);
    });
  }

  /**
   * Runs `work`, which executes operations. If it throws, all of them are rolled back, without copying the lists that they changed. Only
   * one at a time, and only without `persist`.
   */
  async attempt<T>(work: () => T | PromiseLike<T>): Promise<T> {
    const before = this.committed;
    const journal = new Journal();
    this.journal = journal;
    try {
      return await work();
    } catch (error) {
      this.committed = journal.undo(before);
      throw error;
    } finally {
      this.journal = undefined;
    }
  }

  /** Resolves when every queued operation has settled. */
  async idle(): Promise<void> {
    while (this.draining !== undefined) await this.draining;
  }

  private install(data: MetaData): void {
    if (data === this.committed) return;
    this.committed = data;
    this.onCommit();
  }

  private async drain(persist: Persist): Promise<void> {
    while (this.waiting.length > 0) {
      // All calls of this turn of the event loop share one write.
      await nextTurn();
      await this.commitGroup(this.waiting.splice(0), persist);
    }
    this.draining = undefined;
  }

  private async commitGroup(group: readonly Waiting[], persist: Persist): Promise<void> {
    let data = this.committed;
    // Number of operations whose result depends on committed metadata only.
    let certain = 0;
    for (const waiting of group) {
      data = waiting.apply(data);
      if (data === this.committed) certain++;
    }
    try {
      if (data !== this.committed) await persist(data);
    } catch (error) {
      await this.fail(error, group, certain, persist);
      return;
    }
    this.install(data);
    for (const waiting of group) waiting.settle();
  }

  private async fail(
    error: unknown,
    group: readonly Waiting[],
    certain: number,
    persist: Persist,
  ): Promise<void> {
    // If one operation cannot be encoded, the others get their own commits.
    const isOnesFault =
      error instanceof RangeError || error instanceof TypeError || isCfluxError(error, 'TOO_LARGE');
    if (isOnesFault && group.length > 1) {
      for (const waiting of group) await this.commitGroup([waiting], persist);
      return;
    }
    for (const [position, waiting] of group.entries()) {
      if (position < certain) waiting.settle();
      else waiting.reject(error);
    }
  }
}

function waitingFor<T>(
  operation: Operation<T>,
  resolve: (result: T) => void,
  reject: (error: unknown) => void,
): Waiting {
  let settle = (): void => {};
  return {
    apply: (data) => {
      try {
        const outcome = operation(data);
        settle = () => resolve(outcome.result);
        return outcome.data;
      } catch (error) {
        settle = () => reject(error);
        return data;
      }
    },
    settle: () => settle(),
    reject,
  };
}
