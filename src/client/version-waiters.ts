import type { Clock } from '../clock.js';
import { CfluxError } from '../errors.js';
import { Limit } from './limit.js';

/** Callers that wait until the node has some version, or a later one. */
export class VersionWaiters {
  readonly #waiters = new Set<{ readonly version: number; readonly resolve: () => void }>();

  /** The node is at `version` now. */
  reached(version: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.version > version) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Resolves at {@link reached}; rejects when `signal` aborts or `timeout` milliseconds are over. */
  async wait(version: number, limits: { clock: Clock; timeout: number; signal: AbortSignal }): Promise<void> {
    const late = () =>
      new CfluxError('TIMEOUT', `version ${version} did not come within ${limits.timeout} ms`);
    const limit = new Limit(limits.clock, limits.signal, late);
    let waiter: { version: number; resolve: () => void } | undefined;
    try {
      await limit.race(
        new Promise<void>((resolve) => {
          waiter = { version, resolve };
          this.#waiters.add(waiter);
        }),
        limits.clock.monotonic() + limits.timeout,
      );
    } finally {
      limit.release();
      if (waiter) this.#waiters.delete(waiter);
    }
  }
}
