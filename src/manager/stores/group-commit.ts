/** The transactions that a group runs in: lmdb's synchronous ones. */
export interface Transactions {
  transactionSync<T>(work: () => T): T;
  /** Inside another transaction it runs and ends at once. */
  childTransaction(work: () => void): unknown;
}

interface Waiting {
  /** Runs the work, and returns a function that settles its caller once the group is on disk. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Transactions requested in one turn of the event loop share one commit and its flush, each nested in a transaction of its own: one that
 * throws is rolled back, the others are not affected.
 *
 * lmdb's asynchronous transactions would do the same off the event loop, but a commit that fails there (a full disk) ends the process
 * with a rejection that cannot be handled (lmdb 3.5.6, tried). A synchronous one takes half a millisecond.
 */
export class GroupCommit {
  readonly #transactions: Transactions;
  #waiting: Waiting[] = [];

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  /** Resolves with the result of `work` once that is on disk. */
  write<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const run = () => {
        let settle = () => {};
        try {
          this.#transactions.childTransaction(() => {
            const result = work();
            settle = () => resolve(result);
          });
          return settle;
        } catch (error) {
          return () => reject(error);
        }
      };
      this.#waiting.push({ run, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.flush());
    });
  }

  /** Commits all waiting work now. */
  flush(): void {
    const group = this.#waiting;
    if (group.length === 0) return;
    this.#waiting = [];
    let settle: readonly (() => void)[];
    try {
      settle = this.#transactions.transactionSync(() => group.map(({ run }) => run()));
    } catch (error) {
      settle = group.map(
        ({ reject }) =>
          () =>
            reject(error),
      );
    }
    for (const each of settle) each();
  }
}
