import { withDeadline } from '../../async/deadline.js';
import { Deferred } from '../../async/deferred.js';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';

/** Callers that wait until the node has a version, or a later one. */
export class VersionWaiters {
  readonly #waiters = new Set<{ readonly version: number; readonly resolve: () => void }>();

  /** Resolves the callers that wait for `version` or an earlier one. */
  reached(version: number): void {
    for (const waiter of this.#waiters) {
      if (waiter.version > version) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Resolves at {@link reached}; rejects when `signal` aborts, or after `timeout` milliseconds. */
  async wait(
    version: number,
    { clock, timeout, signal }: { clock: Clock; timeout: number; signal: AbortSignal },
  ): Promise<void> {
    const timeoutError = () =>
      new CfluxError('TIMEOUT', `version ${version} did not come within ${timeout} ms`);
    const { promise, resolve } = new Deferred<void>();
    const waiter = { version, resolve };
    this.#waiters.add(waiter);
    try {
      await withDeadline({ clock, timeout, timeoutError, signals: [signal] }, () => promise);
    } finally {
      this.#waiters.delete(waiter);
    }
  }
}
