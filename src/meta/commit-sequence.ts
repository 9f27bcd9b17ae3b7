import { setImmediate as nextTurn } from 'node:timers/promises';
import { isCfluxError } from '../errors.js';
import { breathe } from '../event-loop.js';
import { Journal, newOwnership, release, withOwnership } from './in-place.js';
import type { Outcome } from './operations/outcome.js';
import type { MetaData } from './records.js';

export type Operation<T> = (data: MetaData) => Outcome<T>;

/** Puts the metadata where it is to outlast this process; rejects if it did not get there. */
export type Persist = (data: MetaData) => Promise<void>;

/** An operation in the queue, with whoever waits for it. */
interface Waiting {
  /** The metadata with the operation applied; the same where it refuses, or commits nothing. */
  apply(data: MetaData): MetaData;
  /** Tells the result, or the refusal, of {@link apply}. */
  settle(): void;
  reject(error: unknown): void;
}

/**
 * Applies operations one after another. Without `persist` each is applied at once. With it, all that wait are applied together and
 * persisted in one go, and none is answered before that.
 */
export class CommitSequence {
  private waiting: Waiting[] = [];
  private draining: Promise<void> | undefined;
  private ownership = newOwnership();
  private journal: Journal | undefined;

  /** @param onCommit Called after each commit that counts, or group of them. */
  constructor(
    private committed: MetaData,
    private readonly onCommit: () => void,
    private readonly persist?: Persist,
  ) {}

  /** Whoever gets it sees all of its lists: none of them is changed in place from now on. */
  get data(): MetaData {
    this.journal?.see();
    this.ownership = newOwnership();
    return this.committed;
  }

  /** What `read` answers of the committed metadata: a record, or a plain value, and no list of the metadata itself. */
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
   * Runs `work`, which runs operations. If it throws, all of them are taken back, without a copy of the lists that they changed. One at a
   * time, and without `persist` only.
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

  /** Resolves when everything that waits is answered. */
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
      // All who call in this turn of the event loop share one write.
      await nextTurn();
      await this.commitGroup(this.waiting.splice(0), persist);
    }
    this.draining = undefined;
  }

  private async commitGroup(group: readonly Waiting[], persist: Persist): Promise<void> {
    let data = this.committed;
    // How many were judged by what is committed already.
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
    // What cannot be encoded is the fault of one; the others get their own commits.
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
