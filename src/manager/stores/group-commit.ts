/** What a group runs in: lmdb's synchronous transactions. */
export interface Transactions {
  transactionSync<T>(work: () => T): T;
  /** Inside another transaction it runs and ends at once. */
  childTransaction(work: () => void): unknown;
}

interface Waiting {
  /** Runs the work, and answers how to settle its caller once the group is on disk. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Transactions that are asked for in one turn of the event loop share one commit and its flush, each nested in a transaction of
 * its own: what throws leaves nothing, and the others stay.
 *
 * lmdb's asynchronous transactions would do the same off the event loop, but a commit that fails there (a full disk) ends
 * the process with a rejection that nobody can handle (lmdb 3.5.6, tried). A synchronous one takes half a millisecond.
 */
export class GroupCommit {
  readonly #transactions: Transactions;
  #waiting: Waiting[] = [];

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  /** Resolves with what `work` returned once that is on disk. */
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

  /** Commits what waits, now. */
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
