import { AsyncLocalStorage } from 'node:async_hooks';

/** The meta client that a running operation was handed, for what the operation calls on the CfluxClient itself (R6). */
export class OperationScope<M> {
  readonly #storage = new AsyncLocalStorage<{ readonly meta: M; over: boolean }>();
  #running = 0;

  /** Runs `operation` with `meta`; until it is over, {@link current} answers `meta` to whatever it calls. */
  async run<T>(meta: M, operation: (meta: M) => T | PromiseLike<T>): Promise<T> {
    const scope = { meta, over: false };
    try {
      return await this.series(() => this.#storage.run(scope, async () => operation(meta)));
    } finally {
      // What the operation left running (a timer, a promise it did not await) is no longer part of it.
      scope.over = true;
    }
  }

  /** Runs `task`, within which {@link run} is called many times: to begin and to end costs more than a small operation. */
  async series<T>(task: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await task();
    } finally {
      this.#running -= 1;
      // Until then Node follows every promise of the process, which costs it a fifth of its speed (measured on Node 20).
      if (this.#running === 0) this.#storage.disable();
    }
  }

  /** The meta client of the operation that the caller is part of. */
  get current(): M | undefined {
    const scope = this.#storage.getStore();
    return scope && !scope.over ? scope.meta : undefined;
  }
}
